import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { EngineScene } from '../support/engine-scene.js';
import { openExchange } from '../support/open-exchange.js';

/** What an engine does with options, where no stop can stand; not in npm test. */
const WANTED = process.env['FAULTLINE_ENGINE_SCENARIOS'] ?? '';

interface Row {
  readonly symbol: string;
  readonly [field: string]: unknown;
}

if (WANTED === 'all' || WANTED === 'options') {
  test('options: market data and truth are there, others\' orders and positions are seen, nothing is opened, and what is there is closed and cancelled', { timeout: 300_000 }, async () => {
    const opened = await openExchange({ speed: 5, seed: 3 });
    const { rest } = opened.origins.options;
    const { id: account, keys } = opened.accounts.all[0]!;
    const { key, secret } = keys.find(({ kind }) => kind === 'hmac')!;
    const get = async (path: string): Promise<unknown> => (await fetch(`${rest}${path}`)).json();
    const byHand = async (params: Readonly<Record<string, string>>): Promise<Row> => {
      const payload = new URLSearchParams({ ...params, recvWindow: '60000', timestamp: String(Math.floor(opened.exchange.clock.nowUs() / 1000)) }).toString();
      const signature = createHmac('sha256', secret!).update(payload).digest('hex');
      const response = await fetch(`${rest}/eapi/v1/order?${payload}&signature=${signature}`, { method: 'POST', headers: { 'X-MBX-APIKEY': key } });
      const body = (await response.json()) as Row;
      assert.equal(response.status, 200, JSON.stringify(body));
      return body;
    };
    const { optionSymbols } = (await get('/eapi/v1/exchangeInfo')) as { readonly optionSymbols: readonly Row[] };
    type Book = { readonly bids: readonly (readonly [string, string])[]; readonly asks: readonly (readonly [string, string])[] };
    // One that both sides quote.
    let symbol = '';
    let book: Book = { bids: [], asks: [] };
    for (let look = 0; symbol === ''; look += 1) {
      assert.ok(look < 200, 'nobody quotes');
      const candidate = optionSymbols.filter((row) => row.symbol.startsWith('BTC') && row.symbol.endsWith('-C'))[look % 20];
      if (candidate === undefined) continue;
      book = (await get(`/eapi/v1/depth?symbol=${candidate.symbol}`)) as Book;
      if (book.bids.length > 0 && book.asks.length > 0) symbol = candidate.symbol;
    }
    const scene = await EngineScene.open({
      opened, product: 'options',
      wholeConfig: `
[indicators]
warmupSamples = 1
latencyPauseMs = 60000
bookStaleMs = 60000
quoteStaleMs = 60000

[trading]
strategy = "eager"

[engine]
mode = "demo"

[engine.symbols]
spot = []
usdm = []
options = ["${symbol}"]

[engine.risk]
priceMaxAgeMs = 600000

[engine.feeds]
lagMaxMs = 60000

[engine.feeds.silence]
depthMs = 60000
bookTickerMs = 60000
# Options are seldom traded.
tradeMs = 0
`,
    });
    try {
      await byHand({ symbol, side: 'BUY', type: 'LIMIT', quantity: '0.2', price: book.asks.at(-1)![0], timeInForce: 'GTC', clientOrderId: 'web-bought' });
      await byHand({ symbol, side: 'BUY', type: 'LIMIT', quantity: '0.1', price: book.bids.at(-1)![0], timeInForce: 'GTC', clientOrderId: 'web-rests' });
      await scene.start();
      type Named = { readonly clientId: string; readonly owner: string };
      await scene.until(async () => {
        const { truth, ledger, orders } = await scene.status();
        const held = ledger.find(({ product }) => product === 'options')?.positions ?? [];
        return truth[0]?.freshness === 'fresh' && held.some(({ signedLots, ownLots }) => signedLots > 0 && ownLots === 0) && orders.some((order: Named) => order.clientId === 'web-rests' && order.owner === 'foreign');
      }, 'the truth is fresh, and has what others hold and have placed');
      await scene.until(async () => {
        const { feeds: { books } } = await scene.health();
        return books.length === 1 && books[0]!.name === symbol && books[0]!.state === 'LIVE';
      }, 'the one book is in step');

      // A strategy that trades all the time asks to, and is refused: by the gate before the truth is known, by pauses of a thin market, and if by nothing else because no stop can stand.
      await byHand({ symbol, side: 'BUY', type: 'LIMIT', quantity: '0.1', price: book.asks.at(-1)![0], timeInForce: 'IOC', clientOrderId: 'web-bought-again' });
      await scene.until(() => scene.decisions().some(({ kind }) => kind === 'entry'), 'the strategy wants to open');

      await scene.command('cancel-all', { foreign: true });
      await scene.until(async () => !(await scene.status()).orders.some(({ clientId }) => clientId === 'web-rests'), 'the foreign order is gone');
      await scene.command('close-symbol', { instrument: symbol });
      const { positions } = (await scene.status()).ledger.find(({ product }) => product === 'options')!;
      assert.deepEqual(positions.filter(({ signedLots }) => signedLots !== 0), []);
      // Of ours there was nothing but the close.
      const books = ((await opened.exchange.books(100_000)) as Readonly<Record<string, unknown>>)['options'] as { readonly orders: readonly { readonly account: number; readonly clientOrderId?: string; readonly side: string }[]; readonly positions: readonly { readonly account: number; readonly quantity?: string }[] };
      const ours = books.orders.filter((order) => order.account === account && (order.clientOrderId ?? '').startsWith('fl-'));
      assert.ok(ours.length > 0 && ours.every(({ side }) => side === 'SELL'), JSON.stringify(ours));
      // The venue's own list numbers executions otherwise than its trades.
      scene.forgotten = true;
      await scene.end();
    } finally {
      await scene.close();
    }
  });
}
