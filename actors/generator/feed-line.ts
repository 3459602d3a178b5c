import { AUX, EXCH_US, EXTRA, ID, Kind, PRICE, PRICE2, QTY, RECV_US, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I, allocateBatch } from '../../data/records/index.js';
import type { RecordBatch } from '../../data/records/index.js';
import { exp } from '../math/elementary.js';
import type { Prng } from './prng.js';

/** What can go wrong between the venue and the recorder. Times are exchange time, µs. */
export interface Trouble {
  readonly kind: 'drop-depth' | 'drop-trades' | 'duplicate-depth' | 'duplicate-trades' | 'late' | 'stall' | 'disconnect' | 'clock-back';
  readonly symbol: number;
  readonly fromUs: number;
  /** End of a lasting trouble; equal to `fromUs` for those that hit a number of messages. */
  readonly toUs: number;
  /** Messages hit, or milliseconds of shift (`late`, `clock-back`); 0 where it has no meaning. */
  readonly amount: number;
}

/** What a trouble did, for the ground truth. */
export interface TroubleReport extends Trouble {
  /** Messages dropped, repeated, held or shifted. */
  readonly messages: number;
  /** Trade or update ids that never reached the tape. */
  readonly idsLost: number;
}

const SERVICE_US = 20;
const MAX_BACKLOG_US = 900_000;

const DELIVER = 0;
const DROP = 1;
const REPEAT = 2;

/**
 * The line from the venue to the recorder: gives each message its receive stamp (one connection, first in first
 * out, so stamps never run backwards), injects the scenario's troubles, notices holes in the sequences that reach
 * the recorder, and writes records into a staging batch that grows as needed.
 *
 * A message is `begin`, any number of `record`s, `end`.
 */
export class FeedLine {
  staging: RecordBatch = allocateBatch(16_384);
  /** Set when the recorder needs a fresh snapshot of that symbol: exchange time at which the venue takes it; 0 = no need. */
  readonly snapshotDueUs: Float64Array;

  readonly #rng: Prng;
  readonly #troubles: readonly Trouble[];
  readonly #hits: Int32Array;
  readonly #idsLost: Float64Array;
  readonly #lastTradeId: Float64Array;
  readonly #lastUpdateId: Float64Array;
  #lastReceiveUs = 0;
  #backlogUs = 0;
  #sentUs = 0;
  /** No trouble starts before this instant and none is open: the common case costs one comparison. */
  #quietUntilUs = 0;

  #fate = DELIVER;
  #symbol = 0;
  #kind = 0;
  #first = 0;
  #exchangeUs = 0;
  #receiveUs = 0;
  /** 0 calm … 12: slows the venue's side of the line. */
  stress = 0;

  constructor(rng: Prng, symbols: number, troubles: readonly Trouble[]) {
    this.#rng = rng;
    this.#troubles = troubles;
    this.#hits = new Int32Array(troubles.length);
    this.#idsLost = new Float64Array(troubles.length);
    this.#lastTradeId = new Float64Array(symbols);
    this.#lastUpdateId = new Float64Array(symbols);
    this.snapshotDueUs = new Float64Array(symbols);
  }

  /**
   * Starts a message sent by the venue at `nowUs`. `firstId` … `lastId` are the ids it covers (trades: the trade
   * id; diffs: the previous message's `u` + 1 and `u`; 0 where the kind has no sequence).
   */
  begin(symbol: number, kind: number, nowUs: number, firstId: number, lastId: number): void {
    this.#symbol = symbol;
    this.#kind = kind;
    this.#fate = DELIVER;
    this.#exchangeUs = Math.floor(nowUs / 1000) * 1000;
    // A queue in front of the line: each message needs its time, more of it when the venue is under stress.
    const waitedUs = Math.max(0, this.#backlogUs - (nowUs - this.#sentUs));
    this.#sentUs = nowUs;
    this.#backlogUs = Math.min(MAX_BACKLOG_US, waitedUs + this.#rng.exponential(SERVICE_US * (1 + 3 * this.stress)));
    let arrivalUs = nowUs + 1500 + 1100 * exp(0.45 * this.#rng.normal()) + this.#backlogUs;
    if (nowUs >= this.#quietUntilUs) arrivalUs = this.#suffer(nowUs, arrivalUs, lastId - firstId + 1);
    if (this.#fate === DROP) return;
    this.#receiveUs = Math.max(Math.floor(arrivalUs), this.#lastReceiveUs + 1);
    this.#lastReceiveUs = this.#receiveUs;
    this.#notice(firstId, lastId);
    this.#first = this.staging.length;
  }

  record(flags: number, id: number, priceTicks: number, quantity: number, price2Ticks: number, aux: number, extra: number): void {
    if (this.#fate === DROP) return;
    if ((this.staging.length + 1) * WORDS_F > this.staging.F.length) this.#grow();
    const record = this.staging.length++;
    const { F, I } = this.staging;
    const f = record * WORDS_F;
    const i = record * WORDS_I;
    F[f] = 0;
    F[f + RECV_US] = this.#receiveUs;
    F[f + EXCH_US] = this.#exchangeUs;
    F[f + ID] = id;
    F[f + QTY] = quantity;
    F[f + AUX] = aux;
    I[i + PRICE] = priceTicks;
    I[i + TAG] = this.#kind | flags | (this.#symbol << SYMBOL_SHIFT);
    I[i + PRICE2] = price2Ticks;
    I[i + EXTRA] = extra;
  }

  end(): void {
    if (this.#fate !== REPEAT) return;
    const end = this.staging.length;
    const count = end - this.#first;
    while ((end + count) * WORDS_F > this.staging.F.length) this.#grow();
    const { F } = this.staging;
    F.copyWithin(end * WORDS_F, this.#first * WORDS_F, end * WORDS_F);
    this.#lastReceiveUs += 40;
    for (let record = end; record < end + count; record++) F[record * WORDS_F + RECV_US] = this.#lastReceiveUs;
    this.staging.length = end + count;
  }

  troubleReports(): TroubleReport[] {
    return this.#troubles.map((trouble, index) => ({ ...trouble, messages: this.#hits[index]!, idsLost: this.#idsLost[index]! }));
  }

  /** Applies the troubles open at `nowUs`; answers the arrival time. */
  #suffer(nowUs: number, arrivalUs: number, ids: number): number {
    let arrival = arrivalUs;
    let quietUntilUs = Infinity;
    for (let index = 0; index < this.#troubles.length; index++) {
      const trouble = this.#troubles[index]!;
      if (nowUs < trouble.fromUs) {
        quietUntilUs = Math.min(quietUntilUs, trouble.fromUs);
        continue;
      }
      if (trouble.kind === 'drop-depth' || trouble.kind === 'drop-trades' || trouble.kind === 'duplicate-depth' || trouble.kind === 'duplicate-trades') {
        if (this.#hits[index]! >= trouble.amount) continue;
        quietUntilUs = 0;
        const kind = trouble.kind.endsWith('depth') ? Kind.DEPTH : Kind.TRADE;
        if (this.#symbol !== trouble.symbol || this.#kind !== kind || this.#fate !== DELIVER) continue;
        this.#hits[index]! += 1;
        if (trouble.kind.startsWith('drop')) {
          this.#fate = DROP;
          this.#idsLost[index]! += ids;
        } else this.#fate = REPEAT;
        continue;
      }
      if (nowUs >= trouble.toUs) continue;
      quietUntilUs = 0;
      this.#hits[index]! += 1;
      if (trouble.kind === 'disconnect') {
        this.#fate = DROP;
        if (this.#kind === Kind.DEPTH || this.#kind === Kind.TRADE) this.#idsLost[index]! += ids;
        // The reconnected recorder asks for each symbol's book once it hears of that symbol again.
        this.snapshotDueUs[this.#symbol] = trouble.toUs + 180_000 + this.#symbol * 20_000;
      } else if (trouble.kind === 'stall') arrival = Math.max(arrival, trouble.toUs);
      else if (trouble.kind === 'late') arrival += trouble.amount * 1000;
      else this.#exchangeUs -= trouble.amount * 1000;
    }
    this.#quietUntilUs = quietUntilUs;
    return arrival;
  }

  /** Writes a gap record when the message just arrived shows that ids before it are missing, as a recorder would. */
  #notice(firstId: number, lastId: number): void {
    const last = this.#kind === Kind.TRADE ? this.#lastTradeId : this.#kind === Kind.DEPTH || this.#kind === Kind.SNAPSHOT ? this.#lastUpdateId : undefined;
    if (last === undefined) return;
    const before = last[this.#symbol]!;
    last[this.#symbol] = lastId;
    if (this.#kind === Kind.SNAPSHOT) {
      // Diffs go on from the one before the snapshot: `firstId` is the last `u` sent.
      last[this.#symbol] = firstId;
      return;
    }
    const missing = firstId - 1 - before;
    if (before === 0 || missing <= 0) return;
    const kind = this.#kind;
    this.#kind = Kind.GAP;
    this.record(0, before, 0, missing, 0, firstId, kind);
    this.#kind = kind;
    if (kind === Kind.DEPTH && this.snapshotDueUs[this.#symbol] === 0) {
      this.snapshotDueUs[this.#symbol] = this.#receiveUs + Math.floor(this.#rng.between(120_000, 450_000));
    }
  }

  #grow(): void {
    const larger = allocateBatch((this.staging.F.length / WORDS_F) * 2);
    larger.F.set(this.staging.F);
    larger.length = this.staging.length;
    this.staging = larger;
  }
}
