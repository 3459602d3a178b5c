/** What reconciliation finds, and what it proposes. */
import type { LocalFill, LocalOrder, OrderService, PositionSide, VenueIncome, VenueOrder, VenueOrderState, VenueTrade } from './views.js';

/** Whose an order is that we did not know. The last four are made by the exchange. */
export type Origin = 'ours' | 'foreign' | 'unknown' | 'liquidation' | 'adl' | 'settlement' | 'delivery';

/**
 * What is to be done about a difference. The first group corrects what we believe, with no effect outside; the second asks the exchange
 * for more; the third changes something at the exchange.
 */
export type Action =
  | { readonly do: 'openOrder'; readonly order: VenueOrder }
  | { readonly do: 'updateOrder'; readonly order: VenueOrder }
  | { readonly do: 'adoptOrder'; readonly order: VenueOrder; readonly owner: 'ours' | 'foreign' }
  /** It has ended as the exchange says. */
  | { readonly do: 'settleOrder'; readonly clientId: string; readonly state: VenueOrderState }
  /** It never reached the exchange, or the exchange has forgotten it: nothing of it is open. */
  | { readonly do: 'forgetOrder'; readonly clientId: string }
  | { readonly do: 'bookFill'; readonly trade: VenueTrade }
  | { readonly do: 'bookIncome'; readonly income: VenueIncome }
  | { readonly do: 'disputeFill'; readonly symbol: number; readonly tradeId: string }
  | { readonly do: 'setPosition'; readonly symbol: number; readonly positionSide: PositionSide; readonly signedLots: number }
  | { readonly do: 'setHolding'; readonly symbol: number; readonly quantity: string }
  | { readonly do: 'setBalance'; readonly asset: string; readonly total: string }
  | { readonly do: 'setMode'; readonly hedgeMode: boolean }
  | { readonly do: 'leaveDust'; readonly symbol: number; readonly positionSide: PositionSide; readonly ownLots: number }
  | { readonly do: 'lookUp'; readonly service: OrderService; readonly symbol: number; readonly clientId: string }
  | { readonly do: 'protect'; readonly symbol: number; readonly positionSide: PositionSide; readonly lots: number }
  | { readonly do: 'cancelOrder'; readonly order: VenueOrder };

export type Difference =
  /** We think it open, the exchange does not list it. */
  | { readonly kind: 'missingOrderAtVenue'; readonly order: LocalOrder; readonly action: Extract<Action, { do: 'lookUp' | 'settleOrder' | 'forgetOrder' }> }
  /** The fate of an order whose answer was lost. */
  | { readonly kind: 'unknownOrderResolved'; readonly order: LocalOrder; readonly fate: 'open' | 'ended' | 'neverWas'; readonly action: Extract<Action, { do: 'openOrder' | 'settleOrder' | 'forgetOrder' }> }
  /** An order whose answer was lost and that must be asked for by its id. */
  | { readonly kind: 'unknownOrder'; readonly order: LocalOrder; readonly action: Extract<Action, { do: 'lookUp' }> }
  | { readonly kind: 'orderDiffers'; readonly local: LocalOrder; readonly venue: VenueOrder; readonly action: Extract<Action, { do: 'updateOrder' }> }
  /** Somebody else's, or made by the exchange itself. */
  | { readonly kind: 'foreignOrder'; readonly order: VenueOrder; readonly origin: Exclude<Origin, 'ours'>; readonly action: Extract<Action, { do: 'adoptOrder' }> }
  /** By its id one of ours, and we do not know of it. */
  | { readonly kind: 'forgottenOrder'; readonly order: VenueOrder; readonly action: Extract<Action, { do: 'adoptOrder' }> }
  | { readonly kind: 'fillMissed'; readonly trade: VenueTrade; readonly origin: Origin; readonly action: Extract<Action, { do: 'bookFill' }> }
  /** Funding, a transfer, a fee outside trades. */
  | { readonly kind: 'incomeMissed'; readonly income: VenueIncome; readonly action: Extract<Action, { do: 'bookIncome' }> }
  /** Booked, and not in a complete list of the exchange. */
  | { readonly kind: 'fillNotAtVenue'; readonly fill: LocalFill; readonly action: Extract<Action, { do: 'disputeFill' }> }
  | {
      readonly kind: 'positionMismatch'; readonly symbol: number; readonly positionSide: PositionSide;
      readonly localLots: number;
      /** With the fills that were missed. */
      readonly withFillsLots: number;
      readonly venueLots: number;
      /** `opening`: nothing was known; `window`: the list of trades does not reach far enough to tell; otherwise nothing explains it. */
      readonly cause: 'opening' | 'window' | 'unexplained';
      readonly action: Extract<Action, { do: 'setPosition' }>;
    }
  /** One-way became hedge or the other way round: legs are separate positions. */
  | { readonly kind: 'positionModeChanged'; readonly hedgeMode: boolean; readonly action: Extract<Action, { do: 'setMode' }> }
  | {
      readonly kind: 'balanceMismatch'; readonly asset: string; readonly local: string; readonly withFills: string; readonly venue: string;
      /** Venue less what we reckon with the fills that were missed. */
      readonly difference: string;
      readonly cause: 'opening' | 'window' | 'unexplained';
      readonly action: Extract<Action, { do: 'setBalance' }>;
    }
  /** Spot: the exchange has less of the asset than we bought; somebody sold ours. */
  | { readonly kind: 'holdingShort'; readonly symbol: number; readonly asset: string; readonly local: string; readonly venue: string; readonly action: Extract<Action, { do: 'setHolding' }> }
  | {
      readonly kind: 'protectiveStopMissing'; readonly symbol: number; readonly positionSide: PositionSide; readonly ownLots: number; readonly protectedLots: number;
      readonly action: Extract<Action, { do: 'protect' }>;
    }
  /** A stop of ours without a position to protect. */
  | { readonly kind: 'orphanStop'; readonly order: VenueOrder; readonly action: Extract<Action, { do: 'cancelOrder' }> }
  /** What is left of ours is too small to sell or protect. */
  | { readonly kind: 'dust'; readonly symbol: number; readonly positionSide: PositionSide; readonly ownLots: number; readonly action: Extract<Action, { do: 'leaveDust' }> };

/** What could not be judged, and is not guessed at. */
export interface Unjudged {
  readonly what: 'order' | 'position' | 'holding' | 'balance' | 'fills' | 'fill' | 'incomes';
  /** Client id, `symbol positionSide`, asset, symbol or trade id. */
  readonly key: string;
  readonly reason: string;
}

export interface Reconciliation {
  readonly differences: readonly Difference[];
  readonly unjudged: readonly Unjudged[];
}

/** Whether an action changes something at the exchange, rather than what we believe or know of it. */
export const actsAtVenue = (action: Action): boolean => action.do === 'protect' || action.do === 'cancelOrder';
