import { EMPTY_DIGEST, type JournalState } from '../../actors/index.js';
import { ENGINE_EFFECTS, type EffectHandlers, type EngineEffect } from '../../actors/engine/effects.js';
import type { EffectCall, EffectTable } from '../../runtime/index.js';
import { AskedLines, type TakeAsked } from './asked.js';

export interface HandledEffectsOptions {
  /** The engine clock, µs. */
  readonly nowUs: () => number;
  /** Takes what is asked of the world. Nobody: it is not reckoned. */
  readonly onAsked?: TakeAsked | undefined;
  /** Where another session stood. */
  readonly resume?: { readonly journal: JournalState; readonly asked: JournalState | null } | undefined;
}

/** The tree's effects, carried out by handlers of which the tree hears nothing. */
export class HandledEffects {
  readonly table: EffectTable;
  /** From the journal's effects, so that it is known also when the tree is gone. */
  journal: JournalState;
  readonly #asked: AskedLines | null;
  #fault: { readonly thrown: unknown } | undefined;

  /** Who is not there is carried out by nobody, as in a replay. */
  constructor(handlers: EffectHandlers, { nowUs, onAsked, resume }: HandledEffectsOptions) {
    this.journal = resume?.journal ?? { count: 0, digest: EMPTY_DIGEST };
    const asked = onAsked === undefined ? null : new AskedLines(onAsked, resume?.asked ?? undefined);
    this.#asked = asked;
    const carryOut = (effect: EngineEffect) => (payload: never, call: EffectCall): void => {
      if (effect === 'decision') this.journal = (payload as { readonly journal: JournalState }).journal;
      try {
        // What an order came from is written before it leaves, and it too.
        if (effect !== 'decision') asked?.add(effect, payload, call.path, nowUs());
        (handlers[effect] as ((payload: never) => void) | undefined)?.(payload);
      } catch (thrown) {
        // The actor must not hear of it: a replay would not tell it.
        this.#fault ??= { thrown };
      }
    };
    this.table = Object.fromEntries(ENGINE_EFFECTS.map((effect) => [effect, carryOut(effect)]));
  }

  /** What has been asked of the world; null where that is not reckoned. */
  get asked(): JournalState | null {
    return this.#asked?.state ?? null;
  }

  /** @throws what a handler has thrown since the last time. */
  throwFault(): void {
    const fault = this.#fault;
    this.#fault = undefined;
    if (fault !== undefined) throw fault.thrown;
  }
}
