import { ContentHash } from '../../runtime/observe/contents.js';
import type { Runtime, TreeNode } from '../../runtime/index.js';

/**
 * A digest of all that a tree is between two turns: every actor's state, timers, ids and chance as a snapshot has them, its incarnation and last exit,
 * and what waits in its mailbox. Numbers of cells are left out: they count starts, which a tree that goes on from a snapshot has not made.
 */
export function treeDigest(runtime: Runtime): string {
  const hash = new ContentHash();
  const visit = ({ children, cell: _cell, ...node }: TreeNode): void => {
    hash.add(node);
    const taken = runtime.snapshot(node.path);
    // When it was asked is no part of it.
    if (taken.ok) hash.add({ ...taken.snapshot, atUs: 0 });
    hash.add(runtime.mailbox(node.path, { messages: 200 }));
    children.forEach(visit);
  };
  const root = runtime.tree();
  if (root !== null) visit(root);
  hash.add(runtime.nowUs());
  hash.add(runtime.timers(1000));
  return (hash.high >>> 0).toString(16).padStart(8, '0') + (hash.low >>> 0).toString(16).padStart(8, '0');
}
