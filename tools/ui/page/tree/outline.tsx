import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { path } from '../state.js';
import type { Row } from './model.js';
import type { TreeSession } from './session.js';
import { figureText, machineClass, severityClass, stateText } from './text.js';

const ROW_PX = 24;
/** Rows above and below those that are seen. */
const SPARE = 6;
const TYPEAHEAD_MS = 700;

/** The same tree as a list: for the keyboard, for those who do not see the drawing, and for a phone. Only what is seen is in the document. */
export function TreeOutline({ session }: { readonly session: TreeSession }) {
  const { model } = session;
  const structure = session.structure.value;
  // Read, so that figures are followed.
  void session.figures.value;
  const rows = useMemo(() => model.rows(), [structure, model.finds]);
  const list = useRef<HTMLDivElement>(null);
  const typed = useRef({ text: '', atMs: 0 });
  const [view, setView] = useState({ top: 0, height: 400 });
  const selected = rows.findIndex(({ at }) => model.node(at)!.path === path.value);

  useEffect(() => {
    const element = list.current!;
    const look = (): void => setView({ top: element.scrollTop, height: element.clientHeight });
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, []);
  useEffect(() => {
    const element = list.current!;
    if (selected < 0) return;
    const top = selected * ROW_PX;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + ROW_PX > element.scrollTop + element.clientHeight) element.scrollTop = top + ROW_PX - element.clientHeight;
  }, [selected, structure]);

  const from = Math.max(0, Math.floor(view.top / ROW_PX) - SPARE);
  const to = Math.min(rows.length, Math.ceil((view.top + view.height) / ROW_PX) + SPARE);
  const indexes = Array.from({ length: Math.max(0, to - from) }, (_, n) => from + n);
  // The one that has the focus is always there, wherever it was scrolled to.
  if (selected >= 0 && (selected < from || selected >= to)) indexes.push(selected);
  return (
    <div
      ref={list} class="tree-outline" role="tree" tabIndex={0} aria-label="Supervision tree" aria-activedescendant={selected < 0 ? undefined : idOf(rows[selected]!)}
      onKeyDown={(event) => {
        if (onKey(event, session, rows, selected, typed.current)) {
          event.preventDefault();
          event.stopPropagation();
        }
      }}
    >
      <div class="tree-rows" role="presentation" ref={(element) => void (element === null || (element.style.height = `${rows.length * ROW_PX}px`))}>
        {indexes.map((index) => <OutlineRow key={rows[index]!.at} session={session} row={rows[index]!} index={index} isSelected={index === selected} />)}
      </div>
      {rows.length === 0 && model.count > 0 ? <p class="muted tree-none">nothing is found</p> : null}
    </div>
  );
}

function OutlineRow({ session, row, index, isSelected }: { readonly session: TreeSession; readonly row: Row; readonly index: number; readonly isSelected: boolean }) {
  const { model } = session;
  const { at, depth, hasChildren, isOpen, position, siblings } = row;
  const node = model.node(at)!;
  const machine = model.machineOf(at);
  return (
    <div
      id={idOf(row)} role="treeitem" class={`tree-row ${severityClass(model.severityOf(at))}${model.isRecent(at) ? ' is-recent' : ''}`}
      aria-level={depth + 1} aria-setsize={siblings} aria-posinset={position} aria-selected={isSelected} aria-expanded={hasChildren ? isOpen : undefined}
      ref={(element) => {
        if (element === null) return;
        element.style.top = `${index * ROW_PX}px`;
        element.style.paddingLeft = `${4 + Math.min(depth, 24) * 12}px`;
      }}
      onClick={() => (path.value = node.path)}
    >
      <span class="tree-fold" aria-hidden="true" onClick={() => hasChildren && session.toggle(node.path)}>{hasChildren ? (isOpen ? '▾' : '▸') : ''}</span>
      <span class="tree-name">{node.path === '/' ? '/' : node.id}</span>
      {machine === '' ? null : <span class={`tree-machine ${machineClass(machine)}${model.isTurned(at) ? ' is-turned' : ''}`}><span class="visually-hidden">machine in </span>{machine}</span>}
      <span class="tree-figures">{`${stateText(model, at)} ${figureText(model, at)}`}</span>
    </div>
  );
}

function idOf({ at }: Row): string {
  return `tree-row-${at}`;
}

/** True when the key was ours. */
function onKey(event: KeyboardEvent, session: TreeSession, rows: readonly Row[], selected: number, typed: { text: string; atMs: number }): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || rows.length === 0) return false;
  const { model } = session;
  const pathAt = (row: Row): string => model.node(row.at)!.path;
  const go = (index: number): true => {
    path.value = pathAt(rows[Math.max(0, Math.min(rows.length - 1, index))]!);
    return true;
  };
  const row = rows[selected];
  const page = 12;
  if (event.key.length > 1) typed.text = '';
  switch (event.key) {
    case 'ArrowDown': return go(selected + 1);
    case 'ArrowUp': return go(selected < 0 ? 0 : selected - 1);
    case 'PageDown': return go(selected + page);
    case 'PageUp': return go(selected - page);
    case 'Home': return go(0);
    case 'End': return go(rows.length - 1);
    case 'ArrowRight':
      if (row === undefined) return go(0);
      if (!row.hasChildren) return true;
      if (row.isOpen) return go(selected + 1);
      session.setCollapsed(pathAt(row), false);
      return true;
    case 'ArrowLeft': {
      if (row === undefined) return go(0);
      if (row.hasChildren && row.isOpen && model.matches === null) {
        session.setCollapsed(pathAt(row), true);
        return true;
      }
      const { parent } = model.node(row.at)!;
      return parent < 0 ? true : go(rows.findIndex(({ at }) => at === parent));
    }
    case ' ':
      if (row?.hasChildren === true) session.toggle(pathAt(row));
      return true;
    case 'Enter':
      document.getElementById('tree-inspector')?.focus();
      return true;
    default: break;
  }
  const isGoingOn = event.timeStamp - typed.atMs < TYPEAHEAD_MS && typed.text !== '';
  // Keys of the view are letters too: they are text only in the middle of one.
  if (!/^[\w.-]$/.test(event.key) || event.shiftKey || (!isGoingOn && !/^[a-mo-z_]$/i.test(event.key))) return false;
  typed.text = isGoingOn ? typed.text + event.key.toLowerCase() : event.key.toLowerCase();
  typed.atMs = event.timeStamp;
  for (let step = typed.text.length === 1 ? 1 : 0; step < rows.length; step++) {
    const index = (Math.max(0, selected) + step) % rows.length;
    if (model.node(rows[index]!.at)!.id.toLowerCase().startsWith(typed.text)) return go(index);
  }
  return true;
}
