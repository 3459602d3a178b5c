import assert from 'node:assert/strict';
import {
  type ActorContext, type ActorRef, type Behaviour, type ChildSpec, createRuntime, dynamicSupervisor, type DynamicSupervisorSpec,
  type ExitReason, type FailureReport, type Runtime, type RuntimeOptions, type StartChildResult, supervisor, type SupervisorReport, type SupervisorSpec,
  VirtualClock, worker, type WorkerSpec,
} from '../../runtime/index.js';

/** How one start of a programmable child goes. `hang` goes on after init until a command (or its deadline) ends it. */
export type StartKind = 'ok' | 'ignore' | 'error' | 'odd' | 'throw' | 'hang';

/** What the programmable child understands. */
export type Command =
  /** A clean end: exit `normal`. */
  | 'stop'
  /** An abnormal end, by a throw. */
  | 'die'
  /** From now on a request to stop is not answered. */
  | 'sleep'
  | { readonly exit: Exclude<ExitReason, { readonly kind: 'killed' }> }
  /** Ends a start that hangs: well, with this information, or not. */
  | { readonly finish: unknown }
  | { readonly refuse: unknown }
  | { readonly run: (ctx: ActorContext<Command>) => void };

/** How a programmable child behaves; it can be changed between starts, which is how a child learns to fail or to recover. */
export class Script {
  /** `+id` for each start that succeeded, `-id reason` for each stop hook. */
  readonly log: string[];
  /** How starts go, unless `failNext` says otherwise. */
  start: StartKind = 'ok';
  /** So many of the next starts throw. */
  failNext = 0;
  /** Starts of any outcome. */
  starts = 0;
  /** Given to whoever starts the child by hand. */
  info: unknown = undefined;
  /** Time its clean-up takes when it is asked to stop. */
  cleanupMs = 0;
  /** Taken as a name. */
  name: string | null = null;

  constructor(more: Partial<Omit<Script, 'starts'>> = {}) {
    this.log = more.log ?? [];
    Object.assign(this, more);
  }
}

interface Life {
  readonly starts: number;
  readonly asleep: boolean;
}

/** OTP's suite has children that can be told how to start and to end; this is ours. */
export function programmable(script: Script): Behaviour<Life, Command, unknown> {
  return {
    name: 'programmable',
    version: 1,
    init: (ctx) => {
      script.starts++;
      if (script.failNext > 0) {
        script.failNext--;
        throw new Error('this start was to fail');
      }
      switch (script.start) {
        case 'ok': break;
        case 'ignore': return ctx.ignore();
        case 'error': ctx.failStart('reason'); break;
        case 'odd': return Promise.resolve(null) as never;
        case 'throw': throw new Error('start threw');
        case 'hang': ctx.startLater(); break;
      }
      if (script.name !== null && !ctx.register(script.name)) throw new Error(`the name ${script.name} is taken`);
      if (script.info !== undefined && script.start === 'ok') ctx.started(script.info);
      if (script.start !== 'error' && script.start !== 'hang') script.log.push(`+${idOf(ctx.path)}`);
      return { starts: script.starts, asleep: false };
    },
    step: (life, command, ctx) => {
      if (command === 'stop') ctx.stop();
      else if (command === 'die') throw new Error('died');
      else if (command === 'sleep') return { ...life, asleep: true };
      else if ('exit' in command) ctx.exit(command.exit);
      else if ('run' in command) command.run(ctx);
      else if ('refuse' in command) ctx.failStart(command.refuse);
      else {
        ctx.started(command.finish);
        script.log.push(`+${idOf(ctx.path)}`);
      }
      return life;
    },
    stop: (life, ctx, reason) => {
      script.log.push(`-${idOf(ctx.path)} ${reason.kind}`);
      if (life.asleep) return 'pending';
      if (script.cleanupMs === 0) return undefined;
      ctx.startTimer('cleanup', script.cleanupMs, 'stop');
      return 'pending';
    },
  };
}

export function child(id: string, script: Script = new Script(), more: Partial<WorkerSpec<Command>> = {}): WorkerSpec<Command> {
  return { ...worker({ id, behaviour: programmable(script) }), ...more } as WorkerSpec<Command>;
}

export function sup(id: string, children: readonly ChildSpec[] = [], more: Partial<SupervisorSpec> = {}): SupervisorSpec {
  return supervisor({ id, strategy: 'oneForOne', intensity: { restarts: 2, withinMs: 3_600_000 }, children, ...more });
}

export function dyn(id: string, template: DynamicSupervisorSpec['template'] = {}, more: Partial<DynamicSupervisorSpec> = {}): DynamicSupervisorSpec {
  return dynamicSupervisor({ id, intensity: { restarts: 2, withinMs: 3_600_000 }, template, ...more });
}

/** How an incarnation can be ended; `supervisor` has its supervisor terminate it. */
export type Ending = 'normal' | 'shutdown' | 'shutdown-info' | 'abnormal' | 'kill' | 'supervisor';

/** A started runtime on a virtual clock, with everything it reported. The supervisor under test is its root, `/`. */
export class Rig {
  readonly runtime: Runtime;
  readonly reports: SupervisorReport[] = [];
  /** Reasons the root ended with by itself. */
  readonly ended: ExitReason[] = [];
  /** What `start` answered. */
  readonly answer: StartChildResult;

  constructor(spec: ChildSpec, options: RuntimeOptions = {}) {
    this.runtime = createRuntime({ clock: new VirtualClock(0), seed: 'conformance', onFatal: (reason) => void this.ended.push(reason), ...options });
    this.runtime.onReport((report) => void this.reports.push(report));
    this.answer = this.runtime.start(spec);
  }

  /** Same, where the start is to succeed. */
  static started(spec: ChildSpec, options: RuntimeOptions = {}): Rig {
    const rig = new Rig(spec, options);
    assert.ok(rig.answer.ok, JSON.stringify(rig.answer));
    return rig;
  }

  get alive(): boolean {
    return this.runtime.tree() !== null;
  }

  /** Failure reports as `context id reason`, since the last call. */
  failures(): string[] {
    const failures = this.reports.filter((report): report is FailureReport => report.kind === 'failure');
    this.reports.length = 0;
    return failures.map((report) => `${report.context} ${report.offender.id} ${report.reason.kind}`);
  }

  /** `[specs, active, supervisors, workers]`, as OTP's helper has them. */
  counts(path = '/'): number[] {
    const counts = this.runtime.countChildren(path);
    assert.ok(counts !== undefined, `${path} is there`);
    return [counts.specs, counts.active, counts.supervisors, counts.workers];
  }

  /** Children in start order as `id state`, and `#n` for the incarnation of one that runs. */
  children(path = '/'): string[] {
    const children = this.runtime.whichChildren(path);
    assert.ok(children !== undefined, `${path} is there`);
    return children.map((info) => (info.state === 'running' ? `${info.id}#${this.incarnation(info.path)}` : `${info.id} ${info.state}`));
  }

  incarnation(path: string): number | undefined {
    return this.runtime.inspect(path)?.incarnation;
  }

  state(path: string): string | undefined {
    return this.runtime.inspect(path)?.state;
  }

  /** Reasons with which the present incarnation ends: at most one is ever added. */
  watch(path: string): ExitReason[] {
    const reasons: ExitReason[] = [];
    this.runtime.monitor(path, ({ reason }) => {
      assert.ok(reason.kind !== 'noproc', `${path} is alive`);
      reasons.push(reason);
    });
    return reasons;
  }

  send(path: string, command: Command): void {
    assert.equal(this.runtime.send(path, command), 'delivered');
    this.runtime.drain();
  }

  /** Ends the present incarnation and checks that it ended so. */
  end(path: string, how: Ending): void {
    const reasons = this.watch(path);
    switch (how) {
      case 'normal': this.send(path, 'stop'); break;
      case 'shutdown': this.send(path, { exit: { kind: 'shutdown' } }); break;
      case 'shutdown-info': this.send(path, { exit: { kind: 'shutdown', info: 'some info' } }); break;
      case 'abnormal': this.send(path, 'die'); break;
      case 'kill': assert.equal(this.runtime.kill(path), true); break;
      case 'supervisor': {
        const above = path.slice(0, path.lastIndexOf('/')) || '/';
        const byId = this.runtime.tree() !== null && this.runtime.terminateChild(above, idOf(path));
        assert.deepEqual(byId, { ok: true });
        break;
      }
    }
    const kinds: Readonly<Record<Ending, ExitReason['kind']>> = {
      normal: 'normal', shutdown: 'shutdown', 'shutdown-info': 'shutdown', abnormal: 'error', kill: 'killed', supervisor: 'shutdown',
    };
    assert.deepEqual(reasons.map((reason) => reason.kind), [kinds[how]], `${path} ended ${how}`);
    if (how === 'shutdown-info') assert.deepEqual(reasons, [{ kind: 'shutdown', info: 'some info' }]);
    this.runtime.drain();
  }

  /** Lets time pass. */
  pass(ms: number): void {
    this.runtime.advanceTo(this.runtime.nowUs() + ms * 1000);
  }

  /** Stops the tree and lets time pass until it is down; answers with the milliseconds that took. */
  stop(): number {
    const begun = this.runtime.nowUs();
    if (!this.runtime.stop()) {
      while (this.alive) {
        const next = this.runtime.nextTimerUs();
        assert.ok(Number.isFinite(next), 'the tree stops by itself, or something is due');
        this.runtime.advanceTo(next);
      }
    }
    assert.equal(this.runtime.counters().cells, 0, 'nothing is left');
    assert.equal(this.runtime.counters().timers, 0, 'no timer is left');
    return (this.runtime.nowUs() - begun) / 1000;
  }
}

export function idOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** What went wrong, as a tag: `ok`, or the kind of the refusal. */
export function tag(answer: { readonly ok: true } | { readonly ok: false; readonly reason: { readonly kind: string } }): string {
  return answer.ok ? 'ok' : answer.reason.kind;
}

/** The reference of a start that succeeded with an incarnation. */
export function ref(answer: StartChildResult): ActorRef {
  assert.ok(answer.ok, JSON.stringify(answer));
  assert.equal(answer.ignored, undefined);
  return answer.ref;
}

/** Messages of a chain of causes, outermost first. */
export function causes(answer: StartChildResult | ExitReason | undefined): string[] {
  let cause = answer === undefined ? undefined
    : 'kind' in answer ? (answer.kind === 'error' ? answer.cause : undefined)
    : !answer.ok && answer.reason.kind === 'start_failed' ? answer.reason.cause : undefined;
  const messages: string[] = [];
  for (; cause !== undefined; cause = cause.cause) messages.push(cause.message);
  return messages;
}
