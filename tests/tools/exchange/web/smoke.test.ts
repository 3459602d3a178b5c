import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, DOC_KEY, hmac, http, startVenue } from './venue.js';

test('REST, websocket API and streams answer on one port', async () => {
  const venue = await startVenue();
  try {
    const ping = await http(`${venue.origins.rest}/api/v3/ping`);
    assert.equal(ping.text, '{}');
    const payload = `symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&timestamp=${Date.now()}`;
    const order = await http(`${venue.origins.rest}/api/v3/order?${payload}&signature=${hmac(payload)}`, { method: 'POST', key: DOC_KEY });
    assert.equal(order.status, 200, order.text);
    assert.equal(order.headers.get('x-mbx-order-count-10s'), '1');
    const api = await Client.open(`${venue.origins.ws}/ws-api/v3`);
    const pong = await api.ask({ id: 1, method: 'ping' });
    assert.equal(pong['status'], 200);
    const stream = await Client.open(`${venue.origins.ws}/stream?streams=btcusdt@trade`);
    venue.hub.publish('btcusdt@trade', () => '{"e":"trade"}');
    assert.deepEqual(await stream.nextJson(), { stream: 'btcusdt@trade', data: { e: 'trade' } });
  } finally {
    await venue.server.close();
  }
});
