// The cases of OTP's supervisor suite (tests/conformance/otp-supervisor.test.ts), in OTP's order; `--all` runs every file of
// tests/conformance. The last line is `N passed, N failed, N skipped`; exit code 1 when one failed or none ran.
import { readdirSync } from 'node:fs';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

const USAGE = 2;
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const folder = 'dist/tests/conformance';

const args = process.argv.slice(2);
for (const arg of args) {
  if (arg === '--all') continue;
  console.error(`conformance: unknown argument '${arg}'; there is only --all`);
  process.exit(USAGE);
}
const files = args.includes('--all')
  ? readdirSync(folder).filter((name) => name.endsWith('.test.js')).sort().map((name) => `${folder}/${name}`)
  : [`${folder}/otp-supervisor.test.js`];

const counts = { passed: 0, failed: 0, skipped: 0 };
const stream = run({ files, concurrency: 1 });
const isCase = (data) => data.details?.type !== 'suite' && !files.some((file) => data.name.endsWith(file));
stream.on('test:pass', (data) => {
  if (isCase(data)) counts[data.skip === undefined ? 'passed' : 'skipped']++;
});
stream.on('test:fail', () => {
  counts.failed++;
});
stream.compose(spec).pipe(process.stdout, { end: false });
stream.on('close', () => setImmediate(() => {
  const none = counts.passed === 0;
  process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
  process.exitCode = counts.failed > 0 || none ? 1 : 0;
}));
