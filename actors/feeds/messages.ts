/** What feeds tell each other and whoever asks how they are. */
import type { StreamClass } from '../../config/engine/feeds.js';
import type { BookStateName } from '../market/messages.js';
import type { VenueProduct } from '../engine/io.js';

/** Where feeds and books tell how they are, and where `feeds.health` is asked. */
export const HEALTH_PATH = '/feeds/health';
/** Topic of {@link ClockOffset}. */
export const CLOCK_TOPIC = 'venue.clock';

/** connecting → open → (stale →) closing → back-off → connecting; `open` includes that a successor is being opened. */
export type FeedPhase = 'connecting' | 'open' | 'stale' | 'closing' | 'backoff';

/** All streams of a connection have begun to come, or one of them no longer does. To the listeners of a feed. */
export interface FeedEdge {
  readonly type: 'feed.edge';
  /** Path of the feed. */
  readonly feed: string;
  readonly product: VenueProduct;
  readonly class: StreamClass;
  readonly symbols: readonly number[];
  readonly up: boolean;
  readonly reason: string;
  readonly atUs: number;
}

/** How a feed is, about once a second and at every change. Latencies are corrected by the clock offset. */
export interface FeedReport {
  readonly type: 'feed.report';
  readonly feed: string;
  readonly product: VenueProduct;
  readonly class: StreamClass;
  readonly copy: number;
  readonly symbols: readonly number[];
  readonly phase: FeedPhase;
  readonly up: boolean;
  readonly reason: string;
  readonly origin: number;
  readonly streams: readonly { readonly name: string; readonly lastUs: number }[];
  readonly framesPerSecond: number;
  readonly recordsPerSecond: number;
  /** NaN would not be JSON: null before anything came with a stamp. */
  readonly latencyMs: { readonly mean: number; readonly p50: number; readonly p99: number; readonly worst: number } | null;
  /** Since the feed was started. */
  readonly connects: number;
  readonly reconnects: number;
  readonly rollovers: number;
  readonly frames: number;
  readonly refused: number;
  readonly duplicates: number;
  readonly gaps: number;
  readonly disagreements: number;
  /** Failed attempts in a row. */
  readonly attempts: number;
  readonly attention: boolean;
  readonly atUs: number;
}

export interface BookReport {
  readonly symbol: number;
  readonly name: string;
  readonly state: BookStateName;
  /** Engine clock of the last snapshot that was asked for and came, µs; 0 for none. */
  readonly snapshotUs: number;
  readonly snapshotId: number;
  readonly snapshots: number;
  /** How often it fell out of step, and requests that did not help. */
  readonly breaks: number;
  readonly failures: number;
  readonly sinceUs: number;
}

export interface BooksReport {
  readonly type: 'books.report';
  readonly product: VenueProduct;
  readonly books: readonly BookReport[];
  readonly atUs: number;
}

/** The venue's clock minus the engine's, measured; on {@link CLOCK_TOPIC}. */
export interface ClockOffset {
  readonly type: 'clock.offset';
  readonly product: VenueProduct;
  /** Add it to the engine's clock to have the venue's, µs. */
  readonly offsetUs: number;
  /** Half of the quickest round trip, or the spread of the samples if that is more: it is right to this, µs. */
  readonly uncertaintyUs: number;
  /** Median round trip, µs. */
  readonly roundTripUs: number;
  readonly samples: number;
  readonly atUs: number;
}

/** Asked of {@link HEALTH_PATH}. */
export interface HealthQuery {
  readonly type: 'feeds.health';
}
export interface FeedsHealth {
  readonly ok: boolean;
  /** Why not, a line each. */
  readonly problems: readonly string[];
  readonly feeds: readonly (FeedReport & { readonly lastMessageAgeMs: number | null })[];
  readonly books: readonly (BookReport & { readonly product: VenueProduct; readonly snapshotAgeMs: number | null })[];
  readonly clocks: readonly ClockOffset[];
  /** Symbols that are paused because a stream that they need does not come. */
  readonly paused: readonly number[];
  readonly atUs: number;
}
