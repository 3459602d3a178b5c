import type { ListedContract, Listing } from '../../actors/exchange/listings.js';
import { LISTABLE } from '../../actors/exchange/listings.js';
import { allocateBatch, BLOCK_RECORDS, Kind, KIND_MASK, PRICE, SYMBOL_SHIFT, TAG, WORDS_I, type Instrument, type RecordBatch } from '../../data/records/index.js';
import { TapeReader } from '../../data/tape/index.js';
import type { TapeSource } from '../../actors/exchange/market/tape-market.js';
import { CliError } from '../cli/errors.js';

/** A tape that an exchange plays: which product and symbols it is of, and its records again and again. */
export interface ExchangeTape {
  readonly product: 'spot' | 'usdm';
  /** Number on the tape of a symbol. */
  readonly recorded: ReadonlyMap<string, number>;
  /** The symbols listed with a tape: its own with its ticks, lots and first price, and those that are always there. */
  readonly listings: readonly Listing[];
  /** A fresh pass over the records, for an engine that opens. */
  play(): TapeSource;
}

const QUOTE = 'USDT';
/** Records in which every symbol of a tape must have shown a price. */
const LOOK_RECORDS = 200 * BLOCK_RECORDS;
const LEAST_NOTIONAL = '5';

/** Opens `--tape FILE` for an exchange that lists `wanted`. @throws CliError, TapeError. @param onBroken told when the tape cannot be read on */
export function openExchangeTape(path: string, wanted: readonly Listing[], onBroken: (error: unknown) => void): ExchangeTape {
  const reader = TapeReader.open(path);
  try {
    const { instruments } = reader.header;
    const product = productOf(path, instruments);
    const prices = firstPrices(reader, instruments);
    const taped = instruments.map((instrument) => listingOf(path, instrument, product, prices.get(instrument.index)));
    const others = wanted.filter(({ symbol }) => !taped.some((one) => one.symbol === symbol));
    return {
      product,
      recorded: new Map(instruments.map(({ symbol, index }) => [symbol, index])),
      listings: [...taped, ...others].map((listing, index) => ({ ...listing, index })),
      play: () => new RepeatedTape(path, onBroken),
    };
  } finally {
    reader.close();
  }
}

/** Records of a tape, with a 0 at each end of it. */
class RepeatedTape implements TapeSource {
  readonly #path: string;
  readonly #onBroken: (error: unknown) => void;
  #reader: TapeReader | null = null;
  #broken = false;

  constructor(path: string, onBroken: (error: unknown) => void) {
    this.#path = path;
    this.#onBroken = onBroken;
  }

  next(batch: RecordBatch): number {
    if (this.#broken) return 0;
    try {
      this.#reader ??= TapeReader.open(this.#path);
      const count = this.#reader.next(batch);
      if (count > 0) return count;
      this.#reader.close();
      this.#reader = null;
      return 0;
    } catch (error) {
      this.#broken = true;
      this.#onBroken(error);
      return 0;
    }
  }
}

function productOf(path: string, instruments: readonly Instrument[]): 'spot' | 'usdm' {
  const products = new Set(instruments.map(({ product }) => product));
  const [only] = products;
  if (products.size === 1 && (only === 'spot' || only === 'linear')) return only === 'spot' ? 'spot' : 'usdm';
  throw new CliError('badInput', `${path} is of ${[...products].join(' and ')}: an exchange plays tapes of spot or of linear perpetuals`);
}

function listingOf(path: string, { symbol, tickSize, lotSize }: Instrument, product: 'spot' | 'usdm', ticks: number | undefined): Listing {
  if (!/^[A-Z0-9]{2,16}USDT$/.test(symbol)) throw new CliError('badInput', `${path} has ${symbol}: an exchange lists symbols that are quoted in ${QUOTE}`);
  if (ticks === undefined) throw new CliError('badInput', `${path} shows no price of ${symbol} at its beginning`);
  const known = LISTABLE.find((one) => one.symbol === symbol);
  const like = known ?? LISTABLE.at(-1)!;
  const contract: ListedContract = { tickSize, lotSize, minNotional: known?.[product].minNotional ?? LEAST_NOTIONAL };
  // What the catalogue does not know has the tape's ticks and lots on the other product too.
  const other = known ?? { spot: contract, usdm: contract };
  return {
    ...like, symbol, base: symbol.slice(0, -QUOTE.length), quote: QUOTE, startPrice: ticks * Number(tickSize), profile: { ...like.profile, symbol },
    spot: product === 'spot' ? contract : other.spot, usdm: product === 'usdm' ? contract : other.usdm,
  };
}

/** The first price of every symbol, in ticks. */
function firstPrices(reader: TapeReader, instruments: readonly Instrument[]): ReadonlyMap<number, number> {
  const prices = new Map<number, number>();
  const batch = allocateBatch(BLOCK_RECORDS);
  let seen = 0;
  for (let count = reader.next(batch); count > 0 && prices.size < instruments.length && seen < LOOK_RECORDS; count = reader.next(batch)) {
    seen += count;
    for (let record = 0; record < count; record++) {
      const tag = batch.I[record * WORDS_I + TAG]!;
      const kind = tag & KIND_MASK;
      const ticks = batch.I[record * WORDS_I + PRICE]!;
      if ((kind === Kind.TRADE || kind === Kind.AGG_TRADE || kind === Kind.BOOK_TICKER) && ticks > 0 && !prices.has(tag >>> SYMBOL_SHIFT)) prices.set(tag >>> SYMBOL_SHIFT, ticks);
    }
  }
  return prices;
}
