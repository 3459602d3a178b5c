/** How each product's private stream is reached, and what its frames are. */
import type { Json, VenueProduct } from '../../engine/io.js';
import type { VenueCall } from '../../engine/venue-calls.js';

/** The listen key's endpoint; spot has none since 2026-02-20 and subscribes by signature. */
const LISTEN_KEY: Readonly<Partial<Record<VenueProduct, string>>> = { usdm: '/fapi/v1/listenKey', options: '/eapi/v1/listenKey' };

export const hasListenKey = (product: VenueProduct): boolean => LISTEN_KEY[product] !== undefined;

export function listenKeyCall(product: VenueProduct, method: 'POST' | 'PUT', id: string, replyTo: string): VenueCall {
  return {
    type: 'venue.call', id, replyTo, class: 'session', reducing: false, product, method, path: LISTEN_KEY[product]!, params: {}, security: 'key', weight: 1, orders: 0,
  };
}

/** The handle of the listen key in an answer; undefined when there is none. */
export function listenKeyOf(body: Json): string | undefined {
  const key = typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as { readonly [key: string]: Json })['listenKey'] : undefined;
  return typeof key === 'string' && key !== '' ? key : undefined;
}

/** Path below the origin; `key` is a handle. The websocket API of spot has its path in its origin. */
export const streamPath = (product: VenueProduct, key: string): string => (product === 'spot' ? '' : `/private/ws/${key}`);

/** Spot: key and signature are added by the host; the subscription is the account's. `timestampMs`: on the venue's clock. */
export const subscription = (id: number, timestampMs: number): Json => ({ id, method: 'userDataStream.subscribe.signature', params: { timestamp: timestampMs, recvWindow: 5000 } });
const INVALID_TIMESTAMP = -1021;

/** What a connection that lives answers at once, and that changes nothing. */
export const probe = (product: VenueProduct, id: number): Json => (product === 'spot' ? { id, method: 'ping' } : { method: 'LIST_SUBSCRIPTIONS', id });

export type Frame =
  | { readonly kind: 'event'; readonly event: Json }
  /** Answer to what we sent. `problem` empty: done. */
  | { readonly kind: 'answer'; readonly id: number; readonly problem: string; readonly clockOff: boolean }
  | { readonly kind: 'odd' };

/** Sorts a frame: an event (on spot wrapped with its subscription, on combined streams with its stream), or the answer to a message of ours. */
export function readFrame(body: Json): Frame {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return { kind: 'odd' };
  const { e, event, data, stream, id, status, error } = body as { readonly [key: string]: Json };
  if (e !== undefined) return { kind: 'event', event: body };
  if (event !== undefined) return { kind: 'event', event };
  if (stream !== undefined && data !== undefined) return { kind: 'event', event: data };
  if (id === undefined) return { kind: 'odd' };
  if (error === undefined || error === null) return { kind: 'answer', id: Number(id), problem: '', clockOff: false };
  const { code, msg } = (typeof error === 'object' && !Array.isArray(error) ? error : {}) as { readonly [key: string]: Json };
  const words = [typeof status === 'number' ? status : '', typeof code === 'number' ? code : '', typeof msg === 'string' ? msg.slice(0, 200) : ''];
  return { kind: 'answer', id: Number(id), problem: words.filter((word) => word !== '').join(' ') || 'refused', clockOff: code === INVALID_TIMESTAMP };
}
