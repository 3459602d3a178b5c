import assert from 'node:assert/strict';
import { Agent } from 'node:https';
import test from 'node:test';
import { MainClient, WebsocketClient } from 'binance';
import { listen, SILENT } from './binance-clients.js';
import { ClientVenue } from './venue.js';

/** With `--tls`, and a client that trusts nothing but the certificate of the ready line. */
export function overTls(): void {
  test('binance, spot: over TLS, with the certificate that the ready line gives', async () => {
    const venue = await ClientVenue.open(['tls'], '--name', 'clients-tls', '--tls');
    try {
      const { spot, ca } = venue.ready;
      const { key, secret } = venue.keys('tls').hmac;
      const agent = new Agent({ ca: ca! });
      const client = new MainClient({ api_key: key, api_secret: secret, baseUrl: spot.rest, disableTimeSync: true, recvWindow: 60_000 }, { httpsAgent: agent });
      assert.equal((await client.getAccountInformation()).canTrade, true);
      const streams = new WebsocketClient({ wsUrl: spot.ws, wsOptions: { agent } }, SILENT);
      const heard = listen(streams);
      await streams.subscribe('btcusdt@bookTicker', 'main');
      await heard.first((message) => Number(message['b']) > 0, 'bookTicker');
      streams.closeAll(true);
      await assert.rejects(fetch(`${spot.rest}/api/v3/ping`), 'nobody else trusts it');
    } finally {
      await venue.close();
    }
  });
}
