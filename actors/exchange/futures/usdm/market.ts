import type { OrderBook } from '../../book/index.js';
import { amount, type Amount, ONE, ZERO } from '../../ledger/index.js';
import type { Matcher } from '../../matching/index.js';
import { Triggers } from '../../matching/triggers.js';
import { type Price, divideRounded } from '../contract.js';
import type { SymbolAccount } from './account.js';
import type { AlgoOrder, FuturesOrder } from './order.js';
import type { FuturesSymbol } from './symbol.js';

export type FuturesStatus = 'TRADING' | 'HALT' | 'CANCEL_ONLY';

const MS_8H_US = 8 * 3600 * 1_000_000;
/** Interest of 0.01 % in 8 hours, the band around it, and the cap, in 10^-8. Source: Binance, "Introduction to funding rates". */
const INTEREST = 10_000n;
const BAND = 50_000n;
const CAP = 2_000_000n;

export const nextFundingUs = (nowUs: number): number => (Math.floor(nowUs / MS_8H_US) + 1) * MS_8H_US;

/** One symbol: its engine, its prices, its triggers, and everybody's part in it. */
export class SymbolMarket {
  readonly symbol: FuturesSymbol;
  readonly book: OrderBook;
  readonly matcher: Matcher<FuturesOrder>;
  readonly triggers: Triggers<AlgoOrder>;
  /** Algo orders whose price was reached; worked off when the operation under way is done. */
  readonly fired: AlgoOrder[] = [];
  /** Accounts that ever had an order or a position here, in that order. */
  readonly accounts = new Set<SymbolAccount>();
  status: FuturesStatus = 'TRADING';
  markPrice: Price;
  indexPrice: Price;
  lastFundingRate: Amount = ZERO;
  /** A rate that somebody set for the next funding; undefined = it follows the premium. */
  fundingOverride: Amount | undefined;
  nextFundingUs: number;
  /** Sum and count of premiums (mark − index) ÷ index in 10^-8 since the last funding. */
  #premiumSum = 0n;
  #premiumCount = 0n;

  constructor(symbol: FuturesSymbol, book: OrderBook, makeMatcher: (market: SymbolMarket) => Matcher<FuturesOrder>, startPrice: Price, nowUs: number) {
    this.symbol = symbol;
    this.book = book;
    this.triggers = new Triggers((algo) => {
      this.fired.push(algo);
    });
    this.markPrice = startPrice;
    this.indexPrice = startPrice;
    this.nextFundingUs = nextFundingUs(nowUs);
    this.matcher = makeMatcher(this);
    this.triggers.price('mark', symbol.ticksDown(startPrice));
  }

  /** Price of the last trade, else the mark price, in ticks. */
  get lastTicks(): number {
    return this.matcher.lastTicks === 0 ? this.symbol.ticksDown(this.markPrice) : this.matcher.lastTicks;
  }

  setPrices(mark: Price, index: Price): void {
    this.markPrice = mark;
    this.indexPrice = index;
    this.#premiumSum += divideRounded((mark - index) * ONE, index);
    this.#premiumCount += 1n;
    this.triggers.price('mark', Number(divideRounded(mark, this.symbol.contract.terms.tickSize)));
  }

  /** The rate of the next funding as it stands: average premium, pulled towards the interest rate by at most the band, capped. */
  fundingRate(): Amount {
    if (this.fundingOverride !== undefined) return this.fundingOverride;
    const premium = this.#premiumCount === 0n ? 0n : divideRounded(this.#premiumSum, this.#premiumCount);
    const pull = INTEREST - premium;
    const rate = premium + (pull > BAND ? BAND : pull < -BAND ? -BAND : pull);
    return amount(rate > CAP ? CAP : rate < -CAP ? -CAP : rate);
  }

  /** Begins the next interval; answers the rate of the one that ended. */
  takeFundingRate(): Amount {
    const rate = this.fundingRate();
    this.lastFundingRate = rate;
    this.fundingOverride = undefined;
    this.nextFundingUs += MS_8H_US;
    this.#premiumSum = 0n;
    this.#premiumCount = 0n;
    return rate;
  }
}
