import { Ref } from '../core/cell.js';

/** Tags: what two kinds of values with the same words must not be mistaken for each other by. */
const Tag = {
  undefined: 1, null: 2, false: 3, true: 4, number: 5, string: 6, bigint: 7, symbol: 8, function: 9, ref: 10, list: 11, map: 12, set: 13, date: 14, error: 15,
  bytes: 16, object: 17, seenAbove: 18, tooDeep: 19, unreadable: 20,
} as const;
/** A value nested deeper than this is not looked into. */
const DEEPEST = 200;

/** A stack, of an error or of the cause that was made of it, says where the program stands on this machine and who called it: it is left out. */
function isFailure(value: object): boolean {
  const { name, message } = value as { readonly name?: unknown; readonly message?: unknown };
  return typeof name === 'string' && typeof message === 'string';
}

/**
 * A running 64-bit hash of values of any shape: messages, states, payloads. Equal values (keys in the same order) give equal
 * hashes; a difference in one word always shows. It calls no code but getters, looks into no private field, and never throws.
 */
export class ContentHash {
  low = 0x811c9dc5 | 0;
  high = 0x27d4eb2f | 0;
  private readonly float = new Float64Array(1);
  private readonly words = new Int32Array(this.float.buffer);
  private readonly above: object[] = [];

  add(value: unknown): void {
    switch (typeof value) {
      case 'undefined': this.word(Tag.undefined); return;
      case 'boolean': this.word(value ? Tag.true : Tag.false); return;
      case 'number': this.number(value); return;
      case 'string': this.text(Tag.string, value); return;
      case 'bigint': this.text(Tag.bigint, value.toString(36)); return;
      case 'symbol': this.text(Tag.symbol, value.description ?? ''); return;
      case 'function': this.text(Tag.function, value.name); return;
      case 'object': break;
    }
    if (value === null) this.word(Tag.null);
    else this.object(value);
  }

  private object(value: object): void {
    const { above } = this;
    const seen = above.indexOf(value);
    if (seen >= 0) {
      this.word(Tag.seenAbove);
      this.word(seen);
      return;
    }
    if (above.length >= DEEPEST) {
      this.word(Tag.tooDeep);
      return;
    }
    const depth = above.push(value);
    try {
      this.parts(value);
    } catch {
      this.word(Tag.unreadable);
    }
    above.length = depth - 1;
  }

  private parts(value: object): void {
    if (value instanceof Ref) {
      this.text(Tag.ref, value.path);
    } else if (Array.isArray(value)) {
      this.word(Tag.list);
      this.word(value.length);
      for (let at = 0; at < value.length; at++) this.add(value[at]);
    } else if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) {
      this.bytes(value);
    } else if (value instanceof Map) {
      this.word(Tag.map);
      this.word(value.size);
      for (const [key, item] of value as Map<unknown, unknown>) {
        this.add(key);
        this.add(item);
      }
    } else if (value instanceof Set) {
      this.word(Tag.set);
      this.word(value.size);
      for (const item of value as Set<unknown>) this.add(item);
    } else if (value instanceof Date) {
      this.word(Tag.date);
      this.number(value.getTime());
    } else if (value instanceof Error) {
      this.text(Tag.error, value.name);
      this.text(Tag.error, value.message);
      this.add(value.cause);
    } else {
      const keys = Object.keys(value);
      this.word(Tag.object);
      this.word(keys.length);
      for (let at = 0; at < keys.length; at++) {
        const key = keys[at]!;
        if (key === 'stack' && isFailure(value)) continue;
        this.text(Tag.string, key);
        this.add((value as Readonly<Record<string, unknown>>)[key]);
      }
    }
  }

  private bytes(value: ArrayBufferView | ArrayBuffer | SharedArrayBuffer): void {
    const bytes = ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : new Uint8Array(value);
    this.text(Tag.bytes, value.constructor.name);
    this.word(bytes.length);
    for (let at = 0; at < bytes.length; at++) this.word(bytes[at]!);
  }

  private number(value: number): void {
    // There are many NaNs, and no program can tell one from another.
    this.float[0] = Number.isNaN(value) ? NaN : value;
    this.word(Tag.number);
    this.word(this.words[0]!);
    this.word(this.words[1]!);
  }

  private text(tag: number, text: string): void {
    this.word(tag);
    this.word(text.length);
    for (let at = 0; at < text.length; at++) this.word(text.charCodeAt(at));
  }

  /** Both halves are changed in ways that can be undone, so a difference never dies out before the next. */
  private word(word: number): void {
    let low = Math.imul(this.low ^ word, 0x01000193);
    low ^= low >>> 15;
    this.low = low;
    const high = Math.imul(this.high + low, 0x85ebca6b);
    this.high = high ^ (high >>> 13);
  }
}
