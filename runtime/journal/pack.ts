import { Packr } from 'msgpackr';
import { JournalFailure } from './failure.js';

/**
 * Values as MessagePack with extensions: everything structured cloning keeps (BigInt, Map, Set, Date, typed arrays, undefined, errors),
 * except that -0 becomes 0 and instances of classes become plain objects.
 */
const packr = new Packr({ moreTypes: true, useBigIntExtension: true });
// Left to itself the packer writes a function as undefined.
(packr as unknown as { writeFunction: () => never }).writeFunction = () => {
  throw new TypeError('a function cannot be written down');
};

/** @param what for the error: whose value it is */
export function pack(value: unknown, what: () => string): Uint8Array {
  try {
    return packr.pack(value);
  } catch (thrown) {
    const why = thrown instanceof RangeError ? 'it is circular or too deep' : thrown instanceof Error ? thrown.message : String(thrown);
    throw new JournalFailure('value', `${what()} cannot be written to the journal: ${why}`, thrown);
  }
}

/** Throws whatever the decoder throws on bytes that are not a packed value. */
export function unpack(bytes: Uint8Array): unknown {
  return packr.unpack(bytes);
}
