import assert from 'node:assert/strict';
import test from 'node:test';
import { Accounts, demoAccounts } from '../../../../tools/exchange/accounts/accounts.js';
import { ChannelHub } from '../../../../tools/exchange/deribit/channel-hub.js';
import { DeribitFace } from '../../../../tools/exchange/deribit/face.js';
import { DeribitSocket } from '../../../../tools/exchange/deribit/socket.js';
import { NO_TROUBLES, type RequestFate, type Troubles } from '../../../../tools/exchange/web/troubles.js';
import { VenueError } from '../../../../actors/exchange/venue-error.js';
import { ManualWebClock } from '../web/manual-clock.js';

interface Frame {
  readonly id?: number;
  readonly params?: { readonly type?: string };
  readonly error?: { readonly code: number; readonly data?: { readonly wait?: number } };
  readonly result?: unknown;
}

/** A socket without a wire and a venue behind it: what it sends, and with what code it was closed. */
async function open(limits: 'venue' | 'off', troubles: Troubles = NO_TROUBLES): Promise<{ readonly clock: ManualWebClock; readonly frames: Frame[]; readonly state: { code: number | undefined }; ask(method: string, params?: object): Frame }> {
  const clock = new ManualWebClock();
  const empty = { spot: {}, usdm: {}, options: {}, deribit: {} };
  const accounts = new Accounts(await demoAccounts(1, 1, empty));
  const frames: Frame[] = [];
  const state: { code: number | undefined } = { code: undefined };
  const connection = {
    id: 0, ip: '127.0.0.1',
    get ended() {
      return state.code === undefined ? undefined : 'server';
    },
    sendText: (text: string) => frames.push(JSON.parse(text) as Frame),
    close: (code: number) => (state.code ??= code),
    terminate: () => (state.code ??= 1006),
  };
  const engine = { call: (_call: unknown, done: (value: unknown) => void) => done('answered') };
  const face = new DeribitFace({ clock, accounts, limits, troubles } as never, engine as never, new ChannelHub());
  const socket = new DeribitSocket(face, connection as never, () => undefined);
  let id = 0;
  return {
    clock, frames, state,
    ask: (method, params = {}) => {
      socket.message(JSON.stringify({ id: ++id, method, params }));
      return frames.find((frame) => frame.id === id)!;
    },
  };
}

test('a heartbeat comes every interval; a silent client is asked, and dropped when he does not answer', async () => {
  const { clock, frames, state, ask } = await open('venue');
  const types = (): (string | undefined)[] => frames.filter(({ id }) => id === undefined).map(({ params }) => params?.type);
  assert.equal(ask('public/set_heartbeat', { interval: 9 }).error?.code, -32_602);
  assert.equal(ask('public/set_heartbeat', { interval: 10 }).result, 'ok');
  clock.advance(10e6);
  assert.deepEqual(types(), ['heartbeat']);
  clock.advance(10e6);
  assert.deepEqual(types(), ['heartbeat', 'test_request']);
  ask('public/test');
  clock.advance(10e6);
  assert.deepEqual(types(), ['heartbeat', 'test_request', 'heartbeat']);
  clock.advance(10e6);
  assert.equal(state.code, undefined);
  clock.advance(10e6);
  assert.equal(state.code, 1000);
  assert.deepEqual(types(), ['heartbeat', 'test_request', 'heartbeat', 'test_request']);
});

test('no more heartbeats after they are disabled', async () => {
  const { clock, frames, ask, state } = await open('venue');
  ask('public/set_heartbeat', { interval: 10 });
  ask('public/disable_heartbeat');
  clock.advance(100e6);
  assert.equal(frames.length, 2);
  assert.equal(state.code, undefined);
});

test('credits run out with 10028 and come back with time; with limits off they never do', async () => {
  const { clock, ask } = await open('venue');
  for (let call = 0; call < 100; call++) assert.equal(ask('public/get_time').result, 'answered');
  const refused = ask('public/get_time');
  assert.equal(refused.error?.code, 10_028);
  assert.equal(refused.error?.data?.wait, 1);
  clock.advance(1e6);
  assert.equal(ask('public/get_time').result, 'answered');
  const free = await open('off');
  for (let call = 0; call < 300; call++) assert.equal(free.ask('public/get_time').result, 'answered');
});

test('a key has sixteen sessions at a time: those whose tokens are over, and those that were left, make room', async () => {
  const { clock, ask } = await open('off');
  const [hmac] = (await demoAccounts(1, 1, { spot: {}, usdm: {}, options: {}, deribit: {} }))[0]!.keys;
  const enter = (name: string): Frame => ask('public/auth', { grant_type: 'client_credentials', client_id: hmac!.key, client_secret: hmac!.secret, scope: `session:${name}` });
  for (let at = 0; at < 16; at++) assert.equal(enter(`s${at}`).error, undefined);
  assert.equal(enter('one-more').error?.code, 13_021);
  assert.equal(enter('s3').error, undefined, 'it is there already');
  clock.advance(901e6);
  assert.equal(enter('one-more').error, undefined);
  for (let at = 0; at < 15; at++) assert.equal(enter(`t${at}`).error, undefined);
  assert.equal(enter('again').error?.code, 13_021);
  ask('private/logout');
  assert.equal(enter('again').error, undefined);
});

test('silence for ten minutes ends a connection that has cancel-on-disconnect', async () => {
  const { clock, ask, state } = await open('off');
  const [hmac] = (await demoAccounts(1, 1, { spot: {}, usdm: {}, options: {}, deribit: {} }))[0]!.keys;
  assert.equal(ask('private/enable_cancel_on_disconnect').error?.code, 13_009);
  ask('public/auth', { grant_type: 'client_credentials', client_id: hmac!.key, client_secret: hmac!.secret });
  ask('private/enable_cancel_on_disconnect');
  clock.advance(590e6);
  ask('public/test');
  clock.advance(590e6);
  assert.equal(state.code, undefined);
  clock.advance(20e6);
  assert.equal(state.code, 1000);
});

test('troubles delay, replace and cut answers', async () => {
  let fate: RequestFate = { answerDelayUs: 3e6 };
  const { clock, frames, ask, state } = await open('off', { ...NO_TROUBLES, quiet: false, request: () => fate });
  assert.equal(ask('public/get_time'), undefined);
  clock.advance(3e6);
  assert.equal(frames.at(-1)!.result, 'answered');
  fate = { run: false, answer: new VenueError(-1008, 'busy') };
  assert.equal(ask('public/get_time').error?.code, 10_040);
  fate = { delayUs: 1e6, answer: new VenueError(-1007, 'timeout') };
  ask('public/get_time');
  clock.advance(1e6);
  assert.equal(frames.at(-1)!.error?.code, 10_001);
  fate = { cut: 'before-answer' };
  const before = frames.length;
  ask('public/get_time');
  assert.equal(frames.length, before);
  assert.equal(state.code, 1006);
});
