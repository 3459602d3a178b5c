import { DeribitMarket } from '../../../actors/exchange/deribit/market.js';
import { DeribitVenue } from '../../../actors/exchange/deribit/venue.js';
import { EnginePort } from '../product/engine-port.js';
import type { MakeProduct, OpenFace } from '../product/product.js';
import { venueEngine } from '../product/venue-engine.js';
import { FUTURES_MANNERS, KeyStore, type ProductManners, ProductServer } from '../web/index.js';
import { deribitBooks } from './books.js';
import { ChannelHub } from './channel-hub.js';
import { DeribitFace } from './face.js';
import { DeribitSocket } from './socket.js';

const SOCKET_PATH = '/ws/api/v2';
const MOST_CONNECTIONS_AN_IP = 32;
const RATE = 0.5;
/** The platform has heartbeats of its own and no day after which a websocket ends. */
const DECADE_US = 3650 * 86_400e6;
const MANNERS: ProductManners = { ...FUTURES_MANNERS, unknownPath: 'html', wsApi: { ...FUTURES_MANNERS.wsApi, lifetimeUs: DECADE_US, shutdownNoticeUs: 0 } };

/** Deribit: JSON-RPC over HTTP at `/api/v2/<method>` and over a websocket at `/ws/api/v2`. */
export const deribitProduct: MakeProduct = (scene) => {
  const { runtime, clock, accounts, listings, seed } = scene;
  const bases = listings.filter(({ base }) => base === 'BTC' || base === 'ETH');
  const hub = new ChannelHub();
  const port = new EnginePort<DeribitVenue>(runtime, 'deribit', clock.speed);
  let opened = 0;
  let served: ProductServer | undefined;
  let market: DeribitMarket | undefined;
  return {
    name: 'deribit',
    engine: venueEngine<DeribitVenue>(scene, 'deribit', (nowUs) => {
      // A restarted engine knows of no subscription: its clients connect again, as after a restart of the platform.
      if (opened++ > 0) hub.reset((listener) => { if (listener instanceof DeribitSocket) listener.lost(); });
      const venue = new DeribitVenue({
        nowUs, indices: new Map(bases.map(({ base, startPrice }) => [base, startPrice])), publish: (key, channel, data) => hub.publish(key, channel, data),
        accounts: accounts.all.map(({ id, name, balances }) => ({ id, name, balances: new Map(Object.entries(balances.deribit)) })),
      });
      market = new DeribitMarket({
        venue, scenario: scene.scenario, seed, rate: RATE, startUs: nowUs, profiles: new Map(bases.map(({ base, profile }) => [base, profile])),
      });
      return { venue, market };
    }),
    open: async (wanted) => {
      const face = new DeribitFace(scene, port, hub);
      const byIp = new Map<string, number>();
      const server = new ProductServer({
        product: 'deribit', manners: MANNERS, clock, keys: new KeyStore(), rateLimits: [], limitsEnforced: scene.limits === 'venue', troubles: scene.troubles,
        onDefect: (error) => scene.onDefect('deribit', error),
        fallback: (request) => face.http(request),
        sockets: {
          [SOCKET_PATH]: (connection) => {
            const { ip } = connection;
            const now = (byIp.get(ip) ?? 0) + 1;
            byIp.set(ip, now);
            if (scene.limits === 'venue' && now > MOST_CONNECTIONS_AN_IP) setImmediate(() => connection.close(1008, 'too many connections'));
            return new DeribitSocket(face, connection, () => byIp.set(ip, (byIp.get(ip) ?? 1) - 1));
          },
        },
      });
      served = server;
      const origins = await server.listen({ port: wanted, host: scene.host, ...(scene.tls === null ? {} : { certificate: scene.tls }) });
      const open: OpenFace = { port: origins.port, close: () => server.close() };
      return open;
    },
    follow: (prices) => market?.follow(prices),
    startScenario: (name, nowUs) => market?.startScenario(name, nowUs),
    crowd: () => market,
    server: () => served,
    books: (limit) => port.ask((venue) => deribitBooks(venue, limit)),
  };
};
