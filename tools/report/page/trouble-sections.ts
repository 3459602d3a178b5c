import { reasonText } from '../../replay/print-report.js';
import type { RunReport } from '../facts.js';
import type { Incident } from '../incidents.js';
import { html, type Content } from './html.js';
import { dataTable, pairTable, section } from './tables.js';
import { countText, timeText } from './words.js';

const COLUMNS = [{ title: 'time' }, { title: 'who', kind: 't' }, { title: 'what', kind: 't' }, { title: 'detail', kind: 'w' }] as const;

function incidents(caption: string, { rows, omitted }: { readonly rows: readonly Incident[]; readonly omitted: number }): Content {
  return rows.length > 0 && dataTable(`${caption}: ${countText(rows.length + omitted)}`, COLUMNS, rows.map(({ atUs, who, what, detail }) => [timeText(atUs), who, what, detail]), omitted);
}

const orElse = (content: readonly Content[], calm: string): Content => (content.every((part) => part === false || part === null) ? html`<p>${calm}</p>` : content);

export function incidentSections(report: RunReport): Content {
  const { incidents: { guards, breakers, reconciliation, lines, operator, orders }, market, sockets, replayed, own, manifest } = report;
  const isEngine = manifest.kind === 'engine';
  const untold = isEngine && replayed === null ? ' The tree was not run again, so that more may be missing here.' : '';
  return [
    section('guards', 'Guards and breakers', orElse([
      incidents('What guards and risk held or let go', guards), incidents('Breakers and limits', breakers), incidents('Orders in doubt', orders), incidents('Operators and the process', operator),
    ], 'No guard held, no breaker opened, nobody intervened.')),
    section('lines', 'Lines and gaps', orElse([
      sockets.length > 0 && dataTable('Sockets by actor', [{ title: 'actor' }, { title: 'opened', kind: 'n' }, { title: 'ended', kind: 'n' }, { title: 'again', kind: 'n' }, { title: 'bad frames', kind: 'n' }], sockets.map(({ path, opened, closed, failed }) => [path, countText(opened), countText(closed), countText(Math.max(0, opened - 1)), countText(failed)])),
      incidents('Ends, reopenings and private lines', lines), replayed !== null && incidents('Books', replayed.books),
      market !== null && market.gaps.count > 0 && dataTable(`Gaps in the data: ${countText(market.gaps.count)}, ${countText(market.gaps.missing)} ids or records missing`, [
        { title: 'time' }, { title: 'symbol', kind: 't' }, { title: 'stream', kind: 't' }, { title: 'missing', kind: 'n' }, { title: 'last id before', kind: 'n' }, { title: 'first id after', kind: 'n' },
      ], market.gaps.rows.map(({ atUs, symbol, stream, missing, before, after }) => [timeText(atUs), symbol, stream, countText(missing), before === 0 ? '–' : String(before), after === 0 ? '–' : String(after)]), market.gaps.count - market.gaps.rows.length),
    ], 'No gap, no line that broke.')),
    section('reconciliation', 'Reconciliation', [orElse([
      incidents('Freshness of what the exchange says, and what went without an order of ours', reconciliation), replayed !== null && incidents('Differences to the exchange', replayed.differences),
      replayed !== null && replayed.ledger.length > 0 && dataTable('The ledger at the end, sums since the account’s record began', [
        { title: 'product' }, { title: 'asset', kind: 't' }, { title: 'balance', kind: 'n' }, { title: 'fees', kind: 'n' }, { title: 'funding', kind: 'n' }, { title: 'other', kind: 'n' }, { title: 'unexplained', kind: 'n' },
      ], replayed.ledger.map((row) => [row.product, row.asset, row.balance, row.fees, row.funding, row.other, row.unexplained])),
    ], isEngine ? `Nothing differed.${untold}` : 'A replay has no exchange to compare with.')]),
    section('restarts', 'Restarts', [restarts(replayed, own), replayed === null && own === null && html`<p>Not known.${untold}</p>`]),
  ];
}

function restarts(replayed: RunReport['replayed'], own: RunReport['own']): Content {
  const letters = (all: Readonly<Record<string, number>>): string => Object.entries(all).map(([reason, count]) => `${reason} ${countText(count)}`).join(', ') || 'none';
  if (replayed !== null) {
    const { failures, restarts: count, deadLetters, faults } = replayed;
    return [
      failures.rows.length === 0 ? html`<p>No actor ended that was not asked to.</p>` : dataTable(`Actors that ended: ${countText(failures.rows.length + failures.omitted)}`, [
        { title: 'time' }, { title: 'actor', kind: 't' }, { title: 'when', kind: 't' }, { title: 'incarnation', kind: 'n' }, { title: 'cause', kind: 'w' },
      ], failures.rows.map(({ atUs, path, context, incarnation, cause }) => [timeText(atUs), path, context, String(incarnation), cause]), failures.omitted),
      pairTable('Supervision', [['restarts', countText(count)], ['dead letters', letters(deadLetters)], ['throws in effects and hooks', countText(faults)]]),
    ];
  }
  if (own === null) return null;
  return [
    own.restarted.length > 0 && dataTable('Actors that were restarted', [{ title: 'actor' }, { title: 'restarts', kind: 'n' }, { title: 'last cause', kind: 'w' }], own.restarted.map(({ path, restarts: times, lastExit }) => [path, countText(times), lastExit === null ? '' : reasonText(lastExit)])),
    pairTable('Supervision', [
      ['restarts', countText(own.restarts)], ['dead letters', letters(own.deadLetters)], ['throws in effects and hooks', countText(own.faults)],
      own.gaveUp === null ? null : ['the root supervisor gave up', html`<span class="bad">${reasonText(own.gaveUp)}</span>`],
    ]),
  ];
}
