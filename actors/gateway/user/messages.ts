import type { SocketInput, VenueProduct } from '../../engine/io.js';
import type { VenueOutcome } from '../../engine/venue-calls.js';
import type { ClockOffset } from '../../feeds/messages.js';
import type { StreamSilent } from '../../truth/messages.js';
import type { SignerRefusal } from '../messages.js';

/** Asked, answers {@link UserStatus}. */
export interface UserStatusQuestion {
  readonly type: 'user.status';
}
export interface UserStatus {
  readonly product: VenueProduct;
  readonly live: boolean;
  /** Why it is as it is. */
  readonly reason: string;
  /** Engine clock of the last event of the account, and of the last frame at all, µs; 0 for none. */
  readonly lastEventUs: number;
  readonly lastFrameUs: number;
  readonly counts: UserCounts;
}
export interface UserCounts {
  readonly events: number;
  readonly reports: number;
  /** Not understood. */
  readonly bad: number;
  /** Of instruments that are none of this run's. */
  readonly foreign: number;
  /** Connections that became live. */
  readonly opened: number;
  /** Tries that did not. */
  readonly failed: number;
}

/** Timers of the actor. `socket`: of which connection; another one has come since when it is not the same. */
export type UserTimer =
  | { readonly type: 'user.retry' }
  | { readonly type: 'user.keepAlive' }
  | { readonly type: 'user.rollover' }
  | { readonly type: 'user.probe'; readonly socket: string }
  | { readonly type: 'user.silent'; readonly socket: string }
  | { readonly type: 'user.slow'; readonly attempt: number };

/** `stream.silent`: it is torn down and built anew, so `down` and `live` follow. */
export type UserMessage = SocketInput | VenueOutcome | SignerRefusal | ClockOffset | StreamSilent | UserStatusQuestion | UserTimer;
