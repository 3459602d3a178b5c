import type { Connection } from './connection.js';

/** One reader's subscription to a stream, and what became of the events for it. */
export interface Subscription {
  readonly number: number;
  readonly connection: Connection;
  delivered: number;
  dropped: number;
  /** Dropped, and the reader has not been told yet. */
  untold: number;
}

/** The subscriptions to one stream of the main loop, which sends it only while there are any. Lives in the socket's thread. */
export abstract class Subscriptions<S extends Subscription> {
  readonly #most: number;
  readonly #wanted: (wanted: boolean) => void;
  readonly #onDropped: (events: number) => void;
  readonly #all = new Map<number, S>();
  #next = 1;

  constructor(subscriptionsEach: number, wanted: (wanted: boolean) => void, onDropped: (events: number) => void) {
    this.#most = subscriptionsEach;
    this.#wanted = wanted;
    this.#onDropped = onDropped;
  }

  get size(): number {
    return this.#all.size;
  }

  protected each(): Iterable<S> {
    return this.#all.values();
  }

  /** The number of the new subscription; null when the connection has as many as it may. */
  protected add(connection: Connection, make: (fresh: Subscription) => S): number | null {
    if (connection.subscriptions >= this.#most) return null;
    const number = this.#next++;
    this.#all.set(number, make({ number, connection, delivered: 0, dropped: 0, untold: 0 }));
    connection.subscriptions++;
    if (this.#all.size === 1) this.#wanted(true);
    return number;
  }

  /** Null when the connection has no such subscription. */
  unsubscribe(connection: Connection, number: number): { readonly delivered: number; readonly dropped: number } | null {
    const subscription = this.#all.get(number);
    if (subscription === undefined || subscription.connection !== connection) return null;
    this.#remove(subscription);
    return { delivered: subscription.delivered, dropped: subscription.dropped };
  }

  gone(connection: Connection): void {
    for (const subscription of this.#all.values()) if (subscription.connection === connection) this.#remove(subscription);
  }

  /** Books a batch: the reader has it, and knows what was dropped before it; or there was no room for it. */
  protected book(subscription: S, events: number, sent: boolean): void {
    if (sent) {
      subscription.delivered += events;
      this.#tellDropped(subscription);
    } else {
      subscription.untold += events;
    }
  }

  /** The last subscription has ended. */
  protected emptied(): void {}

  #tellDropped(subscription: S): void {
    subscription.dropped += subscription.untold;
    this.#onDropped(subscription.untold);
    subscription.untold = 0;
  }

  #remove(subscription: S): void {
    this.#all.delete(subscription.number);
    subscription.connection.subscriptions--;
    this.#tellDropped(subscription);
    if (this.#all.size > 0) return;
    this.emptied();
    this.#wanted(false);
  }
}
