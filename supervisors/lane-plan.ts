import type { LanesParams } from '../config/index.js';
import type { Instrument } from '../data/records/index.js';
import { instanceNames } from './instance-names.js';

/** Which symbols a lane has. */
export interface PlannedLane {
  /** Its number in the configuration, in paths and in reports. */
  readonly id: number;
  readonly instruments: readonly Instrument[];
}

export interface LanePlan {
  /** Lanes that have something to do, by id. */
  readonly lanes: readonly PlannedLane[];
  /** By symbol index: which of `lanes`. */
  readonly assignment: readonly number[];
  /** Lanes that would have had no symbol, and are not started. */
  readonly spare: number;
}

/**
 * Deals symbols to lanes: those that the configuration names go where it says, the others in turn to the lane that has fewest.
 * @throws RangeError when the configuration names a lane or a symbol that is not there.
 */
export function planLanes(instruments: readonly Instrument[], { count, assign }: Pick<LanesParams, 'count' | 'assign'>): LanePlan {
  const names = instanceNames(instruments);
  const known = new Set(names.values());
  for (const [name, lane] of Object.entries(assign)) {
    if (lane >= count) throw new RangeError(`lanes.assign puts ${name} on lane ${lane}, but there ${count === 1 ? 'is one: lane 0' : `are ${count}: lanes 0 to ${count - 1}`}`);
    if (!known.has(name)) throw new RangeError(`lanes.assign names ${name}, which is not among the symbols: ${[...known].join(', ')}`);
  }
  // Names come from tapes: one may be called `constructor`, which every object has.
  const wished = new Map(Object.entries(assign));
  const dealt: Instrument[][] = Array.from({ length: count }, () => []);
  for (const instrument of instruments) {
    const lane = wished.get(names.get(instrument.index)!);
    if (lane !== undefined) dealt[lane]!.push(instrument);
  }
  for (const instrument of instruments) {
    if (wished.has(names.get(instrument.index)!)) continue;
    const fewest = dealt.reduce((best, lane, id) => (lane.length < dealt[best]!.length ? id : best), 0);
    dealt[fewest]!.push(instrument);
  }
  const planned = dealt.map((own, id) => ({ id, instruments: own.sort((a, b) => a.index - b.index) }));
  // A stream without symbols still has records for somebody to refuse.
  const lanes = instruments.length === 0 ? planned.slice(0, 1) : planned.filter((lane) => lane.instruments.length > 0);
  const assignment: number[] = [];
  for (const [k, lane] of lanes.entries()) for (const { index } of lane.instruments) assignment[index] = k;
  return { lanes, assignment, spare: count - lanes.length };
}
