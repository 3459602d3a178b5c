import { readFileSync } from 'node:fs';
import { sharedData } from '../../support/shared-data.js';

/** The figures of ../shared/data/expected.json that these tests compare with; they were computed by other programs. */
export interface Expected {
  readonly trades_crash_20251010: readonly ExpectedTrades[];
  readonly trades_normal: readonly ExpectedTrades[];
  readonly crash_feed_quality: Readonly<Record<string, { id_gaps: number; missing_ids: number; latency_ms: { max: number; rows_over_500ms: number } }>>;
  readonly orderbook_recordings: readonly {
    files: readonly string[];
    messages: Readonly<Record<string, number>>;
    snapshot: { lastUpdateId: number; bid_levels: number; ask_levels: number; best_bid: number; best_ask: number };
    diffs_applied: number;
    diffs_dropped_before_snapshot: number;
    final_book: { u: number; best_bid: number; bid_qty: number; best_ask: number; ask_qty: number; bid_levels: number; ask_levels: number };
    bookTicker_same_u: number;
    bookTicker_same_u_equal_bbo: number;
    trades: { rows: number; min: number; max: number };
  }[];
  readonly klines: Readonly<Record<string, { rows: number; first_ms: number; last_ms: number; step_ms: number; gaps: number; min: number; max: number; min_at_ms: number; max_at_ms: number }>>;
  readonly deep_orderbook_ETHBTC: { snapshot_09: number; gaps: number; final: { u: number; best_bid: number; best_ask: number } };
  readonly cryptofeed_sync: Readonly<Record<string, Readonly<Record<string, readonly [dropped: number, applied: number, bid: number, ask: number, u: number]>>>>;
  readonly 'bookDepth_BTCUSDT_2025-10-10': { rows: number; minus5pct_notional_min: number; minus5pct_min_at: string };
  readonly atom_sequence: { rows: number; first_price: number; last_price: number; qty: number; quote: number };
}
export interface ExpectedTrades {
  readonly file: string;
  readonly rows: number;
  readonly first: string;
  readonly last: string;
  readonly min_price: number;
  readonly min_at: string;
  readonly max_price: number;
  readonly max_at: string;
  readonly base_volume: number;
  readonly sell_rows: number;
  readonly peak_msgs_per_s: number;
}

export function expectedFigures(): Expected | undefined {
  const path = sharedData('expected.json');
  return path === undefined ? undefined : (JSON.parse(readFileSync(path, 'utf8')) as Expected);
}
