import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const TOKEN_BYTES = 24;

export interface Tokens {
  /** Without it no byte of data is told. */
  readonly token: string;
  /** Without it nothing is changed. */
  readonly actionToken: string;
}

/** Two new tokens, of this start alone. */
export function newTokens(): Tokens {
  return { token: randomBytes(TOKEN_BYTES).toString('base64url'), actionToken: randomBytes(TOKEN_BYTES).toString('base64url') };
}

/** Whether `said` is `secret`, in a time that tells nothing of where they differ. */
export function isToken(said: unknown, secret: string): boolean {
  if (typeof said !== 'string') return false;
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(said), digest(secret));
}

/** The token of an `Authorization: Bearer` header; undefined without one. */
export function bearer(header: string | undefined): string | undefined {
  return header === undefined ? undefined : /^Bearer ([A-Za-z0-9_-]+)$/.exec(header)?.[1];
}
