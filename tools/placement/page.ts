import { CliError } from '../cli/errors.js';
import type { Measured } from './measure.js';
import { COLUMNS, describeMachine, tableRows, verdictLines } from './verdict.js';

const BEGIN = '<!-- Measured by `npm run placement -- --write-docs`: from here -->';
const END = '<!-- to here -->';

/** What is written between the markers of docs/placement.md. */
export function measuredBlock(measured: Measured): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [
    `${describeMachine(measured)}:`,
    '',
    line(COLUMNS),
    line(COLUMNS.map((_, k) => (k < 2 ? '---' : '---:'))),
    ...tableRows(measured).map(line),
    '',
    ...verdictLines(measured).map((verdict) => `- ${verdict}`),
  ].join('\n');
}

/** The page with `block` between its markers. @throws CliError `badInput` for a page without them. */
export function withBlock(page: string, block: string): string {
  const from = page.indexOf(BEGIN);
  const to = page.indexOf(END, from);
  if (from < 0 || to < 0) throw new CliError('badInput', 'docs/placement.md has lost its markers', `put back the lines ${BEGIN} and ${END}`);
  return `${page.slice(0, from + BEGIN.length)}\n\n${block}\n\n${page.slice(to)}`;
}
