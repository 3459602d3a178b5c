import { INTERVAL_US, INTERVALS } from '../../../actors/exchange/market-data/index.js';
import type { OptionsAccount } from '../../../actors/exchange/options/account.js';
import { binanceExpiry } from '../../../actors/exchange/options/chain.js';
import { badCombination, mmpNotSet, noSuchOrder } from '../../../actors/exchange/options/errors.js';
import type { OptionOrder } from '../../../actors/exchange/options/order.js';
import { RATES } from '../../../actors/exchange/options/terms.js';
import type { OptionsVenue } from '../../../actors/exchange/options/venue.js';
import { formatAmount } from '../../../actors/exchange/ledger/index.js';
import { VenueError } from '../../../actors/exchange/venue-error.js';
import type { EnginePort } from '../product/engine-port.js';
import { accountOf } from '../accounts/key-store.js';
import type { Caller, Endpoint, Params, RateLimit } from '../web/index.js';
import { readOrder } from './read-order.js';
import {
  billView, contractView, depthView, exerciseRecordView, exerciseView, fillView, klineView, marginAccountView, markView, mmpView, openInterestView, orderView, positionView, symbolView, tickerView,
  tradeView,
} from './views.js';

/** As Binance publishes them in exchangeInfo; orders count by the account. */
export const OPTIONS_LIMITS: readonly RateLimit[] = [
  { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 2400 },
  { rateLimitType: 'ORDERS', interval: 'MINUTE', intervalNum: 1, limit: 1200 },
  { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: 300 },
];

const MOST_BATCH = 10;
const SHORTEST_COUNTDOWN_MS = 5000;

type PublicHandle = (params: Params, venue: OptionsVenue, nowMs: number) => unknown;
type PrivateHandle = (venue: OptionsVenue, account: OptionsAccount, nowMs: number) => unknown;

function range(params: Params): { readonly from: number; readonly to: number } {
  const startUs = params.optionalTimestampUs('startTime');
  const endUs = params.optionalTimestampUs('endTime');
  return { from: startUs === undefined ? 0 : startUs / 1000, to: endUs === undefined ? Infinity : endUs / 1000 };
}

/** The endpoints of /eapi/v1, on one engine. */
export function optionsEndpoints(engine: EnginePort<OptionsVenue>): readonly Endpoint[] {
  const open = (method: Endpoint['method'], path: string, weight: number, read: (params: Params) => (venue: OptionsVenue, nowMs: number) => unknown): Endpoint => ({
    method, path: `/eapi/v1/${path}`, security: 'none', weight,
    handle: (params) => {
      const call = read(params);
      params.end();
      return engine.ask((venue, nowUs) => call(venue, Math.floor(nowUs / 1000)));
    },
  });
  const simple = (path: string, weight: number, call: PublicHandle): Endpoint => open('GET', path, weight, (params) => (venue, nowMs) => call(params, venue, nowMs));
  const act = (caller: Caller, call: PrivateHandle): Promise<unknown> => engine.ask((venue, nowUs) => {
    caller.checkWindow();
    return venue.call(nowUs, () => call(venue, venue.account(accountOf(caller.account)), Math.floor(nowUs / 1000)));
  });
  const signed = (
    method: Endpoint['method'], path: string, weight: number, permission: 'TRADE' | 'USER_DATA', read: (params: Params) => PrivateHandle, orders?: Endpoint['orders'],
  ): Endpoint => ({
    method, path: `/eapi/v1/${path}`, security: 'signed', permission, weight, ...(orders === undefined ? {} : { orders }),
    handle: (params, caller) => {
      const call = read(params);
      params.end();
      return act(caller, call);
    },
  });
  return [
    open('GET', 'ping', 1, () => () => ({})),
    open('GET', 'time', 1, () => (_venue, nowMs) => ({ serverTime: nowMs })),
    simple('exchangeInfo', 1, (_params, venue, nowMs) => ({
      timezone: 'UTC', serverTime: nowMs, optionContracts: [...venue.underlyings.values()].map(contractView), optionAssets: [{ id: 1, name: 'USDT' }],
      optionSymbols: [...venue.markets.values()].map(symbolView), rateLimits: OPTIONS_LIMITS,
    })),
    open('GET', 'depth', 1, (params) => {
      const symbol = params.symbol();
      const limit = params.limit(100, 1000);
      return (venue, nowMs) => depthView(venue.market(symbol), limit, nowMs);
    }),
    open('GET', 'trades', 5, (params) => {
      const symbol = params.symbol();
      const limit = params.limit(100, 500);
      return (venue) => {
        const market = venue.market(symbol);
        return market.trades.slice(-limit).map((trade) => tradeView(market, trade));
      };
    }),
    open('GET', 'historicalTrades', 20, (params) => {
      const symbol = params.symbol();
      const from = params.optionalInt('fromId');
      const limit = params.limit(100, 500);
      return (venue) => {
        const market = venue.market(symbol);
        const chosen = from === undefined ? market.trades.slice(-limit) : market.trades.filter(({ tradeId }) => tradeId >= from).slice(0, limit);
        return chosen.map((trade) => tradeView(market, trade));
      };
    }),
    open('GET', 'klines', 1, (params) => {
      const symbol = params.symbol();
      const interval = params.enum('interval', INTERVALS, () => new VenueError(-1120, 'Invalid interval.'));
      const { from, to } = range(params);
      const limit = params.limit(500, 1500);
      return (venue) => {
        const market = venue.market(symbol);
        const widthMs = Math.max(60_000, (INTERVAL_US[interval] ?? 60e6) / 1000);
        return market.bars.between(from, to, widthMs, limit).map((bar) => klineView(market, bar, widthMs));
      };
    }),
    open('GET', 'mark', 5, (params) => {
      const symbol = params.optionalSymbol();
      return (venue) => (symbol === undefined ? [...venue.markets.values()] : [venue.market(symbol)]).map((market) => markView(venue, market));
    }),
    open('GET', 'ticker', 5, (params) => {
      const symbol = params.optionalSymbol();
      return (venue, nowMs) => (symbol === undefined ? [...venue.markets.values()] : [venue.market(symbol)]).map((market) => tickerView(venue, market, nowMs));
    }),
    open('GET', 'index', 1, (params) => {
      const name = params.string('underlying');
      return (venue, nowMs) => ({ time: nowMs, indexPrice: venue.underlying(name).index.toFixed(8) });
    }),
    open('GET', 'openInterest', 3, (params) => {
      const base = params.string('underlyingAsset').replace(/USDT$/, '');
      const expiration = params.string('expiration');
      return (venue, nowMs) => [...venue.markets.values()].filter(({ contract }) => contract.base === base && binanceExpiry(contract.expiryMs) === expiration).map((market) => openInterestView(venue, market, nowMs));
    }),
    open('GET', 'exerciseHistory', 3, (params) => {
      const name = params.optionalString('underlying');
      const { from, to } = range(params);
      const limit = params.limit(100, 100);
      return (venue) => {
        const base = name === undefined ? undefined : venue.underlying(name).terms.base;
        return venue.exercises.filter((exercise) => (base === undefined || exercise.base === base) && exercise.expiryMs >= from && exercise.expiryMs <= to).slice(-limit).map(exerciseView);
      };
    }),
    open('GET', 'blockTrades', 5, (params) => {
      params.optionalSymbol();
      params.limit(100, 500);
      return () => [];
    }),

    signed('POST', 'order', 1, 'TRADE', (params) => {
      const text = readOrder(params);
      return (venue, account) => orderView(venue.place(account, text.order(venue)));
    }, 1),
    signed('GET', 'order', 1, 'USER_DATA', (params) => {
      const find = readReference(params);
      return (venue, account) => orderView(find(venue, account));
    }),
    signed('DELETE', 'order', 1, 'TRADE', (params) => {
      const find = readReference(params);
      return (venue, account) => orderView(venue.cancel(find(venue, account)));
    }),
    signed('POST', 'batchOrders', 5, 'TRADE', (params) => {
      const list = params.json('orders');
      if (!Array.isArray(list) || list.length === 0) throw new VenueError(-1102, "Mandatory parameter 'orders' was not sent, was empty/null, or malformed.");
      if (list.length > MOST_BATCH) throw new VenueError(-4082, `Invalid number of batch place orders: at most ${MOST_BATCH}.`);
      return (venue, account) => list.map((item: unknown) => attempt(() => {
        if (typeof item !== 'object' || item === null) throw new VenueError(-1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.");
        return orderView(venue.place(account, readOrder(params.of(item)).order(venue)));
      }));
    }, 5),
    signed('DELETE', 'batchOrders', 1, 'TRADE', (params) => {
      const symbol = params.symbol();
      const ids = listOf(params, 'orderIds');
      const clientIds = listOf(params, 'clientOrderIds');
      if (ids.length + clientIds.length === 0) throw badCombination();
      return (venue, account) => {
        const market = venue.market(symbol);
        return [
          ...ids.map((id) => attempt(() => orderView(venue.cancel(venue.order(account, market, Number(id), undefined))))),
          ...clientIds.map((id) => attempt(() => orderView(venue.cancel(venue.order(account, market, undefined, String(id)))))),
        ];
      };
    }),
    signed('DELETE', 'allOpenOrders', 1, 'TRADE', (params) => {
      const symbol = params.symbol();
      return (venue, account) => {
        const market = venue.market(symbol);
        venue.cancelAll(account, ({ terms }) => terms.market === market);
        return { code: 0, msg: 'success' };
      };
    }),
    signed('DELETE', 'allOpenOrdersByUnderlying', 1, 'TRADE', (params) => {
      const name = params.string('underlying');
      return (venue, account) => {
        venue.underlying(name);
        return { code: 0, msg: 'success', data: venue.cancelAll(account, ({ terms }) => terms.market.terms.underlying === name) };
      };
    }),
    signed('GET', 'openOrders', 1, 'USER_DATA', (params) => {
      const symbol = params.optionalSymbol();
      const from = params.optionalInt('orderId') ?? 0;
      const span = range(params);
      const limit = params.limit(100, 1000);
      return (venue, account) => {
        const market = symbol === undefined ? undefined : venue.market(symbol);
        return chosen([...account.open.values()], market?.symbol, from, span, limit);
      };
    }),
    signed('GET', 'historyOrders', 3, 'USER_DATA', (params) => {
      const symbol = params.symbol();
      const from = params.optionalInt('orderId') ?? 0;
      const span = range(params);
      const limit = params.limit(100, 1000);
      return (_venue, account) => chosen([...account.orders.values()].filter((order) => !order.open), symbol, from, span, limit);
    }),
    signed('GET', 'userTrades', 5, 'USER_DATA', (params) => {
      const symbol = params.optionalSymbol();
      const from = params.optionalInt('fromId') ?? 0;
      const span = range(params);
      const limit = params.limit(100, 1000);
      return (_venue, account) => account.fills
        .filter(({ market, id, atMs }) => (symbol === undefined || market.symbol === symbol) && id >= from && atMs >= span.from && atMs <= span.to)
        .slice(-limit).map(fillView);
    }),
    signed('GET', 'position', 5, 'USER_DATA', (params) => {
      const symbol = params.optionalSymbol();
      return (_venue, account, nowMs) => [...account.positions.values()]
        .filter(({ market, lots }) => lots !== 0 && (symbol === undefined || market.symbol === symbol))
        .map((position) => positionView(position, account, nowMs));
    }),
    signed('GET', 'marginAccount', 3, 'USER_DATA', () => (venue, account) => marginAccountView(venue, account)),
    signed('GET', 'account', 3, 'USER_DATA', () => (venue, account) => marginAccountView(venue, account)),
    signed('GET', 'commission', 5, 'USER_DATA', () => (venue) => ({
      commissions: [...venue.underlyings.values()].map(({ terms }) => ({ underlying: terms.underlying, makerFee: formatAmount(RATES.maker), takerFee: formatAmount(RATES.taker) })),
    })),
    signed('GET', 'exerciseRecord', 5, 'USER_DATA', (params) => {
      const symbol = params.optionalSymbol();
      const span = range(params);
      const limit = params.limit(1000, 1000);
      return (_venue, account) => account.exercises.filter((record) => (symbol === undefined || record.symbol === symbol) && record.atMs >= span.from && record.atMs <= span.to).slice(-limit).map(exerciseRecordView);
    }),
    signed('GET', 'bill', 1, 'USER_DATA', (params) => {
      params.enum('currency', ['USDT']);
      const from = params.optionalInt('recordId') ?? 0;
      const span = range(params);
      const limit = params.limit(100, 1000);
      return (_venue, account) => account.bills.filter(({ id, atMs }) => id >= from && atMs >= span.from && atMs <= span.to).slice(-limit).map(billView);
    }),

    signed('POST', 'countdownCancelAll', 1, 'TRADE', (params) => {
      const underlying = params.string('underlying');
      const countdownTime = params.int('countdownTime');
      if (countdownTime !== 0 && countdownTime < SHORTEST_COUNTDOWN_MS) throw new VenueError(-1130, `Data sent for parameter 'countdownTime' is not valid: 0, or at least ${SHORTEST_COUNTDOWN_MS}.`);
      return (venue, account) => {
        venue.setCountdown(account, underlying, countdownTime);
        return { underlying, countdownTime };
      };
    }),
    signed('GET', 'countdownCancelAll', 1, 'TRADE', (params) => {
      const underlying = params.optionalString('underlying');
      return (_venue, account) => {
        const all = [...account.countdowns].map(([name, { countdownMs }]) => ({ underlying: name, countdownTime: countdownMs }));
        return underlying === undefined ? all : (all.find((one) => one.underlying === underlying) ?? { underlying, countdownTime: 0 });
      };
    }),
    signed('POST', 'countdownCancelAllHeartBeat', 10, 'TRADE', (params) => {
      const underlyings = params.string('underlyings').split(',').filter((name) => name !== '');
      return (venue, account) => ({ underlyings: venue.keepAlive(account, underlyings) });
    }),
    signed('POST', 'mmpSet', 1, 'TRADE', (params) => {
      const underlying = params.string('underlying');
      const config = {
        windowMs: params.int('windowTimeInMilliseconds'), frozenMs: params.int('frozenTimeInMilliseconds'), qtyLimit: Number(params.decimal('qtyLimit')), deltaLimit: Number(params.decimal('deltaLimit')),
      };
      if (config.windowMs <= 0 || config.windowMs > 5000) throw new VenueError(-1130, "Data sent for parameter 'windowTimeInMilliseconds' is not valid.");
      return (venue, account) => mmpView(underlying, idOf(venue, underlying), venue.setMmp(account, underlying, config));
    }),
    signed('GET', 'mmp', 1, 'TRADE', (params) => {
      const underlying = params.string('underlying');
      return (venue, account) => {
        const state = account.mmp.get(underlying);
        if (state === undefined) throw mmpNotSet();
        return mmpView(underlying, idOf(venue, underlying), state);
      };
    }),
    signed('POST', 'mmpReset', 1, 'TRADE', (params) => {
      const underlying = params.string('underlying');
      return (venue, account) => {
        const state = account.mmp.get(underlying);
        if (state === undefined) throw mmpNotSet();
        state.triggeredMs = 0;
        state.fills = [];
        return mmpView(underlying, idOf(venue, underlying), state);
      };
    }),
  ];
}

function readReference(params: Params): (venue: OptionsVenue, account: OptionsAccount) => OptionOrder {
  const symbol = params.symbol();
  const id = params.optionalInt('orderId');
  const clientId = params.optionalString('clientOrderId') ?? params.optionalString('origClientOrderId');
  if (id === undefined && clientId === undefined) throw new VenueError(-1102, "Param 'clientOrderId' or 'orderId' must be sent, but both were empty/null!");
  return (venue, account) => {
    const order = venue.order(account, undefined, id, clientId);
    // The option may have expired since: its orders are still there under its name.
    if (order.terms.market.symbol !== symbol) throw noSuchOrder();
    return order;
  };
}

/** A batch's member is done or refused by itself. */
function attempt(body: () => unknown): unknown {
  try {
    return body();
  } catch (error) {
    if (error instanceof VenueError) return { code: error.code, msg: error.message };
    throw error;
  }
}

function listOf(params: Params, name: string): readonly unknown[] {
  const value = params.optionalJson(name);
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > MOST_BATCH) throw new VenueError(-1130, `Data sent for parameter '${name}' is not valid.`);
  return value;
}

function chosen(orders: readonly OptionOrder[], symbol: string | undefined, fromId: number, span: { readonly from: number; readonly to: number }, limit: number): unknown {
  return orders
    .filter(({ terms, orderId }) => (symbol === undefined || terms.market.symbol === symbol) && orderId >= fromId && terms.createdMs >= span.from && terms.createdMs <= span.to)
    .slice(-limit).map(orderView);
}

const idOf = (venue: OptionsVenue, underlying: string): number => [...venue.underlyings.values()].findIndex(({ terms }) => terms.underlying === underlying) + 1;

