/**
 * What an outcome of the venue's means for whoever runs the engine: the sources' error kinds, and how bad each is. Whether a call may be sent again is
 * not told here: classify.ts. Sources: errors.md of binance-spot-api-docs, error codes of USD-M and options.
 */
import type { VenueProduct } from '../engine/io.js';
import type { VenueOutcomeKind } from '../engine/venue-calls.js';

export type VenueErrorKind =
  /** 429, 418, and the codes of limits on requests and orders. */
  | 'RateLimited'
  /** 401, 403, and codes that say that the key is not good: nothing will go until a person has seen to it. */
  | 'AuthenticationFailed'
  /** -1021: the clock is measured and the call goes once more. */
  | 'InvalidTimestamp'
  /** Any other no of the venue's. */
  | 'RemoteReject'
  /** It may have happened. */
  | 'OutcomeUnknown'
  /** Not a byte left: breaker, limits, no key, no connection. */
  | 'NotSent';
/** `warning`: the machines know what to do; `error`: somebody should look when it stays; `critical`: it stays until a person acts. */
export type Severity = 'warning' | 'error' | 'critical';

export interface VenueError {
  readonly kind: VenueErrorKind;
  readonly severity: Severity;
  readonly status: number;
  readonly code: number;
  readonly text: string;
}

/** TOO_MANY_REQUESTS, TOO_MANY_ORDERS. */
const LIMIT_CODES: ReadonlySet<number> = new Set([-1003, -1015]);
/** UNAUTHORIZED, INVALID_SIGNATURE, BAD_API_KEY_FMT, REJECTED_MBX_KEY. */
const KEY_CODES: ReadonlySet<number> = new Set([-1002, -1022, -2014, -2015]);
const BANNED = 418;

/** Undefined when nothing went wrong. */
export function venueErrorOf(outcome: VenueOutcomeKind): VenueError | undefined {
  switch (outcome.kind) {
    case 'ok': return undefined;
    case 'unknown': return { kind: 'OutcomeUnknown', severity: 'error', status: 0, code: 0, text: outcome.reason };
    case 'notSent': return { kind: 'NotSent', severity: 'warning', status: 0, code: 0, text: outcome.reason };
    case 'refused': {
      const { status, code, text } = outcome;
      const of = (kind: VenueErrorKind, severity: Severity): VenueError => ({ kind, severity, status, code, text });
      if (status === 429 || status === BANNED || LIMIT_CODES.has(code)) return of('RateLimited', status === BANNED ? 'critical' : 'warning');
      if (status === 401 || status === 403 || KEY_CODES.has(code)) return of('AuthenticationFailed', 'critical');
      if (code === -1021) return of('InvalidTimestamp', 'error');
      return of('RemoteReject', 'warning');
    }
  }
}

/** The gateway's account of errors: how often each kind, and of each product the last one since its last success of the same class. */
export interface VenueErrors {
  readonly counts: Readonly<Partial<Record<VenueErrorKind, number>>>;
  readonly standing: readonly (VenueError & { readonly product: string; readonly class: string; readonly path: string; readonly atUs: number })[];
}

export const NO_ERRORS: VenueErrors = { counts: {}, standing: [] };

type Where = Pick<VenueErrors['standing'][number], 'product' | 'class' | 'path' | 'atUs'>;

/** After an outcome. What worked takes back what was said of its product and class; a refusal by the rules says that the key is good. */
export function withOutcome(before: VenueErrors, outcome: VenueOutcomeKind, where: Where): VenueErrors {
  const error = venueErrorOf(outcome);
  const isNews = error === undefined || error.kind !== 'NotSent';
  const others = isNews ? before.standing.filter((each) => each.product !== where.product || each.class !== where.class) : before.standing;
  if (error === undefined) return others.length === before.standing.length ? before : { ...before, standing: others };
  const counts = { ...before.counts, [error.kind]: (before.counts[error.kind] ?? 0) + 1 };
  return { counts, standing: isNews ? [...others, { ...error, ...where }] : before.standing };
}

/** A class of calls for which the venue will not have the key: what would open is not sent meanwhile, and what closes is what tries it. */
export interface KeyRefusal {
  readonly product: VenueProduct;
  readonly class: 'order' | 'cancel';
  readonly detail: string;
}

/** After an outcome of such a call: only an answer that looked past the key says that it is good again; silence, limits and the clock's say nothing of it. */
export function withKey(before: readonly KeyRefusal[], outcome: VenueOutcomeKind, where: Omit<KeyRefusal, 'detail'>): readonly KeyRefusal[] {
  const error = venueErrorOf(outcome);
  const others = (): readonly KeyRefusal[] => before.filter((each) => each.product !== where.product || each.class !== where.class);
  if (error?.kind === 'AuthenticationFailed') return [...others(), { ...where, detail: `${error.status}${error.code === 0 ? '' : `, ${error.code}`} ${error.text}` }];
  if (error !== undefined && error.kind !== 'RemoteReject') return before;
  const left = others();
  return left.length === before.length ? before : left;
}
