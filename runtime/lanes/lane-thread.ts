import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { createRing, RingReader, RingWriter } from '../ring/index.js';
import type { Bell } from './bell.js';
import { Control, createControl, Phase } from './control.js';
import { failed, LaneError, type LaneEnd } from './failure.js';
import type { LaneSpec } from './program.js';
import { endOfError, isAnswer, type ThreadSlot } from './slot.js';
import { StallMeter } from './stall.js';
import type { LanePosted, LaneTask } from './thread.js';

const INBOX_SLOTS = 4096;
const OUTBOX_SLOTS = 1024;

export type LaneState = 'starting' | 'running' | 'stopping' | 'ended';

export interface LaneDeadlines {
  readonly startTimeoutMs: number;
  /** 0: never. */
  readonly stallTimeoutMs: number;
  readonly stopTimeoutMs: number;
}

/**
 * The owner's side of one lane: one start of one program in one thread. Its rings and its other memory are its own and never used
 * again. Everything it knows can be read while the owner's event loop does not turn; `poll` is then what the pool's timer does.
 */
export class LaneThread {
  readonly name: string;
  /** Owner to thread. */
  readonly inbox: RingWriter;
  /** Thread to owner. */
  readonly outbox: RingReader;
  /** Resolves when the program can drain; rejects with a LaneError when the lane ended first. Nobody has to look at it. */
  readonly ready: Promise<void>;
  /** Never rejects. */
  readonly ended: Promise<LaneEnd>;

  readonly #control: Control;
  readonly #port: MessagePort;
  readonly #slot: ThreadSlot;
  readonly #deadlines: LaneDeadlines;
  readonly #stall: StallMeter;
  readonly #onEnd: (thread: LaneThread, end: LaneEnd) => void;
  readonly #onIdle: (slot: ThreadSlot) => void;
  readonly #startedAtMs = performance.now();
  readonly #resolveReady: () => void;
  readonly #rejectReady: (error: LaneError) => void;
  readonly #resolveEnded: (end: LaneEnd) => void;
  readonly #posted: unknown[] = [];
  #readyAfterMs: number | null = null;
  #stopAskedAtMs: number | null = null;
  /** How the thread said that it ended. */
  #lastWord: LaneEnd | null = null;
  #end: LaneEnd | null = null;

  /** For the pool. `onEnd` is called once and at once when the end is known; `onIdle` when the thread may take another lane. */
  constructor(
    spec: LaneSpec & Required<Pick<LaneSpec, 'spins'>>, bell: Bell, slot: ThreadSlot, deadlines: LaneDeadlines,
    onEnd: (thread: LaneThread, end: LaneEnd) => void, onIdle: (slot: ThreadSlot) => void,
  ) {
    const inbox = createRing({ slots: spec.inboxSlots ?? INBOX_SLOTS });
    const outbox = createRing({ slots: spec.outboxSlots ?? OUTBOX_SLOTS });
    const control = createControl();
    const { port1, port2 } = new MessageChannel();
    const { promise: ready, resolve: resolveReady, reject: rejectReady } = resolvers<void>();
    const { promise: ended, resolve: resolveEnded } = resolvers<LaneEnd>();
    this.name = spec.name;
    this.inbox = RingWriter.open(inbox);
    this.outbox = RingReader.open(outbox);
    this.ready = ready;
    this.ended = ended;
    this.#resolveReady = resolveReady;
    this.#rejectReady = rejectReady;
    this.#resolveEnded = resolveEnded;
    this.#control = new Control(control);
    this.#port = port1;
    this.#slot = slot;
    this.#deadlines = deadlines;
    this.#stall = new StallMeter(this.#startedAtMs, 0, deadlines.stallTimeoutMs === 0 ? Infinity : deadlines.stallTimeoutMs / 2);
    this.#onEnd = onEnd;
    this.#onIdle = onIdle;
    ready.catch(() => undefined);
    slot.onNews = () => void this.poll();
    slot.onDeath = (end) => {
      // The thread's own last word says more than how it died.
      if (this.poll() === null) this.#finish(end);
    };
    const task: LaneTask = { program: String(spec.program), input: spec.input, inbox, outbox, bell: bell.memory, control, port: port2, rings: spec.rings ?? 'drains', spins: spec.spins, pauseEveryMs: spec.pauseEveryMs ?? 0, waits: spec.waits ?? 'sleeps' };
    slot.run(task).then((answer) => this.#answered(answer), (error: unknown) => this.#failed(error));
  }

  get state(): LaneState {
    if (this.#end !== null) return 'ended';
    switch (this.#control.phase) {
      case Phase.ended: return 'ended';
      case Phase.running: return this.#stopAskedAtMs === null ? 'running' : 'stopping';
      case Phase.starting: return this.#stopAskedAtMs === null ? 'starting' : 'stopping';
    }
  }

  /** What `ended` resolves to, null before. */
  get end(): LaneEnd | null {
    return this.#end;
  }

  /** Milliseconds from the start until it was seen ready, null before. */
  get readyAfterMs(): number | null {
    return this.#readyAfterMs;
  }

  /**
   * The next message the program posted, in its order; undefined when there is none now. What was posted before the end stays.
   * That the lane has ended is found by `poll` alone, so that nobody who reads is in the middle of it.
   */
  receive(): unknown {
    if (this.#posted.length === 0) this.#readPort(1);
    return this.#posted.shift();
  }

  /** Signs of life so far, modulo 2^32. They go on while the thread is idle. */
  heartbeats(): number {
    return this.#control.beats;
  }

  /** Milliseconds the running thread has shown no sign of life while its inbox was not empty, as far as looked at. The clock is performance.now. */
  stalledForMs(nowMs = performance.now()): number {
    const waiting = this.state === 'running' && this.inbox.consumed() !== this.inbox.written;
    return this.#stall.look(nowMs, this.#control.beats, waiting);
  }

  /**
   * Looks at the lane now: takes note that it is ready or has ended, and enforces the deadlines. Returns how it ended, null while it
   * has not. Sees everything but a thread that died of its memory limit, which only a turning loop is told; with a stall timeout
   * that one is found as stalled.
   */
  poll(nowMs = performance.now()): LaneEnd | null {
    if (this.#end !== null) return this.#end;
    const phase = this.#control.phase;
    if (phase === Phase.ended || this.#lastWord !== null) {
      this.#readPort(Infinity);
      this.#finish(this.#lastWord ?? failed('lost', 'the thread ended and did not say how'));
      return this.#end;
    }
    if (phase === Phase.running && this.#readyAfterMs === null) {
      this.#readyAfterMs = nowMs - this.#startedAtMs;
      this.#resolveReady();
    }
    const { startTimeoutMs, stallTimeoutMs, stopTimeoutMs } = this.#deadlines;
    if (this.#stopAskedAtMs !== null) {
      if (nowMs - this.#stopAskedAtMs >= stopTimeoutMs) this.#kill(failed('killed', `asked to stop, and had not after ${stopTimeoutMs} ms`));
    } else if (phase === Phase.starting) {
      if (nowMs - this.#startedAtMs >= startTimeoutMs) this.#kill(failed('start-timeout', `after ${startTimeoutMs} ms`));
    } else if (stallTimeoutMs > 0 && this.stalledForMs(nowMs) >= stallTimeoutMs) {
      this.#kill(failed('stalled', `no sign of life for ${stallTimeoutMs} ms with its inbox not empty`));
    }
    return this.#end;
  }

  /** Asks the program to end after the drain it is in; it is killed if it has not after the pool's stopTimeoutMs. */
  stop(): void {
    if (this.#end !== null || this.#stopAskedAtMs !== null) return;
    this.#stopAskedAtMs = performance.now();
    this.#control.askToStop();
  }

  /** Ends the thread at once, whatever it is doing. What it had published and posted can still be read. */
  kill(reason = 'by its owner'): void {
    if (this.poll() === null) this.#kill(failed('killed', reason));
  }

  #kill(end: LaneEnd): void {
    void this.#slot.destroy();
    this.#finish(end);
  }

  #answered(answer: unknown): void {
    const reusable = isAnswer(answer) && answer.clean && answer.end.kind === 'stopped';
    if (reusable && this.#slot.alive) this.#onIdle(this.#slot);
    else void this.#slot.destroy();
    this.#finish(isAnswer(answer) ? answer.end : failed('lost', 'the thread ended without an answer'));
  }

  #failed(error: unknown): void {
    void this.#slot.destroy();
    this.#finish(endOfError(error));
  }

  #readPort(most: number): void {
    for (let read = 0; read < most;) {
      const received = receiveMessageOnPort(this.#port) as { readonly message: LanePosted } | undefined;
      if (received === undefined) return;
      if ('end' in received.message) {
        this.#lastWord = received.message.end;
        return;
      }
      this.#posted.push(received.message.message);
      read++;
    }
  }

  #finish(end: LaneEnd): void {
    if (this.#end !== null) return;
    this.#end = end;
    this.#readPort(Infinity);
    this.#port.close();
    if (end.kind === 'failed') this.#rejectReady(new LaneError(this.name, end.failure));
    else this.#resolveReady();
    this.#resolveEnded(end);
    this.#onEnd(this, end);
  }
}

interface Resolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: Error) => void;
}

// Promise.withResolvers comes with Node 22.
function resolvers<T>(): Resolvers<T> {
  let resolve!: (value: T) => void;
  let reject!: (reason: Error) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
