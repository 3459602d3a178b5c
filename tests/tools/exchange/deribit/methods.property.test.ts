import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { ASK, BID } from '../../../../actors/exchange/book/index.js';
import { DeribitParams } from '../../../../actors/exchange/deribit/params.js';
import { VenueError } from '../../../../actors/exchange/venue-error.js';
import { METHOD_NAMES, methodNamed } from '../../../../tools/exchange/deribit/methods/index.js';
import { ALICE, openVenue, quote } from '../../../actors/exchange/deribit/venue.js';

/** Names and values that calls have, among others that they have not. */
const NAMES = [
  'instrument_name', 'amount', 'contracts', 'price', 'type', 'label', 'time_in_force', 'max_show', 'post_only', 'reject_post_only', 'reduce_only', 'trigger', 'trigger_price', 'trigger_offset', 'order_id', 'currency',
  'kind', 'count', 'depth', 'start_timestamp', 'end_timestamp', 'resolution', 'index_name', 'length', 'ids', 'sorting', 'detailed', 'extended', 'include_unfilled', 'offset', 'instrument_id', 'start_seq', '__proto__', 'advanced',
];
const value = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('BTC-PERPETUAL', 'ETH_USDC-PERPETUAL', 'BTC', 'USDC', 'any', 'limit', 'market', 'stop_market', 'trailing_stop', 'market_limit', 'last_price', 'good_til_day', 'fill_or_kill', '1', 'SLTB-1', 'true', '60', '1D', 'btc_usd', '24h', 'desc', 'mine') },
  { weight: 3, arbitrary: fc.constantFrom<unknown>(100, 10, 0, -5, 60_000, 59_999.5, 0.1, 1e308, Number.MAX_SAFE_INTEGER, true, false, null) },
  { weight: 1, arbitrary: fc.jsonValue() },
);
const call = fc.record({ method: fc.constantFrom(...METHOD_NAMES), params: fc.dictionary(fc.constantFrom(...NAMES), value, { maxKeys: 8 }) });
/** Orders that have all they need, so that some get through. */
const order = fc.record({
  method: fc.constantFrom('private/buy', 'private/sell'),
  params: fc.record({
    instrument_name: fc.constantFrom('BTC-PERPETUAL', 'ETH_USDC-PERPETUAL'), amount: fc.constantFrom(10, 100, 1000), type: fc.constantFrom('limit', 'market', 'market_limit', 'stop_limit', 'trailing_stop'),
    price: fc.constantFrom(60_000, 59_990, 60_010, 3000), trigger: fc.constantFrom('last_price', 'index_price'), trigger_price: fc.constantFrom(59_000, 61_000), trigger_offset: fc.constantFrom(10, 100), label: fc.constant('mine'),
    reduce_only: fc.boolean(), post_only: fc.boolean(),
  }, { requiredKeys: ['instrument_name', 'amount'] }),
});

test('whatever is asked of any method gives an answer that is JSON, or a refusal, and leaves the books sound', () => {
  fc.assert(fc.property(fc.array(fc.oneof(call, order), { maxLength: 40 }), (calls) => {
    const { venue, alice } = openVenue();
    quote(venue, 'BTC-PERPETUAL', BID, 59_995, 2000);
    quote(venue, 'BTC-PERPETUAL', ASK, 60_005, 2000);
    let nowUs = venue.nowUs;
    for (const { method: name, params: values } of calls) {
      const method = methodNamed(name)!;
      const params = new DeribitParams(values);
      nowUs += 1000;
      try {
        const answer = venue.call(nowUs, () => (method.kind === 'public' ? method.run({ venue, params }) : method.run({ venue, params, account: alice, connection: 0 })));
        const text = JSON.stringify(answer);
        assert.equal(typeof text, 'string', name);
        assert.ok(!text.includes('null,null,null'), name);
      } catch (error) {
        if (!(error instanceof VenueError)) throw error;
      }
    }
    venue.advance(nowUs + 1e6);
    for (const [asset, sum] of venue.ledger.sumByAsset()) assert.equal(sum, venue.ledger.supply().get(asset) ?? 0n);
    for (const { book } of venue.markets.values()) assert.ok(book.bestAsk === 0 || book.bestBid < book.bestAsk);
  }), { numRuns: 150 });
});

test('any text is a channel or refused, and every channel begins with JSON', () => {
  const part = fc.constantFrom('book', 'trades', 'ticker', 'quote', 'user', 'orders', 'changes', 'portfolio', 'chart', 'perpetual', 'deribit_price_index', 'BTC-PERPETUAL', 'any', 'BTC', 'btc', 'raw', '100ms', 'agg2', 'none', '10', '60', 'btc_usd', 'future', '');
  fc.assert(fc.property(fc.oneof(fc.string(), fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('.'))), fc.boolean(), (name, known) => {
    const { venue } = openVenue();
    try {
      const { key, first } = venue.channels.open(name, known ? ALICE : undefined);
      assert.ok(first === undefined || typeof JSON.stringify(first) === 'string');
      venue.advance(venue.nowUs + 1e6);
      venue.channels.close(key);
      assert.equal(venue.channels.size, 0);
    } catch (error) {
      if (!(error instanceof VenueError)) throw error;
    }
  }), { numRuns: 400 });
});
