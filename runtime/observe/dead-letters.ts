import type { DeadLetter, DeadLetterReason, FailureCause } from '../types.js';

const REASONS: readonly DeadLetterReason[] = [
  'no_such_actor', 'stopped', 'restarting_drop', 'mailbox_full', 'poison', 'unhandled', 'stale_timer', 'stale', 'late_reply', 'stash_overflow',
];

/** Messages nobody handled: the last ones in a ring, all of them counted by reason. */
export class DeadLetters {
  total = 0;
  private readonly counts: Record<DeadLetterReason, number>;
  private readonly ring: DeadLetter[] = [];
  private next = 0;
  private readonly size: number;
  private readonly listeners = new Set<(letter: DeadLetter) => void>();
  /** Letters the listeners have not been told of yet. */
  private untold: DeadLetter[] = [];
  private telling = false;

  constructor(size: number) {
    this.size = size;
    const counts: Partial<Record<DeadLetterReason, number>> = {};
    for (const reason of REASONS) counts[reason] = 0;
    this.counts = counts as Record<DeadLetterReason, number>;
  }

  add(reason: DeadLetterReason, path: string, message: unknown, atUs: number, cause?: FailureCause): void {
    const letter: DeadLetter = cause === undefined ? { reason, path, message, atUs } : { reason, path, message, atUs, cause };
    this.total++;
    this.counts[reason]++;
    this.ring[this.next] = letter;
    this.next = (this.next + 1) % this.size;
    if (this.listeners.size !== 0 && !this.telling) this.untold.push(letter);
  }

  get waiting(): boolean {
    return this.untold.length !== 0 && !this.telling;
  }

  /** Tells the listeners what waits, in order. */
  tell(): void {
    const letters = this.untold;
    this.untold = [];
    this.telling = true;
    for (const letter of letters) {
      for (const listener of this.listeners) {
        try {
          listener(letter);
        } catch {
          this.listeners.delete(listener);
        }
      }
    }
    this.telling = false;
  }

  /**
   * Calls `listener` between turns for every letter from now on, in order, but for those it causes itself: they are only counted and
   * kept. One that throws is taken off. Returns the way to take it off.
   */
  onLetter(listener: (letter: DeadLetter) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The last letters, oldest first. */
  list(): DeadLetter[] {
    return this.ring.length < this.size ? this.ring.slice() : [...this.ring.slice(this.next), ...this.ring.slice(0, this.next)];
  }

  byReason(): Record<DeadLetterReason, number> {
    return { ...this.counts };
  }
}
