import type { StoreWrite } from '../../../actors/engine/io.js';
import type { VenueCall, VenueReport, VenueOutcome } from '../../../actors/engine/venue-calls.js';
import { ordersManager, type OrdersInput } from '../../../actors/orders/manager.js';
import { ORDERS_TOPIC, type OrderFilled, type OrderNews, type OrderRecord, type OrdersMessage } from '../../../actors/orders/messages.js';
import type { NewOrder, VenueEvent } from '../../../actors/venue/messages.js';
import { ordersSchema } from '../../../config/engine/orders.js';
import type { Instrument } from '../../../data/records/index.js';
import { createRuntime, supervisor, VirtualClock, worker, type Behaviour, type ChildSpec, type Runtime } from '../../../runtime/index.js';
import { probe } from '../support/tree.js';
import { type Fate, outcomeOf, SimVenue } from './sim-venue.js';

export const START_US = 1_700_000_000_000_000;
export const INSTRUMENT: Instrument = {
  index: 0, symbol: 'BTCUSDT', venue: 'binance-usdm', product: 'linear', tickSize: '0.1', lotSize: '0.001', multiplier: '1', settle: 'USDT', inferred: [],
};
export const ORDERS = '/trading/orders';
/** Nothing happens to a call: two milliseconds there, two back. */
export const SURE: Fate = { thereUs: 2000, backUs: 2000, unknownUs: 3_000_000, lie: 'none' };

interface Due {
  readonly atUs: number;
  readonly number: number;
  readonly run: () => void;
}

/** The order manager in a tree on a virtual clock; gateway, record, account and venue are played by the test. */
export class Orders {
  readonly runtime: Runtime;
  readonly venue: SimVenue;
  readonly events: VenueEvent[] = [];
  readonly news: OrderNews[] = [];
  readonly writes: StoreWrite[] = [];
  readonly calls: VenueCall[] = [];
  readonly risk: unknown[] = [];
  /** What the user stream is told. */
  readonly toStream: unknown[] = [];
  fate: (call: VenueCall) => Fate = () => SURE;
  /** What becomes of what the venue streams: when each copy comes, µs from now; none = lost. */
  streams: () => readonly number[] = () => [1000];
  flushUs = 500;
  /** The record takes nothing any more. */
  storeDown = false;
  readonly #due: Due[];
  readonly #written: number[] = [];
  #number = 0;
  #nowUs: number;

  constructor(options: { recovered?: readonly OrderRecord[]; params?: Record<string, unknown>; startUs?: number; run?: string; venue?: SimVenue; children?: readonly ChildSpec[]; input?: Partial<OrdersInput>; after?: Orders } = {}) {
    const startUs = options.startUs ?? START_US;
    this.#nowUs = startUs;
    // What an earlier life sent still gets to the venue; what comes back comes to nobody.
    this.#due = options.after === undefined ? [] : [...options.after.#due];
    this.venue = options.venue ?? new SimVenue(() => this.#nowUs, (report) => this.stream(report));
    const input: OrdersInput = {
      run: options.run ?? 'run-1', params: ordersSchema.parse(options.params ?? {}), instruments: [INSTRUMENT], rules: [], hedge: [], recovered: options.recovered ?? [],
      accountPath: '/account', ...options.input,
    };
    const gateway: Behaviour<null, VenueCall, undefined> = {
      name: 'gateway', version: 1, init: () => null,
      step: (state, call) => {
        this.calls.push(call);
        this.#carry(call);
        return state;
      },
    };
    const listener: Behaviour<null, OrderNews, undefined> = {
      name: 'listener', version: 1,
      init: (ctx) => {
        ctx.subscribe(ORDERS_TOPIC);
        return null;
      },
      step: (state, news) => {
        this.news.push(news);
        return state;
      },
    };
    this.runtime = createRuntime({
      clock: new VirtualClock(startUs), seed: 1,
      effects: {
        'store.write': (write: StoreWrite) => this.#write(write),
        'decision': () => undefined,
      },
    });
    const group = (id: string, children: readonly ChildSpec[]): ChildSpec => supervisor({ id, strategy: 'oneForOne', intensity: { restarts: 1000, withinMs: 1000 }, children });
    const started = this.runtime.start(group('root', [
      probe('journal', []), probe('account', this.events), worker({ id: 'listener', behaviour: listener, mailbox: { capacity: 65_536 } }),
      group('venue', [worker({ id: 'gateway', behaviour: gateway }), group('user', [probe('usdm', this.toStream)])]),
      group('trading', [probe('risk', this.risk), worker({ id: 'orders', behaviour: ordersManager(), input, restore: 'lastGood', mailbox: { capacity: 65_536 } }), ...(options.children ?? [])]),
    ]));
    if (!started.ok) throw new Error(JSON.stringify(started.reason));
    this.runtime.drain();
  }

  get nowUs(): number {
    return this.#nowUs;
  }
  get fills(): OrderFilled[] {
    return this.news.filter((news) => news.type === 'order.filled');
  }
  /** States that an order went through. */
  states(id: string): string[] {
    return this.news.flatMap((news) => (news.type === 'order.changed' && news.intent.id === id ? [news.state] : []));
  }
  clientId(id: string): string {
    const found = this.news.find((news) => news.type === 'order.changed' && news.intent.id === id);
    return found?.type === 'order.changed' ? found.intent.clientId : '';
  }
  /** What the record would give the next run: what had reached the disk. */
  get rows(): ReadonlyMap<string, StoreWrite['rows'][number]> {
    const durable = this.writes.filter((_, at) => this.#written[at]! + this.flushUs <= this.#nowUs);
    return new Map(durable.flatMap(({ rows }) => rows).filter(({ table }) => table === 'orders').map((row) => [row.key, row] as const));
  }

  send(message: OrdersMessage): this {
    this.runtime.send(ORDERS, message);
    this.runtime.drain();
    return this;
  }
  place(id: string, overrides: Partial<NewOrder> = {}): this {
    return this.send({ type: 'order.new', id, symbol: 0, side: 'buy', kind: 'limit', priceTicks: 1000, lots: 10, timeInForce: 'GTC', reduceOnly: false, dueUs: this.#nowUs, ...overrides });
  }
  cancel(id: string): this {
    return this.send({ type: 'order.cancel', id, symbol: 0, dueUs: this.#nowUs });
  }
  stream(report: VenueReport): void {
    for (const delayUs of this.streams()) this.after(delayUs, () => this.runtime.send(ORDERS, report));
  }

  after(delayUs: number, run: () => void): void {
    this.#due.push({ atUs: this.#nowUs + delayUs, number: (this.#number += 1), run });
  }

  /** Moves on, everything that is due in its order; timers of the tree fire at their own times. */
  run(ms: number): this {
    const untilUs = this.#nowUs + ms * 1000;
    for (;;) {
      // What a timer asks for on the way may be due before anything that is known now.
      const timerUs = this.runtime.nextTimerUs();
      let first: Due | undefined;
      for (const due of this.#due) if (first === undefined || due.atUs < first.atUs || (due.atUs === first.atUs && due.number < first.number)) first = due;
      const nextUs = Math.min(first?.atUs ?? Infinity, timerUs);
      if (nextUs > untilUs) break;
      this.#nowUs = Math.max(this.#nowUs, nextUs);
      this.runtime.advanceTo(this.#nowUs);
      this.runtime.drain();
      if (first === undefined || first.atUs > nextUs) continue;
      this.#due.splice(this.#due.indexOf(first), 1);
      first.run();
      this.runtime.drain();
    }
    this.#nowUs = untilUs;
    this.runtime.advanceTo(untilUs);
    return this;
  }

  #write(write: StoreWrite): void {
    const { ack } = write;
    if (this.storeDown) {
      if (ack !== undefined) this.after(this.flushUs, () => this.runtime.send(ack.to, { type: 'store.failed', problem: 'disk full' }));
      return;
    }
    this.writes.push(write);
    this.#written.push(this.#nowUs);
    if (ack !== undefined) this.after(this.flushUs, () => this.runtime.send(ack.to, { type: 'store.flushed', id: ack.id }));
  }

  #carry(call: VenueCall): void {
    const { thereUs, backUs, unknownUs, lie } = this.fate(call);
    const stampMs = Math.floor(this.#nowUs / 1000);
    const answer = (outcome: VenueOutcome): void => {
      this.runtime.send(call.replyTo, outcome);
    };
    const truth = backUs !== null && thereUs !== null;
    if (!truth) this.after(unknownUs, () => answer(outcomeOf(call.id, stampMs, { kind: 'unknown', reason: 'timeout' })));
    if (thereUs === null) return;
    this.after(thereUs, () => {
      const told = lie === 'accepted' || lie === 'duplicate' ? null : this.venue.handle(call, stampMs);
      if (backUs === null) return;
      this.after(backUs, () => answer(outcomeOf(call.id, stampMs, lied(lie, call, told))));
    });
  }
}

function lied(lie: Fate['lie'], { params, path }: VenueCall, truth: VenueOutcome['outcome'] | null): VenueOutcome['outcome'] {
  switch (lie) {
    case 'none':
      return truth!;
    case 'accepted':
      return {
        kind: 'ok', status: 200,
        body: path.endsWith('algoOrder')
          ? { algoId: 1, clientAlgoId: params['clientAlgoId']!, orderType: 'STOP_MARKET', symbol: 'BTCUSDT', side: params['side']!, positionSide: 'BOTH', quantity: params['quantity']!, algoStatus: 'NEW', triggerPrice: '1.0', closePosition: false, reduceOnly: false, actualOrderId: '', updateTime: 1 }
          : { orderId: 1, symbol: 'BTCUSDT', status: 'NEW', clientOrderId: params['newClientOrderId'] ?? '', price: '1.0', origQty: params['quantity']!, executedQty: '0', timeInForce: 'GTC', type: 'LIMIT', reduceOnly: false, closePosition: false, side: params['side']!, positionSide: 'BOTH', stopPrice: '0', updateTime: 1 },
      };
    case 'duplicate':
      return { kind: 'refused', status: 400, code: -4116, text: 'ClientOrderId is duplicated.' };
    case 'absent':
      return { kind: 'refused', status: 400, code: -2013, text: 'Order does not exist.' };
    case 'nonsense':
      return { kind: 'ok', status: 200, body: {} };
  }
}
