/**
 * `/venue/gateway`: the one way to the venue. A {@link VenueCall} waits for its turn (what takes risk off first), asks its breaker and the limits, is stamped with
 * the venue's time, goes out by the signer, and ends in exactly one {@link VenueOutcome}, at the latest when its time is over.
 */
import type { GatewayParams } from '../../config/engine/gateway.js';
import type { ActorContext, AskResult, Behaviour } from '../../runtime/index.js';
import type { RestAnswer, RestRequest, VenueProduct } from '../engine/io.js';
import { BREAKERS_PATH, CLOCK_PATH, LIMITS_PATH, SIGNER_PATH } from '../engine/paths.js';
import type { CallClass, VenueCall, VenueOutcome, VenueOutcomeKind } from '../engine/venue-calls.js';
import { decide } from '../journal/decide.js';
import { CLOCK_TOPIC, type ClockOffset } from '../feeds/messages.js';
import { classify } from './classify.js';
import type { KeyEdge } from '../risk/messages.js';
import { type KeyRefusal, NO_ERRORS, type VenueErrors, withKey, withOutcome } from './errors.js';
import type {
  BreakerPermit, BreakerQuestion, BreakerResult, ClockMeasure, KeyRelease, LimitsPermit, LimitsQuestion, LimitsReport, SignedSend, SignerRefusal,
} from './messages.js';

/** A call that has no outcome yet. */
interface Pending {
  readonly call: VenueCall;
  /** In the order of coming. */
  readonly number: number;
  readonly deadlineUs: number;
  /** The limits said to ask again then, µs. */
  readonly notBeforeUs: number;
  /** How often it was refused for its timestamp. */
  readonly unstamped: number;
  /** What the last request carried; 0 before one was sent. */
  readonly stampMs: number;
  readonly recvWindowMs: number;
}
interface Asking extends Pending {
  /** A probe of its breaker. */
  readonly probe: boolean;
}
interface Flight extends Asking {
  /** Id of the request on the wire. */
  readonly request: string;
}

export interface GatewayState {
  /** In the order in which they go. */
  readonly queue: readonly Pending[];
  /** The one that breaker and limits are asked about. */
  readonly asking: Asking | null;
  /** On the wire, in the order in which they left. */
  readonly flights: readonly Flight[];
  /** Refused for their timestamp, until the clock has been set. */
  readonly unstamped: readonly Pending[];
  /** Venue's clock less the engine's, as it was measured. */
  readonly clocks: { readonly [product in VenueProduct]?: Pick<ClockOffset, 'offsetUs' | 'uncertaintyUs'> };
  readonly calls: number;
  readonly counts: Readonly<Record<VenueOutcomeKind['kind'], number>>;
  /** Answers to requests that nobody waits for, calls under an id that is in use. */
  readonly late: number;
  readonly doubled: number;
  readonly errors: VenueErrors;
  /** Classes of orders for which the venue will not have the key. */
  readonly keys: readonly KeyRefusal[];
}

/** What the gateway says of itself. */
export interface GatewayStatus {
  readonly counts: GatewayState['counts'];
  readonly errors: VenueErrors;
}

interface BreakerSaid { readonly type: 'gateway.breaker'; readonly id: string; readonly result: AskResult<BreakerPermit> }
interface LimitsSaid { readonly type: 'gateway.limits'; readonly id: string; readonly result: AskResult<LimitsPermit> }
interface Wake { readonly type: 'gateway.wake' }
interface Expired { readonly type: 'gateway.expired'; readonly id: string }
interface Overdue { readonly type: 'gateway.overdue'; readonly request: string }
interface ClockSilent { readonly type: 'gateway.clockSilent'; readonly product: VenueProduct }
/** Asked, answers {@link GatewayStatus}. */
interface StatusQuestion { readonly type: 'gateway.status' }
export type GatewayMessage = StatusQuestion | KeyRelease | VenueCall | RestAnswer | SignerRefusal | ClockOffset | BreakerSaid | LimitsSaid | Wake | Expired | Overdue | ClockSilent;
type Context = ActorContext<GatewayMessage>;

/** The breaker of a product's class of calls. */
export const breakerPath = (product: VenueProduct, callClass: CallClass): string => `${BREAKERS_PATH}/${product}-${callClass}`;

/** Breaker and limits answer in the same turn of the tree; who has not by then is down. */
const ASK_MS = 50;
/** How long the host may be late with its answer before it counts as none, and the clock with its offset. */
const HOST_LATE_MS = 1000;
const CLOCK_MS = 5000;
/** How often a call goes out again under a new stamp: certainly nothing was done before. */
const [MOST_STAMPS, MOST_STAMPS_REDUCING] = [1, 3] as const;

/**
 * The venue takes stamps that are a second ahead of its clock and a whole window behind: what is not certain of the offset is taken off, up to a quarter of
 * the window.
 */
function offsetUs(clock: GatewayState['clocks'][VenueProduct], recvWindowMs: number): number {
  return clock === undefined ? 0 : clock.offsetUs - Math.min(clock.uncertaintyUs, recvWindowMs * 250);
}
const RANK: Readonly<Record<CallClass, number>> = { session: 1, order: 2, cancel: 2, account: 3, market: 4 };
const rankOf = ({ reducing, class: callClass }: VenueCall): number => (reducing ? 0 : RANK[callClass]);

const expiry = (id: string): string => `expired ${id}`;
const overdue = (request: string): string => `overdue ${request}`;

function inserted(queue: readonly Pending[], pending: Pending): readonly Pending[] {
  const rank = rankOf(pending.call);
  const at = queue.findIndex((other) => rankOf(other.call) > rank || (rankOf(other.call) === rank && other.number > pending.number));
  return at < 0 ? [...queue, pending] : [...queue.slice(0, at), pending, ...queue.slice(at)];
}

/** @param keyListeners Paths that are told of a key that the venue will not have for orders or cancels ({@link KeyEdge}). */
export function gatewayBehaviour(params: GatewayParams, keyListeners: readonly string[] = []): Behaviour<GatewayState, GatewayMessage, undefined> {
  const tellOfKey = (ctx: Context, edge: Omit<KeyEdge, 'type'>): void => {
    for (const path of keyListeners) ctx.send(ctx.ref<KeyEdge>(path), { type: 'key', ...edge });
  };
  const keysAfter = (state: GatewayState, ctx: Context, product: VenueProduct, callClass: CallClass, outcome: VenueOutcomeKind): readonly KeyRefusal[] => {
    if (callClass !== 'order' && callClass !== 'cancel') return state.keys;
    const keys = withKey(state.keys, outcome, { product, class: callClass });
    // Each refusal is told: a listener may have begun anew meanwhile.
    if (keys.length < state.keys.length) tellOfKey(ctx, { product, class: callClass, refused: false, detail: 'the venue has taken one since' });
    else if (keys !== state.keys) tellOfKey(ctx, { product, class: callClass, refused: true, detail: keys.at(-1)!.detail });
    return keys;
  };
  const releaseKey = (state: GatewayState, ctx: Context, product: VenueProduct): GatewayState => {
    for (const key of state.keys) if (key.product === product) tellOfKey(ctx, { product, class: key.class, refused: false, detail: 'an operator says so' });
    return { ...state, keys: state.keys.filter((key) => key.product !== product) };
  };

  /** The one outcome of a call. */
  const end = (state: GatewayState, ctx: Context, pending: Pending, outcome: VenueOutcomeKind): GatewayState => {
    const { call, stampMs, recvWindowMs } = pending;
    ctx.cancelTimer(expiry(call.id));
    ctx.send(ctx.ref<VenueOutcome>(call.replyTo), { type: 'venue.outcome', id: call.id, stampMs, recvWindowMs, outcome });
    const { product, class: callClass, path } = call;
    const errors = withOutcome(state.errors, outcome, { product, class: callClass, path, atUs: ctx.nowUs() });
    tellKey(state.errors, errors, ctx);
    return { ...state, counts: { ...state.counts, [outcome.kind]: state.counts[outcome.kind] + 1 }, errors, keys: keysAfter(state, ctx, product, callClass, outcome) };
  };

  const notSent = (state: GatewayState, ctx: Context, pending: Pending, reason: string): GatewayState => end(state, ctx, pending, { kind: 'notSent', reason });

  const tellBreaker = (ctx: Context, { call, probe }: Asking, result: BreakerResult['result'], cause: string): void => {
    ctx.send(ctx.ref<BreakerResult>(breakerPath(call.product, call.class)), { type: 'breaker.result', result, probe, cause });
  };

  const isKnown = (state: GatewayState, id: string): boolean =>
    state.asking?.call.id === id || [...state.queue, ...state.unstamped, ...state.flights].some(({ call }) => call.id === id);

  const take = (state: GatewayState, ctx: Context, call: VenueCall): GatewayState => {
    if (isKnown(state, call.id)) return { ...state, doubled: state.doubled + 1 };
    const deadlineUs = ctx.nowUs() + (call.timeoutMs ?? params.timeoutMs) * 1000;
    const pending: Pending = { call, number: state.calls, deadlineUs, notBeforeUs: 0, unstamped: 0, stampMs: 0, recvWindowMs: 0 };
    const counted = { ...state, calls: state.calls + 1 };
    if (state.queue.length >= params.queueLength) {
      const last = state.queue.at(-1)!;
      if (rankOf(call) >= rankOf(last.call)) return notSent(counted, ctx, pending, 'the queue is full');
      return enqueue(notSent({ ...counted, queue: state.queue.slice(0, -1) }, ctx, last, 'pushed out of the queue by a more urgent call'), ctx, pending);
    }
    return enqueue(counted, ctx, pending);
  };

  const enqueue = (state: GatewayState, ctx: Context, pending: Pending): GatewayState => {
    ctx.startTimerAt(expiry(pending.call.id), pending.deadlineUs, { type: 'gateway.expired', id: pending.call.id });
    return { ...state, queue: inserted(state.queue, pending) };
  };

  /** Asks about the next call that may go, unless one is asked about. */
  const pump = (state: GatewayState, ctx: Context): GatewayState => {
    if (state.asking !== null) return state;
    const nowUs = ctx.nowUs();
    const busy: Partial<Record<VenueProduct, number>> = {};
    for (const { call } of state.flights) busy[call.product] = (busy[call.product] ?? 0) + 1;
    const next = state.queue.find(({ call, notBeforeUs }) => notBeforeUs <= nowUs && (call.reducing || (busy[call.product] ?? 0) < params.inFlight));
    if (next === undefined) {
      const wakeUs = state.queue.reduce((first, { notBeforeUs }) => (notBeforeUs > nowUs ? Math.min(first, notBeforeUs) : first), Infinity);
      if (wakeUs < Infinity) ctx.startTimerAt('wake', wakeUs, { type: 'gateway.wake' });
      return state;
    }
    const { call } = next;
    const question: BreakerQuestion = { type: 'breaker.permit', reducing: call.reducing };
    ctx.ask<BreakerPermit>(ctx.ref(breakerPath(call.product, call.class)), question, ASK_MS, (result) => ({ type: 'gateway.breaker', id: call.id, result }));
    return { ...state, queue: state.queue.filter((other) => other !== next), asking: { ...next, probe: false } };
  };

  const breakerSaid = (state: GatewayState, ctx: Context, { id, result }: BreakerSaid): GatewayState => {
    const { asking } = state;
    if (asking?.call.id !== id) return state;
    const { call } = asking;
    const free = { ...state, asking: null };
    // Without its breaker nothing new is begun; what takes risk off goes all the same.
    if (!result.ok && !call.reducing) return notSent(free, ctx, asking, `the breaker does not answer: ${result.reason}`);
    if (result.ok && !result.value.allowed) return notSent(free, ctx, asking, result.value.reason);
    const question: LimitsQuestion = { type: 'limits.permit', product: call.product, weight: call.weight, orders: call.orders, reducing: call.reducing };
    ctx.ask<LimitsPermit>(ctx.ref(LIMITS_PATH), question, ASK_MS, (limits) => ({ type: 'gateway.limits', id, result: limits }));
    return { ...state, asking: { ...asking, probe: result.ok && result.value.allowed && result.value.probe } };
  };

  const limitsSaid = (state: GatewayState, ctx: Context, { id, result }: LimitsSaid): GatewayState => {
    const { asking } = state;
    if (asking?.call.id !== id) return state;
    const free = { ...state, asking: null };
    const permit: LimitsPermit = result.ok ? result.value : asking.call.reducing ? { kind: 'go' } : { kind: 'never', reason: `the limits do not answer: ${result.reason}` };
    if (permit.kind === 'go') return send(free, ctx, asking);
    if (asking.probe) tellBreaker(ctx, asking, 'unsent', permit.reason);
    const { probe: _probe, ...pending } = asking;
    if (permit.kind === 'never' || permit.untilUs >= asking.deadlineUs) return notSent(free, ctx, pending, permit.reason);
    return { ...free, queue: inserted(free.queue, { ...pending, notBeforeUs: permit.untilUs }) };
  };

  const send = (state: GatewayState, ctx: Context, asking: Asking): GatewayState => {
    const { call, deadlineUs } = asking;
    const nowUs = ctx.nowUs();
    const signed = call.security === 'signed';
    const recvWindow = call.params['recvWindow'] ?? String(params.recvWindowMs);
    const stampMs = signed ? Math.floor((nowUs + offsetUs(state.clocks[call.product], Number(recvWindow))) / 1000) : 0;
    const id = ctx.nextId();
    const request: RestRequest = {
      id, to: ctx.path, product: call.product, method: call.method, path: call.path, security: call.security,
      params: signed ? { ...call.params, recvWindow, timestamp: String(stampMs) } : call.params,
      timeoutMs: Math.max(1, Math.floor((deadlineUs - nowUs) / 1000)), flushFirst: call.method !== 'GET' && (call.class === 'order' || call.class === 'cancel'),
      ...(call.reducing ? { reducing: true } : {}),
    };
    if (call.security === 'none') ctx.effect('rest.send', request);
    else ctx.send(ctx.ref<SignedSend>(SIGNER_PATH), { type: 'signer.send', request });
    ctx.cancelTimer(expiry(call.id));
    ctx.startTimerAt(overdue(id), deadlineUs + HOST_LATE_MS * 1000, { type: 'gateway.overdue', request: id });
    return { ...state, flights: [...state.flights, { ...asking, request: id, stampMs, recvWindowMs: signed ? Number(recvWindow) : 0 }] };
  };

  /** Takes a flight off the wire. */
  const landed = (state: GatewayState, ctx: Context, request: string): { readonly flight: Flight | undefined; readonly state: GatewayState } => {
    const flight = state.flights.find((one) => one.request === request);
    if (flight === undefined) return { flight, state: { ...state, late: state.late + 1 } };
    ctx.cancelTimer(overdue(request));
    return { flight, state: { ...state, flights: state.flights.filter((one) => one !== flight) } };
  };

  const answered = (before: GatewayState, ctx: Context, answer: RestAnswer): GatewayState => {
    const { flight, state } = landed(before, ctx, answer.id);
    if (flight === undefined) return state;
    const { outcome, result, cause, report, clockOff } = classify(answer.outcome);
    const { product } = flight.call;
    tellBreaker(ctx, flight, result, cause);
    if (report !== null) ctx.send(ctx.ref<LimitsReport>(LIMITS_PATH), { type: 'limits.report', product, ...report });
    if (!clockOff) return end(state, ctx, flight, outcome);
    ctx.send(ctx.ref<ClockMeasure>(CLOCK_PATH), { type: 'clock.measure', product });
    if (flight.unstamped >= (flight.call.reducing ? MOST_STAMPS_REDUCING : MOST_STAMPS) || ctx.nowUs() >= flight.deadlineUs) return end(state, ctx, flight, outcome);
    const { probe: _probe, request: _request, ...pending } = flight;
    ctx.startTimerAt(`clock ${product}`, ctx.nowUs() + CLOCK_MS * 1000, { type: 'gateway.clockSilent', product });
    ctx.startTimerAt(expiry(pending.call.id), pending.deadlineUs, { type: 'gateway.expired', id: pending.call.id });
    return { ...state, unstamped: [...state.unstamped, { ...pending, unstamped: pending.unstamped + 1 }] };
  };

  const clockSet = (state: GatewayState, ctx: Context, { product, offsetUs: us, uncertaintyUs }: ClockOffset): GatewayState => {
    const known = { ...state, clocks: { ...state.clocks, [product]: { offsetUs: us, uncertaintyUs } } };
    const again = state.unstamped.filter(({ call }) => call.product === product);
    if (again.length === 0) return known;
    ctx.cancelTimer(`clock ${product}`);
    return { ...known, unstamped: state.unstamped.filter(({ call }) => call.product !== product), queue: again.reduce<readonly Pending[]>(inserted, known.queue) };
  };

  const clockSilent = (state: GatewayState, ctx: Context, product: VenueProduct): GatewayState => {
    const kept = { ...state, unstamped: state.unstamped.filter(({ call }) => call.product !== product) };
    return state.unstamped.filter(({ call }) => call.product === product).reduce<GatewayState>((next, pending) => end(next, ctx, pending, STAMP_REFUSED), kept);
  };

  /** The time of a call that is not on the wire is over. */
  const expired = (state: GatewayState, ctx: Context, id: string): GatewayState => {
    const mine = ({ call }: Pending): boolean => call.id === id;
    const unstamped = state.unstamped.find(mine);
    if (unstamped !== undefined) return end({ ...state, unstamped: state.unstamped.filter((one) => !mine(one)) }, ctx, unstamped, STAMP_REFUSED);
    const waiting = state.queue.find(mine);
    if (waiting !== undefined) return notSent({ ...state, queue: state.queue.filter((one) => !mine(one)) }, ctx, waiting, 'its time was over before its turn');
    if (state.asking === null || !mine(state.asking)) return state;
    if (state.asking.probe) tellBreaker(ctx, state.asking, 'unsent', 'its time was over');
    return notSent({ ...state, asking: null }, ctx, state.asking, 'its time was over before its turn');
  };

  const step = (state: GatewayState, message: GatewayMessage, ctx: Context): GatewayState => {
    switch (message.type) {
      case 'venue.call': return take(state, ctx, message);
      case 'gateway.status':
        ctx.reply({ counts: state.counts, errors: state.errors } satisfies GatewayStatus);
        return state;
      case 'gateway.keyRelease': return releaseKey(state, ctx, message.product);
      case 'gateway.breaker': return breakerSaid(state, ctx, message);
      case 'gateway.limits': return limitsSaid(state, ctx, message);
      case 'rest.answer': return answered(state, ctx, message);
      case 'clock.offset': return clockSet(state, ctx, message);
      case 'gateway.clockSilent': return clockSilent(state, ctx, message.product);
      case 'gateway.expired': return expired(state, ctx, message.id);
      case 'gateway.wake': return state;
      case 'gateway.overdue': {
        const { flight, state: next } = landed(state, ctx, message.request);
        if (flight === undefined) return next;
        tellBreaker(ctx, flight, 'failed', 'the host gave no answer');
        return end(next, ctx, flight, { kind: 'unknown', reason: 'the host gave no answer' });
      }
      case 'signer.refused': {
        const { flight, state: next } = landed(state, ctx, message.id);
        if (flight === undefined) return next;
        if (flight.probe) tellBreaker(ctx, flight, 'unsent', message.reason);
        return notSent(next, ctx, { ...flight, stampMs: 0, recvWindowMs: 0 }, message.reason);
      }
    }
  };

  return {
    name: 'gateway',
    version: 1,
    init(ctx) {
      ctx.subscribe(CLOCK_TOPIC);
      return {
        queue: [], asking: null, flights: [], unstamped: [], clocks: {}, calls: 0, counts: { ok: 0, refused: 0, unknown: 0, notSent: 0 }, late: 0, doubled: 0, errors: NO_ERRORS, keys: [],
      };
    },
    step: (state, message, ctx) => pump(step(state, message, ctx), ctx),
    view: ({ queue, asking, flights, unstamped, clocks, calls, counts, late, doubled, errors, keys }) => ({
      calls, counts, late, doubled, errors, keys, clocks, asking: asking === null ? null : briefOf(asking), queue: queue.map(briefOf), flights: flights.map(briefOf), unstamped: unstamped.map(briefOf),
    }),
  };
}

const briefOf = ({ call: { id, product, class: callClass, method, path, reducing } }: Pending): Readonly<Record<string, string | boolean>> => ({ id, product, class: callClass, method, path, reducing });

/** A key that the venue will not have is told once, and again when it is good. */
function tellKey(before: VenueErrors, after: VenueErrors, ctx: Context): void {
  const bad = ({ standing }: VenueErrors): ReadonlySet<string> => new Set(standing.filter(({ kind }) => kind === 'AuthenticationFailed').map(({ product }) => product));
  if (before.standing === after.standing) return;
  const [was, is] = [bad(before), bad(after)];
  for (const { kind, severity, product, status, code, text } of after.standing) {
    if (kind === 'AuthenticationFailed' && !was.has(product)) decide(ctx, 'control', -1, -1, { control: 'venueError', error: kind, severity, product, status, code, text });
  }
  for (const product of was) if (!is.has(product)) decide(ctx, 'control', -1, -1, { control: 'venueError', error: null, product });
}

const STAMP_REFUSED: VenueOutcomeKind = { kind: 'refused', status: 400, code: -1021, text: 'Timestamp for this request is outside of the recvWindow.' };
