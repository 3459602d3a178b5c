/** The part of a drawing that is seen, in its own lengths. */
export interface Frame {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

const MARGIN = 8;
/** Pixels of the screen to one of the drawing. */
const CLOSEST = 4;
const LONGEST_FIT = 1.6;

/** All of a drawing in the shape of its window; a small drawing is not blown up. */
export function fit(drawing: Size, window: Size): Frame {
  const scale = Math.max(Math.min(LONGEST_FIT, window.width / (drawing.width + 2 * MARGIN), window.height / (drawing.height + 2 * MARGIN)), 1e-3);
  const width = window.width / scale;
  const height = window.height / scale;
  return { x: (drawing.width - width) / 2, y: (drawing.height - height) / 2, width, height };
}

/** `factor` above 1 comes closer. The point at (shareX, shareY) of the window stays where it is. */
export function zoomed(frame: Frame, factor: number, drawing: Size, window: Size, shareX = 0.5, shareY = 0.5): Frame {
  const widest = Math.max(fit(drawing, window).width * 1.5, drawing.width);
  const width = Math.min(widest, Math.max(window.width / CLOSEST, frame.width / factor));
  const height = frame.height * (width / frame.width);
  return kept({ x: frame.x + (frame.width - width) * shareX, y: frame.y + (frame.height - height) * shareY, width, height }, drawing);
}

export function moved(frame: Frame, dx: number, dy: number, drawing: Size): Frame {
  return kept({ ...frame, x: frame.x + dx, y: frame.y + dy }, drawing);
}

/** With a point in the middle, at the same scale. */
export function centred(frame: Frame, x: number, y: number, drawing: Size): Frame {
  return kept({ ...frame, x: x - frame.width / 2, y: y - frame.height / 2 }, drawing);
}

/** The same scale in a window of another size. */
export function resized(frame: Frame, before: Size, after: Size): Frame {
  const scale = before.width / frame.width;
  const width = after.width / scale;
  const height = after.height / scale;
  return { x: frame.x + (frame.width - width) / 2, y: frame.y + (frame.height - height) / 2, width, height };
}

/** Something of the drawing always stays in sight: its middle never leaves by more than half a window. */
function kept(frame: Frame, drawing: Size): Frame {
  const x = Math.min(drawing.width - frame.width * 0.2, Math.max(-frame.width * 0.8, frame.x));
  const y = Math.min(drawing.height - frame.height * 0.2, Math.max(-frame.height * 0.8, frame.y));
  return { ...frame, x, y };
}
