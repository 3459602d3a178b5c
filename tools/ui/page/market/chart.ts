/** The chart as a whole: its panes in one column, what pointer, wheel, touch and keys do to them, and the tip at the crosshair. */
import type { Mark, MarketView } from '../../wire/market.js';
import { amountText, timeText } from '../../wire/market-text.js';
import { readColors } from './colors.js';
import { markPlace, placeOf } from './draw.js';
import { lookAt, pan, reset, setWidth, zoom } from './model.js';
import { IndicatorPane, type Pane, type PaneHooks, PricePane, type Scene, tickOf, VolumePane } from './panes.js';

export type ChartState = Omit<Scene, 'colors'> & { readonly indicators: readonly string[] };

const VOLUME_PX = 84;
const INDICATOR_PX = 96;
const FOOTER_PX = 38;
const LEAST_PRICE_PX = 220;
/** What the view shows above and below the chart. */
const BESIDES_PX = 120;
/** How near a mark the pointer is to be. */
const NEAR_PX = 9;
const WHEEL = 0.0016;

export class MarketChart {
  readonly #root: HTMLElement;
  readonly #tip = document.createElement('div');
  readonly #onMark: (mark: Mark) => void;
  readonly #onCursor: (us: number | null) => void;
  readonly #watch: ResizeObserver;
  readonly #touches = new Map<number, number>();
  readonly #around: Element | null;
  #panes: Pane[] = [];
  #made = '';
  #state: ChartState;
  #scene: Scene;
  #frame = 0;
  #repaint = false;

  constructor(root: HTMLElement, state: ChartState, onMark: (mark: Mark) => void, onCursor: (us: number | null) => void) {
    this.#root = root;
    this.#state = state;
    this.#scene = { ...state, colors: readColors() };
    this.#onMark = onMark;
    this.#onCursor = onCursor;
    this.#tip.className = 'market-tip';
    this.#tip.hidden = true;
    this.#watch = new ResizeObserver(() => this.#later());
    this.#watch.observe(root);
    // Its height is what the view around it leaves.
    this.#around = root.closest('main');
    if (this.#around !== null) this.#watch.observe(this.#around);
    root.addEventListener('wheel', this.#onWheel, { passive: false });
    root.addEventListener('pointerdown', this.#onPointer);
    root.addEventListener('pointermove', this.#onPointer);
    root.addEventListener('pointerup', this.#onPointer);
    root.addEventListener('pointercancel', this.#onPointer);
    root.addEventListener('click', this.#onClick);
    root.addEventListener('keydown', this.#onKey);
    this.#later();
  }

  show(state: ChartState): void {
    this.#repaint ||= state.layers !== this.#state.layers || state.instantUs !== this.#state.instantUs || state.allPrices !== this.#state.allPrices;
    this.#state = state;
    this.#later();
  }

  /** The theme has changed. */
  recolor(): void {
    this.#scene = { ...this.#scene, colors: readColors() };
    this.#repaint = true;
    this.#later();
  }

  /** Puts the crosshair on the next or the last point that is seen; without one on the last. */
  step(by: 1 | -1): void {
    const { chart } = this.#panes[0];
    const [t] = chart.data;
    const { fromUs, toUs } = this.#state.span;
    let index = chart.cursor.left !== undefined && chart.cursor.left >= 0 && chart.cursor.idx !== null && chart.cursor.idx !== undefined ? chart.cursor.idx + by : t.length - 1;
    while (index >= 0 && index < t.length && t[index] > toUs) index -= 1;
    const us = t[index];
    if (us === undefined || us < fromUs || us > toUs) return;
    const value = (chart.data[1] as (number | null)[])[index];
    chart.setCursor({ left: chart.valToPos(us, 'x'), top: value === null ? 10 : chart.valToPos(value, 'y') });
  }

  destroy(): void {
    cancelAnimationFrame(this.#frame);
    this.#watch.disconnect();
    for (const pane of this.#panes) pane.destroy();
    this.#panes = [];
    this.#root.removeEventListener('wheel', this.#onWheel);
    for (const type of ['pointerdown', 'pointermove', 'pointerup', 'pointercancel'] as const) this.#root.removeEventListener(type, this.#onPointer);
    this.#root.removeEventListener('click', this.#onClick);
    this.#root.removeEventListener('keydown', this.#onKey);
    this.#tip.remove();
  }

  /** Whatever happened since the last frame is drawn once. */
  #later(): void {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw(): void {
    const { indicators, ...rest } = this.#state;
    this.#scene = { ...rest, colors: this.#scene.colors };
    const width = Math.max(120, Math.floor(this.#root.clientWidth));
    const room = Math.floor(this.#around?.clientHeight ?? 700) - BESIDES_PX;
    const below = VOLUME_PX + indicators.length * INDICATOR_PX;
    const heights = [Math.max(LEAST_PRICE_PX, room - below - FOOTER_PX), VOLUME_PX, ...indicators.map(() => INDICATOR_PX)];
    heights[heights.length - 1] += FOOTER_PX;
    const key = indicators.join(' ');
    if (this.#panes.length === 0 || key !== this.#made) {
      this.#made = key;
      this.#make(indicators, width, heights);
    }
    setWidth(Math.max(50, width - 82));
    for (const [n, pane] of this.#panes.entries()) {
      pane.resize(width, heights[n]);
      if (this.#repaint) pane.repaint(this.#scene);
      pane.show(this.#scene);
    }
    this.#repaint = false;
  }

  #make(indicators: readonly string[], width: number, heights: readonly number[]): void {
    for (const pane of this.#panes) pane.destroy();
    const hooks: PaneHooks = {
      select: (fromUs, toUs) => lookAt(fromUs, toUs),
      reset,
      cursor: (pane, index) => {
        if (pane === this.#panes[0]) this.#tell(index);
      },
    };
    this.#panes = [
      new PricePane('price', this.#scene, false, hooks), new VolumePane('volume', this.#scene, indicators.length === 0, hooks),
      ...indicators.map((name, n) => new IndicatorPane(name as never, this.#scene, n === indicators.length - 1, hooks)),
    ];
    for (const [n, pane] of this.#panes.entries()) {
      this.#root.append(pane.root);
      pane.mount({ width, height: heights[n] });
    }
    this.#panes[0].chart.over.append(this.#tip);
  }

  /** Fills the tip for the point of the price pane, and keeps it inside the plot. */
  #tell(index: number | undefined): void {
    const { chart } = this.#panes[0];
    const { view } = this.#scene;
    const { left = -1, top = -1 } = chart.cursor;
    if (index === undefined || view === null || left < 0) {
      this.#tip.hidden = true;
      this.#onCursor(null);
      return;
    }
    const us = chart.data[0][index];
    this.#onCursor(us ?? null);
    this.#tip.replaceChildren(...this.#lines(view, index, us).map((text) => {
      const line = document.createElement('div');
      line.textContent = text;
      return line;
    }));
    this.#tip.hidden = false;
    const { clientWidth, clientHeight } = chart.over;
    const { offsetWidth, offsetHeight } = this.#tip;
    const right = left + 14;
    const x = right + offsetWidth <= clientWidth ? right : left - 14 - offsetWidth;
    const y = top + 14 + offsetHeight <= clientHeight ? top + 14 : top - 14 - offsetHeight;
    this.#tip.style.transform = `translate(${Math.round(Math.max(0, Math.min(clientWidth - offsetWidth, x)))}px, ${Math.round(Math.max(0, Math.min(clientHeight - offsetHeight, y)))}px)`;
  }

  #lines(view: MarketView, index: number, us: number | undefined): string[] {
    const { instrument, bands, intervalSeconds } = view.head;
    const mark = this.#nearestMark();
    const begin = this.#scene.asLine ? us : us === undefined ? undefined : us - intervalSeconds * 0.5e6;
    const lines = [timeText(begin ?? NaN), this.#panes[0].valueAt(index)];
    if (!this.#scene.asLine) lines.push(this.#panes[1].valueAt(index));
    const t = view.blocks.get('quoteT');
    if (t !== undefined && t.length > 0 && us !== undefined) {
      const at = Math.floor(((us - view.head.fromUs) / (view.head.toUs - view.head.fromUs)) * t.length);
      const [bid, ask] = [view.blocks.get('bidHigh')?.[at] ?? NaN, view.blocks.get('askLow')?.[at] ?? NaN];
      if (!Number.isNaN(bid) || !Number.isNaN(ask)) lines.push(`bid ${amountText(bid, instrument.tickSize)}  ask ${amountText(ask, instrument.tickSize)}`);
    }
    const band = us === undefined ? undefined : bands.find(({ fromUs, toUs }) => us >= fromUs && us < toUs);
    if (band !== undefined) lines.push(`${band.state}: ${band.reason}`.slice(0, 120));
    if (mark !== undefined) lines.push(markText(mark, view));
    return lines;
  }

  #nearestMark(): Mark | undefined {
    const { view } = this.#scene;
    const { chart } = this.#panes[0];
    const { event } = chart.cursor;
    if (view === null || event === undefined) return undefined;
    const rect = chart.over.getBoundingClientRect();
    return this.#markAt(view, event.clientX - rect.left, event.clientY - rect.top);
  }

  #markAt(view: MarketView, x: number, y: number): Mark | undefined {
    const { chart } = this.#panes[0];
    const place = placeOf(chart);
    const tick = tickOf(view);
    let nearest: Mark | undefined;
    let least = NEAR_PX;
    for (const mark of view.head.marks) {
      const [markX, markY] = markPlace(place, mark, view, tick);
      const distance = Math.hypot((markX - place.left) / place.ratio - x, (markY - place.top) / place.ratio - y);
      if (distance > least) continue;
      least = distance;
      nearest = mark;
    }
    return nearest;
  }

  /** The moment under a place of the window, or undefined beside the plots. */
  #timeAt(clientX: number): number | undefined {
    const rect = this.#panes[0]?.chart.over.getBoundingClientRect();
    if (rect === undefined || rect.width === 0) return undefined;
    const { fromUs, toUs } = this.#state.span;
    return fromUs + Math.max(0, Math.min(1, (clientX - rect.left) / rect.width)) * (toUs - fromUs);
  }

  readonly #onWheel = (event: WheelEvent): void => {
    event.preventDefault();
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : event.deltaMode === WheelEvent.DOM_DELTA_PAGE ? 400 : 1;
    const [x, y] = [event.deltaX * unit, event.deltaY * unit];
    if (event.shiftKey || Math.abs(x) > Math.abs(y)) pan(((x || y) / Math.max(1, this.#root.clientWidth)));
    // Pinching on a touch pad comes as a wheel with Ctrl, in smaller steps.
    else zoom(Math.exp(Math.max(-600, Math.min(600, y)) * WHEEL * (event.ctrlKey ? 6 : 1)), this.#timeAt(event.clientX));
  };

  /** One finger pans, two pinch; a mouse is uPlot's. */
  readonly #onPointer = (event: PointerEvent): void => {
    if (event.pointerType !== 'touch') return;
    const before = this.#touches.get(event.pointerId);
    if (event.type === 'pointerup' || event.type === 'pointercancel') {
      this.#touches.delete(event.pointerId);
      return;
    }
    if (event.type === 'pointerdown' || before === undefined) {
      if (event.type === 'pointerdown') this.#touches.set(event.pointerId, event.clientX);
      return;
    }
    const width = Math.max(1, this.#panes[0]?.chart.over.clientWidth ?? 1);
    const other = [...this.#touches].find(([id]) => id !== event.pointerId)?.[1];
    if (other === undefined) pan((before - event.clientX) / width);
    else {
      // What is under the finger that rests stays there, and what was under the other one goes with it.
      const [was, is] = [Math.abs(before - other), Math.abs(event.clientX - other)];
      if (was > 8 && is > 8) zoom(was / is, this.#timeAt(other));
    }
    this.#touches.set(event.pointerId, event.clientX);
  };

  readonly #onClick = (event: MouseEvent): void => {
    const { view } = this.#scene;
    const rect = this.#panes[0]?.chart.over.getBoundingClientRect();
    if (view === null || rect === undefined) return;
    const mark = this.#markAt(view, event.clientX - rect.left, event.clientY - rect.top);
    if (mark !== undefined) this.#onMark(mark);
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.shiftKey ? 0.5 : 0.1;
    switch (event.key) {
      case 'ArrowLeft': pan(-step); break;
      case 'ArrowRight': pan(step); break;
      case 'ArrowUp':
      case '+':
      case '=': zoom(1 / 1.5); break;
      case 'ArrowDown':
      case '-':
      case '_': zoom(1.5); break;
      case '[': this.step(-1); break;
      case ']': this.step(1); break;
      default: return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
}

/** A mark in words. */
export function markText({ kind, side, priceTicks, lots, text }: Mark, { head }: MarketView): string {
  const { tickSize, lotSize } = head.instrument;
  return [kind, side, lots > 0 ? amountText(lots, lotSize) : '', priceTicks > 0 ? `at ${amountText(priceTicks, tickSize)}` : '', text].filter((part) => part !== '').join(' ');
}

