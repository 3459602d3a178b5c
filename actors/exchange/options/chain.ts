/**
 * Which options are listed at a moment of venue time: expiries (daily, weekly, monthly, quarterly; all at 08:00
 * UTC, as on both venues) and strikes around the index. A pure function of time and index price, so that a
 * restarted venue lists the same chain; contracts stay listed once they were, until they expire.
 */
import type { OptionKind } from './black-scholes.js';
import { civilFromMs, DAY_MS, daysFromCivil, weekday } from './calendar.js';

const EXPIRY_MS = 8 * 3_600_000;
const FRIDAY = 5;

/** Venue-independent identity of one option contract. */
export interface OptionContract {
  /** `BTC` or `ETH`. */
  readonly base: string;
  /** Exercise time, ms. */
  readonly expiryMs: number;
  readonly strike: number;
  readonly kind: OptionKind;
}

/** 08:00 UTC of the last Friday of a month (1 to 12); months beyond 12 roll into later years. */
export function lastFridayMs(year: number, month: number): number {
  const last = daysFromCivil(year, month + 1, 1) - 1;
  return (last - ((weekday(last) - FRIDAY + 7) % 7)) * DAY_MS + EXPIRY_MS;
}

export interface ChainShape {
  readonly dailies: number;
  readonly weeklies: number;
  readonly monthlies: number;
  readonly quarterlies: number;
  /** Strikes listed on each side of the one nearest to the index. */
  readonly strikesEachSide: number;
}

export const DEFAULT_CHAIN: ChainShape = { dailies: 2, weeklies: 2, monthlies: 2, quarterlies: 2, strikesEachSide: 5 };

/** Expiries after `nowMs`, ascending and without repetition (a last Friday is weekly and monthly at once). */
export function listedExpiries(nowMs: number, shape: ChainShape): number[] {
  const { year, month } = civilFromMs(nowMs);
  const found = new Set<number>();
  const take = (count: number, candidate: (index: number) => number): void => {
    for (let index = 0, taken = 0; taken < count; index++) {
      const expiry = candidate(index);
      if (expiry <= nowMs) continue;
      found.add(expiry);
      taken += 1;
    }
  };
  const day = Math.floor(nowMs / DAY_MS);
  const today = day * DAY_MS + EXPIRY_MS;
  const friday = today + ((FRIDAY - weekday(day) + 7) % 7) * DAY_MS;
  const quarter = month - ((month - 1) % 3) + 2;
  take(shape.dailies, (index) => today + index * DAY_MS);
  take(shape.weeklies, (index) => friday + index * 7 * DAY_MS);
  take(shape.monthlies, (index) => lastFridayMs(year, month + index));
  take(shape.quarterlies, (index) => lastFridayMs(year, quarter + index * 3));
  return [...found].sort((a, b) => a - b);
}

/** Distance of neighbouring strikes: about 1 % of the price for a day to run, 5 % for months, in round numbers. */
export function strikeStep(index: number, daysToExpiry: number): number {
  const wanted = index * (daysToExpiry <= 3 ? 0.01 : daysToExpiry <= 35 ? 0.025 : 0.05);
  let magnitude = 1e-6;
  while (magnitude * 10 <= wanted) magnitude *= 10;
  // Multiplying by tens drifts below 1; above it powers of ten are exact.
  if (magnitude >= 1) magnitude = Math.round(magnitude);
  for (const factor of [1, 2, 5]) if (magnitude * factor >= wanted * 0.7) return magnitude * factor;
  return magnitude * 10;
}

/** Strikes around an index price, ascending. */
export function listedStrikes(index: number, daysToExpiry: number, eachSide: number): number[] {
  const step = strikeStep(index, daysToExpiry);
  const middle = Math.round(index / step);
  const strikes: number[] = [];
  for (let at = middle - eachSide; at <= middle + eachSide; at++) if (at > 0) strikes.push(Math.round(at * step * 1e6) / 1e6);
  return strikes;
}

/** The contracts to list now around `index`, by expiry, strike, call before put. */
export function listedContracts(base: string, index: number, nowMs: number, shape: ChainShape): OptionContract[] {
  const contracts: OptionContract[] = [];
  for (const expiryMs of listedExpiries(nowMs, shape)) {
    for (const strike of listedStrikes(index, (expiryMs - nowMs) / DAY_MS, shape.strikesEachSide)) {
      for (const kind of ['call', 'put'] as const) contracts.push({ base, expiryMs, strike, kind });
    }
  }
  return contracts;
}

const two = (value: number): string => String(value).padStart(2, '0');
const letter = (kind: OptionKind): string => (kind === 'call' ? 'C' : 'P');

/** `260821`: Binance's form of an expiry. */
export function binanceExpiry(expiryMs: number): string {
  const { year, month, day } = civilFromMs(expiryMs);
  return `${two(year % 100)}${two(month)}${two(day)}`;
}

/** `BTC-260821-60000-C`. */
export function binanceOptionSymbol(contract: OptionContract): string {
  return `${contract.base}-${binanceExpiry(contract.expiryMs)}-${contract.strike}-${letter(contract.kind)}`;
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'] as const;

/** `BTC-21AUG26-60000-C`: Deribit's form, the day without a leading zero. */
export function deribitOptionName(contract: OptionContract): string {
  const { year, month, day } = civilFromMs(contract.expiryMs);
  return `${contract.base}-${day}${MONTHS[month - 1]!}${two(year % 100)}-${contract.strike}-${letter(contract.kind)}`;
}
