import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { RingBuffer } from 'ringbuf.js';
import { RingReader, RingWriter } from '../../runtime/ring/index.js';

// One thread of a pair that hands over records of eight numbers. The producer writes record k as k, k + 1 … k + 7, the consumer adds up
// every field. Both wait for the row's word, spin while they run, and note when they began and ended.

export type RingDesign = 'ring' | 'ringbuf' | 'postmessage';

export interface RingSide {
  readonly side: 'producer' | 'consumer';
  readonly design: RingDesign;
  readonly records: number;
  readonly batch: number;
  /** The ring's, or ringbuf.js's. */
  readonly memory: SharedArrayBuffer;
  /** For postmessage: this end of the channel. */
  readonly port: MessagePort;
  /** Int32 0: number of the round to run. 1: rounds the consumer ended. */
  readonly control: SharedArrayBuffer;
  /** Float64 0: begun, 1: ended, nanoseconds of the process's clock; 2: checksum. */
  readonly result: SharedArrayBuffer;
}

const FIELDS = 8;
const { side, design, records, batch, memory, port, control, result } = workerData as RingSide;
const rounds = new Int32Array(control);
const times = new Float64Array(result);
const nowNs = (): number => Number(process.hrtime.bigint());

function fill(F: Float64Array, from: number, first: number, count: number): void {
  for (let k = 0, at = from; k < count; k += 1, at += FIELDS) {
    const value = first + k;
    F[at] = value;
    F[at + 1] = value + 1;
    F[at + 2] = value + 2;
    F[at + 3] = value + 3;
    F[at + 4] = value + 4;
    F[at + 5] = value + 5;
    F[at + 6] = value + 6;
    F[at + 7] = value + 7;
  }
}

/** Adds the records to `total[0]`. */
function add(F: Float64Array, from: number, count: number, total: Float64Array): void {
  let sum = total[0]!;
  for (let k = 0, at = from; k < count; k += 1, at += FIELDS) sum += F[at]! + F[at + 1]! + F[at + 2]! + F[at + 3]! + F[at + 4]! + F[at + 5]! + F[at + 6]! + F[at + 7]!;
  total[0] = sum;
}

function produceRing(writer: RingWriter): void {
  const { F } = writer;
  for (let k = 0; k < records; k += batch) {
    let at = writer.claim(batch);
    while (at < 0) at = writer.claim(batch);
    fill(F, at * FIELDS, k, batch);
    writer.publish();
  }
}

function consumeRing(reader: RingReader, total: Float64Array): void {
  const { F } = reader;
  for (let k = 0; k < records;) {
    const ready = reader.available(batch);
    if (ready === 0) continue;
    add(F, reader.index * FIELDS, ready, total);
    reader.release(ready);
    k += ready;
  }
}

function produceRingbuf(ring: RingBuffer, staged: Float64Array): void {
  for (let k = 0; k < records; k += batch) {
    fill(staged, 0, k, batch);
    for (let pushed = 0; pushed < staged.length;) pushed += ring.push(staged, staged.length - pushed, pushed);
  }
}

function consumeRingbuf(ring: RingBuffer, staged: Float64Array, total: Float64Array): void {
  let kept = 0;
  for (let k = 0; k < records;) {
    kept += ring.pop(staged, staged.length - kept, kept);
    if (kept < staged.length) continue;
    add(staged, 0, batch, total);
    kept = 0;
    k += batch;
  }
}

const staged = new Float64Array(batch * FIELDS);
const total = new Float64Array(1);
const end = (round: number): void => {
  times[1] = nowNs();
  times[2] = total[0]!;
  Atomics.store(rounds, 1, round);
  Atomics.notify(rounds, 1);
};

if (design === 'postmessage' && side === 'consumer') {
  let received = 0;
  let round = 0;
  port.on('message', (record: { a: number; b: number; c: number; d: number; e: number; f: number; g: number; h: number }) => {
    if (received === 0) total[0] = 0;
    total[0] = total[0]! + record.a + record.b + record.c + record.d + record.e + record.f + record.g + record.h;
    received += 1;
    if (received < records) return;
    received = 0;
    round += 1;
    end(round);
  });
} else {
  const ring = design === 'ringbuf' ? new RingBuffer(memory, Float64Array) : undefined;
  const writer = design === 'ring' && side === 'producer' ? RingWriter.open(memory) : undefined;
  const reader = design === 'ring' && side === 'consumer' ? RingReader.open(memory) : undefined;
  parentPort?.postMessage('ready');
  for (let round = 1; ; round += 1) {
    Atomics.wait(rounds, 0, round - 1);
    if (side === 'producer') {
      times[0] = nowNs();
      if (writer !== undefined) produceRing(writer);
      else if (ring !== undefined) produceRingbuf(ring, staged);
      else for (let k = 0; k < records; k += 1) port.postMessage({ a: k, b: k + 1, c: k + 2, d: k + 3, e: k + 4, f: k + 5, g: k + 6, h: k + 7 });
    } else {
      total[0] = 0;
      if (reader !== undefined) consumeRing(reader, total);
      else if (ring !== undefined) consumeRingbuf(ring, staged, total);
      end(round);
    }
  }
}
parentPort?.postMessage('ready');
