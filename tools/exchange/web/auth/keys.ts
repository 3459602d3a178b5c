import { createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** What a key may do, as the venue names it. */
export type Permission = 'USER_DATA' | 'TRADE' | 'USER_STREAM' | 'MARKET_DATA';

/** What proves that a request is of this key's owner: the shared secret, or the public half of his own key. */
export type Proof =
  | { readonly kind: 'hmac'; readonly secret: string }
  | { readonly kind: 'rsa' | 'ed25519'; readonly publicKey: KeyObject };

export interface ApiKey {
  /** 64 letters and digits. */
  readonly id: string;
  readonly account: string;
  readonly proof: Proof;
  readonly permissions: ReadonlySet<Permission>;
  /** Addresses that may use it; empty for any. */
  readonly ips: ReadonlySet<string>;
  /** Unix milliseconds. */
  readonly createdMs: number;
}

export interface KeySpec {
  readonly id: string;
  readonly account: string;
  /** A secret, or a public key in PEM; which kind it is, the PEM says. */
  readonly secret?: string;
  readonly publicKeyPem?: string;
  /** All unless told otherwise. */
  readonly permissions?: readonly Permission[];
  readonly ips?: readonly string[];
  readonly createdMs?: number;
}

export const ALL_PERMISSIONS: readonly Permission[] = ['USER_DATA', 'TRADE', 'USER_STREAM', 'MARKET_DATA'];
const KEY_FORM = /^[A-Za-z0-9]{64}$/;

/** Whether this could be a key of the venue (-2014 when not). */
export function hasKeyForm(id: string): boolean {
  return KEY_FORM.test(id);
}

/** The API keys of a venue, shared by its products. */
export class KeyStore {
  readonly #keys = new Map<string, ApiKey>();

  /** Adds a key, or takes another's place. RangeError when it is not of the venue's form or has no proof. */
  add(spec: KeySpec): ApiKey {
    if (!hasKeyForm(spec.id)) throw new RangeError('an API key is 64 letters and digits');
    const key: ApiKey = {
      id: spec.id,
      account: spec.account,
      proof: proofOf(spec),
      permissions: new Set(spec.permissions ?? ALL_PERMISSIONS),
      ips: new Set(spec.ips ?? []),
      createdMs: spec.createdMs ?? 0,
    };
    this.#keys.set(key.id, key);
    return key;
  }

  get(id: string): ApiKey | undefined {
    return this.#keys.get(id);
  }

  /** Revoked: sessions that are logged on with it end at their next request. */
  remove(id: string): boolean {
    return this.#keys.delete(id);
  }

  all(): Iterable<ApiKey> {
    return this.#keys.values();
  }
}

function proofOf(spec: KeySpec): Proof {
  if (spec.secret !== undefined) return { kind: 'hmac', secret: spec.secret };
  if (spec.publicKeyPem === undefined) throw new RangeError('an API key needs a secret or a public key');
  const publicKey = createPublicKey(spec.publicKeyPem);
  const kind = publicKey.asymmetricKeyType;
  if (kind !== 'rsa' && kind !== 'ed25519') throw new RangeError('a public key is of RSA or Ed25519');
  return { kind, publicKey };
}
