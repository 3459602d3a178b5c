import { VenueError } from '../../../../actors/exchange/venue-error.js';
import { sortedPayload } from '../auth/signature.js';
import type { WsMethod } from '../endpoint.js';
import { invalidJsonRequest, missing, unknownError } from '../errors.js';
import { errorText, SessionRevoked } from '../gate.js';
import type { Gate, GateRequest, Outcome } from '../gate.js';
import type { RateLimiter } from '../limits/rate-limiter.js';
import { textOfMembers } from '../params.js';
import type { StreamHub } from '../streams/hub.js';
import type { Connection, Protocol } from './connection.js';
import { requestIdJson } from './request-id.js';
import { WsSession } from './session.js';

const NO_VALUES: ReadonlyMap<string, string> = new Map();
const VERSION = /^v\d+\//;
/** A number that JavaScript does not write as it was sent: 1.0, 1e-5, more digits than a double has. */
const UNLIKE_WRITTEN = /[:\s](?:-?\d+\.\d*0|-?\d[\d.]*[eE][+-]?\d+|-?[\d.]{16,})\s*[,}]/;
const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const BANNED = 418;

/** The methods of a product's websocket API, by name. */
export function methodTable(methods: readonly WsMethod[]): ReadonlyMap<string, WsMethod> {
  const table = new Map<string, WsMethod>();
  for (const method of methods) {
    if (table.has(method.method)) throw new RangeError(`two methods of one name: ${method.method}`);
    table.set(method.method, method);
  }
  return table;
}

/** Parameters whose numbers are the text that was sent, which is what the client has signed. */
function asWritten(params: object, text: string): object {
  const quoted = text.replace(STRING_OR_NUMBER, (token) => (token.startsWith('"') ? token : `"${token}"`));
  const { params: written } = JSON.parse(quoted) as { readonly params: Readonly<Record<string, unknown>> };
  return Object.fromEntries(Object.entries(params).map(([name, value]: [string, unknown]) => [name, typeof value === 'number' ? written[name] : value]));
}

/** One connection of the websocket API: requests in, answers under their ids out, in the order in which they are done. */
export class WsApiProtocol implements Protocol {
  readonly #connection: Connection;
  readonly #methods: ReadonlyMap<string, WsMethod>;
  readonly #gate: Gate;
  readonly #limits: RateLimiter;
  readonly #session: WsSession;

  constructor(connection: Connection, hub: StreamHub, methods: ReadonlyMap<string, WsMethod>, gate: Gate, limits: RateLimiter) {
    this.#connection = connection;
    this.#methods = methods;
    this.#gate = gate;
    this.#limits = limits;
    this.#session = new WsSession(connection, hub);
  }

  message(text: string): void {
    let request: Readonly<Record<string, unknown>> | undefined;
    try {
      const parsed = JSON.parse(text) as unknown;
      if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) request = parsed as Record<string, unknown>;
    } catch {
      // Told below, like all that is no object.
    }
    if (request === undefined) {
      this.#refuse('null', invalidJsonRequest());
      return;
    }
    const id = request['id'] === undefined ? 'null' : requestIdJson(request['id'], text);
    if (id === undefined) {
      this.#refuse('null', missing('id'));
      return;
    }
    const { method, params } = request;
    if (typeof method !== 'string' || method === '') {
      this.#refuse(id, missing('method'));
      return;
    }
    const rule = this.#methods.get(method) ?? this.#methods.get(method.replace(VERSION, ''));
    if (rule === undefined) {
      this.#refuse(id, new VenueError(-1020, 'This operation is not supported.'));
      return;
    }
    if (params !== undefined && params !== null && (typeof params !== 'object' || Array.isArray(params))) {
      this.#refuse(id, missing('params'));
      return;
    }
    const values = params === undefined || params === null ? NO_VALUES : textOfMembers(UNLIKE_WRITTEN.test(text) ? asWritten(params, text) : params);
    this.#gate.perform(rule, this.#gateRequest(rule.method, values), (outcome, cut) => {
      if (cut === undefined) this.#answer(id, rule, values, outcome);
      else this.#connection.terminate('trouble');
    });
  }

  shutdownNotice(nowMs: number): string {
    return `{"event":{"e":"serverShutdown","E":${nowMs}}}`;
  }

  closed(): void {
    this.#session.closed();
  }

  #gateRequest(name: string, values: ReadonlyMap<string, string>): GateRequest {
    return {
      face: 'wsApi', name, ip: this.#connection.ip, values,
      apiKey: values.get('apiKey'), signature: values.get('signature'),
      payloads: () => [sortedPayload(values)],
      timeUnit: this.#session.timeUnit, session: this.#session,
    };
  }

  /** What cannot be read is counted like any request of weight 1. */
  #refuse(id: string, error: VenueError): void {
    const rule: WsMethod = { method: 'invalid', security: 'none', weight: 1, handle: () => { throw error; } };
    this.#gate.perform(rule, this.#gateRequest(rule.method, NO_VALUES), (outcome, cut) => {
      if (cut === undefined) this.#answer(id, rule, NO_VALUES, outcome);
      else this.#connection.terminate('trouble');
    });
  }

  #answer(id: string, rule: WsMethod, values: ReadonlyMap<string, string>, outcome: Outcome): void {
    const asked = values.get('returnRateLimits');
    const limits = asked === undefined ? this.#session.returnRateLimits : asked !== 'false';
    const account = outcome.kind === 'result' ? outcome.account : '';
    const tail = limits ? `,"rateLimits":${this.#limits.statusJson(this.#connection.ip, rule.orders !== undefined && account !== '' ? account : undefined)}}` : '}';
    let text: string;
    let banned = false;
    if (outcome.kind === 'result') {
      text = `{"id":${id},"status":200,"result":${outcome.text}${tail}`;
    } else {
      const error = outcome.kind === 'error' ? outcome.error : unknownError();
      const status = outcome.kind === 'error' ? error.status : outcome.status;
      banned = status === BANNED;
      text = `{"id":${error instanceof SessionRevoked ? 'null' : id},"status":${status},"error":${errorText(error)}${tail}`;
    }
    this.#connection.sendText(text, 'answer', rule.method, account === '' ? undefined : account);
    if (banned) this.#connection.close(1008, 'IP banned');
  }
}
