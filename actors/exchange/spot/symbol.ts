/**
 * A spot symbol: what may be traded and within which filters. Prices are integer ticks and quantities integer lots of the
 * symbol; amounts are 10^-8 of base and quote, and one tick times one lot is always a whole number of them.
 */
import { DecimalGrid, parseDecimal } from '../../../data/instruments/decimal.js';
import type { Side } from '../book/index.js';
import { type Amount, amount, AMOUNT_DECIMALS, type Asset, asset, formatAmount, mustParseAmount } from '../ledger/index.js';
import type { PriceRange } from '../matching/index.js';

export type SymbolStatus = 'TRADING' | 'END_OF_DAY' | 'HALT' | 'BREAK' | 'CANCEL_ONLY';
export type OrderType = 'LIMIT' | 'LIMIT_MAKER' | 'MARKET' | 'STOP_LOSS' | 'STOP_LOSS_LIMIT' | 'TAKE_PROFIT' | 'TAKE_PROFIT_LIMIT';
export type StpMode = 'NONE' | 'EXPIRE_TAKER' | 'EXPIRE_MAKER' | 'EXPIRE_BOTH' | 'DECREMENT' | 'TRANSFER';

export const ORDER_TYPES: readonly OrderType[] = ['LIMIT', 'LIMIT_MAKER', 'MARKET', 'STOP_LOSS', 'STOP_LOSS_LIMIT', 'TAKE_PROFIT', 'TAKE_PROFIT_LIMIT'];
export const STP_MODES: readonly StpMode[] = ['NONE', 'EXPIRE_TAKER', 'EXPIRE_MAKER', 'EXPIRE_BOTH', 'DECREMENT', 'TRANSFER'];

/** A multiplier that is not given leaves its side and direction free. */
export interface PriceRangeRule {
  readonly bidLimitMultUp?: string;
  readonly bidLimitMultDown?: string;
  readonly askLimitMultUp?: string;
  readonly askLimitMultDown?: string;
}

/** Everything that can be set of a symbol; decimal strings throughout. Unset fields take the defaults of {@link spotSymbol}. */
export interface SpotSymbolSpec {
  readonly symbol: string;
  readonly base: string;
  readonly quote: string;
  /** PRICE_FILTER. */
  readonly tickSize: string;
  readonly minPrice: string;
  readonly maxPrice: string;
  /** LOT_SIZE; the step is the engine's lot. */
  readonly stepSize: string;
  readonly minQty: string;
  readonly maxQty: string;
  /** MARKET_LOT_SIZE; its minimum and step are disabled (0), as the venue lists them. */
  readonly marketMaxQty: string;
  /** NOTIONAL. */
  readonly minNotional: string;
  readonly maxNotional: string;
  readonly applyMinToMarket: boolean;
  readonly applyMaxToMarket: boolean;
  /** PERCENT_PRICE_BY_SIDE. */
  readonly bidMultiplierUp: string;
  readonly bidMultiplierDown: string;
  readonly askMultiplierUp: string;
  readonly askMultiplierDown: string;
  readonly avgPriceMins: number;
  readonly icebergParts: number;
  readonly maxNumOrders: number;
  readonly maxNumAlgoOrders: number;
  readonly maxNumOrderLists: number;
  readonly maxNumOrderAmends: number;
  /** MAX_POSITION of the base asset; "" = no such filter. */
  readonly maxPosition: string;
  readonly minTrailingDelta: number;
  readonly maxTrailingDelta: number;
  /** Execution rule PRICE_RANGE: multiples of the reference price between which takers of each side may trade; null = no such rule. */
  readonly priceRange: PriceRangeRule | null;
  readonly orderTypes: readonly OrderType[];
  readonly defaultStp: StpMode;
  readonly allowedStp: readonly StpMode[];
}

/** A symbol as the venue lists the large ones, for the given tick and step. */
export function spotSymbol(given: Pick<SpotSymbolSpec, 'symbol' | 'base' | 'quote' | 'tickSize' | 'stepSize'> & Partial<SpotSymbolSpec>): SpotSymbolSpec {
  return {
    minPrice: given.tickSize,
    maxPrice: times(given.tickSize, 100_000_000n),
    minQty: given.stepSize,
    maxQty: times(given.stepSize, 900_000_000n),
    marketMaxQty: times(given.stepSize, 100_000_000n),
    minNotional: '5.00000000',
    maxNotional: '9000000.00000000',
    applyMinToMarket: true,
    applyMaxToMarket: false,
    bidMultiplierUp: '5',
    bidMultiplierDown: '0.2',
    askMultiplierUp: '5',
    askMultiplierDown: '0.2',
    avgPriceMins: 5,
    icebergParts: 100,
    maxNumOrders: 200,
    maxNumAlgoOrders: 5,
    maxNumOrderLists: 20,
    maxNumOrderAmends: 10,
    maxPosition: '',
    minTrailingDelta: 10,
    maxTrailingDelta: 2000,
    priceRange: null,
    orderTypes: ORDER_TYPES,
    defaultStp: 'EXPIRE_MAKER',
    allowedStp: STP_MODES,
    ...given,
  };
}

function times(size: string, count: bigint): string {
  const parsed = parseDecimal(size);
  if (parsed === undefined) throw new RangeError(`not a decimal size: ${JSON.stringify(size)}`);
  return formatAmount(amount((parsed.units * count * 10n ** BigInt(AMOUNT_DECIMALS)) / 10n ** BigInt(parsed.scale)));
}

/** Lots or ticks of a decimal string that need not be a multiple of the size: rounded down. */
function stepsOf(text: string, size: Amount): number {
  return Number(mustParseAmount(text) / size);
}

const MULTIPLIER_SCALE = 10_000n;
const multiplier = (text: string): bigint => mustParseAmount(text) / 10_000n;

/** Highest and lowest price of each side that PERCENT_PRICE_BY_SIDE allows, in ticks. */
export interface PriceBand {
  readonly bidUp: number;
  readonly bidDown: number;
  readonly askUp: number;
  readonly askDown: number;
}

/** A {@link SpotSymbolSpec} in the engine's units. */
export class SpotSymbol {
  readonly name: string;
  readonly base: Asset;
  readonly quote: Asset;
  readonly spec: SpotSymbolSpec;
  status: SymbolStatus = 'TRADING';

  readonly prices: DecimalGrid;
  readonly quantities: DecimalGrid;
  readonly minTicks: number;
  readonly maxTicks: number;
  readonly minLots: number;
  readonly maxLots: number;
  readonly marketMaxLots: number;
  readonly minNotional: Amount;
  readonly maxNotional: Amount;
  readonly maxPosition: Amount | undefined;

  /** 10^-8 quote of one tick (per whole base unit), 10^-8 base of one lot, 10^-8 quote of one tick times one lot. */
  readonly tickUnits: bigint;
  readonly lotUnits: bigint;
  readonly #tickLotUnits: bigint;
  readonly #tickNumber: number;
  readonly #lotNumber: number;
  readonly #tickLotNumber: number;
  readonly #priceTexts = new Texts();
  readonly #quantityTexts = new Texts();
  /** The band that was asked for last: many orders come between two trades. */
  #band: PriceBand | undefined;
  #bandOf: Amount | undefined;
  readonly #rangeMultipliers: { readonly up: readonly (bigint | undefined)[]; readonly down: readonly (bigint | undefined)[] } | undefined;
  readonly #multipliers: { readonly bidUp: bigint; readonly bidDown: bigint; readonly askUp: bigint; readonly askDown: bigint };

  /** @throws RangeError when a size is no positive decimal, finer than 10^-8, or tick times step is. */
  constructor(spec: SpotSymbolSpec) {
    this.name = spec.symbol;
    this.base = asset(spec.base);
    this.quote = asset(spec.quote);
    this.spec = spec;
    this.prices = new DecimalGrid(spec.tickSize);
    this.quantities = new DecimalGrid(spec.stepSize);
    this.tickUnits = mustParseAmount(spec.tickSize);
    this.lotUnits = mustParseAmount(spec.stepSize);
    const product = this.tickUnits * this.lotUnits;
    if (product % 100_000_000n !== 0n) throw new RangeError(`${spec.symbol}: tick times step is finer than 10^-${AMOUNT_DECIMALS}`);
    this.#tickLotUnits = product / 100_000_000n;
    this.#tickNumber = Number(this.tickUnits);
    this.#lotNumber = Number(this.lotUnits);
    this.#tickLotNumber = Number(this.#tickLotUnits);
    this.minTicks = Math.max(1, stepsOf(spec.minPrice, amount(this.tickUnits)));
    this.maxTicks = stepsOf(spec.maxPrice, amount(this.tickUnits));
    this.minLots = Math.max(1, stepsOf(spec.minQty, amount(this.lotUnits)));
    this.maxLots = stepsOf(spec.maxQty, amount(this.lotUnits));
    this.marketMaxLots = stepsOf(spec.marketMaxQty, amount(this.lotUnits));
    this.minNotional = mustParseAmount(spec.minNotional);
    this.maxNotional = mustParseAmount(spec.maxNotional);
    this.maxPosition = spec.maxPosition === '' ? undefined : mustParseAmount(spec.maxPosition);
    const { priceRange } = spec;
    const given = (text: string | undefined): bigint | undefined => (text === undefined ? undefined : multiplier(text));
    if (priceRange !== null) {
      this.#rangeMultipliers = {
        up: [given(priceRange.bidLimitMultUp), given(priceRange.askLimitMultUp)],
        down: [given(priceRange.bidLimitMultDown), given(priceRange.askLimitMultDown)],
      };
    }
    this.#multipliers = {
      bidUp: multiplier(spec.bidMultiplierUp), bidDown: multiplier(spec.bidMultiplierDown),
      askUp: multiplier(spec.askMultiplierUp), askDown: multiplier(spec.askMultiplierDown),
    };
  }

  /** Base amount of a quantity. */
  baseAmount(lots: number): Amount {
    const fast = lots * this.#lotNumber;
    return (fast <= Number.MAX_SAFE_INTEGER ? BigInt(fast) : BigInt(lots) * this.lotUnits) as Amount;
  }

  /** Quote amount of a quantity at a price; exact. */
  quoteAmount(ticks: number, lots: number): Amount {
    const fast = ticks * lots * this.#tickLotNumber;
    return (fast <= Number.MAX_SAFE_INTEGER ? BigInt(fast) : BigInt(ticks) * BigInt(lots) * this.#tickLotUnits) as Amount;
  }

  /** Most lots that cost no more than an amount of quote at a price. */
  lotsWithin(quote: Amount, ticks: number): number {
    return Number(quote / (this.#tickLotUnits * BigInt(ticks)));
  }

  /** A price in ticks as 10^-8 quote units. */
  priceAmount(ticks: number): Amount {
    return (BigInt(ticks) * this.tickUnits) as Amount;
  }

  /** Prices and quantities as the venue prints them: eight decimals. */
  price(ticks: number): string {
    return this.#priceTexts.get(ticks) ?? this.#priceTexts.keep(ticks, fixed8(ticks * this.#tickNumber) ?? formatAmount(this.priceAmount(ticks)));
  }

  quantity(lots: number): string {
    return this.#quantityTexts.get(lots) ?? this.#quantityTexts.keep(lots, fixed8(lots * this.#lotNumber) ?? formatAmount(this.baseAmount(lots)));
  }

  /** The band around a reference price of 10^-8 quote units. */
  priceBand(reference: Amount): PriceBand {
    if (reference !== this.#bandOf) {
      this.#band = this.#bandAround(reference);
      this.#bandOf = reference;
    }
    return this.#band!;
  }

  /** Where a taker of a side may trade by the symbol's execution rule; undefined = anywhere. @param reference 10^-8 quote units, undefined = there is none */
  takerRange(side: Side, reference: Amount | undefined): PriceRange | undefined {
    if (this.#rangeMultipliers === undefined || reference === undefined) return undefined;
    const up = this.#rangeMultipliers.up[side];
    const down = this.#rangeMultipliers.down[side];
    return { low: down === undefined ? 0 : this.#ticksAbove(reference, down), high: up === undefined ? Infinity : this.#ticksBelow(reference, up) };
  }

  #bandAround(reference: Amount): PriceBand {
    const { bidUp, bidDown, askUp, askDown } = this.#multipliers;
    return {
      bidUp: this.#ticksBelow(reference, bidUp), bidDown: this.#ticksAbove(reference, bidDown),
      askUp: this.#ticksBelow(reference, askUp), askDown: this.#ticksAbove(reference, askDown),
    };
  }

  /** A multiple of a price in ticks, rounded down and up. */
  #ticksBelow(reference: Amount, multiplied: bigint): number {
    return Number((reference * multiplied) / (MULTIPLIER_SCALE * this.tickUnits));
  }

  #ticksAbove(reference: Amount, multiplied: bigint): number {
    const exact = reference * multiplied;
    return Number(exact / (MULTIPLIER_SCALE * this.tickUnits)) + (exact % (MULTIPLIER_SCALE * this.tickUnits) === 0n ? 0 : 1);
  }
}

const TEXTS = 1024;

/** Texts of whole numbers that were written lately, a place for each number's last bits: the same few prices are written again and again. */
class Texts {
  readonly #numbers = new Float64Array(TEXTS).fill(Number.NaN);
  readonly #texts = new Array<string>(TEXTS).fill('');

  get(number: number): string | undefined {
    const at = number & (TEXTS - 1);
    return this.#numbers[at] === number ? this.#texts[at] : undefined;
  }

  keep(number: number, text: string): string {
    const at = number & (TEXTS - 1);
    this.#numbers[at] = number;
    this.#texts[at] = text;
    return text;
  }
}

/** `units` of 10^-8 as text with eight decimals; undefined when a double does not hold them exactly. */
function fixed8(units: number): string | undefined {
  if (units > Number.MAX_SAFE_INTEGER) return undefined;
  const whole = Math.floor(units / 100_000_000);
  return `${whole}.${(units - whole * 100_000_000 + 100_000_000).toString().slice(1)}`;
}
