import type { Instrument } from '../records/index.js';
import { otherVenueOf, statedSizes, symbolRules } from '../instruments/rules.js';
import { StepSize } from './exact-number.js';
import { ImportError } from './import-error.js';
import type { SymbolStats } from './size-stats.js';

/** What the person stated about the instruments; holds for every symbol of the import. */
export interface StatedSizes {
  readonly tickSize?: string | undefined;
  readonly lotSize?: string | undefined;
  readonly multiplier?: string | undefined;
  readonly settle?: string | undefined;
}

/** An instrument with its steps, ready to turn decimal numbers into ticks and lots. */
export interface ResolvedInstrument {
  readonly instrument: Instrument;
  readonly tick: StepSize;
  readonly lot: StepSize;
  /** The tick was stated by the person: a price off it is a bad row even where others would be rounded. */
  readonly tickStated: boolean;
  readonly lotStated: boolean;
}

/** @throws ImportError usage, naming the option. */
export function stepOption(option: string, text: string): StepSize {
  try {
    return new StepSize(text);
  } catch {
    throw new ImportError('usage', `${option} ${JSON.stringify(text)} is not a positive decimal number`, `for example ${option} 0.01`);
  }
}

/**
 * Sizes of one symbol: as stated by options, else as the venue is known to state them when the data agree, else the
 * coarsest that the data sit on, marked as inferred.
 * @throws ImportError usage for an option that is not a size; badInput for a symbol that can only be another venue's.
 */
export function resolveInstrument(index: number, symbol: string, venue: string, stated: StatedSizes, stats: SymbolStats): ResolvedInstrument {
  const other = otherVenueOf(venue, symbol);
  if (other !== undefined) {
    throw new ImportError('badInput', `${symbol} is a symbol of ${other}, but the import is for ${venue}`, `--venue ${other}; several venues go into tapes of their own, then: faultline tape merge`);
  }
  const inferred: Instrument['inferred'][number][] = [];
  const known = statedSizes(venue, symbol);
  const pick = (option: string, given: string | undefined, table: string | undefined, fits: (step: StepSize) => boolean, infer: () => string, name: 'tickSize' | 'lotSize'): StepSize => {
    if (given !== undefined) return stepOption(option, given);
    if (table !== undefined) {
      const step = new StepSize(table);
      if (fits(step)) return step;
    }
    inferred.push(name);
    return new StepSize(infer());
  };
  const tick = pick('--tick-size', stated.tickSize, known?.tickSize, (step) => stats.price.fits(step), () => stats.tickSize(), 'tickSize');
  const lot = pick('--lot-size', stated.lotSize, known?.lotSize, (step) => stats.lotSizeFits(step), () => stats.lotSize(), 'lotSize');
  const rules = symbolRules(venue, symbol);
  if (!rules.known) {
    inferred.push('product');
    if (stated.multiplier === undefined) inferred.push('multiplier');
    if (stated.settle === undefined && rules.settle !== '') inferred.push('settle');
  }
  if (stated.multiplier !== undefined) stepOption('--multiplier', stated.multiplier);
  return {
    instrument: {
      index,
      symbol,
      venue,
      product: rules.product,
      tickSize: tick.text,
      lotSize: lot.text,
      multiplier: stated.multiplier ?? rules.multiplier,
      settle: stated.settle ?? rules.settle,
      inferred,
    },
    tick,
    lot,
    tickStated: stated.tickSize !== undefined,
    lotStated: stated.lotSize !== undefined,
  };
}
