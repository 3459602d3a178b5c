import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyCorrections } from '../../../actors/truth/apply.js';
import type { Difference } from '../../../actors/truth/differences.js';
import { reconcile } from '../../../actors/truth/reconcile.js';
import type { LocalView, PositionSide, ReconcileWindow, VenueView } from '../../../actors/truth/views.js';
import { ASKED, GRACE, local, noLocal, noVenue, order, trade, windowOf } from './worlds.js';

interface Case {
  readonly name: string;
  readonly local?: Partial<LocalView>;
  readonly venue?: Partial<VenueView>;
  readonly window?: Partial<ReconcileWindow>;
  /** Kind, action and what else matters, in order. */
  readonly finds: readonly string[];
  readonly unjudged?: readonly string[];
}

const told = (difference: Difference): string => {
  const detail = 'origin' in difference ? ` ${difference.origin}` : 'fate' in difference ? ` ${difference.fate}` : 'cause' in difference ? ` ${difference.cause}` : '';
  return `${difference.kind}${detail}: ${difference.action.do}`;
};
const OLD = ASKED - GRACE - 1;
const long10 = { symbol: 0, positionSide: 'BOTH' as const, signedLots: 10, ownLots: 10, changedMs: 1000 };
const venue10 = { symbol: 0, positionSide: 'BOTH' as const, signedLots: 10, entryPrice: '100' };
const stop = order({ service: 'algo', clientId: 'fl-stop', venueId: '50', side: 'sell', kind: 'STOP_MARKET', reduceOnly: true, triggerTicks: 900 });
const localStop = local({ ...stop, purpose: 'stop' });
const opened10: Partial<VenueView> = { positions: [venue10], trades: [trade()] };
/** Ten lots are held; the fill of these, signed, was told then. */
const justOpened = (signedLots: number, heardMs: number, positionSide: PositionSide = 'BOTH'): Partial<LocalView> =>
  ({ positions: [long10], fills: [{ symbol: 0, tradeId: '7', lots: 10, venueMs: 5000, heardMs, own: { positionSide, signedLots }, disputed: false }] });
const found = (change: Parameters<typeof order>[0], status: 'NEW' | 'FILLED' | 'CANCELED') => ({ ...order(change), status });

const cases: readonly Case[] = [
  { name: 'two empty views agree', finds: [] },
  { name: 'an order that is not listed is asked for by its id', local: { orders: [local()] }, finds: ['missingOrderAtVenue: lookUp'] },
  {
    name: 'the answer to a cancel was lost and it had filled (VENUE-API 4.6, 3)',
    local: { orders: [local()] }, venue: { lookups: [{ service: 'order', symbol: 0, by: { clientId: 'fl-1' }, askedMs: ASKED, found: found({ filledLots: 10 }, 'FILLED') }], trades: [trade()], positions: [venue10], balances: [{ asset: 'USDT', total: '-0.05' }] },
    finds: ['missingOrderAtVenue: settleOrder', 'fillMissed ours: bookFill'],
  },
  { name: 'an order the exchange has forgotten is forgotten', local: { orders: [local()] }, venue: { lookups: [{ service: 'order', symbol: 0, by: { clientId: 'fl-1' }, askedMs: ASKED, found: null }] }, finds: ['missingOrderAtVenue: forgetOrder'] },
  { name: 'a young order is not judged by an older list', local: { orders: [local({ changedMs: ASKED - 1 })] }, finds: [], unjudged: ['fl-1'] },
  { name: 'an order that ended after the list was asked for does not come back', local: { ended: [{ service: 'order', symbol: 0, clientId: 'fl-1', endedMs: ASKED }] }, venue: { orders: [order()] }, finds: [], unjudged: ['fl-1'] },
  { name: 'an unknown order that is listed is open (4.6, 2)', local: { orders: [local({ state: 'unknown' })] }, venue: { orders: [order()] }, finds: ['unknownOrderResolved open: openOrder'] },
  { name: '… and is not when its withdrawal was asked for after the list', local: { orders: [local({ state: 'unknown', leaving: true, changedMs: ASKED - GRACE + 1 })] }, venue: { orders: [order()] }, finds: [], unjudged: ['fl-1'] },
  { name: '… which it may still be when that was before', local: { orders: [local({ state: 'unknown', leaving: true, changedMs: ASKED - GRACE })] }, venue: { orders: [order()] }, finds: ['unknownOrderResolved open: openOrder'] },
  { name: 'an unknown order whose request may still be accepted is not judged', local: { orders: [local({ state: 'unknown', expiresMs: ASKED })] }, finds: [], unjudged: ['fl-1'] },
  { name: 'an unknown order is asked for once its request can no longer be accepted', local: { orders: [local({ state: 'unknown' })] }, finds: ['unknownOrder: lookUp'] },
  { name: '… a query from before that proves nothing', local: { orders: [local({ state: 'unknown' })] }, venue: { lookups: [{ service: 'order', symbol: 0, by: { clientId: 'fl-1' }, askedMs: 6000, found: null }] }, finds: ['unknownOrder: lookUp'] },
  { name: '… a query from after it, with the trades in full, does', local: { orders: [local({ state: 'unknown' })] }, venue: { lookups: [{ service: 'order', symbol: 0, by: { clientId: 'fl-1' }, askedMs: ASKED, found: null }] }, finds: ['unknownOrderResolved neverWas: forgetOrder'] },
  {
    name: '… and does not where the list of trades is cut off', local: { orders: [local({ state: 'unknown' })] },
    venue: { lookups: [{ service: 'order', symbol: 0, by: { clientId: 'fl-1' }, askedMs: ASKED, found: null }] }, window: { fills: [{ symbol: 0, sinceMs: 100, complete: false, problem: 'more than 1,000 trades' }] },
    finds: [], unjudged: ['fl-1', '0'],
  },
  { name: 'an order placed by hand is foreign (4.6, 12)', venue: { orders: [order({ clientId: 'web_1' })] }, finds: ['foreignOrder foreign: adoptOrder'] },
  {
    name: 'orders that the exchange makes are told by their names (4.6, 13)',
    venue: { orders: ['autoclose-1', 'adl_autoclose', 'settlement_autoclose-2', 'delivery_autoclose-3'].map((clientId) => order({ clientId })) },
    finds: ['liquidation', 'adl', 'settlement', 'delivery'].map((origin) => `foreignOrder ${origin}: adoptOrder`),
  },
  { name: 'an order of a run before is ours', venue: { orders: [order()] }, finds: ['forgottenOrder: adoptOrder'] },
  { name: 'what the exchange says of an order counts', local: { orders: [local()] }, venue: { orders: [order({ filledLots: 4 })] }, finds: ['orderDiffers: updateOrder'] },
  { name: 'a conditional order and the order it became have the same name and are two', local: { orders: [local({ ...stop })] }, venue: { orders: [stop, order({ clientId: 'fl-stop', side: 'sell' })] }, finds: ['forgottenOrder: adoptOrder', 'orphanStop: cancelOrder'] },
  { name: 'fills of a time without a stream are booked (4.6, 5)', venue: { trades: [trade()], positions: [venue10], balances: [{ asset: 'USDT', total: '-0.05' }] }, finds: ['fillMissed unknown: bookFill'] },
  { name: 'a fill told twice is one (4.6, 4)', local: { fills: [{ symbol: 0, tradeId: '7', lots: 10, venueMs: 5000, disputed: false }], positions: [long10] }, venue: { trades: [trade(), trade()], positions: [venue10] }, finds: [] },
  { name: 'a fill that the exchange does not list is disputed once', local: { fills: [{ symbol: 0, tradeId: '7', lots: 10, venueMs: 5000, disputed: false }] }, finds: ['fillNotAtVenue: disputeFill'] },
  {
    name: '… and is not when the stream told it after the list was asked for, whatever its stamp', local: { fills: [{ symbol: 0, tradeId: '7', lots: 10, venueMs: 5000, heardMs: ASKED, disputed: false }], positions: [{ ...long10, changedMs: ASKED }] },
    finds: [], unjudged: ['7', '0 BOTH'],
  },
  { name: 'flat at the exchange and not here is set right once (4.6, 10)', local: { positions: [long10] }, finds: ['positionMismatch unexplained: setPosition'] },
  { name: 'a position older than the trades that are listed (4.6, 9)', venue: { positions: [venue10] }, window: { fills: [{ symbol: 0, sinceMs: 100, complete: false, problem: '7 days at most' }] }, finds: ['positionMismatch window: setPosition'], unjudged: ['0'] },
  { name: 'the first view is taken as it is', local: { opening: true }, venue: { positions: [venue10], balances: [{ asset: 'USDT', total: '500' }] }, finds: ['positionMismatch opening: setPosition', 'balanceMismatch opening: setBalance'] },
  {
    name: 'hedge legs are separate positions (4.6, 11)', local: { hedgeMode: true, positions: [{ ...long10, positionSide: 'LONG' }] },
    venue: { hedgeMode: true, positions: [{ ...venue10, positionSide: 'LONG' }, { ...venue10, positionSide: 'SHORT', signedLots: -10 }] }, finds: ['positionMismatch unexplained: setPosition'],
  },
  { name: 'a change of position mode is told', venue: { hedgeMode: true }, finds: ['positionModeChanged: setMode'] },
  { name: 'funding is booked', venue: { incomes: [{ id: '1', kind: 'funding', asset: 'USDT', amount: '-0.4', symbol: 0, venueMs: 5000 }], balances: [{ asset: 'USDT', total: '-0.4' }] }, finds: ['incomeMissed: bookIncome'] },
  { name: 'a balance that nothing explains is told to the last unit', local: { balances: [{ asset: 'USDT', total: '10', changedMs: 0 }] }, venue: { balances: [{ asset: 'USDT', total: '10.00000001' }] }, finds: ['balanceMismatch unexplained: setBalance'] },
  { name: 'a position of ours without a stop (4.6, 19)', local: { positions: [long10] }, venue: { positions: [venue10] }, window: { protect: true }, finds: ['protectiveStopMissing: protect'] },
  { name: '… with its stop', local: { positions: [long10], orders: [localStop] }, venue: { positions: [venue10], orders: [stop] }, window: { protect: true }, finds: [] },
  { name: '… with a stop that has been on its way for a while', local: { positions: [long10], orders: [{ ...localStop, state: 'sent', expiresMs: ASKED + 1 }] }, venue: { positions: [venue10] }, window: { protect: true }, finds: [], unjudged: ['fl-stop', '0 BOTH'] },
  { name: '… with a stop for a part of it', local: { positions: [long10], orders: [{ ...localStop, lots: 6 }] }, venue: { positions: [venue10], orders: [{ ...stop, lots: 6 }] }, window: { protect: true }, finds: ['protectiveStopMissing: protect'] },
  { name: '… opened by a fill that was told within the guard’s time, whatever its stamp', local: justOpened(10, ASKED - 1999), venue: opened10, window: { protect: true }, finds: [], unjudged: ['0 BOTH'] },
  { name: '… and not before that', local: justOpened(10, ASKED - 2000), venue: opened10, window: { protect: true }, finds: ['protectiveStopMissing: protect'] },
  { name: '… of which a part was opened before that', local: justOpened(9, ASKED - 1999), venue: opened10, window: { protect: true }, finds: ['protectiveStopMissing: protect'] },
  { name: '… where that part has its stop', local: { ...justOpened(4, ASKED - 1999), orders: [{ ...localStop, lots: 6 }] }, venue: { ...opened10, orders: [{ ...stop, lots: 6 }] }, window: { protect: true }, finds: [], unjudged: ['0 BOTH'] },
  { name: '… after a fill that closed', local: justOpened(-10, ASKED - 1999), venue: opened10, window: { protect: true }, finds: ['protectiveStopMissing: protect'] },
  { name: '… after a fill on the other leg', local: justOpened(10, ASKED - 1999, 'LONG'), venue: opened10, window: { protect: true }, finds: ['protectiveStopMissing: protect'] },
  { name: '… after a fill that nobody was told of', local: { ...justOpened(10, ASKED), fills: [{ symbol: 0, tradeId: '7', lots: 10, venueMs: 5000, disputed: false }] }, venue: opened10, window: { protect: true }, finds: ['protectiveStopMissing: protect'] },
  { name: '… with somebody else’s stop', local: { positions: [long10], orders: [local({ ...stop, clientId: 'web_2', owner: 'foreign' })] }, venue: { positions: [venue10], orders: [{ ...stop, clientId: 'web_2' }] }, window: { protect: true }, finds: ['protectiveStopMissing: protect'] },
  { name: 'a foreign position needs no stop of ours', local: { positions: [{ ...long10, ownLots: 0 }] }, venue: { positions: [venue10] }, window: { protect: true }, finds: [] },
  { name: 'a stop without a position is an orphan', local: { orders: [localStop] }, venue: { orders: [stop] }, finds: ['orphanStop: cancelOrder'] },
  { name: '… and one that stands where all that is left is others’', local: { positions: [{ ...long10, ownLots: 0 }], orders: [localStop] }, venue: { positions: [venue10], orders: [stop] }, finds: ['orphanStop: cancelOrder'] },
  { name: '… unless our record does not know the stop: then the position may be what a lost record knew as ours', local: { positions: [{ ...long10, ownLots: 0 }], orders: [local({ ...stop, purpose: 'other' })] }, venue: { positions: [venue10], orders: [stop] }, finds: [] },
  { name: '… unless it is not known whose that is', local: { positions: [{ ...long10, ownLots: 0 }], orders: [localStop] }, venue: { positions: [venue10], orders: [stop] }, window: { fills: [{ symbol: 0, sinceMs: 100, complete: false, problem: 'more than 1,000 trades' }] }, finds: [], unjudged: ['0'] },
  { name: '… or a fill that makes it ours has just been told', local: { positions: [{ ...long10, ownLots: 0, changedMs: ASKED }], orders: [localStop] }, venue: { positions: [venue10], orders: [stop] }, finds: [] },
  { name: 'a remainder below the minimum is dust, and no loop', local: { positions: [{ ...long10, signedLots: 3, ownLots: 3 }] }, venue: { positions: [{ ...venue10, signedLots: 3 }] }, window: { protect: true }, finds: ['dust: leaveDust'] },
  {
    name: 'on spot only what we bought is ours, and somebody may have sold it', local: { product: 'spot', holdings: [{ symbol: 0, asset: 'BTC', quantity: '0.5' }], balances: [{ asset: 'BTC', total: '2', changedMs: 0 }] },
    venue: { product: 'spot', balances: [{ asset: 'BTC', total: '0.2' }] }, window: windowOf('spot'), finds: ['holdingShort: setHolding', 'balanceMismatch unexplained: setBalance'],
  },
  {
    name: '… that was sold and never bought, by any list, was not ours', local: { product: 'spot', holdings: [{ symbol: 0, asset: 'BTC', quantity: '-0.5' }], balances: [{ asset: 'BTC', total: '2', changedMs: 0 }] },
    venue: { product: 'spot', balances: [{ asset: 'BTC', total: '2' }] }, window: windowOf('spot'), finds: ['holdingShort: setHolding'],
  },
  {
    name: '… who has more than we bought is not our affair', local: { product: 'spot', holdings: [{ symbol: 0, asset: 'BTC', quantity: '0.5' }], balances: [{ asset: 'BTC', total: '2', changedMs: 0 }] },
    venue: { product: 'spot', balances: [{ asset: 'BTC', total: '2' }] }, window: windowOf('spot'), finds: [],
  },
  {
    name: '… a purchase whose fee was taken from it', local: { product: 'spot' }, window: windowOf('spot'),
    venue: { product: 'spot', trades: [trade({ clientId: 'fl-1', fee: '0.00001', feeAsset: 'BTC', realised: null })], balances: [{ asset: 'BTC', total: '0.00999' }, { asset: 'USDT', total: '-1' }] }, finds: ['fillMissed ours: bookFill'],
  },
];

for (const each of cases) {
  test(each.name, () => {
    const mine = noLocal(each.local);
    const theirs = noVenue(each.venue);
    const window = windowOf(theirs.product, each.window);
    const { differences, unjudged } = reconcile(mine, theirs, window);
    assert.deepEqual(differences.map(told), each.finds);
    assert.deepEqual(unjudged.map(({ key }) => key), each.unjudged ?? []);
    const after = reconcile(applyCorrections(mine, differences, window.instruments, window.ownPrefixes), theirs, window).differences;
    assert.deepEqual(after.filter(({ action }) => !['lookUp', 'protect', 'cancelOrder'].includes(action.do)), [], 'told again after it was corrected');
  });
}

test('what is missing and what is left is said in numbers', () => {
  const [position] = reconcile(noLocal({ positions: [long10], orders: [{ ...localStop, lots: 6 }] }), noVenue({ positions: [venue10], orders: [{ ...stop, lots: 6 }] }), windowOf('usdm', { protect: true })).differences;
  assert.deepEqual(position, { kind: 'protectiveStopMissing', symbol: 0, positionSide: 'BOTH', ownLots: 10, protectedLots: 6, action: { do: 'protect', symbol: 0, positionSide: 'BOTH', lots: 4 } });
  const [balance] = reconcile(noLocal({ balances: [{ asset: 'USDT', total: '10', changedMs: OLD }] }), noVenue({ balances: [{ asset: 'USDT', total: '9.99999999' }] }), windowOf('usdm')).differences;
  assert.ok(balance?.kind === 'balanceMismatch');
  assert.equal(balance.difference, '-0.00000001');
});
