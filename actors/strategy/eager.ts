/**
 * A strategy for tests of everything below a strategy: it buys as soon as it knows a price, whatever the market does, sells a little later,
 * and begins again. It believes in nothing and loses money slowly.
 */
import { eagerSchema, type EagerParams } from '../../config/index.js';
import type { ExitPurpose } from '../account/messages.js';
import type { Features } from '../market/messages.js';
import type { VenueEvent } from '../venue/messages.js';
import type { Intent, StrategyContract, StrategyDecision, StrategyEvent, StrategyView } from './contract.js';

const FEATURES = ['bestBidTicks', 'bestAskTicks'] as const satisfies readonly (keyof Features)[];
type Feature = (typeof FEATURES)[number];
type View = StrategyView<EagerParams>;
type Decision = StrategyDecision<EagerState>;

type Exits = Exclude<EagerParams['exits'], 'turns'>;
const TURNS: readonly Exits[] = ['time', 'pair', 'late'];

export interface EagerState {
  /** Ask of the last level that had one; 0 before. */
  readonly askTicks: number;
  readonly quietUntilUs: number;
  readonly trade: { readonly id: string; readonly filledLots: number; readonly closedLots: number; readonly entryTicks: number; readonly entryDone: boolean; readonly leaving: boolean; readonly exits: Exits } | null;
  readonly nextId: number;
}

const NOTHING: readonly Intent[] = [];

export function eagerStrategy(): StrategyContract<EagerParams, EagerState, Feature> {
  return {
    name: 'eager',
    version: 1,
    inputs: { symbols: 'any', streams: ['levels'], features: FEATURES },
    parameters: eagerSchema,
    intents: ['enterLong', 'exit', 'cancel'],
    entersIn: ['SLEEP', 'ALERT', 'ACTIVE', 'RECOVERY'],
    onFeedLost: 'cancelEntries',
    onTradingDisabled: 'cancelEntries',
    onRestart: 'flatten',
    init: () => ({ askTicks: 0, quietUntilUs: 0, trade: null, nextId: 1 }),
    decide,
  };
}

function decide(state: EagerState, event: StrategyEvent<Feature>, view: View): Decision {
  switch (event.type) {
    case 'level':
      return event.features.bestAskTicks > 0 ? enter({ ...state, askTicks: event.features.bestAskTicks }, view) : { state, intents: NOTHING };
    case 'refused':
      if (event.tradeId !== state.trade?.id) return { state, intents: NOTHING };
      return event.id === event.tradeId ? pause({ ...state, trade: null }, view) : retry(state, view);
    case 'venue':
      // Trades that an earlier run left are closed by the account, and told here too.
      return event.tradeId === state.trade?.id ? onVenue(state, event.purpose, event.event, view) : { state, intents: NOTHING };
    case 'closed':
      return event.tradeId === state.trade?.id ? pause({ ...state, trade: null }, view) : { state, intents: NOTHING };
    // What kept it from entering may be over.
    case 'trading':
    case 'feed':
    case 'detector':
      return enter(state, view);
    case 'timer':
      return onTimer(state, event.key, view);
    default:
      return { state, intents: NOTHING };
  }
}

function enter(state: EagerState, view: View): Decision {
  if (state.trade !== null || state.askTicks <= 0 || view.nowUs < state.quietUntilUs || !view.feedUp || !view.tradingEnabled || view.pauses !== 0) return { state, intents: NOTHING };
  const { params } = view;
  const id = `${view.idPrefix}${state.nextId}`;
  const market = params.orderType === 'market';
  return {
    state: { ...state, nextId: state.nextId + 1, trade: { id, filledLots: 0, closedLots: 0, entryTicks: 0, entryDone: false, leaving: false, exits: exitsOf(params, state.askTicks) } },
    intents: [
      { kind: 'enterLong', id, order: params.orderType, priceTicks: state.askTicks, timeInForce: market ? 'IOC' : 'GTC', equityShare: params.equityShare, data: {} },
      { kind: 'timer', key: 'ttl', delayMs: params.timeToLiveMs },
    ],
  };
}

/** By turns is by the price: a process that dies after every trade is to meet each of them too. */
const exitsOf = ({ exits }: EagerParams, askTicks: number): Exits => (exits === 'turns' ? TURNS[askTicks % TURNS.length]! : exits);

function onVenue(state: EagerState, purpose: 'entry' | ExitPurpose, event: VenueEvent, view: View): Decision {
  const { trade } = state;
  if (trade === null || event.type === 'order.accepted') return { state, intents: NOTHING };
  if (purpose === 'entry') {
    const fill = event.type === 'order.fill' ? event : { lots: 0, priceTicks: 0, remainingLots: 0 };
    const filled = { ...trade, filledLots: trade.filledLots + fill.lots, entryTicks: Math.max(trade.entryTicks, fill.priceTicks), entryDone: fill.remainingLots === 0 };
    const intents: Intent[] = filled.entryDone ? [{ kind: 'stopTimer', key: 'ttl' }] : [];
    if (trade.filledLots === 0 && filled.filledLots > 0) {
      intents.push({ kind: 'timer', key: 'hold', delayMs: view.params.holdMs });
      if (trade.exits === 'late') intents.push({ kind: 'timer', key: 'target', delayMs: Math.ceil(view.params.holdMs / 2) });
    }
    const next = { ...state, trade: filled };
    return filled.exits === 'pair' && filled.entryDone && !trade.entryDone && filled.filledLots > 0 ? standing(next, filled, intents, view) : { state: next, intents };
  }
  if (event.type === 'order.fill') return { state: { ...state, trade: { ...trade, closedLots: trade.closedLots + event.lots } }, intents: NOTHING };
  return event.reason === 'nothing_to_reduce' ? { state, intents: NOTHING } : retry(state, view);
}

/** Its own exits that stand at the venue: the target, and with a pair the stop before it. */
function standing(state: EagerState, trade: NonNullable<EagerState['trade']>, intents: readonly Intent[], view: View): Decision {
  const { targetShare, stopShare } = view.params;
  const common = { kind: 'exit', tradeId: trade.id, lots: trade.filledLots } as const;
  const target = { ...common, order: 'limit', priceTicks: Math.ceil(trade.entryTicks * (1 + targetShare)), timeInForce: 'GTX', purpose: 'target' } as const;
  const stop = { ...common, order: 'stop', priceTicks: Math.max(1, Math.floor(trade.entryTicks * (1 - stopShare))), timeInForce: 'GTC', purpose: 'stop' } as const;
  const own = trade.exits === 'pair' ? [stop, target] : [target];
  return {
    state: { ...state, nextId: state.nextId + own.length },
    intents: [...intents, ...own.map((exit, index) => ({ ...exit, id: `${view.idPrefix}${state.nextId + index}` }))],
  };
}

function onTimer(state: EagerState, key: string, view: View): Decision {
  const { trade } = state;
  if (key === 'again') {
    const entered = enter(state, view);
    // Not now: nobody may ever tell of a level again, so it looks again.
    return entered.state === state && trade === null ? { state, intents: [{ kind: 'timer', key: 'again', delayMs: view.params.pauseMs }] } : entered;
  }
  if (trade === null) return { state, intents: NOTHING };
  if (key === 'ttl') return { state, intents: trade.entryDone ? NOTHING : [{ kind: 'cancel', id: trade.id }] };
  const lots = trade.filledLots - trade.closedLots;
  if (lots <= 0) return { state, intents: NOTHING };
  if (key === 'target') return trade.entryDone && trade.closedLots === 0 && !trade.leaving ? standing(state, trade, NOTHING, view) : { state, intents: NOTHING };
  const id = `${view.idPrefix}${state.nextId}`;
  return {
    state: { ...state, nextId: state.nextId + 1, trade: { ...trade, leaving: true } },
    intents: [
      ...(trade.entryDone ? [] : [{ kind: 'cancel', id: trade.id } as const]),
      { kind: 'exit', id, tradeId: trade.id, order: 'market', priceTicks: 0, lots, timeInForce: 'IOC', purpose: 'time' },
    ],
  };
}

/** An exit that did not come to pass is tried again. */
const retry = (state: EagerState, view: View): Decision => ({ state, intents: state.trade?.leaving === true ? [{ kind: 'timer', key: 'hold', delayMs: view.params.pauseMs }] : NOTHING });

const pause = (state: EagerState, view: View): Decision => ({
  state: { ...state, quietUntilUs: view.nowUs + view.params.pauseMs * 1000 },
  intents: [{ kind: 'stopTimer', key: 'ttl' }, { kind: 'stopTimer', key: 'hold' }, { kind: 'stopTimer', key: 'target' }, { kind: 'timer', key: 'again', delayMs: view.params.pauseMs }],
});
