/** What open orders lock. An order's hold is always exactly what it still needs; the two legs of an OCO share the larger need. */
import { BID } from '../book/index.js';
import { type Amount, amount, type Asset, type Ledger, ZERO } from '../ledger/index.js';
import type { SpotAccount, SpotOrder } from './order.js';

/** What an order may still cost, in the asset it pays with. */
export function needOf(order: SpotOrder): Amount {
  if (order.isFinal || order.status === 'PENDING_NEW') return ZERO;
  const { symbol } = order.market;
  if (order.side !== BID) return symbol.baseAmount(order.remainingLots);
  return order.type === 'limit' ? symbol.quoteAmount(order.ticks, order.remainingLots) : order.budgetHold;
}

/** What everything behind one hold may still cost. */
function needBehind(holder: SpotOrder): Amount {
  let need = needOf(holder);
  if (holder.list !== undefined) {
    for (const leg of holder.list.legs) {
      if (leg === holder || leg.holder !== holder) continue;
      const other = needOf(leg);
      if (other > need) need = other;
    }
  }
  return need;
}

/**
 * Brings a hold to what is needed; answers whether it moved. @throws InsufficientFunds when more is needed than is free; nothing has
 * changed then.
 */
export function refit(ledger: Ledger, order: SpotOrder): boolean {
  const { holder } = order;
  const need = needBehind(holder);
  const difference = need - holder.held;
  if (difference === 0n) return false;
  if (difference > 0n) ledger.lock(holder.owner.id, holder.payAsset, difference as Amount);
  else ledger.unlock(holder.owner.id, holder.payAsset, -difference as Amount);
  holder.held = need;
  return true;
}

/** What is locked for an account's open orders, by asset, reckoned anew from the orders: what the ledger must say. */
export function neededBy(account: SpotAccount): Map<Asset, Amount> {
  const needed = new Map<Asset, Amount>();
  for (const { open } of account.symbols.values()) {
    const holders = new Map<SpotOrder, Amount>();
    for (const order of open.values()) {
      const need = needOf(order);
      if (need > (holders.get(order.holder) ?? 0n)) holders.set(order.holder, need);
    }
    for (const [holder, need] of holders) needed.set(holder.payAsset, amount((needed.get(holder.payAsset) ?? 0n) + need));
  }
  return needed;
}
