import { VenueError } from '../../../actors/exchange/venue-error.js';
import { hasKeyForm } from './auth/keys.js';
import type { ApiKey, KeyStore } from './auth/keys.js';
import { isSigned } from './auth/signature.js';
import { checkBeforeEngine, checkOnReceipt, windowOf } from './auth/window.js';
import type { Window } from './auth/window.js';
import type { WebClock } from './clock.js';
import { backendTimeoutMs, Deadlines, type Pending } from './deadlines.js';
import { JsonText, Later } from './endpoint.js';
import type { Caller, RequestRule, TimeUnit } from './endpoint.js';
import { backendTimeout, badKeyFormat, badSignature, missing, rejectedKey, unknownError } from './errors.js';
import type { RateLimiter } from './limits/rate-limiter.js';
import { Params } from './params.js';
import type { ParamsRules } from './params.js';
import type { WsSession } from './socket/session.js';
import type { RequestFate, Troubles } from './troubles.js';

const OUTSIDE_WINDOW = -1021;

/** A request as either face has read it. */
export interface GateRequest {
  readonly face: 'rest' | 'wsApi';
  /** `POST /api/v3/order` or `order.place`. */
  readonly name: string;
  readonly ip: string;
  readonly values: ReadonlyMap<string, string>;
  /** What was sent as the API key, or nothing. */
  readonly apiKey: string | undefined;
  /** Decoded; undefined when none was sent. */
  readonly signature: string | undefined;
  /** The bytes that were signed; several where an older date allows more than one reading. */
  payloads(): readonly Buffer[];
  readonly timeUnit: TimeUnit;
  readonly session: WsSession | undefined;
}

/** What a face makes an answer of. */
export type Outcome =
  | { readonly kind: 'result'; readonly text: string; readonly account: string }
  | { readonly kind: 'error'; readonly error: VenueError }
  | { readonly kind: 'raw'; readonly status: number; readonly body: string; readonly headers: Readonly<Record<string, string>> };

/** Gives an answer to the client, or cuts the connection in its stead. */
export type Reply = (outcome: Outcome, cut: RequestFate['cut']) => void;

export interface GateOptions {
  readonly product: string;
  readonly clock: WebClock;
  readonly keys: KeyStore;
  readonly limits: RateLimiter;
  readonly troubles: Troubles;
  readonly params: ParamsRules;
  /** Told of every error that is no VenueError, with the request's name; the client reads -1000. */
  readonly onDefect: (error: unknown, name: string) => void;
}

/** The key that a session is logged on with is no more; the answer goes out under no id. */
export class SessionRevoked extends VenueError {
  constructor() {
    super(-2015, 'Invalid API-key, IP, or permissions for action.', { status: 401 });
  }
}

class GateCaller implements Caller {
  readonly account: string;
  readonly key: ApiKey | undefined;
  readonly ip: string;
  readonly receivedUs: number;
  readonly timeUnit: TimeUnit;
  readonly face: 'rest' | 'wsApi';
  readonly session: WsSession | undefined;
  readonly #window: Window | undefined;
  readonly #nowUs: () => number;

  constructor(request: GateRequest, key: ApiKey | undefined, window: Window | undefined, receivedUs: number, nowUs: () => number) {
    this.account = key?.account ?? '';
    this.key = key;
    this.ip = request.ip;
    this.receivedUs = receivedUs;
    this.timeUnit = request.timeUnit;
    this.face = request.face;
    this.session = request.session;
    this.#window = window;
    this.#nowUs = nowUs;
  }

  stamp(us: number): number {
    return this.timeUnit === 'us' ? Math.floor(us) : Math.floor(us / 1000);
  }

  checkWindow(): void {
    if (this.#window !== undefined) checkBeforeEngine(this.#window, this.#nowUs());
  }
}

/** A request under way and its one answer. */
class Work implements Pending {
  account = '';
  weight = 0;
  orders = 0;
  settled = false;
  dueUs = 0;
  readonly #options: GateOptions;
  readonly #rule: RequestRule;
  readonly #request: GateRequest;
  readonly #answer: (outcome: Outcome) => void;

  constructor(options: GateOptions, rule: RequestRule, request: GateRequest, answer: (outcome: Outcome) => void) {
    this.#options = options;
    this.#rule = rule;
    this.#request = request;
    this.#answer = answer;
  }

  late(): void {
    this.#refuse(backendTimeout());
  }

  readonly done = (value: unknown): void => {
    if (this.settled) return;
    this.settled = true;
    if (this.#rule.freeOnSuccess === true) this.#options.limits.addWeight(this.#request.ip, -this.weight);
    let text: string | undefined;
    try {
      text = value instanceof JsonText ? value.text : JSON.stringify(value);
    } catch (error) {
      this.#refuse(error);
      return;
    }
    this.#tell({ kind: 'result', text: text ?? '{}', account: this.account });
  };

  readonly refused = (error: unknown): void => {
    if (this.settled) return;
    this.settled = true;
    this.#refuse(error);
  };

  /** Whoever calls back may be one who must not be thrown at. */
  #tell(outcome: Outcome): void {
    try {
      this.#answer(outcome);
    } catch (error) {
      this.#options.onDefect(error, this.#request.name);
    }
  }

  #refuse(error: unknown): void {
    if (error instanceof VenueError) {
      // The second look at the window comes after the order was counted.
      if (this.orders > 0 && error.code !== OUTSIDE_WINDOW) this.#options.limits.releaseOrders(this.account, this.orders);
      this.#tell({ kind: 'error', error });
      return;
    }
    this.#options.onDefect(error, this.#request.name);
    this.#tell({ kind: 'error', error: unknownError() });
  }
}

/** The way of every request, by REST or websocket: limits, key, signature, window, parameters, the work itself, and its answer. */
export class Gate {
  readonly #options: GateOptions;
  readonly #nowUs: () => number;
  readonly #deadlines: Deadlines;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#deadlines = new Deadlines(options.clock, backendTimeoutMs(options.clock.speed ?? 1) * 1000);
    this.#nowUs = () => options.clock.nowUs() + options.troubles.skewUs(options.product);
  }

  /** Does the request and replies once, at once where nothing has to be waited for. Never throws. */
  perform(rule: RequestRule, request: GateRequest, reply: Reply): void {
    const { troubles, product, clock } = this.#options;
    if (troubles.quiet) {
      this.#run(rule, request, (outcome) => reply(outcome, undefined));
      return;
    }
    const account = this.#options.keys.get(request.apiKey ?? '')?.account ?? request.session?.key?.account;
    const fate = troubles.request({ product, face: request.face, name: request.name, account, ip: request.ip, values: request.values }) ?? {};
    const answer = (outcome: Outcome): void => {
      const told = fate.answer !== undefined ? outcomeOf(fate.answer) : fate.rewrite !== undefined && outcome.kind === 'result' ? { ...outcome, text: fate.rewrite(outcome.text) } : outcome;
      if (fate.answerDelayUs === undefined) reply(told, fate.cut);
      else clock.after(fate.answerDelayUs, () => reply(told, fate.cut));
    };
    const begin = (): void => {
      if (fate.run === false) answer({ kind: 'error', error: unknownError() });
      else this.#run(rule, request, answer);
    };
    if (fate.delayUs === undefined) begin();
    else clock.after(fate.delayUs, begin);
  }

  #run(rule: RequestRule, request: GateRequest, answer: (outcome: Outcome) => void): void {
    const { limits } = this.#options;
    const params = new Params(request.values, this.#options.params);
    const work = new Work(this.#options, rule, request, answer);
    let value: unknown;
    try {
      work.weight = this.#charge(rule, params, request.ip);
      const caller = this.#admit(rule, request);
      work.account = caller.account;
      const wanted = typeof rule.orders === 'function' ? rule.orders(params) : (rule.orders ?? 0);
      if (wanted > 0) {
        limits.orders(caller.account, wanted);
        work.orders = wanted;
      }
      value = rule.handle(params, caller);
    } catch (error) {
      work.refused(error);
      return;
    }
    if (value instanceof Later) {
      this.#deadlines.add(work);
      value.begin(work.done, work.refused);
    } else if (value instanceof Promise) {
      this.#deadlines.add(work);
      value.then(work.done, work.refused);
    } else {
      work.done(value);
    }
  }

  /** Counts the request; one whose weight cannot be told from bad parameters weighs 1, and a limit's refusal goes before theirs. */
  #charge(rule: RequestRule, params: Params, ip: string): number {
    const { limits } = this.#options;
    if (typeof rule.weight === 'number') {
      limits.request(ip, rule.weight);
      return rule.weight;
    }
    let weight = 1;
    try {
      weight = rule.weight(params);
    } finally {
      limits.request(ip, weight);
    }
    return weight;
  }

  #admit(rule: RequestRule, request: GateRequest): GateCaller {
    const receivedUs = this.#nowUs();
    if (rule.security === 'none') return new GateCaller(request, undefined, undefined, receivedUs, this.#nowUs);
    const { apiKey, signature, session } = request;
    const ofSession = apiKey === undefined ? session?.key : undefined;
    if (ofSession !== undefined && this.#options.keys.get(ofSession.id) !== ofSession) {
      session!.logOut(receivedUs);
      throw new SessionRevoked();
    }
    const key = ofSession ?? this.#key(apiKey, request);
    if (rule.permission !== undefined && !key.permissions.has(rule.permission)) throw this.#rejected(request);
    if (key.ips.size > 0 && !key.ips.has(request.ip)) throw this.#rejected(request);
    if (rule.security === 'key') return new GateCaller(request, key, undefined, receivedUs, this.#nowUs);
    const window = windowOf(request.values.get('timestamp'), request.values.get('recvWindow'), this.#options.params.family);
    if (ofSession === undefined) {
      if (signature === undefined || signature === '') throw missing('signature');
      if (!request.payloads().some((payload) => isSigned(key, payload, signature))) throw badSignature();
    }
    checkOnReceipt(window, receivedUs);
    return new GateCaller(request, key, window, receivedUs, this.#nowUs);
  }

  #key(id: string | undefined, request: GateRequest): ApiKey {
    if (id === undefined && request.face === 'wsApi') throw missing('apiKey');
    if (id === undefined || !hasKeyForm(id)) throw badKeyFormat();
    const key = this.#options.keys.get(id);
    if (key === undefined) throw this.#rejected(request);
    return key;
  }

  #rejected(request: GateRequest): VenueError {
    return rejectedKey(this.#options.params.family === 'futures' ? request.ip : undefined);
  }
}

function outcomeOf(answer: NonNullable<RequestFate['answer']>): Outcome {
  if (answer instanceof VenueError) return { kind: 'error', error: answer };
  return { kind: 'raw', status: answer.status, body: answer.body, headers: answer.headers ?? {} };
}

/** `{"code":…,"msg":…}`, with `data` where the error has it and it is wanted. */
export function errorText(error: VenueError, withData = true): string {
  const { code, message: msg, data } = error;
  return JSON.stringify(data === undefined || !withData ? { code, msg } : { code, msg, data });
}
