import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMachine, setup, type AnyStateMachine } from 'xstate';
import { chartOfMachine, type ChartModel } from '../../../runtime/index.js';
import { algoMachine, orderMachine } from '../../../actors/orders/machine.js';
import { detectorMachine } from '../../../actors/detector/machine.js';
import { everything } from './machines.js';

/** Every transition as a line. */
function lines({ states, transitions }: ChartModel): string[] {
  return transitions.map(({ source, targets, kind, event, guard, actions, reenter, forbidden }) =>
    `${states[source]!.id} ${kind}${event === '' ? '' : ` ${event}`}${guard === null ? '' : ` [${guard}]`}${actions.length === 0 ? '' : ` / ${actions.join(', ')}`} -> ${targets.map((to) => states[to]!.id).join(' ')}${reenter ? ' reenter' : ''}${forbidden ? ' forbidden' : ''}`);
}

test('a chart says of a definition all that it holds', () => {
  const { model } = chartOfMachine(everything);
  assert.deepEqual(model.states.map(({ id, type, parent }) => `${id} ${type} ${parent ?? '-'}`), [
    'all compound -', 'all.idle atomic 0', 'all.busy parallel 0', 'all.busy.left compound 2', 'all.busy.left.one atomic 3', 'all.busy.left.two final 3',
    'all.busy.right compound 2', 'all.busy.right.one atomic 6', 'all.busy.right.two final 6', 'all.waiting atomic 0', 'all.hist history 0', 'all.over final 0',
  ]);
  assert.deepEqual(lines(model), [
    'all event x.* / note -> ',
    'all event reset -> all.idle reenter',
    'all.idle event go [big] -> all.busy',
    'all.idle event go [above(5)] / add -> all.busy.right',
    'all.idle event add / add -> ',
    'all.idle event both [big and not small] -> all.busy',
    'all.idle event x.forbidden ->  forbidden',
    'all.idle after 500 ms -> all.waiting',
    'all.idle after soon [big] -> all.over',
    'all.busy event back -> all.hist',
    'all.busy done -> all.over',
    'all.busy.left.one event step -> all.busy.left.two',
    'all.busy.right.one event step -> all.busy.right.two',
    'all.waiting childDone job -> all.over',
    'all.waiting childError job -> all.idle',
    'all.waiting always [big] -> all.over',
  ]);
  const [root, idle] = model.states;
  assert.deepEqual([root!.initial, root!.description, idle!.entry, idle!.exit, idle!.tags], [1, 'One of everything.', ['note'], ['tell(bye)'], ['quiet']]);
  assert.deepEqual([model.states[9]!.invoke, model.states[9]!.defers, model.states[10]!.history], [['work as job'], ['go'], 'deep']);
  assert.deepEqual(JSON.parse(JSON.stringify(model)), model, 'plain data');
});

test('the charts of the product: parents come first, every transition has its states, equal definitions have one digest', () => {
  const digests = [detectorMachine, orderMachine, algoMachine].map((machine) => {
    const { model, digest } = chartOfMachine(machine as unknown as AnyStateMachine);
    for (const [at, { parent, initial }] of model.states.entries()) {
      assert.ok(parent === null ? at === 0 : parent < at);
      if (initial !== null) assert.equal(model.states[initial]!.parent, at);
    }
    for (const { source, targets } of model.transitions) for (const place of [source, ...targets]) assert.ok(model.states[place] !== undefined);
    assert.deepEqual(model.omitted, { states: 0, transitions: 0 });
    assert.equal(chartOfMachine((machine as AnyStateMachine).provide({})).digest, digest);
    return digest;
  });
  assert.equal(new Set(digests).size, 3);
  assert.ok(lines(chartOfMachine(orderMachine as AnyStateMachine).model).includes('order.life.journalling always [is(filled)] -> order.life.filled'));
});

test('a chart is bounded: states, transitions and names beyond it are counted and cut', () => {
  const long = 'x'.repeat(10_000);
  const states = Object.fromEntries(Array.from({ length: 1_500 }, (_, n) => [`s${n}`, { on: { [long]: `s${(n + 1) % 1_500}`, a: `s0`, b: 's1' } }]));
  const { model } = chartOfMachine(createMachine({ id: long, initial: 's0', states } as never) as AnyStateMachine);
  assert.deepEqual([model.states.length, model.omitted.states], [1_000, 501]);
  assert.equal(model.transitions.length + model.omitted.transitions, 3 * 999);
  assert.ok(JSON.stringify(model).length < 3_000_000);
  assert.ok(model.id.length <= 200);
});

test('hostile names and parameters are text in a chart, whatever they hold', () => {
  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;
  const machine = setup({ types: {} as { events: { type: string } }, guards: { g: (_args, _params: unknown) => true } }).createMachine({
    initial: '<script>alert(1)</script>',
    states: { '<script>alert(1)</script>': { on: { '"><img>': { guard: { type: 'g', params: cyclic } as never, target: '__proto__' } } }, ['__proto__']: {} },
  } as never);
  const { model } = chartOfMachine(machine as unknown as AnyStateMachine);
  assert.equal(model.states[1]!.key, '<script>alert(1)</script>');
  assert.equal(model.transitions[0]!.guard, 'g(…)');
});
