import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createRing, RingError, RingReader, RingWriter } from '../../../runtime/ring/index.js';
import { HALF, HEADER_BYTES, MAGIC, POSITION_MASK, READER, READER_HALF, SLOT_BYTES, SLOTS, WRITER, WRITER_HALF } from '../../../runtime/ring/layout.js';

/** What the ring should be, with positions that never wrap. */
interface Model {
  readonly slots: number;
  published: number;
  claimed: number;
  released: number;
  /** What is published or claimed at each position, padding aside. */
  readonly values: Map<number, number>;
  /** Where padding begins, and where it ends. */
  readonly padding: Map<number, number>;
  overflows: number;
  /** Positions count from here. */
  origin: number;
  serial: number;
}

interface Real {
  readonly memory: SharedArrayBuffer;
  writer: RingWriter;
  reader: RingReader;
}

type Command = fc.Command<Model, Real>;
const STRIDE = 2;
const command = (name: string, run: (m: Model, r: Real) => void): Command => ({
  check: () => true,
  run(m, r) {
    run(m, r);
    assert.equal(r.writer.written, m.published - m.origin);
    assert.equal(r.writer.consumed(), m.released - m.origin);
    assert.equal(r.reader.published(), m.published - m.origin);
    assert.equal(r.reader.consumed, m.released - m.origin);
    assert.equal(r.reader.overflows(), m.overflows);
  },
  toString: () => name,
});

function fill(m: Model, r: Real, from: number, count: number): void {
  for (let k = 0; k < count; k += 1) {
    m.serial += 1;
    m.values.set(from + k, m.serial);
    r.writer.F[(r.writer.index + k) * STRIDE] = m.serial;
  }
}

const claim = (wanted: number): Command => command(`claim ${wanted}`, (m, r) => {
  if (wanted > m.slots / 2) {
    assert.throws(() => r.writer.claim(wanted), RangeError);
    return;
  }
  const toEnd = m.slots - (m.claimed % m.slots);
  const begin = wanted > toEnd ? m.claimed + toEnd : m.claimed;
  const at = r.writer.claim(wanted);
  if (begin + wanted - m.released > m.slots) {
    assert.equal(at, -1);
    return;
  }
  assert.equal(at, begin % m.slots);
  if (begin > m.claimed) m.padding.set(m.claimed, begin);
  m.claimed = begin + wanted;
  fill(m, r, begin, wanted);
});

const claimUpTo = (wanted: number): Command => command(`claimUpTo ${wanted}`, (m, r) => {
  const room = Math.min(wanted, m.slots - (m.claimed % m.slots), m.slots - (m.claimed - m.released));
  const got = r.writer.claimUpTo(wanted);
  // It may offer less than there is when it has not looked lately, but never nothing.
  assert.ok(got <= room && (got > 0) === (room > 0), `${got} of ${room}`);
  if (got === 0) return;
  assert.equal(r.writer.index, m.claimed % m.slots);
  fill(m, r, m.claimed, got);
  m.claimed += got;
});

const publish = (): Command => command('publish', (m, r) => {
  r.writer.publish();
  m.published = m.claimed;
});

function forget(m: Model): void {
  for (let at = m.published; at < m.claimed; at += 1) {
    m.values.delete(at);
    m.padding.delete(at);
  }
  m.claimed = m.published;
}

const read = (most: number, kept: number): Command => command(`read ${most} keep ${kept}`, (m, r) => {
  const begin = m.released < m.published ? m.padding.get(m.released) ?? m.released : m.released;
  const ready = r.reader.available(most);
  if (begin === m.published) {
    assert.equal(ready, 0);
    return;
  }
  assert.ok(ready >= 1 && ready <= most);
  assert.equal(r.reader.available(most), ready, 'asking again changes nothing');
  assert.equal(r.reader.index, begin % m.slots);
  for (let k = 0; k < ready; k += 1) assert.equal(r.reader.F[(r.reader.index + k) * STRIDE], m.values.get(begin + k));
  const done = ready - kept;
  if (done < 1) return;
  r.reader.release(done);
  m.released = begin + done;
});

const overRelease = (): Command => command('release more than there is', (_, r) => {
  assert.throws(() => r.reader.release(r.reader.available() + 1), RangeError);
  assert.throws(() => r.reader.release(0), RangeError);
});

const reopenWriter = (): Command => command('another writer', (m, r) => {
  const old = r.writer;
  const claimed = m.claimed > m.published;
  r.writer = RingWriter.open(r.memory);
  if (claimed) assert.throws(() => old.publish(), stale);
  forget(m);
});

const reopenReader = (): Command => command('another reader', (_, r) => {
  const old = r.reader;
  const ready = old.available();
  r.reader = RingReader.open(r.memory);
  if (ready > 0) assert.throws(() => old.release(1), stale);
  assert.equal(old.current(), false);
  assert.equal(r.reader.current(), true);
});

const renew = (): Command => command('renew', (m, r) => {
  forget(m);
  RingWriter.renew(r.memory);
  assert.throws(() => r.reader.published(), stale);
  assert.throws(() => r.writer.consumed(), stale);
  r.writer = RingWriter.open(r.memory);
  r.reader = RingReader.open(r.memory);
  m.released = m.published;
  m.origin = m.published;
});

const simple = (name: string, run: (m: Model, r: Real) => void): Command => command(name, run);
const stale = (error: unknown): boolean => error instanceof RingError && error.kind === 'stale-epoch';

describe('a ring behaves as a queue', () => {
  for (const startAt of [0, HALF - 9, 2 * HALF - 9, 2 ** 32 * 5 + 2 * HALF - 3]) {
    test(`from position ${startAt}`, () => {
      const count = fc.integer({ min: 1, max: 9 });
      const commands = fc.commands([
        count.map(claim), count.map(claim), count.map(claimUpTo), fc.constant(publish()), fc.constant(publish()),
        fc.tuple(count, fc.integer({ min: 0, max: 2 })).map(([most, kept]) => read(most, kept)), fc.tuple(count, fc.constant(0)).map(([most, kept]) => read(most, kept)),
        fc.constant(simple('abandon', (m, r) => { r.writer.abandon(); forget(m); })),
        fc.constant(simple('overflow', (m, r) => { r.writer.overflow(3); m.overflows += 3; })),
        fc.constant(overRelease()), fc.constant(reopenWriter()), fc.constant(reopenReader()), fc.constant(renew()),
      ], { maxCommands: 120, size: 'max' });
      fc.assert(fc.property(fc.constantFrom(2, 4, 8, 16), commands, (slots, list) => {
        const memory = createRing({ slots, slotBytes: 16 });
        const words = new Int32Array(memory);
        for (const [at, half] of [[WRITER, WRITER_HALF], [READER, READER_HALF]] as const) {
          words[at] = startAt % (POSITION_MASK + 1);
          words[half] = Math.floor(startAt / HALF) | 0;
        }
        const model: Model = { slots, published: startAt, claimed: startAt, released: startAt, values: new Map(), padding: new Map(), overflows: 0, origin: 0, serial: 0 };
        fc.modelRun(() => ({ model, real: { memory, writer: RingWriter.open(memory), reader: RingReader.open(memory) } }), list);
      }), { numRuns: 300 });
    });
  }
});

describe('any value in the header', () => {
  test('gives a RingError or a slot that exists, and ends', () => {
    // Words a value in which no open ring survives are read once, when a side opens.
    const word = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(32, 33, 64, 96, 97, 128, 129, 160, 192, 224, 225, 3, 4) }, fc.integer({ min: 0, max: HEADER_BYTES / 4 - 1 }).filter((at) => ![MAGIC, SLOTS, SLOT_BYTES].includes(at)));
    const value = fc.oneof(fc.integer(), fc.integer({ min: -20, max: 20 }), fc.integer({ min: -20, max: 20 }).map((near) => (1 << 20) + near));
    const poke = fc.record({ word, value, step: fc.integer({ min: 0, max: 9 }) });
    let faults = 0;
    let survived = 0;
    fc.assert(fc.property(fc.constantFrom(2, 8, 1 << 19), fc.array(poke, { minLength: 1, maxLength: 40 }), (slots, pokes) => {
      const memory = createRing({ slots, slotBytes: 8 });
      const words = new Int32Array(memory, 0, HEADER_BYTES / 4);
      let writer = RingWriter.open(memory);
      let reader = RingReader.open(memory);
      const attempt = (what: () => void): void => {
        try {
          what();
          survived += 1;
        } catch (error) {
          if (!(error instanceof RingError)) throw error;
          faults += 1;
        }
      };
      const inside = (index: number, count: number): void => assert.ok(Number.isInteger(index) && index >= 0 && count >= 0 && index + count <= slots, `${index} + ${count}`);
      for (const { word: at, value: put, step } of pokes) {
        attempt(() => { if (writer.claim(1) >= 0) writer.publish(); });
        words[at] = put;
        attempt(() => {
          switch (step) {
            case 0: writer = RingWriter.open(memory); break;
            case 1: reader = RingReader.open(memory); break;
            case 2: RingWriter.renew(memory); break;
            case 3: { const from = writer.claim(1 + (slots >>> 2)); if (from >= 0) inside(from, 1 + (slots >>> 2)); writer.publish(); break; }
            case 4: { const got = writer.claimUpTo(3); inside(writer.index, got); writer.publish(); break; }
            case 5: case 6: { const ready = reader.available(); inside(reader.index, ready); if (ready > 0) reader.release(ready); break; }
            case 7: reader.wait(0); break;
            case 8: writer.waitForRoom(1, 0); break;
            default: assert.ok(reader.published() >= 0 && writer.consumed() <= writer.written && reader.overflows() >= 0);
          }
        });
        attempt(() => { const ready = reader.available(); inside(reader.index, ready); });
      }
      // The way out always works.
      RingWriter.renew(memory);
      writer = RingWriter.open(memory);
      reader = RingReader.open(memory);
      assert.equal(reader.available(), 0);
      const from = writer.claim(1);
      writer.F[from] = 42;
      writer.publish();
      assert.deepEqual([reader.available(), reader.F[reader.index], writer.written, reader.consumed], [1, 42, 1, 0]);
    }), { numRuns: 2_000 });
    assert.ok(faults > 500 && survived > 500, `${faults} faults, ${survived} survived`);
  });

  test('memory that is no ring is refused', () => {
    const refused = (memory: unknown): void => assert.throws(() => RingWriter.open(memory as SharedArrayBuffer), (error) => error instanceof RingError && error.kind === 'not-a-ring');
    refused(new SharedArrayBuffer(8));
    refused(new SharedArrayBuffer(HEADER_BYTES + 64));
    refused(new ArrayBuffer(HEADER_BYTES + 64));
    refused(undefined);
    for (const at of [MAGIC, SLOTS, SLOT_BYTES]) {
      const memory = createRing({ slots: 4 });
      new Int32Array(memory)[at] = 12;
      refused(memory);
    }
    for (const slots of [0, 1, 3, 2.5, -2, NaN, 1 << 20]) assert.throws(() => createRing({ slots }), RangeError);
    for (const slotBytes of [0, 4, 12, 1.5, NaN, 2 ** 21]) assert.throws(() => createRing({ slots: 2, slotBytes }), RangeError);
  });
});
