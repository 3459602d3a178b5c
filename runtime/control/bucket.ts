/** Token bucket: so much per second, so much saved up at most. Time comes from the caller, in milliseconds. */
export class Bucket {
  readonly #perMs: number;
  readonly #most: number;
  #tokens: number;
  #atMs: number;

  constructor(perSecond: number, most: number, nowMs: number) {
    this.#perMs = perSecond / 1000;
    this.#most = most;
    this.#tokens = most;
    this.#atMs = nowMs;
  }

  /** Whether anything is left. Taking may go below zero; the debt is paid before anything is left again. */
  has(nowMs: number): boolean {
    this.#tokens = Math.min(this.#most, this.#tokens + (nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
    return this.#tokens > 0;
  }

  take(tokens: number): void {
    this.#tokens -= tokens;
  }
}
