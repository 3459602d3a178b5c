/**
 * `/trading/orders`: one child actor an order at `orders/<clientId>`. It turns what the account, the guard and the operator want into
 * intents, brings every report and answer to the order it is about, adopts what is not ours as foreign, and tells everybody what changed:
 * the owner of an order as the simulated venue does, all others by {@link ORDERS_TOPIC}.
 *
 * It decides nothing about an order; that is its machine's. It decides whether one may begin: nothing opens while the record cannot be
 * written, while an order of the instrument is in doubt, or where no stop could protect it.
 */
import type { Behaviour } from '../../runtime/index.js';
import type { VenueProduct } from '../engine/io.js';
import type { UserStreamEdge } from '../engine/venue-calls.js';
import { RULES_TOPIC } from '../engine/venue-rules.js';
import type { CancelOrder, NewOrder, VenueEvent } from '../venue/messages.js';
import { spawn } from './begin.js';
import { EMPTY_BOOK, foreignOrder, localOrder, positionSideOf, purposeOf, withLive } from './book.js';
import { recovered, stateOf } from './knowledge.js';
import { isFinal, type CancelOrders } from './messages.js';
import { wish, withdrawIdle } from './spot-exits.js';
import { nowMs, toChild, wireInstrument, type Context, type ManagerMessage, type OrdersInput, type OrdersState } from './state.js';
import { childEnded, childTold, flushed, gone } from './told.js';
import { answered, differs, reported } from './venue-words.js';

export type { OrdersInput, OrdersState } from './state.js';

/** An order that ended this lately may still stand in a list that truth has asked for. */
const ENDED_LATELY_MS = 120_000;

function placed(state: OrdersState, order: NewOrder, ctx: Context): OrdersState {
  const { id, symbol, side, kind, priceTicks, lots, timeInForce, reduceOnly, reduces } = order;
  const product = wireInstrument(state, symbol)?.product;
  return wish(state, {
    id, symbol, side, kind, priceTicks: kind === 'limit' ? priceTicks : 0, triggerTicks: kind === 'stop' ? priceTicks : 0, lots,
    timeInForce: kind === 'stop' ? 'GTC' : timeInForce, reduceOnly, reduces: reduces ?? null, owner: state.input.accountPath,
    positionSide: positionSideOf(product !== undefined && state.hedge.includes(product), side, reduceOnly),
  }, ctx);
}

function canceled(state: OrdersState, { id, symbol }: CancelOrder, ctx: Context): OrdersState {
  const idle = withdrawIdle(state, id, ctx);
  if (idle !== undefined) return idle;
  const leg = [...state.book.live.values()].find(({ record, state: at }) => record.intent.toldAs === id && !isFinal(at));
  const clientId = leg?.record.intent.clientId ?? state.book.byIntent.get(id);
  if (clientId !== undefined) toChild(ctx, clientId, { type: 'cancel' });
  // Its own end has been told, or it never was: an order that got lost has nobody else to say it.
  else if (![...state.book.finished.values()].some(({ record }) => record.intent.id === id)) {
    ctx.send(ctx.ref<VenueEvent>(state.input.accountPath), { type: 'order.rejected', id, symbol, seq: -1, atUs: ctx.nowUs(), reason: 'unknown_order' });
  }
  return state;
}

function cancelAll(state: OrdersState, { symbol, entriesOnly, spareStops = false, clientId: only }: CancelOrders, ctx: Context): void {
  for (const [clientId, { record: { intent } }] of state.book.live) {
    const spared = (entriesOnly && intent.reduceOnly) || (spareStops && intent.kind === 'stop');
    if ((symbol === null || intent.symbol === symbol) && (only === undefined || clientId === only) && !spared) toChild(ctx, clientId, { type: 'cancel' });
  }
}

function verifyAll(state: OrdersState, product: VenueProduct, ctx: Context): void {
  for (const [clientId, kept] of state.book.live) {
    if (kept.record.intent.product === product && !isFinal(kept.state)) toChild(ctx, clientId, { type: 'verify' });
  }
}

function streamChanged(state: OrdersState, { product, state: edge }: UserStreamEdge, ctx: Context): OrdersState {
  // While it was away nobody told us of fills.
  verifyAll(state, product, ctx);
  const streamDown = state.streamDown.filter((other) => other !== product);
  if (edge === 'live') {
    ctx.cancelTimer(`poll ${product}`);
    return { ...state, streamDown };
  }
  ctx.startTimer(`poll ${product}`, state.input.params.pollMs, { type: 'orders.poll', product });
  return { ...state, streamDown: [...streamDown, product] };
}

function polled(state: OrdersState, product: VenueProduct, ctx: Context): void {
  if (!state.streamDown.includes(product)) return;
  verifyAll(state, product, ctx);
  ctx.startTimer(`poll ${product}`, state.input.params.pollMs, { type: 'orders.poll', product });
}

function storeFailed(state: OrdersState, ctx: Context): OrdersState {
  if (state.storeDown) return state;
  for (const [clientId, kept] of state.book.live) {
    if (kept.state === 'journalling') toChild(ctx, clientId, { type: 'storeFailed' });
  }
  cancelAll(state, { type: 'orders.cancel', symbol: null, entriesOnly: true }, ctx);
  return { ...state, storeDown: true };
}

export function ordersManager(): Behaviour<OrdersState, ManagerMessage, OrdersInput> {
  return {
    name: 'orders',
    version: 1,
    init(ctx, input) {
      ctx.subscribe(RULES_TOPIC);
      const rules = new Map(input.rules.flatMap(({ instruments }) => instruments.map((rule) => [rule.symbol, rule] as const)));
      let state: OrdersState = { input, book: EMPTY_BOOK, rules, hedge: input.hedge, storeDown: false, streamDown: [], untold: new Map(), lookups: [], owned: new Map((input.owned ?? []).map(({ symbol, quantity }) => [symbol, quantity])), spot: new Map((input.holdings ?? []).map((trade) => [trade.entryId, trade])), open: new Map() };
      for (const old of input.recovered) {
        const record = { ...recovered(old, nowMs(ctx), input.params), cancelWanted: old.cancelWanted || (input.params.cancelRecoveredEntries && !old.intent.reduceOnly) };
        if (wireInstrument(state, record.intent.symbol) === undefined || state.book.live.has(record.intent.clientId)) continue;
        spawn(state, record, ctx);
        state = { ...state, book: withLive(state.book, { record, state: stateOf(record) === 'unknown' ? 'submitted' : stateOf(record), askedLots: record.intent.lots, toldLots: record.bookedLots, acceptedTold: record.seen }) };
      }
      return state;
    },
    step(state, message, ctx) {
      switch (message.type) {
        case 'order.new':
          return placed(state, message, ctx);
        case 'order.cancel':
          return canceled(state, message, ctx);
        case 'orders.place':
          return wish(state, message.intent, ctx);
        case 'orders.cancel':
          cancelAll(state, message, ctx);
          return state;
        case 'orders.verify':
          if (state.book.live.has(message.clientId)) toChild(ctx, message.clientId, { type: 'verify' });
          return state;
        case 'orders.giveUp':
          if (state.book.live.has(message.clientId)) toChild(ctx, message.clientId, { type: 'giveUp', by: message.by });
          return state;
        case 'order.report':
        case 'algo.report':
          return reported(message.source === 'stream' ? { ...state, untold: new Map(state.untold).set(message.product, []) } : state, message, ctx);
        case 'account.report':
        case 'cash.report':
          // Told to all who listen to a user stream; truth's and the ledger's.
          return state;
        case 'user-stream':
          return streamChanged(state, message, ctx);
        case 'orders.poll':
          polled(state, message.product, ctx);
          return state;
        case 'venue.outcome':
          return answered(state, message, ctx);
        case 'rules.changed': {
          const rules = new Map(state.rules);
          for (const { rules: rule } of message.instruments) rules.set(rule.symbol, rule);
          return { ...state, rules };
        }
        case 'truth.differences':
          return differs(state, message, ctx);
        case 'position.gone':
          return gone(state, message, ctx);
        case 'orders.open':
          ctx.reply({
            orders: [
              ...[...state.book.live.values()].filter(({ record }) => record.intent.product === message.product).map(localOrder).filter((order) => order !== null),
              ...[...state.book.foreign.values()].filter(({ open, report }) => open && report.product === message.product).map(foreignOrder),
            ],
            // Also those whose actors still wait for late reports.
            ended: [...state.book.finished.values(), ...[...state.book.live.values()].filter(({ record: { end } }) => end !== null)]
              .filter(({ record: { intent, changedMs } }) => intent.product === message.product && changedMs > nowMs(ctx) - ENDED_LATELY_MS)
              .map(({ record: { intent: { service, symbol, clientId }, changedMs } }) => ({ service, symbol, clientId, endedMs: changedMs })),
          });
          return state;
        case 'store.flushed':
          return flushed(state, message.id, ctx);
        case 'store.failed':
          return storeFailed(state, ctx);
        case 'child.state':
        case 'child.fill':
        case 'child.done':
          return childTold(state, message, ctx);
        case 'orders.unanswered':
          return { ...state, lookups: [] };
        case 'child.exit':
          return childEnded(state, message.clientId, message.reason, ctx);
      }
    },
    childExit: (clientId, reason) => ({ type: 'child.exit', clientId, reason }),
    restore(data, ctx, _input, how) {
      const state = data as OrdersState;
      // Each goes on from its own snapshot.
      if (how === 'start') for (const { record } of state.book.live.values()) spawn(state, record, ctx);
      return state;
    },
    view: ({ book, storeDown, streamDown }) => ({
      storeDown, streamDown, finished: book.finished.size,
      orders: [...book.live.values()].map(({ record, state }) => {
        const { intent, filledLots, doubt, venueId, changedMs } = record;
        const { clientId, id, product, symbol, service, side, positionSide, kind, priceTicks, triggerTicks, lots, reduceOnly, reduces, createdMs } = intent;
        return { clientId, id, product, symbol, service, side, positionSide, kind, purpose: purposeOf(intent), priceTicks, triggerTicks, lots, filledLots, reduceOnly, reduces, state, doubt, venueId, createdMs, changedMs };
      }),
      foreign: [...book.foreign.values()].filter(({ open }) => open).map((each) => {
        const { expiresMs: _expires, listId: _list, owner: _owner, state: _state, ...order } = foreignOrder(each);
        return { ...order, product: each.report.product };
      }),
    }),
  };
}
