import type { Connection } from './connection.js';
import { isUnder } from './paths.js';

export interface ReportFilter {
  readonly path?: string | undefined;
  readonly failures?: boolean | undefined;
}

/** The fields of a report that a filter looks at. */
interface PlainReport {
  readonly kind: string;
  readonly supervisor: string;
}

interface Subscription {
  readonly number: number;
  readonly connection: Connection;
  readonly filter: ReportFilter;
  delivered: number;
  dropped: number;
  untold: number;
}

/** Subscriptions to supervisor reports. Lives in the socket's thread. */
export class ReportHub {
  readonly #most: number;
  readonly #wanted: (wanted: boolean) => void;
  readonly #onDropped: (reports: number) => void;
  readonly #subscriptions = new Map<number, Subscription>();
  #next = 1;

  constructor(subscriptionsEach: number, wanted: (wanted: boolean) => void, onDropped: (reports: number) => void) {
    this.#most = subscriptionsEach;
    this.#wanted = wanted;
    this.#onDropped = onDropped;
  }

  get size(): number {
    return this.#subscriptions.size;
  }

  /** Null when the connection has as many subscriptions as it may. */
  subscribe(connection: Connection, filter: ReportFilter): number | null {
    if (connection.subscriptions >= this.#most) return null;
    const number = this.#next++;
    this.#subscriptions.set(number, { number, connection, filter, delivered: 0, dropped: 0, untold: 0 });
    connection.subscriptions++;
    if (this.#subscriptions.size === 1) this.#wanted(true);
    return number;
  }

  unsubscribe(connection: Connection, number: number): { readonly delivered: number; readonly dropped: number } | null {
    const subscription = this.#subscriptions.get(number);
    if (subscription === undefined || subscription.connection !== connection) return null;
    this.#remove(subscription);
    return { delivered: subscription.delivered, dropped: subscription.dropped };
  }

  gone(connection: Connection): void {
    for (const subscription of this.#subscriptions.values()) if (subscription.connection === connection) this.#remove(subscription);
  }

  /** @param dropped reports that the main loop had no room for */
  take(reports: readonly unknown[], dropped: number): void {
    for (const subscription of this.#subscriptions.values()) {
      const { number, connection, filter } = subscription;
      const events = (reports as readonly PlainReport[]).filter(({ kind, supervisor }) => (
        (filter.failures !== true || kind === 'failure') && (filter.path === undefined || isUnder(supervisor, filter.path))
      ));
      subscription.untold += dropped;
      if (events.length === 0 && subscription.untold === 0) continue;
      if (connection.notify('reports.events', { subscription: number, events, dropped: subscription.untold })) {
        subscription.delivered += events.length;
        subscription.dropped += subscription.untold;
        this.#onDropped(subscription.untold);
        subscription.untold = 0;
      } else {
        subscription.untold += events.length;
      }
    }
  }

  #remove(subscription: Subscription): void {
    this.#subscriptions.delete(subscription.number);
    subscription.connection.subscriptions--;
    subscription.dropped += subscription.untold;
    this.#onDropped(subscription.untold);
    if (this.#subscriptions.size === 0) this.#wanted(false);
  }
}
