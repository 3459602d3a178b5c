import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_CONFIG, type Config } from '../../../config/index.js';
import { RECV_US, EXCH_US, WORDS_F } from '../../../data/records/index.js';
import { type EngineBoot, engineTree } from '../../../supervisors/index.js';
import { EngineSession } from '../../../tools/engine/session.js';
import { generatedTape, play, type MemoryTape } from '../../support/replay-tape.js';

const TAPE = generatedTape({ scenario: 'flash-crash', seed: 5, minutes: 14, symbols: 1, rate: 0.2 });
const bootOf = ({ startUs, header }: MemoryTape): EngineBoot => ({ mode: 'paper', startUs, instruments: header.instruments, rules: [], recovered: [] });
const clockOf = (tape: MemoryTape, record: number): number => {
  const recv = tape.F[record * WORDS_F + RECV_US]!;
  return recv > 0 ? recv : tape.F[record * WORDS_F + EXCH_US]!;
};

const withLatency = (entryLatencyMs: number, baselineDistanceMs = 1000): Config => ({
  ...DEFAULT_CONFIG, trading: { ...DEFAULT_CONFIG.trading, venue: { ...DEFAULT_CONFIG.trading.venue, entryLatencyMs }, detector: { ...DEFAULT_CONFIG.trading.detector, baselineDistanceMs } },
});

interface Cut {
  /** Records before it. */
  readonly at: number;
  /** Share of the way from the clock to the next record that the clock is moved, several times. */
  readonly pauses: readonly number[];
}
interface Told {
  readonly at: number;
  readonly to: string;
  readonly message: { readonly type: string };
}

/** Plays the tape in stretches, with the clock moved on between some records, and inputs between others. */
function engine(tape: MemoryTape, cuts: readonly Cut[], config: Config, inputs: readonly Told[] = []): { readonly digest: string; readonly lines: readonly string[]; readonly session: EngineSession } {
  const lines: string[] = [];
  const session = new EngineSession({
    startUs: tape.startUs,
    tree: (onKernel) => engineTree(bootOf(tape), config, onKernel),
    effects: { decision: ({ line }) => lines.push(line) },
  });
  const F = tape.F.slice();
  const batch = { F, I: new Int32Array(F.buffer) };
  const stops = [...cuts.map((cut) => ({ ...cut, told: undefined })), ...inputs.map((told) => ({ at: told.at, pauses: [], told }))].sort((a, b) => a.at - b.at);
  let from = 0;
  for (const { at, pauses, told } of stops) {
    session.records(batch, from, at);
    from = Math.max(from, at);
    if (at >= tape.records) continue;
    const nextUs = clockOf(tape, at);
    for (const share of pauses) session.advanceTo(session.clockUs + Math.floor((nextUs - session.clockUs) * share));
    // An input has its place between two records: half way.
    if (told !== undefined) session.input(Math.floor((clockOf(tape, at - 1) + nextUs) / 2), told);
  }
  session.records(batch, from, tape.records);
  session.finish();
  return { digest: session.journal.digest, lines, session };
}

const cutsOf = (most: number): fc.Arbitrary<readonly Cut[]> => fc.array(fc.record({
  at: fc.integer({ min: 1, max: TAPE.records - 1 }),
  pauses: fc.array(fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })), { maxLength: 3 }),
}), { maxLength: most });

/** Everywhere: after every record the clock goes on to the next one's stamp. */
const everywhere: readonly Cut[] = Array.from({ length: TAPE.records - 1 }, (_, r) => ({ at: r + 1, pauses: [0.5, 1] }));

test('the engine decides what a replay of the tape decides', () => {
  const { report } = play(TAPE);
  const { digest, session } = engine(TAPE, [], DEFAULT_CONFIG);
  assert.ok(report.decisions > 20);
  assert.equal(digest, report.digest);
  const { inputs, processed, gapped, deadLettered, unheard } = session.counts();
  assert.deepEqual({ inputs, processed, gapped, deadLettered, unheard }, { inputs: report.records, processed: report.processed, gapped: report.gapped, deadLettered: 0, unheard: 0 });
});

test('no cut between records and no look at the clock changes a decision', { timeout: 120_000 }, () => {
  for (const config of [DEFAULT_CONFIG, withLatency(0, 0), withLatency(7, 1)]) {
    const whole = engine(TAPE, [], config);
    const orders = whole.lines.filter((line) => line.includes('"kind":"venue"')).length;
    assert.ok(orders > 0, 'nothing was traded, so nothing was tested');
    assert.equal(engine(TAPE, everywhere, config).lines.join('\n'), whole.lines.join('\n'));
    fc.assert(fc.property(cutsOf(2000), (cuts) => engine(TAPE, cuts, config).digest === whole.digest), { numRuns: 5 });
  }
});

test('an input has its place between two records, wherever the records are cut', () => {
  const config = withLatency(50);
  const crash = TAPE.records - Math.floor(TAPE.records / 8);
  const inputs: readonly Told[] = Array.from({ length: 40 }, (_, n) => ({
    at: Math.floor(TAPE.records / 2) + n * Math.floor((crash - TAPE.records / 2) / 40), to: '/trading/account', message: { type: 'trading', enabled: n % 2 === 0, reason: 'test' },
  }));
  const whole = engine(TAPE, [], config, inputs);
  assert.equal(whole.session.counts().messages, inputs.length);
  assert.notEqual(whole.digest, engine(TAPE, [], config).digest, 'the inputs change nothing, so nothing was tested');
  fc.assert(fc.property(cutsOf(300), (cuts) => engine(TAPE, cuts.filter(({ at }) => inputs.every((told) => told.at !== at)), config, inputs).digest === whole.digest), { numRuns: 5 });
});

const small = (): { session: EngineSession; batch: { F: Float64Array; I: Int32Array } } => {
  const F = TAPE.F.slice(0, 3000 * WORDS_F);
  const session = new EngineSession({ startUs: TAPE.startUs, tree: (onKernel) => engineTree(bootOf(TAPE), DEFAULT_CONFIG, onKernel) });
  return { session, batch: { F, I: new Int32Array(F.buffer) } };
};

test('an input that nobody takes is counted, and a kernel that is held up loses records by number', () => {
  const { session, batch } = small();
  session.records(batch, 0, 1000);
  session.input(session.clockUs, { to: '/nobody', message: { type: 'x' } });
  const before = session.runtime.counters().deadLettered;
  assert.deepEqual([session.counts().messages, session.counts().refused], [1, 1]);
  assert.equal(before, 1);

  assert.equal(session.runtime.suspend('/market/kernel').ok, true);
  session.runtime.drain();
  session.records(batch, 1000, 1500);
  session.records(batch, 1500, 2000);
  session.advanceTo(clockOf(TAPE, 2000));
  assert.equal(session.counts().unheard, 1000);
  assert.equal(session.runtime.resume('/market/kernel').ok, true);
  session.runtime.drain();
  session.records(batch, 2000, 3000);
  session.finish();
  const { inputs, processed, gapped, unheard, deadLettered } = session.counts();
  assert.deepEqual([inputs, processed + gapped, unheard, deadLettered], [3000, 2000, 1000, 0]);
});

test('a kernel that crashes takes the next record in its next life', () => {
  const { session, batch } = small();
  session.records(batch, 0, 1000);
  session.runtime.crash('/market/kernel', new Error('struck'));
  session.runtime.drain();
  session.records(batch, 1000, 3000);
  session.finish();
  const { inputs, processed, gapped } = session.counts();
  assert.equal(processed + gapped, inputs);
});

test('what a handler of effects throws comes out of the call, and the tree does not hear of it', () => {
  const F = TAPE.F.slice();
  const batch = { F, I: new Int32Array(F.buffer) };
  let told = 0;
  const session = new EngineSession({
    startUs: TAPE.startUs,
    tree: (onKernel) => engineTree(bootOf(TAPE), DEFAULT_CONFIG, onKernel),
    effects: { decision: () => { if (++told === 1) throw new Error('no room'); } },
  });
  assert.throws(() => session.records(batch, 0, TAPE.records), /no room/);
  assert.equal(session.journal.digest, engine(TAPE, [], DEFAULT_CONFIG).digest);
  assert.equal(session.runtime.counters().restarts, 0);
});
