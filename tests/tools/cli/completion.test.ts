import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Argument, Command, Option } from 'commander';
import { completionScript } from '../../../tools/cli/completion.js';
import { buildProgram } from '../../../tools/cli/program.js';
import { commandTree, everyCommand } from '../../../tools/cli/tree.js';

const has = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0;

/** A program with every kind of thing that can be completed, and names that need quoting. */
function sample(): Command {
  const program = new Command('faultline').version('1');
  const tape = program.command('tape').description("it's a group");
  tape
    .command('export')
    .argument('<file>')
    .addOption(new Option('-f, --format <format>', 'how to write').choices(['csv', 'jsonl']))
    .option('--out <path>', 'where to')
    .option('--seed <n>', 'a number')
    .option('--json');
  tape.command('info').argument('<tape>').option('--partial');
  program.command('completion').addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']));
  program.command('secret', { hidden: true });
  return program;
}

describe('completion in bash', { skip: !has('bash') && 'no bash here' }, () => {
  const scratch = mkdtempSync(join(tmpdir(), 'faultline-completion-'));
  before(() => {
    writeFileSync(join(scratch, 'faultline.bash'), completionScript('bash', commandTree(sample())));
    writeFileSync(join(scratch, 'my tape.tape'), '');
    writeFileSync(join(scratch, 'other.csv'), '');
  });
  after(() => rmSync(scratch, { recursive: true, force: true }));

  /** What bash makes of `line` when Tab is pressed, as its own readline types it: the words the command would get. */
  async function tab(line: string): Promise<string[]> {
    const child = spawn('bash', ['--norc', '--noprofile', '-i'], { cwd: scratch, stdio: ['pipe', 'pipe', 'ignore'], env: { PATH: process.env['PATH'] ?? '', TERM: 'dumb', INPUTRC: '/dev/null' } });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stdin.end(`faultline() { printf 'got:%s\\n' "$@"; }\nsource ./faultline.bash\n${line}\t\n`);
    await new Promise((resolve) => child.on('close', resolve));
    return out.split('\n').filter((text) => text.startsWith('got:')).map((text) => text.slice(4));
  }

  /** Every candidate the completion function offers. */
  function candidates(...words: string[]): string[] {
    const script = 'source ./faultline.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _faultline; printf "%s\\n" "${COMPREPLY[@]}"';
    const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script, 'bash', 'faultline', ...words], { cwd: scratch, encoding: 'utf8' });
    assert.equal(stderr, '');
    return stdout.split('\n').filter(Boolean).sort();
  }

  for (const [line, expected] of [
    ['faultline ta', ['tape']],
    ['faultline tape ex', ['tape', 'export']],
    ['faultline tape export --fo', ['tape', 'export', '--format']],
    ['faultline tape export --format js', ['tape', 'export', '--format', 'jsonl']],
    ['faultline tape export --format=js', ['tape', 'export', '--format=jsonl']],
    ['faultline tape export -f c', ['tape', 'export', '-f', 'csv']],
    ['faultline tape info my', ['tape', 'info', 'my tape.tape']],
    ['faultline tape export x --out oth', ['tape', 'export', 'x', '--out', 'other.csv']],
    ['faultline tape export x --seed oth', ['tape', 'export', 'x', '--seed', 'oth']],
    ['faultline help tape in', ['help', 'tape', 'info']],
    ['faultline completion f', ['completion', 'fish']],
    ['faultline sec', ['sec']],
  ] as const) {
    test(`${line}<Tab>`, async () => assert.deepEqual(await tab(line), expected));
  }

  test('offers every command, option and choice where it belongs', () => {
    assert.deepEqual(candidates(''), ['completion', 'help', 'tape']);
    assert.deepEqual(candidates('tape', ''), ['export', 'info']);
    assert.deepEqual(candidates('tape', 'export', '-'), ['--format', '--help', '--json', '--out', '--seed', '-f', '-h']);
    assert.deepEqual(candidates('tape', 'export', '--format', ''), ['csv', 'jsonl']);
    assert.deepEqual(candidates('tape', 'export', '--json', 'o'), ['other.csv']);
  });
});

test('completion in fish', { skip: !has('fish') && 'no fish here' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-completion-'));
  writeFileSync(join(folder, 'faultline.fish'), completionScript('fish', commandTree(sample())));
  const offered = (line: string): string[] => {
    const { stdout } = spawnSync('fish', ['--no-config', '-c', `source faultline.fish; complete -C "${line}"`], { cwd: folder, encoding: 'utf8' });
    return stdout.split('\n').filter(Boolean).map((text) => text.split('\t')[0]!);
  };
  assert.deepEqual(offered('faultline '), ['completion', 'help', 'tape']);
  assert.deepEqual(offered('faultline tape export --format '), ['csv', 'jsonl']);
  assert.deepEqual(offered('faultline tape export --j'), ['--json']);
  assert.deepEqual(offered('faultline help tape '), ['export', 'info']);
  rmSync(folder, { recursive: true });
});

describe('the real program', () => {
  const tree = commandTree(buildProgram());

  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    test(`its ${shell} script names every command and option`, () => {
      const script = completionScript(shell, tree);
      for (const { path, options } of everyCommand(tree)) {
        assert.ok(script.includes(path.join(' ')), path.join(' '));
        for (const name of options.flatMap(({ names }) => names)) assert.ok(script.includes(shell === 'fish' ? name.replace(/^--?/, '') : name), name);
      }
    });

    test(`${shell} takes the script`, { skip: !has(shell) && `no ${shell} here` }, () => {
      const folder = mkdtempSync(join(tmpdir(), 'faultline-completion-'));
      writeFileSync(join(folder, 'script'), completionScript(shell, tree));
      const { status, stderr } = spawnSync(shell, ['-n', join(folder, 'script')], { encoding: 'utf8' });
      rmSync(folder, { recursive: true });
      assert.deepEqual([status, stderr], [0, '']);
    });
  }
});
