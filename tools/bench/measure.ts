import type { BenchResult, BenchRow } from './row.js';

const ROUNDS = 5;
const SLICES = 3;

/** Middle value; the mean of the middle two of an even count. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >>> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * Measures a row: rounds of interleaved slices (ours, peer, ours, peer …), the best slice of each side in each round,
 * the median of those over the rounds (or the best, for a row that says so). The best slice of a rate is the one of the shortest time: what the machine can do
 * when the neighbours let it.
 */
export async function measure(row: BenchRow, collect: () => void = () => {}): Promise<BenchResult> {
  const absent = row.absent?.();
  if (absent !== undefined) {
    return {
      id: row.id, value: null, unit: row.unit, better: row.better, peer: row.peer, peerValue: null, ratio: null, floor: row.floor ?? null, aim: row.aim ?? null, rounds: [], skipped: absent,
    };
  }
  await row.prepare?.();
  try {
    const skipped = row.skip?.();
    const peerRun = skipped === undefined ? row.peerRun?.bind(row) : undefined;
    const best = row.better === 'higher' ? Math.max : Math.min;
    const rounds: { ours: number; peer: number | null }[] = [];
    for (let round = 0; round < (row.rounds ?? ROUNDS); round += 1) {
      const ours: number[] = [];
      const peers: number[] = [];
      for (let slice = 0; slice < (row.slices ?? SLICES); slice += 1) {
        collect();
        ours.push(checked(row.id, await row.ours()));
        if (peerRun === undefined) continue;
        collect();
        peers.push(checked(row.id, await peerRun()));
      }
      rounds.push({ ours: best(...ours), peer: peers.length === 0 ? null : best(...peers) });
    }
    const over = row.over === 'best' ? (values: readonly number[]): number => best(...values) : median;
    const value = over(rounds.map(({ ours }) => ours));
    const peerBests = rounds.flatMap(({ peer }) => (peer === null ? [] : [peer]));
    const peerValue = peerBests.length === 0 ? null : over(peerBests);
    const also = await row.also?.();
    return {
      id: row.id, value, unit: row.unit, better: row.better, peer: row.peer, peerValue, ratio: peerValue === null || peerValue === 0 ? null : value / peerValue,
      floor: row.floor ?? null, aim: row.aim ?? null, rounds, ...(also === undefined ? {} : { also }), ...(skipped === undefined ? {} : { skipped }),
    };
  } finally {
    await row.close?.();
  }
}

function checked(id: string, value: number): number {
  if (!Number.isFinite(value)) throw new Error(`${id}: a slice returned ${value}`);
  return value;
}

/** Whether a result keeps its floor; undefined where there is nothing to hold it to (no floor, or the peer is absent). */
export function keepsFloor(result: BenchResult): boolean | undefined {
  if (result.failed !== undefined) return false;
  const measured = result.peer === null ? result.value : result.ratio;
  if (result.floor === null || measured === null) return undefined;
  return result.better === 'higher' ? measured >= result.floor : measured <= result.floor;
}
