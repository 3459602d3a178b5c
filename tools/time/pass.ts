import type { Checkpoints } from './checkpoints.js';
import { TimeError } from './errors.js';
import type { Player, Recording } from './player.js';
import type { RunIndex } from './run-index.js';
import { Tap } from './tap.js';

/** Events of one step that can be told apart: a step is a block of records, or an input. */
export const STEP_EVENTS = 65_536;

/** The one pass over a recording that makes its index and its checkpoints; goes on where more was written. */
export class Pass {
  readonly #player: Player;
  readonly #recording: Recording;
  readonly #index: RunIndex;
  readonly #checkpoints: Checkpoints;
  readonly #tap: Tap;
  #decided: readonly string[] | null;
  /** The first decision that is not as it was recorded. */
  differsAt: number | null = null;
  /** Why nothing follows though there is more. */
  problem: string | null = null;
  toUs = 0;
  #failed = false;

  /** @throws what a recording throws that cannot be begun with. */
  constructor(recording: Recording, index: RunIndex, checkpoints: Checkpoints) {
    this.#recording = recording;
    this.#index = index;
    this.#checkpoints = checkpoints;
    this.#decided = recording.decided();
    this.#tap = new Tap(index.actors, (kind, actor, atUs, record) => index.events.add(kind, actor, atUs, record));
    const player = recording.play({
      traceEvents: STEP_EVENTS,
      onRest: () => this.#rest(),
      onDecision: (line, decision) => {
        this.#compare(index.decisions, line);
        index.decision(line, decision, this.#tap.count);
      },
      onAsked: () => index.effectEvents.push(this.#tap.count),
      onGiven: (given, atUs) => index.given(given, atUs, this.#tap.count),
    });
    this.#player = player;
    this.#tap.attach(player, undefined);
    index.events.rest();
    player.runtime.onReport((report) => index.report(report, this.#tap.count));
    this.toUs = player.clockUs;
  }

  /** It was ended by what a step threw. */
  get failed(): boolean {
    return this.#failed;
  }
  get records(): number {
    return this.#player.records;
  }
  get inputs(): number {
    return this.#player.inputs;
  }

  /** Takes steps for about `ms`; true when there is nothing more, for now or for good. */
  advance(ms: number): boolean {
    const until = performance.now() + ms;
    while (!this.#failed && performance.now() < until) {
      let outcome;
      try {
        outcome = this.#player.step();
        this.#rest();
      } catch (error) {
        this.#fail(error);
        return true;
      }
      this.toUs = Math.max(this.toUs, this.#player.clockUs);
      if (outcome === 'end') {
        this.problem = this.#player.problem;
        return true;
      }
      const place = { records: this.#player.records, events: this.#index.events.length };
      if (!this.#checkpoints.wanted(place)) continue;
      const saved = this.#player.save();
      if (saved !== null) this.#checkpoints.add({ ...saved, events: place.events });
    }
    return this.#failed;
  }

  /** A recording that grows: what it had decided by now. */
  lookAgain(): void {
    this.#decided = this.#recording.decided();
    if (this.#failed) return;
    try {
      this.#player.lookAgain();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Decisions that the recording has and the replay does not make. */
  get missing(): number {
    return Math.max(0, (this.#decided?.length ?? 0) - this.#recording.before.decisions - this.#index.decisions);
  }

  close(): void {
    this.#player.close();
  }

  #fail(error: unknown): void {
    this.#failed = true;
    this.problem = error instanceof Error ? error.message : String(error);
  }

  #rest(): void {
    const { events } = this.#index;
    const before = events.length;
    this.#tap.pull();
    if (events.length > before) events.rest();
  }

  #compare(number: number, line: string): void {
    const recorded = this.#decided?.[number + this.#recording.before.decisions];
    if (this.differsAt === null && recorded !== undefined && recorded !== line) this.differsAt = number;
  }
}

/** Plays a stretch again for who needs what was in it. */
export function playStretch(recording: Recording, checkpoints: Checkpoints, index: RunIndex, from: number, to: number, put: (kind: number, actor: number, atUs: number, record: number, rest: boolean) => void): void {
  const base = checkpoints.best(({ events }) => events <= from);
  let number = base?.events ?? 0;
  let held: Parameters<typeof put> | undefined;
  const flush = (): void => {
    if (held !== undefined) put(...held);
    held = undefined;
  };
  const tap = new Tap(index.actors, (kind, actor, atUs, record) => {
    if (number >= from && number < to) {
      flush();
      held = [kind, actor, atUs, record, false];
    }
    number += 1;
  });
  const rest = (): void => {
    const before = number;
    tap.pull();
    if (held !== undefined && number > before && number <= to) held[4] = true;
    if (number >= to) throw ENOUGH;
  };
  const player = recording.play({ traceEvents: STEP_EVENTS, onRest: () => rest(), onDecision: () => {}, onAsked: () => {}, onGiven: () => {} }, base);
  try {
    tap.attach(player, base?.events);
    if (held !== undefined && base === undefined) (held as Parameters<typeof put>)[4] = true;
    while (player.step() !== 'end') rest();
    rest();
    throw new TimeError('source', `the recording has only ${number} of ${to} events now: it was changed since it was opened`, 'open it again');
  } catch (error) {
    if (error !== ENOUGH) throw error;
    flush();
  } finally {
    player.close();
  }
}

const ENOUGH = new Error('as far as is wanted');
