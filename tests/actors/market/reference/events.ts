/** Records turned into plain objects with their exchange time, the way the formulas speak of them. */
import { AUX, EXCH_US, Flag, ID, Kind, KIND_MASK, PRICE, PRICE2, QTY, RECV_US, TAG, WORDS_F, WORDS_I } from '../../../../data/records/layout.js';
import type { Records } from '../records.js';

export interface Trade { type: 'trade'; us: number; price: number; lots: number; d: 1 | -1 }
export interface Quote { type: 'quote'; us: number; bid: number; bidLots: number; ask: number; askLots: number; id: number }
export interface Other { type: 'other'; us: number }
export type Event = (Trade | Quote | Other) & { latencyUs?: number };

/** Valid events of trades and book tickers, in order, on a clock that never goes back. No book. */
export function eventsOf({ F, I, n }: Records): Event[] {
  const events: Event[] = [];
  let clock = 0;
  let offset = 0;
  for (let r = 0; r < n; r += 1) {
    const f = r * WORDS_F;
    const i = r * WORDS_I;
    const tag = I[i + TAG];
    const kind = tag & KIND_MASK;
    const price = I[i + PRICE];
    const lots = F[f + QTY];
    const isTrade = kind === Kind.TRADE || kind === Kind.AGG_TRADE;
    if (isTrade && !(price > 0 && lots >= 0 && Number.isFinite(lots))) continue;
    if (kind === Kind.BOOK_TICKER) {
      const ask = I[i + PRICE2];
      const askLots = F[f + AUX];
      if (!Number.isFinite(lots) || !Number.isFinite(askLots) || lots < 0 || askLots < 0 || price < 0 || ask < 0) continue;
      if (price > 0 && ask > 0 && price >= ask) continue;
    }
    const exch = F[f + EXCH_US];
    const recv = F[f + RECV_US];
    if (exch > 0 && recv > 0) offset = exch - recv;
    const stamp = exch > 0 ? exch : recv > 0 ? recv + offset : clock;
    clock = Math.max(clock, stamp);
    const latency = exch > 0 && recv > 0 ? { latencyUs: recv - exch } : {};
    if (isTrade) events.push({ type: 'trade', us: clock, price, lots, d: (tag & Flag.SELL) !== 0 ? -1 : 1, ...latency });
    else if (kind === Kind.BOOK_TICKER) events.push({ type: 'quote', us: clock, bid: price, bidLots: lots, ask: I[i + PRICE2], askLots: F[f + AUX], id: F[f + ID], ...latency });
    else events.push({ type: 'other', us: clock, ...latency });
  }
  return events;
}
