import { VenueError } from '../../venue-error.js';

/*
 * What the engine of USD-M futures refuses, with the texts of the venue's error list
 * (developers.binance.com, derivatives, usds-margined-futures, error-code).
 */
const error = (code: number, text: string) => (): VenueError => new VenueError(code, text);

export const invalidSymbol = error(-1121, 'Invalid symbol.');
export const mandatory = (name: string): VenueError => new VenueError(-1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`);
export const notRequired = (name: string): VenueError => new VenueError(-1106, `Parameter '${name}' sent when not required.`);
export const badPrecision = error(-1111, 'Precision is over the maximum defined for this asset.');
export const invalidTimeInForce = error(-1115, 'Invalid timeInForce.');
export const invalidOrderType = error(-1116, 'Invalid orderType.');
export const invalidParameter = (name: string): VenueError => new VenueError(-1130, `Data sent for parameter '${name}' is not valid.`);

export const unknownOrder = error(-2011, 'Unknown order sent.');
export const noSuchOrder = error(-2013, 'Order does not exist.');
export const marginInsufficient = error(-2019, 'Margin is insufficient.');
export const wouldTrigger = error(-2021, 'Order would immediately trigger.');
export const reduceOnlyRejected = error(-2022, 'ReduceOnly Order is rejected.');
export const tooManyOpenOrders = error(-2025, 'Reach max open order limit.');
export const positionTooLarge = error(-2027, 'Exceeded the maximum allowable position at current leverage.');
export const leverageTooSmall = error(-2028, 'Leverage is smaller than permitted: insufficient margin balance.');

export const priceNotPositive = error(-4001, 'Price less than 0.');
export const priceAboveMax = error(-4002, 'Price greater than max price.');
export const quantityNotPositive = error(-4003, 'Quantity less than or equal to zero.');
export const quantityBelowMin = error(-4004, 'Quantity less than min quantity.');
export const quantityAboveMax = error(-4005, 'Quantity greater than max quantity.');
export const stopNotPositive = error(-4006, 'Stop price less than zero.');
export const stopAboveMax = error(-4007, 'Stop price greater than max price.');
export const priceBelowMin = error(-4013, 'Price less than min price.');
export const priceOffTick = error(-4014, 'Price not increased by tick size.');
export const clientIdTooLong = error(-4015, 'Client order id length should be less than 36 chars');
export const priceAboveCap = (limit: string): VenueError => new VenueError(-4016, `Limit price can't be higher than ${limit}.`);
export const strategyInvalid = (text: string): VenueError => new VenueError(-4020, text);
export const quantityOffStep = error(-4023, 'Quantity not increased by step size.');
export const priceBelowFloor = (limit: string): VenueError => new VenueError(-4024, `Limit price can't be lower than ${limit}.`);
export const invalidLeverage = (leverage: number): VenueError => new VenueError(-4028, `Leverage ${leverage} is not valid`);
export const tooManyCancels = error(-4032, 'Exceed maximum cancel order size.');
export const tooManyStops = error(-4045, 'Reach max stop order limit.');
export const sameMarginType = error(-4046, 'No need to change margin type.');
export const marginTypeWithOrders = error(-4047, 'Margin type cannot be changed if there exists open orders.');
export const marginTypeWithPosition = error(-4048, 'Margin type cannot be changed if there exists position.');
export const marginOfCross = error(-4049, 'Add margin only support for isolated position.');
export const crossInsufficient = error(-4050, 'Cross balance insufficient.');
export const isolatedInsufficient = error(-4051, 'Isolated balance insufficient.');
export const marginWithoutPosition = error(-4054, 'Cannot add position margin: position is 0.');
export const amountNotPositive = error(-4055, 'Amount must be positive.');
export const samePositionSide = error(-4059, 'No need to change position side.');
export const invalidPositionSide = error(-4060, 'Invalid position side.');
export const positionSideMismatch = error(-4061, "Order's position side does not match user's setting.");
export const positionSideWithOrders = error(-4067, 'Position side cannot be changed if there exists open orders.');
export const positionSideWithPosition = error(-4068, 'Position side cannot be changed if there exists position.');
export const badBatchSize = (size: number): VenueError => new VenueError(-4082, `Invalid number of batch place orders: ${size}`);
export const duplicateClientId = error(-4116, 'ClientOrderId is duplicated.');
export const useAlgoEndpoint = error(-4120, 'Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.');
export const closeOrderExists = error(-4130, 'An open stop or take profit order with GTE and closePosition in the direction is existing.');
export const counterpartyOutOfBounds = error(-4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit.");
export const closeNeedsConditional = (type: string): VenueError => new VenueError(-4136, `Target strategy invalid for orderType '${type}',closePosition 'true'`);
export const quantityWithClose = error(-4137, 'Quantity must be zero with closePosition equals true');
export const symbolClosed = error(-4140, 'Invalid symbol status for opening position.');
export const isolatedLeverageWithPosition = error(-4161, 'Leverage reduction is not supported in Isolated Margin Mode with open positions.');
export const notionalTooSmall = (least: string): VenueError => new VenueError(-4164, `Order's notional must be no smaller than ${least} (unless you choose reduce only).`);
export const sameAssetMode = error(-4171, 'Adjusted asset mode is currently set and does not need to be adjusted repeatedly.');
export const methodUnavailable = error(-4084, 'Method is not allowed currently. Upcoming soon.');
export const stopPriceAboveCap = (limit: string): VenueError => new VenueError(-4183, `Limit price can't be higher than ${limit}.`);
export const stopPriceBelowFloor = (limit: string): VenueError => new VenueError(-4184, `Limit price can't be lower than ${limit}.`);

export const closeNeedsPosition = error(-4509, 'Time in Force (TIF) GTE can only be used with open positions or open orders. Please ensure that open orders or positions are available.');
export const fokRejected = error(-5021, 'Due to the order could not be filled immediately, the FOK order has been rejected. The order will not be recorded in the order history.');
export const postOnlyRejected = error(-5022, 'Due to the order could not be executed as maker, the Post Only order will be rejected. The order will not be recorded in the order history.');
export const amendNotTrading = error(-5024, 'Symbol is not in trading status. Order amendment is not permitted.');
export const limitOnly = error(-5025, 'Only limit order is supported.');
export const tooManyAmends = error(-5026, 'Exceed maximum modify order limit.');
export const nothingToAmend = error(-5027, 'No need to modify the order.');
export const invalidPriceMatch = error(-5037, 'Invalid price match');
export const priceMatchOrderType = error(-5038, 'Price match only supports order type: LIMIT, STOP AND TAKE_PROFIT');
export const invalidStp = error(-5039, 'Invalid self trade prevention mode');
export const goodTillDateTooSoon = error(-5040, 'The goodTillDate timestamp must be greater than the current time plus 600 seconds and smaller than 253402300799000 (UTC 9999-12-31 23:59:59)');
export const noDepthForPriceMatch = error(-5041, 'No depth matches this BBO order');
