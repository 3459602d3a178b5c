export { TapeClock } from './clock.js';
export { TapeError, type TapeErrorKind } from './error.js';
export { CODEC_NAMES, Codec, type BlockInfo } from './format.js';
export type { TapeHeader, TapeOrigin } from './header.js';
export { TapeReader, type TapeReaderOptions } from './reader.js';
export { verifyTape, type TapeVerdict } from './verify.js';
export { partialPath, TapeWriter, type TapeSummary, type TapeWriterOptions } from './writer.js';
