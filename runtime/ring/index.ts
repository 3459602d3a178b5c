/** A single-producer, single-consumer ring over a SharedArrayBuffer. */
export { createRing } from './layout.js';
export { RingError, type RingErrorKind } from './errors.js';
export { RingReader } from './reader.js';
export { RingWriter } from './writer.js';
