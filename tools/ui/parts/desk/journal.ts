/** The record of an account as a journal: newest first, filtered, in pages, and as CSV. */
import type { StoredRow, StoredValue } from '../../../../data/store/index.js';
import { JOURNAL_KINDS, type JournalKind, type JournalPage, type JournalRow } from '../../wire/desk.js';
import { csvLine } from './csv.js';
import type { Records } from './records.js';

export interface JournalFilter {
  /** Engine clock, ms; a row that was written at `toMs` is no more in it. */
  readonly fromMs: number | null;
  readonly toMs: number | null;
  readonly kinds: ReadonlySet<JournalKind>;
  /** Part of the instrument's name, or ''. */
  readonly symbol: string;
  /** In key or row, or ''. Upper and lower case are one. */
  readonly text: string;
}

/** Rows looked at for a page: a filter that nothing passes must not read years at once. */
const MOST_LOOKED = 5000;
const MOST_ROW_TEXT = 4000;
const CSV_PIECE = 200;

export async function journalPage(records: Records, dir: string, filter: JournalFilter, before: number | null, limit: number, signal?: AbortSignal): Promise<JournalPage> {
  const rows: JournalRow[] = [];
  let looked = 0;
  let last: number | null = null;
  for await (const stored of records.newest(dir, before ?? undefined, signal)) {
    looked += 1;
    last = stored.seq;
    const row = passed(stored, filter);
    if (row !== undefined) rows.push({ ...row, row: row.row.length > MOST_ROW_TEXT ? `${row.row.slice(0, MOST_ROW_TEXT)}…` : row.row });
    if (rows.length >= limit || looked >= MOST_LOOKED) return { rows, before: last, looked };
  }
  return { rows, before: null, looked };
}

/** RFC 4180, newest first, piece by piece. */
export async function* journalCsv(records: Records, dir: string, filter: JournalFilter, signal?: AbortSignal): AsyncGenerator<string, void> {
  // To be read as UTF-8 by spreadsheets too.
  let piece = `\uFEFF${csvLine(['seq', 'time_utc', 'kind', 'key', 'instrument', 'text', 'row'])}`;
  let lines = 0;
  for await (const stored of records.newest(dir, undefined, signal)) {
    const row = passed(stored, filter);
    if (row === undefined) continue;
    piece += csvLine([String(row.seq), timeOf(row.atUs), row.kind, row.key, row.instrument, row.text, row.row]);
    lines += 1;
    if (lines % CSV_PIECE !== 0) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

/** ISO 8601 with microseconds. */
function timeOf(us: number): string {
  const date = new Date(Math.floor(us / 1000));
  return Number.isNaN(date.getTime()) ? '' : date.toISOString().replace('Z', `${String(us % 1000).padStart(3, '0')}Z`);
}

const isKind = (table: string): table is JournalKind => (JOURNAL_KINDS as readonly string[]).includes(table);

function passed(stored: StoredRow, { fromMs, toMs, kinds, symbol, text }: JournalFilter): JournalRow | undefined {
  const { table, seq, atUs, key, row } = stored;
  if (!isKind(table) || !kinds.has(table)) return undefined;
  if ((fromMs !== null && atUs < fromMs * 1000) || (toMs !== null && atUs >= toMs * 1000)) return undefined;
  const instrument = instrumentOf(row);
  if (symbol !== '' && !instrument.toUpperCase().includes(symbol.toUpperCase())) return undefined;
  const whole = JSON.stringify(row);
  const line = lineOf(table, row);
  if (text !== '' && !`${key} ${line} ${whole}`.toLowerCase().includes(text.toLowerCase())) return undefined;
  return { seq, atUs, kind: table, key, instrument, text: line, mark: markOf(table, row), row: whole };
}

type Row = StoredRow['row'];
const textIn = (row: Row, name: string): string => {
  const value = row[name];
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
};
const inner = (row: Row, name: string): Row => {
  const value: StoredValue | undefined = row[name];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Row) : {};
};
const spaced = (...words: readonly string[]): string => words.filter((word) => word !== '').join(' ');

function instrumentOf(row: Row): string {
  for (const name of ['instrument', 'detector']) {
    const found = textIn(row, name);
    if (found !== '') return found;
  }
  const symbol = row['symbol'];
  return typeof symbol === 'string' ? symbol : '';
}

function lineOf(kind: JournalKind, row: Row): string {
  const say = (name: string): string => textIn(row, name);
  switch (kind) {
    case 'sessions':
      return row['open'] === true ? spaced('began, mode', say('mode'), 'version', say('version')) : spaced('ended', say('end'), 'mode', say('mode'));
    case 'trades': {
      if (say('realised') !== '') return spaced(say('side'), 'from flat to flat:', say('realised'), say('settle'), 'fees', say('fees'));
      const trade = inner(row, 'trade');
      if (textIn(trade, 'id') === '') return spaced(row['open'] === true ? 'holds' : 'held', say('held'));
      return spaced(textIn(trade, 'strategy'), textIn(trade, 'side'), row['open'] === true ? `open, ${say('openLots')} lots` : 'over', listText(trade['exitReasons']));
    }
    case 'orders': {
      const intent = inner(inner(row, 'record'), 'intent');
      const [state, filled, reason] = [say('state'), say('filled'), say('reason')];
      const asked = spaced(say('side'), textIn(intent, 'kind'), say('quantity'), intent['reduceOnly'] === true ? 'reducing' : '');
      return `${asked}: ${spaced(state, filled === '' || state === 'filled' ? '' : `with ${filled} filled`, reason === state ? '' : `(${reason})`)}`;
    }
    case 'fills':
      return spaced(say('side'), say('quantity'), 'at', say('price'), 'fee', say('fee'), say('feeAsset'), say('origin') === '' || say('origin') === 'ours' ? '' : `(${say('origin')})`);
    case 'ledger':
      return spaced(say('kind'), say('amount'), say('asset'), say('difference'), say('cause'));
    case 'transitions':
      return say('action') === '' ? spaced(say('actor'), say('from'), '→', say('to'), say('reasons'), say('cause')) : spaced(say('kind'), 'of', say('product'), '→', say('action'));
    case 'breakers':
      return spaced(say('breaker'), say('product'), say('from'), '→', say('to'), say('cause'));
    case 'commands':
      return spaced(say('verb'), say('state'), 'by', say('issuer'), typeof row['answer'] === 'string' ? `: ${say('answer')}` : '');
  }
}

const listText = (value: StoredValue | undefined): string => (Array.isArray(value) ? (value as readonly StoredValue[]).filter((each) => typeof each === 'string').join(', ') : '');

function markOf(kind: JournalKind, row: Row): JournalRow['mark'] {
  const to = textIn(row, 'to');
  switch (kind) {
    case 'sessions':
      return textIn(row, 'end') === 'killed' ? 'bad' : '';
    case 'orders':
      return textIn(row, 'state') === 'unknown' ? 'bad' : textIn(row, 'state') === 'rejected' ? 'warn' : '';
    case 'transitions':
      return textIn(row, 'action') !== '' || to === 'stale' || to === 'unknown' ? 'warn' : '';
    case 'breakers':
      return ['open', 'blocked', 'banned'].includes(to) ? 'bad' : '';
    case 'commands':
      return textIn(row, 'state') === 'failed' ? 'bad' : textIn(row, 'state') === 'refused' ? 'warn' : '';
    default:
      return '';
  }
}
