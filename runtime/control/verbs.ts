import { FIGURES, NODE_STATES, plainCopy, type Reconfiguration, type Runtime, TraceKind } from '../index.js';
import type { MethodAnswer, MethodInput, MethodName } from './methods.js';
import { isUnder } from './paths.js';
import { traceKindName } from './trace-hub.js';
import type { ControlTarget } from './target.js';
import type { TimesUs } from './turn-meter.js';
import { behavioursOf, load, upgradeWith } from './upgrades.js';
import { COPY, logOf, noActor, nodeAt, notOffered, orRefuse, ownVerb, placeOf, Refusal, refusal, running, specFrom, specOf, suspension, templateOf, wireNode, wireSpec } from './verb-support.js';

/** What a verb works with: the process, and what the server measures. */
export interface VerbScene {
  readonly target: ControlTarget;
  readonly eventLoopDelay: () => TimesUs;
}

/** The thread of the socket answers these by itself, or adds what it knows. */
type OwnOfThread = 'rpc.version' | 'rpc.ping' | 'rpc.discover' | 'trace.subscribe' | 'trace.unsubscribe' | 'reports.subscribe' | 'reports.unsubscribe' | 'process' | 'metrics';
type Answer<M extends MethodName> = MethodAnswer<M> | Promise<MethodAnswer<M>>;
type Verbs = { readonly [M in Exclude<MethodName, OwnOfThread>]: (params: MethodInput<M>, scene: VerbScene) => Answer<M> } & {
  /** Only the part that the process adds. */
  readonly process: (params: unknown, scene: VerbScene) => unknown;
  /** Without the socket's own counters. */
  readonly metrics: (params: unknown, scene: VerbScene) => Omit<MethodAnswer<'metrics'>, 'socket'>;
  /** The thread's own question: numbers of actors in trace events to their paths. */
  readonly cellPaths: (params: { readonly cells: readonly number[] }, scene: VerbScene) => [number, string][];
};

const MOST_CHILDREN = 1_000;
const MOST_NAMES = 200;
/** As the published summary of `machine` says. */
const PROBE_LEASE_MS = 10_000;
const PROBE_SHARE = 0.01;
const SNAPSHOT_COPY = { depth: 16, entries: 10_000, values: 20_000, textLength: 100_000 };

/** What each verb does, on the main thread, between turns. */
export const VERBS: Verbs = {
  process: (_params, { target }) => plainCopy(target.status?.() ?? null),

  tree: ({ path, depth, nodes }, { target }) => {
    const runtime = running(target);
    const tree = runtime.tree({ path, depth, nodes });
    if (tree === null) throw noActor(path);
    return { atUs: runtime.nowUs(), traced: runtime.trace().count, tree: wireNode(tree) };
  },

  figures: ({ path, depth, nodes }, { target }) => {
    const runtime = running(target);
    const figures = runtime.figures({ path, depth, nodes });
    if (figures === null) throw noActor(path);
    return { atUs: runtime.nowUs(), traced: runtime.trace().count, columns: [...FIGURES], states: [...NODE_STATES], machineStates: figures.machineStates, values: figures.values };
  },

  inspect: ({ path }, { target }) => {
    const runtime = running(target);
    const seen = runtime.inspect(path);
    if (seen === undefined) throw noActor(path);
    const { watching, topics, names } = seen;
    return {
      ...seen, atUs: runtime.nowUs(), traced: runtime.trace().count, timers: [...seen.timers],
      watching: watching.slice(0, MOST_NAMES), topics: topics.slice(0, MOST_NAMES), names: names.slice(0, MOST_NAMES),
      spec: wireSpec(specOf(runtime, path)),
    };
  },

  whichChildren: ({ path }, { target }) => {
    const runtime = running(target);
    // Not `whichChildren` of the runtime: that copies a million children where there are so many.
    const node = runtime.tree({ path, depth: 1, nodes: 1 + MOST_CHILDREN });
    const counts = runtime.countChildren(path);
    if (node === null || counts === undefined) throw noActor(path);
    return {
      children: node.children.map(({ id, path: at, kind, state }) => ({ id, path: at, kind, state })),
      omitted: node.omitted ?? 0,
      counts: { ...counts },
    };
  },

  deadLetters: ({ path, limit }, { target }) => {
    const runtime = running(target);
    const { deadLettered, deadLetters } = runtime.counters();
    const letters = runtime.deadLetters().filter((letter) => path === undefined || isUnder(letter.path, path));
    return {
      total: deadLettered,
      byReason: { ...deadLetters },
      letters: limit === 0 ? [] : letters.slice(-limit).map((letter) => ({
        ...letter, message: plainCopy(letter.message, COPY), ...(letter.cause === undefined ? {} : { cause: plainCopy(letter.cause, COPY) }),
      })),
    };
  },

  timers: ({ path, limit }, { target }) => {
    const runtime = running(target);
    if (path !== undefined && runtime.tree({ path, depth: 0, nodes: 1 }) === null) throw noActor(path);
    return { atUs: runtime.nowUs(), total: runtime.counters().timers, timers: runtime.timers(limit, path).map((timer) => ({ ...timer })) };
  },

  metrics: (_params, { target, eventLoopDelay }) => {
    const runtime = target.runtime();
    const { rss, heapUsed, heapTotal, external, arrayBuffers } = process.memoryUsage();
    return {
      atUs: runtime?.nowUs() ?? 0,
      runtime: runtime === null ? null : { ...runtime.counters(), traceEvents: runtime.trace().count },
      turns: target.turns === undefined ? null : { ...target.turns.times() },
      eventLoopDelay: { ...eventLoopDelay() },
      memory: { rssBytes: rss, heapUsedBytes: heapUsed, heapTotalBytes: heapTotal, externalBytes: external, arrayBuffersBytes: arrayBuffers },
      extra: plainCopy(target.metrics?.() ?? null),
    };
  },

  trace: ({ path, kinds, limit }, { target }) => {
    const runtime = running(target);
    const trace = runtime.trace();
    const columns = trace.columnsSince(0);
    const names = runtime.pathsOfCells(columns.cells);
    const wanted = kinds === undefined ? null : new Set<number>(kinds.map((kind) => TraceKind[kind]));
    const events: MethodAnswer<'trace'>['events'] = [];
    for (let at = columns.kinds.length - 1; at >= 0 && events.length < limit; at--) {
      const kind = columns.kinds[at]!;
      const cell = columns.cells[at]!;
      const name = names.get(cell) ?? null;
      if (wanted !== null && !wanted.has(kind)) continue;
      if (path !== undefined && (name === null || !isUnder(name, path))) continue;
      events.push({ seq: columns.fromSeq + at, kind: traceKindName(kind), path: name, cell, detail: columns.details[at]!, atUs: columns.times[at]! });
    }
    const oldest = columns.kinds.length === 0 ? null : { seq: columns.fromSeq, atUs: columns.times[0]! };
    return { count: trace.count, hash: trace.hash(), oldest, events: events.reverse() };
  },

  cellPaths: ({ cells }, { target }) => [...(target.runtime()?.pathsOfCells(cells) ?? [])],

  suspend: ({ path }, { target }) => suspension(running(target).suspend(path)),
  resume: ({ path }, { target }) => suspension(running(target).resume(path)),

  restart: ({ path, reason }, { target }) => {
    const runtime = running(target);
    const before = nodeAt(runtime, path);
    const { supervisor, id } = placeOf(path);
    const spec = specOf(runtime, path);
    const restart = spec?.restart ?? 'permanent';
    const restore = before.kind === 'worker' && spec?.kind === 'worker' ? spec.restore ?? 'init' : null;
    const how = before.state === 'stopped' || before.state === 'quarantined' ? 'started' : 'crashed';
    if (how === 'started') {
      orRefuse(runtime.restartChild(supervisor, id));
    } else if (before.state === 'restarting') {
      throw refusal({ kind: 'restarting', path });
    } else if (!runtime.crash(path, { name: 'OperatorRestart', message: reason ?? 'restarted over the control socket' })) {
      throw refusal({ kind: 'stopping', path });
    }
    const after = runtime.tree({ path, depth: 0, nodes: 1 });
    return { path, how, restore: how === 'crashed' ? restore : null, restart, incarnationBefore: before.incarnation, state: after?.state ?? null };
  },

  terminate: ({ path }, { target }) => {
    const runtime = running(target);
    nodeAt(runtime, path);
    const { supervisor, id } = placeOf(path);
    const byId = runtime.terminateChild(supervisor, id);
    // A dynamic supervisor knows its children by reference.
    orRefuse(!byId.ok && byId.reason.kind === 'needs_reference' ? runtime.terminateChild(supervisor, runtime.ref(path)) : byId);
    return { path };
  },

  startChild: ({ template: name, supervisor: wanted, id, input }, { target }) => {
    const runtime = running(target);
    const template = templateOf(target, name);
    const supervisor = wanted ?? template.supervisor;
    if (supervisor === undefined) throw new Refusal('invalidParams', `the template '${name}' leaves the supervisor open: name one`, { problems: ['supervisor: missing'] });
    const spec = specFrom(target, name, input, id);
    const started = runtime.startChild(supervisor, spec);
    if (!started.ok) throw refusal(started.reason);
    const { ref, ignored, pending } = started;
    return { path: ref.path, ...(ignored === true ? { ignored } : {}), ...(pending === true ? { pending } : {}) };
  },

  deleteChild: ({ path }, { target }) => {
    const runtime = running(target);
    const { supervisor, id } = placeOf(path);
    orRefuse(runtime.deleteChild(supervisor, id));
    return { path };
  },

  reconfigure: ({ path, template, input, flags }, { target }) => {
    const runtime = running(target);
    nodeAt(runtime, path);
    if ((template === undefined) === (flags === undefined)) throw new Refusal('invalidParams', 'reconfigure takes either a template or flags', { problems: ['template, flags: one of them'] });
    const wanted = flags ?? specFrom(target, template!, input, undefined);
    const answer = runtime.reconfigure(path, wanted as Reconfiguration);
    if (!answer.ok) throw refusal(answer.reason);
    return { path, added: [...answer.added], replaced: [...answer.replaced], kept: [...answer.kept] };
  },
  upgrade: async ({ path, module, dryRun }, { target }) => {
    if (target.loadUpgrade === undefined) throw notOffered('upgrade');
    const behaviours = behavioursOf(await load(target.loadUpgrade(module), module), module);
    // Loading took a while: only now is it certain which runtime there is.
    return upgradeWith(running(target), behaviours, path, dryRun);
  },
  ask: ({ name, input }, { target }) => ownVerb(target.questions, name, input),
  tell: ({ name, input }, { target }) => ownVerb(target.commands, name, input),
  machine: ({ path, after, known }, { target }) => {
    const reading = running(target).machine(path, { leaseMs: PROBE_LEASE_MS, share: PROBE_SHARE, after, ...(known === undefined ? {} : { known }) });
    if (reading === undefined) throw noActor(path);
    return reading as unknown as MethodAnswer<'machine'>;
  },
  snapshot: ({ path }, { target }) => {
    const taken = running(target).snapshot(path);
    if (!taken.ok) throw refusal(taken.reason);
    return { snapshot: plainCopy(taken.snapshot, SNAPSHOT_COPY) };
  },
  replaceState: ({ path, value }, { target }) => {
    if (target.debug !== true) throw new Refusal('forbidden', 'only a process started for debugging allows replaceState');
    const answer = running(target).replaceState(path, value);
    if (!answer.ok) throw refusal(answer.reason);
    return { path };
  },

  'logLevel.get': (_params, { target }) => ({ level: logOf(target).get() }),
  'logLevel.set': ({ level }, { target }) => {
    const log = logOf(target);
    const before = log.get();
    log.set(level);
    return { level: log.get(), before };
  },

  shutdown: ({ reason, deadlineMs, now }, { target }) => {
    if (target.shutdown === undefined) throw notOffered('shutdown');
    target.shutdown({ reason, now, ...(deadlineMs === undefined ? {} : { deadlineMs }) });
    return { accepted: true };
  },
};

/** The write verbs that change the tree. */
type ChangeMethod = 'suspend' | 'resume' | 'restart' | 'terminate' | 'startChild' | 'deleteChild' | 'reconfigure' | 'upgrade' | 'replaceState';
/** Those of them that need nothing but the tree and their params. */
const REPEATABLE: readonly ChangeMethod[] = ['suspend', 'resume', 'restart', 'terminate', 'deleteChild', 'reconfigure'];
const UNREPEATABLE: readonly ChangeMethod[] = ['startChild', 'upgrade', 'replaceState'];

/** Whether a verb that was carried out changed the tree, so that whoever runs the same inputs again must do it again. */
export function changesTree(method: string, params: unknown): boolean {
  if (typeof params === 'object' && params !== null && 'dryRun' in params && params.dryRun === true) return false;
  return ([...REPEATABLE, ...UNREPEATABLE] as readonly string[]).includes(method);
}

/** Does to a tree what a verb did to another one like it. False where that cannot be done from the verb's params. @throws Refusal as the verb. */
export function repeatChange(runtime: Runtime, method: string, params: unknown): boolean {
  if (!(REPEATABLE as readonly string[]).includes(method)) return false;
  const target: ControlTarget = { name: 'replay', version: '', runtime: () => runtime };
  const verb = VERBS[method as keyof typeof VERBS] as (params: unknown, scene: Pick<VerbScene, 'target'>) => unknown;
  verb(params, { target });
  return true;
}
