import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import type { TreeUpdate } from '../../ui/wire/tree.js';
import { STREAM_PROTOCOL, TOKEN_PROTOCOL, type StreamMessage } from '../../ui/wire/stream.js';
import { endProcess, openWindowProcess, type WindowProcess } from './window.js';

const ENTRY = fileURLToPath(new URL('../../../../bin/faultline.js', import.meta.url));
const PROBE = new URL('../control/probe.js', import.meta.url).href;
const SYMBOLS = ['BTCUSDT', 'ETHUSDT'];
const CONFIG = `[indicators]\nwarmupSamples = 20\nbaselineSeconds = 60\nbaselineMinSamples = 15\n\n[engine.symbols]\nusdm = ${JSON.stringify(SYMBOLS)}\n`;
/** Faster than life, so that a few seconds have turns enough. */
const SPEED = 10;
const SETTLE_MS = 5_000;
const READY_MS = 60_000;
const MACHINES = 4;
const SOURCE = 'process:engine';

/** An exchange in a box, an engine on it in paper, and the window with a page of which only the websocket is there. Each in a process of its own. */
export class EngineTurns {
  readonly #folder = mkdtempSync(join(tmpdir(), 'flb-'));
  readonly #children: ChildProcess[] = [];
  #engine: ChildProcess | undefined;
  #window: WindowProcess | undefined;
  #socket: WebSocket | undefined;
  #machines: readonly string[] = [];
  heard = 0;

  async start(): Promise<void> {
    const env = { FAULTLINE_RUN_DIR: join(this.#folder, 'run'), FAULTLINE_LOG_DIR: join(this.#folder, 'log'), FAULTLINE_VAR_DIR: join(this.#folder, 'var') };
    mkdirSync(env.FAULTLINE_RUN_DIR, { mode: 0o700 });
    const exchange = this.#spawn([ENTRY, 'exchange', '--json', '--speed', String(SPEED), '--seed', '1', '--symbols', String(SYMBOLS.length), '--limits', 'off', '--scenario', 'flash-crash'], env);
    const venue = join(this.#folder, 'venue.json');
    writeFileSync(venue, `${await firstLine(exchange)}\n`);
    const config = join(this.#folder, 'engine.toml');
    writeFileSync(config, CONFIG);
    this.#engine = this.#spawn(['--import', PROBE, ENTRY, 'engine', 'run', '--config', config, '--name', 'engine', '--venue-json', venue, '--json'], env);
    await firstLine(this.#engine);
    this.#window = await openWindowProcess(env, 19);
    await this.#watch();
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    this.#unwatch();
  }

  /** Lengths of all bursts of turns within so many seconds. Unwatched, the window does not run at all. */
  async measure(seconds: number, isWatched: boolean): Promise<{ readonly lengthsUs: Float64Array }> {
    const engine = this.#engine!;
    if (isWatched) await this.#watch();
    // What comes with the page's coming is over by then.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    engine.send('bench.reset');
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const answer = new Promise<{ readonly lengthsUs: readonly number[] }>((resolve) => {
      const hear = (message: unknown): void => {
        if (typeof message !== 'object') return;
        engine.off('message', hear);
        resolve(message as { readonly lengthsUs: readonly number[] });
      };
      engine.on('message', hear);
    });
    engine.send('bench.lengths');
    const { lengthsUs } = await Promise.race([answer, once(engine, 'exit').then(() => Promise.reject(new Error('the engine ended')))]);
    if (isWatched) this.#unwatch();
    if (lengthsUs.length === 0) throw new Error('the engine had nothing to do');
    return { lengthsUs: Float64Array.from(lengthsUs) };
  }

  async close(): Promise<void> {
    this.#socket?.terminate();
    this.#window?.child.kill('SIGCONT');
    await endProcess(this.#window?.child);
    for (const child of this.#children.toReversed()) await endProcess(child);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #spawn(args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore', 'ipc'], env: { ...process.env, ...env } });
    this.#children.push(child);
    return child;
  }

  /** As a page does: the tree with its figures and events, and some machines. */
  async #watch(): Promise<void> {
    const { child, url, token } = this.#window!;
    child.kill('SIGCONT');
    const { origin } = new URL(url);
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/api/stream`, [STREAM_PROTOCOL, `${TOKEN_PROTOCOL}${token}`], { origin });
    this.#socket = socket;
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    const say = (id: number, topic: string, params: unknown): void => socket.send(JSON.stringify({ id, subscribe: topic, params }));
    const hasTree = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the window never told the tree of the engine')), READY_MS);
      socket.on('message', (data: Buffer) => {
        const message = JSON.parse(data.toString()) as StreamMessage;
        if (!('value' in message)) return;
        this.heard += 1;
        const update = message.value as TreeUpdate | null;
        if (message.id !== 1 || update?.kind !== 'shape') return;
        this.#machines = update.shape.nodes.filter(({ kind, path }) => kind === 'worker' && /detector|strateg|order|position/i.test(path)).slice(0, MACHINES).map(({ path }) => path);
        clearTimeout(timer);
        resolve();
      });
    });
    say(1, 'tree', { source: SOURCE });
    say(2, 'tree.figures', { source: SOURCE });
    say(3, 'tree.events', { source: SOURCE });
    await hasTree;
    for (const [n, path] of this.#machines.entries()) say(4 + n, 'machine', { source: SOURCE, path });
  }

  #unwatch(): void {
    this.#socket?.terminate();
    this.#socket = undefined;
    this.#window!.child.kill('SIGSTOP');
  }
}

async function firstLine(child: ChildProcess): Promise<string> {
  return Promise.race([
    new Promise<string>((resolve) => createInterface(child.stdout!).once('line', resolve)),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`${child.spawnargs.slice(1, 4).join(' ')} ended with ${String(code)} before it was ready`))),
  ]);
}
