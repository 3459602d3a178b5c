import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { ASK, BID } from '../../../../actors/exchange/book/index.js';
import type { BookNotice } from '../../../../actors/exchange/deribit/book-feed.js';
import { DeribitError } from '../../../../actors/exchange/deribit/errors.js';
import { orderView } from '../../../../actors/exchange/deribit/order.js';
import { positionView, summaryView } from '../../../../actors/exchange/deribit/views.js';
import { HOUSE } from '../../../../actors/exchange/ids.js';
import { asset } from '../../../../actors/exchange/ledger/index.js';
import { ALICE, code, openVenue, place, quote, START_US } from './venue.js';

test('an inverse perpetual is traded in dollars and earns coin', () => {
  const { venue, alice } = openVenue();
  quote(venue, 'BTC-PERPETUAL', ASK, 60_000, 10_000);
  quote(venue, 'BTC-PERPETUAL', BID, 59_990, 10_000);
  const { order, trades } = place(venue, alice, { amount: 6000, type: 'market' });
  assert.equal(order['order_state'], 'filled');
  assert.equal(order['average_price'], 60_000);
  assert.equal(trades.length, 1);
  // 6000 USD / 60 000 = 0.1 BTC; taker commission 0.05 % of it.
  assert.equal(trades[0]!['fee'], 0.00005);
  assert.equal(positionView(venue, alice, venue.instrument('BTC-PERPETUAL'))['size'], 6000);
  const before = venue.ledger.free(ALICE, asset('BTC'));
  assert.equal(before, 999_995_000n);
  // The bid that was 59 990 is gone into an agent's hands; a better one comes.
  venue.market(venue.instrument('BTC-PERPETUAL')).matcher.takeForAgent(BID, 1_000_000, 120_600, venue.nowUs);
  quote(venue, 'BTC-PERPETUAL', BID, 60_300, 10_000);
  const closed = place(venue, alice, { direction: 'sell', amount: 6000, type: 'market', reduceOnly: true });
  // 6000 × (1/60 000 − 1/60 300) = 0.00049751 BTC.
  assert.equal(closed.trades[0]!['profit_loss'], 0.00049751);
  assert.equal(closed.trades[0]!['fee'], 0.00004976);
  assert.equal(venue.ledger.free(ALICE, asset('BTC')), before + 49_751n - 4976n);
  assert.equal(positionView(venue, alice, venue.instrument('BTC-PERPETUAL'))['direction'], 'zero');
});

test('the book is told by change ids that follow each other, and gives the book when played', () => {
  const { venue, notices, alice, bob } = openVenue();
  place(venue, alice, { price: 59_900 });
  const name = 'book.BTC-PERPETUAL.raw';
  const { first } = venue.call(START_US, () => venue.channels.open(name, ALICE));
  const levels = new Map<string, number>();
  let id = (first as BookNotice).change_id;
  const play = ({ bids, asks }: BookNotice): void => {
    for (const [side, changes] of [['bid', bids], ['ask', asks]] as const) {
      for (const [action, price, amount] of changes) {
        assert.equal(levels.has(`${side} ${price}`), action !== 'new', `${action} at ${price}`);
        if (action === 'delete') levels.delete(`${side} ${price}`);
        else levels.set(`${side} ${price}`, amount);
      }
    }
  };
  play(first as BookNotice);
  place(venue, bob, { direction: 'sell', price: 60_100, amount: 500 });
  place(venue, bob, { direction: 'sell', price: 60_050, amount: 300 });
  place(venue, alice, { price: 60_100, amount: 600 });
  venue.call(venue.nowUs, () => venue.orders.cancelAll(alice, () => true));
  for (const { channel, data } of notices) {
    if (channel !== name) continue;
    const notice = data as BookNotice;
    assert.equal(notice.prev_change_id, id);
    assert.ok(notice.change_id > id);
    id = notice.change_id;
    play(notice);
  }
  assert.deepEqual([...levels], [['ask 60100', 200]]);
});

test('post-only is put beside the book, or refused with 11054 where that is asked for', () => {
  const { venue, alice, bob } = openVenue();
  place(venue, bob, { direction: 'sell', price: 60_000 });
  assert.equal(place(venue, alice, { price: 60_010, postOnly: true }).order['price'], 59_999.5);
  assert.equal(code(() => place(venue, alice, { price: 60_010, postOnly: true, rejectPostOnly: true })), 11_054);
  assert.equal(alice.open.size, 1);
});

test('the platform refuses with its codes', () => {
  const { venue, alice, bob } = openVenue();
  const refused: readonly (readonly [number, () => unknown])[] = [
    [-32_602, () => place(venue, alice, { amount: 15 })],
    [10_043, () => place(venue, alice, { price: 60_000.3 })],
    [-32_602, () => place(venue, alice, { price: undefined })],
    [10_007, () => place(venue, alice, { price: 70_000 })],
    [10_005, () => place(venue, alice, { direction: 'sell', price: 50_000 })],
    [10_009, () => place(venue, alice, { amount: 100_000_000 })],
    [-32_602, () => place(venue, alice, { type: 'market', timeInForce: 'immediate_or_cancel' })],
    [-32_602, () => place(venue, alice, { type: 'stop_market', triggerPrice: 59_000 })],
    [11_036, () => place(venue, alice, { direction: 'sell', type: 'stop_market', triggerPrice: 61_000, trigger: 'mark_price' })],
    [11_055, () => place(venue, alice, { reduceOnly: true })],
    [10_004, () => venue.call(venue.nowUs, () => venue.orders.cancel(alice, '99'))],
    [-32_602, () => place(venue, alice, { instrument: 'BTC-PERP' })],
  ];
  venue.advance(START_US + 1e6);
  for (const [expected, body] of refused) assert.equal(code(body), expected);
  const { order } = place(venue, alice, { price: 59_000 + 500 });
  const id = order['order_id'] as string;
  assert.equal(code(() => venue.call(venue.nowUs, () => venue.orders.cancel(bob, id))), 10_029);
  venue.call(venue.nowUs, () => venue.orders.cancel(alice, id));
  assert.equal(code(() => venue.call(venue.nowUs, () => venue.orders.cancel(alice, id))), 11_044);
});

test('an edit that only reduces keeps its place, any other goes to the back', () => {
  const { venue, alice, bob } = openVenue();
  const first = place(venue, alice, { price: 59_900, amount: 300 }).order['order_id'] as string;
  place(venue, bob, { price: 59_900, amount: 300 });
  const edit = (amount: number): unknown => venue.call(venue.nowUs, () => venue.orders.edit(alice, first, { amount })).order['replaced'];
  assert.equal(edit(200), true);
  const carol = place(venue, bob, { direction: 'sell', price: 59_900, amount: 100 });
  assert.equal(carol.order['cancel_reason'], undefined);
  assert.equal(alice.open.get(first)!.filledLots, 10);
  edit(500);
  place(venue, alice, { direction: 'sell', price: 59_900, amount: 100 });
  // Bob's order is first now; Alice's own sell meets it.
  assert.equal(alice.open.get(first)!.filledLots, 10);
});

test('a stop waits unseen, keeps its id in the history and works under a new one', () => {
  const { venue, alice, notices } = openVenue();
  quote(venue, 'BTC-PERPETUAL', ASK, 60_000, 10_000);
  quote(venue, 'BTC-PERPETUAL', BID, 59_400, 100_000);
  place(venue, alice, { type: 'market', amount: 1000 });
  venue.call(venue.nowUs, () => venue.channels.open('user.orders.any.any.raw', ALICE));
  const { order } = place(venue, alice, { direction: 'sell', type: 'stop_market', amount: 5000, triggerPrice: 59_500, trigger: 'index_price', reduceOnly: true, price: undefined });
  assert.equal(order['order_state'], 'untriggered');
  assert.equal(order['price'], 'market_price');
  assert.match(order['order_id'] as string, /^SLIS-\d+$/);
  venue.setIndex('BTC', 59_499);
  venue.advance(venue.nowUs + 1e6);
  assert.equal(alice.lots(venue.instrument('BTC-PERPETUAL')), 0);
  const states = notices.filter(({ channel }) => channel === 'user.orders.any.any.raw').map(({ data }) => data as ReturnType<typeof orderView>);
  const triggered = states.find((view) => view['order_state'] === 'triggered');
  assert.equal(triggered?.['order_id'], order['order_id']);
  const worked = states.at(-1)!;
  assert.equal(worked['trigger_order_id'], order['order_id']);
  // Reduce-only: 5000 were asked for, 1000 were there to close.
  assert.equal(worked['filled_amount'], 1000);
  assert.equal(worked['order_state'], 'filled');
});

test('a trailing stop follows the price at its distance; a market-limit order rests what it did not get', () => {
  const { venue, alice } = openVenue();
  const market = venue.market(venue.instrument('BTC-PERPETUAL'));
  quote(venue, 'BTC-PERPETUAL', ASK, 60_000, 1000);
  quote(venue, 'BTC-PERPETUAL', BID, 59_500, 100_000);
  const { order } = place(venue, alice, { type: 'market_limit', amount: 1500, price: undefined });
  assert.equal(order['filled_amount'], 1000);
  assert.equal(order['order_state'], 'open');
  assert.equal(order['price'], 60_000);
  venue.call(venue.nowUs, () => venue.orders.cancelAll(alice, () => true));
  const trailing = place(venue, alice, { direction: 'sell', type: 'trailing_stop', amount: 1000, price: undefined, trigger: 'last_price', triggerOffset: 200, reduceOnly: true });
  assert.equal(trailing.order['trigger_offset'], 200);
  const trade = (price: number): void => {
    market.book.add(ASK, price * 2, 1, 0);
    market.matcher.takeForAgent(BID, 1, price * 2, venue.nowUs);
    venue.marketActed(venue.nowUs);
  };
  trade(60_400);
  trade(60_250);
  assert.equal(alice.open.size, 1);
  trade(60_200);
  assert.equal(alice.open.size, 0);
  assert.equal(alice.lots(market.instrument), 0);
});

test('a good-til-day order ends at 08:00 UTC, a linear perpetual is traded in coin and earns USDC', () => {
  const { venue, alice, bob } = openVenue();
  const name = 'ETH_USDC-PERPETUAL';
  place(venue, bob, { instrument: name, direction: 'sell', amount: 2, price: 3000 });
  const { trades } = place(venue, alice, { instrument: name, amount: 1.5, price: 3000 });
  assert.equal(trades[0]!['fee_currency'], 'USDC');
  assert.equal(trades[0]!['fee'], 2.25);
  const resting = place(venue, alice, { instrument: name, amount: 1, price: 2990, timeInForce: 'good_til_day' });
  place(venue, bob, { instrument: name, amount: 3, price: 2999 });
  const sold = place(venue, alice, { instrument: name, direction: 'sell', amount: 1.5, price: 2999 });
  assert.equal(sold.trades[0]!['profit_loss'], -1.5);
  assert.equal(alice.open.size, 1);
  venue.advance(START_US + 20 * 3600e6);
  assert.equal(venue.orders.state(alice, resting.order['order_id'] as string)['order_state'], 'cancelled');
});

test('longs pay shorts while the mark is above the index, and funding makes no money', () => {
  const { venue, alice, bob } = openVenue();
  place(venue, bob, { direction: 'sell', amount: 60_000 });
  place(venue, alice, { amount: 60_000 });
  quote(venue, 'BTC-PERPETUAL', BID, 60_150, 1000);
  quote(venue, 'BTC-PERPETUAL', ASK, 60_151, 1000);
  for (let second = 1; second <= 3600; second++) venue.advance(START_US + second * 1e6);
  const [paid, got] = [alice, bob].map((account) => account.holdings.get(venue.instrument('BTC-PERPETUAL'))!.funding);
  assert.ok(paid! < 0n && got! > 0n);
  assert.ok(paid! + got! <= 0n && paid! + got! > -10_000n, 'both sides pay the same to rounding');
  // 0.25 % premium less 0.025 %, of 1 BTC, for an eighth of the period, less what the mean takes to get there.
  assert.ok(Number(got) / 1e8 > 0.0002 && Number(got) / 1e8 < 0.0003, String(got));
  assert.ok((summaryView(venue, alice, 'BTC', false)['session_funding'] as number) < 0);
});

test('who cannot carry a position loses it, and the insurance pays the debt', () => {
  const { venue, alice, bob } = openVenue({ BTC: '0.025' });
  place(venue, bob, { direction: 'sell', amount: 30_000 });
  place(venue, alice, { amount: 30_000 });
  venue.call(venue.nowUs, () => venue.orders.cancelAll(bob, () => true));
  quote(venue, 'BTC-PERPETUAL', BID, 56_000, 1_000_000);
  venue.setIndex('BTC', 57_000);
  for (let second = 1; second <= 120; second++) venue.advance(START_US + second * 1e6);
  assert.equal(alice.lots(venue.instrument('BTC-PERPETUAL')), 0);
  assert.equal(alice.liquidations, 1);
  assert.equal(alice.trades.at(-1)!['liquidation'], 'T');
  assert.ok(venue.ledger.free(ALICE, asset('BTC')) >= 0n);
  assert.ok(venue.ledger.free(HOUSE.insurance, asset('BTC')) < 0n);
});

type Step =
  | { readonly do: 'place'; readonly who: 0 | 1; readonly instrument: number; readonly buy: boolean; readonly away: number; readonly lots: number; readonly type: 'limit' | 'market' | 'stop_market'; readonly tif: 0 | 1 | 2; readonly postOnly: boolean; readonly reduceOnly: boolean }
  | { readonly do: 'cancel' | 'edit'; readonly who: 0 | 1; readonly pick: number; readonly lots: number }
  | { readonly do: 'agent'; readonly instrument: number; readonly buy: boolean; readonly away: number; readonly lots: number; readonly takes: boolean }
  | { readonly do: 'wait'; readonly seconds: number; readonly move: number };

const who = fc.constantFrom(0 as const, 1 as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('place' as const), who, instrument: fc.nat(3), buy: fc.boolean(), away: fc.integer({ min: -20, max: 20 }), lots: fc.integer({ min: 1, max: 3000 }), type: fc.constantFrom('limit' as const, 'limit' as const, 'market' as const, 'stop_market' as const), tif: fc.constantFrom(0 as const, 1 as const, 2 as const), postOnly: fc.boolean(), reduceOnly: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('cancel' as const, 'edit' as const), who, pick: fc.nat(50), lots: fc.integer({ min: 1, max: 3000 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('agent' as const), instrument: fc.nat(3), buy: fc.boolean(), away: fc.integer({ min: -20, max: 20 }), lots: fc.integer({ min: 1, max: 3000 }), takes: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 30 }), move: fc.integer({ min: -150, max: 150 }) }) },
);

test('whatever happens: money is conserved, positions sum to nought, clearing holds their costs, every order has one final state', () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const { venue, notices } = openVenue({ BTC: '1', ETH: '20', USDC: '30000' });
    const accounts = [...venue.accounts.values()];
    for (const account of accounts) venue.call(START_US, () => venue.channels.open('user.orders.any.any.raw', account.id));
    const placed = new Map<string, string>();
    let nowUs = START_US;
    for (const one of steps) {
      nowUs += 1000;
      try {
        perform(one, nowUs);
      } catch (error) {
        if (!(error instanceof DeribitError)) throw error;
      }
      for (const { book } of venue.markets.values()) assert.ok(book.bestAsk === 0 || book.bestBid < book.bestAsk, 'the book is crossed');
    }
    function perform(one: Step, atUs: number): void {
      switch (one.do) {
        case 'place': {
          const instrument = venue.instruments[one.instrument]!;
          const ticks = Math.round(venue.index(instrument.base) / instrument.tickSize) + one.away;
          const { type } = one;
          const result = place(venue, accounts[one.who]!, {
            instrument: instrument.name, direction: one.buy ? 'buy' : 'sell', amount: Number((one.lots * instrument.contractSize).toFixed(4)), type,
            price: type === 'limit' ? ticks * instrument.tickSize : undefined, postOnly: type === 'limit' && one.postOnly, reduceOnly: one.reduceOnly,
            timeInForce: type === 'limit' ? (['good_til_cancelled', 'immediate_or_cancel', 'fill_or_kill'] as const)[one.postOnly ? 0 : one.tif] : undefined,
            ...(type === 'stop_market' ? { trigger: 'last_price' as const, triggerPrice: (ticks + (one.buy ? 15 : -15)) * instrument.tickSize } : {}),
          }, atUs);
          placed.set(result.order['order_id'] as string, '');
          return;
        }
        case 'cancel':
        case 'edit': {
          const open = [...accounts[one.who]!.open.values()];
          const order = open[one.pick % Math.max(1, open.length)];
          if (order === undefined) return;
          if (one.do === 'cancel') venue.call(atUs, () => venue.orders.cancel(accounts[one.who]!, order.id));
          else venue.call(atUs, () => venue.orders.edit(accounts[one.who]!, order.id, { contracts: one.lots, price: (order.ticks + 1) * order.terms.instrument.tickSize }));
          return;
        }
        case 'agent': {
          const market = venue.market(venue.instruments[one.instrument]!);
          const side = one.buy ? BID : ASK;
          const ticks = Math.round(market.marks.index / market.instrument.tickSize) + one.away;
          if (one.takes) market.matcher.takeForAgent(side, one.lots, ticks, atUs);
          else market.book.add(side, ticks, one.lots, 0);
          venue.marketActed(atUs);
          return;
        }
        case 'wait':
          venue.setIndex('BTC', venue.index('BTC') + one.move);
          for (let second = 0; second < one.seconds; second++) {
            nowUs += 1e6;
            venue.advance(nowUs);
          }
      }
    }
    for (const [name, sum] of venue.ledger.sumByAsset()) assert.equal(sum, venue.ledger.supply().get(name) ?? 0n, name);
    const costs = new Map<string, bigint>();
    for (const instrument of venue.instruments) {
      let lots = 0;
      for (const account of [...accounts, venue.house]) {
        const position = account.holdings.get(instrument)?.position;
        lots += position?.lots ?? 0;
        costs.set(instrument.settlement, (costs.get(instrument.settlement) ?? 0n) + (position?.cost ?? 0n));
      }
      assert.equal(lots, 0, instrument.name);
    }
    for (const [currency, cost] of costs) assert.equal(venue.ledger.total(HOUSE.clearing, asset(currency)), -cost, currency);
    // One final state an order, the same in the notices and in the account.
    const final = new Map<string, string>();
    for (const { channel, data } of notices) {
      if (!channel.startsWith('user.orders')) continue;
      const view = data as ReturnType<typeof orderView>;
      const id = view['order_id'] as string;
      assert.equal(final.has(id), false, `${id} was told of after its end`);
      if (view['order_state'] !== 'open' && view['order_state'] !== 'untriggered') final.set(id, view['order_state'] as string);
    }
    for (const account of accounts) {
      for (const order of account.open.values()) assert.ok(order.open && !final.has(order.id));
      for (const [id, view] of account.closed) assert.equal(final.get(id), view['order_state'], id);
      for (const order of account.open.values()) {
        const lots = account.lots(order.terms.instrument);
        if (order.terms.reduceOnly && order.state === 'resting') assert.ok(order.leavesLots <= Math.abs(lots));
      }
    }
  }), { numRuns: 60 });
});
