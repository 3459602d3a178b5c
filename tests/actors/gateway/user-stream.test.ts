import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Json, VenueProduct } from '../../../actors/engine/io.js';
import type { UserStreamEdge } from '../../../actors/engine/venue-calls.js';
import { GatewayHarness } from './harness.js';

/** The user stream of one product, and the venue that it talks to. */
class Stream extends GatewayHarness {
  readonly product: VenueProduct;
  constructor(product: VenueProduct, params: object = {}) {
    super({ products: [product], config: { userStream: { backoffJitter: 0, ...params } } });
    this.product = product;
  }
  get path(): string {
    return `/venue/user/${this.product}`;
  }
  get socket(): string {
    return this.opens.at(-1)!.socket;
  }
  open(socket = this.socket): this {
    return this.give(this.path, { type: 'socket.opened', socket });
  }
  close(socket = this.socket, code = 1006): this {
    return this.give(this.path, { type: 'socket.closed', socket, code, reason: '' });
  }
  frame(body: Json, socket = this.socket): this {
    return this.give(this.path, { type: 'socket.frame', socket, body });
  }
  /** The answer to the newest message on a socket. */
  confirm(): this {
    const { socket, body } = this.sends.at(-1)!;
    const { id } = body as { readonly id: number };
    return this.frame(this.product === 'spot' ? { id, status: 200, result: { subscriptionId: 0 } } : { result: null, id }, socket);
  }
  connect(): this {
    if (this.product !== 'spot') this.reply(200, { listenKey: `secret:${this.opens.length}` });
    return this.open().confirm();
  }
  get streamEdges(): string[] {
    return this.reports.filter((report): report is UserStreamEdge => report.type === 'user-stream').map(({ state }) => state);
  }
}

const FILL = {
  e: 'ORDER_TRADE_UPDATE', E: 1, T: 1,
  o: {
    s: 'BTCUSDT', c: 'fl-1', S: 'BUY', o: 'LIMIT', f: 'GTC', q: '0.010', p: '60000.00', sp: '0', x: 'TRADE', X: 'FILLED', i: 5, l: '0.010', z: '0.010', L: '60000.00', n: '0.1', N: 'USDT', T: 2, t: 9,
    m: true, R: false, ps: 'BOTH', rp: '0', er: '0',
  },
};

test('futures: a listen key, a connection, and live only once that has answered', () => {
  const stream = new Stream('usdm');
  assert.deepEqual(stream.requests.map(({ method, path, security }) => [method, path, security]), [['POST', '/fapi/v1/listenKey', 'key']]);
  stream.reply(200, { listenKey: 'secret:0' });
  assert.deepEqual(stream.opens.map(({ face, path, carries }) => [face, path, carries]), [['ws', '/private/ws/secret:0', 'private']]);
  stream.open();
  assert.deepEqual(stream.streamEdges, ['down']);
  stream.confirm();
  assert.deepEqual(stream.streamEdges, ['down', 'live']);
  stream.frame(FILL);
  const report = stream.reports.at(-1);
  assert.equal(report?.type === 'order.report' && report.fill?.tradeId, '9');
});

test('spot: a signed subscription on the websocket API, with the venue\'s time', () => {
  const stream = new Stream('spot');
  assert.equal(stream.requests.length, 0);
  stream.give('/publisher', { type: 'clock.offset', product: 'spot', offsetUs: 3_000_000, uncertaintyUs: 0 }).open();
  assert.deepEqual(stream.sends, [{
    socket: stream.socket, sign: true, body: { id: 1, method: 'userDataStream.subscribe.signature', params: { timestamp: 1_700_000_003_000, recvWindow: 5000 } },
  }]);
  stream.confirm();
  assert.deepEqual(stream.streamEdges, ['down', 'live']);
  stream.frame({ subscriptionId: 0, event: { e: 'balanceUpdate', E: 1, a: 'USDT', d: '-5.5', T: 3 } });
  assert.equal(stream.reports.at(-1)?.type, 'cash.report');
  stream.frame({ subscriptionId: 0, event: { e: 'eventStreamTerminated', E: 1 } });
  assert.deepEqual(stream.streamEdges, ['down', 'live', 'down']);
});

test('spot: a subscription that is refused is tried again, and a refused stamp has the clock measured', () => {
  const stream = new Stream('spot');
  const socket = stream.socket;
  stream.open().frame({ id: 1, status: 400, error: { code: -1021, msg: 'Timestamp …' } });
  assert.deepEqual(stream.clock, [{ type: 'clock.measure', product: 'spot' }]);
  assert.deepEqual(stream.closes, [socket]);
  stream.pass(500).connect();
  assert.deepEqual(stream.streamEdges, ['down', 'live']);
});

test('a connection that is lost is down at once and replaced; tries that fail come more and more slowly', () => {
  const stream = new Stream('usdm').connect().close();
  assert.deepEqual(stream.streamEdges, ['down', 'live', 'down']);
  const waits: number[] = [];
  for (let k = 0; k < 8; k += 1) {
    stream.reply(200, { listenKey: 'secret:0' }).close();
    const before = stream.requests.length;
    const from = stream.nowMs;
    while (stream.requests.length === before) stream.pass(500);
    waits.push(stream.nowMs - from);
  }
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  stream.connect();
  assert.deepEqual(stream.streamEdges, ['down', 'live', 'down', 'live']);
});

test('the key is kept alive; a dead one (-1125) takes the silent connection with it', () => {
  const stream = new Stream('usdm', { probes: false });
  const answered = (status: number, body: Json): void => {
    const request = stream.requests.filter(({ method }) => method === 'PUT').at(-1)!;
    stream.answer(request, { kind: 'answer', status, headers: { usedWeight: {}, orderCount: {}, retryAfterS: null }, body });
  };
  stream.reply(200, { listenKey: 'secret:0' }).open();
  const { socket } = stream;
  stream.pass(1_800_000);
  answered(200, {});
  stream.pass(1_800_000);
  answered(502, {});
  stream.pass(90_000);
  assert.equal(stream.requests.filter(({ method }) => method === 'PUT').length, 3, 'what became of one is unknown: the next comes soon');
  assert.deepEqual(stream.streamEdges, ['down', 'live']);
  answered(400, { code: -1125, msg: 'This listenKey does not exist.' });
  assert.deepEqual(stream.streamEdges, ['down', 'live', 'down']);
  assert.deepEqual(stream.closes, [socket]);
  stream.reply(200, { listenKey: 'secret:1' }).open();
  assert.equal(stream.opens.at(-1)?.path, '/private/ws/secret:1');
  assert.deepEqual(stream.streamEdges, ['down', 'live', 'down', 'live']);
});

test('listenKeyExpired, and what truth finds untold, begin a new stream', () => {
  const stream = new Stream('usdm').connect().frame({ e: 'listenKeyExpired', E: '1', listenKey: 'secret:0' });
  assert.deepEqual(stream.streamEdges, ['down', 'live', 'down']);
  stream.connect().give(stream.path, { type: 'stream.silent', product: 'usdm', reason: 'fills without a word' });
  assert.deepEqual(stream.streamEdges, ['down', 'live', 'down', 'live', 'down']);
  stream.connect();
  assert.equal(stream.opens.length, 3);
});

test('a connection that no longer answers is found, and one that answers is left alone', () => {
  const stream = new Stream('usdm').connect();
  for (let k = 0; k < 5; k += 1) stream.pass(15_000).confirm();
  assert.deepEqual(stream.streamEdges, ['down', 'live']);
  stream.pass(15_000).pass(5000);
  assert.deepEqual(stream.streamEdges, ['down', 'live', 'down']);
  assert.equal(stream.closes.length, 1);
});

test('before its day is over, and when the venue says that it leaves, another one is live before it goes', () => {
  for (const leave of [(stream: Stream) => stream.pass(82_800_000), (stream: Stream) => stream.frame({ e: 'serverShutdown', E: 1 })]) {
    const stream = new Stream('usdm', { probes: false, keepAliveMs: 3_500_000 });
    stream.reply(200, { listenKey: 'secret:0' }).open();
    const first = stream.socket;
    leave(stream);
    const key = stream.requests.filter(({ method }) => method === 'POST').at(-1)!;
    stream.answer(key, { kind: 'answer', status: 200, headers: { usedWeight: {}, orderCount: {}, retryAfterS: null }, body: { listenKey: 'secret:0' } });
    assert.notEqual(stream.socket, first);
    stream.frame(FILL, first);
    assert.equal(stream.closes.length, 0);
    stream.open();
    assert.deepEqual(stream.closes, [first]);
    stream.close(first, 1000);
    assert.deepEqual(stream.streamEdges, ['down', 'live']);
  }
});

test('what is not understood is counted, journalled once in a while, and makes truth look; nothing is guessed', () => {
  const stream = new Stream('usdm').connect();
  const reports = stream.reports.length;
  const decisions = stream.decisions.length;
  for (let k = 0; k < 50; k += 1) stream.frame({ ...FILL, o: { ...FILL.o, L: '60000.05' } });
  stream.frame({ e: 'MARGIN_CALL', E: 1 }).give(stream.path, { type: 'socket.malformed', socket: stream.socket, problem: 'is not JSON', text: '{"e' });
  assert.equal(stream.reports.length, reports);
  assert.equal(stream.suspicions.length, 52);
  assert.equal(stream.suspicions[0]?.reason, 'usdm ORDER_TRADE_UPDATE, o.L: "60000.05" is no whole number of ticks of 0.10');
  assert.equal(stream.decisions.length, decisions + 1);
});

test('any order of any of this never breaks it: edges alternate, and it always comes back', () => {
  const happening = fc.constantFrom('reply', 'refuse', 'open', 'close', 'closeFirst', 'confirm', 'deny', 'fill', 'expire', 'leave', 'renew', 'pass', 'passLong', 'crash');
  fc.assert(fc.property(fc.constantFrom<VenueProduct>('usdm', 'spot'), fc.array(happening, { maxLength: 80 }), (product, happenings) => {
    const stream = new Stream(product);
    for (const what of happenings) {
      const last = stream.requests.at(-1);
      switch (what) {
        case 'reply': if (last !== undefined) stream.reply(200, { listenKey: `secret:${stream.opens.length}` }); break;
        case 'refuse': if (last !== undefined) stream.reply(400, { code: -1125, msg: '' }); break;
        case 'open': if (stream.opens.length > 0) stream.open(); break;
        case 'close': if (stream.opens.length > 0) stream.close(); break;
        case 'closeFirst': if (stream.opens.length > 1) stream.close(stream.opens.at(-2)!.socket); break;
        case 'confirm': if (stream.sends.length > 0) stream.confirm(); break;
        case 'deny': if (stream.opens.length > 0) stream.frame({ id: 1, error: { code: -1 } }); break;
        case 'fill': if (stream.opens.length > 0) stream.frame(FILL); break;
        case 'expire': if (stream.opens.length > 0) stream.frame({ e: 'listenKeyExpired' }); break;
        case 'leave': if (stream.opens.length > 0) stream.frame({ e: 'serverShutdown' }); break;
        case 'renew': stream.give(stream.path, { type: 'stream.silent', product, reason: 'doubt' }); break;
        case 'pass': stream.pass(700); break;
        case 'passLong': stream.pass(40_000); break;
        case 'crash': stream.give(stream.path, null); break;
      }
      const edges = stream.streamEdges;
      for (let k = 1; k < edges.length; k += 1) assert.notEqual(edges[k], edges[k - 1]);
    }
    // A venue that works from now on.
    const done = { requests: 0, opens: 0, sends: 0 };
    for (let k = 0; k < 400 && stream.streamEdges.at(-1) !== 'live'; k += 1) {
      stream.pass(1000);
      for (const request of stream.requests.slice(done.requests)) stream.answer(request, { kind: 'answer', status: 200, headers: { usedWeight: {}, orderCount: {}, retryAfterS: null }, body: { listenKey: 'secret:9' } });
      done.requests = stream.requests.length;
      for (const { socket } of stream.opens.slice(done.opens)) stream.open(socket);
      done.opens = stream.opens.length;
      for (const { socket, body } of stream.sends.slice(done.sends)) stream.frame(product === 'spot' ? { id: (body as { id: number }).id, status: 200, result: {} } : { id: (body as { id: number }).id, result: null }, socket);
      done.sends = stream.sends.length;
    }
    assert.equal(stream.streamEdges.at(-1), 'live');
  }), { numRuns: 40 });
});
