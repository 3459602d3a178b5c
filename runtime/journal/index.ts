export type { PointHook } from './batch.js';
export { decodeEntry, decodeSnapshot, encodeEntry, encodeSnapshot, placeSnapshot, type ActorNumbers, type DecodedEntry, type DecodedSnapshot, type EntryProblem } from './codec.js';
export type {
  ActorSnapshot, FailedEntry, InputEntry, JournalEntry, OutcomeEntry, ReleaseEntry, SnapshotEntry, TurnEntry, TurnInput, TurnOp,
} from './entry.js';
export { JOURNAL_FAILED_EXIT_CODE, JournalFailure, type JournalFailureCode } from './failure.js';
export { JOURNAL_FORMAT, openLayout, checkMeta, type JournalMeta, type JournalState, type Layout } from './layout.js';
export { openJournal, LmdbJournal, own, type JournalOptions } from './lmdb-journal.js';
export { MemoryJournal } from './memory.js';
export type { ActorHistory, Journal, JournalListener, JournalPoint, PositionedEntry, PreparedEntry, PreparedSnapshot } from './port.js';
export { JournalReader, readJournal, type Damage, type JournalInfo } from './reader.js';
export type { Retention } from './retention.js';
