import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { plainCopy } from '../index.js';
import { ControlError, rpcError, type RpcErrorBody } from './errors.js';
import { CONTROL_LIMITS, type ControlLimits } from './limits.js';
import { Heartbeat, isWrite, type MainAnswer, type MainCall, sharedBytes, type ThreadInput, Tickets, type ToMain, type ToThread } from './link.js';
import { ReportFeed } from './report-feed.js';
import { checkLength } from './socket-file.js';
import type { AuditEntry, ControlTarget } from './target.js';
import { TraceFeed } from './trace-feed.js';
import { timesOf } from './turn-meter.js';
import { Refusal } from './verb-support.js';
import { VERBS } from './verbs.js';

const THREAD_MODULE = new URL('./thread.js', import.meta.url);
const HEARTBEAT_MS = 250;
const DELAY_RESOLUTION_MS = 20;
const CLOSE_DEADLINE_MS = 2_000;
const RESTART_FIRST_MS = 100;
const RESTART_MOST_MS = 10_000;

export interface ControlServerOptions {
  readonly socketPath: string;
  readonly target: ControlTarget;
  readonly limits?: Partial<ControlLimits>;
  /** Gets every write verb with its outcome. */
  readonly onAudit?: (entry: AuditEntry) => void;
  /** The socket's thread has failed and is started again; for the log. The tree is not touched. */
  readonly onFault?: (message: string) => void;
}

/**
 * Serves one process on a Unix domain socket. The socket, its clients and everything they send live in a thread of their
 * own; this side carries out checked calls, a few at a time, between turns of the event loop. It does not keep the process alive.
 */
export class ControlServer {
  readonly socketPath: string;
  readonly #options: ControlServerOptions;
  readonly #limits: ControlLimits;
  readonly #shared: SharedArrayBuffer;
  readonly #heartbeat: Heartbeat;
  readonly #delay: IntervalHistogram;
  readonly #beat: NodeJS.Timeout;
  readonly #startedAtUs = Math.round(performance.timeOrigin * 1000);
  readonly #tickets: Tickets;
  #worker: Worker | null = null;
  #feed: TraceFeed | null = null;
  #reports: ReportFeed | null = null;
  #queue: MainCall[] = [];
  #pumping = false;
  #closing = false;
  #failures = 0;

  /**
   * Claims the socket and serves it.
   * @throws ControlError in_use, path_too_long, insecure_folder, not_a_socket, cannot_listen
   */
  static async start(options: ControlServerOptions): Promise<ControlServer> {
    checkLength(options.socketPath);
    const server = new ControlServer(options);
    try {
      await server.#startThread();
    } catch (thrown) {
      server.#letGo();
      throw thrown;
    }
    return server;
  }

  private constructor(options: ControlServerOptions) {
    this.socketPath = options.socketPath;
    this.#options = options;
    this.#limits = { ...CONTROL_LIMITS, ...options.limits };
    this.#shared = new SharedArrayBuffer(sharedBytes(this.#limits.outstandingCalls));
    this.#tickets = new Tickets(this.#shared, this.#limits.outstandingCalls);
    this.#heartbeat = new Heartbeat(this.#shared);
    this.#heartbeat.beat();
    this.#beat = setInterval(() => this.#heartbeat.beat(), HEARTBEAT_MS).unref();
    this.#delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
    this.#delay.enable();
  }

  /** Removes the socket file and ends the thread. Never rejects. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    const worker = this.#worker;
    if (worker !== null) {
      const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, CLOSE_DEADLINE_MS);
      });
      worker.ref();
      this.#send({ kind: 'close' });
      await Promise.race([ended, late]);
      clearTimeout(timer);
      await worker.terminate();
    }
    this.#letGo();
  }

  #letGo(): void {
    this.#closing = true;
    clearInterval(this.#beat);
    this.#delay.disable();
    this.#feed?.stop();
    this.#reports?.stop();
    this.#worker = null;
  }

  async #startThread(): Promise<void> {
    const { target } = this.#options;
    const workerData: ThreadInput = {
      socketPath: this.socketPath, limits: this.#limits, name: target.name, version: target.version, startedAtUs: this.#startedAtUs, shared: this.#shared,
    };
    // Arguments and flags of the process are not the thread's: a preloaded module or a coverage hook has no business there.
    const worker = new Worker(THREAD_MODULE, { workerData, execArgv: [], name: 'control', resourceLimits: { maxOldGenerationSizeMb: 128 } });
    this.#worker = worker;
    this.#feed = new TraceFeed(() => target.runtime(), this.#limits.traceBatchMs, (message, transfer) => worker.postMessage(message, transfer));
    this.#reports = new ReportFeed(() => target.runtime(), this.#limits.traceBatchMs, (message) => worker.postMessage(message));
    let why = 'it ended by itself';
    worker.on('error', (error: unknown) => void (why = error instanceof Error ? error.message : String(error)));
    await new Promise<void>((resolve, reject) => {
      worker.on('message', (message: ToMain) => {
        if (message.kind === 'listening') {
          this.#failures = 0;
          resolve();
        } else if (message.kind === 'failed') reject(new ControlError(message.code, message.message, message.fix === undefined ? {} : { fix: message.fix }));
        else this.#received(message);
      });
      worker.once('exit', () => {
        reject(new ControlError('cannot_listen', `the thread of the control socket ended: ${why}`));
        if (this.#worker === worker) this.#threadEnded(why);
      });
    });
    // From now on it keeps nobody alive.
    worker.unref();
  }

  #threadEnded(why: string): void {
    this.#worker = null;
    this.#feed?.stop();
    this.#reports?.stop();
    this.#queue = [];
    if (this.#closing) return;
    this.#tell(() => this.#options.onFault?.(`the thread of the control socket ended: ${why}`));
    const delayMs = Math.min(RESTART_MOST_MS, RESTART_FIRST_MS * 2 ** this.#failures++);
    setTimeout(() => {
      if (!this.#closing) this.#startThread().catch(() => undefined);
    }, delayMs).unref();
  }

  #received(message: ToMain): void {
    switch (message.kind) {
      case 'calls':
        this.#queue.push(...message.calls);
        if (!this.#pumping) this.#pump();
        break;
      case 'traceWanted': this.#feed?.want(message.wanted); break;
      case 'reportsWanted': this.#reports?.want(message.wanted); break;
      case 'audit': this.#tell(() => this.#options.onAudit?.(message.entry)); break;
      case 'listening':
      case 'failed':
      case 'closed':
        break;
    }
  }

  /** Carries out calls until the budget of this turn of the event loop is spent; the rest in the next one. */
  #pump(): void {
    const { turnBudgetMs } = this.#limits;
    const untilMs = performance.now() + turnBudgetMs;
    const answers: MainAnswer[] = [];
    this.#pumping = this.#queue.length > 0;
    while (this.#queue.length > 0 && (answers.length === 0 || performance.now() < untilMs)) {
      const call = this.#queue.shift()!;
      if (this.#tickets.take(call.slot)) this.#perform(call, answers);
      else answers.push({ slot: call.slot, tookUs: 0, error: rpcError('stalled', 'withdrawn') });
    }
    if (answers.length > 0) this.#send({ kind: 'answers', answers });
    if (this.#queue.length > 0) setImmediate(() => this.#pump());
    else this.#pumping = false;
  }

  #perform(call: MainCall, answers: MainAnswer[]): void {
    const beganMs = performance.now();
    const answer = (outcome: { readonly result: string } | { readonly error: RpcErrorBody }): MainAnswer => {
      const tookMs = performance.now() - beganMs;
      this.#audit(call, 'error' in outcome ? outcome.error : null, tookMs);
      return { slot: call.slot, tookUs: tookMs * 1000, ...outcome };
    };
    try {
      const verb = VERBS[call.method as keyof typeof VERBS] as (params: unknown, scene: unknown) => unknown;
      const value = verb(call.params, { target: this.#options.target, eventLoopDelay: () => timesOf(this.#delay, DELAY_RESOLUTION_MS * 1e6) });
      if (value instanceof Promise) {
        // A thread that has taken the place of this one knows nothing of the call.
        const worker = this.#worker;
        value.then((late) => this.#asText(late), (thrown: unknown) => this.#refusal(call, thrown))
          .then((outcome) => {
            const late = { ...answer(outcome), tookUs: 0 };
            if (this.#worker === worker) this.#send({ kind: 'answers', answers: [late] });
          }, () => undefined);
        return;
      }
      answers.push(answer(this.#asText(value)));
    } catch (thrown) {
      answers.push(answer(this.#refusal(call, thrown)));
    }
  }

  #asText(value: unknown): { readonly result: string } | { readonly error: RpcErrorBody } {
    let result: string;
    try {
      result = JSON.stringify(value);
    } catch {
      result = JSON.stringify(plainCopy(value));
    }
    if (result.length <= this.#limits.resultBytes) return { result };
    return { error: rpcError('limit', `the answer has ${result.length} characters, at most ${this.#limits.resultBytes} are sent; ask for less`, { limit: 'resultBytes' }) };
  }

  #refusal(call: MainCall, thrown: unknown): { readonly error: RpcErrorBody } {
    if (thrown instanceof Refusal) return { error: thrown.body };
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    this.#tell(() => this.#options.onFault?.(`${call.method} failed: ${thrown instanceof Error ? thrown.stack ?? message : message}`));
    return { error: rpcError('internal', `${call.method} failed: ${message}`) };
  }

  #audit(call: MainCall, error: RpcErrorBody | null, tookMs: number): void {
    const { connection, client, method, params } = call;
    if (!isWrite(method)) return;
    this.#tell(() => this.#options.onAudit?.({
      connection, client, method, params, ok: error === null, ...(error === null ? {} : { error: `${error.code} ${error.message}` }), tookMs,
    }));
  }

  /** A listener that throws harms nobody. */
  #tell(listener: () => void): void {
    try {
      listener();
    } catch {
      // Its own affair.
    }
  }

  #send(message: ToThread): void {
    this.#worker?.postMessage(message);
  }
}
