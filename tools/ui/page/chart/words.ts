import type { ChartGeometry, MachineCandidate, MachineEvent, MachineView } from '../../wire/chart.js';

/** `12:34:56.789`, UTC. */
export function clock(us: number): string {
  const ms = us / 1000;
  return Number.isFinite(ms) && Math.abs(ms) < 8.64e15 ? new Date(ms).toISOString().slice(11, 23) : '?';
}

/** A state value in the words of the chart: `ALERT.holding`, of parallel regions `life.accepted · inquiry.idle`. */
export function valueText(value: unknown, depth = 0): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null || depth > 12) return '';
  return Object.entries(value).slice(0, 20).map(([key, inner]) => {
    const text = valueText(inner, depth + 1);
    return text === '' ? key : text.includes(' · ') ? `${key}(${text})` : `${key}.${text}`;
  }).join(' · ');
}

export function whereText(view: MachineView): string {
  if (view.kind === 'machine' && view.value !== null) return valueText(view.value) || '(no states)';
  return view.state;
}

export const outcomeTitles: Readonly<Record<MachineEvent['outcome'], string>> = {
  start: 'an incarnation began', taken: 'a transition took it', refused: 'no transition for it passed', forbidden: 'the state forbids it: it ends here and does nothing',
  deferred: 'put off until the state changes', aside: 'the behaviour around the machine did not hand it on', handled: 'the actor handled it', threw: 'the turn failed',
  unexamined: 'there were too many to look at each',
};

/** What became of an event, in a line; of a refused one, why. */
export function resultText(event: MachineEvent, geometry: ChartGeometry | null): string {
  switch (event.outcome) {
    case 'taken': return event.taken.map((at) => transitionName(geometry, at)).join(', then ');
    case 'refused': return event.candidates.length === 0 ? `nothing in ${valueText(event.before) || 'this state'} names it` : event.candidates.map((one) => candidateText(one)).join(', ');
    case 'start': return event.after === null ? '' : `begins in ${valueText(event.after)}`;
    case 'handled': return event.changes.length === 0 ? 'changed nothing that is seen' : `changed ${event.changes.map(({ path }) => path.join('.')).slice(0, 4).join(', ')}`;
    case 'threw': return event.error ?? '';
    case 'forbidden':
    case 'deferred':
    case 'aside':
    case 'unexamined': return outcomeTitles[event.outcome];
  }
}

export function candidateText({ guard, outcome, error }: MachineCandidate): string {
  if (guard === null) return 'no guard';
  return outcome === 'threw' ? `[${guard}] threw ${error ?? ''}`.trim() : `[${guard}] ${outcome}`;
}

export function transitionName(geometry: ChartGeometry | null, place: number): string {
  return geometry?.transitionNames[place] ?? (place < 0 ? 'a transition beyond the bounds of the chart' : `transition ${place}`);
}
