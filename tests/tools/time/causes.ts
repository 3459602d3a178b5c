import assert from 'node:assert/strict';
import type { Recording, Saved, StopWithin } from '../../../tools/time/player.js';
import type { TimeCause } from '../../../tools/time/types.js';
import type { MachineHere } from './here.js';

interface From {
  readonly saved: Saved | undefined;
  readonly decisions: number;
}

const HOOKS = { traceEvents: 1024, onRest: () => {}, onAsked: () => {}, onGiven: () => {} };

const kindOf = ({ record, input, timer }: TimeCause): 'record' | 'input' | 'timer' | 'other' => (record !== null ? 'record' : input !== null ? 'input' : timer !== null ? 'timer' : 'other');

const stampOf = ({ record, input, timer }: TimeCause): number => (record !== null ? Number(record['receiveUs']) : (input ?? timer)?.atUs ?? -1);

/**
 * Holds causes of decisions against replays that know nothing of causes: what is named is not after the decision; a replay that ends just before it has not made the decision, one that
 * hears it and nothing else has. A run in lanes is told of an answer, not of its record: there the second is left out. Returns how many were of which kind.
 *
 * @param every decisions that are looked at are so many apart; a fourth of them is replayed
 */
export function everyDecisionHasItsCause(machine: MachineHere, recording: Recording, every: number): Readonly<Record<ReturnType<typeof kindOf>, number>> {
  let decisions = 0;
  const player = recording.play({ ...HOOKS, onDecision: () => (decisions += 1) });
  const places: From[] = [{ saved: undefined, decisions: 0 }];
  /** Decisions that were made when so many inputs had been heard, and nothing after the last of them. */
  const byInput: number[] = [decisions];
  while (player.step() !== 'end') {
    if (byInput.length === player.inputs) byInput.push(decisions);
    if (player.records < (places.at(-1)!.saved?.records ?? 0) + 3000) continue;
    const saved = player.save();
    if (saved !== null) places.push({ saved, decisions });
  }
  player.close();
  const after = (stop: StopWithin): number => {
    const from = places.findLast(({ saved }) => saved === undefined || (saved.records <= (stop.records ?? Infinity) && saved.clockUs <= (stop.atUs ?? Infinity)))!;
    let made = from.decisions;
    const again = recording.play({ ...HOOKS, onDecision: () => (made += 1) }, from.saved);
    if (from.saved === undefined) made = 0;
    while (again.records < (stop.records ?? Infinity) && again.step(stop) === 'more');
    again.close();
    return made;
  };

  const counts = { record: 0, input: 0, timer: 0, other: 0 };
  const { before } = recording;
  let input = 0;
  for (const { number, atUs, line } of machine.machine.decisions(before.decisions, 1e9)) {
    const own = number - before.decisions;
    if (own % every !== 0) continue;
    const cause = machine.machine.causeOf({ decision: number });
    const kind = kindOf(cause);
    counts[kind] += 1;
    const said = `decision ${line}, from ${cause.text}`;
    assert.ok(stampOf(cause) <= atUs, `${said}: is not after it`);
    if (kind === 'timer') assert.equal(cause.timer!.atUs, atUs, `${said}: what a timer leads to is of its moment`);
    if (kind === 'record') assert.ok(Number(cause.record!['seq']) >= Number((JSON.parse(line!) as { readonly seq: number }).seq), `${said}: nobody had heard of a later record`);
    if (kind === 'input') {
      while (byInput[input]! <= own) input += 1;
      assert.deepEqual({ ...recording.input(input - 1)! }, { ...cause.input }, `${said}: it is made when that input has been heard, and not before`);
    }
    if (kind === 'other' || counts[kind] % 4 !== 1) continue;
    assert.ok(after({ atUs: stampOf(cause) - 1 }) <= own, `${said}: it is not made before`);
    if (kind === 'timer') assert.ok(after({ atUs }) > own, `${said}: it is made when time has passed`);
    if (kind !== 'record' || recording.merges) continue;
    const seq = Number(cause.record!['seq']);
    assert.ok(after({ records: seq }) <= own, `${said}: not by the records before it`);
    assert.ok(after({ records: seq + 1 }) > own, `${said}: by that record`);
    const there = machine.seek(cause.target!);
    assert.deepEqual([there.record, there.decision > number], [seq + 1, true], `${said}: whoever goes there sees it made`);
  }
  return counts;
}
