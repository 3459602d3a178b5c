import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deserialize, serialize } from 'node:v8';
import fc from 'fast-check';
import { Pause } from '../../../actors/market/messages.js';
import { RECV_US, WORDS_F } from '../../../data/records/index.js';
import { repeatChange } from '../../../runtime/control/index.js';
import { engineTree, type EngineBoot } from '../../../supervisors/index.js';
import { EngineSession, type SessionSnapshot } from '../../../tools/engine/session.js';
import { EAGER } from '../../support/eager-config.js';
import { generatedTape } from '../../support/replay-tape.js';

const TAPE = generatedTape({ scenario: 'flash-crash', seed: 7, minutes: 12, symbols: 2, rate: 0.01 });
const boot: EngineBoot = { mode: 'paper', startUs: TAPE.startUs, instruments: TAPE.header.instruments, rules: [], recovered: [] };
const detector = '/market/detectors/BTCUSDT';

/** Something from outside, after so many records: an operator's pause, or what befalls an actor. */
interface Event {
  readonly at: number;
  readonly what: 'pause' | 'go on' | 'crash kernel' | 'crash detector' | 'restart account' | 'terminate detector';
}

function sessionOf(resume?: SessionSnapshot): { readonly session: EngineSession; readonly lines: string[] } {
  const lines: string[] = [];
  const session = new EngineSession({
    startUs: boot.startUs, tree: (onKernel) => engineTree(boot, EAGER, onKernel), effects: { decision: ({ line }) => lines.push(line) },
    ...(resume === undefined ? {} : { resume }),
  });
  return { session, lines };
}

function happen(session: EngineSession, what: Event['what']): void {
  switch (what) {
    case 'pause':
    case 'go on':
      session.input(session.clockUs, { to: detector, message: { type: 'pause', bit: Pause.MANUAL, on: what === 'pause' } as { type: string } });
      return;
    case 'crash kernel':
      session.runtime.crash('/market/kernel', new Error('struck'));
      break;
    case 'crash detector':
      session.runtime.crash(detector, new Error('struck'));
      break;
    case 'restart account':
      repeatChange(session.runtime, 'restart', { path: '/trading/account' });
      break;
    case 'terminate detector':
      repeatChange(session.runtime, 'terminate', { path: detector });
  }
  session.advanceTo(session.clockUs);
}

/** Takes the records from `from` on, with what happens between; `look` is called before every stop in `looks`. */
function drive(session: EngineSession, from: number, events: readonly Event[], looks: readonly number[] = [], look: (at: number) => void = () => {}): void {
  const F = TAPE.F.slice();
  const batch = { F, I: new Int32Array(F.buffer) };
  const stops = [...new Set([...events.map(({ at }) => at), ...looks, TAPE.records])].filter((at) => at > from).sort((a, b) => a - b);
  let done = from;
  for (const at of stops) {
    session.records(batch, done, at);
    done = at;
    if (at < TAPE.records) session.advanceTo(Math.max(session.clockUs, F[at * WORDS_F + RECV_US]! - 1));
    if (looks.includes(at)) look(at);
    for (const { what } of events.filter((event) => event.at === at)) happen(session, what);
  }
  session.advanceTo(session.clockUs + 60_000_000);
}

const place = fc.integer({ min: 1, max: TAPE.records - 1 });
const events = fc.array(fc.record({ at: place, what: fc.constantFrom('pause' as const, 'go on' as const, 'crash kernel' as const, 'crash detector' as const, 'restart account' as const, 'terminate detector' as const) }), { maxLength: 5 });

void test('an engine that goes on from a snapshot, in another process as far as it can tell, decides what the first one goes on to decide', { timeout: 120_000 }, () => {
  let compared = 0;
  fc.assert(fc.property(events, fc.array(place, { minLength: 1, maxLength: 3 }), (happens, looks) => {
    const whole = sessionOf();
    const taken: { readonly at: number; readonly before: number; readonly bytes: Buffer }[] = [];
    drive(whole.session, 0, happens, looks, (at) => {
      const result = whole.session.snapshot();
      assert.ok(result.ok, result.ok ? '' : result.reason);
      taken.push({ at, before: whole.lines.length, bytes: serialize(result.snapshot) });
    });
    for (const { at, before, bytes } of taken) {
      const { session, lines } = sessionOf(deserialize(bytes) as SessionSnapshot);
      for (const { what } of happens.filter((event) => event.at === at)) happen(session, what);
      drive(session, at, happens, looks);
      assert.deepEqual(lines, whole.lines.slice(before));
      assert.deepEqual(session.journal, whole.session.journal);
      assert.equal(session.taken, whole.session.taken);
      assert.deepEqual(states(session), states(whole.session));
      compared += lines.length;
    }
  }), { numRuns: 6, seed: 14 });
  assert.ok(compared > 100, `${compared} decisions were compared`);
});

/** Everything that the tree is, to the last field. */
function states(session: EngineSession): unknown {
  const taken = session.runtime.snapshotTree();
  assert.ok(taken.ok, taken.ok ? '' : taken.reason);
  return taken.snapshot;
}

void test('a tree that is not at rest says who is not', () => {
  const { session } = sessionOf();
  drive(session, TAPE.records - 1, []);
  assert.equal(session.runtime.suspend(detector).ok, true);
  session.runtime.drain();
  assert.deepEqual(session.snapshot(), { ok: false, reason: `${detector} is suspended`, later: true });
  session.runtime.resume(detector);
  assert.equal(session.snapshot().ok, true);
  repeatChange(session.runtime, 'terminate', { path: '/market/kernel' });
  assert.deepEqual(session.snapshot(), { ok: false, reason: 'no kernel runs', later: true });
});

void test('a snapshot of another tree is refused', () => {
  const { session } = sessionOf();
  const taken = session.snapshot();
  assert.ok(taken.ok);
  const other: EngineBoot = { ...boot, instruments: boot.instruments.slice(0, 1) };
  assert.throws(() => new EngineSession({ startUs: boot.startUs, tree: (onKernel) => engineTree(other, EAGER, onKernel), resume: taken.snapshot }), /the snapshot is of another tree/);
});
