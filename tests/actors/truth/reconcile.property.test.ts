import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { applyCorrections } from '../../../actors/truth/apply.js';
import { reconcile } from '../../../actors/truth/reconcile.js';
import type { Difference } from '../../../actors/truth/differences.js';
import type { LocalView, OrderLookup, ReconcileWindow, VenueOrder, VenueView } from '../../../actors/truth/views.js';
import { anyLocal, anyVenue, anyWindow, OWN, windowOf } from './worlds.js';

const RUNS = process.env['FAULTLINE_LONG'] === undefined ? 400 : 100_000;
const products = fc.constantFrom('usdm' as const, 'spot' as const);
const worlds = products.chain((product) => fc.tuple(anyLocal(product), anyVenue(product), anyWindow(product)));

const asksOrActs = ({ action }: Difference): boolean => action.do === 'lookUp' || action.do === 'protect' || action.do === 'cancelOrder';
const corrected = (local: LocalView, venue: VenueView, window: ReconcileWindow): LocalView =>
  applyCorrections(local, reconcile(local, venue, window).differences, window.instruments, window.ownPrefixes);

/** Agreement in the plainest words, written apart from the code under test: the same things with the same numbers. */
function agree(local: LocalView, venue: VenueView, window: ReconcileWindow): boolean {
  const facts = ({ service, symbol, clientId, venueId, side, positionSide, priceTicks, triggerTicks, lots, filledLots }: VenueOrder): string =>
    [service, symbol, clientId, venueId, side, positionSide, service === 'algo' ? '' : priceTicks, triggerTicks, lots, filledLots].join(' ');
  const same = (a: readonly string[], b: readonly string[]): boolean => JSON.stringify([...new Set(a)].sort()) === JSON.stringify([...new Set(b)].sort());
  const nonzero = (text: string): boolean => Number(text) !== 0;
  const reaches = (symbol: number, venueMs: number): boolean => window.fills.some((each) => each.symbol === symbol && venueMs >= each.sinceMs);
  const listed = venue.trades.filter(({ symbol, venueMs }) => reaches(symbol, venueMs)).map(({ symbol, tradeId }) => `${symbol} ${tradeId}`);
  const booked = local.fills.map(({ symbol, tradeId }) => `${symbol} ${tradeId}`);
  return (
    same(local.orders.map(facts), venue.orders.map(facts))
    && (venue.product === 'spot'
      || (local.hedgeMode === venue.hedgeMode && same(local.positions.filter((p) => p.signedLots !== 0).map((p) => `${p.symbol} ${p.positionSide} ${p.signedLots}`), venue.positions.filter((p) => p.signedLots !== 0).map((p) => `${p.symbol} ${p.positionSide} ${p.signedLots}`))))
    && same(local.balances.filter(({ total }) => nonzero(total)).map((b) => `${b.asset} ${b.total}`), venue.balances.filter(({ total }) => nonzero(total)).map((b) => `${b.asset} ${b.total}`))
    && listed.every((id) => booked.includes(id))
    && window.fills.every(({ complete }) => complete)
  );
}

test('any two views are compared without a throw, and what is corrected stays corrected: no endless loop', () => {
  fc.assert(
    fc.property(worlds, ([local, venue, window]) => {
      let now = local;
      // Cash that no trade explains shows once the fills are booked, and dust once positions are right: a few rounds, never more.
      for (let round = 0; round < 3; round += 1) now = corrected(now, venue, window);
      const { differences } = reconcile(now, venue, window);
      assert.deepEqual(differences.filter((each) => !asksOrActs(each)), []);
      assert.deepEqual(corrected(now, venue, window), { ...now, opening: false });
    }),
    { numRuns: RUNS },
  );
});

test('no difference and nothing unjudged is agreement', () => {
  let agreed = 0;
  fc.assert(
    fc.property(worlds, fc.boolean(), ([local, venue, anyWindow], calm) => {
      const window = calm ? windowOf(venue.product) : anyWindow;
      // Few worlds of chance come to agree: half of them begin with nothing that is in doubt.
      let now = calm ? { ...local, orders: [], ended: [], fills: [], balances: [], positions: [] } : local;
      for (let round = 0; round < 3; round += 1) now = corrected(now, venue, window);
      const { differences, unjudged } = reconcile(now, venue, window);
      if (differences.length > 0 || unjudged.length > 0) return;
      agreed += 1;
      assert.ok(agree(now, venue, window), JSON.stringify({ now, venue }));
    }),
    { numRuns: RUNS, seed: 14 },
  );
  assert.ok(agreed > RUNS / 100, `only ${agreed} worlds came to agree`);
});

test('views that agree have no difference, and every single change to one of them is seen', () => {
  fc.assert(
    fc.property(products.chain((product) => fc.tuple(anyLocal(product), anyVenue(product), fc.nat())), ([local, venue, pick]) => {
      const quiet = { ...venue, lookups: [], orders: unique(venue.orders), trades: [], incomes: [], balances: venue.balances.filter(({ total }) => total !== 'nonsense') };
      const window = windowOf(quiet.product);
      const before = { ...local, opening: false, fills: [], ended: [], orders: [], holdings: [], positions: [], balances: [] };
      const agreed = corrected(before, quiet, window);
      assert.ok(agree(agreed, quiet, window));
      const { differences, unjudged } = reconcile(agreed, quiet, window);
      assert.deepEqual({ differences: differences.filter(({ kind }) => kind !== 'orphanStop'), unjudged }, { differences: [], unjudged: [] });
      const changed = changes(quiet);
      const [name, other] = changed[pick % changed.length]!;
      const seen = reconcile(agreed, other, window);
      assert.ok(seen.differences.some(({ kind }) => kind !== 'orphanStop') || seen.unjudged.length > 0, `${name} was not seen`);
    }),
    { numRuns: RUNS },
  );
});

test('the order in which the exchange lists things is no difference', () => {
  fc.assert(
    fc.property(worlds, ([local, venue, window]) => {
      const unambiguous = { ...venue, orders: unique(venue.orders, ({ symbol, venueId }) => `${symbol} ${venueId}`), lookups: [], trades: uniqueTrades(venue), incomes: [] };
      const turned = { ...unambiguous, orders: unambiguous.orders.toReversed(), positions: venue.positions.toReversed(), balances: venue.balances.toReversed(), trades: unambiguous.trades.toReversed() };
      const sorted = (view: VenueView): string[] => reconcile(local, view, window).differences.map((each) => JSON.stringify(each)).sort();
      assert.deepEqual(sorted(turned), sorted(unambiguous));
    }),
    { numRuns: RUNS },
  );
});

test('once every query has been answered, what is left of an order is known or is said to be unjudged', () => {
  fc.assert(
    fc.property(worlds, fc.constantFrom('FILLED' as const, 'CANCELED' as const, null), ([local, venue, window], fate) => {
      const answers: OrderLookup[] = local.orders.map((order) => ({
        service: order.service, symbol: order.symbol, by: { clientId: order.clientId }, askedMs: Number.MAX_SAFE_INTEGER, found: fate === null ? null : { ...order, status: fate },
      }));
      const asked = { ...venue, lookups: answers };
      let now = local;
      for (let round = 0; round < 3; round += 1) now = corrected(now, asked, window);
      const { differences, unjudged } = reconcile(now, asked, window);
      assert.ok(differences.every(({ action }) => action.do !== 'lookUp'));
      for (const order of now.orders) {
        const listed = venue.orders.some((each) => each.clientId === order.clientId && each.symbol === order.symbol && each.service === order.service);
        if (!listed && order.clientId.startsWith(OWN)) assert.ok(unjudged.some(({ what, key }) => what === 'order' && key === order.clientId));
      }
    }),
    { numRuns: RUNS },
  );
});

function unique(orders: readonly VenueOrder[], by?: (order: VenueOrder) => string): VenueOrder[] {
  const once = [...new Map(orders.map((order) => [`${order.service} ${order.symbol} ${order.clientId}`, order])).values()];
  return by === undefined ? once : [...new Map(once.map((order) => [by(order), order])).values()];
}
function uniqueTrades(venue: VenueView): VenueView['trades'] {
  return [...new Map(venue.trades.map((trade) => [`${trade.symbol} ${trade.tradeId}`, trade])).values()];
}

/** One change each. */
function changes(venue: VenueView): (readonly [string, VenueView])[] {
  const [first, ...rest] = venue.orders;
  const newOrder: VenueOrder = {
    service: 'order', symbol: 0, clientId: 'by hand', venueId: '99', listId: null, side: 'buy', positionSide: 'BOTH', kind: 'LIMIT', reduceOnly: false, closePosition: false, priceTicks: 5, triggerTicks: 0, lots: 1, filledLots: 0,
  };
  const usdt = venue.balances.find(({ asset }) => asset === 'USDT')?.total ?? '0';
  const list: (readonly [string, VenueView])[] = [
    ['an order more', { ...venue, orders: [...venue.orders, newOrder] }],
    ['a balance', { ...venue, balances: [...venue.balances.filter(({ asset }) => asset !== 'USDT'), { asset: 'USDT', total: usdt === '77' ? '78' : '77' }] }],
    ['a trade', { ...venue, trades: [{ tradeId: 'new', symbol: 1, venueOrderId: '5', clientId: null, side: 'buy', positionSide: 'BOTH', priceTicks: 10, lots: 1, maker: true, fee: '0', feeAsset: 'USDT', realised: '0', venueMs: 5000 }] }],
  ];
  if (first !== undefined) {
    list.push(['an order less', { ...venue, orders: rest }], ['a fill of an order', { ...venue, orders: [{ ...first, filledLots: first.filledLots + 1 }, ...rest] }]);
  }
  if (venue.product !== 'spot') {
    const [position, ...others] = venue.positions;
    list.push(['the mode', { ...venue, hedgeMode: !venue.hedgeMode }]);
    if (position !== undefined) list.push(['a position', { ...venue, positions: [{ ...position, signedLots: position.signedLots + 1 }, ...others] }]);
  }
  return list;
}
