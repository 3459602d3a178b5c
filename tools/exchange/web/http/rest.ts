import { Buffer } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { VenueError } from '../../../../actors/exchange/venue-error.js';
import { withoutSignature } from '../auth/signature.js';
import type { Endpoint, TimeUnit } from '../endpoint.js';
import { illegalAnywhere, invalidTimeUnit } from '../errors.js';
import { errorText } from '../gate.js';
import type { Gate, GateRequest, Outcome, Reply } from '../gate.js';
import type { RequestFate } from '../troubles.js';
import type { RateLimiter } from '../limits/rate-limiter.js';
import { decodedSignature, readForm } from './form.js';

const JSON_TYPE = 'application/json;charset=UTF-8';
const HTML_TYPE = 'text/html;charset=UTF-8';
const PAST_ASCII = /[^\u0000-\u007f]/;
const TOO_MANY_REQUESTS = -1003;
const NO_VALUES: ReadonlyMap<string, string> = new Map();

/** A request that no endpoint of the table wants, as it came. */
export interface RawRequest {
  readonly method: string;
  /** Path and query as on the request line. */
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  readonly ip: string;
}

export interface RawAnswer {
  readonly status: number;
  readonly body: string;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The connection is dropped in its place, or in its middle. */
  readonly cut?: RequestFate['cut'];
}

export interface RestOptions {
  readonly endpoints: readonly Endpoint[];
  readonly gate: Gate;
  readonly limits: RateLimiter;
  /** Payloads have to be percent-encoded before they are signed (since 2026-01-15). */
  readonly encodedBeforeSigned: boolean;
  /** `html`: the plain pages of spot; `json`: the futures' -5000. */
  readonly unknownPath: 'html' | 'json';
  /** Takes what no endpoint wants; undefined leaves it to 404. */
  readonly fallback: ((request: RawRequest) => RawAnswer | undefined | Promise<RawAnswer | undefined>) | undefined;
}

/** Turns HTTP requests into requests of the gate and outcomes into HTTP answers. */
export class Rest {
  readonly #options: RestOptions;
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #paths = new Set<string>();

  constructor(options: RestOptions) {
    this.#options = options;
    for (const endpoint of options.endpoints) {
      const name = `${endpoint.method} ${endpoint.path}`;
      if (this.#endpoints.has(name)) throw new RangeError(`two endpoints of one name: ${name}`);
      this.#endpoints.set(name, endpoint);
      this.#paths.add(endpoint.path);
    }
  }

  /** Answers one request whose body has been read. */
  async handle(request: IncomingMessage, response: ServerResponse, body: Buffer, ip: string): Promise<void> {
    const method = request.method ?? 'GET';
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    const query = mark < 0 ? '' : url.slice(mark + 1);
    const name = `${method} ${path}`;
    const encoding = request.headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') {
      answerPage(response, 415, 'Unsupported Media Type');
      return;
    }
    const endpoint = this.#endpoints.get(name);
    if (endpoint === undefined) {
      const raw = await this.#options.fallback?.({ method, url, headers: request.headers, body, ip });
      if (raw !== undefined) answer(response, raw.status, raw.body, raw.contentType ?? JSON_TYPE, raw.headers ?? {}, raw.cut);
      else this.#unknown(response, method, path);
      return;
    }
    const reply: Reply = (outcome, cut) => this.#reply(response, endpoint, ip, outcome, cut);
    const read = this.#read(endpoint, name, request, query, body, ip);
    if (read instanceof VenueError) {
      // What could not be read is counted like what could: a flood of nonsense is a flood.
      this.#options.gate.perform({ ...endpoint, security: 'none', weight: 1, orders: 0, handle: () => { throw read; } }, emptyRequest(name, ip), reply);
    } else {
      this.#options.gate.perform(endpoint, read, reply);
    }
  }

  #read(endpoint: Endpoint, name: string, request: IncomingMessage, query: string, body: Buffer, ip: string): GateRequest | VenueError {
    const values = new Map<string, string>();
    const raw = body.toString('latin1');
    const inQuery = withoutSignature(query);
    const inBody = withoutSignature(raw);
    let timeUnit: TimeUnit;
    try {
      timeUnit = timeUnitOf(request.headers['x-mbx-time-unit']);
      readForm(query, values);
      if (endpoint.method !== 'GET' && isForm(request.headers['content-type'])) readForm(raw, values);
    } catch (error) {
      return error instanceof VenueError ? error : illegalAnywhere();
    }
    const apiKey = request.headers['x-mbx-apikey'];
    const sent = inQuery.signature ?? inBody.signature;
    const payload = inQuery.payload + inBody.payload;
    return {
      face: 'rest', name, ip, values, timeUnit, session: undefined,
      apiKey: typeof apiKey === 'string' ? apiKey : undefined,
      signature: sent === undefined ? undefined : decodedSignature(sent),
      payloads: () => payloadsOf(payload, this.#options.encodedBeforeSigned),
    };
  }

  #reply(response: ServerResponse, endpoint: Endpoint, ip: string, outcome: Outcome, cut: Parameters<Reply>[1]): void {
    const headers: Record<string, string> = {};
    const { limits } = this.#options;
    limits.weightHeaders(ip, headers);
    let status = 200;
    let text: string;
    switch (outcome.kind) {
      case 'result':
        text = outcome.text;
        if (endpoint.orders !== undefined) limits.orderHeaders(outcome.account, headers);
        break;
      case 'error':
        status = outcome.error.status;
        // When to come back stands in a header here, in `data` on the websocket API.
        text = errorText(outcome.error, outcome.error.code !== TOO_MANY_REQUESTS);
        Object.assign(headers, outcome.error.headers);
        break;
      case 'raw':
        status = outcome.status;
        text = outcome.body;
        Object.assign(headers, outcome.headers);
        break;
    }
    answer(response, status, text, JSON_TYPE, headers, cut);
  }

  #unknown(response: ServerResponse, method: string, path: string): void {
    const status = this.#paths.has(path) ? 405 : 404;
    if (this.#options.unknownPath === 'json') {
      answer(response, status, JSON.stringify({ code: -5000, msg: `Path ${path}, Method ${method} is invalid` }), JSON_TYPE, {});
    } else {
      answerPage(response, status, status === 404 ? 'Not found' : 'Method not allowed');
    }
  }
}

/** The page of whatever stands before the venue's servers, as its firewall (403) writes it. */
export function page(status: number, text: string): string {
  return `<html><body><h2>${status} ${text}</h2></body></html>`;
}

/** Answers with such a page. */
export function answerPage(response: ServerResponse, status: number, text: string): void {
  answer(response, status, page(status, text), HTML_TYPE, {});
}

function answer(response: ServerResponse, status: number, body: string, contentType: string, headers: Readonly<Record<string, string>>, cut?: RequestFate['cut']): void {
  if (response.destroyed || response.headersSent) return;
  if (cut === 'before-answer') {
    response.destroy();
    return;
  }
  response.writeHead(status, { ...headers, 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(body) });
  if (cut === 'mid-answer') response.write(body.slice(0, body.length >> 1), () => response.destroy());
  else response.end(body);
}

function timeUnitOf(header: string | string[] | undefined): TimeUnit {
  if (header === undefined) return 'ms';
  const unit = String(header).toUpperCase();
  if (unit === 'MICROSECOND') return 'us';
  if (unit === 'MILLISECOND') return 'ms';
  throw invalidTimeUnit();
}

function isForm(contentType: string | undefined): boolean {
  return contentType === undefined || contentType.startsWith('application/x-www-form-urlencoded') || contentType.startsWith('text/plain');
}

function payloadsOf(payload: string, encodedBeforeSigned: boolean): readonly Buffer[] {
  if (encodedBeforeSigned) return PAST_ASCII.test(payload) ? [] : [Buffer.from(payload, 'latin1')];
  const asSent = Buffer.from(payload, 'latin1');
  try {
    return [asSent, Buffer.from(decodeURIComponent(payload), 'utf8')];
  } catch {
    return [asSent];
  }
}

function emptyRequest(name: string, ip: string): GateRequest {
  return { face: 'rest', name, ip, values: NO_VALUES, timeUnit: 'ms', session: undefined, apiKey: undefined, signature: undefined, payloads: () => [] };
}
