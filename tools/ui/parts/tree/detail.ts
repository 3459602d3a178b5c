import { plainCopy } from '../../../../runtime/observe/inspect.js';
import type { ControlClient } from '../../../../runtime/control/index.js';
import type { ActorDetail } from '../../wire/tree.js';
import { nodeOf } from './shape.js';

/** A context of 10 MB is shown as far as a person reads. */
const VALUE = { depth: 8, entries: 100, values: 1_500, textLength: 1_000 };
const SMALL = { depth: 4, entries: 20, values: 100, textLength: 300 };
const MOST_TIMERS = 50;
const MOST_LETTERS = 20;
const MOST_TRACE = 50;
const MOST_NAMES = 50;

/** Everything that the inspector shows of one actor. What cannot be had is named in `problems`; the rest is there all the same. */
export async function actorDetail(client: ControlClient, path: string): Promise<ActorDetail> {
  const problems: string[] = [];
  const orNull = async <T>(what: string, asked: Promise<T>): Promise<T | null> => {
    try {
      return await asked;
    } catch (error) {
      problems.push(`${what}: ${(error as Error).message}`);
      return null;
    }
  };
  const [inspected, tree, letters, timers, trace] = await Promise.all([
    orNull('state', client.call('inspect', { path })),
    orNull('place', client.call('tree', { path, depth: 0, nodes: 1 })),
    orNull('dead letters', client.call('deadLetters', { path, limit: MOST_LETTERS })),
    orNull('timers', client.call('timers', { path, limit: MOST_TIMERS })),
    orNull('trace', client.call('trace', { path, limit: MOST_TRACE })),
  ]);
  return {
    path,
    node: tree === null ? null : nodeOf(tree.tree, -1),
    state: inspected?.state ?? tree?.tree.state ?? 'unknown',
    incarnation: inspected?.incarnation ?? 0,
    value: inspected === null ? null : plainCopy(inspected.value, VALUE),
    spec: inspected === null ? null : plainCopy(inspected.spec, SMALL),
    watching: names(inspected?.watching), topics: names(inspected?.topics), names: names(inspected?.names),
    // Only its own: those below it are theirs.
    timers: (timers?.timers ?? []).filter((timer) => timer.path === path).map(({ key, dueUs }) => ({ key: key.slice(0, 300), dueUs })),
    atUs: timers?.atUs ?? tree?.atUs ?? 0,
    deadLetters: (letters?.letters ?? []).map(({ reason, path: at, message, atUs }) => ({ reason, path: at, message: plainCopy(message, SMALL), atUs })),
    trace: (trace?.events ?? []).filter((event) => event.path === path).map(({ seq, kind, detail, atUs }) => ({ seq, kind, detail, atUs })),
    problems,
  };
}

function names(list: readonly string[] | undefined): string[] {
  return (list ?? []).slice(0, MOST_NAMES).map((name) => name.slice(0, 300));
}
