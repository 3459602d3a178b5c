import { hasConsecutiveTradeIds } from '../../instruments/rules.js';
import { Kind } from '../../records/index.js';
import { ExactNumber } from '../exact-number.js';
import type { CsvRow } from '../csv-row.js';
import { venueOfName } from '../venue-alias.js';
import { BookRows, CsvDecoder, RepeatedText, takerSold } from './csv-decoder.js';
import { column, hasColumns, type Decoder, type DecoderContext, type Format, type Sample } from './format.js';

type TardisKind = 'trades' | 'quotes' | 'levels' | 'snapshots' | 'ticker';

function kindOf(header: readonly string[]): TardisKind | undefined {
  if (!hasColumns(header, 'exchange', 'symbol', 'timestamp', 'localtimestamp')) return undefined;
  if (hasColumns(header, 'issnapshot', 'side', 'price', 'amount')) return 'levels';
  if (hasColumns(header, 'id', 'side', 'price', 'amount')) return 'trades';
  if (hasColumns(header, 'askamount', 'askprice', 'bidprice', 'bidamount')) return 'quotes';
  if (hasColumns(header, 'asks0price', 'asks0amount', 'bids0price', 'bids0amount')) return 'snapshots';
  if (hasColumns(header, 'fundingrate', 'indexprice', 'markprice')) return 'ticker';
  return undefined;
}

/**
 * Tardis.dev CSV data sets: trades, quotes and book_ticker, incremental_book_L2, book_snapshot_N, derivative_ticker, by
 * their header. Book files carry no update ids: the messages get 1, 2, 3 … per file and symbol, in an unbroken chain.
 */
export const tardisCsv: Format = {
  id: 'tardis-csv',
  title: 'Tardis.dev CSV: trades, quotes, incremental_book_L2, book_snapshot_N, derivative_ticker',
  kinds: ['trade', 'bookTicker', 'depth', 'snapshot', 'markPrice'],
  recognises: (sample) => kindOf(sample.header) !== undefined,
  framing: () => 'lines',
  venue: (sample) => {
    const row = sample.lines[1]?.split(',');
    const exchange = row?.[column(sample.header, 'exchange')];
    return exchange === undefined ? undefined : venueOfName(exchange);
  },
  open: (sample, context) => {
    const kind = kindOf(sample.header);
    switch (kind) {
      case 'levels': return new Levels(sample, context);
      case 'quotes': return new Quotes(sample, context);
      case 'snapshots': return new Snapshots(sample, context);
      case 'ticker': return new Ticker(sample, context);
      case 'trades':
      case undefined: return new Trades(sample, context);
    }
  },
};

abstract class TardisDecoder extends CsvDecoder implements Decoder {
  protected readonly context: DecoderContext;
  protected readonly a = new ExactNumber();
  protected readonly b = new ExactNumber();
  readonly #exchange: RepeatedText;
  readonly #symbol: RepeatedText;
  readonly #exchangeAt: number;
  readonly #symbolAt: number;
  readonly #stampAt: number;
  readonly #localAt: number;

  constructor(sample: Sample, context: DecoderContext) {
    super(true, sample.header.length);
    this.context = context;
    this.#exchange = new RepeatedText((name) => {
      context.venueNamed(name);
      return 0;
    });
    this.#symbol = new RepeatedText((name) => context.sink.symbols.index(name));
    this.#exchangeAt = column(sample.header, 'exchange');
    this.#symbolAt = column(sample.header, 'symbol');
    this.#stampAt = column(sample.header, 'timestamp');
    this.#localAt = column(sample.header, 'localtimestamp');
  }

  /** Symbol index of the row after its exchange is checked; -1 leaves the row out. */
  protected symbol(row: CsvRow): number {
    this.#exchange.of(row, this.#exchangeAt);
    return this.#symbol.of(row, this.#symbolAt);
  }

  protected exchangeUs(row: CsvRow): number {
    return row.stampUs(this.#stampAt, 'timestamp');
  }

  protected receivedUs(row: CsvRow): number {
    return row.stampUs(this.#localAt, 'local_timestamp');
  }
}

class Trades extends TardisDecoder {
  readonly #idAt: number;
  readonly #sideAt: number;
  readonly #priceAt: number;
  readonly #amountAt: number;
  readonly #counted: boolean;

  constructor(sample: Sample, context: DecoderContext) {
    super(sample, context);
    this.#counted = hasConsecutiveTradeIds(context.venue);
    this.#idAt = column(sample.header, 'id');
    this.#sideAt = column(sample.header, 'side');
    this.#priceAt = column(sample.header, 'price');
    this.#amountAt = column(sample.header, 'amount');
  }

  protected read(row: CsvRow): void {
    const symbol = this.symbol(row);
    if (symbol < 0) return;
    const exchangeUs = this.exchangeUs(row);
    const receivedUs = this.receivedUs(row);
    row.decimal(this.#priceAt, this.a, 'price');
    row.decimal(this.#amountAt, this.b, 'amount');
    // Some venues name trades by letters (BitMEX: a UUID): such an id is 0 here.
    const id = this.#counted ? row.integer(this.#idAt, 'id') : row.optionalId(this.#idAt);
    this.context.sink.trade(symbol, receivedUs, exchangeUs, id, this.a, this.b, takerSold(row, this.#sideAt));
  }
}

class Quotes extends TardisDecoder {
  readonly #at: readonly number[];
  readonly #c = new ExactNumber();
  readonly #d = new ExactNumber();

  constructor(sample: Sample, context: DecoderContext) {
    super(sample, context);
    this.#at = ['bidprice', 'bidamount', 'askprice', 'askamount'].map((name) => column(sample.header, name));
  }

  protected read(row: CsvRow): void {
    const symbol = this.symbol(row);
    if (symbol < 0) return;
    const read = (at: number, out: ExactNumber, what: string): void => {
      // An empty side is written as empty fields.
      if (row.isEmpty(at)) out.parseText('0');
      else row.decimal(at, out, what);
    };
    read(this.#at[0]!, this.a, 'bid_price');
    read(this.#at[1]!, this.b, 'bid_amount');
    read(this.#at[2]!, this.#c, 'ask_price');
    read(this.#at[3]!, this.#d, 'ask_amount');
    this.context.sink.bookTicker(symbol, this.receivedUs(row), this.exchangeUs(row), 0, this.a, this.b, this.#c, this.#d);
  }
}

/** incremental_book_L2: rows of one message share both stamps and the snapshot mark. */
class Levels extends TardisDecoder {
  readonly #snapshotAt: number;
  readonly #sideAt: number;
  readonly #priceAt: number;
  readonly #amountAt: number;
  readonly #ids = new Map<number, number>();
  #symbolOpen = -1;
  #receivedOpen = 0;
  #exchangeOpen = 0;
  #snapshotOpen = false;
  readonly #rows: BookRows;

  constructor(sample: Sample, context: DecoderContext) {
    super(sample, context);
    this.#rows = new BookRows(context.sink);
    this.#snapshotAt = column(sample.header, 'issnapshot');
    this.#sideAt = column(sample.header, 'side');
    this.#priceAt = column(sample.header, 'price');
    this.#amountAt = column(sample.header, 'amount');
  }

  protected read(row: CsvRow): void {
    const symbol = this.symbol(row);
    if (symbol < 0) return;
    const exchangeUs = this.exchangeUs(row);
    const receivedUs = this.receivedUs(row);
    const snapshot = row.boolean(this.#snapshotAt, 'is_snapshot');
    if (symbol !== this.#symbolOpen || exchangeUs !== this.#exchangeOpen || receivedUs !== this.#receivedOpen || snapshot !== this.#snapshotOpen) {
      this.end();
      const previous = this.#ids.get(symbol) ?? 0;
      this.#ids.set(symbol, previous + 1);
      this.#symbolOpen = symbol;
      this.#exchangeOpen = exchangeUs;
      this.#receivedOpen = receivedUs;
      this.#snapshotOpen = snapshot;
      this.#rows.open(snapshot ? Kind.SNAPSHOT : Kind.DEPTH, symbol, receivedUs, exchangeUs, previous + 1, snapshot ? 0 : previous, 0);
    }
    row.decimal(this.#priceAt, this.a, 'price');
    row.decimal(this.#amountAt, this.b, 'amount');
    this.#rows.level(takerSold(row, this.#sideAt), this.a, this.b);
  }

  protected override refused(): void {
    this.#rows.refuse();
  }

  override end(): void {
    this.#rows.close();
    this.#symbolOpen = -1;
  }
}

class Snapshots extends TardisDecoder {
  readonly #bids: (readonly [price: number, amount: number])[] = [];
  readonly #asks: (readonly [price: number, amount: number])[] = [];
  readonly #ids = new Map<number, number>();

  constructor(sample: Sample, context: DecoderContext) {
    super(sample, context);
    for (let level = 0; ; level += 1) {
      const bid = column(sample.header, `bids${level}price`);
      const ask = column(sample.header, `asks${level}price`);
      if (bid < 0 || ask < 0) break;
      this.#bids.push([bid, column(sample.header, `bids${level}amount`)]);
      this.#asks.push([ask, column(sample.header, `asks${level}amount`)]);
    }
  }

  protected read(row: CsvRow): void {
    const symbol = this.symbol(row);
    if (symbol < 0) return;
    const id = (this.#ids.get(symbol) ?? 0) + 1;
    const { sink } = this.context;
    sink.openBook(Kind.SNAPSHOT, symbol, this.receivedUs(row), this.exchangeUs(row), id, 0, 0);
    try {
      for (const ask of [false, true]) {
        for (const [price, amount] of ask ? this.#asks : this.#bids) {
          if (row.isEmpty(price)) continue;
          row.decimal(price, this.a, 'price');
          row.decimal(amount, this.b, 'amount');
          sink.level(ask, this.a, this.b);
        }
      }
    } catch (error) {
      sink.dropBook();
      throw error;
    }
    sink.closeBook();
    this.#ids.set(symbol, id);
  }
}

class Ticker extends TardisDecoder {
  readonly #markAt: number;
  readonly #indexAt: number;
  readonly #rateAt: number;
  readonly #nextAt: number;
  readonly #c = new ExactNumber();

  constructor(sample: Sample, context: DecoderContext) {
    super(sample, context);
    this.#markAt = column(sample.header, 'markprice');
    this.#indexAt = column(sample.header, 'indexprice');
    this.#rateAt = column(sample.header, 'fundingrate');
    this.#nextAt = column(sample.header, 'fundingtimestamp');
  }

  protected read(row: CsvRow): void {
    const symbol = this.symbol(row);
    if (symbol < 0) return;
    if (row.isEmpty(this.#markAt)) {
      this.context.ignore('derivative_ticker without mark price');
      return;
    }
    row.decimal(this.#markAt, this.a, 'mark_price');
    const index = row.isEmpty(this.#indexAt) ? undefined : row.decimal(this.#indexAt, this.b, 'index_price');
    const rate = row.isEmpty(this.#rateAt) ? undefined : row.decimal(this.#rateAt, this.#c, 'funding_rate');
    const next = this.#nextAt < 0 || row.isEmpty(this.#nextAt) ? 0 : row.stampUs(this.#nextAt, 'funding_timestamp');
    this.context.sink.mark(symbol, this.receivedUs(row), this.exchangeUs(row), this.a, index, rate, next);
  }
}
