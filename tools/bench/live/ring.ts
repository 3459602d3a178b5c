import type { Edge, KernelPort, LaneInput } from '../../../actors/market/index.js';
import { LaneSet } from '../../../actors/market/lanes/lane-set.js';
import { DEFAULT_CONFIG } from '../../../config/index.js';
import { paramsForSymbol } from '../../../config/indicators.js';
import type { RecordBatch } from '../../../data/records/index.js';
import { LanePool, type LaneThread } from '../../../runtime/lanes/index.js';
import { INSTRUMENT } from './frames.js';
import { DecodingPlacement } from './placement.js';
import { LiveSession } from './session.js';

/** What runs in a lane's thread, and the same made heavier. */
const PROGRAM = new URL('../../../supervisors/market-lane.js', import.meta.url);
const HEAVY_PROGRAM = new URL('./heavy-lane.js', import.meta.url);
const LISTEN_MS = 1000;

/** Decodes on the main loop, publishes once a chunk to a lane's ring; a lane's answers wake the main loop. */
export class RingPlacement extends DecodingPlacement {
  readonly session: LiveSession;
  readonly #kernel: RingKernel;
  readonly #pool: LanePool;
  readonly #thread: LaneThread;
  #closed = false;

  private constructor(kernelUs: number) {
    super();
    const { indicators, trading, lanes } = DEFAULT_CONFIG;
    this.#kernel = new RingKernel({ assignment: [0], lanes: 1, checkpointEvery: lanes.checkpointSlots });
    this.session = new LiveSession(this.decided, this.#kernel);
    this.#pool = new LanePool({ threads: 1 });
    const input: LaneInput = {
      instruments: [INSTRUMENT], params: { [INSTRUMENT.index]: paramsForSymbol(indicators, INSTRUMENT.symbol) }, venue: trading.venue,
      checkpoint: null, from: 0, answered: 0,
    };
    const spec = { name: 'lane 0', inboxSlots: lanes.inboxSlots, outboxSlots: lanes.answerSlots };
    this.#thread = kernelUs === 0
      ? this.#pool.start({ ...spec, program: PROGRAM, input })
      : this.#pool.start({ ...spec, program: HEAVY_PROGRAM, input: { ...input, kernelUs } });
    const { inbox, outbox } = this.#thread;
    this.#kernel.connect(0, { inbox, outbox, receive: () => this.#thread.receive() });
  }

  static async start({ kernelUs = 0 }: { readonly kernelUs?: number } = {}): Promise<RingPlacement> {
    const placement = new RingPlacement(kernelUs);
    await placement.#thread.ready;
    void placement.#listen();
    return placement;
  }

  protected take({ F, I, length }: RecordBatch): void {
    const first = this.taken - length;
    for (let n = 0; n < length; n += 1) {
      if (this.isSampled(first + n)) this.#kernel.retell();
      this.#kernel.take(F, I, n);
    }
    this.#kernel.send();
  }

  override poll(): void {
    if (this.#thread.end !== null) throw new Error(`the lane ended: ${JSON.stringify(this.#thread.end)}`);
    if (this.#kernel.poll()) this.session.merge();
  }

  override async close(): Promise<void> {
    this.#closed = true;
    await this.#pool.close();
  }

  /** Woken by answers alone: the pool's bell would ring for every drain of the lane. */
  async #listen(): Promise<void> {
    while (!this.#closed) {
      await this.#thread.outbox.waitAsync(LISTEN_MS);
      if (!this.#closed) this.poll();
    }
  }
}

/** What stands for the lane where a session wants a kernel: answers are merged as they come. */
class RingKernel extends LaneSet implements KernelPort {
  readonly edges: Edge[] = [];
  clockUs = 0;
  seq = -1;
  readonly position = 0;
  readonly stalled = false;

  /** Hands record `n` to its lane. */
  take(F: Float64Array, I: Int32Array, n: number): void {
    this.hand(F, I, n);
  }

  send(): void {
    for (const feed of this.feeds) feed.send();
  }

  /** True when there is something to merge. */
  poll(): boolean {
    let ready = false;
    for (const feed of this.feeds) {
      feed.send();
      feed.poll();
      ready ||= feed.answers.length > 0;
    }
    return ready;
  }

  /** Merges the answer to one record. */
  run(_F: Float64Array, _I: Int32Array, from: number): number {
    this.edges.length = 0;
    const { answers } = this.feeds[0]!;
    const first = answers[0];
    if (first === undefined) return from;
    let taken = 0;
    while (answers[taken]?.position === first.position) this.edges.push(answers[taken++]!.edge);
    answers.splice(0, taken);
    this.seq = first.edge.seq;
    if (first.edge.atUs > this.clockUs) this.clockUs = first.edge.atUs;
    return from;
  }

  control(): void {
    throw new Error('nobody trades here');
  }
}
