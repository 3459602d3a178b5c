import { TimerHeap } from '../../runtime/clock/timer-heap.js';
import { CellContext } from '../../runtime/core/context.js';
import { Dispatcher } from '../../runtime/core/dispatcher.js';
import { Groups } from '../../runtime/core/groups.js';
import { Mailbox } from '../../runtime/core/mailbox.js';
import { Post } from '../../runtime/core/post.js';
import { Runtime } from '../../runtime/index.js';
import { SupervisorState } from '../../runtime/supervision/supervisor-state.js';
import { RestartWindow } from '../../runtime/supervision/window.js';

type Method = (this: never, ...args: never[]) => unknown;
type Patch = readonly [prototype: object, method: string, broken: (original: Method) => Method];

const getOf: (this: Map<unknown, unknown>, key: unknown) => unknown = Map.prototype.get;

let drift = 0;

/** Bugs a runtime could have, as patches of its classes: the properties must find every one of them. */
const BUGS = {
  // Counted from the hundredth restart on: a child that ends as soon as it starts must not be restarted for ever.
  'the budget is not counted': [RestartWindow.prototype, 'exceeded', (original) => function (this: RestartWindow & { uncounted?: number }, nowUs: number) {
    this.uncounted = (this.uncounted ?? 0) + 1;
    return this.uncounted > 100 && original.call(this as never, nowUs as never) as boolean;
  }],
  'one restart more than the budget': [RestartWindow.prototype, 'exceeded', (original) => function (this: RestartWindow, nowUs: number) {
    (this as unknown as { slack?: number }).slack ??= 0;
    const exceeded = original.call(this as never, nowUs as never) as boolean;
    return exceeded && (this as unknown as { slack: number }).slack++ > 0;
  }],
  'a message is lost': [Mailbox.prototype, 'push', (original) => function (this: Mailbox, message: unknown) {
    if (this.count !== 3) original.call(this as never, message as never);
  }],
  'a message is handled twice': [Mailbox.prototype, 'shift', (original) => function (this: Mailbox & { before?: unknown; odd?: number }) {
    const message = original.call(this as never);
    this.odd = (this.odd ?? 0) + 1;
    if (this.odd % 7 !== 0 || this.before === undefined) return (this.before = message);
    return this.before;
  }],
  'timers outlive their actor': [TimerHeap.prototype, 'remove', (original) => function (this: TimerHeap, timer: { key: string }) {
    return timer.key === '' || this.peek() === timer as never ? original.call(this as never, timer as never) : false;
  }],
  'a notice is lost': [Dispatcher.prototype, 'tell', (original) => function (this: Dispatcher, ...args: unknown[]) {
    if ((args[1] as number) % 3 !== 0) original.apply(this as never, args as never[]);
  }],
  'a notice comes twice': [Dispatcher.prototype, 'tell', (original) => function (this: Dispatcher, ...args: unknown[]) {
    original.apply(this as never, args as never[]);
    original.apply(this as never, args as never[]);
  }],
  'a question has two outcomes': [Dispatcher.prototype, 'answer', (original) => function (this: Dispatcher, ask: { done: boolean }, result: { ok: boolean }) {
    original.call(this as never, ask as never, result as never);
    if (result.ok) ask.done = false;
  }],
  'a question has no outcome': [Dispatcher.prototype, 'answer', (original) => function (this: Dispatcher, ask: { done: boolean }, result: { ok: boolean; reason?: string }) {
    if (result.reason !== 'timeout') original.call(this as never, ask as never, result as never);
  }],
  'a name has two holders': [CellContext.prototype, 'register', (original) => function (this: CellContext, name: string) {
    const others = new Map<string, unknown>();
    const get = Map.prototype.get.bind(others);
    Map.prototype.get = function (this: Map<unknown, unknown>, key: unknown): unknown {
      return key === name ? get(name) : getOf.call(this, key);
    };
    try {
      return original.call(this as never, name as never);
    } finally {
      Map.prototype.get = getOf;
    }
  }],
  'siblings stop in start order': [Array.prototype, 'reverse', () => function (this: unknown[]) {
    return this;
  }],
  'a failed turn leaves its wishes': [Dispatcher.prototype, 'failTurn', (original) => function (this: Dispatcher, ...args: unknown[]) {
    this.hooks.commit(this, 0);
    original.apply(this as never, args as never[]);
  }],
  'a partition is not started': [SupervisorState.prototype, 'configure', (original) => function (this: SupervisorState, spec: { readonly kind: string }) {
    original.call(this as never, spec as never);
    if (spec.kind === 'partitioned' && this.declared.length > 1) this.declared = this.declared.slice(0, -1);
  }],
  'a task that crashed has no outcome': [Dispatcher.prototype, 'answer', (original) => function (this: Dispatcher, ask: unknown, result: { ok: boolean; reason?: string }) {
    if (result.reason !== 'crashed') original.call(this as never, ask as never, result as never);
  }],
  'who ends stays in its groups': [Groups.prototype, 'release', () => () => undefined],
  'a change of a group is not told': [Groups.prototype, 'tell', () => () => undefined],
  'a late start has no deadline': [Post.prototype, 'arm', (original) => function (this: Post, dueUs: number, cell: { readonly pendingStart?: { readonly timer: unknown } | null } | null, ...rest: unknown[]) {
    const never = cell?.pendingStart?.timer === null && rest[0] === '';
    return original.call(this as never, (never ? Infinity : dueUs) as never, cell as never, ...rest as never[]);
  }],
  'a start that is finished is not noticed': [Dispatcher.prototype, 'startSettled', () => () => undefined],
  'who was put away is not brought back': [Dispatcher.prototype, 'opens', (original) => function (this: Dispatcher, cell: { readonly idle: { readonly asleep: boolean } | null; readonly suspended: boolean }) {
    return (cell.idle?.asleep === true && !cell.suspended) || (original.call(this as never, cell as never) as boolean);
  }],
  'a dry run of an upgrade is none': [Runtime.prototype, 'upgrade', (original) => function (this: Runtime, target: unknown, behaviour: unknown) {
    return original.call(this as never, target as never, behaviour as never);
  }],
  'chance is not seeded': [CellContext.prototype, 'random', () => () => (drift = (drift + 0.377) % 1)],
} as const satisfies Record<string, readonly [object, string, (original: Method) => (...args: never[]) => unknown]>;
export type Bug = keyof typeof BUGS;
export const PLANTED = Object.keys(BUGS) as Bug[];

/** Breaks the runtime of this process; returns the way to mend it. */
export function plant(bug: Bug): () => void {
  const [prototype, method, broken] = BUGS[bug] as unknown as Patch;
  const owner = ownerOf(prototype, method);
  const original = (owner as Record<string, Method>)[method]!;
  Object.defineProperty(owner, method, { value: broken(original), configurable: true, writable: true });
  return () => void Object.defineProperty(owner, method, { value: original, configurable: true, writable: true });
}

function ownerOf(prototype: object, method: string): object {
  let owner: object | null = prototype;
  while (owner !== null && !Object.hasOwn(owner, method)) owner = Object.getPrototypeOf(owner) as object | null;
  if (owner === null) throw new Error(`there is no method ${method} to break`);
  return owner;
}
