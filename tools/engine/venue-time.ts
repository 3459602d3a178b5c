import type { Config } from '../../config/index.js';

const LIMITS = ['latencyPauseMs', 'bookStaleMs', 'quoteStaleMs'] as const;

/** With the limits that it has, `speed` times as long. */
function stretched<T extends { readonly [name in (typeof LIMITS)[number]]?: number | undefined }>(limits: T, speed: number): T {
  const longer: { [name in (typeof LIMITS)[number]]?: number } = {};
  for (const name of LIMITS) {
    const ms = limits[name];
    if (ms !== undefined) longer[name] = ms * speed;
  }
  return { ...limits, ...longer };
}

/**
 * The configuration as a venue needs whose clock goes `speed` times as fast: how late data may be, and how long a book may be silent, is a matter of this
 * machine and its line, so in the venue's time it is that much longer. A venue that is slower than the wall keeps the limits.
 */
export function inVenueTime(config: Config, speed: number): Config {
  if (speed <= 1) return config;
  const { indicators } = config;
  const symbols = Object.fromEntries(Object.entries(indicators.symbols).map(([name, own]) => [name, stretched(own, speed)]));
  return { ...config, indicators: { ...stretched(indicators, speed), symbols } };
}
