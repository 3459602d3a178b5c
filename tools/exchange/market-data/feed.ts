import type { Matcher } from '../../../actors/exchange/matching/index.js';
import { BID, type Side } from '../../../actors/exchange/book/index.js';
import { MarketInside, profileOf } from '../../../actors/exchange/market/inside.js';
import { fillHistory, MarkPrice, SymbolData, type DataListener } from '../../../actors/exchange/market-data/index.js';
import type { AgentDesk } from '../../../actors/generator/live-market.js';
import type { Scene } from '../product/product.js';
import { StreamHub, futuresStreamClass } from '../web/index.js';
import { fixed } from './decimals.js';
import { FUTURES_SPEEDS_MS, MarketStreams, SPOT_SPEEDS_MS, type ForcedOrder, type StreamedSymbol, type VenueFacts } from './streams.js';
import { SymbolText } from './symbol-text.js';

/** What a perpetual's own engine knows, and its public data shows. Rates and amounts as the venue writes them. */
export interface PerpetualFacts {
  /** Of a symbol by its place in the list: rate of the funding that comes, and when, µs. */
  funding(index: number): { readonly rate: string; readonly nextUs: number };
  openInterest(index: number): string;
  /** Takes a new mark and index price, decimals. */
  setPrices(index: number, mark: number, indexPrice: number, nowUs: number): void;
}

/** A funding that has happened. */
export interface PastFunding {
  readonly symbol: string;
  readonly rate: string;
  readonly atUs: number;
  readonly markPrice: string;
}

/** What the venue tells its market data. */
export interface MarketFacts extends Pick<VenueFacts, 'reference'> {
  readonly perpetual?: PerpetualFacts;
}

/** Of one opened engine; a restarted engine has another. */
interface Opened {
  readonly symbols: readonly StreamedSymbol[];
  readonly streams: MarketStreams;
  readonly inside: MarketInside;
  readonly facts: PerpetualFacts | undefined;
}

const FUNDINGS_KEPT = 1000;
/** A month of them a symbol. */
const PAST_FUNDINGS = 90;
const INTEREST_RATE = '0.00010000';
/** Seeds of the two products' own crowds lie apart. */
const CROWD_SEEDS = { spot: 0, usdm: 7_919 } as const;
const FIRST_AGGREGATE_ID = 3_000_000_000;
const HISTORY_STREAM = 900;

/** Public market data of spot or USD-M: fed by the engine's trades and books, published by streams, asked by endpoints. */
export class MarketFeed {
  readonly product: 'spot' | 'usdm';
  readonly hub: StreamHub;
  /** Fundings that were paid since the venue opened. */
  readonly #fundings: PastFunding[] = [];
  #pastFundings: readonly PastFunding[] | null = null;
  readonly #scene: Scene;
  readonly #texts: readonly SymbolText[];
  readonly #indexOf = new Map<string, number>();
  #opened: Opened | null = null;

  constructor(product: 'spot' | 'usdm', scene: Scene) {
    this.product = product;
    this.#scene = scene;
    const futures = product === 'usdm';
    this.hub = new StreamHub(futures && scene.asOf.holds('usdmRoutedStreams') ? { classify: futuresStreamClass } : {});
    this.#texts = scene.listings.map((listing) => new SymbolText(listing, futures ? listing.usdm : listing.spot, futures ? 'futures' : 'spot'));
    scene.listings.forEach(({ symbol }, index) => this.#indexOf.set(symbol, index));
  }

  /**
   * To be called in the engine's `open`, with the matchers of the scene's listings in their order and nothing in their books: fills them with
   * a market and answers what drives it. The venue's sinks call `traded` and the like from here on.
   */
  open(nowUs: number, desks: readonly (AgentDesk & Pick<Matcher, 'nextTradeId'>)[], { perpetual: facts, reference }: MarketFacts = {}): MarketInside {
    const { seed, scenario, listings, tape } = this.#scene;
    const played = tape?.product === this.product ? tape : undefined;
    const futures = this.product === 'usdm';
    this.#opened?.streams.close();
    // The data needs its listener before the listener has the data.
    let streams: MarketStreams | null = null;
    const listener: DataListener = {
      trade: (data, trade) => streams?.trade(data, trade),
      aggregate: (data, trade) => streams?.aggregate(data, trade),
      best: (data) => streams?.best(data),
      changed: (data) => streams?.changed(data),
      klineClosed: (data, interval, kline) => streams?.klineClosed(data, interval, kline),
    };
    const contracts = listings.map((listing) => (futures ? listing.usdm : listing.spot));
    const symbols: StreamedSymbol[] = listings.map((listing, index) => {
      const data = new SymbolData({
        index, symbol: listing.symbol, book: desks[index]!.book, depthSpeedsMs: futures ? FUTURES_SPEEDS_MS : SPOT_SPEEDS_MS, batched: futures, firstAggregateId: FIRST_AGGREGATE_ID, listener,
      });
      const contract = contracts[index]!;
      const tick = Number(contract.tickSize);
      const meanLots = Math.max(1, listing.profile.takerUsd / (listing.startPrice * Number(contract.lotSize)));
      fillHistory(data.klines, seed, HISTORY_STREAM + listing.index, Math.round(listing.startPrice / tick), meanLots, nowUs);
      if (!futures) return { text: this.#texts[index]!, data };
      const mark = new MarkPrice();
      mark.begin(nowUs, listing.startPrice, tick, data.klines);
      return { text: this.#texts[index]!, data, mark };
    });
    streams = new MarketStreams(this.hub, futures ? 'futures' : 'spot', symbols, {
      ...(facts === undefined ? {} : { funding: (index: number) => facts.funding(index) }), ...(reference === undefined ? {} : { reference }),
    });
    const published = streams;
    const inside = new MarketInside({
      symbols: listings.map((listing, index) => {
        const recorded = played?.recorded.get(listing.symbol);
        return { profile: profileOf(listing, contracts[index]!), desk: desks[index]!, data: symbols[index]!.data, ...(recorded === undefined ? {} : { recorded }) };
      }),
      ...(played === undefined ? {} : { tape: played.play() }),
      scenario, seed: seed + CROWD_SEEDS[this.product], commonSeed: seed, startUs: nowUs,
      onGrid: (grid, gridUs) => published.onGrid(grid, gridUs),
      onLiquidation: (index, atUs, side, averageTicks, lots) => published.forced(index, {
        side: side === BID ? 'BUY' : 'SELL', lots, lastLots: lots, ticks: Math.floor(averageTicks * (side === BID ? 1.0015 : 0.9985)), averageTicks, status: 'FILLED', atUs,
      }),
    });
    this.#opened = { symbols, streams, inside, facts };
    if (facts !== undefined) symbols.forEach(({ mark, text }, index) => this.#sampleMark(index, mark!, inside.midTicks(index) * text.price.unit, nowUs));
    return inside;
  }

  /** A trade of a listing's matcher. `aggregated` false: with the insurance fund, or by auto-deleveraging. */
  traded(index: number, trade: { readonly tradeId: number; readonly ticks: number; readonly lots: number; readonly takerSide: Side; readonly atUs: number }, aggregated = true): void {
    this.#now.symbols[index]!.data.trade(trade.tradeId, trade.ticks, trade.lots, trade.takerSide === BID, trade.atUs, aggregated);
  }

  /** The venue's order to close a position has met the book. */
  forced(index: number, order: ForcedOrder): void {
    this.#now.streams.forced(index, order);
  }

  /** Index prices of all listings, decimals, once a second; makes the mark prices of them. */
  setIndexPrices(prices: readonly number[], nowUs: number): void {
    this.#now.symbols.forEach(({ mark }, index) => {
      if (mark !== undefined) this.#sampleMark(index, mark, prices[index]!, nowUs);
    });
  }

  #sampleMark(index: number, mark: MarkPrice, indexPrice: number, nowUs: number): void {
    const { facts, inside, symbols } = this.#now;
    const { text, data } = symbols[index]!;
    const { rate, nextUs } = facts!.funding(index);
    const { unit } = text.price;
    mark.sample(nowUs, indexPrice, inside.midTicks(index) * unit, (data.lastTrade?.ticks ?? 0) * unit, Number(rate), nextUs);
    facts!.setPrices(index, mark.mark, mark.index, nowUs);
  }

  /** A funding has been paid. */
  funded(funding: PastFunding): void {
    this.#fundings.push(funding);
    if (this.#fundings.length > FUNDINGS_KEPT) this.#fundings.shift();
  }

  /** Fundings of all symbols, oldest first; those before the venue opened are as made up as its candles, at the interest rate. */
  fundings(): readonly PastFunding[] {
    this.#pastFundings ??= this.#now.symbols.flatMap(({ text, data }) => data.klines['8h'].earlier().slice(-PAST_FUNDINGS).map(({ closeUs, close }) => ({
      symbol: text.symbol, rate: INTEREST_RATE, atUs: closeUs + 1, markPrice: fixed(close * text.price.unit, 8),
    }))).sort((a, b) => a.atUs - b.atUs);
    return [...this.#pastFundings, ...this.#fundings];
  }

  /** Mid prices of all listings, decimals. */
  midPrices(): number[] {
    const { inside } = this.#now;
    return this.#texts.map(({ price }, index) => inside.midTicks(index) * price.unit);
  }

  /** Arbitrage with the other product: draws every symbol's value by `share` of the way to a price. */
  drawTo(prices: readonly number[], share: number): void {
    const { inside } = this.#now;
    this.#texts.forEach(({ price }, index) => inside.drawTo(index, prices[index]! / price.unit, share));
  }

  get inside(): MarketInside {
    return this.#now.inside;
  }

  get facts(): PerpetualFacts | undefined {
    return this.#now.facts;
  }

  get symbols(): readonly StreamedSymbol[] {
    return this.#now.symbols;
  }

  /** A symbol as listed; undefined when it is not. */
  symbol(name: string): StreamedSymbol | undefined {
    const index = this.#indexOf.get(name);
    return index === undefined ? undefined : this.#now.symbols[index];
  }

  get #now(): Opened {
    if (this.#opened === null) throw new Error(`the ${this.product} market is not open`);
    return this.#opened;
  }
}
