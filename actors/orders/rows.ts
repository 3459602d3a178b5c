/**
 * Orders, intents and fills as rows of the record. An order's row holds all that is known of it; symbols are named, because indices are of
 * one run. Reading is total: a row that is not an order's is a problem in words, never a guess.
 */
import { z } from 'zod';
import type { Json, StoreRow } from '../engine/io.js';
import type { VenueFill } from '../engine/venue-calls.js';
import { stateOf } from './knowledge.js';
import { isFinal, type OrderRecord } from './messages.js';
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

const count = z.int().min(0);
const states = z.enum(['filled', 'canceled', 'expired', 'rejected']);
const recordSchema = z.object({
  intent: z.object({
    id: z.string(), clientId: z.string().min(1).max(36), product: z.enum(['spot', 'usdm', 'options']), symbol: z.int(), service: z.enum(['order', 'algo']),
    side: z.enum(['buy', 'sell']), positionSide: z.enum(['BOTH', 'LONG', 'SHORT']), kind: z.enum(['limit', 'market', 'stop']), priceTicks: count,
    triggerTicks: count, lots: z.int().min(1), timeInForce: z.enum(['GTC', 'IOC', 'FOK', 'GTX']), reduceOnly: z.boolean(), reduces: z.string().nullable(),
    owner: z.string(), listId: z.string().nullable(), createdMs: count,
  }),
  journalled: z.boolean(), sent: z.boolean(), venueId: z.string(), seen: z.boolean(), heard: z.boolean(), triggered: z.boolean(), spawnedId: z.string(),
  filledLots: count, bookedLots: count, tradeIds: z.array(z.string()),
  end: z.object({ state: states, by: z.enum(['report', 'refusal', 'absence', 'us']), reason: z.string() }).nullable(),
  doubt: z.enum(['place', 'cancel', 'missing', 'restart']).nullable(), expiresMs: count, cancelWanted: z.boolean(), changedMs: count,
});

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
    const read = recordSchema.safeParse(row['record']);
    if (!read.success) {
      problems.push(`order ${key}: its row cannot be read (${read.error.issues[0]?.path.join('.') ?? ''} ${read.error.issues[0]?.message ?? ''})`);
      continue;
    }
    const { intent } = read.data;
    const symbol = symbolOf(intent.product, String(row['instrument']));
    if (symbol === undefined) problems.push(`order ${key}: ${String(row['instrument'])} of ${intent.product} is not among the instruments of this run`);
    else records.push({ ...read.data, intent: { ...intent, symbol } });
  }
  return { records, problems };
}
