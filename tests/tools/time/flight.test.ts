import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ChildSpec, createRuntime, dynamicSupervisor, FIGURES as COLUMNS, NODE_STATES as STATES, Random, type Runtime, type TreeNode, TraceKind, VirtualClock } from '../../../runtime/index.js';
import { LIFE_KINDS } from '../../../tools/time/flight/log.js';
import { FlightRecording } from '../../../tools/time/flight/recording.js';
import { treeFigures, treeShape } from '../../../tools/ui/parts/tree/shape.js';
import { FIGURES, FIGURES_EACH, NODE_STATES, type TreeShape } from '../../../tools/ui/wire/tree.js';
import { child, root } from '../../runtime/support.js';

const tree = (): ChildSpec => root([
  child('a'), root([child('b'), child('c')], { id: 'all', strategy: 'oneForAll', intensity: { restarts: 100, withinMs: 1000 } }), child('d'), dynamicSupervisor({ id: 'sessions', intensity: { restarts: 100, withinMs: 1000 } }),
], { intensity: { restarts: 100, withinMs: 1000 } });

/** How the tree was between two turns, by path the figures that a shape has. */
interface Truth {
  readonly atUs: number;
  readonly count: number;
  readonly figures: ReadonlyMap<string, readonly (number | string)[]>;
}

function truthOf(runtime: Runtime): Truth {
  const figures = new Map<string, readonly (number | string)[]>();
  const take = (node: TreeNode): void => {
    figures.set(node.path, [node.state, node.incarnation, node.restarts, node.mailbox, node.handled, node.timers, node.machineState]);
    node.children.forEach(take);
  };
  take(runtime.tree()!);
  return { atUs: runtime.nowUs(), count: runtime.trace().count, figures };
}

/** A tree to which things happen, and what is recorded of it by who came later and looked now and then. */
function live(seed: string): { readonly recording: FlightRecording; readonly truths: readonly Truth[] } {
  const random = new Random(seed);
  const truths: Truth[] = [];
  let runtime: Runtime | undefined = undefined;
  const made = createRuntime({ clock: new VirtualClock(1e15), seed: 'flight', onRest: () => void (runtime !== undefined && truths.push(truthOf(runtime))) });
  runtime = made;
  assert.ok(made.start(tree()).ok);
  const recording = new FlightRecording();
  let told = 0;
  let shape: TreeShape | null = null;
  let version = 0;
  const hear = (): void => {
    const { fromSeq, kinds, cells, details, times } = made.trace().columnsSince(told);
    const names = made.pathsOfCells(cells);
    const kindOf = new Map<number, string>(Object.entries(TraceKind).map(([name, kind]) => [kind, name]));
    for (let at = 0; at < kinds.length; at += 1) {
      const kind = kindOf.get(kinds[at]!)!;
      if (!(LIFE_KINDS as readonly string[]).includes(kind)) continue;
      recording.event({ seq: fromSeq + at, kind, path: names.get(cells[at]!) ?? null, cell: cells[at]!, detail: details[at]!, atUs: times[at]! });
    }
    told = made.trace().count;
  };
  const look = (heardMs: number): void => {
    const at = { atUs: made.nowUs(), traced: made.trace().count };
    const { values, machineStates } = made.figures()!;
    const figures = shape === null ? null : treeFigures(shape, { ...at, columns: COLUMNS, states: STATES, machineStates, values });
    if (figures === null) shape = treeShape(made.tree()!, { ...at, version: (version += 1), life: 1 });
    recording.sample(shape!, figures ?? shape!.figures, heardMs);
  };
  const one = <T>(list: readonly T[]): T => list[Math.floor(random.next() * list.length)]!;
  for (let n = 0; n < 160; n += 1) {
    made.advanceTo(made.nowUs() + 1 + Math.floor(random.next() * 50_000));
    const path = one(['/a', '/all/b', '/all/c', '/d', '/sessions/1', '/sessions/2']);
    switch (one(['crash', 'send', 'send', 'suspend', 'resume', 'end', 'start', 'again'])) {
      case 'crash': made.crash(path); break;
      case 'send': for (let more = 0; more < 3; more += 1) made.send(path, { type: 'add', n: 1 }); break;
      case 'suspend': made.suspend(path); break;
      case 'resume': made.resume(path); break;
      case 'end': made.terminateChild('/sessions', made.ref('/sessions/1')); break;
      case 'start': made.startChild('/sessions', child(one(['1', '2']), {}, { restart: 'temporary' })); break;
      case 'again': if (random.next() < 0.5) made.terminateChild('/', 'd'); else made.restartChild('/', 'd'); break;
    }
    made.drain();
    truths.push(truthOf(made));
    // Half of it has happened when somebody comes: what was before is known from what the flight recorder holds.
    if (n < 80 || random.next() < 0.6) continue;
    if (told === 0) recording.begin(0, truths[0]!.atUs);
    hear();
    look(n);
  }
  hear();
  look(200);
  return { recording, truths };
}

void test('a flight says exactly what was wherever it says so, what was seen before where it says that, and nothing else', () => {
  let exact = 0;
  let sampled = 0;
  let unknown = 0;
  for (const seed of ['one', 'two']) {
    const { recording, truths } = live(seed);
    const restarts = recording.span.restarts;
    assert.ok(restarts > 10, `${restarts} restarts`);
    const byTime = new Map<number, Truth[]>();
    for (const truth of truths) byTime.set(truth.atUs, [...(byTime.get(truth.atUs) ?? []), truth]);
    for (const [place, { atUs, count, figures }] of truths.entries()) {
      if (place % 2 === 1) continue;
      // After an event of its own, or, where others came last, by the clock after all that happened then.
      const isLast = byTime.get(atUs)!.at(-1)!.count === count;
      const index = recording.log.countTo(count);
      const event = recording.log.at(index - 1);
      const key = event?.seq === count - 1 && event.atUs === atUs ? `e${event.seq}` : isLast ? `t${atUs}` : null;
      if (key === null) continue;
      const { shape, ages, cursor, notes } = recording.tree(key);
      assert.equal(cursor.atUs, atUs);
      const there = shape!.nodes.map(({ path }) => path);
      // Names of those that had gone before anybody came are not known; that they were there is.
      const missing = [...figures.keys()].filter((path) => !there.includes(path));
      assert.deepEqual(there.filter((path) => !figures.has(path)), [], `${key}: nobody is there who was not`);
      if (missing.length > 0) assert.match(notes.join(), missing.length === 1 ? /^one actor had gone/ : new RegExp(`^${missing.length} actors had gone`), `${key}: ${missing.join()}`);
      for (const [at, { path, parent }] of shape!.nodes.entries()) {
        assert.equal(parent, at === 0 ? -1 : there.indexOf(path.slice(0, Math.max(1, path.lastIndexOf('/')))));
        for (const [column, name] of FIGURES.entries()) {
          const value = shape!.figures.values[at * FIGURES_EACH + column]!;
          const age = ages![at * FIGURES_EACH + column]!;
          const said = name === 'state' ? NODE_STATES[value]! : name === 'machine' ? shape!.figures.machines[value]! : value;
          if (age === -1) unknown += 1;
          else if (age === 0) {
            exact += 1;
            assert.equal(said, figures.get(path)![column], `${seed} ${key}: ${name} of ${path}`);
          } else {
            sampled += 1;
            // What a timer did in between is seen at the next rest.
            const then = byTime.get(atUs - age) ?? [truths.find((truth) => truth.atUs > atUs - age)!];
            assert.ok(then.some((one) => one.figures.get(path)?.[column] === said), `${seed} ${key}: ${name} of ${path} is not what it was ${age} µs before`);
          }
        }
      }
    }
    // By restarts there and back again.
    let at = recording.seek({ atUs: recording.fromUs }).key;
    let steps = 0;
    for (let next = recording.step(at, { by: 'restart', direction: 1 }); next !== null; next = recording.step(at, { by: 'restart', direction: 1 })) {
      assert.equal(next.restart, (steps += 1));
      at = next.key;
    }
    assert.equal(steps, restarts);
    assert.equal(recording.step(at, { by: 'restart', direction: -1 })!.restart, steps - 1);
    const { path } = recording.restarts(3, 1)[0]!;
    const by = recording.step(recording.seek({ restart: 3 }).key, { by: 'event', path, direction: 1 });
    assert.equal(by?.last?.path ?? path, path);
  }
  assert.ok(exact > 1_000 && sampled > 500 && unknown > 100, `${exact} exact, ${sampled} sampled, ${unknown} unknown`);
});

test('nothing is said to be exact of a time in which nobody listened', () => {
  const told = { version: 1, life: 1 };
  const runtime = createRuntime({ clock: new VirtualClock(1e15), seed: 'flight' });
  assert.ok(runtime.start(tree()).ok);
  runtime.drain();
  const shape = treeShape(runtime.tree()!, { ...told, atUs: runtime.nowUs(), traced: 10 });
  const sampled = (recording: FlightRecording, seq: number): void => recording.sample(shape, { ...shape.figures, atUs: seq * 1000, traced: seq }, seq);
  const ages = (recording: FlightRecording, seq: number): readonly number[] => recording.tree(`t${seq * 1000 + 1}`, '/').ages!.slice(0, 2);
  const { cell } = shape.nodes[0]!;
  const heard = (recording: FlightRecording, seq: number): void => recording.event({ seq, kind: 'deadLetter', path: '/', cell, detail: 0, atUs: seq * 1000 });
  const recording = new FlightRecording();
  for (const seq of [10, 12]) sampled(recording, seq);
  assert.ok(ages(recording, 10).every((age) => age > 0), 'nobody has listened yet');
  recording.begin(11, 11_000);
  assert.deepEqual(ages(recording, 12).slice(1), [0]);
  heard(recording, 13);
  for (const seq of [14, 16, 18]) sampled(recording, seq);
  assert.deepEqual(ages(recording, 14), [0, 0]);
  // 14 to 19 were lost, and of those samples are there.
  recording.lost(20);
  heard(recording, 20);
  for (const seq of [21, 22, 24]) sampled(recording, seq);
  assert.ok(ages(recording, 16).every((age) => age > 0));
  assert.deepEqual(ages(recording, 21), [0, 0]);
  recording.log.deaf();
  for (const seq of [30, 32]) sampled(recording, seq);
  assert.ok(ages(recording, 30).every((age) => age > 0));
  // Whoever comes again may hear what was meanwhile.
  recording.log.hears(21);
  assert.deepEqual(ages(recording, 30), [0, 0]);
});

test('what actors that come and go leave is bounded, also while the tree is not told', () => {
  const recording = new FlightRecording();
  recording.begin(0, 0);
  for (let seq = 0; seq < 115_000; seq += 1) recording.event({ seq, kind: 'start', path: `/a/${seq}`, cell: seq + 1, detail: 1, atUs: seq });
  assert.ok(recording.log.length <= 110_000 && recording.log.actors.size <= 110_000, `${recording.log.length} events, ${recording.log.actors.size} actors`);
  assert.equal(recording.fromUs, recording.log.first!.atUs);
});
