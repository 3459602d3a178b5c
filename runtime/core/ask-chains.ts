import type { Ask } from './asks.js';
import type { Cell } from './cell.js';

/** For debugging: which question was asked in order to answer which, and whether that goes round in a circle. */
export class AskChains {
  private readonly above = new WeakMap<Ask, Ask>();
  private readonly onCycle: (paths: readonly string[]) => void;

  constructor(onCycle: (paths: readonly string[]) => void) {
    this.onCycle = onCycle;
  }

  /** A question is asked while another is being answered. */
  note(question: Ask, during: Ask): void {
    this.above.set(question, during);
  }

  /** The question is on its way to `target`: tells when that one itself waits for the asker, directly or through others. */
  check(question: Ask, target: Cell): void {
    const paths = [target.path];
    for (let ask: Ask | undefined = question; ask !== undefined && !ask.done && ask.asker !== null; ask = this.above.get(ask)) {
      paths.unshift(ask.asker.path);
      if (ask.asker !== target) continue;
      try {
        this.onCycle(paths);
      } catch {
        // Who looks on does not matter to those who are looked at.
      }
      return;
    }
  }
}
