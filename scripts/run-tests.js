// Runs the compiled tests under node:test. Arguments narrow it to test files whose path contains one of them:
//   node scripts/run-tests.js runtime/ config/load      (paths as under tests/; .ts and tests/ in front may stay)
// FAULTLINE_TEST_SLOTS=N runs N files at a time.
// --test-name-pattern=PATTERN narrows it to tests of such names; --test-timeout=MS is of a
// whole file; --times tells what each took, and writes it to scripts/test-seconds.json.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { run } from 'node:test';
import { spec as Spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

const USAGE = 2;
/** Seconds that each of the slow files takes on two idle cores: the longest begin first, so that the slots end together. */
const SECONDS = 'scripts/test-seconds.json';
/** What takes less is not worth a line there. */
const SLOW_SECONDS = 4;
/** Of a whole file, on a machine with much else to do. */
const TIMEOUT_MS = 600_000;
const NAME_PATTERN = '--test-name-pattern=';
const TIMEOUT = '--test-timeout=';
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
for (const flag of flags) if (flag !== '--times' && !flag.startsWith(NAME_PATTERN) && !flag.startsWith(TIMEOUT)) fail(`no flag ${flag}; there are --times, ${NAME_PATTERN}PATTERN and ${TIMEOUT}MS`);
const timeoutMs = Number(flags.find((flag) => flag.startsWith(TIMEOUT))?.slice(TIMEOUT.length) ?? TIMEOUT_MS);
if (!Number.isSafeInteger(timeoutMs) || timeoutMs <= 0) fail(`${TIMEOUT}MS: a whole number of milliseconds`);
const wanted = args.filter((arg) => !arg.startsWith('-')).map((arg) => arg.replace(/^(\.\/)?tests\//, '').replace(/\.[tj]s$/, ''));
for (const part of wanted) if (!all.some((file) => file.includes(part))) fail(`no test file's path contains '${part}'`);
const chosen = wanted.length === 0 ? all : all.filter((file) => wanted.some((part) => file.includes(part)));

const seconds = JSON.parse(readFileSync(SECONDS, 'utf8'));
const expected = (file) => seconds[file.replace(/\.test\.js$/, '')] ?? 0;
const longestFirst = [...chosen].sort((a, b) => expected(b) - expected(a));

// Node 20 reads these certificates at every start, which triples its time; no test speaks TLS, and there are hundreds of processes.
delete process.env.NODE_EXTRA_CA_CERTS;
const patterns = flags.filter((flag) => flag.startsWith(NAME_PATTERN)).map((flag) => flag.slice(NAME_PATTERN.length));
const events = run({
  files: longestFirst.map((file) => fileURLToPath(new URL(`../dist/tests/${file}`, import.meta.url))),
  // Two more than there are cores: many tests wait for a child, a socket or a clock.
  concurrency: Number(process.env.FAULTLINE_TEST_SLOTS) || Math.min(6, availableParallelism() + 2),
  timeout: timeoutMs,
  ...(patterns.length === 0 ? {} : { testNamePatterns: patterns }),
});
/** Why tests were skipped, with how many: said again in the last lines, where somebody sees it. */
const skips = new Map();
events.on('test:pass', ({ skip }) => {
  if (typeof skip === 'string' && skip.startsWith('skipped: ')) skips.set(skip, (skips.get(skip) ?? 0) + 1);
});
process.on('exit', () => {
  for (const [reason, count] of skips) console.log(`${reason} (${count} tests)`);
});
const took = new Map();
function note({ nesting, file, details }) {
  if (nesting !== 0 || file === undefined) return;
  const name = file.replace(/^.*dist\/tests\//, '').replace(/\.test\.js$/, '');
  took.set(name, (took.get(name) ?? 0) + details.duration_ms / 1000);
}
events.on('test:pass', note);
events.on('test:fail', (data) => {
  note(data);
  if (data.todo === undefined || data.todo === false) process.exitCode = 1;
});
events.compose(new Spec()).pipe(process.stdout);

if (flags.includes('--times')) {
  process.on('exit', () => {
    const rows = [...took].sort((a, b) => b[1] - a[1]);
    for (const [file, s] of rows) console.log(`${s.toFixed(1).padStart(7)} s  ${file}`);
    const kept = rows.filter(([, s]) => s >= SLOW_SECONDS).map(([file, s]) => [file, Math.round(s)]);
    writeFileSync(SECONDS, `${JSON.stringify(Object.fromEntries([...(wanted.length === 0 ? [] : Object.entries(seconds)), ...kept]), null, 2)}\n`);
  });
}
