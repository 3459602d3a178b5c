import { LatentIndex } from '../../../actors/exchange/options/latent-index.js';
import { OptionMakers } from '../../../actors/exchange/options/makers.js';
import { OptionsVenue } from '../../../actors/exchange/options/venue.js';
import { clientStubs } from '../product/client-stubs.js';
import { EnginePort } from '../product/engine-port.js';
import { keyStoreOf } from '../accounts/key-store.js';
import type { MakeProduct } from '../product/product.js';
import { venueEngine } from '../product/venue-engine.js';
import { FUTURES_MANNERS, listenKeyEndpoints, ListenKeys, ProductServer, StreamHub } from '../web/index.js';
import { optionsBooks } from './books.js';
import { OPTIONS_LIMITS, optionsEndpoints } from './endpoints.js';
import { optionsStreamClass, OptionsStreams } from './streams.js';

const BASES: ReadonlySet<string> = new Set(['BTC', 'ETH']);

/** Binance Options: /eapi/v1 and the streams of /public, /market and /private on one port. */
export const optionsProduct: MakeProduct = (scene) => {
  const { runtime, clock, accounts, listings, seed } = scene;
  const underlyings = listings.filter(({ base }) => BASES.has(base));
  const hub = new StreamHub(scene.asOf.holds('usdmRoutedStreams') ? { classify: optionsStreamClass } : {});
  const streams = new OptionsStreams(hub);
  const engine = new EnginePort<OptionsVenue>(runtime, 'options', clock.speed);
  const listenKeys = new ListenKeys(clock, hub);
  let latent: LatentIndex | undefined;
  let makers: OptionMakers | undefined;
  let opened: ProductServer | undefined;
  return {
    name: 'options',
    engine: venueEngine<OptionsVenue>(scene, 'options', (nowUs) => {
      const venue = new OptionsVenue({
        nowUs, indices: new Map(underlyings.map(({ base, startPrice }) => [base, startPrice])), events: streams,
        accounts: accounts.all.map(({ id, name, balances }) => ({ id, name, balances: new Map(Object.entries(balances.options)) })),
      });
      streams.venue = venue;
      latent = new LatentIndex(underlyings, scene.scenario, seed, nowUs);
      makers = new OptionMakers(venue, latent, seed, nowUs);
      return { venue, market: makers };
    }),
    open: async (port) => {
      const server = new ProductServer({
        product: 'options', manners: FUTURES_MANNERS, clock, keys: keyStoreOf(accounts, 'options'), rateLimits: OPTIONS_LIMITS, limitsEnforced: scene.limits === 'venue', hub, troubles: scene.troubles,
        onDefect: (error) => scene.onDefect('options', error), asOf: scene.asOf,
        endpoints: [
          ...optionsEndpoints(engine), ...listenKeyEndpoints('/eapi/v1/listenKey', listenKeys),
          ...clientStubs({ accounts, nowMs: () => Math.floor(clock.nowUs() / 1000), coins: () => Promise.resolve([]) }),
        ],
      });
      opened = server;
      const { port: taken } = await server.listen({ port, host: scene.host, ...(scene.tls === null ? {} : { certificate: scene.tls }) });
      return { port: taken, close: () => server.close() };
    },
    follow: (prices) => underlyings.forEach(({ base }, at) => {
      const price = prices.get(base);
      if (price !== undefined && price > 0) latent?.set(at, price);
    }),
    crowd: () => makers,
    server: () => opened,
    listenKeys,
    books: (limit) => engine.ask((venue) => optionsBooks(venue, limit)),
  };
};
