import { Buffer } from 'node:buffer';
import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { rootCertificates } from 'node:tls';
import type { Json, RestOutcome, RestRequest, VenueProduct } from '../../../actors/engine/io.js';
import { outcomeOf } from './answer.js';
import type { VenueSecrets } from './vault.js';

export interface RestClientOptions {
  /** Origin by product: `https://api.binance.com`. */
  readonly origins: Readonly<Record<VenueProduct, string>>;
  readonly secrets: VenueSecrets;
  /** Certificate authority to trust besides the system's, PEM. */
  readonly ca: string | null;
  /** Milliseconds of engine time in one of the wall: what deadlines are divided by. */
  readonly speed: number;
  readonly nowUs: () => number;
  /** Longer answers are cut off and malformed. */
  readonly maxBodyBytes: number;
  /** A connection that waits longer for its next request is let go, before the venue does so. */
  readonly idleMs: number;
  readonly connections: number;
  /** Takes the text of a depth snapshot to tape and kernel; says what the actor is told, or what is wrong with it. */
  readonly depth?: (request: RestRequest, text: string) => { readonly body: Json } | string;
}

export interface Answered {
  readonly sentUs: number;
  readonly receivedUs: number;
  readonly outcome: RestOutcome;
}

type FailReason = Extract<RestOutcome, { kind: 'failed' }>['reason'];
const REASONS: Readonly<Record<string, FailReason>> = {
  ECONNREFUSED: 'refused', ECONNRESET: 'reset', EPIPE: 'reset', ETIMEDOUT: 'timeout', ENOTFOUND: 'unreachable', EAI_AGAIN: 'unreachable', EHOSTUNREACH: 'unreachable', ENETUNREACH: 'unreachable',
};
const AGENT = 'faultline';

/** `a=1&b=2`, percent-encoded, in the order of the record. */
function formOf(params: Readonly<Record<string, string>>): string {
  return Object.entries(params).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&');
}

/**
 * Sends requests of the tree over kept connections, never a second time and never after a redirect. `sent: 'no'` is said only of a request whose
 * connection was never up: node writes nothing before that. On a connection that was kept, everything is 'maybe'.
 */
export class RestClient {
  readonly #options: RestClientOptions;
  readonly #agents: Readonly<Record<'http:' | 'https:', HttpAgent>>;
  readonly #pending = new Set<() => void>();
  #quiet = false;

  constructor(options: RestClientOptions) {
    this.#options = options;
    const agent = { keepAlive: true, maxSockets: options.connections, maxFreeSockets: options.connections, timeout: options.idleMs, scheduling: 'lifo' as const };
    this.#agents = { 'http:': new HttpAgent(agent), 'https:': new HttpsAgent({ ...agent, ...(options.ca === null ? {} : { ca: [...rootCertificates, options.ca] }) }) };
  }

  /** Requests under way. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Sends one; the outcome comes once, in a later turn of the event loop, after `timeoutMs` of engine time at the latest. */
  send(request: RestRequest, done: (answered: Answered) => void): void {
    const { nowUs, secrets, speed } = this.#options;
    const startedUs = nowUs();
    let sentUs = startedUs;
    let call: ClientRequest | undefined;
    /** Bytes may be on their way. */
    let left = false;
    let over = false;
    const finish = (outcome: RestOutcome, keepsConnection = false): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      this.#pending.delete(cancel);
      if (!keepsConnection) call?.destroy();
      done({ sentUs, receivedUs: nowUs(), outcome });
    };
    const fail = (reason: FailReason): void => finish({ kind: 'failed', reason, sent: left ? 'maybe' : 'no' });
    const cancel = (): void => fail('cancelled');
    // A process that stood still hears its timers first: what has come is read before.
    const timer = setTimeout(() => setImmediate(() => setImmediate(() => fail('timeout'))), Math.max(1, request.timeoutMs / speed));
    this.#pending.add(cancel);
    if (this.#quiet || (request.security !== 'none' && secrets.vault === null)) {
      setImmediate(cancel);
      return;
    }
    try {
      call = this.#begin(request);
    } catch {
      // A path or header that HTTP cannot say.
      setImmediate(() => fail('unreachable'));
      return;
    }
    const begun = call;
    begun.once('socket', (socket) => {
      if (begun.reusedSocket || (!socket.connecting && !('encrypted' in socket))) {
        left = true;
        return;
      }
      socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => {
        left = true;
        sentUs = nowUs();
      });
    });
    begun.once('error', (error: NodeJS.ErrnoException) => fail(REASONS[error.code ?? ''] ?? (left ? 'reset' : 'unreachable')));
    // Neither 101 nor 1xx answers a request.
    begun.once('upgrade', (_response, socket) => { socket.destroy(); fail('reset'); });
    begun.once('response', (response) => this.#read(request, response, finish));
  }

  /** From now on every new request is 'cancelled', unsent. */
  quiet(): void {
    this.#quiet = true;
  }

  /** Ends what is under way as 'cancelled', and all connections. */
  close(): void {
    this.#quiet = true;
    for (const cancel of this.#pending) cancel();
    this.#agents['http:'].destroy();
    this.#agents['https:'].destroy();
  }

  #begin({ product, method, path, params, security }: RestRequest): ClientRequest {
    const { origins, secrets: { vault, handles } } = this.#options;
    const origin = new URL(origins[product]);
    const form = formOf(Object.fromEntries(Object.entries(params).map(([name, value]) => [name, handles.reveal(value)])));
    const signed = security === 'signed' && vault !== null ? vault.signForm(form) : form;
    const inBody = (method === 'POST' || method === 'PUT') && signed !== '';
    const target = handles.reveal(path);
    const body = inBody ? Buffer.from(signed, 'utf8') : null;
    const options: RequestOptions = {
      agent: this.#agents[origin.protocol === 'https:' ? 'https:' : 'http:'], host: origin.hostname.replace(/^\[|\]$/g, ''), port: origin.port, method,
      path: inBody || signed === '' ? target : `${target}?${signed}`,
      headers: {
        'User-Agent': AGENT, 'Accept': 'application/json', 'Accept-Encoding': 'identity',
        ...(security === 'none' || vault === null ? {} : { 'X-MBX-APIKEY': vault.header() }),
        ...(body === null ? {} : { 'Content-Type': 'application/x-www-form-urlencoded' }),
        ...(method === 'GET' || method === 'DELETE' ? {} : { 'Content-Length': body?.length ?? 0 }),
      },
    };
    const call = (origin.protocol === 'https:' ? httpsRequest : httpRequest)(options);
    call.end(body ?? undefined);
    return call;
  }

  #read(request: RestRequest, response: IncomingMessage, finish: (outcome: RestOutcome, keepsConnection: boolean) => void): void {
    const { maxBodyBytes, secrets: { handles }, depth } = this.#options;
    const chunks: Buffer[] = [];
    let bytes = 0;
    let ended = false;
    const end = (ending: 'whole' | 'cut' | 'long'): void => {
      if (ended) return;
      ended = true;
      const read = depth === undefined || request.depthOf === undefined ? undefined : (text: string) => depth(request, text);
      finish(outcomeOf(
        { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks), ending }, (text) => handles.hide(text), read), ending === 'whole');
    };
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBodyBytes) {
        end('long');
        return;
      }
      chunks.push(chunk);
    });
    response.once('end', () => end(response.complete ? 'whole' : 'cut'));
    response.once('error', () => end('cut'));
    response.once('close', () => end(response.complete ? 'whole' : 'cut'));
  }
}
