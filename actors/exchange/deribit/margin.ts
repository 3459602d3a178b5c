import { BID } from '../book/index.js';
import { type Amount, amount, asset, ZERO } from '../ledger/index.js';
import type { DeribitAccount } from './account.js';
import { baseUnits, type Currency, type DeribitInstrument } from './instruments.js';
import type { DeribitVenue } from './venue.js';

export interface MarginState {
  readonly balance: Amount;
  readonly unrealised: Amount;
  readonly equity: Amount;
  /** Of positions and open orders together. */
  readonly initial: Amount;
  readonly openOrders: Amount;
  readonly maintenance: Amount;
  /** Equity less initial margin; below zero when there is none. */
  readonly available: Amount;
  /** Position in units of the settlement currency, long positive. */
  readonly delta: number;
}

/**
 * Deribit's standard margin, cross over all instruments of one settlement currency: each instrument needs its rate times the
 * larger of the position if all its buy orders were filled and the position if all its sell orders were.
 */
export class Margins {
  readonly #venue: DeribitVenue;

  constructor(venue: DeribitVenue) {
    this.#venue = venue;
  }

  state(account: DeribitAccount, currency: Currency): MarginState {
    const balance = this.#venue.ledger.total(account.id, asset(currency));
    let unrealised = ZERO;
    let initial = ZERO;
    let openOrders = ZERO;
    let maintenance = ZERO;
    let delta = 0;
    for (const instrument of this.#venue.instruments) {
      if (instrument.settlement !== currency) continue;
      const lots = account.lots(instrument);
      const worst = this.worstLots(account, instrument, 0, 0);
      if (lots === 0 && worst === 0) continue;
      const market = this.#venue.market(instrument);
      const holding = account.holdings.get(instrument);
      if (holding !== undefined) unrealised = amount(unrealised + holding.position.unrealised(market.markPrice));
      const own = this.initial(instrument, lots);
      const all = this.initial(instrument, worst);
      initial = amount(initial + all);
      openOrders = amount(openOrders + all - own);
      maintenance = amount(maintenance + this.maintenance(instrument, lots));
      delta += (lots < 0 ? -1 : 1) * baseUnits(instrument, lots, market.marks.mark);
    }
    const equity = amount(balance + unrealised);
    return { balance, unrealised, equity, initial, openOrders, maintenance, available: amount(equity - initial), delta };
  }

  /** Largest absolute position if the open orders of one side were filled, with so many lots more on each. */
  worstLots(account: DeribitAccount, instrument: DeribitInstrument, moreBuys: number, moreSells: number): number {
    let buys = moreBuys;
    let sells = moreSells;
    for (const order of account.open.values()) {
      if (order.terms.instrument !== instrument || order.terms.reduceOnly || order.waiting) continue;
      if (order.side === BID) buys += order.leavesLots;
      else sells += order.leavesLots;
    }
    const lots = account.lots(instrument);
    return Math.max(Math.abs(lots + buys), Math.abs(lots - sells));
  }

  initial(instrument: DeribitInstrument, lots: number): Amount {
    return this.#share(instrument, lots, instrument.initialRate);
  }

  maintenance(instrument: DeribitInstrument, lots: number): Amount {
    return this.#share(instrument, lots, instrument.maintenanceRate);
  }

  /** Whether the account could carry so many more lots of buys and sells; orders that only reduce always may. */
  affords(account: DeribitAccount, instrument: DeribitInstrument, moreBuys: number, moreSells: number): boolean {
    const now = this.worstLots(account, instrument, 0, 0);
    const then = this.worstLots(account, instrument, moreBuys, moreSells);
    if (then <= now) return true;
    const { available } = this.state(account, instrument.settlement);
    return this.initial(instrument, then) - this.initial(instrument, now) <= available;
  }

  /** The price at which equity falls to maintenance if only this instrument moves; 0 when none does. By bisection on the true arithmetic. */
  liquidationPrice(account: DeribitAccount, instrument: DeribitInstrument): number {
    const holding = account.holdings.get(instrument);
    if (holding === undefined || holding.position.lots === 0) return 0;
    const { position } = holding;
    const market = this.#venue.market(instrument);
    const { equity, maintenance } = this.state(account, instrument.settlement);
    const { mark } = market.marks;
    const others = equity - position.unrealised(market.markPrice);
    const otherMaintenance = maintenance - this.maintenance(instrument, position.lots);
    const slack = (at: number): bigint => {
      const value = position.contract.notional(BigInt(Math.round(at * 1e8)) as typeof market.markPrice, position.lots);
      const rate = instrument.maintenanceRate + instrument.perUnit * baseUnits(instrument, position.lots, at);
      const needed = (value * BigInt(Math.round(rate * 1e8))) / 100_000_000n;
      return others + position.unrealised(BigInt(Math.round(at * 1e8)) as typeof market.markPrice) - needed - otherMaintenance;
    };
    let safe = mark;
    let lost = position.lots > 0 ? mark * 0.001 : mark * 100;
    if (slack(safe) < 0n) return market.displayed(mark);
    if (slack(lost) >= 0n) return 0;
    for (let step = 0; step < 60; step++) {
      const middle = (safe + lost) / 2;
      if (slack(middle) >= 0n) safe = middle;
      else lost = middle;
    }
    return market.displayed(safe);
  }

  #share(instrument: DeribitInstrument, lots: number, rate: number): Amount {
    if (lots === 0) return ZERO;
    const market = this.#venue.market(instrument);
    const value = instrument.contract.notional(market.markPrice, lots);
    const whole = rate + instrument.perUnit * baseUnits(instrument, lots, market.marks.mark);
    return amount((value * BigInt(Math.ceil(whole * 1e8)) + 99_999_999n) / 100_000_000n);
  }
}
