import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_CONFIG } from '../../../config/index.js';
import { allocateBatch, EXCH_US, LAYOUT_VERSION, WORDS_F } from '../../../data/records/index.js';
import { RunWriter } from '../../../data/runs/index.js';
import { marketSession } from '../../../supervisors/index.js';
import { EngineSession, type RecordViews } from '../../engine/session.js';
import { RecordDoor } from '../../engine/record-door.js';
import { MarketIntake, MarketSocket, type SocketDoor } from '../../engine/sockets/index.js';
import { ByteDecoding } from './decoding.js';
import { INSTRUMENT } from './frames.js';
import { Placement } from './placement.js';

/** When a sampled frame counts as decided on. */
export type DecidedOn =
  /** It made the kernel tell how things stand, and the detector has had that: what a frame with an edge costs, which few have. */
  | 'edge'
  /** Kernel and tree are done with it, whatever followed: as frames are. */
  | 'record';

/**
 * The engine's own path on the main loop: a market socket counts a frame, the intake decodes and guards it, the records of a chunk go through the
 * door of records to the run's tape and then through the kernel and the tree. A sampled record is taken by itself; it is decided when everybody has
 * had the turns that follow from it.
 */
export class EnginePlacement extends Placement {
  readonly #folder = mkdtempSync(join(tmpdir(), 'faultline-bench-run-'));
  readonly #decidedOn: DecidedOn;
  readonly #session: EngineSession;
  readonly #run: RunWriter;
  readonly #door: RecordDoor;
  readonly #intake: MarketIntake;
  readonly #socket: MarketSocket;
  #numbered = 0;

  constructor(nowUs: () => number, decidedOn: DecidedOn = 'edge') {
    super();
    this.#decidedOn = decidedOn;
    this.#run = RunWriter.create(this.#folder, {
      kind: 'engine', mode: 'paper', version: 'bench', config: {}, configDigest: '',
      tape: { layoutVersion: LAYOUT_VERSION, instruments: [INSTRUMENT], clocks: { receive: 'bench', exchange: 'bench' }, origin: [] },
    });
    this.#session = new EngineSession({ startUs: nowUs(), tree: (onKernel) => marketSession([INSTRUMENT], DEFAULT_CONFIG, { onKernel }) });
    this.#door = new RecordDoor(this.#session, this.#run, 1, (error) => {
      throw error;
    });
    const door: SocketDoor = {
      clock: { speed: 1, nowUs: () => Math.floor(nowUs()) }, instruments: [INSTRUMENT], give: () => undefined, records: (batch, from, to) => this.#take(batch, from, to),
    };
    this.#intake = new MarketIntake(door);
    this.#socket = new MarketSocket({
      socket: 'bench', to: '', product: 'spot', face: 'ws', path: '/stream?streams=btcusdt@aggTrade', carries: 'market', pulseEveryMs: 1000, openTimeoutMs: 1000,
    }, door, this.#intake, () => undefined);
  }

  frame(bytes: Uint8Array): void {
    const { records } = this.#socket.take(bytes as Buffer);
    if (records !== 1) throw new Error(`no record: ${this.#intake.reason('spot')}`);
    this.taken += 1;
  }

  chunkEnded(): void {
    this.#intake.flush();
  }

  #take(batch: RecordViews, from: number, to: number): void {
    const first = this.#numbered - from;
    for (let at = from; at < to;) {
      const number = first + at;
      const sampled = this.isSampled(number);
      // The kernel tells how things stand at its next record, so that the record is one with an edge.
      if (sampled && this.#decidedOn === 'edge') this.#session.kernel.retell();
      const next = sampled ? at + 1 : Math.min(to, this.nextSample(number) - first);
      this.#door.take(batch, at, next);
      if (sampled) this.onDecision(number, batch.F[at * WORDS_F + EXCH_US]!);
      at = next;
    }
    this.#numbered += to - from;
  }

  override flush(): void {
    this.#run.flush(this.#session.clockUs);
  }

  override async close(): Promise<void> {
    this.#run.abort();
    rmSync(this.#folder, { recursive: true, force: true });
    return Promise.resolve();
  }
}

/** A client that does nothing with what it gets: a frame is "decided" when its handler is called. */
export class RawPlacement extends Placement {
  readonly #decoding = new ByteDecoding();
  readonly #batch = allocateBatch(1);
  readonly #nowUs: () => number;

  constructor(nowUs: () => number) {
    super();
    this.#nowUs = nowUs;
  }

  frame(bytes: Uint8Array): void {
    const number = this.taken++;
    if (!this.isSampled(number)) return;
    const arrivedUs = this.#nowUs();
    // The stamp must be read, which is not part of receiving.
    this.#decoding.decode(bytes, 0, this.#batch, 0);
    this.onDecision(number, this.#batch.F[EXCH_US]! + this.#nowUs() - arrivedUs);
  }

  chunkEnded(): void {}
}
