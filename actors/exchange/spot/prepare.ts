/**
 * From a request to an order: reads its decimals on the symbol's grids and holds it against the filters that need no balance
 * (filters.md), in the venue's order. Whatever is wrong is the venue's own error, and nothing has happened yet.
 */
import { ASK, BID } from '../book/index.js';
import type { ClientOrderId, OrderId } from '../ids.js';
import { type Amount, amount, type Asset, parseAmount, ZERO } from '../ledger/index.js';
import type { PlaceRequest, StpMode as MatcherStpMode } from '../matching/index.js';
import type { AsOf } from '../rules.js';
import {
  badStrategyType, filterFailure, icebergExceedsQuantity, invalidPrice, invalidQuantity, noLiquidity, stpNotAllowed, tooLittleLiquidity, typeNotSupported,
  unsupportedCombination,
} from './errors.js';
import { type SpotAccount, type SpotMarket, SpotOrder } from './order.js';
import type { LegRequest } from './requests.js';
import { sweepOf } from './sweep.js';
import type { OrderType, SpotSymbol, StpMode } from './symbol.js';

const MATCHER_STP: Readonly<Record<StpMode, MatcherStpMode>> = {
  NONE: 'none', EXPIRE_TAKER: 'expire_taker', EXPIRE_MAKER: 'expire_maker', EXPIRE_BOTH: 'expire_both', DECREMENT: 'decrement',
  // What TRANSFER does besides, between accounts of one trade group, is money: see Executions.
  TRANSFER: 'decrement',
};

const TYPE_NAMES: Readonly<Record<OrderType, string>> = {
  LIMIT: 'Limit', LIMIT_MAKER: 'Limit maker', MARKET: 'Market', STOP_LOSS: 'Stop loss', STOP_LOSS_LIMIT: 'Stop loss limit', TAKE_PROFIT: 'Take profit',
  TAKE_PROFIT_LIMIT: 'Take profit limit',
};

const FIRST_STRATEGY_TYPE = 1_000_000;

export interface PrepareContext {
  readonly orderId: OrderId;
  /** The client's, or one the venue made. */
  readonly clientId: ClientOrderId;
  readonly asOf: AsOf;
  readonly nowUs: number;
}

export function prepareOrder(market: SpotMarket, owner: SpotAccount, request: LegRequest, context: PrepareContext): SpotOrder {
  const { symbol } = market;
  const { type } = request;
  if (!symbol.spec.orderTypes.includes(type)) throw typeNotSupported(TYPE_NAMES[type]);
  const stp = request.stp ?? symbol.spec.defaultStp;
  if (!symbol.spec.allowedStp.includes(stp)) throw stpNotAllowed();
  if (request.strategyType !== undefined && request.strategyType < FIRST_STRATEGY_TYPE) throw badStrategyType();
  const side = request.side === 'BUY' ? BID : ASK;
  const limit = type === 'LIMIT' || type === 'LIMIT_MAKER' || type === 'STOP_LOSS_LIMIT' || type === 'TAKE_PROFIT_LIMIT';
  const condition = type === 'STOP_LOSS' || type === 'STOP_LOSS_LIMIT' ? 'stop' : type === 'TAKE_PROFIT' || type === 'TAKE_PROFIT_LIMIT' ? 'takeProfit' : 'none';

  const ticks = limit ? priceOf(symbol, request.price) : 0;
  const stopTicks = request.stopPrice === undefined ? 0 : priceOf(symbol, request.stopPrice);
  const reference = referenceOf(market, context);
  if (limit && reference !== undefined) {
    const band = symbol.priceBand(reference);
    const bad = side === BID ? ticks > band.bidUp || ticks < band.bidDown : ticks > band.askUp || ticks < band.askDown;
    if (bad) throw filterFailure('PERCENT_PRICE_BY_SIDE');
  }

  let lots: number;
  let quoteOrderQty: Amount = ZERO;
  if (request.quoteOrderQty !== undefined) {
    quoteOrderQty = quoteOf(request.quoteOrderQty);
    if (quoteOrderQty < symbol.minNotional) throw filterFailure('NOTIONAL');
    checkAsset(owner, symbol.quote, quoteOrderQty);
    lots = sweepOf(market, side, symbol.marketMaxLots, quoteOrderQty, owner.stpGroup, stp).lots;
    if (lots < symbol.minLots) throw (side === BID ? market.matcher.book.bestAsk : market.matcher.book.bestBid) === 0 ? noLiquidity() : tooLittleLiquidity();
  } else {
    lots = quantityOf(symbol, request.quantity);
    if (type === 'MARKET' && lots > symbol.marketMaxLots) throw filterFailure('MARKET_LOT_SIZE');
    const value = limit ? symbol.quoteAmount(ticks, lots) : undefined;
    checkNotional(symbol, value, lots, reference);
    if (owner.maxAsset.size > 0) checkAsset(owner, symbol.quote, value ?? valueAt(symbol, lots, reference));
  }
  if (owner.maxAsset.size > 0) checkAsset(owner, symbol.base, symbol.baseAmount(lots));

  const iceberg = request.icebergQty === undefined ? 0 : quantityOf(symbol, request.icebergQty);
  if (iceberg !== 0) {
    if (iceberg > lots) throw icebergExceedsQuantity();
    if (Math.ceil(lots / iceberg) > symbol.spec.icebergParts) throw filterFailure('ICEBERG_PARTS');
  }
  const trailBips = request.trailingDelta ?? 0;
  if (request.trailingDelta !== undefined) {
    if (condition === 'none') throw unsupportedCombination();
    const { minTrailingDelta, maxTrailingDelta } = symbol.spec;
    if (trailBips < minTrailingDelta || trailBips > maxTrailingDelta) throw filterFailure('TRAILING_DELTA');
  }

  const tif = request.timeInForce ?? 'GTC';
  const place: PlaceRequest = {
    orderId: context.orderId, account: owner.id, side, type: limit ? 'limit' : 'market', ticks, lots,
    timeInForce: type === 'LIMIT_MAKER' ? 'GTX' : limit ? tif : 'GTC',
    // All of it shown is no iceberg to the book.
    visibleLots: iceberg < lots ? iceberg : 0,
    stpMode: MATCHER_STP[stp], stpGroup: owner.stpGroup, condition, stopTicks, trailBips,
  };
  return new SpotOrder(place, {
    market, owner, orderType: type, tif, stp, clientId: context.clientId, quoteOrderQty, icebergLots: iceberg,
    strategyId: request.strategyId, strategyType: request.strategyType, createdUs: context.nowUs,
  });
}

/** The price that percent and notional filters compare with: since 2026-05-08 the reference price, before it the weighted average. */
function referenceOf(market: SpotMarket, context: PrepareContext): Amount | undefined {
  const reference = context.asOf.holds('spotFiltersUseReferencePrice') ? market.reference.mean(context.nowUs) : undefined;
  return reference ?? market.reference.weightedAverage(context.nowUs);
}

function checkNotional(symbol: SpotSymbol, limitValue: Amount | undefined, lots: number, reference: Amount | undefined): void {
  if (limitValue !== undefined) {
    if (limitValue < symbol.minNotional || limitValue > symbol.maxNotional) throw filterFailure('NOTIONAL');
    return;
  }
  // Market orders have no price: the reference price stands in, and with none there is nothing to compare.
  if (reference === undefined) return;
  const value = valueAt(symbol, lots, reference);
  if (symbol.spec.applyMinToMarket && value < symbol.minNotional) throw filterFailure('NOTIONAL');
  if (symbol.spec.applyMaxToMarket && value > symbol.maxNotional) throw filterFailure('NOTIONAL');
}

/** What an order is worth at the reference price; nothing where there is none. */
function valueAt(symbol: SpotSymbol, lots: number, reference: Amount | undefined): Amount {
  return amount(((reference ?? ZERO) * symbol.baseAmount(lots)) / 100_000_000n);
}

function checkAsset({ maxAsset }: SpotAccount, asset: Asset, value: Amount): void {
  const limit = maxAsset.get(asset);
  if (limit !== undefined && value > limit) throw filterFailure('MAX_ASSET');
}

function priceOf(symbol: SpotSymbol, text: string | undefined): number {
  const ticks = text === undefined ? Number.NaN : symbol.prices.toSteps(text);
  if (ticks === 0) throw invalidPrice();
  if (!(ticks >= symbol.minTicks && ticks <= symbol.maxTicks)) throw filterFailure('PRICE_FILTER');
  return ticks;
}

/** Lots of a quantity. */
export function quantityOf(symbol: SpotSymbol, text: string | undefined): number {
  const lots = text === undefined ? Number.NaN : symbol.quantities.toSteps(text);
  if (lots === 0) throw invalidQuantity();
  if (!(lots >= symbol.minLots && lots <= symbol.maxLots)) throw filterFailure('LOT_SIZE');
  return lots;
}

function quoteOf(text: string): Amount {
  const value = parseAmount(text);
  if (value === undefined || value <= 0n) throw invalidQuantity();
  return value;
}
