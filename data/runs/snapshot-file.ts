import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { RunError, runReadFailure } from './error.js';
import { writeWhole } from './manifest.js';

/** magic (8), version (u32), length of the content (u32), its CRC-32 (u32), little-endian; then the content. */
const MAGIC = Buffer.from([0x89, 0x46, 0x4c, 0x53, 0x4e, 0x50, 0x4c, 0x0a]);
const HEAD_BYTES = 20;
const VERSION = 1;

/** Writes the snapshot that a tape begins with, so that it is there whole or not at all. @throws RunError. */
export function writeSnapshotFile(path: string, content: Uint8Array): void {
  const head = Buffer.alloc(HEAD_BYTES);
  MAGIC.copy(head);
  head.writeUInt32LE(VERSION, 8);
  head.writeUInt32LE(content.length, 12);
  head.writeUInt32LE(crc32(content), 16);
  writeWhole(path, Buffer.concat([head, content]));
}

/** @throws RunError `missing`, `unreadable`, `notARun`, `version` or `corrupt`. */
export function readSnapshotFile(path: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw runReadFailure(path, error);
  }
  if (bytes.length < HEAD_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw new RunError('notARun', `${path}: is no snapshot of a run`);
  if (bytes.readUInt32LE(8) !== VERSION) throw new RunError('version', `${path}: was written by another Faultline (format ${bytes.readUInt32LE(8)})`, 'replay the run with that one, or from its beginning');
  const content = bytes.subarray(HEAD_BYTES);
  if (content.length !== bytes.readUInt32LE(12) || crc32(content) !== bytes.readUInt32LE(16)) throw new RunError('corrupt', `${path}: is damaged`, 'begin at another tape');
  return content;
}
