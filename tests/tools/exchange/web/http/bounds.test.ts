import assert from 'node:assert/strict';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { WebSocket } from 'ws';
import { makeCertificate } from '../../../../../tools/exchange/web/index.js';
import { Client, DOC_KEY, hmac, http, startVenue, within } from '../venue.js';
import type { TestVenue } from '../venue.js';

/** For those who dawdle. Everybody else meets a server with the guards it has by itself: even a well-behaved client may be held up. */
const GUARDS = { headersWithinMs: 150, requestWithinMs: 300, idleMs: 250, checkEveryMs: 30 };
let hasty: TestVenue;
let venue: TestVenue;
before(async () => {
  hasty = await startVenue({ limitsEnforced: false }, { guards: GUARDS });
  venue = await startVenue({ limitsEnforced: false });
});
after(async () => {
  await hasty.server.close();
  await venue.server.close();
});

/** What comes back on a bare socket until its end. */
async function exchange({ origins: { port } }: TestVenue, write: (socket: Socket) => void): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  let text = '';
  socket.on('data', (data) => (text += data.toString('latin1')));
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  write(socket);
  await within(closed, 'the end of the connection');
  return text;
}

const status = (text: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0);

describe('slow ones', () => {
  const slow: readonly (readonly [string, (socket: Socket) => void, number])[] = [
    ['a connection that says nothing', () => {}, 408],
    ['headers that never end', (socket) => {
      socket.write('GET /api/v3/ping HTTP/1.1\r\nHost: x\r\n');
      const drip = setInterval(() => socket.write('X-A: b\r\n'), 20);
      socket.on('close', () => clearInterval(drip));
    }, 408],
    ['a body that never ends', (socket) => {
      socket.write('POST /api/v3/order HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\n');
      const drip = setInterval(() => socket.write('a'), 20);
      socket.on('close', () => clearInterval(drip));
    }, 408],
    ['chunks that never end', (socket) => {
      socket.write('POST /api/v3/order HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
      const drip = setInterval(() => socket.write('1\r\na\r\n'), 20);
      socket.on('close', () => clearInterval(drip));
    }, 408],
  ];
  test('an answer that never comes, or is not taken: the connection ends', async () => {
    assert.equal(await exchange(hasty, (socket) => socket.write('GET /api/v3/never HTTP/1.1\r\nHost: x\r\n\r\n')), '');
  });
  for (const [what, write, expected] of slow) {
    test(`${what}: ${expected}, and the connection ends`, async () => assert.equal(status(await exchange(hasty, write)), expected));
  }
});

describe('large and crooked ones', () => {
  const post = (body: string | Buffer, headers = ''): ((socket: Socket) => void) => (socket) => {
    socket.write(`POST /api/v3/order HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${body.length}\r\n${headers}\r\n`);
    socket.write(body);
  };
  const get = (path: string, headers = ''): ((socket: Socket) => void) => (socket) => socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`);
  const cases: readonly (readonly [string, (socket: Socket) => void, number])[] = [
    ['a body past 256 KiB', post('a'.repeat(300_000)), 413],
    ['a length past 256 KiB, before the body is there', (socket) => socket.write('POST /api/v3/order HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 99999999999\r\n\r\n'), 413],
    ['chunks past 256 KiB', (socket) => {
      socket.write('POST /api/v3/order HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n');
      for (let count = 0; count < 40; count += 1) socket.write(`2000\r\n${'a'.repeat(0x2000)}\r\n`);
    }, 413],
    ['a compressed bomb', post(gzipSync(Buffer.alloc(50e6)).subarray(0, 200_000), 'Content-Encoding: gzip\r\n'), 415],
    ['headers past 16 KiB', get('/api/v3/ping', `X-A: ${'a'.repeat(20_000)}\r\n`), 431],
    ['a path past 16 KiB', get(`/${'a'.repeat(20_000)}`), 431],
    ['what is no HTTP', (socket) => socket.write('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'), 403],
    ['two lengths', post('a', 'Content-Length: 2\r\n'), 403],
    ['length and chunks', post('0\r\n\r\n', 'Transfer-Encoding: chunked\r\n'), 403],
    ['a path that cannot be decoded', get('/%zz'), 403],
    ['a null byte in the path', get('/api/%00'), 404],
    ['a way up', get('/api/v3/../v3/ping'), 404],
    ['a content type that is none', post('a=1', 'Content-Type: ;;;\r\n'), 403],
    ['three hundred parameters', get(`/api/v3/time?${Array.from({ length: 300 }, (_, at) => `p${at}=1`).join('&')}`), 400],
    ['a whole address', get('http://other.example/api/v3/ping'), 404],
    ['an upgrade to something else', get('/ws', 'Connection: Upgrade\r\nUpgrade: h2c\r\n'), 400],
    ['an upgrade without a key', get('/ws', 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n'), 400],
    ['another method', (socket) => socket.write('PROPFIND /api/v3/ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'), 405],
  ];
  for (const [what, write, expected] of cases) {
    test(`${what}: ${expected}`, async () => {
      assert.equal(status(await exchange(venue, write)), expected);
      assert.equal((await http(`${venue.origins.rest}/api/v3/ping`)).text, '{}');
    });
  }

  test('JSON in a body is signed like any bytes, and its members are no parameters', async () => {
    const query = `timestamp=${Date.now()}`;
    const body = '{"symbol":"LTCBTC"}';
    const answer = await http(`${venue.origins.rest}/api/v3/order?${query}&signature=${hmac(query + body)}`, { method: 'POST', key: DOC_KEY, body, headers: { 'Content-Type': 'application/json' } });
    assert.deepEqual([answer.code, answer.msg], [-1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."]);
  });

  test('compression of frames is not agreed to', async () => {
    const ws = new WebSocket(`${venue.origins.ws}/ws`, { perMessageDeflate: true });
    await within(new Promise((resolve) => ws.once('open', resolve)), 'open');
    assert.equal(ws.extensions, '');
    ws.terminate();
  });

  test('nothing of it was a defect', () => assert.deepEqual([...hasty.defects, ...venue.defects], []));
});

test('TLS: a certificate that its holder trusts as its own authority, for REST and websockets', async () => {
  const certificate = await makeCertificate();
  const impatient = await startVenue({}, { certificate, guards: GUARDS });
  const secure = await startVenue({}, { certificate });
  try {
    // No handshake, half of one, and none at all: each connection ends.
    for (const bytes of ['GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'noise'.repeat(1000), '']) {
      await exchange(impatient, (socket) => socket.write(bytes, 'latin1'));
    }
    assert.match(secure.origins.rest, /^https:/);
    assert.match(secure.origins.ws, /^wss:/);
    const get = (ca: string | undefined): Promise<string> => new Promise((resolve, reject) => {
      const sent = httpsRequest(`${secure.origins.rest}/api/v3/ping`, { ca, agent: false }, (response) => {
        let text = '';
        response.on('data', (data) => (text += String(data))).on('end', () => resolve(text));
      });
      sent.on('error', reject).end();
    });
    assert.equal(await get(certificate.cert), '{}');
    await assert.rejects(get(undefined), /self-signed|certificate/);
    const client = await Client.open(`${secure.origins.ws}/ws/x`, { ca: certificate.cert });
    assert.deepEqual((await client.ask({ method: 'LIST_SUBSCRIPTIONS', id: 1 }))['result'], ['x']);
    secure.hub.publish('x', () => 'event');
    assert.equal(await client.next(), 'event');
  } finally {
    await impatient.server.close();
    await secure.server.close();
  }
});
