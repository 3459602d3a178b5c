/** Views for the tests of reconciliation: arbitrary ones from small pools, so that the two often speak of the same things, and agreeing ones. */
import fc from 'fast-check';
import type { Instrument } from '../../../data/records/index.js';
import type { LocalOrder, LocalView, OrderLookup, ReconcileWindow, VenueOrder, VenueTrade, VenueView } from '../../../actors/truth/views.js';

export const ASKED = 1_000_000;
export const GRACE = 500;
export const OWN = 'fl-';

const instrument = (index: number, symbol: string, product: Instrument['product'], settle: string): Instrument => ({
  index, symbol, venue: product === 'spot' ? 'binance-spot' : 'binance-usdm', product, tickSize: '0.10', lotSize: '0.001', multiplier: '1', settle, inferred: [],
});
export const linear = [instrument(0, 'BTCUSDT', 'linear', 'USDT'), instrument(1, 'ETHUSDT', 'linear', 'USDT')];
export const spot = [instrument(0, 'BTCUSDT', 'spot', 'USDT'), instrument(1, 'BTCUSDC', 'spot', 'USDC')];
export const instrumentsOf = (product: VenueView['product']): readonly Instrument[] => (product === 'spot' ? spot : linear);

export function windowOf(product: VenueView['product'], change: Partial<ReconcileWindow> = {}): ReconcileWindow {
  return {
    fills: instrumentsOf(product).map(({ index }) => ({ symbol: index, sinceMs: 100, complete: true, problem: '' })), incomes: { sinceMs: 100, complete: true, problem: '' },
    instruments: instrumentsOf(product).map((each) => ({ instrument: each, baseAsset: product === 'spot' ? 'BTC' : '', minLots: 5 })),
    graceMs: GRACE, ownPrefixes: [OWN], protect: false, protectWithinMs: 2000, ...change,
  };
}

export const order = (change: Partial<VenueOrder> = {}): VenueOrder => ({
  service: 'order', symbol: 0, clientId: 'fl-1', venueId: '1', listId: null, side: 'buy', positionSide: 'BOTH', kind: 'LIMIT', reduceOnly: false, closePosition: false,
  priceTicks: 1000, triggerTicks: 0, lots: 10, filledLots: 0, ...change,
});
export const local = (change: Partial<LocalOrder> = {}): LocalOrder => ({ ...order(), owner: 'ours', purpose: 'entry', state: 'open', changedMs: 1000, expiresMs: 6000, ...change });
export const trade = (change: Partial<VenueTrade> = {}): VenueTrade => ({
  tradeId: '7', symbol: 0, venueOrderId: '1', clientId: null, side: 'buy', positionSide: 'BOTH', priceTicks: 1000, lots: 10, maker: false, fee: '0.05', feeAsset: 'USDT', realised: '0', venueMs: 5000,
  ...change,
});
export const noLocal = (change: Partial<LocalView> = {}): LocalView => ({
  product: 'usdm', hedgeMode: false, opening: false, orders: [], ended: [], positions: [], holdings: [], balances: [], fills: [], incomes: [], dust: [], ...change,
});
export const noVenue = (change: Partial<VenueView> = {}): VenueView => ({
  product: 'usdm', askedMs: ASKED, answeredMs: ASKED + 50, hedgeMode: false, orders: [], lookups: [], positions: [], balances: [], trades: [], incomes: [], ...change,
});

// ------------------------------------------------------------------ arbitrary views

const symbols = fc.constantFrom(0, 1);
const clientIds = fc.constantFrom('fl-1', 'fl-2', 'fl-3', 'web_9', 'autoclose-17', 'adl_autoclose');
const stampsMs = fc.constantFrom(50, 1000, 5000, ASKED - GRACE - 1, ASKED - 100, ASKED + 20);
const sides = fc.constantFrom('buy' as const, 'sell' as const);
const legs = fc.constantFrom('BOTH' as const, 'BOTH' as const, 'LONG' as const, 'SHORT' as const);
const amounts = fc.constantFrom('0', '1', '0.01', '0.000000000000000001', '100.5', '-3', 'nonsense');
const assets = fc.constantFrom('USDT', 'BTC', 'BNB');

const venueOrders: fc.Arbitrary<VenueOrder> = fc.record({
  service: fc.constantFrom('order' as const, 'order' as const, 'algo' as const), symbol: symbols, clientId: clientIds, venueId: fc.constantFrom('1', '2', '3'), listId: fc.constant(null), side: sides,
  positionSide: legs, kind: fc.constantFrom('LIMIT', 'MARKET', 'STOP_MARKET', 'STOP_LOSS_LIMIT'), reduceOnly: fc.boolean(), closePosition: fc.boolean(), priceTicks: fc.constantFrom(1000, 1001),
  triggerTicks: fc.constantFrom(0, 900), lots: fc.constantFrom(5, 10), filledLots: fc.constantFrom(0, 3),
});
const localOrders: fc.Arbitrary<LocalOrder> = fc.tuple(venueOrders, fc.record({
  owner: fc.constantFrom('ours' as const, 'foreign' as const), purpose: fc.constantFrom('entry' as const, 'stop' as const, 'other' as const),
  state: fc.constantFrom('sent' as const, 'open' as const, 'unknown' as const), changedMs: stampsMs, expiresMs: stampsMs, leaving: fc.boolean(),
})).map(([common, own]) => ({ ...common, ...own }));
const lookups: fc.Arbitrary<OrderLookup> = fc.tuple(venueOrders, stampsMs, fc.boolean(), fc.constantFrom('NEW' as const, 'FILLED' as const, 'CANCELED' as const, null)).map(([found, askedMs, byClient, status]) => ({
  service: found.service, symbol: found.symbol, by: byClient ? { clientId: found.clientId } : { venueId: found.venueId }, askedMs, found: status === null ? null : { ...found, status },
}));
const trades: fc.Arbitrary<VenueTrade> = fc.record({
  tradeId: fc.constantFrom('1', '2', '3', '4'), symbol: symbols, venueOrderId: fc.constantFrom('1', '2', '9'), clientId: fc.option(clientIds), side: sides, positionSide: legs, priceTicks: fc.constant(1000),
  lots: fc.constantFrom(1, 5, 10), maker: fc.boolean(), fee: amounts, feeAsset: assets, realised: fc.option(amounts), venueMs: stampsMs,
});
const some = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(arbitrary, { maxLength: 4 });
const uniquely = <T>(arbitrary: fc.Arbitrary<T>, key: (item: T) => string): fc.Arbitrary<T[]> => fc.uniqueArray(arbitrary, { maxLength: 3, selector: key });

export const anyLocal = (product: VenueView['product']): fc.Arbitrary<LocalView> => fc.record({
  product: fc.constant(product), hedgeMode: fc.boolean(), opening: fc.constantFrom(false, false, true), orders: some(localOrders),
  ended: some(fc.record({ service: fc.constant('order' as const), symbol: symbols, clientId: clientIds, endedMs: stampsMs })),
  positions: uniquely(fc.record({ symbol: symbols, positionSide: legs, signedLots: fc.integer({ min: -12, max: 12 }), ownLots: fc.integer({ min: -12, max: 12 }), changedMs: stampsMs }), (each) => `${each.symbol} ${each.positionSide}`),
  holdings: uniquely(fc.record({ symbol: symbols, asset: fc.constant('BTC'), quantity: amounts }), (each) => String(each.symbol)),
  balances: uniquely(fc.record({ asset: assets, total: amounts, changedMs: stampsMs }), (each) => each.asset),
  fills: uniquely(fc.record({ symbol: symbols, tradeId: fc.constantFrom('1', '2', '3', '4', '5'), lots: fc.constant(5), venueMs: stampsMs, disputed: fc.boolean() }), (each) => `${each.symbol} ${each.tradeId}`),
  incomes: fc.subarray(['a', 'b']), dust: fc.constant([]),
});
export const anyVenue = (product: VenueView['product']): fc.Arbitrary<VenueView> => fc.record({
  product: fc.constant(product), askedMs: fc.constant(ASKED), answeredMs: fc.constant(ASKED + 50), hedgeMode: fc.boolean(), orders: some(venueOrders), lookups: some(lookups),
  positions: uniquely(fc.record({ symbol: symbols, positionSide: legs, signedLots: fc.integer({ min: -12, max: 12 }), entryPrice: fc.constant('100') }), (each) => `${each.symbol} ${each.positionSide}`),
  balances: uniquely(fc.record({ asset: assets, total: amounts }), (each) => each.asset), trades: some(trades),
  incomes: some(fc.record({ id: fc.constantFrom('a', 'b', 'c'), kind: fc.constant('funding' as const), asset: assets, amount: amounts, symbol: fc.constant(0), venueMs: stampsMs })),
});
export const anyWindow = (product: VenueView['product']): fc.Arbitrary<ReconcileWindow> => fc.record({ complete: fc.boolean(), covered: fc.boolean(), protect: fc.boolean(), incomes: fc.boolean() }).map(({ complete, covered, protect, incomes }) =>
  windowOf(product, {
    protect, incomes: incomes ? { sinceMs: 100, complete, problem: complete ? '' : 'cut off' } : null,
    fills: instrumentsOf(product).slice(covered ? 0 : 1).map(({ index }) => ({ symbol: index, sinceMs: 100, complete, problem: complete ? '' : 'cut off' })),
  }));
