/** Reads orders off parameters: enumerations with the venue's own errors, numbers as text. What a type needs is the engine's to say. */
import * as refuse from '../../../actors/exchange/futures/usdm/errors.js';
import {
  type ModifyOrder, type NewOrder, ORDER_TYPES, type OrderName, PRICE_MATCHES, STP_NAMES, TIMES_IN_FORCE,
} from '../../../actors/exchange/futures/usdm/index.js';
import { VenueError } from '../../../actors/exchange/venue-error.js';
import type { Params } from '../web/index.js';

const SIDES = ['BUY', 'SELL'] as const;
export const POSITION_SIDES = ['BOTH', 'LONG', 'SHORT'] as const;
const WORKING_TYPES = ['CONTRACT_PRICE', 'MARK_PRICE'] as const;
const RESPONSE_TYPES = ['ACK', 'RESULT'] as const;
export type ResponseType = (typeof RESPONSE_TYPES)[number];
const LONGEST_CLIENT_ID = 36;

const invalidSide = (): VenueError => new VenueError(-1117, 'Invalid side.');
const invalidWorkingType = (): VenueError => new VenueError(-4031, 'Invalid parameter working type.');
const invalidResponseType = (): VenueError => new VenueError(-1130, "Data sent for parameter 'newOrderRespType' is not valid.");

function readClientId(params: Params, name: string): string | undefined {
  const text = params.optionalString(name);
  if (text !== undefined && text.length > LONGEST_CLIENT_ID) throw refuse.clientIdTooLong();
  return params.optionalClientId(name);
}

/** The parameters that an order and an algo order have in common. */
function readCommon(params: Params): NewOrder {
  return {
    symbol: params.symbol(),
    side: params.enum('side', SIDES, invalidSide),
    type: params.enum('type', ORDER_TYPES, refuse.invalidOrderType),
    positionSide: params.optionalEnum('positionSide', POSITION_SIDES, refuse.invalidPositionSide),
    timeInForce: params.optionalEnum('timeInForce', TIMES_IN_FORCE, refuse.invalidTimeInForce),
    quantity: params.optionalDecimal('quantity'),
    price: params.optionalDecimal('price'),
    reduceOnly: params.optionalBoolean('reduceOnly'),
    closePosition: params.optionalBoolean('closePosition'),
    workingType: params.optionalEnum('workingType', WORKING_TYPES, invalidWorkingType),
    priceProtect: params.optionalBoolean('priceProtect'),
    priceMatch: params.optionalEnum('priceMatch', PRICE_MATCHES, refuse.invalidPriceMatch),
    stp: params.optionalEnum('selfTradePreventionMode', STP_NAMES, refuse.invalidStp),
    goodTillDate: params.optionalInt('goodTillDate'),
    callbackRate: params.optionalDecimal('callbackRate'),
  };
}

export function readOrder(params: Params): NewOrder {
  return {
    ...readCommon(params), clientOrderId: readClientId(params, 'newClientOrderId'), stopPrice: params.optionalDecimal('stopPrice'),
    activationPrice: params.optionalDecimal('activationPrice'),
  };
}

/** @throws VenueError -4020 for any other algo than CONDITIONAL. */
export function readAlgoOrder(params: Params): NewOrder {
  params.enum('algoType', ['CONDITIONAL'], () => refuse.strategyInvalid('Target strategy invalid.'));
  const activation = params.optionalDecimal('activatePrice') ?? params.optionalDecimal('activationPrice');
  return { ...readCommon(params), clientOrderId: readClientId(params, 'clientAlgoId'), stopPrice: params.optionalDecimal('triggerPrice'), activationPrice: activation };
}

/** @throws VenueError -1102 when neither number nor name was sent. */
export function readName(params: Params): OrderName {
  const symbol = params.symbol();
  params.needOneOf('orderId', 'origClientOrderId');
  return { symbol, orderId: params.optionalInt('orderId'), clientOrderId: params.optionalString('origClientOrderId') };
}

export function readModify(params: Params): ModifyOrder {
  return {
    ...readName(params), side: params.enum('side', SIDES, invalidSide), quantity: params.decimal('quantity'), price: params.optionalDecimal('price'),
    priceMatch: params.optionalEnum('priceMatch', PRICE_MATCHES, refuse.invalidPriceMatch),
  };
}

export const readResponseType = (params: Params): ResponseType => params.optionalEnum('newOrderRespType', RESPONSE_TYPES, invalidResponseType) ?? 'ACK';

/** One object of a batch. @throws VenueError -1130 when it is none. */
export function batchItem(params: Params, item: unknown): Params {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) throw refuse.invalidParameter('batchOrders');
  return params.of(item);
}
