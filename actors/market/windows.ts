/**
 * Sliding windows over one value a second. A slot may be NaN: that second had no valid sample. The windows keep
 * time (a slot a second), the statistics see the valid samples only. Nothing allocates after construction.
 */

/** Sum and count of the last `length` slots. The sum is computed anew once a turn, so rounding cannot pile up. */
export class SumWindow {
  readonly ring: Float64Array;
  private at = 0;
  count = 0;
  sum = 0;

  constructor(length: number) {
    this.ring = new Float64Array(length).fill(NaN);
  }

  push(source: Float64Array, index: number): void {
    const old = this.ring[this.at];
    const value = source[index];
    this.ring[this.at] = value;
    if (old === old) {
      this.sum -= old;
      this.count -= 1;
    }
    if (value === value) {
      this.sum += value;
      this.count += 1;
    }
    this.at += 1;
    if (this.at === this.ring.length) {
      this.at = 0;
      let sum = 0;
      for (let i = 0; i < this.ring.length; i += 1) if (this.ring[i] === this.ring[i]) sum += this.ring[i];
      this.sum = sum;
    }
  }

  clear(): void {
    this.ring.fill(NaN);
    this.at = 0;
    this.count = 0;
    this.sum = 0;
  }
}

/** Median, median absolute deviation and standard deviation of the last `length` slots, by a sorted copy. */
export class SortedWindow {
  readonly ring: Float64Array;
  readonly sorted: Float64Array;
  private at = 0;
  count = 0;

  constructor(length: number) {
    this.ring = new Float64Array(length).fill(NaN);
    this.sorted = new Float64Array(length);
  }

  push(source: Float64Array, index: number): void {
    const { ring, sorted } = this;
    const old = ring[this.at];
    const value = source[index];
    ring[this.at] = value;
    this.at += 1;
    if (this.at === ring.length) this.at = 0;
    if (old === old) {
      const i = this.lowerBound(old);
      sorted.copyWithin(i, i + 1, this.count);
      this.count -= 1;
    }
    if (value === value) {
      const i = this.lowerBound(value);
      sorted.copyWithin(i + 1, i, this.count);
      sorted[i] = value;
      this.count += 1;
    }
  }

  /** NaN when empty. */
  median(): number {
    const n = this.count;
    if (n === 0) return NaN;
    const h = n >> 1;
    return (n & 1) === 1 ? this.sorted[h] : (this.sorted[h - 1] + this.sorted[h]) / 2;
  }

  /** Median of |x - median|; walks outward from the median, half the window at most. */
  mad(): number {
    const n = this.count;
    if (n === 0) return NaN;
    const m = this.median();
    const { sorted } = this;
    // Right: first element at or above the median; left: the one before it.
    let right = this.lowerBound(m);
    let left = right - 1;
    const h = n >> 1;
    let before = 0;
    let value = 0;
    for (let i = 0; i <= h; i += 1) {
      before = value;
      if (left < 0 || (right < n && sorted[right] - m <= m - sorted[left])) {
        value = sorted[right] - m;
        right += 1;
      } else {
        value = m - sorted[left];
        left -= 1;
      }
    }
    return (n & 1) === 1 ? value : (before + value) / 2;
  }

  /** Sample standard deviation, two passes in sorted order; 0 below two samples. */
  deviation(): number {
    const n = this.count;
    if (n < 2) return 0;
    let sum = 0;
    for (let i = 0; i < n; i += 1) sum += this.sorted[i];
    const mean = sum / n;
    let squares = 0;
    for (let i = 0; i < n; i += 1) squares += (this.sorted[i] - mean) * (this.sorted[i] - mean);
    return Math.sqrt(squares / (n - 1));
  }

  clear(): void {
    this.ring.fill(NaN);
    this.at = 0;
    this.count = 0;
  }

  private lowerBound(value: number): number {
    let lo = 0;
    let hi = this.count;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if (this.sorted[mid] < value) lo = mid + 1;
      else hi = mid;
    }
    return lo;
  }
}

/**
 * Middle value of the first n values of a (the lower and upper middle averaged when n is even). Reorders a.
 * Quickselect with the middle as pivot: no allocation, the same steps everywhere.
 */
export function medianInPlace(a: Float64Array, n: number): number {
  if (n === 0) return NaN;
  const k = n >> 1;
  let lo = 0;
  let hi = n - 1;
  while (lo < hi) {
    const pivot = a[(lo + hi) >> 1];
    let i = lo;
    let j = hi;
    while (i <= j) {
      while (a[i] < pivot) i += 1;
      while (a[j] > pivot) j -= 1;
      if (i <= j) {
        const t = a[i];
        a[i] = a[j];
        a[j] = t;
        i += 1;
        j -= 1;
      }
    }
    if (k <= j) hi = j;
    else if (k >= i) lo = i;
    else break;
  }
  if ((n & 1) === 1) return a[k];
  // Everything left of k is at most a[k]: the lower middle is its greatest.
  let below = a[0];
  for (let i = 1; i < k; i += 1) if (a[i] > below) below = a[i];
  return (below + a[k]) / 2;
}
