import type { MachineFace } from './face.js';

/**
 * Where a behaviour made of a machine says which event reached the machine: behaviours around it stamp, translate and drop messages. Null while
 * nobody watches, and then a step pays one comparison. Set for the length of one step only.
 */
export const watch: { entered: ((face: MachineFace, snapshot: unknown, event: unknown) => void) | null } = { entered: null };
