import { TimeError, TimeMachine, type TimeSource, type TimeState } from '../../../time/index.js';
import type { TimeMarks, TimeOpened } from '../../wire/time.js';

/** Open at the same time. */
export const MOST_MACHINES = 4;
/** How often a run that is being written is looked at, and marks are told anew while there are more of them. */
const FOLLOW_MS = 1000;
/** A machine that nobody looks at and nobody asks is closed after that: it may hold gigabytes. */
const IDLE_MS = 15 * 60_000;

/** A page that wants to hear of a machine. */
interface Listener {
  readonly push: (value: TimeOpened) => void;
  readonly parts: number;
}

interface Kept {
  readonly machine: Promise<TimeMachine>;
  readonly abort: AbortController;
  readonly listeners: Set<Listener>;
  state: TimeState | undefined;
  opened: TimeMachine | undefined;
  usedMs: number;
  /** What the marks that were told last were made of. */
  toldEvents: number;
  telling: boolean;
}

/** Time machines by the id of their source, the one used longest ago first. At most four are open; another one ends the one used longest ago. */
export class MachinePool {
  readonly #kept = new Map<string, Kept>();
  readonly #sourceOf: (id: string) => TimeSource;
  readonly #idleMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(sourceOf: (id: string) => TimeSource, idleMs: number = IDLE_MS) {
    this.#sourceOf = sourceOf;
    this.#idleMs = idleMs;
  }

  get open(): readonly string[] {
    return [...this.#kept.keys()];
  }

  /** The machine of a source, opened if it is not. @throws TimeError, and what `sourceOf` throws. */
  async machine(id: string): Promise<TimeMachine> {
    return await this.#take(id).machine;
  }

  /** Tells `push` of the machine from now on. Returns the way to end that; the machine stays until others need its place. */
  listen(id: string, parts: number, push: (value: TimeOpened) => void): () => void {
    const listener: Listener = { push, parts };
    const kept = this.#take(id);
    kept.listeners.add(listener);
    if (kept.state !== undefined) push({ kind: 'state', state: kept.state });
    kept.machine.then((machine) => this.#tellMarks(machine, [listener]), () => {
      // Said to all who listen when it fails.
    });
    return () => {
      kept.listeners.delete(listener);
      kept.usedMs = performance.now();
      // Nobody waits for a pass that may take minutes: that is how one is called off.
      if (kept.listeners.size === 0 && kept.state?.ready !== true && this.#kept.get(id) === kept) void this.#end(id, { kind: 'none', why: 'called off', again: true });
    };
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([...this.#kept.keys()].map((id) => this.#end(id, { kind: 'none', why: 'the window is closed', again: false })));
  }

  #take(id: string): Kept {
    const known = this.#kept.get(id);
    // What has died is opened again by the next who asks.
    const ended = known?.opened?.ended;
    if (ended !== undefined) void this.#end(id, { kind: 'none', why: sentence(ended), again: true });
    else if (known !== undefined) {
      known.usedMs = performance.now();
      this.#kept.delete(id);
      this.#kept.set(id, known);
      return known;
    }
    const source = this.#sourceOf(id);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= MOST_MACHINES && oldest !== undefined) {
      void this.#end(oldest, { kind: 'none', why: `closed, because ${MOST_MACHINES} other recordings were opened since`, again: true });
    }
    const abort = new AbortController();
    const machine = TimeMachine.open(source, { signal: abort.signal, early: true, onState: (state) => this.#hear(id, kept, state) });
    const kept: Kept = { machine, abort, listeners: new Set(), state: undefined, opened: undefined, usedMs: performance.now(), toldEvents: -1, telling: false };
    this.#kept.set(id, kept);
    this.#timer ??= setInterval(() => this.#look(), FOLLOW_MS).unref();
    machine.then((opened) => (kept.opened = opened), (error: unknown) => {
      if (this.#kept.get(id) === kept) void this.#end(id, { kind: 'none', why: sentence(error), again: false });
    });
    return kept;
  }

  #hear(id: string, kept: Kept, state: TimeState): void {
    if (this.#kept.get(id) !== kept) return;
    kept.state = state;
    for (const { push } of kept.listeners) push({ kind: 'state', state });
    // The last word of the pass; what comes while it goes on is told once a second.
    if (state.ready) kept.machine.then((machine) => this.#tellMarks(machine, kept.listeners, kept), () => {});
  }

  /** What grows is followed while somebody looks, and what has died is said. */
  #look(): void {
    for (const [id, kept] of this.#kept) {
      if (kept.listeners.size === 0) {
        if (performance.now() - kept.usedMs > this.#idleMs) void this.#end(id, { kind: 'none', why: 'closed, because nobody looked', again: true });
        continue;
      }
      kept.machine.then(async (machine) => {
        if (this.#kept.get(id) !== kept) return;
        if (machine.ended !== undefined) return await this.#end(id, { kind: 'none', why: sentence(machine.ended), again: true });
        if (kept.state?.ready === true && kept.state.growing && !kept.telling) await machine.follow();
        await this.#tellMarks(machine, kept.listeners, kept);
      }).catch(() => {
        // Who asks hears of it.
      });
    }
  }

  /** @param kept says whether the marks are others than those told; without it they are told in any case */
  async #tellMarks(machine: TimeMachine, listeners: Iterable<Listener>, kept?: Kept): Promise<void> {
    const { events } = machine.span;
    if (kept !== undefined && (kept.telling || kept.toldEvents === events)) return;
    if (kept !== undefined) {
      kept.telling = true;
      kept.toldEvents = events;
    }
    try {
      const byParts = new Map<number, TimeMarks>();
      for (const { push, parts } of listeners) {
        let marks = byParts.get(parts);
        if (marks === undefined) byParts.set(parts, (marks = await machine.marks(parts)));
        push({ kind: 'state', state: machine.state, marks });
      }
    } catch {
      // It has ended meanwhile: `#look` says so.
    } finally {
      if (kept !== undefined) kept.telling = false;
    }
  }

  async #end(id: string, last: TimeOpened): Promise<void> {
    const kept = this.#kept.get(id);
    if (kept === undefined) return;
    this.#kept.delete(id);
    if (this.#kept.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    for (const { push } of kept.listeners) push(last);
    kept.listeners.clear();
    kept.abort.abort();
    await kept.machine.then((machine) => machine.close(), () => {});
  }
}

/** A failure as a sentence with the way out. */
export function sentence(error: unknown): string {
  if (error instanceof TimeError) return error.fix === undefined ? error.message : `${error.message}; ${error.fix}`;
  return error instanceof Error ? error.message : String(error);
}
