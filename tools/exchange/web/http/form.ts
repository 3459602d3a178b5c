import { duplicateParameter, illegalAnywhere, tooManyParameters } from '../errors.js';

const MOST_PARAMETERS = 256;

/**
 * Reads `a=1&b=2` into `into`; names that `into` has already are left as they are (the query goes before the body). Throws -1101 for a name
 * that comes twice in one text, -1100 for what cannot be decoded. Latin-1 text stands for bytes.
 */
export function readForm(raw: string, into: Map<string, string>): void {
  if (raw === '') return;
  const seen = new Set<string>();
  for (const piece of raw.split('&')) {
    if (piece === '') continue;
    const equals = piece.indexOf('=');
    const name = decoded(equals < 0 ? piece : piece.slice(0, equals));
    if (seen.has(name)) throw duplicateParameter();
    seen.add(name);
    if (seen.size > MOST_PARAMETERS) throw tooManyParameters();
    if (!into.has(name)) into.set(name, equals < 0 ? '' : decoded(piece.slice(equals + 1)));
  }
}

const PLAIN = /^[A-Za-z0-9\-._~:,@!]*$/;

function decoded(text: string): string {
  if (PLAIN.test(text)) return text;
  try {
    return decodeURIComponent(fromBytes(text.replaceAll('+', ' ')));
  } catch {
    throw illegalAnywhere();
  }
}

/** Bytes past ASCII that came unencoded are UTF-8. */
function fromBytes(text: string): string {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 127) return Buffer.from(text, 'latin1').toString('utf8');
  return text;
}

/** Percent-decodes a signature, in which a plus is a plus; undefined when it cannot be decoded. */
export function decodedSignature(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
