import { effect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { INDICATORS, INTERVALS, LAYERS, type Mark, type MarketLayer, type MarketView } from '../../wire/market.js';
import { amountText, durationText, timeText } from '../../wire/market-text.js';
import { viewKeys } from '../help.js';
import { instant, notify, source, sourceInfo } from '../state.js';
import { travelTo } from '../time/session.js';
import { theme } from '../theme.js';
import { MarketChart } from './chart.js';
import {
  allPrices, asLine, chooseInterval, cursorUs, follow, interval, layers, live, loading, openSource, problem, reset, selectSymbol, settled, shownIndicators, span, symbol, symbols, tail,
  toggleIndicator, toggleLayer, view, zoom,
} from './model.js';
import { Tables } from './tables.js';

const LAYER_TITLES: Readonly<Record<MarketLayer, string>> = {
  line: 'line', quotes: 'best quotes', trades: 'trades', heat: 'book heat', liquidations: 'liquidations', bands: 'detector', marks: 'orders and fills', refusals: 'refused entries',
};

const KEYS = [
  { view: 'market', keys: '+ - 0', does: 'zoom in, out, show all; also wheel, two fingers, double click' }, { view: 'market', keys: '← →', does: 'pan; with Shift half a window' },
  { view: 'market', keys: '[ ]', does: 'in the chart: the crosshair to the point before, after' },
];

/** Price with its book, indicators, the detector's states, our orders: of a live engine, a run or a tape. */
export function Market() {
  const id = source.value;
  const info = sourceInfo.value;
  // Known without asking; a process may still say later where it writes.
  const none = info?.kind === 'process' && info.run === null && info.state !== 'starting' ? `${info.name} writes no run, so nobody knows its market: look at an engine, a run, or a tape (faultline ui --tape FILE)` : '';
  useEffect(() => openSource(id, none), [id, none]);
  useEffect(() => {
    if (!viewKeys.includes(KEYS[0]!)) viewKeys.push(...KEYS);
  }, []);
  return (
    <section
      class="market" aria-label="Market"
      onKeyDown={(event) => {
        const typing = event.target instanceof HTMLElement && ['INPUT', 'SELECT', 'TEXTAREA'].includes(event.target.tagName);
        if (event.key !== '0' || typing || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        reset();
      }}
    >
      <Controls />
      <Said />
      {span.value === null ? <Waiting /> : <Chart />}
    </section>
  );
}

function Controls() {
  const instruments = symbols.value?.instruments ?? [];
  return (
    <div class="market-controls">
      <label>
        <span class="market-word">symbol{' '}</span>
        <select value={symbol.value} disabled={instruments.length === 0} onChange={(event) => selectSymbol(event.currentTarget.value)}>
          {instruments.map(({ name }) => <option key={name} value={name}>{name}</option>)}
        </select>
      </label>
      <label>
        <span class="market-word">candles{' '}</span>
        <select value={asLine.value ? 'line' : String(interval.value)} onChange={(event) => {
          const chosen = event.currentTarget.value;
          asLine.value = chosen === 'line';
          chooseInterval(chosen === 'line' ? 0 : Number(chosen));
        }}
        >
          <option value="0">as fits</option>
          {INTERVALS.map(({ name, seconds }) => <option key={name} value={String(seconds)}>{name}</option>)}
          <option value="line">none: a line</option>
        </select>
      </label>
      <span class="market-buttons" role="group" aria-label="Zoom">
        <button type="button" onClick={() => zoom(1 / 2)} aria-label="Zoom in">+</button>
        <button type="button" onClick={() => zoom(2)} aria-label="Zoom out">−</button>
        <button type="button" class="market-reset" onClick={reset} title="0, or a double click">Reset zoom</button>
      </span>
      <button type="button" aria-pressed={live.value} disabled={tail.value?.progress.growing !== true && !live.value} onClick={() => follow(!live.value)}>live</button>
      <details class="market-menu">
        <summary>layers</summary>
        <fieldset>
          <legend class="visually-hidden">Layers</legend>
          {LAYERS.filter((layer) => layer !== 'line').map((layer) => (
            <label key={layer}><input type="checkbox" checked={layers.value.has(layer)} onChange={() => toggleLayer(layer)} /> {LAYER_TITLES[layer]}</label>
          ))}
          <label><input type="checkbox" checked={allPrices.value} onChange={() => (allPrices.value = !allPrices.value)} /> scale to every price</label>
        </fieldset>
      </details>
      <details class="market-menu">
        <summary>indicators</summary>
        <fieldset>
          <legend class="visually-hidden">Indicators</legend>
          {INDICATORS.map(({ name, title }) => (
            <label key={name}><input type="checkbox" checked={shownIndicators.value.includes(name)} onChange={() => toggleIndicator(name)} /> {title}</label>
          ))}
        </fieldset>
      </details>
      <span class="muted" role="status">{statusText()}</span>
    </div>
  );
}

function statusText(): string {
  const { progress } = tail.value ?? symbols.value ?? {};
  if (progress === undefined) return '';
  const share = progress.total === 0 ? 100 : Math.floor((100 * progress.records) / progress.total);
  if (progress.state === 'reading') return progress.newestFromUs > 0 ? `the newest; what was before is being read, ${share} %` : `reading, ${share} %`;
  const shown = view.value?.head.intervalSeconds;
  const wanted = interval.value;
  const coarser = !asLine.value && shown !== undefined && wanted > 0 && shown !== wanted ? `candles of ${durationText(shown * 1e6)}: shorter ones do not fit; ` : '';
  return `${coarser}${loading.value ? 'asking…' : progress.state === 'following' ? 'follows what is written' : ''}`;
}

/** What went wrong, and what a person should know. */
function Said() {
  const notes = tail.value?.progress.notes ?? symbols.value?.progress.notes ?? [];
  const outside = view.value?.head.range?.outside ?? 0;
  const omitted = view.value?.head.marksOmitted ?? 0;
  const all = [
    ...notes,
    ...(outside > 0 && !allPrices.value ? [`${outside} places reach far beyond all other prices and the scale; layers: scale to every price shows them.`] : []),
    ...(omitted > 0 ? [`${omitted} more orders, fills and trades than can be drawn: zoom in to see each.`] : []),
  ];
  return (
    <>
      {problem.value === '' ? null : <p class="bad" role="alert">{problem.value}</p>}
      {all.length === 0 ? null : <details class="market-notes"><summary class="warn">{all.length === 1 ? '1 note' : `${all.length} notes`}</summary><ul>{all.map((note) => <li key={note}>{note}</li>)}</ul></details>}
    </>
  );
}

function Waiting() {
  if (problem.value !== '') return <p class="market-empty">Nothing can be shown of {sourceInfo.value?.name ?? source.value}: choose another source above.</p>;
  const known = symbols.value;
  if (known === null || (known.progress.state === 'reading' && tail.value?.firstUs !== 0)) return <p class="market-empty" role="status">Reading the market of {sourceInfo.value?.name ?? source.value}…</p>;
  if (known.instruments.length === 0) return <p class="market-empty">This source has no symbol.</p>;
  return <p class="market-empty" role="status">There is no market data of {symbol.value === '' ? 'any symbol' : symbol.value} yet. {known.instruments.length > 1 ? 'Choose another symbol above.' : known.progress.state === 'whole' ? 'The tape is empty: choose another source above.' : 'It appears here as soon as it is written.'}</p>;
}

function Chart() {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<MarketChart | null>(null);
  useEffect(() => {
    const state = () => ({
      span: span.value ?? { fromUs: 0, toUs: 1 }, view: view.value, asLine: asLine.value || tooNear(), allPrices: allPrices.value, layers: layers.value, indicators: shownIndicators.value, instantUs: instant.value?.atUs ?? null,
    });
    const made = new MarketChart(place.current!, state(), goTo, (us) => (cursorUs.value = us));
    chart.current = made;
    const stop = effect(() => made.show(state()));
    const stopTheme = effect(() => {
      void theme.value;
      made.recolor();
    });
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const recolor = (): void => made.recolor();
    dark.addEventListener('change', recolor);
    return () => {
      stop();
      stopTheme();
      dark.removeEventListener('change', recolor);
      made.destroy();
    };
  }, []);
  const name = symbol.value;
  return (
    <>
      {view.value === null ? <p class="market-empty" role="status">{`Asking for the market of ${name}…`}</p> : null}
      <div
        class={`market-chart${view.value === null ? ' is-waiting' : ''}`} ref={place} tabIndex={0} role="group" aria-label={`Chart of ${name}`} aria-describedby="market-summary"
        aria-keyshortcuts="ArrowLeft ArrowRight ArrowUp ArrowDown + - 0 [ ]"
      />
      <p class="visually-hidden" aria-live="polite">{cursorText()}</p>
      <Summary />
      <Tables onMark={goTo} />
    </>
  );
}

/** Candles of which so few fit say less than the trades themselves. */
const FEW_CANDLES = 5;

function tooNear(): boolean {
  const looked = span.value;
  const shown = view.value;
  return looked !== null && shown !== null && looked.toUs - looked.fromUs < FEW_CANDLES * shown.head.intervalSeconds * 1e6;
}

/** Takes the whole window to the moment of a decision. */
export function goTo(mark: Mark): void {
  travelTo(mark.decision < 0 ? { atUs: mark.atUs } : { decision: mark.decision });
  notify('info', `to ${timeText(mark.atUs)}: ${mark.kind} ${mark.id}`);
}

/** The point under the crosshair, for who hears the page. */
function cursorText(): string {
  const us = cursorUs.value;
  const shown = view.value;
  if (us === null || shown === null || asLine.value) return '';
  const t = shown.blocks.get('candleT')!;
  const at = t.findLastIndex((begin) => begin <= us);
  return at < 0 ? '' : candleText(shown, at);
}

function candleText({ head, blocks }: MarketView, at: number): string {
  const of = (name: string): string => amountText(blocks.get(`candle${name}`)![at], head.instrument.tickSize);
  return `${timeText(blocks.get('candleT')![at])}: open ${of('O')}, high ${of('H')}, low ${of('L')}, close ${of('C')}`;
}

/** What the chart shows, in words. */
function Summary() {
  const shown = view.value;
  const looked = settled.value;
  if (shown === null || looked === null) return null;
  return <p id="market-summary" class="market-summary muted">{summaryText(shown, looked.fromUs, looked.toUs)}</p>;
}

function summaryText({ head, blocks }: MarketView, fromUs: number, toUs: number): string {
  const t = blocks.get('candleT')!;
  const within = [...t.keys()].filter((n) => t[n] + head.intervalSeconds * 1e6 > fromUs && t[n] < toUs);
  const length = `${head.symbol}, ${durationText(toUs - fromUs)} from ${timeText(Math.max(fromUs, head.firstUs))} UTC.`;
  const states = head.bands.filter((band) => band.toUs > fromUs && band.fromUs < toUs).map(({ state }) => state);
  const detector = states.length === 0 ? '' : ` Detector: ${states.length > 8 ? `${states.slice(0, 8).join(', ')} and ${states.length - 8} more` : states.join(', ')}.`;
  const fills = head.marks.filter(({ kind, atUs }) => kind === 'fill' && atUs >= fromUs && atUs < toUs).length;
  const ours = fills === 0 ? '' : ` ${fills} ${fills === 1 ? 'fill' : 'fills'} of ours.`;
  if (within.length === 0) return `${length} No trades.${detector}${ours}`;
  const [open, high, low, close] = ['O', 'H', 'L', 'C'].map((name) => blocks.get(`candle${name}`)!);
  const price = (ticks: number): string => amountText(ticks, head.instrument.tickSize);
  const best = within.reduce((most, n) => (high[n] > high[most] ? n : most));
  const worst = within.reduce((least, n) => (low[n] < low[least] ? n : least));
  const lots = within.reduce((sum, n) => sum + blocks.get('candleBuy')![n] + blocks.get('candleSell')![n], 0);
  return `${length} Opens at ${price(open[within[0]])}, highest ${price(high[best])} at ${timeText(t[best])}, lowest ${price(low[worst])} at ${timeText(t[worst])}, closes at ${price(close[within.at(-1)!])}; ${amountText(lots, head.instrument.lotSize)} traded.${detector}${ours}`;
}
