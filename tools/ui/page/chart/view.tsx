import { useEffect, useState } from 'preact/hooks';
import type { ChartGeometry, MachineView } from '../../wire/chart.js';
import { viewKeys } from '../help.js';
import { instant, path, source, view as openView } from '../state.js';
import { ContextTree } from './context-tree.js';
import { Drawing, type Lit } from './drawing.js';
import { Events } from './events.js';
import { useMachine } from './use-machine.js';
import { whereText } from './words.js';

const KEYS = [{ view: 'chart', keys: '+ - 0', does: 'in the drawing: closer, farther, all of it; arrows move it' }, { view: 'chart', keys: '.', does: 'in the drawing: to the current state' }];

/** The selected actor as a state machine, now or at the instant that is selected. */
export function ChartView() {
  useEffect(() => {
    if (!viewKeys.includes(KEYS[0]!)) viewKeys.push(...KEYS);
  }, []);
  const machine = useMachine(source.value, path.value, instant.value);
  if (path.value === '') return <ChooseActor />;
  const { news, geometry, problem } = machine;
  if (news === null) return <div class="nothing"><p>{problem ?? 'Asking the process…'}</p></div>;
  if (news.kind === 'gone') return <div class="nothing"><h2>{path.value}</h2><p>{problem ?? news.reason}</p></div>;
  return <MachinePanel view={news.view} geometry={geometry} problem={problem} />;
}

/** An actor and its chart, wherever they were read. `geometry` null: it has none, or it is not drawn yet. */
export function MachinePanel({ view, geometry, problem }: { readonly view: MachineView; readonly geometry: ChartGeometry | null; readonly problem: string | null }) {
  const [chosen, setChosen] = useState<number | null>(null);
  useEffect(() => setChosen(null), [view.path, view.sinceUs]);
  const event = view.events.find(({ seq }) => seq === chosen) ?? view.events.findLast(({ outcome }) => outcome === 'taken' || outcome === 'handled');
  const lit: Lit = {
    active: new Set(view.active), taken: new Set(chosen === null && event?.outcome !== 'taken' ? [] : (event?.taken ?? [])), takenKey: `${view.sinceUs} ${event?.seq ?? -1}`, counts: view.counts,
  };
  const where = whereText(view);
  return (
    <div class="chart-view">
      <header class="chart-head-line">
        <h2>{view.path}</h2>
        <span class="chart-where" role="status">{where}</span>
        <span class="muted">{`${view.behaviour === null ? 'supervisor' : `${view.behaviour.name} v${view.behaviour.version}`} · ${view.state} · incarnation ${view.incarnation}${view.status !== null && view.status !== 'active' ? ` · ${view.status}` : ''}`}</span>
        {view.unexamined === 0 ? null : <span class="warn">{`${view.unexamined} of ${view.seen} events came too fast to be looked at`}</span>}
        {view.note === undefined ? null : <span class="muted">{view.note}</span>}
        {geometry === null || geometry.note === null ? null : <span class="warn">{geometry.note}</span>}
      </header>
      {view.kind === 'machine'
        ? geometry === null ? <p class="chart-canvas-empty">{problem ?? 'Drawing the chart…'}</p> : <Drawing geometry={geometry} lit={lit} label={`Statechart of ${geometry.id}, in ${where}`} />
        : <p class="chart-canvas-empty">{view.kind === 'supervisor' ? 'A supervisor has no states of its own: see what is under it in the tree.' : 'This actor is no state machine: its state and its last messages are here.'}</p>}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <section class="chart-side" aria-label="Events and context" tabIndex={0}>
        <h3>events</h3>
        <Events events={view.events} geometry={geometry} chosen={chosen} onChoose={setChosen} />
        <h3>{view.kind === 'machine' ? 'context' : 'state'}</h3>
        <ContextTree value={view.context} changes={event?.changes ?? []} />
      </section>
    </div>
  );
}

function ChooseActor() {
  return (
    <form
      class="nothing"
      onSubmit={(event) => {
        event.preventDefault();
        const said = new FormData(event.currentTarget).get('path');
        if (typeof said === 'string' && said.startsWith('/')) path.value = said;
      }}
    >
      <h2>No actor is selected</h2>
      <p>Choose one in the tree, such as a detector, an order or a breaker; or say its path.</p>
      <label>path <input name="path" placeholder="/market/detectors/BTCUSDT" required pattern="/.*" /></label>
      <div><button type="submit">Show</button> <button type="button" onClick={() => (openView.value = 'tree')}>To the tree</button></div>
    </form>
  );
}
