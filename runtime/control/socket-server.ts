import net from 'node:net';
import { Connection, type Hub, noCounts, type Served } from './connection.js';
import { Bucket } from './bucket.js';
import { discoverText } from './discover.js';
import { rpcError } from './errors.js';
import { Gate, type Outcome } from './gate.js';
import { Heartbeat, isWrite, type MainAnswer, type ThreadInput, Tickets, type ToMain, type TracePiece } from './link.js';
import { type MethodInput, type MethodName, PROTOCOL_VERSION } from './methods.js';
import { ReportHub } from './report-hub.js';
import { errorText, type ValidCall } from './requests.js';
import { type ClaimedSocket, claimSocket } from './socket-file.js';
import { TraceHub } from './trace-hub.js';

const TICK_MS = 10;
const HOUSEKEEPING_MS = 250;
/** Lines served before the thread looks at its sockets again. */
const LINES_PER_TURN = 128;
const STALLED_MS = 1_000;

/**
 * The control socket, as it runs in its own thread: reads lines, checks them, serves clients in turn within their rates, answers
 * what it can by itself, and hands the rest through the gate to the main loop.
 */
export class SocketServer implements Hub {
  readonly limits;
  readonly counts = noCounts();
  readonly bytes: Bucket;
  readonly #input: ThreadInput;
  readonly #post: (message: ToMain) => void;
  readonly #heartbeat: Heartbeat;
  readonly #gate: Gate;
  readonly #trace: TraceHub;
  readonly #reports: ReportHub;
  readonly #server: net.Server;
  readonly #connections = new Set<Connection>();
  /** Connections that may have a line to serve, in the order of their turns. */
  readonly #ready = new Set<Connection>();
  /** Those that wait for their own rate. */
  readonly #throttled = new Set<Connection>();
  readonly #rate: Bucket;
  readonly #startedMs = performance.now();
  #houseKeeper: NodeJS.Timeout | undefined;
  /** Runs only while somebody waits: an idle socket wakes nobody up. */
  #ticking: NodeJS.Timeout | null = null;
  #claimed: ClaimedSocket | null = null;
  #pumping = false;
  #pumpScheduled = false;
  #nextConnection = 1;
  #status: { readonly atMs: number; readonly value: unknown } | null = null;

  constructor(input: ThreadInput, post: (message: ToMain) => void) {
    this.#input = input;
    this.#post = post;
    this.limits = input.limits;
    this.#heartbeat = new Heartbeat(input.shared);
    this.#gate = new Gate(this.limits, this.#heartbeat, new Tickets(input.shared, this.limits.outstandingCalls), (calls) => post({ kind: 'calls', calls }));
    this.#trace = new TraceHub(this.limits, (wanted) => post({ kind: 'traceWanted', wanted }), (cells, done) => this.#askPaths(cells, done), (events) => void (this.counts.droppedEvents += events));
    this.#reports = new ReportHub(this.limits.clientSubscriptions, (wanted) => post({ kind: 'reportsWanted', wanted }), (events) => void (this.counts.droppedEvents += events));
    this.bytes = new Bucket(this.limits.bytesPerSecond, this.limits.byteBurst, performance.now());
    this.#rate = new Bucket(this.limits.requestsPerSecond, this.limits.burst, performance.now());
    this.#server = net.createServer({ allowHalfOpen: true }, (socket) => this.#accepted(socket));
  }

  /** @throws ControlError */
  async listen(): Promise<void> {
    this.#claimed = await claimSocket(this.#server, this.#input.socketPath);
    // Running out of file descriptors, say: the server lives on, and those who connected are told by their end.
    this.#server.on('error', () => void this.counts.refused++);
    this.#houseKeeper = setInterval(() => this.#houseKeeping(), HOUSEKEEPING_MS);
  }

  /** Sends what is written and ends. */
  async close(): Promise<void> {
    clearInterval(this.#houseKeeper);
    clearInterval(this.#ticking ?? undefined);
    await this.#claimed?.release();
    this.#server.close();
    const deadline = performance.now() + 200;
    for (const connection of this.#connections) connection.end();
    while (this.#connections.size > 0 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
    for (const connection of this.#connections) connection.cut();
  }

  answered(answers: readonly MainAnswer[]): void {
    this.#gate.answered(answers);
  }

  tracePiece(piece: TracePiece): void {
    this.#trace.take(piece);
  }

  reports(reports: readonly unknown[], dropped: number): void {
    this.#reports.take(reports, dropped);
  }

  ready(connection: Connection): void {
    this.#throttled.delete(connection);
    this.#ready.add(connection);
    if (this.#pumpScheduled || this.#pumping) return;
    this.#pumpScheduled = true;
    setImmediate(() => this.#pump());
  }

  gone(connection: Connection): void {
    this.#connections.delete(connection);
    this.#ready.delete(connection);
    this.#throttled.delete(connection);
    this.#trace.gone(connection);
    this.#reports.gone(connection);
  }

  perform(connection: Connection, call: ValidCall, done: (outcome: Outcome) => void): void {
    const answer = (value: unknown): void => done({ result: JSON.stringify(value) });
    const subscribed = (subscription: number | null): void => {
      if (subscription !== null) answer({ subscription });
      else done({ error: rpcError('limit', `a connection has at most ${this.limits.clientSubscriptions} subscriptions`, { limit: 'clientSubscriptions' }) });
    };
    const unsubscribed = (ended: { readonly delivered: number; readonly dropped: number } | null): void => {
      if (ended !== null) answer(ended);
      else done({ error: rpcError('notFound', 'this connection has no such subscription') });
    };
    switch (call.method) {
      case 'rpc.version': {
        const { protocol, client } = call.params as MethodInput<'rpc.version'>;
        if (client !== undefined) connection.client = client;
        if (protocol !== undefined && protocol !== PROTOCOL_VERSION) {
          done({ error: rpcError('version', `this process speaks version ${PROTOCOL_VERSION} of the protocol, not ${protocol}`, { protocol: PROTOCOL_VERSION }) });
          return;
        }
        answer({ protocol: PROTOCOL_VERSION, name: this.#input.name, pid: process.pid, version: this.#input.version, server: 'faultline' });
        return;
      }
      case 'rpc.ping': answer({ mainLoop: this.#mainLoop(), threadUptimeMs: Math.round(performance.now() - this.#startedMs) }); return;
      case 'rpc.discover': done({ result: discoverText() }); return;
      case 'process': this.#process(done); return;
      case 'trace.subscribe': subscribed(this.#trace.subscribe(connection, call.params as MethodInput<'trace.subscribe'>)); return;
      case 'trace.unsubscribe': unsubscribed(this.#trace.unsubscribe(connection, (call.params as MethodInput<'trace.unsubscribe'>).subscription)); return;
      case 'reports.subscribe': subscribed(this.#reports.subscribe(connection, call.params as MethodInput<'reports.subscribe'>)); return;
      case 'reports.unsubscribe': unsubscribed(this.#reports.unsubscribe(connection, (call.params as MethodInput<'reports.unsubscribe'>).subscription)); return;
      case 'metrics': this.#forward(connection, 'metrics', {}, (outcome) => done(this.#withSocket(outcome))); return;
      default: this.#forward(connection, call.method, call.params, done);
    }
  }

  #forward(connection: Connection, method: MethodName, params: unknown, done: (outcome: Outcome) => void): void {
    const caller = { connection: connection.number, client: connection.client };
    const askedMs = performance.now();
    this.#callMain(method, params, caller, (outcome) => {
      // What never reached the main loop is told to the audit from here.
      if ('error' in outcome && isWrite(method) && outcome.error.data?.['carriedOut'] !== undefined) {
        this.#post({ kind: 'audit', entry: { ...caller, method, params, ok: false, error: `${outcome.error.code} ${outcome.error.message}`, tookMs: Math.round(performance.now() - askedMs) } });
      }
      done(outcome);
    });
  }

  #callMain(...call: Parameters<Gate['call']>): void {
    this.#tickOn();
    this.#gate.call(...call);
  }

  #accepted(socket: net.Socket): void {
    this.counts.accepted++;
    if (this.#connections.size >= this.limits.clients && !this.#makeRoom()) {
      this.counts.refused++;
      socket.on('error', () => undefined);
      socket.end(`${errorText(null, rpcError('limit', `${this.limits.clients} clients are connected already`, { limit: 'clients' }))}\n`);
      socket.destroySoon();
      return;
    }
    this.#connections.add(new Connection(this.#nextConnection++, socket, this));
  }

  /** The oldest connection that has never asked anything gives way. */
  #makeRoom(): boolean {
    for (const connection of this.#connections) {
      if (connection.proven) continue;
      this.counts.evicted++;
      this.#connections.delete(connection);
      connection.cut();
      return true;
    }
    return false;
  }

  #pump(): void {
    this.#pumpScheduled = false;
    this.#pumping = true;
    const now = performance.now();
    let lines = 0;
    for (const connection of this.#ready) {
      // A set hands out what is added behind: every connection gets one line and goes to the end.
      if (lines >= LINES_PER_TURN || !this.#rate.has(now)) break;
      this.#ready.delete(connection);
      const served: Served = connection.serve(now);
      switch (served) {
        case 'served':
          lines++;
          this.#rate.take(1);
          this.#ready.add(connection);
          break;
        case 'throttled':
          this.counts.throttled++;
          this.#throttled.add(connection);
          this.#tickOn();
          break;
        case 'blocked':
        case 'empty':
          break;
      }
    }
    this.#pumping = false;
    if (this.#ready.size === 0 || this.#pumpScheduled) return;
    if (!this.#rate.has(now)) {
      this.#tickOn();
      return;
    }
    this.#pumpScheduled = true;
    setImmediate(() => this.#pump());
  }

  #tickOn(): void {
    this.#ticking ??= setInterval(() => this.#tick(), TICK_MS);
  }

  #tick(): void {
    this.#gate.sweep();
    if (this.#throttled.size === 0 && this.#ready.size === 0 && this.#gate.idle) {
      clearInterval(this.#ticking ?? undefined);
      this.#ticking = null;
      return;
    }
    for (const connection of this.#throttled) this.#ready.add(connection);
    this.#throttled.clear();
    if (this.#ready.size > 0 && !this.#pumpScheduled) this.#pump();
  }

  #houseKeeping(): void {
    const now = performance.now();
    for (const connection of this.#connections) {
      if (connection.readsNothing(now)) {
        this.counts.cutForSlowReading++;
        connection.cut();
      } else if (connection.subscriptions === 0 && now - connection.lastActiveMs > this.limits.idleMs) {
        this.counts.cutForIdling++;
        connection.end();
      }
    }
  }

  #mainLoop(): { readonly stalled: boolean; readonly turnedAgoMs: number } {
    const turnedAgoMs = Math.round(this.#heartbeat.agoMs());
    return { stalled: turnedAgoMs > STALLED_MS, turnedAgoMs };
  }

  /** Answered with the last known status when the main loop does not come up with one at once. */
  #process(done: (outcome: Outcome) => void): void {
    let answered = false;
    const answer = (): void => {
      if (answered) return;
      answered = true;
      const { name, version, startedAtUs } = this.#input;
      done({
        result: JSON.stringify({
          name, pid: process.pid, version, node: process.versions.node, startedAtUs, uptimeMs: Math.round(process.uptime() * 1000), mainLoop: this.#mainLoop(),
          status: this.#status?.value ?? null,
          statusAgeMs: this.#status === null ? null : Math.round(performance.now() - this.#status.atMs),
        }),
      });
    };
    const patience = setTimeout(answer, 300);
    this.#callMain('process', {}, { connection: 0, client: null }, (outcome) => {
      if ('result' in outcome) this.#status = { atMs: performance.now(), value: JSON.parse(outcome.result) as unknown };
      clearTimeout(patience);
      answer();
    });
  }

  #withSocket(outcome: Outcome): Outcome {
    if ('error' in outcome) return outcome;
    const socket = {
      clients: this.#connections.size, subscriptions: this.#trace.size + this.#reports.size, queuedCalls: this.#gate.queued,
      ...this.counts, ...this.#gate.counts, threadCpuShare: cpuShare(),
    };
    return { result: `${outcome.result.slice(0, -1)},"socket":${JSON.stringify(socket)}}` };
  }

  #askPaths(cells: readonly number[], done: (paths: readonly (readonly [number, string])[]) => void): void {
    this.#callMain('cellPaths', { cells }, { connection: 0, client: null }, (outcome) => {
      done('result' in outcome ? (JSON.parse(outcome.result) as [number, string][]) : []);
    });
  }
}

/** How busy this thread's loop has been since it started, 0 to 1. */
function cpuShare(): number {
  return Math.round(performance.eventLoopUtilization().utilization * 1e4) / 1e4;
}
