import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { TapeWriter } from '../../../../data/tape/index.js';
import { MachinePool } from '../../../../tools/ui/parts/time/pool.js';
import { batchOf, headerOf, instrument, scratch, START_US } from '../../market-view/made.js';

/** Only a hang takes so long. */
const PATIENCE_MS = 60_000;

test('a machine that has died is opened anew by the next who asks, answers a bounded queue, and goes when nobody looks', async (t) => {
  const tape = join(scratch(t), 'a.tape');
  const writer = TapeWriter.create(tape, headerOf([instrument(0, 'A')]));
  writer.append(batchOf([{ kind: 'trade', atUs: START_US, priceTicks: 7 }]), 0, 1);
  writer.close();
  const pool = new MachinePool(() => ({ tape }), 0);
  t.after(() => pool.close());
  const stop = pool.listen('tape:a', 10, () => {});
  const first = await pool.machine('tape:a');
  await first.close();
  const again = pool.listen('tape:a', 10, () => {});
  const second = await pool.machine('tape:a');
  assert.notEqual(second, first);
  const answers = await Promise.allSettled(Array.from({ length: 600 }, () => second.decisions(0, 1)));
  const refused = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as { kind: string }] : []));
  // What the pool itself asks for waits among them.
  assert.ok(refused.length >= 88 && refused.length < 120, String(refused.length));
  assert.deepEqual(new Set(refused.map(({ kind }) => kind)), new Set(['busy']));
  stop();
  again();
  for (const endMs = performance.now() + PATIENCE_MS; pool.open.length > 0 && performance.now() < endMs;) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual([pool.open, second.ended?.kind], [[], 'closed']);
});
