export { ImportError, type ImportProblem } from './import-error.js';
export { importTape, type ImportOptions, type ImportReport } from './import-tape.js';
export { FORMATS } from './formats/index.js';
export type { BadRowNote } from './input-lane.js';
