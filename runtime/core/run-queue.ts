/** A growing ring, first in first out; never shrinks, holds no reference to what it gave out. */
export class Fifo<T> {
  count = 0;
  private ring: (T | undefined)[] = Array.from<T | undefined>({ length: 64 });
  private mask = 63;
  private head = 0;

  push(item: T): void {
    if (this.count > this.mask) this.grow();
    this.ring[(this.head + this.count) & this.mask] = item;
    this.count++;
  }

  shift(): T | undefined {
    if (this.count === 0) return undefined;
    const item = this.ring[this.head];
    this.ring[this.head] = undefined;
    this.head = (this.head + 1) & this.mask;
    this.count--;
    return item;
  }

  private grow(): void {
    const size = 2 * (this.mask + 1);
    const ring = Array.from<T | undefined>({ length: size });
    for (let i = 0; i < this.count; i++) ring[i] = this.ring[(this.head + i) & this.mask];
    this.ring = ring;
    this.mask = size - 1;
    this.head = 0;
  }
}
