import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AUX, Flag, ID, Kind, PRICE, PRICE2, QTY, TAG, WORDS_F, WORDS_I } from '../../../data/records/index.js';
import { SHARED_DATA_ABSENT, sharedData } from '../../support/shared-data.js';
import { expectedFigures } from './expected.js';
import { kindOf, SlowBook, symbolOf } from './slow-book.js';
import { imported, importedTape } from './support.js';

for (const [k, venue, tick, lot] of [[0, 'binance-usdm', '0.10', '0.001'], [1, 'binance-spot', '0.01', '0.000001']] as const) {
  test(`the hftbacktest recording of ${venue} rebuilds the book that was measured, equal to its own best quotes`, async (t) => {
    const expected = expectedFigures()?.orderbook_recordings[k];
    const inputs = expected?.files.map((file) => sharedData('orderbook-ws', file)) ?? [];
    if (expected === undefined || inputs.includes(undefined)) return t.skip(SHARED_DATA_ABSENT);
    const book = new SlowBook(venue === 'binance-usdm');
    const messages: Record<string, number> = { depthUpdate: 0, bookTicker: 0, trade: 0, snapshot: 0 };
    const sides = [0, 0];
    const bestOfId = new Map<number, readonly number[]>();
    const tickers: (readonly number[])[] = [];
    let low = Infinity;
    let high = -Infinity;
    const { report, header } = await importedTape({ inputs: inputs as string[], venue, symbols: ['BTCUSDT'] }, (batch, record) => {
      const f = record * WORDS_F;
      const i = record * WORDS_I;
      const tag = batch.I[i + TAG]!;
      switch (kindOf(batch, record)) {
        case Kind.SNAPSHOT:
          sides[(tag & Flag.SELL) === 0 ? 0 : 1]! += 1;
          if ((tag & Flag.LAST) !== 0) messages['snapshot']! += 1;
          book.take(batch, record);
          break;
        case Kind.DEPTH:
          if ((tag & Flag.LAST) !== 0) messages['depthUpdate']! += 1;
          if (book.take(batch, record)) {
            const [bid, ask] = [book.bestBid(), book.bestAsk()];
            bestOfId.set(book.u, [bid, book.bids.get(bid)!, ask, book.asks.get(ask)!]);
          }
          break;
        case Kind.BOOK_TICKER:
          messages['bookTicker']! += 1;
          tickers.push([batch.F[f + ID]!, batch.I[i + PRICE]!, batch.F[f + QTY]!, batch.I[i + PRICE2]!, batch.F[f + AUX]!]);
          break;
        case Kind.TRADE:
          messages['trade']! += 1;
          low = Math.min(low, batch.I[i + PRICE]!);
          high = Math.max(high, batch.I[i + PRICE]!);
          break;
        default:
          assert.fail(`a record of kind ${kindOf(batch, record)}`);
      }
    });
    const { instruments: [instrument] } = header;
    assert.deepEqual([instrument!.tickSize, instrument!.lotSize], [tick, lot]);
    const [tickSize, lotSize] = [Number(tick), Number(lot)];
    const near = (a: number, b: number): void => assert.ok(Math.abs(a - b) < 1e-9 * Math.max(1, b), `${a} ≠ ${b}`);
    assert.deepEqual(messages, expected.messages);
    assert.deepEqual(sides, [expected.snapshot.bid_levels, expected.snapshot.ask_levels]);
    assert.equal(book.snapshotId, expected.snapshot.lastUpdateId);
    assert.deepEqual([book.state, book.applied, book.dropped], ['live', expected.diffs_applied, expected.diffs_dropped_before_snapshot]);
    assert.equal(report.sequence.gaps, 0);
    assert.equal(report.badRows, 0);
    const [bid, ask] = [book.bestBid(), book.bestAsk()];
    assert.equal(book.u, expected.final_book.u);
    near(bid * tickSize, expected.final_book.best_bid);
    near(ask * tickSize, expected.final_book.best_ask);
    near(book.bids.get(bid)! * lotSize, expected.final_book.bid_qty);
    near(book.asks.get(ask)! * lotSize, expected.final_book.ask_qty);
    assert.deepEqual([book.bids.size, book.asks.size], [expected.final_book.bid_levels, expected.final_book.ask_levels]);
    near(low * tickSize, expected.trades.min);
    near(high * tickSize, expected.trades.max);
    const same = tickers.filter(([id]) => bestOfId.has(id!));
    const equal = same.filter(([id, ...quotes]) => quotes.every((value, side) => value === bestOfId.get(id!)![side]));
    assert.deepEqual([same.length, equal.length], [expected.bookTicker_same_u, expected.bookTicker_same_u_equal_bbo]);
  });
}

for (const [name, feed, venue] of [['BINANCE', 'BINANCE', 'binance-spot'], ['BINANCE_FUTURES', 'BINANCE_FUTURES', 'binance-usdm'], ['BINANCE_DELIVERY', 'BINANCE_DELIVERY', 'binance-coinm']] as const) {
  test(`cryptofeed ${name}: every symbol's book syncs with its REST snapshot from the .http file`, async (t) => {
    const ws = sharedData('orderbook-ws', `cryptofeed_${feed}.ws.1.0.gz`);
    const http = sharedData('orderbook-ws', `cryptofeed_${feed}.http.0.0.gz`);
    const expected = expectedFigures();
    if (ws === undefined || http === undefined || expected === undefined) return t.skip(SHARED_DATA_ABSENT);
    const books = new Map<number, SlowBook>();
    // No --venue: the recording names it by its address.
    const { report, header } = await importedTape({ inputs: [ws, http] }, (batch, record) => {
      const kind = kindOf(batch, record);
      assert.notEqual(kind, Kind.GAP);
      if (kind !== Kind.DEPTH && kind !== Kind.SNAPSHOT) return;
      const symbol = symbolOf(batch, record);
      if (!books.has(symbol)) books.set(symbol, new SlowBook(venue !== 'binance-spot'));
      books.get(symbol)!.take(batch, record);
    });
    assert.equal(report.venue, venue);
    assert.equal(books.size, header.instruments.length);
    for (const [index, book] of books) assert.equal(book.state, 'live', header.instruments[index]!.symbol);
    const sync = expected.cryptofeed_sync[name];
    if (sync === undefined) {
      assert.equal(books.size, 10);
      return;
    }
    for (const [symbol, [dropped, applied, bestBid, bestAsk, u]] of Object.entries(sync)) {
      const instrument = header.instruments.find((candidate) => candidate.symbol === symbol)!;
      const book = books.get(instrument.index)!;
      assert.deepEqual([book.dropped, book.applied, book.u], [dropped, applied, u], symbol);
      assert.equal((book.bestBid() * Number(instrument.tickSize)).toFixed(8), bestBid.toFixed(8));
      assert.equal((book.bestAsk() * Number(instrument.tickSize)).toFixed(8), bestAsk.toFixed(8));
    }
  });
}

test('deep_orderbook ETHBTC: a snapshot file without a stamp goes before the first diff beyond it', async (t) => {
  const inputs = ['snapshot', 'update', 'trades'].map((part) => sharedData('orderbook-ws', `deep_orderbook_ETHBTC_2020-11-01T09_${part}.json.gz`));
  const expected = expectedFigures()?.deep_orderbook_ETHBTC;
  if (inputs.includes(undefined) || expected === undefined) return t.skip(SHARED_DATA_ABSENT);
  const book = new SlowBook(false);
  const order: string[] = [];
  const { report, header } = await importedTape({ inputs: inputs as string[], venue: 'binance-spot' }, (batch, record) => {
    const kind = kindOf(batch, record);
    const id = batch.F[record * WORDS_F + ID]!;
    if (kind !== Kind.DEPTH && kind !== Kind.SNAPSHOT) return;
    if (order.length < 3 && (batch.I[record * WORDS_I + TAG]! & Flag.FIRST) !== 0) order.push(kind === Kind.SNAPSHOT ? 'snapshot' : id > expected.snapshot_09 ? 'after' : 'before');
    book.take(batch, record);
  });
  assert.deepEqual(order, ['before', 'snapshot', 'after']);
  assert.equal(book.snapshotId, expected.snapshot_09);
  // The measured final book is of two hours; the second one's diffs are not here. 1737948024 is the last u of this file.
  assert.deepEqual([book.state, book.u, report.sequence.gaps], ['live', 1_737_948_024, expected.gaps]);
  assert.ok(book.bestBid() < book.bestAsk() && header.instruments[0]!.tickSize === '0.000001');
  assert.equal(report.kinds['aggTrade'], 1736);
});

test('deep_orderbook BTCUSDT: a snapshot without stamp and without diffs is left out and counted', async (t) => {
  const inputs = ['snapshot', 'trades'].map((part) => sharedData('orderbook-ws', `deep_orderbook_BTCUSDT_2020-11-01T09_${part}.json.gz`));
  if (inputs.includes(undefined)) return t.skip(SHARED_DATA_ABSENT);
  const { report } = await imported({ inputs: inputs as string[], venue: 'binance-spot' });
  assert.deepEqual(report.kinds, { aggTrade: 18_054 });
  assert.equal(report.sequence.unplacedSnapshots, 1);
});

test('Deribit: books, best quotes and mark prices of options', async (t) => {
  const path = sharedData('orderbook-ws', 'cryptofeed_DERIBIT.ws.1.0.gz');
  if (path === undefined) return t.skip(SHARED_DATA_ABSENT);
  const { report, rows } = await imported({ inputs: [path] });
  assert.equal(report.venue, 'deribit');
  assert.equal(report.kinds['bookTicker'], 89);
  assert.equal(report.kinds['markPrice'], 89);
  assert.equal(rows.filter((row) => row.kind === 'snapshot' && row.last).length, 10);
  assert.equal(rows.filter((row) => row.kind === 'depth' && row.last).length, 36);
  assert.equal(report.sequence.gaps, 0);
  assert.ok(report.instruments.every(({ product, settle }) => product === 'option' && (settle === 'BTC' || settle === 'ETH')));
  // ETH-30JUL21-2800-C: snapshot 13169025645, then 13169031288 with prev_change_id 13169025645.
  const symbol = report.instruments.find((instrument) => instrument.symbol === 'ETH-30JUL21-2800-C')!.index;
  const change = rows.find((row) => row.kind === 'depth' && row.symbol === symbol)!;
  assert.deepEqual([change.id, change.aux], [13_169_031_288, 13_169_025_645]);
});

for (const [file, venue] of [
  ['lasota_test_positive_binance_difference_depth_stream_spot_trxusdt_04-03-2025.csv.gz', 'binance-spot'],
  ['lasota_test_positive_binance_difference_depth_stream_usd_m_futures_trxusdt_04-03-2025.csv.gz', 'binance-usdm'],
  ['lasota_test_positive_binance_difference_depth_stream_coin_m_futures_trxusd_perp_04-03-2025.csv.gz', 'binance-coinm'],
] as const) {
  test(`${file}: 10,000 levels in an unbroken chain`, async (t) => {
    const path = sharedData('orderbook-csv', file);
    if (path === undefined) return t.skip(SHARED_DATA_ABSENT);
    const { report, rows } = await imported({ inputs: [path], venue });
    assert.deepEqual(report.kinds, { depth: 10_000 });
    assert.equal(report.sequence.gaps, 0);
    assert.ok(rows[0]!.first && rows.at(-1)!.last);
    assert.ok(rows.every((row, k) => k === 0 || row.first === (row.id !== rows[k - 1]!.id)));
  });
}

test('the merged TRXUSDT stream: the day before as a snapshot, a REST snapshot in place, diffs and trades between', async (t) => {
  const path = sharedData('orderbook-csv', 'lasota_merged_depth_snapshot_difference_depth_stream_trade_stream_usd_m_futures_trxusdt_14-04-2025_positive.csv.gz');
  if (path === undefined) return t.skip(SHARED_DATA_ABSENT);
  const book = new SlowBook(true);
  const snapshots: number[] = [];
  const { report } = await importedTape({ inputs: [path] }, (batch, record) => {
    const kind = kindOf(batch, record);
    if (kind === Kind.SNAPSHOT && (batch.I[record * WORDS_I + TAG]! & Flag.LAST) !== 0) snapshots.push(batch.F[record * WORDS_F + ID]!);
    if (kind === Kind.DEPTH || kind === Kind.SNAPSHOT) book.take(batch, record);
  });
  assert.equal(report.venue, 'binance-usdm');
  assert.deepEqual(report.kinds, { trade: 199, depth: 2136, snapshot: 7521 });
  assert.deepEqual(snapshots, [7_267_631_271_246, 7_267_631_291_190]);
  assert.equal(report.sequence.gaps, 0);
  assert.equal(book.state, 'live');
  assert.ok(book.bestBid() < book.bestAsk());
});

test('Tardis and Binance historical book files', async (t) => {
  const file = (name: string): string | undefined => sharedData('payloads', 'nautilus-tardis', name);
  const inputs = ['binance-futures_book_snapshot_5_BTCUSDT.csv', 'deribit_incremental_book_L2_BTC-PERPETUAL.csv', 'huobi-dm-swap_quotes_BTC-USD.csv', 'btcusdt-depth-snap.csv', 'btcusdt-depth-update.csv', 'bitmex_trades_XBTUSD.csv'].map(file);
  if (inputs.includes(undefined)) return t.skip(SHARED_DATA_ABSENT);
  const [five, levels, quotes, snap, update, bitmex] = inputs as string[];
  const book = await imported({ inputs: [five!] });
  assert.equal(book.report.venue, 'binance-usdm');
  assert.equal(book.rows.length, 100);
  assert.deepEqual(book.rows.slice(0, 10).map((row) => row.sell), [false, false, false, false, false, true, true, true, true, true]);
  assert.deepEqual([book.rows[0]!.price, book.rows[0]!.quantity, book.rows[5]!.price, book.rows[5]!.quantity], [1_165_707, 10_896, 1_165_708, 1714]);
  const deribit = await imported({ inputs: [levels!] });
  assert.ok(deribit.rows.every((row, k) => row.kind === 'snapshot' && row.first === (k === 0)));
  const best = await imported({ inputs: [quotes!] });
  assert.deepEqual([best.rows[0]!.price, best.rows[0]!.quantity, best.rows[0]!.price2, best.rows[0]!.aux], [86_292, 806, 86_293, 5494]);
  const history = await imported({ inputs: [snap!, update!], venue: 'binance-usdm' });
  assert.deepEqual(history.report.kinds, { depth: 100, snapshot: 100 });
  assert.deepEqual([history.rows[100]!.aux, history.rows[100]!.id, history.rows[100]!.extra], [2_098_041_693_400, 2_098_041_696_700, 3265]);
  const trades = await imported({ inputs: [bitmex!] });
  assert.ok(trades.rows.every((row) => row.kind === 'trade' && row.id === 0), 'a UUID is no number');
});
