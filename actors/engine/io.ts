/**
 * What passes between the engine's tree and the world. The tree asks by effects and hears by inputs, and there is no other door: a live
 * run writes every input to its run log, and a replay gives the tree the same inputs and carries out no effect. So everything here is
 * plain JSON data, and nothing here is secret: keys stay with the host, listen keys and tokens are handles (`secret:7`).
 */
import type { StoreRow } from '../../data/store/index.js';

export type { StoreRow };

/** A product of the venue with origins, limits and an account of its own. */
export type VenueProduct = 'spot' | 'usdm' | 'options';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Effect `rest.send`: one HTTP request. The answer comes as a {@link RestAnswer} to `to`, exactly once, at the latest after `timeoutMs`. */
export interface RestRequest {
  /** Unique in the run. */
  readonly id: string;
  /** Path of the actor that is answered. */
  readonly to: string;
  readonly product: VenueProduct;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  /** In the order they are to be sent; `timestamp` and `recvWindow` are among them where the request is signed. The host adds the signature. */
  readonly params: Readonly<Record<string, string>>;
  readonly security: 'none' | 'key' | 'signed';
  readonly timeoutMs: number;
  /** Tape and run log up to this turn are written before the request leaves. */
  readonly flushFirst: boolean;
  /** Takes risk off: leaves also when nothing can be written any more. */
  readonly reducing?: boolean;
  /** The answer is a depth snapshot of this symbol index: it becomes records on the tape, and `body` only says `{lastUpdateId, levels}`. */
  readonly depthOf?: number;
}

/** Longest that a Retry-After is believed, s: the longest ban that the venue knows is three days, and one misread digit must not close a product for a year. */
export const LONGEST_RETRY_AFTER_S = 259_200;

/** What the headers of an answer say of the limits, by interval as the venue spells it (`1m`, `10s`). */
export interface LimitHeaders {
  readonly usedWeight: Readonly<Record<string, number>>;
  readonly orderCount: Readonly<Record<string, number>>;
  /** At most {@link LONGEST_RETRY_AFTER_S}. */
  readonly retryAfterS: number | null;
}

export type RestOutcome =
  | { readonly kind: 'answer'; readonly status: number; readonly headers: LimitHeaders; readonly body: Json }
  /** An answer came and is not what the venue speaks: HTML, half of it, too long, a redirect. `text` is its beginning. */
  | { readonly kind: 'malformed'; readonly status: number; readonly headers: LimitHeaders; readonly problem: string; readonly text: string }
  /** No answer. `sent: 'no'`: not a byte of it left; otherwise the venue may have got it. */
  | { readonly kind: 'failed'; readonly reason: 'timeout' | 'refused' | 'reset' | 'unreachable' | 'cancelled'; readonly sent: 'no' | 'maybe' };

export interface RestAnswer {
  readonly type: 'rest.answer';
  readonly id: string;
  /** Engine clock when the request left and when the answer was whole, µs. */
  readonly sentUs: number;
  readonly receivedUs: number;
  readonly outcome: RestOutcome;
}

/** Effect `socket.open`. A socket is opened once: every new connection is a new id. */
export interface SocketOpen {
  readonly socket: string;
  /** Path of the actor that hears of it. */
  readonly to: string;
  readonly product: VenueProduct;
  readonly face: 'ws' | 'wsApi';
  /** Path and query below the origin; may hold secret handles. */
  readonly path: string;
  /**
   * `market`: frames become records for tape and kernel; the actor hears pulses, and only frames that are no market data. `private`: every
   * frame is told.
   */
  readonly carries: 'market' | 'private';
  /** Least time between two pulses, ms. */
  readonly pulseEveryMs: number;
  readonly openTimeoutMs: number;
  /** Which of the product's origins: 0, the default, is the first; the others are where a second feed goes. Beyond the last: the last. */
  readonly origin?: number;
}
/** Effect `socket.send`. `text` may hold secret handles; `sign`: the host adds key, timestamp and signature to `params` (websocket API). */
export interface SocketSend {
  readonly socket: string;
  readonly body: Json;
  readonly sign?: boolean;
}
/** Effect `socket.close`. `socket.closed` follows all the same. */
export interface SocketClose {
  readonly socket: string;
  readonly reason: string;
  /** The line is taken for dead: it is cut without waiting for the other side. */
  readonly cut?: boolean;
}

/**
 * Effect `socket.probe`, of market sockets: a pulse follows, also when nothing has come, once what lies in the line has been read. A process that stood
 * still hears its timers before what came meanwhile.
 */
export interface SocketProbe {
  readonly socket: string;
}

export type SocketInput =
  | { readonly type: 'socket.opened'; readonly socket: string }
  /** The end of a socket, exactly once, also of one that never opened. */
  | { readonly type: 'socket.closed'; readonly socket: string; readonly code: number; readonly reason: string }
  | { readonly type: 'socket.frame'; readonly socket: string; readonly body: Json }
  /** A frame that is no JSON, too long or binary: its beginning. */
  | { readonly type: 'socket.malformed'; readonly socket: string; readonly problem: string; readonly text: string }
  /** Market data is coming: told at the first frame of each stream and then at most every `pulseEveryMs`. Counts since the socket opened. */
  | {
      readonly type: 'socket.pulse'; readonly socket: string; readonly frames: number; readonly records: number; readonly refused: number;
      /** Records that another connection, or this one, had brought already; holes in the venue's ids; quotes that differ between connections. */
      readonly duplicates: number; readonly gaps: number; readonly disagreements: number;
      /** Newest exchange stamp among them, µs, 0 for none. */
      readonly exchUs: number;
      /** Time from exchange stamp to arrival since the last pulse, µs: the worst, the mean, the median, the 99th percentile; 0 where nothing had a stamp. */
      readonly lagUs: number; readonly lagMeanUs: number; readonly lagP50Us: number; readonly lagP99Us: number;
      /** By stream name: engine clock of its last frame, µs. */
      readonly lastUs: Readonly<Record<string, number>>;
    };

/** Effect `store.write`. With `ack`, `store.flushed` comes to `to` once the rows, and all before them, are on the disk. */
export interface StoreWrite {
  readonly rows: readonly StoreRow[];
  readonly ack?: { readonly id: string; readonly to: string };
}
export type StoreInput =
  | { readonly type: 'store.flushed'; readonly id: string }
  /** Told once to everybody who waits and to `STORE_FAILURE_LISTENERS`: nothing will be written any more. */
  | { readonly type: 'store.failed'; readonly problem: string };

/** A command of an operator, as input to `/operator`; answered once by effect `command.answer`. */
export interface CommandInput {
  readonly type: 'command';
  /** Chosen by the client; the same id again is the same command. */
  readonly id: string;
  readonly verb: string;
  readonly args: { readonly [key: string]: Json };
  /** Who asked: user id and process of the socket's other end, as far as the system tells. */
  readonly issuer: string;
}
export interface CommandAnswer {
  readonly id: string;
  readonly ok: boolean;
  readonly answer: Json;
}

/** An input of the tree: the run log's one kind of entry besides the marks of the host. */
export interface EngineInput {
  readonly to: string;
  readonly message: RestAnswer | SocketInput | StoreInput | CommandInput | { readonly type: string };
}
