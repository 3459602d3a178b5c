import net from 'node:net';
import { ControlError, type RpcErrorBody } from './errors.js';
import { FrameDecoder } from './frames.js';
import { METHODS, type MethodName, type MethodParams, type MethodResult, NOTIFICATIONS, PROTOCOL_VERSION, type ReportBatch, type TraceBatch } from './methods.js';

export interface ConnectOptions {
  readonly socketPath: string;
  /** What the process's log calls this client. */
  readonly client?: string;
  /** For the connection and the greeting together. Default 5000. */
  readonly timeoutMs?: number;
}

export interface CallOptions {
  /** Default 15000: longer than the process itself waits for its main loop, so that its own word comes first. */
  readonly timeoutMs?: number;
}

type CallArguments<M extends MethodName> = Record<string, never> extends MethodParams<M>
  ? [params?: MethodParams<M>, options?: CallOptions]
  : [params: MethodParams<M>, options?: CallOptions];

interface Pending {
  readonly method: MethodName;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: ControlError) => void;
  readonly timer: NodeJS.Timeout;
}

const CONNECT_MS = 5_000;
const CALL_MS = 15_000;
/** Longest line that a process sends: its largest answer in a batch of one, and its frame around it. */
const LINE_BYTES = 16 << 20;
const QUEUED_BATCHES = 256;
const FULL_QUEUE_MS = 10;

/** Batches of events, for `for await`. Ends when the loop is left, when it is closed, or when the connection ends. */
export interface Subscription<B> extends AsyncIterable<B> {
  /** Ends the subscription; the count of what was delivered and dropped, null when the process did not say. */
  close(): Promise<{ readonly delivered: number; readonly dropped: number } | null>;
}
export type TraceSubscription = Subscription<TraceBatch>;
export type ReportSubscription = Subscription<ReportBatch>;

type Topic = 'trace' | 'reports';
/** What all batches have. */
interface Batch {
  readonly subscription: number;
  readonly events: readonly unknown[];
  readonly dropped: number;
}

/** A connection to the control socket of a process. Everything it rejects with is a `ControlError`. */
export class ControlClient {
  /** Who answers: from its greeting. */
  readonly process: MethodResult<'rpc.version'>;
  /** Resolves when the connection has ended, whoever ended it. */
  readonly ended: Promise<void>;
  readonly #socket: net.Socket;
  readonly #pending: Map<number, Pending>;
  /** By topic and number of the subscription. */
  readonly #queues = new Map<string, { push(batch: Batch): void; end(): void }>();
  /** Batches may come before the answer that names their subscription. */
  readonly #early = new Map<string, Batch[]>();
  #nextId = 1;

  /**
   * @throws ControlError not_running, cannot_connect, protocol, timeout
   */
  static async connect(options: ConnectOptions): Promise<ControlClient> {
    const { socketPath, timeoutMs = CONNECT_MS } = options;
    const socket = await open(socketPath, timeoutMs);
    const client = new ControlClient(socket, socketPath);
    try {
      const greeting = await client.call('rpc.version', { protocol: PROTOCOL_VERSION, ...(options.client === undefined ? {} : { client: options.client }) }, { timeoutMs });
      Object.defineProperty(client, 'process', { value: greeting, enumerable: true });
      return client;
    } catch (thrown) {
      socket.destroy();
      const error = thrown as ControlError;
      if (error.rpc?.name === 'version') throw new ControlError('protocol', error.rpc.message, { fix: 'use the faultline of the same version as the process' });
      throw error;
    }
  }

  private constructor(socket: net.Socket, socketPath: string) {
    this.process = { protocol: 0, name: '', pid: 0, version: '', server: '' };
    this.#socket = socket;
    this.#pending = new Map();
    this.ended = new Promise((resolve) => {
      socket.once('close', () => resolve());
    });
    const decoder = new FrameDecoder(LINE_BYTES);
    socket.on('data', (chunk: Buffer) => {
      decoder.push(chunk);
      for (let frame = decoder.next(); frame !== null; frame = decoder.next()) {
        if (frame.kind === 'line' && this.#line(frame.bytes)) continue;
        this.#end(new ControlError('protocol', `what answers at ${socketPath} does not speak the protocol of Faultline`));
        return;
      }
    });
    socket.on('error', () => undefined);
    socket.on('close', () => this.#end(new ControlError('disconnected', 'the process closed the connection before it answered')));
  }

  /**
   * Calls one method; the result is parsed by its schema.
   * @throws ControlError timeout, disconnected, protocol; 'rpc' with the process's own error
   */
  async call<M extends MethodName>(method: M, ...[params, options]: CallArguments<M>): Promise<MethodResult<M>> {
    const result = await this.#request(method, params ?? {}, options?.timeoutMs ?? CALL_MS);
    const parsed = METHODS[method].result.safeParse(result);
    if (!parsed.success) throw new ControlError('protocol', `the answer to ${method} is not of the form that the protocol says`);
    return parsed.data as MethodResult<M>;
  }

  /**
   * Trace events from now on, in batches. A reader that falls behind loses the oldest batches here; they count as dropped.
   * @throws ControlError as `call`
   */
  subscribe(filter: MethodParams<'trace.subscribe'> = {}, options?: CallOptions): Promise<TraceSubscription> {
    return this.#subscribe<TraceBatch>('trace', this.call('trace.subscribe', filter, options), options);
  }

  /**
   * Supervisor reports from now on, in batches, under the same rules.
   * @throws ControlError as `call`
   */
  subscribeReports(filter: MethodParams<'reports.subscribe'> = {}, options?: CallOptions): Promise<ReportSubscription> {
    return this.#subscribe<ReportBatch>('reports', this.call('reports.subscribe', filter, options), options);
  }

  async #subscribe<B extends Batch>(topic: Topic, asked: Promise<{ readonly subscription: number }>, options: CallOptions | undefined): Promise<Subscription<B>> {
    const { subscription } = await asked;
    const key = `${topic} ${subscription}`;
    let closing: ReturnType<Subscription<B>['close']> | null = null;
    const close = (): ReturnType<Subscription<B>['close']> => {
      closing ??= this.call(`${topic}.unsubscribe`, { subscription }, options).catch(() => null);
      queue.end();
      this.#queues.delete(key);
      return closing;
    };
    const queue = new BatchQueue<B>(() => void close());
    this.#queues.set(key, { push: (batch) => queue.push(batch as B), end: () => queue.end() });
    for (const batch of this.#early.get(key) ?? []) queue.push(batch as B);
    this.#early.delete(key);
    if (this.#socket.destroyed) queue.end();
    return { [Symbol.asyncIterator]: () => queue, close };
  }

  /** Ends the connection. What was under way is rejected as disconnected. */
  close(): void {
    this.#socket.destroy();
    this.#end(new ControlError('disconnected', 'the connection was closed'));
  }

  async #request(method: MethodName, params: unknown, timeoutMs: number): Promise<unknown> {
    if (this.#socket.destroyed) throw new ControlError('disconnected', 'the connection has ended');
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(new ControlError('timeout', `${method} was not answered within ${timeoutMs / 1000} s`));
      }, timeoutMs);
      this.#pending.set(id, { method, resolve, reject, timer });
      this.#socket.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    });
  }

  /** False when the line is not what a control socket sends. */
  #line(bytes: Buffer): boolean {
    let message: unknown;
    try {
      message = JSON.parse(bytes.toString('utf8'));
    } catch {
      return false;
    }
    if (typeof message !== 'object' || message === null || Array.isArray(message)) return false;
    const { id, method, params, result, error } = message as Readonly<Record<string, unknown>>;
    if (method === 'trace.events' || method === 'reports.events') {
      const batch = NOTIFICATIONS[method].params.safeParse(params);
      if (batch.success) this.#batch(method === 'trace.events' ? 'trace' : 'reports', batch.data);
      return batch.success;
    }
    // Notifications of a later version are not for us.
    if (typeof method === 'string') return true;
    const pending = typeof id === 'number' ? this.#pending.get(id) : undefined;
    if (pending === undefined) {
      // An error without an id concerns the connection itself: too many clients, say.
      if (id === null && isErrorBody(error)) this.#end(new ControlError('rpc', error.message, { rpc: error }));
      return id === null || typeof id === 'number';
    }
    this.#pending.delete(id as number);
    clearTimeout(pending.timer);
    if (isErrorBody(error)) pending.reject(new ControlError('rpc', error.message, { rpc: error }));
    else pending.resolve(result);
    return true;
  }

  #batch(topic: Topic, batch: Batch): void {
    const key = `${topic} ${batch.subscription}`;
    const queue = this.#queues.get(key);
    if (queue !== undefined) {
      queue.push(batch);
      return;
    }
    const early = this.#early.get(key) ?? [];
    if (this.#early.size < 8 && early.length < 8) this.#early.set(key, [...early, batch]);
  }

  #end(error: ControlError): void {
    this.#socket.destroy();
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#pending.clear();
    for (const queue of this.#queues.values()) queue.end();
    this.#queues.clear();
  }
}

/** Batches that came and were not read, a bounded number of them. */
class BatchQueue<B extends Batch> implements AsyncIterator<B, undefined> {
  readonly #batches: B[] = [];
  #waiting: ((result: IteratorResult<B, undefined>) => void)[] = [];
  #lost = 0;
  #ended = false;
  readonly #left: () => void;

  /** @param left whoever read it has left its loop */
  constructor(left: () => void) {
    this.#left = left;
  }

  push(batch: B): void {
    if (this.#ended) return;
    const counted = this.#lost === 0 ? batch : { ...batch, dropped: batch.dropped + this.#lost };
    const reader = this.#waiting.shift();
    if (reader !== undefined) {
      this.#lost = 0;
      reader({ done: false, value: counted });
      return;
    }
    if (this.#batches.length >= QUEUED_BATCHES) {
      const oldest = this.#batches.shift()!;
      this.#lost += oldest.events.length + oldest.dropped;
    }
    this.#batches.push(batch);
  }

  end(): void {
    this.#ended = true;
    for (const reader of this.#waiting.splice(0)) reader({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<B, undefined>> {
    const batch = this.#batches.shift();
    if (batch !== undefined) {
      const value = this.#lost === 0 ? batch : { ...batch, dropped: batch.dropped + this.#lost };
      this.#lost = 0;
      return Promise.resolve({ done: false, value });
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<B, undefined>> {
    this.#left();
    return Promise.resolve({ done: true, value: undefined });
  }
}

function isErrorBody(value: unknown): value is RpcErrorBody {
  return typeof value === 'object' && value !== null && typeof (value as RpcErrorBody).code === 'number' && typeof (value as RpcErrorBody).message === 'string';
}

/** Connects; while the queue of the socket is full (a storm of connections) it tries again. */
async function open(socketPath: string, timeoutMs: number): Promise<net.Socket> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const socket = await tryOpen(socketPath, Math.max(1, deadline - performance.now()));
    if (socket !== 'full') return socket;
    if (performance.now() > deadline) throw new ControlError('timeout', `the queue of ${socketPath} was full for ${timeoutMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, FULL_QUEUE_MS));
  }
}

async function tryOpen(socketPath: string, timeoutMs: number): Promise<net.Socket | 'full'> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ path: socketPath });
    const fail = (error: ControlError): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(() => fail(new ControlError('timeout', `nobody answered at ${socketPath} in time`)), timeoutMs);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EAGAIN') {
        clearTimeout(timer);
        socket.destroy();
        resolve('full');
        return;
      }
      const nobody = error.code === 'ENOENT' || error.code === 'ECONNREFUSED';
      fail(nobody
        ? new ControlError('not_running', `no process serves ${socketPath}`)
        : new ControlError('cannot_connect', `the control socket ${socketPath} cannot be opened: ${error.code ?? error.message}`));
    });
  });
}
