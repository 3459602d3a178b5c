/** What the top levels of a LIVE book say (FORMULAS 4.2.3 and 4.2.8): imbalances, worth, walls and suspected spoofs. */
import type { IndicatorParams } from '../../config/indicators.js';
import type { Book } from './book.js';
import { Walls } from './walls.js';

export class Depth {
  private readonly params: IndicatorParams;
  /** Order book imbalance of the top levels, -1 … 1. */
  obi = NaN;
  /** Worth of the top levels of each side in quote units, and their imbalance. */
  bid = NaN;
  ask = NaN;
  imbalance = NaN;
  readonly bidWalls: Walls;
  readonly askWalls: Walls;
  private wallSampleUs = 0;
  private spoofUntilUs = 0;
  private spoofMask = 0;
  /** Exchange time, set by the owner before `read`. */
  nowUs = 0;

  constructor(params: IndicatorParams, perTick: number, flat: number) {
    this.params = params;
    this.bidWalls = new Walls(params, params.depthLevels, perTick, flat);
    this.askWalls = new Walls(params, params.depthLevels, perTick, flat);
  }

  read(book: Book): void {
    const { bids, asks } = book;
    bids.sum();
    asks.sum();
    const bidLots = bids.sumLots;
    const askLots = asks.sumLots;
    this.obi = bidLots + askLots > 0 ? (bidLots - askLots) / (bidLots + askLots) : NaN;
    const bid = bids.sumWorth;
    const ask = asks.sumWorth;
    this.bid = bid;
    this.ask = ask;
    const total = bid + ask;
    this.imbalance = total > 0 ? (bid - ask) / total : NaN;
    if (this.nowUs >= this.wallSampleUs) this.sampleWalls(book);
  }

  /** The book is not LIVE any more: what it said no longer counts. */
  clear(): void {
    this.obi = NaN;
    this.bid = NaN;
    this.ask = NaN;
    this.imbalance = NaN;
    this.bidWalls.clear();
    this.askWalls.clear();
  }

  /** The exchange clock went back. */
  resync(): void {
    this.spoofUntilUs = 0;
    this.wallSampleUs = 0;
  }

  /** A trade of F[at] lots: it may explain why a wall shrinks. */
  trade(price: number, F: Float64Array, at: number): void {
    const { bidWalls, askWalls } = this;
    if (price >= bidWalls.low && price <= bidWalls.high) bidWalls.trade(price, F, at);
    if (price >= askWalls.low && price <= askWalls.high) askWalls.trade(price, F, at);
  }

  /** Bit 0: a wall on the bid side, bit 1: on the ask side. */
  get walls(): number {
    return (this.bidWalls.wall ? 1 : 0) | (this.askWalls.wall ? 2 : 0);
  }

  /** Sides with a suspected spoof of late, as `walls`. */
  spoofs(exchUs: number): number {
    return this.spoofUntilUs !== 0 && exchUs <= this.spoofUntilUs ? this.spoofMask : 0;
  }

  private sampleWalls({ bids, asks }: Book): void {
    const { params, bidWalls, askWalls, nowUs } = this;
    this.wallSampleUs = nowUs + params.wallSampleMs * 1000;
    bidWalls.nowUs = nowUs;
    askWalls.nowUs = nowUs;
    bidWalls.sample(bids);
    askWalls.sample(asks);
    if (bidWalls.spoof || askWalls.spoof) {
      this.spoofMask = (bidWalls.spoof ? 1 : 0) | (askWalls.spoof ? 2 : 0);
      this.spoofUntilUs = nowUs + params.jitterBufferMs * 1000;
    }
  }
}
