import { writeSync } from 'node:fs';
import { BINANCE_MARKETS, FrameDecoder } from '../../../data/decode/index.js';
import { allocateBatch } from '../../../data/records/index.js';
import { FRAME_KINDS, FrameMaker, INSTRUMENTS } from '../../../tools/fuzz/frames.js';
import { Random } from '../../../tools/fuzz/random.js';

// Run with --trace-gc. Between the two marks: two million frames of every kind and market, decoded by their bytes.

const FRAMES = 2_000_000;
const PER_MARKET = 600;
const ROOM = 4096;

const target = allocateBatch(ROOM);
const recvUs = new Float64Array(1);

const feeds = BINANCE_MARKETS.map((market) => {
  const decoder = new FrameDecoder({ market, instruments: INSTRUMENTS[market] });
  const maker = new FrameMaker(market);
  const frames: Buffer[] = [];
  for (let run = 0; frames.length < PER_MARKET; run += 1) {
    const frame = Buffer.from(maker.make(new Random(4, run), FRAME_KINDS[run % (FRAME_KINDS.length - 1)]).text);
    decoder.decode(frame, 0, frame.length, recvUs, target, 0, ROOM);
    if (decoder.lastOutcome === 'fast') frames.push(frame);
  }
  const offsets = new Int32Array(frames.length + 1);
  frames.forEach((frame, k) => (offsets[k + 1] = offsets[k]! + frame.length));
  return { decoder, offsets, bytes: Buffer.concat([...frames, Buffer.alloc(128)]) };
});

function pass(frames: number): number {
  let decoded = 0;
  let at = 0;
  let records = 0;
  while (decoded < frames) {
    for (const { decoder, bytes, offsets } of feeds) {
      for (let k = 0; k < PER_MARKET; k += 1) {
        if (at > ROOM - 200) at = 0;
        recvUs[0] = 1_723_161_255_000_000 + k;
        const count = decoder.decode(bytes, offsets[k]!, offsets[k + 1]!, recvUs, target, at, ROOM - at);
        at += count;
        records += count;
      }
      decoded += PER_MARKET;
    }
  }
  return records;
}

pass(FRAMES / 10);
const begun = feeds.reduce((sum, { decoder }) => sum + decoder.counts.fast, 0);
writeSync(1, 'BEGIN\n');
const records = pass(FRAMES);
writeSync(1, `END ${feeds.reduce((sum, { decoder }) => sum + decoder.counts.fast, 0) - begun} frames ${records} records\n`);
