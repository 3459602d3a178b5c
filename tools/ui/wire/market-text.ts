/** How times, prices and quantities of a market are written; exact, and never wider than there is room. */

const MS = 1000;
const SECOND = 1_000_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Distances of labels that people read easily, µs. */
const STEPS: readonly number[] = [
  ...[1, 10, 100, MS, 10 * MS, 100 * MS].flatMap((unit) => [unit, 2 * unit, 5 * unit]),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND), ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE), ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14, 30, 90, 365, 1000, 3650, 36_500].map((n) => n * DAY),
];

const two = (value: number): string => String(value).padStart(2, '0');
/** Beyond this `Date` says nothing. */
const MOST_US = 8.64e18;

interface Parts {
  readonly date: string;
  readonly minutes: string;
  readonly seconds: string;
  /** Six digits. */
  readonly fraction: string;
}

function partsOf(us: number): Parts | undefined {
  if (!(Math.abs(us) < MOST_US)) return undefined;
  const whole = Math.floor(us / SECOND);
  const at = new Date(whole * 1000);
  const fraction = String(Math.max(0, Math.min(999_999, Math.floor(us - whole * SECOND)))).padStart(6, '0');
  return {
    date: at.toISOString().replace(/T.*$/, ''), minutes: `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`, seconds: two(at.getUTCSeconds()), fraction,
  };
}

/** A moment in UTC to the microsecond, trailing zeros of the fraction left out. */
export function timeText(us: number): string {
  const parts = partsOf(us);
  if (parts === undefined) return '?';
  const fraction = parts.fraction.replace(/0+$/, '');
  return `${parts.date} ${parts.minutes}:${parts.seconds}${fraction === '' ? '' : `.${fraction}`}`;
}

/** A length of time: its two largest units. */
export function durationText(us: number): string {
  const size = Math.abs(us);
  if (size < MS) return `${Math.round(size)} µs`;
  if (size < SECOND) return `${Number((size / MS).toPrecision(3))} ms`;
  if (size < MINUTE) return `${Number((size / SECOND).toPrecision(3))} s`;
  const [large, small, names] = size < HOUR ? [MINUTE, SECOND, ['min', 's']] : size < DAY ? [HOUR, MINUTE, ['h', 'min']] : [DAY, HOUR, ['d', 'h']];
  const whole = Math.floor(size / large);
  const rest = Math.floor((size % large) / small);
  return rest === 0 ? `${whole} ${names[0]}` : `${whole} ${names[0]} ${rest} ${names[1]}`;
}

export interface TimeLabels {
  readonly at: readonly number[];
  /** Two lines where the day is said too. */
  readonly texts: readonly string[];
  readonly stepUs: number;
}

/**
 * Labels of a time axis from `fromUs` to `toUs` that is `widthPx` wide, where a character takes `charPx`: as fine as fits without any two touching, to
 * the microsecond. The first, and the first of each day, says the day too.
 */
export function timeLabels(fromUs: number, toUs: number, widthPx: number, charPx: number): TimeLabels {
  const span = toUs - fromUs;
  if (!(span > 0 && widthPx > 0 && charPx > 0) || !Number.isFinite(fromUs) || !Number.isFinite(toUs)) return { at: [], texts: [], stepUs: 0 };
  const step = STEPS.find((one) => (one / span) * widthPx >= (charactersOf(one) + 2) * charPx);
  if (step === undefined) return { at: [], texts: [], stepUs: 0 };
  const at: number[] = [];
  for (let n = Math.ceil(fromUs / step); n * step <= toUs; n += 1) if (n * step >= fromUs) at.push(n * step);
  let day = '';
  const texts = at.map((us) => {
    const parts = partsOf(us);
    if (parts === undefined) return '';
    if (step >= DAY) return parts.date;
    const time = step >= MINUTE ? parts.minutes : step >= SECOND ? `${parts.minutes}:${parts.seconds}` : `${parts.minutes}:${parts.seconds}.${parts.fraction.slice(0, step >= MS ? 3 : 6)}`;
    if (parts.date === day) return time;
    day = parts.date;
    return `${time}\n${parts.date}`;
  });
  return { at, texts, stepUs: step };
}

/** Characters of the widest line of a label: a date has ten. */
function charactersOf(step: number): number {
  if (step >= SECOND) return 10;
  return step >= MS ? 12 : 15;
}

interface Unit {
  readonly mantissa: bigint;
  readonly decimals: number;
}

function unitOf(size: string): Unit | undefined {
  const found = /^(\d+)(?:\.(\d+))?$/.exec(size);
  if (found === null) return undefined;
  const fraction = found[2] ?? '';
  return { mantissa: BigInt(found[1] + fraction), decimals: fraction.length };
}

function decimalText(value: bigint, decimals: number): string {
  const digits = String(value < 0n ? -value : value).padStart(decimals + 1, '0');
  const text = decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
  return value < 0n ? `-${text}` : text;
}

/** So many ticks (also half ones) or lots as the decimal that they are, exact; '–' for none. */
export function amountText(count: number, size: string): string {
  const unit = unitOf(size);
  if (unit === undefined || !Number.isFinite(count)) return '–';
  if (Number.isInteger(count)) return decimalText(BigInt(count) * unit.mantissa, unit.decimals);
  return decimalText(BigInt(Math.round(count * 2)) * unit.mantissa * 5n, unit.decimals + 1);
}

/** Four significant digits of an indicator; '–' for none. */
export function valueText(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 1e7)) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}
