/** What is done step by step, at each tick anew: withdrawing, closing, and the end. */
import type { Json } from '../engine/io.js';
import type { PlaceOrder } from '../orders/messages.js';
import type { TruthMessage } from '../truth/messages.js';
import { closingSide, type Leg, legsOf, nextStep, truthMs } from './closing.js';
import { executionOf, grossExposure, type LeftPosition } from './execution.js';
import { type EndOfProcess, STORE_FAILED_ID } from './messages.js';
import { ask } from './picture.js';
import { type Context, event, finish, nameOf, nowMs, type OperatorState, put, tickLater, type Work } from './state.js';
import { accountTell, cancelForeign, pauseNow, withdraw } from './withdrawing.js';

/** Between two looks, ms. */
const TICK_MS = 250;
/** Longest that a command may take before it answers with what is left undone. */
const CLOSE_WITHIN_MS = 60_000;
const WITHDRAW_WITHIN_MS = 10_000;
/** Kinds of the sources' events. */
const [EXECUTION_STARTED, EXECUTION_COMPLETED] = ['app.execution.started', 'app.execution.completed'] as const;

export function withdrawn(state: OperatorState, work: Work, ctx: Context): OperatorState {
  const { command: wanted, picture } = work;
  const first = work.round === 1;
  let next = work;
  if (wanted.verb === 'cancel-all' && wanted.foreign && first) next = cancelForeign(state, work, ctx);
  const late = nowMs(ctx) - work.startedMs >= WITHDRAW_WITHIN_MS * state.input.speed;
  const ours = (picture.orders?.orders ?? []).filter(({ owner, purpose }) => owner === 'ours' && (wanted.verb === 'stop' ? purpose === 'entry' : purpose !== 'stop'));
  const unknown = picture.account === undefined || (state.input.paths.venue !== null && picture.orders === undefined);
  const left = ours.length > 0 || unknown || (picture.account?.entries ?? 0) > 0 || next.calls.length > 0;
  if (left && !late) return tickLater(put(state, next), next, TICK_MS, ctx);
  const leftIds = ours.map(({ clientId }) => clientId);
  if (wanted.verb === 'stop') return stopped(state, next, { entriesLeft: Math.max(leftIds.length, picture.account?.entries ?? 0), flat: null }, wanted.reason, ctx);
  return finish(state, next, !left && next.foreign.refused.length === 0, {
    left: leftIds, entriesLeft: picture.account?.entries ?? null, stopsKept: (picture.orders?.orders ?? []).filter(({ owner, purpose }) => owner === 'ours' && purpose === 'stop').length,
    foreign: { cancelled: next.foreign.asked - next.foreign.refused.length - next.calls.length, refused: next.foreign.refused, unanswered: next.calls.length },
  }, ctx);
}

export function close(state: OperatorState, work: Work, ctx: Context): OperatorState {
  const { venue } = state.input.paths;
  const { symbol } = work;
  withdraw(state, symbol, 'spareStops', ctx);
  if (venue !== null) {
    ctx.send(ctx.ref<TruthMessage>(venue.truth), { type: 'truth.pace', closing: true });
  }
  accountTell(state, ctx, { type: 'account.flatten', symbol, purpose: 'manual' });
  return tickLater(put(state, { ...work, stage: 'closing' }), work, TICK_MS, ctx);
}

export const closeSymbol = (state: OperatorState, work: Work, ctx: Context): OperatorState => close(pauseNow(state, `close-symbol ${work.id}`, work.issuer, ctx), work, ctx);

export function closing(before: OperatorState, work: Work, ctx: Context): OperatorState {
  let state = before;
  const { instruments, paths } = state.input;
  const symbol = work.symbol;
  const { picture } = work;
  const late = nowMs(ctx) - work.startedMs >= CLOSE_WITHIN_MS * state.input.speed;
  const trades = picture.account?.open.filter((trade) => symbol === null || trade.symbol === symbol);
  if (paths.venue === null) {
    const flat = trades?.length === 0 && picture.account!.entries === 0;
    const open = trades?.map(({ symbol: of, openLots, side }): Leg => ({ key: `${of} BOTH`, symbol: of, positionSide: 'BOTH', signedLots: side === 'buy' ? openLots : -openLots, stopFirst: false }));
    const told = open === undefined ? { state, work } : started(state, work, open, ctx);
    if (!flat && !late) return tickLater(put(told.state, told.work), told.work, TICK_MS, ctx);
    return closed(told.state, told.work, flat, open ?? null, ctx);
  }
  // Only a truth that is younger than the command tells what there was.
  const legs = legsOf(picture, symbol, instruments, work.startedMs);
  if (legs === undefined || trades === undefined) {
    if (!late) return tickLater(put(state, work), work, TICK_MS, ctx);
    return closed(state, work, false, null, ctx);
  }
  const told = started(state, work, legs, ctx);
  state = told.state;
  let next: Work = told.work;
  if (legs.length === 0 && trades.length === 0) {
    // Nothing is left to protect.
    withdraw(state, symbol, 'all', ctx);
    return ask(state, { ...next, stage: 'stops' }, ctx);
  }
  if (late) return closed(state, next, false, legs, ctx);
  const readMs = truthMs(picture, symbol, instruments);
  for (const leg of legs) {
    switch (nextStep(leg, picture, next.attempts.get(leg.key), readMs, state.exits)) {
      case 'wait':
        break;
      case 'freeAndClose':
        // In one turn: whoever keeps stops sees the sale that takes its place.
        withdraw(state, leg.symbol, 'all', ctx);
        next = sell(state, next, leg, ctx);
        break;
      case 'close':
        next = sell(state, next, leg, ctx);
        break;
    }
  }
  return tickLater(put(state, next), next, TICK_MS, ctx);
}

/** Opposite side, all of it, at market, reducing only: it never flips and never adds. */
function sell(state: OperatorState, work: Work, leg: Leg, ctx: Context): Work {
  const number = (work.attempts.get(leg.key)?.number ?? 0) + 1;
  const orderId = `${ctx.path}#${work.id}-${leg.key.replace(' ', '-')}-${number}`;
  const order: PlaceOrder = {
    type: 'orders.place',
    intent: {
      id: orderId, symbol: leg.symbol, side: closingSide(leg), positionSide: leg.positionSide, kind: 'market', priceTicks: 0, triggerTicks: 0, lots: Math.abs(leg.signedLots), timeInForce: 'IOC',
      reduceOnly: true, reduces: null, owner: ctx.path,
    },
  };
  ctx.send(ctx.ref<PlaceOrder>(state.input.paths.venue!.orders), order);
  return { ...work, attempts: new Map(work.attempts).set(leg.key, { number, orderId, endedMs: null, problem: '' }) };
}

export function stopsGone(state: OperatorState, work: Work, ctx: Context): OperatorState {
  const symbol = work.symbol;
  const left = (work.picture.orders?.orders ?? []).filter((order) => order.owner === 'ours' && (symbol === null || order.symbol === symbol));
  const late = nowMs(ctx) - work.startedMs >= CLOSE_WITHIN_MS * state.input.speed;
  if ((work.picture.orders === undefined || left.length > 0) && !late) return tickLater(put(state, work), work, TICK_MS, ctx);
  return closed(state, work, true, [], ctx);
}

/** Remembers what there was to close, and tells once that closing begins. */
function started(state: OperatorState, work: Work, legs: readonly Leg[], ctx: Context): { readonly state: OperatorState; readonly work: Work } {
  const seen = new Map(work.seen);
  for (const leg of legs) if (!seen.has(leg.key)) seen.set(leg.key, leg);
  const next: Work = { ...work, seen, begun: true };
  return { state: work.begun ? state : event(state, EXECUTION_STARTED, { id: work.id, command: work.command.verb, instrument: work.symbol === null ? null : nameOf(state, work.symbol), positions: legs.length }, ctx), work: next };
}

/** `left` null: positions were never known. */
function closed(state: OperatorState, work: Work, flat: boolean, left: readonly LeftPosition[] | null, ctx: Context): OperatorState {
  const { paths: { venue }, instruments } = state.input;
  if (venue !== null) ctx.send(ctx.ref<TruthMessage>(venue.truth), { type: 'truth.pace', closing: false });
  const { command: wanted, symbol, attempts } = work;
  const exposure = left === null ? null : grossExposure(left, work.picture, instruments);
  const dust = (work.picture.ledger?.products ?? []).flatMap(({ holdings }) => holdings).filter((each) => each.dust && (symbol === null || each.symbol === symbol));
  const outcome = executionOf({ verb: wanted.verb, symbol, byPerson: work.id !== STORE_FAILED_ID, flat, seen: [...work.seen.values()], attempts, left, exposure, dust }, (of) => nameOf(state, of));
  const told = event(state, EXECUTION_COMPLETED, { id: work.id, command: wanted.verb, remaining_positions: left?.length ?? null, flat_confirmed: flat, remaining_gross_exposure_usdt: exposure }, ctx);
  return wanted.verb === 'stop' ? stopped(told, work, { entriesLeft: 0, flat: outcome }, wanted.reason, ctx) : finish(told, work, flat, outcome, ctx);
}

function stopped(state: OperatorState, work: Work, what: { readonly entriesLeft: number; readonly flat: Json }, reason: string, ctx: Context): OperatorState {
  const end: EndOfProcess = { exit: state.storeFailed === null ? 'ok' : 'journalFailed', reason: `${reason} (${work.issuer})` };
  // It ends all the same: an operator who says stop does not want to be argued with. What is left is said.
  return finish(state, work, true, { ...what, end: end as unknown as Json }, ctx);
}
