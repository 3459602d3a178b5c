import { type ChildSpec, type Reconfiguration, type Runtime, type Strategy, TraceKind, type TreeNode } from '../../runtime/index.js';
import type { Life } from './life.js';
import { parentOf, pathOf } from './world.js';

interface Rules {
  readonly restart: string | undefined;
  readonly budget: Budget | null;
  readonly strategy: Strategy | null;
  /** A budget of its own: the supervisor's does not count its restarts. */
  readonly own: Budget | null;
  readonly autoShutdown: string;
  readonly significant: boolean;
  /** Time a start has that goes on after init, and time without a turn after which an actor is put away. */
  readonly startMs: number;
  readonly idleMs: number | null;
  /** Of a partitioned supervisor: how many there are. */
  readonly partitions: number | null;
}

interface Budget {
  readonly restarts: number;
  readonly withinMs: number;
}

/** What was seen of one cell at the last look. */
interface Seen {
  restarts: number;
  incarnation: number;
  quarantined: boolean;
  /** When restarts happened: its own, or those of its children. */
  stamps: number[];
  /** When it was first seen in this incarnation. */
  sinceUs: number;
}

const GROUPS = ['g0', 'g1'];
const MOST_PARTITIONS = 6;
/** Of exits in the flight recorder. */
const EXIT_NORMAL = 0;
const EXIT_ERROR = 3;
/** After so long without a turn nothing of the actor's own (a timer that was replaced) touches it any more. */
const LAST_TOUCH_MS = 12;
const DOWN: ReadonlySet<string> = new Set(['restarting', 'stopped', 'quarantined']);

type Fail = (rule: string, detail: string) => void;

/** What must be true between any two turns, seen from outside through the public face. */
export class Invariants {
  private readonly runtime: Runtime;
  private readonly fail: Fail;
  private readonly rules = new Map<string, Rules>();
  private seen = new Map<number, Seen>();
  /** The tree stops from its root, and no supervisor was ending by itself before: the order holds at every level at once. */
  private wholeTreeStops = false;
  /** Number of the next event of the flight recorder to look at for ends that were nobody's wish. */
  private unseenEvent = 0;
  /** Some actor has more time to stop than a script waits. */
  mayTakeForEver = false;
  /** Children whose last start said that there is nothing to do. */
  readonly ignored = new Set<string>();
  /** Supervisors under which an administrator has started somebody, or changed something. */
  readonly byHand = new Set<string>();
  /** Children whose specification changed while they were there. */
  private readonly changed = new Set<string>();

  constructor(runtime: Runtime, fail: Fail) {
    this.runtime = runtime;
    this.fail = fail;
  }

  /** Takes note of what a specification promises. */
  learn(spec: ChildSpec, path: string): void {
    this.rules.set(path, {
      restart: spec.restart, budget: spec.kind === 'worker' ? null : spec.intensity, strategy: spec.kind === 'supervisor' ? spec.strategy : null,
      // A temporary child has no use for a budget, and keeps none.
      own: spec.kind === 'worker' && spec.restart !== 'temporary' ? (spec.quarantine ?? null) : null, autoShutdown: spec.kind === 'worker' || spec.kind === 'partitioned' ? 'never' : (spec.autoShutdown ?? 'never'),
      significant: spec.significant === true,
      startMs: spec.kind === 'worker' ? (spec.startDeadlineMs ?? 1000) : 1000, idleMs: spec.kind === 'worker' ? (spec.idleAfter ?? null) : null,
      partitions: spec.kind === 'partitioned' ? spec.partitions : null,
    });
    if (spec.kind === 'partitioned') for (let n = 0; n < MOST_PARTITIONS; n++) this.learn({ ...spec.partition, id: String(n) } as ChildSpec, pathOf(path, String(n)));
    // The default is five seconds.
    if (spec.kind === 'worker' && (spec.shutdown === 'infinity' || spec.shutdown === undefined)) this.mayTakeForEver = true;
    if (spec.kind === 'supervisor') for (const child of spec.children) this.learn(child, pathOf(path, child.id));
  }

  /** The flags and children a reconfiguration has brought. */
  relearn(path: string, wanted: Reconfiguration): void {
    const rules = this.rules.get(path);
    this.byHand.add(path);
    if (rules === undefined) return;
    const { strategy, autoShutdown, partitions } = wanted as { readonly strategy?: Strategy; readonly autoShutdown?: string; readonly partitions?: number };
    this.rules.set(path, {
      ...rules, budget: wanted.intensity ?? rules.budget, strategy: rules.strategy === null ? null : (strategy ?? rules.strategy), autoShutdown: autoShutdown ?? rules.autoShutdown,
      partitions: rules.partitions === null ? null : (partitions ?? rules.partitions),
    });
    if (rules.strategy === null) return;
    for (const known of this.rules.keys()) if (parentOf(known) === path) this.changed.add(known);
    for (const child of (wanted as { readonly children?: readonly ChildSpec[] }).children ?? []) {
      this.learn(child, pathOf(path, child.id));
      this.changed.add(pathOf(path, child.id));
    }
  }

  /** An administrator's restart lifts a quarantine and opens a new window. */
  restartedByHand(path: string): void {
    // A start by hand that fails keeps the specification, a temporary child's too: one that a boot had yet to start.
    this.changed.add(path);
    const number = this.find(path)?.cell;
    if (number !== undefined) this.seen.delete(number);
  }

  /** The root is about to be stopped. */
  treeStops(): void {
    // One that is restarting may yet give up.
    const ending = (node: TreeNode): boolean => node.state === 'stopping' || node.state === 'restarting' || node.children.some(ending);
    const tree = this.runtime.tree();
    this.wholeTreeStops = tree !== null && !ending(tree);
    this.unseenEvent = this.runtime.trace().count;
  }

  /** An actor ended by itself: from here on its supervisor's own end and the stop of the tree may overlap. */
  somebodyEnded(): void {
    this.wholeTreeStops = false;
  }

  /** Not every actor that ends by itself has a stop hook that tells of it in time; the recorder has its exit before anything follows from it. */
  private lookForEnds(): void {
    if (!this.wholeTreeStops) return;
    const { fromSeq, kinds, details } = this.runtime.trace().columnsSince(this.unseenEvent);
    const overwritten = fromSeq > this.unseenEvent;
    const ofItself = kinds.some((kind, at) => kind === TraceKind.giveUp || (kind === TraceKind.exit && (details[at] === EXIT_NORMAL || details[at] === EXIT_ERROR)));
    if (overwritten || ofItself) this.somebodyEnded();
    this.unseenEvent = fromSeq + kinds.length;
  }

  check(): void {
    const { runtime } = this;
    this.lookForEnds();
    const counters = runtime.counters();
    const deferred = (counters as { readonly deferred?: number }).deferred ?? 0;
    const found = counters.handled + counters.queued + deferred + counters.deadLettered + counters.conflated;
    if (counters.sent !== found) {
      this.fail('sent = handled + queued + deferred + dead-lettered + conflated', `${counters.sent} sent; ${counters.handled} + ${counters.queued} + ${deferred} + ${counters.deadLettered} + ${counters.conflated} = ${found}`);
    }
    const tree = runtime.tree();
    const seen = new Map<number, Seen>();
    let cells = 0;
    if (tree !== null) cells = this.visit(tree, null, seen);
    this.seen = seen;
    if (cells !== counters.cells) this.fail('every live cell is in the tree: no orphan', `${counters.cells} cells, ${cells} in the tree`);
  }

  /** Nothing is queued: what is still expected must really be on its way. @param resumedUs when an actor was last resumed */
  atRest(lives: ReadonlyMap<string, Life>, resumedUs: number): void {
    const holders = new Map<string, string>();
    const tree = this.runtime.tree();
    if (tree !== null) this.restOf(tree, lives, holders, resumedUs);
    for (const group of GROUPS) {
      for (const { path } of this.runtime.members(group)) {
        const state = this.find(path)?.state;
        if (state === undefined || state === 'stopped' || state === 'quarantined') this.fail('membership ends with the actor', `${path}, a member of ${group}, is ${state ?? 'gone'}`);
      }
    }
  }

  /** Nobody of a group is started while one before it is still starting. */
  nobodyStarting(path: string): void {
    const parent = parentOf(path);
    const strategy = this.rules.get(parent)?.strategy ?? 'oneForOne';
    if (strategy === 'oneForOne' || this.byHand.has(parent)) return;
    for (const sibling of this.runtime.whichChildren(parent) ?? []) {
      if (sibling.path === path) return;
      if (sibling.state === 'starting') this.fail('the next of a group waits for a late start', `${path} starts while ${sibling.path} is starting`);
    }
  }

  isStarting(path: string): boolean {
    return this.find(path)?.state === 'starting';
  }

  startMs(path: string): number {
    return this.rules.get(path)?.startMs ?? 1000;
  }

  /** Keys before and after a change of the number of partitions: one stays where it is, goes to a new one, or leaves one that is gone. */
  rerouted(path: string, before: readonly string[], after: readonly string[], partitions: number): void {
    const were = this.rules.get(path)?.partitions ?? partitions;
    for (const [at, to] of after.entries()) {
      const from = before[at]!;
      if (to !== from && lastNumber(to) < were && lastNumber(from) < partitions) this.fail('a key stays in its partition', `key ${at} of ${path} went from ${from} to ${to}`);
      if (!(lastNumber(to) < partitions)) this.fail('a key has a partition', `key ${at} of ${path}, which has ${partitions}, went to ${to}`);
    }
  }

  /** What an upgrade may or may not change, by path. */
  versions(): Map<string, string> {
    const found = new Map<string, string>();
    const look = ({ path, behaviour, incarnation, handled, mailbox, timers, state, children }: TreeNode): void => {
      const awake = state === 'hibernating' ? 'running' : state;
      found.set(path, JSON.stringify([behaviour?.version, incarnation, handled, mailbox, timers, awake]));
      for (const child of children) look(child);
    };
    const tree = this.runtime.tree();
    if (tree !== null) look(tree);
    return found;
  }

  /** After an upgrade: those that it named have the new version and everything else as before; the others are as before. */
  upgraded(before: ReadonlyMap<string, string>, paths: readonly string[], to: number): void {
    const after = this.versions();
    const named = new Set(paths);
    for (const [path, was] of before) {
      const [version, ...rest] = JSON.parse(was) as unknown[];
      const wanted = JSON.stringify([named.has(path) ? to : version, ...rest]);
      if (after.get(path) !== wanted) this.fail('an upgrade changes versions, of all or of none', `${path}: ${was}, then ${after.get(path)}`);
    }
    if (after.size !== before.size) this.fail('an upgrade changes versions, of all or of none', `${before.size} actors, then ${after.size}`);
  }

  /** No sibling after this one is up, as far as its supervisor's strategy and state say so. */
  nobodyAfter(path: string, what: 'start' | 'stop', except: ReadonlySet<string>): void {
    this.lookForEnds();
    for (let below = path; below !== '/'; below = parentOf(below)) {
      const parent = parentOf(below);
      const strategy = this.rules.get(parent)?.strategy ?? null;
      const ending = what === 'stop' && parentState(this.runtime, parent) === 'stopping';
      const inGroup = below === path && strategy !== 'oneForOne';
      if (strategy !== null && (ending || inGroup)) {
        const siblings = this.runtime.whichChildren(parent) ?? [];
        const at = siblings.findIndex((sibling) => sibling.path === below);
        const early = siblings.slice(at + 1).find((sibling) => !DOWN.has(sibling.state) && (ending || !except.has(sibling.path)));
        if (at >= 0 && early !== undefined) this.fail(what === 'start' ? 'start order' : 'reverse stop order', `${path}: ${what} while ${early.path}, which comes after ${below}, is ${early.state}`);
      }
      if (!ending || !this.wholeTreeStops) return;
    }
  }

  private visit(node: TreeNode, parent: TreeNode | null, seen: Map<number, Seen>): number {
    const rules = this.rules.get(node.path);
    if (parent !== null && node.path !== pathOf(parent.path, node.id)) this.fail('a path says where its actor stands', `${node.path} under ${parent.path}`);
    const before = this.seen.get(node.cell);
    const now: Seen = before ?? { restarts: node.restarts, incarnation: node.incarnation, quarantined: false, stamps: [], sinceUs: this.runtime.nowUs() };
    if (seen.has(node.cell)) this.fail('names are unique', `cell ${node.cell} is twice in the tree`);
    seen.set(node.cell, now);
    if (before !== undefined && node.incarnation < before.incarnation) this.fail('incarnations count up', `${node.path}: ${before.incarnation}, then ${node.incarnation}`);
    if (rules !== undefined) this.judge(node, parent, rules, now, seen);
    if (now.incarnation !== node.incarnation && node.kind !== 'worker') now.stamps = [];
    if (now.incarnation !== node.incarnation) now.sinceUs = this.runtime.nowUs();
    now.restarts = node.restarts;
    now.incarnation = node.incarnation;
    now.quarantined = node.state === 'quarantined';
    let cells = 1;
    const ids = new Set<string>();
    for (const child of node.children) {
      if (ids.has(child.id)) this.fail('names are unique', `two children ${child.path}`);
      ids.add(child.id);
      cells += this.visit(child, node, seen);
    }
    return cells;
  }

  private judge(node: TreeNode, parent: TreeNode | null, rules: Rules, now: Seen, seen: ReadonlyMap<number, Seen>): void {
    const nowUs = this.runtime.nowUs();
    if (rules.partitions !== null && node.state === 'running') this.partitionsOf(node, rules.partitions);
    if (now.quarantined && node.state !== 'quarantined') this.fail('quarantined stays', `${node.path} is ${node.state}`);
    if (node.state === 'stopped' && parent?.state === 'running' && !this.changed.has(node.path) && (rules.restart === 'temporary' || parent.kind === 'dynamic')) {
      this.fail('a temporary or dynamic child that has stopped is gone', node.path);
    }
    for (let n = now.restarts; n < node.restarts; n++) {
      if (rules.restart === 'temporary' && !this.changed.has(node.path)) this.fail('a temporary child is never restarted', node.path);
      const counted = rules.own !== null ? now : parent === null ? undefined : seen.get(parent.cell);
      const budget = rules.own ?? (parent === null ? null : (this.rules.get(parent.path)?.budget ?? null));
      if (counted === undefined || budget === null) continue;
      counted.stamps.push(nowUs);
      const recent = counted.stamps.filter((stamp) => stamp >= nowUs - budget.withinMs * 1000).length;
      if (recent > budget.restarts) this.fail('the budget is never exceeded', `${node.path}: ${recent} restarts within ${budget.withinMs} ms, ${budget.restarts} are allowed`);
    }
    if (parent !== null && rules.significant && node.state === 'stopped' && node.lastExit?.kind === 'normal' && parent.state === 'running' && !this.ignored.has(node.path)
      && !this.changed.has(node.path)
      && this.rules.get(parent.path)?.autoShutdown === 'anySignificant') {
      this.fail('a significant child that ends closes its supervisor', `${node.path} ended, ${parent.path} runs`);
    }
  }

  private partitionsOf(node: TreeNode, partitions: number): void {
    for (let n = 0; n < partitions; n++) if (!node.children.some(({ id }) => id === String(n))) this.fail('every partition is there', `${node.path} has no partition ${n} of ${partitions}`);
    for (const { id, state } of node.children) if (Number(id) >= partitions && state !== 'stopping') this.fail('a partition too many is gone', `${node.path} has ${partitions}, and ${id} is ${state}`);
  }

  private restOf(node: TreeNode, lives: ReadonlyMap<string, Life>, holders: Map<string, string>, resumedUs: number): void {
    for (const child of node.children) this.restOf(child, lives, holders, resumedUs);
    if (node.state === 'hibernating' && node.mailbox > 0 && this.runtime.counters().deferred === 0) this.fail('at rest nothing is queued', `${node.path}: ${node.mailbox} messages, and it is put away`);
    // Messages that were set aside are counted in, and may stay.
    if (node.mailbox > 0 && node.state === 'running' && this.runtime.counters().deferred === 0) this.fail('at rest nothing is queued', `${node.path}: ${node.mailbox} messages`);
    const life = lives.get(node.path);
    if (node.kind === 'worker' && node.behaviour?.name === 'scripted' && node.state === 'starting' && life !== undefined) {
      if (life.lateUs === null) this.fail('who has said that it is there runs', `${node.path} is starting`);
      else if (life.lateUs <= this.runtime.nowUs()) this.fail('a late start ends by its deadline', `${node.path} is starting at ${this.runtime.nowUs()}, its time was up at ${life.lateUs}`);
    }
    if (node.kind !== 'worker' || node.state !== 'running' || life === undefined) return;
    if (node.behaviour?.name === 'scripted') this.restOfGroups(node, life);
    const idleMs = this.rules.get(node.path)?.idleMs ?? null;
    // A run that does not look knows no restarts.
    const quietUs = this.runtime.nowUs() - Math.max(life.lastUs, resumedUs, this.seen.get(node.cell)?.sinceUs ?? Infinity);
    if (idleMs !== null && node.mailbox === 0 && !this.changed.has(node.path) && node.behaviour?.name === 'scripted' && quietUs > (LAST_TOUCH_MS + 3 * idleMs) * 1000) {
      this.fail('who has nothing to do is put away', `${node.path}: no turn for ${quietUs} us, idle after ${idleMs} ms`);
    }
    for (const job of life.jobs) {
      if (job.dueUs <= this.runtime.nowUs() && job.outcomes !== 1 && !job.linked) this.fail('every task has exactly one outcome', `${node.path}: ${job.outcomes} outcomes at the deadline`);
    }
    const shown = this.runtime.inspect(node.path);
    for (const name of shown?.names ?? []) {
      const holder = holders.get(name);
      if (holder !== undefined) this.fail('names are unique', `"${name}" is held by ${holder} and ${node.path}`);
      holders.set(name, node.path);
    }
    for (const question of life.questions) {
      if (question.dueUs <= this.runtime.nowUs() && question.outcomes !== 1) this.fail('every ask has exactly one outcome', `${node.path}: ${question.outcomes} outcomes at the deadline`);
    }
    if (shown?.behaviour?.name !== 'scripted' || life.watching.size === 0) return;
    if (shown.watching.length !== life.watching.size) {
      this.fail('every monitor is told or still watches', `${node.path} waits for ${[...life.watching.values()].join(', ')}, the runtime watches ${shown.watching.join(', ') || 'nothing'}`);
    }
  }

  /** Membership as the actor believes it, and as who watches has been told. */
  private restOfGroups(node: TreeNode, life: Life): void {
    for (const group of GROUPS) {
      const isMember = this.runtime.members(group).some(({ path }) => path === node.path);
      if (isMember !== life.joined.has(group)) this.fail('a member is who has joined and not left', `${node.path} ${isMember ? 'is' : 'is not'} in ${group}`);
    }
    for (const { group, members } of life.groups.values()) {
      const there = this.runtime.members(group).map(({ path }) => path).join(' ');
      if (members?.join(' ') !== there) this.fail('who watches a group knows its members', `${node.path}: ${group} is [${there}], it was told [${members?.join(' ') ?? 'nothing'}]`);
    }
  }

  private find(path: string): TreeNode | undefined {
    let node = this.runtime.tree() ?? undefined;
    if (path === '/') return node;
    for (const id of path.slice(1).split('/')) node = node?.children.find((child) => child.id === id);
    return node;
  }
}

function lastNumber(path: string): number {
  return Number(path.slice(path.lastIndexOf('/') + 1));
}

function parentState(runtime: Runtime, path: string): string | undefined {
  if (path === '/') return runtime.tree()?.state;
  const parent = parentOf(path);
  return runtime.whichChildren(parent)?.find((child) => child.path === path)?.state;
}
