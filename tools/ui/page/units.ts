import { durationText, timeText } from '../wire/market-text.js';

/** From here on a number of microseconds is a moment, below it a length of time: 2001, or 31 years. */
const FIRST_MOMENT_US = 1e15;
const WORDS: readonly (readonly [ending: RegExp, say: (value: number) => string])[] = [
  [/Us$/, (value) => timeOrLength(value)], [/Ms$/, (value) => timeOrLength(value * 1000)], [/(Seconds|[a-z]S)$/, (value) => timeOrLength(value * 1e6)],
  [/Bps$/, (value) => `${shortText(value)} bp`], [/Share$/, (value) => `${shortText(value * 100)} %`], [/Ticks$/, (value) => `${shortText(value)} ticks`], [/Lots$/, (value) => `${shortText(value)} lots`],
  [/Bytes$/, (value) => `${value.toLocaleString('en')} bytes`],
];

/** A number in the unit that its field's name ends with, as names here do; undefined where it says none. */
export function unitText(field: string, value: unknown): string | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value) || value === 0) return undefined;
  return WORDS.find(([ending]) => ending.test(field))?.[1](value);
}

/** What stands in a list or an object is in the unit of its field, unless its own name says another. */
export function unitField(field: string, within: string): string {
  return within !== '' && !WORDS.some(([ending]) => ending.test(field)) ? within : field;
}

const timeOrLength = (us: number): string => (us >= FIRST_MOMENT_US ? timeText(us) : durationText(us));
const shortText = (value: number): string => (Number.isInteger(value) ? value.toLocaleString('en') : String(Number(value.toPrecision(6))));
