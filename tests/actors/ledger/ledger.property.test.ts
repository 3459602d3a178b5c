import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatMoney, money, Valuation } from '../../../actors/account/money.js';
import { ASK, BID } from '../../../actors/exchange/book/index.js';
import { price } from '../../../actors/exchange/futures/contract.js';
import { type AccountChange, type Execution, type Fill, type FuturesOrder, futuresSymbol, FuturesVenue, type UserSink } from '../../../actors/exchange/futures/usdm/index.js';
import { accountId } from '../../../actors/exchange/ids.js';
import { asset, formatAmount } from '../../../actors/exchange/ledger/index.js';
import { VenueError } from '../../../actors/exchange/venue-error.js';
import { bookIncome, type Books, booksRow, bookTrade, newBooks, totalsOf } from '../../../actors/ledger/books.js';
import { booksFrom, instrumentNames, leftBehind, renumbered } from '../../../actors/ledger/recover.js';
import { bookTrip, profitOf, type RoundTrip } from '../../../actors/ledger/round-trip.js';
import type { VenueIncome, VenueTrade } from '../../../actors/truth/views.js';
import type { Instrument } from '../../../data/records/index.js';
import { btc, dot } from '../support/instruments.js';

const RUNS = process.env['FAULTLINE_LONG'] === undefined ? { numRuns: 40, seed: 14 } : { numRuns: 5000 };
const USERS = [accountId(1001), accountId(1002)];
const START_US = Date.UTC(2026, 7, 3, 1) * 1000;
const NAMES = ['BTCUSDT', 'DOGEUSDT'] as const;
const INSTRUMENTS: readonly Instrument[] = [btc, { ...btc, index: 1, symbol: 'DOGEUSDT', tickSize: '0.00001', lotSize: '1' }];
const RECONCILE = INSTRUMENTS.map((instrument) => ({ instrument, baseAsset: '', minLots: 1 }));

type Told = { readonly trade: VenueTrade } | { readonly income: VenueIncome };

/** Random trading of two accounts with each other and with agents; what the first is told, and what the exchange's books say of it at the end. */
function history(commands: readonly Command[]): { readonly told: readonly Told[]; readonly wallet: string; readonly lots: readonly number[]; readonly realised: string } {
  const told: Told[] = [];
  let realised = 0n;
  const sink: UserSink = {
    tradeLite() {}, algoUpdate() {}, leverageChanged() {}, marginCall() {},
    accountChanged({ account, reason, balanceChange, atUs }: AccountChange) {
      if (account.id !== USERS[0] || reason === 'ORDER' || balanceChange === 0n) return;
      told.push({ income: { id: `${reason} ${told.length}`, kind: reason === 'FUNDING_FEE' ? 'funding' : 'other', asset: 'USDT', amount: formatAmount(balanceChange), symbol: null, venueMs: Math.floor(atUs / 1000) } });
    },
    orderUpdate(order: FuturesOrder, _execution: Execution, fill: Fill | undefined, atUs: number) {
      if (fill === undefined || order.account !== USERS[0]) return;
      realised += fill.realised;
      told.push({ trade: {
        tradeId: String(fill.tradeId), symbol: NAMES.indexOf(order.symbol.name as (typeof NAMES)[number]), venueOrderId: String(order.orderId), clientId: 'fl', side: order.side === BID ? 'buy' : 'sell', positionSide: 'BOTH',
        priceTicks: fill.ticks, lots: fill.lots, maker: fill.maker, fee: formatAmount(fill.commission), feeAsset: 'USDT', realised: formatAmount(fill.realised), venueMs: Math.floor(atUs / 1000),
      } });
    },
  };
  const venue: FuturesVenue = new FuturesVenue({
    symbols: [
      { spec: futuresSymbol({ symbol: 'BTCUSDT', base: 'BTC', quote: 'USDT', tickSize: '0.10', stepSize: '0.001' }), startPrice: '60000' },
      { spec: futuresSymbol({ symbol: 'DOGEUSDT', base: 'DOGE', quote: 'USDT', tickSize: '0.00001', stepSize: '1' }), startPrice: '0.2' },
    ], users: sink, insurance: '1000', makerRate: '-0.0001',
  }, START_US);
  for (const id of USERS) venue.openAccount(id, { USDT: '5000' });
  told.unshift({ income: { id: 'deposit', kind: 'transfer', asset: 'USDT', amount: '5000', symbol: null, venueMs: 0 } });
  let nowUs = START_US;
  const marks: Record<string, number> = { BTCUSDT: 600_000, DOGEUSDT: 20_000 };
  for (const it of commands) {
    nowUs += 1000;
    const symbol = NAMES[it.symbol]!;
    const ticks = Math.round((marks[symbol]! * (1000 + it.offset)) / 1000);
    const lots = symbol === 'BTCUSDT' ? it.size : it.size * 300;
    try {
      switch (it.do) {
        case 'order':
          venue.placeOrder(USERS[it.user]!, {
            symbol, side: it.side, quantity: symbol === 'BTCUSDT' ? (lots / 1000).toFixed(3) : String(lots),
            ...(it.market ? { type: 'MARKET' } : { type: 'LIMIT', timeInForce: 'GTC', price: symbol === 'BTCUSDT' ? (ticks / 10).toFixed(1) : (ticks / 100_000).toFixed(5) }),
          }, nowUs);
          break;
        case 'depth':
          venue.markets.get(symbol)!.book.add(it.side === 'BUY' ? BID : ASK, Math.round((marks[symbol]! * (1000 + (it.side === 'BUY' ? -1 : 1) * (1 + Math.abs(it.offset)))) / 1000), lots * 3, 1);
          break;
        case 'mark': {
          marks[symbol] = ticks;
          const mark = venue.markets.get(symbol)!.symbol.contract.priceOf(ticks);
          venue.setPrices(symbol, price(mark + 3n), mark, nowUs);
          break;
        }
        case 'wait':
          for (const until = nowUs + 241 * 60_000_000; nowUs < until; ) {
            nowUs = Math.min(until, Math.max(nowUs, venue.nextUs));
            venue.advance(nowUs);
          }
      }
    } catch (error) {
      if (!(error instanceof VenueError)) throw error;
    }
  }
  const account = venue.account(USERS[0]!);
  return {
    told, wallet: formatMoney(money(formatAmount(account.wallet(asset('USDT'))))), realised: formatMoney(money(formatAmount(realised as never))),
    lots: NAMES.map((name) => account.of(venue.markets.get(name)!).both.lots),
  };
}

const command = fc.record({
  do: fc.constantFrom('order' as const, 'order' as const, 'order' as const, 'order' as const, 'depth' as const, 'depth' as const, 'mark' as const, 'wait' as const), user: fc.nat({ max: 1 }), symbol: fc.nat({ max: 1 }),
  side: fc.constantFrom('BUY' as const, 'SELL' as const), offset: fc.integer({ min: -8, max: 8 }), size: fc.integer({ min: 2, max: 40 }), market: fc.boolean(),
});
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;
const commands = fc.array(command, { minLength: 30, maxLength: 120, size: 'max' });

function booked(told: readonly Told[]): Books {
  let books = newBooks('usdm');
  for (const each of told) books = ('trade' in each ? bookTrade(books, each.trade, 'ours', 'e', RECONCILE, ['fl']) : bookIncome(books, each.income)).books;
  return books;
}
const facts = (books: Books): unknown => {
  const { realised: _realised, trades: _trades, ...sums } = totalsOf(books);
  return { balances: books.view.balances.map(({ asset: name, total }) => `${name} ${total}`), positions: books.view.positions.map((each) => `${each.symbol} ${each.signedLots} ${each.ownLots}`).sort(), sums };
};

test('the ledger has what the exchange’s own books have, to the last unit, after any trading', () => {
  let fills = 0;
  fc.assert(fc.property(commands, (sequence) => {
    const { told, wallet, lots, realised } = history(sequence);
    const books = booked(told);
    fills += books.fills;
    assert.equal(books.view.balances.find((each) => each.asset === 'USDT')?.total, wallet);
    assert.deepEqual(lots, NAMES.map((_, symbol) => books.view.positions.find((each) => each.symbol === symbol)?.signedLots ?? 0));
    assert.equal(totalsOf(books).venueRealised['USDT'] ?? '0', realised);
    // Where everything is closed, our profits are the exchange's but for what its divisions leave over.
    if (lots.every((each) => each === 0)) {
      const difference = money(totalsOf(books).realised['USDT'] ?? '0') - money(realised);
      assert.ok(difference < 1_000_000_000_000n && difference > -1_000_000_000_000n, formatMoney(difference));
    }
  }), RUNS);
  assert.ok(fills > 200, `only ${fills} fills`);
});

test('neither the order in which fills are told nor their repetition matters to the sums', () => {
  fc.assert(fc.property(commands, fc.infiniteStream(fc.nat()), (sequence, picks) => {
    const { told } = history(sequence);
    const left = [...told, ...told.filter((_, at) => at % 3 === 0)];
    const shuffled: Told[] = [];
    for (const pick of picks) {
      if (left.length === 0) break;
      shuffled.push(...left.splice(pick % left.length, 1));
    }
    assert.deepEqual(facts(booked(shuffled)), facts(booked(told)));
  }), RUNS);
});

test('the books come back from their row as they were, and from no other row', () => {
  fc.assert(fc.property(commands, fc.jsonValue(), (sequence, anything) => {
    const books = booked(history(sequence).told);
    const row = JSON.parse(JSON.stringify(booksRow(books))) as unknown;
    assert.deepEqual(booksRow(booksFrom(row, 'usdm')), booksRow(books));
    assert.throws(() => booksFrom(row, 'spot'), RangeError);
    if (anything !== null) assert.throws(() => booksFrom(anything, 'usdm'), RangeError);
  }), { ...RUNS, numRuns: Math.min(RUNS.numRuns, 200) / 4 });
});

test('a trade from flat to flat earns what was sold less what was bought, linear and inverse, whatever the order of fills', () => {
  const fill = fc.record({ side: fc.constantFrom('buy' as const, 'sell' as const), lots: fc.integer({ min: 1, max: 50 }), priceTicks: fc.integer({ min: 900, max: 1100 }) });
  fc.assert(fc.property(fc.constantFrom(btc, dot), fc.array(fill, { minLength: 1, maxLength: 30 }), (instrument, fills) => {
    const net = fills.reduce((sum, each) => sum + (each.side === 'buy' ? each.lots : -each.lots), 0);
    const all = net === 0 ? fills : [...fills, { side: net > 0 ? ('sell' as const) : ('buy' as const), lots: Math.abs(net), priceTicks: 1000 }];
    const valuation = new Valuation(instrument);
    let open: RoundTrip | null = null;
    let profit = 0n;
    let fees = 0n;
    let pieces = 0n;
    for (const [at, each] of all.entries()) {
      const booking = bookTrip(open, { ...each, tradeId: String(at), entryId: '', fee: 3n, feeAsset: 'X', venueMs: at }, instrument);
      for (const trip of booking.closed) {
        assert.equal(trip.lots, 0);
        assert.equal(trip.boughtLots, trip.soldLots);
        profit += profitOf(trip, instrument);
        fees += trip.fees.get('X') ?? 0n;
        pieces += 1n;
      }
      open = booking.open;
    }
    assert.equal(open, null);
    assert.equal(fees, 3n * BigInt(all.length));
    const value = (side: 'buy' | 'sell'): bigint => all.filter((each) => each.side === side).reduce((sum, each) => sum + valuation.value(each.side, each.lots, each.priceTicks), 0n);
    const whole = valuation.profit(value('buy'), value('sell'));
    // A fill that is cut in two at zero is rounded twice, against us (inverse only).
    assert.ok(whole - profit >= 0n && whole - profit <= (instrument.product === 'inverse' ? pieces * 2n : 0n), `${whole - profit}`);
  }), { numRuns: 300 });
});

test('books of an earlier run come back to their own instruments, whatever their numbers are now', () => {
  const trade = (symbol: number, tradeId: string): Parameters<typeof bookTrade>[1] =>
    ({ tradeId, symbol, venueOrderId: '1', clientId: 'fl-1', side: 'buy', positionSide: 'BOTH', priceTicks: 1000, lots: 7, maker: false, fee: '0', feeAsset: 'USDT', realised: '0', venueMs: 5 });
  const books = bookTrade(bookTrade(newBooks('usdm'), trade(0, '9'), 'ours', 'e', RECONCILE, ['fl']).books, trade(1, '9'), 'foreign', '', RECONCILE, ['fl']).books;
  const row = JSON.parse(JSON.stringify({ ...booksRow(books), names: instrumentNames('usdm', RECONCILE) })) as unknown;
  const turned = RECONCILE.map((each) => ({ ...each, instrument: { ...each.instrument, index: 1 - each.instrument.index } }));
  const back = renumbered(booksFrom(row, 'usdm'), row, turned);
  assert.deepEqual(back.view.positions.map(({ symbol, ownLots }) => [symbol, ownLots]), [[1, 7], [0, 0]]);
  assert.deepEqual([...back.ownFills, ...back.trips.keys()], ['1 9', '1 BOTH']);
  assert.deepEqual(renumbered(booksFrom(row, 'usdm'), row, RECONCILE), booksFrom(row, 'usdm'));
  // Without the instrument that has something of ours no run begins; what is somebody else's may stay away.
  assert.deepEqual(leftBehind(row, 'usdm', [turned[1]!]), [NAMES[0]]);
  assert.deepEqual(leftBehind(row, 'usdm', [turned[0]!]), []);
  assert.deepEqual(leftBehind(undefined, 'usdm', []), []);
});
