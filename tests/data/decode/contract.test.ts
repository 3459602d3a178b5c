import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BINANCE_MARKETS, FrameDecoder } from '../../../data/decode/index.js';
import { allocateBatch, AUX, EXCH_US, EXTRA, Flag, ID, Kind, KIND_MASK, PRICE, PRICE2, QTY, RECV_US, SEQ, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I, type RecordBatch } from '../../../data/records/index.js';
import { FrameMaker, INSTRUMENTS } from '../../../tools/fuzz/frames.js';
import { MUTATIONS } from '../../../tools/fuzz/mutate.js';
import { Random } from '../../../tools/fuzz/random.js';
import { Pair } from './compare.js';

const spot = INSTRUMENTS['binance-spot'];
const usdm = INSTRUMENTS['binance-usdm'];
const RECV_STAMP = 1_723_161_255_000_123;

function decoded(frame: string, market: 'binance-spot' | 'binance-usdm' | 'binance-coinm' = 'binance-spot', rawStream = ''): { decoder: FrameDecoder; count: number; batch: RecordBatch } {
  const decoder = new FrameDecoder({ market, instruments: INSTRUMENTS[market], rawStream });
  const batch = allocateBatch(64);
  const bytes = Buffer.from(frame);
  const count = decoder.decode(bytes, 0, bytes.length, new Float64Array([RECV_STAMP]), batch, 0, 64);
  batch.length = Math.max(0, count);
  return { decoder, count, batch };
}

/** The words of a record as the layout names them. */
function fields({ F, I }: RecordBatch, record = 0): Record<string, number> {
  const f = record * WORDS_F;
  const i = record * WORDS_I;
  const tag = I[i + TAG]!;
  return {
    kind: tag & KIND_MASK, flags: tag & 0xff00, symbol: tag >>> SYMBOL_SHIFT, seq: F[f + SEQ]!, recv: F[f + RECV_US]!, exch: F[f + EXCH_US]!, id: F[f + ID]!, qty: F[f + QTY]!,
    aux: F[f + AUX]!, price: I[i + PRICE]!, price2: I[i + PRICE2]!, extra: I[i + EXTRA]!,
  };
}

const base = { symbol: 0, seq: 0, recv: RECV_STAMP, price2: 0, extra: 0, aux: 0, flags: 0 };

describe('what a frame becomes, written out by hand', () => {
  test('aggTrade of spot, combined stream', () => {
    const { decoder, count, batch } = decoded('{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":1723161255344,"s":"BTCUSDT","a":3735683259,"p":"61837.63000000","q":"0.02000000","f":100,"l":102,"T":1723161255342,"m":true,"M":true}}');
    assert.deepEqual([count, decoder.lastOutcome, decoder.lastReason], [1, 'fast', '']);
    assert.deepEqual(fields(batch), { ...base, kind: Kind.AGG_TRADE, flags: Flag.SELL, exch: 1_723_161_255_342_000, id: 3_735_683_259, qty: 2000, aux: 100, price: 6_183_763, extra: 3 });
  });

  test('trade of spot with stamps in microseconds, raw stream', () => {
    const { decoder, batch } = decoded('{"e":"trade","E":1723161255344001,"s":"ETHBTC","t":7,"p":"0.04310000","q":"12.3400","T":1723161255342999,"m":false,"M":true}');
    assert.equal(decoder.lastOutcome, 'fast');
    assert.deepEqual(fields(batch), { ...base, symbol: 1, kind: Kind.TRADE, exch: 1_723_161_255_342_999, id: 7, qty: 123_400, price: 4310 });
  });

  test('bookTicker of spot, which names neither itself nor a time', () => {
    const { decoder, batch } = decoded('{"u":50093239212,"s":"BTCUSDT","b":"61837.63000000","B":"3.78826000","a":"61837.64000000","A":"1.54698000"}');
    assert.equal(decoder.lastOutcome, 'fast');
    assert.deepEqual(fields(batch), { ...base, kind: Kind.BOOK_TICKER, exch: 0, id: 50_093_239_212, qty: 378_826, aux: 154_698, price: 6_183_763, price2: 6_183_764 });
  });

  test('depth diff of USD-M: a run from FIRST to LAST, linked by pu', () => {
    const { decoder, count, batch } = decoded('{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1626992741037,"T":1626992741024,"s":"BTCUSDT","U":10,"u":30,"pu":9,"b":[["7504.10","0.813"],["7609","0"]],"a":[["7615.0","1563"]]}}', 'binance-usdm');
    assert.deepEqual([count, decoder.lastOutcome], [3, 'fast']);
    const level = { ...base, kind: Kind.DEPTH, exch: 1_626_992_741_024_000, id: 30, aux: 9, extra: 20 };
    assert.deepEqual([0, 1, 2].map((record) => fields(batch, record)), [
      { ...level, flags: Flag.FIRST, price: 75_041, qty: 813 },
      { ...level, price: 76_090, qty: 0 },
      { ...level, flags: Flag.SELL | Flag.LAST, price: 76_150, qty: 1_563_000 },
    ]);
  });

  test('a diff without levels is one empty record', () => {
    const { batch, count } = decoded('{"e":"depthUpdate","E":1626992741037,"s":"BTCUSDT","U":10,"u":30,"b":[],"a":[]}');
    assert.equal(count, 1);
    assert.deepEqual(fields(batch), { ...base, kind: Kind.DEPTH, flags: Flag.FIRST | Flag.LAST | Flag.EMPTY, exch: 1_626_992_741_037_000, id: 30, aux: 9, extra: 20, qty: 0, price: 0 });
  });

  for (const [market, frame] of [
    ['binance-spot', '{"lastUpdateId":160,"bids":[["100.05","5"]],"asks":[]}'],
    ['binance-usdm', '{"e":"depthUpdate","E":1626992741037,"T":1626992741024,"s":"BTCUSDT","U":10,"u":160,"pu":9,"b":[["100.1","5"]],"a":[]}'],
  ] as const) {
    test(`a partial book of ${market} is a snapshot, in a combined stream and in a raw one`, () => {
      for (const made of [decoded(`{"stream":"btcusdt@depth20@100ms","data":${frame}}`, market), decoded(frame, market, 'btcusdt@depth20@100ms')]) {
        assert.deepEqual([made.decoder.lastOutcome, made.count], ['fast', 1]);
        const { kind, flags, id, aux, extra, qty } = fields(made.batch);
        assert.deepEqual({ kind, flags, id, aux, extra }, { kind: Kind.SNAPSHOT, flags: Flag.FIRST | Flag.LAST, id: 160, aux: 0, extra: 0 });
        assert.equal(qty, market === 'binance-spot' ? 500_000 : 5000);
      }
    });
  }

  test('forceOrder: average price, filled quantity, the order\'s time', () => {
    const { decoder, batch } = decoded('{"stream":"!forceOrder@arr","data":{"e":"forceOrder","E":1634653599186,"o":{"s":"BTCUSDT","S":"SELL","o":"LIMIT","f":"IOC","q":"0.029","p":"34603.00","ap":"34738.40","X":"FILLED","l":"0.023","z":"0.028","T":1634653599180}}}', 'binance-usdm');
    assert.equal(decoder.lastOutcome, 'fast');
    assert.deepEqual(fields(batch), { ...base, kind: Kind.LIQUIDATION, flags: Flag.SELL, exch: 1_634_653_599_180_000, id: 0, qty: 28, price: 347_384 });
  });

  test('markPriceUpdate: prices and rate × 10^8, next funding', () => {
    const { decoder, batch } = decoded('{"e":"markPriceUpdate","E":1562305380000,"s":"BTCUSDT","p":"11794.15000000","i":"11784.62659091","P":"11784.25641265","r":"-0.00038167","T":1562306400000}', 'binance-usdm');
    assert.equal(decoder.lastOutcome, 'fast');
    assert.deepEqual(fields(batch), { ...base, kind: Kind.MARK, exch: 1_562_305_380_000_000, id: 1_562_306_400_000_000, qty: 1_179_415_000_000, aux: 1_178_462_659_091, price: 0, extra: -38_167 });
  });
});

describe('what is not as usual goes to JSON.parse, and is counted', () => {
  const trade = '{"e":"trade","E":1723161255344,"s":"BTCUSDT","t":7,"p":"100.05","q":"1","T":1723161255342,"m":false}';
  for (const [what, frame] of [
    ['blanks', trade.replace(':7', ': 7')],
    ['an escape', trade.replace('BTC', '\\u0042TC')],
    ['an exponent', trade.replace('"100.05"', '"10005e-2"')],
    ['a number instead of a string', trade.replace('"100.05"', '100.05')],
    ['a key that comes twice', trade.replace('"t":7', '"t":8,"t":7')],
    ['a key that is new', trade.replace('"t":7', '"new":[1,{"x":null}],"t":7')],
    ['the price before the symbol', '{"e":"trade","p":"100.05","E":1723161255344,"s":"BTCUSDT","t":7,"q":"1","T":1723161255342,"m":false}'],
    ['a symbol in lower case with a capital', trade.replace('BTCUSDT', 'bTCUSDT')],
  ] as const) {
    test(what, () => {
      const usual = decoded(trade);
      const { decoder, count, batch } = decoded(frame);
      assert.deepEqual([usual.decoder.lastOutcome, decoder.lastOutcome, count], ['fast', 'slow', 1]);
      assert.deepEqual(fields(batch), fields(usual.batch));
      assert.equal(decoder.counts.fallback, 1);
    });
  }

  for (const [reason, says, frame] of [
    ['json', /valid JSON/, trade.slice(0, -1)],
    ['json', /valid JSON/, trade.replace(':7', ':07')],
    ['json', /valid JSON/, `${trade}}`],
    ['json', /is empty/, ''],
    ['shape', /neither true nor false/, trade.replace('false', 'null')],
    ['number', /held exactly/, trade.replace('100.05', '100.05.1')],
    ['number', /below 2\^53/, trade.replace(':7', ':9007199254740993')],
    ['time', /between 1970 and 2100/, trade.replace('1723161255342', '0')],
    ['symbol', /not a symbol/, trade.replace('BTCUSDT', 'BTC USDT')],
    ['range', /a price of 0/, trade.replace('100.05', '0.00')],
    ['step', /does not sit on the tick 0.01/, trade.replace('100.05', '100.055')],
    ['venue', /of Deribit/, '{"jsonrpc":"2.0"}'],
    ['venue', /of Binance futures/, '{"e":"depthUpdate","E":1626992741037,"s":"BTCUSDT","U":10,"u":30,"pu":9,"b":[],"a":[]}'],
  ] as const) {
    test(`refused as ${reason}: ${frame.slice(0, 110)}`, () => {
      const { decoder, count } = decoded(frame);
      assert.deepEqual([count, decoder.lastOutcome], [0, 'refused']);
      assert.match(decoder.lastReason, says);
      assert.equal(decoder.counts.refused, 1);
      assert.equal(decoder.counts.byReason[reason], 1);
      assert.equal(Object.values(decoder.counts.byReason).reduce((sum, count_) => sum + count_, 0), 1);
    });
  }

  for (const frame of ['{"result":null,"id":1}', trade.replace('BTCUSDT', 'XXXUSDT'), '[]', '{"e":"trade","E":1723161255344,"T":1723161255344,"s":"BTCUSDT","t":9,"p":"0","q":"0","X":"NA","m":true}']) {
    test(`ignored: ${frame.slice(0, 60)}`, () => {
      const { decoder, count } = decoded(frame);
      assert.deepEqual([count, decoder.lastOutcome, decoder.counts.ignored, decoder.counts.refused], [0, 'ignored', 1, 0]);
      assert.notEqual(decoder.lastReason, '');
    });
  }
});

describe('the contract', () => {
  const diff = '{"e":"depthUpdate","E":1626992741037,"s":"BTCUSDT","U":10,"u":30,"b":[["1.00","1"],["2.00","1"]],"a":[["3.00","1"]]}';

  test('too little room: minus what is needed, nothing written, nothing counted; then again', () => {
    for (const frame of [diff, diff.replace('{"e"', '{ "e"')]) {
      const decoder = new FrameDecoder({ market: 'binance-spot', instruments: spot });
      const batch = allocateBatch(8);
      batch.F.fill(77);
      const bytes = Buffer.from(frame);
      for (const room of [0, 1, 2]) assert.equal(decoder.decode(bytes, 0, bytes.length, new Float64Array(1), batch, 4, room), -3);
      assert.equal(decoder.lastOutcome, 'noRoom');
      assert.ok(batch.F.every((word) => word === 77));
      assert.equal(decoder.counts.fast + decoder.counts.fallback, 0);
      assert.equal(decoder.decode(bytes, 0, bytes.length, new Float64Array(1), batch, 4, 3), 3);
      assert.ok(batch.F.subarray(0, 4 * WORDS_F).every((word) => word === 77) && batch.F.subarray(7 * WORDS_F).every((word) => word === 77));
      assert.equal(decoder.counts.fast + decoder.counts.fallback, 1);
    }
  });

  test('a frame in shared memory, amid others, at the end of its memory, and a plain Uint8Array', () => {
    const length = Buffer.byteLength(diff);
    const shared = new Uint8Array(new SharedArrayBuffer(length * 3));
    for (let k = 0; k < 3; k += 1) shared.set(Buffer.from(diff), k * length);
    for (const bytes of [shared, new Uint8Array(shared)]) {
      const decoder = new FrameDecoder({ market: 'binance-spot', instruments: spot });
      const batch = allocateBatch(9, true);
      for (let k = 0; k < 3; k += 1) assert.equal(decoder.decode(bytes, k * length, (k + 1) * length, new Float64Array(1), batch, k * 3, 3), 3);
      assert.equal(decoder.counts.fast, 3);
      assert.deepEqual(fields(batch, 0), fields(batch, 6));
    }
  });

  test('places outside of the bytes are refused, whatever lies there', () => {
    const decoder = new FrameDecoder({ market: 'binance-spot', instruments: spot });
    const bytes = Buffer.from(`${diff}${diff}`).subarray(0, diff.length);
    for (const [from, to] of [[-1, diff.length], [0, diff.length + 1], [0, diff.length * 2], [5, 4], [Number.NaN, 5]] as const) {
      assert.equal(decoder.decode(bytes, from, to, new Float64Array(1), allocateBatch(8), 0, 8), 0);
      assert.equal(decoder.lastOutcome, 'refused');
    }
  });

  test('instruments out of order are a mistake of the caller', () => {
    assert.throws(() => new FrameDecoder({ market: 'binance-spot', instruments: [spot[1]!] }), RangeError);
    assert.throws(() => new FrameDecoder({ market: 'binance-spot', instruments: [{ ...spot[0]!, tickSize: 'x' }] }), RangeError);
  });

  test('a thousand symbols whose names begin alike are told apart', () => {
    const instruments = Array.from({ length: 1000 }, (_, index) => ({ ...usdm[0]!, index, symbol: `ABCDEFGH${index}USDT` }));
    const pair = new Pair('binance-usdm', instruments);
    for (let k = 0; k < 3000; k += 1) {
      const { outcome } = pair.check(`{"stream":"abcdefgh${k % 1000}usdt@aggTrade","data":{"e":"aggTrade","E":1723161255344,"s":"ABCDEFGH${(k * 7) % 1000}USDT","a":${k},"p":"1.1","q":"1","f":1,"l":1,"T":1723161255342,"m":true}}`);
      assert.equal(outcome, 'fast');
    }
  });
});

describe('properties, each against JSON.parse with the schema', () => {
  const pairs = Object.fromEntries(BINANCE_MARKETS.map((market) => [market, new Pair(market, INSTRUMENTS[market], 'btcusdt@depth20')]));
  const market = fc.constantFrom(...BINANCE_MARKETS);
  const frame = fc.record({ market, seed: fc.integer({ min: 0, max: 1_000_000 }) }).map((which) => ({ ...which, text: new FrameMaker(which.market).make(new Random(which.seed)).text }));

  test('any bytes', () => {
    fc.assert(fc.property(market, fc.uint8Array({ maxLength: 300 }), (which, bytes) => void pairs[which]!.check(bytes)), { numRuns: 2000 });
  });

  test('any JSON', () => {
    fc.assert(fc.property(market, fc.json(), (which, text) => void pairs[which]!.check(text)), { numRuns: 2000 });
  });

  test('any value in place of any other', () => {
    const value = fc.oneof(fc.json(), fc.double().map(String), fc.bigInt().map((whole) => `"${whole}"`), fc.constantFrom('"100.05"', '"0.0000001"', '1723161255344', '01', '-1', '"-1"', '1e3', '""', '"\\u0031"', '" 1"', '"1 "', '".5"', '"5."'));
    fc.assert(fc.property(frame, fc.nat(), value, ({ market: which, text }, place, other) => {
      const scalars = [...text.matchAll(/(?<=[:[,])(?:"[^"]*"|\d+|true|false)/g)];
      const scalar = scalars[place % Math.max(1, scalars.length)];
      if (scalar !== undefined) pairs[which]!.check(text.slice(0, scalar.index) + other + text.slice(scalar.index + scalar[0].length));
    }), { numRuns: 4000 });
  });

  test('every mutation, once or twice', () => {
    const names = Object.keys(MUTATIONS);
    fc.assert(fc.property(frame, fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 2 }), fc.integer(), ({ market: which, text }, chosen, seed) => {
      const random = new Random(seed);
      const made = Buffer.from(text);
      pairs[which]!.check(chosen.reduce<Buffer>((bytes, name) => MUTATIONS[name]!(random, bytes, made), made));
    }), { numRuns: 4000 });
  });

  test('every decimal that fits the tick, in any spelling, is its number of ticks', () => {
    const pair = pairs['binance-spot']!;
    fc.assert(fc.property(fc.integer({ min: 1, max: 2_147_483_647 }), fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 4 }), (ticks, zeros, leading) => {
      const text = `${'0'.repeat(leading)}${Math.floor(ticks / 100)}.${String(ticks % 100).padStart(2, '0')}${'0'.repeat(zeros)}`;
      pair.check(`{"e":"trade","E":1723161255344,"s":"BTCUSDT","t":7,"p":"${text}","q":"1","T":1723161255342,"m":false}`);
      assert.equal(fields(pair.target, 3)['price'], ticks);
      pair.check(`{"e":"depthUpdate","E":1626992741037,"s":"BTCUSDT","U":10,"u":30,"b":[["${text}","1"]],"a":[]}`);
      assert.equal(fields(pair.target, 3)['price'], ticks);
    }), { numRuns: 2000 });
  });
});
