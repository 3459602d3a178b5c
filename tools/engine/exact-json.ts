import type { Json } from '../../actors/engine/io.js';

/** A number with so many digits in a row may be beyond what a double holds exactly. */
const LONG_NUMBER = /\d{16}/;
const INTEGER = /^-?\d{16,}$/;
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;

/**
 * As JSON.parse, but an integer that a double would round comes as a string of its digits: ids of the venue are names, not amounts.
 * @throws SyntaxError
 */
export function parseExactJson(text: string): Json {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text) as Json;
  const quoted = text.replace(TOKEN, (token) => (INTEGER.test(token) && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token));
  return JSON.parse(quoted) as Json;
}
