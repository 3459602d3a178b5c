import { useEffect, useState } from 'preact/hooks';
import { get } from '../api.js';
import { path, source, sourceInfo, view } from '../state.js';
import { travelTo } from '../time/session.js';
import { FIGURES, FIGURES_EACH, type ActorDetail, type TreeEvent, type TreeExit, type TreeNode } from '../../wire/tree.js';
import { pastTree } from './past.js';
import type { TreeSession } from './session.js';
import { exitHead, knownText, machineClass, rateText, strategyText, timeText } from './text.js';
import { ValueTree } from './value.js';

const AGAIN_MS = 2_000;
const MOST_EVENTS = 20;

/** The selected actor: how it stands, why it ended last, and what it holds. */
export function Inspector({ session }: { readonly session: TreeSession }) {
  void session.figures.value;
  const { model } = session;
  const at = model.indexOf(path.value);
  const node = model.node(at);
  const { detail, problem } = useDetail(path.value, node === undefined ? '' : `${model.stateOf(at)} ${model.incarnationOf(at)}`);
  if (path.value === '') return <aside class="tree-inspector" aria-label="Actor"><p class="muted">Choose an actor. <kbd>n</kbd> goes to the next one that has a problem.</p></aside>;
  return (
    <aside class="tree-inspector" id="tree-inspector" aria-label="Actor" tabIndex={-1}>
      <h2 class="tree-path">{path.value}</h2>
      <p class="tree-actions">
        <button type="button" onClick={() => session.togglePin(path.value)} aria-pressed={session.pinned.value.includes(path.value)}>{session.pinned.value.includes(path.value) ? 'unpin' : 'pin'}</button>
        {node?.kind === 'worker' ? <button type="button" onClick={() => (view.value = 'chart')}>chart</button> : null}
        {node !== undefined && (node.omitted > 0 || (model.children[at]!.length > 0 && at !== 0)) ? <button type="button" onClick={() => (session.rootPath.value = node.path)}>{node.omitted > 0 ? `open: ${node.omitted} more` : 'show alone'}</button> : null}
      </p>
      {node === undefined ? <p class="muted">it is not in the tree that is shown</p> : <Facts session={session} at={at} node={node} ages={pastTree.value?.ages ?? null} />}
      {node === undefined ? null : <Exit exit={node.lastExit} />}
      <History events={model.events} at={path.value} />
      {problem === '' ? null : <p class="warn">{problem}</p>}
      {detail === null ? null : <Detail detail={detail} />}
    </aside>
  );
}

/** Asked for again when the actor is another incarnation or in another state, and every two seconds. */
function useDetail(at: string, version: string): { readonly detail: ActorDetail | null; readonly problem: string } {
  const [seen, setSeen] = useState<{ readonly at: string; readonly detail: ActorDetail | null; readonly problem: string }>({ at: '', detail: null, problem: '' });
  const past = pastTree.value;
  const id = source.value;
  const isGone = sourceInfo.value?.state === 'gone';
  useEffect(() => {
    if (at === '' || (past === null && (isGone || !id.startsWith('process:')))) return undefined;
    const closing = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async (): Promise<void> => {
      try {
        const detail = past === null ? await get<ActorDetail>('tree/actor', { source: id, path: at }, closing.signal) : await past.actor(at, closing.signal);
        if (closing.signal.aborted) return;
        setSeen({ at, detail, problem: '' });
      } catch (error) {
        if (closing.signal.aborted) return;
        setSeen((before) => ({ at, detail: before.at === at ? before.detail : null, problem: (error as Error).message }));
      }
      // What is over does not change.
      if (past === null) timer = setTimeout(() => void ask(), AGAIN_MS);
    };
    void ask();
    return () => {
      closing.abort();
      clearTimeout(timer);
    };
  }, [id, at, version, past, isGone]);
  return seen.at === at ? seen : { detail: null, problem: '' };
}

/** Reads no signal: a component that does is drawn again for those alone, and the figures are none. */
function Facts({ session: { model }, at, node, ages }: { readonly session: TreeSession; readonly at: number; readonly node: TreeNode; readonly ages: readonly number[] | null }) {
  const { supervision } = node;
  const mailbox = node.bound === 0 ? String(model.mailboxOf(at)) : `${model.mailboxOf(at)} of ${node.bound}`;
  const machine = model.machineOf(at);
  const turn = model.turnOf(node.path);
  const of = (figure: (typeof FIGURES)[number], text: string): string => knownText(text, ages?.[at * FIGURES_EACH + FIGURES.indexOf(figure)] ?? 0);
  const facts: readonly (readonly [string, string])[] = [
    ['machine', machine === '' ? '' : of('machine', machine)], ['last change', turn === undefined ? '' : `${turn.from} → ${turn.to} at ${timeText(turn.atUs)}`], ['state', of('state', model.stateOf(at))], ['behaviour', node.behaviour === '' ? node.kind : node.behaviour], ['restart', node.restart], ['incarnation', of('incarnation', String(model.incarnationOf(at)))],
    ['restarts', of('restarts', String(model.restartsOf(at)))], ['mailbox', of('mailbox', mailbox)], ['handled', of('handled', model.handledOf(at).toLocaleString('en'))], ['rate', ages === null ? `${rateText(model.rates[at]!)}/s` : ''], ['timers', of('timers', String(model.timersOf(at)))],
    ...(supervision === null ? [] : [
      ['strategy', strategyText(supervision, node.kind)], ['restart budget', `${ages === null ? `${supervision.used} of ${supervision.restarts} used` : `${supervision.restarts}`} in ${supervision.withinMs / 1000} s`],
      ...(supervision.autoShutdown === 'never' ? [] : [['ends with', supervision.autoShutdown]]),
    ] as const),
  ].filter((fact): fact is [string, string] => fact[1] !== '');
  return <dl class="tree-facts">{facts.map(([name, value]) => <div key={name}><dt>{name}</dt><dd class={name === 'state' && model.stateOf(at) !== 'running' ? 'warn' : name === 'machine' ? `tree-machine ${machineClass(machine)}${model.isTurned(at) ? ' is-turned' : ''}` : ''}>{value}</dd></div>)}</dl>;
}

/** Why it ended last: what happened, because of what, and so on to the first cause. */
export function Exit({ exit }: { readonly exit: TreeExit | null }) {
  if (exit === null) return null;
  const isBad = exit.kind === 'error' || exit.kind === 'killed';
  return (
    <section aria-label="Last exit">
      <h3>last exit</h3>
      {exit.causes.length === 0 ? <p class={isBad ? 'bad' : ''}>{exitHead(exit)}</p> : null}
      <ol class="tree-causes">
        {exit.causes.map((cause, n) => (
          <li key={n}>
            {n === 0 ? null : <span class="muted">because of </span>}
            <strong class={isBad ? 'bad' : ''}>{cause.name}</strong>: <span>{cause.message}</span>
            {cause.path === '' && cause.during === '' ? null : <span class="muted">{` ${cause.path === '' ? '' : `in ${cause.path}`}${cause.during === '' ? '' : ` while it handled ${cause.during}`}`}</span>}
            {cause.stack === '' ? null : <details><summary>stack</summary><pre>{cause.stack}</pre></details>}
          </li>
        ))}
      </ol>
    </section>
  );
}

function History({ events, at }: { readonly events: readonly TreeEvent[]; readonly at: string }) {
  // Of a supervisor also what happened under it: what has ended is nowhere else.
  const under = at === '/' ? '/' : `${at}/`;
  const own = events.filter((event) => event.path === at || event.path.startsWith(under)).slice(-MOST_EVENTS).reverse();
  if (own.length === 0) return null;
  const info = sourceInfo.value;
  const isRecorded = info?.kind === 'process';
  return (
    <section aria-label="History">
      <h3>what happened</h3>
      <ul class="tree-events">{own.map((event) => <li key={`${event.life} ${event.seq}`}><time class="muted">{timeText(event.atUs)}</time>{` ${event.path === at ? '' : `${event.path.slice(under.length)}: `}${eventText(event)} `}{isRecorded && event.kind !== 'life' ? <button type="button" class="quiet tree-travel" title="Show everything as it was then" onClick={() => travelTo({ atUs: event.atUs })}>go there</button> : null}</li>)}</ul>
    </section>
  );
}

export function eventText(event: TreeEvent): string {
  switch (event.kind) {
    case 'started': return `started, incarnation ${event.incarnation}`;
    case 'state': return `${event.from} → ${event.to}`;
    case 'ended': return 'ended in order';
    case 'life': return event.note;
    case 'failed': {
      const cause = event.reason.causes[0];
      const why = cause === undefined ? exitHead(event.reason) : `${cause.name}: ${cause.message}`;
      return event.context === 'shutdown' ? `gave up: ${why}` : `${event.context.replaceAll('_', ' ')}: ${why}`;
    }
  }
}

function Detail({ detail }: { readonly detail: ActorDetail }) {
  const { value, incarnation, timers, deadLetters, trace, spec, watching, topics, names, problems, atUs, known } = detail;
  return (
    <>
      {incarnation === 0 ? null : <section aria-label="State"><h3>state</h3>{known === undefined ? null : <p class="muted">{known}</p>}<div class="value-tree"><ValueTree value={value} /></div></section>}
      {timers.length === 0 ? null : (
        <section aria-label="Timers"><h3>timers</h3><ul>{timers.map(({ key, dueUs }, n) => <li key={n}>{`${key} in ${((dueUs - atUs) / 1e6).toFixed(3)} s`}</li>)}</ul></section>
      )}
      {deadLetters.length === 0 ? null : (
        <section aria-label="Dead letters"><h3>dead letters</h3>{deadLetters.map((letter, n) => <details key={n}><summary>{`${timeText(letter.atUs)} ${letter.reason}`}</summary><ValueTree value={letter.message} /></details>)}</section>
      )}
      {trace.length === 0 ? null : (
        <section aria-label="Trace"><h3>last events</h3><ul class="tree-events">{[...trace].reverse().map(({ seq, kind, detail: number, atUs: when }) => <li key={seq}><time class="muted">{timeText(when)}</time>{` ${kind} ${number}`}</li>)}</ul></section>
      )}
      <Names title="names" list={names} /><Names title="topics" list={topics} /><Names title="watches" list={watching} />
      {spec === null ? null : <section aria-label="Specification"><h3>specification</h3><div class="value-tree"><ValueTree value={spec} depth={2} /></div></section>}
      {problems.map((problem, n) => <p key={n} class="muted">{problem}</p>)}
    </>
  );
}

function Names({ title, list }: { readonly title: string; readonly list: readonly string[] }) {
  return list.length === 0 ? null : <section aria-label={title}><h3>{title}</h3><p>{list.join(', ')}</p></section>;
}
