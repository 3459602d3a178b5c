import { allocateBatch, BLOCK_RECORDS, type RecordBatch } from '../../data/records/index.js';
import { RunError, type RunInput, type RunReader } from '../../data/runs/index.js';
import { RowMaker, TapeReader, type ExportRow } from '../../data/tape/index.js';
import { instanceNames } from '../../supervisors/instance-names.js';
import { parseFault, type Fault } from '../replay/fault-spec.js';
import { FaultedSource } from '../replay/faulted-source.js';
import { isoUs } from '../replay/time.js';

/** What had been heard by a decision, as far as the run's folder says; which of it made the decision, or whether a timer did, only a replay knows (tools/time). */
export interface CauseOfDecision {
  /** The record whose number the decision carries: the last that the deciding actor had heard of. */
  readonly record: ExportRow | null;
  /** The last input by then, and when. */
  readonly input: (RunInput & { readonly atUs: number }) | null;
  /** Both in a line each. */
  readonly text: string;
}

const NOTHING: CauseOfDecision = { record: null, input: null, text: 'the folder does not say' };

/** What had been heard by the decision that carries record `seq` and was made at `atUs`. What is missing or damaged is not told. */
export function causeOf(run: RunReader | null, { seq, atUs }: { readonly seq: number; readonly atUs: number }): CauseOfDecision {
  if (run === null) return NOTHING;
  try {
    return withText(run.manifest.kind === 'engine' ? stretchOf(run, seq, atUs) : { record: fromTape(run, seq), input: null });
  } catch (error) {
    if (error instanceof RunError) return { ...NOTHING, text: error.message };
    throw error;
  }
}

/** A record and an input, and both in a line each. */
function withText({ record, input }: Pick<CauseOfDecision, 'record' | 'input'>): CauseOfDecision {
  return { record, input, text: [...record === null ? [] : [recordText(record)], ...input === null ? [] : [inputText(input)]].join('\n') || NOTHING.text };
}

/** Record `seq` of a run, and the last of its inputs by `atUs`. @throws RunError. */
function stretchOf(run: RunReader, seq: number, atUs: number): Pick<CauseOfDecision, 'record' | 'input'> {
  const rows = new RowMaker(run.tapeHeader().instruments);
  const feed = run.feed(run.startable()[0] ?? 0);
  try {
    let { records } = feed.position;
    let record: ExportRow | null = null;
    let input: CauseOfDecision['input'] = null;
    for (let step = feed.next(); step !== undefined; step = feed.next()) {
      if (step.kind === 'records') {
        const count = step.to - step.from;
        if (seq >= records && seq < records + count) record = { ...rows.row(step.batch, step.from + seq - records), seq };
        records += count;
        continue;
      }
      // One that came at the same moment after the record may be what it was.
      if (step.clockUs > atUs) break;
      if (step.kind === 'input') input = { ...step.input, atUs: step.clockUs };
    }
    return { record, input };
  } finally {
    feed.close();
  }
}

function fromTape(run: RunReader, seq: number): ExportRow | null {
  const [tape] = run.manifest.tapes;
  return tape === undefined ? null : recordOf(run.tapePath(tape.file), (run.manifest.replay?.faults ?? []).map(parseFault), seq);
}

/** Record `seq` of a tape as a replay with these faults numbers them; null where there is none. */
export function recordOf(path: string, faults: readonly Fault[], seq: number): ExportRow | null {
  if (seq < 0) return null;
  let reader: TapeReader;
  try {
    reader = TapeReader.open(path, { partial: true });
  } catch {
    return null;
  }
  try {
    const { instruments } = reader.header;
    // Without faults the tape's own numbers are those of the replay.
    if (faults.length === 0) reader.seekRecord(seq);
    const source = faults.length === 0 ? blocksOf(reader) : new FaultedSource(reader, faults, instanceNames(instruments));
    const one: RecordBatch = allocateBatch(1);
    for (let chunk = source.next(); chunk !== undefined; chunk = source.next()) {
      const { F, I, length } = chunk.batch;
      for (let at = 0; at < length; at += 1) {
        if (F[at * 8] !== seq) continue;
        one.F.set(F.subarray(at * 8, at * 8 + 8));
        one.I.set(I.subarray(at * 16, at * 16 + 16));
        return new RowMaker(instruments).row(one, 0);
      }
      if (faults.length === 0) return null;
    }
    return null;
  } finally {
    reader.close();
  }
}

function blocksOf(reader: TapeReader): { next(): { readonly batch: RecordBatch } | undefined } {
  const batch = allocateBatch(BLOCK_RECORDS);
  return { next: () => (reader.next(batch) === 0 ? undefined : { batch }) };
}

const COMMON = new Set(['seq', 'kind', 'venue', 'symbol', 'receiveUs', 'exchangeUs']);
const MOST_CHARACTERS = 300;

export function recordText(row: ExportRow): string {
  const stamp = row['receiveUs'] ?? row['exchangeUs'];
  const own = Object.entries(row).filter(([key, value]) => !COMMON.has(key) && value !== null && value !== false);
  return [`record ${String(row['seq'])}`, typeof stamp === 'number' ? isoUs(stamp) : '', String(row['symbol']), String(row['kind']), ...own.map(([key, value]) => `${key}=${String(value)}`)].filter((word) => word !== '').join(' ');
}

export function inputText({ to, message: { type, ...rest }, atUs }: NonNullable<CauseOfDecision['input']>): string {
  const body = JSON.stringify(rest);
  return `input ${isoUs(atUs)} ${type} to ${to} ${body.length > MOST_CHARACTERS ? `${body.slice(0, MOST_CHARACTERS)}…` : body}`;
}
