/**
 * - `stale-epoch`: another reader or writer was opened in this one's place, or the ring was renewed. What this side did last had no effect.
 * - `corrupt`: a word of the header holds what no side ever writes there. The ring cannot be used; renew it or create another.
 * - `not-a-ring`: the memory was not made by `createRing`, or by another version of it.
 */
export type RingErrorKind = 'stale-epoch' | 'corrupt' | 'not-a-ring';

/** A fault of the shared memory or of who owns it. Wrong arguments are a `RangeError`. */
export class RingError extends Error {
  readonly kind: RingErrorKind;

  constructor(kind: RingErrorKind, message: string) {
    super(message);
    this.name = 'RingError';
    this.kind = kind;
  }
}
