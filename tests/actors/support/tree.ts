import assert from 'node:assert/strict';
import type { Decision } from '../../../actors/journal/decision.js';
import { journalBehaviour, type DecisionEffect } from '../../../actors/journal/journal.js';
import { createRuntime, supervisor, VirtualClock, worker, type Behaviour, type ChildSpec, type Runtime } from '../../../runtime/index.js';

export interface Tree {
  readonly runtime: Runtime;
  /** Every decision in the order of the journal. */
  readonly decisions: Decision[];
  /** The same as canonical lines. */
  readonly lines: string[];
}

/** A small tree on a virtual clock: a journal, then the children in order, at `/journal` and `/ID`. */
export function tree(children: readonly ChildSpec[], startUs = 1_000_000_000): Tree {
  const decisions: Decision[] = [];
  const lines: string[] = [];
  const runtime = createRuntime({
    clock: new VirtualClock(startUs),
    seed: 1,
    effects: {
      decision: ({ line, decision }: DecisionEffect) => {
        lines.push(line);
        decisions.push(decision);
      },
    },
  });
  const started = runtime.start(supervisor({
    id: 'root', strategy: 'oneForOne', intensity: { restarts: 1000, withinMs: 1000 },
    children: [worker({ id: 'journal', behaviour: journalBehaviour(), restore: 'lastGood' }), ...children],
  }));
  assert.ok(started.ok, JSON.stringify(started));
  runtime.drain();
  return { runtime, decisions, lines };
}

/** An actor that keeps what it is sent, in a list of the test's. */
export function probe<M>(id: string, received: M[]): ChildSpec {
  const behaviour: Behaviour<null, M, undefined> = {
    name: 'probe', version: 1, init: () => null,
    step: (state, message) => {
      received.push(message);
      return state;
    },
  };
  return worker({ id, behaviour, restore: 'lastGood' });
}
