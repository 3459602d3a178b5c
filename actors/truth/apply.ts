/** What we believe after the corrections that reconciliation proposes. Pure and total. */
import { formatMoney, type Money, money } from '../account/money.js';
import { broughtBy, cashOf } from '../ledger/cash.js';
import type { Difference, Origin } from './differences.js';
import { heldOf, orderKey, originOf, positionKey, signed } from './keys.js';
import type { LocalBalance, LocalHolding, LocalOrder, LocalPosition, LocalView, PositionSide, ReconcileInstrument, VenueOrder, VenueTrade } from './views.js';

/** Beliefs that are being corrected. */
interface Draft {
  hedgeMode: boolean;
  readonly orders: Map<string, LocalOrder>;
  readonly positions: Map<string, LocalPosition>;
  readonly holdings: Map<number, LocalHolding>;
  readonly balances: Map<string, LocalBalance>;
  readonly fills: LocalView['fills'][number][];
  readonly incomes: string[];
  readonly dust: LocalView['dust'][number][];
}

/**
 * The local view once every difference whose action corrects a belief has been carried out. Actions that ask or change something at the
 * exchange leave it as it is: the exchange's next answer tells what came of them.
 */
export function applyCorrections(local: LocalView, differences: readonly Difference[], instruments: readonly ReconcileInstrument[], ownPrefixes: readonly string[]): LocalView {
  const draft: Draft = {
    hedgeMode: local.hedgeMode,
    orders: new Map(local.orders.map((each) => [orderKey(each), each])),
    positions: new Map(local.positions.map((each) => [positionKey(each.symbol, each.positionSide), each])),
    holdings: new Map(local.holdings.map((each) => [each.symbol, each])),
    balances: new Map(local.balances.map((each) => [each.asset, each])),
    fills: [...local.fills], incomes: [...local.incomes], dust: [...local.dust],
  };
  for (const difference of differences) correct(draft, difference, instruments, ownPrefixes);
  return {
    ...local, opening: false, hedgeMode: draft.hedgeMode, orders: [...draft.orders.values()],
    positions: [...draft.positions.values()].filter(({ signedLots }) => signedLots !== 0), holdings: [...draft.holdings.values()].filter(({ quantity }) => quantity !== '0'),
    balances: [...draft.balances.values()], fills: draft.fills, incomes: draft.incomes, dust: draft.dust,
  };
}

function correct(draft: Draft, difference: Difference, instruments: readonly ReconcileInstrument[], ownPrefixes: readonly string[]): void {
  const { action } = difference;
  switch (action.do) {
    case 'openOrder':
    case 'updateOrder':
    case 'adoptOrder':
      adopt(draft, action.order, ownPrefixes);
      return;
    case 'settleOrder':
    case 'forgetOrder':
      if ('order' in difference) draft.orders.delete(orderKey(difference.order));
      return;
    case 'bookFill':
      if (difference.kind === 'fillMissed') book(draft, action.trade, difference.origin, instruments.find(({ instrument }) => instrument.index === action.trade.symbol));
      return;
    case 'bookIncome': {
      const { id, asset, amount, venueMs } = action.income;
      draft.incomes.push(id);
      pay(draft, asset, parse(amount), venueMs);
      return;
    }
    case 'disputeFill': {
      const at = draft.fills.findIndex((fill) => fill.symbol === action.symbol && fill.tradeId === action.tradeId);
      if (at >= 0) draft.fills[at] = { ...draft.fills[at]!, disputed: true };
      return;
    }
    case 'setPosition': {
      const { symbol, positionSide, signedLots } = action;
      const before = positionOf(draft, symbol, positionSide);
      draft.positions.set(positionKey(symbol, positionSide), { ...before, signedLots, ownLots: heldOf(before.ownLots, signedLots) });
      return;
    }
    case 'setHolding': {
      const before = draft.holdings.get(action.symbol);
      if (before !== undefined) draft.holdings.set(action.symbol, { ...before, quantity: action.quantity });
      return;
    }
    case 'setBalance':
      draft.balances.set(action.asset, { changedMs: 0, ...draft.balances.get(action.asset), asset: action.asset, total: action.total });
      return;
    case 'setMode':
      draft.hedgeMode = action.hedgeMode;
      return;
    case 'leaveDust': {
      const { symbol, positionSide, ownLots } = action;
      const at = draft.dust.findIndex((each) => each.symbol === symbol && each.positionSide === positionSide);
      if (at >= 0) draft.dust[at] = { symbol, positionSide, ownLots };
      else draft.dust.push({ symbol, positionSide, ownLots });
      return;
    }
    case 'lookUp':
    case 'protect':
    case 'cancelOrder':
      return;
  }
}

function adopt(draft: Draft, order: VenueOrder, ownPrefixes: readonly string[]): void {
  const before = draft.orders.get(orderKey(order));
  draft.orders.set(orderKey(order), {
    owner: originOf(order.clientId, ownPrefixes) === 'ours' ? 'ours' : 'foreign', purpose: 'other', changedMs: 0, expiresMs: 0, ...before, ...order, state: 'open',
  });
}

const positionOf = (draft: Draft, symbol: number, positionSide: PositionSide): LocalPosition =>
  draft.positions.get(positionKey(symbol, positionSide)) ?? { symbol, positionSide, signedLots: 0, ownLots: 0, changedMs: 0 };

function parse(text: string): Money {
  try {
    return money(text);
  } catch {
    return 0n;
  }
}

function pay(draft: Draft, asset: string, amount: Money, changedMs: number): void {
  const before = draft.balances.get(asset) ?? { asset, total: '0', changedMs: 0 };
  draft.balances.set(asset, { asset, total: formatMoney(parse(before.total) + amount), changedMs: Math.max(before.changedMs, changedMs) });
}

/** A fill that was missed; one already booked changes nothing. */
function book(draft: Draft, trade: VenueTrade, origin: Origin, known: ReconcileInstrument | undefined): void {
  if (draft.fills.some((fill) => fill.symbol === trade.symbol && fill.tradeId === trade.tradeId)) return;
  draft.fills.push({ symbol: trade.symbol, tradeId: trade.tradeId, lots: trade.lots, venueMs: trade.venueMs, disputed: false });
  const lots = signed(trade.side, trade.lots);
  const spot = known?.instrument.product === 'spot';
  if (!spot) {
    const before = positionOf(draft, trade.symbol, trade.positionSide);
    const signedLots = before.signedLots + lots;
    // What others do to the net position takes from ours only where nothing else is left.
    const ownLots = origin === 'ours' ? before.ownLots + lots : heldOf(before.ownLots, signedLots);
    draft.positions.set(positionKey(trade.symbol, trade.positionSide), { ...before, signedLots, ownLots, changedMs: Math.max(before.changedMs, trade.venueMs) });
  }
  if (known === undefined) return;
  let cash;
  try {
    cash = cashOf(trade, known.instrument, known.baseAsset);
  } catch {
    return;
  }
  if (cash === undefined) return;
  for (const [asset, amount] of cash) pay(draft, asset, amount, trade.venueMs);
  if (!spot || origin !== 'ours') return;
  const before = draft.holdings.get(trade.symbol);
  const quantity = parse(before?.quantity ?? '0') + broughtBy(trade, known.instrument, known.baseAsset);
  // Below nothing until the purchase is booked too: what a process that died had not told comes in any order.
  draft.holdings.set(trade.symbol, { symbol: trade.symbol, asset: known.baseAsset, quantity: formatMoney(quantity) });
}
