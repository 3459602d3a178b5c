import type { Json } from '../../actors/engine/io.js';

/** Objects and lists in one another, at most: nothing a venue says needs more, and what follows (run log, snapshots) walks by recursion. */
const MOST_NESTED = 64;
/** A number with so many digits in a row may be beyond what a double holds exactly. */
const LONG_NUMBER = /\d{16}/;
const INTEGER = /^-?\d{16,}$/;
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;
const [QUOTE, BACKSLASH, OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [34, 92, 123, 125, 91, 93] as const;

function nestedTooDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let k = 0; k < text.length; k += 1) {
    const code = text.charCodeAt(k);
    if (inString) {
      if (code === BACKSLASH) k += 1;
      else if (code === QUOTE) inString = false;
    } else if (code === QUOTE) {
      inString = true;
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      depth += 1;
      if (depth > MOST_NESTED) return true;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth -= 1;
    }
  }
  return false;
}

/**
 * As JSON.parse, but an integer that a double would round comes as a string of its digits: ids of the venue are names, not amounts.
 * @throws SyntaxError, also for what is nested deeper than 64
 */
export function parseExactJson(text: string): Json {
  if (nestedTooDeep(text)) throw new SyntaxError(`nested deeper than ${MOST_NESTED}`);
  if (!LONG_NUMBER.test(text)) return JSON.parse(text) as Json;
  const quoted = text.replace(TOKEN, (token) => (INTEGER.test(token) && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token));
  return JSON.parse(quoted) as Json;
}
