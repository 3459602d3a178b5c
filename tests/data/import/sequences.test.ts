import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Kind } from '../../../data/records/index.js';
import { depth, futuresDepth, trade } from './samples.js';
import { Folder, imported, type Imported } from './support.js';

const T0 = 1_760_000_000_000;

async function frames(messages: readonly object[], venue: string): Promise<Imported> {
  using folder = new Folder();
  return await imported({ inputs: [folder.file('frames.jsonl', messages.map((message) => JSON.stringify(message)).join('\n'))], venue });
}

/** Ids of the messages, and [last id, next id, missing, stream] of the gaps between them. */
function outline({ rows }: Imported): unknown[] {
  return rows.filter((row) => row.kind === 'gap' || row.first || row.kind === 'trade').map((row) => (row.kind === 'gap' ? [row.id, row.aux, row.quantity, row.extra] : row.id));
}

test('trade ids: skipped ones are a gap, repeated and older ones are counted', async () => {
  const made = await frames([trade(5), trade(6), trade(10), trade(10), trade(8), trade(11)], 'binance-spot');
  assert.deepEqual(outline(made), [5, 6, [6, 10, 3, Kind.TRADE], 10, 10, 8, 11]);
  assert.deepEqual([made.report.sequence.gaps, made.report.sequence.missing, made.report.sequence.repeatedIds], [1, 3, 2]);
  const gap = made.rows.find((row) => row.kind === 'gap')!;
  assert.equal(gap.exchangeUs, (T0 + 9) * 1000, 'the gap bears the stamps of the record that shows it');
});

test('ids are counted per symbol, and trades apart from aggregates', async () => {
  const agg = (a: number, s: string): object => ({ e: 'aggTrade', E: T0, s, a, p: '1.5', q: '2', f: a, l: a, T: T0, m: false });
  const made = await frames([trade(5), trade(90, { s: 'ETHUSDT' }), agg(5, 'BTCUSDT'), agg(7, 'ETHUSDT'), trade(6), agg(6, 'BTCUSDT'), trade(91, { s: 'ETHUSDT' })], 'binance-spot');
  assert.equal(made.report.sequence.gaps, 0);
  assert.equal((await frames([agg(5, 'BTCUSDT'), agg(8, 'BTCUSDT')], 'binance-usdm')).report.sequence.missing, 2);
  assert.equal((await frames([agg(5, 'BTCUSDT'), agg(8, 'BTCUSDT')], 'my-venue')).report.sequence.gaps, 0, 'a venue of one\'s own has no rule');
});

test('spot depth: U must follow the last u; how many ids are missing is known', async () => {
  const made = await frames([depth(1, 5), depth(6, 9), depth(14, 20), depth(15, 22), depth(3, 4), depth(23, 25)], 'binance-spot');
  assert.deepEqual(outline(made), [5, 9, [9, 14, 4, Kind.DEPTH], 20, 22, 4, 25]);
  assert.deepEqual([made.report.sequence.overlaps, made.report.sequence.repeatedIds], [1, 1]);
  const [first] = made.rows;
  assert.deepEqual([first!.id, first!.aux, first!.extra], [5, 0, 4]);
});

test('futures depth: pu must be the last u; a break counts one', async () => {
  const made = await frames([futuresDepth(1, 5, 0), futuresDepth(8, 9, 5), futuresDepth(30, 40, 22), futuresDepth(41, 42, 40)], 'binance-usdm');
  assert.deepEqual(outline(made), [5, 9, [9, 30, 1, Kind.DEPTH], 40, 42]);
});

test('a diff that continues a snapshot is no gap, whatever came before', async () => {
  const snapshot = { lastUpdateId: 100, E: T0, T: T0, bids: [['1.5', '1']], asks: [['1.6', '1']], symbol: 'BTCUSDT' };
  const made = await frames([futuresDepth(1, 5, 0), snapshot, futuresDepth(101, 110, 100)], 'binance-usdm');
  assert.equal(made.report.sequence.gaps, 0);
});

test('Deribit: prev_change_id must be the last change_id, trade_seq must count on', async () => {
  const book = (id: number, previous: number | undefined): object => ({ jsonrpc: '2.0', method: 'subscription', params: { channel: 'book.BTC-PERPETUAL.raw', data: { type: previous === undefined ? 'snapshot' : 'change', timestamp: T0, instrument_name: 'BTC-PERPETUAL', change_id: id, ...(previous === undefined ? {} : { prev_change_id: previous }), bids: [['new', 100.5, 10]], asks: [] } } });
  const sold = (seq: number): object => ({ jsonrpc: '2.0', method: 'subscription', params: { channel: 'trades.BTC-PERPETUAL.raw', data: [{ trade_seq: seq, trade_id: 'x', timestamp: T0, price: 100.5, amount: 10, direction: 'sell', instrument_name: 'BTC-PERPETUAL' }] } });
  const made = await frames([book(5, undefined), book(9, 5), book(20, 14), sold(1), sold(4)], 'deribit');
  assert.deepEqual(outline(made), [5, 9, [9, 20, 1, Kind.DEPTH], 20, 1, [1, 4, 2, Kind.TRADE], 4]);
});

test('a bar that is missing on a venue that never closes is a gap of one', async () => {
  using folder = new Folder();
  const bars = [0, 1, 2, 5, 6, 7].map((k) => `${T0 + k * 60_000},100.1,100.4,99.9,100.2,12.5`);
  const path = folder.file('bars.csv', `timestamp,open,high,low,close,volume\n${bars.join('\n')}\n`);
  const made = await imported({ inputs: [path], venue: 'binance-spot', symbols: ['BTCUSDT'] });
  const gap = made.rows.find((row) => row.kind === 'gap')!;
  assert.deepEqual([gap.quantity, gap.extra, gap.id, gap.aux], [2, Kind.CANDLE, (T0 + 180_000) * 1000, (T0 + 300_000) * 1000]);
  assert.equal((await imported({ inputs: [path], venue: 'arca', symbols: ['SPY'] })).report.sequence.gaps, 0);
});

test('a diff without levels is one empty record', async () => {
  const { rows } = await frames([depth(1, 5, { b: [], a: [] })], 'binance-spot');
  assert.deepEqual(rows.map(({ kind, empty, first, last, id }) => [kind, empty, first, last, id]), [['depth', true, true, true, 5]]);
});

test('a liquidated taker leaves a liquidation beside its trade, a liquidated maker one of the other side', async () => {
  const liquidated = (liquidation: string): object => ({ jsonrpc: '2.0', method: 'subscription', params: { channel: 'trades.BTC-PERPETUAL.raw', data: [{ trade_seq: 1, timestamp: T0, price: 100.5, amount: 10, direction: 'sell', instrument_name: 'BTC-PERPETUAL', liquidation }] } });
  for (const [mark, sides] of [['T', [true]], ['M', [false]], ['MT', [true, false]]] as const) {
    const { rows } = await frames([liquidated(mark)], 'deribit');
    assert.deepEqual(rows.map(({ kind, sell }) => [kind, sell]), [['trade', true], ...sides.map((sell) => ['liquidation', sell])]);
  }
});

test('files are merged by stamp, equal stamps in the order of the arguments, each file in its own order', async () => {
  using folder = new Folder();
  const stamps = fc.array(fc.nat(20), { minLength: 1, maxLength: 30 });
  await fc.assert(fc.asyncProperty(fc.array(stamps, { minLength: 2, maxLength: 4 }), async (files) => {
    const inputs = files.map((offsets, k) => folder.file(`f${k}.csv`, `time,price,qty,side,id\n${offsets.map((offset, n) => `${T0 + offset},1.5,${k + 1},buy,${k * 1000 + n}`).join('\n')}\n`));
    const { rows } = await imported({ inputs, venue: 'lab', symbols: ['X'] });
    // The reference: a stable sort by the latest stamp of the file so far, then by file.
    const wanted = files.flatMap((offsets, k) => offsets.map((_, n) => ({ key: Math.max(...offsets.slice(0, n + 1)), k, n })))
      .sort((a, b) => a.key - b.key || a.k - b.k || a.n - b.n);
    assert.deepEqual(rows.map((row) => row.id), wanted.map(({ k, n }) => k * 1000 + n));
  }), { numRuns: 60 });
});

test('a book message is never torn apart by a merge', async () => {
  using folder = new Folder();
  const inputs = [
    folder.file('a.jsonl', [depth(1, 5, {}, T0), depth(6, 9, {}, T0 + 2)].map((m) => JSON.stringify(m)).join('\n')),
    folder.file('b.jsonl', [trade(1, { T: T0 }), trade(2, { T: T0 + 1 }), trade(3, { T: T0 + 2 })].map((m) => JSON.stringify(m)).join('\n')),
  ];
  const { rows } = await imported({ inputs, venue: 'binance-spot' });
  assert.deepEqual(rows.map(({ kind, id }) => `${kind} ${id}`), ['depth 5', 'depth 5', 'trade 1', 'trade 2', 'depth 9', 'depth 9', 'trade 3']);
});

test('trade ids go on from one file to the next', async () => {
  using folder = new Folder();
  const file = (day: number, from: number, count: number): string => folder.file(`BTCUSDT-trades-2025-10-0${day}.csv`, Array.from({ length: count }, (_, k) => `${from + k},100.1,0.5,50,${T0 + day * 86_400_000 + k},true,true`).join('\n'));
  assert.equal((await imported({ inputs: [file(1, 1, 10), file(2, 11, 10)], venue: 'binance-spot' })).report.sequence.gaps, 0);
  const holed = await imported({ inputs: [file(1, 1, 10), file(2, 14, 10)], venue: 'binance-spot' });
  assert.deepEqual([holed.report.sequence.gaps, holed.report.sequence.missing], [1, 3]);
});

test('--symbol takes some of several, and the header keeps their order', async () => {
  using folder = new Folder();
  const path = folder.file('many.jsonl', [trade(1), trade(1, { s: 'ETHUSDT' }), trade(1, { s: 'XRPUSDT' })].map((m) => JSON.stringify(m)).join('\n'));
  const { rows, report } = await imported({ inputs: [path], venue: 'binance-spot', symbols: ['xrpusdt', 'BTCUSDT'] });
  assert.deepEqual(report.instruments.map(({ symbol, index }) => [symbol, index]), [['XRPUSDT', 0], ['BTCUSDT', 1]]);
  assert.deepEqual(rows.map(({ symbol }) => symbol), [1, 0]);
  assert.deepEqual(report.otherSymbols, ['ETHUSDT']);
  assert.deepEqual((await imported({ inputs: [path], venue: 'binance-spot' })).report.instruments.map(({ symbol }) => symbol), ['BTCUSDT', 'ETHUSDT', 'XRPUSDT']);
});

test('a snapshot that names no symbol is not given to a symbol it may not be of', async () => {
  using folder = new Folder();
  const snapshot = { lastUpdateId: 4, bids: [['1.5', '1']], asks: [] };
  const path = folder.file('two.jsonl', [snapshot, depth(5, 9), depth(1, 2, { s: 'ETHUSDT' })].map((m) => JSON.stringify(m)).join('\n'));
  await assert.rejects(imported({ inputs: [path], venue: 'binance-spot', symbols: ['BTCUSDT'] }), /names no symbol, and the files hold several/);
  const { report } = await imported({ inputs: [path], venue: 'binance-spot', symbols: ['BTCUSDT'], skipBadRows: true });
  assert.deepEqual([report.kinds['depth'], report.kinds['snapshot'] ?? 0, report.badRows], [2, 0, 1]);
});

test('stamps: T before E, the receive stamp as recorded, mark prices with their next funding', async () => {
  using folder = new Folder();
  const text = [
    `${T0}123456 ${JSON.stringify(trade(1, { E: T0 + 9, T: T0 + 4 }))}`,
    `${T0}123999 ${JSON.stringify({ e: 'markPriceUpdate', E: T0 + 8, s: 'BTCUSDT', p: '11794.15000000', i: '11784.62659091', r: '-0.00038167', T: T0 + 60_000 })}`,
  ].join('\n');
  const { rows } = await imported({ inputs: [folder.file('r.txt', text)], venue: 'binance-usdm' });
  assert.deepEqual([rows[0]!.receivedUs, rows[0]!.exchangeUs], [T0 * 1000 + 123, (T0 + 4) * 1000]);
  assert.deepEqual([rows[1]!.receivedUs, rows[1]!.exchangeUs, rows[1]!.id], [T0 * 1000 + 123, (T0 + 8) * 1000, (T0 + 60_000) * 1000]);
  assert.deepEqual([rows[1]!.quantity, rows[1]!.aux, rows[1]!.extra], [1_179_415_000_000, 1_178_462_659_091, -38_167]);
});

test('generic CSV: spellings, delimiters and units', async () => {
  using folder = new Folder();
  for (const [header, row] of [
    ['timestamp,price,quantity,side', `${T0},100.5,2,sell`],
    ['Time\tPx\tSize\tAggressor', `${T0 / 1000}\t100.5\t2\tS`],
    ['ts|rate|vol|direction', `${T0}000000|100.5|2|ASK`],
    ['tradeTime;tradePrice;tradeQty;isBuyerMaker', `${T0}000;100.5;2;1`],
    ['id,date,amount_btc,price_usd,buyer_is_maker', '7,2025-10-09T08:53:20Z,2,100.5,True'],
    ['"Date (UTC)","Market","Type","Price","Amount"', '2025-10-09 08:53:20,BTCUSDT,SELL,100.5,2'],
    ['takerSide,exchange_time,size,price', `-1,${T0},2.000,1.005e2`],
  ] as const) {
    const path = folder.file('g.csv', `${header}\n${row}\n`);
    const { rows, report } = await imported({ inputs: [path], venue: 'lab', symbols: ['BTCUSDT'] });
    assert.equal(report.inputs[0]!.format, 'generic-csv', header);
    const { tickSize, lotSize } = report.instruments[0]!;
    assert.deepEqual([rows[0]!.kind, rows[0]!.sell, rows[0]!.exchangeUs, rows[0]!.price * Number(tickSize), rows[0]!.quantity * Number(lotSize)], ['trade', true, T0 * 1000, 100.5, 2], header);
  }
});

test('sizes that nobody stated are worked out and marked so', async () => {
  using folder = new Folder();
  const file = (name: string, prices: readonly string[]): string => folder.file(name, `timestamp,price,quantity,side\n${prices.map((price, k) => `${T0 + k},${price},${(k % 7) + 1}0,buy`).join('\n')}\n`);
  const halves = Array.from({ length: 100 }, (_, k) => (100 + k / 2).toFixed(1));
  const known = await imported({ inputs: [file('a.csv', halves)], venue: 'somewhere', symbols: ['XBTUSD'] });
  assert.deepEqual([known.report.instruments[0]!.tickSize, known.report.instruments[0]!.lotSize], ['0.5', '10']);
  assert.deepEqual([...known.report.instruments[0]!.inferred].sort(), ['lotSize', 'multiplier', 'product', 'settle', 'tickSize']);
  const few = await imported({ inputs: [file('b.csv', ['100.5', '101.5'])], venue: 'somewhere', symbols: ['XBTUSD'] });
  assert.equal(few.report.instruments[0]!.tickSize, '0.1', 'a few prices prove nothing coarser than their last decimal');
  const venue = await imported({ inputs: [file('c.csv', ['100.5', '101.5'])], venue: 'binance-usdm', symbols: ['BTCUSDT'] });
  assert.deepEqual([venue.report.instruments[0]!.tickSize, venue.report.instruments[0]!.product, venue.report.instruments[0]!.inferred], ['0.10', 'linear', []]);
  const finer = await imported({ inputs: [file('d.csv', ['100.51', '101.5'])], venue: 'binance-usdm', symbols: ['BTCUSDT'] });
  assert.deepEqual([finer.report.instruments[0]!.tickSize, finer.report.instruments[0]!.inferred], ['0.01', ['tickSize']], 'the data have the last word');
});
