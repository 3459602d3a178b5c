/** What is left to be closed, and what may be done about it next. Pure. */
import { money } from '../account/money.js';
import { venueProductOf } from '../gateway/decode/index.js';
import type { Instrument } from '../../data/records/index.js';
import type { Side } from '../venue/messages.js';
import type { PositionSide } from '../truth/views.js';
import type { Picture } from './messages.js';

/** A position to be closed: hedge legs are separate ones; on spot what our ledger bought. */
export interface Leg {
  readonly key: string;
  readonly symbol: number;
  readonly positionSide: PositionSide;
  /** Negative is short. */
  readonly signedLots: number;
  /** Whether the venue's stop stands in the way of closing it (spot: it holds the coins). */
  readonly stopFirst: boolean;
}

export interface Attempt {
  readonly number: number;
  readonly orderId: string;
  /** When it was over, ms; null while it is not. */
  readonly endedMs: number | null;
  readonly problem: string;
}

/** Legs that the exchange (spot: our ledger) says are there; undefined while that is not known. `symbol` null: all. */
export function legsOf(picture: Picture, symbol: number | null, instruments: readonly Instrument[], sinceMs: number): readonly Leg[] | undefined {
  const { truth, ledger } = picture;
  if (truth === undefined || ledger === undefined) return undefined;
  const legs: Leg[] = [];
  for (const { product, view, readMs } of truth.products) {
    const inScope = instruments.some((each) => venueProductOf(each) === product && (symbol === null || each.index === symbol));
    if (!inScope) continue;
    if (view === null || readMs < sinceMs) return undefined;
    if (product === 'spot') {
      for (const holding of ledger.products.find((each) => each.product === 'spot')?.holdings ?? []) {
        const instrument = instruments.find(({ index }) => index === holding.symbol);
        // What is too little to be sold stays ours.
        if (instrument === undefined || holding.dust || (symbol !== null && holding.symbol !== symbol)) continue;
        const lots = Number(money(holding.quantity) / money(instrument.lotSize));
        if (lots > 0) legs.push({ key: `${holding.symbol} BOTH`, symbol: holding.symbol, positionSide: 'BOTH', signedLots: lots, stopFirst: true });
      }
      continue;
    }
    for (const { symbol: of, positionSide, signedLots } of view.positions) {
      if (signedLots !== 0 && (symbol === null || of === symbol)) legs.push({ key: `${of} ${positionSide}`, symbol: of, positionSide, signedLots, stopFirst: false });
    }
  }
  return legs;
}

export const closingSide = (leg: Leg): Side => (leg.signedLots > 0 ? 'sell' : 'buy');

/** When the oldest of the truths that speak of these symbols began to be read, ms. */
export function truthMs(picture: Picture, symbol: number | null, instruments: readonly Instrument[]): number {
  const ages = (picture.truth?.products ?? []).filter(({ product }) => instruments.some((each) => venueProductOf(each) === product && (symbol === null || each.index === symbol))).map(({ readMs }) => readMs);
  return ages.length === 0 ? 0 : Math.min(...ages);
}

/**
 * `wait`: for the account's own exit, for an order that is out, or for a truth that is younger than the last order; `freeAndClose`: its stop holds
 * the coins and has to go in the same breath; `close`: send the next order. `exits`: closing orders at market that are on their way.
 */
export function nextStep(leg: Leg, picture: Picture, attempt: Attempt | undefined, readMs: number, exits: ReadonlyMap<string, string>): 'wait' | 'freeAndClose' | 'close' {
  if (picture.account === undefined || picture.account.open.some(({ symbol }) => symbol === leg.symbol)) return 'wait';
  if (picture.orders === undefined) return 'wait';
  if (attempt !== undefined && (attempt.endedMs === null || readMs <= attempt.endedMs)) return 'wait';
  // Somebody else's close would be doubled.
  for (const where of exits.values()) if (where === leg.key) return 'wait';
  const working = picture.orders.orders.filter((order) => order.owner === 'ours' && order.symbol === leg.symbol && order.positionSide === leg.positionSide);
  if (working.some(({ kind, purpose }) => purpose === 'exit' && /market/i.test(kind))) return 'wait';
  return leg.stopFirst && working.some(({ purpose, side }) => (purpose === 'stop' || purpose === 'target') && side === 'sell') ? 'freeAndClose' : 'close';
}
