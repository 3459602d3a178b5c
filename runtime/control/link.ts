import type { ControlErrorCode, RpcErrorBody } from './errors.js';
import type { ControlLimits } from './limits.js';
import { type MethodName, METHODS } from './methods.js';
import type { AuditEntry } from './target.js';

/** What the thread of the socket is started with. */
export interface ThreadInput {
  readonly socketPath: string;
  readonly limits: ControlLimits;
  readonly name: string;
  readonly version: string;
  readonly startedAtUs: number;
  /** See `Heartbeat` and `Tickets`. */
  readonly shared: SharedArrayBuffer;
}

/** What the main loop is asked: a method, or what the thread itself wants to know. */
export type MainMethod = MethodName | 'cellPaths';

/** A call on its way to the main loop. The thread has parsed its params. */
export interface MainCall {
  /** Slot in the tickets. */
  readonly slot: number;
  readonly method: MainMethod;
  readonly params: unknown;
  readonly connection: number;
  readonly client: string | null;
}

export function isWrite(method: MainMethod): boolean {
  return method !== 'cellPaths' && METHODS[method].kind === 'write';
}

/** The outcome: JSON of the result, or an error. `tookUs` is what it cost the main loop. */
export type MainAnswer =
  | { readonly slot: number; readonly tookUs: number; readonly result: string }
  | { readonly slot: number; readonly tookUs: number; readonly error: RpcErrorBody };

/** A piece of the flight recorder, column by column. */
export interface TracePiece {
  /** Number of the first event. */
  readonly fromSeq: number;
  readonly kinds: Uint8Array;
  readonly cells: Uint32Array;
  readonly details: Float64Array;
  readonly times: Float64Array;
  /** Events overwritten since the last piece. */
  readonly missed: number;
  /** The runtime is another one than for the last piece. */
  readonly restarted: boolean;
}

export type ToMain =
  | { readonly kind: 'listening' }
  | { readonly kind: 'failed'; readonly code: ControlErrorCode; readonly message: string; readonly fix: string | undefined }
  | { readonly kind: 'calls'; readonly calls: readonly MainCall[] }
  /** Whether anybody reads the trace. */
  | { readonly kind: 'traceWanted'; readonly wanted: boolean }
  /** Whether anybody reads supervisor reports. */
  | { readonly kind: 'reportsWanted'; readonly wanted: boolean }
  | { readonly kind: 'audit'; readonly entry: AuditEntry }
  | { readonly kind: 'closed' };

export type ToThread =
  | { readonly kind: 'answers'; readonly answers: readonly MainAnswer[] }
  | { readonly kind: 'trace'; readonly piece: TracePiece }
  | { readonly kind: 'reports'; readonly reports: readonly unknown[]; readonly dropped: number }
  | { readonly kind: 'close' };

/** Bytes of the shared memory for so many tickets: a heartbeat (Float64) and a state (Int32) for each ticket. */
export function sharedBytes(tickets: number): number {
  return 8 + 4 * tickets;
}

/** When the main loop last turned; written by it, read by the thread. */
export class Heartbeat {
  readonly #turned: Float64Array;

  constructor(shared: SharedArrayBuffer) {
    this.#turned = new Float64Array(shared, 0, 1);
  }

  beat(): void {
    this.#turned[0] = monotonicMs();
  }

  agoMs(): number {
    return Math.max(0, monotonicMs() - this.#turned[0]!);
  }
}

/** One clock for all threads, unlike `performance.now`. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

const Ticket = { free: 0, posted: 1, taken: 2, withdrawn: 3 } as const;

/**
 * Who owns a call that has been posted: until the main loop takes it the thread may withdraw it, and then it is
 * certain that it is not carried out.
 */
export class Tickets {
  readonly #states: Int32Array;

  constructor(shared: SharedArrayBuffer, count: number) {
    this.#states = new Int32Array(shared, 8, count);
  }

  /** Thread: the slot is used for a call that is being posted. */
  post(slot: number): void {
    Atomics.store(this.#states, slot, Ticket.posted);
  }

  /** Main loop: false when it has been withdrawn, and must not be carried out. */
  take(slot: number): boolean {
    return Atomics.compareExchange(this.#states, slot, Ticket.posted, Ticket.taken) === Ticket.posted;
  }

  /** Thread: false when the main loop has taken it. */
  withdraw(slot: number): boolean {
    return Atomics.compareExchange(this.#states, slot, Ticket.posted, Ticket.withdrawn) === Ticket.posted;
  }
}
