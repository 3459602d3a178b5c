import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LiveLanes } from '../../../actors/market/index.js';
import type { Edge, OrderEntry } from '../../../actors/market/index.js';
import { packEdge, putAnswer } from '../../../actors/market/lanes/answers.js';
import { allocateBatch, Kind, TAG } from '../../../data/records/index.js';
import { createRing, RingReader, RingWriter } from '../../../runtime/ring/index.js';
import { createRuntime, VirtualClock } from '../../../runtime/index.js';
import { LiveSession } from '../../../tools/live/live-session.js';

test('a session whose tree has ended merges nothing, writes nothing down, and comes back', () => {
  const lanes = new LiveLanes({ assignment: [0], lanes: 1, checkpointEvery: 1e9, backlogSlots: 0, overflow: 'gap', wait: () => {} });
  const inbox = createRing({ slots: 16 });
  const outbox = createRing({ slots: 64 });
  const reader = RingReader.open(inbox);
  const writer = RingWriter.open(outbox);
  lanes.connect(0, { inbox: RingWriter.open(inbox), outbox: RingReader.open(outbox), receive: () => undefined });
  const batch = allocateBatch(1);
  batch.I[TAG] = Kind.TRADE;
  lanes.take(batch.F, batch.I, 0, 1);
  const edge: Edge = { type: 'book', symbol: 0, seq: 0, atUs: 1, from: 'SYNCING', to: 'LIVE' };
  const packed = packEdge(edge);
  putAnswer(writer, writer.claim(packed.slots), 0, packed);
  writer.publish();
  assert.equal(reader.available(), 1);
  reader.release(1);

  const order: OrderEntry[] = [];
  let looks = 0;
  const session = new LiveSession({
    // Nothing runs in it, as after its root has given up.
    runtime: createRuntime({ clock: new VirtualClock(0) }), lanes, onOrder: (entry) => void order.push(entry),
    nowUs() {
      looks += 1;
      assert.ok(looks < 1000, 'the session turns for ever');
      return 1e15;
    },
  });
  assert.equal(session.turn(), 0);
  assert.deepEqual(order, []);
});
