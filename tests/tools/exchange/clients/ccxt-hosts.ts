import test from 'node:test';
import ccxt from 'ccxt';
import { ccxtBinance } from './ccxt-clients.js';
import type { ClientVenue } from './venue.js';
import { refusals } from './waiting.js';

const SYMBOL = 'BTC/USDT:USDT';

/** ccxt with its own addresses: it knows futures' codes by the host name alone. An option of its own takes the requests elsewhere. */
export function ccxtHosts(venue: () => ClientVenue): void {
  test('ccxt, USD-M: under the venue\'s own host names, futures\' codes are errors of its own classes', async () => {
    const { key, secret } = venue().keys('ccxt-hosts').hmac;
    const client = new ccxt.binance({
      apiKey: key, secret, enableRateLimit: false, options: { defaultType: 'swap', fetchMarkets: { types: ['linear'] }, fetchCurrencies: false, fetchMargins: false },
      fetchImplementation: (url: string, { method, headers, body, signal }: RequestInit) => fetch(url.replace('https://fapi.binance.com', venue().ready.usdm.rest), { method: method!, headers: headers!, body: body!, signal: signal! }),
    });
    await client.loadMarkets();
    const { bids: [best] } = await client.fetchOrderBook(SYMBOL, 5);
    const bid = best![0]!;
    const order = (side: 'buy' | 'sell', amount: number, price: number, params: object = {}) => (): Promise<unknown> => client.createOrder(SYMBOL, 'limit', side, amount, price, params);
    await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, Math.floor(bid * 0.99), { clientOrderId: 'twice' });
    await refusals([
      ['more than there is', order('buy', 500, bid), ccxt.InsufficientFunds, /-2019/],
      ['the same id again', order('buy', 0.01, Math.floor(bid * 0.99), { clientOrderId: 'twice' }), ccxt.InvalidOrder, /-4116/],
      ['a notional too small', order('buy', 0.001, Math.floor(bid * 0.9)), ccxt.InvalidOrder, /-4164/],
      ['a maker that takes', order('buy', 0.01, Math.ceil(bid * 1.01), { postOnly: true }), ccxt.OrderNotFillable, /-5022/],
      ['all or nothing', order('buy', 10, Math.floor(bid * 0.99), { timeInForce: 'FOK' }), ccxt.OrderNotFillable, /-5021/],
      ['nothing to reduce', order('sell', 0.01, Math.ceil(bid * 1.01), { reduceOnly: true }), ccxt.InvalidOrder, /-2022/],
      ['a stop behind the market', () => client.createOrder(SYMBOL, 'market', 'sell', 0.01, undefined, { stopLossPrice: Math.floor(bid * 1.03) }), ccxt.OrderImmediatelyFillable, /-2021/],
    ]);
    await client.cancelAllOrders(SYMBOL);
    // The same requests under another address are plain errors: the limit is the client's.
    const moved = await ccxtBinance(venue().ready, 'swap', { key, secret });
    await moved.loadMarkets();
    await refusals([['more than there is', () => moved.createOrder(SYMBOL, 'limit', 'buy', 500, bid), ccxt.ExchangeError, /-2019/]]);
    await moved.close();
  });
}
