import { Ref } from '../core/cell.js';

export interface CopyLimits {
  readonly depth: number;
  /** Entries kept of each list, map, set or object. */
  readonly entries: number;
  /** Values copied in all. */
  readonly values: number;
  readonly textLength: number;
  /** Characters of all texts and keys together. Default 300,000: as JSON that is less than one reader of the control socket may have waiting. */
  readonly characters?: number;
}

export const COPY_LIMITS: CopyLimits = { depth: 8, entries: 200, values: 5_000, textLength: 2_000 };

const CHARACTERS = 300_000;
const LONGEST_KEY = 200;
/** To write a number of a million digits takes seconds. */
const MOST_BIGINT_BITS = 8_192;
/** JavaScript has no way to look at some keys of an object without listing all of them, a microsecond a key: objects with more are listed once. */
const MANY_KEYS = 10_000;
const KEPT_KEYS = 500;

interface FirstKeys {
  readonly keys: readonly string[];
  readonly count: number;
}
const manyKeys = new WeakMap<object, FirstKeys>();

/** The first keys of an object, and how many it has; of one with very many, as when it was listed first, as long as some of those are there. */
function firstKeys(item: object, entries: number): FirstKeys {
  const known = manyKeys.get(item);
  if (known !== undefined) {
    const keys = known.keys.filter((key) => Object.hasOwn(item, key));
    if (keys.length > 0) return { keys: keys.slice(0, entries), count: known.count };
  }
  const keys = Object.keys(item);
  const found = { keys: keys.slice(0, entries), count: keys.length };
  if (keys.length > MANY_KEYS) manyKeys.set(item, { ...found, keys: keys.slice(0, KEPT_KEYS) });
  return found;
}

/**
 * A bounded copy of anything as data that JSON can carry. What JSON cannot say becomes an object with one
 * `$`-key: `{ $bigint }`, `{ $map }`, `{ $set }`, `{ $circular }`, `{ $truncated }` and so on. Never throws:
 * a getter that does becomes `{ $unreadable }`.
 */
export function plainCopy(value: unknown, limits: CopyLimits = COPY_LIMITS): unknown {
  let left = limits.values;
  let characters = limits.characters ?? CHARACTERS;
  const clip = (text: string, longest: number): string => {
    const most = Math.max(0, Math.min(longest, characters));
    characters -= Math.min(text.length, most);
    return text.length > most ? `${text.slice(0, most)}…` : text;
  };
  const words = (text: string): string => clip(text, limits.textLength);
  const unreadable = (thrown: unknown): unknown => ({ $unreadable: thrown instanceof Error ? words(String(thrown.message)) : 'a getter threw' });
  const above = new Set<object>();

  const copy = (item: unknown, depth: number): unknown => {
    if (--left < 0 || characters <= 0) return { $truncated: 'values' };
    switch (typeof item) {
      case 'string': return words(item);
      case 'number': return Number.isFinite(item) && !Object.is(item, -0) ? item : { $number: Object.is(item, -0) ? '-0' : String(item) };
      case 'boolean': return item;
      case 'undefined': return { $undefined: true };
      case 'bigint': return { $bigint: BigInt.asIntN(MOST_BIGINT_BITS, item) === item ? String(item) : `(more than ${MOST_BIGINT_BITS} bits)` };
      case 'symbol': return { $symbol: words(item.description ?? '') };
      case 'function': return { $function: typeof item.name === 'string' ? words(item.name) : '' };
      case 'object': break;
    }
    if (item === null) return null;
    if (above.has(item)) return { $circular: true };
    if (depth >= limits.depth) return { $truncated: 'depth' };
    above.add(item);
    try {
      return copyObject(item, depth);
    } catch (thrown) {
      return unreadable(thrown);
    } finally {
      above.delete(item);
    }
  };

  const list = (items: Iterable<unknown>, size: number, depth: number): unknown[] => {
    const out: unknown[] = [];
    for (const item of items) {
      if (out.length >= limits.entries || left < 0 || characters <= 0) {
        out.push({ $truncated: size - out.length });
        break;
      }
      out.push(copy(item, depth + 1));
    }
    return out;
  };

  const copyObject = (item: object, depth: number): unknown => {
    if (item instanceof Ref) return { $ref: item.path };
    if (Array.isArray(item)) return list(item, item.length, depth);
    if (item instanceof Map) return { $map: list(item.entries(), item.size, depth) };
    if (item instanceof Set) return { $set: list(item.values(), item.size, depth) };
    if (item instanceof Date) return { $date: Number.isNaN(item.getTime()) ? null : item.toISOString() };
    if (item instanceof Error) return { $error: { name: words(String(item.name)), message: words(String(item.message)) } };
    if (item instanceof DataView) return { $bytes: item.byteLength };
    if (ArrayBuffer.isView(item)) {
      const array = item as unknown as ArrayLike<number | bigint> & Iterable<number | bigint>;
      return { $array: words(item.constructor.name), length: array.length, values: list(array, array.length, depth) };
    }
    if (item instanceof ArrayBuffer || item instanceof SharedArrayBuffer) return { $bytes: item.byteLength };
    const out: Record<string, unknown> = {};
    const { keys, count } = firstKeys(item, limits.entries);
    for (let at = 0; at < keys.length; at++) {
      if (left < 0 || characters <= 0) {
        out['$truncated'] = count - at;
        return out;
      }
      const key = keys[at]!;
      const short = clip(key, LONGEST_KEY);
      let field: unknown;
      try {
        field = copy((item as Readonly<Record<string, unknown>>)[key], depth + 1);
      } catch (thrown) {
        field = unreadable(thrown);
      }
      // A key like `__proto__` must not become a prototype, and two long ones not the same.
      Object.defineProperty(out, Object.hasOwn(out, short) ? `${short} #${at}` : short, { value: field, enumerable: true, writable: true, configurable: true });
    }
    if (count > keys.length) out['$truncated'] = count - keys.length;
    return out;
  };

  return copy(value, 0);
}
