import type { AccountId } from '../ids.js';
import { type Amount, amount, ZERO } from '../ledger/index.js';
import { keepNewest } from '../recent.js';
import type { OptionMarket } from './option-market.js';
import type { OptionOrder } from './order.js';

const MOST_HISTORY = 5000;

/** What an account holds of one option. */
export class OptionPosition {
  readonly market: OptionMarket;
  /** Signed: bought is positive. */
  lots = 0;
  /** Premium paid for what is held; negative = received. */
  cost: Amount = ZERO;
  realised: Amount = ZERO;

  constructor(market: OptionMarket) {
    this.market = market;
  }

  /** Books a trade of `signedLots` for `premium` (paid, or negative received). What division leaves stays in the cost. Answers the profit. */
  fill(signedLots: number, premium: Amount): Amount {
    const held = this.lots;
    this.lots = held + signedLots;
    if (held === 0 || held > 0 === signedLots > 0) {
      this.cost = amount(this.cost + premium);
      return ZERO;
    }
    const size = BigInt(Math.abs(held));
    const offered = BigInt(Math.abs(signedLots));
    const closed = offered < size ? offered : size;
    const costShare = closed === size ? this.cost : (this.cost * closed) / size;
    const premiumShare = closed === offered ? premium : (premium * closed) / offered;
    const profit = amount(-premiumShare - costShare);
    this.cost = amount(this.cost - costShare + (premium - premiumShare));
    this.realised = amount(this.realised + profit);
    return profit;
  }

  /** Mean premium per unit; 0 when flat. */
  get entryPrice(): number {
    return this.lots === 0 ? 0 : Number(this.cost) / 1e8 / (this.lots * this.market.lotSize);
  }

  /** What it is worth at the mark: below zero when sold. */
  get markValue(): Amount {
    const value = this.market.ofLots(this.market.markAmount, Math.abs(this.lots));
    return this.lots < 0 ? amount(0n - value) : value;
  }

  get unrealised(): Amount {
    return amount(this.markValue - this.cost);
  }
}

export interface OptionFill {
  readonly id: number;
  readonly tradeId: number;
  readonly order: OptionOrder;
  readonly market: OptionMarket;
  readonly ticks: number;
  readonly lots: number;
  readonly buys: boolean;
  readonly maker: boolean;
  readonly fee: Amount;
  readonly realised: Amount;
  readonly volatility: number;
  readonly atMs: number;
}

export interface Bill {
  readonly id: number;
  readonly amount: Amount;
  readonly type: 'FEE' | 'CONTRACT' | 'TRANSFER';
  readonly atMs: number;
}

export interface ExerciseRecord {
  readonly id: number;
  readonly symbol: string;
  readonly strike: number;
  readonly settlement: number;
  readonly lots: number;
  readonly quantity: number;
  readonly amount: Amount;
  readonly fee: Amount;
  readonly kind: 'call' | 'put';
  readonly long: boolean;
  readonly atMs: number;
  readonly priceDecimals: number;
  readonly quantityDecimals: number;
}

/** Market maker protection of one underlying. */
export interface MmpConfig {
  readonly windowMs: number;
  readonly frozenMs: number;
  readonly qtyLimit: number;
  readonly deltaLimit: number;
}

export class MmpState {
  config: MmpConfig;
  triggeredMs = 0;
  /** Fills of protected orders inside the window. */
  fills: { readonly atMs: number; readonly quantity: number; readonly delta: number }[] = [];

  constructor(config: MmpConfig) {
    this.config = config;
  }

  /** Whether protected orders are refused now; a frozen time of 0 lasts until it is reset. */
  frozen(nowMs: number): boolean {
    return this.triggeredMs > 0 && (this.config.frozenMs === 0 || nowMs < this.triggeredMs + this.config.frozenMs);
  }

  /** Notes a fill; true when that was too much. */
  note(nowMs: number, quantity: number, delta: number): boolean {
    this.fills = this.fills.filter(({ atMs }) => atMs > nowMs - this.config.windowMs);
    this.fills.push({ atMs: nowMs, quantity, delta });
    const total = this.fills.reduce((sum, fill) => sum + fill.quantity, 0);
    const net = this.fills.reduce((sum, fill) => sum + fill.delta, 0);
    if (total < this.config.qtyLimit && Math.abs(net) < this.config.deltaLimit) return false;
    this.triggeredMs = nowMs;
    this.fills = [];
    return true;
  }
}

/** A client of the options venue. */
export class OptionsAccount {
  readonly id: AccountId;
  readonly name: string;
  readonly positions = new Map<OptionMarket, OptionPosition>();
  readonly open = new Map<number, OptionOrder>();
  /** Open and closed ones by id, oldest first; closed ones bounded. */
  readonly orders = new Map<number, OptionOrder>();
  readonly fills: OptionFill[] = [];
  readonly bills: Bill[] = [];
  readonly exercises: ExerciseRecord[] = [];
  /** By underlying. */
  readonly mmp = new Map<string, MmpState>();
  /** Countdown to cancelling all orders: milliseconds set, and when it is due. By underlying. */
  readonly countdowns = new Map<string, { readonly countdownMs: number; dueUs: number }>();
  liquidations = 0;
  #closed = 0;

  constructor(id: AccountId, name: string) {
    this.id = id;
    this.name = name;
  }

  position(market: OptionMarket): OptionPosition {
    let position = this.positions.get(market);
    if (position === undefined) {
      position = new OptionPosition(market);
      this.positions.set(market, position);
    }
    return position;
  }

  lots(market: OptionMarket): number {
    return this.positions.get(market)?.lots ?? 0;
  }

  close(order: OptionOrder): void {
    if (!this.open.delete(order.orderId)) return;
    this.#closed += 1;
    if (this.#closed <= MOST_HISTORY) return;
    for (const [id, { open }] of this.orders) {
      if (open) continue;
      this.orders.delete(id);
      this.#closed -= 1;
      return;
    }
  }

  /** An order that is open, by the client's name for it. */
  openByClientId(clientId: string): OptionOrder | undefined {
    for (const order of this.open.values()) if (order.terms.clientId === clientId) return order;
    return undefined;
  }

  remember<T>(list: T[], item: T): void {
    list.push(item);
    keepNewest(list, MOST_HISTORY / 2);
  }
}
