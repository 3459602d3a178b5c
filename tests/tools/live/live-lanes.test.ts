import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DecisionEffect } from '../../../actors/index.js';
import { FollowingKernel, LiveLanes, MarketKernel, orderLine, parseOrderLine } from '../../../actors/market/index.js';
import type { OrderEntry } from '../../../actors/market/index.js';
import type { LanesParams } from '../../../config/index.js';
import { paramsForSymbol } from '../../../config/indicators.js';
import { SimulatedMatcher } from '../../../actors/index.js';
import { Kind, KIND_MASK, QTY, RECV_US, SEQ, TAG, WORDS_F, WORDS_I } from '../../../data/records/index.js';
import { createRuntime, VirtualClock } from '../../../runtime/index.js';
import { HostedLanes, marketSession, planLanes } from '../../../supervisors/index.js';
import { follow } from '../../../tools/live/follow.js';
import { LiveSession } from '../../../tools/live/live-session.js';
import { EAGER } from '../../support/eager-config.js';
import { crashTape } from '../../support/lane-tapes.js';

const TROUBLED = new URL('../../support/lane-programs/misbehaving.js', import.meta.url);
const tape = crashTape();
const instruments = tape.header.instruments;

interface LiveRun {
  readonly log: readonly string[];
  readonly order: readonly OrderEntry[];
  /** What the door numbered: the tape of the run. */
  readonly F: Float64Array;
  readonly records: number;
  readonly lost: number;
  readonly restarts: number;
}

interface LiveOptions {
  readonly params?: Partial<LanesParams>;
  /** Records between two turns of the main loop. */
  readonly chunk: number;
  /** Waits for the lanes every so many chunks; Infinity: never. */
  readonly breatheEvery: number;
  /** Kills a lane before these chunks. */
  readonly killAt?: readonly number[];
  /** The first thread of each lane throws at the record that it takes after so many. */
  readonly throwAfter?: number;
}

/** A live run: records come in chunks, threads work on them, answers are merged as they come. */
async function live({ params = {}, chunk, breatheEvery, killAt = [], throwAfter }: LiveOptions): Promise<LiveRun> {
  const lanesParams: LanesParams = { ...EAGER.lanes, placement: 'ring', count: 4, checkpointSlots: 5000, ...params };
  const plan = planLanes(instruments, lanesParams);
  const log: string[] = [];
  const order: OrderEntry[] = [];
  const recorded: number[] = [];
  // As a file would keep it.
  const note = (entry: OrderEntry): void => void order.push(parseOrderLine(orderLine(entry)));
  let nowUs = tape.startUs;
  const lanes = new LiveLanes({
    assignment: plan.assignment, lanes: plan.lanes.length, checkpointEvery: lanesParams.checkpointSlots, backlogSlots: lanesParams.checkpointSlots,
    overflow: lanesParams.overflow,
    wait: () => {
      hosted.bell.wait(hosted.bell.value, 1);
      hosted.poll();
    },
    onRecord: (F, _I, n) => {
      for (let w = 0; w < WORDS_F; w += 1) recorded.push(F[n * WORDS_F + w]!);
    },
    onOrder: note,
  });
  const hosted: HostedLanes = new HostedLanes(lanes, {
    plan: () => plan, config: EAGER, params: lanesParams,
    ...(throwAfter === undefined ? {} : { program: (_lane: number, incarnation: number) => new URL(`${TROUBLED.href}?do=${incarnation === 1 ? 'throw' : 'behave'}&at=${throwAfter}`) }),
  });
  const runtime = createRuntime({ clock: new VirtualClock(0), seed: 1, effects: { ...hosted.effects, decision: ({ line }: DecisionEffect) => void log.push(line) } });
  hosted.attach(runtime);
  try {
    assert.ok(runtime.start(marketSession(instruments, EAGER, { lanes: { kernel: lanes, children: hosted.children } })).ok);
    for (let lane = 0; lane < plan.lanes.length; lane += 1) await hosted.thread(lane)!.ready;
    const session = new LiveSession({ runtime, lanes, nowUs: () => nowUs, onOrder: note });
    const F = tape.F.slice();
    const I = new Int32Array(F.buffer);
    let chunks = 0;
    for (let at = 0; at < tape.records; at += chunk) {
      const to = Math.min(tape.records, at + chunk);
      if (killAt.includes(chunks)) hosted.thread(chunks % plan.lanes.length)?.kill('by the test');
      lanes.take(F, I, at, to);
      nowUs = Math.max(nowUs, F[(to - 1) * WORDS_F + RECV_US]!) + 200;
      session.turn();
      runtime.drain();
      chunks += 1;
      if (chunks % breatheEvery === 0) {
        await hosted.bell.waitAsync(hosted.bell.value, 2);
        hosted.poll();
        runtime.drain();
        session.turn();
      }
    }
    runtime.send('/market/kernel', { type: 'finish' });
    runtime.drain();
    const deadline = performance.now() + 60_000;
    while (!lanes.settle() || session.turn() > 0) {
      assert.ok(performance.now() < deadline, 'the lanes do not settle');
      await hosted.bell.waitAsync(hosted.bell.value, 5);
      hosted.poll();
      runtime.drain();
    }
    const restarts = plan.lanes.reduce((sum, _, lane) => sum + hosted.status(lane).starts - 1, 0);
    return { log, order, F: Float64Array.from(recorded), records: recorded.length / WORDS_F, lost: lanes.lost, restarts };
  } finally {
    await hosted.close();
  }
}

/** What a replay of the run decides: inline, by its tape and the record of its order. */
function followed(run: LiveRun): readonly string[] {
  const log: string[] = [];
  let handed = false;
  const kernel = new FollowingKernel(
    new MarketKernel(instruments, ({ symbol }) => paramsForSymbol(EAGER.indicators, symbol), {
      makeMatcher: () => new SimulatedMatcher(EAGER.trading.venue), stream: 'part',
    }),
    () => {
      if (handed) return undefined;
      handed = true;
      return { F: run.F, I: new Int32Array(run.F.buffer), length: run.records };
    },
    run.order,
  );
  const runtime = createRuntime({ clock: new VirtualClock(0), seed: 1, effects: { decision: ({ line }: DecisionEffect) => void log.push(line) } });
  assert.ok(runtime.start(marketSession(instruments, EAGER, { lanes: { kernel, children: [] } })).ok);
  follow(runtime, kernel, run.order);
  return log;
}

function sameDecisions(run: LiveRun, what: string): void {
  const again = followed(run);
  const first = run.log.findIndex((line, k) => line !== again[k]);
  assert.equal(again[first], run.log[first], what);
  assert.equal(again.length, run.log.length, what);
}

test('a live run merges what has come, and a replay that follows its record decides the same', async () => {
  const run = await live({ chunk: 300, breatheEvery: 4, params: { overflow: 'block' } });
  assert.equal(run.lost, 0);
  assert.equal(run.records, tape.records);
  assert.ok(run.log.length > 50 && run.order.some(({ type }) => type === 'control'), `${run.log.length} decisions`);
  const merged = run.order.flatMap((entry) => (entry.type === 'turn' ? [entry.seq] : []));
  assert.ok(merged.some((seq, k) => k > 0 && seq < merged[k - 1]!), 'answers were taken in another order than that of the records');
  sameDecisions(run, 'no faults');
});

test('a door that blocks before the smallest rings loses nothing and hangs nowhere', async () => {
  const run = await live({ chunk: 3000, breatheEvery: 1, params: { overflow: 'block', inboxSlots: 16, answerSlots: 64 } });
  assert.equal(run.lost, 0);
  assert.equal(run.records, tape.records);
  sameDecisions(run, 'small rings');
});

test('lanes that are killed in a live run lose nothing and say nothing twice', async () => {
  const run = await live({ chunk: 200, breatheEvery: 2, killAt: [50, 151, 152, 400, 700], params: { overflow: 'block', checkpointSlots: 3000 } });
  assert.equal(run.restarts, 5);
  assert.equal(run.lost, 0);
  assert.equal(run.records, tape.records);
  sameDecisions(run, 'five kills');
});

test('a record that makes a lane throw is left out, on record, and a replay leaves it out too', async () => {
  const run = await live({ chunk: 200, breatheEvery: 2, throwAfter: 9000, params: { overflow: 'block', checkpointSlots: 3000 } });
  const skips = run.order.filter(({ type }) => type === 'skip');
  assert.equal(run.restarts, 4);
  assert.equal(skips.length, 4, JSON.stringify(skips));
  assert.ok(run.log.length > 50);
  sameDecisions(run, 'four records left out');
});

test('a ring that is full loses records, says how many by gap records, and a replay of that tape decides the same', async () => {
  const run = await live({ chunk: 2000, breatheEvery: 1, params: { overflow: 'gap', inboxSlots: 512 } });
  assert.ok(run.lost > 0, 'nothing was lost');
  const I = new Int32Array(run.F.buffer);
  let told = 0;
  let gaps = 0;
  for (let n = 0; n < run.records; n += 1) {
    assert.equal(run.F[n * WORDS_F + SEQ], n, 'numbered without a hole');
    if ((I[n * WORDS_I + TAG]! & KIND_MASK) !== Kind.GAP) continue;
    gaps += 1;
    told += run.F[n * WORDS_F + QTY]!;
  }
  assert.equal(told, run.lost, 'every loss is told');
  assert.equal(run.records - gaps + run.lost, tape.records, 'every record is on the tape or lost');
  sameDecisions(run, `${run.lost} lost`);
});
