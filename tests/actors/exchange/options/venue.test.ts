import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { ASK, BID } from '../../../../actors/exchange/book/index.js';
import { accountId, HOUSE } from '../../../../actors/exchange/ids.js';
import { asset, formatAmount } from '../../../../actors/exchange/ledger/index.js';
import { type OptionMarket } from '../../../../actors/exchange/options/option-market.js';
import { statusOf, type OptionOrder } from '../../../../actors/exchange/options/order.js';
import { OptionMakers } from '../../../../actors/exchange/options/makers.js';
import { type OptionsEvents, OptionsVenue, type PlaceOption } from '../../../../actors/exchange/options/venue.js';
import type { OptionsAccount } from '../../../../actors/exchange/options/account.js';
import { VenueError } from '../../../../actors/exchange/venue-error.js';

/** A Wednesday noon. */
const START_US = Date.UTC(2026, 7, 19, 12) * 1000;
const EXPIRY_US = Date.UTC(2026, 7, 20, 8) * 1000;
const USDT = asset('USDT');

interface Opened {
  readonly venue: OptionsVenue;
  readonly alice: OptionsAccount;
  readonly bob: OptionsAccount;
  readonly told: { readonly order: OptionOrder; readonly what: string }[];
}

function open(balance = '100000', startUs = START_US): Opened {
  const told: { order: OptionOrder; what: string }[] = [];
  const nothing = (): void => undefined;
  const events: OptionsEvents = { trade: nothing, account: nothing, listed: nothing, delisted: nothing, tick: nothing, order: (_account, order, what) => told.push({ order, what }) };
  const venue = new OptionsVenue({
    nowUs: startUs, indices: new Map([['BTC', 60_000], ['ETH', 3000]]), events, chain: { dailies: 1, weeklies: 0, monthlies: 0, quarterlies: 1, strikesEachSide: 2 },
    accounts: [1000, 1001].map((id) => ({ id: accountId(id), name: `account ${id}`, balances: new Map([['USDT', balance]]) })),
  });
  return { venue, told, alice: venue.account(accountId(1000)), bob: venue.account(accountId(1001)) };
}

const WANTED = { ticks: 0, lots: 10, side: 'BUY', timeInForce: 'GTC', postOnly: false, reduceOnly: false, mmp: false, clientId: undefined, selfTradePrevention: 'EXPIRE_MAKER' } as const;

function place(venue: OptionsVenue, account: OptionsAccount, market: OptionMarket, wanted: Partial<PlaceOption>): OptionOrder {
  const ticks = wanted.ticks ?? Math.round(market.mark / market.tickSize);
  return venue.call(venue.nowUs, () => venue.place(account, { ...WANTED, market, ...wanted, ticks }));
}

const code = (body: () => unknown): number | string => {
  try {
    body();
    return 'accepted';
  } catch (error) {
    assert.ok(error instanceof VenueError, String(error));
    return error.code;
  }
};

/** Lets whole seconds pass until `untilUs`. */
function wait(venue: OptionsVenue, untilUs: number): void {
  while (venue.nowUs < untilUs) venue.advance(Math.min(untilUs, venue.nowUs + 1e6));
}

const at = (venue: OptionsVenue, symbol = 'BTC-260820-60000-C'): OptionMarket => venue.market(symbol);

test('the buyer pays the premium, the seller gets it and is margined, both pay the commission', () => {
  const { venue, alice, bob } = open();
  const market = at(venue);
  place(venue, bob, market, { side: 'SELL', ticks: 500, lots: 100 });
  // Held: (10 % … 15 % of 60 000 at the money) + mark + commission.
  const held = venue.margins.state(bob).held;
  assert.equal(held, venue.margins.seller(market, 100, 'initial') + venue.margins.fee(market, 500, 100, 24_000n as never));
  assert.equal(formatAmount(venue.margins.seller(market, 100, 'initial')), formatAmount((900_000_000_000n + market.markAmount) as never));
  const order = place(venue, alice, market, { ticks: 505, lots: 100 });
  assert.equal(statusOf(order), 'FILLED');
  // 500 USDT premium; commission min(0.024 % × 60 000, 10 % × 500) = 14.4.
  assert.equal(formatAmount(venue.ledger.total(alice.id, USDT)), '99485.60000000');
  assert.equal(formatAmount(venue.ledger.total(bob.id, USDT)), '100485.60000000');
  assert.equal(alice.lots(market), 100);
  assert.equal(bob.lots(market), -100);
  assert.equal(market.openInterestLots, 100);
  assert.equal(venue.margins.state(bob).initial, venue.margins.seller(market, 100, 'initial'));
  // A bought option can be sold without margin.
  assert.equal(venue.margins.ofOrder(alice, market, false, 600, 100, false), 0n);
});

test('the commission is at most a tenth of the premium', () => {
  const { venue } = open();
  assert.equal(formatAmount(venue.margins.fee(at(venue), 5, 100, 24_000n as never)), '0.50000000');
});

test('at expiry holders get what the mean index makes of it, sellers pay it, orders end, positions are gone', () => {
  const { venue, alice, bob, told } = open('100000', EXPIRY_US - 1860e6);
  const market = at(venue);
  place(venue, bob, market, { side: 'SELL', lots: 100 });
  place(venue, alice, market, { lots: 100 });
  const resting = place(venue, alice, market, { ticks: market.lowestTicks });
  venue.setIndex('BTC', 60_700);
  // The mean of the last half hour: half of it at 60 700, half at 60 500.
  wait(venue, EXPIRY_US - 900e6);
  venue.setIndex('BTC', 60_500);
  wait(venue, EXPIRY_US);
  assert.equal(venue.markets.has(market.symbol), false);
  assert.equal(statusOf(resting), 'CANCELED');
  assert.equal(told.filter(({ order, what }) => order === resting && what !== 'NEW').length, 1);
  const [record] = alice.exercises;
  assert.ok(Math.abs(record!.settlement - 60_600) < 0.5, String(record!.settlement));
  assert.ok(Math.abs(Number(record!.amount) / 1e8 - 600) < 0.5);
  assert.equal(record!.amount + bob.exercises[0]!.amount, 0n);
  assert.equal(alice.lots(market), 0);
  assert.equal(venue.ledger.total(HOUSE.clearing, USDT), 0n);
  assert.equal(venue.exercises.find(({ symbol }) => symbol === market.symbol)!.exercised, true);
  assert.equal(venue.exercises.find(({ symbol }) => symbol === 'BTC-260820-60000-P')!.exercised, false);
  // The next day is listed in its place.
  assert.ok([...venue.markets.keys()].some((symbol) => symbol.startsWith('BTC-260821-')));
});

test('refusals come with the codes of the options API', () => {
  const { venue, alice } = open();
  const market = at(venue);
  assert.equal(code(() => venue.market('BTC-260820-1-C')), -1121);
  assert.equal(code(() => place(venue, alice, market, { ticks: market.highestTicks + 1 })), -4002);
  assert.equal(code(() => place(venue, alice, market, { lots: market.maxLots + 1 })), -4005);
  assert.equal(code(() => place(venue, alice, market, { lots: 50_000 })), -2018);
  assert.equal(code(() => place(venue, alice, market, { side: 'SELL', lots: 5000 })), -2027);
  assert.equal(code(() => place(venue, alice, market, { reduceOnly: true })), -2022);
  assert.equal(code(() => place(venue, alice, market, { mmp: true })), -2010);
  const order = place(venue, alice, market, { ticks: market.lowestTicks, clientId: 'mine' });
  assert.equal(code(() => place(venue, alice, market, { ticks: market.lowestTicks, clientId: 'mine' })), -4116);
  venue.call(venue.nowUs, () => venue.cancel(order));
  assert.equal(code(() => venue.call(venue.nowUs, () => venue.cancel(order))), -2011);
  assert.equal(code(() => venue.order(alice, market, 12_345, undefined)), -2013);
  assert.equal(venue.order(alice, market, undefined, 'mine'), order);
});

test('IOC, FOK and post-only do what they say', () => {
  const { venue, alice, bob } = open();
  const market = at(venue);
  place(venue, bob, market, { side: 'SELL', ticks: 500, lots: 10 });
  assert.equal(code(() => place(venue, alice, market, { ticks: 500, postOnly: true })), -5022);
  assert.equal(statusOf(place(venue, alice, market, { ticks: 500, lots: 11, timeInForce: 'FOK' })), 'EXPIRED');
  assert.equal(alice.lots(market), 0);
  const ioc = place(venue, alice, market, { ticks: 500, lots: 11, timeInForce: 'IOC' });
  assert.equal(statusOf(ioc), 'EXPIRED');
  assert.equal(ioc.filledLots, 10);
});

test('protection of market makers takes their orders out and refuses new ones until it is reset', () => {
  const { venue, alice, bob } = open('1000000');
  const market = at(venue);
  const mark = Math.round(market.mark / market.tickSize);
  venue.setMmp(alice, 'BTCUSDT', { windowMs: 3000, frozenMs: 60_000, qtyLimit: 1, deltaLimit: 100 });
  const kept = place(venue, alice, market, { ticks: mark - 20, lots: 10 });
  const low = place(venue, alice, market, { ticks: mark - 19, lots: 50, mmp: true });
  place(venue, alice, market, { ticks: mark, lots: 100, mmp: true });
  place(venue, bob, market, { side: 'SELL', ticks: mark, lots: 60 });
  assert.equal(low.open, true);
  place(venue, bob, market, { side: 'SELL', ticks: mark, lots: 40 });
  assert.equal(low.open, false);
  assert.equal(kept.open, true);
  assert.equal(code(() => place(venue, alice, market, { ticks: mark, lots: 50, mmp: true })), -2010);
  wait(venue, venue.nowUs + 61e6);
  assert.equal(code(() => place(venue, alice, market, { ticks: mark, lots: 50, mmp: true })), 'accepted');
});

test('a countdown cancels everything on its underlying unless it is kept alive', () => {
  const { venue, alice } = open();
  const bitcoin = place(venue, alice, at(venue), { ticks: at(venue).lowestTicks });
  const ether = place(venue, alice, at(venue, 'ETH-260820-3000-C'), { ticks: at(venue, 'ETH-260820-3000-C').lowestTicks });
  venue.setCountdown(alice, 'BTCUSDT', 5000);
  wait(venue, venue.nowUs + 4e6);
  assert.deepEqual(venue.keepAlive(alice, ['BTCUSDT', 'ETHUSDT']), ['BTCUSDT']);
  wait(venue, venue.nowUs + 4e6);
  assert.equal(bitcoin.open, true);
  wait(venue, venue.nowUs + 2e6);
  assert.equal(bitcoin.open, false);
  assert.equal(ether.open, true);
});

test('a seller who cannot stand behind it is bought out', () => {
  const { venue, alice, bob } = open('10000');
  const market = at(venue);
  place(venue, bob, market, { side: 'SELL', ticks: 500, lots: 80 });
  place(venue, alice, market, { ticks: 500, lots: 80 });
  venue.setIndex('BTC', 70_000);
  wait(venue, venue.nowUs + 2e6);
  market.book.add(ASK, Math.ceil(market.mark), 1000, 0);
  wait(venue, venue.nowUs + 3e6);
  assert.equal(bob.lots(market), 0);
  assert.ok(bob.liquidations > 0);
});

test('the makers keep every option quoted around its mark, and take what is a gift', () => {
  const { venue, alice } = open();
  const makers = new OptionMakers(venue, undefined, 7, START_US);
  const untilUs = START_US + 10e6;
  while (Math.min(makers.nextUs, venue.nextUs) < untilUs) {
    if (venue.nextUs <= makers.nextUs) venue.advance(venue.nextUs);
    else makers.step();
  }
  for (const { symbol, book, mark, tickSize } of venue.markets.values()) {
    assert.ok(book.bestAsk > 0 && book.bestAsk * tickSize > mark, symbol);
    if (mark > 3 * tickSize) assert.ok(book.bestBid > 0 && book.bestBid * tickSize < mark, symbol);
    assert.ok(book.bestAsk > book.bestBid, symbol);
  }
  const market = at(venue);
  const generous = place(venue, alice, market, { ticks: market.book.bestAsk - 1, lots: 5 });
  while (makers.nextUs < untilUs + 5e6) makers.step();
  assert.equal(statusOf(generous), 'FILLED');
});

type Step = { readonly who: 0 | 1; readonly market: number; readonly buy: boolean; readonly away: number; readonly lots: number; readonly kind: 'place' | 'cancel' | 'agent' | 'wait'; readonly tif: 'GTC' | 'IOC' | 'FOK' | 'GTX'; readonly reduceOnly: boolean };
const step: fc.Arbitrary<Step> = fc.record({
  who: fc.constantFrom(0 as const, 1 as const), market: fc.nat(100), buy: fc.boolean(), away: fc.integer({ min: -12, max: 12 }), lots: fc.integer({ min: 1, max: 400 }),
  kind: fc.constantFrom('place' as const, 'place' as const, 'place' as const, 'cancel' as const, 'agent' as const, 'wait' as const), tif: fc.constantFrom('GTC' as const, 'GTC' as const, 'IOC' as const, 'FOK' as const, 'GTX' as const),
  reduceOnly: fc.boolean(),
});

test('whatever happens until all is expired: money is conserved, positions sum to nought, every order has one final state', () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
    const { venue, told, alice, bob } = open('30000');
    const accounts = [alice, bob];
    const markets = [...venue.markets.values()];
    const check = (): void => {
      for (const [name, sum] of venue.ledger.sumByAsset()) assert.equal(sum, venue.ledger.supply().get(name) ?? 0n, name);
      for (const market of markets) {
        let lots = 0;
        for (const account of [...accounts, venue.house]) lots += account.lots(market);
        assert.equal(lots, 0, market.symbol);
        assert.ok(market.book.bestAsk === 0 || market.book.bestBid < market.book.bestAsk);
      }
      let cost = 0n;
      let realised = 0n;
      for (const account of [...accounts, venue.house]) for (const position of account.positions.values()) {
        cost += position.cost;
        realised += position.realised;
      }
      // Premiums pass through the clearing account whole; what one side has paid the other has got.
      assert.equal(venue.ledger.total(HOUSE.clearing, USDT), 0n);
      assert.equal(cost + -realised, 0n);
    };
    for (const one of steps) {
      const market = markets[one.market % markets.length]!;
      const ticks = Math.max(1, Math.round(market.mark / market.tickSize) + one.away);
      try {
        if (one.kind === 'place') place(venue, accounts[one.who]!, market, { side: one.buy ? 'BUY' : 'SELL', ticks, lots: one.lots, timeInForce: one.tif, reduceOnly: one.reduceOnly });
        else if (one.kind === 'cancel') {
          const [order] = accounts[one.who]!.open.values();
          if (order !== undefined) venue.call(venue.nowUs, () => venue.cancel(order));
        } else if (one.kind === 'agent') {
          if (one.reduceOnly) market.matcher.takeForAgent(one.buy ? BID : ASK, one.lots, ticks, venue.nowUs);
          else market.book.add(one.buy ? BID : ASK, ticks, one.lots, 0);
        } else {
          venue.setIndex('BTC', venue.index('BTC') * (1 + one.away / 200));
          wait(venue, venue.nowUs + 2e6);
        }
      } catch (error) {
        if (!(error instanceof VenueError)) throw error;
      }
      check();
    }
    venue.advance(EXPIRY_US);
    check();
    const ended = new Map<OptionOrder, string>();
    for (const { order, what } of told) {
      assert.equal(ended.has(order), false, 'an event after the end');
      if (what === 'CANCELED' || what === 'EXPIRED') ended.set(order, what);
    }
    for (const account of accounts) {
      for (const order of account.orders.values()) {
        if (order.open) assert.ok(account.open.has(order.orderId) && !ended.has(order));
        else if (statusOf(order) === 'FILLED') assert.ok(order.leavesLots === 0 && !ended.has(order));
        else assert.equal(ended.get(order), statusOf(order));
      }
    }
  }), { numRuns: 40 });
});
