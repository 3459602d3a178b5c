/**
 * What is known of an order, and how every message changes it: pure, and the whole of what the machine decides on. Three rules hold
 * everywhere: what the venue has counted as filled only grows; a trade id is booked once; an order that is over stays over.
 */
import type { OrdersParams } from '../../config/engine/orders.js';
import type { AlgoReport, OrderReport, VenueFill, VenueOrderStatus } from '../engine/venue-calls.js';
import type { VenueTrade } from '../truth/views.js';
import type { Answer, AskStep } from './answers.js';
import type { Doubt, FinalState, OrderEnd, OrderIntent, OrderRecord, OrderState } from './messages.js';

export interface Knowledge {
  readonly record: OrderRecord;
  /** The next question, where one is to be asked. */
  readonly step: AskStep;
  /** The venue did not know the order when it could not come any more: the round of questions that may conclude from it has begun. */
  readonly absent: boolean;
  /** Number of the question that is on its way, and of the cancel; 0 for none. Numbers are never used twice. */
  readonly asking: number;
  readonly withdrawing: number;
  readonly calls: number;
  /** How long the venue may still take what an earlier life sent is reckoned by its own clock: from the stamp of the first question of this life on. */
  readonly dated: boolean;
  /** Questions since the last one that told us something. */
  readonly fruitless: number;
  /** Somebody wants the venue asked. */
  readonly check: boolean;
  /** Told as over because the venue refused it or did not know it, and now it says it is open: it is cancelled. */
  readonly undead: boolean;
  /** Fills that the last message proved. */
  readonly fills: readonly VenueFill[];
}

export type Source = 'stream' | 'place' | 'cancel' | 'ask';

export type OrderEvent =
  | { readonly type: 'flushed' }
  | { readonly type: 'storeFailed' }
  | { readonly type: 'report'; readonly report: OrderReport | AlgoReport }
  | { readonly type: 'fills'; readonly trades: readonly VenueTrade[] }
  | Answer
  | { readonly type: 'cancel' }
  | { readonly type: 'verify' }
  | { readonly type: 'giveUp'; readonly by: string };

const FINAL: Partial<Record<VenueOrderStatus | AlgoReport['status'], FinalState>> = {
  FILLED: 'filled', CANCELED: 'canceled', EXPIRED: 'expired', REJECTED: 'rejected',
};

export function newRecord(intent: OrderIntent): OrderRecord {
  return {
    intent, journalled: false, sent: false, venueId: '', seen: false, heard: false, triggered: false, spawnedId: '', filledLots: 0, bookedLots: 0, tradeIds: [],
    end: null, doubt: null, expiresMs: 0, cancelWanted: false, changedMs: intent.createdMs,
  };
}

/** As an earlier life left it: whatever it was, the venue is asked. `nowMs`: no request of that life is stamped later. */
export function recovered(record: OrderRecord, nowMs: number, params: OrdersParams): OrderRecord {
  if (record.end !== null) return record;
  return { ...record, journalled: true, sent: true, doubt: 'restart', expiresMs: Math.max(record.expiresMs, nowMs + params.longestWindowMs) };
}

export function begin(record: OrderRecord): Knowledge {
  return { record, step: 'order', absent: false, asking: 0, withdrawing: 0, calls: 0, dated: record.doubt !== 'restart', fruitless: 0, check: false, undead: false, fills: [] };
}

export const owedLots = (record: OrderRecord): number => Math.max(0, record.filledLots - record.bookedLots);

/** The state that what is known amounts to. */
export function stateOf(record: OrderRecord): OrderState {
  const { end, doubt } = record;
  if (end !== null) return owedLots(record) > 0 ? 'collecting' : record.bookedLots >= record.intent.lots ? 'filled' : end.state;
  if (!record.journalled) return 'journalling';
  if (doubt !== null) return 'unknown';
  if (record.filledLots > 0) return 'partiallyFilled';
  if (record.triggered) return 'triggered';
  return record.seen ? 'accepted' : 'submitted';
}

export const needsAsk = ({ record, check }: Knowledge): boolean => (record.doubt !== null && record.end === null) || check || owedLots(record) > 0;
/** Nobody but its own answer has vouched for it yet. */
export const unconfirmed = ({ record }: Knowledge): boolean => record.seen && !record.heard && record.end === null;

export function wantsCancel({ record, undead }: Knowledge): boolean {
  return undead || (record.cancelWanted && record.seen && record.end === null && record.doubt === null);
}

export function react(before: Knowledge, event: OrderEvent, nowMs: number, params: OrdersParams): Knowledge {
  const known = before.fills.length === 0 ? before : { ...before, fills: [] };
  const after = reactTo(known, event, nowMs, params);
  return after.record === known.record ? after : { ...after, record: { ...after.record, changedMs: nowMs } };
}

function reactTo(known: Knowledge, event: OrderEvent, nowMs: number, params: OrdersParams): Knowledge {
  switch (event.type) {
    case 'flushed':
      return send(known, nowMs, params);
    case 'storeFailed':
      if (known.record.journalled || known.record.end !== null) return known;
      // Nothing new is opened without a record of it; what takes risk off goes without.
      return known.record.intent.reduceOnly ? send(known, nowMs, params) : ended(known, { state: 'rejected', by: 'us', reason: 'store_failed' });
    case 'report':
      return reported(known, event.report, 'stream');
    case 'fills':
      return booked(known, event.trades);
    case 'cancel':
      return cancelAsked(known);
    case 'verify':
      // One that nobody has seen yet is asked about by itself, when its answer stays away.
      return known.record.seen ? { ...known, check: true } : known;
    case 'giveUp':
      return givenUp(known, event.by);
    case 'answer':
      switch (event.step) {
        case 'place':
          return placed(known, event);
        case 'cancel':
          return event.call === known.withdrawing ? withdrawn({ ...known, withdrawing: 0 }, event) : laterWord(known, event);
        case 'order':
        case 'open':
        case 'spawned':
        case 'trades':
          return event.call === known.asking ? asked({ ...known, asking: 0 }, event, params) : laterWord(known, event);
      }
  }
}

// ---------------------------------------------------------------- sending and withdrawing

function send(known: Knowledge, nowMs: number, params: OrdersParams): Knowledge {
  const { record } = known;
  if (record.journalled || record.end !== null) return known;
  const journalled = { ...record, journalled: true };
  if (record.cancelWanted) return ended({ ...known, record: journalled }, { state: 'canceled', by: 'us', reason: 'before_sent' });
  return { ...known, record: { ...journalled, sent: true, expiresMs: nowMs + params.outcomeTimeoutMs + params.longestWindowMs } };
}

function cancelAsked(known: Knowledge): Knowledge {
  const { record } = known;
  return record.cancelWanted || record.end !== null ? known : { ...known, record: { ...record, cancelWanted: true } };
}

/** The answer to the placing, or (`unknown`) that none came. */
function placed(known: Knowledge, { told, expiresMs }: Answer): Knowledge {
  const stamped: Knowledge = expiresMs === 0 ? known : { ...known, record: { ...known.record, expiresMs } };
  if (told.kind === 'ok') {
    const after = reportedAll(stamped, told.reports, 'place');
    return after.record.seen || after.record.end !== null ? after : doubted(after, 'place');
  }
  const { record } = stamped;
  // Somebody has told of it already: a refusal contradicts that, silence does not.
  if (record.seen || record.end !== null) return told.kind === 'unknown' || record.end !== null ? stamped : { ...stamped, check: true };
  switch (told.kind) {
    case 'unknown':
    case 'duplicate':
      return doubted(stamped, 'place');
    case 'notSent':
      return ended(stamped, { state: 'rejected', by: 'refusal', reason: `not_sent: ${told.reason}` });
    case 'absent':
    case 'refused':
      return ended(stamped, { state: 'rejected', by: 'refusal', reason: told.kind === 'refused' ? `${told.code} ${told.text}` : told.text });
  }
}

function withdrawn(known: Knowledge, { told }: Answer): Knowledge {
  const after = told.kind === 'ok' ? reportedAll(known, told.reports, 'cancel') : known;
  const gone = told.kind === 'ok' || told.kind === 'absent';
  if (after.undead) return gone ? { ...after, undead: false } : after;
  if (after.record.end !== null) return after;
  // A refusal or a call that was never made changed nothing: the wish stands, and is tried again.
  return told.kind === 'refused' || told.kind === 'notSent' ? after : doubted(after, 'cancel');
}

/** An operator does not wait any longer for what the venue never says. As with one that never arrived: if it turns up, it is withdrawn, and its fills are booked. */
function givenUp(known: Knowledge, by: string): Knowledge {
  const { record } = known;
  if (record.doubt === null || record.end !== null) return known;
  return ended({ ...known, step: 'order', absent: false, check: false }, { state: record.seen ? 'expired' : 'rejected', by: 'absence', reason: `given_up: ${by}` });
}

// ---------------------------------------------------------------- questions

/** An answer that was given up, or to a question of an earlier life: what it says of the order is true all the same. */
function laterWord(known: Knowledge, { told }: Answer): Knowledge {
  return told.kind === 'ok' ? reportedAll(known, told.reports, 'stream') : known;
}

function asked(before: Knowledge, answer: Answer, params: OrdersParams): Knowledge {
  const known: Knowledge = before.dated || answer.stampMs === 0 ? before
    : { ...before, dated: true, record: { ...before.record, expiresMs: Math.max(before.record.expiresMs, answer.stampMs + params.longestWindowMs) } };
  const again: Knowledge = { ...known, step: 'order', absent: false, fruitless: known.fruitless + 1 };
  const { told } = answer;
  const algo = known.record.intent.service === 'algo';
  if (answer.step === 'trades') return told.kind === 'ok' ? tradesTold(known, told.trades, told.strangers) : again;
  const found = told.kind === 'ok' && told.reports.length > 0;
  if (found) {
    const after = { ...reportedAll(known, told.reports, 'ask'), absent: false, fruitless: 0, check: false };
    // What an algo order became is told by the order service.
    const next: AskStep = owedLots(after.record) > 0 ? 'trades' : algo && after.record.triggered && after.record.end === null && answer.step !== 'spawned' ? 'spawned' : 'order';
    return { ...after, step: next, check: next === 'spawned' };
  }
  const silent = told.kind === 'absent' || (told.kind === 'ok' && answer.step === 'open');
  if (!silent) return again;
  const missing: Knowledge = known.record.doubt === null && known.record.end === null ? doubted(known, 'missing') : known;
  if (known.record.end !== null && owedLots(known.record) === 0) return { ...missing, check: false, step: 'order' };
  switch (answer.step) {
    case 'order':
      // Before that it may still be on its way, and "no such order" says nothing.
      return answer.stampMs > missing.record.expiresMs + params.clockMarginMs ? { ...missing, step: 'open', absent: true } : { ...again, record: missing.record };
    case 'open':
      return { ...missing, step: algo ? 'spawned' : 'trades' };
    default:
      return { ...missing, step: 'trades' };
  }
}

/** The last question of a round. Nothing of the order anywhere, and it cannot come any more: it is over. */
function tradesTold(known: Knowledge, trades: readonly VenueTrade[], strangers: number): Knowledge {
  const after: Knowledge = { ...booked(known, trades), step: 'order', absent: false, fruitless: known.fruitless + 1 };
  const { record } = after;
  if (!known.absent || record.end !== null || record.doubt === null) return after;
  // Trades of an order nobody knows may be ours: the manager asks whose they are, and the round begins anew.
  if (strangers > 0) return after;
  const reason = record.seen ? 'vanished' : 'never_arrived';
  return ended({ ...after, check: false }, { state: record.seen ? 'expired' : 'rejected', by: 'absence', reason });
}

// ---------------------------------------------------------------- what the venue tells

function reportedAll(known: Knowledge, reports: readonly (OrderReport | AlgoReport)[], source: Source): Knowledge {
  let after = known;
  for (const report of reports) after = reported(after, report, source);
  return after;
}

function reported(before: Knowledge, report: OrderReport | AlgoReport, source: Source): Knowledge {
  const known = before.absent ? { ...before, absent: false } : before;
  return report.type === 'algo.report' ? algoReported(known, report, source) : orderReported(known, report, source);
}

function orderReported(known: Knowledge, report: OrderReport, source: Source): Knowledge {
  const { record } = known;
  const algo = record.intent.service === 'algo';
  const filled = report.fill === null ? known : filledBy(known, report.fill);
  const next: OrderRecord = {
    ...filled.record,
    ...(algo ? { triggered: true, spawnedId: record.spawnedId === '' ? report.venueId : record.spawnedId } : { venueId: record.venueId === '' ? report.venueId : record.venueId }),
    seen: true,
    heard: record.heard || source !== 'place',
    filledLots: Math.max(filled.record.filledLots, report.filledLots),
  };
  return concluded({ ...filled, record: next }, FINAL[report.status], report.reason === '' ? report.status.toLowerCase() : report.reason, source);
}

function algoReported(known: Knowledge, report: AlgoReport, source: Source): Knowledge {
  const { record } = known;
  const triggered = record.triggered || report.status === 'TRIGGERING' || report.status === 'TRIGGERED' || report.status === 'FINISHED';
  const next: OrderRecord = {
    ...record, seen: true, heard: record.heard || source !== 'place', triggered, venueId: record.venueId === '' ? report.algoId : record.venueId,
    spawnedId: record.spawnedId === '' ? report.spawnedVenueId : record.spawnedId,
  };
  const state = FINAL[report.status];
  // What it became ends by its own reports. A refusal of the engine when it triggers is the end of both.
  const over = state !== undefined && (state === 'rejected' || record.spawnedId === '') ? state : undefined;
  const after = concluded({ ...known, record: next }, over, report.reason === '' ? report.status.toLowerCase() : report.reason, source);
  return report.status === 'FINISHED' && after.record.end === null ? { ...after, check: true, step: 'spawned' } : after;
}

/** `state`: how the venue says it ended; undefined: it is open. */
function concluded(known: Knowledge, state: FinalState | undefined, reason: string, source: Source): Knowledge {
  const { record } = known;
  if (record.end !== null) {
    if (record.end.by === 'report') return known;
    // It was given up and the venue has it after all. Its state stays as it was told; what it still does at the venue is ended.
    const open = state === undefined && record.bookedLots < record.intent.lots;
    return { ...known, undead: open };
  }
  const all = record.bookedLots >= record.intent.lots;
  const end: OrderEnd | null = state !== undefined || all ? { state: state ?? 'filled', by: 'report', reason } : null;
  if (end !== null) return { ...known, record: { ...record, end, doubt: null } };
  // Only an answer to a question that was asked afterwards says what became of a cancel, or of an order that was missing.
  const cleared = record.doubt === 'place' || record.doubt === 'restart' || source === 'ask';
  return cleared && record.doubt !== null ? { ...known, record: { ...record, doubt: null } } : known;
}

function filledBy(known: Knowledge, fill: VenueFill): Knowledge {
  const { record } = known;
  if (record.tradeIds.includes(fill.tradeId)) return known;
  const bookedLots = record.bookedLots + fill.lots;
  return {
    ...known,
    fills: [...known.fills, fill],
    record: { ...record, seen: true, tradeIds: [...record.tradeIds, fill.tradeId], bookedLots, filledLots: Math.max(record.filledLots, bookedLots) },
  };
}

/** Trades out of the account's list. */
function booked(known: Knowledge, trades: readonly VenueTrade[]): Knowledge {
  let after = known;
  for (const { tradeId, priceTicks, lots, maker, fee, feeAsset, realised, venueMs } of trades) {
    after = filledBy(after, { tradeId, priceTicks, lots, maker, fee, feeAsset, realised, venueMs });
  }
  const { record } = after;
  if (record === known.record || record.end !== null || record.bookedLots < record.intent.lots) return after;
  return { ...after, record: { ...record, end: { state: 'filled', by: 'report', reason: 'filled' }, doubt: null } };
}

function doubted(known: Knowledge, doubt: Doubt): Knowledge {
  return known.record.doubt !== null || known.record.end !== null ? known : { ...known, step: 'order', absent: false, fruitless: 0, record: { ...known.record, doubt } };
}

function ended(known: Knowledge, end: OrderEnd): Knowledge {
  return { ...known, record: { ...known.record, end, doubt: null } };
}
