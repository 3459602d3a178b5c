import type { Trouble } from './feed-line.js';
import { Prng } from './prng.js';

export const SCENARIO_NAMES = ['calm', 'volatile', 'flash-crash', 'cascade', 'feed-trouble', 'quiet-to-crash'] as const;
export type ScenarioName = (typeof SCENARIO_NAMES)[number];

/** What sets one scenario apart. Volatilities are of the first symbol's latent value. */
export interface Scenario {
  readonly name: ScenarioName;
  readonly summary: string;
  readonly minimumMinutes: number;
  readonly defaultSymbols: number;
  /** Latent volatility, basis points per square root of a second. */
  readonly sigmaBps: number;
  /** Scale of all order flow. */
  readonly activity: number;
  /** Mean seconds between jumps of the latent value. */
  readonly jumpEverySeconds: number;
  readonly crash: 'none' | 'large-seller' | 'liquidations';
  readonly troubles: boolean;
}

const SCENARIOS: Readonly<Record<ScenarioName, Omit<Scenario, 'name'>>> = {
  'calm': {
    summary: 'An ordinary hour: one-tick spread, clustered trades, nothing happens.',
    minimumMinutes: 1, defaultSymbols: 1, sigmaBps: 0.55, activity: 1, jumpEverySeconds: 90, crash: 'none', troubles: false,
  },
  'volatile': {
    summary: 'A nervous market: three times the volatility, jumps, busier flow, but no crash.',
    minimumMinutes: 1, defaultSymbols: 1, sigmaBps: 1.5, activity: 1.6, jumpEverySeconds: 40, crash: 'none', troubles: false,
  },
  'flash-crash': {
    summary: 'A large seller empties the bids; makers withdraw; violent two-way bursts; partial recovery; calm.',
    minimumMinutes: 3, defaultSymbols: 1, sigmaBps: 0.55, activity: 1, jumpEverySeconds: 90, crash: 'large-seller', troubles: false,
  },
  'cascade': {
    summary: 'A modest sale reaches a ladder of leveraged longs; forced sales trigger the next, in waves.',
    minimumMinutes: 3, defaultSymbols: 1, sigmaBps: 0.65, activity: 1, jumpEverySeconds: 90, crash: 'liquidations', troubles: false,
  },
  'feed-trouble': {
    summary: 'A calm market on a bad line: lost and repeated messages, late stamps, a stall, a reconnect.',
    minimumMinutes: 5, defaultSymbols: 1, sigmaBps: 0.55, activity: 1, jumpEverySeconds: 90, crash: 'none', troubles: true,
  },
  'quiet-to-crash': {
    summary: 'Several symbols in a sleepy market; the first crashes and pulls the others down with it.',
    minimumMinutes: 3, defaultSymbols: 3, sigmaBps: 0.4, activity: 0.5, jumpEverySeconds: 240, crash: 'large-seller', troubles: false,
  },
};

export function scenarioNamed(name: ScenarioName): Scenario {
  return { name, ...SCENARIOS[name] };
}

/** How a crash of one symbol is meant to unfold; what really happens comes out of the order book. */
export interface CrashPlan {
  readonly startUs: number;
  readonly fallUs: number;
  /** Fall the seller aims at, as a share of the price at its start. */
  readonly depth: number;
  /** Share of the fall that is news: the latent value does not come back from it. */
  readonly permanent: number;
  /** Falls separated by pauses. */
  readonly waves: number;
  /** How long the two-way bursts after the bottom go on. */
  readonly oscillationUs: number;
  /** Notional that leveraged longs have to sell per 0.1 % of fall, in multiples of the touch. */
  readonly ladderDensity: number;
}

const SECOND = 1e6;

/** Minutes from which on a crash has its full lead-in and aftermath; below, both shrink with the tape. */
const FULL_CRASH_MINUTES = 10;

/** Lays the crash into the tape: 315 s of calm before it (on a tape of ten minutes or more), the rest of the calm after it. */
export function planCrashes(scenario: Scenario, seed: number, minutes: number, symbols: number, startUs: number): CrashPlan[] {
  const rng = new Prng(seed, 1);
  const total = minutes * 60;
  const scale = Math.min(1, minutes / FULL_CRASH_MINUTES);
  const spare = Math.max(0, total - FULL_CRASH_MINUTES * 60);
  const at = 315 * scale + spare * rng.between(0.4, 0.5);
  const liquidations = scenario.crash === 'liquidations';
  const plans: CrashPlan[] = [];
  const depth = liquidations ? rng.between(0.05, 0.08) : rng.between(0.055, 0.09);
  const fall = liquidations ? rng.between(35, 55) : rng.between(18, 34);
  const room = Math.min(150, 75 * scale + spare * 0.15);
  for (let symbol = 0; symbol < symbols; symbol++) {
    const lag = symbol === 0 ? 0 : rng.between(0.4, 3.5);
    plans.push({
      startUs: Math.floor(startUs + (at + lag) * SECOND),
      fallUs: Math.floor(fall * SECOND * (symbol === 0 ? 1 : rng.between(0.85, 1.1))),
      depth: Math.min(0.12, depth * (symbol === 0 ? 1 : rng.between(1, 1.6))),
      permanent: rng.between(0.25, 0.42),
      waves: liquidations ? 3 : 1,
      oscillationUs: Math.floor(room * SECOND),
      ladderDensity: liquidations ? 9 : 3,
    });
  }
  return plans;
}

/** Spreads the troubles of a bad line over the tape, far enough apart that each one's effect can be told. */
export function planTroubles(seed: number, minutes: number, symbols: number, startUs: number): Trouble[] {
  const rng = new Prng(seed, 2);
  const kinds: readonly (readonly [Trouble['kind'], number, number])[] = [
    // kind, seconds it lasts, amount
    ['duplicate-trades', 0, 5],
    ['drop-trades', 0, 3],
    ['drop-depth', 0, 1],
    ['late', 6, 900],
    ['duplicate-depth', 0, 2],
    ['stall', 5, 0],
    ['clock-back', 2, 250],
    ['disconnect', 4, 0],
    ['drop-depth', 0, 7],
  ];
  const first = Math.min(150, minutes * 60 * 0.4);
  const slot = (minutes * 60 - first - 20) / kinds.length;
  return kinds.map(([kind, seconds, amount], index) => {
    const fromUs = Math.floor(startUs + (first + slot * (index + rng.between(0.05, 0.3))) * SECOND);
    return { kind, symbol: rng.below(symbols), fromUs, toUs: fromUs + seconds * SECOND, amount };
  });
}
