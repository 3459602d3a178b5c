import { z } from 'zod';
import type { KeyPath } from './positions.js';

/** The part of JSON Schema that zod's own translation gives for the shapes a configuration has. */
export interface Shape {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly additionalProperties?: Shape | boolean;
  readonly items?: Shape;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Shape[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: number;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly description?: string;
}

/** What a person may write, as zod sees it before defaults are filled in. */
export function shapeOf(schema: z.ZodType): Shape {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Shape;
}

/** The shape at a path; undefined where the schema knows no such key. */
export function shapeAt(shape: Shape, path: KeyPath): Shape | undefined {
  let here: Shape | undefined = shape;
  for (const part of path) {
    if (here === undefined) return undefined;
    if (typeof part === 'number') {
      here = here.items;
      continue;
    }
    const known: Shape | undefined = here.properties !== undefined && Object.hasOwn(here.properties, part) ? here.properties[part] : undefined;
    here = known ?? (typeof here.additionalProperties === 'object' ? here.additionalProperties : undefined);
  }
  return here;
}

/** A shape in words: `an integer from 1 to 5`, `one of "or", "and"`, `a table`. */
export function inWords(shape: Shape | undefined): string {
  if (shape === undefined) return 'another value';
  if (shape.enum !== undefined) return `one of ${shape.enum.map((value) => JSON.stringify(value)).join(', ')}`;
  if (shape.const !== undefined) return JSON.stringify(shape.const);
  if (shape.anyOf !== undefined) return shape.anyOf.map(inWords).join(' or ');
  switch (shape.type) {
    case 'integer':
      return `an integer${range(shape)}`;
    case 'number':
      return `a number${range(shape)}`;
    case 'boolean':
      return 'true or false';
    case 'string':
      return (shape.minLength ?? 0) > 0 ? 'a text that is not empty' : 'a text in quotes';
    case 'array':
      return 'a list';
    case 'object':
      return 'a table';
    default:
      return 'another value';
  }
}

function range(shape: Shape): string {
  // Every JSON integer schema carries the limits of exact integers; they say nothing to a person.
  const minimum = shape.minimum === Number.MIN_SAFE_INTEGER ? undefined : shape.minimum;
  const maximum = shape.maximum === Number.MAX_SAFE_INTEGER ? undefined : shape.maximum;
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  const limits = [
    shape.exclusiveMinimum !== undefined && `above ${shape.exclusiveMinimum}`,
    minimum !== undefined && `of at least ${minimum}`,
    shape.exclusiveMaximum !== undefined && `below ${shape.exclusiveMaximum}`,
    maximum !== undefined && `of at most ${maximum}`,
  ].filter((limit) => limit !== false);
  return limits.length === 0 ? '' : ` ${limits.join(' and ')}`;
}

/** The valid key that a mistaken one most likely meant: the same name in another table, else the most alike beside it. */
export function nearestKey(shape: Shape, table: KeyPath, mistaken: string): KeyPath | undefined {
  const beside = shapeAt(shape, table);
  const wanted = plain(mistaken);
  const siblings = Object.keys(beside?.properties ?? {});
  const same = siblings.find((key) => plain(key) === wanted);
  if (same !== undefined) return [...table, same];
  const everywhere = [...allKeys(shape, [])];
  const elsewhere = everywhere.find((path) => plain(String(path.at(-1))) === wanted);
  if (elsewhere !== undefined) return elsewhere;
  const candidates: KeyPath[] = siblings.length > 0 ? siblings.map((key) => [...table, key]) : everywhere;
  let best: KeyPath | undefined;
  let bestDistance = Infinity;
  for (const path of candidates) {
    const distance = editDistance(plain(String(path.at(-1))), wanted);
    if (distance < bestDistance) {
      bestDistance = distance;
      best = path;
    }
  }
  return best;
}

function* allKeys(shape: Shape, path: KeyPath): Generator<KeyPath> {
  for (const [key, inner] of Object.entries(shape.properties ?? {})) {
    const here = [...path, key];
    yield here;
    yield* allKeys(inner, here);
  }
}

function plain(key: string): string {
  return key.toLowerCase().replaceAll(/[_\s-]/g, '');
}

/** Damerau-Levenshtein distance (optimal string alignment): insertions, deletions, substitutions, swaps of neighbours. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const cost = a[row - 1] === b[column - 1] ? 0 : 1;
      let least = Math.min(previous[column]! + 1, current[column - 1]! + 1, previous[column - 1]! + cost);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) least = Math.min(least, before[column - 2]! + 1);
      current.push(least);
    }
    before = previous;
    previous = current;
  }
  return previous[b.length]!;
}
