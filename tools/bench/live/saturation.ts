import type { LiveFeed } from './feed.js';
import type { Placement } from './placement.js';

/** Frames in one write of the feeder. */
const PER_WRITE = 256;
const WITHIN_MS = 60_000;

/**
 * Frames a second from the socket through a placement, as fast as they can be had: from the first that comes to the last decision.
 * @throws Error when the feeder was not faster than what it fed.
 */
export async function saturate(feed: LiveFeed, placement: Placement, frames: number): Promise<number> {
  let beganMs = 0;
  let endedMs = 0;
  const until = placement.taken + frames;
  placement.sampleEvery = 0;
  feed.connect({
    frame(bytes, chunkUs) {
      if (beganMs === 0) beganMs = performance.now();
      placement.frame(bytes, chunkUs);
    },
    chunkEnded() {
      placement.chunkEnded();
      if (placement.taken >= until) endedMs = performance.now();
    },
  });
  const sent = await feed.send({ kind: 'saturate', frames, perWrite: PER_WRITE });
  await feed.arrived(sent.to, WITHIN_MS);
  feed.connect(undefined);
  if (sent.waits === 0) throw new Error(`the feeder never had to wait for the socket: it, and not the path, was measured`);
  return (frames / (endedMs - beganMs)) * 1000;
}
