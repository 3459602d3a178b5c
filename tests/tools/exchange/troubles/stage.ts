import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { WebSocket } from 'ws';
import { LIBRARY, parseScript, type ScriptReport } from '../../../../tools/exchange/troubles/index.js';
import type { OpenedExchange } from '../../../support/open-exchange.js';
import { type Answer, type Json, RawClient } from '../usdm/raw-client.js';

export const SYMBOL = 'BTCUSDT';
const DEADLINE_MS = 30_000;
/** The machine may be busy, and venue time is fast. */
const WINDOW = { recvWindow: 60_000 };

export const until = async (holds: () => boolean | Promise<boolean>, what: string): Promise<void> => {
  const endMs = Date.now() + DEADLINE_MS;
  while (!(await holds())) {
    if (Date.now() > endMs) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

/** A websocket that keeps what it hears. */
export class Ear {
  readonly messages: Json[] = [];
  /** When it heard each. */
  readonly heardMs: number[] = [];
  readonly closed: Promise<number>;
  isClosed = false;
  pings = 0;
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket, now: () => number) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      this.heardMs.push(now());
      this.messages.push(JSON.parse(data.toString()) as Json);
    });
    socket.on('ping', () => (this.pings += 1));
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => socket.on('close', (code: number) => {
      this.isClosed = true;
      resolve(code);
    }));
  }

  static async open(url: string, now: () => number = Date.now): Promise<Ear> {
    const socket = new WebSocket(url);
    const ear = new Ear(socket, now);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.once('error', reject);
    });
    return ear;
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  async until(fits: (message: Json) => boolean, what = 'a message came'): Promise<Json> {
    await until(() => this.messages.some(fits), what);
    return this.messages.find(fits)!;
  }

  close(): void {
    this.#socket.terminate();
  }
}

/** An account of the exchange on USD-M, and what it hears. */
export class Trader {
  readonly raw: RawClient;
  readonly #opened: OpenedExchange;

  constructor(opened: OpenedExchange, account: number) {
    this.#opened = opened;
    this.raw = new RawClient(opened, account);
  }

  get id(): string {
    return String(this.raw.account.id);
  }

  call(method: string, path: string, values: Readonly<Record<string, string | number | boolean>> = {}): Promise<Answer> {
    return this.raw.call(method, path, { ...values, ...WINDOW });
  }

  async ok(method: string, path: string, values: Readonly<Record<string, string | number | boolean>> = {}): Promise<Json> {
    const { status, body } = await this.call(method, path, values);
    assert.equal(status, 200, `${method} ${path}: ${JSON.stringify(body)}`);
    return body as Json;
  }

  /** `504 -1007`. */
  async refusal(method: string, path: string, values: Readonly<Record<string, string | number | boolean>> = {}): Promise<string> {
    const { status, body } = await this.call(method, path, values);
    return `${status} ${(body as Json)['code'] as number}`;
  }

  order(values: Readonly<Record<string, string | number | boolean>> = {}): Promise<Answer> {
    return this.call('POST', '/fapi/v1/order', { symbol: SYMBOL, side: 'BUY', type: 'MARKET', quantity: '0.010', ...values });
  }

  /** A limit order that rests, `bps` below the best bid. */
  async resting(bps: number, values: Readonly<Record<string, string | number | boolean>> = {}): Promise<Json> {
    const { bidPrice } = (await (await fetch(`${this.raw.rest}/fapi/v1/ticker/bookTicker?symbol=${SYMBOL}`)).json()) as { readonly bidPrice: string };
    return this.ok('POST', '/fapi/v1/order', { symbol: SYMBOL, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.010', price: (Math.floor(Number(bidPrice) * (1 - bps / 10_000) * 10) / 10).toFixed(1), ...values });
  }

  async status(clientId: string): Promise<unknown> {
    const { status, body } = await this.call('GET', '/fapi/v1/order', { symbol: SYMBOL, origClientOrderId: clientId });
    return status === 200 ? (body as Json)['status'] : (body as Json)['code'];
  }

  async position(side = 'BOTH'): Promise<number> {
    const all = (await this.ok('GET', '/fapi/v3/positionRisk', { symbol: SYMBOL })) as unknown as readonly Json[];
    return Number(all.find((one) => one['positionSide'] === side)?.['positionAmt'] ?? 0);
  }

  async listenKey(): Promise<string> {
    return (await this.ok('POST', '/fapi/v1/listenKey'))['listenKey'] as string;
  }

  /** Its user stream. */
  async listen(): Promise<Ear> {
    return Ear.open(`${this.#opened.origins.usdm.ws}/private/ws/${await this.listenKey()}`);
  }
}

/** The order inside an event of the user stream. */
export const orderOf = (event: Json): Json => (event['o'] ?? {}) as Json;
export const isFill = (event: Json): boolean => event['e'] === 'ORDER_TRADE_UPDATE' && orderOf(event)['x'] === 'TRADE';

/** Starts a script that comes with the exchange, some of its words changed, so that a test need not wait for hours. */
export function startNamed({ exchange }: OpenedExchange, name: string, changes: Readonly<Record<string, string>> = {}): ScriptReport {
  let text = readFileSync(`${LIBRARY}${name}.toml`, 'utf8');
  for (const [from, to] of Object.entries(changes)) {
    assert.ok(text.includes(from), `${name} has no ${from}`);
    text = text.replaceAll(from, to);
  }
  return exchange.troubles.start(parseScript(text, `${name}.toml`));
}

/** The venue's own books hold: sums of assets, positions that add up, books that are not crossed. */
export async function booksHold({ exchange }: OpenedExchange): Promise<void> {
  const books = (await exchange.books(1000)) as { readonly usdm: Truth; readonly spot: Truth };
  for (const product of ['usdm', 'spot'] as const) {
    for (const [asset, { held, supply }] of Object.entries(books[product].sums)) assert.equal(held, supply, `${product} ${asset}`);
    for (const { symbol, bid, ask } of books[product].markets) assert.ok(Number(bid) < Number(ask), `${product} ${symbol} ${bid} ${ask}`);
  }
}

interface Truth {
  readonly sums: Readonly<Record<string, { readonly held: string; readonly supply: string }>>;
  readonly markets: readonly { readonly symbol: string; readonly bid: string; readonly ask: string }[];
}
