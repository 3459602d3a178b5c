/** Reconciliation: what we believe against what the exchange says, as differences with a proposed action each. Pure and total. */
import { addCash, broughtBy, cashOf } from '../ledger/cash.js';
import { formatMoney, type Money, money } from '../account/money.js';
import type { Difference, Reconciliation, Unjudged } from './differences.js';
import { fillKey, heldOf, isStop, orderKey, originOf, positionKey, signed, tradeOrigin } from './keys.js';
import { reconcileOrders } from './reconcile-orders.js';
import type { LocalView, PositionSide, ReconcileInstrument, ReconcileWindow, VenueOrder, VenueTrade, VenueView } from './views.js';

/** What has been found so far, and what the fills that were missed change. */
interface Work {
  readonly local: LocalView;
  readonly venue: VenueView;
  readonly window: ReconcileWindow;
  readonly instruments: ReadonlyMap<number, ReconcileInstrument>;
  readonly differences: Difference[];
  readonly unjudged: Unjudged[];
  /** Changes later than this are not in every answer. */
  readonly settledMs: number;
  /** By position: signed lots of fills that were missed; and those of our own orders. */
  readonly missedLots: Map<string, number>;
  readonly missedOwnLots: Map<string, number>;
  /** By asset: cash of fills and incomes that were missed. */
  readonly missedCash: Map<string, Money>;
  /** By symbol: base asset that missed fills of our own brought or took. */
  readonly missedOwnQuantity: Map<number, Money>;
  /** Symbols and assets whose numbers moved while the answers were being read. */
  readonly movingSymbols: Set<number>;
  moving: boolean;
  /** A missed fill's cash cannot be worked out. */
  cashProblem: string;
}

/**
 * Compares two views of one product. No differences and nothing unjudged means that they agree. What cannot be told from the answers (too
 * young, a list of trades that does not reach back) is said in `unjudged` and not guessed. Once its actions are carried out
 * ({@link applyCorrections} for those that correct beliefs), the same views give no new ones.
 */
export function reconcile(local: LocalView, venue: VenueView, window: ReconcileWindow): Reconciliation {
  const work: Work = {
    local, venue, window, instruments: new Map(window.instruments.map((each) => [each.instrument.index, each])), differences: [], unjudged: [],
    settledMs: venue.askedMs - window.graceMs, missedLots: new Map(), missedOwnLots: new Map(), missedCash: new Map(), missedOwnQuantity: new Map(),
    movingSymbols: new Set(), moving: false, cashProblem: '',
  };
  reconcileOrders(local, venue, window, work);
  fills(work);
  incomes(work);
  if (venue.product === 'spot') holdings(work);
  else positions(work);
  balances(work);
  return { differences: work.differences, unjudged: work.unjudged };
}

/** The decimal as money; undefined when it is none. */
function amountOf(text: string): Money | undefined {
  try {
    return money(text);
  } catch {
    return undefined;
  }
}

const add = <K>(map: Map<K, number>, key: K, value: number): void => void map.set(key, (map.get(key) ?? 0) + value);

// ------------------------------------------------------------------ fills and incomes

function fills(work: Work): void {
  const { local, venue, window } = work;
  const windows = new Map(window.fills.map((each) => [each.symbol, each]));
  for (const { symbol, complete, problem } of window.fills) {
    if (!complete) work.unjudged.push({ what: 'fills', key: String(symbol), reason: problem });
  }
  const booked = new Set(local.fills.map(fillKey));
  const listed = new Set<string>();
  for (const trade of venue.trades) {
    const key = fillKey(trade);
    const reach = windows.get(trade.symbol);
    listed.add(key);
    if (reach === undefined || trade.venueMs < reach.sinceMs || booked.has(key)) continue;
    booked.add(key);
    missed(work, trade);
  }
  for (const fill of local.fills) {
    const young = Math.max(fill.venueMs, fill.heardMs ?? 0) > work.settledMs;
    if (young) {
      work.movingSymbols.add(fill.symbol);
      work.moving = true;
    }
    const reach = windows.get(fill.symbol);
    if (fill.disputed || reach === undefined || !reach.complete || fill.venueMs < reach.sinceMs || listed.has(fillKey(fill))) continue;
    if (young) work.unjudged.push({ what: 'fill', key: fill.tradeId, reason: 'it is younger than the list of trades' });
    else work.differences.push({ kind: 'fillNotAtVenue', fill, action: { do: 'disputeFill', symbol: fill.symbol, tradeId: fill.tradeId } });
  }
}

function missed(work: Work, trade: VenueTrade): void {
  const origin = tradeOrigin(trade, work.local, work.venue, work.window.ownPrefixes);
  work.differences.push({ kind: 'fillMissed', trade, origin, action: { do: 'bookFill', trade } });
  if (trade.venueMs > work.settledMs) {
    work.movingSymbols.add(trade.symbol);
    work.moving = true;
  }
  const key = positionKey(trade.symbol, trade.positionSide);
  const lots = signed(trade.side, trade.lots);
  add(work.missedLots, key, lots);
  if (origin === 'ours') add(work.missedOwnLots, key, lots);
  const known = work.instruments.get(trade.symbol);
  let cash;
  try {
    cash = known === undefined ? undefined : cashOf(trade, known.instrument, known.baseAsset);
  } catch {
    cash = undefined;
  }
  if (cash === undefined || known === undefined) {
    work.cashProblem = `what trade ${trade.tradeId} did to the balances is not known`;
    return;
  }
  for (const [asset, amount] of cash) addCash(work.missedCash, asset, amount);
  if (origin === 'ours' && known.baseAsset !== '') {
    work.missedOwnQuantity.set(trade.symbol, (work.missedOwnQuantity.get(trade.symbol) ?? 0n) + broughtBy(trade, known.instrument, known.baseAsset));
  }
}

function incomes(work: Work): void {
  const reach = work.window.incomes;
  if (reach === null) return;
  if (!reach.complete) work.unjudged.push({ what: 'incomes', key: work.venue.product, reason: reach.problem });
  const booked = new Set(work.local.incomes);
  for (const income of work.venue.incomes) {
    if (income.venueMs < reach.sinceMs || booked.has(income.id)) continue;
    booked.add(income.id);
    work.differences.push({ kind: 'incomeMissed', income, action: { do: 'bookIncome', income } });
    if (income.venueMs > work.settledMs) work.moving = true;
    const amount = amountOf(income.amount);
    if (amount === undefined) work.cashProblem = `income ${income.id} is no decimal amount`;
    else addCash(work.missedCash, income.asset, amount);
  }
}

// ------------------------------------------------------------------ positions

function positions(work: Work): void {
  const { local, venue, window } = work;
  if (local.hedgeMode !== venue.hedgeMode) {
    work.differences.push({ kind: 'positionModeChanged', hedgeMode: venue.hedgeMode, action: { do: 'setMode', hedgeMode: venue.hedgeMode } });
  }
  const ours = new Map(local.positions.map((each) => [positionKey(each.symbol, each.positionSide), each]));
  const theirs = new Map(venue.positions.map((each) => [positionKey(each.symbol, each.positionSide), each]));
  for (const key of new Set([...ours.keys(), ...theirs.keys(), ...work.missedLots.keys()])) {
    const [symbol, positionSide] = keyParts(key);
    const mine = ours.get(key);
    const localLots = mine?.signedLots ?? 0;
    const withFillsLots = localLots + (work.missedLots.get(key) ?? 0);
    const venueLots = theirs.get(key)?.signedLots ?? 0;
    const moving = work.movingSymbols.has(symbol) || (mine !== undefined && mine.changedMs > work.settledMs);
    if (withFillsLots !== venueLots) {
      if (moving && !local.opening) {
        work.unjudged.push({ what: 'position', key, reason: 'it changed while the answers were read' });
        continue;
      }
      const complete = window.fills.some((each) => each.symbol === symbol && each.complete);
      const cause = local.opening ? 'opening' : complete ? 'unexplained' : 'window';
      work.differences.push({
        kind: 'positionMismatch', symbol, positionSide, localLots, withFillsLots, venueLots, cause,
        action: { do: 'setPosition', symbol, positionSide, signedLots: venueLots },
      });
    }
    const own = heldOf((mine?.ownLots ?? 0) + (work.missedOwnLots.get(key) ?? 0), venueLots);
    protection(work, symbol, positionSide, own, moving);
  }
  for (const order of venue.orders) {
    if (!isStop(order) || !isOurs(order, work) || work.movingSymbols.has(order.symbol)) continue;
    const key = positionKey(order.symbol, order.positionSide);
    const net = theirs.get(key)?.signedLots ?? 0;
    // A stop of our record's where all that is left is others' would sell theirs. Without that record what was ours may count as others', and the stop is all that it has.
    const known = !local.opening && window.fills.some((each) => each.symbol === order.symbol && each.complete)
      && local.orders.some((each) => each.purpose === 'stop' && orderKey(each) === orderKey(order));
    const mine = ours.get(key);
    const none = net === 0 || (known && heldOf(mine?.ownLots ?? 0, net) === 0 && (mine === undefined || mine.changedMs <= work.settledMs));
    if ((order.reduceOnly || order.closePosition || order.positionSide !== 'BOTH') && none && settled(order, work)) {
      work.differences.push({ kind: 'orphanStop', order, action: { do: 'cancelOrder', order } });
    }
  }
}

function keyParts(key: string): readonly [number, PositionSide] {
  const [symbol, side] = key.split(' ') as [string, PositionSide];
  return [Number(symbol), side];
}

const isOurs = (order: VenueOrder, { local, window }: Work): boolean =>
  originOf(order.clientId, window.ownPrefixes) === 'ours' || local.orders.some((each) => each.owner === 'ours' && orderKey(each) === orderKey(order));

/** Whether nothing was done about an order while the answers were read. */
const settled = (order: VenueOrder, { local, settledMs }: Work): boolean =>
  !local.orders.some((each) => orderKey(each) === orderKey(order) && each.changedMs > settledMs);

/** Whether what we opened has a stop at the exchange. `own`: signed lots, on spot those held. */
function protection(work: Work, symbol: number, positionSide: PositionSide, own: number, moving: boolean): void {
  const { window, venue, local } = work;
  const lots = Math.abs(own);
  if (!window.protect || lots === 0) return;
  if (lots < (work.instruments.get(symbol)?.minLots ?? 1)) {
    const told = local.dust.some((each) => each.symbol === symbol && each.positionSide === positionSide && each.ownLots === own);
    if (!told) work.differences.push({ kind: 'dust', symbol, positionSide, ownLots: own, action: { do: 'leaveDust', symbol, positionSide, ownLots: own } });
    return;
  }
  let protectedLots = 0;
  for (const order of venue.orders) {
    if (order.symbol !== symbol || order.positionSide !== positionSide || !isStop(order) || (order.side === 'buy') !== own < 0 || !isOurs(order, work)) continue;
    protectedLots += order.closePosition ? lots : order.lots - order.filledLots;
  }
  if (protectedLots >= lots) return;
  const working = local.orders.some((each) => each.symbol === symbol && each.positionSide === positionSide && each.purpose === 'stop' && (each.state === 'sent' || each.changedMs > work.settledMs));
  if (moving || working || lots - protectedLots <= youngLots(work, symbol, positionSide, own)) work.unjudged.push({ what: 'position', key: positionKey(symbol, positionSide), reason: 'its stop may be on its way' });
  else {
    work.differences.push({
      kind: 'protectiveStopMissing', symbol, positionSide, ownLots: own, protectedLots, action: { do: 'protect', symbol, positionSide, lots: lots - protectedLots },
    });
  }
}

/** Lots of what is ours that were opened so lately that their guard still has time. What is older is not excused by them. */
function youngLots({ local, venue, window }: Work, symbol: number, positionSide: PositionSide, own: number): number {
  let lots = 0;
  for (const fill of local.fills) {
    const young = fill.heardMs !== undefined && fill.heardMs > venue.askedMs - window.protectWithinMs;
    if (young && fill.symbol === symbol && fill.own?.positionSide === positionSide && Math.sign(fill.own.signedLots) === Math.sign(own)) lots += Math.abs(fill.own.signedLots);
  }
  return lots;
}

// ------------------------------------------------------------------ spot holdings

/** Only what our ledger bought is ours; the exchange must still have it. Several symbols may have bought the same asset. */
function holdings(work: Work): void {
  const { local, venue } = work;
  const held = new Map(local.holdings.map((each) => [each.symbol, each]));
  const left = new Map(venue.balances.map(({ asset, total }) => [asset, amountOf(total)]));
  const symbols = [...new Set([...held.keys(), ...work.missedOwnQuantity.keys()])].sort((a, b) => a - b);
  for (const symbol of symbols) {
    const known = work.instruments.get(symbol);
    const before = held.get(symbol);
    const asset = before?.asset ?? known?.baseAsset ?? '';
    const booked = amountOf(before?.quantity ?? '0');
    const available = left.has(asset) ? left.get(asset) : 0n;
    if (booked === undefined || available === undefined || known === undefined) {
      work.unjudged.push({ what: 'holding', key: asset, reason: known === undefined ? 'its instrument is not known' : 'not a decimal amount' });
      continue;
    }
    const reckoned = booked + (work.missedOwnQuantity.get(symbol) ?? 0n);
    const mine = reckoned > 0n ? reckoned : 0n;
    const kept = mine <= available ? mine : available > 0n ? available : 0n;
    left.set(asset, available - kept);
    const moving = work.movingSymbols.has(symbol);
    // More was sold than was bought, and no list has the purchase: it was not ours to sell, or nobody knows any more.
    if (kept < mine || reckoned < 0n) {
      if (moving) work.unjudged.push({ what: 'holding', key: asset, reason: 'it changed while the answers were read' });
      else {
        const venueTotal = venue.balances.find((each) => each.asset === asset)?.total ?? '0';
        work.differences.push({
          kind: 'holdingShort', symbol, asset, local: formatMoney(reckoned), venue: venueTotal, action: { do: 'setHolding', symbol, quantity: formatMoney(kept) },
        });
      }
    }
    protection(work, symbol, 'BOTH', Number(kept / money(known.instrument.lotSize)), moving);
  }
  for (const order of venue.orders) {
    if (order.side !== 'sell' || !isStop(order) || !isOurs(order, work) || !settled(order, work) || work.movingSymbols.has(order.symbol)) continue;
    const before = amountOf(held.get(order.symbol)?.quantity ?? '0') ?? 0n;
    if (before + (work.missedOwnQuantity.get(order.symbol) ?? 0n) <= 0n) work.differences.push({ kind: 'orphanStop', order, action: { do: 'cancelOrder', order } });
  }
}

// ------------------------------------------------------------------ balances

function balances(work: Work): void {
  const { local, venue, window } = work;
  const ours = new Map(local.balances.map((each) => [each.asset, each]));
  const theirs = new Map(venue.balances.map((each) => [each.asset, each]));
  for (const asset of new Set([...ours.keys(), ...theirs.keys(), ...work.missedCash.keys()])) {
    const mine = ours.get(asset);
    const before = amountOf(mine?.total ?? '0');
    const after = amountOf(theirs.get(asset)?.total ?? '0');
    if (before === undefined || after === undefined) {
      work.unjudged.push({ what: 'balance', key: asset, reason: 'not a decimal amount' });
      continue;
    }
    const withFills = before + (work.missedCash.get(asset) ?? 0n);
    if (withFills === after) continue;
    if (!local.opening) {
      const problem = work.moving || (mine !== undefined && mine.changedMs > work.settledMs) ? 'it changed while the answers were read' : work.cashProblem;
      if (problem !== '') {
        work.unjudged.push({ what: 'balance', key: asset, reason: problem });
        continue;
      }
    }
    const complete = window.fills.every((each) => each.complete) && window.incomes?.complete !== false;
    work.differences.push({
      kind: 'balanceMismatch', asset, local: formatMoney(before), withFills: formatMoney(withFills), venue: formatMoney(after), difference: formatMoney(after - withFills),
      cause: local.opening ? 'opening' : complete ? 'unexplained' : 'window',
      action: { do: 'setBalance', asset, total: formatMoney(after) },
    });
  }
}
