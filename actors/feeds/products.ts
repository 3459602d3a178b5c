/** Which product of the venue an instrument on the tape is traded at. */
import type { Instrument } from '../../data/records/instrument.js';
import type { VenueProduct } from '../engine/io.js';

const VENUES: Readonly<Record<string, VenueProduct>> = { 'binance-spot': 'spot', 'binance-usdm': 'usdm', 'binance-options': 'options' };

/** Undefined for an instrument of a venue that the engine does not trade at. */
export function productOf({ venue }: Pick<Instrument, 'venue'>): VenueProduct | undefined {
  return VENUES[venue];
}

/** Paths of public REST, by product. */
export const REST_PATHS: Readonly<Record<VenueProduct, { readonly time: string; readonly info: string; readonly depth: string }>> = {
  spot: { time: '/api/v3/time', info: '/api/v3/exchangeInfo', depth: '/api/v3/depth' },
  usdm: { time: '/fapi/v1/time', info: '/fapi/v1/exchangeInfo', depth: '/fapi/v1/depth' },
  options: { time: '/eapi/v1/time', info: '/eapi/v1/exchangeInfo', depth: '/eapi/v1/depth' },
};
