/** Ages and times in few letters. */

const UNITS = [[86_400_000, 'd'], [3_600_000, 'h'], [60_000, 'min'], [1000, 's']] as const;

/** `3.2 s`, `14 min`; '' for null. */
export function ageText(ms: number | null): string {
  if (ms === null) return '';
  for (const [size, unit] of UNITS) {
    if (ms >= size) return `${ms / size < 10 ? (ms / size).toFixed(1) : Math.floor(ms / size)} ${unit}`;
  }
  return `${Math.round(ms)} ms`;
}

/** How long before `atUs` a stamp of ms was. */
export const sinceText = (atUs: number, ms: number | null): string => (ms === null ? '' : ageText(Math.max(0, atUs / 1000 - ms)));

/** `2026-11-22 05:15:37`, UTC. */
export function timeText(us: number): string {
  const date = new Date(us / 1000);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString().slice(0, 19).replace('T', ' ');
}

/** Money, signed and with the sign's colour. */
export const signClass = (amount: string): string => (amount.startsWith('-') ? 'bad' : amount === '' || Number(amount) === 0 ? 'muted' : 'good');
