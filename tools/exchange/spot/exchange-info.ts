/** What the venue lists: exchangeInfo, execution rules and the reference price. */
import { formatAmount, mustParseAmount } from '../../../actors/exchange/ledger/index.js';
import type { AsOf } from '../../../actors/exchange/rules.js';
import { BUCKET_COUNT, BUCKET_WIDTH_MS } from '../../../actors/exchange/spot/reference-price.js';
import type { SpotSymbol } from '../../../actors/exchange/spot/symbol.js';
import type { SpotVenue } from '../../../actors/exchange/spot/venue.js';
import { VenueError } from '../../../actors/exchange/venue-error.js';
import type { EnginePort } from '../product/engine-port.js';
import type { RateLimit } from '../web/index.js';
import type { Operation } from './operation.js';

const STATUSES = ['TRADING', 'HALT', 'BREAK'] as const;
const noReference = (): VenueError => new VenueError(-2043, "This symbol doesn't have a reference price.");
const badCombination = (): VenueError => new VenueError(-1128, 'Combination of optional parameters invalid.');

const eight = (text: string): string => formatAmount(mustParseAmount(text));

/** A symbol's filters as filters.md writes them. */
export function symbolFilters({ spec }: SpotSymbol): readonly object[] {
  return [
    { filterType: 'PRICE_FILTER', minPrice: eight(spec.minPrice), maxPrice: eight(spec.maxPrice), tickSize: eight(spec.tickSize) },
    { filterType: 'LOT_SIZE', minQty: eight(spec.minQty), maxQty: eight(spec.maxQty), stepSize: eight(spec.stepSize) },
    { filterType: 'ICEBERG_PARTS', limit: spec.icebergParts },
    { filterType: 'MARKET_LOT_SIZE', minQty: '0.00000000', maxQty: eight(spec.marketMaxQty), stepSize: '0.00000000' },
    {
      filterType: 'TRAILING_DELTA', minTrailingAboveDelta: spec.minTrailingDelta, maxTrailingAboveDelta: spec.maxTrailingDelta,
      minTrailingBelowDelta: spec.minTrailingDelta, maxTrailingBelowDelta: spec.maxTrailingDelta,
    },
    {
      filterType: 'PERCENT_PRICE_BY_SIDE', bidMultiplierUp: spec.bidMultiplierUp, bidMultiplierDown: spec.bidMultiplierDown,
      askMultiplierUp: spec.askMultiplierUp, askMultiplierDown: spec.askMultiplierDown, avgPriceMins: spec.avgPriceMins,
    },
    {
      filterType: 'NOTIONAL', minNotional: eight(spec.minNotional), applyMinToMarket: spec.applyMinToMarket, maxNotional: eight(spec.maxNotional),
      applyMaxToMarket: spec.applyMaxToMarket, avgPriceMins: spec.avgPriceMins,
    },
    ...(spec.maxPosition === '' ? [] : [{ filterType: 'MAX_POSITION', maxPosition: eight(spec.maxPosition) }]),
    { filterType: 'MAX_NUM_ORDERS', maxNumOrders: spec.maxNumOrders },
    { filterType: 'MAX_NUM_ORDER_LISTS', maxNumOrderLists: spec.maxNumOrderLists },
    { filterType: 'MAX_NUM_ALGO_ORDERS', maxNumAlgoOrders: spec.maxNumAlgoOrders },
    { filterType: 'MAX_NUM_ORDER_AMENDS', maxNumOrderAmends: spec.maxNumOrderAmends },
  ];
}

function symbolView(symbol: SpotSymbol, withPermissions: boolean): object {
  const { name, base, quote, status, spec } = symbol;
  return {
    symbol: name, status, baseAsset: base, baseAssetPrecision: 8, quoteAsset: quote, quotePrecision: 8, quoteAssetPrecision: 8,
    baseCommissionPrecision: 8, quoteCommissionPrecision: 8, orderTypes: spec.orderTypes,
    icebergAllowed: true, ocoAllowed: true, otoAllowed: true, opoAllowed: false, quoteOrderQtyMarketAllowed: true, allowTrailingStop: true,
    cancelReplaceAllowed: true, amendAllowed: true, pegInstructionsAllowed: false, isSpotTradingAllowed: true, isMarginTradingAllowed: false,
    filters: symbolFilters(symbol), permissions: [], permissionSets: withPermissions ? [['SPOT']] : [],
    defaultSelfTradePreventionMode: spec.defaultStp, allowedSelfTradePreventionModes: spec.allowedStp,
  };
}

export function exchangeInfoOperations(engine: EnginePort<SpotVenue>, rateLimits: readonly RateLimit[], asOf: AsOf): readonly Operation[] {
  return [exchangeInfo(engine, rateLimits), ...(asOf.holds('spotPriceRange') ? executionRules(engine) : [])];
}

function exchangeInfo(engine: EnginePort<SpotVenue>, rateLimits: readonly RateLimit[]): Operation {
  return {
    security: 'none', weight: 20, rest: 'GET /api/v3/exchangeInfo', ws: 'exchangeInfo',
    handle: (params, caller) => {
      const symbol = params.optionalSymbol();
      const symbols = params.optionalSymbols();
      const permissions = params.optionalString('permissions');
      const withPermissions = params.optionalBoolean('showPermissionSets') ?? true;
      const status = params.optionalEnum('symbolStatus', [...STATUSES, 'CANCEL_ONLY', 'END_OF_DAY'], () => new VenueError(-1122, 'Invalid symbolStatus.'));
      if ((symbol !== undefined && symbols !== undefined) || ((symbol ?? symbols) !== undefined && (permissions !== undefined || status !== undefined))) throw badCombination();
      params.end();
      const spotWanted = permissions === undefined || permissions.includes('SPOT');
      const named = symbol === undefined ? symbols : [symbol];
      return engine.ask((venue) => {
        const markets = named === undefined ? venue.markets : named.map((name) => venue.market(name));
        return {
          timezone: 'UTC', serverTime: caller.stamp(caller.receivedUs), rateLimits, exchangeFilters: [],
          symbols: spotWanted ? markets.filter((market) => status === undefined || market.symbol.status === status).map((market) => symbolView(market.symbol, withPermissions)) : [],
        };
      });
    },
  };
}

/** Since there are execution rules. */
function executionRules(engine: EnginePort<SpotVenue>): readonly Operation[] {
  return [
    {
      security: 'none', rest: 'GET /api/v3/executionRules', ws: 'executionRules',
      weight: (params) => (params.has('symbol') ? 2 : params.has('symbols') ? Math.min(40, 2 * (params.optionalSymbols()?.length ?? 1)) : 40),
      handle: (params) => {
        const symbol = params.optionalSymbol();
        const symbols = params.optionalSymbols();
        const status = params.optionalEnum('symbolStatus', STATUSES);
        if ([symbol, symbols, status].filter((given) => given !== undefined).length > 1) throw badCombination();
        params.end();
        const named = symbol === undefined ? symbols : [symbol];
        return engine.ask((venue) => ({
          symbolRules: (named === undefined ? venue.markets : named.map((name) => venue.market(name)))
            .filter(({ symbol: rules }) => rules.spec.priceRange !== null && (status === undefined || rules.status === status))
            .map(({ symbol: { name, spec } }) => ({ symbol: name, rules: [{ ruleType: 'PRICE_RANGE', ...spec.priceRange }] })),
        }));
      },
    },
    {
      security: 'none', weight: 2, rest: 'GET /api/v3/referencePrice', ws: 'referencePrice',
      handle: (params, caller) => {
        const symbol = params.symbol();
        params.end();
        return engine.ask((venue, nowUs) => {
          const { reference, symbol: { name } } = venue.market(symbol);
          if (reference.lastTicks === 0) throw noReference();
          const price = reference.mean(nowUs);
          return { symbol: name, referencePrice: price === undefined ? null : formatAmount(price), timestamp: caller.stamp(nowUs) };
        });
      },
    },
    {
      security: 'none', weight: 2, rest: 'GET /api/v3/referencePrice/calculation', ws: 'referencePrice.calculation',
      handle: (params) => {
        const symbol = params.symbol();
        const status = params.optionalEnum('symbolStatus', STATUSES);
        params.end();
        return engine.ask((venue) => {
          const market = venue.market(symbol);
          if (status !== undefined && market.symbol.status !== status) throw new VenueError(-1220, "The symbol's status does not match the requested symbolStatus.");
          return { symbol: market.symbol.name, calculationType: 'ARITHMETIC_MEAN', bucketCount: BUCKET_COUNT, bucketWidthMs: BUCKET_WIDTH_MS };
        });
      },
    },
  ];
}
