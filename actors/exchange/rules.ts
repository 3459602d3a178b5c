/**
 * Rules of the venues that changed on a known day. `--as-of DATE` serves what held on that day; without it the newest.
 * A date is the first day (UTC) on which the rule holds.
 */
export const RULES = {
  /** USD-M conditional orders live on /fapi/v1/algoOrder; /fapi/v1/order answers -4120. */
  usdmAlgoOrders: '2025-12-09',
  /** Non-ASCII is percent-encoded before it is signed; else -1022. */
  percentEncodedSignatures: '2026-01-15',
  /** Spot listenKeys are gone: /api/v3/userDataStream answers 410. */
  spotListenKeysGone: '2026-02-20',
  /** Spot has execution rules (PRICE_RANGE), and shows its reference prices. */
  spotPriceRange: '2026-03-09',
  /** Successful order placement and cancellation weigh 0 on spot, and RAW_REQUESTS is 300 000 in 5 minutes. */
  spotOrdersWeighNothing: '2026-04-02',
  /** Spot's self-trade prevention may be TRANSFER on every symbol. */
  spotStpTransfer: '2026-04-02',
  /** USD-M streams are split into /public, /market and /private; the unrouted URL delivers the public class only. */
  usdmRoutedStreams: '2026-04-23',
  /** Spot percent and notional filters use the reference price where there is one. */
  spotFiltersUseReferencePrice: '2026-05-08',
  /** Spot order queries show why an order expired. */
  spotExpiryReason: '2026-05-08',
  /** Websockets are told by a serverShutdown event before they end. */
  serverShutdownEvents: '2026-05-08',
  /** USD-M place, modify and cancel answer without avgPrice and cumQuote. */
  usdmOrdersWithoutAverages: '2026-07-01',
  /** Spot SBE diff depth comes every 20 ms. */
  spotSbeDepth20ms: '2026-08-04',
} as const satisfies Record<string, string>;

export type Rule = keyof typeof RULES;

/** The day that the venue is served as of. */
export class AsOf {
  /** ISO day, or undefined for the newest rules. */
  readonly day: string | undefined;

  /** @throws RangeError when the text is no ISO day. */
  constructor(day?: string) {
    if (day !== undefined && !isDay(day)) throw new RangeError(`not a day as YYYY-MM-DD: ${JSON.stringify(day)}`);
    this.day = day;
  }

  holds(rule: Rule): boolean {
    return this.day === undefined || this.day >= RULES[rule];
  }
}

export const NEWEST = new AsOf();

function isDay(text: string): boolean {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (match === null) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1]!;
}
