import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedMatcher } from '../../../../actors/index.js';
import { type Control, type Edge, FollowingKernel, insideMessage, MarketKernel, type OrderEntry, SourceLane, SourceLanes } from '../../../../actors/market/index.js';
import { DEFAULT_CONFIG } from '../../../../config/index.js';
import { paramsForSymbol } from '../../../../config/indicators.js';
import { allocateBatch, ID, Kind, KIND_MASK, QTY, SEQ, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I } from '../../../../data/records/index.js';
import { createRing, RingReader, RingWriter } from '../../../../runtime/ring/index.js';
import { generatedTape } from '../../../support/replay-tape.js';

const TAPE = generatedTape({ scenario: 'flash-crash', seed: 4, minutes: 3, symbols: 2, rate: 0.2 });
const { instruments } = TAPE.header;
const { venue } = DEFAULT_CONFIG.trading;
const paramsOf = (index: number): ReturnType<typeof paramsForSymbol> => paramsForSymbol(DEFAULT_CONFIG.indicators, instruments[index]!.symbol);
const LANES = [0, 1];

/** `known`: entries of the order that were written before it. */
interface Merged { readonly seq: number; readonly control: number; readonly edges: readonly Edge[]; readonly known: number }

/** Lanes and main loop in one thread, taking turns by chance; lanes die now and then. */
function play(seed: number, { slots, kills, heard }: { readonly slots: number; readonly kills: number; readonly heard: number }) {
  let state = seed;
  const chance = (): number => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  const order: OrderEntry[] = [];
  const controls: Control[] = [];
  const merged: Merged[] = [];
  /** By control: how many merges there had been. */
  const sentAt: number[] = [];
  const taped = allocateBatch(TAPE.records * 2);
  const lanes = new SourceLanes({
    assignment: LANES, lanes: LANES.length, checkpointEvery: 300, onOrder: (entry) => void order.push(entry), onText: () => undefined,
    onRecords(_F, I, from, to) {
      taped.I.set(I.subarray(from * WORDS_I, to * WORDS_I), taped.length * WORDS_I);
      for (let n = from; n < to; n += 1) taped.F[taped.length * WORDS_F + SEQ] = taped.length++;
      return true;
    },
  });
  const threads: SourceLane[] = [];
  const up: boolean[] = [];
  let lost = 0;
  const start = (lane: number): void => {
    const [inbox, outbox] = [createRing({ slots: 4096 }), createRing({ slots })];
    const feed = lanes.feeds[lane]!;
    const posts: unknown[] = [];
    up[lane] = false;
    threads[lane] = new SourceLane({
      instruments: [instruments[lane]!], params: { [lane]: paramsOf(lane) }, venue, checkpoint: structuredClone(feed.checkpoint), from: feed.tape.begin, answered: feed.merged, until: feed.tape.end,
    }, {
      inbox: RingReader.open(inbox), outbox: RingWriter.open(outbox), post: (message) => void posts.push(structuredClone(message)), ring: () => undefined, asked: () => undefined,
      caughtUp: () => void (up[lane] = true),
      rest: () => undefined,
    });
    lanes.connect(lane, { inbox: RingWriter.open(inbox), outbox: RingReader.open(outbox), receive: () => posts.shift() });
  };
  const merge = (): void => {
    lanes.poll();
    while (lanes.ready) {
      lanes.run(taped.F, taped.I, 0);
      merged.push({ ...lanes.merging, edges: [...lanes.edges], known: order.length });
    }
  };
  for (const lane of LANES) start(lane);
  const I = new Int32Array(TAPE.F.buffer, TAPE.F.byteOffset);
  for (let from = 0; from < TAPE.records;) {
    let to = Math.min(TAPE.records, from + 1 + Math.floor(chance() * 60));
    while (to < TAPE.records && insideMessage(I[to * WORDS_I + TAG]!)) to += 1;
    for (const lane of LANES) {
      const own = allocateBatch(to - from);
      for (let n = from; n < to; n += 1) {
        if (I[n * WORDS_I + TAG]! >>> SYMBOL_SHIFT !== lane) continue;
        own.I.set(I.subarray(n * WORDS_I, (n + 1) * WORDS_I), own.length * WORDS_I);
        own.length += 1;
      }
      // What comes while its sockets are not there is not heard.
      if (up[lane] === true) threads[lane]!.take(own.F, own.I, 0, own.length);
      if (chance() < 0.3) threads[lane]!.drain();
    }
    from = to;
    if (chance() < heard) merge();
    if (chance() < 0.03) {
      const symbol = Math.floor(chance() * 2);
      const control: Control = chance() < 0.3 ? { type: 'freeze', symbol, on: chance() < 0.5, dueUs: 0 }
        : { type: 'order.new', id: `o${controls.length}`, symbol, side: chance() < 0.5 ? 'buy' : 'sell', kind: 'market', priceTicks: 0, lots: 3, timeInForce: 'IOC', reduceOnly: false, dueUs: 0 };
      controls.push(control);
      sentAt.push(merged.length);
      lanes.control(control);
    }
    if (chance() < kills) {
      const lane = Math.floor(chance() * 2);
      lost += threads[lane]!.lost;
      lanes.disconnect(lane, false, true);
      start(lane);
    }
  }
  for (let quiet = 0; quiet < 50; quiet += 1) {
    for (const thread of threads) thread.drain();
    merge();
  }
  for (const { broken } of lanes.feeds) assert.equal(broken, null);
  return { order, controls, sentAt, merged, taped, lost: threads.reduce((sum, thread) => sum + thread.lost, lost) };
}

function follow({ order, controls, merged, taped }: ReturnType<typeof play>): void {
  const kernels = LANES.map((lane) => new MarketKernel([instruments[lane]!], ({ index }) => paramsOf(index), { stream: 'part', makeMatcher: () => new SimulatedMatcher(venue) }));
  let given = false;
  const following = new FollowingKernel(kernels, () => (given ? undefined : ((given = true), taped)), order, { assignment: LANES, sources: true });
  for (const control of controls) following.control(control);
  for (const { seq, control, edges } of merged) {
    following.merge(seq, control);
    assert.deepEqual(following.edges, edges, `record ${seq}, control ${control}`);
  }
}

/** As `follow`, with the record of the order read while it is written: no further than the merge that comes next, unless the kernel waits for more. */
function followGrowing({ order, controls, sentAt, merged, taped }: ReturnType<typeof play>): number {
  const kernels = LANES.map((lane) => new MarketKernel([instruments[lane]!], ({ index }) => paramsOf(index), { stream: 'part', makeMatcher: () => new SimulatedMatcher(venue) }));
  // Who takes records numbers them anew.
  const F = taped.F.slice();
  const records = { F, I: new Int32Array(F.buffer), length: taped.length };
  let given = false;
  const following = new FollowingKernel(kernels, () => (given ? undefined : ((given = true), records)), [], { assignment: LANES, sources: true, open: true });
  let [known, sent, waited] = [0, 0, 0];
  const learn = (to: number): void => {
    following.learn(order.slice(known, to), true);
    known = to;
  };
  for (const [n, { seq, control, edges, known: written }] of merged.entries()) {
    if (known < written) learn(written);
    while (sent < controls.length && sentAt[sent]! <= n) following.control(controls[sent++]!);
    for (; following.waits; waited += 1) learn(known + 1);
    following.merge(seq, control);
    assert.deepEqual(following.edges, edges, `record ${seq}, control ${control}`);
  }
  return waited;
}

test('what lanes with sources say, whenever they are heard and however often they die, a replay of what was written down says', () => {
  const played = play(1, { slots: 16_384, kills: 0.02, heard: 0.1 });
  assert.equal(played.lost, 0);
  assert.ok(played.merged.length > 200 && played.merged.some(({ control }) => control >= 0), `${played.merged.length} merged`);
  assert.ok(followGrowing(played) > 0, 'it waited to be told where a control fell');
  follow(played);
});

test('a message for which the ring has no room reaches neither tape nor kernel, and a gap record tells both', () => {
  const played = play(2, { slots: 4096, kills: 0, heard: 0.004 });
  const { taped, lost } = played;
  let told = 0;
  for (let n = 0; n < taped.length; n += 1) if ((taped.I[n * WORDS_I + TAG]! & KIND_MASK) === Kind.GAP && taped.F[n * WORDS_F + ID] === 0) told += taped.F[n * WORDS_F + QTY]!;
  assert.ok(lost > 100, `${lost} lost`);
  // What was lost last has no record after it.
  assert.ok(told > 0 && told <= lost, `${told} of ${lost}`);
  assert.ok(played.merged.length > 50);
  follow(played);
});

test('when the run cannot be written, the first lane that finds out is the last that is heard', () => {
  let asked = 0;
  const lanes = new SourceLanes({
    assignment: LANES, lanes: LANES.length, checkpointEvery: 300, onOrder: () => undefined, onText: () => undefined,
    onRecords() {
      asked += 1;
      return false;
    },
  });
  const I = new Int32Array(TAPE.F.buffer, TAPE.F.byteOffset);
  for (const lane of LANES) {
    const [inbox, outbox] = [createRing({ slots: 64 }), createRing({ slots: 4096 })];
    const thread = new SourceLane({ instruments: [instruments[lane]!], params: { [lane]: paramsOf(lane) }, venue, checkpoint: null, from: 0, answered: 0, until: 0 }, {
      inbox: RingReader.open(inbox), outbox: RingWriter.open(outbox), post: () => undefined, ring: () => undefined, asked: () => undefined, caughtUp: () => undefined, rest: () => undefined,
    });
    lanes.connect(lane, { inbox: RingWriter.open(inbox), outbox: RingReader.open(outbox), receive: () => undefined });
    const own = allocateBatch(1000);
    for (let n = 0; own.length < 500; n += 1) {
      if (I[n * WORDS_I + TAG]! >>> SYMBOL_SHIFT !== lane || insideMessage(I[n * WORDS_I + TAG]!)) continue;
      own.I.set(I.subarray(n * WORDS_I, (n + 1) * WORDS_I), own.length * WORDS_I);
      own.length += 1;
    }
    thread.take(own.F, own.I, 0, own.length);
    thread.drain();
  }
  lanes.poll();
  lanes.poll();
  assert.deepEqual([asked, lanes.closed, lanes.feeds[1]!.broken], [1, true, null]);
  assert.match(lanes.feeds[0]!.broken!, /cannot be written/);
});

test('a control that makes the kernel throw is left out of what the next thread takes, and what comes after it is numbered on', () => {
  const taken: number[] = [];
  const lanes = new SourceLanes({
    assignment: [0], lanes: 1, checkpointEvery: 1e6, onOrder: () => undefined, onText: () => undefined,
    onRecords(F, _I, from, to) {
      for (let n = from; n < to; n += 1) taken.push(F[n * WORDS_F + SEQ]!);
      return true;
    },
  });
  const feed = lanes.feeds[0]!;
  /** Its kernel cannot take the freezing of baselines; all else it can. */
  const begin = (): SourceLane => {
    const [inbox, outbox] = [createRing({ slots: 4096 }), createRing({ slots: 4096 })];
    const thread = new SourceLane({ instruments: [instruments[0]!], params: { 0: paramsOf(0) }, venue, checkpoint: structuredClone(feed.checkpoint), from: feed.tape.begin, answered: feed.merged, until: feed.tape.end }, {
      inbox: RingReader.open(inbox), outbox: RingWriter.open(outbox), post: () => undefined, ring: () => undefined, rest: () => undefined, asked: () => undefined, caughtUp: () => undefined,
    });
    const { kernel } = thread;
    const apply = kernel.applyControl.bind(kernel);
    kernel.applyControl = (control, seq, clockUs) => {
      if (control.type === 'freeze' && control.on) throw new Error('a kernel that cannot');
      apply(control, seq, clockUs);
      thawed += 1;
    };
    lanes.connect(0, { inbox: RingWriter.open(inbox), outbox: RingReader.open(outbox), receive: () => undefined });
    return thread;
  };
  let thawed = 0;
  const I = new Int32Array(TAPE.F.buffer, TAPE.F.byteOffset);
  const own = allocateBatch(200);
  for (let n = 0; own.length < 200; n += 1) {
    if (I[n * WORDS_I + TAG]! >>> SYMBOL_SHIFT !== 0 || insideMessage(I[n * WORDS_I + TAG]!)) continue;
    own.I.set(I.subarray(n * WORDS_I, (n + 1) * WORDS_I), own.length * WORDS_I);
    own.length += 1;
  }
  let thread = begin();
  thread.drain();
  thread.take(own.F, own.I, 0, 50);
  for (let death = 0; death < 8; death += 1) {
    lanes.control({ type: 'freeze', symbol: 0, on: true, dueUs: 0 });
    assert.throws(() => thread.drain(), /a kernel that cannot/);
    lanes.disconnect(0, true, true);
    thread = begin();
    // Were it there again, this would throw.
    thread.drain();
    lanes.control({ type: 'freeze', symbol: 0, on: false, dueUs: 0 });
    thread.drain();
    thread.take(own.F, own.I, 50 + death, 51 + death);
    lanes.poll();
    assert.deepEqual([feed.broken, feed.skipped], [null, 0]);
  }
  // Every thread but the first takes again what those before it took: one thaw more each time.
  assert.equal(thawed, (8 * 9) / 2);
  assert.deepEqual(taken, Array.from({ length: 58 }, (_, number) => number));
});
