import type { LaneInput } from '../../../actors/market/index.js';
import { SymbolKernel } from '../../../actors/market/symbol.js';
import type { LaneLink, LaneWork } from '../../../runtime/lanes/index.js';
import marketLane from '../../../supervisors/market-lane.js';

/** What the lane does, in the query of the program's URL: `?do=spin&at=500`, once it has taken `at` slots of its ring. */
export type Deed =
  | 'behave' | 'throw' | 'spin' | 'idle-beat' | 'busy-nothing' | 'eat-memory' | 'exit' | 'garbage' | 'flood' | 'forge' | 'post-garbage' | 'throw-in-timer'
  | 'start-throw' | 'start-hang' | 'start-no-work';

/** What a market lane takes at once. */
const STRETCH = 256;
const query = new URL(import.meta.url).searchParams;
const deed = (query.get('do') ?? 'behave') as Deed;
const at = Number(query.get('at') ?? '0');
const seed = Number(query.get('seed') ?? '1');

/** A market lane that goes wrong. */
export default function misbehaving(input: unknown, link: LaneLink): LaneWork {
  if (deed === 'start-throw') throw new Error('cannot begin');
  if (deed === 'start-hang') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  if (deed === 'start-no-work') return {} as LaneWork;
  if (deed === 'throw') throwAt(at);
  const lane = marketLane(input, link);
  let taken = 0;
  return {
    drain() {
      const due = taken >= at && link.inbox.available(1) > 0;
      if (due) {
        const answer = act(link, input as LaneInput);
        if (answer !== undefined) return answer;
      }
      taken += link.inbox.available(STRETCH);
      return lane.drain();
    },
  };
}

/** Undefined: go on with the lane's work. */
function act({ outbox, bell, post, stopping, beat }: LaneLink, { from }: LaneInput): boolean | undefined {
  switch (deed) {
    case 'throw-in-timer':
      setTimeout(() => {
        throw new Error('from a timer');
      }, 1);
      return undefined;
    case 'spin':
      for (;;) if (seed < 0) break;
      return true;
    case 'idle-beat':
      // Alive, and never at work.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      return true;
    case 'busy-nothing':
      bell.ring();
      return true;
    case 'eat-memory':
      return eatMemory();
    case 'exit':
      return process.exit(7);
    case 'garbage': {
      const slots = Math.min(outbox.slots / 2, 8);
      if (outbox.claim(slots) < 0) return undefined;
      let state = seed;
      for (let word = 0; word < slots * 16; word++) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
        // Small numbers look like kinds and lengths more often.
        outbox.I[outbox.index * 16 + word] = (state >>> 16) % 3 === 0 ? state : (state >>> 20) % 64;
      }
      outbox.publish();
      return undefined;
    }
    case 'forge':
      // A sound book edge of symbol 0 to an input that it has not seen.
      if (outbox.claim(1) < 0) return undefined;
      outbox.F[outbox.index * 8] = from + 1e6;
      outbox.I[outbox.index * 16 + 2] = 3;
      outbox.I[outbox.index * 16 + 3] = 5;
      outbox.F.fill(0, outbox.index * 8 + 2, outbox.index * 8 + 8);
      outbox.publish();
      return undefined;
    case 'flood':
      // Sound answers to one input, for ever.
      while (!stopping()) {
        beat();
        if (outbox.claim(1) < 0) {
          bell.ring();
          outbox.waitForRoom(1, 5);
          continue;
        }
        outbox.F.fill(0, outbox.index * 8, outbox.index * 8 + 8);
        outbox.F[outbox.index * 8] = from;
        outbox.I[outbox.index * 16 + 2] = 3;
        outbox.I[outbox.index * 16 + 3] = 5;
        outbox.publish();
      }
      return false;
    case 'post-garbage':
      for (const message of [null, 5, 'x', { type: 'facts' }, { type: 'checkpoint', position: NaN, snapshot: {} }]) post(message);
      return undefined;
    case 'behave': case 'start-throw': case 'start-hang': case 'start-no-work': case 'throw':
      return undefined;
  }
}

function eatMemory(): never {
  const kept: unknown[] = [];
  for (;;) kept.push(new Array(1000).fill(kept.length));
}

/** The kernel of this thread throws at the record that it takes after so many. */
function throwAt(records: number): void {
  const { take } = SymbolKernel.prototype;
  let left = records;
  SymbolKernel.prototype.take = function (F, I, record): void {
    if (left-- === 0) throw new RangeError('this record is too much');
    take.call(this, F, I, record);
  };
}
