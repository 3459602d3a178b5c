/**
 * Restart intensity in constant time: a ring of the last `limit + 1` stamps. More than `limit` restarts within
 * `withinUs`, both ends included, exceed it (OTP's rule).
 */
export class RestartWindow {
  readonly limit: number;
  readonly withinUs: number;
  /** Made at the first restart: most windows never see one. */
  private stamps: Float64Array | null = null;
  private next = 0;
  private held = 0;

  constructor(limit: number, withinMs: number) {
    this.limit = limit;
    this.withinUs = withinMs * 1000;
  }

  /** Counts a restart at `nowUs`; true when that is one too many. */
  exceeded(nowUs: number): boolean {
    const stamps = this.push(nowUs);
    return this.held > this.limit && nowUs - stamps[this.next]! <= this.withinUs;
  }

  /** This window with another budget; the restarts it has counted still count. Itself where the budget is the same. */
  withBudget(limit: number, withinMs: number): RestartWindow {
    if (limit === this.limit && withinMs * 1000 === this.withinUs) return this;
    const window = new RestartWindow(limit, withinMs);
    window.takeStamps(this);
    return window;
  }

  /** Takes over the latest restarts another window has counted, as many as matter here. */
  takeStamps(other: RestartWindow): void {
    // The other has its stamps where it holds any.
    const length = other.limit + 1;
    for (let back = Math.min(other.held, this.limit + 1); back > 0; back--) this.push(other.stamps![(other.next - back + length) % length]!);
  }

  /** When the restarts were that still count, oldest first. */
  stampsUs(): number[] {
    const length = this.limit + 1;
    return Array.from({ length: this.held }, (_, n) => this.stamps![(this.next - this.held + n + length) % length]!);
  }

  /** Restarts that count at `nowUs`; changes nothing. */
  used(nowUs: number): number {
    return this.held === 0 ? 0 : this.stampsUs().filter((stampUs) => nowUs - stampUs <= this.withinUs).length;
  }

  /** Counts these restarts and no others. */
  restore(stampsUs: readonly number[]): void {
    this.clear();
    for (const stampUs of stampsUs) this.push(stampUs);
  }

  clear(): void {
    this.held = 0;
    this.next = 0;
  }

  private push(stampUs: number): Float64Array {
    const stamps = (this.stamps ??= new Float64Array(this.limit + 1));
    stamps[this.next] = stampUs;
    this.next = this.next === this.limit ? 0 : this.next + 1;
    if (this.held <= this.limit) this.held++;
    return stamps;
  }
}
