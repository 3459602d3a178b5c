import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ProcessRecord } from '../../../tools/process/record.js';
import { Playground, type Served } from '../../support/served.js';

const script = fileURLToPath(new URL('./host-program.js', import.meta.url));
const playground = new Playground();
after(() => playground.close());

const start = (mode: string, ipc = false): Served => playground.serve([mode, mode], { script, ipc });
const record = (name: string): ProcessRecord => JSON.parse(readFileSync(playground.at(`run/${name}.json`), 'utf8')) as ProcessRecord;
interface Line {
  readonly event: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}
const log = (name: string): Line[] => readFileSync(playground.at(`log/${name}.log`), 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line) as Line);
const phases = (name: string): string[] => log(name).filter(({ event }) => event === 'phase').map(({ msg }) => msg);

describe('a hosted process', { concurrency: 3 }, () => {
  test('SIGTERM: phases in their order, exit 0, record and socket tidy, the log whole and without secrets', async () => {
    const served = start('good');
    await served.ready();
    assert.deepEqual([record('good').state, record('good').pid, existsSync(playground.at('run/good.sock'))], ['ready', served.pid, true]);
    assert.deepEqual(await served.kill('SIGTERM'), { code: 0, signal: null });
    assert.deepEqual(phases('good'), ['stop-intake', 'drain', 'tree stopped', 'flush-logs', 'fenced']);
    const { state, exitCode } = record('good');
    assert.deepEqual([state, exitCode, existsSync(playground.at('run/good.sock'))], ['ended', 0, false]);
    assert.deepEqual(log('good').filter(({ event }) => event.startsWith('process.')).map(({ event }) => event), ['process.start', 'process.ready', 'process.stop', 'process.end']);
    assert.ok(!readFileSync(playground.at('log/good.log'), 'utf8').includes('do-not-log-me'));
  });

  test('a second copy under the same name is refused with code 78, and the first does not notice', async () => {
    const served = start('first');
    await served.ready();
    const second = playground.serve(['first', 'first'], { script });
    assert.equal((await second.ended).code, 78);
    assert.match(second.stderr, new RegExp(`a process first is running already \\(pid ${served.pid}, test first\\)\\n {2}fix: `));
    assert.equal(record('first').pid, served.pid);
    assert.equal((await served.kill('SIGINT')).code, 0);
  });

  test('ready goes to the parent only when everything is up, and SIGINT twice at once is one request', async () => {
    const served = start('twice', true);
    await served.until(() => served.messages.length > 0, 'a message');
    assert.deepEqual([served.messages, record('twice').state], [['ready'], 'ready']);
    served.child.kill('SIGINT');
    served.child.kill('SIGINT');
    assert.deepEqual(await served.ended, { code: 0, signal: null });
    assert.ok(!log('twice').some(({ event }) => event === 'process.fence'));
  });

  test('a shutdown that hangs is cut off at its deadline: fenced, code 12', async () => {
    const served = start('hangs');
    await served.ready();
    const sentMs = performance.now();
    assert.equal((await served.kill('SIGTERM')).code, 12);
    assert.ok(performance.now() - sentMs >= 990);
    assert.deepEqual(phases('hangs').at(-1), 'fenced');
    assert.equal(record('hangs').exitCode, 12);
  });

  test('a second signal cuts it off at once', async () => {
    const served = start('patient');
    await served.ready();
    // A signal right after another is the same request, told twice; it may be some time until the first is seen.
    for (let over = false; !over; over = await Promise.race([served.ended.then(() => true), sleep(600, false)])) served.child.kill('SIGTERM');
    assert.equal((await served.ended).code, 12);
    assert.ok(log('patient').some(({ event }) => event === 'process.fence'));
  });

  test('shutdown --now over the socket cuts it off at once too, and the command ends with the code of the process', async () => {
    const served = playground.serve(['now', 'patient'], { script });
    await served.ready();
    const { code, stdout } = await playground.run(['shutdown', '--now', '--process', 'now', '--json']);
    assert.deepEqual([code, JSON.parse(stdout)], [12, { name: 'now', accepted: true, ended: true, exitCode: 12 }]);
    assert.equal((await served.ended).code, 12);
  });

  test('a main thread that is stuck in its shutdown is killed by the watchdog', async () => {
    const served = start('blocks');
    await served.ready();
    assert.deepEqual(await served.kill('SIGTERM'), { code: null, signal: 'SIGKILL' });
    assert.equal(record('blocks').state, 'stopping');
  });

  test('a task that fails is reported and holds nothing up', async () => {
    const served = start('fails');
    await served.ready();
    assert.equal((await served.kill('SIGTERM')).code, 0);
    assert.match(log('fails').find(({ event }) => event === 'shutdown.failed')!.msg, /fails \(drain\) failed: cannot drain/);
    assert.deepEqual(phases('fails'), ['stop-intake', 'drain', 'tree stopped', 'flush-logs', 'fenced']);
  });

  for (const [mode, message] of [['throws', 'nobody caught me'], ['rejects', 'nobody awaited me']] as const) {
    test(`an error that nobody caught (${mode}): a dump, the same shutdown, code 1`, async () => {
      const served = start(mode);
      assert.equal((await served.ended).code, 1);
      assert.match(served.stderr, new RegExp(message));
      assert.deepEqual(phases(mode), ['stop-intake', 'drain', 'tree stopped', 'flush-logs', 'fenced']);
      const dumps = readdirSync(playground.at('log')).filter((file) => file.startsWith(`${mode}.crash-`));
      const dump = readFileSync(join(playground.at('log'), dumps[0]!), 'utf8');
      assert.match((JSON.parse(dump) as { error: { message: string } }).error.message, new RegExp(message));
      assert.match(dump, /a tree/);
      assert.ok(![dump, served.stderr, readFileSync(playground.at(`log/${mode}.log`), 'utf8')].some((text) => text.includes('do-not-log-me')));
    });
  }

  test('an error that nobody caught, and then a main thread that is stuck: killed all the same', async () => {
    assert.deepEqual(await start('throws-and-blocks').ended, { code: null, signal: 'SIGKILL' });
  });

  test('a root that gives up ends with code 10', async () => {
    assert.equal((await start('gives-up').ended).code, 10);
    assert.equal(record('gives-up').exitCode, 10);
  });

  test('a process manager that goes, and a reader of the output that goes, end nothing', async () => {
    const served = start('orphan', true);
    await served.ready();
    served.child.stdout!.destroy();
    served.child.stderr!.destroy();
    served.child.disconnect();
    for (const endMs = performance.now() + 30_000; !log('orphan').some(({ event }) => event === 'process.orphaned') && performance.now() < endMs; ) await sleep(20);
    await sleep(200);
    assert.equal(record('orphan').state, 'ready');
    assert.equal((await playground.run(['shutdown', '--process', 'orphan', '--json'])).code, 0);
    assert.equal((await served.ended).code, 0);
  });

  test('after SIGKILL the name is free, and the next one says that it found a dead one', async () => {
    const served = start('killed');
    await served.ready();
    await served.kill('SIGKILL');
    assert.equal(record('killed').state, 'ready');
    const next = start('killed');
    await next.ready();
    assert.ok(log('killed').some((line) => line.event === 'process.found-dead' && line['pid'] === next.pid && line['deadPid'] === served.pid));
    assert.equal((await next.kill('SIGHUP')).code, 0);
  });
});
