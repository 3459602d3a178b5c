import { recoveredAccount } from '../actors/account/rows.js';
import { openLots } from '../actors/account/trade.js';
import { ACCOUNT_PATH } from '../actors/engine/paths.js';
import { guardBehaviour, type GuardInput } from '../actors/guard/guard.js';
import type { Cover, Ward } from '../actors/guard/messages.js';
import { booksFrom, renumbered } from '../actors/ledger/recover.js';
import { positionSideOf } from '../actors/orders/book.js';
import { ordersManager } from '../actors/orders/manager.js';
import { openOrdersOf, spotTradesOf, type ReadOrders } from '../actors/orders/rows.js';
import { heldLots } from '../actors/orders/spot-trades.js';
import { productOf } from '../actors/feeds/products.js';
import type { EngineParams } from '../config/index.js';
import { worker, type ChildSpec } from '../runtime/index.js';
import type { EngineBoot } from './engine.js';
import { LAST_GOOD } from './market-session.js';

type Left = Pick<EngineBoot, 'recovered' | 'instruments'>;

const symbolIn = ({ instruments }: Left) => (product: string, symbol: string): number | undefined => instruments.find((one) => productOf(one) === product && one.symbol === symbol)?.index;

/** Orders that earlier runs left open, by the instruments of this one. */
export function recoveredOrders(left: Left): ReadOrders {
  return openOrdersOf(left.recovered.filter(({ table }) => table === 'orders'), symbolIn(left));
}

/** What entries of earlier runs still hold on spot, by the instruments of this one. */
export const recoveredHoldings = (left: Left): ReturnType<typeof spotTradesOf> => spotTradesOf(left.recovered, symbolIn(left));

/** What the ledger of earlier runs holds on spot. */
function ownedOnSpot({ recovered, instruments }: Left): readonly { readonly symbol: number; readonly quantity: string }[] {
  const row = recovered.find(({ table, key }) => table === 'snapshots' && key === 'ledger spot')?.row;
  const books = booksFrom(row ?? null, 'spot');
  return renumbered(books, row ?? null, instruments.map((instrument) => ({ instrument, baseAsset: '', minLots: 1 }))).view.holdings.map(({ symbol, quantity }) => ({ symbol, quantity }));
}

/** Trades that earlier runs left open and that this one cannot take up, in sentences. */
export function leftTrades(boot: Pick<EngineBoot, 'recovered' | 'instruments'>): readonly string[] {
  return recoveredAccount(boot.recovered, boot.instruments, new Set(recoveredOrders(boot).records.map(({ intent }) => intent.id))).problems;
}

/** Trades of earlier runs that hold something, their exits, which nobody has vouched for yet, and entries that may still fill or have filled unheard. */
function inheritedWards(boot: EngineBoot): NonNullable<GuardInput['inherited']> {
  const { records } = recoveredOrders(boot);
  const { trades } = recoveredAccount(boot.recovered, boot.instruments, new Set(records.map(({ intent }) => intent.id)));
  const holdings = new Map(recoveredHoldings(boot).trades.map((trade) => [trade.entryId, trade]));
  const wards = trades.filter((trade) => openLots(trade) > 0).flatMap((trade): readonly Ward[] => {
    const instrument = boot.instruments.find(({ index }) => index === trade.symbol)!;
    const product = productOf(instrument);
    if (product === undefined) return [];
    const { id, symbol, side, entryDone } = trade;
    // On spot the fee has taken a part of what was bought.
    const holding = holdings.get(id);
    const lots = holding === undefined ? openLots(trade) : heldLots(holding, instrument);
    if (lots === 0) return [];
    const positionSide = positionSideOf(boot.key?.hedge.includes(product) === true, side, false);
    return [{ id, symbol, product, side, positionSide, openLots: lots, entryTicks: Number(trade.entryLotTicks / BigInt(trade.filledLots)), entryDone, nakedMs: null, closing: null, own: true }];
  });
  const covers = records.flatMap(({ intent: { id, clientId, reduces, reduceOnly, kind, lots }, bookedLots, end }): readonly Cover[] =>
    reduceOnly && end === null && wards.some((ward) => ward.id === reduces) ? [{ id, clientId, ward: reduces!, kind, lots, bookedLots, state: 'unknown', own: true, alone: false, inherited: true }] : []);
  // A stop that was sent has as long to be found as a strategy's has to come.
  const asked = wards.map((ward) => ({ ...ward, own: !covers.some((cover) => cover.ward === ward.id && cover.kind === 'stop') }));
  return { wards: asked, covers, entries: records.flatMap(({ intent: { id, reduceOnly } }) => (reduceOnly ? [] : [id])) };
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
      input: { run, params, instruments, rules, hedge: key?.hedge ?? [], recovered: recoveredOrders(boot).records, holdings: recoveredHoldings(boot).trades, owned: ownedOnSpot(boot), accountPath: ACCOUNT_PATH },
    }),
    worker({ id: 'guard', ...LAST_GOOD, behaviour: guardBehaviour(), mailbox: { capacity: 8192 }, input: { run, params: guard, accountPath: ACCOUNT_PATH, inherited: inheritedWards(boot) } }),
  ];
}
