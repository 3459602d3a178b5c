import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { WebSocketServer, type WebSocket } from 'ws';
import type { SocketOpen } from '../../../../actors/engine/io.js';
import { BookState } from '../../../../actors/market/book.js';
import { AUX, EXTRA, ID, Kind, KIND_MASK, PRICE, QTY, RECV_US, TAG } from '../../../../data/records/index.js';
import { parseExactJson } from '../../../../tools/engine/exact-json.js';
import { NO_SECRETS, Sockets, type SocketAddresses } from '../../../../tools/engine/sockets/index.js';
import { openExchange, type OpenedExchange } from '../../../support/open-exchange.js';
import { addressesOf, RecordingDoor, SPOT_BTC, USDM_BTC } from './lab.js';

const open = (fields: Partial<SocketOpen>): SocketOpen => ({
  socket: 's1', to: '/feeds/x', product: 'usdm', face: 'ws', path: '/public/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker', carries: 'market', pulseEveryMs: 200, openTimeoutMs: 200_000, ...fields,
});

describe('sockets to the exchange in a box', { concurrency: true }, () => {
  let opened: OpenedExchange;
  before(async () => {
    opened = await openExchange({ speed: 3 });
  });
  after(() => opened.close());

  for (const [product, instrument, path, rest] of [
    ['usdm', USDM_BTC, '/public/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker', '/fapi/v1/depth'],
    ['spot', SPOT_BTC, '/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker', '/api/v3/depth'],
  ] as const) {
    test(`${product}: frames become records in batches, a REST snapshot puts the book in step, pulses tell of it`, async () => {
      const door = new RecordingDoor(opened, [instrument]);
      const sockets = new Sockets(door, { addresses: addressesOf(opened.origins) });
      sockets.open(open({ product, path }));
      await door.until(() => (door.kinds().get(Kind.DEPTH) ?? 0) > 20);
      const book = door.books[0]!;
      for (let tries = 0; book.state !== BookState.LIVE && tries < 50; tries += 1) {
        const body = await (await fetch(`${opened.origins[product].rest}${rest}?symbol=BTCUSDT&limit=1000`)).text();
        const taken = sockets.intake.snapshot(product, 0, body);
        assert.ok(taken.records > 100 && taken.kind === Kind.SNAPSHOT);
        sockets.intake.flush();
      }
      const { diffs } = book;
      await door.until(() => book.diffs > diffs + 20);
      assert.equal(book.state, BookState.LIVE);
      assert.equal(book.breaks, 0);
      await door.until(() => door.of('socket.pulse').length > 4);
      const pulse = door.of('socket.pulse').at(-1)!;
      assert.deepEqual(Object.keys(pulse.lastUs).sort(), ['btcusdt@bookTicker', 'btcusdt@depth@100ms']);
      assert.ok(pulse.records > 20 && pulse.frames > 5 && pulse.refused === 0 && pulse.gaps === 0);
      assert.ok(Math.abs(pulse.exchUs - door.clock.nowUs()) < 60e6);
      assert.ok(pulse.lagP99Us >= pulse.lagP50Us && pulse.lagUs >= pulse.lagP50Us);
      for (let at = 1; at < door.words.length; at += 1) assert.ok(door.words[at]![RECV_US]! >= door.words[at - 1]![RECV_US]!, 'stamps never go back');
      sockets.close({ socket: 's1', reason: 'the test is over' });
      await door.until(() => door.of('socket.closed').length === 1);
      // Nobody brings the book any more: that is on the tape, before the tree hears of the end.
      const last = new Int32Array(door.words.at(-1)!.buffer);
      assert.equal(last[TAG]! & KIND_MASK, Kind.GAP);
      assert.equal(last[EXTRA], Kind.DEPTH);
      assert.equal(door.order.at(-1), 'socket.closed');
      assert.equal(book.state, BookState.GAP);
      assert.equal(sockets.count, 0);
    });
  }

  test('two connections bring every message once, and the end of one leaves no gap', async () => {
    const door = new RecordingDoor(opened, [USDM_BTC]);
    const sockets = new Sockets(door, { addresses: addressesOf(opened.origins) });
    sockets.open(open({ socket: 'a' }));
    sockets.open(open({ socket: 'b' }));
    const of = (socket: string) => door.of('socket.pulse').findLast((pulse) => pulse.socket === socket);
    await door.until(() => (of('a')?.frames ?? 0) > 30 && (of('b')?.frames ?? 0) > 30);
    sockets.close({ socket: 'a', reason: 'rollover' });
    await door.until(() => door.of('socket.closed').length === 1);
    const { frames } = of('b')!;
    await door.until(() => of('b')!.frames > frames + 20);
    assert.equal(door.kinds().get(Kind.GAP), undefined);
    assert.ok(sockets.metrics()['duplicates']! > 30);
    assert.equal(sockets.metrics()['disagreements'], 0);
    let last = 0;
    for (const words of door.words) {
      const i = new Int32Array(words.buffer);
      if ((i[TAG]! & KIND_MASK) !== Kind.DEPTH || (i[TAG]! & (1 << 9)) === 0) continue;
      assert.ok(last === 0 || words[AUX] === last, 'each diff follows the one before');
      last = words[ID]!;
    }
    await sockets.shutdown();
    assert.equal(door.of('socket.closed').length, 2);
  });

  test('no request met a defect', () => assert.deepEqual(opened.defects, []));
});

describe('sockets to a server that says anything', () => {
  let server: WebSocketServer;
  let mute: Server;
  let addresses: SocketAddresses;
  let clients: WebSocket[] = [];
  before(async () => {
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    server.on('connection', (ws) => clients.push(ws));
    mute = createServer(() => {});
    await Promise.all([new Promise((resolve) => server.once('listening', resolve)), new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))]);
    const at = (port: number) => `ws://127.0.0.1:${port}`;
    const here = { ws: [at((server.address() as { port: number }).port), at((mute.address() as { port: number }).port)], wsApi: [] };
    addresses = { spot: here, usdm: here, options: { ws: ['not an address'], wsApi: [] } };
  });
  after(() => {
    server.close();
    for (const client of server.clients) client.terminate();
    mute.close();
  });
  const started = async (fields: Partial<SocketOpen> = {}, options = {}): Promise<{ door: RecordingDoor; sockets: Sockets; peer: WebSocket }> => {
    clients = [];
    const door = new RecordingDoor(undefined, [USDM_BTC]);
    const sockets = new Sockets(door, { addresses, ...options });
    sockets.open(open(fields));
    await door.until(() => door.of('socket.opened').length === 1);
    return { door, sockets, peer: clients[0]! };
  };

  test('what is no market data is told, what is not understood is counted and told a few times, and nothing throws', async () => {
    const { door, sockets, peer } = await started();
    peer.send('{"result":null,"id":1}');
    peer.send('{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}}');
    for (let at = 0; at < 20; at += 1) peer.send('{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade"');
    peer.send('<html>');
    peer.send(Buffer.from([1, 2, 3]));
    peer.send('{"stream":"ethusdt@bookTicker","data":{"e":"bookTicker","u":1,"s":"ETHUSDT","b":"1.0","B":"1","a":"2.0","A":"1","T":1,"E":1}}');
    peer.send('{"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":1,"s":"BTCUSDT","b":"1.0","B":"1","a":"2.0","A":"1","T":1700000000000,"E":1700000000000}}');
    await door.until(() => door.kinds().get(Kind.BOOK_TICKER) === 1 && door.of('socket.pulse').length === 1);
    assert.deepEqual(door.of('socket.frame').map(({ body }) => body), [{ result: null, id: 1 }, { stream: '!serverShutdown', data: { e: 'serverShutdown', E: 1 } }]);
    const malformed = door.of('socket.malformed');
    assert.equal(malformed.length, 9, 'eight of what is not understood, and the binary one');
    assert.ok(malformed.every(({ text, problem }) => text.length <= 200 && problem !== ''));
    const { refused, frames } = door.of('socket.pulse')[0]!;
    assert.deepEqual([refused, frames], [21, 25]);
    await sockets.shutdown();
  });

  test('a hole in the ids of trades and books leaves a gap record before what showed it', async () => {
    const { door, sockets, peer } = await started();
    const trade = (id: number) => `{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":1700000000000,"s":"BTCUSDT","a":${id},"p":"10.0","q":"1","f":${id},"l":${id},"T":1700000000000,"m":true}}`;
    const diff = (first: number, last: number, before: number) => `{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1700000000000,"T":1700000000000,"s":"BTCUSDT","U":${first},"u":${last},"pu":${before},"b":[["10.0","1"]],"a":[]}}`;
    for (const text of [trade(5), trade(5), trade(6), trade(9), trade(8), diff(10, 12, 9), diff(10, 12, 9), diff(13, 14, 12), diff(20, 22, 19)]) peer.send(text);
    await door.until(() => door.records_ === 8);
    const seen = door.words.map((words) => {
      const i = new Int32Array(words.buffer);
      return [i[TAG]! & KIND_MASK, words[ID], words[AUX], words[QTY], i[EXTRA], i[PRICE]];
    });
    assert.deepEqual(seen.filter(([kind]) => kind === Kind.GAP), [[Kind.GAP, 6, 9, 2, Kind.AGG_TRADE, 0], [Kind.GAP, 14, 20, 1, Kind.DEPTH, 0]]);
    assert.deepEqual(seen.map(([kind]) => kind), [Kind.AGG_TRADE, Kind.AGG_TRADE, Kind.GAP, Kind.AGG_TRADE, Kind.DEPTH, Kind.DEPTH, Kind.GAP, Kind.DEPTH]);
    assert.equal(sockets.metrics()['duplicates'], 3);
    await sockets.shutdown();
  });

  test('private frames are told whole, long ids exactly, with handles in the place of secrets', async () => {
    const secrets = { ...NO_SECRETS, reveal: (text: string) => text.replace('secret:1', 'KEY'), hide: (text: string) => text.replaceAll('KEY', 'secret:1') };
    const { door, sockets, peer } = await started({ carries: 'private', path: '/private/ws?listenKey=secret:1' }, { secrets });
    const heard: string[] = [];
    peer.on('message', (data) => heard.push((data as Buffer).toString()));
    sockets.send({ socket: 's1', body: { method: 'LOGON', params: ['secret:1'] } });
    peer.send('{"e":"listenKeyExpired","listenKey":"KEY","i":4611875134427365377,"text":"4611875134427365377","n":-12.5e3}');
    peer.send('{"cut');
    await door.until(() => door.of('socket.frame').length === 1 && door.of('socket.malformed').length === 1);
    assert.deepEqual(door.of('socket.frame')[0]!.body, { e: 'listenKeyExpired', listenKey: 'secret:1', i: '4611875134427365377', text: '4611875134427365377', n: -12_500 });
    peer.close(1001, 'KEY is over');
    await door.until(() => door.of('socket.closed').length === 1);
    assert.deepEqual(heard, ['{"method":"LOGON","params":["KEY"]}']);
    assert.deepEqual(door.of('socket.closed')[0], { type: 'socket.closed', socket: 's1', code: 1001, reason: 'secret:1 is over' });
    sockets.send({ socket: 's1', body: {} });
    assert.equal(sockets.metrics()['notSent'], 1);
  });

  test('a frame that is too long ends the connection and is told', async () => {
    const { door, peer } = await started({ carries: 'private' }, { mostPrivateBytes: 1000 });
    peer.send('x'.repeat(2000));
    await door.until(() => door.of('socket.closed').length === 1);
    assert.equal(door.of('socket.malformed').length, 1);
    assert.equal(door.of('socket.closed')[0]!.code, 1009);
  });

  test('a line that is dead is found out by the ping that nobody answers', async () => {
    const { door, peer } = await started({ carries: 'private' }, { pingEveryMs: 50 });
    peer.pause();
    await door.until(() => door.of('socket.closed').length === 1);
    assert.equal(door.of('socket.closed')[0]!.reason, 'no sign of life');
  });

  test('a connection that never opens ends once: nobody there, nobody who speaks, no address, or stopping', async () => {
    const door = new RecordingDoor(undefined, [USDM_BTC]);
    const sockets = new Sockets(door, { addresses });
    sockets.open(open({ socket: 'mute', origin: 1, openTimeoutMs: 100 }));
    sockets.open(open({ socket: 'none', product: 'options' }));
    sockets.open(open({ socket: 'api', face: 'wsApi' }));
    await door.until(() => door.of('socket.closed').length === 3);
    assert.deepEqual(new Map(door.of('socket.closed').map(({ socket, reason }) => [socket, reason])), new Map([
      ['none', 'options has no address for ws'], ['api', 'usdm has no address for wsApi'], ['mute', 'did not open in time'],
    ]));
    await sockets.shutdown();
    sockets.open(open({ socket: 'late' }));
    await door.until(() => door.of('socket.closed').length === 4);
    assert.equal(door.of('socket.opened').length, 0);
  });
});

test('numbers keep their digits', () => {
  assert.deepEqual(parseExactJson('{"a":9007199254740993,"b":"x\\"9007199254740993","c":[1234567890123456,0.12345678901234567890],"d":-9007199254740993}'),
    { a: '9007199254740993', b: 'x"9007199254740993', c: [1234567890123456, 0.12345678901234568], d: '-9007199254740993' });
  assert.throws(() => parseExactJson('{"a":12345678901234567'), SyntaxError);
});
