import type { Script, ScriptedOrder } from '../script.js';
import type { ExchangeEntry, ExchangeReply, ExchangeRequest, OrderStatus } from './protocol.js';

interface PlacedOrder {
  readonly scripted: ScriptedOrder;
  readonly placedUs: number;
  cancelled: boolean;
}

interface Held {
  readonly dueUs: number;
  readonly req: number;
  readonly order: number;
}

/**
 * The simulated exchange's books: every request is recorded as it comes, a second placement of an order is a second
 * order (that is what a doubled request costs), answers come when the script says so. Its clock is moved by the desk.
 */
export class Exchange {
  nowUs: number;
  acked = -1;
  readonly #script: Script;
  readonly #record: (entry: ExchangeEntry) => void;
  readonly #orders = new Map<number, PlacedOrder>();
  #held: Held[] = [];

  constructor(script: Script, startUs: number, record: (entry: ExchangeEntry) => void) {
    this.#script = script;
    this.#record = record;
    this.nowUs = startUs;
  }

  /** A connection is over: nobody waits for its answers any more. */
  disconnected(): void {
    this.#held = [];
  }

  handle(request: ExchangeRequest, answer: (reply: ExchangeReply) => void): void {
    switch (request.op) {
      case 'ack':
        this.acked = Math.max(this.acked, request.input);
        this.#record({ op: 'ack', input: request.input });
        return;
      case 'advance':
        this.#advance(request.us, answer);
        answer({ req: request.req, advancedUs: this.nowUs });
        return;
      case 'place': {
        const { op, key, order, side, lots, ticks, req } = request;
        this.#record({ op, key, order, side, lots, ticks, atUs: this.nowUs });
        const scripted = this.#script.orders[order];
        if (scripted === undefined) return answer({ req, report: { order, status: 'absent' } });
        if (!this.#orders.has(order)) this.#orders.set(order, { scripted, placedUs: this.nowUs, cancelled: false });
        const dueUs = this.nowUs + scripted.answerMs * 1000;
        if (dueUs <= this.nowUs) return answer({ req, report: { order, status: this.#status(order) } });
        this.#held.push({ dueUs, req, order });
        return answer({ req, heldUntilUs: dueUs });
      }
      case 'cancel': {
        const { op, key, order, req } = request;
        this.#record({ op, key, order, atUs: this.nowUs });
        const placed = this.#orders.get(order);
        if (placed !== undefined && this.#status(order) === 'working') placed.cancelled = true;
        return answer({ req, report: { order, status: this.#status(order) } });
      }
      case 'query': {
        const { op, key, order, req } = request;
        this.#record({ op, key, order, atUs: this.nowUs });
        return answer({ req, report: { order, status: this.#status(order) } });
      }
    }
  }

  #advance(us: number, answer: (reply: ExchangeReply) => void): void {
    const due = this.#held.filter((held) => held.dueUs <= us).sort((a, b) => a.dueUs - b.dueUs || a.req - b.req);
    this.#held = this.#held.filter((held) => held.dueUs > us);
    for (const { dueUs, req, order } of due) {
      this.nowUs = Math.max(this.nowUs, dueUs);
      answer({ req, report: { order, status: this.#status(order) } });
    }
    this.nowUs = Math.max(this.nowUs, us);
  }

  #status(order: number): OrderStatus {
    const placed = this.#orders.get(order);
    if (placed === undefined) return 'absent';
    if (placed.cancelled) return 'cancelled';
    const { fillMs } = placed.scripted;
    return fillMs !== null && this.nowUs >= placed.placedUs + fillMs * 1000 ? 'filled' : 'working';
  }
}
