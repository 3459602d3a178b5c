import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MarketKernel } from '../../../actors/market/index.js';
import { paramsForSymbol } from '../../../config/indicators.js';
import { DEFAULT_CONFIG } from '../../../config/index.js';
import { Flag, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I } from '../../../data/records/index.js';
import { bookRecords } from '../../../tools/runs/book-records.js';
import { generatedTape, type MemoryTape } from '../../support/replay-tape.js';

const tape = generatedTape({ scenario: 'feed-trouble', seed: 5, minutes: 6, symbols: 3, rate: 0.05 });
const newKernel = (): MarketKernel => new MarketKernel(tape.header.instruments, ({ symbol }) => paramsForSymbol(DEFAULT_CONFIG.indicators, symbol));

function runTo(kernel: MarketKernel, { F }: MemoryTape, from: number, to: number): void {
  const I = new Int32Array(F.buffer, F.byteOffset);
  for (let at = from; at < to;) at = kernel.run(F, I, at, to);
}

/** Every level of every book that is LIVE, best first. */
function booksOf(kernel: MarketKernel): (string | null)[] {
  return kernel.symbols.map((symbol) => {
    if (!symbol.live) return null;
    const levels: string[] = [];
    for (const side of ['bid', 'ask'] as const) {
      for (let ticks = symbol.nextPrice(side, 0); ticks !== 0; ticks = symbol.nextPrice(side, ticks)) levels.push(`${side} ${ticks} ${symbol.lotsAt(side, ticks)}`);
    }
    return levels.join('\n');
  });
}

void test('a kernel that begins with a tape’s preamble and goes on with the tape has the books of one that saw everything', () => {
  let live = 0;
  for (const share of [0.2, 0.45, 0.7]) {
    const cut = Math.floor(tape.records * share);
    const whole = newKernel();
    runTo(whole, tape, 0, cut);
    const preamble = bookRecords(whole.symbols, whole.clockUs);
    const begun = newKernel();
    for (let at = 0; at < preamble.length;) at = begun.run(preamble.F, preamble.I, at, preamble.length);
    assert.deepEqual(booksOf(begun), booksOf(whole), 'where the tape begins');
    assert.equal(begun.counters().invalid, 0);
    live += booksOf(whole).filter((book) => book !== null).length;
    // The first message after a cut within one is not whole for the kernel that begins there: both must say the same of whole ones.
    const end = Math.min(tape.records, cut + 4000);
    runTo(whole, tape, cut, end);
    runTo(begun, tape, cut, end);
    booksOf(begun).forEach((book, symbol) => {
      if (book !== null) assert.equal(book, booksOf(whole)[symbol], `symbol ${symbol}, ${share}`);
    });
    assert.ok(booksOf(begun).some((book) => book !== null));
  }
  assert.ok(live >= 6, `${live} books`);
});

void test('each book is one message; one that is not LIVE is left out', () => {
  const kernel = newKernel();
  assert.equal(bookRecords(kernel.symbols, 1).length, 0);
  runTo(kernel, tape, 0, Math.floor(tape.records * 0.5));
  const { I, F, length } = bookRecords(kernel.symbols, 7e15);
  const flags = { first: 0, last: 0 };
  const symbols = new Set<number>();
  for (let at = 0; at < length; at += 1) {
    const tag = I[at * WORDS_I + TAG]!;
    symbols.add(tag >>> SYMBOL_SHIFT);
    if ((tag & Flag.FIRST) !== 0) flags.first += 1;
    if ((tag & Flag.LAST) !== 0) flags.last += 1;
    assert.equal(F[at * WORDS_F + 1], 7e15);
  }
  const live = kernel.symbols.filter((symbol) => symbol.live).length;
  assert.deepEqual([symbols.size, flags.first, flags.last], [live, live, live]);
});
