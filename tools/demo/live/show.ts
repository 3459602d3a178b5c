import { setTimeout as sleep } from 'node:timers/promises';
import { relative } from 'node:path';
import { z } from 'zod';
import { ControlClient, ControlError } from '../../../runtime/control/index.js';
import { CliError, EXIT_CODES, type ExitName } from '../../cli/errors.js';
import { onInterrupt } from '../../cli/interrupt.js';
import { colours, endWith, printJson, printLine, printNote } from '../../cli/output.js';
import { COMMANDS } from '../../exchange/verbs.js';
import { LiveView } from '../../replay/live-view.js';
import type { Window } from '../../ui/serve.js';
import type { Child } from './child.js';
import { Ending, type Wish } from './ending.js';
import { eventLine } from './event-line.js';
import { compareBooks, type FinalBooks } from './final.js';
import { liveFrame, statusLines } from './frame.js';
import { buildReport, type Fall, printLiveReport, printRun } from './report.js';
import { Stage } from './stage.js';
import { EngineWatch } from './watch.js';

export interface LiveShow {
  readonly seed: number | undefined;
  /** Seconds of the exchange in one of ours. */
  readonly speed: number;
  /** Longest time without a terminal, since the process began. */
  readonly patienceSeconds: number;
  /** Where accounts and runs are kept. */
  readonly dir: string;
  readonly json: boolean;
}

/** Of the market inside: one whose crash wakes both symbols and gives trades, mostly; sockets and threads have their say in it too. */
const SEED = 7;
const LOOK_EVERY_MS = 200;
const ASK_EVERY_MS = 500;
/** Longest wait for a process that is busy. */
const CALL_MS = 20_000;
/** An engine that has not answered for so long does not say when it is warm; then so many seconds of the exchange after its start it is. */
const SILENT_MS = 3000;
const WARM_SECONDS = 150;
const PRICES_KEPT = 240;
const EVENTS_KEPT = 40;
/** A crash takes so long at least, seconds of the exchange: a detector that sleeps again before has not seen the end of it. */
const CRASH_SECONDS = 90;

const exchangeSchema = z.object({ socket: z.string() });
const engineSchema = z.object({ socket: z.string(), runDir: z.string() });

type End =
  | { readonly how: 'calm' | 'time' }
  | { readonly how: 'asked'; readonly wish: Wish }
  | { readonly how: 'died'; readonly failure: CliError };

/** Cuts short whatever is awaited. */
class Cut extends Error {
  readonly end: End;
  constructor(end: End) {
    super(end.how);
    this.end = end;
  }
}

/**
 * Exchange and engine as processes of their own, a flash crash once the engine is warm, and what becomes of it: on a terminal until Ctrl-C, else
 * until calm has returned. @throws CliError when it cannot begin.
 */
export async function showLive({ seed = SEED, speed, patienceSeconds, dir, json }: LiveShow): Promise<void> {
  const stage = await Stage.open(dir);
  const forget = onInterrupt(() => stage.remove());
  const ending = new Ending(() => stage.hurry());
  const watched = process.stdout.isTTY && process.env['TERM'] !== 'dumb' && !json;
  const show = new Show(stage, ending.asked, { seed, speed, patienceSeconds, json, watched });
  try {
    const end = await show.play();
    await show.close(end, () => ending.twice);
  } finally {
    await stage.close();
    forget();
  }
}

class Show {
  readonly #stage: Stage;
  readonly #cut: Promise<never>;
  readonly #seed: number;
  readonly #speed: number;
  readonly #patienceSeconds: number;
  readonly #json: boolean;
  readonly #watched: boolean;
  #fail: (end: End) => void = () => {};
  #closing = false;
  #view: LiveView | undefined;
  #window: Window | undefined;
  #watch: EngineWatch | undefined;
  #engine: ControlClient | undefined;
  #exchangeSocket = '';
  #runDir = '';
  #phase = '';
  /** Clock of the exchange, and ours, when the market was told to crash. */
  #crashUs: number | null = null;
  #crashMs = 0;
  #upMs = 0;
  #asking = false;
  #askAtMs = 0;
  #answeredMs = 0;
  #isWarm = false;
  readonly #prices: number[][] = [];
  readonly #events: string[] = [];
  /** Price when the crash began, and the lowest since, in ticks, by symbol. */
  readonly #fromTicks = new Map<number, number>();
  readonly #lowTicks = new Map<number, number>();

  constructor(stage: Stage, asked: Promise<Wish>, { seed, speed, patienceSeconds, json, watched }: Omit<LiveShow, 'dir' | 'seed'> & { readonly seed: number; readonly watched: boolean }) {
    this.#stage = stage;
    this.#seed = seed;
    this.#speed = speed;
    this.#patienceSeconds = patienceSeconds;
    this.#json = json;
    this.#watched = watched;
    this.#cut = new Promise<never>((_, reject) => (this.#fail = (end) => reject(new Cut(end))));
    this.#cut.catch(() => undefined);
    void asked.then((wish) => this.#fail({ how: 'asked', wish }));
  }

  /** Until it is over, one way or another. */
  async play(): Promise<End> {
    try {
      await this.#open();
      for (;;) {
        this.#ask();
        this.#tell();
        this.#draw();
        const over = await this.#next();
        if (over !== undefined) return { how: over };
        await this.#until(sleep(LOOK_EVERY_MS));
      }
    } catch (error) {
      if (error instanceof Cut) return error.end;
      throw error;
    } finally {
      this.#view?.close();
    }
  }

  async #open(): Promise<void> {
    this.#say(`an exchange in a box and an engine on it, over real sockets, at ${this.#speed} times real time`);
    const exchange = this.#guarded(this.#stage.startExchange(this.#seed, this.#speed));
    const line = await this.#until(exchange.readyLine());
    this.#exchangeSocket = exchangeSchema.parse(JSON.parse(line)).socket;
    this.#window = await this.#until(this.#stage.openWindow());
    if (this.#window !== undefined) this.#say(`look at it in a browser while it runs: ${this.#window.url}`);
    const engine = this.#guarded(this.#stage.startEngine(line));
    const { socket, runDir } = engineSchema.parse(JSON.parse(await this.#until(engine.readyLine())));
    this.#runDir = runDir;
    this.#watch = new EngineWatch(runDir);
    this.#engine = await this.#until(ControlClient.connect({ socketPath: socket, client: 'faultline demo', timeoutMs: CALL_MS }));
    this.#upMs = this.#answeredMs = performance.now();
    if (this.#watched) this.#view = new LiveView(process.stdout);
    this.#say('warming up: the detector learns what is normal, then the market is told to crash');
  }

  /** Its death is the end of it all. */
  #guarded(child: Child): Child {
    void child.ended.then((ended) => {
      if (!this.#closing) this.#fail({ how: 'died', failure: child.failure(ended) });
    });
    return child;
  }

  #until<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#cut]);
  }

  /** Asks the engine now and then, and waits for no answer: its control socket lets questions have little of a busy engine's time. */
  #ask(): void {
    const nowMs = performance.now();
    if (this.#asking || nowMs < this.#askAtMs) return;
    this.#asking = true;
    this.#askAtMs = nowMs + ASK_EVERY_MS;
    this.#watch!.look(this.#engine!).then(
      () => this.#answered(),
      // It says nothing while it ends, or is too busy; its end is noticed otherwise.
      () => undefined,
    ).finally(() => (this.#asking = false));
  }

  #answered(): void {
    const { kernel, status } = this.#watch!;
    this.#answeredMs = performance.now();
    this.#isWarm = kernel !== undefined && kernel.symbols.every(({ warm, live }) => warm && live) && status?.truth?.every(({ freshness }) => freshness === 'fresh') === true;
    for (const { index, price } of kernel?.symbols ?? []) {
      const recent = (this.#prices[index] ??= []);
      recent.push(price ?? NaN);
      if (recent.length > PRICES_KEPT) recent.shift();
      if (this.#crashUs === null || price === null) continue;
      this.#lowTicks.set(index, Math.min(this.#lowTicks.get(index) ?? Infinity, price));
    }
  }

  /** Begins what is to begin now; says when it is over. */
  async #next(): Promise<'calm' | 'time' | undefined> {
    const nowMs = performance.now();
    if (!this.#watched && process.uptime() > this.#patienceSeconds) return 'time';
    if (this.#crashUs === null) {
      // By the clock it is warm long since, and only too busy to say so.
      const silent = nowMs - this.#answeredMs > SILENT_MS && (nowMs - this.#upMs) * this.#speed > WARM_SECONDS * 1000;
      if (this.#isWarm || silent) await this.#crash();
      return undefined;
    }
    const { report, instruments } = this.#watch!;
    // SLEEP means no exposure too.
    const isCalm = report.timeline.length > 0 && instruments.every(({ index }) => report.state(index) === 'SLEEP');
    if (!isCalm || (nowMs - this.#crashMs) * this.#speed < CRASH_SECONDS * 1000) return undefined;
    if (!this.#watched) return 'calm';
    this.#say('calm has returned; Ctrl-C ends it with a report');
    return undefined;
  }

  /** Tells the market to crash; when the exchange is too busy to hear it, the next look tries again. */
  async #crash(): Promise<void> {
    try {
      const exchange = await this.#until(ControlClient.connect({ socketPath: this.#exchangeSocket, client: 'faultline demo', timeoutMs: CALL_MS }));
      try {
        const { value } = await this.#until(exchange.call('tell', { name: COMMANDS.start, input: { name: 'flash-crash' } }, { timeoutMs: CALL_MS }));
        this.#crashUs = (value as { readonly venueMs: number }).venueMs * 1000;
      } finally {
        exchange.close();
      }
    } catch (error) {
      if (error instanceof ControlError) return;
      throw error;
    }
    this.#crashMs = performance.now();
    if (this.#crashMs - this.#answeredMs < SILENT_MS) this.#beginFalls();
    this.#say('the market crashes: a large seller empties the bids');
  }

  #beginFalls(): void {
    for (const { index, price } of this.#watch!.kernel?.symbols ?? []) {
      if (price === null) continue;
      this.#fromTicks.set(index, price);
      this.#lowTicks.set(index, price);
    }
  }

  /** Ends both processes, and reports. */
  async close(end: End, twice: () => boolean): Promise<void> {
    const books = end.how === 'died' ? null : await this.#books();
    this.#closing = true;
    this.#engine?.close();
    await this.#window?.close();
    for (const child of this.#stage.children.toReversed()) await child.stop();
    const failure = end.how === 'died' ? end.failure : undefined;
    const watch = this.#watch;
    if (watch !== undefined) {
      // Who asks twice does not want to wait for it.
      const page = twice() ? null : await (await import('../../report/into-run.js')).reportIntoRun(this.#runDir);
      this.#tell();
      const report = buildReport(watch, { run: this.#runDir, speed: this.#speed, ended: end.how, falls: this.#falls(watch), books, crashUs: this.#crashUs });
      if (this.#json) printJson(failure === undefined ? report : { ...report, error: { code: EXIT_CODES[failure.exit].code, exit: failure.exit, message: failure.message, fix: failure.fix ?? null } });
      else {
        printLiveReport(report);
        printLine(`\n${colours().bold(this.#lastWord(end, twice()))}`);
        printRun(shortPath(this.#runDir), report.decisions, page === null ? null : shortPath(page));
      }
    }
    if (failure !== undefined) throw failure;
    if (end.how === 'asked') this.#endAsked(end.wish, twice());
  }

  /** Ctrl-C is the end of what a person watches; anything else that is asked to end before calm has returned was not done. */
  #endAsked(wish: Wish, twice: boolean): void {
    const exit: ExitName = twice ? 'shutdownDeadline' : wish === 'SIGINT' ? (this.#watched && this.#watch !== undefined ? 'ok' : 'interrupted') : 'terminated';
    if (this.#watch === undefined) printNote(`faultline: ${wish} before the engine was up; there is no run`);
    endWith(exit);
  }

  #lastWord(end: End, twice: boolean): string {
    if (twice) return 'Ended at once, as asked twice: the run may lack its end.';
    switch (end.how) {
      case 'calm':
        return 'Calm has returned.';
      case 'time':
        return this.#crashUs === null ? `The engine was not warm within ${this.#patienceSeconds} s: this machine is busy. Nothing was told to crash.` : `Calm has not returned within ${this.#patienceSeconds} s: this is as far as it came.`;
      case 'asked':
        return `Ended as asked (${end.wish}).`;
      case 'died':
        return 'Cut short: one of the two processes ended by itself.';
    }
  }

  /** Null when one of the two does not answer any more. */
  async #books(): Promise<FinalBooks | null> {
    if (this.#watch === undefined || this.#engine === undefined) return null;
    try {
      const books = await compareBooks(this.#watch, this.#engine, this.#exchangeSocket);
      this.#answered();
      return books;
    } catch {
      return null;
    }
  }

  #falls(watch: EngineWatch): Fall[] {
    return [...this.#fromTicks].map(([index, from]) => {
      const low = this.#lowTicks.get(index)!;
      return { symbol: watch.report.name(index), from: watch.price(index, from), low: watch.price(index, low), share: (from - low) / from };
    });
  }

  /** Decisions that have come: on the screen, or a line each. */
  #tell(): void {
    for (const decision of this.#watch!.newDecisions()) {
      const line = eventLine(decision, this.#watch!.report.name(decision.symbol));
      if (line === undefined) continue;
      this.#events.push(line);
      if (this.#events.length > EVENTS_KEPT) this.#events.shift();
      if (!this.#watched && !this.#json) printLine(`  ${line}`);
    }
  }

  #draw(): void {
    this.#view?.draw((columns, rows) => liveFrame({
      speed: this.#speed, phase: this.#phase, watch: this.#watch!, prices: this.#prices, events: this.#events, names: `${this.#stage.exchangeName}, ${this.#stage.engineName}`, url: this.#window?.url,
    }, columns, rows, true));
  }

  #say(phase: string): void {
    if (phase === this.#phase) return;
    this.#phase = phase;
    if (this.#view !== undefined) return;
    if (this.#json) printNote(phase);
    else printLine(phase);
    if (this.#crashUs !== null && !this.#json) for (const line of statusLines(this.#watch!, this.#watch!.status)) printLine(`  ${line}`);
  }
}

/** As it is typed from here. */
function shortPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' || short.startsWith('..') ? path : short;
}
