import { CliError } from './errors.js';

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
export type DurationUnit = keyof typeof UNIT_MS;

/**
 * Milliseconds of a duration from the command line: 500ms, 2s, 5m, 1h, 7d; a plain number is in `plain`.
 * @throws CliError usage
 */
export function durationMs(text: string, plain: DurationUnit): number {
  const found = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text);
  if (found === null) throw new CliError('usage', `'${text}' is no duration`, `e.g. 500ms, 2s, 5m, 1h; a plain number is ${plain === 'ms' ? 'milliseconds' : 'seconds'}`);
  return Number(found[1]) * UNIT_MS[(found[2] ?? plain) as DurationUnit];
}
