/** Stryker's JSON report (mutation-testing-report-schema 2), as far as it is read. */
export interface StrykerReport {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly StrykerMutant[] }>>;
}

interface StrykerMutant {
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly status: 'Killed' | 'Survived' | 'NoCoverage' | 'Timeout' | 'CompileError' | 'RuntimeError' | 'Ignored' | 'Pending';
  readonly location: { readonly start: Position; readonly end: Position };
}

interface Position {
  readonly line: number;
  readonly column: number;
}

/** A mutant that no test noticed. */
export interface Survivor {
  readonly file: string;
  readonly line: number;
  /** Text of its line, without the blanks around it: what the reason hangs on, so that it survives changes elsewhere. */
  readonly code: string;
  readonly original: string;
  readonly becomes: string;
  readonly covered: boolean;
}

export interface FileScore {
  readonly file: string;
  readonly mutants: number;
  readonly killed: number;
  readonly timedOut: number;
  readonly survived: number;
}

/** Reasons are kept by group: one sentence for all the mutants it explains. */
export interface ReasonGroup {
  readonly reason: string;
  readonly mutants: readonly string[];
}

const LONGEST = 90;

export function scores(report: StrykerReport): FileScore[] {
  return Object.keys(report.files).sort().map((file) => {
    const count = (...statuses: readonly string[]): number => report.files[file]!.mutants.filter(({ status }) => statuses.includes(status)).length;
    const killed = count('Killed', 'RuntimeError');
    const timedOut = count('Timeout');
    const survived = count('Survived', 'NoCoverage');
    return { file, mutants: killed + timedOut + survived, killed, timedOut, survived };
  });
}

/** Share of the mutants that were noticed, in percent; a time-out is noticed. */
export function percent(all: readonly FileScore[]): number {
  const mutants = all.reduce((sum, { mutants: n }) => sum + n, 0);
  return mutants === 0 ? 0 : (100 * all.reduce((sum, { killed, timedOut }) => sum + killed + timedOut, 0)) / mutants;
}

export function survivors(report: StrykerReport): Survivor[] {
  const found: Survivor[] = [];
  for (const file of Object.keys(report.files).sort()) {
    const { source, mutants } = report.files[file]!;
    const lines = source.split('\n');
    for (const mutant of mutants) {
      if (mutant.status !== 'Survived' && mutant.status !== 'NoCoverage') continue;
      const { start, end } = mutant.location;
      found.push({
        file, line: start.line, code: (lines[start.line - 1] ?? '').trim(), original: oneLine(textBetween(lines, start, end)), becomes: oneLine(mutant.replacement ?? mutant.mutatorName),
        covered: mutant.status === 'Survived',
      });
    }
  }
  return found.sort((a, b) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1));
}

/** How a survivor is named in the file of reasons. */
export function nameOf({ file, code, original, becomes }: Survivor): string {
  return `${file}: ${oneLine(code)} :: ${original} => ${becomes}`;
}

/** Which survivors have no reason, and which reasons have no survivor any more. */
export function compare(found: readonly Survivor[], groups: readonly ReasonGroup[]): { readonly unexplained: Survivor[]; readonly stale: string[] } {
  const explained = new Set(groups.flatMap(({ mutants }) => mutants));
  const alive = new Set(found.map(nameOf));
  return { unexplained: found.filter((survivor) => !explained.has(nameOf(survivor))), stale: [...explained].filter((name) => !alive.has(name)) };
}

function textBetween(lines: readonly string[], start: Position, end: Position): string {
  if (start.line === end.line) return (lines[start.line - 1] ?? '').slice(start.column - 1, end.column - 1);
  const inner = lines.slice(start.line, end.line - 1);
  return [(lines[start.line - 1] ?? '').slice(start.column - 1), ...inner, (lines[end.line - 1] ?? '').slice(0, end.column - 1)].join(' ');
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}
