/**
 * What a lane answers: edges, in slots of its second ring. Numbers travel as the doubles they are, so that an edge that
 * crossed a thread equals the edge that did not, to the bit.
 */
import type { VenueEvent } from '../../venue/messages.js';
import { BOOK_STATE_NAMES } from '../book.js';
import type { Edge } from '../kernel-port.js';
import type { BookEdge, CandleEdge, Features, LevelEdge } from '../messages.js';

/** Kinds of answers. */
const Answer = { LEVEL: 1, CANDLE: 2, BOOK: 3, VENUE: 4 } as const;

/** Header of an answer, in its first slot: F+0 the lane's input position that raised it, I+2 kind, I+3 doubles or code units that follow. */
const HEADER_F = 2;
const POSITION = 0;
const KIND = 2;
const LENGTH = 3;

/** Doubles of each kind: its own fields, then the features. */
const FEATURES = 19;
const LEVEL_DOUBLES = 10 + FEATURES;
const CANDLE_DOUBLES = 13 + FEATURES;
const BOOK_DOUBLES = 5;

/** Where answers are written and read: slots of a ring. */
export interface AnswerSlots {
  readonly F: Float64Array;
  readonly I: Int32Array;
}

/** An edge, its slots counted before they are claimed. */
export interface PackedEdge {
  readonly kind: number;
  /** Undefined for a venue event: its text stands for it. */
  readonly edge: LevelEdge | CandleEdge | BookEdge | undefined;
  readonly text: string;
  readonly slots: number;
}

/** Slots of 64 bytes that `doubles` and the header need. */
const slotsFor = (doubles: number): number => Math.ceil((HEADER_F + doubles) / 8);

export function packEdge(edge: Edge): PackedEdge {
  switch (edge.type) {
    case 'level':
      return { kind: Answer.LEVEL, edge, text: '', slots: slotsFor(LEVEL_DOUBLES) };
    case 'candle':
      return { kind: Answer.CANDLE, edge, text: '', slots: slotsFor(CANDLE_DOUBLES) };
    case 'book':
      return { kind: Answer.BOOK, edge, text: '', slots: slotsFor(BOOK_DOUBLES) };
    default: {
      // JSON has no words for every number that a record may carry.
      const text = JSON.stringify({ ...edge, seq: String(edge.seq) });
      return { kind: Answer.VENUE, edge: undefined, text, slots: slotsFor(Math.ceil(text.length / 4)) };
    }
  }
}

/** Writes an edge raised by input `position` to the slots from `at` on. */
export function putAnswer({ F, I }: AnswerSlots, at: number, position: number, { kind, edge, text }: PackedEdge): void {
  const f = at * 8 + HEADER_F;
  F[at * 8 + POSITION] = position;
  I[at * 16 + KIND] = kind;
  I[at * 16 + LENGTH] = edge === undefined ? text.length : putEdge(F, f, edge) - f;
  if (edge !== undefined) return;
  const units = new Uint16Array(F.buffer, F.byteOffset + f * 8, text.length);
  for (let u = 0; u < text.length; u += 1) units[u] = text.charCodeAt(u);
}

/** Writes the fields to `F` from `f` on, one by one: loops over names find neither field nor place in compiled code. Returns where they end. */
function putEdge(F: Float64Array, f: number, edge: LevelEdge | CandleEdge | BookEdge): number {
  F[f] = edge.symbol;
  F[f + 1] = edge.seq;
  F[f + 2] = edge.atUs;
  switch (edge.type) {
    case 'level':
      F[f + 3] = edge.exchUs;
      F[f + 4] = edge.mask;
      F[f + 5] = edge.votes;
      F[f + 6] = edge.voters;
      F[f + 7] = edge.need;
      F[f + 8] = edge.pauses;
      F[f + 9] = (edge.triggered ? 1 : 0) | (edge.calm ? 2 : 0) | (edge.violent ? 4 : 0) | (edge.warm ? 8 : 0);
      return putFeatures(F, f + 10, edge.features);
    case 'candle':
      F[f + 3] = edge.exchUs;
      F[f + 4] = edge.open;
      F[f + 5] = edge.high;
      F[f + 6] = edge.low;
      F[f + 7] = edge.close;
      F[f + 8] = edge.volume;
      F[f + 9] = edge.meanVolume60;
      F[f + 10] = edge.windowLow;
      F[f + 11] = edge.windowHigh;
      F[f + 12] = edge.mask;
      return putFeatures(F, f + 13, edge.features);
    case 'book':
      F[f + 3] = BOOK_STATE_NAMES.indexOf(edge.from);
      F[f + 4] = BOOK_STATE_NAMES.indexOf(edge.to);
      return f + BOOK_DOUBLES;
  }
}

function putFeatures(F: Float64Array, f: number, of: Features): number {
  F[f] = of.price;
  F[f + 1] = of.bestBidTicks;
  F[f + 2] = of.bestAskTicks;
  F[f + 3] = of.volatilityRatio;
  F[f + 4] = of.volatilityNow;
  F[f + 5] = of.acceleration;
  F[f + 6] = of.obi;
  F[f + 7] = of.spreadRatio;
  F[f + 8] = of.spreadBps;
  F[f + 9] = of.volumeDeltaZ;
  F[f + 10] = of.velocityRatio;
  F[f + 11] = of.eventsPerSecond;
  F[f + 12] = of.pattern;
  F[f + 13] = of.depthBid;
  F[f + 14] = of.depthAsk;
  F[f + 15] = of.walls;
  F[f + 16] = of.spoofs;
  F[f + 17] = of.violentRange;
  F[f + 18] = of.latencyMs;
  return f + FEATURES;
}

/** In the kernel's order of fields: one shape for all that hear edges. */
function featuresAt(F: Float64Array, f: number): Features {
  return {
    price: F[f]!, bestBidTicks: F[f + 1]!, bestAskTicks: F[f + 2]!, volatilityRatio: F[f + 3]!, volatilityNow: F[f + 4]!, acceleration: F[f + 5]!, obi: F[f + 6]!,
    spreadRatio: F[f + 7]!, spreadBps: F[f + 8]!, volumeDeltaZ: F[f + 9]!, velocityRatio: F[f + 10]!, eventsPerSecond: F[f + 11]!, pattern: F[f + 12]!, depthBid: F[f + 13]!,
    depthAsk: F[f + 14]!, walls: F[f + 15]!, spoofs: F[f + 16]!, violentRange: F[f + 17]!, latencyMs: F[f + 18]!,
  };
}

/** Input position of the answer at slot `at`. */
export const answerPosition = ({ F }: AnswerSlots, at: number): number => F[at * 8 + POSITION]!;

/** Slots of the answer at slot `at`; NaN where there is none. */
export function answerSlots({ I }: AnswerSlots, at: number): number {
  const kind = I[at * 16 + KIND]!;
  const length = I[at * 16 + LENGTH]!;
  if (!(length >= 0 && length < 1 << 20)) return NaN;
  switch (kind) {
    case Answer.LEVEL: return length === LEVEL_DOUBLES ? slotsFor(length) : NaN;
    case Answer.CANDLE: return length === CANDLE_DOUBLES ? slotsFor(length) : NaN;
    case Answer.BOOK: return length === BOOK_DOUBLES ? slotsFor(length) : NaN;
    case Answer.VENUE: return slotsFor(Math.ceil(length / 4));
    default: return NaN;
  }
}

/** The edge at slot `at`, which `answerSlots` found sound; `seq` stands for the number in it, where given. @throws Error when no lane of the symbols that it `owns` says that. */
export function takeAnswer(slots: AnswerSlots, at: number, owns: (symbol: number) => boolean, seq?: number): Edge {
  const edge = edgeAt(slots, at, seq);
  if (!owns(edge.symbol)) throw new Error(`an edge of symbol ${edge.symbol}, which is not the lane's`);
  if (!(edge.atUs >= 0 && edge.atUs < Infinity)) throw new Error(`an edge at ${edge.atUs} us`);
  return edge;
}

function edgeAt({ F, I }: AnswerSlots, at: number, seq: number | undefined): Edge {
  const f = at * 8 + HEADER_F;
  switch (I[at * 16 + KIND]) {
    case Answer.LEVEL: {
      const flags = F[f + 9]!;
      if (!(flags >= 0 && flags < 16)) throw new Error(`flags ${flags} of a level`);
      return {
        type: 'level', symbol: F[f]!, seq: seq ?? F[f + 1]!, atUs: F[f + 2]!, exchUs: F[f + 3]!, mask: F[f + 4]!, votes: F[f + 5]!, voters: F[f + 6]!, need: F[f + 7]!,
        triggered: (flags & 1) !== 0, calm: (flags & 2) !== 0, violent: (flags & 4) !== 0, pauses: F[f + 8]!, warm: (flags & 8) !== 0,
        features: featuresAt(F, f + 10),
      };
    }
    case Answer.CANDLE:
      return {
        type: 'candle', symbol: F[f]!, seq: seq ?? F[f + 1]!, atUs: F[f + 2]!, exchUs: F[f + 3]!, open: F[f + 4]!, high: F[f + 5]!, low: F[f + 6]!, close: F[f + 7]!,
        volume: F[f + 8]!, meanVolume60: F[f + 9]!, windowLow: F[f + 10]!, windowHigh: F[f + 11]!, features: featuresAt(F, f + 13), mask: F[f + 12]!,
      };
    case Answer.BOOK: {
      const from = BOOK_STATE_NAMES[F[f + 3]!];
      const to = BOOK_STATE_NAMES[F[f + 4]!];
      if (from === undefined || to === undefined) throw new Error(`states ${F[f + 3]} and ${F[f + 4]} of a book`);
      return { type: 'book', symbol: F[f]!, seq: seq ?? F[f + 1]!, atUs: F[f + 2]!, from, to } satisfies BookEdge;
    }
    default: {
      const units = new Uint16Array(F.buffer, F.byteOffset + f * 8, I[at * 16 + LENGTH]);
      let text = '';
      for (let u = 0; u < units.length; u += 1) text += String.fromCharCode(units[u]!);
      const event = venueEvent(JSON.parse(text));
      return seq === undefined ? event : { ...event, seq };
    }
  }
}

/** Fields beside id, symbol, seq and atUs. */
const VENUE_FIELDS: Readonly<Record<VenueEvent['type'], readonly (readonly [name: string, kind: 'number' | 'string'])[]>> = {
  'order.accepted': [['queueAheadLots', 'number']],
  'order.rejected': [['reason', 'string']],
  'order.canceled': [['remainingLots', 'number'], ['reason', 'string']],
  'order.fill': [['priceTicks', 'number'], ['lots', 'number'], ['remainingLots', 'number'], ['liquidity', 'string'], ['reason', 'string']],
};
const EVERY_VENUE_FIELD = [['id', 'string'], ['symbol', 'number'], ['seq', 'string'], ['atUs', 'number']] as const;

function venueEvent(value: unknown): VenueEvent {
  const event = (typeof value === 'object' && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
  const type = String(event['type']);
  if (!Object.hasOwn(VENUE_FIELDS, type)) throw new Error(`no venue says '${type.slice(0, 40)}'`);
  for (const [name, kind] of [...EVERY_VENUE_FIELD, ...VENUE_FIELDS[type as VenueEvent['type']]]) if (typeof event[name] !== kind) throw new Error(`${name} of an ${type} is no ${kind}`);
  return { ...(value as VenueEvent), seq: Number(event['seq']) };
}
