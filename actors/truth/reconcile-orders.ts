import type { Difference, Unjudged } from './differences.js';
import { lookupOf, orderKey, originOf } from './keys.js';
import type { LocalOrder, LocalView, ReconcileWindow, VenueOrder, VenueOrderState, VenueView } from './views.js';

interface Findings {
  readonly differences: Difference[];
  readonly unjudged: Unjudged[];
}

const isOpen = (state: VenueOrderState): boolean => state.status === 'NEW' || state.status === 'PARTIALLY_FILLED';

/** Orders of both views, one by one. Adds to `into`. */
export function reconcileOrders(local: LocalView, venue: VenueView, window: ReconcileWindow, into: Findings): void {
  const listed = new Map<string, VenueOrder>();
  for (const order of venue.orders) {
    const twin = listed.get(orderKey(order));
    if (twin !== undefined && !sameOrder(twin, order)) into.unjudged.push({ what: 'order', key: order.clientId, reason: 'the exchange lists it twice, and not alike' });
    listed.set(orderKey(order), order);
  }
  const known = new Set<string>();
  for (const order of local.orders) {
    const key = orderKey(order);
    if (known.has(key)) continue;
    known.add(key);
    const there = listed.get(key);
    if (there !== undefined) present(order, there, venue, window, into);
    else if (order.state === 'open') absent(order, venue, window, into);
    else doubtful(order, venue, window, into);
  }
  const ended = new Map(local.ended.map((order) => [orderKey(order), order.endedMs]));
  for (const [key, order] of listed) {
    if (known.has(key)) continue;
    if ((ended.get(key) ?? -Infinity) > venue.askedMs - window.graceMs) {
      into.unjudged.push({ what: 'order', key: order.clientId, reason: 'it ended after the list was asked for' });
      continue;
    }
    const origin = originOf(order.clientId, window.ownPrefixes);
    if (origin === 'ours') into.differences.push({ kind: 'forgottenOrder', order, action: { do: 'adoptOrder', order, owner: 'ours' } });
    else into.differences.push({ kind: 'foreignOrder', order, origin, action: { do: 'adoptOrder', order, owner: 'foreign' } });
  }
}

function present(order: LocalOrder, there: VenueOrder, venue: VenueView, window: ReconcileWindow, into: Findings): void {
  // That the exchange lists it is proof that it has arrived, however young it is; not that it has stayed.
  if (order.state !== 'open') {
    if (order.leaving === true && isYoung(order, venue, window)) {
      into.unjudged.push({ what: 'order', key: order.clientId, reason: 'its withdrawal was asked for after the list' });
      return;
    }
    into.differences.push({ kind: 'unknownOrderResolved', order, fate: 'open', action: { do: 'openOrder', order: there } });
    return;
  }
  if (sameOrder(order, there)) return;
  if (isYoung(order, venue, window)) into.unjudged.push({ what: 'order', key: order.clientId, reason: 'it changed after the list was asked for' });
  else into.differences.push({ kind: 'orderDiffers', local: order, venue: there, action: { do: 'updateOrder', order: there } });
}

/** It was open, and is not listed. */
function absent(order: LocalOrder, venue: VenueView, window: ReconcileWindow, into: Findings): void {
  const unjudged = (reason: string): void => void into.unjudged.push({ what: 'order', key: order.clientId, reason });
  if (isYoung(order, venue, window)) {
    unjudged('it changed after the list was asked for');
    return;
  }
  const { service, symbol, clientId } = order;
  const lookup = lookupOf(order, venue.lookups);
  if (lookup === undefined || lookup.askedMs < order.changedMs) {
    into.differences.push({ kind: 'missingOrderAtVenue', order, action: { do: 'lookUp', service, symbol, clientId } });
  } else if (lookup.found === null) {
    into.differences.push({ kind: 'missingOrderAtVenue', order, action: { do: 'forgetOrder', clientId } });
  } else if (isOpen(lookup.found)) {
    unjudged('the list of open orders and the query of it contradict each other');
  } else {
    into.differences.push({ kind: 'missingOrderAtVenue', order, action: { do: 'settleOrder', clientId, state: lookup.found } });
  }
}

/**
 * Its answer is still out or was lost, and it is not listed. That there is no such order is final only when the request can no longer be
 * accepted and a later query of the order, the open orders and the trades has found nothing.
 */
function doubtful(order: LocalOrder, venue: VenueView, window: ReconcileWindow, into: Findings): void {
  const { service, symbol, clientId } = order;
  const unjudged = (reason: string): void => void into.unjudged.push({ what: 'order', key: clientId, reason });
  const lookup = lookupOf(order, venue.lookups);
  if (lookup !== undefined && lookup.found !== null) {
    if (isOpen(lookup.found)) into.differences.push({ kind: 'unknownOrderResolved', order, fate: 'open', action: { do: 'openOrder', order: lookup.found } });
    else into.differences.push({ kind: 'unknownOrderResolved', order, fate: 'ended', action: { do: 'settleOrder', clientId, state: lookup.found } });
    return;
  }
  if (venue.askedMs <= order.expiresMs) {
    unjudged('its request may still be accepted');
  } else if (lookup === undefined || lookup.askedMs <= order.expiresMs) {
    into.differences.push({ kind: 'unknownOrder', order, action: { do: 'lookUp', service, symbol, clientId } });
  } else if (!window.fills.some((fills) => fills.symbol === symbol && fills.complete && fills.sinceMs <= order.changedMs)) {
    unjudged('the list of trades does not reach back to it');
  } else if (venue.trades.some((trade) => trade.symbol === symbol && trade.clientId === clientId)) {
    unjudged('it has traded, and the query of it found nothing');
  } else {
    into.differences.push({ kind: 'unknownOrderResolved', order, fate: 'neverWas', action: { do: 'forgetOrder', clientId } });
  }
}

const isYoung = (order: LocalOrder, venue: VenueView, window: ReconcileWindow): boolean => order.changedMs > venue.askedMs - window.graceMs;

/** In all that can change, or that would be another order. A conditional order's own limit price is not told. */
function sameOrder(a: VenueOrder, b: VenueOrder): boolean {
  return a.venueId === b.venueId && a.side === b.side && a.positionSide === b.positionSide && (a.service === 'algo' || a.priceTicks === b.priceTicks)
    && a.triggerTicks === b.triggerTicks && a.lots === b.lots && a.filledLots === b.filledLots;
}
