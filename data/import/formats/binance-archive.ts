import { Kind } from '../../records/index.js';
import type { CsvRow } from '../csv-row.js';
import { ExactNumber } from '../exact-number.js';
import { BadRow } from '../import-error.js';
import { BookRows, CsvDecoder, RepeatedText, takerSold } from './csv-decoder.js';
import { bareName, column, hasColumns, type DecoderContext, type Format, type Sample } from './format.js';

/** Columns of a file, by place. A headerless file gets the places of the public archive. */
interface Layout {
  readonly header: boolean;
  readonly fields: number;
  readonly at: Readonly<Record<string, number>>;
}

const NUMBER = /^-?\d+(?:\.\d+)?$/;
const FLAG = /^(?:true|false)$/i;

function rawFields(sample: Sample): string[] {
  return (sample.lines[0] ?? '').split(',').map((field) => field.trim());
}

function byHeader(sample: Sample, places: Readonly<Record<string, readonly string[]>>): Layout | undefined {
  const at: Record<string, number> = {};
  for (const [name, spellings] of Object.entries(places)) {
    at[name] = column(sample.header, ...spellings);
    if (at[name] < 0) return undefined;
  }
  return { header: true, fields: sample.header.length, at };
}

function headerless(sample: Sample, sizes: readonly number[], flags: readonly number[], at: Readonly<Record<string, number>>): Layout | undefined {
  const fields = rawFields(sample);
  if (!sizes.includes(fields.length)) return undefined;
  const fits = fields.every((field, k) => (flags.includes(k) ? FLAG.test(field) : NUMBER.test(field)));
  return fits ? { header: false, fields: fields.length, at } : undefined;
}

function archive(id: string, title: string, kinds: readonly string[], layoutOf: (sample: Sample) => Layout | undefined, decoder: (layout: Layout, context: DecoderContext, sample: Sample) => CsvDecoder): Format {
  return {
    id,
    title,
    kinds,
    recognises: (sample) => sample.first !== '{' && sample.first !== '[' && layoutOf(sample) !== undefined,
    framing: () => 'lines',
    venue: () => undefined,
    open: (sample, context) => {
      const layout = layoutOf(sample);
      if (layout === undefined) throw new Error(`${id} was opened on a file it does not recognise`);
      return decoder(layout, context, sample);
    },
  };
}

abstract class ArchiveDecoder extends CsvDecoder {
  protected readonly layout: Layout;
  protected readonly context: DecoderContext;
  protected readonly symbol: number;
  protected readonly a = new ExactNumber();
  protected readonly b = new ExactNumber();
  protected readonly c = new ExactNumber();
  protected readonly d = new ExactNumber();
  protected readonly e = new ExactNumber();

  constructor(layout: Layout, context: DecoderContext, symbol: number) {
    super(layout.header, layout.fields);
    this.layout = layout;
    this.context = context;
    this.symbol = symbol;
  }

  protected at(name: string): number {
    return this.layout.at[name] ?? -1;
  }
}

/** Only spot files end in isBestMatch (`fields` of them where there is no header), only COIN-M files have base_qty. */
function showVenue(sample: Sample, layout: Layout, fields: number, context: DecoderContext): void {
  if (layout.header ? hasColumns(sample.header, 'isbestmatch') : layout.fields === fields) {
    context.venueShown(['binance-spot'], 'a file of trades with isBestMatch is of Binance spot');
  } else if (layout.header && hasColumns(sample.header, 'baseqty')) {
    context.venueShown(['binance-coinm'], 'a file of trades with base_qty is of Binance COIN-M');
  }
}

class AggTrades extends ArchiveDecoder {
  readonly #id = this.at('id');
  readonly #price = this.at('price');
  readonly #quantity = this.at('quantity');
  readonly #first = this.at('first');
  readonly #last = this.at('last');
  readonly #time = this.at('time');
  readonly #maker = this.at('maker');

  protected read(row: CsvRow): void {
    if (this.symbol < 0) return;
    const first = row.integer(this.#first, 'first trade id');
    const last = row.integer(this.#last, 'last trade id');
    if (last < first) throw new BadRow(`last trade id ${last} lies before the first, ${first}`);
    row.decimal(this.#price, this.a, 'price');
    row.decimal(this.#quantity, this.b, 'quantity');
    this.context.sink.aggTrade(this.symbol, 0, row.stampUs(this.#time, 'time'), row.integer(this.#id, 'id'), first, last - first + 1, this.a, this.b, row.boolean(this.#maker, 'buyer is maker'));
  }
}

export const binanceAggTrades = archive(
  'binance-agg-trades',
  'Binance public archive aggTrades (spot, USD-M, COIN-M; with or without header; ms or µs)',
  ['aggTrade'],
  (sample) => byHeader(sample, {
    id: ['aggtradeid', 'aggregatetradeid'], price: ['price'], quantity: ['quantity', 'qty'], first: ['firsttradeid'], last: ['lasttradeid'],
    time: ['transacttime', 'timestamp', 'time'], maker: ['isbuyermaker', 'buyerismaker', 'wasthebuyerthemaker'],
  }) ?? headerless(sample, [7, 8], [6, 7], { id: 0, price: 1, quantity: 2, first: 3, last: 4, time: 5, maker: 6 }),
  (layout, context, sample) => {
    showVenue(sample, layout, 8, context);
    return new AggTrades(layout, context, context.fileSymbol());
  },
);

class PlainTrades extends ArchiveDecoder {
  readonly #id = this.at('id');
  readonly #price = this.at('price');
  readonly #quantity = this.at('quantity');
  readonly #time = this.at('time');
  readonly #maker = this.at('maker');

  protected read(row: CsvRow): void {
    if (this.symbol < 0) return;
    row.decimal(this.#price, this.a, 'price');
    row.decimal(this.#quantity, this.b, 'quantity');
    this.context.sink.trade(this.symbol, 0, row.stampUs(this.#time, 'time'), row.integer(this.#id, 'id'), this.a, this.b, row.boolean(this.#maker, 'buyer is maker'));
  }
}

export const binanceTrades = archive(
  'binance-trades',
  'Binance public archive trades (spot, USD-M, COIN-M; with or without header; ms or µs)',
  ['trade'],
  (sample) => {
    const named = byHeader(sample, { id: ['id', 'tradeid'], price: ['price'], quantity: ['qty', 'quantity'], time: ['time'], maker: ['isbuyermaker'] });
    // A header with those names and nothing else: other files with a maker flag belong to generic-csv.
    if (named !== undefined && (hasColumns(sample.header, 'quoteqty') || hasColumns(sample.header, 'baseqty'))) return named;
    return headerless(sample, [6, 7], [5, 6], { id: 0, price: 1, quantity: 2, time: 4, maker: 5 });
  },
  (layout, context, sample) => {
    showVenue(sample, layout, 7, context);
    return new PlainTrades(layout, context, context.fileSymbol());
  },
);

class BookTickers extends ArchiveDecoder {
  protected read(row: CsvRow): void {
    if (this.symbol < 0) return;
    row.decimal(this.at('bid'), this.a, 'bid price');
    row.decimal(this.at('bidQuantity'), this.b, 'bid quantity');
    row.decimal(this.at('ask'), this.c, 'ask price');
    row.decimal(this.at('askQuantity'), this.d, 'ask quantity');
    this.context.sink.bookTicker(this.symbol, 0, row.stampUs(this.at('time'), 'transaction time'), row.integer(this.at('id'), 'update id'), this.a, this.b, this.c, this.d);
  }
}

export const binanceBookTicker = archive(
  'binance-book-ticker',
  'Binance public archive bookTicker (USD-M, COIN-M; with or without header)',
  ['bookTicker'],
  (sample) => byHeader(sample, {
    id: ['updateid'], bid: ['bestbidprice'], bidQuantity: ['bestbidqty'], ask: ['bestaskprice'], askQuantity: ['bestaskqty'], time: ['transactiontime'],
  }) ?? headerless(sample, [7], [], { id: 0, bid: 1, bidQuantity: 2, ask: 3, askQuantity: 4, time: 5 }),
  (layout, context) => new BookTickers(layout, context, context.fileSymbol()),
);

class Klines extends ArchiveDecoder {
  protected read(row: CsvRow): void {
    if (this.symbol < 0) return;
    const startUs = row.stampUs(this.at('openTime'), 'open time');
    const closeUs = row.stampUs(this.at('closeTime'), 'close time');
    // The close time is the last ms or µs of the bar.
    const seconds = Math.round((closeUs - startUs) / 1e6);
    if (seconds < 1) throw new BadRow('the bar closes before it opens');
    row.decimal(this.at('open'), this.a, 'open');
    row.decimal(this.at('high'), this.b, 'high');
    row.decimal(this.at('low'), this.c, 'low');
    row.decimal(this.at('close'), this.d, 'close');
    row.decimal(this.at('volume'), this.e, 'volume');
    const countAt = this.at('count');
    // Bars of mark and index prices have no volume; their count is of samples, not of trades.
    const trades = countAt < 0 || this.e.units === 0 ? 0 : row.integer(countAt, 'trade count');
    this.context.sink.candle(this.symbol, 0, startUs + seconds * 1e6, seconds, trades, this.a, this.b, this.c, this.d, this.e);
  }
}

export const binanceKlines = archive(
  'binance-klines',
  'Binance public archive klines, mark price and index price klines (12 columns; with or without header; ms or µs)',
  ['candle'],
  (sample) => {
    const named = byHeader(sample, {
      openTime: ['opentime'], open: ['open'], high: ['high'], low: ['low'], close: ['close'], volume: ['volume'], closeTime: ['closetime'],
    });
    if (named !== undefined) return { ...named, at: { ...named.at, count: column(sample.header, 'count', 'trades', 'numberoftrades') } };
    return headerless(sample, [12], [], { openTime: 0, open: 1, high: 2, low: 3, close: 4, volume: 5, closeTime: 6, count: 8 });
  },
  (layout, context) => new Klines(layout, context, context.fileSymbol()),
);

class BookDepth extends ArchiveDecoder {
  protected read(row: CsvRow): void {
    if (this.symbol < 0) return;
    row.decimal(this.at('percentage'), this.a, 'percentage');
    const bps = this.a.toNumber() * 100;
    if (!(Math.abs(bps) <= 10_000)) throw new BadRow(`a band of ${this.a.toNumber()} %`);
    row.decimal(this.at('depth'), this.b, 'depth');
    row.decimal(this.at('notional'), this.c, 'notional');
    this.context.sink.depthBand(this.symbol, row.stampUs(this.at('time'), 'timestamp'), Math.round(bps), this.b, this.c);
  }
}

export const binanceBookDepth = archive(
  'binance-book-depth',
  'Binance public archive bookDepth: depth within bands of the mid price',
  ['depthBand'],
  (sample) => byHeader(sample, { time: ['timestamp'], percentage: ['percentage'], depth: ['depth'], notional: ['notional'] }),
  (layout, context) => new BookDepth(layout, context, context.fileSymbol()),
);

class FundingRates extends ArchiveDecoder {
  protected read(row: CsvRow): void {
    if (this.symbol < 0) return;
    this.context.sink.funding(this.symbol, row.stampUs(this.at('time'), 'funding time'), row.decimal(this.at('rate'), this.a, 'funding rate'));
  }
}

export const binanceFundingRate = archive(
  'binance-funding-rate',
  'Binance public archive fundingRate',
  ['funding'],
  (sample) => byHeader(sample, { time: ['calctime', 'fundingtime'], rate: ['lastfundingrate', 'fundingrate'] }),
  (layout, context) => new FundingRates(layout, context, context.fileSymbol()),
);

/** Historical T_DEPTH files: a row per level, `snap` rows make a snapshot, `set` rows a diff. */
class HistoricalDepth extends ArchiveDecoder {
  readonly #symbols: RepeatedText;
  #openSymbol = -1;
  #openId = -1;
  #openSnapshot = false;
  readonly #rows: BookRows;

  constructor(layout: Layout, context: DecoderContext) {
    super(layout, context, 0);
    this.#rows = new BookRows(context.sink);
    this.#symbols = new RepeatedText((name) => context.sink.symbols.index(name));
  }

  protected read(row: CsvRow): void {
    const symbol = this.#symbols.of(row, this.at('symbol'));
    if (symbol < 0) return;
    const type = row.text(this.at('type'));
    if (type !== 'snap' && type !== 'set') throw new BadRow(`update_type ${JSON.stringify(type.slice(0, 20))} is neither snap nor set`);
    const snapshot = type === 'snap';
    const id = row.integer(this.at('last'), 'last_update_id');
    if (symbol !== this.#openSymbol || id !== this.#openId || snapshot !== this.#openSnapshot) {
      this.end();
      const exchangeUs = row.stampUs(this.at('time'), 'timestamp');
      const first = row.integer(this.at('first'), 'first_update_id');
      const previous = snapshot ? 0 : row.integer(this.at('pu'), 'pu');
      if (first > id) throw new BadRow(`first_update_id ${first} lies after last_update_id ${id}`);
      this.#openSymbol = symbol;
      this.#openId = id;
      this.#openSnapshot = snapshot;
      this.#rows.open(snapshot ? Kind.SNAPSHOT : Kind.DEPTH, symbol, 0, exchangeUs, id, previous, snapshot ? 0 : id - first);
    }
    row.decimal(this.at('price'), this.a, 'price');
    row.decimal(this.at('quantity'), this.b, 'qty');
    this.#rows.level(takerSold(row, this.at('side')), this.a, this.b);
  }

  protected override refused(): void {
    this.#rows.refuse();
  }

  override end(): void {
    this.#rows.close();
    this.#openSymbol = -1;
  }
}

export const binanceDepthHistory = archive(
  'binance-depth-history',
  'Binance futures historical order book (T_DEPTH snap and update files)',
  ['depth', 'snapshot'],
  (sample) => byHeader(sample, {
    symbol: ['symbol'], time: ['timestamp'], first: ['firstupdateid'], last: ['lastupdateid'], side: ['side'], type: ['updatetype'], price: ['price'], quantity: ['qty'], pu: ['pu'],
  }),
  (layout, context) => new HistoricalDepth(layout, context),
);

/** `BTCUSDC-aggTrades-2025-10-04` → BTCUSDC: names as the public archive gives them. */
export function symbolOfArchiveName(name: string): string | undefined {
  const match = /^([A-Z0-9]{3,}(?:_(?:PERP|\d{6}))?)-([A-Za-z0-9-]+?)-\d{4}-\d{2}(?:-\d{2})?(?:\.|$)/.exec(name);
  return match === null || bareName(match[2]!) === '' ? undefined : match[1];
}
