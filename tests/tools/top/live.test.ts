import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ENTER, LEAVE } from '../../../tools/top/screen.js';
import type { ProcessSample } from '../../../tools/top/sample.js';
import { serve } from '../../runtime/control/support.js';
import { faultline } from '../cli/run-node.js';
import { ScreenModel } from './screen-model.js';

const PROGRAM = fileURLToPath(new URL('./top-program.js', import.meta.url));
/** Only a hang takes so long. */
const PATIENCE_MS = 60_000;
const COLUMNS = 60;
const ROWS = 12;

void test('top --once: every process that runs, on one look; and none', async (t) => {
  const { path, runtime } = await serve(t);
  runtime.crash('/a', new Error('planted'));
  const env = { FAULTLINE_RUN_DIR: dirname(path), NO_COLOR: '1' };
  const { code, stdout, stderr } = await faultline(['top', '--once', '--json'], { env });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^[^\n]+\n$/);
  const { processes } = JSON.parse(stdout) as { readonly processes: readonly ProcessSample[] };
  assert.deepEqual(processes.map(({ name, answering }) => [name, answering]), [['c', true]]);
  const [seen] = processes;
  assert.deepEqual(seen!.actors.map(({ path: of, state, restarts }) => [of, state, restarts]), [['/', 'running', 0], ['/a', 'running', 1], ['/b', 'running', 0]]);
  assert.match(seen!.actors[1]!.lastExit, /planted/);
  assert.deepEqual([typeof seen!.rssBytes, typeof seen!.messagesPerSecond, seen!.restarts, seen!.pid], ['number', 'number', 1, process.pid]);
  const empty = join(dirname(path), 'none');
  mkdirSync(empty, { mode: 0o700 });
  const none = await faultline(['top', '--once'], { env: { ...env, FAULTLINE_RUN_DIR: empty } });
  assert.equal(none.code, 7);
  assert.match(none.stderr, /no process is running[^]*npm start/);
});

const FRAME_END = '\u001b[?2026l';
const isDrawn = (output: string): boolean => output.includes(ENTER) && /b +running[^]*\u001b\[\?2026l/.test(output);

/** A terminal of its own for a program, by script(1) of util-linux. */
class Terminal {
  readonly child: ChildProcess;
  output = '';
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    // The shell between them keeps script from stopping with the program.
    const command = `stty rows ${ROWS} cols ${COLUMNS}; ${process.execPath} ${PROGRAM} --interval 200ms; exit $?`;
    this.child = spawn('script', ['-qefc', command, '/dev/null'], { env: { ...process.env, FAULTLINE_RUN_DIR: this.#folder, TERM: 'xterm-256color', LC_ALL: 'C.UTF-8', NO_COLOR: '1', FORCE_COLOR: '', SHELL: '/bin/sh' }, stdio: ['pipe', 'pipe', 'inherit'] });
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => (this.output += text));
  }

  get pid(): number {
    return Number(/pid (\d+)/.exec(this.output)![1]);
  }

  /** Waits until `found` holds of what has been written since `from`. */
  async until(found: (output: string) => boolean, from = 0): Promise<void> {
    for (const untilMs = performance.now() + PATIENCE_MS; !found(this.output.slice(from)); ) {
      if (performance.now() > untilMs || this.child.exitCode !== null) assert.fail(`not seen: ${JSON.stringify(this.output.slice(-2000))}`);
      await sleep(20);
    }
  }

  async ended(): Promise<number> {
    if (this.child.exitCode === null) await once(this.child, 'close');
    return this.child.exitCode!;
  }

  /** What stands on the screen while the program has it. */
  screen(): string[] {
    const model = new ScreenModel(COLUMNS, ROWS);
    model.write(this.output.slice(this.output.lastIndexOf(ENTER), this.output.lastIndexOf(FRAME_END) + FRAME_END.length));
    return model.lines;
  }
}

async function open(t: TestContext): Promise<Terminal | null> {
  if (process.platform !== 'linux' || spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') !== true) {
    t.skip('skipped: no script(1) of util-linux');
    return null;
  }
  const { path } = await serve(t);
  const terminal = new Terminal(dirname(path));
  t.after(() => terminal.child.kill('SIGKILL'));
  return terminal;
}

/** The terminal was given back, and nothing was drawn on it after that. */
function assertGivenBack(output: string): void {
  const at = output.lastIndexOf(LEAVE);
  assert.ok(at > output.lastIndexOf(ENTER), 'given back after it was taken');
  assert.doesNotMatch(output.slice(at + LEAVE.length), /\u001b\[/);
}

void test('top on a terminal: drawn, stopped and continued, ended by a key; the terminal is given back each time', async (t) => {
  const terminal = await open(t);
  if (terminal === null) return;
  await terminal.until(isDrawn);
  const lines = terminal.screen();
  assert.equal(lines.length, ROWS);
  assert.match(lines[0]!, /^faultline top {2}\d\d:\d\d:\d\d UTC {2}1 process {2}\? help$/);
  assert.match(lines.join('\n'), /▾ c +pid[^]*▾ \/ +running[^]*a +running[^]*b +running/);
  // As a shell's job control does it.
  let from = terminal.output.length;
  process.kill(terminal.pid, 'SIGTSTP');
  await terminal.until((output) => output.includes(LEAVE), from);
  for (const untilMs = performance.now() + PATIENCE_MS; !/^State:\s+T/m.test(readFileSync(`/proc/${terminal.pid}/status`, 'utf8')); ) {
    assert.ok(performance.now() < untilMs, 'it stops');
    await sleep(20);
  }
  assertGivenBack(terminal.output);
  from = terminal.output.length;
  process.kill(terminal.pid, 'SIGCONT');
  await terminal.until(isDrawn, from);
  terminal.child.stdin!.write('?');
  await terminal.until((output) => output.includes('fold and unfold'), from);
  terminal.child.stdin!.write('xq');
  assert.equal(await terminal.ended(), 0);
  assertGivenBack(terminal.output);
});

void test('top that is ended by SIGTERM, or by an error of its own, gives the terminal back', async (t) => {
  const [asked, failing] = [await open(t), await open(t)];
  if (asked === null || failing === null) return;
  await Promise.all([asked, failing].map((terminal) => terminal.until(isDrawn)));
  process.kill(asked.pid, 'SIGTERM');
  process.kill(failing.pid, 'SIGUSR2');
  assert.deepEqual([await asked.ended(), await failing.ended()], [143, 1]);
  assertGivenBack(asked.output);
  assertGivenBack(failing.output);
  assert.match(failing.output.slice(failing.output.lastIndexOf(LEAVE)), /nobody caught me/);
});
