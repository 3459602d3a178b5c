/** What the venue says of orders (reports, answers, what truth finds), brought to the order that it is about; what is not ours is told as foreign. */
import { GATEWAY_PATH } from '../engine/paths.js';
import type { VenueProduct } from '../engine/io.js';
import type { AlgoReport, OrderReport, VenueCall, VenueOutcome } from '../engine/venue-calls.js';
import { decodeOrder } from '../gateway/decode/index.js';
import { decide } from '../journal/decide.js';
import type { TruthDifferences } from '../truth/messages.js';
import type { VenueOrder, VenueTrade } from '../truth/views.js';
import { answerOf } from './answers.js';
import { spawn } from './begin.js';
import { numberKey, withForeign, withLive, type Foreign, type OrderBook } from './book.js';
import { halfOf, readAnswer } from './decode.js';
import { isOurs } from './ids.js';
import type { OrderRecord } from './messages.js';
import { parseCallId } from './order.js';
import { nowMs, publish, publishFill, tablesOf, toChild, wireInstrument, type Context, type OrdersState } from './state.js';
import { withHeld, withOwned } from './spot-exits.js';
import { stopOfList, withdrawalOf } from './wire.js';

const LOOKUP = 'lookup';
/** Questions about trades of unknown orders at one time. */
const MOST_LOOKUPS = 5;

/** Client id of ours that a report is about; undefined for somebody else's. */
function ownerOf(book: OrderBook, report: OrderReport | AlgoReport): string | undefined {
  const { clientId, product, symbol } = report;
  if (book.live.has(clientId) || book.finished.has(clientId)) return clientId;
  return report.type === 'order.report' ? book.byNumber.get(numberKey('order', product, symbol, report.venueId)) : undefined;
}

export function reported(state: OrdersState, report: OrderReport | AlgoReport, ctx: Context): OrdersState {
  const clientId = ownerOf(state.book, report);
  if (clientId === undefined) return foreign(state, report, ctx);
  const kept = state.book.live.get(clientId);
  if (kept !== undefined) {
    toChild(ctx, clientId, { type: 'report', report });
    return state;
  }
  const over = state.book.finished.get(clientId)!;
  if (!provesMore(over.record, report)) return state;
  // An order that is over begins no new life: its actor comes back to book what was late.
  spawn(state, over.record, ctx);
  toChild(ctx, clientId, { type: 'report', report });
  return { ...state, book: withLive(state.book, over) };
}

function foreign(state: OrdersState, report: OrderReport | AlgoReport, ctx: Context): OrdersState {
  if (wireInstrument(state, report.symbol) === undefined) return state;
  const order = report.type === 'order.report';
  const key = numberKey(order ? 'order' : 'algo', report.product, report.symbol, order ? report.venueId : report.algoId);
  const known = state.book.foreign.get(key);
  const fill = order ? report.fill : null;
  const isNew = fill !== null && known?.tradeIds.includes(fill.tradeId) !== true;
  const forgotten = isOurs(state.input.params.idPrefix, report.clientId);
  publish(ctx, { type: 'order.foreign', report, forgotten });
  if (isNew && order) {
    const { product, symbol, clientId, venueId, side, positionSide, reduceOnly } = report;
    publishFill(state, ctx, { product, symbol, ours: false, id: '', entryId: '', clientId, venueId, side, positionSide, reduceOnly, fill: fill!, late: false });
  }
  const open = report.status === 'NEW' || report.status === 'PARTIALLY_FILLED' || report.status === 'TRIGGERING' || report.status === 'TRIGGERED';
  const next: Foreign = { report, open: open && known?.open !== false, tradeIds: isNew ? [...(known?.tradeIds ?? []), fill!.tradeId] : (known?.tradeIds ?? []) };
  const counted = forgotten && isNew ? withOwned(state, report, fill!) : state;
  return { ...counted, book: withForeign(state.book, key, next, state.input.params.rememberFinished) };
}

export function answered(state: OrdersState, message: VenueOutcome, ctx: Context): OrdersState {
  if (message.id.startsWith(`${LOOKUP} `)) return lookedUp(state, message, ctx);
  const call = parseCallId(message.id);
  const kept = call === undefined ? undefined : (state.book.live.get(call.clientId) ?? state.book.finished.get(call.clientId));
  if (call === undefined || kept === undefined) return state;
  const { record } = kept;
  const { product, symbol } = record.intent;
  if (message.outcome.kind === 'unknown' && (call.step === 'place' || call.step === 'cancel')) {
    decide(ctx, 'control', symbol, -1, { control: 'unanswered', id: record.intent.id, order: call.clientId, step: call.step, cause: message.outcome.reason });
  }
  const known = (venueId: string): boolean =>
    state.book.byNumber.has(numberKey('order', product, symbol, venueId)) || state.book.foreign.has(numberKey('order', product, symbol, venueId));
  const read = message.outcome.kind === 'ok'
    ? readAnswer(call.step, record, message.outcome.body, tablesOf(state.input).decoders, known)
    : { parts: null, strangers: [] };
  // An answer that comes after the end says what a late report says.
  if (!state.book.live.has(call.clientId)) {
    let next = state;
    for (const report of read.parts?.reports ?? []) next = reported(next, report, ctx);
    return next;
  }
  toChild(ctx, call.clientId, answerOf(call.step, call.call, message, read.parts));
  if (call.step === 'place' && record.intent.replaces !== undefined) answerReplaced(state, record.intent.replaces, message, ctx);
  if (call.step === 'place' && record.intent.listId !== null) answerStop(state, record.intent.listId, message, ctx);
  return read.strangers.length === 0 ? state : lookUp(state, record, read.strangers, ctx);
}

/** A list is placed with one call, and its answer is both legs'. */
function answerStop(state: OrdersState, listId: string, message: VenueOutcome, ctx: Context): void {
  const stop = state.book.live.get(stopOfList(listId));
  if (stop === undefined) return;
  const { parts } = message.outcome.kind === 'ok'
    ? readAnswer('place', stop.record, message.outcome.body, tablesOf(state.input).decoders, () => true)
    : { parts: null };
  toChild(ctx, stopOfList(listId), answerOf('place', 0, message, parts));
}

/** The answer to a cancel-replace says what became of the old order too; where it does not, the venue is asked. */
function answerReplaced(state: OrdersState, clientId: string, { outcome }: VenueOutcome, ctx: Context): void {
  if (!state.book.live.has(clientId)) return;
  const decoded = outcome.kind === 'ok' ? decodeOrder('spot', halfOf(outcome.body, 'cancelResponse'), tablesOf(state.input).decoders) : null;
  toChild(ctx, clientId, decoded?.ok === true && decoded.value.clientId === clientId ? { type: 'report', report: decoded.value } : { type: 'verify' });
}

/** Asks whose the trades are that belong to no order we know. */
function lookUp(state: OrdersState, { intent }: OrderRecord, numbers: readonly string[], ctx: Context): OrdersState {
  const { product, symbol } = intent;
  const instrument = wireInstrument(state, symbol)!;
  const path = { spot: '/api/v3/order', usdm: '/fapi/v1/order', options: '/eapi/v1/order' }[product];
  let { lookups } = state;
  for (const number of numbers) {
    const id = `${LOOKUP} ${product} ${symbol} ${number}`;
    if (lookups.includes(id) || lookups.length >= MOST_LOOKUPS) continue;
    lookups = [...lookups, id];
    // An outcome that never comes must not keep others from being asked for.
    ctx.startTimer('lookups', 2 * state.input.params.outcomeTimeoutMs, { type: 'orders.unanswered' });
    ctx.send(ctx.ref<VenueCall>(state.input.gatewayPath ?? GATEWAY_PATH), {
      type: 'venue.call', id, replyTo: ctx.path, class: 'account', reducing: false, product, method: 'GET', path, params: { symbol: instrument.name, orderId: number },
      security: 'signed', weight: 4, orders: 0, timeoutMs: state.input.params.outcomeTimeoutMs,
    });
  }
  return { ...state, lookups };
}

function lookedUp(state: OrdersState, { id, outcome }: VenueOutcome, ctx: Context): OrdersState {
  const next = { ...state, lookups: state.lookups.filter((other) => other !== id) };
  if (outcome.kind !== 'ok') return next;
  const decoded = decodeOrder(id.split(' ')[1] as VenueProduct, outcome.body, tablesOf(state.input).decoders);
  return decoded.ok ? reported(next, decoded.value, ctx) : next;
}

/** Truth's word is a reason to ask, never more: the machine believes answers to its own questions. Trades are facts. */
export function differs(state: OrdersState, { product, differences }: TruthDifferences, ctx: Context): OrdersState {
  let next = state;
  const verify = (clientId: string): void => {
    if (next.book.live.has(clientId)) toChild(ctx, clientId, { type: 'verify' });
  };
  for (const difference of differences) {
    const { action } = difference;
    switch (action.do) {
      case 'settleOrder':
      case 'forgetOrder':
        verify(action.clientId);
        // Nobody else will ask about one that is not ours.
        for (const [key, stranger] of next.book.foreign) {
          if (stranger.open && stranger.report.product === product && stranger.report.clientId === action.clientId) {
            next = { ...next, book: withForeign(next.book, key, { ...stranger, open: false }, next.input.params.rememberFinished) };
          }
        }
        break;
      case 'lookUp':
        verify(action.clientId);
        break;
      case 'openOrder':
      case 'updateOrder':
        verify(action.order.clientId);
        break;
      case 'bookFill': {
        const { trade } = action;
        const clientId = trade.clientId ?? next.book.byNumber.get(numberKey('order', product, trade.symbol, trade.venueOrderId));
        if (clientId !== undefined && next.book.live.has(clientId)) toChild(ctx, clientId, { type: 'fills', trades: [trade] });
        else if (difference.kind === 'fillMissed' && difference.origin === 'ours' && !mayBeTold(next.book, trade)) next = withOwned(next, trade, trade);
        break;
      }
      case 'setHolding':
        if (difference.kind === 'holdingShort') next = withHeld(next, action.symbol, difference.local, action.quantity);
        break;
      case 'adoptOrder':
        // One of ours that we had given up stands there after all, or somebody else's that no stream has told of; also where that has the name of one of ours, of which the venue has told that it is over.
        next = (isOver(next.book, action.order) ? foreign : reported)(next, standing(action.order, product, nowMs(ctx)), ctx);
        break;
      case 'cancelOrder':
        if (next.book.live.has(action.order.clientId)) toChild(ctx, action.order.clientId, { type: 'cancel' });
        else withdrawForgotten(next, product, action.order, ctx);
        break;
      case 'setMode':
        next = { ...next, hedge: [...next.hedge.filter((other) => other !== product), ...(action.hedgeMode ? [product] : [])] };
        break;
      default:
        break;
    }
  }
  return next;
}

/** Whether a trade may be of an order that is followed and whose number nobody knows yet: it will tell of it itself. */
const mayBeTold = ({ live }: OrderBook, { symbol, side }: VenueTrade): boolean =>
  [...live.values()].some(({ record: { intent, venueId } }) => venueId === '' && intent.symbol === symbol && intent.side === side);

/** What the venue's list of open orders says of one, as a report. */
function standing(order: VenueOrder, product: VenueProduct, venueMs: number): OrderReport | AlgoReport {
  const { symbol, clientId, venueId, side, positionSide, kind, reduceOnly, closePosition, priceTicks, triggerTicks, lots, filledLots } = order;
  const base = { source: 'answer', product, symbol, clientId, side, positionSide, kind, reduceOnly, triggerTicks, lots, venueMs, reason: '' } as const;
  return order.service === 'algo'
    ? { ...base, type: 'algo.report', algoId: venueId, status: 'NEW', closePosition, spawnedVenueId: '' }
    : { ...base, type: 'order.report', venueId, status: filledLots > 0 ? 'PARTIALLY_FILLED' : 'NEW', timeInForce: 'GTC', priceTicks, filledLots, fill: null };
}

function isOver({ live, finished }: OrderBook, { clientId, service }: VenueOrder): boolean {
  const record = (live.get(clientId) ?? finished.get(clientId))?.record;
  return record?.intent.service === service && record.end?.by === 'report';
}

/** Whether a report of an order that is over says what is not booked, or that it is not over. */
function provesMore(record: OrderRecord, report: OrderReport | AlgoReport): boolean {
  if (report.type === 'algo.report') return record.end?.by !== 'report' && report.status === 'NEW';
  if (report.fill !== null && !record.tradeIds.includes(report.fill.tradeId)) return true;
  if (report.filledLots > record.bookedLots) return true;
  return record.end?.by !== 'report' && (report.status === 'NEW' || report.status === 'PARTIALLY_FILLED');
}

/** One of ours that no record holds, e.g. a stop that was sent when nothing could be written any more. */
function withdrawForgotten(state: OrdersState, product: VenueProduct, order: VenueOrder, ctx: Context): void {
  const { params, gatewayPath = GATEWAY_PATH } = state.input;
  const instrument = wireInstrument(state, order.symbol);
  if (instrument === undefined || !isOurs(params.idPrefix, order.clientId)) return;
  // Nobody waits for the answer: as long as it is listed, truth tells of it again.
  ctx.send(ctx.ref<VenueCall>(gatewayPath), {
    type: 'venue.call', id: `withdraw ${order.service} ${order.clientId}`, replyTo: ctx.path, security: 'signed', timeoutMs: params.outcomeTimeoutMs,
    ...withdrawalOf(product, order, instrument.name),
  });
}
