import { signal } from '@preact/signals';
import type { Mark, MarketView } from '../../wire/market.js';
import { amountText, durationText, timeText, valueText } from '../../wire/market-text.js';
import { markText } from './chart.js';
import { settled, shownIndicators, view } from './model.js';

/** Rows of a table; who wants more zooms in. */
const MOST_ROWS = 100;

const open = signal(false);

/** What the chart shows, as tables: for who cannot see it, and for exact figures. */
export function Tables({ onMark }: { readonly onMark: (mark: Mark) => void }) {
  const shown = view.value;
  const looked = settled.value;
  return (
    <details class="market-tables" open={open.value} onToggle={(event) => (open.value = event.currentTarget.open)}>
      <summary>As tables</summary>
      {open.value && shown !== null && looked !== null ? <All view={shown} fromUs={looked.fromUs} toUs={looked.toUs} onMark={onMark} /> : null}
    </details>
  );
}

interface Shown {
  readonly view: MarketView;
  readonly fromUs: number;
  readonly toUs: number;
}

function All({ view: shown, fromUs, toUs, onMark }: Shown & { readonly onMark: (mark: Mark) => void }) {
  const marks = shown.head.marks.filter(({ atUs }) => atUs >= fromUs && atUs <= toUs);
  const bands = shown.head.bands.filter((band) => band.toUs > fromUs && band.fromUs < toUs);
  return (
    <div class="market-table-list">
      {marks.length === 0 ? null : (
        <table>
          <caption>{caption('Orders, fills, trades', marks.length)}</caption>
          <thead><tr><th scope="col">time (UTC)</th><th scope="col">what</th><th scope="col">id</th><th scope="col"><span class="visually-hidden">go there</span></th></tr></thead>
          <tbody>
            {marks.slice(0, MOST_ROWS).map((mark) => (
              <tr key={`${mark.decision} ${mark.kind}`}>
                <td>{timeText(mark.atUs)}</td><td>{markText(mark, shown)}</td><td>{mark.id}</td>
                <td><button type="button" aria-label={`go there: ${mark.kind} ${mark.id} at ${timeText(mark.atUs)}`} onClick={() => onMark(mark)}>go there</button></td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {bands.length === 0 ? null : (
        <table>
          <caption>{caption('Detector', bands.length)}</caption>
          <thead><tr><th scope="col">from (UTC)</th><th scope="col">for</th><th scope="col">state</th><th scope="col">because</th></tr></thead>
          <tbody>{bands.slice(0, MOST_ROWS).map((band) => <tr key={`${band.decision} ${band.fromUs}`}><td>{timeText(band.fromUs)}</td><td>{durationText(band.toUs - band.fromUs)}</td><td>{band.state}</td><td>{band.reason}</td></tr>)}</tbody>
        </table>
      )}
      <Extremes view={shown} fromUs={fromUs} toUs={toUs} />
      <Candles view={shown} fromUs={fromUs} toUs={toUs} />
    </div>
  );
}

const caption = (what: string, count: number): string => (count > MOST_ROWS ? `${what}, the first ${MOST_ROWS} of ${count}: zoom in to see the others` : what);

/** Least and greatest of each indicator that is shown, with its thresholds. */
function Extremes({ view: { head, blocks }, fromUs, toUs }: Shown) {
  const t = blocks.get('indicatorT');
  if (t === undefined) return null;
  const extreme = (name: string, better: (a: number, b: number) => boolean): readonly [string, string] => {
    const values = blocks.get(name);
    let found = -1;
    for (let n = 0; values !== undefined && n < t.length; n += 1) {
      if (t[n] < fromUs || t[n] > toUs || Number.isNaN(values[n])) continue;
      if (found < 0 || better(values[n], values[found])) found = n;
    }
    return found < 0 ? ['–', ''] : [valueText(values![found]), timeText(t[found])];
  };
  return (
    <table>
      <caption>Indicators</caption>
      <thead><tr><th scope="col">indicator</th><th scope="col">least</th><th scope="col">at</th><th scope="col">greatest</th><th scope="col">at</th><th scope="col">thresholds</th></tr></thead>
      <tbody>
        {shownIndicators.value.map((name) => {
          const [least, leastAt] = extreme(`${name}.low`, (a, b) => a < b);
          const [greatest, greatestAt] = extreme(`${name}.high`, (a, b) => a > b);
          const lines = head.thresholds.filter(({ indicator }) => indicator === name).map(({ says, value }) => `${says} ${valueText(value)}`).join('; ');
          return <tr key={name}><th scope="row">{name}</th><td class="number">{least}</td><td>{leastAt}</td><td class="number">{greatest}</td><td>{greatestAt}</td><td>{lines}</td></tr>;
        })}
      </tbody>
    </table>
  );
}

function Candles({ view: { head, blocks }, fromUs, toUs }: Shown) {
  const t = blocks.get('candleT')!;
  const rows = [...t.keys()].filter((n) => t[n] + head.intervalSeconds * 1e6 > fromUs && t[n] < toUs);
  const price = (name: string, n: number): string => amountText(blocks.get(`candle${name}`)![n], head.instrument.tickSize);
  const lots = (name: string, n: number): string => amountText(blocks.get(`candle${name}`)![n], head.instrument.lotSize);
  return (
    <table>
      <caption>{caption(`Candles of ${durationText(head.intervalSeconds * 1e6)}`, rows.length)}</caption>
      <thead><tr>{['begin (UTC)', 'open', 'high', 'low', 'close', 'bought', 'sold', 'trades'].map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
      <tbody>
        {rows.slice(0, MOST_ROWS).map((n) => (
          <tr key={t[n]}>
            <td>{timeText(t[n])}</td>{['O', 'H', 'L', 'C'].map((name) => <td key={name} class="number">{price(name, n)}</td>)}
            <td class="number">{lots('Buy', n)}</td><td class="number">{lots('Sell', n)}</td><td class="number">{blocks.get('candleN')![n]}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
