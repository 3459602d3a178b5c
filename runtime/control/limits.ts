/** What the control socket allows. Every bound has a default that holds on two cores; docs/control.md says why. */
export interface ControlLimits {
  /** Connections at a time. When full, a connection that has never asked anything gives way to a new one. */
  readonly clients: number;
  /** Bytes of one line, its newline not counted. */
  readonly lineBytes: number;
  /** Nesting of arrays and objects in one line. */
  readonly jsonDepth: number;
  /** Requests in one batch. */
  readonly batchRequests: number;
  /** Requests of one client answered in a second, and how many at once after a pause. What is over waits in the kernel. */
  readonly clientRequestsPerSecond: number;
  readonly clientBurst: number;
  /** The same for all clients together; they take turns. */
  readonly requestsPerSecond: number;
  readonly burst: number;
  /** Bytes of one client read in a second, and how many at once. */
  readonly clientBytesPerSecond: number;
  readonly clientByteBurst: number;
  /** The same for all clients together. */
  readonly bytesPerSecond: number;
  readonly byteBurst: number;
  /** Requests of one client under way at a time. */
  readonly clientInFlight: number;
  /** Subscriptions of one client. */
  readonly clientSubscriptions: number;
  /** Bytes waiting for one reader. An answer that would exceed it is replaced by a short error. */
  readonly clientOutputBytes: number;
  /** Bytes waiting for one reader above which trace events are dropped, with a count. */
  readonly clientTraceBytes: number;
  /** Bytes waiting for all readers together; an answer that would exceed it is replaced by a short error. */
  readonly outputBytes: number;
  /** A reader that takes nothing of what waits for it for so long is cut off. */
  readonly stalledReaderMs: number;
  /** Lines of a connection that are no requests (garbage, too long, too deep) before it is cut off. */
  readonly violations: number;
  /** A connection that has asked nothing for so long and has no subscription is closed. */
  readonly idleMs: number;
  /** Calls waiting for the main loop. */
  readonly queuedCalls: number;
  /** Calls handed to the main loop and not answered. */
  readonly outstandingCalls: number;
  /** Share of the main loop's time that calls may take, and how much of it may be saved up. */
  readonly mainShare: number;
  readonly mainBurstMs: number;
  /** Time a turn of the event loop spends on calls before it lets others run. */
  readonly turnBudgetMs: number;
  /** A call that the main loop has not taken by then is withdrawn: it is answered with an error and not carried out. */
  readonly callDeadlineMs: number;
  /** The same read asked again within this time gets the same copy. */
  readonly shareMs: number;
  /** Bytes of one answer. */
  readonly resultBytes: number;
  /** Trace events are sent this often. */
  readonly traceBatchMs: number;
  /** Events in one batch; what is more is dropped with a count. */
  readonly traceBatchEvents: number;
}

export const CONTROL_LIMITS: ControlLimits = {
  clients: 256,
  lineBytes: 1 << 20,
  jsonDepth: 32,
  batchRequests: 64,
  clientRequestsPerSecond: 100,
  clientBurst: 200,
  requestsPerSecond: 500,
  burst: 500,
  clientBytesPerSecond: 2 << 20,
  clientByteBurst: 2 << 20,
  bytesPerSecond: 16 << 20,
  byteBurst: 16 << 20,
  clientInFlight: 16,
  clientSubscriptions: 4,
  clientOutputBytes: 2 << 20,
  clientTraceBytes: 256 << 10,
  outputBytes: 64 << 20,
  stalledReaderMs: 30_000,
  violations: 16,
  idleMs: 600_000,
  queuedCalls: 512,
  outstandingCalls: 16,
  mainShare: 0.01,
  mainBurstMs: 20,
  turnBudgetMs: 0.5,
  callDeadlineMs: 5_000,
  shareMs: 50,
  resultBytes: 4 << 20,
  traceBatchMs: 50,
  traceBatchEvents: 1_000,
};
