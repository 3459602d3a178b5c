import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { engineBehaviour, type Venue } from '../../actors/exchange/engine.js';
import { worker } from '../../runtime/index.js';
import type { Product, ProductName, Scene } from './product.js';

const IDLE: Venue = { nextUs: Infinity, advance: () => undefined };

/** A product that nobody has built yet: its origin answers ping, time and an empty exchangeInfo, and 404 to everything else. */
export function unbuiltProduct(name: ProductName, scene: Scene): Product {
  return {
    name,
    engine: worker({ id: 'engine', behaviour: engineBehaviour(`${name}-engine`), input: { open: () => ({ venue: IDLE, market: null }), sliceUs: scene.sliceUs } }),
    open: (port) => new Promise((resolve, reject) => {
      const server = createServer((request, response) => {
        const path = (request.url ?? '/').split('?')[0]!;
        const serverTime = Math.floor(scene.clock.nowUs() / 1000);
        const body = path.endsWith('/ping') ? {} : path.endsWith('/time') ? { serverTime } : path.endsWith('/exchangeInfo') ? { timezone: 'UTC', serverTime, rateLimits: [], exchangeFilters: [], symbols: [] } : undefined;
        response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json;charset=UTF-8' });
        response.end(body === undefined ? '' : JSON.stringify(body));
      });
      server.once('error', reject);
      server.listen(port, scene.host, () => resolve({
        port: (server.address() as AddressInfo).port,
        close: () => new Promise((closed) => {
          server.close(() => closed());
          server.closeAllConnections();
        }),
      }));
    }),
    books: () => Promise.resolve({ accounts: [], positions: [], orders: [], fills: [], sums: {} }),
  };
}
