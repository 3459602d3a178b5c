import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { LAYOUT_VERSION, MAX_SYMBOLS, RECORD_BYTES, type Instrument } from '../records/index.js';
import { DecimalGrid } from '../instruments/decimal.js';
import { TapeError } from './error.js';
import { CONTAINER_VERSION, MAX_HEADER_BYTES, PREAMBLE_BYTES, TAPE_MAGIC } from './format.js';

/** A file (or generator) that records of a tape came from. */
export interface TapeOrigin {
  /** Name of the source file without its folder, or what made the records. */
  readonly file: string;
  /** SHA-256 of the source file in hexadecimal; "" where there was no file. */
  readonly sha256: string;
  readonly bytes: number;
  /** Importer or program that read it, e.g. `binance-agg-trades`. */
  readonly format: string;
}

/** What a tape says of itself, before its first record. */
export interface TapeHeader {
  readonly layoutVersion: number;
  /** In the order of their index. */
  readonly instruments: readonly Instrument[];
  /** Whose clock made each stamp, e.g. receive: "recorder", exchange: "venue"; "none" where there is no such stamp. */
  readonly clocks: { readonly receive: string; readonly exchange: string };
  readonly origin: readonly TapeOrigin[];
}

const size = z.string().refine((text) => {
  try {
    new DecimalGrid(text);
    return true;
  } catch {
    return false;
  }
}, 'not a positive decimal number');

const instrumentSchema = z.strictObject({
  index: z.int().min(0).max(MAX_SYMBOLS - 1),
  symbol: z.string().min(1).max(64),
  venue: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/).max(64),
  product: z.enum(['spot', 'linear', 'inverse', 'option', 'unknown']),
  tickSize: size,
  lotSize: size,
  multiplier: size,
  settle: z.string().max(32),
  inferred: z.array(z.enum(['tickSize', 'lotSize', 'multiplier', 'settle', 'product'])),
});

const headerSchema = z.strictObject({
  layoutVersion: z.literal(LAYOUT_VERSION),
  recordBytes: z.literal(RECORD_BYTES),
  instruments: z.array(instrumentSchema).max(MAX_SYMBOLS),
  clocks: z.strictObject({ receive: z.string().max(200), exchange: z.string().max(200) }),
  origin: z.array(z.strictObject({
    file: z.string().max(4096),
    sha256: z.string().regex(/^([0-9a-f]{64})?$/),
    bytes: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER),
    format: z.string().max(200),
  })).max(65_536),
}).superRefine((header, context) => {
  const seen = new Set<string>();
  header.instruments.forEach((instrument, index) => {
    if (instrument.index !== index) {
      context.addIssue({ code: 'custom', message: `is ${instrument.index}, must be ${index}`, path: ['instruments', index, 'index'] });
    }
    const key = `${instrument.venue} ${instrument.symbol}`;
    if (seen.has(key)) context.addIssue({ code: 'custom', message: `${key} is there twice`, path: ['instruments', index] });
    seen.add(key);
  });
});

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue === undefined ? 'invalid' : `${issue.path.map(String).join('.')}: ${issue.message}`;
}

/** A header on its way to or from the disk. `bytes` is everything before the first block; `crc` seeds the checksums of the blocks. */
export interface EncodedHeader {
  readonly bytes: Buffer;
  readonly crc: number;
}

/** @throws TapeError `header` when the header is not valid. */
export function encodeHeader(header: TapeHeader): EncodedHeader {
  // Fields in one order, whatever the caller's objects looked like: the same input makes the same bytes.
  const ordered = {
    layoutVersion: header.layoutVersion,
    recordBytes: RECORD_BYTES,
    instruments: header.instruments.map(({ index, symbol, venue, product, tickSize, lotSize, multiplier, settle, inferred }) => (
      { index, symbol, venue, product, tickSize, lotSize, multiplier, settle, inferred: [...inferred] })),
    clocks: { receive: header.clocks.receive, exchange: header.clocks.exchange },
    origin: header.origin.map(({ file, sha256, bytes, format }) => ({ file, sha256, bytes, format })),
  };
  const checked = headerSchema.safeParse(ordered);
  if (!checked.success) throw new TapeError('header', `not a valid tape header: ${firstIssue(checked.error)}`);
  const text = Buffer.from(JSON.stringify(ordered), 'utf8');
  const padded = Buffer.alloc(Math.ceil((PREAMBLE_BYTES + text.length) / 64) * 64 - PREAMBLE_BYTES, ' ');
  text.copy(padded);
  if (padded.length > MAX_HEADER_BYTES) throw new TapeError('header', `the tape header would be ${padded.length} bytes long`);
  const crc = crc32(padded);
  const preamble = Buffer.alloc(PREAMBLE_BYTES);
  TAPE_MAGIC.copy(preamble);
  preamble.writeUInt32LE(CONTAINER_VERSION, 8);
  preamble.writeUInt32LE(padded.length, 12);
  preamble.writeUInt32LE(crc, 16);
  preamble.writeUInt32LE(crc32(preamble.subarray(0, 28)), 28);
  return { bytes: Buffer.concat([preamble, padded]), crc };
}

/**
 * Checks the preamble and returns the length of the header text.
 * @throws TapeError `notATape`, `cut`, `version` or `corrupt`.
 */
export function decodePreamble(path: string, preamble: Buffer): { headerBytes: number; crc: number } {
  const compared = Math.min(preamble.length, TAPE_MAGIC.length);
  if (compared === 0) throw new TapeError('notATape', `${path}: is empty`);
  if (!preamble.subarray(0, compared).equals(TAPE_MAGIC.subarray(0, compared))) {
    throw new TapeError('notATape', `${path}: is not a Faultline tape`, 'make one with: faultline tape import');
  }
  if (preamble.length < PREAMBLE_BYTES) throw new TapeError('cut', `${path}: is cut within its header`);
  const version = preamble.readUInt32LE(8);
  const intact = preamble.readUInt32LE(28) === crc32(preamble.subarray(0, 28));
  if (!intact) throw new TapeError('corrupt', `${path}: the checksum of its first 32 bytes does not match`);
  if (version !== CONTAINER_VERSION) {
    throw new TapeError('version', `${path}: is a tape of container version ${version}, this program reads ${CONTAINER_VERSION}`, 'use a newer Faultline');
  }
  const headerBytes = preamble.readUInt32LE(12);
  if (headerBytes < 2 || headerBytes > MAX_HEADER_BYTES) throw new TapeError('corrupt', `${path}: claims a header of ${headerBytes} bytes`);
  return { headerBytes, crc: preamble.readUInt32LE(16) };
}

/** Decodes the header text. @throws TapeError `corrupt` or `version`. */
export function decodeHeader(path: string, text: Buffer, crc: number): TapeHeader {
  if (crc32(text) !== crc) throw new TapeError('corrupt', `${path}: the checksum of its header does not match`);
  let value: unknown;
  try {
    value = JSON.parse(text.toString('utf8'));
  } catch {
    throw new TapeError('corrupt', `${path}: its header is not JSON`);
  }
  if (typeof value === 'object' && value !== null && 'layoutVersion' in value && value.layoutVersion !== LAYOUT_VERSION) {
    throw new TapeError('version', `${path}: its records have layout version ${String(value.layoutVersion)}, this program reads ${LAYOUT_VERSION}`, 'use a newer Faultline');
  }
  const checked = headerSchema.safeParse(value);
  if (!checked.success) throw new TapeError('corrupt', `${path}: its header is not valid: ${firstIssue(checked.error)}`);
  const { layoutVersion, instruments, clocks, origin } = checked.data;
  return { layoutVersion, instruments, clocks, origin };
}
