import type { Instrument } from '../../../data/records/index.js';

/** The one symbol of the live benchmarks. */
export const INSTRUMENT: Instrument = {
  index: 0, symbol: 'BTCUSDT', venue: 'binance-spot', product: 'spot', tickSize: '0.01', lotSize: '0.00001', multiplier: '1', settle: 'USDT', inferred: [],
};

const TEMPLATES = 256;
/** Ids have as many digits as a busy symbol's. */
const FIRST_ID = 3_000_000_000;
const ID_DIGITS = 10;
const STAMP_DIGITS = 16;
const ZERO = 48;

interface Template {
  readonly bytes: Buffer;
  /** Where stamps and ids stand. */
  readonly stamps: readonly number[];
  readonly ids: readonly number[];
}

/**
 * Writes WebSocket text frames, each an aggTrade of Binance's combined stream: `{"stream":…,"data":{"e":"aggTrade",…}}`. Prices
 * walk in a narrow range; stamps (µs, as the venue sends them on request) and ids are set frame by frame.
 */
export class FrameWriter {
  /** Bytes of the longest frame. */
  readonly longest: number;
  readonly #templates: readonly Template[];

  constructor() {
    this.#templates = Array.from({ length: TEMPLATES }, (_, n) => template(n));
    this.longest = Math.max(...this.#templates.map(({ bytes }) => bytes.length));
  }

  /** Writes the frame of trade `number` (0, 1, 2 …) with stamp `stampUs` at `at`; returns where the next one goes. */
  write(target: Uint8Array, at: number, number: number, stampUs: number): number {
    const { bytes, stamps, ids } = this.#templates[number % TEMPLATES]!;
    target.set(bytes, at);
    for (const offset of stamps) putDigits(target, at + offset, STAMP_DIGITS, stampUs);
    for (const offset of ids) putDigits(target, at + offset, ID_DIGITS, FIRST_ID + number);
    return at + bytes.length;
  }

  /** The JSON text in a frame that `write` wrote at `at`: what a client gets. */
  static payload(frames: Uint8Array, at: number): Uint8Array {
    const length = frames[at + 2]! * 256 + frames[at + 3]!;
    return frames.subarray(at + HEADER, at + HEADER + length);
  }
}

/** FIN and text, then an unmasked length of 16 bits. */
const HEADER = 4;

function template(n: number): Template {
  const stamp = '0'.repeat(STAMP_DIGITS);
  const id = '0'.repeat(ID_DIGITS);
  const price = (67_000 + Math.round(40 * Math.sin(n / 9)) + (n % 100) / 100).toFixed(8);
  const quantity = (0.00001 * (1 + ((n * 7919) % 40_000))).toFixed(8);
  const text = `{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":${stamp},"s":"BTCUSDT","a":${id},"p":"${price}","q":"${quantity}",` +
    `"f":${id},"l":${id},"T":${stamp},"m":${n % 3 === 0},"M":true}}`;
  const bytes = Buffer.alloc(HEADER + text.length);
  bytes[0] = 0x81;
  bytes[1] = 126;
  bytes.writeUInt16BE(text.length, 2);
  bytes.write(text, HEADER, 'latin1');
  return { bytes, stamps: offsetsOf(bytes, `:${stamp}`), ids: offsetsOf(bytes, `:${id},`) };
}

/** Where the digits begin that stand behind a colon. */
function offsetsOf(bytes: Buffer, digits: string): number[] {
  const offsets: number[] = [];
  for (let at = bytes.indexOf(digits); at >= 0; at = bytes.indexOf(digits, at + 1)) offsets.push(at + 1);
  return offsets;
}

/** Writes the last `digits` decimal digits of a whole number below 1e16. */
function putDigits(target: Uint8Array, at: number, digits: number, value: number): void {
  const high = Math.floor(value / 1e8);
  putInt(target, at, digits - 8, high);
  putInt(target, at + digits - 8, 8, value - high * 1e8);
}

function putInt(target: Uint8Array, at: number, digits: number, value: number): void {
  let rest = value | 0;
  for (let place = at + digits - 1; place >= at; place -= 1) {
    const next = (rest / 10) | 0;
    target[place] = ZERO + rest - next * 10;
    rest = next;
  }
}
