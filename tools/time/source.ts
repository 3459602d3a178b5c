import { existsSync, statSync } from 'node:fs';
import { loadConfig } from '../../config/index.js';
import { findRun, RunError, RunReader } from '../../data/runs/index.js';
import { askedReplay } from '../runs/tape-replay.js';
import { EngineRecording } from './engine-recording.js';
import type { Recording } from './player.js';
import { TapeRecording } from './tape-recording.js';
import type { TimeSource } from './types.js';

/** Opens what can be travelled in. @throws RunError, CliError, TapeError: what is wrong with it and the way out. */
export function openRecording(source: TimeSource): Recording {
  if ('tape' in source) return new TapeRecording({ tape: source.tape, faults: [], lanes: 0, partial: true }, loadConfig(source.config), null);
  const folder = findRun(source.run, source.root);
  if (existsSync(folder) && !statSync(folder).isDirectory()) throw new RunError('notARun', `${folder}: is a file; a run is a folder`, 'a tape is opened as a tape');
  const reader = RunReader.open(folder);
  if (reader.manifest.kind === 'engine') return new EngineRecording(reader);
  const { request, loaded } = askedReplay(reader);
  return new TapeRecording(request, loaded, reader);
}
