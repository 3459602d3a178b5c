import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountBehaviour } from '../../../actors/account/account.js';
import type { AccountMessage, AccountReply, EntryRequest } from '../../../actors/account/messages.js';
import type { Decision } from '../../../actors/journal/decision.js';
import type { RiskInput, RiskMessage } from '../../../actors/risk/messages.js';
import { riskBehaviour } from '../../../actors/risk/risk.js';
import type { TruthState } from '../../../actors/truth/messages.js';
import type { VenueControl, VenueEvent } from '../../../actors/venue/messages.js';
import { riskSchema } from '../../../config/engine/index.js';
import { tradingSchema } from '../../../config/index.js';
import { worker } from '../../../runtime/index.js';
import { btc } from '../support/instruments.js';
import { probe, tree } from '../support/tree.js';

const eth = { ...btc, index: 1, symbol: 'ETHUSDT' };
const FRESH: TruthState = { type: 'truth.state', product: 'usdm', freshness: 'fresh', reasons: [], asOfMs: 1, readMs: 1, positions: [] };

/** Account and gate; the order's fate at the venue is not their affair. */
class Desk {
  readonly replies: AccountReply[] = [];
  readonly controls: VenueControl[] = [];
  readonly tree;
  #entries = 0;

  constructor(input: Partial<RiskInput> = {}, withGate = true) {
    const trading = tradingSchema.parse({ account: { maxConcurrent: 10, maxTotalExposureShare: 5, maxSymbolExposureShare: 5 } });
    this.tree = tree([
      probe('owner', this.replies), probe('kernel', this.controls),
      worker({
        id: 'account', restore: 'lastGood', behaviour: accountBehaviour(trading),
        input: { symbols: [{ instrument: btc, detectorPath: null }, { instrument: eth, detectorPath: null }], strategyPaths: ['/owner'], kernelPath: '/kernel', risk: { path: '/risk', timeoutMs: 100 } },
      }),
      ...(withGate ? [worker({
        id: 'risk', restore: 'lastGood', behaviour: riskBehaviour(riskSchema.parse({})),
        input: { instruments: [btc, eth], limits: { maxSymbolNotional: '0', maxTotalNotional: '0', maxOpenOrders: 0 }, needsTruth: true, truthMaxAgeMs: 120_000, paused: { on: false, reason: '' }, ...input },
      })] : []),
    ]);
  }

  risk(...messages: RiskMessage[]): this {
    for (const message of messages) this.tree.runtime.send('/risk', message);
    this.tree.runtime.drain();
    return this;
  }
  account(message: AccountMessage): void {
    this.tree.runtime.send('/account', message);
    this.tree.runtime.drain();
  }
  market(symbol = 0, ticks = 100_000): this {
    return this.risk({ type: 'price', symbol, bidTicks: ticks - 1, askTicks: ticks + 1, markTicks: ticks, atUs: this.tree.runtime.nowUs() });
  }
  wait(ms: number): this {
    this.tree.runtime.advanceTo(this.tree.runtime.nowUs() + ms * 1000);
    return this;
  }
  /** What became of an entry: `granted`, the refusing guard, or nothing yet. */
  enter(change: Partial<EntryRequest> = {}): string {
    const id = `e${(this.#entries += 1)}`;
    this.account({ type: 'entry.request', id, owner: '/owner', strategy: 's', symbol: 0, side: 'buy', kind: 'limit', priceTicks: 100_000, timeInForce: 'GTC', equityShare: 0.1, seq: 1, dueUs: 0, ...change });
    return this.fate(change.id ?? id);
  }
  fate(id: string): string {
    const reply = this.replies.findLast((each) => (each.type === 'entry.granted' || each.type === 'entry.refused') && each.id === id);
    return reply === undefined ? 'nothing' : reply.type === 'entry.granted' ? 'granted' : (reply as Extract<AccountReply, { type: 'entry.refused' }>).reason;
  }
  get journal(): readonly Decision[] {
    return this.tree.decisions;
  }
}
const open = (input: Partial<RiskInput> = {}): Desk => new Desk(input).risk(FRESH).market().market(1);

test('with a fresh truth, a price and no objection it opens', () => {
  const desk = open();
  assert.equal(desk.enter(), 'granted');
  assert.equal(desk.controls.length, 1);
});

test('a truth that has fallen silent opens nothing, whatever it said last', () => {
  const desk = open({ truthMaxAgeMs: 25_000 });
  desk.wait(24_000).market();
  assert.equal(desk.enter(), 'granted');
  desk.wait(1001).market();
  assert.equal(desk.enter(), 'truth_not_fresh');
  assert.equal(desk.risk(FRESH).enter(), 'granted');
});

test('a gate that is down is a no, without a gate nothing opens, and closings pass all the same', () => {
  const desk = new Desk({}, false);
  assert.equal(desk.enter(), 'risk_down');
  assert.equal(desk.controls.length, 0);
  const refusal = desk.journal.find(({ kind }) => kind === 'refusal');
  assert.equal(refusal?.data['reason'], 'risk_down');
});

test('each guard refuses under its own name, and lets go again', () => {
  const cases: readonly (readonly [guard: string, trip: (desk: Desk) => void, release: ((desk: Desk) => void) | null])[] = [
    ['truth_not_fresh', (desk) => void desk.risk({ ...FRESH, freshness: 'stale', reasons: ['user stream: reset'] }), (desk) => void desk.risk(FRESH)],
    ['truth_not_fresh', (desk) => void desk.risk({ ...FRESH, freshness: 'unknown' }), (desk) => void desk.risk(FRESH)],
    ['unknown_order', (desk) => void desk.risk({ type: 'order.blocked', symbol: 0, on: true }), (desk) => void desk.risk({ type: 'order.blocked', symbol: 0, on: false })],
    ['breaker_open', (desk) => void desk.risk({ type: 'breaker', product: 'usdm', class: 'order', open: true }), (desk) => void desk.risk({ type: 'breaker', product: 'usdm', class: 'order', open: false })],
    ['key_refused', (desk) => void desk.risk({ type: 'key', product: 'usdm', class: 'order', refused: true, detail: '401, -2015' }), (desk) => void desk.risk({ type: 'key', product: 'usdm', class: 'order', refused: false, detail: '' })],
    ['key_refused', (desk) => void desk.risk({ type: 'key', product: 'usdm', class: 'cancel', refused: true, detail: '401, -2015' }), (desk) => void desk.risk({ type: 'key', product: 'usdm', class: 'cancel', refused: false, detail: '' })],
    ['operator_pause', (desk) => void desk.risk({ type: 'risk.pause', on: true, reason: 'lunch' }), (desk) => void desk.risk({ type: 'risk.pause', on: false, reason: '' })],
    ['price_unknown', (desk) => void desk.wait(60_001), (desk) => void desk.market()],
    ['price_deviation', (desk) => void desk.market(0, 90_000), (desk) => void desk.market()],
    ['store_failed', (desk) => void desk.risk({ type: 'store.failed', problem: 'no space left' }), null],
  ];
  for (const [guard, trip, release] of cases) {
    const desk = open();
    trip(desk);
    assert.equal(desk.enter(), guard);
    assert.equal(desk.controls.length, 0, guard);
    assert.ok(desk.journal.some(({ kind, data }) => kind === 'refusal' && data['reason'] === guard));
    release?.(desk);
    assert.equal(desk.enter(), release === null ? guard : 'granted');
  }
});

test('asks for prices again and again: a calm market tells of none, and what it told last counts for a minute only', () => {
  const asked: unknown[] = [];
  const { runtime } = tree([probe('kernel', asked), worker({
    id: 'risk', restore: 'lastGood', behaviour: riskBehaviour(riskSchema.parse({})),
    input: { instruments: [btc], limits: { maxSymbolNotional: '0', maxTotalNotional: '0', maxOpenOrders: 0 }, needsTruth: false, truthMaxAgeMs: 120_000, paused: { on: false, reason: '' }, kernelPath: '/kernel' },
  })]);
  assert.deepEqual(asked, [{ type: 'prices' }]);
  for (const since = runtime.nowUs(); runtime.nowUs() < since + 60e6;) runtime.advanceTo(runtime.nowUs() + 1e6);
  assert.equal(asked.length, 7);
});

test('a doubt about one instrument does not close another; market-data breakers close nothing', () => {
  const desk = open().risk({ type: 'order.blocked', symbol: 1, on: true }, { type: 'breaker', product: 'usdm', class: 'market', open: true }, { type: 'breaker', product: 'spot', class: 'order', open: true });
  assert.equal(desk.enter(), 'granted');
  assert.equal(desk.enter({ symbol: 1 }), 'unknown_order');
});

test('before anything was read it is closed, in paper it is not', () => {
  assert.equal(new Desk().market().enter(), 'truth_not_fresh');
  assert.equal(new Desk({ needsTruth: false }).market().enter(), 'granted');
});

test('exposure counts ours, what is on its way, and others’ positions, by symbol and in all', () => {
  // An entry is 0.1 x 10,000 = 1,000 at most: 0.099 BTC at 10,000 = 990 … with lots of 0.001 it is exactly 0.1 BTC = 1,000.
  const desk = open({ limits: { maxSymbolNotional: '2500', maxTotalNotional: '3500', maxOpenOrders: 0 } });
  assert.deepEqual([desk.enter(), desk.enter(), desk.enter()], ['granted', 'granted', 'symbol_exposure']);
  assert.deepEqual([desk.enter({ symbol: 1 }), desk.enter({ symbol: 1 })], ['granted', 'total_exposure']);
  // Somebody else's 0.2 BTC.
  const shared = open({ limits: { maxSymbolNotional: '2500', maxTotalNotional: '0', maxOpenOrders: 0 } }).risk({ ...FRESH, positions: [{ symbol: 0, positionSide: 'BOTH', signedLots: -200, entryPrice: '' }] });
  assert.equal(shared.enter(), 'symbol_exposure');
  assert.equal(shared.enter({ symbol: 1 }), 'granted');
});

test('orders are counted', () => {
  const desk = open({ limits: { maxSymbolNotional: '0', maxTotalNotional: '0', maxOpenOrders: 2 } });
  assert.deepEqual([desk.enter(), desk.enter(), desk.enter()], ['granted', 'granted', 'order_count']);
});

test('exits never ask, whatever is closed', () => {
  const desk = open();
  assert.equal(desk.enter(), 'granted');
  const lots = (desk.controls[0] as Extract<VenueControl, { type: 'order.new' }>).lots;
  const fill: VenueEvent = { type: 'order.fill', id: 'e1', symbol: 0, seq: 2, atUs: 1, priceTicks: 100_000, lots, remainingLots: 0, liquidity: 'taker', reason: 'took_book' };
  desk.account(fill);
  desk.risk({ type: 'risk.pause', on: true, reason: 'x' }, { ...FRESH, freshness: 'unknown' }, { type: 'store.failed', problem: 'x' });
  desk.account({ type: 'exit.request', id: 'x1', tradeId: 'e1', owner: '/owner', kind: 'market', priceTicks: 0, lots, timeInForce: 'IOC', purpose: 'manual', seq: 3, dueUs: 0 });
  assert.deepEqual(desk.controls.slice(1).map((each) => [each.type, each.id]), [['order.new', 'x1']]);
});

test('an entry that is taken back or switched off while the gate is asked never opens', () => {
  for (const message of [{ type: 'cancel.request', id: 'slow', owner: '/owner', seq: 1, dueUs: 0 }, { type: 'flatten.request', owner: '/owner', purpose: 'manual', seq: 1 }] as const) {
    const desk = new Desk({}, false);
    // Nobody answers: it hangs until the deadline.
    desk.tree.runtime.send('/account', { type: 'entry.request', id: 'slow', owner: '/owner', strategy: 's', symbol: 0, side: 'buy', kind: 'limit', priceTicks: 100_000, timeInForce: 'GTC', equityShare: 0.1, seq: 1, dueUs: 0 });
    desk.tree.runtime.send('/account', message);
    desk.tree.runtime.drain();
    desk.wait(1000);
    assert.equal(desk.controls.length, 0);
    assert.notEqual(desk.fate('slow'), 'granted');
    assert.equal(desk.replies.filter(({ type }) => type === 'entry.refused').length, 1);
  }
});

test('a time to live that is sent with the entry follows it to the venue; a cancel that is due takes it back', () => {
  const desk = new Desk().market().risk(FRESH);
  const { runtime } = desk.tree;
  const entry = { type: 'entry.request', owner: '/owner', strategy: 's', symbol: 0, side: 'buy', kind: 'limit', priceTicks: 100_000, timeInForce: 'GTC', equityShare: 0.1, seq: 1, dueUs: 0 } as const;
  const cancelAt = (id: string, dueUs: number): AccountMessage => ({ type: 'cancel.request', id, owner: '/owner', seq: 1, dueUs });
  const laterUs = runtime.nowUs() + 1_000_000;
  for (const message of [{ ...entry, id: 'lives' }, cancelAt('lives', laterUs), { ...entry, id: 'taken-back' }, cancelAt('taken-back', runtime.nowUs())]) runtime.send('/account', message);
  runtime.drain();
  assert.deepEqual(desk.controls.map(({ type, id, dueUs }) => [type, id, dueUs]), [['order.new', 'lives', 0], ['order.cancel', 'lives', laterUs]]);
  assert.deepEqual(desk.replies.map(({ type }) => type).sort(), ['entry.granted', 'entry.refused']);
});
