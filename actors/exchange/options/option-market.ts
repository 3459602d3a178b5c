import { Bars } from './bars.js';
import { OrderBook } from '../book/index.js';
import { type Amount, amount, mustParseAmount } from '../ledger/index.js';
import { DepthFeed } from '../market-data/depth.js';
import { Matcher, type MatchSink } from '../matching/index.js';
import { keepNewest } from '../recent.js';
import { greeks, type Greeks, impliedVolatility, type OptionTerms } from './black-scholes.js';
import { binanceOptionSymbol, type OptionContract } from './chain.js';
import type { OptionOrder } from './order.js';
import type { VolatilitySurface } from './surface.js';
import type { UnderlyingTerms } from './terms.js';

const YEAR_MS = 365 * 86_400_000;
const MOST_TRADES = 500;
/** Limit prices may be this share of the mark away from it, or so many ticks where that is more. */
const BAND = 0.2;
const BAND_TICKS = 10;
export const DEPTH_SPEEDS_MS = [100, 500] as const;

export interface OptionTrade {
  readonly tradeId: number;
  readonly ticks: number;
  readonly lots: number;
  /** 1 = the taker bought, −1 = he sold. */
  readonly side: 1 | -1;
  readonly atMs: number;
}

/** One listed option: book, matcher, mark price and Greeks, trades. */
export class OptionMarket {
  readonly contract: OptionContract;
  readonly terms: UnderlyingTerms;
  readonly symbol: string;
  readonly id: number;
  readonly listedMs: number;
  readonly tickSize: number;
  readonly tickAmount: Amount;
  readonly lotSize: number;
  readonly maxLots: number;
  readonly book: OrderBook;
  readonly matcher: Matcher<OptionOrder>;
  readonly depth: DepthFeed;
  readonly bars = new Bars();
  /** Newest last, bounded. */
  readonly trades: OptionTrade[] = [];
  /** Sensitivities per unit at the mark's volatility. */
  greeks: Greeks = { price: 0, delta: 0, gamma: 0, theta: 0, vega: 0, rho: 0 };
  volatility = 0;
  years = 0;
  /** Lots held long by all accounts together. */
  openInterestLots = 0;
  #markAmount: Amount = amount(0n);

  constructor(contract: OptionContract, terms: UnderlyingTerms, id: number, makeSink: (market: OptionMarket) => MatchSink<OptionOrder>, nowMs: number) {
    this.contract = contract;
    this.terms = terms;
    this.id = id;
    this.listedMs = nowMs;
    this.symbol = binanceOptionSymbol(contract);
    this.tickSize = Number(terms.tickSize);
    this.tickAmount = mustParseAmount(terms.tickSize);
    this.lotSize = Number(terms.lotSize);
    this.maxLots = Math.round(Number(terms.maxQty) / this.lotSize);
    this.book = new OrderBook({ firstUpdateId: 1000 });
    this.matcher = new Matcher<OptionOrder>({ book: this.book, sink: makeSink(this) });
    this.depth = new DepthFeed(this.book, DEPTH_SPEEDS_MS);
  }

  get mark(): number {
    return this.greeks.price;
  }

  /** The mark as money, to 10^-8. */
  get markAmount(): Amount {
    return this.#markAmount;
  }

  /** Values the option anew; at least a millionth, so that a worthless one still has a price. */
  value(index: number, surface: VolatilitySurface, nowMs: number): void {
    this.years = Math.max(0, (this.contract.expiryMs - nowMs) / YEAR_MS);
    this.volatility = surface.volatility(index, this.contract.strike, this.years);
    const at = greeks({ ...this.#option(index), volatility: this.volatility });
    this.greeks = { ...at, price: Math.max(at.price, 1e-3) };
    this.#markAmount = amount(BigInt(Math.round(this.greeks.price * 1e8)));
  }

  /** Implied volatility of the best bid and ask; −1 where there is none, as the venue writes it. */
  quotedVolatilities(index: number): { readonly bid: number; readonly ask: number } {
    const of = (ticks: number): number => (ticks === 0 ? -1 : (impliedVolatility(ticks * this.tickSize, this.#option(index)) ?? -1));
    return { bid: of(this.book.bestBid), ask: of(this.book.bestAsk) };
  }

  get highestTicks(): number {
    return Math.ceil(this.mark / this.tickSize + this.#bandTicks);
  }

  get lowestTicks(): number {
    return Math.max(1, Math.floor(this.mark / this.tickSize - this.#bandTicks));
  }

  get #bandTicks(): number {
    return Math.max(BAND_TICKS, (this.mark * BAND) / this.tickSize);
  }

  /** Premium of `lots` at a price: exact. */
  premium(ticks: number, lots: number): Amount {
    return amount((BigInt(ticks) * BigInt(lots) * this.tickAmount * BigInt(Math.round(this.lotSize * 1e8))) / 100_000_000n);
  }

  /** `value` per unit times `lots`, rounded down. */
  ofLots(value: Amount, lots: number): Amount {
    return amount((value * BigInt(lots) * BigInt(Math.round(this.lotSize * 1e8))) / 100_000_000n);
  }

  record(trade: OptionTrade): void {
    this.trades.push(trade);
    keepNewest(this.trades, MOST_TRADES / 2);
    const price = trade.ticks * this.tickSize;
    const quantity = trade.lots * this.lotSize;
    this.bars.add(trade.atMs, price, quantity, price * quantity, trade.side === 1 ? quantity : 0);
  }

  #option(index: number): Omit<OptionTerms, 'volatility'> {
    const { kind, strike } = this.contract;
    return { kind, spot: index, strike, years: this.years, rate: 0 };
  }
}
