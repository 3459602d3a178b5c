/** Takes a timer back; calling it again, or after it has fired, does nothing. */
export type CancelTimer = () => void;

/**
 * The venue's time as the faces need it, microseconds since the epoch. Windows, limits, pings and lifetimes are all measured on it, so a
 * venue at ten times the speed disconnects ten times as soon.
 */
export interface WebClock {
  /** Venue seconds in a second of the wall; 1 unless given. */
  readonly speed?: number;
  nowUs(): number;
  /** Calls `fire` once, `delayUs` of venue time from now. Timers keep no process alive. */
  after(delayUs: number, fire: () => void): CancelTimer;
}
