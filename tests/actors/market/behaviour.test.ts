import assert from 'node:assert/strict';
import { test } from 'node:test';
import { marketKernel } from '../../../actors/market/behaviour.js';
import type { MarketKernelInput, MarketKernelMessage, RecordsMessage } from '../../../actors/market/behaviour.js';
import { symbolFacts } from '../../../actors/market/facts.js';
import { LiveLanes, MarketKernel } from '../../../actors/market/index.js';
import type { Edge } from '../../../actors/market/kernel-port.js';
import { DEFAULT_INDICATOR_PARAMS } from '../../../config/indicators.js';
import { Kind } from '../../../data/records/layout.js';
import { createRuntime, supervisor, VirtualClock, worker } from '../../../runtime/index.js';
import type { Behaviour } from '../../../runtime/types.js';
import { instrument, message, records } from './records.js';
import type { Rec } from './records.js';

const T0 = 1_760_130_000e6;
/** Forty quiet seconds, then a crash: enough for a short warm-up. */
const TAPE = records([
  ...message(Kind.SNAPSHOT, 10, 0, [['bid', 99_999, 1e6], ['ask', 100_001, 1e6]], { exch: T0 }),
  ...Array.from({ length: 40 }, (_, k): Rec => ({ kind: Kind.TRADE, exch: T0 + k * 1e6, price: 100_000 + (k % 2), qty: 5 })),
  ...Array.from({ length: 60 }, (_, k): Rec => ({ kind: Kind.TRADE, exch: T0 + 40e6 + k * 1e5, price: 100_000 - k * k, qty: 50, flags: 1 << 8 })),
]);
const PARAMS = { ...DEFAULT_INDICATOR_PARAMS, warmupSamples: 20, baselineMinSamples: 10, baselineSeconds: 60 };

function run(restore: 'init' | 'lastGood', crashAfter?: number): Edge[] {
  const edges: Edge[] = [];
  const listener: Behaviour<null, Edge, null> = {
    name: 'listener', version: 1, init: () => null,
    step(state, edge) {
      edges.push(edge);
      return state;
    },
  };
  const input: MarketKernelInput = {
    instruments: [instrument()],
    params: () => PARAMS,
    routes: { levelTo: () => '/listener', candleTo: () => '/listener', venueTo: () => '/listener', bookTo: () => '/listener' },
  };
  const runtime = createRuntime({ clock: new VirtualClock(T0), seed: 'test' });
  runtime.start(supervisor({
    id: 'market', strategy: 'oneForOne', intensity: { restarts: 5, withinMs: 1000 },
    children: [
      worker({ id: 'listener', behaviour: listener, input: null }),
      worker({ id: 'kernel', behaviour: marketKernel, input, restore }),
    ],
  }));
  const stretch: RecordsMessage = { type: 'records', F: TAPE.F, I: TAPE.I, from: 0, to: TAPE.n, untilUs: Infinity, mute: false, next: 0, clockUs: 0, stalled: false };
  const send = (m: MarketKernelMessage): void => void runtime.send(runtime.ref('/kernel'), m);
  let turns = 0;
  while (stretch.from < TAPE.n) {
    send(stretch);
    runtime.drain();
    assert.ok(stretch.next > stretch.from, 'the kernel went on');
    stretch.from = stretch.next;
    turns += 1;
    if (turns === crashAfter) {
      runtime.crash('/kernel');
      runtime.drain();
    }
  }
  send({ type: 'finish' });
  runtime.drain();
  return edges;
}

test('the kernel as an actor sends every edge to its route and tells the driver where it stands', () => {
  const edges = run('lastGood');
  assert.equal(edges[0].type, 'book');
  assert.ok(edges.some((edge) => edge.type === 'level' && edge.triggered));
});

test('a crash between turns, restored from the last good state, changes no edge', () => {
  const whole = run('lastGood');
  for (const turn of [1, 2, 3]) assert.deepEqual(run('lastGood', turn), whole, `crash after turn ${turn}`);
  assert.notDeepEqual(run('init', 2), whole, 'from nothing it would have to warm up again');
});

/** An actor that keeps what it is told. */
function listening(): { readonly told: unknown[]; readonly listener: Behaviour<null, unknown, null> } {
  const told: unknown[] = [];
  return {
    told,
    listener: {
      name: 'listener', version: 1, init: () => null,
      step(state, message) {
        told.push(message);
        return state;
      },
    },
  };
}

test('asked for prices it tells those who are to know them, of symbols that have one', () => {
  const { told, listener } = listening();
  const runtime = createRuntime({ clock: new VirtualClock(T0), seed: 'test' });
  const input: MarketKernelInput = {
    instruments: [instrument(), instrument({ index: 1 })], params: () => PARAMS,
    routes: { levelTo: () => '/nobody', candleTo: () => '/nobody', venueTo: () => '/nobody', pricesTo: ['/listener'] },
  };
  runtime.start(supervisor({
    id: 'market', strategy: 'oneForOne', intensity: { restarts: 5, withinMs: 1000 },
    children: [worker({ id: 'listener', behaviour: listener, input: null }), worker({ id: 'kernel', behaviour: marketKernel, input })],
  }));
  const stretch: RecordsMessage = { type: 'records', F: TAPE.F, I: TAPE.I, from: 0, to: 5, untilUs: Infinity, mute: false, next: 0, clockUs: 0, stalled: false };
  while (stretch.from < 5) {
    runtime.send('/kernel', stretch);
    runtime.drain();
    stretch.from = stretch.next;
  }
  told.length = 0;
  runtime.send('/kernel', { type: 'prices' });
  runtime.drain();
  assert.deepEqual(told, [{ type: 'price', symbol: 0, bidTicks: 99_999, askTicks: 100_001, markTicks: 100_000, atUs: T0 + 2e6 }]);
});

test('lanes are asked for prices, and tell each symbol once when they have said how it stands since', () => {
  const { told, listener } = listening();
  const lanes = new LiveLanes({ assignment: [0, 0], lanes: 1, checkpointEvery: 1e9, backlogSlots: 0, overflow: 'gap', wait: () => undefined });
  const known = new MarketKernel([instrument(), instrument({ index: 1 })], () => PARAMS);
  const post = (): void => void (lanes.feeds[0]!.facts = { counters: known.counters(), symbols: known.symbols.map(symbolFacts) });
  known.run(TAPE.F, TAPE.I, 0, 4);
  post();
  const runtime = createRuntime({ clock: new VirtualClock(T0), seed: 'test' });
  const input: MarketKernelInput = {
    instruments: [instrument(), instrument({ index: 1 })], params: () => PARAMS, lanes,
    routes: { levelTo: () => '/nobody', candleTo: () => '/nobody', venueTo: () => '/nobody', pricesTo: ['/listener'] },
  };
  runtime.start(supervisor({
    id: 'market', strategy: 'oneForOne', intensity: { restarts: 5, withinMs: 1000 },
    children: [worker({ id: 'listener', behaviour: listener, input: null }), worker({ id: 'kernel', behaviour: marketKernel, input })],
  }));
  assert.deepEqual(lanes.takePrices(), [], 'nobody has asked');
  runtime.send('/kernel', { type: 'prices' });
  runtime.drain();
  assert.deepEqual([told, lanes.takePrices()], [[], []], 'what was known before the question is no answer');
  post();
  const prices = lanes.takePrices();
  assert.deepEqual(prices, [{ type: 'price', symbol: 0, bidTicks: 99_999, askTicks: 100_001, markTicks: 100_000, atUs: known.symbol(0)!.clockUs }]);
  post();
  assert.deepEqual(lanes.takePrices(), [], 'once an asking; of the other symbol there is no price yet');
  runtime.send('/kernel', { type: 'told-prices', prices });
  runtime.drain();
  assert.deepEqual(told, prices);
});
