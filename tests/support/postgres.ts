import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Why a test of PostgreSQL cannot run, with the way out; undefined when it can. */
export function noPostgres(): string | undefined {
  return binaries() === undefined ? 'no PostgreSQL: put initdb and postgres on the PATH (Debian: apt-get install postgresql), or name their folder in FAULTLINE_TEST_POSTGRES' : undefined;
}

/** Folder of the server's programs. */
function binaries(): string | undefined {
  const debian = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql').map((version) => join('/usr/lib/postgresql', version, 'bin')) : [];
  const folders = [process.env['FAULTLINE_TEST_POSTGRES'] ?? '', ...(process.env['PATH'] ?? '').split(delimiter), ...debian];
  return folders.find((folder) => folder !== '' && existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')));
}

/** The server refuses to run as root: then it runs as nobody. */
const NOBODY = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

/** A real PostgreSQL of this test's own, on a free port of the loopback, with its data in a temporary folder. */
export class TestPostgres {
  readonly port: number;
  readonly #folder: string;
  readonly #bin: string;
  #server: ChildProcess | null = null;

  private constructor(folder: string, bin: string, port: number) {
    this.#folder = folder;
    this.#bin = bin;
    this.port = port;
  }

  static async start(): Promise<TestPostgres> {
    const bin = binaries()!;
    const folder = mkdtempSync(join(tmpdir(), 'faultline-pg-'));
    if (NOBODY.uid !== undefined) chownSync(folder, NOBODY.uid, NOBODY.gid);
    chmodSync(folder, 0o700);
    const made = spawnSync(join(bin, 'initdb'), ['-D', join(folder, 'data'), '-U', 'faultline', '-A', 'trust', '--no-sync', '--locale=C', '-E', 'UTF8'], { ...NOBODY, cwd: folder, encoding: 'utf8' });
    if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
    const postgres = new TestPostgres(folder, bin, await freePort());
    await postgres.up();
    return postgres;
  }

  get url(): string {
    return `postgres://faultline@127.0.0.1:${this.port}/postgres`;
  }

  /** Starts the server on the same data and waits until it answers. */
  async up(): Promise<void> {
    // What served in one that was killed may still be there, with its memory.
    for (let left = 100; ; left -= 1) {
      try {
        return await this.#launch();
      } catch (thrown) {
        if (left === 0 || !/pre-existing shared memory|lock file/.test(String(thrown))) throw thrown;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  async #launch(): Promise<void> {
    const settings = ['listen_addresses=127.0.0.1', `port=${this.port}`, `unix_socket_directories=${this.#folder}`, 'shared_buffers=16MB', 'max_connections=20'];
    const server = spawn(join(this.#bin, 'postgres'), ['-D', join(this.#folder, 'data'), ...settings.flatMap((setting) => ['-c', setting])], { ...NOBODY, cwd: this.#folder, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#server = server;
    let said = '';
    await new Promise<void>((resolve, reject) => {
      server.stderr!.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (/database system is ready to accept connections/.test(said)) resolve();
      });
      server.once('exit', (code) => reject(new Error(`postgres ended with ${code}: ${said}`)));
    });
    server.stderr!.on('data', () => undefined);
  }

  /** SIGKILL to the server and all that serve in it, as a machine that dies does. */
  async kill(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    const gone = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGKILL');
    await gone;
    // Its children notice that it has gone and end by themselves; a new server waits for their shared memory.
    rmSync(join(this.#folder, 'data/postmaster.pid'), { force: true });
  }

  async remove(): Promise<void> {
    const server = this.#server;
    if (server !== null) {
      const gone = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGINT');
      await gone;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
