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

const OPEN_ORDERS: Readonly<Record<VenueProduct, { readonly path: string; readonly one: number; readonly all: number }>> = {
  spot: { path: '/api/v3/openOrders', one: 6, all: 80 }, usdm: { path: '/fapi/v1/openOrders', one: 1, all: 40 }, options: { path: '/eapi/v1/openOrders', one: 1, all: 40 },
};
/** Requests that a list of open orders may take, at most. */
const MOST_LISTS = 8;

/** Whether open orders are asked for symbol by symbol: that costs less than the list of all, as long as the symbols are few. */
export const listsBySymbol = (product: VenueProduct, symbols: number): boolean => symbols <= MOST_LISTS && symbols * OPEN_ORDERS[product].one < OPEN_ORDERS[product].all;

/** `symbol`: of that one; null: of all. */
export function openOrdersQuery(product: VenueProduct, symbol: string | null): Query {
  const { path, one, all } = OPEN_ORDERS[product];
  return symbol === null ? signed(path, all) : signed(path, one, { symbol });
}
export const openAlgoOrdersQuery = (symbol: string | null): Query => (symbol === null ? signed('/fapi/v1/openAlgoOrders', 40) : signed('/fapi/v1/openAlgoOrders', 1, { symbol }));
/** Also tells how positions are kept; `positionSide/dual`, which tells nothing else, costs 30. */
export const hedgeModeQuery = (): Query => signed('/fapi/v1/accountConfig', 5);
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
