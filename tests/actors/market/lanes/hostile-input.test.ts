import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedMatcher } from '../../../../actors/index.js';
import { MarketKernel } from '../../../../actors/market/index.js';
import type { Edge, KernelPort } from '../../../../actors/market/index.js';
import { DEFAULT_CONFIG } from '../../../../config/index.js';
import { paramsForSymbol } from '../../../../config/indicators.js';
import { EXCH_US, Flag, KIND_MASK, RECV_US, SEQ, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I } from '../../../../data/records/index.js';
import type { Instrument } from '../../../../data/records/index.js';
import { crashTape, slim } from '../../../support/lane-tapes.js';
import { LocalLanes } from '../../../support/local-lanes.js';
import { generatedTape } from '../../../support/replay-tape.js';
import type { MemoryTape } from '../../../support/replay-tape.js';

/** One without books that warms up, and one whose line loses, repeats and delays messages of books. */
const TAPES = [slim(crashTape(), 8), generatedTape({ scenario: 'feed-trouble', seed: 5, minutes: 12, symbols: 4, rate: 0.03 }, 0.5)];
const { venue } = DEFAULT_CONFIG.trading;
const params = ({ symbol }: Instrument) => paramsForSymbol(DEFAULT_CONFIG.indicators, symbol);

function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The tape with about one record in `every` made worse than any tape. */
function spoilt(tape: MemoryTape, seed: number, every: number): Float64Array {
  const random = generator(seed);
  const F = tape.F.slice();
  const I = new Int32Array(F.buffer);
  const stamps = [NaN, Infinity, -Infinity, 0, -1, 9e15, 5e-324];
  let shift = 0;
  for (let n = 0; n < tape.records; n += 1) {
    const f = n * WORDS_F;
    const i = n * WORDS_I;
    F[f + SEQ] = F[f + SEQ]! + shift;
    if (random() * every > 1) continue;
    switch (Math.floor(random() * 11)) {
      case 0: F[f + RECV_US] = stamps[Math.floor(random() * 6)]!; break;
      case 1: F[f + EXCH_US] = stamps[Math.floor(random() * stamps.length)]!; break;
      case 2: F[f + RECV_US] = 0; F[f + EXCH_US] = stamps[Math.floor(random() * 6)]!; break;
      case 3: F[f + RECV_US] = F[f + RECV_US]! + Math.floor((random() - 0.5) * 4e6); break;
      case 4: I[i + TAG] = (I[i + TAG]! & 0xffff) | (Math.floor(random() * 9) << SYMBOL_SHIFT); break;
      case 5: I[i + TAG] = (I[i + TAG]! & ~KIND_MASK) | Math.floor(random() * 256); break;
      case 6: I[i + TAG] = I[i + TAG]! ^ Flag.FIRST; break;
      case 7: I[i + TAG] = I[i + TAG]! ^ Flag.LAST; break;
      case 8: shift += Math.floor(random() * 5) - 1; break;
      case 9: F[f + SEQ] = [NaN, -1, 0, Infinity, 2 ** 53][Math.floor(random() * 5)]!; break;
      default: for (let w = 0; w < 16; w += 1) if (w !== TAG && random() < 0.3) I[i + w] = Math.floor(random() * 2 ** 32) | 0;
    }
  }
  return F;
}

/** JSON with sorted keys that keeps NaN and Infinity apart. */
const exact = (value: unknown): string => JSON.stringify(value, (_, v: unknown) => {
  if (typeof v === 'number' && !Number.isFinite(v)) return String(v);
  if (v instanceof Float64Array) return [...v].map(String);
  return typeof v === 'object' && v !== null && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1))) : v;
});

/** Drives a kernel as a session does: warm-up and retell, slices of time, stretches, timers, controls of every kind, also nonsense. */
function drive(kernel: KernelPort, tape: MemoryTape, F: Float64Array, distanceUs: number, seed: number, settle: () => void): { readonly log: readonly string[]; readonly rest: string } {
  const random = generator(seed);
  const log: string[] = [];
  const timers: number[] = [];
  let nowUs = 0;
  let orders = 0;
  const back = (symbol: number, edge?: Edge): void => {
    const dueUs = nowUs + distanceUs + [0, 0, 1, Math.floor(random() * 300_000)][Math.floor(random() * 4)]!;
    const chance = random();
    if (chance < 0.2) kernel.control({ type: 'freeze', symbol: chance < 0.03 ? 77 : symbol, on: random() < 0.5, dueUs });
    else if (chance < 0.3) kernel.control({ type: 'rebaseline', symbol, dueUs });
    else if (chance < 0.7 && orders < 200) {
      const price = edge !== undefined && 'features' in edge && edge.features.price > 0 ? Math.round(edge.features.price) : 1000;
      orders += 1;
      for (let k = 0; k < (random() < 0.3 ? 3 : 1); k += 1) {
        kernel.control({
          type: 'order.new', id: `${orders}/${k}`, symbol, side: random() < 0.5 ? 'buy' : 'sell', kind: random() < 0.5 ? 'limit' : 'market', priceTicks: price,
          lots: 1 + Math.floor(random() * 9), timeInForce: 'GTC', reduceOnly: false, dueUs,
        });
      }
      if (random() < 0.5) kernel.control({ type: 'order.cancel', id: `${orders}/0`, symbol, dueUs: dueUs + Math.floor(random() * 1e6) });
    }
    if (random() < 0.3) timers.push(nowUs + 1 + Math.floor(random() * [10, 1000, 100_000, 3_000_000][Math.floor(random() * 4)]!));
  };
  const fromUs = tape.startUs + 3e6;
  let mute = true;
  let sliceUs = tape.startUs;
  let stepUs = 1e6;
  let rounds = 0;
  for (let begin = 0; begin < tape.records; begin += 512) {
    const end = Math.min(tape.records, begin + 512);
    const chunkF = F.slice(begin * WORDS_F, end * WORDS_F);
    const chunkI = new Int32Array(chunkF.buffer);
    const length = end - begin;
    // A stretch may end before the chunk does: a fault strikes there.
    const cut = random() < 0.2 ? Math.floor(random() * length) : length;
    for (let at = 0, to = cut; at < length;) {
      if (at >= to) {
        to = length;
        if (random() < 0.5) back(Math.floor(random() * 4));
      }
      timers.sort((a, b) => a - b);
      const timerUs = timers[0] ?? Infinity;
      const beforeUs = mute ? Math.min(fromUs, sliceUs) : sliceUs;
      const untilUs = Math.min(timerUs, beforeUs);
      rounds += 1;
      if (rounds > 1e5) throw new Error(`it goes round and round: record ${begin + at} of ${tape.records}, now ${nowUs}, until ${untilUs}, ${timers.length} timers, ${log.length} lines`);
      at = kernel.run(chunkF, chunkI, at, to, untilUs);
      while (mute && kernel.edges.length > 0) at = kernel.run(chunkF, chunkI, at, to, untilUs);
      nowUs = Math.max(nowUs, kernel.clockUs);
      const edges = [...kernel.edges];
      for (const edge of edges) log.push(`${begin + at} ${nowUs} ${kernel.seq} ${exact(edge)}`);
      for (const edge of edges) back(edge.symbol, edge);
      if (kernel.stalled || edges.length > 0 || at >= to) continue;
      if (timerUs <= beforeUs) {
        timers.shift();
        nowUs = Math.max(nowUs, timerUs);
        log.push(`timer ${timerUs}`);
        back(Math.floor(random() * 4));
      } else if (beforeUs === fromUs && mute) {
        mute = false;
        kernel.retell();
      } else {
        // A stamp may be centuries ahead.
        sliceUs = Math.max(sliceUs, nowUs) + 100_000 + Math.floor(random() * stepUs);
        stepUs *= 2;
        continue;
      }
      stepUs = 1e6;
    }
  }
  kernel.finish();
  settle();
  return { log, rest: exact([kernel.counters(), tape.header.instruments.map(({ index }) => kernel.facts(index))]) };
}

test('whatever stands on the tape and however it is driven, lanes say what one kernel says', () => {
  let decided = 0;
  for (let seed = 1; seed <= Number(process.env['HOSTILE_RUNS'] ?? 12); seed += 1) {
    const tape = TAPES[seed % 2]!;
    const { instruments } = tape.header;
    const F = spoilt(tape, seed, [30, 300, 2000][Math.floor(seed / 2) % 3]!);
    const distanceUs = [50_000, 0, 1, 400_000][Math.floor(seed / 3) % 4]!;
    const inline = drive(new MarketKernel(instruments, params, { makeMatcher: () => new SimulatedMatcher(venue) }), tape, F, distanceUs, seed, () => {});
    const random = generator(seed * 7);
    const lanes = new LocalLanes({
      instruments, params, venue, lanes: 1 + (seed % 4), distanceUs, random, inboxSlots: [2, 64, 512][seed % 3]!, checkpointEvery: 700,
      onWait(all) {
        const broken = all.group.feeds.find((feed) => feed.broken !== null);
        assert.equal(broken?.broken ?? null, null, `seed ${seed}`);
        if (seed % 4 < 2 && random() < 0.003) all.kill(Math.floor(random() * (1 + (seed % 4))));
      },
    });
    const ours = drive(lanes.group, tape, F, distanceUs, seed, () => lanes.settle());
    const first = ours.log.findIndex((line, k) => line !== inline.log[k]);
    assert.equal(ours.log[first], inline.log[first], `seed ${seed}, line ${first}`);
    assert.equal(ours.log.length, inline.log.length, `seed ${seed}`);
    assert.equal(ours.rest, inline.rest, `seed ${seed}`);
    decided += inline.log.length;
  }
  assert.ok(decided > 500, `${decided} lines`);
});
