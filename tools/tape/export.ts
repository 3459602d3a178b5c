import { basename } from 'node:path';
import { csvLine, exportColumns, KINDS_BY_NAME, RowMaker, TapeClock, TapeReader } from '../../data/tape/index.js';
import { allocateBatch, BLOCK_RECORDS, KIND_MASK, SYMBOL_SHIFT, TAG, WORDS_F, WORDS_I, type Kind } from '../../data/records/index.js';
import { CliError } from '../cli/errors.js';
import { breathe, onInterrupt } from '../cli/interrupt.js';
import { printNote } from '../cli/output.js';
import { progress } from '../cli/progress.js';
import { fileSink, stdoutSink, type TextSink } from '../cli/text-sink.js';
import { parseTimeUs } from '../replay/time.js';

export interface ExportOptions {
  readonly format: string;
  readonly from?: string;
  readonly to?: string;
  readonly kinds?: string;
  readonly symbol?: string;
  readonly out?: string;
  readonly overwrite?: boolean;
  readonly partial?: boolean;
}

function chosenKinds(text: string | undefined): ReadonlySet<Kind> {
  const known = [...KINDS_BY_NAME.keys()].join(', ');
  if (text === undefined) return new Set(KINDS_BY_NAME.values());
  return new Set(text.split(',').map((name) => {
    const kind = KINDS_BY_NAME.get(name.trim());
    if (kind === undefined) throw new CliError('usage', `--kinds '${name}' is not a kind of record`, `the kinds are: ${known}`);
    return kind;
  }));
}

function chosenSymbols(reader: TapeReader, text: string | undefined): Uint8Array {
  const chosen = new Uint8Array(reader.header.instruments.length).fill(text === undefined ? 1 : 0);
  for (const name of text?.split(',') ?? []) {
    const wanted = name.trim().toUpperCase();
    const found = reader.header.instruments.filter(({ symbol }) => symbol.toUpperCase() === wanted);
    if (found.length === 0) {
      const there = reader.header.instruments.slice(0, 20).map(({ symbol }) => symbol).join(', ');
      throw new CliError('badInput', `${reader.path}: has no symbol ${name}`, `it has: ${there}`);
    }
    for (const { index } of found) chosen[index] = 1;
  }
  return chosen;
}

/** `faultline tape export`: the chosen records as CSV or JSON lines, on standard output or in a file. */
export async function exportTape(path: string, options: ExportOptions): Promise<void> {
  if (options.format !== 'csv' && options.format !== 'jsonl') {
    throw new CliError('usage', `--format '${options.format}' is not known`, 'use --format csv or --format jsonl');
  }
  const csv = options.format === 'csv';
  const kinds = chosenKinds(options.kinds);
  const reader = TapeReader.open(path, { partial: options.partial === true || path.endsWith('.partial') });
  let sink: TextSink | undefined;
  let release = (): void => {};
  try {
    const symbols = chosenSymbols(reader, options.symbol);
    const startUs = reader.blocks()[0]?.firstUs ?? 0;
    const fromUs = options.from === undefined ? 0 : parseTimeUs(options.from, '--from', startUs);
    const toUs = options.to === undefined ? Infinity : parseTimeUs(options.to, '--to', startUs);
    if (fromUs > toUs) throw new CliError('usage', '--from is later than --to', 'exchange the two');
    sink = options.out === undefined ? stdoutSink : fileSink(options.out, options.overwrite ?? false);
    release = onInterrupt(sink.discard);
    const { rows, records } = await write(reader, sink, { csv, kinds, symbols, fromUs, toUs });
    sink.end();
    sink = undefined;
    if (options.out !== undefined) printNote(`${options.out}: ${rows.toLocaleString('en-US')} of ${records.toLocaleString('en-US')} records`);
  } finally {
    release();
    sink?.discard();
    reader.close();
  }
}

interface Selection {
  readonly csv: boolean;
  readonly kinds: ReadonlySet<Kind>;
  readonly symbols: Uint8Array;
  /** The first clock that counts, µs. */
  readonly fromUs: number;
  /** The first clock that no longer counts, µs. */
  readonly toUs: number;
}

async function write(reader: TapeReader, sink: TextSink, { csv, kinds, symbols, fromUs, toUs }: Selection): Promise<{ rows: number; records: number }> {
  const columns = exportColumns(kinds);
  const maker = new RowMaker(reader.header.instruments);
  const wanted: readonly number[] = [...kinds];
  const batch = allocateBatch(BLOCK_RECORDS);
  const clock = new TapeClock();
  const bar = progress(`exporting ${basename(reader.path)}`, reader.records);
  if (csv) await sink.write(`${csvLine(columns)}\n`);
  if (fromUs > 0) reader.seekUs(fromUs);
  let rows = 0;
  reading: for (let count = reader.next(batch); count > 0; count = reader.next(batch)) {
    const lines: string[] = [];
    for (let record = 0; record < count; record += 1) {
      clock.observe(batch.F, record * WORDS_F);
      if (clock.nowUs >= toUs) {
        await sink.write(lines.join(''));
        break reading;
      }
      const tag = batch.I[record * WORDS_I + TAG];
      if (symbols[tag >>> SYMBOL_SHIFT] === 0 || !wanted.includes(tag & KIND_MASK)) continue;
      const row = maker.row(batch, record);
      lines.push(csv ? `${csvLine(columns.map((column) => row[column]))}\n` : `${JSON.stringify(row)}\n`);
      rows += 1;
    }
    if (lines.length > 0) await sink.write(lines.join(''));
    bar.update(batch.F[(count - 1) * WORDS_F]);
    await breathe();
  }
  bar.done();
  return { rows, records: reader.records };
}
