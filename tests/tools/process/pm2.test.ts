import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_CONFIG } from '../../../config/index.js';
import type { EngineStatus } from '../../../tools/engine-sweep/verdict.js';
import type { ProcessRecord } from '../../../tools/process/record.js';
import type { PassResult } from '../../../tools/replay/pass-result.js';
import { Playground } from '../../support/served.js';
import { projectRoot } from '../cli/run-node.js';

// The real pm2, with a daemon and a home of its own, running what ecosystem.config.cjs says.
const pm2Program = join(projectRoot, 'node_modules/pm2/bin/pm2');
const ecosystem = join(projectRoot, 'ecosystem.config.cjs');
const skip = !existsSync(pm2Program) && 'pm2 is not installed';
const PATIENCE_MS = 120_000;

interface Described {
  readonly name: string;
  readonly pid: number;
  readonly pm2_env: { readonly status: string; readonly restart_time: number; readonly exit_code?: number; readonly kill_timeout: number; readonly treekill: boolean; readonly pmx: boolean; readonly wait_ready: boolean };
}

const playground = new Playground();
const home = mkdtempSync(join(tmpdir(), 'pm2-'));
let tape = 'x.tape';
/** The four minutes in which something happens. */
const WINDOW = '--from +330s --to +570s';

function environment(name: string, args: string): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, ...playground.env, PM2_HOME: home, FAULTLINE_TAPE: tape, FAULTLINE_NAME: name, FAULTLINE_ARGS: args, FAULTLINE_CWD: playground.folder };
  delete env['NODE_TEST_CONTEXT'];
  return env;
}

/** Runs a pm2 command to its end. */
function pm2(args: readonly string[], name = 'x', more = ''): Promise<{ readonly code: number | null; readonly out: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [pm2Program, ...args], { env: environment(name, more), cwd: playground.folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.on('close', (code) => resolve({ code, out }));
  });
}

async function described(name: string): Promise<Described | undefined> {
  const { out } = await pm2(['jlist']);
  return (JSON.parse(out.slice(out.lastIndexOf('\n[') + 1)) as Described[]).find((one) => one.name === name);
}

function record(name: string): ProcessRecord | undefined {
  try {
    return JSON.parse(readFileSync(playground.at(`run/${name}.json`), 'utf8')) as ProcessRecord;
  } catch {
    return undefined;
  }
}

/** What a process has logged; every line of it is whole. */
function logged(name: string): { readonly event: string; readonly pid: number; readonly [field: string]: unknown }[] {
  const path = playground.at(`log/${name}.log`);
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line) as { event: string; pid: number }) : [];
}
const passes = (name: string): PassResult[] => logged(name).filter(({ event }) => event === 'pass.end') as unknown as PassResult[];

async function until(seen: () => boolean, what: string): Promise<void> {
  for (const endMs = performance.now() + PATIENCE_MS; !seen(); await sleep(50)) assert.ok(performance.now() < endMs, `no ${what} in time`);
}

test('ecosystem.config.cjs says what pm2 must know, and pm2 waits longer than a shutdown may take', () => {
  const { apps } = JSON.parse(spawnSync(process.execPath, ['-p', `JSON.stringify(require(${JSON.stringify(ecosystem)}))`], { encoding: 'utf8', env: environment('x', '--speed 5') }).stdout) as { apps: Readonly<Record<string, unknown>>[] };
  const app = apps[0]!;
  assert.equal(apps.length, 1);
  const expected = { exec_mode: 'fork', instances: 1, wait_ready: true, treekill: false, pmx: false, merge_logs: true, stop_exit_codes: [11, 78], interpreter: process.execPath };
  for (const [key, value] of Object.entries(expected)) assert.deepEqual(app[key], value, key);
  assert.ok((app['kill_timeout'] as number) >= DEFAULT_CONFIG.process.shutdownDeadlineMs + 10_000, 'the watchdog comes before pm2');
  assert.deepEqual((app['args'] as string[]).slice(-2), ['--speed', '5']);
  const said = (more: Readonly<Record<string, string>>): { readonly stdout: string; readonly stderr: string } => {
    const { FAULTLINE_TAPE: _tape, FAULTLINE_NAME: _name, ...env } = environment('x', '--mode demo');
    return spawnSync(process.execPath, ['-p', `JSON.stringify(require(${JSON.stringify(ecosystem)}).apps.map(({ name, args, out_file, env }) => [name, args, out_file ?? null, env]))`], { encoding: 'utf8', env: { ...env, ...more } });
  };
  const [engine] = JSON.parse(said({ FAULTLINE_BINANCE_DEMO_KEY: 'k' }).stdout) as [string, string[], null, Record<string, string>][];
  assert.deepEqual(engine!.slice(0, 3), ['engine', ['engine', 'run', '--name', 'engine', '--mode', 'demo'], null]);
  assert.equal(engine![3]['FAULTLINE_BINANCE_DEMO_KEY'], 'k');
  const both = JSON.parse(said({ FAULTLINE_EXCHANGE: '1', FAULTLINE_VENUE_JSON: 'v.json' }).stdout) as unknown[][];
  assert.deepEqual(both.map(([name, args, out]) => [name, args, out]), [
    ['exchange', ['exchange', '--json', '--name', 'exchange'], 'v.json'],
    ['engine', ['engine', 'run', '--name', 'engine', '--venue-json', 'v.json', '--mode', 'demo'], null],
  ]);
  assert.match(said({ FAULTLINE_EXCHANGE: '1' }).stderr, /FAULTLINE_VENUE_JSON must name the file/);
});

describe('under pm2', { skip }, () => {
  before(async () => {
    tape = await playground.tape();
    await pm2(['ping']);
  });
  after(async () => {
    await pm2(['kill']);
    await playground.close();
    rmSync(home, { recursive: true, force: true });
  });

  test('start returns when it is ready; reload stops it in good order first; nothing of a pass is lost over reload and SIGKILL; SIGINT and stop end it in good order', async () => {
    const name = 'served';
    const args = `${WINDOW} --speed 30 --journal ${playground.at('journal')}`;
    const started = await pm2(['start', ecosystem], name, args);
    assert.equal(started.code, 0, started.out);
    assert.equal(record(name)?.state, 'ready', 'pm2 returned after ready');
    const first = (await described(name))!;
    assert.deepEqual([first.pm2_env.status, first.pid, first.pm2_env.restart_time], ['online', record(name)!.pid, 0]);
    assert.deepEqual([first.pm2_env.kill_timeout, first.pm2_env.treekill, first.pm2_env.wait_ready], [25_000, false, true]);

    // In the middle of a pass, with decisions made.
    for (const endMs = performance.now() + PATIENCE_MS; (await playground.decisions(name)) <= 20; await sleep(20)) assert.ok(performance.now() < endMs);
    const reloaded = await pm2(['reload', name], name, args);
    assert.equal(reloaded.code, 0, reloaded.out);
    const second = record(name)!;
    assert.ok(second.state === 'ready' && second.pid !== first.pid);
    const ends = logged(name).filter(({ event }) => event === 'process.end');
    assert.deepEqual(ends.map(({ pid, ...line }) => [pid, line['code']]), [[first.pid, 0]], 'the first ended in good order, before the second began');
    assert.ok(logged(name).findIndex(({ event }) => event === 'process.end') < logged(name).findIndex(({ event, pid }) => event === 'process.start' && pid === second.pid));

    await until(() => passes(name).length >= 1, 'a whole pass');
    process.kill(record(name)!.pid, 'SIGKILL');
    await until(() => record(name)!.pid !== second.pid && record(name)!.state === 'ready', 'the next one after SIGKILL');
    await until(() => passes(name).length >= 2, 'the pass that was killed');
    const [one, two] = passes(name);
    assert.deepEqual([one!.pass, two!.pass], [1, 2]);
    assert.ok((one!.resumedAt ?? 0) > 20, 'the reload was in the middle of it');
    const whole = JSON.parse((await playground.run(['replay', tape, ...WINDOW.split(' '), '--json'])).stdout) as { digest: string; decisions: number };
    for (const pass of [one!, two!]) assert.deepEqual([pass.digest, pass.decisions], [whole.digest, whole.decisions]);

    // Sent by hand it is an end in good order, after which pm2 starts the next one; `pm2 stop` is the end.
    const last = record(name)!.pid;
    process.kill(last, 'SIGINT');
    await until(() => record(name)!.pid !== last && record(name)!.state === 'ready', 'the next one after SIGINT');
    const stopped = await pm2(['stop', name]);
    assert.equal(stopped.code, 0, stopped.out);
    assert.deepEqual([record(name)!.state, record(name)!.exitCode], ['ended', 0]);
    assert.deepEqual(logged(name).filter(({ event }) => event === 'process.end').map((line) => line['code']), [0, 0, 0], 'reload, SIGINT, stop');
    assert.equal((await described(name))!.pm2_env.status, 'stopped');
    await pm2(['delete', name]);
  });

  test('a root that gives up ends with 10 and comes back later and later; a wrong configuration ends with 78 and stays stopped', async () => {
    const faults = Array.from({ length: 21 }, () => '--fault crash:/journal@10').join(' ');
    // Neither gets ready for good: pm2 is not waited for.
    const gives = spawn(process.execPath, [pm2Program, 'start', ecosystem], { env: environment('gives-up', `--speed 100000 ${faults}`), cwd: playground.folder, stdio: 'ignore' });
    const ends = (): { pid: number; time: number; code: unknown }[] => logged('gives-up').filter(({ event }) => event === 'process.end').map((line) => ({ pid: line.pid, time: Date.parse(String(line['time'])), code: line['code'] }));
    await until(() => ends().length >= 4, 'four lives');
    assert.ok(ends().every(({ code }) => code === 10));
    assert.equal(new Set(ends().map(({ pid }) => pid)).size, ends().length);
    await pm2(['delete', 'gives-up']);
    gives.kill('SIGKILL');

    const wrong = spawn(process.execPath, [pm2Program, 'start', ecosystem], { env: { ...environment('wrong', ''), FAULTLINE_CONFIG: playground.at('nowhere.toml') }, cwd: playground.folder, stdio: 'ignore' });
    let seen: Described | undefined;
    for (const endMs = performance.now() + PATIENCE_MS; seen?.pm2_env.exit_code !== 78; seen = await described('wrong')) assert.ok(performance.now() < endMs, 'no exit code 78 in time');
    await sleep(1500);
    const later = (await described('wrong'))!;
    assert.deepEqual([later.pid, later.pm2_env.restart_time], [0, 0], 'it was not started again');
    await pm2(['delete', 'wrong']);
    wrong.kill('SIGKILL');
  });

  test('a daemon that is killed takes nothing with it, and a second copy cannot start beside the orphan', async () => {
    const name = 'orphan';
    assert.equal((await pm2(['start', ecosystem], name, '--speed 30')).code, 0);
    const { pid } = record(name)!;
    process.kill(Number(readFileSync(join(home, 'pm2.pid'), 'utf8')), 'SIGKILL');
    await until(() => logged(name).some(({ event }) => event === 'process.orphaned'), 'the notice');
    const seen = await playground.run(['ps', '--process', name, '--json']);
    assert.equal((JSON.parse(seen.stdout) as { process: { pid: number } }).process.pid, pid, 'it answers');
    const second = await playground.run(['replay', tape, '--serve', '--name', name]);
    assert.equal(second.code, 78);
    assert.match(second.stderr, new RegExp(`running already \\(pid ${pid},`));
    assert.equal((await playground.run(['shutdown', '--process', name])).code, 0);
  });

  const long = process.env['FAULTLINE_LONG'] === '1' ? false : 'FAULTLINE_LONG is not 1';
  test('engine and exchange: running, brought back and reconciled after SIGKILL, stopped in good order', { skip: long, timeout: 400_000 }, async () => {
    const config = playground.at('engine.toml');
    writeFileSync(config, '[trading]\nstrategy = "eager"\n[indicators]\nwarmupSamples = 1\n[engine]\nmode = "demo"\n[engine.symbols]\nusdm = ["BTCUSDT"]\n');
    const { FAULTLINE_TAPE: _tape, FAULTLINE_NAME: _name, ...env } = environment('x', '');
    const both = { ...env, FAULTLINE_EXCHANGE: '1', FAULTLINE_VENUE_JSON: playground.at('venue.json'), FAULTLINE_CONFIG: config };
    const started = spawnSync(process.execPath, [pm2Program, 'start', ecosystem], { env: both, cwd: playground.folder, encoding: 'utf8' });
    assert.equal(started.status, 0, started.stdout + started.stderr);
    await until(() => record('engine')?.state === 'ready', 'an engine that is ready');
    const answer = async (): Promise<EngineStatus | undefined> => {
      const { code, stdout } = await playground.run(['engine', 'status', '--process', 'engine', '--json']);
      return code === 0 ? (JSON.parse(stdout) as { readonly answer: EngineStatus }).answer : undefined;
    };
    const fresh = async (what: (status: EngineStatus) => boolean): Promise<EngineStatus> => {
      for (const endMs = performance.now() + PATIENCE_MS; ; await sleep(200)) {
        const status = await answer();
        if (status?.truth[0]?.freshness === 'fresh' && what(status)) return status;
        assert.ok(performance.now() < endMs, `not there in time: ${JSON.stringify(status)}`);
      }
    };
    await fresh(({ trading }) => trading.open.length > 0);
    const first = record('engine')!.pid;
    process.kill(first, 'SIGKILL');
    await until(() => record('engine')!.pid !== first && record('engine')!.state === 'ready', 'the next engine after SIGKILL');
    const lots = (positions: readonly { readonly signedLots: number }[] | undefined): number => (positions ?? []).reduce((sum, { signedLots }) => sum + signedLots, 0);
    const after = await fresh(({ truth, ledger }) => lots(truth[0]?.positions) === lots(ledger[0]?.positions));
    assert.deepEqual(Object.values(after.ledger[0]!.totals.unexplained).filter((amount) => Number(amount) !== 0), []);
    assert.equal((await pm2(['stop', 'engine'])).code, 0);
    assert.deepEqual([record('engine')!.state, record('engine')!.exitCode], ['ended', 0]);
    assert.equal((await described('engine'))!.pm2_env.status, 'stopped');
    assert.equal((await pm2(['delete', 'engine', 'exchange'])).code, 0);
  });
});
