import type { Side } from '../book/index.js';

/** GTX is post-only (the spot LIMIT_MAKER); a GTD order has `expireAtUs`. */
export type TimeInForce = 'GTC' | 'IOC' | 'FOK' | 'GTX' | 'GTD';

/**
 * What happens where a taker meets a resting order of its own `stpGroup`; the taker's mode decides. `decrement` takes
 * the smaller leaves off both without a trade (what Binance's TRANSFER moves besides is the venue's affair).
 */
export type StpMode = 'none' | 'expire_taker' | 'expire_maker' | 'expire_both' | 'decrement';

/**
 * A conditional order waits unseen until the price of its source reaches `stopTicks`: a `stop` buys at or above it and
 * sells at or below it, a `takeProfit` the other way round. Then it is a market or limit order like any other.
 */
export type Condition = 'none' | 'stop' | 'takeProfit';

/** `last` is the matcher's own last trade; the venue feeds the others with `Matcher.price`. */
export type TriggerSource = 'last' | 'mark' | 'index';

/**
 * - `idle`: made, not yet placed; `rejected`: place() refused it, the matcher never held it
 * - `queued`: placed from inside a sink event, waits for the operation under way
 * - `untriggered`: a conditional order that waits; `triggered`: it waits for the operation under way
 * - `taking`: being matched; `resting`: in the book
 * - `filled`, `canceled`, `expired`: final
 */
export type OrderState = 'idle' | 'rejected' | 'queued' | 'untriggered' | 'triggered' | 'taking' | 'resting' | 'filled' | 'canceled' | 'expired';

/**
 * Why an order ended unfilled. Whoever asks for a cancel names its reason; the matcher's own are
 * - `ioc`: the rest of an IOC order; `fok`: the whole could not be filled; `post-only`: it would have taken
 * - `no-liquidity`: a market order met an empty side; `price-limit`: it reached its worst price, or any taker the end of the venue's price range
 * - `budget`: what is left of a quote budget does not buy a lot
 * - `gtd`: its time is over; `stp`: self-trade prevention; `book-full`: the book holds no more orders
 */
export type EndReason =
  | 'user'
  | 'replaced'
  | 'amended'
  | 'order-list'
  | 'reduce-only'
  | 'liquidation'
  | 'countdown'
  | 'disconnect'
  | 'venue'
  | 'ioc'
  | 'fok'
  | 'post-only'
  | 'no-liquidity'
  | 'price-limit'
  | 'budget'
  | 'gtd'
  | 'stp'
  | 'book-full';

/** What a client asks for. Prices in ticks, quantities in lots: positive integers to 2^53. */
export interface PlaceRequest {
  readonly orderId: number;
  /** The venue's number of the account. */
  readonly account: number;
  readonly side: Side;
  readonly type: 'limit' | 'market';
  /** Limit price. Of a market order: the worst price it may trade at, 0 = any. */
  readonly ticks: number;
  /** Quantity; 0 when `budget` is given. */
  readonly lots: number;
  /** A market order's quote amount in ticks × lots instead of `lots`: it trades as many whole lots as that pays for. */
  readonly budget?: number;
  readonly timeInForce?: TimeInForce;
  /** GTD: expires at this venue time, µs. */
  readonly expireAtUs?: number;
  /** Iceberg: lots shown at a time; 0 = all. */
  readonly visibleLots?: number;
  readonly stpMode?: StpMode;
  /** Orders with the same number do not trade with each other; the account unless told otherwise. */
  readonly stpGroup?: number;
  readonly condition?: Condition;
  readonly triggerSource?: TriggerSource;
  /** Trigger price; of a trailing order the price from which it trails, 0 = at once. */
  readonly stopTicks?: number;
  /** Trailing distance in basis points of the best price since activation; 0 = does not trail. */
  readonly trailBips?: number;
  /** Trailing distance in ticks, instead of trailBips. */
  readonly trailTicks?: number;
}

/**
 * One client order, from place() to its one final state. The venue may extend it with fields of its own; those below
 * belong to the matcher after place() and are to be read only.
 */
export class ClientOrder {
  readonly orderId: number;
  readonly account: number;
  readonly side: Side;
  readonly type: 'limit' | 'market';
  readonly timeInForce: TimeInForce;
  readonly expireAtUs: number;
  readonly stpMode: StpMode;
  readonly stpGroup: number;
  readonly condition: Condition;
  readonly triggerSource: TriggerSource;
  readonly trailBips: number;
  readonly trailTicks: number;
  readonly visibleLots: number;
  readonly budget: number;

  ticks: number;
  /** Ordered lots. Of a market order by budget: what was filled, and prevented, so far. */
  lots: number;
  filledLots = 0;
  /** Sum of ticks × lots over the fills, a float beyond 2^53: money is the ledger's affair. */
  filledTickLots = 0;
  /** Lots taken off by self-trade prevention in mode decrement. */
  preventedLots = 0;
  /** The same in ticks × lots, of a taker. */
  preventedTickLots = 0;
  /** Of a trailing order: follows the price, 0 before it is active. */
  stopTicks: number;
  /** Highest (sell) or lowest (buy) price a trailing order has seen since it is active; 0 = it is not. */
  extremeTicks = 0;
  state: OrderState = 'idle';
  endReason: EndReason | undefined;
  /** Handle in the book while `resting`, else 0. */
  handle = 0;
  acceptedAtUs = 0;
  /** Whether a conditional order has been triggered. */
  triggered = false;

  constructor(request: PlaceRequest) {
    this.orderId = request.orderId;
    this.account = request.account;
    this.side = request.side;
    this.type = request.type;
    this.ticks = request.ticks;
    this.lots = request.lots;
    this.budget = request.budget ?? 0;
    this.timeInForce = request.timeInForce ?? 'GTC';
    this.expireAtUs = request.expireAtUs ?? 0;
    this.visibleLots = request.visibleLots ?? 0;
    this.stpMode = request.stpMode ?? 'none';
    this.stpGroup = request.stpGroup ?? request.account;
    this.condition = request.condition ?? 'none';
    this.triggerSource = request.triggerSource ?? 'last';
    this.stopTicks = request.stopTicks ?? 0;
    this.trailBips = request.trailBips ?? 0;
    this.trailTicks = request.trailTicks ?? 0;
  }

  /** Lots that can still be filled; 0 of a market order by budget. */
  get leavesLots(): number {
    return this.lots - this.filledLots - this.preventedLots;
  }

  /** Placed and not in a final state. */
  get open(): boolean {
    return this.state === 'resting' || this.state === 'untriggered' || this.state === 'taking' || this.state === 'triggered' || this.state === 'queued';
  }

  get trailing(): boolean {
    return this.trailBips !== 0 || this.trailTicks !== 0;
  }
}
