import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OptionsVenue } from '../../../../actors/exchange/options/venue.js';
import { WantedStreams } from '../../../../tools/exchange/options/wanted.js';

const START_US = Date.UTC(2026, 7, 19, 12) * 1000;
const nothing = (): void => undefined;

function open(wanted: WantedStreams, streams: readonly string[] = []): OptionsVenue {
  const venue: OptionsVenue = new OptionsVenue({
    nowUs: START_US, indices: new Map([['BTC', 60_000], ['ETH', 3000]]), accounts: [],
    events: { trade: nothing, account: nothing, order: nothing, tick: nothing, listed: (market) => wanted.listed(market), delisted: (market) => wanted.delisted(market) },
    chain: { dailies: 1, weeklies: 0, monthlies: 0, quarterlies: 1, strikesEachSide: 2 },
  });
  wanted.begin(venue, streams);
  return venue;
}

const due = (wanted: WantedStreams, ms: number): string[] => [...wanted.dueAt(ms)].map(([stream]) => stream).sort();

test('a trade and a step of the clock find the streams that they are of, in either case of letters, and no other', () => {
  const wanted = new WantedStreams();
  const venue = open(wanted);
  const market = venue.market('BTC-260820-60000-C');
  const other = venue.market('ETH-260820-3000-C');
  const names = [
    'btc-260820-60000-c@optionTrade', 'BTC-260820-60000-C@trade', 'btcusdt@optionTrade', 'ethusdt@optionTrade', 'btc-260820-60000-c@depth@100ms', 'btc-260820-60000-c@depth10@500ms', 'btc-260820-60000-c@bookTicker',
    'btc-260820-60000-c@kline_1m', 'btcusdt@optionMarkPrice', 'btcusdt@openInterest@260820', '!index@arr', 'btc-260820-60000-c@kline_1x', 'nobody@optionTrade', '@', '__proto__@optionTrade',
  ];
  for (const name of [...names, ...names]) wanted.add(name);
  assert.deepEqual([...wanted.tradesOf(market)].sort(), ['BTC-260820-60000-C@trade', 'btc-260820-60000-c@optionTrade', 'btcusdt@optionTrade']);
  assert.deepEqual([...wanted.tradesOf(other)], ['ethusdt@optionTrade']);
  const [each100, each500] = [['btc-260820-60000-c@bookTicker', 'btc-260820-60000-c@depth@100ms'], ['btc-260820-60000-c@depth10@500ms']];
  const eachSecond = ['!index@arr', 'btc-260820-60000-c@kline_1m', 'btcusdt@optionMarkPrice'];
  assert.deepEqual(due(wanted, 100), each100);
  assert.deepEqual(due(wanted, 500), [...each100, ...each500].sort());
  assert.deepEqual(due(wanted, 1000), [...each100, ...each500, ...eachSecond].sort());
  assert.deepEqual(due(wanted, 60_000), [...each100, ...each500, ...eachSecond, 'btcusdt@openInterest@260820'].sort());
  assert.deepEqual([wanted.tellsDiffs(market, 100), wanted.tellsDiffs(market, 500), wanted.tellsDiffs(other, 100)], [true, true, false]);
  for (const name of names) wanted.remove(name);
  assert.deepEqual([due(wanted, 60_000), [...wanted.tradesOf(market)], wanted.tellsDiffs(market, 100)], [[], [], false]);
});

test('a stream of a contract that is not listed yet begins with its listing, and is silent after its end', () => {
  const wanted = new WantedStreams();
  const venue = open(wanted);
  wanted.add('btc-260820-60000-c@bookTicker');
  wanted.add('btc-260821-60000-c@bookTicker');
  assert.deepEqual(due(wanted, 100), ['btc-260820-60000-c@bookTicker']);
  while (venue.nowUs < Date.UTC(2026, 7, 20, 8, 1) * 1000) venue.advance(venue.nowUs + 1e6);
  assert.ok(venue.markets.has('BTC-260821-60000-C') && !venue.markets.has('BTC-260820-60000-C'));
  assert.deepEqual(due(wanted, 100), ['btc-260821-60000-c@bookTicker']);
  wanted.remove('btc-260820-60000-c@bookTicker');
  assert.deepEqual(due(wanted, 100), ['btc-260821-60000-c@bookTicker']);
});

test('another venue is listened to with the same names', () => {
  const wanted = new WantedStreams();
  const first = open(wanted);
  wanted.add('btc-260820-60000-c@optionTrade');
  const second = open(wanted, ['btc-260820-60000-c@optionTrade']);
  assert.deepEqual([...wanted.tradesOf(first.market('BTC-260820-60000-C'))], []);
  assert.deepEqual([...wanted.tradesOf(second.market('BTC-260820-60000-C'))], ['btc-260820-60000-c@optionTrade']);
});
