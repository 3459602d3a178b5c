import assert from 'node:assert/strict';

/** Longest wait for anything to be told; only a hang takes so long. */
const PATIENCE_MS = 40_000;
const PAUSE_MS = 150;

/**
 * What is told, sooner or later: some clients do not say when a stream of theirs stands, and ccxt keeps what comes while nobody waits until
 * something else comes. Acts, and acts again, until it is told.
 */
export async function told<T>(watched: Promise<T>, act: () => Promise<unknown>): Promise<T> {
  let over = false;
  const ended = watched.finally(() => { over = true; });
  ended.catch(() => {});
  while (!over) {
    await Promise.race([ended.catch(() => {}), pause(PAUSE_MS)]);
    if (!over) await act();
  }
  return ended;
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([promise, new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no ${what} in time`)), PATIENCE_MS);
    })]);
  } finally {
    clearTimeout(timer);
  }
}

/** Messages of an emitter, to be asked for by what they say. */
export class Heard<T> {
  readonly all: T[] = [];
  readonly #looks = new Set<() => void>();

  hear(message: T): void {
    this.all.push(message);
    for (const look of this.#looks) look();
  }

  /** The first message that fits, now or later. */
  first(fits: (message: T) => boolean, what: string): Promise<T> {
    return within(new Promise<T>((resolve) => {
      const look = (): void => {
        const found = this.all.find(fits);
        if (found === undefined) return;
        this.#looks.delete(look);
        resolve(found);
      };
      this.#looks.add(look);
      look();
    }), what);
  }
}

type ErrorClass = abstract new (...args: never[]) => Error;

/** Refusals of a client: what is done, the client's own class for it (none above it), and what its text says. */
export async function refusals(cases: readonly (readonly [what: string, act: () => Promise<unknown>, errorClass: ErrorClass, text: RegExp])[]): Promise<void> {
  await Promise.all(cases.map(async ([what, act, errorClass, text]) => {
    const error = await act().then(() => undefined, (thrown: unknown) => thrown);
    assert.ok(error instanceof Error, `${what}: nothing was refused`);
    assert.deepEqual([what, error.constructor.name], [what, errorClass.name], error.message);
    assert.match(error.message, text, what);
  }));
}

/** Everything that a `watch…` of ccxt gives until its client is closed. */
export function follow<T>(watch: () => Promise<readonly T[] | T>): Heard<T> {
  const heard = new Heard<T>();
  void (async () => {
    for (;;) {
      const news = await watch();
      for (const one of Array.isArray(news) ? news as readonly T[] : [news as T]) heard.hear(one);
    }
  })().catch(() => {});
  return heard;
}
