import { createHistogram, type IntervalHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { BurstMeter } from '../index.js';

/** A distribution of times in microseconds, as `metrics` shows it. */
export interface TimesUs {
  readonly count: number;
  readonly minUs: number;
  readonly meanUs: number;
  readonly p50Us: number;
  readonly p90Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
}

/**
 * How long the main thread is busy with turns at a stretch. Whoever drives the runtime calls `begin` before a burst
 * and `end` after it; some 0.3 µs together, so it is always on. It stands outside the deterministic part.
 */
export class TurnMeter implements BurstMeter {
  readonly #histogram: RecordableHistogram = createHistogram({ highest: 60_000_000_000 });
  #beganMs = 0;

  begin(): void {
    this.#beganMs = performance.now();
  }

  end(): void {
    const tookNs = Math.round((performance.now() - this.#beganMs) * 1e6);
    this.#histogram.record(tookNs > 0 ? tookNs : 1);
  }

  times(): TimesUs {
    return timesOf(this.#histogram);
  }

  reset(): void {
    this.#histogram.reset();
  }
}

/** Percentiles of a histogram of nanoseconds, in microseconds, less `offsetNs` each; all zero while it is empty. */
export function timesOf(histogram: RecordableHistogram | IntervalHistogram, offsetNs = 0): TimesUs {
  if (histogram.count === 0) return { count: 0, minUs: 0, meanUs: 0, p50Us: 0, p90Us: 0, p99Us: 0, p999Us: 0, maxUs: 0 };
  const us = (ns: number): number => Math.max(0, Math.round(ns - offsetNs)) / 1000;
  return {
    count: histogram.count,
    minUs: us(histogram.min),
    meanUs: us(histogram.mean),
    p50Us: us(histogram.percentile(50)),
    p90Us: us(histogram.percentile(90)),
    p99Us: us(histogram.percentile(99)),
    p999Us: us(histogram.percentile(99.9)),
    maxUs: us(histogram.max),
  };
}
