import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accountBehaviour } from '../../../actors/account/account.js';
import type { AccountMessage, AccountReply, ExitRequest } from '../../../actors/account/messages.js';
import type { Json } from '../../../actors/engine/io.js';
import type { OrderReport, VenueCall, VenueOutcomeKind } from '../../../actors/engine/venue-calls.js';
import { guardBehaviour } from '../../../actors/guard/guard.js';
import { accountSchema, venueSchema } from '../../../config/index.js';
import { guardSchema } from '../../../config/engine/orders.js';
import { openOrdersOf, spotTradesOf } from '../../../actors/orders/rows.js';
import { worker } from '../../../runtime/index.js';
import { INSTRUMENT, Orders } from '../orders/harness.js';
import { ok, refused, SimVenue } from '../orders/sim-venue.js';
import { probe } from '../support/tree.js';

interface SpotOrder {
  readonly id: number;
  readonly clientId: string;
  readonly side: 'BUY' | 'SELL';
  readonly type: string;
  readonly lots: number;
  filled: number;
  status: 'NEW' | 'PARTIALLY_FILLED' | 'FILLED' | 'CANCELED' | 'EXPIRED';
  /** The other leg of its list. */
  mate?: SpotOrder;
}
const LOT = 1000;

/** Spot: what a sell is for must be free, and what is bought comes less a fee of a thousandth. Thousandths of a lot throughout. */
class SpotVenue extends SimVenue {
  readonly book: SpotOrder[] = [];
  base = 0;
  /** How long, at one time, at most, a whole lot was ours and nothing stood to sell it, once something had. */
  mostBareUs = 0;
  #bareSinceUs: number | null = null;
  #next = 1;
  readonly #now: () => number;
  readonly #stream: (report: OrderReport) => void;

  constructor(nowUs: () => number, tell: (report: OrderReport) => void) {
    super(nowUs, () => undefined);
    this.#stream = tell;
    this.#now = nowUs;
  }

  get locked(): number {
    return this.book.filter(({ side, status, type, mate }) => side === 'SELL' && (status === 'NEW' || status === 'PARTIALLY_FILLED') && !(mate !== undefined && type === 'STOP_LOSS')).reduce((sum, { lots, filled }) => sum + (lots - filled) * LOT, 0);
  }

  override handle({ method, path, params }: VenueCall): VenueOutcomeKind {
    if (path === '/api/v3/orderList/oco') return this.#list(params);
    if (path === '/api/v3/order/cancelReplace') return this.#replace(params);
    if (path !== '/api/v3/order') return ok([]);
    const named = this.book.find(({ clientId }) => clientId === params['origClientOrderId']);
    if (method === 'GET') return named === undefined ? refused(-2013, 'Order does not exist.') : ok(this.#row(named));
    if (method === 'DELETE') {
      if (named === undefined || named.status === 'FILLED' || named.status === 'CANCELED' || named.status === 'EXPIRED') return refused(-2011, 'Unknown order sent.');
      for (const leg of named.mate === undefined ? [named] : [named, named.mate]) {
        leg.status = 'CANCELED';
        this.#tell(leg, null);
      }
      return ok(named.mate === undefined ? this.#row(named) : { orderListId: 1 });
    }
    return this.#place(params);
  }

  #place(params: VenueCall['params']): VenueOutcomeKind {
    const lots = Math.round(Number(params['quantity']) * 1000);
    if (params['side'] === 'SELL' && lots * LOT > this.base - this.locked) return refused(-2010, 'Account has insufficient balance for requested action.');
    const order: SpotOrder = { id: this.#next++, clientId: params['newClientOrderId']!, side: params['side'] as 'BUY', type: params['type']!, lots, filled: 0, status: 'NEW' };
    this.book.push(order);
    this.#tell(order, null);
    if (order.type === 'MARKET') this.trade(order, lots);
    return ok(this.#row(order));
  }

  #replace(params: VenueCall['params']): VenueOutcomeKind {
    assert.deepEqual([params['cancelReplaceMode'], params['cancelRestrictions']], ['STOP_ON_FAILURE', 'ONLY_NEW']);
    const old = this.book.find(({ clientId }) => clientId === params['cancelOrigClientOrderId']);
    if (old?.status !== 'NEW') return refused(-2022, 'Order cancel-replace failed.');
    old.status = 'CANCELED';
    const placed = this.#place(params);
    if (placed.kind !== 'ok') return placed;
    this.#tell(old, null);
    return ok({ cancelResult: 'SUCCESS', newOrderResult: 'SUCCESS', cancelResponse: this.#row(old), newOrderResponse: placed.body });
  }

  #list(params: VenueCall['params']): VenueOutcomeKind {
    const lots = Math.round(Number(params['quantity']) * 1000);
    if (lots * LOT > this.base - this.locked) return refused(-2010, 'Account has insufficient balance for requested action.');
    const leg = (type: string, clientId: string): SpotOrder => ({ id: this.#next++, clientId, side: 'SELL', type, lots, filled: 0, status: 'NEW' });
    const [stop, target] = [leg('STOP_LOSS', params['belowClientOrderId']!), leg('LIMIT_MAKER', params['aboveClientOrderId']!)];
    stop.mate = target;
    target.mate = stop;
    this.book.push(stop, target);
    for (const order of [stop, target]) this.#tell(order, null);
    return ok({
      orderListId: 1, listClientOrderId: params['listClientOrderId']!, listOrderStatus: 'EXECUTING', orders: [stop, target].map(({ clientId }) => ({ clientOrderId: clientId })),
      orderReports: [this.#row(stop), this.#row(target)],
    });
  }

  trade(order: SpotOrder, lots: number): void {
    if (order.mate !== undefined && order.mate.status === 'NEW') {
      order.mate.status = 'EXPIRED';
      this.#tell(order.mate, null);
    }
    order.filled += lots;
    order.status = order.filled === order.lots ? 'FILLED' : 'PARTIALLY_FILLED';
    this.base += order.side === 'BUY' ? lots * LOT - lots : -lots * LOT;
    this.#tell(order, lots);
  }

  #tell(order: SpotOrder, lots: number | null): void {
    const bare = this.base >= LOT && this.locked === 0;
    if (this.#bareSinceUs !== null) this.mostBareUs = Math.max(this.mostBareUs, this.#now() - this.#bareSinceUs);
    this.#bareSinceUs = bare && this.book.some(({ type }) => type === 'STOP_LOSS') ? (this.#bareSinceUs ?? this.#now()) : null;
    this.#stream({
      type: 'order.report', source: 'stream', product: 'spot', symbol: 0, clientId: order.clientId, venueId: String(order.id), status: order.status, side: order.side === 'BUY' ? 'buy' : 'sell',
      positionSide: 'BOTH', kind: order.type, timeInForce: 'GTC', reduceOnly: false, priceTicks: 1000, triggerTicks: 0, lots: order.lots, filledLots: order.filled,
      fill: lots === null ? null : {
        tradeId: `${order.id}-${order.filled}`, priceTicks: 1000, lots, maker: true, fee: order.side === 'BUY' ? (lots / 1e6).toFixed(8) : '0.01', feeAsset: order.side === 'BUY' ? 'BTC' : 'USDT',
        realised: null, venueMs: 1,
      },
      venueMs: 1, reason: '',
    });
  }

  #row({ id, clientId, side, type, lots, filled, status }: SpotOrder): Json {
    return {
      symbol: 'BTCUSDT', orderId: id, orderListId: -1, clientOrderId: clientId, price: '100.0', origQty: (lots / 1000).toFixed(3), executedQty: (filled / 1000).toFixed(3), status,
      timeInForce: 'GTC', type, side, stopPrice: '0.0', updateTime: 1,
    };
  }
}

describe('guard on spot', () => {
  const instrument = { ...INSTRUMENT, venue: 'binance-spot', product: 'spot' as const };

  function opened(): { readonly orders: Orders; readonly venue: SpotVenue; readonly replies: AccountReply[]; readonly account: (message: AccountMessage) => void; readonly exit: (id: string, overrides: Partial<ExitRequest>) => void } {
    const replies: AccountReply[] = [];
    const later: { orders?: Orders } = {};
    const venue = new SpotVenue(() => later.orders?.nowUs ?? 0, (report) => later.orders!.stream(report));
    const orders = later.orders = new Orders({
      venue, input: { accountPath: '/trading/account', instruments: [instrument] },
      children: [
        probe('truth', []), probe('strategy', replies),
        worker({
          id: 'account', restore: 'lastGood', behaviour: accountBehaviour({ account: accountSchema.parse({ minNotional: '0' }), venue: venueSchema.parse({}) }),
          input: { symbols: [{ instrument, detectorPath: null }], strategyPaths: [], kernelPath: '/trading/orders', guardPath: '/trading/guard' },
        }),
        worker({ id: 'guard', restore: 'lastGood', behaviour: guardBehaviour(), input: { run: 'run-1', params: guardSchema.parse({}), accountPath: '/trading/account' } }),
      ],
    });
    const account = (message: AccountMessage): void => {
      orders.runtime.send('/trading/account', message);
      orders.runtime.drain();
    };
    account({
      type: 'entry.request', id: 't1', owner: '/trading/strategy', strategy: 'test', symbol: 0, side: 'buy', kind: 'limit', priceTicks: 1000, timeInForce: 'GTC', equityShare: 0.01, seq: 1,
      dueUs: orders.nowUs,
    });
    orders.run(50);
    return {
      orders, venue, replies, account,
      exit: (id, overrides) => account({
        type: 'exit.request', id, tradeId: 't1', owner: '/trading/strategy', kind: 'stop', priceTicks: 970, lots: venue.book[0]!.lots, timeInForce: 'GTC', purpose: 'stop', seq: 1,
        dueUs: orders.nowUs, ...overrides,
      }),
    };
  }

  const legs = (venue: SpotVenue): unknown[] => venue.book.slice(1).map(({ type, lots, status }) => [type, lots, status]);
  const wardsOf = (orders: Orders): unknown => (orders.runtime.inspect('/trading/guard')?.value as { readonly wards: unknown } | undefined)?.wards;
  const closed = (replies: readonly AccountReply[]): readonly number[] => replies.flatMap((reply) => (reply.type === 'trade.closed' ? [reply.filledLots] : []));

  it('places stop and target as one list for what the fee has left, and sells it all when the trade is closed', () => {
    const { orders, venue, replies, exit } = opened();
    const entry = venue.book[0]!;
    assert.equal(entry.lots, 1000);
    venue.trade(entry, 1000);
    orders.run(20);
    exit('s1', {});
    exit('g1', { kind: 'limit', priceTicks: 1100, lots: 1000, purpose: 'target', timeInForce: 'GTX' });
    orders.run(3000);
    assert.deepEqual(legs(venue), [['STOP_LOSS', 999, 'NEW'], ['LIMIT_MAKER', 999, 'NEW']]);
    exit('m1', { kind: 'market', priceTicks: 0, timeInForce: 'IOC', purpose: 'time' });
    orders.run(3000);
    assert.deepEqual(legs(venue), [['STOP_LOSS', 999, 'CANCELED'], ['LIMIT_MAKER', 999, 'CANCELED'], ['MARKET', 999, 'FILLED']]);
    assert.equal(venue.base, 0);
    assert.deepEqual(closed(replies), [1000]);
    assert.deepEqual(wardsOf(orders), []);
  });

  it('lets no new stop take back a close on its way, and sells once', () => {
    const { orders, venue, replies, exit } = opened();
    venue.trade(venue.book[0]!, 1000);
    orders.run(600);
    assert.deepEqual(legs(venue), [['STOP_LOSS', 999, 'NEW']]);
    // Between the end of the guard's stop and the close lies the disk: the guard sees its ward bare.
    orders.flushUs = 400_000;
    exit('m1', { kind: 'market', priceTicks: 0, timeInForce: 'IOC', purpose: 'time' });
    orders.run(50);
    exit('m2', { kind: 'market', priceTicks: 0, timeInForce: 'IOC', purpose: 'time' });
    orders.run(3000);
    assert.deepEqual(legs(venue), [['STOP_LOSS', 999, 'CANCELED'], ['MARKET', 999, 'FILLED']]);
    assert.equal(venue.base, 0);
    assert.deepEqual([closed(replies), wardsOf(orders)], [[1000], []]);
    // The stop went in the call that sold: what it held was never without an order.
    assert.equal(venue.mostBareUs, 0);
  });

  /** A trade of 999 lots whose stop stands, and a close at market on its way. */
  function closing(before: (venue: SpotVenue, orders: Orders) => void): ReturnType<typeof opened> {
    const scene = opened();
    scene.venue.trade(scene.venue.book[0]!, 1000);
    scene.orders.run(600);
    assert.deepEqual(legs(scene.venue), [['STOP_LOSS', 999, 'NEW']]);
    before(scene.venue, scene.orders);
    scene.exit('m1', { kind: 'market', priceTicks: 0, timeInForce: 'IOC', purpose: 'time' });
    scene.orders.run(10_000);
    return scene;
  }
  const isReplace = ({ path }: VenueCall): boolean => path.endsWith('/cancelReplace');

  it('sells nothing when the stop that was to give way has sold', () => {
    const { orders, venue, replies } = closing((at) => {
      const handle = at.handle.bind(at);
      at.handle = (call) => {
        if (isReplace(call)) at.trade(at.book[1]!, 999);
        return handle(call);
      };
    });
    assert.deepEqual(legs(venue), [['STOP_LOSS', 999, 'FILLED']]);
    assert.deepEqual([venue.base, closed(replies), wardsOf(orders)], [0, [1000], []]);
  });

  it('keeps the stop when the call that was to replace it is lost, and finds out by asking when only its answer is', () => {
    const lost = closing((_, orders) => (orders.fate = (call) => (isReplace(call) ? { thereUs: null, backUs: null, unknownUs: 3_000_000, lie: 'none' } : { thereUs: 2000, backUs: 2000, unknownUs: 3_000_000, lie: 'none' })));
    assert.deepEqual([legs(lost.venue), lost.venue.base, lost.venue.mostBareUs], [[['STOP_LOSS', 999, 'NEW']], 999_000, 0]);
    const unheard = closing((_, orders) => {
      orders.streams = () => [];
      orders.fate = (call) => ({ thereUs: 2000, backUs: isReplace(call) ? null : 2000, unknownUs: 3_000_000, lie: 'none' });
    });
    assert.deepEqual(legs(unheard.venue), [['STOP_LOSS', 999, 'CANCELED'], ['MARKET', 999, 'FILLED']]);
    assert.deepEqual(unheard.venue.base, 0);
  });

  it('has a stop again, or is closed, within the guard\'s time when only half of the call was done', () => {
    const { venue, replies } = closing((at) => {
      const handle = at.handle.bind(at);
      let done = false;
      at.handle = (call) => {
        if (!isReplace(call) || done) return handle(call);
        done = true;
        handle({ ...call, method: 'DELETE', path: '/api/v3/order', params: { origClientOrderId: call.params['cancelOrigClientOrderId']! } });
        return refused(-1013, 'Filter failure: PERCENT_PRICE_BY_SIDE');
      };
    });
    assert.deepEqual(legs(venue), [['STOP_LOSS', 999, 'CANCELED'], ['STOP_LOSS', 999, 'NEW']]);
    assert.ok(venue.mostBareUs > 0 && venue.mostBareUs < 2_000_000, `${venue.mostBareUs} us`);
    assert.deepEqual(closed(replies), []);
  });

  it('is bare for two round trips and no longer when a stop gives way to a list, and closes what the list left bare', () => {
    const scene = opened();
    scene.venue.trade(scene.venue.book[0]!, 1000);
    scene.orders.run(600);
    scene.exit('g1', { kind: 'limit', priceTicks: 1100, lots: 1000, purpose: 'target', timeInForce: 'GTX' });
    scene.orders.run(1000);
    assert.deepEqual(legs(scene.venue), [['STOP_LOSS', 999, 'CANCELED'], ['STOP_LOSS', 999, 'NEW'], ['LIMIT_MAKER', 999, 'NEW']]);
    assert.ok(scene.venue.mostBareUs <= 8000 + 2 * scene.orders.flushUs, `${scene.venue.mostBareUs} us`);
    const other = opened();
    other.venue.trade(other.venue.book[0]!, 1000);
    other.orders.run(600);
    other.orders.fate = (call) => (call.path.endsWith('/oco') ? { thereUs: null, backUs: null, unknownUs: 3_000_000, lie: 'none' } : { thereUs: 2000, backUs: 2000, unknownUs: 3_000_000, lie: 'none' });
    other.exit('g1', { kind: 'limit', priceTicks: 1100, lots: 1000, purpose: 'target', timeInForce: 'GTX' });
    other.orders.run(30_000);
    assert.equal(other.venue.base, 0);
    assert.deepEqual(closed(other.replies), [1000]);
  });

  it('tells a close that was refused what it was refused for, also when a stop waits behind it', () => {
    const { orders, venue, replies } = closing((at, then) => {
      then.fate = (call) => ({ thereUs: isReplace(call) ? 400_000 : 2000, backUs: 2000, unknownUs: 3_000_000, lie: 'none' });
      const handle = at.handle.bind(at);
      at.handle = (call) => {
        return isReplace(call) ? refused(-1021, 'Timestamp for this request is outside of the recvWindow.') : handle(call);
      };
      // Somebody withdraws the stop meanwhile: the guard wants another.
      then.after(10_000, () => void handle({ method: 'DELETE', path: '/api/v3/order', params: { origClientOrderId: at.book[1]!.clientId } } as unknown as VenueCall));
    });
    const told = replies.flatMap((reply) => (reply.type === 'venue' && reply.event.type === 'order.rejected' ? [[reply.event.id, reply.event.reason]] : []));
    assert.deepEqual(told, [['m1', '-1021 Timestamp for this request is outside of the recvWindow.']]);
    assert.deepEqual([legs(venue), orders.states('m1').at(-1)], [[['STOP_LOSS', 999, 'CANCELED'], ['STOP_LOSS', 999, 'NEW']], 'rejected']);
  });

  it('tells what is too little to be sold once, and leaves it', () => {
    const { orders, venue, replies } = closing((at) => {
      const handle = at.handle.bind(at);
      at.handle = (call) => (isReplace(call) ? refused(-1013, 'Filter failure: NOTIONAL') : handle(call));
    });
    assert.deepEqual([closed(replies), wardsOf(orders)], [[1000], []]);
    // The stop that still stood is withdrawn with the trade; what it held stays ours, and nobody asks again.
    assert.deepEqual([legs(venue), venue.base], [[['STOP_LOSS', 999, 'CANCELED']], 999_000]);
    const asked = orders.calls.length;
    orders.run(60_000);
    assert.equal(orders.calls.length, asked);
  });

  it('sells no coins that are not ours, whatever a guard or an operator asks for', () => {
    const { orders, venue } = opened();
    venue.trade(venue.book[0]!, 1000);
    // Somebody else's, in the same account.
    venue.base += 5_000_000;
    orders.run(600);
    const close = (id: string, lots: number): void => void orders.send({
      type: 'orders.place',
      intent: { id, symbol: 0, side: 'sell', positionSide: 'BOTH', kind: 'market', priceTicks: 0, triggerTicks: 0, lots, timeInForce: 'IOC', reduceOnly: true, reduces: null, owner: '' },
    }).run(3000);
    // The stop of the trade may sell all that is ours.
    close('x1', 999);
    assert.deepEqual(legs(venue), [['STOP_LOSS', 999, 'NEW']]);
    venue.trade(venue.book[1]!, 999);
    orders.run(3000);
    close('x2', 999);
    assert.deepEqual([legs(venue), venue.base], [[['STOP_LOSS', 999, 'FILLED']], 5_000_000]);
    assert.deepEqual(orders.states('x2'), ['rejected']);
    const next = new Orders({ venue, run: 'run-2', after: orders, startUs: orders.nowUs + 1000, input: { instruments: [instrument], owned: [{ symbol: 0, quantity: '0.0021' }] } });
    next.send({
      type: 'orders.place',
      intent: { id: 'x3', symbol: 0, side: 'sell', positionSide: 'BOTH', kind: 'market', priceTicks: 0, triggerTicks: 0, lots: 999, timeInForce: 'IOC', reduceOnly: true, reduces: 'position 0 BOTH', owner: '' },
    }).run(3000);
    assert.deepEqual(legs(venue).slice(1), [['MARKET', 2, 'FILLED']]);
  });

  it('sells what truth alone tells of: fills of an order of ours that nobody follows any more', () => {
    const trade = {
      tradeId: '77', symbol: 0, venueOrderId: '900', clientId: null, side: 'buy', positionSide: 'BOTH', priceTicks: 1000, lots: 500, maker: false, fee: '0.0005', feeAsset: 'BTC', realised: null, venueMs: 1,
    } as const;
    for (const [origin, sold] of [['ours', [['STOP_LOSS', 499, 'NEW']]], ['foreign', []]] as const) {
      const venue = new SpotVenue(() => 0, () => undefined);
      venue.base = 500 * LOT;
      const orders = new Orders({ venue, input: { instruments: [instrument] } });
      orders.send({ type: 'truth.differences', product: 'spot', askedMs: 2, differences: [{ kind: 'fillMissed', trade, origin, action: { do: 'bookFill', trade } }] });
      orders.send({
        type: 'orders.place',
        intent: { id: 'g1', symbol: 0, side: 'sell', positionSide: 'BOTH', kind: 'stop', priceTicks: 0, triggerTicks: 970, lots: 499, timeInForce: 'GTC', reduceOnly: true, reduces: 'position 0 BOTH', owner: '' },
      }).run(3000);
      assert.deepEqual(venue.book.map(({ type, lots, status }) => [type, lots, status]), sold, origin);
    }
  });

  it('sells no more than truth has found of ours, and no less for sales that nobody bought for', () => {
    const bought = {
      tradeId: '78', symbol: 0, venueOrderId: '901', clientId: null, side: 'buy', positionSide: 'BOTH', priceTicks: 1000, lots: 200, maker: false, fee: '0', feeAsset: 'USDT', realised: null, venueMs: 3,
    } as const;
    for (const [owned, local, quantity, sold] of [['1', '1', '0.4', 600], ['-0.8', '-0.8', '0', 200]] as const) {
      const venue = new SpotVenue(() => 0, () => undefined);
      // Most of it somebody else's.
      venue.base = 5000 * LOT;
      const orders = new Orders({ venue, input: { instruments: [instrument], owned: [{ symbol: 0, quantity: owned }] } });
      orders.send({ type: 'truth.differences', product: 'spot', askedMs: 2, differences: [{ kind: 'holdingShort', symbol: 0, asset: 'BTC', local, venue: quantity, action: { do: 'setHolding', symbol: 0, quantity } }] });
      orders.send({ type: 'truth.differences', product: 'spot', askedMs: 4, differences: [{ kind: 'fillMissed', trade: bought, origin: 'ours', action: { do: 'bookFill', trade: bought } }] });
      orders.send({
        type: 'orders.place',
        intent: { id: 'g1', symbol: 0, side: 'sell', positionSide: 'BOTH', kind: 'stop', priceTicks: 0, triggerTicks: 970, lots: 2000, timeInForce: 'GTC', reduceOnly: true, reduces: 'position 0 BOTH', owner: '' },
      }).run(3000);
      assert.deepEqual(venue.book.map(({ type, lots, status }) => [type, lots, status]), [['STOP_LOSS', sold, 'NEW']], owned);
    }
  });

  it('is done with an entry whose coins went without an order of ours, also where no exit stood', () => {
    const later: { orders?: Orders } = {};
    const venue = new SpotVenue(() => later.orders?.nowUs ?? 0, (report) => later.orders!.stream(report));
    const orders = later.orders = new Orders({ venue, input: { instruments: [instrument] } });
    orders.place('e1', { lots: 1000 }).run(50);
    venue.trade(venue.book[0]!, 1000);
    orders.run(50);
    const row = (): unknown => orders.writes.flatMap(({ rows }) => rows).findLast(({ key }) => key === 'spot e1')?.row;
    const open = (): unknown => (row() as { readonly open: boolean; readonly held: string } | undefined)?.open;
    const gone = (lots: number): void => void orders.send({ type: 'position.gone', product: 'spot', symbol: 0, positionSide: 'BOTH', side: 'buy', lots, priceTicks: 0, reason: 'unexplained' }).run(50);
    gone(400);
    assert.equal(open(), true);
    gone(599);
    assert.equal(open(), false);
  });

  it('withdraws a stop that had begun to fill when it was to be replaced, and protects what is left; it closes nothing', () => {
    const { orders, venue, replies } = opened();
    const entry = venue.book[0]!;
    venue.trade(entry, 400);
    orders.run(600);
    assert.deepEqual(legs(venue), [['STOP_LOSS', 399, 'NEW']]);
    const handle = venue.handle.bind(venue);
    let replaces = 0;
    venue.handle = (call) => {
      // Between the question and the answer it begins to fill.
      if (isReplace(call) && (replaces += 1) === 1) venue.trade(venue.book[1]!, 100);
      return handle(call);
    };
    venue.trade(entry, 600);
    orders.run(5000);
    assert.equal(replaces, 1);
    assert.deepEqual(legs(venue), [['STOP_LOSS', 399, 'CANCELED'], ['STOP_LOSS', 899, 'NEW']]);
    assert.ok(venue.mostBareUs < 2_000_000, `${venue.mostBareUs} us`);
    assert.deepEqual(closed(replies), []);
  });

  it('waits for an exit that is to sell what a position has, sells nothing meanwhile, not a trade\'s coins either, and protects it when it may', () => {
    const { orders, venue, exit, account } = opened();
    const guard = (message: unknown): void => {
      orders.runtime.send('/trading/guard', message);
      orders.runtime.drain();
    };
    venue.base += 299 * LOT;
    const trade = {
      tradeId: '77', symbol: 0, venueOrderId: '900', clientId: null, side: 'buy', positionSide: 'BOTH', priceTicks: 1000, lots: 300, maker: false, fee: '0.001', feeAsset: 'BTC', realised: null, venueMs: 1,
    } as const;
    orders.send({ type: 'truth.differences', product: 'spot', askedMs: 0, differences: [{ kind: 'fillMissed', trade, origin: 'ours', action: { do: 'bookFill', trade } }] });
    orders.send({
      type: 'orders.place',
      intent: { id: 'x1', symbol: 0, side: 'sell', positionSide: 'BOTH', kind: 'stop', priceTicks: 0, triggerTicks: 950, lots: 299, timeInForce: 'GTC', reduceOnly: true, reduces: null, owner: '' },
    }).run(100);
    assert.deepEqual(legs(venue), [['STOP_LOSS', 299, 'NEW']]);
    guard({ type: 'price', symbol: 0, bidTicks: 999, askTicks: 1001, markTicks: 1000, atUs: orders.nowUs });
    guard({
      type: 'truth.differences', product: 'spot', askedMs: 0,
      differences: [{ kind: 'protectiveStopMissing', symbol: 0, positionSide: 'BOTH', ownLots: 299, protectedLots: 0, action: { do: 'protect', symbol: 0, positionSide: 'BOTH', lots: 299 } }],
    });
    orders.run(5000);
    assert.deepEqual(legs(venue), [['STOP_LOSS', 299, 'NEW']]);
    venue.trade(venue.book[0]!, 1000);
    orders.run(20);
    exit('s1', {});
    orders.run(100);
    // Its stop is withdrawn, and the disk is slow: for a while it has none.
    orders.flushUs = 900_000;
    account({ type: 'cancel.request', id: 's1', dueUs: orders.nowUs } as AccountMessage);
    orders.run(4000);
    orders.flushUs = 500;
    assert.deepEqual(legs(venue), [['STOP_LOSS', 299, 'NEW'], ['STOP_LOSS', 999, 'CANCELED'], ['STOP_LOSS', 999, 'NEW']]);
    orders.cancel('x1').run(3000);
    assert.deepEqual(legs(venue), [['STOP_LOSS', 299, 'CANCELED'], ['STOP_LOSS', 999, 'CANCELED'], ['STOP_LOSS', 999, 'NEW'], ['STOP_LOSS', 299, 'NEW']]);
  });

  it('sells in the next run what an entry of this one brought, less the fee', () => {
    const { orders, venue } = opened();
    venue.trade(venue.book[0]!, 1000);
    orders.run(600);
    const rows = orders.writes.flatMap(({ rows: written }) => written);
    const left = rows.filter(({ table, key }, at) => table === 'trades' && rows.findLastIndex((other) => other.key === key) === at);
    assert.deepEqual(left.map(({ key, row }) => [key, row['held'], row['open']]), [['spot t1', '0.99900000', true]]);
    const { trades, problems } = spotTradesOf(left, (product, name) => (product === 'spot' && name === 'BTCUSDT' ? 0 : undefined));
    assert.deepEqual([trades.length, problems], [1, []]);
    const next = new Orders({ venue, run: 'run-2', after: orders, startUs: orders.nowUs + 1000, recovered: openOrdersOf([...orders.rows.values()], () => 0).records, input: { instruments: [instrument], holdings: trades } });
    next.send({
      type: 'orders.place',
      intent: { id: 'x1', symbol: 0, side: 'sell', positionSide: 'BOTH', kind: 'market', priceTicks: 0, triggerTicks: 0, lots: 1000, timeInForce: 'IOC', reduceOnly: true, reduces: 't1', owner: '' },
    }).run(10_000);
    assert.deepEqual(legs(venue), [['STOP_LOSS', 999, 'CANCELED'], ['MARKET', 999, 'FILLED']]);
    assert.equal(venue.base, 0);
    const broken = spotTradesOf([{ table: 'trades', key: 'spot t2', row: { open: true, held: 'x' } }], () => 0);
    assert.deepEqual([broken.trades, broken.problems], [[], ['holding t2: its row cannot be read']]);
  });

  for (const [name, type] of [['target', 'LIMIT_MAKER'], ['stop', 'STOP_LOSS']] as const) {
    it(`closes the trade by the ${name} of the list, under the name its owner gave it`, () => {
      const { orders, venue, replies, exit } = opened();
      venue.trade(venue.book[0]!, 1000);
      orders.run(20);
      exit('s1', {});
      orders.run(100);
      // The stop stands already: it gives way to the list.
      exit('g1', { kind: 'limit', priceTicks: 1100, lots: 1000, purpose: 'target', timeInForce: 'GTX' });
      orders.run(1000);
      assert.deepEqual(legs(venue), [['STOP_LOSS', 999, 'CANCELED'], ['STOP_LOSS', 999, 'NEW'], ['LIMIT_MAKER', 999, 'NEW']]);
      venue.trade(venue.book.find((order) => order.type === type && order.status === 'NEW')!, 999);
      orders.run(3000);
      assert.deepEqual(closed(replies), [1000]);
      const fills = replies.flatMap((reply) => (reply.type === 'venue' && reply.event.type === 'order.fill' && reply.purpose !== 'entry' ? [[reply.event.id, reply.purpose]] : []));
      assert.deepEqual(fills, [name === 'target' ? ['g1', 'target'] : ['s1', 'stop']]);
      assert.deepEqual(wardsOf(orders), []);
      assert.equal(venue.book.filter(({ status }) => status === 'NEW').length, 0);
    });
  }

  it('puts one stop for all in the place of a smaller one, and closes what no stop can protect', () => {
    const { orders, venue, replies } = opened();
    const entry = venue.book[0]!;
    venue.trade(entry, 400);
    orders.run(500);
    venue.trade(entry, 600);
    orders.run(1000);
    assert.deepEqual(venue.book.slice(1).map(({ type, lots, status }) => [type, lots, status]), [['STOP_LOSS', 399, 'CANCELED'], ['STOP_LOSS', 999, 'NEW']]);
    // Its stop is gone, whoever took it away, and the venue takes no other.
    const handle = venue.handle.bind(venue);
    venue.handle = (call) => (call.params['type'] === 'STOP_LOSS' ? refused(-2010, 'Stop price would trigger immediately.') : handle(call));
    handle({ method: 'DELETE', path: '/api/v3/order', params: { origClientOrderId: venue.book[2]!.clientId } } as unknown as VenueCall);
    orders.run(5000);
    assert.equal(venue.base, 0);
    assert.equal(replies.filter(({ type }) => type === 'trade.closed').length, 1);
  });
});
