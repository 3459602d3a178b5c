/** Differences as an operator reads them: what stands, since when, and what was settled lately. Pure. */
import type { Action, Difference } from './differences.js';

export interface ToldDifference {
  readonly kind: Difference['kind'];
  /** Client id, trade id, asset or leg that it is about. */
  readonly about: string;
  /** Index of the instrument; null for an asset, or the account. */
  readonly symbol: number | null;
  readonly action: Action['do'];
  readonly toldMs: number;
  /** When a reading no longer found it; null while it stands. */
  readonly settledMs: number | null;
}

/** What is remembered of those that are settled, and of those that stand. */
const MOST_SETTLED = 30;
const MOST_STANDING = 100;

function aboutOf(difference: Difference): { readonly about: string; readonly symbol: number | null } {
  switch (difference.kind) {
    case 'missingOrderAtVenue':
    case 'unknownOrderResolved':
    case 'unknownOrder':
    case 'foreignOrder':
    case 'forgottenOrder':
    case 'orphanStop':
      return { about: difference.order.clientId, symbol: difference.order.symbol };
    case 'orderDiffers':
      return { about: difference.venue.clientId, symbol: difference.venue.symbol };
    case 'fillMissed':
      return { about: difference.trade.tradeId, symbol: difference.trade.symbol };
    case 'fillNotAtVenue':
      return { about: difference.fill.tradeId, symbol: difference.fill.symbol };
    case 'incomeMissed':
      return { about: `${difference.income.kind} ${difference.income.id}`, symbol: difference.income.symbol };
    case 'positionMismatch':
    case 'protectiveStopMissing':
    case 'dust':
      return { about: difference.positionSide, symbol: difference.symbol };
    case 'holdingShort':
      return { about: difference.asset, symbol: difference.symbol };
    case 'balanceMismatch':
      return { about: difference.asset, symbol: null };
    case 'positionModeChanged':
      return { about: difference.hedgeMode ? 'hedge' : 'one way', symbol: null };
  }
}

const keyOf = ({ kind, about, symbol }: Pick<ToldDifference, 'kind' | 'about' | 'symbol'>): string => `${kind} ${symbol ?? ''} ${about}`;

/** What was found now is told; one that stood already keeps since when. */
export function withTold(before: readonly ToldDifference[], differences: readonly Difference[], nowMs: number): readonly ToldDifference[] {
  const standing = new Set(before.filter(({ settledMs }) => settledMs === null).map(keyOf));
  const fresh = differences
    .map((difference): ToldDifference => ({ kind: difference.kind, ...aboutOf(difference), action: difference.action.do, toldMs: nowMs, settledMs: null }))
    .filter((each) => !standing.has(keyOf(each)) && standing.add(keyOf(each)));
  return fresh.length === 0 ? before : bounded([...before, ...fresh]);
}

/** A reading is over and has found these: what stood and is not among them is settled. */
export function withSettled(before: readonly ToldDifference[], left: readonly Difference[], nowMs: number): readonly ToldDifference[] {
  if (before.every(({ settledMs }) => settledMs !== null)) return before;
  const found = new Set(left.map((difference) => keyOf({ kind: difference.kind, ...aboutOf(difference) })));
  return bounded(before.map((each) => (each.settledMs !== null || found.has(keyOf(each)) ? each : { ...each, settledMs: nowMs })));
}

/** The newest of each kind, oldest first. */
function bounded(all: readonly ToldDifference[]): readonly ToldDifference[] {
  const newest = (of: readonly ToldDifference[], most: number): ReadonlySet<ToldDifference> => new Set(of.slice(-most));
  const kept = [newest(all.filter(({ settledMs }) => settledMs !== null), MOST_SETTLED), newest(all.filter(({ settledMs }) => settledMs === null), MOST_STANDING)];
  return all.filter((each) => kept.some((some) => some.has(each)));
}
