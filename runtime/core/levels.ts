/** A tree is started, stopped and killed by recursion: so deep it may be, with room for the stack of whoever asks for it. */
export const MOST_LEVELS = 256;

/** Whether a path stands deeper than trees may be. */
export function isTooDeep(path: string): boolean {
  // A level has two characters at least.
  if (path.length <= 2 * MOST_LEVELS) return false;
  let levels = 0;
  for (let at = 0; at < path.length; at++) if (path.charCodeAt(at) === 47) levels++;
  return levels > MOST_LEVELS;
}

/** The path of a child. */
export function pathUnder(parent: string, id: string): string {
  return parent === '/' ? `/${id}` : `${parent}/${id}`;
}
