import type { CellResult } from '../bench/live/cell.js';
import type { LoadRow, Measured, Outcome, PlacementName } from './measure.js';

export interface Verdict {
  /** null: neither could be measured. */
  readonly pick: PlacementName | null;
  readonly why: string;
}

/** A main loop busier than this has no room for a burst, a garbage collection or a second symbol. */
const BUSY = 0.7;
/** A delay that is this much of the idle process's is noticed. */
const NOTICED = 2;
/** The ring must take away this share of the delay to be worth its latency. */
const WORTH = 0.7;

/** Which placement to choose for a load, from what both did with it: inline, unless the main loop suffers and the ring relieves it. */
export function verdictOf({ inline, ring }: Pick<LoadRow, 'inline' | 'ring'>, idleLoopDelayP99Ms: number): Verdict {
  if ('failed' in inline) return 'failed' in ring ? { pick: null, why: 'neither could be measured' } : { pick: 'ring', why: `inline could not be measured: ${inline.failed}` };
  if ('failed' in ring) return { pick: 'inline', why: `the ring could not be measured: ${ring.failed}` };
  if (inline.undecided > ring.undecided) return { pick: 'ring', why: `inline left ${inline.undecided} frames undecided a second after the last, the ring ${ring.undecided}` };
  if (ring.undecided > inline.undecided) return { pick: 'inline', why: `the ring left ${ring.undecided} frames undecided a second after the last, inline ${inline.undecided}` };
  const loops = `main-loop delay ${ms(inline.loopDelayP99Ms)} inline, ${ms(ring.loopDelayP99Ms)} with the ring (p99)`;
  const decisions = `decision p99 ${us(inline.decisionP99Us)} inline, ${us(ring.decisionP99Us)} with the ring`;
  if (inline.loopUtilisation > BUSY && ring.loopUtilisation < inline.loopUtilisation * WORTH) {
    return { pick: 'ring', why: `inline keeps the main loop ${percent(inline.loopUtilisation)} busy, the ring ${percent(ring.loopUtilisation)}; ${decisions}` };
  }
  if (inline.loopDelayP99Ms > idleLoopDelayP99Ms * NOTICED && ring.loopDelayP99Ms < inline.loopDelayP99Ms * WORTH) {
    return { pick: 'ring', why: `it keeps the main loop free: ${loops}; ${decisions}` };
  }
  // One tail is soon the worse by chance; both figures are not.
  if (ring.decisionP99Us < inline.decisionP99Us * WORTH && ring.decisionP50Us < inline.decisionP50Us) return { pick: 'ring', why: `it decides sooner: ${decisions}` };
  return { pick: 'inline', why: `the main loop can afford it: ${loops}; ${decisions}` };
}

/** Cells of the table: load, placement, and the figures of a placement's outcome. */
export const COLUMNS = ['load', 'placement', 'decision p50', 'decision p99', 'main-loop delay p99', 'main loop busy', 'not decided'] as const;

export function tableRows({ rows, idleLoopDelayP99Ms }: Measured): string[][] {
  return [
    ['none', 'idle process', '', '', ms(idleLoopDelayP99Ms), '', ''],
    ...rows.flatMap(({ load, inline, ring }) => [
      [load.name, 'inline', ...figures(inline)],
      ['', 'ring', ...figures(ring)],
    ]),
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
