import { Prng } from '../../../actors/generator/prng.js';
import { CliError } from '../../cli/errors.js';
import type { ConnectionFacts, ConnectionFate, FillFacts, MessageFacts, MessageFate, RequestFacts, RequestFate, Troubles, WebClock } from '../web/index.js';
import { isAboutSymbol, isMessageOf, isRequestOf, socketClass, type Trigger } from './classes.js';
import { bothMessages, bothRequests, connectionFate, emptyMemory, messageFate, requestFate, type StepMemory } from './fates.js';
import type { Cause, Kind, Script, Step } from './script.js';
import { StepRun, type StepReport } from './step-run.js';

/** What scripts do to the venue beside its wire. */
export interface TroubleWorks {
  /** Begins a state; what it answers ends it. */
  enter(step: Step, memory: StepMemory): () => void;
  /** The number of an account, as text, by its name or number. @throws CliError when there is none */
  account(name: string): string;
  /** Why a step could never do anything in this exchange, as of its day; undefined = it can. */
  outOfReach(step: Step): string | undefined;
  /** Does a deed; resolves with what was done in words. */
  perform(step: Step, cause: Cause): Promise<string>;
}

export interface TroubleDeskOptions {
  readonly clock: WebClock;
  readonly seed: number;
  log(level: 'info' | 'warn', message: string, fields: Readonly<Record<string, unknown>>): void;
}

export interface ScriptReport {
  readonly name: string;
  readonly running: boolean;
  readonly startedMs: number;
  readonly endedMs?: number;
  readonly steps: readonly StepReport[];
}

interface Run {
  readonly script: Script;
  readonly steps: readonly StepRun[];
  readonly startedUs: number;
  readonly cancel: () => void;
}

/** Reports of ended runs that are kept, one a name. */
const MOST_REPORTS = 200;

/** All troubles of an exchange: the scripts that run, and what becomes of each request, message and connection because of them. */
export class TroubleDesk implements Troubles {
  quiet = true;
  readonly #clock: WebClock;
  readonly #seed: number;
  readonly #log: TroubleDeskOptions['log'];
  readonly #runs = new Map<string, Run>();
  readonly #ended = new Map<string, ScriptReport>();
  readonly #memory = new WeakMap<StepRun, StepMemory>();
  #works: TroubleWorks | undefined;
  #started = 0;
  /** Steps that are open, by what they fall upon, and steps that wait for a trigger. */
  #open: Readonly<Record<Kind, readonly StepRun[]>> = NOTHING_OPEN;
  #waiting: readonly StepRun[] = [];
  #skewed = false;
  #tidying = false;

  constructor({ clock, seed, log }: TroubleDeskOptions) {
    this.#clock = clock;
    this.#seed = seed;
    this.#log = log;
  }

  /** Gives it the venue to work on, once there is one. */
  attach(works: TroubleWorks): void {
    this.#works = works;
  }

  /** Starts a script. @throws CliError when one of its name runs */
  start(script: Script): ScriptReport {
    const { name } = script;
    if (this.#runs.has(name)) throw new CliError('refused', `${name} runs already`, `faultline exchange stop ${name}`);
    const works = this.#works;
    if (works === undefined) throw new Error('no venue is attached');
    script.steps.forEach((step, at) => {
      const unreached = works.outOfReach(step);
      if (unreached !== undefined) throw new CliError('configuration', `${name}: step ${at + 1} (do = "${step.act}"): ${unreached}`);
    });
    const random = new Prng(this.#seed, FIRST_STREAM + this.#started++);
    const log = (level: 'info' | 'warn', message: string, step: Step): void => this.#log(level, `${name}: ${step.act} ${message}`, { script: name, act: step.act });
    const named = script.steps.map((step): Step => (step.account === undefined ? step : { ...step, account: works.account(step.account) }));
    const steps = named.map((step) => new StepRun(step, {
      clock: this.#clock, random, log,
      enter: (run) => {
        const memory = emptyMemory();
        this.#memory.set(run, memory);
        return works.enter(run.step, memory);
      },
      perform: (one, cause) => works.perform(one, cause),
      changed: () => this.#refresh(),
    }));
    const cancel = script.lastsUs === undefined ? (): void => undefined : this.#clock.after(script.lastsUs, () => this.#end(name, 'its time is over'));
    this.#runs.set(name, { script, steps, startedUs: this.#clock.nowUs(), cancel });
    this.#log('info', `${name} starts`, { script: name });
    for (const step of steps) step.begin();
    this.#refresh();
    return this.report(name)!;
  }

  /** Ends a script and all it does. @throws CliError when it does not run */
  stop(name: string): ScriptReport {
    if (!this.#runs.has(name)) throw new CliError('refused', `${name} does not run`, this.#runs.size === 0 ? 'no script does' : `these do: ${[...this.#runs.keys()].join(', ')}`);
    this.#end(name, 'somebody asked');
    return this.report(name)!;
  }

  stopAll(): void {
    for (const name of this.#runs.keys()) this.#end(name, 'all are stopped');
  }

  /** What a script does or did last; undefined when it never ran. */
  report(name: string): ScriptReport | undefined {
    const run = this.#runs.get(name);
    return run === undefined ? this.#ended.get(name) : reportOf(run, undefined);
  }

  /** Every script that runs or ran. */
  reports(): readonly ScriptReport[] {
    return [...[...this.#ended.values()].filter(({ name }) => !this.#runs.has(name)), ...[...this.#runs.values()].map((run) => reportOf(run, undefined))];
  }

  request(facts: RequestFacts): RequestFate | undefined {
    for (const run of this.#waiting) {
      const { step } = run;
      if (isRequestOf(step.when!, facts) && this.#isWanted(step, facts)) run.trigger(causeOf(step.when!, facts));
    }
    let fate: RequestFate | undefined;
    for (const run of this.#open.request) {
      const { step } = run;
      if (!run.open || !isRequestOf(step.on!, facts) || !this.#isWanted(step, facts) || !run.takes()) continue;
      const more = requestFate(run, this.#memory.get(run)!, facts, this.#clock, run.random);
      if (more !== undefined) fate = fate === undefined ? more : bothRequests(fate, more);
    }
    for (const { step } of this.#open.state) {
      if (step.act === 'partition' && (step.sockets ?? 'all') === 'all' && isOf(step, facts.product)) return { ...fate, run: false, cut: 'before-answer', answerDelayUs: Math.min(step.forUs ?? PARTITION_US, PARTITION_US) };
    }
    return fate;
  }

  message(facts: MessageFacts): MessageFate | undefined {
    if (facts.kind === 'answer' && /^SUBSCRIBE$|^userDataStream\.subscribe/.test(facts.name)) {
      for (const run of this.#waiting) if (run.step.when === 'subscribe' && isOf(run.step, facts.product)) run.trigger({ trigger: 'subscribe', product: facts.product, ...accountOf(facts) });
    }
    let fate: MessageFate | undefined;
    for (const run of this.#open.message) {
      const { step } = run;
      if (!run.open || !isMessageOf(step.on!, facts) || !isOf(step, facts.product)) continue;
      if (step.account !== undefined && step.account !== facts.account) continue;
      if (step.name !== undefined && !facts.name.includes(step.name)) continue;
      if (step.symbol !== undefined && !isAboutSymbol(step.symbol, facts)) continue;
      if (!run.takes()) continue;
      const more = messageFate(run, facts, this.#clock, run.random);
      if (more !== undefined) fate = fate === undefined ? more : bothMessages(fate, more);
    }
    return fate;
  }

  connection(facts: ConnectionFacts): ConnectionFate | undefined {
    const { product, path } = facts;
    for (const run of this.#waiting) {
      const { when, name } = run.step;
      const subscribes = when === 'subscribe' && /^\/(?:(?:public|market|private)\/)?ws\/.*[a-zA-Z]/.test(path);
      if ((when === 'connect' || subscribes) && isOf(run.step, product) && (name === undefined || path.includes(name))) run.trigger({ trigger: when, product });
    }
    for (const run of this.#open.connection) {
      const { step } = run;
      if (run.open && isOf(step, product) && (step.name === undefined || path.includes(step.name)) && isSocket(step, facts) && run.takes()) return connectionFate(run);
    }
    for (const { step } of this.#open.state) if (step.act === 'partition' && isOf(step, product) && isSocket(step, facts)) return { halfOpen: true };
    return undefined;
  }

  filled(facts: FillFacts): void {
    for (const run of this.#waiting) {
      const { step } = run;
      if (step.when === 'fill' && isOf(step, facts.product) && (step.symbol ?? facts.symbol) === facts.symbol && (step.account ?? facts.account) === facts.account) run.trigger({ trigger: 'fill', ...facts });
    }
  }

  skewUs(product: string): number {
    if (!this.#skewed) return 0;
    let us = 0;
    for (const { step } of this.#open.state) if (step.act === 'skew-clock' && isOf(step, product)) us += step.byUs!;
    return us;
  }

  #isWanted({ product, account, name, symbol, type }: Step, facts: RequestFacts): boolean {
    return (product === undefined || product === facts.product) && (account === undefined || account === facts.account) && (name === undefined || facts.name.includes(name))
      && (symbol === undefined || facts.values.get('symbol') === symbol) && (type === undefined || facts.values.get('type')?.startsWith(type) === true);
  }

  #end(name: string, why: string): void {
    const run = this.#runs.get(name);
    if (run === undefined) return;
    this.#runs.delete(name);
    run.cancel();
    for (const step of run.steps) step.end();
    this.#ended.delete(name);
    this.#ended.set(name, reportOf(run, this.#clock.nowUs()));
    if (this.#ended.size > MOST_REPORTS) this.#ended.delete(this.#ended.keys().next().value!);
    this.#log('info', `${name} has ended: ${why}`, { script: name });
    this.#refresh();
  }

  /** Sorts the steps anew after something has opened or closed; a script of which nothing more can come has ended. */
  #refresh(): void {
    const open: Record<Kind, StepRun[]> = { request: [], message: [], connection: [], state: [], deed: [] };
    const waiting: StepRun[] = [];
    let done = false;
    for (const { steps } of this.#runs.values()) {
      for (const step of steps) {
        if (step.open) open[step.step.kind].push(step);
        else if (step.armed) waiting.push(step);
      }
      if (steps.every((step) => step.over)) done = true;
    }
    this.#open = open;
    this.#waiting = waiting;
    this.#skewed = open.state.some(({ step }) => step.act === 'skew-clock');
    this.quiet = open.request.length + open.message.length + open.connection.length + open.state.length + waiting.length === 0;
    if (!done || this.#tidying) return;
    this.#tidying = true;
    // Not in the middle of a step's own work.
    queueMicrotask(() => {
      this.#tidying = false;
      for (const [name, { steps }] of this.#runs) if (steps.every((step) => step.over)) this.#end(name, 'nothing more comes of it');
    });
  }
}

/** Scripts draw beside the market, whose streams are of lower numbers. */
const FIRST_STREAM = 7000;
/** A request into a partition is cut after so long at most. */
const PARTITION_US = 60e6;
const NOTHING_OPEN: Readonly<Record<Kind, readonly StepRun[]>> = { request: [], message: [], connection: [], state: [], deed: [] };

const isOf = (step: Step, product: string): boolean => step.product === undefined || step.product === product;

export function isSocket({ sockets = 'all' }: Step, facts: Parameters<typeof socketClass>[0]): boolean {
  return sockets === 'all' || socketClass(facts) === sockets;
}

function causeOf(trigger: Trigger, facts: RequestFacts): Cause {
  const symbol = facts.values.get('symbol');
  return { trigger, product: facts.product, values: facts.values, ...(symbol === undefined ? {} : { symbol }), ...accountOf(facts) };
}

const accountOf = ({ account }: { readonly account: string | undefined }): { readonly account?: string } => (account === undefined ? {} : { account });

function reportOf({ script, steps, startedUs }: Run, endedUs: number | undefined): ScriptReport {
  return {
    name: script.name, running: endedUs === undefined, startedMs: Math.floor(startedUs / 1000), ...(endedUs === undefined ? {} : { endedMs: Math.floor(endedUs / 1000) }),
    steps: steps.map((step) => step.report()),
  };
}
