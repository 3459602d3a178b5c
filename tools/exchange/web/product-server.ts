import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { WebSocketServer } from 'ws';
import { type AsOf, NEWEST } from '../../../actors/exchange/rules.js';
import { VenueError } from '../../../actors/exchange/venue-error.js';
import type { KeyStore } from './auth/keys.js';
import type { WebClock } from './clock.js';
import type { Endpoint, WsMethod } from './endpoint.js';
import { Gate } from './gate.js';
import { answerPage, page, Rest } from './http/rest.js';
import type { RawAnswer, RawRequest } from './http/rest.js';
import type { Certificate } from './http/tls.js';
import { RateLimiter } from './limits/rate-limiter.js';
import type { RateLimit } from './limits/rate-limiter.js';
import { FUTURES_PARAMS, SPOT_PARAMS } from './params.js';
import type { ParamsRules } from './params.js';
import {
  Connection, FUTURES_STREAM_RULES, FUTURES_WS_API_RULES, SPOT_STREAM_RULES, SPOT_WS_API_RULES,
} from './socket/connection.js';
import type { ConnectionRules, Crowd, EndReason, Protocol } from './socket/connection.js';
import { streamAddress } from './socket/paths.js';
import { SESSION_METHODS, USER_STREAM_METHODS } from './socket/session.js';
import { StreamProtocol } from './socket/stream-protocol.js';
import { methodTable, WsApiProtocol } from './socket/ws-api.js';
import { StreamHub } from './streams/hub.js';
import { NO_TROUBLES } from './troubles.js';
import type { Troubles } from './troubles.js';

const MOST_BODY_BYTES = 256 * 1024;
const MOST_HEADER_BYTES = 16 * 1024;
const MOST_FRAME_BYTES = 256 * 1024;
const MOST_SOCKETS = 4096;
/** Of all websockets together; each may hold its part, and no more than its own bound. */
const MOST_BUFFERED_BYTES = 512 * 2 ** 20;
/** A client that is told to close has so long to agree; whoever is dead is gone then, and his orders may be canceled. */
const CLOSE_WITHIN_MS = 2000;
const WS_API_CONNECT_WEIGHT = 2;
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'];
/** 300 connections every 5 minutes an IP. */
const CONNECTS: RateLimit = { rateLimitType: 'RAW_REQUESTS', interval: 'MINUTE', intervalNum: 5, limit: 300 };

/** How a family of products behaves on the wire. */
export interface ProductManners {
  readonly params: ParamsRules;
  readonly streams: ConnectionRules;
  readonly wsApi: ConnectionRules;
  readonly unknownPath: 'html' | 'json';
  /** Whether the websocket API has the session and user stream methods of spot. */
  readonly userStream: 'subscription' | 'listenKey';
}

export const SPOT_MANNERS: ProductManners = {
  params: SPOT_PARAMS, streams: SPOT_STREAM_RULES, wsApi: SPOT_WS_API_RULES, unknownPath: 'html', userStream: 'subscription',
};
export const FUTURES_MANNERS: ProductManners = {
  params: FUTURES_PARAMS, streams: FUTURES_STREAM_RULES, wsApi: FUTURES_WS_API_RULES, unknownPath: 'json', userStream: 'listenKey',
};

/** A websocket of another protocol, such as Deribit's. */
export type OpenProtocol = (connection: Connection) => Protocol;

export interface ProductServerOptions {
  /** `spot`, `usdm`, … */
  readonly product: string;
  readonly manners: ProductManners;
  readonly clock: WebClock;
  readonly keys: KeyStore;
  /** As served in exchangeInfo. */
  readonly rateLimits: readonly RateLimit[];
  /** False for `--limits off`: everything is counted and nothing refused. */
  readonly limitsEnforced?: boolean;
  readonly endpoints?: readonly Endpoint[];
  readonly wsMethods?: readonly WsMethod[];
  /** `/ws-api/v3` or `/ws-fapi/v1`; none without. */
  readonly wsApiPath?: string;
  /** None for a product without streams. */
  readonly hub?: StreamHub;
  readonly troubles?: Troubles;
  /** The day whose protocol is served; the newest unless told otherwise. */
  readonly asOf?: AsOf;
  /** Takes HTTP requests that no endpoint wants. */
  readonly fallback?: (request: RawRequest) => RawAnswer | undefined | Promise<RawAnswer | undefined>;
  /** Websockets of other protocols, by path. */
  readonly sockets?: Readonly<Record<string, OpenProtocol>>;
  /** Told of every error that is a defect; the client reads -1000. */
  readonly onDefect?: (error: unknown, name: string) => void;
}

function noSchemas(): never {
  throw new Error('the venue checks requests itself; routes have no schemas');
}

/** Bounds that guard this process, not the venue's manners: of wall time. */
export interface Guards {
  /** From the first byte, or from connecting, to the end of the headers. */
  readonly headersWithinMs: number;
  /** To the end of the body. */
  readonly requestWithinMs: number;
  /** A connection without a request. */
  readonly idleMs: number;
  readonly checkEveryMs: number;
}

const GUARDS: Guards = { headersWithinMs: 10_000, requestWithinMs: 20_000, idleMs: 65_000, checkEveryMs: 2000 };

export interface ListenOptions {
  readonly guards?: Guards;
  readonly port?: number;
  /** Loopback unless told otherwise. */
  readonly host?: string;
  readonly certificate?: Certificate;
}

/** Bare origins: `http://127.0.0.1:8080` and `ws://127.0.0.1:8080`, or their TLS forms. */
export interface Origins {
  readonly port: number;
  readonly rest: string;
  readonly ws: string;
}

/** What has happened on the websockets of a product. */
export interface SocketCounts {
  readonly opened: number;
  readonly refused: number;
  readonly ended: Readonly<Record<EndReason, number>>;
}

/** One product on one port: its endpoints, its websocket API and its streams. */
export class ProductServer {
  readonly limits: RateLimiter;
  readonly hub: StreamHub;
  readonly #options: ProductServerOptions;
  readonly #troubles: Troubles;
  readonly #gate: Gate;
  readonly #rest: Rest;
  readonly #methods: ReturnType<typeof methodTable>;
  readonly #connects: RateLimiter;
  readonly #connections = new Set<Connection>();
  readonly #crowd: Crowd = { mostBytesEach: MOST_BUFFERED_BYTES };
  readonly #onDefect: (error: unknown, name: string) => void;
  readonly #counts = { opened: 0, refused: 0, ended: { client: 0, slowReader: 0, noPong: 0, tooManyMessages: 0, lifetime: 0, server: 0, trouble: 0 } };
  #app: FastifyInstance | undefined;
  #nextId = 0;

  constructor(options: ProductServerOptions) {
    const { product, clock, keys, manners } = options;
    const troubles = options.troubles ?? NO_TROUBLES;
    const enforced = options.limitsEnforced ?? true;
    this.#options = options;
    this.#troubles = troubles;
    this.#onDefect = options.onDefect ?? (() => {});
    this.hub = options.hub ?? new StreamHub();
    this.limits = new RateLimiter(options.rateLimits, clock, enforced, manners.params.family);
    this.#connects = new RateLimiter([CONNECTS], clock, enforced);
    this.#gate = new Gate({ product, clock, keys, limits: this.limits, troubles, params: manners.params, onDefect: this.#onDefect });
    this.#rest = new Rest({
      endpoints: options.endpoints ?? [], gate: this.#gate, limits: this.limits, unknownPath: manners.unknownPath, fallback: options.fallback,
      encodedBeforeSigned: (options.asOf ?? NEWEST).holds('percentEncodedSignatures'),
    });
    this.#methods = methodTable([
      ...SESSION_METHODS, ...(manners.userStream === 'subscription' ? USER_STREAM_METHODS : []), ...(options.wsMethods ?? []),
    ]);
  }

  /** What it answers over HTTP, as `GET /api/v3/depth`, and methods of its websocket API. */
  get mounted(): { readonly endpoints: readonly string[]; readonly methods: readonly string[] } {
    const { endpoints = [], wsApiPath } = this.#options;
    return { endpoints: endpoints.map(({ method, path }) => `${method} ${path}`), methods: wsApiPath === undefined ? [] : [...this.#methods.keys()] };
  }

  /** Websockets that are open now, for whoever wants to cut, close or count them. */
  get connections(): Iterable<Connection> {
    return this.#connections;
  }

  get counts(): SocketCounts {
    return { ...this.#counts, ended: { ...this.#counts.ended } };
  }

  /** Opens the port. Rejects when it cannot be had. */
  async listen(options: ListenOptions = {}): Promise<Origins> {
    const { certificate, host = '127.0.0.1', guards = GUARDS } = options;
    const limits = {
      maxHeaderSize: MOST_HEADER_BYTES, connectionsCheckingInterval: guards.checkEveryMs, headersTimeout: guards.headersWithinMs,
      requestTimeout: guards.requestWithinMs, keepAliveTimeout: guards.idleMs,
    };
    const app = Fastify({
      bodyLimit: MOST_BODY_BYTES,
      exposeHeadRoutes: false,
      // No route has a schema: its compilers would be a hundred modules to load for nothing.
      schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
      serverFactory: (handler) => (certificate === undefined ? createServer(limits, handler) : createTlsServer({ ...limits, ...certificate, handshakeTimeout: guards.headersWithinMs }, handler)) as Server,
      clientErrorHandler: (error, socket) => refuseBytes(error, socket),
      frameworkErrors: (_error, _request, reply) => {
        reply.hijack();
        answerPage(reply.raw, 403, 'Forbidden');
      },
    });
    this.#app = app;
    app.server.maxConnections = MOST_SOCKETS;
    // Nothing in and nothing out for so long: a client that does not take its answer. Websockets have their pings instead.
    app.server.setTimeout(2 * guards.idleMs);
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    app.setErrorHandler((error: { readonly statusCode?: number }, request, reply) => {
      reply.hijack();
      const status = error.statusCode ?? 500;
      if (status >= 500) this.#onDefect(error, request.url);
      if (status === 413) answerPage(reply.raw, 413, 'Request Entity Too Large');
      else if (status >= 500) answerPage(reply.raw, 500, 'Internal Server Error');
      else answerPage(reply.raw, 403, 'Forbidden');
    });
    const handle = async (request: { readonly raw: IncomingMessage; readonly body: unknown }, reply: { readonly raw: ServerResponse; hijack(): unknown }): Promise<void> => {
      reply.hijack();
      try {
        await this.#rest.handle(request.raw, reply.raw, Buffer.isBuffer(request.body) ? request.body : NO_BODY, ipOf(request.raw.socket));
      } catch (error) {
        this.#onDefect(error, request.raw.url ?? '');
        reply.raw.destroy();
      }
    };
    app.route({ method: METHODS, url: '*', handler: handle });
    app.setNotFoundHandler(handle);
    this.#acceptSockets(app.server);
    await app.listen({ port: options.port ?? 0, host });
    const { port } = app.server.address() as AddressInfo;
    const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    const s = certificate === undefined ? '' : 's';
    return { port, rest: `http${s}://${authority}`, ws: `ws${s}://${authority}` };
  }

  /** Sends serverShutdown to every websocket. */
  announceShutdown(): void {
    for (const connection of this.#connections) connection.notifyShutdown();
  }

  /** Drops every connection and gives the port back. */
  async close(): Promise<void> {
    for (const connection of this.#connections) connection.terminate('server');
    this.#app?.server.closeAllConnections();
    await this.#app?.close();
  }

  #acceptSockets(server: Server): void {
    // No deflate: a frame can be written to many sockets as it is, and a small one cannot unfold into a large one.
    const options = { noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload: MOST_FRAME_BYTES, autoPong: false, closeTimeout: CLOSE_WITHIN_MS };
    const wss = new WebSocketServer(options);
    server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      socket.on('error', () => {});
      const url = request.url ?? '/';
      const mark = url.indexOf('?');
      const path = mark < 0 ? url : url.slice(0, mark);
      const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
      const ip = ipOf(socket);
      const opening = this.#opening(path, query);
      const face = opening?.face ?? 'stream';
      const fate = this.#troubles.quiet ? undefined : this.#troubles.connection({ product: this.#options.product, face, path, ip });
      const refused = opening === undefined ? 404 : (fate?.refuse ?? this.#refusal(face, ip));
      if (refused !== undefined) {
        this.#counts.refused += 1;
        refuse(socket, refused);
        return;
      }
      wss.handleUpgrade(request, socket, head, (ws) => {
        const { product, clock, manners, limitsEnforced = true, asOf = NEWEST } = this.#options;
        const connection = new Connection(ws, socket, {
          id: this.#nextId++, product, face, ip, path, query, clock, troubles: this.#troubles, crowd: this.#crowd, limited: limitsEnforced, onDefect: this.#onDefect,
          rules: face === 'wsApi' ? manners.wsApi : manners.streams, tellsShutdown: asOf.holds('serverShutdownEvents'),
        });
        connection.halfOpen = fate?.halfOpen ?? false;
        this.#connections.add(connection);
        this.#crowd.mostBytesEach = MOST_BUFFERED_BYTES / this.#connections.size;
        this.#counts.opened += 1;
        opening!.open(connection, (reason) => {
          this.#connections.delete(connection);
          this.#crowd.mostBytesEach = MOST_BUFFERED_BYTES / Math.max(1, this.#connections.size);
          this.#counts.ended[reason] += 1;
        });
      });
    });
  }

  /** What speaks at this path; undefined when nothing does. */
  #opening(path: string, query: URLSearchParams): { readonly face: 'stream' | 'wsApi'; open(connection: Connection, onEnd: (reason: EndReason) => void): void } | undefined {
    const { wsApiPath, sockets } = this.#options;
    const bare = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
    if (bare === wsApiPath) {
      return { face: 'wsApi', open: (connection, onEnd) => connection.open(new WsApiProtocol(connection, this.hub, this.#methods, this.#gate, this.limits), onEnd) };
    }
    const other = sockets !== undefined && Object.hasOwn(sockets, bare) ? sockets[bare] : undefined;
    if (other !== undefined) return { face: 'wsApi', open: (connection, onEnd) => connection.open(other(connection), onEnd) };
    const address = this.#options.hub === undefined ? undefined : streamAddress(path, query);
    if (address === undefined) return undefined;
    return {
      face: 'stream',
      open: (connection, onEnd) => {
        const protocol = new StreamProtocol(connection, this.hub, address);
        connection.open(protocol, onEnd);
        if (!protocol.begin(address.streams)) connection.close(1008, 'Too many streams');
      },
    };
  }

  #refusal(face: 'stream' | 'wsApi', ip: string): number | undefined {
    try {
      this.#connects.request(ip, 0);
      if (face === 'wsApi') this.limits.request(ip, WS_API_CONNECT_WEIGHT);
      else this.limits.bans.check(ip);
      return undefined;
    } catch (error) {
      if (error instanceof VenueError) return error.status;
      throw error;
    }
  }
}

const NO_BODY = Buffer.alloc(0);

function ipOf(socket: Pick<Socket, 'remoteAddress'>): string {
  const address = socket.remoteAddress ?? '';
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}

/** Answers bytes that are no HTTP, too much of it, or too slow, as what stands before the venue's servers does. */
function refuseBytes(error: Error & { readonly code?: string }, socket: Socket): void {
  const { code = '' } = error;
  const late = code === 'ERR_HTTP_REQUEST_TIMEOUT';
  // Anything else is a broken connection, or a handshake of TLS that failed: there is nobody to answer.
  if (!socket.writable || !(late || code.startsWith('HPE_'))) socket.destroy();
  else refuse(socket, code === 'HPE_HEADER_OVERFLOW' ? 431 : late ? 408 : 403);
}

const REASONS: Readonly<Record<number, string>> = { 403: 'Forbidden', 404: 'Not found', 408: 'Request Timeout', 418: "I'm a teapot", 429: 'Too Many Requests', 431: 'Request Header Fields Too Large' };

function refuse(socket: Socket, status: number): void {
  const reason = REASONS[status] ?? 'Error';
  const body = page(status, reason);
  socket.end(`HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Type: text/html\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  socket.destroySoon();
}
