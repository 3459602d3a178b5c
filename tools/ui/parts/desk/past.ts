/** The desk of a run that nobody drives any more, as far as the account's record tells. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { recoveredAccount } from '../../../../actors/account/rows.js';
import { formatMoney } from '../../../../actors/account/money.js';
import { averagePrice, openLots } from '../../../../actors/account/trade.js';
import { ACCOUNT_PATH, BREAKERS_PATH, GUARD_PATH, LEDGER_PATH, LIMITS_PATH, OPERATOR_PATH, ORDERS_PATH } from '../../../../actors/engine/paths.js';
import { productsOf, venueProductOf } from '../../../../actors/gateway/decode/index.js';
import { totalsOf } from '../../../../actors/ledger/books.js';
import { booksFrom, renumbered } from '../../../../actors/ledger/recover.js';
import { purposeOf } from '../../../../actors/orders/book.js';
import { openOrdersOf } from '../../../../actors/orders/rows.js';
import { stateOf } from '../../../../actors/orders/knowledge.js';
import { reconcileInstruments } from '../../../../actors/truth/instruments.js';
import { readManifest, RunError, RunReader, varFolder, type RunManifest } from '../../../../data/runs/index.js';
import type { RecordStore, StoredRow } from '../../../../data/store/index.js';
import type { EngineBoot } from '../../../../supervisors/index.js';
import { UiError } from '../../server/host.js';
import type { Desk } from '../../wire/desk.js';
import { type DayBook, dayBookOf } from './day.js';
import type { LiveAbout } from './live.js';
import type { Records } from './records.js';
import { deskOf } from './shape.js';

const configShape = z.object({ engine: z.object({ account: z.string().min(1).max(100).regex(/^[\w.-]+$/) }) });
const bootShape = z.object({ instruments: z.array(z.object({ index: z.number(), symbol: z.string(), venue: z.string() })), rules: z.array(z.unknown()) });
/** Rows that an account may have open; a record with more is not read whole. */
const MOST_OPEN = 20_000;
const LAST_ROWS = 500;

export interface PastRun {
  readonly about: LiveAbout;
  readonly manifest: RunManifest;
  readonly boot: EngineBoot;
}

/** What an engine's run was. @throws UiError */
export function pastRun(folder: string): PastRun {
  try {
    const manifest = readManifest(folder);
    const config = configShape.safeParse(manifest.config);
    if (manifest.kind !== 'engine' || !config.success) throw new UiError(404, 'this run is no engine’s: it has no account');
    const boot = RunReader.open(folder).boot();
    if (!bootShape.safeParse(boot).success) throw new UiError(422, 'what the run began with cannot be read: it is of another version');
    const { account } = config.data.engine;
    const { instruments } = boot as EngineBoot;
    // Beside the folder of runs it belongs to; a run that was moved is looked for where records lie now.
    const places = [join(dirname(dirname(folder)), 'accounts', `${account}-${manifest.mode}`), join(varFolder(), 'accounts', `${account}-${manifest.mode}`)];
    return { about: { mode: manifest.mode, account, run: manifest.id, record: places.find((each) => existsSync(each)) ?? places[0]!, instruments }, manifest, boot: boot as EngineBoot };
  } catch (error) {
    if (error instanceof RunError) throw new UiError(422, error.fix === undefined ? error.message : `${error.message}; ${error.fix}`);
    throw error;
  }
}

/** @throws UiError when there is nothing to show. */
export async function pastDesk(records: Records, source: string, folder: string): Promise<Desk> {
  const { about, manifest, boot } = pastRun(folder);
  const store = records.get(about.record);
  const rows = await openRows(records, about.record);
  const later = rows.sessions.filter(({ key }) => key > about.run).map(({ key }) => key);
  const own = rows.sessions.find(({ key }) => key === about.run);
  const endUs = own === undefined || typeof own.row['endedUs'] !== 'number' ? own?.atUs ?? Date.parse(manifest.endedAt ?? manifest.startedAt) * 1000 : own.row['endedUs'];
  const { views, problems } = viewsOf(rows.standing, boot);
  problems.push(...laterFills(store, rows.standing));
  const ended = manifest.endedAt === null ? 'It was killed, or is not looked after any more' : `It ended with ${manifest.exit?.code ?? '?'}${manifest.exit === null ? '' : ` (${manifest.exit.reason})`}`;
  const note = `${ended}. This is what the account’s record says, which is not the exchange’s word${later.length === 0 ? '' : `; the account has gone on since in ${later.length === 1 ? `the run ${later[0]!}` : `${later.length} runs, last ${later.at(-1)!}`}: positions, orders and balances are of its record as it is now`}.`;
  let day: Awaited<ReturnType<DayBook['at']>> | null = null;
  const missing = [...problems, 'truth, feeds and guards: nobody runs that could say'];
  try {
    day = await dayBookOf(records, about).at(endUs);
  } catch (error) {
    if (!(error instanceof UiError) && !(error instanceof RangeError)) throw error;
    missing.push(`the day’s result: ${error.message}`);
  }
  return deskOf({ source, name: manifest.id, kind: 'past', note, about, input: { atUs: endUs, views, down: {}, markTicks: {} }, day, missing });
}

interface Rows {
  readonly sessions: readonly StoredRow[];
  /** What a next run would begin with. */
  readonly standing: readonly StoredRow[];
}

/** What was read of a record, as long as it has no newer row: a page asks again and again. */
const read = new WeakMap<RecordStore, { readonly newest: number; readonly rows: Promise<Rows> }>();

/** @throws UiError when there is too much. */
function openRows(records: Records, dir: string): Promise<Rows> {
  const store = records.get(dir);
  const newest = store.before(Number.MAX_SAFE_INTEGER, 1)[0]?.seq ?? 0;
  const known = read.get(store);
  if (known?.newest === newest) return known.rows;
  const rows = readOpen(records, dir);
  read.set(store, { newest, rows });
  // What failed is tried again.
  rows.catch(() => read.delete(store));
  return rows;
}

async function readOpen(records: Records, dir: string): Promise<Rows> {
  const store = records.get(dir);
  const standing = store.openRows();
  if (standing.length > MOST_OPEN) throw new UiError(422, `the record has more than ${MOST_OPEN} rows open`);
  return { sessions: [...store.rows('sessions')], standing };
}

/** The record's rows in the form in which the actors that wrote them tell of themselves. */
function viewsOf(rows: readonly StoredRow[], boot: EngineBoot): { readonly views: Readonly<Record<string, unknown>>; readonly problems: string[] } {
  const { instruments, rules, mode } = boot;
  const snapshot = (key: string): StoredRow['row'] | undefined => rows.find((each) => each.table === 'snapshots' && each.key === key)?.row;
  const { trades, orders: working, equity, problems: unread } = recoveredAccount(rows, instruments, null);
  const problems = [...unread];
  const told = snapshot('session')?.['statistics'] ?? null;
  const views: Record<string, unknown> = {
    [OPERATOR_PATH]: { mode, stopping: false, storeFailed: null, busy: [], paused: snapshot('operator')?.['pause'] ?? null },
    [ACCOUNT_PATH]: {
      equity: Object.fromEntries([...equity].map(([asset, amount]) => [asset, formatMoney(amount)])), tradingEnabled: false, entries: working.filter(({ purpose }) => purpose === 'entry').length, session: told,
      open: trades.filter((trade) => openLots(trade) > 0).map((trade) => {
        const instrument = instruments.find(({ index }) => index === trade.symbol)!;
        return { id: trade.id, symbol: trade.symbol, side: trade.side, openLots: openLots(trade), entryPrice: averagePrice(trade.entryLotTicks, trade.filledLots, instrument.tickSize), settle: instrument.settle };
      }),
      trades, orders: working,
    },
  };
  if (mode === 'paper') return { views: plain(views), problems };
  const symbolOf = (product: string, name: string): number | undefined => instruments.find((each) => each.symbol === name && venueProductOf(each) === product)?.index;
  const open = openOrdersOf(rows, symbolOf);
  views[ORDERS_PATH] = {
    foreign: [],
    orders: open.records.map((record) => {
      const { intent, filledLots, doubt, venueId, changedMs } = record;
      return { ...intent, purpose: purposeOf(intent), filledLots, state: stateOf(record), doubt, venueId, changedMs };
    }),
  };
  const books = productsOf(instruments).flatMap((product) => {
    const row = snapshot(`ledger ${product}`);
    if (row === undefined) return [];
    try {
      const read = renumbered(booksFrom(row, product), row, reconcileInstruments(instruments, rules));
      return [{ product, view: read.view, totals: totalsOf(read) }];
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      problems.push(`the books of ${product} cannot be read: ${error.message}`);
      return [];
    }
  });
  views[LEDGER_PATH] = {
    products: books.map(({ product, view, totals }) => ({
      product, balances: Object.fromEntries(view.balances.map(({ asset, total }) => [asset, total])), positions: view.positions, holdings: view.holdings.map((each) => ({ ...each, dust: false })), totals,
    })),
  };
  views[GUARD_PATH] = guardOf(views[LEDGER_PATH] as Ledger, open.records.map(({ intent, filledLots, changedMs: _changed }) => ({ intent, filledLots })));
  for (const { key, row } of rows) {
    const [, product, callClass] = /^breaker ([a-z]+)-([a-z]+)$/.exec(key) ?? [];
    if (product !== undefined) views[`${BREAKERS_PATH}/${product}-${callClass}`] = { context: { state: row['state'], enteredUs: 0, opened: row['opened'], cause: row['cause'], input: { product, class: callClass } } };
  }
  const blocked = snapshot('limits')?.['blocked'];
  if (blocked !== undefined) views[LIMITS_PATH] = { products: Object.fromEntries(Object.entries(blocked as Readonly<Record<string, unknown>>).map(([product, by]) => [product, { buckets: [], blocked: by }])) };
  return { views: plain(views), problems: [...problems, ...open.problems] };
}

/** The books are written a moment after a fill: one that was killed in between left older ones. */
function laterFills(store: RecordStore, rows: readonly StoredRow[]): string[] {
  const last = store.before(Number.MAX_SAFE_INTEGER, LAST_ROWS).find(({ table }) => table === 'fills');
  return rows.filter(({ table, key, seq }) => table === 'snapshots' && key.startsWith('ledger ') && last !== undefined && seq < last.seq && last.row['product'] === key.slice('ledger '.length))
    .map(({ key, atUs }) => `the books of ${key.slice('ledger '.length)} were written down at ${new Date(atUs / 1000).toISOString()}; fills that came after that stand in the journal alone`);
}

interface Ledger {
  readonly products: readonly { readonly product: string; readonly positions: readonly { readonly symbol: number; readonly positionSide: string; readonly ownLots: number }[] }[];
}

/** Whatever of ours is open, and the stops that stood behind it. */
function guardOf({ products }: Ledger, orders: readonly { readonly intent: Parameters<typeof purposeOf>[0]; readonly filledLots: number }[]): unknown {
  const wards = products.flatMap(({ product, positions }) => positions.filter(({ ownLots }) => ownLots !== 0).map(({ symbol, positionSide, ownLots }) => ({
    id: `${product} ${symbol} ${positionSide}`, symbol, product, side: ownLots > 0 ? 'buy' : 'sell', positionSide, openLots: Math.abs(ownLots), nakedMs: null, closing: null,
  })));
  const covers = orders.filter(({ intent }) => purposeOf(intent) === 'stop').map(({ intent, filledLots }) => ({
    id: intent.id, clientId: intent.clientId, ward: `${intent.product} ${intent.symbol} ${intent.positionSide}`, kind: 'stop', lots: intent.lots, bookedLots: filledLots, state: 'accepted',
  }));
  return { wards, covers };
}

/** Without what JSON cannot say. */
function plain(views: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return JSON.parse(JSON.stringify(views, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))) as Readonly<Record<string, unknown>>;
}
