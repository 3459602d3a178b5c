import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { TapeWriter } from '../../../data/tape/index.js';
import { marketPart } from '../../../tools/ui/parts/market.js';
import { startUiServer } from '../../../tools/ui/server/server.js';
import { openSources } from '../../../tools/ui/sources/index.js';
import { decodeView, type MarketSymbols, type MarketTail } from '../../../tools/ui/wire/market.js';
import { STREAM_PROTOCOL, TOKEN_PROTOCOL, type StreamMessage } from '../../../tools/ui/wire/stream.js';
import { batchOf, headerOf, instrument, scratch, START_US } from '../market-view/made.js';

/** Only a hang takes so long. */
const PATIENCE_MS = 60_000;

test('what is asked of a market over HTTP and the websocket, and what is refused', async (t) => {
  const folder = scratch(t);
  const others = ['b', 'c', 'd'];
  const tape = join(folder, 'live.tape');
  const writer = TapeWriter.create(tape, headerOf([instrument(0, 'A')]), { writeTo: join(folder, 'live.tape.partial') });
  writer.append(batchOf([{ kind: 'trade', atUs: START_US, priceTicks: 7 }]), 0, 1);
  writer.flush();
  const sources = openSources({ env: { FAULTLINE_RUN_DIR: join(folder, 'run'), FAULTLINE_VAR_DIR: join(folder, 'var') }, tapes: [join(folder, 'live.tape.partial'), ...others.map((name) => join(folder, name))] });
  t.after(() => sources.close());
  const faults: unknown[] = [];
  const server = await startUiServer({ port: 0, sources, parts: [marketPart], onFault: (error) => faults.push(error) });
  t.after(() => server.close());
  const source = sources.list().sources.find(({ kind }) => kind === 'tape')!.id;
  const ask = (path: string, query: Record<string, string>, token = server.token): Promise<Response> => fetch(`${server.origin}/api/market/${path}?${new URLSearchParams(query).toString()}`, { headers: { authorization: `Bearer ${token}` } });
  const said = async (answer: Promise<Response>): Promise<string> => {
    const response = await answer;
    return `${response.status} ${((await response.json()) as { problem?: string }).problem ?? ''}`;
  };

  let symbols = (await (await ask('symbols', { source })).json()) as MarketSymbols;
  for (const end = Date.now() + PATIENCE_MS; symbols.progress.state === 'reading' && Date.now() < end;) symbols = (await (await ask('symbols', { source })).json()) as MarketSymbols;
  assert.deepEqual([symbols.progress.state, symbols.progress.growing, symbols.instruments.map(({ name, trades }) => [name, trades])], ['following', true, [['A', 1]]]);
  const view = { source, symbol: 'A', fromUs: String(START_US), toUs: String(START_US + 1e6), widthPx: '100', layers: 'trades,nothing', indicators: 'obi' };
  const answer = await ask('view', view);
  assert.equal(answer.status, 200);
  const { head, blocks } = decodeView(new Uint8Array(await answer.arrayBuffer()));
  assert.deepEqual([head.intervalSeconds, [...blocks.get('tradeP')!], blocks.has('obi.low'), blocks.has('vpin.low')], [1, [7], true, false]);

  assert.match(await said(ask('symbols', { source }, 'none')), /^401 /);
  assert.match(await said(ask('range', { source, symbol: 'B' })), /^404 there is no symbol 'B' here; there is A$/);
  assert.match(await said(ask('symbols', { source: 'tape:other' })), /^404 /);
  assert.match(await said(ask('symbols', { source: 'process:none' })), /^404 there is no source 'process:none' any more/);
  for (const wrong of [{ widthPx: '0' } as Record<string, string>, { widthPx: '1e9' }, { fromUs: 'NaN' }, { toUs: 'Infinity' }, { intervalSeconds: '-1' }, { source: '' }]) assert.match(await said(ask('view', { ...view, ...wrong })), /^400 /, JSON.stringify(wrong));
  assert.match(await said(ask('view', { ...view, toUs: view.fromUs })), /^404 the span ends before it begins/);

  const socket = new WebSocket(`${server.origin.replace('http', 'ws')}/api/stream`, [STREAM_PROTOCOL, `${TOKEN_PROTOCOL}${server.token}`], { origin: server.origin });
  t.after(() => socket.terminate());
  const heard: StreamMessage[] = [];
  const until = (found: (message: StreamMessage) => boolean): Promise<void> => new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not heard: ${JSON.stringify(heard)}`)), PATIENCE_MS);
    const look = (): void => {
      if (!heard.some(found)) return;
      clearTimeout(timer);
      socket.off('message', look);
      resolve();
    };
    socket.on('message', look);
    look();
  });
  socket.on('message', (data) => heard.push(JSON.parse((data as Buffer).toString('utf8')) as StreamMessage));
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const edge = (message: StreamMessage): MarketTail | undefined => (message.id === 1 && 'value' in message ? (message.value as MarketTail) : undefined);
  socket.send(JSON.stringify({ id: 1, subscribe: 'market.tail', params: { source, symbol: 'A' } }));
  socket.send(JSON.stringify({ id: 2, subscribe: 'market.tail', params: { source, symbol: 'B' } }));
  await until((message) => edge(message)?.lastTradeTicks === 7);
  await until((message) => message.id === 2 && 'error' in message && message.error.startsWith('there is no symbol'));
  // The edge moves by itself, and then there is an end.
  writer.append(batchOf([{ kind: 'trade', atUs: START_US + 5, priceTicks: 8 }]), 0, 1);
  writer.flush();
  await until((message) => edge(message)?.lastTradeTicks === 8);
  writer.close();
  await until((message) => edge(message)?.progress.state === 'whole');
  // A source that gives way to others says so to whoever looks at it.
  for (const other of others) assert.match(await said(ask('symbols', { source: `tape:${other}` })), /^422 /);
  await until((message) => edge(message)?.progress.state === 'stopped' && /others were opened since: choose it again/.test(edge(message)!.progress.notes[0]!));
  assert.deepEqual(faults, []);
});
