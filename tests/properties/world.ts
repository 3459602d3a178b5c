import {
  type ActorRef, type ChildSpec, createRuntime, type DeadLetter, type EffectCall, type ExitReason, type Reconfiguration, type Runtime, type StartChildResult, VirtualClock,
} from '../../runtime/index.js';
import { scriptedActor } from './actor.js';
import { Invariants } from './invariants.js';
import type { Belief, Life, Question, Sent } from './life.js';
import { scriptedMachine } from './machine.js';
import type { ActorPlan, Order } from './script.js';

/** Something that must hold did not. `rule` is the invariant, the same for every way to break it. */
export class Violation extends Error {
  readonly rule: string;

  constructor(rule: string, detail: string) {
    super(`${rule}: ${detail}`);
    this.name = 'Violation';
    this.rule = rule;
  }
}

const FATE = { unknown: 0, sent: 1, handled: 2, dead: 3 } as const;
/** Tells an end of its own from a stop by the supervisor. */
export const OWN = 'of its own';
/** Turns between two actions after which a script counts as one that never comes to rest: nine times what 3,000 scripts needed. */
const MOST_TURNS = 500;
/** Lives after which it counts as one as well: a loop of restarts is within one turn. */
const MOST_LIVES = 1_000;

/**
 * A runtime on a virtual clock and everything that should be true of it. Each method does to the runtime what its name says,
 * and checks all invariants afterwards; `step` and `wait` after every single turn.
 */
export class World {
  readonly runtime: Runtime;
  /** Everything actors saw, in order: two runs of a script have the same. */
  readonly events: string[] = [];
  private readonly invariants: Invariants;
  private readonly lives = new Map<string, Life>();
  /** Fate of each order by its number. */
  private readonly fates: number[] = [FATE.unknown];
  private readonly questions: Question[] = [];
  /** Orders that were set aside once: they are handled when they come back. */
  private readonly aside = new Set<number>();
  private readonly effectKeys = new Set<string>();
  private readonly pending: Violation[] = [];
  private downs = 0;
  private generations = 0;
  private begun = 0;
  private ends = 0;
  private sums = 0;
  private resumedUs = 0;
  /** What an administrator is doing right now: order among siblings does not bind him. */
  private admin: { readonly parent: string; readonly path: string } | null = null;
  /** Children an administrator started, out of their order. */
  private readonly outOfOrder = new Set<string>();
  /** Supervisors that were reconfigured while they were being started. */
  private readonly changedStarts = new Set<string>();
  /** Children an administrator told to stop, which may take their time. */
  private readonly terminated = new Set<string>();

  private readonly looks: boolean;
  /** Newest version of the scripted behaviour, and the oldest that may still be started. */
  version = 1;
  private oldest = 1;
  /** Starts by hand that were under way when the call returned. */
  private readonly awaited: { readonly path: string; told: number }[] = [];

  /** @param options.looks false for a second run that only counts for its digest */
  constructor(options: { readonly seed: number | string; readonly looks?: boolean }) {
    this.looks = options.looks ?? true;
    this.runtime = createRuntime({
      clock: new VirtualClock(0), seed: options.seed, sliceMessages: 1, traceEvents: 64, traceHash: 'states', deadLetterRing: 8,
      effects: { note: (payload: { life: Life; turn: number; n: number }, call) => this.effect(payload, call) },
      onFatal: () => {
        this.ends++;
      },
    });
    this.invariants = new Invariants(this.runtime, (rule, detail) => this.fail(rule, detail));
    this.runtime.onDeadLetter((letter) => this.dead(letter));
  }

  // What a script does.

  /** A behaviour that does what it is told. */
  actor(plan: ActorPlan = {}) {
    return plan.machine === true ? scriptedMachine(this) : scriptedActor(this, plan);
  }

  start(spec: ChildSpec): StartChildResult {
    this.invariants.learn(spec, '/');
    const answer = this.runtime.start(spec);
    this.check();
    if (!answer.ok) this.expect(this.runtime.tree() === null, 'a tree that does not start leaves nothing behind', () => answer.reason.kind);
    return answer;
  }

  send(to: string, order: Order, times = 1): void {
    for (let n = 0; n < times; n++) {
      const message = this.message(order);
      this.sent(message);
      this.runtime.send(to, message);
    }
    this.check();
  }

  ask(to: string, order: Order, ms: number): void {
    const question: Question = { life: OUTSIDE, dueUs: this.runtime.nowUs() + ms * 1000, outcomes: 0 };
    this.questions.push(question);
    this.runtime.ask(to, this.message(order), ms, () => {
      question.outcomes++;
      this.expect(question.outcomes === 1, 'every ask has exactly one outcome', () => `outcome ${question.outcomes} of one question to ${to}`);
    });
    this.check();
  }

  crash(at: string): void {
    this.runtime.crash(at);
    this.check();
  }

  exit(at: string, kind: 'normal' | 'shutdown' | 'error'): void {
    this.runtime.exit(at, kind === 'error' ? { kind, cause: { name: 'Told', message: 'to exit' } } : kind === 'shutdown' ? { kind, info: OWN } : { kind });
    this.check();
  }

  reconfigure(at: string, wanted: Reconfiguration): void {
    this.admin = { parent: at, path: '' };
    const before = KEYS.map((key) => this.runtime.route(at, key)?.path);
    // A start under way goes on in the order it began with.
    if (this.invariants.isStarting(at)) this.changedStarts.add(at);
    const answer = this.runtime.reconfigure(at, wanted);
    this.admin = null;
    const { partitions } = wanted as { readonly partitions?: number };
    // What the call has started may have ended the supervisor.
    const after = KEYS.map((key) => this.runtime.route(at, key)?.path);
    if (answer.ok && before[0] !== undefined && after[0] !== undefined && partitions !== undefined) this.invariants.rerouted(at, before as string[], after as string[], partitions);
    if (answer.ok) {
      this.invariants.relearn(at, wanted);
      for (const { path } of this.runtime.whichChildren(at) ?? []) this.outOfOrder.add(path);
    }
    this.check();
  }

  kill(at: string): void {
    this.runtime.kill(at);
    this.check();
  }

  poison(at: string): void {
    this.runtime.poison(at);
    this.check();
  }

  suspend(at: string): void {
    this.runtime.suspend(at);
    this.check();
  }

  resume(at: string): void {
    this.runtime.resume(at);
    this.resumedUs = this.runtime.nowUs();
    this.check();
  }

  monitor(at: string): void {
    const token = ++this.downs;
    let told = 0;
    this.runtime.monitor(at, ({ reason }) => {
      told++;
      this.log(`down ${token} ${reason.kind}`);
      this.expect(told === 1, 'at most one DOWN per token', () => `an observer of ${at} was told ${told} times`);
    });
    this.check();
  }

  publish(_order: Order): void {
    this.runtime.publish('news', { type: 'order' });
    this.check();
  }

  terminateChild(parent: string, id: string): void {
    this.administer(parent, id, () => {
      this.terminated.add(pathOf(parent, id));
      return this.runtime.terminateChild(parent, id);
    });
  }

  terminateByRef(parent: string, id: string): void {
    this.administer(parent, id, () => this.runtime.terminateChild(parent, this.runtime.ref(pathOf(parent, id)) as ActorRef<never>));
  }

  restartChild(parent: string, id: string): void {
    this.administer(parent, id, () => {
      this.invariants.byHand.add(parent);
      this.outOfOrder.add(pathOf(parent, id));
      this.invariants.restartedByHand(pathOf(parent, id));
      return this.awaiting(pathOf(parent, id), (told) => this.runtime.restartChild(parent, id, told));
    });
  }

  deleteChild(parent: string, id: string): void {
    this.administer(parent, id, () => this.runtime.deleteChild(parent, id));
  }

  startChild(parent: string, child: ChildSpec): void {
    this.administer(parent, child.id, () => {
      this.invariants.byHand.add(parent);
      this.outOfOrder.add(pathOf(parent, child.id));
      if (this.runtime.whichChildren(parent)?.some(({ id }) => id === child.id) === false) this.invariants.learn(child, pathOf(parent, child.id));
      return this.awaiting(pathOf(parent, child.id), (told) => this.runtime.startChild(parent, child, told));
    });
  }

  broadcast(group: string): void {
    const members = this.runtime.members(group).length;
    const reached = this.runtime.broadcast(group, { type: 'order' });
    this.expect(reached === members, 'a broadcast goes to every member', () => `${reached} of ${members} of ${group}`);
    this.check();
  }

  /** Sends to the partition of a key. */
  route(at: string, key: number, order: Order): void {
    const partition = this.runtime.route(at, key);
    if (partition !== undefined) this.send(partition.path, order);
  }

  /** Puts a newer version in the place of the one at the path, or of all. */
  upgrade(at: string, plan: ActorPlan = {}, how: { readonly all?: boolean; readonly dryRun?: boolean } = {}): void {
    const { runtime } = this;
    const before = this.invariants.versions();
    const to = this.version + 1;
    const answer = runtime.upgrade(how.all === true ? { behaviour: 'scripted' } : at, scriptedActor(this, plan, to), { dryRun: how.dryRun === true });
    if (answer.ok && how.dryRun !== true) {
      this.version = to;
      if (how.all === true) this.oldest = to;
    }
    this.log(`upgrade ${answer.ok ? answer.upgraded.length : 'refused'}`);
    this.invariants.upgraded(before, answer.ok && how.dryRun !== true ? answer.upgraded.map(({ path }) => path) : [], to);
    this.check();
  }

  /** Runs that many turns (or until nothing is queued). */
  step(turns = 1): void {
    for (let n = 0; n < turns && this.runtime.step(); n++) this.check();
    this.check();
  }

  /** Lets time pass: turns first, then timer by timer. At the end nothing is queued, and nothing may be missing. */
  wait(ms: number): void {
    const untilUs = this.runtime.nowUs() + ms * 1000;
    this.rest();
    while (this.runtime.nextTimerUs() <= untilUs) {
      this.runtime.fireNext();
      this.check();
      this.rest();
    }
    this.runtime.moveTo(untilUs);
    this.invariants.atRest(this.lives, this.resumedUs);
    this.settled();
  }

  /** Stops the tree; everything that was ever sent must have had its fate. */
  finish(): void {
    this.wait(0);
    this.invariants.treeStops();
    if (!this.runtime.stop()) {
      this.check();
      for (let n = 0; n < 10 && this.runtime.tree() !== null; n++) this.wait(60);
      if (this.runtime.tree() !== null) {
        this.expect(this.invariants.mayTakeForEver, 'everything can be stopped', () => 'the tree is not down after all deadlines');
        this.runtime.fence();
      }
    }
    this.check();
    const counters = this.runtime.counters();
    this.expect(this.runtime.tree() === null, 'everything can be stopped', () => 'there is still a tree');
    this.expect(counters.cells === 0 && counters.queued === 0, 'nothing is left of a stopped tree', () => `${counters.cells} cells, ${counters.queued} messages`);
    const open = this.questions.filter((question) => question.outcomes === 0).length;
    this.expect(counters.timers === open, 'nothing is armed for nobody', () => `${counters.timers} timers without a tree, ${open} open questions from outside`);
    this.runtime.advanceTo(this.runtime.nowUs() + 1_000_000);
    this.settled();
    let lost = 0;
    for (const fate of this.fates) if (fate === FATE.sent) lost++;
    this.expect(lost <= counters.conflated, 'every message has one fate', () => `${lost} orders were neither handled nor dead letters, ${counters.conflated} were conflated`);
    const untold = this.awaited.find(({ told }) => told === 0);
    this.expect(untold === undefined, 'who starts a child by hand is told once how it went', () => `nothing of ${untold?.path}`);
    this.expect(this.ends <= 1, 'the root ends at most once', () => `${this.ends} times`);
    this.raise();
  }

  /** What two runs of a script must agree on. */
  digest(): string {
    return `${this.runtime.trace().hash()}-${this.sums} ${this.events.join(' ')}`;
  }

  /** Every invariant, now. @throws Violation */
  check(): void {
    this.raise();
    if (!this.looks) return;
    this.invariants.check();
    this.raise();
  }

  // What actors tell.

  /** Notes a violation; it is thrown by the next check, because a throw inside a turn would be the actor's. */
  expect(holds: boolean, rule: string, detail: () => string): void {
    if (!holds) this.pending.push(new Violation(rule, detail()));
  }

  log(event: string): void {
    this.events.push(event);
  }

  /** A number an actor came to, for the comparison of two runs. */
  mix(sum: number): void {
    this.sums = Math.imul(this.sums ^ sum, 0x01000193);
  }

  begin(path: string, version: number): Life {
    this.expect(version >= this.oldest, 'an upgrade of all reaches whoever starts later', () => `${path}: version ${version}, all were upgraded to ${this.oldest}`);
    this.invariants.ignored.delete(path);
    this.terminated.delete(path);
    const life: Life = { path, number: (this.lives.get(path)?.number ?? 0) + 1, turns: 0, over: false, watching: new Map(), gone: new Set(), questions: [], jobs: [], joined: new Set(), groups: new Map(), lastUs: this.runtime.nowUs(), lateUs: null };
    this.lives.set(path, life);
    if (++this.begun > MOST_LIVES) {
      this.expect(false, 'a script comes to rest', () => `${MOST_LIVES} lives began`);
      throw new Error('enough');
    }
    return life;
  }

  /** The start of this life goes on after its init. */
  startsLate(life: Life): void {
    life.lateUs = this.runtime.nowUs() + this.invariants.startMs(life.path) * 1000;
  }

  /** A state comes back from its data, of an actor that was put away or is being upgraded. */
  restored({ life, turns }: Belief, path: string, how: string): void {
    this.expect(this.isCurrent(life) && turns === life.turns, 'the state is that of the last completed turn', () => `${path}: ${how} with turn ${turns} of life ${life.number}, ${life.turns} are completed`);
    life.lastUs = this.runtime.nowUs();
  }

  /** A start that found nothing to do. */
  ignored(path: string): void {
    this.invariants.ignored.add(path);
  }

  isCurrent(life: Life): boolean {
    return this.lives.get(life.path) === life;
  }

  message(order: Order): Sent {
    return { ...order, id: this.fates.push(FATE.unknown) - 1 };
  }

  sent({ id }: Sent): void {
    if (this.fates[id] === FATE.unknown) this.fates[id] = FATE.sent;
  }

  setAside({ id }: Sent): void {
    this.aside.add(id);
  }

  wasSetAside({ id }: Sent): boolean {
    return this.aside.has(id);
  }

  handled(message: Sent, path: string): void {
    this.log(`${path}:${message.type}`);
    this.fated(message.id, FATE.handled, path);
  }

  nextGeneration(): number {
    return ++this.generations;
  }

  /** Called when a child starts: in a group nobody after it may be up. */
  startedInOrder(path: string): void {
    // A reconfiguration may change the order, and who comes back with whom.
    if (this.admin?.path === path || (this.admin?.path === '' && this.admin.parent === parentOf(path))) return;
    if (this.changedStarts.has(parentOf(path))) return;
    this.outOfOrder.delete(path);
    this.invariants.nobodyAfter(path, 'start', this.outOfOrder);
    this.invariants.nobodyStarting(path);
  }

  /** Called when a child is stopped by its supervisor: those after it must be down. */
  stoppedInOrder(path: string, reason: ExitReason): void {
    const own = reason.kind !== 'shutdown' || reason.info === OWN;
    if (own) this.invariants.somebodyEnded();
    if (this.terminated.has(path) || own || this.admin?.path === path || this.admin?.parent === parentOf(path)) return;
    this.invariants.nobodyAfter(path, 'stop', this.outOfOrder);
  }

  private awaiting(path: string, start: (told: () => void) => StartChildResult): void {
    const waits = { path, told: 0 };
    const answer = start(() => {
      waits.told++;
      this.expect(waits.told === 1, 'who starts a child by hand is told once how it went', () => `${waits.told} times of ${path}`);
    });
    if (answer.ok && answer.pending === true) this.awaited.push(waits);
  }

  private administer(parent: string, id: string, act: () => unknown): void {
    this.admin = { parent, path: pathOf(parent, id) };
    try {
      act();
    } finally {
      this.admin = null;
    }
    this.check();
  }

  private rest(): void {
    let turns = 0;
    while (this.runtime.step()) {
      this.check();
      if (++turns > MOST_TURNS) throw new Violation('a script comes to rest', `${MOST_TURNS} turns without a pause`);
    }
    this.check();
  }

  /** Questions from outside whose time is up. */
  private settled(): void {
    for (const question of this.questions) {
      if (question.dueUs <= this.runtime.nowUs()) this.expect(question.outcomes === 1, 'every ask has exactly one outcome', () => `${question.outcomes} outcomes at the deadline`);
    }
    this.raise();
  }

  private effect({ life, turn, n }: { life: Life; turn: number; n: number }, call: EffectCall): void {
    this.expect(life.turns >= turn, 'effects of completed turns only', () => `${life.path}: turn ${turn}, ${life.turns} are completed`);
    this.expect(!this.effectKeys.has(call.key), 'an idempotency key is used once', () => call.key);
    this.effectKeys.add(call.key);
    if (n % 4 === 1) throw new Error('effect');
    if (n % 4 === 2) call.reply({ type: 'order' });
  }

  private dead({ message, path, reason }: DeadLetter): void {
    if (reason === 'poison' || reason === 'mailbox_full') this.invariants.somebodyEnded();
    if (typeof message === 'object' && message !== null && 'id' in message && typeof message.id === 'number') this.fated(message.id, FATE.dead, path);
  }

  private fated(id: number, fate: number, path: string): void {
    const before = this.fates[id]!;
    this.expect(before < FATE.handled, 'every message has one fate', () => `order ${id} at ${path} was ${NAMES[before]} and is ${NAMES[fate]}`);
    this.fates[id] = fate;
  }

  private fail(rule: string, detail: string): void {
    this.pending.push(new Violation(rule, detail));
  }

  private raise(): void {
    if (this.pending.length > 0) throw this.pending[0]!;
  }
}

const NAMES = ['unknown', 'sent', 'handled', 'a dead letter'];
/** Code outside the tree asks, too. */
const OUTSIDE: Life = { path: '', number: 0, turns: 0, over: false, watching: new Map(), gone: new Set(), questions: [], jobs: [], joined: new Set(), groups: new Map(), lastUs: 0, lateUs: null };
/** Keys whose partitions are looked at when their number changes. */
const KEYS = Array.from({ length: 12 }, (_, key) => key);

export function pathOf(parent: string, id: string): string {
  return parent === '/' ? `/${id}` : `${parent}/${id}`;
}

export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}
