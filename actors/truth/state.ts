/** What `/trading/truth` keeps of a product, whether it is fresh, and what has to be asked for by name. Pure. */
import type { TruthParams } from '../../config/engine/index.js';
import type { VenueProduct } from '../engine/io.js';
import type { Difference, Unjudged } from './differences.js';
import type { ToldDifference } from './history.js';
import type { Freshness, LedgerAnswer, OrdersAnswer, TruthInput, TruthRefreshed } from './messages.js';
import type { Lookup, Reading } from './reading.js';
import type { VenueView } from './views.js';

/**
 * Where a reading is: `calls` out; `local`: what we believe is being asked for; `lookups` out; `verify`: differences were told, and what we believe
 * is asked for again, to see that they are settled.
 */
export type Phase = 'calls' | 'local' | 'lookups' | 'verify';

export interface InProgress {
  readonly number: number;
  readonly phase: Phase;
  readonly reading: Reading;
  readonly view: VenueView | null;
  readonly orders: OrdersAnswer | null;
  readonly ledger: LedgerAnswer | null;
  readonly reason: string;
  /** How often it was looked whether what was told is settled. */
  readonly looks: number;
  /** Doubts that were there before it began; it answers them. */
  readonly doubts: readonly string[];
}

export interface ProductTruth {
  readonly product: VenueProduct;
  readonly view: VenueView | null;
  readonly unjudged: readonly Unjudged[];
  readonly freshness: Freshness;
  readonly reasons: readonly string[];
  readonly stream: 'live' | 'down';
  readonly streamReason: string;
  readonly streamSinceMs: number;
  /** When the stream's last word about a balance or a position was spoken, ms on the venue's clock. */
  readonly toldMs: ReadonlyMap<string, number>;
  readonly doubts: readonly string[];
  /** Differences that stayed after they were told. */
  readonly unsettled: string;
  readonly failure: string;
  readonly asOfMs: number;
  /** Engine clock when the last reading that ended well began, ms: what ages goes by one clock alone. */
  readonly readMs: number;
  readonly fullAtMs: number;
  /** When incomes were last listed, ms; 0: they are due. */
  readonly incomesAtMs: number;
  /** When the last reading ended, well or not, ms; and how many were begun on suspicion since one that was begun on schedule. */
  readonly endedMs: number;
  readonly hurried: number;
  readonly settledMs: number | null;
  readonly differencesSeen: number;
  /** Those that stand, and the last that were settled, oldest first; absent of a state that an older version left. */
  readonly history?: readonly ToldDifference[];
  readonly inProgress: InProgress | null;
  /** Why the next one begins as soon as this one has ended; empty for no reason. */
  readonly again: string;
}

export interface TruthActorState {
  readonly input: TruthInput;
  readonly products: ReadonlyMap<VenueProduct, ProductTruth>;
  /** Last price known, ticks, by symbol: by it is told what is too little to be sold. */
  readonly prices: ReadonlyMap<number, number>;
  readonly closing: boolean;
  readonly readings: number;
  readonly calls: number;
  readonly refreshes: readonly { readonly id: string; readonly replyTo: string; readonly left: readonly VenueProduct[]; readonly done: TruthRefreshed['products'] }[];
}

/** Whether a truth is fresh at `nowMs`, and why not. */
export function judged(truth: ProductTruth, nowMs: number, params: TruthParams): { readonly freshness: Freshness; readonly reasons: readonly string[] } {
  if (truth.view === null) return { freshness: 'unknown', reasons: [truth.failure === '' ? 'not read yet' : `not read: ${truth.failure}`] };
  const reasons = [
    ...(truth.stream === 'live' ? [] : [`user stream: ${truth.streamReason}`]), ...truth.doubts,
    ...(truth.inProgress?.doubts ?? []), ...(truth.unsettled === '' ? [] : [truth.unsettled]),
    ...(nowMs - truth.readMs >= params.staleAfterMs ? [`last read ${nowMs - truth.readMs} ms ago${truth.failure === '' ? '' : `: ${truth.failure}`}`] : []),
  ];
  return { freshness: reasons.length === 0 ? 'fresh' : 'stale', reasons: [...new Set(reasons)] };
}

/** Orders that must be asked for by name before more can be said. */
export function lookupsOf(input: TruthInput, differences: readonly Difference[], most: number): Lookup[] {
  const nameOf = (symbol: number): string | undefined => input.instruments.find(({ instrument }) => instrument.index === symbol)?.instrument.symbol;
  const wanted = new Map<string, Lookup>();
  for (const difference of differences) {
    const { action } = difference;
    const what = action.do === 'lookUp' ? { service: action.service, symbol: action.symbol, by: { clientId: action.clientId } }
      : difference.kind === 'fillMissed' && difference.origin === 'unknown' ? { service: 'order' as const, symbol: difference.trade.symbol, by: { venueId: difference.trade.venueOrderId } } : undefined;
    const name = what === undefined ? undefined : nameOf(what.symbol);
    if (what !== undefined && name !== undefined) wanted.set(JSON.stringify(what), { kind: 'lookup', name, ...what });
  }
  return [...wanted.values()].slice(0, most);
}
