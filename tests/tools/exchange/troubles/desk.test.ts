import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TroubleDesk } from '../../../../tools/exchange/troubles/desk.js';
import { parseScript } from '../../../../tools/exchange/troubles/index.js';
import { type RequestFate, textFrame } from '../../../../tools/exchange/web/index.js';
import { ManualWebClock } from '../web/manual-clock.js';

interface Stage {
  readonly clock: ManualWebClock;
  readonly desk: TroubleDesk;
  /** States that began and ended, and deeds. */
  readonly told: string[];
  readonly logged: string[];
  run(toml: string, name?: string): void;
  order(account?: string, values?: Readonly<Record<string, string>>): RequestFate | undefined;
  event(name: string, text?: string, kind?: 'user' | 'market'): unknown;
}

function stage(seed = 1): Stage {
  const clock = new ManualWebClock();
  const told: string[] = [];
  const logged: string[] = [];
  const desk = new TroubleDesk({ clock, seed, log: (_level, message) => logged.push(message) });
  desk.attach({
    account: (name) => (name === 'demo-1' ? '1000' : name),
    outOfReach: () => undefined,
    enter: ({ act }) => {
      told.push(`+${act}`);
      return () => told.push(`-${act}`);
    },
    perform: ({ act }, cause) => {
      told.push(`${act} ${cause.trigger}`);
      return act === 'settle' ? Promise.reject(new Error('nothing to settle')) : Promise.resolve('well');
    },
  });
  return {
    clock, desk, told, logged,
    run: (toml, name = 'mine') => void desk.start(parseScript(toml, `${name}.toml`)),
    order: (account = '1000', values = {}) => desk.request({ product: 'usdm', face: 'rest', name: 'POST /fapi/v1/order', account, ip: '::1', values: new Map(Object.entries({ symbol: 'BTCUSDT', ...values })) }),
    event: (name, text = '{}', kind = 'user') => desk.message({ product: 'usdm', face: 'stream', kind, name, account: '1000', connection: 1, frame: textFrame(text) }),
  };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a timed step is open from `at` for `for`, and the script ends when nothing more can come', async () => {
  const { clock, desk, run, order } = stage();
  run('[[step]]\ndo = "delay-answer"\non = "order"\nby = "2s"\nat = "30s"\nfor = "10s"\n');
  assert.deepEqual([desk.quiet, order()], [true, undefined]);
  clock.advance(30e6);
  assert.deepEqual([desk.quiet, order()], [false, { answerDelayUs: 2e6 }]);
  clock.advance(10e6);
  await settled();
  assert.deepEqual([desk.quiet, order(), desk.report('mine')!.running, desk.report('mine')!.steps[0]!.hits], [true, undefined, false, 1]);
});

test('skip, times and chance choose among what matches; the draws come from the seed', () => {
  const { run, order, desk } = stage();
  run('[[step]]\ndo = "fail"\non = "order"\ncode = -1007\nskip = 2\ntimes = 2\n');
  assert.deepEqual([1, 2, 3, 4, 5].map(() => order()?.answer !== undefined), [false, false, true, true, false]);
  assert.equal(desk.quiet, true);
  const draws = (seed: number): string => {
    const other = stage(seed);
    other.run('[[step]]\ndo = "fail"\non = "order"\ncode = -1007\nchance = 0.5\n');
    return Array.from({ length: 64 }, () => (other.order() === undefined ? '0' : '1')).join('');
  };
  assert.equal(draws(7), draws(7));
  assert.notEqual(draws(7), draws(8));
  const hits = draws(7).replaceAll('0', '').length;
  assert.ok(hits > 16 && hits < 48, String(hits));
});

test('filters: product, account by name, symbol, name, type', () => {
  const { run, order } = stage();
  run('[[step]]\ndo = "fail"\non = "order"\ncode = -1007\nproduct = "usdm"\naccount = "demo-1"\nsymbol = "BTCUSDT"\nname = "/fapi/v1/order"\ntype = "STOP"\n');
  assert.ok(order('1000', { type: 'STOP_MARKET' }) !== undefined);
  assert.deepEqual([order('1001', { type: 'STOP' }), order('1000', { type: 'LIMIT' }), order('1000', { type: 'STOP', symbol: 'ETHUSDT' }), order()], [undefined, undefined, undefined, undefined]);
});

test('triggers: a state that a fill begins, a deed that an order sets off once', async () => {
  const { clock, desk, run, order, told } = stage();
  run('[[step]]\ndo = "partition"\nwhen = "fill"\nafter = "1s"\nfor = "20s"\ntimes = 1\n\n[[step]]\ndo = "cancel-orders"\nwhen = "order"\nskip = 1\n');
  order();
  desk.filled({ product: 'usdm', symbol: 'BTCUSDT', account: '1000' });
  assert.deepEqual(told, []);
  order();
  order();
  clock.advance(1e6);
  assert.deepEqual(told, ['cancel-orders order', '+partition']);
  assert.equal(desk.request({ product: 'spot', face: 'rest', name: 'GET /api/v3/time', account: undefined, ip: '', values: new Map() })?.cut, 'before-answer');
  assert.deepEqual(desk.connection({ product: 'spot', face: 'stream', path: '/ws', ip: '' }), { halfOpen: true });
  clock.advance(20e6);
  await settled();
  assert.deepEqual(told, ['cancel-orders order', '+partition', '-partition']);
  assert.equal(desk.report('mine')!.running, false);
});

test('messages: what is about an account, an order or a fill; deletions taken out of a book', () => {
  const { run, event } = stage();
  run('[[step]]\ndo = "lose"\non = "fill"\n\n[[step]]\ndo = "repeat"\non = "order-event"\nby = "1s"\n\n[[step]]\ndo = "lose-deletes"\n');
  assert.deepEqual(event('ACCOUNT_UPDATE'), undefined);
  assert.deepEqual(event('ORDER_TRADE_UPDATE', '{"o":{"x":"NEW"}}'), { copies: 2, copiesAfterUs: 1e6 });
  assert.equal((event('ORDER_TRADE_UPDATE', '{"o":{"x":"TRADE"}}') as { drop: boolean }).drop, true);
  const book = (levels: string): string => `{"b":[${levels}],"a":[]}`;
  for (const pad of ['', 'x'.repeat(200)]) {
    const { frame } = event('btcusdt@depth', `${book('["100.10","0.000"],["100.00","1.000"],["99.90","0"]')}${pad}`, 'market') as { frame: Buffer };
    assert.deepEqual(frame, textFrame(`${book('["100.00","1.000"]')}${pad}`));
  }
  assert.equal(event('btcusdt@depth', book('["100.00","1.000"]'), 'market'), undefined);
});

test('`every` repeats, `lasts` ends all, and stop takes back what is under way', async () => {
  const { clock, desk, run, told } = stage();
  run('lasts = "10s"\n[[step]]\ndo = "disconnect"\nevery = "3s"\n\n[[step]]\ndo = "settle"\n\n[[step]]\ndo = "maintenance"\nat = "1s"\n');
  for (let at = 0; at < 20; at++) {
    clock.advance(1e6);
    await settled();
  }
  assert.deepEqual(told.filter((one) => one.startsWith('disconnect')).length, 4);
  assert.deepEqual(told.slice(-1), ['-maintenance']);
  const { running, steps } = desk.report('mine')!;
  assert.deepEqual([running, steps.map(({ hits, failed, lastError }) => [hits, failed, lastError])], [false, [[4, 0, undefined], [0, 1, 'nothing to settle'], [1, 0, undefined]]]);
  run('[[step]]\ndo = "skew-clock"\nby = "-2s"\n', 'other');
  assert.deepEqual([desk.skewUs('spot'), desk.quiet], [-2e6, false]);
  assert.throws(() => run('[[step]]\ndo = "disconnect"\n', 'other'), /other runs already/);
  desk.stop('other');
  assert.deepEqual([desk.skewUs('spot'), desk.quiet], [0, true]);
  assert.throws(() => desk.stop('other'), /does not run/);
});

test('two scripts at once: delays add up, the first answer counts', () => {
  const { run, order } = stage();
  run('[[step]]\ndo = "delay-request"\non = "order"\nby = "1s"\n\n[[step]]\ndo = "fail"\non = "order"\ncode = -1007\n', 'one');
  run('[[step]]\ndo = "delay-request"\non = "request"\nby = "2s"\n\n[[step]]\ndo = "fail"\non = "order"\ncode = -1008\neffect = true\n', 'two');
  const fate = order()!;
  assert.deepEqual([fate.delayUs, fate.run, (fate.answer as { code: number }).code], [3e6, false, -1007]);
});
