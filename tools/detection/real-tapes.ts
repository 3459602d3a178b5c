import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A tape that can be made from the real market data beside the checkout, and what is known of it. */
export interface RealTape {
  readonly id: string;
  readonly kind: 'crash' | 'calm';
  readonly venue: string;
  readonly symbol: string;
  /** Paths below the data folder. */
  readonly files: readonly string[];
}

/**
 * Every recording of trades or books, at least some minutes long, that a detector of seconds can work on. Bars cannot
 * wake it (a minute has sixty of its samples), and the ATOMUSDT sequence is one microsecond long.
 */
export const REAL_TAPES: readonly RealTape[] = [
  { id: 'polusdt-spot-2025-10-10', kind: 'crash', venue: 'binance-spot', symbol: 'POLUSDT', files: ['crash-20251010/binance_trades_2025-10-10_POLUSDT.csv.gz'] },
  { id: 'dotusd-coinm-2025-10-10', kind: 'crash', venue: 'binance-coinm', symbol: 'DOTUSD_PERP', files: ['crash-20251010/binance-delivery_trades_2025-10-10_DOTUSD_PERP.csv.gz'] },
  { id: 'btcusd-gemini-2025-10-10', kind: 'crash', venue: 'gemini', symbol: 'BTCUSD', files: ['crash-20251010/gemini_trades_2025-10-10_BTCUSD.csv.gz'] },
  { id: 'btcusdc-spot-2025-10-04', kind: 'calm', venue: 'binance-spot', symbol: 'BTCUSDC', files: ['trades-normal/BTCUSDC-aggTrades-2025-10-04.zip'] },
  { id: 'btcusdt-usdm-2024-08-08', kind: 'calm', venue: 'binance-usdm', symbol: 'BTCUSDT', files: ['orderbook-ws/hftbacktest_usdm_btcusdt_20240808.gz'] },
  {
    id: 'btcusdt-spot-2024-08-08', kind: 'calm', venue: 'binance-spot', symbol: 'BTCUSDT',
    files: ['orderbook-ws/hftbacktest_spot_btcusdt_20240808.gz', 'orderbook-ws/hftbacktest_spot_btcusdt_20240809.gz'],
  },
  {
    id: 'ethbtc-spot-2020-11-01', kind: 'calm', venue: 'binance-spot', symbol: 'ETHBTC',
    files: ['snapshot', 'update', 'trades'].map((part) => `orderbook-ws/deep_orderbook_ETHBTC_2020-11-01T09_${part}.json.gz`),
  },
  {
    id: 'btcusdt-spot-2020-11-01', kind: 'calm', venue: 'binance-spot', symbol: 'BTCUSDT',
    files: ['orderbook-ws/deep_orderbook_BTCUSDT_2020-11-01T09_trades.json.gz'],
  },
];

/** The folder of real market data: FAULTLINE_SHARED_DATA, else ../shared/data beside the checkout; undefined where there is none. */
export function realDataFolder(): string | undefined {
  const folder = process.env['FAULTLINE_SHARED_DATA'] ?? fileURLToPath(new URL('../../../../shared/data', import.meta.url));
  return existsSync(join(folder, 'INDEX.md')) ? folder : undefined;
}
