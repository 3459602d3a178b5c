import { z } from 'zod';
import { plainCopy } from '../../../../runtime/observe/inspect.js';
import type { MachineReading } from '../../../../runtime/index.js';
import type { MachineView } from '../../wire/chart.js';

const SMALL = { depth: 6, entries: 64, values: 500, textLength: 300 };
const CONTEXT = { depth: 12, entries: 300, values: 4_000, textLength: 1_500 };

const text = (most: number) => z.string().transform((value) => (value.length > most ? `${value.slice(0, most)}…` : value)).catch('?');
const number = z.number().catch(0);
const small = z.unknown().optional().transform((value) => plainCopy(value ?? null, SMALL));
const candidate = z.object({
  transition: number, guard: text(300).nullable().catch(null), outcome: z.enum(['passes', 'fails', 'threw']).catch('threw'), error: text(500).optional(),
});
const candidates = z.array(candidate).catch([]).transform((list) => list.slice(0, 64));
const event = z.object({
  seq: number, atUs: number, incarnation: number, type: text(200),
  outcome: z.enum(['start', 'taken', 'refused', 'forbidden', 'deferred', 'aside', 'handled', 'threw', 'unexamined']).catch('unexamined'),
  payload: small, before: small, after: small,
  taken: z.array(z.number()).catch([]).transform((list) => list.slice(0, 200)),
  candidates, waiting: candidates,
  changes: z.array(z.object({ path: z.array(z.union([text(200), z.number()])).max(32), before: z.unknown().optional(), after: z.unknown().optional() })).catch([])
    .transform((list) => list.slice(0, 64).map((change) => ({
      path: change.path, ...('before' in change ? { before: plainCopy(change.before, SMALL) } : {}), ...('after' in change ? { after: plainCopy(change.after, SMALL) } : {}),
    }))),
  moreChanges: z.boolean().catch(false), error: text(500).nullable().catch(null),
});
const view = z.object({
  path: text(1024), atUs: number, behaviour: z.object({ name: text(200), version: number }).nullable().catch(null),
  kind: z.enum(['machine', 'reducer', 'supervisor']).catch('reducer'), state: text(50), incarnation: number,
  digest: z.string().max(64).nullable().catch(null), value: small, active: z.array(z.number()).catch([]).transform((list) => list.slice(0, 2_000)),
  status: text(50).nullable().catch(null), context: z.unknown().optional().transform((value) => plainCopy(value ?? null, CONTEXT)),
  sinceUs: number, seen: number, unexamined: number,
  counts: z.record(z.string().max(10), z.number()).catch({}),
  events: z.array(z.unknown()).catch([]).transform((list) => list.slice(-64).flatMap((one) => event.safeParse(one).data ?? [])),
});

/**
 * What a page is shown of an answer of the verb `machine`, or of `Runtime.machine`. The process on the other side may be of another version,
 * or no friend: whatever it says comes out in this shape, and bounded. @throws ZodError for what is no object at all
 */
export function viewOf(reading: MachineReading | Readonly<Record<string, unknown>>): MachineView {
  return view.parse(reading) as MachineView;
}
