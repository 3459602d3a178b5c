/**
 * A lane, on its own side: takes its input slot by slot, runs the kernel of its symbols, answers with their edges.
 *
 * It reads no clock and waits for nobody but room for its answers; what it answers depends on its input alone.
 */
import type { IndicatorParams } from '../../../config/indicators.js';
import type { VenueParams } from '../../../config/index.js';
import type { Instrument } from '../../../data/records/instrument.js';
import * as layout from '../../../data/records/layout.js';
import { type Holdings, matcherHolding } from '../../venue/matcher.js';
import { MarketKernel } from '../kernel.js';
import type { Edge } from '../kernel-port.js';
import type { KernelSnapshot } from '../snapshot.js';
import { packEdge, putAnswer } from './answers.js';
import { symbolFacts } from '../facts.js';
import type { KernelFacts } from '../facts.js';
import { controlPart, FIRST_MARK as MARKS_FROM, Mark } from './marks.js';
import type { PlacedControl } from './marks.js';

// V8 does not fold imported constants.
const { EXTRA, RECV_US, TAG } = layout;
const FIRST_MARK = MARKS_FROM;

/** What a lane begins with: plain data, for it crosses a thread. */
export interface LaneInput {
  readonly instruments: readonly Instrument[];
  /** By symbol index. */
  readonly params: Readonly<Record<number, IndicatorParams>>;
  /** Of the simulated venue; without it no orders are matched. */
  readonly venue?: VenueParams;
  /** What that venue holds of an earlier run. */
  readonly holdings?: Holdings;
  /** State before input position `from`; null: nothing was taken yet. */
  readonly checkpoint: KernelSnapshot | null;
  readonly from: number;
  /** Answers to inputs before this position were merged already: they are not repeated. */
  readonly answered: number;
}

/** What a lane posts beside its answers. */
export type LanePost =
  | { readonly type: 'checkpoint'; readonly position: number; readonly snapshot: KernelSnapshot }
  | { readonly type: 'facts'; readonly position: number; readonly facts: KernelFacts; readonly finished: boolean }
  /** Its kernel could not take the input at `position`; the end of the lane follows. */
  | { readonly type: 'threw'; readonly position: number };

/** The reading end of a ring. */
export interface LaneInbox {
  readonly F: Float64Array;
  readonly I: Int32Array;
  readonly index: number;
  available(max?: number): number;
  release(count: number): void;
}
/** The writing end of a ring. */
export interface LaneOutbox {
  readonly F: Float64Array;
  readonly I: Int32Array;
  claim(count: number): number;
  publish(): void;
}
/** What a lane's surroundings do for it. */
export interface LaneSurroundings {
  readonly inbox: LaneInbox;
  readonly outbox: LaneOutbox;
  post(message: LanePost): void;
  /** Waits until the outbox may have room for `slots`; false: the lane is to end. */
  awaitRoom(slots: number): boolean;
  /** Stands still, for an injected fault. */
  sleep(ms: number): void;
}

/** Slots taken between two reports of how far the lane is. */
const STRETCH = 256;

export class Lane {
  readonly kernel: MarketKernel;
  /** Position of the next slot of the input. */
  position: number;
  private readonly around: LaneSurroundings;
  private readonly U: Uint16Array;
  private readonly answered: number;
  private text = '';
  /** Slots taken and not yet released. */
  private held = 0;
  private ending = false;

  constructor(input: LaneInput, around: LaneSurroundings) {
    const { venue } = input;
    this.around = around;
    this.kernel = new MarketKernel(input.instruments, ({ index }) => input.params[index]!, {
      stream: 'part',
      ...(venue === undefined ? {} : { makeMatcher: (symbol: number) => matcherHolding(venue, symbol, input.holdings) }),
    });
    if (input.checkpoint !== null) this.kernel.restore(input.checkpoint);
    this.position = input.from;
    this.answered = input.answered;
    const { F } = around.inbox;
    this.U = new Uint16Array(F.buffer, F.byteOffset, F.length * 4);
  }

  /** Takes what the inbox holds, at most some hundred slots; false when it holds nothing. */
  drain(): boolean {
    const { inbox } = this.around;
    const count = inbox.available(STRETCH);
    if (count === 0 || this.ending) return false;
    const { I, index } = inbox;
    const end = index + count;
    this.held = 0;
    try {
      for (let slot = index; slot < end; ) {
        let stop = slot;
        while (stop < end && (I[stop * 16 + TAG]! & 0xff) < FIRST_MARK) stop += 1;
        if (stop > slot) {
          this.records(slot, stop);
          slot = stop;
        } else {
          this.mark(slot);
          if (this.ending) break;
          this.took(1);
          slot += 1;
        }
        if (this.ending) break;
      }
    } catch (thrown) {
      this.around.post({ type: 'threw', position: this.position });
      throw thrown;
    } finally {
      this.report();
    }
    return true;
  }

  private records(from: number, to: number): void {
    const { F, I } = this.around.inbox;
    const { kernel } = this;
    for (let at = from; at < to; ) {
      let next = at;
      try {
        next = kernel.run(F, I, at, to);
      } catch (thrown) {
        this.took(kernel.position - at);
        throw thrown;
      }
      // Edges were raised by the last record taken.
      this.took(next - at - 1);
      this.answer();
      // An answer that found no room was not given.
      if (this.ending) return;
      this.took(1);
      at = next;
    }
  }

  /** Lets main see how far the lane is. */
  private report(): void {
    if (this.held > 0) this.around.inbox.release(this.held);
    this.held = 0;
  }

  private took(slots: number): void {
    this.position += slots;
    this.held += slots;
  }

  /** Sends the kernel's edges as answers to the input at `position`. */
  private answer(): void {
    const { edges } = this.kernel;
    if (edges.length === 0) return;
    if (this.position >= this.answered) this.send(edges);
    this.kernel.clearEdges();
  }

  private send(edges: readonly Edge[]): void {
    const { outbox } = this.around;
    for (const edge of edges) {
      const packed = packEdge(edge);
      let at = outbox.claim(packed.slots);
      if (at < 0) {
        // Whoever makes room must see how far we are.
        outbox.publish();
        this.report();
        while ((at = outbox.claim(packed.slots)) < 0) {
          if (this.around.awaitRoom(packed.slots)) continue;
          this.ending = true;
          return;
        }
      }
      putAnswer(outbox, at, this.position, packed);
    }
    outbox.publish();
  }

  private mark(slot: number): void {
    const { F, I } = this.around.inbox;
    const { kernel } = this;
    switch (I[slot * 16 + TAG]! & 0xff) {
      case Mark.CLOCK:
        kernel.raiseClock(F[slot * 8 + RECV_US]!);
        return;
      case Mark.HOLE:
        kernel.hole();
        return;
      case Mark.SKIP:
        if (I[slot * 16 + EXTRA] === Mark.CONTROL) this.text = '';
        else {
          kernel.raiseClock(F[slot * 8 + RECV_US]!);
          kernel.hole();
        }
        return;
      case Mark.RETELL:
        kernel.retell();
        return;
      case Mark.FINISH:
        kernel.finish();
        this.postFacts(true);
        return;
      case Mark.CHECKPOINT:
        this.around.post({ type: 'checkpoint', position: this.position + 1, snapshot: kernel.snapshot() });
        return;
      case Mark.FACTS:
        this.postFacts(false);
        return;
      case Mark.STALL:
        // Who watches must see that it stands here, and a lane that is killed here is not to stand here again.
        this.report();
        if (this.position >= this.answered) this.around.sleep(I[slot * 16 + EXTRA]!);
        return;
      case Mark.CONTROL_PART:
        this.text += controlPart({ F, I, U: this.U }, slot);
        return;
      case Mark.CONTROL: {
        const { control, seq, clockUs } = JSON.parse(this.text + controlPart({ F, I, U: this.U }, slot)) as PlacedControl;
        this.text = '';
        kernel.applyControl(control, Number(seq), clockUs);
        this.answer();
        return;
      }
      default:
        throw new Error(`no such mark: ${I[slot * 16 + TAG]! & 0xff}`);
    }
  }

  private postFacts(finished: boolean): void {
    this.around.post({ type: 'facts', position: this.position + 1, facts: { counters: this.kernel.counters(), symbols: this.kernel.symbols.map(symbolFacts) }, finished });
  }
}
