/** What a client knows of an order it has sent. `NEVER`: the venue has not taken it. */
export type KnownStatus = 'SENT' | 'NEW' | 'PARTIALLY_FILLED' | FinalStatus;
export type FinalStatus = 'FILLED' | 'CANCELED' | 'EXPIRED' | 'EXPIRED_IN_MATCH' | 'REJECTED' | 'NEVER';

const FINAL: ReadonlySet<string> = new Set(['FILLED', 'CANCELED', 'EXPIRED', 'EXPIRED_IN_MATCH', 'REJECTED', 'NEVER']);
export const isFinal = (status: string): status is FinalStatus => FINAL.has(status);

export interface OrderRecord {
  readonly id: string;
  readonly symbol: string;
  readonly side: 'BUY' | 'SELL';
  readonly price: string | undefined;
  readonly quantity: string;
  status: KnownStatus;
  filled: number;
  /** When it was last sent or asked about, µs. */
  touchedUs: number;
  /** Its request has neither been answered nor given up. */
  inFlight: boolean;
}

/** Ended orders that are remembered, so that what comes late can be held against them. */
const KEPT = 5000;

/** The orders of one account on one product, from the client's side. */
export class OrderRecords {
  /** Not final yet. */
  readonly open = new Map<string, OrderRecord>();
  /** Final, and not yet held against the venue's own record. */
  finished: OrderRecord[] = [];
  /** Orders that were told two different ends. */
  readonly contradictions: string[] = [];
  sent = 0;
  readonly ends: Record<string, number> = {};
  readonly #ended = new Map<string, { readonly status: FinalStatus; readonly filled: number }>();

  send(record: OrderRecord): void {
    this.sent += 1;
    this.open.set(record.id, record);
  }

  /** Takes what an answer, an event or a query tells; old news changes nothing. */
  told(id: string, status: string, filled: number): void {
    const record = this.open.get(id);
    if (record === undefined) {
      const ended = this.#ended.get(id);
      if (ended !== undefined && (ended.status === 'NEVER' || (isFinal(status) && (ended.status !== status || ended.filled !== filled)) || filled > ended.filled)) {
        this.contradictions.push(`${id}: ${ended.status} ${ended.filled}, and then ${status} ${filled}`);
      }
      return;
    }
    if (filled > record.filled) record.filled = filled;
    if (isFinal(status)) this.#end(record, status);
    else if (record.status === 'SENT' || status === 'PARTIALLY_FILLED') record.status = status as KnownStatus;
  }

  #end(record: OrderRecord, status: FinalStatus): void {
    record.status = status;
    this.open.delete(record.id);
    this.finished.push(record);
    this.ends[status] = (this.ends[status] ?? 0) + 1;
    this.#ended.set(record.id, { status, filled: record.filled });
    if (this.#ended.size > KEPT) this.#ended.delete(this.#ended.keys().next().value!);
  }
}
