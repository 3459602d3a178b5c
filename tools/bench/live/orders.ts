/** What a feeder is told to send. Frames are numbered on from what it sent before. */
export type Load =
  /** `rate` frames a second for `seconds`, in writes of `burst` frames (1: whatever is due when the feeder looks). */
  | { readonly kind: 'paced'; readonly rate: number; readonly burst: number; readonly seconds: number }
  /** `frames` frames as fast as the socket takes them, `perWrite` in a write. */
  | { readonly kind: 'saturate'; readonly frames: number; readonly perWrite: number };

/** To the feeder. */
export interface FeederOrder {
  readonly load: Load;
  /** Added to the monotonic clock for a stamp. */
  readonly baseUs: number;
}

/** A load was sent: every frame of it was written to the socket. */
export interface Sent {
  /** Frames [from, to) in the feeder's count. */
  readonly from: number;
  readonly to: number;
  /** Stamp of the beginning; frame `from + k` of a paced load was due k / rate later. */
  readonly beginUs: number;
  readonly seconds: number;
  /** Latest that a paced frame was written after it was due. */
  readonly latestMs: number;
  /** How often the socket had to be waited for. */
  readonly waits: number;
}

/** From the feeder. */
export type FeederReport = { readonly type: 'listening'; readonly port: number } | ({ readonly type: 'sent' } & Sent);
