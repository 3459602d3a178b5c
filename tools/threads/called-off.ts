/**
 * Questions to a thread that nobody waits for any more. A message that said so would be read when the thread has nothing else to do; this table,
 * shared between the two, can be looked at in the middle of the work.
 */
export type CalledOff = Int32Array;

/** More than can wait at a time: two questions whose numbers share a place are seldom under way together, and then one is carried out for nothing. */
const PLACES = 1024;

export function calledOffTable(): CalledOff {
  return new Int32Array(new SharedArrayBuffer(PLACES * Int32Array.BYTES_PER_ELEMENT));
}

/** @param id of the question, from 1 */
export function callOff(table: CalledOff, id: number): void {
  Atomics.store(table, id % PLACES, id);
}

export function isCalledOff(table: CalledOff, id: number): boolean {
  return Atomics.load(table, id % PLACES) === id;
}
