import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Pause } from '../../../actors/market/messages.js';
import { DetectorHarness, START_US } from './harness.js';

describe('the transitions of FORMULAS 4.4', () => {
  test('T1, T2: votes as needed wake it at once, and make it ACTIVE when kept 2 s', () => {
    const detector = new DetectorHarness().at(1000).level(2).at(1500).level(3).at(3499);
    assert.deepEqual(detector.story, ['T1 ALERT 1500']);
    detector.at(3500);
    assert.deepEqual(detector.story, ['T1 ALERT 1500', 'T2 ACTIVE 3500']);
    const [alert, active] = detector.transitions;
    assert.equal(alert!.data['reason'], 'votes 3 of 3 (volatility+acceleration+obi)');
    assert.equal(active!.data['reason'], 'votes 3 of 3 (volatility+acceleration+obi) kept 2 s');
    assert.equal(alert!.seq, 2);
    assert.equal(active!.seq, 2, 'a timer carries no number: the latest edge has it');
  });

  test('T2: votes that drop even for a moment start the 2 s anew; the latch has already forgiven what may be forgiven', () => {
    const detector = new DetectorHarness().at(1000).level(3).at(2900).level(2).at(2910).level(3).at(4909);
    assert.deepEqual(detector.story, ['T1 ALERT 1000']);
    detector.at(4910);
    assert.deepEqual(detector.story, ['T1 ALERT 1000', 'T2 ACTIVE 4910']);
  });

  test('T2: an indicator that comes while another goes keeps the count', () => {
    const detector = new DetectorHarness().at(1000).level(3, { mask: 0b00111 }).at(2000).level(3, { mask: 0b11100 }).at(3000);
    assert.deepEqual(detector.story, ['T1 ALERT 1000', 'T2 ACTIVE 3000']);
  });

  test('T3: too few votes for 1.5 s end the alert; votes in between start that anew', () => {
    const detector = new DetectorHarness().at(1000).level(3).at(1500).level(2).at(2900).level(3).at(3000).level(0).at(4499);
    assert.deepEqual(detector.story, ['T1 ALERT 1000']);
    detector.at(4500);
    assert.deepEqual(detector.story, ['T1 ALERT 1000', 'T3 SLEEP 4500']);
  });

  test('T4: calm and not violent for 3 s; either alone is not enough, a flicker starts anew', () => {
    const detector = new DetectorHarness().active().level(2).at(10_000).level(1, { violent: true }).at(20_000).level(1).at(22_900).level(2).at(22_950).level(1);
    detector.at(25_949);
    assert.equal(detector.story.length, 2);
    detector.at(25_950);
    assert.equal(detector.story[2], 'T4 RECOVERY 25950');
  });

  test('T4: the confirmation time is configurable', () => {
    const detector = new DetectorHarness({ recoveryConfirmSeconds: 5 }).active().level(0).at(8000);
    assert.equal(detector.story[2], 'T4 RECOVERY 8000');
  });

  test('T5: back to ACTIVE by votes or by violence, after half a second in RECOVERY, without a new 2 s wait', () => {
    for (const again of [{ votes: 3, violent: false }, { votes: 0, violent: true }]) {
      const detector = new DetectorHarness().active().level(0).at(6100).level(again.votes, { violent: again.violent }).at(6499);
      assert.equal(detector.story.length, 3);
      detector.at(6500);
      assert.deepEqual(detector.story.slice(2), ['T4 RECOVERY 6000', 'T5 ACTIVE 6500']);
      const later = new DetectorHarness().active().level(0).at(8000).level(again.votes, { violent: again.violent });
      assert.equal(later.story[3], 'T5 ACTIVE 8000');
    }
  });

  test('T6: calm and without exposure for 30 s; a position holds it, and its end starts the 30 s', () => {
    const quick = new DetectorHarness().active().level(0).at(36_000);
    assert.equal(quick.story[3], 'T6 SLEEP 36000');
    const held = new DetectorHarness().active().exposure(true).level(0).at(90_000);
    assert.equal(held.story.length, 3);
    held.exposure(false).at(119_999);
    assert.equal(held.story.length, 3);
    held.at(120_000);
    assert.equal(held.story[3], 'T6 SLEEP 120000');
    const stirred = new DetectorHarness().active().level(0).at(20_000).level(2).at(21_000).level(0).at(51_000);
    assert.equal(stirred.story[3], 'T6 SLEEP 51000');
  });

  test('T7: an event longer than 30 min is the new normal: RECOVERY, a new baseline, and no ACTIVE before it is in force', () => {
    const detector = new DetectorHarness().active().at(30 * 60_000 + 999);
    assert.equal(detector.story.length, 2);
    detector.at(30 * 60_000 + 1000);
    assert.equal(detector.story[2], `T7 RECOVERY ${30 * 60_000 + 1000}`);
    assert.deepEqual(detector.controls.at(-1), { type: 'rebaseline', symbol: 0, dueUs: START_US + (30 * 60_000 + 2000) * 1000 });
    detector.at(30 * 60_000 + 5499);
    assert.equal(detector.story.length, 3);
    detector.at(30 * 60_000 + 5500);
    assert.equal(detector.story[3], `T5 ACTIVE ${30 * 60_000 + 5500}`, 'votes against the new baseline count again');
    const settling = new DetectorHarness().active().at(30 * 60_000 + 1000).level(0).at(30 * 60_000 + 31_000);
    assert.equal(settling.story.at(-1), `T6 SLEEP ${30 * 60_000 + 31_000}`);
  });

  test('T7: the event is counted from its alert through every recovery', () => {
    const detector = new DetectorHarness().active();
    for (let minute = 1; minute < 30; minute += 1) detector.at(minute * 60_000).level(0).at(minute * 60_000 + 5000).level(3);
    detector.at(30 * 60_000 + 1000);
    assert.equal(detector.story.at(-1), `T7 RECOVERY ${30 * 60_000 + 1000}`);
  });

  test('RECOVERY that neither calms nor triggers renews its baseline too, instead of keeping a frozen one for ever', () => {
    const detector = new DetectorHarness().active().level(0).at(6000).level(2).at(31 * 60_000);
    assert.equal(detector.story.length, 3);
    assert.equal(detector.controls.filter(({ type }) => type === 'rebaseline').length, 1);
    detector.at(61 * 60_000 + 1000);
    assert.equal(detector.controls.filter(({ type }) => type === 'rebaseline').length, 2);
  });

  test('T8: shutdown from every state, and it is the end', () => {
    const into: readonly ((detector: DetectorHarness) => void)[] = [
      () => {}, (detector) => detector.at(1000).level(3), (detector) => detector.active(), (detector) => detector.active().level(0).at(7000),
    ];
    for (const enter of into) {
      const detector = new DetectorHarness();
      enter(detector);
      detector.send({ type: 'shutdown', reason: 'test' });
      assert.match(detector.story.at(-1)!, /^T8 SHUTDOWN/);
      assert.equal(detector.notices.at(-1)!.state, 'SHUTDOWN');
      const told = detector.notices.length;
      detector.level(5);
      detector.tree.runtime.advanceTo(START_US + 3_600_000_000);
      assert.equal(detector.notices.length, told);
      assert.equal(detector.tree.runtime.counters().restarts, 0);
    }
  });
});

describe('what a transition causes', () => {
  test('leaving SLEEP freezes the baselines a declared second later, returning thaws them', () => {
    const detector = new DetectorHarness().at(1000).level(3).at(1500).level(0).at(3000);
    assert.deepEqual(detector.controls, [
      { type: 'freeze', symbol: 0, on: true, dueUs: START_US + 2_000_000 },
      { type: 'freeze', symbol: 0, on: false, dueUs: START_US + 4_000_000 },
    ]);
    const lockstep = new DetectorHarness({ baselineDistanceMs: 0 }).at(1000).level(3);
    assert.equal(lockstep.controls[0]!.dueUs, START_US + 1_000_000);
  });

  test('listeners hear the state, the pauses and the input in effect', () => {
    const detector = new DetectorHarness().at(1000).level(3, { pauses: Pause.SPREAD });
    assert.deepEqual(detector.notices, [
      { type: 'detector', symbol: 0, state: 'SLEEP', pauses: Pause.SPREAD, seq: 1, atUs: START_US + 1_000_000 },
      { type: 'detector', symbol: 0, state: 'ALERT', pauses: Pause.SPREAD, seq: 1, atUs: START_US + 1_000_000 },
    ]);
  });
});

describe('pauses are flags, not states', () => {
  test('each change is one decision and one notice; reasons of kernel and people add up', () => {
    const detector = new DetectorHarness().at(1000).level(0, { pauses: Pause.LATENCY }).level(0, { pauses: Pause.LATENCY });
    detector.send({ type: 'pause', bit: Pause.MANUAL, on: true }).send({ type: 'pause', bit: Pause.MANUAL, on: true });
    detector.level(0).at(2000).send({ type: 'pause', bit: Pause.MANUAL, on: false });
    assert.deepEqual(
      detector.tree.decisions.filter(({ kind }) => kind === 'pause').map(({ data }) => data['pauses']),
      ['latency', 'latency+manual', 'manual', 'none'],
    );
    assert.deepEqual(detector.notices.map(({ pauses }) => pauses), [2, 66, 64, 0]);
  });

  test('a reason is in force at once and until it was quiet for a second: a spread that flickers is one pause', () => {
    const detector = new DetectorHarness();
    for (let ms = 1000; ms < 5000; ms += 100) detector.at(ms).level(0, { pauses: Pause.SPREAD }).at(ms + 50).level(0);
    detector.at(5949);
    assert.deepEqual(detector.notices.map(({ pauses }) => pauses), [Pause.SPREAD]);
    detector.at(5950);
    assert.deepEqual(detector.notices.map(({ pauses }) => pauses), [Pause.SPREAD, 0]);
    detector.level(0, { pauses: Pause.SPREAD }).level(0, { pauses: Pause.LATENCY }).at(6500).level(0, { pauses: Pause.LATENCY | Pause.SPREAD }).level(0, { pauses: Pause.LATENCY });
    assert.deepEqual(detector.notices.slice(2).map(({ pauses }) => pauses), [Pause.SPREAD, Pause.SPREAD | Pause.LATENCY]);
    detector.at(7500);
    assert.equal(detector.notices.at(-1)!.pauses, Pause.LATENCY);
  });

  test('a trading pause lets the state follow the market: the 10x spread must not blind it to the crash', () => {
    const detector = new DetectorHarness().at(1000).level(3, { pauses: Pause.SPREAD | Pause.LIQUIDITY }).at(3000);
    assert.deepEqual(detector.story, ['T1 ALERT 1000', 'T2 ACTIVE 3000']);
  });

  for (const hole of [Pause.GAP, Pause.STALE]) {
    test(`a hole in the data (${hole}) stops and resets the timers towards calm; votes that are kept go on counting`, () => {
      const kept = new DetectorHarness().at(1000).level(3).at(1500).level(3, { pauses: hole }).at(2000).level(3).at(3000);
      assert.deepEqual(kept.story, ['T1 ALERT 1000', 'T2 ACTIVE 3000'], 'a crash tape has such a hole every second');

      const alert = new DetectorHarness().at(1000).level(3).at(2500).level(0, { pauses: hole }).at(20_000);
      assert.deepEqual(alert.story, ['T1 ALERT 1000'], 'neither T2 nor T3 runs');
      alert.level(3).at(21_999);
      assert.equal(alert.story.length, 1);
      alert.at(22_000);
      assert.equal(alert.story[1], 'T2 ACTIVE 22000');

      const active = new DetectorHarness().active().level(0).at(5500).level(0, { pauses: hole }).at(60_000).level(0).at(62_999);
      assert.equal(active.story.length, 2);
      active.at(63_000);
      assert.equal(active.story[2], 'T4 RECOVERY 63000');

      const recovery = new DetectorHarness().active().level(0).at(20_000).level(0, { pauses: hole, violent: true }).at(90_000);
      assert.equal(recovery.story.length, 3, 'neither T5 nor T6');
      recovery.level(0).at(120_000);
      assert.equal(recovery.story[3], 'T6 SLEEP 120000');

      const long = new DetectorHarness().active().level(0, { pauses: hole }).at(30 * 60_000 + 1000);
      assert.match(long.story[2]!, /^T7/);
    });
  }
});

describe('debounce', () => {
  test('no state lasts less than half a second', () => {
    const detector = new DetectorHarness().at(1000).level(3).at(1100).level(0).at(2600).level(3).at(3099);
    assert.deepEqual(detector.story, ['T1 ALERT 1000', 'T3 SLEEP 2600']);
    detector.at(3100);
    assert.equal(detector.story[2], 'T1 ALERT 3100');
  });

  test('more than ten transitions in a minute force RECOVERY with an alert; from there ACTIVE needs the full 2 s of votes', () => {
    const detector = new DetectorHarness();
    let ms = 1000;
    while (!detector.story.some((line) => line.startsWith('debounce'))) {
      assert.ok(ms < 60_000, 'forced within the minute');
      detector.at(ms).level(3).at(ms + 100).level(0);
      ms += 2500;
    }
    const forced = detector.transitions.at(-1)!;
    assert.equal(detector.transitions.length, 12, 'the eleventh is followed by the forced one');
    assert.equal(forced.data['to'], 'RECOVERY');
    assert.deepEqual(detector.tree.decisions.filter(({ data }) => data['alert'] !== undefined).map(({ data }) => data['alert']), ['detector_flapping']);
    const last = detector.controls.at(-1)!;
    assert.equal(last.type === 'freeze' && last.on, true, 'baselines stay frozen');
    const at = (forced.atUs - START_US) / 1000;
    detector.at(at + 1000).level(3).at(at + 2900).level(2).at(at + 2901).level(3).at(at + 4900);
    assert.equal(detector.transitions.length, 12);
    detector.at(at + 4901);
    assert.equal(detector.story.at(-1), `T5 ACTIVE ${at + 4901}`);
  });

  test('ten transitions in a minute are let pass', () => {
    const detector = new DetectorHarness();
    for (let k = 0; k < 5; k += 1) detector.at(1000 + k * 10_000).level(3).at(1100 + k * 10_000).level(0);
    detector.at(120_000);
    assert.equal(detector.transitions.length, 10);
  });
});

describe('restarts', () => {
  test('with the last good state: nothing is lost, timers keep their due times', () => {
    const story = (crashAt: readonly number[]): string[] => {
      const detector = new DetectorHarness().at(1000).level(3);
      for (const ms of [1500, 2500, 3500, 4500, 6500, 20_000]) {
        detector.at(ms);
        if (ms === 3500) detector.level(0);
        if (crashAt.includes(ms)) detector.tree.runtime.crash('/detector');
      }
      detector.at(60_000);
      return detector.tree.lines;
    };
    const whole = story([]);
    assert.equal(whole.filter((line) => line.includes('"transition"')).length, 4);
    for (const ms of [1500, 2500, 3500, 4500, 6500, 20_000]) assert.deepEqual(story([ms]), whole);
    assert.deepEqual(story([1500, 2500, 3500, 4500, 6500, 20_000]), whole);
  });

  test('with a fresh state: RECOVERY, never ACTIVE, and from there ACTIVE needs the full 2 s', () => {
    const detector = new DetectorHarness({}, { restore: 'init' }).active();
    detector.tree.runtime.crash('/detector');
    detector.tree.runtime.drain();
    detector.at(10_000);
    assert.match(detector.story[2]!, /^restart RECOVERY/);
    assert.equal(detector.notices.at(-1)!.state, 'RECOVERY');
    detector.level(0, { violent: true }).at(11_000).level(3).at(12_999);
    assert.equal(detector.story.length, 3);
    detector.at(13_000);
    assert.equal(detector.story[3], 'T5 ACTIVE 13000');
  });

  test('from a saved state: ACTIVE only within 5 s, else RECOVERY; SLEEP stays SLEEP', () => {
    const memory = (state: 'ACTIVE' | 'ALERT' | 'SLEEP', ageMs: number) =>
      new DetectorHarness({}, { memory: { state, savedAtUs: START_US - ageMs * 1000, eventStartUs: START_US - 60_000_000, actorPauses: Pause.MANUAL } });
    assert.deepEqual(memory('ACTIVE', 5000).story, ['restart ACTIVE 0']);
    assert.deepEqual(memory('ACTIVE', 5001).story, ['restart RECOVERY 0']);
    assert.deepEqual(memory('ALERT', 0).story, ['restart RECOVERY 0']);
    assert.deepEqual(memory('SLEEP', 3_600_000).story, []);
    assert.equal(memory('ACTIVE', 0).notices[0]!.pauses, Pause.MANUAL);
    assert.equal(memory('ACTIVE', 0).level(3).at(29 * 60_000).story[1], `T7 RECOVERY ${29 * 60_000}`, 'the event goes on counting');
  });
});
