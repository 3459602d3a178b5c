import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ASK, BID } from '../../../../actors/exchange/book/index.js';
import { InsufficientFunds, mustParseAmount } from '../../../../actors/exchange/ledger/index.js';
import { VenueError } from '../../../../actors/exchange/venue-error.js';
import { HISTORY_LIMIT } from '../../../../actors/exchange/spot/order.js';
import { accountId } from '../../../../actors/exchange/ids.js';
import { ANN, BOB, BTC, CAT, Desk, id, refusalOf, USDT } from './support.js';

/** Nobody listens to this one. */
const QUIET = accountId(1999);
const GTC = { timeInForce: 'GTC' } as const;

describe('an order and the balances of its owner', () => {
  it('locks price times quantity, pays what it trades at, and the fee from what it receives', () => {
    const desk = new Desk();
    const { order } = desk.place(ANN, { ...GTC, price: '60000', quantity: '0.5', clientOrderId: id('first') });
    assert.deepEqual(desk.balance(ANN, USDT), ['970000.00000000', '30000.00000000']);
    desk.agentTakes(ASK, 0.2);
    assert.equal(order.status, 'PARTIALLY_FILLED');
    assert.deepEqual(desk.balance(ANN, USDT), ['970000.00000000', '18000.00000000']);
    // 0.1 % of 0.2 BTC.
    assert.deepEqual(desk.balance(ANN, BTC), ['100.19980000', '0.00000000']);
    desk.venue.cancel(ANN, { symbol: 'BTCUSDT', clientOrderId: 'first', newClientOrderId: id('stop-it') }, desk.nowUs);
    assert.deepEqual(desk.balance(ANN, USDT), ['988000.00000000', '0.00000000']);
    assert.deepEqual(desk.lines(ANN), [
      `NEW NEW ${order.orderId}`, 'outboundAccountPosition', `TRADE PARTIALLY_FILLED ${order.orderId}`, 'outboundAccountPosition',
      `CANCELED CANCELED ${order.orderId}`, 'outboundAccountPosition',
    ]);
    const [created, , traded, position, canceled] = desk.told.get(ANN)!;
    assert.deepEqual([created!['w'], created!['n'], created!['N'], created!['t'], created!['W']], [true, '0', null, -1, Math.floor((desk.nowUs - 1000) / 1000)]);
    assert.deepEqual(
      [traded!['l'], traded!['L'], traded!['z'], traded!['Z'], traded!['Y'], traded!['n'], traded!['N'], traded!['m'], traded!['w'], traded!['t']],
      ['0.20000000', '60000.00000000', '0.20000000', '12000.00000000', '12000.00000000', '0.00020000', 'BTC', true, true, 1],
    );
    assert.deepEqual(position!['B'], [{ a: 'BTC', f: '100.19980000', l: '0.00000000' }, { a: 'USDT', f: '970000.00000000', l: '18000.00000000' }]);
    assert.deepEqual([canceled!['c'], canceled!['C'], canceled!['w']], ['stop-it', 'first', false]);
    desk.check();
  });

  it('gives back what a taker saves over its limit, and pays makers their rebate', () => {
    const desk = new Desk();
    desk.place(CAT, { ...GTC, side: 'SELL', price: '60000', quantity: '1' });
    const { order, fills } = desk.place(ANN, { ...GTC, price: '61000', quantity: '1.5' });
    assert.deepEqual(fills.map(({ ticks, lots, fee }) => [ticks, lots, fee]), [[6_000_000, 100_000, 100_000n]]);
    assert.equal(order.status, 'PARTIALLY_FILLED');
    assert.deepEqual(desk.balance(ANN, USDT), ['909500.00000000', '30500.00000000']);
    // 0.005 % of 60000 USDT on top of them.
    assert.deepEqual(desk.balance(CAT, USDT), ['1060003.00000000', '0.00000000']);
    assert.equal(desk.told.get(CAT)!.at(-2)!['n'], '-3.00000000');
    desk.check();
  });

  it('buys by quantity and by quote at market, and refuses what the account cannot pay whole', () => {
    const desk = new Desk();
    desk.quote(ASK, 60_000, 0.5);
    desk.quote(ASK, 60_100, 10);
    const whole = desk.place(ANN, { type: 'MARKET', quantity: '1' });
    assert.deepEqual([whole.order.status, whole.fills.length, desk.balance(ANN, USDT)], ['FILLED', 2, ['939950.00000000', '0.00000000']]);
    // 1000 / 60100 is 0.016638… BTC: 0.01663 of them, and the rest of the quote stays.
    const spent = desk.place(ANN, { type: 'MARKET', quoteOrderQty: '1000' });
    assert.deepEqual([spent.order.status, spent.order.lots, spent.order.quoteFilled], ['FILLED', 1663, mustParseAmount('999.463')]);
    desk.quote(ASK, 70_000, 50);
    assert.equal(refusalOf(() => desk.place(ANN, { type: 'MARKET', quantity: '20' })), '-2010 Account has insufficient balance for requested action.');
    assert.equal(refusalOf(() => desk.place(ANN, { type: 'MARKET', quoteOrderQty: '940000' })), '-2010 Account has insufficient balance for requested action.');
    assert.equal(refusalOf(() => desk.place(ANN, { type: 'MARKET', side: 'SELL', quoteOrderQty: '1000' })), '-2010 Order book liquidity is less than symbol minimum quantity.');
    desk.check();
  });

  it('expires what a market order finds nothing for, and IOC and FOK with their reasons', () => {
    const desk = new Desk();
    desk.quote(ASK, 60_000, 0.5);
    const fok = desk.place(ANN, { timeInForce: 'FOK', price: '60000', quantity: '1' }).order;
    const ioc = desk.place(ANN, { timeInForce: 'IOC', price: '60000', quantity: '0.6' }).order;
    const market = desk.place(ANN, { type: 'MARKET', quantity: '0.1' }).order;
    assert.deepEqual([fok, ioc, market].map(({ status, expiryReason, filledLots }) => [status, expiryReason, filledLots]), [
      ['EXPIRED', 'UNFILLED_FOK_ORDER_EXPIRED', 0], ['EXPIRED', 'UNFILLED_IOC_QUANTITY_EXPIRED', 50_000], ['EXPIRED', 'INSUFFICIENT_LIQUIDITY', 0],
    ]);
    assert.equal(desk.told.get(ANN)!.filter((event) => event['x'] === 'EXPIRED').map((event) => event['eR']).join(), 'UNFILLED_FOK_ORDER_EXPIRED,UNFILLED_IOC_QUANTITY_EXPIRED,INSUFFICIENT_LIQUIDITY');
    desk.check();
  });

  it('refuses a second open order of one name, and takes the name again after a fill', () => {
    const desk = new Desk();
    desk.place(ANN, { ...GTC, price: '60000', quantity: '0.1', clientOrderId: id('mine') });
    assert.equal(refusalOf(() => desk.place(ANN, { ...GTC, price: '59000', quantity: '0.1', clientOrderId: id('mine') })), '-2010 Duplicate order sent.');
    desk.place(BOB, { ...GTC, price: '59000', quantity: '0.1', clientOrderId: id('mine') });
    desk.agentTakes(ASK, 0.1);
    assert.equal(desk.place(ANN, { ...GTC, price: '59000', quantity: '0.1', clientOrderId: id('mine') }).order.status, 'NEW');
  });
});

describe('what an account can look up', () => {
  it('is bounded: the oldest orders that are over are forgotten, open ones never', () => {
    const desk = new Desk();
    desk.venue.openAccount(QUIET);
    desk.venue.deposit(QUIET, USDT, mustParseAmount('1000000'), desk.nowUs);
    const book = desk.venue.account(QUIET).on(desk.market());
    const place = (): number => desk.place(QUIET, { ...GTC, price: '30000', quantity: '0.01' }).order.orderId;
    const kept = place();
    for (let k = 0; k < HISTORY_LIMIT * 1.5; k++) desk.venue.cancel(QUIET, { symbol: 'BTCUSDT', orderId: place() }, desk.nowUs);
    const last = place();
    assert.ok(book.orders.size <= HISTORY_LIMIT * 1.25 && book.orders.size >= HISTORY_LIMIT);
    assert.equal(book.byClientId.size, book.orders.size);
    assert.deepEqual([...book.open.keys()], [kept, last]);
    assert.ok(book.orders.has(kept) && book.orders.has(last) && !book.orders.has(kept + 1));
  });
});

describe('money from outside', () => {
  it('is told as a balanceUpdate, and then as the position', () => {
    const desk = new Desk();
    desk.venue.deposit(ANN, BTC, mustParseAmount('-1.5'), desk.nowUs);
    const [update, position] = desk.told.get(ANN)!;
    assert.deepEqual([update!.e, update!['a'], update!['d'], position!.e, position!['B']], ['balanceUpdate', 'BTC', '-1.50000000', 'outboundAccountPosition', [{ a: 'BTC', f: '98.50000000', l: '0.00000000' }]]);
    assert.throws(() => desk.venue.deposit(ANN, BTC, mustParseAmount('-99'), desk.nowUs), InsufficientFunds);
    desk.check();
  });
});

describe('conditional orders', () => {
  it('wait unseen, then work: a second NEW that is on the book', () => {
    const desk = new Desk();
    desk.print(60_000);
    const { order } = desk.place(ANN, { ...GTC, type: 'STOP_LOSS_LIMIT', side: 'SELL', price: '58900', stopPrice: '59000', quantity: '1' });
    assert.deepEqual([order.workingUs, desk.balance(ANN, BTC)], [0, ['99.00000000', '1.00000000']]);
    desk.print(59_500);
    assert.equal(order.workingUs, 0);
    desk.print(59_000);
    assert.equal(order.state, 'resting');
    assert.deepEqual(desk.told.get(ANN)!.filter((event) => event.e === 'executionReport').map((event) => [event['x'], event['w'], event['P'], event['W'] !== undefined]), [
      ['NEW', false, '59000.00000000', false], ['NEW', true, '59000.00000000', true],
    ]);
    assert.equal(refusalOf(() => desk.place(ANN, { ...GTC, type: 'STOP_LOSS_LIMIT', side: 'SELL', price: '60000', stopPrice: '60000', quantity: '1' })), '-2010 Order would trigger immediately.');
    assert.equal(refusalOf(() => desk.place(ANN, { type: 'TAKE_PROFIT', side: 'BUY', stopPrice: '60000', quantity: '1' })), '-2010 Order would trigger immediately.');
    desk.check();
  });

  it('follow the price when they trail, from the stop price on', () => {
    const desk = new Desk();
    desk.print(40_000);
    const { order } = desk.place(ANN, { ...GTC, type: 'TAKE_PROFIT_LIMIT', side: 'SELL', price: '41000', stopPrice: '42000', trailingDelta: 750, quantity: '0.1' });
    for (const price of [39_000, 42_000, 45_000, 44_000, 46_500, 43_013]) desk.print(price);
    assert.equal(order.workingUs, 0, 'faqs/trailing-stop-faq.md, scenario D');
    desk.quote(BID, 43_012.5, 1);
    desk.agentTakes(ASK, 0.1);
    assert.equal(order.status, 'FILLED');
    assert.deepEqual(desk.told.get(ANN)!.map((event) => event['d']).filter((value) => value !== undefined), [750, 750, 750]);
  });

  it('expire as REJECTED when a market order is triggered that its owner cannot pay any more', () => {
    const desk = new Desk();
    desk.print(60_000);
    const { order } = desk.place(ANN, { type: 'STOP_LOSS', side: 'BUY', stopPrice: '61000', quantity: '10' });
    assert.deepEqual(desk.balance(ANN, USDT), ['390000.00000000', '610000.00000000']);
    desk.place(ANN, { ...GTC, price: '50000', quantity: '7.7' });
    desk.quote(ASK, 61_000, 0.1);
    desk.quote(ASK, 70_000, 50);
    desk.agentTakes(BID, 0.1);
    assert.deepEqual([order.status, order.expiryReason, order.filledLots], ['EXPIRED', 'REJECTED', 0]);
    desk.check();
  });
});

describe('self-trade prevention', () => {
  const against = (stp: 'EXPIRE_TAKER' | 'EXPIRE_MAKER' | 'EXPIRE_BOTH' | 'DECREMENT' | 'TRANSFER' | 'NONE', makerQty: string, takerQty: string): unknown[] => {
    const desk = new Desk();
    const maker = desk.place(ANN, { ...GTC, price: '60000', quantity: makerQty }).order;
    const { order: taker, prevented } = desk.place(ANN, { ...GTC, side: 'SELL', price: '60000', quantity: takerQty, stp });
    desk.check();
    return [maker.status, maker.preventedTotal, taker.status, taker.preventedTotal, prevented.length];
  };

  it('does with maker and taker what the mode says', () => {
    assert.deepEqual(against('EXPIRE_TAKER', '1', '3'), ['NEW', 0, 'EXPIRED_IN_MATCH', 300_000, 1]);
    assert.deepEqual(against('EXPIRE_MAKER', '1', '3'), ['EXPIRED_IN_MATCH', 100_000, 'NEW', 0, 1]);
    assert.deepEqual(against('EXPIRE_BOTH', '1', '3'), ['EXPIRED_IN_MATCH', 100_000, 'EXPIRED_IN_MATCH', 300_000, 1]);
    assert.deepEqual(against('DECREMENT', '1', '3'), ['EXPIRED_IN_MATCH', 100_000, 'NEW', 100_000, 1]);
    assert.deepEqual(against('TRANSFER', '3', '1'), ['NEW', 100_000, 'EXPIRED_IN_MATCH', 100_000, 1]);
    assert.deepEqual(against('NONE', '1', '1'), ['FILLED', 0, 'FILLED', 0, 0]);
  });

  it('is told as TRADE_PREVENTION with both quantities', () => {
    const desk = new Desk();
    const maker = desk.place(ANN, { ...GTC, price: '60000', quantity: '1' }).order;
    const taker = desk.place(ANN, { ...GTC, side: 'SELL', price: '60000', quantity: '3', stp: 'DECREMENT' }).order;
    const reports = desk.told.get(ANN)!.filter((event) => event['x'] === 'TRADE_PREVENTION');
    assert.deepEqual(reports.map((event) => [event['i'], event['X'], event['A'], event['B'], event['U'], event['pl'], event['pL'], event['pY'], event['u']]), [
      [taker.orderId, 'NEW', '1.00000000', '1.00000000', maker.orderId, '1.00000000', '60000.00000000', '60000.00000000', -1],
      [maker.orderId, 'EXPIRED_IN_MATCH', '1.00000000', '1.00000000', taker.orderId, '1.00000000', '60000.00000000', '60000.00000000', -1],
    ]);
  });
});

describe('cancelReplace', () => {
  const describeWith = { canceled: ({ order }: { order: { orderId: number } }) => ({ orderId: order.orderId }), placed: ({ order }: { order: { orderId: number } }) => ({ orderId: order.orderId }) };
  const failure = (action: () => unknown): unknown[] => {
    try {
      action();
    } catch (error) {
      if (error instanceof VenueError) return [error.code, error.message, error.status, error.data];
    }
    throw new assert.AssertionError({ message: 'nothing was refused' });
  };

  it('answers every outcome in the words of the venue', () => {
    const desk = new Desk();
    desk.quote(ASK, 60_000, 1);
    const place = (): number => desk.place(ANN, { ...GTC, price: '50000', quantity: '0.1' }).order.orderId;
    const good = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', ...GTC, price: '50001', quantity: '0.1' } as const;
    const takes = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT_MAKER', price: '60000', quantity: '0.1' } as const;
    const replace = (mode: 'STOP_ON_FAILURE' | 'ALLOW_FAILURE', cancel: number, order: typeof good | typeof takes): unknown =>
      desk.venue.cancelReplace(ANN, { mode, cancel: { symbol: 'BTCUSDT', orderId: cancel }, order }, desk.nowUs, describeWith);
    const first = place();
    const done = desk.venue.cancelReplace(ANN, { mode: 'STOP_ON_FAILURE', cancel: { symbol: 'BTCUSDT', orderId: first }, order: good }, desk.nowUs, describeWith);
    assert.deepEqual([done.canceled.order.status, done.placed.order.status], ['CANCELED', 'NEW']);
    assert.deepEqual(failure(() => replace('STOP_ON_FAILURE', 999, good)), [-2022, 'Order cancel-replace failed.', 400, {
      cancelResult: 'FAILURE', newOrderResult: 'NOT_ATTEMPTED', cancelResponse: { code: -2011, msg: 'Unknown order sent.' }, newOrderResponse: null,
    }]);
    const second = place();
    desk.forget();
    assert.deepEqual(failure(() => replace('STOP_ON_FAILURE', second, takes)), [-2021, 'Order cancel-replace partially failed.', 409, {
      cancelResult: 'SUCCESS', newOrderResult: 'FAILURE', cancelResponse: { orderId: second }, newOrderResponse: { code: -2010, msg: 'Order would immediately match and take.' },
    }]);
    assert.deepEqual([desk.told.get(ANN)!.at(-1)!['x'], desk.told.get(ANN)!.at(-1)!['r']], ['REJECTED', 'WOULD_MATCH_IMMEDIATELY']);
    const [code, , status, data] = failure(() => replace('ALLOW_FAILURE', 999, good));
    assert.deepEqual([code, status, (data as { newOrderResult: string }).newOrderResult], [-2021, 409, 'SUCCESS']);
    assert.deepEqual(failure(() => replace('ALLOW_FAILURE', 999, takes)).slice(0, 3), [-2022, 'Order cancel-replace failed.', 400]);
    // A filter fails before anything is canceled.
    const third = place();
    assert.equal(refusalOf(() => replace('ALLOW_FAILURE', third, { ...good, price: '50000.001' } as never)), '-1013 Filter failure: PRICE_FILTER');
    assert.ok(desk.venue.account(ANN).on(desk.market()).open.has(third));
    desk.check();
  });
});

describe('amend', () => {
  it('takes quantity off and keeps the place in the queue', () => {
    const desk = new Desk();
    const { order } = desk.place(ANN, { ...GTC, price: '60000', quantity: '1', clientOrderId: id('a') });
    desk.place(BOB, { ...GTC, price: '60000', quantity: '1' });
    const amend = (newQty: string, name?: string): unknown => desk.venue.amend(ANN, { symbol: 'BTCUSDT', orderId: order.orderId, newQty, newClientOrderId: name === undefined ? undefined : id(name) }, desk.nowUs);
    desk.forget();
    amend('0.4', 'b');
    assert.deepEqual(desk.balance(ANN, USDT), ['976000.00000000', '24000.00000000']);
    const report = desk.told.get(ANN)![0]!;
    assert.deepEqual([report['x'], report['X'], report['q'], report['c'], report['C'], report['w']], ['REPLACED', 'NEW', '0.40000000', 'b', 'a', true]);
    desk.agentTakes(ASK, 0.4);
    assert.equal(order.status, 'FILLED', 'before the order behind it');
    assert.equal(refusalOf(() => amend('0.1')), '-2038 Unknown order sent.');
    const other = desk.place(ANN, { ...GTC, price: '60000', quantity: '1' }).order.orderId;
    const again = (newQty: string): unknown => desk.venue.amend(ANN, { symbol: 'BTCUSDT', orderId: other, newQty }, desk.nowUs);
    assert.equal(refusalOf(() => again('1')), '-2038 The requested action would change no state; rejecting');
    assert.equal(refusalOf(() => again('1.1')), '-2038 Order amend (quantity increase) is not supported.');
    for (let k = 0; k < 10; k++) again(`0.${99 - k}`);
    assert.equal(refusalOf(() => again('0.5')), '-2038 Filter failure: MAX_NUM_ORDER_AMENDS');
    desk.check();
  });
});
