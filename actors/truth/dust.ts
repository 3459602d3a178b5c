/** What is too little to be sold or protected at the exchange: dust. It is told once, stays ours in the ledger, and is sold with what is bought later. Pure. */
import { type Money, money } from '../account/money.js';
import { valuationOf } from '../ledger/cash.js';
import type { ReconcileInstrument } from './views.js';

/** The exchange values an order by an average of minutes: what is worth just enough now may not be worth it there. */
const MARGIN_PERCENT = 105n;

/** The instrument with its smallest sellable quantity at a price, ticks; without a price (0), or where value does not count, as it is. */
export function atPrice(known: ReconcileInstrument, priceTicks: number): ReconcileInstrument {
  const { instrument, minNotional = '', minLots } = known;
  if (minNotional === '' || priceTicks < 1) return known;
  const lot: Money = valuationOf(instrument).quoteNotional(1, Math.floor(priceTicks));
  const least = (money(minNotional) * MARGIN_PERCENT) / 100n;
  if (lot <= 0n || least <= 0n) return known;
  const lots = Number((least + lot - 1n) / lot);
  return lots > minLots ? { ...known, minLots: lots } : known;
}
