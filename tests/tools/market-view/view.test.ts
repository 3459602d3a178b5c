import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_CONFIG } from '../../../config/index.js';
import { DEFAULT_INDICATOR_PARAMS } from '../../../config/indicators.js';
import { SymbolDecisions } from '../../../tools/market-view/decisions.js';
import { MarketScan } from '../../../tools/market-view/scan.js';
import { fittingInterval, viewOf, type ViewQuery } from '../../../tools/market-view/view.js';
import { decodeView, encodeView, type MarketView, type MarketViewHead } from '../../../tools/ui/wire/market.js';
import { batchOf, headerOf, instrument, START_US, type MadeRecord } from './made.js';

const PROGRESS = { state: 'whole', growing: false, records: 0, total: 0, bytes: 0, firstUs: 0, lastUs: 0, newestFromUs: 0, notes: [] } as const;
const HEAD = { source: 'tape:x', symbol: 'X', progress: PROGRESS, instrument: { name: 'X', symbol: 'X', venue: 'v', product: 'linear', tickSize: '0.1', lotSize: '1', settle: 'USDT', trades: 0, quotes: 0, liquidations: 0 } } as const;

function scanned(records: readonly MadeRecord[]): MarketScan {
  const scan = new MarketScan(headerOf([instrument(0, 'X')]).instruments, DEFAULT_CONFIG);
  scan.take(batchOf(records), false);
  return scan;
}

function viewed(scan: MarketScan, query: Partial<ViewQuery>): MarketView {
  const whole: ViewQuery = { symbol: 'X', fromUs: scan.firstUs, toUs: scan.lastUs + 1, widthPx: 100, intervalSeconds: 1, layers: ['line', 'quotes', 'trades', 'liquidations'], indicators: [], ...query };
  return decodeView(viewOf(scan.symbols[0]!, new SymbolDecisions(), DEFAULT_INDICATOR_PARAMS, whole, HEAD, scan.lastUs));
}

const block = (view: MarketView, name: string): readonly number[] => [...view.blocks.get(name)!];

/** The tape's clock: it never goes back, whatever the stamps do. */
function clocked(records: readonly MadeRecord[]): readonly MadeRecord[] {
  let now = 0;
  return records.map((record) => {
    now = Math.max(now, record.atUs);
    return { ...record, atUs: now };
  });
}

/** Trades, quotes and liquidations some 0 to 3 s apart, some going back in time, a few at absurd prices. */
const market = fc.array(fc.record({
  kind: fc.constantFrom<MadeRecord['kind']>('trade', 'trade', 'trade', 'quote', 'liquidation'),
  stepUs: fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 0, max: 3_000_000 }) }, { weight: 1, arbitrary: fc.constantFrom(0, -2_000_000, 400_000_000) }),
  priceTicks: fc.oneof({ weight: 20, arbitrary: fc.integer({ min: 90, max: 110 }) }, { weight: 1, arbitrary: fc.constantFrom(1, 2_147_483_646) }),
  lots: fc.oneof({ weight: 20, arbitrary: fc.integer({ min: 0, max: 1000 }) }, { weight: 1, arbitrary: fc.constant(2 ** 40) }),
  sell: fc.boolean(),
}), { minLength: 1, maxLength: 400 }).map((steps) => {
  let at = START_US;
  return steps.map(({ stepUs, ...record }): MadeRecord => {
    at += stepUs;
    return { ...record, atUs: at };
  });
});

const spans = fc.record({ from: fc.double({ min: -0.1, max: 1, noNaN: true }), size: fc.double({ min: 0.001, max: 1.2, noNaN: true }), widthPx: fc.integer({ min: 1, max: 300 }) });

test('however it is decimated, every pixel keeps its least and greatest, and candles are those of all their trades', () => {
  fc.assert(fc.property(market, spans, (records, { from, size, widthPx }) => {
    const scan = scanned(records);
    const told = clocked(records);
    const whole = scan.lastUs - scan.firstUs + 1;
    const fromUs = Math.floor(scan.firstUs + whole * from);
    const toUs = fromUs + Math.max(1, Math.floor(whole * size));
    const view = viewed(scan, { fromUs, toUs, widthPx });
    const trades = told.filter(({ kind }) => kind === 'trade');

    // Candles: brute force over every trade.
    const seconds = view.head.intervalSeconds;
    assert.equal(seconds, fittingInterval(1, toUs - fromUs, widthPx));
    const bucket = (us: number): number => Math.floor(us / (seconds * 1e6)) * seconds * 1e6;
    const expected = new Map<number, MadeRecord[]>();
    for (const trade of trades) {
      if (trade.atUs >= bucket(fromUs) && bucket(trade.atUs) < toUs) expected.set(bucket(trade.atUs), [...expected.get(bucket(trade.atUs)) ?? [], trade]);
    }
    // One that begins before the end of the span, and whose first trade does.
    const candles = [...expected].filter(([, [first]]) => first!.atUs < toUs);
    const volume = (all: readonly MadeRecord[], sell: boolean): number => all.reduce((sum, one) => sum + (one.sell === sell ? one.lots! : 0), 0);
    assert.deepEqual(
      ['T', 'O', 'H', 'L', 'C', 'Buy', 'Sell', 'N'].map((name) => block(view, `candle${name}`)),
      [
        candles.map(([begin]) => begin), candles.map(([, all]) => all[0]!.priceTicks), candles.map(([, all]) => Math.max(...all.map((one) => one.priceTicks))),
        candles.map(([, all]) => Math.min(...all.map((one) => one.priceTicks))), candles.map(([, all]) => all.at(-1)!.priceTicks),
        candles.map(([, all]) => volume(all, false)), candles.map(([, all]) => volume(all, true)), candles.map(([, all]) => all.length),
      ],
    );
    assert.ok(candles.length <= widthPx / 2 + 2, 'bounded by the width');

    // The line: a few points a pixel, each a trade, with the extremes of each pixel among them.
    const lineT = block(view, 'lineT');
    const lineP = block(view, 'lineP');
    assert.ok(lineT.length <= 4 * widthPx + 2);
    const pixelOf = (us: number): number => {
      for (let k = widthPx - 1; k >= 0; k -= 1) if (us >= fromUs + ((toUs - fromUs) * k) / widthPx) return k;
      return -1;
    };
    const extremes = (points: readonly (readonly [number, number])[]): readonly unknown[] => {
      const found = new Map<number, [number, number]>();
      for (const [us, price] of points) {
        if (us < fromUs || us >= toUs) continue;
        const k = pixelOf(us);
        const before = found.get(k) ?? [price, price];
        found.set(k, [Math.min(before[0], price), Math.max(before[1], price)]);
      }
      return [...found];
    };
    if (trades.length > 0) {
      assert.deepEqual(extremes(lineT.map((us, n) => [us, lineP[n]!] as const)), extremes(trades.map((one) => [one.atUs, one.priceTicks] as const)));
      const known = new Set(trades.map((one) => `${one.atUs} ${one.priceTicks}`));
      assert.ok(lineT.every((us, n) => known.has(`${us} ${lineP[n]}`)), 'no point that was not a trade');
    }
    assert.equal(view.head.trades, trades.filter(({ atUs }) => atUs >= fromUs && atUs < toUs).length);

    // Quotes: the range of what held in a pixel, what came before it included.
    const quoted = told.filter(({ kind, priceTicks }) => kind === 'quote' && priceTicks > 0);
    const bidHigh = block(view, 'bidHigh');
    for (let k = 0; k < widthPx; k += 1) {
      const beginUs = fromUs + ((toUs - fromUs) * k) / widthPx;
      const endUs = fromUs + ((toUs - fromUs) * (k + 1)) / widthPx;
      // After 10 s without a quote the kernel says nothing of it; what it says is what counts, so only pixels with a quote of their own are compared.
      const own = quoted.filter(({ atUs }) => atUs >= beginUs && atUs < endUs);
      if (own.length > 0 && beginUs <= scan.lastUs) assert.ok(bidHigh[k]! >= Math.max(...own.map(({ priceTicks }) => priceTicks)));
    }
  }), { numRuns: 60 });
});

test('of liquidations the largest of each side and pixel is shown, and all are counted', () => {
  const lots = [5, 900, 7, 3];
  const scan = scanned(lots.map((size, n) => ({ kind: 'liquidation', atUs: START_US + n * 1000, priceTicks: 100 + n, lots: size, sell: n < 2 })));
  const view = viewed(scan, { widthPx: 1 });
  assert.equal(view.head.liquidations, 4);
  assert.deepEqual([block(view, 'liqQ'), block(view, 'liqP')], [[-900, 7], [101, 102]]);
});

test('trades are handed out one by one as soon as they fit', () => {
  const scan = scanned(Array.from({ length: 300 }, (_, n) => ({ kind: 'trade', atUs: START_US + n * 1000, priceTicks: 100, lots: n === 10 ? 0 : 1, sell: n % 2 === 0 })));
  assert.equal(viewed(scan, { widthPx: 100 }).blocks.has('tradeT'), false);
  const near = viewed(scan, { widthPx: 100, fromUs: START_US, toUs: START_US + 20_000 });
  assert.equal(near.blocks.get('tradeT')!.length, 20);
  // Also one of no lots has a side.
  assert.ok(Object.is(near.blocks.get('tradeQ')![10], -0));
});

test('an empty span, one point and a span of one microsecond answer what there is', () => {
  const scan = scanned([{ kind: 'trade', atUs: START_US, priceTicks: 7, lots: 3 }]);
  const one = viewed(scan, { fromUs: START_US, toUs: START_US + 1 });
  assert.deepEqual([block(one, 'candleO'), block(one, 'lineP')], [[7], [7]]);
  const past = viewed(scan, { fromUs: START_US - 2e6, toUs: START_US - 1e6 });
  assert.deepEqual([block(past, 'candleT'), block(past, 'lineP'), past.head.trades], [[], [7], 0]);
  const ages = viewed(scan, { fromUs: -9e15, toUs: 9e15 });
  assert.deepEqual(block(ages, 'candleO'), [7]);
});

test('what was packed is unpacked alike, names that are markup or not ASCII included, and bytes that are cut are refused', () => {
  const head = { ...HEAD, symbol: '<img src=x onerror=alert(1)>"', instrument: { ...HEAD.instrument, name: 'Ж\u2028𝄞' } } as unknown as Omit<MarketViewHead, 'blocks'>;
  const bytes = encodeView(head, new Map<string, Float64Array | Uint8Array>([['heat', Uint8Array.of(1, 2, 3)], ['lineT', Float64Array.of(1.5, Number.NaN, -0)]]));
  const { blocks, heat, head: back } = decodeView(bytes);
  assert.deepEqual([back.symbol, back.instrument.name, [...heat], [...blocks.get('lineT')!]], ['<img src=x onerror=alert(1)>"', 'Ж\u2028𝄞', [1, 2, 3], [1.5, Number.NaN, -0]]);
  for (let length = 0; length < bytes.length; length += 7) assert.throws(() => decodeView(bytes.subarray(0, length)), Error);
});
