import type { AnyStateMachine } from 'xstate';
import { ContentHash } from '../observe/contents.js';
import { actionLabel, clip, guardLabel, isAfterTimer } from './labels.js';

/** One state of a chart. States and transitions name each other by their places in the model's lists. */
export interface ChartState {
  /** XState's id, e.g. `detector.ALERT.holding`. */
  readonly id: string;
  /** Its name under its parent. */
  readonly key: string;
  readonly parent: number | null;
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  /** Of a compound state: the child it begins with. */
  readonly initial: number | null;
  readonly history: 'shallow' | 'deep' | null;
  readonly entry: readonly string[];
  readonly exit: readonly string[];
  readonly invoke: readonly string[];
  readonly tags: readonly string[];
  /** Event types that it puts off (`meta.defer`). */
  readonly defers: readonly string[];
  readonly description: string | null;
}

/**
 * How a transition comes about: by an event, at once (`always`), by time (`after`), by the end of its own region (`done`) or of an invoked
 * child (`childDone`, `childError`).
 */
export type TransitionKind = 'event' | 'always' | 'after' | 'done' | 'childDone' | 'childError';

export interface ChartTransition {
  readonly source: number;
  /** Empty: the state stays. */
  readonly targets: readonly number[];
  readonly kind: TransitionKind;
  /** The event's descriptor (wildcards included), the delay of `after`, the id of a child; '' for `always` and `done`. */
  readonly event: string;
  readonly guard: string | null;
  readonly actions: readonly string[];
  /** Leaves and enters its source, though the target is inside. */
  readonly reenter: boolean;
  /** `on: { EVENT: undefined }`: the event ends here and does nothing. */
  readonly forbidden: boolean;
  readonly description: string | null;
}

/** A machine's definition as plain, bounded data. `states[0]` is the root; parents come before their children. */
export interface ChartModel {
  readonly id: string;
  readonly states: readonly ChartState[];
  readonly transitions: readonly ChartTransition[];
  /** What the bounds left out; zero of an ordinary machine. */
  readonly omitted: { readonly states: number; readonly transitions: number };
}

export interface Chart {
  readonly model: ChartModel;
  /** Of the model: equal definitions have the same, in every process. */
  readonly digest: string;
  /** Places in the model's lists by XState's own nodes and transitions. */
  readonly stateOf: ReadonlyMap<object, number>;
  readonly transitionOf: ReadonlyMap<object, number>;
}

export const MOST_STATES = 1_000;
export const MOST_TRANSITIONS = 3_000;
const MOST_NAMES = 30;
const LONGEST_DESCRIPTION = 500;

/** The part of XState's state node that is read. */
interface Node {
  readonly id: string;
  readonly key: string;
  readonly type: ChartState['type'];
  readonly history: 'shallow' | 'deep' | false;
  readonly entry: readonly unknown[];
  readonly exit: readonly unknown[];
  readonly invoke: readonly { readonly id: string; readonly src: unknown }[];
  readonly tags: readonly unknown[];
  readonly meta?: unknown;
  readonly description?: unknown;
  readonly always?: readonly Transition[];
  readonly transitions: ReadonlyMap<string, readonly Transition[]>;
  readonly initial?: { readonly target?: readonly Node[] };
  readonly states: Readonly<Record<string, Node>>;
  readonly config: { readonly on?: Readonly<Record<string, unknown>>; readonly target?: unknown };
}

interface Transition {
  readonly actions: readonly unknown[];
  readonly guard?: unknown;
  readonly target?: readonly Node[];
  readonly reenter: boolean;
  readonly delay?: unknown;
  readonly description?: unknown;
}

/** Reads the chart off a machine's definition. Pure; what is too much for the bounds is left out and counted. */
export function chartOfMachine(machine: AnyStateMachine): Chart {
  const stateOf = new Map<object, number>();
  const nodes: { readonly node: Node; readonly parent: number | null }[] = [];
  let omittedStates = 0;
  const collect = (node: Node, parent: number | null): void => {
    if (nodes.length >= MOST_STATES) {
      omittedStates++;
    } else {
      stateOf.set(node, nodes.length);
      nodes.push({ node, parent });
    }
    const place = stateOf.get(node) ?? null;
    for (const key of Object.keys(node.states)) collect(node.states[key]!, place);
  };
  collect(machine.root as unknown as Node, null);

  const states = nodes.map(({ node, parent }) => stateModel(node, parent, stateOf));
  const transitions: ChartTransition[] = [];
  const transitionOf = new Map<object, number>();
  let omittedTransitions = 0;
  for (const [source, { node }] of nodes.entries()) {
    for (const [descriptor, transition] of transitionsOf(node)) {
      if (transitions.length >= MOST_TRANSITIONS) {
        omittedTransitions++;
        continue;
      }
      transitionOf.set(transition, transitions.length);
      transitions.push(transitionModel(source, node, descriptor, transition, stateOf));
    }
  }
  const model = { id: clip(machine.id), states, transitions, omitted: { states: omittedStates, transitions: omittedTransitions } };
  return { model, digest: chartDigest(model), stateOf, transitionOf };
}

/** Of a model, wherever it comes from: equal models have equal ones. No proof against somebody who looks for two models with the same. */
export function chartDigest(model: ChartModel): string {
  const hash = new ContentHash();
  hash.add(model);
  return hex(hash.high) + hex(hash.low);
}

function stateModel(node: Node, parent: number | null, stateOf: ReadonlyMap<object, number>): ChartState {
  const first = node.initial?.target?.[0];
  const defers = typeof node.meta === 'object' && node.meta !== null ? (node.meta as { readonly defer?: unknown }).defer : undefined;
  return {
    id: clip(node.id),
    key: clip(node.key),
    parent,
    type: node.type,
    initial: node.type === 'compound' && first !== undefined ? (stateOf.get(first) ?? null) : null,
    history: node.type === 'history' ? (node.history === 'deep' ? 'deep' : 'shallow') : null,
    entry: labels(node.entry.filter((action) => !isAfterTimer(action)), actionLabel),
    exit: labels(node.exit.filter((action) => !isAfterTimer(action)), actionLabel),
    invoke: labels(node.invoke, ({ id, src }) => (typeof src === 'string' && src !== id ? `${src} as ${id}` : id)),
    tags: labels(node.tags, String),
    defers: Array.isArray(defers) ? labels(defers as unknown[], String) : [],
    description: descriptionOf(node.description),
  };
}

/** All transitions of a state in XState's own order of trying, the eventless ones last; a history state's default is one, too. */
function* transitionsOf(node: Node): Generator<readonly [string | null, Transition]> {
  for (const [descriptor, list] of node.transitions) for (const transition of list) yield [descriptor, transition];
  for (const transition of node.always ?? []) yield [null, transition];
}

function transitionModel(source: number, node: Node, descriptor: string | null, transition: Transition, stateOf: ReadonlyMap<object, number>): ChartTransition {
  const { actions, guard, target, reenter, delay } = transition;
  const { kind, event } = causeOf(descriptor, delay);
  return {
    source,
    targets: (target ?? []).flatMap((to) => stateOf.get(to) ?? []),
    kind,
    event,
    guard: guard === undefined || guard === null ? null : guardLabel(guard),
    actions: labels(actions, actionLabel),
    reenter,
    forbidden: descriptor !== null && node.config.on !== undefined && Object.hasOwn(node.config.on, descriptor) && node.config.on[descriptor] === undefined,
    description: descriptionOf(transition.description),
  };
}

function causeOf(descriptor: string | null, delay: unknown): { readonly kind: TransitionKind; readonly event: string } {
  if (descriptor === null) return { kind: 'always', event: '' };
  if (descriptor.startsWith('xstate.after.')) return { kind: 'after', event: typeof delay === 'number' ? `${delay} ms` : clip(String(delay)) };
  if (descriptor.startsWith('xstate.done.state.')) return { kind: 'done', event: '' };
  if (descriptor.startsWith('xstate.done.actor.')) return { kind: 'childDone', event: clip(descriptor.slice('xstate.done.actor.'.length)) };
  if (descriptor.startsWith('xstate.error.actor.')) return { kind: 'childError', event: clip(descriptor.slice('xstate.error.actor.'.length)) };
  return { kind: 'event', event: clip(descriptor) };
}

function labels<T>(items: readonly T[], label: (item: T) => string): string[] {
  const out = items.slice(0, MOST_NAMES).map((item) => clip(label(item)));
  if (items.length > MOST_NAMES) out.push(`… and ${items.length - MOST_NAMES} more`);
  return out;
}

function descriptionOf(description: unknown): string | null {
  return typeof description === 'string' ? clip(description, LONGEST_DESCRIPTION) : null;
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
