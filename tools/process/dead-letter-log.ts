import type { DeadLetter } from '../../runtime/index.js';
import type { ProcessLog } from './log.js';

/** Quiet time after which letters are logged one by one again. */
const QUIET_MS = 5 * 60_000;
/** How often the letters that were only counted are told. */
const TELL_EVERY_MS = 60_000;

/** Dead letters in the log: the first ones each with its line, then counts, so that a storm of them cannot fill a disk. */
export class DeadLetterLog {
  readonly #log: ProcessLog;
  readonly #first: number;
  readonly #nowMs: () => number;
  #logged = 0;
  #lastMs = -Infinity;
  #toldMs = 0;
  #counts = new Map<string, number>();

  /** @param first letters that get a line of their own */
  constructor(log: ProcessLog, first: number, nowMs: () => number = Date.now) {
    this.#log = log;
    this.#first = first;
    this.#nowMs = nowMs;
  }

  letter(letter: DeadLetter): void {
    const nowMs = this.#nowMs();
    if (nowMs - this.#lastMs >= QUIET_MS) {
      this.tell();
      this.#logged = 0;
    }
    this.#lastMs = nowMs;
    if (this.#logged < this.#first) {
      this.#logged += 1;
      const { reason, path, atUs, message, cause } = letter;
      this.#log.write('warn', 'dead-letter', `dead letter at ${path}: ${reason}`, { reason, path, atUs, message: brief(message), ...(cause === undefined ? {} : { cause }) });
      if (this.#logged === this.#first) this.#toldMs = nowMs;
      return;
    }
    const key = `${letter.reason} ${letter.path}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    if (nowMs - this.#toldMs >= TELL_EVERY_MS) this.tell();
  }

  /** Logs what was only counted so far. */
  tell(): void {
    this.#toldMs = this.#nowMs();
    if (this.#counts.size === 0) return;
    const counts = Object.fromEntries([...this.#counts].sort(([, a], [, b]) => b - a).slice(0, 20));
    const total = [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
    this.#counts = new Map();
    this.#log.write('warn', 'dead-letters', `${total} more dead letters`, { total, counts });
  }
}

/** A message's type says enough; records and books are no reading matter. */
function brief(message: unknown): unknown {
  if (typeof message !== 'object' || message === null) return message;
  const { type } = message as { readonly type?: unknown };
  return typeof type === 'string' ? { type } : message;
}
