/** Placing, canceling, replacing and amending orders, by REST and by the websocket API. */
import type { LegRequest, OrderRequest } from '../../../actors/exchange/spot/requests.js';
import type { AsOf } from '../../../actors/exchange/rules.js';
import type { SpotFill, SpotOrder } from '../../../actors/exchange/spot/order.js';
import { VenueError } from '../../../actors/exchange/venue-error.js';
import { JsonText, type Params, type RateLimiter } from '../web/index.js';
import type { Act, ActLater, Operation } from './operation.js';
import { defaultResponseType, prefixed, readClientId, readLeg, readReference, readResponseType, readSide, readStp } from './read-order.js';
import { amendText, canceledListText, cancellationsText, cancellationText, placedListText, placementText, type Stamp } from './views.js';

const RESTRICTIONS = ['ONLY_NEW', 'ONLY_PARTIALLY_FILLED'] as const;
const invalidRestrictions = (): VenueError => new VenueError(-1145, 'Invalid cancelRestrictions');

function readOrder(params: Params, symbol: string): OrderRequest {
  const leg = readLeg(params, { side: readSide(params), clientIdName: 'newClientOrderId', stp: readStp(params) });
  return { symbol, ...leg };
}

function commissionView(venueRates: { readonly maker: bigint; readonly taker: bigint }): object {
  return {
    standardCommissionForOrder: { maker: rateText(venueRates.maker), taker: rateText(venueRates.taker) },
    specialCommissionForOrder: NO_RATES, taxCommissionForOrder: NO_RATES,
    discount: { enabledForAccount: false, enabledForSymbol: false, discountAsset: 'BNB', discount: '0.00000000' },
  };
}
const NO_RATES = { maker: '0.00000000', taker: '0.00000000' } as const;

/** A rate of 10^-8 as the venue writes it. */
export function rateText(rate: bigint): string {
  const digits = String(rate < 0n ? -rate : rate).padStart(9, '0');
  return `${rate < 0n ? '-' : ''}${digits.slice(0, -8)}.${digits.slice(-8)}`;
}

/** What was filled of an order while the request was done: those of its fills that carry the request's own time. */
function fillsNow(order: SpotOrder, nowUs: number): readonly SpotFill[] {
  return order.owner.on(order.market).fills.filter((fill) => fill.order === order && fill.atUs === nowUs);
}

export function tradingOperations(act: Act, actLater: ActLater, asOf: AsOf, limits: () => RateLimiter): readonly Operation[] {
  const trade = { security: 'signed', permission: 'TRADE', weight: 1, freeOnSuccess: asOf.holds('spotOrdersWeighNothing') } as const;
  const paired = (params: Params): { readonly above: LegRequest; readonly below: LegRequest } => {
    const side = readSide(params);
    const stp = readStp(params);
    const leg = (prefix: string): LegRequest => readLeg(params, { side, named: prefixed(prefix), quantityName: 'quantity', stp });
    return { above: leg('above'), below: leg('below') };
  };
  return [
    {
      ...trade, rest: 'POST /api/v3/order', ws: 'order.place', orders: 1,
      handle: (params, caller) => {
        const order = readOrder(params, params.symbol());
        const type = readResponseType(params) ?? defaultResponseType(order.type);
        params.end();
        const stamp: Stamp = (us) => caller.stamp(us);
        return actLater(caller, (venue, account, nowUs) => new JsonText(placementText(venue.place(account, order, nowUs), type, stamp)));
      },
    },
    {
      security: 'signed', permission: 'TRADE', weight: (params) => (params.optionalBoolean('computeCommissionRates') === true ? 20 : 1),
      rest: 'POST /api/v3/order/test', ws: 'order.test',
      handle: (params, caller) => {
        const order = readOrder(params, params.symbol());
        readResponseType(params);
        const withRates = params.optionalBoolean('computeCommissionRates') === true;
        params.end();
        return act(caller, (venue, account, nowUs) => {
          venue.test(account, order, nowUs);
          return withRates ? commissionView(venue.account(account).rates) : {};
        });
      },
    },
    {
      ...trade, rest: 'DELETE /api/v3/order', ws: 'order.cancel',
      handle: (params, caller) => {
        const request = {
          symbol: params.symbol(), ...readReference(params), newClientOrderId: readClientId(params, 'newClientOrderId'),
          restrictions: params.optionalEnum('cancelRestrictions', RESTRICTIONS, invalidRestrictions),
        };
        params.end();
        const stamp: Stamp = (us) => caller.stamp(us);
        return actLater(caller, (venue, account, nowUs) => {
          const cancellation = venue.cancel(account, request, nowUs);
          const { list } = cancellation.order;
          return new JsonText(list === undefined ? cancellationText(cancellation, stamp) : canceledListText(list, cancellation.cancelId, stamp));
        });
      },
    },
    {
      ...trade, rest: 'DELETE /api/v3/openOrders', ws: 'openOrders.cancelAll',
      handle: (params, caller) => {
        const symbol = params.symbol();
        params.end();
        const stamp: Stamp = (us) => caller.stamp(us);
        return actLater(caller, (venue, account, nowUs) => new JsonText(cancellationsText(venue.cancelAll(account, symbol, nowUs), stamp)));
      },
    },
    {
      ...trade, rest: 'POST /api/v3/order/cancelReplace', ws: 'order.cancelReplace',
      // Counted below: with CANCEL_ONLY the cancel is done even when the count is full.
      orders: () => 0,
      handle: (params, caller) => {
        const symbol = params.symbol();
        const order = readOrder(params, symbol);
        const mode = params.enum('cancelReplaceMode', ['STOP_ON_FAILURE', 'ALLOW_FAILURE']);
        const cancelOnly = params.optionalEnum('orderRateLimitExceededMode', ['DO_NOTHING', 'CANCEL_ONLY']) === 'CANCEL_ONLY';
        const cancel = {
          symbol, ...readReference(params, 'cancelOrderId', 'cancelOrigClientOrderId'), newClientOrderId: readClientId(params, 'cancelNewClientOrderId'),
          restrictions: params.optionalEnum('cancelRestrictions', RESTRICTIONS, invalidRestrictions),
        };
        const type = readResponseType(params) ?? defaultResponseType(order.type);
        params.end();
        const stamp: Stamp = (us) => caller.stamp(us);
        try {
          limits().orders(caller.account, 1);
        } catch (error) {
          if (!cancelOnly || !(error instanceof VenueError)) throw error;
          return act(caller, (venue, account, nowUs) => refuseAfterCancel(error, () => JSON.parse(cancellationText(venue.cancel(account, cancel, nowUs), stamp)) as unknown));
        }
        const done = act(caller, (venue, account, nowUs) => {
          const { canceled, placed } = venue.cancelReplace(account, { mode, cancel, order }, nowUs, {
            canceled: (cancellation) => JSON.parse(cancellationText(cancellation, stamp)) as unknown,
            placed: (placement) => JSON.parse(placementText(placement, type, stamp)) as unknown,
          });
          return new JsonText(`{"cancelResult":"SUCCESS","newOrderResult":"SUCCESS","cancelResponse":${cancellationText(canceled, stamp)},"newOrderResponse":${placementText(placed, type, stamp)}}`);
        });
        // An order that was not attempted keeps its count, as the venue has it.
        return done.catch((error: unknown) => {
          const attempted = !(error instanceof VenueError) || (error.data as { readonly newOrderResult?: string } | undefined)?.newOrderResult !== 'NOT_ATTEMPTED';
          if (attempted) limits().releaseOrders(caller.account, 1);
          throw error;
        });
      },
    },
    {
      security: 'signed', permission: 'TRADE', weight: 4, rest: 'PUT /api/v3/order/amend/keepPriority', ws: 'order.amend.keepPriority',
      handle: (params, caller) => {
        const request = { symbol: params.symbol(), ...readReference(params), newQty: params.decimal('newQty'), newClientOrderId: readClientId(params, 'newClientOrderId') };
        params.end();
        const stamp: Stamp = (us) => caller.stamp(us);
        return actLater(caller, (venue, account, nowUs) => new JsonText(amendText(venue.amend(account, request, nowUs), stamp)));
      },
    },
    {
      ...trade, rest: 'POST /api/v3/orderList/oco', ws: 'orderList.place.oco', orders: 2,
      handle: (params, caller) => {
        const symbol = params.symbol();
        const { above, below } = paired(params);
        const listClientOrderId = readClientId(params, 'listClientOrderId');
        const type = readResponseType(params) ?? 'RESULT';
        params.end();
        const stamp: Stamp = (us) => caller.stamp(us);
        return act(caller, (venue, account, nowUs) => new JsonText(placedListText(venue.placeOco(account, { symbol, listClientOrderId, above, below }, nowUs), type, (order) => fillsNow(order, nowUs), stamp)));
      },
    },
    {
      ...trade, rest: 'POST /api/v3/order/oco', ws: 'orderList.place', orders: 2,
      handle: (params, caller) => {
        const symbol = params.symbol();
        const { above, below } = readOldOco(params);
        const listClientOrderId = readClientId(params, 'listClientOrderId');
        const type = readResponseType(params) ?? 'RESULT';
        params.end();
        const stamp: Stamp = (us) => caller.stamp(us);
        return act(caller, (venue, account, nowUs) => new JsonText(placedListText(venue.placeOco(account, { symbol, listClientOrderId, above, below }, nowUs), type, (order) => fillsNow(order, nowUs), stamp)));
      },
    },
    ...(['oto', 'otoco'] as const).map((kind): Operation => ({
      ...trade, rest: `POST /api/v3/orderList/${kind}`, ws: `orderList.place.${kind}`, orders: kind === 'oto' ? 2 : 3,
      handle: (params, caller) => {
        const symbol = params.symbol();
        const stp = readStp(params);
        const working = readLeg(params, { side: readSide(params, 'workingSide'), named: prefixed('working'), types: ['LIMIT', 'LIMIT_MAKER'], stp });
        const side = readSide(params, 'pendingSide');
        const leg = (prefix: string): LegRequest => readLeg(params, { side, named: prefixed(prefix), quantityName: 'pendingQuantity', stp });
        const pending = kind === 'oto' ? [leg('pending')] as const : [leg('pendingAbove'), leg('pendingBelow')] as const;
        const listClientOrderId = readClientId(params, 'listClientOrderId');
        const type = readResponseType(params) ?? 'RESULT';
        params.end();
        const stamp: Stamp = (us) => caller.stamp(us);
        return act(caller, (venue, account, nowUs) => new JsonText(placedListText(venue.placeOto(account, { symbol, listClientOrderId, working, pending }, nowUs), type, (order) => fillsNow(order, nowUs), stamp)));
      },
    })),
    ...(['opo', 'opoco'] as const).map((kind): Operation => ({
      ...trade, rest: `POST /api/v3/orderList/${kind}`, ws: `orderList.place.${kind}`,
      handle: () => {
        throw new VenueError(-2010, 'OPO orders are not supported for this symbol.');
      },
    })),
    {
      ...trade, rest: 'DELETE /api/v3/orderList', ws: 'orderList.cancel',
      handle: (params, caller) => {
        const symbol = params.symbol();
        params.needOneOf('orderListId', 'listClientOrderId');
        const request = { symbol, listId: params.optionalInt('orderListId'), clientId: params.optionalString('listClientOrderId'), newClientOrderId: readClientId(params, 'newClientOrderId') };
        params.end();
        const stamp: Stamp = (us) => caller.stamp(us);
        return act(caller, (venue, account, nowUs) => {
          const { list, cancelId } = venue.cancelList(account, request, nowUs);
          return new JsonText(canceledListText(list, cancelId, stamp));
        });
      },
    },
  ];
}

/** The answer when the order count is full and the cancel was to be done nevertheless: always a refusal, with 429. */
function refuseAfterCancel(full: VenueError, cancel: () => unknown): never {
  let cancelResult = 'SUCCESS';
  let cancelResponse: unknown;
  try {
    cancelResponse = cancel();
  } catch (error) {
    if (!(error instanceof VenueError)) throw error;
    cancelResult = 'FAILURE';
    cancelResponse = { code: error.code, msg: error.message };
  }
  const canceled = cancelResult === 'SUCCESS';
  const newOrder = canceled ? { newOrderResult: 'FAILURE', newOrderResponse: { code: full.code, msg: full.message } } : { newOrderResult: 'NOT_ATTEMPTED', newOrderResponse: null };
  throw new VenueError(canceled ? -2021 : -2022, canceled ? 'Order cancel-replace partially failed.' : 'Order cancel-replace failed.', {
    status: 429, headers: full.headers ?? {}, data: { cancelResult, newOrderResult: newOrder.newOrderResult, cancelResponse, newOrderResponse: newOrder.newOrderResponse },
  });
}

/** The OCO of before there were above and below legs: a limit maker and a stop loss, one quantity. */
function readOldOco(params: Params): { readonly above: LegRequest; readonly below: LegRequest } {
  const side = readSide(params);
  const stp = readStp(params);
  const quantity = params.decimal('quantity');
  const price = params.decimal('price');
  const stopPrice = params.optionalDecimal('stopPrice');
  const trailingDelta = params.optionalInt('trailingDelta');
  params.needOneOf('stopPrice', 'trailingDelta');
  const stopLimitPrice = params.optionalDecimal('stopLimitPrice');
  const timeInForce = stopLimitPrice === undefined ? undefined : params.enum('stopLimitTimeInForce', ['GTC', 'IOC', 'FOK']);
  const limit: LegRequest = {
    side, type: 'LIMIT_MAKER', quantity, price, stp, icebergQty: params.optionalDecimal('limitIcebergQty'), clientOrderId: readClientId(params, 'limitClientOrderId'),
    strategyId: params.optionalInt('limitStrategyId'), strategyType: params.optionalInt('limitStrategyType'),
  };
  const stop: LegRequest = {
    side, type: stopLimitPrice === undefined ? 'STOP_LOSS' : 'STOP_LOSS_LIMIT', quantity, price: stopLimitPrice, stopPrice, trailingDelta, timeInForce, stp,
    icebergQty: params.optionalDecimal('stopIcebergQty'), clientOrderId: readClientId(params, 'stopClientOrderId'),
    strategyId: params.optionalInt('stopStrategyId'), strategyType: params.optionalInt('stopStrategyType'),
  };
  return side === 'SELL' ? { above: limit, below: stop } : { above: stop, below: limit };
}
