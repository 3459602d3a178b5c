import { parseDecimal } from '../../../data/instruments/decimal.js';
import { quantityTooLow, wrongStep, wrongTick } from '../../../actors/exchange/options/errors.js';
import type { OptionsVenue, PlaceOption } from '../../../actors/exchange/options/venue.js';
import { VenueError } from '../../../actors/exchange/venue-error.js';
import type { Params } from '../web/index.js';

const wrongType = (): VenueError => new VenueError(-1116, 'Invalid orderType.');
const wrongSide = (): VenueError => new VenueError(-1117, 'Invalid side.');
const wrongTime = (): VenueError => new VenueError(-1115, 'Invalid timeInForce.');

/** A decimal text in whole steps of a decimal; undefined when it is no multiple. Exact. */
function stepsOf(text: string, step: string): number | undefined {
  const value = parseDecimal(text);
  const unit = parseDecimal(step);
  if (value === undefined || unit === undefined) return undefined;
  const scale = Math.max(value.scale, unit.scale);
  const [units, size] = [value.units * 10n ** BigInt(scale - value.scale), unit.units * 10n ** BigInt(scale - unit.scale)];
  if (units % size !== 0n) return undefined;
  const steps = Number(units / size);
  return Number.isSafeInteger(steps) ? steps : undefined;
}

/** What is read of an order before the engine is asked; `order` turns it into ticks and lots of its market. */
export interface OrderText {
  readonly responseType: 'ACK' | 'RESULT';
  order(venue: OptionsVenue): PlaceOption;
}

/** Reads the parameters of POST /eapi/v1/order, or of one member of a batch. */
export function readOrder(params: Params): OrderText {
  const symbol = params.symbol();
  const side = params.enum('side', ['BUY', 'SELL'], wrongSide);
  params.enum('type', ['LIMIT'], wrongType);
  const quantity = params.decimal('quantity');
  const price = params.decimal('price');
  const timeInForce = params.optionalEnum('timeInForce', ['GTC', 'IOC', 'FOK', 'GTX'], wrongTime) ?? 'GTC';
  const reduceOnly = params.optionalBoolean('reduceOnly') ?? false;
  const postOnly = params.optionalBoolean('postOnly') ?? false;
  const mmp = params.optionalBoolean('isMmp') ?? false;
  const clientId = params.optionalClientId('clientOrderId') ?? params.optionalClientId('newClientOrderId');
  const selfTradePrevention = params.optionalEnum('selfTradePreventionMode', ['NONE', 'EXPIRE_TAKER', 'EXPIRE_MAKER', 'EXPIRE_BOTH']) ?? 'EXPIRE_MAKER';
  const responseType = params.optionalEnum('newOrderRespType', ['ACK', 'RESULT']) ?? 'ACK';
  if (postOnly && (timeInForce === 'IOC' || timeInForce === 'FOK')) throw wrongTime();
  return {
    responseType,
    order: (venue) => {
      const market = venue.market(symbol);
      const ticks = stepsOf(price, market.terms.tickSize);
      if (ticks === undefined || ticks <= 0) throw wrongTick();
      const lots = stepsOf(quantity, market.terms.lotSize);
      if (lots === undefined) throw wrongStep();
      if (lots <= 0) throw quantityTooLow();
      return { market, side, ticks, lots, timeInForce, postOnly, reduceOnly, mmp, clientId, selfTradePrevention };
    },
  };
}
