import type { StoppableMarket } from '../../../actors/exchange/engine.js';
import type { Listing } from '../../../actors/exchange/listings.js';
import type { AsOf } from '../../../actors/exchange/rules.js';
import type { ScenarioName } from '../../../actors/generator/scenario.js';
import type { ChildSpec, Runtime } from '../../../runtime/index.js';
import type { Accounts } from '../accounts/accounts.js';
import type { MarketFeed } from '../market-data/feed.js';
import type { ExchangeTape } from '../tape-source.js';
import type { VenueClock } from '../venue-clock.js';
import type { ListenKeys, ProductServer } from '../web/index.js';
import type { Troubles } from '../web/troubles.js';

export type ProductName = 'spot' | 'usdm' | 'options' | 'deribit';

/** What every product of the exchange is made of and works with. */
export interface Scene {
  readonly runtime: Runtime;
  readonly clock: VenueClock;
  readonly accounts: Accounts;
  readonly listings: readonly Listing[];
  readonly seed: number;
  /** What the market does from the start. */
  readonly scenario: ScenarioName;
  /** What is played in the place of a crowd; null = nothing is. */
  readonly tape: ExchangeTape | null;
  /** Whether weights, order counts and connection limits are enforced. */
  readonly limits: 'venue' | 'off';
  readonly asOf: AsOf;
  readonly troubles: Troubles;
  /** Address to bind to, and certificate to serve with; null = plain text. */
  readonly host: string;
  readonly tls: { readonly key: string; readonly cert: string } | null;
  /** Least time between two looks at the market, in venue time; for EngineInput. */
  readonly sliceUs: number;
  /** A defect that harmed one request or connection: for the log. */
  onDefect(product: ProductName, error: unknown): void;
}

/** A face that listens. */
export interface OpenFace {
  readonly port: number;
  /** Cuts every connection and frees the port. */
  close(): Promise<void>;
}

/** One product, to be mounted under `/name`. */
export interface Product {
  readonly name: ProductName;
  /** The actor `engine`, most often by venueEngine(). */
  readonly engine: ChildSpec;
  /** Opens its one port, REST and websockets together; 0 = any free one. Called again when the face is restarted. */
  open(port: number): Promise<OpenFace>;
  /** The venue's own truth, as plain data: accounts, positions, orders, fills, sums by asset. At most `limit` orders and fills, the newest. */
  books(limit: number): Promise<unknown>;
  /** The server of its open face, for whoever makes trouble; undefined while it is closed. */
  server?(): ProductServer | undefined;
  /** The listenKeys of its user streams, where it has them. */
  readonly listenKeys?: ListenKeys;
  /** Its public market, where it has one. */
  readonly feed?: MarketFeed;
  /** For a crowd without a feed: makes its market another one, in a turn of the engine. */
  readonly startScenario?: (name: ScenarioName, nowUs: number) => void;
  /** What trades in it by itself, to be stopped in a turn of the engine; undefined until the engine is open. */
  crowd(): StoppableMarket | undefined;
  /** For derivatives on what spot trades: told spot's price of every base once a second, in a turn of the engine. */
  readonly follow?: (prices: ReadonlyMap<string, number>) => void;
}

export type MakeProduct = (scene: Scene) => Product;

/** Where a product's engine is found. */
export const enginePath = (name: ProductName): string => `/${name}/engine`;
