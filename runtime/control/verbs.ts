import { type ChildSpec, type FullChildSpec, plainCopy, type Reconfiguration, type Runtime, type SuspendResult, TraceKind, type TreeNode } from '../index.js';
import { rpcError, type RpcErrorBody, type RpcErrorName } from './errors.js';
import type { MethodAnswer, MethodInput, MethodName } from './methods.js';
import { isUnder } from './paths.js';
import { traceKindName } from './trace-hub.js';
import type { ControlTarget } from './target.js';
import type { TimesUs } from './turn-meter.js';

/** A refusal on its way out of a verb. */
export class Refusal extends Error {
  readonly body: RpcErrorBody;

  constructor(name: RpcErrorName, message: string, data?: Readonly<Record<string, unknown>>) {
    super(message);
    this.body = rpcError(name, message, data);
  }
}

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
const SNAPSHOT_COPY = { depth: 16, entries: 10_000, values: 20_000, textLength: 100_000 };
const COPY = { depth: 8, entries: 200, values: 2_000, textLength: 2_000 };

/** What each verb does, on the main thread, between turns. */
export const VERBS: Verbs = {
  process: (_params, { target }) => plainCopy(target.status?.() ?? null),

  tree: ({ path, depth, nodes }, { target }) => {
    const runtime = running(target);
    const tree = runtime.tree({ path, depth, nodes });
    if (tree === null) throw noActor(path);
    return { atUs: runtime.nowUs(), tree: wireNode(tree) };
  },

  inspect: ({ path }, { target }) => {
    const runtime = running(target);
    const seen = runtime.inspect(path);
    if (seen === undefined) throw noActor(path);
    const { watching, topics, names } = seen;
    return {
      ...seen, timers: [...seen.timers],
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
    return { count: trace.count, hash: trace.hash(), events: events.reverse() };
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
    const dynamic = runtime.tree({ path: supervisor, depth: 0, nodes: 1 })?.kind === 'dynamic';
    orRefuse(runtime.terminateChild(supervisor, dynamic ? runtime.ref(path) : id));
    return { path };
  },

  startChild: ({ template: name, supervisor: wanted, id, input }, { target }) => {
    const runtime = running(target);
    const template = templateOf(target, name);
    const supervisor = wanted ?? template.supervisor;
    if (supervisor === undefined) throw new Refusal('invalidParams', `the template '${name}' leaves the supervisor open: name one`, { problems: ['supervisor: missing'] });
    const spec = specFrom(target, name, input, id);
    const started = runtime.startChild(supervisor, spec);
    orRefuse(started);
    return { path: started.ok ? started.ref.path : '' };
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
  upgrade: () => {
    throw notOffered('upgrade');
  },
  snapshot: ({ path }, { target }) => {
    const taken = running(target).snapshot(path);
    if (!taken.ok) throw refusal(taken.reason);
    return { snapshot: plainCopy(taken.snapshot, SNAPSHOT_COPY) };
  },
  replaceState: (_params, { target }) => {
    if (target.debug !== true) throw new Refusal('forbidden', 'only a process started for debugging allows replaceState');
    throw notOffered('replaceState');
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

function running(target: ControlTarget): Runtime {
  const runtime = target.runtime();
  if (runtime === null || runtime.tree({ depth: 0, nodes: 1 }) === null) throw new Refusal('notRunning', 'no tree runs in the process at the moment');
  return runtime;
}

function nodeAt(runtime: Runtime, path: string): TreeNode {
  const node = runtime.tree({ path, depth: 0, nodes: 1 });
  if (node === null) throw noActor(path);
  return node;
}

function logOf(target: ControlTarget): NonNullable<ControlTarget['logLevel']> {
  if (target.logLevel === undefined) throw notOffered('logLevel');
  return target.logLevel;
}

function templateOf(target: ControlTarget, name: string): NonNullable<ControlTarget['templates']>[string] {
  const templates = target.templates ?? {};
  const template = Object.hasOwn(templates, name) ? templates[name] : undefined;
  if (template === undefined) throw new Refusal('notFound', `there is no template '${name}'`, { templates: Object.keys(templates) });
  return template;
}

function specFrom(target: ControlTarget, name: string, input: unknown, id: string | undefined): ChildSpec {
  try {
    return templateOf(target, name).spec(input, id);
  } catch (thrown) {
    if (thrown instanceof Refusal) throw thrown;
    throw new Refusal('invalidParams', `the template '${name}' refuses the input: ${messageOf(thrown)}`, { problems: [`input: ${messageOf(thrown)}`] });
  }
}

/** The supervisor and the id in a path. The root has none. */
function placeOf(path: string): { readonly supervisor: string; readonly id: string } {
  const cut = path.lastIndexOf('/');
  const id = path.slice(cut + 1);
  if (id === '') throw new Refusal('refused', 'the root has no supervisor; use shutdown', { reason: { kind: 'root', path } });
  return { supervisor: cut === 0 ? '/' : path.slice(0, cut), id };
}

function specOf(runtime: Runtime, path: string): FullChildSpec | undefined {
  if (path === '/') return undefined;
  const { supervisor, id } = placeOf(path);
  return runtime.getChildSpec(supervisor, id) ?? runtime.getChildSpec(supervisor, runtime.ref(path));
}

function wireSpec(spec: FullChildSpec | undefined): unknown {
  if (spec === undefined) return null;
  if (spec.kind !== 'worker') return plainCopy({ ...spec, ...('children' in spec ? { children: spec.children.map(({ id }) => id) } : {}) }, COPY);
  const { behaviour, ...rest } = spec;
  return plainCopy({ ...rest, behaviour: { name: behaviour.name, version: behaviour.version } }, COPY);
}

type WireNode = MethodAnswer<'tree'>['tree'];

/** The tree is a copy already; only exit reasons may hold what JSON cannot say. */
function wireNode(node: TreeNode): WireNode {
  const left: WireNode[] = [node as unknown as WireNode];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (next.lastExit !== null) next.lastExit = plainCopy(next.lastExit, COPY) as WireNode['lastExit'];
    for (const child of next.children) left.push(child);
  }
  return node as unknown as WireNode;
}

function suspension(answer: SuspendResult): MethodAnswer<'suspend'> {
  if (!answer.ok) throw refusal(answer.reason);
  return { path: answer.path, state: answer.state };
}

function orRefuse(answer: { readonly ok: true } | { readonly ok: false; readonly reason: { readonly kind: string } }): void {
  if (!answer.ok) throw refusal(answer.reason);
}

function refusal(reason: { readonly kind: string; readonly path?: string }): Refusal {
  const where = reason.path === undefined ? '' : ` (${reason.path})`;
  const plain = plainCopy(reason, COPY);
  if (reason.kind === 'not_found') return new Refusal('notFound', `there is no such actor or child${where}`, { reason: plain });
  return new Refusal('refused', `the runtime refuses: ${reason.kind}${where}`, { reason: plain });
}

function noActor(path: string): Refusal {
  return new Refusal('notFound', `there is no actor at ${path}`, { path });
}

function notOffered(verb: string): Refusal {
  return new Refusal('notSupported', `this process does not offer ${verb}`);
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

