import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Edge, KernelFacts, KernelSnapshot } from '../../../../actors/market/index.js';
import { packEdge, putAnswer } from '../../../../actors/market/lanes/answers.js';
import { LaneFeed } from '../../../../actors/market/lanes/lane-feed.js';
import type { LanePost } from '../../../../actors/market/lanes/lane.js';
import { Mark } from '../../../../actors/market/lanes/marks.js';
import { allocateBatch, Kind, SEQ, TAG } from '../../../../data/records/index.js';
import { createRing, RingReader, RingWriter } from '../../../../runtime/ring/index.js';

const EDGE: Edge = { type: 'book', symbol: 0, seq: 1, atUs: 1, from: 'SYNCING', to: 'LIVE' };
const SNAPSHOT: KernelSnapshot = { seq: 0, clockUs: 0, others: { strangers: 0, strangerBackwards: 0, disowned: 0 }, symbols: [], controls: [] };
const facts = (records: number): KernelFacts => ({
  counters: { records, processed: records, gapped: 0, waiting: 0, invalid: 0, backwardStamps: 0, exchangeBackwards: 0, missing: 0 }, symbols: [],
});

/** A feed and, by hand, what the thread behind it does. */
class Bench {
  readonly feed: LaneFeed;
  readonly posts: LanePost[] = [];
  onReceive: () => void = () => {};
  private records = 0;
  private readonly slots: number;
  private inbox!: RingReader;
  private outbox!: RingWriter;
  private readonly batch = allocateBatch(1);

  constructor(slots = 64, checkpointEvery = 1e9) {
    this.slots = slots;
    this.feed = new LaneFeed(checkpointEvery);
    this.connect();
  }

  connect(): void {
    const inbox = createRing({ slots: this.slots });
    const outbox = createRing({ slots: 64 });
    this.inbox = RingReader.open(inbox);
    this.outbox = RingWriter.open(outbox);
    this.posts.length = 0;
    this.feed.connect({
      inbox: RingWriter.open(inbox), outbox: RingReader.open(outbox),
      receive: () => {
        this.onReceive();
        return this.posts.shift();
      },
    });
  }

  record(count = 1): void {
    for (let k = 0; k < count; k += 1) {
      this.batch.F[SEQ] = this.records;
      this.batch.I[TAG] = Kind.TRADE;
      this.feed.record(this.batch.F, this.batch.I, 0, this.records);
      this.records += 1;
    }
    this.feed.send();
  }

  mark(kind: number): number {
    this.feed.mark(kind, this.records, this.records);
    this.feed.send();
    return this.feed.tape.end;
  }

  take(count: number): void {
    for (let left = count; left > 0; ) {
      const run = this.inbox.available(left);
      assert.ok(run > 0, 'nothing to take');
      this.inbox.release(run);
      left -= run;
      this.feed.send();
    }
  }

  answer(position: number, seq = position): void {
    const packed = packEdge({ ...EDGE, seq });
    const at = this.outbox.claim(packed.slots);
    assert.ok(at >= 0);
    putAnswer(this.outbox, at, position, packed);
    this.outbox.publish();
  }

  kindAt(position: number): number {
    const { slots, at } = this.feed.tape.slot(position);
    return slots.I[at * 16 + TAG]! & 0xff;
  }
}

test('a checkpoint from beyond what was looked at waits: answers to what it holds may not be read yet', () => {
  const bench = new Bench();
  const { feed } = bench;
  bench.mark(Mark.FACTS);
  bench.record(5);
  feed.requestCheckpoint();
  feed.send();
  bench.take(1);
  bench.posts.push({ type: 'facts', position: 1, facts: facts(0), finished: false });
  // Between the look at how far the lane is and the look at what it posted, it gets on.
  bench.onReceive = () => {
    bench.onReceive = () => {};
    bench.answer(3, 2);
    bench.take(6);
    bench.posts.push({ type: 'checkpoint', position: 7, snapshot: SNAPSHOT });
  };
  feed.poll();
  assert.equal(feed.tape.begin, 0, 'adopted while the answer to position 3 was not read');
  feed.poll();
  assert.deepEqual(feed.answers.map(({ position }) => position), [3]);
  assert.equal(feed.tape.begin, 0, 'adopted while the answer to position 3 waits');
  feed.answers.length = 0;
  feed.poll();
  assert.equal(feed.tape.begin, 7);
});

test('every post that was asked for is heard, however they are asked for', () => {
  const bench = new Bench();
  const { feed } = bench;
  bench.mark(Mark.FACTS);
  bench.mark(Mark.FACTS);
  bench.mark(Mark.FINISH);
  bench.take(1);
  bench.posts.push({ type: 'facts', position: 1, facts: facts(1), finished: false });
  feed.poll();
  bench.take(1);
  bench.posts.push({ type: 'facts', position: 2, facts: facts(2), finished: false });
  feed.poll();
  assert.equal(feed.facts?.counters.records, 2);
  bench.take(1);
  bench.posts.push({ type: 'facts', position: 3, facts: facts(3), finished: true });
  feed.poll();
  assert.ok(feed.finished, 'the lane said that it has finished, and nobody listened');
  assert.equal(feed.facts?.counters.records, 3);
});

test('what a restarted lane says of its past does not take the place of what it said last', () => {
  const bench = new Bench();
  const { feed } = bench;
  bench.mark(Mark.FACTS);
  bench.mark(Mark.FINISH);
  bench.take(2);
  bench.posts.push({ type: 'facts', position: 1, facts: facts(1), finished: false }, { type: 'facts', position: 2, facts: facts(2), finished: true });
  feed.poll();
  feed.disconnect();
  bench.connect();
  feed.requestCheckpoint();
  feed.send();
  bench.take(3);
  bench.posts.push({ type: 'facts', position: 1, facts: facts(1), finished: false });
  bench.posts.push({ type: 'checkpoint', position: 3, snapshot: SNAPSHOT });
  feed.poll();
  assert.equal(feed.tape.begin, 3);
  assert.equal(feed.facts?.counters.records, 2);
});

test('while a lane is down there is room for the backlog, whatever it had taken since its checkpoint', () => {
  const bench = new Bench(64);
  const { feed } = bench;
  for (let k = 0; k < 10; k += 1) {
    bench.record(50);
    bench.take(50);
  }
  bench.record(64);
  feed.poll();
  feed.disconnect();
  assert.ok(feed.fits(1, 10), 'records are lost though nothing waits');
  bench.record(10);
  assert.ok(!feed.fits(1, 10), 'the backlog has no limit');
  assert.ok(feed.fits(1, 11));
  bench.connect();
  assert.ok(feed.fits(1, 11));
  bench.take(574);
  feed.poll();
  bench.record(64);
  assert.ok(!feed.fits(1, 10), 'it has caught up: its ring is all there is');
});

test('an end found while posts are read is none of the answers', () => {
  const bench = new Bench();
  const { feed } = bench;
  bench.mark(Mark.FACTS);
  bench.take(1);
  bench.onReceive = () => {
    bench.onReceive = () => {};
    feed.disconnect();
  };
  feed.poll();
  assert.equal(feed.broken, null);
});

test('only what the lane says it could not take is taken out of its input', () => {
  const bench = new Bench();
  const { feed } = bench;
  bench.record(4);
  bench.take(1);
  // It threw, but not on a record: its program could not begin, say.
  feed.disconnect(true);
  assert.equal(feed.skipped, 0);
  assert.deepEqual([0, 1, 2, 3].map((position) => bench.kindAt(position)), [Kind.TRADE, Kind.TRADE, Kind.TRADE, Kind.TRADE]);
  bench.connect();
  bench.take(2);
  bench.posts.push({ type: 'threw', position: 2 });
  feed.disconnect(true);
  assert.equal(feed.skipped, 1);
  assert.deepEqual([0, 1, 2, 3].map((position) => bench.kindAt(position)), [Kind.TRADE, Kind.TRADE, Mark.SKIP, Kind.TRADE]);
});

test('a mark that throws is no record: a control is left out, the others stay', () => {
  const bench = new Bench();
  const { feed } = bench;
  bench.mark(Mark.CONTROL);
  bench.mark(Mark.FINISH);
  bench.posts.push({ type: 'threw', position: 0 });
  feed.disconnect(true);
  assert.equal(bench.kindAt(0), Mark.SKIP);
  assert.equal(feed.skipped, 0);
  bench.connect();
  bench.take(1);
  bench.posts.push({ type: 'threw', position: 1 });
  feed.disconnect(true);
  assert.equal(bench.kindAt(1), Mark.FINISH);
  assert.equal(feed.skipped, 0);
});

test('a lane that stands still and is ended for it does not stand still again', () => {
  const bench = new Bench();
  const { feed } = bench;
  bench.record();
  bench.mark(Mark.STALL);
  bench.record();
  bench.take(1);
  feed.disconnect();
  assert.notEqual(bench.kindAt(1), Mark.STALL);
  bench.connect();
  bench.take(3);
  feed.poll();
  assert.ok(feed.idle);
});

test('an answer to what was not asked breaks the lane, not the merge', () => {
  for (const position of [-1, 0.5, NaN, 7, 1e15, 2]) {
    const bench = new Bench();
    const { feed } = bench;
    bench.record(7);
    feed.merged = 3;
    bench.answer(position);
    bench.take(7);
    feed.poll();
    assert.match(feed.broken ?? '', /unsound/, String(position));
    assert.deepEqual(feed.answers, []);
    feed.disconnect();
    assert.equal(feed.broken, null);
  }
});

test('an edge has the number of its record, whatever that is', () => {
  for (const [seq, sound] of [[3, true], [4, false], [3.5, false], [NaN, false]] as const) {
    const bench = new Bench();
    bench.record(7);
    bench.answer(3, seq);
    bench.take(7);
    bench.feed.poll();
    assert.equal(bench.feed.broken === null, sound, String(seq));
  }
});
