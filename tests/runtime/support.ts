import type { ActorContext, Behaviour, ChildSpec, ExitReason, SupervisorSpec, WorkerSpec } from '../../runtime/index.js';
import { createRuntime, type Runtime, type RuntimeOptions, supervisor, VirtualClock, worker } from '../../runtime/index.js';

/** What the programmable child understands. */
export type Command =
  | { readonly type: 'add'; readonly n: number }
  | { readonly type: 'die'; readonly why?: unknown }
  | { readonly type: 'end'; readonly output?: unknown }
  | { readonly type: 'do'; readonly run: (ctx: ActorContext<Command>) => void };

export interface Programme {
  /** Numbers of starts (from 0) whose init throws. */
  readonly failStarts?: (start: number) => boolean;
  readonly log?: string[];
  readonly onInit?: (ctx: ActorContext<Command>) => void;
  readonly onStop?: (ctx: ActorContext<Command>, reason: ExitReason) => void | 'pending';
  readonly mutable?: boolean;
}

export interface Total {
  total: number;
}

/** A child whose every start, message and end can be arranged; it logs `+id`, `-id reason`. */
export function programmable(programme: Programme = {}): Behaviour<Total, Command, Programme | undefined> {
  const { log } = programme;
  let starts = 0;
  return {
    name: 'programmable',
    version: 1,
    stateKind: programme.mutable === true ? 'mutable' : 'immutable',
    init: (ctx) => {
      if (programme.failStarts?.(starts++) === true) throw new Error('start refused');
      log?.push(`+${lastPart(ctx.path)}`);
      programme.onInit?.(ctx);
      return { total: 0 };
    },
    step: (state, command, ctx) => {
      switch (command.type) {
        case 'add': {
          if (programme.mutable !== true) return { total: state.total + command.n };
          state.total += command.n;
          return state;
        }
        case 'die':
          if (programme.mutable === true) state.total = NaN;
          return throwAnything(command.why ?? new Error('told to die'));
        case 'end': ctx.stop(command.output); return state;
        case 'do': command.run(ctx); return state;
        default: return state;
      }
    },
    stop: (_state, ctx, reason) => {
      log?.push(`-${lastPart(ctx.path)} ${reason.kind}`);
      return programme.onStop?.(ctx, reason);
    },
  };
}

export function child(id: string, programme: Programme = {}, more: Partial<WorkerSpec<Command>> = {}): WorkerSpec<Command> {
  return { ...worker({ id, behaviour: programmable(programme) }), ...more } as WorkerSpec<Command>;
}

export function root(children: readonly ChildSpec[], more: Partial<SupervisorSpec> = {}): SupervisorSpec {
  return supervisor({ id: 'root', strategy: 'oneForOne', intensity: { restarts: 3, withinMs: 5000 }, children, ...more });
}

/** A started runtime on a virtual clock at 0; throws what the start answered when it did not. */
export function started(spec: ChildSpec, options: RuntimeOptions = {}): Runtime {
  const runtime = createRuntime({ clock: new VirtualClock(0), seed: 'test', ...options });
  const answer = runtime.start(spec);
  if (!answer.ok) throw new Error(JSON.stringify(answer.reason));
  return runtime;
}

export function total(runtime: Runtime, path: string): unknown {
  return (runtime.inspect(path)?.value as Total | undefined)?.total;
}

export function stateOf(runtime: Runtime, path: string): string | undefined {
  return runtime.inspect(path)?.state;
}

export function run(runtime: Runtime, path: string, action: (ctx: ActorContext<Command>) => void): void {
  runtime.send(path, { type: 'do', run: action });
  runtime.drain();
}

export function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Actors may throw values that are no errors; the runtime has to live with that. */
export function throwAnything(value: unknown): never {
  // oxlint-disable-next-line typescript/only-throw-error
  throw value;
}

/** Lets a child run for `ms`, crashes it, and answers the microseconds until it is started again; it is then. */
export function crashAfter(runtime: Runtime, path: string, ms: number): number {
  runtime.advanceTo(runtime.nowUs() + ms * 1000);
  runtime.crash(path);
  const delayUs = runtime.nextTimerUs() - runtime.nowUs();
  runtime.advanceTo(runtime.nextTimerUs());
  return delayUs;
}
