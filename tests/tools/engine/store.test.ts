import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { EngineInput } from '../../../actors/engine/io.js';
import { STORE_FAILURE_LISTENERS } from '../../../actors/engine/paths.js';
import type { EngineDoor } from '../../../tools/engine/parts.js';
import { EngineStore } from '../../../tools/engine/store/engine-store.js';

const folder = mkdtempSync(join(tmpdir(), 'faultline-engine-store-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A host that keeps what it is told; `all` resolves when so many inputs have come. */
function host(): { door: EngineDoor; inputs: EngineInput[]; failures: unknown[]; all: (count: number) => Promise<void> } {
  const inputs: EngineInput[] = [];
  const failures: unknown[] = [];
  let wake = (): void => undefined;
  const door = { give: (input: EngineInput) => (inputs.push(input), wake()), fail: (error: unknown) => failures.push(error), log: { write: () => undefined } } as unknown as EngineDoor;
  return {
    door, inputs, failures,
    all: async (count) => {
      while (inputs.length < count) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
}

const open = (dir: string, onPoint?: () => void): EngineStore =>
  EngineStore.open({ dir: join(folder, dir), account: 'a', mirror: null, nowUs: () => 1e15, ...(onPoint === undefined ? {} : { onPoint }) });

test('a flush is told to who asked, never within the call, and the next run begins with what is open', async () => {
  const store = open('plain');
  const { door, inputs, all } = host();
  const part = store.part(door);
  part.effects['store.write']!({ rows: [{ table: 'orders', key: '1', row: { open: true } }, { table: 'orders', key: '2', row: { open: false } }], ack: { id: 'x', to: '/trading/orders/1' } });
  part.effects['store.write']!({ rows: [{ table: 'snapshots', key: 'pause', row: { on: true } }] });
  assert.deepEqual(inputs, []);
  await all(1);
  assert.deepEqual(inputs, [{ to: '/trading/orders/1', message: { type: 'store.flushed', id: 'x' } }]);
  await part.close();
  const next = open('plain');
  assert.deepEqual(next.recovered().map(({ table, key, row }) => [table, key, row]), [['orders', '1', { open: true }], ['snapshots', 'pause', { on: true }]]);
  await next.part(host().door).close();
});

test('a record that fails is told to who waits and to who must act, each once, and nothing is written any more', async () => {
  let broken = false;
  const store = open('broken', () => {
    if (broken) throw new Error('no space left on device');
  });
  const { door, inputs, failures, all } = host();
  const part = store.part(door);
  broken = true;
  const write = (id: string): void => part.effects['store.write']!({ rows: [{ table: 'orders', key: id, row: {} }], ack: { id, to: `/trading/orders/${id}` } });
  write('1');
  write('2');
  await all(2 + STORE_FAILURE_LISTENERS.length);
  write('3');
  await all(3 + STORE_FAILURE_LISTENERS.length);
  assert.deepEqual(inputs.map(({ to }) => to).sort(), ['/trading/orders/1', '/trading/orders/2', '/trading/orders/3', ...STORE_FAILURE_LISTENERS].sort());
  for (const { message } of inputs) assert.match((message as unknown as { problem: string }).problem, /cannot be written: no space left on device/);
  assert.equal(part.metrics!()['store.failed'], 1);
  assert.deepEqual(failures, []);
  await part.close();
});

test('a row that is no JSON is a defect of the engine', async () => {
  const { door, failures } = host();
  const part = open('defect').part(door);
  part.effects['store.write']!({ rows: [{ table: 'orders', key: '1', row: { at: Number.NaN } }] });
  assert.match(String(failures[0]), /NaN is no JSON/);
  await part.close();
});
