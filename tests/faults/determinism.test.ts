import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generatedTape, play } from '../support/replay-tape.js';

const tape = generatedTape({ scenario: 'flash-crash', seed: 7, minutes: 14, symbols: 2, rate: 0.3 });
const plain = play(tape);
const EVERY_ACTOR = [
  '/journal', '/market/kernel', '/market/detectors/BTCUSDT', '/market/detectors/ETHUSDT',
  '/trading/account', '/trading/strategies/BTCUSDT', '/trading/strategies/ETHUSDT',
];

test('the tape holds a whole story: calm, ALERT, ACTIVE, RECOVERY, calm', () => {
  const visited = plain.report.timeline.filter(({ symbol }) => symbol === 'BTCUSDT').map(({ to }) => to);
  assert.equal(visited[0], 'ALERT');
  for (const state of ['ACTIVE', 'RECOVERY']) assert.ok(visited.includes(state), state);
  assert.equal(visited.at(-1), 'SLEEP');
});

test('twice in a row gives the same log and digest', () => {
  const again = play(tape);
  assert.equal(again.logHash, plain.logHash);
  assert.equal(again.report.digest, plain.report.digest);
});

test('how the tape is cut into blocks, stretches and paced slices changes nothing', () => {
  for (const options of [{ block: 7 }, { stretch: 100 }, { sliceUs: 333_333 }, { sliceUs: 10_000, stretch: 50, block: 64 }]) {
    assert.equal(play(tape, options).logHash, plain.logHash, JSON.stringify(options));
  }
});

test('any actor crashed, at twenty moments of the run, changes nothing', () => {
  for (const path of EVERY_ACTOR) {
    const faults = Array.from({ length: 20 }, (_, n) => ({ kind: 'crash' as const, path, at: Math.floor(((n + 0.5) * tape.records) / 20) }));
    const crashed = play(tape, { faults });
    assert.equal(crashed.logHash, plain.logHash, path);
    assert.equal(crashed.report.digest, plain.report.digest, path);
    assert.ok(crashed.report.restarts >= 20, `${path} restarted ${crashed.report.restarts} times`);
  }
});

test('every actor crashed right before and right after every decision changes nothing', () => {
  const moments = [...new Set(plain.log.map((line) => (JSON.parse(line) as { seq: number }).seq))].filter((seq) => seq >= 0);
  const chosen = moments.filter((_, n) => n % Math.ceil(moments.length / 12) === 0);
  const faults = chosen.flatMap((seq) => EVERY_ACTOR.flatMap((path) => [seq, seq + 1].map((at) => ({ kind: 'crash' as const, path, at }))));
  assert.equal(play(tape, { faults }).logHash, plain.logHash);
});

test('--from warms up in silence and decides nothing before its time', () => {
  const middleUs = tape.startUs + 5 * 60e6;
  const late = play(tape, { fromUs: middleUs });
  assert.ok(late.log.length > 0);
  assert.ok(late.log.every((line) => (JSON.parse(line) as { atUs: number }).atUs >= middleUs));
  // Nothing had happened before it, so the crash is met in the same state.
  const states = (report: typeof late.report): string[] => report.timeline.map(({ at, symbol, to }) => `${at} ${symbol} ${to}`);
  assert.deepEqual(states(late.report), states(plain.report).filter((line) => line >= new Date(middleUs / 1000).toISOString()));
});

test('--to ends before its time, with a prefix of the log', () => {
  const endUs = tape.startUs + 8 * 60e6;
  const early = play(tape, { toUs: endUs });
  assert.deepEqual(early.log, plain.log.slice(0, early.log.length));
  assert.ok(early.log.every((line) => (JSON.parse(line) as { atUs: number }).atUs < endUs));
  assert.ok(early.report.records < plain.report.records);
});

test('what the report says stands in the log, and the log is what the digest is over', () => {
  const kinds = (kind: string): number => plain.log.filter((line) => (JSON.parse(line) as { kind: string }).kind === kind).length;
  assert.equal(plain.report.decisions, plain.log.length);
  assert.equal(plain.report.timeline.length, kinds('transition'));
  assert.equal(plain.report.trades.length, kinds('trade'));
  assert.equal(Object.values(plain.report.refusals).reduce((sum, n) => sum + n, 0), kinds('refusal'));
});
