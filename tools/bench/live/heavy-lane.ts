import { Lane, type LaneInput } from '../../../actors/market/index.js';
import type { LaneLink, LaneWork } from '../../../runtime/lanes/index.js';
import { TAG, WORDS_I } from '../../../data/records/index.js';
import { beHeavy } from './heavy.js';

const KIND = 0xff;
/** Marks have kinds that records never have. */
const FIRST_MARK = 240;

/** A market lane whose kernel takes HEAVY_US longer for every record: it takes one slot at a time, and works before it does. */
export default function heavyLane(input: unknown, link: LaneLink): LaneWork {
  const { inbox } = link;
  const lane = new Lane(input as LaneInput, {
    inbox: {
      F: inbox.F,
      I: inbox.I,
      get index() {
        return inbox.index;
      },
      available() {
        const count = inbox.available(1);
        if (count > 0 && (inbox.I[inbox.index * WORDS_I + TAG]! & KIND) < FIRST_MARK) beHeavy();
        return count;
      },
      release: (count) => inbox.release(count),
    },
    outbox: link.outbox,
    post: (message) => link.post(message),
    awaitRoom(slots) {
      link.bell.ring();
      link.outbox.waitForRoom(slots, 20);
      link.beat();
      return !link.stopping();
    },
    sleep: () => undefined,
  });
  return { drain: () => lane.drain() };
}
