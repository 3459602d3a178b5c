import { CliError } from '../cli/errors.js';

/** A stamp as people and programs read it: ISO 8601, UTC, microseconds. */
export function isoUs(us: number): string {
  const ms = Math.floor(us / 1000);
  return new Date(ms).toISOString().slice(0, -1) + String(us - ms * 1000).padStart(3, '0') + 'Z';
}

const RELATIVE = /^\+(\d+(?:\.\d+)?)(ms|s|m|h)$/;
const UNIT_US = { ms: 1e3, s: 1e6, m: 60e6, h: 3600e6 } as const;

/**
 * Reads a time argument: ISO 8601 (UTC unless it says otherwise), a number of seconds, milliseconds or
 * microseconds since the epoch (told apart by size), or `+10m` / `+90s` / `+1h` / `+250ms` after the tape's start.
 */
export function parseTimeUs(text: string, option: string, startUs: number): number {
  const relative = RELATIVE.exec(text);
  if (relative) return startUs + Math.round(Number(relative[1]) * UNIT_US[relative[2] as keyof typeof UNIT_US]);
  if (/^\d+(\.\d+)?$/.test(text)) {
    const value = Number(text);
    return Math.round(value < 1e11 ? value * 1e6 : value < 1e14 ? value * 1e3 : value);
  }
  const hasZone = /(Z|[+-]\d\d:?\d\d)$/i.test(text);
  const parsed = Date.parse(hasZone || !text.includes(':') ? text : `${text}Z`);
  if (Number.isFinite(parsed)) return parsed * 1000;
  throw new CliError('usage', `${option} '${text}' is not a time`, "use 2025-10-10T21:12:00Z, an epoch stamp, or '+10m' from the tape's start");
}

/** A duration in seconds as people read it: 0.4 s, 12 s, 3 min 05 s, 2 h 10 min. */
export function humanSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} min`;
}
