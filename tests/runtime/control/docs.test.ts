import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { CONTROL_LIMITS, discover, type MethodName, METHODS } from '../../../runtime/control/index.js';
import { protocolPage, protocolSchema } from '../../../tools/control/protocol-page.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const read = (file: string): string => readFileSync(root + file, 'utf8');

test('the published schema and its page are what the code says (npm run docs)', () => {
  assert.equal(read('docs/control-protocol.md'), protocolPage());
  assert.equal(read('docs/control-protocol.json'), protocolSchema());
});

test('the schema is of every method, and closed where the parser is', () => {
  const { methods } = discover() as { readonly methods: readonly { readonly name: string; readonly params: readonly unknown[] }[] };
  assert.deepEqual(methods.map(({ name }) => name), Object.keys(METHODS));
  for (const { name, params } of methods) {
    const schema = z.toJSONSchema(METHODS[name as MethodName].params, { io: 'input' });
    assert.equal(schema.additionalProperties, false, name);
    assert.equal(params.length, Object.keys(schema.properties ?? {}).length, name);
  }
});

test('the limits in docs/control.md are the defaults', () => {
  const page = read('docs/control.md');
  for (const [name, value] of Object.entries(CONTROL_LIMITS)) assert.ok(page.includes(`| \`${name}\` | ${String(value)} |`), `${name} ${String(value)}`);
});

test('faultline/runtime loads neither the control socket nor zod, lmdb, pino', () => {
  const seen = new Set<string>();
  const load = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    if (!file.startsWith('file:')) return;
    const source = readFileSync(fileURLToPath(file), 'utf8');
    for (const [, name] of source.matchAll(/^(?:import|export) (?:[^'"]*? from )?['"]([^'"]+)['"]/gms)) load(name!.startsWith('.') ? new URL(name!, file).href : name!);
  };
  load(new URL('../../../runtime/index.js', import.meta.url).href);
  const names = [...seen];
  assert.ok(names.some((name) => name.endsWith('/core/dispatcher.js')) && names.includes('xstate'), 'the walk sees what is there');
  assert.deepEqual(names.filter((name) => /\/runtime\/control\/|^(node:)?net$|^zod|^lmdb|^pino/.test(name)), []);
});
