/** The requests that read the truth of a product. Weights are the venue's of 2026. */
import type { VenueProduct } from '../engine/io.js';
import type { VenueCall } from '../engine/venue-calls.js';

export type Query = Pick<VenueCall, 'method' | 'path' | 'params' | 'security' | 'weight'>;

const signed = (path: string, weight: number, params: Readonly<Record<string, string>> = {}): Query => ({ method: 'GET', path, params, security: 'signed', weight });

/** Longest span that a list of trades by time may have, ms. */
export const TRADES_SPAN_MS: Readonly<Record<VenueProduct, number>> = { spot: 86_400_000, usdm: 7 * 86_400_000, options: 7 * 86_400_000 };
export const PAGE = 1000;

export function accountQuery(product: VenueProduct): Query {
  switch (product) {
    case 'spot': return signed('/api/v3/account', 20, { omitZeroBalances: 'true' });
    case 'usdm': return signed('/fapi/v3/account', 5);
    case 'options': return signed('/eapi/v1/marginAccount', 3);
  }
}

export function openOrdersQuery(product: VenueProduct): Query {
  switch (product) {
    case 'spot': return signed('/api/v3/openOrders', 80);
    case 'usdm': return signed('/fapi/v1/openOrders', 40);
    case 'options': return signed('/eapi/v1/openOrders', 40);
  }
}

export const openAlgoOrdersQuery = (): Query => signed('/fapi/v1/openAlgoOrders', 40);
export const hedgeModeQuery = (): Query => signed('/fapi/v1/positionSide/dual', 30);
export const optionPositionsQuery = (): Query => signed('/eapi/v1/position', 5);
export const incomeQuery = (sinceMs: number): Query => signed('/fapi/v1/income', 30, { startTime: String(sinceMs), limit: String(PAGE) });

/** Trades of a symbol: of a span of time, or from an id on (which has no end). */
export function tradesQuery(product: VenueProduct, symbol: string, from: { readonly sinceMs: number; readonly untilMs: number } | { readonly fromId: string }): Query {
  const range: Readonly<Record<string, string>> = 'fromId' in from ? { fromId: from.fromId } : { startTime: String(from.sinceMs), endTime: String(from.untilMs) };
  const params = { symbol, ...range, limit: String(PAGE) };
  switch (product) {
    case 'spot': return signed('/api/v3/myTrades', 20, params);
    case 'usdm': return signed('/fapi/v1/userTrades', 5, params);
    case 'options': return signed('/eapi/v1/userTrades', 5, params);
  }
}

/** One order, by our id or by the venue's. */
export function orderQuery(product: VenueProduct, service: 'order' | 'algo', symbol: string, by: { readonly clientId: string } | { readonly venueId: string }): Query {
  if (service === 'algo') return signed('/fapi/v1/algoOrder', 1, 'clientId' in by ? { clientAlgoId: by.clientId } : { algoId: by.venueId });
  const id: Readonly<Record<string, string>> = 'venueId' in by ? { orderId: by.venueId } : product === 'options' ? { clientOrderId: by.clientId } : { origClientOrderId: by.clientId };
  switch (product) {
    case 'spot': return signed('/api/v3/order', 4, { symbol, ...id });
    case 'usdm': return signed('/fapi/v1/order', 1, { symbol, ...id });
    case 'options': return signed('/eapi/v1/order', 1, { symbol, ...id });
  }
}

/** The venue's code for an order that it does not know. */
export const NO_SUCH_ORDER: readonly number[] = [-2013, -2011];
