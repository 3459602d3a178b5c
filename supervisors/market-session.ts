import { accountBehaviour, eagerStrategy, journalBehaviour, percentileStrategy, strategyHost } from '../actors/index.js';
import type { AccountInput } from '../actors/account/messages.js';
import { ACCOUNT_PATH } from '../actors/engine/paths.js';
import { openLots, type Trade } from '../actors/account/trade.js';
import { detectorBehaviour } from '../actors/detector/detector.js';
import type { DetectorMemory } from '../actors/detector/messages.js';
import { detectorKey } from '../actors/detector/rows.js';
import { marketKernel } from '../actors/market/index.js';
import type { KernelPort, MarketKernelInput } from '../actors/market/index.js';
import { paramsForSymbol } from '../config/indicators.js';
import type { Config } from '../config/index.js';
import type { Instrument } from '../data/records/index.js';
import { type Holdings, matcherHolding, type MatcherSnapshot } from '../actors/venue/matcher.js';
import { supervisor, worker } from '../runtime/index.js';
import { instanceNames } from './instance-names.js';
import type { ChildSpec, SupervisorSpec } from '../runtime/index.js';

/** Restarts that a group of actors may need before its supervisor gives up. */
export const INTENSITY = { restarts: 20, withinMs: 10_000 } as const;
export const LAST_GOOD = { restart: 'permanent', restore: 'lastGood' } as const;

/** Paths of a session's actors that others, and people, address. */
export const detectorPath = (symbol: string): string => `/market/detectors/${symbol}`;
export const strategyPath = (symbol: string): string => `/trading/strategies/${symbol}`;

export interface SessionOptions {
  readonly onKernel?: MarketKernelInput['onKernel'];
  /** Placement `ring`: what looks like one kernel, and the actors of the lanes' threads. Without it the kernel runs inline. */
  readonly lanes?: { readonly kernel: KernelPort; readonly children: readonly ChildSpec[] };
  /** Where the account's orders go; the kernel's simulated venue unless told otherwise. */
  readonly orderPath?: string;
  /** Who is told of the state of books besides the strategies. */
  readonly bookPath?: (symbol: number) => string;
  /** Who is told the prices of every edge. */
  readonly pricesTo?: readonly string[];
  /** Who is asked before anything opens. */
  readonly risk?: NonNullable<AccountInput['risk']>;
  /** Who may close any trade, because it protects them all. */
  readonly guardPath?: string;
  /** Engine: what the account writes down and begins with. */
  readonly record?: NonNullable<AccountInput['record']>;
  /** Engine: what detectors were, by the keys of their rows. */
  readonly memories?: ReadonlyMap<string, DetectorMemory>;
}

/**
 * A market session: one kernel for all symbols, a detector and a strategy a symbol, one account, one journal.
 *
 *   /journal               every decision, in order, with its digest
 *   /market                rest for one: without a kernel nobody detects
 *     lanes/N              threads that keep books and indicators, where the placement is `ring`
 *     kernel               books, candles, indicators, the venue's matching half
 *     detectors/SYMBOL     SLEEP, ALERT, ACTIVE, RECOVERY
 *   /trading               rest for one: without an account nobody trades
 *     account              risk gate and ledger
 *     strategies/SYMBOL    entries and exits
 *
 * Everything comes back with its last good state, so a crash between turns changes no decision.
 */
export function marketSession(instruments: readonly Instrument[], config: Config, options: SessionOptions = {}): SupervisorSpec {
  const { journal, market, account, strategies } = sessionParts(instruments, config, options);
  return supervisor({
    id: 'session',
    strategy: 'oneForOne',
    intensity: INTENSITY,
    children: [journal, market, supervisor({ id: 'trading', strategy: 'restForOne', intensity: INTENSITY, children: [account, strategies] })],
  });
}

/** What every session has, live or not. */
export interface SessionParts {
  readonly journal: ChildSpec;
  readonly market: ChildSpec;
  readonly account: ChildSpec;
  readonly strategies: ChildSpec;
}

/** The parts of a market session, for the tree that they stand in. */
export function sessionParts(instruments: readonly Instrument[], config: Config, { onKernel, lanes, orderPath, bookPath, pricesTo, risk, guardPath, record, memories }: SessionOptions = {}): SessionParts {
  const nameOf = instanceNames(instruments);
  const { trading, indicators } = config;
  // The venue is not ours to lose: a kernel that comes back with nothing finds its orders where they were.
  // Nor is it a new one for a new run: what our trades hold there is held. Orders that rested end with the process.
  const holdings = record === undefined || record.truth ? {} : holdingsOf(record.recovered.trades);
  const matchers = new Map(instruments.map(({ index }) => [index, matcherHolding(trading.venue, index, holdings)]));
  const kernel = worker({
    id: 'kernel',
    ...LAST_GOOD,
    behaviour: marketKernel,
    mailbox: { capacity: 4096 },
    input: {
      instruments,
      params: ({ symbol }) => paramsForSymbol(indicators, symbol),
      makeMatcher: (symbol) => matchers.get(symbol)!,
      ...(onKernel === undefined ? {} : { onKernel }),
      ...(lanes === undefined ? {} : { lanes: lanes.kernel }),
      routes: {
        levelTo: (symbol) => detectorPath(nameOf.get(symbol)!),
        candleTo: (symbol) => strategyPath(nameOf.get(symbol)!),
        bookTo: (symbol) => strategyPath(nameOf.get(symbol)!),
        ...(bookPath === undefined ? {} : { bookAlsoTo: bookPath }),
        ...(trading.strategy === 'eager' ? { levelAlsoTo: (symbol: number) => strategyPath(nameOf.get(symbol)!) } : {}),
        venueTo: () => ACCOUNT_PATH,
        ...(pricesTo === undefined ? {} : { pricesTo }),
      },
    },
  });
  const detectors = instruments.map((instrument) => {
    const name = nameOf.get(instrument.index)!;
    return worker({
      id: name,
      ...LAST_GOOD,
      // SHUTDOWN is its normal end: a detector that was told to stop must not come back.
      restart: 'transient',
      behaviour: detectorBehaviour(trading.detector),
      input: {
        symbol: instrument.index, name, listeners: [strategyPath(name)],
        ...(record === undefined ? {} : { recordKey: detectorKey(instrument), ...(memories?.get(detectorKey(instrument)) === undefined ? {} : { memory: memories.get(detectorKey(instrument))! }) }),
      },
    });
  });
  const account = worker({
    id: 'account',
    ...LAST_GOOD,
    behaviour: accountBehaviour(trading),
    mailbox: { capacity: 8192 },
    input: {
      symbols: instruments.map((instrument) => ({ instrument, detectorPath: detectorPath(nameOf.get(instrument.index)!) })),
      strategyPaths: [...nameOf.values()].map(strategyPath),
      ...(orderPath === undefined ? {} : { kernelPath: orderPath }),
      ...(risk === undefined ? {} : { risk }),
      ...(guardPath === undefined ? {} : { guardPath }),
      ...(record === undefined ? {} : { record }),
    },
  });
  const strategies = instruments.map((instrument) => {
    const child = { id: nameOf.get(instrument.index)!, ...LAST_GOOD, input: { instrument, accountPath: ACCOUNT_PATH, ...(record === undefined ? {} : { idMark: record.mark }) } };
    if (trading.strategy === 'eager') return worker({ ...child, behaviour: strategyHost(eagerStrategy(), { strategy: trading.eager, venue: trading.venue }) });
    const percentile = percentileStrategy({ score: trading.score, anchors: paramsForSymbol(indicators, instrument.symbol) });
    return worker({ ...child, behaviour: strategyHost(percentile, { strategy: trading.percentile, venue: trading.venue }) });
  });
  return {
    journal: worker({ id: 'journal', ...LAST_GOOD, behaviour: journalBehaviour(), mailbox: { capacity: 65_536, overflow: 'fail' } }),
    market: supervisor({
      id: 'market',
      strategy: 'restForOne',
      intensity: INTENSITY,
      children: [
        ...(lanes === undefined ? [] : [supervisor({ id: 'lanes', strategy: 'oneForOne', intensity: INTENSITY, children: lanes.children })]),
        kernel,
        supervisor({ id: 'detectors', strategy: 'oneForOne', intensity: INTENSITY, children: detectors }),
      ],
    }),
    account,
    strategies: supervisor({ id: 'strategies', strategy: 'oneForOne', intensity: INTENSITY, children: strategies }),
  };
}

/** What a simulated venue holds of trades. */
export function holdingsOf(trades: readonly Trade[]): Holdings {
  return Object.fromEntries([...new Set(trades.map(({ symbol }) => symbol))].map((symbol) => [symbol, holdingOnly(trades.filter((trade) => trade.symbol === symbol))]));
}

/** A simulated venue with the positions of trades and nothing else. */
function holdingOnly(trades: readonly Trade[]): MatcherSnapshot {
  return {
    netLots: trades.reduce((sum, trade) => sum + (trade.side === 'buy' ? openLots(trade) : -openLots(trade)), 0), buys: [], sells: [], stops: [], early: [], ids: trades.map(({ id }) => id),
    entries: trades.map((trade) => ({ id: trade.id, buys: trade.side === 'buy', filled: trade.filledLots, closed: trade.closedLots + trade.writtenOffLots })),
    taken: [], takenSeq: -1, tradeKind: 0, creditedBuys: 0, creditedSells: 0,
  };
}
