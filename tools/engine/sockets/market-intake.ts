import type { VenueProduct } from '../../../actors/engine/io.js';
import { productOf } from '../../../actors/feeds/products.js';
import { type BinanceMarket, FrameDecoder, type Outcome } from '../../../data/decode/index.js';
import {
  allocateBatch, EXCH_US, Flag, Kind, KIND_MASK, lossGap, RECV_US, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I, type Instrument, type RecordBatch,
} from '../../../data/records/index.js';
import type { SocketDoor } from './door.js';
import { StreamGuard, Verdict } from './stream-guard.js';

/** Records that wait for the end of their chunk at most. */
const ROOM = 8192;
const MARKETS: Readonly<Record<VenueProduct, BinanceMarket>> = { spot: 'binance-spot', usdm: 'binance-usdm', options: 'binance-usdm' };

/** What a frame was: of the symbol and kind, if it made records (taken or known already). */
export interface Taken {
  outcome: Outcome;
  /** Records that it made, those included that had come before. */
  records: number;
  /** Index in the run's instruments, and kind of the records. */
  symbol: number;
  kind: number;
  /** Its exchange stamp, µs; 0 for none. */
  exchUs: number;
  /** Engine clock when it came, µs: that of its chunk. */
  recvUs: number;
}

/** Decoder of one product, and where its symbols are in the run. */
interface Lane {
  readonly decoder: FrameDecoder;
  /** Index in the run by index in the decoder; null where they are the same. */
  readonly indexOf: readonly number[] | null;
}

/**
 * From frames to the records of the run: decoded, stamped with the engine clock, taken once whatever the number of connections that bring them, holes
 * told by gap records. What a chunk of a socket brought is handed on in one batch, at the end of the chunk or before anything else is.
 */
export class MarketIntake {
  readonly guard: StreamGuard;
  readonly #door: SocketDoor;
  readonly #lanes = new Map<VenueProduct, Lane>();
  #batch: RecordBatch = allocateBatch(ROOM);
  #flushing = false;
  readonly #recvUs = new Float64Array(1);
  /** Of the last frame; reused. */
  readonly last: Taken = { outcome: 'ignored', records: 0, symbol: -1, kind: 0, exchUs: 0, recvUs: 0 };

  /** One function for all chunks. */
  readonly #endChunk = (): void => {
    this.#flushing = false;
    this.flush();
  };

  constructor(door: SocketDoor) {
    this.#door = door;
    this.guard = new StreamGuard(door.instruments);
  }

  /** The run's instruments of a product. */
  instruments(product: VenueProduct): readonly Instrument[] {
    return this.#door.instruments.filter((instrument) => productOf(instrument) === product);
  }

  /** Takes one frame and leaves what it was in {@link last}. */
  take(product: VenueProduct, frame: Buffer): Taken {
    const { decoder, indexOf } = this.#lane(product);
    const { last } = this;
    let batch = this.#batch;
    // What waits is of the same chunk: it came at one time.
    if (batch.length === 0) this.#recvUs[0] = this.#door.clock.nowUs();
    last.recvUs = this.#recvUs[0]!;
    // One slot stays free for a gap record before the message.
    let made = decoder.decode(frame, 0, frame.length, this.#recvUs, batch, batch.length + 1, batch.F.length / WORDS_F - batch.length - 1);
    if (made < 0) {
      this.flush();
      if (-made + 1 > batch.F.length / WORDS_F) this.#batch = batch = allocateBatch(2 * (-made + 1));
      made = decoder.decode(frame, 0, frame.length, this.#recvUs, batch, 1, batch.F.length / WORDS_F - 1);
    }
    last.outcome = decoder.lastOutcome;
    last.records = made;
    last.symbol = -1;
    last.kind = 0;
    last.exchUs = 0;
    if (made === 0) return last;
    this.#admit(batch, made, indexOf);
    return last;
  }

  /** A snapshot that REST answered: the frame of a stream of that symbol. Returns the records handed on. */
  snapshot(product: VenueProduct, symbol: number, body: string): Taken {
    const { symbol: name } = this.#door.instruments[symbol]!;
    return this.take(product, Buffer.from(`{"stream":"${name.toLowerCase()}@depth1000","data":${body}}`));
  }

  /** Why the last frame of the product was ignored or refused. */
  reason(product: VenueProduct): string {
    return this.#lane(product).decoder.lastReason;
  }

  /** No connection brings this stream any more: what is missed from here on is unknown. */
  lost(symbol: number, kind: number): void {
    const batch = this.#batch;
    if (batch.length + 1 > batch.F.length / WORDS_F) this.flush();
    const at = batch.length;
    // Its stamps are those of the gap itself.
    batch.F[at * WORDS_F + EXCH_US] = 0;
    if (at === 0) this.#recvUs[0] = this.#door.clock.nowUs();
    batch.F[at * WORDS_F + RECV_US] = this.#recvUs[0]!;
    lossGap(batch.F, batch.I, at, symbol, kind, 0, batch.F, at);
    batch.length += 1;
    this.#schedule();
  }

  /** Hands on what waits. */
  flush(): void {
    const batch = this.#batch;
    const { length } = batch;
    if (length === 0) return;
    batch.length = 0;
    this.#door.records(batch, 0, length);
  }

  #admit(batch: RecordBatch, made: number, indexOf: readonly number[] | null): void {
    const { last, guard } = this;
    const { F, I } = batch;
    const at = batch.length + 1;
    if (indexOf !== null) for (let r = at; r < at + made; r += 1) I[r * WORDS_I + TAG] = (I[r * WORDS_I + TAG]! & 0xffff) | (indexOf[I[r * WORDS_I + TAG]! >>> SYMBOL_SHIFT]! << SYMBOL_SHIFT);
    // A frame may be a list of messages (!markPrice@arr): each is judged for itself, and what is kept moves together.
    let kept = batch.length;
    for (let from = at; from < at + made;) {
      let to = from + 1;
      const tag = I[from * WORDS_I + TAG]!;
      const kind = tag & KIND_MASK;
      if (kind === Kind.DEPTH || kind === Kind.SNAPSHOT) while (to < at + made && (I[to * WORDS_I + TAG]! & Flag.FIRST) === 0) to += 1;
      last.symbol = tag >>> SYMBOL_SHIFT;
      last.kind = kind;
      last.exchUs = F[from * WORDS_F + EXCH_US]!;
      const verdict = guard.judge(F, I, from, to - from);
      if (verdict === Verdict.GAP_BEFORE) {
        if (kept === from) {
          batch.length = kept;
          this.flush();
          kept = 0;
        }
        guard.writeGap(F, I, kept, from);
        kept += 1;
      }
      if (verdict !== Verdict.DROP) {
        if (kept !== from) F.copyWithin(kept * WORDS_F, from * WORDS_F, to * WORDS_F);
        kept += to - from;
      }
      from = to;
    }
    if (kept === batch.length) return;
    batch.length = kept;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    // Frames of a chunk are told one after the other within one callback of the socket; this comes directly behind it.
    process.nextTick(this.#endChunk);
  }

  #lane(product: VenueProduct): Lane {
    let lane = this.#lanes.get(product);
    if (lane === undefined) {
      const own = this.instruments(product);
      const same = own.every(({ index }, at) => index === at);
      lane = {
        decoder: new FrameDecoder({ market: MARKETS[product], instruments: own.map((instrument, at) => ({ ...instrument, index: at })) }),
        indexOf: same ? null : own.map(({ index }) => index),
      };
      this.#lanes.set(product, lane);
    }
    return lane;
  }
}
