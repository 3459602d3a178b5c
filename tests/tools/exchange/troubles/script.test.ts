import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ConfigError } from '../../../../config/index.js';
import { CliError } from '../../../../tools/cli/errors.js';
import { namedScripts, parseScript } from '../../../../tools/exchange/troubles/index.js';
import { ACTS, durationUs } from '../../../../tools/exchange/troubles/schema.js';
import { isMessageOf, requestClass } from '../../../../tools/exchange/troubles/classes.js';

test('durations', () => {
  assert.deepEqual(['250us', '1.5ms', '30s', '10m', '24h', '2d'].map(durationUs), [250, 1500, 30e6, 600e6, 86_400e6, 172_800e6]);
  for (const text of ['', '5', 's', '-1s', '1 s', '1w', '1e3s']) assert.equal(durationUs(text), undefined, text);
});

test('a script is read into steps', () => {
  const script = parseScript('summary = "x"\nlasts = "1h"\n[[step]]\ndo = "delay"\non = "user"\nby = "2s"\njitter = "1s"\nat = "30s"\nfor = "1m"\ntimes = 3\nskip = 1\nchance = 0.5\n', 'mine.toml');
  assert.deepEqual([script.name, script.lastsUs], ['mine', 3600e6]);
  const [step] = script.steps;
  assert.deepEqual([step!.kind, step!.on, step!.byUs, step!.jitterUs, step!.atUs, step!.forUs, step!.times, step!.skip, step!.chance], ['message', 'user', 2e6, 1e6, 30e6, 60e6, 3, 1, 0.5]);
});

test('what is wrong is told with its place and what should stand there', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['[[step]]\ndo = "explode"\n', /mine\.toml:2:6: step\[0\]\.do: expected .*"delay-request".*found "explode"/],
    ['[[step]]\ndo = "lose"\non = "user"\nfor = "soon"\n', /mine\.toml:4:7: step\[0\]\.for: expected a duration such as .*found "soon"/],
    ['[[step]]\ndo = "lose"\nonn = "user"\n', /mine\.toml:3:1: .*onn: .*an unknown key; the nearest valid key is .*on/],
    ['[[step]]\ndo = "lose"\non = "user"\nchance = 2\n', /mine\.toml:4:10: .*expected a number from 0 to 1/],
    ['step = 5\n', /mine\.toml:1:8: step: expected/],
    ['[[step]\n', /mine\.toml:1:/],
  ];
  for (const [text, message] of cases) assert.throws(() => parseScript(text, 'mine.toml'), (error: Error) => error instanceof ConfigError && message.test(error.message), text);
  const together: readonly (readonly [string, RegExp])[] = [
    ['', /no \[\[step\]\]/],
    ['[[step]]\ndo = "lose"\n', /step 1 \(do = "lose"\): `on` is one of message, market/],
    ['[[step]]\ndo = "lose"\non = "order"\n', /`on` is one of message/],
    ['[[step]]\ndo = "fail"\non = "user"\ncode = -1007\n', /`on` is one of request/],
    ['[[step]]\ndo = "fail"\non = "order"\n', /`code` is missing/],
    ['[[step]]\ndo = "delay"\non = "user"\n', /`by` is missing/],
    ['[[step]]\ndo = "delay"\non = "user"\nby = "-2s"\n', /not negative/],
    ['[[step]]\ndo = "liquidate"\non = "order"\n', /no `on`/],
    ['[[step]]\ndo = "liquidate"\nevery = "1m"\nwhen = "fill"\n', /not both/],
    ['[[step]]\ndo = "liquidate"\nevery = "1us"\n', /at least 1ms/],
    ['[[step]]\ndo = "refuse"\non = "order"\n', /"connect"/],
    ['[[step]]\ndo = "stale-snapshot"\non = "order"\n', /"snapshot"/],
    ['[[step]]\ndo = "maintenance"\nproduct = "options"\n', /step 1 \(do = "maintenance"\): it can do nothing on options, only on spot, usdm, deribit/],
    ['[[step]]\ndo = "restart-engine"\nproduct = "deribit"\n', /nothing on deribit, only on spot, usdm/],
    ['[[step]]\ndo = "liquidate"\nproduct = "spot"\n', /nothing on spot, only on usdm/],
    ['[[step]]\ndo = "skew-clock"\nby = "1s"\nproduct = "deribit"\n', /nothing on deribit/],
    ['[[step]]\ndo = "fail"\ncode = -1007\non = "algo-order"\nproduct = "spot"\n', /spot has no `on = "algo-order"`, only usdm/],
    ['[[step]]\ndo = "disconnect"\nwhen = "fill"\nproduct = "options"\n', /`when = "fill"` never happens on options, only on spot, usdm/],
    ['[[step]]\ndo = "disconnect"\nsockets = "api"\nproduct = "options"\n', /options has no `sockets = "api"`, only spot, usdm, deribit/],
    ['[[step]]\ndo = "partition"\nsockets = "user"\nproduct = "deribit"\n', /deribit has no `sockets = "user"`, only spot, usdm, options; all of its own are "api"/],
    ['[[step]]\ndo = "lose"\non = "user"\nsockets = "api"\n', /it has no `sockets`/],
    ['[[step]]\ndo = "liquidate"\nquantity = "1"\n', /it has no `quantity`/],
  ];
  for (const [text, message] of together) assert.throws(() => parseScript(text, 'mine.toml'), (error: Error) => error instanceof CliError && message.test(error.message), text);
});

test('any text is a script, or is refused with a reason', () => {
  const word = fc.constantFrom('do', 'on', 'by', 'at', 'when', '=', '"', '[[step]]', '\n', '"2s"', '"order"', '"fill"', ...ACTS.map((act) => `"${act}"`), '5', '__proto__');
  fc.assert(fc.property(fc.oneof(fc.string(), fc.array(word).map((words) => words.join(' '))), (text) => {
    try {
      assert.ok(parseScript(text, 'any.toml').steps.length > 0);
    } catch (error) {
      assert.ok(error instanceof ConfigError || error instanceof CliError, String(error));
    }
  }), { numRuns: 300 });
});

test('every act is used by a script that comes with the exchange, and every script says what it does', () => {
  const scripts = namedScripts();
  for (const { name, summary } of scripts) assert.match(summary, /^.{20,}[."]$/, name);
  assert.equal(new Set(scripts.map(({ name }) => name)).size, scripts.length);
  const used = new Set(scripts.flatMap(({ steps }) => steps.map(({ act }) => act)));
  assert.deepEqual(ACTS.filter((act) => !used.has(act)), ['cancel-orders']);
});

test('requests are told apart by their names', () => {
  const classes = {
    order: ['POST /api/v3/order', 'POST /api/v3/orderList/oco', 'POST /api/v3/order/cancelReplace', 'order.place', 'order.cancelReplace', 'orderList.place.oco', 'POST /fapi/v1/order', 'POST /fapi/v1/batchOrders', 'POST /eapi/v1/order', 'private/buy', 'private/sell'],
    'algo-order': ['POST /fapi/v1/algoOrder', 'algoOrder.place'],
    cancel: ['DELETE /api/v3/order', 'DELETE /api/v3/openOrders', 'DELETE /api/v3/orderList', 'order.cancel', 'openOrders.cancelAll', 'orderList.cancel', 'DELETE /fapi/v1/allOpenOrders', 'DELETE /fapi/v1/algoOrder', 'algoOrder.cancel', 'private/cancel', 'private/cancel_all'],
    amend: ['PUT /fapi/v1/order', 'order.modify', 'PUT /api/v3/order/amend/keepPriority', 'order.amend.keepPriority', 'private/edit'],
    snapshot: ['GET /api/v3/depth', 'GET /fapi/v1/depth', 'depth', 'public/get_order_book', 'public/get_order_book_by_instrument_id'],
    'listen-key': ['POST /fapi/v1/listenKey', 'PUT /fapi/v1/listenKey', 'userDataStream.start', 'userDataStream.subscribe.signature'],
    query: ['GET /api/v3/order', 'GET /api/v3/allOrders', 'order.status', 'openOrders.status', 'account.status', 'POST /api/v3/order/test', 'order.test', 'POST /fapi/v1/order/test', 'GET /fapi/v1/openOrders', 'POST /fapi/v1/leverage', 'POST /fapi/v1/countdownCancelAll', 'account.rateLimits.orders', 'private/get_positions', 'private/enable_cancel_on_disconnect', 'public/ticker'],
  };
  for (const [wanted, names] of Object.entries(classes)) for (const name of names) assert.equal(requestClass(name), wanted, name);
});

test('messages are told apart by their streams, whatever the venue calls them', () => {
  const of = (target: 'trade' | 'depth', names: readonly string[]): readonly boolean[] =>
    names.map((name) => isMessageOf(target, { product: 'any', face: 'stream', kind: 'market', name, account: undefined, connection: 1, frame: Buffer.alloc(2) }));
  const trades = ['btcusdt@trade', 'btcusdt@aggTrade', 'btcusdt@optionTrade', 'trades.BTC-PERPETUAL.100ms'];
  const books = ['btcusdt@depth', 'btcusdt@depth5@100ms', 'book.BTC-PERPETUAL.raw'];
  assert.deepEqual([of('trade', trades), of('depth', books)], [trades.map(() => true), books.map(() => true)]);
  assert.deepEqual([of('trade', books), of('depth', trades)], [books.map(() => false), trades.map(() => false)]);
});
