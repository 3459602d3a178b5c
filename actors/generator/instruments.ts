import type { Instrument } from '../../data/records/index.js';

/** What the generator must know of a symbol to populate its market. Money is in USDT. */
export interface MarketProfile {
  readonly symbol: string;
  readonly tickSize: string;
  readonly lotSize: string;
  /** Price at the start, in ticks. */
  readonly startTicks: number;
  /** Base units of one lot times price of one tick, as a ratio of decimals: USDT per (tick x lot). */
  readonly tickLotValue: number;
  /** Median notional of a taker order, and median notional that makers keep on one side of the touch. */
  readonly takerUsd: number;
  readonly touchUsd: number;
  /** Events per second relative to the first symbol. */
  readonly activity: number;
  /** Volatility relative to the first symbol, and correlation of its value with the common factor. */
  readonly beta: number;
  readonly correlation: number;
}

/** Tick and lot sizes as Binance USD-M lists them; prices are round numbers of the right magnitude. */
const CATALOGUE: readonly (readonly [string, string, string, number, number, number, number, number, number, number])[] = [
  ['BTCUSDT', '0.1', '0.001', 602_350, 0.0001, 1800, 160_000, 1, 1, 0.92],
  ['ETHUSDT', '0.01', '0.001', 312_480, 0.00001, 1500, 90_000, 0.85, 1.15, 0.88],
  ['SOLUSDT', '0.01', '0.01', 15_237, 0.0001, 900, 60_000, 0.6, 1.5, 0.8],
  ['BNBUSDT', '0.01', '0.01', 58_812, 0.0001, 700, 30_000, 0.4, 1, 0.8],
  ['XRPUSDT', '0.0001', '0.1', 24_210, 0.00001, 700, 40_000, 0.5, 1.3, 0.75],
  ['DOGEUSDT', '0.00001', '1', 20_455, 0.00001, 500, 30_000, 0.45, 1.6, 0.75],
  ['ADAUSDT', '0.0001', '1', 7_431, 0.0001, 400, 25_000, 0.3, 1.4, 0.75],
  ['AVAXUSDT', '0.001', '1', 28_765, 0.001, 350, 15_000, 0.25, 1.5, 0.75],
  ['LINKUSDT', '0.001', '0.01', 17_322, 0.00001, 350, 15_000, 0.25, 1.5, 0.75],
  ['LTCUSDT', '0.01', '0.001', 9_876, 0.00001, 300, 15_000, 0.2, 1.2, 0.7],
];
export const MAX_GENERATED_SYMBOLS = CATALOGUE.length;

export function marketProfiles(count: number): MarketProfile[] {
  return CATALOGUE.slice(0, count).map(
    ([symbol, tickSize, lotSize, startTicks, tickLotValue, takerUsd, touchUsd, activity, beta, correlation]) => ({
      symbol, tickSize, lotSize, startTicks, tickLotValue, takerUsd, touchUsd, activity, beta, correlation,
    }),
  );
}

/** The tape header's entries for generated symbols: linear perpetuals of `binance-usdm`. */
export function marketInstruments(profiles: readonly MarketProfile[]): Instrument[] {
  return profiles.map((profile, index) => ({
    index,
    symbol: profile.symbol,
    venue: 'binance-usdm',
    product: 'linear',
    tickSize: profile.tickSize,
    lotSize: profile.lotSize,
    multiplier: '1',
    settle: 'USDT',
    inferred: [],
  }));
}
