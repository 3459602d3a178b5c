import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ASK, BID } from '../../../../actors/exchange/book/index.js';
import { price } from '../../../../actors/exchange/futures/contract.js';
import {
  type AccountChange, type AlgoOrder, type Execution, type Fill, type FuturesOrder, futuresSymbol, FuturesVenue, type NewOrder, type OrderStatus, type UserSink,
} from '../../../../actors/exchange/futures/usdm/index.js';
import { type AccountId, accountId, HOUSE } from '../../../../actors/exchange/ids.js';
import { amount, asset, ONE } from '../../../../actors/exchange/ledger/index.js';
import { VenueError } from '../../../../actors/exchange/venue-error.js';

const USDT = asset('USDT');
const SYMBOLS = ['BTCUSDT', 'DOGEUSDT'] as const;
const USERS = [accountId(1001), accountId(1002), accountId(1003), accountId(1004)];
const START_US = Date.UTC(2026, 7, 3, 1) * 1000;
const FINAL: ReadonlySet<OrderStatus> = new Set(['FILLED', 'CANCELED', 'EXPIRED', 'EXPIRED_IN_MATCH']);
/** The short form takes the same streams every time, the long one others each time. */
const RUNS = process.env['FAULTLINE_LONG'] === undefined ? { numRuns: 50, seed: 13 } : { numRuns: 5000 };

/** What a client knows who only listens to his user stream. */
class Replica implements UserSink {
  readonly orders = new Map<number, { status: OrderStatus; executed: number; ends: number }>();
  readonly algos = new Map<number, string>();
  readonly positions = new Map<string, { lots: number; cost: bigint }>();
  readonly wallets = new Map<AccountId, bigint>();
  readonly problems: string[] = [];
  ledgerOf: (account: AccountId) => bigint = () => 0n;

  tradeLite(): void {}
  accountChanged({ account, holdings }: AccountChange): void {
    this.wallets.set(account.id, account.wallet(USDT));
    for (const holding of holdings) this.positions.set(`${account.id} ${holding.contract.symbol} ${holding.side}`, { lots: holding.lots, cost: holding.cost });
  }
  orderUpdate(order: FuturesOrder, execution: Execution, fill: Fill | undefined): void {
    const known = this.orders.get(order.orderId);
    if ((known === undefined) !== (execution === 'NEW')) this.problems.push(`${execution} of order ${order.orderId}, known: ${known !== undefined}`);
    const executed = (known?.executed ?? 0) + (fill?.lots ?? 0);
    if (executed !== order.filledLots) this.problems.push(`order ${order.orderId} executed ${order.filledLots}, told ${executed}`);
    if (known !== undefined && FINAL.has(known.status)) this.problems.push(`order ${order.orderId} went on after ${known.status}: ${execution}`);
    this.orders.set(order.orderId, { status: order.status, executed, ends: (known?.ends ?? 0) + (FINAL.has(order.status) ? 1 : 0) });
  }
  algoUpdate(algo: AlgoOrder): void {
    const before = this.algos.get(algo.orderId);
    const allowed: Record<string, readonly string[]> = {
      '': ['NEW'], NEW: ['CANCELED', 'EXPIRED', 'TRIGGERING'], TRIGGERING: ['TRIGGERED', 'REJECTED'], TRIGGERED: ['FINISHED'],
    };
    if (!(allowed[before ?? ''] ?? []).includes(algo.algoStatus)) this.problems.push(`algo ${algo.orderId}: ${before} → ${algo.algoStatus}`);
    this.algos.set(algo.orderId, algo.algoStatus);
  }
  leverageChanged(): void {}
  marginCall(): void {}
}

interface World {
  readonly venue: FuturesVenue;
  /** Everybody trades at the highest leverage, in a market with depth, whose prices move in small steps. */
  readonly bold: boolean;
  readonly replica: Replica;
  nowUs: number;
  marks: Record<string, number>;
}

/** Little insurance, so that deleveraging happens too. Prices in ticks: 60,000.0 and 0.20000. */
function world(insurance: string, bold: boolean): World {
  const wallet = bold ? '250' : '900';
  const replica = new Replica();
  const venue = new FuturesVenue(
    {
      symbols: [
        { spec: futuresSymbol({ symbol: 'BTCUSDT', base: 'BTC', quote: 'USDT', tickSize: '0.1', stepSize: '0.001' }), startPrice: '60000' },
        { spec: futuresSymbol({ symbol: 'DOGEUSDT', base: 'DOGE', quote: 'USDT', tickSize: '0.00001', stepSize: '1' }), startPrice: '0.2' },
      ],
      users: replica, insurance, makerRate: '-0.0001',
    },
    START_US,
  );
  for (const id of USERS) venue.openAccount(id, { USDT: wallet });
  for (const id of USERS) replica.wallets.set(id, BigInt(wallet) * ONE);
  const opened: World = { venue, bold, replica, nowUs: START_US, marks: { BTCUSDT: 600_000, DOGEUSDT: 20_000 } };
  if (!bold) return opened;
  USERS.forEach((id, at) => {
    for (const symbol of SYMBOLS) {
      if (at % 2 === 1) venue.setMarginType(id, symbol, true, START_US);
      venue.setLeverage(id, symbol, symbol === 'BTCUSDT' ? 125 : 75, START_US);
    }
  });
  addDepth(opened);
  return opened;
}

function addDepth({ venue, marks }: World): void {
  for (const symbol of SYMBOLS) {
    const { book } = venue.markets.get(symbol)!;
    const lots = symbol === 'BTCUSDT' ? 400 : 120_000;
    for (let level = 1; level <= 12; level++) {
      const away = Math.ceil((marks[symbol]! * level) / 2000);
      for (const way of [BID, ASK] as const) book.add(way, marks[symbol]! + (way === BID ? -away : away), lots, 1);
    }
  }
}

const symbolArb = fc.constantFrom(...SYMBOLS);
const user = fc.constantFrom(...USERS);
const side = fc.constantFrom('BUY' as const, 'SELL' as const);
/** Offset from the mark price in thousandths. */
const offset = fc.integer({ min: -45, max: 45 });
const size = fc.integer({ min: 1, max: 60 });
const command = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('limit' as const), user, symbol: symbolArb, side, offset, size, tif: fc.constantFrom('GTC' as const, 'IOC' as const, 'FOK' as const, 'GTX' as const, 'GTD' as const), reduce: fc.boolean(), leg: fc.boolean(), stp: fc.constantFrom('NONE' as const, 'EXPIRE_TAKER' as const, 'EXPIRE_MAKER' as const, 'EXPIRE_BOTH' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('market' as const), user, symbol: symbolArb, side, size, reduce: fc.boolean(), leg: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('algo' as const), user, symbol: symbolArb, side, offset, size, leg: fc.boolean(), type: fc.constantFrom('STOP' as const, 'STOP_MARKET' as const, 'TAKE_PROFIT' as const, 'TAKE_PROFIT_MARKET' as const, 'TRAILING_STOP_MARKET' as const), mark: fc.boolean(), close: fc.boolean(), reduce: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('cancel' as const), user, pick: fc.nat(20), algo: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('modify' as const), user, pick: fc.nat(20), offset, size }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('mark' as const), symbol: symbolArb, move: fc.oneof(fc.integer({ min: -60, max: 60 }), fc.integer({ min: -12, max: 12 })) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('agents' as const), symbol: symbolArb, side, offset: fc.integer({ min: 1, max: 30 }), size: fc.integer({ min: 1, max: 120 }), take: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leverage' as const), user, symbol: symbolArb, leverage: fc.constantFrom(1, 5, 20, 75, 125) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('isolate' as const), user, symbol: symbolArb, isolated: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('hedge' as const), user, dual: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('margin' as const), user, symbol: symbolArb, add: fc.boolean(), leg: fc.boolean(), usdt: fc.integer({ min: 1, max: 100 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), minutes: fc.constantFrom(1, 12, 241) }) },
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

const priceText = (symbol: string, ticks: number): string => (symbol === 'BTCUSDT' ? (ticks / 10).toFixed(1) : (ticks / 100_000).toFixed(5));
/** About 105 USDT a unit in either symbol, odd lots too. */
const lotsOf = (symbol: string, units: number): string => (symbol === 'BTCUSDT' ? (units * 0.0017 + 0.001).toFixed(3) : String(units * 537 + 1));

function perform(world: World, it: Command): void {
  const { venue, bold } = world;
  world.nowUs += 1000;
  const lotsText = (symbol: string, units: number): string => lotsOf(symbol, bold ? units * 5 : units);
  const at = (symbol: string, thousandths: number): number => Math.round((world.marks[symbol]! * (1000 + thousandths)) / 1000);
  const sided = (order: { readonly user: AccountId; readonly leg: boolean; readonly reduce?: boolean }): Partial<NewOrder> =>
    venue.account(order.user).dual ? { positionSide: order.leg ? 'LONG' : 'SHORT' } : { reduceOnly: order.reduce === true };
  switch (it.do) {
    case 'limit':
      venue.placeOrder(it.user, {
        symbol: it.symbol, side: it.side, type: 'LIMIT', timeInForce: it.tif, quantity: lotsText(it.symbol, it.size), price: priceText(it.symbol, at(it.symbol, it.offset)),
        stp: it.stp, ...sided(it), ...(it.tif === 'GTD' ? { goodTillDate: Math.floor(world.nowUs / 1000) + 700_000 } : {}),
      }, world.nowUs);
      return;
    case 'market':
      venue.placeOrder(it.user, { symbol: it.symbol, side: it.side, type: 'MARKET', quantity: lotsText(it.symbol, it.size), ...sided(it) }, world.nowUs);
      return;
    case 'algo': {
      const stop = priceText(it.symbol, at(it.symbol, it.offset));
      const limit = it.type === 'STOP' || it.type === 'TAKE_PROFIT';
      const close = it.close && !limit && it.type !== 'TRAILING_STOP_MARKET';
      const { reduceOnly, ...mode } = sided(it);
      venue.placeAlgo(it.user, {
        symbol: it.symbol, side: it.side, type: it.type, workingType: it.mark ? 'MARK_PRICE' : 'CONTRACT_PRICE', ...mode,
        ...(it.type === 'TRAILING_STOP_MARKET' ? { callbackRate: '1' } : { stopPrice: stop }),
        ...(limit ? { price: stop } : {}), ...(close ? { closePosition: true } : { quantity: lotsText(it.symbol, it.size), ...(reduceOnly === undefined ? {} : { reduceOnly }) }),
      }, world.nowUs);
      return;
    }
    case 'cancel': {
      if (it.algo) {
        const found = [...venue.account(it.user).openAlgos.keys()][it.pick];
        if (found !== undefined) venue.cancelAlgo(it.user, { algoId: found }, world.nowUs);
        return;
      }
      const open = venue.orders.open(venue.account(it.user))[it.pick];
      if (open !== undefined) venue.cancelOrder(it.user, { symbol: open.symbol.name, orderId: open.orderId }, world.nowUs);
      return;
    }
    case 'modify': {
      const open = venue.orders.open(venue.account(it.user))[it.pick];
      if (open === undefined) return;
      const symbol = open.symbol.name;
      venue.modifyOrder(it.user, { symbol, orderId: open.orderId, side: open.side === BID ? 'BUY' : 'SELL', quantity: lotsText(symbol, it.size), price: priceText(symbol, at(symbol, it.offset)) }, world.nowUs);
      return;
    }
    case 'mark': {
      const ticks = Math.max(1000, at(it.symbol, bold ? Math.trunc(it.move / 6) : it.move));
      world.marks[it.symbol] = ticks;
      const mark = venue.markets.get(it.symbol)!.symbol.contract.priceOf(ticks);
      venue.setPrices(it.symbol, price(mark + 3n), mark, world.nowUs);
      if (bold) addDepth(world);
      return;
    }
    case 'agents': {
      const { book, symbol } = venue.markets.get(it.symbol)!;
      const lots = symbol.lots(lotsText(it.symbol, it.size), false);
      const way = it.side === 'BUY' ? BID : ASK;
      if (it.take) venue.takeForAgent(it.symbol, way, lots, at(it.symbol, way === BID ? it.offset : -it.offset), world.nowUs);
      else book.add(way, at(it.symbol, way === BID ? -it.offset : it.offset), lots, 1);
      return;
    }
    case 'leverage':
      venue.setLeverage(it.user, it.symbol, it.leverage, world.nowUs);
      return;
    case 'isolate':
      venue.setMarginType(it.user, it.symbol, it.isolated, world.nowUs);
      return;
    case 'hedge':
      venue.setDual(it.user, it.dual, world.nowUs);
      return;
    case 'margin':
      venue.changeMargin(it.user, it.symbol, venue.account(it.user).dual ? (it.leg ? 'LONG' : 'SHORT') : 'BOTH', String(it.usdt), it.add ? 1 : 2, world.nowUs);
      return;
    case 'wait':
      for (const until = world.nowUs + it.minutes * 60_000_000; world.nowUs < until; ) {
        world.nowUs = Math.min(until, Math.max(world.nowUs, venue.nextUs));
        venue.advance(world.nowUs);
      }
  }
}

const seen = { liquidated: 0, deleveraged: 0, insured: 0, triggered: 0, funded: 0, refused: new Set<number>() };

function checkInvariants({ venue, replica }: World): void {
  const { ledger, core } = venue;
  assert.deepEqual(ledger.sumByAsset(), ledger.supply(), 'every asset’s sum');
  let costs = 0n;
  for (const market of venue.markets.values()) {
    const { book, symbol, accounts } = market;
    assert.ok(book.bestBid === 0 || book.bestAsk === 0 || book.bestBid < book.bestAsk, 'book crossed');
    const house = [core.clearing.agentsPosition(market), core.clearing.insurancePosition(market)];
    const holdings = [...accounts].flatMap(({ both, long, short }) => [both, long, short]);
    assert.equal([...house, ...holdings].reduce((sum, { lots }) => sum + lots, 0), 0, `positions of ${symbol.name}`);
    costs += [...house, ...holdings].reduce((sum, { cost }) => sum + cost, 0n);
  }
  assert.equal(ledger.free(HOUSE.clearing, USDT), amount(0n - costs), 'clearing');
  const rounding = ledger.free(HOUSE.rounding, USDT);
  assert.ok(rounding > -1000n && rounding < 1000n, `rounding ${rounding}`);
  for (const id of USERS) {
    const account = venue.account(id);
    const margin = account.margin(USDT);
    if (margin.crossMaintenance > 0n) assert.ok(margin.crossWallet + margin.crossUnrealised > margin.crossMaintenance, `${id}: cross margin under maintenance`);
    else assert.ok(margin.crossWallet >= 0n, `${id}: owes`);
    for (const holder of account.symbols.values()) {
      for (const holding of [holder.both, holder.long, holder.short]) {
        if (holding.lots === 0) {
          assert.equal(holding.cost, 0n);
          assert.equal(holding.isolatedWallet, 0n);
        } else if (holder.isolated) assert.ok(holding.isolatedWallet + holding.profit() > holding.maintenance(), `${id}: isolated margin under maintenance`);
        const known = replica.positions.get(`${id} ${holder.market.symbol.name} ${holding.side}`);
        assert.deepEqual(known ?? { lots: 0, cost: 0n }, { lots: holding.lots, cost: holding.cost }, 'replayed position');
      }
      let [bids, asks] = [0n, 0n];
      for (const order of holder.orders) {
        assert.equal(order.state, 'resting');
        assert.equal(replica.orders.get(order.orderId)!.status, order.status);
        if (order.closing) assert.ok(order.leavesLots <= Math.abs(order.holding.lots), 'reduce-only larger than the position');
        else if (order.side === BID) bids += order.reserved;
        else asks += order.reserved;
      }
      assert.deepEqual([holder.bidNotional, holder.askNotional], [bids, asks], 'reservations');
      for (const algo of holder.algos) assert.equal(replica.algos.get(algo.orderId), 'NEW');
    }
    assert.equal(replica.wallets.get(id), account.wallet(USDT), 'replayed wallet');
    const open = [...replica.orders].filter(([orderId, { status }]) => !FINAL.has(status) && account.openOrders.has(orderId)).length;
    assert.equal(open, account.openOrders.size, 'open orders');
    for (const { algoStatus, actual } of account.history.algos.items) {
      assert.ok(algoStatus !== 'NEW' && algoStatus !== 'TRIGGERING', algoStatus);
      if (algoStatus === 'TRIGGERED') assert.equal(actual?.open, true, 'what it became is over, and it is not');
    }
    for (const order of account.history.orders.items) {
      assert.ok(FINAL.has(order.status), `ended as ${order.status}`);
      assert.equal(replica.orders.get(order.orderId)!.ends, 1, 'one final state');
    }
  }
  assert.deepEqual(replica.problems, []);
}

function run(commands: readonly Command[], insurance: string, bold: boolean): void {
  const it = world(insurance, bold);
  for (const step of commands) {
    try {
      perform(it, step);
    } catch (error) {
      if (!(error instanceof VenueError)) throw error;
      seen.refused.add(error.code);
    }
    checkInvariants(it);
  }
  for (const id of USERS) {
    const { history } = it.venue.account(id);
    for (const { kind } of history.forced.items) if (kind === 'ADL') seen.deleveraged += 1;
    else seen.liquidated += 1;
    for (const { type } of history.incomes.items) if (type === 'INSURANCE_CLEAR') seen.insured += 1;
    else if (type === 'FUNDING_FEE') seen.funded += 1;
    seen.triggered += history.algos.items.filter(({ algoStatus }) => algoStatus === 'FINISHED' || algoStatus === 'TRIGGERED').length;
  }
}

describe('the futures venue under random commands of many accounts and random prices', () => {
  for (const [insurance, bold] of [['1000000', false], ['20', false], ['1000000', true]] as const) {
    test(`keeps every sum, every margin, one final state an order, and streams that replay to its own state (insurance ${insurance}${bold ? ', highest leverage' : ''})`, () => {
      fc.assert(fc.property(fc.array(command, { minLength: 40, maxLength: 160, size: 'max' }), (commands) => run(commands, insurance, bold)), RUNS);
    });
  }

  test('and the runs were of the kind that could have gone wrong', () => {
    const { liquidated, deleveraged, insured, triggered, funded, refused } = seen;
    assert.ok(liquidated > 0 && deleveraged > 0 && insured > 0 && triggered > 0 && funded > 0, JSON.stringify({ liquidated, deleveraged, insured, triggered, funded }));
    for (const code of [-2021, -2022, -4046, -4048, -5021, -5022]) assert.ok(refused.has(code), `never refused with ${code}: ${[...refused].join()}`);
  });
});
