import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Kind } from '../../../../data/records/index.js';
import { openExchange, type OpenedExchange } from '../../../support/open-exchange.js';
import { FeedsLab } from './lab.js';

describe('feeds of an engine on the exchange in a box', () => {
  let opened: OpenedExchange;
  before(async () => {
    opened = await openExchange({ speed: 3 });
  });
  after(() => opened.close());

  test('all streams come, books get in step and are the venue\'s own', async () => {
    const lab = await FeedsLab.open(opened, { feeds: { openTimeoutMs: 120_000, lagMaxMs: 60_000, firstFrameMs: 120_000, silence: { depthMs: 600_000, bookTickerMs: 600_000, aggTradeMs: 600_000 } } }, { spot: ['BTCUSDT'], usdm: ['BTCUSDT'], options: [] });
    try {
      await lab.healthy();
      await lab.sameBook(0, 'spot');
      await lab.sameBook(1, 'usdm');
      await lab.until(() => lab.health().clocks.length === 2, 'both clocks are measured');
      const { feeds, books, clocks, paused } = lab.health();
      assert.deepEqual(feeds.map(({ feed }) => feed).sort(), [
        '/feeds/spot/aggTrade-1', '/feeds/spot/bookTicker-1', '/feeds/spot/depth-1', '/feeds/usdm/aggTrade-1', '/feeds/usdm/bookTicker-1', '/feeds/usdm/depth-1', '/feeds/usdm/forceOrder-1', '/feeds/usdm/markPrice-1',
      ]);
      assert.ok(books.every(({ state, snapshots, breaks }) => state === 'LIVE' && snapshots > 0 && breaks === 0));
      assert.deepEqual(paused, []);
      for (const { offsetUs, uncertaintyUs } of clocks) assert.ok(Math.abs(offsetUs) <= Math.max(50_000, 4 * uncertaintyUs), `offset ${offsetUs} ± ${uncertaintyUs}`);
      assert.deepEqual([...lab.gaps], []);
      // 002-063, 002-180: what the sources say of themselves.
      await lab.until(() => lab.health().feeds.filter(({ class: cls }) => cls === 'depth').every(({ latencyMs, framesPerSecond }) => latencyMs !== null && framesPerSecond > 0), 'depth streams have latencies');
      for (const { latencyMs } of lab.health().feeds) if (latencyMs !== null) assert.ok(latencyMs.mean <= latencyMs.worst && latencyMs.p50 <= latencyMs.p99 && latencyMs.p99 <= latencyMs.worst);
      // 002-382: where two streams of one book speak of the same id they say the same, and the book holds more than they show.
      for (const symbol of [0, 1]) {
        const { book } = lab.facts(symbol);
        assert.deepEqual([book.quotesDiffered, book.invalid, book.breaks], [0, 0, 0]);
        assert.ok(book.bids > 20 && book.asks > 20);
      }
      for (const kind of [Kind.DEPTH, Kind.BOOK_TICKER, Kind.AGG_TRADE, Kind.MARK, Kind.SNAPSHOT]) assert.ok((lab.kinds.get(kind) ?? 0) > 0, `records of kind ${kind}`);
    } finally {
      await lab.close();
    }
  });

  test('options come by their own ways', async () => {
    const { optionSymbols } = (await (await fetch(`${opened.origins.options.rest}/eapi/v1/exchangeInfo`)).json()) as { readonly optionSymbols: readonly { readonly symbol: string }[] };
    const silence = { depthMs: 0, bookTickerMs: 0, tradeMs: 0 };
    const lab = await FeedsLab.open(opened, { feeds: { openTimeoutMs: 120_000, lagMaxMs: 60_000, silence } }, { spot: [], usdm: [], options: optionSymbols.slice(0, 6).map(({ symbol }) => symbol) });
    try {
      await lab.until(() => lab.health().feeds.length === 3 && lab.health().feeds.every(({ up }) => up), 'all three are up');
      await lab.until(() => lab.health().books.some(({ state }) => state === 'LIVE') && (lab.kinds.get(Kind.BOOK_TICKER) ?? 0) > 0, 'a book is in step and a quote has come');
      assert.deepEqual(lab.health().feeds.map(({ feed }) => feed).sort(), ['/feeds/options/bookTicker-1', '/feeds/options/depth-1', '/feeds/options/trade-1']);
      assert.equal(lab.total('refused'), 0);
      assert.deepEqual(lab.violations, []);
    } finally {
      await lab.close();
    }
  });

  test('an origin where nobody is: the other one is tried, and the second copy goes there at once', async () => {
    const { ws } = opened.origins.usdm;
    const wrong = { ...opened, origins: { ...opened.origins, usdm: { ...opened.origins.usdm, ws: 'ws://127.0.0.1:1' } } } as OpenedExchange;
    const silence = { depthMs: 600_000, aggTradeMs: 600_000 };
    const lab = await FeedsLab.open(wrong, { feeds: { openTimeoutMs: 120_000, lagMaxMs: 60_000, firstFrameMs: 120_000, silence, streams: ['depth', 'aggTrade'], copies: 2, secondOrigin: { usdm: ws } } });
    try {
      await lab.healthy();
      const { feeds } = lab.health();
      assert.deepEqual(feeds.map(({ feed, copy, origin }) => `${feed} ${copy} ${origin}`).sort(), [
        '/feeds/usdm/aggTrade-1 0 1', '/feeds/usdm/aggTrade-2 1 1', '/feeds/usdm/depth-1 0 1', '/feeds/usdm/depth-2 1 1',
      ]);
      assert.ok(feeds.every(({ copy, reconnects }) => (copy === 0 ? reconnects > 0 : reconnects === 0)));
      await lab.until(() => lab.duplicates > 5, 'both bring the same');
      assert.deepEqual(lab.violations, []);
      assert.deepEqual([...lab.gaps], []);
    } finally {
      await lab.close();
    }
  });
});
