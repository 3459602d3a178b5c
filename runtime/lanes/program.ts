import type { RingReader, RingWriter } from '../ring/index.js';
import type { Bell } from './bell.js';

/**
 * What runs in a lane's thread: the default export of a module. Pure JavaScript: a native add-on in a thread that can be killed
 * takes the process down, so loading one fails. Threads are used again, so a program keeps its state in what it returns and not
 * in its module, and leaves no timer behind.
 */
export type LaneProgram = (input: unknown, link: LaneLink) => LaneWork | Promise<LaneWork>;

/** The thread's ends. */
export interface LaneLink {
  readonly inbox: RingReader;
  readonly outbox: RingWriter;
  /** Rung for the program after drains, as the lane's `rings` says. */
  readonly bell: Bell;
  /** Sends a rare, larger message (a checkpoint) past the rings. It must not be undefined. */
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  /** True once the owner has asked for the end. Only a drain that waits for something needs to look. */
  stopping(): boolean;
  /** A sign of life, for a drain that takes or waits long. */
  beat(): void;
  /** Between pieces of work that did not come by the inbox: pauses as `pauseEveryMs` says. */
  rest(): void;
}

export interface LaneWork {
  /**
   * Handles what the inbox holds and never blocks for long. False when the inbox was empty; the thread then sleeps until it is not.
   * Where the outbox is full: ring the bell, beat, and wait for room a few milliseconds at a time for as long as nobody asked to stop.
   */
  drain(): boolean;
  /** Runs once, after the last drain, when the lane ends because it was asked to. */
  stop?(): void;
}

export interface LaneSpec {
  /** For reports: `lane 1`. */
  readonly name: string;
  /** A file: or data: URL, or an absolute path. */
  readonly program: URL | string;
  /** What the program gets; copied as by structuredClone, SharedArrayBuffers shared. */
  readonly input?: unknown;
  /** Slots of 64 bytes, a power of two. Default 4096. */
  readonly inboxSlots?: number;
  /** Default 1024. */
  readonly outboxSlots?: number;
  /**
   * After which drains the bell rings: every one that did something (default), or only one that published to the outbox. The second for an
   * owner that sleeps until there is something to hear: a ring that wakes it costs both sides some microseconds.
   */
  readonly rings?: 'drains' | 'answers';
  /**
   * How often the thread looks at its empty inbox again before it sleeps. Default 2,000 (some tens of microseconds) where each lane of the
   * pool and its owner can have a core, else 100: a thread that spins takes the core of whom it waits for.
   */
  readonly spins?: number;
  /**
   * A thread that has drained (or worked, see `LaneLink.rest`) for so long without a pause sleeps for a moment: a main loop that waits for the same core gets it then,
   * and not when the scheduler thinks fit, some milliseconds later. Costs some 60 µs each time. Default 0: never.
   */
  readonly pauseEveryMs?: number;
  /**
   * What the thread does between drains: `sleeps` until there is something in its inbox (default), or `turns` its event loop, for a program with
   * sockets or timers of its own, which are heard at once then. Such a program rings the bell itself for what it publishes outside of drains.
   */
  readonly waits?: 'sleeps' | 'turns';
}
