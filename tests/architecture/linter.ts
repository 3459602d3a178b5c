import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { projectRoot } from '../tools/cli/run-node.js';

export const ROOMS = ['runtime', 'config', 'data', 'actors', 'supervisors', 'tools', 'tests'] as const;
/** Rooms within a room that are compiled by themselves: the browser's code, and what it shares with its server. */
const INNER_PROJECTS = ['tools/ui/wire', 'tools/ui/page'];

/** One finding of the linter: the rule as `plugin(rule)`, the file relative to the checkout. */
export interface Finding {
  readonly rule: string;
  readonly file: string;
  readonly message: string;
  readonly line: number;
}

interface Diagnostic {
  readonly code?: string;
  readonly message: string;
  readonly filename: string;
  readonly labels: readonly { readonly span: { readonly line: number } }[];
}

/** Runs the project's linter with its own configuration, as `npm run lint` does, in `root`. */
export function lint(root: string, paths: readonly string[]): Finding[] {
  const { stdout, stderr, error } = spawnSync(process.execPath, [join(projectRoot, 'node_modules/oxlint/bin/oxlint'), '--type-aware', '--format', 'json', ...paths], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (error !== undefined) throw error;
  let parsed: { readonly diagnostics: readonly Diagnostic[]; readonly number_of_files: number };
  try {
    parsed = JSON.parse(stdout) as typeof parsed;
  } catch {
    throw new Error(`the linter did not run: ${stdout}${stderr}`);
  }
  if (parsed.number_of_files === 0) throw new Error('the linter saw no file');
  return parsed.diagnostics.map(({ code, message, filename, labels }) => ({ rule: code ?? '', file: filename, message, line: labels[0]?.span.line ?? 0 }));
}

/** A folder laid out like the checkout (rooms, linter, compiler settings) that holds only the files given. */
export function plantedTree(files: Readonly<Record<string, string>>): { readonly root: string; remove(): void } {
  const root = mkdtempSync(join(tmpdir(), 'faultline-lint-'));
  for (const name of ['.oxlintrc.json', 'tsconfig.base.json', 'package.json', 'scripts/lint']) {
    cpSync(join(projectRoot, name), join(root, name), { recursive: true });
  }
  for (const project of [...ROOMS, ...INNER_PROJECTS]) cpSync(join(projectRoot, project, 'tsconfig.json'), join(root, project, 'tsconfig.json'));
  symlinkSync(join(projectRoot, 'node_modules'), join(root, 'node_modules'));
  for (const [file, source] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), source);
  }
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}

/** The rules that the project's own plugin defines, read from the plugin. */
export async function houseRules(): Promise<string[]> {
  const plugin = (await import(join(projectRoot, 'scripts/lint/plugin.js'))) as { default: { rules: Record<string, unknown> } };
  return Object.keys(plugin.default.rules).sort();
}

export function sourceFiles(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file));
}
