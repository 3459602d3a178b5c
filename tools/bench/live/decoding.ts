import { FrameDecoder } from '../../../data/decode/index.js';
import { allocateBatch, AUX, EXCH_US, EXTRA, Flag, ID, Kind, PRICE, PRICE2, QTY, RECV_US, SEQ, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I, type RecordBatch } from '../../../data/records/index.js';
import { FrameWriter, INSTRUMENT } from './frames.js';

/** From the bytes of a frame to a record. */
export interface Decoding {
  /** Writes the frame's record at `at`; returns how many records it made. */
  decode(bytes: Uint8Array, recvUs: number, batch: RecordBatch, at: number): number;
}

/** The product's: from the bytes. */
export class ByteDecoding implements Decoding {
  readonly decoder = new FrameDecoder({ market: 'binance-spot', instruments: [INSTRUMENT] });
  readonly #recvUs = new Float64Array(1);

  decode(bytes: Uint8Array, recvUs: number, batch: RecordBatch, at: number): number {
    this.#recvUs[0] = recvUs;
    return this.decoder.decode(bytes, 0, bytes.length, this.#recvUs, batch, at, 1);
  }
}

interface AggTradeMessage {
  readonly stream: string;
  readonly data: {
    readonly e: string;
    readonly E: number;
    readonly s: string;
    readonly a: number;
    readonly p: string;
    readonly q: string;
    readonly f: number;
    readonly l: number;
    readonly T: number;
    readonly m: boolean;
  };
}

const TICKS_PER_UNIT = Math.round(1 / Number(INSTRUMENT.tickSize));
const LOTS_PER_UNIT = Math.round(1 / Number(INSTRUMENT.lotSize));
const MICROSECONDS = 1e15;

/** The peer's, as one would write it: toString, JSON.parse, numbers. Checks what it must to tell one message from another, and no more. */
export class JsonDecoding implements Decoding {
  decode(bytes: Uint8Array, recvUs: number, { F, I }: RecordBatch, at: number): number {
    const { data } = JSON.parse((bytes as Buffer).toString()) as AggTradeMessage;
    if (data.e !== 'aggTrade' || data.s !== INSTRUMENT.symbol) return 0;
    const f = at * WORDS_F;
    const i = at * WORDS_I;
    F[f + SEQ] = 0;
    F[f + RECV_US] = recvUs;
    F[f + EXCH_US] = data.T >= MICROSECONDS ? data.T : data.T * 1000;
    F[f + ID] = data.a;
    F[f + QTY] = Math.round(Number(data.q) * LOTS_PER_UNIT);
    F[f + AUX] = data.f;
    I[i + PRICE] = Math.round(Number(data.p) * TICKS_PER_UNIT);
    I[i + TAG] = Kind.AGG_TRADE | (data.m ? Flag.SELL : 0) | (INSTRUMENT.index << SYMBOL_SHIFT);
    I[i + PRICE2] = 0;
    I[i + EXTRA] = data.l - data.f + 1;
    return 1;
  }
}

/** @throws Error when the two do not make the same records of the same frames, or the first is not what it says. */
export function checkDecodings(frames: number, ours = new ByteDecoding(), peer: Decoding = new JsonDecoding()): void {
  const writer = new FrameWriter();
  const frame = new Uint8Array(writer.longest);
  const [bytes, json] = [allocateBatch(1), allocateBatch(1)];
  for (let n = 0; n < frames; n += 1) {
    writer.write(frame, 0, n, 1_763_726_400_000_000 + n);
    const payload = Buffer.from(FrameWriter.payload(frame, 0));
    if (ours.decode(payload, n, bytes, 0) !== 1 || peer.decode(payload, n, json, 0) !== 1) throw new Error(`no record: ${payload.toString()}`);
    for (let word = 0; word < WORDS_I; word += 1) if (bytes.I[word] !== json.I[word]) throw new Error(`the two sides make different records of ${payload.toString()}`);
  }
  if (ours.decoder.counts.fast !== frames) throw new Error('the decoder fell back to JSON.parse');
}
