import type { AssetReport, RunReport } from '../facts.js';
import { LEAST_DAYS, LEAST_TRADES } from '../statistics.js';
import { barChart, lineChart, type ChartMark } from './charts.js';
import { html, type Content, type Markup } from './html.js';
import { cards, dataTable, section } from './tables.js';
import { countText, percentText, ratioText, spanText, timeText } from './words.js';

/** An amount with its sign said and shown. */
function signed(amount: string, asset = ''): Markup {
  const tone = amount.startsWith('-') ? 'bad' : /[1-9]/.test(amount) ? 'good' : '';
  return html`<span class="${tone}">${tone === 'good' ? '+' : ''}${amount}${asset === '' ? '' : ` ${asset}`}</span>`;
}

export function headline(report: RunReport): Markup {
  return section('figures', 'Figures', [
    report.assets.map((asset) => [report.assets.length > 1 && html`<h3>${asset.asset}</h3>`, assetCards(report, asset)]),
    cards([
      ['Entries', countText(report.entries), `${countText(report.refusals.count)} candidates refused`],
      ['Fills', countText(report.fills)],
      ['Exposure', spanText(report.exposedUs), `${percentText(report.endUs > report.startUs ? report.exposedUs / (report.endUs - report.startUs) : null)} of the run with a position`],
      ['Detections', countText(report.episodes.length + report.episodesOmitted), `${countText(report.episodes.filter(({ reached }) => reached === 'ACTIVE' || reached === 'SHUTDOWN').length)} became ACTIVE`],
      ['Decisions', countText(report.decisions.count)],
      ['Market records', report.market === null ? '–' : countText(report.market.records)],
    ]),
    report.manifest.kind !== 'engine' || report.manifest.mode === 'paper' ? html`<p class="muted">Fills are simulated: they are no promise of what a venue would have given.</p>` : null,
  ]);
}

function assetCards({ endUs }: RunReport, { asset, start, end, change, returnShare, deepest, closed, fees, funding, sharpeOfTrades, annualSharpe }: AssetReport): Markup {
  return cards([
    ['P&L net of fees', signed(closed?.net ?? '0', asset), 'closed trades'],
    ['Equity', `${end} ${asset}`, `from ${start}; ${change.startsWith('-') ? '' : '+'}${change} with what is open`],
    ['Return', html`<span class="${(returnShare ?? 0) < 0 ? 'bad' : ''}">${percentText(returnShare, true)}</span>`],
    ['Max drawdown', deepest === null ? 'none' : `${percentText(deepest.share)}`, deepest === null ? undefined : `${deepest.amount} ${asset}, ${timeText(deepest.peakUs)} to ${timeText(deepest.troughUs)}, ${deepest.recoveredUs === null ? 'not recovered' : `recovered after ${spanText(Math.min(endUs, deepest.recoveredUs) - deepest.troughUs)}`}`],
    ['Trades', countText(closed?.trades ?? 0), closed === null ? undefined : `${countText(closed.winners)} won, ${countText(closed.losers)} lost`],
    ['Win rate', percentText(closed?.winRate ?? null)],
    ['Profit factor', ratioText(closed?.profitFactor ?? null), closed !== null && closed.profitFactor === null ? 'no trade lost' : 'gross profit by gross loss'],
    ['Expectancy', closed?.expectancy === null || closed === null ? '–' : signed(closed.expectancy), `${asset} a trade`],
    ['Average win', closed?.averageWin ?? '–', closed?.best === null || closed === null ? undefined : `best ${closed.best}`],
    ['Average loss', closed?.averageLoss ?? '–', closed?.worst === null || closed === null ? undefined : `worst ${closed.worst}`],
    ['Fees', fees, asset],
    ['Funding', funding ?? '–', funding === null ? 'not told' : `${asset}, as the exchange booked it`],
    sharpeOfTrades === null ? null : ['Sharpe of trades', ratioText(sharpeOfTrades), `mean by deviation of results; ${LEAST_TRADES} trades or more; not annualised`],
    annualSharpe === null ? null : ['Sharpe, annualised', ratioText(annualSharpe), `daily equity, ${LEAST_DAYS} days or more`],
  ]);
}

export function equity(report: RunReport): Markup {
  const { assets, trades } = report;
  return section('equity', 'Equity', assets.map((asset, n) => {
    const marks = trades.rows.filter(({ settle }) => settle === asset.asset).slice(0, MOST_MARKS).map((trade): ChartMark => {
      const atUs = Date.parse(trade.exitAt) * 1000;
      return { atUs, value: nearest(asset.curve, atUs), kind: trade.netPnl.startsWith('-') ? 'bad' : 'good', title: `${trade.symbol} ${trade.side} closed: ${trade.netPnl} ${trade.settle}` };
    });
    return [
      html`<h3>Equity in ${asset.asset}, open positions at the last trade price</h3>`,
      lineChart(`equity-${n}`, `Equity in ${asset.asset}`, report, asset.curve, { unit: asset.asset, steps: true, marks }),
      html`<h3>Drawdown from the highest equity before</h3>`,
      lineChart(`drawdown-${n}`, `Drawdown in ${asset.asset}`, report, asset.drawdowns, { unit: asset.asset, fill: 0, steps: true, percent: true, height: 130, tone: 'bad' }),
    ];
  }));
}

/** Circles that a chart holds and stays readable. */
const MOST_MARKS = 300;

function nearest(curve: AssetReport['curve'], atUs: number): number {
  let low = 0;
  let high = curve.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (curve[middle]!.atUs <= atUs) low = middle;
    else high = middle - 1;
  }
  return curve[low]?.value ?? 0;
}

export function tradeSections(report: RunReport): Markup {
  const { trades, assets, holds, open, manifest } = report;
  const hint = manifest.kind === 'engine' ? 'faultline report --csv FILE writes them all' : 'trades.csv in the run’s folder has them all';
  const charts: Content = trades.count === 0 ? null : [
    assets.map(({ asset, results }, n) => results !== null && [html`<h3>Results of closed trades, ${asset}</h3>`, barChart(`results-${n}`, `Distribution of results in ${asset}`, results, asset, true)]),
    holds !== null && [html`<h3>How long positions were held, seconds</h3>`, barChart('holds', 'Distribution of holding times', holds, 's', false)],
  ];
  return section('trades', 'Trades', [
    trades.count === 0 ? html`<p>No trade was closed.</p>` : charts,
    trades.count > 0 && dataTable(`Closed trades, net of fees: ${countText(trades.count)}`, [
      { title: 'entry' }, { title: 'symbol', kind: 't' }, { title: 'side' }, { title: 'lots', kind: 'n' }, { title: 'entry price', kind: 'n' }, { title: 'exit price', kind: 'n' }, { title: 'held', kind: 'n' },
      { title: 'why in', kind: 't' }, { title: 'why out', kind: 't' }, { title: 'fees', kind: 'n' }, { title: 'net', kind: 'n' }, { title: 'asset' },
    ], trades.rows.map((trade) => [
      trade.entryAt.replace('T', ' ').slice(0, 23), trade.symbol, trade.side, countText(trade.quantityLots), trade.entryPrice, trade.exitPrice, spanText(trade.holdMs * 1000),
      trade.entryReason, trade.exitReason, trade.fees, signed(trade.netPnl), trade.settle,
    ]), trades.omitted, hint),
    open.length > 0 && dataTable('Still open at the end, valued at the last trade price', [
      { title: 'since' }, { title: 'symbol', kind: 't' }, { title: 'side' }, { title: 'lots', kind: 'n' }, { title: 'entry price', kind: 'n' }, { title: 'unrealised', kind: 'n' }, { title: 'asset' },
    ], open.map((position) => [timeText(position.sinceUs), position.symbol, position.side, countText(position.openLots), position.entryPrice, position.unrealised === null ? 'no price' : signed(position.unrealised), position.settle])),
  ]);
}
