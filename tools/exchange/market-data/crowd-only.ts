import { OrderBook } from '../../../actors/exchange/book/index.js';
import { engineBehaviour, type Venue } from '../../../actors/exchange/engine.js';
import { Matcher, type ClientOrder, type MatchSink } from '../../../actors/exchange/matching/index.js';
import { worker } from '../../../runtime/index.js';
import { EnginePort } from '../engine-port.js';
import { ENGINE_MAILBOX, type Product, type Scene } from '../product.js';
import { FUTURES_MANNERS, KeyStore, ProductServer, SPOT_MANNERS } from '../web/index.js';
import { MarketFeed, type PerpetualFacts } from './feed.js';
import { Questions } from './queries.js';
import { spotMarketData } from './spot-endpoints.js';
import { usdmMarketData } from './usdm-endpoints.js';

const IDLE: Venue = { nextUs: Infinity, advance: () => undefined };
const FIRST_TRADE_ID = 5_200_000_000;
const FIRST_UPDATE_ID = 4_100_000_000_000;
const HOURS_8_US = 8 * 3600e6;

/** Spot or USD-M with public market data only, until its venue takes orders. */
export function crowdOnly(product: 'spot' | 'usdm', scene: Scene): Product {
  const feed = new MarketFeed(product, scene);
  const engine = new EnginePort<Venue>(scene.runtime, product, scene.clock.speed);
  const questions = new Questions(feed, engine);
  const clockUs = (): number => scene.clock.nowUs();
  const { endpoints, wsMethods } = product === 'spot' ? spotMarketData(questions, clockUs) : usdmMarketData(questions, clockUs);
  const prefix = product === 'spot' ? '/api/v3' : '/fapi/v1';
  const facts: PerpetualFacts = {
    funding: () => ({ rate: '0.00010000', nextUs: (Math.floor(clockUs() / HOURS_8_US) + 1) * HOURS_8_US }), openInterest: () => '0', setPrices: () => undefined,
  };
  return {
    name: product,
    engine: worker({
      id: 'engine', behaviour: engineBehaviour(`${product}-engine`), mailbox: ENGINE_MAILBOX,
      input: {
        sliceUs: scene.sliceUs,
        open: (nowUs: number) => {
          const desks = scene.listings.map((_listing, index) => new Matcher({
            book: new OrderBook({ firstUpdateId: FIRST_UPDATE_ID }), firstTradeId: FIRST_TRADE_ID, sink: crowdSink((trade) => feed.traded(index, trade)),
          }));
          return { venue: IDLE, market: feed.open(nowUs, desks, product === 'usdm' ? facts : undefined) };
        },
      },
    }),
    open: async (port) => {
      const server = new ProductServer({
        product, manners: product === 'spot' ? SPOT_MANNERS : FUTURES_MANNERS, clock: scene.clock, keys: new KeyStore(), rateLimits: [], limitsEnforced: scene.limits === 'venue',
        endpoints: [...endpoints, { security: 'none', method: 'GET', path: `${prefix}/exchangeInfo`, weight: 1, handle: () => ({ timezone: 'UTC', serverTime: Math.floor(clockUs() / 1000), rateLimits: [], exchangeFilters: [], symbols: [] }) }],
        wsMethods, wsApiPath: product === 'spot' ? '/ws-api/v3' : '/ws-fapi/v1', hub: feed.hub, troubles: scene.troubles, onDefect: (error) => scene.onDefect(product, error),
      });
      const origins = await server.listen({ port, host: scene.host, ...(scene.tls === null ? {} : { certificate: scene.tls }) });
      return { port: origins.port, close: () => server.close() };
    },
    books: () => Promise.resolve({ accounts: [], positions: [], orders: [], fills: [], sums: {} }),
    feed,
  };
}

/** Nobody but the crowd trades: only trades are told. */
function crowdSink(onTrade: MatchSink<ClientOrder>['onTrade']): MatchSink<ClientOrder> {
  const nothing = (): void => undefined;
  return { onAccepted: nothing, onRefused: nothing, onTrade, onCanceled: nothing, onExpired: nothing, onTriggered: nothing, onAmended: nothing, onPrevented: nothing };
}
