import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onInterrupt } from '../cli/interrupt.js';
import { type Death, planDeaths } from './plan.js';
import { PATIENCE_MS, within } from '../process/children.js';
import { type Books, type Life, type Placement, Stage, type SweptProduct } from './stage.js';
import { type Away, compareHistory, compareSold, compareStanding, nakedStretches, ownAccount, type Problem } from './verdict.js';

export interface SweepOptions {
  readonly points: number;
  readonly random: number;
  readonly seed: string;
  readonly broken: 'resend' | null;
  /** Engines at a time, each on an exchange of its own. */
  readonly workers: number;
  readonly placement: Placement;
  readonly product: SweptProduct;
  /** What was done is kept here, and another call with it goes on; null for none. */
  readonly state: string | null;
  /** Longest that a position may be without its whole stop, ms of the venue's clock. */
  readonly nakedMs: number;
  readonly onDeath?: (done: number) => void;
}

export interface SweepResult {
  readonly points: number;
  readonly random: number;
  /** Fills of the venue that the record does not hold. */
  readonly lost: number;
  /** Orders at the venue that nobody meant, or twice; fills booked twice. */
  readonly doubled: number;
  readonly naked: number;
  readonly mismatches: number;
  readonly seconds: number;
  /** What the deaths met: orders and fills at the venue. */
  readonly orders: number;
  readonly fills: number;
  readonly problems: readonly string[];
}

interface Progress {
  readonly seed: string;
  /** Absent in the state of an older version: USD-M. */
  readonly product?: SweptProduct;
  readonly of: { readonly points: number; readonly random: number };
  /** Numbers of the deaths that are done. */
  readonly done: number[];
  seconds: number;
  orders: number;
  fills: number;
  readonly found: Problem[];
}

const LOOK_MS = 60;
/** Deaths on one exchange: its books are read whole after each. */
const DEATHS_OF_A_STAGE = 40;

/** Kills engines at the planned points, brings each back, and compares it with the venue's own books. */
export async function sweep(options: SweepOptions): Promise<SweepResult> {
  const { points, random, seed, workers } = options;
  const deaths = planDeaths(points, random, seed);
  const progress = begun(options);
  const beganMs = performance.now();
  const secondsBefore = progress.seconds;
  const left = deaths.map((death, number) => ({ death, number })).filter(({ number }) => !progress.done.includes(number));
  const stages = new Set<Stage>();
  const keep = onInterrupt(async () => {
    await Promise.all([...stages].map((stage) => stage.close()));
  });
  let failed = false;

  /** So many of the deaths that are left, on an exchange of their own. */
  async function act(): Promise<void> {
    const found = progress.found.length;
    const folder = mkdtempSync(join(tmpdir(), 'flsweep-'));
    let run: Sweep | undefined;
    let good = false;
    try {
      const stage = await Stage.open(folder, `${seed}${progress.done.length}${stages.size}${process.pid}`.replaceAll(/\D/g, '').slice(-9), { placement: options.placement, product: options.product });
      stages.add(stage);
      run = new Sweep(stage, options, progress);
      try {
        await run.begin();
        for (let count = 0; count < DEATHS_OF_A_STAGE && !failed; count += 1) {
          const next = left.shift();
          if (next === undefined) break;
          await run.die(next.death, next.number);
          progress.done.push(next.number);
          progress.seconds = secondsBefore + (performance.now() - beganMs) / 1000;
          if (options.state !== null) writeState(options.state, progress);
          options.onDeath?.(progress.done.length);
        }
        good = progress.found.length === found;
      } finally {
        await stage.close();
        stages.delete(stage);
      }
    } catch (error) {
      failed = true;
      throw error;
    } finally {
      progress.orders += run?.orders ?? 0;
      progress.fills += run?.fills ?? 0;
      if (options.state !== null) writeState(options.state, progress);
      if (good) rmSync(folder, { recursive: true, force: true });
      else process.stderr.write(`what was left lies in ${folder}\n`);
    }
  }

  try {
    const ends = await Promise.allSettled(Array.from({ length: workers }, async () => {
      while (left.length > 0 && !failed) await act();
    }));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  } finally {
    keep();
  }
  const count = (kind: Problem['kind']): number => progress.found.filter((each) => each.kind === kind).length;
  const done = progress.done.map((number) => deaths[number]!);
  return {
    points: done.filter(({ kind }) => kind === 'point').length, random: done.filter(({ kind }) => kind === 'random').length,
    lost: count('lost'), doubled: count('doubled'), naked: count('naked'), mismatches: count('mismatch'),
    seconds: Math.round(progress.seconds), orders: progress.orders, fills: progress.fills, problems: progress.found.map(({ kind, text }) => `${kind}: ${text}`),
  };
}

class Sweep {
  orders = 0;
  fills = 0;
  readonly #stage: Stage;
  readonly #options: SweepOptions;
  readonly #progress: Progress;
  readonly #away: Away[] = [];
  readonly #met = new Set<string>();
  #life!: Life;

  constructor(stage: Stage, options: SweepOptions, progress: Progress) {
    this.#stage = stage;
    this.#options = options;
    this.#progress = progress;
  }

  async begin(): Promise<void> {
    this.#life = this.#stage.begin(null, this.#options.broken === 'resend');
    if (!await within(this.#life.ready, 'the first engine')) throw new Error(`the engine did not start: ${this.#life.said()}`);
    await this.#settled('the beginning', null);
  }

  /** One death, and the life after it. */
  async die(death: Death, number: number): Promise<void> {
    const name = nameOf(death, number);
    const life = this.#life;
    let fromMs: number;
    if (death.kind === 'point' && !death.starting) {
      life.child.send(death.point);
      await this.#end(life, name);
      fromMs = Math.min(this.#stage.venueMs(), this.#stage.diedMs());
    } else {
      if (death.kind === 'random') await sleep(death.afterMs);
      fromMs = this.#stage.venueMs();
      life.child.kill('SIGKILL');
      await this.#end(life, name);
      if (death.kind === 'point') {
        // Dies once more, while it comes back.
        const born = this.#stage.begin(death.point, this.#options.broken === 'resend');
        await this.#end(born, name);
      }
    }
    this.#life = this.#stage.begin(null, this.#options.broken === 'resend');
    if (!await within(this.#life.ready, `the engine after ${name}`)) throw new Error(`the engine does not come back after ${name}: ${this.#life.said()}`);
    this.#away.push({ fromMs, toMs: this.#stage.venueMs() });
    await this.#settled(name, this.#life);
  }

  async #end(life: Life, name: string): Promise<void> {
    const { code, signal } = await within(life.ended, `the death of ${name}`);
    if (signal !== 'SIGKILL') throw new Error(`the engine ended by itself (${code ?? signal}) at ${name}: ${life.said()}`);
  }

  /** Waits until engine and venue say the same at one moment in which nothing happened; if they never do, says where they differ. */
  async #settled(name: string, life: Life | null): Promise<void> {
    const untilMs = performance.now() + Math.min(PATIENCE_MS, SETTLE_MS);
    let standing: readonly Problem[] = [];
    let books: Books | undefined;
    while (performance.now() < untilMs) {
      const before = await this.#stage.books('none');
      const status = await this.#stage.status();
      books = await this.#stage.books('none');
      if (markOf(before) === markOf(books)) {
        standing = compareStanding(books, status, this.#stage.traded);
        if (standing.length === 0) break;
      }
      if (life !== null && (life.child.exitCode !== null || life.child.signalCode !== null)) throw new Error(`the engine ended by itself after ${name}: ${life.said()}`);
      await sleep(LOOK_MS);
    }
    // Rows of what has just happened may still be on their way to the disk, and what happens between the two looks is in one of them only: what is found twice counts.
    let history: readonly Problem[] = [];
    let found: ReadonlySet<string> | null = null;
    for (let again = 0; again < 20; again += 1) {
      const now = await this.#stage.books('all');
      const seen = compareHistory(now, await this.#stage.rows());
      const before = found;
      history = before === null ? seen : seen.filter(({ text }) => before.has(text));
      books = now;
      if (history.length === 0) break;
      found = new Set(seen.map(({ text }) => text));
      await sleep(LOOK_MS * 4);
    }
    const naked = nakedStretches(books!, this.#stage.traded, this.#away, this.#options.nakedMs, books!.venueMs);
    const own = ownAccount(books!);
    this.orders = books!.orders.length + books!.algoOrders.length;
    this.fills = books!.fills.filter(({ account }) => account === own).length;
    for (const problem of [...standing, ...history, ...compareSold(books!, this.#stage.traded), ...naked]) {
      // What was found once is not found again at every later death.
      if (this.#met.has(problem.text)) continue;
      this.#met.add(problem.text);
      this.#progress.found.push({ ...problem, text: `${name}: ${problem.text}` });
    }
  }
}

/** For engine and venue to agree, over a minute of used-up request weight; a market that trades leaves moments enough. */
const SETTLE_MS = 110_000;

/** Changes with every order, fill and cancel of the account: a fill changes its balances, and no order is ever the same. */
function markOf({ accounts, positions, openOrders, openAlgoOrders }: Books): string {
  const own = accounts.find(({ house }) => !house)!;
  const ours = ({ account }: { readonly account: number }): boolean => account === own.account;
  return JSON.stringify([own, positions.filter(ours), openOrders.filter(ours), openAlgoOrders.filter(ours)]);
}

function nameOf(death: Death, index: number): string {
  if (death.kind === 'random') return `death ${index} (random, after ${death.afterMs} ms)`;
  return `death ${index} (${death.point.stage} of write ${death.point.write}${death.starting ? ' of a start' : ''})`;
}

function begun({ points, random, seed, product, state }: SweepOptions): Progress {
  const fresh: Progress = { seed, product, of: { points, random }, done: [], seconds: 0, orders: 0, fills: 0, found: [] };
  if (state === null || !existsSync(state)) return fresh;
  const found = JSON.parse(readFileSync(state, 'utf8')) as Progress;
  if (found.seed !== seed || (found.product ?? 'usdm') !== product || found.of.points !== points || found.of.random !== random) throw new Error(`${state} is of another sweep: ${found.product ?? 'usdm'}, seed ${found.seed}, ${found.of.points} points and ${found.of.random} random`);
  return found;
}

function writeState(file: string, progress: Progress): void {
  writeFileSync(`${file}.new`, JSON.stringify(progress));
  renameSync(`${file}.new`, file);
}
