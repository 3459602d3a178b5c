import type { DetectorInput, DetectorMessage, DetectorNotice } from '../../../actors/detector/messages.js';
import { detectorBehaviour } from '../../../actors/detector/detector.js';
import type { Decision } from '../../../actors/journal/decision.js';
import type { KernelControl, LevelEdge } from '../../../actors/market/messages.js';
import { detectorSchema } from '../../../config/index.js';
import { worker } from '../../../runtime/index.js';
import { STRONG } from '../support/session.js';
import { probe, tree, type Tree } from '../support/tree.js';

export const START_US = 1_000_000_000;

/** One detector in a tree, its kernel and its listener played by probes. Times are milliseconds since the start. */
export class DetectorHarness {
  readonly tree: Tree;
  readonly controls: KernelControl[] = [];
  readonly notices: DetectorNotice[] = [];
  seq = 0;

  constructor(params: Record<string, unknown> = {}, options: { restore?: 'init' | 'lastGood'; memory?: DetectorInput['memory'] } = {}) {
    const input: DetectorInput = {
      symbol: 0, name: 'BTCUSDT', listeners: ['/listener'], kernelPath: '/kernel', ...(options.memory === undefined ? {} : { memory: options.memory }),
    };
    this.tree = tree([
      probe('kernel', this.controls),
      probe('listener', this.notices),
      worker({ id: 'detector', behaviour: detectorBehaviour(detectorSchema.parse(params)), input, restore: options.restore ?? 'lastGood', restart: 'transient' }),
    ], START_US);
  }

  /** Moves the clock there; timers due until then fire first. */
  at(ms: number): this {
    this.tree.runtime.advanceTo(START_US + ms * 1000);
    return this;
  }
  send(message: DetectorMessage): this {
    this.tree.runtime.send('/detector', message);
    this.tree.runtime.drain();
    return this;
  }
  /** An edge now: `votes` of 3 needed, and what else is said. */
  level(votes: number, overrides: Partial<LevelEdge> = {}): this {
    this.seq += 1;
    const nowUs = this.tree.runtime.nowUs();
    return this.send({
      type: 'level', symbol: 0, seq: this.seq, atUs: nowUs, exchUs: nowUs, mask: (1 << votes) - 1, votes, voters: 5, need: 3, triggered: votes >= 3,
      calm: votes <= 1, violent: false, pauses: 0, warm: true, features: STRONG, ...overrides,
    });
  }
  exposure(on: boolean): this {
    return this.send({ type: 'exposure', symbol: 0, on, seq: this.seq });
  }
  /** Into ACTIVE by T1 and T2: alert at 1 s, ACTIVE at 3 s. */
  active(): this {
    return this.at(1000).level(3).at(3000);
  }

  get transitions(): Decision[] {
    return this.tree.decisions.filter(({ kind }) => kind === 'transition');
  }
  /** "T1 ALERT 1000": rule, state entered, ms since the start. */
  get story(): string[] {
    return this.transitions.map(({ data, atUs }) => `${String(data['rule'])} ${String(data['to'])} ${(atUs - START_US) / 1000}`);
  }
}
