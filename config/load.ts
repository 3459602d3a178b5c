import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import { z } from 'zod';
import { inWords, nearestKey, shapeAt, shapeOf, type Shape } from './expected.js';
import { KeyPositions, type KeyPath } from './positions.js';
import { ConfigError, keyText, type ConfigProblem } from './problems.js';
import { configSchema, type Config } from './schema.js';

/** Environment variable that names the configuration file where no `--config` does. */
export const CONFIG_VARIABLE = 'FAULTLINE_CONFIG';

const MAX_BYTES = 1 << 20;

/** A configuration in force. */
export interface LoadedConfig {
  /** Effective values: the file's over the defaults, table by table. */
  readonly config: Config;
  /** SHA-256 (hex) of the effective values, whatever file, order or spelling they came from. */
  readonly digest: string;
  /** The file that was read; undefined when everything is a default. */
  readonly file: string | undefined;
  /** Line of the file that sets a key, undefined where the default stands. */
  lineOf(path: KeyPath): number | undefined;
}

/**
 * Loads the configuration: `path`, else the file FAULTLINE_CONFIG names, else the defaults.
 * @throws ConfigError with every problem of the file, also when it cannot be read.
 */
export function loadConfig(path?: string, env: Readonly<Record<string, string | undefined>> = process.env): LoadedConfig {
  const file = path ?? (env[CONFIG_VARIABLE] || undefined);
  if (file === undefined) return parseConfig('', undefined);
  return parseConfig(readText(file), file);
}

/** Parses and checks a configuration's text. `file` is the name its problems carry. */
export function parseConfig(text: string, file: string | undefined): LoadedConfig {
  const { value, positions } = checkToml(text, file ?? 'defaults', configSchema);
  return {
    config: value,
    digest: digestOf(value),
    file,
    lineOf: (path) => (file === undefined ? undefined : positions()?.at(path)?.line),
  };
}

/** SHA-256 (hex) over the values with their keys in order. */
export function digestOf(config: unknown): string {
  return createHash('sha256').update(canonical(config)).digest('hex');
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(',')}}`;
}

/** Where keys stand in the text; found out when somebody first asks, for that takes longer than all the rest. */
type Positions = () => KeyPositions | undefined;

/** Checks TOML text against a schema whose every key has a default, the text's tables laid over the defaults. */
export function checkToml<T extends z.ZodType>(text: string, file: string, schema: T): { value: z.output<T>; positions: Positions } {
  const written = parseToml(text, file);
  const positions = positionsOf(text);
  refuseProto(written, [], file, positions);
  const result = schema.safeParse(overlay(schema.parse({}), written));
  if (result.success) return { value: result.data, positions };
  const shape = shapeOf(schema);
  const problems = result.error.issues.flatMap((issue) => toProblems(issue, file, shape, written, positions));
  throw new ConfigError(file, problems.sort((a, b) => a.line - b.line || a.column - b.column));
}

function parseToml(text: string, file: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const what = error.message.split('\n')[0]!.replace(/^Invalid TOML document: /, '');
    const line = text.split('\n')[error.line - 1]?.trim() ?? '';
    throw new ConfigError(file, [{ file, line: error.line, column: error.column, key: '', expected: 'TOML', found: `${what}: ${excerpt(line)}`, nearest: null }]);
  }
}

function positionsOf(text: string): Positions {
  let found: KeyPositions | null | undefined;
  return () => {
    if (found === undefined) {
      try {
        found = new KeyPositions(text);
      } catch {
        // The two parsers may disagree on the newest TOML; the values count, the positions only help.
        found = null;
      }
    }
    return found ?? undefined;
  };
}

/** zod leaves a key called __proto__ out without a word; a key that is not obeyed must be an error. */
function refuseProto(value: unknown, path: KeyPath, file: string, positions: Positions): void {
  if (!isTable(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    const here = [...path, key];
    if (key === '__proto__') {
      const at = positions()?.at(here);
      throw new ConfigError(file, [{ file, line: at?.line ?? 1, column: at?.column ?? 1, key: keyText(here), expected: 'another name', found: 'a reserved one', nearest: null }]);
    }
    refuseProto(inner, here, file, positions);
  }
}

/** The file's values over the defaults; only tables merge, a list or a value replaces. */
function overlay(base: unknown, over: unknown): unknown {
  if (!isTable(base) || !isTable(over)) return over;
  const merged = new Map(Object.entries(base));
  for (const [key, value] of Object.entries(over)) merged.set(key, merged.has(key) ? overlay(merged.get(key), value) : value);
  return Object.fromEntries(merged);
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function toProblems(issue: z.core.$ZodIssue, file: string, shape: Shape, written: unknown, positions: Positions): ConfigProblem[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  if (issue.code === 'unrecognized_keys') {
    const valid = Object.keys(shapeAt(shape, path)?.properties ?? {});
    return issue.keys.map((key) => {
      const at = positions()?.at([...path, key]);
      const nearest = nearestKey(shape, path, key);
      return {
        file,
        line: at?.line ?? 1,
        column: at?.column ?? 1,
        key: keyText([...path, key]),
        expected: path.length === 0 ? `one of the tables ${valid.join(', ')}` : `a key of [${keyText(path)}]`,
        found: 'an unknown key',
        nearest: nearest === undefined ? null : keyText(nearest),
      };
    });
  }
  const at = positions()?.at(path);
  const near = at ?? positions()?.around(path);
  const own = shapeAt(shape, path);
  // A schema's own sentence ("expected a power of two") says more than its type.
  const isOwn = issue.code === 'custom' || issue.code === 'invalid_format';
  const expected = isOwn ? issue.message.replace(/^expected /, '') : inWords(own);
  return [{ file, line: at?.valueLine ?? near?.line ?? 1, column: at?.valueColumn ?? near?.column ?? 1, key: keyText(path), expected, found: foundText(at?.valueText, valueAt(written, path)), nearest: null }];
}

function valueAt(root: unknown, path: KeyPath): unknown {
  let here = root;
  for (const part of path) here = typeof here === 'object' && here !== null ? (here as Record<string | number, unknown>)[part] : undefined;
  return here;
}

function foundText(text: string | undefined, value: unknown): string {
  if (text !== undefined) return excerpt(text);
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (isTable(value)) return 'a table';
  return excerpt(typeof value === 'bigint' ? value.toString() : JSON.stringify(value));
}

/** Never a control character on somebody's terminal, and never a page of it. */
function excerpt(text: string): string {
  const clean = text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
  return clean.length > 60 ? `${clean.slice(0, 57)}...` : clean;
}

function describe(descriptor: number): { readonly size: number; readonly isDevice: boolean } {
  const stats = fstatSync(descriptor);
  return { size: stats.size, isDevice: stats.isCharacterDevice() || stats.isBlockDevice() };
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'no such file',
  EISDIR: 'a folder',
  EACCES: 'a file this user may not read',
  EPERM: 'a file this user may not read',
};

function readText(file: string): string {
  const refuse = (found: string): never => {
    throw new ConfigError(file, [{ file, line: 1, column: 1, key: '', expected: 'a TOML file', found, nearest: null }]);
  };
  let bytes: Uint8Array;
  try {
    const descriptor = openSync(file, 'r');
    try {
      const { size, isDevice } = describe(descriptor);
      if (isDevice) return refuse('a device');
      if (size > MAX_BYTES) return refuse(`${size} bytes, which is more than a configuration has (${MAX_BYTES})`);
      bytes = readFileSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? REASONS[String(error.code)] : undefined;
    if (reason === undefined) throw error;
    return refuse(reason);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return refuse('bytes that are not UTF-8 text');
  }
}
