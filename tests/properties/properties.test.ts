import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { supervisor, worker } from '../../runtime/index.js';
import { generate } from './generate.js';
import { plant, PLANTED } from './planted.js';
import { play } from './play.js';
import { runProperties } from './run.js';
import { World } from './world.js';

/** FAULTLINE_LONG=1 runs the more; `npm run properties` as many as one likes. */
const SCRIPTS = process.env['FAULTLINE_LONG'] === '1' ? 1_500 : 500;
const SEED = 20261121;
/** A bug must show within so many scripts. */
const ENOUGH = 1_500;
const LONGEST_TEST = 45;
/** Bugs whose printed test is run, with the bug and without: of each kind of tree, action and rule some. */
const RUN_AGAIN: ReadonlySet<string> = new Set([
  'the budget is not counted', 'a question has no outcome', 'siblings stop in start order', 'a partition is not started', 'a dry run of an upgrade is none', 'chance is not seeded',
]);

const url = (name: string): string => new URL(name, import.meta.url).href;

test('random trees under random fault scripts: every invariant holds after every turn, and two runs give one trace', () => {
  const report = runProperties({ runs: SCRIPTS, seed: SEED });
  assert.equal(report.failures, 0, report.found.map((found) => found.test).join('\n'));
  assert.equal(report.runs, SCRIPTS);
});

test('a script is made of its seed and number alone, and no two are the same', () => {
  const scripts = Array.from({ length: 200 }, (_, number) => JSON.stringify(generate(SEED, number)));
  assert.deepEqual(Array.from({ length: 200 }, (_, number) => JSON.stringify(generate(SEED, number))), scripts);
  assert.equal(new Set(scripts).size, scripts.length);
  assert.notEqual(JSON.stringify(generate(SEED + 1, 0)), scripts[0]);
});

test('a supervisor that gives up while the tree stops is in nobody\'s order: its children may stop before those that are stopping after it', () => {
  const world = new World({ seed: 0 });
  const budget = { restarts: 0, withinMs: 1 };
  // A machine has no stop hook that would tell of its end.
  world.start(supervisor({
    id: 'root', strategy: 'restForOne', intensity: budget,
    children: [
      supervisor({ id: 'first', strategy: 'oneForAll', intensity: budget, children: [worker({ id: 'machine', behaviour: world.actor({ machine: true }) })] }),
      worker({ id: 'slow', behaviour: world.actor({ slowStop: true }) }),
    ],
  }));
  world.startChild('/first', worker({ id: 'beside', behaviour: world.actor() }));
  world.poison('/first/machine');
  world.finish();
  assert.deepEqual(world.events.slice(-2), ['-/slow shutdown', '-/first/beside shutdown']);
});

for (const bug of PLANTED) {
  test(`a planted bug is found, and its shortest script is a short test${RUN_AGAIN.has(bug) ? ' that fails because of it' : ''}: ${bug}`, () => {
    const mend = plant(bug);
    let found;
    try {
      ({ found } = runProperties({
        runs: ENOUGH, seed: SEED, mostFailures: 1,
        print: { runtime: url('../../runtime/index.js'), world: url('./world.js'), before: [`import { plant } from '${url('./planted.js')}';`, `if (process.env.PLANT) plant('${bug}');`] },
      }));
    } finally {
      mend();
    }
    const [first] = found;
    assert.ok(first !== undefined, `${ENOUGH} scripts did not find it`);
    assert.ok(first.test.split('\n').length <= LONGEST_TEST, `not short:\n${first.test}`);
    assert.equal(play(generate(SEED, first.script)), null, 'the sound runtime passes the same script');
    if (!RUN_AGAIN.has(bug)) return;
    const folder = mkdtempSync(join(tmpdir(), 'faultline-properties-'));
    try {
      const file = join(folder, 'printed.test.mjs');
      writeFileSync(file, first.test);
      const run = (env: NodeJS.ProcessEnv) => spawnSync(process.execPath, [file], { env: { ...process.env, NODE_TEST_CONTEXT: undefined, ...env }, encoding: 'utf8', timeout: 60_000 });
      const broken = run({ PLANT: '1' });
      assert.notEqual(broken.status, 0, `the printed test passes with the bug:\n${first.test}`);
      assert.ok(broken.stdout.includes(first.rule), broken.stdout.slice(0, 2000) + broken.stderr.slice(0, 2000));
      const sound = run({});
      assert.equal(sound.status, 0, `the printed test fails without the bug:\n${first.test}\n${sound.stdout.slice(0, 2000)}${sound.stderr.slice(0, 2000)}`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

test('the command prints runs, seed, failures and seconds, and ends with 0; with a bug it prints the test and ends with 1', () => {
  const main = fileURLToPath(url('./main.js'));
  const run = (nodeArgs: readonly string[], ...args: readonly string[]) => spawnSync(process.execPath, [...nodeArgs, main, ...args], { encoding: 'utf8', timeout: 120_000 });
  const good = run([], '--runs', '50', '--seed', '3', '--json');
  assert.equal(good.status, 0, good.stderr);
  const report = JSON.parse(good.stdout) as Record<string, unknown>;
  assert.deepEqual({ ...report, seconds: typeof report['seconds'] }, { runs: 50, seed: 3, failures: 0, seconds: 'number', found: [] });
  const planted = `data:text/javascript,import { plant } from '${url('./planted.js')}'; plant('the budget is not counted');`;
  const bad = run(['--import', planted], '--runs', '400', '--seed', '3');
  assert.equal(bad.status, 1, bad.stdout + bad.stderr.slice(0, 2000));
  assert.match(bad.stdout, /^[\d,]+ scripts of seed 3 in [\d.]+ s: [1-9]\d* failures$/m);
  assert.match(bad.stderr, /test\('the budget is never exceeded'/);
  assert.ok(bad.stderr.length < 20_000, `${bad.stderr.length} characters`);
});
