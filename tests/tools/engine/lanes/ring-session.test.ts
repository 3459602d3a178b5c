import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { configSchema } from '../../../../config/index.js';
import { engineTree, type EngineBoot } from '../../../../supervisors/index.js';
import { LaneSession } from '../../../../tools/engine/lanes/session.js';
import { generatedTape } from '../../../support/replay-tape.js';

const TAPE = generatedTape({ scenario: 'flash-crash', seed: 5, minutes: 14, symbols: 1, rate: 0.2 });
const CONFIG = configSchema.parse({ lanes: { placement: 'ring', count: 1 } });
const DEADLINE_MS = 60_000;

test('what a handler of effects throws while lanes come to rest is no fault of the snapshot: the next turn throws it', async () => {
  const boot: EngineBoot = { mode: 'paper', startUs: TAPE.startUs, instruments: TAPE.header.instruments, rules: [], recovered: [] };
  const { startUs, instruments } = boot;
  let armed = false;
  let thrown = 0;
  const session = new LaneSession({
    startUs, instruments, config: CONFIG, tree: (lanes) => engineTree(boot, CONFIG, undefined, lanes), onOrder: () => undefined,
    effects: {
      decision() {
        if (!armed) return;
        thrown += 1;
        throw new Error('a defect of the handler');
      },
    },
  });
  try {
    armed = true;
    await session.thread(0)!.ready;
    const F = TAPE.F.slice();
    session.records({ F, I: new Int32Array(F.buffer) }, 0, TAPE.records);
    const untilMs = performance.now() + DEADLINE_MS;
    for (let snapshot = session.snapshot(); !snapshot.ok || thrown === 0; snapshot = session.snapshot()) {
      assert.ok(performance.now() < untilMs, `nothing was merged: ${JSON.stringify(snapshot).slice(0, 200)}`);
      await sleep(1);
    }
    assert.throws(() => session.advanceTo(session.clockUs), /a defect of the handler/);
    armed = false;
    session.advanceTo(session.clockUs);
  } finally {
    await session.close();
  }
});
