import { basename } from 'node:path';
import type { RunReport } from '../facts.js';
import { html, type Content, type Markup } from './html.js';
import { dataTable, pairTable, section } from './tables.js';
import { countText } from './words.js';

export function identity(report: RunReport): Markup {
  const { manifest, decisions, effects, tapes, configDiffers, replayed, own, market, recomputed, trades } = report;
  const code = (text: string): Markup => html`<code>${text}</code>`;
  return section('identity', 'Identity', [
    pairTable('The run', [
      ['id', code(manifest.id)], ['kind, mode', [manifest.kind, manifest.mode].filter((word) => word !== '').join(', ')], ['code', `Faultline ${manifest.code.version} on Node ${manifest.code.node}`],
      ['begun, by the wall', manifest.startedAt], ['ended, by the wall', manifest.endedAt ?? 'has no end'], ['exit', manifest.exit === null ? '–' : `${manifest.exit.code}: ${manifest.exit.reason}`],
      ['process', `${manifest.pid} on ${manifest.host}`], ['configuration', code(manifest.configDigest)], manifest.bootDigest === null ? null : ['boot value', code(manifest.bootDigest)],
      ['decisions', [`${countText(decisions.count)}, digest `, code(decisions.digest), manifest.decisions === null ? ' (reckoned here: run.json says none yet)' : manifest.decisions.digest === decisions.digest ? ', as run.json says' : html`, <strong class="bad">run.json says ${manifest.decisions.digest}</strong>`]],
      effects === null ? null : ['effects', [`${countText(effects.count)}${effects.digest === null ? '' : ', digest '}`, effects.digest === null ? null : code(effects.digest)]],
      ['played', played(report)],
      ['run again', replayed === null ? (manifest.kind === 'engine' ? 'no' : 'faultline live-vs-replay does it') : `${countText(replayed.decisions)} decisions, ${replayed.from === 0 ? 'from the beginning' : `from tape ${replayed.from}, after ${countText(replayed.skipped)} of them`}; digest ${replayed.digest}`],
      ['trades checked', trades.count === 0 ? '–' : `${countText(recomputed)} of ${countText(trades.count)} come to the result that their fills and fees give`],
      own === null ? null : ['inputs', `${countText(own.records)}: ${countText(own.processed)} processed, ${countText(own.gapped)} gapped, ${countText(own.deadLettered)} dead-lettered, ${countText(own.missing)} missing`],
      market === null ? null : ['records by kind', Object.entries(market.kinds).map(([kind, count]) => `${kind} ${countText(count)}`).join(', ')],
    ]),
    dataTable('Tapes', [{ title: 'file' }, { title: 'records', kind: 'n' }, { title: 'digest of the records', kind: 'w' }], tapes.slice(0, MOST_TAPES).map(({ file, records, removed, digest }) => [
      manifest.kind === 'engine' ? file : basename(file), countText(records), removed ? 'not kept any more' : digest === null ? 'not read' : code(digest),
    ]), Math.max(0, tapes.length - MOST_TAPES)),
    configDiffers === null ? html`<p>Its configuration is none of this version: what differs from the defaults cannot be said.</p>`
      : configDiffers.length === 0 ? html`<p>The configuration is the defaults.</p>`
        : dataTable(`What the configuration changes of the defaults: ${countText(configDiffers.length)}`, [{ title: 'key' }, { title: 'default', kind: 'w' }, { title: 'this run', kind: 'w' }], configDiffers.map(({ key, a, b }) => [code(key), valueText(a), valueText(b)])),
  ]);
}

const MOST_TAPES = 500;
const MOST_CHARACTERS = 200;

function played({ manifest: { replay, kind } }: RunReport): Content {
  if (replay === null) return kind === 'engine' ? 'live: the market came over sockets' : '–';
  const { from, to, faults, lanes, partial } = replay;
  return [...(from === null ? [] : [`from ${from}`]), ...(to === null ? [] : [`to ${to}`]), ...(lanes === null ? [] : [`${lanes} lanes`]), ...(partial ? ['a tape that has no end'] : []), ...faults.map((fault) => `fault ${fault}`)].join(', ') || 'the whole tape, without faults';
}

function valueText(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value) ?? '–';
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
}
