import { createHash } from 'node:crypto';
import { MarketSimulation, type MarketSimulationConfig } from '../../../actors/generator/index.js';
import { AUX, EXCH_US, EXTRA, Flag, ID, Kind, KIND_MASK, PRICE, PRICE2, QTY, RECORD_BYTES, RECV_US, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I, allocateBatch } from '../../../data/records/index.js';

/** One record with its fields by name, for tests only. */
export interface Row {
  readonly kind: number;
  readonly symbol: number;
  readonly flags: number;
  readonly recvUs: number;
  readonly exchUs: number;
  readonly id: number;
  readonly qty: number;
  readonly aux: number;
  readonly price: number;
  readonly price2: number;
  readonly extra: number;
}

export function rowOf(F: Float64Array, I: Int32Array, record: number): Row {
  const f = record * WORDS_F;
  const i = record * WORDS_I;
  const tag = I[i + TAG]!;
  return {
    kind: tag & KIND_MASK, symbol: tag >>> SYMBOL_SHIFT, flags: tag & 0xff00,
    recvUs: F[f + RECV_US]!, exchUs: F[f + EXCH_US]!, id: F[f + ID]!, qty: F[f + QTY]!, aux: F[f + AUX]!,
    price: I[i + PRICE]!, price2: I[i + PRICE2]!, extra: I[i + EXTRA]!,
  };
}

export function configure(config: Partial<MarketSimulationConfig> & Pick<MarketSimulationConfig, 'scenario'>): MarketSimulationConfig {
  return { seed: 7, minutes: 2, symbols: 1, rate: 1, ...config };
}

/** Runs a simulation to its end, showing each record to `visit`. */
export function play(simulation: MarketSimulation, visit: (row: Row) => void, capacity = 1024): number {
  const batch = allocateBatch(capacity);
  let total = 0;
  for (let count = simulation.fill(batch); count > 0; count = simulation.fill(batch)) {
    for (let record = 0; record < count; record++) visit(rowOf(batch.F, batch.I, record));
    total += count;
  }
  return total;
}

/** SHA-256 over all record bytes, filled in batches of `capacity`. */
export function digestOf(config: MarketSimulationConfig, capacity = 1024): string {
  const simulation = new MarketSimulation(config);
  const batch = allocateBatch(capacity);
  const hash = createHash('sha256');
  for (let count = simulation.fill(batch); count > 0; count = simulation.fill(batch)) hash.update(new Uint8Array(batch.F.buffer, 0, count * RECORD_BYTES));
  return hash.digest('hex');
}

/**
 * A book kept from a tape by the venue's futures rules (FORMULAS 4.6): a snapshot replaces it, diffs that end before
 * the snapshot are dropped, the first one taken must bracket it, later ones must continue from the one before.
 */
export class TapeBook {
  readonly bids = new Map<number, number>();
  readonly asks = new Map<number, number>();
  state: 'syncing' | 'bracketing' | 'live' = 'syncing';
  /** Diffs that did not continue from the one before. */
  breaks = 0;
  #lastId = 0;
  #taking = false;

  /** Answers true when a message was completed and the book is live. */
  apply(row: Row): boolean {
    if (row.kind === Kind.SNAPSHOT) {
      if (row.flags & Flag.FIRST) {
        this.bids.clear();
        this.asks.clear();
        this.#lastId = row.id;
        this.state = 'bracketing';
      }
      this.#set(row);
      return false;
    }
    if (row.flags & Flag.FIRST) this.#taking = this.#accepts(row);
    if (!this.#taking) return false;
    if (!(row.flags & Flag.EMPTY)) this.#set(row);
    return (row.flags & Flag.LAST) !== 0;
  }

  best(side: 'bid' | 'ask'): number {
    let best = 0;
    if (side === 'bid') for (const tick of this.bids.keys()) best = Math.max(best, tick);
    else for (const tick of this.asks.keys()) best = best === 0 ? tick : Math.min(best, tick);
    return best;
  }

  #accepts(row: Row): boolean {
    if (this.state === 'syncing') return false;
    if (row.id < this.#lastId || (this.state === 'live' && row.id === this.#lastId)) return false;
    const continues = this.state === 'bracketing' ? row.id - row.extra <= this.#lastId && this.#lastId <= row.id : row.aux === this.#lastId;
    if (!continues) {
      this.breaks += 1;
      this.state = 'syncing';
      return false;
    }
    this.state = 'live';
    this.#lastId = row.id;
    return true;
  }

  #set(row: Row): void {
    const side = row.flags & Flag.SELL ? this.asks : this.bids;
    if (row.qty === 0) side.delete(row.price);
    else side.set(row.price, row.qty);
  }
}
