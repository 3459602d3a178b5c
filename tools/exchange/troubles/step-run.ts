import type { Prng } from '../../../actors/generator/prng.js';
import type { WebClock } from '../web/index.js';
import type { Cause, Step } from './script.js';

/** What a step of a running script is like, for whoever asks. */
export interface StepReport {
  readonly do: string;
  readonly on?: string;
  readonly when?: string;
  /** `waiting` for its time or its trigger, `open`, or `over`: nothing more comes of it. */
  readonly state: 'waiting' | 'open' | 'over';
  /** How often it was set off. */
  readonly opened: number;
  /** Requests, messages, connections it fell upon; deeds done. */
  readonly hits: number;
  readonly failed: number;
  readonly lastError?: string;
}

export interface StepHost {
  readonly clock: WebClock;
  readonly random: Prng;
  /** A state begins; what it answers ends it. */
  enter(run: StepRun): () => void;
  /** Does a deed. Rejects with why it could not be done. */
  perform(step: Step, cause: Cause): Promise<string>;
  log(level: 'info' | 'warn', message: string, step: Step): void;
  /** Something has changed that the desk's short cuts know of. */
  changed(): void;
}

/** One step of a script that runs: waits for its time or its trigger, then is open for a while, or does its deed. */
export class StepRun {
  readonly step: Step;
  readonly #host: StepHost;
  readonly #timers = new Set<() => void>();
  #armed = false;
  #over = false;
  #leave: (() => void) | undefined;
  #passed = 0;
  #opened = 0;
  #hits = 0;
  #failed = 0;
  #lastError: string | undefined;
  #pending = 0;
  open = false;
  openedUs = 0;
  /** What set it off last. */
  cause: Cause = { trigger: 'time' };

  constructor(step: Step, host: StepHost) {
    this.step = step;
    this.#host = host;
  }

  get random(): Prng {
    return this.#host.random;
  }

  get over(): boolean {
    return this.#over && this.#pending === 0;
  }

  /** Whether a trigger could set it off now. */
  get armed(): boolean {
    return this.#armed && !this.#over;
  }

  begin(): void {
    this.#in(this.step.atUs, () => {
      if (this.step.when === undefined) this.#open({ trigger: 'time' });
      else {
        this.#armed = true;
        this.#host.changed();
      }
    });
  }

  /** Takes back what it does and waits for nothing any more. */
  end(): void {
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    this.#over = true;
    this.#close();
  }

  /** Its trigger has happened, and its filters let it through. */
  trigger(cause: Cause): void {
    if (this.open || !this.armed) return;
    const { skip, chance, afterUs } = this.step;
    if (this.#passed < skip) {
      this.#passed += 1;
      return;
    }
    if (chance < 1 && this.#host.random.uniform() >= chance) return;
    if (this.step.kind === 'deed' && this.#hits + this.#pending + this.#failed >= (this.step.times ?? 1)) return;
    if (afterUs === 0) this.#open(cause);
    else {
      // What it is set off by while it waits is the same trouble.
      this.#armed = false;
      this.#in(afterUs, () => {
        this.#armed = true;
        this.#open(cause);
      });
    }
  }

  /** Whether what matches its filters is hit: skip, chance and times are counted here. */
  takes(): boolean {
    const { step } = this;
    if (step.when === undefined) {
      if (this.#passed < step.skip) {
        this.#passed += 1;
        return false;
      }
      if (step.chance < 1 && this.#host.random.uniform() >= step.chance) return false;
    }
    this.#hits += 1;
    if (step.times !== undefined && this.#hits >= step.times) this.end();
    return true;
  }

  report(): StepReport {
    const { act, on, when } = this.step;
    return {
      do: act, ...(on === undefined ? {} : { on }), ...(when === undefined ? {} : { when }), state: this.open ? 'open' : this.over ? 'over' : 'waiting', opened: this.#opened, hits: this.#hits,
      failed: this.#failed, ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
    };
  }

  #open(cause: Cause): void {
    if (this.#over) return;
    const { step } = this;
    this.#opened += 1;
    this.cause = cause;
    this.openedUs = this.#host.clock.nowUs();
    if (step.everyUs !== undefined && (step.kind !== 'deed' || step.times === undefined || this.#opened < step.times)) this.#in(step.everyUs, () => this.#open({ trigger: 'time' }));
    if (step.kind === 'deed') {
      this.#do(cause);
      return;
    }
    if (this.open) return;
    this.open = true;
    if (step.kind === 'state') this.#hits += 1;
    this.#leave = this.#host.enter(this);
    this.#host.log('info', 'begins', step);
    this.#host.changed();
    if (step.forUs !== undefined) this.#in(step.forUs, () => {
      this.#close();
      const more = step.everyUs !== undefined || (step.when !== undefined && (step.kind !== 'state' || this.#hits < (step.times ?? 1)));
      if (!more) this.end();
    });
  }

  #do(cause: Cause): void {
    const { step } = this;
    this.#pending += 1;
    const settle = (): void => {
      this.#pending -= 1;
      const all = step.when === undefined ? step.everyUs === undefined || (step.times !== undefined && this.#opened >= step.times) : this.#hits + this.#failed >= (step.times ?? 1);
      if (all) this.end();
      this.#host.changed();
    };
    this.#host.perform(step, cause).then(
      (told) => {
        this.#hits += 1;
        this.#host.log('info', `is done: ${told}`, step);
        settle();
      },
      (error: unknown) => {
        this.#failed += 1;
        this.#lastError = error instanceof Error ? error.message : String(error);
        this.#host.log('warn', `could not be done: ${this.#lastError}`, step);
        settle();
      },
    );
  }

  #close(): void {
    if (this.open) {
      this.open = false;
      this.#host.log('info', 'is over', this.step);
      const leave = this.#leave;
      this.#leave = undefined;
      leave?.();
    }
    this.#host.changed();
  }

  #in(us: number, fire: () => void): void {
    if (us === 0) {
      fire();
      return;
    }
    const cancel = this.#host.clock.after(us, () => {
      this.#timers.delete(cancel);
      fire();
    });
    this.#timers.add(cancel);
  }
}
