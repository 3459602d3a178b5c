import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ASK, BID, OrderBook, type Side } from '../../../../actors/exchange/book/index.js';
import { ClientOrder, Matcher, type PlaceRequest } from '../../../../actors/exchange/matching/index.js';
import { type EngineFace, RANGED, type TradeHook } from './reference.js';
import { recordingSink } from './support.js';

/** FAULTLINE_LONG=1: hundreds of times as many streams. */
export const LONG = process.env['FAULTLINE_LONG'] === '1';

/** A way to break the real engine. */
export interface Plant {
  readonly book?: (book: OrderBook) => void;
  readonly request?: (request: PlaceRequest) => PlaceRequest;
  readonly range?: null;
}

/** The real engine behind the same face. `plant` breaks it on purpose. */
export class RealEngine implements EngineFace {
  readonly lines: string[] = [];
  readonly book = new OrderBook({ firstUpdateId: 0 });
  readonly matcher: Matcher;
  readonly placed: ClientOrder[] = [];
  #nowUs = 0;

  constructor(hook: TradeHook, plant: Plant = {}) {
    plant.book?.(this.book);
    const sink = recordingSink(this.lines);
    const onTrade = sink.onTrade;
    sink.onTrade = (trade) => {
      const ids = [trade.taker?.orderId ?? 0, trade.maker?.orderId ?? 0] as const;
      onTrade(trade);
      assert.ok(this.book.bestAsk === 0 || this.book.bestBid < this.book.bestAsk, 'crossed inside an event');
      hook(this, ...ids);
    };
    this.matcher = new Matcher({ book: this.book, sink, ...(plant.range === null ? {} : { rangeOf: ({ account: owner }: ClientOrder) => (owner === RANGED.account ? RANGED : undefined) }) });
    this.request = plant.request ?? ((it) => it);
  }

  readonly request: (request: PlaceRequest) => PlaceRequest;

  place(request: PlaceRequest): void {
    const order = new ClientOrder(this.request(request));
    this.placed.push(order);
    const outcome = this.matcher.place(order, this.#nowUs);
    if (outcome !== 'accepted') this.lines.push(`place ${order.orderId} ${outcome}`);
  }

  cancel(orderId: number): void {
    const order = this.#order(orderId);
    if (order !== undefined) this.matcher.cancel(order, this.#nowUs);
  }

  amend(orderId: number, ticks: number, lots: number): void {
    const order = this.#order(orderId);
    if (order !== undefined) this.matcher.amend(order, ticks, lots, this.#nowUs);
  }

  amendTrigger(orderId: number, stopTicks: number): void {
    const order = this.#order(orderId);
    if (order !== undefined) this.matcher.amendTrigger(order, stopTicks, this.#nowUs);
  }

  reduce(orderId: number, lots: number): void {
    const order = this.#order(orderId);
    if (order !== undefined) this.matcher.reduce(order, lots, this.#nowUs, 'reduce-only');
  }

  price(source: 'last' | 'mark' | 'index', ticks: number): void {
    this.matcher.price(source, ticks, this.#nowUs);
  }

  expireDue(nowUs: number): void {
    this.#nowUs = nowUs;
    this.matcher.expireDue(nowUs);
  }

  agentAdd(side: Side, ticks: number, lots: number): void {
    this.book.add(side, ticks, lots, 64);
  }

  agentTake(side: Side, lots: number, limitTicks: number): void {
    this.matcher.takeForAgent(side, lots, limitTicks, this.#nowUs);
  }

  openIds(): number[] {
    return this.placed.filter((it) => it.open).map((it) => it.orderId);
  }

  levels(): string {
    const text: string[] = [];
    for (const side of [BID, ASK] as const) {
      for (let tick = side === BID ? this.book.bestBid : this.book.bestAsk; tick !== 0; tick = this.book.worse(side, tick)) text.push(`${side}:${tick}:${this.book.lotsAt(tick)}`);
    }
    return text.join(' ');
  }

  orders(): string {
    return this.placed
      .toSorted((a, b) => a.orderId - b.orderId)
      .map((it) => `${it.orderId} ${it.state} ${it.ticks} ${it.filledLots}/${it.lots} ${it.filledTickLots} ${it.preventedLots} ${it.stopTicks}`)
      .join('\n');
  }

  #order(orderId: number): ClientOrder | undefined {
    return this.placed.find((it) => it.orderId === orderId);
  }
}

export type Command = (engine: EngineFace, nextId: () => number) => void;

const side = fc.constantFrom<Side>(BID, ASK);
const ticks = fc.integer({ min: 96, max: 104 });
const lots = fc.integer({ min: 1, max: 9 });
const pick = fc.nat({ max: 40 });
const account = fc.integer({ min: 1, max: 3 });
const stpMode = fc.constantFrom('none', 'none', 'expire_taker', 'expire_maker', 'expire_both', 'decrement' as const);
const source = fc.constantFrom('last', 'last', 'mark', 'index' as const);

const limit = fc.record({
  side, account, ticks, lots, stpMode,
  type: fc.constant('limit' as const),
  timeInForce: fc.constantFrom('GTC', 'GTC', 'GTC', 'IOC', 'FOK', 'GTX' as const),
  visibleLots: fc.constantFrom(0, 0, 0, 1, 2, 3),
  expireAtUs: fc.constantFrom(0, 0, 0, 10, 20, 30),
});
const market = fc.record({
  side, account, lots, stpMode, type: fc.constant('market' as const), ticks: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: ticks }),
});
const byBudget = fc.record({ side, account, stpMode, type: fc.constant('market' as const), ticks: fc.constant(0), lots: fc.constant(0), budget: fc.integer({ min: 50, max: 1500 }) });
const condition = fc.record({ condition: fc.constantFrom('stop', 'takeProfit' as const), triggerSource: source, stopTicks: ticks });
const trailing = fc.oneof(
  fc.record({ condition: fc.constantFrom('stop', 'takeProfit' as const), triggerSource: source, stopTicks: fc.oneof(fc.constant(0), ticks), trailTicks: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ condition: fc.constantFrom('stop', 'takeProfit' as const), triggerSource: source, stopTicks: fc.oneof(fc.constant(0), ticks), trailBips: fc.integer({ min: 50, max: 300 }) }),
);
const request: fc.Arbitrary<Omit<PlaceRequest, 'orderId'>> = fc.oneof(
  { weight: 10, arbitrary: limit },
  { weight: 2, arbitrary: market },
  { weight: 2, arbitrary: byBudget },
  { weight: 3, arbitrary: fc.tuple(fc.oneof(limit, market), condition).map(([order, when]) => ({ ...order, ...when })) },
  { weight: 1, arbitrary: fc.tuple(fc.oneof(limit, market), trailing).map(([order, when]) => ({ ...order, ...when })) },
);

/** A command, with words for a failure's report. */
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 12, arbitrary: request.map((it) => named(`place ${JSON.stringify(it)}`, (engine, nextId) => engine.place({ orderId: nextId(), ...it }))) },
  { weight: 2, arbitrary: pick.map((id) => named(`cancel ${id}`, (engine) => engine.cancel(openId(engine, id)))) },
  { weight: 2, arbitrary: fc.tuple(pick, ticks, fc.constantFrom(1, 1, 2, 3, 5, 8)).map(([id, tick, all]) => named(`amend ${id} ${tick} ${all}`, (engine) => engine.amend(openId(engine, id), tick, all))) },
  { weight: 1, arbitrary: fc.tuple(pick, ticks).map(([id, tick]) => named(`amendTrigger ${id} ${tick}`, (engine) => engine.amendTrigger(openId(engine, id), tick))) },
  { weight: 1, arbitrary: fc.tuple(pick, lots).map(([id, less]) => named(`reduce ${id} ${less}`, (engine) => engine.reduce(openId(engine, id), less))) },
  { weight: 2, arbitrary: fc.tuple(source, ticks).map(([from, tick]) => named(`price ${from} ${tick}`, (engine) => engine.price(from, tick))) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 35 }).map((us) => named(`expireDue ${us}`, (engine) => engine.expireDue(us))) },
  { weight: 2, arbitrary: fc.tuple(side, ticks, lots).map(([s, tick, all]) => named(`agentAdd ${s} ${tick} ${all}`, (engine) => engine.agentAdd(s, tick, all))) },
  { weight: 1, arbitrary: fc.tuple(side, lots, ticks).map(([s, all, tick]) => named(`agentTake ${s} ${all} ${tick}`, (engine) => engine.agentTake(s, all, tick))) },
);

/** One of the open orders, 0 = there is none. */
function openId(engine: EngineFace, place: number): number {
  const open = engine.openIds();
  return open.length === 0 ? 0 : open[place % open.length]!;
}

function named(name: string, run: Command): Command {
  return Object.assign(run, { toString: () => name });
}

export const streams = fc.array(command, { maxLength: 80, size: 'max' });

/** From inside trades: order 5k cancels order 5k+1 and places one of its own, once; orders 7k shrink with every fill, as reduce-only orders may. */
export function orderLists(nextId: () => number): TradeHook {
  const spent = new Set<number>();
  return (engine, takerId, makerId) => {
    for (const id of [takerId, makerId]) {
      if (id !== 0 && id % 7 === 0) engine.reduce(id, 1);
      if (id === 0 || id % 5 !== 0 || spent.has(id)) continue;
      spent.add(id);
      engine.cancel(openId(engine, id) + 1);
      engine.place({ orderId: nextId(), account: 9, side: id % 2 === 0 ? BID : ASK, type: 'limit', ticks: 100, lots: 2, timeInForce: id % 3 === 0 ? 'GTX' : 'GTC' });
    }
  };
}

export function counter(): () => number {
  let id = 0;
  return () => ++id;
}
