import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { crc32, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { FORMATS, ImportError, type ImportOptions } from '../../../data/import/index.js';
import { depth, futuresDepth, SAMPLES, trade, type SampleFile } from './samples.js';
import { Folder, imported, storedZip } from './support.js';

/** The import is refused by an ImportError of one line whose text matches. */
async function refused(options: Partial<ImportOptions> & Pick<ImportOptions, 'inputs'>, pattern: RegExp, problem = 'badInput'): Promise<ImportError> {
  let caught: ImportError | undefined;
  await assert.rejects(imported(options), (error) => {
    assert.ok(error instanceof ImportError, String(error));
    assert.doesNotMatch(error.message, /\n/);
    assert.match(error.message, pattern);
    assert.equal(error.problem, problem);
    caught = error;
    return true;
  });
  return caught!;
}

function options(sample: SampleFile, path: string): Partial<ImportOptions> & Pick<ImportOptions, 'inputs'> {
  return { inputs: [path], venue: sample.venue, symbols: sample.symbols };
}

test('every format that is listed has a sample here', () => {
  assert.deepEqual(FORMATS.map(({ id }) => id).filter((id) => !SAMPLES.some(({ format }) => format === id)), []);
});

for (const sample of SAMPLES) {
  const what = `${sample.format} (${sample.name})`;

  test(`${what}: found by auto, plain, gzip and zip alike`, async () => {
    using folder = new Folder();
    const bytes = Buffer.from(sample.text);
    const plain = await imported(options(sample, folder.file(sample.name, bytes)));
    assert.equal(plain.report.inputs[0]!.format, sample.format);
    assert.equal(plain.rows.length, sample.records);
    const zipped = await imported(options(sample, folder.file('some.zip', storedZip(sample.name, bytes, crc32(bytes)))));
    const packed = await imported(options(sample, folder.file(`${sample.name}.gz`, gzipSync(bytes))));
    assert.deepEqual(zipped.rows, plain.rows);
    assert.deepEqual(packed.rows, plain.rows);
    const windows = await imported(options(sample, folder.file(sample.name, `\uFEFF${sample.text.replaceAll('\n', '\r\n')}`)));
    assert.deepEqual(windows.rows, plain.rows);
    const named = await imported({ ...options(sample, folder.file(sample.name, bytes)), format: sample.format });
    assert.deepEqual(named.rows, plain.rows);
  });

  test(`${what}: a cut gzip is refused; with skipping what came before is kept and the cut counted`, async () => {
    using folder = new Folder();
    // Noise in comments keeps the packed file long, so that the cut falls behind the rows.
    const packed = gzipSync(`${sample.text}\n`);
    const cut = folder.file(`${sample.name}.gz`, packed.subarray(0, packed.length - 6));
    await refused(options(sample, cut), /is cut short/);
    const kept = await imported({ ...options(sample, cut), skipBadRows: true });
    assert.equal(kept.report.badRows, 1);
    assert.equal(kept.rows.length, sample.records);
  });

  test(`${what}: any flipped bit of a gzip or zip is refused or changes nothing`, async () => {
    using folder = new Folder();
    const bytes = Buffer.from(sample.text);
    const plain = await imported(options(sample, folder.file(sample.name, bytes)));
    for (const [name, packed] of [[`${sample.name}.gz`, gzipSync(bytes)], ['some.zip', storedZip(sample.name, bytes, crc32(bytes))]] as const) {
      await fc.assert(fc.asyncProperty(fc.nat(packed.length - 1), fc.nat(7), async (at, bit) => {
        const flipped = Buffer.from(packed);
        flipped[at]! ^= 1 << bit;
        try {
          const { rows } = await imported(options(sample, folder.file(name, flipped)));
          assert.deepEqual(rows, plain.rows);
        } catch (error) {
          if (!(error instanceof ImportError)) throw error;
        }
      }), { numRuns: 25 });
    }
  });

  test(`${what}: another symbol than asked for is an error that names those there are`, async () => {
    using folder = new Folder();
    const path = folder.file(sample.name, sample.text);
    // Files that name no symbol at all take the one that is asked for.
    if (['ohlcv-csv', 'funding-csv'].includes(sample.format)) return;
    const error = await refused({ ...options(sample, path), symbols: ['DOGEUSDT'] }, /DOGEUSDT does not occur/);
    assert.match(error.fix!, sample.format === 'generic-csv' ? /BTC\/USDT/ : new RegExp(sample.symbols[0]!));
  });

  test(`${what}: mutated text never does worse than an ImportError`, async () => {
    using folder = new Folder();
    const bytes = Buffer.from(sample.text);
    const edit = fc.record({ at: fc.nat(bytes.length), remove: fc.nat(12), insert: fc.oneof(fc.uint8Array({ maxLength: 6 }), fc.constantFrom(...['NaN', '-1', '1e999', '""', '"', ',', '\n', '{', '}', '[', ']', 'null', '\0', '99999999999999999999', '-', '0', 'Infinity'].map((text) => Buffer.from(text)))) });
    await fc.assert(fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), fc.boolean(), fc.boolean(), async (edits, skipBadRows, named) => {
      let mutated = bytes;
      for (const { at, remove, insert } of edits) mutated = Buffer.concat([mutated.subarray(0, at), insert, mutated.subarray(at + remove)]);
      try {
        const { report, rows } = await imported({ ...options(sample, folder.file(sample.name, mutated)), skipBadRows, format: named ? sample.format : 'auto' });
        assert.equal(report.records, rows.length);
        for (const row of rows) {
          assert.ok(row.kind !== '' && Number.isSafeInteger(row.quantity) && Number.isSafeInteger(row.id), JSON.stringify(row));
          if (['trade', 'aggTrade', 'candle', 'liquidation'].includes(row.kind)) assert.ok(row.price > 0, JSON.stringify(row));
        }
      } catch (error) {
        if (!(error instanceof ImportError)) throw error;
      }
    }), { numRuns: 60 });
  });
}

test('garbage is refused by every format, and by auto', async () => {
  using folder = new Folder();
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), fc.constantFrom('auto', ...FORMATS.map(({ id }) => id)), async (bytes, format) => {
    await assert.rejects(imported({ inputs: [folder.file('garbage.bin', bytes)], venue: 'binance-spot', symbols: ['BTCUSDT'], format }), ImportError);
  }), { numRuns: 300 });
});

test('deep nesting, huge numbers and long lines end in an ImportError', async () => {
  using folder = new Folder();
  for (const text of ['['.repeat(200_000), `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}\n`, `{"stream":"x","data":${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}}`, '{'.repeat(1000), '[[[[[[[[[1]]]]]]]]]', `[${'[['.repeat(50)}${']]'.repeat(50)}]`]) {
    await assert.rejects(imported({ inputs: [folder.file('deep.json', text)], venue: 'binance-spot', symbols: ['BTCUSDT'] }), ImportError);
  }
});

test('a bad row is named with file, line and reason, and nothing is opened for writing', async () => {
  using folder = new Folder();
  const header = 'exchange,symbol,timestamp,local_timestamp,id,side,price,amount';
  const good = 'binance,BTCUSDT,1760000000000001,1760000000000002,1,buy,100.1,0.5';
  for (const [row, reason] of [
    ['binance,BTCUSDT,1760000000000001,1760000000000002,2,buy,0,0.5', /a price of 0/],
    ['binance,BTCUSDT,1760000000000001,1760000000000002,2,buy,-1,0.5', /a price of -1/],
    ['binance,BTCUSDT,1760000000000001,1760000000000002,2,buy,NaN,0.5', /price "NaN"/],
    ['binance,BTCUSDT,1760000000000001,1760000000000002,2,buy,Infinity,0.5', /price "Infinity"/],
    ['binance,BTCUSDT,1760000000000001,1760000000000002,2,buy,1e300,0.5', /price "1e300"/],
    ['binance,BTCUSDT,1760000000000001,1760000000000002,2,buy,100.1,-0.5', /a quantity of -0.5/],
    ['binance,BTCUSDT,1760000000000001,1760000000000002,2,buy,100.1,0', /a quantity of 0/],
    ['binance,BTCUSDT,1760000000000001,1760000000000002,2,hold,100.1,1', /neither buy nor sell/],
    ['binance,BTCUSDT,0,1760000000000002,2,buy,100.1,1', /timestamp "0" is not a time/],
    ['binance,BTCUSDT,yesterday,1760000000000002,2,buy,100.1,1', /"yesterday" is not a time/],
    ['binance,BTCUSDT,1760000000000001,1760000000000002,9007199254740993,buy,100.1,1', /id .* below 2\^53/],
    ['binance,BTCUSDT,1760000000000001,1760000000000002,x,buy,100.1,1', /id "x"/],
    ['binance,BTCUSDT,1760000000000001,17600000', /has 4 fields, not 8/],
    ['binance,BTC USDT!,1760000000000001,1760000000000002,2,buy,100.1,1', /is not a symbol/],
    ['\u0000\u0001\u0002', /has 1 fields, not 8/],
  ] as const) {
    const path = folder.file('rows.csv', `${header}\n${good}\n${row}\n`);
    const error = await refused({ inputs: [path], venue: 'binance-spot' }, reason);
    assert.ok(error.message.startsWith(`${path}:3: `), error.message);
    assert.match(error.fix!, /--skip-bad-rows/);
    const { report, rows } = await imported({ inputs: [path], venue: 'binance-spot', symbols: ['BTCUSDT'], skipBadRows: true });
    assert.equal(rows.length, 1, row);
    assert.equal(report.badRows, 1);
    assert.deepEqual([report.firstBadRows[0]!.file, report.firstBadRows[0]!.line], [path, 3]);
    assert.match(report.firstBadRows[0]!.reason, reason);
  }
});

test('one absurd price does not spoil the tick that is worked out for the others', async () => {
  using folder = new Folder();
  const rows = Array.from({ length: 100 }, (_, k) => `${k + 1},1150${k % 10}.${10 + (k % 90)},0.5,${k + 1},${k + 1},${1_760_000_000_000 + k},true`);
  rows.splice(50, 0, '50,99999999999,0.5,50,50,1760000000050,true');
  const { report } = await imported({ inputs: [folder.file('SOLUSDC-aggTrades-2025-10-10.csv', rows.join('\n'))], venue: 'binance-spot', skipBadRows: true });
  assert.equal(report.instruments[0]!.tickSize, '0.01');
  assert.deepEqual([report.kinds['aggTrade'], report.badRows], [100, 1]);
  assert.match(report.firstBadRows[0]!.reason, /more than 2147483647 ticks/);
});

test('a price off the stated tick and a quantity off the stated lot are bad rows', async () => {
  using folder = new Folder();
  const path = folder.file('BTCUSDT-aggTrades-2025-10-10.csv', '1,100.15,0.5,1,1,1760000000000,true\n2,100.2,0.55,2,2,1760000000001,true\n');
  await refused({ inputs: [path], venue: 'binance-spot', sizes: { tickSize: '0.1' } }, /:1: price 100.15 does not sit on the tick 0.1/);
  await refused({ inputs: [path], venue: 'binance-spot', sizes: { lotSize: '0.1' } }, /:2: quantity 0.55 is not a whole number of lots of 0.1/);
  const { report } = await imported({ inputs: [path], venue: 'binance-spot', sizes: { tickSize: '0.05', lotSize: '0.01', multiplier: '7', settle: 'EUR' } });
  const [instrument] = report.instruments;
  assert.deepEqual([instrument!.tickSize, instrument!.lotSize, instrument!.multiplier, instrument!.settle, instrument!.inferred], ['0.05', '0.01', '7', 'EUR', []]);
  for (const sizes of [{ tickSize: '0' }, { tickSize: '-1' }, { lotSize: 'many' }, { multiplier: 'x' }, { tickSize: '1e-40' }]) {
    await refused({ inputs: [path], venue: 'binance-spot', sizes }, /is not a positive decimal number/, 'usage');
  }
});

test('mixed venues are refused, by name and by shape', async () => {
  using folder = new Folder();
  const header = 'exchange,symbol,timestamp,local_timestamp,id,side,price,amount';
  const row = (exchange: string): string => `${exchange},BTCUSDT,1760000000000001,1760000000000002,1,buy,100.1,0.5`;
  const mixed = folder.file('mixed.csv', `${header}\n${row('binance')}\n${row('binance-futures')}\n`);
  await refused({ inputs: [mixed] }, /:3: is of binance-usdm .* but the import is for binance-spot/);
  const spot = folder.file('spot.csv', `${header}\n${row('binance')}\n`);
  await refused({ inputs: [spot], venue: 'binance-usdm' }, /is of binance-spot/);
  await refused({ inputs: [spot, folder.file('gemini.csv', `${header}\n${row('gemini')}\n`)] }, /is of gemini/);
  const frame = (message: object): string => folder.file('frame.jsonl', `${JSON.stringify(message)}\n`);
  await refused({ inputs: [frame(futuresDepth(1, 2, 0))], venue: 'binance-spot' }, /with pu is of Binance futures/);
  await refused({ inputs: [frame(depth(1, 2))], venue: 'binance-coinm' }, /without pu is of Binance spot/);
  await refused({ inputs: [frame({ jsonrpc: '2.0', method: 'subscription', params: { channel: 'quote.X', data: {} } })], venue: 'binance-spot' }, /is of Deribit/);
  await refused({ inputs: [folder.file('BTCUSDT-aggTrades-2025-10-11.csv', SAMPLES[3]!.text)], venue: 'binance-usdm' }, /csv: a file of trades with isBestMatch is of Binance spot/);
  await refused({ inputs: [folder.file('BTCUSD_PERP-trades-2025-10-11.csv', SAMPLES[4]!.text)], venue: 'binance-spot' }, /with base_qty is of Binance COIN-M/);
  // A venue of one's own has no rules.
  assert.equal((await imported({ inputs: [frame(depth(1, 2))], venue: 'my-lab' })).rows.length, 2);
});

test('ids that JSON cannot carry exactly are refused, not rounded', async () => {
  using folder = new Folder();
  const text = JSON.stringify(trade(5)).replace('"t":5', '"t":9007199254740993');
  await refused({ inputs: [folder.file('x.jsonl', text)], venue: 'binance-spot' }, /trade id t .* below 2\^53/);
  const large = JSON.stringify(trade(5)).replace('"t":5', '"t":9007199254740991');
  assert.equal((await imported({ inputs: [folder.file('y.jsonl', large)], venue: 'binance-spot' })).rows[0]!.id, 9_007_199_254_740_991);
});

test('a book message that loses a level goes whole, and the chain shows the hole', async () => {
  using folder = new Folder();
  const rows = SAMPLES.find(({ format }) => format === 'lasota-csv')!.text.split('\n');
  rows[2] = rows[2]!.replace(',5.0', ',oops');
  const { report, rows: records } = await imported({ inputs: [folder.file('l.csv', rows.join('\n'))], venue: 'binance-usdm', skipBadRows: true });
  assert.equal(report.badRows, 1);
  // The damaged message and the one that might have lost its first level are gone.
  assert.deepEqual(records.map(({ kind, id }) => [kind, id]), [['depth', 40]]);
  const whole = SAMPLES.find(({ format }) => format === 'lasota-csv')!.text.split('\n');
  whole.splice(5, 0, ...['41,50,40', '51,60,50'].map((ids) => `1760000000000,trxusdt@depth@100ms,depthUpdate,1760000000000,1760000000000,TRXUSDT,${ids},0,0.2309,5.0`));
  whole[4] = whole[4]!.replace(',0.2309', ',zero');
  const later = await imported({ inputs: [folder.file('m.csv', whole.join('\n'))], venue: 'binance-usdm', skipBadRows: true });
  assert.deepEqual(later.rows.map(({ kind, id, quantity }) => (kind === 'gap' ? [kind, quantity] : [kind, id])), [['depth', 20], ['depth', 20], ['depth', 30], ['gap', 1], ['depth', 60]]);
});

test('what cannot be read says so', async () => {
  using folder = new Folder();
  await refused({ inputs: [join(folder.path, 'nothing.csv')], venue: 'x' }, /there is no such file/, 'cannotRead');
  mkdirSync(join(folder.path, 'sub'));
  await refused({ inputs: [join(folder.path, 'sub')], venue: 'x' }, /is a folder/, 'cannotRead');
  await refused({ inputs: [folder.file('empty.csv', '')], venue: 'x' }, /is empty/);
  await refused({ inputs: [folder.file('blank.csv', '\n\n\n')], venue: 'x' }, /begins like no known format/);
  await refused({ inputs: [], venue: 'x' }, /no input file/, 'usage');
  await refused({ inputs: [folder.file('t.csv', SAMPLES[0]!.text)], venue: 'Not A Venue' }, /not a venue id/, 'usage');
  await refused({ inputs: [folder.file('t.csv', SAMPLES[0]!.text)], format: 'parquet' }, /there is no format "parquet"/, 'usage');
  const wrong = await refused({ inputs: [folder.file('t.csv', SAMPLES[0]!.text)], venue: 'binance-spot', format: 'binance-klines' }, /is not binance-klines/);
  assert.match(wrong.fix!, /--format tardis-csv/);
  await refused({ inputs: [folder.file('k.csv', SAMPLES.find(({ format }) => format === 'ohlcv-csv')!.text)], venue: 'x' }, /name no symbol/, 'usage');
  await refused({ inputs: [folder.file('k.csv', SAMPLES.find(({ format }) => format === 'ohlcv-csv')!.text)] }, /do not name their venue/, 'usage');
});

test('generic-csv names the column it misses, and a bad first row by its line', async () => {
  using folder = new Folder();
  const header = 'time,price,quantity,side\n';
  for (const format of ['generic-csv', 'auto']) {
    const make = (name: string, text: string): Parameters<typeof refused>[0] => ({ inputs: [folder.file(name, text)], venue: 'x', symbols: ['A'], format });
    await refused(make('price.csv', `${header}1760131237,"1,000.5",1,buy\n`), /price\.csv:2: price "1,000\.5"/);
    await refused(make('time.csv', `${header}10/10/2025 21:20,1,1,buy\n`), /time\.csv:2: time/);
    await refused(make('side.csv', `${header}1760131237,1,1,up\n1760131238,1,1,buy\n`), /side\.csv:2: side "up"/);
    await refused(make('fields.csv', `${header}1760131237,1\n`), /fields\.csv:2: has 2 fields, not 4/);
    const kept = await imported({ ...make('skip.csv', `${header}1760131237,1,1,up\n1760131238,1,1,buy\n`), skipBadRows: true });
    assert.deepEqual([kept.rows.length, kept.report.badRows], [1, 1]);
  }
  const lacking = (text: string): Parameters<typeof refused>[0] => ({ inputs: [folder.file('l.csv', text)], venue: 'x', symbols: ['A'], format: 'generic-csv' });
  await refused(lacking('timestamp,price,amount\n1760131237,1,1\n'), /names no side; it begins with "timestamp,price,amount"/);
  await refused(lacking('a,b\n1,2\n'), /names no time, no price, no quantity, no side/);
  const spelled = await imported({ inputs: [folder.file('s.csv', 'Exec Time;Last Px;Last Sz;Aggressor\n2025-10-10T21:20:37.5Z;1.5;3;SELL\n')], venue: 'x', symbols: ['A'] });
  assert.equal(spelled.rows.length, 1);
});

test('a symbol that can only be of COIN-M is refused for spot and USD-M', async () => {
  using folder = new Folder();
  const rows = 'time,price,quantity,side\n1760131237,1,1,buy\n';
  const of = (venue: string, symbol: string): Parameters<typeof refused>[0] => ({ inputs: [folder.file('t.csv', rows)], venue, symbols: [symbol], format: 'generic-csv' });
  for (const venue of ['binance-spot', 'binance-usdm']) {
    await refused(of(venue, 'BTCUSD_PERP'), /BTCUSD_PERP is a symbol of binance-coinm, but the import is for /);
    await refused(of(venue, 'ETHUSD_250328'), /symbol of binance-coinm/);
  }
  for (const [venue, symbol] of [['binance-usdm', 'BTCUSDT_250328'], ['binance-usdm', 'BTCBUSD_210129'], ['binance-coinm', 'BTCUSD_PERP'], ['binance-coinm', 'BTCUSD'], ['kraken', 'BTCUSD_PERP']] as const) {
    assert.equal((await imported(of(venue, symbol))).rows.length, 1);
  }
});

test('a zip whose contents do not match their checksum is refused', async () => {
  using folder = new Folder();
  const sample = SAMPLES[2]!;
  const bytes = Buffer.from(sample.text);
  const flipped = Buffer.from(bytes);
  // 100.1 becomes 100.3: only the checksum can tell.
  flipped[bytes.indexOf('100.1') + 4]! ^= 2;
  await refused(options(sample, folder.file('a.zip', storedZip(sample.name, flipped, crc32(bytes)))), /checksum of its contents does not match/);
});
