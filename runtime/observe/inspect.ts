import { Ref } from '../core/cell.js';

export interface CopyLimits {
  readonly depth: number;
  /** Entries kept of each list, map, set or object. */
  readonly entries: number;
  /** Values copied in all. */
  readonly values: number;
  readonly textLength: number;
}

export const COPY_LIMITS: CopyLimits = { depth: 8, entries: 200, values: 5_000, textLength: 2_000 };

/**
 * A bounded copy of anything as data that JSON can carry. What JSON cannot say becomes an object with one
 * `$`-key: `{ $bigint }`, `{ $map }`, `{ $set }`, `{ $circular }`, `{ $truncated }` and so on. Never throws:
 * a getter that does becomes `{ $unreadable }`.
 */
export function plainCopy(value: unknown, limits: CopyLimits = COPY_LIMITS): unknown {
  let left = limits.values;
  const above = new Set<object>();

  const copy = (item: unknown, depth: number): unknown => {
    if (--left < 0) return { $truncated: 'values' };
    switch (typeof item) {
      case 'string': return item.length > limits.textLength ? `${item.slice(0, limits.textLength)}…` : item;
      case 'number': return Number.isFinite(item) && !Object.is(item, -0) ? item : { $number: Object.is(item, -0) ? '-0' : String(item) };
      case 'boolean': return item;
      case 'undefined': return { $undefined: true };
      case 'bigint': return { $bigint: String(item) };
      case 'symbol': return { $symbol: String(item.description ?? '') };
      case 'function': return { $function: item.name };
      case 'object': break;
    }
    if (item === null) return null;
    if (above.has(item)) return { $circular: true };
    if (depth >= limits.depth) return { $truncated: 'depth' };
    above.add(item);
    try {
      return copyObject(item, depth);
    } catch (thrown) {
      return { $unreadable: thrown instanceof Error ? thrown.message : 'a getter threw' };
    } finally {
      above.delete(item);
    }
  };

  const list = (items: Iterable<unknown>, size: number, depth: number): unknown[] => {
    const out: unknown[] = [];
    for (const item of items) {
      if (out.length >= limits.entries || left < 0) {
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
    if (item instanceof Error) return { $error: { name: item.name, message: item.message } };
    if (item instanceof DataView) return { $bytes: item.byteLength };
    if (ArrayBuffer.isView(item)) {
      const array = item as unknown as ArrayLike<number | bigint> & Iterable<number | bigint>;
      return { $array: item.constructor.name, length: array.length, values: list(array, array.length, depth) };
    }
    if (item instanceof ArrayBuffer || item instanceof SharedArrayBuffer) return { $bytes: item.byteLength };
    const out: Record<string, unknown> = {};
    const keys = Object.keys(item);
    for (let at = 0; at < keys.length; at++) {
      if (at >= limits.entries || left < 0) {
        out['$truncated'] = keys.length - at;
        break;
      }
      const key = keys[at]!;
      let field: unknown;
      try {
        field = copy((item as Readonly<Record<string, unknown>>)[key], depth + 1);
      } catch (thrown) {
        field = { $unreadable: thrown instanceof Error ? thrown.message : 'a getter threw' };
      }
      // A key like `__proto__` must not become a prototype.
      Object.defineProperty(out, key, { value: field, enumerable: true, writable: true, configurable: true });
    }
    return out;
  };

  return copy(value, 0);
}
