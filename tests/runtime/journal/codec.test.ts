import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { open } from 'lmdb';
import { Packr } from 'msgpackr';
import { decodeEntry, decodeSnapshot, encodeEntry, encodeSnapshot, type JournalEntry, openJournal, placeSnapshot, type TurnInput, type TurnOp } from '../../../runtime/journal/index.js';
import { checksum } from '../../../runtime/journal/checksum.js';
import { chunksOf, decodeChunk } from '../../../runtime/journal/chunk.js';
import { packPlain, unpackPlain } from '../../../runtime/journal/pack.js';
import { NOT_PLAIN, PlainWriter } from '../../../runtime/journal/plain-writer.js';
import { snapshotOf, temporaryFolder, turnEntry } from './support.js';

const actors = {
  numberOf: (path: string): number => (path === '/a' ? 1 : 2),
  pathOf: (number: number): string | undefined => [undefined, '/a', '/b'][number],
};
/** Everything a message may be; -0 is not kept, see docs/journal.md. */
const value = fc.anything({
  withBigInt: true, withDate: false, withMap: true, withSet: true, withTypedArray: true, withSparseArray: false, withNullPrototype: false, withObjectString: false,
}).filter((thing) => !hasOddities(thing));
const PLAIN = { noNullPrototype: true } as const;
const stamp = fc.integer({ min: 0, max: 2 ** 50 });
const position = fc.nat();
const input: fc.Arbitrary<TurnInput> = fc.oneof(
  fc.tuple(fc.constant('journal' as const), position, position), fc.tuple(fc.constant('message' as const), value), fc.tuple(fc.constant('timer' as const), fc.string(), value),
  fc.tuple(fc.constant('answer' as const), fc.string(), value), fc.tuple(fc.constant('request' as const), value), fc.tuple(fc.constant('child' as const), fc.string(), value),
  fc.tuple(fc.constant('down' as const), position, value), fc.tuple(fc.constant('stash' as const), position), fc.tuple(fc.constant('system' as const), value),
);
const op: fc.Arbitrary<TurnOp> = fc.oneof(
  fc.tuple(fc.constant('send' as const), fc.constantFrom('/a', '/b'), value), fc.tuple(fc.constant('effect' as const), fc.string(), value),
  fc.tuple(fc.constant('timer' as const), fc.string(), fc.integer(), value), fc.tuple(fc.constant('cancel' as const), fc.string()),
  fc.tuple(fc.constant('ask' as const), fc.string(), value), fc.tuple(fc.constant('watch' as const), position, fc.string()), fc.tuple(fc.constant('unstash' as const)),
  fc.tuple(fc.constant('stash' as const), value),
);
const generator = fc.array(fc.integer(), { minLength: 4, maxLength: 4 });
const entry: fc.Arbitrary<JournalEntry> = fc.oneof(
  fc.record({
    kind: fc.constant('turn' as const), actor: fc.constantFrom('/a', '/b'), atUs: stamp, turn: position, incarnation: position, phase: fc.constantFrom('start' as const, 'step', 'stop', 'wake', 'upgrade'),
    input: fc.option(input), events: fc.option(fc.array(value, { maxLength: 3 })), ops: fc.array(op, { maxLength: 5 }), calls: position,
    answers: fc.array(fc.tuple(position, value), { maxLength: 2 }), ids: position, random: fc.option(generator),
  }, PLAIN),
  fc.record({ kind: fc.constant('failed' as const), actor: fc.constant('/a'), atUs: stamp, turn: position, input, cause: fc.string() }, PLAIN),
  fc.record({ kind: fc.constant('input' as const), actor: fc.constant('/a'), atUs: stamp, source: fc.string(), seq: position, message: value }, PLAIN),
  fc.record({ kind: fc.constant('outcome' as const), actor: fc.constant('/b'), atUs: stamp, key: fc.string(), status: fc.constantFrom('replied' as const, 'done', 'failed'), message: value }, PLAIN),
  fc.record({ kind: fc.constant('snapshot' as const), actor: fc.constant('/b'), atUs: stamp, turn: position }, PLAIN),
  fc.record({ kind: fc.constant('release' as const), atUs: stamp, upTo: position }, PLAIN),
);

function hasOddities(thing: unknown): boolean {
  if (Object.is(thing, -0) || typeof thing === 'symbol' || typeof thing === 'function') return true;
  if (typeof thing !== 'object' || thing === null || ArrayBuffer.isView(thing)) return false;
  if (thing instanceof Map) return [...thing].some(([key, inner]) => hasOddities(key) || hasOddities(inner));
  if (thing instanceof Set || Array.isArray(thing)) return [...thing].some(hasOddities);
  return Object.entries(thing).some(([key, inner]) => key === '__proto__' || hasOddities(inner));
}

test('an entry is read as it was written', () => {
  fc.assert(fc.property(entry, (written) => {
    const read = decodeEntry(encodeEntry(written, actors).bytes, actors);
    assert.ok(read.ok, read.ok ? '' : read.problem.message);
    assert.deepEqual(read.entry, written);
  }), { numRuns: 500 });
});

test('the plain writer writes the bytes of the packer, or leaves the value to it', () => {
  const writer = new PlainWriter();
  const numbers = fc.oneof(fc.integer({ min: -70_000, max: 70_000 }), fc.integer({ min: -(2 ** 33), max: 2 ** 33 }), fc.double(), fc.constantFrom(0, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, -32, -33, -128, -129, -32_768, -32_769, -(2 ** 31), -(2 ** 31) - 1));
  const text = fc.oneof(fc.string({ maxLength: 70 }), fc.string({ unit: 'binary', maxLength: 300 }), fc.constantFrom(31, 32, 63, 64, 255, 256, 70_000).map((length) => 'x'.repeat(length)));
  const { anything } = fc.letrec((tie) => ({
    anything: fc.oneof({ depthSize: 'small' }, numbers, text, fc.constantFrom<unknown>(null, undefined, true, false), fc.array(tie('anything'), { maxLength: 20 }), fc.dictionary(text, tie('anything'), { maxKeys: 20, noNullPrototype: true })),
  }));
  let left = 0;
  fc.assert(fc.property(fc.oneof(anything, value), fc.nat(40), (thing, reserved) => {
    const from = writer.begin(reserved);
    const end = writer.write(thing, from + reserved);
    const packed = packPlain(thing, 0);
    if (end === NOT_PLAIN) return void left++;
    const bytes = writer.take(end);
    assert.ok(packed !== null && bytes.subarray(reserved).equals(packed), `${bytes.subarray(reserved).toString('hex')}, not ${packed?.toString('hex')}`);
  }), { numRuns: 800 });
  assert.ok(left < 600, `${left} of 800 were left to the packer`);
  for (const plain of [{ type: 'signal', order: 7, price: -0.25 }, [[], {}, 'a'], 'x'.repeat(1000), undefined]) {
    const from = writer.begin(0);
    assert.deepEqual(unpackPlain(writer.take(writer.write(plain, from))), plain);
  }
  class Price {
    readonly ticks = 5;
  }
  const circular: unknown[] = [];
  circular.push(circular);
  for (const other of [new Map(), new Set([1]), 5n, new Date(0), new Uint8Array(3), new Price(), Object.create({ inherited: 1 }), { constructor: 5 }, { deep: [() => 1] }, Symbol('s'), 'x'.repeat(200_000)]) {
    const from = writer.begin(0);
    assert.equal(writer.write(other, from), NOT_PLAIN);
  }
  const from = writer.begin(0);
  assert.ok((() => {
    try {
      return writer.write(circular, from) === NOT_PLAIN;
    } catch (thrown) {
      return thrown instanceof RangeError;
    }
  })());
});

test('the checksum is the CRC-32 of zlib, wherever the bytes begin and however many they are', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 700, size: 'max' }), fc.nat(40), fc.nat(40), (bytes, before, after) => {
    const memory = Buffer.concat([Buffer.alloc(before, 7), bytes, Buffer.alloc(after, 9)]);
    assert.equal(checksum(new DataView(memory.buffer, memory.byteOffset, memory.length), before, before + bytes.length), crc32(bytes));
  }), { numRuns: 500 });
});

test('entries that were taken stay as they are, however much is written after them', () => {
  const entries = Array.from({ length: 3000 }, (_, turn) => turnEntry({ turn, input: ['message', { turn, text: 'y'.repeat(turn % 200) }] }));
  // Some that the packer wrote, some that were prepared and not taken: the neighbours of a chunk must not be copied over them.
  for (const at of [100, 101, 700]) entries[at] = turnEntry({ turn: at, input: ['message', new Map([[at, 5n]])] });
  const written = entries.map((one) => encodeEntry(one, actors)).filter((_, at) => at % 97 !== 0);
  const kept = entries.filter((_, at) => at % 97 !== 0);
  const read = [...chunksOf(5, written.map(({ bytes }) => bytes), written.map(({ place }) => place))].flatMap(({ first, bytes }) => {
    const { entries: found, damage } = decodeChunk(first, bytes, actors);
    assert.equal(damage, null);
    return found;
  });
  assert.deepEqual(read, kept.map((entry, at) => ({ position: 5 + at, entry })));
});

test('any bytes are an entry, a chunk, a snapshot or a named problem; one flipped bit is always found', () => {
  const total = (bytes: Uint8Array): void => {
    const read = decodeEntry(bytes, actors);
    if (!read.ok) assert.match(read.problem.code, /^(short|length|checksum|kind|actor|body|shape)$/);
    const snapshot = decodeSnapshot(bytes);
    if (!snapshot.ok) assert.ok(snapshot.problem.message.length > 0);
    decodeChunk(0, bytes, actors);
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), total), { numRuns: 2000 });
  // With a right checksum, so that the body's own decoder sees it too.
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), fc.constantFrom(1, 2, 3, 4, 5, 6, 9), (body, kind) => {
    const bytes = Buffer.concat([Buffer.alloc(32), body]);
    bytes.writeUInt32LE(bytes.length, 0);
    bytes[8] = kind;
    bytes[9] = body.length % 2;
    bytes[12] = 1;
    bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4);
    total(bytes);
  }), { numRuns: 3000 });
  fc.assert(fc.property(entry, fc.nat(), fc.nat(7), (written, at, bit) => {
    const { bytes } = encodeEntry(written, actors);
    bytes[at % bytes.length]! ^= 1 << bit;
    assert.equal(decodeEntry(bytes, actors).ok, false);
  }), { numRuns: 500 });
  const snapshot = encodeSnapshot(snapshotOf('/a', { value: { a: [1, 2n] } }));
  placeSnapshot(snapshot, 7);
  const whole = decodeSnapshot(snapshot);
  assert.ok(whole.ok && whole.position === 7);
  for (let at = 0; at < snapshot.length; at++) {
    const damaged = Uint8Array.from(snapshot);
    damaged[at]! ^= 4;
    assert.equal(decodeSnapshot(damaged).ok, false, `byte ${at}`);
  }
});

test('format 1 as it was first written, byte by byte, still opens and recovers', async (t) => {
  const dir = temporaryFolder(t);
  const packr = new Packr({ moreTypes: true, useBigIntExtension: true });
  const frame = (kind: number, actor: number, turn: number, targets: readonly number[], body: unknown): Buffer => {
    const packed = packr.pack(body);
    const bytes = Buffer.alloc(32 + 4 * targets.length + packed.length);
    bytes.writeUInt32LE(bytes.length, 0);
    bytes.writeUInt8(kind, 8);
    bytes.writeUInt16LE(targets.length, 10);
    bytes.writeUInt32LE(actor, 12);
    bytes.writeDoubleLE(5_000_000, 16);
    bytes.writeDoubleLE(turn, 24);
    targets.forEach((target, at) => bytes.writeUInt32LE(target, 32 + 4 * at));
    packed.copy(bytes, 32 + 4 * targets.length);
    bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4);
    return bytes;
  };
  const entries = [
    frame(5, 1, 0, [], []),
    frame(1, 1, 0, [], [0, 1, null, null, [], 0, [], 0, null]),
    frame(5, 2, 0, [], []),
    frame(3, 1, 0, [], ['feed', 41, { n: 9n }]),
    frame(1, 1, 1, [2], [1, 1, ['journal', 3, 0], null, [['send', '/b', 'hello'], ['effect', 'order', 5]], 1, [], 0, null]),
    frame(4, 1, 0, [], ['/a#1700000001:1.0', 0, { filled: true }]),
    frame(2, 1, 2, [], [['journal', 5, 0], 'Error: x']),
    frame(6, 0, 7, [], []),
  ];
  const chunk = Buffer.concat([Buffer.from([0x46, 0x4c, 0x4a, 0x31]), Buffer.from(Uint32Array.of(entries.length).buffer), ...entries]);
  const snapshot = (path: string, at: number): Buffer => {
    const packed = packr.pack({
      format: 1, log: 'inputs', behaviour: { name: 'test', version: 1 }, atUs: 5_000_000, value: [], path, epoch: 1_700_000_001, turn: 0, incarnation: 1, ids: 0, random: [1, 2, 3, 4],
      timers: [], deferred: [], effects: [], asks: [], topics: [], names: [], watching: [], children: [], queue: [],
    });
    const bytes = Buffer.concat([Buffer.alloc(16), packed]);
    bytes.writeUInt32LE(bytes.length, 0);
    bytes.writeDoubleLE(at, 8);
    bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4);
    return bytes;
  };
  const root = open<unknown, string>({ path: dir, noSubdir: false, maxDbs: 8 });
  const meta = root.openDB<unknown, string>('meta', { encoding: 'msgpack' });
  await meta.put('meta', { kind: 'faultline journal', format: 1, createdUs: 1_700_000_000_000_000 });
  await meta.put('state', { next: entries.length, epochs: 1_700_000_001, bytes: chunk.length, floor: 0 });
  const numbers = root.openDB<number, string>('actors', { encoding: 'msgpack' });
  await numbers.put('/a', 1);
  await numbers.put('/b', 2);
  await root.openDB<Buffer, number>('log', { encoding: 'binary' }).put(0, chunk);
  const snapshots = root.openDB<Buffer, number>('snapshots', { encoding: 'binary' });
  await snapshots.put(1, snapshot('/a', 0));
  await snapshots.put(2, snapshot('/b', 2));
  await root.openDB<number, string>('inputs', { encoding: 'msgpack' }).put('feed', 41);
  await root.close();

  const journal = await openJournal({ dir });
  assert.equal(journal.durable, 8);
  assert.equal(journal.lastInput('feed'), 41);
  assert.equal(journal.nextEpoch(), 1_700_000_002);
  assert.deepEqual(journal.history('/a')?.entries.map((found) => found.position), [1, 3, 4, 5, 6]);
  const sent = journal.history('/b')?.entries;
  assert.deepEqual(sent?.map((found) => found.entry), [turnEntry({
    atUs: 5_000_000, input: ['journal', 3, 0], ops: [['send', '/b', 'hello'], ['effect', 'order', 5]], calls: 1,
  })]);
  await journal.close();
});
