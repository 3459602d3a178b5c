import type { ApiKey, Permission } from './auth/keys.js';
import type { Params } from './params.js';
import type { WsSession } from './socket/session.js';

/** `key`: the API key alone (listenKeys); `signed`: key, signature and timestamp. */
export type Security = 'none' | 'key' | 'signed';
export type TimeUnit = 'ms' | 'us';

/** Who asks, and by which way. */
export interface Caller {
  /** Empty for endpoints of security `none`. */
  readonly account: string;
  readonly key: ApiKey | undefined;
  readonly ip: string;
  /** Venue time at which the request was received. */
  readonly receivedUs: number;
  /** How stamps in the answer are to be written: `stamp(us)` does it. */
  readonly timeUnit: TimeUnit;
  readonly face: 'rest' | 'wsApi';
  /** The websocket API connection; undefined on REST. */
  readonly session: WsSession | undefined;
  /** A stamp of an answer: whole milliseconds, or microseconds where the client asked for them. */
  stamp(us: number): number;
  /** The second look at the window, just before the matching engine; throws -1021. Nothing to do for unsigned requests. */
  checkWindow(): void;
}

/** JSON that is already text, for answers whose text is made by hand or kept. */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** An answer that comes later by a callback: what a promise would do, without its cost. */
export class Later {
  /** Begins the work; exactly one of the two is called, once. */
  readonly begin: (done: (value: unknown) => void, refused: (error: unknown) => void) => void;

  constructor(begin: Later['begin']) {
    this.begin = begin;
  }
}

export interface RequestRule {
  readonly security: Security;
  /** What the key must be allowed; only with `key` and `signed`. */
  readonly permission?: Permission;
  /** Weight on the IP, or what it comes to with these parameters. */
  readonly weight: number | ((params: Params) => number);
  /** Orders that it places, counted on the account's order limits; given back when it is refused. */
  readonly orders?: number | ((params: Params) => number);
  /** Weighs nothing when it succeeds (spot's order requests since 2026-04-02). */
  readonly freeOnSuccess?: boolean;
  /**
   * Does it. What it returns, or what a promise or a {@link Later} gives, is the answer (JsonText as it is, anything else through JSON.stringify); a VenueError thrown is the venue's
   * refusal; anything else thrown is a defect, answered -1000 and told to `onDefect`. Read every parameter, then call `params.end()`,
   * and only then act.
   */
  handle(params: Params, caller: Caller): unknown;
}

export interface Endpoint extends RequestRule {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
}

/** A method of the websocket API. Its answer is the `result`. */
export interface WsMethod extends RequestRule {
  readonly method: string;
}
