import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_CONFIG } from '../../../config/index.js';
import { EXIT_CODES } from '../../../tools/cli/errors.js';
import type { ProcessRecord } from '../../../tools/process/record.js';
import { Playground } from '../../support/served.js';
import { projectRoot } from '../cli/run-node.js';

const unit = join(projectRoot, 'packaging/systemd/faultline@.service');
const has = (program: string, ...args: string[]): boolean => spawnSync(program, args).status === 0;

/** The values of a key, in order. */
function values(key: string): string[] {
  return readFileSync(unit, 'utf8').split('\n').filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1));
}

describe('the systemd unit', () => {
  test('is one that systemd takes', { skip: !has('systemd-analyze', '--version') && 'no systemd-analyze here' }, () => {
    const verified = spawnSync('systemd-analyze', ['verify', '--man=no', unit], { encoding: 'utf8' });
    assert.deepEqual([verified.status, verified.stderr.split('\n').filter((line) => line.includes('faultline@'))], [0, []]);
  });

  test('waits longer than a shutdown may take, and restarts what the table of exit codes says', () => {
    assert.ok(Number(values('TimeoutStopSec')[0]) * 1000 >= DEFAULT_CONFIG.process.shutdownDeadlineMs + 10_000);
    assert.deepEqual(values('RestartPreventExitStatus'), [`${EXIT_CODES.journalFailed.code} ${EXIT_CODES.configuration.code}`]);
    assert.deepEqual([values('Restart'), values('KillMode'), values('Type'), values('NotifyAccess')], [['on-failure'], ['mixed'], ['notify'], ['all']]);
  });
});

describe('as a service manager runs it', { skip: !(has('systemd-notify', '--version') && has('python3', '--version')) && 'no systemd-notify or no python3 here' }, () => {
  const playground = new Playground();
  const notifySocket = playground.at('notify.sock');
  let manager: ChildProcess;
  /** Datagrams received so far. */
  let told = '';
  let tape = '';

  before(async () => {
    tape = await playground.tape();
    // Node has no datagram sockets of this kind.
    const receiver = `import socket,sys\ns=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\ns.bind(sys.argv[1])\nprint('listening',flush=True)\nwhile True: print(s.recv(4096).decode(),flush=True)`;
    manager = spawn('python3', ['-c', receiver, notifySocket], { stdio: ['ignore', 'pipe', 'inherit'] });
    manager.stdout!.on('data', (chunk: Buffer) => (told += chunk.toString()));
    await until(() => told.includes('listening'), 'receiver');
  });
  after(async () => {
    manager.kill('SIGKILL');
    await playground.close();
  });

  async function until(seen: () => boolean, what: string): Promise<void> {
    for (const endMs = performance.now() + 60_000; !seen(); await sleep(20)) assert.ok(performance.now() < endMs, `no ${what} in time: ${told}`);
  }

  /** Runs the unit's own ExecStart, its folders elsewhere and its specifiers replaced, as systemd would. */
  function execStart(name: string, env: Readonly<Record<string, string>>): { readonly child: ChildProcess; readonly record: () => ProcessRecord; readonly code: Promise<number | null> } {
    const place = (text: string): string => text.replaceAll('%i', name).replaceAll('/opt/faultline', projectRoot).replaceAll('/usr/bin/env node', process.execPath).replaceAll(/%[tLS]/g, playground.folder);
    const folder = place(values('WorkingDirectory')[0]!);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const own = Object.fromEntries(values('Environment').flatMap((line) => place(line).split(' ')).map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]));
    const environment: NodeJS.ProcessEnv = { ...process.env, ...own, ...env, NOTIFY_SOCKET: notifySocket };
    delete environment['NODE_TEST_CONTEXT'];
    const child = spawn('sh', ['-c', `exec ${place(values('ExecStart')[0]!)}`], { cwd: folder, env: environment, stdio: 'ignore' });
    return {
      child,
      record: () => JSON.parse(readFileSync(join(own['FAULTLINE_RUN_DIR']!, `${name}.json`), 'utf8')) as ProcessRecord,
      code: new Promise((resolve) => child.on('exit', (code) => resolve(code))),
    };
  }

  test('READY=1 comes when the root has started, STOPPING=1 on SIGTERM, and then exit 0', async () => {
    const { child, record, code } = execStart('good', { FAULTLINE_TAPE: tape, FAULTLINE_ARGS: '--speed 5' });
    await until(() => told.includes('READY=1'), 'READY=1');
    assert.deepEqual([record().state, record().pid, record().manager], ['ready', child.pid, 'systemd']);
    assert.match(told, new RegExp(`MAINPID=${child.pid}`));
    const log = readFileSync(record().log, 'utf8');
    assert.ok(log.indexOf('"process.ready"') >= 0 && !log.includes('process.notify-failed'));
    child.kill('SIGTERM');
    assert.equal(await code, 0);
    await until(() => told.includes('STOPPING=1'), 'STOPPING=1');
    assert.ok(!existsSync(record().socket));
  });

  test('what is restarted and what is not: 10 for a root that gives up, 78 for a wrong configuration', async () => {
    const faults = Array.from({ length: 21 }, () => '--fault crash:/journal@10').join(' ');
    assert.equal(await execStart('gives-up', { FAULTLINE_TAPE: tape, FAULTLINE_ARGS: `--speed 100000 ${faults}` }).code, 10);
    writeFileSync(playground.at('wrong.toml'), '[process]\nshutdownDeadlineMs = -1\n');
    assert.equal(await execStart('wrong', { FAULTLINE_TAPE: tape, FAULTLINE_ARGS: '', FAULTLINE_CONFIG: playground.at('wrong.toml') }).code, 78);
  });
});
