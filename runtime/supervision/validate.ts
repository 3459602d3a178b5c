import { isTooDeep, MOST_LEVELS } from '../core/levels.js';

/** One thing wrong with a specification. `at` is the place, as a path of ids and keys. */
export interface SpecProblem {
  readonly code: SpecProblemCode;
  readonly at: string;
  readonly message: string;
}

export type SpecProblemCode =
  | 'not_an_object' | 'unknown_kind' | 'unknown_key' | 'missing_id' | 'invalid_id' | 'duplicate_child' | 'missing_behaviour'
  | 'invalid_behaviour' | 'invalid_restart' | 'invalid_restore' | 'invalid_shutdown' | 'invalid_start_deadline' | 'invalid_significant' | 'bad_combination'
  | 'invalid_mailbox' | 'invalid_durable' | 'invalid_backoff' | 'invalid_quarantine' | 'invalid_idle_after' | 'invalid_strategy' | 'invalid_intensity' | 'invalid_auto_shutdown'
  | 'invalid_children' | 'invalid_max_children' | 'invalid_template'
  | 'invalid_partitions' | 'invalid_partition' | 'too_deep';

type Fields = Readonly<Record<string, unknown>>;
type Report = (code: SpecProblemCode, at: string, message: string) => void;
type AutoShutdown = 'never' | 'anySignificant' | 'allSignificant';

const WORKER_KEYS = [
  'kind', 'id', 'behaviour', 'input', 'restart', 'restore', 'shutdown', 'startDeadlineMs', 'significant', 'mailbox', 'durable', 'backoff', 'quarantine', 'idleAfter', '_message',
];
const SUPERVISOR_KEYS = [
  'kind', 'id', 'strategy', 'intensity', 'children', 'autoShutdown', 'restart', 'significant', 'shutdown', 'backoff',
];
const DYNAMIC_KEYS = ['kind', 'id', 'intensity', 'maxChildren', 'autoShutdown', 'restart', 'significant', 'backoff', 'template'];
const PARTITIONED_KEYS = ['kind', 'id', 'partitions', 'partition', 'intensity', 'restart', 'significant', 'backoff'];
const MOST_PARTITIONS = 65_536;
const RESTARTS = ['permanent', 'transient', 'temporary'];
const STRATEGIES = ['oneForOne', 'oneForAll', 'restForOne'];
const AUTO_SHUTDOWNS: readonly unknown[] = ['never', 'anySignificant', 'allSignificant'];
const OVERFLOWS = ['reject', 'dropNewest', 'dropOldest', 'conflate', 'fail'];
const ON_RESTARTS = ['keep', 'drop', 'reject'];
const MOST_RESTARTS = 1_000_000;

/**
 * Everything wrong with a specification and all it contains, without starting anything. A key nobody knows is a
 * problem: it is most often a misspelt one.
 *
 * @param under autoShutdown of the supervisor the specification is meant for, when it is a child
 */
export function validateSpec(spec: unknown, under?: AutoShutdown): SpecProblem[] {
  const problems: SpecProblem[] = [];
  checkSpec(spec, '', under, (code, at, message) => problems.push({ code, at, message }));
  return problems;
}

/** The same as lines of text, each with its place. */
export function problemsOfSpec(spec: unknown, under?: AutoShutdown): string[] {
  return validateSpec(spec, under).map((problem) => `${problem.at}: ${problem.message}`);
}

function checkSpec(spec: unknown, above: string, under: AutoShutdown | undefined, report: Report): void {
  if (!isFields(spec)) {
    report('not_an_object', above || '/', `a child specification is an object, not ${nameOf(spec)}`);
    return;
  }
  const at = `${above}/${typeof spec['id'] === 'string' ? spec['id'] : '?'}`;
  if (isTooDeep(at)) {
    report('too_deep', at, `a tree has ${MOST_LEVELS} levels at most`);
    return;
  }
  if (spec['id'] === undefined) report('missing_id', at, 'id is missing');
  else if (typeof spec['id'] !== 'string' || spec['id'] === '' || spec['id'].includes('/')) {
    report('invalid_id', at, `id must be a non-empty text without "/", not ${nameOf(spec['id'])}`);
  }
  switch (spec['kind']) {
    case 'worker': checkWorker(spec, at, report); break;
    case 'supervisor': checkSupervisor(spec, at, report); break;
    case 'dynamic': checkDynamic(spec, at, report); break;
    case 'partitioned': checkPartitioned(spec, at, report); break;
    default: report('unknown_kind', at, `kind must be 'worker', 'supervisor', 'dynamic' or 'partitioned', not ${nameOf(spec['kind'])}`);
  }
  checkCommon(spec, at, under, report);
}

function checkCommon(spec: Fields, at: string, under: AutoShutdown | undefined, report: Report): void {
  oneOf(spec, 'restart', RESTARTS, 'invalid_restart', at, report);
  if (spec['backoff'] !== undefined) checkBackoff(spec['backoff'], at, report);
  const significant = spec['significant'];
  if (significant !== undefined && typeof significant !== 'boolean') {
    report('invalid_significant', at, `significant must be true or false, not ${nameOf(significant)}`);
  }
  if (significant === true && (spec['restart'] === undefined || spec['restart'] === 'permanent')) {
    report('bad_combination', at, 'a permanent child cannot be significant: it never ends by itself');
  }
  if (significant === true && under === 'never') {
    report('bad_combination', at, "a significant child needs a supervisor whose autoShutdown is not 'never'");
  }
}

function checkWorker(spec: Fields, at: string, report: Report): void {
  unknownKeys(spec, WORKER_KEYS, at, report);
  const behaviour = spec['behaviour'];
  if (behaviour === undefined) report('missing_behaviour', at, 'behaviour is missing');
  else checkBehaviour(behaviour, at, report);
  checkWorkerFields(spec, at, report);
}

function checkWorkerFields(spec: Fields, at: string, report: Report): void {
  oneOf(spec, 'restore', ['init', 'lastGood'], 'invalid_restore', at, report);
  const shutdown = spec['shutdown'];
  if (shutdown !== undefined && shutdown !== 'brutal' && shutdown !== 'infinity' && !isAtLeast(shutdown, 0)) {
    report('invalid_shutdown', at, `shutdown must be milliseconds from 0, 'brutal' or 'infinity', not ${nameOf(shutdown)}`);
  }
  const start = spec['startDeadlineMs'];
  if (start !== undefined && !isAtLeast(start, 0)) report('invalid_start_deadline', at, `startDeadlineMs must be milliseconds from 0, not ${nameOf(start)}`);
  if (spec['mailbox'] !== undefined) checkMailbox(spec['mailbox'], at, report);
  if (spec['idleAfter'] !== undefined) checkIdle(spec['idleAfter'], spec['behaviour'], at, report);
  if (spec['durable'] !== undefined) checkDurable(spec, at, report);
  if (spec['quarantine'] !== undefined) checkBudget(spec['quarantine'], 'quarantine', 'invalid_quarantine', at, report);
}

function checkIdle(idleAfter: unknown, behaviour: unknown, at: string, report: Report): void {
  if (!isAtLeast(idleAfter, 0) || idleAfter === 0) report('invalid_idle_after', at, `idleAfter must be more than 0 milliseconds, not ${nameOf(idleAfter)}`);
  if (isFields(behaviour) && (typeof behaviour['snapshot'] !== 'function' || typeof behaviour['restore'] !== 'function')) {
    report('bad_combination', at, 'idleAfter needs behaviour.snapshot and behaviour.restore: the state is reduced to what they exchange');
  }
}

/** What is wrong with a behaviour. */
export function problemsOfBehaviour(behaviour: unknown): string[] {
  const problems: string[] = [];
  checkBehaviour(behaviour, '', (_code, _at, message) => problems.push(message));
  return problems;
}

function checkBehaviour(behaviour: unknown, at: string, report: Report): void {
  if (!isFields(behaviour)) {
    report('invalid_behaviour', at, `behaviour must be an object, not ${nameOf(behaviour)}`);
    return;
  }
  if (typeof behaviour['name'] !== 'string' || behaviour['name'] === '') report('invalid_behaviour', at, 'behaviour.name must be a non-empty text');
  if (!Number.isInteger(behaviour['version'])) report('invalid_behaviour', at, 'behaviour.version must be a whole number');
  for (const key of ['init', 'step']) {
    if (typeof behaviour[key] !== 'function') report('invalid_behaviour', at, `behaviour.${key} must be a function`);
  }
}

function checkSupervisor(spec: Fields, at: string, report: Report): void {
  unknownKeys(spec, SUPERVISOR_KEYS, at, report);
  if (!STRATEGIES.includes(spec['strategy'] as string)) {
    report('invalid_strategy', at, `strategy must be one of ${STRATEGIES.join(', ')}, not ${nameOf(spec['strategy'])}`);
  }
  checkBudget(spec['intensity'], 'intensity', 'invalid_intensity', at, report);
  const under = checkAutoShutdown(spec, at, report);
  const shutdown = spec['shutdown'];
  if (shutdown !== undefined && shutdown !== 'infinity' && !(isFields(shutdown) && isAtLeast(shutdown['force'], 0))) {
    report('invalid_shutdown', at, "shutdown of a supervisor must be 'infinity', or { force: milliseconds } if its subtree may be cut off");
  }
  const children = spec['children'];
  if (!Array.isArray(children)) {
    report('invalid_children', at, `children must be a list, not ${nameOf(children)}`);
    return;
  }
  const seen = new Set<unknown>();
  for (const child of children as readonly unknown[]) {
    checkSpec(child, at, under, report);
    const id = isFields(child) ? child['id'] : undefined;
    if (id !== undefined && seen.has(id)) report('duplicate_child', at, `two children have the id ${nameOf(id)}`);
    seen.add(id);
  }
}

function checkDynamic(spec: Fields, at: string, report: Report): void {
  unknownKeys(spec, DYNAMIC_KEYS, at, report);
  checkBudget(spec['intensity'], 'intensity', 'invalid_intensity', at, report);
  const under = checkAutoShutdown(spec, at, report);
  if (spec['maxChildren'] !== undefined && !(Number.isInteger(spec['maxChildren']) && isAtLeast(spec['maxChildren'], 0))) {
    report('invalid_max_children', at, `maxChildren must be a whole number from 0, not ${nameOf(spec['maxChildren'])}`);
  }
  const template = spec['template'];
  if (template === undefined) return;
  if (!isFields(template)) {
    report('invalid_template', at, `template must be an object, not ${nameOf(template)}`);
    return;
  }
  const place = `${at}/template`;
  unknownKeys(template, WORKER_KEYS.filter((key) => key !== 'kind' && key !== 'id'), place, report);
  if (template['behaviour'] !== undefined) checkBehaviour(template['behaviour'], place, report);
  checkWorkerFields(template, place, report);
  checkCommon(template, place, under, report);
}

function checkPartitioned(spec: Fields, at: string, report: Report): void {
  unknownKeys(spec, PARTITIONED_KEYS, at, report);
  checkBudget(spec['intensity'], 'intensity', 'invalid_intensity', at, report);
  const { partitions, partition } = spec;
  if (!Number.isInteger(partitions) || !isAtLeast(partitions, 1) || partitions > MOST_PARTITIONS) {
    report('invalid_partitions', at, `partitions must be a whole number from 1 to ${MOST_PARTITIONS}, not ${nameOf(partitions)}`);
  }
  if (!isFields(partition)) report('invalid_partition', at, `partition must be a child specification without id, not ${nameOf(partition)}`);
  else if ('id' in partition) report('invalid_partition', at, 'partition must not have an id: partitions are numbered');
  else if (partition['restart'] === 'temporary') report('bad_combination', at, 'a partition cannot be temporary: its keys would belong to nobody');
  else checkSpec({ ...partition, id: 'partition' }, at, 'never', report);
}

function checkAutoShutdown(spec: Fields, at: string, report: Report): AutoShutdown {
  const value = spec['autoShutdown'] ?? 'never';
  if (AUTO_SHUTDOWNS.includes(value)) return value as AutoShutdown;
  report('invalid_auto_shutdown', at, `autoShutdown must be one of ${AUTO_SHUTDOWNS.join(', ')}, not ${nameOf(value)}`);
  return 'anySignificant';
}

function checkBudget(budget: unknown, key: string, code: SpecProblemCode, at: string, report: Report): void {
  if (!isFields(budget)) {
    report(code, at, `${key} must be { restarts, withinMs }: how many restarts within how many milliseconds are allowed`);
    return;
  }
  unknownKeys(budget, ['restarts', 'withinMs'], `${at}/${key}`, report);
  const { restarts, withinMs } = budget;
  if (!Number.isInteger(restarts) || !isAtLeast(restarts, 0) || (restarts as number) > MOST_RESTARTS) {
    report(code, at, `${key}.restarts must be a whole number from 0 to ${MOST_RESTARTS}, not ${nameOf(restarts)}`);
  }
  if (!isAtLeast(withinMs, 0) || withinMs === 0) report(code, at, `${key}.withinMs must be more than 0 milliseconds, not ${nameOf(withinMs)}`);
}

function checkBackoff(backoff: unknown, at: string, report: Report): void {
  if (!isFields(backoff)) {
    report('invalid_backoff', at, `backoff must be { minMs, maxMs, jitter }, not ${nameOf(backoff)}`);
    return;
  }
  unknownKeys(backoff, ['minMs', 'maxMs', 'jitter', 'resetAfterMs'], `${at}/backoff`, report);
  const { minMs, maxMs, jitter, resetAfterMs } = backoff;
  if (!isAtLeast(minMs, 0)) report('invalid_backoff', at, `backoff.minMs must be milliseconds from 0, not ${nameOf(minMs)}`);
  if (!isAtLeast(maxMs, 0) || (isAtLeast(minMs, 0) && maxMs < minMs)) {
    report('invalid_backoff', at, `backoff.maxMs must be milliseconds, at least minMs, not ${nameOf(maxMs)}`);
  }
  if (!isAtLeast(jitter, 0) || jitter > 1) report('invalid_backoff', at, `backoff.jitter must be between 0 and 1, not ${nameOf(jitter)}`);
  if (resetAfterMs !== undefined && !isAtLeast(resetAfterMs, 0)) {
    report('invalid_backoff', at, `backoff.resetAfterMs must be milliseconds from 0, not ${nameOf(resetAfterMs)}`);
  }
}

function checkMailbox(mailbox: unknown, at: string, report: Report): void {
  if (!isFields(mailbox)) {
    report('invalid_mailbox', at, `mailbox must be an object, not ${nameOf(mailbox)}`);
    return;
  }
  unknownKeys(mailbox, ['capacity', 'overflow', 'conflateKey', 'onRestart', 'stash'], `${at}/mailbox`, report);
  const { capacity, overflow, conflateKey, stash } = mailbox;
  if (capacity !== undefined && !(Number.isInteger(capacity) && isAtLeast(capacity, 1) && capacity <= 2 ** 24)) {
    report('invalid_mailbox', at, `mailbox.capacity must be a whole number from 1 to ${2 ** 24}, not ${nameOf(capacity)}`);
  }
  if (stash !== undefined && !(Number.isInteger(stash) && isAtLeast(stash, 0) && stash <= 2 ** 24)) {
    report('invalid_mailbox', at, `mailbox.stash must be a whole number from 0 to ${2 ** 24}, not ${nameOf(stash)}`);
  }
  oneOf(mailbox, 'overflow', OVERFLOWS, 'invalid_mailbox', at, report);
  oneOf(mailbox, 'onRestart', ON_RESTARTS, 'invalid_mailbox', at, report);
  if (overflow === 'conflate' && typeof conflateKey !== 'function') {
    report('bad_combination', at, "overflow 'conflate' needs mailbox.conflateKey, the function that names a message's key");
  }
  if (overflow !== 'conflate' && conflateKey !== undefined) report('bad_combination', at, "mailbox.conflateKey is used by overflow 'conflate' only");
}

function checkDurable(spec: Fields, at: string, report: Report): void {
  const durable = spec['durable'];
  if (!isFields(durable) || (durable['log'] !== 'inputs' && durable['log'] !== 'events')) {
    report('invalid_durable', at, "durable must be { log: 'inputs' } or { log: 'events' }");
    return;
  }
  unknownKeys(durable, ['log', 'inputLog'], `${at}/durable`, report);
  if (durable['inputLog'] !== undefined && typeof durable['inputLog'] !== 'boolean') report('invalid_durable', at, `durable.inputLog must be true or false, not ${nameOf(durable['inputLog'])}`);
  const mailbox = isFields(spec['mailbox']) ? spec['mailbox'] : {};
  const { overflow, onRestart } = mailbox;
  if (overflow === 'dropOldest' || overflow === 'conflate') report('bad_combination', at, `a durable actor does not lose what is queued: mailbox.overflow cannot be '${overflow}'`);
  if (onRestart !== undefined && onRestart !== 'keep') report('bad_combination', at, "a durable actor does not lose what is queued: mailbox.onRestart must be 'keep'");
  const behaviour = isFields(spec['behaviour']) ? spec['behaviour'] : undefined;
  if (behaviour === undefined) return;
  if (durable['log'] === 'events' && typeof behaviour['apply'] !== 'function') report('bad_combination', at, "durable.log 'events' needs behaviour.apply, the function that makes the next state from an event");
  if (behaviour['stateKind'] === 'mutable' && (typeof behaviour['snapshot'] !== 'function' || typeof behaviour['restore'] !== 'function')) {
    report('bad_combination', at, 'a durable actor whose state is changed in place needs behaviour.snapshot and behaviour.restore');
  }
}

function oneOf(fields: Fields, key: string, allowed: readonly string[], code: SpecProblemCode, at: string, report: Report): void {
  const value = fields[key];
  if (value === undefined || allowed.includes(value as string)) return;
  report(code, at, `${key} must be one of ${allowed.join(', ')}, not ${nameOf(value)}`);
}

function unknownKeys(fields: Fields, known: readonly string[], at: string, report: Report): void {
  for (const key of Object.keys(fields)) {
    if (!known.includes(key)) report('unknown_key', at, `unknown key "${key}"; known: ${known.filter((name) => name !== '_message').join(', ')}`);
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isAtLeast(value: unknown, least: number): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= least;
}

/** A value in a message: quoted text, a number, or the type of anything else. */
export function nameOf(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'number' || typeof value === 'boolean' || value === undefined || value === null) return String(value);
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`;
}
