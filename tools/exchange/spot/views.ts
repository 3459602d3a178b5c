/** Orders, lists and fills as REST and the websocket API answer them. A view is taken inside the engine's turn: orders move on afterwards. */
import { formatAmount } from '../../../actors/exchange/ledger/index.js';
import type { Amendment, OrderList, PreventedMatch, SpotFill, SpotOrder } from '../../../actors/exchange/spot/order.js';
import type { AmendResult, Cancellation, Placement } from '../../../actors/exchange/spot/venue.js';
import type { ResponseType } from './read-order.js';

/** Microseconds to what the client asked for. */
export type Stamp = (us: number) => number;
type View = Record<string, unknown>;

/** Members that only some orders have ("Conditional fields in Order Responses"). */
function conditional(order: SpotOrder, view: View, stamp: Stamp): View {
  const { symbol } = order.market;
  if (order.isAlgo) view['stopPrice'] = symbol.price(order.askedStopTicks);
  if (order.trailing) {
    view['trailingDelta'] = order.trailBips;
    view['trailingTime'] = order.trailingUs === 0 ? -1 : stamp(order.trailingUs);
  }
  if (order.icebergLots !== 0) view['icebergQty'] = symbol.quantity(order.icebergLots);
  if (order.strategyId !== undefined) view['strategyId'] = order.strategyId;
  if (order.strategyType !== undefined) view['strategyType'] = order.strategyType;
  if (order.preventedMatchId >= 0) view['preventedMatchId'] = order.preventedMatchId;
  if (order.preventedTotal > 0) view['preventedQuantity'] = symbol.quantity(order.preventedTotal);
  if (order.expiryReason !== undefined) view['expiryReason'] = order.expiryReason;
  return view;
}

function common(order: SpotOrder): View {
  const { symbol } = order.market;
  return {
    price: symbol.price(order.shownTicks),
    origQty: symbol.quantity(order.lots),
    executedQty: symbol.quantity(order.filledLots),
    origQuoteOrderQty: formatAmount(order.quoteOrderQty),
    cummulativeQuoteQty: formatAmount(order.quoteFilled),
    status: order.status,
    timeInForce: order.tif,
    type: order.orderType,
    side: order.sideName,
  };
}

const workingTime = (order: SpotOrder, stamp: Stamp): number => (order.workingUs === 0 ? -1 : stamp(order.workingUs));

function fillView({ order, ticks, lots, fee, feeAsset, tradeId }: SpotFill): View {
  const { symbol } = order.market;
  return { price: symbol.price(ticks), qty: symbol.quantity(lots), commission: formatAmount(fee), commissionAsset: feeAsset, tradeId };
}

/** The answer to a new order. */
export function placementView({ order, fills, prevented }: Placement, type: ResponseType, stamp: Stamp): View {
  const { symbol } = order.market;
  const head = { symbol: symbol.name, orderId: order.orderId, orderListId: order.list?.listId ?? -1, clientOrderId: order.clientId, transactTime: stamp(order.updatedUs) };
  if (type === 'ACK') return head;
  const view: View = { ...head, ...common(order), workingTime: workingTime(order, stamp), selfTradePreventionMode: order.stp };
  if (type === 'FULL') view['fills'] = fills.map(fillView);
  if (prevented.length > 0) view['preventedMatches'] = prevented.map(({ id, maker, ticks, makerLots }) => ({
    preventedMatchId: id, makerOrderId: maker.orderId, price: symbol.price(ticks), makerPreventedQuantity: symbol.quantity(makerLots),
  }));
  return conditional(order, view, stamp);
}

export function cancellationView({ order, cancelId }: Cancellation, stamp: Stamp): View {
  return conditional(order, {
    symbol: order.market.symbol.name, origClientOrderId: order.clientId, orderId: order.orderId, orderListId: order.list?.listId ?? -1,
    clientOrderId: cancelId, transactTime: stamp(order.updatedUs), ...common(order), selfTradePreventionMode: order.stp,
  }, stamp);
}

/** An order as it is looked up; `expiryReason` is shown since 2026-05-08. */
export function orderView(order: SpotOrder, stamp: Stamp, withExpiryReason: boolean): View {
  const { symbol } = order.market;
  const view = conditional(order, {
    symbol: symbol.name, orderId: order.orderId, orderListId: order.list?.listId ?? -1, clientOrderId: order.clientId, ...common(order),
    stopPrice: symbol.price(order.askedStopTicks), icebergQty: symbol.quantity(order.icebergLots),
    time: stamp(order.createdUs), updateTime: stamp(order.updatedUs), isWorking: order.workingUs !== 0, workingTime: workingTime(order, stamp),
    selfTradePreventionMode: order.stp,
  }, stamp);
  if (!withExpiryReason) delete view['expiryReason'];
  return view;
}

export function listView(list: OrderList, stamp: Stamp): View {
  const symbol = list.market.symbol.name;
  return {
    orderListId: list.listId, contingencyType: list.contingency, listStatusType: list.statusType, listOrderStatus: list.orderStatus,
    listClientOrderId: list.clientId, transactionTime: stamp(list.updatedUs), symbol,
    orders: list.orders.map((order) => ({ symbol, orderId: order.orderId, clientOrderId: order.clientId })),
  };
}

export function placedListView(list: OrderList, type: ResponseType, fillsOf: (order: SpotOrder) => readonly SpotFill[], stamp: Stamp): View {
  return { ...listView(list, stamp), orderReports: list.orders.map((order) => placementView({ order, fills: fillsOf(order), prevented: [] }, type, stamp)) };
}

export function canceledListView(list: OrderList, cancelId: Cancellation['cancelId'], stamp: Stamp): View {
  return { ...listView(list, stamp), orderReports: list.orders.map((order) => cancellationView({ order, cancelId }, stamp)) };
}

/** Cancels of single orders and of whole lists, each list once, where its first order was. */
export function cancellationsView(cancellations: readonly Cancellation[], stamp: Stamp): View[] {
  const views: View[] = [];
  const lists = new Set<OrderList>();
  for (const cancellation of cancellations) {
    const { list } = cancellation.order;
    if (list === undefined) views.push(cancellationView(cancellation, stamp));
    else if (!lists.has(list)) {
      lists.add(list);
      views.push(canceledListView(list, cancellation.cancelId, stamp));
    }
  }
  return views;
}

export function amendView({ order, executionId, fromClientId }: AmendResult, stamp: Stamp): View {
  const { symbol } = order.market;
  const amended = conditional(order, {
    symbol: symbol.name, orderId: order.orderId, orderListId: order.list?.listId ?? -1, origClientOrderId: fromClientId, clientOrderId: order.clientId,
    price: symbol.price(order.shownTicks), qty: symbol.quantity(order.lots), executedQty: symbol.quantity(order.filledLots),
    preventedQty: symbol.quantity(order.preventedTotal), quoteOrderQty: formatAmount(order.quoteOrderQty), cumulativeQuoteQty: formatAmount(order.quoteFilled),
    status: order.status, timeInForce: order.tif, type: order.orderType, side: order.sideName,
    ...(order.workingUs === 0 ? {} : { workingTime: stamp(order.workingUs) }), selfTradePreventionMode: order.stp,
  }, stamp);
  const view: View = { transactTime: stamp(order.updatedUs), executionId, amendedOrder: amended };
  if (order.list !== undefined) {
    const { listStatusType: _type, transactionTime: _time, ...status } = listView(order.list, stamp);
    view['listStatus'] = status;
  }
  return view;
}

export function amendmentView({ orderId, executionId, fromClientId, toClientId, fromLots, toLots, atUs }: Amendment, order: SpotOrder, stamp: Stamp): View {
  const { symbol } = order.market;
  return {
    symbol: symbol.name, orderId, executionId, origClientOrderId: fromClientId, newClientOrderId: toClientId,
    origQty: symbol.quantity(fromLots), newQty: symbol.quantity(toLots), time: stamp(atUs),
  };
}

export function tradeView({ order, tradeId, ticks, lots, quote, fee, feeAsset, isBuyer, isMaker, atUs }: SpotFill, stamp: Stamp): View {
  const { symbol } = order.market;
  return {
    symbol: symbol.name, id: tradeId, orderId: order.orderId, orderListId: order.list?.listId ?? -1, price: symbol.price(ticks), qty: symbol.quantity(lots),
    quoteQty: formatAmount(quote), commission: formatAmount(fee), commissionAsset: feeAsset, time: stamp(atUs), isBuyer, isMaker, isBestMatch: true,
  };
}

export function preventedView({ id, taker, maker, ticks, takerLots, makerLots, mode, atUs }: PreventedMatch, stamp: Stamp): View {
  const { symbol } = taker.market;
  return {
    symbol: symbol.name, preventedMatchId: id, takerOrderId: taker.orderId, makerSymbol: symbol.name, makerOrderId: maker.orderId, tradeGroupId: -1,
    selfTradePreventionMode: mode, price: symbol.price(ticks),
    ...(takerLots > 0 ? { takerPreventedQuantity: symbol.quantity(takerLots) } : {}),
    ...(makerLots > 0 ? { makerPreventedQuantity: symbol.quantity(makerLots) } : {}),
    transactTime: stamp(atUs),
  };
}
