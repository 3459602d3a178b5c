import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { LifeOptions, Stage } from './stages.js';

/**
 * Counts a life's points and ends it at the chosen one. A point is known by what is written there (which message of which
 * order), not by its number: after a death the same message comes to the same point again, and the life has to get past
 * it, or a chain of lives would never leave the reconciliation of its first order.
 */
export class KillPoints {
  readonly counts: Record<Stage, number> = { 'before-batch': 0, committed: 0, flushed: 0, 'before-effect': 0, 'after-effect': 0 };
  readonly #kill: LifeOptions['kill'];
  /** Names of points that lives have died at, or that this one went past. */
  readonly #seen: Set<string>;
  #fresh = 0;

  constructor(kill: LifeOptions['kill']) {
    this.#kill = kill;
    this.#seen = new Set(kill === null || !existsSync(kill.seen) ? [] : readFileSync(kill.seen, 'utf8').split('\n'));
  }

  /** A point of `stage` where what `names` say is written. Does not return from the chosen one. */
  reach(stage: Stage, names: readonly string[]): void {
    this.counts[stage] += 1;
    const kill = this.#kill;
    if (kill === null || kill.stage !== stage) return;
    const fresh = names.map((name) => `${stage} ${name}`).filter((name) => !this.#seen.has(name));
    if (fresh.length === 0) return;
    for (const name of fresh) this.#seen.add(name);
    this.#fresh += 1;
    if (this.#fresh < kill.nth) return;
    const fd = openSync(kill.seen, 'a');
    writeSync(fd, `${fresh.join('\n')}\n`);
    closeSync(fd);
    process.kill(process.pid, 'SIGKILL');
  }
}
