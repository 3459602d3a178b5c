/** Why an import ended; each kind has its exit code in tools/cli/errors.ts under the same name. */
export type ImportProblem = 'usage' | 'badInput' | 'cannotRead';

/** An import that cannot go on: one line for the person, and the way out. The only error that importers throw. */
export class ImportError extends Error {
  readonly problem: ImportProblem;
  readonly fix: string | undefined;

  constructor(problem: ImportProblem, message: string, fix?: string) {
    super(message);
    this.name = 'ImportError';
    this.problem = problem;
    this.fix = fix;
  }
}

/**
 * A file that is good up to a point: cut short, or damaged from there on. With skipping on it counts as one bad row and
 * what came before is kept.
 */
export class DamagedInput extends ImportError {
  /** What is wrong, without the name of the file. */
  readonly reason: string;

  constructor(label: string, reason: string) {
    super('badInput', `${label}: ${reason}`, 'fetch the file again; --skip-bad-rows keeps what comes before the damage');
    this.name = 'DamagedInput';
    this.reason = reason;
  }
}

/**
 * Why a row or message is refused, for counting: not JSON; not of the shape its kind has; a field that is no number, no
 * time or no symbol; a value no market has; a value between two ticks or lots; data of another venue.
 */
export const REFUSALS = ['json', 'shape', 'number', 'time', 'symbol', 'range', 'step', 'venue'] as const;
export type Refusal = (typeof REFUSALS)[number];

/** One row or message that cannot become a record. Thrown by decoders, caught by the frame loop, never by callers. */
export class BadRow extends Error {
  readonly refusal: Refusal;

  constructor(reason: string, refusal: Refusal = 'shape') {
    super(reason);
    this.name = 'BadRow';
    this.refusal = refusal;
  }
}

/** At most `limit` characters of foreign text, made printable, for an error message. */
export function quoteForeign(text: string, limit = 60): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return JSON.stringify(cut);
}
