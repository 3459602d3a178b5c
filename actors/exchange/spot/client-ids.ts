import { Prng } from '../../generator/prng.js';
import type { ClientOrderId } from '../ids.js';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const LENGTH = 22;
/** Letters that one draw of 32 bits gives. */
const A_DRAW = 5;
const STREAM = 0x5907;

/** Names that the venue gives to orders and cancels whose client gave none: 22 letters and digits. */
export class ClientIds {
  readonly #random: Prng;

  constructor(seed: number) {
    this.#random = new Prng(seed, STREAM);
  }

  next(): ClientOrderId {
    let text = '';
    let bits = 0;
    for (let k = 0; k < LENGTH; k++) {
      if (k % A_DRAW === 0) bits = this.#random.next() >>> 0;
      text += ALPHABET[bits % ALPHABET.length]!;
      bits = Math.floor(bits / ALPHABET.length);
    }
    return text as ClientOrderId;
  }
}
