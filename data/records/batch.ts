import { RECORD_BYTES } from './layout.js';

/** A run of records in memory: two views over the same bytes. `length` counts the valid records. */
export interface RecordBatch {
  readonly F: Float64Array;
  readonly I: Int32Array;
  length: number;
}

/** Allocates room for `capacity` records, over shared memory when asked (rings). */
export function allocateBatch(capacity: number, shared = false): RecordBatch {
  const bytes = capacity * RECORD_BYTES;
  const buffer = shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
  return { F: new Float64Array(buffer), I: new Int32Array(buffer), length: 0 };
}
