import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { formatMoney, money } from '../../actors/account/money.js';
import { recoveredAccount } from '../../actors/account/rows.js';
import { chainDigest, EMPTY_DIGEST, type Decision } from '../../actors/index.js';
import { configSchema, DEFAULT_CONFIG, type Config } from '../../config/index.js';
import { allocateBatch, BLOCK_RECORDS, type Instrument, type RecordBatch } from '../../data/records/index.js';
import { isBeingWritten, RunError, RunReader, tapeNumbers } from '../../data/runs/index.js';
import { surveyTape, TapeError, TapeReader } from '../../data/tape/index.js';
import { instanceNames } from '../../supervisors/instance-names.js';
import { recoveredOrders } from '../../supervisors/venue-orders.js';
import { breathe } from '../cli/interrupt.js';
import { progress } from '../cli/progress.js';
import { packageVersion } from '../cli/version.js';
import { truthPath } from '../market/generate.js';
import { hide } from '../process/redact.js';
import { ReportBuilder, type ReplayReport, type TradeRow } from '../replay/report.js';
import { parseTimeUs } from '../replay/time.js';
import { differingKeys } from '../runs/described.js';
import { engineBoot } from '../runs/engine-replay.js';
import { runSteps } from '../tape/steps.js';
import { Detections } from './episodes.js';
import type { AssetReport, RunReport, RunStanding } from './facts.js';
import { fieldsText, Incidents } from './incidents.js';
import { DecisionLedger, NOTHING_LEFT, ratio, type EquityReport, type LeftOver } from './ledger.js';
import { linesOf } from './lines.js';
import { MarketPass, type MarketFacts } from './market-pass.js';
import { replayRun, type ReplayedFacts } from './replayed.js';
import { annualSharpe, histogram, resultsOf, tradeSharpe, tradeStatistics } from './statistics.js';

export interface ReadRunOptions {
  /** Neither run the tree again nor read tapes for their digests. */
  readonly quick?: boolean;
}

/** A report, and every closed trade: the report has a bounded number of them. */
export interface ReadRun {
  readonly report: RunReport;
  readonly trades: readonly TradeRow[];
}

const MOST_TRADES = 1000;
const MOST_CONFIG_KEYS = 300;
const MOST_SOCKETS = 200;

/** What a run was, found usable. */
interface Scene {
  readonly reader: RunReader;
  readonly instruments: readonly Instrument[];
  readonly config: Config;
  /** Engine clock at its beginning, µs. */
  readonly startUs: number;
  readonly left: LeftOver;
}

/** Sockets of one actor. */
interface Sockets {
  opened: number;
  closed: number;
  failed: number;
}

/**
 * Everything about a run, from its folder. What of it is missing or damaged is left out, and a note says so; only a folder that is no run, or
 * one of another format, is refused. @throws RunError `missing`, `notARun`, `version`, `corrupt` (run.json), `unreadable`.
 */
export async function readRun(text: string, { quick = false }: ReadRunOptions = {}): Promise<ReadRun> {
  const reader = RunReader.open(text);
  const { manifest } = reader;
  const notes: string[] = [];
  const standing: RunStanding = manifest.endedAt !== null ? 'ended' : isBeingWritten(manifest) ? 'going on' : 'killed';
  if (standing === 'killed') notes.push('The run has no end: its process was killed, or the machine failed. This is as far as its folder tells.');
  if (standing === 'going on') notes.push('The run goes on: this is how it stood when the report was made.');

  const scene = sceneOf(reader, notes);
  const { instruments, startUs } = scene;
  const replayed = quick || manifest.kind !== 'engine' ? null : await attempt(notes, 'The tree could not be run again: restarts, differences and funding are missing', () => replayRun(reader, startUs));
  const names = instanceNames(instruments);
  const nameOf = (symbol: number): string => (symbol < 0 ? '' : names.get(symbol) ?? `symbol ${symbol}`);

  const builder = new ReportBuilder(instruments, startUs);
  const ledger = new DecisionLedger(instruments, scene.config, startUs, scene.left);
  const detections = new Detections(nameOf, instruments.map(({ index }) => index), startUs, trueStarts(reader));
  const incidents = new Incidents();
  const lines = new DecisionLines(reader.folder, replayed?.decisions);
  let entries = 0;
  const take = (decision: Decision): void => {
    if (decision.kind === 'entry') entries += 1;
    // The builder keeps no transition and no refusal that the others have not: only trades are taken from it.
    if (decision.kind === 'trade') builder.decision(decision);
    ledger.decision(decision);
    detections.decision(decision);
    incidents.decision(decision);
  };
  const pass = new MarketPass(instruments, lines, take, (symbol, ticks, atUs) => ledger.mark(symbol, ticks, atUs));
  const sockets = new Map<string, Sockets>();
  await attempt(notes, 'Its market could not be read to the end: what was open is valued at the last price that could be', () => playMarket(scene, pass, sockets, incidents, notes));
  const market = pass.finish();
  const endUs = Math.max(startUs, pass.clockUs);
  const books = ledger.finish(endUs);
  const { episodes, spans } = detections.finish(endUs);
  judge(notes, { reader, lines, replayed, ledger });

  const own = readOwnReport(reader, notes);
  const effects = effectsOf(reader);
  const refusals = incidents.refusals();
  const { config: _config, tapes: _tapes, ...about } = manifest;
  const { trades } = builder;
  const report: RunReport = {
    madeAt: new Date().toISOString(), madeBy: `Faultline ${packageVersion()} on Node ${process.version}`, folder: reader.folder, manifest: about, standing,
    tapes: await tapesOf(reader, quick, notes), configDiffers: configDiffers(manifest.config), notes, startUs, endUs, decisions: { count: lines.count, digest: lines.digest }, effects,
    assets: books.assets.map((asset) => assetReport(asset, trades, books.open, replayed)).filter(({ asset }, _at, all) => all.length === 1 || isUsed(asset, books.assets, trades)),
    exposedUs: ledger.exposedUs, fills: ledger.fills, entries,
    trades: { count: trades.length, rows: bounded(trades), omitted: Math.max(0, trades.length - MOST_TRADES) }, recomputed: ledger.recomputed,
    holds: histogram(trades.map(({ holdMs }) => holdMs / 1000)), open: books.open.map(({ symbol, ...open }) => ({ ...open, symbol: nameOf(symbol) })),
    symbols: instruments.map((instrument) => symbolReport(instrument, nameOf(instrument.index), spans.get(nameOf(instrument.index)) ?? [], market)),
    episodes, episodesOmitted: detections.omitted, refusals: { ...refusals, count: refusals.rows.reduce((sum, { count }) => sum + count, refusals.other) },
    incidents: incidents.report(),
    market: market.records === 0 ? null : { records: market.records, kinds: market.kinds, firstUs: market.firstUs, lastUs: market.lastUs, gaps: { ...market.gaps, rows: market.gaps.rows.map((gap) => ({ ...gap, symbol: nameOf(gap.symbol) })) } },
    sockets: [...sockets].slice(0, MOST_SOCKETS).map(([path, counts]) => ({ path, ...counts })), replayed, own,
  };
  return { report, trades };
}

/** Does `work`; what of the run hinders it becomes a note, and null. */
async function attempt<T>(notes: string[], what: string, work: () => T | Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RunError) && !(error instanceof TapeError)) throw error;
    notes.push(`${what}: ${error.message}.`);
    return null;
  }
}

function sceneOf(reader: RunReader, notes: string[]): Scene {
  const { manifest } = reader;
  const parsed = configSchema.safeParse(manifest.config);
  if (!parsed.success) notes.push('Its configuration is none of this version: fees and starting balances are this version’s defaults, so that equity may be wrong.');
  const config = parsed.success ? parsed.data : DEFAULT_CONFIG;
  if (manifest.kind === 'engine') {
    const boot = engineBoot(reader);
    const known = boot.mode === 'paper' ? new Set<string>() : new Set(recoveredOrders(boot).records.map(({ intent }) => intent.id));
    const { problems, ...left } = recoveredAccount(boot.recovered, boot.instruments, known);
    notes.push(...problems.map((problem) => `Of the account's record: ${problem}.`));
    return { reader, instruments: boot.instruments, config, startUs: boot.startUs, left };
  }
  const [tape] = manifest.tapes;
  try {
    if (tape === undefined) throw new RunError('corrupt', `run ${manifest.id}: names no tape`);
    const opened = TapeReader.open(reader.tapePath(tape.file), { partial: true });
    try {
      const batch = allocateBatch(BLOCK_RECORDS);
      opened.next(batch);
      const firstUs = firstClockUs(batch);
      const { from = null } = manifest.replay ?? {};
      return { reader, instruments: opened.header.instruments, config, startUs: from === null ? firstUs : Math.max(firstUs, parseTimeUs(from, '--from', firstUs)), left: NOTHING_LEFT };
    } finally {
      opened.close();
    }
  } catch (error) {
    if (!(error instanceof RunError) && !(error instanceof TapeError)) throw error;
    notes.push(`Its tape could not be read (${error.message}): symbols have no names, and equity is known where trades closed.`);
    return { reader, instruments: [], config, startUs: firstDecisionUs(reader), left: NOTHING_LEFT };
  }
}

function firstDecisionUs(reader: RunReader): number {
  for (const decision of new DecisionLines(reader.folder, undefined)) return decision.atUs;
  return Date.parse(reader.manifest.startedAt) * 1000;
}

/** Decisions of a folder in their order, with the digest over their lines, and over the first `mark` of them. */
class DecisionLines {
  count = 0;
  digest = EMPTY_DIGEST;
  /** Digest over the first `mark` lines; null while there are not so many. */
  marked: string | null = null;
  broken = 0;
  readonly #path: string;
  readonly #mark: number | undefined;

  constructor(folder: string, mark: number | undefined) {
    this.#path = join(folder, 'decisions.jsonl');
    this.#mark = mark;
    if (mark === 0) this.marked = EMPTY_DIGEST;
  }

  *[Symbol.iterator](): Generator<Decision> {
    for (const line of linesOf(this.#path)) {
      this.digest = chainDigest(this.digest, line);
      this.count += 1;
      if (this.count === this.#mark) this.marked = this.digest;
      const decision = parsed(line);
      if (decision === undefined) this.broken += 1;
      else yield decision;
    }
  }
}

function parsed(line: string): Decision | undefined {
  try {
    const decision = JSON.parse(line) as Partial<Decision> | null;
    const { atUs, kind, symbol, by, data } = decision ?? {};
    return Number.isFinite(atUs) && typeof kind === 'string' && typeof symbol === 'number' && typeof by === 'string' && typeof data === 'object' && data !== null ? (decision as Decision) : undefined;
  } catch {
    return undefined;
  }
}

/** What the figures are worth: whether the parts of the folder agree with each other. */
function judge(notes: string[], { reader, lines, replayed, ledger }: { readonly reader: RunReader; readonly lines: DecisionLines; readonly replayed: ReplayedFacts | null; readonly ledger: DecisionLedger }): void {
  const { decisions } = reader.manifest;
  if (lines.broken > 0) notes.push(`${lines.broken} lines of its decisions are none, and are left out.`);
  if (decisions !== null && (decisions.count !== lines.count || decisions.digest !== lines.digest)) notes.push(`Its decisions are not those that it made: run.json says ${decisions.count} of digest ${decisions.digest}. Believe no figure here.`);
  if (replayed !== null && lines.marked !== null && lines.marked !== replayed.digest) notes.push('Run again, it decided otherwise: faultline live-vs-replay shows the first difference. What was found by running it again may be wrong.');
  if (replayed !== null && !replayed.whole && replayed.problem !== null && reader.manifest.endedAt !== null) notes.push(`It was run again in part: ${replayed.problem}.`);
  if (ledger.recomputed !== ledger.closed) notes.push(`${ledger.closed - ledger.recomputed} of ${ledger.closed} closed trades do not come to the result that their fills give.`);
}

/** Gives `pass` the market and the clock of the run. */
async function playMarket({ reader, instruments }: Scene, pass: MarketPass, sockets: Map<string, Sockets>, incidents: Incidents, notes: string[]): Promise<void> {
  const { manifest } = reader;
  const total = manifest.tapes.reduce((sum, { records }) => sum + records, 0);
  const bar = progress(`reading ${manifest.id}`, total);
  try {
    if (manifest.kind === 'engine') await playRun(reader, pass, sockets, incidents, notes, bar.update.bind(bar));
    else if (instruments.length > 0) await playTape(reader, pass, bar.update.bind(bar));
  } finally {
    bar.done();
  }
}

async function playRun(reader: RunReader, pass: MarketPass, sockets: Map<string, Sockets>, incidents: Incidents, notes: string[], tell: (records: number) => void): Promise<void> {
  const numbers = tapeNumbers(reader.folder);
  // Where retention took the first ones away, prices are known from the first that is left.
  const from = numbers[0] ?? 0;
  if (from > 0) notes.push(`Its first ${from} tapes are not kept any more: before tape ${from} what was open is valued at its fills.`);
  const feed = reader.feed(from);
  try {
    for (let step = feed.next(); step !== undefined; step = feed.next()) {
      if (step.kind === 'records') pass.records(step.batch, step.from, step.to);
      else {
        pass.time(step.clockUs);
        if (step.kind === 'input') socketInput(step.input, step.clockUs, sockets, incidents);
        else if (step.mark.mark === 'control') incidents.add('operator', { atUs: step.clockUs, who: 'control socket', what: step.mark.method, detail: fieldsText(fieldsOf(step.mark.params)) });
        else if (step.mark.mark === 'order' && fieldsOf(step.mark.entry)['type'] === 'death') incidents.add('lines', { atUs: step.clockUs, who: String(fieldsOf(step.mark.entry)['path']), what: 'a lane’s thread died', detail: String(fieldsOf(step.mark.entry)['message']) });
      }
      tell(feed.position.records);
      await breathe();
    }
    const { end } = feed;
    if (end?.whole === false && reader.manifest.endedAt !== null) notes.push(`Its tapes and its log do not go to its end: ${end.problem}.`);
  } finally {
    feed.close();
  }
}

function socketInput({ to, message }: { readonly to: string; readonly message: { readonly type: string; readonly [key: string]: unknown } }, atUs: number, sockets: Map<string, Sockets>, incidents: Incidents): void {
  const { type } = message;
  if (type !== 'socket.opened' && type !== 'socket.closed' && type !== 'socket.malformed') return;
  const of = sockets.get(to) ?? { opened: 0, closed: 0, failed: 0 };
  sockets.set(to, of);
  if (type === 'socket.opened') of.opened += 1;
  else if (type === 'socket.closed') of.closed += 1;
  else of.failed += 1;
  if (type === 'socket.opened' && of.opened === 1) return;
  incidents.add('lines', { atUs, who: to, what: type === 'socket.opened' ? 'socket opened again' : type === 'socket.closed' ? 'socket ended' : 'frame that could not be read', detail: type === 'socket.opened' ? '' : fieldsText({ code: message['code'], reason: message['reason'], problem: message['problem'] }) });
}

async function playTape(reader: RunReader, pass: MarketPass, tell: (records: number) => void): Promise<void> {
  const { tapes, replay } = reader.manifest;
  const tape = TapeReader.open(reader.tapePath(tapes[0]!.file), { partial: true });
  try {
    const batch = allocateBatch(BLOCK_RECORDS);
    let records = 0;
    while (!pass.over && tape.next(batch) > 0) {
      if (records === 0 && replay?.to !== null && replay?.to !== undefined) pass.untilUs = parseTimeUs(replay.to, '--to', firstClockUs(batch));
      pass.records(batch, 0, batch.length);
      records += batch.length;
      tell(records);
      await breathe();
    }
  } finally {
    tape.close();
  }
}

/** Clock of the tape at its beginning. */
function firstClockUs({ F, I, length }: RecordBatch): number {
  const pass = new MarketPass([], [], () => {}, () => {});
  pass.records({ F, I }, 0, Math.min(1, length));
  return pass.clockUs;
}

/** When the crashes of a generated tape truly began, by symbol. */
function trueStarts(reader: RunReader): (symbol: string) => number | null {
  const [tape] = reader.manifest.tapes;
  if (reader.manifest.kind === 'engine' || tape === undefined) return () => null;
  try {
    const truth = JSON.parse(readFileSync(truthPath(reader.tapePath(tape.file)), 'utf8')) as { readonly symbols: readonly { readonly symbol: string; readonly crash: { readonly startUs: number } | null }[] };
    const starts = new Map(truth.symbols.map(({ symbol, crash }) => [symbol, crash?.startUs ?? null]));
    return (symbol) => starts.get(symbol) ?? null;
  } catch {
    // Of a market that nobody generated.
    return () => null;
  }
}

function readOwnReport(reader: RunReader, notes: string[]): RunReport['own'] {
  if (reader.manifest.kind === 'engine') return null;
  const path = join(reader.folder, 'report.json');
  if (!existsSync(path)) {
    notes.push('It has no report.json: restarts and dead letters are not known.');
    return null;
  }
  try {
    const { digest, records, processed, gapped, deadLettered, missing, restarts, restarted, deadLetters, faults, gaveUp, placement, pnl, wallMs } = JSON.parse(readFileSync(path, 'utf8')) as ReplayReport;
    return { digest, records, processed, gapped, deadLettered, missing, restarts, restarted: restarted.slice(0, MOST_SOCKETS), deadLetters, faults, gaveUp, placement, pnl, wallMs };
  } catch (error) {
    notes.push(`Its report.json cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
    return null;
  }
}

function effectsOf(reader: RunReader): RunReport['effects'] {
  const { effects, kind } = reader.manifest;
  if (effects !== null) return effects;
  if (kind !== 'engine') return null;
  let count = 0;
  let digest = EMPTY_DIGEST;
  for (const line of linesOf(join(reader.folder, 'effects.jsonl'))) {
    count += 1;
    digest = chainDigest(digest, line);
  }
  return { count, digest };
}

async function tapesOf(reader: RunReader, quick: boolean, notes: string[]): Promise<RunReport['tapes']> {
  const rows: { file: string; records: number; removed: boolean; digest: string | null }[] = [];
  for (const { file, records, removed } of reader.manifest.tapes) {
    const path = reader.tapePath(file);
    const lies = existsSync(path) ? path : `${path}.partial`;
    const digest = quick || removed || !existsSync(lies) ? null : await attempt(notes, `The tape ${basename(file)} could not be read to its end`, async () => {
      const tape = TapeReader.open(lies, { partial: true });
      try {
        return (await runSteps(`reading ${basename(file)}`, tape.records, surveyTape(tape))).digest;
      } finally {
        tape.close();
      }
    });
    rows.push({ file, records, removed, digest });
  }
  return rows;
}

function configDiffers(config: unknown): RunReport['configDiffers'] {
  if (!configSchema.safeParse(config).success) return null;
  return differingKeys(hide(DEFAULT_CONFIG), hide(config), '').slice(0, MOST_CONFIG_KEYS);
}

function isUsed(asset: string, all: readonly EquityReport[], trades: readonly TradeRow[]): boolean {
  if (trades.some(({ settle }) => settle === asset)) return true;
  const own = all.find((each) => each.asset === asset)!;
  return own.start !== own.end || own.curve.length > 2 || all[0] === own;
}

function assetReport(equity: EquityReport, trades: readonly TradeRow[], open: readonly { readonly settle: string; readonly fees: string }[], replayed: ReplayedFacts | null): AssetReport {
  const { asset } = equity;
  const own = trades.filter(({ settle }) => settle === asset);
  const closed = tradeStatistics(own)[0] ?? null;
  const [start, end] = [money(equity.start), money(equity.end)];
  const fees = open.filter(({ settle }) => settle === asset).reduce((sum, { fees: paid }) => sum + money(paid), money(closed?.fees ?? '0'));
  const results = resultsOf(own);
  return {
    ...equity, closed, change: formatMoney(end - start), returnShare: start > 0n ? ratio(end - start, start) : null, fees: formatMoney(fees), funding: replayed === null ? null : replayed.funding[asset] ?? '0',
    sharpeOfTrades: tradeSharpe(results), annualSharpe: annualSharpe(equity.daily), results: histogram(results),
  };
}

function symbolReport({ index, venue, tickSize }: Instrument, name: string, spans: RunReport['symbols'][number]['spans'], market: MarketFacts): RunReport['symbols'][number] {
  const secondsInState: Record<string, number> = {};
  for (const { state, fromUs, toUs } of spans) secondsInState[state] = (secondsInState[state] ?? 0) + (toUs - fromUs) / 1e6;
  return { name, venue, spans, secondsInState, prices: (market.prices.get(index) ?? []).map(({ atUs, value }) => ({ atUs, value: value * Number(tickSize) })) };
}

/** The first and the last of them. */
function bounded(trades: readonly TradeRow[]): readonly TradeRow[] {
  return trades.length <= MOST_TRADES ? trades : [...trades.slice(0, MOST_TRADES / 2), ...trades.slice(-MOST_TRADES / 2)];
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> => (typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {});
