import {
  type AnyActorRef, type AnyMachineSnapshot, type AnyStateMachine, createActor, type EventFromLogic, type InputFrom, type SnapshotFrom,
} from 'xstate';
import type { EffectFailed } from '../core/effects.js';
import { MachineFace } from '../probe/face.js';
import { watch } from '../probe/watch.js';
import type { ActorContext, ActorRef, Behaviour, ExitReason, WorkerSpec } from '../types.js';
import { FlatMachine, FlatState, type StepAction as Action } from './flat.js';
import { MOVES, StayingSteps } from './staying.js';
import { machineData, type MachineData, persistedOf } from './xstate-data.js';
import { Deferral, sameValue } from './xstate-defer.js';
import { isPlain, machineProblems } from './xstate-rules.js';

/** What a named action of a machine gets when it is carried out, after the transition has succeeded. */
export interface ActionArgs<Context, Event, Snapshot> {
  /** Context at the place of the action in the transition. */
  readonly context: Context;
  readonly event: Event;
  readonly params: unknown;
  /** Snapshot the whole step ended with. */
  readonly snapshot: Snapshot;
}

export type MachineEffect<Context, Event, Snapshot> =
  (args: ActionArgs<Context, Event, Snapshot>, ctx: ActorContext<Event>) => void;

/** Makes the specification of the child that stands for `invoke: { src: name }` or `spawnChild(name)`; its id is the machine's. */
export type ChildFactory = (input: unknown) => Omit<WorkerSpec<never>, 'kind' | 'id'>;

export interface MachineOptions<M extends AnyStateMachine> {
  /** Version of the definition, for snapshots and the tree. */
  readonly version: number;
  readonly name?: string;
  /** Named actions that do something outside the machine. Run in order, inside the turn: a throw undoes the turn. */
  readonly effects?: Readonly<Record<string, MachineEffect<SnapshotFrom<M>['context'], EventFromLogic<M>, SnapshotFrom<M>>>>;
  /** Children by the name the machine knows them under. */
  readonly actors?: Readonly<Record<string, ChildFactory>>;
  /** Topic that emitted events are published on. Default: the event's type. */
  readonly emitTopic?: string;
  /** Whether steps are taken by tables made of the definition where they can be: all of a flat machine, those that move no state of a nested one. Default true; the results are the same. */
  readonly compiled?: boolean;
  /** Makes the data of an older version's snapshot (a `MachineData`) that of this version; undefined = there is no way from it. */
  readonly migrate?: (data: unknown, fromVersion: number) => unknown;
  /** Where `log()` goes; nowhere by default. */
  readonly log?: (values: unknown, ctx: ActorContext) => void;
}

interface RaiseParams { readonly event: Event; readonly id?: string; readonly delay?: number }
interface SendParams { readonly to: unknown; readonly targetId?: string; readonly event: Event; readonly id?: string; readonly delay?: number }
interface SpawnParams { readonly id: unknown; readonly src: unknown; readonly input: unknown; readonly systemId?: string; readonly actorRef?: AnyActorRef }
interface Event { readonly type: string }
interface MachineView { readonly value: unknown; readonly context: unknown; readonly status: string; readonly output: unknown }

/** A delayed `sendTo`: a message to the actor itself, passed on when it is due. Plain, so that snapshots can hold it. */
interface DelayedSend {
  readonly type: typeof DELAYED_SEND;
  readonly to: string;
  readonly event: Event;
}
const DELAYED_SEND = 'xstate.delayed.send';
const EFFECT_FAILED: EffectFailed['type'] = 'runtime.effect_failed';

function noSpawn(): never {
  throw new Error('a machine may not spawn inside assign; use spawnChild or invoke');
}

/** Child logic that never runs: children are the runtime's own. */
const inert = {
  transition: (state: unknown) => state,
  getInitialSnapshot: (_scope: unknown, input: unknown) => ({ status: 'active', output: undefined, error: undefined, input }),
  getPersistedSnapshot: (state: unknown) => state,
  restoreSnapshot: (state: unknown) => state,
};

const MOST_MICROSTEPS = 1000;

/**
 * Makes a behaviour of an XState machine. The machine is stepped as a pure function (`machine.transition` with one
 * scope per definition that does nothing); what it wants done is read off the actions it returns and is the
 * runtime's: `after` and delayed raises are timers of the actor, `invoke` and `spawnChild` supervised children from
 * `options.actors`, `sendTo`/`sendParent` messages, `emit` a publication. Every other named action is looked up in
 * `options.effects`. An event that an active state lists in `meta.defer` and no transition takes is put off until the state
 * value has changed.
 *
 * Reaching the final state ends the actor normally with the machine's output. A throw in a guard, an assign or an effect,
 * and a child's error or a failed effect (`runtime.effect_failed`) that no transition takes, is a crash of the actor.
 *
 * @throws TypeError naming everything in the machine that could not be carried out this way
 */
export function machine<M extends AnyStateMachine>(
  logic: M, options: MachineOptions<M>,
): Behaviour<SnapshotFrom<M>, EventFromLogic<M>, InputFrom<M>> {
  const effects = (options.effects ?? {}) as Readonly<Record<string, MachineEffect<unknown, unknown, unknown>>>;
  const actors = options.actors ?? {};
  const problems = machineProblems(logic, Object.keys(effects), Object.keys(actors));
  if (problems.length > 0) throw new TypeError(`machine "${logic.id}" cannot run under the runtime:\n- ${problems.join('\n- ')}`);
  const stepper = new Stepper(logic, Object.keys(actors), options.compiled ?? true);

  const carryOut = (snapshot: AnyMachineSnapshot, ctx: ActorContext<EventFromLogic<M>>): AnyMachineSnapshot => {
    const ends = !(snapshot instanceof FlatState) && snapshot.status !== 'active';
    if (ends && snapshot.status === 'error') throw snapshot.error;
    const actions = stepper.actions;
    for (let at = 0; at < actions.length; at++) act(actions[at]!, snapshot, ctx as unknown as ActorContext);
    if (ends && snapshot.status === 'done') ctx.stop(snapshot.output);
    return snapshot;
  };

  const act = (action: Action, snapshot: AnyMachineSnapshot, ctx: ActorContext): void => {
    switch (action.type) {
      case 'xstate.raise': raise(action.params as RaiseParams, ctx); return;
      case 'xstate.cancel': ctx.cancelTimer((action.params as { sendId: string }).sendId); return;
      case 'xstate.sendTo': sendTo(action.params as SendParams, ctx); return;
      case 'xstate.emit': {
        const { event } = action.params as { event: Event };
        ctx.publish(options.emitTopic ?? event.type, event);
        return;
      }
      case 'xstate.spawnChild': spawn(action.params as SpawnParams, ctx); return;
      case 'xstate.stopChild': {
        const child = action.params as AnyActorRef | undefined;
        if (child !== undefined) ctx.stopChild(child.id);
        return;
      }
      case 'xstate.log': options.log?.((action.params as { value?: unknown } | undefined)?.value, ctx); return;
      default: {
        const effect = Object.hasOwn(effects, action.type) ? effects[action.type] : undefined;
        if (effect === undefined) throw new Error(`no effect for the action "${action.type}" of machine "${logic.id}"`);
        effect({ context: action.info.context, event: action.info.event, params: action.params, snapshot }, ctx);
      }
    }
  };

  const sendTo = (params: SendParams, ctx: ActorContext): void => {
    const to = stepper.target(params, ctx);
    if (typeof params.delay !== 'number') ctx.send(to, params.event);
    else ctx.startTimer(params.id ?? ctx.nextId(), params.delay, to === ctx.self ? params.event : { type: DELAYED_SEND, to: to.path, event: params.event });
  };

  const spawn = (params: SpawnParams, ctx: ActorContext): void => {
    const { src, systemId } = params;
    const id = params.actorRef?.id ?? params.id;
    if (params.id === undefined || typeof id !== 'string') throw new Error(`machine "${logic.id}" spawns a child without an id; give spawnChild an id`);
    if (systemId !== undefined) throw new Error(`child "${id}" asks for a systemId; have it call ctx.register instead`);
    const factory = typeof src === 'string' && Object.hasOwn(actors, src) ? actors[src] : undefined;
    if (factory === undefined) throw new Error(`no actor "${typeof src === 'string' ? src : 'inline'}" for child "${id}" of machine "${logic.id}"`);
    ctx.spawnLater({ ...factory(params.input), kind: 'worker', id } as WorkerSpec<never>);
  };

  // A process that ended took the children along. What may be run twice is started again; of anything else nobody knows how far it came.
  const restartChildren = (children: MachineData['children'], ctx: ActorContext): void => {
    for (const { id, src, input } of children) {
      const spec = { ...actors[src]?.(input), kind: 'worker', id } as WorkerSpec<never>;
      if (spec.restart === 'permanent' || spec.restart === 'transient') ctx.spawnLater(spec);
      else ctx.send(ctx.self, outcome(id, { kind: 'error', cause: { name: 'Lost', message: 'the child was lost with its process', path: `${ctx.path}/${id}` } }));
    }
  };

  return {
    name: options.name ?? logic.id,
    version: options.version,
    machine: stepper.face,
    init: (ctx, input) => carryOut(stepper.init(input), ctx) as SnapshotFrom<M>,
    step: (snapshot, message, ctx) => {
      if (message.type === DELAYED_SEND) {
        const { to, event } = message as unknown as DelayedSend;
        ctx.send(ctx.ref(to), event);
        return snapshot;
      }
      if (watch.entered !== null) watch.entered(stepper.face, snapshot, message);
      const { deferral } = stepper;
      if (deferral !== null && deferral.holds(snapshot as AnyMachineSnapshot, message)) {
        ctx.stash();
        return snapshot;
      }
      if (message.type === EFFECT_FAILED) stepper.mustTake(snapshot as AnyMachineSnapshot, message as unknown as EffectFailed);
      const next = carryOut(stepper.step(snapshot as AnyMachineSnapshot, message), ctx);
      if (deferral !== null && !sameValue((snapshot as AnyMachineSnapshot).value, next.value)) ctx.unstashAll();
      return next as SnapshotFrom<M>;
    },
    childExit: outcome,
    snapshot: (snapshot) => machineData(snapshot as AnyMachineSnapshot),
    restore: (data, ctx, _input, how) => {
      const restored = stepper.restore(data as MachineData);
      // Another version may take what this one's predecessor put off.
      if (how === 'upgrade') ctx.unstashAll();
      if (how === 'start') restartChildren((data as MachineData).children, ctx as unknown as ActorContext);
      return restored as SnapshotFrom<M>;
    },
    ...(options.migrate === undefined ? {} : { migrate: options.migrate }),
    view: (snapshot) => {
      const { value, context, status, output } = snapshot as unknown as MachineView;
      return status === 'done' ? { value, context, status, output } : { value, context, status };
    },
  };
}

/** One machine definition, stepped purely. The scope is shared by all actors of the definition and keeps nothing of them. */
class Stepper {
  /** What the last step asked for. */
  readonly actions: Action[] = [];
  /** What its states put off, where any does. */
  readonly deferral: Deferral | null;
  readonly face: MachineFace;
  private readonly definition: AnyStateMachine;
  private readonly shell: AnyActorRef;
  private readonly parentShell: AnyActorRef;
  private readonly scope: Parameters<AnyStateMachine['transition']>[2];
  private readonly collect: (action: Action) => void;
  /** No eventless transitions and no wildcards: an event no active state names changes nothing. */
  private readonly plain: boolean;
  /** The same definition as tables, where it is flat. */
  private readonly flat: FlatMachine | null;
  /** Where it is not flat: the events that leave it where it is. */
  private readonly staying: StayingSteps | null;

  constructor(logic: AnyStateMachine, actorNames: readonly string[], compiled: boolean) {
    const stubs: Record<string, unknown> = {};
    for (const name of actorNames) stubs[name] = inert;
    this.definition = logic.provide({ actors: stubs as never });
    const { options } = this.definition as unknown as { options: { maxIterations: number } };
    if (options.maxIterations === Infinity) options.maxIterations = MOST_MICROSTEPS;
    this.plain = isPlain(this.definition);
    this.deferral = Deferral.of(this.definition);
    this.parentShell = createActor(inert as never, {} as never) as unknown as AnyActorRef;
    this.shell = createActor(inert as never, { parent: this.parentShell } as never) as unknown as AnyActorRef;
    this.collect = (action) => {
      this.actions.push(action);
    };
    this.scope = {
      self: this.shell,
      id: 'cell',
      sessionId: 'cell',
      system: this.shell.system,
      logger: () => undefined,
      emit: () => undefined,
      stopChild: () => undefined,
      defer: noSpawn,
      actionExecutor: this.collect as never,
    } as unknown as Parameters<AnyStateMachine['transition']>[2];
    this.face = new MachineFace(this.definition, this.deferral, this.scope);
    const transition = (snapshot: AnyMachineSnapshot, event: Event): AnyMachineSnapshot =>
      this.definition.transition(snapshot, event as never, this.scope) as unknown as AnyMachineSnapshot;
    const extras = { self: this.shell, system: this.shell.system, spawn: noSpawn };
    this.flat = compiled ? FlatMachine.compile(this.definition, this.actions, transition, extras) : null;
    this.staying = compiled && this.flat === null ? new StayingSteps(this.definition, this.actions, extras) : null;
  }

  init(input: unknown): AnyMachineSnapshot {
    this.actions.length = 0;
    return this.compact(this.definition.getInitialSnapshot(this.scope as never, input) as unknown as AnyMachineSnapshot);
  }

  step(snapshot: AnyMachineSnapshot, event: Event): AnyMachineSnapshot {
    if (this.actions.length !== 0) this.actions.length = 0;
    if (this.flat !== null && snapshot instanceof FlatState) return this.flat.step(snapshot, event) as AnyMachineSnapshot;
    if (this.plain && !this.names(snapshot, event.type)) return snapshot;
    const stayed = this.staying === null ? MOVES : this.staying.stay(snapshot, event);
    if (stayed !== MOVES) return stayed;
    return this.compact(this.definition.transition(snapshot, event as never, this.scope) as unknown as AnyMachineSnapshot);
  }

  /** @throws Error when no active state names the failure of an effect, guards aside: an error nobody handles is a crash */
  mustTake(snapshot: AnyMachineSnapshot, failure: EffectFailed): void {
    const whole = snapshot instanceof FlatState ? snapshot.whole() : snapshot;
    const { _nodes: nodes } = whole as unknown as { _nodes: readonly { readonly transitions: ReadonlyMap<string, unknown> }[] };
    for (const node of nodes) for (const type of [failure.type, 'runtime.*', '*']) if (node.transitions.has(type)) return;
    throw new Error(`no transition takes the failure of effect "${failure.effect}"`, { cause: failure.cause });
  }

  /** What the actor keeps of a snapshot: the compiled machine's own form of it where there is one. */
  private compact(snapshot: AnyMachineSnapshot): AnyMachineSnapshot {
    return this.flat === null ? snapshot : (this.flat.compact(snapshot) as AnyMachineSnapshot);
  }

  /** @throws Error when the data names a state this definition does not have */
  restore(data: MachineData): AnyMachineSnapshot {
    this.actions.length = 0;
    return this.compact(this.definition.restoreSnapshot(persistedOf(this.definition, data) as never, this.scope as never) as unknown as AnyMachineSnapshot);
  }

  /** Whether any active state has a transition for this event, guards aside. XState's own events always count. */
  private names(snapshot: AnyMachineSnapshot, type: string): boolean {
    const { _nodes: nodes } = snapshot as unknown as { _nodes: readonly { readonly transitions: ReadonlyMap<string, unknown> }[] };
    for (const node of nodes) if (node.transitions.has(type)) return true;
    return type.startsWith('xstate.') || snapshot.status !== 'active';
  }

  /** Whom a `sendTo` is for: the actor itself, its parent, a child, or any reference the machine was given. */
  target(params: SendParams, ctx: ActorContext): ActorRef {
    const { to } = params;
    if (to === this.shell) return ctx.self;
    if (to === this.parentShell) return ctx.ref(ctx.path.slice(0, ctx.path.lastIndexOf('/')) || '/');
    if (typeof to === 'string') return ctx.ref(`${ctx.path}/${to}`);
    if (isRuntimeRef(to)) return to;
    const child = to as AnyActorRef | undefined;
    if (child === undefined) throw new Error(`sendTo: there is no child "${params.targetId ?? '?'}"`);
    return ctx.ref(`${ctx.path}/${child.id}`);
  }
}

function raise(params: RaiseParams, ctx: ActorContext): void {
  // Without a delay the machine has already taken the event in the same step.
  if (typeof params.delay === 'number') ctx.startTimer(params.id ?? ctx.nextId(), params.delay, params.event);
}

function outcome(id: string, reason: ExitReason): Event & Readonly<Record<string, unknown>> {
  switch (reason.kind) {
    case 'normal': return { type: `xstate.done.actor.${id}`, output: reason.output, actorId: id };
    case 'shutdown': return { type: `xstate.done.actor.${id}`, output: reason.info, actorId: id };
    case 'killed': return { type: `xstate.error.actor.${id}`, error: { name: 'Killed', message: 'the child was killed' }, actorId: id };
    case 'error': return { type: `xstate.error.actor.${id}`, error: reason.cause, actorId: id };
  }
}

function isRuntimeRef(value: unknown): value is ActorRef {
  return typeof value === 'object' && value !== null && 'path' in value && typeof value.path === 'string';
}

/** What of a machine's behaviour one that wraps it hands on as it is: its state as data, its view, and its definition. */
export function dataHooks<S>(inner: Behaviour<S, never, never>): Pick<Behaviour<S>, 'snapshot' | 'restore' | 'view' | 'machine'> {
  const { snapshot, restore, view, machine: face } = inner as unknown as Behaviour<S>;
  return {
    ...(face === undefined ? {} : { machine: face }),
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(restore === undefined ? {} : { restore }),
    ...(view === undefined ? {} : { view }),
  };
}
