import { Lane, LaneGroup } from '../../actors/market/index.js';
import type { LanePost } from '../../actors/market/index.js';
import type { IndicatorParams } from '../../config/indicators.js';
import type { VenueParams } from '../../config/index.js';
import type { Instrument } from '../../data/records/index.js';
import { createRing, RingReader, RingWriter } from '../../runtime/ring/index.js';

export interface LocalLanesOptions {
  readonly instruments: readonly Instrument[];
  readonly params: (instrument: Instrument) => IndicatorParams;
  readonly venue?: VenueParams;
  readonly lanes: number;
  readonly assignment?: readonly number[];
  readonly distanceUs: number;
  readonly checkpointEvery?: number;
  readonly inboxSlots?: number;
  readonly outboxSlots?: number;
  /** Uniform in [0, 1): who works next. */
  readonly random: () => number;
  /** Before each wait: may kill a lane. */
  readonly onWait?: (lanes: LocalLanes) => void;
}

/**
 * Lanes without threads, over the real rings: each time the merge waits, one lane chosen by chance does some work. A
 * thread's interleavings, from a seed.
 */
export class LocalLanes {
  readonly group: LaneGroup;
  kills = 0;
  waits = 0;
  readonly #options: LocalLanesOptions;
  readonly #lanes: (Lane | null)[];
  #working = false;
  readonly #posts: LanePost[][];

  constructor(options: LocalLanesOptions) {
    this.#options = options;
    const { instruments, lanes } = options;
    this.group = new LaneGroup({
      lanes, distanceUs: options.distanceUs, checkpointEvery: options.checkpointEvery ?? 10_000,
      assignment: options.assignment ?? instruments.map((_, k) => k % lanes),
      wait: () => this.#wait(),
    });
    this.#lanes = Array.from({ length: lanes }, () => null);
    this.#posts = Array.from({ length: lanes }, () => []);
    for (let lane = 0; lane < lanes; lane += 1) this.start(lane);
  }

  start(lane: number): void {
    const { instruments, params, venue, inboxSlots = 1024, outboxSlots = 256, assignment, lanes } = this.#options;
    const own = instruments.filter((_, k) => (assignment?.[k] ?? k % lanes) === lane);
    const feed = this.group.feeds[lane]!;
    const inbox = createRing({ slots: inboxSlots });
    const outbox = createRing({ slots: outboxSlots });
    const posts: LanePost[] = [];
    this.#posts[lane] = posts;
    const writer = RingWriter.open(inbox);
    const reader = RingReader.open(outbox);
    this.#lanes[lane] = new Lane(
      {
        instruments: own, params: Object.fromEntries(own.map((instrument) => [instrument.index, params(instrument)])),
        ...(venue === undefined ? {} : { venue }), checkpoint: structuredClone(feed.checkpoint), from: feed.tape.begin, answered: feed.merged,
      },
      {
        inbox: RingReader.open(inbox), outbox: RingWriter.open(outbox),
        post: (message) => posts.push(structuredClone(message)),
        // A single thread cannot wait for the merge: it reads in the middle of our turn.
        awaitRoom: () => {
          feed.poll();
          return true;
        },
        sleep: () => {},
      },
    );
    this.group.connect(lane, {
      // Between any two looks that main takes, lanes may get on.
      inbox: {
        F: writer.F, I: writer.I, slots: writer.slots,
        get index() { return writer.index; },
        claimUpTo: (count) => writer.claimUpTo(count),
        publish: () => writer.publish(),
        consumed: () => {
          this.#work();
          const consumed = writer.consumed();
          this.#work();
          return consumed;
        },
      },
      outbox: reader,
      receive: () => posts.shift(),
    });
  }

  kill(lane: number): void {
    this.kills += 1;
    this.group.disconnect(lane);
    this.#lanes[lane] = null;
  }

  #work(): void {
    const { random } = this.#options;
    if (this.#working || random() < 0.9) return;
    this.#working = true;
    this.#lanes[Math.floor(random() * this.#lanes.length)]?.drain();
    this.#working = false;
  }

  #wait(): boolean {
    this.waits += 1;
    this.#options.onWait?.(this);
    for (let lane = 0; lane < this.#lanes.length; lane += 1) if (this.#lanes[lane] === null) this.start(lane);
    const first = Math.floor(this.#options.random() * this.#lanes.length);
    for (let k = 0; k < this.#lanes.length; k += 1) {
      const lane = (first + k) % this.#lanes.length;
      if (this.#lanes[lane]!.drain()) break;
    }
    for (const feed of this.group.feeds) feed.send();
    return true;
  }

  /** Works until every lane has said its last. */
  settle(): void {
    for (let k = 0; !this.group.settle(); k += 1) {
      if (k > 1e6) throw new Error('the lanes do not settle');
      this.#wait();
    }
  }
}
