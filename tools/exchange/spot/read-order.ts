/** Reads orders off parameters. Which of them a type needs and which it has not is rest-api.md's table "mandatory parameters". */
import type { ClientOrderId } from '../../../actors/exchange/ids.js';
import type { SpotSide } from '../../../actors/exchange/spot/order.js';
import type { LegRequest, OrderReference } from '../../../actors/exchange/spot/requests.js';
import { ORDER_TYPES, type OrderType, STP_MODES, type StpMode } from '../../../actors/exchange/spot/symbol.js';
import { VenueError } from '../../../actors/exchange/venue-error.js';
import type { Params } from '../web/index.js';

const SIDES = ['BUY', 'SELL'] as const;
const TIMES_IN_FORCE = ['GTC', 'IOC', 'FOK'] as const;
export const RESPONSE_TYPES = ['ACK', 'RESULT', 'FULL'] as const;
export type ResponseType = (typeof RESPONSE_TYPES)[number];

const invalidSide = (): VenueError => new VenueError(-1117, 'Invalid side.');
const invalidType = (): VenueError => new VenueError(-1116, 'Invalid orderType.');
const invalidTimeInForce = (): VenueError => new VenueError(-1115, 'Invalid timeInForce.');
const noPegs = (): VenueError => new VenueError(-2010, 'Pegged orders are not supported for this symbol.');
const icebergNeedsGtc = (name: string, timeInForce: string): VenueError =>
  new VenueError(-1160, `Parameter '${name}' is not supported if '${timeInForce}' is not GTC.`);

/** What the parameters of one order are called: plain ones, or those of a leg (`aboveType`, `pendingBelowPrice`). */
export type Naming = (name: string) => string;
const PLAIN: Naming = (name) => name;
/** `type` → `aboveType`. */
export const prefixed = (prefix: string): Naming => (name) => `${prefix}${name.charAt(0).toUpperCase()}${name.slice(1)}`;

export const readSide = (params: Params, name = 'side'): SpotSide => params.enum(name, SIDES, invalidSide);
export const readClientId = (params: Params, name: string): ClientOrderId | undefined => params.optionalClientId(name) as ClientOrderId | undefined;
export const readStp = (params: Params): StpMode | undefined => params.optionalEnum('selfTradePreventionMode', STP_MODES);

export interface LegOptions {
  readonly named?: Naming;
  /** The one parameter that both legs of a pair share. */
  readonly side: SpotSide;
  readonly quantityName?: string;
  readonly clientIdName?: string;
  readonly types?: readonly OrderType[];
  readonly stp: StpMode | undefined;
}

/** One order. @throws VenueError -1102, -1106, -1115, -1116 and the like. */
export function readLeg(params: Params, options: LegOptions): LegRequest {
  const named = options.named ?? PLAIN;
  const type = params.enum(named('type'), options.types ?? ORDER_TYPES, invalidType);
  const quantityName = options.quantityName ?? named('quantity');
  const limit = type.includes('LIMIT');
  const conditional = type.startsWith('STOP') || type.startsWith('TAKE');
  const icebergName = named('icebergQty');
  const timeName = named('timeInForce');

  if (limit) params.refuse(named('quoteOrderQty'));
  else params.refuse(timeName, named('price'), icebergName);
  if (type === 'LIMIT_MAKER') params.refuse(timeName);
  if (!conditional) params.refuse(named('stopPrice'), named('trailingDelta'));
  else if (!limit) params.refuse(named('quoteOrderQty'));
  for (const peg of ['pegPriceType', 'pegOffsetType', 'pegOffsetValue']) if (params.has(named(peg))) throw noPegs();

  let quoteOrderQty: string | undefined;
  if (type === 'MARKET' && quantityName === 'quantity') {
    params.needOneOf('quantity', 'quoteOrderQty');
    if (params.has('quantity')) params.refuse('quoteOrderQty');
    else quoteOrderQty = params.decimal('quoteOrderQty');
  }
  const timeInForce = limit && type !== 'LIMIT_MAKER' ? params.enum(timeName, TIMES_IN_FORCE, invalidTimeInForce) : undefined;
  const quantity = quoteOrderQty === undefined ? params.decimal(quantityName) : undefined;
  const price = limit ? params.decimal(named('price')) : undefined;
  if (conditional) params.needOneOf(named('stopPrice'), named('trailingDelta'));
  const icebergQty = limit ? params.optionalDecimal(icebergName) : undefined;
  if (icebergQty !== undefined && timeInForce !== undefined && timeInForce !== 'GTC') throw icebergNeedsGtc(icebergName, timeName);
  return {
    side: options.side, type, timeInForce, quantity, quoteOrderQty, price,
    stopPrice: conditional ? params.optionalDecimal(named('stopPrice')) : undefined,
    trailingDelta: conditional ? params.optionalInt(named('trailingDelta')) : undefined,
    icebergQty: icebergQty === undefined || Number(icebergQty) === 0 ? undefined : icebergQty,
    clientOrderId: readClientId(params, options.clientIdName ?? named('clientOrderId')),
    strategyId: params.optionalInt(named('strategyId')),
    strategyType: params.optionalInt(named('strategyType')),
    stp: options.stp,
  };
}

/** An order by the venue's number, the client's name, or both; -1102 when neither was sent. */
export function readReference(params: Params, idName = 'orderId', clientIdName = 'origClientOrderId'): OrderReference {
  params.needOneOf(idName, clientIdName);
  return { orderId: params.optionalInt(idName), clientOrderId: params.optionalString(clientIdName) };
}

export function readResponseType(params: Params): ResponseType | undefined {
  return params.optionalEnum('newOrderRespType', RESPONSE_TYPES);
}

/** What an order is answered with when the client does not say. */
export function defaultResponseType(type: OrderType): ResponseType {
  return type === 'LIMIT' || type === 'MARKET' ? 'FULL' : 'ACK';
}
