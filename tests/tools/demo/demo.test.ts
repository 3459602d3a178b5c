import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, describe, test } from 'node:test';
import { join } from 'node:path';
import fc from 'fast-check';
import { runIds } from '../../../data/runs/index.js';
import { showPace } from '../../../tools/demo/pace.js';
import { command } from '../../support/shell.js';

const folder = mkdtempSync(join(tmpdir(), 'faultline-demo-run-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Shown {
  readonly made: boolean;
  readonly run: string;
  readonly detection: { readonly alertAfterMs: number; readonly activeAfterMs: number };
  readonly report: { readonly digest: string; readonly records: number; readonly restarts: number; readonly timeline: readonly { readonly symbol: string; readonly to: string }[]; readonly trades: readonly unknown[] };
}
async function show(...args: string[]): Promise<Shown> {
  const { code, stdout, stderr } = await command(['demo', '--replay', '--dir', folder, '--json', ...args]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Shown;
}

describe('faultline demo', () => {
  test('shows a crash that is detected, a recovery and calm again; the second time from the same tape with the same decisions', async () => {
    const first = await show();
    assert.equal(first.made, true);
    const states = first.report.timeline.filter(({ symbol }) => symbol === 'BTCUSDT').map(({ to }) => to);
    assert.deepEqual([states[0], states[1], states.at(-1)], ['ALERT', 'ACTIVE', 'SLEEP']);
    assert.ok(states.includes('RECOVERY'));
    assert.ok(first.report.trades.length > 0, 'the seed was chosen for its trades: choose another in tools/demo/market.ts');
    assert.ok(first.detection.alertAfterMs > 0 && first.detection.activeAfterMs < 60_000);
    const second = await show();
    assert.equal(second.made, false);
    assert.deepEqual(runIds(join(folder, 'runs')).map((id) => join(folder, 'runs', id)), [first.run, second.run]);
    assert.deepEqual(second.report.digest, first.report.digest);
    const crashed = await show('--fault', `crash:/market/kernel@${first.report.records >> 1}`);
    assert.ok(crashed.report.restarts > 0);
    assert.equal(crashed.report.digest, first.report.digest);
  });

  test('without a terminal it prints the report at full speed', async () => {
    const { code, stdout } = await command(['demo', '--replay', '--dir', folder]);
    assert.equal(code, 0);
    assert.match(stdout, /ALERT {2,}ACTIVE[^]*digest [0-9a-f]{64}\n\nGround truth: the market fell \d+\.\d % [^]*ACTIVE after \d/);
    assert.doesNotMatch(stdout, /\u001b/);
  });

  test('wrong options are usage errors', async () => {
    for (const args of [['--seconds', 'x'], ['--seed', '-1'], ['--fault', 'bang']]) {
      assert.equal((await command(['demo', '--replay', '--dir', folder, ...args])).code, 2, args.join(' '));
    }
  });
});

describe('the pace of the show', () => {
  const tape = fc.record({ length: fc.integer({ min: 1, max: 1e9 }), from: fc.double({ min: 0, max: 1, noNaN: true }), to: fc.double({ min: 0, max: 1, noNaN: true }), ms: fc.integer({ min: 1, max: 1e5 }) });

  test('begins at the beginning, never goes back, ends with the show', () => {
    fc.assert(
      fc.property(tape, ({ length, from, to, ms }) => {
        const pace = showPace(length, { fromUs: Math.min(from, to) * length, toUs: Math.max(from, to) * length }, ms);
        assert.equal(pace(0), 0);
        let before = 0;
        for (let step = 0; step < 100; step++) {
          const here = pace((step / 100) * ms);
          assert.ok(here >= before - 1e-6 && here <= length + 1e-6, `${here} after ${before}`);
          before = here;
        }
        assert.equal(pace(ms), Infinity);
      }),
    );
  });

  test('gives the crash most of the time', () => {
    const pace = showPace(900e6, { fromUs: 460e6, toUs: 660e6 }, 20_000);
    assert.equal(pace(5_000), 440e6);
    assert.ok(Math.abs(pace(17_000) - 690e6) < 1);
    assert.equal(showPace(900e6, undefined, 10_000)(5_000), 450e6);
  });
});
