/** What ends positions without their holder's asking: exercise at expiry, and liquidation of sellers. */
import { BID } from '../book/index.js';
import { HOUSE } from '../ids.js';
import { type Amount, amount, asset, ZERO } from '../ledger/index.js';
import { keepNewest } from '../recent.js';
import type { ExerciseRecord, OptionsAccount } from './account.js';
import type { OptionMarket } from './option-market.js';
import { OptionOrder } from './order.js';
import { payoff, QUOTE, RATES } from './terms.js';
import type { OptionsVenue } from './venue.js';

const MOST_EXERCISES = 2000;

export class OptionsClosing {
  readonly #venue: OptionsVenue;

  constructor(venue: OptionsVenue) {
    this.#venue = venue;
  }

  /** Orders end, holders get what the option pays, sellers pay it. Positions sum to nought, hence so do the payments. */
  exercise(market: OptionMarket): void {
    const venue = this.#venue;
    const { contract, symbol, terms } = market;
    const { settlement } = venue.underlyings.get(contract.base)!;
    const perUnit = payoff(contract, settlement);
    for (const account of [...venue.accounts.values(), venue.house]) {
      venue.cancelAll(account, (order) => order.terms.market === market, 'venue');
      const position = account.positions.get(market);
      if (position === undefined) continue;
      account.positions.delete(market);
      const { lots } = position;
      if (lots === 0) continue;
      const worth = market.ofLots(perUnit, Math.abs(lots));
      const due = lots > 0 ? worth : amount(0n - worth);
      venue.pay(account.id, HOUSE.clearing, due);
      if (account === venue.house) continue;
      const fee = lots > 0 && worth > 0n ? this.#exerciseFee(market, settlement, lots, worth) : ZERO;
      venue.pay(account.id, HOUSE.fees, amount(0n - fee));
      venue.bill(account, 'CONTRACT', due);
      if (fee > 0n) venue.bill(account, 'FEE', amount(0n - fee));
      const record: ExerciseRecord = {
        id: venue.nextFillId(), symbol, strike: contract.strike, settlement, lots, quantity: Math.abs(lots) * market.lotSize, amount: due, fee, kind: contract.kind, long: lots > 0,
        atMs: venue.nowMs, priceDecimals: terms.priceDecimals, quantityDecimals: terms.quantityDecimals,
      };
      account.remember(account.exercises, record);
      venue.touch(account, 'EXERCISE', market);
      this.#cover(account);
    }
    venue.exercises.push({ symbol, base: contract.base, strike: contract.strike, settlement, expiryMs: contract.expiryMs, exercised: perUnit > 0n });
    keepNewest(venue.exercises, MOST_EXERCISES / 2);
  }

  #exerciseFee(market: OptionMarket, settlement: number, lots: number, worth: Amount): Amount {
    const plain = market.ofLots(amount((BigInt(Math.round(settlement * 1e8)) * RATES.exercise) / 100_000_000n), lots);
    const cap = amount((worth * RATES.feeCap) / 100_000_000n);
    return plain < cap ? plain : cap;
  }

  /** Buys back what has been sold when the balance is below the maintenance margin; the insurance pays what is missing then. */
  liquidate(account: OptionsAccount): void {
    const venue = this.#venue;
    let sold = false;
    for (const { lots } of account.positions.values()) if (lots < 0) sold = true;
    if (!sold) return;
    const state = venue.margins.state(account);
    if (state.balance >= state.maintenance) return;
    account.liquidations += 1;
    venue.cancelAll(account, () => true, 'liquidation');
    for (const { market, lots } of [...account.positions.values()]) {
      if (lots >= 0) continue;
      const id = venue.nextOrderId();
      const order = new OptionOrder(
        { orderId: id, account: account.id, side: BID, type: 'limit', ticks: market.highestTicks, lots: -lots, timeInForce: 'IOC', stpMode: 'none' },
        { market, clientId: `autoclose-${id}`, postOnly: false, reduceOnly: true, mmp: false, createdMs: venue.nowMs, liquidation: true, selfTradePrevention: 'NONE' },
      );
      market.matcher.place(order, venue.nowUs);
    }
    this.#cover(account);
  }

  /** The insurance pays a debt that nothing stands behind any more. */
  #cover(account: OptionsAccount): void {
    const venue = this.#venue;
    for (const { lots } of account.positions.values()) if (lots !== 0) return;
    const balance = venue.ledger.free(account.id, asset(QUOTE));
    if (balance < 0n) venue.pay(account.id, HOUSE.insurance, amount(0n - balance));
  }
}
