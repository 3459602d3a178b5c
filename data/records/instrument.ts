/**
 * What a tape says of one symbol. Sizes are exact decimal strings ("0.10"), because they are multiplied
 * into money; use `tickSize` as a number only for ratios.
 */
export type Product = 'spot' | 'linear' | 'inverse' | 'option' | 'unknown';

export interface Instrument {
  /** Index used in the TAG of records. */
  readonly index: number;
  /** Upper-case symbol as the venue spells it, e.g. BTCUSDT, DOTUSD_PERP, BTC-30JUL21-24000-P. */
  readonly symbol: string;
  /** Lower-case venue id: binance-spot, binance-usdm, binance-coinm, deribit, gemini … */
  readonly venue: string;
  readonly product: Product;
  /** Price of one tick, decimal string. */
  readonly tickSize: string;
  /** Quantity of one lot, decimal string. */
  readonly lotSize: string;
  /** Contract multiplier: base units a contract is worth (linear), quote units (inverse); "1" for spot. */
  readonly multiplier: string;
  /** Settlement asset, e.g. USDT, BTC; "" when unknown. */
  readonly settle: string;
  /** Fields that nobody stated and the importer worked out from the data. */
  readonly inferred: readonly ('tickSize' | 'lotSize' | 'multiplier' | 'settle' | 'product')[];
}
