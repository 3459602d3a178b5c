/**
 * `/trading/orders`: one child actor an order at `orders/<clientId>`. It turns what the account, the guard and the operator want into
 * intents, brings every report and answer to the order it is about, adopts what is not ours as foreign, and tells everybody what changed:
 * the owner of an order as the simulated venue does, all others by {@link ORDERS_TOPIC}.
 *
 * It decides nothing about an order; that is its machine's. It decides whether one may begin: nothing opens while the record cannot be
 * written, while an order of the instrument is in doubt, or where no stop could protect it.
 */
import type { OrdersParams } from '../../config/engine/orders.js';
import type { Instrument } from '../../data/records/index.js';
import type { ActorContext, Behaviour, ExitReason, WorkerSpec } from '../../runtime/index.js';
import type { AccountMessage } from '../account/messages.js';
import type { VenueProduct } from '../engine/io.js';
import { GATEWAY_PATH, RISK_PATH, USER_STREAM_PATH } from '../engine/paths.js';
import type { AlgoReport, OrderReport, UserStreamEdge, VenueCall, VenueFill, VenueOutcome } from '../engine/venue-calls.js';
import { RULES_TOPIC, type InstrumentRules, type ProductRules } from '../engine/venue-rules.js';
import { decodeOrder, VenueInstruments, venueProductOf } from '../gateway/decode/index.js';
import { protectable } from '../guard/protection.js';
import type { UnknownOrders } from '../risk/messages.js';
import type { PositionGone, StreamSilent, TruthDifferences } from '../truth/messages.js';
import type { VenueOrder } from '../truth/views.js';
import type { CancelOrder, NewOrder, VenueEvent } from '../venue/messages.js';
import { answerOf } from './answers.js';
import {
  EMPTY_BOOK, foreignOrder, localOrder, numberKey, positionSideOf, unknownOn, withFinished, withForeign, withLive, type Foreign, type Kept, type OrderBook,
} from './book.js';
import { readAnswer } from './decode.js';
import { clientIdOf, isOurs } from './ids.js';
import { newRecord, owedLots, recovered, stateOf } from './knowledge.js';
import { isFinal, ORDERS_TOPIC, type CancelOrders, type ChildTold, type OrderIntent, type OrderNews, type OrderRecord, type OrdersMessage, type OrderState, type PlaceOrder } from './messages.js';
import { orderBehaviour, parseCallId, type OrderInput, type OrderMessage } from './order.js';
import { closingLots, hasLooseExit, type OpenLots, withFill, withGone, withoutDone } from './open-lots.js';
import { orderRow } from './rows.js';
import { afterFill, baseOf, heldLots, lostOf, newSpotTrade, type SpotTrade } from './spot-trades.js';
import { listIdOf, priceText, quantityText, stopOfList, unplaceable, type WireInstrument } from './wire.js';

export interface OrdersInput {
  /** Names the run in client ids. */
  readonly run: string;
  readonly params: OrdersParams;
  readonly instruments: readonly Instrument[];
  /** As they are known at boot; changes come by topic. */
  readonly rules: readonly ProductRules[];
  /** Products whose positions have legs. */
  readonly hedge: readonly VenueProduct[];
  /** Orders that earlier runs left open (openOrdersOf in rows.ts). */
  readonly recovered: readonly OrderRecord[];
  /** Told as by the simulated venue, of what `order.new` asked for. */
  readonly accountPath: string;
  readonly gatewayPath?: string;
  readonly riskPath?: string;
}

export interface OrdersState {
  readonly input: OrdersInput;
  readonly book: OrderBook;
  readonly rules: ReadonlyMap<number, InstrumentRules>;
  readonly hedge: readonly VenueProduct[];
  readonly storeDown: boolean;
  readonly streamDown: readonly VenueProduct[];
  /** By product: orders of ours that have filled since its user stream told anything of orders. */
  readonly untold: ReadonlyMap<VenueProduct, readonly string[]>;
  /** Numbers that the venue is being asked about. */
  readonly lookups: readonly string[];
  /** By the id of the entry. */
  readonly spot: ReadonlyMap<string, SpotTrade>;
  /** What entries of this run hold, by their ids, while an order of theirs lives. */
  readonly open: OpenLots;
}

type Message = OrdersMessage | { readonly type: 'orders.unanswered' } | { readonly type: 'child.exit'; readonly clientId: string; readonly reason: ExitReason };
type Context = ActorContext<Message>;

const LOOKUP = 'lookup';
const DONE = 'done ';
/** So many orders fill, and a live stream tells of none: it is dead. One may be late. */
const MOST_UNTOLD = 4;
/** An order that ended this lately may still stand in a list that truth has asked for. */
const ENDED_LATELY_MS = 120_000;
/** Questions about trades of unknown orders at one time. */
const MOST_LOOKUPS = 5;

const ORDER = orderBehaviour('order');
const ALGO = orderBehaviour('algo');

export function ordersManager(): Behaviour<OrdersState, Message, OrdersInput> {
  // Of the instruments alone, which are the same for the whole run.
  const tables = new WeakMap<readonly Instrument[], { readonly decoders: VenueInstruments; readonly wires: ReadonlyMap<number, WireInstrument> }>();
  function tablesOf({ instruments }: OrdersInput): { readonly decoders: VenueInstruments; readonly wires: ReadonlyMap<number, WireInstrument> } {
    let found = tables.get(instruments);
    if (found === undefined) {
      const wires = new Map<number, WireInstrument>();
      for (const instrument of instruments) {
        const product = venueProductOf(instrument);
        if (product !== undefined) wires.set(instrument.index, { name: instrument.symbol, product, tickSize: instrument.tickSize, lotSize: instrument.lotSize });
      }
      tables.set(instruments, (found = { decoders: new VenueInstruments(instruments), wires }));
    }
    return found;
  }
  const wireInstrument = (state: OrdersState, symbol: number): WireInstrument | undefined => tablesOf(state.input).wires.get(symbol);

  const nowMs = (ctx: Context): number => Math.floor(ctx.nowUs() / 1000);
  const publish = (ctx: Context, news: OrderNews): void => ctx.publish(ORDERS_TOPIC, news);

  function tellOwner(ctx: Context, { owner }: OrderIntent, event: VenueEvent): void {
    if (owner !== '') ctx.send(ctx.ref<VenueEvent>(owner), event);
  }
  function toChild(ctx: Context, clientId: string, message: OrderMessage): void {
    ctx.send(ctx.ref<OrderMessage>(`${ctx.path}/${clientId}`), message);
  }

  // -------------------------------------------------------------- beginning

  function spawn(state: OrdersState, record: OrderRecord, ctx: Context): void {
    const { params, gatewayPath = GATEWAY_PATH } = state.input;
    const input: OrderInput = { params, record, instrument: wireInstrument(state, record.intent.symbol)!, managerPath: ctx.path, gatewayPath };
    const spec = {
      kind: 'worker', id: record.intent.clientId, behaviour: record.intent.service === 'algo' ? ALGO : ORDER, input, restart: 'transient', restore: 'lastGood',
    } as WorkerSpec<never>;
    const started = ctx.spawn(spec);
    if (!started.ok && started.reason.kind !== 'already_started') throw new Error(`order ${record.intent.clientId} cannot be started: ${started.reason.kind}`);
  }

  /** Why no order may begin; undefined when it may. */
  function refusalOf(state: OrdersState, intent: OrderIntent): string | undefined {
    if (state.book.byIntent.has(intent.id) || state.book.live.has(intent.clientId) || state.book.finished.has(intent.clientId)) return 'duplicate_id';
    if (!Number.isSafeInteger(intent.lots) || intent.lots <= 0) return 'bad_quantity';
    if (intent.kind !== 'market' && intent.priceTicks <= 0 && intent.triggerTicks <= 0) return 'bad_price';
    const impossible = unplaceable(intent);
    if (impossible !== undefined) return impossible;
    if (intent.reduceOnly) return undefined;
    if (intent.product === 'spot' && intent.side === 'sell') return 'nothing_to_sell_short';
    if (state.storeDown) return 'store_failed';
    if (unknownOn(state.book, intent.symbol) > 0) return 'unknown_order';
    // Reduce-only, it would close what this one opens.
    if (intent.product !== 'spot' && hasLooseExit(state.open, state.book.live.values(), intent)) return 'exit_pending';
    const bare = protectable(intent.product, state.rules.get(intent.symbol), intent.lots, intent.priceTicks, wireInstrument(state, intent.symbol)!);
    return bare === undefined ? undefined : `unprotectable: ${bare}`;
  }

  function intentOf(state: OrdersState, wanted: PlaceOrder['intent'], ctx: Context): OrderIntent {
    const { run, params } = state.input;
    const product = wireInstrument(state, wanted.symbol)?.product ?? 'usdm';
    return {
      ...wanted, product, clientId: clientIdOf(params.idPrefix, run, wanted.id), service: product === 'usdm' && wanted.kind === 'stop' ? 'algo' : 'order',
      listId: null, createdMs: nowMs(ctx),
    };
  }

  /** It never was an order: its owner hears so, and whoever counts on it. */
  function refuse(state: OrdersState, intent: OrderIntent, reason: string, ctx: Context): OrdersState {
    tellOwner(ctx, intent, { type: 'order.rejected', id: intent.id, symbol: intent.symbol, seq: -1, atUs: ctx.nowUs(), reason });
    // A second order under an id changes nothing of the first.
    if (reason !== 'duplicate_id' && wireInstrument(state, intent.symbol) !== undefined) {
      publish(ctx, { type: 'order.changed', intent, state: 'rejected', previous: null, venueId: '', filledLots: 0, reason, atMs: nowMs(ctx) });
    }
    return state;
  }

  function begin(state: OrdersState, wanted: PlaceOrder['intent'], ctx: Context, askedLots = wanted.lots): OrdersState {
    const intent = intentOf(state, wanted, ctx);
    const refused = wireInstrument(state, wanted.symbol) === undefined ? 'unknown_symbol' : refusalOf(state, intent);
    if (refused !== undefined) return refuse(state, intent, refused, ctx);
    const record = newRecord(intent);
    spawn(state, record, ctx);
    if (state.storeDown) toChild(ctx, intent.clientId, { type: 'storeFailed' });
    return { ...state, book: withLive(state.book, { record, state: 'journalling', askedLots, toldLots: 0, acceptedTold: false }) };
  }

  function placed(state: OrdersState, order: NewOrder, ctx: Context): OrdersState {
    const { id, symbol, side, kind, priceTicks, lots, timeInForce, reduceOnly, reduces } = order;
    const product = wireInstrument(state, symbol)?.product;
    return wish(state, {
      id, symbol, side, kind, priceTicks: kind === 'limit' ? priceTicks : 0, triggerTicks: kind === 'stop' ? priceTicks : 0, lots,
      timeInForce: kind === 'stop' ? 'GTC' : timeInForce, reduceOnly, reduces: reduces ?? null, owner: state.input.accountPath,
      positionSide: positionSideOf(product !== undefined && state.hedge.includes(product), side, reduceOnly),
    }, ctx);
  }

  // -------------------------------------------------------------- spot

  /** An order as it is wished for. On spot an exit of one of our entries waits its turn, and sells no more than the entry brought. */
  function wish(state: OrdersState, wanted: PlaceOrder['intent'], ctx: Context): OrdersState {
    const trade = wanted.reduces === null ? undefined : state.spot.get(wanted.reduces);
    if (trade === undefined || !wanted.reduceOnly) return reduced(state, wanted, ctx);
    if (isDust(state, trade)) return refuse(state, intentOf(state, wanted, ctx), 'nothing_to_reduce', ctx);
    const partner = partnerOf(state, trade, wanted);
    if (partner !== undefined) {
      toChild(ctx, partner.record.intent.clientId, { type: 'cancel' });
      const pair = { target: wanted, stop: partner.record.intent, stopAsked: partner.askedLots, stopTold: partner.toldLots };
      return withTrade({ ...state, book: withLive(state.book, { ...partner, replaced: true }) }, { ...trade, pair });
    }
    if (wanted.kind === 'limit' && (trade.pair !== null || exitsOf(state, trade).some(({ record }) => record.intent.kind === 'stop'))) {
      // The stop has locked the quantity; protection comes before the target.
      if (wanted.owner !== '') {
        ctx.send(ctx.ref<VenueEvent>(wanted.owner), { type: 'order.accepted', id: wanted.id, symbol: wanted.symbol, seq: -1, atUs: ctx.nowUs(), queueAheadLots: Number.POSITIVE_INFINITY });
      }
      return withTrade(state, { ...trade, idle: [...trade.idle, wanted] });
    }
    const standing = exitsOf(state, trade);
    if (standing.length === 0 && trade.waiting === null && trade.pair === null) return begin(state, { ...wanted, lots: Math.min(wanted.lots, heldLots(trade, wireInstrument(state, trade.symbol)!)) }, ctx, wanted.lots);
    // A close at market goes before anything else that waits.
    if (trade.waiting !== null && (trade.waiting.kind === 'market' || wanted.kind !== 'market')) {
      return refuse(state, intentOf(state, wanted, ctx), 'nothing_to_reduce', ctx);
    }
    if (standing.some(({ record }) => record.intent.kind === 'market')) {
      // A close is on its way: no second one, and nothing withdraws it. A stop for what it leaves comes when it has ended.
      return wanted.kind === 'market' ? refuse(state, intentOf(state, wanted, ctx), 'exit_pending', ctx) : withTrade(state, { ...trade, waiting: wanted });
    }
    for (const { record } of standing) toChild(ctx, record.intent.clientId, { type: 'cancel' });
    return withTrade(state, { ...trade, waiting: wanted });
  }

  /** The stop that a target can stand with in one list: alone, plain, and for no more than the target sells. */
  function partnerOf(state: OrdersState, trade: SpotTrade, wanted: PlaceOrder['intent']): Kept | undefined {
    const [stop, ...others] = exitsOf(state, trade);
    if (wanted.kind !== 'limit' || stop === undefined || others.length > 0 || trade.waiting !== null || trade.pair !== null) return undefined;
    const { intent } = stop.record;
    const lots = heldLots(trade, wireInstrument(state, trade.symbol)!);
    const fits = intent.kind === 'stop' && intent.listId === null && wanted.lots >= lots && wanted.priceTicks > intent.triggerTicks;
    return fits && stop.toldLots === 0 && state.rules.get(trade.symbol)?.orderLists !== false ? stop : undefined;
  }

  /** Target and stop as one list, each an order of its own; the stop keeps the name its owner gave it. */
  function beginPair(state: OrdersState, trade: SpotTrade, pair: NonNullable<SpotTrade['pair']>, ctx: Context): OrdersState {
    const { target, stop, stopAsked } = pair;
    const stopTold = state.book.live.get(stop.clientId)?.toldLots ?? pair.stopTold;
    const { run, params } = state.input;
    const lots = heldLots(trade, wireInstrument(state, trade.symbol)!);
    const ids = { target: clientIdOf(params.idPrefix, run, target.id), stop: clientIdOf(params.idPrefix, run, `${stop.id} with ${target.id}`) };
    const listId = listIdOf(ids.stop);
    const common = { product: 'spot', service: 'order', lots, createdMs: nowMs(ctx), listId } as const;
    const legs: readonly (readonly [OrderIntent, number, number])[] = [
      // Its row is on the disk before the target, which sends both, is told that its own is.
      [{ ...stop, ...common, id: `${stop.id} with ${target.id}`, clientId: ids.stop, toldAs: stop.toldAs ?? stop.id }, stopAsked, stopTold],
      [{ ...target, ...common, clientId: ids.target, triggerTicks: stop.triggerTicks }, target.lots, 0],
    ];
    let { book } = state;
    for (const [intent, askedLots, toldLots] of legs) {
      const record = newRecord(intent);
      spawn(state, record, ctx);
      if (state.storeDown) toChild(ctx, intent.clientId, { type: 'storeFailed' });
      book = withLive(book, { record, state: 'journalling', askedLots, toldLots, acceptedTold: toldLots > 0 });
    }
    return { ...state, book };
  }

  /** No more is asked to be closed at market at once than is open: what is too much would close somebody else's, or the next entry's. */
  function reduced(state: OrdersState, wanted: PlaceOrder['intent'], ctx: Context): OrdersState {
    const open = wanted.reduces === null || !wanted.reduceOnly || wanted.kind !== 'market' ? undefined : state.open.get(wanted.reduces);
    if (open === undefined) return begin(state, wanted, ctx);
    const left = open.lots - closingLots(state.book.live.values(), wanted.reduces!);
    if (left > 0) return begin(state, { ...wanted, lots: Math.min(left, wanted.lots) }, ctx, wanted.lots);
    return refuse(state, intentOf(state, wanted, ctx), open.lots > 0 ? 'exit_pending' : 'nothing_to_reduce', ctx);
  }

  const withTrade = (state: OrdersState, trade: SpotTrade): OrdersState => ({ ...state, spot: new Map(state.spot).set(trade.entryId, trade) });
  const exitsOf = (state: OrdersState, { entryId }: SpotTrade): readonly Kept[] =>
    [...state.book.live.values()].filter(({ record, state: at }) => record.intent.reduces === entryId && !isFinal(at));

  /** Too little to be sold or protected. */
  function isDust(state: OrdersState, trade: SpotTrade): boolean {
    const instrument = wireInstrument(state, trade.symbol)!;
    const lots = heldLots(trade, instrument);
    const rules = state.rules.get(trade.symbol);
    return lots < 1 || (rules?.status === 'TRADING' && protectable('spot', rules, lots, trade.lastTicks, instrument) !== undefined);
  }

  function held(state: OrdersState, intent: OrderIntent, fill: VenueFill): OrdersState {
    const entryId = intent.reduces ?? intent.id;
    const trade = state.spot.get(entryId) ?? (intent.reduceOnly ? undefined : newSpotTrade(entryId, intent.symbol));
    if (trade === undefined) return state;
    const instrument = wireInstrument(state, intent.symbol)!;
    const quote = state.input.instruments.find(({ index }) => index === intent.symbol)?.settle ?? '';
    const base = state.rules.get(intent.symbol)?.base ?? baseOf(instrument.name, quote);
    return withTrade(state, afterFill(trade, intent.side, fill, quantityText(instrument, fill.lots), base));
  }

  /** An exit of a spot trade has ended: the one that waited takes its place; when nothing is left, the trade is over. */
  function released(state: OrdersState, entryId: string, ctx: Context): OrdersState {
    const trade = state.spot.get(entryId);
    if (trade === undefined || exitsOf(state, trade).length > 0) return state;
    if (trade.waiting !== null) {
      const next = wish(withTrade(unpaired(state, trade, ctx), { ...trade, waiting: null, pair: null }), trade.waiting, ctx);
      // It was refused when nothing is left to be sold: then the trade is over.
      return isDust(state, trade) ? released(next, entryId, ctx) : next;
    }
    if (trade.pair !== null) {
      const alone = withTrade(state, { ...trade, pair: null });
      return isDust(state, trade) ? unpaired(alone, trade, ctx) : beginPair(alone, trade, trade.pair, ctx);
    }
    if (!isDust(state, trade) || [...state.book.live.values()].some(({ record, state: at }) => record.intent.id === entryId && !isFinal(at))) return state;
    for (const { id, symbol, lots, owner } of trade.idle) {
      if (owner !== '') ctx.send(ctx.ref<VenueEvent>(owner), { type: 'order.canceled', id, symbol, seq: -1, atUs: ctx.nowUs(), remainingLots: lots, reason: 'nothing_to_reduce' });
    }
    ctx.send(ctx.ref<AccountMessage>(state.input.accountPath), { type: 'account.dust', tradeId: entryId });
    const spot = new Map(state.spot);
    spot.delete(entryId);
    return { ...state, spot };
  }

  /** The pair will not be: both are told so. */
  function unpaired(state: OrdersState, { pair }: SpotTrade, ctx: Context): OrdersState {
    if (pair === null) return state;
    const { target, stop, stopAsked, stopTold } = pair;
    for (const [id, owner, remainingLots] of [[stop.toldAs ?? stop.id, stop.owner, stopAsked - stopTold], [target.id, target.owner, target.lots]] as const) {
      if (owner !== '') ctx.send(ctx.ref<VenueEvent>(owner), { type: 'order.canceled', id, symbol: target.symbol, seq: -1, atUs: ctx.nowUs(), remainingLots, reason: 'nothing_to_reduce' });
    }
    return state;
  }

  /** Of an exit on spot: what is left is dust, or another exit has taken its place. */
  function spotReason(state: OrdersState, { record: { intent } }: Kept): string | undefined {
    const trade = intent.reduceOnly && intent.reduces !== null ? state.spot.get(intent.reduces) : undefined;
    if (trade === undefined) return undefined;
    return isDust(state, trade) || trade.waiting !== null ? 'nothing_to_reduce' : undefined;
  }

  function withdrawIdle(state: OrdersState, id: string, ctx: Context): OrdersState | undefined {
    for (const trade of state.spot.values()) {
      const { pair } = trade;
      if (pair !== null && (pair.target.id === id || (pair.stop.toldAs ?? pair.stop.id) === id)) return withTrade(unpaired(state, trade, ctx), { ...trade, pair: null });
      const wanted = trade.waiting?.id === id ? trade.waiting : trade.idle.find((each) => each.id === id);
      if (wanted === undefined) continue;
      const event: VenueEvent = { type: 'order.canceled', id, symbol: wanted.symbol, seq: -1, atUs: ctx.nowUs(), remainingLots: wanted.lots, reason: 'requested' };
      if (wanted.owner !== '') ctx.send(ctx.ref<VenueEvent>(wanted.owner), event);
      return withTrade(state, { ...trade, waiting: trade.waiting?.id === id ? null : trade.waiting, idle: trade.idle.filter((each) => each.id !== id) });
    }
    return undefined;
  }

  function canceled(state: OrdersState, { id, symbol }: CancelOrder, ctx: Context): OrdersState {
    const idle = withdrawIdle(state, id, ctx);
    if (idle !== undefined) return idle;
    const leg = [...state.book.live.values()].find(({ record, state: at }) => record.intent.toldAs === id && !isFinal(at));
    const clientId = leg?.record.intent.clientId ?? state.book.byIntent.get(id);
    if (clientId !== undefined) toChild(ctx, clientId, { type: 'cancel' });
    // Its own end has been told, or it never was: an order that got lost has nobody else to say it.
    else if (![...state.book.finished.values()].some(({ record }) => record.intent.id === id)) {
      ctx.send(ctx.ref<VenueEvent>(state.input.accountPath), { type: 'order.rejected', id, symbol, seq: -1, atUs: ctx.nowUs(), reason: 'unknown_order' });
    }
    return state;
  }

  function cancelAll(state: OrdersState, { symbol, entriesOnly, spareStops = false }: CancelOrders, ctx: Context): void {
    for (const [clientId, { record: { intent } }] of state.book.live) {
      const spared = (entriesOnly && intent.reduceOnly) || (spareStops && intent.kind === 'stop');
      if ((symbol === null || intent.symbol === symbol) && !spared) toChild(ctx, clientId, { type: 'cancel' });
    }
  }

  function verifyAll(state: OrdersState, product: VenueProduct, ctx: Context): void {
    for (const [clientId, kept] of state.book.live) {
      if (kept.record.intent.product === product && !isFinal(kept.state)) toChild(ctx, clientId, { type: 'verify' });
    }
  }

  // -------------------------------------------------------------- what children tell

  function childTold(state: OrdersState, message: ChildTold, ctx: Context): OrdersState {
    const kept = state.book.live.get(message.clientId);
    if (kept === undefined) return state;
    switch (message.type) {
      case 'child.state':
        return changed(state, kept, message.state, message.record, ctx);
      case 'child.fill':
        return filled(state, kept, message.fill, message.record, ctx);
      case 'child.done':
        // Its last row is on the disk before it is let go.
        ctx.effect('store.write', { rows: [orderRow(message.record, wireInstrument(state, message.record.intent.symbol)!)], ack: { id: `${DONE}${message.clientId}`, to: ctx.path } });
        return state;
    }
  }

  function changed(state: OrdersState, kept: Kept, to: OrderState, record: OrderRecord, ctx: Context): OrdersState {
    const { intent, venueId, filledLots, end, doubt } = record;
    if (to === kept.state && to !== 'journalling') return { ...state, book: withLive(state.book, { ...kept, record }) };
    const reason = end?.reason ?? doubt ?? '';
    publish(ctx, { type: 'order.changed', intent, state: to, previous: to === 'journalling' ? null : kept.state, venueId, filledLots, reason, atMs: nowMs(ctx) });
    const base = { id: intent.toldAs ?? intent.id, symbol: intent.symbol, seq: -1, atUs: ctx.nowUs() } as const;
    const there = to === 'accepted' || to === 'partiallyFilled' || to === 'triggered' || to === 'filled' || to === 'canceled' || to === 'expired' || to === 'collecting';
    const accepts = there && record.seen && !kept.acceptedTold;
    if (accepts) tellOwner(ctx, intent, { type: 'order.accepted', ...base, queueAheadLots: Number.POSITIVE_INFINITY });
    const remainingLots = Math.max(0, kept.askedLots - kept.toldLots);
    if (isFinal(to) && !isFinal(kept.state) && kept.replaced !== true) {
      const why = spotReason(state, kept) ?? reasonOf(to, reason, intent);
      if (to === 'rejected' && kept.toldLots === 0) tellOwner(ctx, intent, { type: 'order.rejected', ...base, reason: why });
      else if (remainingLots > 0) tellOwner(ctx, intent, { type: 'order.canceled', ...base, remainingLots, reason: why });
    }
    const book = withLive(state.book, { ...kept, record, state: to, acceptedTold: kept.acceptedTold || accepts });
    tellDoubt(state.book, book, intent.symbol, state.input, ctx);
    return isFinal(to) ? released({ ...state, book }, intent.reduces ?? intent.id, ctx) : { ...state, book };
  }

  function filled(before: OrdersState, kept: Kept, fill: VenueFill, record: OrderRecord, ctx: Context): OrdersState {
    const { intent } = record;
    const counted = { ...before, open: withFill(before.open, intent, fill.lots) };
    const state = intent.product === 'spot' ? held(counted, intent, fill) : counted;
    const trade = state.spot.get(intent.reduces ?? intent.id);
    publishFill(state, ctx, {
      product: intent.product, symbol: intent.symbol, ours: true, id: intent.id, entryId: intent.reduceOnly ? (intent.reduces ?? '') : intent.id, clientId: intent.clientId,
      venueId: record.spawnedId === '' ? record.venueId : record.spawnedId, side: intent.side, positionSide: intent.positionSide, reduceOnly: intent.reduceOnly, fill,
      ...(trade === undefined ? {} : { heldLots: isDust(state, trade) ? 0 : heldLots(trade, wireInstrument(state, intent.symbol)!) }), late: isFinal(kept.state),
    });
    const toldLots = kept.toldLots + fill.lots;
    const base = { id: intent.toldAs ?? intent.id, symbol: intent.symbol, seq: -1, atUs: ctx.nowUs() } as const;
    if (!kept.acceptedTold) tellOwner(ctx, intent, { type: 'order.accepted', ...base, queueAheadLots: Number.POSITIVE_INFINITY });
    tellOwner(ctx, intent, {
      type: 'order.fill', ...base, priceTicks: fill.priceTicks, lots: fill.lots, remainingLots: Math.max(0, kept.askedLots - toldLots),
      liquidity: fill.maker ? 'maker' : 'taker', reason: 'venue',
    });
    return heard({ ...state, book: withLive(state.book, { ...kept, record, toldLots, acceptedTold: true }) }, intent, ctx);
  }

  /**
   * Fills that answers tell are told by a live stream too, and sooner. A venue that ends a listen key leaves the connection as it is, and it answers: only
   * this shows it.
   */
  function heard(state: OrdersState, { product, clientId }: OrderIntent, ctx: Context): OrdersState {
    const before = state.untold.get(product) ?? [];
    if (before.includes(clientId) || state.streamDown.includes(product)) return state;
    const untold = [...before, clientId];
    if (untold.length < MOST_UNTOLD) return { ...state, untold: new Map(state.untold).set(product, untold) };
    ctx.send(ctx.ref<StreamSilent>(`${USER_STREAM_PATH}/${product}`), { type: 'stream.silent', product, reason: `${untold.length} orders have filled, and it has told of none` });
    return { ...state, untold: new Map(state.untold).set(product, []) };
  }

  function publishFill(state: OrdersState, ctx: Context, filled: Omit<Extract<OrderNews, { type: 'order.filled' }>, 'type' | 'price' | 'quantity'>): void {
    const instrument = wireInstrument(state, filled.symbol)!;
    publish(ctx, { type: 'order.filled', ...filled, price: priceText(instrument, filled.fill.priceTicks), quantity: quantityText(instrument, filled.fill.lots) });
  }

  function tellDoubt(before: OrderBook, after: OrderBook, symbol: number, { riskPath = RISK_PATH }: OrdersInput, ctx: Context): void {
    const count = unknownOn(after, symbol);
    const was = unknownOn(before, symbol);
    if (count === was) return;
    ctx.send(ctx.ref<UnknownOrders>(riskPath), { type: 'orders.unknown', symbol, count });
    if ((count > 0) !== (was > 0)) publish(ctx, { type: 'order.blocked', symbol, on: count > 0 });
  }

  function flushed(state: OrdersState, id: string, ctx: Context): OrdersState {
    const clientId = id.startsWith(DONE) ? id.slice(DONE.length) : '';
    const kept = state.book.live.get(clientId);
    if (kept === undefined || !isFinal(kept.state) || owedLots(kept.record) > 0) return state;
    ctx.stopChild(clientId);
    const book = withFinished(state.book, kept, state.input.params.rememberFinished);
    return { ...state, book, open: withoutDone(state.open, book.live.values()) };
  }

  function gone(state: OrdersState, message: PositionGone): OrdersState {
    const { open, taken } = withGone(state.open, message);
    let next: OrdersState = { ...state, open };
    for (const [entryId, lots] of taken) {
      const trade = next.spot.get(entryId);
      if (trade !== undefined) next = withTrade(next, lostOf(trade, quantityText(wireInstrument(next, trade.symbol)!, lots)));
    }
    return next;
  }

  // -------------------------------------------------------------- what the venue tells

  /** Client id of ours that a report is about; undefined for somebody else's. */
  function ownerOf(book: OrderBook, report: OrderReport | AlgoReport): string | undefined {
    const { clientId, product, symbol } = report;
    if (book.live.has(clientId) || book.finished.has(clientId)) return clientId;
    return report.type === 'order.report' ? book.byNumber.get(numberKey('order', product, symbol, report.venueId)) : undefined;
  }

  function reported(state: OrdersState, report: OrderReport | AlgoReport, ctx: Context): OrdersState {
    const clientId = ownerOf(state.book, report);
    if (clientId === undefined) return foreign(state, report, ctx);
    const kept = state.book.live.get(clientId);
    if (kept !== undefined) {
      toChild(ctx, clientId, { type: 'report', report });
      return state;
    }
    const over = state.book.finished.get(clientId)!;
    if (!provesMore(over.record, report)) return state;
    // An order that is over begins no new life: its actor comes back to book what was late.
    spawn(state, over.record, ctx);
    toChild(ctx, clientId, { type: 'report', report });
    return { ...state, book: withLive(state.book, over) };
  }

  function foreign(state: OrdersState, report: OrderReport | AlgoReport, ctx: Context): OrdersState {
    if (wireInstrument(state, report.symbol) === undefined) return state;
    const order = report.type === 'order.report';
    const key = numberKey(order ? 'order' : 'algo', report.product, report.symbol, order ? report.venueId : report.algoId);
    const known = state.book.foreign.get(key);
    const fill = order ? report.fill : null;
    const isNew = fill !== null && known?.tradeIds.includes(fill.tradeId) !== true;
    publish(ctx, { type: 'order.foreign', report, forgotten: isOurs(state.input.params.idPrefix, report.clientId) });
    if (isNew && order) {
      const { product, symbol, clientId, venueId, side, positionSide, reduceOnly } = report;
      publishFill(state, ctx, { product, symbol, ours: false, id: '', entryId: '', clientId, venueId, side, positionSide, reduceOnly, fill: fill!, late: false });
    }
    const open = report.status === 'NEW' || report.status === 'PARTIALLY_FILLED' || report.status === 'TRIGGERING' || report.status === 'TRIGGERED';
    const next: Foreign = { report, open: open && known?.open !== false, tradeIds: isNew ? [...(known?.tradeIds ?? []), fill!.tradeId] : (known?.tradeIds ?? []) };
    return { ...state, book: withForeign(state.book, key, next, state.input.params.rememberFinished) };
  }

  function answered(state: OrdersState, message: VenueOutcome, ctx: Context): OrdersState {
    if (message.id.startsWith(`${LOOKUP} `)) return lookedUp(state, message, ctx);
    const call = parseCallId(message.id);
    const kept = call === undefined ? undefined : (state.book.live.get(call.clientId) ?? state.book.finished.get(call.clientId));
    if (call === undefined || kept === undefined) return state;
    const { record } = kept;
    const { product, symbol } = record.intent;
    const known = (venueId: string): boolean =>
      state.book.byNumber.has(numberKey('order', product, symbol, venueId)) || state.book.foreign.has(numberKey('order', product, symbol, venueId));
    const read = message.outcome.kind === 'ok'
      ? readAnswer(call.step, record, message.outcome.body, tablesOf(state.input).decoders, known)
      : { parts: null, strangers: [] };
    // An answer that comes after the end says what a late report says.
    if (!state.book.live.has(call.clientId)) {
      let next = state;
      for (const report of read.parts?.reports ?? []) next = reported(next, report, ctx);
      return next;
    }
    toChild(ctx, call.clientId, answerOf(call.step, call.call, message, read.parts));
    if (call.step === 'place' && record.intent.listId !== null) answerStop(state, record.intent.listId, message, ctx);
    return read.strangers.length === 0 ? state : lookUp(state, record, read.strangers, ctx);
  }

  /** A list is placed with one call, and its answer is both legs'. */
  function answerStop(state: OrdersState, listId: string, message: VenueOutcome, ctx: Context): void {
    const stop = state.book.live.get(stopOfList(listId));
    if (stop === undefined) return;
    const { parts } = message.outcome.kind === 'ok'
      ? readAnswer('place', stop.record, message.outcome.body, tablesOf(state.input).decoders, () => true)
      : { parts: null };
    toChild(ctx, stopOfList(listId), answerOf('place', 0, message, parts));
  }

  /** Asks whose the trades are that belong to no order we know. */
  function lookUp(state: OrdersState, { intent }: OrderRecord, numbers: readonly string[], ctx: Context): OrdersState {
    const { product, symbol } = intent;
    const instrument = wireInstrument(state, symbol)!;
    const path = { spot: '/api/v3/order', usdm: '/fapi/v1/order', options: '/eapi/v1/order' }[product];
    let { lookups } = state;
    for (const number of numbers) {
      const id = `${LOOKUP} ${product} ${symbol} ${number}`;
      if (lookups.includes(id) || lookups.length >= MOST_LOOKUPS) continue;
      lookups = [...lookups, id];
      // An outcome that never comes must not keep others from being asked for.
      ctx.startTimer('lookups', 2 * state.input.params.outcomeTimeoutMs, { type: 'orders.unanswered' });
      ctx.send(ctx.ref<VenueCall>(state.input.gatewayPath ?? GATEWAY_PATH), {
        type: 'venue.call', id, replyTo: ctx.path, class: 'account', reducing: false, product, method: 'GET', path, params: { symbol: instrument.name, orderId: number },
        security: 'signed', weight: 4, orders: 0, timeoutMs: state.input.params.outcomeTimeoutMs,
      });
    }
    return { ...state, lookups };
  }

  function lookedUp(state: OrdersState, { id, outcome }: VenueOutcome, ctx: Context): OrdersState {
    const next = { ...state, lookups: state.lookups.filter((other) => other !== id) };
    if (outcome.kind !== 'ok') return next;
    const decoded = decodeOrder(id.split(' ')[1] as VenueProduct, outcome.body, tablesOf(state.input).decoders);
    return decoded.ok ? reported(next, decoded.value, ctx) : next;
  }

  function streamChanged(state: OrdersState, { product, state: edge }: UserStreamEdge, ctx: Context): OrdersState {
    // While it was away nobody told us of fills.
    verifyAll(state, product, ctx);
    const streamDown = state.streamDown.filter((other) => other !== product);
    if (edge === 'live') {
      ctx.cancelTimer(`poll ${product}`);
      return { ...state, streamDown };
    }
    ctx.startTimer(`poll ${product}`, state.input.params.pollMs, { type: 'orders.poll', product });
    return { ...state, streamDown: [...streamDown, product] };
  }

  function polled(state: OrdersState, product: VenueProduct, ctx: Context): void {
    if (!state.streamDown.includes(product)) return;
    verifyAll(state, product, ctx);
    ctx.startTimer(`poll ${product}`, state.input.params.pollMs, { type: 'orders.poll', product });
  }

  // -------------------------------------------------------------- what truth finds

  /** Truth's word is a reason to ask, never more: the machine believes answers to its own questions. Trades are facts. */
  function differs(state: OrdersState, { product, differences }: TruthDifferences, ctx: Context): OrdersState {
    let next = state;
    const verify = (clientId: string): void => {
      if (next.book.live.has(clientId)) toChild(ctx, clientId, { type: 'verify' });
    };
    for (const { action } of differences) {
      switch (action.do) {
        case 'settleOrder':
        case 'forgetOrder':
          verify(action.clientId);
          // Nobody else will ask about one that is not ours.
          for (const [key, stranger] of next.book.foreign) {
            if (stranger.open && stranger.report.product === product && stranger.report.clientId === action.clientId) {
              next = { ...next, book: withForeign(next.book, key, { ...stranger, open: false }, next.input.params.rememberFinished) };
            }
          }
          break;
        case 'lookUp':
          verify(action.clientId);
          break;
        case 'openOrder':
        case 'updateOrder':
          verify(action.order.clientId);
          break;
        case 'bookFill': {
          const { trade } = action;
          const clientId = trade.clientId ?? next.book.byNumber.get(numberKey('order', product, trade.symbol, trade.venueOrderId));
          if (clientId !== undefined && next.book.live.has(clientId)) toChild(ctx, clientId, { type: 'fills', trades: [trade] });
          break;
        }
        case 'adoptOrder':
          // One of ours that we had given up stands there after all, or somebody else's that no stream has told of.
          next = reported(next, standing(action.order, product, nowMs(ctx)), ctx);
          break;
        case 'cancelOrder':
          if (next.book.live.has(action.order.clientId)) toChild(ctx, action.order.clientId, { type: 'cancel' });
          break;
        case 'setMode':
          next = { ...next, hedge: [...next.hedge.filter((other) => other !== product), ...(action.hedgeMode ? [product] : [])] };
          break;
        default:
          break;
      }
    }
    return next;
  }

  function storeFailed(state: OrdersState, ctx: Context): OrdersState {
    if (state.storeDown) return state;
    for (const [clientId, kept] of state.book.live) {
      if (kept.state === 'journalling') toChild(ctx, clientId, { type: 'storeFailed' });
    }
    cancelAll(state, { type: 'orders.cancel', symbol: null, entriesOnly: true }, ctx);
    return { ...state, storeDown: true };
  }

  function childEnded(state: OrdersState, clientId: string, reason: ExitReason, ctx: Context): OrdersState {
    const kept = state.book.live.get(clientId);
    if (kept === undefined || reason.kind === 'normal' || reason.kind === 'shutdown') return state;
    // Its actor is lost; the order is not. What it knew last is where its next life begins, in doubt.
    spawn(state, recovered(kept.record, nowMs(ctx), state.input.params), ctx);
    return state;
  }

  return {
    name: 'orders',
    version: 1,
    init(ctx, input) {
      ctx.subscribe(RULES_TOPIC);
      const rules = new Map(input.rules.flatMap(({ instruments }) => instruments.map((rule) => [rule.symbol, rule] as const)));
      let state: OrdersState = { input, book: EMPTY_BOOK, rules, hedge: input.hedge, storeDown: false, streamDown: [], untold: new Map(), lookups: [], spot: new Map(), open: new Map() };
      for (const old of input.recovered) {
        const record = { ...recovered(old, nowMs(ctx), input.params), cancelWanted: old.cancelWanted || (input.params.cancelRecoveredEntries && !old.intent.reduceOnly) };
        if (wireInstrument(state, record.intent.symbol) === undefined || state.book.live.has(record.intent.clientId)) continue;
        spawn(state, record, ctx);
        state = { ...state, book: withLive(state.book, { record, state: stateOf(record) === 'unknown' ? 'submitted' : stateOf(record), askedLots: record.intent.lots, toldLots: record.bookedLots, acceptedTold: record.seen }) };
      }
      return state;
    },
    step(state, message, ctx) {
      switch (message.type) {
        case 'order.new':
          return placed(state, message, ctx);
        case 'order.cancel':
          return canceled(state, message, ctx);
        case 'orders.place':
          return wish(state, message.intent, ctx);
        case 'orders.cancel':
          cancelAll(state, message, ctx);
          return state;
        case 'orders.verify':
          if (state.book.live.has(message.clientId)) toChild(ctx, message.clientId, { type: 'verify' });
          return state;
        case 'order.report':
        case 'algo.report':
          return reported(message.source === 'stream' ? { ...state, untold: new Map(state.untold).set(message.product, []) } : state, message, ctx);
        case 'account.report':
        case 'cash.report':
          // Told to all who listen to a user stream; truth's and the ledger's.
          return state;
        case 'user-stream':
          return streamChanged(state, message, ctx);
        case 'orders.poll':
          polled(state, message.product, ctx);
          return state;
        case 'venue.outcome':
          return answered(state, message, ctx);
        case 'rules.changed': {
          const rules = new Map(state.rules);
          for (const { rules: rule } of message.instruments) rules.set(rule.symbol, rule);
          return { ...state, rules };
        }
        case 'truth.differences':
          return differs(state, message, ctx);
        case 'position.gone':
          return gone(state, message);
        case 'orders.open':
          ctx.reply({
            orders: [
              ...[...state.book.live.values()].filter(({ record }) => record.intent.product === message.product).map(localOrder).filter((order) => order !== null),
              ...[...state.book.foreign.values()].filter(({ open, report }) => open && report.product === message.product).map(foreignOrder),
            ],
            ended: [...state.book.finished.values()].filter(({ record: { intent, changedMs } }) => intent.product === message.product && changedMs > nowMs(ctx) - ENDED_LATELY_MS)
              .map(({ record: { intent: { service, symbol, clientId }, changedMs } }) => ({ service, symbol, clientId, endedMs: changedMs })),
          });
          return state;
        case 'store.flushed':
          return flushed(state, message.id, ctx);
        case 'store.failed':
          return storeFailed(state, ctx);
        case 'child.state':
        case 'child.fill':
        case 'child.done':
          return childTold(state, message, ctx);
        case 'orders.unanswered':
          return { ...state, lookups: [] };
        case 'child.exit':
          return childEnded(state, message.clientId, message.reason, ctx);
      }
    },
    childExit: (clientId, reason) => ({ type: 'child.exit', clientId, reason }),
    view: ({ book, storeDown, streamDown }) => ({
      storeDown, streamDown, finished: book.finished.size, foreign: [...book.foreign.values()].filter(({ open }) => open).length,
      orders: [...book.live.values()].map(({ record, state }) => ({
        clientId: record.intent.clientId, id: record.intent.id, symbol: record.intent.symbol, side: record.intent.side, kind: record.intent.kind, lots: record.intent.lots,
        filledLots: record.filledLots, state, doubt: record.doubt,
      })),
    }),
  };
}

/** What the venue's list of open orders says of one, as a report. */
function standing(order: VenueOrder, product: VenueProduct, venueMs: number): OrderReport | AlgoReport {
  const { symbol, clientId, venueId, side, positionSide, kind, reduceOnly, closePosition, priceTicks, triggerTicks, lots, filledLots } = order;
  const base = { source: 'answer', product, symbol, clientId, side, positionSide, kind, reduceOnly, triggerTicks, lots, venueMs, reason: '' } as const;
  return order.service === 'algo'
    ? { ...base, type: 'algo.report', algoId: venueId, status: 'NEW', closePosition, spawnedVenueId: '' }
    : { ...base, type: 'order.report', venueId, status: filledLots > 0 ? 'PARTIALLY_FILLED' : 'NEW', timeInForce: 'GTC', priceTicks, filledLots, fill: null };
}

/** Whether a report of an order that is over says what is not booked, or that it is not over. */
function provesMore(record: OrderRecord, report: OrderReport | AlgoReport): boolean {
  if (report.type === 'algo.report') return record.end?.by !== 'report' && report.status === 'NEW';
  if (report.fill !== null && !record.tradeIds.includes(report.fill.tradeId)) return true;
  if (report.filledLots > record.bookedLots) return true;
  return record.end?.by !== 'report' && (report.status === 'NEW' || report.status === 'PARTIALLY_FILLED');
}

/** In the simulated venue's words where it has some: strategies know them. */
function reasonOf(state: OrderState, reason: string, { reduceOnly }: OrderIntent): string {
  if (state === 'filled' && reduceOnly) return 'nothing_to_reduce';
  if (reason.startsWith('-2022')) return 'nothing_to_reduce';
  if (reason.startsWith('-5022') || /immediately match and take/.test(reason)) return 'would_take';
  if (reason.startsWith('-2021') || /trigger immediately/.test(reason)) return 'would_trigger';
  return reason === '' ? state : reason;
}

