// What we depend on: every package of the lock with its licence, and what the registry knows against it.
// Ends with 6 for a licence outside the list or an advisory of severity high or worse (docs/dependencies.md).
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const ALLOWED = new Set(['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'BlueOak-1.0.0', 'MIT-0', 'CC0-1.0', 'Unlicense']);
/** Copyleft by the file: fine for a peer that benchmarks run unchanged, not for what we ship. */
const ALLOWED_IN_DEVELOPMENT = new Set(['MPL-2.0']);
/** Looked at one by one: elkjs (EPL-2.0 or, by choice, GPL) is used unmodified, as a package of its own, never bundled; pm2 is an external tool, never imported or shipped; the others are parts of it (cli-tableau's README says MIT). */
const ALLOWED_BY_NAME = new Map([['elkjs', 'EPL-2.0 OR GPL-3.0-or-later'], ['pm2', 'AGPL-3.0'], ['tv4', 'Public Domain, MIT'], ['@pm2/js-api', 'Apache-2'], ['argparse', 'Python-2.0'], ['cli-tableau', 'none stated']]);
const CHECK_FAILED = 6;

const lock = JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8'));
const packages = Object.entries(lock.packages)
  .filter(([path]) => path !== '')
  .map(([path, { version, license, dev, optional }]) => ({ name: path.slice(path.lastIndexOf('node_modules/') + 13), version, license: licenceOf(license), use: dev ? 'development' : 'runtime', optional: optional === true }));

let bad = false;
for (const use of ['runtime', 'development']) {
  const rows = packages.filter((row) => row.use === use);
  console.log(`${use}: ${rows.length} packages`);
  for (const { name, version, license, optional } of rows) {
    const allowed = ALLOWED.has(license) || ALLOWED_BY_NAME.get(name) === license || (use === 'development' && ALLOWED_IN_DEVELOPMENT.has(license));
    bad ||= !allowed;
    console.log(`  ${`${name} ${version}`.padEnd(52)} ${license}${optional ? ' (optional)' : ''}${allowed ? '' : '   NOT ALLOWED'}`);
  }
}

const { stdout } = spawnSync('npm', ['audit', '--json'], { encoding: 'utf8', cwd: new URL('..', import.meta.url) });
const found = safeParse(stdout)?.metadata?.vulnerabilities;
if (found === undefined) {
  console.log('advisories: this registry does not answer `npm audit`; ask one that does before a release');
} else {
  console.log(`advisories: ${found.total} (critical ${found.critical}, high ${found.high}, moderate ${found.moderate}, low ${found.low})`);
  bad ||= found.critical + found.high > 0;
}
process.exitCode = bad ? CHECK_FAILED : 0;

/** Old packages list objects where there should be one SPDX expression. */
function licenceOf(license) {
  if (license === undefined) return 'none stated';
  return Array.isArray(license) ? license.map(({ type }) => type).join(', ') : license;
}

function safeParse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
