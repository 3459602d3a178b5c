import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { ControlServer } from '../../../../runtime/control/index.js';
import { createRuntime, WallClock } from '../../../../runtime/index.js';
import { beginManifest, makeRunFolder } from '../../../../data/runs/index.js';
import { type ProcessRecord, startTicksOf, writeRecord } from '../../../../tools/process/record.js';
import { openSources, SourceError, type Sources, type SourcesOptions } from '../../../../tools/ui/sources/index.js';
import { RunFolders } from '../../../../tools/ui/sources/runs.js';
import type { ProcessSource, SourceInfo } from '../../../../tools/ui/wire/sources.js';
import { child, root } from '../../../runtime/support.js';

/** Only a hang takes so long. */
const PATIENCE_MS = 60_000;

interface Place {
  readonly folder: string;
  readonly run: string;
  readonly env: Readonly<Record<string, string>>;
}

function place(t: TestContext): Place {
  const folder = mkdtempSync(join(tmpdir(), 'flu-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const run = join(folder, 'run');
  mkdirSync(run, { mode: 0o700 });
  return { folder, run, env: { FAULTLINE_RUN_DIR: run, FAULTLINE_VAR_DIR: join(folder, 'var') } };
}

function open(t: TestContext, options: SourcesOptions): Sources {
  const sources = openSources({ lookMs: 20, ...options });
  t.after(() => sources.close());
  return sources;
}

async function served(t: TestContext, { run }: Place, name: string, status: unknown = { mode: 'paper' }): Promise<ControlServer> {
  const runtime = createRuntime({ clock: new WallClock(), seed: 'ui' });
  assert.ok(runtime.start(root([child('a')])).ok);
  runtime.run();
  const server = await ControlServer.start({ socketPath: join(run, `${name}.sock`), target: { name, version: '9.9.9', runtime: () => runtime, status: () => status } });
  t.after(async () => {
    await server.close();
    runtime.fence();
  });
  return server;
}

function record({ run }: Place, name: string, pid: number, more: Partial<ProcessRecord> = {}): void {
  writeRecord(run, {
    name, pid, startTicks: startTicksOf(pid), state: 'ready', what: 'a test', startedAt: '2026-01-01T00:00:00.000Z', endedAt: null, exitCode: null,
    version: '9.9.9', node: process.version, socket: join(run, `${name}.sock`), manager: null, log: join(run, `${name}.000001.log`), ...more,
  });
}

function until<T>(sources: Sources, look: () => T | undefined): Promise<T> {
  return new Promise((resolve, reject) => {
    const seen = (): void => {
      const value = look();
      if (value === undefined) return;
      stop();
      clearTimeout(timer);
      resolve(value);
    };
    const stop = sources.changes(seen);
    const timer = setTimeout(() => {
      stop();
      reject(new Error(`never seen: ${JSON.stringify(sources.list())}`));
    }, PATIENCE_MS);
    seen();
  });
}

function processIn(sources: Sources, name: string, state: ProcessSource['state'], life = 1): Promise<ProcessSource> {
  return until(sources, () => {
    const info: SourceInfo | undefined = sources.info(`process:${name}`);
    return info?.kind === 'process' && info.state === state && info.life === life ? info : undefined;
  });
}

test('a process is found by its socket, asked over one connection, and stays listed when it has gone', async (t) => {
  const scene = place(t);
  const server = await served(t, scene, 'one', { mode: 'paper', runDir: '/nowhere/at/all', nested: { hidden: true }, longText: 'x'.repeat(10_000) });
  const sources = open(t, scene);
  const live = await processIn(sources, 'one', 'live');
  const [first, second] = await Promise.all([sources.client('process:one'), sources.client('process:one')]);
  assert.equal(first, second);
  assert.equal((await first.call('tree')).tree.children.length, 1);
  assert.equal(live.version, '9.9.9');
  const told = await until(sources, () => {
    const info = sources.info('process:one') as ProcessSource;
    return info.status['mode'] === 'paper' ? info : undefined;
  });
  assert.deepEqual(told.status, { mode: 'paper', runDir: '/nowhere/at/all' });
  assert.match(told.run ?? '', /^run:/);
  await server.close();
  const gone = await processIn(sources, 'one', 'gone');
  assert.equal(gone.status['mode'], 'paper');
  await assert.rejects(sources.client('process:one'), SourceError);
});

test('a process that comes back under another pid is a new life, and who follows gets its connection', async (t) => {
  const scene = place(t);
  record(scene, 'engine', process.pid);
  record(scene, 'forgotten', 2 ** 22 + 1, { state: 'ended', endedAt: new Date(0).toISOString(), exitCode: 0 });
  record(scene, 'before', 2 ** 22 + 1, { state: 'ended', endedAt: new Date().toISOString(), exitCode: 0 });
  let server = await served(t, scene, 'engine');
  const sources = open(t, scene);
  await processIn(sources, 'engine', 'live');
  assert.deepEqual(sources.list().sources.map(({ name, state }) => [name, state]), [['engine', 'live'], ['before', 'gone']]);
  const heard: string[] = [];
  const stop = sources.follow('process:engine', (_client, life) => {
    heard.push(`begin ${life}`);
    return () => heard.push(`end ${life}`);
  });
  await server.close();
  record(scene, 'engine', process.pid, { state: 'ended', endedAt: '2026-01-01T01:00:00.000Z', exitCode: 3 });
  const gone = await processIn(sources, 'engine', 'gone');
  assert.deepEqual([gone.exitCode, gone.endedAt], [3, '2026-01-01T01:00:00.000Z']);
  server = await served(t, scene, 'engine');
  record(scene, 'engine', process.ppid);
  const again = await processIn(sources, 'engine', 'live', 2);
  assert.deepEqual([again.pid, again.exitCode], [process.ppid, null]);
  stop();
  assert.deepEqual(heard, ['begin 1', 'end 1', 'begin 2', 'end 2']);
});

test('strangers are shown as what they are: another version, garbage, silence', async (t) => {
  const scene = place(t);
  const answer = (name: string, onLine: (line: string) => string | null): void => {
    const server = net.createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        const text = onLine(chunk.toString());
        if (text !== null) socket.write(`${text}\n`);
      });
    });
    server.listen(join(scene.run, `${name}.sock`));
    t.after(() => server.close());
  };
  answer('newer', () => '{"jsonrpc":"2.0","id":1,"error":{"code":-32010,"message":"this process speaks version 7","data":{"name":"version","protocol":7}}}');
  answer('garbage', () => 'HTTP/1.1 400 Bad Request');
  answer('silent', () => null);
  // A process that holds what it says of itself in a way that we do not know.
  answer('odd', (line) => {
    const { id, method } = JSON.parse(line.split('\n')[0]!) as { readonly id: number; readonly method: string };
    return method === 'rpc.version'
      ? JSON.stringify({ jsonrpc: '2.0', id, result: { protocol: 1, name: 'odd', pid: 1, version: '<b>2</b>', server: 'x', more: 1 } })
      : JSON.stringify({ jsonrpc: '2.0', id, result: { status: 'no form that we know' } });
  });
  const sources = open(t, { ...scene, answerMs: 300 });
  await processIn(sources, 'garbage', 'foreign');
  await processIn(sources, 'silent', 'silent');
  assert.match((await processIn(sources, 'odd', 'foreign')).note ?? '', /not of the form/);
  assert.match((await processIn(sources, 'newer', 'foreign')).note ?? '', /version 7/);
  await assert.rejects(sources.client('process:newer'), SourceError);
});

test('runs are listed newest first, with those that were cut and those that cannot be read; older ones are found by their id', (t) => {
  const scene = place(t);
  const runs = join(scene.folder, 'var/runs');
  const make = (nowMs: number, change: Readonly<Record<string, unknown>>): { readonly id: string; readonly folder: string } => {
    const made = makeRunFolder(runs, nowMs);
    const manifest = beginManifest(made.id, { kind: 'engine', mode: 'paper', version: '1.0.0', config: {}, configDigest: 'd' }, null, nowMs);
    writeFileSync(join(made.folder, 'run.json'), JSON.stringify({ ...manifest, ...change }));
    return made;
  };
  const day = 86_400_000;
  const ended = make(20_000 * day, { endedAt: '2024-10-05T00:00:00.000Z', exit: { code: 0, reason: 'asked' } });
  const cut = make(20_001 * day, { pid: 2 ** 22 + 1, host: hostname() });
  const written = make(20_002 * day, {});
  const foreign = make(20_003 * day, {});
  writeFileSync(join(foreign.folder, 'run.json'), '{"format":99}');
  const huge = make(20_004 * day, {});
  truncateSync(join(huge.folder, 'run.json'), 2 ** 40);
  const pipe = make(20_005 * day, {});
  rmSync(join(pipe.folder, 'run.json'));
  execFileSync('mkfifo', [join(pipe.folder, 'run.json')]);
  const old = Array.from({ length: 100 }, (_, n) => make((10_000 + n) * day, {}));
  const elsewhere = join(scene.folder, 'elsewhere');
  mkdirSync(elsewhere);
  writeFileSync(join(elsewhere, 'run.json'), readFileSync(join(ended.folder, 'run.json')));
  const sources = open(t, { ...scene, runs: [elsewhere], tapes: [join(scene.folder, 'absent.tape')] });
  const listed = sources.list().sources.filter((source) => source.kind === 'run');
  const stateOf = (id: string): string | undefined => listed.find((source) => source.id === `run:${id}`)?.state;
  assert.deepEqual([stateOf(ended.id), stateOf(cut.id), stateOf(written.id), stateOf(foreign.id), stateOf(huge.id), stateOf(pipe.id)], ['ended', 'cut', 'written', 'unreadable', 'unreadable', 'unreadable']);
  assert.equal(listed[0]!.id, `run:${written.id}`);
  assert.equal(listed.length, 101);
  assert.equal(sources.list().omittedRuns, 6);
  assert.equal(sources.run(`run:${old[0]!.id}`), old[0]!.folder);
  assert.equal(sources.run(`run:${ended.id}~2`), elsewhere);
  assert.throws(() => sources.run('run:../../etc'), SourceError);
  assert.throws(() => sources.tape('tape:nope'), SourceError);
  assert.deepEqual(sources.list().sources.filter((source) => source.kind === 'tape').map(({ state }) => state), ['unreadable']);
});

test('however many folders a process says that it writes, the latest are known', (t) => {
  const scene = place(t);
  const runs = new RunFolders(join(scene.folder, 'var/runs'));
  const mine = runs.add(join(scene.folder, 'mine'));
  for (let n = 0; n < 120; n++) runs.addTold(join(scene.folder, `told-${n}`));
  runs.look();
  assert.equal(runs.list().length, 101);
  assert.deepEqual([runs.folderOf('told-0'), runs.folderOf('told-119'), runs.folderOf(mine.slice('run:'.length))], [undefined, join(scene.folder, 'told-119'), join(scene.folder, 'mine')]);
});

test('a folder of processes that is open to others is a problem, not an end', (t) => {
  const scene = place(t);
  const openToAll = join(scene.folder, 'open');
  mkdirSync(openToAll, { mode: 0o755 });
  const sources = open(t, { env: { ...scene.env, FAULTLINE_RUN_DIR: openToAll } });
  assert.match(sources.list().problem ?? '', /open to other users.*chmod 700/s);
  assert.throws(() => sources.follow('process:none', () => undefined), SourceError);
});
