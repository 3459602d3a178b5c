import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { connect } from './api.js';
import { connection } from './connection.js';
import { Help, helpOpen } from './help.js';
import { ErrorFence } from './error-fence.js';
import type { SourceInfo } from '../wire/sources.js';
import { dismiss, instant, notices, selectSource, source, sourceInfo, sourceList, sources, view } from './state.js';
import { nextTheme, theme } from './theme.js';
import { keepTokens, token } from './tokens.js';
import { docks, views } from './views.js';

/** On a phone the header is one line until it is opened. */
const headOpen = signal(false);

/** The frame around every view: source, navigation, connection, notices, the dock below. */
export function Shell() {
  useEffect(() => {
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  const open = views.find((each) => each.id === view.value) ?? views[0];
  const needsToken = connection.value.state === 'no-token' || connection.value.state === 'refused';
  return (
    <div class="shell">
      <a class="skip" href="#main">Skip to the view</a>
      <header class={`top${headOpen.value ? ' is-open' : ''}`}>
        <h1 class="brand">Faultline</h1>
        <button type="button" class="quiet top-fold" aria-expanded={headOpen.value} title="Source, colours, keys" onClick={() => (headOpen.value = !headOpen.value)}>
          <span class="top-name">{sourceInfo.value?.name ?? (source.value === '' ? 'no source' : source.value)}</span> <span aria-hidden="true">{headOpen.value ? '▴' : '▾'}</span>
        </button>
        <SourcePicker />
        <nav aria-label="Views">
          {views.map((each) => (
            <button key={each.id} type="button" class="tab" aria-current={each === open ? 'page' : undefined} title={`${each.title} (${each.key})`} onClick={() => (view.value = each.id)}>
              {each.title}
            </button>
          ))}
        </nav>
        <SourceNote />
        <ConnectionState />
        <button type="button" class="quiet top-more" onClick={nextTheme} title="Colours: as the system, light, dark">{`colours: ${theme.value}`}</button>
        <button type="button" class="quiet top-more" onClick={() => (helpOpen.value = true)} title="Keys (?)">?</button>
      </header>
      <main id="main" tabIndex={-1} aria-label={open?.title ?? 'Faultline'}>
        {needsToken ? <AskToken /> : open === undefined || source.value === '' ? <Nothing /> : <ErrorFence key={`${open.id} ${source.value}`}><open.Component /></ErrorFence>}
      </main>
      <div class="foot">
        <footer class="dock">{needsToken || source.value === '' ? null : docks.map((Dock, at) => <ErrorFence key={at}><Dock /></ErrorFence>)}</footer>
        <Notices />
      </div>
      <Help />
    </div>
  );
}

function SourcePicker() {
  const info = sourceInfo.value;
  return (
    <label class="picker">
      <span class="label">source</span>
      <select value={source.value} onChange={(event) => {
          selectSource(event.currentTarget.value);
          headOpen.value = false;
        }}
      >
        {source.value !== '' && info === undefined ? <option value={source.value}>{`${source.value} (not there)`}</option> : null}
        {(['process', 'run', 'tape'] as const).map((kind) => {
          const ofKind = sources.value.filter((each) => each.kind === kind);
          return ofKind.length === 0 ? null : (
            <optgroup key={kind} label={{ process: 'processes', run: 'runs', tape: 'tapes' }[kind]}>
              {ofKind.map((each) => <option key={each.id} value={each.id}>{titleOf(each)}</option>)}
            </optgroup>
          );
        })}
      </select>
    </label>
  );
}

/** What is wrong with the source, if anything is. */
function SourceNote() {
  const note = sourceInfo.value?.note ?? null;
  return note === null ? null : <span class="source-note warn" role="status" title={note}>{note}</span>;
}

function titleOf(info: SourceInfo): string {
  const state = info.kind === 'tape' && info.state === 'there' ? '' : ` · ${info.state}`;
  return `${info.name}${info.kind === 'tape' || info.what === '' ? '' : ` · ${info.what}`}${state}`;
}

function ConnectionState() {
  const { state } = connection.value;
  const text = { 'no-token': 'no token', 'connecting': 'connecting', 'connected': instant.value === null ? 'connected' : 'past', 'lost': 'connection lost, trying again', 'refused': 'refused' }[state];
  return <span class={`connection is-${state}`} role="status">{text}</span>;
}

function AskToken() {
  const problem = connection.value.state === 'refused' ? connection.value.problem : 'This page shows nothing without its token. Open the URL that `faultline ui` printed, or paste the token:';
  return (
    <form
      class="ask-token"
      onSubmit={(event) => {
        event.preventDefault();
        const said = new FormData(event.currentTarget).get('token');
        if (typeof said !== 'string') return;
        // The whole URL may be pasted as well.
        token.value = /[#&]token=([A-Za-z0-9_-]+)/.exec(said)?.[1] ?? said.replaceAll(/[^A-Za-z0-9_-]/g, '');
        keepTokens();
        connect();
      }}
    >
      <p>{problem}</p>
      <label>token <input name="token" type="password" autocomplete="off" required /></label>
      <button type="submit">Open</button>
    </form>
  );
}

function Nothing() {
  return (
    <div class="nothing">
      <h2>Nothing to look at yet</h2>
      <p>{sourceList.value?.problem ?? 'No process of this user runs, and there is no run. Start one in a terminal; it appears here by itself:'}</p>
      <pre>{'npx faultline demo\nnpx faultline engine run --config FILE'}</pre>
    </div>
  );
}

function Notices() {
  return (
    <div class="notices" aria-live="polite">
      {notices.value.map(({ id, kind, text }) => (
        <div key={id} class={`notice is-${kind}`}>
          <span>{text}</span>
          <button type="button" class="quiet" aria-label="Dismiss" onClick={() => dismiss(id)}>×</button>
        </div>
      ))}
    </div>
  );
}

/** Whether keys are somebody's text at the moment. */
function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName));
}

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (event.key === '?') helpOpen.value = true;
  else {
    const chosen = views.find((each) => each.key === event.key);
    if (chosen === undefined) return;
    view.value = chosen.id;
  }
  event.preventDefault();
}
