import { type ActorContext, type ActorRef, type AskResult, type Behaviour, type Down, type ExitReason, type Gone, type GroupChange, type TaskOutcome, worker, type WorkerSpec } from '../../runtime/index.js';
import type { Answered, Belief, Job, JobDone, Question, Sent, Tick } from './life.js';
import type { ActorPlan, Order } from './script.js';
import { OWN, type World } from './world.js';

type Message = Sent | Tick | Answered | JobDone | Down | Gone | GroupChange | { readonly type: 'ready' | 'over' } | { readonly type: 'order' | 'runtime.effect_failed' };

/** An actor that does what it is told, and tells the world whatever should not have happened. */
export function scriptedActor(world: World, plan: ActorPlan, version = world.version): Behaviour<Belief, Message, unknown> {
  let starts = 0;
  const mutable = plan.mutable === true;
  return {
    name: 'scripted', version, stateKind: mutable ? 'mutable' : 'immutable',
    init: (ctx) => {
      const life = world.begin(ctx.path, version);
      const turn = new Turn(world, { life, turns: 0, timers: {}, sum: 0 }, ctx, plan, 0);
      for (const order of plan.onStart ?? []) turn.carryOut(order);
      starts++;
      if (plan.ignores !== undefined && starts % plan.ignores === 0) {
        world.log(`~${ctx.path}`);
        world.ignored(ctx.path);
        return ctx.ignore();
      }
      if (plan.flaky !== undefined && starts % plan.flaky === 0) {
        if (plan.failsByValue !== true) throw new Error('flaky start');
        ctx.failStart('flaky start');
        return turn.state;
      }
      world.log(`+${ctx.path}`);
      world.startedInOrder(ctx.path);
      if (plan.late !== undefined) {
        ctx.startLater();
        ctx.startTimer('ready', plan.late, { type: 'ready' });
        world.startsLate(life);
      }
      if (plan.lasts !== undefined) ctx.startTimer('over', plan.lasts, { type: 'over' });
      turn.noteAll();
      turn.state.timers = turn.timers;
      turn.state.sum = turn.sum;
      return turn.state;
    },
    step: (belief: Belief | undefined, message, ctx) => {
      if (belief === undefined) {
        world.expect(false, 'a turn has a state', () => `${ctx.path}: handled ${message.type} without one`);
        throw new Error('no state');
      }
      const { life } = belief;
      world.expect(world.isCurrent(life), 'one life at a time', () => `${ctx.path}: a message reached life ${life.number}, which is over`);
      world.expect(!life.over, 'nothing after the end', () => `${ctx.path}: handled ${message.type} after its stop hook`);
      world.expect(belief.turns === life.turns, 'the state is that of the last completed turn', () => `${ctx.path}: state of turn ${belief.turns}, ${life.turns} are completed`);
      life.lastUs = ctx.nowUs();
      const turn = new Turn(world, belief, ctx, plan, belief.turns + 1);
      turn.take(message);
      world.mix(turn.sum);
      if (!mutable) {
        turn.noteAll();
        life.turns++;
        return { life, turns: belief.turns + 1, timers: turn.timers, sum: turn.sum };
      }
      turn.noteAll();
      life.turns++;
      belief.turns++;
      belief.timers = turn.timers;
      belief.sum = turn.sum;
      return belief;
    },
    stop: (belief, ctx, reason: ExitReason) => {
      belief.life.lastUs = ctx.nowUs();
      world.log(`-${ctx.path} ${reason.kind}`);
      world.expect(!belief.life.over, 'one stop hook', () => `${ctx.path}: the stop hook of life ${belief.life.number} ran twice`);
      world.stoppedInOrder(ctx.path, reason);
      // After an end of its own there is nothing to wait for.
      const waits = plan.slowStop === true && reason.kind === 'shutdown';
      belief.life.over = !waits;
      if (plan.failStop === true) throw new Error('stop hook');
      return waits ? 'pending' : undefined;
    },
    view: ({ turns, sum }) => ({ turns, sum }),
    snapshot: (belief) => ({ ...belief }),
    restore: (data, ctx, _input, how) => {
      if (plan.refuses === 'restore') throw new Error('told not to restore');
      world.restored(data as Belief, ctx.path, how);
      return { ...(data as Belief) };
    },
    migrate: (data) => {
      if (plan.refuses === 'migrate') throw new Error('told not to migrate');
      return plan.refuses === 'version' ? undefined : data;
    },
  };
}

/** One turn: what it wants is noted when it has succeeded, as the runtime does. */
class Turn {
  readonly state: Belief;
  timers: Readonly<Record<string, number>>;
  sum: number;
  private readonly world: World;
  private readonly ctx: ActorContext<Message>;
  private readonly plan: ActorPlan;
  /** Its number in the life, 0 for `init`. */
  private readonly number: number;
  private readonly notes: (() => void)[] = [];

  constructor(world: World, state: Belief, ctx: ActorContext<Message>, plan: ActorPlan, number: number) {
    this.world = world;
    this.state = state;
    this.timers = state.timers;
    this.sum = state.sum;
    this.ctx = ctx;
    this.plan = plan;
    this.number = number;
  }

  noteAll(): void {
    for (const note of this.notes) note();
  }

  take(message: Message): void {
    const { world, ctx } = this;
    const { life } = this.state;
    switch (message.type) {
      case 'tick': {
        const tick = message as Tick;
        world.expect(tick.life === life, 'no timer of a dead incarnation', () => `${ctx.path}: timer "${tick.key}" of life ${tick.life.number} fired in life ${life.number}`);
        world.expect(this.timers[tick.key] === tick.generation, 'a replaced or cancelled timer is not handled', () => `${ctx.path}: timer "${tick.key}", generation ${tick.generation}`);
        world.expect(ctx.nowUs() >= tick.dueUs, 'no timer before its time', () => `${ctx.path}: timer "${tick.key}" is due ${tick.dueUs}, it is ${ctx.nowUs()}`);
        this.timers = { ...this.timers, [tick.key]: 0 };
        break;
      }
      case 'answered':
        world.expect((message as Answered).question.life === life, 'an outcome belongs to the life that asked', () => ctx.path);
        break;
      case 'runtime.down': {
        const { token } = message as Down;
        world.expect(life.watching.delete(token), 'at most one DOWN per token', () => `${ctx.path}: DOWN for token ${token}, which it does not wait for`);
        break;
      }
      case 'runtime.gone': {
        const { token } = message as Gone;
        world.expect(life.gone.delete(token), 'an address is gone for good once', () => `${ctx.path}: token ${token}, which it does not wait for`);
        break;
      }
      case 'runtime.group': {
        const { token, group, joined, left } = message as GroupChange;
        const watched = life.groups.get(token);
        world.expect(watched?.group === group, 'a notice is of a group that is watched', () => `${ctx.path}: ${group}, token ${token}`);
        if (watched === undefined) break;
        const before = watched.members ?? [];
        const there = joined.find(({ path }) => before.includes(path)) ?? left.find(({ path }) => !before.includes(path));
        world.expect(there === undefined, 'who watches a group knows its members', () => `${ctx.path}: ${there?.path} ${left.length > 0 ? 'left without being' : 'joined and was'} in ${group}`);
        watched.members = [...before.filter((path) => left.every((ref) => ref.path !== path)), ...joined.map(({ path }) => path)];
        break;
      }
      case 'jobDone':
        world.expect((message as JobDone).job.life === life, 'an outcome belongs to the life that asked', () => ctx.path);
        break;
      case 'ready':
        this.endStart(this.plan.failsLate === true);
        break;
      case 'over':
        if (this.plan.dies === true) throw new Error('over');
        ctx.stop('over');
        break;
      case 'runtime.effect_failed': break;
      case 'order': break;
      default: {
        const sent = message as Sent;
        if (sent.type === 'stash' && !world.wasSetAside(sent)) {
          if (ctx.stash() === 'stashed') this.notes.push(() => world.setAside(sent));
          break;
        }
        this.notes.push(() => world.handled(sent, ctx.path));
        this.carryOut(sent as Order);
      }
    }
  }

  carryOut(order: Order): void {
    const { ctx } = this;
    const n = order.n ?? 0;
    const to = order.to ?? ctx.path;
    this.sum += n + Math.floor(ctx.random() * 8);
    switch (order.type) {
      case 'add': break;
      case 'die': throw new Error('told to die');
      case 'workThenDie':
        this.carryOut({ type: 'timer', n });
        this.carryOut({ type: 'spawnNow', n });
        this.carryOut({ type: 'register' });
        this.carryOut({ type: 'chain', n: 1, to });
        this.carryOut({ type: 'effect' });
        throw new Error('told to die late');
      case 'end': ctx.stop(n); break;
      case 'exit': ctx.exit(n % 3 === 0 ? { kind: 'normal' } : n % 3 === 1 ? { kind: 'shutdown', info: OWN } : { kind: 'error', cause: { name: 'Told', message: 'to exit' } }); break;
      case 'chain': if (n > 0) this.send(to, { type: 'chain', n: n - 1, to: ctx.path }); break;
      case 'timer': this.startTimer(`t${n % 3}`, n); break;
      case 'cancel': this.cancelTimer(`t${n % 3}`); break;
      case 'spawn': ctx.spawnLater(this.kid(n)); break;
      case 'spawnNow': ctx.spawn(this.kid(n)); break;
      case 'stopKid': ctx.stopChild(`kid${n % 2}`); break;
      case 'monitor': {
        const token = ctx.monitor(ctx.ref(to));
        const { life } = this.state;
        this.notes.push(() => life.watching.set(token, to));
        break;
      }
      case 'demonitor': {
        const { life } = this.state;
        const token = [...life.watching.keys()][n % Math.max(1, life.watching.size)];
        if (token === undefined) break;
        ctx.demonitor(token);
        this.notes.push(() => life.watching.delete(token));
        break;
      }
      case 'ask': this.ask(ctx.ref(to), n); break;
      case 'reply': ctx.reply({ type: 'order' }); break;
      case 'unstash': if (this.number > 0) ctx.unstashAll(); break;
      case 'watch': {
        const token = ctx.watchPermanent(ctx.ref(to));
        const { life } = this.state;
        this.notes.push(() => life.gone.add(token));
        break;
      }
      case 'join': {
        const { life } = this.state;
        ctx.join(`g${n % 2}`);
        this.notes.push(() => life.joined.add(`g${n % 2}`));
        break;
      }
      case 'leave': {
        const { life } = this.state;
        ctx.leave(`g${n % 2}`);
        this.notes.push(() => life.joined.delete(`g${n % 2}`));
        break;
      }
      case 'watchGroup': {
        const { life } = this.state;
        const token = ctx.watchGroup(`g${n % 2}`);
        this.notes.push(() => life.groups.set(token, { group: `g${n % 2}`, members: null }));
        break;
      }
      case 'unwatchGroup': {
        const { life } = this.state;
        const token = [...life.groups.keys()][n % Math.max(1, life.groups.size)];
        if (token === undefined) break;
        ctx.unwatchGroup(token);
        this.notes.push(() => life.groups.delete(token));
        break;
      }
      case 'broadcast': ctx.broadcast(`g${n % 2}`, { type: 'order' }); break;
      case 'task': this.task(n); break;
      case 'cancelTask': ctx.cancelTask(`job${n % 2}`); break;
      case 'started': case 'failStart': this.endStart(order.type === 'failStart'); break;
      case 'replyTwice':
        ctx.reply({ type: 'order' });
        ctx.reply({ type: 'order' });
        break;
      case 'subscribe': ctx.subscribe('news'); break;
      case 'publish': ctx.publish('news', { type: 'order' }); break;
      case 'register': ctx.register(n % 2 === 0 ? 'alpha' : 'beta'); break;
      case 'effect': {
        const { life } = this.state;
        ctx.effect('note', { life, turn: this.number, n });
        break;
      }
      default: break;
    }
  }

  private send(to: string, order: Order): void {
    const message = this.world.message(order);
    this.ctx.send(this.ctx.ref(to), message);
    this.notes.push(() => this.world.sent(message));
  }

  private startTimer(key: string, delayMs: number): void {
    const generation = this.world.nextGeneration();
    this.ctx.startTimer(key, delayMs, { type: 'tick', life: this.state.life, key, generation, dueUs: this.ctx.nowUs() + delayMs * 1000 });
    this.timers = { ...this.timers, [key]: generation };
  }

  private cancelTimer(key: string): void {
    const had = this.ctx.cancelTimer(key);
    const believed = (this.timers[key] ?? 0) > 0;
    this.world.expect(!had || believed, 'only what was armed can be cancelled', () => `${this.ctx.path}: timer "${key}"`);
    this.timers = { ...this.timers, [key]: 0 };
  }

  private ask(to: ActorRef<never>, ms: number): void {
    const question: Question = { life: this.state.life, dueUs: this.ctx.nowUs() + ms * 1000, outcomes: 0 };
    const { world, ctx } = this;
    this.ctx.ask(to, world.message({ type: ms % 4 === 0 ? 'replyTwice' : 'reply' }), ms, (_result: AskResult<unknown>) => {
      question.outcomes++;
      world.expect(question.outcomes === 1, 'every ask has exactly one outcome', () => `${ctx.path}: outcome ${question.outcomes} of one question`);
      return { type: 'answered', question };
    });
    this.notes.push(() => question.life.questions.push(question));
  }

  /** Only a start that goes on can be ended; anything else would be a crash. */
  private endStart(fails: boolean): void {
    const { life } = this.state;
    if (life.lateUs === null) return;
    if (fails) this.ctx.failStart('told to');
    else this.ctx.started();
    this.notes.push(() => {
      life.lateUs = null;
    });
  }

  /** Ends in time, too late, at once or not at all, well or not, and may be slow to stop. */
  private task(n: number): void {
    const { world, ctx } = this;
    const deadlineMs = n % 3 === 0 ? 3 : 12;
    const linked = n % 4 === 1;
    const job: Job = { life: this.state.life, dueUs: ctx.nowUs() + deadlineMs * 1000, linked, outcomes: 0 };
    const plan = { ...(n % 5 === 4 ? { flaky: 1 } : n % 5 === 3 ? {} : { lasts: n }), ...(n % 2 === 0 ? { dies: true } : {}), ...(n % 7 === 6 ? { late: 2 } : {}), ...(this.plan.slowStop === true ? { slowStop: true } : {}) };
    ctx.task({ id: `job${n % 2}`, behaviour: scriptedActor(world, plan) as never, deadlineMs, linked, shutdown: 4 }, (outcome: TaskOutcome) => {
      job.outcomes++;
      world.log(`${ctx.path}/job${n % 2} ${outcome.ok ? 'ok' : outcome.reason}`);
      world.expect(job.outcomes === 1, 'every task has exactly one outcome', () => `${ctx.path}: outcome ${job.outcomes} of one task`);
      return { type: 'jobDone', job };
    });
    this.notes.push(() => job.life.jobs.push(job));
  }

  private kid(n: number): WorkerSpec<never> {
    return worker({
      id: `kid${n % 2}`, behaviour: scriptedActor(this.world, { ...(this.plan.slowStop === true ? { slowStop: true } : {}), ...(n % 5 === 4 ? { flaky: 2 } : {}) }),
      ...(n % 3 === 0 ? { restart: 'transient' as const } : {}), shutdown: 4,
    }) as unknown as WorkerSpec<never>;
  }
}
