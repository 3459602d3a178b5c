import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ASK, BID } from '../../../../actors/exchange/book/index.js';
import type { AccountId } from '../../../../actors/exchange/ids.js';
import { formatAmount, mustParseAmount } from '../../../../actors/exchange/ledger/index.js';
import type { LegRequest } from '../../../../actors/exchange/spot/requests.js';
import { ORDER_TYPES, STP_MODES } from '../../../../actors/exchange/spot/symbol.js';
import { VenueError } from '../../../../actors/exchange/venue-error.js';
import { ANN, BOB, BTC, CAT, Desk, ETH, id, type Told, USDT } from './support.js';

const FINAL = new Set(['FILLED', 'CANCELED', 'EXPIRED', 'EXPIRED_IN_MATCH', 'REJECTED']);
const LONG = process.env['FAULTLINE_LONG'] === '1';

const price = fc.integer({ min: 96, max: 104 }).map((k) => String(k * 100));
const quantity = fc.integer({ min: 1, max: 40 }).map((k) => String(k / 10));
const side = fc.constantFrom<'BUY' | 'SELL'>('BUY', 'SELL');
const account = fc.constantFrom(ANN, BOB, CAT);
const symbol = fc.constantFrom('BTCUSDT', 'ETHUSDT');
const pick = fc.nat(1000);

const leg = fc.record({
  side, type: fc.constantFrom(...ORDER_TYPES), tif: fc.constantFrom('GTC', 'GTC', 'GTC', 'IOC', 'FOK'), quantity, price, stopPrice: price,
  stp: fc.constantFrom(...STP_MODES), byQuote: fc.boolean(), trail: fc.constantFrom(0, 0, 0, 50, 200), iceberg: fc.boolean(), named: fc.boolean(),
}).map(({ type, tif, byQuote, trail, iceberg, named, ...rest }): LegRequest => {
  const conditional = type.startsWith('STOP') || type.startsWith('TAKE');
  const limit = type.includes('LIMIT');
  return {
    side: rest.side, type, stp: rest.stp,
    ...(type === 'MARKET' && byQuote ? { quoteOrderQty: String(Math.round(Number(rest.quantity) * 9999)) } : { quantity: rest.quantity }),
    ...(limit ? { price: rest.price } : {}),
    ...(limit && type !== 'LIMIT_MAKER' ? { timeInForce: tif as 'GTC' } : {}),
    ...(conditional && (trail === 0 || byQuote) ? { stopPrice: rest.stopPrice } : {}),
    ...(conditional && trail > 0 ? { trailingDelta: trail } : {}),
    ...(iceberg && limit && tif === 'GTC' ? { icebergQty: '0.1' } : {}),
    ...(named ? { clientOrderId: id(`n${rest.price}`) } : {}),
  };
});

const command = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('place' as const), account, symbol, leg }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel' as const), account, symbol, pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('cancelAll' as const), account, symbol }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancelReplace' as const), account, symbol, pick, leg, allow: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('amend' as const), account, symbol, pick, quantity }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('oco' as const), account, symbol, side, quantity, low: price, high: price, market: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('oto' as const), account, symbol, working: leg, leg, pair: fc.boolean(), low: price, high: price }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('clash' as const), account: fc.constantFrom(ANN, CAT), symbol, side, price, quantity, more: quantity }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('quote' as const), symbol, side, price, quantity }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('take' as const), symbol, side, quantity }) },
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

function pair(sideOf: 'BUY' | 'SELL', quantityOf: string, low: string, high: string, market: boolean): readonly [LegRequest, LegRequest] {
  const limitLeg = (at: string): LegRequest => ({ side: sideOf, type: 'LIMIT_MAKER', quantity: quantityOf, price: at });
  const stopLeg = (at: string): LegRequest => market
    ? { side: sideOf, type: 'STOP_LOSS', quantity: quantityOf, stopPrice: at }
    : { side: sideOf, type: 'STOP_LOSS_LIMIT', quantity: quantityOf, stopPrice: at, price: at, timeInForce: 'GTC' };
  return sideOf === 'BUY' ? [stopLeg(high), limitLeg(low)] : [limitLeg(high), stopLeg(low)];
}

function run(desk: Desk, one: Command): void {
  const { venue } = desk;
  desk.nowUs += 250_000;
  const nowUs = desk.nowUs;
  const open = (who: AccountId, where: string, which: number): number | undefined => {
    const ids = [...venue.account(who).on(venue.market(where)).open.keys()];
    return ids[which % Math.max(1, ids.length)];
  };
  switch (one.do) {
    case 'place':
      venue.place(one.account, { symbol: one.symbol, ...one.leg }, nowUs);
      return;
    case 'cancel':
      venue.cancel(one.account, { symbol: one.symbol, orderId: open(one.account, one.symbol, one.pick) ?? 1 }, nowUs);
      return;
    case 'cancelAll':
      venue.cancelAll(one.account, one.symbol, nowUs);
      return;
    case 'cancelReplace':
      venue.cancelReplace(one.account, {
        mode: one.allow ? 'ALLOW_FAILURE' : 'STOP_ON_FAILURE', cancel: { symbol: one.symbol, orderId: open(one.account, one.symbol, one.pick) ?? 1 }, order: { symbol: one.symbol, ...one.leg },
      }, nowUs, { canceled: () => 'canceled', placed: () => 'placed' });
      return;
    case 'amend':
      venue.amend(one.account, { symbol: one.symbol, orderId: open(one.account, one.symbol, one.pick) ?? 1, newQty: one.quantity }, nowUs);
      return;
    case 'oco': {
      const [above, below] = pair(one.side, one.quantity, one.low, one.high, one.market);
      venue.placeOco(one.account, { symbol: one.symbol, above, below }, nowUs);
      return;
    }
    case 'oto': {
      const { leg: pending, working } = one;
      if (working.type !== 'LIMIT' && working.type !== 'LIMIT_MAKER') return;
      const other = working.side === 'BUY' ? 'SELL' : 'BUY';
      venue.placeOto(one.account, { symbol: one.symbol, working, pending: one.pair ? pair(other, '0.5', one.low, one.high, false) : [{ ...pending, quoteOrderQty: undefined, quantity: '0.7' }] }, nowUs);
      return;
    }
    // Two of a trade group, one against the other.
    case 'clash': {
      const order = { symbol: one.symbol, type: 'LIMIT', timeInForce: 'GTC', price: one.price, stp: 'TRANSFER' } as const;
      venue.place(one.account, { ...order, side: one.side, quantity: one.quantity }, nowUs);
      venue.place(one.account === ANN ? CAT : ANN, { ...order, side: one.side === 'BUY' ? 'SELL' : 'BUY', quantity: one.more }, nowUs);
      return;
    }
    case 'quote': {
      const { matcher: { book }, symbol: rules } = venue.market(one.symbol);
      const added = book.add(one.side === 'BUY' ? BID : ASK, rules.prices.toSteps(one.price), rules.quantities.toSteps(one.quantity), 7);
      assert.ok(added >= 0);
      return;
    }
    case 'take':
      desk.agentTakes(one.side === 'BUY' ? BID : ASK, Number(one.quantity), one.symbol);
  }
}

/** The account as its events tell it: what a client that only listens knows. */
class Listener {
  readonly free = new Map<string, string>();
  readonly locked = new Map<string, string>();
  readonly open = new Map<number, Told>();
  readonly over = new Map<number, string>();

  hear(event: Told): void {
    if (event.e === 'outboundAccountPosition') {
      for (const { a, f, l } of event['B'] as { a: string; f: string; l: string }[]) {
        this.free.set(a, f);
        this.locked.set(a, l);
      }
    } else if (event.e === 'executionReport') {
      const order = event['i'] as number;
      const status = event['X'] as string;
      assert.ok(!this.over.has(order), `order ${order} was ${this.over.get(order)} and is told of again: ${status}`);
      if (FINAL.has(status)) {
        this.over.set(order, status);
        this.open.delete(order);
      } else this.open.set(order, event);
    }
  }
}

describe('SpotVenue under random commands', () => {
  it('conserves every asset, locks what open orders need, and tells each account exactly what is true', () => {
    const done = new Map<string, number>();
    const refused = new Map<string, number>();
    const seen = new Map<string, number>();
    const reasons = new Map<unknown, number>();
    let transferred = 0;
    fc.assert(
      fc.property(fc.array(command, { minLength: 60, maxLength: 160 }), (commands) => {
        // Ann and Cat are one trade group: what either would trade with the other is prevented, or transferred.
        const group = { tradeGroupId: 3 };
        const desk = new Desk({ terms: new Map([[ANN, group], [CAT, group]]), spec: {
          priceRange: { bidLimitMultUp: '1.02', bidLimitMultDown: '0.98', askLimitMultDown: '0.97' }, maxNumAlgoOrders: 8, maxNumOrders: 30, maxNumOrderLists: 6, tickSize: '0.01', bidMultiplierDown: '0.985', askMultiplierUp: '1.015',
        } });
        // Bob can pay for little, so that funds run out at every place where they are needed.
        for (const [name, amount] of [[USDT, '-975000'], [BTC, '-98.5'], [ETH, '-998.5']] as const) desk.venue.deposit(BOB, name, mustParseAmount(amount), desk.nowUs);
        desk.forget();
        const listeners = new Map([ANN, BOB, CAT].map((who) => [who, new Listener()]));
        for (const who of listeners.keys()) {
          for (const [name, { free, locked }] of desk.venue.ledger.balances(who)) {
            listeners.get(who)!.free.set(name, formatAmount(free));
            listeners.get(who)!.locked.set(name, formatAmount(locked));
          }
        }
        for (const one of commands) {
          try {
            run(desk, one);
            done.set(one.do, (done.get(one.do) ?? 0) + 1);
          } catch (error) {
            if (!(error instanceof VenueError)) throw error;
            const text = `${error.code} ${error.message}`;
            refused.set(text, (refused.get(text) ?? 0) + 1);
          }
          desk.settle();
          desk.check();
          for (const [who, listener] of listeners) {
            for (const event of desk.told.get(who)!) {
              listener.hear(event);
              if (event.e === 'executionReport') {
                seen.set(String(event['X']), (seen.get(String(event['X'])) ?? 0) + 1);
                reasons.set(event['eR'], (reasons.get(event['eR']) ?? 0) + 1);
              }
            }
            const truth = desk.venue.account(who);
            for (const [name, { free, locked }] of desk.venue.ledger.balances(who)) {
              assert.equal(listener.free.get(name), formatAmount(free), `${who} free ${name}`);
              assert.equal(listener.locked.get(name), formatAmount(locked), `${who} locked ${name}`);
            }
            const open = [...truth.symbols.values()].flatMap((book) => [...book.open.values()]);
            assert.deepEqual([...listener.open.keys()].sort((a, b) => a - b), open.map((order) => order.orderId).sort((a, b) => a - b));
            for (const order of open) {
              const told = listener.open.get(order.orderId)!;
              const rules = order.market.symbol;
              assert.deepEqual(
                [told['X'], told['c'], told['q'], told['z'], told['Z']],
                [order.status, order.clientId, rules.quantity(order.lots), rules.quantity(order.filledLots), formatAmount(order.quoteFilled)],
              );
            }
            for (const book of truth.symbols.values()) {
              for (const order of book.orders.values()) {
                assert.equal(order.isFinal, !book.open.has(order.orderId));
                assert.equal(order.isFinal ? order.status : undefined, listener.over.get(order.orderId));
                assert.equal(order.isFinal, !(order.open || order.status === 'PENDING_NEW'), `${order.orderId} ${order.status} ${order.state}`);
              }
            }
          }
          desk.forget();
        }
        for (const market of desk.venue.markets) transferred += desk.venue.account(ANN).on(market).prevented.filter(({ mode, taker, maker }) => mode === 'TRANSFER' && taker.owner !== maker.owner).length;
      }),
      { numRuns: LONG ? 3000 : 40 },
    );
    // The commands are worth something only if they get far.
    for (const verb of ['place', 'cancel', 'cancelReplace', 'amend', 'oco', 'oto']) assert.ok((done.get(verb) ?? 0) > 5, `${verb}: ${done.get(verb)}`);
    assert.ok((reasons.get('EXECUTION_RULE_PRICE_RANGE_EXCEEDED') ?? 0) > 0, [...reasons].join(' '));
    assert.ok(transferred > 5, `${transferred} transfers`);
    for (const status of ['NEW', 'PARTIALLY_FILLED', 'PENDING_NEW', 'FILLED', 'CANCELED', 'EXPIRED', 'EXPIRED_IN_MATCH']) assert.ok((seen.get(status) ?? 0) > 0, `no order was ever ${status}`);
    for (const code of ['-2010', '-2011', '-1013']) assert.ok([...refused.keys()].some((text) => text.startsWith(code)), code);
    assert.ok((refused.get('-2010 Account has insufficient balance for requested action.') ?? 0) > 5);
    if (LONG) console.log(done, refused, seen, reasons, transferred);
  });
});
