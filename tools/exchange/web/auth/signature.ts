import { createHmac, timingSafeEqual, verify } from 'node:crypto';
import type { ApiKey } from './keys.js';

const SIGNATURE = 'signature=';
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** Query or body as it came, and without its signature. */
export interface Unsigned {
  readonly payload: string;
  /** Still percent-encoded; undefined when there is none. */
  readonly signature: string | undefined;
}

/** Takes `signature=…` out of a raw query or body, wherever it stands. Latin-1 text stands for bytes. */
export function withoutSignature(raw: string): Unsigned {
  if (!raw.includes(SIGNATURE)) return { payload: raw, signature: undefined };
  let signature: string | undefined;
  const kept: string[] = [];
  for (const piece of raw.split('&')) {
    if (piece.startsWith(SIGNATURE)) signature ??= piece.slice(SIGNATURE.length);
    else kept.push(piece);
  }
  return { payload: kept.join('&'), signature };
}

/**
 * Whether `signature` is the key's over these bytes: HMAC-SHA-256 in hex of either case, RSASSA-PKCS1-v1_5 with SHA-256 or Ed25519 in base64.
 * Latin-1 text stands for bytes where the payload is text of a request line.
 */
export function isSigned(key: ApiKey, payload: Buffer, signature: string): boolean {
  const { proof } = key;
  if (proof.kind === 'hmac') {
    if (signature.length !== 64) return false;
    const given = Buffer.from(signature, 'hex');
    const right = createHmac('sha256', proof.secret).update(payload).digest();
    return given.length === right.length && timingSafeEqual(given, right);
  }
  if (!BASE64.test(signature)) return false;
  return verify(proof.kind === 'rsa' ? 'sha256' : null, payload, proof.publicKey, Buffer.from(signature, 'base64'));
}

/** What the websocket API signs: all parameters but the signature, sorted by name, `name=value` joined by `&`, in UTF-8, nothing encoded. */
export function sortedPayload(values: ReadonlyMap<string, string>): Buffer {
  const names = [...values.keys()].filter((name) => name !== 'signature').sort();
  return Buffer.from(names.map((name) => `${name}=${values.get(name)!}`).join('&'), 'utf8');
}
