import type { Instrument } from '../../data/records/index.js';
import type { InstrumentRules, ProductRules } from '../engine/venue-rules.js';
import type { ReconcileInstrument } from './views.js';

/** What reconciliation and ledger have to know of the instruments, from the venue's own rules. */
export function reconcileInstruments(instruments: readonly Instrument[], rules: readonly ProductRules[]): ReconcileInstrument[] {
  return instruments.map((instrument) => {
    const rule: InstrumentRules | undefined = rules.flatMap((product) => product.instruments).find(({ symbol }) => symbol === instrument.index);
    const base = rule?.base ?? (instrument.symbol.endsWith(instrument.settle) ? instrument.symbol.slice(0, -instrument.settle.length) : '');
    return { instrument, baseAsset: instrument.product === 'spot' ? base : '', minLots: Math.max(1, rule?.market.minLots ?? 1), ...leastValue(instrument, rule) };
  });
}

/** USD-M frees orders that reduce of the smallest value; spot does not know that an order reduces. */
function leastValue({ product }: Instrument, rule: InstrumentRules | undefined): Pick<ReconcileInstrument, 'minNotional'> {
  return product === 'spot' && rule?.minNotionalAppliesToMarket === true && rule.minNotional !== '' ? { minNotional: rule.minNotional } : {};
}
