/** Parameters of the risk gate besides the limits. Units are in the names. */
import { z } from 'zod';

export const riskSchema = z.strictObject({
  /** How far the price of an opening order may lie from the best quotes or the mark price, whichever is nearer. */
  maxPriceDeviationShare: z.number().gt(0).max(1).default(0.05),
  /** A price reference older than this counts as none. In a calm market the kernel tells nothing for a while. */
  priceMaxAgeMs: z.int().min(100).max(600_000).default(60_000),
  /** Time that the gate has for an answer; none by then is a no. */
  answerTimeoutMs: z.int().min(1).max(60_000).default(1000),
  /** When the record cannot be written any more: hold positions behind the venue's stops, or close them, before the engine ends. */
  whenRecordFails: z.enum(['hold', 'flatten']).default('hold'),
});
export type RiskParams = z.infer<typeof riskSchema>;
