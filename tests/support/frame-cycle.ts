import { Buffer } from 'node:buffer';
import type { Instrument } from '../../data/records/index.js';

const instrument = (index: number, symbol: string): Instrument => ({
  index, symbol, venue: 'binance-spot', product: 'spot', tickSize: '0.01', lotSize: '0.00001', multiplier: '1', settle: 'USDT', inferred: [],
});
export const CYCLE_INSTRUMENTS: readonly Instrument[] = [instrument(0, 'BTCUSDT'), instrument(1, 'ETHUSDT')];

const LEVELS = 10;
const ROUNDS = 40;
const DIGITS = 16;
/** Ids and stamps have 16 digits in the frames' text; ids begin with 1 so that they need no leading zeros. */
const FIRST_ID = 1e15;
const START_US = 1_763_726_400_000_000;
const STEP_US = 200;
const PLACEHOLDERS = ['<stamp>', '<trade>', '<first>', '<last>'] as const;

/** Words of the state: the stamp, then a trade id, a first and a last update id a symbol. */
const STAMP = 0;
const TRADE = 1;
const FIRST = 2;
const LAST = 3;
const PER_SYMBOL = 3;

/**
 * Frames of a calm market, as Binance's combined stream sends them: trades, best quotes and diffs of ten levels of two symbols, whose ids
 * and stamps go on from cycle to cycle. One cycle's bytes are in `bytes`, frame k from ends[k - 1] to ends[k]. `next` allocates nothing.
 */
export class FrameCycle {
  readonly bytes: Uint8Array;
  readonly ends: Int32Array;
  /** Partial books, one a symbol, that come before the first cycle. */
  readonly first: readonly Uint8Array[];
  readonly #state = new Float64Array(1 + CYCLE_INSTRUMENTS.length * PER_SYMBOL).fill(FIRST_ID);
  readonly #kinds: Int8Array;
  readonly #symbols: Int8Array;
  /** Where 16 digits go, which word of the state, and of which frame they are; by frame. */
  readonly #at: Int32Array;
  readonly #word: Int32Array;
  readonly #patchEnds: Int32Array;

  constructor() {
    const texts: { readonly text: string; readonly symbol: number; readonly depth: boolean }[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const { index, symbol } of CYCLE_INSTRUMENTS) {
        for (let k = 0; k < 8; k += 1) {
          const depth = k === 3 || k === 7;
          texts.push({ text: depth ? diff(symbol, round + k) : k % 2 === 0 ? trade(symbol, round + k) : ticker(symbol, round + k), symbol: index, depth });
        }
      }
    }
    this.#kinds = Int8Array.from(texts, ({ depth }) => (depth ? 1 : 0));
    this.#symbols = Int8Array.from(texts, ({ symbol }) => symbol);
    const at: number[] = [];
    const word: number[] = [];
    const patchEnds: number[] = [];
    const ends: number[] = [];
    let whole = '';
    for (const { text, symbol } of texts) {
      let rest = text;
      for (;;) {
        const found = /<(stamp|trade|first|last)>/.exec(rest);
        if (found === null) break;
        whole += rest.slice(0, found.index);
        at.push(whole.length);
        const place = PLACEHOLDERS.indexOf(found[0] as (typeof PLACEHOLDERS)[number]);
        word.push(place === STAMP ? STAMP : place + symbol * PER_SYMBOL);
        whole += '0'.repeat(DIGITS);
        rest = rest.slice(found.index + found[0].length);
      }
      whole += rest;
      patchEnds.push(at.length);
      ends.push(whole.length);
    }
    this.bytes = new Uint8Array(Buffer.from(whole, 'latin1'));
    this.ends = Int32Array.from(ends);
    this.#at = Int32Array.from(at);
    this.#word = Int32Array.from(word);
    this.#patchEnds = Int32Array.from(patchEnds);
    this.#state[STAMP] = START_US;
    this.first = CYCLE_INSTRUMENTS.map(({ symbol }) => Buffer.from(`{"stream":"${symbol.toLowerCase()}@depth20","data":{"lastUpdateId":${FIRST_ID},"bids":${levels(0, -1)},"asks":${levels(0, 1)}}}`));
  }

  /** Goes on to the next cycle: new ids and stamps in the same frames. */
  next(): void {
    const state = this.#state;
    let patch = 0;
    for (let frame = 0; frame < this.ends.length; frame += 1) {
      const symbol = this.#symbols[frame]! * PER_SYMBOL;
      state[STAMP]! += STEP_US;
      if (this.#kinds[frame] === 1) {
        state[symbol + FIRST] = state[symbol + LAST]! + 1;
        state[symbol + LAST]! += 3;
      } else state[symbol + TRADE]! += 1;
      for (; patch < this.#patchEnds[frame]!; patch += 1) this.#put(this.#at[patch]!, this.#word[patch]!);
    }
  }

  #put(at: number, word: number): void {
    const high = Math.floor(this.#state[word]! / 1e8);
    let left = high | 0;
    let right = (this.#state[word]! - high * 1e8) | 0;
    for (let digit = 7; digit >= 0; digit -= 1) {
      this.bytes[at + digit] = 48 + (left % 10);
      this.bytes[at + 8 + digit] = 48 + (right % 10);
      left = (left / 10) | 0;
      right = (right / 10) | 0;
    }
  }
}

const MID = 5_000_000;
const price = (ticks: number): string => `${Math.floor((MID + ticks) / 100)}.${String((MID + ticks) % 100).padStart(2, '0')}000000`;
const quantity = (n: number): string => `${n % 7}.${String((n * 7919) % 100_000).padStart(5, '0')}000`;

const levels = (n: number, side: 1 | -1): string =>
  `[${Array.from({ length: LEVELS }, (_, k) => `["${price(side * (1 + k))}","${quantity(1 + n + k)}"]`).join(',')}]`;

/** Trades fall on both sides alike, so that nothing is out of balance. */
const trade = (symbol: string, n: number): string =>
  `{"stream":"${symbol.toLowerCase()}@aggTrade","data":{"e":"aggTrade","E":<stamp>,"s":"${symbol}","a":<trade>,"p":"${price(n % 2 === 0 ? 1 : -1)}","q":"${quantity(3)}","f":<trade>,"l":<trade>,"T":<stamp>,"m":${n % 2 !== 0},"M":true}}`;
const ticker = (symbol: string, n: number): string =>
  `{"stream":"${symbol.toLowerCase()}@bookTicker","data":{"u":<last>,"s":"${symbol}","b":"${price(-1)}","B":"${quantity(1 + n)}","a":"${price(1)}","A":"${quantity(2 + n)}"}}`;
const diff = (symbol: string, n: number): string =>
  `{"stream":"${symbol.toLowerCase()}@depth@100ms","data":{"e":"depthUpdate","E":<stamp>,"s":"${symbol}","U":<first>,"u":<last>,"b":${levels(n, -1)},"a":${levels(n + 3, 1)}}}`;
