import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EXIT_CODES } from '../cli/errors.js';
import { onInterrupt } from '../cli/interrupt.js';
import { verify } from '../journal/verify.js';
import { JournalView } from '../journal/view.js';
import { startExchange, type ExchangeProcess } from './exchange/start.js';
import { makeScript } from './script.js';
import type { Broken, LifeOptions, LifeReport, Stage } from './stages.js';
import { judge, type Verdict } from './verdict.js';

/** One line of lives over one journal: each begins where the last one died, until one comes to the end of the script. */
export interface ChainResult extends Verdict {
  /** Lives that were ended with SIGKILL. */
  readonly kills: number;
  /** What the last life reported; null when no life came to the end. */
  readonly report: LifeReport | null;
}

export interface ChainOptions {
  readonly orders: number;
  readonly seed: string | number;
  readonly broken?: Broken | null;
  /** Where the journal is put; default: a folder of its own under the system's temporary one. */
  readonly under?: string;
  /** Where the n-th life (from 0) is to die by itself; null: it lives on. */
  readonly kill: (life: number) => { readonly stage: Stage; readonly nth: number } | null;
  /** When the n-th life is killed from here, milliseconds after it began; Infinity: never. */
  readonly killAfterMs?: (life: number) => number;
  /** After so many deaths one life is stopped in good order, so that the next ones have not everything to do again. Default: never. */
  readonly stopEvery?: number;
  /** Lives after which the chain is given up: it does not get on. */
  readonly mostLives: number;
  readonly onLife?: (kills: number) => void;
  /** What runs a life; default: its modules as they are. */
  readonly program?: string | undefined;
}

const LIFE = fileURLToPath(new URL('life.js', import.meta.url));
/** Node reads these certificates at every start, which takes longer than all the rest of its start; a life speaks to nobody outside. */
const { NODE_EXTRA_CA_CERTS: _certificates, ...LIFE_ENV } = process.env;
/** A life that hangs is an error of its own. */
const LONGEST_LIFE_MS = 60_000;
const KEPT_STDERR = 2000;

/** Runs a chain to its end and judges what came of it. */
export async function runChain(options: ChainOptions): Promise<ChainResult> {
  const { orders, seed, program } = options;
  const script = makeScript(orders, seed);
  const folder = mkdtempSync(join(options.under ?? tmpdir(), 'faultline-sweep-'));
  let exchange: ExchangeProcess | undefined;
  const discard = (): void => {
    exchange?.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const keep = onInterrupt(discard);
  try {
    exchange = await startExchange(orders, seed);
    const life: Omit<LifeOptions, 'kill' | 'stop'> = {
      folder: join(folder, 'journal'), exchange: exchange.socketPath, orders, seed, report: join(folder, 'report.json'), broken: options.broken ?? null,
    };
    let kills = 0;
    for (let lives = 0; lives < options.mostLives; lives += 1) {
      if (options.stopEvery !== undefined && lives % options.stopEvery === options.stopEvery - 1) {
        const stopped = await liveOnce({ ...life, kill: null, stop: true }, { program });
        if (stopped.code !== EXIT_CODES.ok.code) return { kills, report: null, doubled: [], lost: [`a life that was to stop after ${kills} deaths ${howItEnded(stopped)}`] };
      }
      const kill = options.kill(lives);
      const end = await liveOnce({ ...life, stop: false, kill: kill === null ? null : { ...kill, seen: join(folder, `seen-${kill.stage}`) } }, { killAfterMs: options.killAfterMs?.(lives), program });
      if (end.signal === 'SIGKILL' && !end.hung) {
        kills += 1;
        options.onLife?.(kills);
        continue;
      }
      if (end.code === EXIT_CODES.ok.code) {
        const report = JSON.parse(readFileSync(life.report, 'utf8')) as LifeReport;
        const { lost, doubled } = judge(script, exchange.entries(), report.states);
        return { kills, report, lost: [...lost, ...(await harmIn(life.folder))], doubled };
      }
      return { kills, report: null, doubled: [], lost: [`life ${lives + 1} ${howItEnded(end)}`] };
    }
    return { kills, report: null, doubled: [], lost: [`after ${kills} lives the script is not at its end`] };
  } finally {
    keep();
    discard();
  }
}

/** What `faultline journal verify` finds wrong in a journal. */
export async function harmIn(folder: string): Promise<string[]> {
  const view = JournalView.open(folder);
  try {
    return (await verify(view)).problems.map(({ where, problem }) => `journal: ${where}: ${problem}`);
  } finally {
    view.close();
  }
}

function howItEnded({ code, signal, hung, stderr }: LifeEnd): string {
  const how = hung ? `hung for ${LONGEST_LIFE_MS / 1000} s` : signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
  return `${how}: ${stderr.trim()}`;
}

export interface LifeEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly hung: boolean;
  readonly stderr: string;
}

export interface Circumstances {
  /** When it is killed from here, milliseconds after it began. */
  readonly killAfterMs?: number | undefined;
  /** KiB its files may have. */
  readonly fileKib?: number | null | undefined;
  readonly program?: string | undefined;
}

/** Runs one life. */
export async function liveOnce(options: LifeOptions, { killAfterMs = Infinity, fileKib = null, program: life = LIFE }: Circumstances): Promise<LifeEnd> {
  const command = [process.execPath, life, JSON.stringify(options)];
  const [program = '', ...args] = fileKib === null ? command : ['sh', '-c', `ulimit -f ${fileKib * 2} && exec "$0" "$@"`, ...command];
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env: LIFE_ENV });
  let stderr = '';
  let hung = false;
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString('utf8')).slice(-KEPT_STDERR);
  });
  const kill = killAfterMs === Infinity ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  const watch = setTimeout(() => {
    hung = true;
    child.kill('SIGKILL');
  }, LONGEST_LIFE_MS);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  clearTimeout(kill);
  clearTimeout(watch);
  return { code, signal, hung, stderr };
}
