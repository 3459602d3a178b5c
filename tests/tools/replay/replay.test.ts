import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { chainDigest, EMPTY_DIGEST } from '../../../actors/index.js';
import { allocateBatch, EXCH_US, Kind, PRICE, QTY, RECV_US, TAG, WORDS_F, WORDS_I } from '../../../data/records/index.js';
import type { Instrument } from '../../../data/records/index.js';
import { TapeWriter } from '../../../data/tape/index.js';
import { CliError } from '../../../tools/cli/errors.js';
import { replayTape } from '../../../tools/replay/run.js';
import { generatedTape, play } from '../../support/replay-tape.js';

const folder = mkdtempSync(join(tmpdir(), 'faultline-replay-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const btc: Instrument = {
  index: 0, symbol: 'BTCUSDT', venue: 'x', product: 'spot', tickSize: '0.01', lotSize: '0.001', multiplier: '1', settle: 'USDT', inferred: [],
};

/** A tape of trades with these receive stamps; the exchange sent none. */
function written(name: string, instruments: readonly Instrument[], stampsUs: readonly number[]): string {
  const path = join(folder, name);
  const batch = allocateBatch(Math.max(1, stampsUs.length));
  stampsUs.forEach((us, r) => {
    batch.F[r * WORDS_F + RECV_US] = us;
    batch.F[r * WORDS_F + EXCH_US] = 0;
    batch.F[r * WORDS_F + QTY] = 1;
    batch.I[r * WORDS_I + PRICE] = 100;
    batch.I[r * WORDS_I + TAG] = Kind.TRADE;
  });
  batch.length = stampsUs.length;
  const writer = TapeWriter.create(path, { layoutVersion: 1, instruments, clocks: { receive: 'test', exchange: 'none' }, origin: [] });
  writer.append(batch, 0, stampsUs.length);
  writer.close();
  return path;
}

test('when the root supervisor gives up, the report still tells the digest of what was decided', () => {
  const tape = generatedTape({ scenario: 'flash-crash', seed: 5, minutes: 14, symbols: 1, rate: 0.2 });
  const at = Math.floor(tape.records * 0.9);
  const crashes = Array.from({ length: 5000 }, (_, k) => ({ kind: 'crash' as const, path: '/market/kernel', at: at + k }));
  const { report, log } = play(tape, { faults: crashes });
  assert.equal(report.gaveUp?.kind, 'error');
  assert.ok(log.length > 0);
  assert.equal(report.decisions, log.length);
  assert.equal(report.digest, log.reduce(chainDigest, EMPTY_DIGEST));
  assert.equal(report.processed + report.gapped + report.deadLettered, report.records);
});

test('one symbol of two venues is two in the report', () => {
  const made = generatedTape({ scenario: 'flash-crash', seed: 5, minutes: 14, symbols: 2, rate: 0.2 });
  const instruments = made.header.instruments.map((instrument, n) => ({ ...instrument, symbol: 'BTCUSDT', venue: n === 0 ? 'one' : 'two' }));
  const { report } = play({ ...made, header: { ...made.header, instruments } });
  const both = ['BTCUSDT@one', 'BTCUSDT@two'];
  assert.deepEqual(Object.keys(report.extremes), both);
  assert.deepEqual(Object.keys(report.secondsInState), both);
  assert.deepEqual([...new Set(report.timeline.map(({ symbol }) => symbol))].sort(), both);
});

test('a mistyped option leaves no folder behind', async () => {
  const tape = written('options.tape', [btc], [1.7e15]);
  const out = join(folder, 'out');
  await assert.rejects(replayTape({ tape, out, faults: [{ kind: 'crash', path: '/nobody', at: 0 }] }), CliError);
  await assert.rejects(replayTape({ tape, out, faults: [], from: 'yesterday' }), CliError);
  assert.equal(existsSync(out), false);
  await replayTape({ tape, out, faults: [] });
  assert.deepEqual(readdirSync(out).sort(), ['decisions.jsonl', 'report.json', 'run.json', 'states.csv', 'trades.csv']);
});

test('a stretch of time that holds nothing is refused, not reported as calm', async () => {
  const tape = written('window.tape', [btc], [1.7e15, 1.7e15 + 1e6, 1.7e15 + 2e6]);
  const refused = (options: { from?: string; to?: string }, pattern: RegExp): Promise<void> =>
    assert.rejects(replayTape({ tape, faults: [], ...options }), (error) => error instanceof CliError && error.exit === 'usage' && pattern.test(error.message));
  await refused({ from: '+3s' }, /--from '\+3s' is after the tape's end/);
  await refused({ to: '+0s' }, /--to '\+0s' is not after the tape's beginning/);
  await refused({ from: '+2s', to: '+1s' }, /--to '\+1s' is not after --from '\+2s'/);
  assert.equal((await replayTape({ tape, faults: [], from: '+1s', to: '+2s' })).records, 2);
  assert.equal((await replayTape({ tape, faults: [{ kind: 'clock', at: 0, ms: 5000 }], from: '+3s' })).records, 3);
});

test('no records, no instruments, no first stamp: times stay times', async () => {
  for (const [name, instruments, stampsUs] of [
    ['empty.tape', [btc], []],
    ['nobody.tape', [], []],
    ['late.tape', [btc], [0, 0, 1.7e15, 1.7e15 + 2e6]],
  ] as const) {
    const report = await replayTape({ tape: written(name, instruments, stampsUs), faults: [] });
    assert.equal(report.records, stampsUs.length);
    assert.equal(report.processed, stampsUs.length);
    assert.deepEqual(report.secondsInState, instruments.length === 0 ? {} : { BTCUSDT: { SLEEP: stampsUs.length === 0 ? 0 : 2 } }, name);
  }
});
