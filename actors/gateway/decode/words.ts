/** The venue's words and ours. What is in no table is a problem of the message, never guessed at. */
import { formatDecimal, parseDecimal } from '../../../data/instruments/decimal.js';
import type { AlgoReport, OrderReport, VenueOrderStatus } from '../../engine/venue-calls.js';
import type { Side } from '../../venue/messages.js';
import type { Fields } from './fields.js';
import type { VenueInstrument } from './instruments.js';

/** Spot and futures; options say ACCEPTED and CANCELLED in older forms. */
export const ORDER_STATUSES: ReadonlyMap<string, VenueOrderStatus> = new Map([
  ['NEW', 'NEW'], ['PENDING_NEW', 'NEW'], ['ACCEPTED', 'NEW'], ['NEW_INSURANCE', 'NEW'], ['NEW_ADL', 'NEW'],
  ['PARTIALLY_FILLED', 'PARTIALLY_FILLED'], ['FILLED', 'FILLED'],
  ['CANCELED', 'CANCELED'], ['CANCELLED', 'CANCELED'],
  ['EXPIRED', 'EXPIRED'], ['EXPIRED_IN_MATCH', 'EXPIRED'],
  ['REJECTED', 'REJECTED'],
]);

export const ALGO_STATUSES: ReadonlyMap<string, AlgoReport['status']> = new Map(
  (['NEW', 'TRIGGERING', 'TRIGGERED', 'FINISHED', 'CANCELED', 'REJECTED', 'EXPIRED'] as const).map((status) => [status, status]),
);

export const SIDES: ReadonlyMap<string, Side> = new Map([['BUY', 'buy'], ['SELL', 'sell']]);
export const POSITION_SIDES: ReadonlyMap<string, OrderReport['positionSide']> = new Map((['BOTH', 'LONG', 'SHORT'] as const).map((side) => [side, side]));

export function positionSideOf(fields: Fields, name: string): OrderReport['positionSide'] {
  return fields.has(name) ? fields.word(name, POSITION_SIDES) : 'BOTH';
}

/** Quantity and what of it is filled; more filled than ordered is a problem. */
export function quantities(fields: Fields, instrument: VenueInstrument, ordered: string, filled: string): { readonly lots: number; readonly filledLots: number } {
  const lots = fields.lots(ordered, instrument.lot);
  const filledLots = fields.lots(filled, instrument.lot);
  if (filledLots > lots && lots > 0) fields.fail(filled, `more filled than ordered: ${filledLots} of ${lots} lots`);
  return { lots, filledLots };
}

/** Exact sum of two decimal numbers that {@link Fields.decimal} has read. */
export function plus(a: string, b: string): string {
  const left = parseDecimal(a)!;
  const right = parseDecimal(b)!;
  const scale = Math.max(left.scale, right.scale);
  return formatDecimal(left.units * 10n ** BigInt(scale - left.scale) + right.units * 10n ** BigInt(scale - right.scale), scale);
}

export function negated(text: string): string {
  const { units, scale } = parseDecimal(text)!;
  return formatDecimal(-units, scale);
}

export const isZero = (text: string): boolean => parseDecimal(text)!.units === 0n;
