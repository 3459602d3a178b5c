import { Kind } from '../../records/index.js';
import { ExactNumber } from '../exact-number.js';
import { BadRow } from '../import-error.js';
import type { DecoderContext } from './format.js';
import { decimalField, idField, isMessage, listField, stampField, textField, type Message } from './message.js';

/** Combinations of options trade at any price; no record holds one below 0. */
const BELOW_ZERO = 'price of a combination below 0';

/**
 * Deribit JSON-RPC: notifications of trades, book, quote and ticker channels, and the replies with last trades and an
 * order book. Trade ids are `trade_seq`, which count 1, 2, 3 … per instrument.
 */
export class DeribitMessages {
  readonly #context: DecoderContext;
  readonly #a = new ExactNumber();
  readonly #b = new ExactNumber();
  readonly #c = new ExactNumber();
  readonly #d = new ExactNumber();
  readonly #e = new ExactNumber();

  constructor(context: DecoderContext) {
    this.#context = context;
  }

  /** One JSON-RPC message. @throws BadRow. */
  read(message: Message, receivedUs: number): void {
    this.#context.venueShown(['deribit'], 'a JSON-RPC message is of Deribit');
    const { params, result } = message;
    if (message['method'] === 'subscription' && isMessage(params)) {
      const channel = textField(params['channel'], 'channel');
      const [topic] = channel.split('.', 1);
      switch (topic) {
        case 'trades':
          for (const trade of listField(params['data'], 'data')) this.#trade(trade, receivedUs);
          return;
        case 'book': return this.#book(this.#data(params), receivedUs);
        case 'quote': return this.#quote(this.#data(params), receivedUs);
        case 'ticker': return this.#ticker(this.#data(params), receivedUs);
        default:
          this.#context.ignore(`channel ${(topic ?? '').slice(0, 40)}`);
          return;
      }
    }
    if (isMessage(result) && Array.isArray(result['trades'])) {
      // Replies list the newest trade first or last; the trade_seq tells which.
      const trades = [...(result['trades'] as readonly unknown[])];
      if (trades.length > 1 && sequenceOf(trades[0]) > sequenceOf(trades[trades.length - 1])) trades.reverse();
      for (const trade of trades) this.#trade(trade, receivedUs);
    } else if (isMessage(result) && 'change_id' in result && 'bids' in result && 'asks' in result) {
      this.#book(result, receivedUs);
    } else if (isMessage(result) && Array.isArray(result['ticks']) && 'close' in result) {
      this.#chart(result, receivedUs);
    } else {
      this.#context.ignore('JSON-RPC request or reply');
    }
  }

  #data(params: Message): Message {
    if (!isMessage(params['data'])) throw new BadRow('a notification without data');
    return params['data'];
  }

  #symbol(data: Message): number {
    return this.#context.sink.symbols.index(textField(data['instrument_name'], 'instrument_name'));
  }

  #trade(data: unknown, receivedUs: number): void {
    if (!isMessage(data)) throw new BadRow('a trade that is not an object');
    const symbol = this.#symbol(data);
    if (symbol < 0) return;
    decimalField(data['price'], this.#a, 'price');
    decimalField(data['amount'], this.#b, 'amount');
    const exchangeUs = stampField(data['timestamp'], 'timestamp');
    const sell = soldBy(data['direction']);
    this.#context.sink.trade(symbol, receivedUs, exchangeUs, idField(data['trade_seq'], 'trade_seq'), this.#a, this.#b, sell);
    const liquidated = data['liquidation'];
    // T: the taker was liquidated, M: the maker, MT: both.
    if (liquidated === 'T' || liquidated === 'MT') this.#context.sink.liquidation(symbol, receivedUs, exchangeUs, this.#a, this.#a, this.#b, sell);
    if (liquidated === 'M' || liquidated === 'MT') this.#context.sink.liquidation(symbol, receivedUs, exchangeUs, this.#a, this.#a, this.#b, !sell);
  }

  #book(data: Message, receivedUs: number): void {
    const symbol = this.#symbol(data);
    if (symbol < 0) return;
    const id = idField(data['change_id'], 'change_id');
    const previous = data['prev_change_id'];
    // Before 2020 there was no type: a message without the previous id was the snapshot.
    const snapshot = data['type'] === undefined ? previous === undefined || previous === null : data['type'] === 'snapshot';
    const { sink } = this.#context;
    sink.openBook(snapshot ? Kind.SNAPSHOT : Kind.DEPTH, symbol, receivedUs, stampField(data['timestamp'], 'timestamp'), id, snapshot ? 0 : idField(previous, 'prev_change_id'), 0);
    try {
      this.#side(data['bids'], 'bids', false);
      this.#side(data['asks'], 'asks', true);
    } catch (error) {
      sink.dropBook();
      throw error;
    }
    sink.closeBook();
  }

  /** The reply of get_tradingview_chart_data: columns of bars, their opening times in `ticks`. It names no instrument. */
  #chart(chart: Message, receivedUs: number): void {
    const ticks = listField(chart['ticks'], 'ticks');
    const [open, high, low, close, volume] = ['open', 'high', 'low', 'close', 'volume'].map((name) => listField(chart[name], name));
    const seconds = ticks.length < 2 ? 0 : Math.round((stampField(ticks[1], 'tick') - stampField(ticks[0], 'tick')) / 1e6);
    const { sink } = this.#context;
    const symbol = sink.unnamedSymbol();
    for (let k = 0; k < ticks.length; k += 1) {
      decimalField(open![k], this.#a, 'open');
      decimalField(high![k], this.#b, 'high');
      decimalField(low![k], this.#c, 'low');
      decimalField(close![k], this.#d, 'close');
      decimalField(volume![k], this.#e, 'volume');
      sink.candle(symbol, receivedUs, stampField(ticks[k], 'tick') + seconds * 1e6, seconds, 0, this.#a, this.#b, this.#c, this.#d, this.#e);
    }
  }

  /** Levels are [action, price, amount], or [price, amount] in grouped books. */
  #side(levels: unknown, what: string, ask: boolean): void {
    for (const level of listField(levels, what)) {
      const fields = Array.isArray(level) ? (level as readonly unknown[]) : [];
      const at = typeof fields[0] === 'string' ? 1 : 0;
      decimalField(fields[at], this.#a, 'price');
      decimalField(fields[0] === 'delete' ? 0 : fields[at + 1], this.#b, 'amount');
      this.#context.sink.level(ask, this.#a, this.#b);
    }
  }

  #quote(data: Message, receivedUs: number): void {
    const symbol = this.#symbol(data);
    if (symbol < 0) return;
    this.#best(data, symbol, receivedUs, stampField(data['timestamp'], 'timestamp'));
  }

  #ticker(data: Message, receivedUs: number): void {
    const symbol = this.#symbol(data);
    if (symbol < 0) return;
    const exchangeUs = stampField(data['timestamp'], 'timestamp');
    if (data['best_bid_amount'] !== undefined) this.#best(data, symbol, receivedUs, exchangeUs);
    if (data['mark_price'] === undefined || data['mark_price'] === null) return;
    if (decimalField(data['mark_price'], this.#a, 'mark_price').units < 0) {
      this.#context.ignore(BELOW_ZERO);
      return;
    }
    const index = data['index_price'] === undefined || data['index_price'] === null ? undefined : decimalField(data['index_price'], this.#b, 'index_price');
    const rate = data['current_funding'] === undefined ? undefined : decimalField(data['current_funding'], this.#c, 'current_funding');
    this.#context.sink.mark(symbol, receivedUs, exchangeUs, this.#a, index, rate, 0);
  }

  #best(data: Message, symbol: number, receivedUs: number, exchangeUs: number): void {
    decimalField(data['best_bid_price'] ?? 0, this.#a, 'best_bid_price');
    decimalField(data['best_bid_amount'] ?? 0, this.#b, 'best_bid_amount');
    decimalField(data['best_ask_price'] ?? 0, this.#c, 'best_ask_price');
    decimalField(data['best_ask_amount'] ?? 0, this.#d, 'best_ask_amount');
    if ((this.#a.units < 0 && this.#b.units > 0) || (this.#c.units < 0 && this.#d.units > 0)) {
      this.#context.ignore(BELOW_ZERO);
      return;
    }
    this.#context.sink.bookTicker(symbol, receivedUs, exchangeUs, 0, this.#a, this.#b, this.#c, this.#d);
  }
}

function sequenceOf(trade: unknown): number {
  return isMessage(trade) && typeof trade['trade_seq'] === 'number' ? trade['trade_seq'] : 0;
}

function soldBy(direction: unknown): boolean {
  if (direction === 'sell') return true;
  if (direction === 'buy') return false;
  throw new BadRow(`direction ${JSON.stringify(direction) ?? '(missing)'} is neither buy nor sell`);
}
