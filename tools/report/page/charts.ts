import { isoUs } from '../../replay/time.js';
import type { CurvePoint } from '../curve.js';
import type { StateSpan } from '../episodes.js';
import { niceAbove, type Histogram } from '../statistics.js';
import { html, Markup, type Content } from './html.js';
import { axisText, clockText, spanText, timeText } from './words.js';

const WIDTH = 760;
const LEFT = 76;
const RIGHT = 12;
const TOP = 10;
const BOTTOM = 26;

export interface TimeSpan {
  readonly startUs: number;
  readonly endUs: number;
}

/** Marks on a chart: something that happened at a time and a value. */
export interface ChartMark {
  readonly atUs: number;
  readonly value: number;
  readonly kind: 'good' | 'bad' | 'plain';
  readonly title: string;
}

const fixed = (value: number): string => String(Math.round(value * 10) / 10);

/** Ticks of an axis at round values, some `wanted` of them. */
export function axisTicks(low: number, high: number, wanted: number): { readonly step: number; readonly at: readonly number[] } {
  const step = niceAbove((high - low) / wanted);
  const at: number[] = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n += 1) at.push(n * step);
  return { step, at };
}

const SECONDS = [0.001, 0.01, 0.1, 0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 240, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 1_209_600, 2_592_000];

function timeTicks({ startUs, endUs }: TimeSpan, wanted: number): { readonly us: number; readonly text: string }[] {
  const seconds = (endUs - startUs) / 1e6;
  const step = SECONDS.find((one) => one >= seconds / wanted) ?? Math.ceil(seconds / wanted / 86_400) * 86_400;
  const ticks = [];
  for (let us = Math.ceil(startUs / (step * 1e6)) * step * 1e6; us <= endUs; us += step * 1e6) {
    const iso = isoUs(us);
    ticks.push({ us, text: step >= 86_400 ? iso.slice(5, 10) : step >= 60 ? iso.slice(11, 16) : step >= 1 ? iso.slice(11, 19) : iso.slice(14, 23) });
  }
  return ticks;
}

const xOf = ({ startUs, endUs }: TimeSpan) => (us: number): number => LEFT + ((us - startUs) / Math.max(1, endUs - startUs)) * (WIDTH - LEFT - RIGHT);

function timeAxis(span: TimeSpan, height: number): Content {
  const x = xOf(span);
  return timeTicks(span, 7).map(({ us, text }) => html`<line class="grid" x1="${fixed(x(us))}" x2="${fixed(x(us))}" y1="${TOP}" y2="${height - BOTTOM}"/><text class="tick" x="${fixed(x(us))}" y="${height - 8}" text-anchor="${x(us) > WIDTH - 40 ? 'end' : 'middle'}">${text}</text>`);
}

/** A picture with its words for those who do not see it; scrolls sideways where the page is narrow. */
function figure(id: string, title: string, description: string, height: number, content: Content): Markup {
  return html`<div class="chart" tabindex="0" role="group" aria-label="${title}"><svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="${id}-t ${id}-d"><title id="${id}-t">${title}</title><desc id="${id}-d">${description}</desc>${content}</svg></div>
`;
}

/** A curve over time. `steps`: the value holds until the next point. `fill`: the surface to this value is filled. */
export function lineChart(id: string, title: string, span: TimeSpan, points: readonly CurvePoint[], { unit, fill, steps = false, percent = false, height = 200, marks = [], tone = 'accent' }: {
  readonly unit: string; readonly fill?: number; readonly steps?: boolean; readonly percent?: boolean; readonly height?: number; readonly marks?: readonly ChartMark[]; readonly tone?: 'accent' | 'bad';
}): Markup {
  let [low, high] = [fill ?? Infinity, fill ?? -Infinity];
  for (const { value } of [...points, ...marks]) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return html`<p class="muted">${title}: nothing to draw.</p>`;
  const extremes = [low, high] as const;
  if (low === high) [low, high] = [low - (Math.abs(low) / 1000 || 1), high + (fill === high ? 0 : Math.abs(high) / 1000 || 1)];
  const { step, at } = axisTicks(low, high, 4);
  const x = xOf(span);
  const y = (value: number): number => TOP + ((high - value) / (high - low)) * (height - TOP - BOTTOM);
  const label = (value: number): string => (percent ? `${axisText(value * 100, step * 100)} %` : axisText(value, step));
  const path = points.map(({ atUs, value }, n) => (n === 0 ? `M${fixed(x(atUs))} ${fixed(y(value))}` : steps ? `H${fixed(x(atUs))}V${fixed(y(value))}` : `L${fixed(x(atUs))} ${fixed(y(value))}`)).join('');
  const surface = fill === undefined || points.length === 0 ? null : html`<path class="surface ${tone}" d="${path}V${fixed(y(fill))}H${fixed(x(points[0]!.atUs))}Z"/>`;
  const value = (of: number): string => (percent ? `${(of * 100).toFixed(3)} %` : `${Number(of.toPrecision(12))} ${unit}`);
  const description = `From ${timeText(span.startUs)} to ${timeText(span.endUs)} UTC, between ${value(extremes[0])} and ${value(extremes[1])}; at the end ${value(points.at(-1)?.value ?? NaN)}.`;
  return figure(id, title, description, height, [
    timeAxis(span, height),
    at.map((tick) => html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${fixed(y(tick))}" y2="${fixed(y(tick))}"/><text class="tick" x="${LEFT - 6}" y="${fixed(y(tick) + 4)}" text-anchor="end">${label(tick)}</text>`),
    surface, html`<path class="line ${tone}" d="${path}"/>`,
    marks.map((mark) => html`<circle class="mark ${mark.kind}" cx="${fixed(x(mark.atUs))}" cy="${fixed(y(mark.value))}" r="4"><title>${mark.title}</title></circle>`),
  ]);
}

/** Bars of a distribution; where it has both signs, those below 0 in the colour of losses. */
export function barChart(id: string, title: string, { edges, counts }: Histogram, unit: string, signed: boolean): Markup {
  const height = 180;
  const most = Math.max(...counts);
  const { step, at } = axisTicks(0, most, Math.min(4, most));
  const width = (WIDTH - LEFT - RIGHT) / counts.length;
  const edgeStep = edges[1]! - edges[0]!;
  const y = (count: number): number => TOP + (1 - count / most) * (height - TOP - BOTTOM);
  const every = Math.ceil(edges.length / 9);
  return figure(id, title, `${counts.reduce((sum, count) => sum + count, 0)} trades in ${counts.length} bins from ${axisText(edges[0]!, edgeStep)} to ${axisText(edges.at(-1)!, edgeStep)} ${unit}.`, height, [
    at.map((tick) => html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${fixed(y(tick))}" y2="${fixed(y(tick))}"/><text class="tick" x="${LEFT - 6}" y="${fixed(y(tick) + 4)}" text-anchor="end">${axisText(tick, step)}</text>`),
    counts.map((count, bin) => count > 0 && html`<rect class="bar ${signed && edges[bin]! < -edgeStep / 1e6 ? 'bad' : signed ? 'good' : 'accent'}" x="${fixed(LEFT + bin * width + 1)}" y="${fixed(y(count))}" width="${fixed(Math.max(1, width - 2))}" height="${fixed(height - BOTTOM - y(count))}"><title>${`${axisText(edges[bin]!, edgeStep)} to ${axisText(edges[bin + 1]!, edgeStep)} ${unit}: ${count}`}</title></rect>`),
    edges.map((edge, n) => n % every === 0 && html`<text class="tick" x="${fixed(LEFT + n * width)}" y="${height - 8}" text-anchor="${n === edges.length - 1 ? 'end' : 'middle'}">${axisText(edge, edgeStep)}</text>`),
  ]);
}

const BAND: Readonly<Record<string, number>> = { SLEEP: 6, RECOVERY: 12, ALERT: 18, ACTIVE: 26, SHUTDOWN: 26 };
const ROW = 64;
/** Narrower than a pixel nothing is seen: what follows within it is drawn with it. */
const LEAST_PIXELS = 0.75;

/** A row a symbol: its price, and below it its detector's state. */
export function stateChart(id: string, span: TimeSpan, symbols: readonly { readonly name: string; readonly spans: readonly StateSpan[]; readonly prices: readonly CurvePoint[] }[]): Markup {
  const height = TOP + symbols.length * ROW + BOTTOM;
  const x = xOf(span);
  const words = symbols.map(({ name, spans }) => `${name}: ${spans.slice(0, 12).map(({ state, fromUs }) => `${state} from ${clockText(fromUs)}`).join(', ')}${spans.length > 12 ? ' …' : ''}`).join('. ');
  return figure(id, 'States of the detectors over time, with prices', words, height, [
    timeAxis(span, height),
    symbols.map(({ name, spans, prices }, row) => {
      const top = TOP + row * ROW;
      const base = top + ROW - 8;
      return html`<text class="tick name" x="4" y="${top + 22}">${name.length > 11 ? `${name.slice(0, 10)}…` : name}</text>${priceLine(prices, x, top + 2, ROW - 40)}${merged(spans, x).map(({ state, from, to, title }) => {
        const tall = BAND[state] ?? 10;
        return html`<rect class="state ${/^[A-Z]+$/.test(state) ? state.toLowerCase() : 'sleep'}" x="${fixed(from)}" y="${base - tall}" width="${fixed(Math.max(LEAST_PIXELS, to - from))}" height="${tall}"><title>${`${name} ${title}`}</title></rect>`;
      })}`;
    }),
  ]);
}

function merged(spans: readonly StateSpan[], x: (us: number) => number): { state: string; from: number; to: number; title: string }[] {
  const drawn: { state: string; from: number; to: number; title: string }[] = [];
  for (const { state, fromUs, toUs } of spans) {
    const last = drawn.at(-1);
    const [from, to] = [x(fromUs), x(toUs)];
    if (last !== undefined && to - last.from < LEAST_PIXELS) {
      if ((BAND[state] ?? 0) > (BAND[last.state] ?? 0)) last.state = state;
      last.to = to;
    } else drawn.push({ state, from, to, title: `${state} from ${timeText(fromUs)} for ${spanText(toUs - fromUs)}` });
  }
  return drawn;
}

function priceLine(prices: readonly CurvePoint[], x: (us: number) => number, top: number, height: number): Content {
  if (prices.length < 2) return null;
  let [low, high] = [Infinity, -Infinity];
  for (const { value } of prices) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const y = (value: number): number => top + (high === low ? 0.5 : (high - value) / (high - low)) * height;
  return html`<path class="line thin" d="${prices.map(({ atUs, value }, n) => `${n === 0 ? 'M' : 'L'}${fixed(x(atUs))} ${fixed(y(value))}`).join('')}"/>`;
}
