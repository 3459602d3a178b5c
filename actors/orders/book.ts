/** The manager's memory of orders: which are ours and at work, which are over, which are somebody else's. Immutable. */
import type { AlgoReport, OrderReport } from '../engine/venue-calls.js';
import type { LocalOrder, OrderPurpose } from '../truth/views.js';
import type { Side } from '../venue/messages.js';
import { stateOf } from './knowledge.js';
import { isFinal, type OrderIntent, type OrderRecord, type OrderState } from './messages.js';

export interface Kept {
  readonly record: OrderRecord;
  /** As it was last told; it never leaves a final state but for `filled`. */
  readonly state: OrderState;
  /** As its owner asked for it; on spot less may have been sent. */
  readonly askedLots: number;
  /** Lots whose fills its owner has heard of. */
  readonly toldLots: number;
  /** Another order takes its place: its owner is not told that it ended. */
  readonly replaced?: true;
  /** The venue has it, and its owner knows. */
  readonly acceptedTold: boolean;
}

export interface Foreign {
  readonly report: OrderReport | AlgoReport;
  readonly open: boolean;
  readonly tradeIds: readonly string[];
}

export interface OrderBook {
  /** By client id. */
  readonly live: ReadonlyMap<string, Kept>;
  readonly finished: ReadonlyMap<string, Kept>;
  /** Client id by the intent's id, of live orders. */
  readonly byIntent: ReadonlyMap<string, string>;
  /** Client id by the venue's number, of ours; and others by theirs. Keys of {@link numberKey}. */
  readonly byNumber: ReadonlyMap<string, string>;
  readonly foreign: ReadonlyMap<string, Foreign>;
}

export const EMPTY_BOOK: OrderBook = { live: new Map(), finished: new Map(), byIntent: new Map(), byNumber: new Map(), foreign: new Map() };

/** Numbers are unique by symbol and service. */
export const numberKey = (service: 'order' | 'algo', product: string, symbol: number, venueId: string): string => `${service} ${product} ${symbol} ${venueId}`;

function put<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map(map).set(key, value);
}
function drop<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}
/** Puts it last, and forgets the oldest beyond `most`. */
function remember<K, V>(map: ReadonlyMap<K, V>, key: K, value: V, most: number): ReadonlyMap<K, V> {
  const copy = new Map(map);
  copy.delete(key);
  copy.set(key, value);
  for (const oldest of copy.keys()) {
    if (copy.size <= most) break;
    copy.delete(oldest);
  }
  return copy;
}

export function withLive(book: OrderBook, kept: Kept): OrderBook {
  const { intent, venueId, spawnedId } = kept.record;
  const { clientId, product, symbol, service } = intent;
  let { byNumber } = book;
  const numbers = [
    ...(venueId === '' ? [] : [numberKey(service, product, symbol, venueId)]),
    ...(spawnedId === '' ? [] : [numberKey('order', product, symbol, spawnedId)]),
  ].filter((key) => byNumber.get(key) !== clientId);
  if (numbers.length > 0) {
    const copy = new Map(byNumber);
    for (const key of numbers) copy.set(key, clientId);
    byNumber = copy;
  }
  return {
    ...book, byNumber, live: put(book.live, clientId, kept), finished: book.finished.has(clientId) ? drop(book.finished, clientId) : book.finished,
    byIntent: book.byIntent.get(intent.id) === clientId ? book.byIntent : put(book.byIntent, intent.id, clientId),
  };
}

/** Its actor is gone; late reports of it are still ours to judge, for as long as it is remembered. */
export function withFinished(book: OrderBook, kept: Kept, most: number): OrderBook {
  const { clientId, id } = kept.record.intent;
  const finished = remember(book.finished, clientId, kept, most);
  const forgotten = [...book.finished.keys()].filter((key) => key !== clientId && !finished.has(key));
  let { byNumber } = book;
  if (forgotten.length > 0) byNumber = new Map([...byNumber].filter(([, owner]) => !forgotten.includes(owner)));
  return { ...book, live: drop(book.live, clientId), byIntent: drop(book.byIntent, id), byNumber, finished };
}

export function withForeign(book: OrderBook, key: string, foreign: Foreign, most: number): OrderBook {
  return { ...book, foreign: remember(book.foreign, key, foreign, Math.max(100, most)) };
}

/** Orders of an instrument that are in doubt. */
export function unknownOn(book: OrderBook, symbol: number): number {
  let count = 0;
  for (const { record, state } of book.live.values()) if (state === 'unknown' && record.intent.symbol === symbol) count += 1;
  return count;
}

export function purposeOf({ reduceOnly, kind }: OrderIntent): OrderPurpose {
  if (!reduceOnly) return 'entry';
  return kind === 'stop' ? 'stop' : kind === 'limit' ? 'target' : 'exit';
}

/** What truth compares with the venue's list; null for an order that cannot be there. */
export function localOrder({ record, state }: Kept): LocalOrder | null {
  const { intent, venueId, filledLots, changedMs, expiresMs } = record;
  if (!record.sent || isFinal(state) || state === 'collecting' || stateOf(record) === 'collecting') return null;
  return {
    service: intent.service, symbol: intent.symbol, clientId: intent.clientId, venueId, listId: null, side: intent.side, positionSide: intent.positionSide,
    kind: intent.kind, reduceOnly: intent.reduceOnly, closePosition: false, priceTicks: intent.priceTicks, triggerTicks: intent.triggerTicks, lots: intent.lots,
    filledLots, owner: 'ours', purpose: purposeOf(intent), state: state === 'unknown' ? 'unknown' : state === 'submitted' ? 'sent' : 'open', changedMs, expiresMs,
    ...(state === 'unknown' && (record.doubt === 'cancel' || record.doubt === 'missing') ? { leaving: true } : {}),
  };
}

export function foreignOrder({ report }: Foreign): LocalOrder {
  const order = report.type === 'order.report';
  return {
    service: order ? 'order' : 'algo', symbol: report.symbol, clientId: report.clientId, venueId: order ? report.venueId : report.algoId, listId: null,
    side: report.side, positionSide: report.positionSide, kind: report.kind, reduceOnly: report.reduceOnly, closePosition: order ? false : report.closePosition,
    priceTicks: order ? report.priceTicks : 0, triggerTicks: report.triggerTicks, lots: report.lots, filledLots: order ? report.filledLots : 0,
    owner: 'foreign', purpose: 'other', state: 'open', changedMs: report.venueMs, expiresMs: 0,
  };
}

/** Which position an order works on: in one-way mode there is one, in hedge mode an opening buy is a long's, a closing buy a short's. */
export function positionSideOf(hedge: boolean, side: Side, reduceOnly: boolean): 'BOTH' | 'LONG' | 'SHORT' {
  if (!hedge) return 'BOTH';
  return (side === 'buy') === reduceOnly ? 'SHORT' : 'LONG';
}
