import type { TreeNode } from '../../wire/tree.js';
import type { Camera } from './camera.js';
import { NODE_H, NODE_W } from './layout.js';
import { FILL_STEPS, type TreeModel } from './model.js';
import type { Palette } from './palette.js';

/** The resting layer: everything that does not move. Drawn anew when the camera or the tree changes, and node by node in between. */

/** Below these scales less is drawn. */
const TEXT_FROM = 0.5;
const MARKS_FROM = 0.4;
const HEAD = 22;
const LABEL_CHARS = 15;
const HEAD_LABEL_CHARS = 12;
/** A mailbox from here on is drawn as a warning: 0.8 of its bound, as the model counts. */
const FULL_FILL = Math.round(Math.sqrt(0.8) * FILL_STEPS);

export interface Scene {
  readonly model: TreeModel;
  readonly palette: Palette;
  readonly camera: Camera;
  /** Of the screen, in CSS pixels. */
  readonly width: number;
  readonly height: number;
  readonly pixelRatio: number;
  readonly selected: string;
  /** The camera moves: texts wait until it rests, where there are many. */
  readonly isDraft: boolean;
  /** Rates are shown as thickness, because nothing is to move. */
  readonly isStill: boolean;
}

type Context = CanvasRenderingContext2D;

export function drawAll(ctx: Context, scene: Scene): void {
  const { model, palette, camera, pixelRatio, width, height } = scene;
  ctx.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
  ctx.fillStyle = palette.bg;
  ctx.fillRect(0, 0, width, height);
  toWorld(ctx, scene);
  const { shown, count } = model.layout;
  const view = viewOf(camera, width, height);
  drawEdges(ctx, scene, view);
  let many = 0;
  for (let at = 0; at < count; at++) if (shown[at] === 1 && isSeen(model, at, view)) many += 1;
  const withText = camera.scale >= TEXT_FROM && (!scene.isDraft || many < 300);
  ctx.font = '11px system-ui, sans-serif';
  ctx.textBaseline = 'middle';
  for (let at = 0; at < count; at++) if (shown[at] === 1 && isSeen(model, at, view)) drawNode(ctx, scene, at, withText);
}

/** Draws only these nodes again. */
export function drawSome(ctx: Context, scene: Scene, nodes: Int32Array, count: number): void {
  const { model, camera, width, height, palette } = scene;
  toWorld(ctx, scene);
  const view = viewOf(camera, width, height);
  ctx.font = '11px system-ui, sans-serif';
  ctx.textBaseline = 'middle';
  for (let n = 0; n < count; n++) {
    const at = nodes[n]!;
    if (model.layout.shown[at] !== 1 || !isSeen(model, at, view)) continue;
    ctx.fillStyle = palette.bg;
    ctx.fillRect(model.layout.x[at]! - 1, model.layout.y[at]! - 1, NODE_W + 2, NODE_H + 2);
    drawNode(ctx, scene, at, camera.scale >= TEXT_FROM);
  }
}

interface View {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export function viewOf({ x, y, scale }: Camera, width: number, height: number): View {
  return { left: x, top: y, right: x + width / scale, bottom: y + height / scale };
}

function isSeen({ layout }: TreeModel, at: number, { left, top, right, bottom }: View): boolean {
  const x = layout.x[at]!;
  const y = layout.y[at]!;
  return x + NODE_W >= left && x <= right && y + NODE_H >= top && y <= bottom;
}

function toWorld(ctx: Context, { camera: { x, y, scale }, pixelRatio }: Scene): void {
  const k = scale * pixelRatio;
  ctx.setTransform(k, 0, 0, k, -x * k, -y * k);
}

/** How a supervisor's children hang together is the form of their trunk: alone, two lines for all, arrows for the rest, dashes for those that come and go. */
export type Form = 'one' | 'all' | 'rest' | 'dynamic' | 'partitioned' | 'spawned';

export function formOf({ kind, supervision }: TreeNode): Form {
  if (kind === 'dynamic' || kind === 'partitioned') return kind;
  if (supervision === null) return kind === 'worker' ? 'spawned' : 'one';
  return supervision.strategy === 'oneForAll' ? 'all' : supervision.strategy === 'restForOne' ? 'rest' : 'one';
}

const DASHES: Readonly<Record<Form, number[]>> = { one: [], all: [], rest: [], dynamic: [5, 3], partitioned: [8, 2, 2, 2], spawned: [1, 3] };
const SOLID: number[] = [];

function drawEdges(ctx: Context, scene: Scene, view: View): void {
  const { model, palette, camera, isStill } = scene;
  const { layout, children } = model;
  const thin = Math.max(1, 0.8 / camera.scale);
  ctx.strokeStyle = palette.muted;
  ctx.fillStyle = palette.muted;
  ctx.globalAlpha = 0.6;
  for (let at = 0; at < layout.count; at++) {
    const below = children[at]!;
    if (below.length === 0 || layout.shown[at] === 0 || layout.shown[below[0]!] === 0) continue;
    const last = below.at(-1)!;
    const fromY = layout.y[at]! + NODE_H / 2;
    const trunkX = layout.trunkX[last]!;
    if (trunkX < view.left - 2_000 || layout.x[at]! > view.right || fromY > view.bottom || layout.y[last]! + NODE_H < view.top) continue;
    const form = formOf(model.node(at)!);
    ctx.lineWidth = thin;
    ctx.setLineDash(camera.scale < MARKS_FROM ? SOLID : DASHES[form]);
    ctx.beginPath();
    ctx.moveTo(layout.x[at]! + NODE_W, fromY);
    ctx.lineTo(trunkX, fromY);
    let bottomY = fromY;
    let rowY = NaN;
    let rowEnd = trunkX;
    for (const child of below) {
      const busY = layout.busY[child]!;
      bottomY = Math.max(bottomY, busY);
      if (busY !== rowY) {
        if (!Number.isNaN(rowY)) line(ctx, trunkX, rowY, rowEnd);
        rowY = busY;
        rowEnd = trunkX;
      }
      rowEnd = Math.max(rowEnd, layout.endX[child]!);
      if (layout.inBlock[child] === 1) {
        ctx.moveTo(layout.endX[child]!, busY);
        ctx.lineTo(layout.endX[child]!, layout.y[child]!);
      }
    }
    line(ctx, trunkX, rowY, rowEnd);
    ctx.moveTo(trunkX, fromY);
    ctx.lineTo(trunkX, bottomY);
    if (form === 'all') {
      ctx.moveTo(trunkX - 3, fromY);
      ctx.lineTo(trunkX - 3, bottomY);
    }
    ctx.stroke();
    if (form === 'rest' && camera.scale >= MARKS_FROM) {
      ctx.beginPath();
      for (let y = fromY + 13; y < bottomY; y += 26) {
        ctx.moveTo(trunkX - 3.5, y - 3);
        ctx.lineTo(trunkX, y + 3);
        ctx.lineTo(trunkX + 3.5, y - 3);
      }
      ctx.fill();
    }
    if (isStill) drawRates(ctx, scene, below);
  }
  ctx.globalAlpha = 1;
  ctx.setLineDash(SOLID);
}

/** Where nothing moves, the busier an actor the thicker the last piece of its line. */
function drawRates(ctx: Context, { model, palette }: Scene, below: readonly number[]): void {
  const { layout, rates } = model;
  ctx.setLineDash(SOLID);
  ctx.globalAlpha = 1;
  ctx.strokeStyle = palette.accent;
  for (const child of below) {
    if (rates[child] === 0) continue;
    ctx.lineWidth = rateWidth(rates[child]!);
    ctx.beginPath();
    if (layout.inBlock[child] === 1) line(ctx, layout.x[child]! + 6, layout.busY[child]! + 1, layout.x[child]! + NODE_W - 6);
    else line(ctx, layout.endX[child]! - 24, layout.busY[child]!, layout.endX[child]!);
    ctx.stroke();
  }
  ctx.strokeStyle = palette.muted;
  ctx.globalAlpha = 0.6;
}

/** 1 to 4, a step for every tenfold. */
export function rateWidth(rate: number): number {
  return rate <= 0 ? 0 : Math.max(1, Math.min(4, 1 + Math.log10(rate)));
}

function line(ctx: Context, fromX: number, y: number, toX: number): void {
  ctx.moveTo(fromX, y);
  ctx.lineTo(toX, y);
}

/** Too small for borders and signs. */
function isSmall({ camera }: Scene): boolean {
  return camera.scale < MARKS_FROM;
}

function drawNode(ctx: Context, scene: Scene, at: number, withText: boolean): void {
  const { model, palette } = scene;
  const node = model.node(at)!;
  const x = model.layout.x[at]!;
  const y = model.layout.y[at]!;
  const state = model.stateOf(at);
  const severity = model.severityOf(at);
  const isSelected = node.path === scene.selected;
  const colour = severity >= 5 ? palette.bad : severity >= 2 ? palette.warn : isSmall(scene) ? palette.line : palette.muted;
  ctx.globalAlpha = model.matches !== null && model.matches[at] === 0 ? 0.22 : 1;
  const isSupervisor = node.kind !== 'worker';
  const fill = model.fillOf(at);
  ctx.fillStyle = state === 'stopped' ? palette.bg : isSmall(scene) ? palette.line : isSupervisor ? palette.raised : palette.panel;
  ctx.fillRect(x, y, NODE_W, NODE_H);
  if (fill > 0) {
    const alpha = ctx.globalAlpha;
    ctx.globalAlpha = alpha * 0.5;
    ctx.fillStyle = fill >= FULL_FILL ? palette.bad : palette.accent;
    ctx.fillRect(x, y, (NODE_W * fill) / FILL_STEPS, NODE_H);
    ctx.globalAlpha = alpha;
  }
  if (isSmall(scene)) {
    // Too small for a border: the whole node is its state.
    if (severity >= 2 || isSelected) {
      ctx.fillStyle = isSelected ? palette.accent : colour;
      ctx.fillRect(x, y, NODE_W, NODE_H);
    } else if (severity === 1 || model.isRecent(at)) {
      ctx.fillStyle = palette.warn;
      ctx.fillRect(x, y, NODE_W / 4, NODE_H);
    }
    ctx.globalAlpha = 1;
    return;
  }
  drawBorder(ctx, scene, at, node, colour, severity, isSelected);
  if (isSupervisor) drawHead(ctx, palette, node, x + HEAD / 2, y + NODE_H / 2);
  if (withText) {
    ctx.fillStyle = state === 'stopped' || state === 'hibernating' ? palette.muted : palette.text;
    ctx.fillText(shortened(node.path === '/' ? '/' : node.id, isSupervisor ? HEAD_LABEL_CHARS : LABEL_CHARS), x + (isSupervisor ? HEAD + 2 : 6), y + NODE_H / 2 + 0.5);
  }
  drawMarks(ctx, scene, at, state, x, y, withText);
  ctx.globalAlpha = 1;
}

/** Its line says its restart type: permanent solid, transient dashed, temporary dotted. */
function drawBorder(ctx: Context, { model, palette }: Scene, at: number, node: TreeNode, colour: string, severity: number, isSelected: boolean): void {
  const x = model.layout.x[at]!;
  const y = model.layout.y[at]!;
  ctx.setLineDash(node.restart === 'transient' ? TRANSIENT : node.restart === 'temporary' ? TEMPORARY : SOLID);
  const width = isSelected || severity >= 2 || model.isRecent(at) ? 2 : 1;
  ctx.lineWidth = width;
  ctx.strokeStyle = isSelected ? palette.accent : model.isRecent(at) && severity < 2 ? palette.warn : colour;
  ctx.strokeRect(x + width / 2, y + width / 2, NODE_W - width, NODE_H - width);
  ctx.setLineDash(SOLID);
  if (severity !== 6) return;
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(x + NODE_W, y + NODE_H);
  ctx.moveTo(x + NODE_W, y);
  ctx.lineTo(x, y + NODE_H);
  ctx.lineWidth = 1;
  ctx.stroke();
}

const TRANSIENT = [4, 2];
const TEMPORARY = [1.5, 2.5];

/** Circle: each for itself. Square in a square: all together. Triangle down: and those after it. Plus: come and go. Bars: partitions. */
function drawHead(ctx: Context, palette: Palette, node: TreeNode, cx: number, cy: number): void {
  const r = 6;
  ctx.strokeStyle = palette.text;
  ctx.lineWidth = 1.3;
  ctx.beginPath();
  switch (formOf(node)) {
    case 'one':
    case 'spawned':
      ctx.arc(cx, cy, r - 1, 0, 7);
      break;
    case 'all':
      ctx.rect(cx - r, cy - r, 2 * r, 2 * r);
      ctx.rect(cx - r + 3, cy - r + 3, 2 * r - 6, 2 * r - 6);
      break;
    case 'rest':
      ctx.moveTo(cx - r, cy - r + 1);
      ctx.lineTo(cx + r, cy - r + 1);
      ctx.lineTo(cx, cy + r);
      ctx.closePath();
      break;
    case 'dynamic':
      ctx.moveTo(cx - r, cy);
      ctx.lineTo(cx + r, cy);
      ctx.moveTo(cx, cy - r);
      ctx.lineTo(cx, cy + r);
      break;
    case 'partitioned':
      for (const dx of BARS) {
        ctx.moveTo(cx + dx, cy - r);
        ctx.lineTo(cx + dx, cy + r);
      }
      break;
  }
  ctx.stroke();
  const { supervision } = node;
  if (supervision === null || supervision.used === 0) return;
  // The restart budget as an arc: closed when it is used up.
  ctx.strokeStyle = supervision.used >= supervision.restarts ? palette.bad : palette.warn;
  ctx.lineWidth = 2;
  ctx.beginPath();
  ctx.arc(cx, cy, r + 2, -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * Math.min(1, supervision.used / Math.max(1, supervision.restarts)));
  ctx.stroke();
}

const BARS = [-4, 0, 4] as const;
const STATE_MARKS: Readonly<Partial<Record<string, string>>> = { starting: '…', suspended: '❚❚', hibernating: 'z', restarting: '↻', stopping: '▾', stopped: '■', quarantined: '✕', unknown: '?' };

function drawMarks(ctx: Context, { model, palette }: Scene, at: number, state: string, x: number, y: number, withText: boolean): void {
  const node = model.node(at)!;
  if (node.lastExit?.kind === 'error' && state === 'running') {
    // It has failed before: a corner is cut.
    ctx.fillStyle = palette.bad;
    ctx.beginPath();
    ctx.moveTo(x, y);
    ctx.lineTo(x + 7, y);
    ctx.lineTo(x, y + 7);
    ctx.fill();
  }
  if (!withText) return;
  const mark = STATE_MARKS[state];
  const incarnation = model.incarnationOf(at);
  const text = mark ?? (node.omitted > 0 ? `+${node.omitted}` : model.isCollapsed(at) ? '▸' : incarnation > 1 ? `×${incarnation}` : '');
  if (text === '') return;
  ctx.textAlign = 'right';
  ctx.fillStyle = mark === undefined ? palette.muted : palette.warn;
  const width = 6 * text.length + 4;
  const back = ctx.fillStyle;
  ctx.fillStyle = node.kind === 'worker' ? palette.panel : palette.raised;
  ctx.fillRect(x + NODE_W - width - 2, y + 3, width, NODE_H - 6);
  ctx.fillStyle = back;
  ctx.fillText(text, x + NODE_W - 4, y + NODE_H / 2 + 0.5);
  ctx.textAlign = 'left';
}

function shortened(text: string, chars: number): string {
  return text.length <= chars ? text : `${text.slice(0, chars - 1)}…`;
}
