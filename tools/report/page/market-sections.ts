import { STATES } from '../episodes.js';
import type { RunReport } from '../facts.js';
import { stateChart } from './charts.js';
import { html, type Markup } from './html.js';
import { dataTable, section } from './tables.js';
import { clockText, countText, percentText, spanText, timeText } from './words.js';

/** Rows that a picture of states holds. */
const MOST_SYMBOLS = 40;

export function states(report: RunReport): Markup {
  const { symbols } = report;
  const shown = symbols.slice(0, MOST_SYMBOLS);
  const all = [...new Set([...STATES, ...symbols.flatMap(({ secondsInState }) => Object.keys(secondsInState))])].filter((state) => symbols.some(({ secondsInState }) => (secondsInState[state] ?? 0) > 0));
  return section('states', 'States', shown.length === 0 ? html`<p>Its symbols are not known.</p>` : [
    html`<ul class="key" aria-label="Colours of the states">${STATES.map((state) => html`<li><svg viewBox="0 0 12 12" aria-hidden="true"><rect class="state ${state.toLowerCase()}" width="12" height="12"/></svg>${state}</li>`)}</ul>`,
    stateChart('states-chart', report, shown),
    symbols.length > shown.length && html`<p class="muted">${countText(symbols.length - shown.length)} more symbols are not drawn.</p>`,
    dataTable('Time in each state', [{ title: 'symbol' }, { title: 'venue', kind: 't' as const }, ...all.map((title) => ({ title, kind: 'n' as const }))], symbols.slice(0, 500).map(({ name, venue, secondsInState }) => [name, venue, ...all.map((state) => spanText((secondsInState[state] ?? 0) * 1e6))]), Math.max(0, symbols.length - 500)),
  ]);
}

/** Rows of detections on the page. */
const MOST_EPISODES = 500;

export function detection({ episodes, episodesOmitted }: RunReport): Markup {
  const truth = episodes.some(({ lateUs }) => lateUs !== null);
  return section('detection', 'Detection', episodes.length === 0 ? html`<p>Nothing but calm: no detector woke.</p>` : [
    dataTable('From waking to sleeping again', [
      { title: 'began' }, { title: 'symbol', kind: 't' }, { title: 'trigger', kind: 'w' }, { title: 'votes', kind: 't' }, ...(truth ? [{ title: 'after the true start', kind: 'n' as const }] : []),
      { title: 'reached', kind: 't' }, { title: 'to ACTIVE', kind: 'n' }, { title: 'then to the first order', kind: 'n' }, { title: 'best score', kind: 'n' }, { title: 'done', kind: 'w' }, { title: 'ended', kind: 'w' },
    ], episodes.slice(0, MOST_EPISODES).map((episode) => [
      timeText(episode.beganUs), episode.symbol, `${episode.rule === '' ? '' : `${episode.rule}: `}${episode.trigger}`, episode.votes, ...(truth ? [episode.lateUs === null ? '–' : spanText(episode.lateUs)] : []),
      episode.reached, episode.activeAfterUs === null ? 'never' : spanText(episode.activeAfterUs), episode.orderAfterUs === null ? '–' : spanText(episode.orderAfterUs),
      episode.bestScore === null ? '–' : `${episode.bestScore.toFixed(1)}${episode.bar === null ? '' : ` of ${episode.bar}`}`,
      `${countText(episode.entries)} entries, ${countText(episode.refused)} refused, ${countText(episode.trades)} trades closed`,
      episode.endedUs === null ? episode.endReason : `${clockText(episode.endedUs)} after ${spanText(episode.endedUs - episode.beganUs)}: ${episode.endReason}`,
    ]), episodesOmitted + Math.max(0, episodes.length - MOST_EPISODES)),
    html`<p class="muted">Times are by the clock of the run: from the record that woke the detector on. “To ACTIVE” is from there to the state that lets strategies enter${truth ? '; the true start is what the generator of the market wrote beside its tape' : ''}.</p>`,
  ]);
}

export function refusals({ refusals: { rows, other, count } }: RunReport): Markup {
  return section('refused', 'Refused entries', count === 0 ? html`<p>No candidate was refused.</p>` : dataTable(`Candidates that were refused: ${countText(count)}`, [
    { title: 'reason' }, { title: 'by', kind: 't' }, { title: 'count', kind: 'n' }, { title: 'share', kind: 'n' }, { title: 'first', kind: 't' }, { title: 'last', kind: 't' },
  ], rows.map((row) => [row.reason, row.by, countText(row.count), percentText(row.count / count), timeText(row.firstUs), timeText(row.lastUs)]), other));
}
