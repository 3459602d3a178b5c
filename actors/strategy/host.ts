/**
 * The strategy host: an actor that runs one strategy on one symbol and enforces its contract. It shows the strategy only
 * declared streams and features, carries out only declared intents, blocks entries unless the detector is ACTIVE and
 * nothing pauses it, applies the policies for lost feeds and disabled trading, and journals entries and refusals.
 */
import type { VenueParams } from '../../config/index.js';
import type { Instrument } from '../../data/records/index.js';
import type { ActorContext, Behaviour } from '../../runtime/index.js';
import type { AccountMessage, AccountReply, ExitPurpose } from '../account/messages.js';
import type { DetectorNotice, DetectorStateName } from '../detector/messages.js';
import { decide } from '../journal/decide.js';
import { Pause, PAUSE_NAMES, type BookEdge, type CandleEdge, type Features, type LevelEdge } from '../market/messages.js';
import { contractProblems, TOLERABLE_PAUSES, type Intent, type IntentKind, type LossPolicy, type StrategyContract, type StrategyEvent, type StrategyView } from './contract.js';

export type StrategyMessage =
  | CandleEdge | LevelEdge | BookEdge | DetectorNotice | AccountReply
  | { readonly type: 'strategy.timer'; readonly key: string };

/** What a supervisor tells a host. */
export interface StrategyInput {
  readonly instrument: Instrument;
  readonly accountPath: string;
  /** Tells ids of this run from those of others, where some outlive it. */
  readonly idMark?: string;
  readonly journalPath?: string;
}

export interface HostParameters<Params> {
  readonly strategy: Params;
  readonly venue: Pick<VenueParams, 'entryLatencyMs'>;
}

export interface HostState<S> {
  readonly input: StrategyInput;
  readonly strategy: S;
  readonly seq: number;
  readonly detector: DetectorStateName;
  /** Without those the strategy tolerates. */
  readonly pauses: number;
  /** The book as far as it was heard of; a tape without books never says. */
  readonly bookUp: boolean;
  readonly tradingEnabled: boolean;
  /** Entries asked for or working, oldest first. */
  readonly entries: readonly string[];
  readonly idPrefix: string;
  /** Entries refused, by reason, in order of first appearance. */
  readonly refusals: Readonly<Record<string, number>>;
  /** Intents outside the contract. */
  readonly violations: number;
}

const FEED_PAUSES = Pause.GAP | Pause.STALE;

/**
 * Builds the host of one strategy.
 * @throws TypeError when the contract is unsound or the parameters are outside the declared ranges.
 */
export function strategyHost<Params, S, F extends keyof Features>(
  contract: StrategyContract<Params, S, F>,
  parameters: HostParameters<Params>,
): Behaviour<HostState<S>, StrategyMessage, StrategyInput> {
  const problems = contractProblems(contract as StrategyContract<never, unknown, never>);
  const parsed = contract.parameters.safeParse(parameters.strategy);
  if (!parsed.success) problems.push(...parsed.error.issues.map((issue) => `parameter ${issue.path.join('.')}: ${issue.message}`));
  if (!parsed.success || problems.length > 0) throw new TypeError(`strategy ${contract.name}: ${problems.join('; ')}`);
  const params = parsed.data;
  const tolerated = contract.toleratedPauses?.(params) ?? 0;
  const entersIn: readonly DetectorStateName[] = contract.entersIn ?? ['ACTIVE'];
  if ((tolerated & ~TOLERABLE_PAUSES) !== 0) throw new TypeError(`strategy ${contract.name}: tolerates a pause that nobody may trade through`);
  const latencyUs = parameters.venue.entryLatencyMs * 1000;

  type State = HostState<S>;
  type Context = ActorContext<StrategyMessage>;

  const feedUp = (state: State): boolean => state.bookUp && (state.pauses & FEED_PAUSES) === 0;

  function toAccount(state: State, ctx: Context, message: AccountMessage): void {
    ctx.send(ctx.ref<AccountMessage>(state.input.accountPath), message);
  }

  function refuse(state: State, reason: string, data: Readonly<Record<string, string | number | boolean | null>>, ctx: Context): State {
    decide(ctx, 'refusal', state.input.instrument.index, state.seq, { strategy: contract.name, reason, ...data }, state.input.journalPath);
    return { ...state, refusals: { ...state.refusals, [reason]: (state.refusals[reason] ?? 0) + 1 } };
  }

  // -------------------------------------------------------------- intents

  /** Why the host will not carry out an intent whatever the strategy thinks; undefined when it will. */
  function violation(state: State, intent: Intent): string | undefined {
    if (intent.kind === 'timer' || intent.kind === 'stopTimer' || intent.kind === 'refuse') return undefined;
    if (!contract.intents.includes(intent.kind satisfies IntentKind)) return 'undeclared_intent';
    return intent.kind !== 'cancel' && !intent.id.startsWith(state.idPrefix) ? 'foreign_order_id' : undefined;
  }

  function entryBlocked(state: State): string | undefined {
    if (!entersIn.includes(state.detector)) return 'not_active';
    if (state.pauses !== 0) return `paused_${firstPause(state.pauses)}`;
    if (!state.bookUp) return 'feed_lost';
    return state.tradingEnabled ? undefined : 'trading_disabled';
  }

  function carryOut(state: State, intent: Intent, ctx: Context): State {
    const broken = violation(state, intent);
    if (broken !== undefined) {
      return refuse({ ...state, violations: state.violations + 1 }, broken, { intent: intent.kind }, ctx);
    }
    const dueUs = ctx.nowUs() + latencyUs;
    switch (intent.kind) {
      case 'enterLong':
      case 'enterShort': {
        const blocked = entryBlocked(state);
        if (blocked !== undefined) {
          return step(refuse(state, blocked, { id: intent.id }, ctx), { type: 'refused', id: intent.id, tradeId: intent.id, reason: blocked }, ctx);
        }
        const { id, order, priceTicks, timeInForce, equityShare } = intent;
        decide(ctx, 'entry', state.input.instrument.index, state.seq, {
          strategy: contract.name, version: contract.version, id, side: sideOf(intent.kind), order, priceTicks, ...intent.data,
        }, state.input.journalPath);
        toAccount(state, ctx, {
          type: 'entry.request', id, owner: ctx.path, strategy: contract.name, symbol: state.input.instrument.index, side: sideOf(intent.kind),
          kind: order, priceTicks, timeInForce, equityShare, seq: state.seq, dueUs,
        });
        return { ...state, entries: [...state.entries, id] };
      }
      case 'exit': {
        const { id, tradeId, order, priceTicks, lots, timeInForce, purpose } = intent;
        toAccount(state, ctx, {
          type: 'exit.request', id, tradeId, owner: ctx.path, kind: order, priceTicks, lots, timeInForce, purpose, seq: state.seq, dueUs,
        });
        return state;
      }
      case 'cancel':
        toAccount(state, ctx, { type: 'cancel.request', id: intent.id, owner: ctx.path, seq: state.seq, dueUs });
        return state;
      case 'timer':
        ctx.startTimer(intent.key, intent.delayMs, { type: 'strategy.timer', key: intent.key });
        return state;
      case 'stopTimer':
        ctx.cancelTimer(intent.key);
        return state;
      case 'refuse':
        return refuse(state, intent.reason, intent.data, ctx);
    }
  }

  /** Shows the strategy one event and carries out what it wants. */
  function step(state: State, event: StrategyEvent<F>, ctx: Context): State {
    const view: StrategyView<Params> = {
      params, instrument: state.input.instrument, nowUs: ctx.nowUs(), detector: state.detector, pauses: state.pauses, feedUp: feedUp(state),
      tradingEnabled: state.tradingEnabled, idPrefix: state.idPrefix,
    };
    const { state: strategy, intents } = contract.decide(state.strategy, event, view);
    let next: State = { ...state, strategy };
    for (const intent of intents) next = carryOut(next, intent, ctx);
    return next;
  }

  // -------------------------------------------------------------- policies

  function cancelEntries(state: State, ctx: Context): void {
    for (const id of state.entries) {
      toAccount(state, ctx, { type: 'cancel.request', id, owner: ctx.path, seq: state.seq, dueUs: ctx.nowUs() + latencyUs });
    }
  }

  function apply(policy: LossPolicy, purpose: ExitPurpose, state: State, ctx: Context): void {
    if (policy === 'cancelEntries') cancelEntries(state, ctx);
    else if (policy === 'flatten') toAccount(state, ctx, { type: 'flatten.request', owner: ctx.path, purpose, seq: state.seq });
  }

  /** Feed flags may change with a notice or a book edge; the policy applies once, when the feed goes. */
  function feedChanged(before: State, after: State, ctx: Context): State {
    const up = feedUp(after);
    if (feedUp(before) === up) return after;
    if (!up) apply(contract.onFeedLost, 'feed_lost', after, ctx);
    return step(after, { type: 'feed', up }, ctx);
  }

  function detectorChanged(state: State, notice: DetectorNotice, ctx: Context): State {
    const pauses = notice.pauses & ~tolerated;
    const next: State = { ...state, detector: notice.state, pauses };
    if (notice.state === 'SHUTDOWN') {
      toAccount(next, ctx, { type: 'flatten.request', owner: ctx.path, purpose: 'shutdown', seq: next.seq });
    } else if ((entersIn.includes(state.detector) && !entersIn.includes(notice.state)) || (state.pauses === 0 && pauses !== 0)) {
      // Entries are blocked from now on: one that rests could still fill.
      cancelEntries(next, ctx);
    }
    return feedChanged(state, step(next, { type: 'detector', state: notice.state, pauses }, ctx), ctx);
  }

  function accountReplied(state: State, message: AccountReply, ctx: Context): State {
    switch (message.type) {
      case 'entry.granted':
        return step(state, { type: 'granted', id: message.id, lots: message.lots }, ctx);
      case 'entry.refused':
        return step(
          refuse(withoutEntry(state, message.id), message.reason, { id: message.id }, ctx),
          { type: 'refused', id: message.id, tradeId: message.id, reason: message.reason },
          ctx,
        );
      case 'exit.refused':
        return step(state, { type: 'refused', id: message.id, tradeId: message.tradeId, reason: message.reason }, ctx);
      case 'venue': {
        const { event, tradeId, purpose } = message;
        const ended = event.type === 'order.canceled' || event.type === 'order.rejected' || (event.type === 'order.fill' && event.remainingLots === 0);
        return step(ended ? withoutEntry(state, event.id) : state, { type: 'venue', tradeId, purpose, event }, ctx);
      }
      case 'trade.closed':
        return step(state, { type: 'closed', tradeId: message.tradeId, filledLots: message.filledLots, profitable: message.profitable }, ctx);
      case 'trading': {
        const next = { ...state, tradingEnabled: message.enabled };
        if (state.tradingEnabled && !message.enabled) apply(contract.onTradingDisabled, 'trading_disabled', next, ctx);
        return step(next, { type: 'trading', enabled: message.enabled }, ctx);
      }
    }
  }

  function shown(features: Features): Pick<Features, F> {
    const picked: Partial<Record<F, number>> = {};
    for (const name of contract.inputs.features) picked[name] = features[name];
    return Object.freeze(picked) as Pick<Features, F>;
  }

  function handle(state: State, message: StrategyMessage, ctx: Context): State {
    const { streams } = contract.inputs;
    switch (message.type) {
      case 'candle':
        return streams.includes('candles') ? step(state, { ...message, features: shown(message.features) }, ctx) : state;
      case 'level':
        return streams.includes('levels') ? step(state, { ...message, features: shown(message.features) }, ctx) : state;
      case 'book': {
        const next = feedChanged(state, { ...state, bookUp: message.to === 'LIVE' || message.to === 'SYNCING' }, ctx);
        return streams.includes('books') ? step(next, message, ctx) : next;
      }
      case 'detector':
        return detectorChanged(state, message, ctx);
      case 'strategy.timer':
        return step(state, { type: 'timer', key: message.key }, ctx);
      default:
        return accountReplied(state, message, ctx);
    }
  }

  return {
    name: `strategy ${contract.name}`,
    version: contract.version,
    init(ctx, input) {
      const { symbols } = contract.inputs;
      const name = input.instrument.symbol;
      if (symbols !== 'any' && !symbols.includes(name)) throw new TypeError(`strategy ${contract.name} is not made for ${name}`);
      const state: State = {
        input,
        strategy: contract.init(params, input.instrument),
        seq: -1,
        detector: 'SLEEP',
        pauses: 0,
        bookUp: true,
        tradingEnabled: true,
        entries: [],
        // By the actor, not by the symbol: two venues on one tape may trade the same symbol.
        idPrefix: `${ctx.path.slice(ctx.path.lastIndexOf('/') + 1)}.${contract.name}.${input.idMark ?? ''}${ctx.incarnation}-`,
        refusals: {},
        violations: 0,
      };
      if (ctx.incarnation > 1 && contract.onRestart === 'flatten') {
        toAccount(state, ctx, { type: 'flatten.request', owner: ctx.path, purpose: 'restart', seq: -1 });
      }
      return state;
    },
    step(state, message, ctx) {
      const seq = 'seq' in message ? Math.max(message.seq, state.seq) : state.seq;
      return handle(seq === state.seq ? state : { ...state, seq }, message, ctx);
    },
  };
}

const sideOf = (kind: 'enterLong' | 'enterShort'): 'buy' | 'sell' => (kind === 'enterLong' ? 'buy' : 'sell');

function withoutEntry<S>(state: HostState<S>, id: string): HostState<S> {
  return state.entries.includes(id) ? { ...state, entries: state.entries.filter((entry) => entry !== id) } : state;
}

function firstPause(pauses: number): string {
  return PAUSE_NAMES.find((_, bit) => (pauses & (1 << bit)) !== 0) ?? 'unknown';
}

