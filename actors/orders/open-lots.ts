/** What the entries of this run hold, as far as their fills have been told; and which exits could close more than that. Pure. */
import type { PositionGone } from '../truth/messages.js';
import type { PositionSide } from '../truth/views.js';
import type { Side } from '../venue/messages.js';
import type { Kept } from './book.js';
import { isFinal, type OrderIntent, type PlaceOrder } from './messages.js';

export interface Held {
  readonly symbol: number;
  readonly positionSide: PositionSide;
  /** Of the entry. */
  readonly side: Side;
  readonly lots: number;
}
/** By the id of the entry. */
export type OpenLots = ReadonlyMap<string, Held>;

export function withFill(open: OpenLots, { id, reduces, reduceOnly, symbol, positionSide, side }: OrderIntent, lots: number): OpenLots {
  if (!reduceOnly) return new Map(open).set(id, { symbol, positionSide, side, lots: (open.get(id)?.lots ?? 0) + lots });
  const held = reduces === null ? undefined : open.get(reduces);
  return held === undefined ? open : new Map(open).set(reduces!, { ...held, lots: Math.max(0, held.lots - lots) });
}

/** After lots went without an order of ours: the oldest entries lose them first. `taken`: by entry. */
export function withGone(open: OpenLots, { symbol, positionSide, side, lots }: PositionGone): { readonly open: OpenLots; readonly taken: ReadonlyMap<string, number> } {
  const next = new Map(open);
  const taken = new Map<string, number>();
  let left = lots;
  for (const [id, held] of open) {
    const lost = held.symbol === symbol && held.positionSide === positionSide && held.side === side ? Math.min(left, held.lots) : 0;
    if (lost <= 0) continue;
    left -= lost;
    taken.set(id, lost);
    next.set(id, { ...held, lots: held.lots - lost });
  }
  return { open: next, taken };
}

/** Without entries that hold nothing and have no order that lives. */
export function withoutDone(open: OpenLots, live: Iterable<Kept>): OpenLots {
  const needed = new Set<string>();
  for (const { record: { intent } } of live) needed.add(intent.reduces ?? intent.id);
  return new Map([...open].filter(([id, { lots }]) => lots > 0 || needed.has(id)));
}

/** Lots that orders at market on their way may still close of an entry's. */
export function closingLots(live: Iterable<Kept>, entryId: string): number {
  let lots = 0;
  for (const { record: { intent, bookedLots }, state } of live) {
    if (intent.reduceOnly && intent.kind === 'market' && intent.reduces === entryId && !isFinal(state)) lots += Math.max(0, intent.lots - bookedLots);
  }
  return lots;
}

/** Whether an exit may still come whose entry holds nothing any more, or one at market whose entry is not known. */
export function hasLooseExit(open: OpenLots, live: Iterable<Kept>, { symbol, positionSide }: Pick<PlaceOrder['intent'], 'symbol' | 'positionSide'>): boolean {
  for (const { record: { intent }, state } of live) {
    if (!intent.reduceOnly || isFinal(state) || intent.symbol !== symbol || intent.positionSide !== positionSide) continue;
    const held = intent.reduces === null ? undefined : open.get(intent.reduces);
    if (held === undefined ? intent.kind === 'market' : held.lots === 0) return true;
  }
  return false;
}
