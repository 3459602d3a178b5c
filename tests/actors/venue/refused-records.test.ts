import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MarketKernel } from '../../../actors/market/index.js';
import { SimulatedMatcher } from '../../../actors/venue/matcher.js';
import { DEFAULT_CONFIG } from '../../../config/index.js';
import { paramsForSymbol } from '../../../config/indicators.js';
import { allocateBatch, AUX, EXCH_US, Flag, ID, Kind, PRICE, PRICE2, QTY, RECV_US, SEQ, TAG } from '../../../data/records/index.js';
import { btc } from '../support/instruments.js';

interface Words {
  readonly id?: number;
  readonly price?: number;
  readonly qty?: number;
  readonly price2?: number;
  readonly aux?: number;
}

/** A kernel with its matcher, one record at a time; `ahead` and `fills` are what became of a bid of 10 lots at 1000. */
class World {
  readonly fills: string[] = [];
  readonly #kernel: MarketKernel;
  readonly #batch = allocateBatch(1);
  #seq = 0;
  constructor() {
    this.#kernel = new MarketKernel([btc], ({ symbol }) => paramsForSymbol(DEFAULT_CONFIG.indicators, symbol), { makeMatcher: () => new SimulatedMatcher(DEFAULT_CONFIG.trading.venue) });
  }
  record(tag: number, { id = 0, price = 0, qty = 0, price2 = 0, aux = 0 }: Words): void {
    const { F, I } = this.#batch;
    F[SEQ] = this.#seq++;
    F[RECV_US] = F[EXCH_US] = 1.7e15 + this.#seq * 1000;
    F[ID] = id;
    F[QTY] = qty;
    F[AUX] = aux;
    I[PRICE] = price;
    I[TAG] = tag;
    I[PRICE2] = price2;
    for (let next = 0; next < 1; ) {
      next = this.#kernel.run(F, I, 0, 1);
      for (const edge of this.#kernel.edges) if (edge.type === 'order.fill') this.fills.push(`${edge.lots} ${edge.reason}`);
    }
  }
  sold(price: number, qty: number, kind: number = Kind.TRADE): void {
    this.record(kind | Flag.SELL, { price, qty });
  }
  quotes(price: number, qty: number, price2: number, id = 0): void {
    this.record(Kind.BOOK_TICKER, { price, qty, price2, aux: 50, id });
  }
  diff(id: number, price: number, qty: number): void {
    this.record(Kind.DEPTH | Flag.FIRST | Flag.LAST, { id, aux: id - 1, price, qty });
  }
  snapshot(id: number, bidLots: number): void {
    this.record(Kind.SNAPSHOT | Flag.FIRST, { id, price: 1000, qty: bidLots });
    this.record(Kind.SNAPSHOT | Flag.SELL | Flag.LAST, { id, price: 1010, qty: 50 });
  }
  bid(): void {
    this.#kernel.control({
      type: 'order.new', id: 'bid', symbol: 0, side: 'buy', kind: 'limit', priceTicks: 1000, lots: 10, timeInForce: 'GTX', reduceOnly: false, dueUs: 0,
    });
  }
}

/** Each ends with less traded at 1000 than the 50 (60) lots that stood ahead, so nothing may have filled. */
const SCRIPTS: Readonly<Record<string, (world: World) => void>> = {
  'a trade at no price': (world) => {
    world.quotes(1000, 50, 1010);
    world.bid();
    world.sold(0, 100);
  },
  'a trade of infinite quantity below it': (world) => {
    world.quotes(1000, 50, 1010);
    world.bid();
    world.sold(999, Infinity);
  },
  'one trade told as single and as aggregate': (world) => {
    world.quotes(1000, 50, 1010);
    world.sold(1005, 1);
    world.bid();
    world.sold(1000, 30);
    world.sold(1000, 30, Kind.AGG_TRADE);
  },
  'best quotes older than those known': (world) => {
    world.quotes(1000, 50, 1010, 100);
    world.bid();
    world.quotes(990, 5, 1010, 90);
    world.sold(1000, 10);
  },
  'best quotes that cross': (world) => {
    world.quotes(1000, 50, 1010);
    world.bid();
    world.quotes(990, 5, 980);
    world.sold(1000, 10);
  },
  'a diff older than the book': (world) => {
    world.snapshot(100, 50);
    world.diff(101, 1000, 60);
    world.bid();
    world.diff(99, 1000, 1);
    world.sold(1000, 10);
  },
  'a snapshot older than the book': (world) => {
    world.snapshot(100, 50);
    world.bid();
    world.snapshot(90, 1);
    world.sold(1000, 10);
  },
};

for (const [what, script] of Object.entries(SCRIPTS)) {
  test(`what the symbol refuses fills nobody: ${what}`, () => {
    const world = new World();
    script(world);
    assert.deepEqual(world.fills, []);
    // The order is there, and what the symbol takes fills it.
    world.sold(999, 3);
    assert.deepEqual(world.fills, ['3 traded_through']);
  });
}
