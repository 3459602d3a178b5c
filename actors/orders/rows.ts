/**
 * Orders, intents and fills as rows of the record. An order's row holds all that is known of it; symbols are named, because indices are of
 * one run. Reading is total: a row that is not an order's is a problem in words, never a guess.
 */
import { parseDecimal } from '../../data/instruments/decimal.js';
import type { Json, StoreRow } from '../engine/io.js';
import type { VenueFill } from '../engine/venue-calls.js';
import { stateOf } from './knowledge.js';
import { isFinal, type OrderEnd, type OrderIntent, type OrderRecord } from './messages.js';
import { newSpotTrade, type SpotTrade } from './spot-trades.js';
import { priceText, quantityText, type WireInstrument } from './wire.js';

const plain = (value: unknown): Json => value as Json;

export function intentRow({ intent }: OrderRecord, instrument: WireInstrument): StoreRow {
  const { id, clientId, product, side, kind, priceTicks, triggerTicks, lots, reduceOnly, reduces, createdMs } = intent;
  return {
    table: 'intents', key: clientId,
    row: {
      id, clientId, product, instrument: instrument.name, side, kind, price: priceText(instrument, priceTicks), trigger: priceText(instrument, triggerTicks),
      quantity: quantityText(instrument, lots), reduceOnly, reduces, atMs: createdMs,
    },
  };
}

export function orderRow(record: OrderRecord, instrument: WireInstrument): StoreRow {
  const { intent, venueId, filledLots, end, changedMs } = record;
  return {
    table: 'orders', key: intent.clientId,
    row: {
      clientId: intent.clientId, id: intent.id, product: intent.product, instrument: instrument.name, side: intent.side, state: stateOf(record), venueId,
      quantity: quantityText(instrument, intent.lots), filled: quantityText(instrument, filledLots), open: !isFinal(stateOf(record)), reason: end?.reason ?? record.doubt ?? '',
      atMs: changedMs, record: plain(record),
    },
  };
}

export function fillRow({ intent, venueId, spawnedId }: OrderRecord, fill: VenueFill, instrument: WireInstrument): StoreRow {
  return {
    table: 'fills', key: `${intent.product} ${instrument.name} ${fill.tradeId}`,
    row: {
      clientId: intent.clientId, product: intent.product, instrument: instrument.name, side: intent.side, positionSide: intent.positionSide,
      venueOrderId: spawnedId === '' ? venueId : spawnedId, tradeId: fill.tradeId, price: priceText(instrument, fill.priceTicks),
      quantity: quantityText(instrument, fill.lots), maker: fill.maker, fee: fill.fee, feeAsset: fill.feeAsset, realised: fill.realised, venueMs: fill.venueMs,
    },
  };
}

const SPOT_KEY = 'spot ';

/** What an entry on spot still holds, until it is sold or too little to be. */
export function spotTradeRow({ entryId, held, lastTicks, unsellable }: SpotTrade, instrument: WireInstrument, open: boolean, atMs: number): StoreRow {
  return { table: 'trades', key: `${SPOT_KEY}${entryId}`, row: { product: 'spot', instrument: instrument.name, entryId, held, lastTicks, unsellable, open, atMs } };
}

type Check = (value: unknown) => boolean;
const text: Check = (value) => typeof value === 'string';
const textOrNull: Check = (value) => value === null || typeof value === 'string';
const flag: Check = (value) => typeof value === 'boolean';
const count: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const oneOf = (...words: readonly (string | null)[]): Check => (value) => words.includes(value as string | null);
const shape = (checks: Readonly<Record<string, Check>>): Check => (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(checks).sort().every((key) => checks[key]!((value as Record<string, unknown>)[key]));

const INTENT: Readonly<Record<keyof OrderIntent, Check>> = {
  toldAs: (value) => value === undefined || text(value), replaces: (value) => value === undefined || text(value),
  id: text, clientId: (value) => typeof value === 'string' && /^[.A-Z:/a-z0-9_-]{1,36}$/.test(value), product: oneOf('spot', 'usdm', 'options'), symbol: count,
  service: oneOf('order', 'algo'), side: oneOf('buy', 'sell'), positionSide: oneOf('BOTH', 'LONG', 'SHORT'), kind: oneOf('limit', 'market', 'stop'),
  priceTicks: count, triggerTicks: count, lots: (value) => count(value) && (value as number) > 0, timeInForce: oneOf('GTC', 'IOC', 'FOK', 'GTX'), reduceOnly: flag,
  reduces: textOrNull, owner: text, listId: textOrNull, createdMs: count,
};
const END: Readonly<Record<keyof OrderEnd, Check>> = {
  state: oneOf('filled', 'canceled', 'expired', 'rejected'), by: oneOf('report', 'refusal', 'absence', 'us'), reason: text,
};
const RECORD: Readonly<Record<keyof OrderRecord, Check>> = {
  intent: shape(INTENT), journalled: flag, sent: flag, venueId: text, seen: flag, heard: flag, triggered: flag, spawnedId: text, filledLots: count,
  bookedLots: count, tradeIds: (value) => Array.isArray(value) && value.every(text), end: (value) => value === null || shape(END)(value),
  doubt: oneOf(null, 'place', 'cancel', 'missing', 'restart'), expiresMs: count, cancelWanted: flag, changedMs: count,
};
const fields = Object.keys(RECORD).sort() as (keyof OrderRecord)[];

const SPOT_TRADE: Readonly<Record<'instrument' | 'entryId' | 'held' | 'lastTicks' | 'unsellable', Check>> = {
  instrument: text, entryId: text, held: (value) => typeof value === 'string' && parseDecimal(value) !== undefined, lastTicks: count, unsellable: flag,
};

/** What entries of earlier runs still hold on spot, out of the rows of `trades`. One that cannot be read is a problem in words. */
export function spotTradesOf(rows: readonly StoreRow[], symbolOf: (product: string, instrument: string) => number | undefined): { readonly trades: readonly SpotTrade[]; readonly problems: readonly string[] } {
  const trades: SpotTrade[] = [];
  const problems: string[] = [];
  for (const { table, key, row } of rows) {
    if (table !== 'trades' || row['open'] !== true || !key.startsWith(SPOT_KEY)) continue;
    if (!shape(SPOT_TRADE)(row)) {
      problems.push(`holding ${key.slice(SPOT_KEY.length)}: its row cannot be read`);
      continue;
    }
    const { instrument, entryId, held, lastTicks, unsellable } = row as unknown as SpotTrade & { readonly instrument: string };
    const symbol = symbolOf('spot', instrument);
    if (symbol === undefined) problems.push(`holding ${entryId}: ${JSON.stringify(instrument)} of spot is not among the instruments of this run`);
    else trades.push({ ...newSpotTrade(entryId, symbol), held, lastTicks, unsellable });
  }
  return { trades, problems };
}

export interface ReadOrders {
  readonly records: readonly OrderRecord[];
  /** Rows that could not be read, in sentences. */
  readonly problems: readonly string[];
}

/**
 * Orders that may still do something at the venue, or whose fills are not all booked, out of the rows of `orders`.
 * @param symbolOf index of an instrument in this run; undefined when it does not trade it
 */
export function openOrdersOf(rows: readonly StoreRow[], symbolOf: (product: string, instrument: string) => number | undefined): ReadOrders {
  const records: OrderRecord[] = [];
  const problems: string[] = [];
  for (const { key, row } of rows) {
    if (row['open'] === false) continue;
    const read = row['record'];
    if (!shape(RECORD)(read)) {
      const bad = shape({})(read) ? fields.find((field) => !RECORD[field]((read as Record<string, unknown>)[field])) : 'record';
      problems.push(`order ${key}: its row cannot be read (${bad ?? 'record'})`);
      continue;
    }
    const record = read as unknown as OrderRecord;
    const { intent } = record;
    const { instrument } = row;
    const symbol = typeof instrument === 'string' ? symbolOf(intent.product, instrument) : undefined;
    if (symbol === undefined) problems.push(`order ${key}: ${JSON.stringify(instrument)} of ${intent.product} is not among the instruments of this run`);
    else records.push({ ...record, intent: { ...intent, symbol } });
  }
  return { records, problems };
}
