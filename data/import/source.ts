import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Transform } from 'node:stream';
import { crc32, createGunzip } from 'node:zlib';
import yauzl from 'yauzl';
import { DamagedInput, ImportError } from './import-error.js';

/** One stream of plain bytes: a file, the inside of a .gz, or one file of a .zip. */
export interface SourcePart {
  /** As errors name it: the path, and the entry of a zip after a colon. */
  readonly label: string;
  /** The name that may tell a symbol: of the zip's entry, else of the file without its .gz. */
  readonly name: string;
  /** Plain bytes, once. Ends with an ImportError `badInput` where the packing is damaged. */
  chunks(): AsyncIterable<Buffer>;
}

/** A file to import from, opened once per pass. */
export interface SourceFile {
  readonly path: string;
  readonly bytes: number;
  parts(): AsyncIterable<SourcePart>;
}

export interface ReadProgress {
  /** Packed bytes read so far. */
  bytes: number;
  hash?: Hash;
}

const GZIP_MAGIC = 0x1f8b;
const ZIP_MAGIC = 0x504b;

/** Says what `error` of the file system means for the input `path`. */
function cannotRead(path: string, error: unknown): ImportError {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const reason = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'is a folder' : code === 'EACCES' ? 'no permission to read it' : String((error as Error).message);
  return new ImportError('cannotRead', `${path}: ${reason}`, 'check the path; inputs are files');
}

/**
 * Looks at the first bytes of `path` and returns how to read it: plain, gzip or zip, whatever the name says.
 * `progress` counts the packed bytes as they are read, and hashes them when it has a hash.
 * @throws ImportError cannotRead.
 */
export async function openSource(path: string, progress: ReadProgress): Promise<SourceFile> {
  let magic = 0;
  let bytes = 0;
  try {
    const info = await stat(path);
    if (info.isDirectory()) throw new ImportError('cannotRead', `${path}: is a folder`, 'name the files in it');
    bytes = info.size;
    const handle = await open(path, 'r');
    try {
      const head = Buffer.alloc(2);
      const { bytesRead } = await handle.read(head, 0, 2, 0);
      magic = bytesRead === 2 ? head.readUInt16BE(0) : 0;
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw error instanceof ImportError ? error : cannotRead(path, error);
  }
  if (bytes === 0) throw new ImportError('badInput', `${path}: is empty`);
  const name = basename(path);
  if (magic === ZIP_MAGIC) return { path, bytes, parts: () => zipParts(path, progress) };
  const gzip = magic === GZIP_MAGIC;
  const part: SourcePart = {
    label: path,
    name: gzip ? name.replace(/\.gz$/i, '') : name,
    chunks: () => (gzip ? gunzipped(path, progress) : counted(path, progress)),
  };
  return { path, bytes, async *parts() { yield part; } };
}

async function* counted(path: string, progress: ReadProgress): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 })) {
      const buffer = chunk as Buffer;
      progress.bytes += buffer.length;
      progress.hash?.update(buffer);
      yield buffer;
    }
  } catch (error) {
    throw cannotRead(path, error);
  }
}

async function* gunzipped(path: string, progress: ReadProgress): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: 64 * 1024 });
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      progress.bytes += chunk.length;
      progress.hash?.update(chunk);
      done(null, chunk);
    },
  });
  const gunzip = createGunzip({ chunkSize: 256 * 1024 });
  let readError: unknown;
  file.on('error', (error) => {
    readError = error;
    gunzip.destroy(error);
  });
  file.pipe(meter).pipe(gunzip);
  try {
    for await (const chunk of gunzip) yield chunk as Buffer;
  } catch (error) {
    if (readError !== undefined) throw cannotRead(path, readError);
    throw damaged(path, error);
  } finally {
    file.destroy();
    meter.destroy();
    gunzip.destroy();
  }
}

function damaged(label: string, error: unknown): ImportError {
  if (error instanceof ImportError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const cut = text.includes('unexpected end');
  return new DamagedInput(label, cut ? 'is cut short (its compressed data ends too early)' : `is damaged (${text})`);
}

async function hashWhole(path: string, hash: Hash): Promise<void> {
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
}

async function* zipParts(path: string, progress: ReadProgress): AsyncGenerator<SourcePart> {
  if (progress.hash !== undefined) await hashWhole(path, progress.hash);
  let zip: yauzl.ZipFile;
  try {
    zip = await new Promise<yauzl.ZipFile>((resolve, reject) => {
      yauzl.open(path, { lazyEntries: true, autoClose: false }, (error, opened) => (error === null ? resolve(opened) : reject(error)));
    });
  } catch (error) {
    throw damaged(path, error);
  }
  try {
    let files = 0;
    for (;;) {
      let entry: yauzl.Entry | undefined;
      try {
        entry = await nextEntry(zip);
      } catch (error) {
        throw damaged(path, error);
      }
      if (entry === undefined) break;
      if (entry.fileName.endsWith('/') || entry.fileName.startsWith('__MACOSX/')) continue;
      files += 1;
      const found = entry;
      const label = `${path}:${found.fileName}`;
      yield { label, name: basename(found.fileName), chunks: () => zipEntry(zip, found, label, progress) };
    }
    if (files === 0) throw new ImportError('badInput', `${path}: the zip holds no file`);
  } finally {
    zip.close();
  }
}

function nextEntry(zip: yauzl.ZipFile): Promise<yauzl.Entry | undefined> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      zip.removeListener('entry', onEntry);
      zip.removeListener('end', onEnd);
      zip.removeListener('error', onError);
    };
    const onEntry = (entry: yauzl.Entry): void => { settle(); resolve(entry); };
    const onEnd = (): void => { settle(); resolve(undefined); };
    const onError = (error: Error): void => { settle(); reject(error); };
    zip.on('entry', onEntry);
    zip.on('end', onEnd);
    zip.on('error', onError);
    zip.readEntry();
  });
}

async function* zipEntry(zip: yauzl.ZipFile, entry: yauzl.Entry, label: string, progress: ReadProgress): AsyncGenerator<Buffer> {
  const before = progress.bytes;
  let plain = 0;
  // yauzl checks the length only.
  let crc = 0;
  try {
    const stream = await new Promise<NodeJS.ReadableStream>((resolve, reject) => {
      zip.openReadStream(entry, (error, opened) => (error === null ? resolve(opened) : reject(error)));
    });
    for await (const chunk of stream) {
      const buffer = chunk as Buffer;
      plain += buffer.length;
      crc = crc32(buffer, crc);
      progress.bytes = before + entry.compressedSize * Math.min(1, plain / Math.max(1, entry.uncompressedSize));
      yield buffer;
    }
    if (crc !== entry.crc32) throw new DamagedInput(label, 'is damaged (the checksum of its contents does not match)');
  } catch (error) {
    throw damaged(label, error);
  }
}

/** A fresh SHA-256, for {@link ReadProgress.hash}. */
export function sha256(): Hash {
  return createHash('sha256');
}
