export type { JsonValue, RunInput, RunLogEntry, RunMark, RunPosition } from './format.js';
export { RunLogReader, type RunLogEnd, type RunLogPlace } from './reader.js';
export { RunLogWriter } from './writer.js';
