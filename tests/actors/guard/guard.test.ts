import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accountBehaviour } from '../../../actors/account/account.js';
import type { AccountReply, EntryRequest, ExitRequest } from '../../../actors/account/messages.js';
import { guardBehaviour, type GuardInput } from '../../../actors/guard/guard.js';
import type { Ward } from '../../../actors/guard/messages.js';
import { accountSchema, venueSchema } from '../../../config/index.js';
import { guardSchema } from '../../../config/engine/orders.js';
import { worker } from '../../../runtime/index.js';
import { openOrdersOf } from '../../../actors/orders/rows.js';
import { INSTRUMENT, Orders, SURE } from '../orders/harness.js';
import { isOpen, refused } from '../orders/sim-venue.js';
import { probe } from '../support/tree.js';

const ACCOUNT = '/trading/account';
const GUARD = '/trading/guard';

/** Account, orders and guard before the venue; the strategy is the test. */
class Guarded extends Orders {
  readonly replies: AccountReply[];

  /** `before`: the life that ended, and what its guard would be told of. */
  constructor(before?: { readonly life: Orders; readonly inherited: GuardInput['inherited'] }) {
    const replies: AccountReply[] = [];
    const input: GuardInput = { run: before === undefined ? 'run-1' : 'run-2', params: guardSchema.parse({}), accountPath: ACCOUNT, ...(before === undefined ? {} : { inherited: before.inherited! }) };
    super({
      ...(before === undefined ? {} : {
        after: before.life, venue: before.life.venue, startUs: before.life.nowUs, run: 'run-2', recovered: openOrdersOf([...before.life.rows.values()], () => 0).records,
      }),
      input: { accountPath: ACCOUNT },
      children: [
        probe('truth', []), probe('strategy', replies),
        worker({
          id: 'account', restore: 'lastGood', behaviour: accountBehaviour({ account: accountSchema.parse({ minNotional: '0' }), venue: venueSchema.parse({}) }),
          input: { symbols: [{ instrument: INSTRUMENT, detectorPath: null }], strategyPaths: [], kernelPath: '/trading/orders', guardPath: GUARD },
        }),
        worker({ id: 'guard', restore: 'lastGood', behaviour: guardBehaviour(), input }),
      ],
    });
    this.replies = replies;
  }

  account(message: EntryRequest | ExitRequest): this {
    this.runtime.send(ACCOUNT, message);
    this.runtime.drain();
    return this;
  }
  enter(id = 't1', equityShare = 0.0001): this {
    return this.account({
      type: 'entry.request', id, owner: '/trading/strategy', strategy: 'test', symbol: 0, side: 'buy', kind: 'limit', priceTicks: 1000, timeInForce: 'GTC', equityShare, seq: 1, dueUs: this.nowUs,
    });
  }
  stop(lots: number, id = 's1', tradeId = 't1'): this {
    return this.account({
      type: 'exit.request', id, tradeId, owner: '/trading/strategy', kind: 'stop', priceTicks: 970, lots, timeInForce: 'GTC', purpose: 'stop', seq: 1, dueUs: this.nowUs,
    });
  }
  get wards(): readonly { readonly id: string; readonly openLots: number; readonly nakedMs: number | null; readonly closing: string | null }[] {
    const view = this.runtime.inspect(GUARD)?.value as { readonly wards: Guarded['wards'] } | undefined;
    return view?.wards ?? [];
  }
  get position(): number {
    return this.venue.orders.reduce((sum, { side, filled }) => sum + (side === 'BUY' ? filled : -filled), 0);
  }
}

describe('guard', () => {
  it('lets the strategy\'s own stop stand', () => {
    const guarded = new Guarded().enter().run(50) as Guarded;
    guarded.venue.fill(guarded.venue.orders[0]!, 10);
    guarded.run(20);
    assert.equal(guarded.wards[0]!.openLots, 10);
    guarded.stop(10).run(3000);
    assert.deepEqual(guarded.wards.map(({ nakedMs, closing }) => [nakedMs, closing]), [[null, null]]);
    assert.equal(guarded.venue.algos.length, 1);
    assert.equal(guarded.position, 10);
  });

  it('places a stop of its own where the strategy sends none, and one for all when more fills', () => {
    const guarded = new Guarded().enter().run(50) as Guarded;
    const entry = guarded.venue.orders[0]!;
    guarded.venue.fill(entry, 4);
    guarded.run(400);
    assert.deepEqual(guarded.venue.algos.map(({ lots, trigger, reduceOnly, status }) => [lots, trigger, reduceOnly, status]), [[4, '97.5', true, 'NEW']]);
    guarded.venue.fill(entry, 6);
    guarded.run(600);
    assert.deepEqual(guarded.venue.algos.map(({ lots, status }) => [lots, status]), [[4, 'CANCELED'], [10, 'NEW']]);
    // Never a moment without: the new one stood before the old one went.
    const deleted = guarded.calls.findIndex(({ method }) => method === 'DELETE');
    assert.equal(guarded.calls.slice(0, deleted).filter(({ path, method }) => method === 'POST' && path.endsWith('algoOrder')).length, 2);
    assert.equal(guarded.position, 10);
  });

  it('closes at once what the venue will not protect', () => {
    const guarded = new Guarded();
    const handle = guarded.venue.handle.bind(guarded.venue);
    guarded.venue.handle = (call, stampMs) => (call.path.endsWith('algoOrder') && call.method === 'POST' ? refused(-2021, 'Order would immediately trigger.') : handle(call, stampMs));
    guarded.enter().run(50);
    guarded.venue.fill(guarded.venue.orders[0]!, 4);
    guarded.run(20);
    guarded.stop(10).run(300);
    assert.equal(guarded.position, 0);
    assert.ok(!isOpen(guarded.venue.orders[0]!), 'the rest of the entry is withdrawn');
    guarded.run(3000);
    assert.deepEqual(guarded.wards, []);
    // The trade is booked whole by the account.
    assert.equal(guarded.replies.filter(({ type }) => type === 'trade.closed').length, 1);
  });

  it('closes at market what has no confirmed stop after two seconds, and withdraws the stop that turns up', () => {
    const guarded = new Guarded();
    guarded.fate = ({ path, method }) => (path.endsWith('algoOrder') && method !== 'DELETE' ? { thereUs: 2000, backUs: null, unknownUs: 5_000_000, lie: 'none' } : SURE);
    guarded.enter().run(50);
    guarded.venue.fill(guarded.venue.orders[0]!, 10);
    guarded.streams = () => [];
    const filledUs = guarded.nowUs;
    guarded.run(1900);
    assert.equal(guarded.position, 10);
    guarded.streams = () => [1000];
    guarded.run(300);
    assert.equal(guarded.position, 0);
    assert.ok(guarded.nowUs - filledUs < 2_300_000);
    guarded.fate = () => SURE;
    guarded.run(30_000);
    assert.deepEqual(guarded.venue.algos.filter(({ status }) => status === 'NEW'), []);
  });

  it('asks ever more seldom with a key that may not trade, and at once when it may', () => {
    const guarded = new Guarded().enter().run(50) as Guarded;
    guarded.venue.fill(guarded.venue.orders[0]!, 10);
    const handle = guarded.venue.handle.bind(guarded.venue);
    guarded.venue.handle = (call, stampMs) => (call.method === 'POST' ? refused(-2015, 'Invalid API-key, IP, or permissions for action.') : handle(call, stampMs));
    const posts = (): number => guarded.calls.filter(({ method, class: callClass }) => method === 'POST' && callClass === 'order').length;
    const key = (isRefused: boolean): void => {
      guarded.runtime.send(GUARD, { type: 'key', product: 'usdm', class: 'order', refused: isRefused, detail: '-2015' });
      guarded.runtime.drain();
    };
    guarded.run(100);
    key(true);
    const before = posts();
    guarded.run(300_000);
    const tried = posts() - before;
    assert.ok(tried >= 5 && tried <= 14, `${tried} orders in five minutes`);
    assert.equal(guarded.position, 10);
    guarded.venue.handle = handle;
    key(false);
    guarded.run(1500);
    assert.equal(guarded.position, 0);
  });

  it('closes by itself where the account is there and does nothing', () => {
    const guarded = new Guarded().enter().run(50) as Guarded;
    assert.ok(guarded.runtime.suspend(ACCOUNT).ok);
    guarded.venue.fill(guarded.venue.orders[0]!, 10);
    guarded.run(5000);
    assert.equal(guarded.position, 0);
    assert.deepEqual(guarded.wards, []);
    // When it is there again, what it was asked for meanwhile closes nothing more, and its trade is over.
    assert.ok(guarded.runtime.resume(ACCOUNT).ok);
    guarded.run(10_000);
    assert.equal(guarded.replies.filter(({ type }) => type === 'trade.closed').length, 1);
    assert.equal(guarded.position, 0);
    assert.deepEqual([guarded.venue.orders.filter(isOpen), guarded.venue.algos.filter(({ status }) => status === 'NEW')], [[], []]);
  });

  it('withdraws what still reduces when the trade is flat', () => {
    const guarded = new Guarded().enter().run(50) as Guarded;
    guarded.venue.fill(guarded.venue.orders[0]!, 10);
    guarded.run(20);
    guarded.stop(10).run(50);
    guarded.account({ type: 'exit.request', id: 'm1', tradeId: 't1', owner: '/trading/strategy', kind: 'market', priceTicks: 0, lots: 10, timeInForce: 'IOC', purpose: 'time', seq: 1, dueUs: guarded.nowUs }).run(3000);
    assert.equal(guarded.position, 0);
    assert.deepEqual(guarded.venue.algos.map(({ status }) => status), ['CANCELED']);
    assert.deepEqual(guarded.wards, []);
  });

  it('sends no second exit at market while one is on its way, and opens nothing before the last exit of a trade that is over has ended', () => {
    const guarded = new Guarded().enter().run(50) as Guarded;
    guarded.venue.fill(guarded.venue.orders[0]!, 10);
    guarded.run(20);
    guarded.stop(10).run(50);
    const leave = (id: string): void => void guarded.account({ type: 'exit.request', id, tradeId: 't1', owner: '/trading/strategy', kind: 'market', priceTicks: 0, lots: 10, timeInForce: 'IOC', purpose: 'time', seq: 1, dueUs: guarded.nowUs });
    const told = (id: string): readonly string[] =>
      guarded.replies.flatMap((reply) => (reply.type === 'venue' && reply.event.id === id ? [reply.event.type === 'order.rejected' ? reply.event.reason : reply.event.type] : []));
    guarded.fate = ({ path, method }) => (method === 'DELETE' || path.endsWith('algoOrder') ? { ...SURE, thereUs: 500_000 } : SURE);
    leave('m1');
    leave('m2');
    assert.deepEqual(told('m2'), ['exit_pending']);
    guarded.run(50);
    assert.equal(guarded.position, 0);
    // Its stop is still to be withdrawn: it would reduce what opens now.
    guarded.enter('t2').run(50);
    assert.deepEqual(told('t2'), ['exit_pending']);
    guarded.fate = () => SURE;
    guarded.run(3000);
    guarded.enter('t3').run(50);
    assert.deepEqual(told('t3'), ['order.accepted']);
    assert.equal(guarded.venue.orders.filter(({ side }) => side === 'SELL').length, 1);
  });

  it('takes from trade and ward what somebody else has closed, and withdraws the stop', () => {
    const guarded = new Guarded().enter().run(50) as Guarded;
    guarded.venue.fill(guarded.venue.orders[0]!, 10);
    guarded.run(20);
    guarded.stop(10).run(50);
    const gone = (lots: number): void => {
      for (const path of ['/trading/orders', GUARD, ACCOUNT]) guarded.runtime.send(path, { type: 'position.gone', product: 'usdm', symbol: 0, positionSide: 'BOTH', side: 'buy', lots, priceTicks: 990, reason: 'liquidation' });
      guarded.runtime.drain();
    };
    gone(4);
    assert.deepEqual(guarded.wards.map(({ openLots }) => openLots), [6]);
    assert.equal(guarded.replies.some(({ type }) => type === 'trade.closed'), false);
    // Some of the entry may still fill.
    guarded.account({ type: 'cancel.request', id: 't1', owner: '/trading/strategy', seq: 1, dueUs: guarded.nowUs } as never).run(100);
    gone(6);
    guarded.run(3000);
    const closed = guarded.replies.filter((reply) => reply.type === 'trade.closed');
    assert.deepEqual(closed.map((reply) => [reply.tradeId, reply.filledLots, reply.profitable]), [['t1', 10, false]]);
    assert.deepEqual([guarded.wards, guarded.venue.algos.map(({ status }) => status)], [[], ['CANCELED']]);
    assert.equal(guarded.venue.orders.filter(({ side }) => side === 'SELL').length, 0, 'nothing is sold that is not ours any more');
    gone(5);
    assert.equal(guarded.runtime.inspect(ACCOUNT)?.incarnation, 1);
  });

  it('puts a stop behind a position that truth finds naked', () => {
    const guarded = new Guarded();
    const send = (message: unknown): void => {
      guarded.runtime.send(GUARD, message);
      guarded.runtime.drain();
    };
    send({ type: 'price', symbol: 0, bidTicks: 999, askTicks: 1001, markTicks: 1000, atUs: guarded.nowUs });
    send({
      type: 'truth.differences', product: 'usdm', askedMs: 0,
      differences: [{ kind: 'protectiveStopMissing', symbol: 0, positionSide: 'BOTH', ownLots: -7, protectedLots: 0, action: { do: 'protect', symbol: 0, positionSide: 'BOTH', lots: 7 } }],
    });
    guarded.run(100);
    assert.deepEqual(guarded.venue.algos.map(({ side, lots, trigger }) => [side, lots, trigger]), [['BUY', 7, '102.5']]);
    assert.equal(guarded.wards[0]!.nakedMs, null);
  });

  it('puts a stop behind a position found naked before any price is known, as soon as one is', () => {
    const guarded = new Guarded();
    const send = (message: unknown): void => {
      guarded.runtime.send(GUARD, message);
      guarded.runtime.drain();
    };
    send({
      type: 'truth.differences', product: 'usdm', askedMs: 0,
      differences: [{ kind: 'protectiveStopMissing', symbol: 0, positionSide: 'BOTH', ownLots: -7, protectedLots: 0, action: { do: 'protect', symbol: 0, positionSide: 'BOTH', lots: 7 } }],
    });
    guarded.run(1500);
    assert.deepEqual(guarded.calls, []);
    send({ type: 'price', symbol: 0, bidTicks: 999, askTicks: 1001, markTicks: 1000, atUs: guarded.nowUs });
    guarded.run(100);
    send({ type: 'price', symbol: 0, bidTicks: 999, askTicks: 1001, markTicks: 1000, atUs: guarded.nowUs });
    guarded.run(10_000);
    assert.deepEqual(guarded.venue.algos.map(({ side, lots, trigger, status }) => [side, lots, trigger, status]), [['BUY', 7, '102.5', 'NEW']]);
    assert.deepEqual(guarded.venue.orders, [], 'nothing is closed for want of a price');
  });

  it('puts a stop behind what is ours beside an open entry, and leaves the entry its own', () => {
    const guarded = new Guarded().enter().run(50) as Guarded;
    guarded.venue.fill(guarded.venue.orders[0]!, 10);
    guarded.run(20);
    guarded.stop(10).run(3000);
    const covering = (): unknown => guarded.venue.algos.filter(({ status }) => status === 'NEW').map(({ lots }) => lots);
    const missing = (ownLots: number, lots: number, told = 0): void => {
      const trade = {
        tradeId: '9', symbol: 0, venueOrderId: '9', clientId: null, side: 'buy', positionSide: 'BOTH', priceTicks: 1000, lots: told, maker: false, fee: '0', feeAsset: 'USDT', realised: null, venueMs: 1,
      } as const;
      guarded.runtime.send(GUARD, {
        type: 'truth.differences', product: 'usdm', askedMs: guarded.nowUs / 1000,
        differences: [
          ...(told > 0 ? [{ kind: 'fillMissed', trade, origin: 'ours', action: { do: 'bookFill', trade } }] : []),
          { kind: 'protectiveStopMissing', symbol: 0, positionSide: 'BOTH', ownLots, protectedLots: ownLots - lots, action: { do: 'protect', symbol: 0, positionSide: 'BOTH', lots } },
        ],
      });
      guarded.runtime.drain();
      guarded.run(3000);
    };
    // A truth that is behind, and one whose fills the entry is about to be told of.
    missing(10, 10);
    missing(16, 6, 6);
    assert.deepEqual(covering(), [10]);
    // An order that was given up has filled: nobody else looks after it.
    missing(16, 6);
    assert.deepEqual(covering(), [10, 6]);
    missing(16, 6);
    assert.deepEqual([covering(), guarded.position], [[10, 6], 10]);
  });

  /** Dies with ten lots open and its stop on the way; how long the stop takes to the venue is for the test to say. */
  function killedBeforeItsStop(thereUs: number | null): Guarded {
    const first = new Guarded().enter().run(50) as Guarded;
    first.fate = ({ path, method }) => (path.endsWith('algoOrder') && method === 'POST' ? { ...SURE, thereUs, backUs: null } : SURE);
    first.venue.fill(first.venue.orders[0]!, 10);
    first.run(20);
    first.stop(10).run(3);
    const record = openOrdersOf([...first.rows.values()], () => 0).records.find(({ intent }) => intent.kind === 'stop')!;
    const ward: Ward = { id: 't1', symbol: 0, product: 'usdm', side: 'buy', positionSide: 'BOTH', openLots: 10, entryTicks: 1000, entryDone: true, nakedMs: null, closing: null, own: false };
    const { id, clientId, lots } = record.intent;
    return new Guarded({ life: first, inherited: { wards: [ward], covers: [{ id, clientId, ward: 't1', kind: 'stop', lots, bookedLots: 0, state: 'unknown', own: true, alone: false, inherited: true }] } });
  }
  const standing = (guarded: Guarded): number => guarded.venue.algos.filter(({ status }) => status === 'NEW').length;

  it('puts a stop behind what an earlier life left open, as soon as its own may be missing', () => {
    const second = killedBeforeItsStop(null);
    second.run(300);
    assert.deepEqual([standing(second), second.venue.algos.length], [1, 1]);
    second.run(20_000);
    assert.deepEqual([standing(second), second.position], [1, 10], 'nothing is closed for the stop that never came');
  });

  it('places no second stop where that of the earlier life stands', () => {
    const second = killedBeforeItsStop(2000);
    second.run(20_000);
    assert.deepEqual([standing(second), second.venue.algos.length, second.position], [1, 1, 10]);
    assert.deepEqual(second.wards.map(({ nakedMs }) => nakedMs), [null]);
  });

  it('lets two stops stand for a moment when that of the earlier life comes late, and withdraws one', () => {
    const second = killedBeforeItsStop(900_000);
    second.run(890);
    assert.equal(standing(second), 1);
    for (let step = 0; step < 20_000; step += 1) {
      second.run(1);
      assert.ok(standing(second) >= 1, 'never without');
    }
    assert.deepEqual([second.venue.algos.length, standing(second), second.position], [2, 1, 10]);
    assert.equal(second.calls.filter(({ path, method }) => path.endsWith('algoOrder') && method === 'DELETE').length, 1);
  });

  it('waits for no strategy\'s stop when an entry of an earlier life turns out to have filled', () => {
    const first = new Guarded().enter().run(50) as Guarded;
    first.streams = () => [];
    first.venue.fill(first.venue.orders[0]!, 10);
    const second = new Guarded({ life: first, inherited: { wards: [], covers: [], entries: ['t1'] } });
    second.run(350);
    assert.deepEqual([standing(second), second.position], [1, 10]);
    const found = second.news.find((news) => news.type === 'order.filled')!;
    assert.equal(found.type, 'order.filled');
    assert.ok(second.news.some((news) => news.type === 'order.changed' && news.intent.kind === 'stop' && news.state === 'accepted' && news.atMs - found.fill.venueMs < 400));
  });

  it('closes once what truth found naked and what its entry is told of later: they are the same lots', () => {
    const guarded = new Guarded();
    // Filled, and nobody has told: the answer is lost and the stream silent.
    guarded.fate = (call) => (call.method === 'POST' && call.path === '/fapi/v1/order' ? { ...SURE, backUs: null } : SURE);
    guarded.streams = () => [];
    guarded.enter().run(10);
    const entry = guarded.venue.orders[0]!;
    const lots = entry.lots;
    guarded.venue.fill(entry, lots);
    const send = (message: unknown): void => {
      guarded.runtime.send(GUARD, message);
      guarded.runtime.drain();
    };
    send({ type: 'price', symbol: 0, bidTicks: 999, askTicks: 1001, markTicks: 1000, atUs: guarded.nowUs });
    guarded.run(10);
    send({
      type: 'truth.differences', product: 'usdm', askedMs: guarded.nowUs / 1000,
      differences: [{ kind: 'protectiveStopMissing', symbol: 0, positionSide: 'BOTH', ownLots: lots, protectedLots: 0, action: { do: 'protect', symbol: 0, positionSide: 'BOTH', lots } }],
    });
    assert.deepEqual(guarded.wards.map(({ id, openLots }) => [id, openLots]), [['position 0 BOTH', lots]]);
    // The entry hears of its fill by its own question, and is no other position.
    guarded.run(10_000);
    assert.deepEqual(guarded.wards.map(({ id, openLots, nakedMs }) => [id, openLots, nakedMs]), [['t1', lots, null]]);
    assert.deepEqual(guarded.venue.algos.filter(({ status }) => status === 'NEW').map(({ lots: covered }) => covered), [lots]);
    // Never a moment without: the position's stop went when the entry's stood.
    const deleted = guarded.calls.findIndex(({ method }) => method === 'DELETE');
    assert.equal(guarded.calls.slice(0, deleted).filter(({ path, method }) => method === 'POST' && path.endsWith('algoOrder')).length, 2);
    assert.deepEqual(guarded.venue.algos.map(({ status }) => status), ['CANCELED', 'NEW']);
    // One that fills afterwards takes nothing from a position of an earlier run.
    assert.equal(guarded.venue.orders.filter(({ side }) => side === 'SELL').length, 0);
  });

  it('closes all that an entry of an earlier life has filled, not what it filled since', () => {
    const first = new Guarded().enter().run(50) as Guarded;
    first.venue.fill(first.venue.orders[0]!, 6);
    first.run(2);
    first.streams = () => [];
    first.venue.fill(first.venue.orders[0]!, 4);
    const second = new Guarded({ life: first, inherited: { wards: [], covers: [], entries: ['t1'] } });
    second.run(500);
    second.send({ type: 'order.new', id: 'm1', symbol: 0, side: 'sell', kind: 'market', priceTicks: 0, lots: 10, timeInForce: 'IOC', reduceOnly: true, reduces: 't1', dueUs: second.nowUs }).run(100);
    assert.equal(second.position, 0);
  });

  it('lets nothing open where no stop can stand', () => {
    const option = { ...INSTRUMENT, index: 0, symbol: 'BTC-261225-60000-C', venue: 'binance-options', product: 'option' as const };
    const orders = new Orders({ input: { instruments: [option] } });
    orders.place('o1').run(10);
    assert.deepEqual(orders.events.map((event) => (event.type === 'order.rejected' ? event.reason : event.type)), ['unprotectable: options have no stops']);
    orders.fate = () => ({ ...SURE, thereUs: null });
    orders.place('o2', { reduceOnly: true, side: 'sell' }).run(10);
    assert.equal(orders.calls[0]?.path, '/eapi/v1/order');
  });
});
