import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'smol-toml';
import type { OrderEntry, ToldPrices } from '../../../actors/market/index.js';
import { readManifest, RunReader } from '../../../data/runs/index.js';
import { parseConfig } from '../../../config/index.js';
import { configOf, planTrial, scriptOf } from '../../../tools/runs/sweep/plan.js';
import { runTrial } from '../../../tools/runs/sweep/trial.js';
import { projectRoot } from '../cli/run-node.js';
import { scratch } from './record.js';

// The sweep that docs/runs.md tells of, two of its runs, with troubles after which trading soon goes on: real processes, real sockets.
const TROUBLES = [{ name: 'repeated-and-swapped', atSeconds: 1 }, { name: 'both-sockets-drop', atSeconds: 5 }];

for (const [end, placement, mode] of [['SIGINT', 'inline', 'paper'], ['SIGKILL', 'ring', 'demo']] as const) {
  void test(`an engine in mode ${mode} on a troubled exchange, its kernel ${placement}, ended by ${end}: live equals replay`, async (t) => {
    const plan = { ...planTrial(1, mode, 12), troubles: TROUBLES, symbols: ['BTCUSDT', 'ETHUSDT'], placement, end };
    const { equal, whole, decisions, entries, runDir, liveDigest, replayDigest, leaks, starts, effects } = await runTrial(plan, join(scratch(t), 'trial'), {
      // One engine on a machine has a key, and this may be tried twice at a time.
      speed: 4, decisions: 4, venueSeed: 10_000 + process.pid,
    });
    assert.deepEqual({ equal, whole, replayDigest }, { equal: true, whole: end === 'SIGINT', replayDigest: liveDigest });
    assert.deepEqual(leaks, [], 'no key and no secret is in anything that was written');
    assert.ok(decisions >= 4 && entries > 20);
    assert.ok(starts >= 1, 'it was replayed from a later tape too');
    assert.ok(effects!.count > 10, `${effects!.count} effects`);
    const { exit, endedAt } = readManifest(runDir);
    if (placement === 'ring') assert.ok(pricesTold(runDir) > 0, 'lanes tell prices to who asks');
    assert.deepEqual(mergedTooEarly(runDir), [], 'answers are merged at the clock that the log has come to');
    assert.deepEqual([exit?.code, endedAt === null], end === 'SIGINT' ? [0, false] : [undefined, true]);
  });
}

/** Prices that lanes told, by the run's log: what a replay is given too. */
function pricesTold(runDir: string): number {
  const log = RunReader.open(runDir).log();
  try {
    let told = 0;
    for (let entry = log.next(); entry !== undefined; entry = log.next()) {
      if (entry.kind === 'input' && entry.input.message.type === 'told-prices') told += (entry.input.message as unknown as ToldPrices).prices.length;
    }
    return told;
  } finally {
    log.close();
  }
}

/** Merges of lanes' answers whose clock lies before that of what the log says before them: a replay's clock has gone on by then. */
function mergedTooEarly(runDir: string): unknown[] {
  const log = RunReader.open(runDir).log();
  try {
    const early = [];
    for (let entry = log.next(); entry !== undefined; entry = log.next()) {
      if (entry.kind !== 'mark' || entry.mark.mark !== 'order') continue;
      const order = entry.mark.entry as unknown as OrderEntry;
      if (order.type === 'turn' && order.clockUs < entry.clockUs) early.push(order);
    }
    return early;
  } finally {
    log.close();
  }
}

void test('every plan is a configuration and a script of troubles', () => {
  fc.assert(fc.property(fc.nat(), fc.constantFrom('paper' as const, 'demo' as const), fc.integer({ min: 10, max: 1000 }), (seed, mode, seconds) => {
    const plan = planTrial(seed, mode, seconds);
    assert.equal(new Set(plan.troubles.map(({ name }) => name)).size, 3);
    assert.ok(plan.troubles.every(({ atSeconds }) => atSeconds >= 0 && atSeconds <= seconds));
    assert.equal(parseConfig(configOf(plan), 'plan').config.trading.strategy, 'eager');
    const { step } = parse(scriptOf(plan, join(projectRoot, 'config/troubles'))) as { step: { at: string }[] };
    assert.ok(step.length >= 3 && step.every(({ at }) => /^\d+\.\d{3}s$/.test(at)));
  }), { numRuns: 50 });
});
