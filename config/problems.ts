/** One thing that is wrong with a configuration file, with all a person needs to put it right. */
export interface ConfigProblem {
  /** The file as it was named by the caller. */
  readonly file: string;
  /** Counted from 1; 1:1 where the problem is the whole file. */
  readonly line: number;
  readonly column: number;
  /** Path of the key, as TOML writes it; empty where the problem is the whole file. */
  readonly key: string;
  /** What should stand there, e.g. `an integer from 1 to 5`. */
  readonly expected: string;
  /** What stands there, as the file writes it. */
  readonly found: string;
  /** For an unknown key: the valid key nearest to it. */
  readonly nearest: string | null;
}

/** A configuration that was refused, with every problem at once. */
export class ConfigError extends Error {
  readonly file: string;
  readonly problems: readonly ConfigProblem[];
  constructor(file: string, problems: readonly ConfigProblem[]) {
    super(problems.map(problemLine).join('\n'));
    this.name = 'ConfigError';
    this.file = file;
    this.problems = problems;
  }
}

/** `faultline.toml:8:15: trading.detector.dwellSeconds: expected a number from 0 to 10, found "soon"`. */
export function problemLine({ file, line, column, key, expected, found, nearest }: ConfigProblem): string {
  const place = key === '' ? `${file}:${line}:${column}` : `${file}:${line}:${column}: ${key}`;
  const hint = nearest === null ? '' : `; the nearest valid key is ${nearest}`;
  return `${place}: expected ${expected}, found ${found}${hint}`;
}

/** A path as TOML writes it: bare keys joined by dots, anything else in quotes, list positions in brackets. */
export function keyText(path: readonly (string | number)[]): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += `${text === '' ? '' : '.'}${/^[A-Za-z0-9_-]+$/.test(part) ? part : JSON.stringify(part)}`;
  }
  return text;
}
