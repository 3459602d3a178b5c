import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CONTAINER_VERSION, TAPE_MAGIC } from '../../../data/tape/format.js';
import { scratch } from '../../data/tape/support.js';
import { faultline, projectRoot } from '../cli/run-node.js';

const page = readFileSync(join(projectRoot, 'docs/tape.md'), 'utf8');

void test('the commands of docs/tape.md run, one after the other', async (t) => {
  const cwd = scratch(t);
  const block = /```sh\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const commands = block.trim().split('\n').map((line) => line.split(' '));
  assert.ok(commands.length >= 4);
  for (const [npx, name, ...args] of commands) {
    assert.deepEqual([npx, name], ['npx', 'faultline']);
    const { code, stderr } = await faultline(args, { cwd });
    assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
  }
  assert.match(readFileSync(join(cwd, 'minute.csv'), 'utf8'), /^seq,kind,.*\n\d+,trade,/);
});

void test('the constants of docs/tape.md are those of the program', () => {
  const magic = [...TAPE_MAGIC].map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join(' ');
  assert.ok(page.includes(`magic \`${magic}\``));
  assert.ok(page.includes(`Container version ${CONTAINER_VERSION},`));
});
