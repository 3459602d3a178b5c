import { basename } from 'node:path';
import { checkToml } from '../../../config/index.js';
import { CliError } from '../../cli/errors.js';
import { readText } from '../../cli/read-text.js';
import type { FillFacts } from '../web/index.js';
import type { Trigger } from './classes.js';
import { overlooked } from './keys.js';
import { outOfReach } from './reach.js';
import { type Act, CONNECTION_ACTS, durationUs, MESSAGE_ACTS, REQUEST_ACTS, scriptSchema, STATES, type Target, type WrittenStep } from './schema.js';

/** How a step works: on requests, messages or new connections while it is open; as a state while it is open; or once. */
export type Kind = 'request' | 'message' | 'connection' | 'state' | 'deed';

/** One step, its times in µs of the venue's clock. */
export interface Step extends Omit<WrittenStep, 'do' | 'at' | 'after' | 'every' | 'for' | 'by' | 'jitter' | 'growth' | 'on' | 'skip' | 'chance'> {
  readonly act: Act;
  readonly kind: Kind;
  readonly on: Target | undefined;
  readonly atUs: number;
  readonly afterUs: number;
  readonly everyUs: number | undefined;
  readonly forUs: number | undefined;
  readonly skip: number;
  readonly chance: number;
  readonly byUs: number | undefined;
  readonly jitterUs: number;
  readonly growthUs: number;
}

export interface Script {
  readonly name: string;
  readonly summary: string;
  readonly lastsUs: number | undefined;
  readonly steps: readonly Step[];
}

const REQUEST_TARGETS: ReadonlySet<Target> = new Set(['request', 'order', 'algo-order', 'cancel', 'amend', 'query', 'snapshot', 'listen-key']);
const MESSAGE_TARGETS: ReadonlySet<Target> = new Set(['message', 'market', 'depth', 'trade', 'user', 'order-event', 'fill', 'answer']);
const has = <T extends string>(list: readonly T[], act: string): act is T => (list as readonly string[]).includes(act);

/** What an act's default target is, where it has one. */
const DEFAULT_ON: Partial<Readonly<Record<Act, Target>>> = {
  'stale-snapshot': 'snapshot', 'shallow-snapshot': 'snapshot', 'limit-weight': 'request', ban: 'request', 'lose-deletes': 'depth', refuse: 'connect', 'half-open': 'connect',
};
const MUST: Partial<Readonly<Record<Act, keyof WrittenStep>>> = {
  'delay-request': 'by', 'delay-answer': 'by', delay: 'by', fail: 'code', 'shallow-snapshot': 'levels', 'skew-clock': 'by', 'position-mode': 'hedge',
};

/** Reads a script. @throws ConfigError with the place of everything that is wrong, CliError for what cannot work together. */
export function parseScript(text: string, file: string): Script {
  const { value } = checkToml(text, file, scriptSchema);
  const name = value.name ?? basename(file).replace(/\.toml$/, '');
  if (value.step.length === 0) throw new CliError('configuration', `${file} has no [[step]]`, 'docs/exchange-troubles.md tells how a script is written');
  return {
    name, summary: value.summary, lastsUs: value.lasts === undefined ? undefined : durationUs(value.lasts),
    steps: value.step.map((step, at) => toStep(step, `${file}: step ${at + 1} (do = "${step.do}")`)),
  };
}

/** @throws ConfigError, CliError, also when the file cannot be read. */
export function readScript(file: string): Script {
  return parseScript(readText(file), file);
}

function toStep(written: WrittenStep, where: string): Step {
  const { do: act, at, after, every, for: lasts, by, jitter, growth, on: wanted, skip = 0, chance = 1, ...rest } = written;
  const refuse = (what: string): never => {
    throw new CliError('configuration', `${where}: ${what}`);
  };
  const kind: Kind = has(REQUEST_ACTS, act) ? 'request' : has(MESSAGE_ACTS, act) ? 'message' : has(CONNECTION_ACTS, act) ? 'connection' : has(STATES, act) ? 'state' : 'deed';
  const on = wanted ?? DEFAULT_ON[act];
  if (kind === 'request' && (on === undefined || !REQUEST_TARGETS.has(on))) refuse(`\`on\` is one of ${[...REQUEST_TARGETS].join(', ')}`);
  if (kind === 'message' && (on === undefined || !MESSAGE_TARGETS.has(on))) refuse(`\`on\` is one of ${[...MESSAGE_TARGETS].join(', ')}`);
  if (kind === 'connection' && on !== 'connect') refuse('`on` can only be "connect"');
  if ((kind === 'state' || kind === 'deed') && on !== undefined) refuse('it is done to no single request or message, so it has no `on`; `when` says what sets it off');
  const must = MUST[act];
  if (must !== undefined && written[must] === undefined && !(act === 'fail' && written.status !== undefined) && !(must === 'by' && (jitter !== undefined || growth !== undefined))) refuse(`\`${must}\` is missing`);
  if (act === 'stale-snapshot' || act === 'shallow-snapshot') if (on !== 'snapshot') refuse('`on` can only be "snapshot"');
  const unread = overlooked(written);
  if (unread !== undefined) refuse(`it has no \`${unread}\``);
  if (every !== undefined && written.when !== undefined) refuse('it is repeated by `every` or set off by `when`, not both');
  if (by?.startsWith('-') === true && act !== 'skew-clock') refuse('`by` is not negative');
  const unreached = written.product === undefined ? undefined : outOfReach(written.product, { act, on, when: written.when, sockets: written.sockets });
  if (unreached !== undefined) refuse(unreached);
  const us = (text: string | undefined): number | undefined => (text === undefined ? undefined : durationUs(text));
  const everyUs = us(every);
  if (everyUs !== undefined && everyUs < 1000) refuse('`every` is at least 1ms');
  return {
    ...rest, act, kind, on, skip, chance, atUs: us(at) ?? 0, afterUs: us(after) ?? 0, everyUs, forUs: us(lasts), jitterUs: us(jitter) ?? 0, growthUs: us(growth) ?? 0,
    byUs: by === undefined ? undefined : by.startsWith('-') ? -durationUs(by.slice(1))! : durationUs(by)!,
  };
}

/** What set a step off. */
export interface Cause extends Partial<FillFacts> {
  readonly trigger: Trigger | 'time';
  /** Parameters of the request. */
  readonly values?: ReadonlyMap<string, string>;
}
