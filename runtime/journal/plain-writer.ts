/** Entries are written one behind the other into pieces of memory of this size, so that a batch is few copies. */
const ARENA_BYTES = 128 * 1024;
/** An entry is not begun with less than this left. */
const LEAST_BYTES = 4 * 1024;
/** A number or a header of MessagePack takes less. */
const SCALAR_BYTES = 10;
/** Beyond, the native writer is faster. */
const SHORT_STRING = 64;
const LONGEST_STRING = 0xffff;
const MOST_ITEMS = 0xffff;

/** The value is none of the plain ones, or longer than the space left: the packer has to write it. */
export const NOT_PLAIN = -1;

/** Place of bytes that no PlainWriter wrote. */
export const NO_PLACE = NaN;

/**
 * Writes plain values (null, undefined, booleans, numbers, strings, arrays and objects of them) as MessagePack, with the same bytes as the
 * packer in pack.ts, in about half the time: it makes no buffer for each, and knows none of the extensions.
 */
export class PlainWriter {
  bytes: Buffer;
  view: DataView;
  private at = 0;
  private pieces = 0;

  constructor() {
    this.bytes = Buffer.allocUnsafeSlow(ARENA_BYTES);
    this.view = new DataView(this.bytes.buffer);
  }

  /** Where the next entry begins, with `reserved` bytes there that are the caller's to fill. What was taken stays as it is. */
  begin(reserved: number): number {
    if (this.at + reserved + LEAST_BYTES > ARENA_BYTES) {
      this.bytes = Buffer.allocUnsafeSlow(Math.max(ARENA_BYTES, reserved + LEAST_BYTES));
      this.view = new DataView(this.bytes.buffer);
      this.at = 0;
      this.pieces++;
    }
    return this.at;
  }

  /** Where the entry stands that was begun: the bytes at `place + length` are the next ones in memory. */
  get place(): number {
    return this.pieces * 2 ** 32 + this.at;
  }

  /** The bytes from where the entry began up to `end`; they are written no more by this writer. */
  take(end: number): Buffer {
    const { at } = this;
    this.at = end;
    return this.bytes.subarray(at, end);
  }

  /** Writes the value at `at`; returns the end, or NOT_PLAIN. */
  write(value: unknown, at: number): number {
    const { bytes } = this;
    if (at + SCALAR_BYTES > bytes.length) return NOT_PLAIN;
    // Comparisons one by one: a switch over `typeof` makes its name each time.
    if (typeof value === 'number') return this.number(value, at);
    if (typeof value === 'string') return this.string(value, at);
    if (typeof value === 'object') {
      if (value === null) {
        bytes[at] = 0xc0;
        return at + 1;
      }
      if (value.constructor === Array) return this.array(value as readonly unknown[], at);
      return value.constructor === Object ? this.object(value as Readonly<Record<string, unknown>>, at) : NOT_PLAIN;
    }
    if (typeof value === 'boolean') {
      bytes[at] = value ? 0xc3 : 0xc2;
      return at + 1;
    }
    if (value !== undefined) return NOT_PLAIN;
    bytes[at] = 0xd4;
    bytes[at + 1] = 0;
    bytes[at + 2] = 0;
    return at + 3;
  }

  private object(value: Readonly<Record<string, unknown>>, from: number): number {
    let left = Object.keys(value).length;
    let at = this.count(left, 0x80, 0xde, from);
    if (at === NOT_PLAIN) return at;
    // This kind of loop knows where the properties are; one that is inherited makes it longer.
    for (const key in value) {
      if (--left < 0) return NOT_PLAIN;
      at = this.string(key, at);
      if (at !== NOT_PLAIN) at = this.write(value[key], at);
      if (at === NOT_PLAIN) return at;
    }
    return at;
  }

  private array(value: readonly unknown[], from: number): number {
    let at = this.count(value.length, 0x90, 0xdc, from);
    for (let index = 0; at !== NOT_PLAIN && index < value.length; index++) at = this.write(value[index], at);
    return at;
  }

  private count(items: number, short: number, long: number, at: number): number {
    const { bytes } = this;
    if (items < 16) {
      bytes[at] = short | items;
      return at + 1;
    }
    if (items > MOST_ITEMS) return NOT_PLAIN;
    bytes[at] = long;
    bytes[at + 1] = items >> 8;
    bytes[at + 2] = items;
    return at + 3;
  }

  private string(value: string, at: number): number {
    const { bytes } = this;
    const { length } = value;
    // At most three bytes a UTF-16 unit.
    if (length > LONGEST_STRING || at + 3 * length + SCALAR_BYTES > bytes.length) return NOT_PLAIN;
    if (length >= SHORT_STRING) return this.longString(value, at);
    let end = at + 1;
    if (length < 32) {
      bytes[at] = 0xa0 | length;
    } else {
      bytes[at] = 0xd9;
      bytes[at + 1] = length;
      end = at + 2;
    }
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index);
      if (code > 0x7f) return NOT_PLAIN;
      bytes[end++] = code;
    }
    return end;
  }

  private longString(value: string, at: number): number {
    const { bytes } = this;
    const length = Buffer.byteLength(value);
    if (length > LONGEST_STRING) return NOT_PLAIN;
    let start = at + 2;
    if (length < 256) {
      bytes[at] = 0xd9;
      bytes[at + 1] = length;
    } else {
      bytes[at] = 0xda;
      bytes[at + 1] = length >> 8;
      bytes[at + 2] = length;
      start = at + 3;
    }
    return start + bytes.write(value, start, 'utf8');
  }

  private number(value: number, at: number): number {
    const { bytes } = this;
    if (value >>> 0 === value) {
      if (value < 0x80) {
        bytes[at] = value;
        return at + 1;
      }
      if (value < 0x100) {
        bytes[at] = 0xcc;
        bytes[at + 1] = value;
        return at + 2;
      }
      if (value < 0x10000) {
        bytes[at] = 0xcd;
        bytes[at + 1] = value >> 8;
        bytes[at + 2] = value;
        return at + 3;
      }
      bytes[at] = 0xce;
      this.view.setUint32(at + 1, value);
      return at + 5;
    }
    if (value >> 0 !== value) {
      bytes[at] = 0xcb;
      this.view.setFloat64(at + 1, value);
      return at + 9;
    }
    if (value >= -0x20) {
      bytes[at] = value;
      return at + 1;
    }
    if (value >= -0x80) {
      bytes[at] = 0xd0;
      bytes[at + 1] = value;
      return at + 2;
    }
    if (value >= -0x8000) {
      bytes[at] = 0xd1;
      this.view.setInt16(at + 1, value);
      return at + 3;
    }
    bytes[at] = 0xd2;
    this.view.setInt32(at + 1, value);
    return at + 5;
  }
}
