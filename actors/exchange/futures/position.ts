/**
 * A position and what trades do to it, in integers. Only its signed lots and the signed value paid for them (`cost`) are
 * kept; the entry price is derived for display. Whatever a division leaves over stays in `cost`, so nothing is ever lost:
 * for every trade, realised profit = change of cost − signed value traded. Both sides of a trade book the same value with
 * opposite signs, hence the sum of realised profits over all accounts is the change of the sum of all costs, and a
 * clearing account that pays every profit and takes every loss holds exactly −Σ cost.
 */
import { type Amount, amount, ZERO } from '../ledger/index.js';
import { type Contract, divideRounded, magnitude, negated, type Price } from './contract.js';

export interface FillResult {
  /** Profit in the margin asset; negative for a loss, zero when the fill only opened. */
  readonly realised: Amount;
  readonly closedLots: number;
  readonly openedLots: number;
}

export class Position {
  readonly contract: Contract;
  /** Signed: long is positive. */
  lots = 0;
  /** Signed value paid: see the module's comment. */
  cost: Amount = ZERO;
  /** Realised profit less fees since the position was opened from flat; for the break-even price. */
  netSinceOpened: Amount = ZERO;

  constructor(contract: Contract) {
    this.contract = contract;
  }

  /** Signed value of `signedLots` traded at `ticks`: what the buyer books; the seller books its negation. */
  static tradedValue(contract: Contract, signedLots: number, ticks: number): Amount {
    const value = contract.tradeValue(ticks, signedLots < 0 ? -signedLots : signedLots);
    return signedLots < 0 ? negated(value) : value;
  }

  /**
   * Books a trade of `signedLots` (buys positive) worth `traded` (signed alike). A trade that passes zero closes all and opens the rest.
   */
  fill(signedLots: number, traded: Amount): FillResult {
    const held = this.lots;
    if (held === 0 || held > 0 === signedLots > 0) {
      if (held === 0) this.netSinceOpened = ZERO;
      this.lots = held + signedLots;
      this.cost = amount(this.cost + traded);
      return { realised: ZERO, closedLots: 0, openedLots: Math.abs(signedLots) };
    }
    const size = Math.abs(held);
    const offered = Math.abs(signedLots);
    const closed = offered < size ? offered : size;
    const costShare = closed === size ? this.cost : divideRounded(this.cost * BigInt(closed), BigInt(size));
    const tradedShare = closed === offered ? traded : divideRounded(traded * BigInt(closed), BigInt(offered));
    const realised = amount(-tradedShare - costShare);
    this.lots = held + signedLots;
    this.cost = amount(this.cost - costShare + (traded - tradedShare));
    this.netSinceOpened = closed === offered ? amount(this.netSinceOpened + realised) : ZERO;
    return { realised, closedLots: closed, openedLots: offered - closed };
  }

  /** Profit if all were closed at `at`; zero when flat. */
  unrealised(at: Price): Amount {
    if (this.lots === 0) return ZERO;
    const value = this.contract.value(at, Math.abs(this.lots));
    return amount((this.lots > 0 ? value : negated(value)) - this.cost);
  }

  notional(at: Price): Amount {
    return this.contract.notional(at, this.lots);
  }

  /** Average price of what is held, rounded to 10^-8; 0 when flat. */
  entryPrice(): Price {
    return this.contract.priceFor(magnitude(this.cost), Math.abs(this.lots));
  }

  /** Price at which closing all leaves nothing won or lost since opening, fees so far included; 0 when flat or never. */
  breakEvenPrice(): Price {
    if (this.lots === 0) return 0n as Price;
    const wanted = this.cost - this.netSinceOpened;
    const value = this.lots > 0 ? wanted : -wanted;
    return this.contract.priceFor(amount(this.contract.inverse ? -value : value), Math.abs(this.lots));
  }
}
