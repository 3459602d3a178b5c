import type { VenueError } from '../../../actors/exchange/venue-error.js';

/** One request, by whichever face it came. */
export interface RequestFacts {
  readonly product: string;
  readonly face: 'rest' | 'wsApi';
  /** `POST /api/v3/order` or `order.place`. */
  readonly name: string;
  readonly account: string | undefined;
  readonly ip: string;
  /** Parameters as they were sent. */
  readonly values: ReadonlyMap<string, string>;
}

/** What becomes of a request. Times are of the venue's clock. */
export interface RequestFate {
  /** Wait before it is looked at, windows included: a slow way in. */
  readonly delayUs?: number;
  /** Wait before it is answered: a slow way back, after its effect. */
  readonly answerDelayUs?: number;
  /** False: it has no effect (needs `answer` or `cut`). True unless told otherwise, so an error with an effect is an unknown outcome. */
  readonly run?: boolean;
  /** Answered with this in place of the true answer. */
  readonly answer?: VenueError | { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> };
  /** Changes the text of the true answer, where it is no error. */
  readonly rewrite?: (text: string) => string;
  /** The connection is dropped: with no answer, or in the middle of it. */
  readonly cut?: 'before-answer' | 'mid-answer';
}

/** One message on its way out of a websocket. */
export interface MessageFacts {
  readonly product: string;
  readonly face: 'stream' | 'wsApi';
  /** `market`: a public stream; `user`: an account's events; `answer`: to a request or SUBSCRIBE; `notice`: serverShutdown and the like. */
  readonly kind: 'market' | 'user' | 'answer' | 'notice';
  /** The stream, the event type of a user event, or the method that is answered. */
  readonly name: string;
  readonly account: string | undefined;
  /** Of the connection, unique among those of its product. */
  readonly connection: number;
  /** The frame as it would go out; shared with other connections. */
  readonly frame: Buffer;
}

/** What becomes of a message; nothing given is delivered as it is. */
export interface MessageFate {
  readonly drop?: boolean;
  readonly delayUs?: number;
  /** What comes later on this connection stays behind it, as on a slow line; without it the delayed message is overtaken. */
  readonly inOrder?: boolean;
  /** How often it is sent in all; 1 unless told otherwise. */
  readonly copies?: number;
  /** The copies beyond the first come so much later; with it unless told otherwise. */
  readonly copiesAfterUs?: number;
  /** Sent in its place. */
  readonly frame?: Buffer;
  /** Held back until the next message of this connection has gone out. */
  readonly swapWithNext?: boolean;
  /** Half of its frame is sent, then the connection dropped. */
  readonly cut?: boolean;
}

/** A connection that asks to be opened. */
export interface ConnectionFacts {
  readonly product: string;
  readonly face: 'stream' | 'wsApi';
  readonly path: string;
  readonly ip: string;
}

export interface ConnectionFate {
  /** Refused with this HTTP status. */
  readonly refuse?: number;
  /** Accepted, but nothing is ever sent or answered, pings included. */
  readonly halfOpen?: boolean;
}

/** A fill of an order of an account. */
export interface FillFacts {
  readonly product: string;
  readonly symbol: string;
  readonly account: string;
}

/** Where troubles enter the faces. Each is asked once for each thing that happens; undefined leaves it alone. */
export interface Troubles {
  /** While true nothing else is asked: the common case costs one look. */
  readonly quiet: boolean;
  request(facts: RequestFacts): RequestFate | undefined;
  message(facts: MessageFacts): MessageFate | undefined;
  connection(facts: ConnectionFacts): ConnectionFate | undefined;
  /** An account's order has been filled, wholly or in part; told inside the engine's turn, so nothing may be done to the venue at once. */
  filled(facts: FillFacts): void;
  /** Added to the venue's time where stamps of requests are judged: a venue whose clock is off. */
  skewUs(product: string): number;
}

export const NO_TROUBLES: Troubles = {
  quiet: true,
  request: () => undefined,
  message: () => undefined,
  connection: () => undefined,
  filled: () => undefined,
  skewUs: () => 0,
};
