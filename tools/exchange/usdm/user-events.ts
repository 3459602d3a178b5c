/** What accounts are told, as the futures user stream writes it. Nothing is written for an account that nobody listens for. */
import type { EndReason } from '../../../actors/exchange/matching/index.js';
import {
  type AccountChange, type AlgoOrder, type Execution, type Fill, formatShort, type FuturesOrder, type Holding, sideName, type UserSink,
} from '../../../actors/exchange/futures/usdm/index.js';
import { BID } from '../../../actors/exchange/book/index.js';
import type { AccountId } from '../../../actors/exchange/ids.js';
import { type Amount, type Asset, formatAmount } from '../../../actors/exchange/ledger/index.js';
import type { StreamHub } from '../web/index.js';
import { averageText, ms, priceText, quantityText, statusOf, triggerText } from './order-views.js';

/** `er`: why an order expired. Source: developers.binance.com, "Event: Order Update". */
const EXPIRY_REASONS: Partial<Readonly<Record<EndReason, number>>> = {
  stp: 1, ioc: 2, fok: 2, 'reduce-only': 4, liquidation: 5, 'no-liquidity': 9, 'price-limit': 9,
};

export function userEvents(hub: StreamHub): UserSink {
  const send = (account: AccountId, type: string, text: () => string): void => hub.user(String(account), type, text);
  const wanted = (account: AccountId): boolean => hub.hasUser(String(account));
  return {
    tradeLite(fill) {
      if (wanted(fill.order.owner)) send(fill.order.owner, 'TRADE_LITE', () => tradeLiteText(fill));
    },
    accountChanged(change) {
      if (wanted(change.account.id)) send(change.account.id, 'ACCOUNT_UPDATE', () => accountText(change));
    },
    orderUpdate(order, execution, fill, atUs) {
      if (wanted(order.owner)) send(order.owner, 'ORDER_TRADE_UPDATE', () => orderText(order, execution, fill, atUs));
    },
    algoUpdate(algo, atUs) {
      if (!wanted(algo.owner)) return;
      if (!algo.legacy) send(algo.owner, 'ALGO_UPDATE', () => algoText(algo, atUs));
      // Before the algo service a waiting order is told as an order; what it became tells the rest by itself.
      else if (algo.algoStatus === 'NEW' || algo.algoStatus === 'CANCELED' || algo.algoStatus === 'EXPIRED') send(algo.owner, 'ORDER_TRADE_UPDATE', () => waitingText(algo, atUs));
    },
    leverageChanged(account, symbol, leverage, atUs) {
      send(account, 'ACCOUNT_CONFIG_UPDATE', () => `{"e":"ACCOUNT_CONFIG_UPDATE","E":${ms(atUs)},"T":${ms(atUs)},"ac":{"s":"${symbol}","l":${leverage}}}`);
    },
    marginCall(account, _asset, crossWallet, holdings, atUs) {
      if (wanted(account.id)) send(account.id, 'MARGIN_CALL', () => marginCallText(crossWallet, holdings, atUs));
    },
  };
}

function tradeLiteText({ order, lots, ticks, maker, tradeId, atUs }: Fill): string {
  const { symbol, terms } = order;
  return `{"e":"TRADE_LITE","E":${ms(atUs)},"T":${ms(atUs)},"s":"${symbol.name}","q":"${quantityText(order, order.lots)}","p":"${priceText(order)}","m":${maker},`
    + `"c":"${terms.clientOrderId}","S":"${sideName(order.side)}","L":"${symbol.formatTicks(ticks)}","l":"${symbol.formatLots(lots)}","t":${tradeId},"i":${order.orderId}}`;
}

function accountText({ account, reason, asset, balanceChange, holdings, atUs }: AccountChange): string {
  const balance = `{"a":"${asset}","wb":"${formatAmount(account.wallet(asset))}","cw":"${formatAmount(account.crossWallet(asset))}","bc":"${formatShort(balanceChange)}"}`;
  const positions = holdings.map((holding) => positionText(holding, asset)).join(',');
  return `{"e":"ACCOUNT_UPDATE","T":${ms(atUs)},"E":${ms(atUs)},"a":{"B":[${reason === 'MARGIN_TYPE_CHANGE' ? '' : balance}],"P":[${positions}],"m":"${reason}"}}`;
}

function positionText(holding: Holding, asset: Asset): string {
  const { owner } = holding;
  const { symbol } = owner.market;
  return `{"s":"${symbol.name}","pa":"${symbol.formatLots(holding.lots)}","ep":"${formatShort(holding.entryPrice())}","cr":"${formatShort(holding.accumulated)}",`
    + `"up":"${formatAmount(holding.profit())}","mt":"${owner.isolated ? 'isolated' : 'cross'}","iw":"${formatShort(holding.isolatedWallet)}","ps":"${holding.side}",`
    + `"ma":"${asset}","bep":"${formatShort(holding.breakEvenPrice())}"}`;
}

function orderText(order: FuturesOrder, execution: Execution, fill: Fill | undefined, atUs: number): string {
  const { symbol, terms } = order;
  const status = execution === 'NEW' ? 'NEW' : order.status;
  const stop = order.triggerTicks === 0 ? '0' : symbol.formatTicks(order.triggerTicks);
  const commission = fill === undefined ? '' : `"n":"${formatAmount(fill.commission)}","N":"${symbol.marginAsset}",`;
  const expiry = execution === 'EXPIRED' && order.endReason !== undefined ? (EXPIRY_REASONS[order.endReason] ?? 0) : 0;
  const bids = order.terms.holder.bidNotional;
  const asks = order.terms.holder.askNotional;
  return `{"e":"ORDER_TRADE_UPDATE","T":${ms(atUs)},"E":${ms(atUs)},"o":{"s":"${symbol.name}","c":"${terms.clientOrderId}","S":"${sideName(order.side)}","o":"${terms.shownType}",`
    + `"f":"${terms.shownTimeInForce}","q":"${quantityText(order, order.lots)}","p":"${priceText(order)}","ap":"${execution === 'NEW' ? '0' : averageText(order)}","sp":"${stop}",`
    + `"x":"${execution}","X":"${status}","i":${order.orderId},"l":"${fill === undefined ? '0' : symbol.formatLots(fill.lots)}","z":"${execution === 'NEW' ? '0' : quantityText(order, order.filledLots)}",`
    + `"L":"${fill === undefined ? '0' : symbol.formatTicks(fill.ticks)}",${commission}"T":${ms(atUs)},"t":${fill?.tradeId ?? 0},"b":"${formatShort(bids)}","a":"${formatShort(asks)}",`
    + `"m":${fill?.maker ?? false},"R":${terms.reduceOnly},"wt":"${terms.workingType}","ot":"${terms.origType}","ps":"${terms.positionSide}","cp":${terms.closePosition},`
    + `"rp":"${fill === undefined ? '0' : formatShort(fill.realised)}","pP":${terms.priceProtect},"si":0,"ss":0,"V":"${terms.stpName}","pm":"${terms.priceMatch}","gtd":${terms.goodTillMs},"er":"${expiry}"}}`;
}

/** A conditional order that waits, told as the order it was before the algo service. */
function waitingText(algo: AlgoOrder, atUs: number): string {
  const { symbol, terms } = algo;
  const status = statusOf(algo);
  const trailing = algo.trailing ? `"AP":"${symbol.formatTicks(algo.activateTicks)}","cr":"${algo.callbackRate}",` : '';
  return `{"e":"ORDER_TRADE_UPDATE","T":${ms(atUs)},"E":${ms(atUs)},"o":{"s":"${symbol.name}","c":"${terms.clientOrderId}","S":"${sideName(algo.side)}","o":"${terms.shownType}",`
    + `"f":"${terms.shownTimeInForce}","q":"${quantityText(algo, algo.lots)}","p":"${priceText(algo)}","ap":"0","sp":"${triggerText(algo)}","x":"${status}","X":"${status}","i":${algo.orderId},`
    + `"l":"0","z":"0","L":"0","T":${ms(atUs)},"t":0,"b":"0","a":"0","m":false,"R":${terms.reduceOnly},"wt":"${terms.workingType}","ot":"${terms.origType}","ps":"${terms.positionSide}",`
    + `"cp":${terms.closePosition},${trailing}"rp":"0","pP":${terms.priceProtect},"si":0,"ss":0,"V":"${terms.stpName}","pm":"${terms.priceMatch}","gtd":${terms.goodTillMs},"er":"0"}}`;
}

function algoText(algo: AlgoOrder, atUs: number): string {
  const { symbol, terms, actual } = algo;
  // Only of an order that is in the matching engine.
  const engine = actual === undefined || algo.algoStatus === 'TRIGGERING' || algo.algoStatus === 'REJECTED' ? ''
    : `"ap":"${averageText(actual)}","aq":"${quantityText(actual, actual.filledLots)}","act":"${actual.terms.shownType}",`;
  const orderId = engine === '' ? '' : String(actual!.orderId);
  const trailing = algo.trailing ? `"AP":"${symbol.formatTicks(algo.activateTicks)}","cr":"${algo.callbackRate}",` : '';
  const reason = algo.rejectReason === '' ? '' : `,"rm":${JSON.stringify(algo.rejectReason)}`;
  return `{"e":"ALGO_UPDATE","T":${ms(atUs)},"E":${ms(atUs)},"o":{"caid":"${terms.clientOrderId}","aid":${algo.orderId},"at":"CONDITIONAL","o":"${terms.shownType}","s":"${symbol.name}",`
    + `"S":"${algo.side === BID ? 'BUY' : 'SELL'}","ps":"${terms.positionSide}","f":"${terms.shownTimeInForce}","q":"${quantityText(algo, algo.lots)}","X":"${algo.algoStatus}","ai":"${orderId}",${engine}`
    + `"tp":"${triggerText(algo)}","p":"${priceText(algo)}","V":"${terms.stpName}","wt":"${terms.workingType}","pm":"${terms.priceMatch}","cp":${terms.closePosition},"pP":${terms.priceProtect},`
    + `"R":${terms.reduceOnly},${trailing}"tt":${ms(algo.triggeredUs)},"gtd":${terms.goodTillMs}${reason}}}`;
}

function marginCallText(crossWallet: Amount | undefined, holdings: readonly Holding[], atUs: number): string {
  const positions = holdings.map((holding) => {
    const { symbol, markPrice } = holding.owner.market;
    return `{"s":"${symbol.name}","ps":"${holding.side}","pa":"${symbol.formatLots(holding.lots)}","mt":"${holding.owner.isolated ? 'ISOLATED' : 'CROSSED'}","iw":"${formatShort(holding.isolatedWallet)}",`
      + `"mp":"${formatShort(markPrice)}","up":"${formatAmount(holding.profit())}","mm":"${formatAmount(holding.maintenance())}"}`;
  });
  return `{"e":"MARGIN_CALL","E":${ms(atUs)},${crossWallet === undefined ? '' : `"cw":"${formatAmount(crossWallet)}",`}"p":[${positions.join(',')}]}`;
}
