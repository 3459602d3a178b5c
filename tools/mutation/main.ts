// `npm run mutation [-- --only FILE…] [--json]`: mutates the supervision code and shows which changes no test notices.
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { CliError } from '../cli/errors.js';
import { execute } from '../cli/execute.js';
import { onInterrupt } from '../cli/interrupt.js';
import { endWith, printJson, printLine, printNote, table } from '../cli/output.js';
import { progress } from '../cli/progress.js';
import { nodeBinary, nodesFolder, run } from '../matrix/nodes.js';
import { page } from './page.js';
import { compare, type FileScore, nameOf, percent, type ReasonGroup, scores, type StrykerReport, type Survivor, survivors } from './report.js';

/** Exact, so that a score in the docs can be had again. */
const STRYKER = '10.0.0';
const NODE = '24.21.0';
const OLDEST_NODE = 24;
/** Supervision is what the floor is for; of the core, if asked, what decides exits and restarts. */
const SUPERVISION = 'runtime/supervision/';
const CORE = ['runtime/core/lifecycle.ts', 'runtime/core/start.ts', 'runtime/core/release.ts'];
const LEAST_PERCENT = 90;
/** In this order: the first that fails ends a mutant's run, so the most telling and fastest come first. */
const TEST_FOLDERS = ['tests/conformance', 'tests/runtime', 'tests/properties'];
/** What the tests import. */
const ROOMS = ['runtime', 'config', 'data', 'actors', 'tests/support'];
/** Tests that start processes, weigh the heap, or are long and about something else. */
const NOT_RUN = [
  'tests/conformance/lanes.test.ts', 'tests/runtime/cells.test.ts', 'tests/runtime/docs.test.ts', 'tests/runtime/flat.test.ts', 'tests/runtime/heap.test.ts',
  'tests/runtime/observe.test.ts', 'tests/runtime/ordered-map.test.ts', 'tests/runtime/xstate.test.ts', 'tests/properties/machines.test.ts', 'tests/properties/properties.test.ts',
];
/** Tests by time or by the collector: on a busy machine they would kill mutants that nothing else kills. */
const NOT_RUN_NAMES = ['do_not_save_start_parameters_for_temporary_children', 'simple_one_for_one_scale_many_temporary_children', 'scale_start_stop_many_children'];
const SAMPLE = 'tests/properties/sample.ts';
const CONCURRENCY = 2;
const TIMEOUT_MS = 5_000;

const root = fileURLToPath(new URL('../../..', import.meta.url));
const REASONS = 'tools/mutation/reasons.json';
const PAGE = 'docs/mutation.md';

interface Options {
  readonly only?: readonly string[];
  readonly core?: true;
  readonly keep?: string;
  readonly from?: readonly string[];
  readonly json?: true;
}

function build(): Command {
  return new Command('mutation')
    .description(`Mutate ${SUPERVISION} and run the tests against every mutant. Writes ${PAGE}. Ends with 6 when a mutant survives without a reason in ${REASONS}, or the score of supervision is under ${LEAST_PERCENT} %. Long.`)
    .option('--only <files...>', 'mutate these files only, and leave the page alone')
    .option('--core', 'mutate the core of starts, stops and restarts as well')
    .option('--keep <file>', 'keep the report of this run')
    .option('--from <files...>', 'run nothing: put kept reports together as one run, whose parts were run at different times')
    .option('--json', 'print {score, supervision, files, survivors, unexplained, stale, seconds}')
    .action(mutation);
}

async function mutation({ only, core, keep, from, json }: Options): Promise<void> {
  const began = performance.now();
  const mutate = only ?? [...sources(SUPERVISION), ...(core ? CORE : [])];
  for (const file of mutate) if (!existsSync(join(root, file))) throw new CliError('usage', `there is no file ${file}`, `name files as from the project's root, like ${CORE[0]!}`);
  const report = from === undefined ? await mutateAll(mutate) : together(from, mutate);
  const files = scores(report);
  const found = survivors(report);
  const reasons = JSON.parse(readFileSync(join(root, REASONS), 'utf8')) as readonly ReasonGroup[];
  const { unexplained, stale } = compare(found, reasons);
  const supervision = files.filter(({ file }) => file.startsWith(SUPERVISION));
  const measured = (from === undefined ? null : runOf(from)) ?? { date: new Date().toISOString().slice(0, 10), seconds: Math.round((performance.now() - began) / 1000) };
  if (keep !== undefined) writeFileSync(keep, JSON.stringify({ ...report, run: measured }));
  const { seconds } = measured;
  if (only === undefined) writeFileSync(join(root, PAGE), page({ ...measured, parts: from === undefined ? 1 : from.length, stryker: STRYKER, node: NODE, files, supervision, found, reasons }));
  if (json) printJson({ score: round(percent(files)), supervision: round(percent(supervision)), files, survivors: found, unexplained: unexplained.map(nameOf), stale: only === undefined ? stale : [], seconds });
  else print(files, supervision, unexplained, only === undefined ? stale : [], seconds);
  if (unexplained.length > 0 || (only === undefined && (stale.length > 0 || percent(supervision) < LEAST_PERCENT))) endWith('checkFailed');
}

async function mutateAll(mutate: readonly string[]): Promise<StrykerReport> {
  const node = Number(process.versions.node.split('.')[0]) >= OLDEST_NODE ? process.execPath : await nodeBinary(NODE, printNote);
  return mutateIn(node, await strykerFolder(), mutate);
}

/** Day and length of the run that was kept; of the last part and all of them together where there are several. Null: not known. */
function runOf(parts: readonly string[]): { readonly date: string; readonly seconds: number } | null {
  const runs = parts.map((part) => (JSON.parse(readFileSync(part, 'utf8')) as { readonly run?: { readonly date: string; readonly seconds: number } }).run);
  if (runs.includes(undefined)) return null;
  return { date: runs.at(-1)!.date, seconds: runs.reduce((sum, one) => sum + one!.seconds, 0) };
}

/** Parts of a run, each file as it is now: a report of other code would judge nothing. */
function together(parts: readonly string[], mutate: readonly string[]): StrykerReport {
  const files = Object.assign({}, ...parts.map((part) => (JSON.parse(readFileSync(part, 'utf8')) as StrykerReport).files)) as StrykerReport['files'];
  for (const file of mutate) {
    const known = files[file];
    if (known === undefined) throw new CliError('badInput', `no report has ${file}`, `run: npm run mutation -- --only ${file} --keep FILE`);
    if (known.source !== readFileSync(join(root, file), 'utf8')) throw new CliError('badInput', `the report of ${file} is of another text`, `run: npm run mutation -- --only ${file} --keep FILE`);
  }
  return { files: Object.fromEntries(mutate.map((file) => [file, files[file]!])) };
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts')).sort().map((name) => folder + name);
}

/** Stryker and what it needs, installed once, beside the Nodes: outside the project. */
async function strykerFolder(): Promise<string> {
  const home = join(dirname(nodesFolder()), 'mutation', `stryker-${STRYKER}`);
  if (existsSync(join(home, 'node_modules'))) return home;
  mkdirSync(dirname(home), { recursive: true });
  const parts = mkdtempSync(join(dirname(home), '.fetch-'));
  const discard = (): void => rmSync(parts, { recursive: true, force: true });
  const keep = onInterrupt(discard);
  try {
    printNote(`installing Stryker ${STRYKER}`);
    const dependencies = { '@stryker-mutator/api': STRYKER, '@stryker-mutator/core': STRYKER };
    writeFileSync(join(parts, 'package.json'), JSON.stringify({ name: 'faultline-mutation', private: true, dependencies }));
    const installed = await run('npm', ['install', '--prefix', parts, '--no-audit', '--no-fund', '--loglevel=error'], { cwd: parts });
    if (installed.code !== 0) throw new CliError('cannotRead', `cannot install Stryker ${STRYKER}: ${installed.stderr.trim().split('\n')[0] ?? ''}`, 'check the connection');
    try {
      renameSync(parts, home);
    } catch (error) {
      if (!existsSync(home)) throw error;
    }
    return home;
  } finally {
    discard();
    keep();
  }
}

/** Runs Stryker over a copy of the sources and tests, so that nothing of it touches the checkout. */
async function mutateIn(node: string, stryker: string, mutate: readonly string[]): Promise<StrykerReport> {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-mutation-'));
  const discard = (): void => rmSync(folder, { recursive: true, force: true });
  const keep = onInterrupt(discard);
  try {
    for (const name of [...ROOMS, ...TEST_FOLDERS]) cpSync(join(root, name), join(folder, name), { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "name": "mutants", "private": true, "type": "module" }');
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'tests.json'), JSON.stringify({ files: testFiles(), skip: NOT_RUN_NAMES }));
    writeFileSync(join(folder, 'stryker.config.json'), JSON.stringify({
      plugins: [fileURLToPath(new URL('./runner.js', import.meta.url))], testRunner: 'in-process', coverageAnalysis: 'perTest', mutate, inPlace: true,
      concurrency: CONCURRENCY, timeoutMS: TIMEOUT_MS, disableTypeChecks: false, checkers: [], reporters: ['json', 'progress-append-only'], jsonReporter: { fileName: 'report.json' },
      tempDirName: '.tmp', cleanTempDir: 'always', allowConsoleColors: false, logLevel: 'warn', thresholds: { high: 100, low: 0, break: null },
    }));
    printNote(`mutating ${mutate.length} files`);
    const said = await runStryker(node, join(stryker, 'node_modules/@stryker-mutator/core/bin/stryker.js'), folder);
    if (!existsSync(join(folder, 'report.json'))) throw new CliError('bug', `Stryker made no report:\n${said.slice(-3000)}`);
    return JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as StrykerReport;
  } finally {
    discard();
    keep();
  }
}

/** Runs Stryker and shows how far it is; answers with what it said. */
function runStryker(node: string, program: string, folder: string): Promise<string> {
  const bar = progress('mutants', 100, { format: (share) => `${Math.floor(share)} %` });
  return new Promise((resolve) => {
    const child = spawn(node, [program, 'run', 'stryker.config.json'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    const forget = onInterrupt(() => void child.kill('SIGKILL'));
    let said = '';
    const end = (more: string): void => {
      forget();
      bar.done();
      resolve(said + more);
    };
    const hear = (chunk: Buffer): void => {
      said = (said + chunk.toString()).slice(-20_000);
      const shares = [...said.matchAll(/Mutation testing (\d+)%/g)];
      if (shares.length > 0) bar.update(Number(shares.at(-1)![1]));
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('error', ({ message }) => end(message));
    child.on('close', () => end(''));
  });
}

function testFiles(): string[] {
  const files: string[] = [];
  for (const folder of TEST_FOLDERS) {
    for (const name of readdirSync(join(root, folder)).sort()) {
      const file = `${folder}/${name}`;
      if (name.endsWith('.test.ts') && !NOT_RUN.includes(file)) files.push(file);
    }
  }
  return [...files, SAMPLE];
}

function print(files: readonly FileScore[], supervision: readonly FileScore[], unexplained: readonly Survivor[], stale: readonly string[], seconds: number): void {
  printLine(table(['file', 'mutants', 'killed', 'timed out', 'survived', '%'], files.map((score) => [score.file, score.mutants, score.killed, score.timedOut, score.survived, round(percent([score]))])));
  printLine(`all ${round(percent(files))} %, supervision ${round(percent(supervision))} %, ${seconds} s`);
  for (const survivor of unexplained) printLine(`no reason: ${survivor.line} ${nameOf(survivor)}${survivor.covered ? '' : ' (no test runs it)'}`);
  for (const name of stale) printLine(`a reason for nothing: ${name}`);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

await execute(build, process.argv.slice(2));
