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

const FEATURES = [
  'price', 'bestBidTicks', 'bestAskTicks', 'volatilityRatio', 'volatilityNow', 'acceleration', 'obi', 'spreadRatio', 'spreadBps', 'volumeDeltaZ',
  'velocityRatio', 'eventsPerSecond', 'pattern', 'depthBid', 'depthAsk', 'walls', 'spoofs', 'violentRange', 'latencyMs',
] as const satisfies readonly (keyof Features)[];
const LEVEL = ['symbol', 'seq', 'atUs', 'exchUs', 'mask', 'votes', 'voters', 'need', 'pauses'] as const satisfies readonly (keyof LevelEdge)[];
const CANDLE = [
  'symbol', 'seq', 'atUs', 'exchUs', 'open', 'high', 'low', 'close', 'volume', 'meanVolume60', 'windowLow', 'windowHigh', 'mask',
] as const satisfies readonly (keyof CandleEdge)[];
/** triggered, calm, violent and warm of a level edge, as bits. */
const FLAGS = 1;

/** Where answers are written and read: slots of a ring. */
export interface AnswerSlots {
  readonly F: Float64Array;
  readonly I: Int32Array;
}

/** An edge in the form that `putAnswer` copies: made once an edge, so that its slots can be counted before they are claimed. */
export interface PackedEdge {
  readonly kind: number;
  readonly values: readonly number[];
  /** Of a venue event; its code units stand for `values`. */
  readonly text: string;
  readonly slots: number;
}

/** Slots of 64 bytes that `doubles` and the header need. */
const slotsFor = (doubles: number): number => Math.ceil((HEADER_F + doubles) / 8);

export function packEdge(edge: Edge): PackedEdge {
  switch (edge.type) {
    case 'level': {
      const flags = (edge.triggered ? 1 : 0) | (edge.calm ? 2 : 0) | (edge.violent ? 4 : 0) | (edge.warm ? 8 : 0);
      const values = [...LEVEL.map((name) => edge[name]), flags, ...FEATURES.map((name) => edge.features[name])];
      return { kind: Answer.LEVEL, values, text: '', slots: slotsFor(values.length) };
    }
    case 'candle': {
      const values = [...CANDLE.map((name) => edge[name]), ...FEATURES.map((name) => edge.features[name])];
      return { kind: Answer.CANDLE, values, text: '', slots: slotsFor(values.length) };
    }
    case 'book': {
      const values = [edge.symbol, edge.seq, edge.atUs, BOOK_STATE_NAMES.indexOf(edge.from), BOOK_STATE_NAMES.indexOf(edge.to)];
      return { kind: Answer.BOOK, values, text: '', slots: slotsFor(values.length) };
    }
    default: {
      // JSON has no words for every number that a record may carry.
      const text = JSON.stringify({ ...edge, seq: String(edge.seq) });
      return { kind: Answer.VENUE, values: [], text, slots: slotsFor(Math.ceil(text.length / 4)) };
    }
  }
}

/** Writes an edge raised by input `position` to the slots from `at` on. */
export function putAnswer({ F, I }: AnswerSlots, at: number, position: number, { kind, values, text }: PackedEdge): void {
  const f = at * 8;
  F[f + POSITION] = position;
  I[at * 16 + KIND] = kind;
  I[at * 16 + LENGTH] = kind === Answer.VENUE ? text.length : values.length;
  if (kind !== Answer.VENUE) {
    for (let v = 0; v < values.length; v += 1) F[f + HEADER_F + v] = values[v]!;
    return;
  }
  const units = new Uint16Array(F.buffer, F.byteOffset + (f + HEADER_F) * 8, text.length);
  for (let u = 0; u < text.length; u += 1) units[u] = text.charCodeAt(u);
}

/** Input position of the answer at slot `at`. */
export const answerPosition = ({ F }: AnswerSlots, at: number): number => F[at * 8 + POSITION]!;

/** Slots of the answer at slot `at`; NaN where there is none. */
export function answerSlots({ I }: AnswerSlots, at: number): number {
  const kind = I[at * 16 + KIND]!;
  const length = I[at * 16 + LENGTH]!;
  if (!(length >= 0 && length < 1 << 20)) return NaN;
  switch (kind) {
    case Answer.LEVEL: return length === LEVEL.length + FLAGS + FEATURES.length ? slotsFor(length) : NaN;
    case Answer.CANDLE: return length === CANDLE.length + FEATURES.length ? slotsFor(length) : NaN;
    case Answer.BOOK: return length === 5 ? slotsFor(length) : NaN;
    case Answer.VENUE: return slotsFor(Math.ceil(length / 4));
    default: return NaN;
  }
}

/** The edge at slot `at`, which `answerSlots` found sound. @throws Error when no lane of the symbols that it `owns` says that. */
export function takeAnswer(slots: AnswerSlots, at: number, owns: (symbol: number) => boolean): Edge {
  const edge = edgeAt(slots, at);
  if (!owns(edge.symbol)) throw new Error(`an edge of symbol ${edge.symbol}, which is not the lane's`);
  if (!(edge.atUs >= 0 && edge.atUs < Infinity)) throw new Error(`an edge at ${edge.atUs} us`);
  return edge;
}

function edgeAt({ F, I }: AnswerSlots, at: number): Edge {
  const f = at * 8 + HEADER_F;
  switch (I[at * 16 + KIND]) {
    case Answer.LEVEL: {
      const flags = F[f + LEVEL.length]!;
      if (!(flags >= 0 && flags < 16)) throw new Error(`flags ${flags} of a level`);
      return {
        type: 'level', ...named(LEVEL, F, f),
        triggered: (flags & 1) !== 0, calm: (flags & 2) !== 0, violent: (flags & 4) !== 0, warm: (flags & 8) !== 0,
        features: named(FEATURES, F, f + LEVEL.length + FLAGS),
      };
    }
    case Answer.CANDLE:
      return { type: 'candle', ...named(CANDLE, F, f), features: named(FEATURES, F, f + CANDLE.length) };
    case Answer.BOOK: {
      const from = BOOK_STATE_NAMES[F[f + 3]!];
      const to = BOOK_STATE_NAMES[F[f + 4]!];
      if (from === undefined || to === undefined) throw new Error(`states ${F[f + 3]} and ${F[f + 4]} of a book`);
      return { type: 'book', symbol: F[f]!, seq: F[f + 1]!, atUs: F[f + 2]!, from, to } satisfies BookEdge;
    }
    default: {
      const units = new Uint16Array(F.buffer, F.byteOffset + f * 8, I[at * 16 + LENGTH]);
      let text = '';
      for (let u = 0; u < units.length; u += 1) text += String.fromCharCode(units[u]!);
      return venueEvent(JSON.parse(text));
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

function named<K extends string>(names: readonly K[], F: Float64Array, from: number): Record<K, number> {
  const values = {} as Record<K, number>;
  for (let v = 0; v < names.length; v += 1) values[names[v]!] = F[from + v]!;
  return values;
}
