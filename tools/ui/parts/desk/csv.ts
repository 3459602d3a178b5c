/** CSV after RFC 4180. */

/** Spreadsheets take a cell that begins so for a formula (OWASP, "CSV Injection"); a number may begin with its sign. */
const FORMULA = /^[=+\-@\t\r]/;
const NUMBER = /^-?\d+(\.\d+)?$/;

/** A cell: neutralised by an apostrophe where it could be a formula, quoted where it has to be. */
export function csvCell(text: string): string {
  const safe = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export const csvLine = (cells: readonly string[]): string => `${cells.map(csvCell).join(',')}\r\n`;
