/** A stretch of a tape and how long a watcher gets to see it. */
interface Segment {
  readonly fromUs: number;
  readonly toUs: number;
  readonly showMs: number;
}

/** Shares of the show: what leads up to the crash, the crash and its recovery, what follows. */
const SHARES = [0.25, 0.6, 0.15] as const;
const LEAD_IN_US = 20e6;
const LEAD_OUT_US = 30e6;

/** Where the interesting part of a tape lies, µs after its start. */
export interface Highlight {
  readonly fromUs: number;
  readonly toUs: number;
}

/**
 * The pace of a show of `showMs`: quick through the calm, slow through the crash. The answer maps wall milliseconds since the
 * beginning to µs of the tape since its start, never goes back, and is Infinity once the show is over.
 */
export function showPace(lengthUs: number, highlight: Highlight | undefined, showMs: number): (elapsedMs: number) => number {
  const segments = highlight === undefined ? [{ fromUs: 0, toUs: lengthUs, showMs }] : threeParts(lengthUs, highlight, showMs);
  return (elapsedMs) => {
    if (elapsedMs >= showMs) return Infinity;
    let left = elapsedMs;
    for (const segment of segments) {
      if (left < segment.showMs) return segment.fromUs + ((segment.toUs - segment.fromUs) * left) / segment.showMs;
      left -= segment.showMs;
    }
    return lengthUs;
  };
}

function threeParts(lengthUs: number, highlight: Highlight, showMs: number): Segment[] {
  const fromUs = Math.max(0, highlight.fromUs - LEAD_IN_US);
  const toUs = Math.min(lengthUs, highlight.toUs + LEAD_OUT_US);
  const marks = [0, fromUs, toUs, lengthUs];
  return SHARES.map((share, part) => ({ fromUs: marks[part]!, toUs: marks[part + 1]!, showMs: share * showMs }));
}
