import { marketProfiles, type MarketProfile } from '../generator/instruments.js';

/** What one product trades of a symbol, as its exchangeInfo lists it. Sizes are exact decimals. */
export interface ListedContract {
  readonly tickSize: string;
  readonly lotSize: string;
  /** Least price × quantity of an order, in the quote asset. */
  readonly minNotional: string;
}

/** One symbol of the exchange: the same pair on spot and as a USD-M perpetual, on one latent value. */
export interface Listing {
  /** Place in the exchange's list; also the generator's number of it. */
  readonly index: number;
  readonly symbol: string;
  readonly base: string;
  readonly quote: string;
  readonly spot: ListedContract;
  readonly usdm: ListedContract;
  /** Price at the start in the quote asset, and how lively its market is. */
  readonly startPrice: number;
  readonly profile: MarketProfile;
}

const QUOTE = 'USDT';

/** Tick, lot and least notional on spot; and the least notional of the perpetual. Ticks and lots of the latter are the generator's own. */
const SPOT: Readonly<Record<string, readonly [string, string, string, string]>> = {
  BTCUSDT: ['0.01', '0.00001', '5', '100'],
  ETHUSDT: ['0.01', '0.0001', '5', '20'],
  SOLUSDT: ['0.01', '0.001', '5', '5'],
  BNBUSDT: ['0.01', '0.001', '5', '5'],
  XRPUSDT: ['0.0001', '0.1', '5', '5'],
  DOGEUSDT: ['0.00001', '1', '1', '5'],
  ADAUSDT: ['0.0001', '0.1', '5', '5'],
  AVAXUSDT: ['0.01', '0.01', '5', '5'],
  LINKUSDT: ['0.01', '0.01', '5', '20'],
  LTCUSDT: ['0.01', '0.001', '5', '20'],
};

/** Every symbol that can be listed, liveliest first. */
export const LISTABLE: readonly Listing[] = marketProfiles(Object.keys(SPOT).length).map((profile, index) => {
  const { symbol } = profile;
  const [tickSize, lotSize, minNotional, perpetualNotional] = SPOT[symbol]!;
  return {
    index, symbol, base: symbol.slice(0, -QUOTE.length), quote: QUOTE,
    spot: { tickSize, lotSize, minNotional },
    usdm: { tickSize: profile.tickSize, lotSize: profile.lotSize, minNotional: perpetualNotional },
    startPrice: profile.startTicks * Number(profile.tickSize),
    profile,
  };
});

/** These every exchange lists, whatever was asked for. */
const ALWAYS = 2;
export const DEFAULT_SYMBOLS = 3;

/** `--symbols LIST|COUNT` as listings in the catalogue's order, BTCUSDT and ETHUSDT always among them. @throws RangeError that says what is wrong. */
export function listings(wanted: string | undefined): readonly Listing[] {
  if (wanted === undefined) return LISTABLE.slice(0, DEFAULT_SYMBOLS);
  if (/^\d+$/.test(wanted)) {
    const count = Number(wanted);
    if (count < 1 || count > LISTABLE.length) throw new RangeError(`${wanted} is not a number of symbols: 1 to ${LISTABLE.length}`);
    return LISTABLE.slice(0, Math.max(ALWAYS, count));
  }
  const names = new Set(wanted.split(',').map((name) => name.trim().toUpperCase()).filter((name) => name !== ''));
  for (const name of names) if (!LISTABLE.some(({ symbol }) => symbol === name)) throw new RangeError(`there is no ${name}: the symbols are ${LISTABLE.map(({ symbol }) => symbol).join(', ')}`);
  if (names.size === 0) throw new RangeError('no symbol is named');
  return LISTABLE.filter(({ symbol }, at) => at < ALWAYS || names.has(symbol));
}
