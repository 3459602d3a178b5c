import type { ExactNumber } from '../exact-number.js';
import { BadRow, quoteForeign } from '../import-error.js';
import { parseStampText, stampUsOf } from '../stamps.js';

/** A JSON object of a feed, its fields not yet checked. */
export type Message = Readonly<Record<string, unknown>>;

export function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return value === undefined ? '(missing)' : quoteForeign(typeof value === 'string' ? value : serialised(value), 40);
}

/** JSON of a foreign value; "" for undefined. */
export function serialised(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    // Nested so deeply that the stack does not hold it, which JSON.parse does not mind.
    return '[…]';
  }
}

/** A decimal sent as a string, or as a number whose shortest form is what was sent. @throws BadRow. */
export function decimalField(value: unknown, out: ExactNumber, what: string): ExactNumber {
  const read = typeof value === 'string' ? out.parseText(value) : typeof value === 'number' && out.parseNumber(value);
  if (!read) throw new BadRow(`${what} ${shown(value)} is not a number that can be held exactly`, 'number');
  return out;
}

/** A whole number below 2^53, sent as number or string. An id that JSON.parse has already rounded is refused. @throws BadRow. */
export function idField(value: unknown, what: string): number {
  const id = typeof value === 'string' && /^\d{1,17}$/.test(value) ? Number(value) : value;
  if (typeof id !== 'number' || !Number.isSafeInteger(id) || id < 0) throw new BadRow(`${what} ${shown(value)} is not a whole number below 2^53`, 'number');
  return id;
}

/** A stamp above 0 in µs, its unit told by its magnitude. @throws BadRow. */
export function stampField(value: unknown, what: string): number {
  const us = typeof value === 'number' ? stampUsOf(value) : typeof value === 'string' ? parseStampText(value) : Number.NaN;
  if (!(us > 0)) throw new BadRow(`${what} ${shown(value)} is not a time between 1970 and 2100`, 'time');
  return us;
}

export function textField(value: unknown, what: string): string {
  if (typeof value !== 'string' || value === '') throw new BadRow(`${what} ${shown(value)} is not a text`);
  return value;
}

export function booleanField(value: unknown, what: string): boolean {
  if (typeof value !== 'boolean') throw new BadRow(`${what} ${shown(value)} is neither true nor false`);
  return value;
}

export function listField(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new BadRow(`${what} is not a list`);
  return value;
}
