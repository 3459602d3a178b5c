/** Where a stop can stand. Pure: of the venue's rules alone. */
import { parseDecimal } from '../../data/instruments/decimal.js';
import type { VenueProduct } from '../engine/io.js';
import type { InstrumentRules } from '../engine/venue-rules.js';
import type { WireInstrument } from '../orders/wire.js';

/** USD-M: the algo service's; spot: market when triggered. */
const STOP_TYPES: Readonly<Record<VenueProduct, string>> = { usdm: 'STOP_MARKET', spot: 'STOP_LOSS', options: '' };

/** Value of lots at a price in units of quote, as an integer of 10^-scale and that scale. */
function worth(lots: number, ticks: number, { tickSize, lotSize }: WireInstrument): { readonly units: bigint; readonly scale: number } {
  const tick = parseDecimal(tickSize)!;
  const lot = parseDecimal(lotSize)!;
  return { units: BigInt(lots) * BigInt(ticks) * tick.units * lot.units, scale: tick.scale + lot.scale };
}

function isLess(a: { readonly units: bigint; readonly scale: number }, b: { readonly units: bigint; readonly scale: number }): boolean {
  return a.units * 10n ** BigInt(b.scale) < b.units * 10n ** BigInt(a.scale);
}

/** Why no stop can stand on the instrument, whatever the size; undefined when one can. Without rules the product's own word counts. */
function noStopsAtAll(product: VenueProduct, rules: InstrumentRules | undefined): string | undefined {
  if (product === 'options') return 'options have no stops';
  if (rules === undefined) return undefined;
  if (rules.status !== 'TRADING') return `the instrument is ${rules.status}`;
  if (rules.orderTypes.length > 0 && !rules.orderTypes.includes(STOP_TYPES[product])) return `no ${STOP_TYPES[product]} orders`;
  return undefined;
}

/** Whether the venue has refused an exit because it is too little to be sold there (LOT_SIZE, MARKET_LOT_SIZE, NOTIONAL): asking again is in vain. */
export const tooLittle = (reason: string): boolean => /^-1013 .*(NOTIONAL|LOT_SIZE)/.test(reason);

/** Why a position of these lots could not have a stop at the venue; undefined when it could. */
export function protectable(product: VenueProduct, rules: InstrumentRules | undefined, lots: number, priceTicks: number, instrument: WireInstrument): string | undefined {
  const never = noStopsAtAll(product, rules);
  if (never !== undefined || rules === undefined) return never;
  const { market, minNotional } = rules;
  if (market.minLots > 0 && lots < market.minLots) return 'less than the smallest order';
  // USD-M frees reduce-only orders of the smallest value; spot does not know that an order reduces.
  const least = parseDecimal(minNotional === '' ? '0' : minNotional);
  if (product === 'spot' && rules.minNotionalAppliesToMarket && least !== undefined && priceTicks > 0 && isLess(worth(lots, priceTicks, instrument), least)) {
    return 'worth less than the smallest order';
  }
  return undefined;
}
