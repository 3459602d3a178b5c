import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Json } from '../../../actors/engine/io.js';
import { parseCommand } from '../../../actors/operator/commands.js';
import { coin, Desk, order, perp, stop } from './desk.js';

const row = (desk: Desk, id: string) => desk.rows.filter((each) => each.table === 'commands' && each.key === id).map(({ row: columns }) => columns['state']);
const snapshot = (desk: Desk): unknown => JSON.parse(JSON.stringify(desk.rows.findLast((each) => each.table === 'snapshots' && each.key === 'operator')?.row ?? null));

test('pause closes the gate, withdraws entries and nothing else, and only resume ends it', () => {
  const desk = new Desk();
  desk.world.orders = [order('fl-entry'), stop('fl-stop'), order('fl-target', { purpose: 'target', reduceOnly: true }), order('web', { owner: 'foreign' })];
  desk.enter('before').command('pause', { reason: 'lunch' });
  assert.equal(desk.answer.ok, true);
  assert.deepEqual(desk.world.orders.map(({ clientId }) => clientId), ['fl-stop', 'fl-target', 'web']);
  assert.ok(desk.world.log.includes('account order.cancel before'));
  assert.deepEqual(desk.paused, ['paused by tester: lunch']);
  assert.equal(desk.enter('during').fate('during'), 'trading_disabled');
  desk.wait(3_600_000);
  assert.equal(desk.enter('later').fate('later'), 'trading_disabled');
  desk.command('resume');
  assert.equal(desk.enter('after').fate('after'), 'granted');
  assert.equal(desk.paused.at(-1), 'open');
});

test('a pause outlives the process, and a record of it that cannot be read pauses too', () => {
  const first = new Desk().command('pause', { reason: 'night' });
  const second = new Desk({ recovered: snapshot(first) });
  assert.deepEqual(second.paused, ['paused by tester: night']);
  assert.equal(second.enter('a').fate('a'), 'trading_disabled');
  second.command('resume');
  const third = new Desk({ recovered: snapshot(second) });
  assert.equal(third.enter('a').fate('a'), 'granted');
  assert.equal(new Desk({ recovered: { pause: 7 } }).enter('a').fate('a'), 'trading_disabled');
});

test('an account that begins anew is paused again', () => {
  const desk = new Desk().command('pause');
  desk.runtime.send('/account', { type: 'entry.request', id: 'x', owner: '/owner', strategy: 's', symbol: 0, side: 'buy', kind: 'limit', get priceTicks(): number { throw new Error('crash'); }, timeInForce: 'GTC', equityShare: 1, seq: 1, dueUs: 0 });
  desk.runtime.send('/account', { type: 'order.fill', get id(): string { throw new Error('crash'); } });
  desk.runtime.drain();
  desk.wait(1000);
  assert.equal(desk.runtime.inspect('/account')!.incarnation > 0, true);
  assert.equal(desk.enter('a').fate('a'), 'trading_disabled');
});

test('a command is carried out once for an id, whoever asks again, also in the next run', () => {
  const desk = new Desk().command('pause', { reason: 'one' }, 'p').command('resume', {}, 'r').command('pause', { reason: 'one' }, 'p');
  assert.equal(desk.answers.length, 3);
  assert.deepEqual(desk.answers[2], desk.answers[0]);
  assert.equal(desk.enter('a').fate('a'), 'granted', 'the pause was carried out again');
  desk.command('resume', {}, 'p');
  assert.deepEqual(desk.answer, { id: 'p', ok: false, answer: { refused: 'the id p was another command\'s' } });
  const next = new Desk({ recovered: snapshot(desk) }).command('pause', { reason: 'one' }, 'p');
  assert.equal(next.enter('a').fate('a'), 'granted');
  assert.deepEqual(row(desk, 'p'), ['accepted', 'done']);
  assert.equal(desk.rows.find((each) => each.key === 'p')?.row['issuer'], 'tester');
});

test('a stop that is asked for again ends no later process', () => {
  const desk = new Desk().command('stop', {}, 's').wait(15_000);
  assert.equal(typeof desk.answer.answer['end'], 'object');
  const next = new Desk({ recovered: snapshot(desk) }).command('stop', {}, 's').wait(15_000);
  assert.equal(next.answer.ok, true);
  assert.equal(next.answer.answer['end'], undefined);
  assert.equal(next.enter('a').fate('a'), 'granted');
});

test('what is no command is refused in words, written down, and changes nothing', () => {
  for (const [verb, args] of [['sell', {}], ['pause', { reason: 7 }], ['pause', { why: 'x' }], ['stop', { flatten: 'yes' }], ['close-symbol', {}], ['close-symbol', { instrument: 'XRPUSDT' }], ['cancel-all', { foreign: 1 }], ['__proto__', {}], ['constructor', {}]] as const) {
    const desk = new Desk().command(verb, args as { readonly [name: string]: Json }, 'bad');
    assert.equal(desk.answer.ok, false, verb);
    assert.equal(typeof desk.answer.answer['refused'], 'string');
    assert.deepEqual(row(desk, 'bad'), ['refused']);
    assert.deepEqual([desk.world.log, desk.paused], [[], []]);
  }
});

test('any JSON as a command is understood or refused', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.constantFrom('pause', 'stop', 'close-symbol', 'cancel-all', 'status')), fc.jsonValue(), (verb, args) => {
    const parsed = parseCommand({ type: 'command', id: 'x', verb, args: args as { readonly [name: string]: Json }, issuer: '' }, [perp, coin]);
    assert.ok(parsed.ok || parsed.problem.length > 0);
  }), { numRuns: 300 });
});

test('cancel-all spares stops and what is not ours; with foreign, it takes these too', () => {
  const orders = [order('fl-entry'), stop('fl-stop'), order('fl-target', { purpose: 'target', reduceOnly: true }), order('web', { owner: 'foreign' }), order('autoclose-1', { owner: 'foreign' })];
  const desk = new Desk();
  desk.world.orders = [...orders];
  desk.command('cancel-all').wait(1000);
  assert.equal(desk.answer.ok, true);
  assert.deepEqual(desk.world.orders.map(({ clientId }) => clientId), ['fl-stop', 'web', 'autoclose-1']);
  desk.command('cancel-all', { foreign: true }).wait(1000);
  assert.deepEqual(desk.answer.answer['foreign'], { cancelled: 1, refused: [], unanswered: 0 });
  assert.deepEqual(desk.world.orders.map(({ clientId }) => clientId), ['fl-stop', 'autoclose-1']);
});

test('close-all: pause, entries and targets first, then every position on its own, the stop last', () => {
  const desk = new Desk();
  desk.world.orders = [order('fl-entry'), order('fl-target', { purpose: 'target', reduceOnly: true }), stop('fl-stop')];
  desk.world.positions = [{ symbol: 0, positionSide: 'LONG', signedLots: 7 }, { symbol: 0, positionSide: 'SHORT', signedLots: -3 }];
  desk.command('close-all').wait(5000);
  assert.equal(desk.answer.ok, true);
  assert.equal(desk.answer.answer['flat_confirmed'], true);
  const steps = desk.world.log;
  assert.deepEqual(steps, ['cancel fl-entry', 'cancel fl-target', 'pace true', 'sell 7 0 LONG reduce', 'buy 3 0 SHORT reduce', 'cancel fl-stop', 'pace false']);
  assert.equal(desk.enter('a').fate('a'), 'trading_disabled');
  assert.deepEqual((desk.answer.answer['results'] as readonly { readonly outcome: string }[]).map(({ outcome }) => outcome), ['submitted', 'submitted']);
});

test('a close that is refused is tried again, but only on a truth that is younger than the refusal', () => {
  const desk = new Desk();
  desk.world.positions = [{ symbol: 0, positionSide: 'BOTH', signedLots: 7 }];
  desk.world.refusals = 2;
  desk.world.lagMs = 1000;
  desk.command('close-all').wait(1500);
  assert.equal(desk.world.log.filter((each) => each.startsWith('sell')).length, 1, 'sent again before anybody looked');
  desk.wait(10_000);
  assert.equal(desk.world.log.filter((each) => each.startsWith('sell')).length, 3);
  assert.equal(desk.answer.answer['flat_confirmed'], true);
});

test('what cannot be closed is said after a minute, position by position', () => {
  const desk = new Desk();
  desk.world.positions = [{ symbol: 0, positionSide: 'BOTH', signedLots: -7 }];
  desk.world.refusals = 1_000_000;
  desk.command('close-symbol', { instrument: 'BTCUSDT', product: 'usdm' }).wait(65_000);
  assert.equal(desk.answer.ok, false);
  assert.deepEqual(desk.answer.answer['remaining_positions'], [{ instrument: 'BTCUSDT', positionSide: 'BOTH', signedLots: -7 }]);
  assert.deepEqual((desk.answer.answer['results'] as readonly { readonly outcome: string; readonly problem: string }[]).map(({ outcome, problem }) => [outcome, problem]), [['rejected', '-2010 refused']]);
});

test('on spot only what our ledger bought is sold, after its stop has let go of it', () => {
  const desk = new Desk();
  desk.world.orders = [stop('fl-oco', { symbol: 1 }), stop('fl-perp')];
  desk.world.holdings = [{ symbol: 1, asset: 'BTC', quantity: '0.0125' }];
  desk.command('close-symbol', { instrument: 'BTCUSDT', product: 'spot' }).wait(5000);
  assert.deepEqual(desk.world.log.filter((each) => !each.startsWith('pace')), ['cancel fl-oco', 'sell 12 1 BOTH reduce']);
  assert.equal(desk.answer.answer['flat_confirmed'], true);
  assert.deepEqual(desk.world.orders.map(({ clientId }) => clientId), ['fl-perp']);
});

test('a trade of the account is closed by the account, once', () => {
  const desk = new Desk();
  desk.enter('t');
  desk.send('/account', { type: 'order.fill', id: 't', symbol: 0, seq: 2, atUs: 1, priceTicks: 100_000, lots: 100, remainingLots: 0, liquidity: 'taker', reason: 'took_book' });
  desk.world.positions = [{ symbol: 0, positionSide: 'BOTH', signedLots: 100 }];
  desk.command('close-all').wait(3000);
  assert.equal(desk.answers.length, 0);
  const exit = desk.world.log.find((each) => each.startsWith('account order.new /account'))!.split(' ')[2]!;
  assert.ok(!desk.world.log.some((each) => each.startsWith('sell')), 'the operator doubled the exit');
  desk.world.positions = [];
  desk.send('/account', { type: 'order.fill', id: exit, symbol: 0, seq: 3, atUs: 2, priceTicks: 100_000, lots: 100, remainingLots: 0, liquidity: 'taker', reason: 'took_book' }).wait(1000);
  assert.equal(desk.answer.answer['flat_confirmed'], true);
});

test('in paper, close-all closes the trades of the simulated venue', () => {
  const desk = new Desk({ venue: false });
  desk.enter('t');
  desk.send('/account', { type: 'order.fill', id: 't', symbol: 0, seq: 2, atUs: 1, priceTicks: 100_000, lots: 100, remainingLots: 0, liquidity: 'taker', reason: 'took_book' });
  desk.command('close-all').wait(500);
  assert.equal(desk.answers.length, 0);
  const exit = desk.world.log.find((each) => each.startsWith('account order.new /account'))!.split(' ')[2]!;
  desk.send('/account', { type: 'order.fill', id: exit, symbol: 0, seq: 3, atUs: 2, priceTicks: 100_000, lots: 100, remainingLots: 0, liquidity: 'taker', reason: 'took_book' }).wait(1000);
  assert.deepEqual([desk.answer.ok, desk.answer.answer['flat_confirmed']], [true, true]);
});

test('one close at a time, and no resume while it is under way', () => {
  const desk = new Desk();
  desk.world.positions = [{ symbol: 0, positionSide: 'BOTH', signedLots: 1 }];
  desk.world.refusals = 1_000_000;
  desk.command('close-all', {}, 'first').wait(1000).command('close-all', {}, 'second').command('resume', {}, 'third');
  assert.deepEqual(desk.answers.map(({ id, ok }) => [id, ok]), [['second', false], ['third', false]]);
  desk.command('close-all', {}, 'first').wait(65_000);
  assert.deepEqual(desk.answers.slice(2).map(({ id }) => id), ['first']);
});

test('stop withdraws entries, keeps stops and positions, and says that the process is to end; the pause stays as it was', () => {
  const desk = new Desk();
  desk.world.orders = [order('fl-entry'), stop('fl-stop')];
  desk.world.positions = [{ symbol: 0, positionSide: 'BOTH', signedLots: 7 }];
  desk.command('stop', { reason: 'evening' }).wait(1000);
  assert.deepEqual(desk.answer.answer['end'], { exit: 'ok', reason: 'evening (tester)' });
  assert.deepEqual(desk.world.orders.map(({ clientId }) => clientId), ['fl-stop']);
  assert.deepEqual(desk.world.positions.map(({ signedLots }) => signedLots), [7]);
  assert.equal(desk.enter('a').fate('a'), 'trading_disabled');
  assert.equal(desk.command('pause').answer.answer['refused'], 'the engine is stopping');
  assert.equal(new Desk({ recovered: snapshot(desk) }).enter('a').fate('a'), 'granted');
});

test('stop --flatten closes first', () => {
  const desk = new Desk();
  desk.world.orders = [stop('fl-stop')];
  desk.world.positions = [{ symbol: 0, positionSide: 'BOTH', signedLots: 7 }];
  desk.command('stop', { flatten: true }).wait(5000);
  assert.deepEqual(desk.world.log.filter((each) => !each.startsWith('pace')), ['sell 7 0 BOTH reduce', 'cancel fl-stop']);
  assert.deepEqual(desk.answer.answer['end'], { exit: 'ok', reason: 'an operator stopped it (tester)' });
});

test('a record that cannot be written ends openings and then the process; by configuration positions are closed first', () => {
  for (const whenRecordFails of ['hold', 'flatten'] as const) {
    const desk = new Desk({ whenRecordFails });
    desk.world.orders = [order('fl-entry'), stop('fl-stop')];
    desk.world.positions = [{ symbol: 0, positionSide: 'BOTH', signedLots: 7 }];
    desk.send('/operator', { type: 'store.failed', problem: 'no space left' }).send('/operator', { type: 'store.failed', problem: 'again' });
    assert.equal(desk.enter('a').fate('a'), 'trading_disabled');
    desk.wait(5000);
    assert.deepEqual(desk.answer.answer['end'], { exit: 'journalFailed', reason: 'no space left (the record)' });
    assert.equal(desk.answers.length, 1);
    assert.deepEqual(desk.world.positions.map(({ signedLots }) => signedLots), [whenRecordFails === 'hold' ? 7 : 0]);
    assert.equal(desk.command('resume').answer.ok, false);
  }
});

test('refresh has the form of the sources', () => {
  const desk = new Desk().command('refresh').wait(10);
  assert.deepEqual(desk.answer, {
    id: 'c1', ok: true,
    answer: { title: 'portfolio refreshed', staleness: 'Fresh', balances: 2, positions: 0, open_order_groups: 0, last_event: 'app.portfolio.refreshed', products: [{ product: 'usdm', ok: true, problem: '' }] },
  });
  desk.world.refreshOk = false;
  assert.equal(desk.command('refresh').answer.ok, false);
});

test('status and health answer, and say who does not', () => {
  const desk = new Desk().command('status').command('health');
  assert.deepEqual(desk.answers.map(({ ok }) => ok), [true, true]);
  assert.deepEqual(desk.answers[0]!.answer && (desk.answers[0]!.answer as { readonly missing: readonly string[] }).missing, []);
  assert.deepEqual((desk.answer.answer as { readonly ok: boolean }).ok, true);
  assert.deepEqual(desk.rows, [], 'questions are not written down');
});

test('a close that somebody else has under way is waited for, not doubled', () => {
  const desk = new Desk();
  desk.world.positions = [{ symbol: 0, positionSide: 'BOTH', signedLots: 7 }];
  const intent = { id: 'guard', clientId: 'fl-guard', product: 'usdm', symbol: 0, service: 'order', side: 'sell', positionSide: 'BOTH', kind: 'market', priceTicks: 0, triggerTicks: 0, lots: 7, timeInForce: 'IOC', reduceOnly: true, reduces: null, owner: '', listId: null, createdMs: 0 } as const;
  const news = { type: 'order.changed', intent, state: 'journalling', previous: null, venueId: '', filledLots: 0, reason: '', atMs: 0 } as const;
  desk.send('/operator', news).command('close-all').wait(5000);
  assert.deepEqual(desk.world.log.filter((each) => each.startsWith('sell')), []);
  desk.send('/operator', { ...news, state: 'rejected', previous: 'journalling' }).wait(3000);
  assert.equal(desk.world.log.filter((each) => each.startsWith('sell')).length, 1);
  assert.equal(desk.answer.answer['flat_confirmed'], true);
});

test('000-072: a name of several markets means the one with a position, else futures; two with positions are for a person to tell apart', () => {
  const named = { instrument: 'BTCUSDT' };
  const spot = new Desk();
  spot.world.holdings = [{ symbol: 1, asset: 'BTC', quantity: '0.0125' }];
  spot.command('close-symbol', named).wait(5000);
  assert.deepEqual(spot.world.log.filter((each) => !each.startsWith('pace')), ['sell 12 1 BOTH reduce']);
  assert.equal(spot.answer.answer['outcome'], 'submitted');

  const none = new Desk().command('close-symbol', named).wait(5000);
  assert.deepEqual([none.answer.ok, none.answer.answer['outcome'], none.answer.answer['results']], [true, 'skipped_no_position', [{ instrument: 'BTCUSDT', outcome: 'skipped_no_position' }]]);

  const both = new Desk();
  both.world.holdings = [{ symbol: 1, asset: 'BTC', quantity: '0.0125' }];
  both.world.positions = [{ symbol: 0, positionSide: 'BOTH', signedLots: 7 }];
  both.command('close-symbol', named).wait(5000);
  assert.deepEqual([both.answer.ok, both.answer.answer['refused']], [false, 'it is traded in usdm and spot, and both have a position: say which, with --product']);
  assert.deepEqual([both.world.log, both.paused], [[], []], 'refused, and something was done');

  const unread = new Desk();
  unread.world.unread = true;
  unread.command('close-symbol', named).wait(5000);
  assert.match(JSON.stringify(unread.answer.answer['refused']), /positions are not known now/);

  const paper = new Desk({ venue: false }).command('close-symbol', named).wait(5000);
  assert.equal(paper.answer.answer['outcome'], 'skipped_no_position');
});

test('000-070: close-all goes on past an instrument that cannot be closed, and says of each what became of it', () => {
  const desk = new Desk();
  desk.world.positions = [{ symbol: 0, positionSide: 'BOTH', signedLots: 7 }];
  desk.world.holdings = [{ symbol: 1, asset: 'BTC', quantity: '0.0125' }];
  desk.world.refuses = [0];
  desk.command('close-all').wait(65_000);
  const { results, ...batch } = desk.answer.answer as { readonly results: readonly { readonly outcome: string; readonly problem: string }[] };
  assert.deepEqual(results.map(({ outcome, problem }) => [outcome, problem]), [['rejected', '-2010 refused'], ['submitted', '']]);
  assert.deepEqual(batch, {
    command: 'close-all', batch_id: 1, submitted: 1, skipped: 0, rejected: 1, outcome: 'batch_completed', flat_confirmed: false,
    remaining_positions: [{ instrument: 'BTCUSDT', positionSide: 'BOTH', signedLots: 7 }], remaining_gross_exposure_usdt: null,
  });
  assert.ok(desk.world.log.includes('sell 12 1 BOTH reduce'));
  const nothing = new Desk().command('close-all').wait(5000);
  assert.deepEqual([nothing.answer.answer['submitted'], nothing.answer.answer['skipped'], nothing.answer.answer['rejected']], [0, 1, 0]);
  const system = new Desk({ whenRecordFails: 'flatten' });
  system.send('/operator', { type: 'store.failed', problem: 'full' }).wait(5000);
  assert.equal((system.answer.answer['flat'] as { readonly batch_id: number }).batch_id, 2);
});

test('000-073: an execution is told when what there is to close was read, and again with what it left', () => {
  const desk = new Desk();
  desk.world.positions = [{ symbol: 0, positionSide: 'BOTH', signedLots: -200 }];
  desk.world.lagMs = 1000;
  desk.command('close-all', {}, 'x').wait(900);
  assert.deepEqual(desk.events, [], 'told before anything was read');
  desk.wait(10_000);
  assert.deepEqual(desk.events, [
    { control: 'event', event: 'app.execution.started', id: 'x', command: 'close-all', instrument: null, positions: 1 },
    { control: 'event', event: 'app.execution.completed', id: 'x', command: 'close-all', remaining_positions: 0, flat_confirmed: true, remaining_gross_exposure_usdt: '0' },
  ]);
  desk.command('status');
  assert.equal((desk.answer.answer['last_event'] as { readonly kind: string }).kind, 'app.execution.completed');

  // 0.2 BTC at the market's 12,000.0, or where the market is not known at what the account entered for.
  const left = new Desk();
  left.world.positions = [{ symbol: 0, positionSide: 'BOTH', signedLots: -200 }];
  left.world.refuses = [0];
  left.world.markTicks = { 0: 120_000 };
  left.command('close-all').wait(65_000);
  assert.equal(left.answer.answer['remaining_gross_exposure_usdt'], '2400');
  assert.deepEqual(left.events.at(-1), { control: 'event', event: 'app.execution.completed', id: 'c1', command: 'close-all', remaining_positions: 1, flat_confirmed: false, remaining_gross_exposure_usdt: '2400' });
});

test('000-077: a refresh is an event of the journal, and the last event is shown', () => {
  const desk = new Desk().command('refresh').wait(10);
  assert.deepEqual(desk.events, [{ control: 'event', event: 'app.portfolio.refreshed', id: 'c1', ok: true, staleness: 'Fresh' }]);
  desk.command('health');
  assert.equal((desk.answer.answer['last_event'] as { readonly kind: string }).kind, 'app.portfolio.refreshed');
});

test('000-075: a key that the venue will not have makes the engine not well', () => {
  const desk = new Desk();
  desk.world.errors = {
    counts: { AuthenticationFailed: 3, RemoteReject: 9 },
    standing: [
      { kind: 'AuthenticationFailed', severity: 'critical', status: 401, code: -2015, text: 'Invalid API-key.', product: 'usdm', class: 'order', path: '/fapi/v1/order', atUs: 1 },
      { kind: 'RemoteReject', severity: 'warning', status: 400, code: -2010, text: 'no', product: 'spot', class: 'order', path: '/api/v3/order', atUs: 1 },
    ],
  };
  desk.command('health');
  const { ok, problems } = desk.answer.answer as unknown as { readonly ok: boolean; readonly problems: readonly string[] };
  assert.deepEqual([ok, problems], [false, ['AuthenticationFailed at usdm /fapi/v1/order: 401, -2015 Invalid API-key.']]);
});

test('resolve gives up orders of which the exchange knows nothing, after it was read anew, with who said so', () => {
  const desk = new Desk();
  const lost = (clientId: string, symbol = 0) => order(clientId, { state: 'unknown', symbol });
  desk.world.orders = [lost('fl-1'), lost('fl-2'), lost('fl-spot', 1), order('fl-open')];
  desk.command('resolve', { order: 'fl-1' }, 'r').wait(1000);
  assert.deepEqual(desk.answer, { id: 'r', ok: true, answer: { givenUp: ['fl-1'], kept: [] } });
  assert.deepEqual(desk.world.log, ['give up fl-1 by tester']);
  assert.deepEqual(row(desk, 'r'), ['accepted', 'done']);
  desk.command('resolve', { instrument: perp.symbol, product: 'usdm' }).wait(1000);
  assert.deepEqual(desk.answer.answer, { givenUp: ['fl-2'], kept: [] });
  assert.deepEqual(desk.world.orders.map(({ clientId }) => clientId), ['fl-spot', 'fl-open']);
  desk.command('resolve', { order: 'fl-open' });
  assert.deepEqual([desk.answer.ok, desk.answer.answer], [false, { refused: 'no such order is in doubt' }]);
});

test('resolve gives nothing up that may still come, that the exchange lists, or without a reading', () => {
  const desk = new Desk();
  const soonMs = desk.runtime.nowUs() / 1000 + 5000;
  desk.world.orders = [order('fl-1', { state: 'unknown', expiresMs: soonMs }), order('fl-2', { state: 'unknown' }), order('fl-2', { state: 'open', owner: 'foreign' })];
  desk.command('resolve', { order: 'fl-1' });
  assert.deepEqual([desk.answer.ok, desk.answer.answer['givenUp']], [false, []]);
  assert.match(JSON.stringify(desk.answer.answer['kept']), /may be accepted until/);
  desk.command('resolve', { order: 'fl-2' });
  assert.match(JSON.stringify(desk.answer.answer['kept']), /lists it as open/);
  desk.wait(6000).world.refreshOk = false;
  desk.command('resolve', { order: 'fl-1' });
  assert.match(JSON.stringify(desk.answer.answer['refused']), /nothing was given up/);
  assert.deepEqual(desk.world.log, []);
  desk.world.refreshOk = true;
  desk.command('resolve', { order: 'fl-1' }).wait(1000);
  assert.deepEqual(desk.answer.answer, { givenUp: ['fl-1'], kept: [] });
  assert.equal(new Desk({ venue: false }).command('resolve', { order: 'x' }).answer.ok, false);
  const wrong: readonly Record<string, Json>[] = [{}, { order: 'a', instrument: 'BTCUSDT' }, { instrument: 'NOSUCH' }, { order: 7 }];
  for (const args of wrong) assert.equal(desk.command('resolve', args).answer.ok, false);
});

test('release ends the wait of one product, and of no other', () => {
  const desk = new Desk().command('release', { product: 'usdm' }, 'rel');
  assert.deepEqual([desk.answer.ok, desk.world.log.toSorted()], [true, ['gateway.keyRelease usdm', 'limits.release usdm']]);
  assert.deepEqual(row(desk, 'rel'), ['accepted', 'done']);
  const wrong: readonly Record<string, Json>[] = [{}, { product: 'options' }, { product: 'all' }];
  for (const args of wrong) assert.equal(desk.command('release', args).answer.ok, false);
  assert.equal(desk.world.log.length, 2);
});

test('one order is withdrawn by its id: ours, or on demand another\'s, and never a protective stop', () => {
  const desk = new Desk();
  desk.world.orders = [order('fl-a'), order('fl-b'), stop('fl-stop'), order('web', { owner: 'foreign', purpose: 'other' })];
  const refused = (args: Record<string, Json>): unknown => (desk.command('cancel-order', args).answer.answer as { readonly refused?: unknown }).refused;
  assert.match(String(refused({ order: 'fl-stop' })), /protective stop/);
  assert.match(String(refused({ order: 'nobody' })), /no order "nobody" is open/);
  assert.match(String(refused({ order: 'web' })), /not ours: say foreign/);
  assert.match(String(refused({ order: 'fl-a', foreign: true })), /is ours/);
  assert.match(String(refused({})), /needs the client id/);
  assert.deepEqual(desk.world.orders.map(({ clientId }) => clientId), ['fl-a', 'fl-b', 'fl-stop', 'web']);
  desk.command('cancel-order', { order: 'fl-a' }, 'once').wait(500);
  assert.deepEqual(desk.answer, { id: 'once', ok: true, answer: { cancelled: 'fl-a', refusals: [], unanswered: false } });
  assert.deepEqual(desk.world.orders.map(({ clientId }) => clientId), ['fl-b', 'fl-stop', 'web']);
  desk.command('cancel-order', { order: 'web', foreign: true }).wait(500);
  assert.equal(desk.answer.ok, true);
  assert.deepEqual(desk.world.orders.map(({ clientId }) => clientId), ['fl-b', 'fl-stop']);
});
