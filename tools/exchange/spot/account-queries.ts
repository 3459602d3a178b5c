/** What an account can look up: balances, orders, lists, fills, commissions, limits. */
import { formatAmount } from '../../../actors/exchange/ledger/index.js';
import type { AsOf } from '../../../actors/exchange/rules.js';
import { noSuchList, noSuchOrder, wrongClientId } from '../../../actors/exchange/spot/errors.js';
import type { OrderList, SpotAccount, SpotMarket, SpotOrder } from '../../../actors/exchange/spot/order.js';
import { VenueError } from '../../../actors/exchange/venue-error.js';
import { JsonText, type Params, type RateLimiter } from '../web/index.js';
import { symbolFilters } from './exchange-info.js';
import type { Act, Operation } from './operation.js';
import { readReference } from './read-order.js';
import { rateText } from './trading.js';
import { amendmentView, listView, orderText, preventedView, type Stamp, tradeView } from './views.js';

const DAY_US = 24 * 3600 * 1e6;
const DEFAULT_LIMIT = 500;
const MOST = 1000;
const tooLong = (): VenueError => new VenueError(-1127, 'More than 24 hours between startTime and endTime.');
const badCombination = (): VenueError => new VenueError(-1128, 'Combination of optional parameters invalid.');

interface Span {
  readonly startUs: number | undefined;
  readonly endUs: number | undefined;
  readonly limit: number;
}

function readSpan(params: Params): Span {
  const startUs = params.optionalTimestampUs('startTime');
  const endUs = params.optionalTimestampUs('endTime');
  if (startUs !== undefined && endUs !== undefined && endUs - startUs > DAY_US) throw tooLong();
  return { startUs, endUs, limit: params.limit(DEFAULT_LIMIT, MOST) };
}

/** Items of a span in order of time: the oldest ones from a start on, else the newest ones. */
function within<T>(items: readonly T[], { startUs, endUs, limit }: Span, atUs: (item: T) => number): readonly T[] {
  const found = items.filter((item) => (startUs === undefined || atUs(item) >= startUs) && (endUs === undefined || atUs(item) <= endUs));
  return startUs === undefined ? found.slice(-limit) : found.slice(0, limit);
}

function orderOf(account: SpotAccount, market: SpotMarket, reference: { readonly orderId?: number | undefined; readonly clientOrderId?: string | undefined }): SpotOrder {
  const { orders, byClientId } = account.on(market);
  const order = reference.orderId === undefined ? byClientId.get(reference.clientOrderId ?? '') : orders.get(reference.orderId);
  if (order === undefined) throw noSuchOrder();
  if (reference.orderId !== undefined && reference.clientOrderId !== undefined && order.clientId !== reference.clientOrderId) throw wrongClientId();
  return order;
}

function listOf(account: SpotAccount, listId: number | undefined, clientId: string | undefined): OrderList {
  if (listId !== undefined) {
    const list = account.lists.get(listId);
    if (list === undefined || (clientId !== undefined && list.clientId !== clientId)) throw noSuchList();
    return list;
  }
  let found = account.openListsByClientId.get(clientId ?? '');
  if (found === undefined) for (const list of account.lists.values()) if (list.clientId === clientId) found = list;
  if (found === undefined) throw noSuchList();
  return found;
}

export function accountOperations(act: Act, asOf: AsOf, limits: () => RateLimiter): readonly Operation[] {
  const data = { security: 'signed', permission: 'USER_DATA' } as const;
  const withExpiryReason = asOf.holds('spotExpiryReason');
  const ordersText = (orders: readonly SpotOrder[], stamp: Stamp): JsonText => new JsonText(`[${orders.map((order) => orderText(order, stamp, withExpiryReason)).join(',')}]`);
  return [
    {
      ...data, weight: 20, rest: 'GET /api/v3/account', ws: 'account.status',
      handle: (params, caller) => {
        const omitZero = params.optionalBoolean('omitZeroBalances') === true;
        params.end();
        const stamp: Stamp = (us) => caller.stamp(us);
        return act(caller, (venue, id) => {
          const account = venue.account(id);
          const { maker, taker } = account.rates;
          const balances = venue.assets
            .map((asset) => ({ asset, free: venue.ledger.free(id, asset), locked: venue.ledger.locked(id, asset) }))
            .filter(({ free, locked }) => !omitZero || free + locked > 0n)
            .map(({ asset, free, locked }) => ({ asset, free: formatAmount(free), locked: formatAmount(locked) }));
          return {
            makerCommission: Number(maker / 10_000n), takerCommission: Number(taker / 10_000n), buyerCommission: 0, sellerCommission: 0,
            commissionRates: { maker: rateText(maker), taker: rateText(taker), buyer: '0.00000000', seller: '0.00000000' },
            canTrade: account.canTrade, canWithdraw: false, canDeposit: false, brokered: false, requireSelfTradePrevention: false, preventSor: false,
            updateTime: stamp(account.updatedUs), accountType: 'SPOT', balances, permissions: ['SPOT'], uid: id,
            ...(account.tradeGroupId < 0 ? {} : { tradeGroupId: account.tradeGroupId }),
          };
        });
      },
    },
    {
      ...data, weight: 4, rest: 'GET /api/v3/order', ws: 'order.status',
      handle: (params, caller) => {
        const symbol = params.symbol();
        const reference = readReference(params);
        params.end();
        const stamp: Stamp = (us) => caller.stamp(us);
        return act(caller, (venue, id) => new JsonText(orderText(orderOf(venue.account(id), venue.market(symbol), reference), stamp, withExpiryReason)));
      },
    },
    {
      ...data, weight: (params) => (params.has('symbol') ? 6 : 80), rest: 'GET /api/v3/openOrders', ws: 'openOrders.status',
      handle: (params, caller) => {
        const symbol = params.optionalSymbol();
        params.end();
        const stamp: Stamp = (us) => caller.stamp(us);
        return act(caller, (venue, id) => {
          const account = venue.account(id);
          const markets = symbol === undefined ? venue.markets : [venue.market(symbol)];
          return ordersText(markets.flatMap((market) => [...account.on(market).open.values()]), stamp);
        });
      },
    },
    {
      ...data, weight: 20, rest: 'GET /api/v3/allOrders', ws: 'allOrders',
      handle: (params, caller) => {
        const symbol = params.symbol();
        const from = params.optionalInt('orderId');
        const span = readSpan(params);
        params.end();
        const stamp: Stamp = (us) => caller.stamp(us);
        return act(caller, (venue, id) => {
          const orders = [...venue.account(id).on(venue.market(symbol)).orders.values()];
          const found = from === undefined ? within(orders, span, (order) => order.createdUs) : orders.filter((order) => order.orderId >= from).slice(0, span.limit);
          return ordersText(found, stamp);
        });
      },
    },
    {
      ...data, weight: (params) => (params.has('orderId') ? 5 : 20), rest: 'GET /api/v3/myTrades', ws: 'myTrades',
      handle: (params, caller) => {
        const symbol = params.symbol();
        const orderId = params.optionalInt('orderId');
        const fromId = params.optionalInt('fromId');
        const span = readSpan(params);
        if ((orderId !== undefined || fromId !== undefined) && (span.startUs !== undefined || span.endUs !== undefined)) throw badCombination();
        params.end();
        const stamp: Stamp = (us) => caller.stamp(us);
        return act(caller, (venue, id) => {
          const fills = venue.account(id).on(venue.market(symbol)).fills.filter((fill) => (orderId === undefined || fill.order.orderId === orderId) && (fromId === undefined || fill.tradeId >= fromId));
          return (fromId === undefined ? within(fills, span, (fill) => fill.atUs) : fills.slice(0, span.limit)).map((fill) => tradeView(fill, stamp));
        });
      },
    },
    {
      ...data, weight: 4, rest: 'GET /api/v3/orderList', ws: 'orderList.status',
      handle: (params, caller) => {
        params.needOneOf('orderListId', 'origClientOrderId');
        const listId = params.optionalInt('orderListId');
        const clientId = params.optionalString('origClientOrderId');
        params.end();
        const stamp: Stamp = (us) => caller.stamp(us);
        return act(caller, (venue, id) => listView(listOf(venue.account(id), listId, clientId), stamp));
      },
    },
    {
      ...data, weight: 6, rest: 'GET /api/v3/openOrderList', ws: 'openOrderLists.status',
      handle: (params, caller) => {
        params.end();
        const stamp: Stamp = (us) => caller.stamp(us);
        return act(caller, (venue, id) => [...venue.account(id).openListsByClientId.values()].map((list) => listView(list, stamp)));
      },
    },
    {
      ...data, weight: 20, rest: 'GET /api/v3/allOrderList', ws: 'allOrderLists',
      handle: (params, caller) => {
        const fromId = params.optionalInt('fromId');
        const span = readSpan(params);
        if (fromId !== undefined && (span.startUs !== undefined || span.endUs !== undefined)) throw badCombination();
        params.end();
        const stamp: Stamp = (us) => caller.stamp(us);
        return act(caller, (venue, id) => {
          const lists = [...venue.account(id).lists.values()];
          return (fromId === undefined ? within(lists, span, (list) => list.updatedUs) : lists.filter((list) => list.listId >= fromId).slice(0, span.limit)).map((list) => listView(list, stamp));
        });
      },
    },
    {
      ...data, weight: 40, rest: 'GET /api/v3/rateLimit/order', ws: 'account.rateLimits.orders',
      handle: (params, caller) => {
        params.end();
        return limits().orderStatus(caller.account);
      },
    },
    {
      ...data, weight: 20, rest: 'GET /api/v3/account/commission', ws: 'account.commission',
      handle: (params, caller) => {
        const symbol = params.symbol();
        params.end();
        return act(caller, (venue, id) => {
          const { maker, taker } = venue.account(id).rates;
          return {
            symbol: venue.market(symbol).symbol.name,
            standardCommission: { maker: rateText(maker), taker: rateText(taker), buyer: '0.00000000', seller: '0.00000000' },
            specialCommission: NO_COMMISSION, taxCommission: NO_COMMISSION,
            discount: { enabledForAccount: false, enabledForSymbol: false, discountAsset: 'BNB', discount: '0.00000000' },
          };
        });
      },
    },
    {
      ...data, weight: 1, rest: 'GET /sapi/v1/asset/tradeFee',
      handle: (params, caller) => {
        const symbol = params.optionalSymbol();
        params.end();
        return act(caller, (venue, id) => {
          const { maker, taker } = venue.account(id).rates;
          const markets = symbol === undefined ? venue.markets : [venue.market(symbol)];
          return markets.map((market) => ({ symbol: market.symbol.name, makerCommission: rateText(maker), takerCommission: rateText(taker) }));
        });
      },
    },
    {
      ...data, weight: (params) => (params.has('preventedMatchId') ? 2 : 20), rest: 'GET /api/v3/myPreventedMatches', ws: 'myPreventedMatches',
      handle: (params, caller) => {
        const symbol = params.symbol();
        params.needOneOf('preventedMatchId', 'orderId');
        const matchId = params.optionalInt('preventedMatchId');
        const orderId = params.optionalInt('orderId');
        const from = params.optionalInt('fromPreventedMatchId') ?? 0;
        const limit = params.limit(DEFAULT_LIMIT, MOST);
        params.end();
        const stamp: Stamp = (us) => caller.stamp(us);
        return act(caller, (venue, id) => venue.account(id).on(venue.market(symbol)).prevented
          .filter((match) => (matchId === undefined || match.id === matchId) && (orderId === undefined || match.taker.orderId === orderId || match.maker.orderId === orderId) && match.id >= from)
          .slice(0, limit).map((match) => preventedView(match, stamp)));
      },
    },
    {
      ...data, weight: 4, rest: 'GET /api/v3/order/amendments', ws: 'order.amendments',
      handle: (params, caller) => {
        const symbol = params.symbol();
        const orderId = params.int('orderId');
        const from = params.optionalInt('fromExecutionId') ?? 0;
        const limit = params.limit(DEFAULT_LIMIT, MOST);
        params.end();
        const stamp: Stamp = (us) => caller.stamp(us);
        return act(caller, (venue, id) => {
          const account = venue.account(id);
          const order = orderOf(account, venue.market(symbol), { orderId });
          return account.on(order.market).amendments.filter((one) => one.orderId === orderId && one.executionId >= from).slice(0, limit).map((one) => amendmentView(one, order, stamp));
        });
      },
    },
    {
      ...data, weight: 20, rest: 'GET /api/v3/myAllocations', ws: 'myAllocations',
      // Allocations come from smart order routing, which no symbol here has.
      handle: (params, caller) => {
        const symbol = params.symbol();
        readSpan(params);
        for (const name of ['fromAllocationId', 'orderId']) params.optionalInt(name);
        params.end();
        return act(caller, (venue) => {
          venue.market(symbol);
          return [];
        });
      },
    },
    {
      ...data, weight: 40, rest: 'GET /api/v3/myFilters', ws: 'myFilters',
      handle: (params, caller) => {
        const symbol = params.symbol();
        params.end();
        return act(caller, (venue, id) => {
          const rules = venue.market(symbol).symbol;
          const assetFilters = [rules.base, rules.quote].flatMap((asset) => {
            const limit = venue.account(id).maxAsset.get(asset);
            return limit === undefined ? [] : [{ filterType: 'MAX_ASSET', asset, limit: formatAmount(limit) }];
          });
          return { exchangeFilters: [], symbolFilters: symbolFilters(rules), assetFilters };
        });
      },
    },
  ];
}

const NO_COMMISSION = { maker: '0.00000000', taker: '0.00000000', buyer: '0.00000000', seller: '0.00000000' } as const;
