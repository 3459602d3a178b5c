import type { AccountMessage, ExposureMessage } from '../../../actors/account/messages.js';
import { accountBehaviour } from '../../../actors/account/account.js';
import type { Decision } from '../../../actors/journal/decision.js';
import type { DetectorNotice } from '../../../actors/detector/messages.js';
import { INDICATOR_NAMES, type CandleEdge, type Features } from '../../../actors/market/messages.js';
import { strategyHost, type StrategyMessage } from '../../../actors/strategy/host.js';
import type { StrategyContract } from '../../../actors/strategy/contract.js';
import { percentileStrategy } from '../../../actors/strategy/percentile.js';
import { SimulatedMatcher } from '../../../actors/venue/matcher.js';
import type { VenueControl } from '../../../actors/venue/messages.js';
import { tradingSchema, type PercentileParams, type TradingConfig } from '../../../config/index.js';
import type { Instrument } from '../../../data/records/index.js';
import { worker } from '../../../runtime/index.js';
import { FakeMarket, type MarketAction } from '../venue/fake-market.js';
import { btc } from './instruments.js';
import { probe, tree, type Tree } from './tree.js';

export const ANCHORS = {
  volatilityMultiplier: 5, accelerationPerSecond2: -0.001, obiThreshold: -0.8, spreadMultiplier: 4, spreadEmergencyMultiplier: 10, volumeDeltaZ: -3,
  velocityMultiplier: 3, depthMinUsd: 100_000, usdPerQuote: 1,
};

/** Far beyond every trigger: scores 100 but for the pattern. */
export const STRONG: Features = {
  price: 1000, bestBidTicks: 0, bestAskTicks: 0, volatilityRatio: 20, volatilityNow: 0.01, acceleration: -0.01, obi: -1, spreadRatio: 20, spreadBps: 1,
  volumeDeltaZ: -9, velocityRatio: 9, eventsPerSecond: 100, pattern: 0, depthBid: 600_000, depthAsk: 600_000, walls: 0, spoofs: 0, violentRange: 0.01,
  latencyMs: 5,
};
export const TRADES_ONLY: Partial<Features> = { obi: Number.NaN, spreadRatio: Number.NaN, spreadBps: Number.NaN, depthBid: Number.NaN, depthAsk: Number.NaN };
export const EVERYTHING = (1 << INDICATOR_NAMES.length) - 1;

export interface SessionOptions {
  readonly config?: Record<string, unknown>;
  readonly instruments?: readonly Instrument[];
  readonly books?: boolean;
  readonly strategy?: (config: TradingConfig) => StrategyContract<PercentileParams, unknown, keyof Features>;
  readonly restart?: 'init' | 'lastGood';
}

/**
 * Strategies, account and simulated venues wired as the supervisors wire them, with a market that the test plays by hand:
 * before each record the clock moves, due timers fire and due orders arrive; then the record is shown and its events pass.
 */
export class Session {
  readonly tree: Tree;
  readonly config: TradingConfig;
  readonly markets: FakeMarket[];
  readonly matchers: SimulatedMatcher[];
  readonly exposures: ExposureMessage[] = [];
  readonly controls: VenueControl[] = [];
  #pending: VenueControl[] = [];
  #heard = 0;
  nowUs = 1_000_000_000;
  seq = 0;

  constructor(options: SessionOptions = {}) {
    this.config = tradingSchema.parse(options.config ?? {});
    const instruments = options.instruments ?? [btc];
    this.markets = instruments.map(() => new FakeMarket(options.books ?? false));
    this.matchers = instruments.map(() => new SimulatedMatcher(this.config.venue));
    const contract = options.strategy?.(this.config) ?? percentileStrategy({ anchors: ANCHORS, score: this.config.score });
    const host = strategyHost(contract as StrategyContract<PercentileParams, unknown, keyof Features>, { strategy: this.config.percentile, venue: this.config.venue });
    const restore = options.restart ?? 'lastGood';
    this.tree = tree([
      probe('kernel', this.controls),
      probe('detector', this.exposures),
      worker({
        id: 'account', restore: 'lastGood', behaviour: accountBehaviour({ account: this.config.account, venue: this.config.venue }),
        input: {
          symbols: instruments.map((one) => ({ instrument: one, detectorPath: '/detector' })),
          strategyPaths: instruments.map((one) => `/${one.symbol}`), kernelPath: '/kernel',
        },
      }),
      ...instruments.map((one) => worker({ id: one.symbol, restore, behaviour: host, input: { instrument: one, accountPath: '/account' } })),
    ], this.nowUs);
  }

  get decisions(): Decision[] {
    return this.tree.decisions;
  }
  of(kind: Decision['kind']): Decision[] {
    return this.decisions.filter((decision) => decision.kind === kind);
  }
  refusals(): unknown[] {
    return this.of('refusal').map(({ data }) => data['reason']);
  }

  send(path: string, message: StrategyMessage | AccountMessage): void {
    this.tree.runtime.send(path, message);
    this.tree.runtime.drain();
  }

  /** The detector of every symbol (or one) is in this state. */
  detector(state: DetectorNotice['state'], pauses = 0, symbol?: string): void {
    this.seq += 1;
    for (const { id } of this.tree.runtime.whichChildren('/')!) {
      if (['journal', 'kernel', 'detector', 'account'].includes(id) || (symbol !== undefined && id !== symbol)) continue;
      this.send(`/${id}`, { type: 'detector', symbol: 0, state, pauses, seq: this.seq, atUs: this.nowUs });
    }
  }

  candle(overrides: Partial<CandleEdge> = {}, features: Partial<Features> = {}, symbol = 'BTCUSDT'): void {
    this.seq += 1;
    this.send(`/${symbol}`, {
      type: 'candle', symbol: 0, seq: this.seq, atUs: this.nowUs, exchUs: this.nowUs, open: 100_500, high: 102_000, low: 100_000, close: 101_900,
      volume: 5000, meanVolume60: 100, windowLow: 0, windowHigh: 0, mask: EVERYTHING, features: { ...STRONG, ...features }, ...overrides,
    });
  }

  /** Moves the clock: timers fire and orders arrive in due order. */
  wait(ms: number): void {
    const until = this.nowUs + ms * 1000;
    for (;;) {
      this.#hear();
      const order = this.#pending[0]?.dueUs ?? Infinity;
      const timer = this.tree.runtime.nextTimerUs();
      const next = Math.min(order, timer, until);
      this.tree.runtime.advanceTo(next);
      this.nowUs = next;
      this.#hear();
      while (this.#pending.length > 0 && this.#pending[0]!.dueUs <= next) this.#arrive(this.#pending.shift()!);
      if (next === until && this.tree.runtime.nextTimerUs() > until && (this.#pending[0]?.dueUs ?? Infinity) > until) return;
    }
  }

  /** Plays one market action `afterMs` later. */
  market(action: MarketAction, afterMs = 1, symbol = 0): void {
    this.wait(afterMs);
    const [market, matcher] = [this.markets[symbol]!, this.matchers[symbol]!];
    market.play(action, () => {
      if (!matcher.active) return;
      matcher.record(market.batch.F, market.batch.I, 0, this.nowUs, market);
      this.#pass(matcher);
    });
  }
  trade(ticks: number, lots = 1_000_000, takerSold = true, afterMs = 1, symbol = 0): void {
    this.market({ do: 'trade', ticks, lots, takerSold }, afterMs, symbol);
  }

  crash(path: string): void {
    this.tree.runtime.crash(path);
    this.tree.runtime.drain();
  }

  #hear(): void {
    for (; this.#heard < this.controls.length; this.#heard += 1) this.#pending.push(this.controls[this.#heard]!);
    this.#pending.sort((a, b) => a.dueUs - b.dueUs);
  }
  #arrive(control: VenueControl): void {
    const matcher = this.matchers[control.symbol]!;
    matcher.control(control, this.seq, this.nowUs, this.markets[control.symbol]!);
    this.#pass(matcher);
  }
  #pass(matcher: SimulatedMatcher): void {
    for (const event of matcher.events.splice(0)) this.send('/account', event);
  }
}
