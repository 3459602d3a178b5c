import type { TreeExit, TreeSupervision } from '../../wire/tree.js';
import type { TreeModel } from './model.js';

const STRATEGIES: Readonly<Partial<Record<string, string>>> = { oneForOne: 'one for one', oneForAll: 'one for all', restForOne: 'rest for one' };

export function stateText(model: TreeModel, at: number): string {
  const state = model.stateOf(at);
  if (state !== 'running') return state;
  return model.severityOf(at) === 1 ? 'running, failed before' : '';
}

/** The figures of a line: what is worth a word only. */
export function figureText(model: TreeModel, at: number): string {
  const rate = model.rates[at]!;
  const mailbox = model.mailboxOf(at);
  const incarnation = model.incarnationOf(at);
  const omitted = model.node(at)!.omitted;
  return [
    omitted > 0 ? `+${omitted} more` : '', incarnation > 1 ? `×${incarnation}` : '', mailbox > 0 ? `${mailbox} waiting` : '', rate > 0 ? `${rateText(rate)}/s` : '',
  ].filter((text) => text !== '').join(' · ');
}

const HUES = ['SLEEP', 'ALERT', 'ACTIVE', 'RECOVERY'] as const;
export type Hue = 'sleep' | 'alert' | 'active' | 'recovery';

/** The four states of a detector and those within them have colours of their own, whichever machine they are of; '' for any other. */
export function machineHue(machine: string): Hue | '' {
  const name = HUES.find((one) => machine.startsWith(one) && (machine.length === one.length || machine[one.length] === '.'));
  return name === undefined ? '' : (name.toLowerCase() as Hue);
}

export function machineClass(machine: string): string {
  const hue = machineHue(machine);
  return hue === '' ? '' : `is-${hue}`;
}

export function rateText(rate: number): string {
  return rate >= 100 ? Math.round(rate).toLocaleString('en') : rate >= 10 ? rate.toFixed(0) : rate.toFixed(1);
}

export function severityClass(severity: number): string {
  return severity >= 5 ? 'is-bad' : severity >= 2 ? 'is-warn' : severity === 1 ? 'is-failed' : '';
}

export function strategyText({ strategy }: TreeSupervision, kind: string): string {
  if (kind === 'dynamic') return 'children come and go, each on its own';
  const text = STRATEGIES[strategy] ?? strategy;
  return kind === 'partitioned' ? `partitions, ${text}` : text;
}

export function exitHead({ kind, info }: TreeExit): string {
  return info === '' ? kind : `${kind}: ${info}`;
}

/** A figure with how it is known: exactly (age 0), as it was seen last before (its age in µs), or not at all (-1). */
export function knownText(text: string, ageUs: number): string {
  if (ageUs === 0) return text;
  return ageUs < 0 ? 'not known' : `${text}, sampled ${ageUs < 60e6 ? `${(ageUs / 1e6).toFixed(ageUs < 1e6 ? 3 : 1)} s` : `${Math.round(ageUs / 60e6)} min`} before`;
}

/** Time of day of a clock in microseconds, UTC, with milliseconds. */
export function timeText(atUs: number): string {
  return Number.isFinite(atUs) && Math.abs(atUs) < 8.64e18 ? new Date(atUs / 1000).toISOString().slice(11, 23) : '';
}
