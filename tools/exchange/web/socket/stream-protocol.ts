import type { TimeUnit } from '../endpoint.js';
import type { Route, StreamHub, StreamSubscriber } from '../streams/hub.js';
import type { Connection, Protocol } from './connection.js';
import type { StreamAddress } from './paths.js';
import { requestIdJson } from './request-id.js';

const MOST_STREAMS = 1024;
const LONGEST_NAME = 256;
const METHODS = ['SUBSCRIBE', 'UNSUBSCRIBE', 'LIST_SUBSCRIPTIONS', 'SET_PROPERTY', 'GET_PROPERTY'] as const;
type Method = (typeof METHODS)[number];

/** A refusal of a control message: `{"error":{"code":…,"msg":…},"id":…}`. */
class ControlError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** One connection of market or user streams: what it subscribed, and the control messages that change it. */
export class StreamProtocol implements Protocol, StreamSubscriber {
  readonly connection: Connection;
  readonly route: Route;
  readonly timeUnit: TimeUnit;
  readonly events: ReadonlySet<string> | undefined;
  combined: boolean;
  readonly #hub: StreamHub;
  readonly #subscribed = new Set<string>();

  constructor(connection: Connection, hub: StreamHub, address: StreamAddress) {
    this.connection = connection;
    this.route = address.route;
    this.timeUnit = connection.query.get('timeUnit')?.toUpperCase() === 'MICROSECOND' ? 'us' : 'ms';
    this.events = address.events;
    this.combined = address.combined;
    this.#hub = hub;
  }

  /** Subscribes what the address named; false when that is too much, and the connection is to be closed. */
  begin(streams: readonly string[]): boolean {
    try {
      this.#subscribe(streams);
      return true;
    } catch {
      return false;
    }
  }

  message(text: string): void {
    let id = 'null';
    let name = 'control';
    try {
      const request = parsedRequest(text);
      const given = requestIdJson(request['id'], text);
      if (given === undefined) throw new ControlError(2, 'Invalid request: request ID must be an unsigned integer');
      id = given;
      const method = methodOf(request, text);
      name = method;
      const result = this.#perform(method, request['params']);
      this.#answer(`{"result":${result},"id":${id}}`, name);
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      this.#answer(`{"error":{"code":${error.code},"msg":${JSON.stringify(error.message)}},"id":${id}}`, name);
    }
  }

  shutdownNotice(nowMs: number): string {
    const event = `{"e":"serverShutdown","E":${nowMs}}`;
    return this.combined ? `{"stream":"!serverShutdown","data":${event}}` : event;
  }

  closed(): void {
    for (const stream of this.#subscribed) this.#hub.unsubscribe(this, stream);
    this.#subscribed.clear();
  }

  #answer(text: string, name: string): void {
    this.connection.sendText(text, 'answer', name, undefined);
  }

  #perform(method: Method, params: unknown): string {
    switch (method) {
      case 'SUBSCRIBE':
        this.#subscribe(streamNames(params));
        return 'null';
      case 'UNSUBSCRIBE':
        for (const stream of streamNames(params)) if (this.#subscribed.delete(stream)) this.#hub.unsubscribe(this, stream);
        return 'null';
      case 'LIST_SUBSCRIPTIONS':
        if (Array.isArray(params) && params.length > 0) throw new ControlError(2, 'Invalid request: too many parameters');
        return JSON.stringify([...this.#subscribed]);
      case 'SET_PROPERTY': {
        const value = propertyOf(params, 2)[1];
        if (typeof value !== 'boolean') throw new ControlError(1, 'Invalid value type: expected Boolean');
        this.combined = value;
        return 'null';
      }
      case 'GET_PROPERTY':
        propertyOf(params, 1);
        return String(this.combined);
    }
  }

  #subscribe(streams: readonly string[]): void {
    const more = streams.filter((stream) => !this.#subscribed.has(stream));
    if (this.#subscribed.size + new Set(more).size > MOST_STREAMS) {
      throw new ControlError(2, `Invalid request: too many streams, a connection can listen to a maximum of ${MOST_STREAMS} streams`);
    }
    if (more.some((stream) => stream.length > LONGEST_NAME)) throw new ControlError(2, 'Invalid request: stream name is too long');
    for (const stream of more) {
      if (!this.#hub.subscribe(this, stream)) throw new ControlError(2, 'Invalid request: too many streams');
      this.#subscribed.add(stream);
    }
  }
}

function parsedRequest(text: string): Readonly<Record<string, unknown>> {
  let request: unknown;
  try {
    request = JSON.parse(text) as unknown;
  } catch (error) {
    throw new ControlError(3, `Invalid JSON: expected value at ${placeOf(error, text)}`);
  }
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    throw new ControlError(2, `Invalid request: missing field \`method\` at line 1 column ${text.length}`);
  }
  return request as Record<string, unknown>;
}

/** Where V8 says that the text stops being JSON; the venue's own parser may look at another column. */
function placeOf(error: unknown, text: string): string {
  const position = /position (\d+)/.exec(error instanceof Error ? error.message : '');
  const before = text.slice(0, position === null ? text.length : Number(position[1]));
  const line = before.split('\n').length;
  return `line ${line} column ${before.length - before.lastIndexOf('\n')}`;
}

function methodOf(request: Readonly<Record<string, unknown>>, text: string): Method {
  const method = request['method'];
  const found = METHODS.find((candidate) => candidate === method);
  if (found !== undefined) return found;
  if (method === undefined) throw new ControlError(2, `Invalid request: missing field \`method\` at line 1 column ${text.length}`);
  if (typeof method !== 'string') throw new ControlError(2, `Invalid request: invalid type for \`method\`, expected a string at line 1 column ${text.length}`);
  const written = JSON.stringify(method);
  const column = text.indexOf(written) + written.length;
  const expected = METHODS.map((name) => `\`${name}\``).join(', ');
  throw new ControlError(2, `Invalid request: unknown variant ${`\`${method.slice(0, LONGEST_NAME)}\``}, expected one of ${expected} at line 1 column ${column}`);
}

function streamNames(params: unknown): readonly string[] {
  if (!Array.isArray(params)) throw new ControlError(2, 'Invalid request: params must be an array of stream names');
  return params.map((name: unknown) => {
    if (typeof name !== 'string') throw new ControlError(2, 'Invalid request: stream name must be a string');
    return name;
  });
}

function propertyOf(params: unknown, count: number): readonly unknown[] {
  if (!Array.isArray(params) || typeof params[0] !== 'string') throw new ControlError(2, 'Invalid request: property name must be a string');
  if (params.length > count) throw new ControlError(2, 'Invalid request: too many parameters');
  if (params[0] !== 'combined') throw new ControlError(0, 'Unknown property');
  return params as unknown[];
}
