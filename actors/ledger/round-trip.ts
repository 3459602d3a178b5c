/** Trades of our own from flat to flat, in exact money. Pure and immutable. */
import type { Instrument } from '../../data/records/index.js';
import { formatMoney, type Money } from '../account/money.js';
import type { Side } from '../venue/messages.js';
import { quantityOf, valuationOf } from './cash.js';

export interface RoundTrip {
  /** The fill that opened it: makes its name. */
  readonly firstTradeId: string;
  readonly entryId: string;
  readonly side: Side;
  readonly openedMs: number;
  /** Still open; signed. */
  readonly lots: number;
  readonly boughtLots: number;
  readonly soldLots: number;
  readonly bought: Money;
  readonly sold: Money;
  readonly fees: ReadonlyMap<string, Money>;
}

export interface TripFill {
  readonly tradeId: string;
  readonly entryId: string;
  readonly side: Side;
  readonly lots: number;
  readonly priceTicks: number;
  readonly fee: Money;
  readonly feeAsset: string;
  readonly venueMs: number;
}

export interface Booked {
  /** Null when flat. */
  readonly open: RoundTrip | null;
  /** Those that this fill ended. */
  readonly closed: readonly RoundTrip[];
}

const NO_FEES: ReadonlyMap<string, Money> = new Map();

function add(trip: RoundTrip, fill: TripFill, lots: number, withFee: boolean, instrument: Instrument): RoundTrip {
  const buy = fill.side === 'buy';
  const value = valuationOf(instrument).value(fill.side, lots, fill.priceTicks);
  const fees = withFee && fill.fee !== 0n ? new Map(trip.fees).set(fill.feeAsset, (trip.fees.get(fill.feeAsset) ?? 0n) + fill.fee) : trip.fees;
  return {
    ...trip, fees, lots: trip.lots + (buy ? lots : -lots), boughtLots: trip.boughtLots + (buy ? lots : 0), soldLots: trip.soldLots + (buy ? 0 : lots),
    bought: trip.bought + (buy ? value : 0n), sold: trip.sold + (buy ? 0n : value),
  };
}

/**
 * Books a fill of ours. One that goes through zero ends a trade and begins the next; its fee belongs to the one it ends.
 * @throws RangeError when the instrument cannot be valued.
 */
export function bookTrip(open: RoundTrip | null, fill: TripFill, instrument: Instrument): Booked {
  const signed = fill.side === 'buy' ? fill.lots : -fill.lots;
  const begin = (): RoundTrip => ({
    firstTradeId: fill.tradeId, entryId: fill.entryId, side: fill.side, openedMs: fill.venueMs, lots: 0, boughtLots: 0, soldLots: 0, bought: 0n, sold: 0n, fees: NO_FEES,
  });
  if (open === null) return { open: add(begin(), fill, fill.lots, true, instrument), closed: [] };
  const closing = Math.sign(open.lots) === -Math.sign(signed) ? Math.min(Math.abs(open.lots), fill.lots) : 0;
  if (closing < Math.abs(open.lots)) return { open: add(open, fill, fill.lots, true, instrument), closed: [] };
  const closed = [add(open, fill, closing, true, instrument)];
  const rest = fill.lots - closing;
  return { open: rest === 0 ? null : add(begin(), fill, rest, false, instrument), closed };
}

/**
 * The same on spot, where nothing is ever short: a sale that was told before its purchase, as after a death, waits for it in the same trade. `held`: what is ours
 * of `baseAsset` after the fill, below zero while a purchase is not told yet.
 * @throws RangeError when the instrument cannot be valued.
 */
export function bookSpotTrip(open: RoundTrip | null, fill: TripFill, held: Money, instrument: Instrument, baseAsset: string): Booked {
  const { tradeId, entryId, venueMs } = fill;
  const trip = add(open ?? { firstTradeId: tradeId, entryId, side: 'buy', openedMs: venueMs, lots: 0, boughtLots: 0, soldLots: 0, bought: 0n, sold: 0n, fees: NO_FEES }, fill, fill.lots, true, instrument);
  const lot = quantityOf(instrument, 1);
  // Fees in the asset itself leave less than was bought; what earlier trades left too little of to be sold is not this one's.
  const left = quantityOf(instrument, trip.lots) - (trip.fees.get(baseAsset) ?? 0n);
  // Sold beyond it was what they left, where we have no less than nothing.
  const over = trip.boughtLots > 0 && trip.soldLots > 0 && held >= 0n && (left < lot || held < lot);
  return over ? { open: null, closed: [trip] } : { open: trip, closed: [] };
}

/** Takes lots out of an open trade that went without a fill, at what they cost on average. Null: then nothing of it is left to be told. */
export function withoutLots(trip: RoundTrip, lots: number): RoundTrip | null {
  if (lots >= trip.lots || lots >= trip.boughtLots) return null;
  return { ...trip, lots: trip.lots - lots, boughtLots: trip.boughtLots - lots, bought: trip.bought - (trip.bought * BigInt(lots)) / BigInt(trip.boughtLots) };
}

/** Profit of a closed trade in its settlement asset, before fees. */
export const profitOf = (trip: RoundTrip, instrument: Instrument): Money => valuationOf(instrument).profit(trip.bought, trip.sold);

/** Columns of a closed trade's row. */
export function tripRow(trip: RoundTrip, instrument: Instrument, closedMs: number): Readonly<Record<string, string | number>> {
  return {
    symbol: instrument.symbol, side: trip.side, entryId: trip.entryId, lots: trip.side === 'buy' ? trip.boughtLots : trip.soldLots, bought: formatMoney(trip.bought), sold: formatMoney(trip.sold),
    realised: formatMoney(profitOf(trip, instrument)), settle: instrument.settle, fees: [...trip.fees].map(([asset, paid]) => `${formatMoney(paid)} ${asset}`).join(' '),
    openedMs: trip.openedMs, closedMs, holdMs: closedMs - trip.openedMs,
  };
}
