/**
 * The exchange's truth about account, positions and open orders: read at the start, after every reconnect of the user stream, on suspicion and
 * on a schedule; reconciled with what orders and ledger believe; and published as fresh, stale or unknown.
 */
import type { TruthParams } from '../../config/engine/index.js';
import type { ActorContext, Behaviour } from '../../runtime/index.js';
import type { StoreRow, StoreWrite, VenueProduct } from '../engine/io.js';
import type { AccountReport, UserStreamEdge, VenueCall, VenueOutcome } from '../engine/venue-calls.js';
import { VenueInstruments, venueProductOf } from '../gateway/decode/index.js';
import { decide } from '../journal/decide.js';
import { actsAtVenue, type Difference, type Reconciliation } from './differences.js';
import {
  type LedgerAnswer, type LedgerQuestion, type OrdersAnswer, type OrdersQuestion, type StreamSilent, TRUTH_TOPIC, type TruthDifferences, type TruthInput, type TruthMessage, type TruthRefreshed,
  type TruthState, type TruthStatus,
} from './messages.js';
import { atPrice } from './dust.js';
import { withSettled, withTold } from './history.js';
import { absorb, fillWindowsOf, firstParts, newReading, type Part, queryOf, type Reading, viewOf } from './reading.js';
import { reconcile } from './reconcile.js';
import { type InProgress, judged, lookupsOf, type ProductTruth, type TruthActorState } from './state.js';
import type { LocalView, ReconcileWindow, VenueView } from './views.js';

type Context = ActorContext<TruthMessage>;

/** How long a trade may take to be told by a living stream, ms. */
const STREAM_PATIENCE_MS = 5000;
const LOCAL_TIMEOUT_MS = 2000;
/** How long the first reading waits for the user stream: one that begins before it would have to be made again. */
const STREAM_FIRST_MS = 500;
/** What was told is settled by questions of others, which take a moment: looked at so often, with a pause that doubles, before a difference counts as unsettled. */
const MOST_LOOKS = 5;
const LOOK_PAUSE_MS = 50;
/** Rows of the record a reading may write about differences. */
const MOST_ROWS = 50;
/** The newest doubts; one is enough to make a truth stale. */
const MOST_DOUBTS = 8;
/** Readings on suspicion that begin at once, one after the other. */
const MOST_HURRIED = 4;
const joined = (before: readonly string[], after: readonly string[]): readonly string[] => [...new Set([...before, ...after])].slice(-MOST_DOUBTS);

/** An account of USD-M lists positions without the price they were entered at ("0"): what the stream said of it stands while nothing else changes. */
function withEntries(read: VenueView['positions'], before: VenueView['positions']): VenueView['positions'] {
  return read.map((each) => {
    const known = each.entryPrice === '0' ? before.find(({ symbol, positionSide, signedLots }) => symbol === each.symbol && positionSide === each.positionSide && signedLots === each.signedLots) : undefined;
    return known === undefined ? each : { ...each, entryPrice: known.entryPrice };
  });
}

export function truthBehaviour(params: TruthParams): Behaviour<TruthActorState, TruthMessage, TruthInput> {
  const tables = new WeakMap<TruthInput, VenueInstruments>();
  const instrumentsOf = (input: TruthInput): VenueInstruments => {
    let found = tables.get(input);
    if (found === undefined) {
      found = new VenueInstruments(input.instruments.map(({ instrument }) => instrument));
      tables.set(input, found);
    }
    return found;
  };
  const symbolsOf = (input: TruthInput, product: VenueProduct): { readonly symbol: number; readonly name: string }[] =>
    input.instruments.filter(({ instrument }) => venueProductOf(instrument) === product).map(({ instrument }) => ({ symbol: instrument.index, name: instrument.symbol }));
  const nowMs = (ctx: Context): number => Math.floor(ctx.nowUs() / 1000);

  const put = (state: TruthActorState, truth: ProductTruth): TruthActorState => ({ ...state, products: new Map(state.products).set(truth.product, truth) });

  // ---------------------------------------------------------------- freshness

  /** Publishes when something changed, or `always`; a change is a decision and a row of the record, and so is another `cause` for what it was already. */
  function publish(state: TruthActorState, before: ProductTruth, ctx: Context, always = false, cause = false): TruthActorState {
    const now = judged(before, nowMs(ctx), params);
    const truth = { ...before, ...now };
    const changed = truth.freshness !== before.freshness;
    if (changed || always || truth.view !== state.products.get(truth.product)?.view || now.reasons.join() !== before.reasons.join()) ctx.publish(TRUTH_TOPIC, told(truth));
    if (changed || cause) {
      const reasons = now.reasons.join('; ');
      decide(ctx, 'control', -1, -1, { control: 'truth', product: truth.product, freshness: truth.freshness, reasons }, state.input.journalPath);
      write(ctx, [{
        table: 'transitions', key: `truth ${truth.product} ${ctx.nowUs()} ${before.freshness}-${truth.freshness}`,
        row: { actor: ctx.path, product: truth.product, from: before.freshness, to: truth.freshness, reasons, atMs: nowMs(ctx) },
      }]);
    }
    return put(state, truth);
  }

  const told = ({ product, freshness, reasons, asOfMs, readMs, view }: ProductTruth): TruthState => ({ type: 'truth.state', product, freshness, reasons, asOfMs, readMs, positions: view?.positions ?? [] });

  function write(ctx: Context, rows: readonly StoreRow[]): void {
    ctx.effect('store.write', { rows } satisfies StoreWrite);
  }

  // ---------------------------------------------------------------- readings

  /** Begins a reading, or remembers to. */
  function read(state: TruthActorState, product: VenueProduct, full: boolean, reason: string, ctx: Context): TruthActorState {
    const truth = state.products.get(product);
    if (truth === undefined) return state;
    if (truth.inProgress !== null) return full ? put(state, { ...truth, again: reason }) : state;
    const number = state.readings + 1;
    const wantsAll = full || truth.fullAtMs === 0 || nowMs(ctx) - truth.fullAtMs >= params.fullEveryMs || truth.doubts.length > 0 || truth.unsettled !== '' || truth.again !== '';
    const sinceMs = truth.settledMs === null ? null : truth.settledMs - params.overlapMs;
    const withIncomes = wantsAll && nowMs(ctx) - truth.incomesAtMs >= params.fullEveryMs;
    const reading = newReading(product, wantsAll, withIncomes, sinceMs, nowMs(ctx), truth.view?.hedgeMode ?? false);
    ctx.cancelTimer(`read ${product}`);
    ctx.startTimer(`deadline ${product}`, params.readingTimeoutMs, { type: 'truth.deadline', product });
    const started = { ...state, readings: number };
    const inProgress: InProgress = { number, phase: 'calls', reading, view: null, orders: null, ledger: null, reason, looks: 0, doubts: truth.doubts };
    return ask(started, { ...truth, doubts: [], again: '', inProgress }, firstParts(reading, symbolsOf(state.input, product)), ctx);
  }

  function calmed(state: TruthActorState, product: VenueProduct): TruthActorState {
    const truth = state.products.get(product);
    return truth === undefined || truth.again !== '' || truth.inProgress !== null ? state : put(state, { ...truth, hurried: 0 });
  }

  /** Reads everything, but not one reading after the other without a pause: a stream of suspicions must not use up what others may ask. */
  function readSoon(state: TruthActorState, product: VenueProduct, reason: string, ctx: Context): TruthActorState {
    const truth = state.products.get(product);
    if (truth === undefined || truth.inProgress !== null) return read(state, product, true, reason, ctx);
    const leftMs = params.suspectEveryMs - (nowMs(ctx) - truth.endedMs);
    if (leftMs <= 0 || truth.hurried < MOST_HURRIED) return read(put(state, { ...truth, hurried: truth.hurried + 1 }), product, true, reason, ctx);
    ctx.startTimer(`read ${product}`, leftMs, { type: 'truth.read', product });
    return put(state, { ...truth, again: reason });
  }

  /** Sends calls for these parts. */
  function ask(state: TruthActorState, truth: ProductTruth, parts: readonly Part[], ctx: Context): TruthActorState {
    const inProgress = truth.inProgress!;
    const outstanding = new Map(inProgress.reading.outstanding);
    let calls = state.calls;
    for (const part of parts) {
      calls += 1;
      // Replies of another life's readings must not be taken for ours.
      const id = `${ctx.path}#${ctx.incarnation}-${calls}`;
      outstanding.set(id, part);
      const call: VenueCall = {
        type: 'venue.call', id, replyTo: ctx.path, class: 'account', reducing: false, product: truth.product, ...queryOf(part, inProgress.reading), orders: 0, timeoutMs: params.readingTimeoutMs,
      };
      ctx.send(ctx.ref<VenueCall>(state.input.gatewayPath), call);
    }
    return put({ ...state, calls }, { ...truth, inProgress: { ...inProgress, reading: { ...inProgress.reading, outstanding } } });
  }

  function answered(state: TruthActorState, outcome: VenueOutcome, ctx: Context): TruthActorState {
    for (const truth of state.products.values()) {
      const inProgress = truth.inProgress;
      if (inProgress === null || !inProgress.reading.outstanding.has(outcome.id)) continue;
      const { reading, next } = absorb(inProgress.reading, outcome.id, outcome, nowMs(ctx), instrumentsOf(state.input), params.mostPages);
      const changed = { ...truth, inProgress: { ...inProgress, reading } };
      if (reading.problem !== '') return failed(state, changed, reading.problem, ctx);
      const asked = ask(state, changed, next, ctx);
      return asked.products.get(truth.product)!.inProgress!.reading.outstanding.size > 0 ? asked : whole(asked, truth.product, ctx);
    }
    return state;
  }

  /** Every question is answered: now what we believe. */
  function whole(state: TruthActorState, product: VenueProduct, ctx: Context): TruthActorState {
    const truth = state.products.get(product)!;
    const view = viewOf(truth.inProgress!.reading);
    if (view === null) return failed(state, truth, 'the answers do not make a view', ctx);
    return askLocal(state, { ...truth, inProgress: { ...truth.inProgress!, view } }, 'local', ctx);
  }

  function askLocal(state: TruthActorState, truth: ProductTruth, phase: 'local' | 'verify', ctx: Context): TruthActorState {
    const inProgress: InProgress = { ...truth.inProgress!, phase, orders: null, ledger: null };
    const { product } = truth;
    const reading = inProgress.number;
    const sinceMs = Math.min(...fillWindowsOf(inProgress.reading, symbolsOf(state.input, product)).map((each) => each.sinceMs), inProgress.view!.askedMs - Math.max(params.graceMs + STREAM_PATIENCE_MS, state.input.protectWithinMs));
    ctx.ask<OrdersAnswer>(ctx.ref(state.input.ordersPath), { type: 'orders.open', product } satisfies OrdersQuestion, LOCAL_TIMEOUT_MS, (result) => ({ type: 'truth.local', product, reading, part: 'orders', result }));
    ctx.ask<LedgerAnswer>(ctx.ref(state.input.ledgerPath), { type: 'ledger.view', product, sinceMs, keepSinceMs: (truth.settledMs ?? 0) - params.overlapMs } satisfies LedgerQuestion, LOCAL_TIMEOUT_MS, (result) => ({ type: 'truth.local', product, reading, part: 'ledger', result }));
    return put(state, { ...truth, inProgress });
  }

  function local(state: TruthActorState, message: Extract<TruthMessage, { type: 'truth.local' }>, ctx: Context): TruthActorState {
    const truth = state.products.get(message.product);
    const before = truth?.inProgress;
    if (truth === undefined || before === null || before === undefined || before.number !== message.reading || (before.phase !== 'local' && before.phase !== 'verify')) return state;
    if (!message.result.ok) return failed(state, truth, `what ${message.part} believes is not known: ${message.result.reason}`, ctx);
    const inProgress: InProgress = message.part === 'orders' ? { ...before, orders: message.result.value } : { ...before, ledger: message.result.value };
    const changed = put(state, { ...truth, inProgress });
    return inProgress.orders === null || inProgress.ledger === null ? changed : judge(changed, message.product, ctx);
  }

  // ---------------------------------------------------------------- reconciliation

  function judge(state: TruthActorState, product: VenueProduct, ctx: Context): TruthActorState {
    const truth = state.products.get(product)!;
    const { reading, view, orders, ledger, phase } = truth.inProgress!;
    const beliefs: LocalView = { ...ledger!, orders: orders!.orders, ended: orders!.ended ?? [] };
    const result = reconcile(beliefs, view!, windowOf(state, reading));
    if (phase === 'verify') return settle(state, truth, result, ctx);
    const { differences } = result;
    if (differences.length === 0) return finish(state, { ...truth, unjudged: result.unjudged, unsettled: '', history: withSettled(truth.history ?? [], [], nowMs(ctx)) }, ctx);
    // What a short reading cannot explain, a whole one may.
    if (!reading.full) {
      const doubtful = { ...truth, inProgress: null, doubts: truth.inProgress!.doubts };
      ctx.cancelTimer(`deadline ${product}`);
      return read(put(state, doubtful), product, true, 'a short reading found differences', ctx);
    }
    const asksIncomes = product === 'usdm' && !reading.withIncomes && differences.some(({ kind }) => kind === 'balanceMismatch');
    const lookups: readonly Part[] = [
      ...(truth.inProgress!.phase === 'local' && reading.lookups.length === 0 ? lookupsOf(state.input, differences, params.mostLookups) : []), ...(asksIncomes && reading.sinceMs !== null ? [{ kind: 'incomes' } as const] : []),
    ];
    const more: InProgress = asksIncomes ? { ...truth.inProgress!, reading: { ...reading, withIncomes: true } } : truth.inProgress!;
    if (lookups.length > 0) return ask(state, { ...truth, inProgress: { ...more, phase: 'lookups' } }, lookups, ctx);
    return tell(state, { ...truth, inProgress: more }, result, ctx);
  }

  function windowOf({ input, prices }: TruthActorState, reading: Reading): ReconcileWindow {
    const instruments = input.instruments.map((known) => atPrice(known, prices.get(known.instrument.index) ?? 0));
    return {
      fills: fillWindowsOf(reading, symbolsOf(input, reading.product)), instruments, graceMs: params.graceMs, ownPrefixes: input.ownPrefixes, protect: input.protect, protectWithinMs: input.protectWithinMs,
      incomes: !reading.full || !reading.withIncomes || reading.product !== 'usdm' ? null
        : { sinceMs: reading.sinceMs ?? reading.askedMs, complete: !reading.incomesCut, problem: reading.incomesCut ? 'more incomes than one page' : '' },
    };
  }

  /** Differences go to those who can settle them; then it is looked whether they did. */
  function tell(state: TruthActorState, truth: ProductTruth, { differences, unjudged }: Reconciliation, ctx: Context): TruthActorState {
    const { product } = truth;
    const { askedMs } = truth.inProgress!.view!;
    const message: TruthDifferences = { type: 'truth.differences', product, askedMs, differences };
    for (const path of state.input.differencesTo) ctx.send(ctx.ref<TruthDifferences>(path), message);
    record(ctx, product, askedMs, differences);
    const silent = differences.find((each) => each.kind === 'fillMissed' && each.trade.venueMs > truth.streamSinceMs && each.trade.venueMs < askedMs - STREAM_PATIENCE_MS);
    if (silent !== undefined && truth.stream === 'live' && silent.kind === 'fillMissed') {
      const reason = `trade ${silent.trade.tradeId} of ${silent.trade.venueMs} was not told`;
      ctx.send(ctx.ref<StreamSilent>(`${state.input.userStreamPath}/${product}`), { type: 'stream.silent', product, reason });
    }
    return askLocal(state, { ...truth, unjudged, differencesSeen: truth.differencesSeen + differences.length, history: withTold(truth.history ?? [], differences, nowMs(ctx)) }, 'verify', ctx);
  }

  function record(ctx: Context, product: VenueProduct, askedMs: number, differences: readonly Difference[]): void {
    write(ctx, differences.slice(0, MOST_ROWS).map((difference, at) => ({
      table: 'transitions' as const, key: `truth ${product} ${askedMs} ${ctx.nowUs()} ${at}`,
      row: { actor: ctx.path, product, kind: difference.kind, action: difference.action.do, difference: JSON.parse(JSON.stringify(difference)) as StoreRow['row'], atMs: nowMs(ctx) },
    })));
  }

  function settle(state: TruthActorState, truth: ProductTruth, { differences, unjudged }: Reconciliation, ctx: Context): TruthActorState {
    const left = differences.filter(({ action }) => !actsAtVenue(action));
    const { number: reading, looks } = truth.inProgress!;
    if (left.length > 0 && looks < MOST_LOOKS) {
      ctx.startTimer(`look ${truth.product}`, LOOK_PAUSE_MS << looks, { type: 'truth.look', product: truth.product, reading });
      return put(state, { ...truth, inProgress: { ...truth.inProgress!, looks: looks + 1 } });
    }
    const kinds = [...new Set(left.map(({ kind }) => kind))].join(', ');
    return finish(state, { ...truth, unjudged, unsettled: left.length === 0 ? '' : `not settled: ${kinds}`, history: withSettled(truth.history ?? [], differences, nowMs(ctx)) }, ctx);
  }

  function finish(state: TruthActorState, truth: ProductTruth, ctx: Context): TruthActorState {
    const { reading, view, doubts } = truth.inProgress!;
    const { product } = truth;
    const { full, withIncomes } = reading;
    // A short reading clears no doubt: it has not looked at everything.
    const read = { ...view!, positions: withEntries(view!.positions, truth.view?.positions ?? []) };
    const done: ProductTruth = {
      ...truth, inProgress: null, view: full || truth.view === null ? read : { ...read, trades: truth.view.trades, incomes: truth.view.incomes }, asOfMs: view!.askedMs, readMs: reading.startedMs, failure: '',
      doubts: full ? truth.doubts : joined(doubts, truth.doubts), fullAtMs: full ? nowMs(ctx) : truth.fullAtMs, endedMs: nowMs(ctx),
      incomesAtMs: withIncomes ? reading.startedMs : truth.incomesAtMs,
      // What no list of incomes has told of may still be missing.
      settledMs: full && truth.unsettled === '' && (withIncomes || product !== 'usdm') ? view!.askedMs : truth.settledMs,
    };
    if (full && done.settledMs !== null && done.settledMs !== truth.settledMs) {
      write(ctx, [{ table: 'snapshots', key: `truth ${product}`, row: { actor: ctx.path, product, settledMs: done.settledMs, atMs: nowMs(ctx) } }]);
    }
    ctx.cancelTimer(`deadline ${product}`);
    ctx.startTimer(`aged ${product}`, params.staleAfterMs, { type: 'truth.aged', product });
    return next(refreshed(publish(state, done, ctx, true), product, true, '', ctx), product, ctx);
  }

  function failed(state: TruthActorState, truth: ProductTruth, problem: string, ctx: Context): TruthActorState {
    const { product } = truth;
    ctx.cancelTimer(`deadline ${product}`);
    ctx.cancelTimer(`look ${product}`);
    const done: ProductTruth = { ...truth, inProgress: null, endedMs: nowMs(ctx), failure: problem, doubts: joined(truth.inProgress?.doubts ?? [], truth.doubts) };
    return next(refreshed(publish(state, done, ctx), product, false, problem, ctx), product, ctx);
  }

  /** When the next one begins. */
  function next(state: TruthActorState, product: VenueProduct, ctx: Context): TruthActorState {
    const truth = state.products.get(product)!;
    if (truth.again !== '') return readSoon(state, product, truth.again, ctx);
    const suspect = truth.failure !== '' || truth.doubts.length > 0 || truth.unsettled !== '' || truth.unjudged.length > 0;
    ctx.startTimer(`read ${product}`, state.closing ? params.closingEveryMs : suspect ? params.suspectEveryMs : params.readEveryMs, { type: 'truth.read', product });
    return state;
  }

  // ---------------------------------------------------------------- what others tell

  function doubt(state: TruthActorState, product: VenueProduct, reason: string, ctx: Context, readNow: typeof readSoon): TruthActorState {
    const truth = state.products.get(product);
    if (truth === undefined) return state;
    const doubts = joined(truth.doubts, [reason]);
    return readNow(publish(state, { ...truth, doubts }, ctx), product, reason, ctx);
  }

  function stream(state: TruthActorState, edge: UserStreamEdge, ctx: Context): TruthActorState {
    const truth = state.products.get(edge.product);
    if (truth === undefined) return state;
    const told = publish(state, { ...truth, stream: edge.state, streamReason: edge.reason, streamSinceMs: edge.state === 'live' ? nowMs(ctx) : truth.streamSinceMs }, ctx, false, truth.stream === 'live' && edge.state === 'down');
    // What happened while nobody told is in no stream.
    return edge.state === 'live' ? doubt(told, edge.product, 'the user stream is back', ctx, (now, product, reason) => read(now, product, true, reason, ctx)) : told;
  }

  /** Between readings the stream keeps the numbers. */
  function account(state: TruthActorState, report: AccountReport, ctx: Context): TruthActorState {
    const truth = state.products.get(report.product);
    if (truth === undefined) return state;
    if (truth.view === null || report.venueMs < truth.view.askedMs) return state;
    const toldMs = new Map(truth.toldMs);
    // While one connection takes over from another, both tell: the older word must not come last.
    const isNews = (key: string): boolean => {
      if (report.venueMs < (toldMs.get(key) ?? 0)) return false;
      toldMs.set(key, report.venueMs);
      return true;
    };
    const balances = new Map(truth.view.balances.map((each) => [each.asset, each]));
    for (const { asset, total } of report.balances) if (isNews(`balance ${asset}`)) balances.set(asset, { asset, total });
    const positions = new Map(truth.view.positions.map((each) => [`${each.symbol} ${each.positionSide}`, each]));
    for (const each of report.positions) {
      const key = `${each.symbol} ${each.positionSide}`;
      if (isNews(`position ${key}`)) positions.set(key, each);
    }
    const kept = put(state, { ...truth, toldMs, view: { ...truth.view, balances: [...balances.values()], positions: [...positions.values()] } });
    // Funding, transfers and the like are in the list of incomes.
    if (report.product !== 'usdm' || report.reason === 'ORDER') return kept;
    return read(put(kept, { ...kept.products.get('usdm')!, incomesAtMs: 0 }), 'usdm', true, `account changed: ${report.reason}`, ctx);
  }

  function refreshed(state: TruthActorState, product: VenueProduct, ok: boolean, problem: string, ctx: Context): TruthActorState {
    // One that was asked for while an earlier reading was under way waits for its own.
    if (state.refreshes.length === 0 || state.products.get(product)!.again !== '') return state;
    const left = state.refreshes.map((each) => (each.left.includes(product) ? { ...each, left: each.left.filter((one) => one !== product), done: [...each.done, { product, ok, problem }] } : each));
    for (const each of left) {
      if (each.left.length === 0) ctx.send(ctx.ref<TruthRefreshed>(each.replyTo), { type: 'truth.refreshed', id: each.id, products: each.done });
    }
    return { ...state, refreshes: left.filter((each) => each.left.length > 0) };
  }

  function handle(state: TruthActorState, message: TruthMessage, ctx: Context): TruthActorState {
    switch (message.type) {
      case 'venue.outcome':
        return answered(state, message, ctx);
      case 'truth.local':
        return local(state, message, ctx);
      case 'truth.read':
        return read(calmed(state, message.product), message.product, false, 'schedule', ctx);
      case 'truth.deadline': {
        const truth = state.products.get(message.product);
        return truth === undefined || truth.inProgress === null ? state : failed(state, truth, 'not done in time', ctx);
      }
      case 'truth.look': {
        const truth = state.products.get(message.product);
        return truth?.inProgress?.number === message.reading ? askLocal(state, truth, 'verify', ctx) : state;
      }
      case 'truth.aged': {
        const truth = state.products.get(message.product);
        return truth === undefined ? state : publish(state, truth, ctx);
      }
      case 'truth.suspect':
        return doubt(state, message.product, message.reason, ctx, readSoon);
      case 'truth.refresh': {
        const left = [...state.products.keys()];
        if (left.length === 0) {
          ctx.send(ctx.ref<TruthRefreshed>(message.replyTo), { type: 'truth.refreshed', id: message.id, products: [] });
          return state;
        }
        let now: TruthActorState = { ...state, refreshes: [...state.refreshes, { id: message.id, replyTo: message.replyTo, left, done: [] }] };
        for (const product of left) now = read(put(now, { ...now.products.get(product)!, incomesAtMs: 0 }), product, true, 'refresh', ctx);
        return now;
      }
      case 'truth.pace': {
        let now: TruthActorState = { ...state, closing: message.closing };
        for (const product of message.closing ? state.products.keys() : []) now = read(now, product, false, 'closing', ctx);
        return now;
      }
      case 'truth.status':
        ctx.reply(statusOf(state));
        return state;
      case 'price': {
        const ticks = message.bidTicks > 0 ? message.bidTicks : message.markTicks;
        return ticks > 0 ? { ...state, prices: new Map(state.prices).set(message.symbol, ticks) } : state;
      }
      case 'user-stream':
        return stream(state, message, ctx);
      case 'account.report':
        return message.source === 'stream' ? account(state, message, ctx) : state;
      case 'cash.report':
        // The user streams speak to few; the ledger hears of it here.
        ctx.send(ctx.ref(state.input.ledgerPath), message);
        return state;
      case 'order.report':
      case 'algo.report':
        return state;
      default:
        return state;
    }
  }

  const statusOf = (state: TruthActorState): TruthStatus => ({
    products: [...state.products.values()].map((truth) => ({ ...told(truth), view: truth.view, unjudged: truth.unjudged, differencesSeen: truth.differencesSeen })),
  });

  return {
    name: 'truth',
    version: 1,
    init(ctx, input) {
      for (const product of input.products) ctx.startTimer(`read ${product}`, STREAM_FIRST_MS, { type: 'truth.read', product });
      return {
        input, prices: new Map(), closing: false, readings: 0, calls: 0, refreshes: [],
        products: new Map(input.products.map((product): [VenueProduct, ProductTruth] => [product, {
          product, view: null, unjudged: [], freshness: 'unknown', reasons: ['not read yet'], stream: 'down', streamReason: 'not live yet', streamSinceMs: 0, toldMs: new Map(), doubts: [], unsettled: '', failure: '',
          asOfMs: 0, readMs: 0, fullAtMs: 0, incomesAtMs: input.settledMs[product] ?? 0, endedMs: 0, hurried: 0, settledMs: input.settledMs[product] ?? null, differencesSeen: 0, history: [], inProgress: null, again: '',
        }])),
      };
    },
    step: handle,
    view: (state) => ({
      closing: state.closing, readings: state.readings,
      products: [...state.products.values()].map((truth) => ({
        ...told(truth), phase: truth.inProgress?.phase ?? 'idle', stream: truth.stream, fullAtMs: truth.fullAtMs, endedMs: truth.endedMs, failure: truth.failure, hedgeMode: truth.view?.hedgeMode ?? false,
        unjudged: truth.unjudged, differencesSeen: truth.differencesSeen, differences: truth.history ?? [], balances: truth.view?.balances ?? [],
        orders: (truth.view?.orders ?? []).map(({ service, symbol, clientId, venueId, side, positionSide, kind, reduceOnly, closePosition, priceTicks, triggerTicks, lots, filledLots }) =>
          ({ service, symbol, clientId, venueId, side, positionSide, kind, reduceOnly, closePosition, priceTicks, triggerTicks, lots, filledLots })),
      })),
    }),
  };
}
