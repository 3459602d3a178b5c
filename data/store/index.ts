export { StoreFailure, type StoreFailureCode } from './failure.js';
export { PostgresMirror, type MirrorOptions, type MirrorState } from './postgres-mirror.js';
export { RecordStore, type RecordStoreOptions } from './record-store.js';
export { MOST_KEY_CHARACTERS, problemOfRow, STORE_TABLES, type StoredRow, type StoredValue, type StoreRow, type StoreTable } from './row.js';
