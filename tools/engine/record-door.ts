import { allocateBatch, Losses, MOST_LOSS_GAPS, RECV_US, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I } from '../../data/records/index.js';
import { RunError, type RunWriter } from '../../data/runs/index.js';
import type { LaneSession } from './lanes/session.js';
import type { EngineSession, RecordViews } from './session.js';

/**
 * The one way of records into the tree: on the tape first. A record that no tape can hold does not reach the kernel either; both see the same
 * gap record before the next one of its symbol.
 */
export class RecordDoor {
  /** Records that are neither on the tape nor in the tree. */
  lost = 0;
  readonly #session: EngineSession | LaneSession;
  readonly #writer: RunWriter;
  readonly #symbols: number;
  readonly #losses = new Map<number, Losses>();
  readonly #gaps = allocateBatch(MOST_LOSS_GAPS);
  readonly #failed: (error: unknown) => void;
  #closed = false;

  /** `failed` hears once that the run cannot be written any more. */
  constructor(session: EngineSession | LaneSession, writer: RunWriter, symbols: number, failed: (error: unknown) => void) {
    this.#session = session;
    this.#writer = writer;
    this.#symbols = symbols;
    this.#failed = failed;
  }

  /** Nothing is taken any more. */
  close(): void {
    this.#closed = true;
  }

  /** Records [from, to): stamps that lie before the tree's clock are raised to it. @throws what a handler of effects threw. */
  take({ F, I }: RecordViews, from: number, to: number): void {
    raiseStamps(F, from, to, this.#session.clockUs);
    const batch = { F, I, length: to };
    for (let at = from; at < to;) {
      if (this.#losses.size > 0) this.#tellLosses(batch, at);
      const taken = this.#closed ? 0 : this.#write(batch, at, to);
      if (taken > 0) this.#session.records(batch, at, at + taken);
      at += taken;
      if (at >= to) return;
      this.#lose(I, at);
      at += 1;
    }
  }

  /** Appends [from, to) to the tape; how many are on it. */
  #write(batch: { readonly F: Float64Array; readonly I: Int32Array; length: number }, from: number, to: number): number {
    const before = this.#writer.records;
    try {
      this.#writer.append(batch, from, to);
    } catch (error) {
      // One that no tape can hold is a loss; anything else is the end of this tape.
      if (!(error instanceof RunError && error.kind === 'input')) this.#fail(error);
    }
    return this.#writer.records - before;
  }

  #fail(error: unknown): void {
    this.#closed = true;
    this.#failed(error);
  }

  #lose(I: Int32Array, record: number): void {
    this.lost += 1;
    const symbol = I[record * WORDS_I + TAG]! >>> SYMBOL_SHIFT;
    if (this.#closed || symbol >= this.#symbols) return;
    let losses = this.#losses.get(symbol);
    if (losses === undefined) this.#losses.set(symbol, (losses = new Losses(symbol)));
    losses.add(I, record);
  }

  /** What was lost is told as soon as there is a record that says when that was. */
  #tellLosses({ F }: RecordViews, record: number): void {
    for (const losses of this.#losses.values()) {
      const written = losses.tell(this.#gaps.F, this.#gaps.I, 0, F, record);
      this.#gaps.length = written;
      const taken = this.#closed ? 0 : this.#write(this.#gaps, 0, written);
      this.#session.records(this.#gaps, 0, taken);
    }
    this.#losses.clear();
  }
}

/** Receive stamps ascend, from `floorUs` on; one that is no time becomes the one before it. */
function raiseStamps(F: Float64Array, from: number, to: number, floorUs: number): void {
  let floor = floorUs;
  for (let f = from * WORDS_F + RECV_US; f < to * WORDS_F; f += WORDS_F) {
    const stamp = F[f]!;
    if (stamp >= floor && stamp <= Number.MAX_SAFE_INTEGER) floor = stamp;
    else F[f] = floor;
  }
}
