import { Random } from '../../runtime/random.js';

/** One order that the script wants, and how the simulated exchange treats it. Prices and quantities are integers of ticks and lots. */
export interface ScriptedOrder {
  /** 0, 1, 2, …: also its number among the inputs. */
  readonly id: number;
  /** Which of the order actors has it. */
  readonly slot: number;
  readonly side: 1 | -1;
  readonly lots: number;
  readonly ticks: number;
  /** When the input arrives, µs since the script's beginning. */
  readonly atUs: number;
  /** The exchange answers a placement this much later; some of them after the order actor has lost patience. */
  readonly answerMs: number;
  /** When the exchange fills it, milliseconds after the placement; null: it rests until it is cancelled. */
  readonly fillMs: number | null;
  /** When the order actor cancels it, milliseconds after it was accepted. */
  readonly cancelMs: number;
}

export interface Script {
  readonly orders: readonly ScriptedOrder[];
  readonly slots: number;
  /** The clock where every run of the script ends, µs since its beginning. */
  readonly endUs: number;
}

/** Answers slower than this are late: the order actor asks the exchange what became of the order. */
export const PATIENCE_MS = 250;
/** Period of the account's own timer. */
export const MARK_MS = 1000;
/** Epoch of every run; the scripts are on a virtual clock. */
export const START_US = 1_790_000_000_000_000;

const SLOTS = 6;
const LATE_SHARE = 0.12;
const CANCEL_SHARE = 0.25;
/** After the last input: time for late answers, fills, cancels and a reconciliation of each. */
const TAIL_MS = 10_000;

/** The script of a seed: as many orders, spread over slots and time, every kind of answer among them. Same seed, same script. */
export function makeScript(orders: number, seed: string | number = 1): Script {
  const random = new Random(`crash-sweep|${seed}`);
  const list: ScriptedOrder[] = [];
  let atUs = 0;
  for (let id = 0; id < orders; id += 1) {
    atUs += Math.round((40 + 400 * random.next()) * 1000);
    const late = random.next() < LATE_SHARE;
    const rests = random.next() < CANCEL_SHARE;
    list.push({
      id,
      slot: Math.floor(random.next() * SLOTS),
      side: random.next() < 0.5 ? 1 : -1,
      lots: 1 + Math.floor(random.next() * 9),
      ticks: 10_000 + Math.floor(random.next() * 500),
      atUs,
      answerMs: late ? PATIENCE_MS + 50 + Math.floor(random.next() * 400) : Math.floor(random.next() * 120),
      fillMs: rests ? null : 100 + Math.floor(random.next() * 900),
      cancelMs: 200 + Math.floor(random.next() * 1500),
    });
  }
  return { orders: list, slots: SLOTS, endUs: atUs + TAIL_MS * 1000 };
}
