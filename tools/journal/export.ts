import { decodeChunk } from '../../runtime/journal/chunk.js';
import { decodeSnapshot } from '../../runtime/journal/codec.js';
import { plainCopy } from '../../runtime/observe/inspect.js';
import { CliError } from '../cli/errors.js';
import { breathe, onInterrupt } from '../cli/interrupt.js';
import { progress } from '../cli/progress.js';
import { fileSink, stdoutSink, type TextSink } from '../cli/text-sink.js';
import { concerns } from './inspect.js';
import { notePosition } from './shield.js';
import type { JournalView } from './view.js';

export interface ExportOptions {
  readonly path?: string;
  readonly from?: number;
  readonly limit?: number;
  readonly out?: string;
  readonly overwrite: boolean;
}

/** Version of the lines' schema (docs/journal.md). */
export const EXPORT_SCHEMA = 1;
const WHOLE = { depth: 200, entries: Number.MAX_SAFE_INTEGER, values: Number.MAX_SAFE_INTEGER, textLength: Number.MAX_SAFE_INTEGER };

/**
 * Writes snapshots and entries as JSON lines: a `journal` line, one `snapshot` line an actor, one line an entry, and an `end`
 * line, without which an export is not whole. Returns how many entries were written.
 */
export async function exportJournal(view: JournalView, options: ExportOptions): Promise<number> {
  const sink = options.out === undefined ? stdoutSink : fileSink(options.out, options.overwrite);
  const keep = onInterrupt(sink.discard);
  let ended = false;
  try {
    const entries = await writeLines(view, sink, options);
    sink.end();
    ended = true;
    return entries;
  } finally {
    keep();
    if (!ended) sink.discard();
  }
}

async function writeLines(view: JournalView, sink: TextSink, { path, from = 0, limit = Infinity }: ExportOptions): Promise<number> {
  const first = Math.max(from, view.firstPosition);
  await sink.write(line({ kind: 'journal', schema: EXPORT_SCHEMA, format: view.meta.format, createdUs: view.meta.createdUs, first: view.firstPosition, next: view.state.next }));
  for (const { actor, bytes } of view.snapshots()) {
    const owner = view.actors.get(actor) ?? `actor ${actor}`;
    if (path !== undefined && owner !== path) continue;
    const decoded = decodeSnapshot(bytes);
    if (!decoded.ok) throw damagedAt(view, `the snapshot of ${owner}`, decoded.problem.message);
    const { format: _format, ...snapshot } = decoded.snapshot;
    await sink.write(line({ kind: 'state', position: decoded.position, ...snapshot }));
  }
  let written = 0;
  const bar = progress('exporting the journal', view.state.next - first);
  reading: for (const chunk of view.chunks(first)) {
    const { entries, damage } = decodeChunk(chunk.first, chunk.bytes, view);
    let text = '';
    for (const positioned of entries) {
      if (positioned.position < from || !concerns(positioned, path)) continue;
      if (written >= limit) break;
      written += 1;
      const { kind, ...entry } = positioned.entry;
      text += line({ kind, position: positioned.position, ...entry });
    }
    if (text !== '') await sink.write(text);
    if (written >= limit) break reading;
    if (damage !== null) throw damagedAt(view, `entry ${damage.position}`, damage.problem.message);
    notePosition(`entry ${chunk.first}`);
    bar.update(chunk.first - first);
    await breathe();
  }
  bar.done();
  await sink.write(line({ kind: 'end', entries: written }));
  return written;
}

const line = (value: object): string => `${JSON.stringify(plainCopy(value, WHOLE))}\n`;

function damagedAt(view: JournalView, where: string, problem: string): CliError {
  return new CliError('badInput', `${view.folder}: ${where} is damaged: ${problem}`, `see how much is good: faultline journal verify ${view.folder}`);
}
