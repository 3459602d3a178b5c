import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AnyStateMachine } from 'xstate';
import { ControlServer } from '../../../../runtime/control/index.js';
import { chartDigest, chartOfMachine, createRuntime, machine, type Runtime, WallClock, worker } from '../../../../runtime/index.js';
import { detectorMachine } from '../../../../actors/detector/machine.js';
import { MachineFeed } from '../../../../tools/ui/parts/chart/feed.js';
import { Geometries } from '../../../../tools/ui/parts/chart/geometries.js';
import { isChart } from '../../../../tools/ui/parts/chart/model.js';
import { viewOf } from '../../../../tools/ui/parts/chart/view.js';
import { openSources } from '../../../../tools/ui/sources/index.js';
import type { MachineNews, MachineView } from '../../../../tools/ui/wire/chart.js';
import { door, everything } from '../../../runtime/probe/machines.js';
import { root } from '../../../runtime/support.js';

test('a chart is laid out once, in a thread of its own; one that nobody has told of is refused', async (t) => {
  const geometries = new Geometries();
  t.after(() => geometries.close());
  const { digest, model } = chartOfMachine(everything);
  await assert.rejects(geometries.of(digest), /not known here/);
  geometries.learn(digest, model);
  const [one, other] = await Promise.all([geometries.of(digest), geometries.of(digest)]);
  assert.equal(one, other);
  assert.deepEqual([one.digest, one.id, one.boxes.length], [digest, 'all', 15]);
  const odd = { ...model, states: [] };
  geometries.learn(chartDigest(odd), odd);
  await assert.rejects(geometries.of(chartDigest(odd)), /cannot be drawn/);
  geometries.learn('ffff', model);
  assert.equal(geometries.knows('ffff'), false, 'not what its digest says');
  assert.equal(await geometries.of(digest), one, 'and the thread goes on');
});

test('a chart that takes too long is given up, and whoever waits behind it hears of it', async (t) => {
  // No thread begins within a millisecond.
  const geometries = new Geometries(1);
  t.after(() => geometries.close());
  const { digest, model } = chartOfMachine(everything);
  geometries.learn(digest, model);
  await assert.rejects(geometries.of(digest), /cannot be drawn: it is not laid out within/);
});

test('what a process says is a chart only when its places lead somewhere; a view comes out bounded and in shape, whatever it says', () => {
  const { model } = chartOfMachine(detectorMachine as unknown as AnyStateMachine);
  assert.ok(isChart(JSON.parse(JSON.stringify(model))));
  for (const wrong of [null, {}, { ...model, states: [] }, { ...model, states: model.states.map((state) => ({ ...state, parent: 5 })) },
    { ...model, transitions: [{ ...model.transitions[0], source: 900 }] }, { ...model, transitions: model.transitions.map((one) => ({ ...one, guard: 'x'.repeat(10_000) })) }]) {
    assert.equal(isChart(wrong), false);
  }
  const long = 'x'.repeat(100_000);
  const huge = viewOf({ path: long, value: { deep: long }, context: Array.from({ length: 2e4 }, () => long), counts: { [long]: 1 }, events: Array.from({ length: 500 }, () => ({ type: long, payload: Array.from({ length: 600 }, () => long) })) });
  assert.ok(JSON.stringify(huge).length < 12_000_000);
  assert.deepEqual([huge.events.length, huge.counts, huge.kind], [64, {}, 'reducer']);
  fc.assert(fc.property(fc.dictionary(fc.constantFrom('path', 'kind', 'events', 'active', 'counts', 'value', 'context', 'digest', 'behaviour', 'seen'), fc.anything()), (said) => {
    const { events, active, counts, path } = viewOf(said);
    assert.ok(Array.isArray(events) && Array.isArray(active) && typeof counts === 'object' && typeof path === 'string');
  }), { numRuns: 100 });
});

test('a feed tells what an actor does, again after its process came back, and says when there is none', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'flc-'));
  const run = join(folder, 'run');
  mkdirSync(run, { mode: 0o700 });
  let ended: (() => Promise<void>) | undefined;
  const serve = async (): Promise<Runtime> => {
    const runtime = createRuntime({ clock: new WallClock(), seed: 'feed' });
    assert.ok(runtime.start(root([worker({ id: 'door', behaviour: machine(door, { version: 1 }) })])).ok);
    runtime.run();
    const server = await ControlServer.start({ socketPath: join(run, 'p.sock'), target: { name: 'p', version: '1', runtime: () => runtime } });
    ended = async () => {
      await server.close();
      runtime.fence();
    };
    return runtime;
  };
  const first = await serve();
  const sources = openSources({ env: { FAULTLINE_RUN_DIR: run, FAULTLINE_VAR_DIR: join(folder, 'var') }, lookMs: 20 });
  const geometries = new Geometries();
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (sources.info('process:p') === undefined) return;
      resolve();
    };
    t.after(sources.changes(look));
    look();
  });
  const feed = new MachineFeed(sources, 'process:p', '/door', geometries);
  const nobody = new MachineFeed(sources, 'process:p', '/nobody', geometries);
  t.after(async () => {
    feed.close();
    nobody.close();
    geometries.close();
    sources.close();
    await ended?.();
    rmSync(folder, { recursive: true, force: true });
  });
  const seen = <T>(of: MachineFeed, look: (news: MachineNews) => T | undefined): Promise<T> => new Promise((resolve, reject) => {
    let last: MachineNews | undefined;
    const timer = setTimeout(() => reject(new Error(`never told: ${JSON.stringify(last)}`)), 60_000);
    const stop: { now?: () => void } = {};
    const hear = (news: MachineNews): void => {
      last = news;
      const found = look(news);
      if (found === undefined) return;
      clearTimeout(timer);
      queueMicrotask(() => stop.now?.());
      resolve(found);
    };
    stop.now = of.listen(hear);
  });
  const where = (value: string, seenCount: number) => (news: MachineNews): MachineView | undefined => (news.kind === 'view' && news.view.value === value && news.view.seen === seenCount ? news.view : undefined);
  const begun = await seen(feed, where('shut', 0));
  assert.ok(geometries.knows(begun.digest!));
  for (let n = 0; n < 11; n++) first.send('/door', { type: 'add' });
  first.send('/door', { type: 'go' });
  const open = await seen(feed, where('open', 12));
  assert.deepEqual([open.context, open.events.length, open.events.at(-1)!.outcome], [{ n: 11 }, 12, 'taken']);
  assert.match(await seen(nobody, (news) => (news.kind === 'gone' && news.reason.includes('no actor') ? news.reason : undefined)), /no actor at \/nobody/);
  await ended?.();
  await seen(feed, (news) => (news.kind === 'gone' ? true : undefined));
  const second = await serve();
  await seen(feed, where('shut', 0));
  second.send('/door', { type: 'go' });
  const again = await seen(feed, where('shut', 1));
  assert.deepEqual(again.events.map(({ seq, outcome }) => [seq, outcome]), [[0, 'refused']]);
});
