import type { CsvRow } from '../csv-row.js';
import { ExactNumber } from '../exact-number.js';
import { BadRow } from '../import-error.js';
import { parseStampText } from '../stamps.js';
import { VENUE_PATTERN, venueOfName } from '../venue-alias.js';
import { CsvDecoder, RepeatedText } from './csv-decoder.js';
import { column, splitQuoted, type DecoderContext, type Format, type Sample } from './format.js';

/** Spellings of each column, bare (lower case, letters and digits only), the most telling first. */
const SPELLINGS = {
  time: ['timestamp', 'time', 'datetime', 'date', 'ts', 'tradetime', 'transacttime', 'transactiontime', 'exchangetime', 'exchangetimestamp', 'eventtime', 'timeutc', 'dateutc', 'timestamputc', 'datetimeutc', 'dateandtime', 'timestampms', 'timestampus', 'timestampns', 'timems', 'timeus', 'timens', 'unix', 'unixtime', 'epoch', 'createdat', 'executedat', 'executiontime', 'exectime', 'tradetimestamp', 'tradedat'],
  received: ['localtimestamp', 'localtime', 'receivedat', 'receivetime', 'receivetimestamp', 'recvtime', 'recvtimestamp', 'timestampofreceive', 'arrivaltime'],
  price: ['price', 'px', 'tradeprice', 'executionprice', 'execprice', 'fillprice', 'lastprice', 'lastpx', 'rate', 'p'],
  quantity: ['quantity', 'qty', 'amount', 'size', 'volume', 'vol', 'tradequantity', 'tradeqty', 'tradesize', 'basequantity', 'baseqty', 'baseamount', 'basevolume', 'execqty', 'fillqty', 'fillsize', 'tradevolume', 'tradeamount', 'lastqty', 'lastsize', 'lastsz', 'contracts', 'q', 'sz'],
  side: ['side', 'takerside', 'aggressorside', 'aggressor', 'direction', 'tradeside', 'orderside', 'tradetype', 'buysell', 'makertaker', 'type', 's'],
  buyerMaker: ['isbuyermaker', 'buyerismaker', 'buyermaker', 'isbuyermarketmaker', 'isbuyerthemaker', 'wasthebuyerthemaker', 'm'],
  buyerTaker: ['isbuyertaker', 'isbuy', 'takerisbuyer', 'takerbuy'],
  id: ['id', 'tradeid', 'tid', 'aggregatetradeid', 'aggtradeid', 'executionid', 'execid', 'seq', 'sequence', 'tradeseq'],
  firstId: ['firsttradeid', 'firstid'],
  lastId: ['lasttradeid', 'lastid'],
  symbol: ['symbol', 'instrument', 'instrumentname', 'instrumentid', 'pair', 'market', 'ticker', 'product', 'productid', 'coin'],
  exchange: ['exchange', 'venue', 'source'],
} as const;
type Column = keyof typeof SPELLINGS;
type Columns = Readonly<Record<Column, number>>;

function columnsOf(header: readonly string[]): Columns | undefined {
  const found = namedColumns(header);
  return missing(found).length === 0 ? found : undefined;
}

function namedColumns(header: readonly string[]): Columns {
  const found = {} as Record<Column, number>;
  for (const [name, spellings] of Object.entries(SPELLINGS) as [Column, readonly string[]][]) found[name] = column(header, ...spellings);
  // A currency may follow: quantity_atom, "Amount (BTC)", price_usd.
  if (found.quantity < 0) found.quantity = header.findIndex((name) => /^(?:quantity|qty|amount|size|volume)[a-z]{2,6}$/.test(name));
  if (found.price < 0) found.price = header.findIndex((name) => /^price[a-z]{3,5}$/.test(name));
  return found;
}

function missing(at: Columns): string[] {
  const sided = at.side >= 0 || at.buyerMaker >= 0 || at.buyerTaker >= 0;
  return [...(['time', 'price', 'quantity'] as const).filter((name) => at[name] < 0), ...(sided ? [] : ['side'])];
}

const SELL_WORDS = new Set(['sell', 's', 'ask', 'a', 'short', '-1', 'seller']);
const BUY_WORDS = new Set(['buy', 'b', 'bid', 'long', '1', '+1', 'buyer']);

function sideOf(word: string): boolean | undefined {
  const plain = word.toLowerCase();
  return SELL_WORDS.has(plain) ? true : BUY_WORDS.has(plain) ? false : undefined;
}

/** The header has every column, whatever the rows hold: what is wrong with those is told row by row. */
function headerSuffices(sample: Sample): boolean {
  return sample.first !== '{' && sample.first !== '[' && columnsOf(sample.header) !== undefined;
}

function recognises(sample: Sample): boolean {
  if (!headerSuffices(sample)) return false;
  const at = columnsOf(sample.header);
  const row = splitQuoted(sample.lines[1] ?? '', sample.delimiter);
  if (at === undefined || row.length !== sample.header.length) return false;
  const side = at.side < 0 || sideOf(row[at.side] ?? '') !== undefined;
  return side && parseStampText(row[at.time] ?? '') > 0 && Number.isFinite(Number(row[at.price] ?? 'x')) && Number.isFinite(Number(row[at.quantity] ?? 'x'));
}

/** Any CSV of trades whose header names a time, a price, a quantity and a side, in usual spellings. */
export const genericCsv: Format = {
  id: 'generic-csv',
  title: 'trades in any CSV whose header names time, price, quantity and side (s, ms, µs, ns or ISO times; comma, semicolon, tab or bar)',
  kinds: ['trade', 'aggTrade'],
  recognises,
  alsoReads: headerSuffices,
  lacks: (sample) => `its first line names no ${missing(namedColumns(sample.header)).join(', no ')}`,
  framing: () => 'lines',
  venue: (sample) => {
    const at = columnsOf(sample.header)?.exchange ?? -1;
    const name = at < 0 ? undefined : splitQuoted(sample.lines[1] ?? '', sample.delimiter)[at];
    const venue = name === undefined ? undefined : venueOfName(name);
    return venue !== undefined && VENUE_PATTERN.test(venue) ? venue : undefined;
  },
  open: (sample, context) => new GenericDecoder(sample, context),
};

class GenericDecoder extends CsvDecoder {
  readonly #context: DecoderContext;
  readonly #at: Columns;
  readonly #price = new ExactNumber();
  readonly #quantity = new ExactNumber();
  readonly #symbols: RepeatedText;
  readonly #exchanges: RepeatedText;
  readonly #fileSymbol: number;

  constructor(sample: Sample, context: DecoderContext) {
    super(true, sample.header.length, sample.delimiter);
    const at = columnsOf(sample.header);
    if (at === undefined) throw new Error('generic-csv was opened on a file it does not recognise');
    this.#context = context;
    this.#at = at;
    // Pairs are written BTC/USDT or BTC-USDT as often as BTCUSDT; a symbol that was asked for settles it.
    this.#symbols = new RepeatedText((name) => this.#symbol(name));
    this.#exchanges = new RepeatedText((name) => {
      context.venueNamed(name);
      return 0;
    });
    this.#fileSymbol = at.symbol < 0 ? context.fileSymbol() : -1;
  }

  #symbol(name: string): number {
    const { symbols } = this.#context.sink;
    const joined = name.replaceAll(/[-/:_ ]/g, '').toUpperCase();
    return symbols.has(name) || !symbols.has(joined) ? symbols.index(name) : symbols.index(joined);
  }

  protected read(row: CsvRow): void {
    const at = this.#at;
    if (at.exchange >= 0) this.#exchanges.of(row, at.exchange);
    const symbol = at.symbol < 0 ? this.#fileSymbol : this.#symbols.of(row, at.symbol);
    if (symbol < 0) return;
    const exchangeUs = row.stampUs(at.time, 'time');
    const receivedUs = at.received < 0 || row.isEmpty(at.received) ? 0 : row.stampUs(at.received, 'receive time');
    row.decimal(at.price, this.#price, 'price');
    row.decimal(at.quantity, this.#quantity, 'quantity');
    const sell = this.#sell(row);
    const { sink } = this.#context;
    if (at.id >= 0 && at.firstId >= 0 && at.lastId >= 0) {
      const first = row.integer(at.firstId, 'first trade id');
      const last = row.integer(at.lastId, 'last trade id');
      if (last < first) throw new BadRow(`last trade id ${last} lies before the first, ${first}`);
      sink.aggTrade(symbol, receivedUs, exchangeUs, row.integer(at.id, 'id'), first, last - first + 1, this.#price, this.#quantity, sell);
    } else {
      sink.trade(symbol, receivedUs, exchangeUs, at.id < 0 ? 0 : row.optionalId(at.id), this.#price, this.#quantity, sell);
    }
  }

  #sell(row: CsvRow): boolean {
    const at = this.#at;
    if (at.buyerMaker >= 0) return row.boolean(at.buyerMaker, 'buyer is maker');
    if (at.side < 0) return !row.boolean(at.buyerTaker, 'buyer is taker');
    const sell = sideOf(row.text(at.side));
    if (sell === undefined) throw new BadRow(`side ${JSON.stringify(row.text(at.side).slice(0, 20))} is neither buy nor sell`);
    return sell;
  }
}
