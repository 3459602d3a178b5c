import { createHmac } from 'node:crypto';
import { WebSocket } from 'ws';
import { Prng } from '../../../actors/generator/prng.js';
import type { Account } from '../accounts/accounts.js';
import type { Origins } from '../exchange.js';
import type { Dialect } from './dialect.js';
import { OrderRecords, type OrderRecord } from './records.js';

type Json = Readonly<Record<string, unknown>>;
type Values = Readonly<Record<string, string | number>>;

/** Wall time after which a request is given up. */
const PATIENCE_MS = 2500;
/** A request is not looked for at the venue before it can no longer arrive, in venue time. */
const ARRIVES_WITHIN_US = 45e6;
const SILENT_MS = 4000;
const MOST_OPEN = 25;
const SYMBOL = 'BTCUSDT';
const UNKNOWN: ReadonlySet<unknown> = new Set([-1000, -1006, -1007, -1008]);

export interface SoakClientOptions {
  readonly dialect: Dialect;
  readonly origins: Origins;
  readonly account: Account;
  readonly seed: number;
  nowUs(): number;
}

type Answer = { readonly known: true; readonly status: number; readonly body: Json } | { readonly known: false };

/**
 * A client that trades at random on one product, by REST and by the websocket API, hears of its orders on the user stream, and looks for
 * those it does not hear of by asking. It survives whatever happens on the way, as a good client would.
 */
export class SoakClient {
  readonly records = new OrderRecords();
  readonly dialect: Dialect;
  readonly account: Account;
  readonly counts = { rest: 0, api: 0, unknown: 0, refused: 0, cancels: 0, amends: 0, events: 0, queries: 0, reconnects: 0 };
  /** Refusals by code: what the venue said no to. */
  readonly refusals: Record<string, number> = {};
  readonly #options: SoakClientOptions;
  readonly #random: Prng;
  readonly #key: string;
  readonly #secret: string;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #api: WebSocket | undefined;
  #stream: WebSocket | undefined;
  #apiOpen = false;
  #heardMs = 0;
  #nextId = 1;
  #nextOrder = 1;
  #mid = 0;
  #midAtMs = 0;
  #ended = false;

  constructor(options: SoakClientOptions) {
    this.#options = options;
    this.dialect = options.dialect;
    this.account = options.account;
    this.#random = new Prng(options.seed, 1);
    const hmac = options.account.keys.find(({ kind }) => kind === 'hmac')!;
    this.#key = hmac.key;
    this.#secret = hmac.secret!;
    this.#connectApi();
    if (this.dialect.product === 'usdm') void this.#connectStream();
  }

  /** Acts until it is ended, a few requests under way at a time. */
  async run(pauseMs: number): Promise<void> {
    while (!this.#ended) {
      await Promise.all([this.#act(), this.#act(), this.#lookFor(4)]);
      this.#watch();
      await sleep(pauseMs * (0.5 + this.#random.uniform()));
    }
  }

  /** Stops acting. */
  end(): void {
    this.#ended = true;
  }

  /** After the troubles: cancels what is open and asks until every order has its end. False when some have not in time. */
  async settle(deadlineMs: number): Promise<boolean> {
    const endMs = Date.now() + deadlineMs;
    while (this.records.open.size > 0) {
      if (Date.now() > endMs) return false;
      for (const record of this.records.open.values()) if (record.status === 'NEW' || record.status === 'PARTIALLY_FILLED') await this.#cancel(record);
      await this.#lookFor(50);
      await sleep(20);
    }
    return true;
  }

  close(): void {
    this.#ended = true;
    this.#api?.terminate();
    this.#stream?.terminate();
  }

  /** Fills the venue's memory of ended orders with such as expire at once. */
  async flood(orders: number): Promise<void> {
    for (let sent = 0; sent < orders && !this.#ended;) {
      const batch = Math.min(200, orders - sent);
      await this.#price();
      await Promise.all(Array.from({ length: batch }, () => this.#place('ioc-far', true)));
      sent += batch;
    }
  }

  async #act(): Promise<void> {
    if (!(await this.#price())) return;
    const draw = this.#random.uniform();
    const api = this.#apiOpen && this.#random.uniform() < 0.5;
    const open = [...this.records.open.values()].filter(({ inFlight, status }) => !inFlight && status !== 'SENT');
    if (open.length > MOST_OPEN || (draw < 0.25 && open.length > 0)) await this.#cancel(open[this.#random.below(open.length)]!, api);
    else if (draw < 0.35 && open.length > 0) await this.#amend(open[this.#random.below(open.length)]!, api);
    else await this.#place(draw < 0.5 ? 'market' : draw < 0.6 ? 'ioc' : draw < 0.8 ? 'near' : draw < 0.9 ? 'maker' : 'far', api);
  }

  async #place(kind: 'market' | 'ioc' | 'ioc-far' | 'near' | 'maker' | 'far', api: boolean): Promise<void> {
    const { dialect } = this;
    const random = this.#random;
    const side = random.uniform() < 0.5 ? 'BUY' : 'SELL';
    const towards = side === 'BUY' ? 1 : -1;
    const bps = { market: 0, ioc: 2, 'ioc-far': -200, near: -5 * random.uniform(), maker: -1, far: -50 - 100 * random.uniform() }[kind];
    const price = kind === 'market' ? undefined : (this.#mid * (1 + (towards * bps) / 10_000)).toFixed(dialect.priceDecimals);
    const quantity = dialect.quantity(random.uniform());
    const id = `soak-${this.account.id}-${this.#nextOrder++}`;
    const record: OrderRecord = { id, symbol: SYMBOL, side, price, quantity, status: 'SENT', filled: 0, touchedUs: this.#options.nowUs(), inFlight: true };
    this.records.send(record);
    const futures = dialect.product === 'usdm';
    const type: Values = price === undefined ? { type: 'MARKET' }
      : kind === 'maker' ? (futures ? { type: 'LIMIT', timeInForce: 'GTX', price } : { type: 'LIMIT_MAKER', price })
        : { type: 'LIMIT', timeInForce: kind.startsWith('ioc') ? 'IOC' : 'GTC', price };
    const values = { symbol: SYMBOL, side, quantity, newClientOrderId: id, ...type, newOrderRespType: 'RESULT' };
    const answer = await this.#send('POST', dialect.orderPath, 'order.place', values, api);
    record.inFlight = false;
    record.touchedUs = this.#options.nowUs();
    if (!answer.known) return;
    if (answer.status === 200) this.#tellOrder(answer.body, id);
    else this.records.told(id, 'NEVER', 0);
  }

  async #cancel({ id }: OrderRecord, api = false): Promise<void> {
    this.counts.cancels += 1;
    const answer = await this.#send('DELETE', this.dialect.orderPath, 'order.cancel', { symbol: SYMBOL, origClientOrderId: id }, api);
    if (answer.known && answer.status === 200) this.#tellOrder(answer.body, id);
  }

  async #amend({ id, side, price, quantity }: OrderRecord, api: boolean): Promise<void> {
    if (price === undefined) return;
    this.counts.amends += 1;
    const less = (Number(quantity) * 0.8).toFixed(3);
    if (this.dialect.product === 'spot') {
      await this.#send('PUT', this.dialect.amendPath, 'order.amend.keepPriority', { symbol: SYMBOL, origClientOrderId: id, newQty: less, newClientOrderId: id }, api);
    } else {
      const moved = (Number(price) * (1 - 0.0001)).toFixed(this.dialect.priceDecimals);
      await this.#send('PUT', this.dialect.amendPath, 'order.modify', { symbol: SYMBOL, side, origClientOrderId: id, quantity: less, price: moved }, api);
    }
  }

  /** Asks about orders that nothing was heard of for a while. */
  async #lookFor(most: number): Promise<void> {
    const nowUs = this.#options.nowUs();
    let asked = 0;
    for (const record of this.records.open.values()) {
      if (asked >= most) break;
      if (record.inFlight || nowUs - record.touchedUs < ARRIVES_WITHIN_US) continue;
      asked += 1;
      this.counts.queries += 1;
      record.touchedUs = nowUs;
      const answer = await this.#rest('GET', this.dialect.orderPath, { symbol: SYMBOL, origClientOrderId: record.id });
      if (!answer.known) continue;
      if (answer.status === 200) this.#tellOrder(answer.body, record.id);
      else if (answer.body['code'] === -2013) this.records.told(record.id, 'NEVER', 0);
    }
  }

  #tellOrder(body: Json, id: string): void {
    const { status, executedQty } = body;
    if (typeof status === 'string') this.records.told(id, status, Number(executedQty));
  }

  async #price(): Promise<boolean> {
    if (Date.now() - this.#midAtMs < 200) return true;
    try {
      const response = await fetch(`${this.#options.origins.rest}${this.dialect.tickerPath}?symbol=${SYMBOL}`, { signal: AbortSignal.timeout(PATIENCE_MS) });
      const body = (await response.json()) as { readonly bidPrice?: string; readonly askPrice?: string };
      if (body.bidPrice === undefined) return this.#mid > 0;
      this.#mid = (Number(body.bidPrice) + Number(body.askPrice)) / 2;
      this.#midAtMs = Date.now();
      return true;
    } catch {
      return this.#mid > 0;
    }
  }

  async #send(method: string, path: string, apiMethod: string, values: Values, api: boolean): Promise<Answer> {
    const answer = await (api && this.#apiOpen ? this.#byApi(apiMethod, values) : this.#rest(method, path, values));
    if (!answer.known) this.counts.unknown += 1;
    else if (answer.status !== 200) {
      this.counts.refused += 1;
      const code = String(answer.body['code']);
      this.refusals[code] = (this.refusals[code] ?? 0) + 1;
    }
    return answer;
  }

  async #rest(method: string, path: string, values: Values): Promise<Answer> {
    this.counts.rest += 1;
    const query = new URLSearchParams(Object.entries({ ...values, recvWindow: 60_000, timestamp: this.#stamp() }).map(([name, value]): [string, string] => [name, String(value)])).toString();
    const url = `${this.#options.origins.rest}${path}?${query}&signature=${this.#signature(query)}`;
    try {
      const response = await fetch(url, { method, headers: { 'X-MBX-APIKEY': this.#key }, signal: AbortSignal.timeout(PATIENCE_MS) });
      return known(response.status, JSON.parse(await response.text()) as Json);
    } catch {
      return { known: false };
    }
  }

  #byApi(method: string, values: Values): Promise<Answer> {
    this.counts.api += 1;
    const socket = this.#api!;
    return new Promise((resolve) => {
      const id = this.#request(socket, method, values);
      const timer = setTimeout(() => {
        if (this.#waiting.delete(id)) resolve({ known: false });
      }, PATIENCE_MS);
      this.#waiting.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
    });
  }

  #request(socket: WebSocket, method: string, values: Values): number {
    const id = this.#nextId++;
    const params: Record<string, string | number> = { ...values, recvWindow: 60_000, apiKey: this.#key, timestamp: this.#stamp() };
    const payload = Object.keys(params).sort().map((name) => `${name}=${params[name]}`).join('&');
    socket.send(JSON.stringify({ id, method, params: { ...params, signature: this.#signature(payload) } }));
    return id;
  }

  #connectApi(): void {
    if (this.#ended) return;
    const socket = new WebSocket(this.#options.origins.wsApi!, { handshakeTimeout: PATIENCE_MS });
    this.#api = socket;
    socket.on('open', () => {
      this.#apiOpen = true;
      this.#heardMs = Date.now();
      if (this.dialect.product === 'spot') this.#request(socket, 'userDataStream.subscribe.signature', {});
    });
    socket.on('message', (data: Buffer) => {
      this.#heardMs = Date.now();
      const message = JSON.parse(data.toString()) as Json;
      const waiting = typeof message['id'] === 'number' ? this.#waiting.get(message['id']) : undefined;
      if (waiting !== undefined) {
        this.#waiting.delete(message['id'] as number);
        waiting(known(message['status'] as number, (message['result'] ?? message['error'] ?? {}) as Json));
      } else this.#event(message);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#api !== socket) return;
      this.#apiOpen = false;
      this.counts.reconnects += 1;
      for (const [id, waiting] of this.#waiting) {
        this.#waiting.delete(id);
        waiting({ known: false });
      }
      setTimeout(() => this.#connectApi(), 100).unref();
    });
  }

  async #connectStream(): Promise<void> {
    if (this.#ended) return;
    let key: string | undefined;
    try {
      const response = await fetch(`${this.#options.origins.rest}/fapi/v1/listenKey`, { method: 'POST', headers: { 'X-MBX-APIKEY': this.#key }, signal: AbortSignal.timeout(PATIENCE_MS) });
      key = ((await response.json()) as { readonly listenKey?: string }).listenKey;
    } catch {
      // Tried again below.
    }
    if (key === undefined) {
      setTimeout(() => void this.#connectStream(), 100).unref();
      return;
    }
    const socket = new WebSocket(`${this.#options.origins.ws}/private/ws/${key}`, { handshakeTimeout: PATIENCE_MS });
    this.#stream = socket;
    socket.on('message', (data: Buffer) => {
      const event = JSON.parse(data.toString()) as Json;
      if (event['e'] === 'listenKeyExpired') socket.terminate();
      else this.#event(event);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#stream !== socket) return;
      this.counts.reconnects += 1;
      setTimeout(() => void this.#connectStream(), 100).unref();
    });
  }

  #event(message: Json): void {
    const order = this.dialect.readEvent(message);
    if (order === undefined) return;
    this.counts.events += 1;
    this.records.told(order.id, order.status, order.filled);
  }

  /** A websocket that is open and never answers is dead. */
  #watch(): void {
    if (this.#apiOpen && Date.now() - this.#heardMs > SILENT_MS) this.#api?.terminate();
  }

  #stamp(): number {
    return Math.floor(this.#options.nowUs() / 1000);
  }

  #signature(payload: string): string {
    return createHmac('sha256', this.#secret).update(payload).digest('hex');
  }
}

/** What is known by an answer: not by one of the codes that leave the outcome open. */
function known(status: number, body: Json): Answer {
  return status >= 500 || UNKNOWN.has(body['code']) ? { known: false } : { known: true, status, body };
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
