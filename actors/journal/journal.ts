import type { Behaviour } from '../../runtime/index.js';
import { canonicalLine, chainDigest, EMPTY_DIGEST } from './digest.js';
import type { Decision } from './decision.js';

/** What the journal knows: how many decisions it took and the chain over their lines. Survives a crash with `lastGood`. */
export interface JournalState {
  readonly count: number;
  readonly digest: string;
}

/** Payload of the effect `decision`: one canonical JSON line, without newline. */
export interface DecisionEffect {
  readonly line: string;
  readonly decision: Decision;
  /** The journal with this line in it: what stands when the tree is gone. */
  readonly journal: JournalState;
}

/**
 * The one place every decision goes to. Each turn extends the digest and hands the line to the effect `decision`
 * (a file, a collector, nothing); the runtime runs effects only of turns that succeeded, so log and digest agree.
 * Asked `{type: 'digest'}` it replies with its state.
 */
export function journalBehaviour(): Behaviour<JournalState, Decision | { readonly type: 'digest' }, undefined> {
  return {
    name: 'journal',
    version: 1,
    init: () => ({ count: 0, digest: EMPTY_DIGEST }),
    step(state, message, ctx) {
      if (message.type === 'digest') {
        ctx.reply(state);
        return state;
      }
      if (message.type !== 'decision') return state;
      const line = canonicalLine(message);
      const journal = { count: state.count + 1, digest: chainDigest(state.digest, line) };
      ctx.effect('decision', { line, decision: message, journal } satisfies DecisionEffect);
      return journal;
    },
    snapshot: (state) => state,
    restore: (data) => data as JournalState,
  };
}
