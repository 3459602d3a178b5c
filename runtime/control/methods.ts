import { z } from 'zod';
import { TraceKind } from '../observe/trace.js';
import { FIGURES } from '../observe/tree.js';

/** Version of the protocol. It grows when a method changes its meaning; new methods and new fields do not count. */
export const PROTOCOL_VERSION = 1;

const path = z.string().min(1).max(1024).regex(/^\//, 'a path begins with /').describe('Absolute path of an actor, such as /market/kernel; / is the root supervisor.');
const count = z.number().int().nonnegative();
const atUs = z.number().describe('Microseconds since the epoch on the clock of the runtime.');
const none = z.strictObject({});
const traced = count.optional().describe('Trace events that had happened: what places this among them.');
const anything = z.unknown().describe('Bounded plain data; what JSON cannot say is an object with one $-key, such as {"$bigint":"1"}.');
const reason = z.string().max(500).describe('Why, for the log.');

/** The kinds of trace events, as the runtime names them. */
export const TRACE_KINDS = Object.keys(TraceKind) as [keyof typeof TraceKind, ...(keyof typeof TraceKind)[]];
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
const logLevel = z.enum(LOG_LEVELS);

const behaviour = z.looseObject({ name: z.string(), version: z.number() }).nullable();
const exit = z.looseObject({ kind: z.string() }).describe('Exit reason: kind normal, shutdown, killed or error; an error has its cause chain, innermost last.');

const node = z.looseObject({
  path: z.string(),
  id: z.string(),
  cell: count.describe('Number of the actor in trace events.'),
  kind: z.string().describe('worker, supervisor, dynamic or another kind of supervisor.'),
  behaviour,
  state: z.string().describe('running, suspended, restarting, stopping, stopped, quarantined, …'),
  machineState: z.string().optional().describe("State of an actor that is a state machine: ACTIVE, open.halfOpen, parallel regions as left.one+right.two; at most 40 characters, '' for any other."),
  incarnation: count,
  restarts: count,
  mailbox: count.describe('Messages waiting.'),
  handled: count,
  timers: count,
  lastExit: exit.nullable(),
  restart: z.string().optional().describe('permanent, transient or temporary.'),
  mailboxBound: count.optional().describe('Messages the mailbox holds at most; 0 for a supervisor.'),
  supervision: z.looseObject({
    strategy: z.string().describe('oneForOne, oneForAll or restForOne.'), restarts: count.describe('The restart budget.'), withinMs: z.number(),
    used: count.describe('Restarts of the last `withinMs`.'), autoShutdown: z.string(),
  }).nullable().optional().describe('Null for a worker.'),
  get children(): z.ZodArray<typeof node> {
    return z.array(node);
  },
  omitted: count.optional().describe('Children that the limits of the call left out.'),
});

const traceFilter = {
  path: path.optional().describe('Only this actor and what is under it.'),
  kinds: z.array(z.enum(TRACE_KINDS)).min(1).max(TRACE_KINDS.length).optional().describe('Only events of these kinds.'),
};
const traceEvent = z.looseObject({
  seq: count.describe('Place in the trace; counts from 0 in every runtime of the process.'),
  kind: z.string(),
  path: z.string().nullable().describe('Null when the actor was gone before its name could be looked up.'),
  cell: count,
  detail: z.number().describe('By kind: turn = turns of the actor, start and resume = incarnation, exit = 0 normal 1 shutdown 2 killed 3 error, backoff = delay in µs.'),
  atUs,
});

const report = z.looseObject({
  kind: z.string().describe('failure (with context, reason, offender) or progress (with started).'),
  supervisor: z.string(),
  atUs,
});

const timer = z.looseObject({ path: z.string(), key: z.string(), dueUs: z.number() });
const letter = z.looseObject({ reason: z.string(), path: z.string(), message: anything, atUs, cause: anything.optional() });
const histogram = z.looseObject({
  count, minUs: z.number(), meanUs: z.number(), p50Us: z.number(), p90Us: z.number(), p99Us: z.number(), p999Us: z.number(), maxUs: z.number(),
});
const mainLoop = z.looseObject({
  stalled: z.boolean().describe('The main loop has not turned for longer than a second.'),
  turnedAgoMs: z.number().describe('Since the main loop last turned, to the quarter of a second.'),
});
const done = z.looseObject({ path: z.string() });
const suspension = z.looseObject({ path: z.string(), state: z.string() });

export type MethodKind = 'read' | 'write';

function method<P extends z.ZodType, R extends z.ZodType>(kind: MethodKind, summary: string, params: P, result: R): { kind: MethodKind; summary: string; params: P; result: R } {
  return { kind, summary, params, result };
}

/** Every method with the schemas that parse its params and its result. The published schema is made from this. */
export const METHODS = {
  'rpc.version': method('read', 'Who serves the socket, and in which version of the protocol. With `protocol` it refuses another version.',
    z.strictObject({ protocol: count.optional(), client: z.string().max(200).optional().describe('Name of the client, for the audit.') }),
    z.looseObject({ protocol: count, name: z.string(), pid: count, version: z.string(), server: z.string() })),
  'rpc.ping': method('read', 'Answered by the thread of the socket, also while the main loop is stuck.', none,
    z.looseObject({ mainLoop, threadUptimeMs: z.number() })),
  'rpc.discover': method('read', 'This schema, as an OpenRPC document.', none, z.looseObject({ openrpc: z.string(), methods: z.array(z.unknown()) })),

  process: method('read', 'The process: name, pid, version, since when, whether its main loop turns. Also answered while it does not.', none,
    z.looseObject({
      name: z.string(), pid: count, version: z.string(), node: z.string(), startedAtUs: atUs, uptimeMs: z.number(), mainLoop,
      status: anything.describe('What the process says of itself; null when it says nothing.'),
      statusAgeMs: z.number().nullable().describe('Age of that status: the last one known when the main loop is stuck.'),
    })),
  tree: method('read', 'The supervision tree, or the part of it under `path`, level by level until `nodes` are told.',
    z.strictObject({
      path: path.default('/'),
      depth: z.number().int().min(0).max(64).default(64).describe('Levels below the path.'),
      nodes: z.number().int().min(1).max(5_000).default(2_000),
    }),
    z.looseObject({ atUs, traced, tree: node })),
  figures: method('read', 'What changes from moment to moment of the actors that `tree` tells with the same params, in about a sixteenth of its bytes and several times less work: for who looks several times a second.',
    z.strictObject({
      path: path.default('/'),
      depth: z.number().int().min(0).max(64).default(64).describe('Levels below the path.'),
      nodes: z.number().int().min(1).max(5_000).default(2_000),
    }),
    z.looseObject({
      atUs, traced,
      columns: z.array(z.string()).describe(`What each actor has in \`values\`, in order: ${FIGURES.join(', ')}.`),
      states: z.array(z.string()).describe('States by their numbers.'),
      machineStates: z.array(z.string()).optional().describe('States of machines by their numbers, each once; the first is the empty text, of whatever is no machine.'),
      values: z.array(z.number()).describe('Actors level by level, as many numbers each as there are columns.'),
    })),
  inspect: method('read', 'One actor: state, value, timers, watches, names. Answered by the runtime, not by the actor.', z.strictObject({ path }),
    z.looseObject({
      path: z.string(), atUs: atUs.optional(), traced, behaviour, state: z.string(), incarnation: count, value: anything,
      timers: z.array(z.looseObject({ key: z.string(), dueUs: z.number() })),
      watching: z.array(z.string()), topics: z.array(z.string()), names: z.array(z.string()),
      spec: anything.describe('The child specification with its defaults, without functions.'),
    })),
  whichChildren: method('read', 'The children of a supervisor, and how many (OTP which_children, count_children).', z.strictObject({ path: path.default('/') }),
    z.looseObject({
      children: z.array(z.looseObject({ id: z.string(), path: z.string(), kind: z.string(), state: z.string() })),
      omitted: count,
      counts: z.looseObject({ specs: count, active: count, supervisors: count, workers: count }),
    })),
  deadLetters: method('read', 'Messages nobody handled: counts by reason and the last ones, newest last.',
    z.strictObject({ path: path.optional().describe('Only letters to this actor and what is under it.'), limit: z.number().int().min(0).max(256).default(50) }),
    z.looseObject({ total: count, byReason: z.record(z.string(), count), letters: z.array(letter) })),
  timers: method('read', 'Armed timers of actors, earliest first.',
    z.strictObject({ path: path.optional().describe('Only timers of this actor and what is under it.'), limit: z.number().int().min(1).max(1_000).default(100) }),
    z.looseObject({ atUs, total: count.describe('Armed timers in the runtime, also those of asks.'), timers: z.array(timer) })),
  metrics: method('read', 'Counters of the runtime, turn times, event-loop delay, memory, and the counters of the socket itself.', none,
    z.looseObject({
      atUs,
      runtime: z.looseObject({}).nullable(),
      turns: histogram.nullable().describe('Length of the bursts of turns since the start.'),
      eventLoopDelay: histogram,
      memory: z.looseObject({ rssBytes: count, heapUsedBytes: count, heapTotalBytes: count, externalBytes: count, arrayBuffersBytes: count }),
      socket: z.looseObject({}).describe('Counters of the socket: clients, requests, drops.'),
      extra: anything.describe('What the process adds.'),
    })),
  trace: method('read', 'The last events of the flight recorder, oldest first, and the hash over all of them.',
    z.strictObject({ ...traceFilter, limit: z.number().int().min(1).max(1_000).default(100) }),
    z.looseObject({ count, hash: z.string(), oldest: z.looseObject({ seq: count, atUs }).nullable().optional().describe('The oldest event that is still held, of whatever actor and kind.'), events: z.array(traceEvent) })),
  'trace.subscribe': method('read', 'From now on sends `trace.events` notifications to this connection, in batches.', z.strictObject(traceFilter),
    z.looseObject({ subscription: count })),
  'trace.unsubscribe': method('read', 'Ends a subscription of this connection.', z.strictObject({ subscription: count }),
    z.looseObject({ delivered: count, dropped: count })),
  'reports.subscribe': method('read', 'From now on sends `reports.events` notifications to this connection: what supervisors report, after OTP.',
    z.strictObject({
      path: path.optional().describe('Only reports of this supervisor and of those under it.'),
      failures: z.boolean().default(false).describe('Only failures, no progress.'),
    }),
    z.looseObject({ subscription: count })),
  'reports.unsubscribe': method('read', 'Ends a subscription of this connection.', z.strictObject({ subscription: count }),
    z.looseObject({ delivered: count, dropped: count })),

  suspend: method('write', 'The actor handles no message until it is resumed; they wait in its mailbox (OTP sys:suspend). A restart ends it.', z.strictObject({ path, reason: reason.optional() }), suspension),
  resume: method('write', 'Ends a suspension; a no-op for an actor that is not suspended.', z.strictObject({ path, reason: reason.optional() }), suspension),
  restart: method('write', 'A running actor is crashed and comes back by its restore rule; it counts in the budget of its supervisor. A stopped or quarantined child is started again.',
    z.strictObject({ path, reason: reason.optional() }),
    z.looseObject({
      path: z.string(),
      how: z.enum(['crashed', 'started']),
      restore: z.enum(['init', 'lastGood']).nullable().describe('What a crashed actor begins with; null for a supervisor.'),
      restart: z.string().describe('Its restart type. A temporary child that was crashed does not come back.'),
      incarnationBefore: count,
      state: z.string().nullable().describe('Its state when the answer was written; null when it is gone.'),
    })),
  terminate: method('write', 'Stops a child and keeps its specification (a temporary or dynamic one is gone).', z.strictObject({ path, reason: reason.optional() }), done),
  startChild: method('write', 'Starts a child from a template that the process has registered.',
    z.strictObject({
      template: z.string().min(1).max(200),
      supervisor: path.optional().describe('Where, if the template leaves it open.'),
      id: z.string().min(1).max(200).optional(),
      input: z.unknown().optional(),
      reason: reason.optional(),
    }),
    z.looseObject({
      path: z.string(),
      ignored: z.literal(true).optional().describe('Its start said that it is not needed.'),
      pending: z.literal(true).optional().describe('Its start goes on; look at its state later.'),
    })),
  deleteChild: method('write', 'Forgets the specification of a stopped child.', z.strictObject({ path, reason: reason.optional() }), done),
  reconfigure: method('write', 'Gives a running supervisor a new specification by OTP\'s rules of code change: flags replaced, new children not started, missing ones kept.',
    z.strictObject({
      path,
      template: z.string().min(1).max(200).optional().describe('A registered template that makes the new specification.'),
      input: z.unknown().optional(),
      flags: z.strictObject({
        strategy: z.enum(['oneForOne', 'oneForAll', 'restForOne']).optional(),
        intensity: z.strictObject({ restarts: count, withinMs: z.number().positive() }).optional(),
        autoShutdown: z.enum(['never', 'anySignificant', 'allSignificant']).optional(),
        maxChildren: count.optional(),
        partitions: z.number().int().min(1).optional(),
      }).optional().describe('Flags to change; the rest stays.'),
      reason: reason.optional(),
    }),
    z.looseObject({
      path: z.string(),
      added: z.array(z.string()).describe('Children that are known now and not started.'),
      replaced: z.array(z.string()).describe('Children with a new specification; a running one begins with it at its next fresh start.'),
      kept: z.array(z.string()).describe('Children that the new specification no longer names.'),
    })),
  upgrade: method('write', 'Puts newer versions of behaviours in the place of those that run: snapshot, migrate, restore, between turns, for all actors or for none. What is wrong is listed in `data.problems` of the refusal.',
    z.strictObject({
      path: path.optional().describe('Only this actor; left out, every actor of each behaviour in the module.'),
      module: z.string().min(1).max(4096).describe('File of an ES module on the disk of the process; its exports are behaviours.'),
      dryRun: z.boolean().default(false).describe('Try all of it and change nothing.'),
      reason: reason.optional(),
    }),
    z.looseObject({
      dryRun: z.boolean(),
      upgraded: z.array(z.looseObject({ path: z.string(), from: z.number(), to: z.number() })),
      templates: z.array(z.string()).describe('Dynamic supervisors whose template starts the new version from now on.'),
    })),
  ask: method('read', 'A question that only this kind of process answers, such as the books of an exchange. A wrong name is answered with the right ones in `data.names`.',
    z.strictObject({ name: z.string().min(1).max(200), input: z.unknown().optional() }), z.looseObject({ value: anything })),
  tell: method('write', 'A command that only this kind of process carries out, such as starting a scenario of an exchange. A wrong name is answered with the right ones in `data.names`.',
    z.strictObject({ name: z.string().min(1).max(200), input: z.unknown().optional(), reason: reason.optional() }), z.looseObject({ value: anything })),
  machine: method('read', 'One actor as a state machine: its chart, where it stands, and what its events did since this was first asked. The first call begins a probe of the actor, each one extends it; it ends by itself when nobody asks for 10 s. At most four actors at a time; the one asked for longest ago gives way.',
    z.strictObject({
      path,
      after: z.number().int().min(-1).default(-1).describe('Only events after this number.'),
      known: z.string().max(64).optional().describe('Digest of the chart that the caller has; then it is not sent again.'),
    }),
    z.looseObject({
      path: z.string(), atUs, behaviour,
      kind: z.enum(['machine', 'reducer', 'supervisor']).describe('reducer: an actor whose state is no machine\'s.'),
      state: z.string(), incarnation: count,
      digest: z.string().nullable().describe('Of the chart; null where there is none.'),
      chart: anything.describe('The definition: states (parents first) and transitions, which name each other by their places in the lists. Null where there is none, or where it is `known`.'),
      value: anything.describe('State value of a machine.'),
      active: z.array(count).describe('Places of the active states.'),
      status: z.string().nullable(),
      context: anything.describe('Context of a machine; of another actor what `inspect` shows.'),
      sinceUs: atUs, leaseMs: count,
      seen: count.describe('Events since the probe began.'),
      unexamined: count.describe('Those of them that came while the probe\'s share of the time (1 %) was used up: in no count of a transition.'),
      counts: z.record(z.string(), count).describe('Times each transition was taken, by its place.'),
      events: z.array(z.looseObject({
        seq: count, atUs, incarnation: count, type: z.string(),
        outcome: z.string().describe('start, taken, refused, forbidden, deferred, aside (never handed to the machine), handled (by a reducer), threw or unexamined.'),
        payload: anything, before: anything, after: anything,
        taken: z.array(z.number()).describe('Places of the transitions, in order; -1 for one beyond the bounds of the chart.'),
        candidates: z.array(z.looseObject({ transition: z.number(), guard: z.string().nullable(), outcome: z.string() })).describe('Every transition of an active state for this event, with what its guard says: passes, fails or threw.'),
        waiting: z.array(z.looseObject({ transition: z.number(), guard: z.string().nullable(), outcome: z.string() })).describe('The same for the eventless transitions of the state it ended in.'),
        changes: z.array(z.looseObject({ path: z.array(z.union([z.string(), z.number()])) })).describe('What changed in the context: path, before, after.'),
        moreChanges: z.boolean(), error: z.string().nullable(),
      })).describe('The last ones, 64 at most, oldest first.'),
    })),
  snapshot: method('read', 'The snapshot envelope of an actor, taken between turns, as bounded plain data.', z.strictObject({ path }), z.looseObject({ snapshot: anything })),
  replaceState: method('write', 'Replaces the state of an actor, through its restore hook where it has one. Only in a process started for debugging; never of a durable actor.', z.strictObject({ path, value: z.unknown(), reason }), done),
  'logLevel.get': method('read', 'The level of the log.', none, z.looseObject({ level: logLevel })),
  'logLevel.set': method('write', 'Sets the level of the log.', z.strictObject({ level: logLevel }), z.looseObject({ level: logLevel, before: logLevel })),
  shutdown: method('write', 'Coordinated shutdown. The answer comes when it has begun.',
    z.strictObject({
      reason: reason.default('asked over the control socket'),
      deadlineMs: z.number().int().min(0).max(600_000).optional(),
      now: z.boolean().default(false).describe('Fence everything at once.'),
    }),
    z.looseObject({ accepted: z.boolean() })),
} as const;

export type Methods = typeof METHODS;
export type MethodName = keyof Methods;
/** Params as a client writes them: what has a default may be left out. */
export type MethodParams<M extends MethodName> = z.input<Methods[M]['params']>;
/** Params as a handler gets them. */
export type MethodInput<M extends MethodName> = z.output<Methods[M]['params']>;
export type MethodResult<M extends MethodName> = z.output<Methods[M]['result']>;
/** What a handler must make. */
export type MethodAnswer<M extends MethodName> = z.input<Methods[M]['result']>;

export type WireTreeNode = z.output<typeof node>;
export type WireTraceEvent = z.output<typeof traceEvent>;

/** Notifications that the server sends. */
export const NOTIFICATIONS = {
  'trace.events': {
    summary: 'A batch of trace events of a subscription.',
    params: z.looseObject({
      subscription: count,
      events: z.array(traceEvent),
      dropped: count.describe('Events that matched and were dropped since the last batch: the client reads too slowly, or there were more than a batch holds.'),
      missed: count.describe('Events that the flight recorder had overwritten before they were read, of whatever actor and kind.'),
      restarted: z.boolean().optional().describe('The process has another runtime now, and `seq` counts from 0 again.'),
    }),
  },
  'reports.events': {
    summary: 'Supervisor reports of a subscription.',
    params: z.looseObject({
      subscription: count,
      events: z.array(report),
      dropped: count.describe('Reports dropped since the last batch, whether they matched or not.'),
    }),
  },
} as const;
export type ReportBatch = z.output<(typeof NOTIFICATIONS)['reports.events']['params']>;
export type TraceBatch = z.output<(typeof NOTIFICATIONS)['trace.events']['params']>;

export function isMethodName(name: string): name is MethodName {
  return Object.hasOwn(METHODS, name);
}
