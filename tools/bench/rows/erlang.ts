import { createActor, setup } from 'xstate';
import { type ActorContext, type ActorRef, type Behaviour, createRuntime, type Down, dynamicSupervisor, type Runtime, supervisor, VirtualClock, worker, type WorkerSpec } from '../../../runtime/index.js';
import { ErlangPeer, type ErlangJob } from '../erlang-peer.js';
import type { BenchRow } from '../row.js';

const PEER = 'Erlang/OTP, one scheduler (+S 1)';
/** Messages sent before the queue is drained. */
const BATCH = 1000;

const nowNs = (): number => performance.now() * 1e6;

function startedWith(...children: readonly WorkerSpec<never>[]): Runtime {
  // As in the other rows of actors: reading the wall clock, once a slice, is the machine's price and not the runtime's.
  const runtime = createRuntime({ clock: new VirtualClock(0) });
  const answer = runtime.start(supervisor({ id: 'root', strategy: 'oneForOne', intensity: { restarts: 1_000_000, withinMs: 1 }, children }));
  if (!answer.ok) throw new Error(JSON.stringify(answer.reason));
  return runtime;
}

interface ErlangRow {
  readonly id: string;
  readonly unit: string;
  readonly job: ErlangJob;
  /** How much of it Erlang and we do in a slice. */
  readonly theirs: number;
  readonly ours: number;
  readonly warmUp: number;
  /** Ours over theirs at most. */
  readonly most: number;
  /** Runs `count` of it and returns the value. */
  run(count: number): number;
  /** The peer's second figure, by the name it has in the report. */
  readonly second?: { readonly name: string; ours(): number };
}

/** A row against Erlang: ours in this process, theirs in another, both timed inside. */
function erlangRow(row: ErlangRow): BenchRow {
  let peer: ErlangPeer | string = '';
  const seconds: number[] = [];
  return {
    id: row.id, unit: row.unit, better: 'lower', peer: PEER, floor: row.most, aim: row.most,
    async prepare() {
      peer = ErlangPeer.start();
      row.run(row.warmUp);
      if (typeof peer !== 'string') await peer.run(row.job, row.theirs);
    },
    skip: () => (typeof peer === 'string' ? peer : undefined),
    ours: () => row.run(row.ours),
    async peerRun() {
      const [value = NaN, second = NaN] = await (peer as ErlangPeer).run(row.job, row.theirs);
      seconds.push(second);
      return value;
    },
    also: () => (row.second === undefined ? {} : {
      [`${row.second.name}, ours`]: row.second.ours(),
      ...(seconds.length === 0 ? {} : { [`${row.second.name}, Erlang`]: seconds.sort((a, b) => a - b)[seconds.length >> 1]! }),
    }),
    close() {
      if (typeof peer !== 'string') peer.close();
    },
  };
}

interface Tick { readonly type: 'tick'; readonly bid: number }
const ticks: readonly Tick[] = Array.from({ length: BATCH }, (_, bid) => ({ type: 'tick', bid }));

function oneWayRow(): BenchRow {
  const quote = {
    name: 'quote', version: 1,
    init: () => ({ ticks: 0, bid: 0 }),
    step: (state: { readonly ticks: number }, message: Tick) => ({ ticks: state.ticks + 1, bid: message.bid }),
  };
  const runtime = startedWith(worker({ id: 'quote', behaviour: quote }));
  const ref = runtime.ref<Tick>('/quote');
  return erlangRow({
    id: 'actor-one-way/erlang', unit: 'ns per message, 1,000 sent, then drained', job: 'one-way', theirs: 2000, ours: 5000, warmUp: 500, most: 1,
    run(count) {
      const begun = nowNs();
      for (let batch = 0; batch < count; batch++) {
        for (const tick of ticks) runtime.send(ref, tick);
        runtime.drain();
      }
      return (nowNs() - begun) / (count * BATCH);
    },
  });
}

/** Two actors that pass a message to and fro, a fresh one each time, as Erlang's do. */
interface Ball { readonly type: 'ball'; readonly from: ActorRef<Ball> | null; readonly left: number }

function pingPongRow(): BenchRow {
  const player: Behaviour<number, Ball, undefined> = {
    name: 'player', version: 1,
    init: () => 0,
    step: (hits, ball, ctx: ActorContext<Ball>) => {
      if (ball.left > 0 && ball.from !== null) ctx.send(ball.from, { type: 'ball', from: ctx.self, left: ball.left - 1 });
      return hits + 1;
    },
  };
  const runtime = startedWith(worker({ id: 'ping', behaviour: player }), worker({ id: 'pong', behaviour: player }));
  return erlangRow({
    id: 'actor-ping-pong/erlang', unit: 'ns per message', job: 'ping-pong', theirs: 300_000, ours: 1_000_000, warmUp: 200_000, most: 0.5,
    run(count) {
      const begun = nowNs();
      runtime.send('/ping', { type: 'ball', from: runtime.ref<Ball>('/pong'), left: 2 * count });
      runtime.drain();
      return (nowNs() - begun) / (2 * count);
    },
  });
}

/** An actor that spawns a child, watches it, stops it, and begins anew when it is told that it is down. */
function spawnStopRow(): BenchRow {
  const leaf: Behaviour<null, 'stop', undefined> = {
    name: 'leaf', version: 1,
    init: () => null,
    step: (state, _message, ctx) => {
      ctx.stop();
      return state;
    },
  };
  const spec = worker({ id: 'leaf', behaviour: leaf });
  type Message = { readonly type: 'go'; readonly count: number } | Down;
  const parentOf = (stop: (ctx: ActorContext<Message>, child: ActorRef<'stop'>) => void): Behaviour<number, Message, undefined> => ({
    name: 'parent', version: 1,
    init: () => 0,
    step: (before, message, ctx) => {
      const left = message.type === 'go' ? message.count : before;
      if (left === 0) return 0;
      const answer = ctx.spawn<'stop'>(spec);
      if (!answer.ok) throw new Error(answer.reason.kind);
      ctx.monitor(answer.ref);
      stop(ctx, answer.ref);
      return left - 1;
    },
  });
  const runtime = startedWith(
    worker({ id: 'stops', behaviour: parentOf((ctx) => ctx.stopChild('leaf')) }),
    worker({ id: 'tells', behaviour: parentOf((ctx, ref) => ctx.send(ref, 'stop')) }),
  );
  const perActorNs = (parent: string, count: number): number => {
    const begun = nowNs();
    runtime.send(parent, { type: 'go', count });
    runtime.drain();
    const ns = nowNs() - begun;
    if (runtime.inspect(parent)?.value !== 0 || runtime.counters().cells !== 3) throw new Error('not all were stopped');
    return ns / count;
  };
  const told: number[] = [];
  return erlangRow({
    id: 'actor-spawn-stop/erlang', unit: 'ns per actor: spawned, watched, stopped, DOWN received', job: 'spawn-stop', theirs: 50_000, ours: 100_000, warmUp: 50_000, most: 0.333,
    run(count) {
      told.push(perActorNs('/tells', count));
      return perActorNs('/stops', count);
    },
    second: { name: 'ns, ended by a message', ours: () => told.sort((a, b) => a - b)[told.length >> 1]! },
  });
}

function askRow(): BenchRow {
  type Answer = { readonly type: 'go' | 'answer'; readonly n: number };
  const server: Behaviour<number, number, undefined> = {
    name: 'server', version: 1,
    init: () => 0,
    step: (state, value, ctx) => {
      ctx.reply(value);
      return state;
    },
  };
  const asker: Behaviour<ActorRef<number>, Answer, undefined> = {
    name: 'asker', version: 1,
    init: (ctx) => ctx.ref<number>('/server'),
    step: (to, message, ctx) => {
      if (message.n > 0) {
        ctx.ask<number>(to, message.n, 5000, (result) => {
          if (!result.ok) throw new Error(result.reason);
          return { type: 'answer', n: result.value - 1 };
        });
      }
      return to;
    },
  };
  const runtime = startedWith(worker({ id: 'server', behaviour: server }), worker({ id: 'asker', behaviour: asker }));
  return erlangRow({
    id: 'actor-ask/erlang', unit: 'ns per round trip: ask with a deadline, gen_server:call', job: 'ask', theirs: 100_000, ours: 300_000, warmUp: 50_000, most: 1,
    run(count) {
      const begun = nowNs();
      runtime.send('/asker', { type: 'go', n: count });
      runtime.drain();
      return (nowNs() - begun) / count;
    },
  });
}

/** From the kill to the message that says the new child is ready, one at a time. */
function restartRow(): BenchRow {
  let readyNs = 0;
  const watcher: Behaviour<null, 'ready', undefined> = {
    name: 'watcher', version: 1,
    init: () => null,
    step: (state) => {
      readyNs = nowNs();
      return state;
    },
  };
  const child: Behaviour<number, never, undefined> = {
    name: 'child', version: 1,
    init: (ctx) => {
      ctx.send(ctx.ref<'ready'>('/watcher'), 'ready');
      return 0;
    },
    step: (state) => state,
  };
  const runtime = startedWith(worker({ id: 'watcher', behaviour: watcher }), worker({ id: 'child', behaviour: child }));
  runtime.drain();
  const tails: number[] = [];
  return erlangRow({
    id: 'restart-p50/erlang', unit: 'us from kill to the new child being ready, p50', job: 'restart', theirs: 2000, ours: 20_000, warmUp: 20_000, most: 0.1,
    run(count) {
      const times = new Float64Array(count);
      for (let n = 0; n < count; n++) {
        readyNs = 0;
        const begun = nowNs();
        runtime.kill('/child');
        runtime.drain();
        times[n] = readyNs - begun;
      }
      times.sort();
      tails.push(times[Math.floor(0.99 * count)]! / 1000);
      return times[count >> 1]! / 1000;
    },
    second: { name: 'us, p99', ours: () => tails.sort((a, b) => a - b)[tails.length >> 1]! },
  });
}

/** Bytes by which the heap grows for each of `count` things that `make` makes and `keep` holds. */
function bytesEach(count: number, make: (n: number) => unknown): number {
  const collect = (globalThis as { gc?: () => void }).gc;
  if (collect === undefined) throw new Error('needs node --expose-gc');
  const keep: unknown[] = Array.from({ length: count }, () => null);
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let n = 0; n < count; n++) keep[n] = make(n);
  collect();
  const bytes = (process.memoryUsage().heapUsed - before) / count;
  if (keep[count - 1] === null) throw new Error('nothing was made');
  return bytes;
}

function bytesRow(): BenchRow {
  const counter = worker({ id: 'x', behaviour: { name: 'counter', version: 1, init: () => 0, step: (n: number, message: number) => n + message } });
  const run = (count: number): number => {
    const runtime = createRuntime({ clock: new VirtualClock(0) });
    if (!runtime.start(dynamicSupervisor({ id: 'many', intensity: { restarts: 1, withinMs: 1 } })).ok) throw new Error('the supervisor did not start');
    return bytesEach(count, (n) => {
      const answer = runtime.startChild('/', { ...counter, id: `c${n}` });
      if (!answer.ok) throw new Error(answer.reason.kind);
      runtime.send(answer.ref, 1);
      runtime.drain();
      return answer.ref;
    });
  };
  const idle = setup({}).createMachine({ initial: 'a', context: { n: 0 }, states: { a: {} } });
  const row = erlangRow({ id: 'actor-bytes/erlang', unit: 'bytes per actor that has handled a message, under a supervisor', job: 'bytes', theirs: 20_000, ours: 20_000, warmUp: 5000, most: 1, run });
  return {
    ...row, aim: 0.6, rounds: 3, slices: 1,
    also: () => ({ 'bytes per XState actor': Math.round(bytesEach(5000, () => createActor(idle).start())) }),
  };
}

export const bytes: BenchRow = bytesRow();
export const oneWay: BenchRow = oneWayRow();
export const pingPong: BenchRow = pingPongRow();
export const spawnStop: BenchRow = spawnStopRow();
export const ask: BenchRow = askRow();
export const restart: BenchRow = restartRow();
