/** What the options API shows: plain objects with Binance's names and texts. */
import { ASK, BID } from '../../../actors/exchange/book/index.js';
import { type Amount, formatAmount } from '../../../actors/exchange/ledger/index.js';
import type { Levels } from '../../../actors/exchange/market-data/index.js';
import type { Bill, ExerciseRecord, MmpState, OptionFill, OptionPosition, OptionsAccount } from '../../../actors/exchange/options/account.js';
import type { Bar } from '../../../actors/exchange/options/bars.js';
import type { OptionMarket, OptionTrade } from '../../../actors/exchange/options/option-market.js';
import { type OptionOrder, statusOf } from '../../../actors/exchange/options/order.js';
import { QUOTE, RATES } from '../../../actors/exchange/options/terms.js';
import type { Exercise, OptionsVenue, Underlying } from '../../../actors/exchange/options/venue.js';

type View = Readonly<Record<string, unknown>>;
const DAY_MS = 86_400_000;

export const priceText = (market: OptionMarket, ticks: number): string => (ticks * market.tickSize).toFixed(market.terms.priceDecimals);
export const quantityText = (market: OptionMarket, lots: number): string => (lots * market.lotSize).toFixed(market.terms.quantityDecimals);
const optionSide = (market: OptionMarket): 'CALL' | 'PUT' => (market.contract.kind === 'call' ? 'CALL' : 'PUT');
/** Rates and prices that are no multiples of a tick: eight decimals. */
const fine = (value: number): string => value.toFixed(8);
/** An amount without the zeros at its end. */
const plain = (value: Amount): string => formatAmount(value).replace(/\.?0+$/, '') || '0';
const rate = (value: Amount): string => formatAmount(value);

export function contractView({ terms }: Underlying): View {
  return { baseAsset: terms.base, quoteAsset: QUOTE, underlying: terms.underlying, settleAsset: QUOTE };
}

export function symbolView(market: OptionMarket): View {
  const { contract, terms } = market;
  return {
    id: market.id, contractId: market.id, symbol: market.symbol, underlying: terms.underlying, quoteAsset: QUOTE, side: optionSide(market), strikePrice: contract.strike.toFixed(8),
    expiryDate: contract.expiryMs, unit: 1, status: 'TRADING', contractType: 'CRYPTO_OPTIONS', underlyingType: 'CRYPTO', nakedSell: true,
    filters: [
      { filterType: 'PRICE_FILTER', minPrice: priceText(market, market.lowestTicks), maxPrice: priceText(market, market.highestTicks), tickSize: terms.tickSize },
      { filterType: 'LOT_SIZE', minQty: terms.lotSize, maxQty: terms.maxQty, stepSize: terms.lotSize },
    ],
    minQty: terms.lotSize, maxQty: terms.maxQty, liquidationFeeRate: rate(RATES.liquidation), makerFeeRate: rate(RATES.maker), takerFeeRate: rate(RATES.taker),
    initialMargin: rate(RATES.initial), maintenanceMargin: rate(RATES.maintenance), minInitialMargin: rate(RATES.minInitial), minMaintenanceMargin: rate(RATES.minMaintenance),
    priceScale: terms.priceDecimals, quantityScale: terms.quantityDecimals,
  };
}

/** `[price, quantity]` texts of ticks and lots by turns. */
export function levelTexts(market: OptionMarket, levels: Levels): (readonly [string, string])[] {
  const texts: (readonly [string, string])[] = [];
  for (let at = 0; at < levels.length; at += 2) texts.push([priceText(market, levels[at]!), quantityText(market, levels[at + 1]!)]);
  return texts;
}

export function depthView(market: OptionMarket, limit: number, nowMs: number): View {
  const { lastUpdateId, bids, asks } = market.depth.snapshot(limit);
  return { bids: levelTexts(market, bids), asks: levelTexts(market, asks), T: nowMs, lastUpdateId, u: lastUpdateId };
}

export function markView(venue: OptionsVenue, market: OptionMarket): View {
  const { greeks, volatility } = market;
  const quoted = market.quotedVolatilities(venue.index(market.contract.base));
  return {
    symbol: market.symbol, markPrice: fine(market.mark), bidIV: fine(quoted.bid), askIV: fine(quoted.ask), markIV: fine(volatility), delta: fine(greeks.delta), theta: fine(greeks.theta),
    gamma: fine(greeks.gamma), vega: fine(greeks.vega), highPriceLimit: priceText(market, market.highestTicks), lowPriceLimit: priceText(market, market.lowestTicks), riskFreeInterest: '0',
  };
}

/** One symbol of the `<underlying>@optionMarkPrice` stream. */
export function markEvent(venue: OptionsVenue, market: OptionMarket, nowMs: number): View {
  const { book, greeks } = market;
  const index = venue.index(market.contract.base);
  const quoted = market.quotedVolatilities(index);
  return {
    s: market.symbol, mp: fine(market.mark), E: nowMs, e: 'markPrice', i: fine(index), P: '0.000', bo: priceText(market, book.bestBid), ao: priceText(market, book.bestAsk),
    bq: quantityText(market, book.lotsAt(book.bestBid)), aq: quantityText(market, book.lotsAt(book.bestAsk)), b: fine(quoted.bid), a: fine(quoted.ask), hl: priceText(market, market.highestTicks),
    ll: priceText(market, market.lowestTicks), vo: fine(market.volatility), rf: '0.0', d: fine(greeks.delta), t: fine(greeks.theta), g: fine(greeks.gamma), v: fine(greeks.vega),
  };
}

interface DayStats {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly last: number;
  readonly volume: number;
  readonly cost: number;
  readonly count: number;
}

function dayOf(market: OptionMarket, nowMs: number): DayStats {
  const bar = market.bars.since(nowMs - DAY_MS);
  return bar === undefined ? { open: 0, high: 0, low: 0, last: 0, volume: 0, cost: 0, count: 0 } : { open: bar.open, high: bar.high, low: bar.low, last: bar.close, volume: bar.volume, cost: bar.cost, count: bar.trades };
}

export function tickerView(venue: OptionsVenue, market: OptionMarket, nowMs: number): View {
  const { book, terms, contract } = market;
  const day = dayOf(market, nowMs);
  const price = (value: number): string => value.toFixed(terms.priceDecimals);
  return {
    symbol: market.symbol, priceChange: price(day.last - day.open), priceChangePercent: (day.open === 0 ? 0 : day.last / day.open - 1).toFixed(4), lastPrice: price(day.last),
    lastQty: quantityText(market, market.trades.at(-1)?.lots ?? 0), open: price(day.open), high: price(day.high), low: price(day.low), volume: day.volume.toFixed(terms.quantityDecimals),
    amount: day.cost.toFixed(4), bidPrice: priceText(market, book.bestBid), askPrice: priceText(market, book.bestAsk), openTime: nowMs - DAY_MS, closeTime: nowMs,
    firstTradeId: market.trades[0]?.tradeId ?? 0, tradeCount: day.count, strikePrice: String(contract.strike), exercisePrice: fine(venue.index(contract.base)),
  };
}

/** `24hrTicker` of the option ticker streams. */
export function tickerEvent(market: OptionMarket, nowMs: number): View {
  const { terms, trades } = market;
  const day = dayOf(market, nowMs);
  const price = (value: number): string => value.toFixed(terms.priceDecimals);
  return {
    e: '24hrTicker', E: nowMs, s: market.symbol, p: price(day.last - day.open), P: (day.open === 0 ? 0 : (day.last / day.open - 1) * 100).toFixed(2), w: price(day.volume === 0 ? 0 : day.cost / day.volume),
    c: price(day.last), Q: quantityText(market, trades.at(-1)?.lots ?? 0), o: price(day.open), h: price(day.high), l: price(day.low), v: day.volume.toFixed(terms.quantityDecimals), q: day.cost.toFixed(4),
    O: nowMs - DAY_MS, C: nowMs, F: trades[0]?.tradeId ?? 0, L: trades.at(-1)?.tradeId ?? 0, n: day.count,
    b: priceText(market, market.book.bestBid), B: quantityText(market, market.book.lotsAt(market.book.bestBid)), a: priceText(market, market.book.bestAsk), A: quantityText(market, market.book.lotsAt(market.book.bestAsk)),
  };
}

export function bookTickerEvent(market: OptionMarket, nowMs: number): View {
  const { book } = market;
  return {
    e: 'bookTicker', u: book.updateId, s: market.symbol, b: priceText(market, book.bestBid), B: quantityText(market, book.lotsAt(book.bestBid)), a: priceText(market, book.bestAsk),
    A: quantityText(market, book.lotsAt(book.bestAsk)), T: nowMs, E: nowMs,
  };
}

export function tradeView(market: OptionMarket, trade: OptionTrade): View {
  const { ticks, lots, tradeId } = trade;
  return {
    id: tradeId, tradeId, symbol: market.symbol, price: priceText(market, ticks), qty: quantityText(market, lots), quoteQty: plain(market.premium(ticks, lots)), side: trade.side, time: trade.atMs,
  };
}

export function tradeEvent(market: OptionMarket, trade: OptionTrade): View {
  return {
    e: 'trade', E: trade.atMs, T: trade.atMs, s: market.symbol, t: trade.tradeId, p: priceText(market, trade.ticks), q: quantityText(market, trade.lots), X: 'MARKET',
    S: trade.side === 1 ? 'BUY' : 'SELL', m: trade.side === -1,
  };
}

export function klineView(market: OptionMarket, bar: Bar, widthMs: number): readonly unknown[] {
  const { priceDecimals, quantityDecimals } = market.terms;
  const price = (value: number): string => value.toFixed(priceDecimals);
  return [
    bar.startMs, price(bar.open), price(bar.high), price(bar.low), price(bar.close), bar.volume.toFixed(quantityDecimals), bar.startMs + widthMs - 1, bar.cost.toFixed(4), bar.trades,
    bar.takerVolume.toFixed(quantityDecimals), bar.takerCost.toFixed(4), '0',
  ];
}

export function openInterestView(venue: OptionsVenue, market: OptionMarket, nowMs: number): View {
  const quantity = market.openInterestLots * market.lotSize;
  return { symbol: market.symbol, sumOpenInterest: quantityText(market, market.openInterestLots), sumOpenInterestUsd: (quantity * venue.index(market.contract.base)).toFixed(8), timestamp: String(nowMs) };
}

export function exerciseView(exercise: Exercise): View {
  return {
    symbol: exercise.symbol, strikePrice: String(exercise.strike), realStrikePrice: fine(exercise.settlement), expiryDate: exercise.expiryMs,
    strikeResult: exercise.exercised ? 'REALISTIC_VALUE_STRICKEN' : 'EXTRINSIC_VALUE_EXPIRED',
  };
}

export function orderView(order: OptionOrder): View {
  const { market } = order.terms;
  const { priceDecimals, quantityDecimals } = market.terms;
  return {
    orderId: order.orderId, symbol: market.symbol, price: priceText(market, order.ticks), quantity: quantityText(market, order.lots), executedQty: quantityText(market, order.filledLots),
    fee: plain(order.fee), side: order.side === BID ? 'BUY' : 'SELL', type: 'LIMIT', timeInForce: order.timeInForce, reduceOnly: order.terms.reduceOnly, postOnly: order.terms.postOnly,
    createTime: order.terms.createdMs, updateTime: order.updatedMs, status: statusOf(order), avgPrice: averageText(order), source: 'API', clientOrderId: order.terms.clientId,
    priceScale: priceDecimals, quantityScale: quantityDecimals, optionSide: optionSide(market), quoteAsset: QUOTE, mmp: order.terms.mmp, selfTradePreventionMode: order.terms.selfTradePrevention,
  };
}

const averageText = (order: OptionOrder): string =>
  order.filledLots === 0 ? '0' : ((order.filledTickLots / order.filledLots) * order.terms.market.tickSize).toFixed(order.terms.market.terms.priceDecimals + 2);

export function fillView(fill: OptionFill): View {
  const { market } = fill;
  return {
    id: fill.id, tradeId: fill.tradeId, orderId: fill.order.orderId, symbol: market.symbol, price: priceText(market, fill.ticks), quantity: `${fill.buys ? '' : '-'}${quantityText(market, fill.lots)}`,
    fee: plain((0n - fill.fee) as Amount), realizedProfit: formatAmount(fill.realised), side: fill.buys ? 'BUY' : 'SELL', type: 'LIMIT', volatility: fine(fill.volatility),
    liquidity: fill.maker ? 'MAKER' : 'TAKER', time: fill.atMs, priceScale: market.terms.priceDecimals, quantityScale: market.terms.quantityDecimals, optionSide: optionSide(market), quoteAsset: QUOTE,
  };
}

export function positionView(position: OptionPosition, account: OptionsAccount, nowMs: number): View {
  const { market, lots } = position;
  let bids = 0;
  let asks = 0;
  for (const order of account.open.values()) {
    if (order.terms.market !== market) continue;
    if (order.side === BID) bids += order.leavesLots;
    else if (order.side === ASK) asks += order.leavesLots;
  }
  return {
    entryPrice: fine(position.entryPrice), symbol: market.symbol, side: lots < 0 ? 'SHORT' : 'LONG', quantity: quantityText(market, lots), reducibleQty: quantityText(market, Math.abs(lots)),
    markValue: plain(position.markValue), ror: position.cost === 0n ? '0' : (Number(position.unrealised) / Math.abs(Number(position.cost))).toFixed(4), unrealizedPNL: plain(position.unrealised),
    markPrice: fine(market.mark), strikePrice: market.contract.strike.toFixed(8), positionCost: plain(position.cost), expiryDate: market.contract.expiryMs, priceScale: market.terms.priceDecimals,
    quantityScale: market.terms.quantityDecimals, optionSide: optionSide(market), quoteAsset: QUOTE, time: nowMs, bidQuantity: quantityText(market, bids), askQuantity: quantityText(market, asks),
  };
}

/** Sensitivities of all positions on one underlying. */
export function greeksOf(account: OptionsAccount, underlying: Underlying): { readonly delta: number; readonly gamma: number; readonly theta: number; readonly vega: number } {
  const sum = { delta: 0, gamma: 0, theta: 0, vega: 0 };
  for (const { market, lots } of account.positions.values()) {
    if (market.contract.base !== underlying.terms.base) continue;
    const quantity = lots * market.lotSize;
    sum.delta += quantity * market.greeks.delta;
    sum.gamma += quantity * market.greeks.gamma;
    sum.theta += quantity * market.greeks.theta;
    sum.vega += quantity * market.greeks.vega;
  }
  return sum;
}

export function marginAccountView(venue: OptionsVenue, account: OptionsAccount): View {
  const state = venue.margins.state(account);
  return {
    asset: [{
      asset: QUOTE, marginBalance: plain(state.balance), equity: plain(state.equity), available: plain(state.available < 0n ? (0n as Amount) : state.available),
      initialMargin: plain((state.initial + state.held) as Amount), maintMargin: plain(state.maintenance), unrealizedPNL: plain(state.unrealised), lpProfit: '0', adjustedEquity: plain(state.equity),
      locked: plain(state.held),
    }],
    greek: [...venue.underlyings.values()].map((underlying) => {
      const { delta, gamma, theta, vega } = greeksOf(account, underlying);
      return { underlying: underlying.terms.underlying, delta: fine(delta), gamma: fine(gamma), theta: fine(theta), vega: fine(vega) };
    }),
    time: venue.nowMs, canTrade: true, canDeposit: true, canWithdraw: true, reduceOnly: false, tradeGroupId: -1, riskLevel: 'NORMAL',
  };
}

export const billView = ({ id, amount, type, atMs }: Bill): View => ({ id, asset: QUOTE, amount: formatAmount(amount), type, createDate: atMs });

export function exerciseRecordView(record: ExerciseRecord): View {
  return {
    id: String(record.id), currency: QUOTE, symbol: record.symbol, exercisePrice: record.strike.toFixed(8), markPrice: fine(record.settlement), quantity: record.quantity.toFixed(8), amount: formatAmount(record.amount),
    fee: formatAmount(record.fee), createDate: record.atMs, priceScale: record.priceDecimals, quantityScale: record.quantityDecimals, optionSide: record.kind === 'call' ? 'CALL' : 'PUT',
    positionSide: record.long ? 'LONG' : 'SHORT', quoteAsset: QUOTE,
  };
}

export function mmpView(underlying: string, id: number, { config, triggeredMs }: MmpState): View {
  return {
    underlyingId: id, underlying, windowTimeInMilliseconds: config.windowMs, frozenTimeInMilliseconds: config.frozenMs, qtyLimit: String(config.qtyLimit), deltaLimit: String(config.deltaLimit), lastTriggerTime: triggeredMs,
  };
}
