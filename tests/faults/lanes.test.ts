import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generatedTape, play } from '../support/replay-tape.js';
import type { MemoryTape, Played, PlayOptions } from '../support/replay-tape.js';
import { EAGER } from '../support/eager-config.js';
import { crashTape, eagerAt, slim, troubleTape } from '../support/lane-tapes.js';
import { placementFree, playInLanes } from '../support/play-in-lanes.js';
import type { LanesOptions } from '../support/play-in-lanes.js';
import type { Fault } from '../../tools/replay/fault-spec.js';

// Real threads. Whatever the number of lanes, their rings, their luck and their deaths: the log, the digest and the report
// of inline. LANE_TAPES=long plays an hour of each scenario, in 1, 2 and 4 lanes, instead of a sample.
const long = process.env['LANE_TAPES'] === 'long';
const crash = crashTape();
const hour = { minutes: 60, rate: 0.5, symbols: 4, seed: 21 } as const;
const TAPES: Readonly<Record<string, () => MemoryTape>> = {
  'flash-crash': long ? () => generatedTape({ scenario: 'flash-crash', ...hour }) : () => crash,
  'feed-trouble': long ? () => generatedTape({ scenario: 'feed-trouble', ...hour }) : troubleTape,
};
/** The crash in some thousands of records, for what is slow. */
const small = slim(crash, long ? 4 : 16);
const middle = Math.floor(small.records / 2);
const smallInline = play(small, { config: EAGER });
/** In fewer still, for what need not trade much. */
const tiny = slim(crash, 48);

export function same(lanes: Played, inline: Played, what: string): void {
  const at = inline.log.findIndex((line, n) => line !== lanes.log[n]);
  assert.equal(lanes.log[at], inline.log[at], `${what}: decision ${at}`);
  assert.equal(lanes.log.length, inline.log.length, what);
  assert.equal(lanes.report.digest, inline.report.digest, what);
  assert.deepEqual(placementFree(lanes.report), placementFree(inline.report), what);
  assert.equal(lanes.report.placement, 'ring');
}

/** Plays the small tape with the eager strategy in lanes and inline, and holds one to the other. */
async function asInline(what: string, options: LanesOptions, inline?: PlayOptions, tape = small): Promise<Played> {
  const played = await playInLanes(tape, { config: EAGER, ...options });
  same(played, inline === undefined && tape === small ? smallInline : play(tape, { config: EAGER, ...inline }), what);
  return played;
}

/** The whole books in lanes of one symbol and in lanes of several; what is slimmer plays in one, two and four (lanes-scripts). */
const LANES: Readonly<Record<string, readonly number[]>> = long ? {} : { 'flash-crash': [4], 'feed-trouble': [2] };
/** Of the crash, what there is up to its end. */
const MINUTES: Readonly<Record<string, number>> = long ? {} : { 'flash-crash': 7 };

for (const [scenario, tapeOf] of Object.entries(TAPES)) {
  const counts = LANES[scenario] ?? [1, 2, 4];
  test(`${scenario}: the digest, the log and the report are the same inline and with ${counts.join(' and ')} lanes`, async () => {
    const tape = tapeOf();
    const window = { toUs: tape.startUs + (MINUTES[scenario] ?? 60) * 60e6 };
    const inline = play(tape, window);
    assert.ok(tape.header.instruments.length >= 4 && inline.log.length > 20);
    for (const lanes of counts) {
      const played = await playInLanes(tape, { lanes, ...window });
      same(played, inline, `${lanes} lanes`);
      assert.equal(played.report.restarts, 0);
      assert.deepEqual(played.report.lanes.map(({ lane }) => lane), Array.from({ length: lanes }, (_, n) => n));
      assert.equal(played.report.lanes.reduce((sum, { records }) => sum + records, 0), inline.report.records);
    }
  });
}

test('the small tape trades: orders, fills and exits on four symbols', () => {
  const { report, log } = smallInline;
  assert.ok(report.trades.length > 10 && log.length > 500, `${report.trades.length} trades`);
  assert.equal(new Set(report.timeline.map(({ symbol }) => symbol)).size, 4);
});

test('tiny rings change nothing: writers are held back', async () => {
  const { report } = await asInline('tiny rings', { lanes: 2, params: { inboxSlots: 2, answerSlots: 64 } });
  assert.ok(report.lanes.every(({ occupancy }) => occupancy.max === 1), 'they were full');
});

test('a checkpoint every few slots changes nothing', async () => {
  await asInline('checkpoints', { lanes: 4, params: { checkpointSlots: 50 } });
});

test('lockstep: with no latency to the venue, or none to the baselines, lanes wait for every record and change nothing', async () => {
  for (const [entryLatencyMs, baselineDistanceMs] of long ? [[0, 1000], [50, 0], [0, 0]] as const : [[0, 1000], [50, 0]] as const) {
    const config = eagerAt(entryLatencyMs, baselineDistanceMs);
    const inline = play(tiny, { config });
    assert.ok(inline.log.length > 20);
    same(await playInLanes(tiny, { config }), inline, `${entryLatencyMs} ms, ${baselineDistanceMs} ms`);
  }
});

test('a lane killed half way, and many times in a run, with few and with many checkpoints', async () => {
  const once = await asInline('once', { params: { checkpointSlots: 500 }, faults: [{ kind: 'kill-lane', lane: 1, at: middle }] });
  assert.deepEqual(once.report.lanes.map(({ restarts }) => restarts), [0, 1]);
  assert.equal(once.report.lanes[1]!.lastFailure, 'lane 1: killed: by --fault kill-lane');
  for (const [checkpointSlots, each] of [[500, long ? 5 : 3], [262_144, long ? 5 : 2]] as const) {
    const faults = Array.from({ length: 2 * each }, (_, n): Fault => ({ kind: 'kill-lane', lane: n % 2, at: Math.floor(((n + 0.5) * tiny.records) / (2 * each)) }));
    const often = await asInline(`${2 * each} times`, { params: { checkpointSlots }, faults }, {}, tiny);
    assert.deepEqual(often.report.lanes.map(({ restarts }) => restarts), [each, each]);
    assert.equal(often.report.restarts, 2 * each);
  }
});

test('a lane killed at its first record and at its last, twice at one record, and all lanes at once', async () => {
  const last = tiny.records - 1;
  const half = Math.floor(tiny.records / 2);
  for (const faults of [
    [{ kind: 'kill-lane', lane: 0, at: 0 }],
    [{ kind: 'kill-lane', lane: 0, at: last }, { kind: 'kill-lane', lane: 1, at: last }, { kind: 'kill-lane', lane: 1, at: last }],
    [{ kind: 'kill-lane', lane: 1, at: half }, { kind: 'kill-lane', lane: 1, at: half }, { kind: 'kill-lane', lane: 0, at: half }],
  ] satisfies Fault[][]) {
    const { report } = await asInline(JSON.stringify(faults), { faults }, {}, tiny);
    assert.equal(report.lanes.reduce((sum, { restarts }) => sum + restarts, 0), faults.length);
  }
});

test('stalled lanes change nothing, and the report says for how long they stood', async () => {
  const { report } = await asInline('stalled', {
    faults: [{ kind: 'stall-lane', lane: 0, at: middle, ms: 150 }, { kind: 'stall-lane', lane: 1, at: middle + 2000, ms: 80 }],
  });
  assert.equal(report.restarts, 0);
  assert.ok(report.lanes[0]!.longestStallMs >= 100, `${report.lanes[0]!.longestStallMs} ms`);
});

test('a stall longer than the timeout: the lane is killed, restarted, and stands still no second time', async () => {
  const { report } = await asInline('killed in a stall', {
    params: { stallTimeoutMs: 700 }, faults: [{ kind: 'stall-lane', lane: 0, at: middle, ms: 60_000 }],
  });
  assert.ok(report.lanes[0]!.restarts >= 1);
  assert.match(report.lanes[0]!.lastFailure ?? '', /^lane 0: stalled: no sign of life for 700 ms/);
});

test('an injected overflow gives the digest of inline under the same specification', async () => {
  const [symbol = ''] = Object.keys(smallInline.report.extremes);
  const faults: Fault[] = [{ kind: 'overflow', symbol, at: middle, count: 300 }, { kind: 'overflow', symbol: 'SOLUSDT', at: 100, count: 5 }];
  const { report } = await asInline('overflow', { lanes: 4, faults }, { faults });
  assert.ok(report.missing >= 305 && report.gapped >= 305);
  assert.notEqual(report.digest, smallInline.report.digest, 'the overflow mattered');
});

test('record faults of every kind, with lanes that die over them', async () => {
  const faults: Fault[] = [
    { kind: 'drop', at: 2500, count: 200 }, { kind: 'dup', at: 4500 }, { kind: 'swap', at: 5500 }, { kind: 'delay', at: 6000, ms: 2500 },
    { kind: 'clock', at: middle, ms: 1200 }, { kind: 'clock', at: middle + 1500, ms: -2000 },
  ];
  const kills = [2499, 2700, 4500, 5501, 6200, middle].map((at, n): Fault => ({ kind: 'kill-lane', lane: n % 2, at }));
  await asInline('record faults', { faults: [...faults, ...kills], params: { checkpointSlots: 700 } }, { faults });
});

test('--from and --to', async () => {
  const minute = 60e6;
  for (const window of [{ fromUs: tiny.startUs + 5 * minute }, { toUs: tiny.startUs + 9 * minute }, { fromUs: tiny.startUs + 4 * minute, toUs: tiny.startUs + 10 * minute }]) {
    const { log } = await asInline(JSON.stringify(window), window, window, tiny);
    assert.ok(log.length > 0);
  }
});

test('how the tape is cut into blocks, stretches and paced slices changes nothing in lanes either', async () => {
  const cuts = long ? [{ block: 7 }, { stretch: 100 }, { sliceUs: 333_333 }, { sliceUs: 50_000, stretch: 50, block: 64 }] : [{ block: 7, stretch: 100 }, { sliceUs: 50_000, stretch: 50, block: 64 }];
  for (const cut of cuts) await asInline(JSON.stringify(cut), cut, {}, tiny);
});

const ACTORS = [
  '/journal', '/market/kernel', '/market/lanes/0', '/market/lanes/1', '/market/detectors/BTCUSDT', '/market/detectors/SOLUSDT', '/trading/account',
  '/trading/strategies/BTCUSDT', '/trading/strategies/ETHUSDT',
] as const;

test('any actor crashed at moments of the run, lanes and kernel among them, changes nothing', async () => {
  const faults = ACTORS.flatMap((path) => Array.from({ length: 3 }, (_, n): Fault => ({ kind: 'crash', path, at: Math.floor(((n + 0.5) * small.records) / 3) })));
  const { report } = await asInline('crashes', { faults, params: { checkpointSlots: 1000 } });
  assert.ok(report.restarts >= faults.length);
  assert.deepEqual(report.lanes.map(({ restarts }) => restarts), [3, 3]);
});

test('every actor crashed right before and right after decisions changes nothing', async () => {
  const { log } = smallInline;
  const moments = [...new Set(log.map((line) => (JSON.parse(line) as { seq: number }).seq))].filter((seq) => seq >= 0);
  const chosen = moments.filter((_, n) => n % Math.ceil(moments.length / (long ? 5 : 3)) === 0);
  const faults = chosen.flatMap((seq) => ACTORS.flatMap((path) => [seq, seq + 1].map((at): Fault => ({ kind: 'crash', path, at }))));
  await asInline('crashes at decisions', { faults });
});

test('a poisoned message of any actor is dead-lettered as inline', async () => {
  const poisoned = ACTORS.filter((path) => !path.startsWith('/market/lanes'));
  for (const at of [1500, middle]) {
    const faults = poisoned.map((path, n): Fault => ({ kind: 'poison', path, at: at + n * 11 }));
    const { report } = await asInline(`poison from ${at}`, { faults }, { faults });
    assert.equal(report.processed + report.gapped + report.deadLettered, report.records);
    assert.equal(report.deadLettered, 1);
  }
});
