import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';
import { EXTREME_NAMES, insideMessage, MarketKernel } from '../../../actors/market/index.js';
import { DEFAULT_CONFIG } from '../../../config/index.js';
import { DEFAULT_INDICATOR_PARAMS } from '../../../config/indicators.js';
import { allocateBatch, BLOCK_RECORDS, TAG, WORDS_I } from '../../../data/records/index.js';
import { beginManifest, makeRunFolder, RunWriter, writeManifest } from '../../../data/runs/index.js';
import { partialPath, TapeWriter } from '../../../data/tape/index.js';
import { heatLots } from '../../../tools/market-view/heat-map.js';
import { MarketSource, type MarketTarget } from '../../../tools/market-view/market-source.js';
import { MarketQueryError } from '../../../tools/market-view/query-error.js';
import { MarketThreadError, MarketThreads } from '../../../tools/market-view/market-threads.js';
import type { ViewQuery } from '../../../tools/market-view/view.js';
import { decodeView, INDICATORS, type IndicatorName, type MarketView } from '../../../tools/ui/wire/market.js';
import { generatedTape, play, sourceOf, writeTape } from '../../support/replay-tape.js';
import { batchOf, headerOf, instrument, scratch, START_US, type MadeRecord } from './made.js';

const crash = generatedTape({ scenario: 'flash-crash', seed: 7, minutes: 5, symbols: 1, rate: 0.03 });

function opened(t: TestContext, target: MarketTarget, options = {}): MarketSource {
  const source = new MarketSource(target, options);
  t.after(() => source.close());
  return source;
}

/** The crash as a source, read to its end; the same for all who ask. */
let crashed: MarketSource | undefined;
function crashSource(): MarketSource {
  if (crashed !== undefined) return crashed;
  const folder = mkdtempSync(join(tmpdir(), 'faultline-market-crash-'));
  const path = join(folder, 'crash.tape');
  writeTape(crash, path);
  crashed = readAll(new MarketSource({ kind: 'tape', path }));
  const open = crashed;
  after(() => {
    open.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return open;
}

function readAll(source: MarketSource): MarketSource {
  do source.read(1000); while (source.behind);
  return source;
}

const EVERYTHING: Omit<ViewQuery, 'symbol' | 'fromUs' | 'toUs'> = {
  widthPx: 500, intervalSeconds: 1, layers: ['line', 'quotes', 'trades', 'heat', 'liquidations', 'bands', 'marks', 'refusals'], indicators: INDICATORS.map(({ name }) => name),
};

function viewed(source: MarketSource, symbol: string, query: Partial<ViewQuery> = {}): MarketView {
  const { firstUs, lastUs } = source.tail('s', symbol);
  return decodeView(source.view('s', { symbol, fromUs: firstUs, toUs: lastUs + 1, ...EVERYTHING, ...query }));
}

/** A tape of so many trades, one a millisecond, without its end mark where `whole` is false. */
function tapeOf(folder: string, count: number, whole = true): string {
  const path = join(folder, 'made.tape');
  const writer = TapeWriter.create(path, headerOf([instrument(0, 'A')]));
  const records = Array.from({ length: count }, (_, n): MadeRecord => ({ kind: 'trade', atUs: START_US + n * 1000, priceTicks: 100 + (n % 50) }));
  writer.append(batchOf(records), 0, count);
  if (!whole) {
    writer.flush();
    return partialPath(path);
  }
  writer.close();
  return path;
}

test('a tape shows what its replay decided, and no extreme of any indicator is lost at 500 pixels', () => {
  const played = play(crash);
  const source = crashSource();
  const view = viewed(source, crash.header.instruments[0]!.symbol);
  const { head, blocks } = view;
  assert.equal(source.progress().state, 'whole');

  const timeline = played.report.timeline.map(({ to }) => to);
  assert.ok(timeline.length >= 4, 'the crash is an event');
  assert.deepEqual(head.bands.map(({ state }) => state), ['SLEEP', ...timeline]);
  for (const [n, band] of head.bands.entries()) {
    const next = head.bands[n + 1];
    if (next === undefined) continue;
    assert.equal(band.toUs, next.fromUs);
    assert.equal(new Date(next.fromUs / 1000).toISOString().slice(0, 23), played.report.timeline[n]!.at.slice(0, 23));
    const decided = JSON.parse(played.log[next.decision]!) as { kind: string; atUs: number };
    assert.deepEqual([decided.kind, decided.atUs], ['transition', next.fromUs]);
  }
  assert.deepEqual(
    head.marks.map(({ decision, atUs, kind }) => [decision, atUs, kind]),
    played.log.map((line, n) => [n, JSON.parse(line) as { kind: string; atUs: number }] as const).filter(([, { kind }]) => kind === 'refusal').map(([n, { atUs }]) => [n, atUs, 'refusal']),
  );

  // The extremes that the replay's report tells are in the few hundred points that the page gets.
  const shown: Partial<Record<(typeof EXTREME_NAMES)[number], IndicatorName>> = {
    volatilityRatio: 'volatilityRatio', acceleration: 'acceleration', obi: 'obi', spreadRatio: 'spreadRatio', volumeDeltaZ: 'volumeDeltaZ', velocityRatio: 'velocityRatio', depthImbalance: 'depthImbalance', latencyMs: 'latencyMs',
  };
  const extremes = played.report.extremes[crash.header.instruments[0]!.symbol]!;
  for (const [name, ours] of Object.entries(shown)) {
    const expected = extremes[name];
    assert.ok(expected !== null && expected !== undefined, name);
    const low = Math.min(...[...blocks.get(`${ours}.low`)!].filter((value) => !Number.isNaN(value)));
    const high = Math.max(...[...blocks.get(`${ours}.high`)!].filter((value) => !Number.isNaN(value)));
    assert.deepEqual([name, low, high], [name, Math.fround(expected.min), Math.fround(expected.max)]);
  }
  assert.ok(head.thresholds.some(({ indicator, value }) => indicator === 'obi' && value === DEFAULT_INDICATOR_PARAMS.obiThreshold));
});

test('the heat map holds the lots of the product’s own book', () => {
  const { head, blocks, heat } = viewed(crashSource(), crash.header.instruments[0]!.symbol, { fromUs: crash.startUs + 60e6, toUs: crash.startUs + 62e6 });
  const grid = head.heat!;
  const times = blocks.get('heatT')!;
  assert.ok(times.length >= 6 && heat.length === grid.rows * grid.columns);

  const kernel = new MarketKernel(crash.header.instruments, () => DEFAULT_INDICATOR_PARAMS);
  const tape = sourceOf(crash);
  const batch = allocateBatch(BLOCK_RECORDS);
  let compared = 0;
  let column = 0;
  const compare = (): void => {
    const symbol = kernel.symbol(0)!;
    for (let row = 0; row < grid.rows; row += 1) {
      let lots = 0;
      for (let price = grid.lowTicks + row * grid.binTicks; price < grid.lowTicks + (row + 1) * grid.binTicks; price += 1) lots += symbol.lotsAt('bid', price) + symbol.lotsAt('ask', price);
      const code = heat[column * grid.rows + row]!;
      // A byte is right to an eighth of a doubling; cells beyond the column's window are dark.
      if (code === 0) continue;
      compared += 1;
      assert.ok(Math.abs(Math.log2(1 + lots) - Math.log2(1 + heatLots(code))) <= 0.1251, `${lots} lots, shown as ${heatLots(code)}`);
    }
  };
  while (column < times.length && tape.next(batch) > 0) {
    for (let at = 0; at < batch.length && column < times.length; ) {
      let end = at + 1;
      while (end < batch.length && insideMessage(batch.I[end * WORDS_I + TAG]!)) end += 1;
      while (at < end) at = kernel.run(batch.F, batch.I, at, end);
      if (kernel.clockUs < times[column]!) continue;
      // A column is the book after the first message of its time.
      assert.equal(kernel.clockUs, times[column]);
      compare();
      column += 1;
    }
  }
  assert.ok(compared > 100);
});

test('a tape that grows is followed to its flushed end, and then to its end mark', (t) => {
  const path = join(scratch(t), 'live.tape');
  const writer = TapeWriter.create(path, headerOf([instrument(0, 'A'), instrument(1, 'A<script>')]));
  const source = readAll(opened(t, { kind: 'tape', path: partialPath(path) }));
  assert.deepEqual([source.progress().state, source.tail('s', 'A').firstUs], ['following', 0]);
  assert.deepEqual(viewed(source, 'A').head.trades, 0);

  writer.append(batchOf([{ kind: 'trade', atUs: START_US, priceTicks: 5 }, { kind: 'quote', atUs: START_US + 5, priceTicks: 4, askTicks: 6, symbol: 1 }]), 0, 2);
  writer.flush();
  readAll(source);
  assert.deepEqual([source.tail('s', 'A').lastTradeTicks, source.tail('s', 'A<script>').askTicks], [5, 6]);
  writer.append(batchOf([{ kind: 'trade', atUs: START_US + 10, priceTicks: 9 }]), 0, 1);
  writer.close();
  readAll(source);
  assert.deepEqual([source.progress().state, source.progress().records, source.tail('s', 'A').lastTradeTicks], ['whole', 3, 9]);
  // No trades: quotes make the line. The name is what the tape says.
  const quoted = viewed(source, 'A<script>');
  assert.deepEqual([quoted.head.symbol, [...quoted.blocks.get('lineP')!], quoted.head.trades], ['A<script>', [5], 0]);
  assert.throws(() => source.tail('s', 'B'), new MarketQueryError('there is no symbol \'B\' here; there are A, A<script>'));
});

test('a tape that was cut or damaged shows what lies before it, and says so', (t) => {
  const folder = scratch(t);
  const partial = tapeOf(folder, 3000, false);
  const cut = join(folder, 'cut.tape');
  copyFileSync(partial, cut);
  truncateSync(cut, statSync(partial).size - 10);
  const source = readAll(opened(t, { kind: 'tape', path: cut }));
  assert.equal(source.progress().records, 2048);
  assert.match(source.progress().notes.join(' '), /no end mark/);
  assert.equal(viewed(source, 'A').head.trades, 2048);

  const bytes = readFileSync(partial);
  const second = bytes.indexOf('BLK1', bytes.indexOf('BLK1') + 1);
  bytes[second + 70]! ^= 1;
  const damaged = join(folder, 'damaged.tape');
  writeFileSync(damaged, bytes);
  const harmed = readAll(opened(t, { kind: 'tape', path: damaged }));
  assert.deepEqual([harmed.progress().state, harmed.progress().records], ['stopped', 1024]);
  assert.match(harmed.progress().notes[0]!, /block 1 .*checksum/);
});

test('a tape that is too large for its memory is shown as far as it goes, and says what to do', (t) => {
  const source = readAll(opened(t, { kind: 'tape', path: tapeOf(scratch(t), 40_000) }, { mostBytes: 200_000 }));
  const { state, records, total, notes } = source.progress();
  assert.equal(state, 'stopped');
  assert.ok(records > 0 && records < total && total === 40_000);
  assert.match(notes[0]!, /too large.*tape export/);
});

test('an engine’s run shows all its tapes as one, its orders and fills, and goes on as it is written', (t) => {
  const root = scratch(t);
  const run = RunWriter.create(root, {
    kind: 'engine', mode: 'paper', version: '0', config: DEFAULT_CONFIG, configDigest: '', tape: headerOf([instrument(0, 'A')]),
  }, { tapeRecords: 3 });
  t.after(() => run.abort());
  const order = (data: object, kind: string, atUs: number): string => JSON.stringify({ seq: 1, atUs, by: '/trading/account', kind, symbol: 0, data });
  const trades = (from: number, count: number): MadeRecord[] => Array.from({ length: count }, (_, n) => ({ kind: 'trade', atUs: START_US + (from + n) * 1000, priceTicks: 100 + from + n }));
  run.append(batchOf(trades(0, 4)), 0, 4);
  run.decision(order({ id: 'o-1', kind: 'limit', side: 'buy', priceTicks: 99, lots: 8, purpose: 'entry', timeInForce: 'GTC' }, 'order', START_US + 1000), '');
  run.rotate(START_US + 3000, batchOf([]));
  run.append(batchOf(trades(4, 3)), 0, 3);
  run.decision(order({ id: 'o-1', type: 'order.fill', priceTicks: 99, lots: 8, remainingLots: 0, liquidity: 'maker', purpose: 'entry' }, 'venue', START_US + 5000), '');
  run.flush(START_US + 6000);

  const source = readAll(opened(t, { kind: 'run', path: run.folder }));
  const { head, blocks } = viewed(source, 'A', { layers: ['trades', 'marks'] });
  assert.deepEqual([...blocks.get('tradeP')!], [100, 101, 102, 103, 104, 105, 106]);
  assert.deepEqual(head.marks.map(({ kind, side, priceTicks, lots, decision }) => ({ kind, side, priceTicks, lots, decision })), [
    { kind: 'order', side: 'buy', priceTicks: 99, lots: 8, decision: 0 }, { kind: 'fill', side: 'buy', priceTicks: 99, lots: 8, decision: 1 },
  ]);
  assert.deepEqual(head.resting.map(({ fromUs, toUs, priceTicks }) => [fromUs, toUs, priceTicks]), [[START_US + 1000, START_US + 5000, 99]]);
  assert.equal(source.progress().state, 'following');

  run.append(batchOf(trades(7, 1)), 0, 1);
  run.flush(START_US + 7000);
  // A line that is not whole yet, and one that is none.
  appendFileSync(join(run.folder, 'decisions.jsonl'), `no decision\n${order({ id: 'o-2' }, 'cancel', START_US + 7000).slice(0, 20)}`);
  readAll(source);
  assert.equal(viewed(source, 'A').head.trades, 8);
  assert.match(source.progress().notes.join(' '), /1 lines of the decisions are none/);

  // Its process is gone, and nobody wrote down how it ended.
  const manifest = join(run.folder, 'run.json');
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(`"pid": ${process.pid}`, '"pid": 2147483646'));
  readAll(source);
  assert.deepEqual([source.progress().state, source.progress().growing], ['whole', false]);
  assert.match(source.progress().notes.join(' '), /The run was cut/);
});

test('of a run that is being written the newest is shown first, and then all of it', (t) => {
  const run = RunWriter.create(scratch(t), { kind: 'engine', mode: 'paper', version: '0', config: DEFAULT_CONFIG, configDigest: '', tape: headerOf([instrument(0, 'A')]) });
  t.after(() => run.abort());
  const count = 30_000;
  for (let from = 0; from < count; from += 1000) {
    const records = Array.from({ length: 1000 }, (_, n): MadeRecord => ({ kind: 'trade', atUs: START_US + (from + n) * 1000, priceTicks: 100 + (from + n) % 50 }));
    run.append(batchOf(records), 0, records.length);
  }
  run.flush(START_US + count * 1000);
  const source = opened(t, { kind: 'run', path: run.folder }, { newestRecords: 5000 });
  // No time at all: a block of the newest, and no more.
  source.read(0);
  const first = source.tail('run', 'A');
  assert.ok(source.behind && first.progress.newestFromUs > START_US, JSON.stringify(first));
  assert.ok(first.firstUs >= START_US + (count - 10_000) * 1000 && first.lastUs > first.firstUs);
  assert.ok(viewed(source, 'A', { fromUs: first.firstUs, toUs: first.lastUs + 1 }).head.trades > 0);

  readAll(source);
  const { firstUs, lastUs, progress } = source.tail('run', 'A');
  assert.deepEqual([firstUs, lastUs, progress.newestFromUs, progress.state, progress.records], [START_US, START_US + (count - 1) * 1000, 0, 'following', count]);
  assert.equal(viewed(source, 'A').head.trades, count);
});

test('a run of a replay shows the tape that it played with the decisions that it made', (t) => {
  const folder = scratch(t);
  const tape = tapeOf(folder, 10);
  const { folder: run } = makeRunFolder(join(folder, 'runs'));
  writeManifest(run, beginManifest('20260105T140000000Z-0000', { kind: 'replay', version: '0', config: { indicators: 5 }, configDigest: '', plays: [{ file: tape, records: 10 }] }, null));
  writeFileSync(join(run, 'decisions.jsonl.partial'), `${JSON.stringify({ seq: 3, atUs: START_US + 2000, by: '/d', kind: 'transition', symbol: 0, data: { from: 'SLEEP', to: 'ALERT', rule: 'T1', reason: '<b>' } })}\n`);
  const source = readAll(opened(t, { kind: 'run', path: run }));
  const { head } = viewed(source, 'A');
  assert.deepEqual(head.bands.map(({ state, reason }) => [state, reason]), [['SLEEP', 'as it began'], ['ALERT', 'T1: <b>']]);
  assert.match(source.progress().notes.join(' '), /configuration is not one of this version/);
});

test('a source is read in a thread of its own, which says what it cannot do', async (t) => {
  const folder = scratch(t);
  const threads = new MarketThreads();
  t.after(() => threads.close());
  const target: MarketTarget = { kind: 'tape', path: tapeOf(folder, 5000) };
  const patience = Date.now() + 60_000;
  let symbols = await threads.symbols(target, 'tape:made');
  while (symbols.progress.state === 'reading' && Date.now() < patience) symbols = await threads.symbols(target, 'tape:made');
  assert.deepEqual([symbols.progress.state, symbols.instruments.map(({ name, trades }) => [name, trades])], ['whole', [['A', 5000]]]);
  const { head } = decodeView(await threads.view(target, 'tape:made', { symbol: 'A', fromUs: START_US, toUs: START_US + 5e6, ...EVERYTHING }));
  assert.deepEqual([head.source, head.trades], ['tape:made', 5000]);
  const how = (work: Promise<unknown>): Promise<unknown> => work.then(() => 'answered', (error: unknown) => (error instanceof MarketThreadError ? `${error.how}: ${error.message}` : error));
  assert.match(String(await how(threads.tail(target, 's', 'B'))), /^refused: there is no symbol 'B' here; there is A$/);
  assert.match(String(await how(threads.view(target, 's', { symbol: 'A', ...EVERYTHING, fromUs: 5, toUs: 5 }))), /^refused: the span ends before it begins/);
  writeFileSync(join(folder, 'none.tape'), 'no tape');
  assert.match(String(await how(threads.symbols({ kind: 'tape', path: join(folder, 'none.tape') }, 's'))), /^failed: .*none\.tape: is not a Faultline tape/);

  // Whoever looks at a source hears that it gave way to others.
  const gone = new Promise<string>((resolve) => void threads.hold(target, resolve));
  for (const name of ['b', 'c', 'd']) assert.match(String(await how(threads.symbols({ kind: 'tape', path: join(folder, name) }, 's'))), /^failed/);
  assert.match(await gone, /3 others were opened since/);
});

test('what nobody looks at is closed after a while', async (t) => {
  const folder = scratch(t);
  const threads = new MarketThreads({ idleMs: 1 });
  t.after(() => threads.close());
  const target: MarketTarget = { kind: 'tape', path: tapeOf(folder, 10) };
  const letGo = threads.hold(target, () => assert.fail('it was held'));
  await threads.symbols(target, 's');
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(threads.open, 1);
  letGo();
  for (const endMs = performance.now() + 60_000; threads.open > 0 && performance.now() < endMs;) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(threads.open, 0);
});
