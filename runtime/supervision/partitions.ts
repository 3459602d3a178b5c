import type { Cell } from '../core/cell.js';
import { Ref } from '../core/cell.js';
import { pathUnder } from '../core/levels.js';
import type { ActorRef, ChildSpec, PartitionedSupervisorSpec, PartitionKey } from '../types.js';

/** The children of a partitioned supervisor: one per partition, `0`, `1`, …, all of one template. */
export function partitionsOf(spec: PartitionedSupervisorSpec): ChildSpec[] {
  return Array.from({ length: spec.partitions }, (_, n) => ({ ...spec.partition, id: String(n) }) as ChildSpec);
}

/** The partition a key belongs to, by address; undefined when the cell is no partitioned supervisor. */
export function routeTo<T>(supervisor: Cell | undefined, key: PartitionKey): ActorRef<T> | undefined {
  if (supervisor === undefined || supervisor.spec.kind !== 'partitioned') return undefined;
  const id = String(partitionOf(key, supervisor.spec.partitions));
  return supervisor.children?.get(id)?.self ?? new Ref(pathUnder(supervisor.path, id), null);
}

/**
 * Number of the partition of a key among `partitions`: the same in every run and process. From n to n + 1 partitions only about one
 * key in n + 1 moves, and only to the new one.
 *
 * Source: Lamping and Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm" (2014), with 32-bit mixing (murmur3's finaliser) in
 * place of its 64-bit generator.
 */
export function partitionOf(key: PartitionKey, partitions: number): number {
  let seed = hashOf(typeof key === 'string' ? `s${key}` : `n${key}`);
  let at = 0;
  for (let next = 0; next < partitions;) {
    at = next;
    seed = mix((seed + 0x9e3779b9) | 0);
    next = Math.floor((at + 1) * (2 ** 32 / ((seed >>> 0) + 1)));
  }
  return at;
}

/** FNV-1a over UTF-16 units. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return mix(hash);
}

function mix(value: number): number {
  let h = value ^ (value >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
