/** From the bytes of an HTTP answer to a {@link RestOutcome}: total, and without a secret in it. */
import { Buffer } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import { type Json, type LimitHeaders, LONGEST_RETRY_AFTER_S, type RestOutcome } from '../../../actors/engine/io.js';
import { parseExactJson } from '../exact-json.js';

const WEIGHT = /^x-mbx-used-weight-(\d{1,4}[smhd])$/;
const ORDERS = /^x-mbx-order-count-(\d{1,4}[smhd])$/;
const COUNT = /^\d{1,9}$/;
/** From here on it is looked how long an answer is when it is written again: `1e20` grows fourfold, and an entry of a run log has its limit. */
const LARGE_BYTES = 8 << 20;
const MOST_TOLD_BYTES = 48 << 20;
/** How much of what is not understood is told. */
const MOST_SHOWN = 200;

/** What the venue says in its headers of the limits. */
export function limitHeaders(headers: IncomingHttpHeaders): LimitHeaders {
  const usedWeight: Record<string, number> = {};
  const orderCount: Record<string, number> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== 'string' || !COUNT.test(value)) continue;
    const weight = WEIGHT.exec(name)?.[1];
    const orders = ORDERS.exec(name)?.[1];
    if (weight !== undefined) usedWeight[weight] = Number(value);
    if (orders !== undefined) orderCount[orders] = Number(value);
  }
  const after = headers['retry-after'];
  return { usedWeight, orderCount, retryAfterS: after !== undefined && COUNT.test(after) ? Math.min(Number(after), LONGEST_RETRY_AFTER_S) : null };
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** `cut`: the connection ended in the middle; `long`: more than is taken. */
  readonly ending: 'whole' | 'cut' | 'long';
}

/**
 * @param hide hides secrets in text
 * @param read takes the body's JSON elsewhere (a depth snapshot to the tape) and says what of it is told; a string is a problem
 */
export function outcomeOf(raw: RawAnswer, hide: (text: string) => string, read?: (text: string) => { readonly body: Json } | string): RestOutcome {
  const { status, body, ending } = raw;
  const headers = limitHeaders(raw.headers);
  const malformed = (problem: string, text: string): RestOutcome => ({ kind: 'malformed', status, headers, problem, text: hide(text).slice(0, MOST_SHOWN) });
  // Secrets are hidden before anything is cut off, or half of one would be left.
  const beginning = (): string => body.subarray(0, 4096).toString('utf8');
  if (status >= 300 && status < 400) return malformed('a redirect, which is not followed', String(raw.headers.location ?? ''));
  if (ending === 'long') return malformed('longer than is taken', beginning());
  if (ending === 'cut') return malformed(`the connection ended in the middle of the answer, after ${body.length} bytes`, beginning());
  if (body.length === 0) return malformed('empty', '');
  const encoding = raw.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') return malformed(`in an encoding that was not asked for: ${encoding.slice(0, 20)}`, '');
  const text = body.toString('utf8');
  const html = /^\s*</.test(text);
  if (html) return malformed('a page, not JSON', text.slice(0, 4096));
  if (read !== undefined && status === 200) {
    const taken = read(text);
    return typeof taken === 'string' ? malformed(taken, text.slice(0, 4096)) : { kind: 'answer', status, headers, body: taken.body };
  }
  let json: Json;
  try {
    json = parseExactJson(hide(text));
  } catch {
    return malformed('no JSON', text.slice(0, 4096));
  }
  if (body.length > LARGE_BYTES && Buffer.byteLength(JSON.stringify(json)) > MOST_TOLD_BYTES) return malformed('longer than is taken', text.slice(0, 4096));
  return { kind: 'answer', status, headers, body: json };
}
