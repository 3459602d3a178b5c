/**
 * Margin of the options account, in USDT, cross over all contracts. Buyers pay the premium and owe nothing more. Sellers' margin per unit:
 *   initial = max(15 % × index − out-of-the-money amount, 10 % × index) + mark
 *   maintenance = max(7.5 % × index − out-of-the-money amount, 5 % × index) + mark
 * Source: Binance Options, "Initial margin and maintenance margin of a seller". What one has bought is no collateral here.
 */
import { BID } from '../book/index.js';
import { type Amount, amount, asset, ZERO } from '../ledger/index.js';
import type { OptionsAccount } from './account.js';
import type { OptionMarket } from './option-market.js';
import { QUOTE, RATES } from './terms.js';
import type { OptionsVenue } from './venue.js';

export interface OptionsMargin {
  readonly balance: Amount;
  /** Positions at the mark: bought less sold. */
  readonly positionValue: Amount;
  readonly unrealised: Amount;
  /** Balance and position value. */
  readonly equity: Amount;
  readonly initial: Amount;
  readonly maintenance: Amount;
  /** What open orders hold: premium and commission of buys, margin of sells. */
  readonly held: Amount;
  readonly available: Amount;
}

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);

export class OptionsMargins {
  readonly #venue: OptionsVenue;

  constructor(venue: OptionsVenue) {
    this.#venue = venue;
  }

  state(account: OptionsAccount): OptionsMargin {
    const balance = this.#venue.ledger.total(account.id, asset(QUOTE));
    let positionValue = ZERO;
    let unrealised = ZERO;
    let initial = ZERO;
    let maintenance = ZERO;
    for (const position of account.positions.values()) {
      if (position.lots === 0) continue;
      positionValue = amount(positionValue + position.markValue);
      unrealised = amount(unrealised + position.unrealised);
      if (position.lots > 0) continue;
      initial = amount(initial + this.seller(position.market, -position.lots, 'initial'));
      maintenance = amount(maintenance + this.seller(position.market, -position.lots, 'maintenance'));
    }
    const held = this.held(account);
    return { balance, positionValue, unrealised, equity: amount(balance + positionValue), initial, maintenance, held, available: amount(balance - initial - held) };
  }

  /** A seller's margin for `lots` of an option. */
  seller(market: OptionMarket, lots: number, kind: 'initial' | 'maintenance'): Amount {
    const index = BigInt(Math.round(this.#venue.index(market.contract.base) * 1e8));
    const strike = BigInt(Math.round(market.contract.strike * 1e8));
    const outOfMoney = larger(0n, market.contract.kind === 'call' ? strike - index : index - strike);
    const [rate, least] = kind === 'initial' ? [RATES.initial, RATES.minInitial] : [RATES.maintenance, RATES.minMaintenance];
    const share = larger((index * rate) / 100_000_000n - outOfMoney, (index * least) / 100_000_000n);
    return market.ofLots(amount(share + market.markAmount), lots);
  }

  held(account: OptionsAccount): Amount {
    let held = ZERO;
    for (const order of account.open.values()) held = amount(held + this.ofOrder(account, order.terms.market, order.side === BID, order.ticks, order.leavesLots, order.terms.reduceOnly));
    return held;
  }

  /** What an order of `lots` holds while it is open. Closing needs no margin; a buy-back needs its premium only. */
  ofOrder(account: OptionsAccount, market: OptionMarket, buys: boolean, ticks: number, lots: number, reduceOnly: boolean): Amount {
    const fee = this.fee(market, ticks, lots, RATES.taker);
    if (buys) return amount(market.premium(ticks, lots) + fee);
    if (reduceOnly) return ZERO;
    const opening = lots - Math.max(0, Math.min(lots, account.lots(market)));
    return opening === 0 ? ZERO : amount(this.seller(market, opening, 'initial') + fee);
  }

  /** Commission: a share of the index price, at most a share of the premium. */
  fee(market: OptionMarket, ticks: number, lots: number, rate: Amount): Amount {
    const index = BigInt(Math.round(this.#venue.index(market.contract.base) * 1e8));
    const plain = market.ofLots(amount((index * rate) / 100_000_000n), lots);
    const cap = amount((market.premium(ticks, lots) * RATES.feeCap) / 100_000_000n);
    return plain < cap ? plain : cap;
  }
}
