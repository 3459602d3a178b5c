import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CliError } from '../../cli/errors.js';
import type { VenueKeys } from '../parts.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Names of the variables of a mode. The secret is the shared one, or a private key: as PEM in the variable, or in a file. */
export function keyVariables(mode: 'demo' | 'live'): { readonly key: string; readonly secret: string; readonly file: string } {
  const head = `FAULTLINE_BINANCE_${mode.toUpperCase()}`;
  return { key: `${head}_KEY`, secret: `${head}_SECRET`, file: `${head}_PRIVATE_KEY_FILE` };
}

/**
 * Key and secret from the environment; null when neither is there.
 *
 * @throws CliError when one is missing, or the private key cannot be read
 */
export function keysFromEnvironment(environment: Environment, mode: 'demo' | 'live'): VenueKeys | null {
  const names = keyVariables(mode);
  const [key, secret, file] = [environment[names.key] ?? '', environment[names.secret] ?? '', environment[names.file] ?? ''];
  if (key === '' && secret === '' && file === '') return null;
  if (key === '') throw new CliError('configuration', `${names.key} is not set`, `set it to the API key that ${secret === '' ? names.file : names.secret} belongs to`);
  if (secret !== '' && file !== '') throw new CliError('configuration', `both ${names.secret} and ${names.file} are set`, 'unset one of them');
  if (secret === '' && file === '') throw new CliError('configuration', `${names.key} is set without its secret`, `set ${names.secret}, or ${names.file} to a private key in PEM`);
  const text = secret === '' ? readKey(file, names.file) : secret.replaceAll(String.raw`\n`, '\n');
  if (!text.includes('-----BEGIN')) return { kind: 'hmac', key, secret: text.trim() };
  return { kind: privateKind(text, secret === '' ? names.file : names.secret), key, secret: text };
}

/** The key of the exchange's own line (`faultline exchange --json`); null when it has none of this kind. */
export function keysFromVenueLine(line: unknown, kind: VenueKeys['kind'] = 'hmac'): VenueKeys | null {
  const keys = memberOf(line, 'keys');
  const found = memberOf(keys, kind);
  const [key, secret] = [memberOf(found, 'key'), memberOf(found, 'secret')];
  return typeof key === 'string' && typeof secret === 'string' ? { kind, key, secret } : null;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

function readKey(path: string, variable: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CliError('configuration', `the file that ${variable} names cannot be read (${code ?? 'unknown reason'})`, 'name a private key in PEM that this user may read');
  }
}

function privateKind(pem: string, variable: string): 'rsa' | 'ed25519' {
  let type: string | undefined;
  try {
    type = createPrivateKey(pem).asymmetricKeyType;
  } catch {
    // The reason may quote the key.
    type = undefined;
  }
  if (type === 'rsa' || type === 'ed25519') return type;
  throw new CliError('configuration', `${variable} holds no RSA or Ed25519 private key in PEM`, 'the venue takes PKCS#8 keys without a passphrase');
}
