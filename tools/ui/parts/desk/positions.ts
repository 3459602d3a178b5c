/** Positions with whose they are, what they are worth and what protects them. */
import { venueProductOf } from '../../../../actors/gateway/decode/index.js';
import { parseDecimal } from '../../../../data/instruments/decimal.js';
import type { PositionRow, StopState } from '../../wire/desk.js';
import { type DeskFacts, nameOf } from './facts.js';
import { priceText, quantityText, textOf, unrealisedOf } from './decimals.js';

type PositionSide = 'BOTH' | 'LONG' | 'SHORT';
type Owner = PositionRow['owners'][number];

interface Leg {
  readonly product: string;
  readonly symbol: number;
  readonly positionSide: PositionSide;
  /** By the exchange; null where it has not said. */
  readonly venueLots: number | null;
  /** By our books, and what of it our own orders opened. */
  readonly bookedLots: number | null;
  readonly ownLots: number;
  readonly entry: string;
}

const CONFIRMED: ReadonlySet<string> = new Set(['accepted', 'triggered', 'partiallyFilled']);
const OVER: ReadonlySet<string> = new Set(['filled', 'canceled', 'expired', 'rejected', 'collecting']);

export function positionsOf(facts: DeskFacts): PositionRow[] {
  const rows = facts.truth === undefined && facts.ledger === undefined ? tradesAsPositions(facts) : [...legsOf(facts).map((leg) => rowOf(facts, leg)), ...holdingsOf(facts)];
  return rows.sort((a, b) => rank(a) - rank(b) || (a.key < b.key ? -1 : 1));
}

const WORST: readonly StopState[] = ['none', 'part', 'unknown', 'sent', 'held', 'foreign'];
const rank = ({ stop, booked }: PositionRow): number => (booked === null ? 1 : 0) + WORST.indexOf(stop.state) * 2;

/** A position that only one of exchange and books knows is shown too. */
function legsOf({ truth, ledger }: DeskFacts): Leg[] {
  const legs = new Map<string, Leg>();
  for (const { product, positions } of ledger?.products.rows ?? []) {
    if (product === 'spot') continue;
    for (const { symbol, positionSide, signedLots, ownLots } of positions.rows) {
      legs.set(`${product} ${symbol} ${positionSide}`, { product, symbol, positionSide, venueLots: null, bookedLots: signedLots, ownLots, entry: '' });
    }
  }
  for (const { product, positions, readMs } of truth?.products.rows ?? []) {
    if (product === 'spot' || readMs === 0) continue;
    for (const [key, leg] of legs) if (leg.product === product) legs.set(key, { ...leg, venueLots: 0 });
    for (const { symbol, positionSide, signedLots, entryPrice } of positions.rows) {
      const key = `${product} ${symbol} ${positionSide}`;
      const known = legs.get(key);
      legs.set(key, { product, symbol, positionSide, venueLots: signedLots, bookedLots: ledger === undefined ? null : known?.bookedLots ?? 0, ownLots: known?.ownLots ?? 0, entry: entryPrice });
    }
  }
  return [...legs.values()].filter(({ venueLots, bookedLots }) => (venueLots ?? 0) !== 0 || (bookedLots ?? 0) !== 0);
}

function rowOf(facts: DeskFacts, { product, symbol, positionSide, venueLots, bookedLots, ownLots, entry }: Leg): PositionRow {
  const instrument = facts.instruments.get(symbol);
  const lots = venueLots ?? bookedLots ?? 0;
  const truth = facts.truth?.products.rows.find((each) => each.product === product);
  const signed = parseDecimal(quantityText(instrument, lots));
  const paid = Number(entry) === 0 ? entryOfTrades(facts, symbol, positionSide, lots) : entry;
  const profit = unrealisedOf(instrument, paid, facts.markOf(symbol), signed);
  return {
    key: `${product} ${symbol} ${positionSide}`, product, instrument: nameOf(facts, symbol), side: (lots === 0 ? bookedLots ?? 0 : lots) < 0 ? 'short' : 'long', positionSide: positionSide === 'BOTH' ? '' : positionSide,
    quantity: quantityText(instrument, lots), owners: ownersOf(facts, symbol, positionSide, ownLots, lots), entry: paid,
    mark: priceText(instrument, facts.markOf(symbol) ?? 0), unrealised: profit === undefined ? '' : textOf(profit), asset: instrument?.settle ?? '',
    stop: stopOf(facts, symbol, positionSide, Math.abs(ownLots)), closing: closingOf(facts, symbol, positionSide),
    booked: venueLots !== null && bookedLots !== null && venueLots !== bookedLots ? quantityText(instrument, bookedLots) : null, stale: truth?.freshness !== 'fresh',
  };
}

/** Where the exchange does not say at what price: that of the one trade whose position it is; '' where there is none such. */
function entryOfTrades({ account }: DeskFacts, symbol: number, positionSide: PositionSide, lots: number): string {
  const trades = (account?.open.rows ?? []).filter((trade) => trade.symbol === symbol && isOfLeg(trade.side, positionSide));
  const [only] = trades;
  return trades.length === 1 && only !== undefined && (only.side === 'buy' ? only.openLots : -only.openLots) === lots ? only.entryPrice : '';
}

/** Spot: what our ledger bought. The rest of the balance is nobody's position. */
function holdingsOf(facts: DeskFacts): PositionRow[] {
  const spot = facts.ledger?.products.rows.find(({ product }) => product === 'spot');
  const stale = facts.truth?.products.rows.find(({ product }) => product === 'spot')?.freshness !== 'fresh';
  return (spot?.holdings.rows ?? []).filter(({ quantity }) => (parseDecimal(quantity)?.units ?? 0n) !== 0n).map(({ symbol, asset, quantity, dust }) => {
    const instrument = facts.instruments.get(symbol);
    const open = facts.account?.open.rows.filter((trade) => trade.symbol === symbol) ?? [];
    const entry = open.length === 1 ? open[0]!.entryPrice : '';
    const profit = unrealisedOf(instrument, entry, facts.markOf(symbol), parseDecimal(quantity));
    const lots = open.reduce((sum, { openLots }) => sum + openLots, 0);
    return {
      key: `spot ${symbol} BOTH`, product: 'spot', instrument: nameOf(facts, symbol), side: 'long', positionSide: '', quantity,
      owners: dust ? [{ who: 'ours, too little to be sold', quantity, ours: true }] : open.length === 0 ? [{ who: 'ours, of no trade', quantity, ours: true }] : tradeOwners(facts, symbol, 'BOTH'),
      entry, mark: priceText(instrument, facts.markOf(symbol) ?? 0), unrealised: profit === undefined ? '' : textOf(profit), asset: instrument?.settle ?? asset,
      stop: dust ? { state: 'foreign', triggers: [], quantity: '0', nakedSinceMs: null } : stopOf(facts, symbol, 'BOTH', lots), closing: closingOf(facts, symbol, 'BOTH'), booked: null, stale,
    };
  });
}

/** Paper: the account's trades are all there is. */
function tradesAsPositions(facts: DeskFacts): PositionRow[] {
  return (facts.account?.open.rows ?? []).map(({ id, symbol, side, openLots, entryPrice, settle }) => {
    const instrument = facts.instruments.get(symbol);
    const signedLots = side === 'buy' ? openLots : -openLots;
    const profit = unrealisedOf(instrument, entryPrice, facts.markOf(symbol), parseDecimal(quantityText(instrument, signedLots)));
    const trade = facts.account!.trades.rows.find((each) => each.id === id);
    const covered = facts.account!.orders.rows.filter((order) => order.tradeId === id && order.purpose === 'stop').reduce((sum, { remaining }) => sum + remaining, 0);
    return {
      key: `trade ${id}`, product: instrument === undefined ? '' : venueProductOf(instrument) ?? instrument.venue, instrument: nameOf(facts, symbol), side: side === 'buy' ? 'long' : 'short', positionSide: '',
      quantity: quantityText(instrument, signedLots), owners: [{ who: trade?.strategy ?? 'ours', quantity: quantityText(instrument, signedLots), ours: true }], entry: entryPrice,
      mark: priceText(instrument, facts.markOf(symbol) ?? 0), unrealised: profit === undefined ? '' : textOf(profit), asset: settle,
      stop: { state: covered >= openLots ? 'held' : covered > 0 ? 'part' : 'none', triggers: [], quantity: quantityText(instrument, covered), nakedSinceMs: null }, closing: trade?.flattening ?? null, booked: null, stale: false,
    };
  });
}

const isOfLeg = (side: 'buy' | 'sell', positionSide: PositionSide): boolean => positionSide === 'BOTH' || (side === 'buy') === (positionSide === 'LONG');

function tradeOwners(facts: DeskFacts, symbol: number, positionSide: PositionSide): Owner[] {
  const { account } = facts;
  const instrument = facts.instruments.get(symbol);
  const byStrategy = new Map<string, number>();
  for (const { id, side, openLots, symbol: of } of account?.open.rows ?? []) {
    if (of !== symbol || !isOfLeg(side, positionSide)) continue;
    const who = account!.trades.rows.find((trade) => trade.id === id)?.strategy ?? 'ours';
    byStrategy.set(who, (byStrategy.get(who) ?? 0) + (side === 'buy' ? openLots : -openLots));
  }
  return [...byStrategy].map(([who, lots]) => ({ who, quantity: quantityText(instrument, lots), ours: true }));
}

function ownersOf(facts: DeskFacts, symbol: number, positionSide: PositionSide, ownLots: number, lots: number): Owner[] {
  const instrument = facts.instruments.get(symbol);
  const ours = tradeOwners(facts, symbol, positionSide);
  const traded = (facts.account?.open.rows ?? []).filter((trade) => trade.symbol === symbol && isOfLeg(trade.side, positionSide)).reduce((sum, { side, openLots }) => sum + (side === 'buy' ? openLots : -openLots), 0);
  return [
    ...ours,
    ...(ownLots === traded ? [] : [{ who: ours.length === 0 ? 'ours, of no trade' : 'ours, beside the trades', quantity: quantityText(instrument, ownLots - traded), ours: true }]),
    ...(lots === ownLots ? [] : [{ who: 'foreign', quantity: quantityText(instrument, lots - ownLots), ours: false }]),
  ];
}

type Guard = NonNullable<DeskFacts['guard']>;

const wardsOf = (facts: DeskFacts, symbol: number, positionSide: PositionSide): Guard['wards']['rows'] =>
  (facts.guard?.wards.rows ?? []).filter((ward) => ward.symbol === symbol && ward.openLots > 0 && (ward.positionSide === positionSide || isOfLeg(ward.side, positionSide)));

function stopOf(facts: DeskFacts, symbol: number, positionSide: PositionSide, ownLots: number): PositionRow['stop'] {
  const instrument = facts.instruments.get(symbol);
  if (ownLots === 0) return { state: 'foreign', triggers: [], quantity: '0', nakedSinceMs: null };
  if (facts.guard === undefined) return { state: 'unknown', triggers: [], quantity: '', nakedSinceMs: null };
  const wards = wardsOf(facts, symbol, positionSide);
  const stops = facts.guard.covers.rows.filter(({ kind, ward, state }) => kind === 'stop' && wards.some(({ id }) => id === ward) && !OVER.has(state));
  const lotsOf = (some: typeof stops): number => some.reduce((sum, { lots, bookedLots }) => sum + Math.max(0, lots - bookedLots), 0);
  const [confirmed, expected] = [lotsOf(stops.filter(({ state }) => CONFIRMED.has(state))), lotsOf(stops)];
  const naked = wards.flatMap(({ nakedMs }) => nakedMs ?? []);
  const orders = facts.orders?.orders.rows ?? [];
  return {
    state: confirmed >= ownLots ? 'held' : expected >= ownLots ? 'sent' : confirmed > 0 ? 'part' : 'none',
    triggers: [...new Set(stops.flatMap(({ clientId }) => orders.filter((order) => order.clientId === clientId && order.triggerTicks > 0).map(({ triggerTicks }) => priceText(instrument, triggerTicks))))],
    quantity: quantityText(instrument, confirmed), nakedSinceMs: naked.length === 0 ? null : Math.min(...naked),
  };
}

function closingOf(facts: DeskFacts, symbol: number, positionSide: PositionSide): string | null {
  return wardsOf(facts, symbol, positionSide).find(({ closing }) => closing !== null)?.closing ?? facts.account?.trades.rows.find((trade) => trade.symbol === symbol && trade.flattening !== null)?.flattening ?? null;
}
