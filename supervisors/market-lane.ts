import { Lane } from '../actors/market/lanes/lane.js';
import type { LaneInput } from '../actors/market/index.js';
import type { LaneLink, LaneWork } from '../runtime/lanes/index.js';

/** How long a lane without room for an answer sleeps before it looks whether it is to stop. */
const ROOM_MS = 20;

/** What runs in the thread of a market lane. Main reads nothing of its state but what it posts and answers. */
export default function marketLane(input: unknown, link: LaneLink): LaneWork {
  const lane = new Lane(input as LaneInput, {
    inbox: link.inbox,
    outbox: link.outbox,
    post: (message) => link.post(message),
    awaitRoom(slots) {
      // Main may be asleep, and is the only one who can make room.
      link.bell.ring();
      link.outbox.waitForRoom(slots, ROOM_MS);
      link.beat();
      return !link.stopping();
    },
    sleep(ms) {
      const nothing = new Int32Array(new SharedArrayBuffer(4));
      const endMs = performance.now() + ms;
      for (let left = ms; left > 0 && !link.stopping(); left = endMs - performance.now()) Atomics.wait(nothing, 0, 0, Math.min(left, ROOM_MS));
    },
  });
  return { drain: () => lane.drain() };
}
