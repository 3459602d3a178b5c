import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import ccxt from 'ccxt';
import { projectRoot } from '../../cli/run-node.js';
import type { Product } from './evidence.js';

/*
 * What the venues have, as public clients list it: what is not on these lists and not mounted is nobody's loss. ccxt has the endpoints,
 * `binance` the methods of the websocket APIs.
 */

type Api = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;

const PREFIXES: Readonly<Record<'spot' | 'usdm' | 'options', readonly (readonly [section: string, prefix: string])[]>> = {
  spot: [['public', '/api/v3/'], ['private', '/api/v3/']],
  usdm: [['fapiPublic', '/fapi/v1/'], ['fapiPublicV2', '/fapi/v2/'], ['fapiPrivate', '/fapi/v1/'], ['fapiPrivateV2', '/fapi/v2/'], ['fapiPrivateV3', '/fapi/v3/'], ['fapiData', '/futures/data/']],
  options: [['eapiPublic', '/eapi/v1/'], ['eapiPrivate', '/eapi/v1/']],
};

/** `GET /api/v3/depth` and so on, as ccxt has them. */
export function listedEndpoints(product: 'spot' | 'usdm' | 'options'): readonly string[] {
  const api = (new ccxt.binance().describe() as { readonly api: Api }).api;
  return PREFIXES[product].flatMap(([section, prefix]) => Object.entries(api[section] ?? {}).flatMap(([method, paths]) => Object.keys(paths).map((path) => `${method.toUpperCase()} ${prefix}${path}`)));
}

export function listedDeribitMethods(): readonly string[] {
  const api = (new ccxt.deribit().describe() as { readonly api: Api }).api;
  return ['public', 'private'].flatMap((scope) => Object.values(api[scope] ?? {}).flatMap((names) => Object.keys(names).map((name) => `${scope}/${name}`)));
}

/** Of both websocket APIs together: the client has one list. */
export function listedMethods(): readonly string[] {
  const file = join(projectRoot, 'node_modules/binance/lib/types/websockets/ws-api.js');
  return (createRequire(import.meta.url)(file) as { readonly WS_API_Operations: readonly string[] }).WS_API_Operations;
}

/** Error codes that sources of the exchange say, with their texts where the source has them in one piece. */
export function saidCodes(folders: readonly string[]): ReadonlyMap<number, string> {
  const codes = new Map<number, string>();
  for (const text of sources(folders)) {
    for (const [, code, quoted] of text.matchAll(/(?:new VenueError|\berror)\(\s*(-\d{4,5}),\s*(?:'((?:[^'\\]|\\.)*)'|"[^"]*"|`[^`]*`|\w)/g)) {
      if (!codes.has(Number(code)) || codes.get(Number(code)) === '') codes.set(Number(code), (quoted ?? '').replaceAll("\\'", "'"));
    }
    // Codes that are chosen on the way.
    for (const [, one, other] of text.matchAll(/new VenueError\(\w+ \? (-\d+) : (-\d+)/g)) for (const code of [one, other]) if (!codes.has(Number(code))) codes.set(Number(code), '');
  }
  return new Map([...codes].sort(([a], [b]) => b - a));
}

/** Codes and names of Deribit's errors. */
export function deribitErrors(): readonly (readonly [code: number, name: string])[] {
  const [text] = sources(['actors/exchange/deribit/errors.ts']);
  return [...text!.matchAll(/^ {2}(\w+): \[(-?\d+), /gm)].map(([, name, code]) => [Number(code), name!] as const).sort(([a], [b]) => a - b);
}

/** Names of methods that Deribit's face itself answers, beside the engine's. */
export function deribitFaceMethods(): readonly string[] {
  return [...new Set(sources(['tools/exchange/deribit/socket.ts', 'tools/exchange/deribit/face.ts']).flatMap((text) => [...text.matchAll(/case '((?:public|private)\/[a-z_]+)'/g)].map(([, name]) => name!)))];
}

const SAYS: Readonly<Record<Product, readonly string[]>> = {
  spot: ['actors/exchange/spot', 'tools/exchange/spot', 'tools/exchange/web'], usdm: ['actors/exchange/futures', 'tools/exchange/usdm', 'tools/exchange/web', 'tools/exchange/market-data'],
  options: ['actors/exchange/options', 'tools/exchange/options'], deribit: ['actors/exchange/deribit'],
};

/** Whether sources of a product have the name in quotes; of `user.orders` its last part. */
export function saysName(product: Product, name: string): boolean {
  const word = new RegExp(`['"\`@](?:!)?${name.split('.').at(-1)!}['"\`@(]`);
  return sources(SAYS[product]).some((text) => word.test(text));
}

function sources(paths: readonly string[]): readonly string[] {
  return paths.flatMap((path) => (path.endsWith('.ts') ? [path] : readdirSync(join(projectRoot, path), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts')).sort().map((name) => join(path, name))))
    .map((path) => readFileSync(join(projectRoot, path), 'utf8'));
}

/** What a client's own method sends, where no test names the endpoint itself: proof is the walk that calls it. */
export const SENT_BY: Readonly<Record<Product, Readonly<Record<string, string>>>> = {
  spot: {
    'GET /api/v3/exchangeInfo': 'loadMarkets', 'GET /api/v3/aggTrades': 'getAggregateTrades', 'GET /api/v3/klines': 'fetchOHLCV', 'GET /api/v3/openOrders': 'fetchOpenOrders', 'GET /api/v3/time': 'fetchTime',
    'GET /api/v3/allOrders': 'getAllOrders', 'GET /api/v3/myTrades': 'fetchMyTrades', 'GET /sapi/v1/system/status': 'fetchStatus', 'GET /sapi/v1/asset/tradeFee': 'fetchTradingFee',
    'GET /sapi/v1/capital/config/getall': 'fetchCurrencies: true', 'GET /sapi/v1/margin/allPairs': 'fetchMargins: true', 'GET /sapi/v1/margin/isolated/allPairs': 'fetchMargins: true',
    'GET /sapi/v1/account/apiRestrictions': 'getApiKeyPermissions', 'GET /api/v3/ticker/24hr': 'fetchTicker', 'DELETE /api/v3/openOrders': 'cancelAllOrders',
  },
  usdm: {
    'GET /fapi/v1/exchangeInfo': 'loadMarkets', 'GET /fapi/v1/trades': 'getRecentTrades', 'GET /fapi/v1/aggTrades': 'fetchTrades', 'GET /fapi/v1/klines': 'fetchOHLCV', 'GET /fapi/v1/ticker/24hr': 'fetchTicker',
    'GET /fapi/v1/markPriceKlines': 'fetchMarkOHLCV', 'GET /fapi/v1/indexPriceKlines': 'fetchIndexOHLCV', 'GET /fapi/v1/premiumIndexKlines': 'fetchPremiumIndexOHLCV', 'GET /fapi/v1/fundingRate': 'fetchFundingRateHistory',
    'GET /fapi/v1/fundingInfo': 'fetchFundingIntervals', 'GET /fapi/v1/openInterest': 'fetchOpenInterest', 'GET /fapi/v1/time': 'fetchTime', 'GET /fapi/v1/commissionRate': 'fetchTradingFee', 'GET /fapi/v1/leverageBracket': 'fetchLeverageTiers',
    'GET /fapi/v1/symbolConfig': 'fetchLeverage', 'GET /fapi/v1/income': 'fetchLedger', 'DELETE /fapi/v1/batchOrders': 'cancelOrders', 'GET /fapi/v1/openAlgoOrders': 'getOpenAlgoOrders', 'DELETE /fapi/v1/algoOpenOrders': 'cancelAllAlgoOpenOrders',
    'GET /fapi/v3/balance': 'getBalanceV3', 'GET /fapi/v3/account': 'getAccountInformationV3', 'GET /fapi/v3/positionRisk': 'getPositionsV3', 'POST /fapi/v1/leverage': 'setLeverage', 'POST /fapi/v1/marginType': 'setMarginMode',
    'GET /fapi/v1/positionSide/dual': 'fetchPositionMode', 'POST /fapi/v1/positionSide/dual': 'setPositionMode', 'GET /fapi/v1/userTrades': 'getAccountTrades', 'DELETE /fapi/v1/allOpenOrders': 'cancelAllOpenOrders',
    'POST /fapi/v1/batchOrders': 'submitMultipleOrders', 'POST /fapi/v1/algoOrder': 'submitNewAlgoOrder', 'DELETE /fapi/v1/algoOrder': 'cancelAlgoOrder',
    'order.modify': 'modifyFuturesOrder', 'order.status': 'getFuturesOrderStatus', 'order.cancel': 'cancelFuturesOrder', 'v2/account.position': 'getFuturesPositionV2', 'algoOrder.place': 'submitNewFuturesAlgoOrder', 'depth': 'fetchOrderBookWs',
  },
  options: {
    'GET /eapi/v1/exchangeInfo': 'loadMarkets', 'GET /eapi/v1/mark': 'fetchAllGreeks', 'GET /eapi/v1/position': 'fetchPosition',
  },
  deribit: { 'public/get_instruments': 'loadMarkets', 'private/edit': 'editOrder', 'private/get_positions': 'fetchPositions', 'private/get_account_summaries': 'fetchBalance' },
};

/** A stream with an example that tells something by itself, within seconds of the market. */
export const STREAMS: Readonly<Record<'spot' | 'usdm', readonly string[]>> = {
  spot: [
    'btcusdt@trade', 'btcusdt@aggTrade', 'btcusdt@bookTicker', 'btcusdt@depth', 'btcusdt@depth@100ms', 'btcusdt@depth5', 'btcusdt@depth10@100ms', 'btcusdt@depth20@100ms', 'btcusdt@kline_1m', 'btcusdt@kline_1s',
    'btcusdt@kline_1d@+08:00', 'btcusdt@miniTicker', 'btcusdt@ticker', 'btcusdt@ticker_1h', 'btcusdt@ticker_4h', 'btcusdt@ticker_1d', 'btcusdt@avgPrice', 'btcusdt@referencePrice', '!miniTicker@arr', '!ticker@arr', '!ticker_1h@arr', '!ticker_4h@arr', '!ticker_1d@arr',
  ],
  usdm: [
    'btcusdt@trade', 'btcusdt@aggTrade', 'btcusdt@bookTicker', '!bookTicker', 'btcusdt@depth', 'btcusdt@depth@0ms', 'btcusdt@depth@100ms', 'btcusdt@depth@500ms', 'btcusdt@depth5', 'btcusdt@depth10@100ms', 'btcusdt@depth20@500ms', 'btcusdt@kline_1m',
    'btcusdt_perpetual@continuousKline_1m', 'btcusdt@markPrice', 'btcusdt@markPrice@1s', '!markPrice@arr', '!markPrice@arr@1s', 'btcusdt@miniTicker', 'btcusdt@ticker', '!miniTicker@arr', '!ticker@arr',
  ],
};

/** Streams and events that come only when something happens; a test names them. */
export const EVENTS: Readonly<Record<Product, readonly string[]>> = {
  spot: ['executionReport', 'outboundAccountPosition', 'balanceUpdate', 'listStatus', 'eventStreamTerminated', 'serverShutdown'],
  usdm: ['forceOrder', 'ORDER_TRADE_UPDATE', 'ACCOUNT_UPDATE', 'TRADE_LITE', 'ALGO_UPDATE', 'ACCOUNT_CONFIG_UPDATE', 'MARGIN_CALL', 'listenKeyExpired', 'CONDITIONAL_ORDER_TRIGGER_REJECT', 'STRATEGY_UPDATE', 'GRID_UPDATE'],
  options: ['bookTicker', 'optionTrade', 'optionTicker', 'optionMarkPrice', 'optionOpenInterest', 'depth', 'kline', 'index', 'ORDER_TRADE_UPDATE', 'ACCOUNT_UPDATE'],
  deribit: ['book', 'trades', 'ticker', 'perpetual', 'quote', 'deribit_price_index', 'chart', 'platform_state', 'user.orders', 'user.trades', 'user.changes', 'user.portfolio'],
};
