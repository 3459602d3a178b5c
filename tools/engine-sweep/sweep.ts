import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onInterrupt } from '../cli/interrupt.js';
import { type Death, planDeaths } from './plan.js';
import { type Books, type Life, LOT_SIZE, PATIENCE_MS, Stage, within } from './stage.js';
import { type Away, compareHistory, compareStanding, nakedStretches, type Problem } from './verdict.js';

export interface SweepOptions {
  readonly points: number;
  readonly random: number;
  readonly seed: string;
  readonly broken: 'resend' | null;
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
  readonly of: { readonly points: number; readonly random: number };
  done: number;
  points: number;
  random: number;
  seconds: number;
  orders: number;
  fills: number;
  found: Problem[];
}

const LOOK_MS = 60;

/** Kills an engine at the planned points, brings it back each time, and compares it with the venue's own books. */
export async function sweep(options: SweepOptions): Promise<SweepResult> {
  const { points, random, seed, state } = options;
  const deaths = planDeaths(points, random, seed);
  const progress = begun(options);
  const folder = mkdtempSync(join(tmpdir(), 'flsweep-'));
  const beganMs = performance.now();
  const secondsBefore = progress.seconds;
  const { orders, fills } = progress;
  const stage = await Stage.open(folder, `${seed}-${process.pid}-${progress.done}`.replaceAll(/\D/g, '').slice(-9));
  const keep = onInterrupt(() => stage.close());
  let good = false;
  try {
    const run = new Sweep(stage, options, progress);
    await run.begin();
    for (const death of deaths.slice(progress.done)) {
      await run.die(death);
      progress.done += 1;
      progress[death.kind === 'random' ? 'random' : 'points'] += 1;
      progress.seconds = secondsBefore + (performance.now() - beganMs) / 1000;
      progress.orders = orders + run.orders;
      progress.fills = fills + run.fills;
      if (state !== null) writeState(state, progress);
      options.onDeath?.(progress.done);
    }
    good = progress.found.length === 0;
  } finally {
    keep();
    await stage.close();
    if (good) rmSync(folder, { recursive: true, force: true });
    else process.stderr.write(`what was left lies in ${folder}\n`);
  }
  const count = (kind: Problem['kind']): number => progress.found.filter((each) => each.kind === kind).length;
  return {
    points: progress.points, random: progress.random, lost: count('lost'), doubled: count('doubled'), naked: count('naked'), mismatches: count('mismatch'),
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
  async die(death: Death): Promise<void> {
    const name = nameOf(death, this.#progress.done);
    const life = this.#life;
    let fromMs: number;
    if (death.kind === 'point' && !death.starting) {
      life.child.send(death.point);
      await this.#end(life, name);
      fromMs = this.#stage.venueMs();
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
      const before = await this.#stage.books();
      const status = await this.#stage.status();
      books = await this.#stage.books();
      if (markOf(before) === markOf(books)) {
        standing = compareStanding(books.usdm, status, LOT_SIZE);
        if (standing.length === 0) break;
      }
      if (life !== null && (life.child.exitCode !== null || life.child.signalCode !== null)) throw new Error(`the engine ended by itself after ${name}: ${life.said()}`);
      await sleep(LOOK_MS);
    }
    // Rows of what has just happened may still be on their way to the disk.
    let history: readonly Problem[] = [];
    for (let again = 0; again < 20; again += 1) {
      const now = await this.#stage.books();
      history = compareHistory(now.usdm, await this.#stage.rows());
      books = now;
      if (history.length === 0) break;
      await sleep(LOOK_MS * 4);
    }
    const naked = nakedStretches(books!.usdm, this.#away, this.#options.nakedMs, books!.venueMs);
    this.orders = books!.usdm.orders.length + books!.usdm.algoOrders.length;
    this.fills = books!.usdm.fills.filter(({ account }) => account === books!.usdm.accounts.find(({ house }) => !house)!.account).length;
    for (const problem of [...standing, ...history, ...naked]) {
      // What was found once is not found again at every later death.
      if (this.#met.has(problem.text)) continue;
      this.#met.add(problem.text);
      this.#progress.found.push({ ...problem, text: `${name}: ${problem.text}` });
    }
  }
}

/** For engine and venue to agree, over a minute of used-up request weight; a market that trades leaves moments enough. */
const SETTLE_MS = 110_000;

/** Changes with every order, fill and cancel of the account. */
function markOf({ usdm }: Books): string {
  const own = usdm.accounts.find(({ house }) => !house)!;
  return JSON.stringify([own, usdm.fills.filter(({ account }) => account === own.account).length, usdm.openOrders.filter(({ account }) => account === own.account), usdm.openAlgoOrders.filter(({ account }) => account === own.account), usdm.orders.filter(({ account }) => account === own.account).length]);
}

function nameOf(death: Death, index: number): string {
  if (death.kind === 'random') return `death ${index} (random, after ${death.afterMs} ms)`;
  return `death ${index} (${death.point.stage} of write ${death.point.write}${death.starting ? ' of a start' : ''})`;
}

function begun({ points, random, seed, state }: SweepOptions): Progress {
  const fresh: Progress = { seed, of: { points, random }, done: 0, points: 0, random: 0, seconds: 0, orders: 0, fills: 0, found: [] };
  if (state === null || !existsSync(state)) return fresh;
  const found = JSON.parse(readFileSync(state, 'utf8')) as Progress;
  if (found.seed !== seed || found.of.points !== points || found.of.random !== random) throw new Error(`${state} is of another sweep: seed ${found.seed}, ${found.of.points} points and ${found.of.random} random`);
  return found;
}

function writeState(file: string, progress: Progress): void {
  writeFileSync(`${file}.new`, JSON.stringify(progress));
  renameSync(`${file}.new`, file);
}
