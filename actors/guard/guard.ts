/**
 * `/trading/guard`: nothing of ours is open without a stop at the venue. From the first fill of an entry on it waits a moment for the
 * strategy's own stop, places one where none comes, and closes at market what has no confirmed stop `protectWithinMs` after the fill, or
 * at once when the venue refuses the stop. When all is closed it withdraws what is left of the exits.
 *
 * It goes through the account, so that trades are booked whole; where the account knows no trade (a position of an earlier run), itself.
 */
import type { GuardParams } from '../../config/engine/orders.js';
import type { ActorContext, Behaviour } from '../../runtime/index.js';
import type { AccountMessage, ExitRequest } from '../account/messages.js';
import { ORDERS_PATH, TRUTH_PATH } from '../engine/paths.js';
import { decide } from '../journal/decide.js';
import { isFinal, ORDERS_TOPIC, type OrderChanged, type OrderFilled, type OrdersMessage } from '../orders/messages.js';
import type { KeyEdge } from '../risk/messages.js';
import type { PositionGone, TruthDifferences, TruthSuspicion } from '../truth/messages.js';
import type { Cover, GuardMessage, Ward } from './messages.js';
import { tooLittle } from './protection.js';
import { closed, closingSide, confirmedLots, coverOf, expectedLots, isClosing, isDoubtful, isPosition, opened, positionWard, stopTicks, superseded, wardOf } from './wards.js';

export interface GuardInput {
  readonly run: string;
  readonly params: GuardParams;
  readonly accountPath: string;
  /**
   * What an earlier run left open, with the exits that it had sent: protected from the beginning on, before any truth is known. `entries`: ids of its opening orders
   * that are not over; what they bring has no strategy that would ask for a stop.
   */
  readonly inherited?: { readonly wards: readonly Ward[]; readonly covers: readonly Cover[]; readonly entries?: readonly string[] };
  readonly ordersPath?: string;
  readonly truthPath?: string;
  readonly journalPath?: string;
}

/** An exit that was asked for and has not become an order yet. */
interface Asked {
  readonly ward: string;
  /** The account was passed over: it hears what came of it. */
  readonly alone: boolean;
  readonly request: ExitRequest;
}

export interface GuardState {
  readonly input: GuardInput;
  readonly wards: ReadonlyMap<string, Ward>;
  /** By client id. */
  readonly covers: ReadonlyMap<string, Cover>;
  /** By the id of the order. */
  readonly asked: ReadonlyMap<string, Asked>;
  /** Last price known, by symbol. */
  readonly prices: ReadonlyMap<number, number>;
  readonly next: number;
  /** `product class` for which the venue will not have the key. */
  readonly refusedKeys: ReadonlySet<string>;
}

type Context = ActorContext<GuardMessage>;

/** A key that is not good is asked about ever more seldom, up to once in this. */
const LONGEST_RETRY_MS = 60_000;
const MOST_DOUBLINGS = 16;
function retryMs({ closeRetryMs }: GuardParams, { vain = 0 }: Ward): number {
  return Math.max(closeRetryMs, Math.min(LONGEST_RETRY_MS, closeRetryMs * (1 << Math.min(vain, MOST_DOUBLINGS))));
}

function put<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map(map).set(key, value);
}
function drop<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  if (!map.has(key)) return map;
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}

export function guardBehaviour(): Behaviour<GuardState, GuardMessage, GuardInput> {
  const nowMs = (ctx: Context): number => Math.floor(ctx.nowUs() / 1000);
  const coversOf = (state: GuardState, ward: string): readonly Cover[] => [...state.covers.values()].filter((cover) => cover.ward === ward);
  const isAsked = (state: GuardState, ward: string, kind: 'market' | 'stop'): boolean =>
    [...state.asked.values()].some((asked) => asked.ward === ward && asked.request.kind === kind);
  const withWard = (state: GuardState, ward: Ward): GuardState => ({ ...state, wards: put(state.wards, ward.id, ward) });

  function journal(state: GuardState, ctx: Context, ward: Ward, control: string, data: Readonly<Record<string, string | number | boolean | null>> = {}): void {
    decide(ctx, 'control', ward.symbol, -1, { control, ward: ward.id, openLots: ward.openLots, ...data }, state.input.journalPath);
  }
  function toOrders(state: GuardState, ctx: Context, message: OrdersMessage): void {
    ctx.send(ctx.ref<OrdersMessage>(state.input.ordersPath ?? ORDERS_PATH), message);
  }
  function withdraw(state: GuardState, ctx: Context, { symbol }: Ward, id: string): void {
    toOrders(state, ctx, { type: 'order.cancel', id, symbol, dueUs: ctx.nowUs() });
  }

  // -------------------------------------------------------------- what it does

  /** Asks for a reduce-only order: of the account where the ward is a trade, of the manager where it is a position, or (`alone`) nobody answers. */
  function exit(state: GuardState, ward: Ward, kind: 'market' | 'stop', priceTicks: number, ctx: Context, alone = false): GuardState {
    // A life that begins anew counts from the beginning: its ids are its own.
    const id = `${state.input.run} guard ${ctx.incarnation}-${state.next}`;
    const request: ExitRequest = {
      type: 'exit.request', id, tradeId: ward.id, owner: ctx.path, kind, priceTicks, lots: ward.openLots, timeInForce: kind === 'stop' ? 'GTC' : 'IOC', purpose: 'stop',
      seq: -1, dueUs: ctx.nowUs(),
    };
    if (alone || isPosition(ward)) place(state, ward, request, ctx);
    else ctx.send(ctx.ref<AccountMessage>(state.input.accountPath), request);
    return { ...state, next: state.next + 1, asked: put(state.asked, id, { ward: ward.id, alone: alone && !isPosition(ward), request }) };
  }

  function place(state: GuardState, ward: Ward, { id, kind, priceTicks, lots, timeInForce }: ExitRequest, ctx: Context): void {
    toOrders(state, ctx, {
      type: 'orders.place',
      intent: {
        id, symbol: ward.symbol, side: closingSide(ward), positionSide: ward.positionSide, kind, priceTicks: 0, triggerTicks: kind === 'stop' ? priceTicks : 0, lots,
        timeInForce, reduceOnly: true, reduces: ward.id, owner: '',
      },
    });
  }

  function close(state: GuardState, ward: Ward, reason: string, ctx: Context, alone = false): GuardState {
    if (ward.openLots <= 0 || isClosing(coversOf(state, ward.id)) || isAsked(state, ward.id, 'market')) return state;
    const closing: Ward = { ...ward, closing: ward.closing ?? reason };
    if (ward.closing === null) {
      journal(state, ctx, ward, 'unprotected_close', { reason });
      // More of it must not open while it is being closed.
      if (!ward.entryDone) withdraw(state, ctx, ward, ward.id);
    }
    ctx.startTimer(`retry ${ward.id}`, retryMs(state.input.params, closing), { type: 'guard.retry', ward: ward.id });
    return exit(withWard(state, closing), closing, 'market', 0, ctx, alone);
  }

  /** Brings a ward and its covers to where they should be, after anything changed. */
  function settle(state: GuardState, id: string, ctx: Context): GuardState {
    const ward = state.wards.get(id);
    if (ward === undefined) return state;
    if (ward.openLots === 0) return flat(state, ward, ctx);
    const { params } = state.input;
    const covers = coversOf(state, id);
    for (const cover of superseded(covers, ward.openLots)) withdraw(state, ctx, ward, cover.id);
    if (confirmedLots(covers) >= ward.openLots) {
      if (ward.nakedMs === null) return handedOver(state, id, ctx);
      ctx.cancelTimer(`own ${id}`);
      ctx.cancelTimer(`deadline ${id}`);
      journal(state, ctx, ward, 'protected', { afterMs: nowMs(ctx) - ward.nakedMs });
      return handedOver(withWard(state, { ...ward, nakedMs: null, own: false }), id, ctx);
    }
    if (ward.nakedMs === null) {
      ctx.startTimer(`own ${id}`, params.strategyStopMs, { type: 'guard.own', ward: id });
      ctx.startTimer(`deadline ${id}`, params.protectWithinMs, { type: 'guard.deadline', ward: id });
      const bare: Ward = { ...ward, nakedMs: nowMs(ctx) };
      return ward.own && ward.closing === null ? protect(withWard(state, bare), bare, ctx) : withWard(state, bare);
    }
    // What fills while it is being closed is closed too, by the next try.
    return ward.own && ward.closing === null ? protect(state, ward, ctx) : state;
  }

  /** Places a stop of the guard's own where those that are there or on their way leave something bare. */
  function protect(state: GuardState, ward: Ward, ctx: Context): GuardState {
    const priced = ward.entryTicks > 0 ? ward : { ...ward, entryTicks: state.prices.get(ward.symbol) ?? 0 };
    const covers = coversOf(state, ward.id);
    // Two stops that only reduce may stand for a moment, and one is withdrawn; on spot the first has locked what the second would sell.
    const counted = ward.product === 'spot' ? covers : covers.filter((cover) => !isDoubtful(cover));
    if (isAsked(state, ward.id, 'stop') || expectedLots(counted) >= ward.openLots || priced.entryTicks === 0) return state;
    const ticks = stopTicks(priced, state.input.params.stopShare);
    journal(state, ctx, ward, 'protect', { triggerTicks: ticks });
    return exit(withWard(state, priced), priced, 'stop', ticks, ctx);
  }

  /** Nothing is open: what would still reduce is withdrawn, so that it meets no later position. */
  function flat(state: GuardState, ward: Ward, ctx: Context): GuardState {
    for (const key of ['own', 'deadline', 'retry', 'again']) ctx.cancelTimer(`${key} ${ward.id}`);
    const calm: Ward = { ...ward, nakedMs: null, own: false };
    state = handedOver(withWard(state, calm), ward.id, ctx);
    if (!ward.entryDone || isAwaited(state, ward)) return state;
    let waits = false;
    for (const cover of coversOf(state, ward.id)) {
      if (isFinal(cover.state)) continue;
      waits = true;
      withdraw(state, ctx, ward, cover.id);
    }
    if (waits) return state;
    if (ward.closing !== null) journal(state, ctx, ward, 'unprotected_closed');
    const covers = new Map([...state.covers].filter(([, cover]) => cover.ward !== ward.id));
    const asked = new Map([...state.asked].filter(([, { ward: of }]) => of !== ward.id));
    return { ...state, wards: drop(state.wards, ward.id), covers, asked };
  }

  /** Whether an entry counts on the stops of the position that it was told of as, for want of its own. On spot they would be in the way of these. */
  function isAwaited(state: GuardState, { heir = '', product }: Ward): boolean {
    const entry = state.wards.get(heir);
    return product !== 'spot' && entry !== undefined && entry.openLots > confirmedLots(coversOf(state, heir));
  }
  /** The entry's own stops stand, or it needs none: those of the position that it was told of as may go. */
  function handedOver(state: GuardState, entry: string, ctx: Context): GuardState {
    let next = state;
    for (const { heir, ...ward } of state.wards.values()) {
      if (heir === entry) next = settle(withWard(next, ward), ward.id, ctx);
    }
    return next;
  }

  /** What is to be sold may be sold by another exit of ours: that protects it, or sells it. It is looked at again, and not sold twice. */
  function awaitExit(state: GuardState, ward: Ward, ctx: Context): GuardState {
    for (const key of ['own', 'deadline', 'retry']) ctx.cancelTimer(`${key} ${ward.id}`);
    ctx.startTimer(`again ${ward.id}`, state.input.params.closeRetryMs, { type: 'guard.again', ward: ward.id });
    if (ward.nakedMs !== null) journal(state, ctx, ward, 'exit_awaited');
    return withWard(state, { ...ward, closing: null, nakedMs: null, own: true });
  }

  /** Too little to be sold or protected: it is told, stays ours in the ledger, and nobody asks the venue again until more of it comes. */
  function layDown(state: GuardState, ward: Ward, reason: string, ctx: Context): GuardState {
    journal(state, ctx, ward, 'dust', { reason });
    return flat(state, { ...ward, openLots: 0, closing: null }, ctx);
  }

  // -------------------------------------------------------------- what it hears

  function changed(state: GuardState, change: OrderChanged, ctx: Context): GuardState {
    const { intent } = change;
    if (!intent.reduceOnly) {
      const ward = state.wards.get(intent.id);
      return ward === undefined || !isFinal(change.state) ? state : settle(withWard(state, { ...ward, entryDone: true }), intent.id, ctx);
    }
    const ward = wardFor(state, change);
    const asked = drop(state.asked, intent.id);
    if (ward === undefined) return asked === state.asked ? state : { ...state, asked };
    const known = state.covers.get(intent.clientId);
    const own = state.asked.has(intent.id) || known?.own === true;
    const alone = state.asked.get(intent.id)?.alone ?? known?.alone ?? false;
    const next: GuardState = { ...state, asked, covers: put(state.covers, intent.clientId, { ...coverOf(change, ward.id, own, known?.bookedLots ?? change.filledLots), alone, ...(known?.inherited === true ? { inherited: true } : {}) }) };
    if (ward.product === 'spot' && change.state === 'rejected' && (tooLittle(change.reason) || (isPosition(ward) && change.reason === 'nothing_to_reduce'))) return layDown(next, ward, change.reason, ctx);
    if (ward.product === 'spot' && isPosition(ward) && change.state === 'rejected' && change.reason === 'exit_pending' && ward.openLots > 0) return awaitExit(next, ward, ctx);
    // The stop that it was to replace has begun to fill, or is gone: that is withdrawn first, and then the guard places one for what is left.
    if (ward.product === 'spot' && intent.kind === 'stop' && intent.replaces !== undefined && change.state === 'rejected' && change.reason.startsWith('-2022') && ward.closing === null) {
      if (confirmedLots(coversOf(next, ward.id)) < ward.openLots) for (const cover of coversOf(next, ward.id)) if (cover.kind === 'stop' && !isFinal(cover.state)) withdraw(next, ctx, ward, cover.id);
      return settle(withWard(next, { ...ward, own: true }), ward.id, ctx);
    }
    // A refused stop is not tried again: the price is through it, or the venue will have none.
    if (intent.kind === 'stop' && change.state === 'rejected' && ward.openLots > 0 && confirmedLots(coversOf(next, ward.id)) < ward.openLots) {
      return close(next, ward, `stop_refused: ${change.reason}`, ctx);
    }
    return settle(next, ward.id, ctx);
  }

  /** The ward an exit belongs to: its entry's, or that of the position it works on. */
  function wardFor(state: GuardState, { intent }: OrderChanged): Ward | undefined {
    const named = intent.reduces === null ? undefined : state.wards.get(intent.reduces);
    if (named !== undefined) return named;
    const position = state.wards.get(positionWard(intent.symbol, intent.positionSide));
    return position !== undefined && closingSide(position) === intent.side ? position : undefined;
  }

  function filled(before: GuardState, fill: OrderFilled, ctx: Context): GuardState {
    const state: GuardState = { ...before, prices: put(before.prices, fill.symbol, fill.fill.priceTicks) };
    if (!fill.ours) return state;
    if (!fill.reduceOnly) {
      const { symbol, product, side, positionSide, id } = fill;
      const own = state.input.inherited?.entries?.includes(id) === true;
      const grown = opened(state.wards.get(id) ?? { ...wardOf({ id, symbol, product, side, positionSide }), own }, fill);
      const ward = fill.heldLots === undefined ? grown : { ...grown, openLots: fill.heldLots };
      return settle(claimed(withWard(state, fill.late ? { ...ward, entryDone: true } : ward), fill, ctx), id, ctx);
    }
    const cover = state.covers.get(fill.clientId);
    const ward = state.wards.get(fill.entryId) ?? (cover === undefined ? undefined : state.wards.get(cover.ward));
    if (cover?.alone === true) {
      const { product, symbol, positionSide, fill: { lots, priceTicks } } = fill;
      const gone: PositionGone = { type: 'position.gone', product, symbol, positionSide, side: fill.side === 'buy' ? 'sell' : 'buy', lots, priceTicks, reason: 'guard' };
      ctx.send(ctx.ref<AccountMessage>(state.input.accountPath), gone);
    }
    const excess = fill.heldLots === undefined ? fill.fill.lots - Math.min(fill.fill.lots, ward?.openLots ?? 0) : 0;
    if (ward === undefined || excess > 0) {
      // It closed more than its entry had left: that was another's.
      const rest = ward === undefined ? state : settle(withWard(state, closed(ward, fill.fill.lots)), ward.id, ctx);
      return gone(rest, { symbol: fill.symbol, positionSide: fill.positionSide, side: fill.side === 'buy' ? 'sell' : 'buy', lots: excess }, ctx);
    }
    const booked = cover === undefined ? state : { ...state, covers: put(state.covers, fill.clientId, { ...cover, bookedLots: cover.bookedLots + fill.fill.lots }) };
    return settle(withWard(booked, fill.heldLots === undefined ? closed(ward, fill.fill.lots) : { ...ward, openLots: fill.heldLots }), ward.id, ctx);
  }

  /** A fill of an entry that is told late was part of the position that truth found before: its lots are the entry's from now on, and closed once. */
  function claimed(state: GuardState, { id, symbol, positionSide, side, fill: { lots, venueMs } }: OrderFilled, ctx: Context): GuardState {
    const position = state.wards.get(positionWard(symbol, positionSide));
    if (position === undefined || position.side !== side || venueMs > (position.readMs ?? -Infinity)) return state;
    return settle(withWard(state, { ...closed(position, lots), heir: id }), position.id, ctx);
  }

  function naked(state: GuardState, { product, askedMs, differences }: TruthDifferences, ctx: Context): GuardState {
    let next = state;
    for (const difference of differences) {
      if (difference.kind !== 'protectiveStopMissing') continue;
      const { symbol, positionSide, ownLots, action: { lots } } = difference;
      const side = ownLots < 0 ? 'sell' : 'buy';
      const id = positionWard(symbol, positionSide);
      // Entries are looked after by themselves; truth may be a moment behind.
      const looked = [...next.wards.values()].filter((ward) => ward.symbol === symbol && ward.positionSide === positionSide && !isPosition(ward) && ward.openLots > 0);
      const covered = expectedLots(coversOf(next, id));
      const beside = product === 'spot' ? 0 : Math.abs(ownLots) - besides(looked, differences, { symbol, positionSide, side });
      if (looked.length > 0 && beside <= covered) continue;
      const openLots = looked.length > 0 ? beside : covered + lots;
      const ward: Ward = { ...(next.wards.get(id) ?? wardOf({ id, symbol, product, side, positionSide })), openLots, entryDone: true, own: true, readMs: askedMs };
      journal(next, ctx, ward, 'naked_position');
      next = settle(withWard(next, ward), id, ctx);
      const after = next.wards.get(id);
      if (after !== undefined && after.nakedMs !== null && after.closing === null) next = protect(next, after, ctx);
    }
    return next;
  }

  /** Lots of a position that entries hold, and that they are about to be told of. What is ours beyond them (an order that was given up and filled after all) nobody else looks after. */
  function besides(entries: readonly Ward[], differences: TruthDifferences['differences'], { symbol, positionSide, side }: Pick<Ward, 'symbol' | 'positionSide' | 'side'>): number {
    let lots = 0;
    for (const ward of entries) if (ward.side === side) lots += ward.openLots;
    for (const difference of differences) {
      if (difference.kind !== 'fillMissed' || difference.origin !== 'ours') continue;
      const { trade } = difference;
      if (trade.symbol === symbol && trade.positionSide === positionSide && trade.side === side) lots += trade.lots;
    }
    return lots;
  }

  /** A price is known: what had none to place its stop by gets one now, and need not be closed for the lack of it. */
  function priced(state: GuardState, symbol: number, ctx: Context): GuardState {
    let next = state;
    for (const ward of state.wards.values()) {
      if (ward.symbol === symbol && ward.entryTicks === 0 && ward.own && ward.nakedMs !== null && ward.closing === null) next = protect(next, ward, ctx);
    }
    return next;
  }

  /** Lots that went without an exit of their ward's. */
  function gone(state: GuardState, { symbol, positionSide, side, lots }: Pick<PositionGone, 'symbol' | 'positionSide' | 'side' | 'lots'>, ctx: Context): GuardState {
    let next = state;
    let left = lots;
    for (const ward of state.wards.values()) {
      const taken = ward.symbol === symbol && ward.positionSide === positionSide && ward.side === side ? Math.min(left, ward.openLots) : 0;
      if (taken <= 0) continue;
      left -= taken;
      next = settle(withWard(next, closed(ward, taken)), ward.id, ctx);
    }
    return next;
  }

  /** The account knows no such trade (any more): the guard places the order itself. */
  function refused(state: GuardState, id: string, ctx: Context): GuardState {
    const asked = state.asked.get(id);
    const ward = asked === undefined ? undefined : state.wards.get(asked.ward);
    if (asked !== undefined && ward !== undefined) place(state, ward, asked.request, ctx);
    return state;
  }

  function deadline(state: GuardState, id: string, ctx: Context): GuardState {
    const ward = state.wards.get(id);
    if (ward === undefined || ward.nakedMs === null) return state;
    const suspicion: TruthSuspicion = { type: 'truth.suspect', product: ward.product, reason: `no confirmed stop for ${id}` };
    ctx.send(ctx.ref<TruthSuspicion>(state.input.truthPath ?? TRUTH_PATH), suspicion);
    return close(state, ward, 'unconfirmed', ctx);
  }

  function retry(state: GuardState, id: string, ctx: Context): GuardState {
    const known = state.wards.get(id);
    if (known === undefined || known.openLots === 0) return state;
    const { vain: before = 0, ...calm } = known;
    const ward: Ward = state.refusedKeys.has(`${known.product} order`) ? { ...calm, vain: before + 1 } : calm;
    // What was asked of the account and became no order within the time was lost, and asking it again may be in vain too.
    const lost = isAsked(state, id, 'market');
    const asked = new Map([...state.asked].filter(([, { ward: of, request }]) => of !== id || request.kind !== 'market'));
    ctx.startTimer(`retry ${id}`, retryMs(state.input.params, ward), { type: 'guard.retry', ward: id });
    return close(withWard({ ...state, asked }, ward), ward, ward.closing ?? 'unconfirmed', ctx, lost);
  }

  /** What is being closed is tried again soon when the key is good, and is what finds out whether it is until then. */
  function keyed(state: GuardState, { product, class: callClass, refused: isRefused }: KeyEdge, ctx: Context): GuardState {
    const key = `${product} ${callClass}`;
    if (state.refusedKeys.has(key) === isRefused) return state;
    const refusedKeys = new Set(state.refusedKeys);
    if (isRefused) refusedKeys.add(key);
    else refusedKeys.delete(key);
    for (const ward of state.wards.values()) {
      if (!isRefused && callClass === 'order' && ward.product === product && ward.closing !== null && ward.openLots > 0) ctx.startTimer(`retry ${ward.id}`, state.input.params.closeRetryMs, { type: 'guard.retry', ward: ward.id });
    }
    return { ...state, refusedKeys };
  }

  return {
    name: 'guard',
    version: 1,
    init(ctx, input) {
      ctx.subscribe(ORDERS_TOPIC);
      const { wards = [], covers = [] } = input.inherited ?? {};
      const state: GuardState = {
        input, wards: new Map(wards.map((ward) => [ward.id, ward])), covers: new Map(covers.map((cover) => [cover.clientId, cover])), asked: new Map(), prices: new Map(), next: 1, refusedKeys: new Set(),
      };
      return wards.reduce((after, { id }) => settle(after, id, ctx), state);
    },
    step(state, message, ctx) {
      switch (message.type) {
        case 'order.changed':
          return changed(state, message, ctx);
        case 'order.filled':
          return filled(state, message, ctx);
        case 'order.foreign':
        case 'order.blocked':
          return state;
        case 'truth.differences':
          return naked(state, message, ctx);
        case 'position.gone':
          return gone(state, message, ctx);
        case 'exit.refused':
          return refused(state, message.id, ctx);
        case 'guard.own': {
          const ward = state.wards.get(message.ward);
          return ward === undefined || ward.nakedMs === null ? state : protect(withWard(state, { ...ward, own: true }), { ...ward, own: true }, ctx);
        }
        case 'guard.again':
          return settle(state, message.ward, ctx);
        case 'guard.deadline':
          return deadline(state, message.ward, ctx);
        case 'key':
          return keyed(state, message, ctx);
        case 'guard.retry':
          return retry(state, message.ward, ctx);
        case 'price': {
          const ticks = message.markTicks > 0 ? message.markTicks : message.bidTicks;
          return ticks > 0 ? priced({ ...state, prices: put(state.prices, message.symbol, ticks) }, message.symbol, ctx) : state;
        }
      }
    },
    view: ({ wards, covers }) => ({ wards: [...wards.values()], covers: [...covers.values()] }),
  };
}
