import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { allocateBatch, BLOCK_RECORDS, RECORD_BYTES } from '../../../data/records/index.js';
import { TapeReader } from '../../../data/tape/index.js';
import { makeBenchTape, type BenchTape } from '../bench-tape.js';
import type { BenchRow } from '../row.js';

const BLOCK_BYTES = BLOCK_RECORDS * RECORD_BYTES;

/** Reads a whole tape through the reader; records a second. */
function readTape(path: string): number {
  const batch = allocateBatch(BLOCK_RECORDS);
  const begunMs = performance.now();
  const reader = TapeReader.open(path);
  let records = 0;
  for (let count = reader.next(batch); count > 0; count = reader.next(batch)) records += count;
  reader.close();
  return (records / (performance.now() - begunMs)) * 1000;
}

function tapeRow(row: Pick<BenchRow, 'id' | 'peer'>, compress: boolean, prepare: (path: string) => () => number): BenchRow {
  let tape: BenchTape | undefined;
  let peer = (): number => Number.NaN;
  return {
    ...row,
    unit: 'records/s',
    better: 'higher',
    prepare() {
      tape = makeBenchTape({ compress, minutes: 10 });
      peer = prepare(tape.path);
      readTape(tape.path);
      peer();
    },
    ours: () => readTape(tape?.path ?? ''),
    peerRun: () => peer(),
    close: () => tape?.remove(),
  };
}

/** Raw blocks with their checksums, against reading the same file in pieces of the same size and looking at nothing. */
export const rawTape: BenchRow = tapeRow({ id: 'tape-raw/read-sync', peer: 'fs.readSync without checksums' }, false, (path) => () => {
  const piece = new Uint8Array(BLOCK_BYTES);
  const begunMs = performance.now();
  const fd = openSync(path, 'r');
  const bytes = fstatSync(fd).size;
  while (readSync(fd, piece, 0, piece.length, null) > 0);
  closeSync(fd);
  return (bytes / RECORD_BYTES / (performance.now() - begunMs)) * 1000;
});

/** Compressed blocks, against inflating the same records deflated as they are, block by block, from memory. */
export const packedTape: BenchRow = tapeRow({ id: 'tape-packed/inflate', peer: `zlib.inflateRawSync of the bare records (zlib ${process.versions.zlib})` }, true, (path) => {
  const batch = allocateBatch(BLOCK_RECORDS);
  const packed: Buffer[] = [];
  const reader = TapeReader.open(path);
  for (let count = reader.next(batch); count > 0; count = reader.next(batch)) packed.push(deflateRawSync(new Uint8Array(batch.F.buffer, 0, count * RECORD_BYTES), { level: 1 }));
  reader.close();
  return () => {
    const begunMs = performance.now();
    let bytes = 0;
    for (const block of packed) bytes += inflateRawSync(block, { chunkSize: BLOCK_BYTES }).length;
    return (bytes / RECORD_BYTES / (performance.now() - begunMs)) * 1000;
  };
});
