import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, get, subscribe } from '../api.js';
import { viewKeys } from '../help.js';
import { instant, source } from '../state.js';
import { opening } from '../time/session.js';
import type { Desk, DeskNews } from '../../wire/desk.js';
import type { Instant } from '../../wire/instant.js';
import { AttentionList } from './attention.js';
import { asked } from './commands.js';
import { ConfirmDialog, SentCommands } from './confirm.js';
import { ageText, timeText } from './format.js';
import { Journal } from './journal.js';
import { CommandButton, Feeds, heldBack, HeldBack, Money, Orders, Positions, Reconciliation } from './tables.js';

const KEYS = [
  { view: 'desk', keys: '/', does: 'filter the tables' }, { view: 'desk', keys: 'a', does: 'to what needs attention' }, { view: 'desk', keys: 'p', does: 'to the positions' }, { view: 'desk', keys: 'o', does: 'to the orders' },
  { view: 'desk', keys: 'j', does: 'to the journal' },
];
const PLACES: Readonly<Record<string, string>> = { a: 'Needs attention', p: 'Positions', o: 'Orders', j: 'Journal' };

interface Seen {
  readonly desk: Desk | null;
  readonly problem: string;
}

/** The engine's word about once a second; at an instant of the past, what a replay says of it. */
function useDesk(id: string, at: Instant | null): Seen {
  const [seen, setSeen] = useState<Seen>({ desk: null, problem: '' });
  useEffect(() => {
    setSeen({ desk: null, problem: '' });
    // A tape has no desk at any moment: the topic says so, and nothing has to fail.
    if (at !== null && !id.startsWith('tape:')) {
      const controller = new AbortController();
      get<Desk>('desk/at', { source: id, at: at.key }, controller.signal).then(
        (desk) => setSeen({ desk, problem: '' }),
        (error: unknown) => {
          if (!controller.signal.aborted) setSeen({ desk: null, problem: error instanceof ApiError ? error.message : String(error) });
        },
      );
      return () => controller.abort();
    }
    const tell = (problem: string): void => setSeen((before) => ({ ...before, problem }));
    return subscribe<DeskNews>('desk', { source: id }, (news) => (news.ok ? setSeen({ desk: news.desk, problem: '' }) : tell(news.problem)), tell);
  }, [id, at?.key ?? null]);
  return seen;
}

export function DeskView() {
  const id = source.value;
  const { desk, problem } = useDesk(id, instant.value);
  const [filter, setFilter] = useState('');
  const search = useRef<HTMLInputElement>(null);
  const root = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!viewKeys.includes(KEYS[0]!)) viewKeys.push(...KEYS);
    const hear = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || asked.value !== null || isTyping(event.target)) return;
      if (event.key === '/') search.current?.focus();
      else if (PLACES[event.key] === undefined) return;
      else goTo(root.current, PLACES[event.key]!);
      event.preventDefault();
    };
    addEventListener('keydown', hear);
    return () => removeEventListener('keydown', hear);
  }, []);
  if (desk === null) {
    const waitsFor = opening.value;
    return <div class="desk" ref={root}>{problem === '' || waitsFor !== '' ? <p class="muted desk-none" role="status">{waitsFor === '' ? 'asking…' : waitsFor}</p> : <p class="bad desk-none" role="status">{problem}</p>}<SentCommands source={id} /></div>;
  }
  return (
    <div class={`desk is-${desk.kind}`} ref={root}>
      <Standing desk={desk} problem={problem} />
      <AttentionList list={desk.attention} atUs={desk.atUs} />
      <SentCommands source={desk.source} />
      <div class="desk-bar">
        <label><span class="visually-hidden">filter the tables</span><input ref={search} type="search" placeholder="filter  /" value={filter} onInput={(event) => setFilter(event.currentTarget.value)} /></label>
        <span class="muted">{`engine clock ${timeText(desk.atUs)} UTC`}</span>
      </div>
      <Positions desk={desk} filter={filter} />
      <Orders desk={desk} filter={filter} />
      <Reconciliation desk={desk} filter={filter} />
      <div class="desk-columns"><div><HeldBack desk={desk} /></div><div><Money desk={desk} filter={filter} /></div></div>
      <Feeds desk={desk} filter={filter} />
      {desk.missing.length === 0 ? null : <section class="desk-part" aria-label="Not known"><h2>Not known</h2><ul>{desk.missing.map((each) => <li key={each}>{each}</li>)}</ul></section>}
      {desk.kind === 'instant' ? null : <Journal source={desk.source} />}
      <ConfirmDialog />
    </div>
  );
}

/** Who it is, how it stands, and what it can be told. */
function Standing({ desk, problem }: { readonly desk: Desk; readonly problem: string }) {
  const { mode, account, run, name, paused, stopping, busy, tradingEnabled, entries } = desk.standing;
  const why = heldBack(desk);
  return (
    <section class="desk-part desk-standing" aria-label="Engine">
      <h2>{name} <span class={mode === 'live' ? 'bad' : 'muted'}>{mode}</span> <span class="muted">{`account ${account} · run ${run}`}</span></h2>
      {problem === '' ? null : <p class="bad" role="status">{`${problem}. What is below is ${ageText(Math.max(0, Date.now() - (desk.atUs / 1000)))} old or more, and may be wrong.`}</p>}
      {desk.note === '' ? null : <p class="warn">{desk.note}</p>}
      <p>
        {paused === null ? <span class={tradingEnabled === true ? 'good' : 'warn'}>{tradingEnabled === true ? 'trades' : tradingEnabled === null ? 'nobody says whether it trades' : 'opens nothing'}</span> : <strong class="warn">{`paused by ${paused.by} at ${timeText(paused.atMs * 1000)}: ${paused.reason}`}</strong>}
        {stopping ? <strong class="warn"> stopping</strong> : null}
        {entries === null || entries === 0 ? null : <span>{` · ${entries} ${entries === 1 ? 'entry' : 'entries'} on the way`}</span>}
        {busy.map(({ id, verb }) => <span key={id} class="warn">{` · ${verb} is under way`}</span>)}
      </p>
      <div class="desk-buttons" role="group" aria-label="Commands">
        {paused === null ? <CommandButton desk={desk} verb="pause">Pause</CommandButton> : <CommandButton desk={desk} verb="resume">Resume</CommandButton>}
        <CommandButton desk={desk} verb="refresh">Refresh</CommandButton>
        <CommandButton desk={desk} verb="cancel-all" args={{ foreign: false }}>Cancel all</CommandButton>
        <CommandButton desk={desk} verb="cancel-all" args={{ foreign: true }}>Cancel all and foreign</CommandButton>
        <CommandButton desk={desk} verb="close-all">Close all</CommandButton>
        <CommandButton desk={desk} verb="stop" args={{ flatten: false }}>Stop</CommandButton>
        <CommandButton desk={desk} verb="stop" args={{ flatten: true }}>Close all and stop</CommandButton>
        {why === '' ? null : <span class="muted">{why}</span>}
      </div>
    </section>
  );
}

function goTo(root: HTMLElement | null, label: string): void {
  const part = root?.querySelector<HTMLElement>(`section[aria-label="${label}"]`);
  if (part === null || part === undefined) return;
  part.tabIndex = -1;
  part.scrollIntoView({ block: 'start' });
  part.focus({ preventScroll: true });
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName);
}
