import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Amount, Asset } from '../../../../actors/exchange/ledger/index.js';
import type { SpotVenue } from '../../../../actors/exchange/spot/venue.js';
import { EnginePort } from '../../../../tools/exchange/product/engine-port.js';
import type { SoakClient } from '../../../../tools/exchange/soak/client.js';
import { USDM } from '../../../../tools/exchange/soak/dialect.js';
import { type KnownStatus, type OrderRecord, OrderRecords } from '../../../../tools/exchange/soak/records.js';
import { soak } from '../../../../tools/exchange/soak/run.js';
import { Truth } from '../../../../tools/exchange/soak/truth.js';
import { openExchange } from '../../../support/open-exchange.js';
import { Trader } from '../troubles/stage.js';

test('minutes of a live market with random clients and random troubles: one end for every order on both sides, all sums kept', async () => {
  const seen: string[] = [];
  // Five seconds of a busy machine may be too few for every kind of end; what must hold holds in each of them.
  for (const seed of [5, 6, 7, 8]) {
    const { problems, orders, troubles, checks } = await soak({ minutes: 1, speed: 12, scenario: 'calm', seed, accounts: 1, pauseMs: 5, flood: 50 });
    assert.deepEqual(problems, []);
    assert.equal(orders.compared, orders.sent);
    seen.push(JSON.stringify({ orders, troubles, checks }));
    const ended = (orders.ends['FILLED'] ?? 0) > 0 && (orders.ends['CANCELED'] ?? 0) > 0;
    if (orders.sent > 80 && ended && troubles.scripts >= 1 && troubles.hits > 0 && checks >= 2) return;
  }
  assert.fail(`too little happened: ${seen.join('\n')}`);
});

test('a client\'s records notice two ends of one order, and an order that was not to be', () => {
  const records = new OrderRecords();
  const send = (id: string): void => records.send({ id, symbol: 'X', side: 'BUY', price: '1', quantity: '2', status: 'SENT', filled: 0, touchedUs: 0, inFlight: false });
  for (const id of ['a', 'b', 'c']) send(id);
  records.told('a', 'NEW', 0);
  records.told('a', 'PARTIALLY_FILLED', 1);
  records.told('a', 'NEW', 0);
  assert.deepEqual([records.open.get('a')!.status, records.open.get('a')!.filled], ['PARTIALLY_FILLED', 1]);
  records.told('a', 'FILLED', 2);
  records.told('a', 'FILLED', 2);
  records.told('a', 'PARTIALLY_FILLED', 1);
  assert.deepEqual(records.contradictions, []);
  records.told('a', 'CANCELED', 2);
  records.told('b', 'NEVER', 0);
  records.told('b', 'NEW', 0);
  records.told('c', 'CANCELED', 0);
  records.told('c', 'CANCELED', 1);
  assert.equal(records.contradictions.length, 3);
  assert.deepEqual(records.finished.map(({ id }) => id), ['a', 'b', 'c']);
});

test('the venue\'s records are what clients are held against', async () => {
  const opened = await openExchange();
  try {
    const trader = new Trader(opened, 0);
    const truth = new Truth(opened.exchange);
    await trader.order({ newClientOrderId: 'there' });
    const client = { dialect: USDM, account: opened.accounts.all[0]! } as SoakClient;
    const record = (id: string, status: KnownStatus, filled: number): OrderRecord => ({ id, symbol: 'BTCUSDT', side: 'BUY', price: undefined, quantity: '0.010', status, filled, touchedUs: 0, inFlight: false });
    assert.deepEqual(await truth.compare(client, [record('there', 'FILLED', 0.01), record('nowhere', 'NEVER', 0)]), []);
    assert.deepEqual(await truth.compare(client, [record('there', 'FILLED', 0.009), record('there', 'NEVER', 0), record('there', 'CANCELED', 0.01), record('nowhere', 'FILLED', 0.01)]), [
      'usdm there: the client has FILLED 0.009, the venue FILLED 0.01', 'usdm there: the client has NEVER 0, the venue FILLED',
      'usdm there: the client has CANCELED 0.01, the venue FILLED 0.01', 'usdm nowhere: the client has FILLED 0.01, the venue nothing',
    ]);
    assert.deepEqual(await truth.check(), []);
    // Money out of nowhere must be noticed.
    await new EnginePort<SpotVenue>(opened.exchange.runtime, 'spot', 1).ask((venue) => {
      const ledger = venue.ledger as unknown as { supply(): Map<Asset, Amount> };
      const { supply } = ledger;
      ledger.supply = () => new Map([...supply.call(venue.ledger)].map(([name, value]) => [name, (value - 1n) as Amount]));
    });
    assert.ok((await truth.check()).length >= 2);
  } finally {
    await opened.close();
  }
});
