import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SymbolKernel } from '../../../actors/market/symbol.js';
import { DEFAULT_INDICATOR_PARAMS } from '../../../config/indicators.js';
import { Flag, Kind } from '../../../data/records/layout.js';
import { mean, median } from './reference/seconds.js';
import { instrument, records } from './records.js';
import type { Rec } from './records.js';

const START_S = 1_760_130_000;
const SECONDS = 400;
const PARAMS = { ...DEFAULT_INDICATOR_PARAMS, realisedSpreadSeconds: 5, kyleIntervalSeconds: 2, kyleIntervals: 6, kyleMinIntervals: 4 };

interface Quote { readonly bid: number; readonly bidLots: number; readonly ask: number; readonly askLots: number }
interface Print { readonly sign: number; readonly price: number; readonly mid: number }

/** A walk with a quote at the start and end of every second and trades between, and what a slow reader needs of each second. */
function market(): { records: Rec[][]; last: Quote[]; prints: Print[][] } {
  let state = 12_345;
  const random = (n: number): number => (state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff) % n;
  const seconds: Rec[][] = [];
  const last: Quote[] = [];
  const prints: Print[][] = [];
  let price = 20_000;
  let id = 1;
  for (let s = 0; s < SECONDS; s++) {
    const list: Rec[] = [];
    const sold: Print[] = [];
    let quote: Quote = { bid: 0, bidLots: 0, ask: 0, askLots: 0 };
    const at = (part: number): number => (START_S + s) * 1e6 + part * 100_000;
    const show = (part: number): void => {
      price += random(21) - 10;
      quote = { bid: price - 1 - random(3), bidLots: 1 + random(50), ask: price + 1 + random(3), askLots: 1 + random(50) };
      list.push({ kind: Kind.BOOK_TICKER, exch: at(part), id: id++, price: quote.bid, qty: quote.bidLots, price2: quote.ask, aux: quote.askLots });
    };
    show(0);
    for (let part = 1; part < 9; part++) {
      const buy = random(2) === 1;
      const p = buy ? quote.ask : quote.bid;
      list.push({ kind: Kind.TRADE, exch: at(part), id: id++, price: p, qty: 1 + random(200), flags: buy ? 0 : Flag.SELL });
      sold.push({ sign: buy ? 1 : -1, price: p, mid: (quote.bid + quote.ask) / 2 });
    }
    show(9);
    seconds.push(list);
    last.push(quote);
    prints.push(sold);
  }
  return { records: seconds, last, prints };
}

test('weighted mid, realised spread and the z of Kyle\'s lambda are what their definitions say (4.1)', () => {
  const { records: seconds, last, prints } = market();
  const kernel = new SymbolKernel(instrument(), PARAMS);
  const near = (actual: number, expected: number, what: string): void =>
    assert.ok(Object.is(actual, expected) || Math.abs(actual - expected) <= 1e-9 * Math.max(1, Math.abs(expected)), `${what}: ${actual}, reference ${expected}`);
  const slopes: number[] = [];
  const met: number[][] = [];
  let judged = 0;
  seconds.forEach((list, s) => {
    const tape = records(list);
    for (let r = 0; r < tape.n; r++) kernel.take(tape.F, tape.I, r);
    // A mark price touches nothing but the clock: it closes the second.
    const mark = records([{ kind: Kind.MARK, exch: (START_S + s + 1) * 1e6 }]);
    kernel.take(mark.F, mark.I, 0);
    const { bid, bidLots, ask, askLots } = last[s]!;
    const q = kernel.quantities();
    near(q.weightedMid, (bidLots * ask + askLots * bid) / (bidLots + askLots), `second ${s} weighted mid`);

    // Realised spread: the trades of five seconds ago meet the mid that stands now; the mean over a minute of them.
    const now = (bid + ask) / 2;
    met.push((prints[s - PARAMS.realisedSpreadSeconds] ?? []).map(({ sign, price, mid }) => (2 * sign * (price - now)) / mid));
    const minute = met.slice(-60).flat();
    near(q.realisedSpread, minute.length > 0 ? mean(minute) : NaN, `second ${s} realised spread`);

    if ((START_S + s + 1) % PARAMS.kyleIntervalSeconds !== 0) return;
    slopes.push(q.kyleLambda);
    // Its own history, lagged by one whole window of intervals, so that no estimate is judged by the data it was made of.
    const history = slopes.slice(0, -1).slice(0, Math.max(0, slopes.length - PARAMS.kyleIntervals)).filter((slope) => !Number.isNaN(slope));
    const spread = 1.4826 * median(history.map((slope) => Math.abs(slope - median(history))));
    const expected = history.length >= PARAMS.kyleMinIntervals && spread > 0 ? (q.kyleLambda - median(history)) / spread : NaN;
    near(q.kyleZ, expected, `second ${s} z of lambda`);
    if (!Number.isNaN(expected)) judged++;
  });
  assert.ok(judged > 100, `${judged} lambdas were judged`);
});
