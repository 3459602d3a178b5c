/** What an answer of the venue means to the order it is about. The manager reads it off the body; the order's machine never sees one. */
import type { AlgoReport, OrderReport, VenueOutcome } from '../engine/venue-calls.js';
import type { VenueTrade } from '../truth/views.js';

/**
 * Questions about one order, in the order in which they are asked when it cannot be found: by its id, among the open ones, (of an algo
 * order) the order it became, the account's trades.
 */
export type AskStep = 'order' | 'open' | 'spawned' | 'trades';
export type CallStep = 'place' | 'cancel' | AskStep;

export type Told =
  /** Reports of this order among what came; trades of it, and how many trades of its kind belong to no order we know. */
  | { readonly kind: 'ok'; readonly reports: readonly (OrderReport | AlgoReport)[]; readonly trades: readonly VenueTrade[]; readonly strangers: number }
  /** The venue knows no such order. */
  | { readonly kind: 'absent'; readonly text: string }
  /** The venue has an open order under this id already. */
  | { readonly kind: 'duplicate'; readonly text: string }
  | { readonly kind: 'refused'; readonly code: number; readonly text: string }
  | { readonly kind: 'unknown'; readonly reason: string }
  | { readonly kind: 'notSent'; readonly reason: string };

export interface Answer {
  readonly type: 'answer';
  readonly step: CallStep;
  /** Number of the call it answers. */
  readonly call: number;
  readonly stampMs: number;
  /** `stampMs` and recvWindow: until then the venue could have taken the request. 0 where it carried no stamp. */
  readonly expiresMs: number;
  readonly told: Told;
}

const NO_SUCH_ORDER = -2013;
const UNKNOWN_ORDER = -2011;
/** Spot: "Order list does not exist." */
const NO_SUCH_LIST = -2018;
const DUPLICATE_CLIENT_ID = -4116;
/** Spot refuses in one code for many reasons. */
const NEW_ORDER_REJECTED = -2010;

/** Of a refusal, what it says of the order. -2011 is also how a cancel is refused for other reasons: asking is right for all of them. */
export function refusalTold(step: CallStep, code: number, text: string): Told {
  if (step === 'place') {
    const duplicate = code === DUPLICATE_CLIENT_ID || (code === NEW_ORDER_REJECTED && /duplicate order/i.test(text));
    // No answer to a new order: it says nothing of this one.
    if (code === NO_SUCH_ORDER || code === UNKNOWN_ORDER) return { kind: 'unknown', reason: `${code} ${text}` };
    return duplicate ? { kind: 'duplicate', text } : { kind: 'refused', code, text };
  }
  const absent = code === NO_SUCH_ORDER || code === UNKNOWN_ORDER || (code === NO_SUCH_LIST && step !== 'trades');
  return absent ? { kind: 'absent', text } : { kind: 'refused', code, text };
}

export interface AnswerParts {
  readonly reports: readonly (OrderReport | AlgoReport)[];
  readonly trades: readonly VenueTrade[];
  readonly strangers: number;
}

/** `parts`: what the body says, null when it is not what the venue answers to such a call: then nobody knows what happened. */
export function answerOf(step: CallStep, call: number, outcome: VenueOutcome, parts: AnswerParts | null): Answer {
  const { stampMs, recvWindowMs, outcome: kind } = outcome;
  const base = { type: 'answer', step, call, stampMs, expiresMs: stampMs === 0 ? 0 : stampMs + recvWindowMs } as const;
  switch (kind.kind) {
    case 'ok':
      return { ...base, told: parts === null ? { kind: 'unknown', reason: 'an answer that says nothing' } : { kind: 'ok', ...parts } };
    case 'refused':
      return { ...base, told: refusalTold(step, kind.code, kind.text) };
    case 'unknown':
    case 'notSent':
      return { ...base, told: kind };
  }
}
