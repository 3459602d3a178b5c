import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MarketKernel } from '../../../actors/market/index.js';
import { DEFAULT_INDICATOR_PARAMS } from '../../../config/indicators.js';
import { Kind } from '../../../data/records/layout.js';
import { instrument, message, type Rec, records } from './records.js';

const T0 = 1_760_130_000e6;
const quote = (id: number, bid: number, ask: number): Rec => ({ kind: Kind.BOOK_TICKER, exch: T0, id, price: bid, price2: ask, qty: 5, aux: 5 });
const BOOK = message(Kind.SNAPSHOT, 10, 0, [['bid', 99, 5], ['bid', 98, 5], ['ask', 101, 5]], { exch: T0 });
const better = (u: number): Rec[] => message(Kind.DEPTH, u, u - 1, [['bid', 100, 5]], { exch: T0 });

/** The book's facts after these records. */
function after(...list: readonly Rec[]) {
  const kernel = new MarketKernel([instrument()], () => DEFAULT_INDICATOR_PARAMS);
  const tape = records([...BOOK, ...list]);
  for (let at = 0; at < tape.n;) at = kernel.run(tape.F, tape.I, at, tape.n);
  return kernel.facts(0)!.book;
}

test('002-382: quotes and book of one update id are compared, whichever comes first', () => {
  for (const [first, second] of [[better(11), [quote(11, 100, 101)]], [[quote(11, 100, 101)], better(11)]] as const) {
    const { quotesAgreed, quotesDiffered, quotesDiffer } = after(...first, ...second);
    assert.deepEqual([quotesAgreed, quotesDiffered, quotesDiffer], [1, 0, false]);
  }
  for (const [first, second] of [[better(11), [quote(11, 99, 101)]], [[quote(11, 100, 102)], better(11)]] as const) {
    const { quotesAgreed, quotesDiffered, quotesDiffer } = after(...first, ...second);
    assert.deepEqual([quotesAgreed, quotesDiffered, quotesDiffer], [0, 1, true]);
  }
});

test('quotes of other ids, and a book that is not in step, are not compared; the next that is alike ends the doubt', () => {
  assert.deepEqual([after(quote(12, 100, 101), ...better(11)), after(...better(11), quote(10, 1, 2))].map(({ quotesAgreed, quotesDiffered }) => quotesAgreed + quotesDiffered), [0, 0]);
  const gap = message(Kind.DEPTH, 20, 18, [['bid', 100, 5]], { exch: T0 });
  assert.equal(after(...gap, quote(20, 100, 101)).quotesAgreed, 0);
  const healed = after(...better(11), quote(11, 99, 101), ...message(Kind.DEPTH, 12, 11, [['ask', 102, 5]], { exch: T0 }), quote(12, 100, 101));
  assert.deepEqual([healed.quotesAgreed, healed.quotesDiffered, healed.quotesDiffer], [1, 1, false]);
  assert.deepEqual([healed.bids, healed.asks, healed.snapshots], [3, 2, 1]);
});
