/**
 * The operators' hand in the tree: takes typed commands, writes them down, carries them out once for an id, and answers. Its pause outlives
 * the process and is ended by `resume` alone.
 */
import type { Behaviour } from '../../runtime/index.js';
import type { CommandInput, Json } from '../engine/io.js';
import type { KeyRelease, LimitsRelease } from '../gateway/messages.js';
import { decide } from '../journal/decide.js';
import { isFinal, ORDERS_TOPIC } from '../orders/messages.js';
import type { RiskMessage } from '../risk/messages.js';
import type { OrdersAnswer, TruthMessage } from '../truth/messages.js';
import { cancelOne } from './cancelling.js';
import { type OperatorCommand, parseCommand, WRITES } from './commands.js';
import { resolveMarket } from './execution.js';
import { giveUp } from './giving-up.js';
import { type OperatorInput, type OperatorMessage, STORE_FAILED_ID } from './messages.js';
import { ask, partsOf, standing } from './picture.js';
import { answer, commandRow, type Context, event, finish, newWork, nowMs, type OperatorState, put, recoveredOf, snapshotRow, tickLater, withoutEnd, type Work, write } from './state.js';
import { close, closeSymbol, closing, stopsGone, withdrawn } from './steps.js';
import { healthOf, PORTFOLIO_REFRESHED, refreshOf, statusOf } from './summary.js';
import { gate, pauseNow, withdraw } from './withdrawing.js';

const REWATCH_MS = 100;
const REFRESH_WITHIN_MS = 20_000;

function got(state: OperatorState, message: Extract<OperatorMessage, { type: 'operator.got' }>, ctx: Context): OperatorState {
  const work = state.works.get(message.work);
  const key = `${message.part} ${message.product ?? ''}`;
  if (work === undefined || work.round !== message.round || !work.waiting.includes(key)) return state;
  let { picture } = work;
  if (message.result.ok) {
    const { value } = message.result;
    picture = message.part === 'orders'
      ? { ...picture, orders: { orders: [...(picture.orders?.orders ?? []), ...(value as OrdersAnswer).orders] } }
      : { ...picture, [message.part]: value };
  }
  const next = { ...work, picture, waiting: work.waiting.filter((each) => each !== key) };
  return next.waiting.length === 0 ? proceed(put(state, next), next, ctx) : put(state, next);
}

function command(state: OperatorState, input: CommandInput, ctx: Context): OperatorState {
  const text = JSON.stringify([input.verb, input.args]);
  const before = state.answered.get(input.id);
  const running = state.works.get(input.id);
  if (before !== undefined || running !== undefined) {
    if ((before ?? running)!.text !== text) answer(ctx, input.id, false, { refused: `the id ${input.id} was another command's` });
    // Under way: its answer is every asker's.
    // Said again it ends nothing: the process that was to end may have done so, and this be the next.
    else if (before !== undefined) answer(ctx, input.id, before.ok, withoutEnd(before.answer));
    return state;
  }
  const parsed = parseCommand(input, state.input.instruments);
  const refuse = (problem: string): OperatorState => {
    write(ctx, [{ table: 'commands', key: input.id, row: { verb: input.verb, args: input.args, issuer: input.issuer, atMs: nowMs(ctx), state: 'refused', answer: problem } }]);
    decide(ctx, 'control', -1, -1, { control: 'command', verb: input.verb, id: input.id, ok: false, refused: problem }, state.input.journalPath);
    answer(ctx, input.id, false, { refused: problem });
    return state;
  };
  if (!parsed.ok) return refuse(parsed.problem);
  const { command: wanted } = parsed;
  if (WRITES.has(wanted.verb)) {
    if (state.stopping) return refuse('the engine is stopping');
    if (wanted.verb === 'resume' && state.storeFailed !== null) return refuse(`the record cannot be written: ${state.storeFailed}`);
    const busy = [...state.works.values()].find((each) => isClosing(each.command));
    if (busy !== undefined && (isClosing(wanted) || wanted.verb === 'resume' || wanted.verb === 'cancel-all')) return refuse(`${busy.command.verb} ${busy.id} is under way`);
  }
  const work = newWork(input.id, wanted, input.issuer, text, ctx);
  if (WRITES.has(wanted.verb)) {
    write(ctx, [commandRow(work, 'accepted', { open: true })]);
    decide(ctx, 'control', -1, -1, { control: 'command', verb: wanted.verb, id: input.id, issuer: input.issuer }, state.input.journalPath);
  }
  return begin(put(state, work), work, ctx);
}

const isClosing = (wanted: OperatorCommand): boolean => wanted.verb === 'close-all' || wanted.verb === 'close-symbol' || wanted.verb === 'stop';

function begin(state: OperatorState, work: Work, ctx: Context): OperatorState {
  const { command: wanted } = work;
  const { venue } = state.input.paths;
  switch (wanted.verb) {
    case 'status':
    case 'health':
      return ask(state, work, ctx);
    case 'refresh':
      if (venue === null) return ask(state, work, ctx);
      ctx.send(ctx.ref<TruthMessage>(venue.truth), { type: 'truth.refresh', id: work.id, replyTo: ctx.path });
      return tickLater(put(state, { ...work, stage: 'refreshing' }), work, REFRESH_WITHIN_MS * state.input.speed, ctx);
    case 'pause': {
      const next = pauseNow(state, wanted.reason, work.issuer, ctx);
      return finish(next, work, true, { paused: next.pause as unknown as Json }, ctx);
    }
    case 'resume': {
      const was = state.pause;
      const next: OperatorState = { ...state, pause: null };
      write(ctx, [snapshotRow(next)]);
      gate(next, ctx);
      return finish(next, work, true, { paused: null, wasPaused: was !== null }, ctx);
    }
    case 'resolve':
      if (venue === null) return finish(state, work, false, { refused: 'in mode paper no order can be in doubt' }, ctx);
      ctx.send(ctx.ref<TruthMessage>(venue.truth), { type: 'truth.refresh', id: work.id, replyTo: ctx.path });
      return tickLater(put(state, { ...work, stage: 'refreshing' }), work, REFRESH_WITHIN_MS * state.input.speed, ctx);
    case 'release':
      if (venue === null || !state.input.products.includes(wanted.product)) return finish(state, work, false, { refused: `${wanted.product} is not traded here` }, ctx);
      ctx.send(ctx.ref<LimitsRelease>(venue.limits), { type: 'limits.release', product: wanted.product });
      ctx.send(ctx.ref<KeyRelease>(venue.gateway), { type: 'gateway.keyRelease', product: wanted.product });
      return finish(state, work, true, { released: wanted.product }, ctx);
    case 'cancel-all':
      withdraw(state, null, 'spareStops', ctx);
      return ask(state, { ...work, stage: 'withdrawing' }, ctx);
    case 'cancel-order':
      if (venue === null) return finish(state, work, false, { refused: 'in mode paper orders are the strategies’ own: cancel-all' }, ctx);
      return ask(state, { ...work, stage: 'cancelling' }, ctx);
    case 'close-symbol':
      return wanted.symbols.length === 1 ? closeSymbol(state, { ...work, symbol: wanted.symbols[0]! }, ctx) : ask(state, { ...work, stage: 'resolving' }, ctx);
    case 'close-all':
      return close(pauseNow(state, `close-all ${work.id}`, work.issuer, ctx), work, ctx);
    case 'stop': {
      const next: OperatorState = { ...state, stopping: true };
      gate(next, ctx);
      if (wanted.flatten) return close(next, work, ctx);
      withdraw(next, null, 'entries', ctx);
      return ask(next, { ...work, stage: 'withdrawing' }, ctx);
    }
  }
}

/** The picture is whole: what now? */
function proceed(state: OperatorState, work: Work, ctx: Context): OperatorState {
  switch (work.stage) {
    case 'asking':
    case 'refreshing': {
      const parts = partsOf(state);
      const { command: { verb } } = work;
      if (verb === 'health') return finish(state, work, true, healthOf(standing(state), work.picture, parts), ctx);
      if (verb === 'refresh') {
        const ok = work.refreshed.every((each) => each.ok);
        const summary = refreshOf(work.picture, work.refreshed);
        return finish(event(state, PORTFOLIO_REFRESHED, { id: work.id, ok, staleness: summary.staleness }, ctx), work, ok, summary, ctx);
      }
      return finish(state, work, true, statusOf(standing(state), work.picture, parts, state.input.instruments), ctx);
    }
    case 'resolving': {
      const { input: { instruments, paths } } = state;
      const found = resolveMarket(work.command.verb === 'close-symbol' ? work.command.symbols : [], work.picture, instruments, paths.venue !== null);
      return 'refused' in found ? finish(state, work, false, found, ctx) : closeSymbol(state, { ...work, symbol: found.symbol }, ctx);
    }
    case 'withdrawing':
      return withdrawn(state, work, ctx);
    case 'cancelling':
      return cancelOne(state, work, ctx);
    case 'closing':
      return closing(state, work, ctx);
    case 'stops':
      return stopsGone(state, work, ctx);
    case 'givingUp':
      return giveUp(state, work, ctx);
  }
}

/** Whatever a tick finds unanswered counts as not answering. */
function tick(state: OperatorState, id: string, ctx: Context): OperatorState {
  const work = state.works.get(id);
  if (work === undefined) return state;
  if (work.stage === 'refreshing') return finish(state, work, false, { refused: 'the exchange was not read in time' }, ctx);
  return ask(state, work, ctx);
}

function orderEnded(state: OperatorState, id: string, problem: string, ctx: Context): OperatorState {
  for (const work of state.works.values()) {
    for (const [key, attempt] of work.attempts) {
      if (attempt.orderId === id && attempt.endedMs === null) return put(state, { ...work, attempts: new Map(work.attempts).set(key, { ...attempt, endedMs: nowMs(ctx), problem }) });
    }
  }
  return state;
}

/** Nothing can be written down any more: openings end, entries go, and then the process, with or without its positions. */
function storeFailed(state: OperatorState, problem: string, ctx: Context): OperatorState {
  if (state.storeFailed !== null) return state;
  const next: OperatorState = { ...state, storeFailed: problem };
  const { venue } = state.input.paths;
  if (venue !== null) ctx.send(ctx.ref<RiskMessage>(venue.risk), { type: 'store.failed', problem });
  decide(ctx, 'control', -1, -1, { control: 'store', ok: false, problem }, state.input.journalPath);
  const work = newWork(STORE_FAILED_ID, { verb: 'stop', flatten: state.input.whenRecordFails === 'flatten', reason: problem }, 'the record', '', ctx);
  return begin(put(next, work), work, ctx);
}

function watch({ input: { paths } }: OperatorState, ctx: Context): void {
  ctx.monitor(ctx.ref<never>(paths.account));
  if (paths.venue !== null) ctx.monitor(ctx.ref<never>(paths.venue.risk));
}

export function operatorBehaviour(): Behaviour<OperatorState, OperatorMessage, OperatorInput> {
  return {
    name: 'operator',
    version: 1,
    init(ctx, input) {
      const { pause, answered } = recoveredOf(input.recovered);
      const state: OperatorState = { input, pause, storeFailed: null, stopping: false, lastEvent: null, exits: new Map(), works: new Map(), answered };
      if (input.paths.venue !== null) ctx.subscribe(ORDERS_TOPIC);
      if (pause !== null) gate(state, ctx);
      watch(state, ctx);
      return state;
    },
    step(state, message, ctx) {
      switch (message.type) {
        case 'command':
          return command(state, message, ctx);
        case 'operator.got':
          return got(state, message, ctx);
        case 'operator.tick':
          return tick(state, message.work, ctx);
        case 'truth.refreshed': {
          const work = state.works.get(message.id);
          return work === undefined || work.stage !== 'refreshing' ? state : ask(state, { ...work, stage: work.command.verb === 'resolve' ? 'givingUp' : 'asking', refreshed: message.products }, ctx);
        }
        case 'venue.outcome': {
          const work = [...state.works.values()].find(({ calls }) => calls.includes(message.id));
          if (work === undefined) return state;
          const { outcome } = message;
          // One that is gone already is what was wanted.
          const refused = outcome.kind === 'ok' || (outcome.kind === 'refused' && (outcome.code === -2011 || outcome.code === -2013)) ? [] : [outcome.kind === 'refused' ? `${outcome.code} ${outcome.text}` : outcome.reason];
          return put(state, { ...work, calls: work.calls.filter((id) => id !== message.id), foreign: { ...work.foreign, refused: [...work.foreign.refused, ...refused] } });
        }
        case 'order.rejected':
        case 'order.canceled':
          return orderEnded(state, message.id, message.reason, ctx);
        case 'order.fill':
          return message.remainingLots === 0 ? orderEnded(state, message.id, '', ctx) : state;
        case 'order.accepted':
          return state;
        case 'order.changed': {
          const { intent } = message;
          if (!intent.reduceOnly || intent.kind !== 'market') return state;
          const exits = new Map(state.exits);
          if (isFinal(message.state)) exits.delete(intent.id);
          else exits.set(intent.id, `${intent.symbol} ${intent.positionSide}`);
          return { ...state, exits };
        }
        case 'order.filled':
        case 'order.foreign':
        case 'order.blocked':
          return state;
        case 'store.failed':
          return storeFailed(state, message.problem, ctx);
        case 'runtime.down':
          ctx.startTimer(`watch ${message.path}`, REWATCH_MS, { type: 'operator.watch', path: message.path });
          return state;
        case 'operator.watch':
          // Who begins anew knows of no pause.
          ctx.monitor(ctx.ref<never>(message.path));
          if (state.pause !== null || state.storeFailed !== null || state.stopping) gate(state, ctx);
          return state;
      }
    },
    view: (state) => ({ ...standing(state), stopping: state.stopping, answered: state.answered.size }),
  };
}
