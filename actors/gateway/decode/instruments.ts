import { DecimalGrid } from '../../../data/instruments/decimal.js';
import type { Instrument } from '../../../data/records/index.js';
import type { VenueProduct } from '../../engine/io.js';

/** An instrument of the run as the decoders need it. */
export interface VenueInstrument {
  /** Index in the run's instruments. */
  readonly symbol: number;
  /** As the venue spells it. */
  readonly name: string;
  readonly product: VenueProduct;
  readonly price: DecimalGrid;
  readonly lot: DecimalGrid;
}

/** Which account of the venue an instrument is traded in; undefined for instruments of other venues. */
export function venueProductOf({ venue, product }: Pick<Instrument, 'venue' | 'product'>): VenueProduct | undefined {
  if (!venue.startsWith('binance')) return undefined;
  switch (product) {
    case 'spot': return 'spot';
    case 'linear': return 'usdm';
    case 'option': return 'options';
    case 'inverse':
    case 'unknown': return undefined;
  }
}

/** Products that are traded, in the order of the instruments. */
export const productsOf = (instruments: readonly Instrument[]): readonly VenueProduct[] =>
  [...new Set(instruments.map(venueProductOf))].filter((product): product is VenueProduct => product !== undefined);

/** The run's instruments by the venue's names: one name can be of spot and of USD-M. */
export class VenueInstruments {
  readonly #byName = new Map<string, VenueInstrument>();

  constructor(instruments: readonly Instrument[]) {
    for (const instrument of instruments) {
      const product = venueProductOf(instrument);
      if (product === undefined) continue;
      this.#byName.set(`${product} ${instrument.symbol}`, {
        symbol: instrument.index, name: instrument.symbol, product, price: new DecimalGrid(instrument.tickSize), lot: new DecimalGrid(instrument.lotSize),
      });
    }
  }

  find(product: VenueProduct, name: string): VenueInstrument | undefined {
    return this.#byName.get(`${product} ${name}`);
  }
}
