/** What the trades of a day came to, from the account's record. */
import { formatMoney, type Money, Valuation } from '../../../../actors/account/money.js';
import type { StoredRow } from '../../../../data/store/index.js';
import type { DeskInstrument } from './decimals.js';
import type { DayPnl } from './money.js';
import type { Records } from './records.js';

const DAY_US = 86_400_000_000;
/** Rows of a day that are looked at; one that has more is not summed up. */
const MOST_ROWS = 50_000;

interface Closed {
  /** When its last fill was, µs. */
  readonly atUs: number;
  readonly asset: string;
  readonly pnl: Money;
  readonly fees: Money;
}

/** Follows one record: what was looked at once is not looked at again. */
export class DayBook {
  readonly #records: Records;
  readonly #dir: string;
  readonly #instruments: readonly DeskInstrument[];
  readonly #closed = new Map<string, Closed>();
  #day = NaN;
  #seen = 0;
  /** One look at a time: each goes on where the one before has come. */
  #looking: Promise<unknown> = Promise.resolve();

  constructor(records: Records, dir: string, instruments: readonly DeskInstrument[]) {
    this.#records = records;
    this.#dir = dir;
    this.#instruments = instruments;
  }

  /**
   * Sums by asset of trades that ended on the day (UTC) of `atUs`, and by `untilUs`. What is closed never changes, so of a moment of the past that is
   * what it was then. @throws UiError where the record cannot be read, RangeError when the day is too long.
   */
  at(atUs: number, untilUs = Infinity): Promise<ReadonlyMap<string, DayPnl>> {
    const looked = this.#looking.then(() => this.#at(atUs, untilUs));
    this.#looking = looked.catch(() => {});
    return looked;
  }

  async #at(atUs: number, untilUs: number): Promise<ReadonlyMap<string, DayPnl>> {
    const day = Math.floor(atUs / DAY_US);
    if (day !== this.#day) {
      this.#day = day;
      this.#seen = 0;
      this.#closed.clear();
    }
    let [newest, looked] = [this.#seen, 0];
    for await (const row of this.#records.newest(this.#dir)) {
      if (row.seq <= this.#seen || row.atUs < day * DAY_US) break;
      newest = Math.max(newest, row.seq);
      looked += 1;
      if (looked > MOST_ROWS) throw new RangeError(`the record has more than ${MOST_ROWS} rows since that day began`);
      const closed = closedOf(row, day, this.#instruments);
      if (closed !== undefined) this.#closed.set(row.key, closed);
    }
    this.#seen = newest;
    return sums([...this.#closed.values()].filter((closed) => closed.atUs <= untilUs));
  }
}

const MOST_BOOKS = 16;
const books = new WeakMap<Records, Map<string, DayBook>>();

/** The one of a record and what is traded by it: who moves through a day looks at its rows once. */
export function dayBookOf(records: Records, { record, run, instruments }: { readonly record: string; readonly run: string; readonly instruments: readonly DeskInstrument[] }): DayBook {
  let own = books.get(records);
  if (own === undefined) books.set(records, (own = new Map<string, DayBook>()));
  const key = `${record} ${run}`;
  const book = own.get(key) ?? new DayBook(records, record, instruments);
  own.delete(key);
  own.set(key, book);
  for (const oldest of own.keys()) {
    if (own.size <= MOST_BOOKS) break;
    own.delete(oldest);
  }
  return book;
}

function closedOf({ table, key, row }: StoredRow, day: number, instruments: readonly DeskInstrument[]): Closed | undefined {
  if (table !== 'trades' || !key.startsWith('account ') || row['open'] !== false) return undefined;
  const instrument = instruments.find(({ venue, symbol }) => venue === row['venue'] && symbol === row['instrument']);
  const trade = row['trade'] as Readonly<Record<string, unknown>> | undefined;
  if (instrument === undefined || typeof trade !== 'object' || trade === null) return undefined;
  const { side, lastFillUs, filledLots } = trade;
  const [entry, exit, fees] = ['entryValue', 'exitValue', 'fees'].map((name) => amountOf(trade[name]));
  if (typeof lastFillUs !== 'number' || Math.floor(lastFillUs / DAY_US) !== day || filledLots === 0 || entry === undefined || exit === undefined || fees === undefined) return undefined;
  try {
    const valuation = new Valuation({ ...instrument, inferred: [] });
    return { atUs: lastFillUs, asset: instrument.settle, pnl: (side === 'buy' ? valuation.profit(entry, exit) : valuation.profit(exit, entry)) - fees, fees };
  } catch {
    return undefined;
  }
}

const amountOf = (value: unknown): Money | undefined => (typeof value === 'string' && /^-?\d{1,60}$/.test(value) ? BigInt(value) : undefined);

function sums(closed: Iterable<Closed>): ReadonlyMap<string, DayPnl> {
  const all = new Map<string, { pnl: Money; fees: Money; trades: number }>();
  for (const { asset, pnl, fees } of closed) {
    const before = all.get(asset) ?? { pnl: 0n, fees: 0n, trades: 0 };
    all.set(asset, { pnl: before.pnl + pnl, fees: before.fees + fees, trades: before.trades + 1 });
  }
  return new Map([...all].map(([asset, { pnl, fees, trades }]) => [asset, { pnl: formatMoney(pnl), fees: formatMoney(fees), trades }]));
}
