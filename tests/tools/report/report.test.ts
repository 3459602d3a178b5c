import assert from 'node:assert/strict';
import { appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { formatMoney, money } from '../../../actors/account/money.js';
import type { AccountStatus } from '../../../actors/index.js';
import { readManifest, RunReader, writeManifest } from '../../../data/runs/index.js';
import type { Runtime } from '../../../runtime/index.js';
import { CliError, EXIT_CODES } from '../../../tools/cli/errors.js';
import { parseFault } from '../../../tools/replay/fault-spec.js';
import { replayTape } from '../../../tools/replay/run.js';
import { reportPage } from '../../../tools/report/page/page.js';
import { readRun } from '../../../tools/report/read-run.js';
import { writeReport } from '../../../tools/report/write.js';
import { replayEngineRun } from '../../../tools/runs/engine-replay.js';
import { fromRunError } from '../../../tools/runs/errors.js';
import { EAGER } from '../../support/eager-config.js';
import { generatedTape, writeTape } from '../../support/replay-tape.js';
import { faultline } from '../cli/run-node.js';
import { recordRun } from '../runs/record.js';

const market = generatedTape({ scenario: 'flash-crash', seed: 7, minutes: 8, symbols: 1, rate: 0.003 });

let run: string | undefined;
const root = mkdtempSync(join(tmpdir(), 'faultline-report-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** A run in which an operator restarted an actor. Nobody changes it. */
function recorded(): string {
  return run ??= recordRun(join(root, 'runs'), market, { config: EAGER, changes: new Map([[Math.floor(market.records / 2), { method: 'restart', params: { path: '/market/detectors/BTCUSDT' } }]]) });
}

void test('an engine’s run: the figures are those of its own account, and those of its tree run again', async () => {
  const folder = recorded();
  const { report, trades } = await readRun(folder);
  let runtime: Runtime | undefined;
  const again = await replayEngineRun(RunReader.open(folder), { onDecision: () => {}, onRuntime: (up) => (runtime = up) });
  const account = runtime!.inspect('/trading/account')!.value as AccountStatus & { readonly closedTrades: number };
  const [asset] = report.assets;
  assert.ok(report.trades.count > 3, `${report.trades.count} trades`);
  const session = account.session.assets['USDT']!;
  assert.deepEqual(
    { trades: asset!.closed!.trades, winners: asset!.closed!.winners, net: asset!.closed!.net, grossProfit: asset!.closed!.grossProfit, grossLoss: asset!.closed!.grossLoss, fees: asset!.closed!.fees },
    { trades: account.session.trades, winners: account.session.winners, net: session.pnl, grossProfit: session.grossProfit, grossLoss: session.grossLoss, fees: session.fees },
  );
  assert.equal(Math.round(asset!.closed!.averageHoldMs!), account.session.averageHoldMs);
  const unrealised = report.open.reduce((sum, open) => sum + money(open.unrealised!), 0n);
  assert.equal(asset!.end, formatMoney(money(account.equity['USDT']!) + unrealised));
  assert.deepEqual(report.open.map(({ id, openLots, entryPrice }) => ({ id, openLots, entryPrice })), account.open.map(({ id, openLots, entryPrice }) => ({ id, openLots, entryPrice })));
  assert.equal(report.recomputed, report.trades.count, 'every trade comes to what its fills give');
  // Falls of open positions are in it, so it is no shallower than that of closed trades.
  assert.ok(money(asset!.deepest!.amount) >= money(session.maxDrawdown));
  assert.deepEqual([report.decisions.digest, report.replayed!.digest], [readManifest(folder).decisions!.digest, again.journal.digest]);
  assert.deepEqual(report.effects, readManifest(folder).effects);
  assert.deepEqual([report.notes, report.standing, trades.length], [[], 'ended', report.trades.count]);
  // The operator's restart, as the log has it and as the tree did it again.
  assert.deepEqual(report.replayed!.failures.rows.map(({ path, cause }) => [path, /restarted over the control socket/.test(cause)]), [['/market/detectors/BTCUSDT', true]]);
  assert.deepEqual(report.incidents.operator.rows.map(({ what, detail }) => [what, detail]), [['restart', 'path /market/detectors/BTCUSDT']]);
  assert.equal(report.replayed!.restarts, 1);
  // The curve has the exact ends, and the lowest point that any trade's close shows.
  assert.deepEqual([asset!.curve[0]!.value, asset!.curve.at(-1)!.value], [Number(asset!.start), Number(asset!.end)]);
  const page = reportPage(report);
  for (const figure of [asset!.closed!.net, asset!.end, asset!.deepest!.amount, report.decisions.digest, report.manifest.configDigest, report.tapes[0]!.digest!]) assert.ok(page.includes(figure), figure);
});

void test('a replay: the figures are those of its report.json; crashes and window included', async () => {
  const tape = join(root, 'crash.tape');
  writeTape(market, tape);
  const config = join(root, 'eager.toml');
  writeFileSync(config, '[trading.score]\ngoodScore = 20\nexhaustionScore = 20\n[trading.percentile]\nminRangeShare = 0.0005\nvolumeMultiplier = 0.1\nrangeMedianMinCandles = 10000\n');
  // Cut where a position is open.
  const whole = await replayTape({ tape, config, faults: [], out: join(root, 'whole') });
  assert.ok(whole.trades.length > 3);
  const [cutAt] = whole.trades.slice(1).map(({ entryAt, holdMs }) => new Date(Date.parse(entryAt) + holdMs / 2).toISOString());
  for (const [name, request] of [['cut', { to: cutAt! }], ['crashed', { from: '+3m', faults: [`crash:/trading/account@${Math.floor(market.records * 0.6)}`, 'dup:500'].map(parseFault) }]] as const) {
    const own = await replayTape({ tape, config, faults: [], ...request, out: join(root, name) });
    const { report } = await readRun(join(root, name));
    const { closed } = report.assets[0]!;
    assert.deepEqual(closed === null ? {} : { USDT: { net: closed.net, fees: closed.fees, trades: closed.trades, winners: closed.winners } }, own.pnl);
    assert.deepEqual(report.open.map(({ fees: _fees, sinceUs: _since, ...open }) => open), own.open);
    if (name === 'cut') assert.equal(report.open.length, 1, 'cut while a position was open');
    assert.deepEqual(Object.fromEntries(report.symbols.map(({ name: symbol, secondsInState }) => [symbol, Object.fromEntries(Object.entries(secondsInState).map(([state, seconds]) => [state, Math.round(seconds * 1000) / 1000]))])), own.secondsInState);
    const refused: Record<string, number> = {};
    for (const { reason, count } of report.refusals.rows) refused[reason] = (refused[reason] ?? 0) + count;
    assert.deepEqual(refused, own.refusals);
    assert.equal(report.entries, own.entries);
    assert.deepEqual([report.decisions.digest, report.own!.restarts, report.notes], [own.digest, own.restarts, []]);
    assert.deepEqual(report.trades.rows, own.trades);
  }
});

void test('killed, damaged and half-gone runs are reported as what they are', async () => {
  const folder = recorded();
  const copy = (name: string): string => {
    const to = join(root, name);
    cpSync(folder, to, { recursive: true });
    return to;
  };
  const manifest = readManifest(folder);
  const killed = copy('killed');
  // A pid that nobody has.
  writeManifest(killed, { ...manifest, endedAt: null, exit: null, decisions: null, effects: null, pid: 2 ** 30 });
  appendFileSync(join(killed, 'decisions.jsonl'), '{"seq":1,"atUs":');
  const dead = (await readRun(killed)).report;
  assert.equal(dead.standing, 'killed');
  assert.deepEqual([dead.decisions, dead.effects], [manifest.decisions, manifest.effects]);
  assert.match(reportPage(dead), /killed: it has no end/);

  const changed = copy('changed');
  const lines = readFileSync(join(changed, 'decisions.jsonl'), 'utf8').split('\n');
  writeFileSync(join(changed, 'decisions.jsonl'), ['no json', ...lines.slice(1)].join('\n'));
  const { notes } = (await readRun(changed, { quick: true })).report;
  assert.match(notes.join('\n'), /1 lines of its decisions are none[^]*not those that it made/);

  const tapeless = copy('tapeless');
  for (const name of readdirSync(join(tapeless, 'tapes'))) writeFileSync(join(tapeless, 'tapes', name), 'nothing');
  const left = (await readRun(tapeless)).report;
  assert.match(left.notes.join('\n'), /The tree could not be run again[^]*Its market could not be read/);
  // What the decisions say is all there.
  assert.equal(left.assets[0]!.closed!.net, (await readRun(folder, { quick: true })).report.assets[0]!.closed!.net);
  assert.equal(left.replayed, null);
});

const HOSTILE = '</title><script>alert(1)</script><img src=x onerror=alert(2)>"\'&\u0007\u202e\ud800';

void test('hostile strings are text; the page runs nothing and loads nothing', async () => {
  const folder = recorded();
  const manifest = readManifest(folder);
  const hostile = join(root, 'hostile');
  cpSync(folder, hostile, { recursive: true });
  writeManifest(hostile, {
    ...manifest, mode: HOSTILE, code: { version: HOSTILE, node: HOSTILE }, host: HOSTILE, exit: { code: 1, reason: HOSTILE }, decisions: null,
    config: { ...(manifest.config as object), process: { ...EAGER.process, name: HOSTILE, apiKey: 'hunter2hunter2' } },
  });
  const decision = (kind: string, data: object): string => JSON.stringify({ seq: 1, atUs: market.startUs + 1e6, by: `/trading/${HOSTILE}`, kind, symbol: 0, data });
  appendFileSync(join(hostile, 'decisions.jsonl'), [
    decision('refusal', { reason: HOSTILE }), decision('control', { control: HOSTILE, detail: HOSTILE }), decision('transition', { from: 'SLEEP', to: HOSTILE, reason: HOSTILE, rule: HOSTILE }),
    decision('trade', { id: HOSTILE, side: HOSTILE, lots: 1, entryPrice: HOSTILE, exitPrice: '1', pnl: '1', fees: '0', settle: 'USDT', equity: '10001', entryReason: HOSTILE, exitReason: HOSTILE, entryAtUs: market.startUs, exitAtUs: market.startUs, holdMs: 1 }),
  ].map((line) => `${line}\n`).join(''));
  const page = reportPage((await readRun(hostile, { quick: true })).report);
  const plain = reportPage((await readRun(folder, { quick: true })).report);
  // Its elements are those of a harmless page: nothing of a string became one.
  const elements = (text: string): string[] => [...new Set([...text.matchAll(/<([a-z][a-z0-9]*)/gi)].map(([, name]) => name!.toLowerCase()))].sort();
  assert.deepEqual(elements(page).filter((name) => !elements(plain).includes(name) && name !== 'ul' && name !== 'li'), []);
  for (const text of [page, plain]) {
    assert.doesNotMatch(text, /<script|<img|<iframe|<link|<object|javascript:|@import|url\(/i);
    for (const [tag] of text.matchAll(/<[^>]*>/g)) assert.doesNotMatch(tag.replaceAll(/"[^"]*"/g, '""'), /\son|\sstyle|['`]|.</i);
    assert.doesNotMatch(text, /(?:src|href|action)="(?!#)/);
    assert.match(text, /<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]+=*'; base-uri 'none'; form-action 'none'">/);
    // oxlint-disable-next-line no-control-regex -- these are what must not be there
    assert.doesNotMatch(text, /[\u0000-\u0008\u000b-\u001f\u202a-\u202e\u2066-\u2069]/);
    const ids = [...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id!);
    assert.equal(new Set(ids).size, ids.length, 'an id is there once');
    for (const [, target] of text.matchAll(/href="#([^"]+)"/g)) assert.ok(ids.includes(target!), target);
  }
  assert.ok(page.includes('&lt;script&gt;alert(1)&lt;/script&gt;') && page.includes('[U+202E]') && page.includes('[U+0007]'));
  assert.ok(!page.includes('hunter2'), 'secrets stay out');
});

void test('faultline report: what it prints, writes and refuses', async () => {
  const folder = recorded();
  const out = join(root, 'reports', 'run.html');
  mkdirSync(join(root, 'reports'));
  const csv = join(root, 'trades.csv');
  const done = await faultline(['report', 'latest', '--out', out, '--csv', csv, '--quick', '--json'], { env: { FAULTLINE_VAR_DIR: root } });
  assert.equal(done.code, 0, done.stderr);
  const said = JSON.parse(done.stdout) as { readonly out: string; readonly bytes: number; readonly report: { readonly manifest: { readonly id: string }; readonly trades: { readonly count: number } } };
  assert.deepEqual([said.out, said.bytes, said.report.manifest.id], [out, readFileSync(out).length, readManifest(folder).id]);
  assert.equal(readFileSync(csv, 'utf8').trimEnd().split('\n').length, said.report.trades.count + 1);
  assert.deepEqual(readdirSync(join(root, 'reports')), ['run.html'], 'nothing half done is left');
  const before = readFileSync(out, 'utf8');
  mkdirSync(join(root, 'newer'));
  writeFileSync(join(root, 'newer', 'run.json'), '{"format":99}');
  const other = join(root, 'x.html');
  for (const [dir, options, code, says] of [
    [folder, { out }, 5, /exists already/], [folder, { out: root }, 5, /is a folder/], [folder, { out: join(root, 'none', 'x.html') }, 5, /its folder does not exist/], [folder, { out: join(out, 'x.html') }, 5, /not a folder/], [join(root, 'nothing'), { out: other }, 4, /neither a folder nor a run/], [root, { out: other }, 3, /is no run/],
    [join(root, 'newer'), { out: other }, 3, /newer Faultline/], [folder, { out: other, csv: other }, 2, /same file/],
  ] as const) {
    await assert.rejects(writeReport(dir, options), (error) => {
      const told = error instanceof CliError ? error : fromRunError(error);
      assert.deepEqual([EXIT_CODES[told!.exit].code, says.test(told!.message)], [code, true], told!.message);
      return true;
    });
  }
  assert.deepEqual([readFileSync(out, 'utf8') === before, existsSync(other)], [true, false]);
});
