import assert from 'node:assert/strict';
import type { Decision } from './engine-scene.js';

export type Seen = (line: Decision) => boolean;

export const some = (kind: string, fits: (data: Decision['data']) => boolean): Seen => (line) => line.kind === kind && fits(line.data);
export const control = (name: string, fits: (data: Decision['data']) => boolean = () => true): Seen => some('control', (data) => data['control'] === name && fits(data));

/** How many of the steps the journal says, each after the one before it. */
export function provenSteps(lines: readonly Decision[], proof: readonly Seen[]): number {
  let done = 0;
  for (const line of lines) {
    if (done === proof.length) break;
    if (proof[done]!(line)) done += 1;
  }
  return done;
}
/** Whether it says all of them. */
export const proven = (lines: readonly Decision[], proof: readonly Seen[]): boolean => provenSteps(lines, proof) === proof.length;

/** @throws AssertionError with the controls of the journal when it does not say all of them in this order. */
export function assertProven(lines: readonly Decision[], proof: readonly Seen[]): void {
  const done = provenSteps(lines, proof);
  const said = lines.filter(({ kind }) => kind === 'control' || kind === 'pause' || kind === 'refusal').slice(-80).map((line) => JSON.stringify(line)).join('\n');
  assert.equal(done, proof.length, `the journal says ${done} of ${proof.length} steps, and then not the next:\n${said}`);
}
