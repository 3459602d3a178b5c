/**
 * What an HTTP outcome means. Certainty decides: `refused` only where the venue says that it did not do it, `notSent` only where not a byte left, and
 * everything in between is `unknown`. Sources: errors.md of binance-spot-api-docs, error codes of USD-M and options, VENUE-API 4.3.
 */
import type { Json, LimitHeaders, RestOutcome } from '../engine/io.js';
import type { VenueOutcomeKind } from '../engine/venue-calls.js';

export interface Classified {
  readonly outcome: VenueOutcomeKind;
  /** For the breaker. `unsent` says nothing about the venue: over a limit, or cancelled by ourselves. */
  readonly result: 'ok' | 'failed' | 'unsent';
  readonly cause: string;
  /** For the limits; null where no answer came. */
  readonly report: { readonly status: number; readonly code: number; readonly headers: LimitHeaders } | null;
  /** Refused for its timestamp, so certainly not done: the clock is off. */
  readonly clockOff: boolean;
}

/** The venue does not know what became of the request: UNKNOWN, DISCONNECTED, UNEXPECTED_RESP, TIMEOUT. */
const UNKNOWN_CODES: ReadonlySet<number> = new Set([-1000, -1001, -1006, -1007]);
/** Refused before anything was done, and a sign that the venue does not work: SERVER_BUSY, SERVICE_SHUTTING_DOWN. */
const UNWELL_CODES: ReadonlySet<number> = new Set([-1008, -1016]);
const [TOO_MANY, BANNED, HALF_DONE] = [429, 418, 409] as const;
const INVALID_TIMESTAMP = -1021;
/** Said by whatever stands before the venue's servers; a request that got one of these was never looked at. */
const NEVER_LOOKED_AT: ReadonlySet<number> = new Set([403, 404, 405, 410, 411, 413, 414, 415, 431]);
const MOST_TEXT = 200;

/** `{code, msg}` of an error. Codes of errors are negative; `{"code":200,"msg":"success"}` is none. */
function venueError(body: Json): { readonly code: number; readonly text: string } | undefined {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
  const { code, msg } = body as { readonly [key: string]: Json };
  const number = typeof code === 'string' && /^-\d{1,6}$/.test(code) ? Number(code) : code;
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number >= 0) return undefined;
  return { code: number, text: typeof msg === 'string' ? msg.slice(0, MOST_TEXT) : '' };
}

/** Of a cancel-replace that is half done (409): the old order is gone, and why the new one was not taken; undefined where it does not say so. */
function newOrderRefused(status: number, body: Json): VenueOutcomeKind | undefined {
  const { data = null } = (body ?? {}) as { readonly [key: string]: Json };
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return undefined;
  const { newOrderResult, newOrderResponse = null } = data as { readonly [key: string]: Json };
  const error = newOrderResult === 'FAILURE' ? venueError(newOrderResponse) : undefined;
  return error === undefined ? undefined : { kind: 'refused', status, ...error };
}

export function classify(outcome: RestOutcome): Classified {
  switch (outcome.kind) {
    case 'failed': return failed(outcome);
    case 'malformed': return malformed(outcome);
    case 'answer': return answered(outcome);
  }
}

function failed({ reason, sent }: Extract<RestOutcome, { kind: 'failed' }>): Classified {
  const cause = `no answer: ${reason}`;
  return {
    outcome: sent === 'no' ? { kind: 'notSent', reason: cause } : { kind: 'unknown', reason: cause },
    result: reason === 'cancelled' ? 'unsent' : 'failed', cause, report: null, clockOff: false,
  };
}

function malformed({ status, headers, problem }: Extract<RestOutcome, { kind: 'malformed' }>): Classified {
  const cause = `${status}, and the answer is ${problem}`;
  const limited = status === TOO_MANY || status === BANNED;
  const refused = limited || NEVER_LOOKED_AT.has(status);
  return {
    outcome: refused ? { kind: 'refused', status, code: 0, text: problem } : { kind: 'unknown', reason: cause },
    result: limited ? 'unsent' : 'failed', cause, report: { status, code: 0, headers }, clockOff: false,
  };
}

function answered({ status, headers, body }: Extract<RestOutcome, { kind: 'answer' }>): Classified {
  const error = venueError(body);
  const code = error?.code ?? 0;
  const text = error?.text ?? '';
  const report = { status, code, headers };
  const cause = `${status}${code === 0 ? '' : `, ${code} ${text}`}`;
  if (status >= 200 && status < 300 && error === undefined) return { outcome: { kind: 'ok', status, body }, result: 'ok', cause, report, clockOff: false };
  const refused: VenueOutcomeKind = { kind: 'refused', status, code, text };
  const unknown: VenueOutcomeKind = { kind: 'unknown', reason: cause };
  if (status === TOO_MANY || status === BANNED) return { outcome: refused, result: 'unsent', cause, report, clockOff: false };
  if (UNKNOWN_CODES.has(code)) return { outcome: unknown, result: 'failed', cause, report, clockOff: false };
  if (UNWELL_CODES.has(code)) return { outcome: refused, result: 'failed', cause, report, clockOff: false };
  if (status >= 500) return { outcome: unknown, result: 'failed', cause, report, clockOff: false };
  const half = status === HALF_DONE ? newOrderRefused(status, body) : undefined;
  if (half !== undefined) return { outcome: half, result: 'ok', cause, report, clockOff: false };
  // A 409 is half done, and a 4xx without the venue's code is said by somebody else.
  if (status === HALF_DONE) return { outcome: unknown, result: 'ok', cause, report, clockOff: false };
  if (error === undefined && !NEVER_LOOKED_AT.has(status)) return { outcome: unknown, result: 'failed', cause, report, clockOff: false };
  return { outcome: refused, result: 'ok', cause, report, clockOff: code === INVALID_TIMESTAMP };
}
