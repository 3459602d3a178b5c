import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { partialPath, TapeReader, TapeWriter, verifyTape } from '../../../data/tape/index.js';
import { batchOf, header, instrument, sampleRows, scratch, START_US, writeTape } from '../../data/tape/support.js';
import { command } from '../../support/shell.js';

void test('info --json says what the tape holds, and its digest is that of the contents', async (t) => {
  const folder = scratch(t);
  const [packed, raw, other] = [join(folder, 'packed.tape'), join(folder, 'raw.tape'), join(folder, 'other.tape')];
  writeTape(packed, sampleRows(3000));
  writeTape(raw, sampleRows(3000), { compress: false }, { ...header(), origin: [] });
  writeTape(other, sampleRows(3000, 2));
  const infos = [];
  for (const path of [packed, raw, other]) {
    const { code, stdout } = await command(['tape', 'info', path, '--json']);
    assert.equal(code, 0);
    infos.push(JSON.parse(stdout) as Record<string, unknown>);
  }
  const [a, b, c] = infos;
  assert.ok(a !== undefined);
  assert.equal(a['records'], 3000);
  assert.deepEqual(a['header'], JSON.parse(JSON.stringify(header())));
  assert.deepEqual(a['codecs'], { columns: 3 });
  assert.deepEqual(b?.['codecs'], { raw: 3 });
  assert.equal(a['bytes'], readFileSync(packed).length);
  assert.deepEqual((a['counts'] as { kind: string; symbol: string; records: number }[]).map(({ kind, symbol, records }) => [symbol, kind, records]), [
    ['SYM0USDT', 'trade', 500], ['SYM0USDT', 'depth', 1000], ['SYM1USDT', 'trade', 500], ['SYM1USDT', 'depth', 1000],
  ]);
  assert.equal(a['digest'], b?.['digest']);
  assert.notEqual(a['digest'], c?.['digest']);
  const human = await command(['tape', 'info', packed]);
  assert.equal(human.code, 0);
  assert.match(human.stdout, /3,000 records/);
});

void test('verify ends with 0 only when all is good, and prints the verdict either way', async (t) => {
  const folder = scratch(t);
  const path = join(folder, 'a.tape');
  writeTape(path, sampleRows(3000), { compress: false });
  const good = await command(['tape', 'verify', path, '--json']);
  assert.deepEqual([good.code, JSON.parse(good.stdout)], [0, { ok: true, goodRecords: 3000, goodBytes: readFileSync(path).length }]);
  const cut = readFileSync(path).subarray(0, 100_000);
  writeFileSync(path, cut);
  const bad = await command(['tape', 'verify', path, '--json']);
  const verdict = JSON.parse(bad.stdout) as { ok: boolean; goodRecords: number; goodBytes: number };
  assert.equal(bad.code, 6);
  assert.deepEqual([verdict.ok, verdict.goodRecords], [false, 1024]);
  const human = await command(['tape', 'verify', path]);
  assert.equal(human.code, 6);
  assert.match(human.stdout, /not ok .*block 1/);
  writeFileSync(path, 'time,price\n');
  assert.equal((await command(['tape', 'verify', path])).code, 6);
  assert.equal((await command(['tape', 'verify', join(folder, 'absent')])).code, 4);
});

void test('damage is one line with a way out and code 3; repair saves the rest', async (t) => {
  const folder = scratch(t);
  const [path, out] = [join(folder, 'a.tape'), join(folder, 'b.tape')];
  writeTape(path, sampleRows(3000), { compress: false });
  writeFileSync(path, readFileSync(path).subarray(0, 100_000));
  for (const words of [['info', path], ['export', path, '--format', 'csv'], ['merge', path, path, '--out', out]]) {
    const { code, stderr } = await command(['tape', ...words]);
    assert.equal(code, 3, words[0]);
    assert.match(stderr, /^faultline: .*a\.tape: has no end mark.*\n {2}fix: faultline tape verify .*\n$/);
  }
  const repaired = await command(['tape', 'repair', path, '--out', out]);
  assert.equal(repaired.code, 0);
  assert.match(repaired.stdout, /1,024 records/);
  assert.deepEqual(verifyTape(out).goodRecords, 1024);
  assert.equal((await command(['tape', 'repair', path, '--out', out])).code, 5);
  assert.equal((await command(['tape', 'repair', path, '--out', out, '--overwrite'])).code, 0);
});

void test('an unfinished tape is looked at by its .partial name', async (t) => {
  const path = join(scratch(t), 'a.tape');
  const writer = TapeWriter.create(path, header());
  writer.append(batchOf(sampleRows(1500)), 0, 1500);
  const { code, stdout } = await command(['tape', 'info', partialPath(path), '--json']);
  writer.abort();
  assert.equal(code, 0);
  const info = JSON.parse(stdout) as { complete: boolean; records: number };
  assert.deepEqual([info.complete, info.records], [false, 1024]);
});

void test('export writes exact decimals as CSV and JSON lines, narrowed by time, kind and symbol', async (t) => {
  const folder = scratch(t);
  const path = join(folder, 'a.tape');
  writeTape(path, sampleRows(2000));
  const csv = await command(['tape', 'export', path, '--format', 'csv', '--kinds', 'trade']);
  assert.equal(csv.code, 0);
  const lines = csv.stdout.trimEnd().split('\n');
  assert.equal(lines[0], 'seq,kind,venue,symbol,receiveUs,exchangeUs,side,price,quantity,tradeId');
  assert.equal(lines.length, 1 + 667);
  const first = sampleRows(1)[0];
  assert.equal(lines[1], `0,trade,binance-spot,SYM0USDT,${first?.recvUs},${first?.exchUs},${first?.flags === 0 ? 'buy' : 'sell'},${((first?.price ?? 0) / 100).toFixed(2)},${((first?.qty ?? 0) / 1000).toFixed(3)},5000000000`);
  const from = new Date((START_US + 500_000) / 1000).toISOString();
  const jsonl = await command(['tape', 'export', path, '--format', 'jsonl', '--symbol', 'sym1usdt', '--from', from, '--to', '+600ms']);
  assert.equal(jsonl.code, 0);
  const rows = jsonl.stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as { seq: number; symbol: string; receiveUs: number });
  const startUs = sampleRows(1)[0]?.recvUs ?? 0;
  const expected = sampleRows(2000).map((row, seq) => ({ ...row, seq })).filter((row) => row.symbol === 1 && (row.recvUs ?? 0) >= START_US + 500_000 && (row.recvUs ?? 0) < startUs + 600_000);
  assert.deepEqual(rows.map(({ seq }) => seq), expected.map(({ seq }) => seq));
  const out = join(folder, 'a.csv');
  assert.equal((await command(['tape', 'export', path, '--format', 'csv', '--kinds', 'trade', '--out', out])).code, 0);
  assert.equal(readFileSync(out, 'utf8'), csv.stdout);
  assert.equal(existsSync(`${out}.partial`), false);
  const usage: [string[], number][] = [
    [['--format', 'xml'], 2], [['--format', 'csv', '--kinds', 'trades'], 2], [['--format', 'csv', '--from', 'never'], 2], [['--format', 'csv', '--symbol', 'NOPE'], 3], [['--format', 'csv', '--out', out], 5],
    [['--format', 'csv', '--out', join(folder, 'no', 'x.csv')], 5], [['--format', 'csv', '--from', '+2s', '--to', '+1s'], 2],
  ];
  for (const [options, code] of usage) {
    const refused = await command(['tape', 'export', path, ...options]);
    assert.equal(refused.code, code, options.join(' '));
    assert.match(refused.stderr, /^faultline: .+\n {2}fix: .+\n$/);
  }
});

void test('merge makes one tape; what does not fit together is refused', async (t) => {
  const folder = scratch(t);
  const [a, b, c, out] = [join(folder, 'a'), join(folder, 'b'), join(folder, 'c'), join(folder, 'out.tape')];
  writeTape(a, sampleRows(1500));
  writeTape(b, sampleRows(1500, 5), {}, header([instrument(0, { venue: 'gemini' }), instrument(1, { venue: 'gemini' })]));
  writeTape(c, sampleRows(10), {}, header([instrument(0, { tickSize: '0.1' }), instrument(1)]));
  const merged = await command(['tape', 'merge', a, b, '--out', out, '--json']);
  assert.equal(merged.code, 0);
  assert.equal((JSON.parse(merged.stdout) as { records: number }).records, 3000);
  const reader = TapeReader.open(out);
  assert.deepEqual(reader.header.instruments.map(({ venue }) => venue), ['binance-spot', 'binance-spot', 'gemini', 'gemini']);
  reader.close();
  assert.equal((await command(['tape', 'merge', a, b, '--out', out])).code, 5);
  assert.equal((await command(['tape', 'merge', a, '--out', out])).code, 2);
  const mixed = await command(['tape', 'merge', a, c, '--out', join(folder, 'x.tape')]);
  assert.equal(mixed.code, 3);
  assert.match(mixed.stderr, /SYM0USDT has tickSize 0\.01 in .*a and 0\.1 in .*c\n {2}fix: import both with the same --tick-size\n/);
});
