import { z } from 'zod';
import { JournalFailure, type JournalFailureCode, openJournal, type Journal } from '../../runtime/journal/index.js';
import { CliError } from '../cli/errors.js';

/** What a journal's passes are of: another one's decisions cannot be gone on with. */
export interface PassesOf {
  readonly tape: string;
  readonly records: number;
  readonly startUs: number;
  readonly window: string;
  readonly configDigest: string;
  readonly faults: readonly string[];
}

/** The pass that an earlier life of the process was at. */
export interface OpenPass {
  readonly pass: number;
  /** Canonical lines of its decisions so far. */
  readonly lines: readonly string[];
  /** What an operator did to it. */
  readonly touched: readonly string[];
}

/** Under this path the passes stand in the journal. */
const ACTOR = '/passes';
const SOURCE = 'passes';

const stateShape = z.looseObject({
  of: z.object({ tape: z.string(), records: z.number(), startUs: z.number(), window: z.string(), configDigest: z.string(), faults: z.array(z.string()) }),
  ended: z.number(),
  digest: z.string().nullable(),
});
const messageShape = z.discriminatedUnion('type', [
  z.object({ type: z.literal('decision'), pass: z.number(), index: z.number(), line: z.string() }),
  z.object({ type: z.literal('touched'), pass: z.number(), what: z.string() }),
]);

/**
 * The decisions of every pass of a served replay, each an input entry of the actor `/passes`; its snapshot says which passes
 * have ended. What is in the journal of a pass is always its first decisions without a gap, so a process that was killed makes
 * the pass again, finds those equal, and goes on behind them: none is lost, none is there twice.
 */
export class PassJournal {
  /** Passes that have ended. */
  readonly ended: number;
  /** Digest of the last one that has. */
  readonly digest: string | null;
  readonly open: OpenPass | null;
  readonly #journal: Journal;
  readonly #of: PassesOf;
  #seq: number;

  /** @throws CliError when the folder holds no journal that can be written, or one of something else. */
  static async open(dir: string, of: PassesOf, onFailure: (failure: Error) => void): Promise<PassJournal> {
    let journal: Journal | undefined;
    try {
      journal = await openJournal({ dir });
      journal.listen({ flushed: () => {}, failed: onFailure });
      const passes = new PassJournal(journal, of, dir);
      await journal.flushed();
      return passes;
    } catch (error) {
      await journal?.close().catch(() => {});
      throw asCliError(error) ?? error;
    }
  }

  private constructor(journal: Journal, of: PassesOf, dir: string) {
    this.#journal = journal;
    this.#of = of;
    this.#seq = journal.lastInput(SOURCE);
    const history = journal.history(ACTOR);
    if (history === null) {
      this.ended = 0;
      this.digest = null;
      this.open = null;
      this.#snapshot(0, null);
      return;
    }
    const state = stateShape.parse(history.snapshot.value);
    const differs = (Object.keys(of) as (keyof PassesOf)[]).filter((key) => JSON.stringify(of[key]) !== JSON.stringify(state.of[key]));
    if (differs.length > 0) {
      const what = differs.map((key) => `${key} was ${JSON.stringify(state.of[key])}, is ${JSON.stringify(of[key])}`).join('; ');
      throw new CliError('configuration', `the journal in ${dir} is of other passes: ${what}`, 'give --journal another folder, or serve what it was made with');
    }
    const messages = history.entries.flatMap(({ entry }) => (entry.kind === 'input' ? [messageShape.parse(entry.message)] : [])).filter(({ pass }) => pass > state.ended);
    const lines = messages.flatMap((message) => (message.type === 'decision' ? [message.line] : []));
    const touched = messages.flatMap((message) => (message.type === 'touched' ? [message.what] : []));
    this.ended = state.ended;
    this.digest = state.digest;
    this.open = messages.length === 0 ? null : { pass: state.ended + 1, lines, touched };
  }

  /** Takes decision `index` (from 0) of a pass. @throws JournalFailure once the journal has failed. */
  decision(pass: number, index: number, line: string): void {
    this.#append({ type: 'decision', pass, index, line });
  }

  /** An operator did something that may change what the pass decides. */
  touched(pass: number, what: string): void {
    this.#append({ type: 'touched', pass, what });
  }

  /** The pass has ended, or is given up (`digest` null). Resolves when that is on the disk. */
  async end(pass: number, digest: string | null): Promise<void> {
    this.#snapshot(pass, digest);
    await this.#journal.flushed();
  }

  /** Resolves when all that was taken is on the disk. */
  flushed(): Promise<void> {
    return this.#journal.flushed();
  }

  close(): Promise<void> {
    return this.#journal.close();
  }

  #append(message: z.infer<typeof messageShape>): void {
    this.#seq += 1;
    this.#journal.append(this.#journal.prepare({ kind: 'input', actor: ACTOR, atUs: Date.now() * 1000, source: SOURCE, seq: this.#seq, message }));
  }

  #snapshot(ended: number, digest: string | null): void {
    this.#journal.appendSnapshot(this.#journal.prepareSnapshot({
      format: 1, path: ACTOR, log: 'inputs', behaviour: { name: 'passes', version: 1 }, atUs: Date.now() * 1000, epoch: 1, turn: ended, incarnation: 1, ids: 0, random: null,
      value: { of: this.#of, ended, digest }, timers: [], deferred: [], effects: [], asks: [], topics: [], names: [], watching: [], children: [], queue: [],
    }));
  }
}

const WAY_OUT: Partial<Record<JournalFailureCode, string>> = {
  owned: 'two processes cannot write one journal: shut that one down, or give --journal another folder',
  format: 'give --journal another folder',
  corrupt: 'see how much is good: faultline journal verify; put a backup in its place, or give --journal another folder',
  io: 'see that the folder can be written and the disk has room, then start it again',
};

/** A failure of the journal with its exit code: 78 where a person must put something right first, else 11. */
export function asCliError(error: unknown): CliError | undefined {
  if (error instanceof CliError) return error;
  if (!(error instanceof JournalFailure)) return undefined;
  const { code, message } = error;
  const fix = WAY_OUT[code];
  return new CliError(code === 'owned' || code === 'format' ? 'configuration' : 'journalFailed', message, fix);
}
