import { EMPTY_DIGEST, type JournalState } from '../../actors/index.js';
import { ENGINE_EFFECTS, type EffectHandlers, type EngineEffect } from '../../actors/engine/effects.js';
import type { EffectTable } from '../../runtime/index.js';

/** The tree's effects, carried out by handlers of which the tree hears nothing. */
export class HandledEffects {
  readonly table: EffectTable;
  /** From the journal's effects, so that it is known also when the tree is gone. */
  journal: JournalState;
  #fault: { readonly thrown: unknown } | undefined;

  /** Who is not there is carried out by nobody, as in a replay. */
  constructor(handlers: EffectHandlers, journal: JournalState = { count: 0, digest: EMPTY_DIGEST }) {
    this.journal = journal;
    const carryOut = (effect: EngineEffect) => (payload: never): void => {
      if (effect === 'decision') this.journal = (payload as { readonly journal: JournalState }).journal;
      try {
        (handlers[effect] as ((payload: never) => void) | undefined)?.(payload);
      } catch (thrown) {
        // The actor must not hear of it: a replay would not tell it.
        this.#fault ??= { thrown };
      }
    };
    this.table = Object.fromEntries(ENGINE_EFFECTS.map((effect) => [effect, carryOut(effect)]));
  }

  /** @throws what a handler has thrown since the last time. */
  throwFault(): void {
    const fault = this.#fault;
    this.#fault = undefined;
    if (fault !== undefined) throw fault.thrown;
  }
}
