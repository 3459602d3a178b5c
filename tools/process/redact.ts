import { plainCopy } from '../../runtime/observe/inspect.js';

/** Keys whose values no log may hold, however they are spelt: apiKey, api_key, X-MBX-APIKEY, secretKey, passphrase, listenKey … */
const SECRET_KEY = /secret|passw|passphrase|api[-_]?key|private[-_]?key|listen[-_]?key|access[-_]?key|authorization|credential|signature|cookie|(?:access|refresh|auth|bearer)[-_]?token|^token$/i;
const HIDDEN = '[redacted]';
/** user:password@ in an address, and signed query parameters. */
const IN_TEXT: readonly (readonly [RegExp, string])[] = [
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, `$1${HIDDEN}@`],
  [/\b((?:api[-_]?key|signature|secret|token|password|passphrase|listen[-_]?key)=)[^\s&"']+/gi, `$1${HIDDEN}`],
  [/\b(Bearer|Basic) [A-Za-z0-9._~+/=-]{8,}/g, `$1 ${HIDDEN}`],
];
const LIMITS = { depth: 6, entries: 40, values: 400, textLength: 1000 } as const;

/** A small copy of anything as data for a log: bounded, without cycles, and with what looks like a secret hidden. */
export function forLog(value: unknown): unknown {
  return hide(plainCopy(value, LIMITS));
}

/** The text with addresses' passwords and signed parameters hidden. */
export function withoutSecrets(text: string): string {
  return IN_TEXT.reduce((clean, [pattern, by]) => clean.replace(pattern, by), text);
}

/** Plain data with what looks like a secret hidden. */
export function hide(value: unknown): unknown {
  if (typeof value === 'string') return withoutSecrets(value);
  if (Array.isArray(value)) return isSecretEntry(value) ? [value[0], HIDDEN] : value.map(hide);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, SECRET_KEY.test(key) && item !== null && typeof item !== 'boolean' ? HIDDEN : hide(item)]));
}

/** A map's entry whose key is a secret's: `plainCopy` makes `{ $map: [[key, value]] }` of it. */
function isSecretEntry(value: readonly unknown[]): boolean {
  return value.length === 2 && typeof value[0] === 'string' && typeof value[1] === 'string' && SECRET_KEY.test(value[0]);
}
