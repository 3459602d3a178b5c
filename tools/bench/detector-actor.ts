import { createActor } from 'xstate';
import { detectorMachine } from '../../actors/detector/machine.js';
import type { LevelEdge } from '../../actors/market/index.js';
import { DEFAULT_CONFIG } from '../../config/index.js';
import { TapeTimers } from './tape-timers.js';

/** The detector's statechart as a live XState actor, as one would run it without the runtime: `send` for every event. */
export class DetectorActor {
  /** States entered, in order. */
  readonly states: string[] = [];
  readonly #timers = new TapeTimers();
  readonly #actor;

  /** `freeze` is told when the baselines are to stand still, and when to move again. */
  constructor(symbol: number, freeze: (on: boolean) => void) {
    const machine = detectorMachine.provide({
      actions: {
        freeze: (_args, { on }) => freeze(on),
        announceTransition: (_args, { to }) => void this.states.push(to),
      },
    });
    this.#actor = createActor(machine, {
      clock: this.#timers,
      input: { params: DEFAULT_CONFIG.trading.detector, input: { symbol, name: 'bench', listeners: [] }, startIn: 'SLEEP', eventStartUs: 0, actorPauses: 0, nowUs: 0 },
    });
    this.#actor.start();
  }

  send(edge: LevelEdge): void {
    this.#timers.advanceTo(edge.atUs / 1000);
    this.#actor.send({ ...edge, nowUs: edge.atUs } as LevelEdge);
  }
}
