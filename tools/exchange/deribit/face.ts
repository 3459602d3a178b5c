import { CallerCredits } from '../../../actors/exchange/deribit/credits.js';
import { DeribitError } from '../../../actors/exchange/deribit/errors.js';
import { DeribitParams } from '../../../actors/exchange/deribit/params.js';
import type { DeribitVenue } from '../../../actors/exchange/deribit/venue.js';
import { VenueError } from '../../../actors/exchange/venue-error.js';
import type { EnginePort } from '../product/engine-port.js';
import type { Scene } from '../product/product.js';
import type { RawAnswer, RawRequest, RequestFate } from '../web/index.js';
import { DeribitAuth, type Grant } from './auth.js';
import { ChannelHub } from './channel-hub.js';
import { type DecodedFrame, decodeGet, decodeRequest, errorFrame, httpStatus, resultFrame, type RpcId, type RpcRequest } from './json-rpc.js';
import { methodNamed } from './methods/index.js';

const API_ROOT = '/api/v2/';
/** Callers whose pools are kept; the oldest is forgotten beyond that. */
const MOST_CALLERS = 10_000;

/** Methods that only make sense on a websocket. */
export const SOCKET_METHODS: ReadonlySet<string> = new Set([
  'public/subscribe', 'public/unsubscribe', 'public/unsubscribe_all', 'private/subscribe', 'private/unsubscribe', 'private/unsubscribe_all',
  'public/hello', 'public/set_heartbeat', 'public/disable_heartbeat', 'private/enable_cancel_on_disconnect', 'private/disable_cancel_on_disconnect',
  'private/get_cancel_on_disconnect', 'private/logout',
]);

/** One call with who makes it. */
export interface RpcCall {
  readonly request: RpcRequest;
  readonly grant: Grant | undefined;
  /** Websocket that it came by; 0 = HTTP. */
  readonly connection: number;
  readonly ip: string;
}

type Cut = RequestFate['cut'];
/** What is to be said to a call, and whether the connection ends instead. */
type Told = { readonly cut: Cut } & ({ readonly ok: true; readonly result: unknown } | { readonly ok: false; readonly error: VenueError });

/** What the engine's port says when the engine is not there (-1008), and Binance's codes of troubles, in Deribit's words. */
function deribitError(error: VenueError): DeribitError {
  if (error instanceof DeribitError) return error;
  if (error.code === -1003) return new DeribitError('too_many_requests');
  return error.code === -1008 ? new DeribitError('retry') : new DeribitError('error');
}

/** What websockets and HTTP of Deribit have in common: who calls, what it costs, and the way to the engine. */
export class DeribitFace {
  readonly scene: Scene;
  readonly port: EnginePort<DeribitVenue>;
  readonly auth: DeribitAuth;
  readonly hub: ChannelHub;
  readonly #credits = new Map<string, CallerCredits>();

  constructor(scene: Scene, port: EnginePort<DeribitVenue>, hub: ChannelHub) {
    this.scene = scene;
    this.port = port;
    this.hub = hub;
    this.auth = new DeribitAuth(scene.accounts, () => scene.clock.nowUs());
  }

  nowUs(): number {
    return this.scene.clock.nowUs();
  }

  /** Takes the credits of a call. @throws too_many_requests */
  charge(method: string, grant: Grant | undefined, ip: string): void {
    if (this.scene.limits === 'off') return;
    const caller = grant === undefined ? `ip ${ip}` : `account ${grant.account}`;
    let credits = this.#credits.get(caller);
    if (credits === undefined) {
      if (this.#credits.size >= MOST_CALLERS) this.#credits.delete(this.#credits.keys().next().value!);
      credits = new CallerCredits();
      this.#credits.set(caller, credits);
    }
    const waitUs = credits.pay(method, this.nowUs());
    if (waitUs > 0) throw new DeribitError('too_many_requests', { wait: Math.ceil(waitUs / 1e6) });
  }

  /**
   * Does what a call asks for, with whatever trouble is on: exactly one of the two is called, now or later. With `cut` the connection is to be
   * dropped in the place of the answer, or in its middle.
   */
  perform(call: RpcCall, done: (result: unknown, cut?: Cut) => void, refused: (error: VenueError, cut?: Cut) => void): void {
    const { troubles, clock } = this.scene;
    if (troubles.quiet) {
      this.#run(call, done, refused);
      return;
    }
    const { request, grant, connection, ip } = call;
    const fate = troubles.request({ product: 'deribit', face: connection === 0 ? 'rest' : 'wsApi', name: request.method, account: grant === undefined ? undefined : String(grant.account), ip, values: valuesOf(request) }) ?? {};
    const { cut } = fate;
    const answer = (tell: () => void): void => {
      const told = (): void => {
        if (fate.answer instanceof VenueError) refused(deribitError(fate.answer), cut);
        else if (fate.answer !== undefined) refused(new DeribitError('error', { status: fate.answer.status }), cut);
        else tell();
      };
      if (fate.answerDelayUs === undefined) told();
      else clock.after(fate.answerDelayUs, told);
    };
    const begin = (): void => {
      if (fate.run === false) answer(() => refused(new DeribitError('error'), cut));
      else this.#run(call, (result) => answer(() => done(result, cut)), (error) => answer(() => refused(error, cut)));
    };
    if (fate.delayUs === undefined) begin();
    else clock.after(fate.delayUs, begin);
  }

  #run({ request, grant, connection }: RpcCall, done: (result: unknown) => void, refused: (error: VenueError) => void): void {
    const method = methodNamed(request.method);
    if (method === undefined) {
      refused(new DeribitError('method_not_found'));
      return;
    }
    if (method.kind === 'private') {
      if (grant === undefined) {
        refused(new DeribitError('unauthorized', { reason: 'invalid_token' }));
        return;
      }
      if (grant.trade === 'none' || (method.needs === 'read_write' && grant.trade !== 'read_write')) {
        refused(new DeribitError('forbidden', { reason: `scope trade:${method.needs} is required` }));
        return;
      }
    }
    const params = new DeribitParams(request.params);
    this.port.call(
      (venue, nowUs) => venue.call(nowUs, () => (method.kind === 'public' ? method.run({ venue, params }) : method.run({ venue, params, account: venue.account(grant!.account), connection }))),
      done, (error) => refused(deribitError(error)),
    );
  }

  /** An HTTP request; undefined = it is none of the API's paths. */
  async http(request: RawRequest): Promise<RawAnswer | undefined> {
    const usIn = this.nowUs();
    const mark = request.url.indexOf('?');
    const path = mark < 0 ? request.url : request.url.slice(0, mark);
    if (!path.startsWith(API_ROOT) && path !== '/api/v2') return undefined;
    const decoded = this.#decode(request, path.slice(API_ROOT.length), mark < 0 ? '' : request.url.slice(mark + 1));
    const id = decoded.ok ? decoded.request.id : decoded.id === null ? undefined : decoded.id;
    try {
      if (!decoded.ok) throw decoded.error;
      const told = await this.#answer(decoded.request, request);
      const answer = told.ok ? { status: 200, body: resultFrame(id, told.result, this.#times(usIn)) } : this.#refusal(id, told.error, usIn);
      return told.cut === undefined ? answer : { ...answer, cut: told.cut };
    } catch (error) {
      if (!(error instanceof VenueError)) throw error;
      return this.#refusal(id, error, usIn);
    }
  }

  #refusal(id: RpcId | undefined, error: VenueError, usIn: number): RawAnswer {
    return { status: httpStatus(error), body: errorFrame(id, error, this.#times(usIn)) };
  }

  #times(usIn: number): { readonly usIn: number; readonly usOut: number; readonly testnet: boolean } {
    return { usIn, usOut: this.nowUs(), testnet: true };
  }

  /** GET has its parameters in the query; a POST is a JSON-RPC request, to `/api/v2` or to the method's own path. */
  #decode({ method, body }: RawRequest, path: string, query: string): DecodedFrame {
    if (method === 'GET') return decodeGet(path, query);
    if (method !== 'POST') return { ok: false, id: null, error: new DeribitError('method_not_found') };
    const text = body.toString('utf8');
    if (path === '') return decodeRequest(text);
    const named = decodeRequest(text === '' ? '{"params":{},"method":"public/test"}' : text);
    // The path decides when the body names another method.
    if (!named.ok && named.error.code === -32700) return named;
    const got = decodeGet(path, query);
    return got.ok && named.ok ? { ok: true, request: { ...named.request, method: got.request.method } } : got.ok ? named : got;
  }

  async #answer(request: RpcRequest, raw: RawRequest): Promise<Told> {
    const { method } = request;
    if (SOCKET_METHODS.has(method)) throw new DeribitError('must_be_websocket_request');
    const params = new DeribitParams(request.params);
    if (method === 'public/auth') {
      this.charge(method, undefined, raw.ip);
      return { ok: true, result: this.auth.login(params, undefined).answer, cut: undefined };
    }
    const grant = this.auth.ofHttp({
      authorization: raw.headers.authorization,
      accessToken: params.optionalText('access_token'),
      signed: () => `${raw.method}\n${raw.url}\n${raw.body.toString('utf8')}\n`,
    });
    this.charge(method, grant, raw.ip);
    return await new Promise((resolve) => this.perform({ request, grant, connection: 0, ip: raw.ip }, (result, cut) => resolve({ ok: true, result, cut }), (error, cut) => resolve({ ok: false, error, cut })));
  }
}

/** Parameters as text, the instrument under the name that other products have for it too. */
function valuesOf({ params }: RpcRequest): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const [name, value] of Object.entries(params)) if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') values.set(name, String(value));
  const instrument = values.get('instrument_name');
  if (instrument !== undefined) values.set('symbol', instrument);
  return values;
}
