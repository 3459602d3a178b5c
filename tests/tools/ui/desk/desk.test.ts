import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { money, formatMoney } from '../../../../actors/account/money.js';
import { readyLine } from '../../../../tools/exchange/ready.js';
import { deskPart } from '../../../../tools/ui/parts/desk.js';
import { timePart } from '../../../../tools/ui/parts/time.js';
import { startUiServer, type UiServer } from '../../../../tools/ui/server/server.js';
import { openSources, type Sources } from '../../../../tools/ui/sources/index.js';
import type { Desk, DeskNews, DeskOutcome, DeskVerb, JournalPage } from '../../../../tools/ui/wire/desk.js';
import { ACTION_HEADER, STREAM_PROTOCOL, TOKEN_PROTOCOL } from '../../../../tools/ui/wire/stream.js';
import { EnginePlayground, HOLDING_CONFIG } from '../../../support/engine-process.js';
import { axe, closeBrowser, openPage } from '../../../support/open-browser.js';
import { openExchange, type OpenedExchange } from '../../../support/open-exchange.js';
import { PATIENCE_MS, type Served } from '../../../support/served.js';
import { RawClient } from '../../exchange/usdm/raw-client.js';

/** A busy machine may take its time. */
const PATIENT = { recvWindow: 60_000 };
const PLANTED = { FAULTLINE_BINANCE_LIVE_KEY: 'PLANTEDKEY7d1f', FAULTLINE_BINANCE_LIVE_SECRET: 'PLANTEDSECRET93aa', FAULTLINE_BINANCE_DEMO_KEY: 'PLANTEDDEMO55c0', FAULTLINE_BINANCE_DEMO_SECRET: 'PLANTEDDEMOSECRET11ee' };

describe('the desk of a real engine at a real exchange', () => {
  const ground = new EnginePlayground();
  const faults: unknown[] = [];
  /** Every byte that any route answered. */
  const answers: string[] = [];
  let opened: OpenedExchange;
  let hand: RawClient;
  let served: Served;
  let sources: Sources | undefined;
  let ui: UiServer;
  const source = 'process:engine';
  /** As it was live, with a position of two owners. */
  let held: Desk;
  let socket: WebSocket;
  const heard: DeskNews[] = [];

  before(async () => {
    opened = await openExchange({ speed: 1, seed: 3 });
    hand = new RawClient(opened);
    writeFileSync(ground.venue, `${JSON.stringify(readyLine(opened.exchange, opened.accounts, ''))}\n`);
    await hand.ok('POST', '/fapi/v1/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.002', price: await farBelow(), newClientOrderId: 'web-rests', ...PATIENT });
    served = ground.serve(ground.args('engine', HOLDING_CONFIG), { env: { ...ground.engineEnv, ...PLANTED } });
    sources = openSources({ env: { ...ground.env, ...ground.engineEnv }, lookMs: 100 });
    ui = await startUiServer({ port: 0, sources, parts: [deskPart, timePart], onFault: (error) => faults.push(error) });
    await served.until(() => served.stderr.includes('is ready'), 'the engine is ready');
  });
  after(async () => {
    await closeBrowser();
    // Also when `before` came half way only.
    await (ui as UiServer | undefined)?.close();
    sources?.close();
    await ground.close();
    await (opened as OpenedExchange | undefined)?.close();
    assert.deepEqual(faults, []);
    assert.deepEqual(opened.defects, []);
  });

  async function farBelow(): Promise<string> {
    const { bids } = await (await fetch(`${hand.rest}/fapi/v1/depth?symbol=BTCUSDT&limit=5`)).json() as { readonly bids: readonly (readonly [string, string])[] };
    return String(Math.floor(Number(bids[0]![0]) * 0.97));
  }
  async function get(path: string): Promise<{ readonly status: number; readonly text: string; readonly headers: Headers }> {
    const response = await fetch(`${ui.origin}/api/${path}`, { headers: { authorization: `Bearer ${ui.token}` }, signal: AbortSignal.timeout(PATIENCE_MS) });
    const text = await response.text();
    answers.push(text);
    return { status: response.status, text, headers: response.headers };
  }
  async function desk(of = source): Promise<Desk> {
    const { status, text } = await get(`desk?source=${encodeURIComponent(of)}`);
    assert.equal(status, 200, text);
    return JSON.parse(text) as Desk;
  }
  async function until(seen: (now: Desk) => boolean, what: string): Promise<Desk> {
    let last = '';
    for (const endMs = performance.now() + PATIENCE_MS; performance.now() < endMs;) {
      const { status, text } = await get(`desk?source=${source}`);
      last = text;
      if (status === 200 && seen(JSON.parse(text) as Desk)) return JSON.parse(text) as Desk;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`waited in vain: ${what}\n${last}`);
  }
  async function post(body: unknown, headers: Record<string, string> = {}): Promise<{ readonly status: number; readonly text: string }> {
    const response = await fetch(`${ui.origin}/api/desk/command`, {
      method: 'POST', headers: { 'authorization': `Bearer ${ui.token}`, 'content-type': 'application/json', [ACTION_HEADER]: ui.actionToken, ...headers }, body: JSON.stringify(body), signal: AbortSignal.timeout(3 * PATIENCE_MS),
    });
    const text = await response.text();
    answers.push(text);
    return { status: response.status, text };
  }
  async function act(verb: DeskVerb, args: Record<string, string | boolean>, confirm: string, id: string = randomUUID()): Promise<DeskOutcome> {
    const { status, text } = await post({ source, id, verb, args, confirm });
    assert.equal(status, 200, text);
    return JSON.parse(text) as DeskOutcome;
  }
  const journal = async (query: string): Promise<JournalPage> => JSON.parse((await get(`desk/journal?source=${source}&${query}`)).text) as JournalPage;
  /** Rows of a command in the record once its end is in it: the answer may be there before. */
  async function written(id: string, end: string): Promise<JournalPage['rows']> {
    for (const endMs = performance.now() + PATIENCE_MS; ;) {
      const rows = (await journal('kinds=commands')).rows.filter(({ key }) => key === id);
      if (rows.some(({ text }) => text.startsWith(end)) || performance.now() > endMs) return rows;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  const atVenue = async (): Promise<readonly string[]> => ((await hand.call('GET', '/fapi/v1/openOrders', { symbol: 'BTCUSDT', ...PATIENT })).body as readonly { readonly clientOrderId: string }[]).map(({ clientOrderId }) => clientOrderId);

  test('a position with its owner, its stop and its worth to the last unit; orders, limits, breakers, feeds and balances', async () => {
    socket = new WebSocket(`${ui.origin.replace('http', 'ws')}/api/stream`, [STREAM_PROTOCOL, `${TOKEN_PROTOCOL}${ui.token}`]);
    socket.on('open', () => socket.send(JSON.stringify({ id: 1, subscribe: 'desk', params: { source } })));
    socket.on('message', (data: Buffer) => {
      const text = data.toString();
      answers.push(text);
      heard.push((JSON.parse(text) as { readonly value: DeskNews }).value);
    });
    const now = await until(({ positions, truth, orders }) => positions.rows[0]?.stop.state === 'held' && truth[0]?.freshness === 'fresh' && orders.rows.some(({ trouble }) => trouble === 'foreign'), 'a position behind its stop, and the foreign order');
    assert.equal(now.kind, 'live');
    assert.deepEqual([now.standing.mode, now.standing.account, now.standing.paused], ['demo', 'main', null]);
    const [position] = now.positions.rows;
    assert.deepEqual([position!.product, position!.instrument, position!.side, position!.owners.map(({ who }) => who), position!.booked], ['usdm', 'BTCUSDT', 'long', ['eager'], null]);
    assert.equal(position!.owners[0]!.quantity, position!.quantity);
    const unit = 10n ** 18n;
    assert.equal(formatMoney((money(position!.mark) - money(position!.entry)) * money(position!.quantity) / unit), position!.unrealised);
    assert.equal(now.pnl.find(({ asset }) => asset === 'USDT')!.unrealised, position!.unrealised);
    assert.equal(position!.stop.quantity, position!.quantity);
    assert.ok(Number(position!.stop.triggers[0]) < Number(position!.entry));
    const stop = now.orders.rows.find(({ purpose }) => purpose === 'stop')!;
    assert.deepEqual([stop.owner, stop.trouble, stop.trigger], ['ours', null, position!.stop.triggers[0]]);
    const foreign = now.orders.rows.find(({ trouble }) => trouble === 'foreign')!;
    assert.deepEqual([foreign.clientId, foreign.owner, foreign.quantity, foreign.instrument], ['web-rests', 'foreign', '0.002', 'BTCUSDT']);
    assert.ok(now.attention.rows.some(({ severity, text }) => severity === 'bad' && text.includes('web-rests')));
    // The exchange's own numbers.
    const [held] = (await hand.call('GET', '/fapi/v2/positionRisk', { symbol: 'BTCUSDT', ...PATIENT })).body as readonly { readonly positionAmt: string; readonly entryPrice: string }[];
    assert.equal(money(position!.quantity), money(held!.positionAmt));
    // Averages are cut at different digits.
    assert.ok(Math.abs(Number(position!.entry) - Number(held!.entryPrice)) < 0.01, `${position!.entry} ${held!.entryPrice}`);
    assert.ok(now.limits.rows.some(({ bucket, left, limit }) => bucket === 'weight per 1m' && left !== null && limit !== null && left <= limit));
    assert.deepEqual(new Set(now.breakers.rows.map(({ state }) => state)), new Set(['closed']));
    assert.ok(now.feeds.rows.length >= 3 && now.feeds.rows.every(({ up, gaps }) => up && gaps === 0));
    assert.deepEqual(now.books.rows.map(({ instrument, state }) => [instrument, state]), [['BTCUSDT', 'LIVE']]);
    assert.deepEqual(now.userStreams.rows.map(({ product, live }) => [product, live]), [['usdm', true]]);
    assert.ok(now.balances.rows.some(({ asset, exchange, ledger, difference }) => asset === 'USDT' && money(exchange) === money(ledger) && difference === '0'), JSON.stringify(now.balances));
    assert.ok(now.differences.rows.some(({ kind, action, settledMs }) => kind === 'balanceMismatch' && action === 'setBalance' && settledMs !== null), 'the opening balance was a difference, and is settled');
    assert.deepEqual(now.missing, []);
  });

  test('what others hold in the account is told apart, and a stranger’s order is cancelled once, by its typed name', async () => {
    const { quantity } = (await desk()).positions.rows[0]!;
    await hand.ok('POST', '/fapi/v1/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.003', newClientOrderId: 'web-bought', ...PATIENT });
    const now = await until(({ positions: { rows } }) => rows[0]?.owners.length === 2 && rows[0].booked === null, 'a position of two owners');
    held = now;
    const [position] = now.positions.rows;
    assert.deepEqual(position!.owners.map(({ who, quantity: of, ours }) => [who, of, ours]), [['eager', quantity, true], ['foreign', '0.003', false]]);
    assert.equal(money(position!.quantity), money(quantity) + money('0.003'));

    const body = { source, id: 'ui-cancel-1', verb: 'cancel-order', args: { order: 'web-rests', foreign: true } };
    assert.equal((await post({ ...body, confirm: 'CANCEL FOREIGN web-rests engine' }, { [ACTION_HEADER]: ui.token })).status, 403);
    const unconfirmed = await post({ ...body, confirm: 'yes' });
    assert.deepEqual([unconfirmed.status, unconfirmed.text.includes('CANCEL FOREIGN web-rests engine')], [409, true]);
    assert.ok((await atVenue()).includes('web-rests'), 'nothing was cancelled without the second token and the name');
    // A double click, and a reload afterwards.
    const [once, twice] = await Promise.all([act('cancel-order', body.args, 'CANCEL FOREIGN web-rests engine', body.id), act('cancel-order', body.args, 'CANCEL FOREIGN web-rests engine', body.id)]);
    assert.deepEqual([once.state, once], ['done', twice]);
    assert.deepEqual(await act('cancel-order', body.args, 'CANCEL FOREIGN web-rests engine', body.id), once);
    assert.ok(!(await atVenue()).includes('web-rests'));
    const other = await act('cancel-order', { order: 'web-rests', foreign: false }, 'CANCEL web-rests engine', body.id);
    assert.deepEqual([other.state, other.text.includes('another command')], ['refused', true]);
    const [row, ...others] = await written('ui-cancel-1', 'cancel-order done');
    assert.match(row!.text, /^cancel-order done by .*ui:[0-9a-f]{8}/);
    assert.deepEqual(others, []);
  });

  test('the topic tells about once a second; a source without a desk says why', async () => {
    for (const endMs = performance.now() + PATIENCE_MS; heard.length < 2 && performance.now() < endMs;) await new Promise((resolve) => setTimeout(resolve, 20));
    socket.close();
    const times = heard.map((news) => (news.ok ? news.desk.atUs : 0));
    assert.ok(times[1]! > times[0]! && times[0]! > 0);
    assert.deepEqual([(await get('desk?source=process:nobody')).status, (await get('desk?source=run:none')).status, (await get('desk?source=tape:x')).status], [404, 404, 404]);
  });

  const seqs = async (): Promise<number[]> => (await journal('limit=500')).rows.map(({ seq }) => seq);
  async function pages(first: number): Promise<number[]> {
    const paged: number[] = [];
    for (let before: number | null = first; before !== null;) {
      const page: JournalPage = await journal(`limit=3&before=${before}`);
      assert.ok(page.rows.length <= 3);
      paged.push(...page.rows.map(({ seq }) => seq));
      before = page.before;
    }
    return paged;
  }

  test('the journal in pages, by kind, symbol, text and time, and as CSV', async () => {
    const whole = await journal('limit=500');
    assert.equal(whole.before, null);
    const kinds = new Set(whole.rows.map(({ kind }) => kind));
    for (const kind of ['sessions', 'orders', 'fills', 'transitions', 'commands', 'trades']) assert.ok(kinds.has(kind as never), kind);
    assert.deepEqual(whole.rows.map(({ seq }) => seq), whole.rows.map(({ seq }) => seq).sort((a, b) => b - a));
    // The engine goes on: a row that is written again moves to the front while the pages are read.
    for (let before: readonly number[] = [], after = await seqs(); ;) {
      before = after;
      const paged = await pages(before[0]! + 1);
      after = await seqs();
      if (before.length !== after.length || before.some((seq, at) => seq !== after[at])) continue;
      assert.deepEqual(paged, before);
      break;
    }
    const fills = await journal('kinds=fills&symbol=btcusdt');
    assert.ok(fills.rows.length >= 2 && fills.rows.every(({ kind, instrument }) => kind === 'fills' && instrument === 'BTCUSDT'));
    assert.deepEqual((await journal('symbol=ETHUSDT')).rows, []);
    // The book may have filled it in parts.
    const bought = (await journal('text=WEB-BOUGHT&kinds=fills')).rows;
    assert.ok(bought.length >= 1 && bought.every((row) => JSON.stringify(row).includes('web-bought')));
    const { atUs } = whole.rows.at(-1)!;
    assert.ok((await journal(`to=${Math.floor(atUs / 1000) + 1}`)).rows.every((row) => row.atUs <= atUs + 1000));
    assert.deepEqual((await journal(`from=${Math.floor(Date.now() * 10)}`)).rows, []);
    const csv = await get(`desk/journal.csv?source=${source}&kinds=commands`);
    assert.match(csv.headers.get('content-disposition')!, /attachment; filename="journal-process-engine\.csv"/);
    const lines = csv.text.replace(/^\uFEFF/, '').split('\r\n');
    assert.equal(lines[0], 'seq,time_utc,kind,key,instrument,text,row');
    assert.ok(lines[1]!.includes(',commands,ui-cancel-1,') && lines.at(-1) === '');
    assert.equal((await get(`desk/journal?source=${source}&limit=999`)).status, 400);
  });

  test('in a browser: attention first, buttons that say why they are off, and a command only after its typed confirmation', async (t) => {
    const page = await openPage(t);
    if (page === undefined) return;
    await page.goto(`${ui.origin}/?source=${source}&view=desk#token=${ui.token}`);
    await page.getByRole('region', { name: 'Needs attention' }).getByText('of it is foreign').waitFor();
    const close = page.getByRole('button', { name: 'close BTCUSDT' });
    assert.deepEqual([await close.isDisabled(), (await close.getAttribute('title'))!.includes('action token')], [true, true]);
    await page.goto('about:blank');
    await page.goto(`${ui.origin}/?source=${source}&view=desk#token=${ui.token}&action=${ui.actionToken}`);
    await page.getByRole('button', { name: 'Refresh' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('to confirm').fill('refresh engine');
    assert.equal(await dialog.getByRole('button', { name: 'Refresh' }).isDisabled(), true, 'another case is another phrase');
    await dialog.getByLabel('to confirm').fill('REFRESH engine');
    await page.keyboard.press('Enter');
    await page.getByText('the exchange was read and reconciled').waitFor();
    // The table keeps focus while values come in.
    await page.getByRole('button', { name: 'close BTCUSDT' }).focus();
    const { atUs } = await desk();
    await until((now) => now.atUs > atUs + 2_500_000, 'some values later');
    assert.equal(await page.evaluate('document.activeElement.getAttribute("aria-label")'), 'close BTCUSDT');
    const { rows } = await journal('kinds=commands&text=refresh');
    assert.equal(rows.length, 1);
    assert.match(rows[0]!.key, /^ui-[0-9a-f-]{36}$/);
    answers.push(await page.content());
    for (const [colorScheme, width] of [['dark', 1280], ['light', 390]] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      assert.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth && document.querySelector("main").scrollWidth <= innerWidth'), `nothing is wider than ${width} px`);
    }
    assert.deepEqual(await axe(page), []);
    assert.deepEqual(page.problems, []);
  });

  test('a pause and a close by typed confirmation; a killed engine’s desk is its record, marked as past', async () => {
    const reason = '=HYPERLINK("http://evil/","<img src=x onerror=alert(1)>")';
    assert.equal((await act('pause', { reason }, 'PAUSE engine')).state, 'done');
    const paused = await until(({ standing }) => standing.paused !== null, 'it is paused');
    assert.match(paused.standing.paused!.by, /ui:[0-9a-f]{8}/);
    assert.ok(paused.attention.rows.some(({ id, text }) => id === 'paused' && text.includes(reason)));
    assert.ok(paused.guards.rows.some(({ guard }) => guard === 'operator_pause'));
    assert.equal((await act('close-symbol', { instrument: 'NOSUCH' }, 'CLOSE NOSUCH engine')).state, 'refused');
    const closed = await act('close-symbol', { instrument: 'BTCUSDT', product: 'usdm' }, 'CLOSE BTCUSDT usdm engine');
    assert.deepEqual([closed.state, closed.text], ['done', 'flat, and the exchange says so'], closed.answer);
    const flat = await until(({ positions, orders }) => positions.rows.length === 0 && orders.rows.length === 0, 'nothing is held and nothing works');
    const usdt = flat.pnl.find(({ asset }) => asset === 'USDT')!;
    assert.deepEqual([usdt.dayTrades, usdt.day, usdt.unrealised], [1, usdt.run, '0']);
    assert.notEqual(usdt.day, '0');
    const csv = (await get(`desk/journal.csv?source=${source}&kinds=commands&text=pause`)).text;
    assert.ok(!/(^|,|\n)=/.test(csv) && csv.includes('HYPERLINK'), 'a cell that a spreadsheet could take for a formula');

    // Books go to the record half a second after a change; what is written after them is there no sooner.
    await until(({ atUs }) => atUs > flat.atUs + 1_000_000, 'a second later');
    await act('refresh', {}, 'REFRESH engine', 'ui-last');
    await written('ui-last', 'refresh done');
    served.child.kill('SIGKILL');
    await served.ended;
    const gone = await get(`desk?source=${source}`);
    assert.equal(gone.status, 503, gone.text);
    assert.equal((await post({ source, id: 'after', verb: 'resume', args: {}, confirm: 'RESUME engine' })).status, 503);
    const run = `run:${flat.standing.run}`;
    for (const endMs = performance.now() + PATIENCE_MS; performance.now() < endMs && (await get(`desk?source=${run}`)).status !== 200;) await new Promise((resolve) => setTimeout(resolve, 50));
    const past = await desk(run);
    assert.equal(past.kind, 'past');
    assert.match(past.note, /killed.*not the exchange’s word/);
    assert.equal(past.standing.paused!.reason, reason);
    assert.deepEqual([past.positions.rows, past.orders.rows], [[], []]);
    assert.equal(past.pnl.find(({ asset }) => asset === 'USDT')!.day, usdt.day);
    assert.ok(((JSON.parse((await get(`desk/journal?source=${run}&kinds=trades`)).text)) as JournalPage).rows.length > 0);
  });

  test('at a moment of the past the desk is what it was then', async () => {
    const run = `run:${held.standing.run}`;
    const seek = async (to: string): Promise<{ readonly key: string; readonly atUs: number }> => JSON.parse((await get(`time/seek?source=${run}&${to}`)).text) as { readonly key: string; readonly atUs: number };
    // It is played from its beginning first.
    for (const endMs = performance.now() + PATIENCE_MS; performance.now() < endMs && !((await seek('end=true')).atUs > held.atUs);) await new Promise((resolve) => setTimeout(resolve, 50));
    const { key } = await seek(`atUs=${held.atUs}`);
    const { status, text } = await get(`desk/at?source=${run}&at=${key}`);
    assert.equal(status, 200, text);
    const then = JSON.parse(text) as Desk;
    assert.equal(then.kind, 'instant');
    assert.match(then.note, /As a replay of the run/);
    const facts = ({ positions, standing, truth, balances }: Desk): unknown => ({
      positions: positions.rows.map(({ instrument, quantity, entry, owners, stop }) => ({ instrument, quantity, entry, owners, stop })), mode: standing.mode, paused: standing.paused, fresh: truth.map(({ freshness }) => freshness), balances: balances.rows,
    });
    assert.deepEqual(facts(then), facts(held));
    assert.deepEqual(then.orders.rows.map(({ key: of, state, trouble }) => [of, state, trouble]), held.orders.rows.map(({ key: of, state, trouble }) => [of, state, trouble]));
    const dayOf = ({ pnl }: Desk): unknown => pnl.map(({ asset, day, dayFees, dayTrades }) => [asset, day, dayFees, dayTrades]);
    assert.deepEqual(dayOf(then), dayOf(held), 'the day’s result too');
    assert.equal((await get(`desk/at?source=${run}&at=nowhere`)).status, 404);
  });

  test('no secret was in any answer', () => {
    const keys = opened.accounts.all.flatMap(({ keys: all }) => all.flatMap(({ key, secret }) => [key, ...(secret === undefined || secret === null ? [] : [secret])]));
    const secrets = [...keys, ...Object.values(PLANTED), ui.token, ui.actionToken];
    assert.ok(answers.length > 20 && secrets.every((secret) => secret.length >= 12));
    for (const answer of answers) for (const secret of secrets) assert.ok(!answer.includes(secret), `a secret in: ${answer.slice(0, 200)}`);
  });
});
