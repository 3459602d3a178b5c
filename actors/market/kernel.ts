/**
 * The market kernel: every symbol of a lane, driven record by record.
 *
 * It knows nothing of who calls it. A driver hands it runs of records and stops where it stops: after a record
 * that raised edges, before a record beyond `untilUs`, or at the end. Edges are the only objects made here.
 */
import type { IndicatorParams } from '../../config/indicators.js';
import type { Instrument } from '../../data/records/instrument.js';
import * as layout from '../../data/records/layout.js';
import type { VenueMatcher } from '../venue/matcher-port.js';
import { BOOK_STATE_NAMES, BookState } from './book.js';
import { symbolFacts } from './facts.js';
import type { SymbolFacts } from './facts.js';
import type { Edge, KernelCounters, KernelPort } from './kernel-port.js';
import { ControlQueue } from './control-queue.js';
import type { Control } from './control-queue.js';
import type { CandleEdge } from './messages.js';
import type { KernelSnapshot } from './snapshot.js';
import { restoreState, saveState } from './state.js';
import { SymbolKernel } from './symbol.js';

// Constants of this module's own: V8 does not fold imported ones, which would cost a tenth of the tick path.
const { EXCH_US, KIND_MASK, RECV_US, SEQ, SYMBOL_SHIFT, TAG } = layout;
const { FIRST: FLAG_FIRST } = layout.Flag;
const { DEPTH: KIND_DEPTH, SNAPSHOT: KIND_SNAPSHOT } = layout.Kind;
const F_SHIFT = 3;
const I_SHIFT = 4;

export interface KernelOptions {
  /** Makes each symbol's half of the simulated venue. */
  readonly makeMatcher?: ((symbol: number) => VenueMatcher) | undefined;
  /**
   * whole (default): the kernel gets every record of the stream, so a skip in SEQ is a hole.
   * part: it gets only the records of its symbols, in order. Whoever sees the whole stream says what the others would
   * have told it, at the place in the stream where it happened: `hole`, `raiseClock`, `applyControl`. Its edges and
   * counts are then those of the whole kernel for these symbols.
   */
  readonly stream?: 'whole' | 'part';
}

/** No level key: every key differs from it. */
const UNTOLD = -1;

/** The record continues a depth message, which the venue sent as one: no order sees half of it. */
export function insideMessage(tag: number): boolean {
  const kind = tag & KIND_MASK;
  return (kind === KIND_DEPTH || kind === KIND_SNAPSHOT) && (tag & FLAG_FIRST) === 0;
}

export class MarketKernel implements KernelPort {
  readonly symbols: readonly SymbolKernel[];
  private readonly bySymbol: (SymbolKernel | undefined)[] = [];
  private readonly matchers: (VenueMatcher | undefined)[] = [];
  private readonly hasMatchers: boolean;
  private readonly lastLevel: number[] = [];
  private readonly lastBook: BookState[] = [];
  private readonly whole: boolean;

  /** Edges raised by the last `run` and every `applyControl` since, in order. Emptied by the next `run`, and by `clearEdges`. */
  readonly edges: Edge[] = [];
  /** The tape clock, µs: receive stamp, exchange stamp where there is none, never backwards. */
  clockUs = 0;
  /** Sequence number of the last record processed. */
  seq = -1;
  /** Index within the present run of the record under way: where a run that threw stood. */
  position = 0;
  /** It waits for nobody. */
  readonly stalled = false;
  readonly skipped = 0;
  private strangers = 0;
  private strangerBackwards = 0;
  /** Records that were counted and then made `run` throw. */
  private disowned = 0;
  private readonly controls = new ControlQueue();

  /** `params` gives each symbol's parameters. */
  constructor(
    instruments: readonly Instrument[],
    params: (instrument: Instrument) => IndicatorParams,
    { makeMatcher, stream = 'whole' }: KernelOptions = {},
  ) {
    this.whole = stream === 'whole';
    this.hasMatchers = makeMatcher !== undefined;
    this.symbols = instruments.map((instrument) => new SymbolKernel(instrument, params(instrument)));
    for (const symbol of this.symbols) {
      this.bySymbol[symbol.index] = symbol;
      this.matchers[symbol.index] = makeMatcher?.(symbol.index);
      this.lastLevel[symbol.index] = this.levelKey(symbol);
      this.lastBook[symbol.index] = BookState.SYNCING;
    }
  }

  symbol(index: number): SymbolKernel | undefined {
    return this.bySymbol[index];
  }

  facts(index: number): SymbolFacts | undefined {
    const symbol = this.bySymbol[index];
    return symbol === undefined ? undefined : symbolFacts(symbol);
  }

  /** Takes a control; it is applied before the first record at or after its `dueUs` that does not continue a depth message. */
  control(control: Control): void {
    this.controls.add(control);
  }

  /**
   * Applies a control now, whatever its `dueUs`: `seq` is the number of the record that comes next in the stream,
   * `clockUs` the tape clock to raise this one to. Edges are appended to `edges`.
   */
  applyControl(control: Control, seq: number, clockUs: number): void {
    this.raiseClock(clockUs);
    this.apply(control, seq);
  }

  get nextControlUs(): number {
    return this.controls.nextDueUs;
  }

  passTime(us: number, untilUs: number): void {
    const { controls } = this;
    this.clearEdges();
    while (this.edges.length === 0 && controls.nextDueUs <= us && controls.nextDueUs < untilUs) {
      const control = controls.shift()!;
      this.applyControl(control, this.seq + 1, control.dueUs);
    }
  }

  /** Raises the tape clock, µs: another part of the stream has come that far. */
  raiseClock(us: number): void {
    if (us > this.clockUs) this.clockUs = us;
  }

  /** Records before the next one were lost, nobody knows whose. */
  hole(): void {
    for (const symbol of this.symbols) symbol.hole();
  }

  clearEdges(): void {
    this.edges.length = 0;
  }

  /**
   * Processes records [from, to) of (F, I) and returns the index of the first one not processed. Returns early
   * - after a record that raised edges;
   * - before a record whose clock is at or beyond `untilUs` (controls due before `untilUs` have then been applied):
   *   what is due at `untilUs` outside, a timer, comes before controls and records of the same instant;
   * - before a record, when controls applied ahead of it raised edges: the index may then equal `from`.
   */
  run(F: Float64Array, I: Int32Array, from: number, to: number, untilUs = Infinity): number {
    this.edges.length = 0;
    for (let n = from; n < to; n += 1) {
      const f = n << F_SHIFT;
      const recv = F[f + RECV_US];
      const stamp = recv > 0 ? recv : F[f + EXCH_US];
      const clock = stamp > this.clockUs && stamp < 9e15 ? stamp : this.clockUs;
      this.position = n;
      if (this.controls.nextDueUs <= clock && this.controls.nextDueUs < untilUs && !insideMessage(I[(n << I_SHIFT) + TAG])) {
        this.applyControls(F, n, untilUs);
        if (this.edges.length > 0) return n;
      }
      if (clock >= untilUs) return n;
      this.clockUs = clock;
      const seq = F[f + SEQ];
      // What lies between is unknown; a repeated or late record is no loss.
      if (seq > this.seq + 1 && this.whole && this.seq >= 0) this.hole();
      this.seq = seq;

      const tag = I[(n << I_SHIFT) + TAG];
      const symbol = this.bySymbol[tag >>> SYMBOL_SHIFT];
      if (symbol === undefined) {
        this.strangers += 1;
        if (stamp < clock && stamp > 0) this.strangerBackwards += 1;
        continue;
      }
      if (stamp < clock && stamp > 0) symbol.backwardStamps += 1;
      symbol.clockUs = clock;
      symbol.take(F, I, n);
      const shown = this.hasMatchers && this.showTo(symbol, F, I, n);
      if (symbol.dirty) this.raise(symbol);
      else if (!shown) {
        const kind = tag & KIND_MASK;
        if (kind !== KIND_DEPTH && kind !== KIND_SNAPSHOT) continue;
        const more = symbol.takeLevels(F, I, n + 1, to) - n - 1;
        if (more > 0) {
          n += more;
          this.seq += more;
          if (stamp < clock && stamp > 0) symbol.backwardStamps += more;
        }
        continue;
      }
      if (this.edges.length > 0) return n + 1;
    }
    return to;
  }

  /** Forgets what the machines were told, so that the next record of each symbol tells them afresh. */
  retell(): void {
    for (const symbol of this.symbols) {
      this.lastLevel[symbol.index] = UNTOLD;
      symbol.dirty = true;
    }
  }

  /**
   * A record made `run` throw: whoever catches it counts it, so this kernel must not. `taken`: the records that came
   * through whole so far; the one that threw may or may not have been counted by then.
   */
  disown(taken: number): void {
    this.disowned += this.counters().records - taken;
  }

  /** The input has ended: decides what still waits. */
  finish(): void {
    for (const symbol of this.symbols) symbol.finish();
  }

  counters(): KernelCounters {
    let gapped = 0;
    let waiting = 0;
    let invalid = this.strangers;
    let backwardStamps = this.strangerBackwards;
    let exchangeBackwards = 0;
    let missing = 0;
    let records = this.strangers - this.disowned;
    for (const symbol of this.symbols) {
      records += symbol.records;
      gapped += symbol.gapped;
      waiting += symbol.waiting;
      invalid += symbol.invalid + (symbol.book === null ? 0 : symbol.book.invalid);
      backwardStamps += symbol.backwardStamps;
      exchangeBackwards += symbol.exchangeBackwards;
      missing += symbol.missing;
    }
    return {
      records, processed: records - gapped - waiting, gapped, waiting, invalid,
      backwardStamps, exchangeBackwards, missing,
    };
  }

  /** The whole state, matchers included, as plain data that `structuredClone` takes. Edges not yet taken are not state. */
  snapshot(): KernelSnapshot {
    const { seq, clockUs, strangers, strangerBackwards, disowned } = this;
    return {
      seq,
      clockUs,
      others: { strangers, strangerBackwards, disowned },
      symbols: this.symbols.map((symbol) => {
        const { index } = symbol;
        return {
          index,
          state: saveState(symbol),
          lastEdge: this.lastLevel[index] * 8 + this.lastBook[index],
          matcher: this.matchers[index]?.snapshot(),
        };
      }).sort((a, b) => a.index - b.index),
      controls: this.controls.snapshot(),
    };
  }

  /**
   * Continues from a snapshot taken with the same parameters. The snapshot may hold more symbols than this kernel: it
   * takes its own, with their controls. A matcher without a snapshot is left as it is.
   * @throws Error when a symbol of this kernel is not in the snapshot; nothing was restored then.
   */
  restore(snapshot: KernelSnapshot): void {
    const parts = this.symbols.map(({ index }) => {
      const part = snapshot.symbols.find((other) => other.index === index);
      if (part === undefined) throw new Error(`the snapshot does not hold symbol ${index}`);
      return part;
    });
    this.seq = snapshot.seq;
    this.clockUs = snapshot.clockUs;
    const first = snapshot.symbols[0];
    const others = first === undefined || this.bySymbol[first.index] !== undefined ? snapshot.others : undefined;
    this.strangers = others?.strangers ?? 0;
    this.strangerBackwards = others?.strangerBackwards ?? 0;
    this.disowned = others?.disowned ?? 0;
    for (const { index, state, lastEdge, matcher } of parts) {
      const symbol = this.bySymbol[index]!;
      restoreState(symbol, state, () => symbol.makeBook());
      this.lastLevel[index] = lastEdge >> 3;
      this.lastBook[index] = (lastEdge & 7) as BookState;
      if (matcher !== undefined) this.matchers[index]?.restore(matcher);
    }
    this.controls.restore(snapshot.controls.filter((control) => this.bySymbol[control.symbol] !== undefined));
    this.clearEdges();
  }

  /** Applies what is due at the clock of `record`, which comes next, and before `untilUs`. */
  private applyControls(F: Float64Array, record: number, untilUs: number): void {
    const recv = F[(record << F_SHIFT) + RECV_US];
    const stamp = recv > 0 ? recv : F[(record << F_SHIFT) + EXCH_US];
    const clockUs = stamp > this.clockUs && stamp < 9e15 ? stamp : this.clockUs;
    const seq = F[(record << F_SHIFT) + SEQ];
    const { controls } = this;
    while (controls.nextDueUs <= clockUs && controls.nextDueUs < untilUs) {
      const control = controls.shift()!;
      this.applyControl(control, seq, control.dueUs);
      // What follows from an edge may be due before the next control: let it be sent first.
      if (this.edges.length > 0) break;
    }
  }

  private apply(control: Control, seq: number): void {
    const symbol = this.bySymbol[control.symbol];
    if (symbol === undefined) return;
    switch (control.type) {
      case 'freeze':
        symbol.grid.frozen = control.on;
        return;
      case 'rebaseline':
        symbol.grid.rebaseline();
        return;
      case 'order.new':
      case 'order.cancel': {
        const matcher = this.matchers[symbol.index];
        if (matcher === undefined) return;
        matcher.control(control, seq, this.clockUs, symbol);
        if (matcher.events.length > 0) this.drain(matcher);
        return;
      }
    }
  }

  /** Shows the record to the symbol's half of the venue when it waits for something; false when it does not. */
  private showTo(symbol: SymbolKernel, F: Float64Array, I: Int32Array, record: number): boolean {
    const matcher = this.matchers[symbol.index];
    if (matcher === undefined || !matcher.active) return false;
    matcher.record(F, I, record, this.clockUs, symbol);
    if (matcher.events.length > 0) this.drain(matcher);
    return true;
  }

  private drain(matcher: VenueMatcher): void {
    for (const event of matcher.events) this.edges.push(event);
    matcher.events.length = 0;
  }

  private levelKey(symbol: SymbolKernel): number {
    const { votes, grid } = symbol;
    return (symbol.triggered ? 1 : 0) | (votes.votes <= 1 ? 2 : 0) | (symbol.violent ? 4 : 0) | (grid.warm ? 8 : 0) | (symbol.pauses << 4);
  }

  /** Compares what a machine could act on with what it was last told. */
  private raise(symbol: SymbolKernel): void {
    const { seq } = this;
    symbol.dirty = false;
    const at = symbol.index;
    const atUs = this.clockUs;
    const { book } = symbol;
    if (book !== null && book.state !== this.lastBook[at]) {
      this.edges.push({ type: 'book', symbol: at, seq, atUs, from: BOOK_STATE_NAMES[this.lastBook[at]], to: BOOK_STATE_NAMES[book.state] });
      this.lastBook[at] = book.state;
    }
    const { candles } = symbol;
    if (candles.unread) {
      candles.unread = false;
      if (symbol.grid.frozen && candles.kept[3] > candles.kept[0]) this.edges.push(this.candleEdge(symbol, seq, atUs));
    }
    const key = this.levelKey(symbol);
    if (key === this.lastLevel[at]) return;
    this.lastLevel[at] = key;
    const { votes, grid } = symbol;
    this.edges.push({
      type: 'level', symbol: at, seq, atUs, exchUs: symbol.exchUs, mask: votes.mask, votes: votes.votes, voters: votes.voters,
      need: votes.need, triggered: (key & 1) !== 0, calm: (key & 2) !== 0, violent: (key & 4) !== 0, pauses: symbol.pauses,
      warm: grid.warm, features: symbol.features(),
    });
  }

  private candleEdge(symbol: SymbolKernel, seq: number, atUs: number): CandleEdge {
    const c = symbol.candles.kept;
    return {
      type: 'candle', symbol: symbol.index, seq, atUs, exchUs: symbol.candles.keptEndUs,
      open: c[0], high: c[1], low: c[2], close: c[3], volume: c[4], meanVolume60: c[5], windowLow: c[6], windowHigh: c[7],
      features: symbol.features(), mask: symbol.votes.mask,
    };
  }
}
