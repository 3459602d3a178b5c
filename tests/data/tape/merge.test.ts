import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { mergeTapes, partialPath, TapeReader, verifyTape, type TapeSummary } from '../../../data/tape/index.js';
import { allocateBatch, BLOCK_RECORDS, EXCH_US, Flag, ID, Kind, KIND_MASK, RECV_US, SEQ, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I } from '../../../data/records/index.js';
import { header, instrument, sampleRows, scratch, START_US, writeTape, type Row } from './support.js';

function merge(inputs: readonly string[], out: string, overwrite = false): TapeSummary {
  const steps = mergeTapes(inputs, out, { overwrite });
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

interface Seen {
  seq: number;
  name: string;
  id: number;
  us: number;
  kind: number;
  flags: number;
}

function records(path: string): Seen[] {
  const reader = TapeReader.open(path);
  const batch = allocateBatch(BLOCK_RECORDS);
  const seen: Seen[] = [];
  for (let count = reader.next(batch); count > 0; count = reader.next(batch)) {
    for (let k = 0; k < count; k += 1) {
      const f = k * WORDS_F;
      const tag = batch.I[k * WORDS_I + TAG];
      const { venue, symbol } = reader.header.instruments[tag >>> SYMBOL_SHIFT];
      seen.push({ seq: batch.F[f + SEQ], name: `${venue} ${symbol}`, id: batch.F[f + ID], us: batch.F[f + RECV_US] || batch.F[f + EXCH_US], kind: tag & KIND_MASK, flags: tag & 0xff00 });
    }
  }
  reader.close();
  return seen;
}

/** Messages of one to four levels, single trades, stamps that repeat, stand still, go backwards or are missing. */
const anyMessages: fc.Arbitrary<Row[]> = fc.array(fc.record({
  step: fc.constantFrom(0, 0, 1, 1, 2, 5, -3),
  levels: fc.constantFrom(0, 0, 1, 2, 4),
  symbol: fc.integer({ min: 0, max: 1 }),
  kind: fc.constantFrom(Kind.DEPTH, Kind.SNAPSHOT),
  stamped: fc.constantFrom('recv', 'recv', 'exch', 'none'),
}), { maxLength: 60 }).map((messages) => {
  const rows: Row[] = [];
  let us = START_US;
  for (const { step, levels, symbol, kind, stamped } of messages) {
    us += step;
    const stamp = stamped === 'recv' ? { recvUs: us } : stamped === 'exch' ? { exchUs: us } : {};
    if (levels === 0) rows.push({ kind: Kind.TRADE, symbol, id: rows.length, ...stamp });
    for (let level = 0; level < levels; level += 1) {
      rows.push({ kind, symbol, id: rows.length, flags: (level === 0 ? Flag.FIRST : 0) | (level === levels - 1 ? Flag.LAST : 0), ...stamp });
    }
  }
  return rows;
});

/** What the merged order must be, the slow way: messages with the clock of their tape, sorted stably by (clock, input). */
function expectedOrder(inputs: readonly (readonly Row[])[]): string[] {
  const messages: { clock: number; input: number; records: string[] }[] = [];
  inputs.forEach((rows, input) => {
    let clock = 0;
    rows.forEach((row, k) => {
      clock = Math.max(clock, row.recvUs || row.exchUs || 0);
      const level = row.kind !== Kind.TRADE;
      const continues = level && ((row.flags ?? 0) & Flag.FIRST) === 0;
      if (continues) messages.at(-1)?.records.push(`${input}:${k}`);
      else messages.push({ clock, input, records: [`${input}:${k}`] });
    });
  });
  return messages.sort((a, b) => a.clock - b.clock || a.input - b.input).flatMap((message) => message.records);
}

void test('a merge orders messages by clock, then by argument, keeps them whole and renumbers all', (t) => {
  const folder = scratch(t);
  let run = 0;
  fc.assert(fc.property(fc.array(anyMessages, { minLength: 1, maxLength: 4 }), (inputs) => {
    run += 1;
    const paths = inputs.map((rows, input) => {
      const path = join(folder, `${run}-${input}.tape`);
      writeTape(path, rows, {}, header([instrument(0, { venue: `v${input}` }), instrument(1, { venue: `v${input}` })]));
      return path;
    });
    const out = join(folder, `${run}.tape`);
    const summary = merge(paths, out);
    const seen = records(out);
    assert.deepEqual(seen.map((record) => record.seq), seen.map((_, k) => k));
    assert.deepEqual(seen.map((record) => `${record.name.slice(1, 2)}:${record.id}`), expectedOrder(inputs));
    for (const record of seen) {
      const source = inputs[Number(record.name.slice(1, 2))]?.[record.id];
      assert.equal(record.name.at(record.name.indexOf('SYM') + 3), String(source?.symbol), 'the symbol went along');
    }
    assert.equal(summary.records, seen.length);
    assert.equal(verifyTape(out).ok, true);
  }), { numRuns: 150 });
});

void test('a message that crosses a block border stays whole against another tape of the same stream', (t) => {
  const folder = scratch(t);
  const long: Row[] = Array.from({ length: 3000 }, (_, k) => ({ kind: Kind.SNAPSHOT, recvUs: START_US + k, id: k, flags: k === 0 ? Flag.FIRST : k === 2999 ? Flag.LAST : 0 }));
  const trades: Row[] = Array.from({ length: 3000 }, (_, k) => ({ recvUs: START_US + k, id: 10_000 + k }));
  writeTape(join(folder, 'a'), long);
  writeTape(join(folder, 'b'), trades);
  merge([join(folder, 'b'), join(folder, 'a')], join(folder, 'out'));
  const kinds = records(join(folder, 'out')).map((record) => record.kind);
  assert.equal(kinds.lastIndexOf(Kind.SNAPSHOT) - kinds.indexOf(Kind.SNAPSHOT), 2999);
});

void test('an instrument of several inputs becomes one; stated facts win over inferred ones; origins are listed once', (t) => {
  const folder = scratch(t);
  const [a, b, out] = [join(folder, 'a'), join(folder, 'b'), join(folder, 'out')];
  writeTape(a, sampleRows(10), {}, header([instrument(0, { symbol: 'X', product: 'unknown', settle: '', inferred: ['product', 'settle', 'tickSize'] }), instrument(1)]));
  writeTape(b, sampleRows(10), {}, { ...header([instrument(0), instrument(1, { symbol: 'X', tickSize: '0.010', product: 'linear' })]), clocks: { receive: 'none', exchange: 'venue' } });
  merge([a, b], out);
  const reader = TapeReader.open(out);
  assert.deepEqual(reader.header.instruments.map(({ symbol }) => symbol), ['X', 'SYM1USDT', 'SYM0USDT']);
  assert.deepEqual(reader.header.instruments[0], instrument(0, { symbol: 'X', product: 'linear', inferred: [] }));
  assert.equal(reader.header.origin.length, 1);
  assert.deepEqual(reader.header.clocks, { receive: 'recorder', exchange: 'venue' });
  reader.close();
  assert.equal(records(out).filter(({ name }) => name.endsWith(' X')).length, 10);
});

void test('inputs that disagree, are damaged, or would be overwritten are refused and nothing is written', (t) => {
  const folder = scratch(t);
  const [a, out] = [join(folder, 'a'), join(folder, 'out')];
  writeTape(a, sampleRows(10));
  for (const changes of [{ tickSize: '0.1' }, { lotSize: '1' }, { multiplier: '10' }, { settle: 'USDC' }, { product: 'linear' as const }]) {
    const b = join(folder, `b-${Object.keys(changes)[0]}`);
    writeTape(b, sampleRows(10), {}, header([instrument(0, changes), instrument(1)]));
    assert.throws(() => merge([a, b], out), (error) => error instanceof Error && 'kind' in error && error.kind === 'mixed' && error.message.includes(a) && error.message.includes(b));
  }
  assert.throws(() => merge([a, join(folder, 'absent')], out), { kind: 'missing' });
  const unfinished = partialPath(out);
  writeTape(unfinished, sampleRows(5));
  assert.throws(() => merge([a, unfinished], out), { kind: 'exists' });
  assert.equal(verifyTape(unfinished).ok, true, 'the input is untouched');
  assert.equal(existsSync(out), false);
});
