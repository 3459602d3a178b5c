import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LanesParams } from '../../config/index.js';
import { EAGER } from '../support/eager-config.js';
import type { Deed } from '../support/lane-programs/misbehaving.js';
import { crashTape, slim } from '../support/lane-tapes.js';
import { placementFree, playInLanes } from '../support/play-in-lanes.js';
import type { LanesOptions } from '../support/play-in-lanes.js';
import { play } from '../support/replay-tape.js';
import type { Played } from '../support/replay-tape.js';

// What threads do wrong: each failure has a name, the supervisor sees it, the report says it, and the run goes on to the
// digest of inline where it can, or ends with a reason where it cannot.
// Up to the crash's end: each lane takes well over the slots after which it does wrong.
const crash = slim(crashTape(), 48);
const tape = { ...crash, records: Math.floor(crash.records * 0.7) };
const inline = play(tape, { config: EAGER });
const PROGRAM = new URL('../support/lane-programs/misbehaving.js', import.meta.url);

interface Case {
  readonly deed: Deed;
  /** After so many slots, about. */
  readonly at?: number;
  readonly seed?: number;
  /** The failure, as the report has it. */
  readonly says: RegExp;
  readonly params?: Partial<LanesParams>;
}

const programOf = ({ deed, at = 0, seed = 1 }: Omit<Case, 'says'>): URL => new URL(`${PROGRAM.href}?do=${deed}&at=${at}&seed=${seed}`);
const GOOD = programOf({ deed: 'behave' });

/** Lane 1 does it in its first `times` lives. */
function played(thing: Case, times: number, more: LanesOptions = {}): Promise<Played> {
  const bad = programOf(thing);
  return playInLanes(tape, { config: EAGER, program: (lane, incarnation) => (lane === 1 && incarnation <= times ? bad : GOOD), params: thing.params ?? {}, ...more });
}

const OVER: readonly Case[] = [
  { deed: 'spin', at: 600, says: /^lane 1: stalled: no sign of life for 700 ms with its inbox not empty$/, params: { stallTimeoutMs: 700 } },
  { deed: 'idle-beat', at: 600, says: /^lane 1: killed: it took nothing of its input for 1000 ms$/, params: { stallTimeoutMs: 500 } },
  { deed: 'busy-nothing', at: 600, says: /^lane 1: killed: it took nothing of its input for 1000 ms$/, params: { stallTimeoutMs: 500 } },
  { deed: 'eat-memory', at: 600, says: /^lane 1: out of memory: /, params: { memoryMb: 32 } },
  { deed: 'exit', at: 600, says: /^lane 1: called process\.exit: code 7$/ },
  { deed: 'exit', says: /^lane 1: called process\.exit: code 7$/ },
  { deed: 'forge', at: 600, says: /^lane 1: killed: its answers are unsound: an answer to input \d+, where \d+ to \d+ could have one$/ },
  { deed: 'flood', at: 600, says: /^lane 1: killed: its answers are unsound: / },
  { deed: 'post-garbage', at: 600, says: /^lane 1: killed: its answers are unsound: it posted what no lane posts$/, params: { checkpointSlots: 100 } },
  { deed: 'throw-in-timer', at: 600, says: /^lane 1: threw: Error: from a timer$/ },
  { deed: 'start-throw', says: /^lane 1: threw: Error: cannot begin$/ },
  { deed: 'start-no-work', says: /^lane 1: its module cannot be used: the program returned no object with a function drain$/ },
  { deed: 'start-hang', says: /^lane 1: not ready in time: after 3000 ms$/, params: { startTimeoutMs: 3000 } },
];

for (const thing of OVER) {
  test(`a lane that does '${thing.deed}' after ${thing.at ?? 0} slots is named, restarted, and changes nothing`, async () => {
    const { report, logHash } = await played(thing, 1);
    assert.match(report.lanes[1]!.lastFailure ?? 'none', thing.says);
    assert.ok(report.lanes[1]!.restarts >= 1 && report.restarts >= 1);
    // On a machine that is busy with other things a good lane may seem to stall, too.
    if (thing.params?.stallTimeoutMs === undefined && thing.params?.startTimeoutMs === undefined) assert.equal(report.lanes[0]!.lastFailure, null);
    assert.ok(report.restarted.some(({ path }) => path === '/market/lanes/1'), JSON.stringify(report.restarted));
    assert.equal(logHash, inline.logHash);
    assert.deepEqual(placementFree(report), placementFree(inline.report));
  });
}

test('whatever a lane leaves in the slots of its answers: it is refused, or it was nothing', async () => {
  const seeds = Number(process.env['LANE_GARBAGE'] ?? 2);
  for (let seed = 1; seed <= seeds; seed++) {
    const { report, logHash } = await played({ deed: 'garbage', at: 300 * (1 + (seed % 10)), seed, says: /./ }, 1);
    assert.match(report.lanes[1]!.lastFailure ?? '', /^lane 1: killed: its answers are unsound: /, `seed ${seed}`);
    assert.equal(logHash, inline.logHash, `seed ${seed}`);
  }
});

test('a record that makes the kernel of a lane throw is dead-lettered once, and the run goes on without it', async () => {
  for (const times of [1, 3]) {
    const { report } = await played({ deed: 'throw', at: 900, says: /./ }, times);
    assert.equal(report.gaveUp, null);
    assert.equal(report.deadLettered, times);
    assert.equal(report.records, inline.report.records);
    assert.equal(report.processed + report.gapped + report.deadLettered, report.records);
    assert.equal(report.lanes[1]!.restarts, times);
    assert.equal(report.lanes[1]!.lastFailure, 'lane 1: threw: RangeError: this record is too much');
  }
});

/** One that never starts, one that hangs, one that lies, one that takes too much; FAULTLINE_LONG=1: the others, too. */
const HOPELESS: readonly Case[] = [
  { deed: 'start-throw', says: /5 threads in a row failed and came no further; the last one: lane 1: threw: Error: cannot begin/ },
  { deed: 'start-no-work', says: /came no further; the last one: lane 1: its module cannot be used/ },
  { deed: 'spin', at: 300, says: /came no further; the last one: lane 1: stalled/, params: { stallTimeoutMs: 400 } },
  { deed: 'busy-nothing', at: 300, says: /came no further; the last one: lane 1: killed: it took nothing/, params: { stallTimeoutMs: 300 } },
  { deed: 'forge', says: /came no further; the last one: lane 1: killed: its answers are unsound/ },
  { deed: 'exit', says: /came no further; the last one: lane 1: called process\.exit/ },
  { deed: 'eat-memory', at: 300, says: /came no further; the last one: lane 1: (out of memory|stalled)/, params: { memoryMb: 32 } },
];

const SAMPLE: readonly Deed[] = ['start-throw', 'spin', 'forge', 'eat-memory'];

for (const thing of HOPELESS.filter(({ deed }) => process.env['FAULTLINE_LONG'] === '1' || SAMPLE.includes(deed))) {
  test(`a lane that does '${thing.deed}' in every life: the root supervisor gives up and says why`, async () => {
    const { report, log } = await played(thing, Infinity);
    assert.equal(report.gaveUp?.kind, 'error');
    assert.match(JSON.stringify(report.gaveUp), thing.says);
    assert.ok(report.lanes[1]!.restarts < 12, `${report.lanes[1]!.restarts} threads`);
    assert.equal(report.processed + report.gapped + report.deadLettered + report.unaccounted, report.records);
    assert.ok(report.unaccounted >= 0 && report.records < inline.report.records);
    assert.deepEqual(log, inline.log.slice(0, log.length), 'what was decided before is right');
  });
}

test('a program that is not there, or is not one: the root supervisor gives up', async () => {
  for (const [url, says] of [
    [new URL('nothing-here.js', PROGRAM), /ERR_MODULE_NOT_FOUND|Cannot find module/],
    [new URL('data:text/javascript,export default 5'), /is no function/],
    [new URL('data:text/javascript,export default ('), /SyntaxError/],
  ] as const) {
    const { report } = await playInLanes(tape, { lanes: 1, program: () => url });
    assert.match(JSON.stringify(report.gaveUp), says);
    assert.match(JSON.stringify(report.gaveUp), /its module cannot be used/);
  }
});
