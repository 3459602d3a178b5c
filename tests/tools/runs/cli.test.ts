import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readManifest, runIds } from '../../../data/runs/index.js';
import { parseFault } from '../../../tools/replay/fault-spec.js';
import { replayTape } from '../../../tools/replay/run.js';
import { diffRuns, type RunDiff } from '../../../tools/runs/compare.js';
import { liveVsReplay, type LiveVsReplay } from '../../../tools/runs/live-vs-replay.js';
import { EAGER } from '../../support/eager-config.js';
import { generatedTape, writeTape } from '../../support/replay-tape.js';
import { command } from '../../support/shell.js';
import { recordRun, scratch } from './record.js';

const market = generatedTape({ scenario: 'flash-crash', seed: 7, minutes: 12, symbols: 1, rate: 0.03 });

/** The one line that a command printed. */
function lineOf<T>(stdout: string): T {
  assert.match(stdout, /^[^\n]+\n$/);
  return JSON.parse(stdout) as T;
}

void test('live-vs-replay and replay diff: one line each, and an exit code', async (t) => {
  const root = scratch(t);
  const env = { FAULTLINE_VAR_DIR: root };
  const [a, b] = [recordRun(join(root, 'runs'), market, { config: EAGER }), recordRun(join(root, 'runs'), market, { config: { ...EAGER, trading: { ...EAGER.trading, score: { ...EAGER.trading.score, goodScore: 60 } } } })];
  const live = await command(['live-vs-replay', a!, '--json'], { env });
  assert.equal(live.code, 0, live.stderr);
  const { equal, liveDigest, replayDigest, firstDifference } = lineOf<LiveVsReplay>(live.stdout);
  assert.deepEqual({ equal, replayDigest, firstDifference }, { equal: true, replayDigest: readManifest(a!).decisions!.digest, firstDifference: null });
  assert.equal(liveDigest, replayDigest);
  const other = await command(['replay', 'diff', '--json', a!, 'latest'], { env });
  assert.equal(other.code, 6);
  const diff = lineOf<RunDiff>(other.stdout);
  assert.equal(diff.equal, false);
  const decisions = [a!, b!].map((folder) => readFileSync(join(folder, 'decisions.jsonl'), 'utf8').split('\n'));
  assert.deepEqual([diff.a!.decision, diff.b!.decision], decisions.map((lines) => JSON.parse(lines[diff.index!]!) as unknown));
  // For people the fields that differ are marked, and what led there stands below.
  const shown = await command(['replay', 'diff', a!, b!], { env });
  assert.equal(shown.code, 6);
  assert.deepEqual(diff.between, { code: null, config: [{ key: 'trading.score.goodScore', a: 20, b: 60 }], tape: [a!, b!].map((folder) => `what run ${readManifest(folder).id} heard`) });
  assert.match(shown.stdout, new RegExp(`^a: .* engine paper, .*\nb: .*\n[^]*trading.score.goodScore +20 +60\n[^]*\ndecision ${diff.index!} differs.*:\n[^]*\\* +[^]*\na: heard by then\n {2}record \\d+ [^]*\nb: heard by then\n {2}record \\d+ `));
  // What is no run, and one of another format.
  for (const [folder, code, says] of [['nowhere', 4, /neither a folder nor a run in/], [root, 3, /is no run: it has neither run\.json nor decisions\.jsonl/]] as const) {
    const refused = await command(['replay', 'diff', a!, folder], { env });
    assert.equal(refused.code, code);
    assert.match(refused.stderr, says);
  }
  // Which a person has changed.
  writeFileSync(join(a!, 'decisions.jsonl'), decisions[0]!.slice(1).join('\n'));
  const changed = await command(['live-vs-replay', a!, '--json'], { env });
  assert.equal(changed.code, 3);
  assert.match(lineOf<{ error: { message: string } }>(changed.stdout.replaceAll(/\n(?=.)/g, '')).error.message, /its decisions are not the/);
  await assert.rejects(liveVsReplay(join(root, 'nothing')), { kind: 'missing' });
});

void test('a replay leaves its run where it is asked to, and two of them can be compared', async (t) => {
  const root = scratch(t);
  const env = { FAULTLINE_VAR_DIR: join(root, 'var') };
  const tape = join(root, 'market.tape');
  writeTape(market, tape);
  for (const [name, ...faults] of [['plain'], ['again'], ['dropped', 'drop:500+3000'], ['crashed', 'crash:/market/kernel@900']] as const) {
    await replayTape({ tape, out: join(root, name), faults: faults.map(parseFault) });
  }
  const diff = (a: string, b: string): RunDiff => diffRuns(join(root, a), join(root, b));
  assert.equal(diff('plain', 'again').equal, true);
  assert.equal(diff('plain', 'crashed').equal, true);
  const { equal, a, b } = diff('plain', 'dropped');
  assert.equal(equal, false);
  assert.equal(a!.cause!.record!['seq'], a!.decision!.seq);
  assert.equal(b!.cause!.record!['seq'], b!.decision!.seq);
  for (const name of ['plain', 'dropped', 'crashed']) {
    const result = await liveVsReplay(join(root, name));
    assert.ok(result.equal && result.decisions > 0, name);
  }
  assert.equal(existsSync(join(root, 'var')), false, 'only --run keeps a run');
  const kept = await command(['replay', tape, '--run', '--json'], { env });
  const { runDir } = JSON.parse(kept.stdout) as { readonly runDir: string };
  assert.deepEqual([readManifest(runDir).kind, runIds(join(root, 'var', 'runs')).length], ['replay', 1]);
  assert.equal((await command(['live-vs-replay', 'latest'], { env })).stdout.split(':')[0], 'equal');
  rmSync(tape);
  await assert.rejects(liveVsReplay(runDir), { kind: 'missing', message: /the tape of run .* is not there any more/ });
});

void test('a recording process that is killed leaves a run that its replay agrees with', async (t) => {
  const root = scratch(t);
  const child = spawn(process.execPath, [fileURLToPath(new URL('./record-child.js', import.meta.url)), root], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout });
  // Each line is a flush; it goes on meanwhile.
  let flushes = 0;
  lines.on('line', () => {
    flushes += 1;
    if (flushes === 40) child.kill('SIGKILL');
  });
  await once(lines, 'close');
  const folder = join(root, readdirSync(root)[0]!);
  assert.equal(readManifest(folder).endedAt, null);
  const { equal, decisions, whole } = await liveVsReplay(folder);
  assert.deepEqual({ equal, whole }, { equal: true, whole: false });
  assert.ok(decisions > 0);
});
