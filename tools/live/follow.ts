import { KERNEL_PATH } from '../../actors/index.js';
import type { FollowingKernel, OrderEntry } from '../../actors/market/index.js';
import type { Runtime } from '../../runtime/index.js';
import { mergeMessage } from './live-session.js';

/**
 * Replays a live run by the record of its order: the same turns at the same times. `kernel` is what the tree at
 * `KERNEL_PATH` runs on. @throws Error when tape and record do not belong together.
 */
export function follow(runtime: Runtime, kernel: FollowingKernel, order: readonly OrderEntry[]): void {
  const message = mergeMessage();
  for (const entry of order) {
    if (entry.type === 'control' || entry.type === 'skip') continue; // the kernel has them
    runtime.advanceTo(entry.clockUs);
    if (entry.type === 'clock') continue;
    if (entry.type === 'death') {
      runtime.crash(entry.path, { name: entry.name, message: entry.message });
      continue;
    }
    kernel.merge(entry.seq, entry.control);
    runtime.send(KERNEL_PATH, message);
    runtime.drain();
  }
  runtime.send(KERNEL_PATH, { type: 'finish' });
  runtime.drain();
}
