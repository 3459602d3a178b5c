/** What differs between spot and USD-M for a client that trades on both. */
export interface Dialect {
  readonly product: 'spot' | 'usdm';
  readonly orderPath: string;
  readonly amendPath: string;
  readonly tickerPath: string;
  readonly priceDecimals: number;
  readonly quantity: (draw: number) => string;
  /** The order, its status and what of it is filled, of an event; undefined when it is about something else. */
  readEvent(event: Readonly<Record<string, unknown>>): { readonly id: string; readonly status: string; readonly filled: number } | undefined;
}

export const SPOT: Dialect = {
  product: 'spot', orderPath: '/api/v3/order', amendPath: '/api/v3/order/amend/keepPriority', tickerPath: '/api/v3/ticker/bookTicker', priceDecimals: 2,
  quantity: (draw) => (0.001 + Math.floor(draw * 20) / 1000).toFixed(3),
  readEvent(message) {
    const event = message['event'] as Readonly<Record<string, unknown>> | undefined;
    if (event?.['e'] !== 'executionReport') return undefined;
    // The name of a cancel stands where the order's stood.
    const original = String(event['C']);
    return { id: original === '' ? String(event['c']) : original, status: String(event['X']), filled: Number(event['z']) };
  },
};

export const USDM: Dialect = {
  product: 'usdm', orderPath: '/fapi/v1/order', amendPath: '/fapi/v1/order', tickerPath: '/fapi/v1/ticker/bookTicker', priceDecimals: 1,
  quantity: (draw) => (0.002 + Math.floor(draw * 20) / 1000).toFixed(3),
  readEvent(event) {
    if (event['e'] !== 'ORDER_TRADE_UPDATE') return undefined;
    const order = event['o'] as Readonly<Record<string, unknown>>;
    return { id: String(order['c']), status: String(order['X']), filled: Number(order['z']) };
  },
};
