/** Token bucket: so much per second, so much saved up at most. Time comes from the caller, in milliseconds. */
export class Bucket {
  readonly #perMs: number;
  readonly #most: number;
  readonly #mostDebt: number;
  #tokens: number;
  #atMs: number;

  constructor(perSecond: number, most: number, nowMs: number, mostDebt = Infinity) {
    this.#perMs = perSecond / 1000;
    this.#most = most;
    this.#tokens = most;
    this.#mostDebt = mostDebt;
    this.#atMs = nowMs;
  }

  /** Whether anything is left. Taking may go below zero, to `mostDebt` at most; the debt is paid before anything is left again. */
  has(nowMs: number): boolean {
    this.#tokens = Math.min(this.#most, this.#tokens + (nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
    return this.#tokens > 0;
  }

  take(tokens: number): void {
    this.#tokens = Math.max(-this.#mostDebt, this.#tokens - tokens);
  }
}
