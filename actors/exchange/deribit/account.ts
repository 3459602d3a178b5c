import type { AccountId } from '../ids.js';
import { type Amount, amount, type Asset, ZERO } from '../ledger/index.js';
import { Position } from '../futures/position.js';
import { keepNewest } from '../recent.js';
import type { DeribitInstrument } from './instruments.js';
import { type DeribitOrder, type OrderView, orderView } from './order.js';

const MOST_HISTORY = 5000;

/** One instrument's part of an account: position and what it has earned since it was opened from flat. */
export class Holding {
  readonly position: Position;
  realised: Amount = ZERO;
  funding: Amount = ZERO;
  /** Σ lots × ticks of what is open (linear), or Σ lots ÷ ticks (inverse): for the average price alone, money is the position's. */
  #weight = 0;

  constructor(instrument: DeribitInstrument) {
    this.position = new Position(instrument.contract);
  }

  /** Books a trade; answers the profit. A trade that begins from flat begins the sums anew. */
  fill(signedLots: number, traded: Amount, ticks: number): Amount {
    const { position } = this;
    const before = position.lots;
    if (before === 0) this.realised = this.funding = ZERO;
    const { realised } = position.fill(signedLots, traded);
    const weigh = (lots: number): number => (position.contract.inverse ? lots / ticks : lots * ticks);
    const after = position.lots;
    if (after === 0) this.#weight = 0;
    else if (before !== 0 && before > 0 !== after > 0) this.#weight = weigh(Math.abs(after));
    else if (Math.abs(after) > Math.abs(before)) this.#weight += weigh(Math.abs(signedLots));
    else this.#weight *= Math.abs(after) / Math.abs(before);
    this.realised = amount(this.realised + realised);
    return realised;
  }

  /** Mean price of what is open, in ticks: harmonic for inverse contracts; 0 when flat. */
  get averageTicks(): number {
    const lots = Math.abs(this.position.lots);
    if (lots === 0) return 0;
    return this.position.contract.inverse ? lots / this.#weight : this.#weight / lots;
  }
}

/** A trade of a client, as the API shows it. */
export interface UserTrade {
  readonly trade_id: string;
  readonly order_id: string;
  readonly instrument_name: string;
  readonly timestamp: number;
  readonly label: string;
  readonly [name: string]: unknown;
}

/** A client of Deribit: holdings, open orders, and a bounded history of what is closed. */
export class DeribitAccount {
  readonly id: AccountId;
  readonly name: string;
  readonly holdings = new Map<DeribitInstrument, Holding>();
  /** By id, oldest first. */
  readonly open = new Map<string, DeribitOrder>();
  /** Closed orders and triggered trigger orders by id, oldest first, bounded. */
  readonly closed = new Map<string, OrderView>();
  /** Oldest first, bounded. */
  readonly trades: UserTrade[] = [];
  /** Profit and funding booked since the last settlement, by currency. */
  readonly sessionRealised = new Map<Asset, Amount>();
  readonly sessionFunding = new Map<Asset, Amount>();
  liquidations = 0;

  constructor(id: AccountId, name: string) {
    this.id = id;
    this.name = name;
  }

  holding(instrument: DeribitInstrument): Holding {
    let holding = this.holdings.get(instrument);
    if (holding === undefined) {
      holding = new Holding(instrument);
      this.holdings.set(instrument, holding);
    }
    return holding;
  }

  lots(instrument: DeribitInstrument): number {
    return this.holdings.get(instrument)?.position.lots ?? 0;
  }

  addSession(sums: Map<Asset, Amount>, asset: Asset, more: Amount): void {
    sums.set(asset, amount((sums.get(asset) ?? ZERO) + more));
  }

  /** Puts an order that has ended into the history. */
  close(order: DeribitOrder): void {
    this.open.delete(order.id);
    this.remember(order.id, orderView(order));
  }

  remember(id: string, view: OrderView): void {
    this.closed.set(id, view);
    if (this.closed.size > MOST_HISTORY) this.closed.delete(this.closed.keys().next().value!);
  }

  addTrade(trade: UserTrade): void {
    this.trades.push(trade);
    keepNewest(this.trades, MOST_HISTORY / 2);
  }
}
