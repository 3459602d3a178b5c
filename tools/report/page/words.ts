import { duration } from '../../cli/progress.js';
import { isoUs } from '../../replay/time.js';

/** 2026-01-05 13:54:29.109, UTC. */
export const timeText = (us: number): string => isoUs(us).replace('T', ' ').slice(0, 23);
export const clockText = (us: number): string => isoUs(us).slice(11, 23);
export const countText = (count: number): string => count.toLocaleString('en-US');

/** 12.34 %, with a sign where `signed`; a dash where there is none. */
export function percentText(share: number | null, signed = false): string {
  if (share === null || !Number.isFinite(share)) return '–';
  const percent = share * 100;
  const digits = Math.abs(percent) >= 0.1 || percent === 0 ? 2 : 4;
  return `${signed && percent > 0 ? '+' : ''}${percent.toFixed(digits)} %`;
}

export const ratioText = (value: number | null): string => (value === null || !Number.isFinite(value) ? '–' : value.toFixed(2));

/** 0.47 s, 3 min 05 s. */
export function spanText(us: number): string {
  const seconds = us / 1e6;
  return seconds < 10 ? `${Number(seconds.toPrecision(3))} s` : duration(seconds);
}

/** A number on an axis: so many digits that steps of `step` are told apart. */
export function axisText(value: number, step: number): string {
  const digits = Math.max(0, Math.min(12, -Math.floor(Math.log10(step) + 1e-9)));
  const text = value.toFixed(digits);
  // 2.5 takes a digit more than its power says.
  return Math.abs(Number(text) - value) > step / 100 ? value.toFixed(digits + 1) : text === `-${(0).toFixed(digits)}` ? (0).toFixed(digits) : text;
}
