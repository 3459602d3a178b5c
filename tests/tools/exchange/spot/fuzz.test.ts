import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AsOf } from '../../../../actors/exchange/rules.js';
import { VenueError } from '../../../../actors/exchange/venue-error.js';
import { accountOperations } from '../../../../tools/exchange/spot/account-queries.js';
import type { Act, ActLater } from '../../../../tools/exchange/spot/operation.js';
import { tradingOperations } from '../../../../tools/exchange/spot/trading.js';
import { type Caller, JsonText, Later, Params, RateLimiter } from '../../../../tools/exchange/web/index.js';
import { VenueClock } from '../../../../tools/exchange/venue-clock.js';
import { ANN, Desk } from '../../../actors/exchange/spot/support.js';

const ORDER = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.01', price: '59000' } as const;
const LEGS = { aboveType: 'LIMIT_MAKER', abovePrice: '70000', belowType: 'STOP_LOSS_LIMIT', belowStopPrice: '50000', belowPrice: '50000', belowTimeInForce: 'GTC' } as const;
const WORKING = { symbol: 'BTCUSDT', workingType: 'LIMIT', workingSide: 'BUY', workingPrice: '60000', workingQuantity: '0.01', workingTimeInForce: 'GTC', pendingSide: 'SELL', pendingQuantity: '0.01' } as const;
/** What gets far, by operation; the others take a symbol. */
const RIGHT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'order.place': ORDER, 'order.test': ORDER,
  'order.cancel': { symbol: 'BTCUSDT', orderId: '1' }, 'order.status': { symbol: 'BTCUSDT', orderId: '1' }, 'order.amendments': { symbol: 'BTCUSDT', orderId: '1' },
  'order.cancelReplace': { ...ORDER, cancelReplaceMode: 'ALLOW_FAILURE', cancelOrderId: '1' },
  'order.amend.keepPriority': { symbol: 'BTCUSDT', orderId: '1', newQty: '0.005' },
  'orderList.place.oco': { symbol: 'BTCUSDT', side: 'SELL', quantity: '0.01', ...LEGS },
  'orderList.place': { symbol: 'BTCUSDT', side: 'SELL', quantity: '0.01', price: '70000', stopPrice: '50000' },
  'orderList.place.oto': { ...WORKING, pendingType: 'MARKET' },
  'orderList.place.otoco': { ...WORKING, pendingAboveType: 'LIMIT_MAKER', pendingAbovePrice: '70000', pendingBelowType: 'STOP_LOSS', pendingBelowStopPrice: '50000' },
  'orderList.cancel': { symbol: 'BTCUSDT', orderListId: '0' }, 'orderList.status': { orderListId: '0' },
  'myPreventedMatches': { symbol: 'BTCUSDT', orderId: '1' },
  'account.status': {}, 'openOrderLists.status': {}, 'allOrderLists': {}, 'account.rateLimits.orders': {},
};
const MORE_NAMES = ['newOrderRespType', 'newClientOrderId', 'icebergQty', 'stopPrice', 'trailingDelta', 'quoteOrderQty', 'selfTradePreventionMode', 'strategyType', 'limit', 'startTime', 'fromId', 'cancelRestrictions', 'type', 'side', 'price', 'quantity'];
const VALUES = [
  'BTCUSDT', 'BUY', 'SELL', 'LIMIT', 'LIMIT_MAKER', 'MARKET', 'STOP_LOSS', 'STOP_LOSS_LIMIT', 'TAKE_PROFIT', 'GTC', 'IOC', 'FOK', 'ACK', 'NONE', 'DECREMENT', '1', '2', '3', '0.01', '60000', '59000.01', '61000', '5',
  // Edges of what numbers hold, and what is none.
  '0', '0.0', '0.000000001', '99999999999999999999', '9007199254740993', '0.00000001', '18446744073709551616', '.', '1e5', '-1', 'NaN', 'true', '1.', '00001', ' 1', '',
];
const value = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...VALUES) }, { weight: 1, arbitrary: fc.string({ maxLength: 40 }) });
/** Up to three changes to the right parameters: another value, one that is left out, one that is too many. */
const changes = fc.array(fc.record({ how: fc.constantFrom('set', 'drop', 'add'), which: fc.nat(20), value }), { maxLength: 3 });

function changed(right: Readonly<Record<string, string>>, list: readonly { readonly how: string; readonly which: number; readonly value: string }[]): Map<string, string> {
  const sent = new Map(Object.entries(right));
  for (const { how, which, value: text } of list) {
    const names = how === 'add' ? MORE_NAMES : [...sent.keys()];
    const name = names[which % Math.max(1, names.length)];
    if (name === undefined) continue;
    if (how === 'drop') sent.delete(name);
    else sent.set(name, text);
  }
  return sent;
}

test('whatever parameters are sent, an operation answers JSON or refuses in the venue\'s words, and the books stay right', async () => {
  // Order numbers are small, so that references by chance name one.
  const desk = new Desk({ spec: { maxNumOrders: 40, maxNumAlgoOrders: 20 } });
  const limits = new RateLimiter([], new VenueClock());
  const act: Act = (_caller, call) => new Promise((resolve) => resolve(call(desk.venue, ANN, desk.nowUs)));
  const later: ActLater = (_caller, call) => new Later((done, refused) => {
    try {
      done(call(desk.venue, ANN, desk.nowUs));
    } catch (error) {
      refused(error);
    }
  });
  const operations = [...tradingOperations(act, later, new AsOf(), () => limits), ...accountOperations(act, new AsOf(), () => limits)];
  const caller = { account: String(ANN), stamp: (us: number) => Math.floor(us / 1000) } as unknown as Caller;
  const outcomes = { answered: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(fc.nat(operations.length - 1), changes, async (at, list) => {
      desk.nowUs += 1000;
      const rule = operations[at]!;
      const params = new Params(changed(RIGHT[rule.ws ?? ''] ?? { symbol: 'BTCUSDT' }, list));
      try {
        if (typeof rule.weight === 'function') assert.ok(rule.weight(params) > 0);
        const given = rule.handle(params, caller);
        const answer = await (given instanceof Later ? new Promise<unknown>((resolve, reject) => given.begin(resolve, reject)) : given);
        JSON.parse(answer instanceof JsonText ? answer.text : JSON.stringify(answer));
        outcomes.answered += 1;
      } catch (error) {
        if (!(error instanceof VenueError)) throw error;
        assert.ok(Number.isInteger(error.code) && error.code < 0 && error.message !== '');
        outcomes.refused += 1;
      }
      desk.settle();
      desk.check();
    }),
    { numRuns: process.env['FAULTLINE_LONG'] === '1' ? 200_000 : 3000 },
  );
  assert.ok(outcomes.answered > 500 && outcomes.refused > 100, JSON.stringify(outcomes));
});
