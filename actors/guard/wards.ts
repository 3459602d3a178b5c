/** What is open, what covers it, and what is to be done about the difference. Pure. */
import { isFinal, type OrderChanged, type OrderFilled } from '../orders/messages.js';
import type { Side } from '../venue/messages.js';
import type { Cover, Ward } from './messages.js';

export const closingSide = ({ side }: Pick<Ward, 'side'>): Side => (side === 'buy' ? 'sell' : 'buy');
const POSITION = 'position ';
export const positionWard = (symbol: number, positionSide: string): string => `${POSITION}${symbol} ${positionSide}`;
/** A position that no trade of this run explains. */
export const isPosition = ({ id }: Pick<Ward, 'id'>): boolean => id.startsWith(POSITION);

/** Lots that a stop still covers. */
const left = ({ lots, bookedLots }: Cover): number => Math.max(0, lots - bookedLots);
const stands = ({ state }: Cover): boolean => state === 'accepted' || state === 'triggered' || state === 'partiallyFilled';

/** Lots covered by stops that the venue has confirmed. */
export function confirmedLots(covers: readonly Cover[]): number {
  let lots = 0;
  for (const cover of covers) if (cover.kind === 'stop' && stands(cover)) lots += left(cover);
  return lots;
}

/** Lots covered if all goes well: with the stops that are on their way, or in doubt. */
export function expectedLots(covers: readonly Cover[]): number {
  let lots = 0;
  for (const cover of covers) if (cover.kind === 'stop' && !isFinal(cover.state) && cover.state !== 'collecting') lots += left(cover);
  return lots;
}

/** An exit that an earlier life sent, and of which the venue has not said yet that it stands. */
export const isDoubtful = ({ kind, inherited, state }: Cover): boolean => kind === 'stop' && inherited === true && state === 'unknown';

/** Stops of the guard that a later one of its own, which covers all, has made superfluous. */
export function superseded(covers: readonly Cover[], openLots: number): readonly Cover[] {
  const own = covers.filter((cover) => cover.own && cover.kind === 'stop' && !isFinal(cover.state));
  const enough = own.findLastIndex((cover) => stands(cover) && left(cover) >= openLots);
  return own.slice(0, Math.max(0, enough));
}

/** A close at market that has not ended yet. */
export const isClosing = (covers: readonly Cover[]): boolean => covers.some(({ kind, own, state }) => kind === 'market' && own && !isFinal(state));

/** Trigger of a stop `share` away from the entry, in whole ticks on the far side, never below one. */
export function stopTicks({ side, entryTicks }: Pick<Ward, 'side' | 'entryTicks'>, share: number): number {
  return side === 'buy' ? Math.max(1, Math.floor(entryTicks * (1 - share))) : Math.ceil(entryTicks * (1 + share));
}

export function wardOf({ id, symbol, product, side, positionSide }: Pick<Ward, 'id' | 'symbol' | 'product' | 'side' | 'positionSide'>): Ward {
  return { id, symbol, product, side, positionSide, openLots: 0, entryTicks: 0, entryDone: false, nakedMs: null, closing: null, own: false };
}

/** An entry of ours was filled: more is open, at a price that may be worse. */
export function opened(ward: Ward, { fill }: OrderFilled): Ward {
  const { priceTicks, lots } = fill;
  const entryTicks = ward.entryTicks === 0 ? priceTicks : ward.side === 'buy' ? Math.max(ward.entryTicks, priceTicks) : Math.min(ward.entryTicks, priceTicks);
  return { ...ward, openLots: ward.openLots + lots, entryTicks };
}

export function closed(ward: Ward, lots: number): Ward {
  return { ...ward, openLots: Math.max(0, ward.openLots - lots) };
}

/** As a cover of the ward, what an order was told to be; its booked lots are counted by its fills. */
export function coverOf({ intent, state }: OrderChanged, ward: string, own: boolean, bookedLots: number): Omit<Cover, 'alone'> {
  return { id: intent.id, clientId: intent.clientId, ward, kind: intent.kind, lots: intent.lots, bookedLots, state, own };
}
