import { createHash } from 'node:crypto';
import type { Decision } from './decision.js';

/**
 * The decision digest. SHA-256 is a pure function of its bytes on every Node and machine (FIPS 180-4), and nothing here
 * reads a clock, a file or a random source: `createHash` is the only name taken from node:crypto.
 */

/** Digest of an empty decision log: 32 zero bytes in hexadecimal. */
export const EMPTY_DIGEST = '0'.repeat(64);

/** The chain's next link: hex SHA-256 over the previous link's text and one line (without its newline). */
export function chainDigest(previous: string, line: string): string {
  return createHash('sha256').update(previous).update(line).digest('hex');
}

/**
 * One decision as a canonical JSON line: fixed order of the outer fields, keys of `data` sorted by code unit, numbers as
 * ECMAScript prints them (the shortest text that reads back to the same double), non-finite numbers as null.
 */
export function canonicalLine(decision: Decision): string {
  const { seq, atUs, by, kind, symbol, data } = decision;
  const fields = Object.keys(data)
    .sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    .map((key) => `${JSON.stringify(key)}:${JSON.stringify(data[key] ?? null)}`)
    .join(',');
  return `{"seq":${seq},"atUs":${atUs},"by":${JSON.stringify(by)},"kind":"${kind}","symbol":${symbol},"data":{${fields}}}`;
}
