import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Writable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { importTape, type ImportOptions, type ImportReport } from '../../../data/import/index.js';
import {
  AUX, CLOSE, EXCH_US, EXTRA, Flag, ID, Kind, KIND_MASK, KIND_NAMES, LOW, PRICE, PRICE2, QTY, RECV_US, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I, type RecordBatch,
} from '../../../data/records/index.js';
import { TapeReader, TapeWriter, type TapeHeader } from '../../../data/tape/index.js';

/** A record as a test reads it. */
export interface Row {
  readonly kind: string;
  readonly symbol: number;
  readonly sell: boolean;
  readonly first: boolean;
  readonly last: boolean;
  readonly empty: boolean;
  readonly receivedUs: number;
  readonly exchangeUs: number;
  readonly id: number;
  readonly quantity: number;
  readonly aux: number;
  readonly price: number;
  readonly price2: number;
  readonly low: number;
  readonly close: number;
  readonly extra: number;
}

export function rowOf({ F, I }: RecordBatch, record: number): Row {
  const f = record * WORDS_F;
  const i = record * WORDS_I;
  const tag = I[i + TAG]!;
  const kind = tag & KIND_MASK;
  return {
    kind: KIND_NAMES[kind]!,
    symbol: tag >>> SYMBOL_SHIFT,
    sell: (tag & Flag.SELL) !== 0,
    first: (tag & Flag.FIRST) !== 0,
    last: (tag & Flag.LAST) !== 0,
    empty: (tag & Flag.EMPTY) !== 0,
    receivedUs: F[f + RECV_US]!,
    exchangeUs: F[f + EXCH_US]!,
    id: F[f + ID]!,
    quantity: F[f + QTY]!,
    aux: kind === Kind.CANDLE ? 0 : F[f + AUX]!,
    price: I[i + PRICE]!,
    price2: I[i + PRICE2]!,
    low: I[i + LOW]!,
    close: I[i + CLOSE]!,
    extra: I[i + EXTRA]!,
  };
}

export interface Imported {
  readonly report: ImportReport;
  readonly header: TapeHeader;
  readonly rows: readonly Row[];
}

/** Imports into memory. */
export async function imported(options: Partial<ImportOptions> & Pick<ImportOptions, 'inputs'>): Promise<Imported> {
  const rows: Row[] = [];
  let header: TapeHeader | undefined;
  const report = await importTape({ format: 'auto', ...options }, (opened) => {
    header = opened;
    return {
      append(batch, from, to) {
        for (let record = from; record < to; record += 1) rows.push(rowOf(batch, record));
      },
    };
  });
  return { report, header: header!, rows };
}

/** Imports to a real tape and hands every record of it to `visit`, without keeping them. */
export async function importedTape(options: Partial<ImportOptions> & Pick<ImportOptions, 'inputs'>, visit: (batch: RecordBatch, record: number) => void): Promise<{ report: ImportReport; header: TapeHeader }> {
  const folder = mkdtempSync(join(tmpdir(), 'faultline-import-'));
  try {
    const path = join(folder, 'made.tape');
    let writer: TapeWriter | undefined;
    const report = await importTape({ format: 'auto', ...options }, (header) => (writer = TapeWriter.create(path, header)));
    writer!.close();
    const reader = TapeReader.open(path);
    const { header } = reader;
    const { allocateBatch, BLOCK_RECORDS } = await import('../../../data/records/index.js');
    const batch = allocateBatch(BLOCK_RECORDS);
    for (let count = reader.next(batch); count > 0; count = reader.next(batch)) {
      for (let record = 0; record < count; record += 1) visit(batch, record);
    }
    reader.close();
    return { report, header };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A folder that is removed after the test, with files in it. */
export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'faultline-import-'));

  file(name: string, contents: string | Uint8Array): string {
    const path = join(this.path, name);
    writeFileSync(path, contents);
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** The plain bytes of a .gz or plain file. */
export async function plainBytes(path: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const collect = new Writable({ write(chunk: Buffer, _encoding, done) { chunks.push(chunk); done(); } });
  if (basename(path).endsWith('.gz')) await pipeline(createReadStream(path), createGunzip(), collect);
  else await pipeline(createReadStream(path), collect);
  return Buffer.concat(chunks);
}

/** A zip with one stored (not deflated) file, built by hand so that tests can damage any byte of it. */
export function storedZip(name: string, contents: Buffer, crc: number): Buffer {
  const nameBytes = Buffer.from(name);
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(20, 4);
  local.writeUInt32LE(crc, 14);
  local.writeUInt32LE(contents.length, 18);
  local.writeUInt32LE(contents.length, 22);
  local.writeUInt16LE(nameBytes.length, 26);
  const central = Buffer.alloc(46);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE(20, 4);
  central.writeUInt16LE(20, 6);
  central.writeUInt32LE(crc, 16);
  central.writeUInt32LE(contents.length, 20);
  central.writeUInt32LE(contents.length, 24);
  central.writeUInt16LE(nameBytes.length, 28);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(46 + nameBytes.length, 12);
  end.writeUInt32LE(30 + nameBytes.length + contents.length, 16);
  return Buffer.concat([local, nameBytes, contents, central, nameBytes, end]);
}
