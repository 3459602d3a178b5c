import { Kind } from '../../records/index.js';
import type { CsvRow } from '../csv-row.js';
import { ExactNumber } from '../exact-number.js';
import { BadRow } from '../import-error.js';
import { venueOfName } from '../venue-alias.js';
import { EMPTY_TRADE } from './binance-messages.js';
import { BookRows, CsvDecoder, RepeatedText } from './csv-decoder.js';
import { column, hasColumns, splitQuoted, type DecoderContext, type Format, type Sample } from './format.js';

/** What a row is a part of. `final` is the writer's own book at the end of the day before, a level a row. */
type RowType = 'trade' | 'diff' | 'snapshot' | 'final';

const STREAM_TYPES: Readonly<Record<string, RowType>> = {
  TRADE_STREAM: 'trade',
  DIFFERENCE_DEPTH_STREAM: 'diff',
  DEPTH_SNAPSHOT: 'snapshot',
  FINAL_DEPTH_SNAPSHOT: 'final',
};
const FUTURES = ['binance-usdm', 'binance-coinm'];
const SPOT = ['binance-spot'];

/** CSV of Binance streams as unfazed-binance-data-processor (D. Lasota) flattens them, single streams or merged ones. */
export const lasotaCsv: Format = {
  id: 'lasota-csv',
  title: 'Binance streams flattened by binance-data-processor: trades, depth diffs, snapshots, or all merged',
  kinds: ['trade', 'depth', 'snapshot'],
  recognises: ({ header }) => hasColumns(header, 'timestampofreceive', 'symbol', 'price', 'quantity') && (header.includes('tradeid') || header.includes('isask')),
  framing: () => 'lines',
  venue: (sample) => {
    const market = column(sample.header, 'market');
    const first = splitQuoted(sample.lines[1] ?? '', ',')[market];
    return market < 0 || first === undefined ? undefined : venueOfName(first);
  },
  open: (sample, context) => new LasotaDecoder(sample, context),
};

class LasotaDecoder extends CsvDecoder {
  readonly #context: DecoderContext;
  readonly #price = new ExactNumber();
  readonly #quantity = new ExactNumber();
  readonly #symbols: RepeatedText;
  readonly #markets: RepeatedText;
  readonly #only: RowType;
  readonly #at: Readonly<Record<'type' | 'market' | 'symbol' | 'received' | 'event' | 'transaction' | 'output' | 'trade' | 'first' | 'final' | 'previous' | 'last' | 'ask' | 'price' | 'quantity' | 'maker' | 'execution', number>>;
  #open: RowType | undefined;
  #openSymbol = -1;
  #openId = 0;
  #openReceivedUs = 0;
  /** Type of the row being read; a refused trade harms no book. */
  #type: RowType | undefined;
  readonly #rows: BookRows;

  constructor(sample: Sample, context: DecoderContext) {
    super(true, sample.header.length);
    this.#context = context;
    this.#rows = new BookRows(context.sink);
    this.#symbols = new RepeatedText((name) => context.sink.symbols.index(name));
    this.#markets = new RepeatedText((name) => {
      context.venueNamed(name);
      return 0;
    });
    const at = (...names: string[]): number => column(sample.header, ...names);
    this.#at = {
      type: at('streamtype'), market: at('market'), symbol: at('symbol'), received: at('timestampofreceiveus', 'timestampofreceive'),
      event: at('eventtime'), transaction: at('transactiontime'), output: at('messageoutputtime'), trade: at('tradeid'),
      first: at('firstupdateid'), final: at('finalupdateid'), previous: at('finalupdateidinlaststream'), last: at('lastupdateid'),
      ask: at('isask'), price: at('price'), quantity: at('quantity'), maker: at('isbuyermarketmaker'), execution: at('xunknownparameter'),
    };
    this.#only = this.#at.trade >= 0 ? 'trade' : this.#at.final >= 0 ? 'diff' : 'snapshot';
    if (this.#at.market < 0) this.#checkShape(sample.header);
  }

  #checkShape(header: readonly string[]): void {
    if (this.#at.final >= 0) {
      const linked = this.#at.previous >= 0;
      this.#context.venueShown(linked ? FUTURES : SPOT, `a depth stream ${linked ? 'with' : 'without'} the last stream's id is of Binance ${linked ? 'futures' : 'spot'}`);
    } else if (header.includes('munknownparameter') || header.includes('xunknownparameter')) {
      const spot = header.includes('munknownparameter');
      this.#context.venueShown(spot ? SPOT : FUTURES, `a trade stream with the field ${spot ? 'M is of Binance spot' : 'X is of Binance futures'}`);
    }
  }

  protected read(row: CsvRow): void {
    const at = this.#at;
    this.#type = undefined;
    if (at.market >= 0) this.#markets.of(row, at.market);
    const symbol = this.#symbols.of(row, at.symbol);
    if (symbol < 0) return;
    const type = at.type < 0 ? this.#only : STREAM_TYPES[row.text(at.type)];
    if (type === undefined) throw new BadRow(`StreamType ${JSON.stringify(row.text(at.type).slice(0, 40))} is not known`);
    this.#type = type;
    if (type === 'trade') {
      this.end();
      this.#trade(row, symbol);
    } else {
      this.#level(row, symbol, type);
    }
  }

  #trade(row: CsvRow, symbol: number): void {
    const at = this.#at;
    row.decimal(at.price, this.#price, 'Price');
    row.decimal(at.quantity, this.#quantity, 'Quantity');
    const receivedUs = row.stampUs(at.received, 'TimestampOfReceive');
    const id = row.integer(at.trade, 'TradeId');
    if (this.#price.units === 0 && at.execution >= 0 && (row.isEmpty(at.execution) || row.text(at.execution) === 'NA')) {
      this.#context.sink.placeholder(Kind.TRADE, symbol, receivedUs, this.#exchangeUs(row), id);
      this.#context.ignore(EMPTY_TRADE);
      return;
    }
    this.#context.sink.trade(symbol, receivedUs, this.#exchangeUs(row), id, this.#price, this.#quantity, row.boolean(at.maker, 'IsBuyerMarketMaker'));
  }

  #level(row: CsvRow, symbol: number, type: 'diff' | 'snapshot' | 'final'): void {
    const at = this.#at;
    const id = row.integer(type === 'snapshot' ? at.last : at.final, type === 'snapshot' ? 'LastUpdateId' : 'FinalUpdateId');
    const receivedUs = row.stampUs(at.received, 'TimestampOfReceive');
    const continues = this.#open === type && symbol === this.#openSymbol && (type === 'final' ? receivedUs === this.#openReceivedUs : id === this.#openId);
    if (!continues) {
      this.end();
      const first = type === 'diff' ? row.integer(at.first, 'FirstUpdateId') : id;
      if (first > id) throw new BadRow(`FirstUpdateId ${first} lies after FinalUpdateId ${id}`);
      const previous = type !== 'diff' ? 0 : at.previous >= 0 ? row.integer(at.previous, 'FinalUpdateIdInLastStream') : Math.max(0, first - 1);
      // A level of the day's final book bears the stamps of the diff that set it, not of the book.
      const exchangeUs = type === 'final' ? 0 : this.#exchangeUs(row);
      this.#rows.open(type === 'diff' ? Kind.DEPTH : Kind.SNAPSHOT, symbol, receivedUs, exchangeUs, id, previous, id - first);
      this.#open = type;
      this.#openSymbol = symbol;
      this.#openId = id;
      this.#openReceivedUs = receivedUs;
    }
    if (id > this.#openId) this.#openId = id;
    row.decimal(at.price, this.#price, 'Price');
    row.decimal(at.quantity, this.#quantity, 'Quantity');
    this.#rows.level(row.boolean(at.ask, 'IsAsk'), this.#price, this.#quantity);
  }

  protected override refused(): void {
    if (this.#type !== 'trade') this.#rows.refuse();
  }

  #exchangeUs(row: CsvRow): number {
    const at = this.#at;
    if (at.transaction >= 0 && !row.isEmpty(at.transaction)) return row.stampUs(at.transaction, 'TransactionTime');
    if (at.event >= 0 && !row.isEmpty(at.event)) return row.stampUs(at.event, 'EventTime');
    return at.output >= 0 && !row.isEmpty(at.output) ? row.stampUs(at.output, 'MessageOutputTime') : 0;
  }

  override end(): void {
    if (this.#open !== undefined) this.#rows.close(this.#openId);
    this.#open = undefined;
  }
}
