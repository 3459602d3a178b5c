/**
 * The percentile strategy, FORMULAS 4.5: after a violent bullish second, bid at the 20th percentile of that candle's range
 * and sell at its 80th. docs/strategies.md says what each step is, where it comes from and why.
 */
import { percentileSchema, type PercentileParams, type ScoreParams } from '../../config/index.js';
import { Pause, type CandleEdge, type Features } from '../market/messages.js';
import { SCORE_FEATURES, scoreEntry, type Score, type ScoreAnchors } from '../score/score.js';
import type { ExitPurpose } from '../account/messages.js';
import type { VenueEvent } from '../venue/messages.js';
import type { Intent, IntentData, StrategyContract, StrategyDecision, StrategyEvent, StrategyView } from './contract.js';

const FEATURES = [...SCORE_FEATURES, 'bestBidTicks', 'bestAskTicks'] as const satisfies readonly (keyof Features)[];
type Feature = (typeof FEATURES)[number];
type Candle = Omit<CandleEdge, 'features'> & { readonly features: Pick<Features, Feature> };
type View = StrategyView<PercentileParams>;
type Decision = StrategyDecision<PercentileState>;

export interface PercentileTrade {
  readonly id: string;
  /** Of the frozen candle: where we sell. */
  readonly targetTicks: number;
  readonly lots: number;
  readonly filledLots: number;
  readonly closedLots: number;
  readonly entryDone: boolean;
  /** Filled lots that have a target working or had one. */
  readonly coveredLots: number;
  readonly entryTicks: number;
  readonly stopId: string | null;
  /** A market exit is on its way: nothing else is sent. */
  readonly leaving: ExitPurpose | null;
}

export interface PercentileState {
  /** R/L of the bullish candles since the last extremum, oldest first. */
  readonly ranges: readonly number[];
  readonly quietUntilUs: number;
  readonly trades: Readonly<Record<string, PercentileTrade>>;
  readonly nextId: number;
}

export interface PercentileScoring {
  readonly anchors: ScoreAnchors;
  readonly score: ScoreParams;
}

const NOTHING: readonly Intent[] = [];

/** Median of the values; NaN for none. */
function medianOf(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Quote value of a volume, for a filter: an ordinary double will do. */
function notionalOf(lots: number, ticks: number, view: View): number {
  const { lotSize, tickSize, multiplier, product } = view.instrument;
  const quantity = lots * Number(lotSize) * Number(multiplier);
  return product === 'inverse' ? quantity : quantity * ticks * Number(tickSize);
}

/** The strategy for one set of scoring rules; the anchors are the indicators' own thresholds. */
export function percentileStrategy(scoring: PercentileScoring): StrategyContract<PercentileParams, PercentileState, Feature> {
  return {
    name: 'percentile',
    version: 1,
    inputs: { symbols: 'any', streams: ['candles'], features: FEATURES },
    parameters: percentileSchema,
    intents: ['enterLong', 'exit', 'cancel'],
    // Post-only entries and targets do not pay the spread; at market it is the price of everything.
    toleratedPauses: ({ orderType }) => (orderType === 'limit' ? Pause.SPREAD : 0),
    onFeedLost: 'cancelEntries',
    onTradingDisabled: 'cancelEntries',
    onRestart: 'flatten',
    init: () => ({ ranges: [], quietUntilUs: 0, trades: {}, nextId: 1 }),
    decide: (state, event, view) => decideOn(state, event, view, scoring),
  };
}

function decideOn(state: PercentileState, event: StrategyEvent<Feature>, view: View, scoring: PercentileScoring): Decision {
  switch (event.type) {
    case 'candle':
      return onCandle(state, event, view, scoring);
    case 'granted':
      return onGranted(state, event.id, event.lots, view);
    case 'refused':
      // An entry that was refused opened nothing; an exit that was refused has no trade left to close.
      return { state: withoutTrade(state, event.tradeId), intents: stopTimers(event.tradeId) };
    case 'venue':
      return onVenue(state, event.tradeId, event.purpose, event.event, view);
    case 'closed':
      return onClosed(state, event.tradeId, event.filledLots > 0 && !event.profitable, view);
    case 'timer':
      return onTimer(state, event.key, view);
    default:
      return { state, intents: NOTHING };
  }
}

// ---------------------------------------------------------------- entries

function onCandle(state: PercentileState, candle: Candle, view: View, scoring: PercentileScoring): Decision {
  const { params } = view;
  const range = candle.high - candle.low;
  if (!(range > 0) || !(candle.low > 0)) return { state, intents: NOTHING };
  const extremum = (candle.windowLow > 0 && candle.low < candle.windowLow) || (candle.windowHigh > 0 && candle.high > candle.windowHigh);
  const before = extremum ? [] : state.ranges;
  const share = range / candle.low;
  const next: PercentileState = { ...state, ranges: [...before, share].slice(-params.rangeBufferCandles) };
  // Outside ACTIVE a candle only feeds the buffer: it was no candidate, and nothing is logged.
  if (view.detector !== 'ACTIVE') return { state: next, intents: NOTHING };

  const entryTicks = Math.floor(candle.low + params.entryFraction * range);
  const targetTicks = Math.ceil(candle.low + params.targetFraction * range);
  const median = before.length >= params.rangeMedianMinCandles ? medianOf(before) : Number.NaN;
  const score = scoreEntry(candle.features, candle.mask, scoring.anchors, scoring.score);
  const facts: IntentData = {
    low: candle.low, high: candle.high, close: candle.close, volume: candle.volume, rangeShare: share, score: score.total, bar: score.bar,
    degraded: score.degraded, candleUs: candle.exchUs,
  };
  const reason = refusalOf(state, candle, view, scoring, { share, median, score, entryTicks, targetTicks });
  if (reason !== undefined) return { state: next, intents: [{ kind: 'refuse', reason, data: facts }] };

  const id = `${view.idPrefix}${state.nextId}`;
  const trade: PercentileTrade = {
    id, targetTicks, lots: 0, filledLots: 0, closedLots: 0, entryDone: false, coveredLots: 0, entryTicks: 0, stopId: null, leaving: null,
  };
  const market = params.orderType === 'market';
  return {
    state: {
      ...next,
      nextId: state.nextId + 1,
      quietUntilUs: Math.max(state.quietUntilUs, view.nowUs + params.cooldownSeconds * 1e6),
      trades: { ...state.trades, [id]: trade },
    },
    intents: [{
      kind: 'enterLong', id, order: params.orderType, priceTicks: market ? candle.close : entryTicks, timeInForce: market ? 'IOC' : 'GTX',
      equityShare: params.equityShare, data: { ...facts, targetTicks, extremumReset: extremum },
    }],
  };
}

interface Candidate {
  readonly share: number;
  /** Of the candles before this one; NaN while there are too few. */
  readonly median: number;
  readonly score: Score;
  readonly entryTicks: number;
  readonly targetTicks: number;
}

/** The first reason against an entry, in the order of FORMULAS 4.5; undefined when there is none. */
function refusalOf(state: PercentileState, candle: Candle, view: View, scoring: PercentileScoring, candidate: Candidate): string | undefined {
  const { params } = view;
  const { features } = candle;
  const { share, median, score, entryTicks, targetTicks } = candidate;
  if (view.pauses !== 0) return 'paused';
  if (!view.feedUp) return 'feed_lost';
  if (!view.tradingEnabled) return 'trading_disabled';
  if (share < params.minRangeShare || targetTicks <= entryTicks) return 'range';
  if (share <= median) return 'range_below_median';
  if (!(candle.volume > params.volumeMultiplier * candle.meanVolume60)) return 'volume';
  if (notionalOf(candle.volume, candle.close, view) < params.minVolumeNotional) return 'volume_minimum';
  if (!score.passed) return 'score';
  if (view.nowUs < state.quietUntilUs) return 'cooldown';
  // A tape without a book cannot say: the check abstains.
  const liquidity = (features.depthBid + features.depthAsk) * scoring.anchors.usdPerQuote;
  if (liquidity < scoring.anchors.depthMinUsd) return 'liquidity';
  // Without quotes the close stands for the ask.
  const ask = features.bestAskTicks > 0 ? features.bestAskTicks : candle.close;
  if (params.orderType === 'limit' && entryTicks >= ask) return 'would_take';
  return undefined;
}

function onGranted(state: PercentileState, id: string, lots: number, view: View): Decision {
  const trade = state.trades[id];
  if (trade === undefined) return { state, intents: NOTHING };
  return {
    state: withTrade(state, { ...trade, lots }),
    intents: view.params.orderType === 'limit' ? [{ kind: 'timer', key: `ttl ${id}`, delayMs: view.params.timeToLiveMs }] : NOTHING,
  };
}

// ---------------------------------------------------------------- open trades

function onVenue(state: PercentileState, tradeId: string, purpose: 'entry' | ExitPurpose, event: VenueEvent, view: View): Decision {
  const trade = state.trades[tradeId];
  if (trade === undefined || event.type === 'order.accepted') return { state, intents: NOTHING };
  if (purpose === 'entry') return onEntryEvent(state, trade, event, view);
  if (event.type === 'order.fill') {
    const closed: PercentileTrade = { ...trade, closedLots: trade.closedLots + event.lots };
    // Once the position is being closed, the rest of the entry must not open more of it.
    const leaves = purpose !== 'target' && !trade.entryDone;
    return { state: withTrade(state, closed), intents: leaves ? [{ kind: 'cancel', id: trade.id }] : NOTHING };
  }
  const gone: PercentileTrade = event.id === trade.stopId ? { ...trade, stopId: null } : trade;
  if (openLots(gone) === 0 || event.reason === 'nothing_to_reduce') return { state: withTrade(state, gone), intents: NOTHING };
  // The target was refused because the price is already there: take it.
  if (purpose === 'target' && event.type === 'order.rejected') return leave(state, gone, 'target', view);
  if (purpose === 'target') return { state: withTrade(state, gone), intents: NOTHING };
  // A stop or a market exit that the venue could not carry out: try again, the position is unprotected.
  return {
    state: withTrade(state, { ...gone, leaving: gone.leaving ?? purpose }),
    intents: [{ kind: 'timer', key: `retry ${trade.id}`, delayMs: view.params.exitRetryMs }],
  };
}

function onEntryEvent(state: PercentileState, trade: PercentileTrade, event: VenueEvent, view: View): Decision {
  const { params } = view;
  const filled: PercentileTrade =
    event.type === 'order.fill'
      ? {
          ...trade,
          filledLots: trade.filledLots + event.lots,
          entryDone: event.remainingLots === 0,
          // The highest fill: a market entry walks up, and its stop must not lie below what the rule allows.
          entryTicks: Math.max(trade.entryTicks, event.priceTicks),
        }
      : { ...trade, entryDone: true };
  const intents: Intent[] = filled.entryDone ? [{ kind: 'stopTimer', key: `ttl ${trade.id}` }] : [];
  // Anew when a target has closed all there was and the entry fills again: nothing stays open without its time exit.
  if (openLots(trade) === 0 && openLots(filled) > 0 && params.timeExitEnabled) {
    intents.push({ kind: 'timer', key: `hold ${trade.id}`, delayMs: params.maxHoldSeconds * 1000 });
  }
  const uncovered = filled.filledLots - filled.coveredLots;
  // A market entry is one burst of fills; its exits wait for the end of it.
  if (uncovered <= 0 || (params.orderType === 'market' && !filled.entryDone)) return { state: withTrade(state, filled), intents };
  if (filled.leaving !== null) {
    const left = leave(state, { ...filled, leaving: null }, filled.leaving, view);
    return { state: left.state, intents: [...intents, ...left.intents] };
  }
  let nextId = state.nextId;
  let stopId = filled.stopId;
  if (params.stopEnabled && stopId === null) {
    stopId = `${view.idPrefix}${nextId}`;
    nextId += 1;
    intents.push({
      kind: 'exit', id: stopId, tradeId: trade.id, order: 'stop', priceTicks: Math.max(1, Math.floor(filled.entryTicks * (1 - params.stopShare))),
      // The venue fills no more than the entry has open, so one stop serves all its fills.
      lots: filled.lots, timeInForce: 'GTC', purpose: 'stop',
    });
  }
  intents.push({
    kind: 'exit', id: `${view.idPrefix}${nextId}`, tradeId: trade.id, order: 'limit', priceTicks: filled.targetTicks, lots: uncovered,
    timeInForce: 'GTX', purpose: 'target',
  });
  return { state: { ...withTrade(state, { ...filled, stopId, coveredLots: filled.filledLots }), nextId: nextId + 1 }, intents };
}

/** Sends a market exit for all that is open; targets and the stop die at the venue when nothing is left to reduce. */
function leave(state: PercentileState, trade: PercentileTrade, purpose: ExitPurpose, view: View): Decision {
  const lots = openLots(trade);
  if (lots <= 0) return { state: withTrade(state, trade), intents: NOTHING };
  const intents: Intent[] = trade.entryDone ? [] : [{ kind: 'cancel', id: trade.id }];
  intents.push({
    kind: 'exit', id: `${view.idPrefix}${state.nextId}`, tradeId: trade.id, order: 'market', priceTicks: 0, lots, timeInForce: 'IOC', purpose,
  });
  return {
    state: { ...withTrade(state, { ...trade, leaving: purpose, coveredLots: trade.filledLots }), nextId: state.nextId + 1 },
    intents,
  };
}

function onTimer(state: PercentileState, key: string, view: View): Decision {
  const space = key.indexOf(' ');
  const trade = state.trades[key.slice(space + 1)];
  if (trade === undefined) return { state, intents: NOTHING };
  switch (key.slice(0, space)) {
    case 'ttl':
      return { state, intents: trade.entryDone ? NOTHING : [{ kind: 'cancel', id: trade.id }] };
    case 'hold':
      return trade.leaving === null ? leave(state, trade, 'time', view) : { state, intents: NOTHING };
    case 'retry':
      return leave(state, trade, trade.leaving ?? 'stop', view);
    default:
      return { state, intents: NOTHING };
  }
}

function onClosed(state: PercentileState, tradeId: string, lost: boolean, view: View): Decision {
  const next = withoutTrade(state, tradeId);
  const quietUntilUs = lost ? Math.max(next.quietUntilUs, view.nowUs + view.params.cooldownAfterLossSeconds * 1e6) : next.quietUntilUs;
  return { state: { ...next, quietUntilUs }, intents: stopTimers(tradeId) };
}

const stopTimers = (id: string): readonly Intent[] => [
  { kind: 'stopTimer', key: `ttl ${id}` }, { kind: 'stopTimer', key: `hold ${id}` }, { kind: 'stopTimer', key: `retry ${id}` },
];

const openLots = (trade: PercentileTrade): number => trade.filledLots - trade.closedLots;

function withTrade(state: PercentileState, trade: PercentileTrade): PercentileState {
  return { ...state, trades: { ...state.trades, [trade.id]: trade } };
}

function withoutTrade(state: PercentileState, id: string): PercentileState {
  const { [id]: _gone, ...trades } = state.trades;
  return { ...state, trades };
}
