import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { after, describe, test } from 'node:test';
import { linesForPeople, readyLine } from '../../../tools/exchange/ready.js';
import { openExchange } from '../../support/open-exchange.js';
import { Playground, type Served } from '../../support/served.js';

const playground = new Playground();
after(() => playground.close());

interface Ready {
  readonly spot: { readonly rest: string; readonly ws: string; readonly wsApi: string };
  readonly usdm: { readonly rest: string; readonly ws: string; readonly wsApi: string };
  readonly options: { readonly rest: string; readonly ws: string };
  readonly deribit: { readonly rest: string; readonly ws: string };
  readonly key: string;
  readonly secret: string;
  readonly keys: Readonly<Record<'hmac' | 'rsa' | 'ed25519', { readonly key: string; readonly secret: string } | null>>;
  readonly clock: { readonly venueMs: number; readonly wallMs: number; readonly speed: number };
  readonly socket: string;
  readonly ca?: string;
}

async function open(name: string, ...more: string[]): Promise<{ readonly served: Served; readonly ready: Ready }> {
  const served = playground.serve(['exchange', '--json', '--name', name, '--symbols', '2', ...more]);
  await served.until(() => served.lines.length > 0, 'the ready line');
  return { served, ready: JSON.parse(served.lines[0]!) as Ready };
}

const statusOf = async (url: string): Promise<number> => (await fetch(url)).status;
const json = async (url: string): Promise<unknown> => (await fetch(url)).json();

describe('faultline exchange', { concurrency: 2 }, () => {
  test('one JSON line when ready: origins that answer, keys, clock and socket; name and ports are its own; SIGINT ends it with 0', async () => {
    const { served, ready } = await open('plain', '--seed', '5');
    for (const product of ['spot', 'usdm', 'options', 'deribit'] as const) {
      assert.match(ready[product].rest, /^http:\/\/127\.0\.0\.1:\d+$/);
      assert.equal(ready[product].ws, ready[product].rest.replace('http', 'ws'));
    }
    assert.equal(new Set(['spot', 'usdm', 'options', 'deribit'].map((product) => ready[product as 'spot'].rest)).size, 4, 'a port a product');
    assert.deepEqual([ready.spot.wsApi, ready.usdm.wsApi], [`${ready.spot.ws}/ws-api/v3`, `${ready.usdm.ws}/ws-fapi/v1`]);
    assert.match(ready.key, /^[A-Za-z0-9]{64}$/);
    assert.deepEqual(ready.keys.hmac, { key: ready.key, secret: ready.secret });
    for (const kind of ['rsa', 'ed25519'] as const) assert.match(ready.keys[kind]!.secret, /^-----BEGIN PRIVATE KEY-----/);
    assert.equal(ready.clock.speed, 1);
    assert.ok(Math.abs(ready.clock.venueMs - ready.clock.wallMs) < 1000);
    assert.ok(existsSync(ready.socket));
    for (const symbol of ['BTCUSDT', 'ETHUSDT']) {
      assert.ok(((await json(`${ready.spot.rest}/api/v3/depth?symbol=${symbol}`)) as { readonly bids: unknown[] }).bids.length === 100);
      assert.ok(((await json(`${ready.usdm.rest}/fapi/v1/klines?symbol=${symbol}&interval=5m`)) as unknown[]).length === 500);
    }
    // A name or a port that is taken is refused, and the one who has it does not notice.
    const port = Number(new URL(ready.spot.rest).port);
    const [second, third] = await Promise.all([
      playground.run(['exchange', '--name', 'plain']), playground.run(['exchange', '--name', 'third', '--symbols', '1', '--port', String(Math.min(port, 65_532))]),
    ]);
    assert.equal(second.code, 78);
    assert.match(second.stderr, /a process plain is running already/);
    assert.equal(third.code, 78, third.stderr);
    assert.match(third.stderr, /cannot listen.*\n {2}fix: --port 0/);
    assert.deepEqual(await served.kill('SIGINT'), { code: 0, signal: null });
    assert.equal(served.lines.length, 1, 'nothing else on stdout');
    assert.ok(!served.stderr.includes(ready.secret));
  });

  test('is a process like others: its clock, ps, books, scripts, start, restart of a face, shutdown over its socket', async () => {
    writeFileSync(playground.at('mine.toml'), '[[step]]\ndo = "fail"\non = "query"\nname = "ping"\nproduct = "spot"\ncode = -1008\n');
    const { served, ready } = await open('verbs', '--speed', '10', '--script', playground.at('mine.toml'));
    assert.deepEqual([await statusOf(`${ready.spot.rest}/api/v3/ping`), await statusOf(`${ready.usdm.rest}/fapi/v1/ping`)], [503, 200], 'the script has begun');
    const { serverTime } = (await json(`${ready.spot.rest}/api/v3/time`)) as { readonly serverTime: number };
    const wallMs = Date.now() - ready.clock.wallMs;
    assert.equal(ready.clock.speed, 10);
    assert.ok(serverTime - ready.clock.venueMs <= 10 * (wallMs + 50) && serverTime > ready.clock.venueMs, `${serverTime - ready.clock.venueMs} ms in ${wallMs} ms`);
    const tree = await playground.command(['ps', '--process', 'verbs', '--json']);
    for (const path of ['/market', '/spot/engine', '/spot/face', '/usdm/engine', '/usdm/face', '/options/engine', '/deribit/engine']) assert.ok(tree.stdout.includes(`"${path}"`), path);
    const books = JSON.parse((await playground.command(['exchange', 'books', '--json', '--process', 'verbs'])).stdout) as Record<string, { readonly sums: object }>;
    for (const product of ['spot', 'usdm', 'options', 'deribit']) assert.equal(typeof books[product]!.sums, 'object');
    const scripts = JSON.parse((await playground.command(['exchange', 'scripts', '--json', '--process', 'verbs'])).stdout) as { readonly name: string; readonly kind: string }[];
    assert.ok(scripts.some(({ name, kind }) => name === 'flash-crash' && kind === 'scenario'));
    assert.ok(scripts.some(({ name, kind }) => name === 'mine' && kind === 'script'));
    assert.equal((await playground.command(['exchange', 'stop', 'mine', '--process', 'verbs'])).code, 0);
    assert.equal(await statusOf(`${ready.spot.rest}/api/v3/ping`), 200);
    const price = async (): Promise<number> => Number(((await json(`${ready.usdm.rest}/fapi/v1/ticker/price?symbol=BTCUSDT`)) as { readonly price: string }).price);
    const before = await price();
    const started = await playground.command(['exchange', 'start', 'flash-crash', '--json', '--process', 'verbs']);
    assert.equal(started.code, 0, started.stderr);
    const deadlineMs = Date.now() + 240_000;
    let lowest = before;
    while (lowest > before * 0.97 && Date.now() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      lowest = Math.min(lowest, await price());
    }
    assert.ok(lowest <= before * 0.97, `from ${before} to ${lowest}`);
    // A face that is restarted comes back on its port, and the book is untouched.
    const id = async (): Promise<number> => ((await json(`${ready.spot.rest}/api/v3/depth?symbol=BTCUSDT`)) as { readonly lastUpdateId: number }).lastUpdateId;
    const idBefore = await id();
    assert.equal((await playground.command(['restart', '/spot/face', '--process', 'verbs', '--yes'])).code, 0);
    let idAfter = 0;
    for (let tries = 0; idAfter === 0 && tries < 200; tries++) {
      idAfter = await id().catch(() => 0);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.ok(idAfter > idBefore);
    const unknown = await playground.command(['exchange', 'start', 'no-such-thing', '--process', 'verbs']);
    assert.equal(unknown.code, 9);
    assert.match(unknown.stderr, /no-such-thing.*flash-crash/);
    assert.equal((await playground.command(['shutdown', '--process', 'verbs'])).code, 0);
    assert.deepEqual(await served.ended, { code: 0, signal: null });
  });

  test('--tape plays a tape on the product it is of, with its first price; the other product follows it', async () => {
    const tape = await playground.tape('short.tape', 3);
    const { served, ready } = await open('tape', '--tape', tape, '--speed', '10');
    const mid = async (url: string): Promise<number> => {
      const { bidPrice, askPrice } = (await json(url)) as { readonly bidPrice: string; readonly askPrice: string };
      return (Number(bidPrice) + Number(askPrice)) / 2;
    };
    // On a busy machine one product may be behind the other for a while.
    let [trades, perpetual, spot, other] = [0, 0, 0, 0];
    const endMs = Date.now() + 120_000;
    while (Date.now() < endMs && !(trades > 0 && perpetual > 50_000 && Math.abs(spot / perpetual - 1) < 0.004)) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      trades = ((await json(`${ready.usdm.rest}/fapi/v1/trades?symbol=BTCUSDT`)) as unknown[]).length;
      [perpetual, spot, other] = await Promise.all([
        mid(`${ready.usdm.rest}/fapi/v1/ticker/bookTicker?symbol=BTCUSDT`), mid(`${ready.spot.rest}/api/v3/ticker/bookTicker?symbol=BTCUSDT`), mid(`${ready.usdm.rest}/fapi/v1/ticker/bookTicker?symbol=ETHUSDT`),
      ]);
    }
    assert.ok(trades > 0, 'the tape has no trades');
    assert.ok(perpetual > 50_000 && Math.abs(spot / perpetual - 1) < 0.004, `${perpetual} and ${spot}`);
    assert.ok(other > 1000, 'what is not on the tape has a crowd');
    await served.kill('SIGTERM');
  });

  test('--tls serves https with a certificate that the ready line gives', async () => {
    const { served, ready } = await open('tls', '--tls');
    assert.match(ready.spot.rest, /^https:/);
    assert.match(ready.usdm.wsApi, /^wss:/);
    const body = await new Promise<string>((resolve, reject) => {
      request(`${ready.spot.rest}/api/v3/ping`, { ca: ready.ca! }, (response) => {
        response.on('data', (chunk: Buffer) => resolve(chunk.toString()));
      }).on('error', reject).end();
    });
    assert.equal(body, '{}');
    await served.kill('SIGTERM');
  });

  test('a wrong command line is refused in one line with the way out, before anything is opened', async () => {
    writeFileSync(playground.at('bad.toml'), '[[account]]\nname = "a"\nkeys = [{ key = "short", secret = "secretsecret" }]\n');
    writeFileSync(playground.at('no.tape'), 'not a tape');
    const cases: readonly (readonly [number, RegExp, ...string[]])[] = [
      [2, /--symbols: there is no DOGECOIN/, '--symbols', 'DOGECOIN'], [2, /--as-of/, '--as-of', 'yesterday'],
      [4, /nowhere\.toml/, '--accounts', playground.at('nowhere.toml')], [78, /64 letters and digits/, '--accounts', playground.at('bad.toml')], [78, /`do`|step/, '--script', playground.at('bad.toml')], [3, /no\.tape/, '--tape', playground.at('no.tape')],
    ];
    for (const [code, message, ...args] of cases) {
      const outcome = await playground.command(['exchange', ...args]);
      assert.equal(outcome.code, code, `${args.join(' ')}: ${outcome.stderr}`);
      assert.match(outcome.stderr, message);
      assert.equal(outcome.stdout, '');
    }
  });

  test('without --json it prints URLs, keys and lines to copy', async () => {
    const opened = await openExchange();
    try {
      const text = linesForPeople(opened.exchange, opened.accounts, 'people');
      const { hmac } = (readyLine(opened.exchange, opened.accounts, '/socket') as Ready).keys;
      for (const part of [opened.origins.spot.rest, opened.origins.usdm.wsApi!, 'curl ', 'new ccxt.binance(', 'new ccxt.deribit(', 'new MainClient(', 'httpFutures: ', 'new Spot({', hmac!.key, hmac!.secret, 'faultline exchange books --process people']) assert.ok(text.includes(part), part);
    } finally {
      await opened.close();
    }
  });
});
