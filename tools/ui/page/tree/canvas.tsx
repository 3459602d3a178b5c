import { useEffect, useRef } from 'preact/hooks';
import { path, source } from '../state.js';
import { theme } from '../theme.js';
import { approach, type Camera, fit, reveal, zoomAt } from './camera.js';
import { drawAll, drawSome, type Scene } from './draw.js';
import { nodeAt, type NodeSize } from './layout.js';
import { Minimap } from './minimap.js';
import { drawMotion } from './motion.js';
import { type Palette, readPalette } from './palette.js';
import type { TreeSession } from './session.js';
import { figureText, timeText } from './text.js';

/** After the camera came to rest, texts are drawn again. */
const REST_MS = 120;
/** Thickness of lines follows rates so often where nothing is to move. */
const STILL_MS = 1_000;
const CLICK_PX = 5;
const WHEEL = 0.0015;

/** The drawing: a resting layer, and above it one that moves. What is in it is also in the outline, for whoever cannot see it. */
export function TreeCanvas({ session }: { readonly session: TreeSession }) {
  const base = useRef<HTMLCanvasElement>(null);
  const motion = useRef<HTMLCanvasElement>(null);
  const map = useRef<HTMLCanvasElement>(null);
  const tip = useRef<HTMLDivElement>(null);
  const drawing = useRef<Drawing | null>(null);
  useEffect(() => {
    const one = new Drawing(session, base.current!, motion.current!, map.current!, tip.current!);
    drawing.current = one;
    return () => one.close();
  }, [session]);
  // Read here, so that the drawing hears of what changes.
  const selected = path.value;
  const shown = theme.value;
  useEffect(() => drawing.current?.select(selected), [selected]);
  useEffect(() => drawing.current?.recolour(), [shown]);
  return (
    <div class="tree-canvas">
      <canvas ref={base} aria-hidden="true" />
      <canvas ref={motion} aria-hidden="true" class="tree-motion" />
      <canvas ref={map} aria-hidden="true" class="tree-map" hidden />
      <div ref={tip} class="tree-tip" aria-hidden="true" hidden />
      <div class="tree-zoom">
        <button type="button" aria-label="Zoom in" onClick={() => drawing.current?.zoom(1.4)}>+</button>
        <button type="button" aria-label="Zoom out" onClick={() => drawing.current?.zoom(1 / 1.4)}>−</button>
        <button type="button" aria-label="fit the whole tree" onClick={() => drawing.current?.fit()}>fit</button>
      </div>
    </div>
  );
}

class Drawing {
  readonly #session: TreeSession;
  readonly #base: HTMLCanvasElement;
  readonly #motion: HTMLCanvasElement;
  readonly #map: Minimap;
  readonly #tip: HTMLElement;
  readonly #baseContext: CanvasRenderingContext2D;
  readonly #motionContext: CanvasRenderingContext2D;
  readonly #closing = new AbortController();
  readonly #observer: ResizeObserver;
  readonly #reduced = matchMedia('(prefers-reduced-motion: reduce)');
  readonly #pointers = new Map<number, { x: number; y: number }>();
  readonly #camera: Camera = { x: -16, y: -16, scale: 1 };
  #goal: Camera | null = null;
  #palette: Palette;
  #width = 1;
  #height = 1;
  #pixelRatio = 1;
  #dirty = new Int32Array(0);
  #drawnStructure = -1;
  #drawnPaint = -1;
  #stale = true;
  #movedMs = -Infinity;
  #wasDraft = false;
  #stillMs = 0;
  #hadMotion = false;
  #fitted = false;
  #size: NodeSize | null = null;
  /** Source, root and life that the camera was set for. */
  #shown = '';
  #frame = 0;
  #lastMs = 0;
  #tickMs = 0;
  #draggedPx = 0;

  constructor(session: TreeSession, base: HTMLCanvasElement, motion: HTMLCanvasElement, map: HTMLCanvasElement, tip: HTMLElement) {
    this.#session = session;
    this.#tip = tip;
    this.#base = base;
    this.#motion = motion;
    this.#baseContext = base.getContext('2d', { alpha: false })!;
    this.#motionContext = motion.getContext('2d')!;
    this.#palette = readPalette(base);
    this.#observer = new ResizeObserver(() => this.#resize());
    this.#observer.observe(base.parentElement!);
    const { signal } = this.#closing;
    this.#map = new Minimap(map, (x, y) => {
      this.#goal = null;
      Object.assign(this.#camera, { x: x - this.#width / this.#camera.scale / 2, y: y - this.#height / this.#camera.scale / 2 });
      this.#moved();
    }, signal);
    const on = <K extends keyof HTMLElementEventMap>(type: K, listener: (event: HTMLElementEventMap[K]) => void): void => base.parentElement!.addEventListener(type, listener, { signal, passive: false });
    on('wheel', (event) => this.#wheel(event));
    on('pointerdown', (event) => this.#down(event));
    on('pointermove', (event) => this.#move(event));
    on('pointerleave', () => (this.#tip.hidden = true));
    on('pointerup', (event) => this.#up(event));
    on('pointercancel', (event) => void this.#pointers.delete(event.pointerId));
    on('dblclick', (event) => this.#toggle(event));
    matchMedia('(prefers-color-scheme: light)').addEventListener('change', () => this.recolour(), { signal });
    this.#reduced.addEventListener('change', () => (this.#stale = true), { signal });
    this.#frame = requestAnimationFrame((nowMs) => this.#draw(nowMs));
  }

  close(): void {
    cancelAnimationFrame(this.#frame);
    this.#observer.disconnect();
    this.#closing.abort();
  }

  recolour(): void {
    this.#palette = readPalette(this.#base);
    this.#stale = true;
  }

  select(at: string): void {
    this.#stale = true;
    const { model } = this.#session;
    const index = model.indexOf(at);
    if (index < 0 || model.layout.shown[index] === 0) return;
    const x = model.layout.x[index]!;
    const y = model.layout.y[index]!;
    const goal = reveal(this.#camera, this.#width, this.#height, x, y, x + model.layout.size.w, y + model.layout.size.h);
    if (goal !== this.#camera) this.#goTo(goal);
  }

  zoom(factor: number): void {
    this.#goTo(zoomAt(this.#goal ?? this.#camera, this.#width / 2, this.#height / 2, factor));
  }

  fit(): void {
    const { layout } = this.#session.model;
    this.#goTo(fit(this.#width, this.#height, layout.width, layout.height));
  }

  #goTo(goal: Camera): void {
    if (this.#reduced.matches) {
      Object.assign(this.#camera, goal);
      this.#moved();
    } else {
      this.#goal = goal;
    }
  }

  #draw(nowMs: number): void {
    this.#frame = requestAnimationFrame((next) => this.#draw(next));
    const { model } = this.#session;
    const passedMs = Math.min(100, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    if (nowMs - this.#tickMs > 500) {
      this.#tickMs = nowMs;
      model.tick(nowMs);
    }
    // A moment that is over is of no life: it is looked at from where one was.
    const key = `${source.peek()} ${this.#session.rootPath.peek()}${model.shape.life === 0 ? '' : ` ${model.shape.life}`}`;
    if (model.count > 0 && !this.#shown.startsWith(key)) {
      this.#fitted = false;
      this.#shown = key;
    }
    // Nodes of another size stand elsewhere: nothing is where it was.
    if (model.layout.size !== this.#size) this.#fitted = false;
    this.#size = model.layout.size;
    if (!this.#fitted && model.count > 0 && this.#width > 1) {
      this.#fitted = true;
      Object.assign(this.#camera, fit(this.#width, this.#height, model.layout.width, model.layout.height));
      this.#stale = true;
    }
    if (this.#goal !== null) {
      if (approach(this.#camera, this.#goal, passedMs)) this.#goal = null;
      this.#moved();
    }
    this.#drawBase(nowMs);
    // What moves is drawn every frame while there is any, and once more to wipe the last of it away.
    if (this.#reduced.matches) {
      if (this.#hadMotion) clear(this.#motionContext);
      this.#hadMotion = false;
    } else {
      this.#hadMotion = drawMotion(this.#motionContext, model, this.#camera, this.#palette, this.#width, this.#height, this.#pixelRatio, nowMs);
    }
  }

  #drawBase(nowMs: number): void {
    const { model } = this.#session;
    const isDraft = nowMs - this.#movedMs < REST_MS;
    if (this.#reduced.matches && nowMs - this.#stillMs > STILL_MS) {
      this.#stillMs = nowMs;
      this.#stale = true;
    }
    const all = this.#stale || this.#drawnStructure !== model.structure || this.#drawnPaint !== model.paint || (this.#wasDraft && !isDraft);
    if (this.#dirty.length < model.count) this.#dirty = new Int32Array(model.count);
    const count = model.takeDirty(this.#dirty);
    if (!all && count === 0) return;
    const scene: Scene = {
      model, palette: this.#palette, camera: this.#camera, width: this.#width, height: this.#height, pixelRatio: this.#pixelRatio, selected: path.value, isDraft, isStill: this.#reduced.matches,
    };
    if (!all) {
      drawSome(this.#baseContext, scene, this.#dirty, count);
      return;
    }
    this.#drawnStructure = model.structure;
    this.#drawnPaint = model.paint;
    this.#wasDraft = isDraft;
    this.#stale = false;
    // For whoever cannot see the drawing, such as a test: how many pixels of the screen one of it is, once it stands.
    if (this.#fitted && this.#goal === null) {
      this.#base.dataset['scale'] = this.#camera.scale.toFixed(3);
      this.#base.dataset['origin'] = `${Math.round(this.#camera.x)} ${Math.round(this.#camera.y)}`;
    }
    drawAll(this.#baseContext, scene);
    this.#map.draw(scene);
  }

  #moved(): void {
    this.#movedMs = performance.now();
    this.#stale = true;
  }

  #resize(): void {
    const { width, height } = this.#base.parentElement!.getBoundingClientRect();
    this.#width = Math.max(1, Math.floor(width));
    this.#height = Math.max(1, Math.floor(height));
    this.#pixelRatio = Math.min(2, devicePixelRatio || 1);
    for (const canvas of [this.#base, this.#motion]) {
      canvas.width = Math.round(this.#width * this.#pixelRatio);
      canvas.height = Math.round(this.#height * this.#pixelRatio);
      canvas.style.width = `${this.#width}px`;
      canvas.style.height = `${this.#height}px`;
    }
    this.#stale = true;
  }

  #at({ clientX, clientY }: { readonly clientX: number; readonly clientY: number }): { readonly x: number; readonly y: number } {
    const { left, top } = this.#base.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  }

  #nodeUnder(event: MouseEvent): number {
    const { x, y } = this.#at(event);
    return nodeAt(this.#session.model.layout, this.#camera.x + x / this.#camera.scale, this.#camera.y + y / this.#camera.scale);
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const { x, y } = this.#at(event);
    // A line of a mouse wheel is some 16 pixels of a touchpad.
    const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : 1);
    this.#goal = null;
    if (event.shiftKey) Object.assign(this.#camera, { x: this.#camera.x + pixels / this.#camera.scale });
    else Object.assign(this.#camera, zoomAt(this.#camera, x, y, Math.exp(-pixels * WHEEL)));
    this.#moved();
  }

  #down(event: PointerEvent): void {
    if (event.target instanceof HTMLButtonElement) return;
    this.#base.parentElement!.setPointerCapture(event.pointerId);
    if (this.#pointers.size === 0) this.#draggedPx = 0;
    this.#pointers.set(event.pointerId, this.#at(event));
  }

  #move(event: PointerEvent): void {
    const before = this.#pointers.get(event.pointerId);
    if (before === undefined) {
      this.#point(event);
      return;
    }
    this.#tip.hidden = true;
    const now = this.#at(event);
    this.#goal = null;
    const others = [...this.#pointers].filter(([id]) => id !== event.pointerId);
    const other = others[0]?.[1];
    if (other !== undefined) {
      const spread = Math.hypot(now.x - other.x, now.y - other.y) / Math.max(1, Math.hypot(before.x - other.x, before.y - other.y));
      Object.assign(this.#camera, zoomAt(this.#camera, (now.x + other.x) / 2, (now.y + other.y) / 2, spread));
      this.#draggedPx = CLICK_PX + 1;
    }
    const share = other === undefined ? 1 : 0.5;
    this.#camera.x -= ((now.x - before.x) * share) / this.#camera.scale;
    this.#camera.y -= ((now.y - before.y) * share) / this.#camera.scale;
    this.#draggedPx += Math.abs(now.x - before.x) + Math.abs(now.y - before.y);
    this.#pointers.set(event.pointerId, now);
    this.#moved();
  }

  /** What is under the pointer, in words. */
  #point(event: PointerEvent): void {
    const { model } = this.#session;
    const at = this.#nodeUnder(event);
    const node = model.node(at);
    this.#tip.hidden = node === undefined || event.pointerType === 'touch';
    if (this.#tip.hidden) return;
    const machine = model.machineOf(at);
    const turn = model.turnOf(node!.path);
    this.#tip.textContent = [node!.path, model.stateOf(at), machine === '' ? '' : `machine in ${machine}`, turn === undefined ? '' : `${turn.from} → ${turn.to} at ${timeText(turn.atUs)}`, figureText(model, at)].filter((text) => text !== '').join('\n');
    const { x, y } = this.#at(event);
    this.#tip.style.left = `${Math.max(0, Math.min(x + 12, this.#width - this.#tip.offsetWidth - 4))}px`;
    this.#tip.style.top = `${Math.max(0, Math.min(y + 16, this.#height - this.#tip.offsetHeight - 4))}px`;
  }

  #up(event: PointerEvent): void {
    if (!this.#pointers.delete(event.pointerId) || this.#draggedPx > CLICK_PX) return;
    const node = this.#session.model.node(this.#nodeUnder(event));
    if (node !== undefined) path.value = node.path;
  }

  #toggle(event: MouseEvent): void {
    const { model } = this.#session;
    const at = this.#nodeUnder(event);
    if (at >= 0 && model.children[at]!.length > 0) this.#session.toggle(model.node(at)!.path);
  }
}

function clear(context: CanvasRenderingContext2D): void {
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, context.canvas.width, context.canvas.height);
}
