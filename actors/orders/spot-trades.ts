/**
 * What our entries hold on spot. A spot account knows no positions: what a buy brought is what it bought less the fee taken from it, only
 * that is ours to sell, and whoever has an order to sell it has locked it. So of one trade one exit stands at the venue at a time. Pure.
 */
import { formatDecimal, parseDecimal } from '../../data/instruments/decimal.js';
import type { VenueFill } from '../engine/venue-calls.js';
import type { OrderIntent, PlaceOrder } from './messages.js';
import type { WireInstrument } from './wire.js';

type Wanted = PlaceOrder['intent'];

export interface SpotTrade {
  readonly entryId: string;
  readonly symbol: number;
  /** Quantity of the base asset, decimal. */
  readonly held: string;
  /** Price of its last fill, ticks. */
  readonly lastTicks: number;
  /** The venue has refused to sell what is left: it is too little. */
  readonly unsellable: boolean;
  /** An exit that waits for what is locked now. */
  readonly waiting: Wanted | null;
  /** A target and the stop it is to stand with, when that has been withdrawn. */
  readonly pair: { readonly target: Wanted; readonly stop: OrderIntent; readonly stopAsked: number; readonly stopTold: number } | null;
  /** Targets that stay with us: the stop has the quantity. */
  readonly idle: readonly Wanted[];
}

export const newSpotTrade = (entryId: string, symbol: number): SpotTrade => ({ entryId, symbol, held: '0', lastTicks: 0, unsellable: false, waiting: null, pair: null, idle: [] });

/** Sum of decimals, exact. */
function sum(...texts: readonly string[]): { readonly units: bigint; readonly scale: number } {
  const parts = texts.map((text) => parseDecimal(text) ?? { units: 0n, scale: 0 });
  const scale = Math.max(...parts.map((part) => part.scale));
  return { units: parts.reduce((total, part) => total + part.units * 10n ** BigInt(scale - part.scale), 0n), scale };
}
const negative = (text: string): string => (text.startsWith('-') ? text.slice(1) : `-${text}`);

/** Whole lots of what is held. */
export function heldLots({ held }: Pick<SpotTrade, 'held'>, { lotSize }: Pick<WireInstrument, 'lotSize'>): number {
  const have = parseDecimal(held) ?? { units: 0n, scale: 0 };
  const lot = parseDecimal(lotSize)!;
  return Math.max(0, Number((have.units * 10n ** BigInt(lot.scale)) / (lot.units * 10n ** BigInt(have.scale))));
}

/** After a fill. `quantity`: exact decimal of its lots; `base`: the asset that is bought. */
export function afterFill(trade: SpotTrade, side: OrderIntent['side'], fill: Pick<VenueFill, 'priceTicks' | 'fee' | 'feeAsset'>, quantity: string, base: string): SpotTrade {
  const { units, scale } = sum(trade.held, side === 'buy' ? quantity : negative(quantity), fill.feeAsset === base ? negative(fill.fee) : '0');
  return { ...trade, held: formatDecimal(units, scale), lastTicks: fill.priceTicks, unsellable: side === 'sell' && trade.unsellable };
}

/** After so much of it went without an order of ours; `quantity`: exact decimal. */
export function lostOf(trade: SpotTrade, quantity: string): SpotTrade {
  const { units, scale } = sum(trade.held, negative(quantity));
  return { ...trade, held: formatDecimal(units, scale) };
}

/** `BTCUSDT` less its quote. */
export function baseOf(name: string, quote: string): string {
  return quote !== '' && name.endsWith(quote) ? name.slice(0, -quote.length) : name;
}
