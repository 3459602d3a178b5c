/** 2100-01-01, the end of the stamps that are believed. */
const LATEST_US = 4_102_444_800_000_000;
const ZERO = 48;

/**
 * Reads a time stamp as µs since the epoch. A number's unit is told by its magnitude (seconds below 1e11, then ms
 * below 1e14, µs below 1e17, ns above; a fraction is kept down to the µs); else ISO 8601 (blank or T, with or
 * without zone, UTC when there is none), a plain date, or M/D/YYYY h:mm:ss AM|PM.
 * Stamps finer than 1 µs are cut, not rounded. NaN for anything else and for times outside 1970 … 2100; 0 stays 0.
 */
export function parseStampUs(bytes: Uint8Array, start: number, end: number): number {
  let from = start;
  let to = end;
  while (from < to && bytes[from] === 32) from += 1;
  while (to > from && bytes[to - 1] === 32) to -= 1;
  let point = -1;
  for (let at = from; at < to; at += 1) {
    const code = bytes[at]!;
    if (code >= ZERO && code <= 57) continue;
    if (code === 46 && point < 0) {
      point = at;
      continue;
    }
    return parseCalendar(Buffer.from(bytes.buffer, bytes.byteOffset + from, Math.min(to - from, 64)).toString('latin1'));
  }
  const wholeEnd = point < 0 ? to : point;
  const digits = wholeEnd - from;
  if (digits === 0 || digits > 19) return Number.NaN;
  // 18 and 19 digits are ns: their last three are dropped before they could be rounded by a double.
  const kept = digits >= 18 ? wholeEnd - 3 : wholeEnd;
  let value = 0;
  for (let at = from; at < kept; at += 1) value = value * 10 + (bytes[at]! - ZERO);
  if (digits >= 18) return bounded(value);
  const unitUs = value < 1e11 ? 1_000_000 : value < 1e14 ? 1000 : value < 1e17 ? 1 : 0;
  if (unitUs === 0) return bounded(Math.floor(value / 1000));
  let fractionUs = 0;
  if (point >= 0) {
    let place = unitUs / 10;
    for (let at = point + 1; at < to && place >= 1; at += 1, place /= 10) fractionUs += (bytes[at]! - ZERO) * place;
  }
  return bounded(value * unitUs + fractionUs);
}

/** As {@link parseStampUs} for a string. */
export function parseStampText(text: string): number {
  if (text.length > 64) return Number.NaN;
  const length = scratch.write(text, 'latin1');
  return parseStampUs(scratch, 0, length);
}

/** As {@link parseStampUs} for a number of a JSON message. */
export function stampUsOf(value: number): number {
  if (!(value >= 0)) return Number.NaN;
  const unitUs = value < 1e11 ? 1_000_000 : value < 1e14 ? 1000 : value < 1e17 ? 1 : 0.001;
  return bounded(Math.floor(value * unitUs));
}

const scratch = Buffer.alloc(64);

function bounded(us: number): number {
  return us >= 0 && us < LATEST_US ? us : Number.NaN;
}

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)? ?(?:Z|UTC|([+-])(\d\d):?(\d\d))?$/;
const AMERICAN = /^(\d{1,2})\/(\d{1,2})\/(\d{4})(?: (\d{1,2}):(\d\d):(\d\d) (AM|PM))?$/;

function parseCalendar(text: string): number {
  const iso = ISO.exec(text);
  if (iso !== null) {
    const zone = (Number(iso[9] ?? 0) * 60 + Number(iso[10] ?? 0)) * (iso[8] === '-' ? -1 : 1);
    const us = Number((iso[7] ?? '').slice(0, 6).padEnd(6, '0'));
    return fromFields(Number(iso[1]), Number(iso[2]), Number(iso[3]), Number(iso[4] ?? 0), Number(iso[5] ?? 0) , Number(iso[6] ?? 0), us, zone);
  }
  const american = AMERICAN.exec(text);
  if (american === null) return Number.NaN;
  const hour = Number(american[4] ?? 0);
  if (hour > 12) return Number.NaN;
  const shifted = american[7] === 'PM' ? (hour % 12) + 12 : american[7] === 'AM' ? hour % 12 : hour;
  return fromFields(Number(american[3]), Number(american[1]), Number(american[2]), shifted, Number(american[5] ?? 0), Number(american[6] ?? 0), 0, 0);
}

function fromFields(year: number, month: number, day: number, hour: number, minute: number, second: number, us: number, zoneMinutes: number): number {
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 59) return Number.NaN;
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  if (date.getUTCDate() !== day) return Number.NaN;
  return bounded((date.getTime() - zoneMinutes * 60_000) * 1000 + us);
}
