import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Latencies, percentile } from '../../../tools/bench/live/cell.js';
import { monotonicUs } from '../../../tools/bench/live/clock.js';
import { ByteDecoding, checkDecodings, JsonDecoding } from '../../../tools/bench/live/decoding.js';
import { checkSent, LiveFeed } from '../../../tools/bench/live/feed.js';
import { FrameWriter } from '../../../tools/bench/live/frames.js';
import { InlinePlacement } from '../../../tools/bench/live/inline.js';
import type { Load, Sent } from '../../../tools/bench/live/orders.js';
import { PiscinaPlacement } from '../../../tools/bench/live/piscina.js';
import type { Placement } from '../../../tools/bench/live/placement.js';
import { RingPlacement } from '../../../tools/bench/live/ring.js';

const STAMP_US = 1_763_726_400_123_456;

describe('frames', () => {
  test('a frame is an aggTrade of the combined stream, with its number as trade id and its stamp', () => {
    const writer = new FrameWriter();
    const bytes = new Uint8Array(3 * writer.longest);
    const second = writer.write(bytes, 0, 999_999, STAMP_US);
    writer.write(bytes, second, 1_000_000, STAMP_US + 1);
    const [a, b] = [0, second].map((at) => JSON.parse(Buffer.from(FrameWriter.payload(bytes, at)).toString()) as { stream: string; data: Record<string, unknown> });
    assert.equal(a!.stream, 'btcusdt@aggTrade');
    assert.deepEqual([a!.data['e'], a!.data['E'], a!.data['T'], b!.data['E']], ['aggTrade', STAMP_US, STAMP_US, STAMP_US + 1]);
    assert.equal((b!.data['a'] as number) - (a!.data['a'] as number), 1);
    assert.equal(b!.data['f'], b!.data['a']);
  });

  test('both sides of live/json-parse make the same records of them, ours without falling back', () => {
    checkDecodings(600);
    const wrong = { decode: (...args: Parameters<JsonDecoding['decode']>) => (args[1] += 1, new JsonDecoding().decode(...args)) };
    assert.throws(() => checkDecodings(1, new ByteDecoding(), wrong), /different records/);
  });
});

describe('times', () => {
  test('the monotonic clock goes on', () => {
    const beforeUs = monotonicUs();
    assert.ok(monotonicUs() >= beforeUs);
    assert.ok(Math.abs(monotonicUs() - Number(process.hrtime.bigint()) / 1000) < 60e6);
  });

  test('percentiles by nearest rank', () => {
    const values = Float64Array.from({ length: 200 }, (_, k) => k + 1);
    assert.deepEqual([0, 0.5, 0.99, 1].map((share) => percentile(values, share)), [1, 100, 198, 200]);
    assert.ok(Number.isNaN(percentile(new Float64Array(0), 0.5)));
  });

  test('a frame that was not decided counts as what it had waited when the others were', () => {
    const latencies = new Latencies(95, 130, 10);
    for (const [number, us] of [[90, 1], [100, 5], [100, 6], [120, 7]] as const) latencies.decided(number, us);
    assert.equal(latencies.open, 1);
    latencies.close(1000, (number) => number);
    assert.deepEqual([...latencies.sorted()], [5, 7, 890]);
    assert.deepEqual([latencies.undecided, latencies.pending], [1, 1]);
    latencies.late(110);
    assert.equal(latencies.pending, 0);
  });

  test('a load that the machine could not send is an error that says so', () => {
    const load: Load = { kind: 'paced', rate: 1000, burst: 1, seconds: 2 };
    const sent: Sent = { from: 0, to: 2000, beginUs: 0, seconds: 2.01, latestMs: 0, waits: 0 };
    checkSent(load, sent);
    assert.throws(() => checkSent(load, { ...sent, seconds: 3 }), /sent 667 frames\/s, asked were 1000/);
  });
});

const FRAMES = 700;
const EVERY = 7;
const DEADLINE_MS = 60_000;

/** Sends frames through a placement and returns the numbers of those that were decided on, in order. */
async function decide(feed: LiveFeed, placement: Placement): Promise<number[]> {
  const numbers: number[] = [];
  const begunUs = feed.nowUs();
  placement.sampleEvery = EVERY;
  placement.onDecision = (number, stampUs) => {
    assert.ok(stampUs >= begunUs - 1 && stampUs <= feed.nowUs(), `${begunUs} ${stampUs}`);
    numbers.push(number);
  };
  feed.connect(placement);
  const { to } = await feed.send({ kind: 'saturate', frames: FRAMES, perWrite: 64 });
  await feed.arrived(to, DEADLINE_MS);
  const deadline = performance.now() + DEADLINE_MS;
  while (numbers.length < FRAMES / EVERY && performance.now() < deadline) {
    await sleep(2);
    placement.poll();
  }
  return numbers;
}

test('every placement decides on the same frames that a feeder process sends, in order', async (t) => {
  const feed = await LiveFeed.start();
  t.after(() => feed.close());
  const expected = Array.from({ length: FRAMES / EVERY }, (_, k) => k * EVERY);
  const placements: [string, Placement][] = [
    ['inline', new InlinePlacement()],
    ['inline, JSON', new InlinePlacement({ decoding: new JsonDecoding() })],
    ['inline, heavy', new InlinePlacement({ heavy: true })],
    ['ring', await RingPlacement.start({ nowUs: () => feed.nowUs() })],
    ['ring, heavy', await RingPlacement.start({ nowUs: () => feed.nowUs(), heavy: true })],
    ['piscina', new PiscinaPlacement()],
  ];
  t.after(() => Promise.all(placements.map(([, placement]) => placement.close())));
  for (const [name, placement] of placements) {
    assert.deepEqual(await decide(feed, placement), expected, name);
    assert.equal(placement.taken, FRAMES, name);
  }
});

test('paced frames are all sent, in bursts when asked', async (t) => {
  const feed = await LiveFeed.start();
  t.after(() => feed.close());
  let frames = 0;
  feed.connect({ frame: () => void (frames += 1), chunkEnded: () => undefined });
  // Slow enough for any machine.
  const { from, to } = await feed.send({ kind: 'paced', rate: 500, burst: 25, seconds: 0.4 });
  await feed.arrived(to, DEADLINE_MS);
  assert.deepEqual([from, to, frames], [0, 200, 200]);
});
