import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SymbolFacts } from '../../../actors/market/index.js';
import { feedsSchema } from '../../../config/engine/feeds.js';
import { CrossCheck, type CrossFinding, type CrossMarket } from '../../../tools/engine/cross-check.js';
import { instrument } from '../../actors/support/instruments.js';

const spot: CrossMarket = { instrument: instrument({ index: 0, venue: 'binance-spot', product: 'spot', tickSize: '0.01' }), takerShare: 0.001 };
const perp: CrossMarket = { instrument: instrument({ index: 1, tickSize: '0.10' }), takerShare: 0.0005 };
const other: CrossMarket = { instrument: instrument({ index: 2, symbol: 'ETHUSDT' }), takerShare: 0.0005 };

class Scene {
  readonly edges: string[] = [];
  readonly #quotes = new Map<number, { readonly bid: number; readonly ask: number; readonly live: boolean; readonly pauses: number }>();
  readonly check: CrossCheck;
  #nowUs = 1_000_000;

  constructor(markets: readonly CrossMarket[] = [spot, perp, other]) {
    this.check = new CrossCheck(markets, feedsSchema.parse({ cross: { holdMs: 500, apartShare: 0.02 } }).cross, ({ kind, buy, sell }: CrossFinding, on) => void this.edges.push(`${kind} ${buy} ${sell} ${on}`));
  }
  /** Prices in quote units. */
  quote(market: CrossMarket, bid: number, ask: number, { live = true, pauses = 0 } = {}): this {
    const tick = Number(market.instrument.tickSize);
    this.#quotes.set(market.instrument.index, { bid: Math.round(bid / tick), ask: Math.round(ask / tick), live, pauses });
    return this;
  }
  wait(ms: number): this {
    for (let passed = 0; passed < ms; passed += 100) {
      this.#nowUs += 100_000;
      this.check.look((symbol) => {
        const quote = this.#quotes.get(symbol);
        return quote === undefined ? undefined : ({ live: quote.live, pauses: quote.pauses, features: { bestBidTicks: quote.bid, bestAskTicks: quote.ask } } as unknown as SymbolFacts);
      }, this.#nowUs);
    }
    return this;
  }
}

test('002-381: what can be bought on one market and sold on the other at a profit after both fees is told when it has held, and when it is over', () => {
  const scene = new Scene().quote(spot, 10_000, 10_000.01).quote(perp, 10_014, 10_014.1).quote(other, 1, 2).wait(2000);
  assert.deepEqual(scene.edges, [], 'the fees are 15 basis points');
  scene.quote(perp, 10_016, 10_016.1).wait(500);
  assert.deepEqual(scene.edges, [], 'told before it has held');
  scene.wait(200);
  assert.deepEqual(scene.edges, ['arbitrage BTCUSDT@binance-spot BTCUSDT@binance-usdm true']);
  const [finding] = scene.check.standing;
  assert.ok(Math.abs(finding!.share - ((10_016 * 0.9995) / (10_000.01 * 1.001) - 1)) < 1e-12);
  scene.quote(perp, 10_000, 10_000.1).wait(100);
  assert.deepEqual([scene.edges.at(-1), scene.check.standing.length, scene.check.found], ['arbitrage BTCUSDT@binance-spot BTCUSDT@binance-usdm false', 0, 1]);
  scene.quote(perp, 9980, 9980.1).wait(700);
  assert.equal(scene.edges.at(-1), 'arbitrage BTCUSDT@binance-usdm BTCUSDT@binance-spot true');
});

test('002-382: markets of one pair that are too far apart are doubted; a flicker, a book out of step and a pause are not', () => {
  const scene = new Scene().quote(spot, 10_000, 10_000.01).quote(perp, 10_300, 10_300.1);
  for (let n = 0; n < 5; n += 1) scene.quote(perp, 10_300, 10_300.1).wait(400).quote(perp, 10_000, 10_000.1).wait(100);
  scene.quote(perp, 10_300, 10_300.1, { live: false }).wait(2000).quote(perp, 10_300, 10_300.1, { pauses: 1 }).wait(2000);
  assert.deepEqual(scene.edges, []);
  scene.quote(perp, 10_300, 10_300.1).wait(700);
  assert.deepEqual(scene.check.standing.map(({ kind }) => kind).sort(), ['apart', 'arbitrage']);
});

test('pairs of other names, other settlement or one product are not compared', () => {
  assert.equal(new Scene([spot, other]).check.idle, true);
  assert.equal(new Scene([spot, { ...perp, instrument: { ...perp.instrument, settle: 'USDC' } }]).check.idle, true);
  assert.equal(new Scene([spot, { ...spot, instrument: { ...spot.instrument, index: 1 } }]).check.idle, true);
  assert.equal(new Scene().check.idle, false);
});
