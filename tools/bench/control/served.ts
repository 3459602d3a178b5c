import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { makeBenchTape } from '../bench-tape.js';

const ENTRY = fileURLToPath(new URL('../../../../bin/faultline.js', import.meta.url));
const PROBE = new URL('./probe.js', import.meta.url).href;
const CROWD = fileURLToPath(new URL('./crowd.js', import.meta.url));
const NAME = 'bench';
const MINUTES = 20;
/** Half a millisecond of turns every ten: a main loop with something to do. A pass then takes two seconds. */
const SPEED = 600;
const WARM_UP_PASSES = 3;
const CLIENT_NICE = process.env['FAULTLINE_BENCH_SOCKET_CLIENT_NICE'] ?? '19';

/** How the crowd fared. */
export interface CrowdCounts {
  readonly answers: number;
  readonly errors: number;
  readonly latestMs: number;
  readonly traceEvents: number;
  readonly storms: number;
  readonly reconnects: number;
  /** Share of the main loop's time that the calls took. */
  readonly mainLoopShare: number;
}

/** Bursts of turns in the order they were, µs: how long each took, and how long of that the main thread waited for a core. */
export interface Bursts {
  readonly lengthsUs: Float64Array;
  readonly waitedUs: Float64Array;
}

interface Pass {
  readonly digest: string;
  readonly touched: readonly string[];
}

/** `faultline replay TAPE --serve` in a process of its own, and a crowd of clients in another. */
export class ServedReplayBench {
  readonly #served: ChildProcess;
  readonly #crowd: ChildProcess;
  readonly #passes: Pass[] = [];
  readonly #remove: () => void;
  #stderr = '';
  #onPass: () => void = () => undefined;

  static async start(honest: number, hostile: number): Promise<ServedReplayBench> {
    const tape = makeBenchTape({ minutes: MINUTES });
    const folder = mkdtempSync(join(tmpdir(), 'flc-'));
    const bench = new ServedReplayBench(tape.path, folder, honest, hostile, () => {
      tape.remove();
      rmSync(folder, { recursive: true, force: true });
    });
    await bench.passes(WARM_UP_PASSES);
    return bench;
  }

  private constructor(tape: string, folder: string, honest: number, hostile: number, remove: () => void) {
    this.#remove = remove;
    const run = join(folder, 'run');
    mkdirSync(run, { mode: 0o700 });
    const args = ['--import', PROBE, ENTRY, 'replay', tape, '--serve', '--inline', '--name', NAME, '--speed', String(SPEED), '--json'];
    this.#served = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'], env: { ...process.env, FAULTLINE_RUN_DIR: run, FAULTLINE_LOG_DIR: join(folder, 'log') },
    });
    createInterface(this.#served.stdout!).on('line', (line) => {
      this.#passes.push(JSON.parse(line) as Pass);
      this.#onPass();
    });
    this.#served.stderr!.on('data', (chunk: Buffer) => (this.#stderr = (this.#stderr + chunk.toString()).slice(-2000)));
    // With all its threads, which `os.setPriority` would not reach: what clients do with their own time is not what the socket costs.
    const crowd = ['-n', CLIENT_NICE, process.execPath, CROWD, join(run, `${NAME}.sock`), String(honest), String(hostile)];
    this.#crowd = spawn('nice', crowd, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  }

  /** Waits for so many more passes. */
  async passes(count: number): Promise<void> {
    const until = this.#passes.length + count;
    await Promise.race([
      new Promise<void>((resolve) => (this.#onPass = () => void (this.#passes.length >= until && resolve()))),
      this.#ended(),
    ]);
  }

  /** All bursts of turns within so many seconds; with the crowd or without. */
  async measure(seconds: number, crowded: boolean): Promise<Bursts & { readonly crowd: CrowdCounts | null }> {
    if (crowded) await this.#ask(this.#crowd, 'begin');
    // What came with the crowd's coming, or stays of its going, is over by then.
    await this.#sleep(500);
    this.#served.send('bench.reset');
    await this.#sleep(seconds * 1000);
    const { lengthsUs, waitedUs } = (await this.#ask(this.#served, 'bench.lengths')) as Record<keyof Bursts, readonly number[]>;
    const crowd = crowded ? ((await this.#ask(this.#crowd, 'end')) as { readonly ended: CrowdCounts }).ended : null;
    return { lengthsUs: Float64Array.from(lengthsUs), waitedUs: Float64Array.from(waitedUs), crowd };
  }

  /** Digests of all passes so far. @throws Error when two differ, or a client has changed something */
  checkPasses(): number {
    const digests = new Set(this.#passes.map(({ digest }) => digest));
    if (digests.size !== 1) throw new Error(`${digests.size} digests in ${this.#passes.length} passes of one tape`);
    if (this.#passes.some(({ touched }) => touched.length > 0)) throw new Error('a pass says that an operator touched it');
    return this.#passes.length;
  }

  async close(): Promise<void> {
    for (const child of [this.#crowd, this.#served]) {
      child.removeAllListeners('exit');
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    this.#remove();
  }

  async #ask(child: ChildProcess, message: string): Promise<unknown> {
    const answer = new Promise<unknown>((resolve) => {
      const heard = (value: unknown): void => {
        // The served process also says that it is ready.
        if (typeof value !== 'object') return;
        child.off('message', heard);
        resolve(value);
      };
      child.on('message', heard);
    });
    child.send(message);
    return Promise.race([answer, this.#ended()]);
  }

  async #sleep(ms: number): Promise<void> {
    await Promise.race([new Promise((resolve) => setTimeout(resolve, ms)), this.#ended()]);
  }

  async #ended(): Promise<never> {
    await Promise.race([once(this.#served, 'exit'), once(this.#crowd, 'exit')]);
    throw new Error(`the served replay or the crowd ended: ${this.#stderr}`);
  }
}
