/** Which part of the plane is seen: screen = (world - origin) * scale, in CSS pixels. */
export interface Camera {
  x: number;
  y: number;
  scale: number;
}

const LEAST_SCALE = 0.02;
const MOST_SCALE = 3;
const MARGIN = 16;
/** A tree that fits is not blown up further than this. */
const FIT_SCALE = 1.6;

/** Shows everything. A tree that would become too small to tell anything apart is shown from its upper left corner. */
export function fit(width: number, height: number, worldWidth: number, worldHeight: number): Camera {
  const scale = clamp(Math.min((width - 2 * MARGIN) / Math.max(1, worldWidth), (height - 2 * MARGIN) / Math.max(1, worldHeight), FIT_SCALE));
  return { x: -MARGIN / scale, y: -MARGIN / scale, scale };
}

/** Changes the scale so that what is under a point of the screen stays there. */
export function zoomAt(camera: Camera, screenX: number, screenY: number, factor: number): Camera {
  const scale = clamp(camera.scale * factor);
  return { x: camera.x + screenX / camera.scale - screenX / scale, y: camera.y + screenY / camera.scale - screenY / scale, scale };
}

/** Brings a rectangle of the plane into view with the least movement; itself when it is there already. */
export function reveal(camera: Camera, width: number, height: number, left: number, top: number, right: number, bottom: number): Camera {
  // What cannot be read is not found by being in view.
  const scale = Math.max(camera.scale, 0.6);
  const base = scale === camera.scale ? camera : { x: (left + right) / 2 - width / scale / 2, y: (top + bottom) / 2 - height / scale / 2, scale };
  const margin = MARGIN / scale;
  const x = Math.min(Math.max(base.x, right + margin - width / scale), left - margin);
  const y = Math.min(Math.max(base.y, bottom + margin - height / scale), top - margin);
  return x === camera.x && y === camera.y && scale === camera.scale ? camera : { x, y, scale };
}

/** A step of the way from one camera to another, for a frame of `ms`; true when it has arrived. */
export function approach(camera: Camera, goal: Camera, ms: number): boolean {
  const share = 1 - Math.exp(-ms / 60);
  camera.x += (goal.x - camera.x) * share;
  camera.y += (goal.y - camera.y) * share;
  camera.scale += (goal.scale - camera.scale) * share;
  const isThere = Math.abs(camera.x - goal.x) * goal.scale < 0.5 && Math.abs(camera.y - goal.y) * goal.scale < 0.5 && Math.abs(camera.scale / goal.scale - 1) < 0.002;
  if (isThere) Object.assign(camera, goal);
  return isThere;
}

function clamp(scale: number): number {
  return Math.max(LEAST_SCALE, Math.min(MOST_SCALE, Number.isFinite(scale) ? scale : 1));
}
