import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { AsOf } from '../../../../actors/exchange/rules.js';
import { VenueError } from '../../../../actors/exchange/venue-error.js';
import { algoAnswerText, algoText, answerText, orderText } from '../../../../tools/exchange/usdm/order-views.js';
import { readAlgoOrder, readModify, readName, readOrder, readResponseType } from '../../../../tools/exchange/usdm/read-order.js';
import { FUTURES_PARAMS, Params } from '../../../../tools/exchange/web/index.js';
import { AlgoOrder } from '../../../../actors/exchange/futures/usdm/index.js';
import { ALICE, Stage } from '../../../actors/exchange/futures/support.js';

/** The short form takes the same requests every time, the long one others each time. */
const RUNS = process.env['FAULTLINE_LONG'] === undefined ? { numRuns: 150, seed: 13 } : { numRuns: 15_000 };

/** Texts that break readers: too long, too fine, not numbers, numbers of other kinds. */
const nasty = fc.oneof(
  fc.constantFrom('', '0', '-1', '0.0000000001', '99999999999999999999', '1e9', 'NaN', 'Infinity', '0x10', '１２', '1,5', ' 1', '00000.1', '.5', '5.', 'null', 'true', '[]', '{}', "'; --", '\u0000', '9007199254740993'),
  fc.string({ maxLength: 40 }),
  fc.integer().map(String),
  fc.double().map(String),
);
const common = { symbol: 'BTCUSDT', side: 'SELL', quantity: '0.010', algoType: 'CONDITIONAL' };
/** Requests that are answered as they stand; each is then sent with some parameters changed, left out or added. */
const templates: readonly Readonly<Record<string, string>>[] = [
  { ...common, type: 'LIMIT', timeInForce: 'GTC', price: '61000' },
  { ...common, type: 'LIMIT', timeInForce: 'GTD', price: '61000', goodTillDate: '1893456000000' },
  { ...common, type: 'LIMIT', timeInForce: 'GTC', priceMatch: 'QUEUE' },
  { ...common, type: 'MARKET' },
  { ...common, type: 'STOP_MARKET', stopPrice: '59000', triggerPrice: '59000' },
  { ...common, type: 'STOP', stopPrice: '59000', triggerPrice: '59000', price: '58900', timeInForce: 'GTC' },
  { ...common, type: 'TRAILING_STOP_MARKET', callbackRate: '1' },
  { symbol: 'BTCUSDT', side: 'SELL', algoType: 'CONDITIONAL', type: 'TAKE_PROFIT_MARKET', closePosition: 'true', stopPrice: '61000', triggerPrice: '61000' },
  { symbol: 'BTCUSDT', side: 'SELL', origClientOrderId: 'mine', quantity: '0.020', price: '61500' },
];
const names = [
  'symbol', 'side', 'type', 'positionSide', 'timeInForce', 'quantity', 'price', 'reduceOnly', 'closePosition', 'stopPrice', 'triggerPrice', 'activatePrice', 'activationPrice', 'callbackRate',
  'workingType', 'priceProtect', 'priceMatch', 'selfTradePreventionMode', 'goodTillDate', 'newClientOrderId', 'clientAlgoId', 'newOrderRespType', 'orderId', 'origClientOrderId', 'algoType',
];
const plausible = fc.constantFrom('BTCUSDT', 'NOPE', 'BUY', 'LONG', 'SHORT', 'BOTH', 'GTX', 'FOK', 'GTE_GTC', 'MARKET', 'true', 'false', '0.001', '60000', '59000.1', '3', '0.15', 'MARK_PRICE', 'OPPONENT_5', 'NONE', 'EXPIRE_BOTH', 'mine', 'x'.repeat(36), 'RESULT');
const request = fc.tuple(fc.constantFrom(...templates), fc.array(fc.tuple(fc.constantFrom(...names), fc.oneof(nasty, plausible, fc.constant(undefined))), { maxLength: 3 })).map(([template, changes]) => {
  const values = new Map(Object.entries(template));
  for (const [name, value] of changes) if (value === undefined) values.delete(name);
  else values.set(name, value);
  return values;
});

describe('any parameters of an order', () => {
  for (const day of [undefined, '2025-12-01']) {
    test(`are answered, or refused in the venue's words, as of ${day ?? 'now'}`, () => {
      const seen = new Set<number>();
      let answered = 0;
      fc.assert(
        fc.property(fc.array(request, { minLength: 1, maxLength: 12 }), fc.boolean(), (requests, dual) => {
          const stage = new Stage({ asOf: new AsOf(day) });
          if (dual) stage.venue.setDual(ALICE, true, stage.nowUs);
          stage.place(ALICE, { quantity: '0.100', ...(dual ? { positionSide: 'LONG' } : {}) });
          for (const values of requests) {
            const params = (): Params => new Params(values, FUTURES_PARAMS);
            const calls = [
              () => {
                readResponseType(params());
                const order = stage.venue.placeOrder(ALICE, readOrder(params()), stage.nowUs);
                for (const text of [answerText(order, { acknowledged: true, averages: false }), answerText(order, { acknowledged: false, averages: true }), orderText(order)]) JSON.parse(text);
              },
              () => {
                const algo = stage.venue.placeAlgo(ALICE, readAlgoOrder(params()), stage.nowUs);
                for (const text of [algoAnswerText(algo), algoText(algo)]) JSON.parse(text);
                assert.ok(algo instanceof AlgoOrder);
              },
              () => stage.venue.modifyOrder(ALICE, readModify(params()), stage.nowUs),
              () => stage.venue.cancelOrder(ALICE, readName(params()), stage.nowUs),
            ];
            for (const call of calls) {
              try {
                call();
                answered += 1;
              } catch (error) {
                if (!(error instanceof VenueError)) throw error;
                assert.ok(error.code < -999 && error.message.length > 5);
                seen.add(error.code);
              }
            }
          }
          assert.deepEqual(stage.venue.ledger.sumByAsset(), stage.venue.ledger.supply());
        }),
        RUNS,
      );
      assert.ok(answered > 50 && seen.size >= 15, `${answered} answered, refused with ${[...seen].join()}`);
    });
  }
});
