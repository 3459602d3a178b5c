import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KERNEL_PATH } from '../../../actors/index.js';
import { DEFAULT_CONFIG } from '../../../config/index.js';
import { allocateBatch, EXCH_US, LAYOUT_VERSION, WORDS_F } from '../../../data/records/index.js';
import { RunWriter } from '../../../data/runs/index.js';
import { marketSession } from '../../../supervisors/index.js';
import { EngineSession, type RecordViews } from '../../engine/session.js';
import { MarketIntake } from '../../engine/sockets/index.js';
import { ByteDecoding } from './decoding.js';
import { INSTRUMENT } from './frames.js';
import { Placement } from './placement.js';

/**
 * The engine's own path on the main loop: the intake decodes and guards a frame, the records of a chunk go to the run's tape and then through the
 * kernel and the tree. A sampled record is taken by itself; it is decided when everybody has had the turns that follow from it.
 */
export class EnginePlacement extends Placement {
  readonly #folder = mkdtempSync(join(tmpdir(), 'faultline-bench-run-'));
  readonly #session: EngineSession;
  readonly #run: RunWriter;
  readonly #intake: MarketIntake;
  #numbered = 0;

  constructor(nowUs: () => number) {
    super();
    this.#run = RunWriter.create(this.#folder, {
      kind: 'engine', mode: 'paper', version: 'bench', config: {}, configDigest: '',
      tape: { layoutVersion: LAYOUT_VERSION, instruments: [INSTRUMENT], clocks: { receive: 'bench', exchange: 'bench' }, origin: [] },
    });
    this.#session = new EngineSession({ startUs: nowUs(), tree: (onKernel) => marketSession([INSTRUMENT], DEFAULT_CONFIG, { onKernel }) });
    this.#intake = new MarketIntake({
      clock: { speed: 1, nowUs: () => Math.floor(nowUs()) }, instruments: [INSTRUMENT], give: () => undefined, records: (batch, from, to) => this.#take(batch, from, to),
    });
  }

  frame(bytes: Uint8Array): void {
    const { records } = this.#intake.take('spot', bytes as Buffer);
    if (records !== 1) throw new Error(`no record: ${this.#intake.reason('spot')}`);
    this.taken += 1;
  }

  chunkEnded(): void {
    this.#intake.flush();
  }

  #take(batch: RecordViews, from: number, to: number): void {
    this.#run.append({ F: batch.F, I: batch.I, length: to }, from, to);
    const first = this.#numbered - from;
    for (let at = from; at < to;) {
      const number = first + at;
      const sampled = this.isSampled(number);
      // The kernel tells how things stand at its next record, so that the record is one that is decided on.
      if (sampled) {
        this.#session.runtime.send(KERNEL_PATH, { type: 'retell' });
        this.#session.runtime.drain();
      }
      const next = sampled ? at + 1 : Math.min(to, this.nextSample(number) - first);
      this.#session.records(batch, at, next);
      if (sampled) this.onDecision(number, batch.F[at * WORDS_F + EXCH_US]!);
      at = next;
    }
    this.#numbered += to - from;
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
