import { DecimalGrid, formatDecimal } from '../instruments/decimal.js';
import {
  AUX, CLOSE, EXCH_US, EXTRA, Flag, ID, Kind, KIND_MASK, KIND_NAMES, LOW, PRICE, PRICE2, QTY, RECV_US, SEQ, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I,
  type Instrument, type RecordBatch,
} from '../records/index.js';

/** A record for people and other programs: decimal prices and quantities, exact, as strings; stamps in µs; ids as numbers. */
export type ExportRow = Readonly<Record<string, string | number | boolean | null>>;

const COMMON_COLUMNS = ['seq', 'kind', 'venue', 'symbol', 'receiveUs', 'exchangeUs'] as const;
const LEVEL_COLUMNS = ['side', 'price', 'quantity', 'firstId', 'updateId', 'previousId', 'first', 'last', 'empty'] as const;

/** The columns of each kind after the common ones. */
const KIND_COLUMNS: Readonly<Record<Kind, readonly string[]>> = {
  [Kind.TRADE]: ['side', 'price', 'quantity', 'tradeId'],
  [Kind.AGG_TRADE]: ['side', 'price', 'quantity', 'tradeId', 'firstTradeId', 'trades'],
  [Kind.BOOK_TICKER]: ['bidPrice', 'bidQuantity', 'askPrice', 'askQuantity', 'updateId'],
  [Kind.DEPTH]: LEVEL_COLUMNS,
  [Kind.SNAPSHOT]: LEVEL_COLUMNS,
  [Kind.LIQUIDATION]: ['side', 'price', 'quantity'],
  [Kind.MARK]: ['markPrice', 'indexPrice', 'fundingRate', 'nextFundingUs'],
  [Kind.CANDLE]: ['open', 'high', 'low', 'close', 'volume', 'seconds', 'trades'],
  [Kind.GAP]: ['lastId', 'nextId', 'missing', 'stream'],
  [Kind.FUNDING]: ['fundingRate'],
  [Kind.DEPTH_BAND]: ['bandBps', 'quantity', 'notional'],
};

/** Every kind, by its name on the command line and in exports. */
export const KINDS_BY_NAME: ReadonlyMap<string, Kind> = new Map(Object.values(Kind).map((kind) => [KIND_NAMES[kind], kind]));

/** The columns of a table that holds these kinds, each once. */
export function exportColumns(kinds: Iterable<Kind>): string[] {
  const columns = new Set<string>(COMMON_COLUMNS);
  for (const kind of kinds) for (const column of KIND_COLUMNS[kind]) columns.add(column);
  return [...columns];
}

/** `units / 10^scale`, or null where the record holds no exact integer. */
function fixed(units: number, scale: number): string | null {
  return Number.isSafeInteger(units) ? formatDecimal(BigInt(units), scale) : null;
}

function integer(value: number): number | null {
  return Number.isSafeInteger(value) ? value : null;
}

/** Turns records of one tape into rows. */
export class RowMaker {
  readonly #instruments: readonly Instrument[];
  readonly #prices: readonly DecimalGrid[];
  readonly #lots: readonly DecimalGrid[];

  constructor(instruments: readonly Instrument[]) {
    this.#instruments = instruments;
    this.#prices = instruments.map(({ tickSize }) => new DecimalGrid(tickSize));
    this.#lots = instruments.map(({ lotSize }) => new DecimalGrid(lotSize));
  }

  /** The row of record `record` of `batch`; an unknown kind has the common columns only. */
  row({ F, I }: RecordBatch, record: number): ExportRow {
    const f = record * WORDS_F;
    const i = record * WORDS_I;
    const tag = I[i + TAG];
    const kind = tag & KIND_MASK;
    const symbol = tag >>> SYMBOL_SHIFT;
    const { venue, symbol: name } = this.#instruments[symbol];
    const common = { seq: F[f + SEQ], kind: KIND_NAMES[kind], venue, symbol: name, receiveUs: stamp(F[f + RECV_US]), exchangeUs: stamp(F[f + EXCH_US]) };
    const price = (word: number): string => this.#prices[symbol].toDecimal(I[i + word]);
    const lots = (word: number): string | null => (Number.isSafeInteger(F[f + word]) ? this.#lots[symbol].toDecimal(F[f + word]) : null);
    const id = integer(F[f + ID]);
    switch (kind) {
      case Kind.TRADE:
        return { ...common, side: side(tag, 'buy', 'sell'), price: price(PRICE), quantity: lots(QTY), tradeId: id };
      case Kind.AGG_TRADE:
        return { ...common, side: side(tag, 'buy', 'sell'), price: price(PRICE), quantity: lots(QTY), tradeId: id, firstTradeId: integer(F[f + AUX]), trades: I[i + EXTRA] };
      case Kind.BOOK_TICKER:
        return { ...common, bidPrice: price(PRICE), bidQuantity: lots(QTY), askPrice: price(PRICE2), askQuantity: lots(AUX), updateId: id };
      case Kind.DEPTH:
      case Kind.SNAPSHOT: {
        const level = (tag & Flag.EMPTY) === 0 ? { side: side(tag, 'bid', 'ask'), price: price(PRICE), quantity: lots(QTY) } : { side: null, price: null, quantity: null };
        return {
          ...common, ...level, firstId: id === null ? null : id - I[i + EXTRA], updateId: id, previousId: integer(F[f + AUX]),
          first: (tag & Flag.FIRST) !== 0, last: (tag & Flag.LAST) !== 0, empty: (tag & Flag.EMPTY) !== 0,
        };
      }
      case Kind.LIQUIDATION:
        return { ...common, side: side(tag, 'buy', 'sell'), price: price(PRICE), quantity: lots(QTY) };
      case Kind.MARK:
        return { ...common, markPrice: fixed(F[f + QTY], 8), indexPrice: F[f + AUX] === 0 ? null : fixed(F[f + AUX], 8), fundingRate: fixed(I[i + EXTRA], 8), nextFundingUs: stamp(F[f + ID]) };
      case Kind.CANDLE:
        return { ...common, open: price(PRICE), high: price(PRICE2), low: price(LOW), close: price(CLOSE), volume: lots(QTY), seconds: I[i + EXTRA], trades: id === 0 ? null : id };
      case Kind.GAP:
        return { ...common, lastId: id, nextId: integer(F[f + AUX]), missing: integer(F[f + QTY]), stream: KIND_NAMES[I[i + EXTRA]] ?? null };
      case Kind.FUNDING:
        return { ...common, fundingRate: fixed(F[f + QTY], 8) };
      case Kind.DEPTH_BAND:
        return { ...common, bandBps: I[i + EXTRA], quantity: lots(QTY), notional: fixed(F[f + AUX], 2) };
      default:
        return common;
    }
  }
}

/** A stamp, or null where none was recorded. */
function stamp(us: number): number | null {
  return us > 0 ? us : null;
}

function side<A extends string, B extends string>(tag: number, buy: A, sell: B): A | B {
  return (tag & Flag.SELL) === 0 ? buy : sell;
}

/** One line of CSV (RFC 4180), without its end. */
export function csvLine(cells: readonly (string | number | boolean | null | undefined)[]): string {
  return cells.map((cell) => {
    const text = cell === null || cell === undefined ? '' : String(cell);
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }).join(',');
}
