import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import WebSocket from 'ws';
import { epochBaseUs, monotonicUs } from './clock.js';
import type { FeederOrder, FeederReport, Load, Sent } from './orders.js';

const FEEDER = fileURLToPath(new URL('./feeder.js', import.meta.url));
const START_WITHIN_MS = 10_000;
/** A paced load that was sent slower than this share of what was asked is no such load. */
const LEAST_RATE = 0.98;

/** Who takes what comes from the socket. */
export interface FrameTaker {
  /** A frame has come, the first of its chunk at `chunkUs`; its bytes may be gone after the call. */
  frame(bytes: Uint8Array, chunkUs: number): void;
  /** That was the last frame of its chunk. */
  chunkEnded(): void;
}

/** A feeder in a process of its own and a client connected to it, as a live process connects to a venue: no deflate, no validation of UTF-8. */
export class LiveFeed {
  readonly baseUs = epochBaseUs();
  /** Where the feeder listens. */
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #socket: WebSocket | null;
  #received: () => number = () => this.#frames;
  #frames = 0;
  #taker: FrameTaker | undefined;
  #chunkUs = 0;
  #inChunk = false;
  #failed: Error | undefined;
  readonly #endChunk = (): void => {
    this.#inChunk = false;
    this.#taker?.chunkEnded();
  };

  private constructor(child: ChildProcess, port: number, socket: WebSocket | null) {
    this.#child = child;
    this.port = port;
    this.#socket = socket;
    socket?.on('message', (data) => this.#frame(data as Buffer));
    socket?.on('error', (error) => (this.#failed ??= error));
  }

  /** Frames that have come since the beginning; all that were sent come, in order. */
  get received(): number {
    return this.#received();
  }

  /** Who receives elsewhere, and how many frames have come there. */
  follow(received: () => number): void {
    this.#received = received;
  }

  /** `receives`: with a client on this thread. @throws Error when the feeder does not start or cannot be reached. */
  static async start({ receives = true }: { readonly receives?: boolean } = {}): Promise<LiveFeed> {
    const child = fork(FEEDER, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    try {
      const report = await nextReport(child, START_WITHIN_MS);
      if (report.type !== 'listening') throw new Error('the feeder does not listen');
      if (!receives) return new LiveFeed(child, report.port, null);
      const socket = new WebSocket(`ws://127.0.0.1:${report.port}`, { perMessageDeflate: false, skipUTF8Validation: true });
      await once(socket, 'open', { signal: AbortSignal.timeout(START_WITHIN_MS) });
      return new LiveFeed(child, report.port, socket);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  /** Stamp of now, as the feeder would write it. */
  nowUs(): number {
    return this.baseUs + monotonicUs();
  }

  /** Who gets the frames from now on. */
  connect(taker: FrameTaker | undefined): void {
    this.#taker = taker;
  }

  /**
   * Has a load sent; resolves when the feeder has written all of it, which may be before all of it has come. See `checkSent`.
   * @throws Error when the feeder died.
   */
  async send(load: Load): Promise<Sent> {
    const order: FeederOrder = { load, baseUs: this.baseUs };
    this.#child.send(order);
    const limitMs = load.kind === 'paced' ? load.seconds * 3000 + 5000 : 60_000;
    const report = await nextReport(this.#child, limitMs);
    if (report.type !== 'sent') throw new Error('the feeder sent something else than was asked');
    return report;
  }

  /** Resolves when everything before frame `to` has come, or rejects after `limitMs`. */
  async arrived(to: number, limitMs: number): Promise<void> {
    const deadline = performance.now() + limitMs;
    while (this.received < to) {
      if (this.#failed !== undefined) throw this.#failed;
      if (performance.now() > deadline) throw new Error(`only ${this.received} of ${to} frames had come after ${limitMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  close(): void {
    this.#taker = undefined;
    this.#socket?.terminate();
    this.#child.removeAllListeners();
    this.#child.kill('SIGKILL');
  }

  #frame(bytes: Buffer): void {
    this.#frames += 1;
    if (!this.#inChunk) {
      this.#inChunk = true;
      this.#chunkUs = Math.floor(this.nowUs());
      // ws hands out all frames of a chunk in one go; a microtask comes right after them.
      queueMicrotask(this.#endChunk);
    }
    this.#taker?.frame(bytes, this.#chunkUs);
  }
}

/** The machine could not send a load at its rate. */
export class NotSent extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NotSentError';
  }
}

/** @throws NotSent for a load that was not sent as asked. */
export function checkSent(load: Load, sent: Sent): void {
  if (load.kind !== 'paced') return;
  const rate = (sent.to - sent.from) / sent.seconds;
  if (rate >= load.rate * LEAST_RATE) return;
  throw new NotSent(`the feeder sent ${Math.round(rate)} frames/s, asked were ${load.rate}: this machine cannot send that load now (is something else running?)`);
}

async function nextReport(child: ChildProcess, limitMs: number): Promise<FeederReport> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), limitMs);
  const ended = once(child, 'exit', { signal: stop.signal }).then(([code, signal]) => {
    throw new Error(`the feeder ended with ${String(signal ?? code)}`);
  });
  try {
    const [report] = (await Promise.race([once(child, 'message', { signal: stop.signal }), ended])) as [FeederReport];
    return report;
  } catch (error) {
    throw stop.signal.aborted ? new Error(`the feeder said nothing for ${limitMs} ms`) : error;
  } finally {
    clearTimeout(timer);
    stop.abort();
    ended.catch(() => undefined);
  }
}
