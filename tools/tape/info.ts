import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { CODEC_NAMES, surveyTape, TapeReader, type TapeHeader, type TapeSurvey } from '../../data/tape/index.js';
import { colours, printJson, printLine, table } from '../cli/output.js';
import { humanSeconds, isoUs } from '../replay/time.js';
import { runSteps } from './steps.js';

/** What `faultline tape info --json` prints. */
export interface TapeInfo extends Omit<TapeSurvey, 'firstUs' | 'lastUs'> {
  readonly file: string;
  readonly bytes: number;
  /** Whether the tape has its end mark. */
  readonly complete: boolean;
  readonly header: TapeHeader;
  readonly blocks: number;
  /** Blocks by the way they are stored. */
  readonly codecs: Readonly<Record<string, number>>;
  readonly bytesPerRecord: number | null;
  /** Clock of the tape at its first and last record; null where no record has a stamp. */
  readonly span: { readonly firstUs: number; readonly lastUs: number; readonly first: string; readonly last: string; readonly seconds: number } | null;
}

/** Reads the whole tape. An unfinished one is read only when asked, or when its name says that it is. */
export async function tapeInfo(path: string, partial: boolean): Promise<TapeInfo> {
  const reader = TapeReader.open(path, { partial: partial || path.endsWith('.partial') });
  try {
    const { bytes } = { bytes: statSync(path).size };
    const { firstUs, lastUs, ...survey } = await runSteps(`reading ${basename(path)}`, reader.records, surveyTape(reader));
    const codecs: Record<string, number> = {};
    for (const block of reader.blocks()) codecs[CODEC_NAMES[block.codec]] = (codecs[CODEC_NAMES[block.codec]] ?? 0) + 1;
    return {
      file: path,
      bytes,
      complete: reader.ended,
      header: reader.header,
      blocks: reader.blocks().length,
      codecs,
      bytesPerRecord: survey.records === 0 ? null : Math.round((bytes / survey.records) * 1000) / 1000,
      span: lastUs === 0 ? null : { firstUs, lastUs, first: isoUs(firstUs), last: isoUs(lastUs), seconds: (lastUs - firstUs) / 1e6 },
      ...survey,
    };
  } finally {
    reader.close();
  }
}

export interface InfoOptions {
  readonly json?: boolean;
  readonly partial?: boolean;
}

export async function printInfo(path: string, options: InfoOptions): Promise<void> {
  const info = await tapeInfo(path, options.partial ?? false);
  if (options.json === true) {
    printJson(info);
    return;
  }
  const { bold, dim, yellow } = colours();
  const count = (value: number): string => value.toLocaleString('en-US');
  printLine(`${bold(info.file)}${info.complete ? '' : yellow('  unfinished: no end mark')}`);
  printLine(`${count(info.records)} records, ${count(info.bytes)} bytes, ${info.bytesPerRecord ?? 0} bytes a record, ${count(info.blocks)} blocks (${
    Object.entries(info.codecs).map(([codec, blocks]) => `${count(blocks)} ${codec}`).join(', ') || 'empty'})`);
  if (info.span !== null) printLine(`${info.span.first} to ${info.span.last} (${humanSeconds(info.span.seconds)}), ${count(info.backwardStamps)} stamps went backwards`);
  printLine(`clocks: receive ${info.header.clocks.receive}, exchange ${info.header.clocks.exchange}`);
  for (const source of info.header.origin) printLine(dim(`from ${source.file} (${source.format}${source.sha256 === '' ? '' : `, sha256 ${source.sha256.slice(0, 12)}…`})`));
  printLine(dim(`digest ${info.digest}`));
  printLine();
  printLine(table(
    ['instrument', 'venue', 'product', 'tick', 'lot', 'multiplier', 'settles', 'inferred'],
    info.header.instruments.map((it) => [it.symbol, it.venue, it.product, it.tickSize, it.lotSize, it.multiplier, it.settle || '?', it.inferred.join(' ') || '-']),
    { align: 'lllrrrll' },
  ));
  printLine();
  printLine(table(
    ['instrument', 'kind', 'records', 'first', 'last'],
    info.counts.map((it) => [it.symbol, it.kind, count(it.records), it.firstUs === 0 ? '-' : isoUs(it.firstUs), it.lastUs === 0 ? '-' : isoUs(it.lastUs)]),
    { align: 'llrll' },
  ));
}
