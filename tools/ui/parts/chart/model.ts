import { z } from 'zod';

const name = z.string().max(600);
const names = z.array(name).max(64);
const place = z.number().int().min(0).max(2_000);

const chart = z.object({
  id: name,
  states: z.array(z.object({
    id: name, key: name, parent: place.nullable(), type: z.enum(['atomic', 'compound', 'parallel', 'final', 'history']), initial: place.nullable(),
    history: z.enum(['shallow', 'deep']).nullable(), entry: names, exit: names, invoke: names, tags: names, defers: names, description: name.nullable(),
  })).min(1).max(1_000),
  transitions: z.array(z.object({
    source: place, targets: z.array(place).max(64), kind: z.enum(['event', 'always', 'after', 'done', 'childDone', 'childError']), event: name, guard: name.nullable(),
    actions: names, reenter: z.boolean(), forbidden: z.boolean(), description: name.nullable(),
  })).max(3_000),
  omitted: z.object({ states: z.number(), transitions: z.number() }),
}).refine(({ states, transitions }) =>
  states.every(({ parent, initial }, at) => (at === 0 ? parent === null : parent !== null && parent < at) && (initial === null || states[initial]?.parent === at))
  && transitions.every(({ source, targets }) => [source, ...targets].every((to) => to < states.length)));

/** Whether what a process calls a chart is one: its places lead somewhere, and parents come before their children. */
export function isChart(value: unknown): boolean {
  return chart.safeParse(value).success;
}
