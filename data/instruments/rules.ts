import type { Product } from '../records/index.js';

/** What a venue's naming rules say of a symbol, before any data is looked at. */
export interface SymbolRules {
  readonly product: Product;
  readonly multiplier: string;
  readonly settle: string;
  /** False where no rule covers the venue: the three fields above are then guesses. */
  readonly known: boolean;
}

/** Quote currencies of Binance and other spot venues, longest first so that a suffix is matched greedily. */
const QUOTES = ['FDUSD', 'USDT', 'USDC', 'BUSD', 'TUSD', 'USDS', 'USDP', 'BIDR', 'IDRT', 'BKRW', 'BVND', 'GYEN', 'DAI', 'USD', 'EUR', 'GBP', 'TRY', 'BRL', 'JPY', 'AUD', 'RUB', 'UAH', 'NGN', 'ZAR', 'IDR', 'PLN', 'RON', 'ARS', 'MXN', 'COP', 'CZK', 'PAX', 'VAI', 'BTC', 'ETH', 'BNB', 'TRX', 'XRP', 'DOGE', 'DOT', 'SOL'];

/** Venues that trade spot only, as far as their symbols go through here. */
const SPOT_VENUES = new Set(['gemini', 'coinbase', 'kraken', 'bitstamp', 'binance-us']);

/** Venues whose trade ids are consecutive per symbol, so that a skipped id is a lost trade. */
const CONSECUTIVE_TRADE_IDS = new Set(['binance-spot', 'binance-usdm', 'binance-coinm']);

/** Trade and aggregate-trade ids of the venue count 1, 2, 3 … per symbol. */
export function hasConsecutiveTradeIds(venue: string): boolean {
  return CONSECUTIVE_TRADE_IDS.has(venue);
}

/** The venue trades at all hours, so that a missing bar is a hole in the data. */
export function tradesAroundTheClock(venue: string): boolean {
  return CONSECUTIVE_TRADE_IDS.has(venue) || venue === 'deribit';
}

/** The quote currency a symbol ends in (ETHBTC → BTC, RUNE-EUR → EUR), or "". */
export function quoteOf(symbol: string): string {
  const plain = symbol.replace(/_\d{6}$/, '').replaceAll(/[-_/:]/g, '').toUpperCase();
  // XBTUSD and DOTUSD are not quoted in TUSD: a coin's name has three letters or more before that one.
  return QUOTES.find((quote) => plain.length > quote.length + (quote === 'TUSD' ? 2 : 0) && plain.endsWith(quote)) ?? '';
}

/**
 * Product, multiplier and settlement asset by the venue's rules: Binance spot settles in the quote; USD-M is linear
 * and settles in the quote; COIN-M is inverse, settles in the base, a contract is 100 USD of BTC or 10 USD of any
 * other coin; Deribit options and `COIN-…` futures settle in the coin (amounts in USD, so the multiplier is 1),
 * `COIN_USDC-…` in USDC.
 */
export function symbolRules(venue: string, symbol: string): SymbolRules {
  switch (venue) {
    case 'binance-spot': return { product: 'spot', multiplier: '1', settle: quoteOf(symbol), known: true };
    case 'binance-usdm': return { product: 'linear', multiplier: '1', settle: quoteOf(symbol), known: true };
    case 'binance-coinm': {
      const base = /^([A-Z0-9]+)USD(?:_|$)/.exec(symbol)?.[1] ?? '';
      return { product: 'inverse', multiplier: base === 'BTC' ? '100' : '10', settle: base, known: base !== '' };
    }
    case 'deribit': return deribitRules(symbol);
    default: {
      if (SPOT_VENUES.has(venue)) return { product: 'spot', multiplier: '1', settle: quoteOf(symbol), known: true };
      return { product: 'unknown', multiplier: '1', settle: quoteOf(symbol), known: false };
    }
  }
}

/**
 * Where a symbol belongs that cannot be of `venue`: only COIN-M has names that end in USD_PERP or USD_yymmdd (BUSD_yymmdd
 * was USD-M). Undefined where the name proves nothing.
 */
export function otherVenueOf(venue: string, symbol: string): string | undefined {
  const coinMargined = /USD_PERP$|(?<!B)USD_\d{6}$/.test(symbol);
  return coinMargined && (venue === 'binance-spot' || venue === 'binance-usdm') ? 'binance-coinm' : undefined;
}

function deribitRules(symbol: string): SymbolRules {
  const underlying = symbol.split('-')[0] ?? '';
  const settle = underlying.split('_')[1] ?? underlying;
  if (/-\d+(?:d\d+)?-[CP]$/i.test(symbol)) return { product: 'option', multiplier: '1', settle, known: true };
  if (/^[A-Z0-9]+(?:_[A-Z0-9]+)?-(?:PERPETUAL|\d{1,2}[A-Z]{3}\d{2})$/.test(symbol)) {
    return { product: underlying.includes('_') ? 'linear' : 'inverse', multiplier: '1', settle, known: true };
  }
  return { product: 'unknown', multiplier: '1', settle, known: false };
}

/** Tick and lot sizes of a few instruments that are recorded often, as their venues stated them in 2024-2025. */
const SIZES: Readonly<Record<string, readonly [tickSize: string, lotSize: string]>> = {
  'binance-spot BTCUSDT': ['0.01', '0.00001'],
  'binance-spot BTCUSDC': ['0.01', '0.00001'],
  'binance-spot ETHUSDT': ['0.01', '0.0001'],
  'binance-usdm BTCUSDT': ['0.10', '0.001'],
  'binance-usdm ETHUSDT': ['0.01', '0.001'],
  'binance-usdm SOLUSDT': ['0.0100', '1'],
  'binance-usdm TRXUSDT': ['0.00001', '1'],
  'binance-coinm BTCUSD_PERP': ['0.1', '1'],
  'binance-coinm ETHUSD_PERP': ['0.01', '1'],
  'binance-coinm DOTUSD_PERP': ['0.001', '1'],
  'binance-coinm TRXUSD_PERP': ['0.00001', '1'],
  'deribit BTC-PERPETUAL': ['0.5', '10'],
  'deribit ETH-PERPETUAL': ['0.05', '1'],
};

/** Stated tick and lot size of a well known instrument. The data have the last word: venues change sizes. */
export function statedSizes(venue: string, symbol: string): { readonly tickSize: string; readonly lotSize: string } | undefined {
  const found = SIZES[`${venue} ${symbol}`];
  return found === undefined ? undefined : { tickSize: found[0], lotSize: found[1] };
}
