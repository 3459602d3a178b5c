import type { VenueProduct } from '../../actors/engine/io.js';
import { ACCOUNT_PATH, BREAKERS_PATH, CLOCK_PATH, GATEWAY_PATH, GUARD_PATH, LEDGER_PATH, LIMITS_PATH, OPERATOR_PATH, ORDERS_PATH, RISK_PATH, TRUTH_PATH, USER_STREAM_PATH } from '../../actors/engine/paths.js';
import { HEALTH_PATH } from '../../actors/feeds/messages.js';
import { productsOf } from '../../actors/gateway/decode/index.js';
import { CALL_CLASSES } from '../../actors/gateway/messages.js';
import type { Instrument } from '../../data/records/index.js';
import type { CopyLimits, Inspection } from '../../runtime/index.js';

/** Over the control socket (`ask`): how everything stands that has to do with money, at one instant. Nothing is asked of an actor. */
export const DESK_QUESTION = 'engine.desk';

/** Actors' own views of themselves, by path. Plain and bounded. */
export interface DeskParts {
  /** Clock of the tree, µs. */
  readonly atUs: number;
  readonly views: Readonly<Record<string, unknown>>;
  /** Those of them that do not run: what they do instead. */
  readonly down: Readonly<Record<string, string>>;
  /** Price that each symbol goes by (mid, or last trade), in ticks, by index; what is not known is left out. */
  readonly markTicks: Readonly<Record<number, number>>;
}

/** Lists that are longer end with `{ $truncated }`. */
export const DESK_COPY: CopyLimits = { depth: 8, entries: 500, values: 12_000, textLength: 500, characters: 1_000_000 };

/** What a tree can be seen by: a runtime, live or of a replay. */
export interface SeenTree {
  nowUs(): number;
  inspect(path: string, limits?: CopyLimits): Inspection | undefined;
}

/** Everything the desk shows is one of these actors'. */
export function deskPaths(products: readonly VenueProduct[], venue: boolean): readonly string[] {
  if (!venue) return [OPERATOR_PATH, ACCOUNT_PATH, HEALTH_PATH, CLOCK_PATH];
  return [
    OPERATOR_PATH, ACCOUNT_PATH, TRUTH_PATH, ORDERS_PATH, GUARD_PATH, LEDGER_PATH, RISK_PATH, HEALTH_PATH, CLOCK_PATH, LIMITS_PATH, GATEWAY_PATH,
    ...products.flatMap((product) => [`${USER_STREAM_PATH}/${product}`, ...CALL_CLASSES.map((callClass) => `${BREAKERS_PATH}/${product}-${callClass}`)]),
  ];
}

/** The desk's parts of a tree as it is between two turns. `price`: of a symbol in ticks; not finite, or not positive, where none is known. */
export function deskParts(tree: SeenTree, instruments: readonly Instrument[], mode: string, price: (symbol: number) => number | undefined): DeskParts {
  const views: Record<string, unknown> = {};
  const down: Record<string, string> = {};
  for (const path of deskPaths(productsOf(instruments), mode !== 'paper')) {
    const seen = tree.inspect(path, DESK_COPY);
    if (seen?.state === 'running') views[path] = seen.value;
    else down[path] = seen?.state ?? 'not there';
  }
  const marks = instruments.map(({ index }) => [index, price(index) ?? NaN] as const).filter(([, ticks]) => Number.isFinite(ticks) && ticks > 0);
  return { atUs: tree.nowUs(), views, down, markTicks: Object.fromEntries(marks) };
}

/** What does not change while a run goes on. */
export interface DeskAbout {
  readonly mode: string;
  readonly account: string;
  readonly run: string;
  /** Folder of the account's record. */
  readonly record: string;
  readonly instruments: readonly Instrument[];
}

/** The answer to {@link DESK_QUESTION}; `about` when it was asked for with `{ about: true }`. */
export interface DeskAnswer extends DeskParts {
  readonly run: string;
  readonly about: DeskAbout | null;
}

/** The verb of the control socket. */
export function deskQuestion(about: DeskAbout, parts: () => DeskParts): (input: unknown) => DeskAnswer {
  return (input) => {
    const wanted = typeof input === 'object' && input !== null && (input as { readonly about?: unknown }).about === true;
    return { ...parts(), run: about.run, about: wanted ? about : null };
  };
}
