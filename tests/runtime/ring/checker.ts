import { createRing, RingError, type RingReader, type RingWriter } from '../../../runtime/ring/index.js';
import {
  HALF, ORIGIN_HALF, ORIGIN_REST, OVERFLOW_HIGH, OVERFLOW_LOW, PADDING, POSITION_BITS, POSITION_MASK, READER, READER_ASLEEP, READER_EPOCH,
  READER_HALF, WRITER, WRITER_ASLEEP, WRITER_EPOCH, WRITER_HALF,
} from '../../../runtime/ring/layout.js';
import type { RingOperations } from '../../../runtime/ring/operations.js';

// An exhaustive scheduler for the ring's own classes. A thread is a list of steps that use a RingWriter or a RingReader; every
// operation on shared memory, and every access to a slot, is a point at which any other thread may go first. The checker visits every
// state that some order of these operations reaches, once. Code cannot be stopped in the middle, so a step that is under way is run
// again from its start with the results its operations had so far, until it asks for the next.
//
// It explores sequentially consistent executions. That is enough: the header is only touched by atomics, and the checker also
// shows that no two accesses to a slot are ever in a race, so by the memory model of ECMAScript every execution is one of these.

const WORDS = [WRITER, PADDING, READER, WRITER_EPOCH, WRITER_HALF, READER_EPOCH, READER_HALF, READER_ASLEEP, WRITER_ASLEEP, OVERFLOW_LOW, OVERFLOW_HIGH, ORIGIN_HALF, ORIGIN_REST];
const NAMES = ['WRITER', 'PADDING', 'READER', 'WRITER_EPOCH', 'WRITER_HALF', 'READER_EPOCH', 'READER_HALF', 'READER_ASLEEP', 'WRITER_ASLEEP', 'OVERFLOW_LOW', 'OVERFLOW_HIGH', 'ORIGIN_HALF', 'ORIGIN_REST'];
const PLACE = new Map(WORDS.map((word, place) => [word, place]));
const placeOf = (word: number): number => {
  const place = PLACE.get(word);
  if (place === undefined) throw new Error(`the ring touched word ${word}, which the checker does not model`);
  return place;
};

type Operation =
  | { readonly type: 'load'; readonly place: number }
  | { readonly type: 'store' | 'add'; readonly place: number; readonly value: number }
  | { readonly type: 'exchange'; readonly place: number; readonly expected: number; readonly value: number }
  | { readonly type: 'notify'; readonly place: number }
  | { readonly type: 'wait'; readonly place: number; readonly value: number }
  | { readonly type: 'get'; readonly place: number }
  | { readonly type: 'put'; readonly place: number; readonly value: number };
type Result = number | 'ok' | 'not-equal' | 'timed-out';

/** The classes under test: the ring's own, or a mutant of them. */
export interface RingClasses {
  readonly RingWriter: typeof RingWriter;
  readonly RingReader: typeof RingReader;
}

/** What a thread keeps from one operation to the next. Numbers, lists of numbers, and its side of the ring. */
export interface Local {
  writer?: RingWriter;
  reader?: RingReader;
  /** What it put into slots and has not published; what it read and has not released. The checker compares them with the queue. */
  claimed: number[];
  read: number[];
  /** Free for the scenario. */
  n: number;
  stale: boolean;
}

/** What steps can do besides using their side. */
export interface Hands {
  readonly classes: RingClasses;
  readonly memory: SharedArrayBuffer;
  readonly ops: RingOperations;
  put(slot: number, value: number): void;
  get(slot: number): number;
}

/**
 * One step of a thread. 'again' repeats it, 'end' ends the thread. It may look at the queue only after its last operation: what
 * comes before is run again later, when the queue has moved on.
 */
export type Step = (local: Local, hands: Hands, queue: Readonly<Queue>) => void | 'again' | 'end';

export interface Thread {
  readonly name: string;
  readonly steps: readonly Step[];
  /** Begins when that thread has ended or died. */
  readonly after?: number;
  /** May die before any of its operations. */
  readonly mortal?: boolean;
  /**
   * Somebody takes over from it: a stale-epoch ends it, which of any other thread is a violation. It may oversleep, too: the notification
   * of its successor came before it slept, and then it finds out after LONGEST_SLEEP_MS.
   */
  readonly replaced?: boolean;
  /** Sleeps may time out. */
  readonly timeouts?: boolean;
  /** Its accesses to slots may be in a race: it was replaced, and is not believed. */
  readonly mayRace?: boolean;
}

export interface Scenario {
  readonly name: string;
  readonly slots: number;
  /** Where both cursors begin, to be near a turn of the positions. */
  readonly startAt?: number;
  /** Run to its end before the threads begin, one after the other. */
  readonly before?: (locals: readonly Local[], hands: Hands) => void;
  readonly threads: readonly Thread[];
  /** Words only one thread ever touches: an access to them commutes with everything, so nobody needs to go first. */
  readonly unshared?: readonly number[];
  /** Looks at the end of every execution; throws what is wrong with it. */
  readonly atEnd?: (queue: Readonly<Queue>, locals: readonly Local[], overflows: number, died: readonly boolean[]) => void;
}

/** What the ring should be: a queue of values. */
export interface Queue {
  readonly published: number[];
  released: number;
  /** Slots, padding included. */
  publishedSlots: number;
  releasedSlots: number;
}

interface ThreadState {
  readonly step: number;
  /** As they were when the step began; what its operations returned since. */
  readonly local: Local;
  readonly log: readonly Result[];
  /** What it does next, with the locals at that point; none when it has ended. */
  readonly next: Operation | undefined;
  readonly working: Local;
  readonly asleep: boolean;
  readonly died: boolean;
}

interface State {
  readonly memory: Int32Array;
  readonly threads: readonly ThreadState[];
  readonly queue: Queue;
  readonly trace: Trace | undefined;
}
interface Trace {
  readonly before: Trace | undefined;
  readonly thread: Thread;
  readonly what: Operation | string;
  readonly result?: Result;
}

/** A run of the scenario that breaks the ring, operation by operation. */
export class Violation extends Error {
  constructor(scenario: string, what: string, trace: readonly string[]) {
    super(`${scenario}: ${what}\n  ${trace.slice(-60).join('\n  ')}`);
    this.name = 'Violation';
  }
}

const nobody: Local = { claimed: [], read: [], n: 0, stale: false };
const PAUSE = Symbol('pause');

/** Visits every state; returns how many there are, and how many ends. @throws Violation */
export function explore(scenario: Scenario, classes: RingClasses, most = 3_000_000): { states: number; ends: number } {
  const memory = createRing({ slots: scenario.slots, slotBytes: 8 });
  const cells = WORDS.length + scenario.slots;

  const unshared = new Set((scenario.unshared ?? []).map(placeOf));

  // What the step that is being run sees. Replaced before every run of a step.
  let direct: Int32Array | undefined;
  let log: readonly Result[] = [];
  let cursor = 0;
  let asked: Operation | undefined;
  let slept = false;
  const perform = (operation: Operation): Result => {
    if (direct !== undefined) return apply(direct, operation);
    if (cursor < log.length) {
      const result = log[cursor] as Result;
      cursor += 1;
      if (typeof result === 'string') slept = true;
      return result;
    }
    asked = operation;
    throw PAUSE;
  };
  const number = (operation: Operation): number => perform(operation) as number;
  const ops: RingOperations = {
    load: (_, word) => number({ type: 'load', place: placeOf(word) }),
    store: (_, word, value) => number({ type: 'store', place: placeOf(word), value }),
    add: (_, word, value) => number({ type: 'add', place: placeOf(word), value }),
    compareExchange: (_, word, expected, value) => number({ type: 'exchange', place: placeOf(word), expected, value }),
    notify: (_, word) => number({ type: 'notify', place: placeOf(word) }),
    wait: (_, word, value) => perform({ type: 'wait', place: placeOf(word), value }) as 'ok' | 'not-equal' | 'timed-out',
    waitAsync: () => { throw new Error('the checker explores wait'); },
    // A sleep takes longer than anybody's finite patience, so that a step ends with it and there are fewer different pasts.
    nowMs: () => (slept ? 1e9 : 0),
    spins: 0,
  };
  const hands: Hands = {
    classes, memory, ops,
    put: (slot, value) => { perform({ type: 'put', place: WORDS.length + slot, value }); },
    get: (slot) => number({ type: 'get', place: WORDS.length + slot }),
  };

  /** Runs a thread from its step's beginning to its next operation, over as many steps as end on the way. */
  const advance = (thread: Thread, from: ThreadState, queue: Queue, trace: Trace | undefined, cellsNow: Int32Array): ThreadState => {
    let { step, local } = from;
    log = from.log;
    for (;;) {
      if (step >= thread.steps.length) return { ...from, step, local, log: [], next: undefined, working: local, asleep: false };
      const working = copy(local);
      cursor = 0;
      slept = false;
      asked = undefined;
      let outcome: void | 'again' | 'end';
      try {
        outcome = (thread.steps[step] as Step)(working, hands, queue);
      } catch (error) {
        if (error === PAUSE) {
          const next = asked as unknown as Operation;
          if (!unshared.has(next.place)) return { ...from, step, local, log, next, working, asleep: false };
          log = [...log, apply(cellsNow, next)];
          continue;
        }
        if (error instanceof Error && error.name === 'RingError' && (error as RingError).kind === 'stale-epoch' && thread.replaced === true) {
          working.stale = true;
          outcome = 'end';
        } else throw new Violation(scenario.name, `${thread.name}: ${String(error)}`, list(trace));
      }
      if (cursor !== log.length) throw new Error(`${scenario.name}: the step ${step} of ${thread.name} did not ask the same again`);
      log = [];
      local = working;
      step = outcome === 'again' ? step : outcome === 'end' ? thread.steps.length : step + 1;
    }
  };

  const first = new Int32Array(cells);
  const startAt = scenario.startAt ?? 0;
  for (const [at, half] of [[WRITER, WRITER_HALF], [READER, READER_HALF]] as const) {
    first[placeOf(at)] = startAt & POSITION_MASK;
    first[placeOf(half)] = Math.floor(startAt / HALF);
  }
  const locals = scenario.threads.map((): Local => ({ claimed: [], read: [], n: 0, stale: false }));
  direct = first;
  scenario.before?.(locals, hands);
  direct = undefined;
  const queue: Queue = { published: [], released: 0, publishedSlots: startAt, releasedSlots: startAt };
  const started = scenario.threads.map((thread, k) => advance(thread, { step: 0, local: locals[k] as Local, log: [], next: undefined, working: locals[k] as Local, asleep: false, died: false }, queue, undefined, first));
  const stack: State[] = [{ memory: first, threads: started, queue, trace: undefined }];
  const seen = new Set<number>([keyOf(stack[0] as State)]);
  let ends = 0;

  const visit = (state: State): void => {
    const key = keyOf(state);
    if (seen.has(key)) return;
    seen.add(key);
    if (seen.size > most) throw new Error(`${scenario.name} has more than ${most} states`);
    stack.push(state);
  };

  for (let state = stack.pop(); state !== undefined; state = stack.pop()) {
    const { threads, trace } = state;
    const over = (k: number): boolean => (threads[k] as ThreadState).died || (threads[k] as ThreadState).next === undefined;
    const mayGo = scenario.threads.map((thread, k) => !over(k) && (thread.after === undefined || over(thread.after)));
    let moves = 0;
    for (const [k, thread] of scenario.threads.entries()) {
      const mine = threads[k] as ThreadState;
      if (!mayGo[k]) continue;
      const replace = (by: ThreadState, others = threads): ThreadState[] => others.map((other, at) => (at === k ? by : other));
      if (thread.mortal === true) visit({ ...state, threads: replace({ ...mine, died: true, asleep: false, log: [], next: undefined, local: nobody, working: nobody }), trace: { before: trace, thread, what: 'dies' } });
      const operation = mine.next as Operation;
      if (mine.asleep) {
        if (thread.timeouts !== true) continue;
        moves += 1;
        const what: Trace = { before: trace, thread, what: 'wakes by its time-out' };
        const cellsNow = Int32Array.from(state.memory);
        visit({ ...state, memory: cellsNow, threads: replace(advance(thread, { ...mine, log: [...mine.log, 'timed-out'] }, state.queue, what, cellsNow)), trace: what });
        continue;
      }
      moves += 1;
      for (const [other, theirs] of threads.entries()) {
        if (other === k || !mayGo[other] || thread.mayRace === true || scenario.threads[other]?.mayRace === true) continue;
        const next = theirs.next as Operation;
        if ((operation.type === 'put' && (next.type === 'put' || next.type === 'get') || operation.type === 'get' && next.type === 'put') && next.place === operation.place) {
          throw new Violation(scenario.name, `${thread.name} and ${scenario.threads[other]?.name} are in a race for slot ${operation.place - WORDS.length}`, list(trace));
        }
      }
      const cellsNow = Int32Array.from(state.memory);
      if (operation.type === 'wait' && cellsNow[operation.place] === operation.value) {
        visit({ ...state, threads: replace({ ...mine, asleep: true }), trace: { before: trace, thread, what: 'falls asleep' } });
        continue;
      }
      // What the ring cannot keep out, and says so: a store into a slot by a writer that was replaced. It is taken to make none.
      const late = operation.type === 'put' && (mine.working.writer as unknown as { readonly epoch: number }).epoch !== cellsNow[placeOf(WRITER_EPOCH)];
      const result = late ? operation.value : apply(cellsNow, operation);
      const what: Trace = { before: trace, thread, what: operation, result };
      const queueNow = follow(state.queue, operation, result, state.memory[operation.place] as number, mine.working, (why) => new Violation(scenario.name, why, list(what)));
      let others: readonly ThreadState[] = threads;
      if (operation.type === 'notify') {
        others = threads.map((theirs, at) => (theirs.asleep && theirs.next?.type === 'wait' && theirs.next.place === operation.place
          ? advance(scenario.threads[at] as Thread, { ...theirs, log: [...theirs.log, 'ok'], asleep: false }, queueNow, what, cellsNow) : theirs));
      }
      visit({ memory: cellsNow, threads: replace(advance(thread, { ...mine, log: [...mine.log, result] }, queueNow, what, cellsNow), others), queue: queueNow, trace: what });
    }
    if (moves > 0) continue;
    ends += 1;
    const stuck = scenario.threads.flatMap((thread, k) => (over(k) || thread.replaced === true ? [] : [`${thread.name} ${(threads[k] as ThreadState).asleep ? 'sleeps' : 'has not begun'}`]));
    if (stuck.length > 0) throw new Violation(scenario.name, `for ever: ${stuck.join(', ')}`, list(trace));
    try {
      scenario.atEnd?.(state.queue, threads.map(({ local }) => local), state.memory[placeOf(OVERFLOW_LOW)] as number, threads.map(({ died }) => died));
    } catch (error) {
      throw new Violation(scenario.name, (error as Error).message, list(trace));
    }
  }
  return { states: seen.size, ends };
}

function apply(cells: Int32Array, operation: Operation): Result {
  const before = cells[operation.place] as number;
  switch (operation.type) {
    case 'load': case 'get': return before;
    case 'store': case 'put': cells[operation.place] = operation.value; return operation.value;
    case 'add': cells[operation.place] = before + operation.value; return before;
    case 'exchange': if (before === operation.expected) cells[operation.place] = operation.value; return before;
    case 'notify': return 0;
    case 'wait': return 'not-equal';
  }
}

/** Moves the queue with the cursors, and compares what was read with what was published. */
function follow(queue: Queue, operation: Operation, result: Result, before: number, working: Local, violation: (why: string) => Violation): Queue {
  const moves = operation.type === 'exchange' ? result === operation.expected : operation.type === 'store';
  if (!moves || (operation.place !== placeOf(WRITER) && operation.place !== placeOf(READER))) return queue;
  const { value } = operation as { value: number };
  const moved = (value - before) & POSITION_MASK;
  const takesOver = value >> POSITION_BITS !== before >> POSITION_BITS;
  if (operation.place === placeOf(WRITER)) {
    if (takesOver && moved !== 0) throw violation('a new writer moved the cursor');
    if (takesOver) return queue;
    return { ...queue, published: [...queue.published, ...working.claimed], publishedSlots: queue.publishedSlots + moved };
  }
  if (takesOver) return moved === 0 ? queue : { ...queue, released: queue.published.length, releasedSlots: queue.releasedSlots + moved };
  const wanted = queue.published.slice(queue.released, queue.released + working.read.length);
  if (wanted.join() !== working.read.join()) throw violation(`read ${working.read.join()}, but published was ${wanted.join()}`);
  return { ...queue, released: queue.released + working.read.length, releasedSlots: queue.releasedSlots + moved };
}

function copy(local: Local): Local {
  return { ...local, ...(local.writer && { writer: clone(local.writer) }), ...(local.reader && { reader: clone(local.reader) }), claimed: [...local.claimed], read: [...local.read] };
}

const clone = <T extends object>(side: T): T => Object.assign(Object.create(Object.getPrototypeOf(side) as object) as T, side);

/** Two hashes of the numbers given, 52 bits of which make a key. */
let hashA = 0;
let hashB = 0;

function mixWord(word: number): void {
  hashA = Math.imul(hashA ^ word, 0x85ebca6b);
  hashA ^= hashA >>> 13;
  hashB = Math.imul(hashB + word, 0xc2b2ae35);
  hashB ^= hashB >>> 15;
}

function mix(value: number): void {
  mixWord(value | 0);
  if ((value | 0) !== value) mixWord(Math.floor(value / 2 ** 32) | 0);
}

function mixAll(values: readonly number[]): void {
  mix(values.length);
  for (let k = 0; k < values.length; k += 1) mix(values[k]!);
}

/** No number that an operation returns. */
const WORDS_OF_SLEEP = { 'ok': 2 ** 40, 'not-equal': 2 ** 40 + 1, 'timed-out': 2 ** 40 + 2 } as const;

/** 52 bits of hash over all that a state's future depends on: two of a million states are taken for one with a chance of 1 in 10,000. */
function keyOf({ memory, threads, queue }: State): number {
  hashA = 0x811c9dc5;
  hashB = 0x9747b28c;
  for (let k = 0; k < memory.length; k += 1) mix(memory[k]!);
  mixAll(queue.published);
  mix(queue.released);
  for (const { step, local, log, asleep, died, next } of threads) {
    mix(step);
    mix(local.n);
    mixAll(local.claimed);
    mixAll(local.read);
    mixFields(local.writer);
    mixFields(local.reader);
    mix(log.length);
    for (let k = 0; k < log.length; k += 1) {
      const result = log[k]!;
      mix(typeof result === 'number' ? result : WORDS_OF_SLEEP[result]);
    }
    mix((local.stale ? 1 : 0) | (asleep ? 2 : 0) | (died ? 4 : 0) | (next === undefined ? 8 : 0));
  }
  hashA ^= hashA >>> 16;
  hashB ^= hashB >>> 16;
  return (hashA >>> 0) * 2 ** 20 + (hashB & 0xfffff);
}

/** The numbers among the fields of a side of the ring. */
function mixFields(side: object | undefined): void {
  mix(side === undefined ? 0 : 1);
  for (const field in side) {
    const value = (side as Readonly<Record<string, unknown>>)[field];
    if (typeof value === 'number') mix(value);
  }
}

function describe(operation: Operation): string {
  const name = NAMES[operation.place] ?? `slot ${operation.place - WORDS.length}`;
  switch (operation.type) {
    case 'load': case 'get': case 'notify': return `${operation.type} ${name}`;
    case 'store': case 'put': case 'add': case 'wait': return `${operation.type} ${name} ${operation.value}`;
    case 'exchange': return `exchange ${name} ${operation.expected} by ${operation.value}`;
  }
}

function list(trace: Trace | undefined): string[] {
  const lines: string[] = [];
  for (let at = trace; at !== undefined; at = at.before) {
    lines.push(`${at.thread.name} ${typeof at.what === 'string' ? at.what : describe(at.what)}${at.result === undefined ? '' : ` -> ${at.result}`}`);
  }
  return lines.reverse();
}
