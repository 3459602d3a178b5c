import type { Json } from '../../../actors/engine/io.js';

/** Objects and lists in one another, at most: nothing a venue says needs more, and what follows (run log, snapshots) walks by recursion. */
const MOST_NESTED = 64;
/** A number that a double may not hold as it was written. */
const LONG_NUMBER = /\d[\d.]{15,}|\d[eE]/;
const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

function nestedTooDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let k = 0; k < text.length; k += 1) {
    const code = text.charCodeAt(k);
    if (inString) {
      if (code === 92) k += 1;
      else if (code === 34) inString = false;
    } else if (code === 34) {
      inString = true;
    } else if (code === 123 || code === 91) {
      depth += 1;
      if (depth > MOST_NESTED) return true;
    } else if (code === 125 || code === 93) {
      depth -= 1;
    }
  }
  return false;
}

const quotedWhereInexact = (token: string): string => (token.startsWith('"') || String(Number(token)) === token || !/\d[\d.]{15,}|[eE]/.test(token) ? token : `"${token}"`);

/**
 * JSON of a venue. Numbers that a double does not hold as they were written (ids of 19 digits, long fractions) become strings of their digits.
 *
 * @throws SyntaxError for what is no JSON, or nested deeper than 64
 */
export function parseExact(text: string): Json {
  if (nestedTooDeep(text)) throw new SyntaxError(`nested deeper than ${MOST_NESTED}`);
  return JSON.parse(LONG_NUMBER.test(text) ? text.replace(STRING_OR_NUMBER, quotedWhereInexact) : text) as Json;
}
