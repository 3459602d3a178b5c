import { computed, signal } from '@preact/signals';
import { decodeView, INDICATORS, type IndicatorName, type MarketLayer, type MarketSymbols, type MarketTail, type MarketView } from '../../wire/market.js';
import { ApiError, bytes, get, subscribe } from '../api.js';

/** What part of a market is looked at, and what is known of it. One view is open at a time. */

export interface Span {
  readonly fromUs: number;
  readonly toUs: number;
}

export const symbols = signal<MarketSymbols | null>(null);
export const symbol = signal('');
export const tail = signal<MarketTail | null>(null);
export const span = signal<Span | null>(null);
/** The span as it was when nothing had moved for a moment: what is said in words follows it. */
export const settled = signal<Span | null>(null);
/** The span follows the edge of what is being written. */
export const live = signal(false);
/** Seconds; 0: what fits. */
export const interval = signal(0);
export const asLine = signal(false);
export const allPrices = signal(false);
export const layers = signal<ReadonlySet<MarketLayer>>(new Set<MarketLayer>(['line', 'quotes', 'trades', 'heat', 'liquidations', 'bands', 'marks']));
export const shownIndicators = signal<readonly IndicatorName[]>(['spreadBps', 'obi', 'volatilityRatio']);
/** The last answer; it may be of another span than the one that is looked at, until the next one comes. */
export const view = signal<MarketView | null>(null);
export const problem = signal('');
export const loading = signal(false);
/** What the pointer, or the keyboard, is on. */
export const cursorUs = signal<number | null>(null);

/** A span is never shorter: there is nothing between two microseconds. */
const LEAST_SPAN_US = 20;
const MOST_SPAN_US = 4e15;
const MOST_US = 8e15;
/** What a live edge shows at first. */
const LIVE_SPAN_US = 10 * 60e6;
const WAIT_MS = 60;
/** What is asked for on both sides of the span, as a part of it: to be there when somebody pans. */
const MARGIN = 0.25;

export const whole = computed<Span | null>(() => {
  const { firstUs = 0, lastUs = 0 } = tail.value ?? {};
  if (firstUs === 0) return null;
  const room = Math.max(LEAST_SPAN_US, (lastUs - firstUs) * 0.01);
  return { fromUs: firstUs - room, toUs: lastUs + room };
});

/** Looks at a span, bounded to what makes sense; `following` keeps the live edge. */
export function lookAt(fromUs: number, toUs: number, following = false): void {
  if (!Number.isFinite(fromUs) || !Number.isFinite(toUs)) return;
  const middle = (fromUs + toUs) / 2;
  const size = Math.min(MOST_SPAN_US, Math.max(LEAST_SPAN_US, toUs - fromUs));
  const from = Math.max(-MOST_US, Math.min(MOST_US - size, middle - size / 2));
  span.value = { fromUs: from, toUs: from + size };
  if (!following && live.value && tail.value !== null && from + size < tail.value.lastUs) live.value = false;
  askSoon();
}

/** Zooms by a factor around a moment. */
export function zoom(factor: number, aroundUs?: number): void {
  const now = span.value;
  if (now === null) return;
  const at = aroundUs ?? (live.value ? now.toUs : (now.fromUs + now.toUs) / 2);
  // Out to twice what there is, and no further.
  const most = whole.value === null ? Infinity : 2 * (whole.value.toUs - whole.value.fromUs);
  const size = Math.min((now.toUs - now.fromUs) * factor, Math.max(most, now.toUs - now.fromUs));
  const share = (at - now.fromUs) / (now.toUs - now.fromUs);
  lookAt(at - size * share, at + size * (1 - share));
}

export function pan(share: number): void {
  const now = span.value;
  if (now !== null) lookAt(now.fromUs + (now.toUs - now.fromUs) * share, now.toUs + (now.toUs - now.fromUs) * share);
}

export function reset(): void {
  const all = whole.value;
  if (all !== null) lookAt(all.fromUs, all.toUs, true);
}

export function follow(on: boolean): void {
  live.value = on;
  const now = span.value;
  const edge = tail.value?.lastUs ?? 0;
  if (on && now !== null && edge > 0) lookAt(edge - (now.toUs - now.fromUs) * 0.95, edge + (now.toUs - now.fromUs) * 0.05, true);
}

let widthPx = 800;
let timer: ReturnType<typeof setTimeout> | undefined;
let asking: AbortController | undefined;
let sourceId = '';

export function setWidth(px: number): void {
  const rounded = Math.max(50, Math.min(4000, Math.round(px)));
  if (rounded === widthPx) return;
  widthPx = rounded;
  askSoon();
}

/** Asks for what is looked at when nothing has moved for a moment. */
export function askSoon(): void {
  clearTimeout(timer);
  timer = setTimeout(() => void ask(), WAIT_MS);
}

async function ask(): Promise<void> {
  const now = span.value;
  if (now === null || symbol.value === '' || sourceId === '') return;
  settled.value = now;
  asking?.abort();
  const mine = new AbortController();
  asking = mine;
  loading.value = true;
  const margin = Math.ceil((now.toUs - now.fromUs) * MARGIN);
  try {
    const answer = await bytes('market/view', {
      source: sourceId, symbol: symbol.value, fromUs: Math.floor(now.fromUs) - margin, toUs: Math.ceil(now.toUs) + margin, widthPx: Math.round(widthPx * (1 + 2 * MARGIN)),
      intervalSeconds: interval.value, layers: [...layers.value].join(','), indicators: shownIndicators.value.join(','),
    }, mine.signal);
    if (asking !== mine) return;
    view.value = decodeView(new Uint8Array(answer));
    problem.value = '';
  } catch (error) {
    if (asking !== mine || (error instanceof DOMException && error.name === 'AbortError')) return;
    problem.value = error instanceof ApiError || error instanceof Error ? error.message : String(error);
  }
  loading.value = false;
}

/** Opens a source: its symbols, and then the first of them that trades; `none` says why it has none, where that is known. The result closes it. */
export function openSource(id: string, none = ''): () => void {
  sourceId = id;
  symbols.value = null;
  symbol.value = '';
  problem.value = none;
  let over = false;
  let again: ReturnType<typeof setTimeout> | undefined;
  const list = async (): Promise<void> => {
    try {
      const found = await get<MarketSymbols>('market/symbols', { source: id });
      if (over) return;
      symbols.value = found;
      const { instruments } = found;
      if (symbol.value === '' && instruments.length > 0 && (found.progress.state !== 'reading' || instruments.some(({ trades }) => trades > 0))) {
        selectSymbol((instruments.find(({ trades }) => trades > 0) ?? instruments.find(({ quotes }) => quotes > 0) ?? instruments[0])!.name);
      }
      if (found.progress.state === 'reading') again = setTimeout(() => void list(), 300);
    } catch (error) {
      if (!over) problem.value = error instanceof Error ? error.message : String(error);
    }
  };
  if (none === '') void list();
  return () => {
    over = true;
    clearTimeout(again);
    clearTimeout(timer);
    asking?.abort();
    asking = undefined;
    stopTail?.();
    stopTail = undefined;
    sourceId = '';
    tail.value = null;
    view.value = null;
    span.value = null;
    settled.value = null;
  };
}

let stopTail: (() => void) | undefined;

export function selectSymbol(name: string): void {
  stopTail?.();
  symbol.value = name;
  tail.value = null;
  view.value = null;
  span.value = null;
  settled.value = null;
  live.value = false;
  const source = sourceId;
  stopTail = subscribe<MarketTail>('market.tail', { source, symbol: name }, (told) => {
    if (source !== sourceId || told.symbol !== symbol.value) return;
    hear(told);
  }, (said) => (problem.value = said));
}

/** The live edge has moved, or more has been read. */
function hear(told: MarketTail): void {
  const before = whole.value;
  const was = tail.value;
  tail.value = told;
  const all = whole.value;
  if (all === null) return;
  const now = span.value;
  const short = all.toUs - all.fromUs <= LIVE_SPAN_US;
  if (now === null) {
    live.value = told.progress.growing;
    if (live.value && !short) lookAt(told.lastUs - LIVE_SPAN_US * 0.95, told.lastUs + LIVE_SPAN_US * 0.05, true);
    else lookAt(all.fromUs, all.toUs, true);
    return;
  }
  // Whoever sees everything goes on to see everything, of a live edge until that is more than one wants to see.
  const slack = (now.toUs - now.fromUs) * 0.002;
  const sawAll = before !== null && now.fromUs <= before.fromUs + slack && now.toUs >= before.toUs - slack;
  if (sawAll && (live.value ? short : !told.progress.growing || told.progress.state === 'reading')) lookAt(all.fromUs, all.toUs, true);
  else if (live.value) follow(told.progress.growing);
  else if (was?.version !== told.version && now.toUs > (was?.lastUs ?? 0)) askSoon();
}

export function toggleLayer(layer: MarketLayer): void {
  const next = new Set(layers.value);
  if (!next.delete(layer)) next.add(layer);
  layers.value = next;
  askSoon();
}

export function toggleIndicator(name: IndicatorName): void {
  const shown = shownIndicators.value;
  shownIndicators.value = shown.includes(name) ? shown.filter((one) => one !== name) : INDICATORS.map((one) => one.name).filter((one) => one === name || shown.includes(one));
  askSoon();
}

export function chooseInterval(seconds: number): void {
  interval.value = seconds;
  askSoon();
}
