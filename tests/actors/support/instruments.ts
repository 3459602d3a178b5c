import type { Instrument } from '../../../data/records/index.js';

export const instrument = (overrides: Partial<Instrument> = {}): Instrument => ({
  index: 0, symbol: 'BTCUSDT', venue: 'binance-usdm', product: 'linear', tickSize: '0.10', lotSize: '0.001', multiplier: '1', settle: 'USDT', inferred: [],
  ...overrides,
});
/** A linear, a second linear and an inverse contract, with indices 0, 1, 2. */
export const btc = instrument();
export const pol = instrument({ index: 1, symbol: 'POLUSDT', venue: 'binance-spot', product: 'spot', tickSize: '0.0001', lotSize: '0.1' });
export const dot = instrument({
  index: 2, symbol: 'DOTUSD_PERP', venue: 'binance-coinm', product: 'inverse', tickSize: '0.001', lotSize: '1', multiplier: '10', settle: 'DOT',
});
