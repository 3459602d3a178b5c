import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXIT_CODES } from '../cli/errors.js';
import { onInterrupt } from '../cli/interrupt.js';
import { harmIn, liveOnce } from './chain.js';
import { startExchange, type ExchangeProcess } from './exchange/start.js';
import { makeScript } from './script.js';
import type { LifeOptions, LifeReport } from './stages.js';
import { judge, type Verdict } from './verdict.js';

export interface DiskFullResult extends Verdict {
  /** What made the kernel refuse. */
  readonly how: string;
  /** Lives that the full disk ended, each with code 11. */
  readonly ended: number;
}

/** A disk whose size can be set. */
interface SmallDisk {
  readonly how: string;
  readonly folder: string;
  resize(kib: number): void;
  /** KiB beyond which no file of a life may grow; null: the disk itself ends there. */
  readonly fileKib: () => number | null;
  remove(): void;
}

const FIRST_KIB = 64;
const STEP_KIB = 24;
const FULL_DISKS = 5;
const ENOUGH_KIB = 256 * 1024;
/** Lives in all: some steps free so little that a life hardly gets on. */
const MOST_LIVES = 40;

/**
 * Runs the script on a disk that is too small, and gives it a little more each time it is full: the process has to end with
 * code 11, the journal has to be whole and, with more space, the next life has to go on as if nothing had been.
 */
export async function runDiskFull({ orders, seed, program }: { readonly orders: number; readonly seed: string | number; readonly program: string }): Promise<DiskFullResult> {
  const script = makeScript(orders, seed);
  const folder = mkdtempSync(join(tmpdir(), 'faultline-full-'));
  const disk = tmpfs(join(folder, 'disk')) ?? limitedFiles(join(folder, 'disk'));
  let exchange: ExchangeProcess | undefined;
  const discard = (): void => {
    exchange?.stop();
    disk.remove();
    rmSync(folder, { recursive: true, force: true });
  };
  const keep = onInterrupt(discard);
  const lost: string[] = [];
  let ended = 0;
  try {
    exchange = await startExchange(orders, seed);
    const journal = join(disk.folder, 'journal');
    const life: LifeOptions = { folder: journal, exchange: exchange.socketPath, orders, seed, report: join(folder, 'report.json'), broken: null, kill: null, stop: false };
    for (let lives = 0; lives < MOST_LIVES; lives += 1) {
      disk.resize(ended < FULL_DISKS ? FIRST_KIB + STEP_KIB * ended : ENOUGH_KIB);
      const end = await liveOnce(life, { fileKib: disk.fileKib(), program });
      if (end.code === EXIT_CODES.journalFailed.code) {
        ended += 1;
        lost.push(...(await harmIn(journal)).map((problem) => `after the disk was full for the ${ended}. time: ${problem}`));
        continue;
      }
      if (end.code !== EXIT_CODES.ok.code) {
        lost.push(`with the disk full a life ${end.hung ? 'hung' : end.signal === null ? `ended with code ${end.code}, not ${EXIT_CODES.journalFailed.code}` : `was ended by ${end.signal}`}: ${end.stderr.trim()}`);
        return { how: disk.how, ended, lost, doubled: [] };
      }
      if (ended === 0) lost.push('the disk was never full: the test tests nothing');
      const report = JSON.parse(readFileSync(life.report, 'utf8')) as LifeReport;
      const verdict = judge(script, exchange.entries(), report.states);
      return { how: disk.how, ended, lost: [...lost, ...verdict.lost], doubled: verdict.doubled };
    }
    return { how: disk.how, ended, lost: [...lost, `after ${MOST_LIVES} lives the script is not at its end`], doubled: [] };
  } finally {
    keep();
    discard();
  }
}

/** A file system in memory of a few pages; needs to be root. */
function tmpfs(folder: string): SmallDisk | null {
  mkdirSync(folder, { recursive: true });
  const mount = (options: string): boolean => spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'ignore' }).status === 0;
  if (process.getuid?.() !== 0 || !mount(`size=${FIRST_KIB}k`)) return null;
  return {
    how: 'a tmpfs (ENOSPC)',
    folder,
    resize: (kib) => void mount(`remount,size=${kib}k`),
    fileKib: () => null,
    remove: () => void spawnSync('umount', [folder], { stdio: 'ignore' }),
  };
}

/** Where nothing can be mounted: a limit on the size of the life's files, which the kernel holds in the same calls. */
function limitedFiles(folder: string): SmallDisk {
  let kib = FIRST_KIB;
  return {
    how: 'a limit on the size of files (EFBIG)',
    folder,
    resize: (wanted) => void (kib = wanted),
    fileKib: () => kib,
    remove: () => {},
  };
}
