import type { Cell } from '../core/cell.js';
import { messageType } from '../core/failure.js';
import { contentOf } from '../core/post.js';
import { type CopyLimits, plainCopy } from '../observe/inspect.js';
import type { ActorContext, Behaviour } from '../types.js';
import { changesOf, NO_CHANGES } from './changes.js';
import { type Examination, isMachineState, type MachineFace, type MachineState, messageOf } from './face.js';
import { clip } from './labels.js';
import type { ProbeEvent, ProbeOutcome } from './reading.js';
import { watch } from './watch.js';

type AnyBehaviour = Behaviour<unknown, unknown, unknown>;

export const MOST_EVENTS = 64;
const PAYLOAD_COPY: CopyLimits = { depth: 4, entries: 30, values: 100, textLength: 200 };
const VALUE_COPY: CopyLimits = { depth: 12, entries: 100, values: 200, textLength: 200 };
/** Time that a probe may save up. */
const BURST_MS = 20;
/** What one look costs at most, whatever the clock says: code that runs for the first time, or a thread that was not given the processor. */
const DEAREST_MS = 2;

/** What reached the machine inside a behaviour during one step. */
interface Entered {
  readonly face: MachineFace;
  readonly before: MachineState;
  readonly event: { readonly type: string };
}

/**
 * Stands in front of one cell's behaviour and writes down what its turns do. It changes nothing of them: the same calls with the same arguments, and
 * what is looked at is looked at after the step. Who takes it off puts the behaviour back that was there.
 */
export class Probe {
  readonly cell: Cell;
  readonly sinceUs: number;
  readonly counts = new Map<number, number>();
  seen = 0;
  unexamined = 0;
  /** Of `performance.now()`. */
  untilMs: number;
  share: number;
  readonly #behaviour: AnyBehaviour;
  readonly #inner: AnyBehaviour;
  readonly #ring: ProbeEvent[] = [];
  #purseMs = BURST_MS;
  #purseAtMs: number;

  constructor(cell: Cell, sinceUs: number, leaseMs: number, share: number) {
    this.cell = cell;
    this.sinceUs = sinceUs;
    this.share = share;
    this.#purseAtMs = performance.now();
    this.untilMs = this.#purseAtMs + leaseMs;
    this.#inner = cell.behaviour;
    this.#behaviour = this.#around(cell.behaviour);
    cell.behaviour = this.#behaviour;
  }

  /** False when the cell has got another behaviour meanwhile, by an upgrade for instance. */
  get attached(): boolean {
    return this.cell.behaviour === this.#behaviour;
  }

  detach(): void {
    if (this.attached) this.cell.behaviour = this.#inner;
  }

  /** Those after number `after`, oldest first. */
  eventsAfter(after: number): ProbeEvent[] {
    return this.#ring.filter(({ seq }) => seq > after);
  }

  #around(inner: AnyBehaviour): AnyBehaviour {
    const { name, version, stateKind, machine, stop, childExit, snapshot, restore, migrate, apply, migrateEvent, view } = inner;
    return {
      name,
      version,
      ...(stateKind === undefined ? {} : { stateKind }),
      ...(machine === undefined ? {} : { machine }),
      init: (ctx, input) => {
        const state = inner.init(ctx, input);
        this.#note(() => this.#started(state, ctx));
        return state;
      },
      step: (state, message, ctx) => this.#step(state, message, ctx),
      ...(stop === undefined ? {} : { stop: (state, ctx, reason) => inner.stop!(state, ctx, reason) }),
      ...(childExit === undefined ? {} : { childExit: (id, reason) => inner.childExit!(id, reason) }),
      ...(snapshot === undefined ? {} : { snapshot: (state) => inner.snapshot!(state) }),
      ...(restore === undefined ? {} : { restore: (data, ctx, input, how) => inner.restore!(data, ctx, input, how) }),
      ...(migrate === undefined ? {} : { migrate: (data, from) => inner.migrate!(data, from) }),
      ...(apply === undefined ? {} : { apply: (state, event) => inner.apply!(state, event) }),
      ...(migrateEvent === undefined ? {} : { migrateEvent: (event, from) => inner.migrateEvent!(event, from) }),
      ...(view === undefined ? {} : { view: (state) => inner.view!(state) }),
    };
  }

  #step(state: unknown, message: unknown, ctx: ActorContext<unknown>): unknown {
    if (performance.now() > this.untilMs) {
      this.detach();
      return this.#inner.step(state, message, ctx);
    }
    const entered: Entered[] = [];
    const outer = watch.entered;
    watch.entered = (face, before, event) => {
      if (entered.length === 0 && face === this.#inner.machine && isMachineState(before)) entered.push({ face, before, event: event as Entered['event'] });
    };
    let next: unknown;
    try {
      next = this.#inner.step(state, message, ctx);
    } catch (thrown) {
      watch.entered = outer;
      this.#note(() => this.#record(entered[0], state, state, message, ctx, messageOf(thrown)));
      throw thrown;
    }
    watch.entered = outer;
    this.#note(() => this.#record(entered[0], state, next, message, ctx, null));
    return next;
  }

  /** Nothing that goes wrong while looking may reach the actor. */
  #note(write: () => void): void {
    const beganMs = performance.now();
    this.#purseMs = Math.min(BURST_MS, this.#purseMs + (beganMs - this.#purseAtMs) * this.share);
    try {
      write();
    } catch (thrown) {
      this.#push({ ...BLANK, seq: this.seen++, type: '?', outcome: 'threw', error: `the probe could not look: ${messageOf(thrown)}` });
    }
    this.#purseAtMs = performance.now();
    if (this.share !== Infinity) this.#purseMs -= Math.min(DEAREST_MS, this.#purseAtMs - beganMs);
  }

  #started(state: unknown, ctx: ActorContext<unknown>): void {
    this.#push({ ...BLANK, seq: this.seen++, atUs: ctx.nowUs(), incarnation: ctx.incarnation, type: 'start', outcome: 'start', after: valueOf(state) });
  }

  #record(entered: Entered | undefined, before: unknown, after: unknown, message: unknown, ctx: ActorContext<unknown>, error: string | null): void {
    const seen: unknown = entered === undefined ? contentOf(message) : entered.event;
    const base = {
      ...BLANK, seq: this.seen++, atUs: ctx.nowUs(), incarnation: ctx.incarnation, type: clip(messageType(seen)), before: valueOf(before), after: valueOf(after), error,
    };
    if (this.#purseMs <= 0) {
      this.unexamined++;
      this.#push({ ...base, outcome: 'unexamined' });
      return;
    }
    const payload = plainCopy(seen, PAYLOAD_COPY);
    const changes = error !== null || this.#inner.stateKind === 'mutable' ? NO_CHANGES : changesOf(contextOf(before), contextOf(after));
    const found: Examination | null = entered === undefined ? null : entered.face.examine(entered.before, entered.event);
    for (const transition of error === null ? (found?.taken ?? []) : []) this.counts.set(transition, (this.counts.get(transition) ?? 0) + 1);
    const isMachine = this.#inner.machine !== undefined;
    const outcome: ProbeOutcome = error !== null ? 'threw' : (found?.outcome ?? (isMachine ? 'aside' : 'handled'));
    this.#push({
      ...base, payload, outcome, changes: changes.list, moreChanges: changes.more,
      ...(found === null ? {} : { taken: found.taken, candidates: found.candidates, waiting: found.waiting, error: error ?? found.error ?? null }),
    });
  }

  #push(event: ProbeEvent): void {
    this.#ring.push(event);
    if (this.#ring.length > MOST_EVENTS) this.#ring.shift();
  }
}

const BLANK: ProbeEvent = {
  seq: 0, atUs: 0, incarnation: 0, type: '', outcome: 'handled', payload: null, before: null, after: null, taken: [], candidates: [], waiting: [], changes: [], moreChanges: false, error: null,
};

/** A machine's state value; null of any other state. */
function valueOf(state: unknown): unknown {
  return isMachineState(state) ? plainCopy(state.value, VALUE_COPY) : null;
}

function contextOf(state: unknown): unknown {
  return isMachineState(state) ? state.context : state;
}
