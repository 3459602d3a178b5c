import { FuturesSymbol, type FuturesSymbolSpec, type FuturesVenue } from '../../../actors/exchange/futures/usdm/index.js';
import type { Endpoint, RateLimit } from '../web/index.js';
import { ms } from './order-views.js';
import type { UsdmPort } from './port.js';

/** What the venue enforces, and serves as exchangeInfo.rateLimits. */
export const USDM_RATE_LIMITS: readonly RateLimit[] = [
  { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 2400 },
  { rateLimitType: 'ORDERS', interval: 'MINUTE', intervalNum: 1, limit: 1200 },
  { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: 300 },
];

/** The delivery date of what is never delivered. */
const NEVER_MS = 4_133_404_800_000;
const ORDER_TYPES = ['LIMIT', 'MARKET', 'STOP', 'STOP_MARKET', 'TAKE_PROFIT', 'TAKE_PROFIT_MARKET', 'TRAILING_STOP_MARKET'];
const STATUSES = { TRADING: 'TRADING', HALT: 'BREAK', CANCEL_ONLY: 'CANCEL_ONLY' } as const;

function symbolView(spec: FuturesSymbolSpec, symbol: FuturesSymbol, status: string): object {
  return {
    symbol: spec.symbol, pair: spec.symbol, contractType: 'PERPETUAL', deliveryDate: NEVER_MS, onboardDate: ms(spec.onboardUs), status,
    maintMarginPercent: '2.5000', requiredMarginPercent: '5.0000',
    baseAsset: spec.base, quoteAsset: spec.quote, marginAsset: spec.quote,
    pricePrecision: symbol.pricePrecision, quantityPrecision: symbol.quantityPrecision, baseAssetPrecision: 8, quotePrecision: 8,
    underlyingType: 'COIN', underlyingSubType: ['PoW'], triggerProtect: spec.triggerProtect, liquidationFee: spec.liquidationFee, marketTakeBound: spec.marketTakeBound,
    maxMoveOrderLimit: 10_000,
    filters: [
      { filterType: 'PRICE_FILTER', minPrice: spec.tickSize, maxPrice: spec.maxPrice, tickSize: spec.tickSize },
      { filterType: 'LOT_SIZE', minQty: spec.stepSize, maxQty: spec.maxQty, stepSize: spec.stepSize },
      { filterType: 'MARKET_LOT_SIZE', minQty: spec.stepSize, maxQty: spec.marketMaxQty, stepSize: spec.stepSize },
      { filterType: 'MAX_NUM_ORDERS', limit: spec.maxNumOrders },
      { filterType: 'MAX_NUM_ALGO_ORDERS', limit: spec.maxNumAlgoOrders },
      { filterType: 'MIN_NOTIONAL', notional: spec.minNotional },
      { filterType: 'PERCENT_PRICE', multiplierUp: spec.multiplierUp, multiplierDown: spec.multiplierDown, multiplierDecimal: '4' },
      { filterType: 'POSITION_RISK_CONTROL', positionControlSide: 'NONE' },
    ],
    orderTypes: ORDER_TYPES, timeInForce: ['GTC', 'IOC', 'FOK', 'GTX', 'GTD'], permissionSets: ['GRID', 'COPY'],
  };
}

export function exchangeInfo(venue: FuturesVenue, nowUs: number): object {
  const markets = [...venue.markets.values()];
  return {
    timezone: 'UTC', serverTime: ms(nowUs), futuresType: 'U_MARGINED', rateLimits: USDM_RATE_LIMITS, exchangeFilters: [],
    assets: [...venue.core.marginAssets()].map((name) => ({ asset: name, marginAvailable: true, autoAssetExchange: '-10000' })),
    symbols: markets.map(({ symbol, status }) => symbolView(symbol.spec, symbol, STATUSES[status])),
  };
}

export function exchangeInfoEndpoint(port: UsdmPort): Endpoint {
  return { security: 'none', method: 'GET', path: '/fapi/v1/exchangeInfo', weight: 1, handle: () => port.askVenue(exchangeInfo) };
}
