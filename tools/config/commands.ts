import type { Command } from 'commander';
import type { ConfigProblem, LoadedConfig } from '../../config/index.js';
import { CliError } from '../cli/errors.js';
import { printJson, printLine, table } from '../cli/output.js';

/** Registers `faultline config check` and `faultline config show`. */
export function register(program: Command): void {
  const config = program.command('config').description('check a configuration file, show what is in force');
  config
    .command('check')
    .description('check a configuration file and name every problem with its place')
    .argument('[file]', 'TOML file; default: the file FAULTLINE_CONFIG names')
    .option('--json', 'print one JSON object: {ok, file, digest, problems}')
    .action(check);
  config
    .command('show')
    .description('print every value in force and where it comes from')
    .option('--config <file>', 'TOML file; default: the file FAULTLINE_CONFIG names, else the built-in defaults')
    .option('--json', 'print one JSON object: {config, digest, file, sources}')
    .action(show);
}

interface CheckReport {
  readonly ok: boolean;
  readonly file: string;
  readonly digest: string | null;
  readonly problems: readonly ConfigProblem[];
}

async function check(path: string | undefined, options: { json?: true }): Promise<void> {
  const name = path ?? process.env['FAULTLINE_CONFIG'];
  if (name === undefined || name === '') throw new CliError('usage', 'no configuration file is named', 'faultline config check FILE');
  const { ConfigError, loadConfig } = await import('../../config/index.js');
  let report: CheckReport;
  try {
    report = { ok: true, file: name, digest: loadConfig(name).digest, problems: [] };
  } catch (error) {
    // The report is the JSON value of this command; the refusal itself still goes to stderr and sets the exit code.
    if (options.json && error instanceof ConfigError) printJson({ ok: false, file: name, digest: null, problems: error.problems } satisfies CheckReport);
    throw error;
  }
  if (options.json) printJson(report);
  else printLine(`${name}: ok, digest ${report.digest}`);
}

async function show(options: { config?: string; json?: true }): Promise<void> {
  const { keyText, loadConfig } = await import('../../config/index.js');
  const loaded = loadConfig(options.config);
  const values = [...leaves(loaded.config, [])].map(([path, value]) => ({ key: keyText(path), value, source: sourceOf(loaded, path) }));
  if (options.json) {
    const sources = Object.fromEntries(values.map(({ key, source }) => [key, source]));
    printJson({ config: loaded.config, digest: loaded.digest, file: loaded.file ?? null, sources });
    return;
  }
  printLine(table(['key', 'value', 'from'], values.map(({ key, value, source }) => [key, JSON.stringify(value), source])));
  printLine();
  printLine(`digest ${loaded.digest}`);
}

function sourceOf(loaded: LoadedConfig, path: readonly (string | number)[]): string {
  const line = loaded.lineOf(path);
  return line === undefined ? 'default' : `${loaded.file}:${line}`;
}

function* leaves(value: unknown, path: readonly string[]): Generator<readonly [readonly string[], unknown]> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    yield [path, value];
    return;
  }
  for (const [key, inner] of Object.entries(value)) yield* leaves(inner, [...path, key]);
}
