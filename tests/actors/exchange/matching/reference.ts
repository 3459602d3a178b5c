import type { Side } from '../../../../actors/exchange/book/index.js';
import type { PlaceRequest, TriggerSource } from '../../../../actors/exchange/matching/index.js';

/** What a test does to a matching engine. Both the real one and the reference write the same lines. */
export interface EngineFace {
  readonly lines: string[];
  place(request: PlaceRequest): void;
  cancel(orderId: number): void;
  amend(orderId: number, ticks: number, lots: number): void;
  amendTrigger(orderId: number, stopTicks: number): void;
  reduce(orderId: number, lots: number): void;
  price(source: TriggerSource, ticks: number): void;
  expireDue(nowUs: number): void;
  agentAdd(side: Side, ticks: number, lots: number): void;
  agentTake(side: Side, lots: number, limitTicks: number): void;
  /** Ids of the clients' orders that are not in a final state, in order of placement. */
  openIds(): number[];
  /** `side:tick:visible lots` of every level, best first, bids first. */
  levels(): string;
  /** State, fills and quantities of every order that was placed, by id. */
  orders(): string;
}

/** What the test does from inside an event: told the client orders of every trade, 0 = an agent. */
export type TradeHook = (engine: EngineFace, takerId: number, makerId: number) => void;

/** Prices at which takers of one account may trade, the others' at any: what a venue's price range does. */
export const RANGED = { account: 3, low: 98, high: 102 } as const;

const BUY = 0;

interface Order {
  readonly id: number;
  readonly request: PlaceRequest;
  ticks: number;
  lots: number;
  filled: number;
  paid: number;
  prevented: number;
  preventedPaid: number;
  stop: number;
  extreme: number;
  state: string;
  /** Visible lots while it rests. */
  shown: number;
  /** Smaller stands further in front. */
  rank: number;
  accepted: number;
}

const leaves = (order: Order): number => order.lots - order.filled - order.prevented;
const budgetLeft = (order: Order): number => order.request.budget! - order.paid - order.preventedPaid;
const byBudget = (order: Order): boolean => (order.request.budget ?? 0) > 0;
const trails = (order: Order): boolean => (order.request.trailBips ?? 0) > 0 || (order.request.trailTicks ?? 0) > 0;
const outOfRange = (taker: Order, maker: Order): boolean => taker.request.account === RANGED.account && (maker.ticks < RANGED.low || maker.ticks > RANGED.high);
/** Whether its trigger price is reached from below. */
const rises = ({ request }: Order): boolean => (request.condition === 'stop' ? request.side === BUY : request.side !== BUY);

/**
 * The matching rules in the plainest form: a list of orders that is filtered and sorted for every question. Nothing is
 * kept that can be asked again.
 */
export class ReferenceEngine implements EngineFace {
  readonly lines: string[] = [];
  readonly all: Order[] = [];
  #rank = 0;
  #busy = false;
  #queued: Order[] = [];
  #fired: Order[] = [];
  readonly #prices: Record<TriggerSource, number> = { last: 0, mark: 0, index: 0 };
  readonly #hook: TradeHook;

  constructor(hook: TradeHook = () => undefined) {
    this.#hook = hook;
  }

  place(request: PlaceRequest): void {
    const order: Order = {
      id: request.orderId, request, ticks: request.ticks, lots: request.lots, filled: 0, paid: 0, prevented: 0, preventedPaid: 0,
      stop: request.stopTicks ?? 0, extreme: 0, state: 'idle', shown: 0, rank: 0, accepted: 0,
    };
    this.all.push(order);
    if (this.#busy) {
      order.state = 'queued';
      this.#queued.push(order);
      this.lines.push(`place ${order.id} queued`);
      return;
    }
    this.#operation(() => {
      const refusal = this.#admit(order);
      if (refusal !== undefined) this.lines.push(`place ${order.id} ${refusal}`);
    });
  }

  cancel(orderId: number): void {
    const order = this.#open(orderId);
    if (order !== undefined) this.#operation(() => this.#end(order, 'canceled', 'user'));
  }

  amend(orderId: number, ticks: number, lots: number): void {
    const order = this.#open(orderId);
    if (order === undefined) return;
    this.#operation(() => {
      const rest = lots - order.filled - order.prevented;
      if (rest <= 0) return this.#end(order, 'canceled', 'amended');
      const before = leaves(order);
      if (order.state === 'untriggered' || (ticks === order.ticks && rest <= before)) {
        order.ticks = ticks;
        order.lots = lots;
        if (order.state === 'resting') this.#shrinkShown(order, before - rest);
        this.lines.push(`amended ${order.id} kept`);
        return;
      }
      if (order.request.timeInForce === 'GTX' && this.#wouldTake(order.request.side, ticks)) return this.#end(order, 'expired', 'post-only');
      order.ticks = ticks;
      order.lots = lots;
      order.state = 'taking';
      this.lines.push(`amended ${order.id} moved`);
      this.#execute(order);
    });
  }

  amendTrigger(orderId: number, stopTicks: number): void {
    const order = this.#open(orderId);
    if (order?.state !== 'untriggered' || trails(order)) return;
    this.#operation(() => {
      order.stop = stopTicks;
      // It stands behind those that wait for the same price.
      order.accepted = ++this.#rank;
      this.lines.push(`amended ${order.id} kept`);
      const source = order.request.triggerSource ?? 'last';
      if (this.#prices[source] !== 0) this.#show(source, this.#prices[source]);
    });
  }

  reduce(orderId: number, lots: number): void {
    const order = this.#open(orderId);
    if (order === undefined) return;
    this.#operation(() => {
      if (lots >= leaves(order)) return this.#end(order, 'expired', 'reduce-only');
      order.lots -= lots;
      if (order.state === 'resting') this.#shrinkShown(order, lots);
      this.lines.push(`amended ${order.id} kept`);
    });
  }

  price(source: TriggerSource, ticks: number): void {
    this.#operation(() => this.#show(source, ticks));
  }

  expireDue(nowUs: number): void {
    this.#operation(() => {
      const due = this.all.filter((it) => this.#isOpen(it) && (it.request.expireAtUs ?? 0) > 0 && it.request.expireAtUs! <= nowUs);
      due.sort((a, b) => a.request.expireAtUs! - b.request.expireAtUs! || this.all.indexOf(a) - this.all.indexOf(b));
      for (const order of due) this.#end(order, 'expired', 'gtd');
    });
  }

  agentAdd(side: Side, ticks: number, lots: number): void {
    if (this.#wouldTake(side, ticks)) return;
    const request: PlaceRequest = { orderId: 0, account: -1, side, type: 'limit', ticks, lots };
    this.all.push({ id: 0, request, ticks, lots, filled: 0, paid: 0, prevented: 0, preventedPaid: 0, stop: 0, extreme: 0, state: 'resting', shown: lots, rank: ++this.#rank, accepted: 0 });
  }

  agentTake(side: Side, lots: number, limitTicks: number): void {
    this.#operation(() => {
      let left = lots;
      for (;;) {
        const maker = this.#queue(side)[0];
        if (left === 0 || maker === undefined || !acceptable(side, maker.ticks, limitTicks)) return;
        left -= this.#trade(undefined, maker, side, left);
      }
    });
  }

  openIds(): number[] {
    return this.all.filter((it) => it.id !== 0 && this.#isOpen(it)).map((it) => it.id);
  }

  levels(): string {
    const text: string[] = [];
    for (const side of [1, 0] as const) {
      const lots = new Map<number, number>();
      // The queue that a seller meets are the bids.
      for (const order of this.#queue(side)) lots.set(order.ticks, (lots.get(order.ticks) ?? 0) + order.shown);
      for (const [tick, sum] of lots) text.push(`${1 - side}:${tick}:${sum}`);
    }
    return text.join(' ');
  }

  orders(): string {
    return this.all
      .filter((it) => it.id !== 0)
      .sort((a, b) => a.id - b.id)
      .map((it) => `${it.id} ${it.state} ${it.ticks} ${it.filled}/${it.lots} ${it.paid} ${it.prevented} ${it.stop}`)
      .join('\n');
  }

  #open(orderId: number): Order | undefined {
    return this.all.find((it) => it.id === orderId && orderId !== 0 && this.#isOpen(it));
  }

  #isOpen(order: Order): boolean {
    return ['resting', 'untriggered', 'triggered', 'taking', 'queued'].includes(order.state);
  }

  /** Resting orders that a taker of `side` meets, in the order in which it meets them. */
  #queue(side: Side): Order[] {
    const others = this.all.filter((it) => it.state === 'resting' && it.request.side !== side);
    return others.sort((a, b) => (side === BUY ? a.ticks - b.ticks : b.ticks - a.ticks) || a.rank - b.rank);
  }

  #wouldTake(side: Side, ticks: number): boolean {
    const first = this.#queue(side)[0];
    return first !== undefined && acceptable(side, first.ticks, ticks);
  }

  #operation(work: () => void): void {
    if (this.#busy) return work();
    this.#busy = true;
    work();
    for (;;) {
      const fired = this.#fired.shift();
      if (fired !== undefined) {
        if (fired.state === 'triggered') this.#start(fired);
        continue;
      }
      const queued = this.#queued.shift();
      if (queued === undefined) break;
      if (queued.state !== 'queued') continue;
      const refusal = this.#admit(queued);
      if (refusal !== undefined) this.lines.push(`refused ${queued.id} ${refusal}`);
    }
    this.#busy = false;
  }

  #admit(order: Order): string | undefined {
    const { request } = order;
    if ((request.condition ?? 'none') === 'none') {
      if (request.timeInForce === 'GTX' && this.#wouldTake(request.side, order.ticks)) {
        order.state = 'rejected';
        return 'would-take';
      }
      order.state = 'taking';
      this.lines.push(`accepted ${order.id}`);
      this.#execute(order);
      return undefined;
    }
    const price = this.#prices[request.triggerSource ?? 'last'];
    if (!trails(order) && price !== 0 && reached(order, price)) {
      order.state = 'rejected';
      return 'would-trigger';
    }
    order.state = 'untriggered';
    order.accepted = ++this.#rank;
    this.lines.push(`accepted ${order.id}`);
    if (trails(order) && price !== 0) trail(order, price);
    return undefined;
  }

  #start(order: Order): void {
    order.state = 'taking';
    this.lines.push(`triggered ${order.id}`);
    this.#execute(order);
  }

  #execute(order: Order): void {
    const { side, type, timeInForce } = order.request;
    const takes = type === 'market' || this.#wouldTake(side, order.ticks);
    if (takes && timeInForce === 'GTX') return this.#end(order, 'expired', 'post-only');
    if (takes && timeInForce === 'FOK' && !this.#wholeIsThere(order)) return this.#end(order, 'expired', 'fok');
    if (takes) this.#match(order);
    if (order.state !== 'taking') return;
    if (type === 'market') {
      const first = this.#queue(side)[0];
      return this.#end(order, 'expired', first === undefined ? 'no-liquidity' : order.ticks !== 0 && !acceptable(side, first.ticks, order.ticks) ? 'price-limit' : 'budget');
    }
    if (timeInForce === 'IOC') return this.#end(order, 'expired', 'ioc');
    if (timeInForce === 'FOK') return this.#end(order, 'expired', 'fok');
    order.state = 'resting';
    order.rank = ++this.#rank;
    order.shown = visible(order);
  }

  #match(taker: Order): void {
    const { side, stpMode } = taker.request;
    while (taker.state === 'taking') {
      const maker = this.#queue(side)[0];
      if (maker === undefined || (taker.ticks !== 0 && !acceptable(side, maker.ticks, taker.ticks))) return;
      if (outOfRange(taker, maker)) return this.#end(taker, 'expired', 'price-limit');
      const wanted = byBudget(taker) ? Math.floor(budgetLeft(taker) / maker.ticks) : leaves(taker);
      if (wanted === 0) return;
      if (stpMode === undefined || stpMode === 'none' || maker.request.account !== taker.request.account) {
        this.#trade(taker, maker, side, wanted);
        continue;
      }
      const decrements = stpMode === 'decrement';
      const lots = Math.min(wanted, decrements ? leaves(maker) : maker.shown);
      this.lines.push(`prevented ${taker.id} ${maker.id} ${lots}`);
      if (decrements) {
        for (const order of [maker, taker]) order.prevented += lots;
        taker.preventedPaid += lots * maker.ticks;
        if (byBudget(taker)) taker.lots = taker.filled + taker.prevented;
        if (leaves(maker) > 0) this.#shrinkShown(maker, lots);
      }
      if (stpMode === 'expire_maker' || stpMode === 'expire_both' || (decrements && leaves(maker) === 0)) this.#end(maker, 'expired', 'stp');
      const nothingLeft = byBudget(taker) ? budgetLeft(taker) < maker.ticks : leaves(taker) === 0;
      if (stpMode === 'expire_taker' || stpMode === 'expire_both' || (decrements && nothingLeft)) this.#end(taker, 'expired', 'stp');
    }
  }

  #trade(taker: Order | undefined, maker: Order, side: Side, wanted: number): number {
    const lots = Math.min(wanted, maker.shown);
    const ticks = maker.ticks;
    for (const order of taker === undefined ? [maker] : [maker, taker]) {
      order.filled += lots;
      order.paid += lots * ticks;
    }
    maker.shown -= lots;
    if (leaves(maker) === 0) maker.state = 'filled';
    else if (maker.shown === 0) {
      maker.shown = visible(maker);
      maker.rank = ++this.#rank;
    }
    if (taker !== undefined) {
      if (byBudget(taker)) taker.lots = taker.filled + taker.prevented;
      if (byBudget(taker) ? budgetLeft(taker) < ticks : leaves(taker) === 0) taker.state = 'filled';
    }
    this.#show('last', ticks);
    this.lines.push(`trade ${ticks}x${lots} ${side === BUY ? 'buy' : 'sell'} ${taker?.id ?? '-'}<${maker.id === 0 ? '-' : maker.id}`);
    this.#hook(this, taker?.id ?? 0, maker.id);
    return lots;
  }

  /** Lots of its own account do not count; one that is in the way spoils it, unless the mode removes it. */
  #wholeIsThere(taker: Order): boolean {
    const { side, stpMode, account } = taker.request;
    let needed = leaves(taker);
    for (const maker of this.#queue(side)) {
      if (!acceptable(side, maker.ticks, taker.ticks) || outOfRange(taker, maker)) break;
      if (stpMode !== undefined && stpMode !== 'none' && maker.request.account === account) {
        if (stpMode === 'expire_maker') continue;
        break;
      }
      needed -= leaves(maker);
      if (needed <= 0) return true;
    }
    return false;
  }

  /** Takes `lots` off what a resting order had left: hidden lots first. Its leaves are the new ones already. */
  #shrinkShown(order: Order, lots: number): void {
    const hiddenBefore = leaves(order) + lots - order.shown;
    order.shown -= Math.max(0, lots - hiddenBefore);
  }

  #show(source: TriggerSource, ticks: number): void {
    this.#prices[source] = ticks;
    const waiting = this.all.filter((it) => it.state === 'untriggered' && (it.request.triggerSource ?? 'last') === source);
    const plain = waiting.filter((it) => !trails(it) && reached(it, ticks));
    const up = plain.filter((it) => rises(it)).sort((a, b) => a.stop - b.stop || a.accepted - b.accepted);
    const down = plain.filter((it) => !rises(it)).sort((a, b) => b.stop - a.stop || a.accepted - b.accepted);
    const trailing = waiting.filter((it) => trails(it)).sort((a, b) => a.accepted - b.accepted).filter((it) => trail(it, ticks));
    for (const order of [...up, ...down, ...trailing]) {
      order.state = 'triggered';
      this.#fired.push(order);
    }
  }

  #end(order: Order, state: 'canceled' | 'expired', reason: string): void {
    order.state = state;
    this.lines.push(`${state} ${order.id} ${reason}`);
  }
}

function acceptable(side: Side, ticks: number, limitTicks: number): boolean {
  return side === BUY ? ticks <= limitTicks : ticks >= limitTicks;
}

function visible(order: Order): number {
  const peak = order.request.visibleLots ?? 0;
  return peak === 0 ? leaves(order) : Math.min(peak, leaves(order));
}

function reached(order: Order, ticks: number): boolean {
  return rises(order) ? ticks >= order.stop : ticks <= order.stop;
}

function trail(order: Order, ticks: number): boolean {
  const { side, trailBips = 0, trailTicks = 0 } = order.request;
  const better = order.extreme === 0 ? order.stop === 0 || reached(order, ticks) : side === BUY ? ticks < order.extreme : ticks > order.extreme;
  if (better) {
    order.extreme = ticks;
    if (trailTicks > 0) order.stop = side === BUY ? ticks + trailTicks : ticks - trailTicks;
    else order.stop = side === BUY ? Math.ceil((ticks * (10_000 + trailBips)) / 10_000) : Math.floor((ticks * (10_000 - trailBips)) / 10_000);
    return false;
  }
  return order.extreme !== 0 && (side === BUY ? ticks >= order.stop : ticks <= order.stop);
}
