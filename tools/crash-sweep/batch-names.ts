/**
 * Names what the batches of the journal hold, by the messages of the turns in them: which message, of which order. The same
 * message gets the same name in every life, however its turn is numbered there.
 */
export class BatchNames {
  /** Of the batch that is being written. */
  batch: readonly string[] = [];
  #next: string[] = [];

  /** A turn of the actor at `path` takes `message`. */
  step(path: string, message: object): void {
    const { type, order, status, polls, dueUs, no, effect } = message as Readonly<Record<string, string | number | undefined>>;
    this.#next.push([path, type, order, status, polls, dueUs, no, effect].filter((part) => part !== undefined).join(' '));
  }

  /** What was stepped so far was a recovery: it is in the journal. */
  recovered(): void {
    this.#next = [];
  }

  takeBatch(): void {
    // A batch without a turn (outcomes, releases, snapshots) is what follows on the batch before.
    this.batch = this.#next.length > 0 ? this.#next : this.batch.map((name) => (name.startsWith('after ') ? name : `after ${name}`));
    this.#next = [];
  }
}
