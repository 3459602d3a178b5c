import type { Socket } from 'node:net';
import { Bucket } from './bucket.js';
import { rpcError } from './errors.js';
import { type Frame, FrameDecoder } from './frames.js';
import type { Outcome } from './gate.js';
import type { ControlLimits } from './limits.js';
import { errorText, notificationText, parseLine, type RequestId, successText, type ValidCall } from './requests.js';

/** What all connections count together. */
export interface SocketCounts {
  accepted: number;
  refused: number;
  evicted: number;
  requests: number;
  notifications: number;
  errors: number;
  /** Lines that were no requests. */
  violations: number;
  /** Connections cut off, by why. */
  cutForViolations: number;
  cutForSlowReading: number;
  cutForIdling: number;
  vanished: number;
  droppedAnswers: number;
  droppedEvents: number;
  bytesIn: number;
  bytesOut: number;
  /** Bytes that wait for readers now. */
  waitingBytes: number;
  /** Times a client had to wait for its share. */
  throttled: number;
}

export function noCounts(): SocketCounts {
  return {
    accepted: 0, refused: 0, evicted: 0, requests: 0, notifications: 0, errors: 0, violations: 0, cutForViolations: 0, cutForSlowReading: 0,
    cutForIdling: 0, vanished: 0, droppedAnswers: 0, droppedEvents: 0, bytesIn: 0, bytesOut: 0, waitingBytes: 0, throttled: 0,
  };
}

export type Served = 'served' | 'empty' | 'throttled' | 'blocked';

/** What a connection needs of the server around it. */
export interface Hub {
  readonly limits: ControlLimits;
  readonly counts: SocketCounts;
  /** What all clients together may still send. */
  readonly bytes: Bucket;
  /** Carries out a call; `done` is called once. */
  perform(connection: Connection, call: ValidCall, done: (outcome: Outcome) => void): void;
  /** The connection may be able to go on. */
  ready(connection: Connection): void;
  gone(connection: Connection): void;
}

const GARBAGE_TOKENS = 5;
/** How long a connection that is being closed may stay: when all is written, and when the reader takes nothing. */
const FLUSHED_MS = 20;
const UNFLUSHED_MS = 1_000;

/** One client: its unread bytes, its requests under way, its unread answers; each bounded. */
export class Connection {
  readonly number: number;
  /** What it called itself. */
  client: string | null = null;
  /** Whether it has ever sent a valid request. */
  proven = false;
  subscriptions = 0;
  lastActiveMs: number;
  readonly #hub: Hub;
  readonly #socket: Socket;
  readonly #decoder: FrameDecoder;
  readonly #requests: Bucket;
  readonly #bytes: Bucket;
  #inFlight = 0;
  #violations = 0;
  #paused = false;
  #ended = false;
  #closing = false;
  #corked = false;
  #wroteBytes = 0;
  /** When what waits for the reader last became less, or was nothing. */
  #stalledSinceMs: number;
  #drainedBytes = 0;

  constructor(number: number, socket: Socket, hub: Hub) {
    const now = performance.now();
    this.number = number;
    this.lastActiveMs = now;
    this.#stalledSinceMs = now;
    this.#hub = hub;
    this.#socket = socket;
    const { limits } = hub;
    this.#decoder = new FrameDecoder(limits.lineBytes);
    this.#requests = new Bucket(limits.clientRequestsPerSecond, limits.clientBurst, now);
    this.#bytes = new Bucket(limits.clientBytesPerSecond, limits.clientByteBurst, now);
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.on('end', () => {
      this.#ended = true;
      hub.ready(this);
    });
    socket.on('drain', () => hub.ready(this));
    socket.on('error', () => void hub.counts.vanished++);
    socket.on('close', () => {
      this.#closing = true;
      hub.gone(this);
    });
  }

  /** Bytes that wait for this reader. */
  get waitingBytes(): number {
    return this.#socket.writableLength;
  }

  /** Takes one line, if there is one and it is this client's turn. */
  serve(now: number): Served {
    if (this.#closing) return 'empty';
    const { limits } = this.#hub;
    if (this.#inFlight >= limits.clientInFlight || this.waitingBytes >= limits.clientOutputBytes) return 'blocked';
    if (!this.#requests.has(now)) return 'throttled';
    const frame = this.#decoder.next();
    if (frame !== null) {
      this.#take(frame);
      return 'served';
    }
    if (this.#ended) {
      if (this.#inFlight === 0) this.#close();
      return 'empty';
    }
    if (this.#paused) {
      if (!this.#bytes.has(now) || !this.#hub.bytes.has(now)) return 'throttled';
      this.#paused = false;
      this.#socket.resume();
    }
    return 'empty';
  }

  /** A notification; false when it was dropped because the client does not read. */
  notify(method: string, params: unknown): boolean {
    const { limits, counts } = this.#hub;
    if (this.#closing || this.waitingBytes > limits.clientTraceBytes || counts.waitingBytes > limits.outputBytes) return false;
    this.#write(notificationText(method, params));
    return true;
  }

  /** Whether what waits for this reader has not become less for so long. */
  readsNothing(now: number): boolean {
    const waiting = this.waitingBytes;
    const drained = this.#wroteBytes - waiting;
    if (waiting === 0 || drained > this.#drainedBytes) {
      this.#drainedBytes = drained;
      this.#stalledSinceMs = now;
      return false;
    }
    return now - this.#stalledSinceMs > this.#hub.limits.stalledReaderMs;
  }

  /** Ends it after what is written has gone out; at once if that takes long. */
  end(): void {
    this.#close();
  }

  cut(): void {
    this.#closing = true;
    this.#socket.destroy();
  }

  #received(chunk: Buffer): void {
    if (this.#closing) return;
    this.#hub.counts.bytesIn += chunk.length;
    this.#bytes.take(chunk.length);
    this.#hub.bytes.take(chunk.length);
    this.#decoder.push(chunk);
    // Nothing more is read before this is done with: the rest waits in the kernel, and then in the sender.
    this.#paused = true;
    this.#socket.pause();
    this.#hub.ready(this);
  }

  #take(frame: Frame): void {
    const { limits, counts } = this.#hub;
    const parsed = frame.kind === 'tooLong'
      ? { batch: false, violation: true, calls: [{ id: null, error: rpcError('limit', `a line has at most ${limits.lineBytes} bytes`, { limit: 'lineBytes' }) }] }
      : parseLine(frame.bytes, limits);
    this.#requests.take(parsed.violation ? GARBAGE_TOKENS : parsed.calls.length);
    if (parsed.violation) {
      counts.violations++;
      this.#violations++;
    } else {
      this.lastActiveMs = performance.now();
    }
    if (parsed.batch) this.#batch(parsed.calls);
    else this.#single(parsed.calls[0]!);
    if (this.#violations >= limits.violations) {
      counts.cutForViolations++;
      this.#close();
    }
  }

  #single(call: ReturnType<typeof parseLine>['calls'][number]): void {
    this.#perform(call, (text) => {
      if (text !== null) this.#answer(text, call.id ?? null);
    });
  }

  #batch(calls: ReturnType<typeof parseLine>['calls']): void {
    const { clientOutputBytes } = this.#hub.limits;
    const texts: string[] = [];
    let length = 0;
    let left = calls.length;
    for (const call of calls) {
      this.#perform(call, (text) => {
        if (text !== null) {
          const fits = length === 0 || length + text.length <= clientOutputBytes;
          texts.push(fits ? text : errorText(call.id ?? null, rpcError('limit', `the answers of a batch have at most ${clientOutputBytes} characters together`, { limit: 'clientOutputBytes' })));
          length += fits ? text.length : 0;
        }
        if (--left === 0 && texts.length > 0) this.#answer(`[${texts.join(',')}]`, null);
      });
    }
  }

  /** `done` gets the answer's text, null for a notification. */
  #perform(call: ReturnType<typeof parseLine>['calls'][number], done: (text: string | null) => void): void {
    const { counts } = this.#hub;
    const { id } = call;
    if (id === undefined) counts.notifications++;
    else counts.requests++;
    if ('error' in call) {
      counts.errors++;
      done(id === undefined ? null : errorText(id, call.error));
      return;
    }
    this.proven = true;
    this.#inFlight++;
    this.#hub.perform(this, call, (outcome) => {
      this.#inFlight--;
      if ('error' in outcome) counts.errors++;
      if (!this.#closing) {
        if (id === undefined) done(null);
        else done('error' in outcome ? errorText(id, outcome.error) : successText(id, outcome.result));
        this.#hub.ready(this);
      }
    });
  }

  #answer(text: string, id: RequestId): void {
    if (this.#closing) return;
    const { limits, counts } = this.#hub;
    if (this.waitingBytes > 0 && this.waitingBytes + text.length > limits.clientOutputBytes) {
      counts.droppedAnswers++;
      this.#write(errorText(id, rpcError('slowReader', `the answer of ${text.length} characters was dropped: ${this.waitingBytes} bytes wait to be read`)));
    } else if (counts.waitingBytes + text.length > limits.outputBytes) {
      counts.droppedAnswers++;
      this.#write(errorText(id, rpcError('slowReader', `the answer of ${text.length} characters was dropped: ${counts.waitingBytes} bytes wait for all readers together`)));
    } else {
      this.#write(text);
    }
  }

  #write(text: string): void {
    const socket = this.#socket;
    if (!socket.writable) return;
    if (!this.#corked) {
      // Answers of one turn go out in one system call.
      this.#corked = true;
      socket.cork();
      setImmediate(() => {
        this.#corked = false;
        socket.uncork();
      });
    }
    const bytes = Buffer.from(`${text}\n`);
    this.#wroteBytes += bytes.length;
    const { counts } = this.#hub;
    counts.bytesOut += bytes.length;
    counts.waitingBytes += bytes.length;
    // Called for what never goes out as well.
    socket.write(bytes, () => void (counts.waitingBytes -= bytes.length));
  }

  #close(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#socket.end();
    // What it still sends is thrown away, and it may never read what it was sent.
    this.#socket.resume();
    this.#socket.once('finish', () => setTimeout(() => this.#socket.destroy(), FLUSHED_MS).unref());
    setTimeout(() => this.#socket.destroy(), UNFLUSHED_MS).unref();
  }
}
