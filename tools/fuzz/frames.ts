import type { BinanceMarket } from '../../data/decode/index.js';
import { DecimalGrid } from '../../data/instruments/decimal.js';
import type { Instrument } from '../../data/records/index.js';
import type { Random } from './random.js';

/** Kinds of messages that the generator makes. */
export const FRAME_KINDS = ['aggTrade', 'trade', 'bookTicker', 'depth', 'partialDepth', 'forceOrder', 'markPrice', 'other'] as const;
export type FrameKind = (typeof FRAME_KINDS)[number];

function instrument(venue: BinanceMarket, symbol: string, tickSize: string, lotSize: string): Instrument {
  return { index: 0, symbol, venue, product: venue === 'binance-spot' ? 'spot' : venue === 'binance-usdm' ? 'linear' : 'inverse', tickSize, lotSize, multiplier: '1', settle: '', inferred: [] };
}

/** Instruments with the steps that venues have: powers of ten, and 5, 25 and 50 times one. */
export const INSTRUMENTS: Readonly<Record<BinanceMarket, readonly Instrument[]>> = {
  'binance-spot': [['BTCUSDT', '0.01', '0.00001'], ['ETHBTC', '0.00001', '0.0001'], ['SHIBUSDT', '0.00000001', '1'], ['BIGUSDT', '0.05', '0.5'], ['BTCIDR', '1', '0.00000001']]
    .map(([symbol, tick, lot], index) => ({ ...instrument('binance-spot', symbol!, tick!, lot!), index })),
  'binance-usdm': [['BTCUSDT', '0.10', '0.001'], ['1000PEPEUSDT', '0.0000001', '1'], ['BTCUSDT_250328', '0.1', '0.001'], ['DEFIUSDT', '0.25', '0.025']]
    .map(([symbol, tick, lot], index) => ({ ...instrument('binance-usdm', symbol!, tick!, lot!), index })),
  'binance-coinm': [['BTCUSD_PERP', '0.1', '1'], ['ETHUSD_210924', '0.01', '1'], ['XRPUSD_PERP', '0.0001', '1']]
    .map(([symbol, tick, lot], index) => ({ ...instrument('binance-coinm', symbol!, tick!, lot!), index })),
};

const NOW_MS = 1_723_161_255_343;

/** One frame as a venue would send it. */
export interface MadeFrame {
  readonly text: string;
  readonly kind: FrameKind;
  readonly wrapped: boolean;
}

/** Makes frames of every kind, market and form of stream, with the fields of several years. */
export class FrameMaker {
  readonly #market: BinanceMarket;
  readonly #instruments: readonly Instrument[];
  readonly #grids: readonly { readonly tick: DecimalGrid; readonly lot: DecimalGrid }[];

  constructor(market: BinanceMarket, instruments = INSTRUMENTS[market]) {
    this.#market = market;
    this.#instruments = instruments;
    this.#grids = instruments.map(({ tickSize, lotSize }) => ({ tick: new DecimalGrid(tickSize), lot: new DecimalGrid(lotSize) }));
  }

  make(random: Random, kind: FrameKind = random.pick(FRAME_KINDS)): MadeFrame {
    const symbol = random.below(this.#instruments.length);
    const wrapped = random.chance(0.6) || kind === 'partialDepth';
    const { body, stream } = this.#message(random, kind, symbol);
    const name = `${this.#instruments[symbol]!.symbol.toLowerCase()}@${stream}`;
    const text = wrapped ? `{"stream":"${stream.startsWith('!') ? stream : name}","data":${body}}` : body;
    return { text, kind, wrapped };
  }

  get #futures(): boolean {
    return this.#market !== 'binance-spot';
  }

  #price(random: Random, symbol: number): string {
    return this.#decimal(random, this.#grids[symbol]!.tick, random.chance(0.05) ? 2_000_000_000 : 10_000_000, 1);
  }

  #quantity(random: Random, symbol: number, least = 1): string {
    return this.#decimal(random, this.#grids[symbol]!.lot, random.chance(0.1) ? 1e13 : 10_000_000, least);
  }

  /** Spot pads to eight places; futures send as many as the step has, or fewer. */
  #decimal(random: Random, grid: DecimalGrid, most: number, least: number): string {
    const steps = least + Math.floor(random.next() ** 3 * most);
    const text = grid.toDecimal(steps);
    if (!this.#futures) return text.includes('.') ? text.padEnd(text.indexOf('.') + 9, '0') : `${text}.00000000`;
    return random.chance(0.2) && text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  }

  #stamp(random: Random): number {
    const ms = NOW_MS + random.below(1e9);
    return random.chance(0.1) ? ms * 1000 + random.below(1000) : ms;
  }

  #id(random: Random): number {
    return random.chance(0.1) ? random.below(1000) : random.chance(0.05) ? Number.MAX_SAFE_INTEGER - random.below(9) : 1 + Math.floor(random.next() * 9e12);
  }

  /** Fields that futures added in 2026. */
  #late(random: Random, symbol: string): string {
    if (!this.#futures || random.chance(0.6)) return '';
    const pair = `"ps":"${symbol.replace(/_.*/, '')}"`;
    return random.pick([',"st":1', `,${pair},"st":2`, `,"st":0,${pair}`]);
  }

  #message(random: Random, kind: FrameKind, index: number): { body: string; stream: string } {
    const { symbol } = this.#instruments[index]!;
    const E = this.#stamp(random);
    const T = E - random.below(500);
    const late = this.#late(random, symbol);
    switch (kind) {
      case 'aggTrade': {
        const first = Math.min(this.#id(random), Number.MAX_SAFE_INTEGER - 5000);
        const [a, s] = [`"a":${this.#id(random)}`, `"s":"${symbol}"`];
        const head = this.#market === 'binance-coinm' ? `${a},${s}` : `${s},${a}`;
        const nq = this.#market === 'binance-usdm' && random.chance(0.3) ? `,"nq":"${this.#quantity(random, index)}"` : '';
        const body = `{"e":"aggTrade","E":${E},${head},"p":"${this.#price(random, index)}","q":"${this.#quantity(random, index)}"${nq},"f":${first},"l":${first + random.below(3)},"T":${T},"m":${random.chance(0.5)}${this.#futures ? '' : `,"M":${random.chance(0.9)}`}${late}}`;
        return { body, stream: 'aggTrade' };
      }
      case 'trade': {
        const what = `"t":${this.#id(random)},"p":"${this.#price(random, index)}","q":"${this.#quantity(random, index)}"`;
        const maker = `"m":${random.chance(0.5)}`;
        if (this.#futures) return { body: `{"e":"trade","E":${E},"T":${T},"s":"${symbol}",${what},"X":"${random.pick(['MARKET', 'INSURANCE_FUND', 'NA'])}",${maker}${late}}`, stream: 'trade' };
        const orders = random.chance(0.3) ? `,"b":${this.#id(random)},"a":${this.#id(random)}` : '';
        return { body: `{"e":"trade","E":${E},"s":"${symbol}",${what}${orders},"T":${T},${maker},"M":true}`, stream: 'trade' };
      }
      case 'bookTicker': {
        const least = random.chance(0.05) ? 0 : 1;
        const sides = `"b":"${this.#price(random, index)}","B":"${this.#quantity(random, index, least)}","a":"${this.#price(random, index)}","A":"${this.#quantity(random, index, least)}"`;
        const u = `"u":${this.#id(random)}`;
        const body = !this.#futures ? `{${u},"s":"${symbol}",${sides}${random.chance(0.2) ? `,"T":${T},"E":${E}` : ''}}`
          : this.#market === 'binance-coinm' ? `{${u},"e":"bookTicker","s":"${symbol}","ps":"${symbol.replace(/_.*/, '')}",${sides},"T":${T},"E":${E}}`
            : random.pick([`{"e":"bookTicker",${u},"s":"${symbol}",${sides},"T":${T},"E":${E}${late}}`, `{"e":"bookTicker",${u},"E":${E},"T":${T},"s":"${symbol}",${sides}${late}}`]);
        return { body, stream: 'bookTicker' };
      }
      case 'depth':
      case 'partialDepth': {
        const most = random.chance(0.1) ? 60 : 8;
        const [bids, asks] = [this.#levels(random, index, most), this.#levels(random, index, most)];
        if (kind === 'partialDepth' && !this.#futures) return { body: `{"lastUpdateId":${this.#id(random)},"bids":${bids},"asks":${asks}}`, stream: random.pick(['depth5', 'depth20', 'depth10@100ms']) };
        const first = Math.min(this.#id(random), Number.MAX_SAFE_INTEGER - 5000);
        const ids = `"U":${first},"u":${first + random.below(random.chance(0.1) ? 4000 : 20)}`;
        const pair = this.#market === 'binance-coinm' ? `,"ps":"${symbol.replace(/_.*/, '')}"` : '';
        const rest = `"b":${bids},"a":${asks}`;
        const body = this.#futures
          ? `{"e":"depthUpdate","E":${E},"T":${T},"s":"${symbol}"${pair},${ids},"pu":${Math.max(0, first - random.below(9))},${rest}${pair === '' ? late : ''}}`
          : `{"e":"depthUpdate","E":${E},"s":"${symbol}",${ids},${rest}}`;
        return { body, stream: kind === 'partialDepth' ? random.pick(['depth5', 'depth20@100ms', 'depth10@500ms']) : random.pick(['depth', 'depth@100ms', 'depth@0ms', 'depth@500ms']) };
      }
      case 'forceOrder': {
        const q = this.#quantity(random, index);
        const filled = random.chance(0.1) ? '0' : q;
        const pair = this.#market === 'binance-coinm' ? `,"ps":"${symbol.replace(/_.*/, '')}"` : '';
        const order = `{"s":"${symbol}"${pair},"S":"${random.pick(['SELL', 'BUY'])}","o":"LIMIT","f":"IOC","q":"${q}","p":"${this.#price(random, index)}","ap":"${random.chance(0.1) ? '0' : this.#price(random, index)}${random.chance(0.2) ? '3' : ''}","X":"FILLED","l":"${q}","z":"${filled}","T":${T}${pair === '' && random.chance(0.5) ? late : ''}}`;
        return { body: `{"e":"forceOrder","E":${E},"o":${order}${late}}`, stream: random.pick(['forceOrder', '!forceOrder@arr']) };
      }
      case 'markPrice': {
        const rate = random.chance(0.1) ? '' : `${random.chance(0.4) ? '-' : ''}0.000${random.between(10_000, 99_999)}`;
        const next = rate === '' ? 0 : NOW_MS + random.below(28_800_000);
        const i = random.chance(0.8) ? `,"i":"${this.#mark(random)}"` : '';
        const P = random.chance(0.7) ? `,"P":"${this.#mark(random)}"` : '';
        const body = `{"e":"markPriceUpdate","E":${E},"s":"${symbol}","p":"${this.#mark(random)}"${random.chance(0.5) ? i + P : P + i}${random.chance(0.2) ? `,"ap":"${this.#mark(random)}"` : ''},"r":"${rate}"${random.chance(0.9) ? `,"T":${next}` : ''}${late}}`;
        return { body, stream: random.pick(['markPrice', 'markPrice@1s']) };
      }
      case 'other': return { body: this.#other(random, symbol, E), stream: random.pick(['kline_1m', 'miniTicker', '!markPrice@arr']) };
    }
  }

  #mark(random: Random): string {
    return (random.next() * 10 ** random.between(0, 5)).toFixed(8);
  }

  /** What the fast path leaves to JSON.parse, or nobody takes. */
  #other(random: Random, symbol: string, E: number): string {
    return random.pick([
      '{"result":null,"id":1}',
      `{"e":"kline","E":${E},"s":"${symbol}","k":{"t":${E - 60_000},"T":${E - 1},"s":"${symbol}","i":"1m","f":100,"L":200,"o":"10.0","c":"20.0","h":"25.0","l":"5.0","v":"1000","n":100,"x":${random.chance(0.5)},"q":"1.0000","V":"500","Q":"0.500","B":"123456"}}`,
      `[{"e":"markPriceUpdate","E":${E},"s":"${symbol}","p":"${this.#mark(random)}","r":"0.0001","T":${E + 1000}},{"e":"24hrMiniTicker","E":${E},"s":"${symbol}","c":"0.0025"}]`,
      `{"e":"trade","E":${E},"T":${E},"s":"${symbol}","t":${this.#id(random)},"p":"0","q":"0","X":"NA","m":true}`,
      `{"e":"aggTrade","E":${E},"s":"OTHERUSDT","a":1,"p":"1.0","q":"1.0","f":1,"l":1,"T":${E},"m":true,"M":true}`,
      `{"lastUpdateId":${this.#id(random)},"E":${E},"T":${E},"symbol":"${symbol}","pair":"X","bids":[["1","1"]],"asks":[]}`,
      '{"jsonrpc":"2.0","method":"heartbeat"}',
    ]);
  }

  #levels(random: Random, symbol: number, most: number): string {
    const levels: string[] = [];
    for (let left = random.below(most + 1); left > 0; left -= 1) levels.push(`["${this.#price(random, symbol)}","${this.#quantity(random, symbol, random.chance(0.3) ? 0 : 1)}"]`);
    return `[${levels.join(',')}]`;
  }
}
