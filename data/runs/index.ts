export { DecisionLinesWriter, readDecisionLines } from './decision-lines.js';
export { RunError, type RunErrorKind } from './error.js';
export { EFFECTS, findRun, isRunId, makeRunFolder, newRunId, runIds, runsRoot, snapshotFile, tapeFile, tapeNumbers, VAR_VARIABLE, varFolder } from './folder.js';
export * from './log/index.js';
export { beginManifest, readManifest, writeManifest, type RunBeginning, type RunManifest, type RunTape } from './manifest.js';
export { RunFeed, RunReader, type RunFeedEnd, type RunFeedPlace, type RunStep } from './reader.js';
export { DEFAULT_RETENTION, folderBytes, isBeingWritten, tidyRuns, type Retention } from './retention.js';
export { freeBytes } from './space.js';
export { RunWriter, type RecordedBeginning, type RunWriterOptions } from './writer.js';
