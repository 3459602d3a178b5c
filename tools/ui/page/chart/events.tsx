import type { ChartGeometry, MachineCandidate, MachineEvent } from '../../wire/chart.js';
import { ValueTree } from '../tree/value.js';
import { leafText } from './context-tree.js';
import { candidateText, clock, outcomeTitles, resultText, transitionName, valueText } from './words.js';

/** The last events, newest first. The chosen one is told in full. */
export function Events({ events, geometry, chosen, onChoose }: {
  readonly events: readonly MachineEvent[];
  readonly geometry: ChartGeometry | null;
  /** Its number; null: the newest. */
  readonly chosen: number | null;
  readonly onChoose: (seq: number | null) => void;
}) {
  if (events.length === 0) return <p class="muted">No event since this was opened.</p>;
  return (
    <ol class="chart-events">
      {[...events].reverse().map((event) => {
        const open = event.seq === chosen;
        return (
          <li key={event.seq} class={`chart-event is-${event.outcome}${open ? ' is-open' : ''}`}>
            <button type="button" class="quiet" aria-expanded={open} onClick={() => onChoose(open ? null : event.seq)}>
              <span class="chart-time">{clock(event.atUs)}</span> <span class="chart-type">{event.type}</span> <span class="chart-outcome" title={outcomeTitles[event.outcome]}>{event.outcome}</span>
              <span class="chart-result">{resultText(event, geometry)}</span>
            </button>
            {open ? <Detail event={event} geometry={geometry} /> : null}
          </li>
        );
      })}
    </ol>
  );
}

function Detail({ event, geometry }: { readonly event: MachineEvent; readonly geometry: ChartGeometry | null }) {
  const { before, after, candidates, waiting, changes, moreChanges, payload, error, incarnation } = event;
  return (
    <div class="chart-detail">
      {before === null && after === null ? null : <p>{`${valueText(before) || 'nothing'} → ${valueText(after) || 'nothing'}`}{incarnation > 1 ? `, incarnation ${incarnation}` : ''}</p>}
      {error === null ? null : <p class="bad">{error}</p>}
      <Candidates title="transitions for it" list={candidates} geometry={geometry} />
      <Candidates title="it now waits for" list={waiting} geometry={geometry} />
      {changes.length === 0 ? null : (
        <>
          <h4>changed</h4>
          <ul>{changes.map(({ path, ...change }, at) => <li key={at}><span class="context-key">{path.join('.')}</span> {`${'before' in change ? leafText(change.before, String(path.at(-1) ?? '')) : 'nothing'} → ${'after' in change ? leafText(change.after, String(path.at(-1) ?? '')) : 'nothing'}`}</li>)}</ul>
          {moreChanges ? <p class="muted">and more</p> : null}
        </>
      )}
      <h4>payload</h4>
      <div class="value-tree"><ValueTree value={payload} /></div>
    </div>
  );
}

function Candidates({ title, list, geometry }: { readonly title: string; readonly list: readonly MachineCandidate[]; readonly geometry: ChartGeometry | null }) {
  if (list.length === 0) return null;
  return (
    <>
      <h4>{title}</h4>
      <ul>{list.map((one, at) => <li key={at} class={`candidate is-${one.outcome}`}>{`${candidateText(one)} · ${transitionName(geometry, one.transition)}`}</li>)}</ul>
    </>
  );
}
