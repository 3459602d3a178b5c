/** Whether an actor is `root` or under it. */
export function isUnder(path: string, root: string): boolean {
  return root === '/' || path === root || path.startsWith(root.endsWith('/') ? root : `${root}/`);
}
