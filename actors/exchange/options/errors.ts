import { VenueError } from '../venue-error.js';

/* Refusals of the options engine, in the texts of Binance's options error codes. */

export const badSymbol = (): VenueError => new VenueError(-1121, 'Invalid symbol.');
export const badUnderlying = (): VenueError => new VenueError(-1128, 'Contract is invalid.');
export const expired = (): VenueError => new VenueError(-2010, 'The option has expired.');
export const noSuchOrder = (): VenueError => new VenueError(-2013, 'Order does not exist.');
export const unknownOrder = (): VenueError => new VenueError(-2011, 'Unknown order sent.');
export const balanceTooLow = (): VenueError => new VenueError(-2018, 'Balance is insufficient');
export const marginTooLow = (): VenueError => new VenueError(-2027, 'Option margin is insufficient');
export const reduceOnlyRejected = (): VenueError => new VenueError(-2022, 'ReduceOnly Order is rejected.');
export const priceTooHigh = (): VenueError => new VenueError(-4002, 'Price greater than max price.');
export const priceTooLow = (): VenueError => new VenueError(-4013, 'Price less than min price.');
export const quantityTooLow = (): VenueError => new VenueError(-4004, 'Quantity less than min quantity.');
export const quantityTooHigh = (): VenueError => new VenueError(-4005, 'Quantity greater than max quantity.');
export const wrongTick = (): VenueError => new VenueError(-4029, 'Tick size precision is invalid.');
export const wrongStep = (): VenueError => new VenueError(-4030, 'Step size precision is invalid.');
export const duplicateClientId = (): VenueError => new VenueError(-4116, 'ClientOrderId is duplicated.');
export const postOnlyRejected = (): VenueError => new VenueError(-5022, 'Due to the order could not be executed as maker, the Post Only order will be rejected.');
export const badCombination = (): VenueError => new VenueError(-1128, 'Combination of optional parameters invalid.');
export const mmpFrozen = (): VenueError => new VenueError(-2010, 'Market maker protection is triggered; reset it or wait.');
export const mmpNotSet = (): VenueError => new VenueError(-2010, 'Market maker protection is not configured for this underlying.');
export const tooManyOrders = (): VenueError => new VenueError(-1015, 'Too many open orders.');
