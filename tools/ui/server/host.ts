import type { z } from 'zod';
import type { Sources } from '../sources/index.js';

/** A refusal with its HTTP status and one sentence that says the way out. Its text goes to the page. */
export class UiError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = 'UiError';
    this.status = status;
  }
}

/** `latest`: a page that reads slowly gets only the newest value. `all`: values queue up to a bound, then some are dropped and counted. */
export type TopicMode = 'latest' | 'all';

/** Stops a topic; called once, when its page is gone or has had enough. */
export type StopTopic = () => void;

/** Where a part of the window (tools/ui/parts/) plugs in. Whoever gets through here has shown the token. */
export interface UiHost {
  readonly sources: Sources;
  /**
   * `GET /api/<path>`. `schema` parses the query, whose values are all strings. The answer is sent as JSON, or as bytes when it is a
   * Uint8Array. `signal` aborts when the page has gone. Throws UiError for a refusal.
   */
  query<Q>(path: string, schema: z.ZodType<Q>, answer: (query: Q, signal: AbortSignal) => unknown): void;
  /** `GET /api/<path>` whose answer is a file to keep: text in pieces, which wait for the reader. */
  download<Q>(path: string, schema: z.ZodType<Q>, answer: (query: Q, signal: AbortSignal) => Promise<Download> | Download): void;
  /**
   * `POST /api/<path>` with `{confirm, …body}`: changes something, so it also needs the action token, and `confirm` must be what
   * `phrase` says of the body. Throws UiError for a refusal.
   */
  action<B>(path: string, schema: z.ZodType<B>, phrase: (body: B) => string | Promise<string>, carryOut: (body: B) => unknown): void;
  /** A topic of the websocket. `push` may be called at any rate; what was pushed is not changed afterwards: it is written once for all pages that are pushed the same object. */
  topic<P>(name: string, schema: z.ZodType<P>, mode: TopicMode, start: (params: P, push: (value: unknown) => void) => StopTopic | Promise<StopTopic>): void;
  /** Called once when the server closes: let go of what the part holds. */
  onClose(close: () => void | Promise<void>): void;
}

export interface Download {
  readonly name: string;
  /** Such as `text/csv`; the text is UTF-8. */
  readonly type: string;
  readonly pieces: AsyncIterable<string> | Iterable<string>;
}

/** One part of the window: its queries, actions and topics. */
export type UiPart = (host: UiHost) => void;
