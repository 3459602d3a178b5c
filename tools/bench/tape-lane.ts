import type { LaneLink, LaneWork } from '../../runtime/lanes/index.js';
import { kernelPass } from './kernel-pass.js';

const NEVER = { onUs: Infinity, offUs: Infinity };

/** A lane that reads a tape of its own, file to kernel, once for every slot that comes, and answers what it did. */
export default function tapeLane(input: unknown, { inbox, outbox }: LaneLink): LaneWork {
  const { path } = input as { readonly path: string };
  return {
    drain() {
      if (inbox.available(1) === 0) return false;
      inbox.release(1);
      const { records, checksum, edges } = kernelPass(path, NEVER);
      const at = outbox.claim(1) * 8;
      outbox.F[at] = records;
      outbox.F[at + 1] = checksum;
      outbox.F[at + 2] = edges;
      outbox.publish();
      return true;
    },
  };
}
