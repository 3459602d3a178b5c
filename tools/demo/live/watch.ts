import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Decision } from '../../../actors/index.js';
import type { Instrument } from '../../../data/records/index.js';
import { RunReader } from '../../../data/runs/index.js';
import type { ControlClient } from '../../../runtime/control/index.js';
import type { EngineBoot } from '../../../supervisors/index.js';
import { packageVersion } from '../../cli/version.js';
import { ENGINE_QUESTION } from '../../engine/commands/desk.js';
import { ReportBuilder } from '../../replay/report.js';

/** A busy engine answers late; one that is gone is noticed by its end. */
const PATIENCE_MS = 6000;
const CHUNK_BYTES = 1 << 16;

const number = z.number().nullable();
const amounts = z.record(z.string(), z.string());
const kernelSchema = z.object({
  clockUs: z.number(), records: z.number(),
  symbols: z.array(z.object({ index: z.number(), live: z.boolean(), warm: z.boolean(), price: number, bestBidTicks: number, bestAskTicks: number, spreadBps: number, eventsPerSecond: number, violentRange: number })),
});
const statusSchema = z.object({
  trading: z.object({
    equity: amounts, entries: z.number(),
    open: z.array(z.object({ symbol: z.string(), side: z.string(), openLots: z.number(), entryPrice: z.string(), unrealised: z.string().nullable(), settle: z.string() })),
  }).nullable(),
  truth: z.array(z.object({ product: z.string(), freshness: z.string(), reasons: z.array(z.string()), differencesSeen: z.number(), unjudged: z.number(), positions: z.array(z.unknown()), balances: amounts })).nullable(),
  ledger: z.array(z.object({ product: z.string(), balances: amounts, totals: z.object({ fees: amounts, fills: z.number(), trades: z.number(), unexplained: amounts }) })).nullable(),
  orders: z.array(z.object({ instrument: z.string(), purpose: z.string(), state: z.string(), side: z.string(), lots: z.number(), filledLots: z.number() })).nullable(),
});
export type KernelView = z.infer<typeof kernelSchema>;
export type EngineStatus = z.infer<typeof statusSchema>;

/** What is seen of a running engine: its kernel and its own status over the control socket, its decisions in the run folder. */
export class EngineWatch {
  readonly instruments: readonly Instrument[];
  readonly report: ReportBuilder;
  /** Orders that the account wished for; of them those that were refused, and those that it withdrew before they had left. */
  orders = 0;
  refused = 0;
  withdrawn = 0;
  fills = 0;
  decisions = 0;
  kernel: KernelView | undefined;
  status: EngineStatus | undefined;
  readonly #decisions: string;
  #offset = 0;
  #rest = '';

  /** @throws RunError when there is no run in the folder. */
  constructor(runDir: string) {
    const { instruments, startUs } = RunReader.open(runDir).boot() as EngineBoot;
    this.instruments = instruments;
    this.report = new ReportBuilder(instruments, startUs);
    this.#decisions = join(runDir, 'decisions.jsonl');
  }

  /** Asks the engine. @throws ControlError when it does not answer, ZodError when it answers something else. */
  async look(client: ControlClient): Promise<void> {
    const request = { id: randomUUID(), verb: 'status', args: {}, sentMs: Date.now(), issuer: { uid: process.getuid?.() ?? null, pid: process.pid, user: '', program: `faultline ${packageVersion()}` } };
    const [{ value: kernel }, { value: status }] = await Promise.all([
      client.call('inspect', { path: '/market/kernel' }, { timeoutMs: PATIENCE_MS }),
      client.call('ask', { name: ENGINE_QUESTION, input: request }, { timeoutMs: PATIENCE_MS }),
    ]);
    // The kernel has nothing to show before its first record.
    const seen = kernelSchema.safeParse(kernel);
    if (seen.success) this.kernel = seen.data;
    this.status = statusSchema.parse((status as { readonly answer?: unknown }).answer);
  }

  /** The decisions that have come since the last time. */
  newDecisions(): Decision[] {
    const lines = (this.#rest + this.#read()).split('\n');
    this.#rest = lines.pop()!;
    return lines.map((line) => this.#count(JSON.parse(line) as Decision));
  }

  #count(decision: Decision): Decision {
    this.decisions += 1;
    this.report.decision(decision);
    const { kind, data } = decision;
    if (kind === 'order') this.orders += 1;
    if (kind !== 'venue') return decision;
    if (data['type'] === 'order.rejected') this.refused += 1;
    else if (data['type'] === 'order.fill') this.fills += 1;
    else if (data['type'] === 'order.canceled' && data['reason'] === 'before_sent') this.withdrawn += 1;
    return decision;
  }

  #read(): string {
    if (!existsSync(this.#decisions)) return '';
    const file = openSync(this.#decisions, 'r');
    const chunks: Buffer[] = [];
    try {
      for (;;) {
        const chunk = Buffer.alloc(CHUNK_BYTES);
        const got = readSync(file, chunk, 0, CHUNK_BYTES, this.#offset);
        if (got === 0) break;
        this.#offset += got;
        chunks.push(chunk.subarray(0, got));
      }
    } finally {
      closeSync(file);
    }
    return Buffer.concat(chunks).toString();
  }

  /** Prices are shown with as many decimals as a tick has. */
  price(index: number, ticks: number | null): string {
    const tick = this.instruments[index]!.tickSize;
    return ticks === null ? '-' : (ticks * Number(tick)).toFixed((tick.split('.')[1] ?? '').replace(/0+$/, '').length);
  }
}
