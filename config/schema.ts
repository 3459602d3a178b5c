import { z } from 'zod';
import { engineSchema } from './engine/engine.js';
import { indicatorsSchema } from './indicators.js';
import { lanesSchema } from './lanes.js';
import { processSchema } from './process.js';
import { tradingSchema } from './trading.js';

/** Everything that can be configured: one table a concern, every key with its default. */
export const configSchema = z.strictObject({
  indicators: indicatorsSchema.prefault({}),
  trading: tradingSchema.prefault({}),
  lanes: lanesSchema.prefault({}),
  process: processSchema.prefault({}),
  engine: engineSchema.prefault({}),
});
export type Config = z.infer<typeof configSchema>;

/** The configuration without any file. */
export const DEFAULT_CONFIG: Config = configSchema.parse({});
