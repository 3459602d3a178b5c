import type { Route } from '../streams/hub.js';

/** What the address of a stream connection says. */
export interface StreamAddress {
  readonly route: Route;
  readonly combined: boolean;
  /** Subscribed from the start. */
  readonly streams: readonly string[];
  readonly events: ReadonlySet<string> | undefined;
}

const ROUTES: ReadonlySet<string> = new Set(['public', 'market', 'private']);
/** ccxt numbers its connections: `/ws/0`. */
const NUMBER = /^\d+$/;

/**
 * Reads `/ws`, `/ws/<n>`, `/ws/<stream>/<stream>`, `/stream?streams=…` under root or one of the three ways; undefined for any other path. A listenKey
 * may be a stream of the path or `listenKey=` of the query.
 */
export function streamAddress(path: string, query: URLSearchParams): StreamAddress | undefined {
  const parts = path.split('/').filter((part) => part !== '');
  let route: Route = 'root';
  if (parts.length > 0 && ROUTES.has(parts[0]!)) route = parts.shift() as Route;
  const form = parts.shift();
  const streams: string[] = [];
  if (form === 'ws') streams.push(...parts.map(decoded).filter((part) => !NUMBER.test(part)));
  else if (form !== 'stream' || parts.length > 0) return undefined;
  // A plus that nobody encoded has become a space: kline_1d@+08:00.
  if (form === 'stream') streams.push(...(query.get('streams') ?? '').replaceAll(' ', '+').split('/').filter((name) => name !== ''));
  streams.push(...query.getAll('listenKey').filter((key) => key !== ''));
  const events = query.get('events');
  return { route, combined: form === 'stream', streams, events: events === null || events === '' ? undefined : new Set(events.split(/[/,]/)) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
