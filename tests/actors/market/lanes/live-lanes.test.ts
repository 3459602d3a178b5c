import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LiveLanes } from '../../../../actors/market/index.js';
import type { Edge } from '../../../../actors/market/index.js';
import { packEdge, putAnswer } from '../../../../actors/market/lanes/answers.js';
import { Mark } from '../../../../actors/market/lanes/marks.js';
import { allocateBatch, Kind, KIND_MASK, QTY, RECV_US, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I } from '../../../../data/records/index.js';
import { createRing, RingReader, RingWriter } from '../../../../runtime/ring/index.js';

const EDGE: Edge = { type: 'book', symbol: 0, seq: 1, atUs: 1, from: 'SYNCING', to: 'LIVE' };

function trades(count: number, symbols: number): { readonly F: Float64Array; readonly I: Int32Array } {
  const batch = allocateBatch(count);
  for (let n = 0; n < count; n += 1) {
    batch.F[n * WORDS_F + RECV_US] = 1e15 + n;
    batch.I[n * WORDS_I + TAG] = Kind.TRADE | ((n % symbols) << SYMBOL_SHIFT);
  }
  return batch;
}

/** One lane, and the ends of its rings that its thread would have. */
function oneLane(options: { readonly overflow: 'gap' | 'block'; readonly slots: number; readonly wait?: () => void; readonly backlogSlots?: number }) {
  const told: number[] = [];
  const lanes = new LiveLanes({
    assignment: [0, 0], lanes: 1, checkpointEvery: 1e9, backlogSlots: options.backlogSlots ?? 0, overflow: options.overflow,
    wait: () => options.wait?.(),
    onRecord: (F, I, n) => {
      if ((I[n * WORDS_I + TAG]! & KIND_MASK) === Kind.GAP) told.push(F[n * WORDS_F + QTY]!);
    },
  });
  const inbox = createRing({ slots: options.slots });
  const outbox = createRing({ slots: 64 });
  const ends = { inbox: RingReader.open(inbox), outbox: RingWriter.open(outbox) };
  lanes.connect(0, { inbox: RingWriter.open(inbox), outbox: RingReader.open(outbox), receive: () => undefined });
  return { lanes, told, ...ends };
}

test('what was lost when the run ends is told before its end', () => {
  const { lanes, told } = oneLane({ overflow: 'gap', slots: 16 });
  const { F, I } = trades(100, 2);
  const lost = lanes.take(F, I, 0, 100);
  assert.ok(lost > 50);
  assert.deepEqual(told, []);
  lanes.finish();
  lanes.poll();
  assert.equal(told.reduce((sum, count) => sum + count, 0), lost);
  const { tape } = lanes.feeds[0]!;
  const { slots, at } = tape.slot(tape.end - 1);
  assert.equal(slots.I[at * 16 + TAG]! & 0xff, Mark.FINISH, 'records follow the end');
});

test('a door that blocks goes on reading answers: a lane without room for one would take nothing more', () => {
  let waits = 0;
  let answered = 0;
  const lane = oneLane({
    overflow: 'block', slots: 16,
    wait() {
      waits += 1;
      if (waits > 10_000) throw new Error('the door waits for ever');
      // As a thread does: every record raises an edge, and is taken when that is published.
      const packed = packEdge({ ...EDGE, seq: answered });
      if (lane.inbox.available(1) === 0) return;
      const at = lane.outbox.claim(packed.slots);
      if (at < 0) return;
      putAnswer(lane.outbox, at, answered, packed);
      lane.outbox.publish();
      lane.inbox.release(1);
      answered += 1;
    },
  });
  const { F, I } = trades(500, 1);
  assert.equal(lane.lanes.take(F, I, 0, 500), 0);
  assert.ok(answered >= 484);
});

test('a door that blocks does not wait for a lane that is gone: only the main loop can bring it back', () => {
  let waits = 0;
  const { lanes } = oneLane({
    overflow: 'block', slots: 16, backlogSlots: 4,
    wait() {
      waits += 1;
      if (waits > 10_000) throw new Error('the door waits for ever');
      lanes.disconnect(0);
    },
  });
  const { F, I } = trades(500, 1);
  assert.equal(lanes.take(F, I, 0, 500), 0);
  assert.equal(lanes.feeds[0]!.tape.end, 500, 'nothing is lost: it waits for the next thread');
});
