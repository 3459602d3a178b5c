/**
 * A connection of market data as an actor: opens it, watches that every stream of it speaks, brings it back when it does not, and replaces it
 * before the venue ends it, the new one beside the old until both have told the same.
 *
 *   connecting ── opened ──▶ open ── silent ──▶ stale ── closed ─┐
 *       ▲                     │  └── lost ──────────────────────▶ backoff ── waited ──▶ connecting
 *       └─────────────────────┘ successor speaks (rollover): no edge, nothing lost
 */
import type { FeedsParams, StreamClass } from '../../config/engine/feeds.js';
import type { ActorContext, Behaviour } from '../../runtime/types.js';
import type { SocketClose, SocketInput, SocketOpen, SocketProbe } from '../engine/io.js';
import { deadline, doubled, newLink, type Link, type Patience, pulsed, speaks } from './link.js';
import { CLOCK_TOPIC, type ClockOffset, type FeedEdge, type FeedPhase, type FeedReport } from './messages.js';
import type { FeedPlan } from './streams.js';

export interface FeedInput {
  readonly plan: FeedPlan;
  readonly params: FeedsParams;
  /** Paths that get {@link FeedEdge}s. */
  readonly listeners: readonly string[];
  /** Path that gets {@link FeedReport}s. */
  readonly reportTo: string;
}

type FeedTimer = { readonly type: 'feed.watch' | 'feed.retry' | 'feed.steady' | 'feed.rollover' | 'feed.retire' };
export type FeedMessage = SocketInput | FeedTimer | ClockOffset | { readonly type: 'feed.reconnect' };

interface Totals {
  readonly connects: number;
  readonly reconnects: number;
  readonly rollovers: number;
  readonly frames: number;
  readonly refused: number;
  readonly duplicates: number;
  readonly gaps: number;
  readonly disagreements: number;
}

export interface FeedState {
  readonly input: FeedInput;
  readonly patience: Patience;
  readonly names: readonly string[];
  readonly phase: FeedPhase;
  readonly reason: string;
  /** The connection in use, and the one that is to take its place. */
  readonly current: Link | null;
  readonly next: Link | null;
  /** Both speak, and the old one is about to go. */
  readonly retiring: boolean;
  /** Listeners were told that all streams come. */
  readonly up: boolean;
  /** Failed attempts in a row, and those to replace a connection that lives. */
  readonly attempts: number;
  readonly successorAttempts: number;
  readonly origin: number;
  readonly offsetUs: number;
  /** Of connections that are gone. */
  readonly totals: Totals;
  readonly reportedUs: number;
}

const REPORT_EVERY_US = 1_000_000;
const NOTHING: Totals = { connects: 0, reconnects: 0, rollovers: 0, frames: 0, refused: 0, duplicates: 0, gaps: 0, disagreements: 0 };
/** Beyond it no address is tried: there are not so many. */
const MOST_ORIGINS = 2;

type Context = ActorContext<FeedMessage>;

export const feedBehaviour: Behaviour<FeedState, FeedMessage, FeedInput> = {
  name: 'feed',
  version: 1,
  init(ctx, input) {
    const { plan, params } = input;
    ctx.subscribe(CLOCK_TOPIC);
    const state: FeedState = {
      input, names: plan.streams.map(({ name }) => name), patience: patienceOf(plan.class, params), phase: 'connecting', reason: 'starting', current: null, next: null, retiring: false, up: false,
      attempts: 0, successorAttempts: 0, origin: plan.copy, offsetUs: 0, totals: NOTHING, reportedUs: 0,
    };
    return connect(state, ctx);
  },
  step(state, message, ctx) {
    const after = handle(state, message, ctx);
    return after === state ? state : report(after, ctx, after.phase !== state.phase || after.up !== state.up);
  },
  stop({ current, next }, ctx) {
    for (const link of [current, next]) if (link !== null) close(ctx, link, 'the feed is stopped');
  },
  view: (state) => reportOf(state, 0, ''),
};

function patienceOf(cls: StreamClass, { silence, firstFrameMs, pulseEveryMs }: FeedsParams): Patience {
  return { silenceUs: silence[`${cls}Ms`] * 1000, firstFrameUs: firstFrameMs * 1000, pulseUs: pulseEveryMs * 1000 };
}

function handle(state: FeedState, message: FeedMessage, ctx: Context): FeedState {
  switch (message.type) {
    case 'socket.opened': return opened(state, message.socket, ctx);
    case 'socket.closed': return closed(state, message, ctx);
    case 'socket.pulse': return beat(state, message, ctx);
    case 'socket.frame': return isShutdown(message.body) ? soon(state, ctx) : state;
    case 'socket.malformed': return state;
    case 'clock.offset': return message.product === state.input.plan.product ? { ...state, offsetUs: message.offsetUs } : state;
    case 'feed.watch': return watch(state, ctx);
    case 'feed.retry': return state.phase === 'backoff' ? connect(state, ctx) : state;
    case 'feed.steady': return state.up ? { ...state, attempts: 0, successorAttempts: 0 } : state;
    case 'feed.rollover': return succeed(state, ctx);
    case 'feed.retire': return retire(state, ctx);
    case 'feed.reconnect': {
      if (state.phase === 'backoff') return connect({ ...state, attempts: 0 }, ctx);
      return state.phase === 'open' || state.phase === 'connecting' ? lose(state, ctx, 'asked to', false) : state;
    }
  }
}

/** Asks for a connection; another origin after a failure, where there is one. */
function open(state: FeedState, ctx: Context, origin: number): Link {
  const { plan, params } = state.input;
  const link = newLink(ctx.nextId(), origin, ctx.nowUs(), plan.streams.length);
  const request: SocketOpen = {
    socket: link.socket, to: ctx.path, product: plan.product, face: 'ws', path: plan.path, carries: 'market', pulseEveryMs: params.pulseEveryMs, openTimeoutMs: params.openTimeoutMs, origin,
  };
  ctx.effect('socket.open', request);
  return link;
}

function close(ctx: Context, { socket }: Link, reason: string, cut = false): void {
  const request: SocketClose = { socket, reason, cut };
  ctx.effect('socket.close', request);
}

function connect(state: FeedState, ctx: Context): FeedState {
  ctx.cancelTimer('retry');
  const origin = (state.input.plan.copy + state.attempts) % MOST_ORIGINS;
  const totals = { ...state.totals, connects: state.totals.connects + 1, reconnects: state.totals.reconnects + (state.totals.connects > 0 ? 1 : 0) };
  return { ...state, phase: 'connecting', current: open(state, ctx, origin), origin, totals };
}

function opened(state: FeedState, socket: string, ctx: Context): FeedState {
  const nowUs = ctx.nowUs();
  const { current, next } = state;
  if (current?.socket === socket) {
    // One that was given up while it was opening is about to end.
    return state.phase === 'connecting' ? settle({ ...state, phase: 'open', reason: '', current: { ...current, openedUs: nowUs } }, ctx) : state;
  }
  if (next?.socket === socket) return settle({ ...state, next: { ...next, openedUs: nowUs } }, ctx);
  return state;
}

function beat(state: FeedState, pulse: Extract<SocketInput, { readonly type: 'socket.pulse' }>, ctx: Context): FeedState {
  const { current, next, names } = state;
  const nowUs = ctx.nowUs();
  const lagMaxUs = state.input.params.lagMaxMs * 1000 - state.offsetUs;
  if (current?.socket === pulse.socket) {
    const beaten = { ...state, current: pulsed(current, pulse, names, nowUs, lagMaxUs) };
    return hurry(settle(current.probed ? judge(beaten, ctx) : beaten, ctx), ctx);
  }
  if (next?.socket === pulse.socket) {
    const beaten = { ...state, next: pulsed(next, pulse, names, nowUs, lagMaxUs) };
    return settle(next.probed ? judge(beaten, ctx) : beaten, ctx);
  }
  return state;
}

/** After news of a connection: tells that all streams come, plans its end and the next look at it, lets a successor take over. */
function settle(state: FeedState, ctx: Context): FeedState {
  const { current, next, patience, retiring, input: { params } } = state;
  if (current === null) return state;
  watchAgain(state, ctx);
  if (next !== null && !retiring && speaks(next, patience)) {
    ctx.startTimer('retire', params.overlapMs, { type: 'feed.retire' });
    return { ...state, retiring: true };
  }
  if (state.up || state.phase !== 'open' || !speaks(current, patience)) return state;
  ctx.startTimer('steady', params.steadyMs, { type: 'feed.steady' });
  planRollover(ctx, params, current);
  return tell({ ...state, up: true, reason: '' }, ctx, 'all streams speak');
}

function planRollover(ctx: Context, { lifetimeMs, rolloverLeadMs }: FeedsParams, { openedUs }: Link): void {
  // Not all connections of a process at once.
  const spread = rolloverLeadMs * 0.5 * ctx.random();
  ctx.startTimerAt('rollover', openedUs + Math.max(1, lifetimeMs - rolloverLeadMs - spread) * 1000, { type: 'feed.rollover' });
}

/** Sets the timer at which one of the connections counts as silent. */
function watchAgain({ current, next, patience, phase }: FeedState, ctx: Context): void {
  const due = (link: Link | null): number => (link === null || link.probed ? Infinity : deadline(link, patience).dueUs);
  const dueUs = Math.min(phase === 'stale' || phase === 'closing' ? Infinity : due(current), due(next));
  if (dueUs < Infinity) ctx.startTimerAt('watch', dueUs, { type: 'feed.watch' });
  else ctx.cancelTimer('watch');
}

/** Somebody's time is up: asks whether the line holds something that was not read yet, before anything is done about it. */
function watch(state: FeedState, ctx: Context): FeedState {
  const nowUs = ctx.nowUs();
  const probe = (link: Link | null): Link | null => {
    if (link === null || link.probed || deadline(link, state.patience).dueUs > nowUs) return link;
    ctx.effect('socket.probe', { socket: link.socket } satisfies SocketProbe);
    return { ...link, probed: true };
  };
  const asked = { ...state, current: probe(state.current), next: probe(state.next) };
  watchAgain(asked, ctx);
  return asked;
}

/** The host has answered: nothing more lies in the line. */
function judge(state: FeedState, ctx: Context): FeedState {
  const { current, next, names, patience, phase } = state;
  const nowUs = ctx.nowUs();
  if (next !== null) {
    const { dueUs, stream } = deadline(next, patience);
    if (dueUs <= nowUs) return judge(abandonSuccessor(state, ctx, `silent: ${names[stream]!}`, true), ctx);
  }
  if (current === null || phase === 'stale' || phase === 'closing') return state;
  const { dueUs, stream } = deadline(current, patience);
  return dueUs <= nowUs ? lose(state, ctx, `silent: ${names[stream]!}`, true) : state;
}

/** The connection is of no use any more: ends it, and what comes after it begins when its end is told. */
function lose(state: FeedState, ctx: Context, reason: string, cut: boolean): FeedState {
  const { current, next, patience } = state;
  if (current === null) return state;
  close(ctx, current, reason, cut);
  ctx.cancelTimer('watch');
  if (next !== null && speaks(next, patience)) return promote({ ...state, current: null, totals: added(state.totals, current) }, ctx, reason);
  return tellDown({ ...state, phase: cut ? 'stale' : 'closing', reason }, ctx, reason);
}

function closed(state: FeedState, { socket, code, reason }: Extract<SocketInput, { readonly type: 'socket.closed' }>, ctx: Context): FeedState {
  const { current, next } = state;
  if (next?.socket === socket) return abandonSuccessor(state, ctx, reason || `closed with ${code}`, false);
  if (current?.socket !== socket) return state;
  // Of a connection that we ended ourselves the reason is ours.
  const why = state.phase === 'stale' || state.phase === 'closing' ? state.reason : reason || `closed with ${code}`;
  const after = { ...state, current: null, totals: added(state.totals, current) };
  if (next !== null) return promote(after, ctx, why);
  return backOff(tellDown(after, ctx, why), ctx, why);
}

/** The successor takes over: silently where it speaks already. */
function promote(state: FeedState, ctx: Context, why: string): FeedState {
  const { next, patience } = state;
  if (next === null) return state;
  ctx.cancelTimer('retire');
  const phase: FeedPhase = next.openedUs > 0 ? 'open' : 'connecting';
  const taken: FeedState = { ...state, current: next, next: null, retiring: false, phase, origin: next.origin, totals: { ...state.totals, rollovers: state.totals.rollovers + 1 } };
  if (!speaks(next, patience)) return settle(tellDown(taken, ctx, why), ctx);
  planRollover(ctx, state.input.params, next);
  ctx.startTimer('steady', state.input.params.steadyMs, { type: 'feed.steady' });
  watchAgain(taken, ctx);
  return taken;
}

function backOff(state: FeedState, ctx: Context, reason: string): FeedState {
  ctx.cancelTimer('steady');
  ctx.cancelTimer('rollover');
  ctx.cancelTimer('watch');
  ctx.startTimer('retry', delayMs(state.input.params, state.attempts, ctx), { type: 'feed.retry' });
  return { ...state, phase: 'backoff', reason, attempts: state.attempts + 1 };
}

function delayMs({ backoffMinMs, backoffMaxMs, backoffJitter }: FeedsParams, attempts: number, ctx: Context): number {
  const whole = Math.min(backoffMaxMs, doubled(backoffMinMs, attempts));
  return Math.max(1, Math.round(whole * (1 - backoffJitter * ctx.random())));
}

/** Opens the connection that is to take the place of the current one. */
function succeed(state: FeedState, ctx: Context): FeedState {
  const { current, next, origin } = state;
  if (current === null || next !== null || state.phase !== 'open') return state;
  const totals = { ...state.totals, connects: state.totals.connects + 1 };
  return { ...state, next: open(state, ctx, origin), totals };
}

/** A successor that does not come to speak: another one, later. */
function abandonSuccessor(state: FeedState, ctx: Context, reason: string, ours: boolean): FeedState {
  const { next } = state;
  if (next === null) return state;
  if (ours) close(ctx, next, reason, true);
  ctx.cancelTimer('retire');
  ctx.startTimer('rollover', delayMs(state.input.params, state.successorAttempts, ctx), { type: 'feed.rollover' });
  return { ...state, next: null, retiring: false, successorAttempts: state.successorAttempts + 1, totals: added(state.totals, next) };
}

/** Old and new have spoken side by side: the old one ends, the new one is it. */
function retire(state: FeedState, ctx: Context): FeedState {
  const { current, next, patience } = state;
  if (current === null || next === null || !speaks(next, patience)) return state;
  close(ctx, current, 'replaced');
  return promote({ ...state, current: null, totals: added(state.totals, current) }, ctx, 'replaced');
}

/** The venue has announced its end. */
function soon(state: FeedState, ctx: Context): FeedState {
  if (state.current === null || state.next !== null) return state;
  ctx.startTimer('rollover', Math.min(60_000, state.input.params.rolloverLeadMs / 10) * ctx.random(), { type: 'feed.rollover' });
  return state;
}

function isShutdown(body: unknown): boolean {
  return typeof body === 'object' && body !== null && JSON.stringify(body).includes('"serverShutdown"');
}

/** A line that has been slow for long is replaced; each time it was no use, it takes longer to be tried again. */
function hurry(state: FeedState, ctx: Context): FeedState {
  const { current, next, successorAttempts, input: { params } } = state;
  if (current === null || next !== null || current.slowSinceUs === 0) return state;
  const patienceMs = Math.min(params.backoffMaxMs, doubled(params.lagHoldMs, successorAttempts));
  if (ctx.nowUs() - current.slowSinceUs < patienceMs * 1000) return state;
  return { ...succeed(state, ctx), successorAttempts: successorAttempts + 1, reason: 'slow' };
}

function tellDown(state: FeedState, ctx: Context, reason: string): FeedState {
  return state.up ? tell({ ...state, up: false }, ctx, reason) : state;
}

function tell(state: FeedState, ctx: Context, reason: string): FeedState {
  const { plan, listeners } = state.input;
  const edge: FeedEdge = {
    type: 'feed.edge', feed: ctx.path, product: plan.product, class: plan.class, symbols: plan.streams.map(({ symbol }) => symbol), up: state.up, reason, atUs: ctx.nowUs(),
  };
  for (const listener of listeners) ctx.send(ctx.ref(listener), edge);
  return state;
}

function added(totals: Totals, { pulse }: Link): Totals {
  if (pulse === null) return totals;
  return {
    ...totals,
    frames: totals.frames + pulse.frames, refused: totals.refused + pulse.refused, duplicates: totals.duplicates + pulse.duplicates,
    gaps: totals.gaps + pulse.gaps, disagreements: totals.disagreements + pulse.disagreements,
  };
}

function report(state: FeedState, ctx: Context, now: boolean): FeedState {
  const nowUs = ctx.nowUs();
  if (!now && nowUs - state.reportedUs < REPORT_EVERY_US) return state;
  ctx.send(ctx.ref(state.input.reportTo), reportOf(state, nowUs, ctx.path));
  return { ...state, reportedUs: nowUs };
}

function reportOf(state: FeedState, nowUs: number, path: string): FeedReport {
  const { current, input: { plan, params }, names, offsetUs } = state;
  const pulse = current?.pulse ?? null;
  const corrected = (us: number): number => Math.round((us + offsetUs) / 100) / 10;
  const totals = [current, state.next].reduce((sum, link) => (link === null ? sum : added(sum, link)), state.totals);
  return {
    type: 'feed.report', feed: path, product: plan.product, class: plan.class, copy: plan.copy, symbols: plan.streams.map(({ symbol }) => symbol),
    phase: state.phase, up: state.up, reason: state.reason, origin: state.origin,
    streams: names.map((name, at) => ({ name, lastUs: current?.lastUs[at] ?? 0 })),
    framesPerSecond: Math.round((current?.framesPerSecond ?? 0) * 10) / 10,
    recordsPerSecond: Math.round((current?.recordsPerSecond ?? 0) * 10) / 10,
    latencyMs: pulse === null || pulse.exchUs === 0 ? null : { mean: corrected(pulse.lagMeanUs), p50: corrected(pulse.lagP50Us), p99: corrected(pulse.lagP99Us), worst: corrected(pulse.lagUs) },
    ...totals, attempts: state.attempts, attention: state.attempts >= params.attentionAfter, atUs: nowUs,
  };
}
