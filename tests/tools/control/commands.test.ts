import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { TRACE_KINDS } from '../../../runtime/control/index.js';
import { register } from '../../../tools/control/commands.js';
import { CONTROL_COMMANDS } from '../../../tools/control/names.js';
import { completionScript } from '../../../tools/cli/completion.js';
import { buildProgram } from '../../../tools/cli/program.js';
import { commandTree } from '../../../tools/cli/tree.js';
import { type ProcessRecord, writeRecord } from '../../../tools/process/record.js';
import { Playground, type Served } from '../../support/served.js';
import { faultline, projectRoot, type Outcome } from '../cli/run-node.js';

// Every command that asks a process, against one replay that is served.
const playground = new Playground();
after(() => playground.close());
let served: Served;

const run = (...args: string[]): Promise<Outcome> => playground.command(args);
/** The one JSON value of a command that succeeds. */
async function json<T = Readonly<Record<string, unknown>>>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await run(...args, '--json');
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as T;
}
async function refused(code: number, message: RegExp, ...args: string[]): Promise<void> {
  const outcome = await run(...args);
  assert.equal(outcome.code, code, outcome.stderr);
  assert.match(outcome.stderr, message);
}

interface Node {
  readonly path: string;
  readonly state: string;
  readonly incarnation: number;
  readonly restarts: number;
  readonly handled: number;
  readonly children: readonly Node[];
}
const find = (node: Node, path: string): Node | undefined => (node.path === path ? node : node.children.map((child) => find(child, path)).find((found) => found !== undefined));
/** An actor as the process itself shows it, without a command in between. */
async function actor(path: string): Promise<Node | undefined> {
  return find((await playground.ask('served', 'tree', {})).tree as Node, path);
}

before(async () => {
  const tape = await playground.tape();
  served = playground.serve(['replay', tape, '--serve', '--name', 'served', '--speed', '1', '--json']);
  await served.ready();
});

describe('who runs', () => {
  test('processes lists it, and ps shows its tree with everything an operator needs', async () => {
    const { processes } = await json<{ processes: { name: string; pid: number; state: string; alive: boolean }[] }>('processes');
    assert.deepEqual(processes.map(({ name, pid, state, alive }) => [name, pid, state, alive]), [['served', served.pid, 'ready', true]]);
    assert.match((await run('processes')).stdout, new RegExp(`served +${served.pid} +ready +replay t\\.tape`));
    const { stdout } = await run('ps');
    assert.match(stdout, /^served {2}pid \d+ {2}up \d+ s/);
    assert.match(stdout, /actor +state +machine +incarnation +restarts +mailbox +handled +timers +behaviour +last exit/);
    assert.match(stdout, /\n {4}kernel +running +1 +0 +\d+ +\d+ +\d+ +market-kernel@1/);
    assert.match(stdout, /\n {6}BTCUSDT +running +(SLEEP|ALERT|ACTIVE|RECOVERY) /);
    const part = await json<{ tree: Node; process: { pid: number } }>('ps', '/trading', '--process', 'served');
    assert.deepEqual([part.tree.path, part.tree.children.map(({ path }) => path), part.process.pid], ['/trading', ['/trading/account', '/trading/strategies'], served.pid]);
  });

  test('ps --watch draws again and again, and what it shows moves', async () => {
    const watch = playground.serve(['ps', '--watch', '--every', '0.2', '--json']);
    const handled = (line: string): number => find((JSON.parse(line) as { tree: Node }).tree, '/market/kernel')!.handled;
    await watch.until(() => watch.lines.length >= 2 && handled(watch.lines.at(-1)!) > handled(watch.lines[0]!), 'a frame that has moved');
    assert.deepEqual(await watch.kill('SIGINT'), { code: 0, signal: null });
    assert.equal((await run('ps', '--watch', '--every', '0.2', '--for', '0.5', '--json')).code, 0);
  });

  test('inspect shows one actor, and a mistyped one is refused with the ones that may be meant', async () => {
    const seen = await json<{ path: string; state: string; value: { tradingEnabled: boolean } }>('inspect', '/trading/account');
    assert.deepEqual([seen.path, seen.state, seen.value.tradingEnabled], ['/trading/account', 'running', true]);
    assert.match((await run('inspect', '/trading/account')).stdout, /^\/trading\/account {2}account@1 {2}running {2}incarnation 1\n[^]*tradingEnabled/);
    await refused(9, /^faultline: served: there is no actor at \/accounts?\n {2}fix: did you mean \/trading\/account\?\n$/, 'inspect', '/account');
    await refused(2, /'account' is no path of an actor\n {2}fix: it begins with \/, e\.g\. \/account/, 'inspect', 'account');
  });
});

describe('what it does', () => {
  test('machine shows where an actor stands as a state machine, and what an actor that is none is', async () => {
    const detector = (await actor('/market/detectors'))!.children[0]!.path;
    const seen = await json<{ kind: string; status: string; chart: { id: string }; context: { state: string } }>('machine', detector);
    assert.deepEqual([seen.kind, seen.status, seen.chart.id, typeof seen.context.state], ['machine', 'active', 'detector', 'string']);
    assert.match((await run('machine', detector)).stdout, /^\/market\/detectors\/\S+ {2}detector@1 {2}running {2}incarnation 1\nstate {5}["{][^]*\ncontext {3}\{[^]*\nprobed {4}since /);
    assert.match((await run('machine', '/market/kernel', '--for', '300ms')).stdout, /\nno state machine: its state and its last messages\nvalue {5}/);
    assert.match((await run('machine', '/market')).stdout, /a supervisor handles no messages/);
    await refused(9, /no actor at \/nowhere/, 'machine', '/nowhere');
  });

  test('trace streams events of one actor and of one kind, as many as asked', async () => {
    const { code, stdout } = await run('trace', '/market', '--kind', 'turn', '--limit', '5', '--json');
    assert.equal(code, 0);
    const events = stdout.split('\n').slice(0, -1).map((line) => JSON.parse(line) as { kind: string; path: string; seq: number });
    assert.equal(events.length, 5);
    assert.ok(events.every(({ kind, path }) => kind === 'turn' && path.startsWith('/market/')));
    assert.deepEqual(events.map(({ seq }) => seq), events.map(({ seq }) => seq).sort((a, b) => a - b));
    assert.match((await run('trace', '/market/kernel', '--last', '2', '--limit', '2')).stdout, /^(\d{4}-\d\d-\d\d [\d:.]+ +\d+ {2}turn +\/market\/kernel {2}turn \d+\n){2}$/);
    await refused(2, /'turns' is no kind of event/, 'trace', '--kind', 'turns');
    await refused(9, /no actor at \/nowhere/, 'trace', '/nowhere');
  });

  test('Ctrl-C ends a trace well, and so does --for', async () => {
    const trace = playground.serve(['trace', '/market/kernel', '--json']);
    await trace.passes(3);
    assert.deepEqual(await trace.kill('SIGINT'), { code: 0, signal: null });
    assert.ok(trace.lines.every((line) => (JSON.parse(line) as { path: string }).path === '/market/kernel'));
    assert.equal((await run('trace', '/journal', '--for', '300ms')).code, 0);
    await refused(2, /'2 weeks' is no duration\n {2}fix: e\.g\. 500ms, 2s, 5m, 1h; a plain number is seconds/, 'trace', '--for', '2 weeks');
  });

  test('deadletters, timers and metrics', async () => {
    const letters = await json<{ total: number; byReason: Record<string, number>; letters: unknown[] }>('deadletters');
    assert.equal(typeof letters.byReason['poison'], 'number');
    assert.match((await run('deadletters', '/market')).stdout, /^\d+ dead letters?\b/);
    assert.match((await run('timers', '/trading')).stdout, /^\d+ timers? (?:is|are) armed under \/trading, of \d+ in the process; /);
    assert.match((await run('timers')).stdout, /^\d+ timers? (?:is|are) armed; the process's clock says \d{4}-/);
    const seen = await json<{ runtime: { handled: number }; turns: { count: number }; extra: { pass: number } }>('metrics');
    assert.ok(seen.runtime.handled > 0 && seen.turns.count > 0 && seen.extra.pass >= 1);
    assert.match((await run('metrics')).stdout, /runtime\.handled +[\d,]+/);
  });

  test('metrics --prometheus is in the text format: every family has a type, every sample a family and a number', async () => {
    const { code, stdout } = await run('metrics', '--prometheus');
    assert.equal(code, 0);
    const types = new Map<string, string>();
    const seen = new Set<string>();
    for (const line of stdout.split('\n').slice(0, -1)) {
      const type = /^# TYPE ([a-z_:][a-z0-9_:]*) (counter|gauge|summary)$/.exec(line);
      if (type !== null) {
        assert.ok(!types.has(type[1]!), `${type[1]} twice`);
        types.set(type[1]!, type[2]!);
        continue;
      }
      if (/^# HELP [a-z_]+ \S/.test(line)) continue;
      const sample = /^([a-z_][a-z0-9_]*)\{process="served"(?:,(?:reason|quantile)="[^"]+")?\} (-?[\d.e+-]+)$/.exec(line);
      assert.ok(sample !== null && Number.isFinite(Number(sample[2])), line);
      const family = types.has(sample[1]!) ? sample[1]! : sample[1]!.replace(/_(?:sum|count)$/, '');
      assert.ok(types.has(family), line);
      const key = line.slice(0, line.lastIndexOf(' '));
      assert.ok(!seen.has(key), `${key} twice`);
      seen.add(key);
    }
    for (const name of ['faultline_up', 'faultline_runtime_handled_total', 'faultline_dead_letters_total', 'faultline_turn_seconds', 'faultline_memory_rss_bytes']) assert.ok(types.has(name), name);
  });
});

describe('what is done to it', () => {
  test('suspend holds an actor up, resume lets it go on', async () => {
    await json('suspend', '/market/kernel', '--reason', 'a test');
    const held = (await actor('/market/kernel'))!;
    assert.equal(held.state, 'suspended');
    await sleep(300);
    assert.equal((await actor('/market/kernel'))!.handled, held.handled, 'the tape stands still');
    assert.equal((await json('resume', '/market/kernel'))['path'], '/market/kernel');
    for (const endMs = performance.now() + 120_000; (await actor('/market/kernel'))!.handled === held.handled; ) assert.ok(performance.now() < endMs, 'it goes on');
  });

  test('restart brings an actor back with its last good state', async () => {
    const before = (await actor('/trading/account'))!;
    const answer = await json('restart', '/trading/account');
    assert.deepEqual([answer['how'], answer['restore'], answer['incarnationBefore']], ['crashed', 'lastGood', before.incarnation]);
    const after = (await actor('/trading/account'))!;
    assert.deepEqual([after.state, after.incarnation, after.restarts], ['running', before.incarnation + 1, before.restarts + 1]);
    await refused(9, /the root has no supervisor; use shutdown\n {2}fix: faultline shutdown --process served/, 'restart', '/');
  });

  test('terminate stops a child and restart starts it again; the tape waits for its kernel', async () => {
    assert.match((await run('terminate', '/market/kernel')).stdout, /^\/market\/kernel is stopped\n$/);
    assert.equal((await actor('/market/kernel'))!.state, 'stopped');
    assert.equal((await json('restart', '/market/kernel'))['how'], 'started');
    assert.equal((await actor('/market/kernel'))!.state, 'running');
  });

  test('start-child starts from a template, and a wrong one is answered with the right ones', async () => {
    assert.equal((await json('start-child', 'probe', '--under', '/trading', '--id', 'mine', '--input', '{"topics":["t"]}'))['path'], '/trading/mine');
    assert.equal((await actor('/trading/mine'))!.state, 'running');
    await refused(9, /there is no template 'prob'\n {2}fix: one of: probe/, 'start-child', 'prob');
    await refused(9, /\/trading\/mine is there and runs\n {2}fix: give it another --id, or faultline restart it/, 'start-child', 'probe', '--under', '/trading', '--id', 'mine');
    await refused(2, /refuses the input: topics/, 'start-child', 'probe', '--under', '/trading', '--input', '{"topics":5}');
    await refused(2, /--input is no JSON/, 'start-child', 'probe', '--input', '{');
  });

  test('upgrade: a dry run changes nothing, what is missing is listed, and then it is done in place', async () => {
    const module = (name: string, body: string): string => {
      writeFileSync(playground.at(name), `export const probe = { name: 'probe', version: 2, init: () => ({ messages: 0, last: null, upgraded: false }), step: (state) => state, ${body} };\n`);
      return playground.at(name);
    };
    const good = module('probe-2.mjs', 'migrate: (data) => ({ ...data, upgraded: true })');
    const bare = module('probe-bare.mjs', '');
    const { code, stderr } = await run('upgrade', bare);
    assert.equal(code, 9);
    assert.match(stderr, /^faultline: served: the upgrade is refused: no_migrate \(\/trading\/mine\); nothing has changed\n {2}- \/trading\/mine: no_migrate, from version 1 to 2: the new version needs migrate\(data, fromVersion\) that answers with data\n {2}fix: correct the module, and try it with --dry-run\n$/);
    await refused(4, /no such file/, 'upgrade', playground.at('none.mjs'));
    writeFileSync(playground.at('empty.mjs'), 'export const nothing = 1;\n');
    await refused(3, /exports no behaviour\n {2}fix: it has to export behaviours/, 'upgrade', playground.at('empty.mjs'));
    assert.equal((await run('upgrade', good, '--dry-run')).stdout, '/trading/mine would be upgraded from version 1 to 2\n');
    assert.equal((await playground.ask('served', 'inspect', { path: '/trading/mine' })).behaviour?.version, 1);
    assert.equal((await run('upgrade', good)).stdout, '/trading/mine is upgraded from version 1 to 2\n');
    const after = await playground.ask('served', 'inspect', { path: '/trading/mine' });
    assert.deepEqual([after.behaviour?.version, (after.value as { upgraded: boolean }).upgraded], [2, true]);
  });

  test('reconfigure changes the flags of a supervisor', async () => {
    assert.equal((await json('reconfigure', '/trading', '--restarts', '7', '--within', '9s'))['path'], '/trading');
    const { spec } = (await playground.ask('served', 'inspect', { path: '/trading' })) as { spec: { intensity: unknown } };
    assert.deepEqual(spec.intensity, { restarts: 7, withinMs: 9000 });
    await refused(9, /the specification is wrong: .*maxChildren/, 'reconfigure', '/trading', '--max-children', '4');
    await refused(9, /\/trading\/account is a worker; that is for supervisors only\n {2}fix: which ones are/, 'reconfigure', '/trading/account', '--strategy', 'oneForAll');
    await refused(9, /\/trading is a supervisor; that is for workers only\n {2}fix: /, 'suspend', '/trading');
    await refused(2, /--restarts and --within make a budget together/, 'reconfigure', '/trading', '--restarts', '7');
  });

  test('log-level shows and sets the level, and what is logged obeys', async () => {
    assert.equal((await run('log-level')).stdout, 'info\n');
    assert.deepEqual(await json('log-level', 'debug'), { level: 'debug', before: 'info' });
    await playground.ask('served', 'restart', { path: '/trading/account' });
    const { stdout } = await run('logs', '--path', '/trading/account', '--level', 'debug', '-n', '200', '--json');
    assert.ok(stdout.includes('"event":"supervisor.started"'));
    assert.equal((await run('log-level', 'info')).stdout, 'debug → info\n');
    await refused(2, /loud/, 'log-level', 'loud');
  });

  test('every write verb is in the log, with who asked; refused ones too', async () => {
    const { stdout } = await run('logs', '-n', '500', '--json');
    const audit = stdout.split('\n').slice(0, -1).map((line) => JSON.parse(line) as { event: string; method: string; ok: boolean; path?: string; client: string; params: { reason?: string } }).filter(({ event }) => event === 'audit');
    const done = audit.filter(({ ok }) => ok).map(({ method, path }) => `${method} ${path ?? ''}`.trim());
    for (const expected of ['suspend /market/kernel', 'resume /market/kernel', 'restart /trading/account', 'terminate /market/kernel', 'startChild', 'reconfigure /trading', 'logLevel.set']) assert.ok(done.includes(expected), `${expected} in ${done.join(', ')}`);
    assert.ok(audit.some(({ ok, method }) => !ok && method === 'startChild'));
    assert.ok(audit.every(({ client }) => /^faultline \d+\.\d+\.\d+ \(pid \d+\)$/.test(client) || client === 'test'));
    assert.equal(audit.find(({ method }) => method === 'suspend')!.params.reason, 'a test');
  });
});

describe('logs', () => {
  test('pretty for people, as they are for programs, chosen by level', async () => {
    assert.match((await run('logs', '-n', '1000')).stdout, /^\d{4}-\d\d-\d\d [\d:.]+ info {2}replay t\.tape starts/m);
    const { stdout } = await run('logs', '--level', 'error', '--json');
    assert.ok(stdout.split('\n').slice(0, -1).every((line) => ['error', 'fatal'].includes((JSON.parse(line) as { level: string }).level)));
  });

  test('--follow shows what comes, until Ctrl-C', async () => {
    const follower = playground.serve(['logs', '--follow', '-n', '1', '--process', 'served']);
    await follower.passes(1);
    await playground.ask('served', 'logLevel.set', { level: 'info' });
    await follower.until(() => follower.stdout.includes('an operator did logLevel.set'), 'the line');
    assert.deepEqual(await follower.kill('SIGINT'), { code: 0, signal: null });
  });
});

test('the commands that load little are all that ask a process', () => {
  const program = new Command();
  register(program);
  assert.deepEqual(program.commands.map((command) => command.name()), CONTROL_COMMANDS);
});

test('help names every kind of trace event', () => {
  const program = new Command();
  register(program);
  const kinds = /: ([^:]+)$/.exec(program.commands.find((command) => command.name() === 'trace')!.options.find(({ long }) => long === '--kind')!.description)![1]!;
  assert.deepEqual(kinds.split(', '), TRACE_KINDS);
});

describe('completion asks the running process', () => {
  /** What bash offers where the cursor is. */
  function candidates(...words: string[]): string[] {
    writeFileSync(playground.at('faultline.bash'), completionScript('bash', commandTree(buildProgram())));
    mkdirSync(playground.at('bin'), { recursive: true });
    writeFileSync(playground.at('bin/faultline'), `#!/bin/sh\nexec "${process.execPath}" "${join(projectRoot, 'bin/faultline.js')}" "$@"\n`);
    chmodSync(playground.at('bin/faultline'), 0o755);
    const script = 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _faultline; printf "%s\\n" "${COMPREPLY[@]}"';
    const env: NodeJS.ProcessEnv = { ...process.env, ...playground.env, PATH: `${playground.at('bin')}:${process.env['PATH']}` };
    delete env['NODE_TEST_CONTEXT'];
    const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script, playground.at('faultline.bash'), 'faultline', ...words], { encoding: 'utf8', env });
    assert.equal(stderr, '');
    return stdout.split('\n').filter(Boolean).sort();
  }

  test('verbs, names of processes, and paths of actors', { skip: spawnSync('bash', ['--version']).status !== 0 && 'no bash here' }, () => {
    assert.deepEqual(candidates('insp'), ['inspect']);
    assert.deepEqual(candidates('ps', '--process', ''), ['served']);
    assert.deepEqual(candidates('inspect', '/trading/a'), ['/trading/account']);
    assert.deepEqual(candidates('trace', '--process', 'served', '/market/k'), ['/market/kernel']);
    assert.deepEqual(candidates('start-child', 'probe', '--under', '/trading/s').slice(0, 1), ['/trading/strategies']);
    assert.ok(candidates('').includes('deadletters') && !candidates('').includes('__complete'));
  });
});

describe('nobody to ask', () => {
  const elsewhere = { FAULTLINE_RUN_DIR: playground.at('elsewhere') };

  test('no process at all, none of that name, and names that are none: code 7 or 2, with the way out', async () => {
    const none = await faultline(['ps'], { env: elsewhere });
    assert.deepEqual([none.code, none.stdout], [7, '']);
    assert.match(none.stderr, /^faultline: no process is running \(looked in .*elsewhere\)\n {2}fix: start one: faultline replay <tape> --serve --name <name>\n$/);
    await refused(7, /no process other is running\n {2}fix: running: served/, 'ps', '--process', 'other');
    await refused(2, /'a\/b' is not a name/, 'ps', '--process', 'a/b');
    const { stdout } = await run('ps', '--process', 'other', '--json');
    assert.deepEqual((JSON.parse(stdout) as { error: { code: number; exit: string } }).error.exit, 'noProcess');
  });

  test('a folder that others may enter is refused', async () => {
    mkdirSync(playground.at('open'));
    chmodSync(playground.at('open'), 0o755);
    const { code, stderr } = await faultline(['ps'], { env: { FAULTLINE_RUN_DIR: playground.at('open') } });
    assert.equal(code, 78);
    assert.match(stderr, /open to other users[^]*fix: chmod 700/);
  });

  test('a socket where somebody else answers, or nobody does: code 8', async () => {
    mkdirSync(playground.at('odd'), { mode: 0o700 });
    // Who only looks whether somebody is there hangs up at once.
    const deaf = (socket: Socket): Socket => socket.on('error', () => {});
    const strangers = createServer((socket) => deaf(socket).end('HTTP/1.1 200 OK\r\n\r\n')).listen(playground.at('odd/stranger.sock'));
    const silent = createServer((socket) => void deaf(socket)).listen(playground.at('odd/silent.sock'));
    try {
      const env = { FAULTLINE_RUN_DIR: playground.at('odd') };
      const [stranger, mute, several] = await Promise.all([
        faultline(['ps', '--process', 'stranger'], { env }), faultline(['ps', '--process', 'silent'], { env }), faultline(['ps'], { env }),
      ]);
      assert.deepEqual([stranger.code, mute.code, several.code], [8, 8, 7]);
      assert.match(stranger.stderr, /does not speak the protocol/);
      assert.match(several.stderr, /2 processes are running: silent, stranger\n {2}fix: name one with --process/);
    } finally {
      strangers.close();
      silent.close();
    }
  });

  test('a process that a signal holds up: code 8, and how it goes on', { skip: process.platform !== 'linux' && 'no /proc here' }, async () => {
    const held = playground.serve(['replay', playground.at('t.tape'), '--serve', '--name', 'held']);
    await held.ready();
    held.child.kill('SIGSTOP');
    const [ps, listed] = await Promise.all([run('ps', '--process', 'held'), run('processes')]);
    held.child.kill('SIGKILL');
    assert.equal(ps.code, 8);
    assert.match(ps.stderr, new RegExp(`held \\(pid ${held.pid}\\) is held up by a signal.*\\n {2}fix: let it go on: kill -CONT ${held.pid}\\n$`));
    assert.match(listed.stdout, /held +\d+ +held by a signal/);
    await held.ended;
  });

  test('a process that was killed is not running; its log still tells', async () => {
    const dead = playground.serve(['replay', playground.at('t.tape'), '--serve', '--name', 'dead']);
    await dead.ready();
    await dead.kill('SIGKILL');
    await refused(7, /no process dead is running; the last one, pid \d+, ended without a word\n {2}fix: running: served; what it said last: faultline logs --process dead/, 'ps', '--process', 'dead');
    assert.match((await run('logs', '--process', 'dead')).stdout, /ready/);
    assert.match((await run('processes', '--all')).stdout, /dead +\d+ +killed/);
  });
});

describe('on a terminal', { skip: (process.platform !== 'linux' || spawnSync('script', ['--version']).status !== 0) && 'no script(1) here' }, () => {
  /** Runs a command on a pseudo-terminal and types. */
  function typed(input: string, ...args: string[]): { readonly status: number | null; readonly out: string } {
    const env: NodeJS.ProcessEnv = { ...process.env, ...playground.env };
    delete env['NODE_TEST_CONTEXT'];
    const command = [process.execPath, join(projectRoot, 'bin/faultline.js'), ...args].map((word) => `'${word}'`).join(' ');
    const { status, stdout } = spawnSync('script', ['-qec', command, '/dev/null'], { input, encoding: 'utf8', env, timeout: 60_000 });
    return { status, out: stdout };
  }

  test('what cannot be taken back is asked first: no is no, yes is yes, --yes asks nothing', () => {
    const no = typed('n\n', 'terminate', '/trading/mine');
    assert.match(no.out, /Stop \/trading\/mine\? It stays stopped until it is restarted\. \[y\/N\]/);
    assert.match(no.out, /nothing was done/);
    assert.match(typed('', 'ps').out, /served {2}pid \d+ .* clock \d{4}-\d\d-\d\dT[\d:.]+Z .*/);
    // script(1) without a terminal of its own has one of no size.
    const { out } = typed('', 'ps', '--watch', '--for', '100ms');
    assert.match(out, /strategies/);
    assert.doesNotMatch(out, /more lines/);
    assert.equal(no.status, 130);
    assert.match(typed('y\n', 'terminate', '/trading/mine').out, /\/trading\/mine is stopped/);
    const unasked = typed('', 'restart', '/trading/mine', '--yes');
    assert.match(unasked.out, /is started again/);
    assert.doesNotMatch(unasked.out, /\[y\/N\]/);
  });
});

describe('its end', () => {
  test('shutdown of a process that is killed half way ends with 12, not with 0', async () => {
    const doomed = playground.serve(['replay', playground.at('t.tape'), '--serve', '--name', 'doomed']);
    await doomed.ready();
    await playground.ask('doomed', 'startChild', { template: 'probe', supervisor: '/trading', id: 'slow' });
    const body = 'const hold = () => { console.log("held"); for (const end = Date.now() + 60000; Date.now() < end; ); };';
    writeFileSync(playground.at('slow.mjs'), `${body}\nexport const probe = { name: 'probe', version: 2, init: () => 0, step: (state) => state, stop: hold, migrate: (data) => data };\n`);
    await playground.ask('doomed', 'upgrade', { module: playground.at('slow.mjs'), dryRun: false });
    const command = run('shutdown', '--process', 'doomed');
    await doomed.until(() => doomed.stdout.includes('held'), 'the stop hook');
    await doomed.kill('SIGKILL');
    const { code, stdout } = await command;
    assert.deepEqual([code, stdout], [12, 'doomed ended without a word: it was killed before its shutdown was done\n']);
  });

  test('shutdown of a process that is lost with the answer: its end tells how it went, and one that lives has hung up', async () => {
    mkdirSync(playground.at('lost'), { mode: 0o700 });
    /** A process that takes the request and hangs up: `how` it goes on from there. */
    const shutdownOf = async (name: string, how: 'lives' | 'is killed' | 'ends with 4'): Promise<Outcome> => {
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' });
      await once(child, 'spawn');
      const ended = once(child, 'exit');
      const record: ProcessRecord = {
        name, pid: child.pid!, startTicks: null, state: 'ready', what: 'a test', startedAt: new Date(0).toISOString(), endedAt: null, exitCode: null, version: '1', node: '20',
        socket: playground.at(`lost/${name}.sock`), manager: null, log: playground.at('lost/none.log'),
      };
      writeRecord(playground.at('lost'), record);
      const server = createServer((socket) => {
        socket.on('error', () => {});
        createInterface(socket).on('line', (line) => {
          const { id, method } = JSON.parse(line) as { readonly id: number; readonly method: string };
          if (method !== 'shutdown') {
            socket.write(`${JSON.stringify({ jsonrpc: '2.0', id, result: { protocol: 1, name, pid: child.pid, version: '1', server: 'test' } })}\n`);
            return;
          }
          socket.destroy();
          if (how === 'lives') return;
          server.close();
          if (how === 'ends with 4') writeRecord(playground.at('lost'), { ...record, state: 'ended', endedAt: record.startedAt, exitCode: 4 });
          else child.kill('SIGKILL');
        });
      }).listen(record.socket);
      await once(server, 'listening');
      try {
        return await faultline(['shutdown', '--process', name], { env: { FAULTLINE_RUN_DIR: playground.at('lost'), NO_COLOR: '1' } });
      } finally {
        server.close();
        child.kill('SIGKILL');
        await ended;
      }
    };
    const [killed, done, alive] = await Promise.all([shutdownOf('a', 'is killed'), shutdownOf('b', 'ends with 4'), shutdownOf('c', 'lives')]);
    assert.deepEqual([killed.code, killed.stdout], [12, 'a ended without a word: it was killed before its shutdown was done\n'], killed.stderr);
    assert.deepEqual([done.code, done.stdout], [4, 'b ended with code 4\n'], done.stderr);
    assert.deepEqual([alive.code, alive.stdout], [8, '']);
    assert.match(alive.stderr, /c \(pid \d+\) hung up: the process closed the connection before it answered/);
  });

  test('shutdown waits until it has ended, and gives its exit code', async () => {
    assert.deepEqual(await json('shutdown', '--reason', 'the test is over'), { name: 'served', accepted: true, ended: true, exitCode: 0 });
    assert.deepEqual(await served.ended, { code: 0, signal: null });
    assert.match(readFileSync(playground.at('log/served.log'), 'utf8'), /stopping: the test is over/);
    await refused(7, /no process served is running; the last one ended at \S+ with code 0/, 'shutdown', '--process', 'served');
  });
});
