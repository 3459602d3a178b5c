import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { EXIT_CODES } from '../../tools/cli/errors.js';
import { buildProgram } from '../../tools/cli/program.js';
import { commandTree, everyCommand } from '../../tools/cli/tree.js';
import { command as faultline } from '../support/shell.js';

// Every command that reads a file, given every kind of file that it cannot use, and every command that writes one, given
// every place where it cannot: one clear line, a code of the table that is neither 0 nor 1, and no stack.
const folder = mkdtempSync(join(tmpdir(), 'faultline-bad-input-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

/** How each reading command takes a file; OUT is a fresh path. */
const READERS: Readonly<Record<string, (file: string, out: string) => string[]>> = {
  'tape info': (file) => ['tape', 'info', file],
  'tape verify': (file) => ['tape', 'verify', file],
  'tape repair': (file, out) => ['tape', 'repair', file, '--out', out],
  'tape export': (file, out) => ['tape', 'export', '--format', 'csv', file, '--out', out],
  'tape merge': (file, out) => ['tape', 'merge', file, at('good.tape'), '--out', out],
  'tape import': (file, out) => ['tape', 'import', '--format', 'auto', '--symbol', 'X', '--venue', 'x', '--out', out, file],
  'market stats': (file) => ['market', 'stats', file],
  'config check': (file) => ['config', 'check', file],
  replay: (file) => ['replay', file],
};

const BAD_FILES = ['missing', 'folder', 'empty', 'noise', 'text', 'cut-in-header', 'flipped', 'longer'] as const;
/** Each takes its time, so only these commands are given every file, the others one of each sort. */
const GIVEN_ALL: ReadonlySet<string> = new Set(['tape info', 'tape import', 'replay']);
const ONE_OF_EACH: ReadonlySet<string> = new Set(['missing', 'noise', 'flipped']);
/** Damaged at the end only, or no tape at all: what is no error there, each for its reason. */
const FINE: Readonly<Record<string, readonly string[]>> = {
  'tape repair': ['flipped', 'longer'],
};

/** How each writing command takes an output. */
const WRITERS: Readonly<Record<string, (out: string) => string[]>> = {
  'tape repair': (out) => ['tape', 'repair', at('good.tape'), '--out', out],
  'tape export': (out) => ['tape', 'export', '--format', 'jsonl', at('good.tape'), '--out', out],
  'tape merge': (out) => ['tape', 'merge', at('good.tape'), at('good.tape'), '--out', out],
  'tape import': (out) => ['tape', 'import', '--format', 'generic-csv', '--symbol', 'X', '--venue', 'x', '--out', out, at('good.csv')],
  'market generate': (out) => ['market', 'generate', '--scenario', 'calm', '--minutes', '3', '--rate', '0.1', '--out', out],
};

const known: ReadonlySet<number> = new Set(Object.values(EXIT_CODES).map(({ code }) => code));
const registered = new Set([...everyCommand(commandTree(buildProgram()))].map(({ path }) => path.join(' ')));

async function refused(args: readonly string[], what: string): Promise<number | null> {
  const { code, stdout, stderr } = await faultline([...args, ...(args.includes('export') ? [] : ['--json'])]);
  assert.ok(code !== null && known.has(code) && code !== EXIT_CODES.ok.code && code !== EXIT_CODES.bug.code, `${what}: ended with ${code}\n${stdout}${stderr}`);
  assert.doesNotMatch(stderr, /\n {4}at /, what);
  assert.match(stdout === '' ? stderr : stdout, /\S/, what);
  if (stdout !== '' && !args.includes('export')) JSON.parse(stdout);
  return code;
}

describe('bad input', () => {
  before(async () => {
    const { code, stderr } = await faultline(['market', 'generate', '--scenario', 'calm', '--minutes', '3', '--rate', '0.2', '--seed', '9', '--out', at('good.tape')]);
    assert.equal(code, 0, stderr);
    const good = readFileSync(at('good.tape'));
    mkdirSync(at('folder'));
    writeFileSync(at('empty'), '');
    writeFileSync(at('noise'), Uint8Array.from({ length: 70_000 }, (_, index) => (Math.imul(index + 1, 2654435761) >>> 13) & 0xff));
    writeFileSync(at('text'), 'This is a letter to my grandmother.\n'.repeat(100));
    writeFileSync(at('cut-in-header'), good.subarray(0, 40));
    const flipped = Buffer.from(good);
    flipped[good.length >> 1]! ^= 0x10;
    writeFileSync(at('flipped'), flipped);
    writeFileSync(at('longer'), Buffer.concat([good, Buffer.from('tail')]));
    writeFileSync(at('good.csv'), 'time,price,quantity,side\n1700000000000,100,1,buy\n1700000000001,101,2,sell\n');
  });

  for (const [command, args] of Object.entries(READERS)) {
    test(`${command}: files it cannot use`, { skip: !registered.has(command) && 'no such command' }, async () => {
      const files = BAD_FILES.filter((file) => (GIVEN_ALL.has(command) || ONE_OF_EACH.has(file)) && FINE[command]?.includes(file) !== true);
      for (const file of files) {
        const code = await refused(args(at(file), at(`out-${file}.tape`)), `${command} ${file}`);
        if (command !== 'config check' && (file === 'missing' || file === 'folder')) assert.equal(code, EXIT_CODES.cannotRead.code, `${command} ${file}`);
      }
    });
  }

  for (const [command, args] of Object.entries(WRITERS)) {
    test(`${command}: places it cannot write to`, { skip: !registered.has(command) && 'no such command' }, async () => {
      const places = [at('no/such/folder/x.tape'), join(at('text'), 'x.tape'), at('folder'), '/proc/x.tape'];
      for (const out of command === 'tape merge' ? places : places.slice(0, 1)) {
        assert.equal(await refused(args(out), `${command} to ${out}`), EXIT_CODES.cannotWrite.code, `${command} to ${out}`);
      }
    });

    test(`${command}: a file that exists is not overwritten unasked`, { skip: !registered.has(command) && 'no such command' }, async () => {
      const taken = at(`taken-${command.replaceAll(' ', '-')}.tape`);
      writeFileSync(taken, 'mine');
      assert.equal(await refused(args(taken), command), EXIT_CODES.cannotWrite.code);
      assert.equal(readFileSync(taken, 'utf8'), 'mine');
    });
  }
});
