import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Book, BookState, sequenceRuleOf } from '../../../actors/market/book.js';
import { AUX, Flag, ID, Kind, KIND_MASK, PRICE, PRICE2, QTY, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I } from '../../../data/records/layout.js';
import { SHARED_DATA_ABSENT } from '../../support/shared-data.js';
import { realTape } from './real.js';
import type { RealTape } from './real.js';

interface Proof {
  applied: number;
  dropped: number;
  checks: number;
  agree: number;
  states: string[];
  final: string;
}

/** The proof of INDEX.md: at every update id that both streams name, the book's best equals the book ticker. */
function prove(tape: RealTape, index = 0): Proof {
  const { F, I, n } = tape;
  const book = new Book(sequenceRuleOf(tape.instruments[index].venue), 65_536, { obiLevels: 10, depthLevels: 20, perTick: 1, flat: 0 }, 65_536);
  // Best quotes of the book after each applied message, by update id; the two streams name an id in either order.
  const byId = new Map<number, string>();
  const tickers = new Map<number, string>();
  const proof: Proof = { applied: 0, dropped: 0, checks: 0, agree: 0, states: [], final: '' };
  let state: number = book.state;
  let messages = 0;
  for (let r = 0; r < n; r += 1) {
    const tag = I[r * WORDS_I + TAG];
    if (tag >>> SYMBOL_SHIFT !== index) continue;
    const f = r * WORDS_F;
    const kind = tag & KIND_MASK;
    if (kind === Kind.BOOK_TICKER) {
      tickers.set(F[f + ID], `${I[r * WORDS_I + PRICE]} ${F[f + QTY]} ${I[r * WORDS_I + PRICE2]} ${F[f + AUX]}`);
    } else if (kind === Kind.DEPTH || kind === Kind.SNAPSHOT) {
      if (kind === Kind.DEPTH && (tag & Flag.FIRST) !== 0) messages += 1;
      const before = book.lastId;
      book.take(F, I, r);
      if (book.changed && kind === Kind.DEPTH && book.lastId !== before) {
        byId.set(book.lastId, `${book.bids.best} ${book.bids.lotsAt(book.bids.best)} ${book.asks.best} ${book.asks.lotsAt(book.asks.best)}`);
      }
    }
    if (book.state !== state) {
      state = book.state;
      proof.states.push(['SYNCING', 'LIVE', 'GAP', 'STALE'][state]);
    }
  }
  book.finish();
  proof.applied = book.diffs;
  proof.dropped = messages - proof.applied;
  for (const [id, best] of byId) {
    const ticker = tickers.get(id);
    if (ticker === undefined) continue;
    proof.checks += 1;
    if (ticker === best) proof.agree += 1;
  }
  proof.final = `${book.bids.best} x ${book.bids.lotsAt(book.bids.best)} / ${book.asks.best} x ${book.asks.lotsAt(book.asks.best)}`;
  assert.equal(book.state, BookState.LIVE);
  return proof;
}

test('the USD-M recording rebuilds its book: every check against bookTicker agrees', async (t) => {
  const tape = await realTape('hftbacktest', 'binance-usdm', ['orderbook-ws/hftbacktest_usdm_btcusdt_20240808.gz']);
  if (tape === undefined) return t.skip(SHARED_DATA_ABSENT);
  const proof = prove(tape);
  assert.deepEqual({ ...proof }, {
    applied: 6547, dropped: 4, checks: 629, agree: 629, states: ['LIVE'], final: '616597 x 1486 / 616598 x 981',
  });
});

test('the spot recording, in two files, rebuilds its book', async (t) => {
  const tape = await realTape('hftbacktest', 'binance-spot', ['orderbook-ws/hftbacktest_spot_btcusdt_20240808.gz', 'orderbook-ws/hftbacktest_spot_btcusdt_20240809.gz']);
  if (tape === undefined) return t.skip(SHARED_DATA_ABSENT);
  const proof = prove(tape);
  const lot = Number(tape.instruments[0].lotSize);
  assert.equal(proof.final, `6160201 x ${Math.round(1.67177 / lot)} / 6160202 x ${Math.round(2.66795 / lot)}`);
  assert.deepEqual({ ...proof, final: '' }, { applied: 6493, dropped: 2, checks: 1072, agree: 1072, states: ['LIVE'], final: '' });
});

test('every symbol of the cryptofeed recordings synchronises without a gap', async (t) => {
  for (const [venue, files, symbols] of [
    ['binance-usdm', ['cryptofeed_BINANCE_FUTURES.http.0.0.gz', 'cryptofeed_BINANCE_FUTURES.ws.1.0.gz'], 4],
    ['binance-spot', ['cryptofeed_BINANCE.http.0.0.gz', 'cryptofeed_BINANCE.ws.1.0.gz'], 4],
    ['binance-coinm', ['cryptofeed_BINANCE_DELIVERY.http.0.0.gz', 'cryptofeed_BINANCE_DELIVERY.ws.1.0.gz'], 10],
  ] as const) {
    const tape = await realTape('cryptofeed', venue, files.map((file) => `orderbook-ws/${file}`));
    if (tape === undefined) return t.skip(SHARED_DATA_ABSENT);
    assert.equal(tape.instruments.length, symbols, venue);
    for (const instrument of tape.instruments) {
      const proof = prove(tape, instrument.index);
      assert.deepEqual([instrument.symbol, proof.states], [instrument.symbol, ['LIVE']]);
      assert.equal(proof.agree, proof.checks, instrument.symbol);
    }
  }
  return undefined;
});
