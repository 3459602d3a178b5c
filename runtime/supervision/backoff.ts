import type { BackoffSpec } from '../types.js';

/**
 * Delay in milliseconds before restart attempt `attempt` (0 = first): minMs doubled each time up to maxMs, of which
 * the share `jitter` of the part above minMs is random, so the result always lies in [minMs, maxMs].
 *
 * @param uniform a number in [0, 1)
 */
export function backoffMs(spec: BackoffSpec, attempt: number, uniform: number): number {
  // 2^attempt without overflow: beyond 52 doublings any cap is reached.
  const whole = Math.min(spec.maxMs, spec.minMs * 2 ** Math.min(attempt, 52));
  return whole - spec.jitter * uniform * (whole - spec.minMs);
}

/** Run time after which a child counts as stable and its attempts start anew. */
export function resetAfterMs(spec: BackoffSpec): number {
  return spec.resetAfterMs ?? (spec.minMs + spec.maxMs) / 2;
}
