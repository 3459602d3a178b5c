import type { Weight } from './weigh.js';

/** A weight, and when it was taken, minutes of the venue's clock from the beginning. */
export interface Sample extends Weight {
  readonly minute: number;
}

/** How much more may be there at the end of a stretch than at its beginning by the slope: a share, and so many units over that. */
const MAY_GROW: Readonly<Record<keyof Weight, { readonly share: number; readonly slack: number } | null>> = {
  heapMb: { share: 0.08, slack: 4 }, externalMb: { share: 0.1, slack: 4 }, ownMb: { share: 0.15, slack: 24 }, handles: { share: 0, slack: 6 },
  // Pages of mapped files come and go as the system likes.
  rssMb: null,
};
const LEAST_SAMPLES = 4;

/** The median of the slopes between all pairs (Theil and Sen): one sample that is off moves it little. A unit a minute. */
export function slopeOf(points: readonly (readonly [minute: number, value: number])[]): number {
  const slopes: number[] = [];
  points.forEach(([x, y], at) => {
    for (const [x2, y2] of points.slice(at + 1)) if (x2 !== x) slopes.push((y2 - y) / (x2 - x));
  });
  slopes.sort((a, b) => a - b);
  const middle = slopes.length >> 1;
  if (slopes.length === 0) return 0;
  return slopes.length % 2 === 1 ? slopes[middle]! : (slopes[middle - 1]! + slopes[middle]!) / 2;
}

/** What has grown in these samples of one process; nothing when they are too few to tell. */
export function growths(samples: readonly Sample[]): readonly string[] {
  if (samples.length < LEAST_SAMPLES) return [];
  const [first, last] = [samples[0]!, samples.at(-1)!];
  const minutes = last.minute - first.minute;
  const problems: string[] = [];
  for (const name of ['heapMb', 'externalMb', 'ownMb', 'handles'] as const) {
    const may = MAY_GROW[name]!;
    const values = samples.map((sample) => sample[name]);
    const grown = slopeOf(samples.map((sample) => [sample.minute, sample[name]])) * minutes;
    const level = values.toSorted((a, b) => a - b)[values.length >> 1]!;
    if (grown > level * may.share + may.slack) problems.push(`${name} has grown by ${grown.toFixed(1)} within ${minutes.toFixed(0)} minutes: ${values.join(', ')}`);
  }
  return problems;
}
