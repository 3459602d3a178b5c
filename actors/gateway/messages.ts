/** What passes between the actors that speak to the venue: gateway, signer, limits, breakers, user streams. */
import type { LimitHeaders, RestRequest, SocketSend, VenueProduct } from '../engine/io.js';
import type { VenueLimit } from '../engine/venue-rules.js';
import type { CallClass } from '../engine/venue-calls.js';

/** What the venue says a key may do (`/sapi/v1/account/apiRestrictions`). */
export interface KeyRights {
  readonly reads: boolean;
  readonly withdraws: boolean;
  readonly tradesSpot: boolean;
  readonly tradesUsdm: boolean;
  readonly tradesOptions: boolean;
  readonly ipRestricted: boolean;
}

/** To `SIGNER_PATH`: a request that needs the key. */
export interface SignedSend {
  readonly type: 'signer.send';
  readonly request: RestRequest;
}
/** To `SIGNER_PATH`: a message of the websocket API that needs the key. `replyTo` hears {@link SignerRefusal} with the socket as its id. */
export interface SignedSocketSend {
  readonly type: 'signer.socket';
  readonly send: SocketSend;
  readonly replyTo: string;
}
/** To the gateway, or who sent to a socket: not a byte of it left. */
export interface SignerRefusal {
  readonly type: 'signer.refused';
  readonly id: string;
  readonly reason: string;
}

/** To a breaker, by ask: may a call of its class go? Answered with {@link BreakerPermit}. */
export interface BreakerQuestion {
  readonly type: 'breaker.permit';
  readonly reducing: boolean;
}
export type BreakerPermit =
  | { readonly allowed: true; readonly probe: boolean }
  | { readonly allowed: false; readonly reason: string };
/** To a breaker: how a call ended that it permitted. A refusal by the venue's rules is no failure. `unsent`: it never went. */
export interface BreakerResult {
  readonly type: 'breaker.result';
  readonly result: 'ok' | 'failed' | 'unsent';
  readonly probe: boolean;
  readonly cause: string;
}

/** To `LIMITS_PATH`, by ask: may a request of this cost go? Answered with {@link LimitsPermit}; what is allowed is taken off. */
export interface LimitsQuestion {
  readonly type: 'limits.permit';
  readonly product: VenueProduct;
  readonly weight: number;
  readonly orders: number;
  readonly reducing: boolean;
}
export type LimitsPermit =
  | { readonly kind: 'go' }
  /** Ask again at this engine time, µs. */
  | { readonly kind: 'wait'; readonly untilUs: number; readonly reason: string }
  | { readonly kind: 'never'; readonly reason: string };
/** To `LIMITS_PATH`: what an answer said. `status` 0: nothing came. */
export interface LimitsReport {
  readonly type: 'limits.report';
  readonly product: VenueProduct;
  readonly status: number;
  /** The venue's code where it gave one. */
  readonly code: number;
  readonly headers: LimitHeaders;
}
/** To `LIMITS_PATH`: the limits as the venue states them. */
export interface LimitsStated {
  readonly type: 'limits.stated';
  readonly product: VenueProduct;
  readonly limits: readonly VenueLimit[];
}
/** To `LIMITS_PATH`, by an operator: goes on although the venue has banned us or said to wait. */
export interface LimitsRelease {
  readonly type: 'limits.release';
  readonly product: VenueProduct;
}

/** To `GATEWAY_PATH`, by an operator: the key was seen to, whatever the venue said of it. */
export interface KeyRelease {
  readonly type: 'gateway.keyRelease';
  readonly product: VenueProduct;
}

export const CALL_CLASSES: readonly CallClass[] = ['order', 'cancel', 'account', 'market', 'session'];

/** To `CLOCK_PATH`: the venue says that our clock is off. A `ClockOffset` of the product follows on its topic. */
export interface ClockMeasure {
  readonly type: 'clock.measure';
  readonly product: VenueProduct;
}
