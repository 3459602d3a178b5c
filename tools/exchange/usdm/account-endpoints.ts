/** The account over REST and the websocket API: balances, positions, history and settings. */
import * as refuse from '../../../actors/exchange/futures/usdm/errors.js';
import { adlQuantile, type FuturesAccount, type FuturesVenue, formatShort, type SymbolAccount, type SymbolMarket } from '../../../actors/exchange/futures/usdm/index.js';
import { amount, formatAmount } from '../../../actors/exchange/ledger/index.js';
import { type Endpoint, JsonText, type Params, type RateLimit, type RequestRule, type WsMethod } from '../web/index.js';
import { accountV2, accountV3, balances, positionsV2, positionsV3 } from './account-views.js';
import { readRange, within } from './order-endpoints.js';
import { fillText, listText, ms, orderText } from './order-views.js';
import type { UsdmPort } from './port.js';
import { POSITION_SIDES } from './read-order.js';

type Handle = RequestRule['handle'];
const read = { security: 'signed', permission: 'USER_DATA' } as const;
const trade = { security: 'signed', permission: 'TRADE' } as const;
const DONE = { code: 200, msg: 'success' };
const INCOME_TYPES = ['TRANSFER', 'REALIZED_PNL', 'FUNDING_FEE', 'COMMISSION', 'INSURANCE_CLEAR', 'API_REBATE', 'WELCOME_BONUS', 'REFERRAL_KICKBACK', 'COMMISSION_REBATE'] as const;

const rateText = (rate: bigint): string => formatShort(amount(rate));

export function accountFaces(port: UsdmPort, rateLimits: readonly RateLimit[]): { readonly endpoints: readonly Endpoint[]; readonly wsMethods: readonly WsMethod[] } {
  const ofV3: Handle = (_params, caller) => port.askAccount(caller, accountV3);
  const ofV2: Handle = (_params, caller) => port.askAccount(caller, accountV2);
  const balance: Handle = (_params, caller) => port.askAccount(caller, balances);
  const riskV3: Handle = (params, caller) => {
    const symbol = params.optionalSymbol();
    return port.askAccount(caller, (account, venue) => {
      if (symbol !== undefined) venue.core.market(symbol);
      return positionsV3(account, symbol);
    });
  };
  const riskV2: Handle = (params, caller) => {
    const symbol = params.optionalSymbol();
    return port.askAccount(caller, (account, venue) => {
      if (symbol !== undefined) venue.core.market(symbol);
      return positionsV2(account, venue, symbol);
    });
  };

  const userTrades: Handle = (params, caller) => {
    const symbol = params.symbol();
    const orderId = params.optionalInt('orderId');
    const fromId = params.optionalInt('fromId');
    const range = readRange(params);
    const limit = params.limit(500, 1000);
    return port.askAccount(caller, (account, venue, nowUs) => {
      const { marginAsset } = venue.core.market(symbol).symbol;
      const fills = account.history.fills.items.filter(({ order }) => order.symbol.name === symbol && (orderId === undefined || order.orderId === orderId));
      const found = fromId === undefined ? within(fills, range, nowUs, ({ atUs }) => atUs).slice(-limit) : fills.filter(({ tradeId }) => tradeId >= fromId).slice(0, limit);
      return new JsonText(listText(found.map((fill) => fillText(fill, marginAsset))));
    });
  };
  const income: Handle = (params, caller) => {
    const symbol = params.optionalSymbol();
    const type = params.optionalEnum('incomeType', INCOME_TYPES);
    const range = readRange(params);
    const page = params.optionalInt('page') ?? 1;
    const limit = params.limit(100, 1000);
    return port.askAccount(caller, (account, venue, nowUs) => {
      if (symbol !== undefined) venue.core.market(symbol);
      const kept = account.history.incomes.items.filter((it) => (symbol === undefined || it.symbol === symbol) && (type === undefined || it.type === type));
      const found = within(kept, range, nowUs, ({ atUs }) => atUs);
      // With a start the oldest come first, without one the newest are wanted.
      const from = range.startUs === undefined ? Math.max(0, found.length - limit * Math.max(1, page)) : (Math.max(1, page) - 1) * limit;
      return found.slice(from, from + limit).map((it) => ({
        symbol: it.symbol, incomeType: it.type, income: formatAmount(it.income), asset: it.asset, time: ms(it.atUs), info: it.tradeId === '' ? it.info : it.tradeId, tranId: it.tranId, tradeId: it.tradeId,
      }));
    });
  };
  const commissionRate: Handle = (params, caller) => {
    const symbol = params.symbol();
    return port.askAccount(caller, (account, venue) => {
      venue.core.market(symbol);
      return { symbol, makerCommissionRate: rateText(account.makerRate), takerCommissionRate: rateText(account.takerRate), rpiCommissionRate: rateText(account.makerRate) };
    });
  };
  const forceOrders: Handle = (params, caller) => {
    const symbol = params.optionalSymbol();
    const kind = params.optionalEnum('autoCloseType', ['LIQUIDATION', 'ADL']);
    const range = readRange(params);
    const limit = params.limit(50, 100);
    return port.askAccount(caller, (account, venue, nowUs) => {
      if (symbol !== undefined) venue.core.market(symbol);
      const kept = account.history.forced.items.filter((it) => (symbol === undefined || it.order.symbol.name === symbol) && (kind === undefined || it.kind === kind));
      const found = within(kept, range, nowUs, ({ order }) => order.createdUs).slice(-limit);
      return new JsonText(listText(found.map(({ order }) => orderText(order))));
    });
  };
  const leverageBracket: Handle = (params, caller) => {
    const symbol = params.optionalSymbol();
    // A list of one symbol too: the documentation has that without its list, the venue and its clients have it with.
    return port.askAccount(caller, (_account, venue) => chosen(venue, symbol).map(bracketsOf));
  };
  const adl: Handle = (params, caller) => {
    const symbol = params.optionalSymbol();
    return port.askAccount(caller, (account, venue) => chosen(venue, symbol).filter((market) => !account.of(market).isFlat).map((market) => {
      const state = account.of(market);
      return {
        symbol: market.symbol.name,
        adlQuantile: adlOf(account, state),
      };
    }));
  };

  const setLeverage: Handle = (params, caller) => {
    const symbol = params.symbol();
    const leverage = params.int('leverage');
    return port.ask(caller, (venue, id, nowUs) => ({ symbol, leverage, maxNotionalValue: formatShort(venue.setLeverage(id, symbol, leverage, nowUs)) }));
  };
  const setMarginType: Handle = (params, caller) => {
    const symbol = params.symbol();
    const type = params.enum('marginType', ['ISOLATED', 'CROSSED']);
    return port.ask(caller, (venue, id, nowUs) => {
      venue.setMarginType(id, symbol, type === 'ISOLATED', nowUs);
      return DONE;
    });
  };
  const changeMargin: Handle = (params, caller) => {
    const symbol = params.symbol();
    const side = params.optionalEnum('positionSide', POSITION_SIDES, refuse.invalidPositionSide);
    const text = params.decimal('amount');
    const type = params.enum('type', ['1', '2']);
    return port.ask(caller, (venue, id, nowUs) => {
      venue.changeMargin(id, symbol, side, text, type === '1' ? 1 : 2, nowUs);
      return { amount: Number(text), code: 200, msg: 'Successfully modify position margin.', type: Number(type) };
    });
  };
  const marginHistory: Handle = (params, caller) => {
    const symbol = params.symbol();
    const type = params.optionalEnum('type', ['1', '2']);
    const range = readRange(params);
    const limit = params.limit(500, 500);
    return port.askAccount(caller, (account, venue, nowUs) => {
      venue.core.market(symbol);
      const kept = account.history.marginChanges.items.filter((it) => it.symbol === symbol && (type === undefined || it.type === Number(type)));
      return within(kept, range, nowUs, ({ atUs }) => atUs).slice(-limit).map((it) => ({
        symbol, type: it.type, deltaType: 'USER_ADJUST', amount: formatAmount(it.amount), asset: it.asset, time: ms(it.atUs), positionSide: it.positionSide,
      }));
    });
  };
  const setDual: Handle = (params, caller) => {
    const dual = params.boolean('dualSidePosition');
    return port.ask(caller, (venue, id, nowUs) => {
      venue.setDual(id, dual, nowUs);
      return DONE;
    });
  };
  const dual: Handle = (_params, caller) => port.askAccount(caller, ({ dual: dualSidePosition }) => ({ dualSidePosition }));
  const multiAssets: Handle = (_params, caller) => port.askAccount(caller, () => ({ multiAssetsMargin: false }));
  const setMultiAssets: Handle = (params, caller) => {
    const wanted = params.boolean('multiAssetsMargin');
    return port.askAccount(caller, (): never => {
      throw wanted ? refuse.methodUnavailable() : refuse.sameAssetMode();
    });
  };
  const symbolConfig: Handle = (params, caller) => {
    const symbol = params.optionalSymbol();
    return port.askAccount(caller, (account, venue) => chosen(venue, symbol).map((market) => {
      const state = account.of(market);
      return {
        symbol: market.symbol.name, marginType: state.isolated ? 'ISOLATED' : 'CROSSED', isAutoAddMargin: false, leverage: state.leverage,
        maxNotionalValue: formatShort(market.symbol.brackets.maxNotional(state.leverage)),
      };
    }));
  };
  const accountConfig: Handle = (_params, caller) => port.askAccount(caller, (account) => ({
    feeTier: 0, canTrade: account.canTrade, canDeposit: true, canWithdraw: true, dualSidePosition: account.dual, updateTime: 0, multiAssetsMargin: false, tradeGroupId: -1,
  }));
  const orderLimits: Handle = (_params, caller) => port.askAccount(caller, () => rateLimits.filter(({ rateLimitType }) => rateLimitType === 'ORDERS'));
  const tradingStatus: Handle = (params, caller) => {
    params.optionalSymbol();
    return port.askAccount(caller, (_account, _venue, nowUs) => ({ indicators: {}, updateTime: ms(nowUs) }));
  };
  const feeBurn: Handle = (_params, caller) => port.askAccount(caller, () => ({ feeBurn: false }));

  const weightOf = (withSymbol: number, without: number) => (params: Params): number => (params.has('symbol') ? withSymbol : without);
  return {
    endpoints: [
      { ...read, weight: 5, method: 'GET', path: '/fapi/v3/account', handle: ofV3 },
      { ...read, weight: 5, method: 'GET', path: '/fapi/v2/account', handle: ofV2 },
      { ...read, weight: 5, method: 'GET', path: '/fapi/v3/balance', handle: balance },
      { ...read, weight: 5, method: 'GET', path: '/fapi/v2/balance', handle: balance },
      { ...read, weight: 5, method: 'GET', path: '/fapi/v3/positionRisk', handle: riskV3 },
      { ...read, weight: 5, method: 'GET', path: '/fapi/v2/positionRisk', handle: riskV2 },
      { ...read, weight: 5, method: 'GET', path: '/fapi/v1/userTrades', handle: userTrades },
      { ...read, weight: 30, method: 'GET', path: '/fapi/v1/income', handle: income },
      { ...read, weight: 20, method: 'GET', path: '/fapi/v1/commissionRate', handle: commissionRate },
      { ...read, weight: weightOf(20, 50), method: 'GET', path: '/fapi/v1/forceOrders', handle: forceOrders },
      { ...read, weight: 1, method: 'GET', path: '/fapi/v1/leverageBracket', handle: leverageBracket },
      { ...read, weight: 5, method: 'GET', path: '/fapi/v1/adlQuantile', handle: adl },
      { ...trade, weight: 1, method: 'POST', path: '/fapi/v1/leverage', handle: setLeverage },
      { ...trade, weight: 1, method: 'POST', path: '/fapi/v1/marginType', handle: setMarginType },
      { ...trade, weight: 1, method: 'POST', path: '/fapi/v1/positionMargin', handle: changeMargin },
      { ...read, weight: 1, method: 'GET', path: '/fapi/v1/positionMargin/history', handle: marginHistory },
      { ...trade, weight: 1, method: 'POST', path: '/fapi/v1/positionSide/dual', handle: setDual },
      { ...read, weight: 30, method: 'GET', path: '/fapi/v1/positionSide/dual', handle: dual },
      { ...read, weight: 30, method: 'GET', path: '/fapi/v1/multiAssetsMargin', handle: multiAssets },
      { ...trade, weight: 1, method: 'POST', path: '/fapi/v1/multiAssetsMargin', handle: setMultiAssets },
      { ...read, weight: 5, method: 'GET', path: '/fapi/v1/symbolConfig', handle: symbolConfig },
      { ...read, weight: 5, method: 'GET', path: '/fapi/v1/accountConfig', handle: accountConfig },
      { ...read, weight: 1, method: 'GET', path: '/fapi/v1/rateLimit/order', handle: orderLimits },
      { ...read, weight: weightOf(1, 10), method: 'GET', path: '/fapi/v1/apiTradingStatus', handle: tradingStatus },
      { ...read, weight: 30, method: 'GET', path: '/fapi/v1/feeBurn', handle: feeBurn },
    ],
    wsMethods: [
      { ...read, weight: 5, method: 'account.status', handle: ofV2 },
      { ...read, weight: 5, method: 'v2/account.status', handle: ofV3 },
      { ...read, weight: 5, method: 'account.balance', handle: balance },
      { ...read, weight: 5, method: 'v2/account.balance', handle: balance },
      { ...read, weight: 5, method: 'account.position', handle: riskV2 },
      { ...read, weight: 5, method: 'v2/account.position', handle: riskV3 },
    ],
  };
}

/** One market, or all. @throws VenueError -1121. */
function chosen(venue: FuturesVenue, symbol: string | undefined): SymbolMarket[] {
  return symbol === undefined ? [...venue.markets.values()] : [venue.core.market(symbol)];
}

function bracketsOf({ symbol }: SymbolMarket): object {
  return {
    symbol: symbol.name, notionalCoef: 1,
    brackets: symbol.brackets.brackets.map((bracket) => ({
      bracket: bracket.bracket, initialLeverage: bracket.initialLeverage, notionalCap: Number(formatShort(bracket.notionalCap)), notionalFloor: Number(formatShort(bracket.notionalFloor)),
      maintMarginRatio: Number(formatShort(bracket.maintenanceRate)), cum: Number(formatShort(bracket.cum)),
    })),
  };
}

/** Places in the queues. Of a hedge under cross margin both sides show one, the nearer, and HEDGE stands as a sign in the place of BOTH. */
function adlOf({ dual }: FuturesAccount, { long, short, both, isolated }: SymbolAccount): object {
  if (!dual) return { LONG: 0, SHORT: 0, BOTH: adlQuantile(both) };
  const [one, other] = [adlQuantile(long), adlQuantile(short)];
  if (isolated) return { LONG: one, SHORT: other, BOTH: 0 };
  const held = long.lots !== 0 && short.lots !== 0 ? Math.max(one, other) : undefined;
  return { LONG: held ?? one, SHORT: held ?? other, HEDGE: 0 };
}
