/** What comes from a process of whatever version, cut to what a list can show. */

const MOST_KEYS = 24;
const MOST_TEXT = 400;

/** A text of bounded length; anything else is ''. */
export function textOf(value: unknown): string {
  if (typeof value !== 'string') return '';
  return value.length <= MOST_TEXT ? value : `${value.slice(0, MOST_TEXT)}…`;
}

export function pidOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
}

/** The short values of a status, at most 24 of them. */
export function shortStatus(status: unknown): Readonly<Record<string, string | number | boolean>> {
  if (typeof status !== 'object' || status === null || Array.isArray(status)) return {};
  const short: [string, string | number | boolean][] = [];
  for (const [key, value] of Object.entries(status)) {
    if (short.length >= MOST_KEYS) break;
    if (key.length > 60) continue;
    if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) short.push([key, value]);
    else if (typeof value === 'string' && value.length <= MOST_TEXT) short.push([key, value]);
  }
  return Object.fromEntries(short);
}
