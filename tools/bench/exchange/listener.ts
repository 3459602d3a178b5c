// A thread that listens to every stream of the exchange and to the account's events, and counts.
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { WebSocket } from 'ws';
import type { Ready } from './served.js';
import { signedParams } from './served.js';

/** What was heard until the question. */
export interface Heard {
  readonly marketEvents: number;
  /** Events that should follow their stream's last one and do not: a trade, aggregate or depth update is missing. */
  readonly gaps: number;
  /** Streams that said something. */
  readonly streams: number;
  /** Orders that were reported as new, and those that were reported as filled or canceled. */
  readonly newOrders: number;
  readonly ended: number;
  /** Reports that came twice. */
  readonly twice: number;
  readonly trades: number;
  /** Sockets that the exchange closed. */
  readonly closed: number;
}

const SYMBOLS = ['btcusdt', 'ethusdt'];
const INTERVALS = ['1s', '1m', '3m', '5m', '15m', '30m', '1h', '2h', '4h', '6h', '8h', '12h', '1d', '3d', '1w', '1M'];
const KINDS = [
  'trade', 'aggTrade', 'bookTicker', 'ticker', 'miniTicker', 'avgPrice', 'ticker_1h', 'ticker_4h', 'ticker_1d',
  ...['depth', 'depth5', 'depth10', 'depth20'].flatMap((depth) => [depth, `${depth}@100ms`]), ...INTERVALS.map((interval) => `kline_${interval}`),
];
const STREAMS = [
  ...SYMBOLS.flatMap((symbol) => KINDS.map((kind) => `${symbol}@${kind}`)),
  '!miniTicker@arr', '!ticker@arr', '!ticker_1h@arr', '!ticker_4h@arr', '!ticker_1d@arr',
];
const NEW = Buffer.from('"x":"NEW"');
const TRADE = Buffer.from('"x":"TRADE"');
const FILLED = Buffer.from('"X":"FILLED"');
const CANCELED = Buffer.from('"x":"CANCELED"');
const CLIENT_ID = Buffer.from('"c":"b');
const ORIGINAL_ID = Buffer.from('"C":"b');

const { ready } = workerData as { readonly ready: Ready };
const port = parentPort!;
const begun = new Set<number>();
const ended = new Set<number>();
/** Where each stream is: the last trade's number, the last depth update's. */
const last = new Map<string, number>();
const heard = { marketEvents: 0, gaps: 0, twice: 0, trades: 0, closed: 0 };
const closed = (): void => {
  heard.closed += 1;
};

const market = new WebSocket(`${ready.spot.ws}/stream?streams=${STREAMS.join('/')}`);
market.on('message', (frame: Buffer) => {
  heard.marketEvents += 1;
  const { stream, data } = JSON.parse(frame.toString('latin1')) as { readonly stream: string; readonly data: Readonly<Record<string, unknown>> };
  // Of trades, aggregates and depth updates the first and the last number; of all else nothing follows.
  const [from, to] = (data['e'] === 'trade' ? [data['t'], data['t']] : data['e'] === 'aggTrade' ? [data['a'], data['a']] : data['e'] === 'depthUpdate' ? [data['U'], data['u']] : [0, 0]) as [number, number];
  const before = last.get(stream);
  if (from > 0 && before !== undefined && from !== before + 1) heard.gaps += 1;
  last.set(stream, to);
});
market.on('close', closed);
await once(market, 'open');

const user = new WebSocket(`${ready.spot.wsApi}?returnRateLimits=false`);
await once(user, 'open');
user.send(`{"id":"user","method":"userDataStream.subscribe.signature","params":${signedParams(ready)}}`);
const [reply] = (await once(user, 'message')) as [Buffer];
if (!reply.includes('"status":200')) throw new Error(`no user stream: ${reply.toString()}`);
user.on('close', closed);
const note = (ids: Set<number>, data: Buffer, name: Buffer): void => {
  const at = data.indexOf(name) + name.length;
  const id = Number.parseInt(data.toString('latin1', at, at + 12), 10);
  if (ids.has(id)) heard.twice += 1;
  ids.add(id);
};
user.on('message', (data: Buffer) => {
  if (data.includes(NEW)) note(begun, data, CLIENT_ID);
  else if (data.includes(CANCELED)) note(ended, data, ORIGINAL_ID);
  else if (data.includes(TRADE)) {
    heard.trades += 1;
    if (data.includes(FILLED)) note(ended, data, CLIENT_ID);
  }
});
port.on('message', () => port.postMessage({ ...heard, streams: last.size, newOrders: begun.size, ended: ended.size } satisfies Heard));
port.postMessage('listening');
