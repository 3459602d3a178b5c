/**
 * What an intent is to each product of the venue: endpoint, parameters and cost of every call about it. Prices and quantities are exact
 * decimals of the instrument's ticks and lots. Endpoints and parameters are those of VENUE-API 4.3 and the venue's documentation.
 */
import { DecimalGrid } from '../../data/instruments/decimal.js';
import type { VenueProduct } from '../engine/io.js';
import type { CallClass, VenueCall } from '../engine/venue-calls.js';
import type { VenueOrder } from '../truth/views.js';
import type { CallStep } from './answers.js';
import type { OrderIntent, OrderRecord } from './messages.js';

/** What a call needs to know of an instrument. */
export interface WireInstrument {
  /** As the venue spells it. */
  readonly name: string;
  readonly product: VenueProduct;
  readonly tickSize: string;
  readonly lotSize: string;
}

/** A call without its id and who is answered. */
export type Wire = Pick<VenueCall, 'class' | 'reducing' | 'product' | 'method' | 'path' | 'params' | 'weight' | 'orders'>;

const side = (intent: OrderIntent): 'BUY' | 'SELL' => (intent.side === 'buy' ? 'BUY' : 'SELL');
export const priceText = (instrument: WireInstrument, ticks: number): string => new DecimalGrid(instrument.tickSize).toDecimal(ticks);
export const quantityText = (instrument: WireInstrument, lots: number): string => new DecimalGrid(instrument.lotSize).toDecimal(lots);

/** Why the product has no such order; undefined when it has. */
export function unplaceable({ product, kind, timeInForce, listId }: Pick<OrderIntent, 'product' | 'kind' | 'timeInForce' | 'listId'>): string | undefined {
  if (product === 'options' && kind !== 'limit') return 'limit_orders_only';
  if (listId !== null && product !== 'spot') return 'no_order_lists';
  return kind === 'stop' && timeInForce !== 'GTC' ? 'stops_are_good_till_canceled' : undefined;
}

/** The call of a step. `record`: numbers of the venue make questions exact where they are known. */
export function wireOf(step: CallStep, record: OrderRecord, instrument: WireInstrument): Wire {
  switch (record.intent.product) {
    case 'usdm':
      return record.intent.service === 'algo' ? algoWire(step, record, instrument) : usdmWire(step, record, instrument);
    case 'spot':
      return spotWire(step, record, instrument);
    case 'options':
      return optionsWire(step, record, instrument);
  }
}

/** Withdraws an order that only the venue's list tells of: somebody else's, or one of ours that no record holds. */
export function withdrawalOf(product: VenueProduct, { service, venueId }: Pick<VenueOrder, 'service' | 'venueId'>, symbol: string): Wire {
  const base = { product, reducing: true };
  if (service === 'algo') return call(base, 'cancel', 'DELETE /fapi/v1/algoOrder', { algoId: venueId }, 1);
  const path = { spot: '/api/v3/order', usdm: '/fapi/v1/order', options: '/eapi/v1/order' }[product];
  return call(base, 'cancel', `DELETE ${path}`, { symbol, orderId: venueId }, 1);
}

function call(base: { readonly product: VenueProduct; readonly reducing?: boolean }, callClass: CallClass, verb: string, params: Readonly<Record<string, string>>, weight: number, orders = 0): Wire {
  const space = verb.indexOf(' ');
  return { product: base.product, reducing: base.reducing ?? false, class: callClass, method: verb.slice(0, space) as Wire['method'], path: verb.slice(space + 1), params, weight, orders };
}

/** One-way positions know a reduce-only flag; a hedge leg is closed by naming it. */
function exposure({ positionSide, reduceOnly }: OrderIntent): Record<string, string> {
  if (positionSide !== 'BOTH') return { positionSide };
  return reduceOnly ? { reduceOnly: 'true' } : {};
}

/** By the order's number where it is known, else by everything since it was made. */
function tradesSince(venueId: string, { createdMs }: OrderIntent): Record<string, string> {
  return venueId === '' ? { startTime: String(Math.max(0, createdMs - 1000)), limit: '1000' } : { orderId: venueId, limit: '1000' };
}

function usdmWire(step: CallStep, { intent, venueId }: OrderRecord, instrument: WireInstrument): Wire {
  const base = { product: 'usdm' } as const;
  const symbol = instrument.name;
  const named = { symbol, origClientOrderId: intent.clientId };
  switch (step) {
    case 'place':
      return call({ ...base, reducing: intent.reduceOnly }, 'order', 'POST /fapi/v1/order', {
        symbol, side: side(intent), type: intent.kind === 'limit' ? 'LIMIT' : 'MARKET', ...exposure(intent), quantity: quantityText(instrument, intent.lots),
        ...(intent.kind === 'limit' ? { price: priceText(instrument, intent.priceTicks), timeInForce: intent.timeInForce } : {}),
        newClientOrderId: intent.clientId, newOrderRespType: 'RESULT',
      }, 0, 1);
    case 'cancel':
      return call({ ...base, reducing: true }, 'cancel', 'DELETE /fapi/v1/order', named, 1);
    case 'order':
    case 'spawned':
      return call(base, 'account', 'GET /fapi/v1/order', named, 1);
    case 'open':
      return call(base, 'account', 'GET /fapi/v1/openOrders', { symbol }, 1);
    case 'trades':
      return call(base, 'account', 'GET /fapi/v1/userTrades', { symbol, ...tradesSince(venueId, intent) }, 5);
  }
}

/** STOP_MARKET left `/fapi/v1/order` (-4120) for a service of its own; when it triggers, the rest is an ordinary order's. */
function algoWire(step: CallStep, { intent, spawnedId, triggered }: OrderRecord, instrument: WireInstrument): Wire {
  const base = { product: 'usdm' } as const;
  const symbol = instrument.name;
  const spawned: Record<string, string> = spawnedId === '' ? { symbol, origClientOrderId: intent.clientId } : { symbol, orderId: spawnedId };
  switch (step) {
    case 'place':
      return call({ ...base, reducing: intent.reduceOnly }, 'order', 'POST /fapi/v1/algoOrder', {
        algoType: 'CONDITIONAL', symbol, side: side(intent), type: 'STOP_MARKET', ...exposure(intent), quantity: quantityText(instrument, intent.lots),
        triggerPrice: priceText(instrument, intent.triggerTicks), workingType: 'CONTRACT_PRICE', clientAlgoId: intent.clientId,
      }, 0, 1);
    case 'cancel':
      return triggered
        ? call({ ...base, reducing: true }, 'cancel', 'DELETE /fapi/v1/order', spawned, 1)
        : call({ ...base, reducing: true }, 'cancel', 'DELETE /fapi/v1/algoOrder', { clientAlgoId: intent.clientId }, 1);
    case 'order':
      return call(base, 'account', 'GET /fapi/v1/algoOrder', { clientAlgoId: intent.clientId }, 1);
    case 'open':
      return call(base, 'account', 'GET /fapi/v1/openAlgoOrders', { symbol }, 1);
    case 'spawned':
      return call(base, 'account', 'GET /fapi/v1/order', spawned, 1);
    case 'trades':
      return call(base, 'account', 'GET /fapi/v1/userTrades', { symbol, ...tradesSince(spawnedId, intent) }, 5);
  }
}

function spotWire(step: CallStep, { intent, venueId }: OrderRecord, instrument: WireInstrument): Wire {
  const base = { product: 'spot' } as const;
  const symbol = instrument.name;
  const named = { symbol, origClientOrderId: intent.clientId };
  switch (step) {
    case 'place':
      if (intent.listId !== null) return listWire(intent, intent.listId, instrument);
      return call({ ...base, reducing: intent.reduceOnly }, 'order', intent.replaces === undefined ? 'POST /api/v3/order' : 'POST /api/v3/order/cancelReplace', {
        symbol, side: side(intent), ...spotType(intent, instrument), quantity: quantityText(instrument, intent.lots), newClientOrderId: intent.clientId,
        newOrderRespType: 'FULL', ...(intent.replaces === undefined ? {} : insteadOf(intent.replaces)),
      }, 1, 1);
    case 'cancel':
      return call({ ...base, reducing: true }, 'cancel', 'DELETE /api/v3/order', named, 1);
    case 'order':
    case 'spawned':
      return call(base, 'account', 'GET /api/v3/order', named, 4);
    case 'open':
      return call(base, 'account', 'GET /api/v3/openOrders', { symbol }, 6);
    case 'trades':
      return call(base, 'account', 'GET /api/v3/myTrades', { symbol, ...tradesSince(venueId, intent) }, venueId === '' ? 20 : 5);
  }
}

/** Client id of the list that a target and this stop make, and back. */
export const listIdOf = (stopClientId: string): string => `${stopClientId}L`;
export const stopOfList = (listId: string): string => listId.slice(0, -1);

/** Target and stop in one: what the one sells, the other need not. Sent by the target, whose trigger is the stop's. */
function listWire({ clientId, priceTicks, triggerTicks, lots }: OrderIntent, listId: string, instrument: WireInstrument): Wire {
  return call({ product: 'spot', reducing: true }, 'order', 'POST /api/v3/orderList/oco', {
    symbol: instrument.name, listClientOrderId: listId, side: 'SELL', quantity: quantityText(instrument, lots),
    aboveType: 'LIMIT_MAKER', abovePrice: priceText(instrument, priceTicks), aboveClientOrderId: clientId,
    belowType: 'STOP_LOSS', belowStopPrice: priceText(instrument, triggerTicks), belowClientOrderId: stopOfList(listId), newOrderRespType: 'FULL',
  }, 1, 2);
}

/** The new one only when the old one has gone, and that only when nothing of it has been sold: together they sell no more than one of them. */
const insteadOf = (clientId: string): Record<string, string> => ({ cancelReplaceMode: 'STOP_ON_FAILURE', cancelRestrictions: 'ONLY_NEW', cancelOrigClientOrderId: clientId });

function spotType({ kind, timeInForce, priceTicks, triggerTicks }: OrderIntent, instrument: WireInstrument): Record<string, string> {
  if (kind === 'market') return { type: 'MARKET' };
  if (kind === 'stop') return { type: 'STOP_LOSS', stopPrice: priceText(instrument, triggerTicks) };
  const price = priceText(instrument, priceTicks);
  return timeInForce === 'GTX' ? { type: 'LIMIT_MAKER', price } : { type: 'LIMIT', timeInForce, price };
}

function optionsWire(step: CallStep, { intent }: OrderRecord, instrument: WireInstrument): Wire {
  const base = { product: 'options' } as const;
  const symbol = instrument.name;
  const named = { symbol, clientOrderId: intent.clientId };
  switch (step) {
    case 'place':
      return call({ ...base, reducing: intent.reduceOnly }, 'order', 'POST /eapi/v1/order', {
        symbol, side: side(intent), type: 'LIMIT', quantity: quantityText(instrument, intent.lots), price: priceText(instrument, intent.priceTicks),
        timeInForce: intent.timeInForce, ...(intent.reduceOnly ? { reduceOnly: 'true' } : {}), clientOrderId: intent.clientId, newOrderRespType: 'RESULT',
      }, 1, 1);
    case 'cancel':
      return call({ ...base, reducing: true }, 'cancel', 'DELETE /eapi/v1/order', named, 1);
    case 'order':
    case 'spawned':
      return call(base, 'account', 'GET /eapi/v1/order', named, 1);
    case 'open':
      return call(base, 'account', 'GET /eapi/v1/openOrders', { symbol }, 1);
    case 'trades':
      return call(base, 'account', 'GET /eapi/v1/userTrades', { symbol, ...tradesSince('', intent) }, 5);
  }
}
