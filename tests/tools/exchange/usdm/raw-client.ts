import { createHmac, createPrivateKey, sign } from 'node:crypto';
import { WebSocket } from 'ws';
import type { FuturesVenue } from '../../../../actors/exchange/futures/usdm/index.js';
import type { EngineReply } from '../../../../actors/exchange/engine.js';
import type { Account, AccountKey } from '../../../../tools/exchange/accounts/accounts.js';
import type { OpenedExchange } from '../../../support/open-exchange.js';

export type Json = Record<string, unknown>;
type Values = Readonly<Record<string, string | number | boolean | undefined>>;

/** Nothing of this machine takes so long; a test that waits longer has failed. */
const DEADLINE_MS = 20_000;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** Requests to one product, written and signed by hand. */
export class RawClient {
  readonly #opened: OpenedExchange;
  readonly #key: AccountKey;
  readonly account: Account;

  constructor(opened: OpenedExchange, account = 0, kind: AccountKey['kind'] = 'hmac') {
    this.#opened = opened;
    this.account = opened.accounts.all[account]!;
    this.#key = this.account.keys.find((key) => key.kind === kind)!;
  }

  get key(): string {
    return this.#key.key;
  }

  get rest(): string {
    return this.#opened.origins.usdm.rest;
  }

  signature(payload: string): string {
    const { kind, secret } = this.#key;
    if (kind === 'hmac') return createHmac('sha256', secret!).update(payload).digest('hex');
    return sign(kind === 'rsa' ? 'sha256' : null, Buffer.from(payload), createPrivateKey(secret!)).toString('base64');
  }

  now(): number {
    return Math.floor(this.#opened.exchange.clock.nowUs() / 1000);
  }

  /** A signed request; POST and PUT carry their parameters in the body unless told otherwise. */
  async call(method: string, path: string, values: Values = {}, where: 'query' | 'body' = method === 'GET' || method === 'DELETE' ? 'query' : 'body'): Promise<Answer> {
    const payload = text({ ...values, timestamp: this.now() });
    const signed = `${payload}&signature=${encodeURIComponent(this.signature(payload))}`;
    const inBody = where === 'body';
    const response = await fetch(`${this.rest}${path}${inBody ? '' : `?${signed}`}`, {
      method, headers: { 'X-MBX-APIKEY': this.key, ...(inBody ? { 'content-type': 'application/x-www-form-urlencoded' } : {}) }, ...(inBody ? { body: signed } : {}),
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    return { status: response.status, headers: response.headers, body: await response.json() };
  }

  /** As `call`, for what must succeed. */
  async ok(method: string, path: string, values: Values = {}): Promise<Json> {
    const { status, body } = await this.call(method, path, values);
    if (status !== 200) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(body)}`);
    return body as Json;
  }

  /** "-2022 ReduceOnly Order is rejected." with the HTTP status before it. */
  async refusal(method: string, path: string, values: Values = {}): Promise<string> {
    const { status, body } = await this.call(method, path, values);
    const { code, msg } = body as { readonly code?: number; readonly msg?: string };
    return `${status} ${code} ${msg}`;
  }

  /** A request of the websocket API, signed over its sorted parameters. */
  wsRequest(id: number, method: string, values: Values = {}, signed = true): string {
    const params: Record<string, string | number | boolean> = {};
    for (const [name, value] of Object.entries(values)) if (value !== undefined) params[name] = value;
    params['timestamp'] = this.now();
    if (signed) {
      params['apiKey'] = this.key;
      params['signature'] = this.signature(Object.keys(params).sort().map((name) => `${name}=${params[name]}`).join('&'));
    }
    return JSON.stringify({ id, method, params });
  }

  /** Calls the venue itself, in its engine's turn. */
  venue<R>(call: (venue: FuturesVenue, nowUs: number) => R): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#opened.exchange.runtime.ask('/usdm/engine', { type: 'call', call }, DEADLINE_MS, (result) => {
        const reply = result.ok ? (result.value as EngineReply<R>) : undefined;
        if (reply?.ok === true) resolve(reply.value);
        else reject(reply === undefined ? new Error('the engine did not answer') : reply.error);
      });
    });
  }
}

const text = (values: Values): string =>
  Object.entries(values).filter(([, value]) => value !== undefined).map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&');

/** A websocket whose messages are kept and waited for. */
export class Listener {
  readonly messages: Json[] = [];
  readonly #socket: WebSocket;
  #wake: () => void = () => undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      this.messages.push(JSON.parse(data.toString()) as Json);
      this.#wake();
    });
  }

  static async open(url: string): Promise<Listener> {
    const socket = new WebSocket(url);
    const listener = new Listener(socket);
    await new Promise((resolve, reject) => {
      socket.once('open', resolve);
      socket.once('error', reject);
    });
    return listener;
  }

  send(message: string): void {
    this.#socket.send(message);
  }

  /** The first message that fits, from the first one kept; takes nothing out. */
  async until(fits: (message: Json) => boolean): Promise<Json> {
    const deadline = Date.now() + DEADLINE_MS;
    for (;;) {
      const found = this.messages.find(fits);
      if (found !== undefined) return found;
      const leftMs = deadline - Date.now();
      if (leftMs <= 0) throw new Error(`nothing that fits among ${this.messages.length} messages: ${JSON.stringify(this.messages.slice(-3))}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async answer(id: number): Promise<Json> {
    return this.until((message) => message['id'] === id);
  }

  close(): void {
    this.#socket.terminate();
  }
}
