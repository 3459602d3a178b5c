import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { WebSocket } from 'ws';
import {
  KeyStore, listenKeyEndpoints, ListenKeys, ProductServer, SPOT_MANNERS, StreamHub,
} from '../../../../tools/exchange/web/index.js';
import { VenueClock } from '../../../../tools/exchange/venue-clock.js';
import type { Endpoint, ListenOptions, Origins, ProductServerOptions, RateLimit, WsMethod } from '../../../../tools/exchange/web/index.js';

/** The keys that the venue's documentation signs its examples with. */
export const DOC_KEY = 'vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A';
export const DOC_SECRET = 'NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j';
export const RSA_KEY = 'R'.repeat(64);
export const ED_KEY = 'E'.repeat(64);
export const READER_KEY = 'r'.repeat(64);
export const FAR_KEY = 'f'.repeat(64);

export const WEIGHT: RateLimit = { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 6000 };
export const ORDERS_10S: RateLimit = { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: 100 };
export const ORDERS_DAY: RateLimit = { rateLimitType: 'ORDERS', interval: 'DAY', intervalNum: 1, limit: 200_000 };
export const RAW: RateLimit = { rateLimitType: 'RAW_REQUESTS', interval: 'MINUTE', intervalNum: 5, limit: 300_000 };

const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
const ed25519 = generateKeyPairSync('ed25519');
export const privateKeys: Readonly<Record<'rsa' | 'ed25519', KeyObject>> = { rsa: rsa.privateKey, ed25519: ed25519.privateKey };

export function hmac(payload: string): string {
  return createHmac('sha256', DOC_SECRET).update(payload).digest('hex');
}

export function signedBy(kind: 'rsa' | 'ed25519', payload: string): string {
  return sign(kind === 'rsa' ? 'sha256' : null, Buffer.from(payload), privateKeys[kind]).toString('base64');
}

export function testKeys(): KeyStore {
  const keys = new KeyStore();
  keys.add({ id: DOC_KEY, account: 'alice', secret: DOC_SECRET });
  keys.add({ id: RSA_KEY, account: 'alice', publicKeyPem: String(rsa.publicKey.export({ type: 'spki', format: 'pem' })) });
  keys.add({ id: ED_KEY, account: 'bob', publicKeyPem: String(ed25519.publicKey.export({ type: 'spki', format: 'pem' })) });
  keys.add({ id: READER_KEY, account: 'alice', secret: DOC_SECRET, permissions: ['USER_DATA'] });
  keys.add({ id: FAR_KEY, account: 'alice', secret: DOC_SECRET, ips: ['192.0.2.1'] });
  return keys;
}

/** What the test's one order endpoint does: tells what it read. */
const place: Endpoint['handle'] = (params, caller) => {
  const order = {
    symbol: params.symbol(),
    side: params.enum('side', ['BUY', 'SELL']),
    type: params.string('type'),
    timeInForce: params.optionalString('timeInForce'),
    quantity: params.decimal('quantity'),
    price: params.optionalDecimal('price'),
  };
  params.end();
  caller.checkWindow();
  return { ...order, account: caller.account };
};

export const endpoints: readonly Endpoint[] = [
  { method: 'GET', path: '/api/v3/ping', security: 'none', weight: 1, handle: () => ({}) },
  { method: 'GET', path: '/api/v3/time', security: 'none', weight: 1, handle: (_params, caller) => ({ serverTime: caller.stamp(caller.receivedUs) }) },
  { method: 'POST', path: '/api/v3/order', security: 'signed', permission: 'TRADE', weight: 1, orders: 1, freeOnSuccess: true, handle: place },
  { method: 'DELETE', path: '/api/v3/order', security: 'signed', permission: 'TRADE', weight: 1, handle: place },
  { method: 'GET', path: '/api/v3/account', security: 'signed', permission: 'USER_DATA', weight: 20, handle: (_params, caller) => ({ account: caller.account }) },
  { method: 'GET', path: '/api/v3/defect', security: 'none', weight: 1, handle: () => { throw new TypeError('planted'); } },
  { method: 'GET', path: '/api/v3/later', security: 'none', weight: 1, handle: () => new Promise((resolve) => setImmediate(resolve, { late: true })) },
  { method: 'GET', path: '/api/v3/never', security: 'none', weight: 1, handle: () => new Promise(() => {}) },
];

export const wsMethods: readonly WsMethod[] = [
  { method: 'ping', security: 'none', weight: 1, handle: () => ({}) },
  { method: 'order.place', security: 'signed', permission: 'TRADE', weight: 1, orders: 1, freeOnSuccess: true, handle: place },
  { method: 'account.status', security: 'signed', permission: 'USER_DATA', weight: 20, handle: (_params, caller) => ({ account: caller.account }) },
];

export interface TestVenue {
  readonly server: ProductServer;
  readonly hub: StreamHub;
  readonly listenKeys: ListenKeys;
  readonly keys: KeyStore;
  readonly origins: Origins;
  readonly defects: unknown[];
}

/** A spot-like product on a port of its own. */
export async function startVenue(options: Partial<ProductServerOptions> = {}, listen: ListenOptions = {}): Promise<TestVenue> {
  const defects: unknown[] = [];
  const clock = options.clock ?? new VenueClock();
  const hub = options.hub ?? new StreamHub();
  const keys = options.keys ?? testKeys();
  const listenKeys = new ListenKeys(clock, hub);
  const server = new ProductServer({
    product: 'spot', manners: SPOT_MANNERS, rateLimits: [WEIGHT, ORDERS_10S, ORDERS_DAY, RAW], wsApiPath: '/ws-api/v3',
    endpoints: [...endpoints, ...listenKeyEndpoints('/fapi/v1/listenKey', listenKeys)], wsMethods,
    onDefect: (error) => defects.push(error),
    ...options, clock, hub, keys,
  });
  const origins = await server.listen(listen);
  return { server, hub, listenKeys, keys, origins, defects };
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Of a JSON answer. */
  readonly code: number | undefined;
  readonly msg: string | undefined;
  readonly json: Readonly<Record<string, unknown>>;
}

/** One request by fetch; the body goes as a form. */
export async function http(url: string, init: { readonly method?: string; readonly key?: string; readonly body?: string; readonly headers?: Readonly<Record<string, string>> } = {}): Promise<HttpAnswer> {
  const headers: Record<string, string> = { ...init.headers };
  if (init.key !== undefined) headers['X-MBX-APIKEY'] = init.key;
  if (init.body !== undefined) headers['Content-Type'] ??= 'application/x-www-form-urlencoded';
  const response = await fetch(url, { method: init.method ?? 'GET', headers, ...(init.body === undefined ? {} : { body: init.body }) });
  const text = await response.text();
  let json: Readonly<Record<string, unknown>> = {};
  try {
    json = JSON.parse(text) as Record<string, unknown>;
  } catch {
    // A page.
  }
  return { status: response.status, headers: response.headers, text, json, code: json['code'] as number | undefined, msg: json['msg'] as string | undefined };
}

const DEADLINE_MS = 20_000;

/** A websocket whose messages are taken one after the other. */
export class Client {
  readonly ws: WebSocket;
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  readonly #messages: string[] = [];
  readonly #waiting: ((message: string) => void)[] = [];
  pings = 0;

  private constructor(ws: WebSocket) {
    this.ws = ws;
    ws.on('message', (data: Buffer) => {
      const text = data.toString();
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#messages.push(text);
      else waiting(text);
    });
    ws.on('ping', () => (this.pings += 1));
    ws.on('error', () => {});
    this.closed = new Promise((resolve) => ws.on('close', (code, reason) => resolve({ code, reason: reason.toString() })));
  }

  static async open(url: string, options: { readonly autoPong?: boolean; readonly ca?: string } = {}): Promise<Client> {
    const client = new Client(new WebSocket(url, options));
    await within(new Promise<void>((resolve, reject) => {
      client.ws.once('open', () => resolve());
      client.ws.once('error', reject);
    }), 'open');
    return client;
  }

  async next(): Promise<string> {
    const ready = this.#messages.shift();
    return ready ?? within(new Promise((resolve) => this.#waiting.push(resolve)), 'a message');
  }

  async nextJson(): Promise<Readonly<Record<string, unknown>>> {
    return JSON.parse(await this.next()) as Record<string, unknown>;
  }

  /** Sends and takes the next message. */
  async ask(request: unknown): Promise<Readonly<Record<string, unknown>>> {
    this.ws.send(typeof request === 'string' ? request : JSON.stringify(request));
    return this.nextJson();
  }

  /** Messages that are there already. */
  get waiting(): number {
    return this.#messages.length;
  }

  close(): void {
    this.ws.terminate();
  }
}

/** Waits until something that the server does by itself has come about. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const endMs = Date.now() + DEADLINE_MS;
  while (!holds()) {
    if (Date.now() > endMs) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), DEADLINE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
