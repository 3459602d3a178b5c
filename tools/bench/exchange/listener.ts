// A thread that listens to every stream of the exchange and to the account's events, and counts.
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { WebSocket } from 'ws';
import type { Ready } from './served.js';
import { signedParams } from './served.js';

/** What was heard until the question. */
export interface Heard {
  readonly marketEvents: number;
  /** Orders that were reported as new, and of them the ones twice. */
  readonly newOrders: number;
  readonly twice: number;
  readonly trades: number;
  /** Sockets that the exchange closed. */
  readonly closed: number;
}

const SYMBOLS = ['btcusdt', 'ethusdt'];
const STREAMS = [
  ...SYMBOLS.flatMap((symbol) => ['trade', 'aggTrade', 'depth', 'depth@100ms', 'depth20@100ms', 'bookTicker', 'ticker', 'miniTicker', 'kline_1s', 'kline_1m', 'avgPrice'].map((stream) => `${symbol}@${stream}`)),
  '!miniTicker@arr',
];
const NEW = Buffer.from('"x":"NEW"');
const TRADE = Buffer.from('"x":"TRADE"');
const CLIENT_ID = Buffer.from('"c":"b');

const { ready } = workerData as { readonly ready: Ready };
const port = parentPort!;
const seen = new Set<number>();
const heard = { marketEvents: 0, newOrders: 0, twice: 0, trades: 0, closed: 0 };
const closed = (): void => {
  heard.closed += 1;
};

const market = new WebSocket(`${ready.spot.ws}/stream?streams=${STREAMS.join('/')}`);
market.on('message', () => (heard.marketEvents += 1));
market.on('close', closed);
await once(market, 'open');

const user = new WebSocket(`${ready.spot.wsApi}?returnRateLimits=false`);
await once(user, 'open');
user.send(`{"id":"user","method":"userDataStream.subscribe.signature","params":${signedParams(ready)}}`);
const [reply] = (await once(user, 'message')) as [Buffer];
if (!reply.includes('"status":200')) throw new Error(`no user stream: ${reply.toString()}`);
user.on('close', closed);
user.on('message', (data: Buffer) => {
  if (data.includes(TRADE)) heard.trades += 1;
  if (!data.includes(NEW)) return;
  const at = data.indexOf(CLIENT_ID) + CLIENT_ID.length;
  const id = Number.parseInt(data.toString('latin1', at, at + 12), 10);
  heard.newOrders += 1;
  if (seen.has(id)) heard.twice += 1;
  seen.add(id);
});
port.on('message', () => port.postMessage({ ...heard } satisfies Heard));
port.postMessage('listening');
