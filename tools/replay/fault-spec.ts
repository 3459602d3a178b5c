import { CliError } from '../cli/errors.js';

/**
 * Faults that a replay can inject. `at` is a record's position on the tape, counted from 0.
 *
 * crash:PATH@N   the actor ends abnormally between turns, before record N; it consumes no message
 * poison:PATH@N  the first message the actor gets for record N or later makes it throw; the message is dead-lettered
 * drop:N+K       K records from N on never arrive
 * dup:N          record N arrives twice
 * swap:N         records N and N+1 arrive in the other order
 * delay:N+MS     record N arrives MS milliseconds late
 * clock:N+MS     from record N on, the receive clock is MS milliseconds ahead (MS may be negative)
 * overflow:SYMBOL@N+K  from record N on, the next K records of the symbol that arrive find its ring full; before the next
 *                one that does not, a gap record a stream (trades, depth …) says how many were lost
 * kill-lane:I@N  lane I's thread ends, before record N
 * stall-lane:I@N+MS  lane I's thread does nothing for MS milliseconds, before record N
 */
export type ActorFault = { readonly kind: 'crash' | 'poison'; readonly path: string; readonly at: number };
export type LaneFault =
  | { readonly kind: 'kill-lane'; readonly lane: number; readonly at: number }
  | { readonly kind: 'stall-lane'; readonly lane: number; readonly at: number; readonly ms: number };
/** `symbol`: as `instanceNames` names it, SYMBOL or SYMBOL@VENUE. */
export type OverflowFault = { readonly kind: 'overflow'; readonly symbol: string; readonly at: number; readonly count: number };
/** What happens to records. */
export type RecordFault =
  | { readonly kind: 'drop'; readonly at: number; readonly count: number }
  | { readonly kind: 'dup' | 'swap'; readonly at: number }
  | { readonly kind: 'delay' | 'clock'; readonly at: number; readonly ms: number }
  | OverflowFault;
/** What strikes between two records. */
export type StrikeFault = ActorFault | LaneFault;
export type Fault = StrikeFault | RecordFault;

export const FAULT_FORMS = [
  'crash:PATH@N', 'poison:PATH@N', 'drop:N+K', 'dup:N', 'swap:N', 'delay:N+MS', 'clock:N+MS', 'overflow:SYMBOL@N+K', 'kill-lane:I@N',
  'stall-lane:I@N+MS',
] as const;

const OVERFLOW = /^overflow:(\S+)@(\d{1,15})\+(\d{1,9})$/;
const LANE = /^(?:(kill-lane):(\d{1,4})@(\d{1,15})|(stall-lane):(\d{1,4})@(\d{1,15})\+(\d{1,9}))$/;
const ACTOR = /^(crash|poison):(\/\S*)@(\d{1,15})$/;
const POINT = /^(dup|swap):(\d{1,15})$/;
const AMOUNT = /^(drop|delay|clock):(\d{1,15})\+(-?\d{1,9})$/;

/** Parses one `--fault` argument. Throws a usage CliError that shows the known forms. */
export function parseFault(spec: string): Fault {
  const actor = ACTOR.exec(spec);
  if (actor) return { kind: actor[1] as 'crash' | 'poison', path: actor[2]!, at: Number(actor[3]) };
  const point = POINT.exec(spec);
  if (point) return { kind: point[1] as 'dup' | 'swap', at: Number(point[2]) };
  const lane = LANE.exec(spec);
  if (lane?.[1] !== undefined) return { kind: 'kill-lane', lane: Number(lane[2]), at: Number(lane[3]) };
  if (lane?.[4] !== undefined && Number(lane[7]) >= 1) return { kind: 'stall-lane', lane: Number(lane[5]), at: Number(lane[6]), ms: Number(lane[7]) };
  const overflow = OVERFLOW.exec(spec);
  if (overflow && Number(overflow[3]) >= 1) return { kind: 'overflow', symbol: overflow[1]!, at: Number(overflow[2]), count: Number(overflow[3]) };
  const amount = AMOUNT.exec(spec);
  if (amount) {
    const at = Number(amount[2]);
    const value = Number(amount[3]);
    const kind = amount[1] as 'drop' | 'delay' | 'clock';
    if (kind === 'drop' && value >= 1) return { kind, at, count: value };
    if (kind === 'delay' && value >= 0) return { kind, at, ms: value };
    if (kind === 'clock') return { kind, at, ms: value };
  }
  throw new CliError('usage', `--fault '${spec}' is none of the known forms`, `one of: ${FAULT_FORMS.join('  ')}`);
}

export function isActorFault(fault: Fault): fault is ActorFault {
  return fault.kind === 'crash' || fault.kind === 'poison';
}

export function isLaneFault(fault: Fault): fault is LaneFault {
  return fault.kind === 'kill-lane' || fault.kind === 'stall-lane';
}

export function isStrike(fault: Fault): fault is StrikeFault {
  return isActorFault(fault) || isLaneFault(fault);
}

/** The form that `parseFault` reads back. */
export function formatFault(fault: Fault): string {
  switch (fault.kind) {
    case 'crash':
    case 'poison':
      return `${fault.kind}:${fault.path}@${fault.at}`;
    case 'drop':
      return `drop:${fault.at}+${fault.count}`;
    case 'dup':
    case 'swap':
      return `${fault.kind}:${fault.at}`;
    case 'delay':
    case 'clock':
      return `${fault.kind}:${fault.at}+${fault.ms}`;
    case 'overflow':
      return `overflow:${fault.symbol}@${fault.at}+${fault.count}`;
    case 'kill-lane':
      return `kill-lane:${fault.lane}@${fault.at}`;
    case 'stall-lane':
      return `stall-lane:${fault.lane}@${fault.at}+${fault.ms}`;
  }
}

/** Collects a repeated `--fault` option, for commander. */
export function collectFault(spec: string, earlier: readonly Fault[]): readonly Fault[] {
  return [...earlier, parseFault(spec)];
}
