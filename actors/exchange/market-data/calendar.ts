/** The venue's candle intervals and when each of their candles opens (UTC). */
export const INTERVALS = ['1s', '1m', '3m', '5m', '15m', '30m', '1h', '2h', '4h', '6h', '8h', '12h', '1d', '3d', '1w', '1M'] as const;
export type Interval = (typeof INTERVALS)[number];

export const SECOND_US = 1_000_000;
export const MINUTE_US = 60 * SECOND_US;
export const HOUR_US = 60 * MINUTE_US;
export const DAY_US = 24 * HOUR_US;
const WEEK_US = 7 * DAY_US;
/** 1970-01-05 was the first Monday. */
const FIRST_MONDAY_US = 4 * DAY_US;

/** Length of an interval; of a month its shortest, which only sizes things. */
export const INTERVAL_US: Readonly<Record<Interval, number>> = {
  '1s': SECOND_US, '1m': MINUTE_US, '3m': 3 * MINUTE_US, '5m': 5 * MINUTE_US, '15m': 15 * MINUTE_US, '30m': 30 * MINUTE_US, '1h': HOUR_US, '2h': 2 * HOUR_US,
  '4h': 4 * HOUR_US, '6h': 6 * HOUR_US, '8h': 8 * HOUR_US, '12h': 12 * HOUR_US, '1d': DAY_US, '3d': 3 * DAY_US, '1w': WEEK_US, '1M': 28 * DAY_US,
};

export function isInterval(text: string): text is Interval {
  return (INTERVALS as readonly string[]).includes(text);
}

/** Opening time of the candle that holds `us`; `zoneUs` moves the day's beginning (klines with a `timeZone`). */
export function openOf(interval: Interval, us: number, zoneUs = 0): number {
  const local = us + zoneUs;
  switch (interval) {
    case '1M': return monthStartUs(local) - zoneUs;
    case '1w': return Math.floor((local - FIRST_MONDAY_US) / WEEK_US) * WEEK_US + FIRST_MONDAY_US - zoneUs;
    default: return Math.floor(local / INTERVAL_US[interval]) * INTERVAL_US[interval] - zoneUs;
  }
}

/** Opening time of the candle after the one that opens at `openUs`. */
export function nextOpen(interval: Interval, openUs: number, zoneUs = 0): number {
  return interval === '1M' ? openOf(interval, openUs + 32 * DAY_US, zoneUs) : openUs + INTERVAL_US[interval];
}

/** Days and months without a calendar library (Howard Hinnant, "chrono-compatible low-level date algorithms"). */
function monthStartUs(us: number): number {
  const days = Math.floor(us / DAY_US);
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const ofEra = shifted - era * 146_097;
  const year = Math.floor((ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365);
  const ofYear = ofEra - (365 * year + Math.floor(year / 4) - Math.floor(year / 100));
  const month = Math.floor((5 * ofYear + 2) / 153);
  const day = ofYear - Math.floor((153 * month + 2) / 5);
  return (days - day) * DAY_US;
}
