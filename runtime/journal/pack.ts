import { Packr, RESERVE_START_SPACE } from 'msgpackr';
import { JournalFailure } from './failure.js';

/**
 * Values as MessagePack with extensions: everything structured cloning keeps (BigInt, Map, Set, Date, typed arrays, undefined, errors),
 * except that -0 becomes 0 and instances of classes become plain objects.
 */
const packr = new Packr({ moreTypes: true, useBigIntExtension: true });
/**
 * Twice as fast: writes objects as MessagePack maps, as everybody does, instead of with their keys declared first. A Map cannot be told
 * from an object then, so it gives up at the first one.
 */
const plain = new Packr({ moreTypes: true, useBigIntExtension: true, useRecords: false, variableMapSize: true });
const HAS_MAP = new Error('there is a Map in it');
Object.defineProperty(plain, 'mapAsEmptyObject', {
  get: () => {
    throw HAS_MAP;
  },
});
// Left to itself the packer writes a function as undefined.
for (const one of [packr, plain]) {
  (one as unknown as { writeFunction: () => never }).writeFunction = () => {
    throw new TypeError('a function cannot be written down');
  };
}

/** The packer leaves at most so many bytes free in front of a value. */
export const MOST_RESERVED = 255;
// Its types know one argument only.
const packer = packr as unknown as { pack(value: unknown, options: number): Buffer };

/**
 * The value packed, behind `reserved` bytes that are the caller's to fill. The buffer is used for nothing else.
 *
 * @throws what the packer throws, see `notWritable`
 */
export function pack(value: unknown, reserved: number): Buffer {
  return packer.pack(value, RESERVE_START_SPACE + reserved);
}

/** The same as plain MessagePack maps, for `unpackPlain`; null when there is a Map in the value. */
export function packPlain(value: unknown, reserved: number): Buffer | null {
  try {
    return (plain as unknown as typeof packer).pack(value, RESERVE_START_SPACE + reserved);
  } catch (thrown) {
    if (thrown === HAS_MAP) return null;
    throw thrown;
  }
}

/** @param what whose value it is */
export function notWritable(what: string, thrown: unknown): JournalFailure {
  const why = thrown instanceof RangeError ? 'it is circular or too deep' : thrown instanceof Error ? thrown.message : String(thrown);
  return new JournalFailure('value', `${what} cannot be written to the journal: ${why}`, thrown);
}

/** Throws whatever the decoder throws on bytes that are not a packed value. */
export function unpack(bytes: Uint8Array): unknown {
  return packr.unpack(bytes);
}

/** As `unpack`, for what `packPlain` wrote. */
export function unpackPlain(bytes: Uint8Array): unknown {
  return plain.unpack(bytes);
}
