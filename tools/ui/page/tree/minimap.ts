import type { Scene } from './draw.js';

/** The largest it is, as shares of the drawing and in pixels. */
const SHARE = 0.3;
const MOST_WIDTH = 200;
const MOST_HEIGHT = 140;

type Seen = Pick<Scene, 'model' | 'palette' | 'camera' | 'width' | 'height' | 'pixelRatio'>;

/** The whole tree in a corner, with what is seen of it, where it does not fit; a press on it goes there. */
export class Minimap {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  #scale = 1;

  /** @param goTo what is to be in the middle, in lengths of the tree */
  constructor(canvas: HTMLCanvasElement, goTo: (x: number, y: number) => void, signal: AbortSignal) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d')!;
    const go = (event: PointerEvent): void => {
      event.stopPropagation();
      if (event.type === 'pointerdown') canvas.setPointerCapture(event.pointerId);
      else if (event.buttons === 0) return;
      const { left, top } = canvas.getBoundingClientRect();
      goTo((event.clientX - left) / this.#scale, (event.clientY - top) / this.#scale);
    };
    for (const type of ['pointerdown', 'pointermove'] as const) canvas.addEventListener(type, go, { signal });
    canvas.addEventListener('dblclick', (event) => event.stopPropagation(), { signal });
  }

  draw({ model, palette, camera, width, height, pixelRatio }: Seen): void {
    const { layout } = model;
    const canvas = this.#canvas;
    const [right, bottom] = [camera.x + width / camera.scale, camera.y + height / camera.scale];
    const fits = camera.x <= 0 && camera.y <= 0 && right >= layout.width && bottom >= layout.height;
    canvas.hidden = fits || layout.count === 0;
    if (canvas.hidden) return;
    this.#scale = Math.min(Math.min(MOST_WIDTH, width * SHARE) / layout.width, Math.min(MOST_HEIGHT, height * SHARE) / layout.height);
    const k = this.#scale * pixelRatio;
    canvas.width = Math.max(1, Math.ceil(layout.width * k));
    canvas.height = Math.max(1, Math.ceil(layout.height * k));
    canvas.style.width = `${canvas.width / pixelRatio}px`;
    canvas.style.height = `${canvas.height / pixelRatio}px`;
    const context = this.#context;
    context.fillStyle = palette.panel;
    context.fillRect(0, 0, canvas.width, canvas.height);
    const [w, h] = [Math.max(1, layout.size.w * k - 1), Math.max(1, layout.size.h * k - 0.5)];
    for (let at = 0; at < layout.count; at++) {
      if (layout.shown[at] !== 1) continue;
      const severity = model.severityOf(at);
      context.fillStyle = severity >= 5 ? palette.bad : severity >= 1 || model.isRecent(at) ? palette.warn : model.matches?.[at] === 1 ? palette.accent : palette.muted;
      context.fillRect(layout.x[at]! * k, layout.y[at]! * k, w, severity >= 1 ? Math.max(2, h) : h);
    }
    context.strokeStyle = palette.accent;
    context.lineWidth = 1.5 * pixelRatio;
    context.strokeRect(Math.max(0, camera.x * k) + 1, Math.max(0, camera.y * k) + 1, Math.min(canvas.width, (right - Math.max(0, camera.x)) * k) - 2, Math.min(canvas.height, (bottom - Math.max(0, camera.y)) * k) - 2);
  }
}
