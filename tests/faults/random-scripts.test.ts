import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatFault, isActorFault } from '../../tools/replay/fault-spec.js';
import type { Fault } from '../../tools/replay/fault-spec.js';
import { AUX, Flag, ID, Kind, KIND_MASK, TAG, WORDS_F, WORDS_I } from '../../data/records/index.js';
import { instanceNames } from '../../supervisors/index.js';
import { FaultedSource } from '../../tools/replay/faulted-source.js';
import { generatedTape, play, sourceOf } from '../support/replay-tape.js';
import type { MemoryTape, Played } from '../support/replay-tape.js';

const TAPES: readonly MemoryTape[] = [
  generatedTape({ scenario: 'flash-crash', seed: 5, minutes: 14, symbols: 2, rate: 0.05 }),
  generatedTape({ scenario: 'feed-trouble', seed: 5, minutes: 12, symbols: 2, rate: 0.05 }),
];
const SHORTEST = Math.min(...TAPES.map(({ records }) => records));
const PATHS = [
  '/journal', '/market/kernel', '/market/detectors/BTCUSDT', '/market/detectors/ETHUSDT',
  '/trading/account', '/trading/strategies/BTCUSDT', '/trading/strategies/ETHUSDT',
] as const;

const at = fc.nat(SHORTEST - 1);
const recordFault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ kind: fc.constant('drop' as const), at, count: fc.integer({ min: 1, max: 2000 }) }),
  fc.record({ kind: fc.constantFrom('dup' as const, 'swap' as const), at }),
  fc.record({ kind: fc.constant('delay' as const), at, ms: fc.nat(5000) }),
  fc.record({ kind: fc.constant('clock' as const), at, ms: fc.integer({ min: -3000, max: 3000 }) }),
  fc.record({ kind: fc.constant('overflow' as const), symbol: fc.constantFrom('BTCUSDT', 'ETHUSDT'), at, count: fc.integer({ min: 1, max: 2000 }) }),
);
const crash: fc.Arbitrary<Fault> = fc.record({ kind: fc.constant('crash' as const), path: fc.constantFrom(...PATHS), at });
const poison: fc.Arbitrary<Fault> = fc.record({ kind: fc.constant('poison' as const), path: fc.constantFrom(...PATHS), at });

function balanced(tape: MemoryTape, { report }: Played, script: readonly Fault[]): void {
  const context = script.map(formatFault).join(' ');
  assert.equal(report.processed + report.gapped + report.deadLettered, report.records, `every record once: ${context}`);
  const duplicates = script.filter(({ kind }) => kind === 'dup').length - droppedDuplicates(script);
  assert.equal(report.records, tape.records + duplicates + overflowGaps(tape, script), context);
  assert.equal(report.gaveUp, null, context);
  assert.equal(report.faults, 0, `no unhandled error: ${context}`);
}

/** Gap records that tell of overflows. */
function overflowGaps(tape: MemoryTape, script: readonly Fault[]): number {
  if (!script.some(({ kind }) => kind === 'overflow')) return 0;
  const source = new FaultedSource(sourceOf(tape), script, instanceNames(tape.header.instruments));
  let gaps = 0;
  for (let chunk = source.next(); chunk !== undefined; chunk = source.next()) {
    for (let r = 0; r < chunk.batch.length; r++) {
      const f = r * WORDS_F;
      const tag = chunk.batch.I[r * WORDS_I + TAG]!;
      // A duplicated gap record of the tape names the ids that it misses.
      if ((tag & KIND_MASK) === Kind.GAP && (tag & Flag.INJECTED) !== 0 && chunk.batch.F[f + ID] === 0 && chunk.batch.F[f + AUX] === 0) gaps++;
    }
  }
  return gaps;
}

/** Two duplicates of one record are one, and a record that is dropped is not duplicated. */
function droppedDuplicates(script: readonly Fault[]): number {
  const places = script.flatMap((fault) => (fault.kind === 'dup' ? [fault.at] : []));
  const alive = new Set(places.filter((place) => !script.some((fault) => fault.kind === 'drop' && fault.at <= place && place < fault.at + fault.count)));
  return places.length - alive.size;
}

/** FAULT_SCRIPTS=N runs more of them; npm test runs a sample. */
const RUNS = Number(process.env['FAULT_SCRIPTS'] ?? 20);

test(`${RUNS} random fault scripts: every record is counted once, and crashes change no decision`, (t) => {
  let crashes = 0;
  let decisions = 0;
  fc.assert(
    fc.property(fc.array(recordFault, { maxLength: 4 }), fc.array(crash, { minLength: 1, maxLength: 6 }), fc.constantFrom(...TAPES), (records, crashFaults, tape) => {
      const faulted = play(tape, { faults: records });
      const crashed = play(tape, { faults: [...records, ...crashFaults] });
      balanced(tape, faulted, records);
      balanced(tape, crashed, records);
      assert.equal(crashed.logHash, faulted.logHash, [...records, ...crashFaults].map(formatFault).join(' '));
      assert.equal(crashed.report.digest, faulted.report.digest);
      assert.ok(crashed.report.restarts >= new Set(crashFaults.map(({ kind, at: place }) => `${kind}${place}`)).size, 'every crash restarts somebody');
      crashes += crashFaults.length;
      decisions += faulted.log.length;
    }),
    { numRuns: RUNS, seed: 20_251_010 },
  );
  t.diagnostic(`${crashes} crashes over ${decisions} decisions`);
  assert.ok(decisions > RUNS * 10, 'the tape makes the tree decide something');
});

test('poisoned messages are dead-lettered, counted, and hurt nothing else', () => {
  fc.assert(
    fc.property(fc.array(recordFault, { maxLength: 2 }), fc.array(poison, { minLength: 1, maxLength: 4 }), fc.constantFrom(...TAPES), (records, poisons, tape) => {
      const script = [...records, ...poisons];
      const played = play(tape, { faults: script });
      balanced(tape, played, script);
      const kernel = new Set(poisons.filter((fault) => isActorFault(fault) && fault.path === '/market/kernel').map((fault) => fault.at));
      assert.ok(played.report.deadLettered <= poisons.length && (kernel.size === 0) === (played.report.deadLettered === 0));
    }),
    { numRuns: Math.ceil(RUNS / 3), seed: 7 },
  );
});
