/** Samples kept between two looks. */
const MOST = 512;

/** Worst, mean, median and 99th percentile of what was added since the last look; of very many samples every n-th is kept for the percentiles. */
export class LagMeter {
  #samples = new Float64Array(MOST);
  #count = 0;
  #every = 1;
  #skipped = 0;
  #worst = -Infinity;
  #sum = 0;
  #added = 0;

  add(us: number): void {
    if (us > this.#worst) this.#worst = us;
    this.#sum += us;
    this.#added += 1;
    this.#skipped += 1;
    if (this.#skipped < this.#every) return;
    this.#skipped = 0;
    if (this.#count === MOST) {
      for (let at = 0; at < MOST / 2; at += 1) this.#samples[at] = this.#samples[2 * at]!;
      this.#count = MOST / 2;
      this.#every *= 2;
    }
    this.#samples[this.#count] = us;
    this.#count += 1;
  }

  /** What was seen since the last look, and forgets it; zeros when it was nothing. */
  look(): { readonly worst: number; readonly mean: number; readonly p50: number; readonly p99: number } {
    const count = this.#count;
    if (count === 0) return { worst: this.#worst === -Infinity ? 0 : this.#worst, mean: this.#added === 0 ? 0 : this.#sum / this.#added, p50: 0, p99: 0 };
    const sorted = this.#samples.subarray(0, count).slice().sort();
    const found = { worst: this.#worst, mean: this.#sum / this.#added, p50: sorted[(count - 1) >> 1]!, p99: sorted[Math.min(count - 1, Math.floor(count * 0.99))]! };
    this.#count = 0;
    this.#every = 1;
    this.#skipped = 0;
    this.#worst = -Infinity;
    this.#sum = 0;
    this.#added = 0;
    return found;
  }
}
