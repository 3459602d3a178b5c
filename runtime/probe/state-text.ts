/** The state of a machine as a few characters, for trees and lists. */

export const MOST_STATE_TEXT = 40;
const DEEPEST = 16;
/** A state value is the same object for as long as the machine is in that state: its text is made once. */
const texts = new WeakMap<object, string>();

/**
 * A state value as text: the name of an atomic state, `open.halfOpen` inside a compound one, parallel regions joined as `left.one+right.two`;
 * at most 40 characters, the last one `…` where more there were; '' for a machine without states and for whatever is no state value. Total.
 */
export function stateText(value: unknown): string {
  if (typeof value === 'string') return short(value);
  if (typeof value !== 'object' || value === null) return '';
  let text = texts.get(value);
  if (text === undefined) {
    const leaves: string[] = [];
    collect(value, '', 0, leaves);
    text = short(leaves.join('+'));
    texts.set(value, text);
  }
  return text;
}

function collect(value: object, above: string, depth: number, leaves: string[]): void {
  for (const [key, below] of Object.entries(value) as [string, unknown][]) {
    if (leaves.length > MOST_STATE_TEXT) return;
    const here = above === '' ? key : `${above}.${key}`;
    if (typeof below === 'string') leaves.push(`${here}.${below}`);
    // Of a region without states of its own XState says an empty object.
    else if (typeof below !== 'object' || below === null || depth >= DEEPEST || Object.keys(below).length === 0) leaves.push(here);
    else collect(below, here, depth + 1, leaves);
  }
}

function short(text: string): string {
  return text.length <= MOST_STATE_TEXT ? text : `${text.slice(0, MOST_STATE_TEXT - 1)}…`;
}
