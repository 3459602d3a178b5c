/**
 * The operators' hand in the tree: takes typed commands, writes them down, carries them out once for an id, and answers. Its pause outlives
 * the process and is ended by `resume` alone.
 */
import type { ActorContext, Behaviour } from '../../runtime/index.js';
import type { OperatorPause, RiskMessage } from '../risk/messages.js';
import type { AccountMessage } from '../account/messages.js';
import type { CommandAnswer, CommandInput, Json, StoreRow, StoreWrite, VenueProduct } from '../engine/io.js';
import type { VenueCall } from '../engine/venue-calls.js';
import { decide } from '../journal/decide.js';
import { type CancelOrders, isFinal, ORDERS_TOPIC, type PlaceOrder } from '../orders/messages.js';
import { originOf } from '../truth/keys.js';
import type { OrdersAnswer, TruthMessage, TruthRefreshed } from '../truth/messages.js';
import type { VenueOrder } from '../truth/views.js';
import { type Attempt, closingSide, type Leg, legsOf, nextStep, truthMs } from './closing.js';
import { executionOf, grossExposure, type LeftPosition, resolveMarket } from './execution.js';
import { type OperatorCommand, parseCommand, WRITES } from './commands.js';
import { type EndOfProcess, type OperatorInput, type OperatorMessage, type Picture, type PicturePart, STORE_FAILED_ID } from './messages.js';
import { healthOf, PORTFOLIO_REFRESHED, refreshOf, type Standing, statusOf } from './summary.js';

type Context = ActorContext<OperatorMessage>;

interface Pause {
  readonly reason: string;
  readonly by: string;
  readonly atMs: number;
}

/** A command that is under way. */
interface Work {
  readonly id: string;
  readonly command: OperatorCommand;
  readonly issuer: string;
  /** What the same id must say again. */
  readonly text: string;
  readonly startedMs: number;
  readonly stage: 'asking' | 'refreshing' | 'resolving' | 'withdrawing' | 'closing' | 'stops';
  /** What it is about; null: every instrument. */
  readonly symbol: number | null;
  /** What there is to close is known, and it was told that closing begins. */
  readonly begun: boolean;
  readonly round: number;
  /** Answers that are out in this round, as `part product`. */
  readonly waiting: readonly string[];
  readonly picture: Picture;
  readonly refreshed: TruthRefreshed['products'];
  readonly attempts: ReadonlyMap<string, Attempt>;
  /** Legs that were there. */
  readonly seen: ReadonlyMap<string, Leg>;
  /** Cancels of foreign orders that are out. */
  readonly calls: readonly string[];
  readonly foreign: { readonly asked: number; readonly refused: readonly string[] };
}

interface Answered {
  readonly text: string;
  readonly ok: boolean;
  readonly answer: Json;
}

export interface OperatorState {
  readonly input: OperatorInput;
  readonly pause: Pause | null;
  readonly storeFailed: string | null;
  readonly stopping: boolean;
  readonly lastEvent: { readonly kind: string; readonly atMs: number } | null;
  /** Closing orders at market that are on their way, whoever sent them: `symbol side` by their id. */
  readonly exits: ReadonlyMap<string, string>;
  readonly works: ReadonlyMap<string, Work>;
  /** Commands that were answered, oldest first. */
  readonly answered: ReadonlyMap<string, Answered>;
}

const ASK_MS = 2000;
const REWATCH_MS = 100;
const TICK_MS = 250;
/** Longest that a command may take before it answers with what is left undone. */
const CLOSE_WITHIN_MS = 60_000;
const WITHDRAW_WITHIN_MS = 10_000;
const REFRESH_WITHIN_MS = 20_000;
/** Kinds of the sources' events. */
const [EXECUTION_STARTED, EXECUTION_COMPLETED] = ['app.execution.started', 'app.execution.completed'] as const;
/** Ids whose answers are remembered. */
const MOST_ANSWERED = 200;

export function operatorBehaviour(): Behaviour<OperatorState, OperatorMessage, OperatorInput> {
  const nowMs = (ctx: Context): number => Math.floor(ctx.nowUs() / 1000);
  const put = (state: OperatorState, work: Work): OperatorState => ({ ...state, works: new Map(state.works).set(work.id, work) });

  // ---------------------------------------------------------------- record and answers

  function write(ctx: Context, rows: readonly StoreRow[]): void {
    ctx.effect('store.write', { rows } satisfies StoreWrite);
  }

  function commandRow(work: Pick<Work, 'id' | 'command' | 'issuer' | 'startedMs'>, state: string, extra: { readonly [column: string]: Json }): StoreRow {
    const { verb, ...args } = work.command;
    return { table: 'commands', key: work.id, row: { verb, args: args as Json, issuer: work.issuer, atMs: work.startedMs, state, ...extra } };
  }

  function snapshotRow({ pause, answered }: OperatorState): StoreRow {
    return { table: 'snapshots', key: 'operator', row: { pause: pause as unknown as Json, answered: [...answered].map(([id, each]) => [id, each]) as unknown as Json } };
  }

  function answer(ctx: Context, id: string, ok: boolean, value: Json): void {
    ctx.effect('command.answer', { id, ok, answer: value } satisfies CommandAnswer);
  }

  function finish(state: OperatorState, work: Work, ok: boolean, value: Json, ctx: Context): OperatorState {
    ctx.cancelTimer(`tick ${work.id}`);
    const works = new Map(state.works);
    works.delete(work.id);
    answer(ctx, work.id, ok, value);
    // Questions change nothing: asked again they may be answered anew.
    if (!WRITES.has(work.command.verb)) return { ...state, works };
    const kept = [...state.answered, [work.id, { text: work.text, ok, answer: value }] as const].slice(-MOST_ANSWERED);
    const next = { ...state, works, answered: new Map(kept) };
    decide(ctx, 'control', -1, -1, { control: 'command', verb: work.command.verb, id: work.id, ok, done: true }, state.input.journalPath);
    write(ctx, [commandRow(work, ok ? 'done' : 'failed', { answer: value, doneMs: nowMs(ctx) }), snapshotRow(next)]);
    return next;
  }

  /** The sources' events of refreshes and executions, for the journal and for whoever asks for the last. */
  function event(state: OperatorState, kind: string, data: Readonly<Record<string, string | number | boolean | null>>, ctx: Context): OperatorState {
    decide(ctx, 'control', -1, -1, { control: 'event', event: kind, ...data }, state.input.journalPath);
    return { ...state, lastEvent: { kind, atMs: nowMs(ctx) } };
  }

  // ---------------------------------------------------------------- orders to others

  const accountTell = (state: OperatorState, ctx: Context, message: AccountMessage): void => void ctx.send(ctx.ref<AccountMessage>(state.input.paths.account), message);

  /** Tells account and risk gate whether anything may be opened. */
  function gate(state: OperatorState, ctx: Context): void {
    const why = state.storeFailed !== null ? `the record cannot be written: ${state.storeFailed}` : state.stopping ? 'the engine stops' : state.pause === null ? null : `paused by ${state.pause.by}: ${state.pause.reason}`;
    accountTell(state, ctx, { type: 'trading', enabled: why === null, reason: why ?? 'resumed' });
    const { venue } = state.input.paths;
    if (venue !== null) ctx.send(ctx.ref<RiskMessage>(venue.risk), { type: 'risk.pause', on: why !== null, reason: why ?? '' } satisfies OperatorPause);
  }

  /** Withdraws our orders: entries only, or all but stops, or (`stops`) all. */
  function withdraw(state: OperatorState, symbol: number | null, what: 'entries' | 'spareStops' | 'all', ctx: Context): void {
    accountTell(state, ctx, { type: 'account.cancel', symbol, targets: what !== 'entries' });
    const { venue } = state.input.paths;
    if (venue !== null) ctx.send(ctx.ref<CancelOrders>(venue.orders), { type: 'orders.cancel', symbol, entriesOnly: what === 'entries', spareStops: what === 'spareStops' });
  }

  function pauseNow(state: OperatorState, reason: string, by: string, ctx: Context): OperatorState {
    const next: OperatorState = { ...state, pause: state.pause ?? { reason, by, atMs: nowMs(ctx) } };
    write(ctx, [snapshotRow(next)]);
    gate(next, ctx);
    withdraw(next, null, 'entries', ctx);
    return next;
  }

  // ---------------------------------------------------------------- the picture

  const partsOf = ({ input }: OperatorState): readonly PicturePart[] =>
    ['account', ...(input.paths.feedsHealth === null ? [] : ['feeds' as const]), ...(input.paths.venue === null ? [] : ['risk' as const, 'truth' as const, 'ledger' as const, 'gateway' as const, 'orders' as const])];

  /** Asks everybody; the command goes on when all have answered, or could not. */
  function ask(state: OperatorState, work: Work, ctx: Context): OperatorState {
    const { paths, products } = state.input;
    const round = work.round + 1;
    const waiting: string[] = [];
    const send = (part: PicturePart, product: VenueProduct | null, path: string, question: unknown): void => {
      waiting.push(`${part} ${product ?? ''}`);
      ctx.ask(ctx.ref<never>(path), question, ASK_MS, (result) => ({ type: 'operator.got', work: work.id, round, part, product, result }));
    };
    send('account', null, paths.account, { type: 'account.status' });
    if (paths.feedsHealth !== null) send('feeds', null, paths.feedsHealth, { type: 'feeds.health' });
    if (paths.venue !== null) {
      send('risk', null, paths.venue.risk, { type: 'risk.status' });
      send('truth', null, paths.venue.truth, { type: 'truth.status' });
      send('ledger', null, paths.venue.ledger, { type: 'ledger.status' });
      send('gateway', null, paths.venue.gateway, { type: 'gateway.status' });
      for (const product of products) send('orders', product, paths.venue.orders, { type: 'orders.open', product });
    }
    // An ask dies with this life; the tick comes all the same.
    ctx.startTimer(`tick ${work.id}`, 2 * ASK_MS, { type: 'operator.tick', work: work.id });
    return put(state, { ...work, round, waiting, picture: {} });
  }

  function got(state: OperatorState, message: Extract<OperatorMessage, { type: 'operator.got' }>, ctx: Context): OperatorState {
    const work = state.works.get(message.work);
    const key = `${message.part} ${message.product ?? ''}`;
    if (work === undefined || work.round !== message.round || !work.waiting.includes(key)) return state;
    let { picture } = work;
    if (message.result.ok) {
      const { value } = message.result;
      picture = message.part === 'orders'
        ? { ...picture, orders: { orders: [...(picture.orders?.orders ?? []), ...(value as OrdersAnswer).orders] } }
        : { ...picture, [message.part]: value };
    }
    const next = { ...work, picture, waiting: work.waiting.filter((each) => each !== key) };
    return next.waiting.length === 0 ? proceed(put(state, next), next, ctx) : put(state, next);
  }

  const standing = (state: OperatorState): Standing => ({
    mode: state.input.mode, paused: state.pause, storeFailed: state.storeFailed, lastEvent: state.lastEvent,
    busy: [...state.works.values()].filter(({ command }) => WRITES.has(command.verb)).map(({ id, command }) => ({ id, verb: command.verb })),
  });

  // ---------------------------------------------------------------- commands

  function command(state: OperatorState, input: CommandInput, ctx: Context): OperatorState {
    const text = JSON.stringify([input.verb, input.args]);
    const before = state.answered.get(input.id);
    const running = state.works.get(input.id);
    if (before !== undefined || running !== undefined) {
      if ((before ?? running)!.text !== text) answer(ctx, input.id, false, { refused: `the id ${input.id} was another command's` });
      // Under way: its answer is every asker's.
      // Said again it ends nothing: the process that was to end may have done so, and this be the next.
      else if (before !== undefined) answer(ctx, input.id, before.ok, withoutEnd(before.answer));
      return state;
    }
    const parsed = parseCommand(input, state.input.instruments);
    const refuse = (problem: string): OperatorState => {
      write(ctx, [{ table: 'commands', key: input.id, row: { verb: input.verb, args: input.args, issuer: input.issuer, atMs: nowMs(ctx), state: 'refused', answer: problem } }]);
      decide(ctx, 'control', -1, -1, { control: 'command', verb: input.verb, id: input.id, ok: false, refused: problem }, state.input.journalPath);
      answer(ctx, input.id, false, { refused: problem });
      return state;
    };
    if (!parsed.ok) return refuse(parsed.problem);
    const { command: wanted } = parsed;
    if (WRITES.has(wanted.verb)) {
      if (state.stopping) return refuse('the engine is stopping');
      if (wanted.verb === 'resume' && state.storeFailed !== null) return refuse(`the record cannot be written: ${state.storeFailed}`);
      const busy = [...state.works.values()].find((each) => isClosing(each.command));
      if (busy !== undefined && (isClosing(wanted) || wanted.verb === 'resume' || wanted.verb === 'cancel-all')) return refuse(`${busy.command.verb} ${busy.id} is under way`);
    }
    const work = newWork(input.id, wanted, input.issuer, text, ctx);
    if (WRITES.has(wanted.verb)) {
      write(ctx, [commandRow(work, 'accepted', { open: true })]);
      decide(ctx, 'control', -1, -1, { control: 'command', verb: wanted.verb, id: input.id, issuer: input.issuer }, state.input.journalPath);
    }
    return begin(put(state, work), work, ctx);
  }

  const isClosing = (wanted: OperatorCommand): boolean => wanted.verb === 'close-all' || wanted.verb === 'close-symbol' || wanted.verb === 'stop';

  function begin(state: OperatorState, work: Work, ctx: Context): OperatorState {
    const { command: wanted } = work;
    const { venue } = state.input.paths;
    switch (wanted.verb) {
      case 'status':
      case 'health':
        return ask(state, work, ctx);
      case 'refresh':
        if (venue === null) return ask(state, work, ctx);
        ctx.send(ctx.ref<TruthMessage>(venue.truth), { type: 'truth.refresh', id: work.id, replyTo: ctx.path });
        return tickLater(put(state, { ...work, stage: 'refreshing' }), work, REFRESH_WITHIN_MS * state.input.speed, ctx);
      case 'pause': {
        const next = pauseNow(state, wanted.reason, work.issuer, ctx);
        return finish(next, work, true, { paused: next.pause as unknown as Json }, ctx);
      }
      case 'resume': {
        const was = state.pause;
        const next: OperatorState = { ...state, pause: null };
        write(ctx, [snapshotRow(next)]);
        gate(next, ctx);
        return finish(next, work, true, { paused: null, wasPaused: was !== null }, ctx);
      }
      case 'cancel-all':
        withdraw(state, null, 'spareStops', ctx);
        return ask(state, { ...work, stage: 'withdrawing' }, ctx);
      case 'close-symbol':
        return wanted.symbols.length === 1 ? closeSymbol(state, { ...work, symbol: wanted.symbols[0]! }, ctx) : ask(state, { ...work, stage: 'resolving' }, ctx);
      case 'close-all':
        return close(pauseNow(state, `close-all ${work.id}`, work.issuer, ctx), work, ctx);
      case 'stop': {
        const next: OperatorState = { ...state, stopping: true };
        gate(next, ctx);
        if (wanted.flatten) return close(next, work, ctx);
        withdraw(next, null, 'entries', ctx);
        return ask(next, { ...work, stage: 'withdrawing' }, ctx);
      }
    }
  }

  const closeSymbol = (state: OperatorState, work: Work, ctx: Context): OperatorState => close(pauseNow(state, `close-symbol ${work.id}`, work.issuer, ctx), work, ctx);

  function close(state: OperatorState, work: Work, ctx: Context): OperatorState {
    const { venue } = state.input.paths;
    const { symbol } = work;
    withdraw(state, symbol, 'spareStops', ctx);
    if (venue !== null) {
      ctx.send(ctx.ref<TruthMessage>(venue.truth), { type: 'truth.pace', closing: true });
    }
    accountTell(state, ctx, { type: 'account.flatten', symbol, purpose: 'manual' });
    return tickLater(put(state, { ...work, stage: 'closing' }), work, TICK_MS, ctx);
  }

  function tickLater(state: OperatorState, { id }: Work, ms: number, ctx: Context): OperatorState {
    ctx.startTimer(`tick ${id}`, ms, { type: 'operator.tick', work: id });
    return state;
  }

  /** The picture is whole: what now? */
  function proceed(state: OperatorState, work: Work, ctx: Context): OperatorState {
    switch (work.stage) {
      case 'asking':
      case 'refreshing': {
        const parts = partsOf(state);
        const { command: { verb } } = work;
        if (verb === 'health') return finish(state, work, true, healthOf(standing(state), work.picture, parts), ctx);
        if (verb === 'refresh') {
          const ok = work.refreshed.every((each) => each.ok);
          const summary = refreshOf(work.picture, work.refreshed);
          return finish(event(state, PORTFOLIO_REFRESHED, { id: work.id, ok, staleness: summary.staleness }, ctx), work, ok, summary, ctx);
        }
        return finish(state, work, true, statusOf(standing(state), work.picture, parts, state.input.instruments), ctx);
      }
      case 'resolving': {
        const { input: { instruments, paths } } = state;
        const found = resolveMarket(work.command.verb === 'close-symbol' ? work.command.symbols : [], work.picture, instruments, paths.venue !== null);
        return 'refused' in found ? finish(state, work, false, found, ctx) : closeSymbol(state, { ...work, symbol: found.symbol }, ctx);
      }
      case 'withdrawing':
        return withdrawn(state, work, ctx);
      case 'closing':
        return closing(state, work, ctx);
      case 'stops':
        return stopsGone(state, work, ctx);
    }
  }

  // ---------------------------------------------------------------- withdrawing

  function withdrawn(state: OperatorState, work: Work, ctx: Context): OperatorState {
    const { command: wanted, picture } = work;
    const first = work.round === 1;
    let next = work;
    if (wanted.verb === 'cancel-all' && wanted.foreign && first) next = cancelForeign(state, work, ctx);
    const late = nowMs(ctx) - work.startedMs >= WITHDRAW_WITHIN_MS * state.input.speed;
    const ours = (picture.orders?.orders ?? []).filter(({ owner, purpose }) => owner === 'ours' && (wanted.verb === 'stop' ? purpose === 'entry' : purpose !== 'stop'));
    const unknown = picture.account === undefined || (state.input.paths.venue !== null && picture.orders === undefined);
    const left = ours.length > 0 || unknown || (picture.account?.entries ?? 0) > 0 || next.calls.length > 0;
    if (left && !late) return tickLater(put(state, next), next, TICK_MS, ctx);
    const leftIds = ours.map(({ clientId }) => clientId);
    if (wanted.verb === 'stop') return stopped(state, next, { entriesLeft: Math.max(leftIds.length, picture.account?.entries ?? 0), flat: null }, wanted.reason, ctx);
    return finish(state, next, !left && next.foreign.refused.length === 0, {
      left: leftIds, entriesLeft: picture.account?.entries ?? null, stopsKept: (picture.orders?.orders ?? []).filter(({ owner, purpose }) => owner === 'ours' && purpose === 'stop').length,
      foreign: { cancelled: next.foreign.asked - next.foreign.refused.length - next.calls.length, refused: next.foreign.refused, unanswered: next.calls.length },
    }, ctx);
  }

  /** Orders that are not ours are the gateway's affair alone. */
  function cancelForeign(state: OperatorState, work: Work, ctx: Context): Work {
    const { paths: { venue }, instruments, ownPrefixes } = state.input;
    if (venue === null || work.picture.truth === undefined) return work;
    const calls: string[] = [];
    for (const { product, view } of work.picture.truth.products) {
      for (const order of view?.orders ?? []) {
        const instrument = instruments.find(({ index }) => index === order.symbol);
        if (instrument === undefined || originOf(order.clientId, ownPrefixes) !== 'foreign') continue;
        const id = `${ctx.path}#${work.id}-${calls.length}`;
        calls.push(id);
        ctx.send(ctx.ref<VenueCall>(venue.gateway), { type: 'venue.call', id, replyTo: ctx.path, class: 'cancel', reducing: true, product, ...cancelCall(product, order, instrument.symbol), security: 'signed', weight: 1, orders: 0 });
      }
    }
    return { ...work, calls, foreign: { asked: calls.length, refused: [] } };
  }

  function cancelCall(product: VenueProduct, order: VenueOrder, symbol: string): Pick<VenueCall, 'method' | 'path' | 'params'> {
    if (order.service === 'algo') return { method: 'DELETE', path: '/fapi/v1/algoOrder', params: { algoId: order.venueId } };
    const path = product === 'spot' ? '/api/v3/order' : product === 'usdm' ? '/fapi/v1/order' : '/eapi/v1/order';
    return { method: 'DELETE', path, params: { symbol, orderId: order.venueId } };
  }

  // ---------------------------------------------------------------- closing

  function closing(before: OperatorState, work: Work, ctx: Context): OperatorState {
    let state = before;
    const { instruments, paths } = state.input;
    const symbol = work.symbol;
    const { picture } = work;
    const late = nowMs(ctx) - work.startedMs >= CLOSE_WITHIN_MS * state.input.speed;
    const trades = picture.account?.open.filter((trade) => symbol === null || trade.symbol === symbol);
    if (paths.venue === null) {
      const flat = trades?.length === 0 && picture.account!.entries === 0;
      const open = trades?.map(({ symbol: of, openLots, side }): Leg => ({ key: `${of} BOTH`, symbol: of, positionSide: 'BOTH', signedLots: side === 'buy' ? openLots : -openLots, stopFirst: false }));
      const told = open === undefined ? { state, work } : started(state, work, open, ctx);
      if (!flat && !late) return tickLater(put(told.state, told.work), told.work, TICK_MS, ctx);
      return closed(told.state, told.work, flat, open ?? null, ctx);
    }
    // Only a truth that is younger than the command tells what there was.
    const legs = legsOf(picture, symbol, instruments, work.startedMs);
    if (legs === undefined || trades === undefined) {
      if (!late) return tickLater(put(state, work), work, TICK_MS, ctx);
      return closed(state, work, false, null, ctx);
    }
    const told = started(state, work, legs, ctx);
    state = told.state;
    let next: Work = told.work;
    if (legs.length === 0 && trades.length === 0) {
      // Nothing is left to protect.
      withdraw(state, symbol, 'all', ctx);
      return ask(state, { ...next, stage: 'stops' }, ctx);
    }
    if (late) return closed(state, next, false, legs, ctx);
    const readMs = truthMs(picture, symbol, instruments);
    for (const leg of legs) {
      switch (nextStep(leg, picture, next.attempts.get(leg.key), readMs, state.exits)) {
        case 'wait':
          break;
        case 'freeAndClose':
          // In one turn: whoever keeps stops sees the sale that takes its place.
          withdraw(state, leg.symbol, 'all', ctx);
          next = sell(state, next, leg, ctx);
          break;
        case 'close':
          next = sell(state, next, leg, ctx);
          break;
      }
    }
    return tickLater(put(state, next), next, TICK_MS, ctx);
  }

  /** Opposite side, all of it, at market, reducing only: it never flips and never adds. */
  function sell(state: OperatorState, work: Work, leg: Leg, ctx: Context): Work {
    const number = (work.attempts.get(leg.key)?.number ?? 0) + 1;
    const orderId = `${ctx.path}#${work.id}-${leg.key.replace(' ', '-')}-${number}`;
    const order: PlaceOrder = {
      type: 'orders.place',
      intent: {
        id: orderId, symbol: leg.symbol, side: closingSide(leg), positionSide: leg.positionSide, kind: 'market', priceTicks: 0, triggerTicks: 0, lots: Math.abs(leg.signedLots), timeInForce: 'IOC',
        reduceOnly: true, reduces: null, owner: ctx.path,
      },
    };
    ctx.send(ctx.ref<PlaceOrder>(state.input.paths.venue!.orders), order);
    return { ...work, attempts: new Map(work.attempts).set(leg.key, { number, orderId, endedMs: null, problem: '' }) };
  }

  function stopsGone(state: OperatorState, work: Work, ctx: Context): OperatorState {
    const symbol = work.symbol;
    const left = (work.picture.orders?.orders ?? []).filter((order) => order.owner === 'ours' && (symbol === null || order.symbol === symbol));
    const late = nowMs(ctx) - work.startedMs >= CLOSE_WITHIN_MS * state.input.speed;
    if ((work.picture.orders === undefined || left.length > 0) && !late) return tickLater(put(state, work), work, TICK_MS, ctx);
    return closed(state, work, true, [], ctx);
  }

  const nameOf = (state: OperatorState, symbol: number): string => state.input.instruments.find(({ index }) => index === symbol)?.symbol ?? String(symbol);

  /** Remembers what there was to close, and tells once that closing begins. */
  function started(state: OperatorState, work: Work, legs: readonly Leg[], ctx: Context): { readonly state: OperatorState; readonly work: Work } {
    const seen = new Map(work.seen);
    for (const leg of legs) if (!seen.has(leg.key)) seen.set(leg.key, leg);
    const next: Work = { ...work, seen, begun: true };
    return { state: work.begun ? state : event(state, EXECUTION_STARTED, { id: work.id, command: work.command.verb, instrument: work.symbol === null ? null : nameOf(state, work.symbol), positions: legs.length }, ctx), work: next };
  }

  /** `left` null: positions were never known. */
  function closed(state: OperatorState, work: Work, flat: boolean, left: readonly LeftPosition[] | null, ctx: Context): OperatorState {
    const { paths: { venue }, instruments } = state.input;
    if (venue !== null) ctx.send(ctx.ref<TruthMessage>(venue.truth), { type: 'truth.pace', closing: false });
    const { command: wanted, symbol, attempts } = work;
    const exposure = left === null ? null : grossExposure(left, work.picture, instruments);
    const outcome = executionOf({ verb: wanted.verb, symbol, byPerson: work.id !== STORE_FAILED_ID, flat, seen: [...work.seen.values()], attempts, left, exposure }, (of) => nameOf(state, of));
    const told = event(state, EXECUTION_COMPLETED, { id: work.id, command: wanted.verb, remaining_positions: left?.length ?? null, flat_confirmed: flat, remaining_gross_exposure_usdt: exposure }, ctx);
    return wanted.verb === 'stop' ? stopped(told, work, { entriesLeft: 0, flat: outcome }, wanted.reason, ctx) : finish(told, work, flat, outcome, ctx);
  }

  function stopped(state: OperatorState, work: Work, what: { readonly entriesLeft: number; readonly flat: Json }, reason: string, ctx: Context): OperatorState {
    const end: EndOfProcess = { exit: state.storeFailed === null ? 'ok' : 'journalFailed', reason: `${reason} (${work.issuer})` };
    // It ends all the same: an operator who says stop does not want to be argued with. What is left is said.
    return finish(state, work, true, { ...what, end: end as unknown as Json }, ctx);
  }

  // ---------------------------------------------------------------- everything else

  /** Whatever a tick finds unanswered counts as not answering. */
  function tick(state: OperatorState, id: string, ctx: Context): OperatorState {
    const work = state.works.get(id);
    if (work === undefined) return state;
    if (work.stage === 'refreshing') return finish(state, work, false, { refused: 'the exchange was not read in time' }, ctx);
    return ask(state, work, ctx);
  }

  function orderEnded(state: OperatorState, id: string, problem: string, ctx: Context): OperatorState {
    for (const work of state.works.values()) {
      for (const [key, attempt] of work.attempts) {
        if (attempt.orderId === id && attempt.endedMs === null) return put(state, { ...work, attempts: new Map(work.attempts).set(key, { ...attempt, endedMs: nowMs(ctx), problem }) });
      }
    }
    return state;
  }

  /** Nothing can be written down any more: openings end, entries go, and then the process, with or without its positions. */
  function storeFailed(state: OperatorState, problem: string, ctx: Context): OperatorState {
    if (state.storeFailed !== null) return state;
    const next: OperatorState = { ...state, storeFailed: problem };
    const { venue } = state.input.paths;
    if (venue !== null) ctx.send(ctx.ref<RiskMessage>(venue.risk), { type: 'store.failed', problem });
    decide(ctx, 'control', -1, -1, { control: 'store', ok: false, problem }, state.input.journalPath);
    const work = newWork(STORE_FAILED_ID, { verb: 'stop', flatten: state.input.whenRecordFails === 'flatten', reason: problem }, 'the record', '', ctx);
    return begin(put(next, work), work, ctx);
  }

  function newWork(id: string, wanted: OperatorCommand, issuer: string, text: string, ctx: Context): Work {
    return {
      id, command: wanted, issuer, text, startedMs: nowMs(ctx), stage: 'asking', symbol: null, begun: false, round: 0, waiting: [], picture: {}, refreshed: [], attempts: new Map(), seen: new Map(), calls: [], foreign: { asked: 0, refused: [] },
    };
  }

  return {
    name: 'operator',
    version: 1,
    init(ctx, input) {
      const { pause, answered } = recoveredOf(input.recovered);
      const state: OperatorState = { input, pause, storeFailed: null, stopping: false, lastEvent: null, exits: new Map(), works: new Map(), answered };
      if (input.paths.venue !== null) ctx.subscribe(ORDERS_TOPIC);
      if (pause !== null) gate(state, ctx);
      watch(state, ctx);
      return state;
    },
    step(state, message, ctx) {
      switch (message.type) {
        case 'command':
          return command(state, message, ctx);
        case 'operator.got':
          return got(state, message, ctx);
        case 'operator.tick':
          return tick(state, message.work, ctx);
        case 'truth.refreshed': {
          const work = state.works.get(message.id);
          return work === undefined || work.stage !== 'refreshing' ? state : ask(state, { ...work, stage: 'asking', refreshed: message.products }, ctx);
        }
        case 'venue.outcome': {
          const work = [...state.works.values()].find(({ calls }) => calls.includes(message.id));
          if (work === undefined) return state;
          const { outcome } = message;
          // One that is gone already is what was wanted.
          const refused = outcome.kind === 'ok' || (outcome.kind === 'refused' && (outcome.code === -2011 || outcome.code === -2013)) ? [] : [outcome.kind === 'refused' ? `${outcome.code} ${outcome.text}` : outcome.reason];
          return put(state, { ...work, calls: work.calls.filter((id) => id !== message.id), foreign: { ...work.foreign, refused: [...work.foreign.refused, ...refused] } });
        }
        case 'order.rejected':
        case 'order.canceled':
          return orderEnded(state, message.id, message.reason, ctx);
        case 'order.fill':
          return message.remainingLots === 0 ? orderEnded(state, message.id, '', ctx) : state;
        case 'order.accepted':
          return state;
        case 'order.changed': {
          const { intent } = message;
          if (!intent.reduceOnly || intent.kind !== 'market') return state;
          const exits = new Map(state.exits);
          if (isFinal(message.state)) exits.delete(intent.id);
          else exits.set(intent.id, `${intent.symbol} ${intent.positionSide}`);
          return { ...state, exits };
        }
        case 'order.filled':
        case 'order.foreign':
        case 'order.blocked':
          return state;
        case 'store.failed':
          return storeFailed(state, message.problem, ctx);
        case 'runtime.down':
          ctx.startTimer(`watch ${message.path}`, REWATCH_MS, { type: 'operator.watch', path: message.path });
          return state;
        case 'operator.watch':
          // Who begins anew knows of no pause.
          ctx.monitor(ctx.ref<never>(message.path));
          if (state.pause !== null || state.storeFailed !== null || state.stopping) gate(state, ctx);
          return state;
      }
    },
    view: (state) => ({ ...standing(state), stopping: state.stopping, answered: state.answered.size }),
  };

  function watch({ input: { paths } }: OperatorState, ctx: Context): void {
    ctx.monitor(ctx.ref<never>(paths.account));
    if (paths.venue !== null) ctx.monitor(ctx.ref<never>(paths.venue.risk));
  }
}

/** What an earlier run left; a row that is not ours pauses, for it may have said so. */
function recoveredOf(row: unknown): Pick<OperatorState, 'pause' | 'answered'> {
  if (row === null || row === undefined) return { pause: null, answered: new Map() };
  const { pause, answered } = row as { readonly pause?: unknown; readonly answered?: unknown };
  const known = (Array.isArray(answered) ? (answered as readonly unknown[]) : []).filter((each): each is [string, Answered] => Array.isArray(each) && each.length === 2 && typeof each[0] === 'string' && isAnswered(each[1]));
  if (pause === null) return { pause: null, answered: new Map(known) };
  const { reason, by, atMs } = (typeof pause === 'object' ? pause : {}) as Partial<Pause>;
  return {
    pause: { reason: typeof reason === 'string' ? reason : 'the record of the operator cannot be read', by: typeof by === 'string' ? by : 'an earlier run', atMs: typeof atMs === 'number' ? atMs : 0 },
    answered: new Map(known),
  };
}

function withoutEnd(answer: Json): Json {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return answer;
  const { end: _end, ...rest } = answer as { readonly [key: string]: Json };
  return rest;
}

const isAnswered = (value: unknown): value is Answered => typeof value === 'object' && value !== null && typeof (value as Answered).text === 'string' && typeof (value as Answered).ok === 'boolean';
