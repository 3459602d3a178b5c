/**
 * The strategy contract. A strategy is a value: what it needs, what it may do, what happens to it when the world breaks,
 * and one pure function from an event to its next state and its intents. It holds no context, no clock, no reference: the
 * host (host.ts) shows it what it declared, and carries out what it may. docs/strategies.md explains it to an author.
 */
import type { Instrument } from '../../data/records/index.js';
import type { ExitPurpose } from '../account/messages.js';
import type { DetectorStateName } from '../detector/messages.js';
import { Pause, type BookEdge, type CandleEdge, type Features, type LevelEdge } from '../market/messages.js';
import type { TimeInForce, VenueEvent } from '../venue/messages.js';

/** Kinds of input a strategy can ask for; what it does not declare it never sees. */
export type StrategyStream = 'candles' | 'levels' | 'books';
export type IntentKind = 'enterLong' | 'enterShort' | 'exit' | 'cancel';

/** `hold`: keep orders, open nothing new; `cancelEntries`: also cancel working entries; `flatten`: also close what is open. */
export type LossPolicy = 'hold' | 'cancelEntries' | 'flatten';

/** What a contract needs of a schema of parameters with their ranges; every zod schema is one. */
export interface ParameterSchema<Params> {
  safeParse(value: unknown):
    | { readonly success: true; readonly data: Params }
    | { readonly success: false; readonly error: { readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[] } };
}

export interface StrategyContract<Params, State, F extends keyof Features = keyof Features> {
  readonly name: string;
  /** Raised with every change that could change a decision. */
  readonly version: number;
  readonly inputs: {
    /** One host serves one symbol; 'any' or the list of symbol names it was made for. */
    readonly symbols: 'any' | readonly string[];
    readonly streams: readonly StrategyStream[];
    readonly features: readonly F[];
  };
  /** Ranges and defaults; the host refuses to start with others. */
  readonly parameters: ParameterSchema<Params>;
  readonly intents: readonly IntentKind[];
  /**
   * Pause bits that do not keep it from entering, of {@link TOLERABLE_PAUSES}: a strategy that only makes does not pay the
   * spread, and a crash is when it is wide. Default none.
   */
  toleratedPauses?(params: Params): number;
  /** States of the detector in which it may open. Default: ACTIVE alone. */
  readonly entersIn?: readonly DetectorStateName[];
  /** A book in GAP or STALE, or the pause flags that say so. */
  readonly onFeedLost: LossPolicy;
  readonly onTradingDisabled: LossPolicy;
  /** After a restart that begins with `init`: close what the earlier incarnation left, or leave it to a person. */
  readonly onRestart: 'flatten' | 'leave';
  init(params: Params, instrument: Instrument): State;
  /** Pure. @returns the next state and what to do, in order. */
  decide(state: State, event: StrategyEvent<F>, view: StrategyView<Params>): StrategyDecision<State>;
}

/** What a strategy may declare to trade through. Missing data, breakers and people are not among them. */
export const TOLERABLE_PAUSES = Pause.SPREAD | Pause.LIQUIDITY | Pause.LATENCY;

export interface StrategyDecision<State> {
  readonly state: State;
  readonly intents: readonly Intent[];
}

/** What a strategy may read besides the event. */
export interface StrategyView<Params> {
  readonly params: Params;
  readonly instrument: Instrument;
  readonly nowUs: number;
  readonly detector: DetectorStateName;
  /** Pause bits in force, without those the strategy tolerates. */
  readonly pauses: number;
  readonly feedUp: boolean;
  readonly tradingEnabled: boolean;
  /** Order ids must begin with this; the rest is the strategy's own counter. */
  readonly idPrefix: string;
}

type Shown<E extends { readonly features: Features }, F extends keyof Features> = Omit<E, 'features'> & { readonly features: Pick<Features, F> };

export type StrategyEvent<F extends keyof Features> =
  | Shown<CandleEdge, F>
  | Shown<LevelEdge, F>
  | BookEdge
  | { readonly type: 'detector'; readonly state: DetectorStateName; readonly pauses: number }
  | { readonly type: 'granted'; readonly id: string; readonly lots: number }
  | { readonly type: 'refused'; readonly id: string; readonly tradeId: string; readonly reason: string }
  | { readonly type: 'venue'; readonly tradeId: string; readonly purpose: 'entry' | ExitPurpose; readonly event: VenueEvent }
  | { readonly type: 'closed'; readonly tradeId: string; readonly filledLots: number; readonly profitable: boolean }
  | { readonly type: 'timer'; readonly key: string }
  | { readonly type: 'feed'; readonly up: boolean }
  | { readonly type: 'trading'; readonly enabled: boolean };

export type IntentData = Readonly<Record<string, string | number | boolean | null>>;

export type Intent =
  | {
      readonly kind: 'enterLong' | 'enterShort';
      readonly id: string;
      readonly order: 'limit' | 'market';
      readonly priceTicks: number;
      readonly timeInForce: TimeInForce;
      readonly equityShare: number;
      /** Goes into the journal beside the entry. */
      readonly data: IntentData;
    }
  | {
      readonly kind: 'exit';
      readonly id: string;
      readonly tradeId: string;
      readonly order: 'limit' | 'market' | 'stop';
      readonly priceTicks: number;
      readonly lots: number;
      readonly timeInForce: TimeInForce;
      readonly purpose: ExitPurpose;
    }
  | { readonly kind: 'cancel'; readonly id: string }
  /** Not orders, always allowed: timers of its own, and saying why it did nothing. */
  | { readonly kind: 'timer'; readonly key: string; readonly delayMs: number }
  | { readonly kind: 'stopTimer'; readonly key: string }
  | { readonly kind: 'refuse'; readonly reason: string; readonly data: IntentData };

/** Everything a contract lacks or contradicts, in sentences; empty when it is sound. */
export function contractProblems(contract: StrategyContract<never, unknown, never>): string[] {
  const problems: string[] = [];
  if (contract.name === '') problems.push('a strategy needs a name');
  if (!Number.isInteger(contract.version) || contract.version < 1) problems.push('version must be an integer from 1');
  if (contract.inputs.streams.length === 0) problems.push('a strategy without input streams can decide nothing');
  const enters = contract.intents.some((intent) => intent === 'enterLong' || intent === 'enterShort');
  if (enters && !contract.intents.includes('exit')) problems.push('a strategy that enters must declare the intent "exit"');
  return problems;
}
