/** States and kinds of a cell as small integers; the order matters, see each comment. */

/** A cell with a state up to `draining` takes and handles messages. */
export const CellState = {
  running: 0,
  /** `init` is on the stack, or has said that the start goes on; or the children of a supervisor are being started. */
  starting: 1,
  /** Asked to stop, and its stop hook wants a last exchange. */
  draining: 2,
  /** This incarnation ended; the supervisor will start the next one. */
  down: 3,
  /** Waiting for its children to stop. */
  stopping: 4,
  /** No incarnation; the child specification is kept. */
  stopped: 5,
  /** Left the tree; the path is free. */
  gone: 6,
} as const;
export type CellState = (typeof CellState)[keyof typeof CellState];

export const CellKind = { worker: 0, supervisor: 1, dynamic: 2 } as const;
export type CellKind = (typeof CellKind)[keyof typeof CellKind];

/** How a cell is brought down. */
export const StopMode = {
  /** For good: stop hooks run, nothing comes back. */
  final: 0,
  /** As a bystander of a restart: what can keep its state keeps it, and the address stays. */
  retain: 1,
  /** Fence: no user code runs. */
  kill: 2,
} as const;
export type StopMode = (typeof StopMode)[keyof typeof StopMode];
