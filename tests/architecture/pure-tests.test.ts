import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test, type TestContext } from 'node:test';
import { projectRoot } from '../tools/cli/run-node.js';

const { pureTests } = (await import(pathToFileURL(join(projectRoot, 'scripts/pure-tests.js')).href)) as { readonly pureTests: (files: readonly string[], options?: { readonly sockets: boolean }) => string[] };

const TEST = "import { test } from 'node:test';\nimport assert from 'node:assert/strict';\n";
const PURE: Readonly<Record<string, string>> = {
  'tests and suites': "import { describe, it } from 'node:test';\ndescribe('a', () => { it('b', () => {}); });",
  'reading the environment': `${TEST}const RUNS = process.env['FAULTLINE_LONG'] === '1' ? 10 : 1;\nconst load = (env = process.env) => env;`,
  'words in prose and names': `${TEST}/** A process.exit of somebody's. */\nconst process1 = config.process.lanes;\nconst answer = venue.fetch(1);`,
  'files and randomness of its own': "import { mkdtempSync } from 'node:fs';\nimport fc from 'fast-check';\nimport test from 'node:test';\ntest('a', (t) => { t.after(() => {}); });",
  'another that is pure': `${TEST}import { a } from './helper.js';`,
  'a file of ours whose name is process': `${TEST}import { a } from './process.js';`,
  'what never changes of the process': `${TEST}const at = process.platform === 'linux' ? process.pid : process.version;`,
  'a thread in a string': `${TEST}assert.equal(a, "import { Worker } from 'node:worker_threads';");`,
};
/** What a file may do besides where it is a suite of its own, with servers and sockets that its hooks close. */
const WITH_SOCKETS: Readonly<Record<string, string>> = {
  'a hook of the whole file': "import { after, test } from 'node:test';",
  'hooks beside the default export': "import test, { after, before } from 'node:test';",
  'a socket': `${TEST}import net from 'node:net';`,
  'a server': `${TEST}import { createServer } from 'node:http';\nimport { WebSocketServer } from 'ws';`,
  'the network': `${TEST}const r = await fetch('http://localhost');`,
  'a timer that goes on': `${TEST}setInterval(() => {}, 10);`,
};
const IMPURE: Readonly<Record<string, string>> = {
  'a hook of the whole file': "import { after, test } from 'node:test';",
  'a hook by another name': "import { test, before as first } from 'node:test';",
  'the whole of node:test': "import * as runner from 'node:test';",
  'a hook of the default export': "import test from 'node:test';\ntest.after(() => {});",
  'a mock of everybody': "import test from 'node:test';\ntest.mock.timers.enable();",
  'a child': `${TEST}import { spawn } from 'node:child_process';`,
  'a thread': `${TEST}import { Worker } from 'node:worker_threads';`,
  'a socket': `${TEST}import net from 'node:net';`,
  'a server': `${TEST}import { createServer } from 'node:http';`,
  'a package that nobody vouches for': `${TEST}import { open } from 'lmdb';`,
  'an import at run time': `${TEST}const m = await import(name);`,
  'an import at run time of what is not harmless': `${TEST}const m = await import('node:v8');`,
  'the environment set': `${TEST}process.env['A'] = '1';`,
  'the environment set where it is empty': `${TEST}process.env['A'] ??= '1';`,
  'the environment set otherwise': `${TEST}process.env.A = '1';`,
  'the environment handed over': `${TEST}Object.assign(process.env, { A: '1' });`,
  'the environment taken from': `${TEST}delete process.env['A'];`,
  'another folder': `${TEST}process.chdir('/');`,
  'an end': `${TEST}process.exit(0);`,
  'an exit code': `${TEST}process.exitCode = 0;`,
  'a listener': `${TEST}process.once('SIGTERM', () => {});`,
  'a measurement': `${TEST}const before = process.memoryUsage();`,
  'the process by another name': `${TEST}const { env } = process;\nenv.A = '1';`,
  'the process handed on': `${TEST}watch(process, 1);`,
  'a global': `${TEST}globalThis.x = 1;`,
  'a clock replaced': `${TEST}Date.now = () => 0;`,
  'a prototype changed': `${TEST}Array.prototype.last = function () {};`,
  'a setting of fast-check': `${TEST}fc.configureGlobal({ numRuns: 1 });`,
  'the network': `${TEST}const r = await fetch('http://localhost');`,
  'a timer that goes on': `${TEST}setInterval(() => {}, 10);`,
  'a helper that is not pure': `${TEST}import { a } from './far.js';`,
  'a helper that is not there': `${TEST}import { a } from './nowhere.js';`,
};

function planted(t: TestContext, files: Readonly<Record<string, string>>, sockets = false): string[] {
  const root = mkdtempSync(join(tmpdir(), 'faultline-pure-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  writeFileSync(join(root, 'helper.js'), 'export const a = 1;\n');
  writeFileSync(join(root, 'far.js'), "export { a } from './further.js';\n");
  writeFileSync(join(root, 'further.js'), "import { Worker } from 'node:worker_threads';\nexport const a = Worker;\n");
  writeFileSync(join(root, 'process.js'), 'export const a = 1;\n');
  const paths = Object.entries(files).map(([what, text]) => {
    const path = join(root, `${what.replaceAll(' ', '-')}.js`);
    writeFileSync(path, `${text}\n`);
    return path;
  });
  const pure = new Set(pureTests(paths, { sockets }));
  return Object.keys(files).filter((_, index) => pure.has(paths[index]!));
}

test('test files that leave no trace in a process may share one', (t) => {
  assert.deepEqual(planted(t, PURE), Object.keys(PURE));
});

test('a test file that could leave a trace in its process, or see one, has it for itself', (t) => {
  assert.deepEqual(planted(t, IMPURE), []);
});

test('a test file with servers and sockets may share a process as a suite of its own, and one that could leave another trace may not', (t) => {
  const both = { ...PURE, ...WITH_SOCKETS };
  assert.deepEqual(planted(t, both, true), Object.keys(both));
  assert.deepEqual(planted(t, WITH_SOCKETS), []);
  assert.deepEqual(planted(t, Object.fromEntries(Object.entries(IMPURE).filter(([what]) => !Object.hasOwn(WITH_SOCKETS, what))), true), []);
});

test('of the project\'s own tests, those of kernels share and those of processes do not', () => {
  const folder = join(projectRoot, 'dist/tests');
  const all = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.test.js')).map((file) => join(folder, file));
  const pure = new Set(pureTests(all));
  const isPure = (name: string): boolean => pure.has(join(folder, `${name}.test.js`));
  for (const name of ['actors/market/kernel', 'actors/venue/matcher', 'actors/math/elementary']) assert.ok(isPure(name), name);
  for (const name of ['tools/engine/process', 'runtime/heap', 'runtime/lanes/process', 'tools/ui/market.browser', 'tools/ui/server/server', 'runtime/control/hostile', 'tools/config']) assert.ok(!isPure(name), name);
  assert.ok(pure.size > 60, `${pure.size} of them`);
  const sockets = new Set(pureTests(all, { sockets: true }));
  for (const name of ['tools/exchange/spot/rest', 'tools/exchange/usdm/refusals']) assert.ok(sockets.has(join(folder, `${name}.test.js`)) && !isPure(name), name);
  for (const name of ['tools/engine/process', 'runtime/lanes/process', 'tools/exchange/command']) assert.ok(!sockets.has(join(folder, `${name}.test.js`)), name);
});
