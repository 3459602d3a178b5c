// Runs the compiled tests under node:test. Arguments narrow it to test files whose path contains one of them:
//   node scripts/run-tests.js runtime/ config/load      (paths as under tests/; .ts and tests/ in front may stay)
// FAULTLINE_TEST_SLOTS=N runs N files at a time.
// --test-name-pattern=PATTERN narrows it to tests of such names; --test-timeout=MS is of a
// whole file; --times tells what each took, and writes it to scripts/test-seconds.json.
// A file runs in a process of its own; those that leave no trace in one (pure-tests.js) share a process, a few at a time, and so do
// those that leave none but servers and sockets; those that open pages (*.browser.test.ts) share one with its browser.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec as Spec } from 'node:test/reporters';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { pureTests } from './pure-tests.js';

const USAGE = 2;
/** Seconds that each of the slow files takes on two idle cores: the longest begin first, so that the slots end together. */
const SECONDS = 'scripts/test-seconds.json';
/** What takes less is not worth a line there. */
const SLOW_SECONDS = 4;
/** So many files share a process, if they may: to start it costs as much as many a file's tests. */
const BATCH = 12;
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
const path = (file) => fileURLToPath(new URL(`../dist/tests/${file}`, import.meta.url));
const nameOf = (file) => file.replace(/^.*dist\/tests\//, '').replace(/\.test\.js$/, '');

const folder = mkdtempSync(join(tmpdir(), 'faultline-tests-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
/** What cannot even be imported is a failure that names the file, and the others are still heard. */
const imported = (file) => `await import(${JSON.stringify(pathToFileURL(file))}).catch((error) => test(${JSON.stringify(file)}, () => { throw error; }));`;
/** A file as a suite, whose hooks are its own. */
const asSuite = (file) => `describe(${JSON.stringify(nameOf(file))}, async () => { ${imported(file)} });`;

/** Programs that each run some of the files; with the paths that each runs. */
function batchesOf(files, name, size, program) {
  const batches = new Map();
  if (files.length < 2) return batches;
  const count = Math.ceil(files.length / size);
  for (let n = 0; n < count; n++) {
    const members = files.filter((_, index) => index % count === n);
    const batch = join(folder, `${name}-${n + 1}.test.mjs`);
    writeFileSync(batch, `import { describe, test } from 'node:test';\n${members.map((file) => `${program(file)}\n`).join('')}`);
    batches.set(batch, members);
  }
  return batches;
}

const pages = batchesOf(longestFirst.filter((file) => file.endsWith('.browser.test.js')).map(path), 'pages', Infinity, imported);
const brief = longestFirst.filter((file) => expected(file) < SLOW_SECONDS).map(path);
const pure = new Set(pureTests(brief));
const kernels = batchesOf(brief.filter((file) => pure.has(file)), 'kernels', BATCH, imported);
const venues = batchesOf(pureTests(brief, { sockets: true }).filter((file) => !pure.has(file)), 'sockets', BATCH, asSuite);
const batches = new Map([...pages, ...kernels, ...venues]);
const batchOf = new Map([...batches].flatMap(([batch, members]) => [batch, ...members].map((file) => [file, batch])));
/** A batch may have ended before all of its tests ran, so its files are run again if anything in it fails: each alone, and then nothing is hidden. */
const failedBatches = new Set();
// Two more than there are cores: many tests wait for a child, a socket or a clock.
const concurrency = Number(process.env.FAULTLINE_TEST_SLOTS) || Math.min(6, availableParallelism() + 2);
const narrowed = patterns.length === 0 ? {} : { testNamePatterns: patterns };
const start = (files) => run({ files, concurrency, timeout: timeoutMs, ...narrowed });
const alone = longestFirst.filter((file) => !batchOf.has(path(file)));
const slow = alone.filter((file) => expected(file) >= SLOW_SECONDS).map(path);
const events = start([...pages.keys(), ...slow, ...venues.keys(), ...kernels.keys(), ...alone.map(path).filter((file) => !slow.includes(file))]);
/** Why tests were skipped, with how many: said again in the last lines, where somebody sees it. */
const skips = new Map();
events.on('test:pass', ({ skip }) => {
  if (typeof skip === 'string' && skip.startsWith('skipped: ')) skips.set(skip, (skips.get(skip) ?? 0) + 1);
});
process.on('exit', () => {
  for (const [reason, count] of skips) console.log(`${reason} (${count} tests)`);
});
const took = new Map();
function note({ nesting, name: suite, file, details }) {
  if (nesting !== 0 || file === undefined) return;
  const name = batches.has(file) ? suite : nameOf(file);
  took.set(name, (took.get(name) ?? 0) + details.duration_ms / 1000);
}
events.on('test:pass', note);
events.on('test:fail', (data) => {
  note(data);
  if (data.todo !== undefined && data.todo !== false) return;
  process.exitCode = 1;
  if (batchOf.has(data.file)) failedBatches.add(batchOf.get(data.file));
});
const told = events.compose(new Spec());
told.on('end', () => {
  if (failedBatches.size === 0) return;
  const files = [...failedBatches].flatMap((batch) => batches.get(batch));
  console.log(`\nSomething failed in a process that several test files share. These ${files.length} run again, each in a process of its own:`);
  start(files).compose(new Spec()).pipe(process.stdout);
});
told.pipe(process.stdout, { end: false });

if (flags.includes('--times')) {
  process.on('exit', () => {
    const rows = [...took].sort((a, b) => b[1] - a[1]);
    for (const [file, s] of rows) console.log(`${s.toFixed(1).padStart(7)} s  ${file}`);
    const kept = rows.filter(([, s]) => s >= SLOW_SECONDS).map(([file, s]) => [file, Math.round(s)]);
    writeFileSync(SECONDS, `${JSON.stringify(Object.fromEntries([...(wanted.length === 0 ? [] : Object.entries(seconds)), ...kept]), null, 2)}\n`);
  });
}
