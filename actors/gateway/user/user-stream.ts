/**
 * `/venue/user/<product>`: the private stream of one product. It is live once it has answered, is asked something again and again, and is replaced
 * before the venue ends it: the new connection is live before the old one goes, and what both say is told twice, which is harmless. Whenever there is
 * no live connection the listeners know, and every `live` means: what happened before was perhaps not told.
 */
import type { UserStreamParams } from '../../../config/engine/gateway.js';
import type { ActorContext, Behaviour } from '../../../runtime/index.js';
import type { Json, SocketOpen, VenueProduct } from '../../engine/io.js';
import { CLOCK_PATH, GATEWAY_PATH, SIGNER_PATH, TRUTH_PATH } from '../../engine/paths.js';
import type { UserStreamEdge, VenueCall, VenueOutcome, VenueReport } from '../../engine/venue-calls.js';
import { CLOCK_TOPIC } from '../../feeds/messages.js';
import { decide } from '../../journal/decide.js';
import type { TruthSuspicion } from '../../truth/messages.js';
import { decodeUserEvent, problemText, type VenueInstruments } from '../decode/index.js';
import type { ClockMeasure, SignedSocketSend } from '../messages.js';
import { hasListenKey, listenKeyCall, listenKeyOf, probe, readFrame, streamPath, subscription } from './dialect.js';
import type { UserCounts, UserMessage, UserStatus } from './messages.js';

export interface UserStreamInput {
  readonly product: VenueProduct;
  /** Paths that hear every report and edge. */
  readonly listeners: readonly string[];
}

/** A connection that is being made. `confirming`: it is open and has not answered yet. */
interface Building {
  readonly step: 'key' | 'opening' | 'confirming';
  readonly attempt: number;
  readonly call: string;
  readonly socket: string;
}

export interface UserStreamState {
  readonly input: UserStreamInput;
  /** Handle of the listen key; empty for none. */
  readonly key: string;
  /** The call that keeps the key alive, while it is under way. */
  readonly keeping: string;
  /** The live connection; empty for none. */
  readonly socket: string;
  /** The venue ends it soon, or its day is over: another one is wanted. */
  readonly leaving: boolean;
  readonly building: Building | null;
  /** Tries in a row that failed. */
  readonly failures: number;
  readonly attempts: number;
  /** Messages sent on sockets: the id of the next. */
  readonly messages: number;
  readonly reason: string;
  /** Venue's clock less the engine's, µs. */
  readonly offsetUs: number;
  readonly lastEventUs: number;
  readonly lastFrameUs: number;
  /** When something bad was last journalled, µs. */
  readonly complainedUs: number;
  readonly counts: UserCounts;
}

type Context = ActorContext<UserMessage>;

const NO_SYMBOL = -1;
const NO_SEQ = -1;
const COMPLAIN_EVERY_US = 10_000_000;
/** Of a keep-alive whose answer did not come: the next try, as a share of the schedule. */
const KEEP_RETRY_SHARE = 0.05;

export function userStreamBehaviour(params: UserStreamParams, instruments: VenueInstruments): Behaviour<UserStreamState, UserMessage, UserStreamInput> {
  const count = (state: UserStreamState, name: keyof UserCounts, by = 1): UserStreamState => ({ ...state, counts: { ...state.counts, [name]: state.counts[name] + by } });

  const tell = (state: UserStreamState, ctx: Context, message: VenueReport): void => {
    for (const path of state.input.listeners) ctx.send(ctx.ref<VenueReport>(path), message);
  };
  const edge = (state: UserStreamState, ctx: Context, to: UserStreamEdge['state'], reason: string): void => {
    decide(ctx, 'control', NO_SYMBOL, NO_SEQ, { userStream: state.input.product, to, reason });
    tell(state, ctx, { type: 'user-stream', product: state.input.product, state: to, reason });
  };
  const suspect = (state: UserStreamState, ctx: Context, reason: string): void => {
    ctx.send(ctx.ref<TruthSuspicion>(TRUTH_PATH), { type: 'truth.suspect', product: state.input.product, reason });
  };

  /** Begins a new connection, unless one is begun. */
  const build = (state: UserStreamState, ctx: Context): UserStreamState => {
    if (state.building !== null) return state;
    ctx.cancelTimer('retry');
    const { product } = state.input;
    const attempt = state.attempts + 1;
    const begun = { ...state, attempts: attempt };
    ctx.startTimer('slow', params.openTimeoutMs * 3, { type: 'user.slow', attempt });
    if (!hasListenKey(product)) return open(begun, ctx, attempt);
    const call = ctx.nextId();
    ctx.send(ctx.ref<VenueCall>(GATEWAY_PATH), listenKeyCall(product, 'POST', call, ctx.path));
    return { ...begun, building: { step: 'key', attempt, call, socket: '' } };
  };

  const open = (state: UserStreamState, ctx: Context, attempt: number): UserStreamState => {
    const { product } = state.input;
    const socket = ctx.nextId();
    const request: SocketOpen = {
      socket, to: ctx.path, product, face: product === 'spot' ? 'wsApi' : 'ws', path: streamPath(product, state.key), carries: 'private', pulseEveryMs: 1000,
      openTimeoutMs: params.openTimeoutMs,
    };
    ctx.effect('socket.open', request);
    return { ...state, building: { step: 'opening', attempt, call: '', socket } };
  };

  const sendText = (state: UserStreamState, ctx: Context, socket: string, body: Json): UserStreamState => {
    ctx.effect('socket.send', { socket, body });
    return { ...state, messages: state.messages + 1 };
  };

  const close = (ctx: Context, socket: string, reason: string): void => {
    if (socket !== '') ctx.effect('socket.close', { socket, reason });
  };

  /** The connection that is being made will not be one. */
  const buildFailed = (state: UserStreamState, ctx: Context, reason: string): UserStreamState => {
    close(ctx, state.building?.socket ?? '', reason);
    ctx.cancelTimer('slow');
    const failures = state.failures + 1;
    let ms = params.backoffMs;
    for (let k = 1; k < failures && ms < params.longestBackoffMs; k += 1) ms *= 2;
    const capped = Math.min(ms, params.longestBackoffMs);
    ctx.startTimer('retry', Math.ceil(capped * (1 - params.backoffJitter * ctx.random())), { type: 'user.retry' });
    return count({ ...state, building: null, failures, reason: state.socket === '' ? reason : state.reason }, 'failed');
  };

  const opened = (state: UserStreamState, ctx: Context): UserStreamState => {
    const building = state.building!;
    const { product } = state.input;
    if (product === 'spot') {
      const send: SignedSocketSend = { type: 'signer.socket', send: { socket: building.socket, body: subscription(state.messages + 1, Math.floor((ctx.nowUs() + state.offsetUs) / 1000)), sign: true }, replyTo: ctx.path };
      ctx.send(ctx.ref<SignedSocketSend>(SIGNER_PATH), send);
      return { ...state, messages: state.messages + 1, building: { ...building, step: 'confirming' } };
    }
    if (!params.probes) return live(state, ctx);
    return sendText({ ...state, building: { ...building, step: 'confirming' } }, ctx, building.socket, probe(product, state.messages + 1));
  };

  const live = (state: UserStreamState, ctx: Context): UserStreamState => {
    const { socket } = state.building!;
    const before = state.socket;
    ctx.cancelTimer('slow');
    ctx.cancelTimer('silent');
    ctx.startTimer('rollover', params.rolloverMs, { type: 'user.rollover' });
    if (params.probes) ctx.startTimer('probe', params.probeMs, { type: 'user.probe', socket });
    if (hasListenKey(state.input.product)) ctx.startTimer('keepAlive', params.keepAliveMs, { type: 'user.keepAlive' });
    const next = count({ ...state, socket, building: null, failures: 0, leaving: false, reason: 'connected' }, 'opened');
    close(ctx, before, 'replaced');
    if (before === '') edge(next, ctx, 'live', 'connected');
    return next;
  };

  /** The live connection is none. */
  const dead = (state: UserStreamState, ctx: Context, reason: string): UserStreamState => {
    if (state.socket === '') return state;
    for (const timer of ['probe', 'silent', 'rollover', 'keepAlive']) ctx.cancelTimer(timer);
    const next = { ...state, socket: '', leaving: false, reason };
    edge(next, ctx, 'down', reason);
    return build(next, ctx);
  };

  /** Both the live connection and the one that is being made are given up: the key they use is dead, or nobody trusts them. */
  const renew = (state: UserStreamState, ctx: Context, reason: string): UserStreamState => {
    close(ctx, state.building?.socket ?? '', reason);
    close(ctx, state.socket, reason);
    ctx.cancelTimer('slow');
    const bare = { ...state, key: '', building: null };
    return state.socket === '' ? build(bare, ctx) : dead(bare, ctx, reason);
  };

  const closed = (state: UserStreamState, ctx: Context, socket: string, reason: string): UserStreamState => {
    if (state.building?.socket === socket) return buildFailed({ ...state, building: { ...state.building, socket: '' } }, ctx, reason);
    return state.socket === socket ? dead(state, ctx, reason) : state;
  };

  const complain = (state: UserStreamState, ctx: Context, problem: string): UserStreamState => {
    suspect(state, ctx, problem);
    const counted = count(state, 'bad');
    const nowUs = ctx.nowUs();
    // A stream that says nothing but nonsense must not fill the journal.
    if (state.complainedUs !== 0 && nowUs - state.complainedUs < COMPLAIN_EVERY_US) return counted;
    decide(ctx, 'control', NO_SYMBOL, NO_SEQ, { userStream: state.input.product, bad: counted.counts.bad, problem });
    return { ...counted, complainedUs: nowUs };
  };

  const frame = (state: UserStreamState, ctx: Context, socket: string, body: Json): UserStreamState => {
    const heard: UserStreamState = { ...state, lastFrameUs: ctx.nowUs() };
    if (socket === state.socket) ctx.cancelTimer('silent');
    const read = readFrame(body);
    if (read.kind === 'odd') return complain(heard, ctx, 'a frame that is neither event nor answer');
    if (read.kind === 'event') return event(heard, ctx, socket, read.event);
    if (socket !== heard.building?.socket || heard.building.step !== 'confirming') return heard;
    if (read.clockOff) ctx.send(ctx.ref<ClockMeasure>(CLOCK_PATH), { type: 'clock.measure', product: state.input.product });
    return read.problem === '' ? live(heard, ctx) : buildFailed(heard, ctx, read.problem);
  };

  const event = (before: UserStreamState, ctx: Context, socket: string, body: Json): UserStreamState => {
    const { product } = before.input;
    const state = count({ ...before, lastEventUs: ctx.nowUs() }, 'events');
    const decoded = decodeUserEvent(product, body, instruments);
    switch (decoded.kind) {
      case 'reports':
        for (const report of decoded.reports) tell(state, ctx, report);
        return count(state, 'reports', decoded.reports.length);
      case 'nothing': return state;
      case 'foreign': return count(state, 'foreign');
      case 'suspect':
        suspect(state, ctx, decoded.event);
        return state;
      case 'bad': return complain(state, ctx, problemText(decoded.problem));
      case 'leaving': return socket === state.socket ? build({ ...state, leaving: true }, ctx) : state;
      case 'ended': return socket === state.socket || socket === state.building?.socket ? renew(state, ctx, decoded.event) : state;
    }
  };

  const outcome = (state: UserStreamState, ctx: Context, { id, outcome: said }: VenueOutcome): UserStreamState => {
    const why = said.kind === 'ok' ? 'an answer without a listen key' : said.kind === 'refused' ? `listen key refused: ${said.code} ${said.text}` : `listen key: ${said.reason}`;
    if (state.building?.call === id) {
      const key = said.kind === 'ok' ? listenKeyOf(said.body) : undefined;
      return key === undefined ? buildFailed(state, ctx, why) : open({ ...state, key }, ctx, state.building.attempt);
    }
    if (state.keeping !== id) return state;
    const kept = { ...state, keeping: '' };
    if (said.kind === 'refused' && said.status !== 429 && said.status !== 418) return renew(kept, ctx, why);
    const ms = said.kind === 'ok' ? params.keepAliveMs : Math.ceil(params.keepAliveMs * KEEP_RETRY_SHARE);
    ctx.startTimer('keepAlive', ms, { type: 'user.keepAlive' });
    return kept;
  };

  const statusOf = ({ input, socket, reason, lastEventUs, lastFrameUs, counts }: UserStreamState): UserStatus =>
    ({ product: input.product, live: socket !== '', reason, lastEventUs, lastFrameUs, counts });

  const step = (state: UserStreamState, message: UserMessage, ctx: Context): UserStreamState => {
    switch (message.type) {
      case 'socket.opened': return state.building?.socket === message.socket && state.building.step === 'opening' ? opened(state, ctx) : state;
      case 'socket.closed': return closed(state, ctx, message.socket, `closed: ${message.code} ${message.reason}`);
      case 'socket.frame': return frame(state, ctx, message.socket, message.body);
      case 'socket.malformed': return complain(state, ctx, `a frame that ${message.problem}`);
      case 'socket.pulse': return state;
      case 'venue.outcome': return outcome(state, ctx, message);
      case 'signer.refused': return state.building?.socket === message.id ? buildFailed(state, ctx, message.reason) : state;
      // What is uncertain is taken off: a stamp may be late, and not early.
      case 'clock.offset': return message.product === state.input.product ? { ...state, offsetUs: message.offsetUs - Math.min(message.uncertaintyUs, 1_000_000) } : state;
      case 'stream.silent': return renew(state, ctx, message.reason);
      case 'user.status':
        ctx.reply(statusOf(state));
        return state;
      case 'user.retry': return state.socket === '' || state.leaving ? build(state, ctx) : state;
      case 'user.slow': return state.building?.attempt === message.attempt ? buildFailed(state, ctx, `not connected within ${params.openTimeoutMs * 3} ms`) : state;
      case 'user.rollover': return build({ ...state, leaving: true }, ctx);
      case 'user.keepAlive': {
        const call = ctx.nextId();
        ctx.send(ctx.ref<VenueCall>(GATEWAY_PATH), listenKeyCall(state.input.product, 'PUT', call, ctx.path));
        // Also when no outcome ever comes.
        ctx.startTimer('keepAlive', params.keepAliveMs, { type: 'user.keepAlive' });
        return { ...state, keeping: call };
      }
      case 'user.probe':
        if (state.socket !== message.socket) return state;
        ctx.startTimer('silent', params.probeTimeoutMs, { type: 'user.silent', socket: state.socket });
        ctx.startTimer('probe', params.probeMs, { type: 'user.probe', socket: state.socket });
        return sendText(state, ctx, state.socket, probe(state.input.product, state.messages + 1));
      case 'user.silent': {
        if (state.socket !== message.socket) return state;
        const reason = `silent: no answer within ${params.probeTimeoutMs} ms`;
        close(ctx, state.socket, reason);
        return dead(state, ctx, reason);
      }
    }
  };

  return {
    name: 'user-stream',
    version: 1,
    init(ctx, input) {
      ctx.subscribe(CLOCK_TOPIC);
      const state: UserStreamState = {
        input, key: '', keeping: '', socket: '', leaving: false, building: null, failures: 0, attempts: 0, messages: 0, reason: 'not yet connected', offsetUs: 0, lastEventUs: 0, lastFrameUs: 0,
        complainedUs: 0, counts: { events: 0, reports: 0, bad: 0, foreign: 0, opened: 0, failed: 0 },
      };
      edge(state, ctx, 'down', state.reason);
      return build(state, ctx);
    },
    step,
    stop(state, ctx) {
      close(ctx, state.building?.socket ?? '', 'the engine is stopping');
      close(ctx, state.socket, 'the engine is stopping');
    },
    view: statusOf,
  };
}
