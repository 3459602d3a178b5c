import { existsSync, statSync } from 'node:fs';
import { loadConfig } from '../../config/index.js';
import { findRun, RunError, RunReader } from '../../data/runs/index.js';
import { TapeReader } from '../../data/tape/index.js';
import type { Recording } from './player.js';
import type { TimeSource } from './types.js';

/**
 * Opens what can be travelled in; of the trading system only what its kind needs is loaded, and nothing for what is no recording.
 * @throws RunError, CliError, TapeError: what is wrong with it and the way out.
 */
export async function openRecording(source: TimeSource): Promise<Recording> {
  if ('tape' in source) {
    TapeReader.open(source.tape, { partial: true }).close();
    const { TapeRecording } = await import('./tape-recording.js');
    return new TapeRecording({ tape: source.tape, faults: [], lanes: 0, partial: true }, loadConfig(source.config), null);
  }
  const folder = findRun(source.run, source.root);
  if (existsSync(folder) && !statSync(folder).isDirectory()) throw new RunError('notARun', `${folder}: is a file; a run is a folder`, 'a tape is opened as a tape');
  const reader = RunReader.open(folder);
  if (reader.manifest.kind === 'engine') return new (await import('./engine-recording.js')).EngineRecording(reader);
  const [{ askedReplay }, { TapeRecording }] = await Promise.all([import('../runs/tape-replay.js'), import('./tape-recording.js')]);
  const { request, loaded } = askedReplay(reader);
  return new TapeRecording(request, loaded, reader);
}
