import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type ControlLimits, ControlClient, ControlServer, type ControlServerOptions, type ControlTarget, type TurnMeter } from '../../../runtime/control/index.js';
import { createRuntime, type ChildSpec, type Runtime, WallClock } from '../../../runtime/index.js';
import { child, root } from '../support.js';

/** A folder of our own with a short path, as sockets need; gone after the test. */
export function socketFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'flc-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Served {
  readonly runtime: Runtime;
  readonly server: ControlServer;
  readonly path: string;
  readonly target: ControlTarget;
}

export interface ServeOptions {
  readonly spec?: ChildSpec;
  readonly target?: Partial<ControlTarget>;
  readonly limits?: Partial<ControlLimits>;
  readonly more?: Partial<ControlServerOptions>;
  readonly turns?: TurnMeter;
}

/** A runtime on the wall clock behind a control socket; both end with the test. */
export async function serve(t: TestContext, options: ServeOptions = {}): Promise<Served> {
  const runtime = createRuntime({ clock: new WallClock(), seed: 'control' });
  const answer = runtime.start(options.spec ?? root([child('a'), child('b')]));
  if (!answer.ok) throw new Error(JSON.stringify(answer.reason));
  runtime.run(2048, options.turns);
  const target: ControlTarget = { name: 'test', version: '1.2.3', runtime: () => runtime, ...options.target };
  const path = join(socketFolder(t), 'c.sock');
  const server = await ControlServer.start({ socketPath: path, target, ...(options.limits === undefined ? {} : { limits: options.limits }), ...options.more });
  t.after(async () => {
    await server.close();
    runtime.fence();
  });
  return { runtime, server, path, target };
}

export async function connected(t: TestContext, path: string): Promise<ControlClient> {
  const client = await ControlClient.connect({ socketPath: path, client: 'test' });
  t.after(() => client.close());
  return client;
}

/** An answer or notification as it came over the wire; a batch has `length`. */
export interface Answer {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: Readonly<Record<string, unknown>> };
}

/** A bare connection: lines out, parsed lines in. */
export class RawClient {
  readonly socket: net.Socket;
  readonly #lines: unknown[] = [];
  readonly #waiting: ((line: unknown) => void)[] = [];
  #rest = '';
  closed = false;

  constructor(path: string) {
    this.socket = net.connect({ path, allowHalfOpen: true });
    this.socket.setEncoding('utf8');
    this.socket.on('data', (text: string) => {
      const lines = (this.#rest + text).split('\n');
      this.#rest = lines.pop()!;
      for (const line of lines) this.#line(JSON.parse(line));
    });
    const end = (): void => {
      this.closed = true;
      for (const waiting of this.#waiting.splice(0)) waiting(undefined);
    };
    this.socket.on('error', end);
    this.socket.on('end', end);
    this.socket.on('close', end);
  }

  send(text: string | Buffer): void {
    this.socket.write(text);
  }

  request(id: unknown, method: string, params?: unknown): void {
    this.send(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
  }

  /** The next line as JSON; undefined when the connection has ended. */
  async next(): Promise<Answer | undefined> {
    if (this.#lines.length > 0) return this.#lines.shift() as Answer;
    if (this.closed) return undefined;
    return new Promise((resolve) => this.#waiting.push((line) => resolve(line as Answer | undefined)));
  }

  close(): void {
    this.socket.destroy();
  }

  #line(line: unknown): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#lines.push(line);
    else waiting(line);
  }
}
