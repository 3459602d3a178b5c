import { writeSync } from 'node:fs';
import { emitKeypressEvents } from 'node:readline';
import { EXIT_CODES } from '../cli/errors.js';
import { takeOver } from '../cli/interrupt.js';
import { wantsColour } from '../cli/output.js';
import { type Key, press } from './press.js';
import type { ProcessSample } from './sample.js';
import { ENTER, LEAVE, Painter } from './screen.js';
import { chosenProcesses, clockText, isUtf8 } from './top.js';
import type { TopOptions } from './commands.js';
import { frameOf, INITIAL_VIEW, rowsOf, type ViewState } from './view.js';
import { Watcher } from './watcher.js';

/** Terminals that say nothing of their size. */
const COLUMNS = 80;
const ROWS = 24;
/** Ctrl-C is how a person ends it. A terminal that hangs up asks for its end, as SIGTERM does. */
const EXITS = { SIGINT: EXIT_CODES.ok.code, SIGTERM: EXIT_CODES.terminated.code, SIGHUP: EXIT_CODES.terminated.code } as const;

/** The terminal while `faultline top` has it. Whatever ends it, the terminal is given back as it was. */
export class LiveTop {
  readonly #options: TopOptions;
  readonly #watchers = new Map<string, Watcher>();
  readonly #painter: Painter;
  #view: ViewState;
  #page = 1;
  #isOurs = false;
  #ended = false;
  #end: (code: number) => void = () => {};
  #fail: (error: unknown) => void = () => {};

  constructor(options: TopOptions) {
    this.#options = options;
    this.#view = { ...INITIAL_VIEW, sort: options.sort };
    this.#painter = new Painter({ colour: wantsColour(process.stdout), ascii: !isUtf8() });
  }

  /** Until somebody ends it. */
  async run(): Promise<void> {
    const over = new Promise<number>((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
    });
    takeOver({ signal: (signal) => this.#end(EXITS[signal]), fatal: (error) => this.#fail(error) });
    const onHangup = (): void => this.#end(EXITS.SIGHUP);
    const onStop = (): void => this.#suspend();
    const onContinue = (): void => this.#resume();
    const onResize = (): void => this.#draw();
    const onKey = (_text: string | undefined, key: Key): void => this.#pressed(key);
    // Whoever calls process.exit, and the end by an error of whomever.
    const onExit = (): void => this.#giveBack();
    process.on('SIGHUP', onHangup).on('SIGTSTP', onStop).on('SIGCONT', onContinue).on('exit', onExit);
    process.stdout.on('resize', onResize);
    process.stdout.on('drain', onResize);
    if (process.stdin.isTTY) {
      emitKeypressEvents(process.stdin);
      process.stdin.on('keypress', onKey);
    }
    try {
      this.#take();
      void this.#watch().catch((error: unknown) => this.#fail(error));
      process.exitCode = await over;
    } finally {
      this.#ended = true;
      this.#giveBack();
      process.off('SIGHUP', onHangup).off('SIGTSTP', onStop).off('SIGCONT', onContinue).off('exit', onExit);
      process.stdout.off('resize', onResize);
      process.stdout.off('drain', onResize);
      process.stdin.off('keypress', onKey);
      process.stdin.pause();
      for (const watcher of this.#watchers.values()) watcher.close();
    }
    // A look that is under way waits for its process: nobody waits for it.
    process.exit();
  }

  async #watch(): Promise<void> {
    while (!this.#ended) {
      const found = await chosenProcesses(this.#options.process);
      for (const [name, watcher] of this.#watchers) {
        if (found.some((one) => one.name === name && one.record?.pid === watcher.found.record?.pid)) continue;
        watcher.close();
        this.#watchers.delete(name);
      }
      for (const one of found) if (!this.#watchers.has(one.name)) this.#watchers.set(one.name, new Watcher(one));
      // A slow one holds up neither the others nor the screen.
      for (const watcher of this.#watchers.values()) void watcher.look().then(() => this.#draw(), (error: unknown) => this.#fail(error));
      this.#draw();
      await new Promise((resolve) => setTimeout(resolve, this.#options.interval));
    }
  }

  #samples(): ProcessSample[] {
    return [...this.#watchers].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, watcher]) => watcher.sample());
  }

  #pressed(key: Key): void {
    const pressed = press(this.#view, key, rowsOf(this.#samples(), this.#view), this.#page);
    if (pressed.do === 'quit') this.#end(0);
    else if (pressed.do === 'suspend') this.#suspend();
    else {
      this.#view = pressed.view;
      this.#draw();
    }
  }

  #draw(): void {
    // A terminal that does not keep up gets the newest frame once it has read the last one.
    if (!this.#isOurs || this.#ended || process.stdout.writableNeedDrain) return;
    const columns = process.stdout.columns || COLUMNS;
    const rows = process.stdout.rows || ROWS;
    const frame = frameOf(this.#samples(), this.#view, { columns, rows }, clockText());
    this.#view = frame.view;
    this.#page = frame.page;
    const bytes = this.#painter.frame(frame.lines, columns, rows);
    if (bytes !== '') process.stdout.write(bytes);
  }

  #take(): void {
    if (this.#isOurs) return;
    this.#isOurs = true;
    if (process.stdin.isTTY) process.stdin.setRawMode(true).resume();
    process.stdout.write(ENTER);
    this.#painter.forget();
  }

  #giveBack(): void {
    if (!this.#isOurs) return;
    this.#isOurs = false;
    try {
      if (process.stdin.isTTY) process.stdin.setRawMode(false);
      // At once: nothing that is written later may come before it.
      writeSync(process.stdout.fd, LEAVE);
    } catch {
      // The terminal is gone.
    }
  }

  /** Ctrl-Z: the shell gets its terminal, and we stop until somebody has us go on. */
  #suspend(): void {
    this.#giveBack();
    // SIGTSTP has a listener of ours, so it would not stop us.
    process.kill(process.pid, 'SIGSTOP');
  }

  #resume(): void {
    this.#take();
    // After a SIGSTOP from elsewhere the terminal was still ours, and somebody has written on it.
    this.#painter.forget();
    this.#draw();
  }
}
