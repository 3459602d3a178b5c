/** Reads the body of an answer as it concerns one order. */
import type { Json } from '../engine/io.js';
import type { AlgoReport, OrderReport } from '../engine/venue-calls.js';
import {
  decodeAlgoOrder, decodeAlgoOrders, decodeOrder, decodeOrderList, decodeOrders, decodePlacement, decodeTrades, type Decoded, type TradeRow, type VenueInstruments,
} from '../gateway/decode/index.js';
import type { VenueTrade } from '../truth/views.js';
import type { AnswerParts, CallStep } from './answers.js';
import type { OrderRecord } from './messages.js';

/** Parts of an answer, and the venue's numbers of orders whose trades it lists and nobody knows. */
export interface ReadAnswer {
  readonly parts: AnswerParts | null;
  readonly strangers: readonly string[];
}

type Report = OrderReport | AlgoReport;

const NOTHING: AnswerParts = { reports: [], trades: [], strangers: 0 };

/** `isKnown`: whether an order of this instrument with this number is somebody's. */
export function readAnswer(step: CallStep, record: OrderRecord, body: Json, instruments: VenueInstruments, isKnown: (venueId: string) => boolean): ReadAnswer {
  if (step === 'trades') return tradesOf(record, decodeTrades(record.intent.product, body, instruments), isKnown);
  const reports = reportsOf(step, record, body, instruments);
  return { parts: reports === null ? null : { ...NOTHING, reports: reports.filter((report) => concerns(report, record)) }, strangers: [] };
}

function concerns(report: Report, { intent, spawnedId }: OrderRecord): boolean {
  return report.clientId === intent.clientId || (report.type === 'order.report' && spawnedId !== '' && report.venueId === spawnedId);
}

function reportsOf(step: Exclude<CallStep, 'trades'>, { intent, triggered }: OrderRecord, body: Json, instruments: VenueInstruments): readonly Report[] | null {
  const { product } = intent;
  const algo = intent.service === 'algo';
  switch (step) {
    case 'place': {
      if (algo) return one(decodeAlgoOrder(body, instruments));
      if (intent.listId !== null) {
        const list = decodeOrderList(body, instruments);
        return list.ok ? list.value.orders : null;
      }
      const placed = decodePlacement(product, intent.replaces === undefined ? body : halfOf(body, 'newOrderResponse'), instruments);
      if (!placed.ok) return null;
      const { order, fills } = placed.value;
      return [...fills.map((fill) => ({ ...order, fill })), order];
    }
    case 'cancel':
      // The algo service says "success" and nothing of the order.
      return algo && !triggered ? (one(decodeAlgoOrder(body, instruments)) ?? []) : one(decodeOrder(product, body, instruments));
    case 'order':
      return algo ? one(decodeAlgoOrder(body, instruments)) : one(decodeOrder(product, body, instruments));
    case 'spawned':
      return one(decodeOrder(product, body, instruments));
    case 'open':
      return all(algo ? decodeAlgoOrders(body, instruments) : decodeOrders(product, body, instruments));
  }
}

/** Of the answer to a cancel-replace: what is said of the one order or of the other; null where it says nothing. */
export function halfOf(body: Json, half: 'newOrderResponse' | 'cancelResponse'): Json {
  return typeof body === 'object' && body !== null && !Array.isArray(body) ? ((body as { readonly [key: string]: Json })[half] ?? null) : null;
}

const one = (decoded: Decoded<Report>): readonly Report[] | null => (decoded.ok ? [decoded.value] : null);
const all = (decoded: Decoded<readonly Report[]>): readonly Report[] | null => (decoded.ok ? decoded.value : null);

function tradesOf({ intent, venueId, spawnedId }: OrderRecord, decoded: Decoded<readonly TradeRow[]>, isKnown: (venueId: string) => boolean): ReadAnswer {
  if (!decoded.ok) return { parts: null, strangers: [] };
  const number = intent.service === 'algo' ? spawnedId : venueId;
  const rows = decoded.value.filter(({ symbol, side }) => symbol === intent.symbol && side === intent.side);
  const trades = rows.filter((row) => row.venueOrderId === number).map((row): VenueTrade => ({ ...row, clientId: intent.clientId }));
  const late = rows.filter((row) => row.venueOrderId !== number && row.venueMs >= intent.createdMs - 1000 && !isKnown(row.venueOrderId));
  const strangers = [...new Set(late.map((row) => row.venueOrderId))];
  return { parts: { reports: [], trades, strangers: strangers.length }, strangers };
}
