import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import WebSocket from 'ws';
import { openExchange, type OpenedExchange } from '../../../support/open-exchange.js';

type Json = Record<string, unknown>;

const KLINE = 't T s i f L o c h l v n x q V Q B';
const MINI = 'e E s c o h l v q';
const SPOT_DAY = 'e E s p P w x c Q b B a A o h l v q O C F L n';
const FUTURES_DAY = 'e E s p P w c Q o h l v q O C F L n';
const WINDOW = 'e E s p P w o h l c v q O C F L n';
const FUTURES_DEPTH = 'e E T s st ps U u pu b a';
const MARK = 'e E s st ps p P i r T';

/** Fields of every stream, as the venue's documentation has them (`st` and `ps` as its futures have sent them since 2026). */
const SPOT_STREAMS: Readonly<Record<string, string>> = {
  'btcusdt@trade': 'e E s t p q T m M', 'btcusdt@aggTrade': 'e E s a p q f l T m M', 'btcusdt@kline_1m': 'e E s k', 'btcusdt@kline_1s': 'e E s k', 'btcusdt@kline_1d@+08:00': 'e E s k',
  'btcusdt@miniTicker': MINI, 'btcusdt@ticker': SPOT_DAY, 'btcusdt@ticker_1h': WINDOW, 'btcusdt@ticker_4h': WINDOW, 'btcusdt@ticker_1d': WINDOW, 'btcusdt@bookTicker': 'u s b B a A',
  'btcusdt@avgPrice': 'e E s i w T', 'btcusdt@referencePrice': 'e s r t', 'btcusdt@depth5': 'lastUpdateId bids asks', 'btcusdt@depth20@100ms': 'lastUpdateId bids asks', 'btcusdt@depth': 'e E s U u b a', 'btcusdt@depth@100ms': 'e E s U u b a',
  '!miniTicker@arr': MINI, '!ticker@arr': SPOT_DAY, '!ticker_1h@arr': WINDOW,
};
const MARKET_STREAMS: Readonly<Record<string, string>> = {
  'btcusdt@aggTrade': 'e E st ps a s p q f l T m', 'btcusdt@kline_1m': 'e E s st ps k', 'btcusdt_perpetual@continuousKline_1m': 'e E ps ct k', 'btcusdt@markPrice': MARK, 'btcusdt@markPrice@1s': MARK,
  'btcusdt@miniTicker': MINI, 'btcusdt@ticker': FUTURES_DAY, '!miniTicker@arr': MINI, '!ticker@arr': FUTURES_DAY, '!markPrice@arr': MARK, '!markPrice@arr@1s': MARK,
};
const PUBLIC_STREAMS: Readonly<Record<string, string>> = {
  'btcusdt@bookTicker': 'e u s st ps b B a A T E', '!bookTicker': 'e u s st ps b B a A T E', 'btcusdt@depth5@100ms': FUTURES_DEPTH, 'btcusdt@depth10': FUTURES_DEPTH, 'btcusdt@depth20@500ms': FUTURES_DEPTH,
  'btcusdt@depth': FUTURES_DEPTH, 'btcusdt@depth@100ms': FUTURES_DEPTH, 'btcusdt@depth@500ms': FUTURES_DEPTH, 'btcusdt@depth@0ms': FUTURES_DEPTH,
};

const words = (text: string): string[] => text.split(' ').sort();

/** The first message of each stream. */
function firsts(url: string, streams: readonly string[]): Promise<ReadonlyMap<string, Json | Json[]>> {
  return new Promise((resolve, reject) => {
    const seen = new Map<string, Json | Json[]>();
    const socket = new WebSocket(`${url}/stream?streams=${streams.join('/')}`);
    const timer = setTimeout(() => {
      socket.terminate();
      reject(new Error(`nothing on ${streams.filter((stream) => !seen.has(stream)).join(', ')}`));
    }, 40_000);
    socket.on('error', reject);
    socket.on('message', (bytes: Buffer) => {
      const { stream, data } = JSON.parse(bytes.toString()) as { readonly stream: string; readonly data: Json | Json[] };
      if (!seen.has(stream)) seen.set(stream, data);
      if (seen.size < streams.length) return;
      clearTimeout(timer);
      socket.terminate();
      resolve(seen);
    });
  });
}

describe('public market data', { concurrency: true }, () => {
  let opened: OpenedExchange;
  before(async () => {
    opened = await openExchange({ speed: 4, scenario: 'volatile' });
  });
  after(async () => {
    await opened.close();
    assert.deepEqual(opened.defects, []);
  });

  for (const [name, product, path, streams] of [['spot', 'spot', '', SPOT_STREAMS], ['USD-M market', 'usdm', '/market', MARKET_STREAMS], ['USD-M public', 'usdm', '/public', PUBLIC_STREAMS]] as const) {
    test(`${name} streams have the documented fields`, async () => {
      const seen = await firsts(`${opened.origins[product].ws}${path}`, Object.keys(streams));
      for (const [stream, fields] of Object.entries(streams)) {
        const data = seen.get(stream)!;
        const one = Array.isArray(data) ? data[0]! : data;
        assert.equal(Array.isArray(data), stream.includes('@arr'), stream);
        assert.deepEqual(Object.keys(one).sort(), words(fields), stream);
        if ('k' in one) assert.deepEqual(Object.keys(one['k'] as Json).sort(), words(stream.includes('continuous') ? KLINE.replace(' s ', ' ') : KLINE), stream);
      }
    });
  }

  test('an unrouted futures connection gets the public class only, and nobody is told', async () => {
    const seen = await firsts(opened.origins.usdm.ws, ['btcusdt@bookTicker']);
    assert.equal(seen.size, 1);
    const socket = new WebSocket(`${opened.origins.usdm.ws}/stream?streams=btcusdt@markPrice@1s/btcusdt@depth@100ms`);
    const streams = new Set<string>();
    await new Promise<void>((resolve, reject) => {
      let count = 0;
      socket.on('error', reject);
      socket.on('message', (bytes: Buffer) => {
        streams.add((JSON.parse(bytes.toString()) as { readonly stream: string }).stream);
        count += 1;
        if (count === 25) resolve();
      });
    });
    socket.terminate();
    assert.deepEqual([...streams], ['btcusdt@depth@100ms']);
  });

  test('REST answers agree with each other and with the streams\' arithmetic', async () => {
    const { spot, usdm } = opened.origins;
    const get = async (url: string): Promise<unknown> => {
      const answer = await fetch(url);
      assert.equal(answer.status, 200, url);
      return answer.json();
    };
    for (const base of [`${spot.rest}/api/v3`, `${usdm.rest}/fapi/v1`]) {
      const trades = (await get(`${base}/trades?symbol=BTCUSDT&limit=1000`)) as { readonly id: number; readonly price: string; readonly qty: string; readonly quoteQty: string; readonly time: number }[];
      trades.forEach((trade, at) => {
        if (at > 0) assert.ok(trade.id === trades[at - 1]!.id + 1 && trade.time >= trades[at - 1]!.time);
        assert.ok(Math.abs(Number(trade.price) * Number(trade.qty) - Number(trade.quoteQty)) < 1e-3);
      });
      const aggregates = (await get(`${base}/aggTrades?symbol=BTCUSDT&limit=1000`)) as { readonly a: number; readonly f: number; readonly l: number }[];
      aggregates.forEach((one, at) => {
        assert.ok(one.l >= one.f);
        if (at > 0) assert.ok(one.a === aggregates[at - 1]!.a + 1 && one.f === aggregates[at - 1]!.l + 1);
      });
      const day = (await get(`${base}/ticker/24hr?symbol=BTCUSDT`)) as Record<string, string>;
      assert.ok(Number(day['highPrice']) >= Number(day['lastPrice']) && Number(day['lowPrice']) <= Number(day['openPrice']));
      assert.ok(Math.abs(Number(day['lastPrice']) - Number(day['openPrice']) - Number(day['priceChange'])) < 0.02);
      assert.ok(Number(day['weightedAvgPrice']) >= Number(day['lowPrice']) && Number(day['weightedAvgPrice']) <= Number(day['highPrice']));
      const book = (await get(`${base}/depth?symbol=BTCUSDT&limit=100`)) as { readonly bids: string[][]; readonly asks: string[][] };
      const falling = (side: string[][], sign: number): boolean => side.every(([price], at) => at === 0 || sign * (Number(side[at - 1]![0]) - Number(price)) > 0);
      assert.ok(falling(book.bids, 1) && falling(book.asks, -1) && Number(book.bids[0]![0]) < Number(book.asks[0]![0]));
    }
  });

  test('the past: fundings every eight hours, and candles of mark and index beside the trades\'', async () => {
    const { rest } = opened.origins.usdm;
    const get = async <T>(path: string): Promise<T> => (await fetch(`${rest}/fapi/v1/${path}`)).json() as Promise<T>;
    const fundings = await get<{ readonly symbol: string; readonly fundingTime: number; readonly markPrice: string }[]>('fundingRate?symbol=BTCUSDT&limit=50');
    assert.equal(fundings.length, 50);
    fundings.forEach(({ symbol, fundingTime }, at) => {
      assert.ok(symbol === 'BTCUSDT' && fundingTime % 28_800_000 === 0);
      if (at > 0) assert.equal(fundingTime - fundings[at - 1]!.fundingTime, 28_800_000);
    });
    const from = fundings[10]!.fundingTime;
    assert.equal((await get<readonly unknown[]>(`fundingRate?symbol=BTCUSDT&startTime=${from}&limit=5`)).length, 5);
    const rows = async (path: string): Promise<(readonly [number, string, string, string, string, ...unknown[]])[]> => get(path);
    const [trades, mark, index] = [await rows('klines?symbol=BTCUSDT&interval=1h&limit=30'), await rows('markPriceKlines?symbol=BTCUSDT&interval=1h&limit=30'), await rows('indexPriceKlines?pair=BTCUSDT&interval=1h&limit=30')];
    for (const list of [mark, index]) {
      assert.deepEqual(list.map(([openMs]) => openMs), trades.map(([openMs]) => openMs));
      assert.deepEqual(list.slice(0, -1).map((row) => row.slice(1, 5).map(Number)), trades.slice(0, -1).map((row) => row.slice(1, 5).map(Number)));
    }
  });

  test('the websocket API answers market data as REST does', async () => {
    const { spot, usdm } = opened.origins;
    const ask = (url: string, requests: readonly (readonly [string, Json])[]): Promise<Json[]> => new Promise((resolve, reject) => {
      const socket = new WebSocket(url);
      const answers: Json[] = [];
      const timer = setTimeout(() => reject(new Error(`${answers.length} answers of ${requests.length}`)), 30_000);
      socket.on('error', reject);
      socket.on('open', () => requests.forEach(([method, params], id) => socket.send(JSON.stringify({ id, method, params }))));
      socket.on('message', (bytes: Buffer) => {
        const answer = JSON.parse(bytes.toString()) as Json & { readonly id: number };
        answers[answer.id] = answer;
        if (Object.keys(answers).length < requests.length) return;
        clearTimeout(timer);
        socket.terminate();
        resolve(answers);
      });
    });
    const of = { symbol: 'BTCUSDT' };
    const spotMethods = ['ping', 'time', 'depth', 'trades.recent', 'trades.historical', 'trades.aggregate', 'klines', 'uiKlines', 'avgPrice', 'ticker', 'ticker.24hr', 'ticker.tradingDay', 'ticker.price', 'ticker.book'];
    const answers = await ask(spot.wsApi!, spotMethods.map((method) => [method, method === 'ping' || method === 'time' ? {} : { ...of, ...(method.includes('lines') ? { interval: '1h' } : {}) }]));
    for (const [at, { status, result }] of answers.entries()) assert.ok(status === 200 && result !== undefined, `${spotMethods[at]}: ${JSON.stringify(answers[at])}`);
    const rest = (await (await fetch(`${spot.rest}/api/v3/klines?symbol=BTCUSDT&interval=1h&limit=3`)).json()) as readonly unknown[][];
    assert.deepEqual((answers[6]!['result'] as unknown[][]).at(-2), rest.at(-2));
    const futures = ['depth', 'ticker.price', 'ticker.book'];
    for (const { status, result } of await ask(usdm.wsApi!, futures.map((method) => [method, of]))) assert.ok(status === 200 && result !== undefined);
    const [refused] = await ask(spot.wsApi!, [['depth', { symbol: 'NOSUCH' }]]);
    assert.deepEqual([refused!['status'], (refused!['error'] as { readonly code: number }).code], [400, -1121]);
  });

  test('refusals are the venue\'s own', async () => {
    const { spot, usdm } = opened.origins;
    const cases: readonly (readonly [string, number])[] = [
      [`${spot.rest}/api/v3/depth?symbol=NOSUCH`, -1121], [`${spot.rest}/api/v3/depth`, -1102], [`${spot.rest}/api/v3/klines?symbol=BTCUSDT&interval=7m`, -1120], [`${spot.rest}/api/v3/depth?symbol=BTCUSDT&more=1`, -1104],
      [`${spot.rest}/api/v3/aggTrades?symbol=BTCUSDT&fromId=1&startTime=1`, -1128], [`${spot.rest}/api/v3/ticker?symbol=BTCUSDT&windowSize=8d`, -1100], [`${spot.rest}/api/v3/ticker/24hr?symbol=BTCUSDT&symbols=["ETHUSDT"]`, -1128],
      [`${spot.rest}/api/v3/ticker/tradingDay`, -1102], [`${spot.rest}/api/v3/klines?symbol=BTCUSDT&interval=1d&timeZone=99`, -1100],
      [`${usdm.rest}/fapi/v1/depth?symbol=BTCUSDT&limit=7`, -4021], [`${usdm.rest}/fapi/v1/premiumIndex?symbol=NOSUCH`, -1121], [`${usdm.rest}/fapi/v1/klines?symbol=BTCUSDT&interval=1s`, -1120], [`${usdm.rest}/fapi/v1/openInterest`, -1102],
    ];
    for (const [url, code] of cases) assert.equal(((await (await fetch(url)).json()) as { readonly code: number }).code, code, url);
  });
});
