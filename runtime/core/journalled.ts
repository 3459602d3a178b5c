/** Where a message of a durable actor comes from; see TurnInput in runtime/journal/entry.ts. */
export type Origin = 'journal' | 'timer' | 'answer' | 'child' | 'down' | 'stash' | 'system';

/** Position of an entry that may not be in the journal yet. */
export interface Slot {
  position: number;
}

/** A message on its way to a durable actor, with what the journal must know of it. No envelope: it is bounded and delivered like any other. */
export class Journalled {
  readonly origin: Origin;
  /** Index in the entry, timer key, ask id, child id, monitor token, turn of a stash. */
  readonly key: string | number;
  readonly message: unknown;
  /** The entry that holds the message; null for the other origins. */
  readonly slot: Slot | null;

  constructor(origin: Origin, key: string | number, message: unknown, slot: Slot | null = null) {
    this.origin = origin;
    this.key = key;
    this.message = message;
    this.slot = slot;
  }
}
