/** Small questions that reconciliation asks of orders and positions. */
import type { Side } from '../venue/messages.js';
import type { Origin } from './differences.js';
import type { LocalView, OrderLookup, OrderService, PositionSide, VenueOrder, VenueTrade, VenueView } from './views.js';

export const orderKey = (order: { readonly service: OrderService; readonly symbol: number; readonly clientId: string }): string => `${order.service} ${order.symbol} ${order.clientId}`;
export const positionKey = (symbol: number, side: PositionSide): string => `${symbol} ${side}`;
export const fillKey = (fill: { readonly symbol: number; readonly tradeId: string }): string => `${fill.symbol} ${fill.tradeId}`;
export const signed = (side: Side, lots: number): number => (side === 'buy' ? lots : -lots);

/** Client ids that only the exchange gives, by what begins them. */
const EXCHANGE_PREFIXES: readonly (readonly [string, Exclude<Origin, 'ours' | 'foreign' | 'unknown'>])[] = [
  ['autoclose-', 'liquidation'],
  ['adl_autoclose', 'adl'],
  ['settlement_autoclose-', 'settlement'],
  ['delivery_autoclose-', 'delivery'],
];

/** Whose an order is, by its client id. */
export function originOf(clientId: string, ownPrefixes: readonly string[]): Exclude<Origin, 'unknown'> {
  for (const [prefix, origin] of EXCHANGE_PREFIXES) if (clientId.startsWith(prefix)) return origin;
  return ownPrefixes.some((prefix) => prefix !== '' && clientId.startsWith(prefix)) ? 'ours' : 'foreign';
}

/** Whose a trade is: its order is named by the trade itself, by an order we know of, or by a query. `unknown` where nobody names it. */
export function tradeOrigin(trade: VenueTrade, local: LocalView, venue: VenueView, ownPrefixes: readonly string[]): Origin {
  const clientId = trade.clientId ?? clientIdOf(trade, local, venue);
  if (clientId === undefined) return 'unknown';
  const known = local.orders.find((order) => order.symbol === trade.symbol && order.clientId === clientId);
  return known?.owner === 'ours' ? 'ours' : originOf(clientId, ownPrefixes);
}

function clientIdOf(trade: VenueTrade, local: LocalView, venue: VenueView): string | undefined {
  const same = (order: VenueOrder): boolean => order.service === 'order' && order.symbol === trade.symbol && order.venueId === trade.venueOrderId;
  return (local.orders.find(same) ?? venue.orders.find(same) ?? venue.lookups.find(({ found }) => found !== null && same(found))?.found)?.clientId;
}

/** The newest answer about an order; undefined when nobody asked. */
export function lookupOf(order: VenueOrder, lookups: readonly OrderLookup[]): OrderLookup | undefined {
  let newest: OrderLookup | undefined;
  for (const lookup of lookups) {
    if (lookup.service !== order.service || lookup.symbol !== order.symbol) continue;
    // A venue id that we took for its own may be another order's.
    if (lookup.found !== null && lookup.found.clientId !== order.clientId) continue;
    const about = 'clientId' in lookup.by ? lookup.by.clientId === order.clientId : order.venueId !== '' && lookup.by.venueId === order.venueId;
    if (about && (newest === undefined || lookup.askedMs >= newest.askedMs)) newest = lookup;
  }
  return newest;
}

/** Whether an order is a stop: it closes at a trigger, against us. */
export const isStop = (order: VenueOrder): boolean => /STOP/.test(order.kind);

/** The part of our own lots that a net position still holds. */
export function heldOf(ownLots: number, netLots: number): number {
  if (ownLots > 0 && netLots > 0) return Math.min(ownLots, netLots);
  if (ownLots < 0 && netLots < 0) return Math.max(ownLots, netLots);
  return 0;
}
