import assert from 'node:assert/strict';
import { treeDigest } from '../../../tools/time/index.js';
import type { Player, Recording, Saved } from '../../../tools/time/player.js';

/** Digests of the whole tree at moments of one play from the beginning to the end, by how many events had happened. */
export function lived(recording: Recording, wanted: (events: number) => boolean): Map<number, string> {
  const digests = new Map<number, string>();
  let player: Player | undefined = undefined;
  const look = (): void => {
    if (player === undefined) return;
    const { runtime } = player as Player;
    const events = runtime.trace().count;
    if (!digests.has(events) && wanted(events)) digests.set(events, treeDigest(runtime));
  };
  player = recording.play({ traceEvents: 1024, onRest: look, onDecision: () => {}, onAsked: () => {}, onGiven: () => {} });
  while (player.step() !== 'end');
  player.close();
  return digests;
}

/** How many moments are looked at after each checkpoint, and how many checkpoints are begun with. */
const MOMENTS = 3;
const BEGUN = 4;

/** Plays a recording from places at which its player could be saved, and finds the tree that lived. */
export function sameFromCheckpoints(recording: Recording, every: number): void {
  const digests = lived(recording, (events) => events % every < 2);
  const player = recording.play({ traceEvents: 1024, onRest: () => {}, onDecision: () => {}, onAsked: () => {}, onGiven: () => {} });
  const saves: { readonly events: number; readonly saved: Saved }[] = [];
  while (player.step() !== 'end') {
    const events = player.runtime.trace().count;
    if (events < (saves.at(-1)?.events ?? 0) + 2 * every) continue;
    const saved = player.save();
    if (saved !== null) saves.push({ events, saved });
  }
  player.close();
  assert.ok(saves.length >= BEGUN, `it could be saved at ${saves.length} places`);
  let compared = 0;
  for (let n = 0; n < BEGUN; n += 1) {
    const { events: from, saved } = saves[Math.floor(n * saves.length / BEGUN)]!;
    let again: Player | undefined = undefined;
    let before = 0;
    const seen = new Set<number>();
    const look = (): void => {
      if (again === undefined) return;
      const { runtime } = again as Player;
      const events = before + runtime.trace().count;
      const digest = digests.get(events);
      if (digest === undefined || seen.has(events)) return;
      assert.equal(treeDigest(runtime), digest, `from ${from} events on, the tree after ${events} is the one that lived`);
      seen.add(events);
    };
    again = recording.play({ traceEvents: 1024, onRest: look, onDecision: () => {}, onAsked: () => {}, onGiven: () => {} }, saved);
    before = from - again.runtime.trace().count;
    while (seen.size < MOMENTS && again.step() !== 'end');
    again.close();
    compared += seen.size;
  }
  assert.ok(compared > BEGUN, `${compared} moments`);
}
