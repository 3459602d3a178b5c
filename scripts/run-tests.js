// Runs the compiled tests under node:test. Arguments narrow it to test files whose path contains one of them:
//   node scripts/run-tests.js runtime/ config/load      (paths as under tests/; .ts and tests/ in front may stay)
// Flags (`--test-name-pattern=…`) go to node:test.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const USAGE = 2;
process.chdir(fileURLToPath(new URL('..', import.meta.url)));

function fail(message) {
  console.error(`run-tests: ${message}`);
  process.exit(USAGE);
}

if (!existsSync('dist/tests')) fail('the tests are not compiled; run: npm run build');
const all = readdirSync('dist/tests', { recursive: true })
  .filter((file) => file.endsWith('.test.js'))
  // A compiled file outlives its source.
  .filter((file) => existsSync(`tests/${file.replace(/\.js$/, '.ts')}`))
  .sort();
const args = process.argv.slice(2);
const flags = args.filter((arg) => arg.startsWith('-'));
const wanted = args.filter((arg) => !arg.startsWith('-')).map((arg) => arg.replace(/^(\.\/)?tests\//, '').replace(/\.[tj]s$/, ''));
for (const part of wanted) if (!all.some((file) => file.includes(part))) fail(`no test file's path contains '${part}'`);
const chosen = wanted.length === 0 ? all : all.filter((file) => wanted.some((part) => file.includes(part)));

// One more than there are cores: many tests wait for a child or a socket. The deadline is of a whole file, on a machine with much else to do.
const options = ['--test', '--test-reporter=spec', `--test-concurrency=${Math.min(4, availableParallelism() + 1)}`, '--test-timeout=600000', ...flags];
// Node 20 reads these certificates at every start, which triples its time; no test speaks TLS, and there are hundreds of processes.
const { NODE_EXTRA_CA_CERTS: _certificates, ...env } = process.env;
const { status, signal } = spawnSync(process.execPath, [...options, ...chosen.map((file) => `dist/tests/${file}`)], { stdio: 'inherit', env });
if (signal !== null) console.error(`run-tests: node:test was ended by ${signal}`);
process.exit(status ?? 1);
