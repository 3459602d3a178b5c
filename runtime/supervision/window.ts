/**
 * Restart intensity in constant time: a ring of the last `limit + 1` stamps. More than `limit` restarts within
 * `withinUs`, both ends included, exceed it (OTP's rule).
 */
export class RestartWindow {
  readonly limit: number;
  readonly withinUs: number;
  private readonly stamps: Float64Array;
  private next = 0;
  private held = 0;

  constructor(limit: number, withinMs: number) {
    this.limit = limit;
    this.withinUs = withinMs * 1000;
    this.stamps = new Float64Array(limit + 1);
  }

  /** Counts a restart at `nowUs`; true when that is one too many. */
  exceeded(nowUs: number): boolean {
    this.stamps[this.next] = nowUs;
    this.next = this.next === this.limit ? 0 : this.next + 1;
    if (this.held <= this.limit) this.held++;
    return this.held > this.limit && nowUs - this.stamps[this.next]! <= this.withinUs;
  }

  clear(): void {
    this.held = 0;
    this.next = 0;
  }
}
