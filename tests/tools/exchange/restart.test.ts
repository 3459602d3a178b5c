import assert from 'node:assert/strict';
import { test } from 'node:test';
import WebSocket from 'ws';
import { openExchange } from '../../support/open-exchange.js';
import { Trader } from './spot/trader.js';

const DEADLINE_MS = 30_000;

test('an engine that crashes comes back with its market, accounts and orders; sockets stay, streams go on, and the other product has not noticed', async () => {
  const opened = await openExchange();
  const { exchange, origins } = opened;
  const restarts = (path: string): number => {
    const tree = exchange.runtime.tree({ path })!;
    return tree.restarts;
  };
  try {
    const socket = new WebSocket(`${origins.spot.ws}/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker/btcusdt@kline_1m`);
    const counts = new Map<string, number>();
    let closed = false;
    socket.on('message', (bytes: Buffer) => {
      const { stream } = JSON.parse(bytes.toString()) as { readonly stream: string };
      counts.set(stream, (counts.get(stream) ?? 0) + 1);
    });
    socket.on('close', () => (closed = true));
    socket.on('error', () => (closed = true));
    const until = async (seen: () => boolean, what: string): Promise<void> => {
      for (const startMs = Date.now(); !seen(); ) {
        assert.ok(Date.now() - startMs < DEADLINE_MS, what);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await until(() => counts.size === 3, 'three streams');
    const trades = async (rest: string): Promise<number> => ((await (await fetch(`${rest}/trades?symbol=BTCUSDT&limit=1000`)).json()) as unknown[]).length;
    await until(() => exchange.products[1]!.feed!.symbols[0]!.data.trades.size > 0, 'a trade');
    const perpetual = await trades(`${origins.usdm.rest}/fapi/v1`);

    const trader = new Trader(opened);
    const placed = await trader.call('POST', '/api/v3/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.001', price: '50000', newClientOrderId: 'outlives' });
    assert.equal(placed.status, 200, placed.text);
    const account = async (): Promise<unknown> => (await trader.call('GET', '/api/v3/account')).json['balances'];
    const balances = await account();
    assert.ok(exchange.runtime.crash('/spot/engine', { name: 'Planted', message: 'a crash' }));
    await until(() => restarts('/spot/engine') === 1 && exchange.runtime.tree({ path: '/spot/engine' })!.state === 'running', 'a restart');
    counts.clear();
    await until(() => counts.size === 3 && counts.get('btcusdt@depth@100ms')! > 5, 'streams after the restart');
    assert.equal(closed, false);
    const book = (await (await fetch(`${origins.spot.rest}/api/v3/depth?symbol=BTCUSDT&limit=50`)).json()) as { readonly bids: unknown[]; readonly asks: unknown[] };
    assert.deepEqual([book.bids.length, book.asks.length], [50, 50]);
    assert.ok((await trades(`${origins.usdm.rest}/fapi/v1`)) >= perpetual);
    assert.deepEqual([restarts('/spot/engine'), restarts('/usdm/engine'), restarts('/spot/face'), restarts('/market')], [1, 0, 0, 0]);
    assert.equal((await trader.call('GET', '/api/v3/order', { symbol: 'BTCUSDT', origClientOrderId: 'outlives' })).json['status'], 'NEW');
    assert.deepEqual(await account(), balances);
    socket.terminate();
    assert.deepEqual(opened.defects, []);
  } finally {
    await opened.close();
  }
});
