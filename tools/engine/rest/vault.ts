import { Buffer } from 'node:buffer';
import { createHmac, createPrivateKey, sign, type KeyObject } from 'node:crypto';
import { inspect } from 'node:util';
import type { Json } from '../../../actors/engine/io.js';
import type { VenueAccess, VenueKeys } from '../parts.js';
import type { SecretDesk } from '../sockets/door.js';
import { SecretHandles } from './handles.js';

/** Values of a message of the websocket API. */
export type MessageParams = Readonly<Record<string, string | number | boolean>>;

const ENDS_SHOWN = 4;

/**
 * The one place that holds the key and its secret. They are never properties, never in errors, `inspect` or JSON; what is seen of the key is
 * {@link KeyVault.keyId}. HMAC-SHA-256 in hex, RSASSA-PKCS1-v1_5 with SHA-256 and Ed25519 in base64 (rest-api.md, "Request security").
 */
export class KeyVault {
  readonly kind: VenueKeys['kind'];
  /** The key's kind and ends, for people: `hmac vmPU…8VkA`. */
  readonly keyId: string;
  readonly #key: string;
  readonly #secret: string;
  readonly #privateKey: KeyObject | null;

  /** @throws RangeError for a key or secret that cannot be used; the text holds nothing of either */
  constructor({ kind, key, secret }: VenueKeys) {
    if (!/^[A-Za-z0-9]{8,128}$/.test(key)) throw new RangeError('the API key is not 8 to 128 letters and digits');
    if (secret === '') throw new RangeError('the secret of the API key is empty');
    this.kind = kind;
    this.keyId = `${kind} ${key.slice(0, ENDS_SHOWN)}…${key.slice(-ENDS_SHOWN)}`;
    this.#key = key;
    this.#secret = secret;
    this.#privateKey = kind === 'hmac' ? null : privateKeyOf(kind, secret);
  }

  /** The value of the header X-MBX-APIKEY. */
  header(): string {
    return this.#key;
  }

  /** What must be hidden wherever it turns up. */
  hidden(): readonly string[] {
    return [this.#key, this.#secret];
  }

  /** Signature over these very bytes, not yet percent-encoded. */
  sign(payload: string): string {
    if (this.#privateKey === null) return createHmac('sha256', this.#secret).update(payload, 'utf8').digest('hex');
    return sign(this.kind === 'rsa' ? 'sha256' : null, Buffer.from(payload, 'utf8'), this.#privateKey).toString('base64');
  }

  /** The form with its signature at the end. The form is signed as it is sent: percent-encoded. */
  signForm(form: string): string {
    return `${form}${form === '' ? '' : '&'}signature=${encodeURIComponent(this.sign(form))}`;
  }

  /**
   * Parameters of a message of the websocket API with key and signature: over `name=value` of all of them, sorted by name, joined by `&`,
   * nothing encoded (web-socket-api.md, "Request security"). A timestamp that is there stays.
   */
  signMessage(params: MessageParams, timestampMs: number): Record<string, string | number | boolean> {
    const whole = { timestamp: timestampMs, ...params, apiKey: this.#key };
    const payload = Object.entries(whole).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name}=${String(value)}`).join('&');
    return { ...whole, signature: this.sign(payload) };
  }

  toJSON(): string {
    return this.keyId;
  }

  [inspect.custom](): string {
    return `KeyVault(${this.keyId})`;
  }
}

function privateKeyOf(kind: 'rsa' | 'ed25519', pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // The reason would quote the key's text in some versions of Node.
    throw new RangeError(`the private key of the API key is no ${kind} key in PEM without a passphrase`);
  }
  if (key.asymmetricKeyType !== kind) throw new RangeError(`the private key of the API key is of type ${key.asymmetricKeyType ?? 'unknown'}, not ${kind}`);
  return key;
}

/** Vault and handles that all parts of one engine share. */
export interface VenueSecrets {
  /** Null in paper mode: nothing can be signed. */
  readonly vault: KeyVault | null;
  readonly handles: SecretHandles;
}

const shared = new WeakMap<VenueAccess, VenueSecrets>();

/** The secrets of this access: the same for every part that asks. @throws RangeError for a key that cannot be used */
export function secretsOf(access: VenueAccess): VenueSecrets {
  const known = shared.get(access);
  if (known !== undefined) return known;
  const vault = access.keys === null ? null : new KeyVault(access.keys);
  const secrets: VenueSecrets = { vault, handles: new SecretHandles(vault?.hidden()) };
  shared.set(access, secrets);
  return secrets;
}

/** What the sockets need of the secrets. Without a key a message is sent as it is, and the venue refuses it. */
export function deskOf({ vault, handles }: VenueSecrets, nowUs: () => number): SecretDesk {
  return {
    reveal: (text) => handles.reveal(text),
    hide: (text) => handles.hide(text),
    sign(_product, body) {
      if (vault === null || typeof body !== 'object' || body === null || Array.isArray(body)) return body;
      const { params, ...rest } = body as { readonly [key: string]: Json };
      return { ...rest, params: vault.signMessage(paramsOf(params), Math.floor(nowUs() / 1000)) };
    },
  };
}

function paramsOf(params: Json | undefined): MessageParams {
  if (typeof params !== 'object' || params === null || Array.isArray(params)) return {};
  return Object.fromEntries(Object.entries(params).filter((entry): entry is [string, string | number | boolean] => ['string', 'number', 'boolean'].includes(typeof entry[1])));
}
