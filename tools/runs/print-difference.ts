import { printLine, table } from '../cli/output.js';
import { isoUs } from '../replay/time.js';
import type { SideOfDifference } from './compare.js';
import type { RunsDifferIn } from './described.js';

/** Longest text of a value in the table; the rest is in `--json`. */
const MOST_CHARACTERS = 60;

/** What is compared, and what it differs in before anything is decided. */
export function printRuns([a, b]: readonly [string, string], between: RunsDifferIn | null): void {
  printLine(`a: ${a}\nb: ${b}\n`);
  if (between === null) return;
  const rows = [
    ...(between.code === null ? [] : [['code', ...between.code]]), ...(between.tape === null ? [] : [['tape', ...between.tape]]),
    ...between.config.map(({ key, a: left, b: right }) => [key, cut(JSON.stringify(left)), cut(JSON.stringify(right))]),
  ];
  printLine(rows.length === 0 ? 'the same code, configuration and tape\n' : `${table(['they differ in', 'a', 'b'], rows)}\n`);
}

/** Both sides of a difference, field by field; the fields that differ are marked. */
export function printDifference(index: number, [nameA, a]: readonly [string, SideOfDifference], [nameB, b]: readonly [string, SideOfDifference]): void {
  const effects = a.effect !== undefined || b.effect !== undefined;
  printLine(`${effects ? 'the decisions are equal; what was asked of the world is not: effect' : 'decision'} ${index} differs${index === 0 ? '' : index === 1 ? '; the one before it does not' : `; the ${index} before it do not`}:\n`);
  const [fieldsA, fieldsB] = [fieldsOf(a), fieldsOf(b)];
  const rows = [...new Set([...fieldsA.keys(), ...fieldsB.keys()])].map((field) => {
    const [left, right] = [fieldsA.get(field) ?? '', fieldsB.get(field) ?? ''];
    return [left === right ? '' : '*', field, cut(left), cut(right)];
  });
  printLine(table(['', 'field', nameA, nameB], rows));
  for (const [name, { decision, effect, cause }] of [[nameA, a], [nameB, b]] as const) {
    printLine(`\n${name}: ${decision === null && (effect ?? null) === null ? 'has ended' : 'heard by then'}`);
    for (const line of cause?.text.split('\n') ?? []) printLine(`  ${line}`);
  }
}

const cut = (text: string): string => (text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS - 1)}…` : text);

function fieldsOf({ decision, effect }: SideOfDifference): Map<string, string> {
  if (effect !== undefined && effect !== null) {
    const { atUs, by, effect: kind, payload } = effect;
    return new Map([['at', isoUs(atUs)], ['by', by], ['effect', kind], ...flat(payload, '')]);
  }
  if (decision === null) return new Map();
  const { seq, atUs, by, kind, symbol, data } = decision;
  return new Map([['at', isoUs(atUs)], ['record', String(seq)], ['by', by], ['kind', kind], ['symbol', String(symbol)], ...Object.entries(data).map(([key, value]): [string, string] => [key, String(value)])]);
}

/** Leaves of a value by their way to it: `params.quantity`. */
function flat(value: unknown, way: string): [string, string][] {
  if (typeof value !== 'object' || value === null) return [[way, String(value)]];
  return Object.entries(value).flatMap(([key, part]) => flat(part, way === '' ? key : `${way}.${key}`));
}
