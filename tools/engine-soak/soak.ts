import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Prng } from '../../actors/generator/prng.js';
import { onInterrupt } from '../cli/interrupt.js';
import { causesOf, type FoundDifference, type FreshnessEdge, freshnessEdge, type Happening, isKnown, lastFreshMs } from './explain.js';
import { growths, type Sample } from './memory.js';
import { mirrorProblems } from './mirror.js';
import type { Plan } from './plan.js';
import { PATIENCE_MS, within } from '../process/children.js';
import { type Life, Stage, TROUBLES } from './stage.js';
import { Bag, CRASH, kindsIn, kindsOf, scriptText, type Spell, WHEN_FLAT } from './troubles.js';
import { compareStanding, History, ownAccount, ownBalances, OWN_PREFIX, unrest } from './verdict.js';

export interface SoakResult {
  readonly ok: boolean;
  readonly problems: readonly string[];
  readonly seed: number;
  readonly speed: number;
  readonly symbols: number;
  readonly marketMinutes: number;
  readonly seconds: number;
  /** Orders and fills of the account at the venue. */
  readonly orders: number;
  readonly fills: number;
  readonly trades: number;
  readonly troubles: { readonly spells: number; readonly kinds: number; readonly hits: number };
  readonly kills: number;
  readonly restarts: number;
  readonly commands: Readonly<Record<string, { readonly given: number; readonly refused: number }>>;
  /** Comparisons with the venue's books in which nothing differed. */
  readonly comparisons: number;
  /** By kind, and by kind and cause. */
  readonly differences: Readonly<Record<string, number>>;
  readonly explained: Readonly<Record<string, number>>;
  readonly unexplained: number;
  /** Of the process that lives through the second half. */
  readonly memory: readonly Sample[];
  /** How far the market inside the exchange fell behind the venue's clock, ms: beyond a few seconds the machine is too slow for the speed. */
  readonly marketLagMs: number;
  readonly replays: { readonly runs: number; readonly equal: number };
  /** Rows of the record that the mirror was compared with; null without one. */
  readonly mirrored: number | null;
}

export interface SoakOptions extends Plan {
  /** What is left of it lies here; null for a folder that goes when nothing was found. */
  readonly keep: string | null;
  readonly onProgress?: (line: string) => void;
}

/** Crashes of the market among one round of all troubles: a strategy that waits for them is to trade. */
const CRASHES = 10;
/** Between two comparisons with everything closed, ms of the venue's clock; shorter in short soaks. */
const QUIET_EVERY_MS = 300_000;
const FEWEST_QUIETS = 6;
/** How long a trouble lasts that does not end by itself, and how long there is none, ms of the venue's clock. */
const SPELL_MS = [4000, 70_000] as const;
const CALM_MS = [3000, 25_000] as const;
/** Between two commands, or deaths, ms of the venue's clock. */
const COMMAND_EVERY_MS = [20_000, 70_000] as const;
const LOOK_MS = 100;
const MOST_PROBLEMS = 60;
/** Starts that may fail, one after the other: an engine does not begin at a venue that answers nobody. */
const MOST_STARTS = 8;

/** Lets an engine trade for minutes of a venue's market with troubles, deaths and commands, and compares all of it with the venue's own books. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const folder = options.keep ?? mkdtempSync(join(tmpdir(), 'flsoak-'));
  const beganMs = performance.now();
  const stage = await Stage.open(folder, options);
  const taken = onInterrupt(() => stage.close());
  const run = new Soak(stage, options);
  try {
    const result = await run.whole();
    if (result.ok && options.keep === null) rmSync(folder, { recursive: true, force: true });
    else options.onProgress?.(`what was left lies in ${folder}`);
    return { ...result, seconds: Math.round((performance.now() - beganMs) / 1000) };
  } catch (error) {
    options.onProgress?.(`what was left lies in ${folder}`);
    throw error;
  } finally {
    taken();
    await stage.close();
  }
}

class Soak {
  readonly #stage: Stage;
  readonly #options: SoakOptions;
  readonly #random: Prng;
  readonly #bag: Bag;
  readonly #history = new History();
  readonly #spells: Spell[] = [];
  readonly #happenings: { readonly what: Happening; readonly atMs: number }[] = [];
  readonly #problems: string[] = [];
  readonly #commands: Record<string, { given: number; refused: number }> = {};
  readonly #judged = new Set<string>();
  readonly #differences: Record<string, number> = {};
  readonly #explained: Record<string, number> = {};
  readonly #memory: Sample[] = [];
  #life!: Life;
  #fromMs = 0;
  #hits = 0;
  #kills = 0;
  #restarts = 0;
  #comparisons = 0;
  #unexplained = 0;
  #hedged = false;

  constructor(stage: Stage, options: SoakOptions) {
    this.#stage = stage;
    this.#options = options;
    this.#random = new Prng(options.seed, 77);
    this.#bag = new Bag([...kindsOf(TROUBLES, options.product), ...Array.from({ length: options.crashes ? CRASHES : 0 }, () => CRASH)], this.#random);
    for (const name of kindsIn(TROUBLES)) if (!isKnown(name)) throw new Error(`what the trouble ${name} does to an engine is not known: say it in explain.ts`);
  }

  async whole(): Promise<SoakResult> {
    const { minutes, seed, speed, symbols } = this.#options;
    await this.#start();
    this.#fromMs = this.#stage.venueMs();
    const wholeMs = minutes * 60_000;
    const everyMs = Math.min(QUIET_EVERY_MS, wholeMs / FEWEST_QUIETS);
    while (this.#elapsedMs() < wholeMs && this.#problems.length < MOST_PROBLEMS) {
      // Deaths in the first half: the process that begins the second is weighed until its end.
      await this.#troubled(Math.min(everyMs, wholeMs - this.#elapsedMs()), this.#elapsedMs() + everyMs < wholeMs / 2);
      const last = this.#elapsedMs() >= wholeMs;
      await this.#quiet(last);
      if (this.#elapsedMs() >= wholeMs / 2 && this.#restarts === 0) await this.#restart();
    }
    const marketMinutes = Math.round(this.#elapsedMs() / 6000) / 10;
    const mirrored = this.#options.postgres === null ? null : await mirrorProblems(this.#options.postgres, this.#stage, (problem) => this.#wrong(problem));
    await this.#end();
    for (const problem of growths(this.#memory)) this.#wrong(problem);
    let equal = 0;
    for (const runDir of this.#stage.runDirs) {
      this.#say(`replays ${runDir}`);
      const answer = await this.#stage.replays(runDir);
      if (answer.equal) equal += 1;
      else this.#wrong(`${runDir} decides otherwise when it is replayed: ${answer.text}`);
    }
    const trades = (await this.#stage.rows('trades')).filter(({ key }) => !key.startsWith('account')).length;
    return {
      ok: this.#problems.length === 0, problems: this.#problems, seed, speed, symbols, marketMinutes, seconds: 0, orders: this.#history.orders, fills: this.#history.fills.size, trades,
      troubles: { spells: this.#spells.length, kinds: new Set(this.#spells.map(({ name }) => name)).size, hits: this.#hits }, kills: this.#kills, restarts: this.#restarts, commands: this.#commands,
      comparisons: this.#comparisons, differences: this.#differences, explained: this.#explained, unexplained: this.#unexplained, memory: this.#memory,
      marketLagMs: this.#stage.marketLagMs(), replays: { runs: this.#stage.runDirs.length, equal }, mirrored,
    };
  }

  #elapsedMs(): number {
    return this.#stage.venueMs() - this.#fromMs;
  }
  #say(line: string): void {
    this.#options.onProgress?.(`${this.#fromMs === 0 ? '' : `${(this.#elapsedMs() / 60_000).toFixed(1)} min: `}${line}`);
  }
  #wrong(problem: string): void {
    this.#problems.push(`${(this.#elapsedMs() / 60_000).toFixed(1)} min: ${problem}`);
    this.#say(`PROBLEM ${problem}`);
  }
  /** So long of the venue's clock. */
  #pause(venueMs: number): Promise<void> {
    return sleep(venueMs / this.#options.speed);
  }
  #between([least, most]: readonly [number, number]): number {
    return this.#random.between(least, most);
  }
  #happened(what: Happening): void {
    this.#happenings.push({ what, atMs: this.#stage.venueMs() });
  }

  // ---------------------------------------------------------------- the engine's life

  async #start(): Promise<void> {
    for (let left = MOST_STARTS; ; left -= 1) {
      this.#happened('start');
      const life = await this.#stage.begin();
      this.#happened('start');
      if (typeof life !== 'string') {
        this.#life = life;
        void life.ended.then(({ code, signal }) => {
          if (this.#life === life && !this.#leaving) this.#wrong(`the engine ended by itself with ${String(code ?? signal)}: ${life.said()}\n${this.#stage.log(12)}`);
        });
        return;
      }
      if (left === 0) throw new Error(`the engine does not start: ${life}`);
      this.#say(`the engine does not start yet: ${life.split('\n').slice(-3).join(' ')}`);
      await this.#pause(10_000);
    }
  }
  #leaving = false;

  async #gone(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#leaving = true;
    this.#life.child.kill(signal);
    const { code, signal: by } = await within(this.#life.ended, 'the engine to end');
    if (signal === 'SIGTERM' && code !== 0) this.#wrong(`the engine was asked to end and ended with ${String(code ?? by)}: ${this.#life.said()}`);
    this.#leaving = false;
  }

  async #kill(): Promise<void> {
    this.#kills += 1;
    this.#say('SIGKILL');
    this.#happened('death');
    await this.#gone('SIGKILL');
    this.#happened('death');
    await this.#start();
  }

  async #restart(): Promise<void> {
    this.#restarts += 1;
    this.#say('stop and start');
    await this.#end();
    await this.#start();
    this.#memory.length = 0;
  }

  #end(): Promise<void> {
    return this.#gone('SIGTERM');
  }

  // ---------------------------------------------------------------- troubled times

  /** Troubles, commands and deaths for so long of the venue's clock; none is on at the end. */
  async #troubled(forMs: number, mayDie: boolean): Promise<void> {
    const untilMs = this.#stage.venueMs() + forMs;
    const left = (): number => untilMs - this.#stage.venueMs();
    const dieAtMs = mayDie ? untilMs - this.#random.between(0.2, 0.9) * forMs : Infinity;
    let died = false;
    const troubles = async (): Promise<void> => {
      while (left() > 0) {
        await this.#pause(Math.min(Math.max(0, left()), this.#between(CALM_MS)));
        const name = this.#bag.draw((each) => !WHEN_FLAT.has(each));
        if (name === undefined || left() <= 0) {
          // Only what wants a flat account is left: it comes at the next quiet time.
          await this.#pause(Math.max(0, Math.min(left(), 5000)));
          continue;
        }
        await this.#spell(name, Math.min(Math.max(1000, left()), this.#between(SPELL_MS))).catch((error: unknown) => this.#wrong(`the trouble ${name}: ${String(error)}`));
      }
    };
    const operators = async (): Promise<void> => {
      while (left() > 0) {
        await this.#pause(Math.min(Math.max(0, left()), this.#between(COMMAND_EVERY_MS)));
        if (left() <= 0) return;
        if (!died && this.#stage.venueMs() >= dieAtMs) {
          died = true;
          await this.#kill();
        } else await this.#command();
      }
    };
    await Promise.all([troubles(), operators()]);
  }

  async #spell(name: string, mostMs: number): Promise<void> {
    const held = await this.#stage.books(0);
    const own = ownAccount(held);
    // On spot what rests shows where something is held.
    const open = [...held.positions.filter(({ positionAmt }) => Number(positionAmt) !== 0), ...(this.#options.product === 'spot' ? held.openOrders : [])].filter(({ account }) => account === own).map(({ symbol }) => symbol);
    const { symbols } = this.#stage;
    const symbol = open.length > 0 ? open[this.#random.below(open.length)]! : symbols[this.#random.below(symbols.length)]!;
    const spell: Spell = { name, fromMs: this.#stage.venueMs(), toMs: Infinity };
    this.#spells.push(spell);
    await this.#stage.start(name, name === CRASH ? null : scriptText(TROUBLES, name, symbol));
    const endMs = this.#stage.venueMs() + mostMs;
    if (name === CRASH) await this.#pause(mostMs);
    else {
      // One that ends by itself is over then.
      for (;;) {
        await sleep(LOOK_MS);
        const { running } = await this.#stage.report(name);
        if (!running) break;
        if (this.#stage.venueMs() >= endMs) {
          await this.#stage.stop(name);
          break;
        }
      }
      this.#hits += (await this.#stage.report(name)).hits;
    }
    spell.toMs = this.#stage.venueMs();
  }

  async #command(): Promise<void> {
    const { symbols } = this.#stage;
    const draw = this.#random.below(10);
    const symbol = symbols[this.#random.below(symbols.length)]!;
    if (draw < 2) await this.#give('refresh');
    else if (draw < 4) await this.#give('cancel-all');
    else if (draw < 6) await this.#give('pause', { reason: 'the soak pauses' }).then(() => this.#pause(5000));
    else if (draw < 8) await this.#give('close-symbol', { instrument: symbol });
    else await this.#give(draw === 8 ? 'health' : 'status');
    if (draw >= 4 && draw < 8) await this.#give('resume');
  }

  /** Gives a command. That it could not be done in a trouble is an answer; that nothing comes back is none. */
  async #give(verb: string, args: Readonly<Record<string, unknown>> = {}): Promise<boolean> {
    const count = (this.#commands[verb] ??= { given: 0, refused: 0 });
    count.given += 1;
    this.#happened('command');
    try {
      const { ok, answer } = await this.#stage.command(verb, args);
      if (!ok) {
        count.refused += 1;
        this.#say(`${verb}: ${JSON.stringify(answer).slice(0, 300)}`);
      }
      return ok;
    } catch (error) {
      if (this.#leaving) return false;
      this.#wrong(`${verb} is not answered: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
  }

  // ---------------------------------------------------------------- quiet times

  /** Nothing opens, everything is closed and certain: then both sides must have the same. */
  async #quiet(last: boolean): Promise<void> {
    await this.#give('pause', { reason: 'the soak compares' });
    await this.#agreed();
    await this.#compareHistory();
    await this.#explain();
    this.#memory.push({ minute: Math.round(this.#elapsedMs() / 6000) / 10, ...(await this.#stage.weigh()) });
    const at = this.#memory.at(-1)!;
    this.#say(`${this.#history.orders} orders, ${this.#history.fills.size} fills, ${this.#spells.length} troubles, ${Object.values(this.#differences).reduce((sum, count) => sum + count, 0)} differences, ${at.heapMb} MB heap, ${at.externalMb} external, ${at.ownMb} own, ${at.handles} handles, ${this.#problems.length} problems`);
    if (last) return;
    await this.#clear();
    const next = this.#bag.draw((each) => WHEN_FLAT.has(each));
    if (next !== undefined) {
      await this.#spell(next, 10_000);
      this.#hedged = next === 'hedge-both';
      await this.#give('refresh');
    }
    await this.#give('resume');
  }

  /** Waits until nothing of ours is open and both sides say the same at one moment. */
  async #agreed(): Promise<void> {
    const endMs = performance.now() + PATIENCE_MS;
    let why = '';
    while (performance.now() < endMs) {
      const before = await this.#stage.books();
      const status = await this.#stage.status();
      why = status.trading === null || status.truth === null || status.ledger === null ? 'somebody does not answer' : unrest(status);
      if (why === '') {
        const books = await this.#stage.books();
        const differing = compareStanding(books, status, this.#stage.symbols, this.#stage.lotSizes);
        if (differing.length === 0) {
          this.#comparisons += 1;
          return;
        }
        why = JSON.stringify([before.positions, ownBalances(before)]) === JSON.stringify([books.positions, ownBalances(books)]) ? differing.join('; ') : 'the account moves';
      }
      await sleep(LOOK_MS);
    }
    this.#wrong(`engine and venue do not agree: ${why}`);
    this.#say(`${JSON.stringify((await this.#stage.command('health')).answer).slice(0, 1500)}\n${JSON.stringify(await this.#stage.status()).slice(0, 3000)}`);
  }

  async #compareHistory(): Promise<void> {
    const forgotten = this.#spells.some(({ name }) => name === 'fills-forgotten');
    const taken = this.#spells.some(({ name }) => name === 'client-id-collides');
    let found: readonly string[] = [];
    // Rows of what has just happened may still be on their way to the disk.
    for (let again = 0; again < 30; again += 1) {
      this.#history.look(await this.#stage.books());
      found = this.#history.compare({ intents: await this.#stage.rows('intents'), fills: await this.#stage.rows('fills') }, forgotten, taken);
      if (found.length === 0) break;
      await sleep(LOOK_MS * 2);
    }
    for (const problem of this.#history.tell(found)) this.#wrong(problem);
  }

  /** Every difference since the last time has a cause. */
  async #explain(): Promise<void> {
    const rows = (await this.#stage.rows('transitions')).filter(({ key }) => key.startsWith('truth '));
    // A new process has read nothing yet.
    const ends = this.#happenings.filter(({ what }) => what !== 'command').map(({ atMs }): FreshnessEdge => ({ fresh: false, atMs }));
    const edges = [...ends, ...rows.flatMap(({ row }) => freshnessEdge(row) ?? [])].sort((a, b) => a.atMs - b.atMs);
    for (const { key, row } of rows) {
      if (typeof row['difference'] !== 'object' || row['difference'] === null || this.#judged.has(key)) continue;
      this.#judged.add(key);
      const found = { product: row['product'], kind: row['kind'], atMs: row['atMs'], difference: row['difference'] } as unknown as FoundDifference;
      const causes = causesOf(found, lastFreshMs(edges, found.atMs), this.#spells, this.#happenings);
      this.#differences[found.kind] = (this.#differences[found.kind] ?? 0) + 1;
      for (const cause of causes) this.#explained[`${found.kind}: ${cause}`] = (this.#explained[`${found.kind}: ${cause}`] ?? 0) + 1;
      if (causes.length > 0) continue;
      this.#unexplained += 1;
      const on = this.#spells.filter(({ fromMs, toMs }) => fromMs <= found.atMs && found.atMs <= toMs + 60_000).map(({ name }) => name);
      this.#wrong(`unexplained: ${JSON.stringify(found.difference)} at ${found.atMs}; lately ${on.join(', ') || 'no trouble'}`);
    }
  }

  /** What others have left in the account goes: it would add up. */
  async #clear(): Promise<void> {
    const books = await this.#stage.books(0);
    const own = ownAccount(books);
    const orders = [...books.openOrders, ...books.openAlgoOrders].filter(({ account }) => account === own);
    if (orders.length > 0) {
      const ours = orders.filter(({ clientOrderId = '' }) => clientOrderId.startsWith(OWN_PREFIX));
      if (ours.length < orders.length) await this.#give('cancel-all', { foreign: true });
    }
    if (books.positions.some(({ account, positionAmt }) => account === own && Number(positionAmt) !== 0)) await this.#give('close-all');
    if (!this.#hedged) return;
    this.#hedged = false;
    this.#spells.push({ name: 'back-to-one-way', fromMs: this.#stage.venueMs(), toMs: this.#stage.venueMs() + 5000 });
    await this.#stage.start('back-to-one-way', 'summary = "Back to one-way mode."\n\n[[step]]\ndo = "position-mode"\nproduct = "usdm"\nhedge = false\n');
    await this.#pause(2000);
    if ((await this.#stage.report('back-to-one-way')).failed > 0) this.#wrong('the account does not go back to one-way mode: something is open');
    await this.#give('refresh');
  }
}
