/**
 * The Gregorian calendar in UTC as arithmetic (H. Hinnant, "chrono-compatible low-level date algorithms"): what lives under actors/ has
 * no Date. Months are 1 to 12.
 */
export interface CivilDay {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

export const DAY_MS = 86_400_000;

/** Days since 1970-01-01; months beyond 12 roll into later years. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const whole = year + Math.floor((month - 1) / 12);
  const inYear = ((month - 1) % 12) + 1;
  // Years begin in March, so that the leap day is the last of its year.
  const y = inYear <= 2 ? whole - 1 : whole;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * ((inYear + 9) % 12) + 2) / 5) + day - 1;
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468;
}

export function civilFromMs(ms: number): CivilDay {
  const days = Math.floor(ms / DAY_MS) + 719_468;
  const era = Math.floor(days / 146_097);
  const dayOfEra = days - era * 146_097;
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1 };
}

/** 0 = Sunday. */
export const weekday = (days: number): number => (((days + 4) % 7) + 7) % 7;
