import { TimeError, type TimeMachine, type TimeStep, type TimeTarget } from '../../../time/index.js';
import type { FlightRecording } from '../../../time/flight/recording.js';
import type { TimeCause, TimeCursor, TimeDecision, TimeRestart, TimeTree } from '../../wire/time.js';
import type { ActorDetail } from '../../wire/tree.js';
import { nodeOf, treeShape } from '../tree/shape.js';

/** Nodes of a tree, and values and bytes of a state, that are sent. */
const MOST_NODES = 5_000;
const INSPECT_LIMITS = { depth: 10, entries: 500, values: 10_000, textLength: 4_000 };

/** What the window asks of any past, that of a recording that is replayed or that of a flight. Every place is one that the question names. */
export interface Past {
  seek(target: TimeTarget): Promise<TimeCursor>;
  step(step: TimeStep, at: string): Promise<TimeCursor | null>;
  tree(at: string, path: string): Promise<TimeTree>;
  actor(at: string, path: string): Promise<ActorDetail | null>;
  inspect(at: string, path: string): Promise<unknown>;
  machine(at: string, path: string, known: string | undefined): Promise<unknown>;
  mailbox(at: string, path: string, count: number): Promise<unknown>;
  cause(of: { readonly decision: number } | { readonly order: string } | { readonly trade: string }): Promise<TimeCause>;
  decisions(from: number, count: number): Promise<readonly TimeDecision[]>;
  restarts(from: number, count: number): Promise<readonly TimeRestart[]>;
}

/** @param signal aborts when nobody waits for the answer any more */
export const pastOfMachine = (machine: TimeMachine, signal: AbortSignal): Past => ({
  seek: async (target) => await machine.seek(target, signal),
  step: async (step, at) => await machine.step(step, at, signal),
  tree: async (at, path) => {
    const cursor = await machine.seek({ key: at }, signal);
    const tree = await machine.tree({ path, nodes: MOST_NODES }, at, signal);
    // The version of a shape is what its figures are of: here each place is one of its own.
    return { cursor, shape: tree === null ? null : treeShape(tree, { version: cursor.event, life: 0, atUs: cursor.atUs }), ages: null, notes: [] };
  },
  actor: async (at, path) => {
    const [{ atUs }, tree, found, events] = await Promise.all([machine.seek({ key: at }, signal), machine.tree({ path, depth: 0 }, at, signal), machine.inspect(path, INSPECT_LIMITS, at, signal), machine.eventsOf(path, 50, at, signal)]);
    if (tree === null || found === null) return null;
    const { state, incarnation, value, watching, topics, names, timers } = found;
    return {
      path, node: nodeOf(tree, -1), state, incarnation, value, spec: null, watching, topics, names, timers, atUs, deadLetters: [],
      trace: events.map(({ event, kind, atUs: happenedUs, record }) => ({ seq: event, kind, detail: record, atUs: happenedUs })), problems: [],
    };
  },
  inspect: async (at, path) => await machine.inspect(path, INSPECT_LIMITS, at, signal),
  machine: async (at, path, known) => await machine.machine(path, known, at, signal),
  mailbox: async (at, path, count) => await machine.mailbox(path, count, at, signal),
  cause: async (of) => await machine.causeOf(of, signal),
  decisions: async (from, count) => await machine.decisions(from, count),
  restarts: async (from, count) => await machine.restarts(from, count),
});

/** What no event and no sample tells is not there: messages in mailboxes, decisions and what caused them. */
export const pastOfFlight = (flight: FlightRecording): Past => ({
  seek: async (target) => flight.seek(target),
  step: async (step, at) => flight.step(at, step),
  tree: async (at, path) => flight.tree(at, path),
  actor: async (at, path) => flight.actor(at, path),
  inspect: async (at, path) => flight.actor(at, path),
  machine: async (at, path) => flight.machine(at, path),
  mailbox: async () => null,
  cause: async () => {
    throw new TimeError('target', 'a process that writes no run has no decisions that are recorded');
  },
  decisions: async () => [],
  restarts: async (from, count) => flight.restarts(from, count),
});
