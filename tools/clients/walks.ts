/** A client that is not among the project's own packages: what it has is known by its name alone. The boundary to untyped code. */
type Loose = Readonly<Record<string, (...args: unknown[]) => Promise<unknown>>>;
type Make<T> = new (options: object) => T;

export interface Venue {
  readonly spot: { readonly rest: string; readonly ws: string; readonly wsApi: string };
  readonly usdm: { readonly rest: string; readonly ws: string; readonly wsApi: string };
  readonly key: string;
  readonly secret: string;
}

export type Step = readonly [what: string, act: () => Promise<unknown>];

export interface Walk {
  readonly name: string;
  readonly version: string;
  /** Its steps, in order; `below` is a price under the market that the filters allow. */
  steps(load: (name: string) => unknown, venue: Venue, below: { readonly spot: number; readonly usdm: number }): readonly Step[];
}

const symbol = 'BTCUSDT';
const order = (price: number): object => ({ symbol, side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.01', price: String(price) });
const market = { symbol, side: 'BUY', type: 'MARKET', quantity: '0.01' };
const DEADLINE_MS = 15_000;

/** The first message that a subscription of the client gives. */
const first = (subscribe: (heard: (message: unknown) => void) => unknown): Promise<unknown> => new Promise((resolve, reject) => {
  const timer = setTimeout(() => reject(new Error('nothing was told in time')), DEADLINE_MS);
  Promise.resolve(subscribe((message) => (clearTimeout(timer), resolve(message)))).catch(reject);
});

export const WALKS: readonly Walk[] = [
  {
    name: 'binance-api-node', version: '0.13.10',
    steps: (load, { spot, usdm, key, secret }, below) => {
      const { default: make } = load('binance-api-node') as { readonly default: (options: object) => Loose & { readonly ws: Readonly<Record<string, (...args: unknown[]) => unknown>> } };
      const client = make({ apiKey: key, apiSecret: secret, httpBase: spot.rest, httpFutures: usdm.rest, wsBase: `${spot.ws}/ws`, wsFutures: `${usdm.ws}/public/ws`, wsApi: spot.wsApi });
      return [
        ['markets', () => client['exchangeInfo']!()], ['book', () => client['book']!({ symbol })], ['candles', () => client['candles']!({ symbol })], ['balance', () => client['accountInfo']!()],
        ['stream: book', () => first((heard) => client.ws['depth']!(symbol, heard))], ['stream: user', () => first(async (heard) => { await client.ws['user']!(heard); await client['order']!(market); })],
        ['limit', () => client['order']!(order(below.spot))], ['open orders', () => client['openOrders']!({ symbol })], ['cancel all', () => client['cancelOpenOrders']!({ symbol })],
        ['USD-M: markets', () => client['futuresExchangeInfo']!()], ['USD-M: balance', () => client['futuresAccountBalance']!()], ['USD-M: limit', () => client['futuresOrder']!(order(below.usdm))],
        ['USD-M: stop', () => client['futuresOrder']!({ symbol, side: 'SELL', type: 'STOP_MARKET', stopPrice: String(below.usdm), quantity: '0.01' })], ['USD-M: positions', () => client['futuresPositionRisk']!()],
        ['USD-M: cancel all', () => client['futuresCancelAllOpenOrders']!({ symbol })], ['USD-M: stream: book', () => first((heard) => client.ws['futuresDepth']!(symbol, heard))],
      ];
    },
  },
  {
    name: 'node-binance-api', version: '1.0.33',
    steps: (load, { spot, usdm, key, secret }, below) => {
      const loaded = load('node-binance-api') as Make<Loose> & { readonly default?: Make<Loose> };
      const Client = loaded.default ?? loaded;
      const client = new Client({
        APIKEY: key, APISECRET: secret, urls: { base: `${spot.rest}/api/`, sapi: `${spot.rest}/sapi/`, fapi: `${usdm.rest}/fapi/`, stream: `${spot.ws}/ws/`, combineStream: `${spot.ws}/stream?streams=`, fstream: `${usdm.ws}/stream?streams=`, fstreamSingle: `${usdm.ws}/ws/`, wsApi: spot.wsApi },
      });
      return [
        ['markets', () => client['exchangeInfo']!()], ['book', () => client['depth']!(symbol)], ['balance', () => client['balance']!()], ['limit', () => client['order']!('LIMIT', 'BUY', symbol, 0.01, below.spot)],
        ['market', () => client['marketBuy']!(symbol, 0.01)], ['open orders', () => client['openOrders']!(symbol)], ['cancel all', () => client['cancelAll']!(symbol)],
        ['USD-M: markets', () => client['futuresExchangeInfo']!()], ['USD-M: limit', () => client['futuresOrder']!('LIMIT', 'BUY', symbol, 0.01, below.usdm)], ['USD-M: cancel all', () => client['futuresCancelAll']!(symbol)],
        ['USD-M: positions', () => client['futuresPositionRisk']!()],
      ];
    },
  },
  {
    name: '@binance/spot', version: '32.0.4',
    steps: (load, { spot, key, secret }, below) => {
      const { Spot } = load('@binance/spot') as { readonly Spot: Make<{ readonly restAPI: Loose; readonly websocketAPI: Loose; readonly websocketStreams: Loose }> };
      const client = new Spot({
        configurationRestAPI: { apiKey: key, apiSecret: secret, basePath: spot.rest, timeout: 10_000 }, configurationWebsocketAPI: { apiKey: key, apiSecret: secret, wsURL: spot.wsApi }, configurationWebsocketStreams: { wsURL: spot.ws },
      });
      const socket = client.websocketAPI['connect']!();
      return [
        ['markets', () => client.restAPI['exchangeInfo']!({ symbol })], ['book', () => client.restAPI['depth']!({ symbol })], ['balance', () => client.restAPI['getAccount']!()],
        ['limit', () => client.restAPI['newOrder']!({ ...order(below.spot), quantity: 0.01, price: below.spot })], ['market', () => client.restAPI['newOrder']!({ ...market, quantity: 0.01 })], ['cancel all', () => client.restAPI['deleteOpenOrders']!({ symbol })],
        ['stream: book', () => first(async (heard) => { const open = await client.websocketStreams['connect']!() as { diffBookDepth(of: object): { on(event: string, listener: (message: unknown) => void): void } }; open.diffBookDepth({ symbol: 'btcusdt' }).on('message', heard); })],
        ['orders over a websocket', async () => (await socket as Loose)['orderPlace']!({ ...order(below.spot), quantity: 0.01, price: below.spot })], ['user stream', async () => (await socket as Loose)['userDataStreamSubscribeSignature']!()],
      ];
    },
  },
  {
    name: '@binance/derivatives-trading-usds-futures', version: '38.1.1',
    steps: (load, { usdm, key, secret }, below) => {
      const { DerivativesTradingUsdsFutures: Futures } = load('@binance/derivatives-trading-usds-futures') as { readonly DerivativesTradingUsdsFutures: Make<{ readonly restAPI: Loose; readonly websocketAPI: Loose }> };
      const client = new Futures({ configurationRestAPI: { apiKey: key, apiSecret: secret, basePath: usdm.rest, timeout: 10_000 }, configurationWebsocketAPI: { apiKey: key, apiSecret: secret, wsURL: usdm.wsApi } });
      return [
        ['USD-M: markets', () => client.restAPI['exchangeInformation']!()], ['USD-M: book', () => client.restAPI['orderBook']!({ symbol })], ['USD-M: balance', () => client.restAPI['futuresAccountBalanceV3']!()],
        ['USD-M: limit', () => client.restAPI['newOrder']!({ ...order(below.usdm), quantity: 0.01, price: below.usdm })], ['USD-M: positions', () => client.restAPI['positionInformationV3']!()], ['USD-M: cancel all', () => client.restAPI['cancelAllOpenOrders']!({ symbol })],
        ['USD-M: orders over a websocket', async () => (await client.websocketAPI['connect']!() as Loose)['newOrder']!({ ...order(below.usdm), quantity: 0.01, price: below.usdm })],
      ];
    },
  },
  {
    name: '@binance/connector', version: '3.6.1',
    steps: (load, { spot, key, secret }, below) => {
      const { Spot } = load('@binance/connector') as { readonly Spot: new (key: string, secret: string, options: object) => Loose };
      const client = new Spot(key, secret, { baseURL: spot.rest });
      return [
        ['markets', () => client['exchangeInfo']!()], ['book', () => client['depth']!(symbol)], ['candles', () => client['klines']!(symbol, '1m')], ['balance', () => client['account']!()],
        ['limit', () => client['newOrder']!(symbol, 'BUY', 'LIMIT', { price: below.spot, quantity: 0.01, timeInForce: 'GTC' })], ['market', () => client['newOrder']!(symbol, 'BUY', 'MARKET', { quantity: 0.01 })],
        ['open orders', () => client['openOrders']!({ symbol })], ['cancel all', () => client['cancelOpenOrders']!(symbol)], ['user stream', () => client['createListenKey']!()],
      ];
    },
  },
];
