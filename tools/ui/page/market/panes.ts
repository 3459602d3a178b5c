/** The panes of the chart: price, volume, one an indicator. Each is a uPlot; they share the span and the crosshair. */
import uPlot from 'uplot';
import { INDICATORS, type IndicatorName, type MarketView, type Threshold } from '../../wire/market.js';
import { amountText, timeLabels, valueText } from '../../wire/market-text.js';
import type { Colors } from './colors.js';
import { clipped, drawCandles, drawHeat, drawInstant, drawLiquidations, drawMarks, drawQuotes, drawStrip, drawTint, drawTrades, heatPicture, placeOf } from './draw.js';
import type { Span } from './model.js';

/** What every pane draws from. */
export interface Scene {
  readonly span: Span;
  readonly view: MarketView | null;
  readonly colors: Colors;
  readonly asLine: boolean;
  readonly allPrices: boolean;
  readonly layers: ReadonlySet<string>;
  readonly instantUs: number | null;
}

export interface PaneHooks {
  /** A stretch was drawn out with the pointer. */
  select(fromUs: number, toUs: number): void;
  reset(): void;
  /** The crosshair of this pane moved; undefined: it left. */
  cursor(pane: Pane, index: number | undefined): void;
}

const AXIS_PX = 70;
const FOOTER_PX = 38;
const CHARACTER_PX = 7;
/** Height of a threshold's label. */
const LABEL_PX = 11;
const FONT = '11px system-ui, sans-serif';
/** How far from a point the crosshair still goes to it. */
const SNAP_PX = 24;
export const SYNC = 'market';

const EMPTY: uPlot.AlignedData = [[], []];
const block = (view: MarketView, name: string): Float64Array => view.blocks.get(name) ?? new Float64Array(0);
const orNull = (values: Float64Array, factor = 1): (number | null)[] => Array.from(values, (value) => (Number.isNaN(value) ? null : value * factor));
export const tickOf = (view: MarketView): number => Number(view.head.instrument.tickSize);

/** Least and greatest of what lies in the span, and one point on both sides. */
function extent(t: ArrayLike<number>, { fromUs, toUs }: Span, values: readonly ArrayLike<number | null>[]): readonly [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (let n = 0; n < t.length; n += 1) {
    if ((n + 1 < t.length && t[n + 1] < fromUs) || (n > 0 && t[n - 1] > toUs)) continue;
    for (const column of values) {
      const value = column[n];
      if (value === null || Number.isNaN(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return [low, high];
}

/** Where labels stand that would like to be at `wished`, the lowest first, so that none touches another or leaves the pane. */
function labelPlaces(wished: readonly number[], highest: number, lowest: number, distance: number): readonly number[] {
  const places: number[] = [];
  for (const [at, y] of wished.entries()) places.push(Math.min(y, at === 0 ? lowest : places[at - 1]! - distance));
  for (let at = places.length - 1; at >= 0; at -= 1) places[at] = Math.max(places[at]!, at === places.length - 1 ? highest : places[at + 1]! + distance);
  return places;
}

export abstract class Pane {
  readonly root = document.createElement('div');
  /** Set by `mount`. */
  chart!: uPlot;
  readonly #label = document.createElement('div');
  readonly #title: string;
  readonly #footer: boolean;
  readonly #hooks: PaneHooks;
  protected scene: Scene;
  #shown: MarketView | null | undefined;
  #shownAsLine = false;
  /** Nothing is known of the span: an axis would be made up. */
  #isEmpty = true;

  constructor(title: string, scene: Scene, footer: boolean, hooks: PaneHooks) {
    this.scene = scene;
    this.#title = title;
    this.#footer = footer;
    this.#hooks = hooks;
    this.root.className = 'market-pane';
    this.#label.className = 'market-label';
    this.#label.textContent = title;
  }

  /** Makes the chart; apart from the constructor because uPlot asks for what only the whole pane knows. */
  mount(size: { readonly width: number; readonly height: number }): this {
    const footer = this.#footer;
    const hooks = this.#hooks;
    const title = this.#title;
    const color = (name: keyof Colors) => (): string => this.scene.colors[name];
    const axis: uPlot.Axis = { stroke: color('muted'), font: FONT, grid: { stroke: color('line'), width: 0.5 }, ticks: { show: false } };
    this.chart = new uPlot({
      ...size,
      pxAlign: false,
      legend: { show: false },
      padding: [4, 12, footer ? 0 : 2, 0],
      cursor: {
        sync: { key: SYNC, setSeries: false, scales: ['x', null] },
        drag: { x: true, y: false, setScale: false },
        points: { size: 6, fill: color('text') },
        bind: {
          dblclick: () => () => {
            hooks.reset();
            return null;
          },
        },
        move: (chart, left, top) => [snapped(chart, left), top],
      },
      scales: { x: { time: false, range: () => [this.scene.span.fromUs, this.scene.span.toUs] }, y: { range: () => this.#range() } },
      axes: [
        {
          ...axis, size: footer ? FOOTER_PX : 0,
          splits: (chart, _axis, fromUs, toUs) => [...timeLabels(fromUs, toUs, chart.bbox.width / devicePixelRatio, CHARACTER_PX).at],
          values: footer ? (chart) => [...timeLabels(this.scene.span.fromUs, this.scene.span.toUs, chart.bbox.width / devicePixelRatio, CHARACTER_PX).texts] : () => [],
        },
        { ...axis, size: AXIS_PX, values: (_chart, splits) => splits.map((value) => (this.#isEmpty ? '' : this.axisText(value))) },
      ],
      series: this.series(color),
      bands: this.bands(),
      hooks: {
        drawClear: [() => this.paintBelow()],
        draw: [() => {
          if ((this.chart.cursor.left ?? -1) < 0) this.#label.textContent = this.#titleText();
          this.paintAbove();
          const { instantUs, colors } = this.scene;
          if (instantUs !== null) drawInstant(placeOf(this.chart), instantUs, colors);
        }],
        setSelect: [(chart) => {
          const { left, width } = chart.select;
          if (width < 4) return;
          const fromUs = chart.posToVal(left, 'x');
          const toUs = chart.posToVal(left + width, 'x');
          chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          hooks.select(fromUs, toUs);
        }],
        setCursor: [(chart) => {
          const { idx, left = -1 } = chart.cursor;
          const index = left < 0 || idx === null ? undefined : idx;
          this.#label.textContent = index === undefined ? this.#titleText() : `${title}  ${this.valueAt(index)}`;
          hooks.cursor(this, index);
        }],
      },
    }, EMPTY, this.root);
    this.root.append(this.#label);
    return this;
  }

  /** Draws the scene; data is taken over only when it is new. */
  show(scene: Scene): void {
    this.scene = scene;
    if (scene.view !== this.#shown || scene.asLine !== this.#shownAsLine) {
      this.#shown = scene.view;
      this.#shownAsLine = scene.asLine;
      this.prepare();
      this.chart.setData(scene.view === null ? EMPTY : this.data(scene.view), false);
    }
    this.chart.setScale('x', { min: scene.span.fromUs, max: scene.span.toUs });
  }

  /** Colours or layers have changed. */
  repaint(scene: Scene): void {
    this.scene = scene;
    this.prepare();
    this.chart.redraw();
  }

  resize(width: number, height: number): void {
    if (width !== this.chart.width || height !== this.chart.height) this.chart.setSize({ width, height });
  }

  destroy(): void {
    this.chart.destroy();
    this.root.remove();
  }

  /** What the pane says of its point `index`. */
  abstract valueAt(index: number): string;
  protected abstract data(view: MarketView): uPlot.AlignedData;
  protected abstract range(): readonly [number, number];
  protected abstract series(color: (name: keyof Colors) => () => string): uPlot.Series[];
  protected axisText(value: number): string {
    return valueText(value);
  }
  protected bands(): uPlot.Band[] {
    return [];
  }
  protected prepare(): void {}
  protected paintBelow(): void {}
  protected paintAbove(): void {}

  #titleText(): string {
    return this.#isEmpty && this.scene.view !== null ? `${this.#title}: nothing is known of this stretch` : this.#title;
  }

  #range(): [number, number] {
    const [low, high] = this.range();
    this.#isEmpty = !(low <= high);
    if (this.#isEmpty) return [0, 1];
    const margin = low === high ? Math.max(Math.abs(low) * 0.001, 1e-9) : (high - low) * 0.06;
    return [low - margin, high + margin];
  }
}

/** The crosshair goes to the nearest point that is seen. */
function snapped(chart: uPlot, left: number): number {
  if (left < 0) return left;
  const at = chart.data[0][chart.posToIdx(left)];
  if (at === undefined) return left;
  const point = chart.valToPos(at, 'x');
  return Math.abs(point - left) <= SNAP_PX && point >= 0 && point <= chart.over.clientWidth ? point : left;
}

export class PricePane extends Pane {
  #heat: HTMLCanvasElement | undefined;

  valueAt(index: number): string {
    const { view, asLine } = this.scene;
    if (view === null) return '';
    const { tickSize } = view.head.instrument;
    if (asLine) return amountText(block(view, 'lineP')[index] ?? NaN, tickSize);
    return ['O', 'H', 'L', 'C'].map((name) => `${name} ${amountText(block(view, `candle${name}`)[index] ?? NaN, tickSize)}`).join('  ');
  }

  protected override axisText(value: number): string {
    const decimals = this.scene.view?.head.instrument.tickSize.split('.')[1]?.length ?? 2;
    return Math.abs(value) >= 1e9 ? value.toExponential(3) : value.toFixed(Math.min(decimals, 8));
  }

  protected data(view: MarketView): uPlot.AlignedData {
    const tick = tickOf(view);
    if (this.scene.asLine || block(view, 'candleT').length === 0) return [block(view, 'lineT'), orNull(block(view, 'lineP'), tick)];
    const half = view.head.intervalSeconds * 0.5e6;
    return [block(view, 'candleT').map((us) => us + half), block(view, 'candleC').map((ticks) => ticks * tick)];
  }

  protected range(): readonly [number, number] {
    const { view, span, allPrices } = this.scene;
    if (view?.head.range === null || view === null) return [NaN, NaN];
    const { low, high, leastLow, mostHigh } = view.head.range;
    const half = view.head.intervalSeconds * 0.5e6;
    const candles = extent(block(view, 'candleT').map((us) => us + half), span, [block(view, 'candleL'), block(view, 'candleH')]);
    const quotes = extent(block(view, 'quoteT'), span, [block(view, 'bidLow'), block(view, 'askHigh')]);
    const [least, most] = allPrices ? [leastLow, mostHigh] : [low, high];
    const tick = tickOf(view);
    const within = (value: number): number => Math.min(most, Math.max(least, value)) * tick;
    const [from, to] = [Math.min(candles[0], quotes[0]), Math.max(candles[1], quotes[1])];
    return from <= to ? [within(from), within(to)] : [low * tick, high * tick];
  }

  protected series(color: (name: keyof Colors) => () => string): uPlot.Series[] {
    return [{}, { stroke: () => (this.#isLine ? color('accent')() : 'transparent'), width: 1.25, points: { show: false } }];
  }

  get #isLine(): boolean {
    const { view, asLine } = this.scene;
    return view !== null && (asLine || block(view, 'candleT').length === 0);
  }

  protected override prepare(): void {
    const { view, colors } = this.scene;
    this.#heat = view === null ? undefined : heatPicture(view, colors);
  }

  protected override paintBelow(): void {
    const { view, colors, layers } = this.scene;
    if (view === null) return;
    const place = placeOf(this.chart);
    if (layers.has('bands')) drawTint(place, view.head.bands, colors);
    if (layers.has('heat') && this.#heat !== undefined) drawHeat(place, view, this.#heat, tickOf(view));
  }

  protected override paintAbove(): void {
    const { view, colors, layers, asLine } = this.scene;
    if (view === null) return;
    const place = placeOf(this.chart);
    const tick = tickOf(view);
    if (layers.has('quotes')) drawQuotes(place, view, tick, colors);
    if (!asLine) drawCandles(place, view, tick, colors);
    if (layers.has('trades')) drawTrades(place, view, tick, colors);
    if (layers.has('liquidations')) drawLiquidations(place, view, tick, colors);
    drawMarks(place, view, tick, colors);
    if (layers.has('bands')) drawStrip(place, view.head.bands, view.head.pauses, colors);
  }
}

export class VolumePane extends Pane {
  valueAt(index: number): string {
    const { view } = this.scene;
    if (view === null) return '';
    const { lotSize } = view.head.instrument;
    return `bought ${amountText(block(view, 'candleBuy')[index] ?? NaN, lotSize)}  sold ${amountText(block(view, 'candleSell')[index] ?? NaN, lotSize)}`;
  }

  protected data(view: MarketView): uPlot.AlignedData {
    const half = view.head.intervalSeconds * 0.5e6;
    const lot = Number(view.head.instrument.lotSize);
    const sold = block(view, 'candleSell');
    return [block(view, 'candleT').map((us) => us + half), block(view, 'candleBuy').map((lots, n) => (lots + sold[n]) * lot)];
  }

  protected range(): readonly [number, number] {
    const [, high] = extent(this.chart.data[0], this.scene.span, [this.chart.data[1] as (number | null)[]]);
    return [0, high > 0 ? high : NaN];
  }

  protected series(): uPlot.Series[] {
    return [{}, { stroke: 'transparent', points: { show: false } }];
  }

  protected override paintAbove(): void {
    const { view, colors } = this.scene;
    if (view === null) return;
    const place = placeOf(this.chart);
    const t = block(view, 'candleT');
    const [bought, sold] = [block(view, 'candleBuy'), block(view, 'candleSell')];
    const lot = Number(view.head.instrument.lotSize);
    const intervalUs = view.head.intervalSeconds * 1e6;
    const wide = Math.max(1, Math.min((place.x(intervalUs) - place.x(0)) * 0.7, 24 * place.ratio));
    clipped(place, (ctx) => {
      const base = place.y(0);
      for (let n = 0; n < t.length; n += 1) {
        const middle = place.x(t[n] + intervalUs / 2);
        if (middle < place.left - wide || middle > place.left + place.width + wide) continue;
        const top = place.y(sold[n] * lot);
        ctx.fillStyle = colors.bad;
        ctx.fillRect(middle - wide / 2, top, wide, base - top);
        const all = place.y((sold[n] + bought[n]) * lot);
        ctx.fillStyle = colors.good;
        ctx.fillRect(middle - wide / 2, all, wide, top - all);
      }
    });
  }
}

export class IndicatorPane extends Pane {
  readonly #name: IndicatorName;

  constructor(name: IndicatorName, scene: Scene, footer: boolean, hooks: PaneHooks) {
    const { title, unit } = INDICATORS.find((one) => one.name === name)!;
    super(unit === '' ? title : `${title} (${unit})`, scene, footer, hooks);
    this.#name = name;
  }

  valueAt(index: number): string {
    const { view } = this.scene;
    if (view === null) return '';
    const [low, high] = [block(view, `${this.#name}.low`)[index] ?? NaN, block(view, `${this.#name}.high`)[index] ?? NaN];
    return low === high ? valueText(low) : `${valueText(low)} to ${valueText(high)}`;
  }

  protected data(view: MarketView): uPlot.AlignedData {
    return [block(view, 'indicatorT'), orNull(block(view, `${this.#name}.high`)), orNull(block(view, `${this.#name}.low`))];
  }

  protected range(): readonly [number, number] {
    const [t = [], high = [], low = []] = this.chart.data as unknown as (number[] | undefined)[];
    const [from, to] = extent(t, this.scene.span, [low, high]);
    // Nothing is known: the lines alone say what would matter.
    if (!(from <= to)) {
      const values = this.#thresholds().map(({ value }) => value);
      return values.length === 0 ? [NaN, NaN] : [Math.min(0, ...values), Math.max(0, ...values)];
    }
    const near = Math.max(to - from, Math.abs(to) * 0.5, 1e-9) * 1.5;
    const lines = this.#thresholds().map(({ value }) => value).filter((value) => value >= from - near && value <= to + near);
    return [Math.min(from, ...lines), Math.max(to, ...lines)];
  }

  protected series(color: (name: keyof Colors) => () => string): uPlot.Series[] {
    return [{}, { stroke: color('accent'), width: 1, points: { show: false } }, { stroke: color('accent'), width: 1, points: { show: false } }];
  }

  protected override bands(): uPlot.Band[] {
    return [{ series: [1, 2], fill: () => `${this.scene.colors.accent}40` }];
  }

  protected override paintBelow(): void {
    const { view, colors, layers } = this.scene;
    if (view !== null && layers.has('bands')) drawTint(placeOf(this.chart), view.head.bands, colors);
  }

  protected override paintAbove(): void {
    const { colors } = this.scene;
    const place = placeOf(this.chart);
    clipped(place, (ctx) => {
      ctx.font = `${10 * place.ratio}px system-ui, sans-serif`;
      ctx.textAlign = 'right';
      const thresholds = [...this.#thresholds()].sort((one, other) => one.value - other.value);
      const places = labelPlaces(thresholds.map(({ value }) => place.y(value) - 3 * place.ratio), place.top + LABEL_PX * place.ratio, place.top + place.height - 3 * place.ratio, (LABEL_PX + 1) * place.ratio);
      for (const [at, { value, says }] of thresholds.entries()) {
        const y = place.y(value);
        const above = y < place.top;
        const below = y > place.top + place.height;
        ctx.strokeStyle = colors.warn;
        ctx.lineWidth = place.ratio;
        ctx.setLineDash([4 * place.ratio, 4 * place.ratio]);
        ctx.beginPath();
        ctx.moveTo(place.left, y);
        ctx.lineTo(place.left + place.width, y);
        ctx.stroke();
        const text = `${says} ${valueText(value)}${above ? ' ↑' : below ? ' ↓' : ''}`;
        const textY = places[at]!;
        const width = ctx.measureText(text).width;
        ctx.globalAlpha = 0.75;
        ctx.fillStyle = colors.bg;
        ctx.fillRect(place.left + place.width - width - 6 * place.ratio, textY - 9 * place.ratio, width + 4 * place.ratio, LABEL_PX * place.ratio);
        ctx.globalAlpha = 1;
        ctx.fillStyle = colors.warn;
        ctx.fillText(text, place.left + place.width - 4 * place.ratio, textY);
      }
      ctx.setLineDash([]);
    });
  }

  #thresholds(): readonly Threshold[] {
    return this.scene.view?.head.thresholds.filter(({ indicator }) => indicator === this.#name) ?? [];
  }
}
