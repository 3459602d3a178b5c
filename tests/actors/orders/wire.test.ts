import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { Json, VenueProduct } from '../../../actors/engine/io.js';
import type { AlgoReport, OrderReport } from '../../../actors/engine/venue-calls.js';
import { decodeOrder, VenueInstruments } from '../../../actors/gateway/decode/index.js';
import type { CallStep } from '../../../actors/orders/answers.js';
import { halfOf, readAnswer } from '../../../actors/orders/decode.js';
import { newRecord } from '../../../actors/orders/knowledge.js';
import type { OrderIntent, OrderRecord } from '../../../actors/orders/messages.js';
import { listIdOf, wireOf, type WireInstrument } from '../../../actors/orders/wire.js';
import type { Instrument } from '../../../data/records/index.js';
import { openExchange, type OpenedExchange } from '../../support/open-exchange.js';

/** Every call about every kind of order, sent to the exchange in a box over HTTP and its answer read as the manager reads it. */
describe('calls about orders at the exchange', () => {
  let opened: OpenedExchange;
  const instruments: Instrument[] = [];

  before(async () => {
    opened = await openExchange();
    const base = { multiplier: '1', settle: 'USDT', inferred: [] } as const;
    for (const [index, product] of (['spot', 'usdm', 'options'] as const).entries()) {
      const info = (await (await fetch(`${opened.origins[product].rest}${{ spot: '/api/v3', usdm: '/fapi/v1', options: '/eapi/v1' }[product]}/exchangeInfo`)).json()) as {
        readonly symbols?: readonly Row[]; readonly optionSymbols?: readonly Row[];
      };
      const row = (info.symbols ?? info.optionSymbols ?? []).find(({ symbol }) => symbol === 'BTCUSDT' || (product === 'options' && symbol.startsWith('BTC') && symbol.endsWith('-C')))!;
      const filter = (name: string, field: string): string => row.filters.find(({ filterType }) => filterType === name)![field]!.replace(/(\.\d*?[1-9])0+$|\.0+$/, '$1');
      instruments.push({
        ...base, index, symbol: row.symbol, venue: `binance-${product}`, product: product === 'usdm' ? 'linear' : product === 'options' ? 'option' : 'spot',
        tickSize: filter('PRICE_FILTER', 'tickSize'), lotSize: filter('LOT_SIZE', 'stepSize'),
      });
    }
  });
  after(() => opened.close());

  async function ask(step: CallStep, record: OrderRecord): Promise<{ readonly reports: readonly (OrderReport | AlgoReport)[] | null; readonly trades: number; readonly body: Json }> {
    const { symbol, tickSize, lotSize } = instruments[record.intent.symbol]!;
    const instrument: WireInstrument = { name: symbol, product: record.intent.product, tickSize, lotSize };
    const { method, path, params, product } = wireOf(step, record, instrument);
    const { key, secret } = opened.accounts.all[0]!.keys.find(({ kind }) => kind === 'hmac')!;
    const payload = new URLSearchParams({ ...params, timestamp: String(Math.floor(opened.exchange.clock.nowUs() / 1000)) }).toString();
    const signature = createHmac('sha256', secret!).update(payload).digest('hex');
    const response = await fetch(`${opened.origins[product].rest}${path}?${payload}&signature=${signature}`, { method, headers: { 'X-MBX-APIKEY': key } });
    const body = (await response.json()) as Json;
    assert.equal(response.status, 200, `${step} ${method} ${path}: ${JSON.stringify(body)}`);
    const { parts } = readAnswer(step, record, body, new VenueInstruments(instruments), () => false);
    return { reports: parts?.reports ?? null, trades: parts?.trades.length ?? 0, body };
  }

  async function priceOf(product: VenueProduct): Promise<number> {
    const { symbol, tickSize } = instruments.find(({ venue }) => venue === `binance-${product}`)!;
    for (let look = 0; ; look += 1) {
      assert.ok(look < 1000, 'nobody quotes');
      const path = { spot: '/api/v3', usdm: '/fapi/v1', options: '/eapi/v1' }[product];
      const book = (await (await fetch(`${opened.origins[product].rest}${path}/depth?symbol=${symbol}`)).json()) as { readonly bids?: readonly (readonly [string, string])[] };
      if (book.bids !== undefined && book.bids.length > 0) return Math.round(Number(book.bids[0]![0]) / Number(tickSize));
    }
  }

  function recordOf(product: VenueProduct, overrides: Partial<OrderIntent>): OrderRecord {
    const symbol = ['spot', 'usdm', 'options'].indexOf(product);
    return {
      ...newRecord({
        id: 'a', clientId: `fl-test-${product}-${overrides.kind ?? 'limit'}-${overrides.timeInForce ?? ''}`, product, symbol, service: product === 'usdm' && overrides.kind === 'stop' ? 'algo' : 'order', side: 'buy',
        positionSide: 'BOTH', kind: 'limit', priceTicks: 0, triggerTicks: 0, lots: Math.ceil(0.02 / Number(instruments[symbol]!.lotSize)), timeInForce: 'GTC', reduceOnly: false, reduces: null,
        owner: '', listId: null, createdMs: Math.floor(opened.exchange.clock.nowUs() / 1000), ...overrides,
      }),
      sent: true,
    };
  }

  const venueIdOf = (report: OrderReport | AlgoReport): string => (report.type === 'order.report' ? report.venueId : report.algoId);

  for (const product of ['spot', 'usdm', 'options'] as const) {
    it(`${product}: a limit order is placed, found by every question, and withdrawn`, async () => {
      const price = Math.floor((await priceOf(product)) * 0.97);
      for (const timeInForce of ['GTC', 'GTX'] as const) {
        const record = recordOf(product, { priceTicks: price, timeInForce });
        const placed = await ask('place', record);
        assert.deepEqual(placed.reports?.map(({ status }) => status), ['NEW']);
        const known = { ...record, venueId: venueIdOf(placed.reports![0]!) };
        assert.deepEqual((await ask('order', known)).reports?.map(({ status, lots }) => [status, lots]), [['NEW', record.intent.lots]]);
        assert.equal((await ask('open', known)).reports?.length, 1);
        assert.equal((await ask('trades', known)).trades, 0);
        assert.deepEqual((await ask('cancel', known)).reports?.map(({ status }) => status), ['CANCELED']);
        assert.equal((await ask('open', known)).reports?.length, 0);
      }
    });
  }

  it('spot: target and stop are placed as one list, each found by itself, and withdrawn together', async () => {
    await ask('place', recordOf('spot', { kind: 'market', timeInForce: 'IOC', clientId: 'fl-test-list-entry' }));
    const price = await priceOf('spot');
    const lots = Math.floor(recordOf('spot', {}).intent.lots * 0.9);
    const exits = { side: 'sell', reduceOnly: true, reduces: 'a', lots, listId: listIdOf('fl-test-list-stop'), triggerTicks: Math.floor(price * 0.95) } as const;
    const stop = recordOf('spot', { ...exits, kind: 'stop', clientId: 'fl-test-list-stop' });
    const target = recordOf('spot', { ...exits, kind: 'limit', timeInForce: 'GTX', priceTicks: Math.floor(price * 1.03), clientId: 'fl-test-list-target' });
    const placed = await ask('place', target);
    assert.deepEqual(placed.reports?.map(({ status, clientId }) => [status, clientId]), [['NEW', 'fl-test-list-target']]);
    assert.deepEqual(readAnswer('place', stop, placed.body, new VenueInstruments(instruments), () => true).parts?.reports.map(({ status, clientId }) => [status, clientId]), [['NEW', 'fl-test-list-stop']]);
    for (const leg of [stop, target]) assert.deepEqual((await ask('order', leg)).reports?.map(({ status }) => status), ['NEW']);
    await ask('cancel', target);
    for (const leg of [stop, target]) assert.deepEqual((await ask('order', leg)).reports?.map(({ status }) => status), ['CANCELED']);
  });

  it('spot: an order at market takes the place of a stop with one call, which tells of both', async () => {
    await ask('place', recordOf('spot', { kind: 'market', timeInForce: 'IOC', clientId: 'fl-test-replace-entry' }));
    const exits = { side: 'sell', reduceOnly: true, reduces: 'a', lots: Math.floor(recordOf('spot', {}).intent.lots * 0.9) } as const;
    const stop = recordOf('spot', { ...exits, kind: 'stop', clientId: 'fl-test-replace-stop', triggerTicks: Math.floor((await priceOf('spot')) * 0.95) });
    await ask('place', stop);
    const sold = await ask('place', recordOf('spot', { ...exits, kind: 'market', timeInForce: 'IOC', clientId: 'fl-test-replace-sold', replaces: 'fl-test-replace-stop' }));
    assert.deepEqual([sold.reports?.at(-1)?.status, sold.reports?.at(-1)?.clientId], ['FILLED', 'fl-test-replace-sold']);
    const old = decodeOrder('spot', halfOf(sold.body, 'cancelResponse'), new VenueInstruments(instruments));
    assert.deepEqual(old.ok && [old.value.clientId, old.value.status], ['fl-test-replace-stop', 'CANCELED']);
    assert.deepEqual((await ask('order', stop)).reports?.map(({ status }) => status), ['CANCELED']);
  });

  for (const product of ['spot', 'usdm'] as const) {
    it(`${product}: an order at market brings fills, a stop stands behind it, and what is left is sold`, async () => {
      const bought = recordOf(product, { kind: 'market', timeInForce: 'IOC' });
      const placed = await ask('place', bought);
      const last = placed.reports!.at(-1)!;
      assert.ok(last.type === 'order.report' && last.status === 'FILLED' && last.filledLots === bought.intent.lots);
      const { trades } = await ask('trades', { ...bought, venueId: last.venueId });
      assert.ok(trades > 0);
      assert.deepEqual((await ask('order', bought)).reports?.map(({ status }) => status), ['FILLED']);

      const exits = { side: 'sell', reduceOnly: true, reduces: 'a' } as const;
      const lots = product === 'spot' ? Math.floor(bought.intent.lots * 0.99) : bought.intent.lots;
      const stop = recordOf(product, { ...exits, kind: 'stop', lots, triggerTicks: Math.floor((await priceOf(product)) * 0.95) });
      const stands = await ask('place', stop);
      assert.deepEqual(stands.reports?.map(({ status }) => status), ['NEW']);
      assert.deepEqual((await ask('order', stop)).reports?.map(({ status, triggerTicks }) => [status, triggerTicks]), [['NEW', stop.intent.triggerTicks]]);
      assert.equal((await ask('open', stop)).reports?.length, 1);
      await ask('cancel', stop);
      assert.deepEqual((await ask('order', stop)).reports?.map(({ status }) => status), ['CANCELED']);

      const sold = await ask('place', recordOf(product, { ...exits, kind: 'market', timeInForce: 'IOC', lots, clientId: `fl-test-${product}-sold` }));
      assert.equal(sold.reports?.at(-1)?.status, 'FILLED');
    });
  }
});

interface Row {
  readonly symbol: string;
  readonly filters: readonly Readonly<Record<string, string>>[];
}
