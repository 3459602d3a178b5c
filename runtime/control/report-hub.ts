import type { Connection } from './connection.js';
import { isUnder } from './paths.js';
import { type Subscription, Subscriptions } from './subscriptions.js';

export interface ReportFilter {
  readonly path?: string | undefined;
  readonly failures?: boolean | undefined;
}

/** The fields of a report that a filter looks at. */
interface PlainReport {
  readonly kind: string;
  readonly supervisor: string;
}

interface ReportSubscription extends Subscription {
  readonly filter: ReportFilter;
}

/** Subscriptions to supervisor reports. */
export class ReportHub extends Subscriptions<ReportSubscription> {
  subscribe(connection: Connection, filter: ReportFilter): number | null {
    return this.add(connection, (fresh) => ({ ...fresh, filter }));
  }

  /** @param dropped reports that the main loop had no room for */
  take(reports: readonly unknown[], dropped: number): void {
    for (const subscription of this.each()) {
      const { number, connection, filter } = subscription;
      const events = (reports as readonly PlainReport[]).filter(({ kind, supervisor }) => (
        (filter.failures !== true || kind === 'failure') && (filter.path === undefined || isUnder(supervisor, filter.path))
      ));
      subscription.untold += dropped;
      if (events.length === 0 && subscription.untold === 0) continue;
      this.book(subscription, events.length, connection.notify('reports.events', { subscription: number, events, dropped: subscription.untold }));
    }
  }
}
