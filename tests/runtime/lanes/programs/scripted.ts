import type { LaneLink, LaneWork } from '../../../../runtime/lanes/index.js';

/** What a test has the lane do, and when: as the program starts, or when the number 13 arrives. */
export interface Script {
  readonly start?: Deed;
  readonly on13?: Deed;
  /** What the answers are above their questions. */
  readonly plus?: number;
  readonly shared?: SharedArrayBuffer;
}

export type Deed =
  | 'throw' | 'reject' | 'throw-later' | 'throw-nothing-later' | 'reject-later' | 'exit-0' | 'exit-3' | 'spin' | 'block' | 'eat-memory'
  | 'slow-start' | 'no-work' | 'leave-timer' | 'post-and-throw' | 'flood' | 'uncloneable' | 'post-undefined' | 'ask-to-know';

/** Answers every number n in slot word 0 with n + plus, negative ones with silence, and obeys its script. */
export default async function scripted(input: unknown, link: LaneLink): Promise<LaneWork> {
  const script = (input ?? {}) as Script;
  const { inbox, outbox } = link;
  await act(script.start, link, script);
  if (script.start === 'no-work') return {} as LaneWork;
  return {
    drain(): boolean {
      const ready = inbox.available();
      if (ready === 0) return false;
      for (let k = 0; k < ready; k++) {
        const n = inbox.I[inbox.index * 16] as number;
        if (n === 13) actNow(script.on13, link, script);
        if (n < 0) {
          inbox.release(1);
          continue;
        }
        while (outbox.claim(1) < 0) {
          if (link.stopping()) return false;
          link.beat();
          link.bell.ring();
          outbox.waitForRoom(1, 10);
        }
        outbox.I[outbox.index * 16] = n + (script.plus ?? 0);
        outbox.publish();
        inbox.release(1);
      }
      return true;
    },
    stop(): void {
      link.post('stopped');
    },
  };
}

async function act(deed: Deed | undefined, link: LaneLink, script: Script): Promise<void> {
  if (deed === 'reject') await Promise.reject(new Error('rejected on purpose'));
  else if (deed === 'slow-start') await new Promise((resolve) => setTimeout(resolve, 400));
  else actNow(deed, link, script);
}

function actNow(deed: Deed | undefined, link: LaneLink, script: Script): void {
  if (deed === undefined) return;
  // Whoever waits for what was published before need not wait for the end of this.
  link.bell.ring();
  DEEDS[deed]?.(link, script);
}

const DEEDS: Partial<Record<Deed, (link: LaneLink, script: Script) => void>> = {
  throw: () => {
    throw new RangeError('thrown on purpose', { cause: new Error('the reason') });
  },
  'throw-later': () => void setTimeout(() => {
    throw new RangeError('thrown from a timer');
  }, 1),
  'throw-nothing-later': () => void setTimeout(() => {
    throw undefined;
  }, 1),
  'reject-later': () => void Promise.reject(new RangeError('nobody handles this')),
  'exit-0': () => process.exit(0),
  'exit-3': () => process.exit(3),
  spin: (_link, { shared }) => {
    for (;;) if (shared !== undefined) Atomics.add(new Int32Array(shared), 0, 1);
  },
  block: () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
  'eat-memory': () => {
    // Small objects: with large ones Node 24 now and then ends the process instead of the thread (docs/runtime.md).
    const kept: unknown[] = [];
    for (;;) kept.push({ n: kept.length, more: [kept.length] });
  },
  'leave-timer': () => void setInterval(() => undefined, 60_000),
  'post-and-throw': (link) => {
    link.post({ checkpoint: 1 });
    link.post({ checkpoint: 2 });
    throw new Error('after posting');
  },
  flood: ({ outbox, bell }) => {
    for (;;) {
      if (outbox.claim(1) < 0) {
        bell.ring();
        outbox.waitForRoom(1, 5);
        continue;
      }
      outbox.I[outbox.index * 16] = 77;
      outbox.publish();
    }
  },
  uncloneable: (link) => link.post(() => undefined),
  'post-undefined': (link) => link.post(undefined),
  'ask-to-know': (link) => link.post({ stopping: link.stopping(), argument: link.inbox.slots * 1_000_000 + link.outbox.slots }),
};
