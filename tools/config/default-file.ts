import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configSchema, DEFAULT_CONFIG } from '../../config/index.js';
import { inWords, shapeAt, shapeOf, type Shape } from '../../config/expected.js';

/** A key of a schema as its source declares it. */
interface Declared {
  readonly key: string;
  /** The comment right above it. */
  readonly comment: string;
  /** A heading (`// …`) above that. */
  readonly heading: string;
  /** Name of the schema it refers to, when it is a table with a schema of its own. */
  readonly refers: string | undefined;
}

/** Folders with the files that declare schemas, below the checkout's root. */
const SOURCES = ['config', 'config/engine'];

function sourcesOf(root: string): string[] {
  return SOURCES.flatMap((folder) => readdirSync(join(root, folder)).filter((file) => file.endsWith('.ts')).map((file) => join(root, folder, file)));
}

/**
 * Text of config/faultline.toml: every key with its default, and above it what the schema's source says about it. The comments are
 * written once, beside the schema, and read from there; `root` is the checkout.
 */
export function defaultFile(root: string): string {
  const declared = new Map(sourcesOf(root).flatMap((file) => declarations(readFileSync(file, 'utf8'))));
  const lines = [
    '# Every key of the configuration with its default. Copy what you change; what is not written keeps its default.',
    '# Made by `npm run docs` from the schema in config/*.ts; a test holds it equal to the program. How it is read: docs/configuration.md.',
    '# SRC marks a number that the source system printed, P one that is our choice.',
  ];
  writeTable([], 'configSchema', DEFAULT_CONFIG, shapeOf(configSchema), declared, lines);
  return `${lines.join('\n')}\n`;
}

function writeTable(path: readonly string[], schema: string | undefined, values: Readonly<Record<string, unknown>>, shape: Shape, declared: ReadonlyMap<string, readonly Declared[]>, lines: string[]): void {
  const entries = schema === undefined ? undefined : declared.get(schema);
  const plain = Object.entries(values).filter(([, value]) => !isTable(value));
  const tables = Object.entries(values).filter((entry): entry is [string, Record<string, unknown>] => isTable(entry[1]));
  if (plain.length > 0) lines.push('', `[${path.join('.')}]`);
  for (const [key, value] of plain) {
    const entry = entries?.find((candidate) => candidate.key === key);
    if (entry !== undefined && entry.heading !== '') lines.push('', `## ${entry.heading}`);
    if (entry !== undefined && entry.comment !== '') lines.push(...wrapped(entry.comment));
    const words = inWords(shapeAt(shape, [...path, key]));
    lines.push(`${key} = ${tomlValue(value)}${isPlainType(words) ? '' : `  # ${words}`}`);
  }
  for (const [key, value] of tables) {
    const entry = entries?.find((candidate) => candidate.key === key);
    if (entry !== undefined && entry.refers === undefined && entry.comment !== '') lines.push('', ...wrapped(`${[...path, key].join('.')}: ${entry.comment}`));
    if (Object.keys(value).length === 0) lines.push('', openTable([...path, key], shapeAt(shape, [...path, key, 'NAME'])));
    writeTable([...path, key], entry?.refers, value, shape, declared, lines);
  }
}

/** What may follow where any name is a key. */
function openTable(path: readonly string[], entry: Shape | undefined): string {
  const table = path.join('.');
  return entry?.properties === undefined
    ? `# [${table}] may follow, with NAME = ${inWords(entry)} for each NAME.`
    : `# [${table}.NAME] may follow, once for each NAME, with the keys that differ there.`;
}

/** The type is plain from the value itself. */
function isPlainType(words: string): boolean {
  return ['a number', 'an integer', 'true or false', 'a text in quotes', 'a list'].includes(words);
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function tomlValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(tomlValue).join(', ')}]`;
  if (isTable(value)) return `{ ${Object.entries(value).map(([key, inner]) => `${key} = ${tomlValue(inner)}`).join(', ')} }`;
  return JSON.stringify(value);
}

function wrapped(text: string): string[] {
  const lines: string[] = [];
  let line = '#';
  for (const word of text.split(/\s+/)) {
    if (line.length + 1 + word.length > 120) {
      lines.push(line);
      line = '#';
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

/** Every `const NAME = z.strictObject({ … })` or `const NAME = { … }` of a source with the keys at its first level. */
function declarations(source: string): [string, Declared[]][] {
  const found: [string, Declared[]][] = [];
  let name: string | undefined;
  let entries: Declared[] = [];
  let comment: string[] = [];
  let heading = '';
  let inComment = false;
  for (const line of source.split('\n')) {
    const start = /^(?:export )?const (\w+) = (?:z\.strictObject\()?\{/.exec(line);
    if (start !== null) {
      name = start[1];
      entries = [];
      comment = [];
      heading = '';
      found.push([name!, entries]);
      continue;
    }
    if (line.startsWith('}')) name = undefined;
    if (name === undefined) continue;
    const text = line.trim();
    if (text.startsWith('/**')) comment = [];
    if (text.startsWith('/**') || inComment) {
      comment.push(text.replace(/^\/\*\*|\*\/$|^\*(?!\/)/g, '').replace(/\*\/$/, '').trim());
      inComment = !text.endsWith('*/');
      continue;
    }
    const title = /^\/\/ (.*)$/.exec(text)?.[1];
    if (title !== undefined) heading = title;
    const spread = /^ {2}\.\.\.(\w+),/.exec(line)?.[1];
    if (spread !== undefined) entries.push(...(found.find(([other]) => other === spread)?.[1] ?? []));
    const key = /^ {2}(\w+): (.*)$/.exec(line);
    if (key === null) continue;
    entries.push({ key: key[1]!, comment: comment.join(' ').trim(), heading, refers: /^(\w+Schema)\b/.exec(key[2]!)?.[1] });
    comment = [];
    heading = '';
  }
  return found;
}
