import type { StreamClass } from './hub.js';

const LISTEN_KEY = /^[A-Za-z0-9]{60,}$/;
/** What is left of `/public` since 2026-04-23: the book and the best quotes; raw trades went along. */
const PUBLIC = /@(?:depth|bookTicker|rpiDepth|trade)(?:@|\d|$)|^!bookTicker$/;

/** Which of the three ways a USD-M or options stream goes: books and quotes `public`, a listenKey `private`, all else `market`. */
export function futuresStreamClass(stream: string): StreamClass {
  if (LISTEN_KEY.test(stream)) return 'private';
  return PUBLIC.test(stream) ? 'public' : 'market';
}
