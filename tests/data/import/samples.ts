/** Small files of every format, made up here, for tests that damage them. */
export interface SampleFile {
  readonly format: string;
  readonly name: string;
  readonly venue: string;
  readonly symbols: readonly string[];
  readonly text: string;
  /** Records it makes. */
  readonly records: number;
}

const T0 = 1_760_000_000_000;

function lines(...rows: string[]): string {
  return `${rows.join('\n')}\n`;
}

function json(value: unknown): string {
  return JSON.stringify(value);
}

export const depth = (first: number, last: number, extra: object = {}, e = T0): object => ({ e: 'depthUpdate', E: e, s: 'BTCUSDT', U: first, u: last, b: [['100.1', '2.000']], a: [['100.2', '0.000']], ...extra });
export const futuresDepth = (first: number, last: number, pu: number, e = T0): object => depth(first, last, { T: e - 1, pu }, e);
export const trade = (t: number, extra: object = {}): object => ({ e: 'trade', E: T0 + t, s: 'BTCUSDT', t, p: '100.1', q: '0.010', T: T0 + t - 1, m: true, ...extra });

export const SAMPLES: readonly SampleFile[] = [
  {
    format: 'tardis-csv', name: 'tardis.csv', venue: 'binance-spot', symbols: ['BTCUSDT'], records: 3,
    text: lines('exchange,symbol,timestamp,local_timestamp,id,side,price,amount', ...[1, 2, 3].map((k) => `binance,BTCUSDT,${T0}00${k},${T0}50${k},${k},${k % 2 === 0 ? 'buy' : 'sell'},100.${k},0.5`)),
  },
  {
    format: 'tardis-csv', name: 'levels.csv', venue: 'deribit', symbols: ['BTC-PERPETUAL'], records: 5,
    text: lines('exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount', ...['true,bid,100,10', 'true,ask,100.5,20', 'false,bid,100,0', 'false,ask,101,30'].map((rest, k) => `deribit,BTC-PERPETUAL,${T0}${k < 2 ? '000' : '001'},${T0}${k < 2 ? '100' : '101'},${rest}`), `deribit,BTC-PERPETUAL,${T0}002,${T0}102,false,ask,101,0`),
  },
  {
    format: 'binance-agg-trades', name: 'BTCUSDT-aggTrades-2025-10-10.csv', venue: 'binance-usdm', symbols: ['BTCUSDT'], records: 3,
    text: lines('agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker', ...[1, 2, 3].map((k) => `${k},100.${k},0.5,${k * 10},${k * 10 + 2},${T0 + k},true`)),
  },
  {
    format: 'binance-agg-trades', name: 'BTCUSDT-aggTrades-2025-10-11.csv', venue: 'binance-spot', symbols: ['BTCUSDT'], records: 3,
    text: lines(...[1, 2, 3].map((k) => `${k},100.${k}0000000,0.50000000,${k * 10},${k * 10 + 2},${T0 + k}000,True,True`)),
  },
  {
    format: 'binance-trades', name: 'BTCUSD_PERP-trades-2025-10-10.csv', venue: 'binance-coinm', symbols: ['BTCUSD_PERP'], records: 3,
    text: lines('id,price,qty,base_qty,time,is_buyer_maker', ...[1, 2, 3].map((k) => `${k},100.${k},5,0.05,${T0 + k},false`)),
  },
  {
    format: 'binance-trades', name: 'ETHBTC-trades-2025-10-10.csv', venue: 'binance-spot', symbols: ['ETHBTC'], records: 3,
    text: lines(...[1, 2, 3].map((k) => `${k},0.0300${k},5.0000,0.15,${T0 + k}000,False,True`)),
  },
  {
    format: 'binance-book-ticker', name: 'BTCUSDT-bookTicker-2023-10-10.csv', venue: 'binance-usdm', symbols: ['BTCUSDT'], records: 3,
    text: lines('update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,transaction_time,event_time', ...[1, 2, 3].map((k) => `${k},100.${k},5,100.${k + 1},4,${T0 + k},${T0 + k + 1}`)),
  },
  {
    format: 'binance-klines', name: 'BTCUSDT-1m-2025-10-10.csv', venue: 'binance-usdm', symbols: ['BTCUSDT'], records: 3,
    text: lines(...[0, 1, 2].map((k) => `${T0 + k * 60_000},100.1,100.4,99.9,100.2,12.5,${T0 + k * 60_000 + 59_999},1250,42,6,600,0`)),
  },
  {
    format: 'binance-book-depth', name: 'BTCUSDT-bookDepth-2025-10-10.csv', venue: 'binance-usdm', symbols: ['BTCUSDT'], records: 3,
    text: lines('timestamp,percentage,depth,notional', ...[-5, -0.2, 5].map((band) => `2025-10-10 00:00:07,${band},8243.012,979983314.2056`)),
  },
  {
    format: 'binance-funding-rate', name: 'BTCUSDT-fundingRate-2025-10.csv', venue: 'binance-usdm', symbols: ['BTCUSDT'], records: 3,
    text: lines('calc_time,funding_interval_hours,last_funding_rate', ...[0, 1, 2].map((k) => `${T0 + k * 28_800_000},8,-0.0001000${k}`)),
  },
  {
    format: 'binance-depth-history', name: 'BTCUSDT_T_DEPTH.csv', venue: 'binance-usdm', symbols: ['BTCUSDT'], records: 4,
    text: lines('symbol,timestamp,first_update_id,last_update_id,side,update_type,price,qty,pu', `BTCUSDT,${T0},10,10,b,snap,100.1,2,-1`, `BTCUSDT,${T0},10,10,a,snap,100.2,3,-1`, `BTCUSDT,${T0 + 1},11,20,b,set,100.1,0,10`, `BTCUSDT,${T0 + 2},21,30,a,set,100.2,1,20`),
  },
  {
    format: 'hftbacktest', name: 'feed.txt', venue: 'binance-usdm', symbols: ['BTCUSDT'], records: 7,
    text: lines(...[futuresDepth(5, 9, 4), { lastUpdateId: 9, bids: [['100.1', '1']], asks: [['100.3', '1']] }, trade(7), futuresDepth(10, 12, 9)].map((message, k) => `${T0}00000${k} ${json('e' in message ? { stream: 'btcusdt@x', data: message } : message)}`)),
  },
  {
    format: 'cryptofeed', name: 'cf.ws.1.0', venue: 'binance-spot', symbols: ['BTCUSDT'], records: 6,
    text: lines('wss://stream.binance.com:9443/stream?streams=btcusdt@depth <-> 1760000000.1', ...[depth(5, 9), trade(7), depth(10, 12)].map((message, k) => `1760000000.${k + 2}: ${json({ stream: 'btcusdt@x', data: message })}`), '1760000000.9: {"stream":"btcusdt@bookTicker","data":{"u":13,"s":"BTCUSDT","b":"100.1","B":"2","a":"100.2","A":"3"}}'),
  },
  {
    format: 'binance-json', name: 'frames.jsonl', venue: 'binance-spot', symbols: ['BTCUSDT'], records: 5,
    text: lines(...[depth(5, 9), trade(7), depth(10, 12)].map(json)),
  },
  {
    format: 'binance-json', name: 'list.json', venue: 'binance-spot', symbols: ['BTCUSDT'], records: 5,
    text: JSON.stringify([depth(5, 9), trade(7), depth(10, 12)], undefined, 2),
  },
  {
    format: 'deribit-json', name: 'deribit.jsonl', venue: 'deribit', symbols: ['BTC-PERPETUAL'], records: 5,
    text: lines(
      json({ jsonrpc: '2.0', method: 'subscription', params: { channel: 'book.BTC-PERPETUAL.raw', data: { type: 'snapshot', timestamp: T0, instrument_name: 'BTC-PERPETUAL', change_id: 5, bids: [['new', 100.5, 10]], asks: [['new', 101, 20]] } } }),
      json({ jsonrpc: '2.0', method: 'subscription', params: { channel: 'book.BTC-PERPETUAL.raw', data: { type: 'change', timestamp: T0 + 1, instrument_name: 'BTC-PERPETUAL', change_id: 9, prev_change_id: 5, bids: [['delete', 100.5, 0]], asks: [] } } }),
      json({ jsonrpc: '2.0', method: 'subscription', params: { channel: 'trades.BTC-PERPETUAL.raw', data: [{ trade_seq: 1, trade_id: '7', timestamp: T0 + 2, price: 100.5, amount: 10, direction: 'sell', instrument_name: 'BTC-PERPETUAL', liquidation: 'T' }] } }),
    ),
  },
  {
    format: 'lasota-csv', name: 'lasota.csv', venue: 'binance-usdm', symbols: ['TRXUSDT'], records: 4,
    text: lines('TimestampOfReceive,Stream,EventType,EventTime,TransactionTime,Symbol,FirstUpdateId,FinalUpdateId,FinalUpdateIdInLastStream,IsAsk,Price,Quantity', ...[[11, 20, 10, 0], [11, 20, 10, 1], [21, 30, 20, 0], [31, 40, 30, 1]].map(([first, last, pu, ask]) => `${T0},trxusdt@depth@100ms,depthUpdate,${T0},${T0 - 1},TRXUSDT,${first},${last},${pu},${ask},0.2309${ask},5.0`)),
  },
  {
    format: 'ohlcv-csv', name: 'bars_1m.csv', venue: 'binance-spot', symbols: ['BTCUSDT'], records: 3,
    text: lines('timestamp,open,high,low,close,volume', ...[0, 1, 2].map((k) => `${T0 + k * 60_000},100.1,100.4,99.9,100.2,12.5`)),
  },
  {
    format: 'funding-csv', name: 'funding.csv', venue: 'binance-usdm', symbols: ['BTCUSDT'], records: 3,
    text: lines('timestamp,open,high,low,close,volume', ...[0, 1, 2].map((k) => `${T0 + k * 28_800_000},-0.0001,0,0,0,0`)),
  },
  {
    format: 'generic-csv', name: 'export.csv', venue: 'my-exchange', symbols: ['BTCUSDT'], records: 3,
    text: lines('Trade ID;Date Time;Pair;Side;Price;Amount', ...[1, 2, 3].map((k) => `${k};2025-10-10T00:00:0${k}Z;BTC/USDT;${k % 2 === 0 ? 'BUY' : 'sell'};100.${k};0.5`)),
  },
];
