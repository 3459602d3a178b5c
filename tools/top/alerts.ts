import type { ActorSample, Alert, DetectorSample, Severity } from './sample.js';

/** What an actor shows of itself. */
export interface Shown {
  readonly path: string;
  readonly behaviour: string;
  readonly value: unknown;
}

/** Actors by behaviour that are asked for what they show, because an alert or a state comes of it. */
export const ASKED: readonly string[] = ['detector', 'truth', 'guard', 'risk', 'breaker', 'limits', 'feeds-health', 'user-stream', 'operator'];

type Fields = Readonly<Record<string, unknown>>;
const fields = (value: unknown): Fields => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {});
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string => (typeof value === 'string' ? value : value === null || value === undefined ? '' : JSON.stringify(value));

/** Detectors and their states, by symbol. */
export function detectorsOf(shown: readonly Shown[]): DetectorSample[] {
  return shown.filter(({ behaviour }) => behaviour === 'detector').map(({ path, value }) => ({ name: path.slice(path.lastIndexOf('/') + 1), state: text(fields(value)['value']) }));
}

/** Mailboxes below that are nobody's trouble. */
const LEAST_MAILBOX = 32;
/** So many looks in a row it has grown. */
export const GROWING_LOOKS = 3;

export interface Mailboxes {
  /** Depths at the last looks, oldest first, of mailboxes that held something. */
  readonly recent: ReadonlyMap<string, readonly number[]>;
}

/** The next look's memory of mailboxes. */
export function remember(before: Mailboxes | null, actors: readonly ActorSample[]): Mailboxes {
  const recent = new Map<string, readonly number[]>();
  for (const { path, mailbox } of actors) if (mailbox > 0) recent.set(path, [...before?.recent.get(path) ?? [], mailbox].slice(-GROWING_LOOKS - 1));
  return { recent };
}

const isGrowing = (depths: readonly number[]): boolean => depths.length > GROWING_LOOKS && depths.at(-1)! >= LEAST_MAILBOX && depths.every((depth, at) => at === 0 || depth > depths[at - 1]!);

/** What of the tree is a trouble: actors that are not running, have come back, or fall behind. `restartsBefore`: at an earlier look, by path. */
export function treeAlerts(actors: readonly ActorSample[], mailboxes: Mailboxes, restartsBefore: ReadonlyMap<string, number> | null): Alert[] {
  const alerts: Alert[] = [];
  for (const { path, state, restarts, lastExit, mailbox } of actors) {
    const cause = lastExit === '' ? '' : `: ${lastExit}`;
    if (state !== 'running') alerts.push({ severity: state === 'suspended' || state === 'restarting' || state === 'starting' || state === 'stopping' ? 'warn' : 'bad', text: `${path} is ${state}${cause}` });
    const since = restarts - (restartsBefore?.get(path) ?? restarts);
    if (since > 0) alerts.push({ severity: 'warn', text: `${path} was restarted${since > 1 ? ` ${since} times` : ''} in the last minute${cause}` });
    if (isGrowing(mailboxes.recent.get(path) ?? [])) alerts.push({ severity: 'warn', text: `${path} falls behind: ${mailbox} messages wait, and more at every look` });
  }
  return alerts;
}

const MOST_PROBLEMS = 6;

/** What the actors of an engine say that a person should know. */
export function domainAlerts(shown: readonly Shown[]): Alert[] {
  return shown.flatMap(({ path, behaviour, value }) => {
    const of = fields(value);
    const tell = (severity: Severity, what: string): Alert => ({ severity, text: what });
    switch (behaviour) {
      case 'truth':
        return list(of['products']).map(fields).flatMap(({ product, freshness, reasons, unjudged }) => [
          ...(freshness === 'fresh' ? [] : [tell('bad', `what ${text(product)} holds is ${text(freshness)}: ${list(reasons).map(text).join('; ')}`)]),
          ...(list(unjudged).length === 0 ? [] : [tell('bad', `${list(unjudged).length} differences to ${text(product)} are open`)]),
        ]);
      case 'risk':
        return list(of['closed']).map((guard) => tell('warn', `a guard holds entries back: ${typeof guard === 'string' ? guard : [fields(guard)['guard'], fields(guard)['detail']].map(text).filter((word) => word !== '').join(', ') || text(guard)}`));
      case 'guard':
        return list(of['wards']).map(fields).flatMap(({ id, nakedMs, closing }) => [
          ...(typeof nakedMs === 'number' ? [tell('bad', `position ${text(id)} has no stop at the venue`)] : []), ...(closing === null || closing === undefined ? [] : [tell('warn', `position ${text(id)} is being closed by the guard`)]),
        ]);
      case 'breaker': {
        const state = text(of['value']);
        const context = fields(of['context']);
        return state === 'closed' || state === '' ? [] : [tell(state === 'open' ? 'bad' : 'warn', `breaker ${path.slice(path.lastIndexOf('/') + 1)} is ${state}: ${text(context['cause'])}`)];
      }
      case 'limits':
        return Object.entries(fields(of['products'])).flatMap(([product, limits]) => (fields(limits)['blocked'] === null || fields(limits)['blocked'] === undefined ? [] : [tell('bad', `${product} asked us to wait: ${text(fields(limits)['blocked'])}`)]));
      case 'feeds-health': {
        const problems = list(of['problems']);
        return [...problems.slice(0, MOST_PROBLEMS).map((problem) => tell('warn', text(problem))), ...(problems.length > MOST_PROBLEMS ? [tell('warn', `and ${problems.length - MOST_PROBLEMS} more of the feeds`)] : [])];
      }
      case 'user-stream':
        return of['live'] === false ? [tell('warn', `the private line of ${text(of['product'])} is down: ${text(of['reason'])}`)] : [];
      case 'operator':
        return [
          ...(of['paused'] === null || of['paused'] === undefined ? [] : [tell('warn', `an operator paused it: ${text(of['paused'])}`)]), ...(of['storeFailed'] === null || of['storeFailed'] === undefined ? [] : [tell('bad', `the record cannot be written: ${text(of['storeFailed'])}`)]),
          ...(of['stopping'] === true ? [tell('warn', 'it is stopping')] : []),
        ];
      default:
        return [];
    }
  });
}
