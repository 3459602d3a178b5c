import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DetectorHarness } from './harness.js';

interface Moment { readonly votes: number; readonly violent: boolean; readonly gap: boolean; readonly exposed: boolean }

const STEP_MS = 100;
/** Stretches of unchanged levels, so that timers get to run out: on a grid of 100 ms, up to 40 s each. */
const stretches = fc
  .array(
    fc.tuple(
      fc.record({
        votes: fc.constantFrom(0, 1, 2, 3, 3, 4),
        violent: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
        gap: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
        exposed: fc.boolean(),
      }),
      fc.constantFrom(1, 2, 4, 5, 6, 10, 14, 15, 16, 19, 20, 21, 25, 29, 30, 31, 60, 299, 300, 301, 400),
    ),
    { maxLength: 25 },
  )
  .map((stretches) => stretches.flatMap(([moment, length]) => Array.from({ length }, () => moment)));

/** Votes that come and go every two seconds or so: what the debounce is for. */
const flapping = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 25 }), fc.integer({ min: 14, max: 20 }), fc.boolean()), { minLength: 12, maxLength: 20 })
  .map((swings) => swings.flatMap(([up, down, violent]) => [
    ...Array.from({ length: up }, () => ({ votes: 3, violent, gap: false, exposed: false })),
    ...Array.from({ length: down }, () => ({ votes: 0, violent: false, gap: false, exposed: false })),
  ]));
const timelines: fc.Arbitrary<Moment[]> = fc.oneof(
  { weight: 3, arbitrary: stretches },
  { weight: 1, arbitrary: fc.tuple(flapping, stretches).map(([first, then]) => [...first, ...then]) },
);

const same = (a: Moment | undefined, b: Moment): boolean => a !== undefined && a.votes === b.votes && a.violent === b.violent && a.gap === b.gap;

/** Plays a timeline; `repeat` = how many times each moment's levels are said, 0 = only when they change. */
function play(timeline: readonly Moment[], repeat: number): string[] {
  const detector = new DetectorHarness();
  let last: Moment | undefined;
  timeline.forEach((moment, step) => {
    detector.at((step + 1) * STEP_MS);
    if (last?.exposed !== moment.exposed) detector.exposure(moment.exposed);
    const times = repeat > 0 ? repeat : same(last, moment) ? 0 : 1;
    for (let k = 0; k < times; k += 1) detector.level(moment.votes, { violent: moment.violent, pauses: moment.gap ? 1 : 0 });
    last = moment;
  });
  detector.at((timeline.length + 1) * STEP_MS);
  return detector.story;
}

/**
 * FORMULAS 4.4 once more, ticked every 100 ms: how long each condition has held without a break. Timers due at a tick fire
 * before the tick's levels are known, as on the runtime's clock.
 */
function reference(timeline: readonly Moment[]): string[] {
  const story: string[] = [];
  let state = 'SLEEP';
  let entered = 0;
  let recent: number[] = [];
  let confirmOnly = false;
  // Since when each condition holds, -1 = it does not.
  const since = { triggered: -1, dropped: -1, quiet: -1, settled: -1 };
  let now: Moment = { votes: 0, violent: false, gap: false, exposed: false };
  const go = (rule: string, to: string, ms: number): void => {
    story.push(`${rule} ${to} ${ms}`);
    [state, entered] = [to, ms];
    confirmOnly = rule === 'debounce';
    recent = rule === 'debounce' ? [] : [...recent.filter((at) => at > ms - 60_000), ms];
    // A state begins to count its own conditions when it is entered.
    for (const name of ['triggered', 'dropped', 'quiet', 'settled'] as const) if (since[name] >= 0) since[name] = ms;
    if (recent.length > 10) go('debounce', 'RECOVERY', ms);
  };
  const immediate = (ms: number): void => {
    for (;;) {
      const triggered = since.triggered >= 0;
      const before = state;
      if (state === 'SLEEP' && triggered && ms - entered >= 500) go('T1', 'ALERT', ms);
      else if (state === 'RECOVERY' && !confirmOnly && (triggered || (now.violent && !now.gap)) && ms - entered >= 500) go('T5', 'ACTIVE', ms);
      if (state === before) return;
    }
  };
  const held = (from: number, ms: number, need: number): boolean => from >= 0 && ms - from === need;
  for (let step = 0; step <= timeline.length; step += 1) {
    const ms = (step + 1) * STEP_MS;
    if (state === 'ALERT' && held(since.triggered, ms, 2000)) go('T2', 'ACTIVE', ms);
    else if (state === 'ALERT' && held(since.dropped, ms, 1500)) go('T3', 'SLEEP', ms);
    else if (state === 'ACTIVE' && held(since.quiet, ms, 3000)) go('T4', 'RECOVERY', ms);
    else if (state === 'RECOVERY' && confirmOnly && held(since.triggered, ms, 2000)) go('T5', 'ACTIVE', ms);
    else if (state === 'RECOVERY' && held(since.settled, ms, 30_000)) go('T6', 'SLEEP', ms);
    immediate(ms);
    const moment = timeline[step];
    if (moment === undefined) break;
    const update = (next: Moment): void => {
      now = next;
      const triggered = next.votes >= 3;
      const quiet = next.votes <= 1 && !next.violent && !next.gap;
      const facts = { triggered, dropped: !triggered && !next.gap, quiet, settled: quiet && !next.exposed };
      for (const name of ['triggered', 'dropped', 'quiet', 'settled'] as const) since[name] = !facts[name] ? -1 : since[name] < 0 ? ms : since[name];
      immediate(ms);
    };
    // Exposure and levels are two messages.
    if (moment.exposed !== now.exposed || step === 0) update({ ...now, exposed: moment.exposed });
    update(moment);
  }
  return story;
}

test('a gated run (an edge per change) and ungated runs (every repetition) take identical transitions', () => {
  fc.assert(fc.property(timelines, (timeline) => {
    const gated = play(timeline, 0);
    assert.deepEqual(play(timeline, 1), gated);
    assert.deepEqual(play(timeline, 3), gated);
  }), { numRuns: 15 });
});

test('the statechart equals a reference that ticks every 100 ms', () => {
  fc.assert(fc.property(timelines, (timeline) => {
    assert.deepEqual(play(timeline, 0), reference(timeline));
  }), { numRuns: 150 });
});

test('those timelines try every rule', () => {
  const rules = new Set(fc.sample(timelines, { numRuns: 300, seed: 1 }).flatMap((timeline) => reference(timeline).map((line) => line.split(' ')[0])));
  assert.deepEqual([...rules].sort(), ['T1', 'T2', 'T3', 'T4', 'T5', 'T6', 'debounce']);
});

test('a crash with the last good state at any moment changes no transition', () => {
  fc.assert(fc.property(timelines, fc.nat(), (timeline, where) => {
    const whole = play(timeline, 0);
    const detector = new DetectorHarness();
    let last: Moment | undefined;
    timeline.forEach((moment, step) => {
      detector.at((step + 1) * STEP_MS);
      if (step === where % Math.max(1, timeline.length)) detector.tree.runtime.crash('/detector');
      if (last?.exposed !== moment.exposed) detector.exposure(moment.exposed);
      if (!same(last, moment)) detector.level(moment.votes, { violent: moment.violent, pauses: moment.gap ? 1 : 0 });
      last = moment;
    });
    detector.at((timeline.length + 1) * STEP_MS);
    assert.deepEqual(detector.story, whole);
  }), { numRuns: 25 });
});
