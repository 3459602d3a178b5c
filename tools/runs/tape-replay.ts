import { existsSync } from 'node:fs';
import type { LoadedConfig } from '../../config/index.js';
import { RunError, type RunManifest, type RunReader } from '../../data/runs/index.js';
import { TapeReader } from '../../data/tape/index.js';
import { breathe } from '../cli/interrupt.js';
import { parseFault } from '../replay/fault-spec.js';
import { prepareReplay, type PreparedReplay, type ReplayRequest } from '../replay/run.js';
import { runConfig } from './run-config.js';

/** Records between two looks at the event loop. */
const STRETCH = 64 * 1024;

/** What the replay that a run of kind `replay` or `demo` was had been asked for. @throws RunError when its tape is not there any more, or another. */
export function askedReplay(reader: RunReader): { readonly request: ReplayRequest; readonly loaded: LoadedConfig } {
  const { manifest } = reader;
  const { from, to, faults, lanes, partial } = asked(manifest);
  const tape = tapeOf(reader);
  return {
    request: { tape, faults: faults.map(parseFault), partial, ...(from === null ? {} : { from }), ...(to === null ? {} : { to }), ...(lanes === null ? {} : { lanes }) },
    loaded: { config: runConfig(manifest), digest: manifest.configDigest, file: undefined, lineOf: () => undefined },
  };
}

/** That replay, ready to be played. @throws RunError. */
export function sameReplay(reader: RunReader): PreparedReplay {
  const { request, loaded } = askedReplay(reader);
  return prepareReplay(request, loaded);
}

/** Plays it again. `onDecision` gets every decision's canonical line. */
export async function replayTapeRun(reader: RunReader, onDecision: (line: string) => void): Promise<void> {
  const { replay, close } = sameReplay(reader).begin((_decision, line) => onDecision(line));
  try {
    while (!replay.ended) {
      replay.advance(STRETCH);
      await (replay.stalled ? replay.turn() : breathe());
    }
    await replay.settle();
    replay.finish(0);
  } finally {
    await close();
  }
}

function asked({ id, replay }: RunManifest): NonNullable<RunManifest['replay']> {
  if (replay === null) throw new RunError('corrupt', `run ${id}: says nothing of how its tape was replayed`);
  return replay;
}

function tapeOf(reader: RunReader): string {
  const { id, tapes } = reader.manifest;
  const [tape] = tapes;
  if (tape === undefined) throw new RunError('corrupt', `run ${id}: names no tape`);
  const path = reader.tapePath(tape.file);
  if (!existsSync(path)) throw new RunError('missing', `${path}: the tape of run ${id} is not there any more`);
  const opened = TapeReader.open(path, { partial: true });
  opened.close();
  if (opened.records < tape.records) throw new RunError('corrupt', `${path}: has ${opened.records} records, run ${id} had ${tape.records}: it is another tape`);
  return path;
}
