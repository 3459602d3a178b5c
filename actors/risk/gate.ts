/** Whether an order may open, by one guard after the other. Pure. */
import type { RiskParams } from '../../config/engine/index.js';
import type { Instrument } from '../../data/records/index.js';
import { formatMoney, type Money, money } from '../account/money.js';
import { venueProductOf } from '../gateway/decode/index.js';
import { valuationOf } from '../ledger/cash.js';
import type { VenueProduct } from '../engine/io.js';
import type { TruthState } from '../truth/messages.js';
import type { PriceReference, RiskAnswer, RiskGuard, RiskInput, RiskQuestion } from './messages.js';

export interface Circumstances {
  readonly input: RiskInput;
  readonly paused: string | null;
  readonly storeFailed: string | null;
  readonly truths: ReadonlyMap<VenueProduct, TruthState>;
  /** When each was said last, µs. */
  readonly saidUs: ReadonlyMap<VenueProduct, number>;
  /** Symbols with an order in doubt. */
  readonly blocked: ReadonlySet<number>;
  /** `product class` of breakers that are open. */
  readonly breakers: ReadonlySet<string>;
  /** By `product class`: what the venue said of a key that it will not have there. */
  readonly refusedKeys: ReadonlyMap<string, string>;
  readonly prices: ReadonlyMap<number, PriceReference>;
}

const refuse = (guard: RiskGuard, detail: string): RiskAnswer => ({ ok: false, guard, detail });

/** Guards that look at no order; undefined when none objects. */
export function closedFor(now: Circumstances, product: VenueProduct | undefined, nowUs: number): Extract<RiskAnswer, { ok: false }> | undefined {
  const refused = (guard: RiskGuard, detail: string): Extract<RiskAnswer, { ok: false }> => ({ ok: false, guard, detail });
  if (now.paused !== null) return refused('operator_pause', now.paused);
  if (now.storeFailed !== null) return refused('store_failed', now.storeFailed);
  if (!now.input.needsTruth || product === undefined) return undefined;
  const truth = now.truths.get(product);
  if (truth?.freshness !== 'fresh') return refused('truth_not_fresh', truth === undefined ? `${product}: not read yet` : `${product} ${truth.freshness}: ${truth.reasons.join('; ')}`);
  const ageMs = Math.floor((nowUs - (now.saidUs.get(product) ?? 0)) / 1000);
  if (ageMs > now.input.truthMaxAgeMs) return refused('truth_not_fresh', `${product}: nothing has been said of it for ${ageMs} ms`);
  for (const kind of ['order', 'cancel']) {
    const said = now.refusedKeys.get(`${product} ${kind}`);
    if (said !== undefined) return refused('key_refused', `${product} ${kind}: ${said}`);
  }
  // What market data and sessions suffer from is told by truth and feeds.
  for (const kind of ['order', 'cancel', 'account']) if (now.breakers.has(`${product} ${kind}`)) return refused('breaker_open', `${product} ${kind}`);
  return undefined;
}

/** Asks every guard; the first that objects names itself. @throws RangeError when an amount of ours is no decimal. */
export function judge(question: RiskQuestion, now: Circumstances, params: RiskParams, nowUs: number): RiskAnswer {
  const { input } = now;
  const instrument = input.instruments.find(({ index }) => index === question.symbol);
  if (instrument === undefined) return refuse('unknown_instrument', `symbol ${question.symbol}`);
  const closed = closedFor(now, venueProductOf(instrument), nowUs);
  if (closed !== undefined) return closed;
  if (now.blocked.has(question.symbol)) return refuse('unknown_order', `an order of ${instrument.symbol} is in doubt`);
  const { maxOpenOrders, maxSymbolNotional, maxTotalNotional } = input.limits;
  if (maxOpenOrders > 0 && question.workingOrders >= maxOpenOrders) return refuse('order_count', `${question.workingOrders} orders work, ${maxOpenOrders} may`);
  return price(question, now, params, nowUs) ?? exposure(question, instrument, now, money(maxSymbolNotional), money(maxTotalNotional)) ?? { ok: true };
}

/** The order's price against what the market says now. */
function price({ symbol, priceTicks }: RiskQuestion, { prices }: Circumstances, { priceMaxAgeMs, maxPriceDeviationShare }: RiskParams, nowUs: number): RiskAnswer | undefined {
  const known = prices.get(symbol);
  if (known === undefined) return refuse('price_unknown', 'no price of the market is known');
  const ageMs = Math.floor((nowUs - known.atUs) / 1000);
  if (ageMs > priceMaxAgeMs) return refuse('price_unknown', `the last price of the market is ${ageMs} ms old`);
  const references = [known.bidTicks, known.askTicks, known.markTicks].filter((ticks) => ticks > 0);
  if (references.length === 0) return refuse('price_unknown', 'no price of the market is known');
  const nearest = references.reduce((best, ticks) => (Math.abs(ticks - priceTicks) < Math.abs(best - priceTicks) ? ticks : best));
  if (!(priceTicks > 0) || Math.abs(priceTicks - nearest) > nearest * maxPriceDeviationShare) return refuse('price_deviation', `${priceTicks} ticks, the market is at ${nearest}`);
  return undefined;
}

/** What others hold of a symbol: the exchange's positions less what our trades have. */
function foreignLots(symbol: number, ownLots: number, truth: TruthState | undefined): number {
  let lots = 0;
  for (const position of truth?.positions ?? []) {
    if (position.symbol !== symbol) continue;
    const own = position.positionSide === 'BOTH' ? ownLots : position.positionSide === 'LONG' ? Math.max(0, ownLots) : Math.min(0, ownLots);
    lots += Math.abs(position.signedLots - own);
  }
  return lots;
}

/** Ours, on its way, and others', at the market's price, against the limits. */
function exposure(question: RiskQuestion, instrument: Instrument, { input, truths, prices }: Circumstances, maxSymbol: Money, maxTotal: Money): RiskAnswer | undefined {
  let total = 0n;
  let ofSymbol = 0n;
  for (const each of input.instruments) {
    const ours = question.exposure.find(({ symbol }) => symbol === each.index);
    const product = venueProductOf(each);
    const foreign = foreignLots(each.index, ours?.signedLots ?? 0, product === undefined ? undefined : truths.get(product));
    const ticks = Math.ceil(prices.get(each.index)?.markTicks ?? 0);
    let held = money(ours?.reserved ?? '0') + (ticks > 0 && foreign > 0 ? valuationOf(each).quoteNotional(foreign, ticks) : 0n);
    if (each.index === question.symbol) {
      held += valuationOf(instrument).quoteNotional(question.lots, question.priceTicks);
      ofSymbol = held;
    }
    total += held;
  }
  if (maxSymbol > 0n && ofSymbol > maxSymbol) return refuse('symbol_exposure', `${formatMoney(ofSymbol)} in ${instrument.symbol}, ${formatMoney(maxSymbol)} may be`);
  if (maxTotal > 0n && total > maxTotal) return refuse('total_exposure', `${formatMoney(total)} in all, ${formatMoney(maxTotal)} may be`);
  return undefined;
}
