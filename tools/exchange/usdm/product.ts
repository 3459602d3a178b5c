import { ASK } from '../../../actors/exchange/book/index.js';
import { price } from '../../../actors/exchange/futures/contract.js';
import { formatUnits, FuturesDesk, futuresSymbol, FuturesVenue, type PublicSink } from '../../../actors/exchange/futures/usdm/index.js';
import { formatAmount } from '../../../actors/exchange/ledger/index.js';
import type { Listing } from '../../../actors/exchange/listings.js';
import { clientStubs } from '../product/client-stubs.js';
import { EnginePort } from '../product/engine-port.js';
import { accountOf, keyStoreOf } from '../accounts/key-store.js';
import { MarketFeed, type PerpetualFacts } from '../market-data/feed.js';
import { Questions } from '../market-data/queries.js';
import { usdmMarketData } from '../market-data/usdm-endpoints.js';
import type { MakeProduct, Scene } from '../product/product.js';
import { venueEngine } from '../product/venue-engine.js';
import { FUTURES_MANNERS, listenKeyEndpoints, listenKeyMethods, ListenKeys, ProductServer } from '../web/index.js';
import { accountFaces } from './account-endpoints.js';
import { usdmBooks } from './books.js';
import { exchangeInfoEndpoint, USDM_RATE_LIMITS } from './exchange-info.js';
import { orderFaces } from './order-endpoints.js';
import { UsdmPort } from './port.js';
import { userEvents } from './user-events.js';

const FIRST_TRADE_ID = 6_300_000_000;
const FIRST_UPDATE_ID = 4_100_000_000_000;
const WS_API_PATH = '/ws-fapi/v1';

/** Binance USD-M Futures: its engine, REST, streams and websocket API on one port. */
export const usdmProduct: MakeProduct = (scene) => {
  const engine = new EnginePort<FuturesVenue>(scene.runtime, 'usdm', scene.clock.speed);
  const feed = new MarketFeed('usdm', scene);
  const { hub } = feed;
  const port = new UsdmPort(engine);
  const market = usdmMarketData(new Questions(feed, engine), () => scene.clock.nowUs());
  const orders = orderFaces(port);
  const account = accountFaces(port, USDM_RATE_LIMITS);
  const listenKeys = new ListenKeys(scene.clock, hub);
  const keys = keyStoreOf(scene.accounts, 'futures');
  let opened: ProductServer | undefined;
  const endpoints = [
    ...orders.endpoints, ...account.endpoints, exchangeInfoEndpoint(port), ...market.endpoints, ...listenKeyEndpoints('/fapi/v1/listenKey', listenKeys),
    ...clientStubs({
      accounts: scene.accounts, nowMs: () => Math.floor(scene.clock.nowUs() / 1000),
      coins: (caller) => engine.ask((venue) => walletOf(venue, caller.account)),
    }),
  ];
  return {
    name: 'usdm',
    engine: venueEngine<FuturesVenue>(scene, 'usdm', (nowUs) => {
      const venue = openVenue(scene, feed, nowUs);
      const desks = [...venue.markets.values()].map((each) => new FuturesDesk(venue, each));
      return { venue, market: feed.open(nowUs, desks, { perpetual: factsOf(venue, scene.listings) }) };
    }),
    open: async (wanted) => {
      const server = new ProductServer({
        product: 'usdm', manners: FUTURES_MANNERS, clock: scene.clock, keys, rateLimits: USDM_RATE_LIMITS, limitsEnforced: scene.limits === 'venue', endpoints,
        wsMethods: [...orders.wsMethods, ...account.wsMethods, ...listenKeyMethods(listenKeys), ...market.wsMethods], wsApiPath: WS_API_PATH, hub, troubles: scene.troubles,
        onDefect: (error) => scene.onDefect('usdm', error),
        asOf: scene.asOf,
      });
      opened = server;
      const origins = await server.listen({ port: wanted, host: scene.host, ...(scene.tls === null ? {} : { certificate: scene.tls }) });
      return { port: origins.port, close: () => server.close() };
    },
    server: () => opened,
    listenKeys,
    books: (limit) => engine.ask((venue) => usdmBooks(venue, limit)),
    feed,
    crowd: () => feed.inside,
  };
};

/** A venue with the scene's symbols and accounts, that tells the feed and the user streams what happens. */
function openVenue(scene: Scene, feed: MarketFeed, nowUs: number): FuturesVenue {
  const indexOf = new Map(scene.listings.map(({ symbol }, index) => [symbol, index]));
  const venue = new FuturesVenue(
    {
      symbols: scene.listings.map((listing) => ({ spec: specOf(listing), startPrice: listing.startPrice.toFixed(8) })),
      users: userEvents(feed.hub), publicSink: publicSink(feed, indexOf, scene), asOf: scene.asOf, firstTradeId: FIRST_TRADE_ID, firstUpdateId: FIRST_UPDATE_ID,
    },
    nowUs,
  );
  for (const { id, balances, commissions } of scene.accounts.all) venue.openAccount(id, balances.usdm, commissions?.usdm);
  return venue;
}

function specOf({ symbol, base, quote, usdm }: Listing): ReturnType<typeof futuresSymbol> {
  return futuresSymbol({ symbol, base, quote, tickSize: usdm.tickSize, stepSize: usdm.lotSize, minNotional: usdm.minNotional });
}

function publicSink(feed: MarketFeed, indexOf: ReadonlyMap<string, number>, { troubles }: Scene): PublicSink {
  const at = (symbol: string): number => indexOf.get(symbol)!;
  return {
    traded: ({ symbol }, trade) => {
      feed.traded(at(symbol.name), trade);
      for (const order of [trade.taker, trade.maker]) if (order !== null) troubles.filled({ product: 'usdm', symbol: symbol.name, account: String(order.owner) });
    },
    deleveraged: ({ symbol }, trade) => feed.traded(at(symbol.name), trade, false),
    liquidated: ({ symbol }, order, atUs) => {
      const averageTicks = order.filledLots === 0 ? order.ticks : order.filledTickLots / order.filledLots;
      feed.forced(at(symbol.name), {
        side: order.side === ASK ? 'SELL' : 'BUY', lots: order.lots, lastLots: order.filledLots, ticks: order.ticks, averageTicks, status: order.filledLots === order.lots ? 'FILLED' : 'EXPIRED', atUs,
      });
    },
    funded: ({ symbol, markPrice }, rate, atUs) => feed.funded({ symbol: symbol.name, rate: formatAmount(rate), atUs, markPrice: formatUnits(markPrice, 8) }),
  };
}

/** Prices come as doubles; 10^-8 of them is far below a tick. */
const priceOf = (value: number): ReturnType<typeof price> => price(BigInt(Math.round(value * 1e8)));

function factsOf(venue: FuturesVenue, listings: readonly Listing[]): PerpetualFacts {
  const marketOf = (index: number): ReturnType<FuturesVenue['core']['market']> => venue.core.market(listings[index]!.symbol);
  return {
    funding: (index) => {
      const found = marketOf(index);
      return { rate: formatAmount(found.fundingRate()), nextUs: found.nextFundingUs };
    },
    openInterest: (index) => marketOf(index).symbol.formatLots(venue.openInterest(listings[index]!.symbol)),
    setPrices: (index, mark, indexPrice, nowUs) => venue.setPrices(listings[index]!.symbol, priceOf(mark), priceOf(indexPrice), nowUs),
  };
}

function walletOf(venue: FuturesVenue, name: string): readonly { readonly coin: string; readonly free: string; readonly locked: string }[] {
  const id = accountOf(name);
  return [...venue.core.marginAssets()].map((coin) => ({ coin, free: formatAmount(venue.ledger.free(id, coin)), locked: formatAmount(venue.ledger.locked(id, coin)) }));
}
