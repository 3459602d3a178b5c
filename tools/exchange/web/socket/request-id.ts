const WORD = /^[A-Za-z0-9_-]{0,36}$/;
const DIGITS = /"id"\s*:\s*(-?\d+)/;

/**
 * The id of a request as JSON, to be echoed: any whole number, a word of at most 36 letters, digits, `-` and `_`, or null; undefined for what cannot be
 * one. Past 2^53 the digits that were sent are echoed, not what JavaScript makes of them.
 */
export function requestIdJson(id: unknown, text: string): string | undefined {
  if (id === null) return 'null';
  if (typeof id === 'string') return WORD.test(id) ? `"${id}"` : undefined;
  if (typeof id !== 'number' || !Number.isInteger(id)) return undefined;
  return Number.isSafeInteger(id) ? String(id) : DIGITS.exec(text)?.[1];
}
