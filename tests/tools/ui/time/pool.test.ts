import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { TapeWriter } from '../../../../data/tape/index.js';
import { TimeMachine } from '../../../../tools/time/index.js';
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

test('what nobody waits for any more is not carried out, and a machine that is killed for its memory is told so and can be opened again', async (t) => {
  const tape = join(scratch(t), 'a.tape');
  const writer = TapeWriter.create(tape, headerOf([instrument(0, 'A')]));
  for (let n = 0; n < 2_000; n++) writer.append(batchOf([{ kind: 'trade', atUs: START_US + n * 1e6, priceTicks: 7 + (n % 5) }]), 0, 1);
  writer.close();
  const machine = await TimeMachine.open({ tape });
  t.after(() => machine.close());
  // The first is under way when the others are called off: they are answered without being begun.
  const leaving = new AbortController();
  const wanted = machine.seek({ record: 1 });
  const left = Array.from({ length: 5 }, (_, n) => machine.seek({ record: 100 * n }, leaving.signal));
  leaving.abort();
  assert.deepEqual(new Set((await Promise.allSettled(left)).map((one) => (one.status === 'rejected' ? (one.reason as { kind: string }).kind : 'done'))), new Set(['cancelled']));
  assert.equal((await wanted).record, 1);
  await assert.rejects(machine.seek({ record: 2 }, AbortSignal.abort()), { kind: 'cancelled' });
  assert.equal((await machine.seek({ record: 3 })).record, 3);
  await assert.rejects(TimeMachine.open({ tape }, { mostHeapMiB: 6 }), { kind: 'lost', message: 'the recording needs more than the 6 MiB that a time machine may have' });
});
