import type { SocketInput, SocketOpen } from '../../../actors/engine/io.js';
import { Kind } from '../../../data/records/index.js';
import type { SocketDoor } from './door.js';
import { LagMeter } from './lag-meter.js';
import type { MarketIntake, Taken } from './market-intake.js';
import { streamsOf, type CarriedStream } from './stream-names.js';

/** Frames that are not understood are all counted, and so many of a connection told. */
const MOST_TOLD = 8;
const KINDS = 16;

/** What one connection of market data has brought, stream by stream, and the pulses that tell of it. */
export class MarketSocket {
  readonly #open: SocketOpen;
  readonly #door: SocketDoor;
  readonly #intake: MarketIntake;
  readonly #tell: (message: SocketInput) => void;
  readonly #streams: readonly CarriedStream[];
  readonly #streamAt = new Map<number, number>();
  /** Engine clock of the last frame of each stream; 0 before the first. */
  readonly #lastUs: Float64Array;
  readonly #lag = new LagMeter();
  #frames = 0;
  #records = 0;
  #refused = 0;
  #duplicates = 0;
  #gaps = 0;
  #disagreements = 0;
  #exchUs = 0;
  #pulsedUs = -Infinity;
  #told = 0;

  constructor(open: SocketOpen, door: SocketDoor, intake: MarketIntake, tell: (message: SocketInput) => void) {
    this.#open = open;
    this.#door = door;
    this.#intake = intake;
    this.#tell = tell;
    this.#streams = streamsOf(open.path, intake.instruments(open.product));
    this.#lastUs = new Float64Array(this.#streams.length);
  }

  /** Takes a frame: its records go to the intake, a pulse when one is due. */
  take(frame: Buffer): Taken {
    const { counts } = this.#intake.guard;
    const { duplicates, gaps, disagreements } = counts;
    const taken = this.#intake.take(this.#open.product, frame);
    this.#frames += 1;
    if (taken.outcome === 'refused') this.#refused += 1;
    if (taken.records === 0) return taken;
    this.#records += taken.records;
    this.#duplicates += counts.duplicates - duplicates;
    this.#gaps += counts.gaps - gaps;
    this.#disagreements += counts.disagreements - disagreements;
    const nowUs = taken.recvUs;
    if (taken.exchUs > 0) {
      this.#lag.add(nowUs - taken.exchUs);
      if (taken.exchUs > this.#exchUs) this.#exchUs = taken.exchUs;
    }
    const at = this.#streamOf(taken.symbol, taken.kind);
    const first = at >= 0 && this.#lastUs[at] === 0;
    if (at >= 0) this.#lastUs[at] = nowUs;
    if (first || nowUs - this.#pulsedUs >= this.#open.pulseEveryMs * 1000) this.pulse(nowUs);
    return taken;
  }

  /** Whether one more frame that is not understood is to be told. */
  worthTelling(): boolean {
    this.#told += 1;
    return this.#told <= MOST_TOLD;
  }

  /** Does this stream come over this connection? One that has fallen silent is its actor's business: he ends it. */
  brings(name: string): boolean {
    const at = this.#streams.findIndex((stream) => stream.name === name);
    return at >= 0 && this.#lastUs[at]! > 0;
  }

  /** The connection is gone: books that no other one keeps in step are in doubt from here on. */
  end(others: readonly MarketSocket[]): void {
    this.#streams.forEach(({ name, symbol, kind }, at) => {
      if (kind !== Kind.DEPTH || symbol < 0 || this.#lastUs[at] === 0) return;
      if (!others.some((other) => other.brings(name))) this.#intake.lost(symbol, kind);
    });
  }

  /** Index of the stream that brings records of this kind of this symbol, -1 for none: looked for once. */
  #streamOf(symbol: number, kind: number): number {
    const cell = symbol * KINDS + kind;
    const known = this.#streamAt.get(cell);
    if (known !== undefined) return known;
    const exact = this.#streams.findIndex((stream) => stream.symbol === symbol && stream.kind === kind);
    const at = exact >= 0 ? exact : this.#streams.findIndex((stream) => stream.symbol < 0 && stream.kind === kind);
    this.#streamAt.set(cell, at);
    return at;
  }

  /** Tells what has come so far. */
  pulse(nowUs = this.#door.clock.nowUs()): void {
    this.#pulsedUs = nowUs;
    const { worst, mean, p50, p99 } = this.#lag.look();
    const lastUs: Record<string, number> = {};
    this.#streams.forEach(({ name }, at) => {
      if (this.#lastUs[at]! > 0) lastUs[name] = this.#lastUs[at]!;
    });
    this.#tell({
      type: 'socket.pulse', socket: this.#open.socket, frames: this.#frames, records: this.#records, refused: this.#refused,
      duplicates: this.#duplicates, gaps: this.#gaps, disagreements: this.#disagreements, exchUs: this.#exchUs,
      lagUs: worst, lagMeanUs: Math.round(mean), lagP50Us: p50, lagP99Us: p99, lastUs,
    });
  }
}
