import type { Camera } from './camera.js';
import { viewOf } from './draw.js';
import { edgePoint } from './layout.js';
import { GHOST_MS, PULSE_MS, TURN_MS, type TreeModel } from './model.js';
import type { Palette } from './palette.js';
import { machineHue } from './text.js';

/** The moving layer: messages as dots on the lines, restarts as rings. Nothing is kept from frame to frame and nothing allocated in one. */

/** Dots of a frame; on a tree with more busy lines every other one has none, and so on. */
const MOST_DOTS = 900;
const MOST_DOTS_EACH = 4;
/** Flashes of a frame. */
const MOST_TURNS = 200;
const point = new Float32Array(2);

/** True when something moves, so that there must be another frame. */
export function drawMotion(ctx: CanvasRenderingContext2D, model: TreeModel, camera: Camera, palette: Palette, width: number, height: number, pixelRatio: number, nowMs: number): boolean {
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.clearRect(0, 0, ctx.canvas.width, ctx.canvas.height);
  const k = camera.scale * pixelRatio;
  ctx.setTransform(k, 0, 0, k, -camera.x * k, -camera.y * k);
  const dots = drawDots(ctx, model, camera, palette, width, height, nowMs);
  for (const pulse of model.pulses) {
    const at = model.indexOf(pulse.path);
    if (at < 0 || model.layout.shown[at] === 0) continue;
    const age = (nowMs - pulse.startedMs) / PULSE_MS;
    if (age < 0 || age > 1) continue;
    const spread = (pulse.isBad ? 22 : 6) * age;
    const x = model.layout.x[at]!;
    const y = model.layout.y[at]!;
    ctx.globalAlpha = 1 - age;
    ctx.strokeStyle = pulse.isBad ? palette.bad : palette.good;
    ctx.lineWidth = 2.5 / Math.min(1, camera.scale);
    ctx.strokeRect(x - spread, y - spread, model.layout.size.w + 2 * spread, model.layout.size.h + 2 * spread);
    if (pulse.isBad && camera.scale > 0.35) {
      ctx.font = '11px system-ui, sans-serif';
      ctx.textBaseline = 'bottom';
      ctx.fillStyle = palette.text;
      ctx.fillText(pulse.text, x, y - 3);
    }
    ctx.globalAlpha = 1;
  }
  return drawGhosts(ctx, model, camera, palette, nowMs) + drawTurns(ctx, model, camera, palette, nowMs) + dots + model.pulses.length > 0;
}

/** What has left the tree fades where it stood. */
function drawGhosts(ctx: CanvasRenderingContext2D, { ghosts, layout: { size } }: TreeModel, camera: Camera, palette: Palette, nowMs: number): number {
  ctx.setLineDash([]);
  for (const { x, y, name, startedMs } of ghosts) {
    ctx.globalAlpha = Math.max(0, 1 - (nowMs - startedMs) / GHOST_MS);
    ctx.fillStyle = palette.panel;
    ctx.fillRect(x, y, size.w, size.h);
    ctx.strokeStyle = ctx.fillStyle = palette.muted;
    ctx.lineWidth = 1;
    ctx.strokeRect(x + 0.5, y + 0.5, size.w - 1, size.h - 1);
    if (camera.scale <= 0.35) continue;
    ctx.font = `${size.font}px system-ui, sans-serif`;
    ctx.textBaseline = 'middle';
    ctx.fillText(name, x + 4, y + size.h / 2, size.w - 8);
  }
  ctx.globalAlpha = 1;
  return ghosts.length;
}

/** A machine that has another state now flashes, in the colour of the new state. */
function drawTurns(ctx: CanvasRenderingContext2D, model: TreeModel, camera: Camera, palette: Palette, nowMs: number): number {
  const { layout } = model;
  let count = 0;
  for (const path of model.turned) {
    const at = model.indexOf(path);
    const turn = model.turnOf(path);
    if (at < 0 || turn === undefined || layout.shown[at] === 0) continue;
    const age = (nowMs - turn.startedMs) / TURN_MS;
    if (age < 0 || age > 1 || ++count > MOST_TURNS) continue;
    const hue = machineHue(turn.to);
    const x = layout.x[at]!;
    const y = layout.y[at]!;
    const spread = 4 * (1 - age);
    ctx.globalAlpha = 1 - age;
    ctx.strokeStyle = ctx.fillStyle = hue === '' ? palette.text : palette[hue];
    ctx.lineWidth = 2 / Math.min(1, camera.scale);
    ctx.strokeRect(x - spread, y - spread, layout.size.w + 2 * spread, layout.size.h + 2 * spread);
    ctx.globalAlpha = 1;
  }
  return count;
}

function drawDots(ctx: CanvasRenderingContext2D, model: TreeModel, camera: Camera, palette: Palette, width: number, height: number, nowMs: number): number {
  const { layout, rates, shape: { nodes } } = model;
  let busy = 0;
  for (let at = 1; at < layout.count; at++) if (rates[at]! > 0 && layout.shown[at] === 1) busy += 1;
  if (busy === 0) return 0;
  const each = Math.max(1, Math.min(MOST_DOTS_EACH, Math.floor(MOST_DOTS / busy)));
  const stride = Math.max(1, Math.ceil(busy / MOST_DOTS));
  const { left, top, right, bottom } = viewOf(camera, width, height);
  const size = Math.min(9, Math.max(2.6, 2.6 / camera.scale));
  ctx.fillStyle = palette.accent;
  let nth = 0;
  for (let at = 1; at < layout.count; at++) {
    const rate = rates[at]!;
    if (rate === 0 || layout.shown[at] === 0 || nth++ % stride !== 0) continue;
    // A line that cannot cross the view is not followed.
    const parent = nodes[at]!.parent;
    const toY = layout.y[at]!;
    const fromY = layout.y[parent]!;
    if (layout.x[parent]! > right || layout.endX[at]! < left || Math.max(toY, fromY) + layout.size.h < top || Math.min(toY, fromY) > bottom) continue;
    // Steps of tenfold, so that a rate that wavers does not make its dots jump.
    const level = Math.min(5, Math.max(0, Math.round(Math.log10(rate + 1))));
    const count = Math.min(each, 1 + level);
    const turnMs = 2_600 / (1 + level * 0.6);
    const offset = (at * 0.618_034) % 1;
    for (let n = 0; n < count; n++) {
      edgePoint(layout, parent, at, (nowMs / turnMs + offset + n / count) % 1, point);
      const x = point[0]!;
      const y = point[1]!;
      if (x < left || x > right || y < top || y > bottom) continue;
      ctx.fillRect(x - size / 2, y - size / 2, size, size);
    }
  }
  return nth;
}
