import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test, type TestContext } from 'node:test';
import { createRuntime, VirtualClock } from '../../../runtime/index.js';
import { openJournal } from '../../../runtime/journal/index.js';
import { bankSpec, type BankState, ROUNDS, type SentOrder } from './kill-bank.js';
import { temporaryFolder } from './support.js';

const PROGRAMME = new URL('./kill-bank.js', import.meta.url).pathname;

/** Moments of a write, counted from the start of each life: before a batch, after its commit, after its flush, before and after an effect. */
const KILL_AT = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 16, 20, 27];

interface Life {
  readonly signal: NodeJS.Signals | null;
  readonly code: number | null;
  readonly lines: readonly string[];
}

function live(t: TestContext, dir: string, killAt: number): Promise<Life> {
  const child = spawn(process.execPath, [PROGRAMME, dir, String(killAt)], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  return new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal, lines: out.split('\n').filter(Boolean) })));
}

test('a real process killed at each kind of moment of a write: it comes back, no transfer is lost or doubled, no order sent twice', async (t) => {
  const dir = temporaryFolder(t);
  const sent: SentOrder[] = [];
  let kills = 0;
  let ended = false;
  // Each life goes on from what the last one left. A point further each time, so that every kind of moment is met.
  for (let life = 0; life <= KILL_AT.length && !ended; life++) {
    const { signal, code, lines } = await live(t, dir, KILL_AT[life] ?? 0);
    for (const line of lines) if (line.startsWith('{')) sent.push(JSON.parse(line) as SentOrder);
    if (signal === 'SIGKILL') kills++;
    else {
      assert.equal(code, 0, lines.join('\n'));
      ended = true;
    }
  }
  assert.ok(ended);
  assert.ok(kills >= KILL_AT.length - 3, `${kills} kills`);
  const journal = await openJournal({ dir });
  const runtime = createRuntime({ clock: new VirtualClock(1e15), journal, effects: { order: () => 'pending' } });
  assert.ok(runtime.start(bankSpec()).ok);
  const state = (path: string): BankState => {
    const taken = runtime.snapshot(path);
    assert.ok(taken.ok);
    return taken.snapshot.value as BankState;
  };
  const [a, b] = [state('/a'), state('/b')];
  assert.equal(a.balance + b.balance, 2000, 'no money made or lost');
  assert.equal(a.moved, ROUNDS);
  assert.equal(b.moved, ROUNDS);
  const keys = sent.map(({ key }) => key);
  assert.equal(new Set(keys).size, keys.length, 'no order went out twice under one key');
  // Every intent has an end: filled, or known to the actor as unknown.
  assert.equal(a.filled + a.unknown, ROUNDS);
  // Three transfers share a batch.
  assert.ok(a.unknown <= 3 * kills);
  assert.ok(sent.length >= a.filled && sent.length <= ROUNDS);
  runtime.fence();
  await journal.close();
});

test('a process without a kill loses nothing either and ends by itself after close', async (t) => {
  const dir = temporaryFolder(t);
  const { code, lines } = await live(t, dir, 0);
  assert.equal(code, 0);
  assert.equal(lines.filter((line) => line.startsWith('{')).length, ROUNDS);
});
