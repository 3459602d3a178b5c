import type { ConnectionFacts, MessageFacts, RequestFacts } from '../web/index.js';
import type { Target } from './schema.js';

export const TROUBLED_PRODUCTS = ['spot', 'usdm', 'options', 'deribit'] as const;
/** What may open a step. */
export const TRIGGERS = ['request', 'order', 'algo-order', 'cancel', 'amend', 'query', 'snapshot', 'listen-key', 'connect', 'subscribe', 'fill'] as const;
export type Trigger = (typeof TRIGGERS)[number];
export type RequestClass = 'order' | 'algo-order' | 'cancel' | 'amend' | 'snapshot' | 'listen-key' | 'query';

const known = new Map<string, RequestClass>();

/** What a request is about, by the name of its endpoint or method. */
export function requestClass(name: string): RequestClass {
  let found = known.get(name);
  if (found === undefined) {
    found = classify(name);
    if (known.size < 10_000) known.set(name, found);
  }
  return found;
}

function classify(name: string): RequestClass {
  const [method, path] = name.includes(' ') ? (name.split(' ') as [string, string]) : ['', name];
  const word = path.toLowerCase();
  if (/listenkey|userdatastream/.test(word)) return 'listen-key';
  if (/^(public|private)\//.test(word)) return deribitClass(word);
  if (/(^|\/)depth$/.test(word)) return 'snapshot';
  if (/\/order(list)?s?\/test|\.test$/.test(word) || (method === 'GET')) return 'query';
  const trades = /order|algo/.test(word) && !/status|countdown|ratelimit/.test(word);
  if (!trades) return 'query';
  if (method === 'DELETE' || /\.cancel(all)?$/.test(word)) return 'cancel';
  if (method === 'PUT' || /amend|modify/.test(word)) return 'amend';
  if (/algo/.test(word)) return 'algo-order';
  return 'order';
}

function deribitClass(method: string): RequestClass {
  switch (method.slice(method.indexOf('/') + 1)) {
    case 'buy':
    case 'sell': return 'order';
    case 'edit':
    case 'edit_by_label': return 'amend';
    case 'get_order_book':
    case 'get_order_book_by_instrument_id': return 'snapshot';
    default: return /\/cancel(_all|_by_label|$)/.test(method) ? 'cancel' : 'query';
  }
}

const FILL = Buffer.from('"x":"TRADE"');
const ORDER_EVENTS: ReadonlySet<string> = new Set(['executionReport', 'ORDER_TRADE_UPDATE', 'listStatus', 'ALGO_UPDATE']);

/** Channels of Deribit that tell of orders. */
const DERIBIT_ORDERS = /^user\.(orders|changes)\./;

/** Whether a request belongs to a target. An algo order is an order too. */
export function isRequestOf(target: Target | Trigger, { name }: RequestFacts): boolean {
  if (target === 'request') return true;
  const found = requestClass(name);
  return found === target || (target === 'order' && found === 'algo-order');
}

export function isMessageOf(target: Target, { kind, name, frame }: MessageFacts): boolean {
  switch (target) {
    case 'message': return true;
    case 'market': return kind === 'market';
    case 'depth': return kind === 'market' && (name.includes('@depth') || name.startsWith('book.'));
    case 'trade': return kind === 'market' && (name.endsWith('@trade') || name.endsWith('@aggTrade') || name.endsWith('@optionTrade') || name.startsWith('trades.'));
    case 'user': return kind === 'user';
    case 'order-event': return kind === 'user' && (ORDER_EVENTS.has(name) || DERIBIT_ORDERS.test(name));
    case 'fill': return kind === 'user' && (name === 'TRADE_LITE' || name.startsWith('user.trades.') || (ORDER_EVENTS.has(name) && frame.includes(FILL)));
    case 'answer': return kind === 'answer';
    default: return false;
  }
}

/** `BTCUSDT` of `btcusdt@depth`, `BTC-PERPETUAL` of `book.BTC-PERPETUAL.100ms`, or of an event's own `"s"`. */
export function isAboutSymbol(symbol: string, { kind, name, frame }: MessageFacts): boolean {
  if (/^[a-z_]+\./.test(name)) return name.split('.').includes(symbol);
  return kind === 'market' ? name.startsWith(`${symbol.toLowerCase()}@`) : frame.includes(`"s":"${symbol}"`);
}

const LISTEN_KEY = /(^|\/)[A-Za-z0-9]{64}($|\/)/;

/** What a websocket is for, as far as its address says: an account's events, the websocket API, or public data. */
export function socketClass({ face, path, query }: { readonly face: ConnectionFacts['face']; readonly path: string; readonly query?: URLSearchParams }): 'api' | 'user' | 'market' {
  if (face === 'wsApi') return 'api';
  return path.startsWith('/private') || LISTEN_KEY.test(path) || query?.has('listenKey') === true ? 'user' : 'market';
}
