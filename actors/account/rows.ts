/**
 * Trades and equity as rows of the record, so that the next run knows whose a position is. All rows of one turn of the engine reach the
 * disk together, so what stands here agrees with the rows of the trade's orders. Reading is total: a row that is none is a problem in words.
 */
import type { Instrument } from '../../data/records/index.js';
import type { StoredValue, StoreRow } from '../../data/store/row.js';
import type { ExitPurpose } from './messages.js';
import type { Side } from '../venue/messages.js';
import { openLots, type Trade } from './trade.js';

/** An order between us and the venue. */
export interface WorkingOrder {
  readonly id: string;
  readonly tradeId: string;
  readonly side: Side;
  readonly purpose: 'entry' | ExitPurpose;
  readonly remaining: number;
}

/** What an earlier run left of an account. */
export interface RecoveredAccount {
  readonly equity: ReadonlyMap<string, bigint>;
  readonly closedTrades: number;
  readonly trades: readonly Trade[];
  readonly orders: readonly WorkingOrder[];
  /** Rows of trades that have turned out to be none: entries that brought nothing and that nobody has. */
  readonly over: readonly StoreRow[];
}

const TRADE_KEY = 'account ';
const ACCOUNT_KEY = 'account';

const MONEY = ['reserved', 'entryValue', 'exitValue', 'fees', 'entryLotTicks', 'exitLotTicks'] as const satisfies readonly (keyof Trade)[];
const COUNTS = ['requestedLots', 'filledLots', 'closedLots', 'writtenOffLots', 'firstFillUs', 'lastFillUs'] as const satisfies readonly (keyof Trade)[];
const TEXTS = ['id', 'owner', 'strategy'] as const satisfies readonly (keyof Trade)[];

/** The row of a trade: `open` until it is over. Money is in units of the account's fixed point, as decimal integers. */
export function tradeRow(trade: Trade, orders: readonly WorkingOrder[], { venue, symbol }: Instrument, open: boolean): StoreRow {
  const amounts = Object.fromEntries(MONEY.map((name) => [name, trade[name].toString()]));
  const { symbol: _index, ...plain } = trade;
  return {
    table: 'trades', key: `${TRADE_KEY}${trade.id}`,
    row: { open, venue, instrument: symbol, openLots: open ? openLots(trade) : 0, trade: { ...plain, ...amounts } as unknown as StoredValue, orders: orders.map((order) => ({ ...order })) },
  };
}

/** Equity by asset, which begins where the last run ended. */
export const equityRow = (equity: ReadonlyMap<string, bigint>, closedTrades: number): StoreRow => ({
  table: 'snapshots', key: ACCOUNT_KEY, row: { equity: Object.fromEntries([...equity].map(([asset, amount]) => [asset, amount.toString()])), closedTrades },
});

type Fields = { readonly [key: string]: StoredValue };
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
const isAmount = (value: unknown): value is string => isText(value) && /^-?\d{1,60}$/.test(value);
const isSide = (value: unknown): value is Side => value === 'buy' || value === 'sell';
const isTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isText);
const PURPOSES: readonly string[] = ['target', 'stop', 'time', 'shutdown', 'restart', 'feed_lost', 'trading_disabled', 'manual'] satisfies readonly ExitPurpose[];
const isPurpose = (value: unknown): value is ExitPurpose => isText(value) && PURPOSES.includes(value);

function readTrade(value: unknown, symbol: number): Trade | undefined {
  if (!isFields(value)) return undefined;
  const { side, entryDone, entryReasons, exitReasons, flattening } = value;
  const whole = TEXTS.every((name) => isText(value[name])) && COUNTS.every((name) => isCount(value[name])) && MONEY.every((name) => isAmount(value[name]))
    && isSide(side) && typeof entryDone === 'boolean' && isTexts(entryReasons) && isTexts(exitReasons) && (flattening === null || isPurpose(flattening));
  if (!whole) return undefined;
  const amounts = Object.fromEntries(MONEY.map((name) => [name, BigInt(value[name] as string)])) as Pick<Trade, (typeof MONEY)[number]>;
  return { ...(value as unknown as Trade), ...amounts, symbol };
}

function readOrders(value: unknown): WorkingOrder[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const orders = value.filter((each): each is Fields => isFields(each) && isText(each['id']) && isText(each['tradeId']) && isSide(each['side']) && isCount(each['remaining'])
    && (each['purpose'] === 'entry' || isPurpose(each['purpose'])));
  return orders.length === value.length ? (orders as unknown as WorkingOrder[]) : undefined;
}

/**
 * What the rows of the record say of the account.
 * @param known ids of orders that the venue may still have; others are over, whatever the row says. Null: all that the rows name.
 */
export function recoveredAccount(rows: readonly StoreRow[], instruments: readonly Instrument[], known: ReadonlySet<string> | null): RecoveredAccount & { readonly problems: readonly string[] } {
  const problems: string[] = [];
  const trades: Trade[] = [];
  const orders: WorkingOrder[] = [];
  const over: StoreRow[] = [];
  let equity: ReadonlyMap<string, bigint> = new Map();
  let closedTrades = 0;
  for (const { table, key, row } of rows) {
    if (table === 'snapshots' && key === ACCOUNT_KEY) {
      const amounts = row['equity'];
      if (!isFields(amounts) || !Object.keys(amounts).sort().every((asset) => isAmount(amounts[asset])) || !isCount(row['closedTrades'])) problems.push('the row of the account\'s equity cannot be read');
      else {
        equity = new Map(Object.keys(amounts).sort().map((asset) => [asset, BigInt(amounts[asset] as string)]));
        closedTrades = row['closedTrades'];
      }
    }
    if (table !== 'trades' || row['open'] !== true || !key.startsWith(TRADE_KEY)) continue;
    const instrument = instruments.find(({ venue, symbol }) => venue === row['venue'] && symbol === row['instrument']);
    const trade = instrument === undefined ? undefined : readTrade(row['trade'], instrument.index);
    const working = readOrders(row['orders']);
    if (instrument === undefined) problems.push(`trade ${key.slice(TRADE_KEY.length)}: ${JSON.stringify(row['instrument'])} is not among the instruments of this run`);
    else if (trade === undefined || working === undefined) problems.push(`trade ${key.slice(TRADE_KEY.length)}: its row cannot be read`);
    else {
      const standing = working.filter(({ id }) => known === null || known.has(id));
      const entryDone = trade.entryDone || !standing.some(({ purpose }) => purpose === 'entry');
      if (entryDone && openLots(trade) <= 0) {
        over.push({ table, key, row: { ...row, open: false } });
        continue;
      }
      // Whoever was closing it is gone.
      trades.push({ ...trade, entryDone, flattening: null });
      orders.push(...standing);
    }
  }
  return { equity, closedTrades, trades, orders, over, problems };
}
