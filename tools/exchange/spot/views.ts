/** Orders, lists and fills as REST and the websocket API answer them. A view is taken inside the engine's turn: orders move on afterwards. */
import { formatAmount } from '../../../actors/exchange/ledger/index.js';
import type { Amendment, OrderList, PreventedMatch, SpotFill, SpotOrder } from '../../../actors/exchange/spot/order.js';
import type { AmendResult } from '../../../actors/exchange/spot/amend.js';
import type { Cancellation, Placement } from '../../../actors/exchange/spot/order-entry.js';
import type { ResponseType } from './read-order.js';

/** Microseconds to what the client asked for. */
export type Stamp = (us: number) => number;
type View = Record<string, unknown>;

/** Members that only some orders have ("Conditional fields in Order Responses"). */
function conditional(order: SpotOrder, stamp: Stamp, withExpiryReason = true): string {
  const { symbol } = order.market;
  let text = '';
  if (order.isAlgo) text += `,"stopPrice":"${symbol.price(order.askedStopTicks)}"`;
  if (order.trailing) text += `,"trailingDelta":${order.trailBips},"trailingTime":${order.trailingUs === 0 ? -1 : stamp(order.trailingUs)}`;
  if (order.icebergLots !== 0) text += `,"icebergQty":"${symbol.quantity(order.icebergLots)}"`;
  if (order.strategyId !== undefined) text += `,"strategyId":${order.strategyId}`;
  if (order.strategyType !== undefined) text += `,"strategyType":${order.strategyType}`;
  if (order.preventedMatchId >= 0 && order.owner.tradeGroupId >= 0) text += `,"tradeGroupId":${order.owner.tradeGroupId}`;
  if (order.preventedMatchId >= 0) text += `,"preventedMatchId":${order.preventedMatchId}`;
  if (order.preventedTotal > 0) text += `,"preventedQuantity":"${symbol.quantity(order.preventedTotal)}"`;
  if (order.expiryReason !== undefined && withExpiryReason) text += `,"expiryReason":"${order.expiryReason}"`;
  return text;
}

function common(order: SpotOrder): string {
  const { symbol } = order.market;
  return `"price":"${symbol.price(order.shownTicks)}","origQty":"${symbol.quantity(order.lots)}","executedQty":"${symbol.quantity(order.filledLots)}"`
    + `,"origQuoteOrderQty":"${formatAmount(order.quoteOrderQty)}","cummulativeQuoteQty":"${formatAmount(order.quoteFilled)}","status":"${order.status}"`
    + `,"timeInForce":"${order.tif}","type":"${order.orderType}","side":"${order.sideName}"`;
}

const listIdOf = (order: SpotOrder): number => order.list?.listId ?? -1;
const workingTime = (order: SpotOrder, stamp: Stamp): number => (order.workingUs === 0 ? -1 : stamp(order.workingUs));

function fillText({ order, ticks, lots, fee, feeAsset, tradeId }: SpotFill): string {
  const { symbol } = order.market;
  return `{"price":"${symbol.price(ticks)}","qty":"${symbol.quantity(lots)}","commission":"${formatAmount(fee)}","commissionAsset":"${feeAsset}","tradeId":${tradeId}}`;
}

/** The answer to a new order, as JSON text: it is written for every order there is. */
export function placementText({ order, fills, prevented }: Placement, type: ResponseType, stamp: Stamp): string {
  const { symbol } = order.market;
  let text = `{"symbol":"${symbol.name}","orderId":${order.orderId},"orderListId":${listIdOf(order)},"clientOrderId":"${order.clientId}","transactTime":${stamp(order.updatedUs)}`;
  if (type === 'ACK') return `${text}}`;
  text += `,${common(order)},"workingTime":${workingTime(order, stamp)}`;
  if (type === 'FULL') text += `,"fills":[${fills.map(fillText).join(',')}]`;
  if (prevented.length > 0) {
    const matches = prevented.map(({ id, maker, ticks, takerLots, makerLots }) =>
      `{"preventedMatchId":${id},"makerSymbol":"${symbol.name}","makerOrderId":${maker.orderId},"price":"${symbol.price(ticks)}"`
      + `${takerLots > 0 ? `,"takerPreventedQuantity":"${symbol.quantity(takerLots)}"` : ''}${makerLots > 0 ? `,"makerPreventedQuantity":"${symbol.quantity(makerLots)}"` : ''}}`);
    text += `,"preventedMatches":[${matches.join(',')}]`;
  }
  return `${text},"selfTradePreventionMode":"${order.stp}"${conditional(order, stamp)}}`;
}

export function cancellationText({ order, cancelId }: Cancellation, stamp: Stamp): string {
  return `{"symbol":"${order.market.symbol.name}","origClientOrderId":"${order.clientId}","orderId":${order.orderId},"orderListId":${listIdOf(order)}`
    + `,"clientOrderId":"${cancelId}","transactTime":${stamp(order.updatedUs)},${common(order)},"selfTradePreventionMode":"${order.stp}"${conditional(order, stamp)}}`;
}

/** An order as it is looked up; `expiryReason` is shown since 2026-05-08. */
export function orderText(order: SpotOrder, stamp: Stamp, withExpiryReason: boolean): string {
  const { symbol } = order.market;
  const head = `{"symbol":"${symbol.name}","orderId":${order.orderId},"orderListId":${listIdOf(order)},"clientOrderId":"${order.clientId}",${common(order)}`;
  // Both are shown of every order here, so what only some have need not repeat them.
  const stop = order.isAlgo ? '' : `,"stopPrice":"${symbol.price(0)}"`;
  const iceberg = order.icebergLots !== 0 ? '' : `,"icebergQty":"${symbol.quantity(0)}"`;
  return `${head}${stop}${iceberg},"time":${stamp(order.createdUs)},"updateTime":${stamp(order.updatedUs)},"isWorking":${order.workingUs !== 0}`
    + `,"workingTime":${workingTime(order, stamp)},"selfTradePreventionMode":"${order.stp}"${conditional(order, stamp, withExpiryReason)}}`;
}

export function listView(list: OrderList, stamp: Stamp): View {
  const symbol = list.market.symbol.name;
  return {
    orderListId: list.listId, contingencyType: list.contingency, listStatusType: list.statusType, listOrderStatus: list.orderStatus,
    listClientOrderId: list.clientId, transactionTime: stamp(list.updatedUs), symbol,
    orders: list.orders.map((order) => ({ symbol, orderId: order.orderId, clientOrderId: order.clientId })),
  };
}

/** A list with reports of its orders. */
function listText(list: OrderList, reports: readonly string[], stamp: Stamp): string {
  return `${JSON.stringify(listView(list, stamp)).slice(0, -1)},"orderReports":[${reports.join(',')}]}`;
}

export function placedListText(list: OrderList, type: ResponseType, fillsOf: (order: SpotOrder) => readonly SpotFill[], stamp: Stamp): string {
  return listText(list, list.orders.map((order) => placementText({ order, fills: fillsOf(order), prevented: [] }, type, stamp)), stamp);
}

export function canceledListText(list: OrderList, cancelId: Cancellation['cancelId'], stamp: Stamp): string {
  return listText(list, list.orders.map((order) => cancellationText({ order, cancelId }, stamp)), stamp);
}

/** Cancels of single orders and of whole lists, each list once, where its first order was. */
export function cancellationsText(cancellations: readonly Cancellation[], stamp: Stamp): string {
  const texts: string[] = [];
  const lists = new Set<OrderList>();
  for (const cancellation of cancellations) {
    const { list } = cancellation.order;
    if (list === undefined) texts.push(cancellationText(cancellation, stamp));
    else if (!lists.has(list)) {
      lists.add(list);
      texts.push(canceledListText(list, cancellation.cancelId, stamp));
    }
  }
  return `[${texts.join(',')}]`;
}

export function amendText({ order, executionId, fromClientId }: AmendResult, stamp: Stamp): string {
  const { symbol } = order.market;
  const working = order.workingUs === 0 ? '' : `,"workingTime":${stamp(order.workingUs)}`;
  let text = `{"transactTime":${stamp(order.updatedUs)},"executionId":${executionId},"amendedOrder":{"symbol":"${symbol.name}","orderId":${order.orderId}`
    + `,"orderListId":${listIdOf(order)},"origClientOrderId":"${fromClientId}","clientOrderId":"${order.clientId}","price":"${symbol.price(order.shownTicks)}"`
    + `,"qty":"${symbol.quantity(order.lots)}","executedQty":"${symbol.quantity(order.filledLots)}","preventedQty":"${symbol.quantity(order.preventedTotal)}"`
    + `,"quoteOrderQty":"${formatAmount(order.quoteOrderQty)}","cumulativeQuoteQty":"${formatAmount(order.quoteFilled)}","status":"${order.status}"`
    + `,"timeInForce":"${order.tif}","type":"${order.orderType}","side":"${order.sideName}"${working},"selfTradePreventionMode":"${order.stp}"${conditional(order, stamp)}}`;
  if (order.list !== undefined) {
    const { listStatusType: _type, transactionTime: _time, ...status } = listView(order.list, stamp);
    text += `,"listStatus":${JSON.stringify(status)}`;
  }
  return `${text}}`;
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
    symbol: symbol.name, preventedMatchId: id, takerOrderId: taker.orderId, makerSymbol: symbol.name, makerOrderId: maker.orderId, tradeGroupId: taker.owner.tradeGroupId,
    selfTradePreventionMode: mode, price: symbol.price(ticks),
    ...(takerLots > 0 ? { takerPreventedQuantity: symbol.quantity(takerLots) } : {}),
    ...(makerLots > 0 ? { makerPreventedQuantity: symbol.quantity(makerLots) } : {}),
    transactTime: stamp(atUs),
  };
}
