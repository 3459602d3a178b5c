import { createHmac, sign } from 'node:crypto';
import type { AccountKey, KeyKind } from '../../../../tools/exchange/accounts/accounts.js';
import type { OpenedExchange } from '../../../support/open-exchange.js';
import { Client, type HttpAnswer, http } from '../web/venue.js';

type Values = Readonly<Record<string, string | number | boolean>>;

/** An account of an opened exchange that signs raw requests with one of its keys. */
export class Trader {
  readonly rest: string;
  readonly wsApi: string;
  readonly key: AccountKey;
  readonly #opened: OpenedExchange;

  constructor(opened: OpenedExchange, kind: KeyKind = 'hmac', account = 0) {
    const { rest, wsApi } = opened.origins.spot;
    this.rest = rest;
    this.wsApi = wsApi!;
    this.#opened = opened;
    this.key = opened.accounts.all[account]!.keys.find((key) => key.kind === kind)!;
  }

  get nowMs(): number {
    return Math.floor(this.#opened.exchange.clock.nowUs() / 1000);
  }

  signature(payload: string): string {
    const { kind, secret } = this.key;
    if (kind === 'hmac') return createHmac('sha256', secret!).update(payload).digest('hex');
    return sign(kind === 'rsa' ? 'sha256' : null, Buffer.from(payload), secret!).toString('base64');
  }

  /** One signed request; `inBody` sends the parameters as a form. */
  call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, values: Values = {}, inBody = false): Promise<HttpAnswer> {
    const query = new URLSearchParams(Object.entries({ ...values, timestamp: this.nowMs }).map(([name, value]): [string, string] => [name, String(value)])).toString();
    const payload = `${query}&signature=${encodeURIComponent(this.signature(query))}`;
    return http(inBody ? `${this.rest}${path}` : `${this.rest}${path}?${payload}`, { method, key: this.key.key, ...(inBody ? { body: payload } : {}) });
  }

  /** A signed request of the websocket API. */
  request(method: string, values: Values = {}, id: string | number = method.replaceAll('.', '-')): string {
    const all: Record<string, string | number | boolean> = { ...values, apiKey: this.key.key, timestamp: this.nowMs };
    const payload = Object.keys(all).sort().map((name) => `${name}=${String(all[name])}`).join('&');
    return JSON.stringify({ id, method, params: { ...all, signature: this.signature(payload) } });
  }

  open(query = ''): Promise<Client> {
    return Client.open(`${this.wsApi}${query}`);
  }
}
