import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AsOf } from '../../../../actors/exchange/rules.js';
import { VenueError } from '../../../../actors/exchange/venue-error.js';
import { accountOperations } from '../../../../tools/exchange/spot/account-queries.js';
import type { Act } from '../../../../tools/exchange/spot/operation.js';
import { tradingOperations } from '../../../../tools/exchange/spot/trading.js';
import { type Caller, JsonText, Params, RateLimiter } from '../../../../tools/exchange/web/index.js';
import { VenueClock } from '../../../../tools/exchange/venue-clock.js';
import { ANN, Desk } from '../../../actors/exchange/spot/support.js';

const NAMES = [
  'symbol', 'side', 'type', 'timeInForce', 'quantity', 'quoteOrderQty', 'price', 'stopPrice', 'trailingDelta', 'icebergQty', 'newClientOrderId', 'strategyId', 'strategyType',
  'selfTradePreventionMode', 'newOrderRespType', 'orderId', 'origClientOrderId', 'cancelRestrictions', 'cancelReplaceMode', 'cancelOrderId', 'orderRateLimitExceededMode', 'newQty',
  'aboveType', 'abovePrice', 'aboveStopPrice', 'aboveTimeInForce', 'belowType', 'belowPrice', 'belowStopPrice', 'belowTimeInForce', 'listClientOrderId', 'orderListId',
  'workingType', 'workingSide', 'workingPrice', 'workingQuantity', 'workingTimeInForce', 'pendingType', 'pendingSide', 'pendingQuantity', 'pendingPrice', 'pendingTimeInForce',
  'pendingAboveType', 'pendingAbovePrice', 'pendingBelowType', 'pendingBelowStopPrice', 'startTime', 'endTime', 'limit', 'fromId', 'omitZeroBalances',
] as const;
/** Values that get far, values at the edges of what numbers hold, and anything else. */
const value = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('BTCUSDT', 'BUY', 'SELL', 'LIMIT', 'LIMIT_MAKER', 'MARKET', 'STOP_LOSS', 'STOP_LOSS_LIMIT', 'TAKE_PROFIT', 'GTC', 'IOC', 'FOK', '1', '0.01', '60000', '59000.01', '61000', 'STOP_ON_FAILURE', 'ALLOW_FAILURE') },
  { weight: 3, arbitrary: fc.constantFrom('0', '0.0', '0.000000001', '99999999999999999999', '9007199254740993', '0.00000001', '18446744073709551616', '.', '1e5', '-1', 'NaN', 'true', '1.', '00001', ' 1') },
  { weight: 1, arbitrary: fc.string({ maxLength: 40 }) },
);
const NATURAL: Readonly<Record<string, readonly string[]>> = {
  symbol: ['BTCUSDT'], side: ['BUY', 'SELL'], workingSide: ['BUY', 'SELL'], pendingSide: ['BUY', 'SELL'], quantity: ['0.01', '1'], price: ['60000', '59000', '61000'],
  type: ['LIMIT', 'MARKET', 'STOP_LOSS_LIMIT'], timeInForce: ['GTC', 'IOC'], orderId: ['1', '2', '3'],
};
const parameters = fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 12 }).chain((names) =>
  fc.tuple(...names.map((name) => fc.oneof(NATURAL[name] === undefined ? value : fc.constantFrom(...NATURAL[name]), value))).map((values) => new Map(names.map((name, k) => [name, String(values[k])]))));
/** What an order needs is there more often than chance would have it. */
const request = fc.tuple(parameters, fc.boolean()).map(([sent, helped]) =>
  new Map(helped ? [['symbol', 'BTCUSDT'], ['side', 'BUY'], ['type', 'LIMIT'], ['timeInForce', 'GTC'], ['quantity', '0.01'], ['price', '59000'], ...sent] : sent));

test('whatever parameters are sent, an operation answers JSON or refuses in the venue\'s words, and the books stay right', async () => {
  const desk = new Desk();
  const limits = new RateLimiter([], new VenueClock());
  const act: Act = (_caller, call) => new Promise((resolve) => resolve(call(desk.venue, ANN, desk.nowUs)));
  const operations = [...tradingOperations(act, new AsOf(), () => limits), ...accountOperations(act, new AsOf(), () => limits)];
  const caller = { account: String(ANN), stamp: (us: number) => Math.floor(us / 1000) } as unknown as Caller;
  const outcomes = { answered: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(fc.nat(operations.length - 1), request, async (at, sent) => {
      desk.nowUs += 1000;
      const rule = operations[at]!;
      const params = new Params(sent);
      try {
        if (typeof rule.weight === 'function') assert.ok(rule.weight(params) > 0);
        const answer = await rule.handle(params, caller);
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
  assert.ok(outcomes.answered > 100 && outcomes.refused > 100, JSON.stringify(outcomes));
});
