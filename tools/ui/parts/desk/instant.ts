/** The desk at a moment of the past: what a replay of the run says that the actors said. */
import { z } from 'zod';
import { KERNEL_PATH } from '../../../../actors/journal/decision.js';
import { productsOf } from '../../../../actors/gateway/decode/index.js';
import { RISK_PATH } from '../../../../actors/engine/paths.js';
import type { CopyLimits, Inspection } from '../../../../runtime/index.js';
import { DESK_COPY, deskPaths } from '../../../engine/desk-parts.js';
import type { Desk } from '../../wire/desk.js';
import { UiError } from '../../server/host.js';
import { type DayBook, dayBookOf } from './day.js';
import { pastRun } from './past.js';
import type { Records } from './records.js';
import { deskOf } from './shape.js';

/** What of a time machine is needed. */
export interface Past {
  seek(target: { readonly key: string }): Promise<{ readonly atUs: number }>;
  inspect(path: string, limits?: CopyLimits, at?: string): Promise<Inspection | null>;
}

const riskPrices = z.object({ markTicks: z.record(z.string(), z.number()) });
const kernelPrices = z.object({ symbols: z.array(z.object({ index: z.number(), price: z.number() })) });

/** @throws UiError when the run is no engine's, and what `past` throws. */
export async function instantDesk(past: Past, records: Records, source: string, folder: string, at: string): Promise<Desk> {
  const { about } = pastRun(folder);
  const paths = deskPaths(productsOf(about.instruments as Parameters<typeof productsOf>[0]), about.mode !== 'paper');
  const [{ atUs }, kernel, ...found] = await Promise.all([past.seek({ key: at }), past.inspect(KERNEL_PATH, DESK_COPY, at), ...paths.map((path) => past.inspect(path, DESK_COPY, at))]);
  const views: Record<string, unknown> = {};
  const down: Record<string, string> = {};
  paths.forEach((path, index) => {
    const seen = found[index];
    if (seen?.state === 'running') views[path] = seen.value;
    else down[path] = seen?.state ?? 'not there';
  });
  const note = `As a replay of the run has it at ${new Date(atUs / 1000).toISOString()}: what the engine knew then. Nothing can be told it there.`;
  let day: Awaited<ReturnType<DayBook['at']>> | null = null;
  const missing: string[] = [];
  try {
    day = await dayBookOf(records, about).at(atUs, atUs);
  } catch (error) {
    if (!(error instanceof UiError) && !(error instanceof RangeError)) throw error;
    missing.push(`the day’s result: ${error.message}`);
  }
  return deskOf({
    source, name: source.slice(source.indexOf(':') + 1), kind: 'instant', note, about, input: { atUs, views, down, markTicks: pricesOf(views[RISK_PATH], kernel?.value) }, day, missing,
  });
}

/** The prices that the risk gate went by; in paper, where there is none, the kernel's. */
function pricesOf(risk: unknown, kernel: unknown): Readonly<Record<string, number>> {
  const told = riskPrices.safeParse(risk);
  if (told.success) return told.data.markTicks;
  const symbols = kernelPrices.safeParse(kernel).data?.symbols ?? [];
  return Object.fromEntries(symbols.filter(({ price }) => price > 0).map(({ index, price }) => [index, price]));
}
