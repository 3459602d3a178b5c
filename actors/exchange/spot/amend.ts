import type { ClientOrderId } from '../ids.js';
import { amendIncrease, amendNoChange, amendUnknown, duplicateOrder, filterFailure, tooManyAmends } from './errors.js';
import type { Executions } from './executions.js';
import { keepNewest } from '../recent.js';
import { HISTORY_LIMIT, type SpotAccount, type SpotMarket, type SpotOrder } from './order.js';
import type { OrderEntry } from './order-entry.js';
import { quantityOf } from './prepare.js';
import type { AmendRequest } from './requests.js';

export interface AmendResult {
  readonly order: SpotOrder;
  readonly executionId: number;
  readonly fromClientId: ClientOrderId;
}

/** Fewer lots at the same place in the queue. Both legs of a pair change together. */
export function amendOrder(entry: OrderEntry, account: SpotAccount, market: SpotMarket, request: AmendRequest): AmendResult {
  const { executions } = entry;
  const order = entry.openOrder(account, market, request, amendUnknown);
  const lots = quantityOf(market.symbol, request.newQty);
  if (lots === order.lots) throw amendNoChange();
  if (lots > order.lots) throw amendIncrease();
  if (order.amends >= market.symbol.spec.maxNumOrderAmends) throw tooManyAmends();
  if (order.type === 'limit' && market.symbol.quoteAmount(order.ticks, lots) < market.symbol.minNotional) throw filterFailure('NOTIONAL');
  const fromClientId = order.clientId;
  const clientId = request.newClientOrderId ?? entry.clientIds.next();
  const bearer = account.on(market).openByClientId.get(clientId);
  if (bearer !== undefined && bearer !== order) throw duplicateOrder();
  const pair = order.list !== undefined && order.list.working !== order ? order.list.legs.filter((leg) => !leg.isFinal) : [order];
  let executionId = 0;
  for (const one of pair) {
    const before = one.lots;
    const name = one === order ? clientId : one.clientId;
    shrink(executions, one, lots, name);
    // What was filled already may be all that is left of it; then it has ended and was reported so.
    if (one.isFinal) continue;
    const originalClientId = one === order ? fromClientId : one.clientId;
    const reported = executions.report(one, 'REPLACED', { originalClientId });
    if (one === order) executionId = reported;
    const symbol = account.on(market);
    symbol.amendments.push({ orderId: one.orderId, executionId: reported, fromClientId: originalClientId, toClientId: name, fromLots: before, toLots: lots, atUs: executions.nowUs });
    keepNewest(symbol.amendments, HISTORY_LIMIT);
  }
  if (order.list !== undefined && clientId !== fromClientId) {
    order.list.statusType = 'UPDATED';
    executions.reportList(order);
    if (!order.list.orders.every((one) => one.isFinal)) order.list.statusType = 'EXEC_STARTED';
  }
  return { order, executionId, fromClientId };
}

function shrink(executions: Executions, order: SpotOrder, lots: number, clientId: ClientOrderId): void {
  const { open, openByClientId, byClientId } = order.owner.on(order.market);
  openByClientId.delete(order.clientId);
  if (byClientId.get(order.clientId) === order) byClientId.delete(order.clientId);
  order.clientId = clientId;
  order.amends += 1;
  order.updatedUs = executions.nowUs;
  openByClientId.set(clientId, order);
  byClientId.set(clientId, order);
  if (order.status === 'PENDING_NEW') order.lots = lots;
  else order.market.matcher.amend(order, order.ticks, lots, executions.nowUs);
  if (open.has(order.orderId)) executions.refit(order);
}
