/**
 * The frame around Deribit's calls. Decoding is total: any text gives a request or the error answer to send.
 * Batches and parameters by position are part of JSON-RPC 2.0 that the platform refuses.
 */
import { DeribitError, errorView } from '../../../actors/exchange/deribit/errors.js';
import type { RawParams } from '../../../actors/exchange/deribit/params.js';
import type { VenueError } from '../../../actors/exchange/venue-error.js';

export type RpcId = number | string | null;

export interface RpcRequest {
  readonly id: RpcId | undefined;
  readonly method: string;
  readonly params: RawParams;
}

export type DecodedFrame = { readonly ok: true; readonly request: RpcRequest } | { readonly ok: false; readonly id: RpcId; readonly error: DeribitError };

const METHOD = /^(public|private)\/[a-z_]{1,60}$/;
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);

const refuse = (id: RpcId, error: DeribitError): DecodedFrame => ({ ok: false, id, error });

/** One frame of the websocket, or the body of a POST. */
export function decodeRequest(text: string): DecodedFrame {
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    return refuse(null, new DeribitError('parse_error'));
  }
  if (Array.isArray(frame)) return refuse(null, new DeribitError('invalid_request', { reason: 'batch requests are not supported' }));
  if (!isObject(frame)) return refuse(null, new DeribitError('invalid_request', { reason: 'a request must be an object' }));
  const id = Object.hasOwn(frame, 'id') ? frame['id'] : undefined;
  if (id !== undefined && id !== null && typeof id !== 'number' && typeof id !== 'string') {
    return refuse(null, new DeribitError('invalid_request', { reason: 'id must be a number or a string', param: 'id' }));
  }
  const known = id ?? null;
  const method = Object.hasOwn(frame, 'method') ? frame['method'] : undefined;
  if (typeof method !== 'string') return refuse(known, new DeribitError('invalid_request', { reason: 'method must be a string', param: 'method' }));
  if (!METHOD.test(method)) return refuse(known, new DeribitError('method_not_found'));
  const params = Object.hasOwn(frame, 'params') ? (frame['params'] ?? {}) : {};
  if (Array.isArray(params)) return refuse(known, new DeribitError('invalid_request', { reason: 'parameters by position are not supported', param: 'params' }));
  if (!isObject(params)) return refuse(known, new DeribitError('invalid_request', { reason: 'params must be an object', param: 'params' }));
  return { ok: true, request: { id, method, params } };
}

/** A GET of `/api/v2/<method>?name=value`. Of a repeated name the last value holds. */
export function decodeGet(path: string, query: string): DecodedFrame {
  if (!METHOD.test(path)) return refuse(null, new DeribitError('method_not_found'));
  const params: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of new URLSearchParams(query)) params[name] = value;
  return { ok: true, request: { id: undefined, method: path, params } };
}

/** Times of the answer in µs of the venue's clock. */
export interface AnswerTimes {
  readonly usIn: number;
  readonly usOut: number;
  readonly testnet: boolean;
}

const frameEnd = ({ usIn, usOut, testnet }: AnswerTimes): string => `"usIn":${usIn},"usOut":${usOut},"usDiff":${usOut - usIn},"testnet":${testnet}}`;
const frameStart = (id: RpcId | undefined): string => (id === undefined ? '{"jsonrpc":"2.0",' : `{"jsonrpc":"2.0","id":${JSON.stringify(id)},`);

export function resultFrame(id: RpcId | undefined, result: unknown, times: AnswerTimes): string {
  return `${frameStart(id)}"result":${JSON.stringify(result)},${frameEnd(times)}`;
}

export function errorFrame(id: RpcId | undefined, error: VenueError, times: AnswerTimes): string {
  return `${frameStart(id)}"error":${JSON.stringify(errorView(error))},${frameEnd(times)}`;
}

/** A notification; `data` is JSON text, so that one serialisation serves all subscribers. */
export const notificationFrame = (channel: string, data: string): string =>
  `{"jsonrpc":"2.0","method":"subscription","params":{"channel":${JSON.stringify(channel)},"data":${data}}}`;

/** HTTP status that goes with an error: the platform answers 400 to nearly everything. */
export function httpStatus(error: VenueError): number {
  if (error.code === 10028) return 429;
  if (error.code === 11051) return 503;
  if (error.code === -32603) return 500;
  return 400;
}
