/**
 * One pair on several markets, looked at side by side: quotes by which one could be bought and the other sold at a profit after both fees, and prices
 * that are too far apart to be of one thing. For people and the log; nothing is traded by it, so it is no part of what a replay repeats.
 */
import type { SymbolFacts } from '../../actors/market/index.js';
import { feesOf } from '../../actors/venue/fees.js';
import type { CrossParams } from '../../config/engine/feeds.js';
import type { Config } from '../../config/index.js';
import type { Instrument } from '../../data/records/index.js';

export interface CrossMarket {
  readonly instrument: Instrument;
  /** Of its venue, as a share. */
  readonly takerShare: number;
}

export interface CrossFinding {
  readonly kind: 'arbitrage' | 'apart';
  /** Where it is cheaper, and where dearer. */
  readonly buy: string;
  readonly sell: string;
  /** Profit after fees over the price, or distance of the mids over their mean. */
  readonly share: number;
  readonly sinceUs: number;
}

/** Of the instruments of a run, with the fees of its configuration. */
export function crossCheckOf(instruments: readonly Instrument[], { engine, trading }: Config, onEdge: (finding: CrossFinding, on: boolean) => void): CrossCheck {
  return new CrossCheck(instruments.map((instrument) => ({ instrument, takerShare: feesOf(trading.venue, instrument.venue).takerBps / 10_000 })), engine.feeds.cross, onEdge);
}

interface Quote {
  readonly name: string;
  readonly bid: number;
  readonly ask: number;
  readonly takerShare: number;
}

const nameOf = ({ symbol, venue }: Instrument): string => `${symbol}@${venue}`;

/** Follows pairs of instruments of one name and one settlement asset. Findings count when they have held for `holdMs`. */
export class CrossCheck {
  readonly #params: CrossParams;
  readonly #pairs: readonly (readonly [CrossMarket, CrossMarket])[];
  readonly #since = new Map<string, { readonly finding: CrossFinding; readonly told: boolean }>();
  readonly #onEdge: (finding: CrossFinding, on: boolean) => void;
  #found = 0;

  /** `onEdge`: a finding has held, or a told one has ended. */
  constructor(markets: readonly CrossMarket[], params: CrossParams, onEdge: (finding: CrossFinding, on: boolean) => void) {
    this.#params = params;
    this.#onEdge = onEdge;
    this.#pairs = markets.flatMap((one, at) => markets.slice(at + 1)
      .filter(({ instrument: { symbol, settle, product } }) => symbol === one.instrument.symbol && settle === one.instrument.settle && product !== one.instrument.product)
      .map((other) => [one, other] as const));
  }

  /** Whether anything can be compared. */
  get idle(): boolean {
    return this.#pairs.length === 0;
  }
  /** Findings that have held so far. */
  get found(): number {
    return this.#found;
  }
  /** Those that hold now. */
  get standing(): readonly CrossFinding[] {
    return [...this.#since.values()].filter(({ told }) => told).map(({ finding }) => finding);
  }

  /** Looks at the quotes of this moment. A market whose book is not in step, or that is paused as stale, is not compared. */
  look(factsOf: (symbol: number) => SymbolFacts | undefined, nowUs: number): void {
    const seen = new Map<string, Omit<CrossFinding, 'sinceUs'>>();
    for (const [one, other] of this.#pairs) {
      const [a, b] = [quoteOf(one, factsOf), quoteOf(other, factsOf)];
      if (a === undefined || b === undefined) continue;
      for (const [cheap, dear] of [[a, b], [b, a]] as const) {
        const share = (dear.bid * (1 - dear.takerShare)) / (cheap.ask * (1 + cheap.takerShare)) - 1;
        if (share > this.#params.arbitrageShare) seen.set(`arbitrage ${cheap.name} ${dear.name}`, { kind: 'arbitrage', buy: cheap.name, sell: dear.name, share });
      }
      const [low, high] = a.bid + a.ask <= b.bid + b.ask ? [a, b] : [b, a];
      const apart = (2 * (high.bid + high.ask - low.bid - low.ask)) / (high.bid + high.ask + low.bid + low.ask);
      if (apart > this.#params.apartShare) seen.set(`apart ${a.name} ${b.name}`, { kind: 'apart', buy: low.name, sell: high.name, share: apart });
    }
    for (const [key, { finding, told }] of this.#since) {
      if (seen.has(key)) continue;
      this.#since.delete(key);
      if (told) this.#onEdge(finding, false);
    }
    for (const [key, each] of seen) {
      const before = this.#since.get(key);
      const finding: CrossFinding = { ...each, sinceUs: before?.finding.sinceUs ?? nowUs };
      const told = before?.told === true || nowUs - finding.sinceUs >= this.#params.holdMs * 1000;
      this.#since.set(key, { finding, told });
      if (!told || before?.told === true) continue;
      this.#found += 1;
      this.#onEdge(finding, true);
    }
  }
}

function quoteOf({ instrument, takerShare }: CrossMarket, factsOf: (symbol: number) => SymbolFacts | undefined): Quote | undefined {
  const facts = factsOf(instrument.index);
  if (facts === undefined || !facts.live || facts.pauses !== 0) return undefined;
  const { bestBidTicks, bestAskTicks } = facts.features;
  const tick = Number(instrument.tickSize);
  return bestBidTicks > 0 && bestAskTicks > 0 ? { name: nameOf(instrument), bid: bestBidTicks * tick, ask: bestAskTicks * tick, takerShare } : undefined;
}
