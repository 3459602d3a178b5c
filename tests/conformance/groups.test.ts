/** Groups of actors and their watchers, after OTP's pg. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ActorContext, type Behaviour, type GroupChange, type RestartType, worker, type WorkerSpec } from '../../runtime/index.js';
import { idOf, Rig, sup } from './support.js';

type Message = GroupChange | { readonly type: 'do'; readonly run: (ctx: ActorContext<Message>) => void } | { readonly type: 'news'; readonly n: number };

const seen: string[] = [];
const notice = ({ group, joined, left }: GroupChange): string => `${group} +${joined.map((ref) => idOf(ref.path)).join()} -${left.map((ref) => idOf(ref.path)).join()}`;

function actor(id: string, more: Partial<WorkerSpec<Message>> & { readonly onInit?: (ctx: ActorContext<Message>) => void } = {}): WorkerSpec<Message> {
  const { onInit, ...fields } = more;
  const behaviour: Behaviour<number, Message, undefined> = {
    name: 'member', version: 1,
    init: (ctx) => { onInit?.(ctx); return 0; },
    step: (turns, message, ctx) => {
      if (message.type === 'runtime.group') seen.push(`${id}: ${notice(message)}`);
      else if (message.type === 'news') seen.push(`${id}: news ${message.n}`);
      else message.run(ctx);
      return turns + 1;
    },
  };
  return { ...worker({ id, behaviour }), ...fields };
}

function tree(ids: readonly string[], more: (id: string) => Partial<WorkerSpec<Message>> = () => ({})): Rig {
  seen.length = 0;
  return Rig.started(sup('sup', ids.map((id) => actor(id, more(id))), { intensity: { restarts: 99, withinMs: 1000 } }));
}

function act(rig: Rig, id: string, run: (ctx: ActorContext<Message>) => void): void {
  rig.runtime.send(`/${id}`, { type: 'do', run });
  rig.runtime.drain();
}

const members = (rig: Rig, group = 'g'): string[] => rig.runtime.members(group).map((ref) => idOf(ref.path));

test('members join and leave, in order, and twice is once', () => {
  const rig = tree(['a', 'b', 'c']);
  for (const id of ['b', 'a', 'c', 'b']) act(rig, id, (ctx) => ctx.join('g'));
  assert.deepEqual(members(rig), ['b', 'a', 'c']);
  act(rig, 'a', (ctx) => {
    assert.deepEqual(ctx.members('g').map((ref) => ref.path), ['/b', '/a', '/c']);
    ctx.leave('g');
    ctx.join('other');
  });
  act(rig, 'a', (ctx) => ctx.leave('g'));
  assert.deepEqual([members(rig), members(rig, 'other')], [['b', 'c'], ['a']]);
});

test('a turn that throws has joined nothing, left nothing, watched nothing and told nobody', () => {
  const rig = tree(['a', 'b']);
  act(rig, 'b', (ctx) => ctx.join('g'));
  act(rig, 'b', (ctx) => {
    ctx.leave('g');
    ctx.join('h');
    ctx.watchGroup('h');
    ctx.broadcast('g', { type: 'news', n: 1 });
    assert.deepEqual(ctx.members('g').map((ref) => ref.path), ['/b'], 'as before this turn');
    throw new Error('after all');
  });
  assert.deepEqual(seen, []);
  assert.deepEqual([members(rig), members(rig, 'h')], [[], []], 'and the crash took its own membership along');
});

test('a message to the group reaches every member once, in the order they joined', () => {
  const rig = tree(['a', 'b', 'c']);
  for (const id of ['c', 'a']) act(rig, id, (ctx) => ctx.join('g'));
  act(rig, 'b', (ctx) => ctx.broadcast('g', { type: 'news', n: 1 }));
  assert.deepEqual(seen.splice(0), ['c: news 1', 'a: news 1']);
  assert.equal(rig.runtime.broadcast('g', { type: 'news', n: 2 }), 2);
  rig.runtime.drain();
  assert.deepEqual(seen.splice(0), ['c: news 2', 'a: news 2']);
  assert.equal(rig.runtime.broadcast('nobody', { type: 'news', n: 3 }), 0);
});

test('a watcher hears who is there, then every change, and nothing after it stops watching', () => {
  const rig = tree(['a', 'b', 'w']);
  act(rig, 'a', (ctx) => ctx.join('g'));
  let token = 0;
  act(rig, 'w', (ctx) => { token = ctx.watchGroup('g'); });
  assert.deepEqual(seen.splice(0), ['w: g +a -']);
  act(rig, 'b', (ctx) => ctx.join('g'));
  act(rig, 'b', (ctx) => ctx.join('g'));
  act(rig, 'a', (ctx) => ctx.leave('g'));
  assert.deepEqual(seen.splice(0), ['w: g +b -', 'w: g + -a']);
  // Also what waits in its queue is taken back.
  rig.runtime.send('/a', { type: 'do', run: (ctx: ActorContext<Message>) => ctx.join('g') });
  rig.runtime.send('/w', { type: 'do', run: (ctx: ActorContext<Message>) => ctx.unwatchGroup(token) });
  rig.runtime.send('/w', { type: 'do', run: (ctx: ActorContext<Message>) => ctx.watchGroup('empty') });
  rig.runtime.drain();
  act(rig, 'b', (ctx) => ctx.leave('g'));
  assert.deepEqual(seen.filter((line) => !line.startsWith('w: g +a')), ['w: empty + -']);
  const { sent, handled, queued, deadLettered } = rig.runtime.counters();
  assert.equal(sent, handled + queued + deadLettered);
});

test('membership and watching end with the incarnation, however it ends, before anyone hears that it is down', () => {
  for (const how of ['abnormal', 'kill', 'normal', 'supervisor'] as const) {
    const rig = tree(['a', 'w'], () => ({ restart: how === 'normal' ? 'transient' : 'permanent' satisfies RestartType }));
    act(rig, 'w', (ctx) => ctx.watchGroup('g'));
    act(rig, 'a', (ctx) => { ctx.join('g'); ctx.watchGroup('g'); });
    seen.length = 0;
    let atDown: string[] | null = null;
    rig.runtime.monitor('/a', () => { atDown = members(rig); });
    if (how === 'abnormal') rig.runtime.crash('/a');
    else if (how === 'kill') rig.runtime.kill('/a');
    else if (how === 'supervisor') rig.runtime.terminateChild('/', 'a');
    else act(rig, 'a', (ctx) => ctx.stop());
    rig.runtime.drain();
    assert.deepEqual(atDown, [], how);
    assert.deepEqual(seen, ['w: g + -a']);
    act(rig, 'w', (ctx) => ctx.join('g'));
    assert.deepEqual(seen.splice(0), ['w: g + -a', 'w: g +w -'], 'the old life watches no more');
    rig.stop();
  }
});

test('an actor that joins in its init is back in the group after a restart; with the last good state it never left', () => {
  for (const restore of ['init', 'lastGood'] as const) {
    seen.length = 0;
    const rig = Rig.started(sup('sup', [actor('a', { restore, onInit: (ctx) => ctx.join('g') }), actor('w')]));
    act(rig, 'w', (ctx) => ctx.watchGroup('g'));
    rig.runtime.crash('/a');
    rig.runtime.drain();
    assert.deepEqual(members(rig), ['a']);
    assert.deepEqual(seen, restore === 'init' ? ['w: g +a -', 'w: g + -a', 'w: g +a -'] : ['w: g +a -']);
  }
});

test('ten thousand members come and go in linear time and leave nothing', () => {
  const rig = tree([]);
  for (let n = 0; n < 10_000; n++) assert.equal(rig.runtime.startChild('/', actor(`m${n}`, { restart: 'temporary', onInit: (ctx) => ctx.join('g') })).ok, true);
  assert.equal(rig.runtime.members('g').length, 10_000);
  for (let n = 0; n < 10_000; n++) rig.runtime.kill(`/m${n}`);
  assert.deepEqual(members(rig), []);
  assert.equal(rig.runtime.counters().cells, 1);
});
