import type { CellResult } from '../bench/live/cell.js';
import type { LoadRow, Measured, Outcome } from './measure.js';
import { PLACEMENTS, type PlacementName } from './names.js';

export interface Verdict {
  /** null: none could be measured. */
  readonly pick: PlacementName | null;
  readonly why: string;
}

/** A main loop busier than this has no room for a burst, a garbage collection or a second symbol. */
const BUSY = 0.7;
/** A delay that is this much of the idle process's is noticed. */
const NOTICED = 2;
/** A lane must take away this share of the delay to be worth its latency. */
const WORTH = 0.7;
/** How the placements with lanes are spoken of. */
const WITH: Readonly<Record<Exclude<PlacementName, 'inline'>, string>> = { ring: 'the ring', socket: 'the socket lane' };

/**
 * Which placement to choose for a load, from what all did with it: inline, unless the main loop suffers and lanes relieve it, or lanes decide sooner. Of the two with lanes the
 * one that left fewer frames undecided, else that which decides sooner in the tail.
 */
export function verdictOf({ inline, ring, socket }: Pick<LoadRow, 'inline' | 'ring' | 'socket'>, idleLoopDelayP99Ms: number): Verdict {
  const against = (name: 'ring' | 'socket', lanes: Outcome): Verdict => versus(inline, lanes, name, idleLoopDelayP99Ms);
  const [first, second] = preferred(ring, socket) === 'socket' ? [against('socket', socket), against('ring', ring)] : [against('ring', ring), against('socket', socket)];
  if (first.pick !== null && first.pick !== 'inline') return first;
  return second.pick !== null && second.pick !== 'inline' ? second : first;
}

function preferred(ring: Outcome, socket: Outcome): 'ring' | 'socket' {
  if ('failed' in socket) return 'ring';
  if ('failed' in ring) return 'socket';
  if (ring.undecided !== socket.undecided) return socket.undecided < ring.undecided ? 'socket' : 'ring';
  return socket.decisionP99Us <= ring.decisionP99Us ? 'socket' : 'ring';
}

function versus(inline: Outcome, lanes: Outcome, name: 'ring' | 'socket', idleLoopDelayP99Ms: number): Verdict {
  const with_ = WITH[name];
  if ('failed' in inline) return 'failed' in lanes ? { pick: null, why: 'none could be measured' } : { pick: name, why: `inline could not be measured: ${inline.failed}` };
  if ('failed' in lanes) return { pick: 'inline', why: `${with_} could not be measured: ${lanes.failed}` };
  if (inline.undecided > lanes.undecided) return { pick: name, why: `inline left ${inline.undecided} frames undecided a second after the last, ${with_} ${lanes.undecided}` };
  if (lanes.undecided > inline.undecided) return { pick: 'inline', why: `${with_} left ${lanes.undecided} frames undecided a second after the last, inline ${inline.undecided}` };
  const loops = `main-loop delay ${ms(inline.loopDelayP99Ms)} inline, ${ms(lanes.loopDelayP99Ms)} with ${with_} (p99)`;
  const decisions = `decision p99 ${us(inline.decisionP99Us)} inline, ${us(lanes.decisionP99Us)} with ${with_}`;
  if (inline.loopUtilisation > BUSY && lanes.loopUtilisation < inline.loopUtilisation * WORTH) {
    return { pick: name, why: `inline keeps the main loop ${percent(inline.loopUtilisation)} busy, ${with_} ${percent(lanes.loopUtilisation)}; ${decisions}` };
  }
  if (inline.loopDelayP99Ms > idleLoopDelayP99Ms * NOTICED && lanes.loopDelayP99Ms < inline.loopDelayP99Ms * WORTH) {
    return { pick: name, why: `it keeps the main loop free: ${loops}; ${decisions}` };
  }
  // One tail is soon the worse by chance; both figures are not.
  if (lanes.decisionP99Us < inline.decisionP99Us * WORTH && lanes.decisionP50Us < inline.decisionP50Us) return { pick: name, why: `it decides sooner: ${decisions}` };
  return { pick: 'inline', why: `the main loop can afford it: ${loops}; ${decisions}` };
}

/** Cells of the table: load, placement, and the figures of a placement's outcome. */
export const COLUMNS = ['load', 'placement', 'decision p50', 'decision p99', 'main-loop delay p99', 'main loop busy', 'not decided'] as const;

export function tableRows({ rows, idleLoopDelayP99Ms }: Measured): string[][] {
  return [
    ['none', 'idle process', '', '', ms(idleLoopDelayP99Ms), '', ''],
    ...rows.flatMap((row) => PLACEMENTS.map((name, at) => [at === 0 ? row.load.name : '', name, ...figures(row[name])])),
  ];
}

function figures(outcome: Outcome): string[] {
  if ('failed' in outcome) return [outcome.failed, '', '', '', ''];
  const { decisionP50Us, decisionP99Us, loopDelayP99Ms, loopUtilisation, undecided }: CellResult = outcome;
  return [us(decisionP50Us), us(decisionP99Us), ms(loopDelayP99Ms), percent(loopUtilisation), String(undecided)];
}

/** The lines under the table. */
export function verdictLines({ rows, idleLoopDelayP99Ms }: Measured): string[] {
  return rows.map((row) => {
    const { pick, why } = verdictOf(row, idleLoopDelayP99Ms);
    return `${row.load.name}: ${pick ?? 'no verdict'}, for ${why}.`;
  });
}

export function describeMachine({ machine: { cpu, cores, node, platform }, seconds }: Measured): string {
  return `${cpu}, ${cores} ${cores === 1 ? 'core' : 'cores'}, ${platform}, Node ${node}; ${seconds} s a cell`;
}

const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ms`;
const us = (value: number): string => (value < 10_000 ? `${Math.round(value).toLocaleString('en-US')} µs` : ms(value / 1000));
const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
