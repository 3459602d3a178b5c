import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createRuntime, dynamicSupervisor, VirtualClock, worker } from '../../runtime/index.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** `FAULTLINE_ACTORS=1000000` for the whole; see docs/runtime.md. */
const MOST = Number(process.env['FAULTLINE_ACTORS'] ?? 100_000);

test('a message costs no allocation: eight million of them, a handful of scavenges of a 1 MiB nursery', () => {
  const env = { ...process.env };
  delete env['NODE_TEST_CONTEXT'];
  const child = fileURLToPath(new URL('./cells-child.js', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--max-semi-space-size=1', '--trace-gc', child], { encoding: 'utf8', env, timeout: 120_000 });
  assert.equal(status, 0, stderr);
  const [, during = '', outside, between] = /BEGIN\n([\s\S]*)END (\d+) (\d+)/.exec(stdout) ?? [];
  assert.deepEqual([Number(outside), Number(between)], [4_000_000, 4_000_001], stdout.slice(-300));
  // One word a message would be 60 scavenges; the compiler may cause a few.
  const scavenges = during.split('Scavenge').length - 1;
  assert.ok(scavenges <= 8, `${scavenges} scavenges`);
});

interface Size { readonly spawnUs: number; readonly messageUs: number; readonly stopUs: number; readonly bytes: number }

/** Spawns `count` actors, sends each a message, stops them all; the cost of each by actor. */
function populate(count: number): Size {
  const counter = worker({ id: 'x', behaviour: { name: 'counter', version: 1, init: () => 0, step: (n: number, message: number) => n + message } });
  const runtime = createRuntime({ clock: new VirtualClock(0) });
  assert.ok(runtime.start(dynamicSupervisor({ id: 'many', intensity: { restarts: 1, withinMs: 1 }, template: { mailbox: { capacity: 16 } } })).ok);
  collect();
  const before = process.memoryUsage().heapUsed;
  // Time on a core, the collector's threads included: neighbours have no part in it.
  const us = (work: () => void): number => {
    const begun = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(begun);
    return (user + system) / count;
  };
  const spawnUs = us(() => {
    for (let n = 0; n < count; n++) assert.ok(runtime.startChild('/', { ...counter, id: `c${n}` }).ok);
  });
  collect();
  const bytes = (process.memoryUsage().heapUsed - before) / count;
  const messageUs = us(() => {
    for (let n = 0; n < count; n++) runtime.send(`/c${n}`, 1);
    runtime.drain();
  });
  assert.equal(runtime.counters().handled, count);
  assert.equal(runtime.inspect(`/c${count - 1}`)?.value, 1);
  const stopUs = us(() => assert.ok(runtime.stop()));
  assert.equal(runtime.counters().cells, 0);
  collect();
  const left = process.memoryUsage().heapUsed - before;
  assert.ok(left < 1_000_000 + 8 * count, `${left} bytes stayed behind`);
  return { spawnUs, messageUs, stopUs, bytes };
}

test(`a thousand, ten thousand and ${MOST.toLocaleString('en')} actors: spawn, stop and memory are linear`, (t) => {
  populate(2000);
  const sizes = [1000, 10_000, MOST].map((count) => ({ count, ...populate(count) }));
  for (const { count, spawnUs, messageUs, stopUs, bytes } of sizes) {
    t.diagnostic(`${count.toLocaleString('en')} actors, each: spawn ${spawnUs.toFixed(2)} us, first message ${messageUs.toFixed(2)} us, stop ${stopUs.toFixed(2)} us, ${bytes.toFixed(0)} bytes`);
  }
  const few = sizes[1]!;
  const many = sizes[2]!;
  assert.ok(many.bytes < 1.3 * few.bytes && many.bytes < 2000, `${many.bytes} bytes an actor`);
  // Something quadratic would be ten times dearer; caches and the collector make it up to three.
  for (const key of ['spawnUs', 'messageUs', 'stopUs'] as const) assert.ok(many[key] < 8 * Math.max(few[key], 0.5), `${key}: ${many[key]} against ${few[key]}`);
});
