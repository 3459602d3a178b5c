/**
 * Every access of the ring to its header goes through one of these, so that a test can put a scheduler in their place and walk
 * through all interleavings of the real classes. All are sequentially consistent.
 */
export interface RingOperations {
  load(words: Int32Array, word: number): number;
  store(words: Int32Array, word: number, value: number): number;
  add(words: Int32Array, word: number, value: number): number;
  compareExchange(words: Int32Array, word: number, expected: number, replacement: number): number;
  notify(words: Int32Array, word: number): number;
  wait(words: Int32Array, word: number, value: number, timeoutMs: number): 'ok' | 'not-equal' | 'timed-out';
  waitAsync(words: Int32Array, word: number, value: number, timeoutMs: number): AsyncWait;
  /** A clock that never runs back, in milliseconds. */
  nowMs(): number;
  /** How often a side that waits looks again before it goes to sleep. */
  readonly spins: number;
}

export type AsyncWait = { readonly async: false; readonly value: 'not-equal' | 'timed-out' } | { readonly async: true; readonly value: Promise<'ok' | 'timed-out'> };

/** The operations of the machine. The methods of Atomics use no `this`, and a direct reference is what a compiler can see through. */
/* oxlint-disable typescript/unbound-method */
export const machine: RingOperations = {
  load: Atomics.load,
  store: Atomics.store,
  add: Atomics.add,
  compareExchange: Atomics.compareExchange,
  notify: Atomics.notify,
  wait: Atomics.wait as RingOperations['wait'],
  waitAsync: (Atomics as unknown as { waitAsync: RingOperations['waitAsync'] }).waitAsync,
  nowMs: () => performance.now(),
  spins: 2_000,
};
