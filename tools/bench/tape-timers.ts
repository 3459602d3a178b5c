interface Timer {
  readonly id: number;
  readonly dueMs: number;
  readonly fire: (...args: unknown[]) => void;
}

/** The clock of an XState actor on tape time: `createActor(machine, { clock: timers })`. Timers fire in order of their due time. */
export class TapeTimers {
  #nowMs = 0;
  #lastId = 0;
  #timers: Timer[] = [];
  #nextDueMs = Infinity;

  setTimeout(fire: (...args: unknown[]) => void, timeoutMs: number): number {
    this.#lastId += 1;
    this.#timers.push({ id: this.#lastId, dueMs: this.#nowMs + timeoutMs, fire });
    this.#timers.sort((a, b) => a.dueMs - b.dueMs || a.id - b.id);
    this.#nextDueMs = this.#timers[0].dueMs;
    return this.#lastId;
  }

  clearTimeout(id: number): void {
    this.#timers = this.#timers.filter((timer) => timer.id !== id);
    this.#nextDueMs = this.#timers[0]?.dueMs ?? Infinity;
  }

  /** Moves on to `nowMs`, firing what falls due on the way. */
  advanceTo(nowMs: number): void {
    while (this.#nextDueMs <= nowMs) {
      const timer = this.#timers.shift()!;
      this.#nextDueMs = this.#timers[0]?.dueMs ?? Infinity;
      this.#nowMs = timer.dueMs;
      timer.fire();
    }
    if (nowMs > this.#nowMs) this.#nowMs = nowMs;
  }
}
