import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatFault } from '../../tools/replay/fault-spec.js';
import type { Fault } from '../../tools/replay/fault-spec.js';
import { EAGER } from '../support/eager-config.js';
import { crashTape, slim, troubleTape } from '../support/lane-tapes.js';
import { placementFree, playInLanes } from '../support/play-in-lanes.js';
import { play } from '../support/replay-tape.js';

// Random scripts in real threads: whatever happens to records happens inline too; what happens to threads and actors
// between turns changes nothing. LANE_FAULT_SCRIPTS=N runs N of them; in parts, so that none comes near a test's deadline.
const WANTED = Number(process.env['LANE_FAULT_SCRIPTS'] ?? 6);
const PARTS = WANTED > 10 ? 4 : 1;
const RUNS = Math.ceil(WANTED / PARTS);
const TAPES = [slim(crashTape(), 48), slim(troubleTape(), 40)] as const;
const SHORTEST = Math.min(...TAPES.map(({ records }) => records));

const at = fc.nat(SHORTEST - 2);
const symbol = fc.constantFrom('BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'BNBUSDT');
const onRecords: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ kind: fc.constant('drop' as const), at, count: fc.integer({ min: 1, max: 500 }) }),
  fc.record({ kind: fc.constantFrom('dup' as const, 'swap' as const), at }),
  fc.record({ kind: fc.constant('delay' as const), at, ms: fc.nat(5000) }),
  fc.record({ kind: fc.constant('clock' as const), at, ms: fc.integer({ min: -3000, max: 3000 }) }),
  fc.record({ kind: fc.constant('overflow' as const), symbol, at, count: fc.integer({ min: 1, max: 500 }) }),
);
const path = fc.oneof(
  fc.constantFrom('/journal', '/market/kernel', '/market/lanes/0', '/trading/account'),
  symbol.map((name) => `/market/detectors/${name}`), symbol.map((name) => `/trading/strategies/${name}`),
);
const onThreads: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ kind: fc.constant('crash' as const), path, at }),
  fc.record({ kind: fc.constant('kill-lane' as const), lane: fc.constant(0), at }),
  fc.record({ kind: fc.constant('kill-lane' as const), lane: fc.nat(3), at }),
  fc.record({ kind: fc.constant('stall-lane' as const), lane: fc.nat(3), at, ms: fc.integer({ min: 1, max: 40 }) }),
);

for (let part = 1; part <= PARTS; part += 1) test(`${RUNS} random fault scripts with lanes, part ${part} of ${PARTS}: the log and the report of inline without what befell the threads`, async (t) => {
  let restarts = 0;
  let decisions = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(0, 1), fc.array(onRecords, { maxLength: 4 }), fc.array(onThreads, { minLength: 1, maxLength: 6 }), fc.constantFrom(1, 2, 2, 4),
      fc.constantFrom(2, 64, 4096), fc.constantFrom(64, 1024), fc.constantFrom(200, 3000, 262_144), fc.constantFrom(undefined, 700_000),
      async (which, records, threads, lanes, inboxSlots, answerSlots, checkpointSlots, sliceUs) => {
        const tape = TAPES[which]!;
        const faults = threads.filter((fault) => !('lane' in fault) || fault.lane < lanes);
        const context = `${[...records, ...faults].map(formatFault).join(' ')}; ${lanes} lanes, rings of ${inboxSlots} and ${answerSlots}`;
        const inline = play(tape, { config: EAGER, faults: records });
        const played = await playInLanes(tape, {
          config: EAGER, faults: [...records, ...faults], lanes, params: { inboxSlots, answerSlots, checkpointSlots }, ...(sliceUs === undefined ? {} : { sliceUs }),
        });
        assert.equal(played.logHash, inline.logHash, context);
        assert.deepEqual(placementFree(played.report), placementFree(inline.report), context);
        const { report } = played;
        assert.equal(report.processed + report.gapped + report.deadLettered, report.records, context);
        assert.ok(report.lanes.reduce((sum, lane) => sum + lane.restarts, 0) >= faults.filter(({ kind }) => kind === 'kill-lane').length, context);
        restarts += report.restarts;
        decisions += report.decisions;
      },
    ),
    { numRuns: RUNS, seed: 20_251_120 + part },
  );
  t.diagnostic(`${restarts} restarts over ${decisions} decisions`);
  assert.ok(decisions > RUNS * 20 && restarts > RUNS);
});
