import { writeSync } from 'node:fs';
import { createRing, RingReader, RingWriter } from '../../../runtime/ring/index.js';

// Run with --trace-gc. Between the two marks: ten million records in batches, one million one by one, over both kinds of claim.

const memory = createRing({ slots: 1024 });
const writer = RingWriter.open(memory);
const reader = RingReader.open(memory);
const { F } = writer;
const sum = new Float64Array(1);

function read(): void {
  for (let ready = reader.available(); ready > 0; ready = reader.available()) {
    for (let k = 0; k < ready; k += 1) sum[0] = sum[0]! + F[(reader.index + k) * 8]!;
    reader.release(ready);
  }
}

function pass(records: number, batch: number): void {
  for (let sent = 0; sent < records; ) {
    let got = batch;
    let at = 0;
    if ((sent & 1) === 0) at = writer.claim(batch);
    else {
      got = writer.claimUpTo(batch);
      at = got === 0 ? -1 : writer.index;
    }
    if (at < 0) {
      read();
      continue;
    }
    for (let k = 0; k < got; k += 1) F[(at + k) * 8] = 1;
    writer.publish();
    sent += got;
    if (reader.consumed > writer.consumed()) throw new Error('the two sides disagree');
  }
  read();
}

for (let k = 0; k < 20; k += 1) {
  pass(100_000, 63);
  pass(10_000, 1);
}
const before = sum[0]!;
writeSync(1, 'BEGIN\n');
pass(10_000_000, 63);
pass(1_000_000, 1);
writeSync(1, `END ${sum[0]! - before}\n`);
