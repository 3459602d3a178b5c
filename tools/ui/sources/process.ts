import { existsSync } from 'node:fs';
import { ControlClient } from '../../../runtime/control/client.js';
import { ControlError } from '../../../runtime/control/errors.js';
import type { MethodResult } from '../../../runtime/control/index.js';
import { packageVersion } from '../../cli/version.js';
import { isAlive, isHeld, type ProcessRecord } from '../../process/record.js';
import type { ProcessSource, ProcessState } from '../wire/sources.js';
import { SourceError } from './error.js';
import { pidOf, shortStatus, textOf } from './foreign.js';

/** What is done with a connection while it lasts; the function that it returns is called when the connection ends. */
export type UseClient = (client: ControlClient, life: number) => (() => void) | undefined;

/** After a try that failed the next one waits so long, twice as long each time. */
const RETRY_MS = 500;
const MOST_RETRY_MS = 8_000;

interface Follower {
  readonly use: UseClient;
  stop: (() => void) | undefined;
}

/**
 * One process by its name, over all its lives: a connection that is made again by itself, and what is known of it. `look` is to be called
 * every second or so; nothing here throws whatever the other side is.
 */
export class WatchedProcess {
  readonly name: string;
  readonly #socket: string;
  readonly #changed: () => void;
  readonly #answerMs: number;
  readonly #followers = new Set<Follower>();
  #record: ProcessRecord | undefined;
  #client: ControlClient | null = null;
  #connecting: Promise<void> | null = null;
  #asking = false;
  #nextTryMs = 0;
  #retryMs = RETRY_MS;
  #state: ProcessState = 'starting';
  #note: string | null = null;
  #life = 0;
  #lifeKey = '';
  #pid: number | null = null;
  #version: string | null = null;
  #status: ProcessSource['status'] = {};
  #runDir: string | null = null;
  #endedAt: string | null = null;
  #closed = false;

  /** @param answerMs how long it is waited for before it counts as silent */
  constructor(name: string, socket: string, changed: () => void, answerMs: number) {
    this.#answerMs = answerMs;
    this.name = name;
    this.#socket = socket;
    this.#changed = changed;
  }

  /** Folder of the run that it writes, as it says itself. */
  get runDir(): string | null {
    return this.#runDir;
  }

  /** It has ended, and nobody waits for it to come back. */
  get forgettable(): boolean {
    return this.#state === 'gone' && this.#followers.size === 0;
  }

  info(run: string | null): ProcessSource {
    const record = this.#record;
    return {
      id: `process:${this.name}`, kind: 'process', name: this.name, state: this.#state, pid: this.#pid, what: textOf(record?.what), version: this.#version ?? textOrNull(record?.version),
      startedAt: textOrNull(record?.startedAt), endedAt: this.#state === 'gone' ? this.#endedAt : null,
      exitCode: this.#state === 'gone' && typeof record?.exitCode === 'number' ? record.exitCode : null,
      life: Math.max(1, this.#life), status: this.#status, run, note: this.#note,
    };
  }

  /** Looks at its record and its socket: connects, asks how it is, or finds that it has gone. */
  look(record: ProcessRecord | undefined): void {
    if (this.#closed) return;
    this.#record = record;
    const there = record === undefined ? existsSync(this.#socket) : isAlive(record);
    if (!there) {
      // A connection that is still open knows better than a record.
      if (this.#client === null) this.#gone();
      return;
    }
    if (record !== undefined) this.#live(`${record.pid} ${record.startTicks}`, record.pid);
    if (this.#client !== null) void this.#ask(this.#client);
    else if (performance.now() >= this.#nextTryMs) void this.connect();
  }

  /** Calls `use` with the present connection, and with every later one. The result ends that. */
  follow(use: UseClient): () => void {
    const follower: Follower = { use, stop: undefined };
    this.#followers.add(follower);
    if (this.#client !== null) this.#begin(follower, this.#client);
    return () => {
      this.#followers.delete(follower);
      end(follower);
    };
  }

  /** @throws SourceError when it cannot be asked */
  async client(): Promise<ControlClient> {
    if (this.#client === null && this.#state !== 'gone') await this.connect();
    if (this.#client !== null) return this.#client;
    throw new SourceError(503, this.#note === null ? `${this.name} does not answer at the moment: try again` : `${this.name}: ${this.#note}`);
  }

  /** A connection of the caller's own, for one who needs many subscriptions. @throws SourceError */
  async dedicated(): Promise<ControlClient> {
    try {
      return await ControlClient.connect({ socketPath: this.#socket, client: clientName(), timeoutMs: this.#answerMs });
    } catch (error) {
      throw new SourceError(503, `${this.name}: ${(error as Error).message}`);
    }
  }

  connect(): Promise<void> {
    if (this.#closed || this.#client !== null) return Promise.resolve();
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = null;
    });
    return this.#connecting;
  }

  close(): void {
    this.#closed = true;
    this.#client?.close();
    for (const follower of this.#followers) end(follower);
    this.#followers.clear();
  }

  async #connect(): Promise<void> {
    let client: ControlClient;
    try {
      client = await ControlClient.connect({ socketPath: this.#socket, client: clientName(), timeoutMs: this.#answerMs });
    } catch (error) {
      this.#nextTryMs = performance.now() + this.#retryMs;
      this.#retryMs = Math.min(MOST_RETRY_MS, this.#retryMs * 2);
      this.#failed(error);
      return;
    }
    if (this.#closed) {
      client.close();
      return;
    }
    this.#retryMs = RETRY_MS;
    const pid = pidOf(client.process.pid);
    if (this.#record === undefined) this.#live(`${pid}`, pid);
    this.#client = client;
    this.#version = textOrNull(client.process.version);
    this.#set('live', null);
    void client.ended.then(() => this.#lost(client));
    for (const follower of this.#followers) this.#begin(follower, client);
    await this.#ask(client);
  }

  #begin(follower: Follower, client: ControlClient): void {
    // A follower that fails must not take the others along.
    try {
      follower.stop = follower.use(client, this.#life);
    } catch {
      follower.stop = undefined;
    }
  }

  #lost(client: ControlClient): void {
    if (this.#client !== client) return;
    this.#client = null;
    for (const follower of this.#followers) end(follower);
    if (this.#closed) return;
    this.#nextTryMs = 0;
    const record = this.#record;
    if (record === undefined ? !existsSync(this.#socket) : !isAlive(record)) this.#gone();
    else this.#set('starting', 'it closed the connection; trying again');
  }

  async #ask(client: ControlClient): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      const answer = await client.call('process', undefined, { timeoutMs: this.#answerMs });
      if (this.#client !== client) return;
      this.#take(answer);
    } catch (error) {
      if (this.#client === client) this.#failed(error);
    } finally {
      this.#asking = false;
    }
  }

  #take({ status, mainLoop }: MethodResult<'process'>): void {
    const said = shortStatus(status);
    const { runDir } = said;
    this.#runDir = typeof runDir === 'string' && runDir.startsWith('/') ? runDir : null;
    this.#status = said;
    if (mainLoop.stalled) this.#set('stuck', `its main loop has not turned for ${Math.round(mainLoop.turnedAgoMs / 1000)} s: faultline logs --process ${this.name}`);
    else this.#set('live', null);
  }

  #failed(error: unknown): void {
    if (!(error instanceof ControlError)) {
      this.#set('foreign', 'what it answers cannot be read');
      return;
    }
    switch (error.code) {
      case 'not_running':
        // The socket comes a moment after the record, and goes a moment before the process.
        if (this.#record === undefined) this.#gone();
        else this.#set('starting', 'it has no control socket yet');
        return;
      case 'timeout':
        if (this.#pid !== null && isHeld(this.#pid)) this.#set('silent', `it is held up by a signal (SIGSTOP, or Ctrl-Z); let it go on: kill -CONT ${this.#pid}`);
        else this.#set('silent', `it does not answer; what it says itself: faultline logs --process ${this.name}`);
        return;
      case 'disconnected':
        return;
      case 'rpc':
        this.#set('live', error.message);
        return;
      default:
        this.#set('foreign', `${error.message}${error.fix === undefined ? '' : `; ${error.fix}`}`);
    }
  }

  /** A life begins when another process has the name. */
  #live(key: string, pid: number | null): void {
    if (key === this.#lifeKey && this.#state !== 'gone') return;
    const again = this.#lifeKey !== '';
    if (key !== this.#lifeKey) {
      this.#life += 1;
      this.#lifeKey = key;
      this.#version = null;
      this.#status = {};
      this.#runDir = null;
    }
    this.#pid = pid;
    this.#nextTryMs = 0;
    this.#retryMs = RETRY_MS;
    this.#endedAt = null;
    // The connection of the life before is of no use to this one.
    this.#client?.close();
    this.#set('starting', again ? `it is back as pid ${pid}` : null);
  }

  #gone(): void {
    if (this.#life === 0) this.#life = 1;
    const record = this.#record;
    this.#pid ??= record?.pid ?? null;
    if (this.#state !== 'gone') this.#endedAt = textOrNull(record?.endedAt) ?? new Date().toISOString();
    this.#set('gone', record === undefined
      ? 'its socket has gone'
      : record.state === 'ended' ? `it ended with code ${Number(record.exitCode)}` : `pid ${record.pid} ended without a word; what it said last: faultline logs --process ${this.name}`);
  }

  #set(state: ProcessState, note: string | null): void {
    this.#state = state;
    this.#note = note;
    this.#changed();
  }
}

function end(follower: Follower): void {
  const { stop } = follower;
  follower.stop = undefined;
  try {
    stop?.();
  } catch {
    // As above: one follower's failure is its own.
  }
}

function clientName(): string {
  return `faultline ui ${packageVersion()} (pid ${process.pid})`;
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? textOf(value) : null;
}
