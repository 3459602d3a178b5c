import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type ActorContext, createRuntime, type Runtime, type SnapshotEnvelope, VirtualClock, worker } from '../../runtime/index.js';
import { root } from '../runtime/support.js';

/** What an actor does, when and in what order, whoever meddles with it between turns. */
interface State { readonly sum: number; readonly shut: boolean }
type Message = { readonly type: 'add' | 'shut' | 'open' | 'beat'; readonly n: number };

function keeper(version: number, seen: string[]) {
  return {
    name: 'keeper', version,
    init: (): State => ({ sum: 0, shut: false }),
    step: (state: State, message: Message, ctx: ActorContext<Message>): State => {
      switch (message.type) {
        case 'shut': return { ...state, shut: true };
        case 'open': ctx.unstashAll(); return { ...state, shut: false };
        case 'beat': seen.push(`beat${message.n}@${ctx.nowUs()}`); return state;
        case 'add': {
          if (state.shut) {
            ctx.stash();
            return state;
          }
          const sum = (state.sum * 31 + message.n + Math.floor(ctx.random() * 100)) % 100_003;
          seen.push(`${message.n} ${sum} ${ctx.nextId()}`);
          if (message.n % 5 === 0) ctx.startTimer(`beat${message.n % 3}`, message.n, { type: 'beat', n: message.n });
          return { ...state, sum };
        }
      }
    },
    snapshot: (state: State) => JSON.stringify(state),
    restore: (data: unknown): State => JSON.parse(data as string) as State,
    migrate: (data: unknown) => data,
  };
}

type Step = { readonly what: string; readonly n: number };

/** Plays the messages of a script and, if it may, everything else in it. */
function play(script: readonly Step[], meddling: boolean): string[] {
  const seen: string[] = [];
  let version = 1;
  let now = 0;
  const make = (recover?: () => SnapshotEnvelope): Runtime => {
    const runtime = createRuntime({ clock: new VirtualClock(now), seed: 'together', sliceMessages: 2, ...(recover === undefined ? {} : { recover }) });
    const spec = worker({ id: 'a', behaviour: keeper(version, seen), restore: 'lastGood', idleAfter: 4 });
    assert.ok(runtime.start(root([spec], { intensity: { restarts: 1_000_000, withinMs: 1 } })).ok);
    return runtime;
  };
  let runtime = make();
  for (const { what, n } of script) {
    if (what === 'add' || what === 'shut' || what === 'open') {
      runtime.send('/a', { type: what, n });
      // Where everything is compared, a message is handled before the clock moves on.
      if (!meddling) runtime.drain();
    } else if (what === 'wait') {
      if (meddling) runtime.resume('/a');
      now += n * 500;
      runtime.advanceTo(now);
    } else if (meddling) {
      switch (what) {
        case 'crash': runtime.crash('/a'); break;
        case 'kill': runtime.kill('/a'); break;
        case 'suspend': runtime.suspend('/a'); break;
        case 'resume': runtime.resume('/a'); break;
        case 'step': runtime.step(); break;
        case 'upgrade': assert.ok(runtime.upgrade(n % 2 === 0 ? '/a' : { behaviour: 'keeper' }, keeper(++version, seen)).ok); break;
        case 'dry': assert.ok(runtime.upgrade('/a', keeper(version + 1, seen), { dryRun: true }).ok); break;
        case 'snapshot': assert.ok(runtime.snapshot('/a').ok); break;
        default: {
          // Another process: what is queued is the input log's to bring back, so it is empty here.
          runtime.resume('/a');
          runtime.drain();
          const taken = runtime.snapshot('/a');
          assert.ok(taken.ok);
          runtime = make(() => structuredClone(taken.snapshot));
        }
      }
    }
    const { sent, handled, queued, deferred, deadLettered } = runtime.counters();
    assert.equal(sent, handled + queued + deferred + deadLettered, `after ${what}`);
  }
  runtime.resume('/a');
  runtime.drain();
  runtime.advanceTo(now + 1_000_000);
  assert.equal(runtime.counters().deadLettered, 0);
  runtime.stop();
  assert.equal(runtime.counters().timers, 0);
  return seen;
}

test('crashes, kills, suspensions, naps, upgrades, dry runs and whole new processes between turns change nothing an actor does', () => {
  const what = fc.constantFrom(
    'add', 'add', 'add', 'add', 'shut', 'open', 'wait', 'wait', 'crash', 'kill', 'suspend', 'resume', 'step', 'upgrade', 'dry', 'snapshot', 'process',
  );
  fc.assert(fc.property(fc.array(fc.record({ what, n: fc.nat({ max: 20 }) }), { maxLength: 60 }), (script) => {
    assert.deepEqual(play(script, true), play(script, false));
  }), { numRuns: 500, seed: 2112 });
});
