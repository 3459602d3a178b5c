import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Prng } from '../../../actors/generator/prng.js';
import type { Difference } from '../../../actors/truth/differences.js';
import { causesOf, freshnessEdge, isKnown, lastFreshMs } from '../../../tools/engine-soak/explain.js';
import { growths, type Sample, slopeOf } from '../../../tools/engine-soak/memory.js';
import { TROUBLES } from '../../../tools/engine-soak/stage.js';
import { Bag, kindsIn, kindsOf, scriptText } from '../../../tools/engine-soak/troubles.js';
import { History } from '../../../tools/engine-soak/verdict.js';
import { parseScript } from '../../../tools/exchange/troubles/index.js';

const trade = { kind: 'fillMissed' } as Difference;
const funding = { kind: 'incomeMissed', income: { kind: 'funding' } } as unknown as Difference;

test('every script of the exchange is known by what it does, and can be moved to any symbol', () => {
  for (const name of kindsIn(TROUBLES)) {
    assert.ok(isKnown(name), `${name}: say in explain.ts what it does to an engine`);
    parseScript(scriptText(TROUBLES, name, 'ETHUSDT'), `${name}.toml`);
  }
  assert.match(scriptText(TROUBLES, 'liquidation', 'ETHUSDT'), /symbol = "ETHUSDT"/);
  // A quantity is one of the first symbol's.
  assert.doesNotMatch(scriptText(TROUBLES, 'manual-order', 'ETHUSDT'), /ETHUSDT/);
  const onSpot = kindsOf(TROUBLES, 'spot');
  assert.deepEqual(['liquidation', 'hedge-both', 'manual-order', 'fills-lost'].filter((name) => onSpot.includes(name)), ['manual-order', 'fills-lost']);
  assert.deepEqual(kindsOf(TROUBLES, 'usdm'), kindsIn(TROUBLES));
  assert.match(scriptText(TROUBLES, 'server-shutdown', 'ETHUSDT'), /at = "6s"/);
});

test('a difference is explained by what can make one of its kind and was on since truth was fresh, and by nothing else', () => {
  const spells = [{ name: 'fills-lost', fromMs: 100_000, toMs: 110_000 }, { name: 'missing-delete', fromMs: 100_000, toMs: 400_000 }];
  const at = (atMs: number, sinceMs = atMs) => causesOf({ product: 'usdm', kind: 'fillMissed', atMs, difference: trade }, sinceMs, spells, [{ what: 'death', atMs: 900_000 }]);
  assert.deepEqual([at(99_000), at(105_000), at(190_000), at(220_000)], [[], ['fills-lost'], ['fills-lost'], []]);
  assert.deepEqual([at(950_000), at(1_500_000), at(1_500_000, 950_000)], [['death'], [], ['death']]);
  assert.deepEqual(causesOf({ product: 'usdm', kind: 'incomeMissed', atMs: 5, difference: funding }, 5, [], []), ['funding']);
  const dust = { kind: 'dust' } as Difference;
  assert.deepEqual((['spot', 'usdm'] as const).map((product) => causesOf({ product, kind: 'dust', atMs: 5, difference: dust }, 5, [], [])), [['fees'], []]);
  // What is forgotten stays so; what else it did does not.
  const forgotten = (kind: 'fillNotAtVenue' | 'positionMismatch') => causesOf({ product: 'usdm', kind, atMs: 9e6, difference: trade }, 9e6, [{ name: 'fills-forgotten', fromMs: 0, toMs: 1 }], []);
  assert.deepEqual([forgotten('fillNotAtVenue'), forgotten('positionMismatch')], [['fills-forgotten'], []]);
  assert.deepEqual([
    freshnessEdge({ from: 'fresh', to: 'stale', reasons: 'last read 131564 ms ago: orders: -1021', atMs: 200_000 }), freshnessEdge({ from: 'stale', to: 'fresh', reasons: '', atMs: 5 }),
    freshnessEdge({ from: 'unknown', to: 'stale', reasons: '', atMs: 5 }), freshnessEdge({ kind: 'fillMissed', atMs: 5 }),
  ], [{ fresh: false, atMs: 68_436 }, { fresh: true, atMs: 5 }, undefined, undefined]);
  const edges = [{ fresh: true, atMs: 10 }, { fresh: false, atMs: 20 }, { fresh: true, atMs: 30 }];
  assert.deepEqual([lastFreshMs([], 5), lastFreshMs(edges, 15), lastFreshMs(edges, 25), lastFreshMs(edges, 35)], [-Infinity, 15, 20, 35]);
});

test('memory that grows is told, and one sample that is off is not', () => {
  const sample = (minute: number, heapMb: number, handles = 17): Sample => ({ minute, heapMb, externalMb: 28, rssMb: 200 + minute, ownMb: 120, handles });
  const flat = [0, 1, 2, 3, 4, 5, 6, 7].map((k) => sample(k * 5, 33 + (k % 3)));
  assert.deepEqual(growths(flat), []);
  assert.deepEqual(growths(flat.with(7, sample(35, 90))), []);
  assert.equal(growths(flat.map((each, k) => ({ ...each, heapMb: 33 + k * 2 }))).length, 1);
  assert.equal(growths(flat.map((each, k) => ({ ...each, handles: 17 + k * 2 }))).length, 1);
  assert.equal(slopeOf([[0, 1], [1, 3], [2, 5]]), 2);
});

test('what is drawn comes once before anything comes again, the same for a seed', () => {
  const names = ['a', 'b', 'c', 'd'];
  const draw = (seed: number): (string | undefined)[] => {
    const bag = new Bag(names, new Prng(seed, 1));
    return Array.from({ length: 8 }, () => bag.draw(() => true));
  };
  assert.deepEqual(draw(1), draw(1));
  assert.deepEqual([new Set(draw(2).slice(0, 4)), new Set(draw(2).slice(4))], [new Set(names), new Set(names)]);
});

test('a lost fill, a fill booked twice, an order twice and one that nobody meant are found', () => {
  const fill = (id: number) => ({ account: 1, id, symbol: 'BTCUSDT', qty: '0.5' });
  const order = (clientOrderId: string, orderId: number) => ({ account: 1, symbol: 'BTCUSDT', clientOrderId, orderId });
  const row = (key: string, quantity: string) => ({ table: 'fills' as const, key, row: { quantity }, seq: 1, atUs: 0 });
  const books = (fills: readonly ReturnType<typeof fill>[], orders: readonly ReturnType<typeof order>[]) =>
    ({ accounts: [{ account: 1, house: false, balances: {} }], positions: [], openOrders: [], openAlgoOrders: [], orders, algoOrders: [], fills });
  const history = new History();
  history.look(books([fill(1)], [order('fl-a', 1)]));
  history.look(books([fill(2), fill(3)], [order('fl-a', 2), order('fl-b', 3), order('web', 4)]));
  const intents = [{ table: 'intents' as const, key: 'fl-a', row: {}, seq: 1, atUs: 0 }];
  const rows = { intents, fills: [row('usdm BTCUSDT 1', '0.5'), row('usdm BTCUSDT 2', '1'), row('usdm BTCUSDT 9', '0.5')] };
  const found = history.compare(rows, false, false);
  assert.deepEqual(found.map((text) => text.split(':')[0]), ['doubled', 'lost', 'the record has a fill BTCUSDT 9 that the venue does not know', 'doubled', 'doubled']);
  assert.equal(history.tell(found).length, 5);
  assert.deepEqual(history.tell(found), []);
  assert.deepEqual(history.compare({ intents: [...intents, { ...intents[0]!, key: 'fl-b' }], fills: [1, 2, 3].map((id) => row(`usdm BTCUSDT ${id}`, '0.5')) }, false, true), []);
});
