import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** dist/tools/bench → the source of the peer. */
const SOURCE = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'tools', 'bench', 'erlang', 'actors.erl');

/** What tools/bench/erlang/actors.erl can do; each answers with nanoseconds (bytes: with bytes). */
export type ErlangJob = 'one-way' | 'ping-pong' | 'spawn-stop' | 'ask' | 'restart' | 'bytes';

/** Erlang on one scheduler, in a process of its own that does one round at a time. */
export class ErlangPeer {
  readonly version: string;
  readonly #folder: string;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  private constructor(version: string, folder: string) {
    this.version = version;
    this.#folder = folder;
    this.#process = spawn('erl', ['+S', '1', '-noshell', '-pa', folder, '-s', 'actors', 'main']);
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  /** Compiles and starts it; a string says why that was not possible. */
  static start(): ErlangPeer | string {
    const asked = spawnSync('erl', ['-noshell', '-eval', 'io:put_chars(erlang:system_info(otp_release)), halt().'], { encoding: 'utf8', timeout: 20_000 });
    if (asked.error !== undefined || asked.status !== 0) return 'no Erlang: erl does not run';
    const folder = mkdtempSync(join(process.env['FAULTLINE_BENCH_DIR'] ?? tmpdir(), 'faultline-erl-'));
    const made = spawnSync('erlc', ['-o', folder, SOURCE], { encoding: 'utf8', timeout: 60_000 });
    if (made.error !== undefined || made.status !== 0) {
      rmSync(folder, { recursive: true, force: true });
      if (made.error !== undefined) return 'no Erlang compiler: erlc does not run';
      throw new Error(`erlc does not compile tools/bench/erlang/actors.erl:\n${made.stdout}${made.stderr}`);
    }
    return new ErlangPeer(asked.stdout.trim(), folder);
  }

  /** One round; what it answers is said in actors.erl at each job. */
  async run(job: ErlangJob, count: number): Promise<number[]> {
    this.#process.stdin.write(`${job} ${count}\n`);
    const line = await this.#lines.next();
    if (line.done === true) throw new Error(`Erlang ended in ${job} ${count}`);
    return line.value.split(' ').map(Number);
  }

  close(): void {
    this.#process.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
