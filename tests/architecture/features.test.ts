import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { DEFAULT_CONFIG } from '../../config/index.js';
import { SHARED_DATA_ABSENT, sharedData } from '../support/shared-data.js';
import { projectRoot } from '../tools/cli/run-node.js';

interface Row {
  readonly id: string;
  readonly where: string;
  readonly tests: string;
  readonly state: string;
}

const ID = /^\d{3}-\d{3}[a-z]?$/;
const rows: readonly Row[] = readFileSync(join(projectRoot, 'docs/features.md'), 'utf8').split('\n').filter((line) => /^\| \d/.test(line)).map((line) => {
  const cells = line.split('|').map((cell) => cell.trim());
  assert.equal(cells.length, 7, line);
  const [, id, , where, tests, state] = cells as [string, string, string, string, string, string];
  return { id, where, tests, state };
});
const quoted = (text: string): readonly string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, token]) => token!);
const isPath = (token: string): boolean => /^(actors|config|data|docs|runtime|supervisors|tests|tools)\//.test(token);

/** Rows that issue 14 claims, first and last of each stretch; what lies between them is FEATURES.md's. */
const LIVE = '000-001…005 000-007 000-008 000-020 000-021 000-024 000-041…043 000-058 000-070 000-072…077 002-055…063 002-120…122 002-160…166 002-180 002-300…310c 002-313 002-380…385'.split(' ');

describe('docs/features.md', () => {
  test('has rows of the known form, none twice, each with a state that it explains', () => {
    assert.ok(rows.length > 60);
    assert.deepEqual(rows.filter(({ id }) => !ID.test(id)), []);
    assert.deepEqual(rows.filter(({ id }, at) => rows.findIndex((row) => row.id === id) !== at), []);
    assert.deepEqual(rows.filter(({ state }) => !/^(whole(; .+)?|partly: .+|differs by decision: .+)$/.test(state)), []);
  });

  test('names files and keys that exist, and a test for every row', () => {
    for (const { id, where, tests } of rows) {
      for (const token of [...quoted(where), ...quoted(tests)]) {
        if (isPath(token)) assert.ok(existsSync(join(projectRoot, token)), `${id}: there is no ${token}`);
        if (/^(engine|indicators|trading)\.\w/.test(token)) assert.ok(hasKey(token), `${id}: the configuration has no ${token}`);
      }
      assert.ok(quoted(tests).length > 0 && quoted(tests).every((token) => /^tests\/.+\.test\.ts$/.test(token)), `${id} has no test`);
      assert.ok(quoted(where).length > 0, `${id} is nowhere`);
    }
  });

  test('has rows that FEATURES.md has, and all of those that belong to trading live', (t) => {
    const path = sharedData('..', 'spec', 'FEATURES.md');
    if (path === undefined) return t.skip(SHARED_DATA_ABSENT);
    const known = [...readFileSync(path, 'utf8').matchAll(/^\| (\d{3}-\d{3}[a-z]?) \|/gm)].map(([, id]) => id!);
    const here = new Set(rows.map(({ id }) => id));
    assert.deepEqual([...here].filter((id) => !known.includes(id)), []);
    const claimed = LIVE.flatMap((stretch) => {
      const [first, last] = stretch.split('…') as [string, string?];
      const to = last === undefined ? first : `${first.slice(0, 4)}${last}`;
      assert.ok(known.includes(first) && known.includes(to), stretch);
      return known.slice(known.indexOf(first), known.indexOf(to) + 1);
    });
    assert.deepEqual(claimed.filter((id) => !here.has(id)), []);
    return undefined;
  });
});

/** `NAME` stands for whatever name. */
function hasKey(path: string): boolean {
  let here: unknown = DEFAULT_CONFIG;
  for (const part of path.split('.')) {
    if (part === 'NAME') return true;
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, part)) return false;
    here = (here as Readonly<Record<string, unknown>>)[part];
  }
  return true;
}
