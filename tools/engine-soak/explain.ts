/** Why reconciliation may have found a difference. Pure. */
import type { VenueProduct } from '../../actors/engine/io.js';
import type { Difference } from '../../actors/truth/differences.js';
import type { Spell } from './troubles.js';

/** A difference as the record has it (table `transitions`). */
export interface FoundDifference {
  readonly product: VenueProduct;
  readonly kind: Difference['kind'];
  readonly atMs: number;
  readonly difference: Difference;
}

/** What makes differences beside troubles: the engine's own deaths and births, and operators. */
export type Happening = 'start' | 'death' | 'command';

type Cause = 'events' | 'answers' | 'clock' | 'hand' | 'venue' | 'mode' | 'death' | 'start' | 'funding' | 'forgotten' | 'command' | 'stops';

/**
 * What each trouble does to an engine's picture. `events`: the stream tells late, twice or not at all, or is gone. `answers`: requests or their answers are late
 * or lost. `clock`: stamps are refused. `hand`: somebody else trades in the account. `venue`: the venue closes positions. `stops`: it takes none. Troubles of market data alone are none.
 */
const DOES: Readonly<Record<string, readonly Cause[]>> = {
  'ack-after-fill': ['answers'], 'answers-cut': ['answers'], 'auto-deleveraging': ['venue'], ban: ['answers', 'events'], 'both-sockets-drop': ['events'], 'cancel-timeout-filled': ['answers'],
  'cancels-stall': ['answers'], 'client-id-collides': ['hand'], 'clock-skew': ['clock', 'answers'], 'conditional-orders-moved': [], 'cut-frames': ['events'], 'day-is-over': ['events'],
  'engine-restart': ['answers'], 'fill-twice': ['events'], 'fills-forgotten': ['hand', 'forgotten'], 'fills-in-disconnect': ['events'], 'fills-lost': ['events'], 'flash-crash': [],
  'flat-unseen': ['events', 'hand'], 'half-open': [], 'hedge-both': ['hand', 'mode'], 'latency-grows': [], liquidation: ['venue'], 'listen-key-dies': ['events'], 'listen-key-expires': ['events'],
  maintenance: ['answers'], 'manual-order': ['hand'], 'missing-delete': [], 'order-bad-gateway': ['answers'], 'order-timeout-accepted': ['answers'], 'order-timeout-lost': ['answers'],
  partition: ['events', 'answers'], 'rate-limit-then-ban': ['answers', 'events'], 'repeated-and-swapped': ['events'], 'server-shutdown': ['events'], settlement: ['venue'],
  'silent-user-stream': ['events'], 'slow-line': ['events', 'answers'], 'snapshot-old': [], 'snapshot-shallow': [], 'snapshot-slow': [], 'stop-refused': ['stops'], 'sync-fails': [], 'user-stream-flap': ['events'],
  // The soak's own: positions and orders of others are done away with, and the account is put back into one-way mode.
  'back-to-one-way': ['mode'],
};

/** Whether `name` is known: a script that is new must say what it does. */
export const isKnown = (name: string): boolean => name in DOES;

const LATE: readonly Cause[] = ['events', 'answers', 'clock', 'death', 'start'];
const MAY: Readonly<Record<Difference['kind'], readonly Cause[]>> = {
  missingOrderAtVenue: [...LATE, 'venue', 'hand'],
  unknownOrder: ['answers', 'clock', 'death', 'start'],
  unknownOrderResolved: ['answers', 'clock', 'death', 'start', 'hand'],
  orderDiffers: [...LATE, 'venue'],
  foreignOrder: ['hand', 'venue', 'start', 'command'],
  forgottenOrder: ['hand', 'death'],
  fillMissed: [...LATE, 'hand', 'venue'],
  incomeMissed: ['funding', ...LATE, 'venue'],
  fillNotAtVenue: ['forgotten'],
  positionMismatch: [...LATE, 'hand', 'venue', 'forgotten'],
  positionModeChanged: ['mode', 'start'],
  balanceMismatch: [...LATE, 'hand', 'venue', 'forgotten'],
  holdingShort: ['hand'],
  protectiveStopMissing: [...LATE, 'venue', 'hand', 'stops'],
  orphanStop: [...LATE, 'venue', 'hand'],
  dust: [],
};

/** What it does is not undone: the next whole list of trades shows it, whenever that is asked for. */
const LASTS: ReadonlySet<string> = new Set(['fills-forgotten']);
/** How long after its end a trouble may still show, ms: until truth has read everything anew. */
const SHOWS_FOR_MS = 90_000;

/** Truth became fresh, or was so no longer. */
export interface FreshnessEdge {
  readonly fresh: boolean;
  readonly atMs: number;
}

/** The edge that a row of the record tells of, if any. A truth that has become too old was read last so long before. */
export function freshnessEdge({ from, to, reasons, atMs }: Readonly<Record<string, unknown>>): FreshnessEdge | undefined {
  if (typeof to !== 'string' || typeof atMs !== 'number' || (from === 'fresh') === (to === 'fresh')) return undefined;
  const age = typeof reasons === 'string' ? /last read (\d+) ms ago/.exec(reasons)?.[1] : undefined;
  return { fresh: to === 'fresh', atMs: atMs - Number(age ?? 0) };
}

/** The last moment up to `atMs` at which truth was fresh: what happened since may be found now, however long nobody could read. */
export function lastFreshMs(edges: readonly FreshnessEdge[], atMs: number): number {
  const before = edges.filter((edge) => edge.atMs < atMs);
  const last = before.at(-1);
  if (last === undefined) return -Infinity;
  return last.fresh ? atMs : last.atMs;
}

/** Names of what explains it; none when nothing does. `sinceMs`: when truth was fresh last. */
export function causesOf({ product, kind, atMs, difference }: FoundDifference, sinceMs: number, spells: readonly Spell[], happenings: readonly { readonly what: Happening; readonly atMs: number }[]): readonly string[] {
  const may = MAY[kind] ?? [];
  const causes = spells.filter(({ name, fromMs, toMs }) => fromMs <= atMs && ((kind === 'fillNotAtVenue' && LASTS.has(name)) || sinceMs <= toMs + SHOWS_FOR_MS) && (DOES[name] ?? []).some((cause) => may.includes(cause))).map(({ name }) => name);
  const happened = happenings.filter(({ what, atMs: thenMs }) => thenMs <= atMs && sinceMs <= thenMs + SHOWS_FOR_MS && may.includes(what)).map(({ what }) => what);
  // Funding is told by no stream: the list of incomes brings it.
  const scheduled = difference.kind === 'incomeMissed' && difference.income.kind === 'funding' ? ['funding'] : [];
  // Spot takes the fee of a purchase from what was bought: a whole number of lots is not left, and what is left over of them is told once.
  const fees = difference.kind === 'dust' && product === 'spot' ? ['fees'] : [];
  return [...new Set([...causes, ...happened, ...scheduled, ...fees])];
}
