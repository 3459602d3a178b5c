import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BATCH, checksumOf, SLOTS } from './ring-pair.js';

/** dist/tools/bench → the source of the twin. */
const SOURCE = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'tools', 'bench', 'c', 'ring.c');

/** The ring in C11 (tools/bench/c/ring.c). */
export class CRing {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Compiles it; a string says why that was not possible. */
  static build(): CRing | string {
    const cc = process.env['CC'] ?? 'cc';
    const version = spawnSync(cc, ['--version'], { encoding: 'utf8' });
    if (version.error !== undefined || version.status !== 0) return `no C compiler: ${cc} does not run`;
    const folder = mkdtempSync(join(process.env['FAULTLINE_BENCH_DIR'] ?? tmpdir(), 'faultline-c-'));
    const made = spawnSync(cc, ['-std=gnu11', '-O3', '-march=native', '-pthread', '-o', join(folder, 'ring'), SOURCE], { encoding: 'utf8' });
    if (made.status !== 0) {
      rmSync(folder, { recursive: true, force: true });
      throw new Error(`${cc} does not compile tools/bench/c/ring.c:\n${made.stderr}`);
    }
    return new CRing(folder);
  }

  /** One round between two threads; records a second. */
  run(records: number): number {
    const done = spawnSync(join(this.#folder, 'ring'), [records, SLOTS, BATCH].map(String), { encoding: 'utf8', timeout: 60_000 });
    if (done.status !== 0) throw new Error(`the C ring ended with ${done.status ?? done.signal ?? 'an error'}: ${done.stderr}`);
    const [seconds = NaN, checksum] = done.stdout.trim().split(' ').map(Number);
    if (checksum !== checksumOf(records)) throw new Error(`the C consumer added up ${checksum}, not ${checksumOf(records)}`);
    return records / seconds;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
