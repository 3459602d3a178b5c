import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Deadlines, type Pending } from '../../../../tools/exchange/web/deadlines.js';
import { ManualWebClock } from './manual-clock.js';

const WITHIN_US = 10_000;

test('each is late once at its own deadline, unless it was settled before, however many were settled around it', () => {
  const clock = new ManualWebClock();
  const deadlines = new Deadlines(clock, WITHIN_US);
  const late = new Map<number, number>();
  const all: Pending[] = [];
  const due: number[] = [];
  for (let k = 0; k < 5000; k += 1) {
    const pending: Pending = { settled: false, dueUs: 0, late: () => void late.set(k, clock.nowUs()) };
    deadlines.add(pending);
    all.push(pending);
    due.push(clock.nowUs() + WITHIN_US);
    if (k % 3 !== 0) pending.settled = true;
    clock.advance(1);
  }
  clock.advance(WITHIN_US * 2);
  assert.deepEqual([...late.keys()], all.flatMap((_pending, k) => (k % 3 === 0 ? [k] : [])));
  for (const [k, atUs] of late) assert.ok(atUs >= due[k]!, `${k} was late at ${atUs}, due at ${due[k]!}`);
  assert.ok(all.every(({ settled }) => settled));
});
