import { guardBehaviour } from '../actors/guard/guard.js';
import { ordersManager } from '../actors/orders/manager.js';
import { openOrdersOf, type ReadOrders } from '../actors/orders/rows.js';
import { productOf } from '../actors/feeds/products.js';
import type { EngineParams } from '../config/index.js';
import { worker, type ChildSpec } from '../runtime/index.js';
import type { EngineBoot } from './engine.js';
import { ACCOUNT_PATH, LAST_GOOD } from './market-session.js';

/** Orders that earlier runs left open, by the instruments of this one. */
export function recoveredOrders({ recovered, instruments }: Pick<EngineBoot, 'recovered' | 'instruments'>): ReadOrders {
  return openOrdersOf(recovered.filter(({ table }) => table === 'orders'), (product, symbol) => instruments.find((one) => productOf(one) === product && one.symbol === symbol)?.index);
}

/**
 * Children of `/trading` that stand between the account and the gateway (demo and live):
 *
 *   orders   one machine an order; alone speaks to `/venue/gateway` of them
 *   guard    every opening fill gets its stop at the venue, or is closed
 */
export function venueOrders(boot: EngineBoot, { orders, guard, gateway }: Pick<EngineParams, 'orders' | 'guard' | 'gateway'>): readonly ChildSpec[] {
  const { instruments, rules, run = '', speed = 1, key } = boot;
  // How long an answer takes is a matter of the wall's clock.
  // And a request of the gateway's may be taken for as long as its own window is.
  const params = { ...orders, outcomeTimeoutMs: orders.outcomeTimeoutMs * speed, longestWindowMs: Math.max(orders.longestWindowMs, gateway.recvWindowMs) };
  return [
    worker({
      id: 'orders', ...LAST_GOOD, behaviour: ordersManager(), mailbox: { capacity: 8192 },
      input: { run, params, instruments, rules, hedge: key?.hedge ?? [], recovered: recoveredOrders(boot).records, accountPath: ACCOUNT_PATH },
    }),
    worker({ id: 'guard', ...LAST_GOOD, behaviour: guardBehaviour(), mailbox: { capacity: 8192 }, input: { run, params: guard, accountPath: ACCOUNT_PATH } }),
  ];
}
