import type { Instrument } from '../../data/records/instrument.js';

/** Quote units that one lot is worth: price in ticks times `perTick`, plus `flat` (inverse contracts have a fixed worth). */
export function contractValue(instrument: Instrument): { readonly perTick: number; readonly flat: number } {
  const lot = Number(instrument.lotSize) * Number(instrument.multiplier);
  return instrument.product === 'inverse' ? { perTick: 0, flat: lot } : { perTick: lot * Number(instrument.tickSize), flat: 0 };
}
