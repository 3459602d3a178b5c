import { SourceLane, type SourceLaneInput } from '../../../actors/market/index.js';
import { EXCH_US, type Instrument, WORDS_F } from '../../../data/records/index.js';
import type { LaneLink, LaneWork } from '../../../runtime/lanes/index.js';
import type { RecordViews } from '../../engine/session.js';
import { Connection } from '../../engine/sockets/connection.js';
import { MarketIntake, MarketSocket, type SocketDoor } from '../../engine/sockets/index.js';
import { monotonicUs } from './clock.js';
import { beHeavy } from './heavy.js';

/** Words that the lane and who measures it share: how often a frame is followed, frames taken, samples written, records lost, connected. */
export const SocketWord = { EVERY: 0, TAKEN: 1, SAMPLES: 2, LOST: 3, OPEN: 4 } as const;
/** Where the samples begin, in bytes: pairs of a frame's number and what it took to its edge, µs. */
export const SAMPLES_AT = 64;
export const MOST_SAMPLES = 16_384;

export interface SocketBenchInput extends SourceLaneInput {
  readonly all: readonly Instrument[];
  readonly port: number;
  readonly baseUs: number;
  readonly heavy: boolean;
  readonly shared: SharedArrayBuffer;
}

const OPEN_WITHIN_MS = 10_000;
/** The feeder hears nothing. */
const NEVER_MS = 2 ** 30;

/** A lane with a socket to the feeder: the engine's own connection, market socket, intake and lane. Sampled records are made to raise an edge. */
export default function benchSocketLane(input: unknown, link: LaneLink): LaneWork {
  const given = input as SocketBenchInput;
  const { all, port, baseUs, heavy, shared } = given;
  const words = new Int32Array(shared, 0, 5);
  const samples = new Float64Array(shared, SAMPLES_AT);
  const nowUs = (): number => baseUs + monotonicUs();
  let edgeUs = 0;
  const lane = new SourceLane(given, {
    inbox: link.inbox, outbox: link.outbox, post: (message) => link.post(message), asked: () => undefined, caughtUp: () => undefined, rest: () => link.rest(),
    ring() {
      // Its edge is published; what it costs to wake the main loop is not the frame's.
      edgeUs = nowUs();
      link.bell.ring();
    },
  });
  let frames = 0;
  let numbered = 0;
  const take = ({ F, I }: RecordViews, from: number, to: number): void => {
    const every = Atomics.load(words, SocketWord.EVERY);
    for (let at = from; at < to;) {
      const number = numbered + at - from;
      const sampled = every > 0 && number % every === 0;
      const next = sampled || heavy ? at + 1 : every === 0 ? to : Math.min(to, at + every - (number % every));
      if (sampled) lane.kernel.retell();
      if (heavy) beHeavy();
      lane.take(F, I, at, next);
      if (sampled) {
        const slot = (Atomics.load(words, SocketWord.SAMPLES) % MOST_SAMPLES) * 2;
        samples[slot] = number;
        samples[slot + 1] = edgeUs - F[at * WORDS_F + EXCH_US]!;
        Atomics.add(words, SocketWord.SAMPLES, 1);
      }
      at = next;
    }
    numbered += to - from;
    Atomics.store(words, SocketWord.LOST, lane.lost);
    Atomics.store(words, SocketWord.TAKEN, numbered);
  };
  const door: SocketDoor = { clock: { speed: 1, nowUs: () => Math.floor(nowUs()) }, instruments: all, give: () => undefined, records: take };
  const intake = new MarketIntake(door);
  const market = new MarketSocket({
    socket: 'bench', to: '', product: 'spot', face: 'ws', path: '/stream?streams=btcusdt@aggTrade', carries: 'market', pulseEveryMs: 1000, openTimeoutMs: 1000,
  }, door, intake, () => undefined);
  const connection = new Connection({ url: `ws://127.0.0.1:${port}`, openTimeoutMs: OPEN_WITHIN_MS, mostFrameBytes: 1 << 20, pingEveryMs: NEVER_MS, ca: null }, {
    opened: () => void Atomics.store(words, SocketWord.OPEN, 1),
    frame(bytes) {
      frames += 1;
      if (market.take(bytes).records !== 1) throw new Error(`frame ${frames} made no record: ${intake.reason('spot')}`);
    },
    closed: () => undefined,
  });
  return { drain: () => lane.drain(), stop: () => connection.close('measured', true) };
}
