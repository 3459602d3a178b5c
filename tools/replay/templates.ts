import { z } from 'zod';
import type { ChildTemplate } from '../../runtime/control/index.js';
import { worker, type Behaviour } from '../../runtime/index.js';

interface ProbeState {
  readonly messages: number;
  readonly last: unknown;
}

/** Counts what it is sent and keeps the last message: a stand-in to try administration on. */
const probe: Behaviour<ProbeState, unknown, { readonly topics: readonly string[] }> = {
  name: 'probe',
  version: 1,
  init(ctx, { topics }) {
    for (const topic of topics) ctx.subscribe(topic);
    return { messages: 0, last: null };
  },
  step: ({ messages }, message) => ({ messages: messages + 1, last: message }),
};

const probeInput = z.strictObject({ topics: z.array(z.string().min(1).max(200)).max(20).default([]) });

/** What `faultline start-child` can start in a served replay. */
export const TEMPLATES: Readonly<Record<string, ChildTemplate>> = {
  probe: {
    summary: 'counts the messages it is sent, and those published on the topics of its input {"topics": […]}',
    spec: (input, id) => {
      const parsed = probeInput.safeParse(input ?? {});
      if (!parsed.success) throw new Error(parsed.error.issues.map(({ path, message }) => `${path.length === 0 ? '' : `${path.join('.')}: `}${message}`).join('; '));
      return worker({ id: id ?? 'probe', behaviour: probe, input: parsed.data, restore: 'lastGood' });
    },
  },
};
