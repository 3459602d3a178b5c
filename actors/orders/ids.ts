/**
 * Client ids: at most 36 characters of the venue's alphabet (`^[\.A-Z\:/a-z0-9_-]{1,36}$`), made of the run and the intent alone, so that
 * whoever sends an intent again sends the same id, and the venue itself refuses the second one while the first is open.
 */
import { chainDigest } from '../journal/digest.js';

/** Lower-case base-32 of the first `length` times five bits of SHA-256. */
function digest(text: string, length: number): string {
  const bits = BigInt(`0x${chainDigest('', text)}`) >> BigInt(256 - 5 * length);
  return bits.toString(32).padStart(length, '0');
}

/** What all ids of a run have in common and those of no other. */
export function runMark(run: string): string {
  return digest(run, 8);
}

/**
 * `fl-` (the configured prefix), 8 characters of the run, `-`, 18 of the intent: 30 with a prefix of two, 34 at most. 40 bits tell runs
 * apart and 90 the intents of all of them: two intents of one account never meet.
 */
export function clientIdOf(prefix: string, run: string, intentId: string): string {
  return `${prefix}-${runMark(run)}-${digest(`${run}\n${intentId}`, 18)}`;
}

/** Whether an id has the form of ours, of whichever run. */
export function isOurs(prefix: string, clientId: string): boolean {
  return clientId.startsWith(`${prefix}-`) && /^[0-9a-v]{8}-[0-9a-v]{18}$/.test(clientId.slice(prefix.length + 1));
}
