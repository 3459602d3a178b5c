/** Exits of our entries on spot: what is locked there can be sold once, so of one trade one exit stands at the venue, or one list. */
import type { AccountMessage } from '../account/messages.js';
import type { StoreWrite } from '../engine/io.js';
import type { VenueFill } from '../engine/venue-calls.js';
import { protectable, tooLittle } from '../guard/protection.js';
import type { VenueEvent } from '../venue/messages.js';
import { begin, intentOf, reduced, refuse, spawn } from './begin.js';
import { withLive, type Kept } from './book.js';
import { clientIdOf } from './ids.js';
import { newRecord } from './knowledge.js';
import { isFinal, type OrderIntent, type PlaceOrder } from './messages.js';
import { spotTradeRow } from './rows.js';
import { afterFill, baseOf, heldLots, lostOf, newSpotTrade, type SpotTrade } from './spot-trades.js';
import { nowMs, toChild, wireInstrument, type Context, type OrdersState } from './state.js';
import { listIdOf, quantityText, type WireInstrument } from './wire.js';

/** An order as it is wished for. On spot an exit of one of our entries waits its turn, and sells no more than the entry brought. */
export function wish(state: OrdersState, wanted: PlaceOrder['intent'], ctx: Context): OrdersState {
  const trade = wanted.reduces === null ? undefined : state.spot.get(wanted.reduces);
  const instrument = wireInstrument(state, wanted.symbol);
  if (wanted.reduceOnly && trade === undefined && instrument?.product === 'spot') return ownSold(state, wanted, instrument, ctx);
  if (trade === undefined || !wanted.reduceOnly) return reduced(state, wanted, ctx);
  // Nobody else may tell that it is over: it may be what an earlier run left.
  if (isDust(state, trade)) return released(refuse(state, intentOf(state, wanted, ctx), 'nothing_to_reduce', ctx), trade.entryId, ctx);
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
  const [only, ...others] = standing;
  if (only !== undefined && others.length === 0 && trade.waiting === null && trade.pair === null && isReplaceable(only)) {
    return begin(state, { ...wanted, lots: Math.min(wanted.lots, heldLots(trade, wireInstrument(state, trade.symbol)!)) }, ctx, wanted.lots, only.record.intent.clientId);
  }
  for (const { record } of standing) toChild(ctx, record.intent.clientId, { type: 'cancel' });
  return withTrade(state, { ...trade, waiting: wanted });
}

/** An exit of no trade that is known (what a restart or the dust of many trades has left): of the account's coins only ours, less what other exits of ours may still sell. */
function ownSold(state: OrdersState, wanted: PlaceOrder['intent'], instrument: WireInstrument, ctx: Context): OrdersState {
  const all = heldLots({ held: state.owned.get(wanted.symbol) ?? '0' }, instrument);
  if (all === 0) return refuse(state, intentOf(state, wanted, ctx), 'nothing_to_reduce', ctx);
  // What a trade holds is its own exits' to sell, also in the moment between two of them; an operator's close takes all.
  const isPositions = wanted.reduces !== null;
  let left = all - (isPositions ? tradesLots(state, wanted.symbol, instrument) : 0);
  const lists = new Set<string>();
  const ofTrade = ({ reduces }: OrderIntent): boolean => {
    const trade = state.spot.get(reduces ?? '');
    return trade !== undefined && !isDust(state, trade);
  };
  for (const { record: { intent, bookedLots }, state: at } of state.book.live.values()) {
    // One leg of a list sells.
    if (isPositions && ofTrade(intent)) continue;
    if (intent.symbol !== wanted.symbol || !intent.reduceOnly || isFinal(at) || (intent.listId !== null && lists.has(intent.listId))) continue;
    if (intent.listId !== null) lists.add(intent.listId);
    left -= Math.max(0, intent.lots - bookedLots);
    // A close goes before the stop of what it closes; it is asked for again when that has gone.
    if (wanted.kind === 'market' && intent.kind === 'stop' && !state.spot.has(intent.reduces ?? '')) toChild(ctx, intent.clientId, { type: 'cancel' });
  }
  if (left <= 0) return refuse(state, intentOf(state, wanted, ctx), 'exit_pending', ctx);
  return begin(state, { ...wanted, lots: Math.min(left, wanted.lots) }, ctx, wanted.lots);
}

function tradesLots(state: OrdersState, symbol: number, instrument: WireInstrument): number {
  let lots = 0;
  for (const trade of state.spot.values()) if (trade.symbol === symbol && !isDust(state, trade)) lots += heldLots(trade, instrument);
  return lots;
}

/** Exact quantity of a fill, and the asset that is bought there. */
function boughtBy(state: OrdersState, symbol: number, { lots }: Pick<VenueFill, 'lots'>): { readonly quantity: string; readonly base: string } {
  const instrument = wireInstrument(state, symbol)!;
  const quote = state.input.instruments.find(({ index }) => index === symbol)?.settle ?? '';
  return { quantity: quantityText(instrument, lots), base: state.rules.get(symbol)?.base ?? baseOf(instrument.name, quote) };
}

/** All of ours after a fill of an order of ours, also of one that nobody follows any more: what it brought is ours to sell. */
export function withOwned(state: OrdersState, { symbol, side }: Pick<OrderIntent, 'symbol' | 'side'>, fill: Pick<VenueFill, 'lots' | 'priceTicks' | 'fee' | 'feeAsset'>): OrdersState {
  if (wireInstrument(state, symbol)?.product !== 'spot') return state;
  const { quantity, base } = boughtBy(state, symbol, fill);
  const { held } = afterFill({ ...newSpotTrade('', symbol), held: state.owned.get(symbol) ?? '0' }, side, fill, quantity, base);
  return { ...state, owned: new Map(state.owned).set(symbol, held) };
}

/** All of ours where reconciliation has found less of it than `local`, or sales that nobody bought for. */
export function withHeld(state: OrdersState, symbol: number, local: string, quantity: string): OrdersState {
  const before = { ...newSpotTrade('', symbol), held: state.owned.get(symbol) ?? '0' };
  const { held } = lostOf(lostOf(before, local), `-${quantity}`);
  return { ...state, owned: new Map(state.owned).set(symbol, held) };
}

/** Whether the venue can put another order in its place with one call: it stands whole, certain and by itself. A leg takes its list with it. */
const isReplaceable = ({ state, toldLots, record: { intent, cancelWanted, filledLots } }: Kept): boolean =>
  state === 'accepted' && intent.listId === null && !cancelWanted && filledLots === 0 && toldLots === 0;

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

export const withTrade = (state: OrdersState, trade: SpotTrade): OrdersState => ({ ...state, spot: new Map(state.spot).set(trade.entryId, trade) });
const exitsOf = (state: OrdersState, { entryId }: SpotTrade): readonly Kept[] =>
  [...state.book.live.values()].filter(({ record, state: at }) => record.intent.reduces === entryId && !isFinal(at));

/** Too little to be sold or protected. */
export function isDust(state: OrdersState, trade: SpotTrade): boolean {
  const instrument = wireInstrument(state, trade.symbol)!;
  const lots = heldLots(trade, instrument);
  const rules = state.rules.get(trade.symbol);
  return trade.unsellable || lots < 1 || (rules?.status === 'TRADING' && protectable('spot', rules, lots, trade.lastTicks, instrument) !== undefined);
}

export function held(state: OrdersState, intent: OrderIntent, fill: VenueFill, ctx: Context): OrdersState {
  const entryId = intent.reduces ?? intent.id;
  const { quantity, base } = boughtBy(state, intent.symbol, fill);
  const counted = withOwned(state, intent, fill);
  const trade = state.spot.get(entryId) ?? (intent.reduceOnly ? undefined : newSpotTrade(entryId, intent.symbol));
  return trade === undefined ? counted : keep(counted, afterFill(trade, intent.side, fill, quantity, base), ctx);
}

/** So much of a trade went without an order of ours. */
export function lost(state: OrdersState, entryId: string, lots: number, ctx: Context): OrdersState {
  const trade = state.spot.get(entryId);
  return trade === undefined ? state : keep(state, lostOf(trade, quantityText(wireInstrument(state, trade.symbol)!, lots)), ctx);
}

/** With a trade that holds another quantity; the next run has to know. */
function keep(state: OrdersState, trade: SpotTrade, ctx: Context): OrdersState {
  write(state, trade, true, ctx);
  return withTrade(state, trade);
}
const write = (state: OrdersState, trade: SpotTrade, open: boolean, ctx: Context): void =>
  ctx.effect('store.write', { rows: [spotTradeRow(trade, wireInstrument(state, trade.symbol)!, open, nowMs(ctx))] } satisfies StoreWrite);

/** The venue has refused an exit: what is left is too little for it. */
export function refusedByVenue(state: OrdersState, { reduceOnly, reduces }: OrderIntent, reason: string): OrdersState {
  const trade = reduceOnly && reduces !== null && tooLittle(reason) ? state.spot.get(reduces) : undefined;
  return trade === undefined ? state : withTrade(state, { ...trade, unsellable: true });
}

/** An exit of a spot trade has ended: the one that waited takes its place; when nothing is left, the trade is over. */
export function released(state: OrdersState, entryId: string, ctx: Context): OrdersState {
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
  write(state, trade, false, ctx);
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
export function spotReason(state: OrdersState, { record: { intent } }: Kept): string | undefined {
  const trade = intent.reduceOnly && intent.reduces !== null ? state.spot.get(intent.reduces) : undefined;
  if (trade === undefined) return undefined;
  if (isDust(state, trade)) return 'nothing_to_reduce';
  // A close that came to nothing is told as what it is, whoever waits behind it: its owner has to try again.
  if (intent.kind === 'market') return undefined;
  return trade.waiting !== null || exitsOf(state, trade).some(({ record }) => record.intent.clientId !== intent.clientId) ? 'nothing_to_reduce' : undefined;
}

export function withdrawIdle(state: OrdersState, id: string, ctx: Context): OrdersState | undefined {
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
