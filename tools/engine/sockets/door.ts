import type { EngineInput, Json, VenueProduct } from '../../../actors/engine/io.js';
import type { Instrument } from '../../../data/records/index.js';

/** What the sockets need of the engine; see EngineDoor, which is one. */
export interface SocketDoor {
  /** Engine clock, µs, and how many of its seconds pass in one of the wall's. */
  readonly clock: { readonly speed: number; nowUs(): number };
  readonly instruments: readonly Instrument[];
  give(input: EngineInput): void;
  /** Whole messages with receive stamps; the memory may be used again afterwards. */
  records(batch: { readonly F: Float64Array; readonly I: Int32Array }, from: number, to: number): void;
}

/** Websocket origins of a product: the first is where feeds go, the others are for second feeds. `wsApi` has its path. */
export interface SocketOrigins {
  readonly ws: readonly string[];
  readonly wsApi: readonly string[];
}
export type SocketAddresses = Readonly<Record<VenueProduct, SocketOrigins>>;

/** Where secrets are kept. What passes to the tree has handles in their place, what passes to the venue has them. */
export interface SecretDesk {
  /** Puts secrets in the place of the handles in an address or a frame. */
  reveal(text: string): string;
  /** Puts handles in the place of the secrets that are known. */
  hide(text: string): string;
  /** Adds key, timestamp and signature to the `params` of a websocket API request. */
  sign(product: VenueProduct, body: Json): Json;
}

/** For who has no secrets: paper, and tests of market data. */
export const NO_SECRETS: SecretDesk = { reveal: (text) => text, hide: (text) => text, sign: (_product, body) => body };
