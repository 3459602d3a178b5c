import { Kind } from '../../records/index.js';
import { ExactNumber } from '../exact-number.js';
import { BadRow } from '../import-error.js';
import { isPartialDepth } from '../../decode/frame-parser.js';
import type { DecoderContext } from './format.js';
import { booleanField, decimalField, idField, isMessage, listField, serialised, stampField, textField, type Message } from './message.js';

export const EMPTY_TRADE = 'empty trade (an id without a trade)';
const SPOT_LIKE = ['binance-spot'];
const FUTURES_LIKE = ['binance-usdm', 'binance-coinm'];

/**
 * Binance stream messages and REST snapshots, spot and futures, as they arrived. Exchange stamps are the transaction
 * time T where the message has one, else the event time E.
 */
export class BinanceMessages {
  readonly #context: DecoderContext;
  readonly #a = new ExactNumber();
  readonly #b = new ExactNumber();
  readonly #c = new ExactNumber();
  readonly #d = new ExactNumber();
  readonly #e = new ExactNumber();

  constructor(context: DecoderContext) {
    this.#context = context;
  }

  /**
   * One message without its envelope. `stream` is the stream's name, "" when unknown; `symbol` the symbol of a REST
   * address, "" when unknown. @throws BadRow.
   */
  read(message: Message, receivedUs: number, stream: string, symbol: string): void {
    switch (message['e']) {
      case 'trade': return this.#trade(message, receivedUs);
      case 'aggTrade': return this.#aggTrade(message, receivedUs);
      case 'depthUpdate': return this.#depthUpdate(message, receivedUs, stream);
      case 'bookTicker': return this.#bookTicker(message, receivedUs);
      case 'forceOrder': return this.#forceOrder(message, receivedUs);
      case 'markPriceUpdate': return this.#markPrice(message, receivedUs);
      case 'kline': return this.#kline(message, receivedUs);
      case undefined: return this.#unnamed(message, receivedUs, stream, symbol);
      default: this.#context.ignore(typeof message['e'] === 'string' ? message['e'].slice(0, 40) : 'message without a type');
    }
  }

  #symbol(message: Message): number {
    return this.#context.sink.symbols.index(textField(message['s'], 'symbol'));
  }

  /** Messages that do not say what they are: spot bookTicker, whole books, REST replies. */
  #unnamed(message: Message, receivedUs: number, stream: string, address: string): void {
    if ('lastUpdateId' in message && ('bids' in message || 'asks' in message)) return this.#snapshot(message, receivedUs, stream, address);
    if ('u' in message && 'b' in message && 'B' in message && 's' in message) return this.#bookTicker(message, receivedUs);
    if ('bidPrice' in message && 'bidQty' in message && 'askPrice' in message && 'askQty' in message && !('openTime' in message)) return this.#restBookTicker(message, receivedUs);
    if ('markPrice' in message && 'nextFundingTime' in message) return this.#premiumIndex(message, receivedUs);
    if ('fundingRate' in message && 'fundingTime' in message && 'symbol' in message) return this.#funding(message);
    if ('a' in message && 'p' in message && 'f' in message && 'l' in message && 'm' in message && 'T' in message) return this.#aggTrade(message, receivedUs, address);
    if ('id' in message && 'price' in message && 'qty' in message && 'time' in message && 'isBuyerMaker' in message) return this.#restTrade(message, receivedUs, address);
    this.#context.ignore(stream === '' ? 'message of another kind' : stream.slice(stream.indexOf('@') + 1).slice(0, 40));
  }

  #trade(message: Message, receivedUs: number): void {
    const symbol = this.#symbol(message);
    if (symbol < 0) return;
    decimalField(message['p'], this.#a, 'price p');
    decimalField(message['q'], this.#b, 'quantity q');
    const id = idField(message['t'], 'trade id t');
    // USD-M sends an empty trade (X "NA", price 0) where an id was used up by no trade.
    if (message['X'] === 'NA' && this.#a.units === 0) {
      this.#context.sink.placeholder(Kind.TRADE, symbol, receivedUs, eventUs(message), id);
      this.#context.ignore(EMPTY_TRADE);
      return;
    }
    // European options before 2025 send the taker's side in S instead of m.
    const sell = 'm' in message ? booleanField(message['m'], 'm') : sideSold(message['S']);
    this.#context.sink.trade(symbol, receivedUs, eventUs(message), id, this.#a, this.#b, sell);
  }

  #aggTrade(message: Message, receivedUs: number, address = ''): void {
    const symbol = 's' in message ? this.#symbol(message) : this.#addressed(address);
    if (symbol === -1) return;
    decimalField(message['p'], this.#a, 'price p');
    decimalField(message['q'], this.#b, 'quantity q');
    const first = idField(message['f'], 'first trade id f');
    const last = idField(message['l'], 'last trade id l');
    if (last < first) throw new BadRow(`last trade id ${last} lies before the first, ${first}`, 'range');
    // USD-M sent no aggregate id in 2019.
    const id = 'a' in message ? idField(message['a'], 'aggregate id a') : 0;
    this.#context.sink.aggTrade(symbol, receivedUs, eventUs(message), id, first, last - first + 1, this.#a, this.#b, booleanField(message['m'], 'm'));
  }

  #restTrade(message: Message, receivedUs: number, address: string): void {
    const symbol = this.#addressed(address);
    if (symbol === -1) return;
    decimalField(message['price'], this.#a, 'price');
    decimalField(message['qty'], this.#b, 'qty');
    this.#context.sink.trade(symbol, receivedUs, stampField(message['time'], 'time'), idField(message['id'], 'id'), this.#a, this.#b, booleanField(message['isBuyerMaker'], 'isBuyerMaker'));
  }

  #depthUpdate(message: Message, receivedUs: number, stream: string): void {
    const symbol = this.#symbol(message);
    if (symbol < 0) return;
    const linked = 'pu' in message;
    this.#context.venueShown(linked ? FUTURES_LIKE : SPOT_LIKE, linked ? 'a depthUpdate with pu is of Binance futures' : 'a depthUpdate without pu is of Binance spot');
    const first = idField(message['U'], 'first update id U');
    const last = idField(message['u'], 'last update id u');
    if (last < first) throw new BadRow(`last update id ${last} lies before the first, ${first}`, 'range');
    const previous = linked ? idField(message['pu'], 'previous update id pu') : Math.max(0, first - 1);
    const { sink } = this.#context;
    // Futures dress the top of the book as a diff; only the stream's name tells.
    if (isPartialDepth(stream)) sink.openBook(Kind.SNAPSHOT, symbol, receivedUs, eventUs(message), last, 0, 0);
    else sink.openBook(Kind.DEPTH, symbol, receivedUs, eventUs(message), last, previous, last - first);
    this.#levels(message['b'], message['a']);
  }

  #snapshot(message: Message, receivedUs: number, stream: string, address: string): void {
    const symbol = this.#snapshotSymbol(message, stream, address);
    if (symbol === -1) return;
    const id = idField(message['lastUpdateId'], 'lastUpdateId');
    const exchangeUs = 'E' in message || 'T' in message ? eventUs(message) : 0;
    this.#context.sink.openBook(Kind.SNAPSHOT, symbol, receivedUs, exchangeUs, id, 0, 0);
    this.#levels(message['bids'], message['asks']);
  }

  #snapshotSymbol(message: Message, stream: string, address: string): number {
    if (typeof message['symbol'] === 'string') return this.#context.sink.symbols.index(message['symbol']);
    if (stream.includes('@')) return this.#context.sink.symbols.index(stream.slice(0, stream.indexOf('@')).toUpperCase());
    return this.#addressed(address);
  }

  #addressed(address: string): number {
    return address === '' ? this.#context.sink.unnamedSymbol() : this.#context.sink.symbols.index(address);
  }

  #levels(bids: unknown, asks: unknown): void {
    const { sink } = this.#context;
    try {
      this.#side(bids, 'bids', false);
      this.#side(asks, 'asks', true);
    } catch (error) {
      sink.dropBook();
      throw error;
    }
    sink.closeBook();
  }

  #side(levels: unknown, what: string, ask: boolean): void {
    for (const level of listField(levels, what)) {
      if (!Array.isArray(level) || level.length < 2) throw new BadRow(`a level of the ${what} is not [price, quantity]`);
      decimalField(level[0], this.#a, 'price');
      decimalField(level[1], this.#b, 'quantity');
      this.#context.sink.level(ask, this.#a, this.#b);
    }
  }

  #bookTicker(message: Message, receivedUs: number): void {
    const symbol = this.#symbol(message);
    if (symbol < 0) return;
    decimalField(message['b'], this.#a, 'bid price b');
    decimalField(message['B'], this.#b, 'bid quantity B');
    decimalField(message['a'], this.#c, 'ask price a');
    decimalField(message['A'], this.#d, 'ask quantity A');
    const exchangeUs = 'T' in message || 'E' in message ? eventUs(message) : 0;
    this.#context.sink.bookTicker(symbol, receivedUs, exchangeUs, idField(message['u'], 'update id u'), this.#a, this.#b, this.#c, this.#d);
  }

  #forceOrder(message: Message, receivedUs: number): void {
    const order = message['o'];
    if (!isMessage(order)) throw new BadRow('a forceOrder without its order o');
    const symbol = this.#symbol(order);
    if (symbol < 0) return;
    decimalField(order['p'], this.#a, 'price p');
    const average = 'ap' in order ? decimalField(order['ap'], this.#b, 'average price ap') : this.#a;
    decimalField('z' in order ? order['z'] : order['q'], this.#c, 'filled quantity z');
    // An order that was not filled at all has no average price and says nothing of the market yet.
    if (this.#c.units === 0) {
      this.#context.ignore('forceOrder without a fill');
      return;
    }
    const exchangeUs = stampField(order['T'] ?? message['E'], 'time T');
    this.#context.sink.liquidation(symbol, receivedUs, exchangeUs, this.#a, average.units > 0 ? average : this.#a, this.#c, sideSold(order['S']));
  }

  #markPrice(message: Message, receivedUs: number): void {
    const symbol = this.#symbol(message);
    if (symbol < 0) return;
    decimalField(message['p'], this.#a, 'mark price p');
    const index = optional(message['i'], this.#b, 'index price i');
    const rate = optional(message['r'], this.#c, 'funding rate r');
    // Delivery contracts send r "" and T 0.
    const next = typeof message['T'] === 'number' && message['T'] > 0 ? stampField(message['T'], 'next funding time T') : 0;
    this.#context.sink.mark(symbol, receivedUs, stampField(message['E'], 'event time E'), this.#a, index, rate, next);
  }

  #funding(message: Message): void {
    const symbol = this.#context.sink.symbols.index(textField(message['symbol'], 'symbol'));
    if (symbol < 0) return;
    this.#context.sink.funding(symbol, stampField(message['fundingTime'], 'fundingTime'), decimalField(message['fundingRate'], this.#a, 'fundingRate'));
  }

  #restBookTicker(message: Message, receivedUs: number): void {
    const symbol = this.#context.sink.symbols.index(textField(message['symbol'], 'symbol'));
    if (symbol < 0) return;
    decimalField(message['bidPrice'], this.#a, 'bidPrice');
    decimalField(message['bidQty'], this.#b, 'bidQty');
    decimalField(message['askPrice'], this.#c, 'askPrice');
    decimalField(message['askQty'], this.#d, 'askQty');
    this.#context.sink.bookTicker(symbol, receivedUs, 'time' in message ? stampField(message['time'], 'time') : 0, 0, this.#a, this.#b, this.#c, this.#d);
  }

  #premiumIndex(message: Message, receivedUs: number): void {
    const symbol = this.#context.sink.symbols.index(textField(message['symbol'], 'symbol'));
    if (symbol < 0) return;
    decimalField(message['markPrice'], this.#a, 'markPrice');
    const index = optional(message['indexPrice'], this.#b, 'indexPrice');
    const rate = optional(message['lastFundingRate'], this.#c, 'lastFundingRate');
    const next = message['nextFundingTime'] === 0 ? 0 : stampField(message['nextFundingTime'], 'nextFundingTime');
    this.#context.sink.mark(symbol, receivedUs, stampField(message['time'], 'time'), this.#a, index, rate, next);
  }

  #kline(message: Message, receivedUs: number): void {
    const bar = message['k'];
    if (!isMessage(bar)) throw new BadRow('a kline without its bar k');
    const symbol = this.#symbol(message);
    if (symbol < 0) return;
    if (!booleanField(bar['x'], 'x')) {
      this.#context.ignore('kline of an open bar');
      return;
    }
    this.#bar(symbol, receivedUs, bar['t'], bar['T'], bar['o'], bar['h'], bar['l'], bar['c'], bar['v'], bar['n']);
  }

  /** A bar of a REST klines reply: a list of 11 or 12. */
  readBar(bar: readonly unknown[], receivedUs: number, address: string): void {
    const symbol = this.#addressed(address);
    if (symbol === -1) return;
    this.#bar(symbol, receivedUs, bar[0], bar[6], bar[1], bar[2], bar[3], bar[4], bar[5], bar[8]);
  }

  #bar(symbol: number, receivedUs: number, start: unknown, close: unknown, o: unknown, h: unknown, l: unknown, c: unknown, v: unknown, n: unknown): void {
    const startUs = stampField(start, 'open time');
    const seconds = Math.round((stampField(close, 'close time') - startUs) / 1e6);
    decimalField(o, this.#a, 'open');
    decimalField(h, this.#b, 'high');
    decimalField(l, this.#c, 'low');
    decimalField(c, this.#d, 'close');
    decimalField(v, this.#e, 'volume');
    const trades = this.#e.units === 0 ? 0 : idField(n, 'trade count');
    this.#context.sink.candle(symbol, receivedUs, startUs + seconds * 1e6, seconds, trades, this.#a, this.#b, this.#c, this.#d, this.#e);
  }
}

function eventUs(message: Message): number {
  return 'T' in message ? stampField(message['T'], 'time T') : stampField(message['E'], 'event time E');
}

function optional(value: unknown, out: ExactNumber, what: string): ExactNumber | undefined {
  return value === undefined || value === '' ? undefined : decimalField(value, out, what);
}

function sideSold(side: unknown): boolean {
  if (side === 'SELL' || side === '-1') return true;
  if (side === 'BUY' || side === '1') return false;
  throw new BadRow(`side S ${serialised(side) || '(missing)'} is neither BUY nor SELL`);
}
