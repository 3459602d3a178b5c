import { Random } from '../../runtime/random.js';

export type StorePoint = 'before-batch' | 'committed' | 'flushed';
export const STAGES: readonly StorePoint[] = ['before-batch', 'committed', 'flushed'];

/** The `write`-th write of the store, counted from when the engine was told, at one of its stages. */
export interface KillPoint {
  readonly stage: StorePoint;
  readonly write: number;
}

/** One death. `starting`: counted from the beginning of a process, so that it dies while it comes back; otherwise from when all was found equal. */
export type Death =
  | { readonly kind: 'point'; readonly point: KillPoint; readonly starting: boolean }
  | { readonly kind: 'random'; readonly afterMs: number };

/** Writes of one round of the test's strategy (entry, fill, stop, exit, their ends), and a few over. */
const WRITES_A_ROUND = 40;
/** Of one trade, for a sample that is to be quick. */
const WRITES_OF_A_TRADE = 14;
/** Writes of a beginning. */
const WRITES_OF_A_START = 4;
/** Every so many-th point is in the beginning of a process. */
const STARTING_EVERY = 5;
const LONGEST_MS = 1500;

/** The deaths of a sweep, the same for a seed: points one after the other through the round, random instants spread among them. */
export function planDeaths(points: number, random: number, seed: string): readonly Death[] {
  const draw = new Random(`engine-sweep ${seed}`);
  const deaths: Death[] = [];
  let starts = 0;
  let rounds = 0;
  for (let at = 0; at < points; at += 1) {
    const starting = at % STARTING_EVERY === STARTING_EVERY - 1;
    const number = starting ? starts++ : rounds++;
    const span = starting ? WRITES_OF_A_START : points < WRITES_A_ROUND ? WRITES_OF_A_TRADE : WRITES_A_ROUND;
    deaths.push({ kind: 'point', starting, point: { stage: STAGES[number % 3]!, write: 1 + (Math.floor(number / 3) + (points < span ? draw.nextInt() >>> 0 : 0)) % span } });
  }
  for (let at = 0; at < random; at += 1) deaths.splice((draw.nextInt() >>> 0) % (deaths.length + 1), 0, { kind: 'random', afterMs: (draw.nextInt() >>> 0) % LONGEST_MS });
  return deaths;
}
