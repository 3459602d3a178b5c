import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CONTAINER_VERSION, TAPE_MAGIC } from '../../../data/tape/format.js';
import { projectRoot } from '../cli/run-node.js';

const page = readFileSync(join(projectRoot, 'docs/tape.md'), 'utf8');

void test('the constants of docs/tape.md are those of the program', () => {
  const magic = [...TAPE_MAGIC].map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join(' ');
  assert.ok(page.includes(`magic \`${magic}\``));
  assert.ok(page.includes(`Container version ${CONTAINER_VERSION},`));
});
