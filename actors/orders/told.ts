/** What orders tell their manager, and what it tells others of it: the owner as the simulated venue does, all others by topic. */
import type { ExitReason } from '../../runtime/index.js';
import { RISK_PATH, USER_STREAM_PATH } from '../engine/paths.js';
import type { VenueFill } from '../engine/venue-calls.js';
import { decide } from '../journal/decide.js';
import type { UnknownOrders } from '../risk/messages.js';
import type { PositionGone, StreamSilent } from '../truth/messages.js';
import { spawn } from './begin.js';
import { unknownOn, withFinished, withLive, type Kept, type OrderBook } from './book.js';
import { owedLots, recovered } from './knowledge.js';
import { isFinal, type ChildTold, type Doubt, type OrderEnd, type OrderIntent, type OrderRecord, type OrderState } from './messages.js';
import { withFill, withGone, withoutDone } from './open-lots.js';
import { orderRow } from './rows.js';
import { held, isDust, lost, refusedByVenue, released, spotReason } from './spot-exits.js';
import { heldLots } from './spot-trades.js';
import { nowMs, publish, publishFill, tellOwner, wireInstrument, type Context, type OrdersInput, type OrdersState } from './state.js';

const DONE = 'done ';
/** So many orders fill, and a live stream tells of none: it is dead. One may be late. */
const MOST_UNTOLD = 4;

export function childTold(state: OrdersState, message: ChildTold, ctx: Context): OrdersState {
  const kept = state.book.live.get(message.clientId);
  if (kept === undefined) return state;
  switch (message.type) {
    case 'child.state':
      return changed(state, kept, message.state, message.record, ctx);
    case 'child.fill':
      return filled(state, kept, message.fill, message.record, ctx);
    case 'child.done':
      // Its last row is on the disk before it is let go.
      ctx.effect('store.write', { rows: [orderRow(message.record, wireInstrument(state, message.record.intent.symbol)!)], ack: { id: `${DONE}${message.clientId}`, to: ctx.path } });
      return state;
  }
}

const IN_DOUBT: Readonly<Record<Doubt, string>> = {
  place: 'what became of its placing is not known', cancel: 'what became of its cancel is not known', missing: 'the venue did not list it', restart: 'an earlier run left it',
};
const ENDED_BY: Readonly<Record<OrderEnd['by'], string>> = { report: 'the venue has told of its end', refusal: 'the venue refused it', absence: 'the venue knows nothing of it', us: 'it never left' };

function changed(before: OrdersState, kept: Kept, to: OrderState, record: OrderRecord, ctx: Context): OrdersState {
  const { intent, venueId, filledLots, end, doubt } = record;
  if (to === kept.state && to !== 'journalling') return { ...before, book: withLive(before.book, { ...kept, record }) };
  const reason = end?.reason ?? doubt ?? '';
  const state = to === 'rejected' ? refusedByVenue(before, intent, reason) : before;
  publish(ctx, { type: 'order.changed', intent, state: to, previous: to === 'journalling' ? null : kept.state, venueId, filledLots, reason, atMs: nowMs(ctx) });
  if (to === 'unknown' || kept.state === 'unknown') {
    decide(ctx, 'control', intent.symbol, -1, { control: 'order', id: intent.id, order: intent.clientId, from: kept.state, to, cause: doubt !== null ? IN_DOUBT[doubt] : end === null ? 'the venue has told of it' : `${ENDED_BY[end.by]}: ${end.reason}` });
  }
  const base = { id: intent.toldAs ?? intent.id, symbol: intent.symbol, seq: -1, atUs: ctx.nowUs() } as const;
  const there = to === 'accepted' || to === 'partiallyFilled' || to === 'triggered' || to === 'filled' || to === 'canceled' || to === 'expired' || to === 'collecting';
  const accepts = there && record.seen && !kept.acceptedTold;
  if (accepts) tellOwner(ctx, intent, { type: 'order.accepted', ...base, queueAheadLots: Number.POSITIVE_INFINITY });
  const remainingLots = Math.max(0, kept.askedLots - kept.toldLots);
  if (isFinal(to) && !isFinal(kept.state) && kept.replaced !== true) {
    const why = spotReason(state, kept) ?? reasonOf(to, reason, intent);
    if (to === 'rejected' && kept.toldLots === 0) tellOwner(ctx, intent, { type: 'order.rejected', ...base, reason: why });
    else if (remainingLots > 0) tellOwner(ctx, intent, { type: 'order.canceled', ...base, remainingLots, reason: why });
  }
  const book = withLive(state.book, { ...kept, record, state: to, acceptedTold: kept.acceptedTold || accepts });
  tellDoubt(state.book, book, intent.symbol, state.input, ctx);
  return isFinal(to) ? released({ ...state, book }, intent.reduces ?? intent.id, ctx) : { ...state, book };
}

function filled(before: OrdersState, kept: Kept, fill: VenueFill, record: OrderRecord, ctx: Context): OrdersState {
  const { intent } = record;
  const counted = { ...before, open: isInherited(before, intent) ? before.open : withFill(before.open, intent, fill.lots) };
  const state = intent.product === 'spot' ? held(counted, intent, fill, ctx) : counted;
  const trade = state.spot.get(intent.reduces ?? intent.id);
  publishFill(state, ctx, {
    product: intent.product, symbol: intent.symbol, ours: true, id: intent.id, entryId: intent.reduceOnly ? (intent.reduces ?? '') : intent.id, clientId: intent.clientId,
    venueId: record.spawnedId === '' ? record.venueId : record.spawnedId, side: intent.side, positionSide: intent.positionSide, reduceOnly: intent.reduceOnly, fill,
    ...(trade === undefined ? {} : { heldLots: isDust(state, trade) ? 0 : heldLots(trade, wireInstrument(state, intent.symbol)!) }), late: isFinal(kept.state),
  });
  const toldLots = kept.toldLots + fill.lots;
  const base = { id: intent.toldAs ?? intent.id, symbol: intent.symbol, seq: -1, atUs: ctx.nowUs() } as const;
  if (!kept.acceptedTold) tellOwner(ctx, intent, { type: 'order.accepted', ...base, queueAheadLots: Number.POSITIVE_INFINITY });
  tellOwner(ctx, intent, {
    type: 'order.fill', ...base, priceTicks: fill.priceTicks, lots: fill.lots, remainingLots: Math.max(0, kept.askedLots - toldLots),
    liquidity: fill.maker ? 'maker' : 'taker', reason: 'venue',
  });
  return heard({ ...state, book: withLive(state.book, { ...kept, record, toldLots, acceptedTold: true }) }, intent, ctx);
}

/**
 * Fills that answers tell are told by a live stream too, and sooner. A venue that ends a listen key leaves the connection as it is, and it answers: only
 * this shows it.
 */
function heard(state: OrdersState, { product, clientId }: OrderIntent, ctx: Context): OrdersState {
  const before = state.untold.get(product) ?? [];
  if (before.includes(clientId) || state.streamDown.includes(product)) return state;
  const untold = [...before, clientId];
  if (untold.length < MOST_UNTOLD) return { ...state, untold: new Map(state.untold).set(product, untold) };
  ctx.send(ctx.ref<StreamSilent>(`${USER_STREAM_PATH}/${product}`), { type: 'stream.silent', product, reason: `${untold.length} orders have filled, and it has told of none` });
  return { ...state, untold: new Map(state.untold).set(product, []) };
}

function tellDoubt(before: OrderBook, after: OrderBook, symbol: number, { riskPath = RISK_PATH }: OrdersInput, ctx: Context): void {
  const count = unknownOn(after, symbol);
  const was = unknownOn(before, symbol);
  if (count === was) return;
  ctx.send(ctx.ref<UnknownOrders>(riskPath), { type: 'orders.unknown', symbol, count });
  if ((count > 0) !== (was > 0)) publish(ctx, { type: 'order.blocked', symbol, on: count > 0 });
}

export function flushed(state: OrdersState, id: string, ctx: Context): OrdersState {
  const clientId = id.startsWith(DONE) ? id.slice(DONE.length) : '';
  const kept = state.book.live.get(clientId);
  if (kept === undefined || !isFinal(kept.state) || owedLots(kept.record) > 0) return state;
  ctx.stopChild(clientId);
  const book = withFinished(state.book, kept, state.input.params.rememberFinished);
  return { ...state, book, open: withoutDone(state.open, book.live.values()) };
}

export function gone(state: OrdersState, message: PositionGone, ctx: Context): OrdersState {
  const { open, taken } = withGone(state.open, message);
  let next: OrdersState = { ...state, open };
  // Where no exit stands, nobody else would be done with it.
  for (const [entryId, lots] of taken) next = released(lost(next, entryId, lots, ctx), entryId, ctx);
  return next;
}

export function childEnded(state: OrdersState, clientId: string, reason: ExitReason, ctx: Context): OrdersState {
  const kept = state.book.live.get(clientId);
  if (kept === undefined || reason.kind === 'normal' || reason.kind === 'shutdown') return state;
  // Its actor is lost; the order is not. What it knew last is where its next life begins, in doubt.
  spawn(state, recovered(kept.record, nowMs(ctx), state.input.params), ctx);
  return state;
}

/** In the simulated venue's words where it has some: strategies know them. */
function reasonOf(state: OrderState, reason: string, { reduceOnly, product }: OrderIntent): string {
  if (state === 'filled' && reduceOnly) return 'nothing_to_reduce';
  // On spot: the order that it was to replace could not be withdrawn.
  if (reason.startsWith('-2022')) return product === 'spot' ? 'replace_failed' : 'nothing_to_reduce';
  if (reason.startsWith('-5022') || /immediately match and take/.test(reason)) return 'would_take';
  if (reason.startsWith('-2021') || /trigger immediately/.test(reason)) return 'would_trigger';
  return reason === '' ? state : reason;
}

/** An entry of an earlier run: what it had filled before is not in our count, so that what it fills now would be a part taken for the whole. */
const isInherited = ({ input }: OrdersState, { id, reduceOnly }: OrderIntent): boolean => !reduceOnly && input.recovered.some(({ intent }) => intent.id === id);
