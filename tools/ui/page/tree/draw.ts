import type { TreeNode } from '../../wire/tree.js';
import type { Camera } from './camera.js';
import { FILL_STEPS, type TreeModel } from './model.js';
import type { Palette } from './palette.js';
import { machineHue } from './text.js';

/** The resting layer: everything that does not move. Drawn anew when the camera or the tree changes, and node by node in between. */

/** Below these scales less is drawn. */
const TEXT_FROM = 0.5;
const MARKS_FROM = 0.4;
const HEAD = 22;
/** Between a node's side and what is written in it. */
const PAD = 6;
const BADGE_PAD = 3;
/** A badge beside a name leaves the name at least so much of the node. */
const NAME_SHARE = 0.4;
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
  ctx.textBaseline = 'middle';
  for (let at = 0; at < count; at++) if (shown[at] === 1 && isSeen(model, at, view)) drawNode(ctx, scene, at, withText);
}

/** Draws only these nodes again. */
export function drawSome(ctx: Context, scene: Scene, nodes: Int32Array, count: number): void {
  const { model, camera, width, height, palette } = scene;
  toWorld(ctx, scene);
  const view = viewOf(camera, width, height);
  ctx.textBaseline = 'middle';
  for (let n = 0; n < count; n++) {
    const at = nodes[n]!;
    if (model.layout.shown[at] !== 1 || !isSeen(model, at, view)) continue;
    ctx.fillStyle = palette.bg;
    ctx.fillRect(model.layout.x[at]! - 1, model.layout.y[at]! - 1, model.layout.size.w + 2, model.layout.size.h + 2);
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
  return x + layout.size.w >= left && x <= right && y + layout.size.h >= top && y <= bottom;
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
  const { w, h } = layout.size;
  const thin = Math.max(1, 0.8 / camera.scale);
  ctx.strokeStyle = palette.muted;
  ctx.fillStyle = palette.muted;
  ctx.globalAlpha = 0.6;
  for (let at = 0; at < layout.count; at++) {
    const below = children[at]!;
    if (below.length === 0 || layout.shown[at] === 0 || layout.shown[below[0]!] === 0) continue;
    const last = below.at(-1)!;
    const fromY = layout.y[at]! + h / 2;
    const trunkX = layout.trunkX[last]!;
    if (trunkX < view.left - 2_000 || layout.x[at]! > view.right || fromY > view.bottom || layout.y[last]! + h < view.top) continue;
    const form = formOf(model.node(at)!);
    ctx.lineWidth = thin;
    ctx.setLineDash(camera.scale < MARKS_FROM ? SOLID : DASHES[form]);
    ctx.beginPath();
    ctx.moveTo(layout.x[at]! + w, fromY);
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
    if (layout.inBlock[child] === 1) line(ctx, layout.x[child]! + 6, layout.busY[child]! + 1, layout.x[child]! + layout.size.w - 6);
    else line(ctx, Math.max(layout.trunkX[child]!, layout.endX[child]! - 24), layout.busY[child]!, layout.endX[child]!);
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
  const { w, h } = model.layout.size;
  const state = model.stateOf(at);
  const severity = model.severityOf(at);
  const isSelected = node.path === scene.selected;
  const colour = severity >= 5 ? palette.bad : severity >= 2 ? palette.warn : isSmall(scene) ? palette.line : palette.muted;
  ctx.globalAlpha = model.matches !== null && model.matches[at] === 0 ? 0.22 : 1;
  const isSupervisor = node.kind !== 'worker';
  const fill = model.fillOf(at);
  ctx.fillStyle = state === 'stopped' ? palette.bg : isSmall(scene) ? palette.line : isSupervisor ? palette.raised : palette.panel;
  ctx.fillRect(x, y, w, h);
  if (fill > 0) {
    const alpha = ctx.globalAlpha;
    ctx.globalAlpha = alpha * 0.5;
    ctx.fillStyle = fill >= FULL_FILL ? palette.bad : palette.accent;
    ctx.fillRect(x, y, (w * fill) / FILL_STEPS, h);
    ctx.globalAlpha = alpha;
  }
  if (isSmall(scene)) {
    // Too small for a border: the whole node is its state.
    if (severity >= 2 || isSelected) {
      ctx.fillStyle = isSelected ? palette.accent : colour;
      ctx.fillRect(x, y, w, h);
    } else if (severity === 1 || model.isRecent(at)) {
      ctx.fillStyle = palette.warn;
      ctx.fillRect(x, y, w / 4, h);
    }
    ctx.globalAlpha = 1;
    return;
  }
  drawBorder(ctx, scene, at, node, colour, severity, isSelected);
  if (isSupervisor) drawHead(ctx, palette, node, x + HEAD / 2, y + h / 2);
  drawCorner(ctx, palette, node, state, x, y);
  if (withText) drawTexts(ctx, scene, at, state);
  ctx.globalAlpha = 1;
}

/** Its line says its restart type: permanent solid, transient dashed, temporary dotted. */
function drawBorder(ctx: Context, { model, palette }: Scene, at: number, node: TreeNode, colour: string, severity: number, isSelected: boolean): void {
  const x = model.layout.x[at]!;
  const y = model.layout.y[at]!;
  const { w, h } = model.layout.size;
  ctx.setLineDash(node.restart === 'transient' ? TRANSIENT : node.restart === 'temporary' ? TEMPORARY : SOLID);
  const width = isSelected || severity >= 2 || model.isRecent(at) ? 2 : 1;
  ctx.lineWidth = width;
  ctx.strokeStyle = isSelected ? palette.accent : model.isRecent(at) && severity < 2 ? palette.warn : colour;
  ctx.strokeRect(x + width / 2, y + width / 2, w - width, h - width);
  ctx.setLineDash(SOLID);
  if (severity !== 6) return;
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(x + w, y + h);
  ctx.moveTo(x + w, y);
  ctx.lineTo(x, y + h);
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

/** It has failed before: a corner is cut. */
function drawCorner(ctx: Context, palette: Palette, { lastExit }: TreeNode, state: string, x: number, y: number): void {
  if (lastExit?.kind !== 'error' || state !== 'running') return;
  ctx.fillStyle = palette.bad;
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(x + 7, y);
  ctx.lineTo(x, y + 7);
  ctx.fill();
}

/** From the right: the mark, the badge, and what is left is the name's. With a second line the badge stands under the name. */
function drawTexts(ctx: Context, { model, palette }: Scene, at: number, state: string): void {
  const node = model.node(at)!;
  const { w, h, lines, font, badgeFont } = model.layout.size;
  const left = model.layout.x[at]! + (node.kind === 'worker' ? PAD : HEAD + 2);
  const top = model.layout.y[at]!;
  const machine = model.machineOf(at);
  const isBelow = lines === 2 && machine !== '';
  const nameY = top + h * (isBelow ? 0.3 : 0.5) + 0.5;
  let right = model.layout.x[at]! + w - PAD;
  const mark = STATE_MARKS[state];
  const incarnation = model.incarnationOf(at);
  const said = mark ?? (node.omitted > 0 ? `+${node.omitted}` : model.isCollapsed(at) ? '▸' : incarnation > 1 ? `×${incarnation}` : '');
  if (said !== '') {
    const face = fontOf(font);
    ctx.font = face;
    ctx.textAlign = 'right';
    ctx.fillStyle = mark === undefined ? palette.muted : palette.warn;
    ctx.fillText(said, right + 2, nameY);
    ctx.textAlign = 'left';
    right -= widthOf(ctx, face, said) + 2;
  }
  if (machine !== '') {
    const face = fontOf(badgeFont);
    const beside = Math.max((right - left) * (1 - NAME_SHARE), right - left - widthOf(ctx, fontOf(font), node.id.slice(0, MOST_MEASURED)) - BADGE_PAD);
    const room = (isBelow ? model.layout.x[at]! + w - PAD - left : beside) - 2 * BADGE_PAD;
    const text = fitted(ctx, face, machine, room);
    const width = widthOf(ctx, face, text) + 2 * BADGE_PAD;
    drawBadge(ctx, palette, text, machine, face, isBelow ? left - 1 : right - width + 2, top + h * (isBelow ? 0.71 : 0.5), width, badgeFont + 4, model.isTurned(at));
    if (!isBelow) right -= width + 2;
  }
  const face = fontOf(font);
  const name = fitted(ctx, face, node.path === '/' ? '/' : node.id, right - left);
  ctx.font = face;
  ctx.fillStyle = state === 'stopped' || state === 'hibernating' ? palette.muted : palette.text;
  ctx.fillText(name, left, nameY);
}

/** A frame in the colour of the state; filled for a moment when the state is another one now. */
function drawBadge(ctx: Context, palette: Palette, text: string, machine: string, face: string, x: number, middle: number, width: number, height: number, isTurned: boolean): void {
  const hue = machineHue(machine);
  const colour = hue === '' ? palette.text : palette[hue];
  ctx.fillStyle = isTurned ? colour : palette.panel;
  ctx.fillRect(x, middle - height / 2, width, height);
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1;
  ctx.strokeRect(x + 0.5, middle - height / 2 + 0.5, width - 1, height - 1);
  ctx.font = face;
  ctx.fillStyle = isTurned ? palette.bg : colour;
  ctx.fillText(text, x + BADGE_PAD, middle + 0.5);
}

const faces = new Map<number, string>();

function fontOf(px: number): string {
  let face = faces.get(px);
  if (face === undefined) faces.set(px, (face = `${px}px system-ui, sans-serif`));
  return face;
}

/** Widths of texts are asked for once; there are as many as there are names. */
const MOST_WIDTHS = 20_000;
const widths = new Map<string, number>();

function widthOf(ctx: Context, face: string, text: string): number {
  const key = `${face} ${text}`;
  let width = widths.get(key);
  if (width === undefined) {
    if (widths.size >= MOST_WIDTHS) widths.clear();
    ctx.font = face;
    width = ctx.measureText(text).width;
    widths.set(key, width);
  }
  return width;
}

/** As much of a text as there is room for, with a sign where something is left out. */
function fitted(ctx: Context, face: string, text: string, room: number): string {
  if (text.length <= MOST_MEASURED && widthOf(ctx, face, text) <= room) return text;
  const whole = text.slice(0, MOST_MEASURED);
  const share = Math.max(0, room) / Math.max(1, widthOf(ctx, face, whole));
  for (let length = Math.min(whole.length - 1, Math.ceil(whole.length * share)); length > 1; length--) {
    const cut = `${whole.slice(0, length)}…`;
    if (widthOf(ctx, face, cut) <= room) return cut;
  }
  return text.slice(0, 1);
}

const MOST_MEASURED = 64;
