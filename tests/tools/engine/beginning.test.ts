import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseConfig } from '../../../config/index.js';
import { CliError, type ExitName } from '../../../tools/cli/errors.js';
import { venueInstruments } from '../../../tools/engine/boot.js';
import { lockAccount } from '../../../tools/engine/lock.js';
import { checkMode, isLoopback, isRealVenue } from '../../../tools/engine/modes.js';
import type { VenueAccess, VenueOrigins } from '../../../tools/engine/parts.js';
import { addressVariable, configuredVenue, readVenueLine } from '../../../tools/engine/venue-line.js';

const folder = mkdtempSync(join(tmpdir(), 'fl-begin-'));
const servers: Server[] = [];
after(() => {
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true, force: true });
});

const engineOf = (text: string) => parseConfig(text, 'test').config.engine;
const refusal = (exit: ExitName, says: RegExp) => (error: unknown): boolean => error instanceof CliError && error.exit === exit && says.test(error.message);

const at = (rest: string, ws: string) => ({ rest, ws });
const originsOf = (rest: string): VenueOrigins => ({ spot: at(rest, 'ws://127.0.0.1:1'), usdm: at(rest, 'ws://127.0.0.1:1'), options: at(rest, 'ws://127.0.0.1:1') });
const LINE = {
  ...originsOf('http://127.0.0.1:1'), key: 'K', secret: 'S', keys: { hmac: { key: 'K', secret: 'S' }, rsa: null, ed25519: null },
  clock: { venueMs: 5, wallMs: 6, speed: 10 }, socket: '/tmp/x.sock',
};
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

test('the line of the exchange gives addresses, clock and, where orders leave, the key', () => {
  const path = file('line.json', `${JSON.stringify(LINE)}\n`);
  assert.deepEqual(readVenueLine(path, 'demo'), {
    access: { origins: originsOf('http://127.0.0.1:1'), keys: { kind: 'hmac', key: 'K', secret: 'S' }, ca: null }, clock: LINE.clock,
  });
  assert.equal(readVenueLine(path, 'paper').access.keys, null);
});

test('a file that is not that line is refused, and no error shows a value of it', () => {
  const refused = (text: string, exit: ExitName, says: RegExp): void => assert.throws(() => readVenueLine(file('bad.json', text), 'demo'), (error: unknown) => {
    assert.doesNotMatch((error as Error).message, /SECRET/);
    return refusal(exit, says)(error);
  });
  assert.throws(() => readVenueLine(join(folder, 'none.json'), 'demo'), refusal('cannotRead', /none\.json/));
  refused('', 'badInput', /not a line of JSON/);
  refused('{"spot":{"rest":"SECRET', 'badInput', /not a line of JSON/);
  refused('[]', 'badInput', /not the line of an exchange/);
  refused(JSON.stringify({ ...LINE, spot: { rest: 'file:///SECRET', ws: 'ws://x' } }), 'badInput', /spot\.rest/);
  refused(JSON.stringify({ ...LINE, clock: { venueMs: 1, wallMs: 1, speed: 0 } }), 'badInput', /clock\.speed/);
  refused(JSON.stringify({ ...LINE, clock: undefined }), 'badInput', /clock/);
});

test('keys come from the environment, and paper has none', () => {
  const env = { FAULTLINE_BINANCE_DEMO_KEY: 'K', FAULTLINE_BINANCE_DEMO_SECRET: 'S' };
  assert.equal(configuredVenue(engineOf(''), env).access.keys, null);
  assert.deepEqual(configuredVenue(engineOf('[engine]\nmode = "demo"'), env).access.keys, { kind: 'hmac', key: 'K', secret: 'S' });
  assert.equal(configuredVenue(engineOf('[engine]\nmode = "live"'), env).access.keys, null);
});

test('000-024: the environment names each address by itself, over the configuration, in every mode', () => {
  const faces = ['rest', 'ws', 'wsApi'] as const;
  for (const mode of ['paper', 'demo', 'live'] as const) {
    const engine = engineOf(`[engine]\nmode = "${mode}"`);
    const before = configuredVenue(engine, {}).access.origins;
    for (const product of ['spot', 'usdm', 'options'] as const) {
      for (const face of faces) {
        const address = face === 'rest' ? 'http://127.0.0.1:7' : 'ws://127.0.0.1:7';
        const after = configuredVenue(engine, { [addressVariable(product, face)]: address }).access.origins;
        assert.deepEqual(after, { ...before, [product]: { ...before[product], [face]: address } }, `${mode} ${product} ${face}`);
      }
    }
  }
  assert.equal(addressVariable('usdm', 'wsApi'), 'FAULTLINE_BINANCE_USDM_WS_API');
  // The guards of the modes look at what is in force.
  const demo = engineOf('[engine]\nmode = "demo"');
  const real = configuredVenue(demo, { FAULTLINE_BINANCE_USDM_REST: 'https://fapi.binance.com', FAULTLINE_BINANCE_DEMO_KEY: 'K', FAULTLINE_BINANCE_DEMO_SECRET: 'S' });
  assert.throws(() => checkMode(demo, real.access, false), refusal('configuration', /real money/));
  for (const bad of ['nonsense', 'ftp://x', 'https://x/path', 'https://user:SECRET@x/?'])
    assert.throws(() => configuredVenue(demo, { FAULTLINE_BINANCE_SPOT_REST: bad }), (error: unknown) => refusal('configuration', /^FAULTLINE_BINANCE_SPOT_REST is no address$/)(error));
});

test('a mode that is not allowed to begin does not', () => {
  const keys = { kind: 'hmac', key: 'K', secret: 'S' } as const;
  const near: VenueAccess = { origins: originsOf('http://127.0.0.1:1'), keys, ca: null };
  const limits = '\n[engine.limits]\nmaxSymbolNotional = "100"\nmaxTotalNotional = "100"\nmaxOpenOrders = 2\n';
  const live = engineOf(`[engine]\nmode = "live"${limits}`);
  assert.doesNotThrow(() => checkMode(engineOf(''), { ...near, keys: null }, false));
  assert.doesNotThrow(() => checkMode(engineOf('[engine]\nmode = "demo"'), near, false));
  assert.doesNotThrow(() => checkMode(live, near, true));
  const refused = (says: RegExp, ...[engine, access, word]: Parameters<typeof checkMode>): void => assert.throws(() => checkMode(engine, access, word), refusal('configuration', says));
  refused(/there is no key/, engineOf('[engine]\nmode = "demo"'), { ...near, keys: null }, false);
  refused(/there is no key/, live, { ...near, keys: null }, true);
  refused(/needs your word/, live, near, false);
  for (const key of ['maxSymbolNotional', 'maxTotalNotional', 'maxOpenOrders']) {
    refused(new RegExp(`${key} is not set`), engineOf(`[engine]\nmode = "live"${limits.replace(new RegExp(`${key} = .*`), '')}`), near, true);
  }
  for (const far of ['http://127.0.0.1.example.com', 'https://fapi.binance.com', 'http://10.0.0.1:80', 'http://[2001:db8::1]']) {
    refused(/is not on this machine/, live, { ...near, origins: { ...near.origins, usdm: at(far, 'ws://127.0.0.1:1') } }, true);
    refused(/is not on this machine/, live, { ...near, origins: { ...near.origins, usdm: at('http://127.0.0.1', far.replace('http', 'ws')) } }, true);
    // Spot is asked of the key's rights though nothing of it is traded, and second feeds are feeds.
    refused(/is not on this machine/, live, { ...near, origins: { ...near.origins, spot: at(far, 'ws://127.0.0.1:1') } }, true);
    refused(/is not on this machine/, engineOf(`[engine]\nmode = "live"${limits}\n[engine.feeds.secondOrigin]\nusdm = "${far.replace('http', 'ws')}"\n`), near, true);
  }
});

test('demo goes to the demo by itself, and never to the real venue, whatever the configuration says', () => {
  const env = { FAULTLINE_BINANCE_DEMO_KEY: 'K', FAULTLINE_BINANCE_DEMO_SECRET: 'S' };
  const engine = engineOf('[engine]\nmode = "demo"');
  const { access } = configuredVenue(engine, env);
  for (const product of ['spot', 'usdm'] as const) {
    const { rest, ws, wsApi } = access.origins[product];
    for (const address of [rest, ws, wsApi]) assert.match(address ?? '', /\/\/demo-/);
  }
  assert.doesNotThrow(() => checkMode(engine, access, false));
  assert.throws(() => checkMode(engine, { ...access, origins: configuredVenue(engineOf(''), env).access.origins }, false), refusal('configuration', /api\.binance\.com is where real money is traded/));
  assert.throws(() => checkMode(engineOf('[engine]\nmode = "demo"\n[engine.symbols]\noptions = ["BTC-261225-100000-C"]'), access, false), refusal('configuration', /eapi\.binance\.com is where real money is traded/));
  for (const real of ['https://api.binance.com', 'wss://stream.binance.com:9443', 'https://API1.BINANCE.COM', 'https://api.binance.us', 'wss://x.demo-api.binance.com']) assert.ok(isRealVenue(real), real);
  for (const other of ['https://demo-fapi.binance.com', 'https://testnet.binance.vision', 'http://127.0.0.1:1', 'https://binance.com.example']) assert.ok(!isRealVenue(other), other);
});

test('only addresses of the loopback are this machine', () => {
  for (const near of ['http://127.0.0.1', 'ws://127.8.0.1:80/x', 'http://localhost:1', 'http://[::1]:2']) assert.ok(isLoopback(near), near);
  for (const far of ['http://128.0.0.1', 'http://localhost.example', 'http://127.0.0.1@example.com', 'http://[::2]']) assert.ok(!isLoopback(far), far);
});

/** A venue that answers the same to everybody. */
async function venue(status: number, text: string): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(status, status === 302 ? { location: 'http://127.0.0.1:1/' } : {});
    response.end(text);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a venue that says nothing of use is told apart, and nothing begins', { timeout: 30_000 }, async () => {
  const wanted = engineOf('').symbols;
  const refused = async (status: number, text: string, exit: ExitName, says: RegExp): Promise<void> =>
    assert.rejects(venueInstruments(wanted, originsOf(await venue(status, text)), 10_000), refusal(exit, says));
  const filters = [{ filterType: 'PRICE_FILTER', tickSize: '0.10', minPrice: '0', maxPrice: '0' }, { filterType: 'LOT_SIZE', stepSize: '0.001', minQty: '0.001', maxQty: '10' }];
  await refused(200, '<html>', 'badInput', /not the venue's \(status 200\)/);
  await refused(302, '', 'badInput', /not the venue's \(status 302\)/);
  await refused(418, '{"code":-1003,"msg":"banned"}', 'configuration', /banned/);
  await refused(200, '[]', 'configuration', /no symbol BTCUSDT/);
  await refused(200, '{"symbols":[{"symbol":"BTCUSDT"}]}', 'badInput', /no PRICE_FILTER\.tickSize/);
  await refused(200, JSON.stringify({ symbols: [{ symbol: 'BTCUSDT', filters: [{ ...filters[0], tickSize: '-1' }] }] }), 'badInput', /not a positive decimal/);
  await assert.rejects(venueInstruments({ ...wanted, usdm: [] }, originsOf('http://127.0.0.1:1'), 1000), refusal('configuration', /no symbol to trade/));
  await assert.rejects(venueInstruments(wanted, originsOf('http://127.0.0.1:1'), 1000), refusal('cannotRead', /does not answer/));
  const good = await venueInstruments(wanted, originsOf(await venue(200, JSON.stringify({ symbols: [{ symbol: 'BTCUSDT', status: 'TRADING', marginAsset: 'USDT', quoteAsset: 'USDT', filters }] }))), 10_000);
  assert.deepEqual(good.instruments, [{ index: 0, symbol: 'BTCUSDT', venue: 'binance-usdm', product: 'linear', tickSize: '0.10', lotSize: '0.001', multiplier: '1', settle: 'USDT', inferred: [] }]);
  assert.equal(good.rules[0]?.instruments[0]?.status, 'TRADING');
});

test('an account is one engine\'s, by its folder and by its key', async () => {
  const first = await lockAccount(join(folder, 'a'), 'a', 'KEY');
  await assert.rejects(lockAccount(join(folder, 'a'), 'a', null), refusal('configuration', /another engine has the account a/));
  await assert.rejects(lockAccount(join(folder, 'b'), 'b', 'KEY'), refusal('configuration', /the key of this account/));
  const other = await lockAccount(join(folder, 'b'), 'b', 'OTHER');
  await first.release();
  const second = await lockAccount(join(folder, 'a'), 'a', 'KEY');
  await Promise.all([second.release(), other.release()]);
});
