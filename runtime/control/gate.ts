import { Bucket } from './bucket.js';
import { rpcError, type RpcErrorBody } from './errors.js';
import type { ControlLimits } from './limits.js';
import { type Heartbeat, isWrite, type MainAnswer, type MainCall, type MainMethod, type Tickets } from './link.js';

export type Outcome = { readonly result: string } | { readonly error: RpcErrorBody };
export type Caller = { readonly connection: number; readonly client: string | null };

interface Waiting {
  readonly method: MainMethod;
  readonly params: unknown;
  readonly caller: Caller;
  readonly deadlineMs: number;
  readonly done: (outcome: Outcome) => void;
  answered: boolean;
}

interface Shared {
  /** When the answer came; 0 while it is under way. */
  atMs: number;
  outcome: Outcome | null;
  readonly waiting: ((outcome: Outcome) => void)[];
}

/** After so many deadlines a call that the main loop has taken and not finished is given up. */
const GIVE_UP_DEADLINES = 6;
/** Write verbs a second, and at once. They do not wait for the readers' share of the main loop. */
const WRITES_PER_SECOND = 50;
/** A read that the system put aside half way seems to have taken long: nobody waits longer than this for it to be made good. */
const MOST_DEBT_SECONDS = 2;
const KEPT_BYTES = 16 << 20;

/**
 * The only way from the clients to the main loop: a bounded queue, a bounded number of calls under way, and a budget of
 * the main loop's own time. The same read asked twice within `shareMs` is made once. Lives in the socket's thread.
 */
export class Gate {
  readonly counts = { mainCalls: 0, mainUs: 0, shared: 0, busy: 0, withdrawn: 0 };
  readonly #limits: ControlLimits;
  readonly #heartbeat: Heartbeat;
  readonly #tickets: Tickets;
  readonly #post: (calls: readonly MainCall[]) => void;
  readonly #budget: Bucket;
  readonly #writeRate: Bucket;
  readonly #reads: Waiting[] = [];
  readonly #writes: Waiting[] = [];
  readonly #posted: (Waiting | null)[];
  readonly #freeSlots: number[] = [];
  readonly #shared = new Map<string, Shared>();
  #keptBytes = 0;
  #scheduled = false;

  constructor(limits: ControlLimits, heartbeat: Heartbeat, tickets: Tickets, post: (calls: readonly MainCall[]) => void) {
    this.#limits = limits;
    this.#heartbeat = heartbeat;
    this.#tickets = tickets;
    this.#post = post;
    const now = performance.now();
    this.#budget = new Bucket(limits.mainShare * 1e6, limits.mainBurstMs * 1000, now, limits.mainShare * 1e6 * MOST_DEBT_SECONDS);
    this.#writeRate = new Bucket(WRITES_PER_SECOND, WRITES_PER_SECOND, now);
    this.#posted = new Array<Waiting | null>(limits.outstandingCalls).fill(null);
    for (let slot = limits.outstandingCalls - 1; slot >= 0; slot--) this.#freeSlots.push(slot);
  }

  get queued(): number {
    return this.#reads.length + this.#writes.length;
  }

  /** Nothing waits, nothing is under way, no copy is kept. */
  get idle(): boolean {
    return this.queued === 0 && this.#shared.size === 0 && this.#freeSlots.length === this.#posted.length;
  }

  /** `done` is called once, at once or later; at the latest some deadlines from now. */
  call(method: MainMethod, params: unknown, caller: Caller, done: (outcome: Outcome) => void): void {
    if (isWrite(method)) {
      this.#enqueue(this.#writes, method, params, caller, (outcome) => {
        // Who reads after his own write must see it.
        for (const [key, shared] of this.#shared) if (shared.outcome !== null) this.#drop(key, shared);
        done(outcome);
      });
      return;
    }
    const key = `${method} ${JSON.stringify(params)}`;
    const known = this.#shared.get(key);
    if (known !== undefined && (known.outcome === null || performance.now() - known.atMs < this.#limits.shareMs)) {
      this.counts.shared++;
      if (known.outcome === null) known.waiting.push(done);
      else done(known.outcome);
      return;
    }
    if (known !== undefined) this.#drop(key, known);
    const shared: Shared = { atMs: 0, outcome: null, waiting: [done] };
    this.#shared.set(key, shared);
    this.#enqueue(this.#reads, method, params, caller, (outcome) => {
      shared.outcome = outcome;
      shared.atMs = performance.now();
      this.#keptBytes += bytesOf(outcome);
      // What failed for want of the main loop is not to be repeated to whoever asks next.
      if ('error' in outcome || this.#keptBytes > KEPT_BYTES) this.#drop(key, shared);
      for (const waiting of shared.waiting.splice(0)) waiting(outcome);
    });
  }

  /** The main loop's answers: frees their slots and hands them on. */
  answered(answers: readonly MainAnswer[]): void {
    for (const answer of answers) {
      const waiting = this.#posted[answer.slot] ?? null;
      this.#posted[answer.slot] = null;
      this.#freeSlots.push(answer.slot);
      this.#budget.take(answer.tookUs);
      this.counts.mainUs += answer.tookUs;
      if (waiting !== null) finish(waiting, 'result' in answer ? { result: answer.result } : { error: answer.error });
    }
    this.flush();
  }

  /** Posts what may be posted now. */
  flush(): void {
    this.#scheduled = false;
    const now = performance.now();
    const calls: MainCall[] = [];
    while (this.#freeSlots.length > 0) {
      const waiting = this.#next(now);
      if (waiting === undefined) break;
      const slot = this.#freeSlots.pop()!;
      this.#posted[slot] = waiting;
      this.#tickets.post(slot);
      calls.push({ slot, method: waiting.method, params: waiting.params, ...waiting.caller });
    }
    if (calls.length > 0) {
      this.counts.mainCalls += calls.length;
      this.#post(calls);
    }
    // Over budget: the next try comes with `sweep`.
  }

  /** To be called every few milliseconds: deadlines, the budget that has grown, copies that have aged. */
  sweep(): void {
    const now = performance.now();
    for (const queue of [this.#writes, this.#reads]) {
      while (queue.length > 0 && queue[0]!.deadlineMs <= now) {
        const waiting = queue.shift()!;
        this.counts.withdrawn++;
        finish(waiting, { error: this.#late() });
      }
    }
    for (const [slot, waiting] of this.#posted.entries()) {
      if (waiting === null || waiting.answered || waiting.deadlineMs > now) continue;
      if (this.#tickets.withdraw(slot)) {
        this.counts.withdrawn++;
        finish(waiting, { error: this.#late() });
      } else if (waiting.deadlineMs + GIVE_UP_DEADLINES * this.#limits.callDeadlineMs <= now) {
        finish(waiting, { error: rpcError('stalled', 'the main loop has begun the call and not finished it', { carriedOut: null, mainLoopStalledMs: Math.round(this.#heartbeat.agoMs()) }) });
      }
    }
    for (const [key, shared] of this.#shared) {
      if (shared.outcome !== null && now - shared.atMs >= this.#limits.shareMs) this.#drop(key, shared);
    }
    if (this.queued > 0) this.flush();
  }

  #next(now: number): Waiting | undefined {
    if (this.#writes.length > 0 && this.#writeRate.has(now)) {
      this.#writeRate.take(1);
      return this.#writes.shift();
    }
    return this.#reads.length > 0 && this.#budget.has(now) ? this.#reads.shift() : undefined;
  }

  #enqueue(queue: Waiting[], method: MainMethod, params: unknown, caller: Caller, done: (outcome: Outcome) => void): void {
    if (queue.length >= this.#limits.queuedCalls) {
      this.counts.busy++;
      done({ error: rpcError('busy', `${queue.length} calls wait for the main loop already`, { carriedOut: false }) });
      return;
    }
    queue.push({ method, params, caller, deadlineMs: performance.now() + this.#limits.callDeadlineMs, done, answered: false });
    if (this.#scheduled) return;
    // Calls that come in one turn of this thread wake the main loop once.
    this.#scheduled = true;
    setImmediate(() => this.flush());
  }

  #late(): RpcErrorBody {
    const stalledMs = Math.round(this.#heartbeat.agoMs());
    const why = stalledMs > 1000 ? `the main loop has not turned for ${(stalledMs / 1000).toFixed(1)} s` : 'the main loop did not come to it in time';
    return rpcError('stalled', `${why}; the call was withdrawn and is not carried out`, { carriedOut: false, mainLoopStalledMs: stalledMs });
  }

  #drop(key: string, shared: Shared): void {
    if (this.#shared.get(key) !== shared) return;
    this.#shared.delete(key);
    if (shared.outcome !== null) this.#keptBytes -= bytesOf(shared.outcome);
  }
}

function finish(waiting: Waiting, outcome: Outcome): void {
  if (waiting.answered) return;
  waiting.answered = true;
  waiting.done(outcome);
}

function bytesOf(outcome: Outcome): number {
  return 'result' in outcome ? outcome.result.length : 0;
}
