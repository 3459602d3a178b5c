import { createHash } from 'node:crypto';
import type { RunReport } from '../facts.js';
import { html, Markup, type Content } from './html.js';
import { identity } from './identity.js';
import { detection, refusals, states } from './market-sections.js';
import { equity, headline, tradeSections } from './money-sections.js';
import { STYLE } from './style.js';
import { incidentSections } from './trouble-sections.js';
import { spanText, timeText } from './words.js';

/** No script, no address outside, no style but the one whose digest is named. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'`;

const PARTS: readonly (readonly [id: string, title: string])[] = [
  ['figures', 'Figures'], ['equity', 'Equity'], ['trades', 'Trades'], ['states', 'States'], ['detection', 'Detection'], ['refused', 'Refused entries'],
  ['guards', 'Guards and breakers'], ['lines', 'Lines and gaps'], ['reconciliation', 'Reconciliation'], ['restarts', 'Restarts'], ['identity', 'Identity'],
];

/** A run's report as one HTML file that needs nothing else. */
export function reportPage(report: RunReport): string {
  const { manifest, standing, notes, startUs, endUs } = report;
  const what = [manifest.kind, manifest.mode].filter((word) => word !== '').join(' ');
  const title = `Run ${manifest.id}, ${what}`;
  const end: Content = standing === 'ended' ? `ended with ${manifest.exit?.code ?? '?'} (${manifest.exit?.reason ?? ''})` : html`<strong class="warn">${standing === 'killed' ? 'killed: it has no end' : 'still going on'}</strong>`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<header>
<h1>Run ${manifest.id}</h1>
<p>${what}, ${timeText(startUs)} to ${timeText(endUs)} UTC by its own clock (${spanText(endUs - startUs)}), ${end}. Faultline ${manifest.code.version} on Node ${manifest.code.node}.</p>
${notes.length > 0 && html`<ul class="notes" aria-label="Notes">${notes.map((note) => html`<li>${note}</li>`)}</ul>`}
</header>
<nav aria-label="Sections"><ul>${PARTS.map(([id, name]) => html`<li><a href="#${id}">${name}</a></li>`)}</ul></nav>
<main>
${[headline(report), equity(report), tradeSections(report), states(report), detection(report), refusals(report), incidentSections(report), identity(report)]}</main>
<footer><p>Made ${report.madeAt} by ${report.madeBy} from ${report.folder}. Times are UTC, by the clock of the run. A file of its own: it loads nothing and runs nothing.</p></footer>
</body>
</html>
`.html;
}
