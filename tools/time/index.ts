export { TimeMachine, type OpenOptions } from './client.js';
export { sideBySide, type SideBySide } from './side-by-side.js';
export { treeDigest } from './digest.js';
export { TimeError, type TimeErrorKind } from './errors.js';
export type * from './types.js';
