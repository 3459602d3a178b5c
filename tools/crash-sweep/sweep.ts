import { Random } from '../../runtime/random.js';
import { onInterrupt } from '../cli/interrupt.js';
import { runChain, type ChainResult } from './chain.js';
import { runDiskFull, type DiskFullResult } from './disk-full.js';
import { makeImage } from './image.js';
import { STAGES, type Broken, type Stage } from './stages.js';

export interface SweepOptions {
  /** Points to die at, spread over the run and over the stages; undefined: all. */
  readonly points?: number;
  readonly seed: string | number;
  /** Chains at a time. */
  readonly parallel: number;
  readonly broken?: Broken | null;
  readonly note: (line: string) => void;
  /** Kills so far, of all chains. */
  readonly onKill?: (kills: number) => void;
}

export interface SweepResult {
  /** Deaths at a chosen point of a journal write, over all stages. */
  readonly points: number;
  /** What was lost, or wrong, over all runs: 0 when nothing. */
  readonly lost: number;
  /** What happened twice. */
  readonly doubled: number;
  readonly seconds: number;
  /** Batches that the uninterrupted run writes. */
  readonly writes: number;
  /** Points of each stage in the uninterrupted run, and how many were died at. */
  readonly stages: Readonly<Record<Stage, { readonly inRun: number; readonly died: number }>>;
  /** SIGKILLs from outside at random instants. */
  readonly randomKills: number;
  readonly diskFull: DiskFullResult | null;
  /** One sentence for each loss and each doubling, with the run it was in. */
  readonly problems: readonly string[];
}

/** Orders of the script: the uninterrupted run of these writes a good 2,000 batches. */
const ORDERS = 165;
const SAMPLE_ORDERS = 30;
const DISK_FULL_ORDERS = 30;
/**
 * The whole sweep dies at each point of a stage, but for this one: to a process that is killed the disk after the flush is the disk after the
 * commit, and nothing has gone out yet at either.
 */
const EVERY_NTH: Readonly<Partial<Record<Stage, number>>> = { flushed: 4 };
/** Deaths until a life is stopped in good order: what the next ones have to handle again stays short. */
const STOP_EVERY = 50;
const RANDOM_STOP_EVERY = 10;
const RANDOM_KILLS = 120;
const SAMPLE_RANDOM_KILLS = 6;
/** When a random kill falls, after its life began: starting takes some 60 ms. */
const RANDOM_AFTER_MS = [60, 400] as const;

interface Chain {
  readonly name: string;
  readonly run: () => Promise<ChainResult>;
  readonly take: (result: ChainResult) => void;
}

/** The whole sweep, or a sample of it. */
export async function sweep(options: SweepOptions): Promise<SweepResult> {
  const begunMs = performance.now();
  const { program, remove } = makeImage();
  const keep = onInterrupt(remove);
  try {
    return await sweepWith(program, begunMs, options);
  } finally {
    keep();
    remove();
  }
}

async function sweepWith(program: string, begunMs: number, options: SweepOptions): Promise<SweepResult> {
  const { points, seed, note, broken = null } = options;
  const sample = points !== undefined;
  const orders = sample ? SAMPLE_ORDERS : ORDERS;
  const problems: string[] = [];
  const died: Record<Stage, number> = { 'before-batch': 0, committed: 0, flushed: 0, 'before-effect': 0, 'after-effect': 0 };
  let randomKills = 0;
  let lost = 0;
  let doubled = 0;
  let kills = 0;
  const judge = (name: string, result: Pick<ChainResult, 'lost' | 'doubled'>): void => {
    lost += result.lost.length;
    doubled += result.doubled.length;
    for (const sentence of [...result.lost, ...result.doubled]) problems.push(`${name}: ${sentence}`);
  };

  note(`uninterrupted run: ${orders} orders`);
  const whole = await runChain({ orders, seed, program, kill: () => null, mostLives: 1 });
  judge('uninterrupted run', whole);
  const inRun = whole.report?.points;
  const writes = whole.report?.batches ?? 0;
  if (inRun === undefined) return result(null);

  const onLife = (): void => options.onKill?.(++kills);
  const chains: Chain[] = [];
  if (sample) {
    // Together the lives take three quarters of the run, whatever they die at: then all of them find their point.
    const killAt = (stage: Stage) => ({ stage, nth: Math.max(1, Math.floor((0.75 * inRun[stage]) / points)) });
    chains.push({
      name: 'sample of all stages',
      run: () => runChain({ orders, seed, broken, program, stopEvery: STOP_EVERY, mostLives: points + 1, onLife, kill: (life) => (life < points ? killAt(STAGES[life % STAGES.length]!) : null) }),
      take: (chain) => spread(died, chain.kills),
    });
  } else {
    for (const stage of STAGES) {
      chains.push({
        name: stage,
        run: () => runChain({ orders, seed, broken, program, stopEvery: STOP_EVERY, mostLives: 4 * inRun[stage] + 100, onLife, kill: () => ({ stage, nth: EVERY_NTH[stage] ?? 1 }) }),
        take: (chain) => void (died[stage] = chain.kills),
      });
    }
  }
  const random = new Random(`crash-sweep-kills|${seed}`);
  const wanted = sample ? SAMPLE_RANDOM_KILLS : RANDOM_KILLS;
  const [shortMs, longMs] = RANDOM_AFTER_MS;
  chains.push({
    name: 'random instants',
    run: () => runChain({
      orders: sample ? orders : 3 * orders, seed: `${seed}-long`, broken, program, stopEvery: RANDOM_STOP_EVERY, mostLives: wanted + 1, onLife, kill: () => null,
      killAfterMs: (life) => (life < wanted ? shortMs + (longMs - shortMs) * random.next() : Infinity),
    }),
    take: (chain) => void (randomKills = chain.kills),
  });

  const run = async (): Promise<void> => {
    for (let chain = chains.shift(); chain !== undefined; chain = chains.shift()) {
      note(`${chain.name}: begins`);
      const made = await chain.run();
      chain.take(made);
      judge(chain.name, made);
      note(`${chain.name}: ${made.kills} kills, ${made.lost.length} lost, ${made.doubled.length} doubled`);
    }
  };
  await Promise.all(Array.from({ length: options.parallel }, run));

  note('disk full');
  const diskFull = await runDiskFull({ orders: DISK_FULL_ORDERS, seed, program });
  judge('disk full', diskFull);
  return result(diskFull);

  function result(full: DiskFullResult | null): SweepResult {
    const stages = Object.fromEntries(STAGES.map((stage) => [stage, { inRun: inRun?.[stage] ?? 0, died: died[stage] }]));
    return {
      points: STAGES.reduce((sum, stage) => sum + died[stage], 0), lost, doubled, seconds: Math.round((performance.now() - begunMs) / 100) / 10, writes,
      stages: stages as SweepResult['stages'], randomKills, diskFull: full, problems,
    };
  }
}

function spread(died: Record<Stage, number>, kills: number): void {
  for (let at = 0; at < kills; at += 1) died[STAGES[at % STAGES.length]!] += 1;
}
