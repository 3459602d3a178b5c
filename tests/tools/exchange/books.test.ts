import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type OpenedExchange, openExchange } from '../../support/open-exchange.js';

interface Books {
  readonly accounts: readonly { readonly account: number; readonly house: boolean; readonly balances: Readonly<Record<string, { readonly free: string; readonly locked: string }>>; readonly openOrders: number }[];
  readonly positions: readonly object[];
  readonly openOrders: readonly object[];
  readonly orders: readonly object[];
  readonly fills: readonly object[];
  readonly sums: Readonly<Record<string, { readonly held: string; readonly supply: string }>>;
  readonly markets: readonly { readonly symbol: string; readonly bid: string; readonly ask: string }[];
}
const PRODUCTS = ['spot', 'usdm', 'options', 'deribit'] as const;
const units = (text: string): bigint => BigInt(text.replace('.', ''));

describe('the books of an exchange', () => {
  let opened: OpenedExchange;
  before(async () => {
    opened = await openExchange({ accountCount: 2 });
    const { rest } = opened.origins.deribit;
    const { key, secret } = opened.accounts.all[0]!.keys[0]!;
    const deribit = async (query: string): Promise<unknown> => {
      const answer = await fetch(`${rest}/api/v2/${query}`, { headers: { authorization: `Basic ${Buffer.from(`${key}:${secret}`).toString('base64')}` } });
      assert.equal(answer.status, 200, query);
      return answer.json();
    };
    for (let order = 0; order < 3; order++) await deribit('private/buy?instrument_name=BTC-PERPETUAL&amount=10&type=market');
    const { result } = (await deribit('public/ticker?instrument_name=BTC-PERPETUAL')) as { readonly result: { readonly mark_price: number } };
    await deribit(`private/buy?instrument_name=BTC-PERPETUAL&amount=10&price=${Math.floor(result.mark_price * 0.99)}`);
  });
  after(() => opened.close());
  const books = async (limit: number): Promise<Record<(typeof PRODUCTS)[number], Books>> => (await opened.exchange.books(limit)) as never;

  test('every product has the same ones: all accounts add up to the sums, the sums to what was brought in, and no book is crossed', async () => {
    const all = await books(100);
    for (const product of PRODUCTS) {
      const { accounts, sums, markets } = all[product];
      assert.deepEqual([accounts.some(({ house }) => house), accounts.filter(({ house }) => !house).length], [true, 2], product);
      for (const [asset, { held, supply }] of Object.entries(sums)) {
        let sum = 0n;
        for (const { balances } of accounts) sum += units(balances[asset]?.free ?? '0.00000000') + units(balances[asset]?.locked ?? '0.00000000');
        assert.deepEqual([sum, held], [units(held), supply], `${product} ${asset}`);
      }
      assert.ok(Object.keys(sums).length > 0 && markets.length > 0, product);
      for (const { symbol, bid, ask } of markets) assert.ok(Number(ask) === 0 || Number(bid) < Number(ask), `${product} ${symbol} ${bid} ${ask}`);
    }
    assert.deepEqual([all.deribit.orders.length, all.deribit.openOrders.length], [4, 1]);
    assert.ok(all.deribit.fills.length >= 3);
  });

  test('of orders and fills there are as many as are asked for, none among them; open orders and positions are always there', async () => {
    for (const limit of [0, 2]) {
      const { deribit, ...others } = await books(limit);
      assert.deepEqual([deribit.orders.length, deribit.fills.length, deribit.openOrders.length], [limit, limit, 1]);
      // The client's and the market's.
      assert.equal(deribit.positions.length, 2);
      for (const product of ['spot', 'usdm', 'options'] as const) assert.ok(others[product].orders.length <= limit && others[product].fills.length <= limit, product);
    }
  });
});
