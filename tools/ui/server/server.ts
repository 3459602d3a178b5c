import { readFile } from 'node:fs/promises';
import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { Readable } from 'node:stream';
import fastify, { type FastifyReply } from 'fastify';
import { WebSocketServer } from 'ws';
import { z } from 'zod';
import type { Sources } from '../sources/index.js';
import { ACTION_HEADER, STREAM_PROTOCOL, TOKEN_PROTOCOL, type ApiProblem } from '../wire/stream.js';
import { shellFiles } from './files.js';
import { checkOrigin, ownHosts, securityHeaders } from './guard.js';
import { UiError, type Download, type TopicMode, type UiHost, type UiPart } from './host.js';
import { shell } from './shell.js';
import { Stream, type Topic } from './stream.js';
import { bearer, isToken, newTokens, type Tokens } from './tokens.js';

const MOST_BODY_BYTES = 64 * 1024;
const MOST_MESSAGE_BYTES = 64 * 1024;
const MOST_PAGES = 32;

export interface UiServerOptions {
  /** 0: any free one. */
  readonly port: number;
  readonly sources: Sources;
  readonly parts: readonly UiPart[];
  /** What went wrong in here: a defect. The page is only told that there was one. */
  readonly onFault: (error: unknown) => void;
  readonly tokens?: Tokens;
}

export interface UiServer extends Tokens {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  close(): Promise<void>;
}

/** Serves the window on 127.0.0.1. Rejects with Node's own error where the port is taken. */
export async function startUiServer({ port, sources, parts, onFault, tokens = newTokens() }: UiServerOptions): Promise<UiServer> {
  const files = shellFiles();
  const page = shell(files);
  const headers = securityHeaders(page.scriptHash);
  const topics = new Map<string, Topic>();
  const closers: (() => void | Promise<void>)[] = [];
  let hosts: ReadonlySet<string> = new Set();

  const app = fastify({
    bodyLimit: MOST_BODY_BYTES, forceCloseConnections: true,
    // An address that is none comes past every hook.
    frameworkErrors: (error, _request, reply) => {
      void refuse(reply.headers(headers), error, onFault);
    },
  });
  // JSON alone: a form of another site can send text without asking first.
  app.removeContentTypeParser('text/plain');
  app.addHook('onRequest', async (request, reply) => {
    for (const [name, value] of Object.entries(headers)) reply.header(name, value);
    checkOrigin(request.headers, hosts, request.method !== 'GET' && request.method !== 'HEAD');
    if (isShell(request.routeOptions.url) && !isApi(request.url)) return;
    reply.header('cache-control', 'no-store');
    if (!isToken(bearer(request.headers.authorization), tokens.token)) {
      reply.header('www-authenticate', 'Bearer');
      throw new UiError(401, 'the token is missing or is not the one of this start; open the URL that `faultline ui` printed');
    }
  });
  app.setErrorHandler((error, _request, reply) => refuse(reply, error, onFault));
  app.setNotFoundHandler((request, reply) => refuse(reply, new UiError(404, `there is nothing at ${request.method} ${pathOf(request.url)}`), onFault));

  app.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').header('cache-control', 'no-cache').send(page.html));
  app.get('/*', async (request, reply) => {
    const file = files.byPath.get(decodeURI(pathOf(request.url)));
    if (file === undefined) throw new UiError(404, `there is nothing at ${pathOf(request.url)}`);
    return reply.type(file.type).header('cache-control', 'no-cache').send(await readFile(file.file));
  });

  const host: UiHost = {
    sources,
    query: (path, schema, answer) => {
      app.get(`/api/${path}`, async (request, reply) => {
        const value = await answer(parsed(schema, request.query), goneSignal(reply));
        if (value instanceof Uint8Array) return reply.type('application/octet-stream').send(value);
        return reply.type('application/json; charset=utf-8').send(JSON.stringify(value ?? null));
      });
    },
    download: (path, schema, answer) => {
      app.get(`/api/${path}`, async (request, reply) => {
        const { name, type, pieces } = await answer(parsed(schema, request.query), goneSignal(reply)) as Download;
        return reply.type(`${type}; charset=utf-8`).header('content-disposition', `attachment; filename="${name.replaceAll(/[^\w.-]/g, '_')}"`).send(Readable.from(pieces));
      });
    },
    action: (path, schema, phrase, carryOut) => {
      app.post(`/api/${path}`, async (request, reply) => {
        if (!isToken(request.headers[ACTION_HEADER], tokens.actionToken)) throw new UiError(403, 'this changes something and needs the action token, the second one that `faultline ui` printed');
        const { confirm, ...rest } = parsed(confirmed, request.body);
        const body = parsed(schema, rest);
        const expected = await phrase(body);
        if (confirm !== expected) throw new UiError(409, `not confirmed: type '${expected}'`);
        return reply.type('application/json; charset=utf-8').send(JSON.stringify((await carryOut(body)) ?? null));
      });
    },
    topic: (name, schema, mode: TopicMode, start) => topics.set(name, { schema, mode, start: start as Topic['start'] }),
    onClose: (close) => closers.push(close),
  };
  for (const part of parts) part(host);

  const sockets = new WebSocketServer({ noServer: true, maxPayload: MOST_MESSAGE_BYTES, handleProtocols: (offered) => (offered.has(STREAM_PROTOCOL) ? STREAM_PROTOCOL : false) });
  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const refusal = refusalOf(request, hosts, tokens.token, sockets.clients.size);
    if (refusal !== undefined) {
      socket.end(`HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\nconnection: close\r\ncontent-type: application/json\r\n\r\n${JSON.stringify({ problem: refusal.message } satisfies ApiProblem)}`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (accepted) => new Stream(accepted, topics, onFault));
  });

  await app.listen({ host: '127.0.0.1', port });
  const bound = (app.server.address() as AddressInfo).port;
  hosts = ownHosts(bound);
  return {
    ...tokens,
    origin: `http://127.0.0.1:${bound}`,
    close: async () => {
      for (const socket of sockets.clients) socket.terminate();
      await app.close();
      for (const close of closers) await close();
    },
  };
}

const confirmed = z.looseObject({ confirm: z.string().max(200) });

const pathOf = (url: string): string => url.split('?', 1)[0]!;
/** Routes of the shell. What a request is, its route says: the text of its address can name that in several ways (`/%61pi/…`, `http://host/api/…`). */
const isShell = (route: string | undefined): boolean => route === '/' || route === '/*' || route === undefined;
const isApi = (url: string): boolean => url.startsWith('/api/');

function parsed<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value ?? {});
  if (!result.success) throw new UiError(400, z.prettifyError(result.error));
  return result.data;
}

function goneSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}

/** Why a websocket is not let in; undefined if it is. */
function refusalOf(request: IncomingMessage, hosts: ReadonlySet<string>, token: string, pages: number): UiError | undefined {
  try {
    checkOrigin(request.headers, hosts, true);
  } catch (error) {
    return error as UiError;
  }
  if (pathOf(request.url ?? '') !== '/api/stream') return new UiError(404, 'the websocket is /api/stream');
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((each) => each.trim());
  const said = offered.find((each) => each.startsWith(TOKEN_PROTOCOL))?.slice(TOKEN_PROTOCOL.length);
  if (!isToken(said, token)) return new UiError(401, 'the token is missing or is not the one of this start');
  if (!offered.includes(STREAM_PROTOCOL)) return new UiError(400, `the subprotocol is ${STREAM_PROTOCOL}`);
  return pages >= MOST_PAGES ? new UiError(503, `more than ${MOST_PAGES} pages`) : undefined;
}

function refuse(reply: FastifyReply, error: unknown, onFault: (error: unknown) => void): FastifyReply {
  const status = error instanceof UiError ? error.status : statusOf(error);
  if (status >= 500 && !(error instanceof UiError)) onFault(error);
  const problem = error instanceof UiError || status < 500 ? (error as Error).message : 'a defect of faultline ui; its log says what';
  return reply.code(status).type('application/json; charset=utf-8').send(JSON.stringify({ problem } satisfies ApiProblem));
}

/** Fastify's own refusals (a body too large, no JSON) have a status; anything else is a defect. */
function statusOf(error: unknown): number {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' && status >= 400 ? status : 500;
}
