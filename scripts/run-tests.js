// Runs every compiled test (dist/tests/**/*.test.js) under node:test; arguments narrow it to paths that contain them.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

const wanted = process.argv.slice(2);
const files = readdirSync('dist/tests', { recursive: true })
  .map((file) => `dist/tests/${file}`)
  .filter((file) => file.endsWith('.test.js'))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort();
if (files.length === 0) {
  console.error('no test matches: ' + wanted.join(' '));
  process.exit(1);
}
const { status } = spawnSync(process.execPath, ['--test', '--test-concurrency=2', ...files], { stdio: 'inherit' });
process.exit(status ?? 1);
