import type { ListedContract, Listing } from '../../../actors/exchange/listings.js';
import type { AggregateTrade, Kline, Levels, SymbolData } from '../../../actors/exchange/market-data/index.js';
import type { TimeUnit } from '../web/index.js';
import { Decimals, fixed, placesOf } from './decimals.js';

/** Spot writes every number with eight decimals, futures with as many as the tick or lot has. */
export type TextStyle = 'spot' | 'futures';

export const stamp = (us: number, unit: TimeUnit): number => (unit === 'us' ? Math.floor(us) : Math.floor(us / 1000));

/** How one symbol's numbers are written, and the parts of messages that are made of them. */
export class SymbolText {
  readonly symbol: string;
  /** As stream names have it. */
  readonly lower: string;
  /** Names of the streams that are published as things happen. */
  readonly streams: Readonly<Record<'trade' | 'aggTrade' | 'bookTicker' | 'everyDepth', string>>;
  readonly price: Decimals;
  readonly lots: Decimals;
  /** Of ticks × lots. */
  readonly value: Decimals;
  readonly style: TextStyle;

  constructor(listing: Listing, contract: ListedContract, style: TextStyle) {
    this.symbol = listing.symbol;
    this.lower = listing.symbol.toLowerCase();
    this.style = style;
    this.streams = { trade: `${this.lower}@trade`, aggTrade: `${this.lower}@aggTrade`, bookTicker: `${this.lower}@bookTicker`, everyDepth: `${this.lower}@depth@0ms` };
    const tickPlaces = placesOf(contract.tickSize);
    const lotPlaces = placesOf(contract.lotSize);
    const spot = style === 'spot';
    this.price = new Decimals(contract.tickSize, spot ? 8 : Math.max(2, tickPlaces));
    this.lots = new Decimals(contract.lotSize, spot ? 8 : lotPlaces);
    const product = (BigInt(contract.tickSize.replace('.', '')) * BigInt(contract.lotSize.replace('.', ''))).toString();
    const places = (contract.tickSize.split('.')[1]?.length ?? 0) + (contract.lotSize.split('.')[1]?.length ?? 0);
    const digits = product.padStart(places + 1, '0');
    this.value = new Decimals(places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`, spot ? 8 : Math.max(2, tickPlaces + lotPlaces));
  }

  /** `[["60235.1","0.5"],…]`. */
  levels(levels: Levels): string {
    const { price, lots } = this;
    let text = '[';
    for (let at = 0; at < levels.length; at += 2) text += `${at === 0 ? '' : ','}["${price.text(levels[at]!)}","${lots.text(levels[at + 1]!)}"]`;
    return `${text}]`;
  }

  /** A mean price of volume and value. */
  mean(kline: Readonly<Kline>): string {
    const ticks = kline.lots === 0 ? kline.close : kline.tickLots / kline.lots;
    return fixed(ticks * this.price.unit, this.price.decimals);
  }

  /** One row of /klines. */
  klineRow(kline: Readonly<Kline>, unit: TimeUnit = 'ms'): (string | number)[] {
    const { price, lots, value } = this;
    return [
      stamp(kline.openUs, unit), price.text(kline.open), price.text(kline.high), price.text(kline.low), price.text(kline.close), lots.text(kline.lots), stamp(kline.closeUs, unit),
      value.text(kline.tickLots), kline.trades, lots.text(kline.takerBuyLots), value.text(kline.takerBuyTickLots), '0',
    ];
  }

  /** The `k` of a kline event. */
  klineEvent(kline: Readonly<Kline>, interval: string, closed: boolean, unit: TimeUnit, name = `"s":"${this.symbol}",`): string {
    const { price, lots, value } = this;
    return `{"t":${stamp(kline.openUs, unit)},"T":${stamp(kline.closeUs, unit)},${name}"i":"${interval}","f":${kline.firstTradeId},"L":${kline.lastTradeId},"o":"${price.text(kline.open)}","c":"${price.text(kline.close)}","h":"${price.text(kline.high)}","l":"${price.text(kline.low)}","v":"${lots.text(kline.lots)}","n":${kline.trades},"x":${closed},"q":"${value.text(kline.tickLots)}","V":"${lots.text(kline.takerBuyLots)}","Q":"${value.text(kline.takerBuyTickLots)}","B":"0"}`;
  }

  /** 24hrMiniTicker of a rolling window. */
  miniTicker(kline: Readonly<Kline>, nowUs: number, unit: TimeUnit): string {
    const { price, lots, value } = this;
    return `{"e":"24hrMiniTicker","E":${stamp(nowUs, unit)},"s":"${this.symbol}","c":"${price.text(kline.close)}","o":"${price.text(kline.open)}","h":"${price.text(kline.high)}","l":"${price.text(kline.low)}","v":"${lots.text(kline.lots)}","q":"${value.text(kline.tickLots)}"}`;
  }

  /** 24hrTicker, or with `event` 1hTicker and its like, which have no best quotes. */
  ticker(data: SymbolData, kline: Readonly<Kline>, nowUs: number, unit: TimeUnit, event = '24hrTicker'): string {
    const { price, lots, value } = this;
    const change = kline.close - kline.open;
    const last = data.lastTrade;
    const { best } = data;
    let text = `{"e":"${event}","E":${stamp(nowUs, unit)},"s":"${this.symbol}","p":"${price.text(change)}","P":"${fixed((100 * change) / kline.open, this.style === 'spot' ? 3 : 2)}","w":"${this.mean(kline)}",`;
    if (event === '24hrTicker') {
      if (this.style === 'spot') text += `"x":"${price.text(kline.open)}",`;
      text += `"c":"${price.text(kline.close)}","Q":"${lots.text(last?.lots ?? 0)}",`;
      if (this.style === 'spot') text += `"b":"${price.text(best.bidTicks)}","B":"${lots.text(best.bidLots)}","a":"${price.text(best.askTicks)}","A":"${lots.text(best.askLots)}",`;
      text += `"o":"${price.text(kline.open)}","h":"${price.text(kline.high)}","l":"${price.text(kline.low)}",`;
    } else text += `"o":"${price.text(kline.open)}","h":"${price.text(kline.high)}","l":"${price.text(kline.low)}","c":"${price.text(kline.close)}",`;
    return `${text}"v":"${lots.text(kline.lots)}","q":"${value.text(kline.tickLots)}","O":${stamp(kline.openUs, unit)},"C":${stamp(nowUs, unit)},"F":${kline.firstTradeId},"L":${kline.lastTradeId},"n":${kline.trades}}`;
  }

  /** The trade of a trade or aggTrade event. */
  tradeEvent(event: 'trade' | 'aggTrade', trade: AggregateTrade, nowUs: number, unit: TimeUnit): string {
    const ids = event === 'trade' ? `"t":${trade.id},` : `"a":${trade.id},`;
    const span = event === 'trade' ? '' : `"f":${trade.firstId},"l":${trade.lastId},`;
    const kind = this.style === 'spot' ? ',"M":true' : event === 'trade' ? ',"X":"MARKET"' : '';
    return `{"e":"${event}","E":${stamp(nowUs, unit)},${this.futures}${ids}"s":"${this.symbol}","p":"${this.price.text(trade.ticks)}","q":"${this.lots.text(trade.lots)}",${span}"T":${stamp(trade.atUs, unit)},"m":${!trade.takerBuys}${kind}}`;
  }

  /** What futures events say of their symbol beside its name. */
  get futures(): string {
    return this.style === 'spot' ? '' : `"st":1,"ps":"${this.symbol}",`;
  }
}
