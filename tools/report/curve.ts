/** One point of a curve: engine clock, µs, and a value. */
export interface CurvePoint {
  readonly atUs: number;
  readonly value: number;
}

interface Bucket {
  readonly number: number;
  first: CurvePoint;
  low: CurvePoint;
  high: CurvePoint;
  last: CurvePoint;
}

/**
 * A curve of any number of points in bounded memory: of every stretch of time it keeps the first, the lowest, the highest and the last point,
 * and the stretches grow with the curve. So no extreme is ever lost, and a point that is kept is one that was added.
 */
export class Curve {
  readonly #most: number;
  #widthUs: number;
  #buckets: Bucket[] = [];

  /** `most`: stretches at most, 2 at least. `widthUs`: how long a stretch is at first. */
  constructor(most = 600, widthUs = 1000) {
    this.#most = most;
    this.#widthUs = widthUs;
  }

  /** Stamps do not go backwards. What is no number is no point. */
  add(atUs: number, value: number): void {
    if (!Number.isFinite(value)) return;
    const number = Math.floor(atUs / this.#widthUs);
    const bucket = this.#buckets.at(-1);
    const point = { atUs, value };
    if (bucket?.number !== number) {
      this.#buckets.push({ number, first: point, low: point, high: point, last: point });
      while (this.#buckets.length > this.#most) this.#widen();
      return;
    }
    if (value < bucket.low.value) bucket.low = point;
    if (value > bucket.high.value) bucket.high = point;
    bucket.last = point;
  }

  /** The points that are kept, by time. */
  points(): CurvePoint[] {
    const points: CurvePoint[] = [];
    for (const { first, low, high, last } of this.#buckets) {
      const between = low.atUs <= high.atUs ? [low, high] : [high, low];
      for (const point of [first, ...between, last]) if (points.at(-1) !== point) points.push(point);
    }
    return points;
  }

  #widen(): void {
    this.#widthUs *= 2;
    const buckets: Bucket[] = [];
    for (const bucket of this.#buckets) {
      const number = Math.floor(bucket.number / 2);
      const into = buckets.at(-1);
      if (into?.number !== number) {
        buckets.push({ ...bucket, number });
        continue;
      }
      if (bucket.low.value < into.low.value) into.low = bucket.low;
      if (bucket.high.value > into.high.value) into.high = bucket.high;
      into.last = bucket.last;
    }
    this.#buckets = buckets;
  }
}
