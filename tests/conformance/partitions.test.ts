/** Partitioned supervisors, after Elixir's PartitionSupervisor: routing that is the same in every run, and a number that can change. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ActorContext, createRuntime, partitionedSupervisor, type PartitionedSupervisorSpec, partitionOf, validateSpec, VirtualClock } from '../../runtime/index.js';
import { causes, child, idOf, programmable, Rig, Script, sup, tag } from './support.js';

function books(partitions: number, more: Partial<PartitionedSupervisorSpec> = {}): PartitionedSupervisorSpec {
  return partitionedSupervisor({
    id: 'books', partitions, intensity: { restarts: 3, withinMs: 5000 },
    partition: { kind: 'dynamic', intensity: { restarts: 1, withinMs: 5000 }, template: { restart: 'transient' } }, ...more,
  });
}

const rigged = (partitions: number, more: Partial<PartitionedSupervisorSpec> = {}): Rig => Rig.started(sup('root', [books(partitions, more)]));
// Among 8 partitions; never to be changed.
const WRITTEN_TEXT = [1, 6, 6, 7, 6];
const WRITTEN_NUMBERS = [4, 1, 7, 4, 5, 6];
const KEYS = Array.from({ length: 2000 }, (_, n) => `SYM${n}USDT`);
const ids = (rig: Rig): string[] => (rig.runtime.whichChildren('/books') ?? []).map((info) => info.id);

test('a key belongs to the same partition in every run; these are written down', () => {
  assert.deepEqual(['BTCUSDT', 'ETHUSDT', 'SOLUSDT', '', 'ключ'].map((key) => partitionOf(key, 8)), WRITTEN_TEXT);
  assert.deepEqual([0, 1, 2, -1, 1.5, 10n ** 30n].map((key) => partitionOf(key, 8)), WRITTEN_NUMBERS);
  assert.equal(partitionOf('x', 1), 0);
  const rig = rigged(8);
  assert.equal(rig.runtime.route('/books', 'BTCUSDT')?.path, `/books/${WRITTEN_TEXT[0]}`);
  assert.equal(rig.runtime.route('/nobody', 'x'), undefined);
  assert.equal(rig.runtime.route('/', 'x'), undefined);
});

test('keys are spread evenly, and one partition more moves only its share, and only to the new one', () => {
  for (const partitions of [2, 3, 8, 16, 100]) {
    const counts = new Array<number>(partitions).fill(0);
    for (let n = 0; n < 20_000; n++) counts[partitionOf(`key-${n}`, partitions)]!++;
    const fair = 20_000 / partitions;
    for (const count of counts) assert.ok(Math.abs(count - fair) < 6 * Math.sqrt(fair), `${count} of ${fair} in one of ${partitions}`);
    let moved = 0;
    for (const key of KEYS) {
      const [before, after] = [partitionOf(key, partitions), partitionOf(key, partitions + 1)];
      if (before === after) continue;
      moved++;
      assert.equal(after, partitions, 'only to the new one');
    }
    assert.ok(moved < 1.5 * KEYS.length / (partitions + 1) && moved > 0.5 * KEYS.length / (partitions + 1), `${moved} moved`);
  }
});

test('children are started in the partition of their key; an actor routes as the outside does', () => {
  const rig = rigged(4);
  assert.deepEqual(rig.children('/books'), ['0#1', '1#1', '2#1', '3#1']);
  for (const key of KEYS.slice(0, 40)) {
    const partition = rig.runtime.route('/books', key)!;
    assert.equal(tag(rig.runtime.startChild(partition.path, child(key))), 'ok');
    assert.equal(rig.state(`/books/${partitionOf(key, 4)}/${key}`), 'running');
  }
  assert.equal(['0', '1', '2', '3'].reduce((sum, id) => sum + rig.counts(`/books/${id}`)[0]!, 0), 40);
  const key = KEYS[0]!;
  let seen: string | undefined;
  rig.send(`/books/${partitionOf(key, 4)}/${key}`, { run: (ctx: ActorContext<never>) => { seen = ctx.route('/books', key)?.path; } });
  assert.equal(seen, `/books/${partitionOf(key, 4)}`);
  assert.deepEqual(rig.runtime.startChild('/books', child('x')), { ok: false, reason: { kind: 'partitioned', path: '/books' } });
  assert.equal(tag(rig.runtime.deleteChild('/books', '0')), 'partitioned');
});

test('a partition fails alone; its budget is its own, and then its supervisor’s', () => {
  const rig = rigged(3);
  for (const id of ['0', '1', '2']) assert.equal(tag(rig.runtime.startChild(`/books/${id}`, child('a'))), 'ok');
  rig.end('/books/1/a', 'abnormal');
  assert.deepEqual(rig.children('/books/1'), ['a#2']);
  rig.runtime.crash('/books/1/a');
  assert.deepEqual(rig.children('/books'), ['0#1', '1#2', '2#1'], 'the partition gave up and is started again, without its children');
  assert.deepEqual([rig.children('/books/0'), rig.children('/books/1'), rig.children('/books/2')], [['a#1'], [], ['a#1']]);
  for (let n = 0; n < 3; n++) rig.runtime.crash('/books/2', new Error('partition'));
  assert.equal(rig.incarnation('/books'), 2, 'four restarts in the window were one too many');
});

test('growing starts the new partitions and touches nobody; a key that moves finds its new partition empty', () => {
  const rig = rigged(2);
  for (const key of KEYS.slice(0, 20)) rig.runtime.startChild(rig.runtime.route('/books', key)!.path, child(key));
  assert.deepEqual(rig.runtime.reconfigure('/books', { partitions: 4 }), { ok: true, added: ['2', '3'], replaced: [], kept: [], stopped: [] });
  assert.deepEqual(rig.children('/books'), ['0#1', '1#1', '2#1', '3#1']);
  assert.equal(rig.counts('/books/0')[1]! + rig.counts('/books/1')[1]!, 20, 'who runs stays where it is');
  assert.deepEqual([rig.counts('/books/2'), rig.counts('/books/3')], [[0, 0, 0, 0], [0, 0, 0, 0]]);
  const moved = KEYS.slice(0, 20).filter((key) => partitionOf(key, 2) !== partitionOf(key, 4));
  assert.ok(moved.length > 0);
  for (const key of moved) assert.equal(tag(rig.runtime.startChild(rig.runtime.route('/books', key)!.path, child(key))), 'ok');
  // A restart above begins with the new number.
  rig.runtime.crash('/books', new Error('above'));
  assert.deepEqual(ids(rig), ['0', '1', '2', '3']);
});

test('shrinking stops the last partitions with all in them, last first; their mail is dead letters and their keys belong to others', () => {
  const log: string[] = [];
  const rig = rigged(4);
  for (const id of ['0', '1', '2', '3']) rig.runtime.startChild(`/books/${id}`, child(`in${id}`, new Script({ log })));
  rig.runtime.send('/books/3/in3', 'stop');
  log.length = 0;
  const ends = rig.watch('/books/2/in2');
  assert.deepEqual(rig.runtime.reconfigure('/books', { partitions: 2 }), { ok: true, added: [], replaced: [], kept: [], stopped: ['3', '2'] });
  assert.deepEqual(log, ['-in3 shutdown', '-in2 shutdown']);
  assert.deepEqual(ends, [{ kind: 'shutdown' }]);
  assert.deepEqual(rig.children('/books'), ['0#1', '1#1']);
  assert.equal(rig.runtime.counters().deadLetters.stopped, 1);
  for (const key of KEYS) assert.ok(['/books/0', '/books/1'].includes(rig.runtime.route('/books', key)!.path));
  assert.equal(rig.runtime.send('/books/3/in3', 'stop'), 'dead');
  assert.equal(rig.runtime.reconfigure('/books', { partitions: 3 }).ok, true);
  assert.deepEqual(rig.children('/books/2'), [], 'a partition that comes again is a new one');
});

test('a removed partition that takes its time to stop is out of the routes at once and leaves nothing; until then its number is not free', () => {
  const rig = rigged(3);
  rig.runtime.startChild('/books/2', child('slow', new Script({ cleanupMs: 200 })));
  assert.equal(rig.runtime.reconfigure('/books', { partitions: 2 }).ok, true);
  assert.equal(rig.state('/books/2'), 'stopping');
  for (const key of KEYS.slice(0, 50)) assert.notEqual(rig.runtime.route('/books', key)!.path, '/books/2');
  assert.deepEqual(rig.runtime.reconfigure('/books', { partitions: 3 }), { ok: false, reason: { kind: 'stopping', path: '/books/2' } });
  rig.pass(200);
  assert.deepEqual(ids(rig), ['0', '1']);
  assert.equal(rig.runtime.counters().cells, 4);
  assert.equal(rig.runtime.reconfigure('/books', { partitions: 3 }).ok, true);
});

test('a removed partition that is just being restarted is not', () => {
  const rig = rigged(2, { partition: { kind: 'dynamic', intensity: { restarts: 1, withinMs: 5000 }, backoff: { minMs: 500, maxMs: 500, jitter: 0 } } });
  rig.runtime.crash('/books/1', new Error('x'));
  assert.equal(rig.state('/books/1'), 'restarting');
  assert.equal(rig.runtime.reconfigure('/books', { partitions: 1 }).ok, true);
  rig.pass(10_000);
  assert.deepEqual(rig.children('/books'), ['0#1']);
  assert.equal(rig.runtime.counters().timers, 0);
});

test('a partition that does not start refuses the growth whole', () => {
  const script = new Script();
  const partition = { kind: 'worker', behaviour: programmable(script) } as unknown as PartitionedSupervisorSpec['partition'];
  const rig = Rig.started(sup('root', [books(2, { partition })]));
  script.start = 'error';
  const refusal = rig.runtime.reconfigure('/books', { partitions: 5 });
  assert.equal(tag(refusal), 'start_failed');
  assert.deepEqual(rig.children('/books'), ['0#1', '1#1']);
  assert.equal(rig.runtime.route('/books', 'x')!.path.length, '/books/0'.length);
  assert.ok(KEYS.every((key) => Number(idOf(rig.runtime.route('/books', key)!.path)) < 2));
  script.start = 'ok';
  assert.equal(rig.runtime.reconfigure('/books', { partitions: 3 }).ok, true);
  rig.send('/books/2', 'stop');
  assert.deepEqual(rig.children('/books'), ['0#1', '1#1', '2#2'], 'a worker partition is permanent like any other');
  // One whose start takes time: the growth is done, and a failure is a restart that failed.
  script.start = 'hang';
  assert.equal(rig.runtime.reconfigure('/books', { partitions: 4 }).ok, true);
  assert.equal(rig.state('/books/3'), 'starting');
  script.start = 'hang';
  rig.pass(1000);
  assert.equal(rig.state('/books/3'), 'starting', 'tried again');
  assert.equal(rig.incarnation('/books/3'), 2);
  rig.send('/books/3', { finish: 1 });
  assert.equal(rig.state('/books/3'), 'running');
});

test('a changed template holds for new partitions at once and for running ones where it can', () => {
  const rig = rigged(2);
  const limited = { kind: 'dynamic', intensity: { restarts: 1, withinMs: 5000 }, maxChildren: 1 } as const;
  assert.deepEqual(rig.runtime.reconfigure('/books', { partition: limited, partitions: 3 }), { ok: true, added: ['2'], replaced: ['0', '1'], kept: [], stopped: [] });
  for (const id of ['0', '2']) {
    assert.equal(tag(rig.runtime.startChild(`/books/${id}`, child('a'))), 'ok');
    assert.equal(tag(rig.runtime.startChild(`/books/${id}`, child('b'))), 'max_children');
  }
  assert.equal(tag(rig.runtime.reconfigure('/books', { partition: { kind: 'worker', behaviour: programmable(new Script()) } as never })), 'invalid_spec');
});

test('specifications of partitioned supervisors are checked', () => {
  const codes = (more: object): string[] => validateSpec({ ...books(2), ...more }).map((problem) => problem.code);
  assert.deepEqual(codes({}), []);
  for (const partitions of [0, -1, 1.5, NaN, '2', 65_537, undefined]) assert.deepEqual(codes({ partitions }), ['invalid_partitions']);
  for (const partition of [undefined, null, 'x', { ...books(1).partition, id: 'x' }]) assert.deepEqual(codes({ partition }), ['invalid_partition']);
  assert.deepEqual(codes({ partition: { ...books(1).partition, restart: 'temporary' } }), ['bad_combination']);
  assert.deepEqual(codes({ partition: { kind: 'dynamic' } }), ['invalid_intensity']);
  assert.deepEqual(codes({ strategy: 'oneForAll' }), ['unknown_key']);
  const rig = rigged(2);
  for (const partitions of [0, 1.5, NaN]) assert.equal(tag(rig.runtime.reconfigure('/books', { partitions })), 'invalid_spec');
  assert.deepEqual(rig.children('/books'), ['0#1', '1#1']);
});

test('a root may be partitioned, and a boot that fails stops the partitions before it', () => {
  const log: string[] = [];
  const runtime = createRuntime({ clock: new VirtualClock(0) });
  assert.equal(tag(runtime.start({ ...books(3), id: 'root' })), 'ok');
  assert.equal(runtime.route('/', 'BTCUSDT')?.path, `/${partitionOf('BTCUSDT', 3)}`);
  const script = new Script({ log });
  const behaviour = programmable(script);
  const second = { ...behaviour, init: (ctx: Parameters<typeof behaviour.init>[0], input: unknown) => {
    if (ctx.path.endsWith('/2')) script.start = 'error';
    return behaviour.init(ctx, input);
  } };
  const rig = new Rig(sup('root', [books(3, { partition: { kind: 'worker', behaviour: second } as never })]));
  assert.deepEqual(causes(rig.answer), ['child "books" did not start', 'child "2" did not start', 'reason']);
  assert.deepEqual(log, ['+0', '+1', '-1 shutdown', '-0 shutdown']);
});

test('a number that becomes less while the supervisor waits for its restart holds when it comes back', () => {
  const rig = rigged(3, { backoff: { minMs: 10, maxMs: 10, jitter: 0 } });
  rig.runtime.kill('/books');
  assert.deepEqual(rig.runtime.whichChildren('/')?.map(({ state }) => state), ['restarting']);
  assert.deepEqual(rig.runtime.reconfigure('/books', { partitions: 1 }), { ok: true, added: [], replaced: [], kept: [], stopped: ['2', '1'] });
  assert.deepEqual(ids(rig), ['0']);
  rig.runtime.advanceTo(20_000);
  assert.deepEqual(rig.runtime.whichChildren('/books')?.map(({ id, state }) => `${id} ${state}`), ['0 running']);
  assert.equal(rig.runtime.counters().cells, 3);
});
