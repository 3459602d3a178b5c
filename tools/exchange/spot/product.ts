import { asset, formatAmount, mustParseAmount } from '../../../actors/exchange/ledger/index.js';
import type { Listing } from '../../../actors/exchange/listings.js';
import type { AsOf } from '../../../actors/exchange/rules.js';
import { spotSymbol, STP_MODES } from '../../../actors/exchange/spot/symbol.js';
import type { UserEventSink } from '../../../actors/exchange/spot/user-events.js';
import { SpotVenue, STANDARD_RATES } from '../../../actors/exchange/spot/venue.js';
import { clientStubs } from '../product/client-stubs.js';
import { EnginePort } from '../product/engine-port.js';
import { accountOf, keyStoreOf } from '../accounts/key-store.js';
import { MarketFeed } from '../market-data/feed.js';
import { Questions } from '../market-data/queries.js';
import { spotMarketData } from '../market-data/spot-endpoints.js';
import type { MakeProduct, Scene } from '../product/product.js';
import { venueEngine } from '../product/venue-engine.js';
import { ListenKeys, ProductServer, type RateLimit, type RateLimiter, SPOT_MANNERS } from '../web/index.js';
import { accountOperations } from './account-queries.js';
import { spotBooks } from './books.js';
import { exchangeInfoOperations } from './exchange-info.js';
import { userDataStreamEndpoints } from './old-user-stream.js';
import { actLaterOn, actOn, endpointsOf, methodsOf } from './operation.js';
import { tradingOperations } from './trading.js';

const FIRST_TRADE_ID = 5_200_000_000;
const FIRST_UPDATE_ID = 71_000_000_000;
const FIRST_ORDER_ID = 48_000_000_000;
const WS_API_PATH = '/ws-api/v3';

/** Binance Spot: its engine, REST, streams and websocket API on one port. */
export const spotProduct: MakeProduct = (scene) => {
  const engine = new EnginePort<SpotVenue>(scene.runtime, 'spot', scene.clock.speed);
  const feed = new MarketFeed('spot', scene);
  const { hub } = feed;
  const market = spotMarketData(new Questions(feed, engine), () => scene.clock.nowUs());
  const rateLimits = spotRateLimits(scene);
  let limits: RateLimiter | undefined;
  let opened: ProductServer | undefined;
  const act = actOn(engine);
  const operations = [
    ...tradingOperations(act, actLaterOn(engine), scene.asOf, () => limits!), ...accountOperations(act, scene.asOf, () => limits!), ...exchangeInfoOperations(engine, rateLimits, scene.asOf),
  ];
  const keys = keyStoreOf(scene.accounts, 'spot');
  const listenKeys = new ListenKeys(scene.clock, hub);
  const endpoints = [
    ...endpointsOf(operations), ...market.endpoints, ...userDataStreamEndpoints(listenKeys, scene.asOf),
    ...clientStubs({
      accounts: scene.accounts, nowMs: () => Math.floor(scene.clock.nowUs() / 1000),
      coins: (caller) => engine.ask((venue) => walletOf(venue, caller.account)),
    }),
  ];
  return {
    name: 'spot',
    engine: venueEngine<SpotVenue>(scene, 'spot', (nowUs) => {
      const venue = openVenue(scene, feed, nowUs, (account) => limits?.releaseOrders(account, 1));
      const reference = (index: number, atUs: number): string | null => {
        const mean = venue.markets[index]!.reference.mean(atUs);
        return mean === undefined ? null : formatAmount(mean);
      };
      return { venue, market: feed.open(nowUs, venue.markets.map(({ matcher }) => matcher), scene.asOf.holds('spotPriceRange') ? { reference } : {}) };
    }),
    open: async (port) => {
      const server = new ProductServer({
        product: 'spot', manners: SPOT_MANNERS, clock: scene.clock, keys, rateLimits, limitsEnforced: scene.limits === 'venue', endpoints,
        wsMethods: [...methodsOf(operations), ...market.wsMethods], wsApiPath: WS_API_PATH, hub, troubles: scene.troubles, onDefect: (error) => scene.onDefect('spot', error),
        asOf: scene.asOf,
      });
      limits = server.limits;
      opened = server;
      const origins = await server.listen({ port, host: scene.host, ...(scene.tls === null ? {} : { certificate: scene.tls }) });
      return { port: origins.port, close: () => server.close() };
    },
    server: () => opened,
    books: (limit) => engine.ask((venue) => spotBooks(venue, limit)),
    feed,
    ...(scene.asOf.holds('spotListenKeysGone') ? {} : { listenKeys }),
    crowd: () => feed.inside,
  };
};

/** A venue with the scene's symbols and accounts. An order's first fill takes it off its account's count of unfilled orders. */
function openVenue(scene: Scene, feed: MarketFeed, nowUs: number, onFirstFill: (account: string) => void): SpotVenue {
  const { hub } = feed;
  const events: UserEventSink = {
    wants: (account) => hub.hasUser(String(account)),
    event: (account, event) => hub.user(String(account), event.type, (unit) => event.text(unit)),
  };
  const venue = new SpotVenue({
    symbols: scene.listings.map((listing) => symbolOf(listing, scene.asOf)), asOf: scene.asOf, seed: scene.seed, events, firstUpdateId: FIRST_UPDATE_ID, firstTradeId: FIRST_TRADE_ID, firstOrderId: FIRST_ORDER_ID,
    trades: {
      trade: (market, trade) => {
        feed.traded(market.index, trade);
        const { taker, maker, lots } = trade;
        for (const order of [taker, maker]) {
          if (order === null) continue;
          if (order.filledLots === lots) onFirstFill(String(order.account));
          scene.troubles.filled({ product: 'spot', symbol: market.symbol.name, account: String(order.account) });
        }
      },
    },
  });
  for (const { id, balances, commissions, spotTerms } of scene.accounts.all) {
    const rates = commissions?.spot;
    venue.openAccount(id, rates === undefined ? STANDARD_RATES : { maker: mustParseAmount(rates.maker), taker: mustParseAmount(rates.taker) }, spotTerms === undefined ? {} : {
      tradeGroupId: spotTerms.tradeGroupId, maxAsset: new Map(Object.entries(spotTerms.maxAsset).map(([name, limit]) => [asset(name), mustParseAmount(limit)])),
    });
    for (const [name, value] of Object.entries(balances.spot)) venue.deposit(id, asset(name), mustParseAmount(value), nowUs);
  }
  return venue;
}

/** Takers trade within 30 % of the reference price: far enough for the market's crashes, near enough to stop an order that would sweep the book. */
const PRICE_RANGE = { bidLimitMultUp: '1.3000', bidLimitMultDown: '0.7000', askLimitMultUp: '1.3000', askLimitMultDown: '0.7000' } as const;

/** As the venue lists them: no symbol lets an account trade with itself. */
function symbolOf({ symbol, base, quote, spot }: Listing, asOf: AsOf): ReturnType<typeof spotSymbol> {
  return spotSymbol({
    symbol, base, quote, tickSize: spot.tickSize, stepSize: spot.lotSize, minNotional: spot.minNotional, allowedStp: STP_MODES.filter((mode) => mode !== 'NONE' && (mode !== 'TRANSFER' || asOf.holds('spotStpTransfer'))),
    priceRange: PRICE_RANGE,
  });
}

/** As exchangeInfo lists them: RAW_REQUESTS rose with the rule that orders weigh nothing. */
function spotRateLimits(scene: Scene): readonly RateLimit[] {
  return [
    { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 6000 },
    { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: 100 },
    { rateLimitType: 'ORDERS', interval: 'DAY', intervalNum: 1, limit: 200_000 },
    { rateLimitType: 'RAW_REQUESTS', interval: 'MINUTE', intervalNum: 5, limit: scene.asOf.holds('spotOrdersWeighNothing') ? 300_000 : 61_000 },
  ];
}

function walletOf(venue: SpotVenue, account: string): readonly { readonly coin: string; readonly free: string; readonly locked: string }[] {
  const id = accountOf(account);
  return venue.assets.map((coin) => ({ coin, free: formatAmount(venue.ledger.free(id, coin)), locked: formatAmount(venue.ledger.locked(id, coin)) }));
}
