import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { LaneFailureKind, LanePool, LanePoolOptions } from '../../../runtime/lanes/index.js';
import type { Deed } from './programs/scripted.js';
import { blockUntil, failureOf, PATIENCE_MS, poolFor, put, read, scripted, take, until } from './support.js';

/** After whatever happened the pool must still start a lane that works. */
async function stillWorks(pool: LanePool): Promise<void> {
  const thread = pool.start(scripted({ plus: 40 }));
  put(thread, 2);
  assert.deepEqual(await take(pool, thread, 1), [42]);
  thread.stop();
  assert.deepEqual(await thread.ended, { kind: 'stopped' });
}

function module(t: TestContext, name: string, source: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'lanes-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, name);
  writeFileSync(file, source);
  return file;
}

const BAD_MODULES: readonly (readonly [string, string | null, RegExp])[] = [
  ['is not there', null, /Cannot find module|ERR_MODULE_NOT_FOUND/],
  ['does not compile', 'export default function (', /SyntaxError/],
  ['throws while it loads', 'throw new RangeError("not today"); export default () => ({});', /RangeError: not today/],
  ['has no default export', 'export const lane = () => ({});', /is no function/],
  ['exports a default that is no function', 'export default 42;', /is no function/],
  ['imports what is not there', 'import "no-such-package-anywhere"; export default () => ({});', /no-such-package-anywhere/],
];

for (const [what, source, message] of BAD_MODULES) {
  test(`a module that ${what} is a bad module every time, and spoils nothing`, async (t) => {
    const pool = poolFor(t, { threads: 1 });
    const program = source === null ? join(tmpdir(), 'no-such-lane-program.mjs') : module(t, 'program.mjs', source);
    for (const form of [program, pathToFileURL(program)]) {
      const failure = failureOf(await pool.start({ name: 'lane 0', program: form }).ended);
      assert.equal(failure.kind, 'bad-module', JSON.stringify(failure));
      assert.match(failure.message, message);
    }
    await stillWorks(pool);
  });
}

interface Case {
  readonly deed: Deed;
  readonly kind: LaneFailureKind;
  readonly says: RegExp;
  readonly exitCode?: number;
  readonly options?: Partial<LanePoolOptions>;
  /** Whether a loop that does not turn is told too. */
  readonly seenBlocking: boolean;
}

const STALLS = { stallTimeoutMs: 300 };
const CASES: readonly Case[] = [
  { deed: 'throw', kind: 'threw', says: /RangeError: thrown on purpose/, seenBlocking: true },
  { deed: 'throw-later', kind: 'threw', says: /RangeError: thrown from a timer/, seenBlocking: true },
  { deed: 'throw-nothing-later', kind: 'threw', says: /undefined/, seenBlocking: true },
  { deed: 'reject-later', kind: 'threw', says: /RangeError: nobody handles this/, seenBlocking: true },
  { deed: 'uncloneable', kind: 'threw', says: /DataCloneError/, seenBlocking: true },
  { deed: 'post-undefined', kind: 'threw', says: /cannot post undefined/, seenBlocking: true },
  { deed: 'exit-0', kind: 'exited', says: /code 0/, exitCode: 0, seenBlocking: true },
  { deed: 'exit-3', kind: 'exited', says: /code 3/, exitCode: 3, seenBlocking: true },
  { deed: 'spin', kind: 'stalled', says: /no sign of life for 300 ms/, options: STALLS, seenBlocking: true },
  { deed: 'block', kind: 'stalled', says: /no sign of life for 300 ms/, options: STALLS, seenBlocking: true },
  { deed: 'flood', kind: 'stalled', says: /no sign of life for 300 ms/, options: STALLS, seenBlocking: true },
  { deed: 'eat-memory', kind: 'out-of-memory', says: /memory/, options: { resourceLimits: { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 8 } }, seenBlocking: false },
];

for (const { deed, kind, says, exitCode, options, seenBlocking } of CASES) {
  test(`a lane that does "${deed}" while it drains ends as ${kind}, and its pool goes on`, async (t) => {
    const pool = poolFor(t, { threads: 1, ...options });
    const thread = pool.start(scripted({ on13: deed }));
    await thread.ready;
    put(thread, 1, 13);
    const failure = failureOf(await thread.ended);
    assert.equal(failure.kind, kind, JSON.stringify(failure));
    assert.match(failure.message, says);
    assert.equal(failure.exitCode, exitCode);
    assert.equal(read(thread)[0], 1, 'what it had published can be read');
    await stillWorks(pool);
  });

  if (seenBlocking) {
    test(`a loop that does not turn sees "${deed}" as ${kind} too`, (t) => {
      const pool = poolFor(t, { threads: 1, ...options });
      const thread = pool.start(scripted({ on13: deed }));
      put(thread, 13);
      blockUntil(pool, () => thread.poll() !== null);
      assert.equal(failureOf(thread.end!).kind, kind);
      assert.match(failureOf(thread.end!).message, says);
      const next = pool.start(scripted({ plus: 1 }));
      put(next, 1);
      const got: number[] = [];
      blockUntil(pool, () => got.push(...read(next)) > 0);
      assert.deepEqual(got, [2]);
    });
  }
}

test('an error keeps its causes on the way', async (t) => {
  const pool = poolFor(t);
  const failure = failureOf(await pool.start(scripted({ start: 'throw' })).ended);
  assert.equal(failure.cause?.name, 'RangeError');
  assert.match(failure.cause.stack ?? '', /scripted/);
  assert.equal(failure.cause.cause?.message, 'the reason');
});

test('a program whose start rejects threw; one that returns no work is a bad module', async (t) => {
  const pool = poolFor(t, { threads: 1 });
  assert.match(failureOf(await pool.start(scripted({ start: 'reject' })).ended).message, /rejected on purpose/);
  const failure = failureOf(await pool.start(scripted({ start: 'no-work' })).ended);
  assert.deepEqual([failure.kind, failure.message], ['bad-module', 'the program returned no object with a function drain']);
  await stillWorks(pool);
});

test('a program may not load native code', async (t) => {
  const pool = poolFor(t, { threads: 1 });
  const program = module(t, 'program.cjs', `require(${JSON.stringify(module(t, 'addon.node', 'never looked at'))}); module.exports = () => ({});`);
  const failure = failureOf(await pool.start({ name: 'lane 0', program }).ended);
  assert.equal(failure.kind, 'bad-module');
  assert.match(failure.message, /cannot load a native add-on/);
  await stillWorks(pool);
});

test('an input that cannot be sent is a failure, not an exception', async (t) => {
  const pool = poolFor(t, { threads: 1 });
  const failure = failureOf(await pool.start({ ...scripted(), input: { call: () => undefined } }).ended);
  assert.equal(failure.kind, 'threw');
  assert.match(failure.message, /could not be cloned/);
  await stillWorks(pool);
});

test('what was posted before a failure can be read after it', async (t) => {
  const pool = poolFor(t);
  const thread = pool.start(scripted({ start: 'post-and-throw' }));
  failureOf(await thread.ended);
  assert.deepEqual([thread.receive(), thread.receive(), thread.receive()], [{ checkpoint: 1 }, { checkpoint: 2 }, undefined]);
});

test('a lane that is not ready in time is killed, a slow one that makes it is not', async (t) => {
  const hasty = poolFor(t, { threads: 1, startTimeoutMs: 200 });
  const failure = failureOf(await hasty.start(scripted({ start: 'block' })).ended);
  assert.deepEqual([failure.kind, failure.message], ['start-timeout', 'after 200 ms']);
  const patient = poolFor(t, { threads: 1 });
  const slow = patient.start(scripted({ start: 'slow-start' }));
  await slow.ready;
  assert.ok((slow.readyAfterMs ?? 0) >= 300, `${slow.readyAfterMs}`);
});

test('memory that a start eats is out of memory too', async (t) => {
  const pool = poolFor(t, { threads: 1, resourceLimits: { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 8 } });
  assert.equal(failureOf(await pool.start(scripted({ start: 'eat-memory' })).ended).kind, 'out-of-memory');
  await stillWorks(pool);
});

test('limits under which a thread could not begin are refused; the least ones suffice for a lane', async (t) => {
  for (const resourceLimits of [{ maxOldGenerationSizeMb: 15 }, { maxYoungGenerationSizeMb: 1 }, { maxOldGenerationSizeMb: NaN }]) {
    assert.throws(() => poolFor(t, { resourceLimits }), /RangeError: resourceLimits must leave a thread 16 MB of old and 2 MB/);
  }
  await stillWorks(poolFor(t, { threads: 1, resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 } }));
});

for (const deed of ['spin', 'block', 'flood'] as const) {
  test(`kill ends "${deed}" at once, and the thread is gone`, async (t) => {
    const pool = poolFor(t, { threads: 1 });
    const shared = new SharedArrayBuffer(4);
    const thread = pool.start(scripted({ on13: deed, shared }));
    await thread.ready;
    put(thread, 1, 13);
    assert.equal((await take(pool, thread, 1))[0], 1);
    thread.kill('the test wants it');
    assert.equal(thread.state, 'ended');
    const failure = failureOf(await thread.ended);
    assert.deepEqual([failure.kind, failure.message], ['killed', 'the test wants it']);
    await stillWorks(pool);
    await pool.close();
    const count = Atomics.load(new Int32Array(shared), 0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(Atomics.load(new Int32Array(shared), 0), count, 'nobody counts any more');
  });
}

test('kill while starting, and kill twice', async (t) => {
  const pool = poolFor(t, { threads: 1 });
  for (const script of [{}, { start: 'block' }, { start: 'slow-start' }] as const) {
    const thread = pool.start(scripted(script));
    thread.kill();
    thread.kill('again');
    assert.equal(failureOf(await thread.ended).message, 'by its owner');
    await assert.rejects(thread.ready);
  }
  await stillWorks(pool);
});

test('stop while busy ends after the drain; a lane that does not come to an end is killed', async (t) => {
  const patient = poolFor(t, { threads: 1, stopTimeoutMs: PATIENCE_MS });
  const busy = patient.start(scripted({ plus: 1 }));
  put(busy, ...Array.from({ length: 1000 }, (_, k) => k + 100));
  busy.stop();
  assert.deepEqual(await busy.ended, { kind: 'stopped' });
  const pool = poolFor(t, { threads: 1, stopTimeoutMs: 200 });
  const hung = pool.start(scripted({ on13: 'spin' }));
  put(hung, 1, 13);
  await take(pool, hung, 1);
  hung.stop();
  const failure = failureOf(await hung.ended);
  assert.deepEqual([failure.kind, failure.message], ['killed', 'asked to stop, and had not after 200 ms']);
});

test('close ends hung lanes and starting ones, within its deadlines', async (t) => {
  const pool = poolFor(t, { threads: 4, stopTimeoutMs: 2_000 });
  const threads = (['spin', 'block', undefined] as const).map((deed) => pool.start(scripted(deed === undefined ? {} : { on13: deed })));
  for (const thread of threads) put(thread, 1, 13);
  for (const thread of threads) await take(pool, thread, 1);
  threads.push(pool.start(scripted({ start: 'block' })));
  const from = performance.now();
  await pool.close();
  assert.ok(performance.now() - from < PATIENCE_MS);
  assert.deepEqual(threads.map((thread) => thread.end?.kind), ['failed', 'failed', 'stopped', 'failed']);
});

test('a program that leaves a timer behind does not get its thread used again', async (t) => {
  const pool = poolFor(t, { threads: 1 });
  const thread = pool.start(scripted({ start: 'leave-timer' }));
  await thread.ready;
  thread.stop();
  assert.deepEqual(await thread.ended, { kind: 'stopped' });
  await until(() => pool.threads === 0);
  await stillWorks(pool);
  await until(() => pool.idleThreads === 1);
});

test('an idle lane is not stalled, nor one that is slow but gives signs of life', async (t) => {
  const pool = poolFor(t, { threads: 2, stallTimeoutMs: 700 });
  const idle = pool.start(scripted());
  // Its outbox is full at once and nobody reads it: it waits and says so.
  const held = pool.start(scripted({}, { outboxSlots: 2 }));
  await Promise.all([idle.ready, held.ready]);
  put(held, 1, 2, 3, 4, 5, 6);
  const before = idle.heartbeats();
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  assert.equal(idle.state, 'running');
  assert.notEqual(idle.heartbeats(), before);
  assert.equal(held.state, 'running');
  assert.deepEqual(await take(pool, held, 6), [1, 2, 3, 4, 5, 6]);
});
