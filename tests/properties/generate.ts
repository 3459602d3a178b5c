import { Random, type RestartType, type Strategy } from '../../runtime/index.js';
import { type Action, type ActorPlan, type DynamicPlan, type Order, ORDERS, type OrderType, type PartitionedPlan, type Plan, type Script, type SupervisorPlan, type WorkerPlan } from './script.js';

const STRATEGIES: readonly Strategy[] = ['oneForOne', 'oneForAll', 'restForOne'];
const RESTARTS: readonly RestartType[] = ['permanent', 'permanent', 'transient', 'temporary'];
const AUTO = ['never', 'anySignificant', 'allSignificant'] as const;
/** Orders as often as they are worth: most of a script is work, faults are the salt. */
const LIKELY: readonly OrderType[] = [...ORDERS, 'add', 'add', 'add', 'chain', 'timer', 'ask', 'monitor', 'die', 'join', 'watchGroup', 'task'];
const MOST_CHILDREN = 4;
const DEEPEST = 3;

/** The script of this number in the run of this seed. */
export function generate(seed: number, number: number): Script {
  const draw = new Draw(`${seed}|${number}`);
  const tree = draw.chance(0.08) ? draw.dynamic('root', null) : draw.chance(0.04) ? draw.partitioned('root', null) : draw.supervisor('root', null, DEEPEST);
  const places: Places = { all: [], supervisors: [] };
  collect(tree, '', places);
  const actions: Action[] = [];
  const length = 5 + draw.below(40);
  while (actions.length < length) actions.push(draw.action(places));
  return { seed: draw.below(1_000_000), tree, actions };
}

interface Places {
  readonly all: string[];
  readonly supervisors: { readonly path: string; readonly ids: readonly string[]; readonly autoShutdown: boolean; readonly partitioned?: true }[];
}

/** Every path the tree may come to have. */
function collect(plan: Plan, above: string | null, places: Places): void {
  const path = above === '' ? '/' : above === '/' ? `/${plan.id}` : `${above}/${plan.id}`;
  places.all.push(path);
  const under = (id: string): string => (path === '/' ? `/${id}` : `${path}/${id}`);
  switch (plan.kind) {
    case 'worker':
      places.all.push(under('kid0'), under('kid1'), under('job0'));
      break;
    case 'dynamic':
      places.all.push(under('d0'), under('d1'), under('d2'));
      places.supervisors.push({ path, ids: ['d0', 'd1', 'd2'], autoShutdown: canEnd(plan) });
      break;
    case 'partitioned': {
      const ids = ['0', '1', '2'];
      places.all.push(...ids.map(under));
      places.supervisors.push({ path, ids, autoShutdown: false, partitioned: true });
      if (plan.partition.kind !== 'dynamic') break;
      places.all.push(`${under('0')}/d0`, `${under('1')}/d0`);
      for (const id of ids) places.supervisors.push({ path: under(id), ids: ['d0', 'd1'], autoShutdown: canEnd({ ...plan.partition, id }) });
      break;
    }
    case 'supervisor':
      places.all.push(under('d0'));
      places.supervisors.push({ path, ids: [...plan.children.map((child) => child.id), 'd0'], autoShutdown: canEnd(plan) });
      for (const child of plan.children) collect(child, path, places);
      break;
  }
}

function canEnd(plan: SupervisorPlan | DynamicPlan): boolean {
  return plan.autoShutdown !== undefined && plan.autoShutdown !== 'never';
}

class Draw {
  private readonly random: Random;

  constructor(seed: string) {
    this.random = new Random(seed);
  }

  below(limit: number): number {
    return Math.floor(this.random.next() * limit);
  }

  chance(share: number): boolean {
    return this.random.next() < share;
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** The fields, each with its chance; an absent one leaves the default to the runtime. */
  private maybe<T extends object>(share: number, fields: () => T): T | Record<never, never> {
    return this.chance(share) ? fields() : {};
  }

  private budget(): { restarts: number; withinMs: number } {
    return { restarts: this.below(5), withinMs: this.of([1, 10, 20, 100]) };
  }

  private backoff() {
    return { backoff: { minMs: this.of([0, 1, 2]), maxMs: this.of([2, 8, 30]), jitter: this.of([0, 0.5, 1]), ...this.maybe(0.3, () => ({ resetAfterMs: this.below(40) })) } };
  }

  /** Fields that every child has; `under`: whether its supervisor may end with it. */
  private common(under: boolean | null): { restart?: RestartType; significant?: boolean } {
    if (under === true && this.chance(0.5)) return { restart: this.of(['transient', 'temporary'] as const), significant: true };
    return under === null ? {} : this.maybe(0.7, () => ({ restart: this.of(RESTARTS) }));
  }

  supervisor(id: string, under: boolean | null, depth: number): SupervisorPlan {
    const autoShutdown = this.chance(0.3) ? this.of(AUTO) : undefined;
    const ends = autoShutdown !== undefined && autoShutdown !== 'never';
    const children: Plan[] = [];
    const size = 1 + this.below(MOST_CHILDREN);
    while (children.length < size) children.push(this.child(`n${children.length}`, ends, depth - 1));
    return {
      kind: 'supervisor', id, strategy: this.of(STRATEGIES), intensity: this.budget(), ...(autoShutdown === undefined ? {} : { autoShutdown }), ...this.common(under),
      ...this.maybe(0.2, () => ({ shutdown: { force: this.below(6) } })), ...this.maybe(0.25, () => this.backoff()), children,
    };
  }

  dynamic(id: string, under: boolean | null): DynamicPlan {
    return {
      kind: 'dynamic', id, intensity: this.budget(), ...this.maybe(0.3, () => ({ maxChildren: this.below(4) })),
      ...this.maybe(0.3, () => ({ autoShutdown: this.of(AUTO) })), ...this.common(under), ...this.maybe(0.25, () => this.backoff()),
    };
  }

  partitioned(id: string, under: boolean | null): PartitionedPlan {
    const { id: _id, ...partition } = this.chance(0.5) ? this.worker(id, false) : this.dynamic(id, false);
    return {
      kind: 'partitioned', id, partitions: 1 + this.below(3), partition, intensity: this.budget(), ...this.common(under), ...this.maybe(0.25, () => this.backoff()),
    };
  }

  child(id: string, under: boolean, depth: number): Plan {
    if (this.chance(0.06)) return this.partitioned(id, under);
    if (depth > 0 && this.chance(0.35)) return this.supervisor(id, under, depth);
    return this.chance(0.15) ? this.dynamic(id, under) : this.worker(id, under);
  }

  worker(id: string, under: boolean): WorkerPlan {
    const overflow = this.of(['reject', 'dropNewest', 'dropOldest', 'conflate', 'fail'] as const);
    const actor = this.actor();
    return {
      kind: 'worker', id, ...(Object.keys(actor).length === 0 ? {} : { actor }), ...this.common(under),
      ...this.maybe(0.4, () => ({ restore: 'lastGood' as const })),
      ...this.maybe(0.6, () => ({ shutdown: this.of([0, 3, 10, 'brutal', 'infinity'] as const) })),
      ...this.maybe(0.5, () => ({ mailbox: { capacity: this.of([1, 2, 4, 8]), overflow, ...this.maybe(0.3, () => ({ stash: this.below(4) })), ...this.maybe(0.5, () => ({ onRestart: this.of(['keep', 'drop', 'reject'] as const) })) } })),
      ...this.maybe(0.25, () => this.backoff()),
      ...this.maybe(0.2, () => ({ quarantine: this.budget() })),
      ...this.maybe(0.12, () => ({ idleAfter: this.of([1, 3, 6]) })), ...this.maybe(0.2, () => ({ startDeadlineMs: this.of([2, 6]) })),
    };
  }

  private actor(): ActorPlan {
    if (this.chance(0.08)) return { machine: true };
    return {
      ...this.maybe(0.25, () => ({ mutable: true })), ...this.maybe(0.15, () => ({ flaky: 2 + this.below(3) })),
      ...this.maybe(0.06, () => ({ ignores: 2 + this.below(2) })), ...this.maybe(0.05, () => ({ failsByValue: true })),
      ...this.maybe(0.14, () => ({ late: this.below(9), ...this.maybe(0.15, () => ({ failsLate: true })) })),
      ...this.maybe(0.2, () => ({ slowStop: true })), ...this.maybe(0.08, () => ({ failStop: true })),
      ...this.maybe(0.25, () => ({ onStart: [this.order(['/n0', '/n1', '/n0/n0'])] })),
    };
  }

  private order(paths: readonly string[]): Order {
    const type = this.of(LIKELY);
    return { type, n: this.below(12), to: this.chance(0.1) ? this.of(['alpha', 'beta']) : this.of(paths) };
  }

  /** New flags, and now and then new children: some of the old, one that is new. */
  private reconfigure(at: string, ends: boolean): Action {
    const flags = {
      ...this.maybe(0.5, () => ({ strategy: this.of(STRATEGIES) })), ...this.maybe(0.5, () => ({ intensity: this.budget() })),
      ...this.maybe(0.2, () => ({ autoShutdown: this.of(AUTO) })),
    };
    if (this.chance(0.5)) return { do: 'reconfigure', at, flags };
    const ids = ['n0', 'n1', 'n2', 'r0'].filter(() => this.chance(0.6));
    return { do: 'reconfigure', at, flags, children: ids.map((id) => this.worker(id, ends)) };
  }

  private partitions(at: string): Action {
    return { do: 'reconfigure', at, flags: { partitions: 1 + this.below(4), ...this.maybe(0.3, () => ({ intensity: this.budget() })) } };
  }

  /** Upgrades, groups and partitions. */
  private lately(all: readonly string[], supervisors: Places['supervisors']): Action {
    const kind = this.below(10);
    if (kind < 5) {
      const actor = { ...this.maybe(0.3, () => ({ mutable: true })), ...this.maybe(0.3, () => ({ refuses: this.of(['migrate', 'restore', 'version'] as const) })), ...this.maybe(0.2, () => ({ slowStop: true })) };
      return { do: 'upgrade', at: this.of(all), ...(Object.keys(actor).length === 0 ? {} : { actor }), ...this.maybe(0.5, () => ({ all: true })), ...this.maybe(0.25, () => ({ dryRun: true })) };
    }
    if (kind < 7) return { do: 'broadcast', group: this.of(['g0', 'g1']) };
    const places = supervisors.filter((place) => place.partitioned === true);
    if (places.length === 0) return { do: 'wait', ms: this.of([0, 1, 3, 10, 40]) };
    const { path } = this.of(places);
    return this.chance(0.5) ? this.partitions(path) : { do: 'route', at: path, key: this.below(20), order: this.order(all) };
  }

  action({ all, supervisors }: Places): Action {
    const kind = this.below(105);
    const to = this.of(all);
    if (kind < 40) return { do: 'send', to, order: this.order(all), ...this.maybe(0.2, () => ({ times: 2 + this.below(12) })) };
    if (kind < 47) return { do: 'ask', to, order: this.chance(0.6) ? { type: this.chance(0.7) ? 'reply' : 'replyTwice' } : this.order(all), ms: this.below(20) };
    if (kind < 62) return { do: 'step', turns: 1 + this.below(6) };
    if (kind < 74) return { do: 'wait', ms: this.of([0, 1, 3, 10, 40]) };
    if (kind < 77) return { do: 'crash', at: to };
    if (kind < 78) return { do: 'exit', at: to, kind: this.of(['normal', 'shutdown', 'error'] as const) };
    if (kind < 81) return { do: 'kill', at: to };
    if (kind < 83) return { do: 'poison', at: to };
    if (kind < 84) return { do: this.chance(0.5) ? 'suspend' : 'resume', at: to };
    if (kind < 86) return { do: 'monitor', at: to };
    if (kind < 87) return { do: 'publish', order: { type: 'add' } };
    const { path, ids, autoShutdown, partitioned } = this.of(supervisors);
    const id = this.of(ids);
    if (kind < 91) return { do: this.chance(0.5) ? 'terminateChild' : 'terminateByRef', at: path, id };
    if (kind < 94) return { do: 'restartChild', at: path, id };
    if (kind < 95) return { do: 'deleteChild', at: path, id };
    if (kind < 96) return partitioned ? this.partitions(path) : this.reconfigure(path, autoShutdown);
    if (kind >= 100) return this.lately(all, supervisors);
    return { do: 'startChild', at: path, child: this.child(this.of(['d0', 'd1', 'd2']), autoShutdown, 1) };
  }
}
