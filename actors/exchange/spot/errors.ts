/** What the spot matching engine and its filters refuse, in the venue's own words (errors.md). */
import { VenueError } from '../venue-error.js';
import type { RejectReason } from './user-events.js';

const rejected = (message: string): VenueError => new VenueError(-2010, message);
const notCanceled = (message: string): VenueError => new VenueError(-2011, message);
const notAmended = (message: string): VenueError => new VenueError(-2038, message);

export const UNKNOWN_ORDER = 'Unknown order sent.';

export type FilterName =
  | 'PRICE_FILTER' | 'PERCENT_PRICE_BY_SIDE' | 'LOT_SIZE' | 'MARKET_LOT_SIZE' | 'NOTIONAL' | 'ICEBERG_PARTS' | 'MAX_NUM_ORDERS'
  | 'MAX_NUM_ALGO_ORDERS' | 'MAX_POSITION' | 'TRAILING_DELTA' | 'MAX_NUM_ORDER_LISTS' | 'MAX_ASSET';
export const filterFailure = (filter: FilterName): VenueError => new VenueError(-1013, `Filter failure: ${filter}`);

export const invalidPrice = (): VenueError => new VenueError(-1013, 'Invalid price.');
export const invalidQuantity = (): VenueError => new VenueError(-1013, 'Invalid quantity.');
export const marketClosed = (): VenueError => new VenueError(-1013, 'Market is closed.');
export const stpNotAllowed = (): VenueError => new VenueError(-1013, 'This symbol does not allow the specified self-trade prevention mode.');
export const invalidSymbol = (): VenueError => new VenueError(-1121, 'Invalid symbol.');
export const unsupportedCombination = (): VenueError => new VenueError(-1014, 'Unsupported order combination.');
export const badStrategyType = (): VenueError => new VenueError(-1134, '`strategyType` was less than 1000000.');

export const insufficientBalance = (): VenueError => rejected('Account has insufficient balance for requested action.');
export const duplicateOrder = (): VenueError => rejected('Duplicate order sent.');
export const wouldTake = (): VenueError => rejected('Order would immediately match and take.');
export const wouldTrigger = (): VenueError => rejected('Order would trigger immediately.');
export const icebergExceedsQuantity = (): VenueError => rejected('IcebergQty exceeds QTY.');
export const accountDisabled = (): VenueError => rejected('This account may not place or cancel orders.');
export const typeNotSupported = (what: string): VenueError => rejected(`${what} orders are not supported for this symbol.`);
export const badListPrices = (): VenueError => rejected('The relationship of the prices for the orders is not correct.');
export const noLiquidity = (): VenueError => rejected('Order book liquidity is less than symbol minimum quantity.');
export const tooLittleLiquidity = (): VenueError => rejected('Order book liquidity is less than `LOT_SIZE` filter minimum quantity.');

export const unknownOrder = (): VenueError => notCanceled(UNKNOWN_ORDER);
export const cancelRestricted = (): VenueError => notCanceled('Order was not canceled due to cancel restrictions.');
export const wrongClientId = (): VenueError => new VenueError(-2039, 'Client order ID is not correct for this order ID.');
export const noSuchOrder = (): VenueError => new VenueError(-2013, 'Order does not exist.');
export const noSuchList = (): VenueError => new VenueError(-2018, 'Order list does not exist.');

export const amendUnknown = (): VenueError => notAmended(UNKNOWN_ORDER);
export const amendIncrease = (): VenueError => notAmended('Order amend (quantity increase) is not supported.');
export const amendNoChange = (): VenueError => notAmended('The requested action would change no state; rejecting');
export const tooManyAmends = (): VenueError => notAmended('Filter failure: MAX_NUM_ORDER_AMENDS');

export const listTypeRefused = (): VenueError => new VenueError(-1158, 'Order type not supported in OCO.');
export const bothLegsLimit = (): VenueError => new VenueError(-1168, 'At least one OCO order must be contingent.');
export const buyLimitMustBeBelow = (): VenueError => new VenueError(-1165, 'A limit order in a buy OCO must be below.');
export const sellLimitMustBeAbove = (): VenueError => new VenueError(-1166, 'A limit order in a sell OCO must be above.');
export const buyStopMustBeAbove = (): VenueError => new VenueError(-1196, 'A stop loss order in a buy OCO must be above.');
export const sellStopMustBeBelow = (): VenueError => new VenueError(-1197, 'A stop loss order in a sell OCO must be below.');
export const buyTakeProfitMustBeBelow = (): VenueError => new VenueError(-1198, 'A take profit order in a buy OCO must be below.');
export const sellTakeProfitMustBeAbove = (): VenueError => new VenueError(-1199, 'A take profit order in a sell OCO must be above.');

/** Why the engine rejected an order, in the words of an execution report. */
export function rejectReasonOf(error: VenueError): RejectReason {
  switch (error.message) {
    case insufficientBalance().message:
      return 'INSUFFICIENT_BALANCES';
    case wouldTrigger().message:
      return 'STOP_PRICE_WOULD_TRIGGER_IMMEDIATELY';
    case wouldTake().message:
      return 'WOULD_MATCH_IMMEDIATELY';
    default:
      return 'NONE';
  }
}

/** -2021 (one half failed, 409) and -2022 (both, 400) of cancelReplace. */
export function cancelReplaceFailure(data: unknown, partially: boolean): VenueError {
  return partially
    ? new VenueError(-2021, 'Order cancel-replace partially failed.', { status: 409, data })
    : new VenueError(-2022, 'Order cancel-replace failed.', { data });
}
