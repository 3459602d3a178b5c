import { printLine, table } from '../cli/output.js';
import { isoUs } from '../replay/time.js';
import type { DecisionRow, SideOfDifference } from './compare.js';

/** Both sides of a difference, field by field; the fields that differ are marked. */
export function printDifference(index: number, [nameA, a]: readonly [string, SideOfDifference], [nameB, b]: readonly [string, SideOfDifference]): void {
  printLine(`decision ${index} differs:\n`);
  const [fieldsA, fieldsB] = [fieldsOf(a.decision), fieldsOf(b.decision)];
  const rows = [...new Set([...fieldsA.keys(), ...fieldsB.keys()])].map((field) => {
    const [left, right] = [fieldsA.get(field) ?? '', fieldsB.get(field) ?? ''];
    return [left === right ? '' : '*', field, left, right];
  });
  printLine(table(['', 'field', nameA, nameB], rows));
  for (const [name, { decision, cause }] of [[nameA, a], [nameB, b]] as const) {
    printLine(`\n${name}: ${decision === null ? 'has ended' : 'came from'}`);
    for (const line of cause?.text.split('\n') ?? []) printLine(`  ${line}`);
  }
}

function fieldsOf(decision: DecisionRow | null): Map<string, string> {
  if (decision === null) return new Map();
  const { seq, atUs, by, kind, symbol, data } = decision;
  return new Map([['at', isoUs(atUs)], ['record', String(seq)], ['by', by], ['kind', kind], ['symbol', String(symbol)], ...Object.entries(data).map(([key, value]): [string, string] => [key, String(value)])]);
}
