import { COPY_LIMITS, type CopyLimits, plainCopy } from '../observe/inspect.js';

/** One place where two values differ. `before` or `after` is absent where the place did not exist. */
export interface Change {
  /** Keys from the outside in; of lists the indices. */
  readonly path: readonly (string | number)[];
  readonly before?: unknown;
  readonly after?: unknown;
}

export interface Changes {
  readonly list: readonly Change[];
  /** The comparison ended early: there may be more. */
  readonly more: boolean;
}

export const NO_CHANGES: Changes = { list: [], more: false };

const MOST_CHANGES = 24;
const MOST_VISITS = 1_000;
const DEEPEST = 8;
const LONGEST_KEY = 200;
const VALUE_COPY: CopyLimits = { depth: 3, entries: 10, values: 40, textLength: 120 };

/**
 * What differs between two values of which the second was made from the first without changing it: whatever is the same object in both is not
 * looked into. Bounded in its work and its answer; never throws.
 */
export function changesOf(before: unknown, after: unknown): Changes {
  if (Object.is(before, after)) return NO_CHANGES;
  const list: Change[] = [];
  let visits = 0;
  let more = false;

  const add = (change: Change): void => {
    if (list.length >= MOST_CHANGES) more = true;
    else list.push(change);
  };
  const compare = (a: unknown, b: unknown, path: readonly (string | number)[]): void => {
    if (Object.is(a, b)) return;
    if (++visits > MOST_VISITS || more) {
      more = true;
      return;
    }
    if (!isOpen(a) || !isOpen(b) || Array.isArray(a) !== Array.isArray(b) || path.length >= DEEPEST) {
      if (!sameData(a, b)) add({ path, before: plainCopy(a, VALUE_COPY), after: plainCopy(b, VALUE_COPY) });
      return;
    }
    try {
      if (Array.isArray(a)) compareLists(a, b as readonly unknown[], path);
      else compareFields(a as Fields, b as Fields, path);
    } catch (thrown) {
      add({ path, after: { $unreadable: thrown instanceof Error ? thrown.message.slice(0, LONGEST_KEY) : 'a getter threw' } });
    }
  };
  const compareLists = (a: readonly unknown[], b: readonly unknown[], path: readonly (string | number)[]): void => {
    for (let at = 0; at < Math.max(a.length, b.length) && !more; at++) {
      if (++visits > MOST_VISITS) more = true;
      else if (at >= a.length) add({ path: [...path, at], after: plainCopy(b[at], VALUE_COPY) });
      else if (at >= b.length) add({ path: [...path, at], before: plainCopy(a[at], VALUE_COPY) });
      else compare(a[at], b[at], [...path, at]);
    }
  };
  const compareFields = (a: Fields, b: Fields, path: readonly (string | number)[]): void => {
    const keys = Object.keys(a);
    for (let at = 0; at < keys.length && !more; at++) {
      const key = keys[at]!;
      if (++visits > MOST_VISITS) more = true;
      else if (Object.hasOwn(b, key)) compare(a[key], b[key], [...path, clipKey(key)]);
      else add({ path: [...path, clipKey(key)], before: plainCopy(a[key], VALUE_COPY) });
    }
    for (const key of Object.keys(b)) {
      if (more) break;
      if (++visits > MOST_VISITS) more = true;
      else if (!Object.hasOwn(a, key)) add({ path: [...path, clipKey(key)], after: plainCopy(b[key], VALUE_COPY) });
    }
  };

  compare(before, after, []);
  return { list, more };
}

type Fields = Readonly<Record<string, unknown>>;

/** Lists and objects of fields are looked into; anything else is one value. */
function isOpen(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return true;
  try {
    const prototype: unknown = Object.getPrototypeOf(value);
    return prototype === Object.prototype || prototype === null;
  } catch {
    return false;
  }
}

/** New objects that say the same, such as a fresh list of the same numbers, are no change where they are one value. */
function sameData(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  try {
    return JSON.stringify(plainCopy(a, VALUE_COPY)) === JSON.stringify(plainCopy(b, VALUE_COPY)) && sizeOf(a) === sizeOf(b) && sizeOf(a) <= VALUE_COPY.entries;
  } catch {
    return false;
  }
}

function sizeOf(value: object): number {
  if (value instanceof Map || value instanceof Set) return value.size;
  if (ArrayBuffer.isView(value)) return value.byteLength;
  return Object.keys(value).length;
}

function clipKey(key: string): string {
  return key.length > LONGEST_KEY ? `${key.slice(0, LONGEST_KEY)}…` : key;
}

/** Bytes of a value as JSON; Infinity when there is none. */
function bytesOf(value: unknown): number {
  try {
    return JSON.stringify(value)?.length ?? 0;
  } catch {
    return Infinity;
  }
}

/** A plain copy that is no longer than so many characters of JSON, by ever narrower limits. */
export function copyWithin(value: unknown, most: number, limits: CopyLimits = COPY_LIMITS): unknown {
  let narrow = limits;
  for (let tries = 0; tries < 4; tries++) {
    const copy = plainCopy(value, narrow);
    if (bytesOf(copy) <= most) return copy;
    narrow = { depth: Math.max(2, narrow.depth - 2), entries: Math.ceil(narrow.entries / 6), values: Math.ceil(narrow.values / 6), textLength: Math.ceil(narrow.textLength / 6) };
  }
  return { $truncated: 'bytes' };
}
