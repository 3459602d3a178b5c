/** How an order begins: whether it may, as whose child it lives, and what is told when it may not. */
import type { WorkerSpec } from '../../runtime/index.js';
import { GATEWAY_PATH } from '../engine/paths.js';
import { protectable } from '../guard/protection.js';
import { unknownOn, withLive } from './book.js';
import { clientIdOf } from './ids.js';
import { newRecord } from './knowledge.js';
import type { OrderIntent, OrderRecord, PlaceOrder } from './messages.js';
import { closingLots, hasLooseExit } from './open-lots.js';
import { orderBehaviour, type OrderInput } from './order.js';
import { nowMs, publish, tellOwner, toChild, wireInstrument, type Context, type OrdersState } from './state.js';
import { unplaceable } from './wire.js';

const ORDER = orderBehaviour('order');
const ALGO = orderBehaviour('algo');

export function spawn(state: OrdersState, record: OrderRecord, ctx: Context): void {
  const { params, gatewayPath = GATEWAY_PATH } = state.input;
  const input: OrderInput = { params, record, instrument: wireInstrument(state, record.intent.symbol)!, managerPath: ctx.path, gatewayPath };
  const spec = {
    kind: 'worker', id: record.intent.clientId, behaviour: record.intent.service === 'algo' ? ALGO : ORDER, input, restart: 'transient', restore: 'lastGood',
  } as WorkerSpec<never>;
  const started = ctx.spawn(spec);
  if (!started.ok && started.reason.kind !== 'already_started') throw new Error(`order ${record.intent.clientId} cannot be started: ${started.reason.kind}`);
}

/** Why no order may begin; undefined when it may. */
function refusalOf(state: OrdersState, intent: OrderIntent): string | undefined {
  if (state.book.byIntent.has(intent.id) || state.book.live.has(intent.clientId) || state.book.finished.has(intent.clientId)) return 'duplicate_id';
  if (!Number.isSafeInteger(intent.lots) || intent.lots <= 0) return 'bad_quantity';
  if (intent.kind !== 'market' && intent.priceTicks <= 0 && intent.triggerTicks <= 0) return 'bad_price';
  const impossible = unplaceable(intent);
  if (impossible !== undefined) return impossible;
  if (intent.reduceOnly) return undefined;
  if (intent.product === 'spot' && intent.side === 'sell') return 'nothing_to_sell_short';
  if (state.storeDown) return 'store_failed';
  if (unknownOn(state.book, intent.symbol) > 0) return 'unknown_order';
  // Reduce-only, it would close what this one opens.
  if (intent.product !== 'spot' && hasLooseExit(state.open, state.book.live.values(), intent)) return 'exit_pending';
  const bare = protectable(intent.product, state.rules.get(intent.symbol), intent.lots, intent.priceTicks, wireInstrument(state, intent.symbol)!);
  return bare === undefined ? undefined : `unprotectable: ${bare}`;
}

export function intentOf(state: OrdersState, wanted: PlaceOrder['intent'], ctx: Context): OrderIntent {
  const { run, params } = state.input;
  const product = wireInstrument(state, wanted.symbol)?.product ?? 'usdm';
  return {
    ...wanted, product, clientId: clientIdOf(params.idPrefix, run, wanted.id), service: product === 'usdm' && wanted.kind === 'stop' ? 'algo' : 'order',
    listId: null, createdMs: nowMs(ctx),
  };
}

/** Options know no orders at market: what closes at any price is a limit at the last price that the venue takes, for what the book has now. */
function withoutMarket(state: OrdersState, intent: OrderIntent): OrderIntent {
  if (intent.product !== 'options' || intent.kind !== 'market' || !intent.reduceOnly) return intent;
  const { minPriceTicks = 0, maxPriceTicks = 0 } = state.rules.get(intent.symbol) ?? {};
  const priceTicks = intent.side === 'sell' ? Math.max(1, minPriceTicks) : maxPriceTicks;
  return priceTicks > 0 ? { ...intent, kind: 'limit', priceTicks, timeInForce: 'IOC' } : intent;
}

/** It never was an order: its owner hears so, and whoever counts on it. */
export function refuse(state: OrdersState, intent: OrderIntent, reason: string, ctx: Context): OrdersState {
  tellOwner(ctx, intent, { type: 'order.rejected', id: intent.id, symbol: intent.symbol, seq: -1, atUs: ctx.nowUs(), reason });
  // A second order under an id changes nothing of the first.
  if (reason !== 'duplicate_id' && wireInstrument(state, intent.symbol) !== undefined) {
    publish(ctx, { type: 'order.changed', intent, state: 'rejected', previous: null, venueId: '', filledLots: 0, reason, atMs: nowMs(ctx) });
  }
  return state;
}

export function begin(state: OrdersState, wanted: PlaceOrder['intent'], ctx: Context, askedLots = wanted.lots, replaces?: string): OrdersState {
  const intent: OrderIntent = { ...withoutMarket(state, intentOf(state, wanted, ctx)), ...(replaces === undefined ? {} : { replaces }) };
  const refused = wireInstrument(state, wanted.symbol) === undefined ? 'unknown_symbol' : refusalOf(state, intent);
  if (refused !== undefined) return refuse(state, intent, refused, ctx);
  const record = newRecord(intent);
  spawn(state, record, ctx);
  if (state.storeDown) toChild(ctx, intent.clientId, { type: 'storeFailed' });
  return { ...state, book: withLive(state.book, { record, state: 'journalling', askedLots, toldLots: 0, acceptedTold: false }) };
}

/** No more is asked to be closed at market at once than is open: what is too much would close somebody else's, or the next entry's. */
export function reduced(state: OrdersState, wanted: PlaceOrder['intent'], ctx: Context): OrdersState {
  const open = wanted.reduces === null || !wanted.reduceOnly || wanted.kind !== 'market' ? undefined : state.open.get(wanted.reduces);
  if (open === undefined) return begin(state, wanted, ctx);
  const left = open.lots - closingLots(state.book.live.values(), wanted.reduces!);
  if (left > 0) return begin(state, { ...wanted, lots: Math.min(left, wanted.lots) }, ctx, wanted.lots);
  return refuse(state, intentOf(state, wanted, ctx), open.lots > 0 ? 'exit_pending' : 'nothing_to_reduce', ctx);
}
