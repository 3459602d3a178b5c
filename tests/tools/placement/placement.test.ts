import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { CellResult } from '../../../tools/bench/live/cell.js';
import { measurePlacements, type Measured, type PlacementLoad } from '../../../tools/placement/measure.js';
import { measuredBlock, withBlock } from '../../../tools/placement/page.js';
import { tableRows, verdictLines, verdictOf } from '../../../tools/placement/verdict.js';
import { projectRoot, runNode } from '../cli/run-node.js';

const IDLE_MS = 1.1;
const cell = (changes: Partial<CellResult> = {}): CellResult => ({
  decisionP50Us: 30, decisionP99Us: 120, decided: 1000, undecided: 0, loopDelayP99Ms: 1.2, loopUtilisation: 0.06, sentPerSecond: 10_000, feederLatestMs: 0.2, ...changes,
});
const LOAD: PlacementLoad = { name: '10,000 frames/s', rate: 10_000, burst: 1, sampleEvery: 10, heavy: false };

describe('the verdict', () => {
  const NONE = { failed: 'not measured' };
  const pick = (inline: Partial<CellResult>, ring: Partial<CellResult>, socket?: Partial<CellResult>): string | null =>
    verdictOf({ inline: cell(inline), ring: cell(ring), socket: socket === undefined ? NONE : cell(socket) }, IDLE_MS).pick;

  test('of two that relieve the main loop the one that decides sooner; the other where only it does', () => {
    const slow = { loopDelayP99Ms: 10.7 };
    assert.equal(pick(slow, { loopDelayP99Ms: 3.7, decisionP99Us: 400 }, { loopDelayP99Ms: 1.2, decisionP99Us: 200 }), 'socket');
    assert.equal(pick(slow, { loopDelayP99Ms: 3.7, decisionP99Us: 100 }, { loopDelayP99Ms: 1.2, decisionP99Us: 200 }), 'ring');
    assert.equal(pick(slow, { loopDelayP99Ms: 3.7, decisionP99Us: 400 }, { loopDelayP99Ms: 10, decisionP99Us: 200 }), 'ring');
    assert.equal(pick(slow, { loopDelayP99Ms: 3.7 }, { loopDelayP99Ms: 1.2, undecided: 2 }), 'ring');
    assert.equal(pick({}, { decisionP50Us: 70, decisionP99Us: 300 }, { decisionP50Us: 40, decisionP99Us: 130 }), 'inline');
  });

  test('inline while the main loop can afford it, whatever the ring spares it', () => {
    assert.equal(pick({}, { decisionP50Us: 70, decisionP99Us: 300 }), 'inline');
    assert.equal(pick({ loopDelayP99Ms: 2.1 }, { loopDelayP99Ms: 1.1 }), 'inline');
    assert.equal(pick({ loopDelayP99Ms: 5 }, { loopDelayP99Ms: 4.9, decisionP99Us: 400 }), 'inline');
  });

  test('the ring where it relieves a main loop that is delayed or busy', () => {
    assert.equal(pick({ loopDelayP99Ms: 10.7 }, { loopDelayP99Ms: 3.7, decisionP99Us: 400 }), 'ring');
    assert.equal(pick({ loopUtilisation: 0.8 }, { loopUtilisation: 0.3 }), 'ring');
    assert.equal(pick({ loopUtilisation: 0.8 }, { loopUtilisation: 0.75 }), 'inline');
  });

  test('whoever decides all of it, and sooner in the middle and in the tail', () => {
    assert.equal(pick({ undecided: 3 }, {}), 'ring');
    assert.equal(pick({ loopDelayP99Ms: 9 }, { undecided: 3 }), 'inline');
    assert.equal(pick({ decisionP99Us: 9000 }, { decisionP50Us: 40, decisionP99Us: 300 }), 'inline');
    assert.equal(pick({ decisionP50Us: 4000, decisionP99Us: 9000 }, { decisionP50Us: 40, decisionP99Us: 300 }), 'ring');
  });

  test('what could not be measured is not picked, and says why', () => {
    const failed = { failed: 'the feeder sent 3 frames/s' };
    assert.deepEqual(verdictOf({ inline: failed, ring: cell(), socket: failed }, IDLE_MS), { pick: 'ring', why: 'inline could not be measured: the feeder sent 3 frames/s' });
    assert.equal(verdictOf({ inline: cell(), ring: failed, socket: failed }, IDLE_MS).pick, 'inline');
    assert.equal(verdictOf({ inline: failed, ring: failed, socket: failed }, IDLE_MS).pick, null);
  });
});

describe('docs/placement.md', () => {
  const measured: Measured = {
    machine: { cpu: 'A|B', cores: 2, node: '20.1.2', platform: 'linux x64' }, seconds: 4, idleLoopDelayP99Ms: IDLE_MS,
    rows: [{ load: LOAD, inline: cell(), ring: { failed: 'no lane' }, socket: { failed: 'no socket' } }],
  };
  const page = readFileSync(join(projectRoot, 'docs/placement.md'), 'utf8');

  test('the measured block takes the place of the one before it, and nothing else changes', () => {
    const first = withBlock(page, measuredBlock(measured));
    assert.match(first, /A\|B, 2 cores, linux x64, Node 20\.1\.2; 4 s a cell:/);
    assert.match(first, /\| 10,000 frames\/s \| inline \| 30 µs \| 120 µs \| 1\.20 ms \| 6\.0 % \| 0 \|\n\| {2}\| ring \| no lane \|/);
    assert.match(first, /- 10,000 frames\/s: inline, for the ring could not be measured: no lane\./);
    assert.equal(withBlock(first, 'x'), withBlock(page, 'x'));
    assert.throws(() => withBlock('no markers', 'x'), /lost its markers/);
  });

  test('the table has a line for the idle process and one a placement, each as wide', () => {
    const rows = tableRows(measured);
    assert.equal(rows.length, 4);
    assert.ok(rows.every((row) => row.length === rows[0]!.length));
    assert.equal(verdictLines(measured).length, 1);
  });
});

test('a small load in all placements: figures, or the reason why there are none', async () => {
  const steps: string[] = [];
  const load = { ...LOAD, name: 'small', rate: 400, sampleEvery: 4 };
  const measured = await measurePlacements({ seconds: 0.2, loads: [load], onStep: (step, of, what) => void steps.push(`${step}/${of} ${what}`) });
  assert.deepEqual(steps, ['0/4 idle process', '1/4 small, inline', '2/4 small, ring', '3/4 small, socket']);
  assert.ok(measured.idleLoopDelayP99Ms > 0);
  for (const outcome of [measured.rows[0]!.inline, measured.rows[0]!.ring, measured.rows[0]!.socket]) {
    if ('failed' in outcome) assert.match(outcome.failed, /feeder sent|no room/);
    else {
      assert.equal(outcome.decided + outcome.undecided, 20);
      assert.ok(outcome.decisionP50Us > 0 && outcome.decisionP99Us >= outcome.decisionP50Us);
    }
  }
});

test('the command says what it does, and refuses nonsense', async () => {
  const main = join(projectRoot, 'dist/tools/placement/main.js');
  const [help, bad] = await Promise.all([runNode(main, ['--help']), runNode(main, ['--seconds', 'long'])]);
  assert.equal(help.code, 0);
  for (const option of ['--seconds', '--json', '--write-docs']) assert.ok(help.stdout.includes(option), option);
  assert.equal(bad.code, 2);
  assert.match(bad.stderr, /'long' is not a number of seconds/);
});
