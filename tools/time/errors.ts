/**
 * What can be wrong, as one closed set: `source` what was named is nothing that can be travelled in; `target` there is no such place in it; `busy` too
 * many at once; `cancelled` somebody said so; `lost` the machine's thread has died; `closed` used after its end.
 */
export type TimeErrorKind = 'source' | 'target' | 'busy' | 'cancelled' | 'lost' | 'closed';

/** A failure of a time machine: one sentence and, where there is one, the way out in `fix`. */
export class TimeError extends Error {
  readonly kind: TimeErrorKind;
  readonly fix: string | undefined;
  constructor(kind: TimeErrorKind, message: string, fix?: string) {
    super(message);
    this.name = 'TimeError';
    this.kind = kind;
    this.fix = fix;
  }
}
