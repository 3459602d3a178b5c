/**
 * Keeps the books of a product in step: whenever the kernel says that one is not, and its diffs come, a snapshot is asked for until it is
 * (FORMULAS 4.6, "Book sync"). The kernel keeps the diffs meanwhile and judges whether a snapshot fits: one that is older than the first diff it
 * kept leaves the book as it was, and the next one is asked for, later each time.
 */
import type { FeedsParams } from '../../config/engine/feeds.js';
import type { Instrument } from '../../data/records/instrument.js';
import type { ActorContext, Behaviour, Down } from '../../runtime/types.js';
import type { RestAnswer, RestRequest, StoreWrite, VenueProduct } from '../engine/io.js';
import type { BookEdge, BookStateName } from '../market/messages.js';
import { doubled } from './link.js';
import type { BooksReport, FeedEdge } from './messages.js';
import { REST_PATHS } from './products.js';

export interface BooksInput {
  readonly product: VenueProduct;
  /** Those of the product. */
  readonly instruments: readonly Instrument[];
  readonly params: FeedsParams['books'];
  readonly reportTo: string;
  /** Whose end means that nothing is known of any book. */
  readonly kernelPath: string;
}

export type BooksMessage = BookEdge | FeedEdge | RestAnswer | Down | { readonly type: 'books.look' | 'books.rewatch' } | { readonly type: 'books.resync'; readonly symbol: number };

interface Row {
  readonly symbol: number;
  readonly name: string;
  /** Feeds that bring its diffs. */
  readonly feeds: readonly string[];
  readonly state: BookStateName;
  readonly sinceUs: number;
  /** Snapshot under way, "" for none; and when it was asked for. */
  readonly request: string;
  readonly askedUs: number;
  /** When the next one is to be asked for, Infinity for never. */
  readonly dueUs: number;
  readonly attempts: number;
  readonly snapshots: number;
  readonly snapshotUs: number;
  readonly snapshotId: number;
  readonly breaks: number;
  readonly failures: number;
}

export interface BooksState {
  readonly input: BooksInput;
  readonly rows: readonly Row[];
  /** The venue has asked to be left alone until then, µs. */
  readonly notBeforeUs: number;
}

type Context = ActorContext<BooksMessage>;

/** An answer that is owed and does not come within this beyond its time is a defect of the host's; the next one is asked for all the same. */
const OWED_US = 10_000_000;
/** In step for so long: what comes then is no consequence of what was before. */
const HELD_US = 10_000_000;
/** Without a Retry-After, a venue that refuses for too many requests is left alone for so long. */
const REFUSED_MS = 10_000;

export const booksBehaviour: Behaviour<BooksState, BooksMessage, BooksInput> = {
  name: 'books',
  version: 1,
  init(ctx, input) {
    ctx.monitor(ctx.ref(input.kernelPath));
    const nowUs = ctx.nowUs();
    return {
      input,
      notBeforeUs: 0,
      rows: input.instruments.map(({ index, symbol }) => ({
        symbol: index, name: symbol, feeds: [], state: 'SYNCING', sinceUs: nowUs, request: '', askedUs: 0, dueUs: Infinity, attempts: 0, snapshots: 0, snapshotUs: 0, snapshotId: 0, breaks: 0, failures: 0,
      })),
    };
  },
  step(state, message, ctx) {
    const after = handle(state, message, ctx);
    if (after === state) return state;
    const asked = ask(after, ctx);
    plan(asked, ctx);
    const told: BooksReport = reportOf(asked, ctx.nowUs());
    ctx.send(ctx.ref(asked.input.reportTo), told);
    return asked;
  },
  view: (state) => reportOf(state, 0),
};

function handle(state: BooksState, message: BooksMessage, ctx: Context): BooksState {
  const nowUs = ctx.nowUs();
  switch (message.type) {
    case 'book':
      writeEdge(state, message, ctx);
      return change(state, message.symbol, (row) => edge(row, message, nowUs, state.input.params));
    case 'feed.edge': {
      if (message.class !== 'depth' || message.product !== state.input.product) return state;
      return message.symbols.reduce((rows, symbol) => change(rows, symbol, (row) => feedEdge(row, message, nowUs)), state);
    }
    case 'books.resync': return change(state, message.symbol, (row) => ({ ...row, dueUs: nowUs }));
    case 'rest.answer': return answered(state, message, ctx);
    case 'books.look': return { ...state, rows: state.rows.map((row) => (row.request !== '' && nowUs > row.askedUs + owedUs(state) ? failed(row, state, nowUs) : row)) };
    case 'runtime.down':
      // A kernel that comes back may have forgotten its books, and says nothing of what it does not know.
      ctx.startTimer('rewatch', 1000, { type: 'books.rewatch' });
      return { ...state, rows: state.rows.map((row) => (row.feeds.length === 0 ? row : { ...row, dueUs: nowUs })) };
    case 'books.rewatch':
      ctx.monitor(ctx.ref(state.input.kernelPath));
      return state;
  }
}

/** For the record: a book that broke, and that is in step again. No decision: a replay of the tape alone has no feeds. */
function writeEdge({ input, rows }: BooksState, { symbol, from, to }: BookEdge, ctx: Context): void {
  const row = rows.find((each) => each.symbol === symbol);
  if (row === undefined || (to !== 'GAP' && !(to === 'LIVE' && from !== 'STALE'))) return;
  const cause = to === 'GAP' ? 'its diffs do not follow one another' : 'a snapshot and the diffs behind it fit';
  const write: StoreWrite = { rows: [{ table: 'transitions', key: `book ${input.product} ${row.name} ${ctx.nowUs()} ${from}-${to}`, row: { actor: ctx.path, product: input.product, instrument: row.name, from, to, cause, atUs: ctx.nowUs() } }] };
  ctx.effect('store.write', write);
}

const owedUs = ({ input }: BooksState): number => input.params.timeoutMs * 1000 + OWED_US;
const inStep = ({ state }: Row): boolean => state === 'LIVE' || state === 'STALE';

function change(state: BooksState, symbol: number, make: (row: Row) => Row): BooksState {
  return state.rows.some((row) => row.symbol === symbol) ? { ...state, rows: state.rows.map((row) => (row.symbol === symbol ? make(row) : row)) } : state;
}

function edge(row: Row, { to }: BookEdge, nowUs: number, { everyMs, ...backoff }: FeedsParams['books']): Row {
  const now: Row = { ...row, state: to, sinceUs: nowUs, breaks: row.breaks + (to === 'GAP' ? 1 : 0) };
  if (inStep(now)) return { ...now, dueUs: everyMs === 0 ? Infinity : nowUs + everyMs * 1000 };
  // While its levels are being replaced the state is SYNCING for a moment: the snapshot that does so is under way or just came.
  if (to === 'SYNCING' || now.request !== '' || now.feeds.length === 0) return now;
  // A break of a book that held is answered at once; one break after the other, later each time.
  if (inStep(row) && nowUs - row.sinceUs > HELD_US) return { ...now, attempts: 0, dueUs: nowUs };
  const attempts = row.attempts + (inStep(row) ? 1 : 0);
  return { ...now, attempts, dueUs: Math.min(inStep(row) ? Infinity : row.dueUs, nowUs + (attempts === 0 ? 0 : backoffUs(backoff, attempts - 1))) };
}

function feedEdge(row: Row, { feed, up }: FeedEdge, nowUs: number): Row {
  const feeds = up ? [...row.feeds.filter((one) => one !== feed), feed] : row.feeds.filter((one) => one !== feed);
  // Without diffs a snapshot would be out of date as soon as it is taken.
  if (feeds.length === 0) return { ...row, feeds, dueUs: Infinity };
  return { ...row, feeds, dueUs: inStep(row) || row.request !== '' || row.feeds.length > 0 ? row.dueUs : nowUs };
}

/** Asks for what is due, no more at once than is allowed. */
function ask(state: BooksState, ctx: Context): BooksState {
  const { input: { product, params } } = state;
  const nowUs = ctx.nowUs();
  if (nowUs < state.notBeforeUs) return state;
  let free = params.concurrent - state.rows.filter(({ request }) => request !== '').length;
  if (free <= 0 || !state.rows.some((row) => row.request === '' && row.dueUs <= nowUs)) return state;
  // Books that are out of step go before those that are only compared.
  const order = state.rows.filter((row) => row.request === '' && row.dueUs <= nowUs).sort((a, b) => Number(inStep(a)) - Number(inStep(b)) || a.dueUs - b.dueUs || a.symbol - b.symbol);
  const chosen = new Map<number, string>();
  for (const { symbol, name } of order) {
    if (free === 0) break;
    free -= 1;
    const id = ctx.nextId();
    chosen.set(symbol, id);
    const request: RestRequest = {
      id, to: ctx.path, product, method: 'GET', path: REST_PATHS[product].depth, params: { symbol: name, limit: String(params.levels) }, security: 'none', timeoutMs: params.timeoutMs, flushFirst: false, depthOf: symbol,
    };
    ctx.effect('rest.send', request);
  }
  return { ...state, rows: state.rows.map((row) => (chosen.has(row.symbol) ? { ...row, request: chosen.get(row.symbol)!, askedUs: nowUs, dueUs: Infinity } : row)) };
}

function backoffUs(params: Pick<FeedsParams['books'], 'backoffMinMs' | 'backoffMaxMs'>, attempts: number): number {
  return Math.min(params.backoffMaxMs, doubled(params.backoffMinMs, attempts)) * 1000;
}

function failed(row: Row, state: BooksState, nowUs: number): Row {
  return { ...row, request: '', failures: row.failures + 1, attempts: row.attempts + 1, dueUs: row.feeds.length === 0 ? Infinity : nowUs + backoffUs(state.input.params, row.attempts) };
}

function answered(state: BooksState, { id, outcome }: RestAnswer, ctx: Context): BooksState {
  const row = state.rows.find(({ request }) => request === id);
  if (row === undefined) return state;
  const nowUs = ctx.nowUs();
  const put = (after: Row): BooksState => change(state, row.symbol, () => after);
  if (outcome.kind === 'answer' && (outcome.status === 429 || outcome.status === 418)) {
    const waitMs = outcome.headers.retryAfterS === null ? REFUSED_MS : outcome.headers.retryAfterS * 1000;
    return { ...put(failed(row, state, nowUs)), notBeforeUs: Math.max(state.notBeforeUs, nowUs + waitMs * 1000) };
  }
  const snapshotId = outcome.kind === 'answer' && outcome.status === 200 ? idOf(outcome.body) : 0;
  if (snapshotId === 0) return put(failed(row, state, nowUs));
  const taken: Row = { ...row, request: '', snapshots: row.snapshots + 1, snapshotUs: nowUs, snapshotId };
  if (row.feeds.length === 0) return put({ ...taken, dueUs: Infinity });
  // Its records have gone before this answer: if it fits, the kernel has said so, or is about to.
  if (inStep(row)) return put({ ...taken, dueUs: state.input.params.everyMs === 0 ? Infinity : nowUs + state.input.params.everyMs * 1000 });
  return put({ ...taken, failures: row.failures + 1, attempts: row.attempts + 1, dueUs: nowUs + backoffUs(state.input.params, row.attempts) });
}

/** The update id of a snapshot that became records; 0 when it did not. */
function idOf(body: unknown): number {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return 0;
  const { lastUpdateId, levels } = body as { readonly lastUpdateId?: unknown; readonly levels?: unknown };
  return typeof lastUpdateId === 'number' && typeof levels === 'number' && lastUpdateId > 0 && levels > 0 ? lastUpdateId : 0;
}

function plan(state: BooksState, ctx: Context): void {
  const owed = owedUs(state);
  const busy = state.rows.filter(({ request }) => request !== '').length >= state.input.params.concurrent;
  let dueUs = Infinity;
  for (const row of state.rows) {
    if (row.request !== '') dueUs = Math.min(dueUs, row.askedUs + owed + 1);
    else if (!busy) dueUs = Math.min(dueUs, Math.max(row.dueUs, state.notBeforeUs));
  }
  if (dueUs < Infinity) ctx.startTimerAt('look', dueUs, { type: 'books.look' });
  else ctx.cancelTimer('look');
}

function reportOf({ input, rows }: BooksState, nowUs: number): BooksReport {
  return {
    type: 'books.report', product: input.product, atUs: nowUs,
    books: rows.map(({ symbol, name, state, snapshotUs, snapshotId, snapshots, breaks, failures, sinceUs }) => ({ symbol, name, state, snapshotUs, snapshotId, snapshots, breaks, failures, sinceUs })),
  };
}
