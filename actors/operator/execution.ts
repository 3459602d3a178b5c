/** Which instrument a name means, what a close came to, and what it left. Pure. */
import { formatMoney } from '../account/money.js';
import type { Json, VenueProduct } from '../engine/io.js';
import { venueProductOf } from '../gateway/decode/index.js';
import { valuationOf } from '../ledger/cash.js';
import type { Instrument } from '../../data/records/index.js';
import type { Attempt, Leg } from './closing.js';
import { legsOf } from './closing.js';
import type { Picture } from './messages.js';

/** A position that is left; negative is short. */
export interface LeftPosition {
  readonly symbol: number;
  readonly positionSide: string;
  readonly signedLots: number;
}

/** Order in which the markets of a name are tried where no position says which is meant. */
const MARKETS: readonly VenueProduct[] = ['usdm', 'spot', 'options'];

/**
 * Which of the instruments of one name is meant: the one with a position, else that of futures, else spot's. Two with positions are for a person
 * to tell apart, and so is everything while positions are not known.
 */
export function resolveMarket(candidates: readonly number[], picture: Picture, instruments: readonly Instrument[], atVenue: boolean): { readonly symbol: number } | { readonly refused: string } {
  const held = (symbol: number): boolean | undefined => {
    if (picture.account === undefined) return undefined;
    if (picture.account.open.some((trade) => trade.symbol === symbol)) return true;
    return atVenue ? legsOf(picture, symbol, instruments, 0)?.some((leg) => leg.symbol === symbol) : false;
  };
  const productOf = (symbol: number): VenueProduct | undefined => {
    const instrument = instruments.find(({ index }) => index === symbol);
    return instrument === undefined ? undefined : venueProductOf(instrument);
  };
  const known = candidates.map((symbol) => ({ symbol, held: held(symbol), rank: MARKETS.findIndex((each) => each === productOf(symbol)) }));
  const several = (why: string): { readonly refused: string } => ({ refused: `it is traded in ${known.map(({ symbol }) => productOf(symbol)).join(' and ')}, and ${why}: say which, with --product` });
  if (known.some((each) => each.held === undefined)) return several('positions are not known now');
  const open = known.filter((each) => each.held === true);
  if (open.length > 1) return several('both have a position');
  return { symbol: (open[0] ?? known.sort((a, b) => a.rank - b.rank)[0]!).symbol };
}

/** Assets that count as one dollar each. */
const DOLLARS: ReadonlySet<string> = new Set(['USD', 'USDT', 'USDC', 'BUSD', 'FDUSD', 'TUSD']);

/**
 * Value of what is left at the market's price, else at its entry's, as a decimal in USDT; null where neither is known or it is not quoted in dollars.
 */
export function grossExposure(left: readonly LeftPosition[], picture: Picture, instruments: readonly Instrument[]): string | null {
  let sum = 0n;
  for (const { symbol, positionSide, signedLots } of left) {
    const instrument = instruments.find(({ index }) => index === symbol);
    const ticks = picture.risk?.markTicks?.[symbol] ?? 0;
    if (instrument === undefined || !DOLLARS.has(instrument.settle)) return null;
    if (ticks > 0) {
      sum += valuationOf(instrument).value('buy', Math.abs(signedLots), ticks);
      continue;
    }
    const entry = picture.account?.open.find((trade) => trade.symbol === symbol)?.entryPrice
      ?? picture.truth?.products.flatMap(({ view }) => view?.positions ?? []).find((each) => each.symbol === symbol && each.positionSide === positionSide)?.entryPrice ?? '';
    if (!/^\d+(\.\d+)?$/.test(entry) || Number(entry) === 0) return null;
    const atTicks = Math.round(Number(entry) / Number(instrument.tickSize));
    sum += valuationOf(instrument).value('buy', Math.abs(signedLots), Math.max(1, atTicks));
  }
  return formatMoney(sum);
}

export interface Execution {
  readonly verb: string;
  /** Null: every instrument. */
  readonly symbol: number | null;
  /** Asked for by a person, or begun by the engine itself. */
  readonly byPerson: boolean;
  readonly flat: boolean;
  readonly seen: readonly Leg[];
  readonly attempts: ReadonlyMap<string, Attempt>;
  /** Null: positions were never known. */
  readonly left: readonly LeftPosition[] | null;
  readonly exposure: string | null;
  /** Spot: what was left because it is too little to be sold. */
  readonly dust: readonly { readonly symbol: number; readonly asset: string; readonly quantity: string }[];
}

/** The sources' execution summary: of a batch with its id (1 a person's, 2 the engine's own) and its counts, of one instrument with its outcome. */
export function executionOf({ verb, symbol, byPerson, flat, seen, attempts, left, exposure, dust }: Execution, nameOf: (symbol: number) => string): { readonly [key: string]: Json } {
  const results = seen.map((leg) => {
    const attempt = attempts.get(leg.key);
    const stays = left === null || left.some((each) => each.symbol === leg.symbol && each.positionSide === leg.positionSide);
    return {
      instrument: nameOf(leg.symbol), positionSide: leg.positionSide, signedLots: leg.signedLots, attempts: attempt?.number ?? 0, outcome: stays ? 'rejected' : 'submitted', problem: attempt?.problem ?? '',
    };
  });
  const rejected = results.filter(({ outcome }) => outcome === 'rejected').length;
  const nothing = results.length === 0;
  const tail = {
    flat_confirmed: flat,
    remaining_positions: left === null ? [{ instrument: 'unknown', positionSide: 'BOTH', signedLots: 0 }] : left.map((each) => ({ instrument: nameOf(each.symbol), positionSide: each.positionSide, signedLots: each.signedLots })),
    remaining_gross_exposure_usdt: exposure,
    ...(dust.length === 0 ? {} : { left_as_dust: dust.map((each) => ({ instrument: nameOf(each.symbol), asset: each.asset, quantity: each.quantity })) }),
    results: symbol !== null && nothing && flat ? [{ instrument: nameOf(symbol), outcome: 'skipped_no_position' }] : results,
  };
  if (symbol !== null) return { command: verb, instrument: nameOf(symbol), outcome: nothing && flat ? 'skipped_no_position' : rejected > 0 || !flat ? 'rejected' : 'submitted', ...tail };
  return { command: verb, batch_id: byPerson ? 1 : 2, submitted: results.length - rejected, skipped: nothing ? 1 : 0, rejected, outcome: 'batch_completed', ...tail };
}
