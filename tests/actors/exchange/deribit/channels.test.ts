import assert from 'node:assert/strict';
import test from 'node:test';
import { ASK, BID } from '../../../../actors/exchange/book/index.js';
import { DeribitError } from '../../../../actors/exchange/deribit/errors.js';
import { ALICE, BOB, openVenue, place, quote, START_US } from './venue.js';

const refused = (body: () => unknown): boolean => {
  try {
    body();
    return false;
  } catch (error) {
    assert.ok(error instanceof DeribitError, String(error));
    return error.code === -32_602;
  }
};

test('an event reaches the channels that it is of, and no other', () => {
  const { venue, notices, alice, bob } = openVenue();
  quote(venue, 'BTC-PERPETUAL', BID, 59_990, 10_000);
  quote(venue, 'ETH-PERPETUAL', BID, 2990, 1000);
  const names = ['BTC-PERPETUAL', 'ETH-PERPETUAL'].flatMap((name) => [`book.${name}.raw`, `book.${name}.100ms`, `quote.${name}`, `ticker.${name}.raw`, `trades.${name}.raw`, `trades.${name}.100ms`]);
  const shared = ['trades.any.any.raw', 'trades.future.BTC.raw', 'trades.future.ETH.raw', 'trades.option.BTC.raw', 'trades.future.USDT.raw'];
  const own = ['user.orders.any.any.raw', 'user.trades.BTC-PERPETUAL.raw', 'user.changes.future.ETH.raw', 'user.portfolio.btc', 'user.portfolio.eth', 'user.orders.BTC-PERPETUAL.100ms'];
  const keys = new Map<string, string>();
  for (const name of [...names, ...shared]) keys.set(name, venue.call(START_US, () => venue.channels.open(name, ALICE)).key);
  for (const account of [ALICE, BOB]) for (const name of own) keys.set(`${account} ${name}`, venue.call(START_US, () => venue.channels.open(name, account)).key);
  const told = (): string[] => {
    const all = [...new Set(notices.map(({ key }) => [...keys].find(([, known]) => known === key)![0]))].sort();
    notices.length = 0;
    return all;
  };
  // What was true before anybody listened is no news; the first look of quotes and tickers is.
  told();
  place(venue, bob, { direction: 'sell', price: 59_995, amount: 1000 });
  assert.deepEqual(told(), ['book.BTC-PERPETUAL.raw', 'quote.BTC-PERPETUAL', 'ticker.BTC-PERPETUAL.raw', `${BOB} user.orders.any.any.raw`, `${BOB} user.portfolio.btc`].sort());
  place(venue, alice, { price: 59_995, amount: 400 });
  assert.deepEqual(told(), [
    'book.BTC-PERPETUAL.raw', 'quote.BTC-PERPETUAL', 'ticker.BTC-PERPETUAL.raw', 'trades.BTC-PERPETUAL.raw', 'trades.any.any.raw', 'trades.future.BTC.raw',
    ...[ALICE, BOB].flatMap((account) => [`${account} user.orders.any.any.raw`, `${account} user.trades.BTC-PERPETUAL.raw`, `${account} user.portfolio.btc`]),
  ].sort());
  venue.advance(START_US + 1e6);
  const collected = told();
  for (const name of ['book.BTC-PERPETUAL.100ms', 'trades.BTC-PERPETUAL.100ms', `${ALICE} user.orders.BTC-PERPETUAL.100ms`]) assert.ok(collected.includes(name), name);
  for (const name of ['book.ETH-PERPETUAL.100ms', 'trades.ETH-PERPETUAL.100ms', 'trades.ETH-PERPETUAL.raw']) assert.ok(!collected.includes(name), name);
  for (const key of keys.values()) venue.channels.close(key);
  place(venue, bob, { direction: 'sell', price: 59_999, amount: 1000 });
  quote(venue, 'BTC-PERPETUAL', ASK, 60_100, 10);
  venue.advance(START_US + 2e6);
  assert.deepEqual([told(), venue.channels.size], [[], 0]);
});

test('names are those of the platform: its currencies, its groups by base, its depths', () => {
  const { venue } = openVenue();
  const open = (name: string): unknown => venue.call(START_US, () => venue.channels.open(name, ALICE));
  for (const name of ['trades.any.EURR.raw', 'user.trades.any.USDT.raw', 'user.orders.future.any.100ms', 'book.BTC-PERPETUAL.none.1.100ms', 'book.BTC-PERPETUAL.10.20.100ms', 'book.ETH-PERPETUAL.250.10.agg2']) {
    assert.equal(refused(() => open(name)), false, name);
  }
  for (const name of ['trades.any.XX.raw', 'trades.any.DOGE.raw', 'user.orders.any.ABCDEF.raw', 'trades.any.btc.raw', 'book.BTC-PERPETUAL.3.10.100ms', 'book.BTC-PERPETUAL.0.001.10.100ms', 'book.BTC-PERPETUAL.1e0.10.100ms', 'book.ETH-PERPETUAL.1.10.100ms', 'book.BTC-PERPETUAL.none.10.0.100ms', 'book.BTC-PERPETUAL.none.5.100ms']) {
    assert.equal(refused(() => open(name)), true, name);
  }
});
