/** Orders and algo orders over REST and the websocket API. */
import * as refuse from '../../../actors/exchange/futures/usdm/errors.js';
import type { AlgoName, AlgoOrder, FuturesOrder, FuturesVenue, NewOrder } from '../../../actors/exchange/futures/usdm/index.js';
import type { AccountId } from '../../../actors/exchange/ids.js';
import { VenueError } from '../../../actors/exchange/venue-error.js';
import { type Caller, type Endpoint, JsonText, type Params, type RequestRule, type WsMethod } from '../web/index.js';
import { algoAnswerText, algoText, answerText, listText, orderText } from './order-views.js';
import type { UsdmPort } from './port.js';
import { batchItem, readAlgoOrder, readModify, readName, readOrder, readResponseType, type ResponseType } from './read-order.js';

const MOST_IN_BATCH = 5;
const MOST_CANCELS = 10;
const DAY_US = 86_400_000_000;
const LONGEST_QUERY_US = 7 * DAY_US;
const ALL_CANCELED = { code: 200, msg: 'The operation of cancel all open order is done.' };

type Handle = RequestRule['handle'];
const trade = { security: 'signed', permission: 'TRADE' } as const;
const read = { security: 'signed', permission: 'USER_DATA' } as const;

export interface OrderFaces {
  readonly endpoints: readonly Endpoint[];
  readonly wsMethods: readonly WsMethod[];
}

export function orderFaces(port: UsdmPort): OrderFaces {
  const averages = (venue: FuturesVenue): boolean => !venue.core.asOf.holds('usdmOrdersWithoutAverages');
  const answer = (venue: FuturesVenue, order: FuturesOrder | AlgoOrder, type: ResponseType): string =>
    answerText(order, { acknowledged: type === 'ACK', averages: averages(venue) });

  const placed = (venue: FuturesVenue, id: AccountId, wanted: NewOrder, type: ResponseType, nowUs: number): string =>
    answer(venue, venue.placeOrder(id, wanted, nowUs), type);

  const place: Handle = (params, caller) => {
    const wanted = readOrder(params);
    const type = readResponseType(params);
    return port.askLater(caller, (venue, id, nowUs) => new JsonText(placed(venue, id, wanted, type, nowUs)));
  };
  const test: Handle = (params, caller) => {
    const wanted = readOrder(params);
    readResponseType(params);
    return port.ask(caller, (venue, id, nowUs) => {
      venue.testOrder(id, wanted, nowUs);
      return {};
    });
  };
  const cancel: Handle = (params, caller) => {
    const name = readName(params);
    return port.askLater(caller, (venue, id, nowUs) => new JsonText(answer(venue, venue.cancelOrder(id, name, nowUs), 'RESULT')));
  };
  const modify: Handle = (params, caller) => {
    const wanted = readModify(params);
    return port.askLater(caller, (venue, id, nowUs) => new JsonText(answer(venue, venue.modifyOrder(id, wanted, nowUs), 'RESULT')));
  };
  const status: Handle = (params, caller) => {
    const name = readName(params);
    return port.askAccount(caller, (account, venue) => new JsonText(orderText(venue.orders.find(account, name))));
  };
  const openOrder: Handle = (params, caller) => {
    const name = readName(params);
    return port.askAccount(caller, (account, venue) => {
      const order = venue.orders.find(account, name);
      if (!venue.orders.open(account, name.symbol).includes(order)) throw refuse.noSuchOrder();
      return new JsonText(orderText(order));
    });
  };
  const openOrders: Handle = (params, caller) => {
    const symbol = params.optionalSymbol();
    return port.askAccount(caller, (account, venue) => new JsonText(listText(venue.orders.open(account, symbol).map(orderText))));
  };
  const allOrders: Handle = (params, caller) => {
    const symbol = params.symbol();
    const fromId = params.optionalInt('orderId');
    const range = readRange(params);
    const limit = params.limit(500, 1000);
    return port.askAccount(caller, (account, venue, nowUs) => {
      venue.core.market(symbol);
      const orders = venue.orders.all(account, symbol);
      const found = fromId === undefined ? within(orders, range, nowUs, ({ createdUs }) => createdUs) : orders.filter(({ orderId }) => orderId >= fromId);
      return new JsonText(listText((fromId === undefined ? found.slice(-limit) : found.slice(0, limit)).map(orderText)));
    });
  };
  const cancelAll: Handle = (params, caller) => {
    const symbol = params.symbol();
    return port.ask(caller, (venue, id, nowUs) => {
      venue.cancelAllOrders(id, symbol, nowUs);
      return ALL_CANCELED;
    });
  };

  /** One answer an item, in order; an item's refusal is its answer. */
  const batch = (caller: Caller, items: readonly unknown[], one: (venue: FuturesVenue, id: AccountId, nowUs: number, item: unknown) => string): Promise<JsonText> =>
    port.ask(caller, (venue, id, nowUs) => new JsonText(listText(items.map((item) => {
      try {
        return one(venue, id, nowUs, item);
      } catch (error) {
        if (!(error instanceof VenueError)) throw error;
        return JSON.stringify({ code: error.code, msg: error.message });
      }
    }))));
  const placeBatch: Handle = (params, caller) => batch(caller, readBatch(params), (venue, id, nowUs, item) => {
    const values = batchItem(params, item);
    return placed(venue, id, readOrder(values), readResponseType(values), nowUs);
  });
  const modifyBatch: Handle = (params, caller) => batch(caller, readBatch(params), (venue, id, nowUs, item) =>
    answer(venue, venue.modifyOrder(id, readModify(batchItem(params, item)), nowUs), 'RESULT'));
  const cancelBatch: Handle = (params, caller) => {
    const symbol = params.symbol();
    // ccxt writes both in small letters, as the venue takes them.
    const ids = params.optionalJson('orderIdList') ?? params.optionalJson('orderidlist');
    const names = ids ?? params.optionalJson('origClientOrderIdList') ?? params.optionalJson('origclientorderidlist');
    if (names === undefined) params.needOneOf('orderIdList', 'origClientOrderIdList');
    if (!Array.isArray(names)) throw refuse.invalidParameter(ids === undefined ? 'origClientOrderIdList' : 'orderIdList');
    if (names.length === 0 || names.length > MOST_CANCELS) throw refuse.tooManyCancels();
    return batch(caller, names, (venue, id, nowUs, item) =>
      answer(venue, venue.cancelOrder(id, ids === undefined ? { symbol, clientOrderId: String(item) } : { symbol, orderId: Number(item) }, nowUs), 'RESULT'));
  };
  const countdown: Handle = (params, caller) => {
    const symbol = params.symbol();
    const countdownTime = params.int('countdownTime');
    return port.ask(caller, (venue, id, nowUs) => {
      venue.setCountdown(id, symbol, countdownTime, nowUs);
      return { symbol, countdownTime: String(countdownTime) };
    });
  };

  const placeAlgo: Handle = (params, caller) => {
    const wanted = readAlgoOrder(params);
    readResponseType(params);
    return port.ask(caller, (venue, id, nowUs) => new JsonText(algoAnswerText(venue.placeAlgo(id, wanted, nowUs))));
  };
  const cancelAlgo: Handle = (params, caller) => {
    const name = readAlgoName(params);
    return port.ask(caller, (venue, id, nowUs) => {
      const algo = venue.cancelAlgo(id, name, nowUs);
      return { algoId: algo.orderId, clientAlgoId: algo.terms.clientOrderId, code: '200', msg: 'success' };
    });
  };
  const algoStatus: Handle = (params, caller) => {
    const name = readAlgoName(params);
    return port.askAccount(caller, (account, venue) => new JsonText(algoText(venue.algos.find(account, name))));
  };
  const openAlgos: Handle = (params, caller) => {
    const symbol = params.optionalSymbol();
    const algoId = params.optionalInt('algoId');
    return port.askAccount(caller, (account, venue) =>
      new JsonText(listText(venue.algos.open(account, symbol).filter(({ orderId }) => algoId === undefined || orderId === algoId).map(algoText))));
  };
  const allAlgos: Handle = (params, caller) => {
    const symbol = params.symbol();
    const fromId = params.optionalInt('algoId');
    const range = readRange(params);
    const page = params.optionalInt('page') ?? 1;
    const limit = params.limit(500, 1000);
    return port.askAccount(caller, (account, venue, nowUs) => {
      const algos = venue.algos.all(account, symbol);
      const found = fromId === undefined ? within(algos, range, nowUs, ({ createdUs }) => createdUs) : algos.filter(({ orderId }) => orderId >= fromId);
      return new JsonText(listText(found.slice((Math.max(1, page) - 1) * limit).slice(0, limit).map(algoText)));
    });
  };
  const cancelAllAlgos: Handle = (params, caller) => {
    const symbol = params.symbol();
    return port.ask(caller, (venue, id, nowUs) => {
      venue.cancelAllAlgos(id, symbol, nowUs);
      return ALL_CANCELED;
    });
  };

  const one = { weight: 1 } as const;
  const order = { ...trade, weight: 0, orders: 1 } as const;
  const bySymbol = (params: Params): number => (params.has('symbol') ? 1 : 40);
  return {
    endpoints: [
      { ...order, method: 'POST', path: '/fapi/v1/order', handle: place },
      { ...order, method: 'POST', path: '/fapi/v1/order/test', handle: test },
      { ...order, ...one, method: 'PUT', path: '/fapi/v1/order', handle: modify },
      { ...trade, ...one, method: 'DELETE', path: '/fapi/v1/order', handle: cancel },
      { ...read, ...one, method: 'GET', path: '/fapi/v1/order', handle: status },
      { ...trade, weight: 5, orders: batchSize, method: 'POST', path: '/fapi/v1/batchOrders', handle: placeBatch },
      { ...trade, weight: 5, orders: batchSize, method: 'PUT', path: '/fapi/v1/batchOrders', handle: modifyBatch },
      { ...trade, ...one, method: 'DELETE', path: '/fapi/v1/batchOrders', handle: cancelBatch },
      { ...trade, ...one, method: 'DELETE', path: '/fapi/v1/allOpenOrders', handle: cancelAll },
      { ...trade, weight: 10, method: 'POST', path: '/fapi/v1/countdownCancelAll', handle: countdown },
      { ...read, ...one, method: 'GET', path: '/fapi/v1/openOrder', handle: openOrder },
      { ...read, weight: bySymbol, method: 'GET', path: '/fapi/v1/openOrders', handle: openOrders },
      { ...read, weight: 5, method: 'GET', path: '/fapi/v1/allOrders', handle: allOrders },
      { ...order, method: 'POST', path: '/fapi/v1/algoOrder', handle: placeAlgo },
      { ...trade, ...one, method: 'DELETE', path: '/fapi/v1/algoOrder', handle: cancelAlgo },
      { ...read, ...one, method: 'GET', path: '/fapi/v1/algoOrder', handle: algoStatus },
      { ...read, weight: bySymbol, method: 'GET', path: '/fapi/v1/openAlgoOrders', handle: openAlgos },
      { ...read, weight: 5, method: 'GET', path: '/fapi/v1/allAlgoOrders', handle: allAlgos },
      { ...trade, ...one, method: 'DELETE', path: '/fapi/v1/algoOpenOrders', handle: cancelAllAlgos },
    ],
    wsMethods: [
      { ...order, method: 'order.place', handle: place },
      { ...order, ...one, method: 'order.modify', handle: modify },
      { ...trade, ...one, method: 'order.cancel', handle: cancel },
      { ...read, ...one, method: 'order.status', handle: status },
      { ...order, method: 'algoOrder.place', handle: placeAlgo },
      { ...trade, ...one, method: 'algoOrder.cancel', handle: cancelAlgo },
    ],
  };
}

function readAlgoName(params: Params): AlgoName {
  params.needOneOf('algoId', 'clientAlgoId');
  return { algoId: params.optionalInt('algoId'), clientAlgoId: params.optionalString('clientAlgoId') };
}

/** @throws VenueError -4082 for none or more than five. */
function readBatch(params: Params): readonly unknown[] {
  const items = params.json('batchOrders');
  if (!Array.isArray(items)) throw refuse.invalidParameter('batchOrders');
  if (items.length === 0 || items.length > MOST_IN_BATCH) throw refuse.badBatchSize(items.length);
  return items;
}

const batchSize = (params: Params): number => readBatch(params).length;

export interface TimeRange {
  readonly startUs: number | undefined;
  readonly endUs: number | undefined;
}

/** @throws VenueError -1023, -4165. */
export function readRange(params: Params): TimeRange {
  const startUs = params.optionalTimestampUs('startTime');
  const endUs = params.optionalTimestampUs('endTime');
  if (startUs !== undefined && endUs !== undefined) {
    if (startUs > endUs) throw new VenueError(-1023, 'Start time is greater than end time.');
    if (endUs - startUs > LONGEST_QUERY_US) throw new VenueError(-4165, 'Maximum time interval is 7 days');
  }
  return { startUs, endUs };
}

/** Items of a time range; without one, those of the last seven days. */
export function within<T>(items: readonly T[], { startUs, endUs }: TimeRange, nowUs: number, at: (item: T) => number): T[] {
  const from = startUs ?? (endUs ?? nowUs) - LONGEST_QUERY_US;
  // Times of a query are whole milliseconds: the last one counts to its end.
  const until = endUs === undefined ? Infinity : endUs + 1000;
  return items.filter((item) => at(item) >= from && at(item) < until);
}
