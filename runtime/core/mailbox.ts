import type { OverflowPolicy } from '../types.js';

const FIRST_SIZE = 4;
/** The ring of everyone who has had no message yet; nothing is put into it, because `mask` says that it is full. */
const NO_RING: unknown[] = [];

/** A message that needs work before (or instead of) a step: a timer that fired, an ask, an outcome. */
export abstract class Envelope {
  declare protected readonly _envelope: true;
}

/**
 * The user lane: a power-of-two ring that grows to `capacity` and no further for ordinary messages. Envelopes
 * are bounded by what made them (one per timer key, one per ask) and may pass the bound.
 */
export class Mailbox {
  count = 0;
  /** Queued envelopes plus pending poison: while zero, messages need no look before a step. */
  specials = 0;
  /** Places promised to sends that wait for their turn to commit. */
  reserved = 0;
  capacity: number;
  overflow: OverflowPolicy;
  conflateKey: ((message: never) => string | number) | null;
  private ring = NO_RING;
  private mask = -1;
  private head = 0;
  /** Position in the ring of the last message of each key; positions behind `head` are stale. */
  private keys: Map<string | number, number> | null = null;

  constructor(capacity: number, overflow: OverflowPolicy, conflateKey: ((message: never) => string | number) | null) {
    this.capacity = capacity;
    this.overflow = overflow;
    this.conflateKey = conflateKey;
  }

  push(message: unknown): void {
    if (this.count > this.mask) this.grow();
    this.ring[(this.head + this.count) & this.mask] = message;
    this.count++;
  }

  /** The oldest message; call only when `count` > 0. */
  shift(): unknown {
    const at = this.head & this.mask;
    const message = this.ring[at];
    this.ring[at] = undefined;
    this.head = (this.head + 1) | 0;
    this.count--;
    return message;
  }

  /** Puts messages in front of all others, the first of them foremost. They may pass the bound. */
  unshift(messages: readonly unknown[]): void {
    // A position behind the old head would stand for one of these.
    if (this.keys !== null) this.dropStaleKeys(this.keys);
    for (let at = messages.length - 1; at >= 0; at--) {
      if (this.count > this.mask) this.grow();
      this.head = (this.head - 1) | 0;
      this.ring[this.head & this.mask] = messages[at];
      this.count++;
      if (messages[at] instanceof Envelope) this.specials++;
    }
  }

  /** Everything that is queued, oldest first. */
  *queued(): Generator<unknown> {
    for (let offset = 0; offset < this.count; offset++) yield this.ring[(this.head + offset) & this.mask];
  }

  /** Removes and returns the oldest message that is not an envelope, or undefined when there is none. */
  evict(): { readonly message: unknown } | undefined {
    for (let offset = 0; offset < this.count; offset++) {
      const message = this.ring[(this.head + offset) & this.mask];
      if (message instanceof Envelope) continue;
      for (let back = offset; back > 0; back--) {
        this.ring[(this.head + back) & this.mask] = this.ring[(this.head + back - 1) & this.mask];
      }
      this.shift();
      return { message };
    }
    return undefined;
  }

  /** Puts the message in the place of a queued one of the same key; false when none is queued. */
  replace(key: string | number, message: unknown): boolean {
    const position = this.keys?.get(key);
    if (position === undefined || ((position - this.head) | 0) < 0) return false;
    this.ring[position & this.mask] = message;
    return true;
  }

  /** Remembers that the newest message carries this key. */
  noteKey(key: string | number): void {
    this.keys ??= new Map();
    if (this.keys.size > 2 * this.capacity) {
      this.dropStaleKeys(this.keys);
    }
    this.keys.set(key, (this.head + this.count - 1) | 0);
  }

  private dropStaleKeys(keys: Map<string | number, number>): void {
    for (const [known, position] of keys) if (((position - this.head) | 0) < 0) keys.delete(known);
  }

  private grow(): void {
    if (this.mask < 0) {
      // A literal is made in one piece.
      this.ring = [undefined, undefined, undefined, undefined];
      this.mask = FIRST_SIZE - 1;
      return;
    }
    const size = 2 * (this.mask + 1);
    const ring: unknown[] = [];
    for (let at = 0; at < size; at++) ring.push(undefined);
    for (let offset = 0; offset < this.count; offset++) ring[(this.head + offset) & (size - 1)] = this.ring[(this.head + offset) & this.mask];
    this.ring = ring;
    this.mask = size - 1;
  }
}

/** The smallest power of two that holds `wanted`. */
export function powerOfTwo(wanted: number): number {
  let size = 1;
  while (size < wanted) size *= 2;
  return size;
}
