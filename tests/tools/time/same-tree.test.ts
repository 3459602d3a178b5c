import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { RunReader } from '../../../data/runs/index.js';
import { Pause } from '../../../actors/market/messages.js';
import { EngineRecording } from '../../../tools/time/engine-recording.js';
import { TimeMachine } from '../../../tools/time/index.js';
import type { TimeStep } from '../../../tools/time/index.js';
import { parseFault } from '../../../tools/replay/fault-spec.js';
import { replayTape } from '../../../tools/replay/run.js';
import { askedReplay } from '../../../tools/runs/tape-replay.js';
import { TapeRecording } from '../../../tools/time/tape-recording.js';
import { EAGER } from '../../support/eager-config.js';
import { generatedTape, writeTape } from '../../support/replay-tape.js';
import { recordRun, scratch } from '../runs/record.js';
import { everyDecisionHasItsCause } from './causes.js';
import { MachineHere } from './here.js';
import { lived } from './lived.js';

const tape = generatedTape({ scenario: 'flash-crash', seed: 7, minutes: 6, symbols: 1, rate: 0.002 });
const detector = '/market/detectors/BTCUSDT';
const at = (share: number): number => Math.floor(tape.records * share);

function sameEverywhere(machine: MachineHere, digests: ReadonlyMap<number, string>, seed: number): void {
  const order = fc.sample(fc.shuffledSubarray([...digests.keys()], { minLength: digests.size, maxLength: digests.size }), { seed, numRuns: 1 })[0]!;
  for (const event of order) {
    const cursor = machine.seek({ event });
    assert.equal(cursor.event, event, 'it stands between the same two turns');
    assert.equal(machine.digest(), digests.get(event), `the tree after ${event} events is the one that lived`);
  }
}

void test('wherever one goes in an engine’s run, with restarts, kills, pauses and several tapes, the tree is the one that lived', { timeout: 120_000 }, async (t) => {
  const folder = recordRun(scratch(t), tape, {
    config: EAGER, tapeRecords: at(0.2),
    inputs: new Map([[at(0.3), { to: detector, message: { type: 'pause', bit: Pause.MANUAL, on: true } as { type: string } }], [at(0.35), { to: detector, message: { type: 'pause', bit: Pause.MANUAL, on: false } as { type: string } }]]),
    changes: new Map([
      [at(0.25), { method: 'restart', params: { path: '/trading/account' } }], [at(0.45), { method: 'restart', params: { path: '/market/kernel' } }],
      [at(0.5), { method: 'suspend', params: { path: detector } }], [at(0.55), { method: 'resume', params: { path: detector } }], [at(0.8), { method: 'terminate', params: { path: detector } }],
    ]),
  });
  const recording = new EngineRecording(RunReader.open(folder));
  const digests = lived(recording, (events) => events % 151 < 3);
  assert.ok(digests.size > 8, `${digests.size} moments`);
  const machine = await MachineHere.open({ run: folder });
  t.after(() => machine.close());
  const { span, differsAt, problem } = machine.state;
  assert.deepEqual({ differsAt, problem, decisions: span.decisions, records: span.records }, { differsAt: null, problem: null, decisions: RunReader.open(folder).manifest.decisions!.count, records: tape.records });
  assert.ok(span.restarts >= 3);
  sameEverywhere(machine, digests, 15);
  const causes = everyDecisionHasItsCause(machine, recording, 4);
  assert.ok(causes.record > 10 && causes.input > 0 && causes.timer > 5, JSON.stringify(causes));

  // What was asked for by its number is the last thing that happened.
  const restarts = machine.machine.restarts(0, 100);
  const kernel = restarts.find(({ path }) => path === '/market/kernel')!;
  const cursor = machine.seek({ restart: kernel.number });
  assert.equal(cursor.atUs, kernel.atUs);
  const node = machine.tree('/market/kernel')!;
  assert.equal(node.incarnation, 2);
  assert.equal(machine.seek({ end: true }).atEnd, true);
});

void test('wherever one goes in the replay of a tape, with crashes, poison and a window, the tree is the one that lived', { timeout: 120_000 }, async (t) => {
  const root = scratch(t);
  const path = join(root, 'a.tape');
  writeTape(tape, path);
  for (const faults of [[], [`crash:/market/kernel@${at(0.3)}`, `poison:${detector}@${at(0.5)}`, `crash:/trading/account@${at(0.6)}`, `drop:${at(0.4)}+3`, `dup:${at(0.7)}`]]) {
    const window = faults.length === 0 ? {} : { from: '+1m' };
    const { runDir } = await replayTape({ tape: path, faults: faults.map(parseFault), keep: { kind: 'replay', root }, ...window });
    const reader = RunReader.open(runDir!);
    const { request, loaded } = askedReplay(reader);
    const digests = lived(new TapeRecording(request, loaded, reader), (events) => events % 101 < 3);
    assert.ok(digests.size > 5, `${digests.size} moments`);
    const machine = await MachineHere.open({ run: runDir! });
    t.after(() => machine.close());
    const { differsAt, problem, span } = machine.state;
    assert.deepEqual({ differsAt, problem, decisions: span.decisions }, { differsAt: null, problem: null, decisions: reader.manifest.decisions!.count });
    sameEverywhere(machine, digests, 16);
    const causes = everyDecisionHasItsCause(machine, new TapeRecording(request, loaded, reader), 3);
    assert.ok(causes.record > 5 && causes.timer > 0, JSON.stringify(causes));
    if (faults.length > 0) assert.ok(span.restarts >= 3, `${span.restarts} restarts`);
  }
});

void test('forward and back again is the same tree, by every kind of step', { timeout: 120_000 }, async (t) => {
  const folder = recordRun(scratch(t), tape, { config: EAGER, changes: new Map([[at(0.4), { method: 'restart', params: { path: '/market' } }], [at(0.6), { method: 'restart', params: { path: detector } }]]) });
  const machine = await TimeMachine.open({ run: folder });
  t.after(() => machine.close());
  const by = fc.constantFrom<TimeStep['by']>('decision', 'event', 'restart', 'turn', 'record');
  let there = 0;
  await fc.assert(fc.asyncProperty(fc.double({ min: 0, max: 1, noNaN: true }), by, fc.boolean(), async (share, kind, forward) => {
    const direction = forward ? 1 : -1;
    const begin = await machine.seek(kind === 'record' ? { record: 1 + Math.floor(share * (machine.span.records - 2)) } : { event: 1 + Math.floor(share * (machine.span.events - 1)) });
    const path = detector;
    const first = await machine.step({ by: kind, path, direction }, begin.key);
    if (first === null) return;
    const digest = await machine.digest();
    const beyond = await machine.step({ by: kind, path, direction });
    if (beyond === null) return;
    assert.ok((beyond.event - first.event) * direction > 0 || (kind === 'record' && beyond.record - first.record === direction), 'it goes on');
    const again = await machine.step({ by: kind, path, direction: forward ? -1 : 1 });
    assert.deepEqual(again, first);
    assert.equal(await machine.digest(), digest);
    there += 1;
  }), { numRuns: 14, seed: 5 });
  assert.ok(there > 6, `${there} times`);
});
