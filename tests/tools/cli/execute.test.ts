import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { faultline, projectRoot, runNode } from './run-node.js';

const fixture = fileURLToPath(new URL('./fixture-program.js', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'faultline-cli-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

interface Failure {
  readonly error: { readonly code: number; readonly exit: string; readonly message: string; readonly fix: string | null };
}
const failure = (stdout: string): Failure['error'] => (JSON.parse(stdout) as Failure).error;

describe('how a command ends', () => {
  test('a result is one JSON value on stdout, big integers as digits, and exit 0', async () => {
    const { code, stdout, stderr } = await runNode(fixture, ['good', '--json']);
    assert.deepEqual([code, JSON.parse(stdout), stderr], [0, { fine: '12345678901234567890' }, '']);
  });

  test('a refusal is one line, its way out, and the code of the table', async () => {
    const { code, stdout, stderr } = await runNode(fixture, ['refuse']);
    assert.deepEqual([code, stdout, stderr], [3, '', 'faultline: the tape is cut\n  fix: run: faultline tape verify\n']);
  });

  test('with --json the refusal is also the one value on stdout', async () => {
    const { code, stdout, stderr } = await runNode(fixture, ['refuse', '--json']);
    assert.equal(code, 3);
    assert.match(stderr, /^faultline: the tape is cut\n/);
    assert.deepEqual(failure(stdout), { code: 3, exit: 'badInput', message: 'the tape is cut', fix: 'run: faultline tape verify' });
  });

  test('an error after the JSON value adds no second value', async () => {
    const { code, stdout } = await runNode(fixture, ['twice', '--json']);
    assert.equal(code, 6);
    assert.deepEqual(JSON.parse(stdout), { ok: false });
  });

  test('a check that found a difference prints its report and exits 6', async () => {
    const { code, stdout, stderr } = await runNode(fixture, ['differs', '--json']);
    assert.deepEqual([code, JSON.parse(stdout), stderr], [6, { ok: false }, '']);
  });

  for (const [command, text] of [
    ['defect', 'TypeError: what nobody expected'],
    ['late-defect', 'RangeError: thrown in a timer'],
    ['rejected', 'RangeError: nobody awaited me'],
  ] as const) {
    test(`a defect (${command}) is exit 1 with its stack`, async () => {
      const { code, stderr } = await runNode(fixture, [command]);
      assert.equal(code, 1);
      assert.match(stderr, /a defect of Faultline/);
      assert.ok(stderr.includes(text) && /\n {4}at /.test(stderr), stderr);
    });
  }

  test('a part of the program that cannot be loaded is a defect too, told as any', async () => {
    const hooks = "export async function resolve(name, context, next) { if (name.endsWith('/charts/commands.js')) throw new Error('the part is gone'); return next(name, context); }";
    const broken = `data:text/javascript,${encodeURIComponent(`import { register } from 'node:module'; register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hooks)}`)});`)}`;
    const { code, stdout, stderr } = await runNode('--import', [broken, join(projectRoot, 'bin/faultline.js'), 'charts', 'export', '--json']);
    assert.match(stderr, /a defect of Faultline\nError: the part is gone\n/);
    assert.deepEqual([code, failure(stdout).exit, failure(stdout).message], [1, 'bug', 'the part is gone']);
  });
});

describe('a wrong command line is exit 2 and says what was meant', () => {
  for (const [args, message, fix] of [
    [['tpae', 'info'], "unknown command 'tpae'", 'did you mean tape?'],
    [['tape', 'inof', 'x'], "unknown command 'inof'", 'did you mean info?'],
    [['tape', 'info', 'x', '--jsno'], "unknown option '--jsno'", 'did you mean --json?'],
    [['tape', 'info'], "missing required argument 'file'", 'see: faultline tape info --help'],
    [['tape', 'info', 'x', 'y'], "too many arguments for 'info'. Expected 1 argument but got 2.", 'see: faultline tape info --help'],
    [['tape', 'info', 'x', '--format', 'xml'], "option '--format <name>' argument 'xml' is invalid. Allowed choices are csv, jsonl.", 'see: faultline tape info --help'],
  ] as const) {
    test(['faultline', ...args].join(' '), async () => {
      const { code, stderr, stdout } = await runNode(fixture, args);
      assert.deepEqual([code, stdout, stderr], [2, '', `faultline: ${message}\n  fix: ${fix}\n`]);
    });
  }

  test('a missing sub-command prints the help of its parent, on stderr', async () => {
    for (const [args, usage] of [[['tape'], 'Usage: faultline tape'], [[], 'Usage: faultline [options] [command]']] as const) {
      const { code, stdout, stderr } = await runNode(fixture, args);
      assert.deepEqual([code, stdout], [2, '']);
      assert.ok(stderr.startsWith(usage), stderr);
      assert.ok(stderr.endsWith('faultline: a command is missing\n  fix: choose one of the commands above\n'), stderr);
    }
  });

  test('help and version are no errors', async () => {
    for (const args of [['--help'], ['help', 'tape'], ['tape', 'info', '--help'], ['--version']]) {
      const { code, stdout, stderr } = await runNode(fixture, args);
      assert.equal(code, 0, args.join(' '));
      assert.equal(stderr, '');
      assert.ok(stdout.length > 4);
    }
  });
});

describe('files', () => {
  test('a missing input is exit 4, an existing output exit 5, each with its reason', async () => {
    const missing = await runNode(fixture, ['open', join(scratch, 'none.tape')]);
    assert.equal(missing.code, 4);
    assert.match(missing.stderr, /^faultline: cannot read .*none\.tape: no such file or folder\n {2}fix: check the path\n$/);
    const there = join(scratch, 'there');
    closeSync(openSync(there, 'w'));
    const refused = await runNode(fixture, ['open', there, '--write']);
    assert.equal(refused.code, 5);
    assert.match(refused.stderr, /^faultline: cannot write .*there: exists already\n/);
  });

  test('a full disk behind stdout is exit 5', { skip: !existsSync('/dev/full') && 'needs /dev/full' }, async () => {
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [fixture, 'good'], { stdio: ['ignore', full, 'pipe'] });
    let stderr = '';
    child.stderr!.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const code = await new Promise((resolve) => child.on('close', resolve));
    closeSync(full);
    assert.equal(code, 5, stderr);
    assert.match(stderr, /no space left on the disk/);
  });

  test('a reader who closes our stdout ends the command quietly', async () => {
    const child = spawn(process.execPath, [fixture, 'endless'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.stdout.once('data', () => child.stdout.destroy());
    const code = await new Promise((resolve) => child.on('close', resolve));
    assert.deepEqual([code, stderr], [0, '']);
  });
});

describe('signals', () => {
  for (const [signal, expected, word] of [['SIGINT', 130, 'interrupted'], ['SIGTERM', 143, 'terminated']] as const) {
    test(`${signal} runs the cleanups newest first, says one line, exits ${expected}`, async () => {
      let sent = false;
      const { code, stdout, stderr } = await runNode(fixture, ['busy', '--json'], {
        onStderr: (text, child) => {
          if (!sent && text.includes('ready')) sent = child.kill(signal);
        },
      });
      assert.equal(code, expected);
      assert.equal(stderr, `ready\ncleanup two\ncleanup one\nfaultline: ${word}; what was complete is kept\n`);
      assert.equal(failure(stdout).code, expected);
    });
  }

  test('a second Ctrl-C does not wait for a cleanup that hangs', async () => {
    let sent = 0;
    const { code } = await runNode(fixture, ['busy', '--stuck'], {
      onStderr: (text, child) => {
        if (sent === 0 && text.includes('ready')) {
          sent = 1;
          child.kill('SIGINT');
          const again = setInterval(() => child.kill('SIGINT') || clearInterval(again), 50);
        }
      },
    });
    assert.equal(code, 130);
  });
});

describe('the installed command', () => {
  test('prints the version of package.json', async () => {
    const manifest = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { version: string };
    const { code, stdout } = await faultline(['--version']);
    assert.deepEqual([code, stdout], [0, `${manifest.version}\n`]);
  });

  test('says in one line that it is not built, exit 78', async () => {
    mkdirSync(join(scratch, 'bin'));
    copyFileSync(join(projectRoot, 'bin/faultline.js'), join(scratch, 'bin/faultline.js'));
    writeFileSync(join(scratch, 'package.json'), '{"type":"module"}');
    const { code, stdout, stderr } = await runNode(join(scratch, 'bin/faultline.js'), ['--version']);
    assert.deepEqual([code, stdout, stderr], [78, '', 'faultline: not built yet; run: npm run build\n']);
  });

  test('an old Node is refused in one line, exit 78, before anything is loaded', async () => {
    const entry = join(scratch, 'bin/old.js');
    const source = readFileSync(join(projectRoot, 'bin/faultline.js'), 'utf8').replaceAll('process.versions.node', "'18.20.4'");
    writeFileSync(entry, source);
    const { code, stderr } = await runNode(entry, []);
    assert.deepEqual([code, stderr], [78, 'faultline: needs Node 20.19 or newer, this is 18.20.4\n']);
  });
});
