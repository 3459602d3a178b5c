import { signal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { viewKeys } from '../help.js';
import { notify, path, sourceInfo } from '../state.js';
import { NODE_STATES } from '../../wire/tree.js';
import { TreeCanvas } from './canvas.js';
import { Inspector } from './inspector.js';
import { TreeOutline } from './outline.js';
import { TreeSession } from './session.js';
import { figureText, machineClass, severityClass, stateText } from './text.js';

const KINDS = ['worker', 'supervisor', 'dynamic', 'partitioned'] as const;

const KEYS = [
  { view: 'tree', keys: 'n', does: 'the next actor with a problem; N the one before' }, { view: 'tree', keys: '/', does: 'search; Enter goes to the next one found' },
  { view: 'tree', keys: 'P', does: 'pin the selected actor' }, { view: 'tree', keys: '+ - 0', does: 'zoom in, out, show all' },
  { view: 'tree', keys: 'arrows', does: 'in the list: up and down, open and close; letters: go to a name' },
];

/** Where there is no room for both: the drawing instead of the list. */
const drawn = signal(false);

/** The supervision tree: drawn, as a list, and the selected actor beside them. */
export function TreeView() {
  const session = useMemo(() => new TreeSession(), []);
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => session.start(), [session]);
  useEffect(() => {
    // Not when the module is loaded: the list of keys is not there yet then.
    if (!viewKeys.includes(KEYS[0]!)) viewKeys.push(...KEYS);
  }, []);
  useEffect(() => {
    const hear = (event: KeyboardEvent): void => {
      if (onKey(event, session, search.current)) event.preventDefault();
    };
    addEventListener('keydown', hear);
    return () => removeEventListener('keydown', hear);
  }, [session]);
  return (
    <div class="tree-view">
      <Toolbar session={session} searchRef={search} />
      <div class={`tree-panes${drawn.value ? ' is-drawn' : ''}`}>
        <div class="tree-left"><Pins session={session} /><TreeOutline session={session} /></div>
        <TreeCanvas session={session} />
        <Inspector session={session} />
      </div>
    </div>
  );
}

function Toolbar({ session, searchRef }: { readonly session: TreeSession; readonly searchRef: { current: HTMLInputElement | null } }) {
  void session.figures.value;
  const { model } = session;
  const { filter } = model;
  const problems = model.problems();
  const info = sourceInfo.value;
  return (
    <div class="tree-bar" role="toolbar" aria-label="Tree">
      <label><span class="visually-hidden">search</span>
        <input
          ref={searchRef} type="search" placeholder="search  /" title="path, behaviour or state of the machine" value={filter.text}
          onInput={(event) => session.setFilter({ ...filter, text: event.currentTarget.value })}
          onKeyDown={(event) => {
            if (event.key === 'Enter') session.nextMatch();
            else if (event.key === 'Escape') event.currentTarget.blur();
          }}
        />
      </label>
      <label><span class="visually-hidden">state</span>
        <select value={filter.state} onChange={(event) => session.setFilter({ ...filter, state: event.currentTarget.value })}>
          <option value="">any state</option>{NODE_STATES.map((state) => <option key={state} value={state}>{state}</option>)}
        </select>
      </label>
      <label><span class="visually-hidden">kind</span>
        <select value={filter.kind} onChange={(event) => session.setFilter({ ...filter, kind: event.currentTarget.value })}>
          <option value="">any kind</option><option value="problem">with a problem</option>{KINDS.map((kind) => <option key={kind} value={kind}>{kind}</option>)}
        </select>
      </label>
      <button type="button" class={problems.length > 0 ? 'warn' : ''} disabled={problems.length === 0} title="n" onClick={() => session.nextProblem()}>
        {problems.length === 0 ? 'no problem' : `${problems.length} problem${problems.length === 1 ? '' : 's'}`}
      </button>
      <button type="button" class="tree-switch" aria-pressed={drawn.value} onClick={() => (drawn.value = !drawn.value)}>drawing</button>
      {session.rootPath.value === '/' ? null : <button type="button" onClick={() => (session.rootPath.value = '/')}>{`only ${session.rootPath.value}: show all`}</button>}
      <span class="muted" role="status">{countText(session)}</span>
      {session.problem.value === '' ? null : <span class="warn" role="status">{session.problem.value}</span>}
      {info?.kind === 'process' && info.life > 1 ? <span class="muted">{`life ${info.life}, pid ${info.pid ?? '?'}`}</span> : null}
    </div>
  );
}

function countText({ model }: TreeSession): string {
  if (model.count === 0) return '';
  const omitted = model.shape.omitted > 0 ? `, ${model.shape.omitted.toLocaleString('en')} more not shown: choose a supervisor and open it` : '';
  const found = model.matches === null ? '' : `, ${model.matchCount} found`;
  return `${model.count.toLocaleString('en')} actors${found}${omitted}`;
}

function Pins({ session }: { readonly session: TreeSession }) {
  void session.figures.value;
  const { model } = session;
  const pinned = session.pinned.value;
  if (pinned.length === 0) return null;
  return (
    <ul class="tree-pins" aria-label="Pinned actors">
      {pinned.map((at) => {
        const index = model.indexOf(at);
        return (
          <li key={at} class={index < 0 ? '' : severityClass(model.severityOf(index))}>
            <button type="button" class="quiet tree-name" aria-current={at === path.value} onClick={() => session.select(at)}>{at}</button>
            {index < 0 || model.machineOf(index) === '' ? null : <span class={`tree-machine ${machineClass(model.machineOf(index))}`}>{model.machineOf(index)}</span>}
            <span class="tree-figures">{index < 0 ? 'not there' : `${stateText(model, index)} ${figureText(model, index)}`}</span>
            <button type="button" class="quiet" aria-label={`Unpin ${at}`} onClick={() => session.togglePin(at)}>×</button>
          </li>
        );
      })}
    </ul>
  );
}

/** Keys of the view, wherever the focus is, unless text is being written. */
function onKey(event: KeyboardEvent, session: TreeSession, search: HTMLInputElement | null): boolean {
  const { target } = event;
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || (target instanceof HTMLElement && ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))) return false;
  switch (event.key) {
    case 'n':
    case 'N':
      if (!session.nextProblem(event.key === 'n' ? 1 : -1)) notify('info', 'no actor has a problem');
      return true;
    case '/':
      search?.focus();
      return true;
    case 'P':
      if (path.value !== '') session.togglePin(path.value);
      return true;
    case '+': return press('Zoom in');
    case '-': return press('Zoom out');
    case '0': return press('fit the whole tree');
    default: return false;
  }
}

function press(label: string): true {
  document.querySelector<HTMLButtonElement>(`.tree-zoom button[aria-label="${label}"]`)?.click();
  return true;
}
