import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { BINANCE_MARKETS } from '../../../data/decode/index.js';
import { importTape, type ImportOptions, type ImportReport } from '../../../data/import/index.js';
import { RECORD_BYTES } from '../../../data/records/index.js';
import { FrameMaker } from '../../../tools/fuzz/frames.js';
import { mutated } from '../../../tools/fuzz/mutate.js';
import { Random } from '../../../tools/fuzz/random.js';
import { SHARED_DATA_ABSENT, sharedData } from '../../support/shared-data.js';
import { projectRoot } from '../../tools/cli/run-node.js';
import { Folder, plainBytes } from '../import/support.js';

/** Records and everything an import says, without the names of its inputs. */
interface Result {
  readonly records: string;
  readonly said: unknown;
  readonly report?: ImportReport;
}

async function result(options: Partial<ImportOptions> & Pick<ImportOptions, 'inputs'>): Promise<Result> {
  const hash = createHash('sha256');
  try {
    const report = await importTape({ format: 'auto', ...options }, () => ({
      append: (batch, from, to) => void hash.update(new Uint8Array(batch.F.buffer as ArrayBuffer, from * RECORD_BYTES, (to - from) * RECORD_BYTES)),
    }));
    const { inputs: _inputs, firstBadRows, ...said } = report;
    return { records: hash.digest('hex'), said: { ...said, bad: firstBadRows.map(({ line, reason }) => [line, reason]) }, report };
  } catch (error) {
    return { records: '', said: (error as Error).message.replaceAll(options.inputs[0]!, 'FILE') };
  }
}

/** The same lines with a blank behind the first brace of each, which the decoders leave to JSON.parse. */
function blanked(lines: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at < lines.length;) {
    const newline = lines.indexOf(10, at);
    const end = newline < 0 ? lines.length : newline + 1;
    const brace = lines.indexOf(123, at);
    if (brace < 0 || brace >= end) pieces.push(lines.subarray(at, end));
    else pieces.push(lines.subarray(at, brace + 1), Buffer.from(' '), lines.subarray(brace + 1, end));
    at = end;
  }
  return Buffer.concat(pieces);
}

async function sameEitherWay(lines: Buffer, options: Partial<ImportOptions>): Promise<Result> {
  using folder = new Folder();
  const fast = await result({ ...options, inputs: [folder.file('frames.ndjson', lines)] });
  const slow = await result({ ...options, inputs: [folder.file('frames-slow.ndjson', blanked(lines))] });
  assert.deepEqual(slow.said, fast.said);
  assert.equal(fast.records, slow.records);
  return fast;
}

describe('an import reads frames by their bytes as it reads them by JSON.parse', () => {
  for (const market of BINANCE_MARKETS) {
    const lines = (seed: number, damage: boolean): Buffer => {
      const maker = new FrameMaker(market);
      return Buffer.concat(Array.from({ length: 1500 }, (_, run) => {
        const random = new Random(seed, run);
        // Another venue's message, or a diff that looks like another market's, would end the import.
        const { text, kind } = maker.make(random);
        const made = Buffer.from(text.includes('jsonrpc') ? '{"result":null,"id":1}' : text);
        const frame = damage && kind !== 'depth' && kind !== 'partialDepth' && random.chance(0.3) ? mutated(random, made, made) : made;
        // A damaged frame must stay one line that looks like a stamp before JSON.
        const body = Buffer.from(frame.map((byte) => (byte === 10 || byte === 13 ? 32 : byte)));
        return Buffer.concat([Buffer.from(`${1_723_161_255_000_000_000n + BigInt(run) * 1_000_000n} `), body[0] === 123 ? body : Buffer.from(made), Buffer.from('\n')]);
      }));
    };

    test(`${market}: sizes learned`, async () => {
      const { report } = await sameEitherWay(lines(1, false), { venue: market, skipBadRows: true });
      assert.ok(report!.records > 1500, String(report?.records));
    });

    test(`${market}: damaged frames among them, left out and counted alike`, async () => {
      const { report } = await sameEitherWay(lines(2, true), { venue: market, skipBadRows: true });
      assert.ok(report!.badRows > 50, String(report?.badRows));
    });

    test(`${market}: one symbol, sizes stated, so that others are bad rows`, async () => {
      const symbol = market === 'binance-coinm' ? 'BTCUSD_PERP' : 'BTCUSDT';
      const options = { venue: market, symbols: [symbol], sizes: { tickSize: '1', lotSize: '0.001' } };
      const { report } = await sameEitherWay(lines(3, false), { ...options, skipBadRows: true });
      assert.ok(report!.badRows > 20, String(report?.badRows));
      const { said } = await sameEitherWay(lines(3, false), options);
      assert.match(String(said), /does not sit on the tick 1$/);
    });
  }
});

for (const [file, venue] of [['hftbacktest_usdm_btcusdt_20240808.gz', 'binance-usdm'], ['cryptofeed_BINANCE_DELIVERY.ws.1.0.gz', 'binance-coinm']] as const) {
  test(`${file}: the tape of its bytes is the tape of JSON.parse`, async (t) => {
    const path = sharedData('orderbook-ws', file);
    if (path === undefined) return t.skip(SHARED_DATA_ABSENT);
    const bytes = await plainBytes(path);
    const end = bytes.indexOf(10, Math.min(bytes.length - 1, 4_000_000)) + 1;
    await sameEitherWay(bytes.subarray(0, end), { venue, skipBadRows: true });
  });
}

test('every file of raw frames gives the tape that it gave before there were decoders', async (t) => {
  const path = sharedData();
  if (path === undefined) return t.skip(SHARED_DATA_ABSENT);
  // Made by the importer as it was when it had only JSON.parse: records, and SHA-256 over them and the counts.
  const before = JSON.parse(readFileSync(join(projectRoot, 'tests/data/decode/tapes-by-json-parse.json'), 'utf8')) as Record<string, string>;
  for (const [what, expected] of Object.entries(before)) {
    const [file, venue] = what.split(' ') as [string, string];
    const hash = createHash('sha256');
    const report = await importTape({ inputs: [join(path, file)], format: 'auto', venue, skipBadRows: true }, () => ({
      append: (batch, from, to) => void hash.update(new Uint8Array(batch.F.buffer as ArrayBuffer, from * RECORD_BYTES, (to - from) * RECORD_BYTES)),
    }));
    const bad = report.firstBadRows.map(({ line, reason }) => [line, reason]);
    hash.update(JSON.stringify([report.records, report.kinds, report.frames, report.badRows, bad, report.sequence, report.rounded, report.ignored]));
    assert.equal(`${report.records} ${hash.digest('hex').slice(0, 32)}`, expected, what);
  }
});
