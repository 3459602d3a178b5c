import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CellContext } from '../../runtime/core/context.js';
import { disagreement, type MachineCase, printMachineTest, randomMachine, shrinkMachine } from './machines.js';

const SEED = 20261121;
/** `FAULTLINE_MACHINES=50000` for a long run. */
const MACHINES = Number(process.env['FAULTLINE_MACHINES'] ?? 300);
const url = (name: string): string => new URL(name, import.meta.url).href;

/** The first machine the two do not agree on. */
function search(machines: number): { readonly number: number; readonly subject: MachineCase } | null {
  for (let number = 0; number < machines; number++) {
    const subject = randomMachine(SEED, number);
    if (disagreement(subject) !== null) return { number, subject };
  }
  return null;
}

test('the adapter agrees with createActor on random machines, stepped and compiled, under random events and waits', () => {
  const found = search(MACHINES);
  if (found === null) return;
  const short = shrinkMachine(found.subject);
  assert.fail(`machine ${found.number}\n${printMachineTest(short, disagreement(short) ?? '')}`.slice(0, 6_000));
});

test('a machine the two do not agree on is made short and printed as a test that fails', () => {
  const sound = Object.getOwnPropertyDescriptor(CellContext.prototype, 'cancelTimer')!;
  let text: string;
  Object.defineProperty(CellContext.prototype, 'cancelTimer', { ...sound, value: () => true });
  try {
    const found = search(600);
    assert.ok(found !== null, 'a cancelled timer that still fires is noticed');
    const short = shrinkMachine(found.subject);
    text = printMachineTest(short, disagreement(short) ?? '', {
      machines: url('./machines.js'),
      before: [`import { CellContext } from '${url('../../runtime/core/context.js')}';`, 'if (process.env.PLANT) CellContext.prototype.cancelTimer = () => true;'],
    });
  } finally {
    Object.defineProperty(CellContext.prototype, 'cancelTimer', sound);
  }
  assert.ok(text.length < 3_000, text);
  const folder = mkdtempSync(join(tmpdir(), 'faultline-machines-'));
  try {
    const file = join(folder, 'printed.test.mjs');
    writeFileSync(file, text);
    const run = (env: NodeJS.ProcessEnv) => spawnSync(process.execPath, [file], { env: { ...process.env, NODE_TEST_CONTEXT: undefined, ...env }, encoding: 'utf8', timeout: 60_000 });
    assert.notEqual(run({ PLANT: '1' }).status, 0, text);
    const sound1 = run({});
    assert.equal(sound1.status, 0, text + sound1.stdout.slice(0, 1000));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
