/**
 * Orders, algo orders and fills as REST and the websocket API write them. Texts are made by hand, for this is the way of every order:
 * nothing in them needs escaping, since client ids are of letters that JSON leaves alone. A text is made inside the engine's turn.
 */
import { type AlgoOrder, AlgoOrder as Algo, type Fill, type FuturesOrder, type OrderStatus, sideName } from '../../../actors/exchange/futures/usdm/index.js';
import { formatAmount, ZERO } from '../../../actors/exchange/ledger/index.js';
import { BID } from '../../../actors/exchange/book/index.js';

export const ms = (us: number): number => Math.floor(us / 1000);

const trimZeros = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);
export const quantityText = (order: FuturesOrder | AlgoOrder, lots: number): string => order.symbol.formatLots(lots);

export function statusOf(order: FuturesOrder | AlgoOrder): OrderStatus {
  if (!(order instanceof Algo)) return order.status;
  return order.algoStatus === 'NEW' || order.algoStatus === 'TRIGGERING' ? 'NEW' : order.algoStatus === 'CANCELED' ? 'CANCELED' : 'EXPIRED';
}

/** Limit price as the venue shows it: that of a market order is 0. */
export function priceText(order: FuturesOrder | AlgoOrder): string {
  const ticks = order instanceof Algo ? order.limitTicks : order.terms.shownType === 'MARKET' ? 0 : order.ticks;
  return order.symbol.formatTicks(ticks);
}

function stopText(order: FuturesOrder | AlgoOrder): string {
  const ticks = order instanceof Algo ? order.stopTicks : order.triggerTicks;
  return ticks === 0 ? '0' : order.symbol.formatTicks(ticks);
}

export const averageText = (order: FuturesOrder | AlgoOrder): string => (order instanceof Algo ? '0.00' : order.symbol.formatAverage(order.filledQuote, order.filledLots));
const quoteText = (order: FuturesOrder | AlgoOrder): string => (order instanceof Algo ? '0' : order.filledQuote === 0n ? '0' : trimZeros(formatAmount(order.filledQuote)));

/** The members that every form of an order ends with. */
function tail(order: FuturesOrder | AlgoOrder): string {
  const { terms } = order;
  const forced = terms.shownType === 'LIQUIDATION';
  return `"timeInForce":"${terms.shownTimeInForce}","type":"${forced ? 'LIMIT' : terms.shownType}","reduceOnly":${terms.reduceOnly},"closePosition":${terms.closePosition},`
    + `"side":"${sideName(order.side)}","positionSide":"${terms.positionSide}","stopPrice":"${stopText(order)}","workingType":"${terms.workingType}",`
    + `"priceProtect":${terms.priceProtect},"origType":"${forced ? 'LIMIT' : terms.origType}","priceMatch":"${terms.priceMatch}",`
    + `"selfTradePreventionMode":"${terms.stpName}","goodTillDate":${terms.goodTillMs}`;
}

function head(order: FuturesOrder | AlgoOrder, status: OrderStatus): string {
  return `"orderId":${order.orderId},"symbol":"${order.symbol.name}","status":"${status}","clientOrderId":"${order.terms.clientOrderId}","price":"${priceText(order)}",`;
}

/**
 * The answer to placing, changing and canceling. `acknowledged`: as it was when it was taken in, before anything was filled. `averages`: before
 * July 2026 it had avgPrice and cumQuote.
 */
export function answerText(order: FuturesOrder | AlgoOrder, options: { readonly acknowledged: boolean; readonly averages: boolean }): string {
  const { acknowledged, averages } = options;
  const filled = quantityText(order, acknowledged ? 0 : order.filledLots);
  const average = averages ? `"avgPrice":"${acknowledged ? order.symbol.formatAverage(ZERO, 0) : averageText(order)}",` : '';
  const quote = averages ? `"cumQuote":"${acknowledged ? '0' : quoteText(order)}",` : '';
  const updatedUs = acknowledged ? order.createdUs : order.updatedUs;
  return `{${head(order, acknowledged ? 'NEW' : statusOf(order))}${average}"origQty":"${quantityText(order, order.lots)}","executedQty":"${filled}",`
    + `"cumQty":"${filled}",${quote}${tail(order)},"updateTime":${ms(updatedUs)}}`;
}

/** An order as it is asked for later. */
export function orderText(order: FuturesOrder | AlgoOrder): string {
  return `{${head(order, statusOf(order))}"avgPrice":"${averageText(order)}","origQty":"${quantityText(order, order.lots)}","executedQty":"${quantityText(order, order.filledLots)}",`
    + `"cumQuote":"${quoteText(order)}",${tail(order)},"time":${ms(order.createdUs)},"updateTime":${ms(order.updatedUs)}}`;
}

function algoHead(algo: AlgoOrder): string {
  const { terms } = algo;
  return `"algoId":${algo.orderId},"clientAlgoId":"${terms.clientOrderId}","algoType":"CONDITIONAL","orderType":"${terms.shownType}","symbol":"${algo.symbol.name}",`
    + `"side":"${sideName(algo.side)}","positionSide":"${terms.positionSide}","timeInForce":"${terms.shownTimeInForce}","quantity":"${quantityText(algo, algo.lots)}","algoStatus":"${algo.algoStatus}",`;
}

function algoTail(algo: AlgoOrder): string {
  const { terms } = algo;
  const activate = algo.activateTicks === 0 || !algo.trailing ? '' : algo.symbol.formatTicks(algo.activateTicks);
  return `"selfTradePreventionMode":"${terms.stpName}","workingType":"${terms.workingType}","priceMatch":"${terms.priceMatch}","closePosition":${terms.closePosition},`
    + `"priceProtect":${terms.priceProtect},"reduceOnly":${terms.reduceOnly},"activatePrice":"${activate}","callbackRate":"${algo.callbackRate}",`
    + `"createTime":${ms(algo.createdUs)},"updateTime":${ms(algo.updatedUs)},"triggerTime":${ms(algo.triggeredUs)},"goodTillDate":${terms.goodTillMs}`;
}

export const triggerText = (algo: AlgoOrder): string => algo.symbol.formatTicks(algo.stopTicks);

/** The answer to a new algo order. */
export function algoAnswerText(algo: AlgoOrder): string {
  return `{${algoHead(algo)}"triggerPrice":"${triggerText(algo)}","price":"${priceText(algo)}","icebergQuantity":null,${algoTail(algo)}}`;
}

/** An algo order as it is asked for later. */
export function algoText(algo: AlgoOrder): string {
  const { actual, symbol } = algo;
  const zero = symbol.formatTicks(0);
  return `{${algoHead(algo)}"actualOrderId":"${actual === undefined ? '' : actual.orderId}","actualPrice":"${actual === undefined ? zero : averageText(actual)}",`
    + `"triggerPrice":"${triggerText(algo)}","price":"${priceText(algo)}","icebergQuantity":null,"tpTriggerPrice":"${zero}","tpPrice":"${zero}","slTriggerPrice":"${zero}","slPrice":"${zero}",`
    + `"tpOrderType":"",${algoTail(algo)}}`;
}

export function fillText(fill: Fill, commissionAsset: string): string {
  const { order } = fill;
  const { symbol, terms } = order;
  return `{"symbol":"${symbol.name}","id":${fill.tradeId},"orderId":${order.orderId},"side":"${sideName(order.side)}","price":"${symbol.formatTicks(fill.ticks)}",`
    + `"qty":"${symbol.formatLots(fill.lots)}","realizedPnl":"${formatAmount(fill.realised)}","quoteQty":"${formatAmount(fill.quote)}","commission":"${formatAmount(fill.commission)}",`
    + `"commissionAsset":"${commissionAsset}","time":${ms(fill.atUs)},"positionSide":"${terms.positionSide}","buyer":${order.side === BID},"maker":${fill.maker}}`;
}

export const listText = (items: readonly string[]): string => `[${items.join(',')}]`;
